//! A file of events: JSON Lines, CSV, CDEvents.

use super::cdevents::{self, Read};
use super::{ImportError, LeftOut};
use crate::dora::event::{Defaults, Event, EventError, Time};
use crate::dora::store::{Batch, BatchError};
use std::io::{self, BufRead};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One event a line, as a JSON object of shipway's own or as a CDEvent.
    Lines,
    Csv,
}

/// A line of a file is at most so long; an event has at most 64 KiB, a CDEvent carries it along
/// with a little more.
const LONGEST: u64 = 1024 * 1024;

/// Puts the events of `source` into `batch` and gives what was left out. Without `skip`, the
/// first thing that is wrong is an error.
///
/// # Errors
/// When `source` cannot be read, something in it is wrong, or the batch cannot be written.
pub fn read(
    source: &mut dyn BufRead,
    form: Form,
    defaults: &Defaults,
    now: Time,
    skip: bool,
    batch: &mut Batch,
) -> Result<Vec<LeftOut>, ImportError> {
    let mut sink = Sink {
        batch,
        now,
        skip,
        left_out: Vec::new(),
    };
    match form {
        Form::Lines => lines(source, defaults, &mut sink)?,
        Form::Csv => super::csv::read(source, defaults, &mut sink)?,
    }
    Ok(sink.left_out)
}

/// Where events go, and what is no event.
pub(super) struct Sink<'a> {
    batch: &'a mut Batch,
    now: Time,
    skip: bool,
    left_out: Vec<LeftOut>,
}

impl Sink<'_> {
    /// Takes the event of line `number`, or what is wrong with it.
    pub(super) fn take(
        &mut self,
        number: u64,
        event: Result<Event, EventError>,
    ) -> Result<(), ImportError> {
        let taken = event.and_then(|event| event.not_after(self.now).map(|()| event));
        match taken {
            Ok(event) => match self.batch.push(&event) {
                Err(BatchError::Event(error)) => self.wrong(number, &error.to_string()),
                other => Ok(other?),
            },
            Err(error) => self.wrong(number, &error.to_string()),
        }
    }

    pub(super) fn wrong(&mut self, number: u64, reason: &str) -> Result<(), ImportError> {
        let what = format!("line {number}");
        if !self.skip {
            return Err(ImportError::Invalid {
                what,
                reason: reason.to_owned(),
            });
        }
        self.left_out.push(LeftOut {
            what,
            reason: reason.to_owned(),
        });
        Ok(())
    }

    /// Something that is right and has no place in the record.
    pub(super) fn leave_out(&mut self, number: u64, reason: &str) {
        self.left_out.push(LeftOut {
            what: format!("line {number}"),
            reason: reason.to_owned(),
        });
    }
}

fn lines(
    source: &mut dyn BufRead,
    defaults: &Defaults,
    sink: &mut Sink,
) -> Result<(), ImportError> {
    let mut line = Vec::new();
    let mut number = 0;
    let mut tasks = cdevents::Tasks::default();
    loop {
        line.clear();
        let length = next_line(source, &mut line).map_err(ImportError::Read)?;
        if length == 0 {
            return Ok(());
        }
        number += 1;
        if length > LONGEST {
            sink.wrong(
                number,
                &format!("it has {length} bytes; {LONGEST} are the most"),
            )?;
            continue;
        }
        let text = line.trim_ascii();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.is_empty() {
            continue;
        }
        if text.starts_with(b"[") {
            let reason = "it is a JSON array; give one object a line: jq -c '.[]' FILE";
            sink.wrong(number, reason)?;
            continue;
        }
        if cdevents::is_one(text) {
            match tasks.read(text, defaults) {
                Ok(Read::Event(event)) => sink.take(number, Ok(*event))?,
                Ok(Read::Other(reason)) => sink.leave_out(number, &reason),
                Ok(Read::Nothing) => {}
                Err(reason) => sink.wrong(number, &reason)?,
            }
        } else {
            sink.take(number, Event::parse(text, Some(defaults)))?;
        }
    }
}

/// Reads a line into `line`, of which no more than [`LONGEST`] is kept, and gives its length in
/// bytes, its end included; 0 at the end of the source.
fn next_line(source: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let part = match source.fill_buf() {
            Ok(part) => part,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if part.is_empty() {
            return Ok(length);
        }
        let end = memchr::memchr(b'\n', part);
        let used = end.map_or(part.len(), |end| end + 1);
        length += used as u64;
        if length <= LONGEST {
            line.extend_from_slice(&part[..used]);
        }
        source.consume(used);
        if end.is_some() {
            return Ok(length);
        }
    }
}
