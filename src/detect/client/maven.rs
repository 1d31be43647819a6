//! Clients among the artifacts of Maven and Gradle.

use crate::project::{BackingKind, Other, Sought};

/// What an artifact of Maven's coordinates (`group:artifact`) is a client of.
pub(in crate::detect) fn of_maven(name: &str) -> Option<Sought> {
    let (group, artifact) = name.split_once(':')?;
    let kind = match artifact {
        "postgresql"
        | "r2dbc-postgresql"
        | "quarkus-jdbc-postgresql"
        | "quarkus-reactive-pg-client"
        | "vertx-pg-client"
        | "pgjdbc-ng" => BackingKind::Postgres,
        "mysql-connector-j"
        | "mysql-connector-java"
        | "mariadb-java-client"
        | "r2dbc-mysql"
        | "r2dbc-mariadb"
        | "quarkus-jdbc-mysql"
        | "quarkus-jdbc-mariadb"
        | "quarkus-reactive-mysql-client"
        | "vertx-mysql-client" => BackingKind::Mysql,
        "mongodb-driver-sync"
        | "mongodb-driver-reactivestreams"
        | "mongo-java-driver"
        | "mongodb-driver-kotlin-coroutine"
        | "spring-boot-starter-data-mongodb"
        | "spring-boot-starter-data-mongodb-reactive"
        | "spring-boot-starter-mongodb"
        | "quarkus-mongodb-client"
        | "quarkus-mongodb-panache"
        | "quarkus-mongodb-panache-kotlin"
        | "micronaut-mongo-sync"
        | "micronaut-mongo-reactive"
        | "kmongo" => BackingKind::Mongodb,
        "jedis"
        | "lettuce-core"
        | "redisson"
        | "redisson-spring-boot-starter"
        | "spring-boot-starter-data-redis"
        | "spring-boot-starter-data-redis-reactive"
        | "spring-session-data-redis"
        | "quarkus-redis-client"
        | "quarkus-redis-cache"
        | "micronaut-redis-lettuce" => BackingKind::Redis,
        "aws-java-sdk-s3" | "minio" | "quarkus-amazon-s3" | "quarkus-minio" => BackingKind::S3,
        "s3" if group == "software.amazon.awssdk" || group == "aws.sdk.kotlin" => BackingKind::S3,
        "spring-boot-starter-mail"
        | "quarkus-mailer"
        | "micronaut-email-javamail"
        | "simple-java-mail" => BackingKind::Smtp,
        _ => {
            return Some(Sought::Other(match artifact {
                "spring-boot-starter-amqp"
                | "amqp-client"
                | "spring-rabbit"
                | "spring-cloud-starter-stream-rabbit"
                | "spring-cloud-stream-binder-rabbit"
                | "quarkus-messaging-rabbitmq"
                | "quarkus-smallrye-reactive-messaging-rabbitmq"
                | "micronaut-rabbitmq" => Other::Rabbitmq,
                "spring-kafka"
                | "kafka-clients"
                | "kafka-streams"
                | "spring-boot-starter-kafka"
                | "spring-cloud-starter-stream-kafka"
                | "spring-cloud-stream-binder-kafka"
                | "quarkus-kafka-client"
                | "quarkus-messaging-kafka"
                | "quarkus-smallrye-reactive-messaging-kafka"
                | "quarkus-kafka-streams"
                | "micronaut-kafka" => Other::Kafka,
                "elasticsearch-java"
                | "elasticsearch-rest-client"
                | "elasticsearch-rest-high-level-client"
                | "spring-boot-starter-data-elasticsearch"
                | "spring-boot-starter-elasticsearch"
                | "quarkus-elasticsearch-rest-client"
                | "quarkus-elasticsearch-java-client"
                | "quarkus-hibernate-search-orm-elasticsearch" => Other::Elasticsearch,
                "opensearch-java"
                | "opensearch-rest-client"
                | "opensearch-rest-high-level-client" => Other::Opensearch,
                "spymemcached" | "xmemcached" => Other::Memcached,
                "influxdb-java" | "influxdb-client-java" => Other::Influxdb,
                "clickhouse-jdbc" | "clickhouse-http-client" | "client-v2"
                    if group.starts_with("com.clickhouse") =>
                {
                    Other::Clickhouse
                }
                "java-driver-core"
                | "cassandra-driver-core"
                | "spring-boot-starter-data-cassandra"
                | "cassandra-quarkus-client" => Other::Cassandra,
                "neo4j-java-driver" | "spring-boot-starter-data-neo4j" | "quarkus-neo4j" => {
                    Other::Neo4j
                }
                "meilisearch-java" => Other::Meilisearch,
                "solr-solrj" => Other::Solr,
                "jnats" => Other::Nats,
                "org.eclipse.paho.client.mqttv3" | "quarkus-messaging-mqtt" => Other::Mqtt,
                "temporal-sdk" | "temporal-spring-boot-starter" => Other::Temporal,
                "mssql-jdbc" | "quarkus-jdbc-mssql" | "r2dbc-mssql" => Other::Sqlserver,
                "ojdbc8" | "ojdbc11" | "ojdbc17" | "quarkus-jdbc-oracle" => Other::Oracle,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}
