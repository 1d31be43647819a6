//! The report as lines of a table, for people: what a terminal, Markdown and HTML show alike.

use super::Section;
use crate::dora::metrics::Figures;
use crate::dora::metrics::target::Verdict;
use serde::Serialize;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// `lead_time_p50`; the same in every form.
    pub key: &'static str,
    pub name: &'static str,
    /// `1 h 30 min`, `5 %`, or why it is absent.
    pub value: String,
    pub absent: bool,
    /// How many values, or of how many deployments.
    pub n: Option<u64>,
    pub few: bool,
    /// `< 1 h`.
    pub target: Option<String>,
    pub verdict: Option<Verdict>,
    /// What it was in the window before.
    pub before: Option<String>,
    pub trend: Option<Trend>,
}

/// How a value moved against the window before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// `−12 %`, `+0.5`, `same`.
    pub text: String,
    /// None where it stayed.
    pub better: Option<bool>,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Share,
    PerDay,
}

/// What the lines are: key, name, unit, whether less is better, the target's key.
struct Kind {
    key: &'static str,
    name: &'static str,
    unit: Unit,
    less: bool,
    target: Option<&'static str>,
    value: fn(&Figures) -> Option<f64>,
    n: fn(&Figures) -> Option<u64>,
    reason: fn(&Figures) -> Option<&'static str>,
    few: fn(&Figures) -> bool,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of centuries are exact in f64"
)]
fn seconds(value: Option<i64>) -> Option<f64> {
    value.map(|value| value as f64)
}

const KINDS: [Kind; 10] = [
    Kind {
        key: "lead_time_p50",
        name: "Change lead time, p50",
        unit: Unit::Seconds,
        less: true,
        target: Some("lead_time_p50"),
        value: |figures| seconds(figures.change_lead_time.p50),
        n: |figures| Some(figures.change_lead_time.n as u64),
        reason: |figures| figures.change_lead_time.reason,
        few: |figures| figures.change_lead_time.few,
    },
    Kind {
        key: "lead_time_p90",
        name: "Change lead time, p90",
        unit: Unit::Seconds,
        less: true,
        target: None,
        value: |figures| seconds(figures.change_lead_time.p90),
        n: |figures| Some(figures.change_lead_time.n as u64),
        reason: |figures| figures.change_lead_time.reason,
        few: |figures| figures.change_lead_time.few,
    },
    Kind {
        key: "lead_time_per_deployment_p50",
        name: "… of the middle deployment, p50",
        unit: Unit::Seconds,
        less: true,
        target: None,
        value: |figures| seconds(figures.change_lead_time.per_deployment_p50),
        n: |_| None,
        reason: |figures| figures.change_lead_time.reason,
        few: |_| false,
    },
    Kind {
        key: "lead_time_from_first_commit_p50",
        name: "… from the first commit, p50",
        unit: Unit::Seconds,
        less: true,
        target: None,
        value: |figures| seconds(figures.change_lead_time.from_first_commit.p50),
        n: |figures| Some(figures.change_lead_time.from_first_commit.n as u64),
        reason: |figures| figures.change_lead_time.from_first_commit.reason,
        few: |figures| figures.change_lead_time.from_first_commit.few,
    },
    Kind {
        key: "lead_time_from_merge_p50",
        name: "… from the merge, p50",
        unit: Unit::Seconds,
        less: true,
        target: None,
        value: |figures| seconds(figures.change_lead_time.from_merge.p50),
        n: |figures| Some(figures.change_lead_time.from_merge.n as u64),
        reason: |figures| figures.change_lead_time.from_merge.reason,
        few: |figures| figures.change_lead_time.from_merge.few,
    },
    Kind {
        key: "deployments_per_day",
        name: "Deployments a day",
        unit: Unit::PerDay,
        less: false,
        target: Some("deployments_per_day"),
        value: |figures| figures.deployment_frequency.per_day,
        n: |figures| Some(figures.deployment_frequency.count),
        reason: |_| None,
        few: |_| false,
    },
    Kind {
        key: "change_fail_rate",
        name: "Change fail rate",
        unit: Unit::Share,
        less: true,
        target: Some("change_fail_rate"),
        value: |figures| figures.change_fail_rate.ratio,
        n: |figures| Some(figures.change_fail_rate.of),
        reason: |figures| figures.change_fail_rate.reason,
        few: |_| false,
    },
    Kind {
        key: "recovery_mean",
        name: "Failed deployment recovery, mean",
        unit: Unit::Seconds,
        less: true,
        target: Some("recovery_mean"),
        value: |figures| seconds(figures.recovery_time.mean),
        n: |figures| Some(figures.recovery_time.n as u64),
        reason: |figures| figures.recovery_time.reason,
        few: |figures| figures.recovery_time.few,
    },
    Kind {
        key: "rework_rate",
        name: "Deployment rework rate",
        unit: Unit::Share,
        less: true,
        target: None,
        value: |figures| figures.rework_rate.ratio,
        n: |figures| Some(figures.rework_rate.of),
        reason: |figures| figures.rework_rate.reason,
        few: |_| false,
    },
    Kind {
        key: "success_rate",
        name: "Deployment success rate",
        unit: Unit::Share,
        less: false,
        target: Some("success_rate"),
        value: |figures| figures.success_rate.ratio,
        n: |figures| Some(figures.success_rate.of),
        reason: |figures| figures.success_rate.reason,
        few: |_| false,
    },
];

