//! Many events on their way into a store: on disk, so that their number costs little memory.

use crate::dora::event::{Event, EventError, EventId, Time};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// Events that were all found to be right, before the first of them is kept.
pub struct Batch {
    file: BufWriter<File>,
    /// Bytes written.
    end: u64,
    index: Vec<Place>,
}

/// One event: where it lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    second: i64,
    id: EventId,
    offset: u64,
    length: u32,
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub id: EventId,
    /// Its main time.
    pub at: Time,
    /// Its canonical form.
    pub json: Vec<u8>,
}

/// Why an event did not enter the batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("the events cannot be put down on the way: {0}")]
    Io(#[from] io::Error),
}

impl Batch {
    /// # Errors
    /// When no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
            end: 0,
            index: Vec::new(),
        })
    }

    /// Takes `event` along.
    ///
    /// # Errors
    /// When it is too large, or cannot be written down.
    pub fn push(&mut self, event: &Event) -> Result<(), BatchError> {
        let (id, json) = event.named()?;
        self.file.write_all(&json)?;
        // An event has at most 64 KiB.
        let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
        self.index.push(Place {
            second: event.main_time().second(),
            id,
            offset: self.end,
            length,
        });
        self.end += u64::from(length);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How many events were pushed, the same one as often as it was.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// The events, each once, ordered by main time, then by id.
    ///
    /// # Errors
    /// When the last of them cannot be written down.
    pub fn events(&mut self) -> io::Result<impl ExactSizeIterator<Item = io::Result<Named>> + '_> {
        self.file.flush()?;
        self.index.sort_unstable();
        self.index.dedup_by_key(|place| place.id);
        let file = self.file.get_mut();
        Ok(self.index.iter().map(|place| {
            let mut json = vec![0; place.length as usize];
            file.seek(SeekFrom::Start(place.offset))?;
            file.read_exact(&mut json)?;
            Ok(Named {
                id: place.id,
                at: Time::from_second(place.second).unwrap_or(Time::EPOCH),
                json,
            })
        }))
    }
}
