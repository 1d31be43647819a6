//! Which signs speak for which backing service: client libraries, variables, images, imports.

mod cargo;
mod composer;
mod cran;
mod deno;
mod gem;
mod go;
mod hex;
mod maven;
mod npm;
mod nuget;

use crate::project::{BackingKind, EnvRole, Other, Requirement, Sought};

pub(super) use cargo::of_crate;
pub(super) use composer::of_composer;
pub(super) use cran::of_cran;
pub(super) use deno::of_deno;
pub(super) use gem::of_gem;
pub(super) use go::of_go;
pub(super) use hex::of_hex;
pub(super) use maven::of_maven;
pub(super) use npm::of_npm;
pub(super) use nuget::of_nuget;

/// What a requirement is a client of.
pub(super) fn of_package(requirement: &Requirement) -> Option<Sought> {
    let has = |extra: &str| requirement.extras.iter().any(|one| one.contains(extra));
    let kind = match requirement.name.as_str() {
        "psycopg" | "psycopg2" | "psycopg2-binary" | "psycopg-binary" | "psycopg-c"
        | "psycopg-pool" | "asyncpg" | "pg8000" | "aiopg" | "pgvector" | "psycopg2cffi" => {
            BackingKind::Postgres
        }
        "supabase" | "supabase-py" | "supabase-auth" | "gotrue" | "postgrest" | "storage3"
        | "supafunc" | "supabase-functions" => BackingKind::Supabase,
        "redis" | "aioredis" | "redis-om" | "django-redis" | "flask-redis" | "rq" | "django-rq"
        | "rq-scheduler" | "arq" | "channels-redis" | "redis-py-cluster" | "walrus" | "coredis"
        | "valkey" | "celery-redbeat" => BackingKind::Redis,
        "pymysql"
        | "mysqlclient"
        | "mysql-connector-python"
        | "mysql-connector"
        | "aiomysql"
        | "asyncmy"
        | "mariadb"
        | "flask-mysqldb" => BackingKind::Mysql,
        "pymongo" | "motor" | "mongoengine" | "flask-mongoengine" | "flask-pymongo" | "beanie"
        | "odmantic" | "djongo" | "umongo" => BackingKind::Mongodb,
        "boto3" | "aioboto3" | "minio" | "s3fs" | "aiobotocore" | "miniopy-async" => {
            BackingKind::S3
        }
        "aiosmtplib" | "flask-mail" | "flask-mailman" | "fastapi-mail" | "flask-mailing"
        | "yagmail" => BackingKind::Smtp,
        // `celery[redis]`, `dramatiq[redis]`: the extra is the client.
        _ if has("redis") => BackingKind::Redis,
        "django-storages" if has("s3") || has("boto3") => BackingKind::S3,
        "litestar-email" | "django-anymail" if has("smtp") => BackingKind::Smtp,
        "sqlalchemy" | "advanced-alchemy" | "databases" | "tortoise-orm"
            if has("postgresql") || has("asyncpg") =>
        {
            BackingKind::Postgres
        }
        name => return other_package(name).map(Sought::Other),
    };
    Some(Sought::Backing(kind))
}

/// What a package is a client of that is started by nothing generated here.
fn other_package(name: &str) -> Option<Other> {
    Some(match name {
        "elasticsearch"
        | "elasticsearch-dsl"
        | "elasticsearch-async"
        | "django-elasticsearch-dsl"
        | "elasticsearch7"
        | "elasticsearch8" => Other::Elasticsearch,
        "opensearch-py" | "opensearch-dsl" | "django-opensearch-dsl" | "opensearchpy" => {
            Other::Opensearch
        }
        "pika" | "aio-pika" | "kombu-rabbitmq" | "aiormq" | "pyrabbit" => Other::Rabbitmq,
        "pymemcache"
        | "pylibmc"
        | "python-memcached"
        | "aiomcache"
        | "python3-memcached"
        | "python-binary-memcached"
        | "django-bmemcached"
        | "flask-bmemcached"
        | "bmemcached" => Other::Memcached,
        "kafka-python" | "kafka-python-ng" | "aiokafka" | "confluent-kafka" | "faust"
        | "faust-streaming" => Other::Kafka,
        "influxdb" | "influxdb-client" | "influxdb3-python" => Other::Influxdb,
        "clickhouse-driver" | "clickhouse-connect" | "asynch" | "clickhouse-sqlalchemy" => {
            Other::Clickhouse
        }
        "cassandra-driver" | "scylla-driver" => Other::Cassandra,
        "neo4j" | "neo4j-driver" | "neomodel" | "py2neo" => Other::Neo4j,
        "qdrant-client" => Other::Qdrant,
        "weaviate-client" => Other::Weaviate,
        "pymilvus" => Other::Milvus,
        "meilisearch" | "meilisearch-python-sdk" => Other::Meilisearch,
        "typesense" => Other::Typesense,
        "pysolr" => Other::Solr,
        "couchdb" | "cloudant" | "ibmcloudant" => Other::Couchdb,
        "nats-py" | "asyncio-nats-client" => Other::Nats,
        "paho-mqtt" | "aiomqtt" | "asyncio-mqtt" => Other::Mqtt,
        "temporalio" => Other::Temporal,
        "tika" | "tika-client" => Other::Tika,
        "gotenberg-client" => Other::Gotenberg,
        "ollama" => Other::Ollama,
        "cx-oracle" | "oracledb" => Other::Oracle,
        "pymssql" | "mssql-django" | "django-mssql-backend" => Other::Sqlserver,
        _ => return None,
    })
}

