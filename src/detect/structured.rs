//! Reads YAML, TOML and JSON of the tree; what is invalid becomes a finding with its line.

use super::Tree;
use crate::project::{Evidence, Finding, RelPath, Severity};
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

/// Collections nested deeper than this are no configuration; parsers and walks recurse.
const MAX_DEPTH: usize = 200;

/// A YAML value with the line that it starts on (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// Any scalar, as written.
    Text(String),
    List(Vec<Node>),
    /// In order, merge keys (`<<`) resolved.
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Line of the key.
    pub(crate) line: usize,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping; nothing for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; nothing for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }
}

/// The first document of a YAML file; None where it is unreadable, empty or invalid.
pub(crate) fn yaml(tree: &Tree, path: &RelPath) -> Option<Node> {
    let text = tree.text(path)?;
    match parse_yaml(&text) {
        Ok(node) => node,
        Err((line, message)) => {
            tree.report(invalid("invalid-yaml", "YAML", path, line, &message));
            None
        }
    }
}

/// Parses the first document of `text`.
///
/// # Errors
/// Line and message of what is wrong.
pub(crate) fn parse_yaml(text: &str) -> Result<Option<Node>, (usize, String)> {
    if too_deep(text) {
        return Err((1, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let documents = MarkedYaml::load_from_str(text)
        .map_err(|error| (error.marker().line(), error.info().to_owned()))?;
    let lines: Vec<&str> = text.lines().collect();
    Ok(documents.first().map(|document| convert(document, &lines)))
}

/// Checks a TOML file and reports what is wrong with it.
pub(crate) fn check_toml(tree: &Tree, path: &RelPath) {
    let Some(text) = tree.text(path) else { return };
    if let Err(error) = text.parse::<toml::Table>() {
        let at = error.span().map_or(0, |span| span.start);
        let line = text
            .get(..at)
            .map_or(1, |before| before.matches('\n').count() + 1);
        tree.report(invalid("invalid-toml", "TOML", path, line, error.message()));
    }
}

/// The value of a JSON file; None where it is unreadable or invalid.
pub(crate) fn json(tree: &Tree, path: &RelPath) -> Option<serde_json::Value> {
    let text = tree.text(path)?;
    match serde_json::from_str(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            tree.report(invalid(
                "invalid-json",
                "JSON",
                path,
                error.line().max(1),
                message,
            ));
            None
        }
    }
}

/// The value of a JSON file with comments and trailing commas, as editors write it.
pub(crate) fn jsonc(tree: &Tree, path: &RelPath) -> Option<Node> {
    let text = tree.text(path)?;
    let options = jsonc_parser::ParseOptions {
        allow_missing_commas: false,
        allow_loose_object_property_names: false,
        ..jsonc_parser::ParseOptions::default()
    };
    match jsonc_parser::parse_to_ast(&text, &jsonc_parser::CollectOptions::default(), &options) {
        Ok(parsed) => parsed.value.map(|value| convert_json(&value, &text)),
        Err(error) => {
            let message = error.kind().to_string();
            let line = error.line_display();
            tree.report(invalid("invalid-json", "JSON", path, line, &message));
            None
        }
    }
}

fn convert_json(value: &jsonc_parser::ast::Value<'_>, text: &str) -> Node {
    use jsonc_parser::ast::Value as Json;
    use jsonc_parser::common::Ranged;
    let line = |at: usize| {
        text.get(..at)
            .map_or(0, |before| before.matches('\n').count() + 1)
    };
    let converted = match value {
        Json::StringLit(literal) => Value::Text(literal.value.to_string()),
        Json::NumberLit(literal) => Value::Text(literal.value.to_owned()),
        Json::BooleanLit(literal) => Value::Text(literal.value.to_string()),
        Json::NullKeyword(_) => Value::Null,
        Json::Array(array) => Value::List(
            array
                .elements
                .iter()
                .map(|element| convert_json(element, text))
                .collect(),
        ),
        Json::Object(object) => Value::Map(
            object
                .properties
                .iter()
                .map(|property| Entry {
                    key: property.name.as_str().to_owned(),
                    line: line(property.range.start),
                    node: convert_json(&property.value, text),
                })
                .collect(),
        ),
    };
    Node {
        line: line(value.start()),
        value: converted,
    }
}

/// The finding about a file that its own format does not accept.
fn invalid(id: &'static str, format: &str, path: &RelPath, line: usize, message: &str) -> Finding {
    Finding {
        id,
        severity: Severity::Warning,
        message: format!(
            "{path}:{line} is not valid {format}: {}; it was not read",
            first_line(message)
        ),
        evidence: vec![Evidence::new(path.clone(), line, "")],
        mend: format!("correct {path} at line {line}"),
    }
}

fn first_line(message: &str) -> &str {
    message
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
}

/// Whether flow brackets or block dashes alone could nest beyond [`MAX_DEPTH`].
fn too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    for line in text.lines() {
        let dashes = line
            .split_whitespace()
            .take_while(|word| *word == "-" || *word == "?")
            .count();
        if dashes > MAX_DEPTH {
            return true;
        }
        let indent = line.len() - line.trim_start().len();
        if indent > MAX_DEPTH * 4 && !line.trim().is_empty() {
            return true;
        }
        for c in line.bytes() {
            match c {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return true;
            }
        }
    }
    false
}

fn convert(node: &MarkedYaml<'_>, lines: &[&str]) -> Node {
    let line = node.span.start.line();
    let value = match &node.data {
        YamlData::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::String(text) => Value::Text(text.to_string()),
            Scalar::Boolean(value) => Value::Text(value.to_string()),
            Scalar::Integer(value) => Value::Text(as_written(node, lines, value.to_string())),
            Scalar::FloatingPoint(value) => Value::Text(as_written(node, lines, value.to_string())),
        },
        YamlData::Representation(text, ..) => Value::Text(text.to_string()),
        YamlData::Sequence(items) => {
            Value::List(items.iter().map(|item| convert(item, lines)).collect())
        }
        YamlData::Mapping(map) => {
            let mut entries: Vec<Entry> = Vec::new();
            let mut merged = Vec::new();
            for (key, value) in map {
                let key_node = convert(key, lines);
                let node = convert(value, lines);
                let Some(key) = key_node.text().map(str::to_owned) else {
                    continue;
                };
                if key == "<<" {
                    match node.value {
                        Value::Map(more) => merged.extend(more),
                        Value::List(maps) => {
                            merged.extend(maps.into_iter().flat_map(|map| map.entries().to_vec()));
                        }
                        _ => {}
                    }
                } else {
                    entries.push(Entry {
                        key,
                        line: key_node.line,
                        node,
                    });
                }
            }
            for entry in merged {
                if !entries.iter().any(|known| known.key == entry.key) {
                    entries.push(entry);
                }
            }
            Value::Map(entries)
        }
        YamlData::Tagged(_, inner) => return convert(inner, lines),
        YamlData::Alias(_) | YamlData::BadValue => Value::Null,
    };
    Node { line, value }
}

