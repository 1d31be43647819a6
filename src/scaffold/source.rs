//! The templates of an organisation: fetched once, at one commit, and read from a copy in git's own
//! folder whose hash the lock has. Only [`fetch`] uses the network.

use super::feature::{FeatureError, Features, is_template};
use super::layer;
use super::lock::{Fetched, sha256};
use crate::config::{Address, TemplatesConfig};
use crate::git::foreign::{Foreign, ForeignError};
use crate::git::{CommitId, Repository};
use crate::project::{PathError, RelPath};
use caseless::default_case_fold_str;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a file of Git LFS begins with in a commit (its specification, "Pointer").
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Why there are no templates of an organisation.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("`{rev}` in [templates] is no full id of a commit{}", stands(*.commit))]
    NoCommit {
        rev: String,
        commit: Option<CommitId>,
    },
    #[error("the templates of {source_name} at {rev:.12} were not fetched here")]
    Missing { source_name: String, rev: CommitId },
    #[error("the copy of the templates of {source_name} at {rev:.12} is not what was fetched")]
    Other { source_name: String, rev: CommitId },
    #[error("{source_name} gives other templates at {rev:.12} than shipway.lock says")]
    Changed { source_name: String, rev: CommitId },
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    #[error("{source_name} at {rev:.12}: {path} {what}")]
    Refused {
        source_name: String,
        rev: CommitId,
        path: String,
        what: String,
    },
    #[error(
        "{source_name} at {rev:.12} has no templates: a folder for each feature, with files that end in .hbs"
    )]
    Empty { source_name: String, rev: CommitId },
    #[error(transparent)]
    Feature(#[from] Box<FeatureError>),
    #[error("{}: {source}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
}

fn stands(commit: Option<CommitId>) -> String {
    commit.map_or_else(String::new, |id| {
        format!(": it moves, and stands for {id} now")
    })
}

/// Templates by `feature/name`, with what messages call the place that they are from.
#[derive(Debug)]
pub(super) struct Copy {
    pub texts: BTreeMap<String, String>,
    pub shown: String,
}

impl TemplatesConfig {
    /// The commit that `rev` names in full.
    fn commit(&self) -> Result<CommitId, SourceError> {
        self.rev.parse().map_err(|_| SourceError::NoCommit {
            rev: self.rev.clone(),
            commit: None,
        })
    }
}

/// The copy of what `from` names, which `known` says was fetched. Reads only.
///
/// # Errors
/// When it was not fetched here, or is another than the lock says.
pub(super) fn copy(
    repository: &Repository,
    from: &TemplatesConfig,
    known: Option<&Fetched>,
) -> Result<Copy, SourceError> {
    let rev = from.commit()?;
    let source_name = from.source.to_string();
    let known = known.filter(|known| known.source == source_name && known.rev == rev);
    let folder = folder(repository, rev);
    let (Some(known), true) = (known, folder.is_dir()) else {
        return Err(SourceError::Missing { source_name, rev });
    };
    let texts = layer::read_folder(&folder, &shown(&from.source, rev)).map_err(Box::new)?;
    if hash(&texts) != known.hash {
        return Err(SourceError::Other { source_name, rev });
    }
    Ok(Copy {
        texts,
        shown: shown(&from.source, rev),
    })
}

/// Where the copy of a commit lies, in git's own folder.
pub(super) fn folder(repository: &Repository, rev: CommitId) -> PathBuf {
    repository
        .private_dir
        .join("templates")
        .join(rev.to_string())
}

/// What messages call a place in it; the name of a template follows.
fn shown(source: &Address, rev: CommitId) -> String {
    format!("{source}@{rev:.12}:")
}

/// Fetches what `from` names from `remote`, tries whether it can be loaded, and keeps a copy. Gives
/// what the lock is to say of it, and the names of the templates, sorted. `known` is what it says.
///
/// # Errors
/// When `rev` is no full id, it cannot be reached or has no such commit, the commit holds something
/// that is no template or no feature can be made of, or it is not what `known` says.
pub fn fetch(
    repository: &Repository,
    from: &TemplatesConfig,
    remote: &Foreign,
    known: Option<&Fetched>,
) -> Result<(Fetched, Vec<String>), SourceError> {
    let Ok(rev) = from.commit() else {
        return Err(SourceError::NoCommit {
            rev: from.rev.clone(),
            commit: remote.named(&from.rev)?,
        });
    };
    let source_name = from.source.to_string();
    let mut texts = BTreeMap::new();
    for file in remote.files(rev, is_template)? {
        let text = text(&file.path, file.content, &texts).map_err(|what| SourceError::Refused {
            source_name: source_name.clone(),
            rev,
            path: file.path.clone(),
            what,
        })?;
        texts.insert(file.path, text);
    }
    if texts.is_empty() {
        return Err(SourceError::Empty { source_name, rev });
    }
    let fetched = Fetched {
        source: source_name,
        rev,
        hash: hash(&texts),
    };
    let is_it = |known: &&Fetched| known.source == fetched.source && known.rev == rev;
    if known
        .filter(is_it)
        .is_some_and(|known| known.hash != fetched.hash)
    {
        let source_name = fetched.source;
        return Err(SourceError::Changed { source_name, rev });
    }
    let copy = Copy {
        texts,
        shown: shown(&from.source, rev),
    };
    Features::layered(Some(&copy), None).map_err(Box::new)?;
    keep(&folder(repository, rev), &copy.texts)?;
    Ok((fetched, copy.texts.into_keys().collect()))
}

/// The text of one template; the end of a sentence where it is none.
fn text(
    path: &str,
    content: Option<Vec<u8>>,
    others: &BTreeMap<String, String>,
) -> Result<String, String> {
    RelPath::parse(path).map_err(|error: PathError| format!("cannot be kept: {error}"))?;
    let folded = default_case_fold_str(path);
    if let Some(twin) = others
        .keys()
        .find(|other| default_case_fold_str(other) == folded)
    {
        return Err(format!("and {twin} differ in case alone"));
    }
    let Some(content) = content else {
        return Err("is larger than 1 MiB".to_owned());
    };
    if content.starts_with(LFS) {
        return Err("is kept by Git LFS, which is not asked".to_owned());
    }
    String::from_utf8(content).map_err(|_| "is no template: it is not UTF-8".to_owned())
}

/// SHA-256 over the lines that sha256sum prints of the files, in the order of their names.
fn hash(texts: &BTreeMap<String, String>) -> String {
    let lines: String = (texts.iter())
        .map(|(name, text)| sha256(text.as_bytes()) + "  " + name + "\n")
        .collect();
    sha256(lines.as_bytes())
}

/// Writes the files below `folder`, in the place of what is there.
fn keep(folder: &Path, texts: &BTreeMap<String, String>) -> Result<(), SourceError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| SourceError::Io { path, source }
    };
    let parent = folder.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).map_err(at(parent))?;
    let draft = tempfile::tempdir_in(parent).map_err(at(parent))?;
    for (name, text) in texts {
        let file = draft.path().join(name);
        let above = file.parent().unwrap_or(&file);
        std::fs::create_dir_all(above).map_err(at(above))?;
        std::fs::write(&file, text).map_err(at(&file))?;
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(at(folder))?;
    }
    std::fs::rename(draft.keep(), folder).map_err(at(folder))
}
