//! How the schema of a Go application is migrated.

use super::module::Module;
use super::source::File;
use crate::detect::Tree;
use crate::project::{Evidence, Fact, Migration, RelPath};

/// Where migrations are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) module: &'a Module,
    /// What the server reaches.
    pub(super) files: &'a [&'a File],
    pub(super) binary: &'a str,
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
        let (tool, folder, at) = self.folder()?;
        let program = binaries
            .find(|name| MIGRATES.contains(name))
            .map(str::to_owned);
        let commands = self.files.iter().flat_map(|file| &file.commands);
        let several = commands.clone().count() > 1;
        let command = commands
            .filter(|_| several)
            .find(|command| MIGRATES.contains(&command.name.as_str()))
            .map(|command| format!("{} {}", self.binary, command.name));
        let fact = Fact::certain(
            Migration {
                tool: tool.to_owned(),
                command: program.or(command),
                folder,
            },
            at,
        );
        Some(if fact.value.command.is_none() {
            fact.because(
                "no program or command of the module is about it: by the server itself, or by hand",
            )
        } else {
            fact
        })
    }

    /// The first folder of SQL files in the form of a tool.
    fn folder(&self) -> Option<(&'static str, RelPath, Evidence)> {
        self.tree
            .with_extension("sql")
            .filter(|path| path.is_within(&self.module.root))
            .find_map(|path| {
                // golang-migrate: https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md
                if path.file_name().ends_with(".up.sql") {
                    return Some((
                        "golang-migrate",
                        path.parent(),
                        Evidence::file(path.clone()),
                    ));
                }
                let text = self.tree.text(path)?;
                let line = text
                    .lines()
                    .position(|line| line.starts_with("-- +goose Up"))?;
                Some(("goose", path.parent(), self.tree.at(path, line + 1)))
            })
    }
}
