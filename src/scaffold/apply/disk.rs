//! What an apply asks of the file system: private copies, moves, and that they outlive a power
//! cut.

use super::error::{ApplyError, at};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many files are brought to the disk at once, where each is for itself. Nearly all of that time
/// is waiting, and more than these are no faster.
const AT_ONCE: usize = 4;

/// How much else may wait to be written where everything is brought to the disk at once, KiB.
#[cfg(target_os = "linux")]
const LITTLE: u64 = 32 << 10;

/// The file system that a folder lies on. It is opened before what is to be kept is written, and
/// tells of every error of writing from then on.
pub(super) struct FileSystem {
    #[cfg(target_os = "linux")]
    folder: PathBuf,
    #[cfg(target_os = "linux")]
    opened: File,
}

impl FileSystem {
    pub(super) fn of(folder: &Path) -> Result<Self, ApplyError> {
        #[cfg(not(target_os = "linux"))]
        let _ = folder;
        Ok(Self {
            #[cfg(target_os = "linux")]
            folder: folder.to_owned(),
            #[cfg(target_os = "linux")]
            opened: File::open(folder).map_err(at(folder))?,
        })
    }

    /// Brings `paths` to the disk: the contents of files, the names in folders.
    pub(super) fn keep<P: AsRef<Path> + Sync>(&self, paths: &[P]) -> Result<(), ApplyError> {
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        #[cfg(target_os = "linux")]
        let paths = self.keep_at_once(paths)?;
        for_all(&paths, |path| sync(path).map_err(at(path)))
    }

    /// Brings those of `paths` that lie here to the disk with one syncfs(2), which takes a fraction of the
    /// time of a call for each; gives the others. It writes what waits of other programs, too, so that
    /// must be little.
    #[cfg(target_os = "linux")]
    fn keep_at_once<'p>(&self, paths: Vec<&'p Path>) -> Result<Vec<&'p Path>, ApplyError> {
        use std::os::unix::fs::MetadataExt;
        if !syncfs_tells_errors() || waiting().is_none_or(|waiting| waiting > LITTLE) {
            return Ok(paths);
        }
        let device = self.opened.metadata().map_err(at(&self.folder))?.dev();
        let lies_here = |path: &&Path| path.metadata().is_ok_and(|its| its.dev() == device);
        let (here, others): (Vec<&Path>, Vec<&Path>) = paths.into_iter().partition(lies_here);
        if !here.is_empty() {
            rustix::fs::syncfs(&self.opened).map_err(|error| at(&self.folder)(error.into()))?;
        }
        Ok(others)
    }
}

/// Whether the kernel says of syncfs(2) that something could not be written: since Linux 5.8.
#[cfg(target_os = "linux")]
fn syncfs_tells_errors() -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(5), Some(8))
}

/// What all programs wrote and the kernel has not brought to a disk yet, KiB.
#[cfg(target_os = "linux")]
fn waiting() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = told.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some(field("Dirty:")? + field("Writeback:")?)
}

/// Does `work` for every item, several at once; gives the first error in the order of `items`.
fn for_all<T: Sync, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let first: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return;
            };
            if let Err(error) = work(item) {
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                if first.as_ref().is_none_or(|(known, _)| index < *known) {
                    *first = Some((index, error));
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..items.len().min(AT_ONCE) {
            // A thread that the system does not give is no loss: the others do its work.
            if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    let first = first.into_inner().unwrap_or_else(PoisonError::into_inner);
    first.map_or(Ok(()), |(_, error)| Err(error))
}

/// Writes a private file: mode 0600 from the first byte, at the end `mode` and the owner of `like`.
pub(super) fn write_private(
    path: &Path,
    content: &[u8],
    mode: u32,
    like: Option<&Path>,
) -> io::Result<()> {
    use std::io::Write;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = mode;
    like.map_or(Ok(()), |like| same_owner(like, path))
}

/// Brings the content of a file to the disk, or the names in a folder. Some file systems cannot do
/// that for a folder and say so; Windows has no such call.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(path).and_then(|file| file.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Moves `from` to `to`; through `temporary` beside `to` where they are on two file systems.
/// With `fresh`, a file that has appeared at `to` meanwhile is an error and stays.
pub(super) fn install(from: &Path, to: &Path, temporary: &Path, fresh: bool) -> io::Result<()> {
    let result = if fresh {
        rename_fresh(from, to)
    } else {
        std::fs::rename(from, to)
    };
    match result {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let copied = std::fs::copy(from, temporary)
                .and_then(|_| same_owner(from, temporary))
                .and_then(|()| File::open(temporary)?.sync_all())
                .and_then(|()| std::fs::rename(temporary, to));
            if copied.is_err() {
                let _ = std::fs::remove_file(temporary);
            }
            copied?;
            std::fs::remove_file(from)
        }
        other => other,
    }
}

/// Moves `from` to `to`, where nothing may be.
fn rename_fresh(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Not on this file system, or by an older kernel.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return other.map_err(Into::into),
        }
    }
    match std::fs::hard_link(from, to) {
        Ok(()) => std::fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) if to.symlink_metadata().is_ok() => Err(io::Error::from(ErrorKind::AlreadyExists)),
        // No links on this file system, or another one.
        Err(_) => std::fs::rename(from, to),
    }
}

/// Gives `to` the owner of `like`, where shipway runs as another user that may.
fn same_owner(like: &Path, to: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (wanted, has) = (like.metadata()?, to.metadata()?);
        if (wanted.uid(), wanted.gid()) != (has.uid(), has.gid()) {
            std::os::unix::fs::chown(to, Some(wanted.uid()), Some(wanted.gid()))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (like, to);
    Ok(())
}

/// Permission bits of `path`.
pub(in super::super) fn mode_of(path: &Path) -> io::Result<u32> {
    let metadata = path.metadata()?;
    #[cfg(unix)]
    return Ok(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777);
    #[cfg(not(unix))]
    return Ok(if metadata.permissions().readonly() {
        0o444
    } else {
        0o644
    });
}

/// None where nothing is there; a link is never followed.
pub(super) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => std::fs::read(path).map(Some),
        Ok(_) => Err(io::Error::other("it is no file any more")),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
