//! The root's Makefile and its own targets, by make's grammar.

use super::listing;
use crate::detect::{Tree, syntax};
use crate::project::{ExistingFile, RelPath};

/// The file that make would read, in the order in which it looks (GNU make manual, 3.2).
const NAMES: &[&str] = &["GNUmakefile", "makefile", "Makefile"];

/// The root's Makefile; entries are its targets in order, each once.
pub(super) fn read(tree: &Tree) -> Option<ExistingFile> {
    let path = NAMES
        .iter()
        .filter_map(|name| RelPath::parse(name).ok())
        .find(|path| tree.has(path))?;
    let text = tree.text(&path).unwrap_or_default();
    Some(listing(&path, "make", targets(&text)))
}

/// Names and lines of the targets that a person would call: no special, pattern or computed ones.
pub(in crate::detect) fn targets(text: &str) -> Vec<(usize, String)> {
    let Some(parsed) = syntax::parse(&tree_sitter_make::LANGUAGE.into(), text) else {
        return Vec::new();
    };
    let ours = block(text);
    let mut found: Vec<(usize, String)> = Vec::new();
    for rule in syntax::all(parsed.root_node(), "rule") {
        for list in syntax::children(rule)
            .into_iter()
            .filter(|child| child.kind() == "targets")
        {
            for target in syntax::children(list) {
                let name = syntax::text(target, text);
                if target.kind() == "word"
                    // `.env` is a file that people make, the others with a dot are make's own.
                    && (!name.starts_with('.') || name == ".env")
                    && !name.contains('%')
                    && !ours
                        .as_ref()
                        .is_some_and(|lines| lines.contains(&syntax::line(target)))
                    && !found.iter().any(|(_, known)| known == name)
                {
                    found.push((syntax::line(target), name.to_owned()));
                }
            }
        }
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
    fn lists_targets_once_with_lines() {
        let text = ".PHONY: up test\nNAME := x\nup test-all: build\n\techo up\n%.o: %.c\n\tcc $<\n$(NAME):\n\ttrue\nup: more\n";
        assert_eq!(
            targets(text),
            [(3, "up".to_owned()), (3, "test-all".to_owned())]
        );
    }
}
