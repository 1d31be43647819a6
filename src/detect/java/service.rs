//! Puts together what the applications of one build are.

use super::application::{Application, Sources};
use super::module::Module;
use super::settings::{self, Setting};
use super::{manager, variables, version};
use crate::detect::compiled::Compiled;
use crate::detect::serving::{self, Listen};
use crate::detect::{Found, Tree, existing, unknown, variable};
use crate::project::{
    ComposeFile, ComposeService, Confidence, Dockerfile, EnvRole, EnvVar, Evidence, Existing, Fact,
    Finding, LintCommand, Port, ServerInterface, Service, ServiceKind, Severity, TestCommand,
};

/// Where the applications of a build are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) sources: &'a Sources<'a>,
    /// The modules of one build, with the commands that test and check all of it.
    pub(super) build: &'a [&'a Module],
    pub(super) test: &'a Option<Fact<TestCommand>>,
    pub(super) lint: &'a [Fact<LintCommand>],
    /// Whether there is no other build.
    pub(super) alone: bool,
}

impl Search<'_> {
    pub(super) fn services(&self, found: &mut Found) -> Vec<Service> {
        let compiled = self.build.iter().filter(|module| module.compiles);
        let applications: Vec<Application> = compiled
            .map(|module| {
                let mut application = Application::of(module, self.sources);
                application.profile = self.profile(&application);
                application
            })
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
            found.findings.extend(undecided(application));
            if kind == ServiceKind::Web {
                self.serve(application, &mut service, servers == 1, found);
            }
            services.push(service);
        }
        services
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
        let inside = |one: &&Setting| {
            let mut engines = ["h2:", "hsqldb:", "derby:"].iter();
            engines.any(|engine| one.value.contains(engine))
        };
        let base = ["spring.datasource.url", "spring.r2dbc.url"]
            .iter()
            .find_map(|key| application.settings.get(key, None))
            .filter(|one| !inside(one));
        let is_named = |one: &&&Setting| {
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
        let manifests = module.manifests.iter();
        service.manifest_includes = manifests
            .filter(|path| **path != module.manifest)
            .cloned()
            .collect();
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
        service.test.clone_from(self.test);
        service.lint = self.lint.to_vec();
        service.env = self.env(application, &images);
        service.migration = application.migration(self.tree);
        application.keeps(&mut service);
        application.single(&mut service);
        service
    }

    fn env(&self, application: &Application, images: &[&Dockerfile]) -> Vec<EnvVar> {
        let mut found = variables::find(self.tree, application);
        let composed = self.composed(application.module);
        variable::set(
            &mut found,
            images.iter().flat_map(|image| &image.env),
            composed.iter().flat_map(|(_, one)| &one.settings),
        );
        if application.name() == Some("spring-boot")
            && let Some((name, at)) = &application.profile
        {
            let variable = "SPRING_PROFILES_ACTIVE";
            found.retain(|one| one.name != variable);
            found.push(variables::profile(variable, name, at.clone()));
        }
        variables::add_addresses(application, &mut found);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
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
            variable::listens_by(&mut service.env, known.moved_by, EnvRole::ListenPort, at);
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

/// Says that several classes start and that the build names none of them.
fn undecided(application: &Application) -> Option<Finding> {
    let marked = application.marked();
    if marked.len() < 2 || application.main().is_some() {
        return None;
    }
    let classes: Vec<&str> = marked.iter().map(|(class, _)| class.as_str()).collect();
    let manifest = &application.module.manifest;
    Some(Finding {
        id: "several-main-classes",
        severity: Severity::Warning,
        message: format!(
            "{} start, and {manifest} does not say which one the archive starts",
            classes.join(" and ")
        ),
        evidence: marked.iter().map(|(_, at)| at.clone()).collect(),
        mend: format!("name one in {manifest}: `mainClass` of Spring Boot's plugin"),
    })
}
