//! A file of the user's that goes over to shipway, and what moves because of it.

use super::super::adopt::{self, Kept, Takeover};
use super::super::block;
use super::super::lock::{Artifact, sha256};
use super::super::merge::Merged;
use super::super::three_way::three_way;
use super::{Action, Draft, Entry, PlanError, pristine_path};
use crate::project::RelPath;
use crate::scaffold::expand::Wanted;

impl Draft<'_> {
    /// Puts `text`, with what the user's file at `path` says beside it, in that file's place.
    pub(in super::super) fn take_over(
        &mut self,
        file: &Wanted,
        path: &RelPath,
        text: &str,
        template: &str,
        reason: String,
    ) -> Result<(), PlanError> {
        let refused = |because: String| PlanError::Adopt {
            path: path.clone(),
            because,
        };
        let Some(present) = self.read(path)? else {
            return Err(refused("there is no such file".to_owned()));
        };
        let old = String::from_utf8(block::with_line_feeds(&present))
            .map_err(|_| refused("it is no text in UTF-8".to_owned()))?;
        let known = self.lock.by_id(&file.id()).cloned();
        let mut start = text.to_owned();
        let mut instead_of = None;
        if let Some(known) = known {
            if let Some(beside) = self.read(&known.path)? {
                start = self.edited(&known, &beside, text).ok_or_else(|| {
                    refused(format!(
                        "your edits of {0} are in conflict with what would come; settle that \
                         first: shipway update",
                        known.path
                    ))
                })?;
                self.change(known.path.clone(), Some(&beside), None, None);
                instead_of = Some(known.path.clone());
            }
            self.forget(&known)?;
        }
        let carried = adopt::carry(path, &old, &start);
        let content = carried.text.replace('\n', block::line_ending(&present));
        self.entries.push(Entry {
            path: path.clone(),
            feature: file.feature.to_owned(),
            action: Action::Adopt,
            strategy: file.rule.strategy,
            reason,
            why: Vec::new(),
        });
        self.takeover = Some(Takeover {
            path: path.clone(),
            instead_of,
            carried: carried.carried,
            lost: carried.lost,
            kept: Kept::of(self.repository, path, &present),
        });
        self.change(
            path.clone(),
            Some(&present),
            Some(content.into_bytes()),
            None,
        );
        self.lock.put(Artifact {
            path: path.clone(),
            id: file.id(),
            feature: file.feature.to_owned(),
            mode: format!("{:04o}", file.rule.mode.bits()),
            strategy: file.rule.strategy,
            template: template.to_owned(),
            pristine: Some(sha256(text.as_bytes())),
            proposed: None,
            proposal: None,
        });
        self.ours(pristine_path(path)?, text.as_bytes().to_vec())
    }

    /// `text` with the user's edits of the file that was put `beside`. None in conflict.
    fn edited(&mut self, known: &Artifact, beside: &[u8], text: &str) -> Option<String> {
        let now = block::with_line_feeds(beside);
        if known.pristine == Some(sha256(&now)) {
            return Some(text.to_owned());
        }
        let base = self.base(Some(known), text).ok()??;
        three_way(
            &known.path,
            &base,
            std::str::from_utf8(&now).ok()?,
            text,
            None,
        )
    }

    /// The artifact at `from` goes to another path: with its edits, its permissions and its records.
    /// Gives what is at the new path by now.
    pub(super) fn move_from(
        &mut self,
        from: &RelPath,
        present: Option<Vec<u8>>,
        base: Option<&str>,
        merged: &mut Merged,
    ) -> Result<Option<Vec<u8>>, PlanError> {
        if merged.action == Action::Conflict {
            let because = format!("{from} is in conflict; settle that first: shipway update");
            let path = from.clone();
            return Err(PlanError::Adopt { path, because });
        }
        if let Some(present) = present {
            self.change(from.clone(), Some(&present), None, None);
            if merged.content.is_none() {
                merged.content = Some(present);
            }
            merged.action = Action::Create;
        }
        if merged.pristine.is_none() {
            merged.pristine = base.map(|base| base.as_bytes().to_vec());
        }
        let copy = pristine_path(from)?;
        if let Some(content) = self.read(&copy)? {
            self.change(copy, Some(&content), None, None);
        }
        Ok(None)
    }
}
