//! CDEvents (cdevents.dev, versions 0.3 to 0.5), bare or in the JSON form of a CloudEvent.
//!
//! | CDEvent | event |
//! |---|---|
//! | `service.deployed`, `service.upgraded` | deployment that succeeded |
//! | `service.rolledback` | deployment that succeeded, a rollback |
//! | `incident.detected`, `incident.reported`, `incident.resolved` | incident opened, resolved |
//! | `taskrun.started` and `taskrun.finished` | step |
//!
//! The commit is looked for in `customData.commit`, then as the version of an artifact id of the
//! form `pkg:github/…@COMMIT`, then in its `vcs_url`. A CDEvent that shipway wrote carries the
//! whole event in `customData.shipway`, which is taken as it is.

use crate::dora::ci;
use crate::dora::event::{
    Cause, Defaults, Deployment, Event, Incident, Intent, Moment, Name, Outcome, Period, Source,
    Step, Time,
};
use crate::git::CommitId;
use cdevents_sdk::CDEvent;
use serde_json::Value;
use std::collections::HashMap;

/// What a CDEvent stands for.
#[derive(Debug)]
pub(super) enum Read {
    Event(Box<Event>),
    /// It was kept in mind.
    Nothing,
    /// It has no place in the record.
    Other(String),
}

/// Whether `json` is meant to be a CDEvent, or a CloudEvent that holds one.
pub(super) fn is_one(json: &[u8]) -> bool {
    memchr::memmem::find(json, b"dev.cdevents.").is_some()
        && serde_json::from_slice::<Value>(json)
            .is_ok_and(|value| kind(&value).is_some_and(|kind| kind.starts_with("dev.cdevents.")))
}

fn kind(value: &Value) -> Option<&str> {
    value
        .pointer("/context/type")
        .or_else(|| value.get("type"))?
        .as_str()
}

/// The tasks that have begun and not ended, at most so many.
const MOST: usize = 100_000;

/// Reads CDEvents in the order in which they come; the start of a task comes before its end.
#[derive(Default)]
pub(super) struct Tasks {
    started: HashMap<String, Time>,
}

impl Tasks {
    /// What the CDEvent in `json` stands for.
    pub(super) fn read(&mut self, json: &[u8], defaults: &Defaults) -> Result<Read, String> {
        let mut value: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if value.get("context").is_none() {
            value = value
                .get_mut("data")
                .map(Value::take)
                .ok_or("it is a CloudEvent without data")?;
        }
        if let Some(own) = value.pointer("/customData/shipway") {
            let json = own.to_string();
            return Event::parse(json.as_bytes(), Some(defaults))
                .map(|event| Read::Event(Box::new(event)))
                .map_err(|error| format!("customData.shipway: {error}"));
        }
        let event: CDEvent =
            serde_json::from_value(value).map_err(|error| format!("it is no CDEvent: {error}"))?;
        let content = serde_json::to_value(event.subject().content())
            .map_err(|error| format!("it is no CDEvent: {error}"))?;
        let told = Told {
            at: Time::from_second(event.timestamp().unix_timestamp())
                .ok_or("its time lies outside of the years 1 to 9999")?,
            content: &content,
            custom: event.custom_data().as_ref(),
            subject: event.subject().id().as_str(),
            defaults,
        };
        // dev.cdevents.SUBJECT.PREDICATE.VERSION
        let mut words = event.ty().split('.').skip(2);
        let (subject, predicate) = (words.next(), words.next());
        match (subject.unwrap_or_default(), predicate.unwrap_or_default()) {
            ("service", "deployed" | "upgraded") => told.deployment(Intent::Release),
            ("service", "rolledback") => told.deployment(Intent::Rollback),
            ("incident", "detected" | "reported") => told.incident(Moment::Opened(told.at)),
            ("incident", "resolved") => told.incident(Moment::Resolved(told.at)),
            ("taskrun", "started") => {
                if self.started.len() < MOST {
                    self.started.insert(told.subject.to_owned(), told.at);
                }
                Ok(Read::Nothing)
            }
            ("taskrun", "finished") => match self.started.remove(told.subject) {
                Some(started) => told.step(started),
                None => Ok(Read::Other(
                    "a taskrun.finished whose taskrun.started did not come before it".to_owned(),
                )),
            },
            (subject, predicate) => Ok(Read::Other(format!(
                "a {subject}.{predicate} has no place in the record"
            ))),
        }
    }
}

