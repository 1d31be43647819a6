//! Snakemake: `Snakefile` or `workflow/Snakefile`, with the test case that a workflow brings.
//! <https://snakemake.readthedocs.io/en/stable/snakefiles/deployment.html>

use super::Workflow;
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::project::{Evidence, Fact, RelPath};

/// Every workflow that lies in no other one, the outermost first.
pub(super) fn find(tree: &Tree) -> Vec<Workflow> {
    let mut roots: Vec<(RelPath, RelPath)> = tree
        .named("Snakefile")
        .map(|path| {
            let folder = path.parent();
            let root = if folder.file_name() == "workflow" {
                folder.parent()
            } else {
                folder
            };
            (root, path.clone())
        })
        .filter(|(root, _)| !beside_or_hidden(root) && !pattern(root))
        .collect();
    roots.sort_by_key(|(root, path)| (root.depth(), path.clone()));
    let mut found: Vec<Workflow> = Vec::new();
    for (root, path) in roots {
        if found.iter().any(|outer| root.is_within(&outer.root)) {
            continue;
        }
        let at = Evidence::file(path);
        found.push(Workflow {
            framework: Fact::certain("snakemake".to_owned(), at.clone()),
            test: case(tree, &root),
            lint: vec![lint(tree, &root, at)],
            root,
        });
    }
    found
}

/// The folder `.test` holds configuration and small data; without it the inputs are where the data is.
fn case(tree: &Tree, root: &RelPath) -> Option<Fact<String>> {
    let folder = root.join(".test").ok()?;
    let config = configuration(tree, &folder)?;
    let usual = folder.join("config/config.yaml").ok()?;
    let option = if config == usual {
        String::new()
    } else {
        format!(" --configfile {}", word(&config, root))
    };
    let command = format!("snakemake --directory .test{option} --cores 1 --dry-run");
    Some(Fact::certain(command, Evidence::file(config)))
}

/// A file as a shell in `root` is told of it.
fn word(file: &RelPath, root: &RelPath) -> String {
    shell_words::quote(&file.relative_to(root)).into_owned()
}

fn configuration(tree: &Tree, folder: &RelPath) -> Option<RelPath> {
    let names = ["config.yaml", "config.yml"];
    let mut all: Vec<&RelPath> = names
        .iter()
        .flat_map(|name| tree.named(name))
        .filter(|path| path.is_within(folder) && path.depth() <= folder.depth() + 2)
        .collect();
    all.sort_by_key(|path| (path.parent().file_name() != "config", (*path).clone()));
    all.first().map(|path| (*path).clone())
}

fn lint(tree: &Tree, root: &RelPath, at: Evidence) -> Fact<String> {
    let folder = root.join(".test").ok();
    let config = folder.and_then(|folder| configuration(tree, &folder));
    let own = ["config/config.yaml", "config/config.yml", "config.yaml"];
    let has_own = own
        .iter()
        .any(|name| root.join(name).is_ok_and(|path| tree.has(&path)));
    match config {
        // Without its configuration a workflow cannot be looked at.
        Some(config) if !has_own => Fact::certain(
            format!("snakemake --configfile {} --lint", word(&config, root)),
            at,
        ),
        _ => Fact::certain("snakemake --lint".to_owned(), at),
    }
}
