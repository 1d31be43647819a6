//! CSV with the columns that the import reads.

use crate::dora::event::Event;
use crate::dora::import::csv::{COLUMNS, Cell, cell, harmless};
use serde_json::Value;

/// The first row and one for each of `events`, with the line ends of RFC 4180.
///
/// # Errors
/// When a row cannot be written.
pub fn rows<'e>(
    events: impl IntoIterator<Item = &'e Event>,
) -> impl Iterator<Item = std::io::Result<Vec<u8>>> {
    let head = row(COLUMNS.iter().map(|column| (*column).to_owned()));
    std::iter::once(head).chain(events.into_iter().map(|event| {
        let object: Value = serde_json::from_slice(&event.canonical())?;
        row(COLUMNS.iter().map(|column| written(&object, column)))
    }))
}

fn row(cells: impl Iterator<Item = String>) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(cells.map(String::into_bytes))?;
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn written(object: &Value, column: &str) -> String {
    let value = match column.split_once('.') {
        None => object.get(column),
        Some((outer, inner)) => object.get(outer).and_then(|outer| outer.get(inner)),
    };
    match (value, cell(column)) {
        (None, _) => String::new(),
        (Some(Value::String(text)), _) => harmless(text).into_owned(),
        (Some(Value::Array(words)), Cell::List) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        }
        (Some(value), _) => value.to_string(),
    }
}
