//! The JSON form of an event: what is read at the border, and the one form that is written.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::parse;
pub(super) use write::canonical;

use super::{Cause, Digest, EventId, Intent, Name, Outcome, Source, Text, Time};
use crate::git::{CommitId, PatchId};
use serde::de;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// What an event that comes in may leave out.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// The project's name.
    pub service: Name,
    /// By which way it comes.
    pub source: Source,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Deployment,
    Incident,
    Change,
    Step,
    Retraction,
}

/// Reads the type and nothing else.
#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeploymentForm {
    #[serde(rename = "type")]
    kind: Kind,
    environment: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Name>,
    commit: CommitId,
    started_at: Time,
    finished_at: Time,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_traffic: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<Intent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<ReleaseForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_head: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverts: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<ProofForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseForm {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    digests: BTreeSet<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Name>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofForm {
    #[serde(deserialize_with = "count")]
    requests: u64,
    #[serde(deserialize_with = "count")]
    failed: u64,
    #[serde(deserialize_with = "count")]
    slowest_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentForm {
    #[serde(rename = "type")]
    kind: Kind,
    key: Name,
    environment: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caused_by: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_by: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeForm {
    #[serde(rename = "type")]
    kind: Kind,
    commits: Vec<OriginalForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_id: Option<PatchId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_as: Option<CommitId>,
    #[serde(
        default,
        deserialize_with = "some_count",
        skip_serializing_if = "Option::is_none"
    )]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginalForm {
    id: CommitId,
    committed_at: Time,
    authored_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_id: Option<PatchId>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepForm {
    #[serde(rename = "type")]
    kind: Kind,
    run: Name,
    commit: CommitId,
    name: Name,
    started_at: Time,
    finished_at: Time,
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetractionForm {
    #[serde(rename = "type")]
    kind: Kind,
    retracts: EventId,
    reason: Text,
    at: Time,
}

/// The largest whole number that every reader of JSON takes exactly (RFC 7493, section 2.2).
const LARGEST: u64 = (1 << 53) - 1;

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(deserializer)?;
    if number > LARGEST {
        return Err(de::Error::custom(format!(
            "{number} is too large; give at most {LARGEST}"
        )));
    }
    Ok(number)
}

fn some_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Count(#[serde(deserialize_with = "count")] u64);
    Ok(Option::<Count>::deserialize(deserializer)?.map(|Count(number)| number))
}
