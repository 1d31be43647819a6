//! requirements*.txt, with what they include.

use super::Package;
use super::requirement::pep508;
use crate::detect::python::code::Code;
use crate::project::{Evidence, Fact, RelPath, Requirement};
use std::collections::BTreeSet;

pub(super) fn is_requirements(path: &RelPath) -> bool {
    let name = path.file_name();
    let text = matches!(path.extension(), "txt" | "in");
    text && (name.starts_with("requirements")
        || name.ends_with("requirements.txt")
        || name.ends_with("requirements.in")
        || path.parent().file_name() == "requirements")
}

/// Words in a file's name that say for whom it is.
const DEVELOPMENT: &[&str] = &[
    "dev",
    "develop",
    "development",
    "test",
    "tests",
    "testing",
    "lint",
    "doc",
    "docs",
    "ci",
    "local",
    "debug",
    "build",
    "typing",
    "optional",
    "constraints",
    "style",
    "extra",
    "extras",
];
const PRODUCTION: &[&str] = &["prod", "production", "deploy", "heroku"];
const BASE: &[&str] = &["base", "main", "common", "core", "app", "runtime"];

fn words(path: &RelPath) -> Vec<String> {
    path.stem()
        .split(['-', '_', '.'])
        .map(str::to_lowercase)
        .filter(|word| word != "requirements")
        .collect()
}

fn says(path: &RelPath, list: &[&str]) -> bool {
    words(path).iter().any(|word| list.contains(&word.as_str()))
}

/// How well a file fits as what production installs; smaller is better.
fn rank(path: &RelPath) -> usize {
    let order = if path.extension() == "in" { 10 } else { 0 };
    order
        + if says(path, PRODUCTION) {
            0
        } else if words(path).is_empty() {
            1
        } else if says(path, BASE) {
            2
        } else if says(path, DEVELOPMENT) {
            4
        } else {
            3
        }
}

/// Reads all of a folder's requirements files; gives the one that production installs.
pub(super) fn read(code: &Code<'_>, files: &[RelPath], package: &mut Package) -> Option<RelPath> {
    let mut sorted: Vec<&RelPath> = files.iter().collect();
    sorted.sort_by_key(|path| (rank(path), path.depth(), path.as_str().len()));
    let first = *sorted.first()?;
    let mut file = File::default();
    file.read(code, first, says(first, DEVELOPMENT));
    let nothing_else = file.requirements.is_empty() && file.included.is_empty();
    package.includes = file.included.iter().cloned().collect();
    if file.hashed && !nothing_else {
        package.lock = Some(
            Fact::certain(first.clone(), Evidence::file(first.clone()))
                .because("its requirements carry hashes"),
        );
    }
    package.add(file.requirements);
    for path in sorted.into_iter().skip(1) {
        if file.included.contains(path) || path.extension() == "in" {
            continue;
        }
        let mut other = File {
            included: file.included.clone(),
            ..File::default()
        };
        // Whatever the chosen file does not include is not installed in production.
        other.read(code, path, true);
        package.add(other.requirements);
    }
    Some(first.clone())
}

#[derive(Default)]
struct File {
    requirements: Vec<Requirement>,
    included: BTreeSet<RelPath>,
    hashed: bool,
}

impl File {
    fn read(&mut self, code: &Code<'_>, path: &RelPath, development: bool) {
        let Some(text) = code.tree.text(path) else {
            return;
        };
        let mut pending: Option<(usize, String)> = None;
        for (index, line) in text.lines().enumerate() {
            let (start, mut logical) = pending.take().unwrap_or((index + 1, String::new()));
            if let Some(before) = line.strip_suffix('\\') {
                logical.push_str(before);
                logical.push(' ');
                pending = Some((start, logical));
                continue;
            }
            logical.push_str(line);
            self.line(code, path, start, &logical, development);
        }
        if let Some((start, logical)) = pending {
            self.line(code, path, start, &logical, development);
        }
    }

    fn line(
        &mut self,
        code: &Code<'_>,
        path: &RelPath,
        number: usize,
        line: &str,
        development: bool,
    ) {
        let line = match line.find(" #") {
            Some(comment) => &line[..comment],
            None => line,
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        if let Some(option) = line.strip_prefix('-') {
            self.option(code, path, option.trim_start_matches('-'), development);
            return;
        }
        let (text, options) = match line.find(" --") {
            Some(at) => line.split_at(at),
            None => (line, ""),
        };
        if options.contains("--hash") {
            self.hashed = true;
        }
        let declared = Evidence::new(path.clone(), number, text);
        self.requirements
            .extend(pep508(text, declared, development));
    }

    fn option(&mut self, code: &Code<'_>, path: &RelPath, option: &str, development: bool) {
        let (name, value) = option
            .split_once(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(option.split_at(option.len().min(1)));
        let value = value.trim();
        let Ok(target) = path.parent().join(value) else {
            return;
        };
        match name {
            "r" | "requirement" if code.tree.has(&target) => {
                if self.included.insert(target.clone()) {
                    self.read(code, &target, development);
                }
            }
            "c" | "constraint" if code.tree.has(&target) => {
                self.included.insert(target);
            }
            _ => {}
        }
    }
}
