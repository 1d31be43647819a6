//! Verdicts through a ref of the repository, so that a job that passed in one place need not run
//! in another: `YYYY/MM/DD/<sha256>.json` by their time, as the record of deliveries is kept.

use super::ledger::own;
use super::{AGE, Record, SCHEMA};
use crate::git::events::{Dated, Days, Filed};
use crate::git::sync::Remote;
use crate::git::union::{self, Progress, SyncError, Synced};
use crate::git::{GitError, RefError, Repository};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

/// The ref that holds them.
pub const REF: &str = "refs/shipway/verdicts";

/// Bytes of the largest record.
const LARGEST: usize = 256 * 1024;

/// Puts this clone's verdicts into the ref and makes that and the remote's the union of both.
///
/// # Errors
/// As [`union::sync`].
pub fn sync(
    repository: &Repository,
    remote: &Remote,
    now: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Synced, SyncError> {
    let dated = Dated::open(&repository.root, REF)?;
    let now = i64::try_from(now).unwrap_or_default();
    let mut files: Vec<Filed> = own(repository)
        .iter()
        .filter(|record| record.is_of_now(now))
        .filter_map(filed)
        .collect();
    files.sort_by_key(|file| file.second);
    if !files.is_empty() {
        dated.add_all(&mut files.into_iter().map(Ok))?;
    }
    union::sync(&dated, remote, &acceptable, progress)
}

/// Those of the ref that are not too old, whoever wrote them; None where the ref is not there.
pub(super) fn shared(repository: &Repository, now: i64) -> Result<Option<Vec<Record>>, GitError> {
    let dated = Dated::open(&repository.root, REF)?;
    let tip = match dated.tip() {
        Ok(Some(tip)) => tip,
        Ok(None) => return Ok(None),
        Err(RefError::Git(error)) => return Err(error),
        // What another tool wrote there says nothing.
        Err(_) => return Ok(None),
    };
    let days = Days::open(&repository.common_dir)?;
    let oldest = date(now - AGE);
    let mut records = Vec::new();
    let mut buffer = Vec::new();
    for day in days.of(tip)?.0 {
        if oldest.is_some_and(|oldest| day.date < oldest) {
            continue;
        }
        for file in days.files(day)?.0 {
            // What cannot be read covers nothing.
            if days.content(file.blob, LARGEST, &mut buffer).is_err() {
                continue;
            }
            if let Ok(record) = read(day.date, &file.name, &buffer) {
                records.push(record);
            }
        }
    }
    Ok(Some(records))
}

fn date(second: i64) -> Option<Date> {
    let at = Timestamp::from_second(second).ok()?;
    Some(TimeZone::UTC.to_datetime(at).date())
}

fn filed(record: &Record) -> Option<Filed> {
    let content = serde_json_canonicalizer::to_vec(record).ok()?;
    let hash = hex::encode(Sha256::digest(&content));
    Some(Filed {
        date: date(record.at)?,
        name: format!("{hash}.json"),
        content,
        second: record.at.max(0),
        message: hash,
    })
}

/// Whether a file of another clone may be taken.
fn acceptable(date: Date, name: &str, content: &[u8]) -> Result<(), String> {
    if content.len() > LARGEST {
        return Err(format!(
            "has {} bytes; {LARGEST} are the most",
            content.len()
        ));
    }
    read(date, name, content).map(|_| ())
}

fn read(date: Date, name: &str, content: &[u8]) -> Result<Record, String> {
    let hash = hex::encode(Sha256::digest(content));
    if name.strip_suffix(".json") != Some(&hash) {
        return Err(format!("was altered: its content has the SHA-256 {hash}"));
    }
    let record: Record =
        serde_json::from_slice(content).map_err(|error| format!("is no verdict: {error}"))?;
    if record.schema != SCHEMA {
        return Err(format!("has schema {}, not {SCHEMA}", record.schema));
    }
    if self::date(record.at) != Some(date) {
        return Err("lies under another day than its own".to_owned());
    }
    Ok(record)
}
