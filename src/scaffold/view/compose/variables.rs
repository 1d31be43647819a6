//! What each environment variable is set to, and which secrets that takes.
//!
//! Compose files, `.env` and `.env.example` are made from the same plan, so that they agree.

use super::super::{Input, backing};
use super::literal;
use crate::project::{BackingKind, EnvRole, EnvVar, Project, Service, SupabasePart};
use std::collections::BTreeMap;

/// How a secret is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Make {
    /// Random text, safe in a URL.
    Random,
    /// Random text of 64 letters, which Phoenix and Rails insist on.
    Long,
    /// A short random name.
    Name,
    /// Random bytes as Laravel takes its key.
    Key,
    /// A JWT for the Supabase role, signed with the secret of this name.
    Jwt(&'static str),
}

/// A secret that stands in `.env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Secret {
    pub(in super::super) name: String,
    pub(in super::super) make: Make,
    pub(in super::super) what: &'static str,
}

/// The agreed names and values.
pub(in super::super) struct Plan {
    /// In order of name.
    pub(in super::super) secrets: Vec<Secret>,
    roles: BTreeMap<&'static str, String>,
    pub(super) postgres: Postgres,
    supabase: bool,
}

/// Names of the one `PostgreSQL` that there is.
pub(super) struct Postgres {
    pub(super) host: &'static str,
    pub(super) user: String,
    pub(super) database: String,
}

/// Environment that a value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Stage {
    Development,
    Hardened,
}

/// Every variable of that role, over all services, by name.
fn with_role(project: &Project, role: EnvRole) -> impl Iterator<Item = &EnvVar> {
    project
        .services
        .iter()
        .flat_map(|service| &service.env)
        .filter(move |variable| variable.role == Some(role))
}

fn name_for(project: &Project, role: EnvRole, otherwise: &str) -> String {
    let mut names: Vec<&str> = with_role(project, role)
        .map(|one| one.name.as_str())
        .collect();
    names.sort_unstable();
    names
        .first()
        .map_or_else(|| otherwise.to_owned(), |name| (*name).to_owned())
}

fn default_for(project: &Project, role: EnvRole, otherwise: &str) -> String {
    with_role(project, role)
        .find_map(|one| one.default.clone().filter(|text| !text.is_empty()))
        .unwrap_or_else(|| otherwise.to_owned())
}

pub(super) fn has(project: &Project, kind: BackingKind) -> bool {
    project.backing.iter().any(|backing| backing.kind == kind)
}

/// Whether the project's Supabase has that part.
pub(super) fn has_part(project: &Project, part: SupabasePart) -> bool {
    project
        .backing
        .iter()
        .flat_map(|backing| &backing.parts)
        .any(|fact| fact.value == part)
}

/// Secrets of backing services: key, role, name where the application reads none, how and what.
const SECRETS: &[(&str, EnvRole, &str, Make, &str)] = &[
    (
        "postgres",
        EnvRole::PostgresPassword,
        "POSTGRES_PASSWORD",
        Make::Random,
        "password of the database",
    ),
    (
        "jwt",
        EnvRole::SupabaseJwtSecret,
        "JWT_SECRET",
        Make::Random,
        "signs Supabase's keys and sessions",
    ),
    (
        "anon",
        EnvRole::SupabaseAnonKey,
        "ANON_KEY",
        Make::Jwt("anon"),
        "Supabase's public key",
    ),
    (
        "service",
        EnvRole::SupabaseServiceRoleKey,
        "SERVICE_ROLE_KEY",
        Make::Jwt("service_role"),
        "Supabase's key that may do everything",
    ),
    (
        "mysql",
        EnvRole::MysqlPassword,
        "MYSQL_PASSWORD",
        Make::Random,
        "password of the database",
    ),
    (
        "mongo",
        EnvRole::MongoPassword,
        "MONGO_PASSWORD",
        Make::Random,
        "password of MongoDB",
    ),
    (
        "redis",
        EnvRole::RedisPassword,
        "REDIS_PASSWORD",
        Make::Random,
        "password of Redis",
    ),
    (
        "s3-access",
        EnvRole::S3AccessKey,
        "S3_ACCESS_KEY",
        Make::Name,
        "account of the object store",
    ),
    (
        "s3-secret",
        EnvRole::S3SecretKey,
        "S3_SECRET_KEY",
        Make::Random,
        "password of that account",
    ),
];

