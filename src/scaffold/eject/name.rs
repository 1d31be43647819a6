//! Names that shipway gave to files, targets and variables, and those that they have without it.

use regex::{Captures, Regex};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// May stand where `shipway` stood.
const WORDS: &[&str] = &["stack", "launch", "berth", "harbour"];

/// What is a name and no sentence.
const NAMES: &str = r#"(?xm)
      /opt/shipway\b
    | \bSHIPWAY_[A-Z]+
    | \bshipway_[a-z*]+
    | \bshipway-[a-z]+
    | `shipway-`
    | \bshipway\.worktree\b
    | (?:Dockerfile|compose|\.env)\.shipway\b
    | \.devcontainer/shipway\b
    | (?:_venv\)|node_modules|/tmp)/\.shipway\b
    | \.shipway-(?:begun|stop)\b
    | \bzz-shipway\.ini\b
    | ^name:\x20\S+-shipway$
    | "[a-z0-9_-]+-shipway-\$\("#;

static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(NAMES).ok());

/// `text` with `word` in every name.
pub(super) fn with(text: &str, word: &str) -> String {
    let Some(names) = NAME.as_ref() else {
        return text.to_owned();
    };
    let renamed = |found: &Captures| {
        (found[0].replace("SHIPWAY", &word.to_uppercase())).replace("shipway", word)
    };
    names.replace_all(text, renamed).into_owned()
}

/// The names in `text`, as they would be with `word`.
pub(super) fn names(text: &str, word: &str) -> BTreeSet<String> {
    let found = NAME.iter().flat_map(|names| names.find_iter(text));
    found.map(|one| with(one.as_str(), word)).collect()
}

/// The first word for whose names `is_free` holds.
pub(super) fn word(mut is_free: impl FnMut(&str) -> bool) -> Option<&'static str> {
    WORDS.iter().copied().find(|word| is_free(word))
}

/// The words, for who says that none is left.
pub(super) fn words() -> String {
    WORDS.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_sentences() {
        for (text, renamed) in [
            (
                "COPY deploy/shipway_start.py /opt/shipway/",
                "COPY deploy/stack_start.py /opt/stack/",
            ),
            ("$(SHIPWAY_COMPOSE) up", "$(STACK_COMPOSE) up"),
            ("lint: $(web_venv)/.shipway", "lint: $(web_venv)/.stack"),
            ("-name .shipway-begun -delete", "-name .stack-begun -delete"),
            (
                "-f compose.shipway.override.yaml",
                "-f compose.stack.override.yaml",
            ),
            (
                ".devcontainer/shipway/initialize",
                ".devcontainer/stack/initialize",
            ),
            ("x: 1\nname: fair-shipway\n", "x: 1\nname: fair-stack\n"),
            (
                "put NAME \"fair-shipway-$(printf x)\"",
                "put NAME \"fair-stack-$(printf x)\"",
            ),
            ("conf.d/zz-shipway.ini", "conf.d/zz-stack.ini"),
            ("has `shipway-` before", "has `stack-` before"),
        ] {
            assert_eq!(with(text, "stack"), renamed);
        }
        for text in [
            "we left shipway in 2026",
            "IMAGE = ghcr.io/me/not-shipway",
            "shipway hooks run pre-commit",
            "~/.cargo/bin/shipway",
            "refs/shipway/events",
            ".shipway/pristine",
            "shipway.toml",
            "cargo install shipway@0.1.0",
        ] {
            assert_eq!(with(text, "stack"), text);
        }
    }

    #[test]
    fn the_first_word_is_taken_that_nobody_has() {
        assert_eq!(word(|_| true), Some("stack"));
        assert_eq!(word(|word| word != "stack"), Some("launch"));
        assert_eq!(word(|_| false), None);
        let found = names(
            "$(SHIPWAY_LOCAL) shipway_start.py shipway_start.sh",
            "stack",
        );
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["STACK_LOCAL", "stack_start"]
        );
    }
}
