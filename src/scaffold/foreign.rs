//! Templates of the repository's own that make something which executes.

use super::expand::Wanted;
use super::feature::{Features, Mode};
use crate::project::RelPath;

/// The files among `wanted` that come from foreign templates and execute, sorted, each with the
/// sentence that names the template.
pub(super) fn executes(features: &Features, wanted: &[Wanted]) -> Vec<(RelPath, String)> {
    if !features.has_foreign() {
        return Vec::new();
    }
    let mut found: Vec<(RelPath, String)> = wanted
        .iter()
        .filter_map(|file| Some((file, file.target()?)))
        .filter(|(file, path)| runs(path, file.rule.mode))
        .filter_map(|(file, path)| {
            let template = file.template();
            let rules = format!("{}/feature.toml", file.feature);
            let foreign = features
                .with_partials(&template)
                .into_iter()
                .chain([rules.as_str()])
                .find(|name| features.is_foreign(name))?;
            let sentence = format!("{path}, from {}", features.origin(foreign));
            Some((path.clone(), sentence))
        })
        .collect();
    found.sort();
    found
}

fn runs(path: &RelPath, mode: Mode) -> bool {
    let name = path.file_name().to_lowercase();
    mode == Mode::Executable
        || path.as_str().starts_with(".github/")
        || path.as_str().contains(".devcontainer")
        || path.as_str().contains(".vscode/")
        || name.contains("dockerfile")
        || name.contains("containerfile")
        || name.contains("makefile")
        || name.contains("compose")
        || ["shipway.toml", "package.json", ".envrc", ".npmrc"].contains(&name.as_str())
        || matches!(
            path.extension(),
            "mk" | "sh"
                | "bash"
                | "py"
                | "js"
                | "cjs"
                | "mjs"
                | "ts"
                | "rb"
                | "pl"
                | "php"
                | "go"
                | "rs"
                | "R"
                | "ex"
                | "exs"
                | "java"
                | "kts"
                | "gradle"
                | "sql"
        )
}
