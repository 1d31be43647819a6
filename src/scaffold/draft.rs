//! A plan in the making: artifact by artifact, with what was generated before at hand.

mod leave;
mod proposal;
mod takeover;

use super::adopt::Takeover;
use super::block;
use super::cause::Causes;
use super::expand::Wanted;
use super::feature::Strategy;
use super::lock::{Artifact, LOCK_FILE, Lock, sha256};
use super::merge::{self, Merged, Sides};
use super::moved::{self, Moves, OldName};
use super::place::{Place, Places};
use super::plan::{Action, Change, Entry, Plan, Seen};
use super::three_way::Side;
use super::{CONFIG_FILE, Journey, PlanError, own_path, pristine, read};
use crate::git::Repository;
use crate::project::RelPath;
use proposal::Proposal;

pub(super) struct Draft<'t> {
    repository: &'t Repository,
    places: Places<'t>,
    journey: &'t Journey,
    moves: &'t Moves,
    entries: Vec<Entry>,
    changes: Vec<Change>,
    seen: Vec<Seen>,
    lock: Lock,
    causes: Causes,
    notes: Vec<String>,
    waits: bool,
    takeover: Option<Takeover>,
}

impl<'t> Draft<'t> {
    pub(super) fn new(
        repository: &'t Repository,
        places: Places<'t>,
        journey: &'t Journey,
        lock: &Lock,
        causes: Causes,
        has_source: bool,
        moves: &'t Moves,
    ) -> Self {
        let older = || format!("{LOCK_FILE} is of an older schema; it is written in today's");
        Self {
            repository,
            places,
            journey,
            moves,
            entries: Vec::new(),
            changes: Vec::new(),
            seen: Vec::new(),
            notes: lock.is_older().then(older).into_iter().collect(),
            lock: Lock {
                answers: causes.answers.clone(),
                facts: causes.facts.clone(),
                templates: lock.templates.clone().filter(|_| has_source),
                artifacts: lock.artifacts.clone(),
                ..Lock::default()
            },
            causes,
            waits: moves.unclear,
            takeover: None,
        }
    }

    pub(super) fn config(&mut self, text: &str) -> Result<(), PlanError> {
        let path = RelPath::parse(CONFIG_FILE).map_err(own_path)?;
        let present = self.read(&path)?;
        if present.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        self.entries.push(Entry {
            path: path.clone(),
            feature: String::new(),
            action: if present.is_some() {
                Action::Extend
            } else {
                Action::Create
            },
            strategy: Strategy::File,
            reason: "your answers, where they differ from what was detected".to_owned(),
            why: Vec::new(),
        });
        self.change(
            path,
            present.as_deref(),
            Some(text.as_bytes().to_vec()),
            None,
        );
        Ok(())
    }

    pub(super) fn left_out(&mut self, file: &Wanted, reason: &str) {
        let Place::Out { because } = &file.place else {
            return;
        };
        self.entries.push(Entry {
            path: file.path.clone(),
            feature: file.feature.to_owned(),
            action: Action::LeftOut,
            strategy: file.rule.strategy,
            reason: format!("{reason}; not made, because {because}"),
            why: Vec::new(),
        });
    }

