//! Makes a ref of dated files of a clone and that of a remote the union of both.
//!
//! Equal names mean equal content, so there is no conflict to resolve: the remote's ref is
//! fetched, joined with the one here, and pushed on condition that nobody moved it meanwhile.

use super::events::{Dated, Odd};
use super::join::{Accept, Joined};
use super::sync::{Remote, RemoteError};
use super::{CommitId, GitError, RefError};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::{Duration, Instant};

/// How often a push that others were faster than is tried again.
pub const ATTEMPTS: usize = 50;

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synced {
    /// Files that came from the remote.
    pub taken: usize,
    /// Files that went to it.
    pub sent: usize,
    /// What the remote holds and was not taken.
    pub refused: Vec<Odd>,
    /// The commit that the remote's ref held when it was seen last and no longer does:
    /// somebody rewrote it. What it held is still here, and was sent back.
    pub rewritten: Option<CommitId>,
    /// How often others were faster.
    pub beaten: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error(transparent)]
    Ref(#[from] RefError),
    #[error("{reference} of {remote} holds only what shipway did not write: {what}")]
    Foreign {
        reference: String,
        remote: String,
        what: String,
    },
    #[error("{remote} was moved by others {attempts} times in a row")]
    Beaten { remote: String, attempts: usize },
}

impl From<GitError> for SyncError {
    fn from(error: GitError) -> Self {
        Self::Ref(error.into())
    }
}

/// What happens meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Asking,
    Fetching,
    Pushing,
    /// Others were faster so many times; it is tried again after this pause.
    Beaten(usize, Duration),
}

/// Joins `dated` with the ref of its name of `remote`, here and there, as far as `accept` takes
/// what the other side has.
///
/// # Errors
/// When the remote is gone, too slow, or refuses; when its ref was not written by shipway; when
/// others were faster [`ATTEMPTS`] times; when the ref here cannot be written. Nothing is lost
/// by any of them.
pub fn sync(
    dated: &Dated,
    remote: &Remote,
    accept: Accept,
    progress: &mut dyn FnMut(Progress),
) -> Result<Synced, SyncError> {
    let mut synced = Synced::default();
    let mut pauses = None;
    loop {
        let begin = Instant::now();
        match exchange(dated, remote, accept, &mut synced, progress) {
            Err(SyncError::Remote(RemoteError::Beaten { remote })) => {
                synced.beaten += 1;
                let pauses = pauses.get_or_insert_with(|| pauses_for(begin.elapsed()));
                let Some(pause) = pauses.next() else {
                    return Err(SyncError::Beaten {
                        remote,
                        attempts: ATTEMPTS,
                    });
                };
                progress(Progress::Beaten(synced.beaten, pause));
                std::thread::sleep(pause);
            }
            other => return other.map(|()| synced),
        }
    }
}

/// The pauses between attempts, of which each takes about `round`: long enough that those who
/// try at once fall apart, and no two alike.
fn pauses_for(round: Duration) -> ExponentialBackoff {
    let round = round.clamp(Duration::from_millis(10), Duration::from_secs(5));
    ExponentialBuilder::default()
        .with_min_delay(round / 4)
        .with_max_delay(round)
        .with_factor(1.5)
        .with_max_times(ATTEMPTS - 1)
        .with_jitter()
        .build()
}

/// One round: fetch, join, push.
fn exchange(
    dated: &Dated,
    remote: &Remote,
    accept: Accept,
    synced: &mut Synced,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), SyncError> {
    let slug = remote.slug();
    progress(Progress::Asking);
    let theirs = remote.tip(&dated.name)?;
    let known = dated.remembered(&slug);
    let ours = match theirs {
        None => dated.tip()?,
        Some(theirs) => {
            let joined = take(dated, remote, accept, (theirs, known), progress)?;
            if joined.foreign {
                let first = joined.refused.first();
                return Err(SyncError::Foreign {
                    reference: dated.name.clone(),
                    remote: remote.shown(),
                    what: first.map(|odd| odd.path.clone()).unwrap_or_default(),
                });
            }
            if let Some(known) = known
                && !dated.contains(theirs, known)?
            {
                synced.rewritten = Some(known);
            }
            synced.taken += joined.taken;
            synced.refused = joined.refused;
            synced.sent = joined.ahead;
            if joined.ahead == 0 {
                dated.remember(&slug, theirs)?;
                return Ok(());
            }
            joined.tip
        }
    };
    let Some(ours) = ours else {
        return Ok(());
    };
    if theirs.is_none() {
        synced.rewritten = known;
        synced.sent = dated.count(ours)?;
    }
    progress(Progress::Pushing);
    remote.push(&dated.name, theirs, ours)?;
    dated.remember(&slug, ours)?;
    Ok(())
}

/// Joins what the remote has with what is here; its objects are fetched where they are not.
fn take(
    dated: &Dated,
    remote: &Remote,
    accept: Accept,
    (theirs, known): (CommitId, Option<CommitId>),
    progress: &mut dyn FnMut(Progress),
) -> Result<Joined, SyncError> {
    let join = || dated.join(theirs, known, accept);
    // A fetch that was killed may have left the commit here without all that it holds.
    let joined = match dated.has(theirs).then(join) {
        Some(Ok(joined)) => joined,
        Some(Err(error @ (RefError::Beaten { .. } | RefError::Foreign { .. }))) => {
            return Err(error.into());
        }
        Some(Err(RefError::Git(_))) | None => {
            progress(Progress::Fetching);
            remote.fetch(&dated.name)?;
            join()?
        }
    };
    Ok(joined)
}
