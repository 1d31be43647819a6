//! What differs: the index from a tree, and one tree from another.

use super::index::{Index, Mode};
use super::{GitError, Reader};
use bstr::{BString, ByteSlice};
use gix_hash::ObjectId;
use gix_index::extension::Tree as CacheTree;
use gix_object::TreeRefIter;
use std::cmp::Ordering;
use std::ops::Range;

/// How a path of the index differs from the tree it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not in the tree; what was renamed is this under its new path.
    Added,
    /// Another content, or a file for a link.
    Modified,
    /// Only the executable bit.
    Mode,
}

/// One path of the index that is new or other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// In the index.
    pub position: usize,
    pub kind: Kind,
    /// What the tree has at this path.
    pub before: Option<ObjectId>,
    /// Whether the tree has a symlink there.
    pub was_link: bool,
}

/// What the index has anew.
#[derive(Debug, Default)]
pub struct Changes {
    /// Sorted by position. Neither paths in conflict nor ones that are only intended to be
    /// added.
    pub changed: Vec<Change>,
    /// Files of the tree that are gone, and what they were; sorted as git sorts.
    pub deleted: Vec<(BString, ObjectId)>,
}

/// Compares `index` with `tree` (None: everything is new). A folder for which the index
/// remembers the tree's own id is not looked into.
///
/// # Errors
/// When an object is missing or broken.
pub fn changes(
    index: &Index,
    tree: Option<ObjectId>,
    objects: &Reader,
) -> Result<Changes, GitError> {
    let mut walk = Walk {
        index,
        objects,
        found: Changes::default(),
    };
    let mut prefix = Vec::new();
    walk.folder(&mut prefix, tree, index.cache_tree(), 0..index.len())?;
    Ok(walk.found)
}

struct Walk<'w> {
    index: &'w Index,
    objects: &'w Reader,
    found: Changes,
}

struct Theirs {
    name: BString,
    mode: Mode,
    id: ObjectId,
}

impl Theirs {
    fn is_folder(&self) -> bool {
        self.mode == Mode::Folder
    }
}

/// Names in git's order: a folder sorts as if a slash followed it.
fn order(a: (&[u8], bool), b: (&[u8], bool)) -> Ordering {
    let tail = |folder: bool| if folder { b"/".as_slice() } else { b"" };
    a.0.iter().chain(tail(a.1)).cmp(b.0.iter().chain(tail(b.1)))
}

impl Walk<'_> {
    /// Compares the entries in `range`, all below `prefix` (empty, or with a slash at its end).
    fn folder(
        &mut self,
        prefix: &mut Vec<u8>,
        tree: Option<ObjectId>,
        cache: Option<&CacheTree>,
        range: Range<usize>,
    ) -> Result<(), GitError> {
        if let (Some(tree), Some(cache)) = (tree, cache)
            && cache.num_entries.is_some()
            && cache.id == tree
        {
            return Ok(());
        }
        let index = self.index;
        let theirs = match tree {
            Some(tree) => self.read(tree)?,
            None => Vec::new(),
        };
        let mut theirs = theirs.iter().peekable();
        let mut at = range.start;
        loop {
            let ours = (at < range.end).then(|| {
                let path: &[u8] = index.entry(at).path;
                let rest = &path[prefix.len()..];
                match rest.find_byte(b'/') {
                    Some(slash) => (&rest[..slash], true),
                    None => (rest, false),
                }
            });
            let which = match (ours, theirs.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((name, folder)), Some(their)) => {
                    order((name, folder), (&their.name, their.is_folder()))
                }
            };
            let their = if which == Ordering::Less {
                None
            } else {
                theirs.next()
            };
            match (ours, which) {
                (Some((name, true)), Ordering::Less | Ordering::Equal) => {
                    let end = self.subfolder(prefix, name, their, cache, at, range.end)?;
                    at = end;
                }
                (Some(_), Ordering::Less | Ordering::Equal) => {
                    self.file(at, their);
                    at += 1;
                    // Further sides of a conflict have the same path.
                    while at < range.end && index.entry(at).path == index.entry(at - 1).path {
                        at += 1;
                    }
                }
                _ => {
                    if let Some(their) = their {
                        self.gone(prefix, their)?;
                    }
                }
            }
        }
    }

    /// Compares the folder `name` of `prefix`, whose first entry is at `at`, and gives the
    /// position behind its last.
    fn subfolder(
        &mut self,
        prefix: &mut Vec<u8>,
        name: &[u8],
        their: Option<&Theirs>,
        cache: Option<&CacheTree>,
        at: usize,
        limit: usize,
    ) -> Result<usize, GitError> {
        let length = prefix.len();
        prefix.extend_from_slice(name);
        let entry = self.index.entry(at);
        let end;
        if entry.mode == Mode::Folder {
            // Outside of the sparse checkout: one entry for all of it.
            end = at + 1;
            if their.is_none_or(|their| their.id != entry.id) {
                self.found.changed.push(Change {
                    position: at,
                    kind: Kind::Modified,
                    before: their.map(|their| their.id),
                    was_link: false,
                });
            }
        } else {
            end = self.index.end_of_folder(prefix, at).min(limit);
            let cache = cache.and_then(|cache| {
                cache
                    .children
                    .iter()
                    .find(|child| child.name.as_slice() == name)
            });
            prefix.push(b'/');
            self.folder(prefix, their.map(|their| their.id), cache, at..end)?;
        }
        prefix.truncate(length);
        Ok(end)
    }

    /// `their`, a file or all of a folder, is no longer below `prefix`.
    fn gone(&mut self, prefix: &[u8], their: &Theirs) -> Result<(), GitError> {
        let mut path = prefix.to_vec();
        path.extend_from_slice(&their.name);
        if their.is_folder() {
            path.push(b'/');
            for inner in self.read(their.id)? {
                self.gone(&path, &inner)?;
            }
        } else {
            self.found.deleted.push((path.into(), their.id));
        }
        Ok(())
    }

    fn file(&mut self, position: usize, their: Option<&Theirs>) {
        let entry = self.index.entry(position);
        if entry.unmerged || entry.intent_to_add {
            return;
        }
        let kind = match their {
            None => Kind::Added,
            Some(their) if their.id == entry.id && their.mode == entry.mode => return,
            Some(their) if their.id == entry.id && their.mode.is_file() && entry.mode.is_file() => {
                Kind::Mode
            }
            Some(_) => Kind::Modified,
        };
        self.found.changed.push(Change {
            position,
            kind,
            before: their.map(|their| their.id),
            was_link: their.is_some_and(|their| their.mode == Mode::Symlink),
        });
    }

    fn read(&self, tree: ObjectId) -> Result<Vec<Theirs>, GitError> {
        let mut buffer = Vec::new();
        self.objects.tree(tree, &mut buffer)?;
        TreeRefIter::from_bytes(&buffer, tree.kind())
            .map(|entry| {
                let entry = entry.map_err(|error| super::objects::broken(tree, &error))?;
                Ok(Theirs {
                    name: entry.filename.to_owned(),
                    mode: Mode::of_tree(entry.mode),
                    id: entry.oid.to_owned(),
                })
            })
            .collect()
    }
}
