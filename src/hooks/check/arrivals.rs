//! What just arrived asks for: dependencies to install anew, migrations to apply.

use super::arrival::{Arrival, Kind, Migration};
use super::{Finding, Options};

const ID: &str = "arrivals";

/// What changes when each of these files does, and the command that follows it.
const LOCKS: &[(&str, &str)] = &[
    ("package-lock.json", "npm ci"),
    ("npm-shrinkwrap.json", "npm ci"),
    ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
    ("yarn.lock", "yarn install"),
    ("bun.lock", "bun install --frozen-lockfile"),
    ("bun.lockb", "bun install --frozen-lockfile"),
    ("deno.lock", "deno install --frozen"),
    ("uv.lock", "uv sync --locked"),
    ("poetry.lock", "poetry install"),
    ("pdm.lock", "pdm sync"),
    ("Pipfile.lock", "pipenv sync --dev"),
    ("environment.yml", "conda env update --file environment.yml"),
    ("Cargo.lock", "cargo fetch --locked"),
    ("go.sum", "go mod download"),
    ("Gemfile.lock", "bundle install"),
    ("composer.lock", "composer install"),
    ("mix.lock", "mix deps.get"),
    ("pubspec.lock", "dart pub get"),
    ("packages.lock.json", "dotnet restore --locked-mode"),
];

/// Folders of migrations by custom: what the path holds, how a migration's name ends, and the
/// command where the project says none.
const MIGRATIONS: &[(&str, &str, &str)] = &[
    ("supabase/migrations/", ".sql", "supabase migration up"),
    ("prisma/migrations/", ".sql", "npx prisma migrate deploy"),
    ("db/migrate/", ".rb", "bin/rails db:migrate"),
    ("alembic/versions/", ".py", "alembic upgrade head"),
    ("migrations/versions/", ".py", ""),
    ("migrations/", ".py", ""),
    ("migrations/", ".sql", ""),
    ("migrations/", ".js", ""),
    ("migrations/", ".ts", ""),
    ("migrations/", ".php", ""),
];

pub(super) fn look(arrival: &Arrival<'_>, _: &Options) -> Vec<Finding> {
    let mut found = locks(arrival);
    found.extend(migrations(arrival));
    found
}

fn locks(arrival: &Arrival<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, kind) in arrival.changed {
        if *kind == Kind::Removed {
            continue;
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let command = if path == ".gitmodules" {
            "git submodule update --init --recursive".to_owned()
        } else if let Some((_, command)) = LOCKS.iter().find(|(lock, _)| *lock == name) {
            (*command).to_owned()
        } else if is_requirements(path, folder, name) {
            // Names in requirements/ are seen from above, where the environment is.
            found.push(said(path, &format!("pip install -r {}", word(path))));
            continue;
        } else {
            continue;
        };
        found.push(said(path, &inside(folder, &command)));
    }
    found
}

fn said(path: &str, mend: &str) -> Finding {
    Finding::error(ID, "dependencies changed", mend)
        .at(path, None)
        .warning()
}

fn is_requirements(path: &str, folder: &str, name: &str) -> bool {
    let stem = name.strip_suffix(".txt");
    stem.is_some_and(|stem| stem.starts_with("requirements") || stem.ends_with("requirements"))
        || (stem.is_some() && (folder == "requirements" || path.contains("/requirements/")))
}

/// One finding per command: what matters is that there are new ones.
fn migrations(arrival: &Arrival<'_>) -> Vec<Finding> {
    let mut by_mend: Vec<(String, Vec<&str>)> = Vec::new();
    for (path, kind) in arrival.changed {
        if *kind != Kind::Added {
            continue;
        }
        let Some(mend) = migration(path, arrival) else {
            continue;
        };
        match by_mend.iter_mut().find(|(known, _)| *known == mend) {
            Some((_, paths)) => paths.push(path),
            None => by_mend.push((mend, vec![path])),
        }
    }
    by_mend
        .into_iter()
        .map(|(mend, paths)| {
            let message = match paths.len() {
                1 => "a migration is new".to_owned(),
                count => format!("a migration is new, and {} more", count - 1),
            };
            Finding::error(ID, message, mend)
                .at(paths[0], None)
                .warning()
        })
        .collect()
}

