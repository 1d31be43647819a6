//! The root's Makefile and its own targets, by make's grammar.

use super::listing;
use crate::detect::{Tree, syntax};
use crate::project::{ExistingFile, RelPath};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The file that make would read, in the order in which it looks (GNU make manual, 3.2).
const NAMES: &[&str] = &["GNUmakefile", "makefile", "Makefile"];

/// The root's Makefile; entries are its targets in order and then those of the files that it
/// includes by name, each once.
pub(super) fn read(tree: &Tree) -> Option<ExistingFile> {
    let path = NAMES
        .iter()
        .filter_map(|name| RelPath::parse(name).ok())
        .find(|path| tree.has(path))?;
    let mut file = listing(&path, "make", Vec::new());
    let mut waiting = vec![path];
    let mut read: Vec<RelPath> = Vec::new();
    while let Some(path) = waiting.pop() {
        let text = tree.text(&path).unwrap_or_default();
        for entry in listing(&path, "make", targets(&text)).entries {
            if !file
                .entries
                .iter()
                .any(|known| known.excerpt == entry.excerpt)
            {
                file.entries.push(entry);
            }
        }
        let further: Vec<RelPath> = included(&text)
            .iter()
            .filter_map(|name| RelPath::parse(name).ok())
            .filter(|path| tree.has(path) && !read.contains(path))
            .collect();
        read.push(path);
        // The last one waiting is read next: the first included has to be that.
        waiting.extend(further.into_iter().rev());
    }
    Some(file)
}

/// The files that `include`, `-include` and `sinclude` name without a variable or pattern.
fn included(text: &str) -> Vec<String> {
    let Some(parsed) = syntax::parse(&tree_sitter_make::LANGUAGE.into(), text) else {
        return Vec::new();
    };
    syntax::all(parsed.root_node(), "include_directive")
        .into_iter()
        .flat_map(|directive| syntax::all(directive, "word"))
        .map(|word| syntax::text(word, text).to_owned())
        .collect()
}

/// Names and lines of the targets that a person would call: no special, pattern or computed ones.
/// Where a macro is called between the rules, one that is only declared `.PHONY` counts, after
/// the others.
pub(in crate::detect) fn targets(text: &str) -> Vec<(usize, String)> {
    let Some(parsed) = syntax::parse(&tree_sitter_make::LANGUAGE.into(), text) else {
        return Vec::new();
    };
    let ours = block(text);
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut declared: Vec<(usize, String)> = Vec::new();
    // A recipe's line begins with a tab.
    let macros = text.lines().any(|line| {
        let calls = ["$(call ", "$(eval ", "$(foreach "];
        calls.iter().any(|call| line.starts_with(call))
    });
    for rule in syntax::all(parsed.root_node(), "rule") {
        let words = |kind: &str| -> Vec<(usize, String)> {
            syntax::children(rule)
                .into_iter()
                .filter(|child| child.kind() == kind)
                .flat_map(syntax::children)
                .filter(|word| word.kind() == "word")
                .map(|word| (syntax::line(word), syntax::text(word, text).to_owned()))
                .collect()
        };
        let targets = words("targets");
        if macros && targets.iter().any(|(_, name)| name == ".PHONY") {
            declared.extend(words("prerequisites"));
        }
        found.extend(targets);
    }
    if parsed.root_node().has_error() {
        found.extend(heads(text));
        found.sort_by_key(|(line, _)| *line);
    }
    found.append(&mut declared);
    let mut known = BTreeSet::new();
    found.retain(|(line, name)| {
        // `.env` is a file that people make, the others with a dot are make's own.
        (!name.starts_with('.') || name == ".env")
            && !name.contains('%')
            && !ours.as_ref().is_some_and(|lines| lines.contains(line))
            && known.insert(name.clone())
    });
    found
}

