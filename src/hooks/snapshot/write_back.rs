//! Puts fixes into the index and, merged three ways, into the files of the work tree.
//!
//! Everything is made ready first and written into the journal; then each file trades places
//! with its ready successor in one step, and what comes out is compared with what was merged: a
//! file that an editor wrote meanwhile goes back and is merged anew. Putting the ready index
//! into place ends it. Whatever fails before takes all of it back.

use super::backup::{self, FileStep, IndexStep, Journal, Run};
use super::{SnapshotError, at};
use crate::git::{Draft, Executable, Index, Mode, ObjectId, Objects, Replacement, Repository};
use crate::git::{GitError, native, patch};
use crate::hooks::fixer::Mended;
use bstr::{BStr, BString, ByteSlice};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often files that change meanwhile are merged anew.
const ATTEMPTS: usize = 5;
/// How long another git process may hold the index.
const PATIENCE: Duration = Duration::from_secs(2);

/// One path mended.
#[derive(Debug, Clone)]
pub(in crate::hooks) struct Fix {
    pub(in crate::hooks) path: BString,
    /// What is staged.
    pub(in crate::hooks) before: ObjectId,
    pub(in crate::hooks) base: Vec<u8>,
    /// What shall be, as git stores it.
    pub(in crate::hooks) fixed: Vec<u8>,
    pub(in crate::hooks) mode: Mode,
}

/// A fix that did not go into the work tree's file: neither this nor the index was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub path: BString,
    /// From what is staged to what the fix would have made of it.
    pub patch: String,
}

#[derive(Debug, Default)]
pub(in crate::hooks) struct Written {
    pub(in crate::hooks) taken: Vec<BString>,
    pub(in crate::hooks) refused: Vec<Refused>,
    /// Where everything is as it was before.
    pub(in crate::hooks) backup: Option<PathBuf>,
}

/// Where fixes go.
pub(in crate::hooks) struct Target<'t> {
    pub(in crate::hooks) repository: &'t Repository,
    pub(in crate::hooks) hook: &'t str,
    pub(in crate::hooks) objects: &'t Objects,
    /// The index of the commit.
    pub(in crate::hooks) index: &'t Index,
    /// The one that takes its place afterwards, where `git commit PATH` has two.
    pub(in crate::hooks) next: Option<&'t Index>,
    /// Asked between steps: whether to take everything back and stop.
    pub(in crate::hooks) interrupted: &'t dyn Fn() -> bool,
}

/// The work tree's file as it was read.
struct Present {
    content: Vec<u8>,
    metadata: fs::Metadata,
}

/// One fix made ready.
struct Ready {
    step: FileStep,
    /// What the work tree's file must still be; None where it is not written.
    present: Option<Vec<u8>>,
}

enum Attempt {
    Done(Option<PathBuf>),
    /// A file was written by somebody else: merge anew.
    Again(Run),
}

