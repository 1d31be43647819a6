//! Reads a source in whatever format it is written, with the line of each value.

use super::{ImportError, Taken};
use crate::detect::structured::{Node, Value, parse_jsonc, parse_toml, parse_yaml};
use crate::project::RelPath;

/// The value of the file at `path`, by its extension; YAML, which holds JSON, where it has none.
pub(super) fn read(taken: &Taken<'_>, path: &RelPath) -> Result<Node, ImportError> {
    let text = taken.file(path)?;
    let parsed = match path.extension() {
        "toml" => parse_toml(&text).map(Some),
        "json" | "jsonc" => parse_jsonc(&text),
        _ => parse_yaml(&text),
    };
    let node = parsed.map_err(|(line, message)| ImportError::Invalid {
        path: path.clone(),
        line,
        message: message.lines().next().unwrap_or_default().to_owned(),
    })?;
    Ok(node.unwrap_or(Node {
        line: 1,
        value: Value::Null,
    }))
}

/// A text, or each text of a list.
pub(super) fn texts(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    match node.text() {
        Some(text) => vec![text.to_owned()],
        None => node
            .items()
            .iter()
            .filter_map(|item| item.text().map(str::to_owned))
            .collect(),
    }
}

/// Whether a value is there and says yes.
pub(super) fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::text) == Some("true")
}

/// Whether a value is there and says no.
pub(super) fn is_false(node: Option<&Node>) -> bool {
    node.and_then(Node::text) == Some("false")
}
