//! What a structured file of the user's says and the new one does not, entry by entry.

use super::{Carried, Lost};
use crate::detect::secret;
use crate::project::RelPath;
use crate::scaffold::three_way::{At, Content, put, put_json};
use crate::scaffold::validate;
use serde_json::Value as Json;

/// Of a devcontainer.json: what the new file says its own way.
const OWN: &[&str] = &[
    "name",
    "dockerComposeFile",
    "service",
    "runServices",
    "workspaceFolder",
    "workspaceMount",
    "image",
    "build",
    "dockerFile",
    "context",
    "runArgs",
    "appPort",
    "initializeCommand",
    "onCreateCommand",
    "postCreateCommand",
    "remoteUser",
    "containerUser",
    "updateRemoteUserUID",
    "shutdownAction",
    "overrideCommand",
];

/// Of a compose service: what is carried over, entry by entry.
const CARRIED: &[&str] = &[
    "environment",
    "volumes",
    "ports",
    "labels",
    "extra_hosts",
    "expose",
    "shm_size",
    "ulimits",
    "sysctls",
    "devices",
    "logging",
    "dns",
    "group_add",
    "gpus",
    "platform",
    "profiles",
];

/// Of a compose service: what the new file says its own way.
const REPLACED: &[&str] = &[
    "build",
    "image",
    "command",
    "entrypoint",
    "container_name",
    "restart",
    "networks",
    "depends_on",
    "healthcheck",
    "env_file",
    "user",
    "working_dir",
    "deploy",
    "develop",
    "secrets",
    "configs",
    "privileged",
    "cap_add",
    "cap_drop",
    "security_opt",
    "init",
    "stop_signal",
    "stop_grace_period",
    "links",
    "network_mode",
    "tmpfs",
    "read_only",
    "tty",
    "stdin_open",
    "pull_policy",
    "hostname",
    "extends",
    "<<",
];

pub(super) fn settings(wanted: &str, old: At, new: At) -> Carried {
    let mut out = Carried::of(wanted);
    let mut more = serde_json::Map::new();
    for (key, theirs) in old.entries() {
        match new.get(key) {
            Some(ours) if ours.is(theirs) => {}
            Some(ours) if !OWN.contains(&key) => {
                if let Some(value) = missing(key, theirs, ours, &mut out) {
                    more.insert(key.to_owned(), value);
                }
            }
            None if !OWN.contains(&key) => {
                if let Some(value) = json(theirs) {
                    out.carried.push(key.to_owned());
                    more.insert(key.to_owned(), value);
                }
            }
            now => {
                let what = format!("{key}: {}", shortened(&theirs.line()));
                out.lost.push(replaced(what, now));
            }
        }
    }
    if let Some(text) = put_json(wanted, &Json::Object(more.clone())) {
        out.text = text;
    } else if !more.is_empty() {
        let why = "the new file cannot take them; put them in by hand";
        out.lose(None, out.carried.join(", "), why);
        out.carried.clear();
    }
    out
}

/// What `theirs` says and `ours` does not.
fn missing(name: &str, theirs: At, ours: At, out: &mut Carried) -> Option<Json> {
    if theirs.is_list() && ours.is_list() {
        let known = ours.items();
        let items: Vec<Json> = (theirs.items().into_iter())
            .filter(|item| {
                // A port that is forwarded under its service's name, too.
                let named = format!(":{}", item.line());
                let is_it = |one: &At| {
                    one.is(*item) || one.text().is_some_and(|text| text.ends_with(&named))
                };
                !known.iter().any(is_it)
            })
            .filter_map(|item| {
                out.carried
                    .push(format!("{name}: {}", shortened(&item.line())));
                json(item)
            })
            .collect();
        return (!items.is_empty()).then_some(Json::Array(items));
    }
    if !theirs.is_map() || !ours.is_map() {
        if !theirs.is(ours) {
            let what = format!("{name}: {}", shortened(&theirs.line()));
            out.lost.push(replaced(what, Some(ours)));
        }
        return None;
    }
    let mut entries = serde_json::Map::new();
    for (key, value) in theirs.entries() {
        let name = format!("{name}.{key}");
        // A Feature with its version.
        let without = |key: &str| match key.rsplit_once(':') {
            Some((name, _)) if name.contains('/') => name.to_owned(),
            _ => key.to_owned(),
        };
        let known = ours.entries().find(|(one, _)| without(one) == without(key));
        let more = if let Some((_, known)) = known {
            missing(&name, value, known, out)
        } else {
            out.carried.push(name);
            json(value)
        };
        if let Some(more) = more {
            entries.insert(key.to_owned(), more);
        }
    }
    (!entries.is_empty()).then_some(Json::Object(entries))
}

