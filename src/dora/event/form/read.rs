//! From JSON to an event: defaults filled in, and the field named that is wrong.

use super::{
    ChangeForm, Defaults, DeploymentForm, IncidentForm, Kind, RetractionForm, StepForm, Typed,
};
use crate::dora::event::{
    Change, Deployment, Event, EventError, Incident, Invalid, Moment, Name, Original, Outcome,
    Period, Proof, Release, Retraction, Source, Step, Time,
};
use serde::de::DeserializeOwned;

pub(in crate::dora::event) fn parse(
    json: &[u8],
    defaults: Option<&Defaults>,
) -> Result<Event, EventError> {
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
