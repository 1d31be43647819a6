//! Clients among the gems of Ruby.

use crate::project::{BackingKind, Other, Sought};

/// What a gem is a client of.
pub(in crate::detect) fn of_gem(name: &str) -> Option<Sought> {
    let kind = match name {
        "pg" | "activerecord-postgis-adapter" | "sequel_pg" => BackingKind::Postgres,
        "mysql2" | "trilogy" | "activerecord-trilogy-adapter" => BackingKind::Mysql,
        "mongoid" | "mongo" | "mongo_mapper" => BackingKind::Mongodb,
        "redis" | "redis-client" | "redis-rails" | "redis-actionpack" | "redis-namespace"
        | "redis-objects" | "kredis" | "sidekiq" | "sidekiq-pro" | "sidekiq-ent"
        | "sidekiq-cron" | "sidekiq-scheduler" | "resque" | "resque-pool" | "resque-scheduler"
        | "redlock" | "readthis" | "suo" => BackingKind::Redis,
        "aws-sdk-s3" | "aws-sdk" | "fog-aws" | "carrierwave-aws" => BackingKind::S3,
        "supabase" | "supabase-rb" => BackingKind::Supabase,
        name => {
            return Some(Sought::Other(match name {
                "elasticsearch"
                | "elasticsearch-model"
                | "elasticsearch-rails"
                | "chewy"
                | "elastic-transport" => Other::Elasticsearch,
                "opensearch-ruby" => Other::Opensearch,
                "bunny"
                | "sneakers"
                | "kicks"
                | "hutch"
                | "march_hare"
                | "advanced-sneakers-activejob" => Other::Rabbitmq,
                "dalli" | "memcachier" | "dalli-elasticache" => Other::Memcached,
                "ruby-kafka" | "rdkafka" | "karafka" | "waterdrop" | "racecar" => Other::Kafka,
                "influxdb" | "influxdb-client" => Other::Influxdb,
                "click_house" | "clickhouse-activerecord" => Other::Clickhouse,
                "cassandra-driver" => Other::Cassandra,
                "neo4j-ruby-driver" | "activegraph" => Other::Neo4j,
                "qdrant-ruby" => Other::Qdrant,
                "weaviate-ruby" => Other::Weaviate,
                "milvus" => Other::Milvus,
                "meilisearch" | "meilisearch-rails" => Other::Meilisearch,
                "typesense" => Other::Typesense,
                "rsolr" | "sunspot_rails" | "sunspot" => Other::Solr,
                "couchrest" => Other::Couchdb,
                "nats-pure" | "nats" => Other::Nats,
                "mqtt" => Other::Mqtt,
                "temporalio" => Other::Temporal,
                "ollama-ai" => Other::Ollama,
                "ruby-oci8" | "activerecord-oracle_enhanced-adapter" => Other::Oracle,
                "tiny_tds" | "activerecord-sqlserver-adapter" => Other::Sqlserver,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}
