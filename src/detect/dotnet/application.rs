//! One project that a container may run: what it is made with, what kind of service it is by that, and how it
//! tells that it is well.

use super::project::Project;
use super::settings::{self, Setting, Settings};
use super::solution::Build;
use super::source::{self, Connection, File, Target};
use crate::detect::beside::beside_or_hidden;
use crate::detect::variable::Engines;
use crate::detect::{Tree, client, compiled, owner, serving};
use crate::project::{
    BackingKind, Confidence, Evidence, Fact, Other, RelPath, Requirement, ServiceKind, Sign, Sought,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What the projects of a tree hold, each read once.
pub(super) struct Sources<'a> {
    /// By their files.
    projects: BTreeMap<&'a RelPath, &'a Project>,
    /// Sources that say something, by the folder of their project, sorted by path.
    files: BTreeMap<&'a RelPath, Vec<File>>,
}

impl<'a> Sources<'a> {
    pub(super) fn read(tree: &Tree, projects: &'a [Project]) -> Self {
        // Tests say nothing of what runs; one may lie in the folder of what it tests.
        let mut read: BTreeMap<&RelPath, bool> = BTreeMap::new();
        for one in projects {
            *read.entry(&one.root).or_default() |= !one.is_beside();
        }
        let paths: Vec<&RelPath> = tree.with_extension("cs").collect();
        let mut all: Vec<(&RelPath, File)> = paths
            .par_iter()
            .filter_map(|path| {
                let (root, _) = owner::nearest(&read, path).filter(|(_, read)| **read)?;
                let below = path.below(root)?.parent();
                let made = matches!(below.as_str().split('/').next(), Some("obj" | "bin"));
                if made || beside_or_hidden(&below) {
                    return None;
                }
                Some((root, source::read(tree, path)?))
            })
            .collect();
        let linked = projects.iter().filter(|one| !one.is_beside());
        all.extend(linked.flat_map(|one| {
            let files = one.linked.iter();
            files.filter_map(|path| Some((&one.root, source::read(tree, path)?)))
        }));
        all.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
        let mut files: BTreeMap<&RelPath, Vec<File>> = BTreeMap::new();
        for (root, file) in all {
            files.entry(root).or_default().push(file);
        }
        Self {
            projects: projects.iter().map(|one| (&one.path, one)).collect(),
            files,
        }
    }

    fn files(&self, project: &Project) -> &[File] {
        self.files.get(&project.root).map_or(&[], Vec::as_slice)
    }

    /// `project` and all that it is made with, the nearest first.
    fn closure(&self, project: &'a Project) -> Vec<&'a Project> {
        compiled::closure(project, |one| {
            let used = one.uses.iter();
            used.filter_map(|path| self.projects.get(path).copied())
        })
    }
}

/// One project that a container may run.
pub(super) struct Application<'a> {
    pub(super) tree: &'a Tree,
    pub(super) build: &'a Build<'a>,
    pub(super) project: &'a Project,
    /// The projects that it is made with, its own first.
    pub(super) projects: Vec<&'a Project>,
    /// Of all these.
    pub(super) requirements: Vec<&'a Requirement>,
    /// Of all these.
    pub(super) files: Vec<&'a File>,
    /// Of its own folder alone.
    pub(super) own: &'a [File],
    pub(super) settings: Settings,
    pub(super) engines: Engines,
}

impl<'a> Application<'a> {
    pub(super) fn of(
        tree: &'a Tree,
        build: &'a Build<'a>,
        project: &'a Project,
        sources: &'a Sources<'a>,
    ) -> Self {
        let projects = sources.closure(project);
        let mut known: BTreeSet<String> = BTreeSet::new();
        // One that a project takes for its build alone may run in another.
        let all = || projects.iter().flat_map(|one| &one.requirements);
        let running = all().filter(|one| !one.development);
        let requirements: Vec<&Requirement> = running
            .chain(all().filter(|one| one.development))
            .filter(|one| known.insert(one.name.to_lowercase()))
            .collect();
        let speaks_to = |kind: BackingKind| {
            let mut used = requirements.iter().filter(|one| !one.development);
            used.any(|one| client::of_nuget(&one.name) == Some(Sought::Backing(kind)))
        };
        Self {
            tree,
            build,
            project,
            engines: Engines::of(speaks_to),
            files: projects.iter().flat_map(|one| sources.files(one)).collect(),
            own: sources.files(project),
            settings: Settings::read(tree, &project.root),
            projects,
            requirements,
        }
    }

    /// Its project file, relative to the folder of the build.
    pub(super) fn file(&self) -> String {
        let below = self.project.path.below(&self.build.home);
        below
            .unwrap_or_else(|| self.project.path.clone())
            .to_string()
    }

