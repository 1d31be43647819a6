//! The events of a database, read by days: those that did not change come from a cache.

use super::super::cache::{Cache, ReadDay};
use super::super::{Reading, Refused};
use super::{PostgresError, PostgresStore};
use crate::dora::event::{Event, EventId, MAX_BYTES, Time};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What was read of a database and repository, and of each day.
type Known = Cache<String, Day>;

/// An event, or what a row has that is none.
type Checked = Result<(EventId, Event), Refused>;

/// The rows of one day in UTC. Two of them are equal where the same events are filed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Day {
    /// Since 1970.
    number: i64,
    rows: i64,
    /// Of the hashes of ids, times and contents, which the database makes. Whoever writes rows
    /// could make two contents of one hash; `read_anew` does not rely on it.
    sum: i64,
}

impl PostgresStore {
    fn days(&self) -> Result<Vec<Day>, PostgresError> {
        let rows = self
            .runtime
            .block_on(self.client.query(
                "SELECT floor(extract(epoch FROM at) / 86400)::bigint AS day, count(*),
                     mod(sum(hashtextextended(
                         id || ' ' || extract(epoch FROM at)::text || ' ' || event, 0)::numeric),
                         9223372036854775807)::bigint
                 FROM shipway_event WHERE repository = $1 GROUP BY day ORDER BY day",
                &[&self.repository],
            ))
            .map_err(|error| self.failed(&error))?;
        let days = rows.into_iter().map(|row| Day {
            number: row.get(0),
            rows: row.get(1),
            sum: row.get(2),
        });
        Ok(days.collect())
    }

    /// The events of `days`, in their order.
    fn rows_of(&self, days: &[Day]) -> Result<Vec<ReadDay>, PostgresError> {
        let numbers: Vec<i64> = days.iter().map(|day| day.number).collect();
        let rows = self
            .runtime
            .block_on(self.client.query(
                "SELECT day, id, extract(epoch FROM at)::bigint, event
                 FROM unnest($2::bigint[]) AS one(day) JOIN shipway_event
                     ON repository = $1
                     AND at >= to_timestamp(day * 86400) AND at < to_timestamp((day + 1) * 86400)",
                &[&self.repository, &numbers],
            ))
            .map_err(|error| self.failed(&error))?;
        let rows: Vec<(i64, String, i64, String)> = rows
            .into_iter()
            .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
            .collect();
        let checked: Vec<(i64, Checked)> = rows
            .into_par_iter()
            .map(|(day, id, second, event)| {
                let event = check(&id, second, &event);
                (day, event.map_err(|reason| Refused { place: id, reason }))
            })
            .collect();
        let mut read: HashMap<i64, ReadDay> = HashMap::new();
        for (day, one) in checked {
            let day = read.entry(day).or_default();
            match one {
                Ok(event) => day.events.push(event),
                Err(refused) => day.refused.push(refused),
            }
        }
        let of_day = |number: &i64| {
            let mut day = read.remove(number).unwrap_or_default();
            day.events
                .sort_by_key(|(id, event)| (event.main_time(), *id));
            day
        };
        Ok(numbers.iter().map(of_day).collect())
    }

    /// Every event; what the cache has is not fetched.
    pub(super) fn read_known(&self) -> Result<Reading, PostgresError> {
        let source = self.source();
        let cached = Known::load(&self.cache);
        let cached = cached.filter(|cached| cached.state.as_ref() == Some(&source));
        Ok(self.read_with(cached.unwrap_or_default())?.reading())
    }

    /// Every event, fetched.
    pub(super) fn read_all(&self) -> Result<Reading, PostgresError> {
        Ok(self.read_with(Known::default())?.reading())
    }

    fn read_with(&self, cached: Known) -> Result<Known, PostgresError> {
        let days = self.days()?;
        if cached.is_of(&days) {
            return Ok(cached);
        }
        let source = self.source();
        let cache = cached.renewed(source, days, Vec::new(), |new| self.rows_of(&new))?;
        // A cache that cannot be written costs time and nothing else.
        let _ = cache.save(&self.cache);
        Ok(cache)
    }

    /// What a cache must be of.
    fn source(&self) -> String {
        format!("{} {}", self.place, self.repository)
    }
}

/// The event of a row, or what is wrong with it.
fn check(id: &str, second: i64, json: &str) -> Result<(EventId, Event), String> {
    if json.len() > MAX_BYTES {
        return Err(format!(
            "has {} bytes; {MAX_BYTES} are the most",
            json.len()
        ));
    }
    let hash = EventId::of(json.as_bytes());
    if hash.to_string() != id {
        return Err(format!("was altered: its content has the SHA-256 {hash}"));
    }
    let (id, event) =
        Event::from_canonical(json.as_bytes()).map_err(|error| format!("is no event: {error}"))?;
    let at = event.main_time();
    if at.second() != second {
        let filed =
            Time::from_second(second).map_or_else(|| second.to_string(), |at| at.to_string());
        return Err(format!("is filed under {filed}; its main time is {at}"));
    }
    Ok((id, event))
}
