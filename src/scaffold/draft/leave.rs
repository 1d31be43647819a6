//! What is made no more: taken away, or the user's from then on.

use super::proposal::proposal_path;
use super::{Action, Draft, Entry, PlanError};
use crate::scaffold::block::{self, Found};
use crate::scaffold::expand::Wanted;
use crate::scaffold::feature::Strategy;
use crate::scaffold::jobs;
use crate::scaffold::lock::{Artifact, sha256};
use crate::scaffold::{own_path, pristine};
use std::collections::BTreeSet;

impl Draft<'_> {
    /// What was made before and is not among `wanted` goes, unless it was edited.
    pub(in super::super) fn leave(&mut self, wanted: &[Wanted]) -> Result<(), PlanError> {
        let ids: BTreeSet<String> = wanted.iter().map(Wanted::id).collect();
        let gone: Vec<Artifact> = self
            .lock
            .artifacts
            .iter()
            .filter(|artifact| !ids.contains(&artifact.id))
            .cloned()
            .collect();
        for artifact in gone {
            self.leave_one(&artifact)?;
        }
        Ok(())
    }

    fn leave_one(&mut self, artifact: &Artifact) -> Result<(), PlanError> {
        if artifact.released {
            return self.forget(artifact);
        }
        let path = artifact.place();
        let planned = self.changes.iter().position(|change| change.path == *path);
        let present = match planned {
            Some(at) => self.changes[at].content.clone(),
            None => self.read(path)?,
        };
        let is_pristine =
            |part: &[u8]| artifact.pristine == Some(sha256(&block::with_line_feeds(part)));
        let (mut action, mut reason) = (
            Action::Remove,
            format!("feature `{}` does not make it any more", artifact.feature),
        );
        let mut content = None;
        match (artifact.strategy, present.as_deref()) {
            (_, None) => {}
            (Strategy::File, Some(present)) if is_pristine(present) => {}
            (Strategy::Block, Some(present)) => match block::find(present, &artifact.id) {
                Found::Absent => action = Action::Unchanged,
                Found::Block { text, .. } if is_pristine(text) => {
                    let rest = block::without(present, &artifact.id);
                    content = Some(rest).filter(|rest| !rest.trim_ascii().is_empty());
                }
                Found::Block { .. } | Found::Broken => action = Action::Released,
            },
            (Strategy::Jobs, Some(present)) => {
                let base = self.base(Some(artifact), "")?;
                let text = String::from_utf8_lossy(&block::with_line_feeds(present)).into_owned();
                match jobs::merge(Some(&text), "", base.as_deref()) {
                    Ok(rest) if rest == text => action = Action::Unchanged,
                    Ok(rest) => {
                        content =
                            Some(rest.replace('\n', block::line_ending(present)).into_bytes())
                                .filter(|rest| !is_bare(rest));
                    }
                    Err(_) => action = Action::Released,
                }
            }
            (Strategy::File | Strategy::Env, Some(_)) => action = Action::Released,
        }
        if action == Action::Remove
            && planned.is_none()
            && present.is_some()
            && let Some(because) = self.places.hindrance(path)
        {
            self.waits = true;
            self.entries.push(Entry {
                path: path.clone(),
                feature: artifact.feature.clone(),
                action: Action::Kept,
                strategy: artifact.strategy,
                reason: format!("{reason}; {because}"),
                why: Vec::new(),
            });
            return Ok(());
        }
        if action == Action::Released {
            reason = match artifact.strategy {
                Strategy::Env => format!("{reason}; its variables stay, and it is yours"),
                _ => format!("{reason}; edited, so it stays and is yours"),
            };
        }
        if present.is_some() && action != Action::Unchanged {
            self.entries.push(Entry {
                path: path.clone(),
                feature: artifact.feature.clone(),
                action,
                strategy: artifact.strategy,
                reason,
                why: self.causes.of_all(),
            });
        }
        if action == Action::Remove && present.is_some() {
            match planned {
                Some(at) => self.changes[at].content = content,
                None => self.change(path.clone(), present.as_deref(), content, None),
            }
        }
        self.forget(artifact)
    }

    /// The lock lets go of it, and its records are taken away.
    pub(super) fn forget(&mut self, artifact: &Artifact) -> Result<(), PlanError> {
        self.lock.artifacts.retain(|other| other.id != artifact.id);
        let copy = pristine::path(&artifact.path).map_err(own_path)?;
        if let Some(content) = self.read(&copy)? {
            self.change(copy, Some(&content), None, None);
        }
        let beside = proposal_path(artifact.place())?;
        if let Some(content) = self.read(&beside)?
            && artifact.proposal == Some(sha256(&content))
        {
            self.change(beside, Some(&content), None, None);
        }
        Ok(())
    }
}

/// Whether a configuration says nothing but its schema.
fn is_bare(config: &[u8]) -> bool {
    let text = String::from_utf8_lossy(config);
    text.parse::<toml::Table>()
        .is_ok_and(|table| table.keys().all(|key| key == "schema"))
        && !text.lines().any(|line| line.trim_start().starts_with('#'))
}
