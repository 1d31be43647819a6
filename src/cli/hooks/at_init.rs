//! What `init` and `undo` do about git's hooks: the shims come with the files and go with them.

use super::super::{Context, Failure};
use super::install::{Installed, install};
use crate::config::Config;
use crate::config::hooks::{Hook, Hooks, Job};
use crate::git::{GitError, Repository, hooks_folder};
use crate::hooks::consent::ConsentError;
use crate::hooks::import::{self, farewell, sources};
use crate::hooks::install::{Action, Proof, Row};
use crate::project::{Project, RelPath};
use crate::scaffold::lock::PRISTINE_DIR;
use crate::scaffold::{self, CONFIG_FILE};
use crate::ui;
use serde::Serialize;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// The feature that asks for shims.
const FEATURE: &str = "hooks";
/// Says, under git's directory, that `init` put the shims there.
const MARK: &str = "hooks-by-init";

/// What `init` did about hooks, as it stands in its report.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct AtInit {
    /// Whether git calls shipway from now on.
    installed: bool,
    hooks: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_test: Option<Proof>,
    /// Commands that init wrote and that may run on this machine from now on.
    commands: Vec<String>,
    /// Commands of the repository that were there before and may not run yet.
    untrusted: Vec<String>,
    /// Why the shims were not put in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(skip)]
    mend: Option<String>,
    #[serde(skip)]
    changed: bool,
}

/// The tool that runs the hooks here, where nobody has said yet what becomes of that.
pub(in crate::cli) fn others(project: &Project, config: &Config) -> Option<&'static str> {
    let said = config.features.enable.iter().any(|name| name == FEATURE)
        || jobs(&config.hooks).any(|job| job.place.is_some());
    let first = project.existing.hooks.first();
    first.map(|file| file.kind).filter(|_| !said)
}

/// The jobs of other tools, taken over.
pub(in crate::cli) struct TakenOver {
    /// What `shipway.toml` is to be.
    pub(in crate::cli) text: String,
    /// What a person does so that nothing runs twice.
    pub(in crate::cli) farewell: Vec<String>,
}

/// Takes the jobs of the tools that run hooks here over into `text`, and says what has no
/// equivalent; writes nothing.
pub(in crate::cli) fn import(
    repository: &Repository,
    text: &str,
    context: &Context,
) -> Result<TakenOver, Failure> {
    let sources = sources(&repository.root);
    let tracked = crate::git::tracked(&repository.root)?;
    let tracked: Vec<&str> = tracked.iter().map(RelPath::as_str).collect();
    let import = import::import(&repository.root, &sources, &tracked, text)?;
    let page = ui::show_import(&import, &context.output);
    context.output.report(&page)?;
    Ok(TakenOver {
        text: import.text,
        farewell: farewell(&repository.root, &sources),
    })
}

/// Whether the plan, or what was made before it, holds the feature.
pub(in crate::cli) fn is_wanted(plan: &scaffold::Plan) -> bool {
    plan.entries
        .iter()
        .any(|entry| entry.feature == FEATURE && entry.action != scaffold::Action::LeftOut)
}

/// What would be let run, and where git would call shipway, before anything is written.
pub(in crate::cli) fn announce(plan: &scaffold::Plan, context: &Context) -> String {
    let text = |path: &str| {
        let change = plan
            .changes
            .iter()
            .find(|change| change.path.as_str() == path)?;
        String::from_utf8(change.content.clone()?).ok()
    };
    let Some(config) = text(CONFIG_FILE).and_then(|text| Config::parse(&text, CONFIG_FILE).ok())
    else {
        return String::new();
    };
    let new = generated(text(&format!("{PRISTINE_DIR}/{CONFIG_FILE}")));
    let names: Vec<&str> = config.hooks.used().map(Hook::name).collect();
    let commands: Vec<&Job> = jobs(&config.hooks).filter(|job| is_of(job, &new)).collect();
    let mut page = format!("git will call shipway at {}.\n", names.join(", "));
    if !commands.is_empty() {
        page.push_str("These commands will run there on this machine:\n");
        page.push_str(&show(&commands, context));
    }
    page
}

/// What git answers in a thread of its own.
pub(in crate::cli) type Asked = JoinHandle<Result<PathBuf, GitError>>;

/// Asks git where hooks lie, while the files are written.
pub(in crate::cli) fn ask(repository: &Repository) -> Asked {
    let root = repository.root.clone();
    std::thread::spawn(move || hooks_folder(&root))
}

