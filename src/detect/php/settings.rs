//! The variables that an application of PHP reads: in its source, in the YAML of Symfony's
//! configuration; and the values that the repository itself gives them.

use super::manifest::Package;
use super::source::{File, Read, placeholders};
use crate::detect::structured::{self, Node, Value};
use crate::detect::{Tree, env_files, secret, variable};
use crate::project::{Evidence, RelPath};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Everything of a package that is about variables.
pub(super) struct Settings {
    pub(super) files: Vec<File>,
    /// `NAME=value` of the files that a new copy of the repository begins with.
    pub(super) given: Vec<Given>,
    /// What YAML reads.
    yaml: Vec<(RelPath, Read)>,
}

/// One line of such a file.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) at: Evidence,
}

/// Files that are copied to `.env`, or are it by design (Symfony), the first that is there.
const PATTERNS: &[&str] = &[
    ".env.example",
    ".env.dist",
    ".env.sample",
    "env.example",
    ".env.template",
];

/// First words of the variables that the configuration inside Laravel reads.
const OF_LARAVEL: &[&str] = &[
    "APP",
    "AWS",
    "BROADCAST",
    "CACHE",
    "DB",
    "FILESYSTEM",
    "LOG",
    "MAIL",
    "MEMCACHED",
    "QUEUE",
    "REDIS",
    "SESSION",
];

/// Folders of configuration for one environment alone.
const ELSEWHERE: &[&str] = &["test", "dev"];

impl Settings {
    /// Reads the sources of `package`, whose folder holds the packages in `inner`, too.
    pub(super) fn read(
        tree: &Tree,
        package: &Package,
        inner: &[&RelPath],
        is_symfony: bool,
    ) -> Self {
        let is_own = |path: &RelPath| is_own(path, &package.root, inner);
        let paths: Vec<&RelPath> = tree
            .with_extension("php")
            .filter(|path| is_own(path))
            .collect();
        let files: Vec<File> = paths
            .into_par_iter()
            .filter_map(|path| super::source::read(tree, path))
            .collect();
        let names = is_symfony
            .then_some(".env")
            .into_iter()
            .chain(PATTERNS.iter().copied());
        let given = names
            .filter_map(|name| package.file(tree, name))
            .map(|path| given(tree, &path))
            .find(|given| !given.is_empty());
        let mut yaml = Vec::new();
        if is_symfony {
            let paths = ["yaml", "yml"]
                .into_iter()
                .flat_map(|end| tree.with_extension(end));
            let below = |path: &RelPath, name: &str| {
                let folder = package.root.join(name);
                folder.is_ok_and(|folder| path.is_within(&folder))
            };
            for path in paths.filter(|path| below(path, "config") || below(path, "app/config")) {
                if ELSEWHERE
                    .iter()
                    .any(|one| below(path, &format!("config/packages/{one}")))
                    // Before Symfony 4 the environment stood in the file's name.
                    || ["_dev", "_test"].iter().any(|end| path.stem().ends_with(end))
                {
                    continue;
                }
                if let Some(document) = structured::yaml(tree, path) {
                    of_yaml(path, &document, &mut yaml);
                }
            }
        }
        Self {
            files,
            given: given.unwrap_or_default(),
            yaml,
        }
    }

    /// What is read, by name.
    pub(super) fn variables(&self, tree: &Tree) -> variable::Variables {
        let wrappers: Vec<&str> = self
            .files
            .iter()
            .flat_map(|file| &file.wrappers)
            .map(String::as_str)
            .collect();
        let mut found = variable::Variables::new();
        let mut add = |path: &RelPath, read: &Read| {
            let Some(text) = tree.text(path) else { return };
            // What switches something off, and a number, is no secret.
            let is_word = |text: &String| {
                matches!(text.as_str(), "true" | "false" | "null") || text.parse::<f64>().is_ok()
            };
            let secret = secret::secrecy(&read.name).is_some();
            let one = variable::Read {
                name: read.name.clone(),
                line: read.line,
                default: read
                    .default
                    .clone()
                    .filter(|text| !(secret && is_word(text))),
                required: read.required,
            };
            variable::add(&mut found, path, &text, one);
        };
        for file in &self.files {
            let called = file.calls.iter();
            let called = called.filter(|(name, _)| wrappers.contains(&name.as_str()));
            for read in file.reads.iter().chain(called.map(|(_, read)| read)) {
                add(&file.path, read);
            }
        }
        for (path, read) in &self.yaml {
            add(path, read);
        }
        found
    }

