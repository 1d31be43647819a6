//! Whether there is space for images and for the work tree.

use super::{Finding, Subject};
use crate::doctor::platform::{Space, space};
use std::path::Path;

const GIB: u64 = 1024 * 1024 * 1024;
/// Bases, build cache and database of one application.
const FOR_IMAGES: u64 = 5 * GIB;
/// Dependencies, caches and history of one work tree.
const FOR_TREE: u64 = GIB;

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let tree = space(subject.root);
    let images = subject
        .engine()
        .as_ref()
        .ok()
        .filter(|engine| engine.address.socket().is_some())
        .and_then(|engine| engine.data_root.as_deref())
        .and_then(|folder| space(Path::new(folder)));
    let shared = tree.zip(images).is_some_and(|(a, b)| a.device == b.device);
    let mut findings = Vec::new();
    if let Some(space) = tree.filter(|_| !shared) {
        findings.push(finding(
            space,
            FOR_TREE,
            "the work tree",
            "delete what is not needed on its disk",
        ));
    }
    if let Some(space) = images {
        let what = if shared {
            "images and the work tree"
        } else {
            "images"
        };
        findings.push(finding(space, FOR_IMAGES, what, "docker system prune"));
    }
    findings
}

/// An error below a tenth of what is needed, a warning below all of it.
fn finding(space: Space, needed: u64, what: &str, mend: &str) -> Finding {
    let message = format!("{} free for {what}", written(space.free));
    if space.free < needed / 10 {
        Finding::error(format!("only {message}"), mend)
    } else if space.free < needed {
        Finding::warning(
            format!("only {message}; {} are usual", written(needed)),
            mend,
        )
    } else {
        Finding::ok(message)
    }
}

/// `1.5 GiB`; `300 MiB` below one.
fn written(bytes: u64) -> String {
    if bytes >= GIB {
        format!("{}.{} GiB", bytes / GIB, bytes % GIB * 10 / GIB)
    } else {
        format!("{} MiB", bytes / (1024 * 1024))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn little_space_warns_and_hardly_any_is_an_error() {
        let with = |free| {
            let found = finding(Space { free, device: 1 }, FOR_IMAGES, "images", "mend");
            (found.level, found.message)
        };
        assert_eq!(
            with(6 * GIB),
            (Level::Ok, "6.0 GiB free for images".to_owned())
        );
        assert_eq!(
            with(GIB + GIB / 2),
            (
                Level::Warning,
                "only 1.5 GiB free for images; 5.0 GiB are usual".to_owned()
            )
        );
        assert_eq!(
            with(100 * 1024 * 1024),
            (Level::Error, "only 100 MiB free for images".to_owned())
        );
    }
}
