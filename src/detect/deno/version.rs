//! Which Deno a project runs on, and every place that says so.

use super::project::Project;
use crate::detect::{Tree, pin};
use crate::project::{Evidence, Fact, RelPath};

/// The rule by which one of several is taken.
const ORDER: &str =
    "what developers run goes first: .dvmrc, .tool-versions, mise.toml; after them the image";

pub(super) fn find(project: &Project<'_>) -> Option<Fact<String>> {
    let tree = project.tree;
    let folders = [&project.manifest.root, &project.home.root];
    let mut names = vec![".dvmrc"];
    names.extend(pin::FILES);
    let mut found = pin::nearest(tree, &folders, &names, |path| of_file(tree, path));
    for image in &project.images {
        let of_image = image.runtime.as_ref().filter(|(name, _)| name == "deno");
        found
            .extend(of_image.and_then(|(_, version)| Some((version.clone(), image.from.clone()?))));
    }
    pin::first(found, pin::agree, ORDER)
}

fn of_file(tree: &Tree, path: &RelPath) -> Option<(String, Evidence)> {
    let (version, line) = if path.file_name() == ".dvmrc" {
        (tree.text(path)?.lines().next()?.to_owned(), 1)
    } else {
        pin::said(tree, path, "deno")?
    };
    Some((pin::number(&version)?, tree.at(path, line)))
}
