//! requirements*.txt, with what they include.

use super::Package;
use super::requirement::pep508;
use crate::detect::python::code::Code;
use crate::detect::secret;
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
/// Lists of one application for two installers.
const PARTS: &[&str] = &["pip", "conda"];
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
/// `installed` are names of files that a Dockerfile installs.
pub(super) fn read(
    code: &Code<'_>,
    files: &[RelPath],
    installed: &BTreeSet<String>,
    package: &mut Package,
) -> Option<RelPath> {
    let is_installed = |path: &RelPath| installed.contains(path.file_name());
    let mut sorted: Vec<&RelPath> = files.iter().collect();
    sorted.sort_by_key(|path| {
        // Of several that a Dockerfile installs, the longest list is the application's.
        let length = code.tree.size(path).unwrap_or_default();
        (
            // A Dockerfile may be for development, too.
            says(path, DEVELOPMENT),
            !is_installed(path),
            if is_installed(path) { 0 } else { rank(path) },
            if is_installed(path) {
                u64::MAX - length
            } else {
                0
            },
            path.depth(),
            path.as_str().len(),
        )
    });
    let first = *sorted.first()?;
    // A list for the checks is all there is where nothing else declares a requirement.
    let alone = package.requirements.iter().all(|one| one.development);
    let mut file = File::of(code, package);
    file.read(first, says(first, DEVELOPMENT) && !alone);
    let nothing_else = file.requirements.is_empty() && file.included.is_empty();
    package.includes = file.included.iter().cloned().collect();
    if file.hashed && !nothing_else {
        package.lock = Some(
            Fact::certain(first.clone(), Evidence::file(first.clone()))
                .because("its requirements carry hashes"),
        );
    }
    let included = file.included.clone();
    package.add(file.requirements);
    for path in sorted.into_iter().skip(1) {
        if included.contains(path) || path.extension() == "in" {
            continue;
        }
        let also = is_installed(path) && !says(path, DEVELOPMENT)
            || says(first, PARTS) && says(path, PARTS);
        // What another place in production installs is for nobody's development.
        if !also && says(path, PRODUCTION) {
            continue;
        }
        let mut other = File::of(code, package);
        other.included.clone_from(&included);
        // Whatever is not installed with the chosen file is not there in production.
        other.read(path, !also);
        package.add(other.requirements);
        let further = other.included.into_iter();
        let further = further.filter(|one| one != first && !included.contains(one));
        package.includes.extend(further);
        if also {
            package.also.push(path.clone());
        }
    }
    Some(first.clone())
}

struct File<'c, 't> {
    code: &'c Code<'t>,
    /// Name of the project, which a lock calls itself.
    project: String,
    requirements: Vec<Requirement>,
    included: BTreeSet<RelPath>,
    hashed: bool,
}

impl<'c, 't> File<'c, 't> {
    fn of(code: &'c Code<'t>, package: &Package) -> Self {
        Self {
            code,
            project: package
                .name
                .as_ref()
                .map(|name| name.value.clone())
                .unwrap_or_default(),
            requirements: Vec::new(),
            included: BTreeSet::new(),
            hashed: false,
        }
    }

    fn read(&mut self, path: &RelPath, development: bool) {
        let Some(text) = self.code.tree.text(path) else {
            return;
        };
        let mut pending: Option<(usize, String)> = None;
        // Index of the requirement that a `# via` below it speaks of.
        let mut last: Option<usize> = None;
        for (index, line) in text.lines().enumerate() {
            if pending.is_none() && line.trim_start().starts_with('#') {
                if let Some(last) = last {
                    self.via(last, line);
                }
                continue;
            }
            let (start, mut logical) = pending.take().unwrap_or((index + 1, String::new()));
            if let Some(before) = line.strip_suffix('\\') {
                logical.push_str(before);
                logical.push(' ');
                pending = Some((start, logical));
                continue;
            }
            logical.push_str(line);
            let before = self.requirements.len();
            self.line(path, start, &logical, development);
            last = (self.requirements.len() > before).then(|| self.requirements.len() - 1);
        }
        if let Some((start, logical)) = pending {
            self.line(path, start, &logical, development);
        }
    }

    /// `# via flask` below a requirement: pip-tools and uv say so of what another one needs.
    fn via(&mut self, index: usize, comment: &str) {
        let comment = comment.trim_start().trim_start_matches('#').trim();
        let by = comment.strip_prefix("via").unwrap_or(comment).trim();
        if by.is_empty() {
            return;
        }
        let own = by.starts_with('-')
            || by.contains('(')
            || !self.project.is_empty() && by.eq_ignore_ascii_case(&self.project);
        let requirement = &mut self.requirements[index];
        if comment.starts_with("via") {
            requirement.direct = own;
        } else {
            requirement.direct |= own;
        }
    }

    fn line(&mut self, path: &RelPath, number: usize, line: &str, development: bool) {
        let (line, comment) = match line.find(" #") {
            Some(comment) => (&line[..comment], &line[comment + 1..]),
            None => (line, ""),
        };
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        if let Some(option) = line.strip_prefix('-') {
            self.option(path, number, option.trim_start_matches('-'), development);
            return;
        }
        let (text, options) = match line.find(" --") {
            Some(at) => line.split_at(at),
            None => (line, ""),
        };
        if options.contains("--hash") {
            self.hashed = true;
        }
        self.requirement(path, number, text, development);
        if !self.requirements.is_empty() && comment.contains("via ") {
            self.via(self.requirements.len() - 1, comment);
        }
    }

    fn requirement(&mut self, path: &RelPath, number: usize, text: &str, development: bool) {
        let text = named_url(text).unwrap_or_else(|| text.to_owned());
        let declared = Evidence::new(path.clone(), number, &secret::redacted(&text));
        self.requirements
            .extend(pep508(&text, declared, development));
    }

    fn option(&mut self, path: &RelPath, number: usize, option: &str, development: bool) {
        let (name, value) = option
            .split_once(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(
                option.split_at(
                    option
                        .char_indices()
                        .nth(1)
                        .map_or(option.len(), |(at, _)| at),
                ),
            );
        let value = value.trim();
        if matches!(name, "e" | "editable") {
            self.requirement(path, number, value, development);
            return;
        }
        let Ok(target) = path.parent().join(value) else {
            return;
        };
        match name {
            "r" | "requirement"
                if self.code.tree.has(&target) && self.included.insert(target.clone()) =>
            {
                self.read(&target, development);
            }
            "c" | "constraint" if self.code.tree.has(&target) => {
                self.included.insert(target);
            }
            _ => {}
        }
    }
}

/// `name @ git+https://…` of `git+https://…#egg=name`.
fn named_url(text: &str) -> Option<String> {
    let (url, fragment) = text.split_once('#')?;
    let name = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("egg="))?;
    url.contains("://")
        .then(|| format!("{name} @ {}", url.trim()))
}
