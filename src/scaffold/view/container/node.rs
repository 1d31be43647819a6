//! The image of Node.js services: how dependencies are installed, what is built, what starts.

use super::super::Input;
use super::super::node::Installer;
use super::python::{install, packages};
use super::{base, copy, copy_manifests, in_image, lock_note, outermost, probe, started};
use crate::config::Base;
use crate::project::{PackageManager, RelPath, Service, ServiceKind};
use serde::Serialize;

/// Where the generated module lies in an image.
const START: &str = "/opt/shipway/shipway_start.cjs";

#[derive(Debug, Serialize)]
pub(super) struct Node {
    /// The name of the stage that builds, and what its FROM says.
    pub(super) stage: String,
    pub(super) from: String,
    /// Folders that are emptied before the build, so that they hold what it makes alone.
    pub(super) emptied: Vec<String>,
    /// Folders that a build may take for granted.
    pub(super) folders: Vec<String>,
    /// Sentences on how dependencies are installed.
    comment: Vec<String>,
    /// The command that gets the package manager, where it does not come with Node.js.
    manager: Option<String>,
    /// Folder that dependencies are installed in.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what the installation reads.
    manifests: Vec<String>,
    install: String,
    /// Whether Bun is needed when it runs.
    bun: bool,
    /// Whether PM2 may start it, which keeps its state in the home of its user.
    pm2: bool,
    build: Option<String>,
    /// Whether it goes through other folders of the workspace first.
    build_elsewhere: bool,
    /// The command that takes out what only the build needs.
    prune: Option<String>,
    /// The command that migrates with dependencies for development, which has a stage of its own.
    migrate: Option<Vec<String>>,
    /// Folders with the programs of dependencies.
    programs: String,
    runtime_install: String,
    script: String,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    writable: Vec<String>,
    /// For a site: the folder that the build makes, and what hands it out.
    output: Option<String>,
    nginx: String,
    nginx_comment: Vec<String>,
}

