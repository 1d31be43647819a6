//! YAML, TOML, JSON and XML of the tree as one kind of value that knows its lines. A file is parsed
//! once; what is invalid becomes a finding with its line. `hooks::import` reads the configuration of
//! other tools with the same parsers.

mod xml;
mod yaml;

use super::Tree;
use crate::project::{Evidence, Finding, RelPath, Severity};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(in crate::detect) use xml::TEXT as XML_TEXT;
pub(crate) use yaml::{parse_yaml, parse_yaml_documents};

/// Collections nested deeper than this are no configuration; parsers and walks recurse.
const MAX_DEPTH: usize = 200;

/// A value with the line that it starts on (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// Any scalar, as written; `true` and `false` for a boolean.
    Text(String),
    List(Vec<Node>),
    /// In the order of the lines, merge keys (`<<`) resolved.
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Line of the key.
    pub(crate) line: usize,
    pub(crate) node: Node,
}

/// Line and message of what is wrong with a text.
type Broken = (usize, String);

impl Node {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Follows keys down to an entry; None where one is missing.
    pub(crate) fn entry_at(&self, keys: &[&str]) -> Option<&Entry> {
        let (last, above) = keys.split_last()?;
        above
            .iter()
            .try_fold(self, |node, key| node.get(key))?
            .entry(last)
    }

    /// As [`Node::entry_at`], the value alone.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<&Node> {
        self.entry_at(keys).map(|entry| &entry.node)
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

    /// The entries of the mapping at `keys`.
    pub(crate) fn entries_at(&self, keys: &[&str]) -> &[Entry] {
        self.at(keys).map_or(&[], Node::entries)
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
pub(crate) fn yaml(tree: &Tree, path: &RelPath) -> Option<Arc<Node>> {
    read(tree, path, "YAML", "invalid-yaml", parse_yaml)
}

/// The value of a TOML file; None where it is unreadable or invalid.
pub(crate) fn toml(tree: &Tree, path: &RelPath) -> Option<Arc<Node>> {
    read(tree, path, "TOML", "invalid-toml", |text| {
        parse_toml(text).map(Some)
    })
}

/// The value of a JSON file; None where it is unreadable or invalid.
pub(crate) fn json(tree: &Tree, path: &RelPath) -> Option<Arc<Node>> {
    let strict = jsonc_parser::ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    read(tree, path, "JSON", "invalid-json", |text| {
        parse_json(text, &strict)
    })
}

/// The value of a JSON file with comments and trailing commas, as editors write it.
pub(crate) fn jsonc(tree: &Tree, path: &RelPath) -> Option<Arc<Node>> {
    read(tree, path, "JSON", "invalid-json", parse_jsonc)
}

/// The first element of an XML file, its elements as entries in their order; attributes are left out.
/// None where it is unreadable or invalid.
pub(crate) fn xml(tree: &Tree, path: &RelPath) -> Option<Arc<Node>> {
    read(tree, path, "XML", "invalid-xml", xml::parse)
}

/// As [`xml`], with attributes as entries named `@name` and the text of an element that has some as the
/// entry [`XML_TEXT`].
pub(crate) fn xml_with_attributes(tree: &Tree, path: &RelPath) -> Option<Arc<Node>> {
    read(tree, path, "XML", "invalid-xml", xml::parse_with_attributes)
}

/// Parses a JSON document with comments and trailing commas.
///
/// # Errors
/// Line and message of what is wrong.
pub(crate) fn parse_jsonc(text: &str) -> Result<Option<Node>, Broken> {
    let lenient = jsonc_parser::ParseOptions {
        allow_missing_commas: false,
        allow_loose_object_property_names: false,
        ..jsonc_parser::ParseOptions::default()
    };
    parse_json(text, &lenient)
}

/// Reports a TOML file that is invalid, without keeping what is in it.
pub(crate) fn check_toml(tree: &Tree, path: &RelPath) {
    if tree.is_parsed(path) {
        return;
    }
    let Some(text) = tree.text(path) else { return };
    if let Err((line, message)) = toml_table(&text) {
        let line = within(&text, line);
        tree.report(invalid("invalid-toml", "TOML", path, line, &message));
    }
}

/// A parser may name the line behind the last one.
fn within(text: &str, line: usize) -> usize {
    line.min(text.matches('\n').count() + 1)
}

fn read(
    tree: &Tree,
    path: &RelPath,
    format: &str,
    id: &'static str,
    parse: impl FnOnce(&str) -> Result<Option<Node>, Broken>,
) -> Option<Arc<Node>> {
    tree.parsed(path, || {
        let text = tree.text(path)?;
        // Editors of Windows begin a file with the mark of its order of bytes.
        match parse(text.trim_start_matches('\u{feff}')) {
            Ok(node) => node.map(Arc::new),
            Err((line, message)) => {
                let line = within(&text, line);
                tree.report(invalid(id, format, path, line, &message));
                None
            }
        }
    })
}

/// Where each line of a text begins.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// Line (from 1) of a byte's place.
    fn at(&self, place: usize) -> usize {
        self.0.partition_point(|newline| *newline < place) + 1
    }
}

/// Parses a TOML document.
///
/// # Errors
/// Line and message of what is wrong.
pub(crate) fn parse_toml(text: &str) -> Result<Node, Broken> {
    let table = toml_table(text)?;
    Ok(Node {
        line: 1,
        value: from_table(&Lines::of(text), table.get_ref()),
    })
}

fn toml_table(text: &str) -> Result<Spanned<DeTable<'_>>, Broken> {
    if too_deep(text) {
        return Err((1, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (Lines::of(text).at(at), error.message().to_owned())
    })
}

fn from_table(lines: &Lines, table: &DeTable<'_>) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            line: lines.at(key.span().start),
            node: from_value(lines, value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.line);
    Value::Map(entries)
}

fn from_value(lines: &Lines, value: &Spanned<DeValue<'_>>) -> Node {
    let converted = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Text(number.as_str().to_owned()),
        DeValue::Float(number) => Value::Text(number.as_str().to_owned()),
        DeValue::Boolean(value) => Value::Text(value.to_string()),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| from_value(lines, item)).collect())
        }
        DeValue::Table(table) => from_table(lines, table),
    };
    Node {
        line: lines.at(value.span().start),
        value: converted,
    }
}

