//! Makes the record of a clone and that of a remote the union of both.

use super::store::{EVENTS_REF, Refused, acceptable};
use crate::git::events::Dated;
use crate::git::sync::Remote;
use crate::git::union;
pub use crate::git::union::{ATTEMPTS, Progress, SyncError};
use crate::git::{CommitId, Repository};
use serde::Serialize;

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Events that came from the remote.
    pub taken: usize,
    /// Events that went to it.
    pub sent: usize,
    /// What the remote's record holds and was not taken.
    pub refused: Vec<Refused>,
    /// The commit that the remote's record held when it was seen last and no longer does:
    /// somebody rewrote it. What it held is still here, and was sent back.
    pub rewritten: Option<CommitId>,
    /// How often others were faster.
    pub beaten: usize,
}

/// Joins the record of `repository` with that of `remote`, here and there.
///
/// # Errors
/// As [`union::sync`].
pub fn sync(
    repository: &Repository,
    remote: &Remote,
    progress: &mut dyn FnMut(Progress),
) -> Result<Synced, SyncError> {
    let dated = Dated::open(&repository.root, EVENTS_REF)?;
    let synced = union::sync(&dated, remote, &acceptable, progress)?;
    Ok(Synced {
        taken: synced.taken,
        sent: synced.sent,
        refused: synced.refused.into_iter().map(Refused::from).collect(),
        rewritten: synced.rewritten,
        beaten: synced.beaten,
    })
}
