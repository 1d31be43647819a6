//! Go: the programs of each module, those that serve and those that work, with everything that
//! runs them.

mod migration;
mod module;
mod paths;
mod serve;
mod service;
mod source;
mod value;
mod variables;
mod viper;

pub(super) use module::unversioned;

use super::{Found, Tree};
use crate::project::{
    Evidence, Existing, Fact, Library, LintCommand, PackageManager, RelPath, TestCommand,
};
use module::Module;

/// What the module at the root is called, without the number of its version.
pub(super) fn name(tree: &Tree) -> Option<(String, Evidence)> {
    let (path, at) = module::named(tree, &RelPath::parse("go.mod").ok()?)?;
    Some((unversioned(&path).to_owned(), at))
}

/// Looks for everything of Go in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let modules = module::modules(tree);
    for module in &modules {
        let services = service::Search {
            tree,
            existing,
            module,
            alone: modules.len() == 1,
        }
        .services(found);
        // Hugo names its themes in a module without a source.
        let mut sources = tree.with_extension("go");
        if services.is_empty() && sources.any(|path| path.is_within(&module.root)) {
            found.libraries.push(library(tree, module));
        }
        found.services.extend(services);
    }
}

/// A module without a program that runs as a container.
fn library(tree: &Tree, module: &Module) -> Library {
    let last = module.binary(&module.root);
    Library {
        name: Fact::certain(last, module.at.clone()),
        root: module.root.clone(),
        ecosystem: "go",
        framework: None,
        package_manager: Some(manager(tree, module)),
        runtime_version: module.version.clone(),
        test: test(module),
        lint: lint(module),
        build: None,
    }
}

fn manager(tree: &Tree, module: &Module) -> Fact<PackageManager> {
    let mut fact = Fact::certain(PackageManager::Go, module.at.clone());
    fact.evidence.extend(lock(tree, module).map(Evidence::file));
    fact
}

/// The checksums of everything that is required.
fn lock(tree: &Tree, module: &Module) -> Option<RelPath> {
    let path = module.root.join("go.sum").ok()?;
    tree.has(&path).then_some(path)
}

fn test(module: &Module) -> Option<Fact<TestCommand>> {
    module.is_tested.then(|| {
        Fact::certain(
            TestCommand {
                command: "go test ./...".to_owned(),
                working_dir: module.root.clone(),
                runner: "go".to_owned(),
            },
            module.at.clone(),
        )
        .because("the tests of every package of the module")
    })
}

fn lint(module: &Module) -> Vec<Fact<LintCommand>> {
    let command = LintCommand {
        command: "go vet ./...".to_owned(),
        working_dir: module.root.clone(),
    };
    vec![Fact::likely(command, module.at.clone()).because("it comes with the Go toolchain")]
}
