//! The tree that an index would be written as, without writing it.

use super::index::{Index, Mode};
use super::{GitError, objects};
use bstr::ByteSlice;
use gix_hash::ObjectId;
use gix_index::extension::Tree as CacheTree;
use gix_object::Kind;
use std::ops::Range;

impl Index {
    /// The id of the tree that `git write-tree` would give; None while a path is in conflict.
    /// A folder whose tree git has noted is not looked into.
    ///
    /// # Errors
    /// Where a folder is one of the known collisions of SHA-1.
    pub fn written_tree(&self) -> Result<Option<ObjectId>, GitError> {
        if self.entries().any(|entry| entry.unmerged) {
            return Ok(None);
        }
        let tree = folder(self, 0, self.cache_tree(), 0..self.len())?;
        Ok(Some(tree.unwrap_or_else(super::empty_tree)))
    }
}

/// The tree of the entries in `range`, whose paths share their first `prefix` bytes. None where
/// none of them will be committed.
fn folder(
    index: &Index,
    prefix: usize,
    cache: Option<&CacheTree>,
    range: Range<usize>,
) -> Result<Option<ObjectId>, GitError> {
    if let Some(cache) = cache
        && cache.num_entries.is_some()
    {
        return Ok(Some(cache.id));
    }
    let mut tree = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let entry = index.entry(at);
        let path: &[u8] = entry.path;
        let rest = &path[prefix..];
        let below = rest
            .find_byte(b'/')
            .filter(|slash| slash + 1 < rest.len() || entry.mode != Mode::Folder);
        let Some(slash) = below else {
            if !entry.intent_to_add {
                let name = rest.strip_suffix(b"/").unwrap_or(rest);
                put(&mut tree, entry.mode, name, entry.id);
            }
            at += 1;
            continue;
        };
        let name = &rest[..slash];
        let end = index
            .end_of_folder(&path[..prefix + slash], at)
            .min(range.end);
        let cache = cache.and_then(|cache| {
            let mut children = cache.children.iter();
            children.find(|child| child.name.as_slice() == name)
        });
        if let Some(id) = folder(index, prefix + slash + 1, cache, at..end)? {
            put(&mut tree, Mode::Folder, name, id);
        }
        at = end;
    }
    if tree.is_empty() {
        return Ok(None);
    }
    gix_object::compute_hash(gix_hash::Kind::Sha1, Kind::Tree, &tree)
        .map(Some)
        .map_err(|error| objects::broken(super::empty_tree(), &error))
}

/// One line of a tree, as git writes it: the mode without zeros before it.
fn put(tree: &mut Vec<u8>, mode: Mode, name: &[u8], id: ObjectId) {
    tree.extend_from_slice(mode.octal().trim_start_matches('0').as_bytes());
    tree.push(b' ');
    tree.extend_from_slice(name);
    tree.push(0);
    tree.extend_from_slice(id.as_slice());
}
