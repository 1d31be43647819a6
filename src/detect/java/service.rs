//! Puts together what the applications of one build are.

use super::framework::{self, Framework};
use super::module::Module;
use super::settings::{self, Settings};
use super::source::{self, File};
use super::{is_source, lint, manager, migration, test, variables, version};
use crate::detect::compiled::{self, Compiled};
use crate::detect::serving::{self, Listen};
use crate::detect::variable::{self, Engines};
use crate::detect::{Found, Tree, client, existing, unknown};
use crate::project::{
    BackingKind, ComposeFile, ComposeService, Confidence, Dockerfile, EnvRole, EnvVar, Evidence,
    Existing, Fact, Port, RelPath, Requirement, ServerInterface, Service, ServiceKind, Single,
    Sought,
};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Where the applications of a build are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    /// The modules of one build.
    pub(super) build: &'a [&'a Module],
    /// Whether there is no other build.
    pub(super) alone: bool,
}

/// One module that may be an application.
struct Application<'a> {
    module: &'a Module,
    /// The modules that it is made with, its own first.
    modules: Vec<&'a Module>,
    requirements: Vec<&'a Requirement>,
    framework: Option<Framework>,
    /// Of its own folder and of those that it is made with.
    files: Vec<&'a File>,
    /// Of its own folder alone.
    own: Vec<&'a File>,
    settings: Settings,
    /// The profile that its configuration has for production.
    profile: Option<(String, Evidence)>,
    engines: Engines,
}

