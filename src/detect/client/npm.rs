//! Clients among the packages of npm.

use crate::project::{BackingKind, Other, Sought};

/// What a package of npm is a client of.
pub(in crate::detect) fn of_npm(name: &str) -> Option<Sought> {
    let kind = match name {
        "pg" | "postgres" | "pg-promise" | "slonik" | "@prisma/adapter-pg" | "pg-boss"
        | "graphile-worker" | "@databases/pg" | "connect-pg-simple" => BackingKind::Postgres,
        "mysql" | "mysql2" | "mariadb" | "@prisma/adapter-mariadb" => BackingKind::Mysql,
        "mongodb" | "mongoose" | "@nestjs/mongoose" | "connect-mongo" | "agenda" => {
            BackingKind::Mongodb
        }
        "redis"
        | "ioredis"
        | "bull"
        | "bullmq"
        | "bee-queue"
        | "connect-redis"
        | "handy-redis"
        | "@fastify/redis"
        | "@nestjs/bull"
        | "@nestjs/bullmq"
        | "@keyv/redis"
        | "cache-manager-redis-yet"
        | "rate-limit-redis"
        | "iovalkey"
        | "@socket.io/redis-adapter" => BackingKind::Redis,
        "@aws-sdk/client-s3" | "minio" | "multer-s3" => BackingKind::S3,
        "nodemailer" | "@nestjs-modules/mailer" | "emailjs" => BackingKind::Smtp,
        "@supabase/supabase-js" | "@supabase/ssr" | "@supabase/auth-helpers-nextjs" => {
            BackingKind::Supabase
        }
        _ => {
            return Some(Sought::Other(match name {
                "@elastic/elasticsearch" | "@nestjs/elasticsearch" => Other::Elasticsearch,
                "@opensearch-project/opensearch" => Other::Opensearch,
                "amqplib" | "amqp-connection-manager" | "rascal" => Other::Rabbitmq,
                "memjs" | "memcached" => Other::Memcached,
                "kafkajs" | "node-rdkafka" | "@confluentinc/kafka-javascript" => Other::Kafka,
                "@influxdata/influxdb-client" | "influx" => Other::Influxdb,
                "@clickhouse/client" => Other::Clickhouse,
                "cassandra-driver" => Other::Cassandra,
                "neo4j-driver" => Other::Neo4j,
                "@qdrant/js-client-rest" => Other::Qdrant,
                "weaviate-client" | "weaviate-ts-client" => Other::Weaviate,
                "@zilliz/milvus2-sdk-node" => Other::Milvus,
                "meilisearch" => Other::Meilisearch,
                "typesense" => Other::Typesense,
                "nano" => Other::Couchdb,
                "nats" => Other::Nats,
                "mqtt" => Other::Mqtt,
                "@temporalio/client" | "@temporalio/worker" => Other::Temporal,
                "ollama" => Other::Ollama,
                "oracledb" => Other::Oracle,
                "tedious" | "mssql" => Other::Sqlserver,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}
