//! What one file of PHP says: variables that it reads, routes that a health check asks, what it puts
//! into a queue or runs at times, which extensions and databases it calls.

use super::extension;
use crate::detect::serving::{is_health, is_name};
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, RelPath};
use regex::Regex;
use std::sync::LazyLock;
use tree_sitter::Node;

/// Facts of one file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: RelPath,
    pub(super) reads: Vec<Read>,
    /// Functions that hand a parameter to the environment.
    pub(super) wrappers: Vec<String>,
    /// Calls with a name in capitals as the first argument: function, and what it would read.
    pub(super) calls: Vec<(String, Read)>,
    /// Addresses of routes that sound like a health check.
    pub(super) health: Vec<(String, Evidence)>,
    /// Where something is put into a queue.
    pub(super) queued: Vec<Evidence>,
    /// Where something is run at times.
    pub(super) scheduled: Vec<Evidence>,
    /// Drivers of databases that it names or calls: `mysql`, `pgsql`, `sqlite`, …
    pub(super) drivers: Vec<(String, Evidence)>,
    /// Extensions that it calls.
    pub(super) extensions: Vec<(&'static str, Evidence)>,
}

/// One variable that is read.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) default: Option<String>,
    pub(super) required: bool,
    pub(super) line: usize,
    /// The keys of the arrays around it, outermost first.
    pub(super) keys: Vec<String>,
}

/// Whether a file is worth a parser's time.
static MATTERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "getenv|env\\(|_ENV|_SERVER|Env::|Dotenv|ShouldQueue|[sS]chedule|AsCronTask|AsPeriodicTask|health|ping|livez|alive|mysql|pgsql|pg_connect|sqlite";
    Regex::new(words).ok()
});

/// Names of drivers, as frameworks and PDO write them.
const DRIVERS: &[(&str, &str)] = &[
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("pdo_mysql", "mysql"),
    ("mysqli", "mysql"),
    ("pgsql", "pgsql"),
    ("pdo_pgsql", "pgsql"),
    ("postgres", "pgsql"),
    ("postgresql", "pgsql"),
    ("sqlite", "sqlite"),
    ("sqlite3", "sqlite"),
    ("pdo_sqlite", "sqlite"),
    ("mongodb", "mongodb"),
    ("sqlsrv", "sqlsrv"),
    ("pdo_sqlsrv", "sqlsrv"),
];

/// `mysql` of `pdo_mysql`, where it is a driver at all.
pub(super) fn driver(name: &str) -> Option<&'static str> {
    let known = DRIVERS.iter().find(|(known, _)| *known == name);
    known.map(|(_, driver)| *driver)
}

/// Reads `path`; None where it says nothing of all that.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<File> {
    let text = tree.text(path)?;
    let mut file = File {
        path: path.clone(),
        reads: Vec::new(),
        wrappers: Vec::new(),
        calls: Vec::new(),
        health: Vec::new(),
        queued: Vec::new(),
        scheduled: Vec::new(),
        drivers: Vec::new(),
        extensions: extension::called(path, &text),
    };
    if MATTERS.as_ref().is_some_and(|words| words.is_match(&text))
        && let Some(parsed) = syntax::parse(&tree_sitter_php::LANGUAGE_PHP.into(), &text)
    {
        let mut reader = Reader {
            text: &text,
            tree,
            file: &mut file,
        };
        reader.take(parsed.root_node());
    }
    Some(file)
}

struct Reader<'t, 'f> {
    text: &'t str,
    tree: &'t Tree,
    file: &'f mut File,
}

