//! How the schema of a Rust application is migrated: sqlx, Diesel, refinery, sea-orm.

use super::cargo::Workspace;
use super::program::Program;
use crate::detect::Tree;
use crate::detect::structured;
use crate::project::{Confidence, Evidence, Fact, Migration, RelPath};

/// Names of programs and commands that migrate.
const MIGRATES: &[&str] = &[
    "migrate",
    "migrations",
    "migration",
    "migrator",
    "db-migrate",
];

/// The migrations of a program, and who applies them.
pub(super) struct Applied {
    pub(super) fact: Fact<Migration>,
    /// The package and the name of another program that does.
    pub(super) other: Option<(String, String)>,
}

/// The migrations of `program`.
pub(super) fn find(tree: &Tree, workspace: &Workspace, program: &Program) -> Option<Applied> {
    if let Some(found) = sea_orm(workspace, program) {
        return Some(found);
    }
    let applied = program
        .files
        .iter()
        .find_map(|file| file.migrates.as_ref().map(|found| (file, found)));
    let mut tool = applied.map(|(_, (tool, ..))| *tool);
    let mut at = applied.map(|(_, (.., at))| at.clone());
    let mut folders: Vec<RelPath> = Vec::new();
    if let Some((file, (_, folder, _))) = applied {
        let package = program
            .closure
            .iter()
            .filter(|package| file.path.is_within(&package.root))
            .max_by_key(|package| package.root.depth());
        let root = package.map_or(&workspace.root, |package| &package.root);
        folders.extend(root.join(folder.as_deref().unwrap_or("migrations")).ok());
    }
    if let Some((folder, evidence)) = configured(tree, &workspace.root) {
        tool = tool.or(Some("diesel"));
        at = at.or(Some(evidence));
        folders.insert(0, folder);
    }
    for package in &program.closure {
        folders.extend(package.root.join("migrations").ok());
    }
    folders.extend(workspace.root.join("migrations").ok());
    let (folder, first) = folders.iter().find_map(|folder| {
        let mut files = tree
            .with_extension("sql")
            .filter(|path| path.is_within(folder));
        files.next().map(|first| (folder.clone(), first.clone()))
    })?;
    let required = |name: &str| {
        program
            .closure
            .iter()
            .any(|package| package.requires(name).is_some())
    };
    let tool = tool.or_else(|| {
        ["sqlx", "diesel", "refinery"]
            .into_iter()
            .find(|name| required(name))
    })?;
    let other = workspace.packages.iter().find_map(|package| {
        let bin = package
            .bins
            .iter()
            .find(|bin| MIGRATES.contains(&bin.name.as_str()) && bin.path != program.bin.path)?;
        Some((package.name.clone(), bin.name.clone()))
    });
    let commands = program.files.iter().flat_map(|file| &file.commands);
    let own = commands
        .clone()
        .find(|(name, _)| MIGRATES.contains(&name.as_str()))
        .map(|(name, _)| format!("{} {name}", program.bin.name));
    let because = match (&other, &own, applied) {
        (Some((_, name)), ..) => format!("the program {name} is about it"),
        (None, Some(_), _) => "a command of the program is about it".to_owned(),
        (None, None, Some(_)) => "the program applies them itself when it starts".to_owned(),
        (None, None, None) => {
            let by_hand = match tool {
                "sqlx" => "sqlx migrate run",
                "diesel" => "diesel migration run",
                _ => "refinery migrate",
            };
            format!("nothing in the code applies them: by hand, with `{by_hand}`")
        }
    };
    let migration = Migration {
        tool: tool.to_owned(),
        command: other.as_ref().map(|(_, name)| name.clone()).or(own),
        folder,
    };
    let at = at.unwrap_or_else(|| Evidence::file(first));
    let fact = Fact::new(migration, Confidence::Certain, vec![at]).because(because);
    Some(Applied { fact, other })
}

/// The folder that `diesel.toml` names.
fn configured(tree: &Tree, root: &RelPath) -> Option<(RelPath, Evidence)> {
    let path = root.join("diesel.toml").ok()?;
    let document = structured::toml(tree, &path)?;
    let said = document.entry_at(&["migrations_directory", "dir"]);
    let folder = said
        .and_then(|entry| entry.node.text())
        .unwrap_or("migrations");
    let line = said.map_or(0, |entry| entry.line);
    let at = if line == 0 {
        Evidence::file(path)
    } else {
        tree.at(&path, line)
    };
    Some((root.join(folder).ok()?, at))
}

/// The package that sea-orm's migrations are kept in, a program of its own.
fn sea_orm(workspace: &Workspace, program: &Program) -> Option<Applied> {
    let package = workspace
        .packages
        .iter()
        .find(|package| package.requires("sea-orm-migration").is_some() && package.lib.is_some())?;
    let at = package.requires("sea-orm-migration")?.declared.clone();
    let applied = program.files.iter().find_map(|file| {
        file.migrates
            .as_ref()
            .filter(|(tool, ..)| *tool == "sea-orm")
    });
    let bin = package.bins.first().filter(|_| applied.is_none());
    let other = bin.map(|bin| (package.name.clone(), bin.name.clone()));
    let because = if applied.is_some() {
        "the program applies them itself when it starts"
    } else {
        "the package of the migrations is a program that applies them"
    };
    let migration = Migration {
        tool: "sea-orm".to_owned(),
        command: bin.map(|bin| format!("{} up", bin.name)),
        folder: package.root.clone(),
    };
    let fact = Fact::certain(migration, at).because(because);
    Some(Applied { fact, other })
}
