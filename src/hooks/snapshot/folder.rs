//! The snapshot as a folder: the staged tree laid out beside git's own files, for tools that
//! need files where those of the user are not what will be committed.
//!
//! It stays from run to run and only what differs is written anew. To git it is a linked work
//! tree whose index is the snapshot's, so a tool that calls git there sees what is staged. No
//! file of it is one of the user's under a second name: a tool may write what it likes. What
//! git ignores in the user's work tree (dependencies, caches, settings) is linked in.

use super::{SnapshotError, at};
use crate::git::{
    Conversion, Executable, FileStat, Index, Mode, Reader, Repository, blob_id, manifest, native,
};
use crate::hooks::bytes::{Bytes, BytesReader};
use crate::hooks::fixer::Mended;
use crate::hooks::source::Source;
use bstr::{BStr, BString, ByteSlice};
use gix_hash::ObjectId;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Folders kept side by side, for runs that overlap (tests of a push, a commit meanwhile).
const SLOTS: usize = 8;

/// Ignored things that a tool does better without: written per path, or by the file browser.
const NOT_LINKED: &[&str] = &["__pycache__", ".DS_Store"];

/// One path that shall be in the folder.
#[derive(Debug, Clone, Copy)]
pub(in crate::hooks) struct Wanted<'w> {
    pub(in crate::hooks) path: &'w BStr,
    pub(in crate::hooks) id: ObjectId,
    pub(in crate::hooks) mode: Mode,
    pub(in crate::hooks) content: Content<'w>,
    /// In the commit, but outside of a sparse checkout: not laid out.
    pub(in crate::hooks) skipped: bool,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::hooks) enum Content<'w> {
    /// That of this entry of the index.
    Entry(usize),
    /// Mended already.
    Bytes(&'w [u8]),
}

/// A folder that is held by this run.
pub(in crate::hooks) struct Folder {
    /// Where it is a git directory: index, HEAD.
    git_dir: PathBuf,
    /// The laid out tree. Its name is the repository's folder's, for tools that go by it.
    tree: PathBuf,
    /// Paths as they were laid out, sorted.
    laid: BTreeMap<BString, Laid>,
    /// Held while this run uses it.
    _lock: File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Laid {
    id: ObjectId,
    mode: Mode,
    stat: FileStat,
    skipped: bool,
}

impl Folder {
    /// Takes a folder of `repository` that no other run has.
    ///
    /// # Errors
    /// When none is free, or git's own folder cannot be written.
    pub(in crate::hooks) fn take(repository: &Repository) -> Result<Self, SnapshotError> {
        let parent = repository.private_dir.join("snapshot");
        fs::create_dir_all(&parent).map_err(at(&parent))?;
        for slot in 0..SLOTS {
            let lock_file = parent.join(format!("{slot}.lock"));
            let lock = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&lock_file)
                .map_err(at(&lock_file))?;
            if lock.try_lock().is_err() {
                continue;
            }
            let git_dir = parent.join(slot.to_string());
            let name = repository.root.file_name().unwrap_or("tree".as_ref());
            let tree = git_dir.join("tree").join(name);
            fs::create_dir_all(&tree).map_err(at(&tree))?;
            // Of a run that was killed here.
            let _ = fs::remove_file(git_dir.join("index.lock"));
            let mut folder = Self {
                git_dir,
                tree,
                laid: BTreeMap::new(),
                _lock: lock,
            };
            folder.join(repository)?;
            folder.recall();
            return Ok(folder);
        }
        Err(SnapshotError::Busy(parent))
    }

    pub(in crate::hooks) fn tree(&self) -> &Path {
        &self.tree
    }

    /// git, run in this folder.
    pub(super) fn git(&self) -> Executable {
        Executable::new(&self.git_dir, Some(&self.tree))
    }

    /// Makes it a linked work tree of `repository`, at no branch.
    fn join(&self, repository: &Repository) -> Result<(), SnapshotError> {
        let write = |file: PathBuf, text: String| {
            if fs::read_to_string(&file).is_ok_and(|present| present == text) {
                return Ok(());
            }
            fs::write(&file, text).map_err(at(&file))
        };
        let unborn = || "ref: refs/heads/snapshot".to_owned();
        let head = repository.head.clone().unwrap_or_else(unborn);
        write(self.git_dir.join("HEAD"), format!("{head}\n"))?;
        let common = repository.common_dir.display();
        write(self.git_dir.join("commondir"), format!("{common}\n"))?;
        let link = self.tree.join(".git");
        write(self.git_dir.join("gitdir"), format!("{}\n", link.display()))?;
        write(link, format!("gitdir: {}\n", self.git_dir.display()))
    }

