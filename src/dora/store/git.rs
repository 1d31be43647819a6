//! The store in the repository itself: the ref `refs/shipway/events`.

use super::batch::{Batch, Named};
use super::cache::{Cache, ReadDay};
use super::{Added, AddedAll, Reading, Refused, Store, StoreError};
use crate::dora::event::{Event, EventError, EventId, MAX_BYTES, Name, Time};
use crate::git::events::{self, Dated, Day, DayFile, Days, Filed, Odd};
use crate::git::{CommitId, GitError, Opened, Repository};
use jiff::civil::Date;
use rayon::prelude::*;
use std::path::PathBuf;

/// The ref whose tree is `YYYY/MM/DD/<sha256>.json` by main time.
pub const EVENTS_REF: &str = "refs/shipway/events";

/// What was read of the commit at the tip.
type Known = Cache<CommitId, Day>;

/// The events of one repository.
pub struct GitStore {
    dated: Dated,
    common_dir: PathBuf,
}

impl GitStore {
    /// # Errors
    /// When the repository cannot be opened.
    pub fn open(repository: &Repository) -> Result<Self, StoreError> {
        Ok(Self::of(repository, &Opened::at(&repository.root)?))
    }

    /// The events of `repository`, which is open.
    #[must_use]
    pub fn of(repository: &Repository, opened: &Opened) -> Self {
        Self {
            dated: Dated::of(opened, EVENTS_REF),
            common_dir: repository.common_dir.clone(),
        }
    }

    /// The same, with events signed, where git knows a key to sign with.
    #[must_use]
    pub fn signing(self) -> Self {
        Self {
            dated: self.dated.signing(),
            ..self
        }
    }

    fn read_with(&self, cached: Known) -> Result<Known, StoreError> {
        let Some(tip) = self.dated.tip()? else {
            return Ok(Known::default());
        };
        if cached.state == Some(tip) {
            return Ok(cached);
        }
        let days = Days::open(&self.common_dir)?;
        let (present, odd) = days.of(tip)?;
        let odd = odd.into_iter().map(Refused::from).collect();
        let cache = cached.renewed(tip, present, odd, |new| {
            new.into_par_iter()
                .map_with(days, |days, day| read_day(days, day))
                .collect::<Result<Vec<ReadDay>, GitError>>()
        })?;
        // A cache that cannot be written costs time and nothing else.
        let _ = cache.save(&self.cache_file());
        Ok(cache)
    }

    fn cache_file(&self) -> PathBuf {
        self.common_dir.join("shipway").join("events.cache")
    }
}

impl Store for GitStore {
    /// Reads what the cache does not have, and renews the cache.
    fn read(&self) -> Result<Reading, StoreError> {
        let cached = Known::load(&self.cache_file()).unwrap_or_default();
        Ok(self.read_with(cached)?.reading())
    }

    fn read_anew(&self) -> Result<Reading, StoreError> {
        Ok(self.read_with(Known::default())?.reading())
    }

    fn knows_environment(&self, name: &Name) -> Result<bool, StoreError> {
        let Some(tip) = self.dated.tip()? else {
            return Ok(false);
        };
        let days = Days::open(&self.common_dir)?;
        for day in days.of(tip)?.0.into_iter().rev() {
            let read = read_day(&days, day)?;
            if read
                .events
                .iter()
                .any(|(_, event)| event.environment() == Some(name))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.dated.tip()?.is_none())
    }

    fn add(&self, event: &Event) -> Result<Added, StoreError> {
        let (id, json) = event.named()?;
        let at = event.main_time();
        let new = self.dated.add(&filed(Named { id, at, json }))?;
        Ok(Added { id, new })
    }

    fn add_all(&self, batch: &mut Batch) -> Result<AddedAll, StoreError> {
        let all = batch.len();
        let events = batch.events().map_err(StoreError::Batch)?;
        let new = self
            .dated
            .add_all(&mut events.map(|event| event.map(filed)))?;
        Ok(AddedAll {
            new,
            known: all - new,
        })
    }
}

/// How an event lies in the ref.
fn filed(event: Named) -> Filed {
    let hash = event.id.to_string();
    Filed {
        date: date_of(event.at),
        name: format!("{hash}.json"),
        content: event.json,
        second: event.at.second(),
        message: hash,
    }
}

impl From<Odd> for Refused {
    fn from(odd: Odd) -> Self {
        Self {
            place: odd.path,
            reason: odd.reason,
        }
    }
}

/// The day in UTC under which an event of main time `at` is filed.
fn date_of(at: Time) -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(at.timestamp()).date()
}

fn read_day(days: &Days, day: Day) -> Result<ReadDay, GitError> {
    let (files, odd) = days.files(day)?;
    let mut read = ReadDay {
        events: Vec::with_capacity(files.len()),
        refused: odd.into_iter().map(Refused::from).collect(),
    };
    let mut buffer = Vec::new();
    for file in files {
        match read_file(days, day.date, &file, &mut buffer) {
            Ok(event) => read.events.push(event),
            Err(reason) => read.refused.push(Refused {
                place: events::path(day.date, &file.name),
                reason,
            }),
        }
    }
    read.events
        .sort_by_key(|(id, event)| (event.main_time(), *id));
    Ok(read)
}

/// The event in `file`, or why it is none.
fn read_file(
    days: &Days,
    date: Date,
    file: &DayFile,
    buffer: &mut Vec<u8>,
) -> Result<(EventId, Event), String> {
    named(&file.name)?;
    days.content(file.blob, MAX_BYTES, buffer)?;
    check(date, &file.name, buffer)?.map_err(|error| format!("is no event: {error}"))
}

/// Whether a file of another clone's record may be taken. What a newer shipway wrote is: it
/// counts nowhere here, and is not to be lost on its way through.
pub(in crate::dora) fn acceptable(date: Date, name: &str, content: &[u8]) -> Result<(), String> {
    if content.len() > MAX_BYTES {
        return Err(format!(
            "has {} bytes; {MAX_BYTES} are the most",
            content.len()
        ));
    }
    match check(date, name, content)? {
        Err(error) if !error.is_of_a_newer_version() => Err(format!("is no event: {error}")),
        _ => Ok(()),
    }
}

fn named(name: &str) -> Result<EventId, String> {
    name.strip_suffix(".json")
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| "is not named by a SHA-256 and .json".to_owned())
}

/// The event in `content`, whose hash must be its name and whose day its date.
fn check(
    date: Date,
    name: &str,
    content: &[u8],
) -> Result<Result<(EventId, Event), EventError>, String> {
    let hash = EventId::of(content);
    if hash != named(name)? {
        return Err(format!("was altered: its content has the SHA-256 {hash}"));
    }
    let (id, event) = match Event::from_canonical(content) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let wanted = date_of(event.main_time());
    if wanted != date {
        return Err(format!(
            "lies under the wrong day: its main time is of {wanted}"
        ));
    }
    Ok(Ok((id, event)))
}
