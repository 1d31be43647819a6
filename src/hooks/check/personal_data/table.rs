//! Files that hold records, as columns with the values of their first rows.

use crate::hooks::check::File;
use bstr::ByteSlice;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Rows whose values are looked at.
const ROWS: usize = 50;
/// Bytes at a file's start that are looked at where it has lines.
const START: usize = 256 * 1024;
/// Bytes of the largest JSON that is looked at.
const JSON: usize = 2 * 1024 * 1024;

/// A word of a FASTA header and what it is given: `[host=Homo sapiens]`, `dob=…;`.
static GIVEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)([A-Za-z][A-Za-z0-9_-]{1,40})[=:]([^;|\]\s]{1,80})").ok());

/// What a file has of records.
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    /// As it stands in the file.
    pub(super) name: String,
    /// Byte at which the name begins.
    pub(super) at: usize,
    /// Of the first rows, where they have one.
    pub(super) values: Vec<String>,
}

impl Table {
    /// None for a file that holds none, or is no text.
    pub(super) fn of(file: &File) -> Option<Self> {
        let name = file.name().to_str_lossy().to_ascii_lowercase();
        let end = name
            .rsplit('.')
            .next()
            .filter(|end| end.len() < name.len())?;
        let known = matches!(
            end,
            "csv"
                | "tsv"
                | "tab"
                | "json"
                | "jsonl"
                | "ndjson"
                | "geojson"
                | "fasta"
                | "fa"
                | "fna"
                | "faa"
                | "ffn"
        );
        if !known || !file.is_text() {
            return None;
        }
        let content = file.content();
        let start = &content[..content.len().min(START)];
        let columns = match end {
            "csv" => separated(start, None),
            "tsv" | "tab" => separated(start, Some(b'\t')),
            "json" | "geojson" if content.len() > JSON => Vec::new(),
            "json" | "geojson" => {
                let value = serde_json::from_slice(content).ok()?;
                records(content, &value)
            }
            "jsonl" | "ndjson" => {
                let lines = start.lines().take(ROWS);
                let rows = lines
                    .filter_map(|line| serde_json::from_slice(line).ok())
                    .collect();
                records(content, &serde_json::Value::Array(rows))
            }
            _ => headers(start),
        };
        (!columns.is_empty()).then_some(Self { columns })
    }
}

fn separated(content: &[u8], separator: Option<u8>) -> Vec<Column> {
    let (content, mark) = match content.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, 3),
        None => (content, 0),
    };
    let first = content.lines().next().unwrap_or_default();
    let separator = separator.unwrap_or_else(|| {
        let count = |byte: u8| memchr::memchr_iter(byte, first).count();
        *b",;\t|"
            .iter()
            .rev()
            .max_by_key(|byte| count(**byte))
            .unwrap_or(&b',')
    });
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .has_headers(false)
        .from_reader(content);
    let mut rows = reader.byte_records().map_while(Result::ok);
    let Some(head) = rows.next() else {
        return Vec::new();
    };
    let mut columns: Vec<Column> = Vec::new();
    let mut from = 0;
    for name in &head {
        let at = content[from..].find(name).map_or(from, |at| from + at);
        from = at + name.len();
        columns.push(Column {
            name: name.to_str_lossy().trim_start_matches('#').to_owned(),
            at: at + mark,
            values: Vec::new(),
        });
    }
    for row in rows.take(ROWS) {
        for (column, value) in columns.iter_mut().zip(&row) {
            column.values.push(value.to_str_lossy().into_owned());
        }
    }
    // A table with one column is a list of lines, whatever its first line says.
    if columns.len() < 2 && columns.iter().all(|column| column.values.len() < 2) {
        columns.clear();
    }
    columns
}

/// The keys of the objects of an array that are at least two, wherever it is: a single object is
/// a configuration.
fn records(content: &[u8], value: &serde_json::Value) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    gather(content, value, &mut columns, 0);
    columns
}

fn gather(content: &[u8], value: &serde_json::Value, columns: &mut Vec<Column>, depth: usize) {
    if depth > 6 {
        return;
    }
    match value {
        serde_json::Value::Array(items) => {
            let objects = items.iter().filter_map(serde_json::Value::as_object);
            if objects.clone().take(2).count() == 2 {
                for object in objects.take(ROWS) {
                    note(content, object, columns);
                }
            }
            for item in items.iter().take(ROWS) {
                gather(content, item, columns, depth + 1);
            }
        }
        serde_json::Value::Object(entries) => {
            for value in entries.values() {
                gather(content, value, columns, depth + 1);
            }
        }
        _ => {}
    }
}

fn note(
    content: &[u8],
    object: &serde_json::Map<String, serde_json::Value>,
    columns: &mut Vec<Column>,
) {
    for (name, value) in object {
        // GeoJSON and JSON:API keep what a record says one level down.
        if let Some(inner) = value.as_object() {
            note(content, inner, columns);
            continue;
        }
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        if let Some(column) = columns.iter_mut().find(|column| column.name == *name) {
            column.values.push(text);
        } else if columns.len() < 200 {
            let quoted = serde_json::Value::from(name.as_str()).to_string();
            columns.push(Column {
                name: name.clone(),
                at: content.find(&quoted).map_or(0, |at| at + 1),
                values: vec![text],
            });
        }
    }
}

/// What the headers of sequences say beside their ids.
fn headers(content: &[u8]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let Some(given) = GIVEN.as_ref() else {
        return columns;
    };
    let mut at = 0;
    for line in content.lines_with_terminator() {
        if line.starts_with(b">") {
            for captures in given.captures_iter(line) {
                let (Some(name), Some(value)) = (captures.get(1), captures.get(2)) else {
                    continue;
                };
                let text = name.as_bytes().to_str_lossy().into_owned();
                let value = value.as_bytes().to_str_lossy().into_owned();
                if let Some(column) = columns.iter_mut().find(|column| column.name == text) {
                    if column.values.len() < ROWS {
                        column.values.push(value);
                    }
                } else if columns.len() < 100 {
                    columns.push(Column {
                        name: text,
                        at: at + name.start(),
                        values: vec![value],
                    });
                }
            }
        }
        at += line.len();
    }
    columns
}
