//! The modules of a tree: what `go.mod` says, and which folders hold which package.

use super::source::{self, File};
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::project::{Confidence, Evidence, Fact, RelPath, Requirement};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One module with its files.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) manifest: RelPath,
    /// Folder of the manifest.
    pub(super) root: RelPath,
    /// `example.org/name`.
    pub(super) path: String,
    pub(super) at: Evidence,
    /// As `major.minor`.
    pub(super) version: Option<Fact<String>>,
    pub(super) requirements: Vec<Requirement>,
    /// Folders of modules of this tree that stand for required ones.
    pub(super) replaced: Vec<RelPath>,
    /// The list of vendored modules, where they are committed.
    pub(super) vendored: Option<RelPath>,
    /// Files that are no tests, by the folder of their package.
    pub(super) packages: BTreeMap<RelPath, Vec<File>>,
    pub(super) is_tested: bool,
}

/// Every module that is part of what the tree is about, sorted by folder.
pub(super) fn modules(tree: &Tree) -> Vec<Module> {
    let manifests: Vec<&RelPath> = tree
        .named("go.mod")
        .filter(|path| {
            let folder = path.parent();
            !beside_or_hidden(&folder) && !pattern(&folder)
        })
        .collect();
    let roots: BTreeSet<RelPath> = tree.named("go.mod").map(RelPath::parent).collect();
    manifests
        .into_iter()
        .filter_map(|manifest| read(tree, manifest, &roots))
        .collect()
}

/// One line of go.mod, blocks taken apart: the directive, its words and the line (from 1).
/// <https://go.dev/ref/mod#go-mod-file-lexical>
fn directives(text: &str) -> Vec<(&str, Vec<&str>, usize)> {
    let mut found = Vec::new();
    let mut block: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let mut words: Vec<&str> = code.split_whitespace().collect();
        let Some(first) = words.first().copied() else {
            continue;
        };
        match block {
            Some(_) if first == ")" => block = None,
            Some(directive) => found.push((directive, words, index + 1)),
            None if words.last() == Some(&"(") => block = Some(first),
            None => {
                words.remove(0);
                found.push((first, words, index + 1));
            }
        }
    }
    found
}

/// The path of a module, and where its manifest says it.
pub(super) fn named(tree: &Tree, manifest: &RelPath) -> Option<(String, Evidence)> {
    let text = tree.text(manifest)?;
    let said = directives(&text).into_iter();
    let mut said = said.filter(|(directive, ..)| *directive == "module");
    let (_, words, line) = said.next()?;
    Some((unquoted(words.first()?).to_owned(), tree.at(manifest, line)))
}

/// A word of go.mod without its quotes.
fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '`'])
}

fn read(tree: &Tree, manifest: &RelPath, roots: &BTreeSet<RelPath>) -> Option<Module> {
    let text = tree.text(manifest)?;
    let root = manifest.parent();
    let mut version = None;
    let mut requirements = Vec::new();
    let mut replaced = Vec::new();
    for (directive, words, line) in directives(&text) {
        let Some(first) = words.first() else {
            continue;
        };
        let first = unquoted(first);
        match directive {
            // `toolchain go1.24.2` is what builds it, `go 1.22` the least.
            "go" | "toolchain" => {
                if let Some(number) = minor(first.trim_start_matches("go")) {
                    let at = tree.at(manifest, line);
                    version = Some(Fact::new(number, Confidence::Certain, vec![at]));
                }
            }
            "require" => requirements.push(Requirement {
                name: first.to_owned(),
                extras: Vec::new(),
                specifier: words.get(1).copied().unwrap_or_default().to_owned(),
                exact: true,
                development: false,
                direct: !text
                    .lines()
                    .nth(line - 1)
                    .is_some_and(|line| line.contains("// indirect")),
                declared: tree.at(manifest, line),
                imported: None,
            }),
            "replace" => {
                let local = words.last().filter(|word| word.starts_with('.'));
                replaced.extend(local.and_then(|word| beside(&root, word)));
            }
            _ => {}
        }
    }
    replaced.retain(|folder: &RelPath| tree.has_folder(folder));
    let vendored = root.join("vendor/modules.txt").ok();
    let (path, at) = named(tree, manifest)?;
    let (files, is_tested) = files(tree, &root, roots);
    let mut packages: BTreeMap<RelPath, Vec<File>> = BTreeMap::new();
    for (folder, file) in files {
        packages.entry(folder).or_default().push(file);
    }
    Some(Module {
        manifest: manifest.clone(),
        root,
        path,
        at,
        version,
        requirements,
        replaced,
        vendored: vendored.filter(|path| tree.tracked().contains(path)),
        packages,
        is_tested,
    })
}

