//! Templates of the repository's own that make something which executes.

use super::expand::Wanted;
use super::feature::{Features, Mode};
use crate::project::RelPath;

/// The files among `wanted` that come from foreign templates and execute, sorted.
pub(super) fn executes(features: &Features, wanted: &[Wanted]) -> Vec<String> {
    let foreign = |name: &str| features.is_foreign(name);
    // A partial may be drawn in by any template.
    let any_partial = features.partials().any(|(name, _)| foreign(name));
    let mut found: Vec<String> = wanted
        .iter()
        .filter(|file| {
            any_partial
                || foreign(&file.template())
                || foreign(&format!("{}/feature.toml", file.feature))
        })
        .filter_map(|file| Some((file, file.target()?)))
        .filter(|(file, path)| runs(path, file.rule.mode))
        .map(|(file, path)| format!("{path}, from {}", features.origin(&file.template())))
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
