//! Which events somebody vouches for: those whose commit one of `[dora] signers` signed.

use super::event::{Event, EventId};
use super::store::EVENTS_REF;
use crate::config::Signer;
use crate::git::events::Dated;
use crate::git::signed::{self, Keys};
use crate::git::{RefError, Repository};
use std::collections::HashSet;

/// Those of `events` that no commit of the record by one of `signers` added, in their order.
///
/// # Errors
/// When the signatures cannot be looked at.
pub fn unverified(
    repository: &Repository,
    signers: &[Signer],
    events: &[(EventId, Event)],
) -> Result<Vec<EventId>, RefError> {
    let mut keys = Keys::default();
    for signer in signers {
        match signer {
            Signer::Ssh(key) => keys.ssh.push(key.clone()),
            Signer::Gpg(print) => keys.gpg.push(print.clone()),
        }
    }
    let vouched = match Dated::open(&repository.root, EVENTS_REF)?.tip()? {
        Some(tip) => signed::vouched(repository, tip, &keys)?,
        None => HashSet::new(),
    };
    let vouched: HashSet<EventId> = vouched
        .iter()
        .filter_map(|path| {
            let name = path.rsplit('/').next()?;
            name.strip_suffix(".json")?.parse().ok()
        })
        .collect();
    Ok(events
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| !vouched.contains(id))
        .collect())
}
