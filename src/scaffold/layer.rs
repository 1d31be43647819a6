//! Where templates lie: in the program, and in the repository, whose own come before.

use super::feature::FeatureError;
use include_dir::{Dir, include_dir};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Where a repository keeps templates of its own, relative to its root.
pub(super) const SHADOW_DIR: &str = ".shipway/templates";

/// Above this (bytes), a file is no template.
const HUGE: u64 = 1024 * 1024;

/// Where a template comes from; a later one comes before an earlier one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    BuiltIn,
    /// The repository of an organisation's templates.
    Source,
    /// `.shipway/templates` of the repository.
    Repository,
}

/// The text of a template, a partial or a feature.toml.
#[derive(Debug)]
pub(super) struct Source {
    pub text: Cow<'static, str>,
    pub layer: Layer,
    /// The file that a person edits to change it.
    pub file: String,
}

/// By `feature/name`.
pub(super) type Sources = BTreeMap<String, Source>;

pub(super) fn built_in() -> Sources {
    let mut sources = Sources::new();
    collect(&EMBEDDED, &mut sources);
    sources
}

fn collect(dir: &'static Dir<'static>, sources: &mut Sources) {
    for file in dir.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            let name = path.replace('\\', "/");
            let source = Source {
                text: Cow::Borrowed(text),
                layer: Layer::BuiltIn,
                file: format!("templates/{name}"),
            };
            sources.insert(name, source);
        }
    }
    for dir in dir.dirs() {
        collect(dir, sources);
    }
}

/// Puts those of the repository at `root` over the others.
pub(super) fn put_own(sources: &mut Sources, root: &Path) -> Result<(), FeatureError> {
    let shown = format!("{SHADOW_DIR}/");
    let found = read_folder(&root.join(SHADOW_DIR), &shown)?;
    put(sources, found, Layer::Repository, &shown);
    Ok(())
}

/// Puts `texts` over the others; one that says the same is the one below.
pub(super) fn put(
    sources: &mut Sources,
    texts: BTreeMap<String, String>,
    layer: Layer,
    shown: &str,
) {
    for (name, text) in texts {
        let same = sources.get(&name).is_some_and(|below| below.text == text);
        if !same {
            let source = Source {
                text: Cow::Owned(text),
                layer,
                file: format!("{shown}{name}"),
            };
            sources.insert(name, source);
        }
    }
}

/// The files below `folder`, by their path below it; in messages `shown` stands before that.
pub(super) fn read_folder(
    folder: &Path,
    shown: &str,
) -> Result<BTreeMap<String, String>, FeatureError> {
    let mut files = BTreeMap::new();
    read(folder, shown, "", &mut files)?;
    Ok(files)
}

/// Links are left out: a template may not come from elsewhere.
fn read(
    folder: &Path,
    shown: &str,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), FeatureError> {
    let io = |below: &str| {
        let file = format!("{shown}{below}");
        move |source| FeatureError::Io { file, source }
    };
    if !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).map_err(io(prefix))? {
        let entry = entry.map_err(io(prefix))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = entry.path();
        let below = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}/{name}")
        };
        let found = entry.metadata().map_err(io(&below))?;
        if found.is_dir() {
            read(&path, shown, &below, files)?;
        } else if found.is_file() {
            if found.len() > HUGE {
                let error = std::io::Error::other("it is larger than 1 MiB");
                return Err(io(&below)(error));
            }
            let text = std::fs::read_to_string(&path).map_err(io(&below))?;
            files.insert(below, text);
        }
    }
    Ok(())
}
