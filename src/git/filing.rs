//! One file added to a ref of dated files: its blob, the folders above it and a commit of its own,
//! each an object by itself. What was written is not read again.

use super::events::{AUTHOR, Dated, Filed, parts};
use super::objects::broken;
use super::refs::{self, Tip};
use super::revision::{back, convert};
use super::{GitError, RefError, blob_id, signed};
use git2::ObjectType;
use gix_hash::ObjectId;
use gix_object::tree::{EntryKind, EntryRef};
use gix_object::{CommitRef, TreeRef, WriteTo};

const SHA1: gix_hash::Kind = gix_hash::Kind::Sha1;

impl Dated {
    /// Adds one file in a commit of its own, however many processes do so at once. Reads only
    /// the day's folder and those above it. Gives whether it was new.
    ///
    /// # Errors
    /// When the ref or an object cannot be read or written; when something that is no folder
    /// lies where the day's would.
    pub fn add(&self, file: &Filed) -> Result<bool, RefError> {
        let blob = blob_id(&file.content)?;
        let names = parts(file.date);
        let mut written = false;
        let mut new = false;
        refs::advance(&self.repository, &self.name, |tip| {
            let folders = self.folders(tip, &names)?;
            new = !self.holds(&folders, &names, file, blob)?;
            if !new {
                return Ok(None);
            }
            if !written {
                self.write(ObjectType::Blob, &file.content)?;
                written = true;
            }
            let [root, year, month, day] = &folders;
            let mut child = self.put(day, &file.name, EntryKind::Blob, blob)?;
            for (folder, name) in [root, year, month].iter().zip(&names).rev() {
                child = self.put(folder, name, EntryKind::Tree, child)?;
            }
            let tree = self.back(child)?;
            let parents: Vec<git2::Oid> = tip.id().into_iter().collect();
            let made = if self.signs {
                signed::commit(&self.repository, tree, &parents, file.second, &file.message)
            } else {
                self.commit(tree, &parents, file.second, &file.message)
            };
            Ok(Some(made?))
        })?;
        Ok(new)
    }

    /// The contents of the root and of the folders of the year, the month and the day, empty
    /// where there is none.
    fn folders(&self, tip: Tip, names: &[String; 3]) -> Result<[Vec<u8>; 4], RefError> {
        let mut folders: [Vec<u8>; 4] = Default::default();
        let Some(commit) = tip.id() else {
            return Ok(folders);
        };
        let objects = self.repository.odb().map_err(|error| self.failed(&error))?;
        let commit = self.repository.find_commit(commit);
        let mut id = commit.map_err(|error| self.failed(&error))?.tree_id();
        for (depth, folder) in folders.iter_mut().enumerate() {
            let object = objects.read(id).map_err(|error| self.failed(&error))?;
            if object.kind() != ObjectType::Tree {
                return Err(broken(convert(id), &"is no folder").into());
            }
            folder.extend_from_slice(object.data());
            let Some(name) = names.get(depth) else { break };
            let tree = parse(folder)?;
            match tree.bisect_entry(name.as_str().into(), true) {
                Some(below) => id = self.back(below.oid.to_owned())?,
                None if tree.bisect_entry(name.as_str().into(), false).is_some() => {
                    return Err(RefError::Foreign {
                        name: self.name.clone(),
                        what: format!("holds something that is no folder at {}", names.join("/")),
                    });
                }
                None => break,
            }
        }
        Ok(folders)
    }

    /// Whether the file is there; an error where another one has its name.
    fn holds(
        &self,
        folders: &[Vec<u8>; 4],
        names: &[String; 3],
        file: &Filed,
        blob: ObjectId,
    ) -> Result<bool, RefError> {
        let day = parse(&folders[3])?;
        let name = file.name.as_str().into();
        match [false, true]
            .iter()
            .find_map(|is_folder| day.bisect_entry(name, *is_folder))
        {
            None => Ok(false),
            Some(entry) if entry.oid == blob => Ok(true),
            Some(_) => Err(RefError::Foreign {
                name: self.name.clone(),
                what: format!("holds something else at {}/{}", names.join("/"), file.name),
            }),
        }
    }

    /// Writes a folder of this content with an entry put in.
    fn put(
        &self,
        folder: &[u8],
        name: &str,
        kind: EntryKind,
        id: ObjectId,
    ) -> Result<ObjectId, GitError> {
        let mut tree = parse(folder)?;
        let entry = EntryRef {
            mode: kind.into(),
            filename: name.into(),
            oid: &id,
        };
        match tree.entries.binary_search(&entry) {
            Ok(place) => tree.entries[place] = entry,
            Err(place) => tree.entries.insert(place, entry),
        }
        self.write_object(ObjectType::Tree, &tree).map(convert)
    }

    /// A commit by [`AUTHOR`] at `second`, in no branch.
    pub(super) fn commit(
        &self,
        tree: git2::Oid,
        parents: &[git2::Oid],
        second: i64,
        message: &str,
    ) -> Result<git2::Oid, GitError> {
        let (name, mail) = AUTHOR;
        let author = format!("{name} <{mail}> {second} +0000");
        let tree = tree.to_string();
        let parents: Vec<String> = parents.iter().map(git2::Oid::to_string).collect();
        let message = format!("{message}\n");
        let commit = CommitRef {
            tree: tree.as_str().into(),
            parents: parents.iter().map(|id| id.as_str().into()).collect(),
            author: author.as_str().into(),
            committer: author.as_str().into(),
            encoding: None,
            message: message.as_str().into(),
            extra_headers: Vec::new(),
        };
        self.write_object(ObjectType::Commit, &commit)
    }

    fn write_object(&self, kind: ObjectType, object: &dyn WriteTo) -> Result<git2::Oid, GitError> {
        let mut content = Vec::new();
        object
            .write_to(&mut content)
            .map_err(|error| self.unwritten(&error))?;
        self.write(kind, &content)
    }

    fn write(&self, kind: ObjectType, content: &[u8]) -> Result<git2::Oid, GitError> {
        let objects = self.repository.odb().map_err(|error| self.failed(&error))?;
        objects
            .write(kind, content)
            .map_err(|error| self.unwritten(&error.message()))
    }

    fn back(&self, id: ObjectId) -> Result<git2::Oid, GitError> {
        back(id).map_err(|error| self.failed(&error))
    }

    pub(super) fn unwritten(&self, error: &dyn std::fmt::Display) -> GitError {
        GitError::Unwritten {
            path: self.repository.commondir().join("objects"),
            message: error.to_string(),
        }
    }
}

fn parse(folder: &[u8]) -> Result<TreeRef<'_>, GitError> {
    TreeRef::from_bytes(folder, SHA1).map_err(|error| GitError::Object {
        id: "of a folder".to_owned(),
        message: format!("is broken: {error}"),
    })
}
