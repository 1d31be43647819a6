//! Puts together what the programs of one workspace are.

use super::cargo::Workspace;
use super::manifest::{Bin, Package};
use super::program::{self, Program, Sources};
use super::serve;
use super::{lint, manager, migration, packages, test, variables};
use crate::detect::compiled::{self, Compiled};
use crate::detect::{Found, Tree, existing, shell, single, variable};
use crate::project::{
    Dockerfile, Evidence, Existing, Fact, Finding, RelPath, Requirement, ServerInterface, Service,
    ServiceKind, Severity,
};
use std::collections::BTreeSet;

/// Where the programs of a workspace are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) workspace: &'a Workspace,
    /// Whether there is no other workspace.
    pub(super) alone: bool,
}

impl Search<'_> {
    pub(super) fn services(&self, found: &mut Found) -> Vec<Service> {
        let packages = program::candidates(self.workspace);
        if packages.is_empty() {
            return Vec::new();
        }
        let sources = Sources::read(self.tree, self.workspace, &packages);
        let programs: Vec<Program> = packages
            .iter()
            .flat_map(|package| package.bins.iter().map(move |bin| (*package, bin)))
            .map(|(package, bin)| sources.program(self.workspace, package, bin))
            .collect();
        let servers = programs
            .iter()
            .filter(|program| self.serves(program))
            .count();
        let mut services: Vec<Service> = Vec::new();
        for program in &programs {
            if servers > 1 && self.compiled(program).is_client() {
                continue;
            }
            let kind = if self.serves(program) {
                ServiceKind::Web
            } else {
                match self.compiled(program).kind() {
                    Some(kind) => kind,
                    None => continue,
                }
            };
            let mut service = self.service(program, kind, servers == 1);
            if kind == ServiceKind::Web {
                serve::find(self, program, &mut service, servers == 1, found);
                self.migration(program, &mut service);
                self.compiled(program)
                    .migrated(self.existing, service.migration.as_mut());
            }
            self.asks(program, found);
            services.push(service);
            for (name, kind, command) in self.compiled(program).beside(self.existing) {
                let mut other = self.service(program, kind, false);
                other.name = name;
                other.server_command = Some(command);
                services.push(other);
            }
        }
        self.embedded(&programs, found);
        services
    }

    /// Whether a program waits for requests: it listens with a framework for that, or an image says
    /// that it does. One that only tries whether a port is free waits for nothing.
    fn serves(&self, program: &Program) -> bool {
        let said = || {
            let images = self.images(program);
            images.iter().any(|image| !image.exposed.is_empty())
        };
        program.listens() && (program.framework().is_some() || said())
    }

    fn compiled<'p>(&'p self, program: &'p Program) -> Compiled<'p> {
        let packages = self.workspace.packages.iter();
        Compiled {
            runtime: "rust",
            name: &program.bin.name,
            root: &self.workspace.root,
            folder: &program.package.root,
            alone: self.alone,
            single: packages.flat_map(|package| &package.bins).count() == 1,
        }
    }

    /// Dockerfiles of the program, nearest first.
    pub(super) fn images(&self, program: &Program) -> Vec<&Dockerfile> {
        self.compiled(program).images(self.existing)
    }

    /// The folders that relative paths of a program may start in.
    pub(super) fn folders<'p>(&'p self, program: &'p Program) -> [&'p RelPath; 2] {
        [&self.workspace.root, &program.package.root]
    }

    /// A service with everything that does not depend on what it does.
    fn service(&self, program: &Program, kind: ServiceKind, only: bool) -> Service {
        let workspace = self.workspace;
        let at = Evidence::file(program.bin.path.clone());
        let compiled = self.compiled(program);
        let name = compiled.service(kind, only);
        let kind = Fact::certain(kind, at.clone());
        let mut service = Service::new(
            name,
            "rust",
            workspace.root.clone(),
            kind,
            self.working_dir(program),
        );
        let below = program.bin.path.below(&workspace.root);
        let entry = below
            .unwrap_or_else(|| program.bin.path.clone())
            .to_string();
        service.entry = Some(Fact::certain(entry, at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, at.clone()));
        service.server_command = Some(self.command(program, &at));
        service.build = Some(self.build(&[(program.package, program.bin)]));
        service.package_manager = Some(manager(workspace));
        let manifest = Evidence::file(workspace.manifest.clone());
        service.manifest = Some(Fact::certain(workspace.manifest.clone(), manifest));
        service.lock = workspace
            .lock
            .clone()
            .map(|path| Fact::certain(path.clone(), Evidence::file(path)));
        service.requirements = requirements(program);
        service.runtime_version.clone_from(&workspace.version);
        service.sources = vec![workspace.root.clone()];
        service.manifest_includes = self.manifests();
        service.test = Some(test(workspace));
        service.lint = lint(workspace);
        service.env = variables::find(self.tree, program, &self.folders(program));
        if service.kind.value == ServiceKind::Web {
            variable::listens_by_prefix(&mut service.env);
        }
        let images = self.images(program);
        let composed = compiled.composed(self.existing);
        variable::set(
            &mut service.env,
            images.iter().flat_map(|image| &image.env),
            composed.iter().flat_map(|(_, one)| &one.settings),
        );
        existing::volumes::find(self.tree, &images, &composed, &mut service);
        packages::find(self.tree, workspace, program, &mut service);
        if let Some(requirement) = sqlite(program) {
            service.single = Some(single::sqlite(&requirement.declared));
        }
        service
    }

    /// What cargo reads before any source: the manifests of all members, its configuration, and the
    /// first files of all targets, in whose place empty ones stand until the source is there.
    fn manifests(&self) -> Vec<RelPath> {
        let root = &self.workspace.root;
        let mut found: Vec<RelPath> = Vec::new();
        for name in [
            ".cargo/config.toml",
            ".cargo/config",
            "rust-toolchain.toml",
            "rust-toolchain",
        ] {
            found.extend(root.join(name).ok().filter(|path| self.tree.has(path)));
        }
        for package in &self.workspace.packages {
            found.push(package.manifest.clone());
            found.extend(package.lib.clone());
            found.extend(package.bins.iter().map(|bin| bin.path.clone()));
            found.extend(package.build_script.clone());
            found.extend(package.others.iter().cloned());
        }
        found.retain(|path| *path != self.workspace.manifest);
        found.sort();
        found.dedup();
        found
    }

    /// The package's folder where it holds what the program opens, else the workspace's.
    fn working_dir(&self, program: &Program) -> Fact<RelPath> {
        let root = &self.workspace.root;
        let own = &program.package.root;
        let paths = program.files.iter().flat_map(|file| {
            let named = file.statics.iter().chain(&file.templates);
            named.chain(&file.paths)
        });
        let there = |folder: &RelPath, path: &str| {
            let first = path.trim_start_matches("./").split(['/', '*']).next();
            let place = first
                .filter(|first| !first.is_empty() && *first != "src")
                .and_then(|first| folder.join(first).ok());
            place.is_some_and(|place| self.tree.has_folder(&place) || self.tree.has(&place))
        };
        for (path, at) in paths {
            if own != root && there(own, path) && !there(root, path) {
                return Fact::likely(own.clone(), at.clone())
                    .because("a text of the program names what lies there");
            }
        }
        Fact::likely(root.clone(), Evidence::file(self.workspace.manifest.clone())).because(
            "paths in a program of Rust are relative to where it is started, by custom the workspace",
        )
    }

    /// How the program is started.
    fn command(&self, program: &Program, at: &Evidence) -> Fact<String> {
        let commands = program.files.iter().flat_map(|file| &file.commands);
        let several = commands.clone().count() > 1;
        let run = commands.map(|(name, at)| (name.as_str(), at));
        let images = self.images(program);
        self.compiled(program)
            .command(self.existing, &images, run, several, at)
    }

    /// The command that builds `targets`, started in the folder of the workspace.
    fn build(&self, targets: &[(&Package, &Bin)]) -> Fact<String> {
        let features: BTreeSet<&str> = targets
            .iter()
            .flat_map(|(package, bin)| package.features.iter().chain(&bin.features))
            .map(String::as_str)
            .collect();
        let features = features.into_iter().collect::<Vec<_>>().join(",");
        let mut words = vec!["cargo", "build", "--release"];
        if self.workspace.lock.is_some() {
            words.push("--locked");
        }
        if !features.is_empty() {
            words.extend(["--features", &features]);
        }
        for (package, bin) in targets {
            words.extend(["--package", &package.name, "--bin", &bin.name]);
        }
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let command = shell::join(&words);
        let manifest = targets
            .first()
            .map_or(&self.workspace.manifest, |(package, _)| &package.manifest);
        let mut fact = Fact::certain(command, Evidence::file(manifest.clone()));
        if let Some(told) = &self.workspace.told {
            fact.evidence.push(told.clone());
            fact = fact.because("an image of the repository builds it with these features");
        }
        if let Some(data) = &self.workspace.offline {
            fact.value = format!("SQLX_OFFLINE=true {}", fact.value);
            fact.evidence.push(data.clone());
            fact = fact.because("the macros of sqlx find here what they would ask a database");
        }
        fact
    }

    fn migration(&self, program: &Program, service: &mut Service) {
        let Some(applied) = migration::find(self.tree, self.workspace, program) else {
            return;
        };
        service.migration = Some(applied.fact);
        let other = applied.other.and_then(|(package, bin)| {
            let package = self
                .workspace
                .packages
                .iter()
                .find(|one| one.name == package)?;
            Some((package, package.bins.iter().find(|one| one.name == bin)?))
        });
        if let Some(other) = other {
            service.build = Some(self.build(&[(program.package, program.bin), other]));
        }
    }

    /// Says where the macros of sqlx ask a database that an image cannot be built with.
    fn asks(&self, program: &Program, found: &mut Found) {
        const ID: &str = "sqlx-asks-a-database";
        let asks = program.files.iter().find_map(|file| file.asks.as_ref());
        let Some(at) = asks.filter(|_| self.workspace.offline.is_none()) else {
            return;
        };
        let is_said = |known: &Finding| known.id == ID && known.evidence.contains(at);
        if found.findings.iter().any(is_said) {
            return;
        }
        found.findings.push(Finding {
            id: ID,
            severity: Severity::Warning,
            message: format!(
                "{at} uses a macro of sqlx that asks the database when the program is built, and .sqlx is not committed: without a database nobody can build it, and no image is made"
            ),
            evidence: vec![at.clone()],
            mend: "with DATABASE_URL set and the migrations applied: cargo sqlx prepare --workspace, then commit .sqlx"
                .to_owned(),
        });
    }

    /// The folders that programs hold, and what is said of those that the repository has not.
    fn embedded(&self, programs: &[Program], found: &mut Found) {
        for program in programs {
            for (folder, at) in program.files.iter().flat_map(|file| &file.embeds) {
                let package = &program.package.root;
                let owner = program
                    .closure
                    .iter()
                    .map(|package| &package.root)
                    .filter(|root| at.file.is_within(root))
                    .max_by_key(|root| root.depth())
                    .unwrap_or(package);
                let Ok(folder) = owner.join(folder.trim_end_matches('/')) else {
                    continue;
                };
                if folder == *owner || found.embedded.contains(&folder) {
                    continue;
                }
                if !self.tree.has_folder(&folder) {
                    let finding = compiled::embeds_nothing(&folder, at, "cargo build");
                    found.findings.push(finding);
                }
                found.embedded.push(folder);
            }
        }
    }
}

