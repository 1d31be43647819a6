//! What one file of Go says: its imports, where it listens, which variables it reads.

use super::{value, viper};
use crate::detect::Tree;
use crate::detect::serving::{Listen, is_health, is_name, is_of_port, port_in};
use crate::detect::syntax::{self, Source};
use crate::detect::variable::Read;
use crate::project::{Evidence, RelPath};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// Facts of one file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: RelPath,
    /// Whether a program starts here.
    pub(super) is_main: bool,
    /// Whether a build constraint keeps it out of every build.
    pub(super) is_ignored: bool,
    pub(super) imports: Vec<String>,
    /// Paths below which the binary holds the files: the patterns of `go:embed`.
    pub(super) embeds: Vec<String>,
    pub(super) listens: Vec<Listen>,
    /// Ports by the names that they are kept under, lower case.
    pub(super) ports: BTreeMap<String, (u16, Evidence)>,
    pub(super) reads: Vec<Read>,
    /// Reads whose variable is kept in a constant, by the constant.
    pub(super) named: Vec<Read>,
    /// Texts by the names of constants and variables.
    pub(super) constants: BTreeMap<String, String>,
    /// Functions that hand a parameter to the environment.
    pub(super) wrappers: Vec<String>,
    /// Calls with a name in capitals as the first argument: function, that name, the second
    /// argument, the line.
    pub(super) calls: Vec<(String, Read)>,
    /// Names in capitals that a table is keyed by: variables, where all of the environment is read.
    pub(super) keys: Vec<Read>,
    /// Whether all of the environment is read at once.
    pub(super) is_environ: bool,
    pub(super) viper: viper::Told,
    /// Commands, by cobra or urfave/cli.
    pub(super) commands: Vec<Command>,
    /// Addresses of routes that sound like a health check.
    pub(super) health: Vec<(String, Evidence)>,
    /// Relative paths in texts, with their line.
    pub(super) paths: Vec<(String, Evidence)>,
}

/// One command of a program.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: String,
    /// Whether it does something, and does not only hold others.
    pub(super) runs: bool,
    pub(super) at: Evidence,
}

/// Reads `path`; None where it cannot be read.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<File> {
    let text = tree.text(path)?;
    let parsed = syntax::parse(&tree_sitter_go::LANGUAGE.into(), &text)?;
    let root = parsed.root_node();
    let mut reader = Reader {
        source: Source {
            tree,
            path,
            text: &text,
        },
        file: File::of(path, &text),
    };
    reader.take(root);
    Some(reader.file)
}

/// `//go:build ignore` before the package clause.
fn is_ignored(text: &str) -> bool {
    text.lines()
        .take_while(|line| !line.starts_with("package "))
        .any(|line| {
            let constraint = line
                .strip_prefix("//go:build ")
                .or_else(|| line.strip_prefix("// +build "));
            constraint.is_some_and(|tags| matches!(tags.trim(), "ignore" | "tools" | "generate"))
        })
}

impl File {
    /// One of which nothing is known but that.
    fn of(path: &RelPath, text: &str) -> Self {
        Self {
            path: path.clone(),
            is_main: false,
            is_ignored: is_ignored(text),
            imports: Vec::new(),
            embeds: Vec::new(),
            listens: Vec::new(),
            ports: BTreeMap::new(),
            reads: Vec::new(),
            named: Vec::new(),
            constants: BTreeMap::new(),
            wrappers: Vec::new(),
            calls: Vec::new(),
            keys: Vec::new(),
            is_environ: false,
            viper: viper::Told::default(),
            commands: Vec::new(),
            health: Vec::new(),
            paths: Vec::new(),
        }
    }
}

/// Puts together what is said from the root down.
pub(super) struct Reader<'t> {
    pub(super) source: Source<'t>,
    pub(super) file: File,
}