/// The backing service that a variable of this role points at.
pub(super) fn of_role(role: EnvRole) -> Option<BackingKind> {
    use EnvRole as R;
    Some(match role {
        R::PostgresHost
        | R::PostgresPort
        | R::PostgresUser
        | R::PostgresPassword
        | R::PostgresDatabase
        | R::PostgresUrl
        | R::PostgresJdbcUrl
        | R::PostgresR2dbcUrl
        | R::PostgresConnection
        | R::PostgresAsyncUrl => BackingKind::Postgres,
        R::MysqlHost
        | R::MysqlPort
        | R::MysqlUser
        | R::MysqlPassword
        | R::MysqlDatabase
        | R::MysqlJdbcUrl
        | R::MysqlConnection
        | R::MysqlUrl => BackingKind::Mysql,
        R::RedisHost | R::RedisAddress | R::RedisPort | R::RedisPassword | R::RedisUrl => {
            BackingKind::Redis
        }
        R::MongoUrl
        | R::MongoHost
        | R::MongoPort
        | R::MongoUser
        | R::MongoPassword
        | R::MongoDatabase => BackingKind::Mongodb,
        R::SupabaseUrl | R::SupabaseAnonKey | R::SupabaseServiceRoleKey | R::SupabaseJwtSecret => {
            BackingKind::Supabase
        }
        R::S3Endpoint | R::S3Bucket | R::S3AccessKey | R::S3SecretKey | R::S3Region => {
            BackingKind::S3
        }
        R::SmtpHost | R::SmtpPort | R::SmtpUser | R::SmtpPassword | R::SmtpSender => {
            BackingKind::Smtp
        }
        R::AppSecret
        | R::LaravelKey
        | R::AppEnvironment
        | R::DjangoSettings
        | R::Debug
        | R::ListenPort
        | R::ListenUrl
        | R::ListenHost
        | R::WritableFolder
        | R::AllowedHosts
        | R::PublicHost => return None,
    })
}

/// What a variable of this name points at that nothing generated here starts: `RABBITMQ_URL`.
pub(super) fn of_variable(name: &str) -> Option<Other> {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split('_').collect();
    let (last, front) = words.split_last()?;
    let points = matches!(
        *last,
        "URL"
            | "URI"
            | "URLS"
            | "HOST"
            | "HOSTS"
            | "SERVER"
            | "SERVERS"
            | "ENDPOINT"
            | "BROKERS"
            | "DSN"
    );
    if !points {
        return None;
    }
    front.iter().rev().find_map(|word| {
        Some(match *word {
            "ELASTICSEARCH" | "BONSAI" | "SEARCHBOX" => Other::Elasticsearch,
            "OPENSEARCH" => Other::Opensearch,
            "RABBITMQ" | "CLOUDAMQP" | "AMQP" => Other::Rabbitmq,
            "MEMCACHED" | "MEMCACHE" | "MEMCACHIER" | "MEMCACHEDCLOUD" => Other::Memcached,
            "KAFKA" => Other::Kafka,
            "SOLR" => Other::Solr,
            "MEILI" | "MEILISEARCH" => Other::Meilisearch,
            "TYPESENSE" => Other::Typesense,
            "CLICKHOUSE" => Other::Clickhouse,
            "QDRANT" => Other::Qdrant,
            "NATS" => Other::Nats,
            "MQTT" => Other::Mqtt,
            "TIKA" => Other::Tika,
            "GOTENBERG" => Other::Gotenberg,
            "OLLAMA" => Other::Ollama,
            _ => return None,
        })
    })
}

