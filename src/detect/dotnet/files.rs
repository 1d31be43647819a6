//! What an application keeps on the disk: databases that are files, logs, what is uploaded; and what may run
//! only once for it.

use super::application::{Application, SQLITE, SQLSERVER};
use super::settings;
use super::source::Target;
use crate::detect::single;
use crate::project::{Evidence, Fact, Finding, RelPath, Service, Severity, Single};

/// Files of databases, with the place that names them.
fn databases(application: &Application) -> Vec<(String, Evidence)> {
    let mut found: Vec<(String, Evidence)> = Vec::new();
    for (_, one) in application.connections() {
        let setting = application.settings.connection(&one.name);
        if application.target(one.of, setting) != Some(Target::Sqlite) {
            continue;
        }
        let file = setting.and_then(|one| Some((settings::sqlite_file(&one.value)?, &one.at)));
        found.extend(file.map(|(file, at)| (file.to_owned(), at.clone())));
    }
    let literals = application.files.iter().flat_map(|file| &file.sqlite);
    found.extend(
        literals
            .filter_map(|(text, at)| Some((settings::sqlite_file(text)?.to_owned(), at.clone()))),
    );
    found
}

impl Application<'_> {
    /// Folders that it writes to.
    pub(super) fn keeps(&self, service: &mut Service) {
        let root = &self.project.root;
        let mut add = |path: &str, is_folder: bool, at: &Evidence| {
            let path = path.replace('\\', "/");
            if path.starts_with('/') {
                let folder = if is_folder {
                    path.as_str()
                } else {
                    path.rsplit_once('/').map_or("", |(folder, _)| folder)
                };
                // What is gone with the container may go.
                let known = service.volumes.iter().any(|fact| fact.value == folder);
                if folder.len() > 1 && !folder.starts_with("/tmp") && !known {
                    let fact = Fact::certain(folder.to_owned(), at.clone());
                    service.volumes.push(fact);
                }
                return;
            }
            let Ok(path) = root.join(path.trim_start_matches("./")) else {
                return;
            };
            let folder = if is_folder { path } else { path.parent() };
            let known = service.writable.iter().any(|fact| fact.value == folder);
            if folder.is_within(root) && folder != *root && !known && !self.tree.holds_code(&folder)
            {
                service.writable.push(Fact::certain(folder, at.clone()));
            }
        };
        for (file, at) in databases(self) {
            add(&file, false, &at);
        }
        for one in self.settings.log_files() {
            add(&one.value, false, &one.at);
        }
        for (folder, at) in self.own.iter().flat_map(|file| &file.writes) {
            add(folder, true, at);
        }
        service.writable.sort_by(|a, b| a.value.cmp(&b.value));
    }

    /// Why it may not run twice.
    pub(super) fn single(&self, service: &mut Service) {
        if let Some(at) = self.clock() {
            let single = Single {
                reason: "scheduler",
                message:
                    "a clock in the program starts its jobs, and two of them would start each twice"
                        .to_owned(),
            };
            service.single = Some(Fact::certain(single, at.clone()));
        }
        let named = databases(self).into_iter().next().map(|(_, at)| at);
        // The path may be made up by the code, where nothing else is a database.
        let others = self.engines.has_database() || self.requires(SQLSERVER).is_some();
        let only = self.requires(SQLITE).filter(|_| !others);
        let at = named.or_else(|| Some(only?.declared.clone()));
        if let Some(at) = at {
            service.single.get_or_insert_with(|| single::sqlite(&at));
        }
        let uploads = service
            .writable
            .iter()
            .find(|fact| fact.value.as_str().to_lowercase().contains("upload"));
        if let Some(at) = uploads.and_then(|fact| fact.evidence.first()) {
            let single = single::uploads(at);
            service.single.get_or_insert(single);
        }
    }

    /// Says of a database that lies beside the program that no volume keeps it.
    pub(super) fn not_kept(&self) -> Option<Finding> {
        let beside = |text: &str| {
            let folder = self
                .project
                .root
                .join(text.trim_start_matches("./"))
                .map(|path| path.parent());
            !text.starts_with('/')
                && folder.is_ok_and(|folder: RelPath| {
                    folder == self.project.root || self.tree.holds_code(&folder)
                })
        };
        let (path, at) = databases(self).into_iter().find(|(text, _)| beside(text))?;
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        Some(Finding {
            id: "data-beside-code",
            severity: Severity::Warning,
            message: format!(
                "{at} keeps the database beside the program, where no volume may go: {path} is gone with the container that wrote it"
            ),
            mend: format!("keep it in a folder of its own: Data Source=data/{name}"),
            evidence: vec![at],
        })
    }
}
