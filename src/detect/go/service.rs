//! Puts together what the programs of one module are.

use super::module::Module;
use super::source::File;
use super::{lint, lock, manager, migration, serve, test, variables};
use crate::detect::beside::beside;
use crate::detect::compiled::{self, Compiled, SERVES};
use crate::detect::existing::volumes;
use crate::detect::variable::Engines;
use crate::detect::{Found, Tree, client, single, variable};
use crate::project::{
    BackingKind, Dockerfile, Evidence, Existing, Fact, Port, RelPath, ServerInterface, Service,
    ServiceKind, Sought,
};

/// Where the programs of a module are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) module: &'a Module,
    /// Whether there is no other module.
    pub(super) alone: bool,
}

/// Programs that only a developer starts.
const TOOLS: &[&str] = &[
    "tools",
    "tool",
    "hack",
    "scripts",
    "script",
    "gen",
    "generate",
    "generator",
    "codegen",
];

/// A program with what it reaches.
pub(super) struct Program<'a> {
    pub(super) folder: &'a RelPath,
    pub(super) binary: String,
    pub(super) files: Vec<&'a File>,
}

impl Search<'_> {
    pub(super) fn services(&self, found: &mut Found) -> Vec<Service> {
        let programs: Vec<Program> = self
            .module
            .programs()
            .filter(|folder| {
                let below = folder.below(&self.module.root);
                !below.is_some_and(|below| {
                    below.as_str().split('/').any(|part| TOOLS.contains(&part))
                })
            })
            .map(|folder| Program {
                folder,
                binary: self.module.binary(folder),
                files: self.module.reach(folder),
            })
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
                service.migration = migration::Search {
                    tree: self.tree,
                    module: self.module,
                    files: &program.files,
                    binary: &program.binary,
                    engines: self.engines(),
                }
                .find(programs.iter().map(|program| program.binary.as_str()));
            }
            self.compiled(program)
                .migrated(self.existing, service.migration.as_mut());
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

    /// The folders that programs embed, and what is said of those that the repository has not.
    fn embedded(&self, programs: &[Program], found: &mut Found) {
        let files = programs.iter().flat_map(|program| &program.files);
        for (file, pattern) in files.flat_map(|file| file.embeds.iter().map(move |it| (file, it))) {
            let plain = pattern.trim_start_matches("all:").trim_matches('"');
            let folder = plain.split('*').next().unwrap_or_default();
            let Ok(folder) = file.path.parent().join(folder.trim_end_matches('/')) else {
                continue;
            };
            if folder == file.path.parent() || found.embedded.contains(&folder) {
                continue;
            }
            let there = self.tree.files().any(|path| path.is_within(&folder));
            if !there {
                let at = Evidence::file(file.path.clone());
                let finding = compiled::embeds_nothing(&folder, &at, "go build");
                found.findings.push(finding);
            }
            found.embedded.push(folder);
        }
    }

    /// Whether a program waits for requests: it listens, and is no set of commands of which none
    /// is about that.
    fn serves(&self, program: &Program) -> bool {
        let mut listens = program.files.iter().flat_map(|file| &file.listens);
        let commands: Vec<&str> = program
            .files
            .iter()
            .flat_map(|file| &file.commands)
            .filter(|command| command.runs)
            .map(|command| command.name.as_str())
            .filter(|name| SERVES.contains(name) || *name == program.binary)
            .collect();
        let all = program.files.iter().flat_map(|file| &file.commands);
        let said = self.exposed(program).is_some();
        listens.next().is_some() && (all.count() < 2 || said || !commands.is_empty())
    }

    fn compiled<'p>(&'p self, program: &'p Program) -> Compiled<'p> {
        Compiled {
            runtime: "go",
            name: &program.binary,
            root: &self.module.root,
            folder: program.folder,
            alone: self.alone,
            single: self.module.programs().count() == 1,
        }
    }

    /// Dockerfiles of the program, nearest first.
    pub(super) fn images(&self, program: &Program) -> Vec<&Dockerfile> {
        self.compiled(program).images(self.existing)
    }

    pub(super) fn exposed(&self, program: &Program) -> Option<(Port, Evidence)> {
        let images = self.images(program);
        images
            .iter()
            .find_map(|image| image.exposed.first().cloned())
    }

    /// A service with everything that does not depend on what it does.
    fn service(&self, program: &Program, kind: ServiceKind, only: bool) -> Service {
        let module = self.module;
        let at = main(program);
        let name = self.compiled(program).service(kind, only);
        let working_dir = Fact::likely(module.root.clone(), module.at.clone()).because(
            "paths in a program of Go are relative to where it is started, by custom the module",
        );
        let kind = Fact::certain(kind, at.clone());
        let mut service = Service::new(name, "go", module.root.clone(), kind, working_dir);
        let package = match program.folder.below(&module.root) {
            Some(below) if !below.is_root() => format!("./{below}"),
            _ => ".".to_owned(),
        };
        service.entry = Some(Fact::certain(package, at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, at.clone()));
        service.server_command = Some(self.command(program, &at));
        service.package_manager = Some(manager(self.tree, module));
        service.manifest = Some(Fact::certain(
            module.manifest.clone(),
            Evidence::file(module.manifest.clone()),
        ));
        service.lock =
            lock(self.tree, module).map(|path| Fact::certain(path.clone(), Evidence::file(path)));
        service.requirements.clone_from(&module.requirements);
        service.runtime_version.clone_from(&module.version);
        service.sources = vec![module.root.clone()];
        for folder in &module.replaced {
            for name in ["go.mod", "go.sum"] {
                let file = folder.join(name).ok().filter(|path| self.tree.has(path));
                service.manifest_includes.extend(file);
            }
            if !folder.is_within(&module.root) {
                service.sources.push(folder.clone());
            }
        }
        service.manifest_includes.extend(module.vendored.clone());
        service.test = test(module);
        service.lint = lint(module);
        service.env = variables::find(self.tree, &program.files, self.engines());
        if service.kind.value == ServiceKind::Web {
            variable::listens_by_prefix(&mut service.env);
        }
        let composed = self.compiled(program).composed(self.existing);
        volumes::find(self.tree, &self.images(program), &composed, &mut service);
        self.kept(program, &mut service);
        if let Some(requirement) = module.requires("github.com/mattn/go-sqlite3") {
            // Its C is compiled in.
            service.build_packages.push(
                Fact::likely("gcc".to_owned(), requirement.declared.clone())
                    .because("go-sqlite3 compiles C"),
            );
            service.build_packages.push(
                Fact::likely("libc6-dev".to_owned(), requirement.declared.clone())
                    .because("go-sqlite3 compiles C"),
            );
        }
        let sqlite = [
            "github.com/mattn/go-sqlite3",
            "modernc.org/sqlite",
            "github.com/glebarez/sqlite",
            "gorm.io/driver/sqlite",
            "github.com/ncruces/go-sqlite3",
        ]
        .iter()
        .find_map(|name| module.requires(name))
        .filter(|_| !self.engines().has_database());
        if let Some(requirement) = sqlite {
            service.single = Some(single::sqlite(&requirement.declared));
        }
        service
    }

    /// Folders of the module that the program opens when it runs: those that texts name and that
    /// are not in the binary.
    fn kept(&self, program: &Program, service: &mut Service) {
        let root = &self.module.root;
        for file in &program.files {
            for (path, at) in &file.paths {
                let first = path.split(['/', '*']).next().unwrap_or_default();
                let Some(folder) = root
                    .join(first)
                    .ok()
                    .filter(|folder| !first.is_empty() && folder != root)
                else {
                    continue;
                };
                let embedded = program.files.iter().any(|file| {
                    let here = file.path.parent();
                    file.embeds.iter().any(|pattern| {
                        let pattern = pattern.trim_start_matches("all:");
                        here.join(
                            pattern
                                .split('*')
                                .next()
                                .unwrap_or_default()
                                .trim_end_matches('/'),
                        )
                        .is_ok_and(|path| path.is_within(&folder) || folder.is_within(&path))
                    })
                });
                let holds_more = |folder: &RelPath| {
                    self.tree
                        .files()
                        .any(|path| path.is_within(folder) && path.extension() != "go")
                };
                let known = service.static_dirs.iter().any(|fact| fact.value == folder);
                if !embedded
                    && !known
                    && !beside(&folder)
                    && self.tree.has_folder(&folder)
                    && !self.module.packages.contains_key(&folder)
                    && holds_more(&folder)
                {
                    service.static_dirs.push(
                        Fact::likely(folder, at.clone())
                            .because("a text of the program names it, and it is not embedded"),
                    );
                }
            }
        }
    }

    /// How the program is started.
    fn command(&self, program: &Program, at: &Evidence) -> Fact<String> {
        let commands = program.files.iter().flat_map(|file| &file.commands);
        let several = commands.clone().count() > 1;
        let run = commands
            .filter(|command| command.runs)
            .map(|command| (command.name.as_str(), &command.at));
        let images = self.images(program);
        self.compiled(program)
            .command(self.existing, &images, run, several, at)
    }

    fn speaks_to(&self, kind: BackingKind) -> bool {
        self.module.requirements.iter().any(|requirement| {
            requirement.direct && client::of_go(&requirement.name) == Some(Sought::Backing(kind))
        })
    }

    fn engines(&self) -> Engines {
        Engines::of(|kind| self.speaks_to(kind))
    }
}

/// The file that the program starts in.
fn main(program: &Program) -> Evidence {
    let first = program.files.iter().find(|file| file.is_main);
    first.map_or_else(
        || Evidence::file(program.folder.clone()),
        |file| Evidence::file(file.path.clone()),
    )
}
