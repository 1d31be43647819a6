//! What a service needs that is not the user's code.

use super::{EnvVar, Evidence, Fact, RelPath};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackingKind {
    Postgres,
    Supabase,
    Redis,
    Mysql,
    Mongodb,
    S3,
    Smtp,
}

/// The services of a Supabase stack that an application can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SupabasePart {
    /// `PostgreSQL` with Supabase's roles and extensions; always there.
    Db,
    /// The gateway in front of the others; needed as soon as one of them is used over HTTP.
    Gateway,
    Auth,
    /// `PostgREST`: `client.table(…)`, `client.from_(…)`, `client.rpc(…)`.
    Rest,
    Realtime,
    Storage,
    /// Image transformation of `storage`.
    Imgproxy,
    /// Edge functions in `supabase/functions`.
    Functions,
    /// The dashboard and the `meta` API behind it: development only.
    Studio,
}

/// Something that a project needs and that nothing generated here starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Other {
    Elasticsearch,
    Opensearch,
    Rabbitmq,
    Memcached,
    Kafka,
    Influxdb,
    Clickhouse,
    Cassandra,
    Neo4j,
    Qdrant,
    Weaviate,
    Milvus,
    Meilisearch,
    Typesense,
    Solr,
    Couchdb,
    Nats,
    Mqtt,
    Temporal,
    /// Apache Tika: text out of documents.
    Tika,
    /// Gotenberg: documents to PDF.
    Gotenberg,
    /// Ollama: language models.
    Ollama,
    Oracle,
    Sqlserver,
}

/// What a sign speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sought {
    Backing(BackingKind),
    Part(SupabasePart),
    Other(Other),
}

/// A place in a service's source that speaks for something that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    pub of: Sought,
    pub at: Evidence,
}

/// A need of the project that nothing generated here meets.
#[derive(Debug, Clone, Serialize)]
pub struct Need {
    pub kind: Other,
    pub found: Fact<bool>,
    /// Names of the services that use it, sorted.
    pub used_by: Vec<String>,
}

/// A backing service, merged over everything that speaks for it.
#[derive(Debug, Clone, Serialize)]
pub struct BackingService {
    pub kind: BackingKind,
    pub found: Fact<bool>,
    /// Major version where one is written down (`16`, `7`).
    pub version: Option<Fact<String>>,
    /// Names of the services that use it, sorted.
    pub used_by: Vec<String>,
    /// Supabase only: the parts in use, sorted, each with why.
    pub parts: Vec<Fact<SupabasePart>>,
    /// Supabase only: names of the folders in `supabase/functions` that hold an edge function.
    pub functions: Vec<String>,
    /// Supabase only: variables that the edge functions read beside those that Supabase sets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub function_env: Vec<EnvVar>,
    /// Supabase or plain SQL: folder of the migrations.
    pub migrations: Option<RelPath>,
    /// `PostgreSQL` extensions that a migration or schema creates.
    pub extensions: Vec<Fact<String>>,
}

impl BackingKind {
    /// Name in output and as a compose service: `postgres`, `redis`, ….
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BackingKind::Postgres => "postgres",
            BackingKind::Supabase => "supabase",
            BackingKind::Redis => "redis",
            BackingKind::Mysql => "mysql",
            BackingKind::Mongodb => "mongodb",
            BackingKind::S3 => "s3",
            BackingKind::Smtp => "smtp",
        }
    }
}

impl std::fmt::Display for Other {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Other::Elasticsearch => "Elasticsearch",
            Other::Opensearch => "OpenSearch",
            Other::Rabbitmq => "RabbitMQ",
            Other::Memcached => "memcached",
            Other::Kafka => "Kafka",
            Other::Influxdb => "InfluxDB",
            Other::Clickhouse => "ClickHouse",
            Other::Cassandra => "Cassandra",
            Other::Neo4j => "Neo4j",
            Other::Qdrant => "Qdrant",
            Other::Weaviate => "Weaviate",
            Other::Milvus => "Milvus",
            Other::Meilisearch => "Meilisearch",
            Other::Typesense => "Typesense",
            Other::Solr => "Solr",
            Other::Couchdb => "CouchDB",
            Other::Nats => "NATS",
            Other::Mqtt => "MQTT broker",
            Other::Temporal => "Temporal",
            Other::Tika => "Apache Tika",
            Other::Gotenberg => "Gotenberg",
            Other::Ollama => "Ollama",
            Other::Oracle => "Oracle",
            Other::Sqlserver => "SQL Server",
        })
    }
}

impl std::fmt::Display for BackingKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
