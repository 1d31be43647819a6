//! Clients among the packages of R.

use crate::project::{BackingKind, Other, Sought};

/// What a package of R is a client of.
pub(in crate::detect) fn of_cran(name: &str) -> Option<Sought> {
    let kind = match name {
        "RPostgres" | "RPostgreSQL" | "rpostgis" => BackingKind::Postgres,
        "RMariaDB" | "RMySQL" => BackingKind::Mysql,
        "mongolite" => BackingKind::Mongodb,
        "redux" | "rredis" | "RcppRedis" | "storr.redis" => BackingKind::Redis,
        "aws.s3" | "paws" | "paws.storage" | "minioclient" | "botor" => BackingKind::S3,
        "blastula" | "emayili" | "mailR" | "sendmailR" => BackingKind::Smtp,
        name => {
            return Some(Sought::Other(match name {
                "elastic" => Other::Elasticsearch,
                "longears" => Other::Rabbitmq,
                "influxdbr" | "influxdbclient" => Other::Influxdb,
                "RClickhouse" | "ClickHouseHTTP" => Other::Clickhouse,
                "neo4r" | "neo2R" => Other::Neo4j,
                "solrium" => Other::Solr,
                "sofa" => Other::Couchdb,
                "rtika" => Other::Tika,
                "ollamar" | "rollama" => Other::Ollama,
                "ROracle" => Other::Oracle,
                _ => return None,
            }));
        }
    };
    Some(Sought::Backing(kind))
}