impl Search<'_> {
    pub(super) fn services(&self, found: &mut Found) -> Vec<Service> {
        let files = self.files();
        let applications: Vec<Application> = self
            .build
            .iter()
            .filter(|module| module.compiles)
            .map(|module| self.application(module, &files))
            .collect();
        let kinds: Vec<Option<ServiceKind>> = applications.iter().map(Application::kind).collect();
        let servers = kinds
            .iter()
            .filter(|kind| **kind == Some(ServiceKind::Web))
            .count();
        let mut services = Vec::new();
        for (application, kind) in applications.iter().zip(kinds) {
            let Some(kind) = kind else { continue };
            let mut service = self.service(application, kind, servers == 1);
            if kind == ServiceKind::Web {
                self.serve(application, &mut service, servers == 1, found);
            }
            services.push(service);
        }
        services
    }

    /// Every source of the build that says something, sorted by path.
    fn files(&self) -> Vec<File> {
        let Some(home) = self.build.first().map(|module| &module.home) else {
            return Vec::new();
        };
        let paths: Vec<&RelPath> = self
            .tree
            .with_extension("java")
            .chain(self.tree.with_extension("kt"))
            .filter(|path| path.is_within(home) && is_source(path))
            .collect();
        let mut files: Vec<File> = paths
            .par_iter()
            .filter_map(|path| source::read(self.tree, path))
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The module of the build that a file belongs to.
    fn owner(&self, path: &RelPath) -> Option<&RelPath> {
        let roots = self.build.iter().map(|module| &module.root);
        roots
            .filter(|root| path.is_within(root))
            .max_by_key(|root| root.depth())
    }

    fn application<'s>(&'s self, module: &'s Module, files: &'s [File]) -> Application<'s> {
        let mut modules = vec![module];
        let mut next = 0;
        while let Some(one) = modules.get(next) {
            for root in &one.uses {
                let used = self.build.iter().find(|other| other.root == *root);
                if let Some(used) = used
                    && !modules.iter().any(|known| known.root == used.root)
                {
                    modules.push(used);
                }
            }
            next += 1;
        }
        let mut requirements: Vec<&Requirement> = Vec::new();
        for one in modules.iter().flat_map(|module| &module.requirements) {
            let same = |known: &&&Requirement| {
                known.name == one.name && known.development == one.development
            };
            if requirements.iter().find(same).is_none() {
                requirements.push(one);
            }
        }
        let roots: Vec<&RelPath> = modules.iter().map(|module| &module.root).collect();
        let of = |all: &[&RelPath]| {
            let owned = files.iter().filter(|file| {
                self.owner(&file.path)
                    .is_some_and(|owner| all.contains(&owner))
            });
            owned.collect::<Vec<&File>>()
        };
        let settings = Settings::read(self.tree, &roots);
        let speaks_to = |kind: BackingKind| {
            let mut used = requirements.iter().filter(|one| !one.development);
            used.any(|one| client::of_maven(&one.name) == Some(Sought::Backing(kind)))
        };
        let engines = Engines::of(speaks_to);
        let framework = framework::of(module, &requirements);
        let mut application = Application {
            module,
            framework,
            files: of(&roots),
            own: of(&[&module.root]),
            modules,
            requirements,
            settings,
            profile: None,
            engines,
        };
        application.profile = self.profile(&application);
        application
    }

    /// The profile that is active in production: what an image or a compose file of the repository sets,
    /// then the one that production is called by, then that of the database.
    fn profile(&self, application: &Application) -> Option<(String, Evidence)> {
        let key = "SPRING_PROFILES_ACTIVE=";
        let images = self.images(application.module);
        let in_images = images.iter().flat_map(|image| &image.env);
        let composed = self.composed(application.module);
        let in_files = composed.iter().flat_map(|(_, one)| &one.settings);
        let told = in_images
            .chain(in_files)
            .find(|at| at.excerpt.starts_with(key) && !at.excerpt.contains('$'));
        if let Some(at) = told {
            return Some((at.excerpt[key.len()..].to_owned(), at.clone()));
        }
        if let Some(one) = application.settings.production() {
            return Some((one.profile.clone()?, Evidence::file(one.at.file.clone())));
        }
        let engines = application.engines;
        let names: &[&str] = if engines.postgres {
            &["postgres", "postgresql"]
        } else if engines.mysql {
            &["mysql", "mariadb"]
        } else {
            &[]
        };
        let inside = |one: &&settings::Setting| {
            let mut engines = ["h2:", "hsqldb:", "derby:"].iter();
            engines.any(|engine| one.value.contains(engine))
        };
        let base = ["spring.datasource.url", "spring.r2dbc.url"]
            .iter()
            .find_map(|key| application.settings.get(key, None))
            .filter(|one| !inside(one));
        let is_named = |one: &&settings::Setting| {
            one.profile
                .as_deref()
                .is_some_and(|name| names.contains(&name))
        };
        let one = application
            .settings
            .all
            .iter()
            .find(is_named)
            .filter(|_| base.is_none())?;
        Some((one.profile.clone()?, Evidence::file(one.at.file.clone())))
    }

    fn compiled<'m>(&self, module: &'m Module) -> Compiled<'m> {
        Compiled {
            runtime: "java",
            name: &module.name,
            root: &module.home,
            folder: &module.root,
            alone: self.alone,
            single: self.build.iter().filter(|one| one.compiles).count() == 1,
        }
    }

    /// Dockerfiles of the module, nearest first.
    fn images(&self, module: &Module) -> Vec<&Dockerfile> {
        self.compiled(module).images(self.existing)
    }

    /// The services of compose files that run the module.
    fn composed(&self, module: &Module) -> Vec<(&ComposeFile, &ComposeService)> {
        let compiled = self.compiled(module);
        let alone = compiled.alone && compiled.single;
        existing::own_services(self.existing, &module.root, Some(&module.name), alone)
    }

    /// A service with everything that does not depend on what it does.
    fn service(&self, application: &Application, kind: ServiceKind, only: bool) -> Service {
        let module = application.module;
        let main = application.main();
        let at = main
            .as_ref()
            .map_or_else(|| module.at.clone(), |(_, at)| at.clone());
        let name = self.compiled(module).service(kind, only);
        let sure = Fact::new(
            kind,
            application.sureness(),
            vec![application.sign(kind).unwrap_or_else(|| at.clone())],
        );
        let working_dir = Fact::likely(module.home.clone(), module.at.clone())
            .because("paths of an application are relative to where it is started, here the folder of the build");
        let mut service = Service::new(name, "java", module.home.clone(), sure, working_dir);
        service.entry = main
            .as_ref()
            .map(|(class, at)| Fact::certain(class.clone(), at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, at.clone()));
        service.framework = application
            .framework
            .as_ref()
            .map(|known| Fact::certain(known.name.to_owned(), known.at.clone()));
        if let Some(start) = application.start() {
            service.build = Some(Fact::certain(start.build, module.at.clone()));
            let command = Fact::new(start.command, Confidence::Certain, vec![module.at.clone()]);
            service.server_command = Some(if start.is_known {
                command
            } else {
                let mut command = command.because(
                    "the build alone knows what the jar is called; an image copies it to this name",
                );
                command.confidence = Confidence::Likely;
                command
            });
        }
        service.package_manager = Some(manager(module));
        let manifest = Evidence::file(module.manifest.clone());
        service.manifest = Some(Fact::certain(module.manifest.clone(), manifest));
        service.manifest_includes.clone_from(&module.manifests);
        service
            .manifest_includes
            .retain(|path| *path != module.manifest);
        let lock = module.lock.clone();
        service.lock = lock.map(|path| Fact::certain(path.clone(), Evidence::file(path)));
        service.requirements = application
            .requirements
            .iter()
            .map(|one| (*one).clone())
            .collect();
        let images = self.images(module);
        service.runtime_version = version::find(self.tree, self.existing, module, &images);
        service.sources = vec![module.home.clone()];
        service.test = test(self.tree, self.build);
        service.lint = lint(self.build);
        service.env = self.env(application, &images);
        self.migration(application, &mut service);
        application.keeps(&mut service);
        application.single(&mut service);
        service
    }

    fn env(&self, application: &Application, images: &[&Dockerfile]) -> Vec<EnvVar> {
        let framework = application.framework.as_ref().map(|known| known.name);
        let profile = application.active();
        let mut found = variables::find(
            self.tree,
            &application.files,
            &application.settings,
            profile,
            framework,
            application.engines,
        );
        let composed = self.composed(application.module);
        variable::set(
            &mut found,
            images.iter().flat_map(|image| &image.env),
            composed.iter().flat_map(|(_, one)| &one.settings),
        );
        if framework == Some("spring-boot")
            && let Some((name, at)) = &application.profile
        {
            let variable = "SPRING_PROFILES_ACTIVE";
            found.retain(|one| one.name != variable);
            found.push(variables::profile(variable, name, at.clone()));
        }
        application.add_addresses(&mut found);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    fn migration(&self, application: &Application, service: &mut Service) {
        let roots: Vec<&RelPath> = application
            .modules
            .iter()
            .map(|module| &module.root)
            .collect();
        service.migration = migration::Search {
            tree: self.tree,
            module: application.module,
            roots: &roots,
            requirements: &application.requirements,
            settings: &application.settings,
            profile: application.active(),
        }
        .find();
    }

    /// What only a server has.
    fn serve(
        &self,
        application: &Application,
        service: &mut Service,
        only: bool,
        found: &mut Found,
    ) {
        let listens: Vec<&Listen> = application
            .own
            .iter()
            .flat_map(|file| &file.listens)
            .collect();
        service.port = self.port(application, &listens, only);
        if service.port.is_none() {
            let looked_at = [
                "application.properties and application.yml",
                "Dockerfile EXPOSE",
                "the calls that listen",
            ];
            found.unknown.push(unknown::of(service, "port", &looked_at));
        }
        service.health = application.health();
        // The framework lets it go before every configuration.
        let movable = application
            .framework
            .as_ref()
            .filter(|known| !known.moved_by.is_empty());
        let is_moved = |one: &EnvVar| one.role == Some(EnvRole::ListenPort);
        if let (Some(known), Some(port)) = (movable, &service.port)
            && !service.env.iter().any(is_moved)
            && let Some(at) = port.evidence.first()
        {
            let variable = EnvVar::plain(known.moved_by, EnvRole::ListenPort, at.clone());
            service.env.push(variable);
            service.env.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let mend = "listen on 0.0.0.0, or take the host from a variable";
        found
            .findings
            .extend(serving::on_loopback(&listens, &service.name, mend));
    }

    fn port(
        &self,
        application: &Application,
        listens: &[&Listen],
        only: bool,
    ) -> Option<Fact<Port>> {
        let mut claims: Vec<(Port, Evidence)> = Vec::new();
        if let Some(known) = &application.framework {
            let setting = application
                .settings
                .get(known.port_key, application.active());
            claims.extend(setting.and_then(settings::port));
        }
        let kept = |name: &str| {
            let mut files = application.own.iter();
            files.find_map(|file| file.ports.get(name).cloned())
        };
        claims.extend(serving::ports(listens, kept));
        let sure = !claims.is_empty();
        let module = application.module;
        let published = self
            .composed(module)
            .into_iter()
            .find_map(|(file, service)| existing::published(self.tree, file, service));
        claims.extend(published.filter(|_| !sure));
        let images = self.images(module);
        let near = |image: &&&Dockerfile| {
            // Every new project of Quarkus comes with images for its default port.
            !image.path.as_str().contains("src/main/docker/")
                && (only
                    || image.path.parent() == module.root
                    || image.path.file_name().contains(&module.name))
        };
        let exposed = images
            .iter()
            .filter(near)
            .flat_map(|image| image.exposed.iter().cloned());
        // Where the configuration says it, an image only follows.
        claims.extend(exposed.filter(|_| !sure));
        if let Some(fact) = Fact::first_of(Confidence::Certain, claims) {
            return Some(if fact.against.is_empty() {
                fact
            } else {
                fact.because("the configuration goes before the first call that listens, that before what a compose file publishes, and that before EXPOSE")
            });
        }
        let known = application
            .framework
            .as_ref()
            .filter(|known| known.port > 0)?;
        let fact = Fact::likely(Port::new(known.port)?, known.at.clone());
        Some(fact.because(format!(
            "{} listens there where nothing says otherwise",
            known.name
        )))
    }
}

impl Application<'_> {
    fn active(&self) -> Option<&str> {
        match &self.profile {
            // Of several the first one counts.
            Some((name, _)) => name.split(',').next().map(str::trim),
            None => Some("prod"),
        }
    }

    fn name(&self) -> Option<&'static str> {
        self.framework.as_ref().map(|known| known.name)
    }

    /// The class that starts: the marked one, the one that the build names, the one that listens, the
    /// only one.
    fn main(&self) -> Option<(String, Evidence)> {
        let marked = self.own.iter().find(|file| file.application.is_some());
        if let Some(main) = marked.and_then(|file| file.main.clone()) {
            return Some(main);
        }
        if let Some(told) = &self.module.main {
            return Some(told.clone());
        }
        if self.name() == Some("quarkus") {
            return None;
        }
        let mains: Vec<&&File> = self.own.iter().filter(|file| file.main.is_some()).collect();
        let listens = mains.iter().find(|file| !file.listens.is_empty());
        let only = mains.first().filter(|_| mains.len() == 1);
        listens.or(only).and_then(|file| file.main.clone())
    }

    fn kind(&self) -> Option<ServiceKind> {
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
    fn sign(&self, kind: ServiceKind) -> Option<Evidence> {
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

    fn sureness(&self) -> Confidence {
        if self.framework.is_some() {
            Confidence::Certain
        } else {
            Confidence::Likely
        }
    }

    fn requires(&self, sign: &str) -> Option<&Evidence> {
        let mut used = self.requirements.iter().filter(|one| !one.development);
        used.find(|one| one.name.starts_with(sign))
            .map(|one| &one.declared)
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.settings
            .get(key, self.active())
            .map(|one| one.value.as_str())
    }

    fn start(&self) -> Option<framework::Start> {
        let main = self.main().map(|(class, _)| class);
        let uber_jar = self.value("quarkus.package.jar.type") == Some("uber-jar")
            || self.value("quarkus.package.type") == Some("uber-jar");
        framework::start(self.module, self.name(), main.as_deref(), uber_jar)
    }

    /// The route that tells whether it is well.
    fn health(&self) -> Option<Fact<String>> {
        let context = ["server.servlet.context-path", "spring.webflux.base-path"]
            .iter()
            .find_map(|key| self.value(key))
            .filter(|path| !path.contains("${"))
            .map(|path| path.trim_end_matches('/'))
            .unwrap_or_default();
        let secured = self
            .requires("org.springframework.boot:spring-boot-starter-security")
            .is_some();
        match self.name() {
            Some("spring-boot") => {
                let own_port = self.value("management.server.port");
                let actuator =
                    self.requires("org.springframework.boot:spring-boot-starter-actuator");
                if let Some(at) = actuator.filter(|_| own_port.is_none()) {
                    let base = self
                        .value("management.endpoints.web.base-path")
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
                if let Some(at) = self.requires("io.quarkus:quarkus-smallrye-health") {
                    let root = self.value("quarkus.http.root-path").unwrap_or("/");
                    let route = format!("{}/q/health/live", root.trim_end_matches('/'));
                    let fact = Fact::likely(route, at.clone());
                    return Some(fact.because("SmallRye Health answers there"));
                }
            }
            Some("micronaut") => {
                let own_port = ["endpoints.all.port", "endpoints.health.port"]
                    .iter()
                    .any(|key| self.value(key).is_some());
                let management = self.requires("io.micronaut:micronaut-management");
                if let Some(at) = management.filter(|_| !own_port) {
                    let fact = Fact::likely("/health".to_owned(), at.clone());
                    return Some(fact.because("the management endpoints answer there"));
                }
            }
            _ => {}
        }
        let routes = self.own.iter().flat_map(|file| &file.health);
        serving::health(routes.map(|(route, at)| (format!("{context}{route}"), at)))
    }

    /// Where nothing says how the services are reached that there are clients for: the variables that go
    /// before every configuration.
    fn add_addresses(&self, known: &mut Vec<EnvVar>) {
        let speaks_to = |kind: BackingKind| {
            let used = self.requirements.iter().filter(|one| !one.development);
            let mut clients =
                used.filter(|one| client::of_maven(&one.name) == Some(Sought::Backing(kind)));
            let reactive = clients.clone().find(|one| one.name.contains("r2dbc"));
            reactive.or_else(|| clients.next())
        };
        // One of two relational databases is taken, as among the services.
        let both = self.engines.postgres && self.engines.mysql;
        for kind in [
            BackingKind::Postgres,
            BackingKind::Mysql,
            BackingKind::Mongodb,
            BackingKind::Redis,
        ] {
            let is_address = |one: &&EnvVar| {
                one.role.is_some_and(|role| {
                    variables::is_address(role) && client::of_role(role) == Some(kind)
                })
            };
            let address = known.iter().find(is_address);
            // A driver may come with a profile of the build.
            let client = speaks_to(kind).map(|one| (one.name.clone(), one.declared.clone()));
            let client =
                client.or_else(|| Some((String::new(), address?.read_at.first()?.clone())));
            let Some((client, at)) = client else {
                continue;
            };
            if both && kind == BackingKind::Mysql && address.is_none() {
                continue;
            }
            let relational = matches!(kind, BackingKind::Postgres | BackingKind::Mysql);
            for (name, role) in variables::addresses(self.name(), kind, &client) {
                // Of a relational database each part counts for itself.
                let is_known = known.iter().filter_map(|one| one.role).any(|other| {
                    let same = role == other
                        || variables::is_address(role) && variables::is_address(other);
                    client::of_role(other) == Some(kind) && (same || !relational)
                });
                if is_known {
                    continue;
                }
                let mut variable = EnvVar::plain(name, role, at.clone());
                variable.secret = name.ends_with("PASSWORD");
                variable::guard(&mut variable);
                known.push(variable);
            }
        }
    }

    /// Folders that it writes to.
    fn keeps(&self, service: &mut Service) {
        let home = &self.module.home;
        let mut found: BTreeSet<RelPath> = BTreeSet::new();
        let mut put = |path: &str, at: &Evidence| {
            let plain = path.trim_start_matches("./");
            if plain.is_empty() || plain.starts_with(['/', '~', '$']) || plain.contains("${") {
                return;
            }
            if let Ok(folder) = home.join(plain.trim_end_matches('/'))
                && folder != *home
                && found.insert(folder.clone())
            {
                service.writable.push(Fact::likely(folder, at.clone()));
            }
        };
        let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        for setting in self.settings.held(self.active()) {
            let value = setting.value.trim();
            let file = value
                .strip_prefix("jdbc:h2:file:")
                .or_else(|| value.strip_prefix("jdbc:sqlite:"))
                .or_else(|| value.strip_prefix("jdbc:hsqldb:file:"));
            if let Some(file) = file.and_then(|file| folder(file.split(';').next()?)) {
                put(&file, &setting.at);
            }
            match setting.key.as_str() {
                "logging.file.path" => put(value, &setting.at),
                "logging.file.name" | "quarkus.log.file.path" => {
                    if let Some(path) = folder(value) {
                        put(&path, &setting.at);
                    }
                }
                "spring.servlet.multipart.location" => put(value, &setting.at),
                _ => {}
            }
        }
        for read in self.files.iter().flat_map(|file| &file.reads) {
            let file = read
                .default
                .as_deref()
                .filter(|text| text.ends_with(".db") || text.ends_with(".sqlite"));
            let at = self
                .files
                .iter()
                .find(|file| file.reads.contains(read))
                .map(|file| Evidence::new(file.path.clone(), read.line, &read.name));
            if let (Some(path), Some(at)) = (file.and_then(folder), at) {
                put(&path, &at);
            }
        }
    }

    /// Why no second one may run.
    fn single(&self, service: &mut Service) {
        let in_file = |text: &str| {
            text.contains("jdbc:h2:file:")
                || text.contains("jdbc:sqlite:")
                || text.contains("jdbc:hsqldb:file:")
        };
        let file = self
            .settings
            .held(self.active())
            .find(|one| in_file(&one.value));
        if let Some(setting) = file.filter(|_| !self.engines.has_database()) {
            service.single = Some(compiled::in_a_file(&setting.at));
            return;
        }
        let sqlite = self
            .requires("org.xerial:sqlite-jdbc")
            .or_else(|| self.requires("io.quarkiverse.jdbc:quarkus-jdbc-sqlite"));
        if let Some(at) = sqlite.filter(|_| !self.engines.has_database()) {
            service.single = Some(compiled::in_a_file(at));
            return;
        }
        let locked = [
            "net.javacrumbs.shedlock:",
            "org.quartz-scheduler:",
            "org.springframework.boot:spring-boot-starter-quartz",
        ]
        .iter()
        .any(|sign| self.requires(sign).is_some());
        let clock = self.files.iter().find_map(|file| file.scheduled.as_ref());
        if let Some(at) = clock.filter(|_| !locked) {
            let single = Single {
                reason: "scheduler",
                message: "methods that a clock calls would run in every container at once"
                    .to_owned(),
            };
            service.single = Some(Fact::likely(single, at.clone()));
        }
    }
}
