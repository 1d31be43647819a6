//! What one file of Java or Kotlin says: whether a program starts there, what it is told by annotations,
//! which variables it reads, where it listens.

use super::settings::placeholders;
use crate::detect::serving::{Listen, is_health, is_name};
use crate::detect::syntax::{self, Source};
use crate::detect::variable::Read;
use crate::detect::{Tree, serving};
use crate::project::{Evidence, RelPath};
use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tree_sitter::Node;

/// Facts of one file.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) path: RelPath,
    /// Class with `main`, with its package.
    pub(super) main: Option<(String, Evidence)>,
    /// Whether a framework is told that the application is here.
    pub(super) application: Option<Evidence>,
    pub(super) reads: Vec<Read>,
    /// Methods that hand a parameter to the environment, and which one.
    pub(super) wrappers: Vec<(String, usize)>,
    /// Calls with a name in capitals among the arguments.
    pub(super) calls: Vec<Call>,
    /// A method that a clock calls.
    pub(super) scheduled: Option<Evidence>,
    /// A method that takes messages.
    pub(super) listener: Option<Evidence>,
    pub(super) listens: Vec<Listen>,
    /// Ports by the names of what holds them, lower case.
    pub(super) ports: BTreeMap<String, (u16, Evidence)>,
    pub(super) health: Vec<(String, Evidence)>,
}

/// A call that may read a variable.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: String,
    /// The texts of its arguments.
    pub(super) texts: Vec<Option<String>>,
    pub(super) line: usize,
}

/// Words without one of which a file says nothing of all that.
const TELLING: &[&str] = &[
    "main(",
    "getenv",
    "@Value",
    "@Scheduled",
    "Listener(",
    "@Incoming",
    "@QuarkusMain",
    "@SpringBoot",
    "@EnableAutoConfiguration",
    "embeddedServer(",
    "Javalin",
    "HttpServer",
    "dotenv",
    "/health",
];

/// Annotations that mark an application.
const APPLICATIONS: &[&str] = &["SpringBootApplication", "QuarkusMain"];

/// Annotations that mark one where a program starts in the same file; a library has them, too.
const CONFIGURATIONS: &[&str] = &["SpringBootConfiguration", "EnableAutoConfiguration"];

/// Annotations of methods that take messages from a queue or a stream.
const LISTENERS: &[&str] = &[
    "RabbitListener",
    "KafkaListener",
    "JmsListener",
    "SqsListener",
    "StreamListener",
    "Incoming",
    "PulsarListener",
];

/// Reads `path`; None where nothing there matters.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<File> {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(TELLING).ok());
    let text = tree.text(path)?;
    if !WORDS.as_ref()?.is_match(text.as_bytes()) {
        return None;
    }
    let kotlin = path.extension() == "kt";
    let language = if kotlin {
        tree_sitter_kotlin_ng::LANGUAGE.into()
    } else {
        tree_sitter_java::LANGUAGE.into()
    };
    let parsed = syntax::parse(&language, &text)?;
    let mut reader = Reader {
        source: Source {
            tree,
            path,
            text: &text,
        },
        kotlin,
        package: String::new(),
        configured: None,
        file: File {
            path: path.clone(),
            ..File::default()
        },
    };
    reader.take(parsed.root_node());
    if reader.file.main.is_some() && reader.file.application.is_none() {
        reader.file.application = reader.configured;
    }
    Some(reader.file)
}

struct Reader<'t> {
    source: Source<'t>,
    kotlin: bool,
    package: String,
    /// One of [`CONFIGURATIONS`].
    configured: Option<Evidence>,
    file: File,
}