    /// What Laravel itself reads where the application has no configuration of its own for it, of what
    /// the repository gives a value.
    pub(super) fn add_of_laravel(&self, tree: &Tree, found: &mut variable::Variables) {
        let of_framework = |name: &str| {
            let word = name.split('_').next().unwrap_or_default();
            OF_LARAVEL.contains(&word)
        };
        for given in self.given.iter().filter(|given| of_framework(&given.name)) {
            if found.contains_key(&given.name) {
                continue;
            }
            let Some(text) = tree.text(&given.at.file) else {
                continue;
            };
            let read = variable::Read {
                name: given.name.clone(),
                line: given.at.line.max(1),
                default: None,
                required: false,
            };
            variable::add(found, &given.at.file, &text, read);
        }
    }

    /// The line that gives `name` a value.
    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        self.given.iter().find(|one| one.name == name)
    }

    /// Whether anything reads the variable `name`.
    pub(super) fn reads(&self, name: &str) -> bool {
        let mut php = self.files.iter().flat_map(|file| &file.reads);
        php.any(|read| read.name == name) || self.yaml.iter().any(|(_, read)| read.name == name)
    }
}

/// Whether a source belongs to the package in `root` and is no test, example or page of somebody else.
fn is_own(path: &RelPath, root: &RelPath, inner: &[&RelPath]) -> bool {
    let Some(below) = path.below(root) else {
        return false;
    };
    !inner.iter().any(|other| path.is_within(other))
        && !crate::detect::beside::beside_or_hidden(&below.parent())
}

/// The lines of a file of variables, each name once, with a secret's value in no evidence.
fn given(tree: &Tree, path: &RelPath) -> Vec<Given> {
    let Some(text) = tree.text(path) else {
        return Vec::new();
    };
    let mut found: Vec<Given> = Vec::new();
    for (name, value) in env_files::pairs(&text) {
        if found.iter().any(|known| known.name == name) {
            continue;
        }
        let is_its = |line: &str| {
            let line = line.trim_start();
            let line = line.strip_prefix("export ").unwrap_or(line);
            line.strip_prefix(&name)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let line = text.lines().position(is_its).map_or(0, |index| index + 1);
        let shown = if secret::hides(&name, &value) {
            name.clone()
        } else {
            format!("{name}={value}")
        };
        found.push(Given {
            at: Evidence::new(path.clone(), line, &shown),
            name,
            value,
        });
    }
    found
}

/// What `node` reads, and the defaults that parameters give (`env(NAME): …`).
fn of_yaml(path: &RelPath, node: &Node, found: &mut Vec<(RelPath, Read)>) {
    let read = |name: &str, default: Option<&str>, line: usize| Read {
        name: name.to_owned(),
        required: false,
        default: default.map(str::to_owned),
        line,
        keys: Vec::new(),
    };
    match &node.value {
        Value::Text(text) => {
            let names = placeholders(text).into_iter();
            found.extend(names.map(|name| (path.clone(), read(&name, None, node.line))));
        }
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| of_yaml(path, item, found)),
        Value::Map(entries) => {
            for entry in entries {
                let named = entry.key.strip_prefix("env(");
                if let Some(name) = named.and_then(|rest| rest.strip_suffix(')')) {
                    let read = read(name, entry.node.text(), entry.line);
                    found.push((path.clone(), read));
                    continue;
                }
                // https://symfony.com/doc/current/configuration.html#configuration-environments
                let elsewhere = entry.key.strip_prefix("when@");
                if !elsewhere.is_some_and(|name| ELSEWHERE.contains(&name)) {
                    of_yaml(path, &entry.node, found);
                }
            }
        }
    }
}
