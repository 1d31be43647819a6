//! Release tags: each as a deployment of its commit that succeeded.

use super::{ImportError, LeftOut};
use crate::dora::event::{Deployment, Event, Intent, Name, Outcome, Period, Release, Source, Time};
use crate::dora::store::{Batch, BatchError};
use crate::git::past::Tag;
use globset::GlobMatcher;

/// Which tags count, and as what.
#[derive(Debug, Clone)]
pub struct Tags {
    /// Of a tag's whole name; `*` takes slashes, too, as in `git tag --list`.
    pub pattern: GlobMatcher,
    pub environment: Name,
    pub service: Name,
    pub at: At,
}

/// When a tag's commit was deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// When the tag was made; one without a message has no date but its commit's.
    Tag,
    /// At its commit's committer date.
    Commit,
}

/// Puts a deployment into `batch` for each of `tags` that is meant, and gives what was left out.
///
/// # Errors
/// When the batch cannot be written.
pub fn read(
    tags: &[Tag],
    wanted: &Tags,
    now: Time,
    batch: &mut Batch,
) -> Result<Vec<LeftOut>, ImportError> {
    let mut left_out = Vec::new();
    for tag in tags {
        if !wanted.pattern.is_match(&tag.name) {
            continue;
        }
        let reason = match deployment(tag, wanted) {
            Err(reason) => reason,
            Ok(event) => match event.not_after(now) {
                Err(error) => error.to_string(),
                Ok(()) => match batch.push(&event) {
                    Err(BatchError::Event(error)) => error.to_string(),
                    other => {
                        other?;
                        continue;
                    }
                },
            },
        };
        left_out.push(LeftOut {
            what: format!("tag {}", tag.name),
            reason,
        });
    }
    Ok(left_out)
}

fn deployment(tag: &Tag, wanted: &Tags) -> Result<Event, String> {
    let second = match wanted.at {
        At::Tag => tag.at,
        At::Commit => tag.committed_at,
    };
    let at = Time::from_second(second)
        .filter(|at| *at >= Time::EPOCH)
        .ok_or("its date lies outside of the years 1970 to 9999")?;
    let version: Name = tag
        .name
        .parse()
        .map_err(|error| format!("its name cannot stand as a version: {error}"))?;
    Ok(Event::Deployment(Deployment {
        environment: wanted.environment.clone(),
        service: wanted.service.clone(),
        commit: tag.commit,
        period: Period::new(at, at).map_err(|error| error.to_string())?,
        outcome: Outcome::Succeeded,
        took_traffic: true,
        intent: Intent::Release,
        release: Some(Release {
            version: Some(version),
            ..Release::default()
        }),
        schema_head: None,
        reverts: None,
        run: None,
        proof: None,
        source: Source::Tags,
    }))
}
