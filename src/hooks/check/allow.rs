//! What a check would find and is meant: a line that says why (`shipway:allow secrets: a test
//! vector`), or a value whose hash is listed.

use memchr::memmem;
use sha2::{Digest, Sha256};

const WORD: &[u8] = b"shipway:allow ";
/// Bytes of a line that are looked at on either side.
const REACH: usize = 4096;

/// Whether the line that holds byte `at`, or the line before it, allows what `check` finds. A
/// reason must follow the check's id.
pub(crate) fn allows(content: &[u8], at: usize, check: &str) -> bool {
    let start = line_start(content, at);
    let before = line_start(content, start.saturating_sub(1));
    let end = memchr::memchr(b'\n', &content[at..])
        .map_or(content.len(), |end| at + end)
        .min(at + REACH);
    let lines = &content[before..end];
    memmem::find_iter(lines, WORD).any(|word| {
        let rest = lines[word + WORD.len()..].trim_ascii_start();
        let rest = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        rest.strip_prefix(check.as_bytes()).is_some_and(|rest| {
            let separated = rest
                .first()
                .is_some_and(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
            separated
                && rest
                    .iter()
                    .filter(|byte| byte.is_ascii_alphabetic())
                    .count()
                    >= 3
        })
    })
}

/// Where the line that holds byte `at` begins, or as far back as one is followed.
fn line_start(content: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(REACH);
    memchr::memrchr(b'\n', &content[from..at]).map_or(from, |end| from + end + 1)
}

/// Digits of a hash that say enough.
const DIGITS: usize = 16;

/// Values that are meant, by their SHA-256 in lower-case hex: whole, or its first 16 digits and
/// more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    hashes: Vec<String>,
}

/// A line of a list that is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no SHA-256 in hex, whole or its first {DIGITS} digits and more")]
pub struct NoHash {
    /// From 1.
    pub line: usize,
}

impl Allowed {
    #[must_use]
    pub fn new(hashes: Vec<String>) -> Self {
        Self { hashes }
    }

    /// Adds the hashes of a list: the first word of each line; `#` and what is behind it, and
    /// empty lines do not count.
    ///
    /// # Errors
    /// A line that is no hash.
    pub fn read(&mut self, list: &str) -> Result<(), NoHash> {
        for (number, line) in list.lines().enumerate() {
            let text = line.split('#').next().unwrap_or_default();
            let Some(hash) = text.split_whitespace().next() else {
                continue;
            };
            let hex = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !hex || !(DIGITS..=64).contains(&hash.len()) {
                return Err(NoHash { line: number + 1 });
            }
            self.hashes.push(hash.to_ascii_lowercase());
        }
        Ok(())
    }

    pub(super) fn allows(&self, value: &[u8]) -> bool {
        if self.hashes.is_empty() {
            return false;
        }
        let hash = hex::encode(Sha256::digest(value));
        self.hashes.iter().any(|known| hash.starts_with(known))
    }
}
