//! The backing services that tests need while a workflow runs, and what the code is told of them.

use super::Input;
use super::component::Component;
use crate::project::{BackingKind, BackingService, EnvRole, EnvVar, Service};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::BTreeMap;

/// No secret: the service lives as long as the job and answers on its loopback alone.
const PASSWORD: &str = "ci-only";

/// One backing service of a job.
#[derive(Debug, Serialize)]
pub(super) struct Backing {
    /// `postgres`, `redis`, …
    name: String,
    image: String,
    /// Whether the image is named by digest: a container of the job. Else it is started by a step.
    pub(super) pinned: bool,
    env: BTreeMap<&'static str, String>,
    ports: Vec<u16>,
    /// Command in the container that tells whether it is ready.
    health: Option<String>,
    /// What follows the image's name on the command line.
    arguments: &'static str,
    #[serde(skip)]
    kind: BackingKind,
}

/// The services that the component's tests may talk to, in order of name.
pub(super) fn needed(input: &Input, part: &Component) -> Vec<Backing> {
    let uses = |backing: &&BackingService| {
        backing.used_by.is_empty()
            || part
                .services
                .iter()
                .any(|service| backing.used_by.contains(&service.name))
    };
    let used: Vec<&BackingService> = input.project.backing.iter().filter(uses).collect();
    let supabase = used
        .iter()
        .any(|backing| backing.kind == BackingKind::Supabase);
    let mut all: Vec<Backing> = used
        .iter()
        .filter(|_| !part.services.is_empty())
        // Supabase's own PostgreSQL answers for both.
        .filter(|backing| !(supabase && backing.kind == BackingKind::Postgres))
        .map(|backing| of(input, part, backing))
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn of(input: &Input, part: &Component, backing: &BackingService) -> Backing {
    let database = database(part);
    let password = || PASSWORD.to_owned();
    let version = backing.version.as_ref().map(|fact| fact.value.as_str());
    let (key, env, ports, health, arguments): (_, _, &[u16], _, _) = match backing.kind {
        BackingKind::Postgres => (
            match version {
                Some(version @ ("14" | "15" | "16" | "18")) => format!("postgres-{version}"),
                _ => "postgres-17".to_owned(),
            },
            vec![
                ("POSTGRES_DB", database),
                ("POSTGRES_PASSWORD", password()),
                ("POSTGRES_USER", user(part)),
            ],
            &[5432],
            Some("pg_isready --host localhost".to_owned()),
            "",
        ),
        BackingKind::Supabase => (
            "supabase-db".to_owned(),
            vec![("POSTGRES_PASSWORD", password())],
            &[5432],
            Some("pg_isready --host localhost --username postgres".to_owned()),
            "",
        ),
        BackingKind::Redis => (
            "redis".to_owned(),
            vec![],
            &[6379],
            Some("redis-cli ping".to_owned()),
            "",
        ),
        BackingKind::Mysql => (
            "mysql".to_owned(),
            vec![
                ("MYSQL_DATABASE", "app".to_owned()),
                ("MYSQL_ROOT_PASSWORD", password()),
            ],
            &[3306],
            Some(format!(
                "mysqladmin ping --host 127.0.0.1 --password={PASSWORD}"
            )),
            "",
        ),
        BackingKind::Mongodb => (
            "mongodb".to_owned(),
            vec![],
            &[27017],
            Some("mongosh --quiet --eval 'db.runCommand(\"ping\")'".to_owned()),
            "",
        ),
        BackingKind::S3 => (
            "minio".to_owned(),
            vec![
                ("MINIO_ROOT_PASSWORD", password()),
                ("MINIO_ROOT_USER", password()),
            ],
            &[9000],
            None,
            "server /data",
        ),
        BackingKind::Smtp => ("mailpit".to_owned(), vec![], &[1025], None, ""),
    };
    let image = input.pins.image(&key);
    Backing {
        name: backing.kind.to_string(),
        image: image.map_or_else(String::new, super::super::pins::Image::reference),
        pinned: image.is_some_and(|image| image.digest.is_some()),
        env: env.into_iter().collect(),
        ports: ports.to_vec(),
        health,
        arguments,
        kind: backing.kind,
    }
}

/// What the workflow's reader should know of them.
pub(super) fn notes(all: &[Backing]) -> Vec<String> {
    let mut notes = Vec::new();
    if all
        .iter()
        .any(|backing| backing.kind == BackingKind::Supabase)
    {
        notes.push(
            "Of Supabase only the database runs here: what asks its other services must stand them in."
                .to_owned(),
        );
    }
    notes
}

fn user(part: &Component) -> String {
    default_of(part, EnvRole::PostgresUser).unwrap_or_else(|| "postgres".to_owned())
}

fn database(part: &Component) -> String {
    default_of(part, EnvRole::PostgresDatabase).unwrap_or_else(|| "postgres".to_owned())
}

fn default_of(part: &Component, role: EnvRole) -> Option<String> {
    part.env()
        .into_iter()
        .find(|var| var.role == Some(role))
        .and_then(|var| var.default.clone())
        .filter(|value| !value.is_empty())
}

/// The variables that the tests of `part` are given: where the backing services are, and a value
/// for each variable without which the code does not start.
pub(super) fn env(input: &Input, part: &Component) -> BTreeMap<String, String> {
    let supabase = input
        .project
        .backing
        .iter()
        .any(|backing| backing.kind == BackingKind::Supabase);
    part.env()
        .into_iter()
        .filter_map(|var| Some((var.name.clone(), value(part, var, supabase)?)))
        .collect()
}

fn value(part: &Component, var: &EnvVar, supabase: bool) -> Option<String> {
    use EnvRole as R;
    let user = if supabase {
        "postgres".to_owned()
    } else {
        user(part)
    };
    let database = if supabase {
        "postgres".to_owned()
    } else {
        database(part)
    };
    let postgres = |scheme: &str| format!("{scheme}://{user}:{PASSWORD}@localhost:5432/{database}");
    let text = match var.role {
        Some(R::PostgresHost | R::RedisHost | R::MongoHost | R::SmtpHost) => "localhost".to_owned(),
        Some(R::RedisAddress) => "localhost:6379".to_owned(),
        // `localhost` would mean a socket to MySQL's client.
        Some(R::MysqlHost) => "127.0.0.1".to_owned(),
        Some(R::PostgresPort) => "5432".to_owned(),
        Some(R::PostgresUser) => user,
        Some(R::PostgresDatabase) => database,
        Some(R::PostgresPassword | R::MysqlPassword | R::S3AccessKey | R::S3SecretKey) => {
            PASSWORD.to_owned()
        }
        Some(R::PostgresUrl) => postgres("postgresql"),
        Some(R::PostgresAsyncUrl) => postgres("postgresql+asyncpg"),
        Some(R::PostgresJdbcUrl) => format!("jdbc:postgresql://localhost:5432/{database}"),
        Some(R::PostgresR2dbcUrl) => format!("r2dbc:postgresql://localhost:5432/{database}"),
        Some(R::PostgresConnection) => format!(
            "Host=localhost;Port=5432;Database={database};Username={user};Password={PASSWORD}"
        ),
        Some(R::MysqlConnection) => {
            format!("Server=127.0.0.1;Port=3306;Database=app;User ID=root;Password={PASSWORD}")
        }
        Some(R::MysqlJdbcUrl) => "jdbc:mysql://127.0.0.1:3306/app".to_owned(),
        Some(R::MysqlPort) => "3306".to_owned(),
        Some(R::MysqlUser) => "root".to_owned(),
        Some(R::MysqlDatabase) => "app".to_owned(),
        Some(R::MysqlUrl) => {
            let mut services = part.services.iter();
            let scheme = services.find_map(|service| mysql_scheme(service));
            let scheme = scheme.unwrap_or("mysql");
            format!("{scheme}://root:{PASSWORD}@127.0.0.1:3306/app")
        }
        Some(R::RedisPort) => "6379".to_owned(),
        Some(R::RedisUrl) => "redis://localhost:6379/0".to_owned(),
        Some(R::MongoUrl) => "mongodb://localhost:27017/app".to_owned(),
        Some(R::MongoPort) => "27017".to_owned(),
        Some(R::MongoDatabase) => "app".to_owned(),
        Some(R::S3Endpoint) => "http://localhost:9000".to_owned(),
        Some(R::SmtpPort) => "1025".to_owned(),
        // 32 bytes, no secret either.
        Some(R::LaravelKey) => format!("base64:{}", STANDARD.encode([b'-'; 32])),
        _ if !var.required || var.default.is_some() => return None,
        // The clients check the form of a key before they ask.
        Some(R::SupabaseAnonKey | R::SupabaseServiceRoleKey) => "ci.only.key".to_owned(),
        Some(R::SupabaseUrl) => "http://localhost:8000".to_owned(),
        Some(R::DjangoSettings) => return None,
        Some(R::AllowedHosts) => "localhost,127.0.0.1".to_owned(),
        Some(R::Debug) => "0".to_owned(),
        Some(R::ListenPort) => "8000".to_owned(),
        Some(R::ListenHost) => "127.0.0.1".to_owned(),
        // Their own tests choose it.
        Some(R::AppEnvironment) if part.ecosystem == "dotnet" => return None,
        Some(R::AppEnvironment) if part.ecosystem == "ruby" => "test".to_owned(),
        Some(R::AppEnvironment) => "testing".to_owned(),
        Some(R::WritableFolder) => "/tmp".to_owned(),
        Some(R::SmtpSender) => "ci@example.org".to_owned(),
        Some(R::S3Region) => "us-east-1".to_owned(),
        Some(
            R::RedisPassword | R::MongoUser | R::MongoPassword | R::SmtpUser | R::SmtpPassword,
        ) => String::new(),
        None if var.name.ends_with("_URL") => "http://localhost".to_owned(),
        None if var.name.ends_with("_PORT") => "1".to_owned(),
        _ => PASSWORD.to_owned(),
    };
    Some(text)
}

/// The scheme of the URL by which Rails and Sequel know a driver of `MySQL`; None for other ecosystems.
pub(super) fn mysql_scheme(service: &Service) -> Option<&'static str> {
    let has = |name: &str| {
        let mut requirements = service.requirements.iter();
        requirements.any(|one| !one.development && one.name == name)
    };
    match service.ecosystem {
        "ruby" if has("trilogy") => Some("trilogy"),
        "ruby" if has("mysql2") => Some("mysql2"),
        _ => None,
    }
}