pub(in super::super) fn plan(input: &Input) -> Plan {
    let project = input.project;
    let supabase = has(project, BackingKind::Supabase);
    let mut roles = BTreeMap::new();
    let mut secrets = Vec::new();
    let any = |role: EnvRole| with_role(project, role).next().is_some();
    for (key, role, otherwise, make, what) in SECRETS {
        let needed = match *key {
            "postgres" => supabase || has(project, BackingKind::Postgres),
            "jwt" | "anon" | "service" => supabase,
            "mysql" => has(project, BackingKind::Mysql),
            "mongo" => has(project, BackingKind::Mongodb),
            "redis" => has(project, BackingKind::Redis) && any(*role),
            _ => has(project, BackingKind::S3),
        };
        if needed {
            let name = name_for(project, *role, otherwise);
            roles.insert(*key, name.clone());
            secrets.push(Secret {
                name,
                make: *make,
                what,
            });
        }
    }
    if has_part(project, SupabasePart::Realtime) {
        roles.insert("realtime", "REALTIME_SECRET".to_owned());
        secrets.push(Secret {
            name: "REALTIME_SECRET".to_owned(),
            make: Make::Random,
            what: "encrypts what Supabase's realtime server keeps",
        });
    }
    for (role, make) in [
        (EnvRole::AppSecret, Make::Random),
        (EnvRole::LaravelKey, Make::Key),
    ] {
        secrets.extend(with_role(project, role).map(|variable| Secret {
            name: variable.name.clone(),
            make: match make {
                Make::Random if variable.name.ends_with("SECRET_KEY_BASE") => Make::Long,
                make => make,
            },
            what: "signs what the application hands out",
        }));
    }
    secrets.sort_by(|a, b| a.name.cmp(&b.name));
    secrets.dedup_by(|a, b| a.name == b.name);
    Plan {
        postgres: Postgres {
            host: if supabase { "db" } else { "postgres" },
            user: default_for(
                project,
                EnvRole::PostgresUser,
                if supabase { "postgres" } else { "app" },
            ),
            database: default_for(
                project,
                EnvRole::PostgresDatabase,
                if supabase { "postgres" } else { "app" },
            ),
        },
        secrets,
        roles,
        supabase,
    }
}

impl Plan {
    /// Name of the variable that holds the secret `key`, of those in [`SECRETS`].
    pub(in super::super) fn secret(&self, key: &str) -> &str {
        self.roles.get(key).map_or("", String::as_str)
    }

    /// `${NAME:?…}` for the secret `key`: compose says what is missing.
    pub(super) fn reference(&self, key: &str) -> String {
        reference(self.secret(key))
    }

