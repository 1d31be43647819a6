//! The image of Python services: stages, commands, and the module that serves each.

use super::super::{Input, backing, component};
use super::front_end::{self, Stage};
use super::readiness::{self, Asked};
use super::{base, copy, in_image, outermost, port, sh};
use crate::config::Base;
use crate::project::{EnvRole, RelPath, ServerInterface, Service, ServiceKind};
use serde::Serialize;

mod dependencies;

/// Where the generated modules lie in an image.
const MODULES: &str = "/opt/shipway";

#[derive(Debug, Serialize)]
pub(super) struct Python {
    distroless: bool,
    final_base: Option<String>,
    /// What FROM of the final stage says.
    runtime_base: &'static str,
    dev_base: &'static str,
    build_packages: bool,
    build_install: String,
    runtime_install: String,
    tini_install: String,
    /// Sentences on how dependencies are installed.
    dependency_comment: Vec<String>,
    /// Arguments of COPY for what the installation reads.
    manifests: Vec<String>,
    /// Commands that install the dependencies.
    installs: Vec<String>,
    /// Requirements beside the application's own.
    server: Option<String>,
    dev_manifests: Vec<String>,
    dev_installs: Vec<String>,
    python_path: String,
    pub(super) workdir: String,
    /// Generated modules, as sources of COPY.
    scripts: String,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    writable: Vec<Writable>,
    volumes: Vec<String>,
    collectstatic: Option<String>,
    django_settings: Option<String>,
    pub(super) front_ends: Vec<Stage>,
    /// Whether a stage of its own gathers the static files.
    source_stage: bool,
}

#[derive(Debug, Serialize)]
struct Writable {
    /// In the image.
    path: String,
    /// In the stage that prepares it for a base without a shell.
    staged: String,
}

/// The module that a production server imports for one service.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    name: String,
    /// `shipway_web`
    module: String,
    import: String,
    expression: String,
    /// `wsgi` or `asgi`.
    interface: &'static str,
    wsgi: bool,
    django: bool,
    static_handler: &'static str,
    whitenoise: bool,
    backing: Vec<Asked>,
    /// Paths that it answers itself.
    answered: Vec<&'static str>,
}

impl Server {
    pub(super) fn is_wsgi(&self) -> bool {
        self.wsgi
    }
}

/// The image that `services` share; the first gives its command.
pub(super) fn image(input: &Input, services: &[&Service]) -> Python {
    let first = services[0];
    let kind = base::kind(input, first);
    let distroless = kind == Base::Distroless;
    let dependencies = dependencies::of(input, services);
    let writable: Vec<Writable> = writable(services)
        .iter()
        .map(|path| Writable {
            path: in_image(path),
            staged: format!("/final{}", in_image(path)),
        })
        .collect();
    let mut entrypoint: Vec<String> = Vec::new();
    entrypoint.push(
        if kind == Base::Alpine {
            "/sbin/tini"
        } else {
            "/usr/bin/tini"
        }
        .to_owned(),
    );
    // Uvicorn ends by the signal that it was told to stop with, after all its work.
    entrypoint.extend(["-e", "143", "--", "python"].map(str::to_owned));
    entrypoint.push(start());
    let system: Vec<&str> = packages(services, |service| &service.system_packages);
    let build: Vec<&str> = packages(services, |service| &service.build_packages);
    Python {
        distroless,
        final_base: if distroless {
            base::distroless(input, first)
        } else {
            None
        },
        runtime_base: if distroless {
            "${FINAL_BASE}"
        } else {
            "${PYTHON_BASE}"
        },
        dev_base: if distroless {
            "dev-packages"
        } else {
            "runtime"
        },
        build_packages: !build.is_empty(),
        build_install: install(kind, &build, false),
        runtime_install: {
            let mut all = vec!["tini"];
            all.extend(&system);
            install(kind, &all, true)
        },
        tini_install: install(Base::Slim, &["tini"], false),
        dependency_comment: dependencies.comment,
        manifests: dependencies.manifests,
        installs: dependencies.installs,
        server: servers(input, services),
        dev_manifests: dependencies.dev_manifests,
        dev_installs: dependencies.dev_installs,
        python_path: python_path(services),
        workdir: in_image(&first.working_dir.value),
        scripts: scripts(input, services),
        entrypoint,
        command: command(first).unwrap_or_default(),
        healthcheck: probe(first),
        volumes: writable.iter().map(|one| one.path.clone()).collect(),
        writable,
        collectstatic: collectstatic(input, first),
        source_stage: distroless && is_django(first),
        django_settings: django_settings(services),
        front_ends: front_end::stages(input, services),
    }
}

