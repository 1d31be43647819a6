//! renv.lock: which R and which packages. <https://rstudio.github.io/renv/reference/lockfiles.html>

use crate::detect::{Tree, structured};
use crate::project::{Evidence, RelPath, Requirement};

/// What a lock says; one that cannot be read says nothing.
#[derive(Debug)]
pub(super) struct Lock {
    pub(super) path: RelPath,
    pub(super) r: Option<(String, Evidence)>,
    pub(super) packages: Vec<Requirement>,
}

pub(super) fn read(tree: &Tree, path: &RelPath) -> Lock {
    let mut lock = Lock {
        path: path.clone(),
        r: None,
        packages: Vec::new(),
    };
    let Some(document) = structured::json(tree, path) else {
        return lock;
    };
    lock.r = document.entry_at(&["R", "Version"]).and_then(|entry| {
        let version = entry.node.text()?.to_owned();
        Some((version, tree.at(path, entry.line)))
    });
    for entry in document.entries_at(&["Packages"]) {
        let version = entry.node.get("Version").and_then(|node| node.text());
        let specifier = version.map_or_else(String::new, |version| format!("=={version}"));
        let declared = tree.at(path, entry.line);
        let mut package = super::description::required(&entry.key, &specifier, false, declared);
        package.direct = false;
        lock.packages.push(package);
    }
    lock
}
