//! A line that says why what a check would find is meant: `shipway:allow secrets: a test vector`.

use memchr::memmem;

const WORD: &[u8] = b"shipway:allow ";
/// Bytes of a line that are looked at on either side.
const REACH: usize = 4096;

/// Whether the line that holds byte `at`, or the line before it, allows what `check` finds. A
/// reason must follow the check's id.
pub(super) fn allows(content: &[u8], at: usize, check: &str) -> bool {
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
