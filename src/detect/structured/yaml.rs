//! YAML, with anchors and merge keys resolved.

use super::{Broken, Entry, MAX_DEPTH, Node, Value, too_deep};
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

/// Parses the first document of `text`.
///
/// # Errors
/// Line and message of what is wrong.
pub(crate) fn parse_yaml(text: &str) -> Result<Option<Node>, Broken> {
    Ok(parse_yaml_documents(text)?.into_iter().next())
}

/// Parses every document of `text`.
///
/// # Errors
/// Line and message of what is wrong.
pub(crate) fn parse_yaml_documents(text: &str) -> Result<Vec<Node>, Broken> {
    if too_deep(text) {
        return Err((1, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let lines = YamlLines::of(text);
    let load = |text| {
        MarkedYaml::load_from_str(text)
            .map_err(|error| (lines.number(error.marker().line()), error.info().to_owned()))
    };
    let indented;
    let documents = match load(text) {
        Ok(documents) => documents,
        // Other parsers take a closing bracket at the level of the key that opened it.
        Err(error) => {
            indented = with_brackets_indented(text).ok_or_else(|| error.clone())?;
            load(&indented).map_err(|_| error)?
        }
    };
    Ok(documents
        .iter()
        .map(|document| convert(document, &lines))
        .collect())
}

/// The lines of a text as YAML breaks them, at a lone carriage return too (YAML 1.2.2, 5.4), each
/// with the number that it has by newlines alone, as in all other evidence.
struct YamlLines<'t>(Vec<(&'t str, usize)>);

impl<'t> YamlLines<'t> {
    fn of(text: &'t str) -> Self {
        let numbered = text.split('\n').zip(1..);
        Self(
            numbered
                .flat_map(|(line, number)| {
                    let line = line.strip_suffix('\r').unwrap_or(line);
                    line.split('\r').map(move |part| (part, number))
                })
                .collect(),
        )
    }

    fn text(&self, line: usize) -> Option<&'t str> {
        Some(self.0.get(line.checked_sub(1)?)?.0)
    }

    /// A parser may name the line behind the last one.
    fn number(&self, line: usize) -> usize {
        let at = line.saturating_sub(1).min(self.0.len().saturating_sub(1));
        self.0.get(at).map_or(1, |(_, number)| *number)
    }
}

/// `text` with lines that begin with a closing bracket further in; None where there are none.
fn with_brackets_indented(text: &str) -> Option<String> {
    let closes = |line: &str| line.trim_start().starts_with([']', '}']);
    text.lines().any(closes).then(|| {
        text.lines()
            .map(|line| {
                if closes(line) {
                    format!("        {line}\n")
                } else {
                    format!("{line}\n")
                }
            })
            .collect()
    })
}

fn convert(node: &MarkedYaml<'_>, lines: &YamlLines<'_>) -> Node {
    let line = lines.number(node.span.start.line());
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
fn as_written(node: &MarkedYaml<'_>, lines: &YamlLines<'_>, parsed: String) -> String {
    let (start, end) = (node.span.start, node.span.end);
    if start.line() != end.line() || end.col() <= start.col() {
        return parsed;
    }
    lines
        .text(start.line())
        .map(|line| {
            line.chars()
                .skip(start.col())
                .take(end.col() - start.col())
                .collect::<String>()
        })
        .filter(|text| text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)))
        .map_or(parsed, |text| text.trim().to_owned())
}
