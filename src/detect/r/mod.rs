//! R: applications of Shiny and plumber, packages, and analyses that are run by hand.

mod app;
mod checks;
mod description;
mod files;
mod lock;
mod packages;
mod project;
mod server;
mod service;
mod settings;
mod source;
mod version;

use super::{Found, Tree};
use crate::project::{
    Confidence, Evidence, Existing, Fact, Library, PackageManager, RelPath, Unknown,
};
use app::App;
use project::RProject;

/// More applications than this in one project are a gallery, of which nobody can tell what is deployed.
const GALLERY: usize = 4;

/// Looks for everything of R in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let sources = ["R", "r", "Rmd"].map(|extension| tree.with_extension(extension).next());
    if sources.iter().all(Option::is_none) && tree.named("renv.lock").next().is_none() {
        return;
    }
    projects(tree, existing, found);
}

/// Apart, because every start runs [`look`], and most find nothing of R: this need not come into memory then.
#[inline(never)]
fn projects(tree: &Tree, existing: &Existing, found: &mut Found) {
    let apps = app::all(tree);
    let only = apps.len() == 1;
    let mut galleries: Vec<RelPath> = Vec::new();
    for project in project::all(tree, existing, &apps) {
        let mut own: Vec<&App> = apps.iter().filter(|app| project.is_of(app)).collect();
        if own.len() > GALLERY {
            found.unknown.push(gallery(&project, &own));
            galleries.push(project.root.clone());
            own.clear();
        } else if project.lock.is_none()
            && galleries.iter().any(|root| project.root.is_within(root))
        {
            // One of them, with a manifest to show.
            continue;
        }
        if project.is_library() {
            if !own.iter().any(|app| app.is_of_package(&project)) {
                found.libraries.push(library(&project));
                continue;
            }
            own.retain(|app| app.is_of_package(&project));
        }
        if own.is_empty() && project.has_manifest() {
            found.packages.push(library(&project));
        }
        for app in &own {
            let service = service::service(&project, app, only, found);
            found.services.push(service);
        }
    }
}

fn gallery(project: &RProject<'_>, apps: &[&App]) -> Unknown {
    let shown: Vec<String> = apps.iter().take(3).map(|app| app.at.to_string()).collect();
    Unknown {
        fact: "services".to_owned(),
        looked_at: vec![format!(
            "{} applications of R ({}, …) stand beside each other; which of them is deployed is written nowhere",
            apps.len(),
            shown.join(", ")
        )],
        answer_with:
            "run shipway in the folder of one, or [[service]] with name, root, entry and port"
                .to_owned(),
        root: Some(project.root.clone()),
    }
}

fn manager(project: &RProject<'_>) -> Option<Fact<PackageManager>> {
    if let Some(lock) = &project.lock {
        let at = Evidence::file(lock.path.clone());
        return Some(Fact::certain(PackageManager::Renv, at));
    }
    let at = match &project.description {
        Some(description) => Evidence::file(description.path.clone()),
        None => project.requirements.first()?.declared.clone(),
    };
    Some(
        Fact::new(PackageManager::Cran, Confidence::Likely, vec![at])
            .because("without a lock of renv, R's own installation of packages"),
    )
}

/// A package that others install, or an analysis: nothing of it runs as a container.
fn library(project: &RProject<'_>) -> Library {
    let description = project.description.as_ref();
    let name = description.and_then(|description| description.package.clone());
    Library {
        name: match name {
            Some((name, at)) => Fact::certain(name, at),
            None => Fact::guess(
                project.root.file_name().to_owned(),
                "the name of its folder",
            ),
        },
        root: project.root.clone(),
        ecosystem: "r",
        framework: None,
        package_manager: manager(project),
        runtime_version: version::find(project),
        test: checks::test(project),
        lint: checks::lint(project),
        build: None,
    }
}