impl<'t> Reader<'t> {
    fn take(&mut self, root: Node<'t>) {
        let kinds = [
            "package_clause",
            "import_spec",
            "comment",
            "function_declaration",
            "method_declaration",
            "call_expression",
            "keyed_element",
            "field_declaration",
            "short_var_declaration",
            "assignment_statement",
            "var_spec",
            "const_spec",
            "interpreted_string_literal",
        ];
        let mut in_main = false;
        for node in syntax::all_of(root, &kinds) {
            match node.kind() {
                "package_clause" => in_main = self.source.of(node).trim_end().ends_with(" main"),
                "import_spec" => {
                    let path = node.child_by_field_name("path");
                    let path = path.map(|path| value::unquoted(self.source.of(path)).to_owned());
                    self.file.imports.extend(path);
                }
                "comment" => {
                    let patterns = self.source.of(node).strip_prefix("//go:embed ");
                    let patterns = patterns.into_iter().flat_map(str::split_whitespace);
                    self.file.embeds.extend(patterns.map(str::to_owned));
                }
                "function_declaration" | "method_declaration" => {
                    let name = node
                        .child_by_field_name("name")
                        .map(|name| self.source.of(name));
                    self.file.is_main |= in_main && name == Some("main");
                    self.wrapper(node);
                }
                "call_expression" => self.call(node),
                "field_declaration" => self.tags(node),
                "keyed_element" => self.keyed(node),
                "interpreted_string_literal" => self.literal(node),
                _ => self.assigned(node),
            }
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
        let body = self.source.of(body);
        if !body.contains("env(") && !body.contains("Env(") {
            return;
        }
        let first = syntax::all(parameters, "identifier").into_iter().next();
        let Some(first) = first.map(|first| self.source.of(first)) else {
            return;
        };
        if body.contains(&format!("Getenv({first})"))
            || body.contains(&format!("LookupEnv({first})"))
        {
            self.file.wrappers.push(self.source.of(name).to_owned());
        }
    }

    fn call(&mut self, node: Node<'t>) {
        let (Some(function), Some(arguments)) = (
            node.child_by_field_name("function"),
            node.child_by_field_name("arguments"),
        ) else {
            return;
        };
        let arguments = syntax::children(arguments);
        let (object, name) = match function.kind() {
            "selector_expression" => (
                function
                    .child_by_field_name("operand")
                    .map_or("", |operand| self.source.of(operand)),
                function
                    .child_by_field_name("field")
                    .map_or("", |field| self.source.of(field)),
            ),
            _ => ("", self.source.of(function)),
        };
        self.listen(node, object, name, &arguments);
        self.variable(node, object, name, &arguments);
        // `flag.Int("port", 4000, …)`, `IntVar(&cfg.port, "port", 4000, …)`,
        // `SetDefault("http.port", 8080)`: a port under the name of the text or the variable.
        let mut names = Vec::new();
        for argument in &arguments {
            let text = self.source.of(*argument);
            if argument.kind() == "interpreted_string_literal" {
                names.push(value::unquoted(text));
            } else if let Some(target) = text.strip_prefix('&') {
                names.push(target);
            }
            if let Some(port) = value::port(*argument, self.source.text, 4)
                && !names.is_empty()
            {
                for name in names.drain(..) {
                    let last = name.rsplit('.').next().unwrap_or_default();
                    self.keep(last, port, node);
                }
            }
        }
        let route = arguments.first().filter(|_| {
            matches!(
                name,
                "HandleFunc" | "Handle" | "GET" | "Get" | "Path" | "Head" | "HEAD" | "Route"
            )
        });
        if let Some(route) = route {
            let text = value::unquoted(self.source.of(*route));
            // Since Go 1.22 a pattern may begin with the method.
            let text = text.strip_prefix("GET ").unwrap_or(text);
            if is_health(text) {
                let at = self.source.at(node);
                self.file.health.push((text.to_owned(), at));
            }
        }
    }

    fn imports(&self, prefix: &str) -> bool {
        self.file
            .imports
            .iter()
            .any(|import| import.starts_with(prefix))
    }

    fn listen(&mut self, node: Node<'t>, object: &str, name: &str, arguments: &[Node<'t>]) {
        let address = match name {
            "ListenAndServe" | "ListenAndServeTLS" => {
                // A server's own method is given no address, or files of a certificate.
                let package = self
                    .file
                    .imports
                    .iter()
                    .any(|import| import.rsplit('/').next() == Some(object));
                arguments.first().copied().filter(|_| package)
            }
            "Listen" if object == "net" => {
                let network = arguments.first().map(|argument| self.source.of(*argument));
                if network.is_some_and(|network| network.contains("unix")) {
                    return;
                }
                arguments.get(1).copied()
            }
            // `net.ListenConfig`.
            "Listen" if arguments.len() == 3 && self.imports("net") => arguments.get(2).copied(),
            "Serve" if object == "http" && arguments.len() == 2 => None,
            "Serve"
                if arguments.len() == 1
                    && (self.imports("net/http") || self.imports("google.golang.org/grpc")) =>
            {
                None
            }
            "Run" | "RunTLS" if self.imports("github.com/gin-gonic/gin") => {
                arguments.first().copied()
            }
            "Start" | "StartTLS" if self.imports("github.com/labstack/echo") => {
                arguments.first().copied()
            }
            "Listen" if self.imports("github.com/gofiber/fiber") => arguments.first().copied(),
            _ => return,
        };
        let gin = address.is_none() && name == "Run";
        // `errgroup.Run` and the like are given functions.
        if address.is_some_and(|address| matches!(address.kind(), "func_literal")) {
            return;
        }
        let port = address.and_then(|address| value::port(address, self.source.text, 6));
        let at = self.source.at(node);
        self.file.listens.push(Listen {
            // https://pkg.go.dev/github.com/gin-gonic/gin#Engine.Run
            port: port.or(gin.then_some(8080)),
            named: address.and_then(|address| value::name(address, self.source.text)),
            on_loopback: address.is_some_and(|address| {
                let text = value::unquoted(self.source.of(address));
                text.starts_with("localhost:") || text.starts_with("127.0.0.1:")
            }),
            at,
        });
    }

