//! Whether this user may write where shipway and git have to, and owns the tree.

use super::{Finding, Subject};
use crate::doctor::platform;

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let folders = std::iter::once(subject.root).chain(
        subject
            .repository
            .ok()
            .map(|repository| repository.common_dir.as_path()),
    );
    let shut: Vec<String> = folders
        .filter(|folder| !platform::is_writable(folder))
        .map(|folder| folder.display().to_string())
        .collect();
    if !shut.is_empty() {
        return vec![Finding::error(
            format!("this user may not write into {}", shut.join(" and ")),
            format!("sudo chown -R \"$(id -u):$(id -g)\" {}", shut.join(" ")),
        )];
    }
    vec![match platform::owners(subject.root) {
        Some((owner, user)) if owner != user => Finding::warning(
            format!(
                "the work tree belongs to user {owner} and this is user {user}: git may refuse it, \
                 and files made here belong to another than the rest"
            ),
            format!(
                "sudo chown -R \"$(id -u):$(id -g)\" {}",
                subject.root.display()
            ),
        ),
        _ => Finding::ok("the work tree is writable"),
    }]
}
