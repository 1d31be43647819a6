//! `shipway hooks run`: what a shim, a CI job and a person call alike.

use super::super::dora::branches;
use super::super::interrupt::HeldInterrupt;
use super::super::{Context, Exit, Failure};
use crate::config::hooks::{Hook, Hooks};
use crate::config::{self, Config};
use crate::dora::seen;
use crate::dora::store::GitStore;
use crate::git::{self, CommitId};
use crate::hooks::consent;
use crate::hooks::report::{self, Verdict};
use crate::hooks::{
    self, ArrivalRequest, Choice, HookError, PushRequest, Request, Scope, SourceError,
};
use crate::ui::{LiveJobs, arrival_report, hook_report};
use std::ffi::OsString;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Run the jobs of a hook
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// As git names it: pre-commit, commit-msg, pre-push, …
    hook: String,
    /// Look at all files, not only at what is staged
    #[arg(long, conflicts_with_all = ["files", "from_ref", "to_ref"])]
    all_files: bool,
    /// Look at these files and folders of the index
    #[arg(long, num_args = 1.., value_name = "PATH", conflicts_with_all = ["from_ref", "to_ref"])]
    files: Vec<PathBuf>,
    /// Look at what --to-ref changed since it parted from this commit
    #[arg(long, value_name = "COMMIT", requires = "to_ref")]
    from_ref: Option<String>,
    /// See --from-ref
    #[arg(long, value_name = "COMMIT", requires = "from_ref")]
    to_ref: Option<String>,
    /// Run this job alone; may be given again
    #[arg(long, value_name = "NAME")]
    job: Vec<String>,
    /// Mend nothing: what could be mended fails
    #[arg(long)]
    no_fix: bool,
    /// Look at everything that ever was committed, with the checks to which that matters
    #[arg(long, conflicts_with_all = ["all_files", "files", "from_ref", "to_ref"])]
    history: bool,
    /// Leave out the jobs that passed on exactly this tree before
    ///
    /// With the same command, version of the tool and configuration. In CI a verdict counts only
    /// where it was given with the key in SHIPWAY_VERDICT_KEY, and the commits are named that no
    /// hook let through.
    #[arg(long, conflicts_with = "history")]
    missing: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// What git gives the hook
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    #[default]
    Human,
    Json,
    /// Workflow commands of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let hook = Hook::parse(&arguments.hook).ok_or_else(|| unknown(&arguments.hook))?;
    match run_hook(hook, arguments, context) {
        // The checkout, merge or rebase is done, and git would say that it failed.
        Err(failure) if hook.is_after() && !arguments.arguments.is_empty() => {
            context
                .output
                .note(&format!("{hook} looked at nothing: {}", failure.sentence));
            Ok(Exit::Done)
        }
        other => other,
    }
}

fn run_hook(hook: Hook, arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let interrupt = HeldInterrupt::listen()?;
    let surroundings = git::open_from_environment()?;
    let hooks = Hooks::of_root(&surroundings.repository.root);
    let commands = |hooks: &Hooks| hooks.jobs(hook).iter().any(|job| job.command().is_some());
    let commands = !arguments.history && hooks.as_ref().is_ok_and(commands);
    let opened = hooks::open(surroundings, commands)?;
    let repository = opened.surroundings().repository.clone();
    // What an earlier run left half done may have been the configuration.
    let hooks = if opened.has_recovered() {
        Hooks::of_root(&repository.root)
    } else {
        hooks
    };
    let hooks = hooks?.with_parts(&repository.root, opened.configurations())?;
    let ci = consent::is_ci(std::env::var("CI").ok().as_deref());
    let consent = super::consent(&repository);
    let input = input(hook)?;
    let push = push(arguments, hook, &input, &repository)?;
    let arrival = arrival(arguments, hook, &input, &repository);
    let path = std::env::var_os("PATH");
    let key = super::verdict_key()?;
    let live = LiveJobs::new(context.quiet);
    let request = Request {
        hook,
        scope: scope(arguments, hook),
        choice: Choice {
            only: arguments.job.clone(),
            skip: skipped(),
        },
        fix: !arguments.no_fix,
        ci,
        message: arguments
            .arguments
            .first()
            .filter(|_| hook.has_message())
            .map(Path::new),
        push: push.as_ref(),
        input: &input,
        arrival: arrival.as_ref(),
        history: arguments.history,
        missing: arguments.missing,
        key: key.as_ref(),
        path: path.as_deref(),
        now: super::now(),
        consents: &|job| consent.holds(job),
        interrupted: &|| interrupt.is_asked(),
        sink: &|event| live.show(&event),
    };
    let report = hooks::run(opened, &hooks, &request)?;
    let verdict = report.verdict(&hooks::stopping(&hooks, hook));
    match arguments.format {
        ReportFormat::Human if context.quiet && verdict == Verdict::Passed => {}
        ReportFormat::Human if hook.is_after() && !context.output.is_verbose() => {
            context
                .output
                .report(&arrival_report(&report, &context.output))?;
        }
        ReportFormat::Human => {
            context
                .output
                .report(&hook_report(&report, verdict, &context.output))?;
        }
        ReportFormat::Json => context.output.json(&report::json(&report, verdict))?,
        ReportFormat::Github => context.output.report(&report::github(&report))?,
        ReportFormat::Sarif => context.output.json(&report::sarif(&report))?,
    }
    // By hand nothing is pushed.
    if let Some(push) = push.filter(|_| !arguments.arguments.is_empty())
        && verdict == Verdict::Passed
    {
        record_branches(&repository, &push, context);
    }
    Ok(match verdict {
        Verdict::Passed => Exit::Done,
        Verdict::Stopped | Verdict::Failed => Exit::Finding,
        Verdict::Missing => Exit::Missing,
        Verdict::Interrupted => Exit::Interrupted,
    })
}

