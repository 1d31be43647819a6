//! The bottleneck, and the changes that would bring most: rules over what was found, each with the
//! evidence that it speaks from.

use super::command::Purpose;
use super::history::{History, Measured};
use super::way::{Step, Trigger};
use crate::detect::Tree;
use crate::dora::report::line::{decimals, duration};
use crate::project::Evidence;
use serde::Serialize;

/// At most so many pieces of advice are given.
const MOST: usize = 3;
/// A share of releases that were mended within a week that is worth a word.
const OFTEN: f64 = 0.15;
/// Fewer values than this say nothing.
const ENOUGH: usize = 5;
const DAY: i64 = 86_400;

/// Where a change waits longest, as far as it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bottleneck {
    /// A sentence.
    pub what: String,
    /// The middle of what was measured, in seconds.
    pub seconds: i64,
    pub n: usize,
}

/// One change that would help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// A sentence in the imperative.
    pub what: String,
    /// Why, with what was measured.
    pub why: String,
    pub evidence: Vec<Evidence>,
    /// The command that makes it, where shipway has one.
    pub command: Option<String>,
}

/// The longest of the waits that were measured; None where none was.
pub(super) fn bottleneck(steps: &[Step], history: &History) -> Option<Bottleneck> {
    let by_hand = serving(steps).any(|step| step.trigger == Trigger::Hand);
    let release = if by_hand {
        "changes wait on the main line for a release, which is then deployed by hand"
    } else {
        "changes wait on the main line for a release"
    };
    [
        (
            "changes wait on a branch for their merge",
            &history.commit_to_merge,
        ),
        (release, &history.merge_to_release),
    ]
    .into_iter()
    .filter(|(_, measured)| measured.n >= ENOUGH)
    .filter_map(|(what, measured)| {
        Some(Bottleneck {
            what: what.to_owned(),
            seconds: measured.p50?,
            n: measured.n,
        })
    })
    .max_by_key(|bottleneck| bottleneck.seconds)
    .filter(|bottleneck| bottleneck.seconds > 0)
}

/// The steps that put a version into service, those for development left out.
fn serving(steps: &[Step]) -> impl Iterator<Item = &Step> {
    steps
        .iter()
        .filter(|step| !step.development && step.purpose == Purpose::Start)
}

pub(super) fn advise(
    tree: &Tree,
    steps: &[Step],
    tested_by: &[String],
    history: &History,
    recorded: bool,
) -> Vec<Advice> {
    let rules = [
        untested(tree, tested_by),
        by_hand(steps),
        mended_soon(history, tested_by),
        seldom(history),
        long_branches(history),
        migrations(steps),
        unrecorded(history, recorded),
    ];
    rules.into_iter().flatten().take(MOST).collect()
}

fn untested(tree: &Tree, tested_by: &[String]) -> Option<Advice> {
    if !tested_by.is_empty() {
        return None;
    }
    let tests: Vec<Evidence> = tree
        .files()
        .filter(|path| {
            let name = path.file_name();
            if matches!(
                path.extension(),
                "yml" | "yaml" | "json" | "md" | "toml" | "txt"
            ) {
                return false;
            }
            name.starts_with("test_")
                || name.contains(".test.")
                || name.contains(".spec.")
                || name.contains("_test.")
        })
        .take(3)
        .map(|path| Evidence::file(path.clone()))
        .collect();
    Some(Advice {
        what: "Run the checks at every change, before it is merged.".to_owned(),
        why: if tests.is_empty() {
            "No workflow runs tests, and no tests were found: nobody knows whether a commit can be deployed until it is.".to_owned()
        } else {
            "There are tests, and no workflow runs them: whether a commit can be deployed is found out by hand.".to_owned()
        },
        evidence: tests,
        command: Some("shipway init".to_owned()),
    })
}

