//! What the JavaScript and TypeScript of a package says: the port that it listens on, its routes,
//! where it writes.

use super::manifest::Package;
use crate::detect::beside::beside_or_hidden;
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, Port, RelPath};
use std::collections::BTreeMap;
use tree_sitter::Node;

const EXTENSIONS: &[&str] = &[
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue", "svelte",
];

/// Sources of `package` that are part of what runs, sorted; those of packages inside it are not.
pub(super) fn files(tree: &Tree, package: &Package, all: &[Package]) -> Vec<RelPath> {
    let inside: Vec<&RelPath> = all
        .iter()
        .map(|other| &other.root)
        .filter(|root| **root != package.root && root.is_within(&package.root))
        .collect();
    let mut found: Vec<RelPath> = EXTENSIONS
        .iter()
        .flat_map(|extension| tree.with_extension(extension))
        .filter(|path| path.is_within(&package.root) && runs(path))
        .filter(|path| !inside.iter().any(|root| path.is_within(root)))
        .cloned()
        .collect();
    found.sort();
    found
}

/// Whether it is no test, type declaration, story or file for browsers alone.
fn runs(path: &RelPath) -> bool {
    let name = path.file_name();
    let other = [".test.", ".spec.", ".stories.", ".d.", ".min.", ".cy."]
        .iter()
        .any(|part| name.contains(part));
    let folder = path.parent();
    !other
        && !beside_or_hidden(&folder)
        && !folder.as_str().split('/').any(|part| {
            matches!(
                part,
                "__tests__" | "__mocks__" | "cypress" | "public" | "static"
            )
        })
}

/// A parsed source.
pub(super) struct Source<'t> {
    path: &'t RelPath,
    pub(super) text: &'t str,
}

impl Source<'_> {
    pub(super) fn of(&self, node: Node<'_>) -> &str {
        syntax::text(node, self.text)
    }

    fn at(&self, tree: &Tree, node: Node<'_>) -> Evidence {
        tree.at(self.path, syntax::line(node))
    }

    /// The text of a string without something in it that is computed.
    pub(super) fn string(&self, node: Node<'_>) -> Option<String> {
        let text = self.of(node);
        match node.kind() {
            "string" => Some(text.trim_matches(['"', '\'']).to_owned()),
            "template_string" if !text.contains("${") => Some(text.trim_matches('`').to_owned()),
            _ => None,
        }
    }
}

/// Parses a source that holds one of `words`, and looks at it.
pub(super) fn with_tree<T>(
    tree: &Tree,
    path: &RelPath,
    words: &[&str],
    look: impl FnOnce(&Source<'_>, Node<'_>) -> T,
) -> Option<T> {
    let text = tree.text(path)?;
    if !words.iter().any(|word| text.contains(word)) || matches!(path.extension(), "vue" | "svelte")
    {
        return None;
    }
    // In `.ts` alone, `<T>x` is a cast and no element.
    let language = match path.extension() {
        "ts" | "mts" | "cts" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        _ => tree_sitter_typescript::LANGUAGE_TSX,
    };
    let parsed = syntax::parse(&language.into(), &text)?;
    let source = Source { path, text: &text };
    Some(look(&source, parsed.root_node()))
}

/// Object, method and arguments of a call `object.method(…)`.
pub(super) fn method(call: Node<'_>) -> Option<(Node<'_>, Node<'_>, Vec<Node<'_>>)> {
    let function = call.child_by_field_name("function")?;
    if function.kind() != "member_expression" {
        return None;
    }
    let arguments = call.child_by_field_name("arguments")?;
    Some((
        function.child_by_field_name("object")?,
        function.child_by_field_name("property")?,
        syntax::children(arguments)
            .into_iter()
            .filter(|node| node.kind() != "comment")
            .collect(),
    ))
}

/// Where a server is told to listen, with the port as far as it is written down.
pub(super) type Listening = (Option<Port>, Evidence);

