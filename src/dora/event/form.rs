//! The JSON form of an event: what is read at the border, and the one form that is written.

use super::{
    Cause, Change, Deployment, Digest, Event, EventError, EventId, Incident, Intent, Invalid,
    Moment, Name, Original, Outcome, Period, Proof, Release, Retraction, Source, Step, Text, Time,
};
use crate::git::{CommitId, PatchId};
use serde::de::{self, DeserializeOwned};
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

pub(super) fn parse(json: &[u8], defaults: Option<&Defaults>) -> Result<Event, EventError> {
    let Typed { kind } = read(json)?;
    let event = match kind {
        Kind::Deployment => Event::Deployment(deployment(read(json)?, defaults)?),
        Kind::Incident => Event::Incident(incident(read(json)?, defaults)?),
        Kind::Change => Event::Change(change(read(json)?, defaults)?),
        Kind::Step => Event::Step(step(read(json)?)?),
        Kind::Retraction => Event::Retraction(retraction(read(json)?)),
    };
    // Git's dates begin there.
    if event.main_time() < Time::EPOCH {
        return Err(EventError {
            field: String::new(),
            message: format!("{} lies before 1970", event.main_time()),
            mend: "give the time at which it was".to_owned(),
        });
    }
    Ok(event)
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, EventError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { String::new() } else { path };
        unread(field, error.inner())
    })?;
    deserializer
        .end()
        .map_err(|error| unread(String::new(), &error))?;
    Ok(read)
}

/// What serde says, cut into the fault and its mend where a value said both.
fn unread(field: String, error: &serde_json::Error) -> EventError {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let (message, mend) = match text.split_once("; ") {
        Some((message, mend)) => (message, mend),
        None if error.is_data() => (text, "docs/dora-record.md lists the fields of an event"),
        None => (text, "give one JSON object"),
    };
    EventError {
        field,
        message: message.to_owned(),
        mend: mend.to_owned(),
    }
}

fn at(field: &str) -> impl FnOnce(Invalid) -> EventError {
    move |invalid| EventError {
        field: field.to_owned(),
        message: invalid.message,
        mend: invalid.mend,
    }
}

/// The value, the default, or that the field is missing.
fn given<T>(value: Option<T>, default: Option<T>, field: &str) -> Result<T, EventError> {
    value.or(default).ok_or_else(|| EventError {
        field: field.to_owned(),
        message: "it is missing".to_owned(),
        mend: format!("give {field}"),
    })
}

fn service(value: Option<Name>, defaults: Option<&Defaults>) -> Result<Name, EventError> {
    given(value, defaults.map(|d| d.service.clone()), "service")
}

fn source(value: Option<Source>, defaults: Option<&Defaults>) -> Result<Source, EventError> {
    given(value, defaults.map(|d| d.source), "source")
}

fn deployment(form: DeploymentForm, defaults: Option<&Defaults>) -> Result<Deployment, EventError> {
    let traffic = form.outcome == Outcome::Succeeded;
    Ok(Deployment {
        environment: form.environment,
        service: service(form.service, defaults)?,
        commit: form.commit,
        period: Period::new(form.started_at, form.finished_at).map_err(at("finished_at"))?,
        outcome: form.outcome,
        took_traffic: form.took_traffic.unwrap_or(traffic),
        intent: form.intent.unwrap_or_default(),
        release: form
            .release
            .map(|release| Release {
                digests: release.digests,
                version: release.version,
            })
            .filter(|release| *release != Release::default()),
        schema_head: form.schema_head,
        reverts: form.reverts,
        run: form.run,
        proof: form.proof.map(|proof| Proof {
            requests: proof.requests,
            failed: proof.failed,
            slowest_ms: proof.slowest_ms,
        }),
        source: source(form.source, defaults)?,
    })
}

fn incident(form: IncidentForm, defaults: Option<&Defaults>) -> Result<Incident, EventError> {
    let moment = match (form.opened_at, form.resolved_at) {
        (Some(opened), None) => Moment::Opened(opened),
        (None, Some(resolved)) => Moment::Resolved(resolved),
        (None, None) => {
            return Err(EventError {
                field: "opened_at".to_owned(),
                message: "neither opened_at nor resolved_at is there".to_owned(),
                mend: "give one of them".to_owned(),
            });
        }
        (Some(_), Some(_)) => {
            return Err(EventError {
                field: "resolved_at".to_owned(),
                message: "opened_at is there, too".to_owned(),
                mend: "record two events of one key, one that opens and one that resolves"
                    .to_owned(),
            });
        }
    };
    Ok(Incident {
        key: form.key,
        environment: form.environment,
        service: service(form.service, defaults)?,
        moment,
        caused_by: form.caused_by,
        fixed_by: form.fixed_by,
        cause: form.cause.unwrap_or_default(),
        severity: form.severity,
        source: source(form.source, defaults)?,
    })
}

