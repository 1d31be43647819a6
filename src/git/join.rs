//! Two trees of dated files made one: the union of their files.

use super::events::{Dated, FILE, FOLDER, Odd};
use super::refs::{self, Tip};
use super::{CommitId, RefError};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What came of joining.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// Where the ref here is now.
    pub tip: Option<CommitId>,
    /// Files of the other side that were not here.
    pub taken: usize,
    /// Files here that the other side has not.
    pub ahead: usize,
    /// What the other side has and was not taken, ordered by path.
    pub refused: Vec<Odd>,
    /// The other side has something, and nothing that could be taken: it was left alone.
    pub foreign: bool,
}

/// Says whether a file of the other side may be taken: its day, its name, its content; or why not.
pub type Accept<'a> = &'a dyn Fn(Date, &str, &[u8]) -> Result<(), String>;

impl Dated {
    /// Whether the commit is here.
    pub fn has(&self, commit: CommitId) -> bool {
        self.repository.find_commit(commit.oid()).is_ok()
    }

    /// Whether `commit` contains `earlier`: along first parents, which is how a shared ref grows,
    /// else in any way.
    ///
    /// # Errors
    /// When a commit between them cannot be read.
    pub fn contains(&self, commit: CommitId, earlier: CommitId) -> Result<bool, RefError> {
        if self.is_on_main_line(earlier.oid(), commit.oid(), None)? {
            return Ok(true);
        }
        self.repository
            .graph_descendant_of(commit.oid(), earlier.oid())
            .map_err(|error| self.failed(&error).into())
    }

    /// Takes into the ref what `theirs` has and `accept` allows, in a commit on top of both. Only
    /// folders that differ are read. `met` is a commit that both sides are known to contain.
    ///
    /// # Errors
    /// When the ref or an object cannot be read or written.
    pub fn join(
        &self,
        theirs: CommitId,
        met: Option<CommitId>,
        accept: Accept,
    ) -> Result<Joined, RefError> {
        let theirs = theirs.oid();
        let mut joined = Joined::default();
        refs::advance(&self.repository, &self.name, |tip| {
            let mut union = Union {
                dated: self,
                accept,
                joined: Joined::default(),
                found: false,
            };
            let their_tree = self.tree_of(theirs)?;
            let our_tree = match tip {
                Tip::Absent => None,
                Tip::Commit(ours) => Some(self.tree_of(ours)?),
            };
            let tree = union.folders(our_tree.as_ref(), &their_tree, &[])?;
            joined = union.joined;
            joined.refused.sort();
            joined.foreign = !union.found && !joined.refused.is_empty();
            if joined.foreign {
                return Ok(None);
            }
            let met = met.map(CommitId::oid);
            let to = match tip {
                Tip::Absent if tree == their_tree.id() => theirs,
                Tip::Absent => self.join_commit(tree, &[theirs])?,
                Tip::Commit(ours) => {
                    let same =
                        |other: Option<&git2::Tree>| other.is_some_and(|other| other.id() == tree);
                    if same(our_tree.as_ref()) && self.is_on_main_line(theirs, ours, met)? {
                        ours
                    } else if same(Some(&their_tree)) && self.is_on_main_line(ours, theirs, met)? {
                        theirs
                    } else {
                        self.join_commit(tree, &[theirs, ours])?
                    }
                }
            };
            joined.tip = Some(to.into());
            Ok((tip != Tip::Commit(to)).then_some(to))
        })?;
        Ok(joined)
    }

    /// Whether `earlier` is `commit` or one of its first parents, down to `stop`.
    fn is_on_main_line(
        &self,
        earlier: git2::Oid,
        commit: git2::Oid,
        stop: Option<git2::Oid>,
    ) -> Result<bool, RefError> {
        let mut at = commit;
        loop {
            if at == earlier {
                return Ok(true);
            }
            if Some(at) == stop {
                return Ok(false);
            }
            let commit = self
                .repository
                .find_commit(at)
                .map_err(|error| self.failed(&error))?;
            match commit.parent_id(0) {
                Ok(parent) => at = parent,
                Err(_) => return Ok(false),
            }
        }
    }

    /// A commit that joins `parents`, as late as the latest of them.
    fn join_commit(&self, tree: git2::Oid, parents: &[git2::Oid]) -> Result<git2::Oid, RefError> {
        let mut second = 0;
        for parent in parents {
            let commit = self
                .repository
                .find_commit(*parent)
                .map_err(|error| self.failed(&error))?;
            second = second.max(commit.time().seconds());
        }
        Ok(self.commit(tree, parents, second, "union")?)
    }

    /// How many files `commit` holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn count(&self, commit: CommitId) -> Result<usize, RefError> {
        self.count_below(self.tree_of(commit.oid())?.id())
    }

    fn count_below(&self, folder: git2::Oid) -> Result<usize, RefError> {
        let folder = self
            .repository
            .find_tree(folder)
            .map_err(|error| self.failed(&error))?;
        let mut count = 0;
        for entry in &folder {
            count += if entry.filemode() == FOLDER {
                self.count_below(entry.id())?
            } else {
                1
            };
        }
        Ok(count)
    }

    /// Remembers where the ref of `remote` was seen.
    ///
    /// # Errors
    /// When the ref cannot be written.
    pub fn remember(&self, remote: &str, tip: CommitId) -> Result<(), RefError> {
        refs::advance(&self.repository, &self.seen(remote), |_| {
            Ok(Some(tip.oid()))
        })
    }

    /// Where the ref of `remote` was seen last; None where it never was, or is gone from here.
    pub fn remembered(&self, remote: &str) -> Option<CommitId> {
        let tip = refs::tip(&self.repository, &self.seen(remote)).ok()?;
        tip.id().map(CommitId::from)
    }

    /// `refs/shipway/remotes/origin/events`.
    fn seen(&self, remote: &str) -> String {
        let own = self.name.rsplit('/').next().unwrap_or(&self.name);
        format!("refs/shipway/remotes/{remote}/{own}")
    }
}

