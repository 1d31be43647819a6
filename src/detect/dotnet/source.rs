//! What one file of C# says: whether a program starts there, which configuration it reads, where it
//! listens, what it does to databases and folders.

mod connection;
mod listen;

pub(super) use connection::{Connection, Target};

use super::settings;
use crate::detect::Tree;
use crate::detect::serving::Listen;
use crate::detect::syntax::{self, Source};
use crate::detect::variable::Read;
use crate::project::{Evidence, RelPath};
use aho_corasick::AhoCorasick;
use listen::is_kestrel;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tree_sitter::Node;

/// Facts of one file.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) path: RelPath,
    /// Where a web application is made.
    pub(super) web: Option<Evidence>,
    /// Where something is told to run as long as the program does.
    pub(super) hosted: Option<Evidence>,
    pub(super) reads: Vec<Read>,
    pub(super) connections: Vec<Connection>,
    pub(super) listens: Vec<Listen>,
    /// Ports by the names of what holds them, lower case.
    pub(super) ports: BTreeMap<String, (u16, Evidence)>,
    pub(super) health: Vec<(String, Evidence)>,
    /// Where migrations are applied, with the tool.
    pub(super) migrates: Option<(&'static str, Evidence)>,
    /// Where a clock of its own is started, which another process does not know of.
    pub(super) clock: Option<Evidence>,
    /// Whether the jobs of that clock are kept where others see them.
    pub(super) clock_is_shared: bool,
    /// Places of databases that are files.
    pub(super) sqlite: Vec<(String, Evidence)>,
    /// Folders that are written to, relative to where the program runs.
    pub(super) writes: Vec<(String, Evidence)>,
}

/// Words without one of which a file says nothing of all that.
const TELLING: &[&str] = &[
    "GetEnvironmentVariable",
    "onfiguration[",
    "onfig[",
    "GetConnectionString",
    "GetValue<",
    "WebApplication",
    "WebHost",
    "AddHostedService",
    "BackgroundService",
    "ListenAnyIP",
    "ListenLocalhost",
    ".Listen(",
    "UseUrls",
    "Urls.Add",
    "/health",
    "/ping",
    "/alive",
    "/live",
    "MapHealthChecks",
    "UseHealthChecks",
    "Migrate",
    "DeployChanges",
    "AddQuartz",
    "AddScheduler(",
    "HttpPort",
    "UseSqlite",
    "UseNpgsql",
    "UseSqlServer",
    "UseMySql",
    "Client(\"",
    "DbContext<",
    "DataSource(\"",
    "CreateDirectory(",
    "PersistKeysToFileSystem",
];

/// Reads `path`; None where nothing there matters.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<File> {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(TELLING).ok());
    let text = tree.text(path)?;
    // What only a developer's tools call.
    let is_for_tools = text.contains("IDesignTimeDbContextFactory");
    if is_for_tools || !WORDS.as_ref()?.is_match(text.as_bytes()) {
        return None;
    }
    let parsed = syntax::parse(&tree_sitter_c_sharp::LANGUAGE.into(), &text)?;
    let mut reader = Reader {
        source: Source {
            tree,
            path,
            text: &text,
        },
        held: BTreeMap::new(),
        passed: Vec::new(),
        file: File {
            path: path.clone(),
            ..File::default()
        },
    };
    reader.take(parsed.root_node());
    reader.resolve();
    Some(reader.file)
}

struct Reader<'t> {
    source: Source<'t>,
    /// The connection strings that variables hold.
    held: BTreeMap<&'t str, String>,
    /// Variables that are given to something which reaches a database.
    passed: Vec<(&'t str, Target)>,
    file: File,
}

impl<'t> Reader<'t> {
    fn take(&mut self, root: Node<'t>) {
        let kinds = [
            "invocation_expression",
            "object_creation_expression",
            "element_access_expression",
            "attribute",
            "variable_declarator",
            "base_list",
        ];
        for node in syntax::all_of(root, &kinds) {
            match node.kind() {
                "invocation_expression" => self.call(node),
                "object_creation_expression" => self.made(node),
                "element_access_expression" => self.index(node),
                "attribute" => self.attribute(node),
                "variable_declarator" => self.kept(node),
                _ => {
                    let is_hosted = self.source.of(node).contains("BackgroundService");
                    self.file.hosted = self
                        .file
                        .hosted
                        .take()
                        .or_else(|| is_hosted.then(|| self.source.at(node)));
                }
            }
        }
    }

