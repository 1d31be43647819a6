//! Puts together what one application of a project is.

mod worker;

use super::application::Application;
use super::code::Code;
use super::commands::{compose_services, dockerfiles};
use super::django::Django;
use super::manifest::Package;
use super::mention::Mention;
use super::place::Place;
use super::program::Program;
use super::syntax::{Kind, each_expression};
use super::{
    capacity, distribution, environment, files, health, migration, port, role, server, sign, start,
    version,
};
use crate::detect::debian;
use crate::detect::existing::volumes;
use crate::detect::variable::Engines;
use crate::project::{
    BackingKind, Confidence, Dockerfile, EnvRole, EnvVar, Evidence, Existing, Fact, Port, RelPath,
    ServerInterface, Service, ServiceKind, Sought,
};
use std::collections::BTreeSet;

/// Everything that the services of one project share.
pub(super) struct Surroundings<'a, 't> {
    pub(super) code: &'a Code<'t>,
    pub(super) existing: &'a Existing,
    pub(super) package: &'a Package,
    /// Whether it is the only project of the tree.
    pub(super) alone: bool,
    pub(super) mentions: &'a [Mention],
    /// Files of the project that may belong to an application.
    pub(super) files: &'a [RelPath],
}

impl Surroundings<'_, '_> {
    /// The service that serves a web application.
    pub(super) fn web(
        &self,
        application: &Application,
        django: Option<&Django>,
    ) -> (Service, BTreeSet<RelPath>) {
        let place = &application.place;
        let files = self.reach(place, &Self::starts(&application.file, django));
        let kind = Fact::certain(ServiceKind::Web, application.framework_at.clone());
        let mut service = self.service("web", kind, place, Some(&application.file), &files);
        let framework = application.framework.map_or("", |framework| framework.name);
        service.framework = application.framework.map(|framework| {
            Fact::certain(framework.name.to_owned(), application.framework_at.clone())
        });
        let mut entry = Fact::certain(application.entry.clone(), application.entry_at.clone());
        entry.evidence.extend(application.mention.clone());
        service.entry = Some(entry);
        service.entry_is_factory = application.factory;
        service.interface = Some(Fact::certain(
            application.interface,
            application.framework_at.clone(),
        ));
        let server = server::choose(self.package, self.mentions, application);
        service.server_command = Some(server.command);
        service.dev_command = Some(server.development);
        service.add_server = server.added;
        if application.interface == ServerInterface::Wsgi {
            service.capacity = capacity::find(self.code, self.package, self.mentions);
        }
        if framework == "aiohttp"
            && service.add_server.is_some()
            && let Some((file, at)) = self.runs_app(application)
        {
            let command = format!("python {}", file.relative_to(&service.working_dir.value));
            service.server_command = Some(
                Fact::certain(command.clone(), at.clone())
                    .because("the program starts aiohttp's own server"),
            );
            service.dev_command = Some(Fact::certain(command, at));
            service.add_server = None;
        }
        service.port = self.port(
            &self.port_files(&application.file),
            &service,
            application
                .framework
                .map_or(("the server", 8000), |one| (one.name, one.port)),
        );
        let urls = django.and_then(|django| django.urls.as_ref());
        service.health = health::find(self.code, &files, place, urls);
        if service
            .health
            .as_ref()
            .is_none_or(|fact| fact.confidence != Confidence::Certain)
            && let Some(asked) = self.asked()
        {
            service.health = Some(asked);
        }
        service.migration = migration::Search {
            code: self.code,
            package: self.package,
            mentions: self.mentions,
            django,
            entry: &application.entry,
            working_dir: &service.working_dir.value,
        }
        .find();
        files::fill(self.code, self.package, place, &files, &mut service);
        let images = dockerfiles(self.existing, &self.package.root, self.alone);
        volumes::find(self.code.tree, &images, &[], &mut service);
        if let Some(django) = django {
            settings_variable(&mut service, django);
        }
        (service, files)
    }

