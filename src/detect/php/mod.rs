//! PHP: applications of a framework and plain pages, with their workers and what runs at times; what
//! answers no request is a library.

mod checks;
mod extension;
mod framework;
mod manifest;
mod migration;
mod needs;
mod service;
mod settings;
mod source;
mod variables;
mod version;
mod writable;

use super::{Found, Tree};
use crate::project::{Evidence, Existing, Fact, Library, PackageManager, RelPath};
use manifest::Package;

/// Adds what each package is; pages without a manifest count where nothing else runs in their folder.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    if tree.with_extension("php").next().is_none() && tree.named("composer.json").next().is_none() {
        return;
    }
    projects(tree, existing, found);
}

/// Apart, because every start runs [`look`], and most find nothing of PHP: this need not come into memory then.
#[inline(never)]
fn projects(tree: &Tree, existing: &Existing, found: &mut Found) {
    let mut packages = manifest::packages(tree);
    packages.extend(pages(tree, &packages, found));
    let mut roots: Vec<&RelPath> = Vec::new();
    for package in &packages {
        let inner: Vec<&RelPath> = packages
            .iter()
            .map(|other| &other.root)
            .filter(|root| **root != package.root && root.is_within(&package.root))
            .collect();
        let services = service::Search {
            tree,
            existing,
            package,
            inner: &inner,
            alone: packages.len() == 1,
        }
        .services();
        let is_inside = roots.iter().any(|outer| package.root.is_within(outer));
        if services.is_empty() && !is_inside && package.path.is_some() {
            found.libraries.push(library(tree, existing, package));
        }
        roots.push(&package.root);
        found.services.extend(services);
    }
}

/// Pages that nothing of the tree has a manifest for, in the outermost folder.
fn pages(tree: &Tree, packages: &[Package], found: &Found) -> Option<Package> {
    let nobodys = |folder: &RelPath| {
        !super::beside::beside_or_hidden(folder)
            && !super::beside::pattern(folder)
            && !packages
                .iter()
                .any(|package| folder.is_within(&package.root))
            && !found
                .services
                .iter()
                .any(|service| folder.is_within(&service.root))
            && !found
                .libraries
                .iter()
                .any(|library| folder.is_within(&library.root))
    };
    let index = tree
        .named("index.php")
        .filter(|path| path.depth() <= 3 && nobodys(&path.parent()))
        // One that only keeps visitors out of a folder.
        .filter(|path| {
            tree.text(path)
                .is_some_and(|text| text.contains("<?") && text.len() > 60)
        })
        .min_by_key(|path| path.depth())?;
    let folder = index.parent();
    let root = match folder.file_name() {
        "public" | "web" | "htdocs" | "public_html" | "www" => folder.parent(),
        _ => folder,
    };
    Some(Package::pages(root))
}

fn library(tree: &Tree, existing: &Existing, package: &Package) -> Library {
    let images = service::images(existing, &package.root, true);
    let checks = checks::Checks { tree, package };
    Library {
        name: package.name(tree),
        root: package.root.clone(),
        ecosystem: "php",
        framework: None,
        package_manager: manager(package),
        runtime_version: version::find(tree, package, &images),
        test: checks.test(),
        lint: checks.lint(),
        build: None,
    }
}

fn manager(package: &Package) -> Option<Fact<PackageManager>> {
    let manifest = package.path.clone()?;
    let mut fact = Fact::certain(PackageManager::Composer, Evidence::file(manifest));
    fact.evidence
        .extend(package.lock.clone().map(Evidence::file));
    Some(fact)
}
