//! XML: the elements with their text, and their attributes where those are asked for.

use super::{Broken, Entry, Lines, MAX_DEPTH, Node, Value};

/// Key of the text of an element that has attributes.
pub(in crate::detect) const TEXT: &str = "#text";

pub(super) fn parse(text: &str) -> Result<Option<Node>, Broken> {
    document(text, false)
}

/// Attributes are entries named `@name`, in front of the elements.
pub(super) fn parse_with_attributes(text: &str) -> Result<Option<Node>, Broken> {
    document(text, true)
}

fn document(text: &str, attributes: bool) -> Result<Option<Node>, Broken> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        nodes_limit: 200_000,
        ..roxmltree::ParsingOptions::default()
    };
    let document = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| (error.pos().row as usize, error.to_string()))?;
    let lines = Lines::of(text);
    from_element(&lines, document.root_element(), attributes, 0)
        .map(Some)
        .ok_or_else(|| (1, format!("nested deeper than {MAX_DEPTH} levels")))
}

fn from_element(
    lines: &Lines,
    element: roxmltree::Node<'_, '_>,
    attributes: bool,
    depth: usize,
) -> Option<Node> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut entries = Vec::new();
    for attribute in element.attributes().filter(|_| attributes) {
        let line = lines.at(attribute.range().start);
        entries.push(Entry {
            key: format!("@{}", attribute.name()),
            line,
            node: Node {
                line,
                value: Value::Text(attribute.value().to_owned()),
            },
        });
    }
    for child in element.children().filter(roxmltree::Node::is_element) {
        entries.push(Entry {
            key: child.tag_name().name().to_owned(),
            line: lines.at(child.range().start),
            node: from_element(lines, child, attributes, depth + 1)?,
        });
    }
    let text = element.text().map(str::trim).unwrap_or_default();
    let line = lines.at(element.range().start);
    if !entries.is_empty() && attributes && !text.is_empty() {
        entries.push(Entry {
            key: TEXT.to_owned(),
            line,
            node: Node {
                line,
                value: Value::Text(text.to_owned()),
            },
        });
    }
    Some(Node {
        line,
        value: if !entries.is_empty() {
            Value::Map(entries)
        } else if text.is_empty() {
            Value::Null
        } else {
            Value::Text(text.to_owned())
        },
    })
}
