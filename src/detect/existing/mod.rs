//! What lies in the tree already of what shipway would generate, one reader per kind.

mod ci;
mod compose;
mod devcontainer;
mod dockerfile;
mod hooks;
mod makefile;
mod own;
mod procfile;
mod scripts;
mod set_up;
pub(super) mod volumes;

pub(crate) use compose::{in_use, is_compose};
pub(super) use makefile::recipes;
pub(super) use own::{add_passed, own_services, published, set};
pub(super) use procfile::processes;
pub(super) use set_up::{alike, set_up};

use super::beside::{beside, pattern};
use super::{Tree, secret};
use crate::project::{Dockerfile, Evidence, Existing, ExistingFile, RelPath};

/// Reads everything of `tree` that is there already.
pub(super) fn read(tree: &Tree) -> Existing {
    let mut existing = Existing::default();
    for path in tree
        .files()
        .filter(|path| !beside(&path.parent()) && !pattern(&path.parent()))
    {
        let name = path.file_name();
        if name.ends_with(".dockerignore") {
            existing.dockerignores.push(path.clone());
        } else if is_dockerfile(name) {
            if let Some(text) = tree.text(path) {
                existing.dockerfiles.push(dockerfile::read(path, &text));
            }
        } else if compose::is_compose(name) && !within_devcontainer(path) {
            existing.compose_files.extend(compose::read(tree, path));
        }
    }
    // The outermost file first: it speaks for the whole repository.
    existing
        .dockerfiles
        .sort_by_key(|file| (file.path.depth(), file.path.clone()));
    existing
        .compose_files
        .sort_by_key(|file| (file.path.depth(), file.path.clone()));
    existing.devcontainers = devcontainer::read(tree);
    existing.ci = ci::read(tree);
    existing.hooks = hooks::read(tree);
    existing.makefile = makefile::read(tree);
    existing.procfile = procfile::read(tree);
    existing.scripts = scripts::read(tree, &existing);
    existing
}

/// Whether a file of this name is a Dockerfile, or what tells one what to leave out.
pub(crate) fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "dockerfile"
        || lower == "containerfile"
        || [
            "dockerfile.",
            "dockerfile-",
            "dockerfile_",
            "containerfile.",
        ]
        .iter()
        .filter_map(|start| lower.strip_prefix(start))
        .any(|variant| !is_source(variant))
        || lower.ends_with(".dockerfile")
}

/// The extension of a template or of a source file about Dockerfiles.
fn is_source(extension: &str) -> bool {
    let last = extension.rsplit('.').next().unwrap_or_default();
    [
        "hbs", "j2", "jinja", "jinja2", "tmpl", "tpl", "erb", "ejs", "mustache", "in", "rs", "go",
        "py", "js", "ts", "rb", "java", "kt", "php", "cs", "ex", "exs", "eex", "md", "txt", "html",
        "bak", "orig", "swp",
    ]
    .contains(&last)
}

/// A Dockerfile or compose file there describes the editor's container, not the application's.
fn within_devcontainer(path: &RelPath) -> bool {
    path.as_str().split('/').any(|part| part == ".devcontainer")
}

/// Whether a Dockerfile names the folder `root`, as its working directory or in what it copies.
pub(super) fn names_folder(file: &Dockerfile, root: &RelPath) -> bool {
    let name = root.file_name();
    let names = |evidence: &Evidence| {
        evidence
            .excerpt
            .split(|c: char| c == '/' || c.is_whitespace() || c == '"' || c == ',')
            .any(|part| part == name)
    };
    !name.is_empty() && file.workdir.iter().chain(&file.copied).any(names)
}

/// Whether a Dockerfile lies with the code in `root`, or above it and speaks of it; `alone` where there is
/// no other code that it could mean.
pub(super) fn is_about(file: &Dockerfile, root: &RelPath, alone: bool) -> bool {
    let folder = file.path.parent();
    // `backend/docker/Dockerfile` of `backend`.
    let kept_apart = !root.is_root() && folder.parent() == *root && folder.file_name() == "docker";
    folder == *root || kept_apart || root.is_within(&folder) && (alone || names_folder(file, root))
}

/// Puts the Dockerfile in `root` first, then the others, those with a plain name before variants.
pub(super) fn nearest_first(files: &mut [&Dockerfile], root: &RelPath) {
    files.sort_by_key(|file| {
        (
            file.path.parent() != *root,
            !matches!(file.path.file_name(), "Dockerfile" | "Containerfile"),
            file.path.depth(),
        )
    });
}

/// Whether an image is called for tests or development: `Dockerfile-test`, `dev.Dockerfile`,
/// `docker/dev/Dockerfile`.
pub(super) fn is_for_developers(file: &Dockerfile) -> bool {
    let path = &file.path;
    let folder = path.parent();
    [path.file_name(), folder.file_name()]
        .into_iter()
        .flat_map(|name| name.split(['.', '-', '_']))
        .any(|word| {
            matches!(
                word.to_lowercase().as_str(),
                "test"
                    | "tests"
                    | "testing"
                    | "ci"
                    | "e2e"
                    | "dev"
                    | "develop"
                    | "development"
                    | "local"
            )
        })
}

/// A file of which its presence is all that matters.
fn present(path: &RelPath, kind: &'static str) -> ExistingFile {
    ExistingFile {
        path: path.clone(),
        kind,
        entries: Vec::new(),
    }
}

/// A file with named entries, each at its line.
fn listing(path: &RelPath, kind: &'static str, entries: Vec<(usize, String)>) -> ExistingFile {
    ExistingFile {
        path: path.clone(),
        kind,
        entries: entries
            .into_iter()
            .map(|(line, text)| Evidence::new(path.clone(), line, &secret::redacted(&text)))
            .collect(),
    }
}
