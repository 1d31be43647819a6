//! How the schema of a project's database is migrated.

use super::application::{Application, Shape};
use super::process::Process;
use super::source::{arguments, with_tree};
use crate::detect::syntax;
use crate::project::{Confidence, Evidence, Fact, Migration, RelPath};

/// The tool with its folder, and the command that applies all.
pub(super) fn find(
    application: &Application<'_>,
    shape: &Shape,
    processes: &[Process],
) -> Option<Fact<Migration>> {
    let rails = matches!(shape, Shape::Rails(_));
    let folder = ["db/migrate", "db/migrations", "migrations"]
        .iter()
        .find_map(|name| application.path(name));
    let records = records(application);
    let sequel = application.gem("sequel").map(|gem| gem.declared.clone());
    let (tool, at) = match (rails, &records, &sequel) {
        (true, Some(at), _) => ("rails", at.clone()),
        (false, Some(at), _) => ("activerecord", at.clone()),
        (_, None, Some(at)) => ("sequel", at.clone()),
        _ => return None,
    };
    let schema = || {
        application
            .path("db/schema.rb")
            .or_else(|| application.path("db/structure.sql"))
    };
    let folder = folder.or_else(|| schema().map(|path| path.parent()))?;
    let evidence = vec![Evidence::file(folder.clone()), at];
    let told = processes.iter().find(|process| {
        let tasks = || process.words.iter().filter(|word| word.starts_with("db:"));
        let only_seeds = tasks().all(|word| word.contains("seed"));
        tasks().next().is_some() && (process.name == "release" || !only_seeds)
    });
    let command = match told {
        Some(process) => Some(process.command()),
        None if rails => Some(format!("{} db:prepare", application.rails_program())),
        None => task(application).map(|_| "bundle exec rake db:migrate".to_owned()),
    };
    let sure = command.is_some();
    let mut fact = Fact::new(
        Migration {
            tool: tool.to_owned(),
            command,
            folder,
        },
        Confidence::Certain,
        evidence,
    );
    fact.evidence.extend(told.map(|process| process.at.clone()));
    Some(if sure {
        fact
    } else {
        fact.because("no task of the Rakefile applies them: by the application itself, or by hand")
    })
}

/// The gem by which Active Record speaks to a database.
fn records(application: &Application<'_>) -> Option<Evidence> {
    let rails = application.first(&["rails", "activerecord", "sinatra-activerecord"])?;
    let speaks = application.first(&[
        "pg",
        "mysql2",
        "trilogy",
        "sqlite3",
        "activerecord-postgis-adapter",
    ]);
    speaks.map(|_| rails.declared.clone())
}

/// The task `db:migrate`, that of the project or of a library that brings it.
fn task(application: &Application<'_>) -> Option<RelPath> {
    let path = application.path("Rakefile")?;
    let has = with_tree(
        application.tree,
        &path,
        &["migrate", "rake"],
        |source, root| {
            let brings = source.calls(root, "require").into_iter().any(|call| {
                let name = arguments(call)
                    .first()
                    .and_then(|first| source.string(*first));
                name.is_some_and(|name| {
                    matches!(
                        name.as_str(),
                        "sinatra/activerecord/rake"
                            | "standalone_migrations"
                            | "active_record/railtie"
                    )
                })
            });
            let own = source.calls(root, "task").into_iter().any(|call| {
                arguments(call).first().is_some_and(|first| {
                    let first = first.child_by_field_name("key").unwrap_or(*first);
                    source
                        .string(first)
                        .is_some_and(|name| name == "migrate" || name == "db:migrate")
                })
            });
            brings || own
        },
    );
    let tasks = || {
        let mut rake = application
            .tree
            .with_extension("rake")
            .filter(|path| path.is_within(&application.root));
        rake.any(|path| {
            let own = with_tree(application.tree, path, &["migrate"], |source, root| {
                syntax::all(root, "call").into_iter().any(|call| {
                    source.method(call) == "task" && source.of(call).contains("migrate")
                })
            });
            own == Some(true)
        })
    };
    (has == Some(true) || tasks()).then_some(path)
}