/// What an image of a compose file is, and its version; another make of the same kind has none.
pub(super) fn of_image(image: &str) -> Option<(Sought, Option<String>)> {
    let image = image.split('@').next()?;
    let (path, tag) = match image.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, tag),
        _ => (image, ""),
    };
    let mut parts = path.rsplit('/');
    let name = parts.next()?;
    let owner = parts.next().unwrap_or_default();
    let (kind, same) = match name {
        _ if owner == "supabase" => (BackingKind::Supabase, true),
        "postgrest" => (BackingKind::Supabase, true),
        "postgres" | "postgresql" | "postgis" | "pgvector" | "timescaledb" | "timescaledb-ha"
        | "pgautoupgrade" => (BackingKind::Postgres, true),
        "redis" | "redis-stack" | "redis-stack-server" => (BackingKind::Redis, name == "redis"),
        "valkey" | "keydb" | "dragonfly" => (BackingKind::Redis, false),
        "mysql" | "mysql-server" => (BackingKind::Mysql, true),
        "mariadb" | "percona" => (BackingKind::Mysql, false),
        "mongo" | "mongodb" | "mongodb-community-server" => (BackingKind::Mongodb, true),
        "minio" | "localstack" | "rustfs" => (BackingKind::S3, false),
        "mailhog" | "mailpit" | "maildev" | "mailcatcher" | "smtp4dev" => {
            (BackingKind::Smtp, false)
        }
        _ => return Some((Sought::Other(other_image(name, tag)?), None)),
    };
    // `pgvector:pg16`, `postgres:16.4-alpine`; Supabase's tags number its own builds.
    let digits = tag.trim_start_matches("pg").trim_start_matches('v');
    let end = digits
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(digits.len());
    let number = digits[..end].trim_matches('.');
    let version = match kind {
        // Up to 9.6 the second number was part of the major version.
        BackingKind::Postgres if number.starts_with("9.") => Some(number),
        BackingKind::Postgres => number.split('.').next(),
        BackingKind::Redis | BackingKind::Mysql | BackingKind::Mongodb => Some(number),
        BackingKind::Supabase if name == "postgres" => number.split('.').next(),
        _ => None,
    };
    Some((
        Sought::Backing(kind),
        version
            .filter(|version| same && !version.is_empty())
            .map(str::to_owned),
    ))
}

fn other_image(name: &str, tag: &str) -> Option<Other> {
    Some(match name {
        // `owner/elasticsearch:elasticsearch7.10` of a project's own registry as well.
        "elasticsearch" => Other::Elasticsearch,
        _ if tag.starts_with("elasticsearch") => Other::Elasticsearch,
        "opensearch" => Other::Opensearch,
        "rabbitmq" => Other::Rabbitmq,
        "memcached" => Other::Memcached,
        "kafka" | "cp-kafka" | "redpanda" => Other::Kafka,
        "influxdb" => Other::Influxdb,
        "clickhouse" | "clickhouse-server" => Other::Clickhouse,
        "cassandra" | "scylla" => Other::Cassandra,
        "neo4j" => Other::Neo4j,
        "qdrant" => Other::Qdrant,
        "weaviate" => Other::Weaviate,
        "milvus" => Other::Milvus,
        "meilisearch" => Other::Meilisearch,
        "typesense" => Other::Typesense,
        "solr" => Other::Solr,
        "couchdb" => Other::Couchdb,
        "nats" => Other::Nats,
        "mosquitto" | "eclipse-mosquitto" | "emqx" => Other::Mqtt,
        "auto-setup" | "temporal" => Other::Temporal,
        "tika" | "tika-server" => Other::Tika,
        "gotenberg" => Other::Gotenberg,
        "ollama" => Other::Ollama,
        _ => return None,
    })
}