impl Target<'_> {
    /// Writes `fixes`, all or none but the refused.
    ///
    /// # Errors
    /// The index is held or was changed by another process, the disk is full, or shipway was
    /// interrupted: everything is as it was.
    pub(in crate::hooks) fn write(
        &self,
        mut run: Run,
        fixes: &[Fix],
    ) -> Result<Written, SnapshotError> {
        for _ in 0..ATTEMPTS {
            let mut written = Written::default();
            let mut ready = Vec::new();
            for fix in fixes {
                match self.make_ready(&run, fix, ready.len())? {
                    Some(one) => {
                        written.taken.push(fix.path.clone());
                        ready.push((fix, one));
                    }
                    None => written.refused.push(Refused {
                        path: fix.path.clone(),
                        patch: patch::unified(&fix.path.to_str_lossy(), &fix.base, &fix.fixed),
                    }),
                }
            }
            if ready.is_empty() {
                return Ok(written);
            }
            match self.attempt(run, &mut ready)? {
                Attempt::Done(backup) => {
                    written.backup = backup;
                    return Ok(written);
                }
                Attempt::Again(again) => run = again,
            }
        }
        Err(SnapshotError::KeepsChanging)
    }

    /// Merges one fix and stores what goes into the work tree. None where it does not merge.
    fn make_ready(
        &self,
        run: &Run,
        fix: &Fix,
        number: usize,
    ) -> Result<Option<Ready>, SnapshotError> {
        let blob = run.folder().join(format!("blob-{number}"));
        fs::write(&blob, &fix.fixed).map_err(at(&blob))?;
        let after = crate::git::blob_id(&fix.fixed)?;
        let mut step = FileStep::new(&fix.path, fix.before, after, fix.mode);
        let place = self.repository.root.join(native(fix.path.as_bstr())?);
        let Some(present) = self.present(fix.path.as_bstr(), &place)? else {
            return Ok(Some(Ready {
                step,
                present: None,
            }));
        };
        let Some(merged) = patch::merge(&fix.base, &present.content, &fix.fixed) else {
            return Ok(None);
        };
        let bits = wanted_bits(&present.metadata, fix.mode);
        if merged == present.content && bits.is_none() {
            return Ok(Some(Ready {
                step,
                present: None,
            }));
        }
        step.number = Some(number);
        if !same_device(run.folder(), &place) {
            step.beside = Some(beside(&place, number));
        }
        let file = ready_place(run, &step, number);
        store(&file, &merged, &present, bits)?;
        step.identity = identity(&file);
        step.content = crate::git::blob_id(&merged)?.to_string();
        Ok(Some(Ready {
            step,
            present: Some(present.content),
        }))
    }

    /// None where there is no file of the user's to write: deleted, a link, a folder, outside of
    /// the sparse checkout, or behind a link to elsewhere.
    fn present(&self, path: &BStr, place: &Path) -> Result<Option<Present>, SnapshotError> {
        if !is_inside(&self.repository.root, path)? {
            return Ok(None);
        }
        let metadata = match place.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(place)(error)),
        };
        let content = fs::read(place).map_err(at(place))?;
        Ok(Some(Present { content, metadata }))
    }

    fn attempt(&self, mut run: Run, ready: &mut [(&Fix, Ready)]) -> Result<Attempt, SnapshotError> {
        let drafts = self.drafts(&run, ready)?;
        let _turn = turn(self.repository)?;
        let locked = self.lock(&drafts);
        let result = locked.and_then(|()| self.exchange_all(&mut run, ready, &drafts));
        match result {
            Ok(true) => Ok(Attempt::Done(run.finish(self.repository)?)),
            Ok(false) => {
                unlock(&drafts);
                run.forget()?;
                Ok(Attempt::Again(run))
            }
            Err(error) => {
                unlock(&drafts);
                run.forget()?;
                Err(error)
            }
        }
    }

    /// Writes the blobs and makes the index files ready.
    fn drafts(&self, run: &Run, ready: &[(&Fix, Ready)]) -> Result<Vec<Draft>, SnapshotError> {
        let blobs: Vec<PathBuf> = (0..ready.len())
            .map(|number| run.folder().join(format!("blob-{number}")))
            .collect();
        let ids = self.objects.write(&blobs)?;
        for blob in &blobs {
            fs::remove_file(blob).map_err(at(blob))?;
        }
        // What was staged may soon be in no commit, and no `git gc` shall take it.
        for (number, (fix, _)) in ready.iter().enumerate() {
            let base = run.folder().join(format!("base-{number}"));
            fs::write(&base, &fix.base).map_err(at(&base))?;
        }
        let replacements: Vec<(ObjectId, Replacement)> = ready
            .iter()
            .zip(ids)
            .map(|((fix, _), id)| {
                let replacement = Replacement {
                    path: fix.path.clone(),
                    mode: fix.mode,
                    id,
                };
                (fix.before, replacement)
            })
            .collect();
        let git = Executable::new(&self.repository.git_dir, Some(&self.repository.root));
        let mut drafts = Vec::new();
        for (number, index) in [Some(self.index), self.next]
            .into_iter()
            .flatten()
            .enumerate()
        {
            if let Some(file) = index.file() {
                let kept = run.folder().join(format!("index-before-{number}"));
                fs::copy(file, &kept).map_err(at(&kept))?;
            }
            let own: Vec<Replacement> = replacements
                .iter()
                .filter(|(before, replacement)| {
                    index
                        .find(replacement.path.as_bstr())
                        .is_some_and(|position| index.entry(position).id == *before)
                })
                .map(|(_, replacement)| replacement.clone())
                .collect();
            let draft = run.folder().join(format!("index-{number}"));
            drafts.push(Draft::prepare(&git, index, draft, &own)?);
        }
        Ok(drafts)
    }

    fn lock(&self, drafts: &[Draft]) -> Result<(), SnapshotError> {
        let deadline = Instant::now() + PATIENCE;
        for draft in drafts {
            loop {
                match draft.lock() {
                    Ok(()) => break,
                    Err(GitError::Locked(_)) if Instant::now() < deadline => {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        for index in [Some(self.index), self.next].into_iter().flatten() {
            if !index.is_current() {
                let file = index.file().unwrap_or(Path::new("")).to_owned();
                return Err(GitError::Changed(file).into());
            }
        }
        Ok(())
    }

    /// Everything in place: true. A file changed meanwhile: false, and an error is an error; in
    /// both cases all is as before.
    fn exchange_all(
        &self,
        run: &mut Run,
        ready: &[(&Fix, Ready)],
        drafts: &[Draft],
    ) -> Result<bool, SnapshotError> {
        let files = ready.iter().map(|(_, ready)| ready.step.clone()).collect();
        let mut journal = Journal::of_files(self.hook, files);
        journal.indexes = drafts
            .iter()
            .map(|draft| IndexStep {
                target: draft.target.clone(),
                lock: draft.lock.clone(),
                identity: identity(&draft.file),
            })
            .collect();
        run.begin(&journal)?;
        let mut done: Vec<(PathBuf, PathBuf)> = Vec::new();
        let mut outcome = Ok(true);
        for (fix, ready) in ready {
            let (Some(number), Some(present)) = (ready.step.number, &ready.present) else {
                continue;
            };
            if (self.interrupted)() {
                outcome = Err(SnapshotError::Interrupted);
                break;
            }
            let place = self.repository.root.join(native(fix.path.as_bstr())?);
            let new = ready_place(run, &ready.step, number);
            match exchange(&new, &place) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    outcome = Ok(false);
                    break;
                }
                Err(error) => {
                    outcome = Err(at(&place)(error));
                    break;
                }
            }
            done.push((new.clone(), place));
            let same = new.symlink_metadata().is_ok_and(|now| now.is_file())
                && fs::read(&new).is_ok_and(|old| old == *present);
            if !same {
                outcome = Ok(false);
                break;
            }
        }
        if let Ok(true) = outcome {
            // The index of the commit last: its being in place says that all is done.
            for draft in drafts.iter().rev() {
                if let Err(error) = draft.install() {
                    outcome = Err(error.into());
                    break;
                }
            }
        }
        if !matches!(outcome, Ok(true)) {
            for (old, place) in done.iter().rev() {
                exchange(old, place).map_err(at(place))?;
            }
        }
        for (_, ready) in ready {
            if let (Some(beside), Some(number)) = (&ready.step.beside, ready.step.number) {
                if let Ok(true) = outcome {
                    let kept = run.content(number);
                    fs::copy(beside, &kept).map_err(at(&kept))?;
                }
                fs::remove_file(beside).map_err(at(beside))?;
            }
        }
        outcome
    }
}

fn ready_place(run: &Run, step: &FileStep, number: usize) -> PathBuf {
    step.beside.clone().unwrap_or_else(|| run.content(number))
}

fn unlock(drafts: &[Draft]) {
    for draft in drafts {
        draft.unlock();
    }
}

/// Device and inode.
pub(super) fn identity(file: &Path) -> (u64, u64) {
    file.symlink_metadata()
        .map_or((0, 0), |metadata| identity_of(&metadata))
}

pub(super) fn identity_of(metadata: &fs::Metadata) -> (u64, u64) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        (0, 0)
    }
}

