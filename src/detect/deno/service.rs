//! Puts together what a project of Deno runs, or that others import it.

use super::command::{self, Started};
use super::manifest::Task;
use super::project::Project;
use super::told::{self, Told};
use super::{checks, version};
use crate::detect::variable::{self, Engines};
use crate::detect::{Found, client, existing, javascript, serving, single};
use crate::project::{
    BackingKind, Confidence, EnvVar, Evidence, Fact, Library, PackageManager, Port, RelPath,
    Requirement, ServerInterface, Service, ServiceKind, Sought,
};

/// Frameworks by what is imported, best known first.
const FRAMEWORKS: &[(&str, &[&str])] = &[
    ("fresh", &["fresh", "@fresh/core"]),
    ("oak", &["@oak/oak", "oak"]),
    ("hono", &["hono", "@hono/hono"]),
    ("express", &["express"]),
    ("fastify", &["fastify"]),
    ("koa", &["koa"]),
];

/// What Deno and the image set themselves.
const OWN: &[&str] = &[
    "DENO_DIR",
    "DENO_DEPLOYMENT_ID",
    "DENO_REGION",
    "NODE_ENV",
    "CI",
    "LANG",
];

/// Where the image keeps what Deno caches.
const KEPT: &str = "/deno-dir/location_data";