/// What the program is built of, each crate once.
fn requirements(program: &Program) -> Vec<Requirement> {
    let mut all: Vec<Requirement> = Vec::new();
    for requirement in program
        .closure
        .iter()
        .flat_map(|package| &package.requirements)
    {
        let of_workspace = program
            .closure
            .iter()
            .any(|package| package.name == requirement.name);
        if !of_workspace && !all.contains(requirement) {
            all.push(requirement.clone());
        }
    }
    all
}

/// The crate that keeps the data in a file, where no database beside it is spoken to.
fn sqlite<'a>(program: &Program<'a>) -> Option<&'a Requirement> {
    let has_engine = variables::engines(program).has_database();
    let requirements = program
        .closure
        .iter()
        .flat_map(|package| &package.requirements);
    requirements
        .filter(|one| !has_engine && !one.development)
        .find(|one| {
            let with = |words: &[&str]| {
                one.extras
                    .iter()
                    .any(|extra| words.contains(&extra.as_str()))
            };
            match one.name.as_str() {
                "rusqlite" | "tokio-rusqlite" | "libsql" | "sqlite" | "r2d2_sqlite" => true,
                "sqlx" | "diesel" => with(&["sqlite"]),
                "sea-orm" => with(&["sqlx-sqlite"]),
                "rocket_db_pools" | "rocket_sync_db_pools" => {
                    with(&["sqlx_sqlite", "sqlite_pool", "diesel_sqlite_pool"])
                }
                _ => false,
            }
        })
}