fn same_device(a: &Path, b: &Path) -> bool {
    identity(a).0 == identity(b).0
}

/// A name beside `place` for what goes there.
fn beside(place: &Path, number: usize) -> PathBuf {
    let name = format!(".shipway-{}-{number}", std::process::id());
    place.with_file_name(name)
}

/// Whether no folder on the way to `path` is a link.
fn is_inside(root: &Path, path: &BStr) -> Result<bool, SnapshotError> {
    let mut place = root.to_owned();
    let parts: Vec<&[u8]> = path.split_str("/").collect();
    for part in &parts[..parts.len() - 1] {
        place.push(native(part.as_bstr())?);
        match place.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Permission bits that differ from what the file has, where `mode` asks for others.
fn wanted_bits(metadata: &fs::Metadata, mode: Mode) -> Option<u32> {
    #[cfg(unix)]
    {
        let bits = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
        let wanted = match mode {
            // Whoever may read may run.
            Mode::Executable if bits & 0o100 == 0 => bits | ((bits & 0o444) >> 2),
            Mode::Regular if bits & 0o111 != 0 => bits & !0o111,
            _ => bits,
        };
        (wanted != bits).then_some(wanted)
    }
    #[cfg(not(unix))]
    {
        let _ = (metadata, mode);
        None
    }
}

/// Writes a file that shall take the place of `present`, with its owner and permissions.
fn store(
    file: &Path,
    content: &[u8],
    present: &Present,
    bits: Option<u32>,
) -> Result<(), SnapshotError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut target = options.open(file).map_err(at(file))?;
    target.write_all(content).map_err(at(file))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let now = target.metadata().map_err(at(file))?;
        let wanted = &present.metadata;
        if (now.uid(), now.gid()) != (wanted.uid(), wanted.gid()) {
            std::os::unix::fs::fchown(&target, Some(wanted.uid()), Some(wanted.gid()))
                .map_err(at(file))?;
        }
        let bits = bits.unwrap_or_else(|| wanted.permissions().mode() & 0o7777);
        target
            .set_permissions(fs::Permissions::from_mode(bits))
            .map_err(at(file))?;
    }
    let _ = (present, bits);
    Ok(())
}

