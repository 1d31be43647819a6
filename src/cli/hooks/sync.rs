//! `shipway hooks sync`: shares verdicts with a remote.

use super::super::remote::Joined;
use super::super::{Context, Exit, Failure, Format};
use crate::config;
use crate::git;
use crate::git::sync::Remote;
use crate::git::union::{Progress, SyncError, Synced};
use crate::hooks::verdict::share::{self, REF};
use crate::ui;
use serde::Serialize;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

/// Share which jobs passed on which tree, for hooks run --missing
///
/// The verdicts of this clone and those of the remote become the union of both, in
/// refs/shipway/verdicts. One without a MAC by SHIPWAY_VERDICT_KEY lets nobody leave a job out
/// elsewhere; it only says that a commit did not come unchecked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name or address of the remote; that of the current branch, else origin, where absent
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// How long one answer of the remote may take
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    timeout: config::Duration,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
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
    let patience = Duration::from_secs(arguments.timeout.seconds.unsigned_abs());
    let remote = Remote::find(
        &repository.root,
        arguments.remote.as_deref(),
        patience,
        std::io::stdin().is_terminal(),
    )
    .map_err(|error| JOINED.unreachable(error))?;
    let shown = remote.shown();
    let synced = share::sync(&repository, &remote, super::now(), &mut |progress| {
        if context.output.is_verbose() {
            context.output.note(&match progress {
                Progress::Asking => format!("asking {shown} where its verdicts are"),
                Progress::Fetching => format!("fetching the verdicts of {shown}"),
                Progress::Pushing => format!("sending verdicts to {shown}"),
                Progress::Beaten(times, pause) => {
                    let pause = pause.as_millis();
                    format!("others were faster ({times} times); again in {pause} ms")
                }
            });
        }
    })
    .map_err(failed)?;
    match arguments.format {
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
