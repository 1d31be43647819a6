//! Whether git may turn a script's line endings into ones that no shell in a container reads.

use super::{Finding, Subject};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let attributes = std::fs::read_to_string(subject.root.join(".gitattributes"));
    let settled = attributes.is_ok_and(|text| settles(&text));
    match subject.settings.autocrlf.as_deref() {
        Some("true") if !settled => vec![Finding::warning(
            "core.autocrlf is true and .gitattributes does not keep line endings: scripts checked \
             out here fail inside containers",
            "add the line \"* text=auto eol=lf\" to .gitattributes, or: git config core.autocrlf input",
        )],
        Some("true") => vec![Finding::ok(".gitattributes keeps line endings")],
        _ => vec![Finding::ok("git leaves line endings as they are")],
    }
}

/// Whether a line of `.gitattributes` says `eol=lf` for every file or for shell scripts.
fn settles(attributes: &str) -> bool {
    attributes.lines().any(|line| {
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("*" | "*.sh")) && words.any(|word| word == "eol=lf")
    })
}

#[cfg(test)]
mod tests {
    use super::settles;

    #[test]
    fn only_a_rule_for_all_files_or_scripts_settles_it() {
        assert!(settles("*.png binary\n* text=auto eol=lf\n"));
        assert!(settles("*.sh text eol=lf"));
        assert!(!settles("*.bat text eol=crlf\n* text=auto\n# * eol=lf\n"));
    }
}
