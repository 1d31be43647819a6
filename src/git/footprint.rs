//! A work tree as it looks from outside: which files it has, and what the file system says of them,
//! without a look into any.

use super::{IgnoreSources, Index, Repository, native, untracked};
use bstr::{BString, ByteSlice};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A file that was written so recently could be written again and look the same: file systems
/// tell times that are close together apart by ticks of some milliseconds ("racy" in git's
/// documentation of the index).
const RACY: Duration = Duration::from_millis(100);

/// SHA-256 over path, kind, permissions, size, times and inode of every file that git tracks or
/// would add, and of those of `more` (relative to the root) that are there. None where one of them
/// was changed just now, where git's files cannot be read, and where the system does not tell such
/// things.
#[must_use]
pub fn footprint(repository: &Repository, more: &[&str]) -> Option<String> {
    let index = Index::read(&repository.git_dir.join("index")).ok()?;
    let mut paths: Vec<BString> = index.entries().map(|entry| entry.path.to_owned()).collect();
    paths.extend(untracked(repository, &index, &IgnoreSources::default()).ok()?);
    paths.extend(more.iter().map(|path| BString::from(*path)));
    paths.sort_unstable();
    paths.dedup();
    let latest = SystemTime::now().checked_sub(RACY)?;
    let mut hash = Sha256::new();
    for path in &paths {
        hash.update(path.as_bytes());
        hash.update([0]);
        match seen(&repository.root.join(native(path.as_bstr()).ok()?), latest)? {
            Some(seen) => hash.update(seen.as_bytes()),
            None => hash.update([0]),
        }
    }
    Some(hex::encode(hash.finalize()))
}

/// What the file system says of one file, or of a program; None where that cannot be relied on.
#[must_use]
pub fn of_file(path: &Path) -> Option<String> {
    seen(path, SystemTime::now().checked_sub(RACY)?)?
}

#[cfg(unix)]
#[allow(clippy::option_option, reason = "not there is an answer, too")]
fn seen(path: &Path, latest: SystemTime) -> Option<Option<String>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(None),
        Err(_) => return None,
    };
    let changed = SystemTime::UNIX_EPOCH
        .checked_add(Duration::new(
            u64::try_from(metadata.ctime()).ok()?,
            u32::try_from(metadata.ctime_nsec()).ok()?,
        ))?
        .max(metadata.modified().ok()?);
    (changed < latest).then(|| {
        Some(format!(
            "{} {:o} {} {}.{} {}.{}",
            metadata.ino(),
            metadata.mode(),
            metadata.size(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ))
    })
}

#[cfg(not(unix))]
#[allow(clippy::option_option, reason = "as on Unix")]
fn seen(_: &Path, _: SystemTime) -> Option<Option<String>> {
    None
}