    /// The text of a plain string, a number or a boolean.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        let text = self.source.of(node);
        match node.kind() {
            "string_literal" => Some(text.trim_matches('"').replace("\\\\", "\\")),
            "verbatim_string_literal" => {
                Some(text.trim_start_matches('@').trim_matches('"').to_owned())
            }
            "integer_literal" => Some(text.replace('_', "")),
            "boolean_literal" | "real_literal" => Some(text.to_owned()),
            _ => None,
        }
    }

    /// What a call is given, without names.
    fn arguments(node: Node<'t>) -> Vec<Node<'t>> {
        let Some(list) = node
            .child_by_field_name("arguments")
            .or_else(|| node.child_by_field_name("subscript"))
        else {
            return Vec::new();
        };
        let all = syntax::children(list).into_iter();
        all.filter(|one| one.kind() == "argument")
            .filter_map(|one| syntax::children(one).pop())
            .collect()
    }

    /// The method's own name and what it is called on.
    fn callee(&self, node: Node<'t>) -> (&'t str, &'t str) {
        let Some(function) = node.child_by_field_name("function") else {
            return ("", "");
        };
        let plain = |text: &'t str| text.split('<').next().unwrap_or(text);
        match function.kind() {
            "member_access_expression" => {
                let part = |field| {
                    let part = function.child_by_field_name(field);
                    part.map_or("", |part| self.source.of(part))
                };
                (plain(part("name")), part("expression"))
            }
            // `builder?.Configuration.GetValue()`
            "conditional_access_expression" => {
                let whole = self.source.of(function);
                let (on, name) = whole.rsplit_once('.').unwrap_or(("", whole));
                (plain(name), on)
            }
            _ => (plain(self.source.of(function)), ""),
        }
    }

    fn call(&mut self, node: Node<'t>) {
        let (name, on) = self.callee(node);
        let arguments = Self::arguments(node);
        let text = |index: usize| arguments.get(index).and_then(|one| self.literal(*one));
        match name {
            "GetEnvironmentVariable" if on.ends_with("Environment") || on.is_empty() => {
                if let Some(name) = text(0).filter(|name| settings::is_variable(name)) {
                    self.read(name, None, node);
                }
            }
            "GetConnectionString" => {
                if let Some(name) = text(0).filter(|name| settings::is_variable(name)) {
                    let of = self.leads_to(node);
                    self.connect(name, of, node);
                }
            }
            "GetValue" if is_configuration(on) => {
                let default = text(1);
                if let Some(name) = text(0).and_then(|key| settings::variable(&key)) {
                    self.read(name, default, node);
                }
            }
            "CreateBuilder"
            | "CreateSlimBuilder"
            | "CreateEmptyBuilder"
            | "CreateDefaultBuilder"
            | "ConfigureWebHostDefaults"
            | "ConfigureWebHost"
                if name.starts_with("ConfigureWeb")
                    || on.ends_with("WebApplication")
                    || on.ends_with("WebHost") =>
            {
                self.file.web = self.file.web.take().or_else(|| Some(self.source.at(node)));
            }
            "AddHostedService" => {
                self.file.hosted = self
                    .file
                    .hosted
                    .take()
                    .or_else(|| Some(self.source.at(node)));
            }
            "AddQuartzHostedService" | "AddQuartzServer" | "AddScheduler" => {
                self.file.clock = Some(self.source.at(node));
            }
            "UsePersistentStore" => self.file.clock_is_shared = true,
            "ListenAnyIP" | "ListenLocalhost" => {
                self.listen(arguments.first().copied(), name == "ListenLocalhost", node);
            }
            "Listen" if arguments.len() > 1 && is_kestrel(on) => {
                let on_loopback = self.source.of(arguments[0]).contains("Loopback");
                self.listen(arguments.get(1).copied(), on_loopback, node);
            }
            "UseUrls" => self.addresses(&arguments, node),
            "Add" if on.ends_with(".Urls") => self.addresses(&arguments, node),
            "Run" | "RunAsync" if arguments.len() == 1 => self.addresses(&arguments, node),
            "MapHealthChecks" | "UseHealthChecks" | "MapGet" | "Map" => self.route(text(0), node),
            "Migrate" | "MigrateAsync" if on.ends_with("Database") => self.migrate("ef-core", node),
            "MigrateUp" => self.migrate("fluentmigrator", node),
            "PerformUpgrade" => self.migrate("dbup", node),
            "CreateDirectory" if on.ends_with("Directory") => self.folder(&arguments, node),
            _ => {}
        }
        self.reach(name, &arguments, node);
    }

    /// `new NpgsqlConnection(…)`, `new DirectoryInfo("keys")`
    fn made(&mut self, node: Node<'t>) {
        let Some(kind) = node.child_by_field_name("type") else {
            return;
        };
        let name = self.source.of(kind).rsplit('.').next().unwrap_or_default();
        let arguments = Self::arguments(node);
        if name == "DirectoryInfo" {
            let outer = node
                .parent()
                .and_then(|one| one.parent())
                .and_then(|one| one.parent());
            let keeps = outer.is_some_and(|call| {
                call.kind() == "invocation_expression"
                    && self.callee(call).0 == "PersistKeysToFileSystem"
            });
            if keeps {
                self.folder(&arguments, node);
            }
            return;
        }
        self.reach(name, &arguments, node);
    }

    /// `configuration["Key:Of:It"]`
    fn index(&mut self, node: Node<'t>) {
        let on = node.child_by_field_name("expression");
        if !on.is_some_and(|on| is_configuration(self.source.of(on))) {
            return;
        }
        let key = Self::arguments(node)
            .first()
            .and_then(|one| self.literal(*one));
        let Some(key) = key else { return };
        let name = key
            .get(..18)
            .filter(|start| start.eq_ignore_ascii_case("ConnectionStrings:"))
            .map(|start| &key[start.len()..]);
        if let Some(name) = name.filter(|name| settings::is_variable(name)) {
            let of = self.leads_to(node);
            self.connect(name.to_owned(), of, node);
        } else if let Some(name) = settings::variable(&key) {
            // What is set there is no need.
            let is_target = node.parent().is_some_and(|parent| {
                parent.kind() == "assignment_expression"
                    && parent.child_by_field_name("left") == Some(node)
            });
            if !is_target {
                self.read(name, None, node);
            }
        }
    }

    fn read(&mut self, name: String, default: Option<String>, node: Node<'t>) {
        let (beside, required) = self.beside(node);
        self.file.reads.push(Read {
            name,
            line: syntax::line(node),
            default: default.or(beside),
            required,
        });
    }

    /// What stands behind `??`: a default, or that the program ends without it.
    fn beside(&self, node: Node<'t>) -> (Option<String>, bool) {
        let Some(parent) = node.parent() else {
            return (None, false);
        };
        if parent.kind() != "binary_expression" || parent.child_by_field_name("left") != Some(node)
        {
            return (None, false);
        }
        let Some(right) = parent.child_by_field_name("right") else {
            return (None, false);
        };
        let between = self.source.text.get(node.end_byte()..right.start_byte());
        if between.is_none_or(|text| text.trim() != "??") {
            return (None, false);
        }
        (self.literal(right), right.kind() == "throw_expression")
    }

    fn migrate(&mut self, tool: &'static str, node: Node<'t>) {
        if !self.is_for_developers(node) {
            let at = self.source.at(node);
            self.file.migrates.get_or_insert((tool, at));
        }
    }

    /// Whether `node` stands where only a machine of a developer comes.
    fn is_for_developers(&self, node: Node<'t>) -> bool {
        let mut inner = node;
        while let Some(parent) = inner.parent() {
            if parent.kind() == "if_statement"
                && parent.child_by_field_name("consequence") == Some(inner)
                && let Some(condition) = parent.child_by_field_name("condition")
            {
                let text = self.source.of(condition).trim();
                if text.contains("IsDevelopment()")
                    && !text.starts_with('!')
                    && !text.contains("||")
                {
                    return true;
                }
            }
            inner = parent;
        }
        false
    }

    /// `Directory.CreateDirectory("uploads")`
    fn folder(&mut self, arguments: &[Node<'t>], node: Node<'t>) {
        let [only] = arguments else { return };
        let path = match only.kind() {
            "invocation_expression" => self.joined(*only),
            _ => self.literal(*only),
        };
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            let at = self.source.at(node);
            self.file.writes.push((path, at));
        }
    }

    /// `Path.Combine(environment.ContentRootPath, "data", "files")`, where the rest is plain.
    fn joined(&self, node: Node<'t>) -> Option<String> {
        let (name, on) = self.callee(node);
        if !matches!(name, "Combine" | "Join") || !on.ends_with("Path") {
            return None;
        }
        let arguments = Self::arguments(node);
        let (first, rest) = arguments.split_first()?;
        let root = match self.source.of(*first) {
            text if text.ends_with("WebRootPath") => "wwwroot".to_owned(),
            text if text.ends_with("ContentRootPath")
                || text.ends_with("GetCurrentDirectory()") =>
            {
                String::new()
            }
            _ => self.literal(*first)?,
        };
        let mut parts = vec![root];
        for one in rest {
            parts.push(self.literal(*one)?);
        }
        parts.retain(|part| !part.is_empty());
        Some(parts.join("/"))
    }
}

