//! What files of settings say of a Rust program: `Rocket.toml`, those that the crates `config` and
//! `figment` read.

use super::program::Program;
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{Evidence, RelPath};
use std::sync::Arc;

/// Names of the file that the others change, in the order in which they are looked for.
const NAMES: &[&str] = &[
    "configuration/base",
    "configuration/default",
    "configuration",
    "config/default",
    "config/base",
    "config/config",
    "config/settings",
    "config/development",
    "config",
    "settings/default",
    "settings",
    "Settings",
    "Config",
    "App",
    "app",
];

const FORMATS: &[&str] = &["yaml", "yml", "toml", "json"];

/// Tables that the server's own settings stand in.
pub(super) const SERVERS: &[&str] = &[
    "application",
    "server",
    "app",
    "http",
    "web",
    "api",
    "listen",
    "service",
];

/// Crates that read such files.
const READERS: &[&str] = &[
    "config",
    "figment",
    "toml",
    "serde_yaml",
    "serde_yml",
    "serde_json",
    "serde_yaml_ng",
];

/// The file of settings of `program` below one of `folders`.
pub(super) fn file(
    tree: &Tree,
    program: &Program,
    folders: &[&RelPath],
) -> Option<(RelPath, Arc<Node>)> {
    let reads = program
        .closure
        .iter()
        .any(|package| READERS.iter().any(|name| package.requires(name).is_some()));
    if !reads {
        return None;
    }
    let named = |path: &str| {
        let last = path.rsplit('/').next().unwrap_or_default();
        let first = path.split('/').next().unwrap_or_default();
        program
            .files
            .iter()
            .flat_map(|file| &file.paths)
            .any(|(text, _)| {
                let text = text.trim_end_matches('/');
                [last, first, path].contains(&text)
                    || text
                        .rsplit_once('.')
                        .is_some_and(|(stem, _)| stem == last || stem == path)
            })
    };
    for name in NAMES.iter().filter(|name| named(name)) {
        for folder in folders {
            for format in FORMATS {
                let Ok(path) = folder.join(&format!("{name}.{format}")) else {
                    continue;
                };
                if !tree.has(&path) {
                    continue;
                }
                let document = match *format {
                    "toml" => structured::toml(tree, &path),
                    "json" => structured::json(tree, &path),
                    _ => structured::yaml(tree, &path),
                };
                if let Some(document) = document {
                    return Some((path, document));
                }
            }
        }
    }
    None
}

/// The port that the settings give the server.
pub(super) fn port(tree: &Tree, path: &RelPath, document: &Node) -> Option<(u16, Evidence)> {
    let tables = SERVERS.iter().filter_map(|name| document.get(name));
    tables.chain(std::iter::once(document)).find_map(|table| {
        let entry = [
            "port",
            "http_port",
            "bind",
            "address",
            "addr",
            "listen",
            "listen_addr",
        ]
        .iter()
        .find_map(|key| {
            let entry = table.entry(key)?;
            let port = crate::detect::serving::port_in(entry.node.text()?)?;
            Some((port, entry.line))
        });
        entry.map(|(port, line)| (port, tree.at(path, line)))
    })
}

/// What `Rocket.toml` says of the profiles that hold in production: `release`, `default`, `global`.
/// <https://rocket.rs/guide/v0.5/configuration/>
pub(super) fn rocket(tree: &Tree, folders: &[&RelPath], key: &str) -> Option<(String, Evidence)> {
    folders.iter().find_map(|folder| {
        let path = folder.join("Rocket.toml").ok()?;
        let document = structured::toml(tree, &path)?;
        ["global", "release", "production", "default"]
            .iter()
            .find_map(|profile| {
                let entry = document.entry_at(&[profile, key])?;
                Some((entry.node.text()?.to_owned(), tree.at(&path, entry.line)))
            })
    })
}