fn json(value: At) -> Option<Json> {
    serde_json::from_str(&value.line()).ok()
}

fn replaced(what: String, now: Option<At>) -> Lost {
    let why = match now {
        Some(now) => format!("the new file says {}", shortened(&now.line())),
        None => "the new file does this its own way".to_owned(),
    };
    Lost {
        line: None,
        what,
        why,
    }
}

pub(super) fn workflow(path: &RelPath, wanted: &str, old: At, new: At) -> Carried {
    let mut out = Carried::of(wanted);
    for (key, theirs) in old.entries() {
        let parts = match key {
            "jobs" | "env" => theirs.entries().collect(),
            "on" => triggers(theirs),
            _ => Vec::new(),
        };
        if parts.is_empty() {
            let now = new.get(key);
            if key != "name" && !now.is_some_and(|now| now.is(theirs)) {
                let what = format!("{key}: {}", shortened(&theirs.line()));
                out.lost.push(replaced(what, now));
            }
            continue;
        }
        for (name, value) in parts {
            let what = match key {
                "jobs" => format!("the job {name}"),
                "env" => format!("{name} in the environment"),
                _ => format!("the trigger {name}"),
            };
            match new.get(key).and_then(|known| known.get(name)) {
                Some(known) if known.is(value) || key == "on" => {}
                Some(_) => out.lose(None, what, "the new file has one of this name"),
                None => out.put(path, &[key, name], value, what),
            }
        }
    }
    out
}

/// `on: push`, `on: [push]` and `on: {push: …}`.
fn triggers(on: At<'_>) -> Vec<(&str, At<'_>)> {
    on.entries().collect()
}

pub(super) fn compose(path: &RelPath, wanted: &str, old: At, new: At) -> Carried {
    let mut out = Carried::of(wanted);
    let both = (old.get("services"), new.get("services"));
    let (Some(theirs), Some(ours)) = both else {
        let why = "it is no compose file with services; the difference shows it";
        out.lose(None, "everything that the new file does not say", why);
        return out;
    };
    let networks = new.get("networks");
    for (name, service) in theirs.entries() {
        match counterpart(name, service, theirs, ours) {
            Some((known, now)) => {
                if known != name {
                    let why = format!("it is called {known} now; so is its host name");
                    out.lose(None, format!("the name of the service {name}"), why);
                }
                of_service(path, (known, now), service, &mut out);
            }
            None => whole(path, name, service, networks, &mut out),
        }
    }
    for key in ["volumes", "secrets", "configs"] {
        let entries = old.get(key);
        for (name, value) in entries.iter().flat_map(|at| at.entries()) {
            let is_there = new.get(key).is_some_and(|at| at.get(name).is_some());
            let is_used = out.text.contains(&format!("{name}:")) || key != "volumes";
            if is_there {
                continue;
            }
            if is_used {
                out.put(path, &[key, name], value, format!("{key}.{name}"));
            } else {
                let why = "no service of the new file mounts it; what it holds stays in the engine";
                out.lose(None, format!("the volume {name}"), why);
            }
        }
    }
    for (key, value) in old.entries() {
        let is_known = ["services", "volumes", "secrets", "configs", "version"].contains(&key);
        let now = new.get(key);
        if !is_known && !key.starts_with("x-") && !now.is_some_and(|now| now.is(value)) {
            let what = format!("{key}: {}", shortened(&value.line()));
            out.lost.push(replaced(what, now));
        }
    }
    out
}