    /// What an earlier run left, as far as its index proves it unchanged.
    fn recall(&mut self) {
        // A broken index means that everything is laid out anew.
        let Ok(index) = Index::read(&self.git_dir.join("index")) else {
            return;
        };
        let tree = &self.tree;
        self.laid = (0..index.len())
            .into_par_iter()
            .filter_map(|position| {
                let entry = index.entry(position);
                let laid = |stat| Laid {
                    id: entry.id,
                    mode: entry.mode,
                    stat,
                    skipped: entry.skip_worktree,
                };
                if entry.skip_worktree {
                    return Some((entry.path.to_owned(), laid(FileStat::default())));
                }
                let path = tree.join(native(entry.path).ok()?);
                let stat = FileStat::of(&path.symlink_metadata().ok()?);
                index
                    .proves(&entry, &stat)
                    .then(|| (entry.path.to_owned(), laid(stat)))
            })
            .collect();
    }

    /// Lays out `wanted` of `source`, sorted by path, and nothing else but links to what git
    /// ignores in the work tree of `repository`.
    pub(in crate::hooks) fn lay_out(
        &mut self,
        repository: &Repository,
        wanted: &[Wanted<'_>],
        source: &Source,
        bytes: &Bytes<'_>,
    ) -> Result<(), SnapshotError> {
        let stale = |wanted: &Wanted| {
            self.laid.get(wanted.path).is_none_or(|laid| {
                (laid.id, laid.mode, laid.skipped) != (wanted.id, wanted.mode, wanted.skipped)
            })
        };
        let missing: Vec<&Wanted> = wanted.iter().filter(|wanted| stale(wanted)).collect();
        let keep: HashSet<&BStr> = wanted.iter().map(|wanted| wanted.path).collect();
        let links = ignored(repository)?;
        let dropped: Vec<BString> = self
            .laid
            .keys()
            .filter(|path| !keep.contains(path.as_bstr()))
            .cloned()
            .collect();
        for path in dropped {
            self.laid.remove(&path);
        }
        self.sweep(repository, &keep, &links)?;
        self.make_folders(&missing)?;
        let plain: Vec<&&Wanted> = missing
            .iter()
            .filter(|wanted| !wanted.skipped && wanted.mode != Mode::Submodule)
            .collect();
        // With several threads each has its own reader.
        let by_git: Vec<&BStr> = plain
            .par_iter()
            .map_init(
                || (bytes.reader(), Vec::new()),
                |(reader, buffer), wanted| {
                    self.put(wanted, repository, source, reader, buffer)
                        .map(|done| (!done).then_some(wanted.path))
                },
            )
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        if !by_git.is_empty() {
            self.check_out(wanted, &by_git)?;
        }
        for wanted in &missing {
            let stat = if wanted.skipped || wanted.mode == Mode::Submodule {
                FileStat::default()
            } else {
                let path = self.place(wanted.path)?;
                FileStat::of(&path.symlink_metadata().map_err(at(&path))?)
            };
            self.laid.insert(
                wanted.path.to_owned(),
                Laid {
                    id: wanted.id,
                    mode: wanted.mode,
                    stat,
                    skipped: wanted.skipped,
                },
            );
        }
        self.link(repository, &links)?;
        self.note(wanted)
    }

    fn place(&self, path: &BStr) -> Result<PathBuf, SnapshotError> {
        Ok(self.tree.join(native(path)?))
    }

    /// Writes one path; false where git must, because a conversion may apply.
    fn put(
        &self,
        wanted: &Wanted<'_>,
        repository: &Repository,
        source: &Source,
        reader: &mut BytesReader<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<bool, SnapshotError> {
        let target = self.place(wanted.path)?;
        let content = match wanted.content {
            Content::Bytes(content) => content,
            Content::Entry(position) => {
                let file = repository.root.join(native(wanted.path)?);
                if wanted.mode.is_file() {
                    let copied = source
                        .in_work(position)
                        .is_some_and(|at| copy_proven(&file, &target, source.work(), at));
                    if copied || source.conversion != Conversion::None {
                        return Ok(copied);
                    }
                }
                source.read(position, reader, buffer)?;
                buffer
            }
        };
        if wanted.mode == Mode::Symlink {
            #[cfg(unix)]
            std::os::unix::fs::symlink(content.to_path_lossy(), &target).map_err(at(&target))?;
            return Ok(true);
        }
        write_new(&target, content, wanted.mode)?;
        Ok(true)
    }

    /// Lets git write `paths`, with its conversions but without fetching large files.
    fn check_out(&self, wanted: &[Wanted<'_>], paths: &[&BStr]) -> Result<(), SnapshotError> {
        let entries: Vec<manifest::Laid> = wanted
            .iter()
            .map(|wanted| manifest::Laid {
                path: wanted.path,
                id: wanted.id,
                mode: wanted.mode,
                stat: FileStat::default(),
                skipped: wanted.skipped,
            })
            .collect();
        manifest::write(&self.git_dir.join("index"), &entries)?;
        let mut list = Vec::new();
        for path in paths {
            list.extend_from_slice(path);
            list.push(0);
        }
        self.git()
            .with_env("GIT_LFS_SKIP_SMUDGE", "1")
            .output(&["checkout-index", "--force", "-z", "--stdin"], &list)?;
        Ok(())
    }

    /// The index of the folder, with what is known of its files.
    fn note(&self, wanted: &[Wanted<'_>]) -> Result<(), SnapshotError> {
        let entries: Vec<manifest::Laid> = wanted
            .iter()
            .filter_map(|wanted| {
                let laid = self.laid.get(wanted.path)?;
                Some(manifest::Laid {
                    path: wanted.path,
                    id: laid.id,
                    mode: laid.mode,
                    stat: laid.stat,
                    skipped: laid.skipped,
                })
            })
            .collect();
        Ok(manifest::write(&self.git_dir.join("index"), &entries)?)
    }

    fn make_folders(&self, missing: &[&Wanted<'_>]) -> Result<(), SnapshotError> {
        let mut made: HashSet<&[u8]> = HashSet::new();
        for wanted in missing {
            if wanted.skipped {
                continue;
            }
            let path: &[u8] = wanted.path;
            let Some(slash) = path.rfind_byte(b'/') else {
                continue;
            };
            if made.insert(&path[..slash]) {
                let folder = self.place(path[..slash].as_bstr())?;
                fs::create_dir_all(&folder).map_err(at(&folder))?;
            }
        }
        Ok(())
    }

    /// Takes away what is neither laid out, nor a link of `links`, nor ignored by git (a cache
    /// that a tool keeps here).
    fn sweep(
        &self,
        repository: &Repository,
        keep: &HashSet<&BStr>,
        links: &[BString],
    ) -> Result<(), SnapshotError> {
        let folders: HashSet<&[u8]> = keep
            .iter()
            .flat_map(|path| {
                let path: &[u8] = path;
                path.rfind_iter(b"/").map(move |slash| &path[..slash])
            })
            .collect();
        let links: HashSet<&[u8]> = links.iter().map(|path| path.as_slice()).collect();
        let mut open = vec![BString::default()];
        while let Some(folder) = open.pop() {
            let place = self.place(folder.as_bstr())?;
            for entry in fs::read_dir(&place).map_err(at(&place))? {
                let entry = entry.map_err(at(&place))?;
                let mut path = folder.clone();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(entry.file_name().as_encoded_bytes());
                if path == ".git" || self.laid.contains_key(&path) {
                    continue;
                }
                let kind = entry.file_type().map_err(at(&entry.path()))?;
                if kind.is_dir() && folders.contains(path.as_slice()) {
                    open.push(path);
                    continue;
                }
                let known = links.contains(path.as_slice()) && kind.is_symlink();
                let wanted = keep.contains(path.as_bstr());
                let cache = !kind.is_symlink()
                    && !wanted
                    && path.to_str().is_ok_and(|path| {
                        crate::project::RelPath::parse(path)
                            .is_ok_and(|path| crate::git::is_ignored(&repository.root, &path))
                    });
                if !known && !cache {
                    remove(&entry.path(), kind.is_dir()).map_err(at(&entry.path()))?;
                }
            }
        }
        Ok(())
    }

    /// Links `links` and the checked out submodules in.
    fn link(&self, repository: &Repository, links: &[BString]) -> Result<(), SnapshotError> {
        let submodules = self
            .laid
            .iter()
            .filter(|(_, laid)| laid.mode == Mode::Submodule)
            .map(|(path, _)| path);
        for path in links.iter().chain(submodules) {
            let (original, target) = (
                repository.root.join(native(path.as_bstr())?),
                self.place(path.as_bstr())?,
            );
            if target.symlink_metadata().is_ok() || !original.exists() {
                continue;
            }
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).map_err(at(folder))?;
            }
            #[cfg(unix)]
            std::os::unix::fs::symlink(&original, &target).map_err(at(&target))?;
        }
        Ok(())
    }

    /// The file at `path` as it lies there; None where it is gone, or no file any more.
    pub(in crate::hooks) fn read(&self, path: &BStr) -> Option<Mended> {
        Mended::of_file(&self.tree, &path.to_owned()).filter(|now| now.mode.is_file())
    }

    /// Makes the file at `path` what it was.
    pub(in crate::hooks) fn put_back(
        &self,
        path: &BStr,
        was: &Mended,
    ) -> Result<(), SnapshotError> {
        if self.read(path).as_ref() == Some(was) {
            return Ok(());
        }
        let place = self.place(path)?;
        if let Ok(metadata) = place.symlink_metadata() {
            remove(&place, metadata.is_dir()).map_err(at(&place))?;
        } else if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        write_new(&place, &was.content, was.mode)
    }

    /// Paths that are not as they were laid out.
    pub(in crate::hooks) fn touched(&self) -> Vec<BString> {
        self.marks().into_keys().collect()
    }

    /// The same, with what the file is by its metadata; None where it is gone.
    pub(in crate::hooks) fn marks(&self) -> BTreeMap<BString, Option<FileStat>> {
        let paths: Vec<(&BString, &Laid)> = self.laid.iter().collect();
        paths
            .par_iter()
            .filter(|(_, laid)| !laid.skipped && laid.mode != Mode::Submodule)
            .filter_map(|(path, laid)| {
                let place = self.place(path.as_bstr()).ok()?;
                let now = place.symlink_metadata().ok();
                let now = now.map(|metadata| FileStat::of(&metadata));
                (now != Some(laid.stat)).then(|| ((*path).clone(), now))
            })
            .collect()
    }

    /// The id that the file at `path` would have in git, after the conversions that apply to
    /// it, and the content under this id.
    pub(in crate::hooks) fn as_blobs(
        &self,
        files: &[(BString, Vec<u8>)],
        objects: &Reader,
        conversion: Conversion,
    ) -> Result<Vec<(ObjectId, Vec<u8>)>, SnapshotError> {
        if conversion == Conversion::None {
            return files
                .iter()
                .map(|(_, content)| Ok((blob_id(content)?, content.clone())))
                .collect();
        }
        let mut list = Vec::new();
        for (path, _) in files {
            list.extend_from_slice(path);
            list.push(b'\n');
        }
        let listed = self
            .git()
            .output(&["hash-object", "-w", "--stdin-paths"], &list)?;
        listed
            .lines()
            .filter_map(|line| ObjectId::from_hex(line).ok())
            .map(|id| {
                let mut content = Vec::new();
                objects.blob(id, &mut content)?;
                Ok((id, content))
            })
            .collect()
    }
}

/// Copies the user's file where its metadata prove it to be what a checkout of the entry would
/// write. On file systems that can, both then share their blocks until one is written.
fn copy_proven(file: &Path, target: &Path, index: &Index, position: usize) -> bool {
    let entry = index.entry(position);
    let proven = || {
        file.symlink_metadata()
            .is_ok_and(|metadata| index.proves(&entry, &FileStat::of(&metadata)))
    };
    if !proven() || fs::copy(file, target).is_err() {
        return false;
    }
    #[cfg(unix)]
    {
        let mode = if entry.mode == Mode::Executable {
            0o755
        } else {
            0o644
        };
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        if fs::set_permissions(target, permissions).is_err() {
            return false;
        }
    }
    proven()
}

/// Paths that git ignores in the user's work tree, folders as one.
fn ignored(repository: &Repository) -> Result<Vec<BString>, SnapshotError> {
    let git = Executable::new(&repository.git_dir, Some(&repository.root));
    let listed = git.output(
        &[
            "ls-files",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            "-z",
        ],
        b"",
    )?;
    Ok(listed
        .split(|byte| *byte == 0)
        .map(|path| path.strip_suffix(b"/").unwrap_or(path))
        .filter(|path| !path.is_empty())
        .filter(|path| {
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
            !NOT_LINKED.iter().any(|not| not.as_bytes() == name) && !name.ends_with(b".pyc")
        })
        .map(BString::from)
        .collect())
}

fn write_new(target: &Path, content: &[u8], mode: Mode) -> Result<(), SnapshotError> {
    fs::write(target, content).map_err(at(target))?;
    #[cfg(unix)]
    if mode == Mode::Executable {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(target, mode).map_err(at(target))?;
    }
    Ok(())
}

fn remove(path: &Path, folder: bool) -> std::io::Result<()> {
    if folder {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}