/// The lines of a section, its targets in them; a target without a figure of its own comes last.
pub fn lines(section: &Section) -> Vec<Line> {
    let mut lines: Vec<Line> = KINDS.iter().map(|kind| kind.line(section)).collect();
    let downtime = section
        .targets
        .iter()
        .find(|judged| judged.name == "rollback_downtime");
    if let Some(judged) = downtime {
        let failed = judged.value.as_u64();
        lines.push(Line {
            key: "rollback_downtime",
            name: "Requests failed in rollbacks",
            value: failed.map_or_else(
                || judged.reason.unwrap_or("unknown").to_owned(),
                |failed| failed.to_string(),
            ),
            absent: failed.is_none(),
            n: None,
            few: false,
            target: Some("none".to_owned()),
            verdict: Some(judged.verdict),
            before: None,
            trend: None,
        });
    }
    lines
}

/// The values of a line in each bucket of a section, None where one is absent.
pub fn values(section: &Section, key: &str) -> Vec<Option<f64>> {
    let kind = KINDS.iter().find(|kind| kind.key == key);
    kind.map(|kind| {
        let buckets = section.buckets.iter();
        buckets
            .map(|bucket| (kind.value)(&bucket.figures))
            .collect()
    })
    .unwrap_or_default()
}

impl Kind {
    fn line(&self, section: &Section) -> Line {
        let figures = &section.figures;
        let value = (self.value)(figures);
        let judged = self
            .target
            .and_then(|name| section.targets.iter().find(|judged| judged.name == name));
        let earlier = section
            .before
            .as_ref()
            .and_then(|part| (self.value)(&part.figures));
        Line {
            key: self.key,
            name: self.name,
            value: value.map_or_else(
                || (self.reason)(figures).unwrap_or("unknown").to_owned(),
                |value| self.unit.write(value),
            ),
            absent: value.is_none(),
            n: (self.n)(figures),
            few: (self.few)(figures),
            target: judged
                .and_then(|judged| judged.target.as_f64())
                .map(|target| format!("{} {}", self.border(), self.unit.write(target))),
            verdict: judged.map(|judged| judged.verdict),
            before: earlier.map(|earlier| self.unit.write(earlier)),
            trend: value
                .zip(earlier)
                .map(|(value, earlier)| self.trend(value, earlier)),
        }
    }

    fn border(&self) -> &'static str {
        match (self.less, self.key) {
            (true, "change_fail_rate") => "≤",
            (true, _) => "<",
            (false, _) => ">",
        }
    }

    fn trend(&self, value: f64, earlier: f64) -> Trend {
        let moved = value - earlier;
        if moved.abs() < f64::EPSILON {
            return Trend {
                text: "same".to_owned(),
                better: None,
            };
        }
        let sign = if moved < 0.0 { '−' } else { '+' };
        let text = match self.unit {
            Unit::Share => format!("{sign}{} points", decimals(moved.abs() * 100.0)),
            Unit::Seconds | Unit::PerDay if earlier > 0.0 => {
                format!("{sign}{:.0} %", (moved / earlier * 100.0).abs())
            }
            Unit::Seconds | Unit::PerDay => format!("{sign}{}", self.unit.write(moved.abs())),
        };
        Trend {
            text,
            better: Some((moved < 0.0) == self.less),
        }
    }
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "seconds that were whole before"
            )]
            Self::Seconds => duration(value as i64),
            Self::Share => format!("{} %", decimals(value * 100.0)),
            Self::PerDay => decimals(value),
        }
    }
}

/// At most two decimals, none of them a 0 at the end.
pub fn decimals(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The two largest units of a number of seconds: `3 d 4 h`, `1 h 30 min`, `45 s`.
pub fn duration(seconds: i64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let sign = if seconds < 0 { "−" } else { "" };
    let seconds = seconds.unsigned_abs();
    let Some(place) = units.iter().position(|(unit, _)| seconds >= *unit) else {
        return "0 s".to_owned();
    };
    let (unit, name) = units[place];
    let mut text = format!("{sign}{} {name}", seconds / unit);
    if let Some((next, name)) = units.get(place + 1) {
        let rest = seconds % unit / next;
        if rest > 0 && seconds / unit < 100 {
            text.push_str(&format!(" {rest} {name}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units() {
        let written: Vec<String> = [0, 59, 60, 5400, 90_000, 86_399, -61, 8_640_000]
            .into_iter()
            .map(duration)
            .collect();
        assert_eq!(
            written,
            [
                "0 s",
                "59 s",
                "1 min",
                "1 h 30 min",
                "1 d 1 h",
                "23 h 59 min",
                "−1 min 1 s",
                "100 d"
            ]
        );
    }

    #[test]
    fn decimals_are_as_few_as_are_needed() {
        assert_eq!(decimals(5.0), "5");
        assert_eq!(decimals(1.3043), "1.3");
        assert_eq!(decimals(0.005), "0.01");
        assert_eq!(decimals(100.0), "100");
    }
}
