//! The commands that serve an application, in production and in development.

use super::application::Application;
use super::manifest::Package;
use super::mention::Mention;
use crate::project::{Confidence, Fact, Requirement, ServerInterface};

/// What starts one web application.
pub(super) struct Server {
    pub(super) command: Fact<String>,
    pub(super) development: Fact<String>,
    /// The server to install where none is required.
    pub(super) added: Option<Fact<String>>,
}

/// Servers for each interface that a project may have among its requirements, best first.
const WSGI: &[&str] = &["gunicorn", "uwsgi", "waitress", "granian", "cheroot"];
const ASGI: &[&str] = &["uvicorn", "granian", "hypercorn", "daphne"];

/// Chooses the server: the one that the repository's own commands use, else one among the
/// requirements, else the interface's usual one.
pub(super) fn choose(package: &Package, mentions: &[Mention], application: &Application) -> Server {
    let interface = application.interface;
    let framework = application.framework.map_or("", |framework| framework.name);
    let named = mentions.iter().find(|mention| mention.server().is_some());
    let by_command = named.and_then(Mention::server).map(distribution);
    let (name, installed) = match interface {
        ServerInterface::Asgi if workers(package).is_some() => ("gunicorn", workers(package)),
        ServerInterface::Asgi => chosen(package, ASGI, by_command),
        ServerInterface::Wsgi => chosen(package, WSGI, by_command),
        ServerInterface::Own => (framework, package.runtime(framework)),
    };
    let (name, command) = match interface {
        ServerInterface::Own => own(package, application, name),
        _ => (name, written(name, interface, application)),
    };
    let installed = if interface == ServerInterface::Own {
        package.runtime(name)
    } else {
        installed
    };
    let mut command = match installed {
        Some(requirement) => Fact::certain(command, requirement.declared.clone())
            .because(format!("{name} is among the requirements")),
        None => Fact::guess(
            command,
            format!("no server among the requirements; {name} is added"),
        ),
    };
    if let Some(mention) = named.filter(|mention| mention.server().map(distribution) == Some(name))
    {
        command.evidence.insert(0, mention.at.clone());
        command.confidence = command.confidence.max(Confidence::Likely);
    }
    Server {
        development: Fact::guess(
            development(framework, interface, application),
            "the framework's server for development",
        ),
        added: installed.is_none().then(|| {
            Fact::guess(
                name.to_owned(),
                "no production server is among the requirements",
            )
        }),
        command,
    }
}

/// The distribution that installs a server program.
fn distribution(program: &'static str) -> &'static str {
    match program {
        "waitress-serve" => "waitress",
        other => other,
    }
}

/// gunicorn with a worker class that speaks ASGI, where both are required.
fn workers(package: &Package) -> Option<&Requirement> {
    package.any("uvicorn-worker")?;
    package.runtime("gunicorn")
}

/// The server for an interface, and the requirement that brings it.
fn chosen<'p>(
    package: &'p Package,
    servers: &[&'static str],
    by_command: Option<&'static str>,
) -> (&'static str, Option<&'p Requirement>) {
    let required = |name: &'static str| installs(package, name).map(|found| (name, Some(found)));
    by_command
        .filter(|name| servers.contains(name))
        .and_then(required)
        .or_else(|| servers.iter().copied().find_map(required))
        .unwrap_or((servers[0], None))
}

/// The requirement that installs a server: itself, or another one's extra.
fn installs<'p>(package: &'p Package, server: &str) -> Option<&'p Requirement> {
    let with_extra = |name: &str, extras: &[&str]| {
        package.runtime(name).filter(|requirement| {
            requirement
                .extras
                .iter()
                .any(|extra| extras.contains(&extra.as_str()))
        })
    };
    package.runtime(server).or_else(|| match server {
        "uvicorn" => with_extra("fastapi", &["standard", "all"])
            .or_else(|| with_extra("litestar", &["standard", "full"])),
        "granian" => package.runtime("litestar-granian"),
        "daphne" => with_extra("channels", &["daphne"]),
        _ => None,
    })
}

