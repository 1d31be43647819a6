//! Puts together what one application of a project is.

use super::application::Application;
use super::code::Code;
use super::manifest::Package;
use super::mention::{Mention, dockerfiles};
use super::place::Place;
use super::secret::Engines;
use super::celery::Celery;
use super::django::Django;
use super::script::Script;
use super::{distribution, environment, files, health, migration, port, role, server, start, version};
use crate::project::{
    Confidence, Evidence, Existing, Fact, RelPath, ServerInterface, Service, ServiceKind,
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
        let mut service = self.service(
            "web",
            Fact::certain(ServiceKind::Web, application.framework_at.clone()),
            place,
            &self.starts(application, django),
        );
        service.framework = Some(Fact::certain(
            application.framework.to_owned(),
            application.framework_at.clone(),
        ));
        let mut entry = Fact::certain(application.entry.clone(), application.entry_at.clone());
        entry.evidence.extend(application.mention.clone());
        service.entry = Some(entry);
        service.entry_is_factory = application.factory;
        service.interface = Some(Fact::certain(
            application.interface,
            application.framework_at.clone(),
        ));
        let server = server::choose(
            self.package,
            self.mentions,
            application.framework,
            application.interface,
            &application.entry,
            application.factory,
        );
        service.server_command = Some(server.command);
        service.dev_command = Some(server.development);
        service.add_server = server.added;
        service.port = port::find(
            self.code,
            self.existing,
            &self.package.root,
            self.alone,
            self.mentions,
            &self.port_files(application),
            application.framework,
        );
        let starts = self.starts(application, django);
        let files = self.reach(place, &starts);
        service.health = health::find(self.code, &files, place, &application.file);
        service.migration = migration::find(
            self.code,
            self.package,
            application.framework,
            Some(&application.entry),
        );
        files::fill(self.code, self.package, place, &files, &mut service);
        if let Some(django) = django {
            settings_variable(&mut service, django);
        }
        (service, files)
    }

    fn starts(&self, application: &Application, django: Option<&Django>) -> Vec<RelPath> {
        let mut starts = vec![application.file.clone()];
        starts.extend(django.into_iter().flat_map(|django| django.loaded.iter().cloned()));
        starts
    }

    /// The worker of a Celery application, and its beat where there is a schedule.
    pub(super) fn celery(&self, celery: &Celery, django: Option<&Django>) -> Vec<Service> {
        let mut starts = vec![celery.file.clone()];
        starts.extend(django.into_iter().flat_map(|django| django.loaded.iter().cloned()));
        let mut kinds = vec![(
            "worker",
            Fact::certain(ServiceKind::Worker, celery.at.clone()),
            format!("celery -A {} worker --loglevel INFO", celery.name),
        )];
        if let Some(beat) = &celery.beat {
            kinds.push((
                "beat",
                Fact::certain(ServiceKind::Scheduler, beat.clone()),
                format!("celery -A {} beat --loglevel INFO --schedule /tmp/celerybeat-schedule", celery.name),
            ));
        }
        kinds
            .into_iter()
            .map(|(name, kind, command)| {
                let scheduler = kind.value == ServiceKind::Scheduler;
                let mut service = self.service(name, kind, &celery.place, &starts);
                service.framework = Some(Fact::certain("celery".to_owned(), celery.at.clone()));
                service.entry = Some(Fact::certain(celery.name.clone(), celery.at.clone()));
                service.interface = Some(Fact::certain(ServerInterface::Own, celery.at.clone()));
                service.server_command = Some(Fact::certain(command.clone(), celery.at.clone()));
                service.dev_command = Some(Fact::certain(command, celery.at.clone()));
                let files = self.reach(&celery.place, &starts);
                files::fill(self.code, self.package, &celery.place, &files, &mut service);
                if !scheduler {
                    // The web service answers for uploads; workers may be many.
                    service.single = service.single.filter(|single| single.value.reason == "sqlite");
                }
                if scheduler {
                    service.single = None;
                    if let Some(beat) = &celery.beat {
                        files::single(
                            &mut service,
                            "scheduler",
                            "two schedulers would start every task twice",
                            beat.clone(),
                        );
                    }
                }
                if let Some(django) = django {
                    settings_variable(&mut service, django);
                }
                service
            })
            .collect()
    }

    /// A main program that serves nothing.
    pub(super) fn script(&self, script: &Script) -> Service {
        let name = match script.file.stem() {
            "__main__" => script.file.parent().file_name().to_owned(),
            stem => stem.to_owned(),
        };
        let starts = std::slice::from_ref(&script.file);
        let mut service = self.service(&name, script.kind.clone(), &script.place, starts);
        service.framework = script
            .framework
            .as_ref()
            .map(|(name, at)| Fact::certain((*name).to_owned(), at.clone()));
        let working_dir = service.working_dir.value.clone();
        let path = script.file.relative_to(&working_dir);
        service.entry = Some(Fact::certain(path.clone(), script.at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, script.at.clone()));
        let command = if script.file.file_name() == "__main__.py" {
            script
                .place
                .dotted(&script.file)
                .and_then(|name| name.strip_suffix(".__main__").map(str::to_owned))
                .map_or_else(|| format!("python {path}"), |name| format!("python -m {name}"))
        } else {
            format!("python {path}")
        };
        service.server_command = Some(Fact::certain(command.clone(), script.at.clone()));
        service.dev_command = Some(Fact::certain(command, script.at.clone()));
        let files = self.reach(&script.place, starts);
        files::fill(self.code, self.package, &script.place, &files, &mut service);
        if script.kind.value == ServiceKind::Scheduler {
            service.single = None;
            let at = script.kind.evidence.first().unwrap_or(&script.at).clone();
            files::single(
                &mut service,
                "scheduler",
                "two of them would do every job twice",
                at,
            );
        }
        service
    }

    fn port_files(&self, application: &Application) -> Vec<RelPath> {
        let mut files = vec![application.file.clone()];
        files.extend(
            self.files
                .iter()
                .filter(|path| {
                    **path != application.file
                        && (path.file_name() == "__main__.py"
                            || path.parent() == application.file.parent()
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
        starts: &[RelPath],
    ) -> Service {
        let package = self.package;
        let files = self.reach(place, starts);
        let working_dir = start::working_dir(self, place, &files);
        let mut service = Service::new(
            name,
            "python",
            package.root.clone(),
            kind,
            working_dir,
        );
        service.package_manager.clone_from(&package.manager);
        service.manifest.clone_from(&package.manifest);
        service.manifest_includes.clone_from(&package.includes);
        service.lock.clone_from(&package.lock);
        service.requirements.clone_from(&package.requirements);
        service.runtime_version = version::find(self.code, self.existing, package, self.alone);
        self.system_packages(&mut service);
        service.import_roots = start::import_roots(self, place, &service.working_dir.value, &files);
        service.env = environment::find(self.code, &files, self.engines());
        service
    }

    fn system_packages(&self, service: &mut Service) {
        for requirement in self.package.requirements.iter().filter(|r| !r.development) {
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
        for file in dockerfiles(self.existing, &self.package.root, self.alone) {
            for evidence in &file.system_packages {
                if !distribution::is_build_tool(&evidence.excerpt) {
                    service.system_packages.push(Fact::new(
                        evidence.excerpt.clone(),
                        Confidence::Likely,
                        vec![Evidence::new(evidence.file.clone(), evidence.line, &evidence.excerpt)],
                    ));
                }
            }
        }
        unique(&mut service.system_packages);
        unique(&mut service.build_packages);
    }

    pub(super) fn engines(&self) -> Engines {
        let has = |names: &[&str]| names.iter().any(|name| self.package.runtime(name).is_some());
        Engines {
            postgres: has(&["psycopg2", "psycopg2-binary", "psycopg", "psycopg-binary", "pg8000", "asyncpg"]),
            mysql: has(&["pymysql", "mysqlclient", "mysql-connector-python", "aiomysql", "asyncmy"]),
            mongodb: has(&["pymongo", "motor", "mongoengine", "beanie"]),
            async_postgres: has(&["asyncpg"]) && has(&["sqlalchemy", "sqlmodel"]),
        }
    }
}

fn settings_variable(service: &mut Service, django: &Django) {
    service.env.retain(|variable| variable.name != "DJANGO_SETTINGS_MODULE");
    service.env.push(django.variable());
    service.env.sort_by(|a, b| a.name.cmp(&b.name));
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
