//! The version of R that a project runs on.

use super::project::RProject;
use crate::detect::{existing, structured};
use crate::project::{Claim, Confidence, Evidence, Fact};

const ORDER: &str = "the lock goes before a file of a version, that before an image, that before CI, that before the least version that DESCRIPTION asks for";

/// As exact as it is written, with everything that says otherwise.
pub(super) fn find(project: &RProject<'_>) -> Option<Fact<String>> {
    let mut claims: Vec<(String, Evidence)> = Vec::new();
    claims.extend(project.lock.as_ref().and_then(|lock| lock.r.clone()));
    claims.extend(file(project, "rproject.toml"));
    claims.extend(file(project, "runtime.txt"));
    claims.extend(project.images().iter().filter_map(|image| {
        let (name, version) = image.runtime.as_ref()?;
        (name == "r").then(|| Some((version.clone(), image.from.clone()?)))?
    }));
    claims.extend(ci(project));
    claims.retain(|(version, _)| is_exact(version));
    let least = project
        .description
        .as_ref()
        .and_then(|one| one.least.as_ref());
    let Some(mut fact) = Fact::first_of(Confidence::Certain, claims) else {
        let (version, at) = least?;
        let mut parts = version.split('.');
        let minor = format!("{}.{}", parts.next()?, parts.next()?);
        let rule = "the least version that it asks for, which nothing else makes more exact";
        return Some(Fact::likely(minor, at.clone()).because(rule));
    };
    if let Some((version, at)) = least
        && is_older(&fact.value, version)
    {
        fact = fact.against(Claim {
            value: version.clone(),
            evidence: vec![at.clone()],
        });
    }
    if !fact.against.is_empty() {
        fact = fact.because(ORDER);
    }
    Some(fact)
}

fn is_exact(version: &str) -> bool {
    version.contains('.')
        && version
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

fn is_older(version: &str, least: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        let all = text.split('.').map(|part| part.parse().unwrap_or_default());
        all.take(2).collect()
    };
    numbers(version) < numbers(least)
}

/// `r_version` of rv's manifest; `r-4.4-2025-01-31` as Binder reads it.
/// <https://mybinder.readthedocs.io/en/latest/using/config_files.html#runtime-txt-for-r>
fn file(project: &RProject<'_>, name: &str) -> Option<(String, Evidence)> {
    let folders = ["", "binder/", ".binder/"].map(|folder| format!("{folder}{name}"));
    let path = folders.iter().find_map(|name| project.path(name))?;
    let tree = project.tree;
    if name == "rproject.toml" {
        let document = structured::toml(tree, &path)?;
        let entry = document.entry_at(&["project", "r_version"])?;
        return Some((entry.node.text()?.to_owned(), tree.at(&path, entry.line)));
    }
    let text = tree.text(&path)?;
    let (index, line) = text
        .lines()
        .enumerate()
        .find(|(_, line)| line.starts_with("r-"))?;
    let version = line.strip_prefix("r-")?.split('-').next()?;
    Some((version.to_owned(), tree.at(&path, index + 1)))
}

/// `r-version` that a workflow sets up; a name like `release` is none.
/// <https://github.com/r-lib/actions/tree/v2/setup-r>
fn ci(project: &RProject<'_>) -> Vec<(String, Evidence)> {
    let action = "r-lib/actions/setup-r";
    existing::set_up(project.tree, project.existing, action, "r-version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_made_of_numbers() {
        assert!(is_exact("4.3.2") && is_exact("4.3"));
        assert!(!is_exact("release") && !is_exact("4") && !is_exact("4.3-next"));
        assert!(is_older("4.1.3", "4.2") && !is_older("4.2.0", "4.2") && !is_older("4.10", "4.9"));
    }
}
