//! What would come, beside a file in conflict: put there, brought along, and taken away.

use super::{Draft, Merged, PlanError};
use crate::project::RelPath;
use crate::scaffold::lock::{Artifact, PROPOSAL, sha256};
use crate::scaffold::own_path;
use crate::scaffold::plan::Action;

/// What becomes of the proposal beside a file.
#[derive(Default)]
pub(super) struct Proposal {
    /// Whether the lock says something else of it now.
    pub changed: bool,
    pub proposed: Option<String>,
    pub proposal: Option<String>,
    pub said: Option<String>,
}

impl Draft<'_> {
    /// The proposal for `known` at `beside`; one where the file was before its user moved it comes
    /// along.
    fn proposal(
        &mut self,
        known: &Artifact,
        beside: &RelPath,
    ) -> Result<Option<Vec<u8>>, PlanError> {
        let lies = self.read(beside)?;
        let came = self.moves.from(&known.id);
        let Some(from) = came.filter(|_| lies.is_none() && known.proposal.is_some()) else {
            return Ok(lies);
        };
        let old = proposal_path(from)?;
        let Some(content) = self.read(&old)? else {
            return Ok(None);
        };
        self.change(old, Some(&content), None, None);
        self.change(beside.clone(), None, Some(content.clone()), None);
        Ok(Some(content))
    }

    /// Puts a proposal beside the file in conflict, or takes away one that is needed no more. The
    /// conflict is over where the user took the proposal away.
    pub(super) fn settle(
        &mut self,
        known: &Artifact,
        path: &RelPath,
        present: Option<&[u8]>,
        text: &str,
        merged: &mut Merged,
    ) -> Result<Proposal, PlanError> {
        if known.proposal.is_none() && merged.proposal.is_none() {
            return Ok(Proposal::default());
        }
        let beside = proposal_path(path)?;
        let lies = self.proposal(known, &beside)?;
        let is_ours = lies.as_deref().map(sha256) == known.proposal;
        let wanted = sha256(text.as_bytes());
        let mut out = Proposal {
            changed: true,
            ..Proposal::default()
        };
        let Some(proposal) = merged.proposal.take() else {
            if is_ours && lies.is_some() {
                self.change(beside, lies.as_deref(), None, None);
            }
            return Ok(out);
        };
        if lies.is_none() && known.proposed.as_ref() == Some(&wanted) {
            *merged = Merged {
                action: Action::Kept,
                content: None,
                pristine: Some(text.as_bytes().to_vec()),
                proposal: None,
                note: Some("edited; kept, you settled the conflict"),
            };
            return Ok(out);
        }
        out.proposed = Some(wanted);
        out.proposal = Some(sha256(&proposal));
        if lies.is_some() && !is_ours {
            out.proposed.clone_from(&known.proposed);
            out.proposal.clone_from(&known.proposal);
            out.said = Some(format!(
                "in conflict; {beside} is edited and stays as it is"
            ));
            return Ok(out);
        }
        out.said = Some(format!("in conflict; {beside} is what would come"));
        if lies.as_deref() != Some(&proposal) {
            let private = present.is_none().then_some(0o644);
            self.change(beside, lies.as_deref(), Some(proposal), private);
        }
        Ok(out)
    }
}

pub(super) fn proposal_path(path: &RelPath) -> Result<RelPath, PlanError> {
    RelPath::parse(&format!("{path}{PROPOSAL}")).map_err(own_path)
}
