//! What only a server of Rust has: framework, port, health check, files that it hands out.

use super::program::Program;
use super::service::Search;
use super::settings;
use super::source::{File, Route};
use crate::detect::beside::beside;
use crate::detect::serving::{self, Listen};
use crate::detect::variable::{self, Engines};
use crate::detect::{Found, unknown};
use crate::project::{
    Confidence, EnvRole, Evidence, Fact, Finding, Port, RelPath, Service, Severity,
};

/// The port of Rocket where nothing says another: <https://rocket.rs/guide/v0.5/configuration/>.
const ROCKET: u16 = 8000;

/// Fills in what `program` has as a server, the `only` one or one of several.
pub(super) fn find(
    search: &Search,
    program: &Program,
    service: &mut Service,
    only: bool,
    found: &mut Found,
) {
    let listens: Vec<&Listen> = program
        .files
        .iter()
        .flat_map(|file| &file.listens)
        .collect();
    service.framework = program
        .framework()
        .map(|found| Fact::certain(found.name.clone(), found.declared.clone()));
    service.port = port(search, program, &listens, only);
    if service.port.is_none() {
        let places = [
            "Dockerfile EXPOSE",
            "the calls that listen",
            "attributes of clap",
            "files of settings",
        ];
        found.unknown.push(unknown::of(service, "port", &places));
    }
    service.health = health(program);
    let place = listens.first().map(|listen| &listen.at);
    found
        .findings
        .extend(stops_at_once(program, service, place));
    folders(search, program, service);
    let chosen = service.env.iter().any(|variable| {
        matches!(variable.role, Some(EnvRole::ListenHost))
            || serving::is_of_port(&variable.name) && variable.role != Some(EnvRole::ListenPort)
    });
    if !chosen {
        let mend = "bind to 0.0.0.0 (\"0.0.0.0:8080\", ([0, 0, 0, 0], 8080)), or take the address from a variable";
        found
            .findings
            .extend(serving::on_loopback(&listens, &service.name, mend));
    }
}

/// Frameworks that end at once when they are told to stop, unless the program waits for a signal;
/// actix-web and Rocket answer first what they have begun.
const ABRUPT: &[&str] = &["axum", "warp", "hyper", "tonic", "poem", "salvo"];

/// Says of a server that what it has begun is cut off when its container is stopped.
fn stops_at_once(program: &Program, service: &Service, at: Option<&Evidence>) -> Option<Finding> {
    let framework = service.framework.as_ref()?;
    let waits = program.files.iter().any(|file| file.is_graceful);
    if waits || !ABRUPT.contains(&framework.value.as_str()) {
        return None;
    }
    let at = at?;
    Some(Finding {
        id: "stops-at-once",
        severity: Severity::Note,
        message: format!(
            "{at} waits for no signal: when {} is stopped or replaced, answers under way are cut off",
            service.name
        ),
        evidence: vec![at.clone()],
        mend: "wait for SIGTERM (tokio::signal::unix) and end by it: \
               axum::serve(…).with_graceful_shutdown(signal), or what the framework calls that"
            .to_owned(),
    })
}

fn port(search: &Search, program: &Program, listens: &[&Listen], only: bool) -> Option<Fact<Port>> {
    let mut claims: Vec<(Port, Evidence)> = Vec::new();
    let images = search.images(program);
    let exposed = images
        .iter()
        .filter(|image| {
            only || image.path.file_name().contains(&program.bin.name)
                || image.path.parent() == program.package.root
        })
        .flat_map(|image| image.exposed.iter().cloned());
    claims.extend(exposed);
    // Of several that an image exposes, the one that the server is known to listen on.
    let known = |name: &str| {
        let mut files = program.files.iter();
        files.find_map(|file| file.ports.get(name).cloned())
    };
    let listened: Vec<Port> = serving::ports(listens, known)
        .into_iter()
        .map(|(port, _)| port)
        .collect();
    if let Some(at) = claims.iter().position(|(port, _)| listened.contains(port)) {
        claims.swap(0, at);
    }
    let folders = search.folders(program);
    let launches = program.files.iter().find_map(|file| file.launches.as_ref());
    if launches.is_some()
        && let Some((text, at)) = settings::rocket(search.tree, &folders, "port")
        && let Some(port) = text.parse().ok().and_then(Port::new)
    {
        claims.push((port, at));
    }
    let kept = |name: &str| {
        program
            .files
            .iter()
            .find_map(|file| file.ports.get(name).cloned())
    };
    claims.extend(serving::ports(listens, kept));
    if let Some((path, document)) = settings::file(search.tree, program, &folders)
        && let Some((port, at)) = settings::port(search.tree, &path, &document)
    {
        claims.extend(Port::new(port).map(|port| (port, at)));
    }
    let mut sure = Confidence::Certain;
    if claims.is_empty() {
        // Where the address comes from elsewhere: what is kept under the usual names.
        sure = Confidence::Likely;
        let usual = [
            "port",
            "http_port",
            "server_port",
            "app_port",
            "listen_port",
            "api_port",
            "addr",
            "bind_addr",
            "listen_addr",
            "http_addr",
            "socket_addr",
            "address",
            "bind_address",
            "listen_address",
            "server_addr",
            "bind",
            "listen",
            "default_port",
        ];
        let said = usual.iter().find_map(|name| kept(name));
        claims.extend(said.and_then(|(port, at)| Some((Port::new(port)?, at))));
        if claims.is_empty() {
            claims.extend(by_variable(search, program));
        }
    }
    if claims.is_empty()
        && let (Some(port), Some(at)) = (Port::new(ROCKET), launches)
    {
        return Some(
            Fact::likely(port, at.clone()).because("Rocket's own port where nothing says another"),
        );
    }
    let mut fact = Fact::first_of(sure, claims)?;
    if !fact.against.is_empty() {
        fact = fact.because(
            "EXPOSE goes before the first call that listens, and that before a file of settings",
        );
    }
    Some(fact)
}

