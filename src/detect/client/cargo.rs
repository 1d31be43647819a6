//! Clients among the crates of Rust.

use crate::project::{BackingKind, Other, Requirement, Sought};

/// Crates that speak to the database whose name is in one of their features: `postgres`,
/// `sqlx-mysql`, `diesel_postgres_pool`.
const BY_FEATURE: &[&str] = &[
    "sqlx",
    "diesel",
    "diesel-async",
    "sea-orm",
    "sea-orm-migration",
    "rocket_db_pools",
    "rocket_sync_db_pools",
    "welds",
    "ormlite",
];

/// What a crate is a client of, by the features that it is built with.
pub(in crate::detect) fn of_crate(requirement: &Requirement) -> Option<Sought> {
    let has = |word: &str| requirement.extras.iter().any(|one| one.contains(word));
    let kind = match requirement.name.as_str() {
        "tokio-postgres" | "postgres" | "deadpool-postgres" | "bb8-postgres" => {
            BackingKind::Postgres
        }
        "mysql" | "mysql_async" | "mysql_common" => BackingKind::Mysql,
        name if BY_FEATURE.contains(&name) => {
            if has("postgres") {
                BackingKind::Postgres
            } else if has("mysql") {
                BackingKind::Mysql
            } else if has("mongodb") {
                BackingKind::Mongodb
            } else {
                return None;
            }
        }
        "mongodb" | "mongodm" => BackingKind::Mongodb,
        "redis" | "deadpool-redis" | "bb8-redis" | "r2d2_redis" | "fred" | "apalis-redis"
        | "rusty-sidekiq" | "redis-async" | "rustis" => BackingKind::Redis,
        "actix-session" if has("redis") => BackingKind::Redis,
        "aws-sdk-s3" | "rust-s3" | "minio" | "rusty-s3" | "rusoto_s3" => BackingKind::S3,
        "object_store" if has("aws") => BackingKind::S3,
        "lettre" | "mail-send" => BackingKind::Smtp,
        "postgrest" | "supabase-rs" => BackingKind::Supabase,
        name => {
            return Some(Sought::Other(match name {
                "elasticsearch" => Other::Elasticsearch,
                "opensearch" => Other::Opensearch,
                "lapin" | "amqprs" | "deadpool-lapin" | "amqp" => Other::Rabbitmq,
                "memcache" | "async-memcached" => Other::Memcached,
                "rdkafka" | "rskafka" | "kafka" => Other::Kafka,
                "influxdb" | "influxdb2" => Other::Influxdb,
                "clickhouse" | "klickhouse" | "clickhouse-rs" => Other::Clickhouse,
                "scylla" | "cdrs-tokio" => Other::Cassandra,
                "neo4rs" => Other::Neo4j,
                "qdrant-client" => Other::Qdrant,
                "meilisearch-sdk" => Other::Meilisearch,
                "async-nats" | "nats" => Other::Nats,
                "rumqttc" | "paho-mqtt" => Other::Mqtt,
                "couch_rs" => Other::Couchdb,
                "ollama-rs" => Other::Ollama,
                "tiberius" => Other::Sqlserver,
                "oracle" | "sibyl" => Other::Oracle,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}
