//! Folders of a project: what it hands out, what it writes, and what may not run twice by that.

use super::application::Application;
use super::settings;
use super::source::{arguments, names, with_tree};
use crate::detect::{single, syntax};
use crate::project::{Evidence, Fact, Finding, Service, Severity};

/// Adds what `service` opens and writes.
pub(super) fn find(application: &Application<'_>, app: &str, service: &mut Service) {
    if let Some((_, folder)) = application.of_any("priv/static") {
        let fact = Fact::likely(folder.clone(), Evidence::file(folder));
        service
            .static_dirs
            .push(fact.because("what lies there is handed out by custom"));
    }
    sqlite(application, app, service);
    if let Some(quantum) = application.needs("quantum") {
        let clock = || single::scheduler(&quantum.declared);
        service.single.get_or_insert_with(clock);
    }
}

/// The folder of the database, where that is a file.
fn sqlite(application: &Application<'_>, app: &str, service: &mut Service) {
    let Some(adapter) = application
        .needs("ecto_sqlite3")
        .or_else(|| application.needs("exqlite"))
    else {
        return;
    };
    let at = adapter.declared.clone();
    if let Some((file, place)) = database(application) {
        let folder = application
            .root
            .join(file.trim_start_matches("./"))
            .ok()
            .map(|path| path.parent());
        if let Some(folder) =
            folder.filter(|folder| *folder != application.root && !file.starts_with('/'))
        {
            service.writable.push(Fact::certain(folder, place));
        }
    } else if let Some(place) =
        settings::place_database(&mut service.env, &format!("data/{app}.db"))
        && let Ok(folder) = application.root.join("data")
    {
        let fact = Fact::likely(folder, place);
        service
            .writable
            .push(fact.because("the code insists on a place for the database and names none"));
    }
    service.single.get_or_insert_with(|| single::sqlite(&at));
}

/// The file that settings of production name: `config :app, App.Repo, database: "data/app.db"`.
fn database(application: &Application<'_>) -> Option<(String, Evidence)> {
    let mut files = application
        .files
        .iter()
        .filter(|path| path.extension() == "exs");
    files.find_map(|path| {
        with_tree(application.tree, path, &["database:"], |source, root| {
            let names = names(source, root);
            source.calls(root, "config").into_iter().find_map(|call| {
                let module = arguments(call).get(1).copied()?;
                source.of(module).ends_with("Repo").then_some(())?;
                let value = source.option(call, "database")?;
                let said = source
                    .value(value, &names)
                    .filter(|said| said.text.contains('.'))?;
                Some((said.text, source.at(application.tree, value)))
            })
        })?
    })
}

/// Uploads that a release would keep in its own folder: gone with the next one.
pub(super) fn report(application: &Application<'_>) -> Option<Finding> {
    let words = ["priv/static/uploads", "priv/uploads"];
    application.files.iter().filter(|path| path.extension() == "ex").find_map(|path| {
        let at = with_tree(application.tree, path, &words, |source, root| {
            let strings = syntax::all(root, "string").into_iter();
            let mut strings = strings.filter(|node| {
                let text = source.string(*node).unwrap_or_default();
                words.iter().any(|word| text.contains(word))
            });
            strings.next().map(|node| source.at(application.tree, node))
        })??;
        Some(Finding {
            id: "uploads-in-release",
            severity: Severity::Warning,
            message: format!(
                "{at} keeps files in the folder of the release, which is new with each one: what was uploaded is gone then"
            ),
            evidence: vec![at],
            mend: "keep them outside, in a folder that a variable names (UPLOADS_DIR) and a volume holds".to_owned(),
        })
    })
}

/// The module of mail, where settings of production choose SMTP.
pub(super) fn mail(application: &Application<'_>) -> Option<Evidence> {
    let words = ["Swoosh.Adapters.SMTP", "Bamboo.SMTPAdapter"];
    let mut files = application
        .files
        .iter()
        .filter(|path| path.extension() == "exs");
    files.find_map(|path| {
        with_tree(application.tree, path, &words, |source, root| {
            let mut all = source.calls(root, "config").into_iter().filter(|call| {
                !super::read::is_for_developers(source, *call)
                    && source
                        .option(*call, "adapter")
                        .is_some_and(|node| words.contains(&source.of(node)))
            });
            all.next().map(|call| source.at(application.tree, call))
        })?
    })
}
