//! Configuration of continuous integration, whoever runs it.

use super::{listing, present};
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{ExistingFile, RelPath};

/// Every CI configuration; entries are the names of its jobs.
pub(super) fn read(tree: &Tree) -> Vec<ExistingFile> {
    tree.files()
        .filter_map(|path| Some((path, kind(path)?)))
        .map(|(path, kind)| match kind {
            "jenkins" => present(path, kind),
            "gitlab" => listing(path, kind, gitlab_jobs(tree, path)),
            _ => listing(path, kind, jobs(tree, path)),
        })
        .collect()
}

fn kind(path: &RelPath) -> Option<&'static str> {
    let yaml = matches!(path.extension(), "yml" | "yaml");
    match path.as_str() {
        ".gitlab-ci.yml" => Some("gitlab"),
        "Jenkinsfile" => Some("jenkins"),
        ".travis.yml" => Some("travis"),
        ".circleci/config.yml" => Some("circleci"),
        "azure-pipelines.yml" | ".azure-pipelines.yml" => Some("azure"),
        _ if yaml && path.parent().as_str() == ".github/workflows" => Some("github"),
        _ => None,
    }
}

fn jobs(tree: &Tree, path: &RelPath) -> Vec<(usize, String)> {
    let Some(document) = structured::yaml(tree, path) else {
        return Vec::new();
    };
    let jobs = document.get("jobs");
    let mapped = jobs.map(Node::entries).unwrap_or_default();
    let listed = jobs.map(Node::items).unwrap_or_default();
    mapped
        .iter()
        .map(|entry| (entry.line, entry.key.clone()))
        .chain(listed.iter().filter_map(|job| {
            let name = job
                .get("job")
                .or_else(|| job.get("stage"))
                .and_then(Node::text)?;
            Some((job.line, name.to_owned()))
        }))
        .collect()
}

/// In GitLab's form every key at the top that is no keyword and no template is a job.
fn gitlab_jobs(tree: &Tree, path: &RelPath) -> Vec<(usize, String)> {
    let Some(document) = structured::yaml(tree, path) else {
        return Vec::new();
    };
    document
        .entries()
        .iter()
        .filter(|entry| !entry.key.starts_with('.') && entry.node.get("script").is_some())
        .map(|entry| (entry.line, entry.key.clone()))
        .collect()
}
