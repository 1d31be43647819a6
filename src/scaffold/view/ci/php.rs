//! What the jobs of a package of PHP set up: the version of PHP, with its extensions.

use super::super::component::Component;
use super::super::container;
use serde::Serialize;
use std::collections::BTreeSet;

/// The runtime, as packages of the archive that brings every version to Ubuntu.
#[derive(Debug, Serialize)]
pub(super) struct Runtime {
    version: String,
    packages: Vec<String>,
}

/// Extensions whose package has another name.
const NAMES: &[(&str, &str)] = &[
    ("mysqli", "mysql"),
    ("pdo_mysql", "mysql"),
    ("pdo_pgsql", "pgsql"),
    ("pdo_sqlite", "sqlite3"),
    ("xsl", "xml"),
];

/// Extensions that come with the program itself.
const THERE: &[&str] = &[
    "calendar", "exif", "ftp", "gettext", "opcache", "pcntl", "shmop", "sockets", "sysvmsg",
    "sysvsem", "sysvshm",
];

/// None but for PHP.
pub(super) fn runtime(part: &Component) -> Option<Runtime> {
    if part.ecosystem != "php" {
        return None;
    }
    let version = part
        .version
        .map_or_else(|| container::PHP.to_owned(), |fact| fact.value.clone());
    let mut names: BTreeSet<String> = ["cli", "curl", "mbstring", "sqlite3", "xml", "zip"]
        .map(str::to_owned)
        .into();
    for name in container::extensions(&part.services) {
        let known = NAMES.iter().find(|(known, _)| *known == name);
        if !THERE.contains(&name.as_str()) {
            names.insert(known.map_or(name, |(_, other)| (*other).to_owned()));
        }
    }
    let packages = names.iter().map(|name| format!("php{version}-{name}"));
    Some(Runtime {
        packages: packages.collect(),
        version,
    })
}
