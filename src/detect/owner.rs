//! Which of several folders a file belongs to.

use crate::project::RelPath;
use std::collections::BTreeMap;

/// The nearest of the folders that `path` lies in; `by_folder` knows them.
pub(super) fn nearest<'k, 'm, V>(
    by_folder: &'m BTreeMap<&'k RelPath, V>,
    path: &RelPath,
) -> Option<(&'k RelPath, &'m V)> {
    let mut folder = path.parent();
    loop {
        if let Some((root, value)) = by_folder.get_key_value(&folder) {
            return Some((*root, value));
        }
        if folder.is_root() {
            return None;
        }
        folder = folder.parent();
    }
}
