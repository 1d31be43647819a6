//! Which Deno a project runs on, and every place that says so.

use super::service::Project;
use crate::detect::structured;
use crate::project::{Evidence, Fact, RelPath};

/// The rule by which one of several is taken.
const ORDER: &str =
    "what developers run goes first: .dvmrc, .tool-versions, mise.toml; after them the image";

pub(super) fn find(project: &Project<'_>) -> Option<Fact<String>> {
    let tree = project.tree;
    let mut folders = vec![
        project.manifest.root.clone(),
        project.home.root.clone(),
        RelPath::root(),
    ];
    folders.dedup();
    let mut found: Vec<(String, Evidence)> = Vec::new();
    for name in [".dvmrc", ".tool-versions", "mise.toml", ".mise.toml"] {
        let paths = folders.iter().filter_map(|folder| folder.join(name).ok());
        let pinned = paths
            .filter(|path| tree.has(path))
            .find_map(|path| of_file(project, &path));
        found.extend(pinned);
    }
    for image in project.images() {
        let of_image = image.runtime.as_ref().filter(|(name, _)| name == "deno");
        found
            .extend(of_image.and_then(|(_, version)| Some((version.clone(), image.from.clone()?))));
    }
    let fact = Fact::first_of(crate::project::Confidence::Certain, found)?;
    Some(if fact.against.is_empty() {
        fact
    } else {
        fact.because(ORDER)
    })
}

fn of_file(project: &Project<'_>, path: &RelPath) -> Option<(String, Evidence)> {
    let tree = project.tree;
    if path.extension() == "toml" {
        let document = structured::toml(tree, path)?;
        let entry = document.entry_at(&["tools", "deno"])?;
        return Some((number(entry.node.text()?)?, tree.at(path, entry.line)));
    }
    let text = tree.text(path)?;
    let is_list = path.file_name() == ".tool-versions";
    text.lines().enumerate().find_map(|(index, line)| {
        let said = if is_list {
            line.strip_prefix("deno ")?
        } else {
            line
        };
        Some((number(said)?, tree.at(path, index + 1)))
    })
}

/// The digits and dots at the start of a text.
fn number(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('v');
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let version = text[..end].trim_end_matches('.');
    (!version.is_empty()).then(|| version.to_owned())
}
