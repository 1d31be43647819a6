//! What the commands that write generated files share: make the plan, show what it says, write it.

use super::hooks::at_init::{self, AtInit};
use super::interrupt::Interrupt;
use super::{Context, Exit, Failure, Format};
use crate::config::Config;
use crate::detect;
use crate::git::Repository;
use crate::project::{Project, RelPath};
use crate::scaffold::answer::{self, Answers};
use crate::scaffold::apply::{self, Session, Step};
use crate::scaffold::lock::PROPOSAL;
use crate::scaffold::moved::Moves;
use crate::scaffold::{
    self, Action, CONFIG_FILE, Choice, Entry, Fresh, Journey, Options, Plan, PlanError, Skipped,
};
use serde::Serialize;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    project: &'r str,
    /// Whether the changes were written.
    applied: bool,
    entries: &'r [Entry],
    skipped: &'r [Skipped],
    executes: &'r [String],
    notes: &'r [String],
    /// What git calls from now on; absent where that did not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    git_hooks: Option<&'r AtInit>,
}

pub(super) const NOTHING_TO_DO: &str = "Nothing to do: every file is up to date.\n";

/// What a run did, or would do, for its reader.
pub(super) struct Shown<'r> {
    pub(super) project: &'r Project,
    pub(super) plan: &'r Plan,
    pub(super) applied: bool,
    pub(super) hooks: Option<&'r AtInit>,
    pub(super) format: Format,
}

impl Shown<'_> {
    /// The closing lines, or the whole in JSON.
    pub(super) fn report(&self, context: &Context) -> Result<(), Failure> {
        let plan = self.plan;
        if self.format == Format::Json {
            return Ok(context.output.json(&Report {
                schema: 1,
                project: &self.project.name.value,
                applied: self.applied,
                entries: &plan.entries,
                skipped: &plan.skipped,
                executes: &plan.executes,
                notes: &plan.notes,
                git_hooks: self.hooks,
            })?);
        }
        let mut text = if plan.is_empty() {
            NOTHING_TO_DO.to_owned()
        } else if self.applied {
            format!("Wrote {}. Taken back with: shipway undo\n", count(plan))
        } else {
            format!("Would write {}; nothing was written.\n", count(plan))
        };
        if let Some(hooks) = self.hooks {
            text.push_str(&hooks.page(context));
        }
        text.push_str(&conflicts(plan));
        Ok(context.output.report(&text)?)
    }
}

/// How each conflict of `plan` is settled.
pub(super) fn conflicts(plan: &Plan) -> String {
    plan.conflicts().fold(String::new(), |text, entry| {
        let path = &entry.path;
        text + &format!(
            "! {path} is in conflict and stays as it is\n  mend: put what you need of \
             {path}{PROPOSAL} into it and delete that file; or: shipway update --ours {path}; or: \
             shipway update --theirs {path}\n"
        )
    })
}

/// What a plan is made for.
pub(super) struct Detected {
    pub(super) project: Project,
    pub(super) moves: Moves,
}

impl Detected {
    /// Detects what the repository is. Generated files that were moved are none of the user's.
    pub(super) fn read(
        repository: &Repository,
        config: &Config,
        moves: Moves,
    ) -> Result<Self, Failure> {
        let project = detect::detect_without(&repository.root, config, &moves.places())?;
        Ok(Self { project, moves })
    }
}

/// Makes the plan with the time of now and the system's random numbers.
pub(super) fn make(
    detected: &Detected,
    config: &Config,
    repository: &Repository,
    journey: Journey,
    choice: Choice,
    config_text: Option<String>,
    tools: Vec<String>,
) -> Result<Plan, Failure> {
    let failed = Cell::new(false);
    let random = |buffer: &mut [u8]| {
        if getrandom::fill(buffer).is_err() {
            failed.set(true);
        }
    };
    let options = Options {
        journey,
        choice,
        fresh: Fresh {
            now: jiff::Timestamp::now().as_second(),
            random: &random,
        },
        config_text,
        tools,
        moves: &detected.moves,
    };
    let plan = scaffold::plan(&detected.project, config, repository, &options)?;
    if failed.get() {
        return Err(Failure::new(
            Exit::Missing,
            "the system gives no random numbers, so no secret can be made",
            "see that /dev/urandom is there, then run this again",
        ));
    }
    Ok(plan)
}

/// Writes `plan` as the work of `command`. Where it changes which jobs hooks run, git calls them
/// from then on.
pub(super) fn write(
    session: &Session,
    plan: &Plan,
    repository: &Repository,
    interrupt: &Interrupt,
    command: &str,
) -> Result<Option<AtInit>, Failure> {
    let puts = plan.entries.iter().any(|entry| {
        entry.feature == "hooks" && matches!(entry.action, Action::Create | Action::Extend)
    });
    interrupt.hold();
    let mut asked = puts.then(|| at_init::ask(repository));
    let mut hooks = None;
    session.apply(&plan.changes, command, &mut |step| {
        if step == Step::InPlace && puts {
            hooks = Some(at_init::put(repository, asked.take()));
        }
        interrupt.answer()
    })?;
    hooks.transpose()
}