/// One CDEvent, taken apart.
struct Told<'a> {
    at: Time,
    content: &'a Value,
    custom: Option<&'a Value>,
    subject: &'a str,
    defaults: &'a Defaults,
}

impl Told<'_> {
    fn deployment(&self, intent: Intent) -> Result<Read, String> {
        let Some(commit) = self.commit() else {
            return Ok(Read::Other(
                "a deployment that names no commit, in customData.commit or by its artifact"
                    .to_owned(),
            ));
        };
        let event = Event::Deployment(Deployment {
            environment: self.name("/environment/id")?,
            service: parse("subject.id", self.subject)?,
            commit,
            period: Period::new(self.at, self.at).map_err(|error| error.to_string())?,
            outcome: Outcome::Succeeded,
            took_traffic: true,
            intent,
            release: None,
            schema_head: None,
            reverts: None,
            run: None,
            proof: None,
            source: Source::Cdevents,
        });
        Ok(Read::Event(Box::new(event)))
    }

    fn incident(&self, moment: Moment) -> Result<Read, String> {
        let service = match self.content.pointer("/service/id").and_then(Value::as_str) {
            Some(service) => parse("subject.content.service.id", service)?,
            None => self.defaults.service.clone(),
        };
        let event = Event::Incident(Incident {
            key: parse("subject.id", self.subject)?,
            environment: self.name("/environment/id")?,
            service,
            moment,
            caused_by: None,
            fixed_by: None,
            cause: Cause::Change,
            severity: None,
            source: Source::Cdevents,
        });
        Ok(Read::Event(Box::new(event)))
    }

    fn step(&self, started: Time) -> Result<Read, String> {
        let Some(commit) = self.commit() else {
            return Ok(Read::Other(
                "a taskrun that names no commit in customData.commit".to_owned(),
            ));
        };
        let text = |path: &str| self.content.pointer(path).and_then(Value::as_str);
        let event = Event::Step(Step {
            run: parse(
                "subject.content.pipelineRun.id",
                text("/pipelineRun/id").unwrap_or(self.subject),
            )?,
            commit,
            name: parse(
                "subject.content.taskName",
                text("/taskName").unwrap_or(self.subject),
            )?,
            period: Period::new(started, self.at).map_err(|error| error.to_string())?,
            outcome: match text("/outcome") {
                None => Outcome::Succeeded,
                Some(outcome) => ci::outcome(outcome)
                    .ok_or_else(|| format!("{outcome:?} is no outcome that is known"))?,
            },
        });
        Ok(Read::Event(Box::new(event)))
    }

    fn name(&self, path: &str) -> Result<Name, String> {
        let field = format!("subject.content{}", path.replace('/', "."));
        match self.content.pointer(path).and_then(Value::as_str) {
            Some(text) => parse(&field, text),
            None => Err(format!("{field}: it is missing")),
        }
    }

    fn commit(&self) -> Option<CommitId> {
        let custom = self
            .custom
            .and_then(|custom| custom.get("commit")?.as_str());
        if let Some(commit) = custom {
            return commit.parse().ok();
        }
        let artifact = self.content.get("artifactId")?.as_str()?;
        let (package, qualifiers) = artifact.split_once('?').unwrap_or((artifact, ""));
        let version = package.rsplit_once('@').map(|(_, version)| version);
        let of_version = version.and_then(|version| version.parse().ok());
        of_version.or_else(|| {
            let address = qualifiers
                .split(['&', '#'])
                .find_map(|pair| pair.strip_prefix("vcs_url="))?;
            let address = address.replace("%40", "@");
            let (_, commit) = address.rsplit_once('@')?;
            commit.parse().ok()
        })
    }
}

fn parse(field: &str, text: &str) -> Result<Name, String> {
    text.parse().map_err(|error| format!("{field}: {error}"))
}