    pub(super) fn artifact(
        &mut self,
        file: &Wanted,
        path: &RelPath,
        text: &str,
        template: &str,
        reason: String,
    ) -> Result<(), PlanError> {
        let id = file.id();
        let rule = file.rule;
        // What answers changed is in the plan already.
        let planned = self.changes.iter().position(|change| change.path == *path);
        let known = self.lock.by_id(&id).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.released) {
            if self.journey.adopted() == Some(path) {
                return self.take_back(known, text);
            }
            self.yours(known);
            return Ok(());
        }
        let lies_at = known.as_ref().map_or(path, Artifact::place).clone();
        // What its user moved keeps its name in the records; what goes elsewhere by itself does not.
        let stays = known.as_ref().filter(|_| lies_at == *path);
        let made_at = stays.map_or(path, |known| &known.path).clone();
        let mut present = match planned {
            Some(at) => self.changes[at].content.clone(),
            None => self.read(&lies_at)?,
        };
        if lies_at != *path && rule.strategy == Strategy::Block {
            present = self.move_block(&id, &lies_at, path, present)?;
        }
        let base = self.base(known.as_ref(), text)?;
        let (favour, makes_again) = self.favoured(path, rule.strategy);
        let mut merged = merge::merge(&Sides {
            path: &file.path,
            id: &id,
            strategy: rule.strategy,
            present: present.as_deref(),
            wanted: text,
            known: known.as_ref(),
            base: base.as_deref(),
            favour,
            makes_again,
        });
        let mut lies = Proposal::default();
        if let Some(known) = &known {
            lies = self.settle(known, path, present.as_deref(), text, &mut merged)?;
        }
        if merged.content.is_some()
            && planned.is_none()
            && let Some(because) = self.places.hindrance(path)
        {
            self.waits = true;
            merged = Merged {
                action: Action::Kept,
                content: None,
                pristine: None,
                proposal: None,
                note: Some(because),
            };
        }
        if lies_at != *path && rule.strategy == Strategy::Block {
            present = self.settle_block(path, present, &mut merged)?;
        } else if lies_at != *path {
            let from = known.as_ref().map_or(path, |known| &known.path);
            present = self.move_from(from, &lies_at, present, base.as_deref(), &mut merged)?;
        }
        let Merged {
            mut action,
            content,
            pristine,
            note,
            ..
        } = merged;
        if matches!(file.place, Place::Beside { .. }) && action == Action::Create {
            action = Action::Beside;
        }
        let said = lies.said.as_deref();
        let reason = reason + &place_told(&file.place) + &told(note) + &told(said);
        let why = match (&known, action) {
            (Some(known), Action::Update | Action::Merge | Action::Conflict) => {
                let other = known.template != template;
                self.causes.of(base.as_deref().unwrap_or(""), text, other)
            }
            (None, Action::Create | Action::Beside | Action::Extend) => self.causes.of_all(),
            _ => Vec::new(),
        };
        self.entries.push(Entry {
            path: path.clone(),
            feature: file.feature.to_owned(),
            action,
            strategy: rule.strategy,
            reason,
            why,
        });
        if let Some(content) = content {
            if let Some(at) = planned {
                self.changes[at].content = Some(content);
            } else {
                let mode = present.is_none().then(|| rule.mode.bits());
                self.change(path.clone(), present.as_deref(), Some(content), mode);
            }
        }
        if rule.strategy != Strategy::Env {
            self.seen.push(Seen {
                path: path.clone(),
                made_at: made_at.clone(),
                id: id.clone(),
                strategy: rule.strategy,
                present,
                pristine: base.unwrap_or_else(|| text.to_owned()),
            });
        }
        let Some(now) = pristine
            .as_deref()
            .map(sha256)
            .or_else(|| (rule.strategy == Strategy::Env).then(String::new))
        else {
            // What counted as generated counts on.
            if let (Some(known), true) = (known, lies.changed) {
                self.lock.put(Artifact {
                    proposed: lies.proposed,
                    proposal: lies.proposal,
                    ..known
                });
            }
            return Ok(());
        };
        self.lock.put(Artifact {
            path: made_at.clone(),
            moved_to: (made_at != *path).then(|| path.clone()),
            id,
            feature: file.feature.to_owned(),
            mode: format!("{:04o}", rule.mode.bits()),
            strategy: rule.strategy,
            template: template.to_owned(),
            pristine: Some(now).filter(|hash| !hash.is_empty()),
            proposed: None,
            proposal: None,
            released: false,
        });
        if let Some(pristine) = pristine {
            self.ours(pristine::path(&made_at).map_err(own_path)?, pristine)?;
        }
        Ok(())
    }

    /// Whose side is taken of the file at `path`, and whether it is made again where its user deleted
    /// it.
    fn favoured(&self, path: &RelPath, strategy: Strategy) -> (Option<Side>, bool) {
        let is_env = strategy == Strategy::Env;
        match self.journey {
            Journey::Init => (None, true),
            // It must point to the new path, whatever else crosses.
            Journey::Adopt(_) => (Some(Side::Ours), is_env),
            Journey::AdoptRule(..) => (None, is_env),
            Journey::Update { favour } => (favour.get(path).copied(), is_env),
        }
    }

    /// What was generated before, where `text` is not the same; with line feeds only. None where
    /// it cannot be had any more.
    fn base(&mut self, known: Option<&Artifact>, text: &str) -> Result<Option<String>, PlanError> {
        let Some((known, hash)) = known.and_then(|known| Some((known, known.pristine.as_ref()?)))
        else {
            return Ok(None);
        };
        if *hash == sha256(text.as_bytes()) {
            return Ok(Some(text.to_owned()));
        }
        let copy = self.read(&pristine::path(&known.path).map_err(own_path)?)?;
        let found = pristine::of(known, copy.as_ref(), self.repository);
        Ok(found.and_then(|text| String::from_utf8(text).ok()))
    }

    /// What its user took over stays as it is.
    fn yours(&mut self, known: &Artifact) {
        self.entries.push(Entry {
            path: known.place().clone(),
            feature: known.feature.clone(),
            action: Action::Unchanged,
            strategy: known.strategy,
            reason: "yours; shipway adopt takes it back".to_owned(),
            why: Vec::new(),
        });
    }

    /// A file of shipway's own; a checkout that writes CRLF is no change.
    fn ours(&mut self, path: RelPath, content: Vec<u8>) -> Result<(), PlanError> {
        let present = self.read(&path)?;
        let same = present.as_deref().is_some_and(|present| {
            present == content || block::with_line_feeds(present) == content
        });
        if !same {
            self.change(path, present.as_deref(), Some(content), None);
        }
        Ok(())
    }

    fn read(&mut self, path: &RelPath) -> Result<Option<Vec<u8>>, PlanError> {
        read(&mut self.places, &self.repository.root, path)
    }

    fn change(
        &mut self,
        path: RelPath,
        present: Option<&[u8]>,
        content: Option<Vec<u8>>,
        mode: Option<u32>,
    ) {
        if let Some(at) = self.changes.iter().position(|change| change.path == path) {
            self.changes[at].content = content;
            if self.changes[at].content.is_none() && self.changes[at].before.is_none() {
                self.changes.remove(at);
            }
            return;
        }
        self.changes.push(Change {
            path,
            content,
            mode,
            before: present.map(sha256),
        });
    }

    pub(super) fn finish(mut self) -> Result<Plan, PlanError> {
        let path = RelPath::parse(LOCK_FILE).map_err(own_path)?;
        if self.lock.artifacts.is_empty() && self.lock.templates.is_none() {
            if let Some(present) = self.read(&path)? {
                self.change(path, Some(&present), None, None);
            }
        } else {
            let text = self.lock.to_text()?.into_bytes();
            self.ours(path, text)?;
        }
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        let old_names = self.old_names();
        let said = old_names.iter().map(|one| format!("{one}"));
        self.notes.extend(said);
        Ok(Plan {
            entries: self.entries,
            skipped: Vec::new(),
            executes: Vec::new(),
            findings: Vec::new(),
            notes: self.notes,
            waits: self.waits,
            changes: self.changes,
            seen: self.seen,
            takeover: self.takeover,
            old_names,
        })
    }

    /// What the generated files, as they will be, name where it does not lie any more.
    fn old_names(&self) -> Vec<OldName> {
        let mut found = Vec::new();
        for seen in &self.seen {
            let mut changes = self.changes.iter();
            let new = match changes.find(|change| change.path == seen.path) {
                Some(change) => change.content.as_ref(),
                None => seen.present.as_ref(),
            };
            if let Some(new) = new {
                let text = String::from_utf8_lossy(new);
                found.extend(moved::old_names(&seen.path, &text, &self.lock));
            }
        }
        found
    }
}

/// Why a file lies where it does, for the end of a reason.
fn place_told(place: &Place) -> String {
    match place {
        Place::Beside { because, .. } => format!("; here, because {because}"),
        Place::Moved { made_at, .. } => format!("; you moved it here from {made_at}"),
        Place::At(_) | Place::Out { .. } => String::new(),
    }
}

fn told(more: Option<&str>) -> String {
    more.map_or_else(String::new, |more| format!("; {more}"))
}
