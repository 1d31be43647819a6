//! A file of the user's that goes over to shipway, and what moves because of it.

use super::super::adopt::{self, Kept, Rule, Takeover};
use super::super::block::{self, Found};
use super::super::lock::{Artifact, sha256};
use super::super::merge::Merged;
use super::super::three_way::three_way;
use super::{Action, Draft, Entry, PlanError};
use crate::project::RelPath;
use crate::scaffold::expand::Wanted;
use crate::scaffold::feature::Strategy;
use crate::scaffold::{own_path, pristine};

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
        let mut made_at = path.clone();
        if let Some(known) = known {
            if known.place() == path {
                // It was released, and is taken back.
                made_at.clone_from(&known.path);
            } else if let Some(beside) = self.read(known.place())? {
                start = self.edited(&known, &beside, text).ok_or_else(|| {
                    refused(format!(
                        "your edits of {0} are in conflict with what would come; settle that \
                         first: shipway update",
                        known.place()
                    ))
                })?;
                self.change(known.place().clone(), Some(&beside), None, None);
                instead_of = Some(known.place().clone());
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
            path: made_at.clone(),
            moved_to: (made_at != *path).then(|| path.clone()),
            id: file.id(),
            feature: file.feature.to_owned(),
            mode: format!("{:04o}", file.rule.mode.bits()),
            strategy: file.rule.strategy,
            template: template.to_owned(),
            pristine: Some(sha256(text.as_bytes())),
            proposed: None,
            proposal: None,
            released: false,
        });
        self.ours(
            pristine::path(&made_at).map_err(own_path)?,
            text.as_bytes().to_vec(),
        )
    }

    /// The Makefile at `path` is from here on the one without `rule`.
    pub(in super::super) fn leave_out_rule(
        &mut self,
        path: &RelPath,
        rule: &Rule,
    ) -> Result<(), PlanError> {
        let refused = |because: &str| PlanError::Adopt {
            path: path.clone(),
            because: because.to_owned(),
        };
        if let Some(because) = self.places.hindrance(path) {
            return Err(refused(because));
        }
        let present = self
            .read(path)?
            .ok_or_else(|| refused("there is no such file"))?;
        let rest = rule.rest.replace('\n', block::line_ending(&present));
        self.change(path.clone(), Some(&present), Some(rest.into_bytes()), None);
        Ok(())
    }

    /// Says what became of `rule`, now that the Makefile has shipway's.
    pub(in super::super) fn take_over_rule(
        &mut self,
        path: &RelPath,
        rule: &Rule,
    ) -> Result<(), PlanError> {
        let refused = |because| PlanError::Adopt {
            path: path.clone(),
            because,
        };
        let present = self.read(path)?.unwrap_or_default();
        let new = self.changes.iter_mut().find(|change| change.path == *path);
        let new = new.and_then(|change| change.content.as_mut());
        let Some(new) = new else {
            return Err(refused("nothing would change".to_owned()));
        };
        let text = String::from_utf8_lossy(&block::with_line_feeds(new)).into_owned();
        let carried = rule.carry(&text).map_err(refused)?;
        let ending = block::line_ending(&present);
        *new = carried.text.replace('\n', ending).into_bytes();
        for entry in self.entries.iter_mut().filter(|entry| entry.path == *path) {
            entry.action = Action::Adopt;
        }
        self.takeover = Some(Takeover {
            path: path.clone(),
            instead_of: None,
            carried: carried.carried,
            lost: carried.lost,
            kept: Kept::of(self.repository, path, &present),
        });
        Ok(())
    }

    /// The lines of a block that was released get their marks again, where they are as they would be
    /// made; variables are appended again.
    pub(super) fn take_back(&mut self, known: &Artifact, text: &str) -> Result<(), PlanError> {
        let path = known.place();
        let refused = |because: &str| PlanError::Adopt {
            path: path.clone(),
            because: because.to_owned(),
        };
        let present = self.read(path)?.unwrap_or_default();
        // The next update brings the lines up to date.
        let pristine = (known.strategy == Strategy::Block)
            .then(|| self.base(Some(known), text))
            .transpose()?
            .flatten();
        if known.strategy == Strategy::Block && pristine.is_none() {
            return Err(refused(
                "what was generated in it is not to be had any more",
            ));
        }
        if let Some(wanted) = &pristine {
            let now = String::from_utf8(block::with_line_feeds(&present))
                .map_err(|_| refused("it is no text in UTF-8"))?;
            let at = now.find(wanted.as_str()).ok_or_else(|| {
                refused(
                    "the lines that were released in it are not as they were made; delete \
                     them, and their [[artifact]] in shipway.lock, then run shipway update",
                )
            })?;
            let marked = block::put(b"", &known.id, wanted);
            let marked = String::from_utf8_lossy(&marked).into_owned();
            let new = [&now[..at], &marked, &now[at + wanted.len()..]].concat();
            let new = new.replace('\n', block::line_ending(&present)).into_bytes();
            self.change(path.clone(), Some(&present), Some(new), None);
        }
        self.entries.push(Entry {
            path: path.clone(),
            feature: known.feature.clone(),
            action: Action::Adopt,
            strategy: known.strategy,
            reason: "taken back".to_owned(),
            why: Vec::new(),
        });
        self.takeover = Some(Takeover {
            path: path.clone(),
            instead_of: None,
            carried: Vec::new(),
            lost: Vec::new(),
            kept: Kept::of(self.repository, path, &present),
        });
        self.lock.put(Artifact {
            released: false,
            ..known.clone()
        });
        Ok(())
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

    /// The artifact at `from`, `made_at` in the records, goes to another path: with its edits, its permissions and its records.
    /// Gives what is at the new path by now.
    pub(super) fn move_from(
        &mut self,
        made_at: &RelPath,
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
        self.forget_copy(made_at)?;
        Ok(None)
    }

    fn forget_copy(&mut self, from: &RelPath) -> Result<(), PlanError> {
        let copy = pristine::path(from).map_err(own_path)?;
        if let Some(content) = self.read(&copy)? {
            self.change(copy, Some(&content), None, None);
        }
        Ok(())
    }

    /// Takes the block out of `present`, the file at `from`. Gives the file at `path` as if the block
    /// had always been in that one.
    pub(super) fn move_block(
        &mut self,
        id: &str,
        from: &RelPath,
        path: &RelPath,
        present: Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, PlanError> {
        self.forget_copy(from)?;
        let there = self.read(path)?;
        let Some(present) = present else {
            return Ok(there);
        };
        let Found::Block { text, .. } = block::find(&present, id) else {
            return Ok(there);
        };
        let text = String::from_utf8_lossy(&block::with_line_feeds(text)).into_owned();
        let rest = block::without(&present, id);
        let rest = Some(rest).filter(|rest| !rest.trim_ascii().is_empty());
        self.change(from.clone(), Some(&present), rest, None);
        Ok(Some(block::put(
            there.as_deref().unwrap_or_default(),
            id,
            &text,
        )))
    }

    /// Writes the file with the block that was moved there, and gives what is there by now.
    pub(super) fn settle_block(
        &mut self,
        path: &RelPath,
        present: Option<Vec<u8>>,
        merged: &mut Merged,
    ) -> Result<Option<Vec<u8>>, PlanError> {
        let there = self.read(path)?;
        if merged.content.is_none() && present != there {
            merged.content = present;
        }
        Ok(there)
    }
}