/// Puts the shims in place and lets the commands run that init itself wrote. A repository whose
/// hooks are not shipway's to write is no reason to fail: the files are there.
pub(in crate::cli) fn put(
    repository: &Repository,
    asked: Option<Asked>,
) -> Result<AtInit, Failure> {
    let hooks = super::read(repository)?;
    let mut report = AtInit {
        installed: true,
        hooks: Vec::new(),
        self_test: None,
        commands: Vec::new(),
        untrusted: Vec::new(),
        refused: None,
        mend: None,
        changed: false,
    };
    let folder = asked
        .and_then(|thread| thread.join().ok())
        .unwrap_or_else(|| hooks_folder(&repository.root));
    let installed = folder
        .map_err(Failure::from)
        .and_then(|folder| install(repository, folder, &hooks));
    match installed {
        Ok(Installed { plan, proof }) => {
            report.hooks = plan.map(|plan| plan.rows).unwrap_or_default();
            report.changed = report
                .hooks
                .iter()
                .any(|row| row.action != Action::Unchanged);
            report.installed = !matches!(proof, Some(Proof::NotCalled { .. }));
            report.self_test = proof;
            if report.changed {
                // Without it undo leaves the shims, which say what to do about them.
                let _ = std::fs::write(repository.private_dir.join(MARK), "");
            }
        }
        Err(failure) => {
            report.installed = false;
            report.refused = Some(failure.sentence);
            report.mend = failure.mend;
            return Ok(report);
        }
    }
    let copy = repository.root.join(PRISTINE_DIR).join(CONFIG_FILE);
    let new = generated(std::fs::read_to_string(copy).ok());
    let mut consent = super::consent_of_user(repository);
    let mine: Vec<&Job> = jobs(&hooks).filter(|job| is_of(job, &new)).collect();
    report.commands = texts(&consent.missing(mine.iter().copied()));
    match consent.give(mine.iter().copied()) {
        // Where there is no place for it there is no person either.
        Err(ConsentError::NoPlace) => report.commands.clear(),
        other => other?,
    }
    report.untrusted = texts(&consent.missing(jobs(&hooks)));
    Ok(report)
}

impl AtInit {
    /// The jobs of another tool were taken over, whose hooks git still calls: put beside them,
    /// everything would run twice. `steps` take them away.
    pub(in crate::cli) fn after(steps: &[String]) -> Self {
        let mut steps = steps.to_vec();
        steps.push("shipway hooks install".to_owned());
        Self {
            installed: false,
            hooks: Vec::new(),
            self_test: None,
            commands: Vec::new(),
            untrusted: Vec::new(),
            refused: Some(
                "what was taken over would run twice beside those that are here".to_owned(),
            ),
            mend: Some(steps.join("; then ")),
            changed: false,
        }
    }

    /// The lines for a person; nothing where nothing changed.
    pub(in crate::cli) fn page(&self, context: &Context) -> String {
        let mut page = String::new();
        if self.changed {
            page.push_str(&ui::show_install(&self.hooks, &context.output));
        }
        if let Some(proof) = &self.self_test {
            page.push_str(&ui::show_proof(proof));
        }
        if let Some(sentence) = &self.refused {
            page.push_str(&format!("! The hooks are not installed: {sentence}\n"));
            if let Some(mend) = &self.mend {
                page.push_str(&format!("  mend: {mend}\n"));
            }
        }
        if !self.untrusted.is_empty() {
            page.push_str(&format!(
                "! Commands of {CONFIG_FILE} that were there before do not run here yet: {}\n  \
                 mend: read them, then shipway trust\n",
                self.untrusted.join("; ")
            ));
        }
        page
    }
}

/// Takes the shims away that `init` put in place, where nothing asks for them any more; gives the
/// lines that say so.
pub(in crate::cli) fn take_back(
    repository: &Repository,
    context: &Context,
) -> Result<String, Failure> {
    let mark = repository.private_dir.join(MARK);
    let lock = scaffold::read_lock(&repository.root)?;
    let asked_for = lock.artifacts.iter().any(|one| one.feature == FEATURE);
    if asked_for || !mark.exists() {
        return Ok(String::new());
    }
    let plan = super::install::removal(repository)?;
    plan.apply()?;
    super::consent_of_user(repository).withdraw()?;
    forget(repository);
    Ok(ui::show_install(&plan.rows, &context.output))
}

/// The shims are the user's own affair from now on, or gone.
pub(super) fn forget(repository: &Repository) {
    // One that stays makes undo find nothing to take away.
    let _ = std::fs::remove_file(repository.private_dir.join(MARK));
}

fn jobs(hooks: &Hooks) -> impl Iterator<Item = &Job> {
    hooks.used().flat_map(|hook| hooks.jobs(hook))
}

/// The jobs of a configuration that was generated.
fn generated(text: Option<String>) -> Hooks {
    text.and_then(|text| Config::parse(&text, CONFIG_FILE).ok())
        .map(|config| config.hooks)
        .unwrap_or_default()
}

/// Whether `job` runs what a job of `hooks` does, in the same way.
fn is_of(job: &Job, hooks: &Hooks) -> bool {
    job.command().is_some_and(|command| {
        jobs(hooks).any(|other| {
            other.command() == Some(command)
                && other.working_dir == job.working_dir
                && other.env == job.env
        })
    })
}

fn texts(jobs: &[&Job]) -> Vec<String> {
    jobs.iter()
        .filter_map(|job| Some(job.command()?.text.clone()))
        .collect()
}

fn show(jobs: &[&Job], context: &Context) -> String {
    let shown = jobs
        .iter()
        .filter_map(|job| Some((job.name.as_str(), job.command()?.text.as_str(), None)));
    ui::show_commands(shown, &context.output)
}
