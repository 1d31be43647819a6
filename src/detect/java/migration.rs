//! How the schema of an application is migrated: Flyway or Liquibase, which mostly apply what is new when the
//! application starts.

use super::application::Application;
use crate::detect::Tree;
use crate::project::{Evidence, Fact, Migration, RelPath};

impl Application<'_> {
    pub(super) fn migration(&self, tree: &Tree) -> Option<Fact<Migration>> {
        self.flyway(tree).or_else(|| self.liquibase(tree))
    }

    /// Where files of the class path lie in the tree.
    fn resource(&self, tree: &Tree, path: &str) -> Option<RelPath> {
        self.modules.iter().find_map(|module| {
            let sets = ["main", "flyway", "liquibase", "migration"].iter();
            sets.filter_map(|set| {
                module
                    .root
                    .join(&format!("src/{set}/resources/{path}"))
                    .ok()
            })
            .find(|folder| tree.has_folder(folder))
        })
    }

    /// <https://documentation.red-gate.com/fd/locations-277579008.html>
    fn flyway(&self, tree: &Tree) -> Option<Fact<Migration>> {
        let plugin =
            self.module.plugins.iter().find(|(id, _)| {
                id == "org.flywaydb.flyway" || id.ends_with(":flyway-maven-plugin")
            });
        let at = self
            .requires(&[
                "org.flywaydb:",
                "io.quarkus:quarkus-flyway",
                "org.springframework.boot:spring-boot-starter-flyway",
                "io.micronaut.flyway:",
            ])
            .or(plugin.map(|(_, at)| at))?;
        let told = self.value(&["spring.flyway.locations", "quarkus.flyway.locations"]);
        let told = told.and_then(|text| {
            let first = text.split(',').next()?.trim();
            let path = first
                .trim_start_matches("classpath:")
                .trim_start_matches('/');
            (!path.contains(['{', '*'])).then(|| path.to_owned())
        });
        let folder = self.resource(tree, told.as_deref().unwrap_or("db/migration"))?;
        let library = self.requires(&[
            "org.flywaydb:",
            "io.quarkus:",
            "org.springframework.boot:",
            "io.micronaut.flyway:",
        ]);
        let command = plugin.filter(|_| library.is_none()).map(|(id, _)| {
            let goal = if id.contains(':') {
                "flyway:migrate"
            } else {
                "flywayMigrate"
            };
            format!("{} {goal}", self.module.program)
        });
        Some(fact("flyway", command, folder, at))
    }

    /// <https://docs.liquibase.com/concepts/changelogs/home.html>
    fn liquibase(&self, tree: &Tree) -> Option<Fact<Migration>> {
        let at = self.requires(&[
            "org.liquibase:",
            "io.quarkus:quarkus-liquibase",
            "org.springframework.boot:spring-boot-starter-liquibase",
            "io.micronaut.liquibase:",
        ])?;
        let told = self.value(&[
            "spring.liquibase.change-log",
            "quarkus.liquibase.change-log",
        ]);
        let told = told
            .map(|text| {
                text.trim_start_matches("classpath:")
                    .trim_start_matches('/')
                    .to_owned()
            })
            .and_then(|text| Some(text.rsplit_once('/')?.0.to_owned()));
        let folder = ["db/changelog", "db", "config/liquibase", "changelog"]
            .iter()
            .map(|path| (*path).to_owned())
            .fold(told, |found, path| {
                found.or_else(|| self.resource(tree, &path).map(|_| path))
            })?;
        Some(fact("liquibase", None, self.resource(tree, &folder)?, at))
    }
}

fn fact(tool: &str, command: Option<String>, folder: RelPath, at: &Evidence) -> Fact<Migration> {
    let by_hand = command.is_some();
    let fact = Fact::certain(
        Migration {
            tool: tool.to_owned(),
            command,
            folder,
        },
        at.clone(),
    );
    if by_hand {
        fact
    } else {
        fact.because("the application applies them when it starts")
    }
}