/// `3.10` stays `3.10`: a number's text is taken from its place in the source.
fn as_written(node: &MarkedYaml<'_>, lines: &[&str], parsed: String) -> String {
    let (start, end) = (node.span.start, node.span.end);
    if start.line() != end.line() || end.col() <= start.col() {
        return parsed;
    }
    lines
        .get(start.line().saturating_sub(1))
        .map(|line| {
            line.chars()
                .skip(start.col())
                .take(end.col() - start.col())
                .collect::<String>()
        })
        .filter(|text| text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)))
        .map_or(parsed, |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_written_and_lines_are_known() {
        let node = parse_yaml("a: &x\n  version: 3.10\n  port: 0x10\nb:\n  <<: *x\n  port: 5432\n")
            .unwrap()
            .unwrap();
        let a = node.get("a").unwrap();
        assert_eq!(a.get("version").unwrap().text(), Some("3.10"));
        assert_eq!(a.get("port").unwrap().text(), Some("0x10"));
        let b = node.entry("b").unwrap();
        assert_eq!(b.line, 4);
        assert_eq!(b.node.get("version").unwrap().text(), Some("3.10"));
        assert_eq!(b.node.get("port").unwrap().text(), Some("5432"));
        assert_eq!(b.node.entry("port").unwrap().line, 6);
    }

    #[test]
    fn invalid_yaml_has_a_line() {
        let (line, _) = parse_yaml("a:\n  - b\n c: [\n").unwrap_err();
        assert!(line >= 3, "{line}");
    }

    #[test]
    fn deep_nesting_is_refused_rather_than_followed() {
        assert!(parse_yaml(&"[".repeat(100_000)).is_err());
        assert!(parse_yaml(&"- ".repeat(100_000)).is_err());
    }
}
