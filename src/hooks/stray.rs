//! What commands wrote and were not to write: in the snapshot's folder it is thrown away, in the
//! work tree it is put back.
//!
//! In the work tree an editor may have written meanwhile. Which of the two it was shows when the
//! commands run once more in the folder: what they change there too was theirs. Anything else
//! was somebody's work and stays.

use super::fixer::Mended;
use super::place::{Difference, of_each};
use super::report::{JobReport, State};
use super::runner::{All, Ended, Runner, Shared, Tool};
use super::snapshot::{Folder, Kept, SnapshotError, put_back};
use crate::config::hooks::{Fix, Job};
use crate::git::{FileStat, Mode, blob_id, native};
use bstr::{BString, ByteSlice};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The tracked files of the work tree at one moment.
pub(super) struct Seen {
    /// By position in git's index; None where there is no file.
    stats: Vec<Option<FileStat>>,
    /// Copies of the files that are in no commit and no index.
    kept: Kept,
}

impl Seen {
    /// Before commands run in the work tree.
    pub(super) fn before(
        runner: &Runner<'_>,
        difference: &Difference<'_>,
    ) -> Result<Self, SnapshotError> {
        let root = &runner.repository.root;
        let kept = Kept::keep(runner.repository, difference.edited().iter())?;
        Ok(Self {
            stats: stats(runner, root),
            kept,
        })
    }
}

fn stats(runner: &Runner<'_>, root: &Path) -> Vec<Option<FileStat>> {
    let work = runner.source.work();
    let stat = |position: usize| {
        let entry = work.entry(position);
        if entry.mode == Mode::Submodule || entry.skip_worktree {
            return None;
        }
        let path = root.join(native(entry.path).ok()?);
        Some(FileStat::of(&path.symlink_metadata().ok()?))
    };
    of_each(work.len(), stat)
}

impl All<'_> {
    /// Puts back what commands wrote in the work tree.
    pub(super) fn strays_of_the_work_tree(&self, ended: &mut Ended) -> Result<(), SnapshotError> {
        let (before, suspects) = {
            let mut shared = self.lock();
            let Some(before) = shared.before.take() else {
                return Ok(());
            };
            (before, shared.in_work_tree.clone())
        };
        let changed = self.changed_files(&before);
        if changed.is_empty() {
            return Ok(());
        }
        let mut theirs: BTreeMap<BString, usize> = BTreeMap::new();
        for number in suspects {
            for path in self.run_again(number, &mut ended.reports[number])? {
                theirs.entry(path).or_insert(number);
            }
        }
        let mut written: BTreeMap<usize, Vec<BString>> = BTreeMap::new();
        for path in changed {
            match theirs.get(&path) {
                None => ended.notes.push(format!(
                    "{path} was written while the hook ran, and not by its commands; it was left as it is"
                )),
                Some(number) => written.entry(*number).or_default().push(path),
            }
        }
        for (number, paths) in written {
            let was = paths
                .iter()
                .map(|path| Ok((path.clone(), self.was(path, &before)?)))
                .collect::<Result<Vec<_>, SnapshotError>>()?;
            let backup = put_back(self.runner.repository, &was)?;
            let report = &mut ended.reports[number];
            let list: Vec<String> = paths.iter().map(ToString::to_string).collect();
            report.fail(
                format!(
                    "it wrote into the work tree ({}), which a job without fix = true may not; this was put back, and what it wrote lies in {}",
                    list.join(", "),
                    backup.display()
                ),
                Some(mend_of_writing(self.tools[number].job)),
            );
        }
        Ok(())
    }

    /// Tracked files whose content or mode is not what it was.
    fn changed_files(&self, before: &Seen) -> Vec<BString> {
        let work = self.runner.source.work();
        let root = &self.runner.repository.root;
        stats(self.runner, root)
            .iter()
            .zip(&before.stats)
            .enumerate()
            .filter(|(_, (now, before))| now != before)
            .map(|(position, _)| work.entry(position).path.to_owned())
            .filter(|path| {
                let was = self.was(path, before).ok().flatten();
                was != Mended::of_file(root, path)
            })
            .collect()
    }

    /// The file at `path` as it was before the commands; None where there was none.
    fn was(&self, path: &BString, before: &Seen) -> Result<Option<Mended>, SnapshotError> {
        let work = self.runner.source.work();
        let Some(position) = work.find(path.as_bstr()) else {
            return Ok(None);
        };
        if before.stats.get(position).is_none_or(Option::is_none) {
            return Ok(None);
        }
        if let Some(kept) = before.kept.get(path) {
            return Ok(Some(kept));
        }
        let entry = work.entry(position);
        let mut content = Vec::new();
        self.runner.objects.reader().blob(entry.id, &mut content)?;
        Ok(Some(Mended {
            content,
            mode: entry.mode,
        }))
    }

    /// Runs a tool once more, in the folder, where nobody else writes; what it says there
    /// counts. Gives the paths that it changed.
    fn run_again(
        &self,
        number: usize,
        report: &mut JobReport,
    ) -> Result<BTreeSet<BString>, SnapshotError> {
        if (self.runner.interrupted)() {
            return Ok(BTreeSet::new());
        }
        let place = self.folder(&mut self.lock())?;
        let touched = || {
            let shared = self.lock();
            shared
                .folder
                .as_ref()
                .map(Folder::marks)
                .unwrap_or_default()
        };
        let before = touched();
        let mut again = JobReport::new(self.tools[number].job);
        again.files = report.files;
        self.work_in(&place, number, &mut again)?;
        let after = touched();
        again.time = report.time;
        *report = again;
        Ok(after
            .into_iter()
            .filter(|(path, mark)| before.get(path) != Some(mark))
            .map(|(path, _)| path)
            .collect())
    }
}

