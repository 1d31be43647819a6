//! Notebooks and pipelines: what researchers keep in a repository and run by hand. Nothing of it answers a request.

mod dvc;
mod nextflow;
mod notebook;
pub(in crate::detect) mod quarto;
mod snakemake;

use super::python::{self, Declared};
use super::{Found, Tree};
use crate::project::{
    Claim, Confidence, Evidence, Existing, Fact, Library, LintCommand, PackageManager, RelPath,
    ServiceKind, TestCommand,
};

/// What a tool says of a folder.
struct Workflow {
    framework: Fact<String>,
    root: RelPath,
    /// The command that goes through everything without running it.
    test: Option<Fact<String>>,
    lint: Vec<Fact<String>>,
}

/// Files that say what is done with what lies beside them.
const NAMED: &[&str] = &[
    "Snakefile",
    "main.nf",
    "dvc.yaml",
    "_quarto.yml",
    "_quarto.yaml",
];

/// Looks for notebooks and pipelines in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let is_there = NAMED.iter().any(|name| tree.named(name).next().is_some())
        || tree.with_extension("ipynb").next().is_some()
        || dvc::configurations(tree).next().is_some();
    if is_there {
        all(tree, existing, found);
    }
}

/// Apart, because every start runs [`look`], and most find nothing: this need not come into memory then.
#[inline(never)]
fn all(tree: &Tree, existing: &Existing, found: &mut Found) {
    found.findings.extend(dvc::open_remotes(tree));
    let mut workflows: Vec<Workflow> = snakemake::find(tree);
    workflows.extend(nextflow::find(tree));
    workflows.extend(dvc::find(tree));
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
    let mut services = found.services.iter();
    if services.any(|one| one.kind.value != ServiceKind::Job) {
        return;
    }
    rendered(tree, existing, found);
    let mut packages = found.libraries.iter().chain(&found.packages);
    if !packages.any(is_code) && !super::static_site::is_generated(tree) {
        notebook::find(tree, existing, found);
    }
}

/// Whether it is what a repository is there for; packages of Node.js bring tools for documents, too.
fn is_code(package: &Library) -> bool {
    package.ecosystem != "node"
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
    if found.libraries.iter().any(is_code) {
        return;
    }
    // Scripts beside documents are run by hand, too.
    found.services.clear();
    let package = by_hand(tree, existing, RelPath::root(), ecosystem, framework);
    found.packages.push(package);
}

fn of_workflow(tree: &Tree, existing: &Existing, workflow: Workflow) -> Library {
    let ecosystem = if workflow.framework.value == "nextflow" {
        "nextflow"
    } else {
        "python"
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
    let lint = lint.collect();
    let package = by_hand(tree, existing, root, ecosystem, workflow.framework);
    Library {
        test: test.or(package.test),
        lint,
        ..package
    }
}

/// repo2docker takes an environment of conda before a file of requirements, and so do its readers.
/// <https://repo2docker.readthedocs.io/en/latest/configuration/>
fn conda_first(fact: Fact<PackageManager>) -> Fact<PackageManager> {
    let conda = fact.against.iter().find(|claim| claim.value == "conda");
    let Some(conda) = conda.filter(|_| fact.value == PackageManager::Pip) else {
        return fact;
    };
    Fact::new(
        PackageManager::Conda,
        Confidence::Certain,
        conda.evidence.clone(),
    )
    .against(Claim {
        value: "pip".to_owned(),
        evidence: fact.evidence,
    })
    .because("where both are, an environment of conda is installed")
}

/// What is run by hand in `root`, in the environment that the manifests of Python declare where it is one of Python.
fn by_hand(
    tree: &Tree,
    existing: &Existing,
    root: RelPath,
    ecosystem: &'static str,
    framework: Fact<String>,
) -> Library {
    let mut declared = if ecosystem == "python" {
        python::declared(tree, existing, &root)
    } else {
        Declared::default()
    };
    declared.manager = declared.manager.map(conda_first);
    Library {
        name: Fact::guess(root.file_name().to_owned(), "the name of its folder"),
        root,
        ecosystem,
        framework: Some(framework),
        package_manager: declared.manager,
        runtime_version: declared.version,
        test: declared.test,
        lint: Vec::new(),
        build: None,
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

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::detect::detect;

    /// What the packages of a tree with a notebook and these files are made for.
    fn made_for(files: &[(&str, &str)]) -> Vec<Option<String>> {
        let folder = tempfile::tempdir().unwrap();
        let notebook =
            r#"{"cells": [], "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}"#;
        for (name, text) in files.iter().chain(&[("tide.ipynb", notebook)]) {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let project = detect(folder.path(), &Config::default()).unwrap();
        let packages = project.packages.into_iter();
        packages
            .map(|one| one.framework.map(|fact| fact.value))
            .collect()
    }

    #[test]
    fn notebooks_are_what_a_tree_is_there_for_where_nothing_runs() {
        let jupyter = Some("jupyter".to_owned());
        assert_eq!(made_for(&[]), std::slice::from_ref(&jupyter));
        let server = [
            ("package.json", r#"{"dependencies": {"express": "4"}}"#),
            (
                "server.js",
                "const app = require('express')();\napp.listen(3000);\n",
            ),
        ];
        assert_eq!(made_for(&server), []);
        let tools =
            r#"{"scripts": {"lint": "prettier --check ."}, "devDependencies": {"prettier": "3"}}"#;
        assert!(made_for(&[("package.json", tools)]).contains(&jupyter));
    }
}
