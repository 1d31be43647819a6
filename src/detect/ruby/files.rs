//! Folders of a project: what it hands out, what it writes, and what may not run twice by that.

use super::application::{Application, Shape};
use super::database;
use super::erb;
use super::source::{arguments, names, with_tree};
use crate::detect::{single, syntax};
use crate::project::{Confidence, Evidence, Fact, Finding, RelPath, Service, Severity};

/// Adds what `service`, of this shape, opens and writes.
pub(super) fn find(application: &Application<'_>, shape: &Shape, service: &mut Service) {
    templates(application, service);
    statics(application, service);
    sqlite(application, service);
    if matches!(shape, Shape::Rails(_)) {
        storage(application, service);
        uploads(application, service);
        own(application, service);
    }
    beside_code(application, service);
    service.writable.sort_by(|a, b| a.value.cmp(&b.value));
}

fn add(list: &mut Vec<Fact<RelPath>>, fact: Fact<RelPath>) {
    if list.iter().all(|known| known.value != fact.value) {
        list.push(fact);
    }
}

fn templates(application: &Application<'_>, service: &mut Service) {
    for name in ["app/views", "views", "templates"] {
        if let Some(folder) = application.path(name) {
            let fact = Fact::likely(folder.clone(), Evidence::file(folder));
            add(
                &mut service.templates,
                fact.because("where templates lie by custom"),
            );
            break;
        }
    }
}

/// `public`, or what `set :public_folder` of Sinatra names.
fn statics(application: &Application<'_>, service: &mut Service) {
    let told = application.files.iter().find_map(|path| {
        with_tree(
            application.tree,
            path,
            &["public_folder", "public_dir"],
            |source, root| {
                source.calls(root, "set").into_iter().find_map(|call| {
                    let all = arguments(call);
                    let name = all.first().and_then(|first| source.string(*first))?;
                    matches!(name.as_str(), "public_folder" | "public_dir").then_some(())?;
                    let folder = syntax::all(*all.get(1)?, "string").pop();
                    let folder = folder.and_then(|node| source.string(node))?;
                    let folder = path.parent().join(folder.trim_start_matches('/')).ok()?;
                    Some((folder, application.tree.at(path, syntax::line(call))))
                })
            },
        )?
    });
    if let Some((folder, at)) = told.filter(|(folder, _)| application.tree.has_folder(folder)) {
        add(&mut service.static_dirs, Fact::certain(folder, at));
    } else if let Some(folder) = application.path("public") {
        let fact = Fact::likely(folder.clone(), Evidence::file(folder));
        add(
            &mut service.static_dirs,
            fact.because("what lies there is handed out by custom"),
        );
    }
}

/// Where Rails itself writes, and what builds of JavaScript and CSS leave for it.
fn own(application: &Application<'_>, service: &mut Service) {
    let Some(rails) = application.first(&["rails", "railties"]) else {
        return;
    };
    for name in ["log", "tmp"] {
        if let Ok(folder) = application.root.join(name) {
            let fact = Fact::likely(folder, rails.declared.clone());
            add(&mut service.writable, fact.because("Rails writes there"));
        }
    }
    if let Some(gem) = application.first(&["jsbundling-rails", "cssbundling-rails"])
        && let Ok(folder) = application.root.join("app/assets/builds")
    {
        add(
            &mut service.expected,
            Fact::certain(folder, gem.declared.clone()),
        );
    }
}

/// A folder that is written and holds code is no volume: the code of a newer image would not show.
fn beside_code(application: &Application<'_>, service: &mut Service) {
    let folders = service.writable.iter().map(|fact| &fact.value);
    let code: Vec<RelPath> = folders
        .filter_map(|folder| code_in(application, folder).cloned())
        .collect();
    service.sources.extend(code);
}

fn code_in<'a>(application: &Application<'a>, folder: &RelPath) -> Option<&'a RelPath> {
    let mut files = application.tree.with_extension("rb");
    files.find(|path| path.is_within(folder))
}

/// Says of a database that lies beside code that no volume keeps it.
pub(super) fn not_kept(application: &Application<'_>, service: &Service) -> Option<Finding> {
    let known = service.single.as_ref()?;
    if known.value.reason != "sqlite" {
        return None;
    }
    let (path, at) = database::files(application).into_iter().find(|(text, _)| {
        let path = application.root.join(text.trim_start_matches("./"));
        let folder = path.map(|path| path.parent());
        text != ":memory:"
            && folder.is_ok_and(|folder| {
                folder == application.root || code_in(application, &folder).is_some()
            })
    })?;
    let name = path.rsplit('/').next().unwrap_or_default();
    Some(Finding {
        id: "data-beside-code",
        severity: Severity::Warning,
        message: format!(
            "{at} keeps the database beside code, where no volume may go: {path} is gone with the container that wrote it"
        ),
        mend: format!("keep it in a folder of its own: database: storage/{name}"),
        evidence: vec![at],
    })
}

