//! The image of an application of PHP: Apache with PHP inside, the extensions that it needs, and what
//! Composer installs.

use super::super::Input;
use super::front_end::{self, Stage};
use super::python::{install, packages, writable};
use super::readiness::{self, Asked};
use super::{base, copy_manifests, in_image, port, probe, split};
use crate::config::Base;
use crate::project::{RelPath, Service, ServiceKind};
use serde::Serialize;
use std::collections::BTreeSet;

/// The generated program that gives the shell the secrets and asks whether a service is well.
const START: &str = "/opt/shipway/shipway_start.php";

/// The generated script that runs Apache and lets it end what is under way.
const SERVE: &str = "/opt/shipway/shipway_serve.sh";

/// Extensions that PHP's own images have already.
const THERE: &[&str] = &[
    "ctype",
    "curl",
    "date",
    "dom",
    "fileinfo",
    "filter",
    "hash",
    "iconv",
    "json",
    "libxml",
    "mbstring",
    "mysqlnd",
    "openssl",
    "pcre",
    "pdo",
    "pdo_sqlite",
    "phar",
    "posix",
    "random",
    "readline",
    "reflection",
    "session",
    "simplexml",
    "sodium",
    "spl",
    "sqlite3",
    "standard",
    "tokenizer",
    "xml",
    "xmlreader",
    "xmlwriter",
    "zlib",
];

/// Folders that Laravel expects in its storage.
const STORAGE: &[&str] = &[
    "app/public",
    "framework/cache/data",
    "framework/sessions",
    "framework/views",
    "logs",
];

