//! Compose files of the user's: which are included, and why the others are left alone.

use super::super::Input;
use super::variables::has;
use crate::project::{BackingKind, ComposeFile, ComposeService};

/// A compose file of the user's that runs what the application needs.
pub(super) struct Included {
    pub(super) path: String,
    /// Kind of backing service and the name that it has there.
    pub(super) services: Vec<(BackingKind, String)>,
}

/// The files that are included: nothing stands against it, they hold nothing but backing services
/// that the application needs, and no password, which would have to agree with ours.
pub(super) fn included(input: &Input) -> Vec<Included> {
    let mut taken: Vec<BackingKind> = Vec::new();
    let mut included = Vec::new();
    for file in &input.project.existing.compose_files {
        if obstacle(input, file).is_some() {
            continue;
        }
        let services: Vec<(BackingKind, String)> = file
            .services
            .iter()
            .filter_map(|service| Some((kind(service)?, service.name.clone())))
            .collect();
        if services.iter().any(|(kind, _)| taken.contains(kind)) {
            continue;
        }
        taken.extend(services.iter().map(|(kind, _)| *kind));
        included.push(Included {
            path: file.path.to_string(),
            services,
        });
    }
    included
}

/// One sentence for each file that is not included.
pub(super) fn left_alone(input: &Input, included: &[Included]) -> Vec<String> {
    input
        .project
        .existing
        .compose_files
        .iter()
        .filter(|file| !is_ours(input, file))
        .filter(|file| !included.iter().any(|one| one.path == file.path.to_string()))
        .map(|file| {
            let why = obstacle(input, file)
                .unwrap_or_else(|| "another file runs the same services".to_owned());
            format!("{} is left alone: {why}.", file.path)
        })
        .collect()
}

fn is_ours(input: &Input, file: &ComposeFile) -> bool {
    input.paths.values().any(|path| path == file.path.as_str())
}

/// Why the file is not included; None where it can be.
fn obstacle(input: &Input, file: &ComposeFile) -> Option<String> {
    let name = file.path.file_name();
    if name.contains("override")
        || name.contains("staging")
        || name.contains("production")
        || name.contains("shipway")
    {
        return Some("it goes on top of another file".to_owned());
    }
    if let Some(obstacle) = file.obstacles.first() {
        return Some(format!(
            "{} ({obstacle})",
            obstacle.excerpt.trim_end_matches('.')
        ));
    }
    if let Some(service) = file.services.iter().find(|service| service.build.is_some()) {
        return Some(format!(
            "its service {} is built, which is done here",
            service.name
        ));
    }
    let own = |service: &ComposeService| {
        let services = &input.project.services;
        services.iter().any(|own| own.name == service.name)
    };
    for service in &file.services {
        let Some(kind) = kind(service) else {
            let is = if own(service) {
                "the application itself, which is made here"
            } else {
                "nothing that the application was seen to need"
            };
            return Some(format!("its service {} is {is}", service.name));
        };
        if !has(input.project, kind) {
            return Some(format!(
                "the application was not seen to need its service {}",
                service.name
            ));
        }
        if let Some(secret) = service.environment.iter().find(|name| is_secret(name)) {
            return Some(format!("its {secret} would have to agree with .env"));
        }
        if own(service) {
            return Some(format!(
                "its service {} has the name of one here",
                service.name
            ));
        }
    }
    if file.services.is_empty() {
        return Some("it has no services".to_owned());
    }
    None
}

fn is_secret(name: &str) -> bool {
    ["PASSWORD", "SECRET", "KEY", "TOKEN"]
        .iter()
        .any(|part| name.to_uppercase().contains(part))
}

/// The kind of backing service that the image is, of those without a password of their own.
fn kind(service: &ComposeService) -> Option<BackingKind> {
    let image = service.image.as_deref()?;
    let repository = image.rsplit('/').next()?.split([':', '@']).next()?;
    match repository {
        "postgres" | "postgis" | "pgvector" => Some(BackingKind::Postgres),
        "redis" | "valkey" => Some(BackingKind::Redis),
        "mysql" | "mariadb" => Some(BackingKind::Mysql),
        "mongo" => Some(BackingKind::Mongodb),
        "minio" => Some(BackingKind::S3),
        "mailpit" | "mailhog" => Some(BackingKind::Smtp),
        _ => None,
    }
}
