//! The events: immutable, in one canonical JSON form, named by its SHA-256.
//!
//! A value of these types is right in itself: nothing finished before it started, every name
//! is one line's worth of text, every time is a whole second in UTC. [`Event::parse`] makes
//! one of a JSON object at the border and says of a wrong field which it is and what mends it.
//! (What serde makes of the types themselves is the compact form of the store's cache.)

mod form;
mod value;

pub use form::Defaults;
pub use value::{Digest, EventId, Invalid, Name, Period, Text, Time};

use crate::git::{CommitId, PatchId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An event's JSON holds at most these bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// How far, in seconds, an event may lie in the future when it is recorded: clocks differ.
pub const MAX_AHEAD: i64 = 5 * 60;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    Deployment(Deployment),
    Incident(Incident),
    Change(Change),
    Step(Step),
    Retraction(Retraction),
}

/// An attempt to put a commit into an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub environment: Name,
    pub service: Name,
    pub commit: CommitId,
    pub period: Period,
    pub outcome: Outcome,
    /// Whether it served users; a cancelled one that did counts as failed.
    pub took_traffic: bool,
    pub intent: Intent,
    pub release: Option<Release>,
    /// Head of the database's migrations.
    pub schema_head: Option<Name>,
    /// The deployment that this one takes back.
    pub reverts: Option<EventId>,
    /// The pipeline run that did it.
    pub run: Option<Name>,
    pub proof: Option<Proof>,
    pub source: Source,
}

/// A failure in an environment: that it began, or that it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The same in the event that opens it and the one that resolves it.
    pub key: Name,
    pub environment: Name,
    pub service: Name,
    pub moment: Moment,
    /// The deployment that caused it.
    pub caused_by: Option<EventId>,
    /// The deployment that mended it.
    pub fixed_by: Option<EventId>,
    pub cause: Cause,
    pub severity: Option<Name>,
    pub source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    Opened(Time),
    Resolved(Time),
}

/// What a merge hides: the commits of a branch as they were before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// At least one, in the order in which they are applied.
    pub commits: Vec<Original>,
    /// Of the whole against `base`, which is then present.
    pub patch_id: Option<PatchId>,
    pub base: Option<CommitId>,
    pub opened_at: Option<Time>,
    pub approved_at: Option<Time>,
    pub merged_at: Option<Time>,
    /// The commit that it became.
    pub merged_as: Option<CommitId>,
    /// Of the pull or merge request.
    pub number: Option<u64>,
    pub source: Source,
}

/// A commit as it was before a squash or rebase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    pub id: CommitId,
    pub committed_at: Time,
    pub authored_at: Time,
    /// Absent for a merge, for an empty difference, and where nobody had the commit.
    pub patch_id: Option<PatchId>,
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub run: Name,
    pub commit: CommitId,
    pub name: Name,
    pub period: Period,
    pub outcome: Outcome,
}

/// That an event was wrong: it stays readable and counts nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retraction {
    pub retracts: EventId,
    pub reason: Text,
    pub at: Time,
}

/// What ran: image digests and the version they are known by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub digests: BTreeSet<Digest>,
    pub version: Option<Name>,
}

/// What was measured while traffic was switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub requests: u64,
    pub failed: u64,
    pub slowest_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Succeeded,
    Failed,
    Cancelled,
}

#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    #[default]
    Release,
    Rollback,
    Hotfix,
    /// The same commit again, or an older one that is no rollback.
    Redeploy,
}

#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    #[default]
    Change,
    /// A data centre, a provider: counts in no metric.
    External,
}

/// Who told of it, the most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Cli,
    Ci,
    Hook,
    Github,
    Gitlab,
    Cdevents,
    File,
    Tags,
}

/// Why something is no event: the field, what is wrong with it, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}; {mend}", if field.is_empty() { String::new() } else { format!("{field}: ") })]
pub struct EventError {
    /// `commits[3].committed_at`; empty where the whole is meant.
    pub field: String,
    pub message: String,
    pub mend: String,
}

impl Event {
    /// The event in `json`, one object in any layout. What an event may leave out is taken from
    /// `defaults`; without them everything must be there.
    ///
    /// # Errors
    /// No JSON object, an unknown type or field, a field that is missing or wrong.
    pub fn parse(json: &[u8], defaults: Option<&Defaults>) -> Result<Self, EventError> {
        form::parse(json, defaults)
    }