/// Whether an expression is the configuration: `builder.Configuration`, `_config`.
fn is_configuration(on: &str) -> bool {
    let last = on.trim_end_matches(['!', '?']).rsplit('.').next();
    let last = last
        .unwrap_or_default()
        .trim_start_matches('_')
        .to_lowercase();
    matches!(last.as_str(), "configuration" | "config" | "cfg") || last.ends_with("configuration")
}

#[cfg(test)]
mod tests {
    use super::connection::{POSTGRES, RABBITMQ, REDIS};
    use super::*;

    fn read_text(text: &str) -> File {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Program.cs"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        read(&tree, &RelPath::parse("Program.cs").unwrap()).unwrap()
    }

    #[test]
    fn what_is_read_of_the_environment_and_of_the_configuration() {
        let file = read_text(
            "var a = Environment.GetEnvironmentVariable(\"PLAIN_ONE\") ?? \"x\";\nvar b = builder.Configuration[\"Mail:Host\"] ?? throw new Exception();\nvar c = _config.GetValue<int>(\"Mail:Port\", 25);\nvar d = rows[\"Not:This\"];\nconfiguration[\"Set:Here\"] = \"1\";\nvar e = Environment.GetEnvironmentVariable(name);\n",
        );
        let reads: Vec<_> = file
            .reads
            .iter()
            .map(|one| (one.name.as_str(), one.default.as_deref(), one.required))
            .collect();
        assert_eq!(
            reads,
            [
                ("PLAIN_ONE", Some("x"), false),
                ("Mail__Host", None, true),
                ("Mail__Port", Some("25"), false)
            ]
        );
    }

