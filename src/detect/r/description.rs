//! DESCRIPTION: the name of a package of R and the packages that it asks for.
//! <https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file>

use crate::detect::Tree;
use crate::project::{Evidence, Finding, RelPath, Requirement, Severity};

/// What a DESCRIPTION says.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) path: RelPath,
    pub(super) package: Option<(String, Evidence)>,
    /// The value of `Type`.
    pub(super) kind: Option<String>,
    /// The least version of R.
    pub(super) least: Option<(String, Evidence)>,
    pub(super) requirements: Vec<Requirement>,
}

/// Fields that name packages, and whether only who works on the package needs those.
const FIELDS: &[(&str, bool)] = &[
    ("Depends", false),
    ("Imports", false),
    ("LinkingTo", false),
    ("Suggests", true),
    ("Config/Needs/dev", true),
];

/// Reads it; one that is no DESCRIPTION is a finding.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<Description> {
    let text = tree.text(path)?;
    let paragraph: deb822_fast::Paragraph = match text.trim_end().parse() {
        Ok(paragraph) => paragraph,
        Err(error) => {
            tree.report(Finding {
                id: "invalid-description",
                severity: Severity::Warning,
                message: format!("{path} is no valid DESCRIPTION: {error}; it was not read"),
                evidence: vec![Evidence::file(path.clone())],
                mend: format!(
                    "correct {path}: every line is `Field: value` or goes on with a blank"
                ),
            });
            return None;
        }
    };
    let place = |field: &str| {
        let start = format!("{field}:");
        let index = text.lines().position(|line| line.starts_with(&start))?;
        Some(index + 1)
    };
    let at = |field: &str| tree.at(path, place(field).unwrap_or_default());
    let mut description = Description {
        path: path.clone(),
        package: paragraph
            .get("Package")
            .map(|name| (name.trim().to_owned(), at("Package"))),
        kind: paragraph.get("Type").map(|kind| kind.trim().to_owned()),
        least: None,
        requirements: Vec::new(),
    };
    for (field, development) in FIELDS {
        let (Some(value), Some(first)) = (paragraph.get(field), place(field)) else {
            continue;
        };
        // A list may begin below its field.
        let text = text.lines().nth(first - 1).unwrap_or_default();
        let below = usize::from(text.trim_end().ends_with(':'));
        for (index, line) in value.trim_start_matches('\n').lines().enumerate() {
            let named = line.split(',').map(str::trim).filter(|one| !one.is_empty());
            for one in named {
                let declared = tree.at(path, first + below + index);
                let (name, specifier) = parts(one);
                if name == "R" {
                    let least = specifier.trim_start_matches([' ', '>', '=']);
                    description.least = Some((least.to_owned(), declared));
                } else if is_name(name) {
                    description.requirements.push(required(
                        name,
                        specifier,
                        *development,
                        declared,
                    ));
                }
            }
        }
    }
    Some(description)
}

/// A requirement as a manifest of R has it.
pub(super) fn required(
    name: &str,
    specifier: &str,
    development: bool,
    declared: Evidence,
) -> Requirement {
    Requirement {
        name: name.to_owned(),
        extras: Vec::new(),
        specifier: specifier.to_owned(),
        exact: specifier.starts_with("=="),
        development,
        direct: true,
        declared,
        imported: None,
    }
}

/// `jsonlite` and `>= 1.8` of `jsonlite (>= 1.8)`.
fn parts(text: &str) -> (&str, &str) {
    match text.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim()),
        None => (text, ""),
    }
}

/// Letters, digits and dots, the first a letter.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_a_name_with_what_stands_in_brackets() {
        assert_eq!(parts("jsonlite (>= 1.8)"), ("jsonlite", ">= 1.8"));
        assert_eq!(parts("R6"), ("R6", ""));
        assert!(is_name("data.table") && !is_name("2fa") && !is_name("a b"));
    }
}