impl<'t> Reader<'t, '_> {
    fn of(&self, node: Node<'_>) -> &'t str {
        syntax::text(node, self.text)
    }

    fn at(&self, node: Node<'_>) -> Evidence {
        self.tree.at(&self.file.path, syntax::line(node))
    }

    fn take(&mut self, root: Node<'t>) {
        let kinds = [
            "function_call_expression",
            "member_call_expression",
            "scoped_call_expression",
            "subscript_expression",
            "attribute",
            "array_element_initializer",
            "class_interface_clause",
            "object_creation_expression",
            "function_definition",
            "method_declaration",
            "argument",
            "string_content",
        ];
        for node in syntax::all_of(root, &kinds) {
            match node.kind() {
                "function_call_expression" => self.call(node, "function"),
                "member_call_expression" | "scoped_call_expression" => self.call(node, "name"),
                "subscript_expression" => self.subscript(node),
                "attribute" => self.attribute(node),
                "array_element_initializer" => self.element(node),
                "class_interface_clause" => {
                    if self.of(node).contains("ShouldQueue") {
                        let at = self.at(node);
                        self.file.queued.push(at);
                    }
                }
                "object_creation_expression" => {
                    if self
                        .of(node)
                        .trim_start_matches("new ")
                        .starts_with("mysqli")
                    {
                        self.driver("mysql", node);
                    }
                }
                "function_definition" | "method_declaration" => self.wrapper(node),
                "argument" => self.named(node),
                _ => self.content(node),
            }
        }
    }

    fn driver(&mut self, name: &str, node: Node<'_>) {
        let at = self.at(node);
        self.file.drivers.push((name.to_owned(), at));
    }

    /// The text of a plain string, a number or a boolean.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        let text = self.of(node);
        match node.kind() {
            "string" => Some(text.trim_matches('\'').to_owned()),
            "encapsed_string" if !text.contains('$') => Some(text.trim_matches('"').to_owned()),
            "integer" | "float" => Some(text.to_owned()),
            "boolean" => Some(text.to_lowercase()),
            _ => None,
        }
    }

    /// The values of a call's arguments, in order.
    fn arguments(node: Node<'t>) -> Vec<Node<'t>> {
        let Some(arguments) = node.child_by_field_name("arguments") else {
            return Vec::new();
        };
        let values = syntax::children(arguments).into_iter().filter_map(|one| {
            let last = u32::try_from(one.named_child_count())
                .ok()?
                .checked_sub(1)?;
            (one.kind() == "argument").then(|| one.named_child(last))?
        });
        values.collect()
    }

    fn call(&mut self, node: Node<'t>, field: &str) {
        let Some(name) = node.child_by_field_name(field) else {
            return;
        };
        let name = self.of(name).trim_start_matches('\\').to_owned();
        let scope = node
            .child_by_field_name("scope")
            .or_else(|| node.child_by_field_name("object"));
        let scope = scope.map_or("", |scope| self.of(scope)).to_owned();
        let arguments = Self::arguments(node);
        let first = arguments.first().and_then(|one| self.literal(*one));
        match name.as_str() {
            "getenv" | "env" if scope.is_empty() => self.variable(node, first, &arguments),
            "get" | "getOrFail" if scope.rsplit('\\').next() == Some("Env") => {
                self.variable(node, first, &arguments);
            }
            "required" if scope.to_lowercase().contains("env") => self.demanded(&arguments),
            "command" | "job" | "call" | "exec"
                if scope == "$schedule" || scope.rsplit('\\').next() == Some("Schedule") =>
            {
                let at = self.at(node);
                self.file.scheduled.push(at);
            }
            "mysqli_connect" => self.driver("mysql", node),
            "pg_connect" => self.driver("pgsql", node),
            "get" | "any" | "map" | "match" | "addRoute" | "view" => {
                let at = self.at(node);
                let routes = arguments.iter().filter_map(|one| self.literal(*one));
                let routes = routes
                    .map(|text| rooted(&text))
                    .filter(|text| is_health(text));
                let routes: Vec<String> = routes.collect();
                let routes = routes.into_iter().map(|route| (route, at.clone()));
                self.file.health.extend(routes);
            }
            _ => {
                if let Some(first) = first.filter(|text| is_name(text)) {
                    let read = self.reading(node, first, &arguments);
                    self.file.calls.push((name, read));
                }
            }
        }
    }

    fn reading(&self, node: Node<'t>, name: String, arguments: &[Node<'t>]) -> Read {
        let second = arguments.get(1).and_then(|one| self.literal(*one));
        Read {
            name,
            default: second.or_else(|| self.fallback(node)),
            required: false,
            line: syntax::line(node),
            keys: self.keys(node),
        }
    }

    fn variable(&mut self, node: Node<'t>, name: Option<String>, arguments: &[Node<'t>]) {
        let Some(name) = name.filter(|name| is_variable(name)) else {
            return;
        };
        let mut read = self.reading(node, name, arguments);
        // The second argument of getenv() says where to look.
        if node.child_by_field_name("function").map(|one| self.of(one)) == Some("getenv") {
            read.default = self.fallback(node);
        }
        self.file.reads.push(read);
    }

    /// `$dotenv->required(['A', 'B'])`.
    fn demanded(&mut self, arguments: &[Node<'t>]) {
        for node in arguments
            .iter()
            .flat_map(|one| syntax::all_of(*one, &["string", "encapsed_string"]))
        {
            if let Some(name) = self.literal(node).filter(|name| is_name(name)) {
                self.file.reads.push(Read {
                    name,
                    default: None,
                    required: true,
                    line: syntax::line(node),
                    keys: Vec::new(),
                });
            }
        }
    }

    /// `$_ENV['X']`, `$_SERVER['X']`.
    fn subscript(&mut self, node: Node<'t>) {
        let parts = syntax::children(node);
        let [object, index] = parts.as_slice() else {
            return;
        };
        let of_request = match self.of(*object) {
            "$_ENV" => false,
            "$_SERVER" => true,
            _ => return,
        };
        let name = self.literal(*index).filter(|name| is_variable(name));
        let Some(name) = name.filter(|name| !of_request || !is_of_request(name)) else {
            return;
        };
        let read = self.reading(node, name, &[]);
        self.file.reads.push(read);
    }

    /// The literal behind `??`, `?:` or `||` of what holds a variable.
    fn fallback(&self, node: Node<'t>) -> Option<String> {
        let mut inner = node;
        let mut outer = node.parent()?;
        while matches!(outer.kind(), "parenthesized_expression" | "cast_expression") {
            inner = outer;
            outer = outer.parent()?;
        }
        let value = match outer.kind() {
            "binary_expression" => {
                let operator = outer.child_by_field_name("operator")?;
                let is_default =
                    self.of(operator) == "??" && outer.child_by_field_name("left") == Some(inner);
                is_default.then(|| outer.child_by_field_name("right"))?
            }
            "conditional_expression" => {
                let is_default = outer.child_by_field_name("body").is_none()
                    && outer.child_by_field_name("condition") == Some(inner);
                is_default.then(|| outer.child_by_field_name("alternative"))?
            }
            _ => None,
        };
        self.literal(value?)
    }

    /// The keys of the arrays around `node`.
    fn keys(&self, node: Node<'t>) -> Vec<String> {
        let mut keys = Vec::new();
        let mut inner = node;
        while let Some(outer) = inner.parent() {
            if outer.kind() == "array_element_initializer"
                && let [key, value] = syntax::children(outer).as_slice()
                && *value == inner
            {
                keys.extend(self.literal(*key));
            }
            inner = outer;
        }
        keys.reverse();
        keys
    }

    /// `'driver' => 'pdo_mysql'`.
    fn element(&mut self, node: Node<'t>) {
        let parts = syntax::children(node);
        let [key, value] = parts.as_slice() else {
            return;
        };
        let key = self.literal(*key);
        if matches!(key.as_deref(), Some("driver" | "adapter"))
            && let Some(name) = self.literal(*value).as_deref().and_then(driver)
        {
            self.driver(name, node);
        }
    }

    /// `#[Route('/healthz')]`, `#[AsCronTask('…')]`.
    fn attribute(&mut self, node: Node<'t>) {
        let Some(name) = node.named_child(0).map(|name| self.of(name)) else {
            return;
        };
        match name.rsplit('\\').next() {
            Some("AsCronTask" | "AsPeriodicTask" | "AsSchedule") => {
                let at = self.at(node);
                self.file.scheduled.push(at);
            }
            Some("Route" | "Get") => {
                let strings = syntax::all_of(node, &["string", "encapsed_string"]);
                let first = strings.first().and_then(|one| self.literal(*one));
                if let Some(route) = first
                    .map(|text| rooted(&text))
                    .filter(|text| is_health(text))
                {
                    let at = self.at(node);
                    self.file.health.push((route, at));
                }
            }
            _ => {}
        }
    }

    /// `health: '/up'` of Laravel, `env: 'X'` of Symfony's attribute.
    fn named(&mut self, node: Node<'t>) {
        let Some(name) = node.child_by_field_name("name").map(|name| self.of(name)) else {
            return;
        };
        let parts = syntax::children(node);
        let Some(value) = parts.last().and_then(|one| self.literal(*one)) else {
            return;
        };
        if name == "health" && value.starts_with('/') {
            let at = self.at(node);
            self.file.health.push((value, at));
        } else if name == "env" && is_variable(&value) {
            self.file.reads.push(Read {
                name: value,
                default: None,
                required: false,
                line: syntax::line(node),
                keys: Vec::new(),
            });
        }
    }

    /// `%env(int:X)%` in a text of Symfony's, the name of a database in one of PDO's.
    fn content(&mut self, node: Node<'t>) {
        let text = self.of(node);
        for name in placeholders(text) {
            self.file.reads.push(Read {
                name,
                default: None,
                required: false,
                line: syntax::line(node),
                keys: Vec::new(),
            });
        }
        let scheme = text.split_once(':');
        if let Some((scheme @ ("mysql" | "pgsql" | "sqlite" | "sqlsrv"), rest)) = scheme
            && !rest.starts_with([' ', '\n'])
        {
            self.driver(scheme, node);
        }
    }

    /// A function that hands one of its parameters to the environment.
    fn wrapper(&mut self, node: Node<'t>) {
        let (Some(name), Some(parameters), Some(body)) = (
            node.child_by_field_name("name"),
            node.child_by_field_name("parameters"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let first = syntax::all(parameters, "variable_name").into_iter().next();
        let Some(first) = first.map(|first| self.of(first)) else {
            return;
        };
        let body = self.of(body);
        let reads = [
            format!("getenv({first})"),
            format!("$_ENV[{first}]"),
            format!("$_SERVER[{first}]"),
        ];
        if reads.iter().any(|read| body.contains(read)) {
            let name = self.of(name).to_owned();
            self.file.wrappers.push(name);
        }
    }
}

/// Routes of Laravel need no slash before them.
fn rooted(route: &str) -> String {
    format!("/{}", route.trim_start_matches('/'))
}

/// Whether it could be a variable: some are not in capitals.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Entries of `$_SERVER` that are the request's and the server's own.
/// <https://www.php.net/manual/en/reserved.variables.server.php>
fn is_of_request(name: &str) -> bool {
    const BEGIN: &[&str] = &[
        "HTTP_",
        "SERVER_",
        "REQUEST_",
        "REMOTE_",
        "SCRIPT_",
        "PHP_",
        "REDIRECT_",
        "CONTENT_",
        "SSL_",
        "PATH_",
        "ORIG_",
        "CONTEXT_",
        "DOCUMENT_",
        "GATEWAY_",
        "UNIQUE_",
        "SHELL_",
    ];
    const WHOLE: &[&str] = &[
        "HTTPS",
        "QUERY_STRING",
        "AUTH_TYPE",
        "argv",
        "argc",
        "LOCAL_ADDR",
        "HOSTNAME",
    ];
    !is_name(name) || WHOLE.contains(&name) || BEGIN.iter().any(|begin| name.starts_with(begin))
}

/// The variables of `%env(resolve:X)%` in a text: what stands before the last colon works on the value.
/// <https://symfony.com/doc/current/configuration/env_var_processors.html>
pub(super) fn placeholders(text: &str) -> Vec<String> {
    static PLACEHOLDER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"%env\(([^()%]+)\)%").ok());
    let found = PLACEHOLDER.iter().flat_map(|form| form.captures_iter(text));
    found
        .filter_map(|one| one.get(1)?.as_str().rsplit(':').next())
        .filter(|name| is_variable(name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> File {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.php"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        read(&tree, &RelPath::parse("a.php").unwrap()).unwrap()
    }

    fn names(text: &str) -> Vec<(String, Option<String>)> {
        let reads = read_text(text).reads.into_iter();
        reads.map(|read| (read.name, read.default)).collect()
    }

    #[test]
    fn every_form_of_reading() {
        let text = "<?php\n\
            $a = getenv('A') ?: 'one';\n\
            $b = $_ENV['B'] ?? \"two\";\n\
            $c = (int) ($_SERVER['C_LIMIT'] ?? 3);\n\
            $d = env('D', true);\n\
            $e = \\getenv('E');\n\
            $f = Env::get('F', 'six');\n\
            $g = '%env(int:default:none:G)%';\n\
            $dotenv->required(['HULL'])->notEmpty();\n\
            class X { function __construct(#[Autowire(env: 'I')] $i) {} }\n";
        let expected = [
            ("A", Some("one")),
            ("B", Some("two")),
            ("C_LIMIT", Some("3")),
            ("D", Some("true")),
            ("E", None),
            ("F", Some("six")),
            ("G", None),
            ("HULL", None),
            ("I", None),
        ];
        let expected =
            expected.map(|(name, default)| (name.to_owned(), default.map(str::to_owned)));
        assert_eq!(names(text), expected);
    }

    #[test]
    fn what_names_no_variable_is_none() {
        for text in [
            "<?php $x = getenv($name);",
            "<?php $x = $_SERVER['HTTP_HOST'] ?? '';",
            "<?php $x = $_SERVER['REQUEST_URI'];",
            "<?php // getenv('A')",
            "<?php $x = $this->env('A');",
            "env('A')",
            "<?php ((((((((env(",
        ] {
            assert_eq!(names(text), [], "{text}");
        }
    }

    #[test]
    fn keys_drivers_and_extensions() {
        let file = read_text(
            "<?php\nreturn ['connections' => ['pgsql' => ['driver' => 'pgsql', 'host' => env('DB_HOST')]]];\n\
             $a = new ZipArchive();\n$b = imagecreatetruecolor(1, 1);\n$c = new PDO('sqlite:/x');\n",
        );
        assert_eq!(file.reads[0].keys, ["connections", "pgsql", "host"]);
        let drivers: Vec<&str> = file.drivers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(drivers, ["pgsql", "sqlite"]);
        let lines: Vec<(&str, usize)> = file
            .extensions
            .iter()
            .map(|(name, at)| (*name, at.line))
            .collect();
        assert_eq!(lines, [("zip", 3), ("gd", 4)]);
    }
}