    /// What `variable` of service `service_port` is set to; None leaves it to `.env` and to the
    /// code's own default.
    pub(in super::super) fn value(
        &self,
        project: &Project,
        variable: &EnvVar,
        port: u16,
        stage: Stage,
    ) -> Option<String> {
        let there = |kind: BackingKind| has(project, kind);
        let development = stage == Stage::Development;
        let postgres = self.supabase || there(BackingKind::Postgres);
        let fixed = |text: &str| Some(text.to_owned());
        if self
            .secrets
            .iter()
            .any(|secret| secret.name == variable.name)
        {
            return Some(reference(&variable.name));
        }
        let only = |condition: bool, value: Option<String>| if condition { value } else { None };
        match variable.role? {
            EnvRole::PostgresHost => only(postgres, fixed(self.postgres.host)),
            EnvRole::PostgresPort => only(postgres, fixed("5432")),
            EnvRole::PostgresUser => only(postgres, Some(literal(&self.postgres.user))),
            EnvRole::PostgresPassword => only(postgres, Some(self.reference("postgres"))),
            EnvRole::PostgresDatabase => only(postgres, Some(literal(&self.postgres.database))),
            EnvRole::PostgresUrl => only(postgres, Some(self.postgres_url("postgresql"))),
            EnvRole::PostgresAsyncUrl => {
                only(postgres, Some(self.postgres_url("postgresql+asyncpg")))
            }
            EnvRole::PostgresJdbcUrl => only(postgres, Some(self.driver_url("jdbc"))),
            EnvRole::PostgresR2dbcUrl => only(postgres, Some(self.driver_url("r2dbc"))),
            EnvRole::PostgresConnection => only(
                postgres,
                Some(format!(
                    "Host={};Port=5432;Database={};Username={};Password={}",
                    self.postgres.host,
                    literal(&self.postgres.database),
                    literal(&self.postgres.user),
                    self.reference("postgres")
                )),
            ),
            EnvRole::MysqlConnection => only(
                there(BackingKind::Mysql),
                Some(format!(
                    "Server=mysql;Port=3306;Database=app;User ID=app;Password={}",
                    self.reference("mysql")
                )),
            ),
            EnvRole::MysqlJdbcUrl => only(
                there(BackingKind::Mysql),
                fixed("jdbc:mysql://mysql:3306/app"),
            ),
            EnvRole::MysqlHost => only(there(BackingKind::Mysql), fixed("mysql")),
            EnvRole::MysqlPort => only(there(BackingKind::Mysql), fixed("3306")),
            EnvRole::MysqlUser | EnvRole::MysqlDatabase => {
                only(there(BackingKind::Mysql), fixed("app"))
            }
            EnvRole::MysqlPassword => {
                only(there(BackingKind::Mysql), Some(self.reference("mysql")))
            }
            EnvRole::MysqlUrl => only(
                there(BackingKind::Mysql),
                Some(format!(
                    "{}://app:{}@mysql:3306/app",
                    scheme(variable, mysql_scheme(project, variable)),
                    self.reference("mysql")
                )),
            ),
            EnvRole::RedisAddress => only(there(BackingKind::Redis), fixed("redis:6379")),
            EnvRole::RedisHost => only(there(BackingKind::Redis), fixed("redis")),
            EnvRole::RedisPort => only(there(BackingKind::Redis), fixed("6379")),
            EnvRole::RedisPassword => None,
            EnvRole::RedisUrl => only(there(BackingKind::Redis), Some(self.redis_url(variable))),
            EnvRole::MongoHost => only(there(BackingKind::Mongodb), fixed("mongodb")),
            EnvRole::MongoPort => only(there(BackingKind::Mongodb), fixed("27017")),
            EnvRole::MongoUser | EnvRole::MongoDatabase => {
                only(there(BackingKind::Mongodb), fixed("app"))
            }
            EnvRole::MongoPassword => {
                only(there(BackingKind::Mongodb), Some(self.reference("mongo")))
            }
            EnvRole::MongoUrl => only(
                there(BackingKind::Mongodb),
                Some(format!(
                    "mongodb://app:{}@mongodb:27017/app?authSource=admin",
                    self.reference("mongo")
                )),
            ),
            EnvRole::SupabaseUrl => only(self.supabase, fixed("http://gateway:8000")),
            EnvRole::SupabaseAnonKey => only(self.supabase, Some(self.reference("anon"))),
            EnvRole::SupabaseServiceRoleKey => only(self.supabase, Some(self.reference("service"))),
            EnvRole::SupabaseJwtSecret => only(self.supabase, Some(self.reference("jwt"))),
            EnvRole::S3Endpoint => only(there(BackingKind::S3), fixed("http://s3:9000")),
            EnvRole::S3Bucket => only(there(BackingKind::S3), Some(literal(&bucket(project)))),
            EnvRole::S3AccessKey => only(there(BackingKind::S3), Some(self.reference("s3-access"))),
            EnvRole::S3SecretKey => only(there(BackingKind::S3), Some(self.reference("s3-secret"))),
            EnvRole::S3Region => only(there(BackingKind::S3), fixed("us-east-1")),
            EnvRole::SmtpHost => only(development && there(BackingKind::Smtp), fixed("mail")),
            EnvRole::SmtpPort => only(development && there(BackingKind::Smtp), fixed("1025")),
            EnvRole::SmtpUser
            | EnvRole::SmtpPassword
            | EnvRole::SmtpSender
            | EnvRole::AppSecret
            | EnvRole::LaravelKey => None,
            // Settings of .NET lie in files of this name.
            EnvRole::AppEnvironment if is_of_dotnet(&variable.name) => fixed(if development {
                "Development"
            } else {
                "Production"
            }),
            EnvRole::AppEnvironment => fixed(if development {
                "development"
            } else {
                "production"
            }),
            EnvRole::Debug => Some(switch(variable, development)),
            EnvRole::ListenPort => Some(port.to_string()),
            EnvRole::ListenUrl => Some(format!("http://+:{port}")),
            EnvRole::ListenHost => fixed("0.0.0.0"),
            EnvRole::AllowedHosts if development => fixed("localhost,127.0.0.1"),
            // What a local deployment needs; a real one has its names in `.env`.
            EnvRole::AllowedHosts => Some(format!("${{{}:-localhost,127.0.0.1}}", variable.name)),
            EnvRole::PublicHost if development => fixed("localhost"),
            EnvRole::PublicHost => Some(format!("${{{}:-localhost}}", variable.name)),
            EnvRole::DjangoSettings | EnvRole::WritableFolder => None,
        }
    }