    /// The path that a health check of the repository's own asks for.
    fn asked(&self) -> Option<Fact<String>> {
        let of_images = dockerfiles(self.existing, &self.package.root, self.alone)
            .into_iter()
            .filter_map(|file| file.healthcheck.as_ref());
        let of_compose = compose_services(self.existing, self.package, self.alone)
            .into_iter()
            .filter_map(|(_, service)| service.healthcheck.as_ref());
        of_images.chain(of_compose).find_map(|check| {
            let (path, script) = match url_path(&check.excerpt) {
                Some(path) => (path, None),
                None => self.asked_by_script(&check.excerpt)?,
            };
            let mut fact = Fact::certain(path, check.clone())
                .because("a health check of the repository asks for it");
            fact.evidence.extend(script);
            Some(fact)
        })
    }

    /// The path that a Python script of the tree asks for, where a health check runs that.
    fn asked_by_script(&self, command: &str) -> Option<(String, Option<Evidence>)> {
        let words: Vec<&str> = command
            .split(|c: char| c.is_whitespace() || "'\"".contains(c))
            .collect();
        let module = words
            .iter()
            .position(|word| *word == "-m")
            .and_then(|at| words.get(at + 1))
            .map(|dotted| format!("{}.py", dotted.replace('.', "/")));
        let named = words
            .iter()
            .filter(|word| word.ends_with(".py"))
            .map(|word| (*word).to_owned())
            .chain(module);
        let file = named
            .flat_map(|path| {
                // The place in the image is another one than in the tree.
                let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
                (0..parts.len())
                    .filter_map(|from| self.package.root.join(&parts[from..].join("/")).ok())
                    .collect::<Vec<_>>()
            })
            .find(|path| self.code.tree.has(path))?;
        let module = self.code.module(&file)?;
        let mut found = None;
        each_expression(&module.body, &mut |expr| {
            if let Kind::Str(text) | Kind::Template(text, _) = &expr.kind
                && let Some(path) = url_path(text)
            {
                found.get_or_insert((path, module.at(expr.line)));
            }
        });
        let (path, at) = found?;
        Some((path, Some(at)))
    }

    /// The file that hands an aiohttp application to `run_app`.
    fn runs_app(&self, application: &Application) -> Option<(RelPath, Evidence)> {
        let mut candidates: Vec<&RelPath> = self
            .files
            .iter()
            .filter(|path| {
                self.code
                    .tree
                    .text(path)
                    .is_some_and(|text| text.contains("run_app("))
            })
            .collect();
        candidates.sort_by_key(|path| (**path != application.file, path.depth()));
        candidates.into_iter().find_map(|path| {
            let module = self.code.module(path)?;
            let mut line = None;
            each_expression(&module.body, &mut |expr| {
                if let Some((function, _)) = expr.call()
                    && function.last_name() == Some("run_app")
                {
                    line.get_or_insert(expr.line);
                }
            });
            Some((path.clone(), module.at(line?)))
        })
    }

    /// A program that opens its own port.
    pub(super) fn program(&self, program: &Program) -> (Service, BTreeSet<RelPath>) {
        let files = self.reach(&program.place, std::slice::from_ref(&program.file));
        let kind = Fact::certain(ServiceKind::Web, program.at.clone());
        let mut service = self.service("web", kind, &program.place, Some(&program.file), &files);
        service.framework = Some(Fact::certain(
            program.kindred.name.to_owned(),
            program.at.clone(),
        ));
        let file = program.file.relative_to(&service.working_dir.value);
        let mut entry = Fact::certain(file.clone(), program.at.clone());
        entry.evidence.extend(program.mention.clone());
        service.entry = Some(entry);
        service.interface = Some(Fact::certain(ServerInterface::Own, program.at.clone()));
        let command = program.command.replace("{file}", &file);
        let mut fact = Fact::likely(command.clone(), program.at.clone())
            .because(format!("how {} is started", program.kindred.name));
        fact.evidence.extend(program.mention.clone());
        service.dev_command = Some(Fact::certain(command, program.at.clone()));
        service.server_command = Some(fact);
        if let Some((address, port)) = program.kindred.address {
            for (name, role) in [(address, EnvRole::ListenHost), (port, EnvRole::ListenPort)] {
                if service.env.iter().all(|known| known.name != name) {
                    service
                        .env
                        .push(EnvVar::plain(name, role, program.at.clone()));
                }
            }
            service.env.sort_by(|a, b| a.name.cmp(&b.name));
        }
        service.port = self.port(
            &self.port_files(&program.file),
            &service,
            (program.kindred.name, program.kindred.port),
        );
        service.health = program.kindred.health.map(|path| {
            Fact::likely(path.to_owned(), program.at.clone())
                .because(format!("{} answers it", program.kindred.name))
        });
        files::fill(
            self.code,
            self.package,
            &program.place,
            &files,
            &mut service,
        );
        (service, files)
    }