/// The default of the variable that the port is read from.
fn by_variable(search: &Search, program: &Program) -> Option<(Port, Evidence)> {
    let reads = program
        .files
        .iter()
        .flat_map(|file| file.reads.iter().map(move |read| (file, read)));
    let mut ports = reads.filter(|(_, read)| {
        variable::role(&read.name, Engines::default()) == Some(EnvRole::ListenPort)
    });
    ports.find_map(|(file, read)| {
        let port = Port::new(read.default.as_deref()?.parse().ok()?)?;
        Some((port, search.tree.at(&file.path, read.line)))
    })
}

/// The route that a health check asks, with the prefix that it stands below.
fn health(program: &Program) -> Option<Fact<String>> {
    let routes = program.files.iter().flat_map(|file| {
        let routes = file.health.iter();
        routes.map(move |route| (prefixed(program, file, route), &route.at))
    });
    serving::health(routes)
}

fn prefixed(program: &Program, own: &File, route: &Route) -> String {
    let written = format!("\"{}\"", route.path);
    let bare = format!("\"{}\"", route.path.trim_start_matches('/'));
    let below = |text: &str, elsewhere: bool| {
        let words = || text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let named = route
            .functions
            .iter()
            .any(|function| words().any(|word| word == function));
        named || !elsewhere && (text.contains(&written) || text.contains(&bare))
    };
    // A function of many files may have this name.
    let usual = [
        "router",
        "routes",
        "app",
        "main",
        "run",
        "config",
        "configure",
        "new",
    ];
    let is_usual = route
        .functions
        .iter()
        .any(|name| usual.contains(&name.as_str()));
    for file in &program.files {
        let elsewhere = file.path != own.path;
        if elsewhere && is_usual {
            continue;
        }
        for (prefix, text) in &file.nests {
            if below(text, elsewhere) && prefix != "/" {
                return format!("{}{}", prefix.trim_end_matches('/'), route.path);
            }
        }
    }
    route.path.clone()
}

/// Whether a file at the top may be one that a program reads, and not one of its tools.
fn is_settings(path: &RelPath) -> bool {
    let name = path.file_name();
    let of_tools = [
        "Cargo.toml",
        "package.json",
        "clippy.toml",
        "rustfmt.toml",
        "deny.toml",
    ];
    let read = [
        "toml", "yaml", "yml", "json", "ron", "ini", "conf", "html", "csv", "txt",
    ];
    read.contains(&path.extension())
        && !of_tools.contains(&name)
        && !name.starts_with("shipway.")
        && !name.starts_with("rust-toolchain")
}

/// Folders and files that the program opens when it runs: those that texts name and that are not in
/// the binary.
fn folders(search: &Search, program: &Program, service: &mut Service) {
    let start = service.working_dir.value.clone();
    let tree = search.tree;
    let place = |path: &str| -> Option<RelPath> {
        let path = path.trim_start_matches("./").trim_end_matches(['/', '*']);
        start
            .join(path)
            .ok()
            .filter(|path| *path != start && tree.has_folder(path))
    };
    let mut put = |path: &str, at: &Evidence, is_template: bool| {
        let Some(folder) = place(path) else { return };
        let list = if is_template {
            &mut service.templates
        } else {
            &mut service.static_dirs
        };
        if list.iter().all(|fact| fact.value != folder) {
            list.push(Fact::certain(folder, at.clone()));
        }
    };
    for file in &program.files {
        for (path, at) in &file.templates {
            put(path, at, true);
        }
        for (path, at) in &file.statics {
            put(path, at, false);
        }
    }
    let embeds: Vec<RelPath> = program
        .files
        .iter()
        .flat_map(|file| &file.embeds)
        .filter_map(|(folder, _)| program.package.root.join(folder).ok())
        .collect();
    let migrations = service
        .migration
        .as_ref()
        .map(|fact| fact.value.folder.clone());
    for (path, at) in program.files.iter().flat_map(|file| &file.paths) {
        let first = path.split(['/', '*']).next().unwrap_or_default();
        let Ok(kept) = start.join(first) else {
            continue;
        };
        let is_file = first == path && tree.has(&kept) && is_settings(&kept);
        let is_folder = tree.has_folder(&kept)
            && !beside(&kept)
            && !tree.with_extension("rs").any(|path| path.is_within(&kept));
        let known = service
            .templates
            .iter()
            .chain(&service.static_dirs)
            .any(|fact| fact.value.is_within(&kept) || kept.is_within(&fact.value));
        let built = ["migrations", "target", "src", "scripts", "deploy"].contains(&first)
            || first.starts_with('.')
            || migrations.as_ref() == Some(&kept);
        if !first.is_empty()
            && (is_file || is_folder)
            && !known
            && !built
            && !embeds.iter().any(|embedded| embedded.is_within(&kept))
        {
            service.static_dirs.push(
                Fact::likely(kept, at.clone())
                    .because("a text of the program names it, and it is not embedded"),
            );
        }
    }
    let launches = program.files.iter().find_map(|file| file.launches.as_ref());
    let rocket = start.join("Rocket.toml").ok().filter(|path| tree.has(path));
    if let (Some(at), Some(file)) = (launches, rocket) {
        service
            .static_dirs
            .push(Fact::certain(file, at.clone()).because("Rocket reads it where it is started"));
    }
}
