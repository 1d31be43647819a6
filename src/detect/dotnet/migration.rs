//! How the schema of an application is migrated: EF Core by its command or at the start, `FluentMigrator` and
//! `DbUp` by a program.

use super::application::Application;
use super::project::Project;
use crate::project::{Evidence, Fact, Migration, RelPath};

/// What holds the migrations of a context of EF Core.
const SNAPSHOT: &str = "ModelSnapshot.cs";

impl Application<'_> {
    pub(super) fn migration(&self) -> Option<Fact<Migration>> {
        self.ef_core().or_else(|| self.by_program())
    }

    /// <https://learn.microsoft.com/ef/core/managing-schemas/migrations/applying>
    fn ef_core(&self) -> Option<Fact<Migration>> {
        let (project, snapshot) = self.projects.iter().find_map(|project| {
            let mut files = self.tree.with_extension("cs");
            let path = files.find(|path| {
                path.is_within(&project.root) && path.file_name().ends_with(SNAPSHOT)
            })?;
            Some((*project, path))
        })?;
        let at = Evidence::file(snapshot.clone());
        let migration = |command| Migration {
            tool: "ef-core".to_owned(),
            command,
            folder: snapshot.parent(),
        };
        let applied = self.files.iter().find_map(|file| file.migrates.as_ref());
        if let Some((_, place)) = applied.filter(|(tool, _)| *tool == "ef-core") {
            let mut fact = Fact::certain(migration(None), at);
            fact.evidence.push(place.clone());
            return Some(fact.because("the application applies them when it starts"));
        }
        Some(Fact::certain(migration(Some(self.update(project))), at))
    }

    /// The command that applies what `project` holds, started in the folder of the build.
    fn update(&self, project: &Project) -> String {
        let home = &self.build.home;
        let folder = |root: &RelPath| root.below(home).unwrap_or_else(|| root.clone());
        let mut command = "dotnet ef database update".to_owned();
        let own = folder(&self.project.root);
        if project.path != self.project.path {
            command.push_str(&format!(" --project {}", folder(&project.root)));
            command.push_str(&format!(" --startup-project {own}"));
        } else if !own.is_root() {
            command.push_str(&format!(" --project {own}"));
        }
        command
    }

    /// <https://fluentmigrator.github.io>, <https://dbup.readthedocs.io>
    fn by_program(&self) -> Option<Fact<Migration>> {
        let (tool, at) = self.files.iter().find_map(|file| file.migrates.as_ref())?;
        let known = ["Migrations", "Scripts", "migrations", "scripts", "Sql"];
        let folder = self.projects.iter().find_map(|project| {
            let folders = known.iter().filter_map(|name| project.root.join(name).ok());
            folders
                .into_iter()
                .find(|folder| self.tree.has_folder(folder))
        })?;
        let migration = Migration {
            tool: (*tool).to_owned(),
            command: None,
            folder,
        };
        Some(Fact::certain(migration, at.clone()).because("a program of the project applies them"))
    }
}
