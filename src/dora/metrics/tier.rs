//! The cluster of a DORA report that the whole profile of a project is nearest to.

use super::{FEW, Figures};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The clusters of each edition, and the means of 2025, as the reports gave them.
const EDITIONS: &str = include_str!("editions.toml");

const DAY: f64 = 86_400.0;
const WEEK: f64 = 7.0 * DAY;
/// A month of 30 days.
const MONTH: f64 = 30.0 * DAY;
/// From the best to the lowest.
const NAMES: [&str; 4] = ["elite", "high", "medium", "low"];

#[derive(Debug, Clone, Deserialize)]
struct Cluster {
    lead_time: String,
    deployment_frequency: String,
    change_fail_rate: String,
    recovery: String,
    share: Option<u8>,
}

/// Its name, and what a cluster says of it.
type Metric = (&'static str, fn(&Cluster) -> &str);

/// What an edition says of a project.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tier {
    pub edition: String,
    /// None where it cannot be told, or the edition has none.
    pub cluster: Option<&'static str>,
    /// Percent of those asked, where the report gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The metrics in which the project differs from the cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Means on a scale from 0 to 10, in the edition that has no clusters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub means: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub metric: &'static str,
    /// Seconds (of the frequency: between deployments), or percent.
    pub value: f64,
    /// As the report gives it.
    pub cluster: String,
}

/// The editions that can be asked for.
pub fn editions() -> Vec<String> {
    parse()
        .map(|editions| editions.into_keys().collect())
        .unwrap_or_default()
}

fn parse() -> Result<BTreeMap<String, toml::Table>, toml::de::Error> {
    toml::from_str(EDITIONS)
}

