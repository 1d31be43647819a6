//! Connection strings: where the code reads them, and what it reaches with them.

use super::Reader;
use crate::detect::dotnet::settings;
use crate::detect::syntax;
use crate::project::{BackingKind, Other, Sought};
use tree_sitter::Node;

/// A connection string that is read by its name.
#[derive(Debug, Clone)]
pub(in super::super) struct Connection {
    pub(in super::super) name: String,
    /// What is reached with it, where the code tells.
    pub(in super::super) of: Option<Target>,
    pub(in super::super) line: usize,
    /// Whether the code fails without it.
    pub(in super::super) required: bool,
}

/// What a connection string leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Target {
    Service(Sought),
    /// A file.
    Sqlite,
}

/// Methods that are told how to reach something.
const REACHES: &[(&str, Target)] = &[
    ("UseNpgsql", POSTGRES),
    ("AddNpgSql", POSTGRES),
    ("AddNpgsqlDataSource", POSTGRES),
    ("AddNpgsqlDbContext", POSTGRES),
    ("AddAzureNpgsqlDbContext", POSTGRES),
    ("NpgsqlConnection", POSTGRES),
    ("UsePostgreSqlStorage", POSTGRES),
    ("UseMySql", MYSQL),
    ("UseMySQL", MYSQL),
    ("AddMySql", MYSQL),
    ("AddMySqlDataSource", MYSQL),
    ("MySqlConnection", MYSQL),
    ("UseSqlServer", SQLSERVER),
    ("AddSqlServer", SQLSERVER),
    ("AddSqlServerClient", SQLSERVER),
    ("AddSqlServerDbContext", SQLSERVER),
    ("SqlConnection", SQLSERVER),
    ("UseSqlServerStorage", SQLSERVER),
    ("UseSqlite", Target::Sqlite),
    ("AddSqlite", Target::Sqlite),
    ("SqliteConnection", Target::Sqlite),
    ("AddStackExchangeRedis", REDIS),
    ("AddRedis", REDIS),
    ("AddRedisClient", REDIS),
    ("AddRedisDistributedCache", REDIS),
    ("AddRedisOutputCache", REDIS),
    ("MongoClient", MONGODB),
    ("AddMongoDBClient", MONGODB),
    ("AddRabbitMQClient", RABBITMQ),
    ("AddRabbitMQ", RABBITMQ),
];

pub(super) const POSTGRES: Target = Target::Service(Sought::Backing(BackingKind::Postgres));
const MYSQL: Target = Target::Service(Sought::Backing(BackingKind::Mysql));
pub(super) const REDIS: Target = Target::Service(Sought::Backing(BackingKind::Redis));
const MONGODB: Target = Target::Service(Sought::Backing(BackingKind::Mongodb));
const SQLSERVER: Target = Target::Service(Sought::Other(Other::Sqlserver));
pub(super) const RABBITMQ: Target = Target::Service(Sought::Other(Other::Rabbitmq));

/// Integrations of Aspire, which read the connection string of the name that they are given.
/// <https://learn.microsoft.com/dotnet/aspire/fundamentals/integrations-overview>
const NAMED: &[&str] = &[
    "AddNpgsqlDataSource",
    "AddNpgsqlDbContext",
    "AddAzureNpgsqlDbContext",
    "AddMySqlDataSource",
    "AddSqlServerClient",
    "AddSqlServerDbContext",
    "AddRedisClient",
    "AddRedisDistributedCache",
    "AddRedisOutputCache",
    "AddMongoDBClient",
    "AddRabbitMQClient",
];

impl<'t> Reader<'t> {
    /// Gives the connections that a variable held before they were used what they lead to.
    pub(super) fn resolve(&mut self) {
        for (variable, target) in &self.passed {
            let Some(name) = self.held.get(variable) else {
                continue;
            };
            for one in &mut self.file.connections {
                if one.name == *name && one.of.is_none() {
                    one.of = Some(*target);
                }
            }
        }
    }

    pub(super) fn connect(&mut self, name: String, of: Option<Target>, node: Node<'t>) {
        let (_, required) = self.beside(node);
        if let Some(variable) = self.declared(node) {
            self.held.insert(variable, name.clone());
        }
        self.file.connections.push(Connection {
            name,
            of,
            line: syntax::line(node),
            required,
        });
    }

    /// The variable that is declared with `node` as its value.
    fn declared(&self, node: Node<'t>) -> Option<&'t str> {
        let mut inner = node;
        for _ in 0..4 {
            let parent = inner.parent()?;
            match parent.kind() {
                "variable_declarator" => {
                    return Some(self.source.of(parent.child_by_field_name("name")?));
                }
                "binary_expression" | "postfix_unary_expression" | "parenthesized_expression" => {
                    inner = parent;
                }
                _ => return None,
            }
        }
        None
    }

    /// What the call around `node` reaches with it.
    pub(super) fn leads_to(&self, node: Node<'t>) -> Option<Target> {
        let mut inner = node;
        for _ in 0..8 {
            let parent = inner.parent()?;
            let name = match parent.kind() {
                "invocation_expression" => self.callee(parent).0,
                "object_creation_expression" => {
                    let kind = parent.child_by_field_name("type")?;
                    self.source.of(kind).rsplit('.').next().unwrap_or_default()
                }
                kind if kind.ends_with("_declaration") || kind == "block" => return None,
                _ => "",
            };
            if name == "Connect" || name == "ConnectAsync" {
                let on = self.callee(parent).1;
                return on.ends_with("ConnectionMultiplexer").then_some(REDIS);
            }
            if let Some((_, target)) = REACHES.iter().find(|(known, _)| *known == name) {
                return Some(*target);
            }
            inner = parent;
        }
        None
    }

    /// What a method is told of how to reach a database.
    pub(super) fn reach(&mut self, name: &str, arguments: &[Node<'t>], node: Node<'t>) {
        let Some((_, target)) = REACHES.iter().find(|(known, _)| *known == name) else {
            return;
        };
        let Some(first) = arguments.first() else {
            return;
        };
        if NAMED.contains(&name) {
            if let Some(name) = self
                .literal(*first)
                .filter(|name| settings::is_variable(name))
            {
                self.connect(name, Some(*target), node);
            }
        } else if *target == Target::Sqlite
            && let Some(text) = self.literal(*first)
        {
            let at = self.source.at(node);
            self.file.sqlite.push((text, at));
        } else if first.kind() == "identifier" {
            self.passed.push((self.source.of(*first), *target));
        }
    }
}
