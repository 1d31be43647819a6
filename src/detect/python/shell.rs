//! Commands and exports of a shell script, by tree-sitter's grammar. Nothing is expanded.

use std::cell::RefCell;
use tree_sitter::{Node, Parser};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// 1-based.
    pub(super) line: usize,
    /// The words of a command without quotes; for an assignment `NAME=value` alone.
    pub(super) words: Vec<String>,
}

thread_local! {
    static PARSER: RefCell<Option<Parser>> = RefCell::new({
        let mut parser = Parser::new();
        parser
            .set_language(&tree_sitter_bash::LANGUAGE.into())
            .ok()
            .map(|()| parser)
    });
}

/// The simple commands of a script in order, with what `export` and `NAME=value` set.
pub(super) fn commands(text: &str) -> Vec<Line> {
    let Some(tree) = PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(text, None)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    visit(tree.root_node(), text, &mut found, 0);
    found
}

fn visit(node: Node<'_>, text: &str, found: &mut Vec<Line>, depth: usize) {
    if depth > 100 {
        return;
    }
    let line = node.start_position().row + 1;
    match node.kind() {
        "command" => {
            let mut cursor = node.walk();
            let words = node
                .named_children(&mut cursor)
                .filter(|child| !child.kind().ends_with("redirect"))
                .map(|child| unquoted(&text[child.byte_range()]))
                .collect();
            found.push(Line { line, words });
            return;
        }
        "variable_assignment" => {
            found.push(Line {
                line,
                words: vec![text[node.byte_range()].to_owned()],
            });
            return;
        }
        _ => {}
    }
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        visit(child, text, found, depth + 1);
    }
}

fn unquoted(word: &str) -> String {
    let trimmed = word.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = trimmed
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner.to_owned();
        }
    }
    trimmed.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_exports() {
        let script = "set -a\nsource ./.env\nexport PYTHONPATH=$(pwd)/..\ncd backend && flask run --port 5000\n";
        let lines = commands(script);
        let words: Vec<(usize, Vec<&str>)> = lines
            .iter()
            .map(|line| (line.line, line.words.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            words,
            [
                (1, vec!["set", "-a"]),
                (2, vec!["source", "./.env"]),
                (3, vec!["PYTHONPATH=$(pwd)/.."]),
                (4, vec!["cd", "backend"]),
                (4, vec!["flask", "run", "--port", "5000"]),
            ]
        );
    }
}
