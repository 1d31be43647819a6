//! CSV: one event a row, one field a column.

use super::ImportError;
use super::file::Sink;
use crate::dora::event::{Defaults, Event, EventError};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::io::{BufRead, Read};

/// The columns, in the order in which they are written. A dot leads into an object.
pub const COLUMNS: &[&str] = &[
    "type",
    "environment",
    "service",
    "commit",
    "started_at",
    "finished_at",
    "outcome",
    "took_traffic",
    "intent",
    "release.version",
    "release.digests",
    "schema_head",
    "reverts",
    "run",
    "proof.requests",
    "proof.failed",
    "proof.slowest_ms",
    "key",
    "opened_at",
    "resolved_at",
    "caused_by",
    "fixed_by",
    "cause",
    "severity",
    "name",
    "number",
    "base",
    "patch_id",
    "approved_at",
    "merged_at",
    "merged_as",
    "commits",
    "retracts",
    "reason",
    "at",
    "source",
];

/// What a cell holds that is not its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dora) enum Cell {
    Text,
    Number,
    Truth,
    /// Words with a space between.
    List,
    /// JSON.
    Value,
}

pub(in crate::dora) fn cell(column: &str) -> Cell {
    match column {
        "took_traffic" => Cell::Truth,
        "number" | "proof.requests" | "proof.failed" | "proof.slowest_ms" => Cell::Number,
        "release.digests" => Cell::List,
        "commits" => Cell::Value,
        _ => Cell::Text,
    }
}

pub(super) fn read(
    source: &mut dyn BufRead,
    defaults: &Defaults,
    sink: &mut Sink,
) -> Result<(), ImportError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(Lines::of(source));
    let columns = reader.byte_headers().map_err(unread)?.clone();
    let columns: Vec<String> = columns
        .iter()
        .map(|name| {
            String::from_utf8_lossy(name)
                .trim()
                .trim_start_matches('\u{feff}')
                .to_owned()
        })
        .collect();
    for column in &columns {
        if !COLUMNS.contains(&column.as_str()) {
            return Err(ImportError::Invalid {
                what: "line 1".to_owned(),
                reason: format!("{column:?} is no column; known are {}", COLUMNS.join(", ")),
            });
        }
    }
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(unread(error)),
        }
        let begin = record.position().map_or(0, csv::Position::byte);
        let number = reader.get_mut().at(begin);
        if record.iter().all(<[u8]>::is_empty) {
            continue;
        }
        if record.len() != columns.len() {
            let reason = format!(
                "it has {} cells for {} columns",
                record.len(),
                columns.len()
            );
            sink.wrong(number, &reason)?;
            continue;
        }
        match object(&columns, &record) {
            Ok(object) => {
                let json = Value::Object(object).to_string();
                sink.take(number, Event::parse(json.as_bytes(), Some(defaults)))?;
            }
            Err(reason) => sink.wrong(number, &reason)?,
        }
    }
}

/// Knows on which line a byte of what was read lies.
struct Lines<R> {
    inner: R,
    /// Bytes read.
    end: u64,
    last: u8,
    /// Where lines end that were read and not yet passed, and whether by a carriage return, too.
    ends: VecDeque<(u64, bool)>,
    line: u64,
}

impl<R: Read> Lines<R> {
    fn of(inner: R) -> Self {
        Self {
            inner,
            end: 0,
            last: 0,
            ends: VecDeque::new(),
            line: 1,
        }
    }

    /// The line of the first byte from `begin` on that ends no line; `begin` does not decrease.
    fn at(&mut self, mut begin: u64) -> u64 {
        while let Some((end, carriage)) = self.ends.front() {
            let is_empty = *end == begin || (*carriage && *end == begin + 1);
            if *end > begin && !is_empty {
                break;
            }
            begin = begin.max(*end + 1);
            self.ends.pop_front();
            self.line += 1;
        }
        self.line
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        for at in memchr::memchr_iter(b'\n', &buffer[..length]) {
            let before = if at == 0 { self.last } else { buffer[at - 1] };
            self.ends.push_back((self.end + at as u64, before == b'\r'));
        }
        if let Some(last) = buffer[..length].last() {
            self.last = *last;
        }
        self.end += length as u64;
        Ok(length)
    }
}

/// The row as the object that it stands for; an empty cell is an absent field.
fn object(columns: &[String], record: &csv::ByteRecord) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    for (column, bytes) in columns.iter().zip(record) {
        let text = std::str::from_utf8(bytes).map_err(|_| format!("{column}: it is no UTF-8"))?;
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let unfit = |wanted: &str| format!("{column}: {text:?} is no {wanted}");
        let value = match cell(column) {
            Cell::Text => Value::from(harmful(text)),
            Cell::Number => Value::from(text.parse::<u64>().map_err(|_| unfit("whole number"))?),
            Cell::Truth => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Value::from(true),
                "false" | "no" | "0" => Value::from(false),
                _ => return Err(unfit("true or false")),
            },
            Cell::List => text.split_whitespace().map(Value::from).collect(),
            Cell::Value => serde_json::from_str(text).map_err(|_| unfit("JSON"))?,
        };
        match column.split_once('.') {
            None => {
                object.insert(column.clone(), value);
            }
            Some((outer, inner)) => {
                let outer = object
                    .entry(outer)
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(outer) = outer {
                    outer.insert(inner.to_owned(), value);
                }
            }
        }
    }
    Ok(object)
}

/// Whether a spreadsheet would compute with a cell that begins so.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// What a cell stands for: see [`harmless`].
fn harmful(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) || rest.starts_with('\'') => rest,
        _ => text,
    }
}

/// `text` as a cell that no spreadsheet takes for a formula: an apostrophe stands before what
/// would be one, and before an apostrophe that stands so.
pub(in crate::dora) fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    let quoted = text
        .strip_prefix('\'')
        .is_some_and(|rest| is_formula(rest) || rest.starts_with('\''));
    if is_formula(text) || quoted {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

fn unread(error: csv::Error) -> ImportError {
    let place = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ImportError::Read(error),
        other => ImportError::Invalid {
            what: format!("line {place}"),
            reason: format!("it is no CSV: {other:?}"),
        },
    }
}

impl From<EventError> for ImportError {
    fn from(error: EventError) -> Self {
        Self::Batch(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_by_the_line_on_which_it_begins() {
        for (text, wanted) in [
            ("a\nb\nc\n", vec![1, 2, 3]),
            ("a\r\nb\r\nc", vec![1, 2, 3]),
            ("\n\na\n\r\n\nb", vec![3, 6]),
            ("\"a\nb\"\nc\n\r\nd\r\n", vec![1, 3, 5]),
        ] {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .buffer_capacity(3)
                .from_reader(Lines::of(text.as_bytes()));
            let mut record = csv::ByteRecord::new();
            let mut lines = Vec::new();
            while reader.read_byte_record(&mut record).unwrap() {
                let begin = record.position().unwrap().byte();
                lines.push(reader.get_mut().at(begin));
            }
            assert_eq!(lines, wanted, "{text:?}");
        }
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_compute_comes_back_as_it_was() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("'=1", "''=1"),
            ("''x", "'''x"),
            ("'x", "'x"),
            ("x=1", "x=1"),
        ] {
            assert_eq!(harmless(text), cell);
            assert_eq!(harmful(&harmless(text)), text);
        }
    }
}