fn change(form: ChangeForm, defaults: Option<&Defaults>) -> Result<Change, EventError> {
    let missing = |field: &str, message: &str, mend: &str| EventError {
        field: field.to_owned(),
        message: message.to_owned(),
        mend: mend.to_owned(),
    };
    if form.commits.is_empty() {
        return Err(missing(
            "commits",
            "it is empty",
            "list the commits as they were before the merge",
        ));
    }
    if form.patch_id.is_some() && form.base.is_none() {
        return Err(missing(
            "base",
            "it is missing, and patch_id is the difference to it",
            "give the commit that the branch left, or no patch_id",
        ));
    }
    Ok(Change {
        commits: form
            .commits
            .into_iter()
            .map(|original| Original {
                id: original.id,
                committed_at: original.committed_at,
                authored_at: original.authored_at,
                patch_id: original.patch_id,
            })
            .collect(),
        patch_id: form.patch_id,
        base: form.base,
        opened_at: form.opened_at,
        approved_at: form.approved_at,
        merged_at: form.merged_at,
        merged_as: form.merged_as,
        number: form.number,
        source: source(form.source, defaults)?,
    })
}

fn step(form: StepForm) -> Result<Step, EventError> {
    Ok(Step {
        run: form.run,
        commit: form.commit,
        name: form.name,
        period: Period::new(form.started_at, form.finished_at).map_err(at("finished_at"))?,
        outcome: form.outcome,
    })
}

fn retraction(form: RetractionForm) -> Retraction {
    Retraction {
        retracts: form.retracts,
        reason: form.reason,
        at: form.at,
    }
}

pub(super) fn canonical(event: &Event) -> Vec<u8> {
    let written = match event.clone() {
        Event::Deployment(deployment) => write(&DeploymentForm {
            kind: Kind::Deployment,
            environment: deployment.environment,
            service: Some(deployment.service),
            commit: deployment.commit,
            started_at: deployment.period.started_at(),
            finished_at: deployment.period.finished_at(),
            outcome: deployment.outcome,
            took_traffic: Some(deployment.took_traffic),
            intent: Some(deployment.intent),
            release: deployment.release.map(|release| ReleaseForm {
                digests: release.digests,
                version: release.version,
            }),
            schema_head: deployment.schema_head,
            reverts: deployment.reverts,
            run: deployment.run,
            proof: deployment.proof.map(|proof| ProofForm {
                requests: proof.requests,
                failed: proof.failed,
                slowest_ms: proof.slowest_ms,
            }),
            source: Some(deployment.source),
        }),
        Event::Incident(incident) => {
            let (opened_at, resolved_at) = match incident.moment {
                Moment::Opened(at) => (Some(at), None),
                Moment::Resolved(at) => (None, Some(at)),
            };
            write(&IncidentForm {
                kind: Kind::Incident,
                key: incident.key,
                environment: incident.environment,
                service: Some(incident.service),
                opened_at,
                resolved_at,
                caused_by: incident.caused_by,
                fixed_by: incident.fixed_by,
                cause: Some(incident.cause),
                severity: incident.severity,
                source: Some(incident.source),
            })
        }
        Event::Change(change) => write(&ChangeForm {
            kind: Kind::Change,
            commits: change
                .commits
                .into_iter()
                .map(|original| OriginalForm {
                    id: original.id,
                    committed_at: original.committed_at,
                    authored_at: original.authored_at,
                    patch_id: original.patch_id,
                })
                .collect(),
            patch_id: change.patch_id,
            base: change.base,
            opened_at: change.opened_at,
            approved_at: change.approved_at,
            merged_at: change.merged_at,
            merged_as: change.merged_as,
            number: change.number,
            source: Some(change.source),
        }),
        Event::Step(step) => write(&StepForm {
            kind: Kind::Step,
            run: step.run,
            commit: step.commit,
            name: step.name,
            started_at: step.period.started_at(),
            finished_at: step.period.finished_at(),
            outcome: step.outcome,
        }),
        Event::Retraction(retraction) => write(&RetractionForm {
            kind: Kind::Retraction,
            retracts: retraction.retracts,
            reason: retraction.reason,
            at: retraction.at,
        }),
    };
    // Writing to memory fails only for numbers that are no numbers; there are none.
    written.unwrap_or_default()
}

