//! Clients among the modules of Go.

use crate::project::{BackingKind, Other, Sought};

/// What a module of Go is a client of.
pub(in crate::detect) fn of_go(path: &str) -> Option<Sought> {
    let kind = match crate::detect::go::unversioned(path) {
        "github.com/jackc/pgx"
        | "github.com/lib/pq"
        | "gorm.io/driver/postgres"
        | "github.com/go-pg/pg"
        | "github.com/uptrace/bun/driver/pgdriver" => BackingKind::Postgres,
        "github.com/go-sql-driver/mysql" | "gorm.io/driver/mysql" => BackingKind::Mysql,
        "go.mongodb.org/mongo-driver" => BackingKind::Mongodb,
        "github.com/redis/go-redis"
        | "github.com/go-redis/redis"
        | "github.com/gomodule/redigo"
        | "github.com/hibiken/asynq"
        | "github.com/valkey-io/valkey-go"
        | "github.com/redis/rueidis" => BackingKind::Redis,
        "github.com/aws/aws-sdk-go-v2/service/s3" | "github.com/minio/minio-go" => BackingKind::S3,
        "github.com/wneessen/go-mail"
        | "gopkg.in/gomail.v2"
        | "gopkg.in/mail.v2"
        | "github.com/go-mail/mail"
        | "github.com/xhit/go-simple-mail" => BackingKind::Smtp,
        name => {
            return Some(Sought::Other(match name {
                "github.com/elastic/go-elasticsearch" => Other::Elasticsearch,
                "github.com/opensearch-project/opensearch-go" => Other::Opensearch,
                "github.com/rabbitmq/amqp091-go" | "github.com/streadway/amqp" => Other::Rabbitmq,
                "github.com/bradfitz/gomemcache" => Other::Memcached,
                "github.com/segmentio/kafka-go"
                | "github.com/IBM/sarama"
                | "github.com/twmb/franz-go"
                | "github.com/confluentinc/confluent-kafka-go" => Other::Kafka,
                "github.com/influxdata/influxdb-client-go" => Other::Influxdb,
                "github.com/ClickHouse/clickhouse-go" => Other::Clickhouse,
                "github.com/gocql/gocql" => Other::Cassandra,
                "github.com/neo4j/neo4j-go-driver" => Other::Neo4j,
                "github.com/qdrant/go-client" => Other::Qdrant,
                "github.com/meilisearch/meilisearch-go" => Other::Meilisearch,
                "github.com/typesense/typesense-go" => Other::Typesense,
                "github.com/nats-io/nats.go" => Other::Nats,
                "github.com/eclipse/paho.mqtt.golang" => Other::Mqtt,
                "go.temporal.io/sdk" => Other::Temporal,
                "github.com/microsoft/go-mssqldb" => Other::Sqlserver,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}
