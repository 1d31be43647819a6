//! Clients among the packages of Elixir.

use crate::project::{BackingKind, Other, Sought};

/// What a package of hex.pm is a client of.
pub(in crate::detect) fn of_hex(name: &str) -> Option<Sought> {
    let kind = match name {
        "postgrex" | "epgsql" | "pgo" | "pgvector" => BackingKind::Postgres,
        "myxql" | "mariaex" => BackingKind::Mysql,
        "mongodb" | "mongodb_driver" | "mongodb_ecto" => BackingKind::Mongodb,
        "redix"
        | "eredis"
        | "redix_pubsub"
        | "phoenix_pubsub_redis"
        | "exq"
        | "verk"
        | "hammer_backend_redis"
        | "off_broadway_redis"
        | "nebulex_redis_adapter"
        | "fun_with_flags_redis" => BackingKind::Redis,
        "ex_aws_s3" | "ex_minio" => BackingKind::S3,
        "supabase_potion" | "supabase_gotrue" | "supabase_storage" => BackingKind::Supabase,
        name => {
            return Some(Sought::Other(match name {
                "elasticsearch" | "snap" | "elastix" | "elasticlunr" => Other::Elasticsearch,
                "amqp" | "broadway_rabbitmq" | "gen_rmq" | "rabbit_common" | "amqp_client" => {
                    Other::Rabbitmq
                }
                "memcachex" | "mcd" => Other::Memcached,
                "brod" | "kaffe" | "broadway_kafka" | "kafka_ex" | "elsa" => Other::Kafka,
                "instream" | "fluxter" => Other::Influxdb,
                "ch" | "ecto_ch" | "pillar" | "clickhouse_ecto" | "plausible_clickhousex" => {
                    Other::Clickhouse
                }
                "xandra" | "exandra" => Other::Cassandra,
                "bolt_sips" | "boltx" => Other::Neo4j,
                "qdrant" => Other::Qdrant,
                "meilisearch" | "meilisearch_ex" => Other::Meilisearch,
                "ex_typesense" => Other::Typesense,
                "couchdb_connector" | "icouch" => Other::Couchdb,
                "gnat" => Other::Nats,
                "tortoise" | "tortoise311" | "emqtt" => Other::Mqtt,
                "ollama" => Other::Ollama,
                "gotenberg" => Other::Gotenberg,
                "jamdb_oracle" => Other::Oracle,
                "tds" | "tds_ecto" => Other::Sqlserver,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}
