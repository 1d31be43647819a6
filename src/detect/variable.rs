//! The variables that sources read, and what a variable's name tells about a backing service or the
//! application itself.

use super::secret;
use crate::project::{BackingKind, Confidence, EnvRole, EnvVar, Evidence, RelPath};
use std::collections::BTreeMap;

/// Variables by their names.
pub(super) type Variables = BTreeMap<String, EnvVar>;

/// A value as code has it: the text, and the variable of the environment that may replace it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) variable: Option<String>,
}

/// One place that reads one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) default: Option<String>,
    /// Whether the code says that it fails without it.
    pub(super) required: bool,
}

/// What a test expects to be read.
#[cfg(test)]
pub(super) fn read(name: &str, line: usize, default: Option<&str>, required: bool) -> Read {
    Read {
        name: name.to_owned(),
        line,
        default: default.map(str::to_owned),
        required,
    }
}

/// Adds what `source`, the text of `path`, reads. The default of a secret is not shown.
pub(super) fn add(found: &mut Variables, path: &RelPath, source: &str, read: Read) {
    let switches = matches!(read.default.as_deref(), Some("true" | "false"));
    // What is on or off is no secret, whatever it is about.
    let confidence = secret::secrecy(&read.name).filter(|_| !switches);
    let line = source.lines().nth(read.line - 1).unwrap_or_default();
    let default = read.default.as_deref().filter(|text| !text.is_empty());
    // Before the line is cut, lest a part of it stay.
    let excerpt = match default {
        Some(text) if confidence.is_some() || secret::url_has_password(text) => {
            line.replace(text, "…")
        }
        _ => line.to_owned(),
    };
    let at = Evidence::new(path.clone(), read.line, &excerpt);
    let variable = found.entry(read.name.clone()).or_insert_with(|| EnvVar {
        name: read.name,
        read_at: Vec::new(),
        default: None,
        required: false,
        secret: confidence.is_some(),
        secret_confidence: confidence.unwrap_or(Confidence::Likely),
        insecure_default: false,
        set_at: None,
        role: None,
    });
    if !variable.read_at.contains(&at) {
        variable.read_at.push(at);
    }
    variable.required |= read.required;
    if variable.secret {
        variable.insecure_default |= read
            .default
            .as_deref()
            .is_some_and(|text| !secret::is_placeholder(text) && !text.contains("://"));
    } else if variable.default.is_none() {
        variable.default = read.default;
    }
}

/// Which backing services the dependencies speak to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Engines {
    pub(super) postgres: bool,
    pub(super) mysql: bool,
    pub(super) mongodb: bool,
    /// An async driver of `PostgreSQL` under `SQLAlchemy`.
    pub(super) async_postgres: bool,
    /// A client of Redis: a broker without another sign is one.
    pub(super) redis: bool,
    /// A client of object storage: a bucket is one of it.
    pub(super) s3: bool,
}

