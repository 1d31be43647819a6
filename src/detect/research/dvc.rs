//! DVC: the stages of `dvc.yaml`, and remotes whose password stands in the committed configuration.
//! <https://dvc.org/doc/user-guide/project-structure>

use super::{Workflow, line_with};
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::{Tree, structured};
use crate::project::{Evidence, Fact, Finding, RelPath, Severity};

/// Options of a remote that open it.
/// <https://dvc.org/doc/command-reference/remote/modify>
const SECRETS: &[&str] = &[
    "password",
    "secret_access_key",
    "session_token",
    "account_key",
    "sas_token",
    "connection_string",
    "client_secret",
    "gdrive_client_secret",
    "oss_key_secret",
    "access_key_id",
];

/// The configurations that are committed.
pub(super) fn configurations(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    tree.named("config")
        .filter(|path| path.parent().file_name() == ".dvc" && tree.tracked().contains(*path))
}

/// Every configuration that holds what `.dvc/config.local` is for.
pub(super) fn open_remotes(tree: &Tree) -> impl Iterator<Item = Finding> {
    configurations(tree).filter_map(|path| open_remote(tree, path))
}

/// Every project with stages, the outermost first.
pub(super) fn find(tree: &Tree) -> Vec<Workflow> {
    let mut all: Vec<Workflow> = Vec::new();
    for path in tree.named("dvc.yaml") {
        let root = path.parent();
        let is_aside = beside_or_hidden(&root) || pattern(&root);
        if is_aside || all.iter().any(|outer| root.is_within(&outer.root)) {
            continue;
        }
        let stages = structured::yaml(tree, path)
            .and_then(|document| document.entry("stages").map(|entry| entry.line));
        let Some(line) = stages else { continue };
        let at = tree.at(path, line);
        all.push(Workflow {
            framework: Fact::certain("dvc".to_owned(), at.clone()),
            root,
            test: None,
            lint: vec![Fact::certain("dvc stage list --all".to_owned(), at)],
        });
    }
    all
}

fn open_remote(tree: &Tree, path: &RelPath) -> Option<Finding> {
    let text = tree.text(path)?;
    let parsed = ini::Ini::load_from_str(&text).ok()?;
    let (section, name) = parsed.iter().find_map(|(section, properties)| {
        let name = properties
            .iter()
            .find(|(name, value)| SECRETS.contains(name) && !value.is_empty())?;
        Some((section?.to_owned(), name.0.to_owned()))
    })?;
    let remote = section.trim_matches('\'').replace("remote ", "");
    let remote = remote.trim_matches('"');
    // The line holds the secret: where it is, is enough.
    let at = line_with(tree, path, &name);
    let at = Evidence::new(at.file, at.line, &name);
    Some(Finding {
        id: "committed-secret",
        severity: Severity::Error,
        message: format!(
            "{at} holds `{name}` of the remote {remote}; everybody who can read the repository can use it"
        ),
        evidence: vec![at],
        mend: format!(
            "dvc remote modify --local {remote} {name} …, take the line out of {path}, and change the secret"
        ),
    })
}