impl Runner<'_> {
    /// Finds what commands wrote in the folder and were not to write.
    pub(super) fn strays_of_the_folder(
        &self,
        tools: &[Tool<'_>],
        shared: &Shared,
        ended: &mut Ended,
    ) {
        let Some(folder) = &shared.folder else { return };
        let mut strays: BTreeMap<BString, Vec<usize>> = BTreeMap::new();
        for path in folder.touched() {
            let position = self.source.index.find(path.as_bstr());
            if position.is_some_and(|position| self.lies_as_it_should(folder, shared, position)) {
                continue;
            }
            let text = path.to_str_lossy().into_owned();
            // A fixer that goes through its whole project may find more than is committed.
            let own = |number: &&usize| {
                let tool = &tools[**number];
                tool.is_fixer() && !tool.command.takes_files() && tool.job.wants(&text)
            };
            if !shared.in_folder.iter().any(|number| own(&number)) {
                strays.insert(path, shared.in_folder.iter().copied().collect());
            }
        }
        for (path, suspects) in strays {
            if let [one] = suspects.as_slice() {
                let report = &mut ended.reports[*one];
                if report.state != State::Failed {
                    report.fail(
                        format!("it changed {path}, which is not its to change; this was undone"),
                        Some(mend_of_writing(tools[*one].job)),
                    );
                }
            } else {
                let names: Vec<&str> = suspects
                    .iter()
                    .map(|one| tools[*one].job.name.as_str())
                    .collect();
                ended.trouble.push(format!(
                    "{path} was changed by one of the jobs {}, none of which may; this was undone",
                    names.join(", ")
                ));
            }
        }
    }

    /// Whether the file is what the last fixer that may left, or what was laid out.
    fn lies_as_it_should(&self, folder: &Folder, shared: &Shared, position: usize) -> bool {
        let entry = self.source.index.entry(position);
        let Some(now) = folder.read(entry.path) else {
            return false;
        };
        if let Some(lying) = shared.lying.get(&position) {
            return now == *lying;
        }
        // Written with what it was.
        let (id, mode) = match shared.mended.get(&position) {
            Some(mended) => (blob_id(&mended.content).ok(), mended.mode),
            None => (Some(entry.id), entry.mode),
        };
        let named = [(entry.path.to_owned(), now.content)];
        let reader = self.objects.reader();
        now.mode == mode
            && folder
                .as_blobs(&named, &reader, self.source.conversion)
                .is_ok_and(|blobs| blobs.first().map(|(found, _)| *found) == id)
    }
}

fn mend_of_writing(job: &Job) -> String {
    match (job.fix, &job.place) {
        (Fix::No, Some(place)) => {
            format!("if it shall rewrite its files, write fix = true at {place}")
        }
        _ => "let it write to the files that it is given alone".to_owned(),
    }
}
