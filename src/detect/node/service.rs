//! Puts together what one package of Node.js is.

use super::checks::Checks;
use super::command::{self, Commands, Started};
use super::framework::{self, Framework, Gives, Shown};
use super::manager::Managed;
use super::manifest::Package;
use super::{configuration, health, in_image, migration, output, source, version};
use crate::detect::variable::Engines;
use crate::detect::{Tree, existing, naming, serving, single};
use crate::project::{
    ComposeFile, ComposeService, Confidence, Dockerfile, Evidence, Existing, Fact, Port, RelPath,
    ServerInterface, Service, ServiceKind,
};

/// Everything that the services of one package share.
pub(super) struct Surroundings<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a Package,
    /// What is installed with it, itself included.
    pub(super) members: &'a [&'a Package],
    pub(super) managed: &'a Managed,
    pub(super) files: &'a [RelPath],
    /// Where the files listen.
    pub(super) listening: &'a [source::Listening],
    pub(super) images: &'a [&'a Dockerfile],
    pub(super) existing: &'a Existing,
    /// Whether it is the only package of the tree.
    pub(super) alone: bool,
    /// Whether something else is served from the same folder, or builds it into its own image.
    pub(super) served: bool,
    /// Whether anything else of the tree runs.
    pub(super) beside: bool,
}

/// Dockerfiles that speak of the package in `root`, nearest first.
pub(super) fn images<'e>(
    present: &'e Existing,
    root: &RelPath,
    alone: bool,
) -> Vec<&'e Dockerfile> {
    let mut found: Vec<&Dockerfile> = present
        .dockerfiles
        .iter()
        .filter(|file| {
            // `docker/Dockerfile` of the only package, but not one of a proxy beside it.
            let below = || {
                file.runtime.is_some()
                    || command::is_started(file)
                    || file
                        .copied
                        .iter()
                        .any(|copied| copied.excerpt.contains("package.json"))
            };
            existing::is_about(file, root, alone) || alone && file.path.is_within(root) && below()
        })
        .filter(|file| file.runtime.as_ref().is_none_or(|(name, _)| name == "node"))
        .collect();
    existing::nearest_first(&mut found, root);
    found
}