/// Every place of a source that listens.
pub(super) fn listens(tree: &Tree, path: &RelPath) -> Vec<Listening> {
    with_tree(
        tree,
        path,
        &["listen(", "serve(", "fetch"],
        |source, root| {
            let mut found = Vec::new();
            let names = Names::of(source, root);
            for call in syntax::all(root, "call_expression") {
                let argument = if let Some((object, name, arguments)) = method(call) {
                    let object = source.of(object);
                    // A browser listens as well, to events.
                    let by_name = source.of(name) == "listen"
                        && !object.ends_with("history")
                        && !object.ends_with("window");
                    let by_name = by_name || object == "Bun" && source.of(name) == "serve";
                    by_name.then(|| arguments.first().copied())
                } else {
                    // `serve({ fetch, port })` of Hono and Bun.
                    let named = call
                        .child_by_field_name("function")
                        .is_some_and(|function| source.of(function) == "serve");
                    let arguments = call.child_by_field_name("arguments");
                    named.then(|| arguments.and_then(|arguments| arguments.named_child(0)))
                };
                if let Some(argument) = argument {
                    let said = argument.and_then(|argument| number(source, &names, argument, 8));
                    let line = said.map_or_else(|| syntax::line(call), |(_, line)| line);
                    let port = said.and_then(|(port, _)| Port::new(port));
                    found.push((port, tree.at(source.path, line)));
                }
            }
            // What Bun serves: a default export with a port and a `fetch`.
            for export in syntax::all(root, "export_statement") {
                let value = export.child_by_field_name("value").filter(|value| {
                    value.kind() == "object" && source.of(*value).contains("fetch")
                });
                let said = value.and_then(|value| number(source, &names, value, 8));
                if let Some((port, line)) = said {
                    found.push((Port::new(port), tree.at(source.path, line)));
                }
            }
            found
        },
    )
    .unwrap_or_default()
}

/// Where Fastify is told to listen on a port and no host, which is this machine's loopback alone.
pub(super) fn on_loopback(tree: &Tree, path: &RelPath) -> Option<Evidence> {
    with_tree(tree, path, &["listen("], |source, root| {
        syntax::all(root, "call_expression")
            .into_iter()
            .filter_map(method)
            .find_map(|(_, name, arguments)| {
                let options = arguments.first()?;
                let told = source.of(name) == "listen" && options.kind() == "object";
                let has = |name: &str| {
                    syntax::children(*options).into_iter().any(|part| {
                        let key = part.child_by_field_name("key").unwrap_or(part);
                        source.of(key).trim_matches(['"', '\'']) == name
                    })
                };
                let spread = syntax::children(*options)
                    .iter()
                    .any(|part| part.kind() == "spread_element");
                (told && has("port") && !has("host") && !has("path") && !spread)
                    .then(|| source.at(tree, *options))
            })
    })?
}

/// The number in an expression, with its line: a literal, what stands behind `||` or `??`, the
/// property `port`, the value of a name of the same file.
fn number(
    source: &Source<'_>,
    names: &Names<'_>,
    node: Node<'_>,
    depth: usize,
) -> Option<(u16, usize)> {
    let depth = depth.checked_sub(1)?;
    let inner = |node| number(source, names, node, depth);
    let written = |text: &str| Some((text.parse().ok()?, syntax::line(node)));
    match node.kind() {
        "number" => written(&source.of(node).replace('_', "")),
        "string" => written(&source.string(node)?),
        "binary_expression" => node
            .child_by_field_name("right")
            .and_then(inner)
            .or_else(|| node.child_by_field_name("left").and_then(inner)),
        "ternary_expression" => node
            .child_by_field_name("alternative")
            .and_then(inner)
            .or_else(|| node.child_by_field_name("consequence").and_then(inner)),
        "parenthesized_expression"
        | "as_expression"
        | "non_null_expression"
        | "unary_expression"
        | "await_expression" => syntax::children(node).into_iter().find_map(inner),
        "call_expression" => {
            let arguments = node.child_by_field_name("arguments")?;
            let function = source.of(node.child_by_field_name("function")?);
            let converts = matches!(
                function.rsplit('.').next(),
                Some("Number" | "parseInt" | "get" | "normalizePort" | "toString")
            );
            syntax::children(arguments)
                .into_iter()
                .filter(|_| converts)
                // `config.get("PORT", 3000)`, `parseInt(process.env.PORT, 10)`: a base is no port.
                .filter(|argument| source.of(*argument) != "10")
                .find_map(inner)
        }
        "object" => member(source, names, node, "port").and_then(inner),
        "identifier" => names.get(source.of(node)).and_then(inner),
        "member_expression" => {
            let object = || {
                let object = names.get(source.of(node.child_by_field_name("object")?))?;
                let name = source.of(node.child_by_field_name("property")?);
                (object.kind() == "object").then(|| member(source, names, object, name))?
            };
            names.get(source.of(node)).or_else(object).and_then(inner)
        }
        _ => None,
    }
}

