//! What generated files say of shipway and call of it, and what stands there without it.

use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

/// As it was generated; what somebody edited since is not found and stays.
const SENTENCES: &[(&str, &str)] = &[
    ("Made by shipway, feature devcontainer: what", "What"),
    (
        "run shipway init, or sh deploy/env.sh",
        "run sh deploy/env.sh",
    ),
    (
        "in $file; run shipway init\"",
        "in $file; run sh deploy/env.sh\"",
    ),
    ("; shipway init makes it.", "; deploy/env.sh makes it."),
    (
        "secrets: what `shipway init`\n# does, for machines without shipway. A line that is there is",
        "secrets. A line that\n# is there is",
    ),
    (
        "and run `shipway init` again to check everything.",
        "and check everything from then on.",
    ),
    ("; `shipway setup` leaves the same mark in it.", "."),
    (" that shipway knows of\"", "\""),
    ("is known to shipway; pin one", "is known; pin one"),
    (
        "What shipway would do there has",
        "What would be done there has",
    ),
    (
        "What shipway made is in a form",
        "What was generated is in a form",
    ),
    (
        "\"if command -v shipway; then shipway setup; fi\"",
        "\"true\"",
    ),
    (r"|shipway\.\w+|", "|"),
    // Without the name that tells them from others, they are told by their folder.
    (
        "':(exclude)*shipway_*.py'",
        "':(exclude)deploy/shipway_*.py'",
    ),
];

const ENV: &str = "`shipway init` makes .env with the secrets filled in;";
const ENV_BY_SCRIPT: &str = "`sh deploy/env.sh` makes .env with the secrets filled in;";
const ENV_BY_HAND: &str = "Copy it to .env and fill the values in;";

/// Whole lines that go, each with what stays of it.
static LINES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // The first sentence of a Python module.
        (r#"(?m)^"""Made by shipway; [^\n]*\n\n"#, "\"\"\""),
        // The first comment, and the empty one that sets it off.
        (
            r"(?m)^(?:#|//|--|;) Made by shipway[^\n]*; `shipway update` remakes it and keeps edits\.\n(?:(?:#|//|--|;)\n)?",
            "",
        ),
        // What `make dev-setup` does beside its prerequisites.
        (
            "(?m)^\t@if command -v shipway [^\n]*; then shipway setup; \\\\\n\telse echo \"shipway is not installed;[^\n]*\n",
            "",
        ),
        // Lists of what others ignore.
        (r"(?m)^(?:\.shipway/?|shipway\.(?:\*|toml|lock))\n", ""),
    ]
    .into_iter()
    .filter_map(|(pattern, rest)| Some((Regex::new(pattern).ok()?, rest)))
    .collect()
});

/// `text`, which was generated, without what it says of shipway; names stay. `has_script` where
/// `deploy/env.sh` is there. Line feeds only.
pub(super) fn without(text: &str, has_script: bool) -> String {
    let env = if has_script {
        ENV_BY_SCRIPT
    } else {
        ENV_BY_HAND
    };
    let mut rest = text.to_owned();
    for (from, to) in SENTENCES.iter().chain([&(ENV, env)]) {
        rest = rest.replace(from, to);
    }
    for (line, to) in LINES.iter() {
        if let Cow::Owned(new) = line.replace_all(&rest, *to) {
            rest = new;
        }
    }
    if !text.starts_with('\n') {
        rest.drain(..rest.len() - rest.trim_start_matches('\n').len());
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_pattern() {
        assert_eq!(LINES.len(), 4);
    }

    #[test]
    fn the_first_comment_goes_with_the_empty_one_below() {
        let made = "Made by shipway; `shipway update` remakes it and keeps edits.";
        let rest = |text: &str| without(text, true);
        assert_eq!(rest(&format!("# {made}\n\nservices:\n")), "services:\n");
        assert_eq!(
            rest(&format!("#!/bin/sh\n# {made}\n#\n# Gives it.\nset -eu\n")),
            "#!/bin/sh\n# Gives it.\nset -eu\n"
        );
        assert_eq!(
            rest(&format!("\"\"\"{made}\n\nReads it.\n\"\"\"\n")),
            "\"\"\"Reads it.\n\"\"\"\n"
        );
        let mine = "# Made by shipway, then by me\nx: 1\n";
        assert_eq!(rest(mine), mine);
    }

    #[test]
    fn a_recipe_loses_its_call_and_keeps_its_prerequisites() {
        let text = "dev-setup: .env ## make it\n\t@if command -v shipway >/dev/null 2>&1; then \
                    shipway setup; \\\n\telse echo \"shipway is not installed; 'cargo install \
                    shipway' gets it\"; fi\n\n.env:\n\t@sh deploy/env.sh\n";
        assert_eq!(
            without(text, true),
            "dev-setup: .env ## make it\n\n.env:\n\t@sh deploy/env.sh\n"
        );
    }
}