    /// The event in `json`, which must be in canonical form, with the id of that form.
    ///
    /// # Errors
    /// As [`Event::parse`]; and where the bytes are not those that [`Event::canonical`] gives.
    pub fn from_canonical(json: &[u8]) -> Result<(EventId, Self), EventError> {
        if json.len() > MAX_BYTES {
            return Err(EventError::too_large(json.len()));
        }
        let event = form::parse(json, None)?;
        if event.canonical() != json {
            return Err(EventError {
                field: String::new(),
                message: "the JSON is not in canonical form".to_owned(),
                mend: "import it with shipway dora import events, which brings it into that form"
                    .to_owned(),
            });
        }
        Ok((EventId::of(json), event))
    }

    /// The form of RFC 8785: UTF-8, no white space, keys in order, defaults written out.
    pub fn canonical(&self) -> Vec<u8> {
        form::canonical(self)
    }

    /// Name and bytes under which it is kept.
    ///
    /// # Errors
    /// Where it is larger than [`MAX_BYTES`].
    pub fn named(&self) -> Result<(EventId, Vec<u8>), EventError> {
        let json = self.canonical();
        if json.len() > MAX_BYTES {
            return Err(EventError::too_large(json.len()));
        }
        Ok((EventId::of(&json), json))
    }

    /// SHA-256 of the canonical form.
    pub fn id(&self) -> EventId {
        EventId::of(&self.canonical())
    }

    /// The time by which it is filed and ordered.
    pub fn main_time(&self) -> Time {
        match self {
            Self::Deployment(deployment) => deployment.period.finished_at(),
            Self::Step(step) => step.period.finished_at(),
            Self::Incident(incident) => incident.moment.time(),
            Self::Retraction(retraction) => retraction.at,
            Self::Change(change) => change.main_time(),
        }
    }

    /// `deployment`, `incident`, `change`, `step` or `retraction`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deployment(_) => "deployment",
            Self::Incident(_) => "incident",
            Self::Change(_) => "change",
            Self::Step(_) => "step",
            Self::Retraction(_) => "retraction",
        }
    }

    /// The environment that a deployment or an incident is of.
    pub fn environment(&self) -> Option<&Name> {
        match self {
            Self::Deployment(deployment) => Some(&deployment.environment),
            Self::Incident(incident) => Some(&incident.environment),
            Self::Change(_) | Self::Step(_) | Self::Retraction(_) => None,
        }
    }

    /// Refuses what a clock that is right cannot have written: any time more than
    /// [`MAX_AHEAD`] seconds after `now`.
    ///
    /// # Errors
    /// Names the field.
    pub fn not_after(&self, now: Time) -> Result<(), EventError> {
        let latest = now.second() + MAX_AHEAD;
        match self
            .times()
            .into_iter()
            .find(|(_, at)| at.second() > latest)
        {
            None => Ok(()),
            Some((field, at)) => Err(EventError {
                field: field.to_owned(),
                message: format!("{at} lies in the future; the clock here says {now}"),
                mend: "give a time that has been, or set the clock".to_owned(),
            }),
        }
    }

    fn times(&self) -> Vec<(&'static str, Time)> {
        match self {
            Self::Deployment(Deployment { period, .. }) | Self::Step(Step { period, .. }) => vec![
                ("finished_at", period.finished_at()),
                ("started_at", period.started_at()),
            ],
            Self::Incident(incident) => match incident.moment {
                Moment::Opened(at) => vec![("opened_at", at)],
                Moment::Resolved(at) => vec![("resolved_at", at)],
            },
            Self::Retraction(retraction) => vec![("at", retraction.at)],
            Self::Change(change) => [
                ("opened_at", change.opened_at),
                ("approved_at", change.approved_at),
                ("merged_at", change.merged_at),
            ]
            .into_iter()
            .filter_map(|(field, at)| Some((field, at?)))
            .chain(change.commits.iter().flat_map(|commit| {
                [
                    ("commits.committed_at", commit.committed_at),
                    ("commits.authored_at", commit.authored_at),
                ]
            }))
            .collect(),
        }
    }
}

impl Moment {
    pub fn time(self) -> Time {
        match self {
            Self::Opened(at) | Self::Resolved(at) => at,
        }
    }
}

impl Change {
    fn main_time(&self) -> Time {
        let committed = self.commits.iter().map(|commit| commit.committed_at).max();
        self.merged_at
            .or(self.opened_at)
            .or(committed)
            .unwrap_or(Time::EPOCH)
    }
}

impl EventError {
    /// Whether the fault is a type or field that this version does not know.
    pub fn is_of_a_newer_version(&self) -> bool {
        // The words of serde for a value outside of an enum, and a name outside of a struct.
        self.message.starts_with("unknown variant") || self.message.starts_with("unknown field")
    }

    fn too_large(bytes: usize) -> Self {
        Self {
            field: String::new(),
            message: format!("the event has {bytes} bytes, and {MAX_BYTES} are the most"),
            mend: "shorten its texts, or list fewer commits".to_owned(),
        }
    }
}