    #[test]
    fn a_connection_leads_where_it_is_given() {
        let file = read_text(
            "var main = builder.Configuration.GetConnectionString(\"Main\");\nservices.AddDbContext<Db>(o => o.UseNpgsql(main));\nservices.AddDbContext<Log>(o => o.UseSqlite(config.GetConnectionString(\"Log\")));\nvar cache = ConnectionMultiplexer.Connect(config[\"ConnectionStrings:Cache\"]!);\nbuilder.AddRabbitMQClient(\"bus\");\nvar other = config.GetConnectionString(\"Other\");\n",
        );
        let found: Vec<_> = file
            .connections
            .iter()
            .map(|one| (one.name.as_str(), one.of))
            .collect();
        assert_eq!(
            found,
            [
                ("Main", Some(POSTGRES)),
                ("Log", Some(Target::Sqlite)),
                ("Cache", Some(REDIS)),
                ("bus", Some(RABBITMQ)),
                ("Other", None)
            ]
        );
    }

    #[test]
    fn places_that_listen_and_what_only_developers_have() {
        let file = read_text(
            "var port = int.Parse(Environment.GetEnvironmentVariable(\"PORT\") ?? \"7001\");\nif (app.Environment.IsDevelopment()) { app.MapHealthChecks(\"/dev\"); db.Database.Migrate(); }\napp.MapHealthChecks(\"/state\");\nhost.ConfigureKestrel(o => { o.ListenAnyIP(5005); o.ListenLocalhost(5006); });\napp.Urls.Add(\"https://*:5007\");\napp.Run($\"http://0.0.0.0:{port}\");\n",
        );
        let listens: Vec<_> = file
            .listens
            .iter()
            .map(|one| (one.port, one.named.as_deref(), one.on_loopback))
            .collect();
        assert_eq!(
            listens,
            [
                (Some(5005), None, false),
                (Some(5006), None, true),
                (None, Some("port"), false)
            ]
        );
        assert_eq!(file.ports["port"].0, 7001);
        assert_eq!(file.health.len(), 1);
        assert_eq!(file.health[0].0, "/state");
        assert!(file.migrates.is_none());
    }

    #[test]
    fn folders_that_are_written_to() {
        let file = read_text(
            "Directory.CreateDirectory(\"a\");\nDirectory.CreateDirectory(Path.Combine(env.WebRootPath, \"up\", \"b\"));\nDirectory.CreateDirectory(Path.Combine(env.ContentRootPath, name));\nservices.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(\"keys\"));\n",
        );
        let found: Vec<&str> = file.writes.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(found, ["a", "wwwroot/up/b", "keys"]);
    }

    #[test]
    fn what_does_not_compile_says_what_it_can() {
        let file = read_text("<<<<<<< ours\nvar a = Environment.GetEnvironmentVariable(\"A_B\"\n");
        assert!(file.reads.len() < 2);
    }
}