/// A service that the new file does not have comes along, into its networks.
fn whole(path: &RelPath, name: &str, service: At, networks: Option<At>, out: &mut Carried) {
    let before = out.text.clone();
    let mut said = Vec::new();
    for (key, value) in service.entries() {
        if key == "networks" {
            continue;
        }
        match put(&out.text, &["services", name, key], value) {
            Some(text) => out.text = text,
            None => said.push(key),
        }
    }
    let names: Vec<&str> = networks
        .iter()
        .flat_map(|at| at.entries())
        .map(|(name, _)| name)
        .collect();
    if service.get("network_mode").is_none()
        && !names.is_empty()
        && let Some(content) = Content::read(path, &format!("networks: [{}]\n", names.join(", ")))
        && let Some(list) = content.top().get("networks")
        && let Some(text) = put(&out.text, &["services", name, "networks"], list)
    {
        out.text = text;
    }
    if said.is_empty() && validate::check(path, &out.text, "").is_ok() {
        out.carried.push(format!("the service {name}"));
    } else {
        out.text = before;
        let why = "it needs an anchor of the old file; put it in by hand";
        out.lose(None, format!("the service {name}"), why);
    }
}

/// The service of the new file that stands for the one called `name`.
fn counterpart<'n>(name: &str, service: At, theirs: At, ours: At<'n>) -> Option<(&'n str, At<'n>)> {
    let same = ours.entries().find(|(known, _)| *known == name);
    if same.is_some() {
        return same;
    }
    let free = |known: &str| theirs.get(known).is_none();
    if service.get("build").is_some() {
        let built = |at: At| at.get("build").is_some();
        let count = theirs.entries().filter(|(_, one)| built(*one)).count();
        let mut found = ours.entries().filter(|(_, one)| built(*one));
        return match (found.next(), found.next()) {
            (Some(one), None) if count == 1 => Some(one),
            _ => None,
        };
    }
    let repository = |at: At| {
        let image = at.get("image")?.text()?.to_owned();
        let image = image.split('@').next().unwrap_or_default().to_owned();
        let last = image.rsplit('/').next().unwrap_or_default().to_owned();
        Some(last.split(':').next().unwrap_or_default().to_owned())
    };
    let image = repository(service)?;
    ours.entries()
        .find(|(known, one)| free(known) && repository(*one).as_deref() == Some(image.as_str()))
}

fn of_service(path: &RelPath, (name, ours): (&str, At), theirs: At, out: &mut Carried) {
    for (key, value) in theirs.entries() {
        let now = ours.get(key);
        if now.is_some_and(|now| now.is(value)) {
            continue;
        }
        let what = format!("{name}.{key}");
        if !CARRIED.contains(&key) {
            let is_passing = ["build", "depends_on", "networks", "healthcheck", "restart"];
            if !is_passing.contains(&key) || now.is_none() && key != "networks" {
                let what = format!("{what}: {}", shortened(&value.line()));
                if REPLACED.contains(&key) || now.is_some() {
                    out.lost.push(replaced(what, now));
                } else {
                    out.put(path, &["services", name, key], value, what);
                }
            }
            continue;
        }
        match (key, value.is_list()) {
            ("environment" | "labels", true) => {
                for item in value.items() {
                    let text = item.text().unwrap_or_default();
                    let (variable, value) = text.split_once('=').unwrap_or((text, ""));
                    let line = serde_json::Value::from(value).to_string();
                    let shown = if text.contains('=') {
                        line
                    } else {
                        String::new()
                    };
                    let Some(content) = Content::read(path, &format!("v: {shown}\n")) else {
                        continue;
                    };
                    if let Some(value) = content.top().get("v") {
                        entry(path, &["services", name, key, variable], value, now, out);
                    }
                }
            }
            (_, false) if value.entries().next().is_some() => {
                for (inner, value) in value.entries() {
                    entry(path, &["services", name, key, inner], value, now, out);
                }
            }
            (_, true) => {
                for item in value.items() {
                    listed(path, &["services", name, key], item, now, out);
                }
            }
            _ if now.is_none() => out.put(path, &["services", name, key], value, what),
            _ => out
                .lost
                .push(replaced(format!("{what}: {}", value.line()), now)),
        }
    }
}