    /// The first package that begins as one of `signs`, whatever its letters' case, and runs in production.
    pub(super) fn requires(&self, signs: &[&str]) -> Option<&'a Requirement> {
        signs.iter().find_map(|sign| {
            let sign = sign.to_lowercase();
            let mut used = self.requirements.iter().filter(|one| !one.development);
            used.find(|one| one.name.to_lowercase().starts_with(&sign))
                .copied()
        })
    }

    pub(super) fn kind(&self) -> Option<Fact<ServiceKind>> {
        let project = self.project;
        if project.has_sdk("Microsoft.NET.Sdk.Web") {
            return Some(Fact::certain(ServiceKind::Web, project.at.clone()));
        }
        let web = self.own.iter().find_map(|file| file.web.as_ref());
        let mut shared = project.shared.iter();
        let shared = shared.find(|(name, _)| name == "Microsoft.AspNetCore.App");
        if let (Some(at), Some((_, because))) = (web, shared) {
            let mut fact = Fact::certain(ServiceKind::Web, at.clone());
            fact.evidence.push(because.clone());
            return Some(fact);
        }
        let hosted = self.files.iter().find_map(|file| file.hosted.as_ref());
        if let Some(at) = self.clock()
            && hosted.is_none_or(|hosted| hosted.file == at.file)
        {
            return Some(Fact::certain(ServiceKind::Scheduler, at.clone()));
        }
        if project.has_sdk("Microsoft.NET.Sdk.Worker") {
            return Some(Fact::certain(ServiceKind::Worker, project.at.clone()));
        }
        let at = hosted.filter(|_| self.requires(&["Microsoft.Extensions.Hosting"]).is_some())?;
        Some(Fact::new(
            ServiceKind::Worker,
            Confidence::Likely,
            vec![at.clone()],
        ))
    }

    /// Where a clock of its own is started that no other process knows of.
    pub(super) fn clock(&self) -> Option<&Evidence> {
        let shared = self.files.iter().any(|file| file.clock_is_shared);
        let mut files = self.files.iter().filter(|_| !shared);
        files.find_map(|file| file.clock.as_ref())
    }

    /// Folders of front ends that its own build builds, for it to hand out.
    /// <https://learn.microsoft.com/aspnet/core/client-side/spa/intro>
    pub(super) fn front_ends(&self) -> Vec<(RelPath, Evidence)> {
        let mut found = Vec::new();
        for project in &self.projects {
            let told = project.get("SpaRoot").and_then(|(folder, at)| {
                let folder = project.root.join(&folder.replace('\\', "/")).ok()?;
                Some((folder, at.clone()))
            });
            let referred = project
                .uses
                .iter()
                .filter(|path| path.extension() == "esproj");
            let referred = referred.map(|path| (path.parent(), project.at.clone()));
            for (folder, at) in told.into_iter().chain(referred) {
                let known = found.iter().any(|(one, _)| *one == folder);
                let builds = folder
                    .join("package.json")
                    .is_ok_and(|path| self.tree.has(&path));
                if builds && !known {
                    found.push((folder, at));
                }
            }
        }
        found
    }

    pub(super) fn framework(&self, kind: ServiceKind) -> Option<Fact<String>> {
        let named = |name: &str, at: &Evidence| Fact::certain(name.to_owned(), at.clone());
        if kind == ServiceKind::Web {
            return Some(named("aspnetcore", &self.project.at));
        }
        let known = [
            ("masstransit", "MassTransit"),
            ("nservicebus", "NServiceBus"),
            ("rebus", "Rebus"),
            ("wolverine", "WolverineFx"),
            ("hangfire", "Hangfire"),
            ("quartz", "Quartz"),
            ("coravel", "Coravel"),
        ];
        let library = known
            .iter()
            .find_map(|(name, sign)| Some(named(name, &self.requires(&[sign])?.declared)));
        library.or_else(|| Some(named("worker-service", &self.project.at)))
    }

    /// The route that tells whether it is well.
    pub(super) fn health(&self) -> Option<Fact<String>> {
        let routes = self.own.iter().flat_map(|file| &file.health);
        let of_others = self.files.iter().flat_map(|file| &file.health);
        let own = serving::health(routes.map(|(route, at)| (route.clone(), at)));
        own.or_else(|| serving::health(of_others.map(|(route, at)| (route.clone(), at))))
    }

    /// The connection strings that are read, each name once, with the file that reads it.
    pub(super) fn connections(&self) -> Vec<(&'a File, &'a Connection)> {
        let mut found: Vec<(&File, &Connection)> = Vec::new();
        for file in &self.files {
            for one in &file.connections {
                let known = found
                    .iter_mut()
                    .find(|(_, other)| other.name.eq_ignore_ascii_case(&one.name));
                match known {
                    Some(known) if known.1.of.is_none() && one.of.is_some() => *known = (file, one),
                    Some(_) => {}
                    None => found.push((file, one)),
                }
            }
        }
        found
    }

    /// The services besides databases that connection strings lead to, which no variable's name shows.
    pub(super) fn signs(&self) -> Vec<Sign> {
        let settings = self.settings.held().filter_map(|one| {
            one.key.strip_prefix("ConnectionStrings:")?;
            Some((self.target(None, Some(one))?, one.at.clone()))
        });
        let read = self.connections().into_iter().filter_map(|(file, one)| {
            let target = self.target(one.of, self.settings.connection(&one.name))?;
            let at = Evidence::new(file.path.clone(), one.line, &one.name);
            Some((target, at))
        });
        read.chain(settings)
            .filter_map(|(target, at)| match target {
                Target::Service(of @ Sought::Other(_)) => Some(Sign { of, at }),
                _ => None,
            })
            .collect()
    }

    /// What a connection string leads to: what its value looks like, what the code says, the only database
    /// that there is a client for.
    pub(super) fn target(&self, of: Option<Target>, setting: Option<&Setting>) -> Option<Target> {
        let is_known = || {
            self.connections()
                .into_iter()
                .any(|(_, one)| told(one.of, self.settings.connection(&one.name)).is_some())
        };
        told(of, setting).or_else(|| {
            // One that does not tell may lead anywhere where another one leads to the database.
            if is_known() {
                return None;
            }
            let engines = self.engines;
            let sqlserver = self.requires(SQLSERVER).is_some();
            let sqlite = self.requires(SQLITE).is_some();
            let found: Vec<Target> = [
                (
                    engines.postgres,
                    Target::Service(Sought::Backing(BackingKind::Postgres)),
                ),
                (
                    engines.mysql,
                    Target::Service(Sought::Backing(BackingKind::Mysql)),
                ),
                (sqlserver, Target::Service(Sought::Other(Other::Sqlserver))),
                (sqlite, Target::Sqlite),
            ]
            .into_iter()
            .filter_map(|(there, target)| there.then_some(target))
            .collect();
            match found.as_slice() {
                [only] => Some(*only),
                _ => None,
            }
        })
    }
}