fn parse_json(text: &str, options: &jsonc_parser::ParseOptions) -> Result<Option<Node>, Broken> {
    if too_deep(text) {
        return Err((1, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    jsonc_parser::parse_to_ast(text, &jsonc_parser::CollectOptions::default(), options)
        .map(|parsed| {
            let lines = Lines::of(text);
            parsed.value.map(|value| from_json(&lines, &value))
        })
        .map_err(|error| (error.line_display(), error.kind().to_string()))
}

fn from_json(lines: &Lines, value: &jsonc_parser::ast::Value<'_>) -> Node {
    use jsonc_parser::ast::Value as Json;
    use jsonc_parser::common::Ranged;
    let converted = match value {
        Json::StringLit(literal) => Value::Text(literal.value.to_string()),
        Json::NumberLit(literal) => Value::Text(literal.value.to_owned()),
        Json::BooleanLit(literal) => Value::Text(literal.value.to_string()),
        Json::NullKeyword(_) => Value::Null,
        Json::Array(array) => Value::List(
            array
                .elements
                .iter()
                .map(|element| from_json(lines, element))
                .collect(),
        ),
        Json::Object(object) => Value::Map(
            object
                .properties
                .iter()
                .map(|property| Entry {
                    key: property.name.as_str().to_owned(),
                    line: lines.at(property.range.start),
                    node: from_json(lines, &property.value),
                })
                .collect(),
        ),
    };
    Node {
        line: lines.at(value.start()),
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
        let mut quote = None;
        for c in line.bytes() {
            match (quote, c) {
                (Some(open), _) if open == c => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(c),
                (None, b'[' | b'{') => depth += 1,
                (None, b']' | b'}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return true;
            }
        }
    }
    false
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
    fn a_closing_bracket_may_stand_below_its_key() {
        let node = parse_yaml("a:\n  b:\n    c: [\n      x,\n    ]\n  d: 1\n")
            .unwrap()
            .unwrap();
        assert_eq!(node.at(&["a", "b", "c"]).unwrap().items().len(), 1);
        assert_eq!(node.entry_at(&["a", "d"]).unwrap().line, 6);
    }

    #[test]
    fn invalid_yaml_has_a_line() {
        let (line, _) = parse_yaml("a:\n  - b\n c: [\n").unwrap_err();
        assert!(line >= 3, "{line}");
    }

    #[test]
    fn a_lone_carriage_return_breaks_a_line_of_yaml_and_counts_for_none() {
        let node = parse_yaml("a: 1\rb: 3.10\r\nc:\r  d: 4\n")
            .unwrap()
            .unwrap();
        let lines: Vec<usize> = node.entries().iter().map(|entry| entry.line).collect();
        assert_eq!(lines, [1, 1, 2]);
        assert_eq!(node.get("b").unwrap().text(), Some("3.10"));
        assert_eq!(node.entry_at(&["c", "d"]).unwrap().line, 2);
        let (line, _) = parse_yaml("a:\r\r\r  - b\r c: [\n").unwrap_err();
        assert!(line <= 2, "{line}");
    }

    #[test]
    fn toml_knows_the_lines_of_keys_and_items() {
        let node =
            parse_toml("[project]\nname = \"a\"\n\ndependencies = [\n  \"flask\",\n]\n").unwrap();
        let dependencies = node.entry_at(&["project", "dependencies"]).unwrap();
        assert_eq!(dependencies.line, 4);
        assert_eq!(dependencies.node.items()[0].line, 5);
        assert_eq!(dependencies.node.items()[0].text(), Some("flask"));
        assert_eq!(
            parse_toml("[a]\nb = 1\nversion = 0.1.0\n").unwrap_err().0,
            3
        );
    }

    #[test]
    fn deep_nesting_is_refused_rather_than_followed() {
        assert!(parse_yaml(&"[".repeat(100_000)).is_err());
        assert!(parse_yaml(&"- ".repeat(100_000)).is_err());
    }
}
