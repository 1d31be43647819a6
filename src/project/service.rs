//! Something of the user's that runs as a container.

use super::{EnvVar, Evidence, Fact, RelPath, Sign};
use serde::Serialize;

/// A TCP port, never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Port(std::num::NonZeroU16);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceKind {
    /// Answers HTTP.
    Web,
    /// Takes work from a queue.
    Worker,
    /// Runs at times (celery beat, a cron container); never twice at once.
    Scheduler,
    /// A script that runs and ends.
    Job,
    /// Files that a web server hands out.
    Static,
}

/// How a production server calls the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerInterface {
    Wsgi,
    Asgi,
    /// It listens by itself.
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageManager {
    Pip,
    Uv,
    Poetry,
    Pipenv,
    Pdm,
    Conda,
    Npm,
    Pnpm,
    Yarn,
    Bun,
    Cargo,
    Go,
    Maven,
    Gradle,
    Nuget,
    Composer,
    Bundler,
    Renv,
    /// Packages of R without a lock.
    Cran,
    Mix,
    Deno,
}

/// One declared dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// Normalised name (PEP 503 for Python).
    pub name: String,
    /// `redis` of `celery[redis]`, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<String>,
    /// The specifier as written: `==3.1.0`, `>=2`, empty for none. Never a URL with a password.
    pub specifier: String,
    /// Whether exactly one version satisfies it.
    pub exact: bool,
    /// Declared for development or tests only.
    pub development: bool,
    /// False where a lock lists it only because another needs it.
    pub direct: bool,
    pub declared: Evidence,
    /// Whether a module of it is imported anywhere; absent where that cannot be told
    /// (a plugin, a driver named in a URL).
    pub imported: Option<bool>,
}

impl Requirement {
    /// Whether git brings it: `name @ git+https://…`.
    #[must_use]
    pub fn is_from_git(&self) -> bool {
        self.specifier.contains("git+")
    }

    /// As a package manager is told: `celery[redis]>=5`.
    #[must_use]
    pub fn text(&self) -> String {
        if self.extras.is_empty() {
            return format!("{}{}", self.name, self.specifier);
        }
        format!("{}[{}]{}", self.name, self.extras.join(","), self.specifier)
    }
}

/// How tests are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestCommand {
    /// `pytest`, `python manage.py test`, …
    pub command: String,
    /// Where it runs.
    pub working_dir: RelPath,
    /// `pytest`, `unittest`, `django`.
    pub runner: String,
}

/// A command of the project's own that looks at its code and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintCommand {
    /// `npm run lint`, …
    pub command: String,
    /// Where it runs.
    pub working_dir: RelPath,
}

/// How the schema is migrated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migration {
    /// `alembic`, `flask-migrate`, `django`, `supabase`, `sql`.
    pub tool: String,
    /// Command that applies all of them; absent for plain SQL files.
    pub command: Option<String>,
    pub folder: RelPath,
}

/// How a command runs in an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InImage {
    /// With no `.env`, and with the programs of dependencies on the path.
    pub command: String,
    /// Dependencies for development that it needs.
    pub development: Vec<String>,
}

/// How much a production server takes at once, as far as the repository says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// Processes that answer requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<Fact<u32>>,
    /// Threads of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<Fact<u32>>,
    /// Seconds after which a request is given up; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Fact<u32>>,
}

impl Capacity {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Files for browsers that a build with Node.js makes and a service of another language hands out.
#[derive(Debug, Clone, Serialize)]
pub struct FrontEnd {
    /// What is built, as far as the build needs it: place, package manager, lock, version, command.
    pub package: Service,
    /// What the build makes, in order.
    pub outputs: Vec<Fact<Made>>,
}

/// A file or folder that a build makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Where the build puts it.
    pub from: RelPath,
    /// Where the service looks for it; mostly the same.
    pub to: RelPath,
    /// Whether files of the repository lie in it, too.
    pub shared: bool,
}

/// Why a service may not run twice at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Single {
    /// `scheduler`, `sqlite`, `local-uploads`.
    pub reason: &'static str,
    pub message: String,
}

