//! Frameworks of Node.js: by which package each is known, and what it starts or makes.

use super::manifest::Package;
use crate::project::Requirement;

/// What a framework gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// A server: its usual port, and the command that starts what it built, where it has one of
    /// its own.
    Server {
        port: u16,
        start: Option<&'static str>,
    },
    /// Files that a web server hands out, in this folder.
    Files { output: &'static str },
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Framework {
    pub(super) name: &'static str,
    packages: &'static [&'static str],
    pub(super) gives: Gives,
}

impl Framework {
    /// The program that builds with it.
    pub(super) fn program(&self) -> &'static str {
        match self.name {
            "angular" => "ng",
            "create-react-app" => "react-scripts",
            "vue-cli" => "vue-cli-service",
            name => name,
        }
    }
}

const fn server(
    name: &'static str,
    packages: &'static [&'static str],
    port: u16,
    start: Option<&'static str>,
) -> Framework {
    Framework {
        name,
        packages,
        gives: Gives::Server { port, start },
    }
}

const fn files(
    name: &'static str,
    packages: &'static [&'static str],
    output: &'static str,
) -> Framework {
    Framework {
        name,
        packages,
        gives: Gives::Files { output },
    }
}

/// Frameworks that bring the command of their server, the more special ones first.
const WHOLE: &[Framework] = &[
    server("nestjs", &["@nestjs/core"], 3000, Some("node dist/main")),
    server("next", &["next"], 3000, Some("next start --port {port}")),
    server(
        "nuxt",
        &["nuxt", "nuxt3"],
        3000,
        Some("node .output/server/index.mjs"),
    ),
    server(
        "sveltekit",
        &["@sveltejs/adapter-node"],
        3000,
        Some("node build"),
    ),
    server(
        "remix",
        &["@remix-run/serve"],
        3000,
        Some("remix-serve ./build/server/index.js"),
    ),
    server(
        "react-router",
        &["@react-router/serve"],
        3000,
        Some("react-router-serve ./build/server/index.js"),
    ),
    server(
        "astro",
        &["@astrojs/node"],
        4321,
        Some("node ./dist/server/entry.mjs"),
    ),
    server("strapi", &["@strapi/strapi"], 1337, Some("strapi start")),
];

/// Libraries that a program of the project's own serves with.
const LIBRARIES: &[Framework] = &[
    server("adonis", &["@adonisjs/core"], 3333, None),
    server("fastify", &["fastify"], 3000, None),
    server("koa", &["koa"], 3000, None),
    server("hapi", &["@hapi/hapi"], 3000, None),
    server("hono", &["@hono/node-server", "hono"], 3000, None),
    server("elysia", &["elysia"], 3000, None),
    server("restify", &["restify"], 8080, None),
    server("polka", &["polka"], 3000, None),
    server("express", &["express"], 3000, None),
    server("apollo", &["@apollo/server", "apollo-server"], 4000, None),
    server("graphql-yoga", &["graphql-yoga"], 4000, None),
    server("socket.io", &["socket.io"], 3000, None),
    server("ws", &["ws"], 8080, None),
];

/// What builds files for a web server.
const BUILDERS: &[Framework] = &[
    files("create-react-app", &["react-scripts"], "build"),
    files("angular", &["@angular/core"], "dist"),
    files("vue-cli", &["@vue/cli-service"], "dist"),
    files("gatsby", &["gatsby"], "public"),
    files("docusaurus", &["@docusaurus/core"], "build"),
    files("eleventy", &["@11ty/eleventy"], "_site"),
    files("hexo", &["hexo"], "public"),
    files("sveltekit", &["@sveltejs/adapter-static"], "build"),
    files("astro", &["astro"], "dist"),
    files("vite", &["vite"], "dist"),
    files("parcel", &["parcel"], "dist"),
];

/// A framework and the dependency that shows it.
pub(super) type Shown<'p> = (&'static Framework, &'p Requirement);

fn first<'p>(
    all: &'static [Framework],
    package: &'p Package,
    development: bool,
) -> Option<Shown<'p>> {
    all.iter().find_map(|framework| {
        let shown = framework.packages.iter().find_map(|name| {
            package
                .any(name)
                .filter(|one| development || !one.development)
        })?;
        Some((framework, shown))
    })
}

/// The framework that brings its own server.
pub(super) fn whole(package: &Package) -> Option<Shown<'_>> {
    first(WHOLE, package, true)
}

/// The library that a program of the project's own serves with.
pub(super) fn library(package: &Package) -> Option<Shown<'_>> {
    first(LIBRARIES, package, false)
}

/// What builds the files of a site.
pub(super) fn builder(package: &Package) -> Option<Shown<'_>> {
    first(BUILDERS, package, true)
}
