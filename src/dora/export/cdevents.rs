//! CDEvents of version 0.5, one a line. Each carries the whole event in `customData.shipway`, so
//! that it can be read back without loss; to others it says what CDEvents can say.
//!
//! | event | CDEvent |
//! |---|---|
//! | deployment that took traffic and succeeded | `service.deployed`, of a rollback `service.rolledback` |
//! | another deployment | `taskrun.finished` of the task `deploy ENVIRONMENT` |
//! | incident | `incident.detected`, `incident.resolved` |
//! | change | `change.merged`, before its merge `change.created` |
//! | step | `taskrun.finished` |
//!
//! A retraction has no CDEvent.

use crate::dora::event::{
    Change, Deployment, Event, EventId, Incident, Intent, Moment, Outcome, Step,
};
use cdevents_sdk::spec_0_5_1::{
    change_created, change_merged, incident_detected, incident_resolved, service_deployed,
    service_rolledback, taskrun_finished,
};
use cdevents_sdk::{CDEvent, Id, Subject, UriReference};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Why an event could not be written as a CDEvent.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("CDEvents takes no such value: {0}")]
    Value(#[from] cdevents_sdk::Error),
    #[error("the time is out of range: {0}")]
    Time(#[from] time::error::ComponentRange),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// `event` as a CDEvent in JSON, on one line; None where it has none. `source` is the project's
/// name.
///
/// # Errors
/// When a value is none that CDEvents takes.
pub fn line(id: EventId, event: &Event, source: &str) -> Result<Option<String>, ExportError> {
    let subject = match event {
        Event::Deployment(deployment) => of_deployment(id, deployment)?,
        Event::Incident(incident) => of_incident(incident)?,
        Event::Change(change) => of_change(id, change)?,
        Event::Step(step) => of_step(id, step)?,
        Event::Retraction(_) => return Ok(None),
    };
    let own: serde_json::Value = serde_json::from_slice(&event.canonical())?;
    let mut custom = serde_json::json!({ "shipway": own });
    let commit = match event {
        Event::Deployment(deployment) => Some(deployment.commit),
        Event::Step(step) => Some(step.commit),
        _ => None,
    };
    if let Some(commit) = commit {
        custom["commit"] = commit.to_string().into();
    }
    let at = time::OffsetDateTime::from_unix_timestamp(event.main_time().second())?;
    let written = CDEvent::from(subject)
        .with_id(id.to_string().try_into()?)
        .with_source(address(source)?)
        .with_timestamp(at)
        .with_custom_data(custom)
        .with_custom_data_content_type("application/json".to_owned());
    Ok(Some(serde_json::to_string(&written)?))
}

fn of_deployment(id: EventId, deployment: &Deployment) -> Result<Subject, ExportError> {
    let environment = name(deployment.environment.as_str())?;
    if deployment.outcome != Outcome::Succeeded || !deployment.took_traffic {
        let content = taskrun_finished::Content {
            errors: None,
            outcome: Some(outcome(deployment.outcome).to_owned()),
            pipeline_run: pipeline(deployment.run.as_ref())?,
            task_name: Some(format!("deploy {}", deployment.environment)),
            uri: None,
        };
        return Ok(Subject::from(content).with_id(id.to_string().try_into()?));
    }
    let digest = deployment
        .release
        .iter()
        .flat_map(|release| &release.digests)
        .next();
    // A package URL needs a version: the digest, which has a colon, or the commit.
    let version = digest.map_or_else(
        || deployment.commit.to_string(),
        |digest| digest.as_str().replace(':', "%3A"),
    );
    let service = percent(deployment.service.as_str());
    let artifact_id: Id = format!("pkg:generic/{service}@{version}").try_into()?;
    let subject = if deployment.intent == Intent::Rollback {
        Subject::from(service_rolledback::Content {
            artifact_id,
            environment: service_rolledback::ContentEnvironment {
                id: environment,
                source: None,
            },
        })
    } else {
        Subject::from(service_deployed::Content {
            artifact_id,
            environment: service_deployed::ContentEnvironment {
                id: environment,
                source: None,
            },
        })
    };
    Ok(subject.with_id(name(deployment.service.as_str())?))
}

fn of_incident(incident: &Incident) -> Result<Subject, ExportError> {
    let environment = name(incident.environment.as_str())?;
    let service = name(incident.service.as_str())?;
    let subject = match incident.moment {
        Moment::Opened(_) => Subject::from(incident_detected::Content {
            artifact_id: None,
            description: None,
            environment: incident_detected::ContentEnvironment {
                id: environment,
                source: None,
            },
            service: Some(incident_detected::ContentService {
                id: service,
                source: None,
            }),
        }),
        Moment::Resolved(_) => Subject::from(incident_resolved::Content {
            artifact_id: None,
            description: None,
            environment: incident_resolved::ContentEnvironment {
                id: environment,
                source: None,
            },
            service: Some(incident_resolved::ContentService {
                id: service,
                source: None,
            }),
        }),
    };
    Ok(subject.with_id(name(incident.key.as_str())?))
}

fn of_change(id: EventId, change: &Change) -> Result<Subject, ExportError> {
    let subject = if change.merged_at.is_some() {
        Subject::from(change_merged::Content { repository: None })
    } else {
        Subject::from(change_created::Content {
            description: None,
            repository: None,
        })
    };
    let named = change
        .number
        .map_or_else(|| id.to_string(), |number| number.to_string());
    Ok(subject.with_id(named.try_into()?))
}

fn of_step(id: EventId, step: &Step) -> Result<Subject, ExportError> {
    let content = taskrun_finished::Content {
        errors: None,
        outcome: Some(outcome(step.outcome).to_owned()),
        pipeline_run: pipeline(Some(&step.run))?,
        task_name: Some(step.name.to_string()),
        uri: None,
    };
    Ok(Subject::from(content).with_id(id.to_string().try_into()?))
}

fn pipeline(
    run: Option<&crate::dora::event::Name>,
) -> Result<Option<taskrun_finished::ContentPipelineRun>, ExportError> {
    run.map(|run| {
        Ok(taskrun_finished::ContentPipelineRun {
            id: name(run.as_str())?,
            source: None,
        })
    })
    .transpose()
}

/// The words of the specification's examples.
fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "success",
        Outcome::Failed => "failure",
        Outcome::Cancelled => "cancel",
    }
}

fn name(text: &str) -> Result<Id, ExportError> {
    Ok(text.try_into()?)
}

/// `/shipway/NAME` as the reference of RFC 3986 that a source is.
fn address(project: &str) -> Result<UriReference, ExportError> {
    Ok(format!("/shipway/{}", percent(project))
        .as_str()
        .try_into()?)
}

/// `text` with everything but the unreserved characters of RFC 3986 encoded.
fn percent(text: &str) -> String {
    const RESERVED: AsciiSet = NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, &RESERVED).to_string()
}