/// One service, every value with its evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Service {
    /// Unique in the project, fit for compose: `[a-z0-9][a-z0-9_-]*`.
    pub name: String,
    pub kind: Fact<ServiceKind>,
    /// `python`, `node`, `static`, …
    pub ecosystem: &'static str,
    /// `flask`, `django`, `fastapi`, `celery`, …
    pub framework: Option<Fact<String>>,
    /// Folder that holds its manifest and source.
    pub root: RelPath,
    /// Folder that it must be started in.
    pub working_dir: Fact<RelPath>,
    /// The application object, `module:object` or `module:factory()`, or the script's path,
    /// relative to `working_dir` and `import_roots`.
    pub entry: Option<Fact<String>>,
    /// True where the entry is a function that makes the application.
    pub entry_is_factory: bool,
    pub interface: Option<Fact<ServerInterface>>,
    /// Command fit for production, without the port's value: `{port}` stands for it.
    pub server_command: Option<Fact<String>>,
    /// Command for development with reload, `{port}` as above.
    pub dev_command: Option<Fact<String>>,
    /// Command that makes what runs or what is handed out, started in `root`: `npm run build`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Fact<String>>,
    /// Folder of the files that the build makes for a web server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Fact<RelPath>>,
    /// Front ends that are built apart and that it hands out, in order of folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub front_ends: Vec<FrontEnd>,
    /// Package of the production server to install where the application has none: `gunicorn`.
    pub add_server: Option<Fact<String>>,
    #[serde(skip_serializing_if = "Capacity::is_empty")]
    pub capacity: Capacity,
    pub port: Option<Fact<Port>>,
    pub package_manager: Option<Fact<PackageManager>>,
    /// The manifest that dependencies are installed from, e.g. `backend/requirements.txt`.
    pub manifest: Option<Fact<RelPath>>,
    /// Other files the manifest needs at install time (`-r base.txt`, `-c constraints.txt`).
    pub manifest_includes: Vec<RelPath>,
    /// Requirements files that are installed beside the manifest.
    pub manifest_also: Vec<RelPath>,
    pub lock: Option<Fact<RelPath>>,
    pub requirements: Vec<Requirement>,
    /// `major.minor`, e.g. `3.12`.
    pub runtime_version: Option<Fact<String>>,
    /// What builds it, where the repository asks for a version that is not the runtime's: the SDK of .NET,
    /// as the tag of an image names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_version: Option<Fact<String>>,
    /// Debian packages needed when it runs.
    pub system_packages: Vec<Fact<String>>,
    /// Debian packages needed only to build dependencies.
    pub build_packages: Vec<Fact<String>>,
    /// Folders that must be on the import path beside `working_dir`.
    pub import_roots: Vec<Fact<RelPath>>,
    /// Files and folders of the tree that it needs when it runs (its code, templates, static,
    /// imported packages); the container copies these and nothing else. Without duplicates,
    /// outermost only, sorted.
    pub sources: Vec<RelPath>,
    pub templates: Vec<Fact<RelPath>>,
    pub static_dirs: Vec<Fact<RelPath>>,
    /// Folders that it writes to.
    pub writable: Vec<Fact<RelPath>>,
    /// Folders outside of the tree that it keeps files in, absolute in its container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Fact<String>>,
    /// In order of name.
    pub env: Vec<EnvVar>,
    /// Files and folders that its source names and that are not in the tree: a build may make them.
    #[serde(skip)]
    pub expected: Vec<Fact<RelPath>>,
    /// What its source says that it needs, beside requirements and variables.
    #[serde(skip)]
    pub signs: Vec<Sign>,
    /// A route that answers without side effects, e.g. `/health`; absent where there is none.
    pub health: Option<Fact<String>>,
    pub test: Option<Fact<TestCommand>>,
    /// What checks its code, where the manifest names the commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lint: Vec<Fact<LintCommand>>,
    pub migration: Option<Fact<Migration>>,
    /// Its command in an image, where that may be another one than in the work tree.
    #[serde(skip)]
    pub migration_in_image: Option<InImage>,
    /// Present when only one may run at a time.
    pub single: Option<Fact<Single>>,
}

impl Port {
    /// None for 0.
    #[must_use]
    pub fn new(port: u16) -> Option<Self> {
        std::num::NonZeroU16::new(port).map(Self)
    }

    #[must_use]
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Service {
    /// A service of which nothing but name, place and kind is known.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        ecosystem: &'static str,
        root: RelPath,
        kind: Fact<ServiceKind>,
        working_dir: Fact<RelPath>,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            ecosystem,
            framework: None,
            root,
            working_dir,
            entry: None,
            entry_is_factory: false,
            interface: None,
            server_command: None,
            dev_command: None,
            build: None,
            output: None,
            front_ends: Vec::new(),
            add_server: None,
            capacity: Capacity::default(),
            port: None,
            package_manager: None,
            manifest: None,
            manifest_includes: Vec::new(),
            manifest_also: Vec::new(),
            lock: None,
            requirements: Vec::new(),
            runtime_version: None,
            build_version: None,
            system_packages: Vec::new(),
            build_packages: Vec::new(),
            import_roots: Vec::new(),
            sources: Vec::new(),
            templates: Vec::new(),
            static_dirs: Vec::new(),
            writable: Vec::new(),
            volumes: Vec::new(),
            env: Vec::new(),
            expected: Vec::new(),
            signs: Vec::new(),
            health: None,
            test: None,
            lint: Vec::new(),
            migration: None,
            migration_in_image: None,
            single: None,
        }
    }
}

/// A name as a job id, in a make variable and as a folder of packages: `[a-z][a-z0-9_]*`.
#[must_use]
pub fn identifier(name: &str) -> String {
    let text: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        text
    } else {
        format!("p_{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn an_identifier_begins_with_a_letter() {
        assert_eq!(identifier("My-API.v2"), "my_api_v2");
        assert_eq!(identifier("2fa"), "p_2fa");
        assert_eq!(identifier(""), "p_");
    }
}
