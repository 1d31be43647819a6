//! What services say, and what they name that is declared elsewhere.

use super::key::Place;
use super::port::{self, Published};
use super::{Said, keys, name};
use crate::detect::structured::{Entry, Node, Value};
use std::collections::BTreeMap;

/// Names that are declared.
struct Declared<'n> {
    root: &'n Node,
}

impl Declared<'_> {
    fn has(&self, above: &str, name: &str) -> bool {
        self.root
            .get(above)
            .is_some_and(|node| node.get(name).is_some())
    }
}

/// A service, and the address of the host that it publishes at; None for all.
type Publisher = (String, Option<String>);

/// All services of the file; `alone` says that it is no override.
pub(super) fn all(root: &Node, alone: bool, said: &mut Said) {
    let services = root.entries_at(&["services"]);
    // What is included declares things that are not seen here.
    let whole = alone && root.get("include").is_none();
    let declared = Declared { root };
    let mut published: BTreeMap<(u16, bool), Vec<Publisher>> = BTreeMap::new();
    for service in services {
        if service.key.starts_with("x-") {
            continue;
        }
        name(service, "services", said);
        // An override need not change anything of a service that it names.
        if !alone && service.node.value == Value::Null {
            continue;
        }
        let Value::Map(entries) = &service.node.value else {
            said.say(
                service.line,
                format!("services.{} must be a mapping", service.key),
                "give it an image or a build",
            );
            continue;
        };
        let within = format!("services.{}", service.key);
        keys(entries, Place::Service, &within, said);
        own(service, &within, said);
        let ports = ports(service, &within, said);
        for one in ports {
            let Some((first, last)) = one.ports else {
                continue;
            };
            for port in first..=last.min(first.saturating_add(256)) {
                let there = published.entry((port, one.udp)).or_default();
                let clash = there.iter().find(|(_, address)| {
                    address.is_none() || one.address.is_none() || *address == one.address
                });
                if let Some((other, _)) = clash {
                    let line = service
                        .node
                        .entry("ports")
                        .map_or(service.line, |ports| ports.line);
                    let message = format!("{other} and {} both publish port {port}", service.key);
                    said.warn(line, message, "give one of them another port of the host");
                }
                there.push((service.key.clone(), one.address.clone()));
            }
        }
        if whole {
            complete(service, &within, said);
            named(service, &within, &declared, said);
        }
    }
    if whole {
        circles(services, said);
    }
}

/// The mappings and words within a service.
fn own(service: &Entry, within: &str, said: &mut Said) {
    let node = &service.node;
    for (key, place) in [
        ("build", Place::Build),
        ("healthcheck", Place::Healthcheck),
        ("deploy", Place::Deploy),
        ("logging", Place::Logging),
    ] {
        let within = format!("{within}.{key}");
        keys(node.entries_at(&[key]), place, &within, said);
    }
    for (key, place) in [("ports", Place::Port), ("volumes", Place::Mount)] {
        for item in node.get(key).map(Node::items).unwrap_or_default() {
            keys(item.entries(), place, &format!("{within}.{key}"), said);
        }
    }
    for dependency in node.entries_at(&["depends_on"]) {
        let within = format!("{within}.depends_on.{}", dependency.key);
        keys(dependency.node.entries(), Place::DependsOn, &within, said);
        let known = [
            "service_started",
            "service_healthy",
            "service_completed_successfully",
        ];
        if let Some(condition) = dependency.node.get("condition").and_then(Node::text)
            && !known.contains(&condition)
            && !condition.contains('$')
        {
            said.say(
                dependency.line,
                format!("{within}.condition is {condition:?}"),
                format!("take one of {}", known.join(", ")),
            );
        }
    }
    if node.get("network_mode").is_some()
        && node
            .get("networks")
            .is_some_and(|networks| networks.value != Value::Null)
    {
        said.say(
            service.line,
            format!("{within} has network_mode and networks"),
            "keep one of the two",
        );
    }
}

fn ports(service: &Entry, within: &str, said: &mut Said) -> Vec<Published> {
    let mut published = Vec::new();
    for item in service
        .node
        .get("ports")
        .map(Node::items)
        .unwrap_or_default()
    {
        if let Some(text) = item.text() {
            match port::parse(text) {
                Some(Ok(one)) => published.push(one),
                Some(Err(wrong)) => said.say(
                    item.line,
                    format!("{within}.ports has {text:?}: {wrong}"),
                    "write \"published:target\", such as \"127.0.0.1:8000:80\"",
                ),
                None => {}
            }
        } else if item.get("target").is_none() && !item.entries().is_empty() {
            said.say(
                item.line,
                format!("{within}.ports has one without a target"),
                "say the container's port: target: 80",
            );
        }
    }
    published
}

