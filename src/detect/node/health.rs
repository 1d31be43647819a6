//! The routes about health that the sources of a package declare.

use super::manifest::Package;
use super::source::{Source, method, with_tree};
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, RelPath};
use tree_sitter::Node;

/// Last parts of a path that mean health, best first.
const HEALTH: &[&str] = &[
    "healthz",
    "health",
    "livez",
    "readyz",
    "healthcheck",
    "health-check",
    "_health",
    "heartbeat",
    "live",
    "ready",
    "ping",
    "status",
];

/// How good a path is as one of health; None where it is none.
fn rank(path: &str) -> Option<usize> {
    let last = path.trim_matches('/').rsplit('/').next()?;
    HEALTH.iter().position(|name| *name == last)
}

/// The best route about health that sources and pages by their place declare.
pub(super) fn find(
    tree: &Tree,
    package: &Package,
    files: &[RelPath],
) -> Option<(String, Evidence)> {
    let mut found: Vec<(usize, String, Evidence)> = Vec::new();
    for path in files {
        found.extend(by_place(path, package));
        let routes = with_tree(tree, path, HEALTH, |source, root| {
            let mut routes = routes(tree, source, root);
            routes.extend(controllers(tree, source, root));
            routes
        });
        found.extend(routes.unwrap_or_default());
    }
    found
        .into_iter()
        .min_by_key(|(rank, path, _)| (*rank, path.len()))
        .map(|(_, path, at)| (path, at))
}

/// A route by the place of its file: `app/api/health/route.ts` and `pages/api/health.ts` of Next,
/// `server/api/health.get.ts` and `server/routes/healthz.ts` of Nuxt,
/// `src/routes/health/+server.ts` of `SvelteKit`.
fn by_place(path: &RelPath, package: &Package) -> Option<(usize, String, Evidence)> {
    let below = path.below(&package.root)?;
    let text = below
        .as_str()
        .strip_prefix("src/")
        .unwrap_or(below.as_str());
    let (folder, file) = text.rsplit_once('/')?;
    let stem = file.split('.').next()?;
    let route = if matches!(file.split('.').next(), Some("route")) && folder.starts_with("app/") {
        folder.strip_prefix("app")?.to_owned()
    } else if let Some(rest) = folder.strip_prefix("pages/api") {
        format!("/api{rest}/{stem}")
    } else if let Some(rest) = folder.strip_prefix("server/api") {
        format!("/api{rest}/{stem}")
    } else if let Some(rest) = folder.strip_prefix("server/routes") {
        format!("{rest}/{stem}")
    } else if stem == "+server" && folder.starts_with("routes/") {
        folder.strip_prefix("routes")?.to_owned()
    } else {
        return None;
    };
    // Groups of Next and SvelteKit are no part of the address.
    let route = joined(route.split('/').filter(|part| !part.starts_with('(')));
    Some((rank(&route)?, route, Evidence::file(path.clone())))
}

/// An address of parts, the empty ones left out.
fn joined<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

/// `app.get("/health", …)` and `fastify.route({ method: "GET", url: "/health" })`; a router's own
/// routes lie below a path that this does not follow.
fn routes(tree: &Tree, source: &Source<'_>, root: Node<'_>) -> Vec<(usize, String, Evidence)> {
    let mut found = Vec::new();
    for call in syntax::all(root, "call_expression") {
        let Some((object, name, arguments)) = method(call) else {
            continue;
        };
        let whole = matches!(
            source.of(object),
            "app" | "server" | "fastify" | "express()" | "this.app" | "api"
        );
        let path = match (source.of(name), arguments.first()) {
            ("get" | "all", Some(first)) if arguments.len() > 1 => source.string(*first),
            ("route", Some(first)) if first.kind() == "object" => source.property(*first, "url"),
            _ => None,
        };
        if let Some(path) = path.filter(|path| whole && path.starts_with('/'))
            && let Some(rank) = rank(&path)
        {
            found.push((rank, path, source.at(tree, call)));
        }
    }
    found
}