/// Targets by the beginnings of the lines, for a text that the grammar does not follow as a whole.
fn heads(text: &str) -> Vec<(usize, String)> {
    static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
        // An assignment has its sign behind one, two or three colons.
        Regex::new(r"^([A-Za-z0-9_./-]+(?:[ \t]+[A-Za-z0-9_./-]+)*)[ \t]*::?(?:[^:=]|$)").ok()
    });
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let head = HEAD.iter().find_map(|head| head.captures(line));
        let names = head.and_then(|head| head.get(1));
        let names = names
            .iter()
            .flat_map(|names| names.as_str().split_whitespace());
        found.extend(names.map(|name| (at + 1, name.to_owned())));
    }
    found
}

/// The lines of the recipes, without make's own signs and with each `$(NAME)` as it stands.
pub(in crate::detect) fn recipes(text: &str) -> Vec<(usize, String)> {
    let Some(parsed) = syntax::parse(&tree_sitter_make::LANGUAGE.into(), text) else {
        return Vec::new();
    };
    let ours = block(text);
    syntax::all(parsed.root_node(), "recipe_line")
        .into_iter()
        .filter(|line| {
            !ours
                .as_ref()
                .is_some_and(|lines| lines.contains(&syntax::line(*line)))
        })
        .map(|line| {
            let text = syntax::text(line, text)
                .trim()
                .trim_start_matches(['@', '-', '+'])
                .trim();
            (syntax::line(line), text.to_owned())
        })
        .collect()
}

/// Lines of the block that shipway keeps in a Makefile; nothing where there is none.
fn block(text: &str) -> Option<std::ops::RangeInclusive<usize>> {
    let line = |mark: &str| {
        text.lines()
            .position(|line| line.starts_with(mark))
            .map(|at| at + 1)
    };
    Some(line("# >>> shipway ")?..=line("# <<< shipway ")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_of_our_block_are_not_the_users() {
        let text = "all:\n\ttrue\n\n# >>> shipway make >>>\nseed:\n\ttrue\n# <<< shipway make <<<\nmine:\n\ttrue\n";
        assert_eq!(
            targets(text),
            [(1, "all".to_owned()), (8, "mine".to_owned())]
        );
    }

    #[test]
    fn the_file_with_the_variables_is_a_target_too() {
        let text = ".SUFFIXES:\n.env:\n\tcp env.dist .env\n";
        assert_eq!(targets(text), [(2, ".env".to_owned())]);
    }

    #[test]
    fn recipes_without_their_signs() {
        let text = "run: build\n\t@flask run --port 5001\n\t-cd x && \\\n\t  make\n";
        assert_eq!(recipes(text)[0], (2, "flask run --port 5001".to_owned()));
        assert!(recipes(text)[1].1.starts_with("cd x && "));
    }

    #[test]
    fn a_target_that_a_macro_makes_is_the_users() {
        let text = "say = help:: ; @echo $(1)\n.PHONY: help\n$(call say,all)\nall:\n\ttrue\n";
        assert_eq!(
            targets(text),
            [(4, "all".to_owned()), (2, "help".to_owned())]
        );
    }

    #[test]
    fn what_the_grammar_does_not_follow_is_read_by_the_line() {
        let text = "A := $(or $(shell x | grep -oP \"^[a-z]+$$\"),\"\")\nB ::= c\nbuild: $(A)\n\ttrue\n$(A): b\n\ttrue\n.PHONY: test\ntest lint:\n\tgo test ./...\n";
        let found: Vec<String> = targets(text).into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, ["build", "test", "lint"]);
    }

    #[test]
    fn files_are_included_by_name_and_never_by_pattern() {
        let text = "include a.mk ./b.mk\n-include c.mk\nsinclude $(D)/d.mk *.mak\n";
        let found = included(text);
        for name in ["a.mk", "./b.mk", "c.mk"] {
            assert!(found.iter().any(|found| found == name), "{found:?}");
        }
    }

    #[test]
    fn lists_targets_once_with_lines() {
        let text = ".PHONY: up test\nNAME := x\nup test-all: build\n\techo up\n%.o: %.c\n\tcc $<\n$(NAME):\n\ttrue\nup: more\n";
        assert_eq!(
            targets(text),
            [(3, "up".to_owned()), (3, "test-all".to_owned())]
        );
    }
}
