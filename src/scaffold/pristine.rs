//! What was generated the last time, as it was before anybody edited it.

use super::block;
use super::lock::{Artifact, PRISTINE_DIR, sha256};
use crate::git::{Executable, Repository};
use crate::project::{PathError, RelPath};

/// Where the copy of what was generated at `path` lies.
pub(super) fn path(path: &RelPath) -> Result<RelPath, PathError> {
    RelPath::parse(&format!("{PRISTINE_DIR}/{path}"))
}

/// What was generated for `artifact`, with line feeds only: its `copy`; where that was edited or
/// deleted, what git has of it or of the file. None where it cannot be had any more.
pub(super) fn of(
    artifact: &Artifact,
    copy: Option<&Vec<u8>>,
    repository: &Repository,
) -> Option<Vec<u8>> {
    let hash = artifact.pristine.as_ref()?;
    let is_it = |content: &Vec<u8>| {
        let text = block::with_line_feeds(content);
        (sha256(&text) == *hash).then_some(text)
    };
    copy.and_then(is_it).or_else(|| {
        let git = Executable::new(&repository.git_dir, Some(&repository.root));
        [
            &path(&artifact.path).ok()?,
            &artifact.path,
            artifact.place(),
        ]
        .into_iter()
        .find_map(|path| git.contents_of(path).iter().find_map(is_it))
    })
}
