//! Environment variables that the code reads, and the files that hold them.

use super::{Confidence, Evidence, RelPath};
use serde::{Deserialize, Serialize};

/// One variable that a service reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    pub name: String,
    /// Where it is read, in order of file and line.
    pub read_at: Vec<Evidence>,
    /// The default written in the code, or what `set_at` sets, as text. Absent for a secret and where there is none.
    pub default: Option<String>,
    /// Whether the code fails without it (`os.environ["X"]`).
    pub required: bool,
    pub secret: bool,
    /// How sure `secret` is.
    pub secret_confidence: Confidence,
    /// True where the code carries a literal default for a secret.
    pub insecure_default: bool,
    /// Where the repository itself sets the default: ENV of a Dockerfile, a compose file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_at: Option<Evidence>,
    /// What it means to a backing service, where that is known.
    pub role: Option<EnvRole>,
}

impl EnvVar {
    /// A variable without a secret that means `role` and is read at one place.
    #[must_use]
    pub fn plain(name: &str, role: EnvRole, at: Evidence) -> Self {
        Self {
            name: name.to_owned(),
            read_at: vec![at],
            default: None,
            required: false,
            secret: false,
            secret_confidence: Confidence::Certain,
            insecure_default: false,
            set_at: None,
            role: Some(role),
        }
    }
}

/// What a variable tells the application about a backing service.
/// The value in a compose file or `.env` follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvRole {
    PostgresHost,
    PostgresPort,
    PostgresUser,
    PostgresPassword,
    PostgresDatabase,
    /// `postgresql://user:password@host:port/db`
    PostgresUrl,
    /// As `PostgresUrl` with an async driver: `postgresql+asyncpg://…`
    PostgresAsyncUrl,
    /// `jdbc:postgresql://host:port/db`, without user and password
    PostgresJdbcUrl,
    /// `r2dbc:postgresql://host:port/db`, without user and password
    PostgresR2dbcUrl,
    /// `Host=…;Database=…;Username=…;Password=…`, as ADO.NET takes it
    PostgresConnection,
    MysqlHost,
    MysqlPort,
    MysqlUser,
    MysqlPassword,
    MysqlDatabase,
    MysqlUrl,
    /// `jdbc:mysql://host:port/db`, without user and password
    MysqlJdbcUrl,
    /// `Server=…;Database=…;User ID=…;Password=…`, as ADO.NET takes it
    MysqlConnection,
    RedisHost,
    /// `host:port`
    RedisAddress,
    RedisPort,
    RedisPassword,
    RedisUrl,
    MongoUrl,
    MongoHost,
    MongoPort,
    MongoUser,
    MongoPassword,
    MongoDatabase,
    SupabaseUrl,
    SupabaseAnonKey,
    SupabaseServiceRoleKey,
    SupabaseJwtSecret,
    S3Endpoint,
    S3Bucket,
    S3AccessKey,
    S3SecretKey,
    S3Region,
    SmtpHost,
    SmtpPort,
    SmtpUser,
    SmtpPassword,
    SmtpSender,
    /// The application's own signing key (`SECRET_KEY`, `DJANGO_SECRET_KEY`, …).
    AppSecret,
    /// Laravel's own key: `base64:` and 32 bytes.
    LaravelKey,
    /// Development, testing or production (`ENV`, `FLASK_ENV`, `APP_ENV`).
    AppEnvironment,
    DjangoSettings,
    /// A debug switch.
    Debug,
    /// Port that the application itself listens on.
    ListenPort,
    /// Address that it listens on, whole: `http://+:8080`.
    ListenUrl,
    /// Address that the application itself binds to.
    ListenHost,
    /// A folder that the application writes to.
    WritableFolder,
    /// Comma-separated host names that the application answers for.
    AllowedHosts,
    /// The host name that browsers reach it under.
    PublicHost,
}

impl EnvRole {
    /// Whether it is an address or a connection string that carries a password.
    pub fn is_url_with_password(self) -> bool {
        matches!(
            self,
            Self::PostgresUrl
                | Self::PostgresAsyncUrl
                | Self::PostgresConnection
                | Self::MysqlUrl
                | Self::MysqlConnection
                | Self::MongoUrl
                | Self::RedisUrl
        )
    }
}

/// A `.env*` file in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvFile {
    pub path: RelPath,
    /// In git's index.
    pub committed: bool,
    /// Ignored by git.
    pub ignored: bool,
    /// Names in it, in order; never values.
    pub names: Vec<String>,
    /// Whether a name that looks like a secret has a value that is no placeholder.
    pub has_secret_values: bool,
}
