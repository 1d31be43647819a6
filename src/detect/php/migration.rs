//! How the schema of an application of PHP is migrated.

use super::framework::Framework;
use super::manifest::Package;
use crate::detect::{Tree, structured};
use crate::project::{Evidence, Fact, Migration, RelPath};

/// The tool with its folder and the command that applies what is new.
pub(super) fn find(
    tree: &Tree,
    package: &Package,
    framework: Option<&Framework>,
) -> Option<Fact<Migration>> {
    let folder = |name: &str| {
        let folder = package.root.join(name).ok()?;
        let holds = |path: &RelPath| path.is_within(&folder);
        tree.with_extension("php").any(holds).then_some(folder)
    };
    let made = |tool: &str, command: &str, folder: RelPath, at: Evidence| {
        let migration = Migration {
            tool: tool.to_owned(),
            command: Some(command.to_owned()),
            folder,
        };
        Some(Fact::certain(migration, at))
    };
    if let Some(framework) = framework.filter(|one| matches!(one.name, "laravel" | "lumen")) {
        let folder = folder("database/migrations").or_else(|| folder("database/Migrations"))?;
        let at = Evidence::file(folder.clone());
        return made(framework.name, "php artisan migrate --force", folder, at);
    }
    if let Some(bundle) = package.runtime("doctrine/doctrine-migrations-bundle") {
        let folder = folder("migrations").or_else(|| folder("src/Migrations"))?;
        let command =
            "php bin/console doctrine:migrations:migrate --no-interaction --allow-no-migration";
        return made("doctrine", command, folder, bundle.declared.clone());
    }
    if let Some(phinx) = package.runtime("robmorgan/phinx") {
        let folder = phinx_folder(tree, package)?;
        let command = "vendor/bin/phinx migrate --environment production";
        return made("phinx", command, folder, phinx.declared.clone());
    }
    if let Some(doctrine) = package.runtime("doctrine/migrations") {
        let folder = folder("migrations").or_else(|| folder("db/migrations"))?;
        let command =
            "vendor/bin/doctrine-migrations migrate --no-interaction --allow-no-migration";
        return made("doctrine", command, folder, doctrine.declared.clone());
    }
    None
}

/// The folder that Phinx's configuration names.
/// <https://book.cakephp.org/phinx/0/en/configuration.html#migration-paths>
fn phinx_folder(tree: &Tree, package: &Package) -> Option<RelPath> {
    let here = "%%PHINX_CONFIG_DIR%%";
    let of_text = |text: &str| {
        let path = text.trim_start_matches(here).trim_start_matches('/');
        package.root.join(path).ok()
    };
    let yaml = ["phinx.yml", "phinx.yaml"]
        .iter()
        .find_map(|name| package.file(tree, name));
    if let Some(path) = yaml {
        let document = structured::yaml(tree, &path)?;
        return of_text(document.at(&["paths", "migrations"])?.text()?);
    }
    let path = package.file(tree, "phinx.php")?;
    let text = tree.text(&path)?;
    let named = text
        .lines()
        .find(|line| line.contains("migrations") && line.contains(here));
    let value = named.and_then(|line| {
        let (_, rest) = line.split_once(here)?;
        rest.split(['\'', '"']).next()
    });
    of_text(value.unwrap_or("db/migrations"))
}
