//! The frameworks whose application is an object that a server calls.

use super::manifest::{Package, allows};
use super::parse::Module;
use super::syntax::{Expr, StmtKind, on_import};
use crate::project::ServerInterface;

/// A framework, and how its application is known.
#[derive(Debug)]
pub(super) struct Framework {
    pub(super) name: &'static str,
    /// What a file's text must hold to be worth a look.
    word: &'static str,
    /// Dotted names of the classes whose instance is the application, and of the functions that
    /// give it.
    makers: &'static [&'static str],
    pub(super) interface: ServerInterface,
    /// Port of its own development server.
    pub(super) port: u16,
    /// The attribute that a server calls, where that is not the object itself.
    pub(super) callable: Option<&'static str>,
}

const fn framework(
    name: &'static str,
    makers: &'static [&'static str],
    interface: ServerInterface,
    port: u16,
) -> Framework {
    Framework {
        name,
        word: name,
        makers,
        interface,
        port,
        callable: None,
    }
}

pub(super) const FRAMEWORKS: &[Framework] = &[
    framework(
        "flask",
        &[
            "flask.Flask",
            "flask.app.Flask",
            "flask_openapi3.OpenAPI",
            "flask_api.FlaskAPI",
            "eve.Eve",
        ],
        ServerInterface::Wsgi,
        5000,
    ),
    Framework {
        word: "APIFlask",
        ..framework("flask", &["apiflask.APIFlask"], ServerInterface::Wsgi, 5000)
    },
    // Its interface depends on its version: see `interface`.
    Framework {
        word: "connexion",
        ..framework(
            "flask",
            &["connexion.FlaskApp", "connexion.App"],
            ServerInterface::Wsgi,
            5000,
        )
    },
    framework(
        "fastapi",
        &["fastapi.FastAPI", "fastapi.applications.FastAPI"],
        ServerInterface::Asgi,
        8000,
    ),
    framework(
        "starlette",
        &["starlette.applications.Starlette"],
        ServerInterface::Asgi,
        8000,
    ),
    framework(
        "quart",
        &["quart.Quart", "quart.app.Quart"],
        ServerInterface::Asgi,
        5000,
    ),
    framework(
        "litestar",
        &["litestar.Litestar", "litestar.app.Litestar"],
        ServerInterface::Asgi,
        8000,
    ),
    framework(
        "sanic",
        &["sanic.Sanic", "sanic.app.Sanic"],
        ServerInterface::Own,
        8000,
    ),
    framework(
        "aiohttp",
        &["aiohttp.web.Application", "aiohttp.web_app.Application"],
        ServerInterface::Own,
        8080,
    ),
    Framework {
        callable: Some("server"),
        ..framework(
            "dash",
            &["dash.Dash", "dash.dash.Dash", "jupyter_dash.JupyterDash"],
            ServerInterface::Wsgi,
            8050,
        )
    },
    framework(
        "falcon",
        &["falcon.asgi.App", "falcon.asgi.app.App"],
        ServerInterface::Asgi,
        8000,
    ),
    framework(
        "falcon",
        &["falcon.App", "falcon.API"],
        ServerInterface::Wsgi,
        8000,
    ),
    framework(
        "bottle",
        &["bottle.Bottle", "bottle.default_app", "bottle.app"],
        ServerInterface::Wsgi,
        8080,
    ),
    Framework {
        word: "make_wsgi_app",
        ..framework("pyramid", &[], ServerInterface::Wsgi, 6543)
    },
];

/// Pyramid's application, where an INI file names it.
pub(super) const PYRAMID: Framework = framework("pyramid", &[], ServerInterface::Own, 6543);

/// Django's application is found by its own files.
pub(super) const DJANGO: Framework = framework("django", &[], ServerInterface::Wsgi, 8000);

/// Whether `text` may hold an application of any of them.
pub(super) fn worth_a_look(text: &str) -> bool {
    FRAMEWORKS
        .iter()
        .any(|framework| text.contains(framework.word))
}

fn named(name: &str) -> Option<&'static Framework> {
    FRAMEWORKS.iter().find(|framework| framework.name == name)
}

/// The one framework of this interface among the requirements.
pub(super) fn required(
    package: &Package,
    interface: ServerInterface,
) -> Option<&'static Framework> {
    let mut found = FRAMEWORKS.iter().filter(|framework| {
        framework.interface == interface && package.runtime(framework.name).is_some()
    });
    let first = found.next()?;
    found.all(|other| other.name == first.name).then_some(first)
}

/// The framework whose application `value` makes.
pub(super) fn made_by(module: &Module, value: &Expr) -> Option<&'static Framework> {
    let (function, _) = value.call()?;
    if function.last_name() == Some("make_wsgi_app") {
        return named("pyramid");
    }
    if let Some(framework) = class(module, function) {
        return Some(framework);
    }
    let name = function.name()?;
    // A class of the project's own, on top of the framework's.
    on_import(&module.body)
        .into_iter()
        .find_map(|statement| match &statement.kind {
            StmtKind::Class {
                name: class_name,
                bases,
                ..
            } if class_name == name => bases.iter().find_map(|base| class(module, &base.value)),
            _ => None,
        })
}

fn class(module: &Module, class: &Expr) -> Option<&'static Framework> {
    let name = module.outside(class)?;
    FRAMEWORKS
        .iter()
        .find(|framework| framework.makers.contains(&name.as_str()))
}

/// How a server calls an application of `framework` in this project.
pub(super) fn interface(framework: &Framework, package: &Package) -> ServerInterface {
    // From version 3 on, Connexion speaks ASGI.
    if framework.word == "connexion"
        && package
            .any("connexion")
            .is_none_or(|connexion| allows(connexion, "3.0.0"))
    {
        return ServerInterface::Asgi;
    }
    framework.interface
}