/// What a connection string leads to by its value or by the code.
fn told(of: Option<Target>, setting: Option<&Setting>) -> Option<Target> {
    by_value(setting.map_or("", |one| &one.value)).or(of)
}

/// Clients of databases that nothing generated here starts, or that are files.
pub(super) const SQLSERVER: &[&str] = &[
    "Microsoft.EntityFrameworkCore.SqlServer",
    "Microsoft.Data.SqlClient",
    "System.Data.SqlClient",
];
pub(super) const SQLITE: &[&str] = &[
    "Microsoft.EntityFrameworkCore.Sqlite",
    "Microsoft.Data.Sqlite",
    "System.Data.SQLite",
];

fn by_value(text: &str) -> Option<Target> {
    let has = |names: &[&str]| settings::part(text, names).is_some();
    let scheme = text
        .split_once("://")
        .map(|(scheme, _)| scheme.to_lowercase());
    Some(match scheme.as_deref() {
        Some("amqp" | "amqps") => Target::Service(Sought::Other(Other::Rabbitmq)),
        Some("mongodb") => Target::Service(Sought::Backing(BackingKind::Mongodb)),
        Some(_) => return None,
        None if text.contains(":6379") => Target::Service(Sought::Backing(BackingKind::Redis)),
        None if has(&["Data Source", "DataSource", "Filename"]) && !has(&["Initial Catalog"]) => {
            Target::Sqlite
        }
        None if has(&[
            "Trusted_Connection",
            "Integrated Security",
            "TrustServerCertificate",
            "Initial Catalog",
        ]) =>
        {
            Target::Service(Sought::Other(Other::Sqlserver))
        }
        None if has(&["Host"]) && has(&["Username", "User ID"]) => {
            Target::Service(Sought::Backing(BackingKind::Postgres))
        }
        None => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_shows_what_it_leads_to() {
        let backing = |kind| Some(Target::Service(Sought::Backing(kind)));
        for (text, target) in [
            (
                "Host=db;Database=a;Username=u;Password=p",
                backing(BackingKind::Postgres),
            ),
            ("Data Source=app.db", Some(Target::Sqlite)),
            (
                "localhost:6379,abortConnect=false",
                backing(BackingKind::Redis),
            ),
            ("mongodb://localhost/x", backing(BackingKind::Mongodb)),
            (
                "amqp://localhost",
                Some(Target::Service(Sought::Other(Other::Rabbitmq))),
            ),
            (
                "Server=(localdb)\\mssqllocaldb;Database=x;Trusted_Connection=True",
                Some(Target::Service(Sought::Other(Other::Sqlserver))),
            ),
            ("Server=db;Database=x;User=u;Password=p", None),
            ("https://example.org", None),
            ("", None),
        ] {
            assert_eq!(by_value(text), target, "{text}");
        }
    }
}