fn scope(arguments: &Arguments, hook: Hook) -> Scope {
    if arguments.history {
        Scope::Nothing
    } else if arguments.all_files {
        Scope::All
    } else if !arguments.files.is_empty() {
        Scope::Files(arguments.files.clone())
    } else if let (Some(from), Some(to)) = (&arguments.from_ref, &arguments.to_ref) {
        Scope::Range {
            from: from.clone(),
            to: to.clone(),
        }
    } else if hook.has_files() {
        Scope::Staged
    } else {
        Scope::Nothing
    }
}

/// What git tells a hook that is about several commits; nothing where a person calls it.
fn input(hook: Hook) -> Result<Vec<u8>, Failure> {
    let mut input = Vec::new();
    let stdin = std::io::stdin();
    if matches!(hook, Hook::PrePush | Hook::PostRewrite) && !stdin.is_terminal() {
        stdin.lock().read_to_end(&mut input).map_err(|error| {
            Failure::new(
                Exit::Usage,
                format!("standard input cannot be read: {error}"),
                "let git call it: git push",
            )
        })?;
    }
    Ok(input)
}

/// What is being pushed; by hand, what pushing the current branch would.
fn push(
    arguments: &Arguments,
    hook: Hook,
    input: &[u8],
    repository: &git::Repository,
) -> Result<Option<PushRequest>, Failure> {
    if hook != Hook::PrePush {
        return Ok(None);
    }
    let Some(remote) = arguments.arguments.first() else {
        let revisions = git::Revisions::open(repository)?;
        return Ok(Some(PushRequest::of_branch(repository, &revisions)));
    };
    let remote = remote.as_encoded_bytes().into();
    PushRequest::parse(remote, input)
        .map(Some)
        .map_err(|error| {
            Failure::new(
                Exit::Usage,
                error.to_string(),
                "let git call it, or call it without arguments for the current branch",
            )
        })
}

/// Records what squashing or rebasing the pushed branches would hide. A push never fails by it.
fn record_branches(repository: &git::Repository, push: &PushRequest, context: &Context) {
    let tips: Vec<CommitId> = push
        .lines
        .iter()
        .filter(|line| line.remote.starts_with(b"refs/heads/"))
        .filter_map(|line| line.local_id?.as_slice().try_into().ok())
        .map(CommitId::from_bytes)
        .collect();
    let text = config::file::read(&repository.root.join(config::FILE)).unwrap_or_default();
    let signs = Config::parse(&text, config::FILE).is_ok_and(|all| !all.dora.signers.is_empty());
    match GitStore::open(repository) {
        Ok(store) => {
            let store = if signs { store.signing() } else { store };
            branches::record(repository, &store, seen::Scope::Pushed(&tips), context);
        }
        Err(error) => context.output.note(&format!(
            "the changes of branches are not recorded: {error}"
        )),
    }
}

/// What git says has just arrived.
fn arrival(
    arguments: &Arguments,
    hook: Hook,
    input: &[u8],
    repository: &git::Repository,
) -> Option<ArrivalRequest> {
    let told: Vec<String> = arguments
        .arguments
        .iter()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    ArrivalRequest::parse(hook, &told, input, repository.under_way)
}

/// `SHIPWAY_SKIP=ruff,mypy`
fn skipped() -> Vec<String> {
    std::env::var("SHIPWAY_SKIP")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn unknown(name: &str) -> Failure {
    let known: Vec<&str> = Hook::ALL.iter().map(|hook| hook.name()).collect();
    Failure::new(
        Exit::Usage,
        format!("{name:?} is no hook that shipway runs"),
        format!("name one of {}", known.join(", ")),
    )
}

impl From<HookError> for Failure {
    fn from(error: HookError) -> Self {
        let sentence = error.to_string();
        match error {
            HookError::Source(SourceError::Git(error)) => error.into(),
            HookError::Snapshot(hooks::SnapshotError::Git(error)) => error.into(),
            HookError::Source(SourceError::Revision(_)) => Self::new(
                Exit::Usage,
                sentence,
                "name a commit that is here; a shallow clone may need git fetch --unshallow",
            ),
            HookError::Source(SourceError::NotTracked(path)) => {
                Self::new(Exit::Usage, sentence, format!("git add {}", path.display()))
            }
            HookError::Job(unknown) => Self::new(
                Exit::Usage,
                sentence,
                format!("name one of {}", unknown.known.join(", ")),
            ),
            HookError::AllowFile(_) => Self::new(
                Exit::Usage,
                sentence,
                "one SHA-256 a line, in hex: printf %s VALUE | sha256sum",
            ),
            HookError::Snapshot(_) => Self::new(
                Exit::Missing,
                sentence,
                "make room on the disk, or git's folder writable",
            ),
        }
    }
}