/// The folder of the database, where that is a file.
fn sqlite(application: &Application<'_>, service: &mut Service) {
    let gem = application
        .first(&["sqlite3"])
        .map(|gem| gem.declared.clone());
    let Some(gem) = gem else { return };
    let adapter = database::adapter(application);
    let is_file = match &adapter {
        Some(fact) => fact.value.starts_with("sqlite"),
        None => application
            .first(&["pg", "mysql2", "trilogy", "mongoid"])
            .is_none(),
    };
    if !is_file {
        return;
    }
    for (text, at) in database::files(application) {
        let path = application.root.join(text.trim_start_matches("./"));
        let folder = path.map(|path| path.parent());
        if let Ok(folder) = folder
            && folder != application.root
            && text != ":memory:"
        {
            add(&mut service.writable, Fact::certain(folder, at));
        }
    }
    let at = adapter
        .and_then(|fact| fact.evidence.into_iter().next())
        .unwrap_or(gem);
    service.single.get_or_insert_with(|| single::sqlite(&at));
}

/// Active Storage on the disk, where production chooses it.
fn storage(application: &Application<'_>, service: &mut Service) {
    let Some(production) = application.path("config/environments/production.rb") else {
        return;
    };
    let chosen = with_tree(
        application.tree,
        &production,
        &["active_storage.service"],
        |source, root| {
            let names = names(source, root);
            syntax::all(root, "assignment").into_iter().find_map(|set| {
                let left = set.child_by_field_name("left")?;
                source
                    .of(left)
                    .ends_with("active_storage.service")
                    .then_some(())?;
                let said = source.value(set.child_by_field_name("right")?, &names)?;
                Some((
                    said.text,
                    application.tree.at(&production, syntax::line(set)),
                ))
            })
        },
    );
    let (Some(Some((name, at))), Some(path)) = (chosen, application.path("config/storage.yml"))
    else {
        return;
    };
    // What is computed there joins the root of Rails with a folder.
    let Some(document) = erb::yaml(application.tree, &path) else {
        return;
    };
    let Some(entry) = document.entry(&name) else {
        return;
    };
    if entry.node.get("service").and_then(|node| node.text()) != Some("Disk") {
        return;
    }
    let root = entry.node.entry("root").map_or(0, |entry| entry.line);
    let text = application.tree.text(&path).unwrap_or_default();
    let line = text.lines().nth(root.saturating_sub(1)).unwrap_or_default();
    let quoted = line
        .split(['"', '\''])
        .nth(1)
        .filter(|folder| !folder.starts_with('/'));
    let folder = application.root.join(quoted.unwrap_or("storage"));
    if let Ok(folder) = folder {
        let mut fact = Fact::certain(folder, at.clone());
        fact.evidence.push(application.tree.at(&path, root));
        add(&mut service.writable, fact);
        service.single.get_or_insert_with(|| single::uploads(&at));
    }
}

/// Files that other libraries put below `public`.
fn uploads(application: &Application<'_>, service: &mut Service) {
    let remote = application
        .first(&["fog-aws", "carrierwave-aws", "aws-sdk-s3"])
        .is_some();
    let known = [
        ("carrierwave", "public/uploads"),
        ("paperclip", "public/system"),
        ("kt-paperclip", "public/system"),
        ("dragonfly", "public/system/dragonfly"),
    ];
    for (name, folder) in known {
        if let Some(gem) = application.gem(name)
            && !remote
            && let Ok(folder) = application.root.join(folder)
        {
            let at = gem.declared.clone();
            let fact = Fact::new(folder, Confidence::Likely, vec![at.clone()]);
            add(
                &mut service.writable,
                fact.because(format!("where {name} puts what is uploaded by default")),
            );
            service.single.get_or_insert_with(|| single::uploads(&at));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::{Found, Tree, existing, ruby};

    fn told(database: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("production:\n  adapter: sqlite3\n  database: {database}\n");
        for (path, text) in [
            ("Gemfile", "gem 'rails'\ngem 'sqlite3'\ngem 'puma'\n"),
            ("config/application.rb", ""),
            ("config/database.yml", &text),
            ("db/migrate/1_make_piers.rb", "\n"),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        let mut found = Found::default();
        ruby::look(&tree, &existing::read(&tree), &mut found);
        assert_eq!(
            found.services[0].single.as_ref().unwrap().value.reason,
            "sqlite"
        );
        let told = found
            .findings
            .iter()
            .filter(|one| one.id == "data-beside-code");
        told.map(|one| one.evidence[0].to_string()).collect()
    }

    #[test]
    fn a_database_beside_code_is_told_of_and_one_in_a_folder_of_its_own_is_not() {
        assert_eq!(told("db/production.sqlite3"), ["config/database.yml:3"]);
        assert_eq!(told("production.sqlite3"), ["config/database.yml:3"]);
        assert_eq!(told("storage/production.sqlite3"), Vec::<String>::new());
        assert_eq!(told("\":memory:\""), Vec::<String>::new());
    }
}