/// One argument: the name that it is given to, if any, and what is given.
struct Argument<'n> {
    name: Option<&'n str>,
    node: Node<'n>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, root: Node<'t>) {
        let kinds = [
            "package_declaration",
            "package_header",
            "annotation",
            "marker_annotation",
            "method_declaration",
            "function_declaration",
            "method_invocation",
            "call_expression",
            "index_expression",
            "variable_declarator",
            "property_declaration",
        ];
        for node in syntax::all_of(root, &kinds) {
            match node.kind() {
                "package_declaration" | "package_header" => {
                    let text = self.source.of(node).trim_start_matches("package").trim();
                    text.trim_end_matches(';').clone_into(&mut self.package);
                }
                "annotation" | "marker_annotation" => self.annotation(node),
                "method_declaration" | "function_declaration" => self.function(node),
                "index_expression" => self.index(node),
                "variable_declarator" | "property_declaration" => self.kept(node),
                _ => self.call(node),
            }
        }
    }

    fn arguments(&self, node: Node<'t>) -> Vec<Argument<'t>> {
        let list = syntax::children(node)
            .into_iter()
            .find_map(|part| match part.kind() {
                "argument_list" | "value_arguments" | "annotation_argument_list" => Some(part),
                "constructor_invocation" => syntax::children(part)
                    .into_iter()
                    .find(|part| part.kind() == "value_arguments"),
                _ => None,
            });
        let Some(list) = list else { return Vec::new() };
        syntax::children(list)
            .into_iter()
            .filter_map(|one| {
                if !matches!(one.kind(), "element_value_pair" | "value_argument") {
                    return Some(Argument {
                        name: None,
                        node: one,
                    });
                }
                let parts = syntax::children(one);
                match parts.as_slice() {
                    [node] => Some(Argument {
                        name: None,
                        node: *node,
                    }),
                    [name, node] => Some(Argument {
                        name: Some(self.source.of(*name)),
                        node: *node,
                    }),
                    _ => None,
                }
            })
            .collect()
    }

    /// The text of a literal; None for anything else.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        (node.kind() == "string_literal")
            .then(|| self.source.of(node).trim_matches('"').replace("\\$", "$"))
    }

    fn number(&self, node: Node<'_>) -> Option<u16> {
        matches!(
            node.kind(),
            "decimal_integer_literal" | "number_literal" | "string_literal"
        )
        .then(|| self.source.of(node).trim_matches('"').parse().ok())
        .flatten()
    }

    fn annotation(&mut self, node: Node<'t>) {
        let whole = self.source.of(node).trim_start_matches('@');
        let end = whole
            .find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_')
            .unwrap_or(whole.len());
        let name = whole[..end].rsplit('.').next().unwrap_or_default();
        if APPLICATIONS.contains(&name) {
            self.file.application = Some(self.source.at(node));
        } else if CONFIGURATIONS.contains(&name) {
            self.configured = Some(self.source.at(node));
        } else if LISTENERS.contains(&name) {
            self.file.listener = self
                .file
                .listener
                .take()
                .or_else(|| Some(self.source.at(node)));
        } else if name == "Scheduled" {
            self.file.scheduled = self
                .file
                .scheduled
                .take()
                .or_else(|| Some(self.source.at(node)));
        } else if name == "Value" {
            let text = self
                .arguments(node)
                .first()
                .and_then(|one| self.literal(one.node));
            for one in placeholders(&text.unwrap_or_default()) {
                self.file.reads.push(Read {
                    name: one.name.to_owned(),
                    line: syntax::line(node),
                    default: one.default.map(str::to_owned),
                    required: one.default.is_none(),
                });
            }
        } else if matches!(name, "GetMapping" | "RequestMapping" | "Path" | "Get") {
            let arguments = self.arguments(node);
            let route = arguments
                .iter()
                .find(|one| matches!(one.name, None | Some("value" | "path" | "uri")))
                .and_then(|one| self.literal(one.node));
            self.route(route, node);
        }
    }

    fn route(&mut self, route: Option<String>, node: Node<'_>) {
        if let Some(route) = route {
            let route = format!("/{}", route.trim_start_matches('/'));
            if is_health(&route) {
                let at = self.source.at(node);
                self.file.health.push((route, at));
            }
        }
    }

    /// A method that hands one of its parameters to `System.getenv`.
    fn wrapper(&mut self, name: &str, node: Node<'t>) {
        let (Some(parameters), Some(body)) = (
            node.child_by_field_name("parameters"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let body = self.source.of(body);
        let handed = |parameter: Node<'_>| {
            let name = parameter.child_by_field_name("name");
            name.is_some_and(|name| body.contains(&format!("getenv({})", self.source.of(name))))
        };
        let at = syntax::children(parameters).into_iter().position(handed);
        self.file
            .wrappers
            .extend(at.map(|at| (name.to_owned(), at)));
    }

    /// `public static void main(String[] args)`, or a `main` of Kotlin outside of every class.
    fn function(&mut self, node: Node<'t>) {
        let name = node
            .child_by_field_name("name")
            .map(|name| self.source.of(name));
        self.wrapper(name.unwrap_or_default(), node);
        if name != Some("main") || self.file.main.is_some() {
            return;
        }
        let class = if self.kotlin {
            let top = node
                .parent()
                .is_some_and(|parent| parent.kind() == "source_file");
            let stem = self.file.path.stem();
            let mut letters = stem.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            top.then(|| format!("{}{}Kt", first.unwrap_or_default(), letters.as_str()))
        } else {
            let head = self.source.of(node).split('{').next().unwrap_or_default();
            let mut words = head.split_whitespace();
            words
                .any(|word| word == "static")
                .then(|| self.file.path.stem().to_owned())
        };
        let Some(class) = class else { return };
        let whole = if self.package.is_empty() {
            class
        } else {
            format!("{}.{class}", self.package)
        };
        self.file.main = Some((whole, self.source.at(node)));
    }

    /// What is called, up to the arguments.
    fn callee(&self, node: Node<'t>) -> &'t str {
        let list = syntax::children(node)
            .into_iter()
            .find(|part| matches!(part.kind(), "argument_list" | "value_arguments"));
        let end = list.map_or(node.end_byte(), |list| list.start_byte());
        self.source
            .text
            .get(node.start_byte()..end)
            .unwrap_or_default()
    }

    fn call(&mut self, node: Node<'t>) {
        let callee = self.callee(node);
        let name = callee.rsplit('.').next().unwrap_or_default().trim();
        let arguments = self.arguments(node);
        let first = arguments.first();
        let text = |index: usize| {
            let one = arguments.get(index)?;
            self.literal(one.node)
        };
        let of_env = callee.contains("System.getenv()")
            || callee.starts_with("dotenv.")
            || callee.contains("Dotenv");
        let reads = match name {
            "getenv" => true,
            "getOrDefault" | "get" | "getValue" => of_env,
            "getProperty" | "getRequiredProperty" => callee.starts_with("env"),
            _ => false,
        };
        if reads {
            if let Some(name) = text(0).filter(|name| is_name(name)) {
                self.read(name, text(1), node);
            }
            return;
        }
        let listen = match name {
            "embeddedServer" => arguments
                .iter()
                .find(|one| one.name == Some("port"))
                .or_else(|| arguments.get(1).filter(|one| one.name.is_none())),
            "start"
                if callee.contains("Javalin")
                    || self.source.text.contains("io.javalin") && arguments.len() < 3 =>
            {
                // `start(port)`, `start(host, port)`
                arguments.last()
            }
            "listen" if self.source.text.contains("io.vertx") => first,
            // The server that comes with Java is given an address.
            "create" if callee.ends_with("HttpServer.create") => first,
            // https://activej.io/http: `RoutingServlet.create().map(GET, "/path", servlet)`.
            "map" | "with" if self.source.text.contains("io.activej") => {
                self.route(text(1), node);
                return;
            }
            _ => {
                let texts: Vec<Option<String>> = (0..arguments.len().min(4)).map(&text).collect();
                if matches!(name, "get" | "Get" | "createContext") {
                    self.route(text(0), node);
                }
                if texts.iter().flatten().any(|text| is_name(text)) {
                    self.file.calls.push(Call {
                        function: name.to_owned(),
                        texts,
                        line: syntax::line(node),
                    });
                }
                return;
            }
        };
        // https://javalin.io/documentation#starting-and-stopping
        let usual = (name == "start" && callee.contains("Javalin")).then_some(8080);
        if name != "embeddedServer" && usual.is_none() && listen.is_none() {
            return;
        }
        let host = arguments
            .iter()
            .find(|one| one.name == Some("host"))
            .and_then(|one| self.literal(one.node));
        let listen = listen.map(|one| {
            let inside = self.arguments(one.node);
            match inside.last() {
                Some(last) if self.source.of(one.node).contains("InetSocketAddress") => last.node,
                _ => one.node,
            }
        });
        let port = match listen {
            Some(node) => self.number(node),
            None => usual,
        };
        let named = listen.map(|node| {
            self.source
                .of(node)
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .to_lowercase()
        });
        self.file.listens.push(Listen {
            port,
            named,
            on_loopback: host.is_some_and(|host| host == "localhost" || host == "127.0.0.1"),
            at: self.source.at(node),
        });
    }

    /// `System.getenv()["NAME"]` and the like in Kotlin.
    fn index(&mut self, node: Node<'t>) {
        let parts = syntax::children(node);
        let [object, key] = parts.as_slice() else {
            return;
        };
        let object = self.source.of(*object);
        if !object.ends_with("getenv()") && !object.to_lowercase().ends_with("dotenv") {
            return;
        }
        if let Some(name) = self.literal(*key).filter(|name| is_name(name)) {
            self.read(name, None, node);
        }
    }

    fn read(&mut self, name: String, default: Option<String>, node: Node<'t>) {
        let default = default.or_else(|| self.beside(node));
        self.file.reads.push(Read {
            name,
            line: syntax::line(node),
            default,
            required: false,
        });
    }

    /// What stands for a variable that is not set: behind `?:` of Kotlin, in `orElse`.
    fn beside(&self, node: Node<'t>) -> Option<String> {
        let mut inner = node;
        for _ in 0..8 {
            let parent = inner.parent()?;
            if parent.kind() == "binary_expression" {
                let right = parent.child_by_field_name("right")?;
                let between = self.source.text.get(inner.end_byte()..right.start_byte())?;
                if between.trim() != "?:" {
                    return None;
                }
                return self.literal(right).or_else(|| {
                    (right.kind() == "number_literal").then(|| self.source.of(right).to_owned())
                });
            }
            if matches!(parent.kind(), "method_invocation" | "call_expression")
                && self.callee(parent).ends_with(".orElse")
            {
                return self
                    .arguments(parent)
                    .first()
                    .and_then(|one| self.literal(one.node));
            }
            if parent.kind().ends_with("_declaration") || parent.kind() == "block" {
                return None;
            }
            inner = parent;
        }
        None
    }

    /// A port under the name of what holds it.
    fn kept(&mut self, node: Node<'t>) {
        let parts = syntax::children(node);
        let name = if self.kotlin {
            parts
                .iter()
                .find(|part| part.kind() == "variable_declaration")
                .and_then(|one| syntax::children(*one).into_iter().next())
        } else {
            node.child_by_field_name("name")
        };
        let (Some(name), Some(value)) = (name, parts.last()) else {
            return;
        };
        let name = self.source.of(name);
        if !serving::is_of_port(name) {
            return;
        }
        let port = self.number(*value).or_else(|| {
            let calls = syntax::all_of(
                *value,
                &["call_expression", "method_invocation", "index_expression"],
            );
            calls
                .into_iter()
                .filter(|call| self.source.of(*call).contains("env"))
                .find_map(|call| {
                    self.beside(call).or_else(|| {
                        self.arguments(call)
                            .get(1)
                            .and_then(|one| self.literal(one.node))
                    })
                })
                .and_then(|text| text.parse().ok())
        });
        if let Some(port) = port {
            let at = self.source.at(node);
            self.file.ports.insert(name.to_lowercase(), (port, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(name: &str, text: &str) -> File {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        read(&tree, &RelPath::parse(name).unwrap()).unwrap()
    }

    fn reads(file: &File) -> Vec<(&str, Option<&str>)> {
        let reads = file.reads.iter();
        reads
            .map(|read| (read.name.as_str(), read.default.as_deref()))
            .collect()
    }

    #[test]
    fn java_is_read() {
        let file = read_text(
            "App.java",
            "package a.b;\n@SpringBootApplication\nclass App {\n  @Value(\"${KEY_A:x}\") String k;\n  public static void main(String[] args) {\n    var p = System.getenv().getOrDefault(\"PORT\", \"7000\");\n    var q = Optional.ofNullable(System.getenv(\"Q_URL\")).orElse(\"none\");\n    System.getenv(\"lower\");\n  }\n  @Scheduled(cron = \"* * * * * *\") void t() {}\n  @KafkaListener(topics = \"t\") void k() {}\n  @GetMapping(path = \"/healthz\") String h() { return \"\"; }\n}\n",
        );
        assert_eq!(file.main.as_ref().unwrap().0, "a.b.App");
        assert!(file.application.is_some() && file.scheduled.is_some() && file.listener.is_some());
        assert_eq!(
            reads(&file),
            [
                ("KEY_A", Some("x")),
                ("PORT", Some("7000")),
                ("Q_URL", Some("none"))
            ]
        );
        assert_eq!(file.health[0].0, "/healthz");
    }

    #[test]
    fn a_configuration_is_an_application_where_a_program_starts() {
        let text = |inside: &str| {
            format!("@SpringBootConfiguration\n@EnableAutoConfiguration\nclass A {{ {inside} }}\n")
        };
        let starts = read_text("A.java", &text("public static void main(String[] a) {}"));
        assert!(starts.application.is_some());
        assert!(read_text("A.java", &text("")).application.is_none());
    }

    #[test]
    fn kotlin_is_read() {
        let file = read_text(
            "serve.kt",
            "package a.b\nfun main() {\n  val port = System.getenv(\"PORT\")?.toInt() ?: 7020\n  val d = System.getenv()[\"X_Y\"] ?: \"d\"\n  embeddedServer(Netty, port = port, host = \"127.0.0.1\") { routing { get(\"/health\") { } } }.start(wait = true)\n}\nclass C(@Value(\"\\${KEY_A:x}\") val k: String) { fun main() {} }\n",
        );
        assert_eq!(file.main.as_ref().unwrap().0, "a.b.ServeKt");
        assert_eq!(
            reads(&file),
            [
                ("PORT", Some("7020")),
                ("X_Y", Some("d")),
                ("KEY_A", Some("x"))
            ]
        );
        let listen = &file.listens[0];
        assert_eq!(
            (listen.named.as_deref(), listen.on_loopback),
            (Some("port"), true)
        );
        assert_eq!(file.ports["port"].0, 7020);
        assert_eq!(file.health[0].0, "/health");
    }

    #[test]
    fn what_does_not_compile_says_what_it_can() {
        let file = read_text(
            "A.java",
            "<<<<<<< ours\nclass A { static void main(String[] a) { System.getenv(\"A_B\"); \n",
        );
        assert!(file.reads.len() < 2);
        let file = read_text("b.kt", "fun main( { System.getenv(\"A_B\"\n");
        assert!(file.reads.len() < 2);
    }
}
