//! What the JavaScript and TypeScript of a package says: the port that it listens on, where it writes.

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

/// Programs that run tests, whose configuration nothing else reads: `playwright.smoke.config.ts`.
const TEST_RUNNERS: &[&str] = &["playwright", "vitest", "jest", "cypress", "karma", "wdio"];

/// Whether it is no test, type declaration, story or file for browsers alone.
fn runs(path: &RelPath) -> bool {
    let name = path.file_name();
    let configures = name.contains(".config.") || name.contains(".conf.");
    let other = [".test.", ".spec.", ".stories.", ".d.", ".min.", ".cy."]
        .iter()
        .any(|part| name.contains(part))
        || configures && TEST_RUNNERS.iter().any(|one| name.starts_with(one));
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
pub(in crate::detect) struct Source<'t> {
    path: &'t RelPath,
    pub(super) text: &'t str,
}

impl Source<'_> {
    pub(in crate::detect) fn of(&self, node: Node<'_>) -> &str {
        syntax::text(node, self.text)
    }

    pub(in crate::detect) fn at(&self, tree: &Tree, node: Node<'_>) -> Evidence {
        tree.at(self.path, syntax::line(node))
    }

    /// The text of a string without something in it that is computed.
    pub(in crate::detect) fn string(&self, node: Node<'_>) -> Option<String> {
        let text = self.of(node);
        match node.kind() {
            "string" => Some(text.trim_matches(['"', '\'']).to_owned()),
            "template_string" if !text.contains("${") => Some(text.trim_matches('`').to_owned()),
            _ => None,
        }
    }

    /// The text that an object has under `name`.
    pub(super) fn property(&self, object: Node<'_>, name: &str) -> Option<String> {
        syntax::children(object).into_iter().find_map(|pair| {
            let key = pair.child_by_field_name("key")?;
            (self.of(key).trim_matches(['"', '\'']) == name).then_some(())?;
            self.string(pair.child_by_field_name("value")?)
        })
    }
}