/// The files of the module in `root` that are built, each with its folder, and whether there are
/// tests.
fn files(tree: &Tree, root: &RelPath, roots: &BTreeSet<RelPath>) -> (Vec<(RelPath, File)>, bool) {
    // A folder with a go.mod of its own is another module.
    let is_inside = |path: &&RelPath| {
        let mut folder = path.parent();
        while folder != *root {
            if folder.is_root() || roots.contains(&folder) {
                return false;
            }
            folder = folder.parent();
        }
        true
    };
    let all: Vec<&RelPath> = tree
        .with_extension("go")
        .filter(|path| path.is_within(root))
        .filter(is_inside)
        .collect();
    let is_test = |path: &RelPath| path.file_name().ends_with("_test.go");
    let is_tested = all.iter().any(|path| is_test(path));
    let built: Vec<&RelPath> = all
        .into_iter()
        .filter(|path| {
            // The go command passes these over, too.
            let ignored = |part: &str| part == "testdata" || part.starts_with('_');
            !is_test(path) && !path.as_str().split('/').any(ignored)
        })
        .collect();
    let files = built
        .into_par_iter()
        .filter_map(|path| Some((path.parent(), source::read(tree, path)?)))
        .collect();
    (files, is_tested)
}

/// `../other` as seen from `folder`; None where that leaves the tree.
fn beside(folder: &RelPath, path: &str) -> Option<RelPath> {
    let mut at = folder.clone();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." if at.is_root() => return None,
            ".." => at = at.parent(),
            name => at = at.join(name).ok()?,
        }
    }
    Some(at)
}

/// `1.22` of `1.22.3` and `1.22rc1`.
fn minor(text: &str) -> Option<String> {
    let mut parts = text.split('.');
    let major: u32 = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let end = minor
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(minor.len());
    let minor: u32 = minor[..end].parse().ok()?;
    Some(format!("{major}.{minor}"))
}

impl Module {
    /// The folder of the package that is imported as `path`; None where it is not this module's.
    fn folder(&self, path: &str) -> Option<RelPath> {
        let below = path.strip_prefix(&self.path)?;
        if below.is_empty() {
            return Some(self.root.clone());
        }
        self.root.join(below.strip_prefix('/')?).ok()
    }

    /// The files of the package in `folder` and of everything of this module that it imports, the
    /// package's own first.
    pub(super) fn reach(&self, folder: &RelPath) -> Vec<&File> {
        let mut seen = BTreeSet::from([folder.clone()]);
        let mut next = vec![folder.clone()];
        let mut found = Vec::new();
        while !next.is_empty() {
            let mut after = Vec::new();
            for folder in &next {
                for file in self.packages.get(folder).into_iter().flatten() {
                    if file.is_ignored {
                        continue;
                    }
                    found.push(file);
                    for import in &file.imports {
                        if let Some(folder) = self.folder(import)
                            && seen.insert(folder.clone())
                        {
                            after.push(folder);
                        }
                    }
                }
            }
            next = after;
        }
        found
    }

    /// Folders whose package is a program, sorted.
    pub(super) fn programs(&self) -> impl Iterator<Item = &RelPath> {
        self.packages
            .iter()
            .filter(|(folder, files)| {
                !beside_or_hidden(folder)
                    && files.iter().any(|file| file.is_main && !file.is_ignored)
            })
            .map(|(folder, _)| folder)
    }

    /// The name of the program in `folder`: that of the folder, as `go build` names it, but for one that
    /// every project has.
    pub(super) fn binary(&self, folder: &RelPath) -> String {
        let anybodys = matches!(folder.file_name(), "cmd" | "src" | "main");
        if *folder != self.root && !(anybodys && folder.parent() == self.root) {
            return folder.file_name().to_owned();
        }
        let mut parts = self.path.rsplit('/');
        let last = parts.next().unwrap_or_default();
        // `example.org/name/v2` builds `name`.
        let is_version = |part: &str| {
            part.strip_prefix('v')
                .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()))
        };
        match parts.next() {
            Some(before) if is_version(last) => before.to_owned(),
            _ => last.to_owned(),
        }
    }

    /// The required module whose path is `name`, whatever its major version.
    pub(super) fn requires(&self, name: &str) -> Option<&Requirement> {
        self.requirements
            .iter()
            .find(|one| unversioned(&one.name) == name)
    }
}

/// `github.com/jackc/pgx` of `github.com/jackc/pgx/v5`.
pub(in crate::detect) fn unversioned(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((before, last))
            if last
                .strip_prefix('v')
                .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit())) =>
        {
            before
        }
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_single_lines_are_read_alike() {
        let text = "module example.org/a // the module\n\ngo 1.22.3\n\nrequire (\n\tx.org/b v1.2.0\n\n\t// a comment\n\ty.org/c/v2 v2.0.1 // indirect\n)\nrequire z.org/d v0.1.0\n";
        let found: Vec<(&str, &str, usize)> = directives(text)
            .into_iter()
            .map(|(directive, words, line)| (directive, words[0], line))
            .collect();
        assert_eq!(
            found,
            [
                ("module", "example.org/a", 1),
                ("go", "1.22.3", 3),
                ("require", "x.org/b", 6),
                ("require", "y.org/c/v2", 9),
                ("require", "z.org/d", 11),
            ]
        );
    }

    #[test]
    fn versions_keep_their_minor() {
        assert_eq!(minor("1.22.3").as_deref(), Some("1.22"));
        assert_eq!(minor("1.23rc1").as_deref(), Some("1.23"));
        assert_eq!(minor("tip"), None);
        assert_eq!(
            unversioned("github.com/jackc/pgx/v5"),
            "github.com/jackc/pgx"
        );
        assert_eq!(unversioned("github.com/x/vault"), "github.com/x/vault");
    }
}
