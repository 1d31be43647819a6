//! Puts together what the programs of one module are.

use super::migration;
use super::module::Module;
use super::source::{File, Listen, Read, SERVES};
use super::{lint, lock, manager, test};
use crate::detect::beside::beside_or_hidden;
use crate::detect::variable::{self, Engines};
use crate::detect::{Found, Tree, client, existing, javascript, naming, shell, unknown};
use crate::project::{
    BackingKind, Confidence, Dockerfile, EnvRole, EnvVar, Evidence, Existing, Fact, Finding, Port,
    RelPath, ServerInterface, Service, ServiceKind, Severity, Single, Sought,
};
use std::collections::BTreeMap;

/// Where the programs of a module are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) module: &'a Module,
    /// Whether there is no other module.
    pub(super) alone: bool,
}

/// Libraries that answer HTTP, best known first, by their module.
const FRAMEWORKS: &[(&str, &str)] = &[
    ("gin", "github.com/gin-gonic/gin"),
    ("echo", "github.com/labstack/echo"),
    ("fiber", "github.com/gofiber/fiber"),
    ("chi", "github.com/go-chi/chi"),
    ("gorilla", "github.com/gorilla/mux"),
    ("beego", "github.com/beego/beego"),
    ("httprouter", "github.com/julienschmidt/httprouter"),
    ("fasthttp", "github.com/valyala/fasthttp"),
    ("connect", "connectrpc.com/connect"),
    ("grpc", "google.golang.org/grpc"),
];

