//! What `shipway.toml` says of services goes before what was detected.

use super::{Found, Tree};
use crate::config::{Config, ServiceConfig};
use crate::project::{
    Claim, Confidence, Evidence, Fact, Finding, Port, RelPath, Service, ServiceKind, Severity,
    TestCommand,
};

const FILE: &str = "shipway.toml";

/// Overrides, adds and leaves out services as `config` says.
pub(super) fn apply(tree: &Tree, config: &Config, found: &mut Found) {
    for (index, said) in config.service.iter().enumerate() {
        let at = found
            .services
            .iter()
            .position(|service| service.name == said.name);
        if said.ignore {
            if let Some(at) = at {
                let prefix = format!("{}.", said.name);
                found.services.remove(at);
                found
                    .unknown
                    .retain(|unknown| !unknown.fact.starts_with(&prefix));
            }
            continue;
        }
        let mut paths = Paths {
            tree,
            index,
            findings: Vec::new(),
        };
        let at = at.unwrap_or_else(|| {
            let service = paths.added(said);
            found.services.push(service);
            found.services.len() - 1
        });
        paths.apply(said, &mut found.services[at]);
        found.unknown.retain(|unknown| {
            !answered(said, unknown.fact.strip_prefix(&format!("{}.", said.name)))
        });
        found.findings.append(&mut paths.findings);
    }
}

/// Whether `said` gives the fact of this name.
fn answered(said: &ServiceConfig, fact: Option<&str>) -> bool {
    match fact {
        Some("port") => said.port.is_some(),
        Some("entry") => said.entry.is_some() || said.command.is_some(),
        Some("server_command") => said.command.is_some(),
        Some("runtime_version") => said.runtime_version.is_some(),
        Some("health") => said.health.is_some(),
        Some("test") => said.test.is_some(),
        Some("working_dir") => said.working_dir.is_some(),
        _ => false,
    }
}

struct Paths<'t> {
    tree: &'t Tree,
    /// Place among the `[[service]]` tables, from 0.
    index: usize,
    findings: Vec<Finding>,
}

impl Paths<'_> {
    fn evidence(&self, key: &str, value: &str) -> Vec<Evidence> {
        let line = line_of(self.tree, &["service", key], Some(self.index));
        RelPath::parse(FILE)
            .map(|file| vec![Evidence::new(file, line, &format!("{key} = {value}"))])
            .unwrap_or_default()
    }

    fn fact<T>(&self, key: &str, shown: &str, value: T) -> Fact<T> {
        Fact::new(value, Confidence::Certain, self.evidence(key, shown))
    }

    /// `new` in the place of `old`, which stays visible as what the tree says.
    fn replaced<T: PartialEq>(
        new: Fact<T>,
        old: Option<Fact<T>>,
        show: impl Fn(&T) -> String,
    ) -> Fact<T> {
        let Some(old) = old.filter(|old| old.value != new.value) else {
            return new;
        };
        new.against(Claim {
            value: show(&old.value),
            evidence: old.evidence,
        })
        .because("shipway.toml goes before what was detected")
    }

    /// A path that `shipway.toml` names; one that leaves the repository is a finding.
    fn path(&mut self, key: &'static str, text: &str) -> Option<RelPath> {
        match RelPath::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.findings.push(Finding {
                    id: "invalid-path",
                    severity: Severity::Error,
                    message: format!("{FILE}: {key} of a service: {error}"),
                    evidence: self.evidence(key, text),
                    mend: format!("write {key} relative to the repository's root"),
                });
                None
            }
        }
    }

    fn added(&mut self, said: &ServiceConfig) -> Service {
        let root = said
            .root
            .as_deref()
            .and_then(|root| self.path("root", root))
            .unwrap_or_else(RelPath::root);
        let kind = if said.port.is_some() {
            ServiceKind::Web
        } else {
            ServiceKind::Job
        };
        let kind = self.fact("name", &said.name, kind);
        let folder = self.fact("name", &said.name, root.clone());
        let mut service = Service::new(said.name.clone(), "other", root.clone(), kind, folder);
        service.sources = vec![root];
        service
    }

    fn apply(&mut self, said: &ServiceConfig, service: &mut Service) {
        if let Some(root) = said
            .root
            .as_deref()
            .and_then(|root| self.path("root", root))
        {
            service.root = root;
        }
        if let Some(text) = said.working_dir.as_deref()
            && let Some(path) = self.path("working_dir", text)
        {
            let fact = self.fact("working_dir", text, path);
            let old = service.working_dir.clone();
            service.working_dir = Self::replaced(fact, Some(old), ToString::to_string);
        }
        if let Some(entry) = &said.entry {
            let fact = self.fact("entry", entry, entry.clone());
            service.entry = Some(Self::replaced(fact, service.entry.take(), Clone::clone));
            service.entry_is_factory = entry.ends_with(')');
        }
        if let Some(command) = &said.command {
            let fact = self.fact("command", command, command.clone());
            service.server_command = Some(Self::replaced(
                fact,
                service.server_command.take(),
                Clone::clone,
            ));
            // The command names its server; whether that is installed is the user's to say.
            service.add_server = None;
        }
        if let Some(port) = said.port.and_then(Port::new) {
            let fact = self.fact("port", &port.to_string(), port);
            service.port = Some(Self::replaced(
                fact,
                service.port.take(),
                ToString::to_string,
            ));
        }
        if let Some(health) = &said.health {
            let fact = self.fact("health", health, health.clone());
            service.health = Some(Self::replaced(fact, service.health.take(), Clone::clone));
        }
        if let Some(version) = &said.runtime_version {
            let fact = self.fact("runtime_version", version, version.clone());
            service.runtime_version = Some(Self::replaced(
                fact,
                service.runtime_version.take(),
                Clone::clone,
            ));
        }
        for package in &said.system_packages {
            if !service
                .system_packages
                .iter()
                .any(|known| known.value == *package)
            {
                let fact = self.fact("system_packages", package, package.clone());
                service.system_packages.push(fact);
            }
        }
        for folder in &said.volumes {
            if folder.starts_with('/') {
                if service.volumes.iter().all(|known| known.value != *folder) {
                    let fact = self.fact("volumes", folder, folder.clone());
                    service.volumes.push(fact);
                }
            } else if let Some(path) = self.path("volumes", folder)
                && service.writable.iter().all(|known| known.value != path)
            {
                let fact = self.fact("volumes", folder, path);
                service.writable.push(fact);
            }
        }
        if let Some(command) = &said.test {
            let runner = command.split_whitespace().next().unwrap_or_default();
            let test = TestCommand {
                command: command.clone(),
                working_dir: service.working_dir.value.clone(),
                runner: runner.to_owned(),
            };
            let fact = self.fact("test", command, test);
            service.test = Some(Self::replaced(fact, service.test.take(), |test| {
                test.command.clone()
            }));
        }
    }
}

/// Line (from 1) of a key in `shipway.toml`, `index` saying which table of an array; 0 where
/// it cannot be told.
pub(super) fn line_of(tree: &Tree, keys: &[&str], index: Option<usize>) -> usize {
    let line = || {
        let document = super::structured::toml(tree, &RelPath::parse(FILE).ok()?)?;
        let mut item = document.get(keys.first()?)?;
        if let Some(index) = index {
            item = item.items().get(index)?;
        }
        Some(item.entry(keys.get(1)?)?.line)
    };
    line().unwrap_or(0)
}