    fn port(&self, files: &[RelPath], service: &Service, usual: (&str, u16)) -> Option<Fact<Port>> {
        port::Search {
            code: self.code,
            existing: self.existing,
            package: self.package,
            alone: self.alone,
            mentions: self.mentions,
            files,
            env: &service.env,
            usual,
        }
        .find()
    }

    fn starts(file: &RelPath, django: Option<&Django>) -> Vec<RelPath> {
        let mut starts = vec![file.clone()];
        starts.extend(
            django
                .into_iter()
                .flat_map(|django| django.loaded.iter().cloned()),
        );
        starts
    }

    fn port_files(&self, start: &RelPath) -> Vec<RelPath> {
        let mut files = vec![start.clone()];
        files.extend(
            self.files
                .iter()
                .filter(|path| {
                    *path != start
                        && (path.file_name() == "__main__.py"
                            || path.parent() == start.parent()
                            || path.parent() == self.package.root)
                })
                .cloned(),
        );
        files
    }

    /// Files that run with the entry: what it imports, and its package.
    pub(super) fn reach(&self, place: &Place, starts: &[RelPath]) -> BTreeSet<RelPath> {
        let mut files = self.code.reach(starts, &place.roots).files;
        let tops: BTreeSet<RelPath> = starts
            .iter()
            .filter_map(|start| top_package(self.code, start))
            .collect();
        if !tops.is_empty() {
            let more: Vec<RelPath> = self
                .files
                .iter()
                .filter(|path| tops.iter().any(|top| path.is_within(top)))
                .cloned()
                .collect();
            files.extend(self.code.reach(&more, &place.roots).files);
        }
        files.retain(|path| !role::is_test(path));
        files
    }

    /// A service with everything that does not depend on its kind.
    pub(super) fn service(
        &self,
        name: &str,
        kind: Fact<ServiceKind>,
        place: &Place,
        start: Option<&RelPath>,
        files: &BTreeSet<RelPath>,
    ) -> Service {
        let package = self.package;
        let working_dir = start::working_dir(self, place, files);
        let mut service = Service::new(name, "python", package.root.clone(), kind, working_dir);
        service.package_manager.clone_from(&package.manager);
        service.manifest.clone_from(&package.manifest);
        service.manifest_includes.clone_from(&package.includes);
        service.manifest_also.clone_from(&package.also);
        service.lock.clone_from(&package.lock);
        service.requirements.clone_from(&package.requirements);
        service.runtime_version = version::find(self.code, self.existing, package, self.alone);
        self.system_packages(&mut service);
        service.import_roots = start::import_roots(self, place, &service.working_dir.value, files);
        service.env = environment::find(self.code, files, place, start, self.engines());
        let images = dockerfiles(self.existing, &package.root, self.alone);
        let composed = compose_services(self.existing, package, self.alone);
        crate::detect::variable::set(
            &mut service.env,
            images.iter().take(1).flat_map(|file| &file.env),
            composed.iter().flat_map(|(_, service)| &service.settings),
        );
        service.signs = if service.kind.value == ServiceKind::Web {
            // What no import leads to is the web service's, where anybody's.
            let all: BTreeSet<&RelPath> = files.iter().chain(self.files).collect();
            sign::find(self.code, all)
        } else {
            sign::find(self.code, files)
        };
        service
    }