impl Surroundings<'_> {
    /// The services of the package: what serves, and what runs beside it.
    pub(super) fn services(&self) -> Vec<Service> {
        let commands = Commands {
            tree: self.tree,
            package: self.package,
            manager: self.managed.manager.value,
            images: self.images,
        };
        let mut found = Vec::new();
        found.extend(self.main(&commands));
        for (name, clock, started) in commands.beside() {
            found.push(self.worker(&name, clock, &started));
        }
        found
    }

    /// What answers HTTP: a server, or files that are built.
    fn main(&self, commands: &Commands<'_>) -> Option<Service> {
        if let Some(shown) = framework::whole(self.package) {
            if shown.0.name == "next"
                && let Some((_, at)) = self.exported()
            {
                return self.site(commands, shown, "out", Some(at));
            }
            let started = commands.start();
            return Some(self.server(commands, Some(shown), started.as_ref()));
        }
        let library = framework::library(self.package);
        let started = commands.start().filter(|started| {
            // A start script of something else than a server serves nothing.
            library.is_some() || (started.file.is_some() && !self.listening.is_empty())
        });
        let started = started.or_else(|| commands.file().filter(|_| library.is_some()));
        if let Some(started) = started {
            return Some(self.server(commands, library, Some(&started)));
        }
        // A server whose start only a developer's tool knows.
        if let Some(shown) = library
            && framework::builder(self.package).is_none()
            && !self.listening.is_empty()
            && self.package.script("start").is_some()
        {
            return Some(self.server(commands, Some(shown), None));
        }
        let shown = framework::builder(self.package)?;
        if self.served || shown.0.name == "docusaurus" && self.beside {
            return None;
        }
        let Gives::Files { output } = shown.0.gives else {
            return None;
        };
        self.site(commands, shown, output, None)
    }

    /// `output: "export"` of Next: files, and no server.
    fn exported(&self) -> Option<(String, Evidence)> {
        let path = configuration::find(self.tree, &self.package.root, "next.config")?;
        configuration::setting(self.tree, &path, "output").filter(|(value, _)| value == "export")
    }

    fn server(
        &self,
        commands: &Commands<'_>,
        shown: Option<Shown<'_>>,
        started: Option<&Started>,
    ) -> Service {
        let at = match (&shown, started) {
            (Some((_, requirement)), _) => requirement.declared.clone(),
            (None, Some(started)) => started.at.clone(),
            (None, None) => Evidence::file(self.package.path.clone()),
        };
        let kind = Fact::certain(ServiceKind::Web, at.clone());
        let mut service = self.service("web", kind);
        service.framework = shown
            .as_ref()
            .map(|(framework, _)| Fact::certain(framework.name.to_owned(), at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, at.clone()));
        let usual = shown
            .as_ref()
            .and_then(|(framework, _)| match framework.gives {
                Gives::Server { port, start } => Some((framework.name, port, start)),
                Gives::Files { .. } => None,
            });
        service.build = self.checks().build();
        match (started, usual) {
            (Some(started), _) => {
                service.server_command = Some(Fact::certain(
                    with_port(&started.command, started),
                    started.at.clone(),
                ));
                let entry = started
                    .file
                    .clone()
                    .unwrap_or_else(|| started.command.clone());
                service.entry = Some(Fact::certain(entry, started.at.clone()));
            }
            (None, Some((name, _, Some(start)))) => {
                let fact = Fact::likely(start.to_owned(), at.clone())
                    .because(format!("how {name} starts what it has built"));
                service.entry = Some(fact.clone());
                service.server_command = Some(fact);
            }
            _ => {}
        }
        if let Some((command, at)) = commands.development() {
            service.dev_command = Some(Fact::certain(command, at));
        }
        service.port = self.port(started, usual.map(|(name, port, _)| (name, port)));
        service.health = self.health(shown.as_ref().map(|(framework, _)| framework.name));
        service.migration = migration::Search {
            tree: self.tree,
            package: self.package,
            members: self.members,
            manager: self.managed.manager.value,
        }
        .find();
        let command = service.migration.as_ref();
        let command = command.and_then(|fact| fact.value.command.as_deref());
        service.migration_in_image = command.map(|command| {
            let search = in_image::Search {
                tree: self.tree,
                package: self.package,
                manager: self.managed.manager.value,
            };
            search.of(command)
        });
        self.writes(&mut service);
        existing::volumes::find(self.tree, self.images, &self.composed(), &mut service);
        service
    }

    /// Files that a build makes and a web server hands out.
    fn site(
        &self,
        commands: &Commands<'_>,
        shown: Shown<'_>,
        usual: &str,
        because: Option<Evidence>,
    ) -> Option<Service> {
        let (framework, requirement) = shown;
        let build = self.checks().build()?;
        // Vite also builds libraries; those have no page.
        let page = self.package.root.join("index.html").ok();
        if matches!(framework.name, "vite" | "parcel")
            && !page.is_some_and(|page| self.tree.has(&page))
            && !self
                .files
                .iter()
                .any(|path| path.file_name() == "index.html")
        {
            return None;
        }
        let at = because.unwrap_or_else(|| requirement.declared.clone());
        let kind = Fact::certain(ServiceKind::Static, at.clone())
            .because("its build makes files, and nothing in it serves them");
        let mut service = self.service("site", kind);
        service.framework = Some(Fact::certain(
            framework.name.to_owned(),
            requirement.declared.clone(),
        ));
        service.build = Some(build);
        service.output = self.output(framework, usual);
        if let Some((command, at)) = commands.development() {
            service.dev_command = Some(Fact::certain(command, at));
        }
        service.port = Port::new(8080).map(|port| {
            Fact::guess(
                port,
                "the port that web servers without root rights use by custom",
            )
        });
        service.health = Some(
            Fact::likely("/".to_owned(), requirement.declared.clone())
                .because("the first page of the site"),
        );
        Some(service)
    }

    /// The folder that a build makes, relative to the repository.
    fn output(&self, framework: &Framework, usual: &str) -> Option<Fact<RelPath>> {
        let told = output::configured(self.tree, self.package, framework.program(), &[]);
        told.into_iter().next().or_else(|| {
            Some(Fact::guess(
                self.package.root.join(usual).ok()?,
                format!("where {} puts it by default", framework.name),
            ))
        })
    }

    /// What a script or a Procfile starts beside the server.
    fn worker(&self, name: &str, clock: bool, started: &Started) -> Service {
        let kind = if clock {
            ServiceKind::Scheduler
        } else {
            ServiceKind::Worker
        };
        let mut service = self.service(name, Fact::certain(kind, started.at.clone()));
        let queue = [
            "bullmq",
            "bull",
            "bee-queue",
            "agenda",
            "graphile-worker",
            "pg-boss",
        ]
        .iter()
        .find_map(|name| self.package.runtime(name));
        service.framework = queue.map(|one| Fact::certain(one.name.clone(), one.declared.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, started.at.clone()));
        service.server_command = Some(Fact::certain(started.command.clone(), started.at.clone()));
        let entry = started
            .file
            .clone()
            .unwrap_or_else(|| started.command.clone());
        service.entry = Some(Fact::certain(entry, started.at.clone()));
        if clock {
            service.single = Some(single::scheduler(&started.at));
        }
        service
    }

    fn port(&self, started: Option<&Started>, usual: Option<(&str, u16)>) -> Option<Fact<Port>> {
        let mut claims: Vec<(Port, Evidence)> = self
            .images
            .iter()
            .flat_map(|image| image.exposed.iter().cloned())
            .collect();
        if let Some(started) = started
            && let Some(port) = started.port.and_then(Port::new)
        {
            claims.push((port, started.at.clone()));
        }
        let composed = self.composed();
        claims.extend(
            composed
                .into_iter()
                .filter_map(|(file, service)| existing::published(self.tree, file, service)),
        );
        let listening = self.listening.iter().cloned();
        let mut listening: Vec<(Port, Evidence)> = listening
            .filter_map(|(port, at)| Some((port?, at)))
            .collect();
        // The file that is started goes before others that listen.
        let first = started
            .and_then(|started| started.file.as_deref())
            .and_then(|file| self.package.root.join(file).ok());
        listening.sort_by_key(|(_, at)| (Some(&at.file) != first.as_ref(), at.file.depth()));
        claims.extend(listening);
        let Some(mut fact) = Fact::first_of(Confidence::Certain, claims) else {
            if let Some((port, at)) = source::configured(self.tree, self.files) {
                let fact = Fact::likely(port, at);
                return Some(fact.because("what the configuration that comes with it says"));
            }
            let (name, port) = usual?;
            return Some(Fact::guess(
                Port::new(port)?,
                format!("{name}'s usual port"),
            ));
        };
        if !fact.against.is_empty() {
            fact = fact.because(
                "EXPOSE goes before the command, that before compose files, those before the file that it starts and other sources",
            );
        }
        Some(fact)
    }

    /// The entries of compose files that run the package: by its folder, its name, or its image.
    pub(super) fn composed(&self) -> Vec<(&ComposeFile, &ComposeService)> {
        let mut found = existing::own_services(
            self.existing,
            &self.package.root,
            self.package.called(),
            self.alone,
        );
        let is_of_image = |entry: &ComposeService| {
            entry.build.as_ref().is_some_and(|context| {
                let usual = context.join("Dockerfile").ok();
                let path = entry.dockerfile.as_ref().or(usual.as_ref());
                self.images.iter().any(|image| Some(&image.path) == path)
            })
        };
        for file in &self.existing.compose_files {
            for entry in file.services.iter().filter(|entry| is_of_image(entry)) {
                if !found.iter().any(|(_, known)| std::ptr::eq(*known, entry)) {
                    found.push((file, entry));
                }
            }
        }
        found
    }

    fn health(&self, framework: Option<&str>) -> Option<Fact<String>> {
        let checks = self
            .images
            .iter()
            .filter_map(|image| image.healthcheck.as_ref());
        let composed = self.composed();
        let checks = checks.chain(
            composed
                .iter()
                .filter_map(|(_, one)| one.healthcheck.as_ref()),
        );
        let asked = serving::asked(checks);
        asked.or_else(|| {
            let (path, at) = health::find(self.tree, self.package, self.files)?;
            let of_nest = framework == Some("nestjs");
            let before = |read: fn(&Tree, &[RelPath]) -> Option<String>| {
                of_nest.then(|| read(self.tree, self.files)).flatten()
            };
            let prefixes: Vec<String> = [before(health::global_prefix), before(health::version)]
                .into_iter()
                .flatten()
                .map(|prefix| format!("/{}", prefix.trim_matches('/')))
                .collect();
            if prefixes.is_empty() {
                return Some(Fact::certain(path, at));
            }
            let whole = format!("{}{path}", prefixes.concat());
            Some(Fact::likely(whole, at).because("below the prefix of all routes"))
        })
    }

    fn writes(&self, service: &mut Service) {
        if let Some(framework) = service.framework.clone()
            && framework.value == "next"
            && let Ok(cache) = self.package.root.join(".next/cache")
        {
            let mut fact = framework.map(|_| cache);
            fact.confidence = Confidence::Likely;
            service
                .writable
                .push(fact.because("Next keeps images and pages there that it made"));
        }
        for (folder, at) in source::uploads(self.tree, self.files) {
            let Ok(path) = self.package.root.join(folder.trim_start_matches("./")) else {
                continue;
            };
            service.single.get_or_insert_with(|| single::uploads(&at));
            if service.writable.iter().all(|known| known.value != path) {
                service.writable.push(Fact::certain(path, at));
            }
        }
    }

    /// A service with everything that does not depend on its kind.
    pub(super) fn service(&self, name: &str, kind: Fact<ServiceKind>) -> Service {
        let package = self.package;
        let folder = naming::sanitised(package.root.file_name());
        let named = match (folder, name) {
            (None, name) => name.to_owned(),
            (Some(folder), "web" | "site") => folder,
            (Some(folder), name) => format!("{folder}-{name}"),
        };
        let working_dir = Fact::certain(package.root.clone(), Evidence::file(package.path.clone()))
            .because("where its package.json lies");
        let mut service = Service::new(named, "node", package.root.clone(), kind, working_dir);
        service.package_manager = Some(self.managed.manager.clone());
        service.manifest = Some(Fact::certain(
            package.path.clone(),
            Evidence::file(package.path.clone()),
        ));
        service.manifest_includes.clone_from(&self.managed.includes);
        service.lock = self
            .managed
            .lock
            .clone()
            .map(|lock| Fact::certain(lock.clone(), Evidence::file(lock)));
        service.requirements.clone_from(&package.requirements);
        let home = &self.managed.home;
        service.runtime_version = version::find(self.tree, package, home, self.images);
        service.sources = vec![home.clone()];
        service.env = self.env();
        let checks = self.checks();
        service.test = checks.test();
        service.lint = checks.lint();
        for (name, debian) in [
            ("prisma", "openssl"),
            ("@prisma/client", "openssl"),
            ("puppeteer", "chromium"),
        ] {
            if let Some(requirement) = package.any(name)
                && service
                    .system_packages
                    .iter()
                    .all(|known| known.value != debian)
            {
                service.system_packages.push(
                    Fact::likely(debian.to_owned(), requirement.declared.clone())
                        .because(format!("{name} needs it")),
                );
            }
        }
        let search = migration::Search {
            tree: self.tree,
            package,
            members: self.members,
            manager: self.managed.manager.value,
        };
        let engine = search.engine();
        if let Some((Some(sign), _)) = &engine {
            service.signs.push(sign.clone());
        }
        let file = package
            .runtime("better-sqlite3")
            .or_else(|| package.runtime("sqlite3"))
            .map(|one| one.declared.clone())
            .filter(|_| !Engines::of(|kind| self.speaks_to(kind)).has_database());
        let file = match engine {
            Some((None, at)) => file.or(Some(at)),
            _ => file,
        };
        if let Some(at) = file {
            service.single = Some(single::sqlite(&at));
        }
        service
    }

    /// What checks the package.
    pub(super) fn checks(&self) -> Checks<'_> {
        Checks {
            tree: self.tree,
            package: self.package,
            outer: self.outer(),
            members: self.members,
            manager: self.managed.manager.value,
        }
    }

    /// The manifest of the workspace that the package is a member of.
    fn outer(&self) -> Option<&Package> {
        let of_workspace = |member: &&&Package| member.root == self.managed.home;
        let outer = self.members.iter().find(of_workspace)?;
        (outer.path != self.package.path).then_some(*outer)
    }
}

/// A command with `{port}` where it names its port.
fn with_port(command: &str, started: &Started) -> String {
    let Some(port) = started.port.map(|port| port.to_string()) else {
        return command.to_owned();
    };
    command
        .split(' ')
        .map(|word| {
            if word == port {
                "{port}".to_owned()
            } else if let Some(front) = word.strip_suffix(&format!("={port}")) {
                format!("{front}={{port}}")
            } else {
                word.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}
