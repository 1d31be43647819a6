//! Installs what a part declares, with its own package manager, into its own environment.

use super::command::{self, CommandError};
use super::part::{Part, is_requirements};
use super::stamp::{self, Stamp};
use super::{Event, Outcome, Request, Step, environment};
use crate::doctor::interpreter;
use crate::project::{PackageManager, RelPath};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Why a part could not be installed.
enum Trouble {
    Missing {
        message: String,
        mend: String,
    },
    Command(CommandError),
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
}

impl From<CommandError> for Trouble {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

pub(super) fn step(request: &Request, part: &Part, sink: &mut dyn FnMut(&Event)) -> Step {
    let name = format!("dependencies of {}", part.name);
    if part.inputs.is_empty() {
        return Step::new(name, Outcome::Skipped, "no manifest says what it needs");
    }
    let stamp = Stamp::of(part, request.root);
    if environment::is_whole(part) && (stamp.holds() || stamp::made_by_make(part, request.root)) {
        return Step::new(
            name,
            Outcome::Unchanged,
            format!("all in {}", shown(request, part)),
        );
    }
    sink(&Event::Started { step: &name });
    let known = stamp.is_there();
    stamp.remove();
    let outcome = install(request, part, known, sink)
        .and_then(|()| stamp.write().map_err(|source| unwritable(part, source)));
    match outcome {
        Ok(()) => Step::new(
            name,
            Outcome::Done,
            format!("installed in {}", shown(request, part)),
        ),
        Err(Trouble::Missing { message, mend }) => Step::missing(name, message).mend(mend),
        Err(Trouble::Io { path, source }) => Step::new(
            name,
            Outcome::Failed,
            format!("{} cannot be written: {source}", path.display()),
        )
        .mend("make that folder writable"),
        Err(Trouble::Command(CommandError::Interrupted)) => {
            Step::new(name, Outcome::Failed, "interrupted").mend("shipway setup goes on with it")
        }
        Err(Trouble::Command(error)) => Step::new(name, Outcome::Failed, error.to_string())
            .mend("mend what it says and run shipway setup again"),
    }
}

/// The environment as the user would name it.
fn shown(request: &Request, part: &Part) -> String {
    part.venv
        .strip_prefix(request.root)
        .unwrap_or(&part.venv)
        .display()
        .to_string()
}

/// `known` where this installed the part before.
fn install(
    request: &Request,
    part: &Part,
    known: bool,
    sink: &mut dyn FnMut(&Event),
) -> Result<(), Trouble> {
    let tool = match tool(part.manager) {
        Some((name, mend)) if part.manager != PackageManager::Uv || part.is_uv_project() => {
            Some(find(request, name, mend)?)
        }
        _ => None,
    };
    if !part.makes_environment() {
        if !environment::is_whole(part) {
            environment::begin(part).map_err(|source| unwritable(part, source))?;
            make_environment(request, part, sink)?;
            environment::end(part).map_err(|source| unwritable(part, source))?;
        } else if tool.is_none() && !known && !knows_pip(part) {
            // What uv made has none, nor has one that was cut short by other means.
            let mut command = Command::new(part.python());
            command.args(["-m", "ensurepip"]).current_dir(request.root);
            command::run(&mut command, request, sink)?;
        }
    }
    for line in lines(part) {
        let (program, arguments) = match &tool {
            Some(tool) => (tool.clone(), line),
            None => (part.python(), line),
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(part.folder.under(request.root))
            .env("VIRTUAL_ENV", &part.venv)
            .env("UV_PROJECT_ENVIRONMENT", &part.venv)
            .env("PDM_IGNORE_SAVED_PYTHON", "1")
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env_remove("PYTHONHOME");
        command::run(&mut command, request, sink)?;
    }
    environment::hide(part).map_err(|source| unwritable(part, source))
}

fn unwritable(part: &Part, source: std::io::Error) -> Trouble {
    Trouble::Io {
        path: part.venv.clone(),
        source,
    }
}

/// Whether the environment's Python can install anything.
fn knows_pip(part: &Part) -> bool {
    Command::new(part.python())
        .args(["-m", "pip", "--version"])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The environment with the Python that the part wants, or the newest there is.
fn make_environment(
    request: &Request,
    part: &Part,
    sink: &mut dyn FnMut(&Event),
) -> Result<(), Trouble> {
    let found = interpreter(request.machine, part.version);
    let fits = found
        .as_ref()
        .is_some_and(|python| part.version.is_none_or(|wanted| python.is(wanted)));
    let uv = request.machine.find("uv").filter(|_| !fits);
    let mut command = match (uv, found, part.version) {
        (Some(uv), _, Some(wanted)) => {
            let mut command = Command::new(uv);
            command.args(["venv", "--seed", "--allow-existing", "--python", wanted]);
            command
        }
        (_, Some(python), _) => {
            let mut command = Command::new(python.path);
            command.args(["-m", "venv"]);
            command
        }
        (_, None, wanted) => {
            let wanted = wanted.unwrap_or("3");
            return Err(Trouble::Missing {
                message: format!("no Python {wanted} is on PATH"),
                mend: format!("install Python {wanted}, or open the dev container"),
            });
        }
    };
    command.arg(&part.venv).current_dir(request.root);
    command::run(&mut command, request, sink)?;
    Ok(())
}

fn find(request: &Request, name: &str, mend: &str) -> Result<PathBuf, Trouble> {
    request.machine.find(name).ok_or_else(|| Trouble::Missing {
        message: format!("{name} is not on PATH"),
        mend: mend.to_owned(),
    })
}

/// The program of a package manager and how to get it; None where it lies in the environment.
fn tool(manager: PackageManager) -> Option<(&'static str, &'static str)> {
    match manager {
        PackageManager::Uv => Some(("uv", "pipx install uv")),
        PackageManager::Poetry => Some(("poetry", "pipx install poetry")),
        PackageManager::Pipenv => Some(("pipenv", "pipx install pipenv")),
        PackageManager::Pdm => Some(("pdm", "pipx install pdm")),
        PackageManager::Conda => Some((
            "conda",
            "install Miniforge from https://conda-forge.org/download/",
        )),
        _ => None,
    }
}

/// The arguments of each command, in order: of the package manager, or of the environment's
/// Python where that is pip.
fn lines(part: &Part) -> Vec<Vec<OsString>> {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    match part.manager {
        PackageManager::Uv if part.is_uv_project() && part.locked => {
            vec![words(&["sync", "--locked"])]
        }
        PackageManager::Uv if part.is_uv_project() => vec![words(&["sync"])],
        PackageManager::Poetry => vec![words(&["install", "--no-interaction"])],
        PackageManager::Pdm => vec![words(&["install"])],
        PackageManager::Pipenv if part.locked => vec![words(&["sync", "--dev"])],
        PackageManager::Pipenv => vec![words(&["install", "--dev"])],
        PackageManager::Conda => {
            let file = part
                .manifest
                .map_or_else(|| "environment.yml".to_owned(), |file| seen(part, file));
            let mut line = words(&["env", "update", "--prefix"]);
            line.push(part.venv.clone().into());
            line.extend(words(&["--file", &file]));
            vec![line]
        }
        _ => pip(part),
    }
}

fn pip(part: &Part) -> Vec<Vec<OsString>> {
    let line = |end: &[&str]| -> Vec<OsString> {
        ["-m", "pip", "install"]
            .iter()
            .chain(end)
            .map(|word| OsStr::new(word).to_owned())
            .collect()
    };
    let mut lines = vec![match part.manifest {
        Some(file) if is_requirements(file) => line(&["-r", &seen(part, file)]),
        _ => line(&["-e", "."]),
    }];
    let mut loose: Vec<String> = Vec::new();
    let mut files: Vec<&RelPath> = part.also.iter().collect();
    for requirement in part.requirements.iter().filter(|one| one.development) {
        let file = &requirement.declared.file;
        if !is_requirements(file) {
            loose.push(requirement.text());
        } else if Some(file) != part.manifest && !files.contains(&file) {
            files.push(file);
        }
    }
    lines.extend(
        files
            .into_iter()
            .map(|file| line(&["-r", &seen(part, file)])),
    );
    if !loose.is_empty() {
        lines.push(line(&loose.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    lines
}

/// A file as named from the part's folder.
fn seen(part: &Part, file: &RelPath) -> String {
    file.relative_to(part.folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Evidence, Requirement};

    fn written(part: &Part) -> Vec<String> {
        lines(part)
            .iter()
            .map(|line| line.join(OsStr::new(" ")).to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn development_requirements_come_after_the_manifest() {
        let folder = RelPath::parse("backend").unwrap();
        let manifest = RelPath::parse("backend/requirements.txt").unwrap();
        let development = RelPath::parse("backend/requirements-dev.txt").unwrap();
        let requirements: Vec<Requirement> =
            [(&manifest, "flask", false), (&development, "pytest", true)]
                .into_iter()
                .map(|(file, name, development)| Requirement {
                    name: name.to_owned(),
                    extras: Vec::new(),
                    specifier: String::new(),
                    exact: false,
                    development,
                    direct: true,
                    declared: Evidence::new(file.clone(), 1, name),
                    imported: None,
                })
                .collect();
        let mut part = Part {
            name: "web",
            folder: &folder,
            manager: PackageManager::Pip,
            manifest: Some(&manifest),
            also: &[],
            locked: false,
            inputs: Vec::new(),
            requirements: &requirements,
            version: None,
            venv: PathBuf::from("/srv/app/.venv"),
        };
        assert_eq!(
            written(&part),
            [
                "-m pip install -r requirements.txt",
                "-m pip install -r requirements-dev.txt"
            ]
        );
        let pyproject = RelPath::parse("backend/pyproject.toml").unwrap();
        part.manifest = Some(&pyproject);
        part.manager = PackageManager::Uv;
        part.locked = true;
        assert_eq!(written(&part), ["sync --locked"]);
        part.manager = PackageManager::Conda;
        part.manifest = None;
        assert_eq!(
            written(&part),
            ["env update --prefix /srv/app/.venv --file environment.yml"]
        );
    }
}
