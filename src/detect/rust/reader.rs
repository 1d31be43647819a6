//! Walks the syntax tree of one file of Rust and takes what it says.

use super::reads;
use super::source::{Field, File, Route, Struct};
use super::value::{self, Names};
use crate::detect::serving::{Listen, is_health, is_name, is_of_port, port_in};
use crate::detect::syntax::{self, Source};
use crate::detect::variable::Read;
use tree_sitter::Node;

/// Adds to `file` what is below `root`, the tree of its `source`.
pub(super) fn take<'t>(source: Source<'t>, root: Node<'t>, file: &mut File) {
    let names = names(root, source.text);
    let mut reader = Reader {
        source,
        names,
        file,
    };
    reader.take(root);
}

/// What the names of a file stand for.
fn names<'t>(root: Node<'t>, text: &'t str) -> Names<'t> {
    let mut found = Names::new();
    for node in syntax::all_of(root, &["let_declaration", "const_item", "static_item"]) {
        let name = node
            .child_by_field_name("pattern")
            .or_else(|| node.child_by_field_name("name"));
        if let (Some(name), Some(value)) = (name, node.child_by_field_name("value")) {
            found.entry(syntax::text(name, text)).or_insert(value);
        }
    }
    found
}

pub(super) struct Reader<'t, 'f> {
    pub(super) source: Source<'t>,
    names: Names<'t>,
    pub(super) file: &'f mut File,
}

