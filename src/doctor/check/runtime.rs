//! Whether the runtime that each part of the project needs is there.

use super::{Finding, Subject};
use crate::doctor::python::interpreter;
use crate::project::{Confidence, Fact, PackageManager, Project};

/// One part that needs Python: its name, the version it wants, whether its package manager
/// fetches Python by itself.
struct Need<'a> {
    name: &'a str,
    wanted: Option<&'a Fact<String>>,
    fetched: bool,
}

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Some(project) = subject.project else {
        return Vec::new();
    };
    let mut findings: Vec<Finding> = needs(project)
        .into_iter()
        .map(|need| finding(subject, &need))
        .collect();
    findings.dedup_by(|a, b| a.message == b.message);
    findings
}

fn needs(project: &Project) -> Vec<Need<'_>> {
    let fetched = |manager: &Option<Fact<PackageManager>>| {
        manager.as_ref().is_some_and(|manager| {
            matches!(manager.value, PackageManager::Uv | PackageManager::Conda)
        })
    };
    let services = project
        .services
        .iter()
        .filter(|service| service.ecosystem == "python")
        .map(|service| Need {
            name: &service.name,
            wanted: service.runtime_version.as_ref(),
            fetched: fetched(&service.package_manager),
        });
    let libraries = project
        .libraries
        .iter()
        .filter(|library| library.ecosystem == "python")
        .map(|library| Need {
            name: &library.name.value,
            wanted: library.runtime_version.as_ref(),
            fetched: fetched(&library.package_manager),
        });
    services.chain(libraries).collect()
}

fn finding(subject: &Subject, need: &Need) -> Finding {
    let name = need.name;
    let wanted = need.wanted.map(|fact| fact.value.as_str());
    let said = wanted.unwrap_or("3");
    let place = need
        .wanted
        .and_then(|fact| fact.evidence.first())
        .map(|evidence| format!(" ({evidence})"))
        .unwrap_or_default();
    let mend = format!(
        "install Python {said} from https://www.python.org/downloads/, with pyenv install {said}, \
         or with uv python install {said}"
    );
    let Some(python) = interpreter(subject.machine, wanted) else {
        return if need.fetched {
            Finding::ok(format!("{name}: its package manager fetches Python {said}"))
        } else {
            Finding::missing(
                format!("{name} needs Python {said}{place}, and no Python is on PATH"),
                mend,
            )
        };
    };
    let (version, path) = (&python.version, python.path.display());
    match need.wanted {
        None => Finding::ok(format!("{name}: Python {version} at {path}")),
        Some(fact) if python.is(&fact.value) => {
            Finding::ok(format!("{name}: Python {version} at {path}"))
        }
        Some(_) if need.fetched => {
            Finding::ok(format!("{name}: its package manager fetches Python {said}"))
        }
        Some(fact) if fact.confidence == Confidence::Guess => Finding::ok(format!(
            "{name}: Python {version} at {path}; the repository does not say which it needs, \
             its container has {said}"
        )),
        Some(_) => Finding::warning(
            format!("{name} needs Python {said}{place}; on PATH is {version} at {path}"),
            mend,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{look, project, service};
    use crate::doctor::Level;
    use crate::project::{Evidence, Fact, PackageManager, RelPath, Service};

    fn wants(version: &str) -> Service {
        let mut service = service();
        service.runtime_version = Some(Fact::certain(
            version.to_owned(),
            Evidence::new(RelPath::parse(".python-version").unwrap(), 1, version),
        ));
        service
    }

    #[test]
    fn another_minor_is_a_warning_with_both_versions() {
        let found = look(
            super::look,
            &project(vec![wants("3.12")]),
            &[("python3", "Python 3.11.9")],
        );
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0, found[0].1), (Level::Warning, false));
        assert!(
            found[0]
                .2
                .starts_with("web needs Python 3.12 (.python-version:1); on PATH is 3.11.9 at "),
            "{}",
            found[0].2
        );
    }

    #[test]
    fn no_python_is_missing_unless_the_package_manager_fetches_it() {
        let mut service = wants("3.12");
        let found = look(super::look, &project(vec![service.clone()]), &[]);
        assert_eq!((found[0].0, found[0].1), (Level::Error, true));
        service.package_manager = Some(Fact::guess(PackageManager::Uv, "a test"));
        let found = look(super::look, &project(vec![service]), &[]);
        assert_eq!((found[0].0, found[0].1), (Level::Ok, false));
    }
}