/// Words in the name of a program that say what it does.
const WORKS: &[&str] = &["worker", "workers", "consumer", "queue", "processor"];
const CLOCKS: &[&str] = &["cron", "scheduler", "clock"];
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
struct Program<'a> {
    folder: &'a RelPath,
    binary: String,
    files: Vec<&'a File>,
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
        let mut services = Vec::new();
        for program in &programs {
            let kind = if self.serves(program) {
                ServiceKind::Web
            } else {
                match kind_of(&program.binary) {
                    Some(kind) => kind,
                    None => continue,
                }
            };
            let mut service = self.service(program, kind, servers == 1);
            if kind == ServiceKind::Web {
                self.served(program, &mut service, servers == 1, found);
                service.migration = migration::Search {
                    tree: self.tree,
                    module: self.module,
                    files: &program.files,
                    binary: &program.binary,
                    engines: self.engines(),
                }
                .find(programs.iter().map(|program| program.binary.as_str()));
            }
            services.push(service);
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
                found.findings.push(Finding {
                    id: "embeds-what-is-not-there",
                    severity: Severity::Warning,
                    message: format!(
                        "{at} embeds {folder}, which the repository does not hold: until something makes it, the program cannot be built"
                    ),
                    evidence: vec![at],
                    mend: "build it before `go build`, in a stage of the Dockerfile too, or commit it"
                        .to_owned(),
                });
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

    /// Dockerfiles of the program, nearest first.
    fn images(&self, program: &Program) -> Vec<&Dockerfile> {
        let root = &self.module.root;
        let mut found: Vec<&Dockerfile> = self
            .existing
            .dockerfiles
            .iter()
            .filter(|file| {
                let folder = file.path.parent();
                let about =
                    file.path.file_name().contains(&program.binary) || folder == *program.folder;
                let here = folder == *root
                    || root.is_within(&folder)
                        && (self.alone || existing::names_folder(file, root));
                about || here || self.is_only() && !beside_or_hidden(&folder)
            })
            .filter(|file| file.runtime.as_ref().is_none_or(|(name, _)| name == "go"))
            .collect();
        existing::nearest_first(&mut found, program.folder);
        found
    }

    /// Whether the module has one program and the tree one module.
    fn is_only(&self) -> bool {
        self.alone && self.module.programs().count() == 1
    }

    fn exposed(&self, program: &Program) -> Option<(Port, Evidence)> {
        let images = self.images(program);
        images
            .iter()
            .find_map(|image| image.exposed.first().cloned())
    }

    /// A service with everything that does not depend on what it does.
    fn service(&self, program: &Program, kind: ServiceKind, only: bool) -> Service {
        let module = self.module;
        let at = main(program);
        let name = match kind {
            ServiceKind::Web if only => "web".to_owned(),
            _ => naming::sanitised(&program.binary).unwrap_or_else(|| "program".to_owned()),
        };
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
        service.env = self.variables(program);
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
        .filter(|_| !self.has_engine());
        if let Some(requirement) = sqlite {
            service.single = Some(Fact::certain(
                Single {
                    reason: "sqlite",
                    message:
                        "the database is a SQLite file, which one container at a time may write"
                            .to_owned(),
                },
                requirement.declared.clone(),
            ));
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

    /// How the program is started: with the arguments that an image or a Procfile gives it, else
    /// with the command that serves.
    fn command(&self, program: &Program, at: &Evidence) -> Fact<String> {
        let binary = &program.binary;
        let with = |arguments: &[String]| {
            let mut words = vec![binary.clone()];
            words.extend_from_slice(arguments);
            shell::join(&words)
        };
        for image in self.images(program) {
            let said = [&image.entrypoint, &image.cmd];
            let words: Vec<String> = said
                .iter()
                .filter_map(|evidence| evidence.as_ref())
                .flat_map(|evidence| shell::commands(&evidence.excerpt))
                .flat_map(|command| command.texts())
                .collect();
            let is_binary = |word: &String| word.rsplit('/').next() == Some(binary.as_str());
            let known = words.iter().position(is_binary);
            // An image may call its only program anything.
            let first = known.or_else(|| {
                (self.module.programs().count() == 1
                    && words
                        .first()
                        .is_some_and(|word| word.starts_with(['/', '.']) && !word.ends_with(".sh")))
                .then_some(0)
            });
            let Some(evidence) = image.cmd.as_ref().or(image.entrypoint.as_ref()) else {
                continue;
            };
            if let Some(first) = first {
                let arguments = &words[first + 1..];
                let plain = !arguments.iter().any(|word| word.contains(['$', '|', '>']));
                if plain {
                    return Fact::certain(with(arguments), evidence.clone());
                }
            }
        }
        let commands = program.files.iter().flat_map(|file| &file.commands);
        let serves = commands
            .clone()
            .filter(|command| command.name != *binary && command.runs)
            .find(|command| SERVES.contains(&command.name.as_str()));
        match serves {
            Some(command) if commands.count() > 1 => Fact::likely(
                with(std::slice::from_ref(&command.name)),
                command.at.clone(),
            )
            .because("the program has commands, and this one serves"),
            _ => Fact::certain(with(&[]), at.clone()),
        }
    }

    /// What only a server has.
    fn served(&self, program: &Program, service: &mut Service, only: bool, found: &mut Found) {
        let imported = |prefix: &str| {
            program
                .files
                .iter()
                .any(|file| file.imports.iter().any(|import| import.starts_with(prefix)))
        };
        let framework = FRAMEWORKS.iter().find_map(|(name, path)| {
            let requirement = self.module.requires(path)?;
            imported(path).then(|| Fact::certain((*name).to_owned(), requirement.declared.clone()))
        });
        let listens: Vec<&Listen> = program
            .files
            .iter()
            .flat_map(|file| &file.listens)
            .collect();
        service.framework = framework.or_else(|| {
            let listen = listens.first()?;
            Some(Fact::certain("net/http".to_owned(), listen.at.clone()))
        });
        service.port = self.port(program, &listens, only);
        if service.port.is_none() {
            found.unknown.push(unknown::of(
                service,
                "port",
                &[
                    "Dockerfile EXPOSE",
                    "the calls that listen",
                    "flags",
                    "struct tags",
                ],
            ));
        }
        let health = program.files.iter().flat_map(|file| &file.health);
        let best = health.min_by_key(|(route, _)| {
            let order = ["healthz", "livez", "health", "healthcheck"];
            let place = order
                .iter()
                .position(|name| route.trim_end_matches('/').ends_with(name));
            (place.unwrap_or(order.len()), route.len())
        });
        service.health = best.map(|(route, at)| {
            Fact::likely(route.clone(), at.clone())
                .because("the route of a handler; a group of routes may stand before it")
        });
        if let Some(listen) = listens.iter().find(|listen| listen.on_loopback)
            && listens.len() == 1
        {
            found.findings.push(Finding {
                id: "listens-on-loopback",
                severity: Severity::Warning,
                message: format!(
                    "{} listens on loopback alone: in a container nobody reaches {}",
                    listen.at, service.name
                ),
                evidence: vec![listen.at.clone()],
                mend: "leave the host out of the address (\":8080\"), or take it from a variable"
                    .to_owned(),
            });
        }
    }

    fn port(&self, program: &Program, listens: &[&Listen], only: bool) -> Option<Fact<Port>> {
        let mut claims: Vec<(Port, Evidence)> = Vec::new();
        if only {
            let images = self.images(program);
            claims.extend(
                images
                    .iter()
                    .flat_map(|image| image.exposed.iter().cloned()),
            );
        } else {
            claims.extend(self.exposed(program).filter(|(_, at)| {
                let file = at.file.file_name();
                at.file.parent() == *program.folder || file.contains(&program.binary)
            }));
        }
        let kept = |name: &str| {
            program
                .files
                .iter()
                .find_map(|file| file.ports.get(name).cloned())
        };
        for listen in listens {
            let named = || kept(listen.named.as_deref()?);
            let said = listen
                .port
                .map(|port| (port, listen.at.clone()))
                .or_else(named);
            claims.extend(said.and_then(|(port, at)| Some((Port::new(port)?, at))));
        }
        let mut sure = Confidence::Certain;
        if claims.is_empty() {
            // Where the address comes from elsewhere: what is kept under the usual names.
            sure = Confidence::Likely;
            let usual = [
                "port",
                "addr",
                "httpport",
                "http_port",
                "httpaddr",
                "serverport",
                "server_port",
                "listenaddr",
                "listen",
                "listen_addr",
                "address",
                "bind",
            ];
            let about = |file: &File| {
                let path = file.path.as_str().to_lowercase();
                file.path.parent() == *program.folder
                    || !file.listens.is_empty()
                    || ["config", "setting", "option", "flag", "cmd", "cli", "env"]
                        .iter()
                        .any(|word| path.contains(word))
            };
            let said = usual.iter().find_map(|name| {
                let mut files = program.files.iter().filter(|file| about(file));
                files.find_map(|file| file.ports.get(*name).cloned())
            });
            claims.extend(said.and_then(|(port, at)| Some((Port::new(port)?, at))));
        }
        let mut fact = Fact::first_of(sure, claims)?;
        if !fact.against.is_empty() {
            fact = fact.because("EXPOSE goes before the first call that listens");
        }
        Some(fact)
    }

    fn variables(&self, program: &Program) -> Vec<EnvVar> {
        let wrappers: Vec<&str> = program
            .files
            .iter()
            .flat_map(|file| &file.wrappers)
            .map(String::as_str)
            .collect();
        let all_at_once = program.files.iter().any(|file| file.is_environ);
        let mut all: javascript::Variables = BTreeMap::new();
        for file in &program.files {
            let called = file
                .calls
                .iter()
                .filter(|(name, _)| wrappers.contains(&name.as_str()));
            let keys = file
                .keys
                .iter()
                .filter(|_| all_at_once && file.path.as_str().to_lowercase().contains("config"));
            let reads = file
                .reads
                .iter()
                .chain(called.map(|(_, read)| read))
                .chain(keys);
            let Some(text) = self.tree.text(&file.path) else {
                continue;
            };
            for Read {
                name,
                default,
                required,
                line,
            } in reads
            {
                let read = javascript::Read {
                    name: name.clone(),
                    line: *line,
                    default: default.clone(),
                    required: *required,
                };
                javascript::add(&mut all, &file.path, &text, read);
            }
        }
        let engines = self.engines();
        let mut found: Vec<EnvVar> = all.into_values().collect();
        for variable in &mut found {
            variable.role = variable::role(&variable.name, engines);
            // Clients of Go are given the port with the host, as `net.Dial` is.
            if variable.role == Some(EnvRole::RedisHost)
                && (variable.name.ends_with("ADDR")
                    || variable.name.ends_with("ADDRESS")
                    || variable
                        .default
                        .as_ref()
                        .is_some_and(|text| text.contains(':')))
            {
                variable.role = Some(EnvRole::RedisAddress);
            }
            if variable.role.is_some_and(EnvRole::is_url_with_password) && !variable.secret {
                variable.secret = true;
                variable.secret_confidence = Confidence::Likely;
                variable.default = None;
            }
        }
        // What the toolchain and the shell set.
        found.retain(|variable| {
            !matches!(
                variable.name.as_str(),
                "HOME" | "PATH" | "USER" | "GOPATH" | "TMPDIR" | "XDG_CONFIG_HOME"
            )
        });
        found
    }

    fn speaks_to(&self, kind: BackingKind) -> bool {
        self.module.requirements.iter().any(|requirement| {
            requirement.direct && client::of_go(&requirement.name) == Some(Sought::Backing(kind))
        })
    }

    fn has_engine(&self) -> bool {
        [
            BackingKind::Postgres,
            BackingKind::Mysql,
            BackingKind::Mongodb,
        ]
        .into_iter()
        .any(|kind| self.speaks_to(kind))
    }

    fn engines(&self) -> Engines {
        Engines {
            postgres: self.speaks_to(BackingKind::Postgres),
            mysql: self.speaks_to(BackingKind::Mysql),
            mongodb: self.speaks_to(BackingKind::Mongodb),
            async_postgres: false,
            redis: self.speaks_to(BackingKind::Redis),
            s3: self.speaks_to(BackingKind::S3),
        }
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

/// What a program that does not serve is by its name; None for one that is run by hand.
fn kind_of(binary: &str) -> Option<ServiceKind> {
    let has = |known: &[&str]| {
        binary
            .split(['-', '_', '.'])
            .any(|word| known.contains(&word))
    };
    if has(CLOCKS) {
        Some(ServiceKind::Scheduler)
    } else {
        has(WORKS).then_some(ServiceKind::Worker)
    }
}
