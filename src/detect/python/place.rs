//! Where a module is imported from: the folder its dotted name starts at, and the import path.

use super::code::Code;
use super::manifest::normalise;
use crate::detect::structured::{self, Node};
use crate::project::RelPath;

/// The import path of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Folder that the dotted name of the entry starts at.
    pub(super) base: RelPath,
    /// Folders in which imports are looked up, in order; `base` is the first.
    pub(super) roots: Vec<RelPath>,
}

impl Place {
    /// Finds it for `file` of the project in `root`.
    pub(super) fn of(code: &Code<'_>, root: &RelPath, file: &RelPath) -> Self {
        let mut top = file.parent();
        // The project's own folder may be called a package; imports start there all the same.
        while !top.is_root() && top != *root && in_package(code, &top) {
            top = top.parent();
        }
        let mut candidates = vec![top.clone()];
        let mut up = top.clone();
        while up.is_within(root) && up != *root {
            up = up.parent();
            candidates.push(up.clone());
        }
        let mut base = top;
        let mut best = 0;
        for candidate in candidates {
            let score = resolved(code, file, &candidate);
            if score > best {
                best = score;
                base = candidate;
            }
        }
        let mut roots = vec![base.clone()];
        let mut add = |folder: RelPath| {
            if !roots.contains(&folder) {
                roots.push(folder);
            }
        };
        if let Ok(source) = root.join("src")
            && code.tree.has_folder(&source)
        {
            add(source);
        }
        let mut up = base.clone();
        while !up.is_root() {
            up = up.parent();
            add(up.clone());
        }
        add(root.clone());
        neighbours(code, root).into_iter().for_each(add);
        Self { base, roots }
    }

    /// `a.b` for `a/b.py` and `a/b/__init__.py` below the base.
    pub(super) fn dotted(&self, file: &RelPath) -> Option<String> {
        dotted(file, &self.base)
    }
}

/// Folders in which imports of other packages of the tree start that the project in `root` requires
/// from there, directly or not: members of its workspace of uv, and dependencies by path.
fn neighbours(code: &Code<'_>, root: &RelPath) -> Vec<RelPath> {
    let mut found: Vec<RelPath> = Vec::new();
    let mut open = vec![root.clone()];
    let mut seen = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for member in required(code, &folder) {
            if seen.contains(&member) {
                continue;
            }
            seen.push(member.clone());
            let source = member.join("src").ok();
            let source = source.filter(|source| code.tree.has_folder(source));
            found.push(source.unwrap_or_else(|| member.clone()));
            open.push(member);
        }
    }
    found
}

/// Folders of the packages that the manifest in `folder` requires from the tree.
fn required(code: &Code<'_>, folder: &RelPath) -> Vec<RelPath> {
    let manifest = |folder: &RelPath| {
        let path = folder.join("pyproject.toml").ok()?;
        structured::toml(code.tree, &path)
    };
    let Some(document) = manifest(folder) else {
        return Vec::new();
    };
    let named = |name: &str| {
        let is_it = |folder: &RelPath| {
            manifest(folder).is_some_and(|document| {
                let own = document.at(&["project", "name"]).and_then(Node::text);
                own.is_some_and(|own| normalise(own) == normalise(name))
            })
        };
        let mut folders = code.tree.named("pyproject.toml").map(RelPath::parent);
        folders.find(is_it)
    };
    let sources: [&[&str]; 2] = [
        &["tool", "uv", "sources"],
        &["tool", "poetry", "dependencies"],
    ];
    let entries = sources.iter().flat_map(|keys| document.entries_at(keys));
    entries
        .filter_map(|entry| {
            if let Some(path) = entry.node.get("path") {
                return folder.join(path.text()?).ok();
            }
            let member = entry.node.get("workspace")?.text() == Some("true");
            member.then(|| named(&entry.key))?
        })
        .collect()
}

pub(super) fn dotted(file: &RelPath, base: &RelPath) -> Option<String> {
    let below = file.below(base)?;
    let text = below.as_str().strip_suffix(".py")?;
    let text = text.strip_suffix("/__init__").unwrap_or(text);
    Some(text.replace('/', "."))
}

fn in_package(code: &Code<'_>, folder: &RelPath) -> bool {
    folder
        .join("__init__.py")
        .is_ok_and(|path| code.tree.has(&path))
}

/// How many absolute imports of `file` name a file below `base`.
fn resolved(code: &Code<'_>, file: &RelPath, base: &RelPath) -> usize {
    let Some(module) = code.module(file) else {
        return 0;
    };
    let roots = [base.clone()];
    module
        .imports
        .iter()
        .filter(|import| import.level == 0 && !code.loaded(file, import, &roots).is_empty())
        .count()
}
