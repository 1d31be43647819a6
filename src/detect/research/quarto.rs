//! Quarto: a project whose documents run code is rendered by hand, where that code finds its packages; one without
//! code, or with its results committed, is a site. <https://quarto.org/docs/projects/quarto-projects.html>

use crate::detect::{Tree, structured};
use crate::project::{Evidence, RelPath};

/// What is said of a project.
pub(in crate::detect) struct Quarto {
    pub(in crate::detect) at: Evidence,
    /// `website`, `book`, `manuscript`, `default`.
    pub(in crate::detect) kind: String,
    /// Where the pages are then.
    pub(in crate::detect) output: String,
    /// The language of the code that most documents run, with a place; None where nothing is to be run.
    pub(in crate::detect) runs: Option<(&'static str, Evidence)>,
}

/// The project in `folder`.
pub(in crate::detect) fn read(tree: &Tree, folder: &RelPath) -> Option<Quarto> {
    let names = ["_quarto.yml", "_quarto.yaml"];
    let mut all = names.iter().filter_map(|name| folder.join(name).ok());
    let path = all.find(|path| tree.has(path))?;
    let document = structured::yaml(tree, &path);
    let said = |keys: &[&str]| -> Option<String> {
        document.as_ref()?.at(keys)?.text().map(str::to_owned)
    };
    let kind = said(&["project", "type"]).unwrap_or_else(|| "default".to_owned());
    let usual = match kind.as_str() {
        "website" => "_site",
        "book" => "_book",
        "manuscript" => "_manuscript",
        _ => ".",
    };
    let freeze = said(&["execute", "freeze"]);
    let is_frozen = matches!(freeze.as_deref(), Some("true" | "auto"))
        && folder
            .join("_freeze")
            .is_ok_and(|results| tree.has_folder(&results));
    Some(Quarto {
        output: said(&["project", "output-dir"]).unwrap_or_else(|| usual.to_owned()),
        runs: (!is_frozen).then(|| runs(tree, folder)).flatten(),
        at: Evidence::file(path),
        kind,
    })
}

/// Which language most documents run.
fn runs(tree: &Tree, folder: &RelPath) -> Option<(&'static str, Evidence)> {
    let mut found: Vec<(&'static str, Evidence)> = Vec::new();
    for path in ["qmd", "Rmd"]
        .iter()
        .flat_map(|extension| tree.with_extension(extension))
    {
        if !path.is_within(folder) {
            continue;
        }
        let Some(text) = tree.text(path) else {
            continue;
        };
        for (fence, language) in [("```{python", "python"), ("```{r", "r")] {
            if let Some(index) = text
                .lines()
                .position(|line| line.trim_start().starts_with(fence))
            {
                found.push((language, tree.at(path, index + 1)));
            }
        }
    }
    let of_r = found
        .iter()
        .filter(|(language, _)| *language == "r")
        .count();
    let most = if of_r * 2 >= found.len() {
        "r"
    } else {
        "python"
    };
    found.into_iter().find(|(language, _)| *language == most)
}
