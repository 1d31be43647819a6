//! Which signs speak for which backing service: client libraries, variables, images, imports.

use crate::project::{BackingKind, EnvRole, Other, Requirement, Sought};

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

/// What a package of npm is a client of.
pub(super) fn of_npm(name: &str) -> Option<Sought> {
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

/// What a module of Go is a client of.
pub(super) fn of_go(path: &str) -> Option<Sought> {
    let kind = match super::go::unversioned(path) {
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
pub(super) fn of_crate(requirement: &Requirement) -> Option<Sought> {
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

/// What an artifact of Maven's coordinates (`group:artifact`) is a client of.
pub(super) fn of_maven(name: &str) -> Option<Sought> {
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

/// What a package of Composer, or an extension of PHP, is a client of.
pub(super) fn of_composer(name: &str) -> Option<Sought> {
    let kind = match name {
        "ext-pdo_pgsql" | "ext-pgsql" => BackingKind::Postgres,
        "ext-pdo_mysql" | "ext-mysqli" => BackingKind::Mysql,
        "ext-mongodb"
        | "mongodb/mongodb"
        | "mongodb/laravel-mongodb"
        | "jenssegers/mongodb"
        | "doctrine/mongodb-odm"
        | "doctrine/mongodb-odm-bundle" => BackingKind::Mongodb,
        "ext-redis"
        | "predis/predis"
        | "snc/redis-bundle"
        | "symfony/redis-messenger"
        | "colinmollenhour/credis"
        | "yiisoft/yii2-redis" => BackingKind::Redis,
        "aws/aws-sdk-php"
        | "league/flysystem-aws-s3-v3"
        | "league/flysystem-async-aws-s3"
        | "async-aws/s3" => BackingKind::S3,
        "phpmailer/phpmailer" | "swiftmailer/swiftmailer" => BackingKind::Smtp,
        _ => {
            return Some(Sought::Other(match name {
                "elasticsearch/elasticsearch"
                | "ruflin/elastica"
                | "friendsofsymfony/elastica-bundle" => Other::Elasticsearch,
                "opensearch-project/opensearch-php" => Other::Opensearch,
                "ext-amqp"
                | "php-amqplib/php-amqplib"
                | "php-amqplib/rabbitmq-bundle"
                | "symfony/amqp-messenger"
                | "vladimir-yuldashev/laravel-queue-rabbitmq" => Other::Rabbitmq,
                "ext-memcached" | "ext-memcache" => Other::Memcached,
                "ext-rdkafka" | "longlang/phpkafka" | "mateusjunges/laravel-kafka" => Other::Kafka,
                "influxdata/influxdb-client-php" | "influxdb/influxdb-php" => Other::Influxdb,
                "smi2/phpclickhouse" | "glushkovds/phpclickhouse-laravel" => Other::Clickhouse,
                "laudis/neo4j-php-client" => Other::Neo4j,
                "meilisearch/meilisearch-php" => Other::Meilisearch,
                "typesense/typesense-php" => Other::Typesense,
                "solarium/solarium" | "nelmio/solarium-bundle" => Other::Solr,
                "php-mqtt/client" | "php-mqtt/laravel-client" => Other::Mqtt,
                "temporal/sdk" => Other::Temporal,
                "gotenberg/gotenberg-php" | "sensiolabs/gotenberg-bundle" => Other::Gotenberg,
                "ext-oci8" | "ext-pdo_oci" | "yajra/laravel-oci8" => Other::Oracle,
                "ext-pdo_sqlsrv" | "ext-sqlsrv" => Other::Sqlserver,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}

/// What a gem is a client of.
pub(super) fn of_gem(name: &str) -> Option<Sought> {
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
        | R::PostgresAsyncUrl => BackingKind::Postgres,
        R::MysqlHost
        | R::MysqlPort
        | R::MysqlUser
        | R::MysqlPassword
        | R::MysqlDatabase
        | R::MysqlJdbcUrl
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
        | R::ListenHost
        | R::WritableFolder
        | R::AllowedHosts => return None,
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
