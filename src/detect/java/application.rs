//! One module that may be an application: what it is made with, which framework starts it, what kind of
//! service it is by that, and how it tells that it is well.

use super::framework::{self, Framework};
use super::is_source;
use super::module::Module;
use super::settings::{self, Setting, Settings};
use super::source::{self, File};
use crate::detect::variable::Engines;
use crate::detect::{Tree, client, compiled, owner, serving};
use crate::project::{
    BackingKind, Confidence, Evidence, Fact, RelPath, Requirement, ServiceKind, Sought,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What the modules of a tree hold, each read once.
pub(super) struct Sources<'a> {
    /// By their folders, as all that follows.
    modules: BTreeMap<&'a RelPath, &'a Module>,
    /// Sources that say something, sorted by path.
    files: BTreeMap<&'a RelPath, Vec<File>>,
    settings: BTreeMap<&'a RelPath, Vec<Setting>>,
}

impl<'a> Sources<'a> {
    pub(super) fn read(tree: &Tree, modules: &'a [Module]) -> Self {
        let modules: BTreeMap<&RelPath, &Module> = modules
            .iter()
            .map(|module| (&module.root, module))
            .collect();
        let paths: Vec<&RelPath> = tree
            .with_extension("java")
            .chain(tree.with_extension("kt"))
            .filter(|path| is_source(path))
            .collect();
        let mut all: Vec<(&RelPath, File)> = paths
            .par_iter()
            .filter_map(|path| {
                let (root, _) = owner::nearest(&modules, path)?;
                Some((root, source::read(tree, path)?))
            })
            .collect();
        all.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
        let mut files: BTreeMap<&RelPath, Vec<File>> = BTreeMap::new();
        for (root, file) in all {
            files.entry(root).or_default().push(file);
        }
        let places = settings::places(tree);
        let settings = modules
            .keys()
            .map(|root| (*root, settings::read(tree, &places, root)))
            .collect();
        Self {
            modules,
            files,
            settings,
        }
    }

    fn files(&self, module: &Module) -> &[File] {
        self.files.get(&module.root).map_or(&[], Vec::as_slice)
    }

    /// `module` and all of its build that it is made with, the nearest first.
    fn closure(&self, module: &'a Module) -> Vec<&'a Module> {
        compiled::closure(module, |one| {
            let used = one.uses.iter();
            used.filter_map(|root| self.modules.get(root).copied())
                .filter(|used| used.home == module.home)
        })
    }
}

/// One module that may be an application.
pub(super) struct Application<'a> {
    pub(super) module: &'a Module,
    /// The modules that it is made with, its own first.
    pub(super) modules: Vec<&'a Module>,
    pub(super) requirements: Vec<&'a Requirement>,
    pub(super) framework: Option<Framework>,
    /// Of all these modules.
    pub(super) files: Vec<&'a File>,
    /// Of its own folder alone.
    pub(super) own: &'a [File],
    pub(super) settings: Settings<'a>,
    /// The profile that its configuration has for production.
    pub(super) profile: Option<(String, Evidence)>,
    pub(super) engines: Engines,
}

impl<'a> Application<'a> {
    /// Its profile is not known yet.
    pub(super) fn of(module: &'a Module, sources: &'a Sources<'a>) -> Self {
        let modules = sources.closure(module);
        let mut known: BTreeSet<(&str, bool)> = BTreeSet::new();
        let requirements: Vec<&Requirement> = modules
            .iter()
            .flat_map(|module| &module.requirements)
            .filter(|one| known.insert((&one.name, one.development)))
            .collect();
        let speaks_to = |kind: BackingKind| {
            let mut used = requirements.iter().filter(|one| !one.development);
            used.any(|one| client::of_maven(&one.name) == Some(Sought::Backing(kind)))
        };
        let roots = modules.iter().map(|module| &module.root);
        Self {
            module,
            framework: framework::of(module, &requirements),
            engines: Engines::of(speaks_to),
            files: modules
                .iter()
                .flat_map(|module| sources.files(module))
                .collect(),
            own: sources.files(module),
            settings: Settings {
                all: roots.flat_map(|root| &sources.settings[root]).collect(),
            },
            profile: None,
            modules,
            requirements,
        }
    }

    pub(super) fn active(&self) -> Option<&str> {
        match &self.profile {
            // Of several the first one counts.
            Some((name, _)) => name.split(',').next().map(str::trim),
            None => Some("prod"),
        }
    }

