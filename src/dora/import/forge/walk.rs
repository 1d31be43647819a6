//! One list of a forge, page by page, into the store.

use super::client::Answer;
use super::cursor::{Cursor, Reached};
use super::{Client, ForgeError, Progress};
use crate::dora::event::{Event, Name, Time};
use crate::dora::import::LeftOut;
use crate::dora::store::{AddedAll, Batch, BatchError, Store, StoreError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// So much before the beginning of a run, in seconds, the next one reads again: clocks differ.
const OVERLAP: i64 = 10 * 60;

/// What has not ended for so long, in seconds, is no longer waited for.
const GIVEN_UP: i64 = 30 * 86_400;

/// A project of a forge, and where its events go.
pub struct Forge<'a> {
    pub client: &'a Client,
    pub store: &'a dyn Store,
    pub cursor: Cursor,
    /// Top of the repository, whose commits are looked up.
    pub root: &'a Path,
    pub service: Name,
    /// What was before is not asked for.
    pub since: Option<Time>,
    pub now: Time,
    pub imported: Imported,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: AddedAll,
    pub left_out: Vec<LeftOut>,
}

/// A list whose newest entry comes first.
pub(super) struct List {
    pub(super) name: &'static str,
    /// Below the address, with a question mark.
    pub(super) path: String,
    /// Where its entries lie in the answer, if that is an object.
    pub(super) field: Option<&'static str>,
    /// The time by which it is sorted.
    pub(super) sorted_by: &'static str,
}

/// What came of one page.
pub(super) struct Gathered {
    batch: Batch,
    left_out: Vec<LeftOut>,
    /// The oldest time of what has not ended yet.
    unfinished: Option<Time>,
    now: Time,
}

impl Gathered {
    fn new(now: Time) -> Result<Self, ForgeError> {
        Ok(Self {
            batch: Batch::new().map_err(StoreError::Batch)?,
            left_out: Vec::new(),
            unfinished: None,
            now,
        })
    }

    /// Takes an event, or why it is none.
    pub(super) fn take(
        &mut self,
        what: &dyn Fn() -> String,
        event: Result<Event, String>,
    ) -> Result<(), ForgeError> {
        let event = event.and_then(|event| {
            let checked = event.not_after(self.now).map(|()| event);
            checked.map_err(|error| error.to_string())
        });
        let reason = match event {
            Err(reason) => reason,
            Ok(event) => match self.batch.push(&event) {
                Ok(()) => return Ok(()),
                Err(BatchError::Event(error)) => error.to_string(),
                Err(BatchError::Io(error)) => return Err(StoreError::Batch(error).into()),
            },
        };
        self.leave_out(what(), reason);
        Ok(())
    }

    pub(super) fn leave_out(&mut self, what: String, reason: impl Into<String>) {
        let reason = reason.into();
        self.left_out.push(LeftOut { what, reason });
    }

    /// Something that began at `at` has not ended: a later run looks again.
    pub(super) fn unfinished(&mut self, at: Time) {
        if at.second() > self.now.second() - GIVEN_UP {
            self.unfinished = Some(self.unfinished.map_or(at, |other| other.min(at)));
        }
    }
}

/// Makes events of the entries of a page.
type Each<'e, F> = dyn Fn(&F, &[Value], &mut Gathered) -> Result<(), ForgeError> + 'e;

impl Forge<'_> {
    /// Reads `list` as far as it is new, and keeps what `each` makes of a page.
    pub(super) fn walk(&mut self, list: &List, each: &Each<'_, Self>) -> Result<(), ForgeError> {
        let before = self.cursor.of(list.name);
        let begun = Time::from_second(self.now.second() - OVERLAP).unwrap_or(self.now);
        let mut next_through = before.next_through.unwrap_or(begun);
        let mut page = before.page.unwrap_or(1);
        let oldest = before.through.max(self.since);
        loop {
            self.client.tell(Progress::Page(list.name, page));
            let path = format!("{}&per_page=100&page={page}", list.path);
            let Some(answer) = self.client.get(&path)? else {
                return Ok(());
            };
            let entries = entries(&answer, list.field, &path)?;
            let time = |entry: &Value| -> Option<Time> {
                entry.get(list.sorted_by)?.as_str()?.parse().ok()
            };
            let new: Vec<Value> = entries
                .iter()
                .filter(|entry| {
                    oldest.is_none_or(|oldest| time(entry).is_none_or(|at| at >= oldest))
                })
                .cloned()
                .collect();
            let mut gathered = Gathered::new(self.now)?;
            each(self, &new, &mut gathered)?;
            if let Some(unfinished) = gathered.unfinished {
                next_through = next_through.min(unfinished);
            }
            if !gathered.batch.is_empty() {
                let added = self.store.add_all(&mut gathered.batch)?;
                self.imported.added.new += added.new;
                self.imported.added.known += added.known;
            }
            self.imported.left_out.append(&mut gathered.left_out);
            let ended = !answer.more || new.len() < entries.len();
            let reached = if ended {
                Reached {
                    through: Some(next_through),
                    ..Reached::default()
                }
            } else {
                page += 1;
                Reached {
                    through: before.through,
                    page: Some(page),
                    next_through: Some(next_through),
                }
            };
            self.cursor
                .save(list.name, reached)
                .map_err(ForgeError::Cursor)?;
            if ended {
                return Ok(());
            }
        }
    }

    /// Every entry of a short list.
    pub(super) fn all(&self, path: &str, field: Option<&str>) -> Result<Vec<Value>, ForgeError> {
        let mut all = Vec::new();
        let mut page = 1;
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let asked = format!("{path}{separator}per_page=100&page={page}");
            let Some(answer) = self.client.get(&asked)? else {
                return Ok(all);
            };
            all.extend(entries(&answer, field, &asked)?.iter().cloned());
            if !answer.more {
                return Ok(all);
            }
            page += 1;
        }
    }
}

fn entries<'a>(
    answer: &'a Answer,
    field: Option<&str>,
    path: &str,
) -> Result<&'a [Value], ForgeError> {
    let list = match field {
        None => Some(&answer.body),
        Some(field) => answer.body.get(field),
    };
    let list = list.and_then(Value::as_array).map(Vec::as_slice);
    list.ok_or_else(|| ForgeError::Answer {
        path: path.to_owned(),
        message: "it holds no list".to_owned(),
    })
}

/// An entry as a type, or what is wrong with it.
pub(super) fn read<T: DeserializeOwned>(entry: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(entry).map_err(|error| {
        let path = error.path().to_string();
        format!("{path}: {}", error.inner())
    })
}

/// The number by which a forge knows an entry, for messages.
pub(super) fn number(entry: &Value, field: &str) -> String {
    entry
        .get(field)
        .map_or_else(|| "without a number".to_owned(), Value::to_string)
}
