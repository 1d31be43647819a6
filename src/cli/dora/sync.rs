//! `shipway dora sync`: joins the record with a remote's.

use super::super::remote::{self, Joined};
use super::super::{Context, Exit, Failure, Format};
use super::branches;
use super::scene::Scene;
use crate::config::StoreConfig;
use crate::dora::join;
use crate::dora::seen::Scope;
use crate::dora::store::EVENTS_REF;
use crate::dora::sync::{self, SyncError, Synced};
use crate::git::sync::RemoteError;
use crate::ui;
use serde::Serialize;
use std::fmt::Write;

/// Fetch the events of others and send your own
///
/// The record here and that of the remote become the union of both. Nothing is ever lost: where
/// others were faster it is tried again, and where the remote was rewritten it gets back what
/// it lost. With a database as the store, the database and the ref of this repository become it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: remote::Options,
}

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    remote: &'r str,
    #[serde(flatten)]
    synced: &'r Synced,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    if let StoreConfig::Postgres(url) = &scene.config.dora.store {
        return with_database(&scene, url, arguments, context);
    }
    let remote = arguments.with.find(&scene.repository.root)?;
    let shown = remote.shown();
    let here = scene.git_store();
    branches::record(&scene.repository, &here, Scope::All, context);
    let synced = sync::sync(&scene.repository, &remote, &mut |progress| {
        JOINED.note(progress, &shown, context);
    })?;
    say(&shown, &synced, arguments, context)
}

/// Joins the record of this repository with the database that keeps it.
fn with_database(
    scene: &Scene,
    url: &str,
    arguments: &Arguments,
    context: &Context,
) -> Result<Exit, Failure> {
    if arguments.with.remote.is_some() {
        return Err(Failure::new(
            Exit::Usage,
            "the record is kept in a database, which sync joins with the ref of this repository",
            "leave --remote out",
        ));
    }
    let there = scene.database(url)?;
    let here = scene.git_store();
    branches::record(&scene.repository, &here, Scope::All, context);
    let joined = join::join(&here, &there)?;
    let synced = Synced {
        taken: joined.taken,
        sent: joined.sent,
        refused: joined.refused,
        ..Synced::default()
    };
    say(there.place(), &synced, arguments, context)
}

fn say(
    shown: &str,
    synced: &Synced,
    arguments: &Arguments,
    context: &Context,
) -> Result<Exit, Failure> {
    match arguments.with.format {
        Format::Json => context.output.json(&Report {
            schema: 1,
            remote: shown,
            synced,
        })?,
        Format::Human => context.output.report(&text(shown, synced, context.quiet))?,
    }
    Ok(if synced.refused.is_empty() && synced.rewritten.is_none() {
        Exit::Done
    } else {
        Exit::Finding
    })
}

fn text(remote: &str, synced: &Synced, quiet: bool) -> String {
    let mut text = String::new();
    if let Some(known) = synced.rewritten {
        let _ = writeln!(
            text,
            "the record of {remote} was rewritten: it no longer contains {known:.12}, which it had \
             at the last sync; nothing is lost here, and {} sent back",
            ui::counted(synced.sent, "event was", "events were")
        );
    }
    for refused in &synced.refused {
        let _ = writeln!(
            text,
            "not taken from {remote}: {} {}",
            ui::visible(&refused.place),
            ui::visible(&refused.reason)
        );
    }
    if !quiet {
        let _ = writeln!(
            text,
            "{} taken from {remote}, {} sent",
            ui::counted(synced.taken, "event", "events"),
            synced.sent
        );
    }
    text
}

/// What the record here is joined with.
const JOINED: Joined = Joined {
    what: "record",
    reference: EVENTS_REF,
    kept: "all events are in the record here, nothing is lost",
    command: "shipway dora sync",
};

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        let sentence = error.to_string();
        match error {
            SyncError::Remote(error) => error.into(),
            SyncError::Ref(error) => crate::dora::StoreError::from(error).into(),
            SyncError::Foreign { remote, .. } => Joined::foreign(sentence, &remote),
            SyncError::Beaten { .. } => JOINED.beaten(sentence),
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        JOINED.unreachable(error)
    }
}