/// Whether it says what runs.
fn complete(service: &Entry, within: &str, said: &mut Said) {
    let has = |key: &str| {
        service
            .node
            .get(key)
            .is_some_and(|node| node.value != Value::Null)
    };
    if !["image", "build", "extends", "provider"]
        .into_iter()
        .any(has)
    {
        said.say(
            service.line,
            format!("{within} has neither an image nor a build"),
            "say which: image: … or build: .",
        );
    }
}

/// Names of other services, networks, volumes, secrets and configs.
fn named(service: &Entry, within: &str, declared: &Declared, said: &mut Said) {
    let mut missing = |line: usize, what: &str, above: &str, name: &str| {
        if !name.contains('$') && !declared.has(above, name) {
            said.say(
                line,
                format!("{within} names the {what} {name}, and there is none"),
                format!("declare it below {above}, or correct the name"),
            );
        }
    };
    for (line, name) in names(&service.node, "depends_on") {
        missing(line, "service", "services", name);
    }
    for (line, name) in names(&service.node, "networks") {
        if name != "default" {
            missing(line, "network", "networks", name);
        }
    }
    for key in ["secrets", "configs"] {
        for item in service.node.get(key).map(Node::items).unwrap_or_default() {
            let name = item
                .text()
                .or_else(|| item.get("source").and_then(Node::text));
            if let Some(name) = name {
                missing(item.line, key.trim_end_matches('s'), key, name);
            }
        }
    }
    for item in service
        .node
        .get("volumes")
        .map(Node::items)
        .unwrap_or_default()
    {
        if let Some(name) = volume(item) {
            missing(item.line, "volume", "volumes", name);
        }
    }
    if let Some(node) = service.node.get("extends")
        && node.get("file").is_none()
        && let Some(name) = node
            .text()
            .or_else(|| node.get("service").and_then(Node::text))
    {
        missing(node.line, "service", "services", name);
    }
    for key in ["network_mode", "ipc", "pid"] {
        if let Some(node) = service.node.get(key)
            && let Some(name) = node.text().and_then(|text| text.strip_prefix("service:"))
        {
            missing(node.line, "service", "services", name);
        }
    }
}

/// The names of a list or the keys of a mapping, with their lines.
fn names<'n>(node: &'n Node, key: &str) -> Vec<(usize, &'n str)> {
    let Some(node) = node.get(key) else {
        return Vec::new();
    };
    let items = node
        .items()
        .iter()
        .filter_map(|item| Some((item.line, item.text()?)));
    let keys = node
        .entries()
        .iter()
        .map(|entry| (entry.line, entry.key.as_str()));
    items.chain(keys).collect()
}

/// The name of the volume that is mounted; None where it is a folder, or has no name.
fn volume(item: &Node) -> Option<&str> {
    if let Some(text) = item.text() {
        let (source, _) = text.split_once(':')?;
        let is_path = source.starts_with(['.', '/', '~', '$'])
            || source.contains(['/', '\\'])
            || source.len() == 1 && text[1..].starts_with(":\\");
        return (!is_path && !source.is_empty()).then_some(source);
    }
    let is_volume = item.get("type").and_then(Node::text) == Some("volume");
    item.get("source")
        .and_then(Node::text)
        .filter(|_| is_volume)
}

/// Services that wait for themselves.
fn circles(services: &[Entry], said: &mut Said) {
    let waits: BTreeMap<&str, Vec<&str>> = services
        .iter()
        .map(|service| {
            let names = names(&service.node, "depends_on");
            (
                service.key.as_str(),
                names.into_iter().map(|(_, name)| name).collect(),
            )
        })
        .collect();
    for service in services {
        let mut seen: Vec<&str> = Vec::new();
        let mut next: Vec<&str> = waits.get(service.key.as_str()).cloned().unwrap_or_default();
        while let Some(name) = next.pop() {
            if name == service.key {
                said.say(
                    service.line,
                    format!(
                        "services.{} waits for itself by its depends_on",
                        service.key
                    ),
                    "take one of the dependencies out",
                );
                return;
            }
            if !seen.contains(&name) {
                seen.push(name);
                next.extend(waits.get(name).into_iter().flatten());
            }
        }
    }
}
