//! Folders that an application writes to, and why no second one may run.

use super::application::Application;
use crate::detect::single;
use crate::project::{Evidence, Fact, RelPath, Service, Single};
use std::collections::BTreeSet;

/// Beginnings of addresses of databases that are files.
const DATABASES: &[&str] = &["jdbc:h2:file:", "jdbc:sqlite:", "jdbc:hsqldb:file:"];

impl Application<'_> {
    /// Folders that it writes to.
    pub(super) fn keeps(&self, service: &mut Service) {
        let home = &self.module.home;
        let mut found: BTreeSet<RelPath> = BTreeSet::new();
        let mut put = |path: &str, at: &Evidence| {
            let plain = path.trim_start_matches("./");
            if plain.is_empty() || plain.starts_with(['/', '~', '$']) || plain.contains("${") {
                return;
            }
            if let Ok(folder) = home.join(plain.trim_end_matches('/'))
                && folder != *home
                && found.insert(folder.clone())
            {
                service.writable.push(Fact::likely(folder, at.clone()));
            }
        };
        let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        for setting in self.settings.held(self.active()) {
            let value = setting.value.trim();
            let file = DATABASES.iter().find_map(|start| value.strip_prefix(start));
            if let Some(file) = file.and_then(|file| folder(file.split(';').next()?)) {
                put(&file, &setting.at);
            }
            match setting.key.as_str() {
                "logging.file.path" => put(value, &setting.at),
                "logging.file.name" | "quarkus.log.file.path" => {
                    if let Some(path) = folder(value) {
                        put(&path, &setting.at);
                    }
                }
                "spring.servlet.multipart.location" => put(value, &setting.at),
                _ => {}
            }
        }
        for file in &self.files {
            for read in &file.reads {
                let named = read
                    .default
                    .as_deref()
                    .filter(|text| text.ends_with(".db") || text.ends_with(".sqlite"));
                if let Some(path) = named.and_then(folder) {
                    put(
                        &path,
                        &Evidence::new(file.path.clone(), read.line, &read.name),
                    );
                }
            }
        }
    }

    /// Why no second one may run.
    pub(super) fn single(&self, service: &mut Service) {
        let in_file = |text: &str| DATABASES.iter().any(|start| text.contains(start));
        let setting = || {
            let mut held = self.settings.held(self.active());
            held.find(|one| in_file(&one.value)).map(|one| &one.at)
        };
        let driver = || {
            self.requires(&[
                "org.xerial:sqlite-jdbc",
                "io.quarkiverse.jdbc:quarkus-jdbc-sqlite",
            ])
        };
        let file = setting().or_else(driver);
        if let Some(at) = file.filter(|_| !self.engines.has_database()) {
            service.single = Some(single::sqlite(at));
            return;
        }
        let locked = self
            // Quartz locks its own jobs alone.
            .requires(&["net.javacrumbs.shedlock:"])
            .is_some();
        let clock = self.files.iter().find_map(|file| file.scheduled.as_ref());
        if let Some(at) = clock.filter(|_| !locked) {
            let single = Single {
                reason: "scheduler",
                message: "methods that a clock calls would run in every container at once"
                    .to_owned(),
            };
            service.single = Some(Fact::likely(single, at.clone()));
        }
    }
}
