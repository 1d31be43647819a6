//! The verdicts of one run: those that let it leave jobs out, and those that it gives.

use super::ledger::{self, Ledger};
use super::tool::Tools;
use super::{Question, share};
use crate::config::hooks::{Hook, Job, Patterns};
use crate::git::{GitError, Index, ObjectId, Reader, Revisions, Surroundings};
use crate::hooks::builtin::Looking;
use crate::hooks::report::{Report, State, Verdict};
use crate::hooks::source::Source;
use crate::hooks::{Request, Scope};
use jiff::SignedDuration;

/// Commits named in a note; the rest is counted.
const NAMED: usize = 10;
/// Digits of a commit's id in a note.
const DIGITS: usize = 12;

pub(in crate::hooks) struct Memory<'m> {
    surroundings: &'m Surroundings,
    request: &'m Request<'m>,
    exclude: &'m Patterns,
    /// None where no verdict can be given about what the run looks at.
    question: Option<Question>,
    /// Where jobs may be left out.
    ledger: Option<Ledger>,
    tools: Tools<'m>,
    left_out: usize,
}

impl<'m> Memory<'m> {
    pub(in crate::hooks) fn open(
        surroundings: &'m Surroundings,
        request: &'m Request<'m>,
        source: &'m Source,
        merge: bool,
        exclude: &'m Patterns,
        reader: &Reader,
    ) -> Result<Self, GitError> {
        let repository = &surroundings.repository;
        let question = if request.hook.has_files() && !request.history {
            Question::new(repository, source, &request.scope, merge, reader)?
        } else {
            None
        };
        let ledger = match &question {
            Some(question) if request.missing => Some(Ledger::read(
                repository,
                question.tree,
                request.key,
                request.ci,
                request.now,
            )?),
            _ => None,
        };
        Ok(Self {
            surroundings,
            request,
            exclude,
            question,
            ledger,
            tools: Tools::new(repository, request.path, source),
            left_out: 0,
        })
    }

    /// Why the job need not run; None where it must.
    pub(in crate::hooks) fn covers(&mut self, looking: &Looking<'_>) -> Option<String> {
        let (question, ledger) = (self.question.as_ref()?, self.ledger.as_ref()?);
        let wanted = question.of(looking, self.request.hook, self.exclude, &mut self.tools)?;
        let at = ledger.covers(&wanted)?;
        self.left_out += 1;
        // A hash in the place of a version is known by its first digits.
        let tool = match wanted.tool.get(..12) {
            Some(first) if wanted.tool.len() == 64 && !wanted.tool.contains(' ') => first,
            _ => &wanted.tool,
        };
        Some(format!(
            "passed on exactly this tree {} ago, as {tool}",
            since(at, self.request.now),
        ))
    }

    /// Says what was left out, and in CI which commits came unchecked.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub(in crate::hooks) fn explain(&self, report: &mut Report) -> Result<(), GitError> {
        let Some(ledger) = &self.ledger else {
            return Ok(());
        };
        if self.left_out > 0 {
            report.notes.push(format!(
                "{} of {} jobs left out: a verdict says that they passed on exactly this tree",
                self.left_out,
                report.jobs.len()
            ));
        }
        if !self.request.ci {
            return Ok(());
        }
        if self.request.key.is_none() {
            report.notes.push(format!(
                "every job runs: without {} no verdict counts in CI",
                super::VARIABLE
            ));
        }
        if !ledger.shared {
            report.notes.push(format!(
                "which commits came unchecked is not known: {} is not here; shipway hooks sync \
                 fetches it",
                share::REF
            ));
            return Ok(());
        }
        let commits = self.commits()?;
        report.unchecked = self.unchecked(ledger, &commits)?;
        if !report.unchecked.is_empty() {
            report
                .notes
                .push(sentence(&report.unchecked, commits.len()));
        }
        Ok(())
    }

    /// The commits that the run is about.
    fn commits(&self) -> Result<Vec<ObjectId>, GitError> {
        let repository = &self.surroundings.repository;
        match &self.request.scope {
            Scope::Range { from, to } => {
                let revisions = Revisions::open(repository)?;
                let ids = |text: &str| revisions.commit(text).map(|commit| commit.id);
                let (tip, known): (Vec<_>, Vec<_>) = (
                    ids(to).into_iter().collect(),
                    ids(from).into_iter().collect(),
                );
                revisions.between(&tip, &known)
            }
            _ => Ok(repository.head_id().into_iter().collect()),
        }
    }

    fn unchecked(&self, ledger: &Ledger, commits: &[ObjectId]) -> Result<Vec<ObjectId>, GitError> {
        let revisions = Revisions::open(&self.surroundings.repository)?;
        let mut unchecked = Vec::new();
        for commit in commits {
            if !ledger.has_checked(revisions.tree_of(*commit)?) {
                unchecked.push(*commit);
            }
        }
        Ok(unchecked)
    }

    /// Remembers what passed. Where anything was mended, what others saw is not what the commit
    /// has: then only that the hook let it through.
    ///
    /// # Errors
    /// When the index that was mended cannot be read.
    pub(in crate::hooks) fn keep(
        mut self,
        report: &Report,
        looked: &[&Job],
        verdict: Verdict,
    ) -> Result<(), GitError> {
        let Some(question) = &self.question else {
            return Ok(());
        };
        if report.trouble.is_some() || verdict == Verdict::Interrupted {
            return Ok(());
        }
        let mended = report.jobs.iter().any(|job| !job.fixed.is_empty());
        let tree = if mended {
            Index::read(&self.surroundings.index)?.written_tree()?
        } else {
            Some(question.tree)
        };
        let Some(tree) = tree else {
            return Ok(());
        };
        let hook = self.request.hook;
        let checked = verdict == Verdict::Passed
            && self.request.scope == Scope::Staged
            && matches!(hook, Hook::PreCommit | Hook::PreMergeCommit)
            && self.request.choice.only.is_empty();
        let passed: Vec<_> = looked
            .iter()
            .filter(|job| {
                let mut reports = report.jobs.iter();
                !mended && reports.any(|one| one.name == job.name && one.state == State::Passed)
            })
            .filter_map(|job| {
                let looking = Looking::new(job, false);
                question.of(&looking, hook, self.exclude, &mut self.tools)
            })
            .filter(Question::is_repeatable)
            .collect();
        self.tools.keep();
        if checked || !passed.is_empty() {
            let now = self.request.now;
            let record = super::record(hook, tree, checked, passed, now, self.request.key);
            ledger::keep(&self.surroundings.repository, &record);
        }
        Ok(())
    }
}

/// `3m`, `2h 5m`; in whole minutes from one on.
fn since(at: i64, now: u64) -> String {
    let seconds = i64::try_from(now)
        .unwrap_or_default()
        .saturating_sub(at)
        .max(0);
    let whole = if seconds < 60 {
        seconds
    } else {
        seconds / 60 * 60
    };
    format!("{:#}", SignedDuration::from_secs(whole))
}

fn sentence(unchecked: &[ObjectId], all: usize) -> String {
    let mut names: Vec<String> = unchecked
        .iter()
        .take(NAMED)
        .map(|id| id.to_string()[..DIGITS].to_owned())
        .collect();
    if unchecked.len() > NAMED {
        names.push(format!("{} more", unchecked.len() - NAMED));
    }
    format!(
        "{} of {all} commits came unchecked (--no-verify, a rebase, or a clone without hooks): {}",
        unchecked.len(),
        names.join(", ")
    )
}
