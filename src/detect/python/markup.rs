//! TOML and YAML as one kind of tree that knows the line of each value.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with the line it is on (1-based).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// Strings, numbers and dates as text.
    Text(String),
    Bool(bool),
    List(Vec<Node>),
    /// Entries in the order of their lines; a key's line is that of its value.
    Table(Vec<(String, Node)>),
    Nothing,
}

/// Why a file could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) message: String,
}

impl Node {
    /// Follows keys down; None where one is missing.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Node> {
        let mut node = self;
        for key in keys {
            let Data::Table(entries) = &node.data else {
                return None;
            };
            node = entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value)?;
        }
        Some(node)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> &[Node] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn table(&self) -> &[(String, Node)] {
        match &self.data {
            Data::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn is(&self, value: bool) -> bool {
        self.data == Data::Bool(value)
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// Parses TOML.
pub(super) fn toml(text: &str) -> Result<Node, Broken> {
    let table = DeTable::parse(text).map_err(|error| Broken {
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        message: error.message().to_owned(),
    })?;
    Ok(Node {
        line: 1,
        data: from_table(text, table.get_ref()),
    })
}

fn from_table(text: &str, table: &DeTable<'_>) -> Data {
    let mut entries: Vec<(String, Node)> = table
        .iter()
        .map(|(key, value)| {
            let mut node = from_value(text, value);
            node.line = line_of(text, key.span().start);
            (key.get_ref().to_string(), node)
        })
        .collect();
    entries.sort_by_key(|(_, node)| node.line);
    Data::Table(entries)
}

fn from_value(text: &str, value: &Spanned<DeValue<'_>>) -> Node {
    let data = match value.get_ref() {
        DeValue::String(string) => Data::Text(string.to_string()),
        DeValue::Integer(number) => Data::Text(number.as_str().to_owned()),
        DeValue::Float(number) => Data::Text(number.as_str().to_owned()),
        DeValue::Boolean(value) => Data::Bool(*value),
        DeValue::Datetime(date) => Data::Text(date.to_string()),
        DeValue::Array(items) => {
            Data::List(items.iter().map(|item| from_value(text, item)).collect())
        }
        DeValue::Table(table) => from_table(text, table),
    };
    Node {
        line: line_of(text, value.span().start),
        data,
    }
}

/// Parses the first document of a YAML file.
pub(super) fn yaml(text: &str) -> Result<Node, Broken> {
    let documents = MarkedYaml::load_from_str(text).map_err(|error| Broken {
        line: error.marker().line().max(1),
        message: error.info().to_owned(),
    })?;
    Ok(documents.first().map_or(
        Node {
            line: 1,
            data: Data::Nothing,
        },
        from_yaml,
    ))
}

fn from_yaml(node: &MarkedYaml<'_>) -> Node {
    let data = match &node.data {
        YamlData::Value(scalar) => match scalar {
            Scalar::Null => Data::Nothing,
            Scalar::Boolean(value) => Data::Bool(*value),
            Scalar::Integer(number) => Data::Text(number.to_string()),
            Scalar::FloatingPoint(number) => Data::Text(number.to_string()),
            Scalar::String(text) => Data::Text(text.to_string()),
        },
        YamlData::Representation(text, ..) => Data::Text(text.to_string()),
        YamlData::Sequence(items) => Data::List(items.iter().map(from_yaml).collect()),
        YamlData::Mapping(entries) => Data::Table(
            entries
                .iter()
                .filter_map(|(key, value)| {
                    let key_node = from_yaml(key);
                    let mut value = from_yaml(value);
                    value.line = key_node.line;
                    Some((key_node.text()?.to_owned(), value))
                })
                .collect(),
        ),
        YamlData::Tagged(_, inner) => from_yaml(inner).data,
        YamlData::Alias(_) | YamlData::BadValue => Data::Nothing,
    };
    Node {
        line: node.span.start.line().max(1),
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_knows_its_lines() {
        let node = toml("[project]\nname = \"a\"\n\ndependencies = [\n  \"flask\",\n]\n").unwrap();
        let dependencies = node.get(&["project", "dependencies"]).unwrap();
        assert_eq!(dependencies.line, 4);
        assert_eq!(dependencies.list()[0].line, 5);
        assert_eq!(dependencies.list()[0].text(), Some("flask"));
    }

    #[test]
    fn broken_toml_has_its_line() {
        let text = "[project]\nname = \"reef\"\nversion = 0.1.0\n";
        assert_eq!(toml(text).unwrap_err().line, 3);
    }

    #[test]
    fn yaml_knows_its_lines() {
        let node =
            yaml("name: a\ndependencies:\n  - python=3.11\n  - pip:\n      - x==1\n").unwrap();
        let items = node.get(&["dependencies"]).unwrap().list();
        assert_eq!((items[0].line, items[0].text()), (3, Some("python=3.11")));
        assert_eq!(items[1].get(&["pip"]).unwrap().list()[0].line, 5);
    }
}