/// What a string literal in source names: a Django engine, a URL's scheme.
pub(super) fn of_literal(text: &str) -> Option<Sought> {
    let kind = match text {
        "django.db.backends.postgresql"
        | "django.db.backends.postgresql_psycopg2"
        | "django.contrib.gis.db.backends.postgis"
        | "django_prometheus.db.backends.postgresql" => BackingKind::Postgres,
        "django.db.backends.mysql" | "django.contrib.gis.db.backends.mysql" => BackingKind::Mysql,
        "django_redis.cache.RedisCache" | "django.core.cache.backends.redis.RedisCache" => {
            BackingKind::Redis
        }
        "django.core.mail.backends.smtp.EmailBackend" => BackingKind::Smtp,
        "storages.backends.s3boto3.S3Boto3Storage" | "storages.backends.s3.S3Storage" => {
            BackingKind::S3
        }
        "django.core.cache.backends.memcached.PyMemcacheCache"
        | "django.core.cache.backends.memcached.PyLibMCCache"
        | "django.core.cache.backends.memcached.MemcachedCache"
        | "django_bmemcached.memcached.BMemcached"
        | "django_pylibmc.memcached.PyLibMCCache" => {
            return Some(Sought::Other(Other::Memcached));
        }
        "django.db.backends.oracle" => return Some(Sought::Other(Other::Oracle)),
        _ => {
            let (scheme, _) = text.split_once("://")?;
            match scheme.split('+').next()? {
                "postgres" | "postgresql" => BackingKind::Postgres,
                "mysql" | "mariadb" => BackingKind::Mysql,
                "redis" | "rediss" => BackingKind::Redis,
                "mongodb" => BackingKind::Mongodb,
                "amqp" | "amqps" | "pyamqp" => return Some(Sought::Other(Other::Rabbitmq)),
                "clickhouse" | "clickhousedb" => return Some(Sought::Other(Other::Clickhouse)),
                "neo4j" | "bolt" => return Some(Sought::Other(Other::Neo4j)),
                _ => return None,
            }
        }
    };
    Some(Sought::Backing(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_name_service_and_version() {
        let found = |image: &str| of_image(image);
        let version = |text: &str| Some(text.to_owned());
        let backing = |kind, version| Some((Sought::Backing(kind), version));
        assert_eq!(
            found("postgres:16.4-alpine"),
            backing(BackingKind::Postgres, version("16"))
        );
        assert_eq!(
            found("pgvector/pgvector:pg16"),
            backing(BackingKind::Postgres, version("16"))
        );
        assert_eq!(
            found("docker.io/library/redis:7.4"),
            backing(BackingKind::Redis, version("7.4"))
        );
        assert_eq!(
            found("supabase/gotrue:v2.186.0"),
            backing(BackingKind::Supabase, None)
        );
        assert_eq!(
            found("supabase/postgres:15.8.1.085"),
            backing(BackingKind::Supabase, version("15"))
        );
        assert_eq!(
            found("registry:5000/redis"),
            backing(BackingKind::Redis, None)
        );
        // Their numbers are not those of what they stand for.
        assert_eq!(found("mariadb:10.11"), backing(BackingKind::Mysql, None));
        assert_eq!(found("valkey/valkey:9"), backing(BackingKind::Redis, None));
        assert_eq!(found("nginx:1.27"), None);
        assert_eq!(
            found("rabbitmq:3.12-management"),
            Some((Sought::Other(Other::Rabbitmq), None))
        );
    }

    #[test]
    fn variables_point_at_what_is_not_started() {
        assert_eq!(of_variable("RABBITMQ_URL"), Some(Other::Rabbitmq));
        assert_eq!(
            of_variable("elasticsearch_hosts"),
            Some(Other::Elasticsearch)
        );
        assert_eq!(of_variable("MEMCACHIER_SERVERS"), Some(Other::Memcached));
        assert_eq!(
            of_variable("SHOP_OPENSEARCH_ENDPOINT"),
            Some(Other::Opensearch)
        );
        assert_eq!(
            of_variable("DOCS_TIKA_GOTENBERG_ENDPOINT"),
            Some(Other::Gotenberg)
        );
        assert_eq!(of_variable("DOCS_TIKA_ENDPOINT"), Some(Other::Tika));
        assert_eq!(of_variable("KAFKA_TOPIC"), None);
        assert_eq!(of_variable("HOST"), None);
    }

    #[test]
    fn an_extra_counts_as_a_client() {
        let requirement = |extras: &[&str]| Requirement {
            name: "celery".to_owned(),
            extras: extras.iter().map(|extra| (*extra).to_owned()).collect(),
            specifier: String::new(),
            exact: false,
            development: false,
            direct: true,
            declared: crate::project::Evidence::file(crate::project::RelPath::root()),
            imported: None,
        };
        assert_eq!(
            of_package(&requirement(&["redis"])),
            Some(Sought::Backing(BackingKind::Redis))
        );
        assert_eq!(of_package(&requirement(&[])), None);
    }
}
