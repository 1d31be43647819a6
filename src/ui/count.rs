//! A number with its noun.

/// "1 event", "2 events": `one` for a count of 1, `many` for all others, 0 included.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