/// The path that a user wrote, relative to `start`, as one of the repository's.
pub(super) fn inside(
    repository: &Repository,
    start: &Path,
    path: &Path,
) -> Result<RelPath, Failure> {
    let wrong =
        |message: String| Failure::new(Exit::Usage, message, "name a file of the repository");
    let start = start
        .canonicalize()
        .map_err(|error| wrong(format!("{}: {error}", start.display())))?;
    let whole = start.join(path);
    let below = whole
        .strip_prefix(&repository.root)
        .map_err(|_| wrong(format!("{} lies outside of the repository", path.display())))?;
    RelPath::from_path(below).map_err(|error| wrong(error.to_string()))
}

/// What a run that left `plan` behind ends with.
pub(super) fn exit(plan: &Plan) -> Exit {
    if plan.conflicts().next().is_some() {
        Exit::Conflict
    } else {
        Exit::Done
    }
}

/// How many files of the plan are written; its own records come on top.
pub(super) fn count(plan: &Plan) -> String {
    let written = |entry: &&Entry| plan.changes.iter().any(|change| change.path == entry.path);
    let paths: BTreeSet<&RelPath> = plan
        .entries
        .iter()
        .filter(written)
        .map(|entry| &entry.path)
        .collect();
    match paths.len() {
        0 => "shipway.lock alone".to_owned(),
        1 => "1 file and shipway.lock".to_owned(),
        count => format!("{count} files and shipway.lock"),
    }
}

/// Puts `answers` into the text of the configuration and reads it anew.
pub(super) fn take(
    text: &mut String,
    config: &mut Config,
    answers: &Answers,
) -> Result<(), Failure> {
    *text = answer::write(text, answers).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("{CONFIG_FILE}: {error}"),
            format!("correct {CONFIG_FILE}"),
        )
    })?;
    *config = Config::parse(text, CONFIG_FILE)?;
    Ok(())
}

/// The text of `shipway.toml`; empty where there is none.
pub(super) fn read_config(root: &Path) -> Result<String, Failure> {
    match crate::config::file::read(&root.join(CONFIG_FILE)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::new(
            Exit::Usage,
            format!("cannot read {CONFIG_FILE}: {error}"),
            "make it a readable file in UTF-8, or move it away",
        )),
    }
}

/// What `shipway.toml` says.
pub(super) fn config(repository: &Repository) -> Result<Config, Failure> {
    Ok(Config::parse(&read_config(&repository.root)?, CONFIG_FILE)?)
}

/// The right to change the repository, with what an earlier run left behind put right; None for a
/// run that writes nothing.
pub(super) fn session<'r>(
    repository: &'r Repository,
    writes: bool,
    context: &Context,
) -> Result<Option<Session<'r>>, Failure> {
    if writes {
        let session = Session::open(repository)?;
        super::undo::repair(&session, context)?;
        return Ok(Some(session));
    }
    if apply::is_unfinished(repository) {
        context
            .output
            .note("An earlier run was cut short; the next one that writes puts it right.");
    }
    Ok(None)
}

pub(super) fn refuse_while_under_way(repository: &Repository) -> Result<(), Failure> {
    match repository.under_way {
        None => Ok(()),
        Some(what) => Err(Failure::new(
            Exit::Usage,
            format!("a {what} is under way in {}", repository.root.display()),
            match what {
                "bisect" => "end it with: git bisect reset".to_owned(),
                "merge" => "commit it, or end it with: git merge --abort".to_owned(),
                other => format!("finish it with git {other} --continue, or git {other} --abort"),
            },
        )),
    }
}

pub(super) fn refuse_untrusted(plan: &Plan, trusted: bool) -> Result<(), Failure> {
    if trusted || plan.executes.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        format!(
            "templates that are not built in make files that run commands: {}; nothing was written",
            plan.executes.join("; ")
        ),
        "read them, then run this again with --trust-templates",
    ))
}

pub(super) fn unreadable(error: &dialoguer::Error) -> Failure {
    let dialoguer::Error::IO(cause) = error;
    if cause.kind() == std::io::ErrorKind::Interrupted {
        return super::interrupt::at_a_question();
    }
    Failure::new(
        Exit::Usage,
        format!("the terminal cannot be read: {cause}"),
        "answer with flags and shipway.toml, and run shipway init --yes",
    )
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        if let PlanError::Source(error) = error {
            return error.into();
        }
        let exit = match &error {
            PlanError::Io { .. } => Exit::Missing,
            _ => Exit::Usage,
        };
        Self {
            sentence: error.to_string(),
            mend: None,
            exit,
        }
    }
}
