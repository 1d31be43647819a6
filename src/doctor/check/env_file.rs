//! Whether `.env` is there, is this user's alone and stays out of commits.

use super::{Finding, Subject};
use crate::doctor::platform;
use crate::git;
use crate::project::RelPath;

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let path = subject.root.join(".env");
    if !path.is_file() {
        let reads = subject.project.is_some_and(|project| {
            project
                .services
                .iter()
                .any(|service| !service.env.is_empty())
        });
        return if reads || subject.root.join(".env.example").is_file() {
            vec![Finding::warning(
                "there is no .env: the application runs without the variables that it reads",
                "shipway init --yes --feature env",
            )]
        } else {
            vec![Finding::ok("no .env is needed")]
        };
    }
    let mut findings = Vec::new();
    match platform::mode(&path) {
        Some(mode) if mode & 0o077 != 0 => findings.push(Finding::warning(
            format!(".env can be read by others on this machine (mode {mode:04o})"),
            "chmod 600 .env",
        )),
        _ => findings.push(Finding::ok(".env is there and its owner's alone")),
    }
    if let Ok(name) = RelPath::parse(".env") {
        if git::tracked(subject.root).is_ok_and(|tracked| tracked.contains(&name)) {
            findings.push(Finding::error(
                ".env is committed, and what is secret in it with it",
                "git rm --cached .env, then change every secret that was in it",
            ));
        } else if subject.repository.is_ok() && !is_ignored(subject, &path) {
            findings.push(Finding::warning(
                "git does not ignore .env: it may be committed by mistake",
                "echo .env >> .gitignore",
            ));
        }
    }
    findings
}

fn is_ignored(subject: &Subject, path: &std::path::Path) -> bool {
    subject
        .repository
        .ok()
        .and_then(|repository| path.strip_prefix(&repository.root).ok())
        .and_then(|below| RelPath::from_path(below).ok())
        .is_some_and(|below| git::is_ignored(subject.root, &below))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::deploy::engine::Variables;
    use crate::doctor::{Level, Machine};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_env_file_open_to_others_is_a_warning_with_its_mode() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(".env");
        std::fs::write(&path, "A=b\n").unwrap();
        let machine = Machine::new(Variables::new(), root.path());
        let none = crate::git::GitError::NotARepository(root.path().to_owned());
        let subject = Subject::new(root.path(), Err(&none), None, &machine);
        for (mode, level) in [(0o644, Level::Warning), (0o600, Level::Ok)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = look(&subject);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].level, level, "{}", found[0].message);
        }
    }
}
