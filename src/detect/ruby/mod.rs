//! Ruby: applications of Rails and of Rack with their workers and schedulers, and gems.

mod application;
mod checks;
mod database;
mod erb;
mod files;
mod gemfile;
mod health;
mod lock;
mod migration;
mod packages;
mod process;
mod read;
mod server;
mod service;
mod settings;
mod source;
mod version;
mod worker;

use super::{Found, Tree};
use crate::project::{Evidence, Existing, Fact, Library, PackageManager};
use application::{Application, Shape};

/// Looks for everything of Ruby in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    if application::manifests(tree).next().is_some() {
        projects(tree, existing, found);
    }
}

/// Out of line, so that a tree without a project of Ruby loads none of this.
#[inline(never)]
fn projects(tree: &Tree, existing: &Existing, found: &mut Found) {
    for application in &application::all(tree, existing) {
        match application.shape() {
            Shape::Other => {}
            shape @ Shape::Gem => found.libraries.push(library(application, &shape)),
            shape => {
                let services = service::services(application, &shape, found);
                found.services.extend(services);
            }
        }
    }
}

fn manager(application: &Application<'_>) -> Fact<PackageManager> {
    let mut fact = Fact::certain(
        PackageManager::Bundler,
        Evidence::file(application.gemfile.path.clone()),
    );
    let lock = application.lock.as_ref().map(|lock| lock.path.clone());
    fact.evidence.extend(lock.map(Evidence::file));
    fact
}

/// A gem: nothing of it runs as a container.
fn library(application: &Application<'_>, shape: &Shape) -> Library {
    let spec = application.gemspec.as_ref();
    let name = spec.and_then(|spec| spec.name.clone());
    Library {
        name: match (name, spec) {
            (Some((name, at)), _) => Fact::certain(name, at),
            (None, Some(spec)) => Fact::likely(
                spec.path.stem().to_owned(),
                Evidence::file(spec.path.clone()),
            ),
            (None, None) => Fact::guess(
                application.root.file_name().to_owned(),
                "the name of its folder",
            ),
        },
        root: application.root.clone(),
        ecosystem: "ruby",
        framework: None,
        package_manager: Some(manager(application)),
        runtime_version: version::find(application),
        test: checks::test(application, shape),
        lint: checks::lint(application),
        build: None,
    }
}
