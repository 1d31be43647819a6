//! The variables that an application of R reads.

use super::project::RProject;
use super::source;
use crate::detect::structured::{self, Node, Value};
use crate::detect::variable::{self, Engines, Read, Variables};
use crate::detect::{client, existing, syntax};
use crate::project::{BackingKind, EnvRole, EnvVar, RelPath, Sought};

/// What R, renv and the image set themselves.
const OWN: &[&str] = &[
    "R_HOME",
    "R_LIBS",
    "R_LIBS_USER",
    "R_LIBS_SITE",
    "R_USER",
    "R_PROFILE_USER",
    "R_ENVIRON_USER",
    "RSTUDIO",
    "RSTUDIO_PANDOC",
    "RETICULATE_PYTHON",
    "SHINY_PORT",
    "SHINY_SERVER_VERSION",
    "CI",
    "LANG",
    "TZ",
    "NOT_CRAN",
    "TESTTHAT",
    "R_CONFIG_FILE",
    "CONNECT_SERVER",
];

/// Every variable, in order of name.
pub(super) fn find(project: &RProject<'_>, working: &RelPath) -> Vec<EnvVar> {
    let mut all = read(project);
    configured(project, working, &mut all);
    all.retain(|name, _| !name.starts_with("RENV_"));
    let mut found = variable::for_program(all, OWN, engines(project));
    let config = ["config", "golem"].iter().find_map(|name| {
        let one = project
            .any(name)
            .filter(|one| one.direct && !one.development)?;
        Some((*name, one.declared.clone()))
    });
    if let Some((name, at)) = config {
        let variable = if name == "golem" {
            "GOLEM_CONFIG_ACTIVE"
        } else {
            "R_CONFIG_ACTIVE"
        };
        if !found.iter().any(|known| known.name == variable) {
            found.push(EnvVar::plain(variable, EnvRole::AppEnvironment, at));
        }
    }
    let images = project.images();
    let composed = existing::own_services(project.existing, &project.root, None, project.alone);
    variable::set(
        &mut found,
        images.iter().take(1).flat_map(|image| &image.env),
        composed.iter().flat_map(|(_, one)| &one.settings),
    );
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn read(project: &RProject<'_>) -> Variables {
    let tree = project.tree;
    let look = |path: &RelPath| {
        source::with_tree(tree, path, &["Sys.getenv"], |source, root| {
            source::wrappers(source, root)
        })
    };
    let mut handed: Vec<String> = project.files.iter().filter_map(look).flatten().collect();
    handed.sort();
    handed.dedup();
    let mut sought = vec!["Sys.getenv"];
    sought.extend(handed.iter().map(String::as_str));
    let mut all = Variables::new();
    for path in &project.files {
        let found = source::with_tree(tree, path, &sought, |source, root| {
            source::reads(source, root, &handed)
        });
        let (Some(found), Some(text)) = (found, tree.text(path)) else {
            continue;
        };
        for read in found {
            variable::add(&mut all, path, &text, read);
        }
    }
    all
}

/// `!expr Sys.getenv("X")` in the file of the config package.
/// <https://rstudio.github.io/config/articles/introduction.html>
fn configured(project: &RProject<'_>, working: &RelPath, all: &mut Variables) {
    let tree = project.tree;
    let folders = [working, &project.root];
    let paths = folders
        .iter()
        .filter_map(|folder| folder.join("config.yml").ok());
    let Some(path) = paths.into_iter().find(|path| tree.has(path)) else {
        return;
    };
    let Some(text) = tree.text(&path).filter(|text| text.contains("Sys.getenv")) else {
        return;
    };
    let Some(document) = structured::yaml(tree, &path) else {
        return;
    };
    for (line, code) in expressions(&document) {
        let Some(parsed) = syntax::parse(&tree_sitter_r::LANGUAGE.into(), &code) else {
            continue;
        };
        let source = source::Source {
            path: &path,
            text: &code,
        };
        for read in source::reads(&source, parsed.root_node(), &[]) {
            variable::add(all, &path, &text, Read { line, ..read });
        }
    }
}

/// The texts of a document that are code, with their lines.
fn expressions(node: &Node) -> Vec<(usize, String)> {
    match &node.value {
        Value::Text(text) if text.contains("Sys.getenv") => vec![(node.line, text.clone())],
        Value::List(items) => items.iter().flat_map(expressions).collect(),
        // A tag takes the place of what it stands before; the key is on its line.
        Value::Map(entries) => entries
            .iter()
            .flat_map(|entry| {
                let all = expressions(&entry.node).into_iter();
                all.map(|(line, code)| (line.max(entry.line), code))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn engines(project: &RProject<'_>) -> Engines {
    Engines::of(|kind: BackingKind| {
        let mut all = project.requirements.iter();
        all.any(|one| {
            one.direct
                && !one.development
                && client::of_cran(&one.name) == Some(Sought::Backing(kind))
        })
    })
}