/// The value of a property of an object that is written down.
fn member<'n>(
    source: &Source<'_>,
    names: &Names<'n>,
    object: Node<'n>,
    name: &str,
) -> Option<Node<'n>> {
    let is = |node: Node<'_>| source.of(node).trim_matches(['"', '\'']) == name;
    syntax::children(object)
        .into_iter()
        .find_map(|pair| match pair.kind() {
            "pair" if is(pair.child_by_field_name("key")?) => pair.child_by_field_name("value"),
            "shorthand_property_identifier" if is(pair) => names.get(name),
            _ => None,
        })
}

/// What the names of a file are declared with, the first of each; also what is assigned to a
/// property, by its whole name.
struct Names<'t>(BTreeMap<&'t str, Node<'t>>);

impl<'t> Names<'t> {
    fn of(source: &'t Source<'_>, root: Node<'t>) -> Self {
        let mut found = BTreeMap::new();
        for (kind, name, value) in [
            ("variable_declarator", "name", "value"),
            // `this.config.port = …`
            ("assignment_expression", "left", "right"),
        ] {
            for declared in syntax::all(root, kind) {
                if let Some(name) = declared.child_by_field_name(name)
                    && let Some(value) = declared.child_by_field_name(value)
                {
                    found.entry(source.of(name)).or_insert(value);
                }
            }
        }
        Self(found)
    }

