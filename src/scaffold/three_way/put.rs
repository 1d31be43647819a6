//! One more entry in a structured file: every other byte stays.

use super::value::{Scalar, Value};
use super::yaml::{Document, Entry, Node, Shape};
use super::{Format, json};
use crate::project::RelPath;

/// What a structured file says, for whoever compares two; None where it is none, or has a key twice.
pub(in super::super) struct Content {
    value: Value,
}

/// One value of a [`Content`].
#[derive(Clone, Copy)]
pub(in super::super) struct At<'c>(&'c Value);

impl Content {
    pub(in super::super) fn read(path: &RelPath, text: &str) -> Option<Self> {
        let value = Format::of(path).value(text)?;
        // The documents of a YAML file are numbered.
        let value = match (Format::of(path), value) {
            (Format::Yaml, Value::Map(mut documents)) if documents.len() == 1 => documents.pop()?.1,
            (Format::Yaml, _) => return None,
            (_, value) => value,
        };
        Some(Self { value })
    }

    pub(in super::super) fn top(&self) -> At<'_> {
        At(&self.value)
    }
}

impl<'c> At<'c> {
    pub(in super::super) fn get(self, key: &str) -> Option<At<'c>> {
        self.0.get(key).map(At)
    }

    pub(in super::super) fn entries(self) -> impl Iterator<Item = (&'c str, At<'c>)> {
        (self.0.entries().iter()).map(|(key, value)| (key.as_str(), At(value)))
    }

    pub(in super::super) fn items(self) -> Vec<At<'c>> {
        match self.0 {
            Value::List(items) => items.iter().map(At).collect(),
            _ => Vec::new(),
        }
    }

    /// The text of a scalar.
    pub(in super::super) fn text(self) -> Option<&'c str> {
        self.0.text()
    }

    pub(in super::super) fn is_map(self) -> bool {
        matches!(self.0, Value::Map(_))
    }

    pub(in super::super) fn is_list(self) -> bool {
        matches!(self.0, Value::List(_))
    }

    /// On one line, as JSON, which is YAML too; a scalar that is no text as it was written.
    pub(in super::super) fn line(self) -> String {
        flow(self.0)
    }

    pub(in super::super) fn is(self, other: At) -> bool {
        super::value::same(Some(self.0), Some(other.0))
    }
}

/// `text` of the YAML at `path` with `value` put at `keys`, and what lies above it where that is
/// not there. In a list it is a further item, in a mapping its last entry. None where it is
/// there already, or the file is not laid out in lines.
pub(in super::super) fn put(text: &str, keys: &[&str], value: At) -> Option<String> {
    let document = Document::parse(text)?;
    let mut node = document.root()?;
    let mut at: Option<&Entry> = None;
    let mut rest = keys;
    while let [key, below @ ..] = rest {
        let Shape::Map(entries) = &node.shape else {
            break;
        };
        let Some(entry) = entries.iter().find(|entry| entry.key == **key) else {
            break;
        };
        (node, at, rest) = (&entry.node, Some(entry), below);
    }
    let mut lines: Vec<String> = document
        .lines
        .iter()
        .map(|line| (*line).to_owned())
        .collect();
    match (&node.shape, rest) {
        (Shape::List(items), []) => match items.first() {
            Some(first) if node.is_block => {
                let column = dash(&lines, at?, first)?;
                insert(&mut lines, node.last + 1, dashed(value.0, column));
            }
            _ => {
                let line = lines.get_mut(node.last)?;
                let end = line.rfind(']')?;
                let comma = if items.is_empty() { "" } else { ", " };
                line.insert_str(end, &format!("{comma}{}", flow(value.0)));
            }
        },
        (Shape::Map(entries), [key, below @ ..]) => {
            let column = entries.first()?.at.1;
            if !node.is_block {
                return None;
            }
            let mut entry = nested(key, below, value.0, column);
            let is_apart = |entry: &Entry| {
                let before = entry.at.0.checked_sub(1).and_then(|at| lines.get(at));
                before.is_some_and(|line| line.trim().is_empty())
            };
            if entries.len() > 1 && entries.last().is_some_and(is_apart) {
                entry.insert(0, "\n".to_owned());
            }
            insert(&mut lines, node.last + 1, entry);
        }
        // A key without a value.
        (Shape::Scalar(scalar), [key, below @ ..]) if is_null(scalar) => {
            let entry = at?;
            let lines_of = nested(key, below, value.0, entry.at.1 + 2);
            insert(&mut lines, entry.at.0 + 1, lines_of);
        }
        _ => return None,
    }
    let new = lines.concat();
    Document::parse(&new)?;
    Some(new)
}

