//! GitHub and GitLab: what their interfaces tell of deployments, pipelines, merges, incidents.
//!
//! A list is read page by page, the newest entry first. Each page is kept before the next is asked
//! for, and how far it came is taken down, so that a run that was cut short goes on where it was
//! and a later one reads only what is new.

mod client;
mod cursor;
pub mod github;
pub mod gitlab;
mod pace;
mod walk;

pub use client::{Client, Patience};
pub use cursor::Cursor;
pub use walk::{Forge, Imported};

use crate::dora::event::{Cause, Change, Event, Incident, Moment, Name, Source, Time};
use crate::dora::store::StoreError;
use crate::git::{CommitId, GitError, past, patch_id};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::Duration;
use walk::Gathered;

/// What happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// This page of this list is read.
    Page(&'static str, u32),
    /// A request failed for a reason that may pass; it is tried again after this pause.
    Again(String, Duration),
    /// The forge asked to wait.
    Waiting(Duration),
}

/// What is imported of a forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Deployments,
    Steps,
    Changes,
    Incidents,
}

#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    #[error("no request can be made: {0}")]
    Client(String),
    #[error("{host} cannot be reached: {message}")]
    Unreachable { host: String, message: String },
    #[error("{host} does not accept the token: {message}")]
    Unauthorized { host: String, message: String },
    #[error("{host} does not let this token read {path}: {message}")]
    Forbidden {
        host: String,
        path: String,
        message: String,
    },
    #[error("{host} answers nothing more before {}", until.map_or_else(|| "a far day".to_owned(), |at| at.to_string()))]
    Limited { host: String, until: Option<Time> },
    #[error("the forge has no project {0}, or does not show it to this token")]
    Absent(String),
    #[error("the forge gave an answer to {path} that cannot be used: {message}")]
    Answer { path: String, message: String },
    #[error("how far the import came cannot be written down: {0}")]
    Cursor(std::io::Error),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An incident as a forge keeps it: one thing with two times.
struct Told {
    key: String,
    opened: Time,
    resolved: Option<Time>,
    severity: Option<Name>,
    source: Source,
}

/// Takes the one or two events of an incident.
fn take_incident(
    forge: &Forge,
    environment: &Name,
    told: &Told,
    what: &dyn Fn() -> String,
    gathered: &mut Gathered,
) -> Result<(), ForgeError> {
    let event = |moment| -> Result<Event, String> {
        Ok(Event::Incident(Incident {
            key: told.key.parse().map_err(|error| format!("key: {error}"))?,
            environment: environment.clone(),
            service: forge.service.clone(),
            moment,
            caused_by: None,
            fixed_by: None,
            cause: Cause::Change,
            severity: told.severity.clone(),
            source: told.source,
        }))
    };
    gathered.take(what, event(Moment::Opened(told.opened)))?;
    match told.resolved {
        Some(resolved) => gathered.take(what, event(Moment::Resolved(resolved))),
        None => Ok(()),
    }
}

/// Takes changes, with the patch ids of the commits that are here.
fn take_changes(
    forge: &Forge,
    mut changes: Vec<Change>,
    gathered: &mut Gathered,
) -> Result<(), ForgeError> {
    let named: Vec<CommitId> = changes
        .iter()
        .flat_map(|change| change.commits.iter().map(|original| original.id))
        .chain(changes.iter().filter_map(|change| change.merged_as))
        .collect();
    let authored = past::author_dates(forge.root, &named)?;
    let here: Vec<CommitId> = authored.keys().copied().collect();
    let patches = patch_id::patch_ids(forge.root, &here)?;
    for change in &mut changes {
        for original in &mut change.commits {
            original.patch_id = patches.get(&original.id).copied();
        }
        // A rebase keeps the author's date, a squash has one of its own: what a forge names after
        // a rebase is the last of several commits and not their whole.
        let last = change
            .commits
            .last()
            .map(|original| original.authored_at.second());
        let merged = change
            .merged_as
            .and_then(|merged| authored.get(&merged).copied());
        if change.commits.len() > 1 && merged.is_some() && merged == last {
            change.merged_as = None;
        }
    }
    for change in changes {
        let what = || match change.number {
            Some(number) => format!("change {number}"),
            None => "change".to_owned(),
        };
        gathered.take(&what, Ok(Event::Change(change.clone())))?;
    }
    Ok(())
}

/// `text` as part of an address.
fn query(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
