//! Which framework a package is made with, and which file answers its requests.

use super::manifest::Package;
use crate::detect::Tree;
use crate::project::{Confidence, Evidence, Fact, RelPath};

/// How an application made with it is known.
#[derive(Debug)]
pub(super) struct Framework {
    pub(super) name: &'static str,
    /// Its package on Packagist.
    package: &'static str,
}

/// Best known first.
const FRAMEWORKS: &[Framework] = &[
    of("laravel", "laravel/framework"),
    of("lumen", "laravel/lumen-framework"),
    of("symfony", "symfony/framework-bundle"),
    of("slim", "slim/slim"),
    of("cakephp", "cakephp/cakephp"),
    of("codeigniter", "codeigniter4/framework"),
    of("yii", "yiisoft/yii2"),
    of("laminas", "laminas/laminas-mvc"),
    of("mezzio", "mezzio/mezzio"),
    of("nette", "nette/application"),
    of("drupal", "drupal/core-recommended"),
    of("drupal", "drupal/core"),
    of("wordpress", "roots/wordpress"),
    of("wordpress", "johnpbloch/wordpress-core"),
    of("craft", "craftcms/cms"),
    of("typo3", "typo3/cms-core"),
    of("flight", "mikecao/flight"),
    of("flight", "flightphp/core"),
];

const fn of(name: &'static str, package: &'static str) -> Framework {
    Framework { name, package }
}

/// Folders of what is handed out, by custom of one framework or another; the last is the folder itself.
const FOLDERS: &[&str] = &[
    "public",
    "web",
    "webroot",
    "public_html",
    "htdocs",
    "www",
    "html",
    "p",
    "",
];

/// The framework, with the place that shows it.
pub(super) fn find(tree: &Tree, package: &Package) -> Option<(&'static Framework, Evidence)> {
    let required = FRAMEWORKS.iter().find_map(|framework| {
        let requirement = package.runtime(framework.package)?;
        Some((framework, requirement.declared.clone()))
    });
    required.or_else(|| {
        // Pages of WordPress have no manifest.
        let file = ["wp-config-sample.php", "wp-settings.php"]
            .iter()
            .find_map(|name| package.file(tree, name))?;
        let framework = FRAMEWORKS.iter().find(|one| one.name == "wordpress")?;
        Some((framework, Evidence::file(file)))
    })
}

/// The file that answers requests, relative to the package, and the folder of what is handed out: where
/// a Procfile or an image says it, else by custom.
pub(super) fn front_controller(
    tree: &Tree,
    package: &Package,
    said: Option<(RelPath, Evidence)>,
) -> Option<(Fact<String>, Fact<RelPath>)> {
    let found = |folder: RelPath, at: Option<Evidence>| {
        let file = folder
            .join("index.php")
            .ok()
            .filter(|path| tree.has(path))?;
        let below = file.below(&package.root)?;
        let place = Evidence::file(file);
        let (confidence, places) = match at {
            Some(at) => (Confidence::Certain, vec![at]),
            None => (Confidence::Likely, vec![place.clone()]),
        };
        let entry = Fact::certain(below.to_string(), place);
        Some((entry, Fact::new(folder, confidence, places)))
    };
    if let Some((folder, at)) = said
        && let Some(both) = found(folder, Some(at))
    {
        return Some(both);
    }
    FOLDERS.iter().find_map(|name| {
        let folder = package.root.join(name).ok()?;
        found(folder, None)
    })
}
