//! Verdicts: which job passed on which tree, so that `hooks run --missing` need not run it again.
//!
//! A verdict holds for one tree, one command with all that is configured of it, and one version
//! of its tool. Those of this clone lie in a file of its git directory; those of others come
//! through [`share`]. On a person's machine the own ones count, elsewhere only those with a MAC
//! by a [`Key`] that protected jobs alone hold.

mod key;
mod ledger;
mod memory;
pub mod share;
mod tool;

pub use key::{Key, KeyError, VARIABLE};
pub(super) use memory::Memory;

use super::builtin::Looking;
use super::check::Look;
use super::source::Source;
use super::{Scope, history};
use crate::config::hooks::{Action, CheckOptions, Fix, Hook, Job, Patterns};
use crate::git::{GitError, ObjectId, Reader, Repository, Revisions};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tool::Tools;

/// The one version of the form that this program reads and writes.
const SCHEMA: u32 = 1;

/// How long a verdict counts: what no tree shows (a system's libraries, a service that a test
/// asks) changes meanwhile.
const AGE: i64 = 30 * 24 * 60 * 60;

/// How far a clock of another machine may be ahead, in seconds.
const AHEAD: i64 = 60 * 60;

/// Stands where the files were chosen in a way of its own.
const SOME: &str = "some files";

/// What passed in one run of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    schema: u32,
    /// Seconds since 1970.
    at: i64,
    hook: String,
    /// What was committed or pushed, in hexadecimal.
    tree: String,
    /// Whether the hook as a whole let a commit of this tree happen.
    checked: bool,
    jobs: Vec<Passed>,
    /// HMAC-SHA256 over all of the above, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

/// One job that passed, by all that decides whether it would again on the same tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Passed {
    job: String,
    /// The command's text, or the check's id.
    command: String,
    /// The version of its tool as the tool tells it, or a hash of the program.
    tool: String,
    /// SHA-256 of all that is configured of it.
    configuration: String,
    /// It looked only at what differs from this tree; at everything where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl Passed {
    /// Whether this having passed says that `wanted` would on the same tree.
    fn covers(&self, wanted: &Self) -> bool {
        let since = self.since.is_none() || self.since == wanted.since;
        since
            && (&self.job, &self.command, &self.tool, &self.configuration)
                == (
                    &wanted.job,
                    &wanted.command,
                    &wanted.tool,
                    &wanted.configuration,
                )
    }
}

impl Record {
    fn is_of_now(&self, now: i64) -> bool {
        self.schema == SCHEMA && self.at > now - AGE && self.at <= now + AHEAD
    }
}

/// What a run looks at, as far as its verdicts are concerned.
struct Question {
    /// The tree that is looked at.
    tree: ObjectId,
    /// What jobs that are given files see.
    reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Everything,
    /// What differs from this tree.
    Since(ObjectId),
    /// Some other choice of files.
    Other,
}

impl Question {
    /// None where there is no tree: a path is in conflict.
    ///
    /// # Errors
    /// When an object cannot be read.
    fn new(
        repository: &Repository,
        source: &Source,
        scope: &Scope,
        merge: bool,
        reader: &Reader,
    ) -> Result<Option<Self>, GitError> {
        let Some(tree) = source.index.written_tree()? else {
            return Ok(None);
        };
        let reach = match scope {
            Scope::All => Reach::Everything,
            Scope::Staged if !merge => Reach::Since(match repository.head_id() {
                Some(head) => reader.tree_of(head)?,
                None => crate::git::empty_tree(),
            }),
            Scope::Range { from, to } => {
                let revisions = Revisions::open(repository)?;
                let base = revisions
                    .commit(from)
                    .zip(revisions.commit(to))
                    .and_then(|(from, to)| revisions.merge_base(from.id, to.id));
                Reach::Since(match base {
                    Some(base) => revisions.tree_of(base)?,
                    None => crate::git::empty_tree(),
                })
            }
            _ => Reach::Other,
        };
        Ok(Some(Self { tree, reach }))
    }

    /// What is remembered of `looking` where it passes; None where no verdict can be given: it
    /// looks at more than the tree, or its tool cannot be told.
    fn of(
        &self,
        looking: &Looking<'_>,
        hook: Hook,
        exclude: &Patterns,
        tools: &mut Tools<'_>,
    ) -> Option<Passed> {
        let job = looking.job;
        if !hook.has_files() || !is_of_the_tree(looking, hook) {
            return None;
        }
        let whole = job.command().is_some_and(|command| !command.takes_files());
        let since = match self.reach {
            Reach::Since(tree) if !whole => Some(tree.to_string()),
            // Only a verdict on everything says anything about these.
            Reach::Other if !whole => Some(SOME.to_owned()),
            _ => None,
        };
        Some(Passed {
            job: job.name.clone(),
            command: match &job.action {
                Action::Run(command) => command.text.clone(),
                Action::Check(check) => check.id.name().to_owned(),
            },
            tool: tools.version(job)?,
            configuration: configuration(job, exclude),
            since,
        })
    }

    /// Whether it can be asked again, so that its having passed is worth remembering.
    fn is_repeatable(passed: &Passed) -> bool {
        passed.since.as_deref() != Some(SOME)
    }
}

/// Whether nothing but files of the tree decides about it.
fn is_of_the_tree(looking: &Looking<'_>, hook: Hook) -> bool {
    let Some(check) = looking.job.check() else {
        return true;
    };
    let moment = looking
        .other_looks()
        .any(|look| !matches!(look, Look::Listing(_)));
    // A list may lie outside of the tree. At a push some look at each of the pushed commits, too.
    !moment
        && check.options.allow_file.is_none()
        && !(hook == Hook::PrePush && history::counts(check.id))
}

/// A hash over all that is configured of `job` and may change what it says.
fn configuration(job: &Job, exclude: &Patterns) -> String {
    let options = job.check().map(|check| options(&check.options));
    let fix = match job.fix {
        Fix::No => "no",
        Fix::Yes => "yes",
        Fix::Stop => "stop",
    };
    let text = serde_json::json!([
        SCHEMA,
        options,
        job.folder.as_str(),
        job.working_dir.as_str(),
        job.files.texts(),
        job.exclude.texts(),
        job.types,
        fix,
        job.level,
        job.env,
        job.tool,
        exclude.texts(),
    ]);
    hex::encode(Sha256::digest(text.to_string()))
}

/// The options of a check; one that is missing here does not compile.
fn options(options: &CheckOptions) -> serde_json::Value {
    let CheckOptions {
        markdown_breaks,
        ending,
        max_size,
        allow,
        allow_file,
        entropy,
        comments,
        commit_types,
        scopes,
        max_subject,
        // Of the branch, about which no verdict is given.
        protected: _,
        columns,
        allow_columns,
    } = options;
    serde_json::json!([
        markdown_breaks,
        ending,
        max_size,
        allow,
        allow_file.as_ref().map(crate::project::RelPath::as_str),
        entropy,
        comments.texts(),
        commit_types,
        scopes,
        max_subject,
        columns,
        allow_columns,
    ])
}

/// The record of a run in which `jobs` passed.
fn record(
    hook: Hook,
    tree: ObjectId,
    checked: bool,
    jobs: Vec<Passed>,
    now: u64,
    key: Option<&Key>,
) -> Record {
    let mut record = Record {
        schema: SCHEMA,
        at: i64::try_from(now).unwrap_or_default(),
        hook: hook.name().to_owned(),
        tree: tree.to_string(),
        checked,
        jobs,
        mac: None,
    };
    record.mac = key.and_then(|key| key.sign(&record));
    record
}