struct Union<'a> {
    dated: &'a Dated,
    accept: Accept<'a>,
    joined: Joined,
    /// Something of the other side is here already or was taken.
    found: bool,
}

impl<'a> Union<'a> {
    /// The union of two folders above or of the days; `above` are the numbers of the folders
    /// that they lie in: year, month, day.
    fn folders(
        &mut self,
        ours: Option<&git2::Tree>,
        theirs: &git2::Tree,
        above: &[String],
    ) -> Result<git2::Oid, RefError> {
        if let [year, month, day] = above {
            let date = year
                .parse()
                .ok()
                .zip(month.parse().ok().zip(day.parse().ok()));
            let date = date.and_then(|(year, (month, day))| Date::new(year, month, day).ok());
            if let Some(date) = date {
                return self.files(ours, theirs, date);
            }
            self.refuse(above.join("/"), "is no day of the calendar");
            return self.kept(ours);
        }
        let digits = if above.is_empty() { 4 } else { 2 };
        let mut changed = BTreeMap::new();
        for entry in theirs {
            let name = entry_name(&entry);
            let our = ours.and_then(|ours| ours.get_name(&name));
            if our.as_ref().is_some_and(|our| our.id() == entry.id()) {
                self.found = true;
                continue;
            }
            let mut path = above.to_vec();
            path.push(name.clone());
            let digital = name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit());
            if !digital || entry.filemode() != FOLDER {
                self.refuse(path.join("/"), "is no folder of a day");
                continue;
            }
            let our_tree = match our {
                Some(our) if our.filemode() == FOLDER => Some(self.tree(our.id())?),
                Some(_) => {
                    self.refuse(path.join("/"), "is no folder here");
                    continue;
                }
                None => None,
            };
            let their_tree = self.tree(entry.id())?;
            let folder = self.folders(our_tree.as_ref(), &their_tree, &path)?;
            changed.insert(name, folder);
        }
        if let Some(ours) = ours {
            for entry in ours {
                if theirs.get_name(&entry_name(&entry)).is_none() && entry.filemode() == FOLDER {
                    self.joined.ahead += self.dated.count_below(entry.id())?;
                }
            }
        }
        self.put(ours, &changed, FOLDER)
    }

    fn files(
        &mut self,
        ours: Option<&git2::Tree>,
        theirs: &git2::Tree,
        date: Date,
    ) -> Result<git2::Oid, RefError> {
        let mut changed = BTreeMap::new();
        for entry in theirs {
            let name = entry_name(&entry);
            let our = ours.and_then(|ours| ours.get_name(&name));
            if our.as_ref().is_some_and(|our| our.id() == entry.id()) {
                self.found = true;
                continue;
            }
            match self.acceptable(&entry, &name, date) {
                Ok(()) => {
                    changed.insert(name, entry.id());
                    self.joined.taken += 1;
                    self.found = true;
                }
                Err(reason) => {
                    self.refuse(super::events::path(date, &name), &reason);
                    if our.is_some() {
                        self.joined.ahead += 1;
                    }
                }
            }
        }
        let mut missing = 0;
        for entry in ours.iter().flat_map(|ours| ours.iter()) {
            if theirs.get_name(&entry_name(&entry)).is_none() {
                missing += 1;
            }
        }
        self.joined.ahead += missing;
        self.put(ours, &changed, FILE)
    }

    fn acceptable(&self, entry: &git2::TreeEntry, name: &str, date: Date) -> Result<(), String> {
        if entry.kind() != Some(git2::ObjectType::Blob) || entry.filemode() & 0o170_000 != 0o100_000
        {
            return Err("is no regular file".to_owned());
        }
        let blob = self
            .dated
            .repository
            .find_blob(entry.id())
            .map_err(|error| format!("cannot be read: {}", error.message()))?;
        (self.accept)(date, name, blob.content())
    }

    fn refuse(&mut self, path: String, reason: &str) {
        self.joined.refused.push(Odd {
            path,
            reason: reason.to_owned(),
        });
    }

    fn tree(&self, id: git2::Oid) -> Result<git2::Tree<'a>, RefError> {
        let dated = self.dated;
        let found = dated.repository.find_tree(id);
        found.map_err(|error| dated.failed(&error).into())
    }

    fn kept(&self, ours: Option<&git2::Tree>) -> Result<git2::Oid, RefError> {
        self.put(ours, &BTreeMap::new(), FOLDER)
    }

    fn put(
        &self,
        ours: Option<&git2::Tree>,
        changed: &BTreeMap<String, git2::Oid>,
        mode: i32,
    ) -> Result<git2::Oid, RefError> {
        if let (Some(ours), true) = (ours, changed.is_empty()) {
            return Ok(ours.id());
        }
        let write = || {
            let mut builder = self.dated.repository.treebuilder(ours)?;
            for (name, id) in changed {
                builder.insert(name, *id, mode)?;
            }
            builder.write()
        };
        write().map_err(|error| self.dated.failed(&error).into())
    }
}

/// A name that is not UTF-8 is none that is looked for.
fn entry_name(entry: &git2::TreeEntry) -> String {
    String::from_utf8_lossy(entry.name_bytes()).into_owned()
}
