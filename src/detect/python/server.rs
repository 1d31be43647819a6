//! The commands that serve an application, in production and in development.

use super::manifest::Package;
use super::mention::Mention;
use crate::project::{Confidence, Fact, ServerInterface};

/// What starts one web application.
pub(super) struct Server {
    pub(super) command: Fact<String>,
    pub(super) development: Fact<String>,
    /// The server to install where none is required.
    pub(super) added: Option<Fact<String>>,
}

/// Chooses the server: the one the repository uses, else the interface's usual one.
pub(super) fn choose(
    package: &Package,
    mentions: &[Mention],
    framework: &str,
    interface: ServerInterface,
    entry: &str,
    factory: bool,
) -> Server {
    let gunicorn = package.runtime("gunicorn");
    let uvicorn = package.runtime("uvicorn").or_else(|| {
        package.runtime("fastapi").filter(|fastapi| {
            fastapi.declared.excerpt.contains("[standard]")
                || fastapi.declared.excerpt.contains("[all]")
        })
    });
    let worker = package.any("uvicorn-worker").is_some();
    let named = mentions.iter().find(|mention| mention.server().is_some());
    let quoted = if entry.contains('(') {
        format!("'{entry}'")
    } else {
        entry.to_owned()
    };
    let plain = entry.trim_end_matches("()");
    let factory_flag = if factory { " --factory" } else { "" };
    let (name, command, installed) = match interface {
        ServerInterface::Asgi if gunicorn.is_some() && worker => (
            "gunicorn",
            format!(
                "gunicorn --bind 0.0.0.0:{{port}} --workers 2 --worker-class uvicorn_worker.UvicornWorker --graceful-timeout 30 {quoted}"
            ),
            gunicorn,
        ),
        ServerInterface::Asgi if uvicorn.is_none() && package.runtime("hypercorn").is_some() => (
            "hypercorn",
            format!("hypercorn --bind 0.0.0.0:{{port}} --graceful-timeout 30 {quoted}"),
            package.runtime("hypercorn"),
        ),
        ServerInterface::Asgi => (
            "uvicorn",
            format!(
                "uvicorn --host 0.0.0.0 --port {{port}} --timeout-graceful-shutdown 30{factory_flag} {plain}"
            ),
            uvicorn,
        ),
        _ if gunicorn.is_none() && package.runtime("waitress").is_some() => (
            "waitress",
            format!(
                "waitress-serve --listen=0.0.0.0:{{port}}{} {plain}",
                if factory { " --call" } else { "" }
            ),
            package.runtime("waitress"),
        ),
        _ => (
            "gunicorn",
            format!("gunicorn --bind 0.0.0.0:{{port}} --workers 2 --graceful-timeout 30 {quoted}"),
            gunicorn,
        ),
    };
    let mut command = match installed {
        Some(requirement) => Fact::certain(command, requirement.declared.clone())
            .because(format!("{name} is among the requirements")),
        None => Fact::guess(
            command,
            format!("no server among the requirements; {name} is added"),
        ),
    };
    if let Some(mention) = named.filter(|mention| mention.server() == Some(name)) {
        command.evidence.insert(0, mention.at.clone());
        command.confidence = command.confidence.max(Confidence::Likely);
    }
    let development = match framework {
        "django" => "python manage.py runserver 0.0.0.0:{port}".to_owned(),
        "flask" => format!("flask --app {quoted} run --debug --host 0.0.0.0 --port {{port}}"),
        _ if interface == ServerInterface::Asgi => {
            format!("uvicorn --host 0.0.0.0 --port {{port}} --reload{factory_flag} {plain}")
        }
        _ => format!("gunicorn --bind 0.0.0.0:{{port}} --reload {quoted}"),
    };
    Server {
        command,
        development: Fact::guess(development, "the framework's server for development"),
        added: installed.is_none().then(|| {
            Fact::guess(
                name.to_owned(),
                "no production server is among the requirements",
            )
        }),
    }
}
