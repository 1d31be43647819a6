//! `compose-syntax`: a Compose file is one that Docker Compose reads.
//!
//! The Compose Specification: keys, kinds of values, what is declared and what is named. No engine
//! is asked. That the file is YAML at all is `yaml-syntax`'s to say. What an override leaves out,
//! another file may have: there only keys and values are looked at, and the files that it names.

mod beside;
mod key;
mod port;
mod service;
mod text;

use super::finding::Findings;
use super::syntax::{self, is_template};
use super::{File, Finding, Mode, Options, Outcome};
use crate::detect::structured::{Entry, Node, Value, parse_yaml};
use bstr::ByteSlice;
use key::{Kind, Place};

const ID: &str = "compose-syntax";

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    let Some(whole) = is_compose(file) else {
        return Outcome::clean();
    };
    if !matches!(file.mode(), Mode::Regular | Mode::Executable) || is_template(file) {
        return Outcome::clean();
    }
    let Ok(text) = syntax::utf8(file, ID, "YAML") else {
        return Outcome::clean();
    };
    let Ok(Some(root)) = parse_yaml(text) else {
        return Outcome::clean();
    };
    let mut said = Said {
        findings: Findings::new(file),
        starts: starts(text),
    };
    project(&root, whole, &mut said);
    beside::all(file, &root, whole, &mut said);
    said.findings.finish("faults are in the file")
}

/// Whether it is a Compose file by its name; `Some(true)` for one that stands alone.
fn is_compose(file: &File) -> Option<bool> {
    let name = file.name().to_str().ok()?.to_ascii_lowercase();
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))?;
    let rest = stem
        .strip_prefix("docker-compose")
        .or_else(|| stem.strip_prefix("compose"))?;
    // A dev container's is read after those that its devcontainer.json names before it.
    let after_others = file
        .path()
        .split_str("/")
        .any(|part| part == b".devcontainer");
    match rest.chars().next() {
        None => Some(!after_others),
        Some('.' | '-' | '_') => Some(false),
        Some(_) => None,
    }
}

/// Findings with their places.
struct Said<'f> {
    findings: Findings<'f>,
    /// Byte of the first word of each line.
    starts: Vec<usize>,
}

impl Said<'_> {
    /// `line` from 1.
    fn say(&mut self, line: usize, message: String, mend: impl Into<String>) {
        let at = self.starts.get(line.saturating_sub(1)).copied();
        let finding = Finding::error(ID, message, mend);
        self.findings.push(finding, at.unwrap_or_default());
    }

    fn warn(&mut self, line: usize, message: String, mend: impl Into<String>) {
        let at = self.starts.get(line.saturating_sub(1)).copied();
        let finding = Finding::error(ID, message, mend).warning();
        self.findings.push(finding, at.unwrap_or_default());
    }
}

fn starts(text: &str) -> Vec<usize> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at + line.len() - line.trim_start_matches([' ', '\t']).len();
            at += line.len();
            start
        })
        .collect()
}

fn project(root: &Node, whole: bool, said: &mut Said) {
    let Value::Map(entries) = &root.value else {
        if root.value != Value::Null {
            said.say(
                root.line,
                "a Compose file is a mapping".to_owned(),
                "begin with services:",
            );
        }
        return;
    };
    text::variables(root, said);
    keys(entries, Place::Project, "", said);
    for entry in entries {
        match entry.key.as_str() {
            "networks" => resources(entry, Place::Network, said),
            "volumes" => resources(entry, Place::Volume, said),
            "secrets" => resources(entry, Place::Secret, said),
            "configs" => resources(entry, Place::Config, said),
            _ => {}
        }
    }
    service::all(root, whole, said);
}

/// Each of the networks, volumes, secrets or configs that are declared.
fn resources(entry: &Entry, place: Place, said: &mut Said) {
    for one in entry.node.entries() {
        name(one, &entry.key, said);
        match &one.node.value {
            Value::Map(entries) => {
                let within = format!("{}.{}", entry.key, one.key);
                keys(entries, place, &within, said);
            }
            Value::Null => {}
            _ => said.say(
                one.line,
                format!("{}.{} must be a mapping", entry.key, one.key),
                "give it keys of its own, or nothing",
            ),
        }
    }
}

/// `[a-zA-Z0-9._-]+`
fn name(entry: &Entry, above: &str, said: &mut Said) {
    let fits = !entry.key.is_empty()
        && entry
            .key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !fits && !entry.key.starts_with("x-") {
        said.say(
            entry.line,
            format!("{above} has the name {:?}", entry.key),
            "use letters, digits, '.', '_' and '-'",
        );
    }
}

/// Whether keys are those of `place`, and their values of the right kind. `within` says where, or
/// nothing at the top.
fn keys(entries: &[Entry], place: Place, within: &str, said: &mut Said) {
    let of = if within.is_empty() {
        "the file".to_owned()
    } else {
        within.to_owned()
    };
    for entry in entries {
        if entry.key.starts_with("x-") {
            continue;
        }
        let Some(kinds) = place.kinds(&entry.key) else {
            let known = place.keys();
            let meant = known
                .iter()
                .map(|key| (strsim::damerau_levenshtein(key, &entry.key), *key))
                .min()
                .filter(|(distance, key)| *distance <= 1 + key.len() / 4);
            let mend = match meant {
                Some((_, key)) => format!("did you mean {key}? what is of your own begins with x-"),
                None => "take it out; what is of your own begins with x-".to_owned(),
            };
            said.say(entry.line, format!("{of} has no key {}", entry.key), mend);
            continue;
        };
        let kind = Kind::of(&entry.node.value);
        if !kinds.contains(&kind) {
            let words: Vec<&str> = kinds
                .iter()
                .filter(|kind| **kind != Kind::Nothing)
                .map(|kind| kind.words())
                .collect();
            let path = if within.is_empty() {
                entry.key.clone()
            } else {
                format!("{within}.{}", entry.key)
            };
            said.say(
                entry.line,
                format!("{path} is {} here", kind.words()),
                format!("make it {}", words.join(" or ")),
            );
        }
    }
}

#[cfg(test)]
mod tests;
