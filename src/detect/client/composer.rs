//! Clients among the packages of Composer and the extensions of PHP.

use crate::project::{BackingKind, Other, Sought};

/// What a package of Composer, or an extension of PHP, is a client of.
pub(in crate::detect) fn of_composer(name: &str) -> Option<Sought> {
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