    /// The address of the database for a driver of Java, which is told user and password apart.
    fn driver_url(&self, driver: &str) -> String {
        let database = literal(&self.postgres.database);
        format!(
            "{driver}:postgresql://{}:5432/{database}",
            self.postgres.host
        )
    }

    fn postgres_url(&self, scheme: &str) -> String {
        format!(
            "{scheme}://{}:{}@{}:5432/{}",
            literal(&self.postgres.user),
            self.reference("postgres"),
            self.postgres.host,
            literal(&self.postgres.database)
        )
    }

    fn redis_url(&self, variable: &EnvVar) -> String {
        let database = variable
            .default
            .as_deref()
            .and_then(|text| text.rsplit_once(":6379/"))
            .map_or("0", |(_, database)| database);
        match self.secret("redis") {
            "" => format!("redis://redis:6379/{}", literal(database)),
            name => format!(
                "redis://:{}@redis:6379/{}",
                reference(name),
                literal(database)
            ),
        }
    }
}

/// The bucket that is made.
pub(super) fn bucket(project: &Project) -> String {
    default_for(project, EnvRole::S3Bucket, "app")
}

/// What marks a reference as one to a secret: without it nothing starts.
const MISSING: &str = ":?.env has none: run shipway init, or sh deploy/env.sh";

pub(super) fn reference(name: &str) -> String {
    format!("${{{name}{MISSING}}}")
}

/// A value with its references to secrets as `shipway_start.py` reads them: `$${NAME}`.
pub(super) fn in_container(value: &str) -> String {
    secrets_in(value)
        .iter()
        .fold(value.to_owned(), |text, name| {
            text.replace(&reference(name), &format!("$${{{name}}}"))
        })
}

/// Names of the secrets in a value.
pub(super) fn secrets_in(value: &str) -> Vec<String> {
    value
        .split("${")
        .skip(1)
        .filter_map(|part| part.split_once(MISSING))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The driver that the code's default names: `mysql+pymysql`.
fn scheme<'a>(variable: &'a EnvVar, otherwise: &'a str) -> &'a str {
    variable
        .default
        .as_deref()
        .and_then(|text| text.split_once("://"))
        .map_or(otherwise, |(scheme, _)| scheme)
}

/// The scheme that the service which reads `variable` knows its driver by.
fn mysql_scheme(project: &Project, variable: &EnvVar) -> &'static str {
    let reads = |service: &&Service| service.env.iter().any(|known| known.name == variable.name);
    let mut services = project.services.iter().filter(reads);
    services.find_map(backing::mysql_scheme).unwrap_or("mysql")
}

/// Whether a variable of this name is one of .NET itself.
fn is_of_dotnet(name: &str) -> bool {
    name.starts_with("ASPNETCORE_") || name.starts_with("DOTNET_")
}

/// On or off in the words that the code's default is in.
fn switch(variable: &EnvVar, on: bool) -> String {
    let words = match variable.default.as_deref() {
        Some("True" | "False") => ("True", "False"),
        Some("true" | "false") => ("true", "false"),
        Some("on" | "off") => ("on", "off"),
        Some("yes" | "no") => ("yes", "no"),
        _ => ("1", "0"),
    };
    if on { words.0 } else { words.1 }.to_owned()
}