/// Writes what a file was, with owner and permissions of the one at its place where there is one.
pub(super) fn store_like(
    file: &Path,
    was: &Mended,
    present: Option<&fs::Metadata>,
) -> Result<(), SnapshotError> {
    #[cfg(unix)]
    if was.mode == Mode::Symlink {
        return std::os::unix::fs::symlink(was.content.to_path_lossy(), file).map_err(at(file));
    }
    fs::write(file, &was.content).map_err(at(file))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let executable = was.mode == Mode::Executable;
        let bits = match present.filter(|present| present.is_file()) {
            Some(present) => wanted_bits(present, was.mode)
                .unwrap_or_else(|| present.permissions().mode() & 0o7777),
            None if executable => 0o755,
            None => 0o644,
        };
        fs::set_permissions(file, fs::Permissions::from_mode(bits)).map_err(at(file))?;
    }
    let _ = present;
    Ok(())
}

/// `a` and `b` trade places. Where the file system cannot do this in one step, `b` is never
/// missing, and [`mend_exchange`] puts right what a kill leaves.
pub(super) fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return other.map_err(Into::into),
        }
    }
    let aside = aside(a);
    if fs::hard_link(b, &aside).is_err() {
        fs::copy(b, &aside)?;
    }
    fs::rename(a, b)?;
    fs::rename(&aside, a)
}

fn aside(a: &Path) -> PathBuf {
    let mut name = a.as_os_str().to_os_string();
    name.push(".aside");
    name.into()
}

/// Ends or takes back an exchange of `a` that was cut short.
pub(super) fn mend_exchange(a: &Path) -> std::io::Result<()> {
    let aside = aside(a);
    if aside.symlink_metadata().is_err() {
        return Ok(());
    }
    if a.symlink_metadata().is_ok() {
        fs::remove_file(aside)
    } else {
        fs::rename(aside, a)
    }
}

/// The right to write into this work tree; waits for another run that has it.
pub(super) fn turn(repository: &Repository) -> Result<File, SnapshotError> {
    let file = backup::parent(repository).join("write.lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&file)
        .map_err(at(&file))?;
    lock.lock().map_err(at(&file))?;
    Ok(lock)
}
