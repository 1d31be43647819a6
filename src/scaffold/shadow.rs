//! A template is copied into the repository, where it can be changed.

use super::feature::Features;
use super::layer::SHADOW_DIR;
use super::lock::Lock;
use super::place::{Places, Present};
use super::plan::Change;
use crate::config;
use crate::project::{PathError, RelPath};
use std::path::Path;

/// Why a template was not copied.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    #[error("there is no template `{name}`{}", nearest.as_ref().map(|one| format!("; did you mean `{one}`?")).unwrap_or_default())]
    Unknown {
        name: String,
        nearest: Option<String>,
    },
    #[error("{0} is there and edited; it stays as it is")]
    Edited(RelPath),
    #[error("{0}")]
    Barred(String),
    #[error("cannot read {path}: {source}")]
    Io {
        path: RelPath,
        source: std::io::Error,
    },
    #[error(transparent)]
    Path(#[from] PathError),
}

/// The copies of the templates `names` that are to be made below `root/.shipway/templates`, in
/// order; none for one that is there already. `features` are those without the repository's own.
///
/// # Errors
/// When there is no such template, or another one is there.
pub fn copies(
    root: &Path,
    features: &Features,
    names: &[String],
) -> Result<Vec<Change>, ShadowError> {
    let lock = Lock::default();
    let mut places = Places::new(root, &lock);
    let mut changes: Vec<Change> = Vec::new();
    for name in names {
        let text = features
            .template(name)
            .ok_or_else(|| ShadowError::Unknown {
                nearest: nearest(features, name),
                name: name.clone(),
            })?;
        let path = RelPath::parse(&format!("{SHADOW_DIR}/{name}"))?;
        match places.present(&path) {
            Present::Barred(because) => return Err(ShadowError::Barred(because)),
            Present::File => {
                let present = std::fs::read(path.under(root)).map_err(|source| {
                    let path = path.clone();
                    ShadowError::Io { path, source }
                })?;
                if present != text.as_bytes() {
                    return Err(ShadowError::Edited(path));
                }
            }
            Present::Nothing if changes.iter().any(|change| change.path == path) => {}
            Present::Nothing => changes.push(Change {
                path,
                content: Some(text.as_bytes().to_vec()),
                mode: None,
                before: None,
            }),
        }
    }
    Ok(changes)
}

fn nearest(features: &Features, name: &str) -> Option<String> {
    let known = || features.listed().map(|one| one.name);
    let same = |one: &&str| one.strip_suffix(".hbs") == Some(name);
    let found = known().find(same);
    found
        .or_else(|| config::nearest(name, known()))
        .map(str::to_owned)
}
