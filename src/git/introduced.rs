//! What commits brought: paths that they have other than all their parents.

use super::objects::broken;
use super::{GitError, Mode, Objects, Reader, Revisions};
use bstr::BString;
use gix_hash::ObjectId;
use gix_object::{TreeRef, tree::EntryRef};
use rayon::prelude::*;
use std::cmp::Ordering;

/// Commits that one thread looks at in a row: neighbours share most of their trees.
const PIECE: usize = 256;

/// A path that a commit has other than all its parents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Introduced {
    pub path: BString,
    pub id: ObjectId,
    pub mode: Mode,
    pub commit: ObjectId,
}

impl Revisions {
    /// What `commits` brought, in their order and within one in git's: of a merge only what none
    /// of its parents has, of one without parents everything. Of the rest nothing once
    /// `interrupted` says so.
    ///
    /// # Errors
    /// When an object is missing or broken.
    pub fn introduced(
        &self,
        commits: &[ObjectId],
        objects: &Objects,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Introduced>, GitError> {
        // The library knows where a shallow clone ends.
        let lines = commits
            .iter()
            .map(|id| Ok((*id, self.parents(*id)?)))
            .collect::<Result<Vec<_>, GitError>>()?;
        let found = lines
            .par_chunks(PIECE)
            .map_init(
                || objects.reader_of_many(),
                |reader, lines| {
                    let mut look = Look {
                        reader,
                        path: Vec::new(),
                        found: Vec::new(),
                    };
                    for (commit, parents) in lines {
                        if interrupted() {
                            break;
                        }
                        look.commit(*commit, parents)?;
                    }
                    Ok(look.found)
                },
            )
            .collect::<Result<Vec<_>, GitError>>()?;
        Ok(found.concat())
    }
}

struct Look<'r> {
    reader: &'r Reader,
    /// Of the folder that is looked at, with a slash at its end where it is not the root.
    path: Vec<u8>,
    found: Vec<Introduced>,
}

impl Look<'_> {
    fn commit(&mut self, commit: ObjectId, parents: &[ObjectId]) -> Result<(), GitError> {
        let tree = self.reader.tree_of(commit)?;
        let parents = parents
            .iter()
            .map(|parent| self.reader.tree_of(*parent))
            .collect::<Result<Vec<_>, _>>()?;
        self.folder(commit, tree, &parents)
    }

    /// Compares the folder `tree` with what the parents have there; a parent that has no folder
    /// is not among them.
    fn folder(
        &mut self,
        commit: ObjectId,
        tree: ObjectId,
        parents: &[ObjectId],
    ) -> Result<(), GitError> {
        if parents.contains(&tree) {
            return Ok(());
        }
        let read = |id: &ObjectId| {
            let mut buffer = Vec::new();
            self.reader.tree(*id, &mut buffer).map(|()| buffer)
        };
        let ours = read(&tree)?;
        let ours = entries(tree, &ours)?;
        let buffers = parents.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut theirs = parents
            .iter()
            .zip(&buffers)
            .map(|(id, buffer)| Ok(entries(*id, buffer)?.into_iter().peekable()))
            .collect::<Result<Vec<_>, GitError>>()?;
        for entry in ours {
            // Both are in git's order, in which a file and a folder of one name are two places.
            let before: Vec<EntryRef<'_>> = theirs
                .iter_mut()
                .filter_map(|theirs| {
                    while theirs.next_if(|other| *other < entry).is_some() {}
                    theirs.next_if(|other| other.cmp(&entry) == Ordering::Equal)
                })
                .collect();
            let mode = Mode::of_tree(entry.mode);
            let is_same =
                |other: &EntryRef<'_>| other.oid == entry.oid && Mode::of_tree(other.mode) == mode;
            if before.iter().any(is_same) {
                continue;
            }
            let length = self.path.len();
            self.path.extend_from_slice(entry.filename);
            if mode == Mode::Folder {
                self.path.push(b'/');
                let folders: Vec<ObjectId> =
                    before.iter().map(|other| other.oid.to_owned()).collect();
                self.folder(commit, entry.oid.to_owned(), &folders)?;
            } else {
                self.found.push(Introduced {
                    path: self.path.clone().into(),
                    id: entry.oid.to_owned(),
                    mode,
                    commit,
                });
            }
            self.path.truncate(length);
        }
        Ok(())
    }
}

fn entries(id: ObjectId, bytes: &[u8]) -> Result<Vec<EntryRef<'_>>, GitError> {
    TreeRef::from_bytes(bytes, id.kind())
        .map(|tree| tree.entries)
        .map_err(|error| broken(id, &error))
}
