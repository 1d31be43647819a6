//! The report: the figures of every environment and service in one window, and its forms.

pub mod csv;
pub mod html;

pub mod line;
pub mod markdown;
pub mod openmetrics;
pub mod row;

use super::history::{Facts, History};
use super::metrics::Figures;
use super::metrics::data::Data;
use super::metrics::peer::PeerFigures;
use super::metrics::recovery::time;
use super::metrics::target::{self, Judged, Verdict};
use super::metrics::tier::Tier;
use super::metrics::window::{Bucket, Window};
use crate::config::DoraConfig;
use row::{Metric, Row};
use serde::Serialize;

/// Version of the report's JSON.
const SCHEMA: u32 = 1;

/// What the report is to hold beside the figures.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'w> {
    pub by: Option<Bucket>,
    /// The window before, too.
    pub before: bool,
    pub edition: Option<&'w str>,
    pub rows: Option<Metric>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub schema: u32,
    pub window: Stretch,
    pub reports: Vec<Section>,
    /// What the reader should know of all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A window as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// RFC 3339 in UTC.
    pub from: String,
    pub to: String,
    /// Name of the time zone in which days begin.
    pub tz: String,
}

/// One environment and service.
#[derive(Debug, Clone, Serialize)]
pub struct Section {
    pub environment: String,
    pub service: String,
    #[serde(flatten)]
    pub figures: Figures,
    pub targets: Vec<Judged>,
    pub data: Data,
    /// The first deployment counts as the delivery of all that it carried.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub baseline_included: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Part>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<Tier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Row>>,
}

/// The figures of a part of the window, or of the one before.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    pub from: String,
    pub to: String,
    #[serde(flatten)]
    pub figures: Figures,
}

impl Report {
    /// Counts everything in `window`.
    pub fn new(history: &History, config: &DoraConfig, window: &Window, wanted: &Wanted) -> Self {
        let sections = history.accounts.iter();
        let mut notes = Vec::new();
        if let Some(reason) = &history.without_patches {
            notes.push(format!(
                "patch ids could not be computed, so that squashes and rebases of which no merge is recorded stand for themselves: {reason}"
            ));
        }
        Self {
            schema: SCHEMA,
            window: Stretch {
                from: time(window.from),
                to: time(window.to),
                tz: window.tz.iana_name().unwrap_or("UTC").to_owned(),
            },
            reports: sections
                .map(|facts| Section::new(facts, config, window, wanted))
                .collect(),
            notes,
        }
    }

    /// Whether a target was missed; with `strict` also whether one is unknown.
    pub fn fails(&self, strict: bool) -> bool {
        self.verdicts()
            .any(|verdict| verdict == Verdict::Missed || (strict && verdict == Verdict::Unknown))
    }

    /// The verdicts on all targets.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> + '_ {
        let targets = self.reports.iter().flat_map(|section| &section.targets);
        targets.map(|judged| judged.verdict)
    }
}

impl Section {
    fn new(facts: &Facts, config: &DoraConfig, window: &Window, wanted: &Wanted) -> Self {
        let part = |window: &Window| Part {
            from: time(window.from),
            to: time(window.to),
            figures: Figures::new(facts, window, config.rework),
        };
        let figures = Figures::new(facts, window, config.rework);
        Self {
            environment: facts.account.environment.to_string(),
            service: facts.account.service.to_string(),
            targets: target::judge(facts, window, &figures, &config.targets),
            data: Data::new(facts, window, &figures.change_lead_time),
            baseline_included: facts.baseline_included,
            before: wanted.before.then(|| part(&window.before())),
            buckets: wanted
                .by
                .map(|bucket| window.cut(bucket).iter().map(part).collect())
                .unwrap_or_default(),
            edition: wanted
                .edition
                .and_then(|edition| Tier::new(edition, &figures)),
            peer: None,
            rows: wanted
                .rows
                .map(|metric| row::rows(facts, window, metric, config.rework)),
            figures,
        }
    }
}

impl Section {
    /// What a reader must know to trust the figures, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let data = &self.data;
        let mut some = |count: usize, one: &str, many: &str| {
            if count > 0 {
                notes.push(format!("{count} {}", if count == 1 { one } else { many }));
            }
        };
        some(
            data.unknown_commits.len(),
            "deployment is of a commit that this repository lacks; what it delivered is not counted",
            "deployments are of commits that this repository lacks; what they delivered is not counted",
        );
        some(
            data.skewed.len(),
            "value is negative, a clock was wrong; it is left out",
            "values are negative, a clock was wrong; they are left out",
        );
        some(
            data.ambiguous,
            "merge could be of several branches; the last one before it was taken",
            "merges could be of several branches; the last one before each was taken",
        );
        some(
            data.duplicates,
            "deployment was told twice and counts once",
            "deployments were told twice and count once",
        );
        some(data.retracted, "event is retracted", "events are retracted");
        some(
            data.external_incidents,
            "incident had an external cause and counts nowhere",
            "incidents had an external cause and count nowhere",
        );
        for unattributed in &data.unattributed {
            notes.push(format!(
                "{} is put down to no deployment: {}",
                unattributed.name, unattributed.reason
            ));
        }
        for open in &self.figures.recovery_time.open {
            notes.push(format!(
                "deployment {:.12} failed and is open since {}",
                open.deployment, open.since
            ));
        }
        if let Some(share) = data.with_change_event
            && share < 1.0
        {
            notes.push(format!(
                "{} % of the changes have a change event; what a squash or rebase hid is unknown for the others",
                line::decimals(share * 100.0)
            ));
        }
        if self.baseline_included {
            notes.push("what the first deployment carried counts as delivered by it".to_owned());
        }
        if let Some(unknown) = data.unknown_commits.first() {
            notes.push(format!("to get the commits: {}", unknown.fetch));
        }
        notes
    }
}