/// The command line of a server; `{port}` stands for the port.
fn written(server: &str, interface: ServerInterface, application: &Application) -> String {
    let entry = &application.entry;
    let quoted = quoted(entry);
    let plain = entry.trim_end_matches("()");
    let factory = |flag: &str| {
        if application.factory {
            format!(" {flag}")
        } else {
            String::new()
        }
    };
    match (server, interface) {
        ("gunicorn", ServerInterface::Asgi) => format!(
            "gunicorn --bind 0.0.0.0:{{port}} --workers 2 --worker-class uvicorn_worker.UvicornWorker --graceful-timeout 20 {quoted}"
        ),
        ("uvicorn", _) => format!(
            "uvicorn --host 0.0.0.0 --port {{port}} --timeout-graceful-shutdown 20{} {plain}",
            factory("--factory")
        ),
        ("hypercorn", _) => {
            format!("hypercorn --bind 0.0.0.0:{{port}} --graceful-timeout 20 {quoted}")
        }
        ("daphne", _) => format!("daphne --bind 0.0.0.0 --port {{port}} {plain}"),
        ("granian", interface) => format!(
            "granian --interface {} --host 0.0.0.0 --port {{port}}{} {plain}",
            if interface == ServerInterface::Asgi {
                "asgi"
            } else {
                "wsgi"
            },
            factory("--factory")
        ),
        ("waitress", _) => format!(
            "waitress-serve --listen=0.0.0.0:{{port}}{} {plain}",
            factory("--call")
        ),
        ("uwsgi", _) => format!(
            "uwsgi --http-socket 0.0.0.0:{{port}} --master --die-on-term --processes 2 --need-app --module {quoted}"
        ),
        ("cheroot", _) => format!("cheroot --bind 0.0.0.0:{{port}} {quoted}"),
        _ => format!("gunicorn --bind 0.0.0.0:{{port}} --workers 2 --graceful-timeout 20 {quoted}"),
    }
}

/// The command of an application that listens by itself, and what must be installed for it.
fn own<'n>(package: &Package, application: &Application, name: &'n str) -> (&'n str, String) {
    let entry = &application.entry;
    let plain = entry.trim_end_matches("()");
    match name {
        // aiohttp's own documentation deploys it behind gunicorn.
        "aiohttp" if package.runtime("gunicorn").is_some() || !application.factory => (
            "gunicorn",
            format!(
                "gunicorn --bind 0.0.0.0:{{port}} --workers 2 --worker-class aiohttp.GunicornWebWorker --graceful-timeout 20 {plain}"
            ),
        ),
        "pyramid" if package.any("gunicorn").is_some() => (
            "gunicorn",
            format!(
                "gunicorn --paste {entry} --bind 0.0.0.0:{{port}} --workers 2 --graceful-timeout 20"
            ),
        ),
        // pserve takes its port from the file.
        "pyramid" => ("pyramid", format!("pserve {entry}")),
        "aiohttp" => (
            name,
            format!("python -m aiohttp.web --hostname 0.0.0.0 --port {{port}} {plain}"),
        ),
        _ => (
            name,
            format!(
                "sanic {plain} --host 0.0.0.0 --port {{port}}{}",
                if application.factory {
                    " --factory"
                } else {
                    ""
                }
            ),
        ),
    }
}

fn quoted(entry: &str) -> String {
    if entry.contains('(') {
        format!("'{entry}'")
    } else {
        entry.to_owned()
    }
}

fn development(framework: &str, interface: ServerInterface, application: &Application) -> String {
    let plain = application.entry.trim_end_matches("()");
    let factory = if application.factory {
        " --factory"
    } else {
        ""
    };
    let quoted = quoted(&application.entry);
    match framework {
        "django" => "python manage.py runserver 0.0.0.0:{port}".to_owned(),
        "flask" if interface == ServerInterface::Wsgi => {
            format!("flask --app {quoted} run --debug --host 0.0.0.0 --port {{port}}")
        }
        "quart" => format!("quart --app {quoted} run --debug --host 0.0.0.0 --port {{port}}"),
        "litestar" => format!("litestar --app {plain} run --reload --host 0.0.0.0 --port {{port}}"),
        "sanic" => format!("sanic {plain} --host 0.0.0.0 --port {{port}} --dev{factory}"),
        "pyramid" if interface == ServerInterface::Own => {
            format!("pserve --reload {}", application.entry)
        }
        "aiohttp" => format!(
            "gunicorn --bind 0.0.0.0:{{port}} --worker-class aiohttp.GunicornWebWorker --reload {plain}"
        ),
        _ if interface == ServerInterface::Asgi => {
            format!("uvicorn --host 0.0.0.0 --port {{port}} --reload{factory} {plain}")
        }
        _ => format!("gunicorn --bind 0.0.0.0:{{port}} --reload {quoted}"),
    }
}
