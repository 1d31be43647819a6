//! How the schema of a Go application is migrated.

use super::module::Module;
use super::source::File;
use crate::detect::Tree;
use crate::detect::variable::Engines;
use crate::project::{Confidence, Evidence, Fact, Migration, RelPath};

/// Where migrations are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) module: &'a Module,
    /// What the server reaches.
    pub(super) files: &'a [&'a File],
    pub(super) binary: &'a str,
    pub(super) engines: Engines,
}

/// Names of programs and commands that migrate.
const MIGRATES: &[&str] = &[
    "migrate",
    "migrations",
    "migrator",
    "dbmigrate",
    "db-migrate",
];

impl Search<'_> {
    /// The folder of migrations with its tool, and the program or command of the module that
    /// applies them; none where the server does so itself when it starts.
    pub(super) fn find<'n>(
        &self,
        mut binaries: impl Iterator<Item = &'n str>,
    ) -> Option<Fact<Migration>> {
        let found = self.folder()?;
        let program = binaries
            .find(|name| MIGRATES.contains(name))
            .map(str::to_owned);
        let commands = self.files.iter().flat_map(|file| &file.commands);
        let several = commands.clone().count() > 1;
        let command = commands
            .filter(|_| several)
            .find(|command| MIGRATES.contains(&command.name.as_str()))
            .map(|command| format!("{} {}", self.binary, command.name));
        let several_folders = !found.against.is_empty();
        let fact = found.map(|form| Migration {
            tool: form.tool.to_owned(),
            command: program.or(command),
            folder: form.folder,
        });
        Some(if fact.value.command.is_none() && !several_folders {
            fact.because(
                "no program or command of the module is about it: by the server itself, or by hand",
            )
        } else {
            fact
        })
    }

    /// The folder of SQL files in the form of a tool: where each engine has its own, that of the
    /// one that is started.
    fn folder(&self) -> Option<Fact<Form>> {
        let mut folders: Vec<(Form, Evidence)> = Vec::new();
        let paths = self.tree.with_extension("sql");
        for path in paths.filter(|path| path.is_within(&self.module.root)) {
            let folder = path.parent();
            if folders.iter().any(|(form, _)| form.folder == folder) {
                continue;
            }
            let found = self.tool(path);
            folders.extend(found.map(|(tool, at)| (Form { tool, folder }, at)));
        }
        folders.sort_by_key(|(form, _)| self.rank(&form.folder));
        let several = folders.len() > 1;
        let sure = if several {
            Confidence::Likely
        } else {
            Confidence::Certain
        };
        let fact = Fact::first_of(sure, folders)?;
        Some(if several {
            fact.because("the folder of the database that is started goes before the others")
        } else {
            fact
        })
    }

    fn tool(&self, path: &RelPath) -> Option<(&'static str, Evidence)> {
        // golang-migrate: https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md
        if path.file_name().ends_with(".up.sql") {
            return Some(("golang-migrate", Evidence::file(path.clone())));
        }
        let text = self.tree.text(path)?;
        let line = text
            .lines()
            .position(|line| line.starts_with("-- +goose Up"))?;
        Some(("goose", self.tree.at(path, line + 1)))
    }

    /// PostgreSQL goes first, as among the services; a folder that no engine gave its name stands
    /// before those of engines that the module does not speak to.
    fn rank(&self, folder: &RelPath) -> u8 {
        match folder.file_name() {
            "postgres" | "postgresql" | "pgsql" | "pg" if self.engines.postgres => 0,
            "mysql" | "mariadb" if self.engines.mysql => 1,
            "postgres" | "postgresql" | "pgsql" | "pg" | "mysql" | "mariadb" | "sqlite"
            | "sqlite3" => 3,
            _ => 2,
        }
    }
}

/// A folder of migrations.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    tool: &'static str,
    folder: RelPath,
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.tool, self.folder)
    }
}