/// What a variable of this name tells about a backing service.
pub(super) fn role(name: &str, engines: Engines) -> Option<EnvRole> {
    let upper = name.to_uppercase();
    if let Some(role) = exact(&upper) {
        return Some(role);
    }
    let words: Vec<&str> = words(&upper).collect();
    let has = |word: &str| words.contains(&word);
    let part = Part::of(&words);
    if has("SUPABASE") {
        return match part? {
            Part::Url => Some(EnvRole::SupabaseUrl),
            _ if has("ANON") || has("PUBLISHABLE") => Some(EnvRole::SupabaseAnonKey),
            _ if has("SERVICE") || (has("SECRET") && has("KEY")) => {
                Some(EnvRole::SupabaseServiceRoleKey)
            }
            _ if has("JWT") => Some(EnvRole::SupabaseJwtSecret),
            Part::Key => Some(EnvRole::SupabaseAnonKey),
            _ => None,
        };
    }
    if has("REDIS") {
        return match part? {
            Part::Host => Some(EnvRole::RedisHost),
            Part::Port => Some(EnvRole::RedisPort),
            Part::Password => Some(EnvRole::RedisPassword),
            Part::Url => Some(EnvRole::RedisUrl),
            _ => None,
        };
    }
    if has("CELERY") || has("BROKER") {
        return (engines.redis && (part == Some(Part::Url) || upper.ends_with("RESULT_BACKEND")))
            .then_some(EnvRole::RedisUrl);
    }
    if has("SMTP") || has("MAIL") || has("EMAIL") {
        return match part? {
            Part::Host => Some(EnvRole::SmtpHost),
            Part::Port => Some(EnvRole::SmtpPort),
            Part::User => Some(EnvRole::SmtpUser),
            Part::Password => Some(EnvRole::SmtpPassword),
            _ => None,
        };
    }
    if has("S3") || has("AWS") || has("MINIO") || engines.s3 && is_bucket(&words) {
        return storage(&words);
    }
    let engine = if has("POSTGRES") || has("POSTGRESQL") || has("PG") || has("PSQL") {
        Some(Engine::Postgres)
    } else if has("MYSQL") || has("MARIADB") {
        Some(Engine::Mysql)
    } else if has("MONGO") || has("MONGODB") {
        Some(Engine::Mongo)
    } else if has("DB") || has("DATABASE") || has("SQLALCHEMY") || has("SQL") {
        engines.only()
    } else {
        None
    };
    if words.len() < 2 {
        return None;
    }
    database(engine?, part?, engines)
}

/// The words of a name: `DBHOST` is two.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let apart = |word| match str::strip_prefix(word, "DB") {
        Some(part) if Part::of(&[part]).is_some() => ["DB", part],
        _ => ["", word],
    };
    name.split('_')
        .flat_map(apart)
        .filter(|word| !word.is_empty())
}

/// Those of `all` that somebody sets for the program, with what each is for. The system sets others, and the language
/// or the image those that are called like one of `own`.
pub(super) fn for_program(mut all: Variables, own: &[&str], engines: Engines) -> Vec<EnvVar> {
    all.retain(|name, _| !own.contains(&name.as_str()) && !is_of_system(name));
    let mut found: Vec<EnvVar> = all.into_values().collect();
    for known in &mut found {
        known.role = role(&known.name, engines);
        guard(known);
    }
    found
}

/// A variable whose role brings a password with it is a secret, whatever its name is.
pub(super) fn guard(variable: &mut EnvVar) {
    if variable.role.is_some_and(EnvRole::is_url_with_password) && !variable.secret {
        variable.secret = true;
        variable.secret_confidence = Confidence::Likely;
        variable.default = None;
    }
}

/// Whether the system, a shell or a terminal sets it, and nobody for the program.
pub(super) fn is_of_system(name: &str) -> bool {
    matches!(
        name,
        "HOME"
            | "PATH"
            | "USER"
            | "TMPDIR"
            | "HOSTNAME"
            | "XDG_CONFIG_HOME"
            | "XDG_DATA_HOME"
            | "XDG_CACHE_HOME"
            | "XDG_RUNTIME_DIR"
            | "SHELL"
            | "USERPROFILE"
            | "APPDATA"
            | "NO_COLOR"
            | "TERM"
            | "EDITOR"
            | "PWD"
            | "LANG"
            | "LC_ALL"
            | "LOGNAME"
            | "DISPLAY"
            | "COMSPEC"
            | "LOCALAPPDATA"
            | "SYSTEMROOT"
            | "PYTHONPATH"
            | "VIRTUAL_ENV"
    )
}

