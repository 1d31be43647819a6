//! Which environments there are, so that a slip of the pen makes no new one.

use std::collections::BTreeSet;

/// Those that need no word of the user's.
pub const WELL_KNOWN: [&str; 4] = ["development", "preview", "staging", "production"];

/// The known environment that was likely meant by `name`.
pub fn nearest<'a>(name: &str, known: &'a BTreeSet<String>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .iter()
        .map(|known| {
            let other = known.to_lowercase();
            let begins = other.starts_with(&lower) || lower.starts_with(&other);
            let likeness = strsim::jaro_winkler(&lower, &other);
            (if begins { likeness.max(0.9) } else { likeness }, known)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_suggested_and_nothing_far_off() {
        let known: BTreeSet<String> = WELL_KNOWN.map(str::to_owned).into();
        assert_eq!(nearest("prod", &known), Some("production"));
        assert_eq!(nearest("Production", &known), Some("production"));
        assert_eq!(nearest("prodcution", &known), Some("production"));
        assert_eq!(nearest("stagin", &known), Some("staging"));
        assert_eq!(nearest("qa", &known), None);
    }
}
