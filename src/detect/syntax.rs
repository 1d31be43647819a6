//! The door to tree-sitter: text in, syntax tree out, and the walks that every reader needs.

use super::Tree;
use crate::project::{Evidence, RelPath};
use tree_sitter::{Language, Node, Parser};

/// Nodes deeper than this are not visited; real sources stay far below.
const MAX_DEPTH: usize = 400;

/// Parses `text`; None only where the grammar cannot be loaded.
pub(crate) fn parse(language: &Language, text: &str) -> Option<tree_sitter::Tree> {
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    parser.parse(text, None)
}

/// A source that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Source<'t> {
    pub(super) tree: &'t Tree,
    pub(super) path: &'t RelPath,
    pub(super) text: &'t str,
}

impl<'t> Source<'t> {
    /// The source of `node`.
    pub(super) fn of(self, node: Node<'_>) -> &'t str {
        text(node, self.text)
    }

    /// The line of `node`.
    pub(super) fn at(self, node: Node<'_>) -> Evidence {
        self.tree.at(self.path, line(node))
    }
}

/// The source of `node`.
pub(crate) fn text<'t>(node: Node<'_>, source: &'t str) -> &'t str {
    source.get(node.byte_range()).unwrap_or_default()
}

/// Line of `node`, from 1.
pub(crate) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The named children of `node`, in order.
pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// All nodes below and including `node` of this kind, in order of their place.
pub(crate) fn all<'t>(node: Node<'t>, kind: &str) -> Vec<Node<'t>> {
    all_of(node, &[kind])
}

/// As [`all`], for several kinds.
pub(crate) fn all_of<'t>(node: Node<'t>, kinds: &[&str]) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut cursor = node.walk();
    let mut depth = 0_usize;
    loop {
        if kinds.contains(&cursor.node().kind()) {
            found.push(cursor.node());
        }
        if depth < MAX_DEPTH && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if depth == 0 || !cursor.goto_parent() {
                return found;
            }
            depth -= 1;
        }
    }
}
