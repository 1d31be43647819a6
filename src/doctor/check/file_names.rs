//! Whether the file system tells `README` from `readme`.

use super::{Finding, Subject};
use std::collections::BTreeMap;

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Ok(repository) = subject.repository else {
        return Vec::new();
    };
    // `.git` is there in every work tree, as a folder or a file; `.GIT` only where they are one.
    if !repository.root.join(".GIT").exists() {
        return vec![Finding::ok("the file system tells upper from lower case")];
    }
    let tracked = crate::git::tracked(&repository.root).unwrap_or_default();
    let twins = twins(tracked.iter().map(crate::project::RelPath::as_str));
    vec![match twins.first() {
        Some((one, other)) => Finding::error(
            format!("{one} and {other} are one file on this file system"),
            format!("git mv {other} to a name that differs in more than case"),
        ),
        None => Finding::ok(
            "the file system takes upper and lower case for the same; no two files here differ \
             in that alone",
        ),
    }]
}

/// Pairs that differ in case alone.
fn twins<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
    let mut seen = BTreeMap::new();
    paths
        .filter_map(|path| {
            let before = seen.insert(path.to_lowercase(), path)?;
            Some((before, path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_that_differ_in_case_alone_are_twins() {
        assert_eq!(
            super::twins(["README.md", "docs/a", "readme.md"].into_iter()),
            [("README.md", "readme.md")]
        );
    }
}