fn start() -> String {
    format!("{MODULES}/shipway_start.py")
}

/// The modules that the image needs, as generated files in the tree.
fn scripts(input: &Input, services: &[&Service]) -> String {
    let ids = ["shipway_start", "shipway_health", "shipway_gunicorn"];
    let own = services
        .iter()
        .filter_map(|service| input.path_of("shipway_server", &service.name));
    let served = services.iter().any(|service| interface(service).is_some());
    let paths: Vec<&str> = ids
        .iter()
        .filter(|id| served || **id == "shipway_start")
        .filter_map(|id| input.path(id))
        .chain(own)
        .collect();
    paths.join(" ")
}

/// Debian packages of all services, sorted.
pub(super) fn packages<'a>(
    services: &[&'a Service],
    of: impl Fn(&'a Service) -> &'a Vec<crate::project::Fact<String>>,
) -> Vec<&'a str> {
    let mut names: Vec<&str> = services
        .iter()
        .flat_map(|service| of(service))
        .map(|fact| fact.value.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Names in Alpine of Debian's packages that differ.
const ALPINE: &[(&str, &str)] = &[
    ("build-essential", "build-base"),
    ("default-libmysqlclient-dev", "mariadb-dev"),
    ("default-mysql-client", "mysql-client"),
    ("gcc", "build-base"),
    ("g++", "build-base"),
    ("libffi-dev", "libffi-dev"),
    ("libjpeg-dev", "jpeg-dev"),
    ("libmariadb3", "mariadb-connector-c"),
    ("libpq-dev", "libpq-dev"),
    ("libpq5", "libpq"),
    ("libssl-dev", "openssl-dev"),
    ("libxml2", "libxml2"),
    ("libxslt1.1", "libxslt"),
    ("pkg-config", "pkgconf"),
    ("python3-dev", "python3-dev"),
];

/// A RUN that installs system packages and leaves nothing that differs from build to build; with
/// the entry for the user that the container runs as where `user` is set.
pub(super) fn install(kind: Base, packages: &[&str], user: bool) -> String {
    let mut steps: Vec<String> = Vec::new();
    let ignored = if kind == Base::Alpine {
        let mut names: Vec<&str> = packages
            .iter()
            .map(|name| {
                ALPINE
                    .iter()
                    .find(|(debian, _)| debian == name)
                    .map_or(*name, |(_, alpine)| *alpine)
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        steps.push(format!("apk add --no-cache {}", names.join(" ")));
        "DL3018"
    } else {
        steps.push("apt-get update".to_owned());
        steps.push(format!(
            "apt-get install --yes --no-install-recommends {}",
            packages.join(" ")
        ));
        steps.push(
            "rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old \\\n        \
             /var/cache/ldconfig/aux-cache /var/log/apt /var/log/*.log"
                .to_owned(),
        );
        "DL3008"
    };
    if user {
        steps.push(
            "echo 'app:x:10001:10001:app:/nonexistent:/usr/sbin/nologin' >> /etc/passwd".to_owned(),
        );
        steps.push("echo 'app:x:10001:' >> /etc/group".to_owned());
    }
    format!(
        "# The base image's digest decides which versions there are.\n# hadolint ignore={ignored}\nRUN {}",
        steps.join(" \\\n    && ")
    )
}

/// Folders that some service writes to and that can be a volume of their own.
pub(in super::super) fn writable(services: &[&Service]) -> Vec<RelPath> {
    let folders: Vec<&RelPath> = services
        .iter()
        .flat_map(|service| &service.writable)
        .map(|fact| &fact.value)
        .filter(|folder| !holds_code(services, folder))
        .collect();
    outermost(folders.into_iter())
}

/// Whether a volume on `folder` would hide code.
pub(in super::super) fn holds_code(services: &[&Service], folder: &RelPath) -> bool {
    services.iter().any(|service| {
        service.working_dir.value.is_within(folder)
            || service
                .sources
                .iter()
                .any(|source| source.is_within(folder) && !is_data(service, source))
    })
}

fn is_data(service: &Service, source: &RelPath) -> bool {
    service
        .writable
        .iter()
        .any(|folder| &folder.value == source)
        && !service.working_dir.value.is_within(source)
}

fn python_path(services: &[&Service]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for service in services {
        let roots = service.import_roots.iter().map(|fact| &fact.value);
        for path in std::iter::once(&service.working_dir.value).chain(roots) {
            let path = in_image(path);
            if !parts.contains(&path) {
                parts.push(path);
            }
        }
    }
    parts.push(MODULES.to_owned());
    parts.join(":")
}

/// The interface that a server of ours can serve, where the application has one.
fn interface(service: &Service) -> Option<&'static str> {
    let fact = service.interface.as_ref()?;
    let entry = service.entry.as_ref()?;
    if service.kind.value != ServiceKind::Web || !entry.value.contains(':') || is_chosen(service) {
        return None;
    }
    match fact.value {
        ServerInterface::Wsgi => Some("wsgi"),
        ServerInterface::Asgi => Some("asgi"),
        ServerInterface::Own => None,
    }
}

/// Whether `shipway.toml` names the command.
fn is_chosen(service: &Service) -> bool {
    service.server_command.as_ref().is_some_and(|fact| {
        fact.evidence
            .iter()
            .any(|place| place.file.as_str() == "shipway.toml")
    })
}

fn is_django(service: &Service) -> bool {
    service
        .framework
        .as_ref()
        .is_some_and(|fact| fact.value == "django")
}

fn requires(service: &Service, name: &str) -> bool {
    service
        .requirements
        .iter()
        .any(|requirement| !requirement.development && requirement.name == name)
}

/// Requirements for pip that production needs beside the application's own.
fn servers(input: &Input, services: &[&Service]) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for service in services {
        match interface(service) {
            Some("wsgi") => names.push("gunicorn"),
            Some(_) => names.push("uvicorn"),
            None => {}
        }
        if interface(service) == Some("wsgi") && is_django(service) {
            names.push("whitenoise");
        }
    }
    names.dedup();
    let missing: Vec<String> = names
        .into_iter()
        .filter(|name| !services.iter().any(|service| requires(service, name)))
        .map(|name| input.pins.requirement(name))
        .collect();
    (!missing.is_empty()).then(|| missing.join(" "))
}

/// The module for `service`, where a server of ours serves it.
pub(super) fn server(input: &Input, service: &Service) -> Option<Server> {
    let interface = interface(service)?;
    let (module, object) = service.entry.as_ref()?.value.split_once(':')?;
    let name: String = object
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let called = object.contains('(') || !service.entry_is_factory;
    let wsgi = interface == "wsgi";
    let own = service.health.as_ref().filter(|fact| {
        fact.evidence
            .iter()
            .any(|place| place.file.as_str() != "shipway.toml")
    });
    Some(Server {
        name: service.name.clone(),
        module: module_name(service),
        import: format!("from {module} import {name}"),
        expression: if called {
            object.to_owned()
        } else {
            format!("{object}()")
        },
        wsgi: interface == "wsgi",
        interface,
        django: is_django(service),
        static_handler: if wsgi {
            "StaticFilesHandler"
        } else {
            "ASGIStaticFilesHandler"
        },
        whitenoise: wsgi && is_django(service),
        backing: readiness::asked(input.project, service),
        answered: ["/healthz", "/readyz"]
            .into_iter()
            .filter(|path| own.is_none_or(|fact| fact.value != *path))
            .collect(),
    })
}

/// What gunicorn takes at once where its variables say nothing.
#[derive(Debug, Serialize)]
pub(super) struct Gunicorn {
    workers: u32,
    threads: u32,
    /// Seconds.
    timeout: u32,
}

/// A worker that hears nothing for less than this is not given up (seconds): starting takes time.
const PATIENCE: u32 = 30;

/// The most that the repository itself says of any of `services`, else the usual.
pub(super) fn gunicorn(services: &[Service]) -> Gunicorn {
    let most = |fact: fn(&Service) -> Option<u32>, usual| {
        services.iter().filter_map(fact).max().unwrap_or(usual)
    };
    Gunicorn {
        workers: most(|one| Some(one.capacity.workers.as_ref()?.value), 2).max(1),
        threads: most(|one| Some(one.capacity.threads.as_ref()?.value), 4).max(1),
        timeout: match most(|one| Some(one.capacity.timeout.as_ref()?.value), 60) {
            0 => 0,
            seconds => seconds.max(PATIENCE),
        },
    }
}

fn module_name(service: &Service) -> String {
    format!("shipway_{}", service.name.replace('-', "_"))
}

/// How `service` is started in production; None where nobody knows.
pub(super) fn command(service: &Service) -> Option<Vec<String>> {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    match interface(service) {
        Some("wsgi") => {
            return Some(words(&format!(
                "gunicorn --config python:shipway_gunicorn {}:application",
                module_name(service)
            )));
        }
        Some(_) => {
            return Some(words(&format!(
                "uvicorn {}:application --host 0.0.0.0 --port {} --no-proxy-headers --no-server-header --timeout-graceful-shutdown 20",
                module_name(service),
                port(service)
            )));
        }
        None => {}
    }
    if let Some(fact) = &service.server_command {
        return Some(split(
            &fact.value.replace("{port}", &port(service).to_string()),
        ));
    }
    let entry = &service.entry.as_ref()?.value;
    if let Some((module, _)) = entry.split_once(':') {
        return Some(words(&format!("python -m {module}")));
    }
    Some(vec!["python".to_owned(), entry.clone()])
}

/// How it is started for development: one process that starts again when the source changes.
pub(super) fn dev_command(service: &Service) -> Option<Vec<String>> {
    let production = command(service)?;
    let mut command = production.clone();
    match (interface(service), service.kind.value) {
        (Some(_), _) => command.push("--reload".to_owned()),
        (None, ServiceKind::Job) => {}
        (None, _) => {
            let line = production
                .iter()
                .map(|word| sh(word))
                .collect::<Vec<_>>()
                .join(" ");
            command = [
                "watchfiles",
                "--ignore-permission-denied",
                "--filter",
                "python",
            ]
            .map(str::to_owned)
            .to_vec();
            command.push(line);
            command.push(in_image(&service.root));
        }
    }
    Some(command)
}

/// Words of a command line; one with quotes or a shell's signs goes to a shell.
pub(in super::super) fn split(line: &str) -> Vec<String> {
    if line.contains(['\'', '"', '$', '`', '|', '&', ';', '<', '>', '*', '(', '\\']) {
        return vec!["sh".to_owned(), "-c".to_owned(), format!("exec {line}")];
    }
    line.split_whitespace().map(str::to_owned).collect()
}

/// The path that tells whether a web service is well; None for the bare port.
fn health_path(service: &Service) -> Option<String> {
    if interface(service).is_some() {
        return Some("/healthz".to_owned());
    }
    service.health.as_ref().map(|fact| fact.value.clone())
}

/// Command of the health check; None for what runs and ends.
pub(super) fn probe(service: &Service) -> Option<Vec<String>> {
    let mut words = vec!["python".to_owned(), "-I".to_owned(), start()];
    match service.kind.value {
        ServiceKind::Web => {
            words.push("--probe".to_owned());
            words.extend(health_path(service));
        }
        // It answers nothing that could be asked.
        ServiceKind::Worker | ServiceKind::Scheduler => words.push("--running".to_owned()),
        ServiceKind::Job | ServiceKind::Static => return None,
    }
    Some(words)
}

/// Gathers Django's static files, with stand-ins for what the settings insist on.
fn collectstatic(input: &Input, service: &Service) -> Option<String> {
    if !is_django(service) || service.kind.value != ServiceKind::Web {
        return None;
    }
    let parts = component::components(input.project);
    let part = parts
        .iter()
        .find(|part| part.services.iter().any(|one| one.name == service.name))?;
    let mut given = backing::env(input, part);
    for variable in service.env.iter().filter(|variable| variable.secret) {
        given
            .entry(variable.name.clone())
            .or_insert_with(|| "build".to_owned());
    }
    let given: Vec<String> = given
        .iter()
        .map(|(name, value)| format!("{name}={}", sh(value)))
        .collect();
    let given = given.join(" ");
    Some(format!(
        "export {given} SHIPWAY_BUILD=1 \\\n    && root=\"$(python -c \"from django.conf import settings; print(settings.STATIC_ROOT or '')\")\" \\\n    && if [ -n \"$root\" ]; then python manage.py collectstatic --noinput; fi"
    ))
}

/// The settings module that the production server uses, for Django's other commands.
fn django_settings(services: &[&Service]) -> Option<String> {
    services
        .iter()
        .filter(|service| is_django(service))
        .flat_map(|service| &service.env)
        .find(|variable| variable.role == Some(EnvRole::DjangoSettings))
        .and_then(|variable| variable.default.clone())
}

/// Sources of COPY for `files`, one instruction per folder.
fn copy_files(files: &[RelPath]) -> Vec<String> {
    let mut files = files.to_vec();
    files.sort();
    files.dedup();
    let mut lines = Vec::new();
    let mut folders: Vec<RelPath> = files.iter().map(RelPath::parent).collect();
    folders.dedup();
    folders.sort();
    folders.dedup();
    for folder in folders {
        let here: Vec<String> = files
            .iter()
            .filter(|file| file.parent() == folder)
            .map(ToString::to_string)
            .collect();
        let target = if folder.is_root() {
            "./".to_owned()
        } else {
            format!("{folder}/")
        };
        lines.push(copy(&here, &target));
    }
    lines
}
