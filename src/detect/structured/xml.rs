//! XML: the elements with their text; attributes are left out.

use super::{Broken, Entry, Lines, MAX_DEPTH, Node, Value};

pub(super) fn parse(text: &str) -> Result<Option<Node>, Broken> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        nodes_limit: 200_000,
        ..roxmltree::ParsingOptions::default()
    };
    let document = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| (error.pos().row as usize, error.to_string()))?;
    let lines = Lines::of(text);
    from_element(&lines, document.root_element(), 0)
        .map(Some)
        .ok_or_else(|| (1, format!("nested deeper than {MAX_DEPTH} levels")))
}

fn from_element(lines: &Lines, element: roxmltree::Node<'_, '_>, depth: usize) -> Option<Node> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut entries = Vec::new();
    for child in element.children().filter(roxmltree::Node::is_element) {
        entries.push(Entry {
            key: child.tag_name().name().to_owned(),
            line: lines.at(child.range().start),
            node: from_element(lines, child, depth + 1)?,
        });
    }
    let text = element.text().map(str::trim).unwrap_or_default();
    Some(Node {
        line: lines.at(element.range().start),
        value: if !entries.is_empty() {
            Value::Map(entries)
        } else if text.is_empty() {
            Value::Null
        } else {
            Value::Text(text.to_owned())
        },
    })
}