impl Project<'_> {
    /// What runs of it, and what is said of it.
    pub(super) fn add_to(&self, found: &mut Found) {
        let told = told::of(self);
        let production = command::production(self.manifest, &self.images);
        let developed = command::development(self.manifest);
        // What others import, or Node.js runs, is started by a task or an image, or not by Deno.
        let imported = self.manifest.document.get("exports").is_some();
        let is_other = imported || self.path("package.json").is_some();
        let custom = || {
            let task = developed.as_ref().map(|(_, task)| *task);
            (!is_other).then(|| self.by_custom(task))?
        };
        let started = production.or_else(custom);
        let is_served = started.as_ref().is_some_and(Started::serves)
            || !told.listens.is_empty()
            || self.fresh().is_some();
        match started {
            Some(started) if is_served || told.cron.is_some() || self.is_deployed() => {
                let service = self.service(&started, &told, is_served, developed);
                found.services.push(service);
            }
            _ if imported => {
                found.libraries.push(self.library());
            }
            _ if self.is_tool() && found.services.is_empty() && !self.manifest.workspace => {
                found.libraries.push(self.library());
            }
            _ => {}
        }
    }

    fn is_deployed(&self) -> bool {
        self.images.iter().any(|image| image.cmd.is_some())
    }

    /// Whether it is a program, and no settings of an editor alone.
    fn is_tool(&self) -> bool {
        let mut names = ["main.ts", "mod.ts", "cli.ts", "main.js"].iter();
        names.any(|name| self.path(name).is_some()) && self.path("package.json").is_none()
    }

    fn fresh(&self) -> Option<&Requirement> {
        let (_, names) = FRAMEWORKS[0];
        names
            .iter()
            .find_map(|name| self.manifest.needs(name).or_else(|| self.home.needs(name)))
    }

    /// The first file that is called as one that starts, with what a task for developers may do.
    fn by_custom(&self, task: Option<&Task>) -> Option<Started> {
        let names = [
            "main.ts",
            "main.tsx",
            "server.ts",
            "app.ts",
            "src/main.ts",
            "src/server.ts",
            "main.js",
            "server.js",
        ];
        let (entry, path) = names
            .iter()
            .find_map(|name| Some(((*name).to_owned(), self.path(name)?)))?;
        let started = task.and_then(|task| command::of_task(self.manifest, task, 4));
        let allowed = started.map(|started| started.words).unwrap_or_default();
        let allowed = allowed.into_iter().filter(|word| {
            word.starts_with("--allow") || word.starts_with("--unstable") || word == "-A"
        });
        let mut words = vec!["deno".to_owned(), "run".to_owned()];
        words.extend(allowed);
        if words.len() == 2 {
            words.push("-A".to_owned());
        }
        words.push(entry.clone());
        Some(Started {
            words,
            entry,
            at: Evidence::file(path),
        })
    }

    fn service(
        &self,
        started: &Started,
        told: &Told,
        is_served: bool,
        developed: Option<(String, &Task)>,
    ) -> Service {
        let manifest = self.manifest;
        let at = Evidence::file(manifest.path.clone());
        let kind = match (is_served, &told.cron) {
            (true, _) => Fact::certain(ServiceKind::Web, started.at.clone()),
            (false, Some(cron)) => Fact::certain(ServiceKind::Scheduler, cron.clone()),
            (false, None) => Fact::likely(ServiceKind::Worker, started.at.clone()),
        };
        let name = match kind.value {
            ServiceKind::Web => "web",
            ServiceKind::Scheduler => "scheduler",
            _ => "worker",
        };
        let folder = Fact::certain(manifest.root.clone(), at.clone());
        let mut service = Service::new(name, "deno", manifest.root.clone(), kind, folder);
        service.requirements = self.requirements(told);
        service.framework = FRAMEWORKS.iter().find_map(|(name, packages)| {
            let mut all = service.requirements.iter();
            let one = all.find(|one| packages.contains(&one.name.as_str()))?;
            Some(Fact::certain((*name).to_owned(), one.declared.clone()))
        });
        service.entry = Some(Fact::certain(
            started.entry.trim_start_matches("./").to_owned(),
            started.at.clone(),
        ));
        service.interface = Some(Fact::certain(ServerInterface::Own, started.at.clone()));
        service.package_manager = Some(self.manager());
        service.manifest = Some(Fact::certain(manifest.path.clone(), at));
        service.lock = self
            .lock
            .clone()
            .map(|path| Fact::certain(path.clone(), Evidence::file(path)));
        service.manifest_includes = self.includes();
        service.runtime_version = version::find(self);
        service.sources = vec![self.home.root.clone()];
        let sure = if started.at.line == 0 {
            Confidence::Likely
        } else {
            Confidence::Certain
        };
        let mut command = Fact::new(started.command(), sure, vec![started.at.clone()]);
        if started.serves() {
            command = command.because("on the address and port of the container");
        }
        service.server_command = Some(command);
        service.dev_command =
            developed.map(|(command, task)| Fact::certain(command, task.at.clone()));
        service.build = self.build(started);
        service.env = self.env();
        if is_served {
            service.port = self.port(started, told);
            service.health =
                serving::health(told.health.iter().map(|(route, at)| (route.clone(), at)));
        }
        for name in ["static", "public"] {
            if let Some(folder) = self.path(name) {
                let fact = Fact::likely(folder.clone(), Evidence::file(folder));
                service
                    .static_dirs
                    .push(fact.because("what lies there is handed out by custom"));
            }
        }
        self.kept(told, &mut service);
        service.test = checks::test(self);
        service.lint = checks::lint(self);
        service
    }

    fn requirements(&self, told: &Told) -> Vec<Requirement> {
        let mut all = self.manifest.requirements.clone();
        let more = self.home.requirements.iter().chain(&told.imports);
        for one in more {
            if all.iter().all(|known| known.name != one.name) {
                all.push(one.clone());
            }
        }
        all
    }

    pub(super) fn manager(&self) -> Fact<PackageManager> {
        let mut fact = Fact::certain(
            PackageManager::Deno,
            Evidence::file(self.manifest.path.clone()),
        );
        fact.evidence.extend(self.lock.clone().map(Evidence::file));
        fact
    }

    /// Files that an installation reads beside manifest and lock.
    fn includes(&self) -> Vec<RelPath> {
        let mut found: Vec<RelPath> = self
            .manifest
            .map
            .iter()
            .chain(&self.home.map)
            .cloned()
            .collect();
        found.extend(
            self.members
                .iter()
                .filter(|path| **path != self.manifest.path)
                .cloned(),
        );
        found.extend(self.path("package.json"));
        found.sort();
        found.dedup();
        found
    }

    /// The task that makes what is started, where that is not in the tree.
    fn build(&self, started: &Started) -> Option<Fact<String>> {
        let task = self.manifest.task("build")?;
        let made = self.path(&started.entry).is_none();
        (made || self.fresh().is_some())
            .then(|| Fact::certain("deno task build".to_owned(), task.at.clone()))
    }

    fn env(&self) -> Vec<EnvVar> {
        let engines = Engines::of(|kind: BackingKind| {
            let mut all = self
                .manifest
                .requirements
                .iter()
                .chain(&self.home.requirements);
            all.any(|one| client::of_deno(&one.name) == Some(Sought::Backing(kind)))
        });
        let mut all = javascript::variables(self.tree, &self.files);
        let root = &self.manifest.root;
        let composed = existing::own_services(self.existing, root, None, self.alone);
        existing::add_passed(&composed, &mut all);
        let mut found = variable::for_program(all, OWN, engines);
        existing::set(&mut found, self.existing, &self.images, root, self.alone);
        found
    }

    /// The port: as the command says, as the code has it, as an image exposes it, as Deno does.
    fn port(&self, started: &Started, told: &Told) -> Option<Fact<Port>> {
        let mut claims: Vec<(Port, Evidence)> = Vec::new();
        let option = started.option("--port").and_then(|text| text.parse().ok());
        claims.extend(
            option
                .and_then(Port::new)
                .map(|port| (port, started.at.clone())),
        );
        if !started.serves() {
            claims.extend(
                told.listens
                    .iter()
                    .filter_map(|(port, at)| Some(((*port)?, at.clone())))
                    .take(1),
            );
        }
        let is_told = !claims.is_empty();
        let exposed = self.images.iter().flat_map(|image| &image.exposed);
        claims.extend(exposed.filter(|(port, _)| port.get() >= 1024).cloned());
        let sure = if is_told {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        let fact = Fact::first_of(sure, claims);
        fact.or_else(|| {
            Some(Fact::guess(
                Port::new(8000)?,
                "Deno listens there unless it is told otherwise",
            ))
        })
    }

    /// The database of Deno, which is a file unless it is one of Deno Deploy, and what runs at times.
    fn kept(&self, told: &Told, service: &mut Service) {
        if let Some((file, at)) = &told.kept {
            let folder = file
                .as_deref()
                .filter(|file| *file != ":memory:" && !file.starts_with('/'));
            let folder = folder.and_then(|file| Some(self.manifest.root.join(file).ok()?.parent()));
            match (file.as_deref(), folder) {
                (Some(":memory:"), _) => return,
                (_, Some(folder)) if folder != self.manifest.root => {
                    service.writable.push(Fact::certain(folder, at.clone()));
                }
                _ => service
                    .volumes
                    .push(Fact::likely(KEPT.to_owned(), at.clone())),
            }
            service.single = Some(single::sqlite(at));
        }
        if let Some(at) = &told.cron {
            let clock = || single::scheduler(at);
            service.single.get_or_insert_with(clock);
        }
    }

    /// Others import it: nothing of it runs as a container.
    fn library(&self) -> Library {
        Library {
            name: match self.manifest.text(self.tree, "name") {
                Some((name, at)) => Fact::certain(name, at),
                None => Fact::guess(
                    self.manifest.root.file_name().to_owned(),
                    "the name of its folder",
                ),
            },
            root: self.manifest.root.clone(),
            ecosystem: "deno",
            framework: None,
            package_manager: Some(self.manager()),
            runtime_version: version::find(self),
            test: checks::test(self),
            lint: checks::lint(self),
            build: None,
        }
    }
}
