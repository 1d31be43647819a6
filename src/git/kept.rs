//! What was found out once and never changes, kept beside the repository so that it need not be
//! found out again.
//!
//! Such a file holds a line that says its form and version, a CRC-32 of the rest, and the rest in
//! postcard's form. A file that is none of that counts as absent. It belongs to the git
//! directory, whose owner could alter the refs as well.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Write as _};
use std::path::Path;

/// What `file` holds; None where it is not there or does not begin with `head`.
#[must_use]
pub fn load<T: DeserializeOwned>(file: &Path, head: &[u8]) -> Option<T> {
    let bytes = std::fs::read(file).ok()?;
    let (sum, rest) = bytes.strip_prefix(head)?.split_first_chunk::<4>()?;
    if crc32fast::hash(rest) != u32::from_le_bytes(*sum) {
        return None;
    }
    postcard::from_bytes(rest).ok()
}

/// Replaces `file` as a whole.
///
/// # Errors
/// When it cannot be written.
pub fn save<T: Serialize>(file: &Path, head: &[u8], kept: &T) -> io::Result<()> {
    let rest = postcard::to_stdvec(kept).map_err(io::Error::other)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(head)?;
    written.write_all(&crc32fast::hash(&rest).to_le_bytes())?;
    written.write_all(&rest)?;
    written.persist(file)?;
    Ok(())
}