/// The command that applies the migration at `path`; None where it is none.
fn migration(path: &str, arrival: &Arrival<'_>) -> Option<String> {
    let custom = MIGRATIONS
        .iter()
        .find(|(folder, end, _)| {
            path.ends_with(end)
                && (path.starts_with(folder) || path.contains(&format!("/{folder}")))
                && !path.ends_with("/__init__.py")
                && !path.ends_with("/env.py")
        })
        .map(|(.., command)| *command);
    let has_command = |known: &&Migration| known.command.is_some();
    let mut of_project = arrival.migrations.iter().filter(has_command);
    let known = arrival
        .migrations
        .iter()
        .find(|known| path.starts_with(&format!("{}/", known.folder)))
        // Another folder of the only service that migrates: each of Django's applications has one.
        .or_else(|| match (custom, of_project.next(), of_project.next()) {
            (Some(""), Some(only), None) => Some(only),
            _ => None,
        });
    let command = match (known, custom) {
        (None, None) => return None,
        (Some(known), _) if known.command.is_some() => {
            let command = known.command.as_deref().unwrap_or_default();
            return Some(inside(&known.working_dir, command));
        }
        (_, Some(command)) if !command.is_empty() => command,
        _ => "apply it to the databases that you work with, as this project does",
    };
    // Those commands are run from above the folder that they name.
    let above = custom
        .and_then(|_| MIGRATIONS.iter().find(|(.., known)| *known == command))
        .and_then(|(folder, ..)| path.split_once(folder))
        .map_or("", |(above, _)| above.trim_end_matches('/'));
    Some(inside(above, command))
}

fn inside(folder: &str, command: &str) -> String {
    if folder.is_empty() || folder == "." {
        command.to_owned()
    } else {
        format!("cd {} && {command}", word(folder))
    }
}

fn word(text: &str) -> String {
    shell_words::quote(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mends(changed: &[(&str, Kind)], migrations: &[Migration]) -> Vec<(String, String)> {
        let changed: Vec<(String, Kind)> = changed
            .iter()
            .map(|(path, kind)| ((*path).to_owned(), *kind))
            .collect();
        let arrival = Arrival {
            changed: &changed,
            migrations,
        };
        look(&arrival, &Options::default())
            .into_iter()
            .map(|finding| (finding.path.unwrap().to_string(), finding.mend))
            .collect()
    }

    fn one(path: &str) -> Option<String> {
        let found = mends(&[(path, Kind::Added)], &[]);
        found.into_iter().next().map(|(_, mend)| mend)
    }

    #[test]
    fn each_lock_has_the_command_of_its_folder() {
        let is = |path: &str, mend: &str| assert_eq!(one(path).as_deref(), Some(mend), "{path}");
        is("uv.lock", "uv sync --locked");
        is("web app/yarn.lock", "cd 'web app' && yarn install");
        is(
            "api/requirements.txt",
            "pip install -r api/requirements.txt",
        );
        is(
            "requirements/dev.txt",
            "pip install -r requirements/dev.txt",
        );
        is(".gitmodules", "git submodule update --init --recursive");
        assert_eq!(one("src/main.rs"), None);
        assert_eq!(one("docs/notes.txt"), None);
        assert_eq!(mends(&[("uv.lock", Kind::Removed)], &[]), []);
    }

    #[test]
    fn migrations_are_said_once_per_command() {
        let new = [
            ("shop/migrations/0002_a.py", Kind::Added),
            ("shop/migrations/0003_b.py", Kind::Added),
            ("shop/migrations/__init__.py", Kind::Added),
            ("shop/migrations/0001_x.py", Kind::Modified),
        ];
        let django = Migration {
            folder: "shop/migrations".to_owned(),
            working_dir: "backend".to_owned(),
            command: Some("python manage.py migrate".to_owned()),
        };
        let found = mends(&new, &[django]);
        let expected = (
            "shop/migrations/0002_a.py".to_owned(),
            "cd backend && python manage.py migrate".to_owned(),
        );
        assert_eq!(found, [expected]);
        assert_eq!(
            one("x/supabase/migrations/1.sql").as_deref(),
            Some("cd x && supabase migration up")
        );
        assert!(
            one("db/migrations/1.sql")
                .unwrap()
                .contains("as this project does")
        );
        assert_eq!(one("migrations/README.md"), None);
    }
}