    pub(super) fn name(&self) -> Option<&'static str> {
        self.framework.as_ref().map(|known| known.name)
    }

    /// The classes that start and that a framework is told of.
    pub(super) fn marked(&self) -> Vec<&'a (String, Evidence)> {
        let marked = self.own.iter().filter(|file| file.application.is_some());
        marked.filter_map(|file| file.main.as_ref()).collect()
    }

    /// The class that starts: the marked one, of several the one that the build names, without any the one
    /// that the build names, the one that listens, the only one.
    pub(super) fn main(&self) -> Option<(String, Evidence)> {
        let marked = self.marked();
        if let [only] = marked.as_slice() {
            return Some((*only).clone());
        }
        if !marked.is_empty() {
            let (class, _) = self.module.main.as_ref()?;
            return marked
                .into_iter()
                .find(|(name, _)| name == class)
                .or(self.module.main.as_ref())
                .cloned();
        }
        if let Some(told) = &self.module.main {
            return Some(told.clone());
        }
        if self.name() == Some("quarkus") {
            return None;
        }
        let mains: Vec<&File> = self.own.iter().filter(|file| file.main.is_some()).collect();
        let listens = mains.iter().find(|file| !file.listens.is_empty());
        let only = mains.first().filter(|_| mains.len() == 1);
        listens.or(only).and_then(|file| file.main.clone())
    }

    pub(super) fn kind(&self) -> Option<ServiceKind> {
        let starts = match self.name() {
            Some("quarkus") => framework::makes_quarkus(self.module),
            Some("spring-boot") => self.own.iter().any(|file| file.application.is_some()),
            // A library may be for servers, and try itself.
            Some("jetty") => self.module.main.is_some(),
            _ => self.main().is_some(),
        };
        if !starts {
            return None;
        }
        [
            ServiceKind::Web,
            ServiceKind::Worker,
            ServiceKind::Scheduler,
        ]
        .into_iter()
        .find(|kind| self.sign(*kind).is_some())
    }

    /// What says that it is of a kind.
    pub(super) fn sign(&self, kind: ServiceKind) -> Option<Evidence> {
        match kind {
            ServiceKind::Web => {
                let listen = || self.own.iter().flat_map(|file| &file.listens).next();
                let known = self.framework.as_ref();
                let web = known.and_then(|known| known.web.clone());
                // An engine of Ktor that its own configuration starts.
                let engine = || {
                    let told = self.module.main.as_ref()?;
                    told.0
                        .starts_with("io.ktor.server.")
                        .then(|| told.1.clone())
                };
                web.or_else(|| listen().map(|listen| listen.at.clone()))
                    .or_else(engine)
            }
            ServiceKind::Worker => self.files.iter().find_map(|file| file.listener.clone()),
            ServiceKind::Scheduler => self.files.iter().find_map(|file| file.scheduled.clone()),
            ServiceKind::Job | ServiceKind::Static => None,
        }
    }

    pub(super) fn sureness(&self) -> Confidence {
        if self.framework.is_some() {
            Confidence::Certain
        } else {
            Confidence::Likely
        }
    }

    /// Where it first requires something whose name begins as one of `signs` and that runs in
    /// production.
    pub(super) fn requires(&self, signs: &[&str]) -> Option<&Evidence> {
        let mut used = self.requirements.iter().filter(|one| !one.development);
        used.find(|one| signs.iter().any(|sign| one.name.starts_with(sign)))
            .map(|one| &one.declared)
    }

    /// What holds in production under the first of `keys` that is set.
    pub(super) fn value(&self, keys: &[&str]) -> Option<&str> {
        keys.iter()
            .find_map(|key| self.settings.get(key, self.active()))
            .map(|one| one.value.as_str())
    }

    pub(super) fn start(&self) -> Option<framework::Start> {
        let main = self.main().map(|(class, _)| class);
        let packaging = self.value(&["quarkus.package.jar.type", "quarkus.package.type"]);
        let uber_jar = packaging == Some("uber-jar");
        framework::start(self.module, self.name(), main.as_deref(), uber_jar)
    }

    /// The route that tells whether it is well.
    pub(super) fn health(&self) -> Option<Fact<String>> {
        let context = self
            .value(&["server.servlet.context-path", "spring.webflux.base-path"])
            .filter(|path| !path.contains("${"))
            .map(|path| path.trim_end_matches('/'))
            .unwrap_or_default();
        let secured = self
            .requires(&["org.springframework.boot:spring-boot-starter-security"])
            .is_some();
        match self.name() {
            Some("spring-boot") => {
                let own_port = self.value(&["management.server.port"]);
                let actuator =
                    self.requires(&["org.springframework.boot:spring-boot-starter-actuator"]);
                if let Some(at) = actuator.filter(|_| own_port.is_none()) {
                    let base = self
                        .value(&["management.endpoints.web.base-path"])
                        .unwrap_or("/actuator");
                    let base = base.trim_end_matches('/');
                    let fact = Fact::likely(format!("{context}{base}/health"), at.clone());
                    return Some(if secured {
                        fact.because(
                            "Actuator answers there, if Spring Security lets everybody ask",
                        )
                    } else {
                        fact.because("Actuator answers there")
                    });
                }
            }
            Some("quarkus") => {
                if let Some(at) = self.requires(&["io.quarkus:quarkus-smallrye-health"]) {
                    let root = self.value(&["quarkus.http.root-path"]).unwrap_or("/");
                    let route = format!("{}/q/health/live", root.trim_end_matches('/'));
                    let fact = Fact::likely(route, at.clone());
                    return Some(fact.because("SmallRye Health answers there"));
                }
            }
            Some("micronaut") => {
                let own_port = self.value(&["endpoints.all.port", "endpoints.health.port"]);
                let management = self.requires(&["io.micronaut:micronaut-management"]);
                if let Some(at) = management.filter(|_| own_port.is_none()) {
                    let fact = Fact::likely("/health".to_owned(), at.clone());
                    return Some(fact.because("the management endpoints answer there"));
                }
            }
            _ => {}
        }
        let routes = self.own.iter().flat_map(|file| &file.health);
        serving::health(routes.map(|(route, at)| (format!("{context}{route}"), at)))
    }
}
