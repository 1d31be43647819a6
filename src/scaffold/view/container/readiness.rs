//! Which backing services `/readyz` asks, by the variables that tell where they are.

use crate::project::{BackingKind, EnvRole, Project, Service};
use serde::Serialize;

/// One service that must answer.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(super) struct Asked {
    name: &'static str,
    /// Protocol that it is asked in.
    kind: &'static str,
    variables: Vec<Variables>,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(super) struct Variables {
    part: &'static str,
    names: Vec<String>,
}

/// Roles of one backing service, by the part of an address that each gives.
type Parts = &'static [(&'static str, &'static [EnvRole])];

const ASKED: &[(&str, &str, BackingKind, Parts)] = &[
    (
        "postgres",
        "postgres",
        BackingKind::Postgres,
        &[
            ("url", &[EnvRole::PostgresUrl, EnvRole::PostgresAsyncUrl]),
            ("host", &[EnvRole::PostgresHost]),
            ("port", &[EnvRole::PostgresPort]),
            ("user", &[EnvRole::PostgresUser]),
            ("database", &[EnvRole::PostgresDatabase]),
        ],
    ),
    (
        "supabase",
        "http",
        BackingKind::Supabase,
        &[("url", &[EnvRole::SupabaseUrl])],
    ),
    (
        "mysql",
        "mysql",
        BackingKind::Mysql,
        &[
            ("url", &[EnvRole::MysqlUrl]),
            ("host", &[EnvRole::MysqlHost]),
            ("port", &[EnvRole::MysqlPort]),
        ],
    ),
    (
        "redis",
        "redis",
        BackingKind::Redis,
        &[
            ("url", &[EnvRole::RedisUrl]),
            ("host", &[EnvRole::RedisHost]),
            ("port", &[EnvRole::RedisPort]),
        ],
    ),
    (
        "mongodb",
        "mongodb",
        BackingKind::Mongodb,
        &[
            ("url", &[EnvRole::MongoUrl]),
            ("host", &[EnvRole::MongoHost]),
            ("port", &[EnvRole::MongoPort]),
        ],
    ),
    (
        "s3",
        "http",
        BackingKind::S3,
        &[("url", &[EnvRole::S3Endpoint])],
    ),
    (
        "smtp",
        "smtp",
        BackingKind::Smtp,
        &[
            ("host", &[EnvRole::SmtpHost]),
            ("port", &[EnvRole::SmtpPort]),
        ],
    ),
];

/// What `service` must reach, as far as its variables tell.
pub(super) fn asked(project: &Project, service: &Service) -> Vec<Asked> {
    let uses = |kind: BackingKind| project.backing.iter().any(|backing| backing.kind == kind);
    ASKED
        .iter()
        .filter(|(_, _, kind, _)| {
            uses(*kind) || (*kind == BackingKind::Postgres && uses(BackingKind::Supabase))
        })
        .filter_map(|(name, kind, _, parts)| {
            let variables: Vec<Variables> = parts
                .iter()
                .map(|(part, roles)| Variables {
                    part,
                    names: names(service, roles),
                })
                .filter(|variables| !variables.names.is_empty())
                .collect();
            let placed = variables
                .iter()
                .any(|one| matches!(one.part, "url" | "host"));
            placed.then_some(Asked {
                name,
                kind,
                variables,
            })
        })
        .collect()
}

fn names(service: &Service, roles: &[EnvRole]) -> Vec<String> {
    service
        .env
        .iter()
        .filter(|variable| variable.role.is_some_and(|role| roles.contains(&role)))
        .map(|variable| variable.name.clone())
        .collect()
}