/// Gives to `known` the values that the repository itself sets: those of an image go before the
/// code's defaults, those of a compose file stand where the code has none. What follows from a
/// backing service, from the environment's kind or is a secret stays as it is.
pub(super) fn set<'e>(
    known: &mut [EnvVar],
    image: impl Iterator<Item = &'e Evidence>,
    compose: impl Iterator<Item = &'e Evidence>,
) {
    let image = image.map(|at| (at, true));
    let compose = compose.map(|at| (at, false));
    for (at, of_image) in image.chain(compose) {
        let Some((name, value)) = at.excerpt.split_once('=') else {
            continue;
        };
        let plain = !value.is_empty() && !value.contains('$') && !value.contains("://");
        let Some(variable) = known.iter_mut().find(|variable| variable.name == name) else {
            continue;
        };
        let open = !variable.secret && variable.role.is_none() && variable.set_at.is_none();
        if plain && open && (of_image || variable.default.is_none()) {
            variable.default = Some(value.to_owned());
            variable.set_at = Some(at.clone());
        }
    }
}

/// Finds where a server is told its port by a variable that begins as the others do: `FERRY_PORT` beside
/// `FERRY_LOG_LEVEL` and `FERRY_SECRET`; the host then is told in the same way.
pub(super) fn listens_by_prefix(known: &mut [EnvVar]) {
    if known
        .iter()
        .any(|one| one.role == Some(EnvRole::ListenPort))
    {
        return;
    }
    let first = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    for one in known.iter() {
        *firsts.entry(first(&one.name)).or_default() += 1;
    }
    let most = firsts.into_iter().max_by_key(|(_, number)| *number);
    let Some((prefix, _)) = most.filter(|(_, number)| *number > 2 && number * 2 > known.len())
    else {
        return;
    };
    let mut give = |ends: &[&str], role: EnvRole| {
        let is_it = |one: &&mut EnvVar| {
            let end = one.name.strip_prefix(&prefix);
            one.role.is_none() && end.is_some_and(|end| ends.contains(&end))
        };
        let found = known.iter_mut().find(is_it);
        found.map(|one| one.role = Some(role)).is_some()
    };
    if give(
        &["_PORT", "_HTTP_PORT", "_SERVER_PORT"],
        EnvRole::ListenPort,
    ) {
        give(
            &["_ADDRESS", "_BIND", "_HTTP_HOST", "_LISTEN_HOST"],
            EnvRole::ListenHost,
        );
    }
}

/// Lets the variable `name` say where the program listens; `at` tells so where nothing reads it.
pub(super) fn listens_by(known: &mut Vec<EnvVar>, name: &str, role: EnvRole, at: &Evidence) {
    match known.iter_mut().find(|variable| variable.name == name) {
        Some(variable) => variable.role = Some(role),
        None => known.push(EnvVar::plain(name, role, at.clone())),
    }
    known.sort_by(|a, b| a.name.cmp(&b.name));
}

/// `BUCKET`, `BUCKET_NAME`, `MEDIA_BUCKET`: other stores have buckets as well.
fn is_bucket(words: &[&str]) -> bool {
    const OTHERS: &[&str] = &[
        "NAME", "STORAGE", "MEDIA", "STATIC", "UPLOAD", "UPLOADS", "DATA", "FILES",
    ];
    words.contains(&"BUCKET")
        && words
            .iter()
            .all(|word| *word == "BUCKET" || OTHERS.contains(word))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Postgres,
    Mysql,
    Mongo,
}

impl Engines {
    /// Those that `speaks_to` says yes to.
    pub(super) fn of(speaks_to: impl Fn(BackingKind) -> bool) -> Self {
        Self {
            postgres: speaks_to(BackingKind::Postgres),
            mysql: speaks_to(BackingKind::Mysql),
            mongodb: speaks_to(BackingKind::Mongodb),
            async_postgres: false,
            redis: speaks_to(BackingKind::Redis),
            s3: speaks_to(BackingKind::S3),
        }
    }

    /// Whether there is a database among them.
    pub(super) fn has_database(self) -> bool {
        self.postgres || self.mysql || self.mongodb
    }