/// `text` of the JSON with comments with what `more` says and it does not.
pub(in super::super) fn put_json(text: &str, more: &serde_json::Value) -> Option<String> {
    let base = serde_json::to_string(&skeleton(more, Some(&json::value(text)?))).ok()?;
    let more = serde_json::to_string(more).ok()?;
    json::merge([&base, text, &more], Some(super::Side::Ours))
}

/// The collections that both have, without anything in them.
fn skeleton(more: &serde_json::Value, ours: Option<&Value>) -> serde_json::Value {
    use serde_json::Value as Json;
    match more {
        Json::Object(entries) => Json::Object(
            (entries.iter())
                .filter(|(_, value)| value.is_object() || value.is_array())
                .filter_map(|(key, value)| {
                    let ours = ours?.get(key)?;
                    Some((key.clone(), skeleton(value, Some(ours))))
                })
                .collect(),
        ),
        _ => Json::Array(Vec::new()),
    }
}

fn insert(lines: &mut Vec<String>, at: usize, new: Vec<String>) {
    let at = at.min(lines.len());
    if let Some(before) = at.checked_sub(1).and_then(|at| lines.get_mut(at))
        && !before.ends_with('\n')
    {
        before.push('\n');
    }
    lines.splice(at..at, new);
}

/// Column of the dashes of a list's items.
fn dash(lines: &[String], list: &Entry, first: &Node) -> Option<usize> {
    (list.at.0 + 1..=first.last)
        .filter_map(|at| lines.get(at))
        .find(|line| line.trim_start().starts_with('-'))
        .map(|line| line.len() - line.trim_start().len())
}

/// `key: value`, with the keys between them on lines of their own.
fn nested(key: &str, below: &[&str], value: &Value, column: usize) -> Vec<String> {
    let indent = " ".repeat(column);
    let name = name(key);
    if let [next, rest @ ..] = below {
        let mut lines = vec![format!("{indent}{name}:\n")];
        lines.extend(nested(next, rest, value, column + 2));
        return lines;
    }
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            let mut lines = vec![format!("{indent}{name}:\n")];
            for (key, value) in entries {
                lines.extend(nested(key, &[], value, column + 2));
            }
            lines
        }
        Value::List(items) if !items.is_empty() => {
            let mut lines = vec![format!("{indent}{name}:\n")];
            for item in items {
                lines.extend(dashed(item, column + 2));
            }
            lines
        }
        Value::Scalar(scalar) if is_null(scalar) => vec![format!("{indent}{name}:\n")],
        // A text of several lines stays readable.
        Value::Scalar(Scalar {
            text,
            is_text: true,
        }) if text.trim_end().contains('\n') && !text.starts_with([' ', '\n']) => {
            let keeps = if text.ends_with('\n') { "" } else { "-" };
            let mut lines = vec![format!("{indent}{name}: |{keeps}\n")];
            lines.extend(text.lines().map(|line| match line {
                "" => "\n".to_owned(),
                line => format!("{indent}  {line}\n"),
            }));
            lines
        }
        value => vec![format!("{indent}{name}: {}\n", flow(value))],
    }
}

fn is_null(scalar: &Scalar) -> bool {
    !scalar.is_text && matches!(scalar.text.as_str(), "" | "~" | "null")
}