impl Tier {
    /// None for an edition that is not known.
    pub fn new(edition: &str, figures: &Figures) -> Option<Self> {
        let clusters = parse().ok()?.remove(edition)?;
        let mut tier = Self {
            edition: edition.to_owned(),
            cluster: None,
            share: None,
            reason: None,
            differences: Vec::new(),
            means: BTreeMap::new(),
        };
        if let Some(means) = clusters.get("means").and_then(toml::Value::as_table) {
            tier.means = means
                .iter()
                .filter_map(|(name, mean)| Some((name.clone(), mean.as_float()?)))
                .collect();
            tier.reason = Some(format!("the edition of {edition} has no clusters"));
            return Some(tier);
        }
        let clusters: Vec<(&'static str, Cluster)> = NAMES
            .into_iter()
            .filter_map(|name| Some((name, clusters.get(name)?.clone().try_into().ok()?)))
            .collect();
        match profile(figures) {
            Err(reason) => tier.reason = Some(reason),
            Ok(profile) => tier.place(&clusters, profile),
        }
        Some(tier)
    }

    fn place(&mut self, clusters: &[(&'static str, Cluster)], profile: [f64; 4]) {
        let metrics: [Metric; 4] = [
            ("lead_time", |cluster| &cluster.lead_time),
            ("deployment_frequency", |cluster| {
                &cluster.deployment_frequency
            }),
            ("change_fail_rate", |cluster| &cluster.change_fail_rate),
            ("recovery", |cluster| &cluster.recovery),
        ];
        let mut differences: Vec<Vec<Difference>> = vec![Vec::new(); clusters.len()];
        for ((metric, text), value) in metrics.into_iter().zip(profile) {
            let ranges: Vec<(f64, f64)> = clusters
                .iter()
                .map(|(_, cluster)| range(text(cluster)))
                .collect();
            let fitting = fitting(&ranges, value);
            for (place, differences) in differences.iter_mut().enumerate() {
                if !fitting.contains(&place) {
                    differences.push(Difference {
                        metric,
                        value,
                        cluster: text(&clusters[place].1).to_owned(),
                    });
                }
            }
        }
        // Of equally near ones the last, which is the lower one.
        let nearest = (0..clusters.len())
            .rev()
            .min_by_key(|place| differences[*place].len());
        if let Some(place) = nearest {
            self.cluster = Some(clusters[place].0);
            self.share = clusters[place].1.share;
            self.differences = std::mem::take(&mut differences[place]);
        }
    }
}

/// Lead time, seconds between deployments, percent failed, recovery; or what is absent.
fn profile(figures: &Figures) -> Result<[f64; 4], String> {
    let few = |name: &str| format!("{name}: fewer than {FEW} values");
    let absent = |name: &str, reason: Option<&str>| {
        format!("{name}: {}", reason.unwrap_or("nothing is known of it"))
    };
    let lead = &figures.change_lead_time;
    let p50 = lead
        .p50
        .ok_or_else(|| absent("change_lead_time", lead.reason))?;
    if lead.few {
        return Err(few("change_lead_time"));
    }
    let frequency = &figures.deployment_frequency;
    let per_day = frequency
        .per_day
        .filter(|per_day| *per_day > 0.0)
        .ok_or_else(|| absent("deployment_frequency", Some(super::NO_DEPLOYMENTS)))?;
    let fail = &figures.change_fail_rate;
    let ratio = fail
        .ratio
        .ok_or_else(|| absent("change_fail_rate", fail.reason))?;
    if fail.of < FEW as u64 {
        return Err(few("change_fail_rate"));
    }
    let recovery = &figures.recovery_time;
    let restored = recovery
        .p50
        .ok_or_else(|| absent("recovery_time", recovery.reason))?;
    if recovery.few {
        return Err(few("recovery_time"));
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of a few years are exact in f64"
    )]
    let seconds = |seconds: i64| seconds as f64;
    Ok([
        seconds(p50),
        DAY / per_day,
        ratio * 100.0,
        seconds(restored),
    ])
}

/// The clusters whose range holds `value`; where none does, those with the next worse range.
/// Larger is worse.
fn fitting(ranges: &[(f64, f64)], value: f64) -> Vec<usize> {
    let all = |wanted: &dyn Fn(&(f64, f64)) -> bool| -> Vec<usize> {
        (0..ranges.len())
            .filter(|place| wanted(&ranges[*place]))
            .collect()
    };
    let inside = all(&|(low, high)| (*low..=*high).contains(&value));
    if let Some(last) = inside.last().map(|place| ranges[*place]) {
        // A border belongs to the lower of two.
        return all(&|range| {
            *range == last || (inside.len() == 1 && range.0 <= value && value <= range.1)
        });
    }
    let next = ranges
        .iter()
        .map(|(low, _)| *low)
        .filter(|low| *low > value)
        .fold(f64::INFINITY, f64::min);
    if next.is_finite() {
        return all(&|(low, _)| low.total_cmp(&next).is_eq());
    }
    let highest = ranges
        .iter()
        .map(|(_, high)| *high)
        .fold(f64::NEG_INFINITY, f64::max);
    all(&|(_, high)| *high >= highest)
}

/// Lowest and highest value of a range as the reports write it, in seconds or percent.
fn range(text: &str) -> (f64, f64) {
    let text = text.trim();
    if text == "on demand" {
        return (0.0, DAY);
    }
    if let Some(percent) = text.strip_suffix('%') {
        let (low, high) = percent.split_once('-').unwrap_or((percent, percent));
        return (low.parse().unwrap_or(0.0), high.parse().unwrap_or(100.0));
    }
    // A rate "1/w" is the time between two deployments; "<1/6mo" is longer than that.
    if let Some(rate) = text.strip_prefix("<1/") {
        return (span(rate), f64::INFINITY);
    }
    if let Some(highest) = text.strip_prefix('<') {
        return (0.0, span(highest));
    }
    if let Some(lowest) = text.strip_prefix('>') {
        return (span(lowest), f64::INFINITY);
    }
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    (span(low), span(high))
}

/// Seconds of `1h`, `1d`, `w`, `6mo`, with or without `1/` before it.
fn span(text: &str) -> f64 {
    let text = text.strip_prefix("1/").unwrap_or(text);
    let letters = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: f64 = text[..text.len() - letters.len()].parse().unwrap_or(1.0);
    number
        * match letters {
            "h" => 3600.0,
            "d" => DAY,
            "w" => WEEK,
            _ => MONTH,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_of_every_edition_is_read() {
        for (edition, clusters) in parse().unwrap() {
            for (name, cluster) in clusters {
                let Ok(cluster) = cluster.try_into::<Cluster>() else {
                    assert_eq!((edition.as_str(), name.as_str()), ("2025", "means"));
                    continue;
                };
                for text in [
                    &cluster.lead_time,
                    &cluster.recovery,
                    &cluster.deployment_frequency,
                    &cluster.change_fail_rate,
                ] {
                    let (low, high) = range(text);
                    assert!(
                        low <= high && (low > 0.0 || high > 0.0),
                        "{edition} {name} {text}"
                    );
                }
            }
        }
        assert_eq!(range("1d-1w"), (86_400.0, 604_800.0));
        assert_eq!(range("1/mo-1/6mo"), (2_592_000.0, 15_552_000.0));
        assert_eq!(range("<1/6mo"), (15_552_000.0, f64::INFINITY));
    }

    #[test]
    fn a_value_in_a_gap_goes_to_the_lower_one() {
        // 2024, percent failed: elite 5, high 20, medium 10, low 40.
        let ranges = [(5.0, 5.0), (20.0, 20.0), (10.0, 10.0), (40.0, 40.0)];
        assert_eq!(fitting(&ranges, 3.0), [0]);
        assert_eq!(fitting(&ranges, 7.0), [2]);
        assert_eq!(fitting(&ranges, 15.0), [1]);
        assert_eq!(fitting(&ranges, 90.0), [3]);
        // 2021: 0-15, and three times 16-30.
        let ranges = [(0.0, 15.0), (16.0, 30.0), (16.0, 30.0), (16.0, 30.0)];
        assert_eq!(fitting(&ranges, 15.5), [1, 2, 3]);
        // One day exactly lies on the border of "on demand" and "1/d-1/w".
        assert_eq!(fitting(&[(0.0, 1.0), (1.0, 7.0)], 1.0), [1]);
    }
}