    fn only(self) -> Option<Engine> {
        match (
            self.postgres || self.async_postgres,
            self.mysql,
            self.mongodb,
        ) {
            (true, false, _) => Some(Engine::Postgres),
            (false, true, _) => Some(Engine::Mysql),
            (false, false, true) => Some(Engine::Mongo),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Port,
    User,
    Password,
    Database,
    Url,
    Key,
}

impl Part {
    fn of(words: &[&str]) -> Option<Self> {
        let last = words.last().copied()?;
        Some(match last {
            "HOST" | "HOSTNAME" | "SERVER" | "ADDRESS" | "ADDR" => Part::Host,
            "PORT" => Part::Port,
            "USER" | "USERNAME" | "LOGIN" => Part::User,
            "PASSWORD" | "PASS" | "PASSWD" | "PWD" | "SECRET" => Part::Password,
            "NAME" | "DB" | "DATABASE" | "DBNAME" => Part::Database,
            "URL" | "URI" | "DSN" => Part::Url,
            "KEY" => Part::Key,
            _ => return None,
        })
    }
}

fn database(engine: Engine, part: Part, engines: Engines) -> Option<EnvRole> {
    use EnvRole as R;
    Some(match (engine, part) {
        (Engine::Postgres, Part::Host) => R::PostgresHost,
        (Engine::Postgres, Part::Port) => R::PostgresPort,
        (Engine::Postgres, Part::User) => R::PostgresUser,
        (Engine::Postgres, Part::Password) => R::PostgresPassword,
        (Engine::Postgres, Part::Database) => R::PostgresDatabase,
        (Engine::Postgres, Part::Url) if engines.async_postgres => R::PostgresAsyncUrl,
        (Engine::Postgres, Part::Url) => R::PostgresUrl,
        (Engine::Mysql, Part::Host) => R::MysqlHost,
        (Engine::Mysql, Part::Port) => R::MysqlPort,
        (Engine::Mysql, Part::User) => R::MysqlUser,
        (Engine::Mysql, Part::Password) => R::MysqlPassword,
        (Engine::Mysql, Part::Database) => R::MysqlDatabase,
        (Engine::Mysql, Part::Url) => R::MysqlUrl,
        (Engine::Mongo, Part::Host) => R::MongoHost,
        (Engine::Mongo, Part::Port) => R::MongoPort,
        (Engine::Mongo, Part::User) => R::MongoUser,
        (Engine::Mongo, Part::Password) => R::MongoPassword,
        (Engine::Mongo, Part::Database) => R::MongoDatabase,
        (Engine::Mongo, Part::Url) => R::MongoUrl,
        (_, Part::Key) => return None,
    })
}

fn storage(words: &[&str]) -> Option<EnvRole> {
    let has = |word: &str| words.contains(&word);
    if has("ENDPOINT") || words.last() == Some(&"URL") && has("S3") {
        Some(EnvRole::S3Endpoint)
    } else if has("BUCKET") {
        Some(EnvRole::S3Bucket)
    } else if has("SECRET") {
        Some(EnvRole::S3SecretKey)
    } else if has("ACCESS") && has("KEY") {
        Some(EnvRole::S3AccessKey)
    } else if has("REGION") {
        Some(EnvRole::S3Region)
    } else {
        None
    }
}

fn exact(upper: &str) -> Option<EnvRole> {
    Some(match upper {
        "SECRET_KEY" | "DJANGO_SECRET_KEY" | "FLASK_SECRET_KEY" | "FLASK_SECRET" | "APP_SECRET"
        | "APP_SECRET_KEY" | "SECRET" | "SESSION_SECRET" | "APP_KEY" | "SECRET_KEY_BASE" => {
            EnvRole::AppSecret
        }
        "ENV"
        | "FLASK_ENV"
        | "APP_ENV"
        | "ENVIRONMENT"
        | "DJANGO_ENV"
        | "APP_ENVIRONMENT"
        | "RAILS_ENV"
        | "RACK_ENV"
        | "R_CONFIG_ACTIVE"
        | "GOLEM_CONFIG_ACTIVE" => EnvRole::AppEnvironment,
        "DJANGO_SETTINGS_MODULE" => EnvRole::DjangoSettings,
        "DEBUG" | "FLASK_DEBUG" | "DJANGO_DEBUG" | "APP_DEBUG" => EnvRole::Debug,
        "PORT" | "APP_PORT" | "FLASK_RUN_PORT" | "SERVER_PORT" | "HTTP_PORT" => EnvRole::ListenPort,
        "HOST" | "APP_HOST" | "BIND_HOST" | "FLASK_RUN_HOST" | "LISTEN_HOST" => EnvRole::ListenHost,
        "ALLOWED_HOSTS" | "DJANGO_ALLOWED_HOSTS" => EnvRole::AllowedHosts,
        "PHX_HOST" => EnvRole::PublicHost,
        "PGHOST" => EnvRole::PostgresHost,
        "PGPORT" => EnvRole::PostgresPort,
        "PGUSER" => EnvRole::PostgresUser,
        "PGPASSWORD" => EnvRole::PostgresPassword,
        "PGDATABASE" => EnvRole::PostgresDatabase,
        "DEFAULT_FROM_EMAIL"
        | "MAIL_FROM"
        | "EMAIL_FROM"
        | "SMTP_FROM"
        | "MAIL_DEFAULT_SENDER"
        | "MAIL_SENDER" => EnvRole::SmtpSender,
        "EMAIL_HOST_USER" => EnvRole::SmtpUser,
        "EMAIL_HOST_PASSWORD" => EnvRole::SmtpPassword,
        "UPLOAD_FOLDER" | "UPLOAD_DIR" | "MEDIA_ROOT" | "UPLOADS_DIR" | "DATA_DIR" => {
            EnvRole::WritableFolder
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_begins_as_most_of_the_variables_do() {
        let listening = |names: &[&str]| {
            let at = Evidence::file(RelPath::root());
            let mut all: Vec<EnvVar> = names
                .iter()
                .map(|name| EnvVar {
                    role: None,
                    ..EnvVar::plain(name, EnvRole::ListenPort, at.clone())
                })
                .collect();
            listens_by_prefix(&mut all);
            let told = all.into_iter().filter(|one| one.role.is_some());
            told.map(|one| one.name).collect::<Vec<String>>()
        };
        assert_eq!(
            listening(&["FB_ADDRESS", "FB_KEY", "FB_PORT", "HOME_PAGE"]),
            ["FB_ADDRESS", "FB_PORT"]
        );
        assert_eq!(
            listening(&["MAST_HOST", "MAST_KEY", "MAST_SMTP_PORT"]),
            [""; 0]
        );
        assert_eq!(listening(&["PEER_PORT", "LOG_LEVEL", "KEY"]), [""; 0]);
    }

    #[test]
    fn roles_by_name() {
        let none = Engines::default();
        let postgres = Engines {
            postgres: true,
            ..none
        };
        let mysql = Engines {
            mysql: true,
            ..none
        };
        assert_eq!(
            role("POSTGRES_SECRET", none),
            Some(EnvRole::PostgresPassword)
        );
        assert_eq!(
            role("POSTGRES_DB_NAME", none),
            Some(EnvRole::PostgresDatabase)
        );
        assert_eq!(role("DB_HOST", postgres), Some(EnvRole::PostgresHost));
        assert_eq!(role("DB_HOST", mysql), Some(EnvRole::MysqlHost));
        assert_eq!(role("DB_HOST", none), None);
        assert_eq!(role("DBHOST", postgres), Some(EnvRole::PostgresHost));
        assert_eq!(role("APP_DBPASS", mysql), Some(EnvRole::MysqlPassword));
        assert_eq!(role("DBUS", postgres), None);
        assert_eq!(role("DBNAME", none), None);
        assert_eq!(
            role("SUPABASE_SERVICE_ROLE_KEY", none),
            Some(EnvRole::SupabaseServiceRoleKey)
        );
        assert_eq!(
            role("EMAIL_HOST_PASSWORD", none),
            Some(EnvRole::SmtpPassword)
        );
        assert_eq!(role("S3_ACCESS_KEY_ID", none), Some(EnvRole::S3AccessKey));
    }
}
