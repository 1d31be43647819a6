//! How the database's schema is migrated.

use super::code::Code;
use super::manifest::{Package, Section};
use super::role;
use crate::project::{Evidence, Fact, Migration, RelPath};

/// The migration tool of a project; `entry` is what `flask --app` is given.
pub(super) fn find(
    code: &Code<'_>,
    package: &Package,
    framework: &str,
    entry: Option<&str>,
) -> Option<Fact<Migration>> {
    let root = &package.root;
    if framework == "django" {
        let folder = code
            .tree
            .named("__init__.py")
            .map(RelPath::parent)
            .find(|folder| {
                folder.file_name() == "migrations"
                    && folder.is_within(root)
                    && !role::beside(&folder.parent())
            })?;
        return Some(Fact::certain(
            Migration {
                tool: "django".to_owned(),
                command: Some("python manage.py migrate --noinput".to_owned()),
                folder: folder.clone(),
            },
            Evidence::file(folder),
        ));
    }
    if let Some(requirement) = package.any("flask-migrate")
        && let Some(folder) = folder(code, root, &["migrations"])
    {
        let app = entry.map_or_else(String::new, |entry| format!("--app '{entry}' "));
        return Some(Fact::certain(
            Migration {
                tool: "flask-migrate".to_owned(),
                command: Some(format!("flask {app}db upgrade")),
                folder,
            },
            requirement.declared.clone(),
        ));
    }
    let ini = root.join("alembic.ini").ok()?;
    if let Some(text) = code.tree.text(&ini) {
        let sections = Section::read_all(&text).unwrap_or_default();
        let location = sections
            .iter()
            .find(|section| section.name == "alembic")
            .and_then(|section| section.get("script_location"))
            .map(|text| text.trim().replace("%(here)s/", ""));
        let folder = location
            .and_then(|text| root.join(&text).ok())
            .filter(|folder| code.tree.has_folder(folder))
            .or_else(|| folder(code, root, &["alembic", "migrations"]))?;
        let line = text
            .lines()
            .position(|line| line.trim_start().starts_with("script_location"))
            .map_or(0, |index| index + 1);
        return Some(Fact::certain(
            Migration {
                tool: "alembic".to_owned(),
                command: Some("alembic upgrade head".to_owned()),
                folder,
            },
            Evidence::new(ini, line, "script_location"),
        ));
    }
    let supabase = package.any("supabase");
    let plain = RelPath::parse("supabase/migrations").ok()?;
    if let Some(requirement) = supabase
        && code.tree.has_folder(&plain)
    {
        return Some(Fact::new(
            Migration {
                tool: "supabase".to_owned(),
                command: None,
                folder: plain.clone(),
            },
            crate::project::Confidence::Certain,
            vec![Evidence::file(plain), requirement.declared.clone()],
        ));
    }
    None
}

fn folder(code: &Code<'_>, root: &RelPath, names: &[&str]) -> Option<RelPath> {
    names
        .iter()
        .filter_map(|name| root.join(name).ok())
        .find(|path| code.tree.has_folder(path))
}