fn write(form: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "1234567890123456789012345678901234567890";

    fn defaults() -> Defaults {
        Defaults {
            service: "shop".parse().unwrap(),
            source: Source::File,
        }
    }

    fn refused(json: &str) -> EventError {
        Event::parse(json.as_bytes(), Some(&defaults())).unwrap_err()
    }

    #[test]
    fn the_canonical_form_is_that_of_rfc_8785_and_its_hash_the_id() {
        let json = format!(
            r#" {{ "type": "deployment", "outcome": "succeeded", "commit": "{COMMIT}",
                "finished_at": "2026-08-01T12:00:30+02:00", "environment": "<é>\u0007",
                "started_at": "2026-08-01T10:00:00Z" }} "#
        );
        let event = Event::parse(json.as_bytes(), Some(&defaults())).unwrap();
        // Keys in the order of their letters, no white space, only what must be is escaped.
        let canonical = format!(
            r#"{{"commit":"{COMMIT}","environment":"<é>\u0007","finished_at":"2026-08-01T10:00:30Z","intent":"release","outcome":"succeeded","service":"shop","source":"file","started_at":"2026-08-01T10:00:00Z","took_traffic":true,"type":"deployment"}}"#
        );
        assert_eq!(String::from_utf8(event.canonical()).unwrap(), canonical);
        // printf %s … | sha256sum
        assert_eq!(
            event.id().to_string(),
            "f867fbac733c9e911dbe46c992239f7cac461f281b95f8175824aaf576d1857c"
        );
        assert_eq!(
            Event::from_canonical(canonical.as_bytes()).unwrap(),
            (event.id(), event)
        );
    }

    #[test]
    fn every_type_comes_back_as_it_was() {
        let id = "ab".repeat(32);
        let events = [
            format!(
                r#"{{"type":"deployment","environment":"e","commit":"{COMMIT}","started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:01Z","outcome":"cancelled","took_traffic":true,"intent":"hotfix","release":{{"digests":["sha256:{id}"],"version":"1"}},"schema_head":"0007","reverts":"{id}","run":"r","proof":{{"requests":9007199254740991,"failed":0,"slowest_ms":1}}}}"#
            ),
            format!(
                r#"{{"type":"incident","key":"k","environment":"e","opened_at":"2026-01-01T00:00:00Z","caused_by":"{id}","cause":"external","severity":"high"}}"#
            ),
            format!(
                r#"{{"type":"incident","key":"k","environment":"e","resolved_at":"2026-01-01T00:00:00Z","fixed_by":"{id}"}}"#
            ),
            format!(
                r#"{{"type":"change","commits":[{{"id":"{COMMIT}","committed_at":"2026-01-01T00:00:00Z","authored_at":"2025-01-01T00:00:00Z","patch_id":"{COMMIT}"}}],"patch_id":"{COMMIT}","base":"{COMMIT}","opened_at":"2026-01-01T00:00:00Z","approved_at":"2026-01-02T00:00:00Z","merged_at":"2026-01-03T00:00:00Z","merged_as":"{COMMIT}","number":7}}"#
            ),
            format!(
                r#"{{"type":"step","run":"r","commit":"{COMMIT}","name":"n","started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:00Z","outcome":"failed"}}"#
            ),
            format!(
                r#"{{"type":"retraction","retracts":"{id}","reason":"wrong","at":"2026-01-01T00:00:00Z"}}"#
            ),
        ];
        for json in events {
            let event = Event::parse(json.as_bytes(), Some(&defaults())).unwrap();
            let (id, again) = Event::from_canonical(&event.canonical()).unwrap();
            assert_eq!((id, &again), (event.id(), &event));
        }
    }

    #[test]
    fn the_main_time_of_a_change_is_the_first_that_is_known() {
        let time = |more: &str| {
            let json = format!(
                r#"{{"type":"change","commits":[
                    {{"id":"{COMMIT}","committed_at":"2026-01-02T00:00:00Z","authored_at":"2026-01-09T00:00:00Z"}},
                    {{"id":"{COMMIT}","committed_at":"2026-01-01T00:00:00Z","authored_at":"2026-01-09T00:00:00Z"}}
                ]{more}}}"#
            );
            let event = Event::parse(json.as_bytes(), Some(&defaults())).unwrap();
            event.main_time().to_string()
        };
        let opened = r#","opened_at":"2026-01-03T00:00:00Z""#;
        let merged = r#","merged_at":"2026-01-04T00:00:00Z""#;
        assert_eq!(time(""), "2026-01-02T00:00:00Z");
        assert_eq!(time(opened), "2026-01-03T00:00:00Z");
        assert_eq!(time(&format!("{opened}{merged}")), "2026-01-04T00:00:00Z");
    }

    #[test]
    fn a_wrong_field_is_named_with_what_mends_it() {
        let deployment = |more: &str| {
            format!(
                r#"{{"type":"deployment","environment":"e","commit":"{COMMIT}","started_at":"2026-01-01T00:00:00Z","outcome":"succeeded"{more}}}"#
            )
        };
        let error = refused(&deployment(r#","finished_at":"2026-01-01T00:00:00""#));
        assert_eq!(error.field, "finished_at");
        assert!(error.message.ends_with("has no zone"), "{error}");
        assert!(error.mend.starts_with("append Z"), "{error}");
        let error = refused(&deployment(r#","finished_at":"2025-12-31T23:59:59Z""#));
        assert_eq!(error.field, "finished_at");
        assert!(error.message.contains("before the start"), "{error}");
        let error = refused(&deployment(
            r#","finished_at":"2026-01-01T00:00:00Z","enviroment":"x""#,
        ));
        assert!(error.message.contains("enviroment"), "{error}");
        let error = refused(&deployment(""));
        assert!(error.message.contains("finished_at"), "{error}");
        let error = refused(&deployment(
            r#","finished_at":"2026-01-01T00:00:00Z","proof":{"requests":9007199254740992,"failed":0,"slowest_ms":0}"#,
        ));
        assert_eq!(error.field, "proof.requests");
        let error = refused(
            r#"{"type":"change","commits":[{"id":"abc","committed_at":"2026-01-01T00:00:00Z","authored_at":"2026-01-01T00:00:00Z"}]}"#,
        );
        assert_eq!(error.field, "commits[0].id");
        let error = refused(r#"{"type":"change","commits":[]}"#);
        assert_eq!(error.field, "commits");
        let error = refused(r#"{"type":"incident","key":"k","environment":"e"}"#);
        assert_eq!(error.field, "opened_at");
        let error = refused(r#"{"type":"deploy"}"#);
        assert_eq!(error.field, "type");
        for json in ["", "[]", "{}", "null", "{\"type\":\"step\"} x"] {
            refused(json);
        }
    }

    #[test]
    fn what_lies_in_the_future_is_refused_beyond_five_minutes() {
        let json = format!(
            r#"{{"type":"step","run":"r","commit":"{COMMIT}","name":"n","started_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:05:00Z","outcome":"failed"}}"#
        );
        let event = Event::parse(json.as_bytes(), None).unwrap();
        assert!(
            event
                .not_after("2026-01-01T00:00:00Z".parse().unwrap())
                .is_ok()
        );
        let error = event
            .not_after("2025-12-31T23:59:59Z".parse().unwrap())
            .unwrap_err();
        assert_eq!(error.field, "finished_at");
    }

    #[test]
    fn bytes_that_are_not_canonical_are_no_stored_event() {
        let id = "ab".repeat(32);
        for json in [
            format!(
                r#"{{"at":"2026-01-01T00:00:00Z", "reason":"r","retracts":"{id}","type":"retraction"}}"#
            ),
            format!(
                r#"{{"reason":"r","at":"2026-01-01T00:00:00Z","retracts":"{id}","type":"retraction"}}"#
            ),
            format!(
                r#"{{"at":"2026-01-01T00:00:00.0Z","reason":"r","retracts":"{id}","type":"retraction"}}"#
            ),
            format!(
                r#"{{"at":"2026-01-01T00:00:00Z","reason":" r","retracts":"{id}","type":"retraction"}}"#
            ),
        ] {
            assert!(Event::parse(json.as_bytes(), None).is_ok(), "{json}");
            assert!(Event::from_canonical(json.as_bytes()).is_err(), "{json}");
        }
    }
}
