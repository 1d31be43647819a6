//! Which Python of this machine fits a project.

use super::Machine;
use pep440_rs::Version;
use std::path::PathBuf;

/// A Python on PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    pub path: PathBuf,
    pub version: Version,
}

impl Interpreter {
    /// Whether it is the wanted `major.minor`.
    pub fn is(&self, wanted: &str) -> bool {
        wanted
            .parse::<Version>()
            .is_ok_and(|wanted| self.version.release().starts_with(wanted.release()))
    }
}

/// The interpreter of `major.minor`, or else the newest there is; None without any.
pub fn interpreter(machine: &Machine, wanted: Option<&str>) -> Option<Interpreter> {
    let exact = wanted.map(|wanted| format!("python{wanted}"));
    let candidates = exact
        .as_deref()
        .into_iter()
        .chain(["python3", "python"])
        .filter_map(|name| machine.find(name));
    let mut found: Vec<Interpreter> = Vec::new();
    for path in candidates {
        let Ok(Some(version)) = machine.version(&path, &["--version"]) else {
            continue;
        };
        let one = Interpreter { path, version };
        if wanted.is_some_and(|wanted| one.is(wanted)) {
            return Some(one);
        }
        found.push(one);
    }
    // The first of equals: `python3` says more than `python`.
    found
        .into_iter()
        .rev()
        .max_by(|a, b| a.version.cmp(&b.version))
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::machine;
    use super::*;

    #[test]
    fn the_wanted_minor_wins_over_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let machine = machine(
            folder.path(),
            &[
                ("python3", "Python 3.13.1"),
                ("python3.11", "Python 3.11.9"),
            ],
        );
        let found = interpreter(&machine, Some("3.11")).unwrap();
        assert_eq!(found.version, "3.11.9".parse().unwrap());
        assert!(found.is("3.11") && !found.is("3.1"));
        let found = interpreter(&machine, Some("3.12")).unwrap();
        assert_eq!(found.version, "3.13.1".parse().unwrap());
    }
}