impl Node {
    /// Whether migrations have a stage of their own.
    pub(super) fn migrates(&self) -> bool {
        self.migrate.is_some()
    }
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Node {
    let first = services[0];
    let installer = Installer::of_service(first);
    let home = home(first);
    let kind = base::node_kind(input);
    let writable: Vec<String> = writable(services).iter().map(in_image).collect();
    let mut comment = lock_note(installer.locked);
    let prune = prune(first, &installer);
    let migrate = migration(first).filter(|_| prune.is_some() && needs_development(first));
    if prune.is_none() && first.output.is_none() {
        comment.push("Dependencies for development stay in the image.".to_owned());
    }
    let mut system = packages(services, |service| &service.system_packages);
    system.insert(0, "tini");
    let nginx = base::pinned(input, "nginx");
    Node {
        stage: "build".to_owned(),
        from: "${NODE_BASE}".to_owned(),
        emptied: Vec::new(),
        folders: Vec::new(),
        comment,
        manager: get(&installer, input, first),
        manifests: manifests(first),
        install: installation(&installer),
        bun: installer.manager == PackageManager::Bun,
        pm2: first.requirements.iter().any(|one| one.name == "pm2"),
        build_elsewhere: first
            .build
            .as_ref()
            .is_some_and(|fact| fact.value.contains("(cd ")),
        build: first.build.as_ref().map(|fact| fact.value.clone()),
        prune,
        migrate,
        programs: programs(&home, first),
        home: in_image(&home),
        workdir: in_image(&first.working_dir.value),
        runtime_install: install(kind, &system, true),
        script: input.path("shipway_node").unwrap_or_default().to_owned(),
        entrypoint: entrypoint(kind),
        command: started(first).unwrap_or_default(),
        healthcheck: probe(first),
        writable,
        output: first
            .output
            .as_ref()
            .filter(|_| first.kind.value == ServiceKind::Static)
            .map(|fact| in_image(&fact.value)),
        nginx: nginx.reference,
        nginx_comment: nginx.comment,
    }
}

/// The folder of the lock file, which is where a workspace installs.
fn home(service: &Service) -> RelPath {
    service
        .lock
        .as_ref()
        .map_or_else(|| service.root.clone(), |fact| fact.value.parent())
}

/// The command that gets the package manager; Bun also runs the application, so it is kept where
/// the last stage takes it from.
fn get(installer: &Installer, input: &Input, service: &Service) -> Option<String> {
    let version = service.runtime_version.as_ref();
    let get = installer.get(input.pins, version.map(|fact| fact.value.as_str()))?;
    Some(if installer.manager == PackageManager::Bun {
        format!("{get} \\\n    && cp -L /usr/local/bin/bun /opt/bun")
    } else {
        get
    })
}

/// The command that installs, with what it downloads kept in the mounted cache.
fn installation(installer: &Installer) -> String {
    let install = installer.install();
    match installer.manager {
        PackageManager::Pnpm => format!("{install} --store-dir /root/.cache/pnpm"),
        PackageManager::Bun => format!("BUN_INSTALL_CACHE_DIR=/root/.cache/bun {install}"),
        _ => install.to_owned(),
    }
}

/// What the installation reads: manifests, lock, and what a client is generated from.
fn manifests(service: &Service) -> Vec<String> {
    // It holds tokens.
    let mut lines = copy_manifests(service, |path| path.file_name() != ".npmrc");
    if let Some(fact) = &service.migration
        && fact.value.tool == "prisma"
        && let Some(schema) = fact.evidence.first()
    {
        lines.push(copy(&[schema.file.to_string()], &in_image(&schema.file)));
    }
    lines
}

/// The command of the migration as an image runs it.
pub(super) fn migration(service: &Service) -> Option<Vec<String>> {
    let known = service.migration_in_image.as_ref()?;
    Some(by_npm(super::split(&known.command)))
}

/// `words` with npm, which comes with Node.js, in the place of a package manager that does not.
pub(super) fn by_npm(mut words: Vec<String>) -> Vec<String> {
    let runs = words
        .get(1)
        .is_some_and(|word| word == "run" || word == "start");
    if runs && matches!(words[0].as_str(), "pnpm" | "yarn") {
        "npm".clone_into(&mut words[0]);
    }
    words
}

fn needs_development(service: &Service) -> bool {
    let known = service.migration_in_image.as_ref();
    known.is_some_and(|known| !known.development.is_empty())
}

/// Takes out dependencies for development, unless one of them starts the application, or the package
/// manager cannot in a workspace or would take out what Prisma generates among them.
fn prune(service: &Service, installer: &Installer) -> Option<String> {
    let generates = service.migration.as_ref().is_some_and(|fact| {
        let brings = |name: &str| {
            service
                .requirements
                .iter()
                .any(|one| one.name == name && one.development)
        };
        fact.value.tool == "prisma" && brings("prisma")
    });
    let starts = service
        .server_command
        .as_ref()
        .and_then(|fact| fact.value.split(' ').next())
        .is_some_and(|program| {
            service
                .requirements
                .iter()
                .any(|one| one.development && one.name == program)
        });
    let workspace = home(service) != service.root;
    if starts || service.output.is_some() {
        return None;
    }
    match installer.manager {
        _ if generates && installer.manager != PackageManager::Npm => None,
        PackageManager::Npm => Some("npm prune --omit=dev".to_owned()),
        PackageManager::Pnpm if !workspace => {
            Some("CI=true pnpm prune --prod --ignore-scripts".to_owned())
        }
        PackageManager::Yarn if !installer.berry => Some(
            "yarn install --production --frozen-lockfile --ignore-scripts --prefer-offline"
                .to_owned(),
        ),
        // It takes nothing out of a folder that is there.
        PackageManager::Bun if !workspace => Some(format!(
            "rm -rf node_modules \\\n    && {} --production --ignore-scripts",
            installation(installer)
        )),
        _ => None,
    }
}

fn programs(home: &RelPath, service: &Service) -> String {
    let mut folders = vec![in_image(&service.root)];
    if *home != service.root {
        folders.push(in_image(home));
    }
    folders
        .iter()
        .map(|folder| format!("{folder}/node_modules/.bin"))
        .collect::<Vec<_>>()
        .join(":")
}

/// tini, and a shell that becomes the command once it has the secrets.
fn entrypoint(kind: Base) -> Vec<String> {
    let tini = if kind == Base::Alpine {
        "/sbin/tini"
    } else {
        "/usr/bin/tini"
    };
    // Node.js ends by the signal that it was told to stop with.
    let script = format!("secrets=$(node {START}) && eval \"$secrets\" && exec \"$@\"");
    [tini, "-e", "143", "--", "sh", "-c", &script, "sh"]
        .map(str::to_owned)
        .to_vec()
}

fn writable(services: &[&Service]) -> Vec<RelPath> {
    outermost(
        services
            .iter()
            .flat_map(|service| &service.writable)
            .map(|fact| &fact.value),
    )
}

/// The command that asks whether it is well, without what is asked.
pub(super) fn asks() -> Vec<String> {
    vec!["node".to_owned(), START.to_owned()]
}

/// Whether an image can be made for it: with a command, or files to hand out.
pub(super) fn is_made(service: &Service) -> bool {
    if service.kind.value == ServiceKind::Static {
        service.build.is_some() && service.output.is_some()
    } else {
        service.server_command.is_some()
    }
}
