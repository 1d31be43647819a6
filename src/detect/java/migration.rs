//! How the schema of an application is migrated: Flyway or Liquibase, which mostly apply what is new when the
//! application starts.

use super::module::Module;
use super::settings::Settings;
use crate::detect::Tree;
use crate::project::{Evidence, Fact, Migration, RelPath, Requirement};

/// Where migrations are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) module: &'a Module,
    /// The module's own folder, then those of the modules that it is made with.
    pub(super) roots: &'a [&'a RelPath],
    pub(super) requirements: &'a [&'a Requirement],
    pub(super) settings: &'a Settings,
    pub(super) profile: Option<&'a str>,
}

impl Search<'_> {
    pub(super) fn find(&self) -> Option<Fact<Migration>> {
        self.flyway().or_else(|| self.liquibase())
    }

    fn requires(&self, signs: &[&str]) -> Option<&Evidence> {
        let mut used = self.requirements.iter().filter(|one| !one.development);
        used.find(|one| signs.iter().any(|sign| one.name.starts_with(sign)))
            .map(|one| &one.declared)
    }

    /// Where files of the class path lie in the tree.
    fn resource(&self, path: &str) -> Option<RelPath> {
        self.roots.iter().find_map(|root| {
            let folder = root.join("src/main/resources").ok()?.join(path).ok()?;
            self.tree.has_folder(&folder).then_some(folder)
        })
    }

    fn value(&self, keys: &[&str]) -> Option<&str> {
        keys.iter()
            .find_map(|key| self.settings.get(key, self.profile))
            .map(|one| one.value.as_str())
    }

    /// <https://documentation.red-gate.com/fd/locations-277579008.html>
    fn flyway(&self) -> Option<Fact<Migration>> {
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
        let folder = self.resource(told.as_deref().unwrap_or("db/migration"))?;
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
    fn liquibase(&self) -> Option<Fact<Migration>> {
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
        let folder = ["db/changelog", "db", "config/liquibase"]
            .iter()
            .map(|path| (*path).to_owned())
            .fold(told, |found, path| {
                found.or_else(|| self.resource(&path).map(|_| path))
            })?;
        Some(fact("liquibase", None, self.resource(&folder)?, at))
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