    fn get(&self, name: &str) -> Option<Node<'t>> {
        self.0.get(name).copied()
    }
}

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
pub(super) fn health(
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
            ("route", Some(first)) if first.kind() == "object" => property(source, *first, "url"),
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

fn property(source: &Source<'_>, object: Node<'_>, name: &str) -> Option<String> {
    syntax::children(object).into_iter().find_map(|pair| {
        let key = pair.child_by_field_name("key")?;
        (source.of(key).trim_matches(['"', '\'']) == name).then_some(())?;
        source.string(pair.child_by_field_name("value")?)
    })
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

/// Folders that uploads are written to: `multer({ dest: "uploads/" })`.
pub(super) fn uploads(tree: &Tree, files: &[RelPath]) -> Vec<(String, Evidence)> {
    let mut found = Vec::new();
    for path in files {
        let more = with_tree(tree, path, &["multer"], |source, root| {
            syntax::all(root, "call_expression")
                .into_iter()
                .filter(|call| {
                    call.child_by_field_name("function")
                        .is_some_and(|function| source.of(function) == "multer")
                })
                .filter_map(|call| {
                    let arguments = call.child_by_field_name("arguments")?;
                    let folder = property(source, arguments.named_child(0)?, "dest")?;
                    Some((folder, source.at(tree, call)))
                })
                .collect::<Vec<_>>()
        });
        found.extend(more.unwrap_or_default());
    }
    found
}

/// The text that a configuration sets for a key, anywhere in it: `output` of `next.config.js`.
pub(super) fn setting(tree: &Tree, path: &RelPath, key: &str) -> Option<(String, Evidence)> {
    with_tree(tree, path, &[key], |source, root| {
        syntax::all(root, "pair").into_iter().find_map(|pair| {
            let name = pair.child_by_field_name("key")?;
            (source.of(name).trim_matches(['"', '\'']) == key).then_some(())?;
            let value = source.string(pair.child_by_field_name("value")?)?;
            Some((value, source.at(tree, pair)))
        })
    })?
}

/// The folders or files that a configuration sets for any of `keys`, relative to the configuration's
/// own folder, in order; what is computed in another way than from parts is left out.
pub(super) fn places(tree: &Tree, path: &RelPath, keys: &[&str]) -> Vec<(String, Evidence)> {
    let found = with_tree(tree, path, keys, |source, root| {
        let pairs = syntax::all(root, "pair").into_iter();
        let set = pairs.filter_map(|pair| {
            let name = source.of(pair.child_by_field_name("key")?);
            keys.contains(&name.trim_matches(['"', '\'']))
                .then_some(())?;
            let place = place(source, pair.child_by_field_name("value")?, 6)?;
            Some((place, source.at(tree, pair)))
        });
        set.collect()
    });
    found.unwrap_or_default()
}

/// The text of a path: a string, or parts of one behind the folder of the file.
fn place(source: &Source<'_>, node: Node<'_>, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let text = source.of(node);
    if matches!(
        text,
        "__dirname" | "import.meta.dirname" | "import.meta.url" | "process.cwd()"
    ) {
        return Some(".".to_owned());
    }
    let relative = |text: String| (!text.starts_with('/')).then_some(text);
    match node.kind() {
        "string" => source.string(node).and_then(relative),
        "template_string" => {
            let inner = text.trim_matches('`');
            let inner = inner.strip_prefix("${__dirname}/").unwrap_or(inner);
            (!inner.contains("${"))
                .then(|| inner.to_owned())
                .and_then(relative)
        }
        "binary_expression" => {
            let left = place(source, node.child_by_field_name("left")?, depth)?;
            let right = source.string(node.child_by_field_name("right")?)?;
            Some(format!("{left}{right}"))
        }
        "call_expression" | "new_expression" => {
            let called = node
                .child_by_field_name("function")
                .or_else(|| node.child_by_field_name("constructor"))?;
            let arguments = node.child_by_field_name("arguments")?;
            let arguments = syntax::children(arguments).into_iter();
            let mut arguments =
                arguments.filter(|part| part.is_named() && part.kind() != "comment");
            match source.of(called).rsplit('.').next()? {
                "resolve" | "join" => {
                    let parts: Option<Vec<String>> =
                        arguments.map(|part| place(source, part, depth)).collect();
                    Some(parts?.join("/"))
                }
                // The second is what the first is relative to.
                "URL" | "fileURLToPath" => place(source, arguments.next()?, depth),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The keys of the object that a configuration sets for a key: `env` of `next.config.js`.
pub(super) fn keys(tree: &Tree, path: &RelPath, key: &str) -> Vec<String> {
    let found = with_tree(tree, path, &[key], |source, root| {
        let pair = syntax::all(root, "pair").into_iter().find(|pair| {
            pair.child_by_field_name("key")
                .is_some_and(|name| source.of(name) == key)
        })?;
        let object = pair.child_by_field_name("value")?;
        let names = syntax::children(object).into_iter().map(|part| {
            let name = part.child_by_field_name("key").unwrap_or(part);
            source.of(name).trim_matches(['"', '\'']).to_owned()
        });
        Some(names.collect())
    });
    found.flatten().unwrap_or_default()
}

/// The first of a configuration's usual names that is there, in `folder`.
pub(super) fn configuration(tree: &Tree, folder: &RelPath, stem: &str) -> Option<RelPath> {
    ["js", "mjs", "cjs", "ts", "mts", "cts"]
        .iter()
        .filter_map(|extension| folder.join(&format!("{stem}.{extension}")).ok())
        .find(|path| tree.has(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        (folder, tree)
    }

    fn port(source: &str) -> Option<u16> {
        let (_folder, tree) = tree(&[("a.ts", source)]);
        let path = RelPath::parse("a.ts").unwrap();
        listens(&tree, &path)
            .into_iter()
            .find_map(|(port, _)| port)
            .map(Port::get)
    }

    #[test]
    fn ports_in_every_form() {
        for source in [
            "app.listen(4100);",
            "app.listen(process.env.PORT || 4100, () => {});",
            "const PORT = Number(process.env.PORT ?? 4100);\napp.listen(PORT);",
            "const port = parseInt(process.env.PORT || '4100', 10);\nserver.listen(port);",
            "await app.listen({ port: 4100, host: '0.0.0.0' });",
            "const port = 4100;\nawait app.listen({ port });",
            "serve({ fetch: app.fetch, port: 4100 });",
            "const port = process.env.PORT ? +process.env.PORT : 4100;\napp.listen(port);",
        ] {
            assert_eq!(port(source), Some(4100), "{source}");
        }
        assert_eq!(port("app.listen(process.env.PORT);"), None);
        assert_eq!(port("history.listen(4100);"), None);
        assert_eq!(port("app.listen(70000);"), None);
        assert_eq!(port("app.listen(0);"), None);
        assert_eq!(port("const a = b;\nconst b = a;\napp.listen(a);"), None);
    }

    #[test]
    fn fastify_without_a_host_is_on_loopback() {
        let found = |source: &str| {
            let (_folder, tree) = tree(&[("a.js", source)]);
            on_loopback(&tree, &RelPath::parse("a.js").unwrap()).map(|at| at.line)
        };
        assert_eq!(found("\napp.listen({ port: 3000 });"), Some(2));
        assert_eq!(found("app.listen({ port });"), Some(1));
        assert_eq!(found("app.listen({ port: 3000, host: '0.0.0.0' });"), None);
        assert_eq!(found("app.listen({ port, host });"), None);
        assert_eq!(found("app.listen({ port, ...options });"), None);
        assert_eq!(found("app.listen({ path: '/tmp/x' });"), None);
        assert_eq!(found("app.listen(3000);"), None);
    }

    #[test]
    fn routes_about_health() {
        let found = |name: &str, source: &str| {
            let (_folder, tree) = tree(&[("package.json", "{}"), (name, source)]);
            let packages = super::super::manifest::packages(&tree);
            let files = files(&tree, &packages[0], &packages);
            health(&tree, &packages[0], &files).map(|(path, _)| path)
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
