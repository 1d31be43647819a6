//! The project's own scripts for seeding and for backups.

use super::Tree;
use super::beside::beside;
use crate::project::{Confidence, Evidence, Existing, Fact, RelPath, Scripts};

/// Folders in which such scripts lie by custom, beside the root.
const FOLDERS: &[&str] = &["scripts", "script", "bin", "tools", "ops", "db", "database"];

/// Finds one script for each purpose.
pub(super) fn find(tree: &Tree, existing: &Existing) -> Scripts {
    Scripts {
        seed: script(tree, existing, "seed"),
        backup: script(tree, existing, "backup"),
    }
}

/// A script named for `purpose`, else a Makefile target, else a Django command.
fn script(tree: &Tree, existing: &Existing, purpose: &str) -> Option<Fact<String>> {
    let named = tree
        .files()
        .filter(|path| is_named(path, purpose))
        .filter(|path| {
            let folder = path.parent();
            folder.is_root() || FOLDERS.contains(&folder.file_name()) && !beside(&folder)
        })
        .filter_map(|path| Some((path, command(tree, path)?)))
        .min_by_key(|(path, _)| (path.depth(), path.as_str().len()));
    if let Some((path, command)) = named {
        return Some(Fact::certain(command, Evidence::file(path.clone())));
    }
    let target = existing.makefile.as_ref().and_then(|makefile| {
        makefile
            .entries
            .iter()
            .find(|target| target.excerpt == purpose)
    });
    if let Some(target) = target {
        return Some(Fact::certain(format!("make {purpose}"), target.clone()));
    }
    let django = tree.with_extension("py").find(|path| {
        path.parent().as_str().ends_with("management/commands") && is_named(path, purpose)
    })?;
    let manage = tree
        .named("manage.py")
        .filter(|manage| django.is_within(&manage.parent()))
        .max_by_key(|manage| manage.depth())?;
    Some(Fact::new(
        format!("python {manage} {}", django.stem()),
        Confidence::Certain,
        vec![Evidence::file(django.clone())],
    ))
}

/// `seed.py`, `seed_data.sh`, `seed-db`, `db_seed.py`.
fn is_named(path: &RelPath, purpose: &str) -> bool {
    let stem = path.stem();
    stem == purpose
        || stem
            .split(['-', '_'])
            .collect::<Vec<_>>()
            .split_first()
            .is_some_and(|(first, rest)| *first == purpose || rest.last() == Some(&purpose))
}

/// How it is run from the root; None for a file that is no script.
fn command(tree: &Tree, path: &RelPath) -> Option<String> {
    let text = tree.text(path)?;
    let shebang = text.lines().next().filter(|line| line.starts_with("#!"));
    let by_shebang = |name: &str| shebang.is_some_and(|line| line.contains(name));
    let program = match path.extension() {
        // A module of a package is no script.
        "py" if shebang.is_some() || text.contains("__main__") => "python",
        "sh" | "bash" | "" if by_shebang("bash") => "bash",
        "sh" => "sh",
        "" if by_shebang("python") => "python",
        "" if by_shebang("sh") => "sh",
        _ => return None,
    };
    Some(format!(
        "{program} {}",
        super::shell::join(&[path.to_string()])
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_what_a_script_is_for() {
        let path = |text: &str| RelPath::parse(text).unwrap();
        for name in ["seed.py", "seed_data.sh", "db-seed", "seed"] {
            assert!(is_named(&path(name), "seed"), "{name}");
        }
        for name in ["seeds.py", "reseed.py", "birdseedling.sh"] {
            assert!(!is_named(&path(name), "seed"), "{name}");
        }
    }
}
