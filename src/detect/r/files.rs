//! Folders that an application of R hands out and writes to, and the database that it keeps in a file.

use super::app::{App, Kind};
use super::project::RProject;
use super::source::{self, Source};
use crate::detect::{single, syntax};
use crate::project::{Evidence, Fact, RelPath, Service};
use tree_sitter::Node;

/// Functions that write to a path, the name of that argument and its place.
const WRITERS: &[(&str, &str, usize)] = &[
    ("dir.create", "path", 0),
    ("dir_create", "path", 0),
    ("saveRDS", "file", 1),
    ("write_rds", "file", 1),
    ("write.csv", "file", 1),
    ("write.table", "file", 1),
    ("write_csv", "file", 1),
    ("write_tsv", "file", 1),
    ("fwrite", "file", 1),
    ("writeLines", "con", 1),
    ("write_json", "path", 1),
    ("ggsave", "filename", 0),
    ("file_create", "path", 0),
];

/// Drivers of databases that are one file.
const IN_A_FILE: &[&str] = &["SQLite", "duckdb"];

/// Adds them to `service`.
pub(super) fn find(project: &RProject<'_>, app: &App, service: &mut Service) {
    let folder = |path: &str| {
        let folder = app.folder.join(path).ok()?;
        project.tree.has_folder(&folder).then_some(folder)
    };
    let pages = match app.kind {
        Kind::Shiny | Kind::Document => folder("www"),
        Kind::Golem => folder("inst/app/www"),
        Kind::Plumber => None,
    };
    if let Some(pages) = pages {
        let at = Evidence::file(pages.clone());
        service.static_dirs.push(Fact::certain(pages, at));
    }
    for path in &project.files {
        let words = [
            "create",
            "RDS",
            "rds",
            "write",
            "ggsave",
            "dbConnect",
            "dbPool",
            "ookmark",
        ];
        let found = source::with_tree(project.tree, path, &words, |source, root| {
            let names = source::names(source, root);
            let mut found = Vec::new();
            for call in syntax::all(root, "call") {
                found.extend(written(project, app, source, &names, call));
            }
            found
        });
        for (folder, at, is_database) in found.into_iter().flatten() {
            if is_database && service.single.is_none() {
                service.single = Some(single::sqlite(&at));
            }
            let Some(folder) = folder else { continue };
            if !service.writable.iter().any(|known| known.value == folder) {
                service.writable.push(Fact::likely(folder, at));
            }
        }
    }
    service.writable.sort_by(|a, b| a.value.cmp(&b.value));
}

/// The folder that a call writes to, where that lies below the application, and whether a database does.
fn written<'t>(
    project: &RProject<'_>,
    app: &App,
    source: &Source<'t>,
    names: &source::Names<'t>,
    call: Node<'t>,
) -> Option<(Option<RelPath>, Evidence, bool)> {
    let at = source.at(project.tree, call);
    let function = source.function(call);
    let inside = |path: &str| {
        let plain = !path.contains("://") && !path.starts_with([':', '/', '~']) && !path.is_empty();
        let folder = app.folder.join(path).ok()?;
        (plain && !folder.is_root() && folder != app.folder).then_some(folder)
    };
    if matches!(function, "dbConnect" | "dbPool") {
        let driver = source.argument(call, "drv", 0)?;
        if driver.kind() != "call" || !IN_A_FILE.contains(&source.function(driver)) {
            return None;
        }
        let path = source
            .named(call, "dbname")
            .or_else(|| source.named(call, "dbdir"))
            .or_else(|| source.argument(call, "dbname", 1))
            .or_else(|| source.argument(driver, "dbdir", 0));
        let said = path.and_then(|path| source.value(path, names));
        let text = said.map_or_else(String::new, |said| said.text);
        if text == ":memory:" || path.is_none() {
            return None;
        }
        let folder = inside(&text).map(|path| path.parent());
        let folder = folder.filter(|folder| !folder.is_root() && *folder != app.folder);
        return Some((folder, at, true));
    }
    if function == "enableBookmarking" {
        let first = source.argument(call, "store", 0)?;
        return (source.string(first)? == "server").then(|| (inside("shiny_bookmarks"), at, false));
    }
    let (_, name, place) = WRITERS.iter().find(|(known, ..)| *known == function)?;
    let path = source
        .value(source.argument(call, name, *place)?, names)?
        .text;
    let is_folder = function.starts_with("dir");
    let folder = inside(&path)?;
    let folder = if is_folder { folder } else { folder.parent() };
    let is_below = !folder.is_root() && folder != app.folder;
    is_below.then_some((Some(folder), at, false))
}
