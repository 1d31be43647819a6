//! Looks at this machine: tools, versions, engine, ports, space; each finding with its mend.
//!
//! In: a folder and the machine. Out: findings, in the order of [`CHECKS`]. Called by `cli`
//! and by `setup`. Asks the engine through `deploy::engine`, and `hooks` what is installed. Runs tools that lie on PATH
//! outside the repository, each only for its version, and changes nothing.

mod check;
mod finding;
mod machine;
mod platform;
mod python;

pub use finding::{Finding, Level};
pub use machine::{Machine, Silence, release};
pub use python::{Interpreter, interpreter};

use crate::deploy::engine::{self, Address, Engine, EngineError};
use crate::git::{self, GitError, Repository, Settings};
use crate::project::Project;
use std::path::Path;
use std::sync::OnceLock;

/// What is looked at.
pub struct Subject<'a> {
    /// The folder, absolute.
    pub root: &'a Path,
    /// Or why there is none.
    pub repository: Result<&'a Repository, &'a GitError>,
    /// None where detection found nothing that can be told.
    pub project: Option<&'a Project>,
    pub machine: &'a Machine,
    settings: Settings,
    engine: OnceLock<Result<Engine, EngineError>>,
}

/// One check: its name in output and the function that looks.
pub struct Check {
    pub id: &'static str,
    pub look: fn(&Subject) -> Vec<Finding>,
    /// Whether the project cannot be set up without: `setup` looks at these alone.
    pub basic: bool,
}

const fn basic(id: &'static str, look: fn(&Subject) -> Vec<Finding>) -> Check {
    Check {
        id,
        look,
        basic: true,
    }
}

const fn full(id: &'static str, look: fn(&Subject) -> Vec<Finding>) -> Check {
    Check {
        id,
        look,
        basic: false,
    }
}

/// Every check, in the order of the report.
pub const CHECKS: &[Check] = &[
    basic("repository", check::repository::look),
    basic("git", check::git::look),
    full("git-identity", check::git_identity::look),
    full("line-endings", check::line_endings::look),
    full("hooks", check::hooks::look),
    full("make", check::make::look),
    basic("runtime", check::runtime::look),
    basic("package-manager", check::package_manager::look),
    full("engine", check::engine::look),
    full("podman", check::podman::look),
    full("compose", check::compose::look),
    full("devcontainer", check::devcontainer::look),
    full("ports", check::ports::look),
    full("disk", check::disk::look),
    full("env-file", check::env_file::look),
    basic("permissions", check::permissions::look),
    full("file-names", check::file_names::look),
    full("shell", check::shell::look),
];

impl<'a> Subject<'a> {
    pub fn new(
        root: &'a Path,
        repository: Result<&'a Repository, &'a GitError>,
        project: Option<&'a Project>,
        machine: &'a Machine,
    ) -> Self {
        Self {
            root,
            repository,
            project,
            machine,
            settings: git::settings(root),
            engine: OnceLock::new(),
        }
    }

    /// The engine, asked once however many checks want to know.
    fn engine(&self) -> &Result<Engine, EngineError> {
        self.engine.get_or_init(|| {
            let address = Address::find(self.machine.variables())?;
            engine::ask(&address, self.machine.find("ssh").as_deref())
        })
    }
}

/// Looks at everything (`Extent::Full`) or at what setup cannot do without. The checks run
/// side by side: most of their time is waiting for tools.
pub fn examine(subject: &Subject, extent: Extent) -> Vec<Finding> {
    std::thread::scope(|scope| {
        let looks: Vec<_> = CHECKS
            .iter()
            .filter(|check| check.basic || extent == Extent::Full)
            .map(|check| {
                scope.spawn(move || {
                    let mut findings = (check.look)(subject);
                    for finding in &mut findings {
                        finding.check = check.id;
                    }
                    findings
                })
            })
            .collect();
        looks
            .into_iter()
            .flat_map(|look| look.join().unwrap_or_default())
            .collect()
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Basic,
    Full,
}
