//! What a plan was made from, as the lock keeps it, and what of it is another than before.

use super::lock::Lock;
use crate::config::Config;
use crate::project::{Project, Service};
use std::collections::{BTreeMap, BTreeSet};

/// The fact that says where the repository is.
pub(super) const ORIGIN: &str = "origin";

/// What generated files follow from, beside their templates.
pub(super) struct Causes {
    pub answers: BTreeMap<String, String>,
    pub facts: BTreeMap<String, String>,
    /// Version of the program that wrote the lock.
    was: String,
    changed: Vec<Changed>,
}

/// A fact or an answer that is another than the lock says.
struct Changed {
    name: String,
    old: Option<String>,
    new: Option<String>,
}

impl Causes {
    pub(super) fn between(
        lock: &Lock,
        config: &Config,
        chosen: &BTreeSet<String>,
        project: &Project,
        origin: Option<&str>,
    ) -> Self {
        let (answers, mut facts) = (answers(config, chosen), facts(project));
        facts.extend(origin.map(|origin| (ORIGIN.to_owned(), origin.to_owned())));
        let mut changed = Vec::new();
        // A lock that is not there yet was made from nothing else.
        if !lock.artifacts.is_empty() {
            for (old, new) in [(&lock.answers, &answers), (&lock.facts, &facts)] {
                let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for name in names {
                    let (old, new) = (old.get(name).cloned(), new.get(name).cloned());
                    if old != new {
                        let name = name.clone();
                        changed.push(Changed { name, old, new });
                    }
                }
            }
        }
        Self {
            answers,
            facts,
            was: lock.shipway.clone(),
            changed,
        }
    }

    /// Why a file with `before` would have `after`; `template` where its template is another one.
    pub(super) fn of(&self, before: &str, after: &str, template: bool) -> Vec<String> {
        let mut why = Vec::new();
        if template {
            why.push("template".to_owned());
        }
        let is_seen = |changed: &&Changed| {
            let in_text = |value: &Option<String>, text: &str, other: &str| {
                let words = value.iter().flat_map(|value| value.split_whitespace());
                words
                    .filter(|word| text.contains(*word))
                    .any(|word| text.matches(word).count() != other.matches(word).count())
            };
            in_text(&changed.old, before, after) || in_text(&changed.new, after, before)
        };
        let seen: Vec<String> = self
            .changed
            .iter()
            .filter(is_seen)
            .map(Changed::text)
            .collect();
        if seen.is_empty() && !template {
            why.extend(self.changed.iter().map(Changed::text));
        }
        why.extend(seen);
        if why.is_empty() {
            why.push(if self.was == env!("CARGO_PKG_VERSION") {
                "what was detected".to_owned()
            } else {
                format!(
                    "shipway {} \u{2192} {}",
                    self.was,
                    env!("CARGO_PKG_VERSION")
                )
            });
        }
        why
    }

    /// Why there is something that was not there before, or the other way round.
    pub(super) fn of_all(&self) -> Vec<String> {
        self.changed.iter().map(Changed::text).collect()
    }
}

impl Changed {
    fn text(&self) -> String {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => {
                let words = |text: &str| -> BTreeSet<String> {
                    text.split_whitespace().map(str::to_owned).collect()
                };
                let (before, after) = (words(old), words(new));
                if before.len() < 2 && after.len() < 2 {
                    return format!("{}: {old} \u{2192} {new}", self.name);
                }
                let gone = before.difference(&after).map(|word| format!("-{word}"));
                let come = after.difference(&before).map(|word| format!("+{word}"));
                let words: Vec<String> = gone.chain(come).collect();
                format!("{}: {}", self.name, words.join(" "))
            }
            (None, Some(new)) => format!("{}: new, {new}", self.name),
            (Some(old), None) => format!("{}: gone, was {old}", self.name),
            (None, None) => self.name.clone(),
        }
    }
}

fn answers(config: &Config, chosen: &BTreeSet<String>) -> BTreeMap<String, String> {
    let base = serde_json::to_value(config.container.base).unwrap_or_default();
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    [
        ("base", base.as_str().unwrap_or_default().to_owned()),
        ("features", chosen.join(" ")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The detected values that a person would recognise, by `service.fact`; names in a list are
/// separated by blanks.
fn facts(project: &Project) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([("name".to_owned(), project.name.value.clone())]);
    let kinds = project
        .backing
        .iter()
        .map(|one| serde_json::to_value(one.kind));
    let kinds: Vec<String> = kinds
        .filter_map(|kind| Some(kind.ok()?.as_str()?.to_owned()))
        .collect();
    if !kinds.is_empty() {
        facts.insert("backing".to_owned(), kinds.join(" "));
    }
    for service in &project.services {
        for (fact, value) in of_service(service) {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                facts.insert(format!("{}.{fact}", service.name), value);
            }
        }
    }
    facts
}

fn of_service(service: &Service) -> [(&'static str, Option<String>); 7] {
    let text =
        |fact: &Option<crate::project::Fact<String>>| fact.as_ref().map(|fact| fact.value.clone());
    let names = |names: &mut dyn Iterator<Item = &str>| {
        let sorted: BTreeSet<&str> = names.collect();
        Some(Vec::from_iter(sorted).join(" "))
    };
    [
        ("root", Some(service.root.to_string())),
        (
            "port",
            service.port.as_ref().map(|fact| fact.value.to_string()),
        ),
        ("entry", text(&service.entry)),
        ("framework", text(&service.framework)),
        ("runtime_version", text(&service.runtime_version)),
        ("health", text(&service.health)),
        (
            "variables",
            names(&mut service.env.iter().map(|one| one.name.as_str())),
        ),
    ]
}