/// Parses a source that holds one of `words`, and looks at it.
pub(in crate::detect) fn with_tree<T>(
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
pub(in crate::detect) fn method(call: Node<'_>) -> Option<(Node<'_>, Node<'_>, Vec<Node<'_>>)> {
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
pub(in crate::detect) type Listening = (Option<Port>, Evidence);

/// Every place of a source that listens.
pub(in crate::detect) fn listens(tree: &Tree, path: &RelPath) -> Vec<Listening> {
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
                    let by_name = by_name && !is_plain_tcp(source, &names, object);
                    let by_name =
                        by_name || matches!(object, "Bun" | "Deno") && source.of(name) == "serve";
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

/// Whether a name holds a server of the module `net`, which speaks another protocol than HTTP.
fn is_plain_tcp(source: &Source<'_>, names: &Names<'_>, object: &str) -> bool {
    let made = names
        .get(object)
        .filter(|node| node.kind() == "call_expression");
    made.and_then(|call| call.child_by_field_name("function"))
        .is_some_and(|function| {
            matches!(source.of(function), "net.createServer" | "tls.createServer")
        })
}

/// Names of files that hold what an application is configured with by default, best first.
const CONFIGURES: &[&str] = &["config", "default", "defaults", "settings"];

/// The port in a configuration that comes with the application: `module.exports = { port: 9000 }` in
/// `config.js`, or in a folder that is called so.
pub(super) fn configured(tree: &Tree, files: &[RelPath]) -> Option<(Port, Evidence)> {
    let is_one = |path: &&RelPath| {
        path.depth() <= 3
            && [path.stem(), path.parent().file_name()]
                .iter()
                .any(|name| CONFIGURES.contains(name))
    };
    files.iter().filter(is_one).find_map(|path| {
        with_tree(tree, path, &["port"], |source, root| {
            let names = Names::of(source, root);
            let exported = syntax::all_of(root, &["assignment_expression", "export_statement"]);
            exported.into_iter().find_map(|node| {
                let value = node
                    .child_by_field_name("right")
                    .or_else(|| node.child_by_field_name("value"))?;
                let is_whole = node.child_by_field_name("left").is_none_or(|left| {
                    matches!(source.of(left), "module.exports" | "exports.default")
                });
                let object = (value.kind() == "object" && is_whole).then_some(value)?;
                let (port, line) = number(source, &names, object, 8)?;
                Some((Port::new(port)?, tree.at(source.path, line)))
            })
        })?
    })
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

/// The modules that the file at `path` imports or requires, as it names them.
pub(super) fn imports(tree: &Tree, path: &RelPath) -> Vec<String> {
    if !EXTENSIONS.contains(&path.extension()) {
        return Vec::new();
    }
    let found = with_tree(tree, path, &["import", "require"], |source, root| {
        syntax::all_of(root, &["import_statement", "call_expression"])
            .into_iter()
            .filter_map(|node| {
                let module = match node.child_by_field_name("function") {
                    None => node.child_by_field_name("source")?,
                    Some(called) if matches!(source.of(called), "import" | "require") => {
                        node.child_by_field_name("arguments")?.named_child(0)?
                    }
                    Some(_) => return None,
                };
                source.string(module)
            })
            .collect::<Vec<_>>()
    });
    found.unwrap_or_default()
}

/// Folders that uploads are written to: `multer({ dest: "uploads/" })`,
/// `diskStorage({ destination: "uploads" })`.
pub(super) fn uploads(tree: &Tree, files: &[RelPath]) -> Vec<(String, Evidence)> {
    let mut found = Vec::new();
    for path in files {
        let more = with_tree(tree, path, &["multer", "Multer"], |source, root| {
            syntax::all(root, "call_expression")
                .into_iter()
                .filter_map(|call| {
                    let named = match source.of(call.child_by_field_name("function")?) {
                        "multer" | "MulterModule.register" => "dest",
                        "diskStorage" | "multer.diskStorage" => "destination",
                        _ => return None,
                    };
                    let arguments = call.child_by_field_name("arguments")?;
                    let folder = source.property(arguments.named_child(0)?, named)?;
                    Some((folder, source.at(tree, call)))
                })
                .collect::<Vec<_>>()
        });
        found.extend(more.unwrap_or_default());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(source: &str) -> Option<u16> {
        let (_folder, tree) = Tree::laid_out(&[("a.ts", source)]);
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
        let identd = "const server = net.createServer(answer);\nserver.listen({ port: 113 });";
        assert_eq!(port(identd), None);
        assert_eq!(port("app.listen(70000);"), None);
        assert_eq!(port("app.listen(0);"), None);
        assert_eq!(port("const a = b;\nconst b = a;\napp.listen(a);"), None);
    }

    #[test]
    fn folders_of_uploads() {
        for (text, folder) in [
            ("const up = multer({ dest: 'uploads/' });", "uploads/"),
            (
                "import { diskStorage } from 'multer';\nconst s = { storage: diskStorage({ destination: './files', filename: f }) };",
                "./files",
            ),
            (
                "multer.diskStorage({ destination: \"public/in\" })",
                "public/in",
            ),
            ("MulterModule.register({ dest: './in' })", "./in"),
        ] {
            let (_folder, tree) = Tree::laid_out(&[("a.ts", text)]);
            let path = RelPath::parse("a.ts").unwrap();
            let found = uploads(&tree, &[path]);
            let found: Vec<&str> = found.iter().map(|(folder, _)| folder.as_str()).collect();
            assert_eq!(found, [folder]);
        }
        let computed = "multer.diskStorage({ destination: (request, file, done) => done(null, folder) }); other({ dest: 'a' });";
        let (_folder, tree) = Tree::laid_out(&[("a.ts", computed)]);
        let path = RelPath::parse("a.ts").unwrap();
        assert_eq!(uploads(&tree, &[path]), []);
    }

    #[test]
    fn fastify_without_a_host_is_on_loopback() {
        let found = |source: &str| {
            let (_folder, tree) = Tree::laid_out(&[("a.js", source)]);
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
}