/// One variable or label.
fn entry(path: &RelPath, keys: &[&str], value: At, now: Option<At>, out: &mut Carried) {
    let [_, service, key, name] = keys else {
        return;
    };
    let what = format!("{service}.{key}.{name}");
    let text = value.text().unwrap_or_default();
    let is_there = now.and_then(|now| now.get(name));
    let in_list = now.is_some_and(|now| {
        let is_it = |item: &At| {
            let text = item.text().unwrap_or_default();
            text.split('=').next() == Some(name)
        };
        now.items().iter().any(is_it)
    });
    match is_there {
        Some(known) if known.is(value) => {}
        Some(known) if known.text() == Some("") => {
            let why = "the new file takes it from .env";
            out.lose(None, shown(&what, name, text), why);
        }
        Some(known) => out
            .lost
            .push(replaced(shown(&what, name, text), Some(known))),
        None if in_list => {}
        None if *key == "environment" && is_secret(name, text) => {
            let why = "a secret has no place in this file; .env is for it";
            out.lose(None, what, why);
        }
        None => out.put(path, keys, value, what),
    }
}

fn shown(what: &str, name: &str, value: &str) -> String {
    if is_secret(name, value) {
        what.to_owned()
    } else {
        format!("{what}={}", shortened(value))
    }
}

/// Whether `value` is a secret itself, not where to take it from.
fn is_secret(name: &str, value: &str) -> bool {
    let is_taken = value.is_empty() || value.contains('$');
    !is_taken && (secret::secrecy(name).is_some() || secret::url_has_password(value))
}

/// One port or volume: known by what it is inside of the container.
fn listed(path: &RelPath, keys: &[&str], item: At, now: Option<At>, out: &mut Carried) {
    let [_, service, key] = keys else { return };
    let inside = |item: At| -> Option<String> {
        if let Some(target) = item.get("target").and_then(At::text) {
            return Some(target.to_owned());
        }
        let text = item.text()?;
        let parts: Vec<&str> = parts(text);
        Some(match (*key, parts.as_slice()) {
            ("volumes", [_, target, ..]) => (*target).to_owned(),
            ("ports", parts) => parts.last()?.trim_end_matches("/tcp").to_owned(),
            _ => text.to_owned(),
        })
    };
    let target = inside(item);
    let what = format!("{service}.{key}: {}", shortened(&item.line()));
    let known = now
        .iter()
        .flat_map(|now| now.items())
        .find(|one| inside(*one) == target);
    if let Some(known) = known {
        if !known.is(item) {
            out.lost.push(replaced(what, Some(known)));
        }
        return;
    }
    let source = item.get("source").and_then(At::text).or_else(|| {
        let parts = parts(item.text()?);
        parts.first().copied().filter(|_| parts.len() > 1)
    });
    let is_tree = *key == "volumes"
        && source.is_some_and(|source| {
            matches!(source.trim_end_matches('/'), "." | ".." | "$PWD" | "${PWD}")
        });
    if is_tree {
        let why = "the image has the source; development mounts it in the override";
        out.lose(None, what, why);
        return;
    }
    if now.is_none() {
        let value = format!("v: [{}]\n", item.line());
        if let Some(content) = Content::read(path, &value)
            && let Some(list) = content.top().get("v")
        {
            out.put(path, keys, list, what);
        }
        return;
    }
    out.put(path, keys, item, what);
}

/// `a:b:c`, where `${X:-y}` is one part.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ':' && depth == 0
    })
    .collect()
}

impl Carried {
    /// Puts `value` at `keys`, or says that it is lost.
    fn put(&mut self, path: &RelPath, keys: &[&str], value: At, what: String) {
        let valid = |text: &String| validate::check(path, text, "").is_ok();
        match put(&self.text, keys, value).filter(valid) {
            Some(text) => {
                self.text = text;
                self.carried.push(what);
            }
            None => self.lose(None, what, "the new file cannot take it; put it in by hand"),
        }
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}\u{2026}", &text[..at]),
        None => text.to_owned(),
    }
}