    fn system_packages(&self, service: &mut Service) {
        for requirement in self.package.requirements.iter().filter(|r| !r.development) {
            if requirement.is_from_git() {
                let fact = Fact::likely("git".to_owned(), requirement.declared.clone());
                let why = format!("{} is fetched by it", requirement.name);
                service.build_packages.push(fact.because(why));
            }
            for system in distribution::SYSTEM
                .iter()
                .filter(|system| system.name == requirement.name)
            {
                let fact = |name: &&str| {
                    Fact::likely((*name).to_owned(), requirement.declared.clone())
                        .because(format!("{} needs it", requirement.name))
                };
                service.system_packages.extend(system.run.iter().map(fact));
                service.build_packages.extend(system.build.iter().map(fact));
            }
        }
        let files = dockerfiles(self.existing, &self.package.root, self.alone);
        let deployed = |file: &&Dockerfile| !crate::detect::existing::is_for_developers(file);
        let is_deployed = files.iter().any(deployed);
        for file in files.iter().filter(|file| !is_deployed || deployed(file)) {
            let alpine = file
                .from
                .as_ref()
                .is_some_and(|from| from.excerpt.contains("alpine"));
            for evidence in &file.system_packages {
                let Some(name) = debian::debian(&evidence.excerpt, alpine) else {
                    continue;
                };
                service.system_packages.push(Fact::new(
                    name.to_owned(),
                    Confidence::Likely,
                    vec![evidence.clone()],
                ));
            }
        }
        unique(&mut service.system_packages);
        unique(&mut service.build_packages);
    }

    pub(super) fn engines(&self) -> Engines {
        let has = |names: &[&str]| {
            names
                .iter()
                .any(|name| self.package.runtime(name).is_some())
        };
        Engines {
            postgres: has(&[
                "psycopg2",
                "psycopg2-binary",
                "psycopg",
                "psycopg-binary",
                "pg8000",
                "asyncpg",
            ]),
            mysql: has(&[
                "pymysql",
                "mysqlclient",
                "mysql-connector-python",
                "aiomysql",
                "asyncmy",
            ]),
            mongodb: has(&["pymongo", "motor", "mongoengine", "beanie"]),
            async_postgres: has(&["asyncpg"]) && has(&["sqlalchemy", "sqlmodel"]),
            redis: self.package.requirements.iter().any(|requirement| {
                !requirement.development
                    && crate::detect::client::of_package(requirement)
                        == Some(Sought::Backing(BackingKind::Redis))
            }),
            s3: has(&[
                "boto3",
                "aioboto3",
                "minio",
                "s3fs",
                "aiobotocore",
                "django-storages",
            ]),
        }
    }
}

fn settings_variable(service: &mut Service, django: &Django) {
    service
        .env
        .retain(|variable| variable.name != "DJANGO_SETTINGS_MODULE");
    service.env.push(django.variable());
    service.env.sort_by(|a, b| a.name.cmp(&b.name));
}

/// The path of the first URL in a command; None where a variable stands in it.
fn url_path(command: &str) -> Option<String> {
    let (_, rest) = command
        .split_once("http://")
        .or_else(|| command.split_once("https://"))?;
    let end = rest
        .find(|c: char| c.is_whitespace() || "'\"|;&)?".contains(c))
        .unwrap_or(rest.len());
    let (_, path) = rest[..end].split_once('/')?;
    (!path.is_empty() && !path.contains('$')).then(|| format!("/{path}"))
}

fn unique(facts: &mut Vec<Fact<String>>) {
    let mut seen = BTreeSet::new();
    facts.retain(|fact| seen.insert(fact.value.clone()));
}

/// The outermost folder with an `__init__.py` above a file.
fn top_package(code: &Code<'_>, file: &RelPath) -> Option<RelPath> {
    let is_package = |folder: &RelPath| {
        folder
            .join("__init__.py")
            .is_ok_and(|path| code.tree.has(&path))
    };
    let mut folder = file.parent();
    if folder.is_root() || !is_package(&folder) {
        return None;
    }
    while !folder.parent().is_root() && is_package(&folder.parent()) {
        folder = folder.parent();
    }
    Some(folder)
}
