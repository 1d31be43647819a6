//! Clients among the packages of `NuGet`.

use crate::project::{BackingKind, Other, Sought};

/// What a package is a client of, whatever its letters' case.
pub(in crate::detect) fn of_nuget(name: &str) -> Option<Sought> {
    let kind = match name.to_lowercase().as_str() {
        "npgsql"
        | "npgsql.dependencyinjection"
        | "npgsql.entityframeworkcore.postgresql"
        | "aspire.npgsql"
        | "aspire.npgsql.entityframeworkcore.postgresql"
        | "aspire.azure.npgsql.entityframeworkcore.postgresql"
        | "hangfire.postgresql"
        | "marten"
        | "wolverinefx.postgresql"
        | "dbup-postgresql" => BackingKind::Postgres,
        "mysqlconnector"
        | "mysql.data"
        | "mysql.entityframeworkcore"
        | "pomelo.entityframeworkcore.mysql"
        | "aspire.mysqlconnector"
        | "aspire.pomelo.entityframeworkcore.mysql"
        | "dbup-mysql" => BackingKind::Mysql,
        "mongodb.driver"
        | "mongodb.entityframeworkcore"
        | "aspire.mongodb.driver"
        | "mongodb.entities" => BackingKind::Mongodb,
        "stackexchange.redis"
        | "stackexchange.redis.extensions.core"
        | "microsoft.extensions.caching.stackexchangeredis"
        | "microsoft.aspnetcore.dataprotection.stackexchangeredis"
        | "microsoft.aspnetcore.signalr.stackexchangeredis"
        | "microsoft.aspnetcore.outputcaching.stackexchangeredis"
        | "aspire.stackexchange.redis"
        | "aspire.stackexchange.redis.distributedcaching"
        | "aspire.stackexchange.redis.outputcaching"
        | "hangfire.redis.stackexchange"
        | "freeredis"
        | "csredis"
        | "csrediscore" => BackingKind::Redis,
        "awssdk.s3" | "minio" | "aspire.minio.client" => BackingKind::S3,
        "mailkit" | "fluentemail.mailkit" | "fluentemail.smtp" => BackingKind::Smtp,
        other => return of_other(other).map(Sought::Other),
    };
    Some(Sought::Backing(kind))
}

fn of_other(name: &str) -> Option<Other> {
    Some(match name {
        "microsoft.data.sqlclient"
        | "system.data.sqlclient"
        | "microsoft.entityframeworkcore.sqlserver"
        | "aspire.microsoft.data.sqlclient"
        | "aspire.microsoft.entityframeworkcore.sqlserver"
        | "hangfire.sqlserver"
        | "dbup-sqlserver" => Other::Sqlserver,
        "oracle.manageddataaccess.core" | "oracle.entityframeworkcore" => Other::Oracle,
        "rabbitmq.client"
        | "masstransit.rabbitmq"
        | "easynetq"
        | "aspire.rabbitmq.client"
        | "rebus.rabbitmq"
        | "nservicebus.rabbitmq"
        | "wolverinefx.rabbitmq"
        | "dotnetcore.cap.rabbitmq" => Other::Rabbitmq,
        "confluent.kafka"
        | "masstransit.kafka"
        | "aspire.confluent.kafka"
        | "dotnetcore.cap.kafka"
        | "kafkaflow" => Other::Kafka,
        "elastic.clients.elasticsearch"
        | "nest"
        | "elasticsearch.net"
        | "aspire.elastic.clients.elasticsearch" => Other::Elasticsearch,
        "opensearch.client" | "opensearch.net" => Other::Opensearch,
        "enyimmemcachedcore" | "enyimmemcached" | "enyim.caching" => Other::Memcached,
        "influxdb.client" | "influxdb3.client" => Other::Influxdb,
        "clickhouse.client" | "clickhouse.driver" | "octonica.clickhouseclient" => {
            Other::Clickhouse
        }
        "cassandracsharpdriver" => Other::Cassandra,
        "neo4j.driver" => Other::Neo4j,
        "qdrant.client" | "aspire.qdrant.client" => Other::Qdrant,
        "meilisearch" => Other::Meilisearch,
        "typesense" => Other::Typesense,
        "milvus.client" | "aspire.milvus.client" => Other::Milvus,
        "solrnet" | "solrnet.core" => Other::Solr,
        "nats.client" | "nats.net" | "nats.client.core" | "aspire.nats.net" => Other::Nats,
        "mqttnet" | "mqttnet.extensions.managedclient" => Other::Mqtt,
        "temporalio" | "temporalio.extensions.hosting" => Other::Temporal,
        "ollamasharp" => Other::Ollama,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_clients_whatever_their_letters_case() {
        let backing = |kind| Some(Sought::Backing(kind));
        assert_eq!(of_nuget("Npgsql"), backing(BackingKind::Postgres));
        assert_eq!(of_nuget("stackexchange.REDIS"), backing(BackingKind::Redis));
        assert_eq!(
            of_nuget("Microsoft.Data.SqlClient"),
            Some(Sought::Other(Other::Sqlserver))
        );
        assert_eq!(of_nuget("Newtonsoft.Json"), None);
    }
}