    fn variable(&mut self, node: Node<'t>, object: &str, name: &str, arguments: &[Node<'t>]) {
        let text = |index: usize| value::literal(*arguments.get(index)?, self.source.text);
        let line = syntax::line(node);
        let of_viper = self.imports("github.com/spf13/viper");
        match (object, name) {
            ("os" | "syscall", "Getenv" | "LookupEnv") => {
                if let Some(name) = text(0).filter(|name| !name.is_empty()) {
                    self.file.reads.push(Read {
                        name,
                        default: beside(node, self.source.text),
                        required: false,
                        line,
                    });
                } else if let Some(name) = arguments
                    .first()
                    .and_then(|one| constant(*one, self.source.text))
                {
                    self.file.named.push(Read {
                        name: name.to_owned(),
                        default: beside(node, self.source.text),
                        required: false,
                        line,
                    });
                }
            }
            ("os", "Environ") => self.file.is_environ = true,
            (_, "BindEnv") if of_viper => {
                let names = (1..arguments.len()).filter_map(text);
                self.file.reads.extend(names.map(|name| Read {
                    name,
                    default: None,
                    required: false,
                    line,
                }));
            }
            _ if self
                .file
                .viper
                .hear(object, name, arguments, self.source.text, of_viper) => {}
            _ => {
                if let Some(first) = text(0).filter(|text| is_name(text)) {
                    let default = text(1).or_else(|| {
                        let second = arguments.get(1)?;
                        matches!(second.kind(), "int_literal" | "true" | "false")
                            .then(|| self.source.of(*second).to_owned())
                    });
                    let read = Read {
                        name: first,
                        default,
                        required: false,
                        line,
                    };
                    self.file.calls.push((name.to_owned(), read));
                }
            }
        }
    }

    /// What the tag of a field says: `env:"PORT" envDefault:"8080"`, `envconfig:"PORT"`.
    fn tags(&mut self, node: Node<'t>) {
        let Some(tag) = node.child_by_field_name("tag") else {
            return;
        };
        let tags = value::tags(value::unquoted(self.source.of(tag)));
        let get = |name: &str| {
            tags.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, text)| *text)
        };
        let Some(said) = get("env").or_else(|| get("envconfig")) else {
            return;
        };
        let mut parts = said.split(',').map(str::trim);
        let Some(name) = parts.next().filter(|name| !name.is_empty() && *name != "-") else {
            return;
        };
        let mut default = ["envDefault", "env-default", "default"]
            .iter()
            .find_map(|key| get(key));
        let mut required = get("required") == Some("true") || get("env-required") == Some("true");
        for option in parts {
            required |= matches!(option, "required" | "notEmpty");
            default = default.or_else(|| option.strip_prefix("default="));
        }
        let field = node
            .child_by_field_name("name")
            .map(|name| self.source.of(name));
        if let (Some(field), Some(port)) = (field, default.and_then(port_in)) {
            self.keep(field, port, node);
        }
        self.file.reads.push(Read {
            name: value::prefix(node, self.source.text) + name,
            default: default.map(str::to_owned),
            required,
            line: syntax::line(node),
        });
    }

    /// `Addr: ":8080"` of a server, `Use: "serve"` of a command.
    fn keyed(&mut self, node: Node<'t>) {
        let parts = syntax::children(node);
        let [key, given] = parts.as_slice() else {
            return;
        };
        let key_text = self.source.of(*key);
        let text = value::unquoted(self.source.of(*given));
        let of = |kind: &str| {
            let body = node.parent().and_then(|list| list.parent());
            let named = body.and_then(|literal| literal.child_by_field_name("type"));
            named.is_some_and(|named| self.source.of(named).ends_with(kind))
        };
        if key_text == "Use" || key_text == "Name" && of("cli.Command") {
            let name = text.split(' ').next().unwrap_or_default();
            let beside = node.parent().map(syntax::children).unwrap_or_default();
            let runs = beside.iter().any(|element| {
                let key = element.named_child(0).map(|key| self.source.of(key));
                matches!(key, Some("Run" | "RunE" | "Action"))
            });
            let at = self.source.at(node);
            self.file.commands.push(Command {
                name: name.to_owned(),
                runs,
                at,
            });
        }
        let named = value::unquoted(key_text);
        if named != key_text && named.contains('_') && is_name(named) {
            self.file.keys.push(Read {
                name: named.to_owned(),
                default: None,
                required: false,
                line: syntax::line(node),
            });
        }
        // What `EnvVars: []string{"PORT"}` of urfave/cli names.
        if matches!(key_text, "EnvVars" | "EnvVar" | "Sources") {
            for literal in syntax::all(*given, "interpreted_string_literal") {
                self.file.reads.push(Read {
                    name: value::unquoted(self.source.of(literal)).to_owned(),
                    default: None,
                    required: false,
                    line: syntax::line(literal),
                });
            }
        }
        self.named_port(named, *given, node);
    }

    fn assigned(&mut self, node: Node<'t>) {
        let left = node
            .child_by_field_name("left")
            .or_else(|| node.child_by_field_name("name"));
        let right = node
            .child_by_field_name("right")
            .or_else(|| node.child_by_field_name("value"));
        if let (Some(left), Some(right)) = (left, right) {
            let name = self.source.of(left);
            let right = if right.kind() == "expression_list" {
                right.named_child(0).unwrap_or(right)
            } else {
                right
            };
            if right.kind().ends_with("string_literal") && node.kind() != "assignment_statement" {
                let text = value::unquoted(self.source.of(right));
                if name.to_lowercase().contains("health") && is_health(text) {
                    let at = self.source.at(node);
                    self.file.health.push((text.to_owned(), at));
                }
                self.file.constants.insert(name.to_owned(), text.to_owned());
            }
            self.named_port(name, right, node);
        }
    }

    fn named_port(&mut self, name: &str, given: Node<'t>, node: Node<'t>) {
        let last = name.rsplit('.').next().unwrap_or_default();
        if !is_of_port(last) {
            return;
        }
        if let Some(port) = value::port(given, self.source.text, 6) {
            self.keep(last, port, node);
        } else if let Some(other) = value::name(given, self.source.text)
            && let Some((port, at)) = self.file.ports.get(&other).cloned()
        {
            self.file
                .ports
                .entry(last.to_lowercase())
                .or_insert((port, at));
        }
    }

    fn keep(&mut self, name: &str, port: u16, node: Node<'t>) {
        if is_of_port(name) {
            let at = self.source.at(node);
            self.file
                .ports
                .entry(name.to_lowercase())
                .or_insert((port, at));
        }
    }
}

/// The name of a constant: `portVariable`, the last part of `config.PortVariable`.
fn constant<'t>(node: Node<'_>, text: &'t str) -> Option<&'t str> {
    let name = match node.kind() {
        "identifier" => node,
        "selector_expression" => node.child_by_field_name("field")?,
        _ => return None,
    };
    Some(syntax::text(name, text))
}

/// The text that stands for a variable that is not set: the second argument of `cmp.Or`.
fn beside(node: Node<'_>, text: &str) -> Option<String> {
    let list = node.parent()?;
    let call = list
        .parent()
        .filter(|call| call.kind() == "call_expression")?;
    let function = call.child_by_field_name("function")?;
    if syntax::text(function, text) != "cmp.Or" {
        return None;
    }
    let last = syntax::children(list).pop()?;
    (last.kind() == "interpreted_string_literal")
        .then(|| value::unquoted(syntax::text(last, text)).to_owned())
}