/// An item of a list whose dashes are in `column`.
fn dashed(item: &Value, column: usize) -> Vec<String> {
    let indent = " ".repeat(column);
    let mut lines = Vec::new();
    for (key, value) in item.entries() {
        lines.extend(nested(key, &[], value, column + 2));
    }
    match lines.first_mut() {
        Some(first) => *first = format!("{indent}- {}", first.trim_start()),
        None => lines.push(format!("{indent}- {}\n", flow(item))),
    }
    lines
}

fn name(key: &str) -> String {
    let is_plain = key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&key.to_ascii_lowercase().as_str());
    if is_plain {
        key.to_owned()
    } else {
        serde_json::Value::from(key).to_string()
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::Scalar(scalar) if scalar.is_text => {
            serde_json::Value::from(scalar.text.as_str()).to_string()
        }
        Value::Scalar(scalar) if is_null(scalar) => "null".to_owned(),
        Value::Scalar(scalar) => scalar.text.clone(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<String> = (entries.iter())
                .map(|(key, value)| {
                    format!("{}: {}", serde_json::Value::from(key.as_str()), flow(value))
                })
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, keys: &[&str], value: &str) -> Option<String> {
        let path = RelPath::parse("a.yaml").unwrap();
        let value = Content::read(&path, &format!("v: {value}\n")).unwrap();
        put(text, keys, value.top().get("v").unwrap())
    }

    const TEXT: &str = "# top\nservices:\n  web:\n    ports: [\"1:1\"] # here\n    environment:\n      \
                        A: 1 # one\n    volumes:\n      - x:/x\n\n  db:\n    image: y\n";

    #[test]
    fn an_entry_is_the_last_of_its_mapping() {
        assert_eq!(
            with(TEXT, &["services", "web", "environment", "B"], "two").unwrap(),
            TEXT.replace("A: 1 # one\n", "A: 1 # one\n      B: \"two\"\n")
        );
        assert_eq!(
            with(TEXT, &["services", "db", "labels", "k"], "{a: [1, x]}").unwrap(),
            format!("{TEXT}    labels:\n      k:\n        a:\n          - 1\n          - \"x\"\n")
        );
        assert_eq!(
            with(TEXT, &["volumes", "data"], "~").unwrap(),
            format!("{TEXT}volumes:\n  data:\n")
        );
        assert_eq!(with("a:\n", &["a", "b"], "1").unwrap(), "a:\n  b: 1\n");
    }

    #[test]
    fn an_item_is_the_last_of_its_list() {
        let item = |list| with(TEXT, &["services", "web", list], "\"2:2\"").unwrap();
        assert_eq!(
            item("ports"),
            TEXT.replace("[\"1:1\"]", "[\"1:1\", \"2:2\"]")
        );
        assert_eq!(
            item("volumes"),
            TEXT.replace("- x:/x\n", "- x:/x\n      - \"2:2\"\n")
        );
    }

    #[test]
    fn what_is_there_or_has_no_lines_stays() {
        assert_eq!(with(TEXT, &["services", "db", "image"], "z"), None);
        assert_eq!(with("a: {b: 1}\n", &["a", "c"], "1"), None);
        assert_eq!(with("a: [\n", &["a"], "1"), None);
    }

    #[test]
    fn json_keeps_its_comments() {
        let text = "{\n  // mine\n  \"a\": {\"x\": 1},\n  \"l\": [\"p\"]\n}\n";
        let more = serde_json::json!({"a": {"x": 2, "y": 3}, "l": ["p", "q"], "n": {"m": [1]}});
        let new = put_json(text, &more).unwrap();
        assert!(new.contains("// mine"), "{new}");
        let path = RelPath::parse("a.jsonc").unwrap();
        let content = Content::read(&path, &new).unwrap();
        let top = content.top();
        assert_eq!(
            top.line(),
            "{\"a\": {\"x\": 1, \"y\": 3}, \"l\": [\"p\", \"q\"], \"n\": {\"m\": [1]}}"
        );
    }
}
