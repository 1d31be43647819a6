//! Notebooks and pipelines: what researchers keep in a repository and run by hand. Nothing of it answers a request.

mod dvc;
mod nextflow;
mod notebook;
pub(in crate::detect) mod quarto;
mod snakemake;

use super::python::{self, Declared};
use super::{Found, Tree};
use crate::project::{
    Evidence, Existing, Fact, Library, LintCommand, RelPath, ServiceKind, TestCommand,
};

/// What a tool says of a folder.
struct Workflow {
    framework: Fact<String>,
    root: RelPath,
    /// The command that goes through everything without running it.
    test: Option<Fact<String>>,
    lint: Vec<Fact<String>>,
}

/// Looks for notebooks and pipelines in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let mut workflows: Vec<Workflow> = snakemake::find(tree);
    workflows.extend(nextflow::find(tree));
    workflows.extend(dvc::find(tree, found));
    let mut roots: Vec<RelPath> = Vec::new();
    for workflow in workflows {
        // Of two tools in one folder the first goes through what the other does.
        if roots.contains(&workflow.root) {
            continue;
        }
        roots.push(workflow.root.clone());
        // What a pipeline runs is no service, though it is a script.
        found.services.retain(|service| {
            service.kind.value != ServiceKind::Job || !service.root.is_within(&workflow.root)
        });
        let package = of_workflow(tree, existing, workflow);
        found.packages.push(package);
    }
    let runs = |kind| kind != ServiceKind::Job;
    if !found.services.iter().any(|one| runs(one.kind.value)) {
        rendered(tree, existing, found);
    }
    let is_empty = found.libraries.is_empty() && found.packages.is_empty();
    if is_empty
        && !super::static_site::is_generated(tree)
        && !found.services.iter().any(|one| runs(one.kind.value))
    {
        notebook::find(tree, existing, found);
    }
}

/// A project of Quarto at the root whose documents run code.
fn rendered(tree: &Tree, existing: &Existing, found: &mut Found) {
    let Some(quarto) = quarto::read(tree, &RelPath::root()) else {
        return;
    };
    let Some((ecosystem, _)) = quarto.runs else {
        return;
    };
    let framework = Fact::certain("quarto".to_owned(), quarto.at);
    let of_root = |one: &&mut Library| one.root.is_root() && one.ecosystem == ecosystem;
    if let Some(known) = found.packages.iter_mut().find(of_root) {
        known.framework.get_or_insert(framework);
        return;
    }
    if !found.libraries.is_empty() {
        return;
    }
    // Scripts beside documents are run by hand, too.
    found.services.clear();
    let declared = if ecosystem == "python" {
        python::declared(tree, existing, &RelPath::root())
    } else {
        Declared::default()
    };
    found.packages.push(Library {
        name: Fact::guess(String::new(), "its manifest does not name it"),
        root: RelPath::root(),
        ecosystem,
        framework: Some(framework),
        package_manager: declared.manager,
        runtime_version: declared.version,
        test: declared.test,
        lint: Vec::new(),
        build: None,
    });
}

fn of_workflow(tree: &Tree, existing: &Existing, workflow: Workflow) -> Library {
    let ecosystem = if workflow.framework.value == "nextflow" {
        "nextflow"
    } else {
        "python"
    };
    let declared = if ecosystem == "python" {
        python::declared(tree, existing, &workflow.root)
    } else {
        Declared::default()
    };
    let root = workflow.root;
    let test = workflow.test.map(|fact| {
        fact.map(|command| TestCommand {
            command,
            working_dir: root.clone(),
            runner: workflow.framework.value.clone(),
        })
    });
    let lint = workflow.lint.into_iter().map(|fact| {
        fact.map(|command| LintCommand {
            command,
            working_dir: root.clone(),
        })
    });
    Library {
        name: Fact::guess(root.file_name().to_owned(), "the name of its folder"),
        ecosystem,
        framework: Some(workflow.framework),
        package_manager: declared.manager,
        runtime_version: declared.version,
        test: test.or(declared.test),
        lint: lint.collect(),
        build: None,
        root,
    }
}

/// Evidence at the first line of a file that holds `word`.
fn line_with(tree: &Tree, path: &RelPath, word: &str) -> Evidence {
    let text = tree.text(path);
    let mut lines = text.as_deref().unwrap_or_default().lines();
    match lines.position(|line| line.contains(word)) {
        Some(index) => tree.at(path, index + 1),
        None => Evidence::file(path.clone()),
    }
}
