//! How the schema of a project's database is migrated: a release has no mix, so that a module of the project
//! does it. <https://hexdocs.pm/ecto_sql/Ecto.Migrator.html>

use super::application::Application;
use super::source::with_tree;
use crate::detect::syntax;
use crate::project::{Confidence, Evidence, Fact, Migration, RelPath};

/// The tool with its folder, and the command that applies all in the image of `release`.
pub(super) fn find(application: &Application<'_>, release: &str) -> Option<Fact<Migration>> {
    let ecto = application.first(&["ecto_sql", "ecto_sqlite3", "ecto_ch"])?;
    let folder = folder(application)?;
    let evidence = vec![Evidence::file(folder.clone()), ecto.declared.clone()];
    let overlay = overlay(application, "migrate");
    let function = module(application);
    let command = match (&overlay, &function) {
        (Some(_), _) => Some("bin/migrate".to_owned()),
        (None, Some((name, _))) => Some(format!("bin/{release} eval {name}")),
        (None, None) => None,
    };
    let mut fact = Fact::new(
        Migration {
            tool: "ecto".to_owned(),
            command,
            folder,
        },
        Confidence::Certain,
        evidence,
    );
    match (overlay, function) {
        (Some(path), _) => fact.evidence.push(Evidence::file(path)),
        (None, Some((_, at))) => fact.evidence.push(at),
        (None, None) => {
            return Some(fact.because(
                "no function of the project runs Ecto.Migrator, and a release has no mix (`mix phx.gen.release` writes one)",
            ));
        }
    }
    Some(fact)
}

/// The folder with migrations: `priv/repo/migrations` by custom.
fn folder(application: &Application<'_>) -> Option<RelPath> {
    let files = application.tree.with_extension("exs").filter(|path| {
        let folder = path.parent();
        folder.file_name() == "migrations"
            && path.is_within(&application.root)
            && folder.as_str().split('/').any(|part| part == "priv")
    });
    let all: Vec<&RelPath> = files.collect();
    let mut usual = all
        .iter()
        .filter(|path| path.as_str().contains("repo/migrations/"));
    let first = usual.next().or(all.first())?;
    Some(first.parent())
}

/// A script that is laid over a release: `rel/overlays/bin/NAME`.
pub(super) fn overlay(application: &Application<'_>, name: &str) -> Option<RelPath> {
    let end = format!("overlays/bin/{name}");
    let mut all = application.tree.named(name);
    all.find(|path| path.is_within(&application.root) && path.as_str().ends_with(&end))
        .cloned()
}

/// `Harbour.Release.migrate`, where a function of that name runs the migrator.
fn module(application: &Application<'_>) -> Option<(String, Evidence)> {
    application
        .files
        .iter()
        .filter(|path| path.extension() == "ex")
        .find_map(|path| {
            with_tree(
                application.tree,
                path,
                &["Ecto.Migrator", "Migrator.run"],
                |source, root| {
                    let functions = source.functions(root);
                    let migrates = functions.iter().find(|function| {
                        let all_optional = function
                            .parameters
                            .iter()
                            .all(|one| source.of(*one).contains("\\\\"));
                        matches!(
                            function.name,
                            "migrate" | "migrate!" | "createdb_and_migrate" | "run_migrations"
                        ) && all_optional
                    })?;
                    let module = syntax::all(root, "call")
                        .into_iter()
                        .find(|call| source.target(*call) == "defmodule")?;
                    let name = super::source::arguments(module).into_iter().next()?;
                    let at = source.at(
                        application.tree,
                        migrates.whole.parent().unwrap_or(migrates.whole),
                    );
                    Some((format!("{}.{}", source.of(name), migrates.name), at))
                },
            )?
        })
}