#[derive(Debug, Serialize)]
pub(super) struct Php {
    /// What installs extensions.
    installer: String,
    installer_comment: Vec<String>,
    /// The image of Composer; None for pages without a manifest.
    composer: Option<String>,
    composer_comment: Vec<String>,
    /// Names of extensions.
    extensions: Vec<String>,
    runtime_install: String,
    composer_install: String,
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what the installation reads.
    manifests: Vec<String>,
    /// Whether the repository holds no lock.
    unlocked: bool,
    laravel: bool,
    symfony: bool,
    /// What the application runs after an installation.
    build: Option<String>,
    /// Generated files, as sources of COPY.
    scripts: Vec<String>,
    settings: String,
    /// Apache's settings.
    apache: String,
    env: Vec<Setting>,
    /// Whether names of those are about secrets; none of them is one.
    about_secrets: bool,
    /// Folders that are made, and those of them that are volumes.
    folders: Vec<String>,
    volumes: Vec<String>,
    pub(super) front_ends: Vec<Stage>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Setting {
    name: String,
    value: String,
}

/// What Apache is told of one service.
#[derive(Debug, Serialize)]
pub(super) struct Application {
    name: String,
    port: u16,
    /// The folder that is handed out.
    folder: String,
    /// Whether that is the whole application, so that files in it have to be hidden.
    whole: bool,
    /// Whether requests for nothing that is there go to its front controller.
    fallback: bool,
    /// Whether `/healthz` is the application's own.
    own_health: bool,
    pub(super) asked: Vec<Asked>,
}

fn is_of(service: &Service, name: &str) -> bool {
    let framework = service.framework.as_ref();
    framework.is_some_and(|fact| fact.value == name)
}

/// What Apache is told of `service`; None for what answers no requests.
pub(super) fn application(input: &Input, service: &Service) -> Option<Application> {
    if service.ecosystem != "php" || service.kind.value != ServiceKind::Web {
        return None;
    }
    let folder = service.static_dirs.first().map(|fact| &fact.value);
    let folder = folder.unwrap_or(&service.root);
    Some(Application {
        name: service.name.clone(),
        port: port(service),
        folder: in_image(folder),
        whole: *folder == service.root,
        fallback: *folder != service.root,
        own_health: service
            .health
            .as_ref()
            .is_some_and(|fact| fact.value == "/healthz"),
        asked: readiness::asked(input.project, service),
    })
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Php {
    let first = services[0];
    let installer = base::pinned(input, "php-extension-installer");
    let composer = first
        .manifest
        .is_some()
        .then(|| base::pinned(input, "composer"));
    let mut system = packages(services, |service| &service.system_packages);
    system.insert(0, "tini");
    let volumes: Vec<RelPath> = writable(services);
    let laravel = services.iter().any(|one| is_of(one, "laravel"));
    let mut folders: BTreeSet<String> = volumes.iter().map(in_image).collect();
    if let Some(storage) = volumes
        .iter()
        .find(|path| laravel && path.file_name() == "storage")
    {
        folders.extend(
            STORAGE
                .iter()
                .map(|name| format!("{}/{name}", in_image(storage))),
        );
    }
    let path = |id: &str| input.path(id).unwrap_or_default().to_owned();
    let env = environment(first);
    Php {
        installer: installer.reference,
        installer_comment: installer.comment,
        composer_comment: composer
            .as_ref()
            .map_or(Vec::new(), |one| one.comment.clone()),
        composer: composer.map(|one| one.reference),
        extensions: extensions(services),
        runtime_install: install(Base::Slim, &system, true),
        composer_install: install(Base::Slim, &["git", "unzip"], false),
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        manifests: copy_manifests(first, |_| true),
        unlocked: first.lock.is_none(),
        laravel,
        symfony: services.iter().any(|one| is_of(one, "symfony")),
        scripts: ["shipway_php", "shipway_php_health", "shipway_php_serve"]
            .map(path)
            .to_vec(),
        settings: path("shipway_php_ini"),
        apache: input
            .path_of("apache_conf", &first.name)
            .unwrap_or_default()
            .to_owned(),
        about_secrets: env.iter().any(is_about_secrets),
        env,
        folders: folders.into_iter().collect(),
        volumes: volumes.iter().map(in_image).collect(),
        front_ends: front_end::stages(input, services),
        entrypoint: entrypoint(),
        command: command(first).unwrap_or_default(),
        healthcheck: probe(first),
        build: first.build.as_ref().map(|fact| fact.value.clone()),
    }
}

/// The extensions that `services` need and the image has not, sorted.
pub(in super::super) fn extensions(services: &[&Service]) -> Vec<String> {
    let required = services.iter().flat_map(|service| &service.requirements);
    let mut names: BTreeSet<String> = required
        .filter(|one| !one.development)
        .filter_map(|one| one.name.strip_prefix("ext-"))
        .map(|name| name.trim_start_matches("zend-").to_lowercase())
        .filter(|name| !THERE.contains(&name.as_str()))
        .collect();
    names.insert("opcache".to_owned());
    // What works off a queue ends between two of its jobs only where it hears of signals.
    if services
        .iter()
        .any(|service| service.kind.value == ServiceKind::Worker)
    {
        names.insert("pcntl".to_owned());
    }
    names.into_iter().collect()
}

/// Whether a linter would take the name of a setting for that of a secret: `TOKEN_LIFETIME`.
fn is_about_secrets(setting: &Setting) -> bool {
    ["AUTH", "CREDENTIAL", "KEY", "PASS", "SECRET", "TOKEN"]
        .iter()
        .any(|word| setting.name.contains(word))
}

/// What the application is told in every container.
fn environment(service: &Service) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let mut set = |name: &str, value: &str| {
        if found.iter().all(|known| known.name != name) {
            found.push(Setting {
                name: name.to_owned(),
                value: value.to_owned(),
            });
        }
    };
    set("PORT", &port(service).to_string());
    set("WEB_CONCURRENCY", "16");
    for name in ["APACHE_RUN_DIR", "APACHE_LOCK_DIR"] {
        set(name, "/tmp/apache2");
    }
    set("APACHE_PID_FILE", "/tmp/apache2/apache2.pid");
    set("PHP_OPCACHE_VALIDATE_TIMESTAMPS", "0");
    if is_of(service, "laravel") {
        set("APP_ENV", "production");
        set("LOG_CHANNEL", "stderr");
        set("VIEW_COMPILED_PATH", "/tmp/views");
        if service
            .single
            .as_ref()
            .is_some_and(|fact| fact.value.reason == "sqlite")
        {
            set(
                "DB_DATABASE",
                &format!("{}/storage/database.sqlite", in_image(&service.root)),
            );
        }
    }
    if is_of(service, "symfony") {
        set("APP_ENV", "prod");
        set("APP_DEBUG", "0");
        // What was made for another release would be taken for that of this one.
        set("APP_CACHE_DIR", "/tmp/cache");
    }
    // What the repository itself sets holds in this image, too.
    for variable in service
        .env
        .iter()
        .filter(|one| one.set_at.is_some() && one.role.is_none())
    {
        let value = variable.default.as_deref().unwrap_or_default();
        if !value.is_empty()
            && !value.contains(['\n', '$', '\\'])
            && !is_local(&variable.name, value)
        {
            set(&variable.name, value);
        }
    }
    found
}

/// Whether a value says what only holds on the machine of whoever develops: where another service is, and
/// how much is logged.
fn is_local(name: &str, value: &str) -> bool {
    let of_address = ["_HOST", "_PORT", "_USER", "_USERNAME", "_SOCKET"];
    of_address.iter().any(|end| name.ends_with(end))
        || value.contains("localhost")
        || value.contains("127.0.0.1")
        || value == "debug"
}

/// tini, and a shell that becomes the command once it has the secrets.
fn entrypoint() -> Vec<String> {
    let script = format!("secrets=$(php {START}) && eval \"$secrets\" && exec \"$@\"");
    [
        "/usr/bin/tini",
        "-e",
        "143",
        "--",
        "sh",
        "-c",
        &script,
        "sh",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// How `service` is started; None where nobody knows.
pub(super) fn command(service: &Service) -> Option<Vec<String>> {
    let fact = service.server_command.as_ref()?;
    if service.kind.value == ServiceKind::Web {
        return Some(["sh", SERVE].map(str::to_owned).to_vec());
    }
    Some(split(&fact.value))
}

/// What asks whether a service is well.
pub(super) fn asks() -> Vec<String> {
    ["php", START].map(str::to_owned).to_vec()
}