impl<'t> Reader<'t, '_> {
    fn take(&mut self, root: Node<'t>) {
        let kinds = [
            "mod_item",
            "function_item",
            "call_expression",
            "macro_invocation",
            "attribute_item",
            "struct_item",
            "enum_item",
            "field_initializer",
            "let_declaration",
            "const_item",
            "static_item",
            "string_literal",
        ];
        // Tests are no part of the program.
        let mut after = 0;
        for node in syntax::all_of(root, &kinds) {
            if node.start_byte() < after {
                continue;
            }
            match node.kind() {
                "mod_item" | "function_item" if self.is_test(node) => after = node.end_byte(),
                "mod_item" => {}
                "function_item" => self.function(node),
                "call_expression" => self.call(node),
                "macro_invocation" => self.macro_call(node),
                "attribute_item" => self.attribute(node),
                "struct_item" => self.structure(node),
                "enum_item" => self.subcommands(node),
                "string_literal" => self.literal(node),
                _ => self.named(node),
            }
        }
    }

    /// The attributes that stand before an item, nearest first.
    fn attributes(&self, node: Node<'t>) -> Vec<&'t str> {
        let mut found = Vec::new();
        let mut before = node.prev_named_sibling();
        while let Some(node) = before {
            match node.kind() {
                "attribute_item" => found.push(self.source.of(node)),
                "line_comment" | "block_comment" => {}
                _ => break,
            }
            before = node.prev_named_sibling();
        }
        found
    }

    fn is_test(&self, node: Node<'t>) -> bool {
        let attributes = self.attributes(node);
        attributes.iter().any(|text| {
            text.contains("cfg(test") || text.contains("test]") || text.contains("::test(")
        })
    }

    fn function(&mut self, node: Node<'t>) {
        let (Some(name), Some(parameters), Some(body)) = (
            node.child_by_field_name("name"),
            node.child_by_field_name("parameters"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let (name, body_text) = (self.source.of(name), self.source.of(body));
        let first = parameters.named_child(0);
        let first = first.and_then(|first| first.child_by_field_name("pattern"));
        if let Some(first) = first.map(|first| self.source.of(first))
            && (body_text.contains(&format!("var({first})"))
                || body_text.contains(&format!("var_os({first})")))
        {
            let gives = node.child_by_field_name("return_type");
            let gives = gives.map_or("", |gives| self.source.of(gives));
            let lenient = ["Option<", "Vec<", "bool"]
                .iter()
                .any(|kind| gives.contains(kind));
            self.file.wrappers.push((name.to_owned(), lenient));
        }
        // `fn default_port() -> u16 { 8080 }`
        if syntax::children(body).len() == 1
            && let Some(value) = value::literal(body, self.source.text)
            && let Some(port) = port_in(&value)
        {
            self.keep(name, port, node);
        }
    }

    fn call(&mut self, node: Node<'t>) {
        let (Some(function), Some(arguments)) = (
            node.child_by_field_name("function"),
            node.child_by_field_name("arguments"),
        ) else {
            return;
        };
        let arguments: Vec<Node> = syntax::children(arguments)
            .into_iter()
            .filter(|node| !node.kind().ends_with("comment"))
            .collect();
        let whole = self.source.of(function);
        let (object, name) = match function.kind() {
            "field_expression" => (
                function
                    .child_by_field_name("value")
                    .map_or("", |value| self.source.of(value)),
                function
                    .child_by_field_name("field")
                    .map_or("", |field| self.source.of(field)),
            ),
            _ => whole.rsplit_once("::").unwrap_or(("", whole)),
        };
        let is_method = function.kind() == "field_expression";
        self.listen(node, object, name, is_method, &arguments);
        reads::call(self.source.text, node, object, name, &arguments, self.file);
        self.folders(node, object, name, &arguments);
        self.routes(node, name, is_method, &arguments);
        if name == "run_pending_migrations" {
            self.migrates("diesel", None, node);
        } else if name == "up" && object == "Migrator" {
            self.migrates("sea-orm", None, node);
        }
    }

    fn mentions(&self, name: &str) -> bool {
        self.file.mentions.contains(name)
    }

    fn listen(
        &mut self,
        node: Node<'t>,
        object: &str,
        name: &str,
        is_method: bool,
        arguments: &[Node<'t>],
    ) {
        let first = arguments.first().copied();
        let address = match name {
            "bind" | "new" if !is_method && object.ends_with("TcpListener") => first,
            "bind" | "try_bind" | "bind_rustls" | "bind_openssl" | "from_tcp"
                if !is_method
                    && (object.ends_with("Server") || object.ends_with("axum_server")) =>
            {
                first
            }
            "bind" | "bind_auto_h2c" | "bind_openssl" | "bind_rustls" | "bind_rustls_0_23"
                if is_method && (object.contains("HttpServer") || object.contains("serve(")) =>
            {
                first
            }
            "run" | "try_bind" | "bind_with_graceful_shutdown"
                if is_method && object.contains("serve(") && self.mentions("warp") =>
            {
                first
            }
            "serve" | "serve_with_shutdown"
                if is_method && object.contains("Server") && self.mentions("tonic") =>
            {
                first
            }
            // `Server::build().bind("http", address, factory)` of actix-server.
            "bind" if is_method && arguments.len() == 3 && self.mentions("actix_server") => {
                let named = first.map_or("", |first| self.source.of(first));
                let of_http = named.contains("http");
                arguments.get(1).copied().filter(|_| of_http)
            }
            // A socket that is made before.
            "from_std" if !is_method && object.ends_with("TcpListener") => first,
            "listen" if is_method && self.mentions("tide") => first,
            "http" if object == "Server" && self.mentions("tiny_http") => first,
            "start" if object == "gotham" => first,
            "build" | "custom" if object == "rocket" => {
                let at = self.source.at(node);
                self.file.launches.get_or_insert(at);
                return;
            }
            _ => return,
        };
        let Some(address) = address else { return };
        let plain = self.source.of(address);
        if plain.contains("\"unix:") || plain.contains(".sock\"") || plain.contains(":0\"") {
            return;
        }
        let at = self.source.at(node);
        self.file.listens.push(Listen {
            port: value::port(address, self.source.text, &self.names, 8),
            named: value::name(address, self.source.text, &self.names),
            on_loopback: value::is_loopback(address, self.source.text, &self.names),
            at,
        });
    }

    fn routes(&mut self, node: Node<'t>, name: &str, is_method: bool, arguments: &[Node<'t>]) {
        let Some(path) = arguments
            .first()
            .and_then(|first| value::text(*first, self.source.text))
        else {
            return;
        };
        match name {
            // The prefix of what is given, or of what is said of the scope.
            "nest" | "mount" if is_method => {
                let below = self.source.of(node).to_owned();
                self.file.nests.push((path.to_owned(), below));
            }
            "scope" if !is_method => {
                let mut whole = node;
                while let Some(parent) = whole.parent().filter(|parent| {
                    matches!(parent.kind(), "field_expression")
                        || parent.kind() == "call_expression"
                            && parent.child_by_field_name("function") == Some(whole)
                }) {
                    whole = parent;
                }
                let below = self.source.of(whole).to_owned();
                self.file.nests.push((path.to_owned(), below));
            }
            "route" | "at" | "resource" | "route_service" | "with_path" | "path" | "get" => {
                // warp and salvo write paths without the slash.
                let route = if path.starts_with('/') {
                    path.to_owned()
                } else {
                    format!("/{path}")
                };
                if is_health(&route) {
                    let mut functions = Vec::new();
                    let mut above = node.parent();
                    while let Some(parent) = above {
                        if parent.kind() == "function_item" {
                            let name = parent.child_by_field_name("name");
                            functions.extend(name.map(|name| self.source.of(name).to_owned()));
                            break;
                        }
                        above = parent.parent();
                    }
                    let at = self.source.at(node);
                    self.file.health.push(Route {
                        path: route,
                        functions,
                        at,
                    });
                }
            }
            _ => {}
        }
    }

    fn migrates(&mut self, tool: &'static str, folder: Option<String>, node: Node<'t>) {
        let at = self.source.at(node);
        let known = self.file.migrates.get_or_insert((tool, folder.clone(), at));
        known.1 = known.1.take().or(folder);
    }

    fn macro_call(&mut self, node: Node<'t>) {
        let Some(name) = node.child_by_field_name("macro") else {
            return;
        };
        let whole = self.source.of(name);
        let last = whole.rsplit("::").next().unwrap_or_default();
        let first = syntax::all(node, "string_literal")
            .into_iter()
            .next()
            .and_then(|node| value::text(node, self.source.text))
            .map(str::to_owned);
        match last {
            "env" | "option_env" | "dotenv" => {
                if let Some(name) = first.filter(|name| is_name(name)) {
                    self.file.reads.push(Read {
                        name,
                        default: None,
                        required: last == "env",
                        line: syntax::line(node),
                    });
                }
            }
            "query" | "query_as" | "query_scalar" | "query_file" | "query_file_as"
            | "query_unchecked" | "query_as_unchecked"
                if whole.starts_with("sqlx::") || self.mentions("sqlx") =>
            {
                let at = self.source.at(node);
                self.file.asks.get_or_insert(at);
            }
            "migrate" => self.migrates("sqlx", first, node),
            "embed_migrations" => {
                let tool = if self.mentions("refinery") || whole.starts_with("refinery") {
                    "refinery"
                } else {
                    "diesel"
                };
                self.migrates(tool, first, node);
            }
            "include_dir" => {
                if let Some(folder) = first {
                    let folder = folder.replace("$CARGO_MANIFEST_DIR", "");
                    let at = self.source.at(node);
                    let folder = folder.trim_start_matches('/').to_owned();
                    self.file.embeds.push((folder, at));
                }
            }
            "relative" => {
                if let Some(folder) = first {
                    let at = self.source.at(node);
                    self.file.statics.push((folder, at));
                }
            }
            _ => {}
        }
    }

    /// `#[get("/health")]`, `#[folder = "dist"]`.
    fn attribute(&mut self, node: Node<'t>) {
        let text = self.source.of(node);
        let inside = text.trim_start_matches("#[").trim_end_matches(']').trim();
        let argument = || inside.split('"').nth(1);
        if inside == "launch" || inside.starts_with("rocket::launch") || inside == "rocket::main" {
            let at = self.source.at(node);
            self.file.launches.get_or_insert(at);
        } else if inside.starts_with("folder")
            && let Some(folder) = argument()
        {
            let at = self.source.at(node);
            self.file.embeds.push((folder.to_owned(), at));
        } else if let Some((method, _)) = inside.split_once('(')
            && matches!(method.rsplit("::").next(), Some("get" | "route"))
            && let Some(path) = argument().filter(|path| is_health(path))
        {
            let mut item = node.next_named_sibling();
            while let Some(next) = item.filter(|next| next.kind() != "function_item") {
                item = next.next_named_sibling();
            }
            let name = item.and_then(|item| item.child_by_field_name("name"));
            let functions = name.map(|name| self.source.of(name).to_owned());
            let at = self.source.at(node);
            self.file.health.push(Route {
                path: path.to_owned(),
                functions: functions.into_iter().collect(),
                at,
            });
        }
    }

    fn structure(&mut self, node: Node<'t>) {
        let (Some(name), Some(body)) = (
            node.child_by_field_name("name"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let is_deserialized = self
            .attributes(node)
            .iter()
            .any(|text| text.contains("Deserialize"));
        let mut fields = Vec::new();
        for field in syntax::children(body) {
            if field.kind() != "field_declaration" {
                continue;
            }
            let (Some(name), Some(of)) = (
                field.child_by_field_name("name"),
                field.child_by_field_name("type"),
            ) else {
                continue;
            };
            let (name, of) = (self.source.of(name), self.source.of(of));
            let attributes = self.attributes(field);
            let line = syntax::line(field);
            let above = field.prev_named_sibling();
            let above = above.filter(|node| node.kind() == "attribute_item");
            let (read, port) =
                reads::field(name, of, &attributes, above.map_or(line, syntax::line));
            let port = port.or_else(|| reads::default_of(&attributes));
            if let Some(port) = port {
                self.keep(name, port, field);
            }
            self.file.reads.extend(read);
            let default = attributes.iter().any(|text| text.contains("default"));
            fields.push(Field {
                name: name.to_owned(),
                required: !default && !of.starts_with("Option"),
                of: of
                    .trim_start_matches("Option<")
                    .trim_end_matches('>')
                    .rsplit("::")
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                line,
            });
        }
        self.file.structs.push(Struct {
            name: self.source.of(name).to_owned(),
            is_deserialized,
            fields,
        });
    }

    /// `#[derive(Subcommand)] enum Command { Serve, Migrate }`, in the words of clap.
    fn subcommands(&mut self, node: Node<'t>) {
        let of_clap = self
            .attributes(node)
            .iter()
            .any(|text| text.contains("Subcommand") || text.contains("Parser"));
        if !of_clap || self.is_below(node) {
            return;
        }
        for variant in syntax::all(node, "enum_variant") {
            if let Some(name) = variant.child_by_field_name("name") {
                let mut words = String::new();
                for letter in self.source.of(name).chars() {
                    if letter.is_ascii_uppercase() && !words.is_empty() {
                        words.push('-');
                    }
                    words.push(letter.to_ascii_lowercase());
                }
                let at = self.source.at(variant);
                self.file.commands.push((words, at));
            }
        }
    }

    /// Whether the commands of the enum `node` stand below one of another enum of the file.
    fn is_below(&self, node: Node<'t>) -> bool {
        let Some(name) = node.child_by_field_name("name") else {
            return false;
        };
        let name = self.source.of(name);
        let beside = node.parent().map(syntax::children).unwrap_or_default();
        let others = beside
            .into_iter()
            .filter(|other| other.kind() == "enum_item" && *other != node);
        others
            .flat_map(|other| syntax::all(other, "type_identifier"))
            .any(|used| self.source.of(used) == name)
    }

    /// A port under the name of what it is given to, a text under that of a constant.
    fn named(&mut self, node: Node<'t>) {
        if matches!(node.kind(), "const_item" | "static_item")
            && let Some(name) = node.child_by_field_name("name")
            && let Some(given) = node.child_by_field_name("value")
            && let Some(text) = value::text(given, self.source.text)
        {
            let name = self.source.of(name).to_owned();
            let route = format!("/{}", text.trim_start_matches('/'));
            if name.contains("HEALTH") && is_health(&route) {
                let at = self.source.at(node);
                self.file.health.push(Route {
                    path: route,
                    functions: Vec::new(),
                    at,
                });
            }
            self.file.constants.insert(name, text.to_owned());
        }
        let name = ["pattern", "name", "field"]
            .iter()
            .find_map(|field| node.child_by_field_name(field));
        if let (Some(name), Some(given)) = (name, node.child_by_field_name("value")) {
            let name = self.source.of(name);
            if is_of_port(name)
                && let Some(port) = value::port(given, self.source.text, &self.names, 8)
            {
                self.keep(name, port, node);
            }
        }
    }

    fn keep(&mut self, name: &str, port: u16, node: Node<'t>) {
        if is_of_port(name) {
            let at = self.source.at(node);
            let name = name.to_lowercase();
            self.file.ports.entry(name).or_insert((port, at));
        }
    }
}