fn by_hand(steps: &[Step]) -> Option<Advice> {
    let manual: Vec<&Step> = steps
        .iter()
        .filter(|step| !step.development && step.trigger == Trigger::Hand)
        .collect();
    if manual.is_empty() || serving(steps).any(|step| step.trigger == Trigger::Automatic) {
        return None;
    }
    let starts = manual.iter().any(|step| step.purpose == Purpose::Start);
    if !starts && manual.len() < 2 {
        return None;
    }
    Some(Advice {
        what: "Let a workflow do what is typed today, at every merge to the main line.".to_owned(),
        why: format!(
            "{} on the way to production {} by hand, and no workflow deploys.",
            plural(manual.len(), "step", "steps"),
            if manual.len() == 1 {
                "is done"
            } else {
                "are done"
            },
        ),
        evidence: manual
            .iter()
            .take(4)
            .map(|step| step.evidence.clone())
            .collect(),
        command: None,
    })
}

fn mended_soon(history: &History, tested_by: &[String]) -> Option<Advice> {
    let share = history.mended_soon.filter(|share| *share >= OFTEN)?;
    if history.looked_at.len() <= ENOUGH {
        return None;
    }
    Some(Advice {
        what: "Find out before a release what is found out after it.".to_owned(),
        why: format!(
            "{} % of the last {} were followed within a week by one with a fix ({}){}.",
            decimals(share * 100.0),
            plural(history.looked_at.len() - 1, "release", "releases"),
            shortened(&history.mended),
            if tested_by.is_empty() {
                ""
            } else {
                ", though tests run"
            },
        ),
        evidence: Vec::new(),
        command: None,
    })
}

fn seldom(history: &History) -> Option<Advice> {
    let wait = enough(&history.merge_to_release)?;
    let batch = history.batch.p50?;
    if wait < 7 * DAY && batch < 20 {
        return None;
    }
    let between = history.between_releases.p50?;
    let now = match (history.unreleased, history.since_release) {
        (Some(unreleased), Some(since)) if unreleased > 0 => format!(
            " {} {} now, {} after the last release.",
            plural(unreleased, "commit", "commits"),
            if unreleased == 1 { "waits" } else { "wait" },
            duration(since)
        ),
        _ => String::new(),
    };
    Some(Advice {
        what: "Release smaller, more often.".to_owned(),
        why: format!(
            "A release holds {} in the middle and comes {} after the one before; a change on the main line waits {} for it.{now}",
            plural(usize::try_from(batch).unwrap_or(0), "commit", "commits"),
            duration(between),
            duration(wait),
        ),
        evidence: Vec::new(),
        command: None,
    })
}

fn long_branches(history: &History) -> Option<Advice> {
    let wait = enough(&history.commit_to_merge).filter(|wait| *wait >= 2 * DAY)?;
    Some(Advice {
        what: "Merge smaller changes, sooner.".to_owned(),
        why: format!(
            "A commit waits {} in the middle for its merge, one in ten longer than {} (of {} that came by a merge).",
            duration(wait),
            duration(history.commit_to_merge.p90.unwrap_or(wait)),
            history.commit_to_merge.n,
        ),
        evidence: Vec::new(),
        command: None,
    })
}

fn migrations(steps: &[Step]) -> Option<Advice> {
    let manual: Vec<&Step> = steps
        .iter()
        .filter(|step| {
            step.purpose == Purpose::Migrate && step.trigger == Trigger::Hand && !step.development
        })
        .collect();
    (!manual.is_empty()).then(|| Advice {
        what: "Make the migration of the database a step of the deployment.".to_owned(),
        why: "It is typed by hand, so that code and schema can part.".to_owned(),
        evidence: manual
            .iter()
            .take(3)
            .map(|step| step.evidence.clone())
            .collect(),
        command: None,
    })
}

fn unrecorded(history: &History, recorded: bool) -> Option<Advice> {
    if recorded {
        return None;
    }
    Some(Advice {
        what: "Record each deployment where it is made.".to_owned(),
        why: if history.releases > 0 {
            format!(
                "Nothing says when {} reached their users: a tag tells when a version was named, not when it ran.",
                plural(history.releases, "release", "releases")
            )
        } else {
            "There is neither a record nor a release tag: how long a change takes to its users cannot be told.".to_owned()
        },
        evidence: Vec::new(),
        command: Some("shipway dora record deployment production".to_owned()),
    })
}

fn enough(measured: &Measured) -> Option<i64> {
    measured.p50.filter(|_| measured.n >= ENOUGH)
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn shortened(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().rev().take(3).map(String::as_str).collect();
    let more = names.len().saturating_sub(3);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}
