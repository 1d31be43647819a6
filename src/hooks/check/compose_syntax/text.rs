//! Variables in values: `$NAME`, `${NAME}`, `${NAME:-default}`; `$$` is a dollar.

use super::Said;
use crate::detect::structured::{Node, Value};
use std::collections::BTreeMap;

/// Every value below `node`.
pub(super) fn variables(node: &Node, said: &mut Said) {
    match &node.value {
        Value::Text(text) => {
            if let Some(wrong) = fault(text) {
                said.say(
                    node.line,
                    format!("this is no variable: {wrong}"),
                    "write ${NAME} or ${NAME:-default}; a dollar that is meant is $$",
                );
            }
        }
        Value::List(items) => items.iter().for_each(|item| variables(item, said)),
        Value::Map(entries) => entries
            .iter()
            .filter(|entry| !entry.key.starts_with("x-"))
            .for_each(|entry| variables(&entry.node, said)),
        Value::Null => {}
    }
}

/// Variables of the values below `node` that nothing stands in for where they are not set, each
/// with its first line.
pub(super) fn without_default<'n>(node: &'n Node, found: &mut BTreeMap<&'n str, usize>) {
    match &node.value {
        Value::Text(text) => {
            for name in needed(text) {
                let line = found.entry(name).or_insert(node.line);
                *line = node.line.min(*line);
            }
        }
        Value::List(items) => items.iter().for_each(|item| without_default(item, found)),
        Value::Map(entries) => entries
            .iter()
            .for_each(|entry| without_default(&entry.node, found)),
        Value::Null => {}
    }
}

/// `$NAME` and `${NAME}`; `${NAME:?…}` says by itself what is missing.
fn needed(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let behind = &rest[at + 1..];
        if let Some(more) = behind.strip_prefix('$') {
            rest = more;
            continue;
        }
        let (body, braced) = match behind.strip_prefix('{') {
            Some(body) => (body, true),
            None => (behind, false),
        };
        let length = body
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(body.len());
        let (name, more) = body.split_at(length);
        if !name.is_empty() && (!braced || more.starts_with('}')) {
            names.push(name);
        }
        rest = more;
    }
    names
}

/// What begins like a variable and is none.
fn fault(text: &str) -> Option<String> {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let behind = &rest[at + 1..];
        if let Some(more) = behind.strip_prefix('$') {
            rest = more;
            continue;
        }
        if let Some(braced) = behind.strip_prefix('{') {
            let named = braced.starts_with(is_first);
            let length = braced
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(braced.len());
            let operator = &braced[length..];
            let known = ["}", ":-", "-", ":?", "?", ":+", "+"]
                .iter()
                .any(|known| operator.starts_with(known));
            if !named || !known || !braced.contains('}') {
                return Some(rest[at..].chars().take(24).collect());
            }
            rest = &braced[length..];
            continue;
        }
        if !behind.starts_with(is_first) {
            return Some(rest[at..].chars().take(24).collect());
        }
        rest = behind;
    }
    None
}