/// `@Controller("health")` of `NestJS` with a `@Get()`.
fn controllers(tree: &Tree, source: &Source<'_>, root: Node<'_>) -> Vec<(usize, String, Evidence)> {
    let mut found = Vec::new();
    let mut below: Option<String> = None;
    for decorator in syntax::all(root, "decorator") {
        let Some(call) = syntax::children(decorator)
            .into_iter()
            .find(|node| node.kind() == "call_expression")
        else {
            continue;
        };
        let Some(function) = call.child_by_field_name("function") else {
            continue;
        };
        let argument = call
            .child_by_field_name("arguments")
            .and_then(|arguments| arguments.named_child(0));
        let text = match argument {
            Some(argument) => source.string(argument),
            None => Some(String::new()),
        };
        match source.of(function) {
            "Controller" => below = text,
            "Get" => {
                if let (Some(prefix), Some(path)) = (&below, text) {
                    let route = joined(prefix.split('/').chain(path.split('/')));
                    if let Some(rank) = rank(&route) {
                        found.push((rank, route, source.at(tree, decorator)));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// A prefix that `NestJS` puts before every route: `app.setGlobalPrefix("api")`.
pub(super) fn global_prefix(tree: &Tree, files: &[RelPath]) -> Option<String> {
    files.iter().find_map(|path| {
        with_tree(tree, path, &["setGlobalPrefix"], |source, root| {
            syntax::all(root, "call_expression")
                .into_iter()
                .filter_map(method)
                .find(|(_, name, _)| source.of(*name) == "setGlobalPrefix")
                .and_then(|(_, _, arguments)| source.string(*arguments.first()?))
        })?
    })
}

/// What `NestJS` puts between that prefix and a route whose controller names no version:
/// `app.enableVersioning({ type: VersioningType.URI, defaultVersion: "1" })`.
pub(super) fn version(tree: &Tree, files: &[RelPath]) -> Option<String> {
    files.iter().find_map(|path| {
        with_tree(tree, path, &["enableVersioning"], |source, root| {
            syntax::all(root, "call_expression")
                .into_iter()
                .filter_map(method)
                .find(|(_, name, _)| source.of(*name) == "enableVersioning")
                .and_then(|(_, _, arguments)| {
                    let options = *arguments.first()?;
                    let in_address = source.of(options).contains("VersioningType.URI");
                    let version = source.property(options, "defaultVersion")?;
                    let prefix = source.property(options, "prefix");
                    let prefix = prefix.unwrap_or_else(|| "v".to_owned());
                    in_address.then(|| format!("{prefix}{version}"))
                })
        })?
    })
}

#[cfg(test)]
mod tests {
    use super::super::{manifest, source};
    use crate::detect::Tree;

    #[test]
    fn routes_about_health() {
        let found = |name: &str, source: &str| {
            let folder = tempfile::tempdir().unwrap();
            for (path, text) in [("package.json", "{}"), (name, source)] {
                let path = folder.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            let tree = Tree::read(folder.path()).unwrap();
            let packages = manifest::packages(&tree);
            let files = source::files(&tree, &packages[0], &packages);
            super::find(&tree, &packages[0], &files).map(|(path, _)| path)
        };
        let path = |text: &str| Some(text.to_owned());
        assert_eq!(
            found(
                "a.js",
                "app.get('/api/health', (req, res) => res.send('ok'));"
            ),
            path("/api/health")
        );
        assert_eq!(
            found(
                "a.js",
                "fastify.route({ method: 'GET', url: '/healthz', handler });"
            ),
            path("/healthz")
        );
        assert_eq!(
            found(
                "a.ts",
                "@Controller('health')\nclass H { @Get() check() {} }"
            ),
            path("/health")
        );
        assert_eq!(
            found("src/app/api/health/route.ts", ""),
            path("/api/health")
        );
        assert_eq!(found("pages/api/ping.ts", ""), path("/api/ping"));
        assert_eq!(found("server/routes/healthz.get.ts", ""), path("/healthz"));
        assert_eq!(found("a.js", "router.get('/health', f);"), None);
        assert_eq!(found("a.js", "app.post('/health', f, g);"), None);
        assert_eq!(found("a.js", "map.get('/health');"), None);
        assert_eq!(found("a.test.js", "app.get('/health', f);"), None);
    }
}
