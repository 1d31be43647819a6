//! `shipway hooks sync`: shares verdicts with a remote.

use super::super::remote::{self, Joined};
use super::super::{Context, Exit, Failure, Format};
use crate::git;
use crate::git::union::{SyncError, Synced};
use crate::hooks::verdict::share::{self, REF};
use crate::ui;
use serde::Serialize;
use std::fmt::Write;

/// Share which jobs passed on which tree, for hooks run --missing
///
/// The verdicts of this clone and those of the remote become the union of both, in
/// refs/shipway/verdicts. One without a MAC by SHIPWAY_VERDICT_KEY lets nobody leave a job out
/// elsewhere; it only says that a commit did not come unchecked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: remote::Options,
}

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    remote: &'r str,
    taken: usize,
    sent: usize,
    refused: Vec<Refused<'r>>,
    beaten: usize,
}

#[derive(Serialize)]
struct Refused<'r> {
    place: &'r str,
    reason: &'r str,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(std::path::Path::new("."))?;
    let remote = arguments.with.find(&repository.root);
    let remote = remote.map_err(|error| JOINED.unreachable(error))?;
    let shown = remote.shown();
    let synced = share::sync(&repository, &remote, super::now(), &mut |progress| {
        JOINED.note(progress, &shown, context);
    })
    .map_err(failed)?;
    match arguments.with.format {
        Format::Json => context.output.json(&Report {
            schema: 1,
            remote: &shown,
            taken: synced.taken,
            sent: synced.sent,
            refused: synced
                .refused
                .iter()
                .map(|odd| Refused {
                    place: &odd.path,
                    reason: &odd.reason,
                })
                .collect(),
            beaten: synced.beaten,
        })?,
        Format::Human => context
            .output
            .report(&text(&shown, &synced, context.quiet))?,
    }
    Ok(if synced.refused.is_empty() {
        Exit::Done
    } else {
        Exit::Finding
    })
}

fn text(remote: &str, synced: &Synced, quiet: bool) -> String {
    let mut text = String::new();
    for refused in &synced.refused {
        let _ = writeln!(
            text,
            "not taken from {remote}: {} {}",
            ui::visible(&refused.path),
            ui::visible(&refused.reason)
        );
    }
    if !quiet {
        let _ = writeln!(
            text,
            "records of verdicts: {} taken from {remote}, {} sent",
            synced.taken, synced.sent
        );
    }
    text
}

/// What the verdicts here are joined with.
const JOINED: Joined = Joined {
    what: "verdicts",
    reference: REF,
    kept: "all verdicts are kept here",
    command: "shipway hooks sync",
};

fn failed(error: SyncError) -> Failure {
    let sentence = error.to_string();
    match error {
        SyncError::Remote(error) => JOINED.unreachable(error),
        SyncError::Ref(git::RefError::Git(error)) => error.into(),
        SyncError::Ref(_) => Failure::new(
            Exit::Finding,
            sentence,
            format!("look at it with git show {REF}; git update-ref -d {REF} takes it away here"),
        ),
        SyncError::Foreign { remote, .. } => Joined::foreign(sentence, &remote),
        SyncError::Beaten { .. } => JOINED.beaten(sentence),
    }
}
