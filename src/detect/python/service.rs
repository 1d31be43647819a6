//! Puts together what one application of a project is.

use super::application::Application;
use super::code::Code;
use super::manifest::Package;
use super::mention::{Mention, dockerfiles};
use super::place::Place;
use super::secret::Engines;
use super::{distribution, environment, health, port, role, server, version};
use crate::project::{
    Confidence, Evidence, Existing, Fact, RelPath, Service, ServiceKind,
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
    pub(super) fn web(&self, application: &Application) -> Service {
        let place = &application.place;
        let mut service = self.service(
            "web",
            Fact::certain(ServiceKind::Web, application.framework_at.clone()),
            place,
            std::slice::from_ref(&application.file),
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
        service.port = Some(port::find(
            self.code,
            self.existing,
            &self.package.root,
            self.alone,
            self.mentions,
            &self.port_files(application),
            application.framework,
        ));
        let files = self.reach(place, std::slice::from_ref(&application.file));
        service.health = health::find(self.code, &files, place);
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
        let working_dir = self.working_dir(place);
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
        let files = self.reach(place, starts);
        service.env = environment::find(self.code, &files, self.engines());
        service
    }

    fn working_dir(&self, place: &Place) -> Fact<RelPath> {
        let root = &self.package.root;
        let source = root.join("src").ok();
        if place.base == *root || Some(&place.base) == source.as_ref() || root.is_within(&place.base) {
            return Fact::guess(root.clone(), "the folder of the manifest");
        }
        Fact::guess(
            place.base.clone(),
            "the folder that the application's imports start at",
        )
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
