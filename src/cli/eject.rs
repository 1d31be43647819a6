//! `shipway eject`: everything generated becomes the user's, and works without shipway.

use super::hooks::{self, eject as shims};
use super::interrupt::Interrupt;
use super::planned;
use super::{Context, Exit, Failure, Format, update};
use crate::config::hooks::Hook;
use crate::git::{self, Repository};
use crate::hooks::install::Row;
use crate::scaffold::apply::Step;
use crate::scaffold::eject::{self, Ejection, Mention};
use crate::scaffold::moved;
use crate::scaffold::{self, Action, Entry};
use crate::ui;
use clap::Args;
use serde::Serialize;
use std::path::Path;

/// Let every generated file go to you, without a mark or a mention of shipway
///
/// The files stay and work without it; what only shipway reads goes, and git's hooks with it.
/// shipway undo takes it back.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Show what would change and write nothing
    #[arg(long)]
    dry_run: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    /// Whether the changes were written.
    applied: bool,
    /// What stands in names where `shipway` stood; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<&'r str>,
    entries: &'r [Entry],
    /// Lines that still speak of shipway.
    mentions: &'r [Mention],
    /// What becomes of git's hooks.
    hooks: &'r [Row],
    /// Commands that hooks ran, and run no more.
    commands: &'r [String],
    /// What stays in git's folder, or is to be known.
    notes: &'r [String],
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(Path::new("."))?;
    let interrupt = Interrupt::listen()?;
    planned::refuse_while_under_way(&repository)?;
    let session = planned::session(&repository, !arguments.dry_run, context)?;
    // One in conflict is joined by update alone.
    let mut lock = scaffold::read_lock(&repository.root)?;
    moved::follow(&lock, &repository).enter(&mut lock);
    if lock.artifacts.is_empty() {
        return Err(update::nothing_generated(&repository));
    }
    let tracked = git::tracked(&repository.root)?;
    let ejection = eject::plan(&repository.root, &lock, &tracked)?;
    let commands = commands(&repository)?;
    let hooks = hooks::install::removal(&repository)?;
    let notes = notes(&repository, &ejection);
    if let Some(session) = &session {
        interrupt.hold();
        let mut outcome = Ok(());
        session.apply(&ejection.plan.changes, "eject", &mut |step| {
            if step == Step::InPlace {
                outcome = shims::take_away(&repository, &hooks);
            }
            interrupt.answer()
        })?;
        outcome?;
    }
    let applied = session.is_some();
    if arguments.format == Format::Json {
        context.output.json(&Report {
            schema: 1,
            applied,
            word: ejection.word,
            entries: &ejection.plan.entries,
            mentions: &ejection.mentions,
            hooks: &hooks.rows,
            commands: &commands,
            notes: &notes,
        })?;
        return Ok(Exit::Done);
    }
    let mut page = ui::show_plan(&ejection.plan, "yours", true, &context.output);
    if !applied {
        let root = &repository.root;
        page.push_str(&ui::show_changes(&ejection.plan, root, &context.output));
    }
    page.push_str(&ui::show_install(&hooks.rows, &context.output));
    page.push_str(&closing(&ejection, &commands, &notes, applied));
    context.output.report(&page)?;
    Ok(Exit::Done)
}

/// The lines below the plan.
fn closing(ejection: &Ejection, commands: &[String], notes: &[String], applied: bool) -> String {
    let mut text = String::new();
    if !commands.is_empty() {
        text.push_str("These commands ran in git's hooks and run there no more:\n");
        for command in commands {
            text.push_str(&format!("  {}\n", ui::visible(command)));
        }
    }
    if !ejection.mentions.is_empty() {
        text.push_str("These lines of yours still speak of shipway:\n");
        for Mention {
            path,
            line,
            text: said,
        } in &ejection.mentions
        {
            text.push_str(&match line {
                0 => format!("  {path}\n"),
                line => format!("  {path}:{line}: {}\n", ui::visible(said)),
            });
        }
    }
    for note in notes {
        text.push_str(&format!("{note}\n"));
    }
    let count = |action| {
        let entries = &ejection.plan.entries;
        entries
            .iter()
            .filter(|entry| entry.action == action)
            .count()
    };
    let yours = ui::counted(count(Action::Released), "file", "files");
    text.push_str(&if applied {
        format!("Yours now: {yours}. Taken back with: shipway undo\n")
    } else {
        format!("Would be yours: {yours}; nothing was written.\n")
    });
    text
}

/// The commands that hooks run, once each, each with its hook.
fn commands(repository: &Repository) -> Result<Vec<String>, Failure> {
    let hooks = hooks::read(repository)?;
    let of = |hook: Hook| {
        let jobs = hooks.jobs(hook);
        jobs.iter()
            .filter_map(move |job| Some(format!("{hook}: {}", job.command()?.text)))
    };
    Ok(hooks.used().flat_map(of).collect())
}

/// What stays in git's own folder, and what starts anew.
fn notes(repository: &Repository, ejection: &Ejection) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(word) = ejection.word {
        notes.push(format!(
            "Names with `shipway` in generated files have `{word}` there from now on."
        ));
    }
    if let Some((old, new)) = &ejection.project {
        notes.push(format!(
            "The compose project {old} is {new} from now on, with volumes of its own; before that, \
             stop the old one: docker compose --project-name {old} down"
        ));
    }
    let store = "refs/shipway/events";
    if git::has_ref(&repository.root, store) {
        notes.push(format!(
            "The record of deployments stays in {store}; git update-ref -d {store} deletes it."
        ));
    }
    notes.push(format!(
        "What undo needs is in {}; delete that folder when you are sure.",
        repository.private_dir.display()
    ));
    notes
}
