//! How dependencies get into a virtual environment, per package manager.

use super::super::super::Input;
use super::super::lock_note;
use super::{copy_files, sh};
use crate::project::{PackageManager, RelPath, Requirement, Service};

/// The lines of a Dockerfile that install dependencies.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    pub(super) comment: Vec<String>,
    /// Arguments of COPY.
    pub(super) manifests: Vec<String>,
    /// Commands of RUN.
    pub(super) installs: Vec<String>,
    pub(super) dev_manifests: Vec<String>,
    pub(super) dev_installs: Vec<String>,
}

const PIP: &str = "python -m pip --python /opt/venv/bin/python install --no-compile";

/// Dependencies of `services`, which share a manifest.
pub(super) fn of(input: &Input, services: &[&Service]) -> Dependencies {
    let first = services[0];
    let Some(manifest) = &first.manifest else {
        let mut dependencies = Dependencies::default();
        named_elsewhere(input, first, &mut dependencies);
        return with_tools(input, services, dependencies);
    };
    let manifest = &manifest.value;
    let manager = first
        .package_manager
        .as_ref()
        .map_or(PackageManager::Pip, |fact| fact.value);
    let lock = first.lock.as_ref().map(|fact| &fact.value);
    let mut files: Vec<RelPath> = vec![manifest.clone()];
    files.extend(lock.cloned());
    for service in services {
        files.extend(service.manifest_includes.iter().cloned());
        files.extend(service.manifest_also.iter().cloned());
    }
    // pip cannot verify what git brings, and with one hash it wants to verify everything.
    let is_hashed = !services
        .iter()
        .flat_map(|service| &service.requirements)
        .any(Requirement::is_from_git);
    let (said, pipenv, others) = if is_hashed {
        (
            "Exactly what the lock file says, checked against its hashes; the tool that reads it stays here.",
            "pipenv requirements --hash",
            "",
        )
    } else {
        (
            "Exactly what the lock file says; pip cannot verify what git brings, so it verifies nothing.",
            "pipenv requirements",
            " --without-hashes",
        )
    };
    let poetry = format!("poetry export --no-interaction{others}");
    let pdm = format!("pdm export --format requirements{others}");
    let mut dependencies = match (manager, lock) {
        (PackageManager::Uv, Some(_)) if manifest.file_name() == "pyproject.toml" => {
            uv(input, manifest)
        }
        (PackageManager::Poetry, Some(_)) => exported(
            input,
            manifest,
            &["poetry", "poetry-plugin-export"],
            &format!("{poetry} --only main --output /tmp/requirements.txt"),
            &format!("{poetry} --only main,dev --output /tmp/dev.txt"),
            said,
        ),
        (PackageManager::Poetry, None) => unlocked(exported(
            input,
            manifest,
            &["poetry", "poetry-plugin-export"],
            &format!(
                "poetry lock --no-interaction && {poetry} --only main --output /tmp/requirements.txt"
            ),
            &format!("{poetry} --only main,dev --output /tmp/dev.txt"),
            said,
        )),
        (PackageManager::Pipenv, None) => unlocked(exported(
            input,
            manifest,
            &["pipenv"],
            &format!("pipenv lock && {pipenv} > /tmp/requirements.txt"),
            &format!("{pipenv} --dev > /tmp/dev.txt"),
            said,
        )),
        (PackageManager::Pipenv, Some(_)) => exported(
            input,
            manifest,
            &["pipenv"],
            &format!("{pipenv} > /tmp/requirements.txt"),
            &format!("{pipenv} --dev > /tmp/dev.txt"),
            said,
        ),
        (PackageManager::Pdm, Some(_)) => exported(
            input,
            manifest,
            &["pdm", "hishel"],
            &format!("{pdm} --prod --output /tmp/requirements.txt"),
            &format!("{pdm} --output /tmp/dev.txt"),
            said,
        ),
        (PackageManager::Conda, _) => conda(input, first),
        _ if manifest.extension() == "txt" => {
            requirements(input, lock.unwrap_or(manifest), services)
        }
        _ => declared(input, first, manifest),
    };
    dependencies.manifests = copy_files(&files);
    named_elsewhere(input, first, &mut dependencies);
    with_tools(input, services, dependencies)
}

/// Whether only a Dockerfile of the repository asks for it.
fn of_dockerfile(input: &Input, requirement: &Requirement) -> bool {
    let files = &input.project.existing.dockerfiles;
    files
        .iter()
        .any(|file| file.path == requirement.declared.file)
}

/// Adds what a Dockerfile of the repository installs beside the manifest.
fn named_elsewhere(input: &Input, service: &Service, dependencies: &mut Dependencies) {
    let named: Vec<&Requirement> = service
        .requirements
        .iter()
        .filter(|one| !one.development && of_dockerfile(input, one))
        .collect();
    let Some(first) = named.first() else {
        return;
    };
    dependencies.comment.push(format!(
        "{} installs {} beside the manifest; here, too.",
        first.declared.file,
        named
            .iter()
            .map(|one| one.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    ));
    let words: Vec<String> = named.iter().map(|one| sh(&one.text())).collect();
    dependencies
        .installs
        .push(format!("{PIP} {}", words.join(" ")));
}

/// The environment exactly as locked, checked against the hashes in the lock.
fn uv(input: &Input, manifest: &RelPath) -> Dependencies {
    let folder = sh(&manifest.parent().to_string());
    let sync = format!(
        "UV_PROJECT_ENVIRONMENT=/opt/venv UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy uv sync --project {folder} \\\n    --python \"$(command -v python)\" --frozen --no-install-project --no-install-workspace --inexact"
    );
    Dependencies {
        comment: vec!["Exactly what uv.lock says, checked against its hashes.".to_owned()],
        installs: vec![
            format!(
                "python -m pip install --no-compile {}",
                input.pins.requirement("uv")
            ),
            format!("{sync} --no-dev"),
        ],
        dev_installs: vec![sync],
        ..Dependencies::default()
    }
}

/// A lock that its own tool writes as requirements with hashes.
fn exported(
    input: &Input,
    manifest: &RelPath,
    tools: &[&str],
    export: &str,
    dev_export: &str,
    said: &str,
) -> Dependencies {
    let folder = manifest.parent();
    let enter = if folder.is_root() {
        String::new()
    } else {
        format!("cd {} && ", sh(folder.as_str()))
    };
    let tools: Vec<String> = tools
        .iter()
        .map(|name| input.pins.requirement(name))
        .collect();
    Dependencies {
        comment: vec![said.to_owned()],
        installs: vec![
            format!(
                "python -m venv /opt/lock && /opt/lock/bin/pip install --no-compile {} \\\n    && {enter}export PATH=\"/opt/lock/bin:$PATH\" && {export}",
                tools.join(" ")
            ),
            format!("{PIP} --requirement /tmp/requirements.txt"),
        ],
        dev_installs: vec![
            format!("{enter}PATH=/opt/lock/bin:$PATH {dev_export}"),
            format!("{PIP} --requirement /tmp/dev.txt"),
        ],
        ..Dependencies::default()
    }
}

/// Without a lock in the repository each build makes one of its own.
fn unlocked(mut dependencies: Dependencies) -> Dependencies {
    dependencies.comment = lock_note(false);
    dependencies
}

/// A file for pip; where it has hashes, pip checks them and refuses what has none.
fn requirements(input: &Input, manifest: &RelPath, services: &[&Service]) -> Dependencies {
    let all = || {
        services
            .iter()
            .flat_map(|service| &service.requirements)
            .filter(|one| !one.development && !of_dockerfile(input, one))
    };
    let mut comment = Vec::new();
    if !all().all(|one| one.exact) {
        comment.push("Not every version is pinned, so that two builds at different times may differ. To pin them,".to_owned());
        comment.push(
            "with hashes: uv pip compile --generate-hashes --output-file requirements.lock FILE"
                .to_owned(),
        );
    }
    let unused = unused(all());
    if !unused.is_empty() {
        comment.push(format!(
            "Nothing imports {}: {} can be taken out of the file.",
            unused.join(", "),
            if unused.len() == 1 { "it" } else { "they" }
        ));
    }
    let lists: Vec<String> = std::iter::once(manifest)
        .chain(&services[0].manifest_also)
        .map(|list| format!("--requirement {}", sh(list.as_str())))
        .collect();
    Dependencies {
        comment,
        installs: vec![format!("{PIP} {}", lists.join(" "))],
        ..Dependencies::default()
    }
}

fn unused<'a>(requirements: impl Iterator<Item = &'a Requirement>) -> Vec<&'a str> {
    let mut names: Vec<&str> = requirements
        .filter(|one| one.imported == Some(false))
        .map(|one| one.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What conda's file names, from `PyPI`.
fn conda(input: &Input, service: &Service) -> Dependencies {
    let words: Vec<String> = service
        .requirements
        .iter()
        .filter(|one| !one.development && !matches!(one.name.as_str(), "python" | "pip"))
        .filter(|one| !of_dockerfile(input, one))
        .map(|one| sh(&format!("{}{}", one.name, from_conda(&one.specifier))))
        .collect();
    Dependencies {
        comment: vec![
            "The packages of conda's file, from PyPI: conda itself would add some 400 MB. A package that".to_owned(),
            "only conda has must be replaced here, or installed as a Debian package.".to_owned(),
        ],
        installs: if words.is_empty() { Vec::new() } else { vec![format!("{PIP} {}", words.join(" "))] },
        ..Dependencies::default()
    }
}

/// `=1.2` of conda is `==1.2.*` for pip.
fn from_conda(specifier: &str) -> String {
    let fuzzy = specifier
        .strip_prefix('=')
        .filter(|rest| !rest.starts_with('='));
    match fuzzy {
        Some(version) => format!(
            "=={}.*",
            version
                .split('=')
                .next()
                .unwrap_or(version)
                .trim_end_matches(".*")
        ),
        None => specifier.to_owned(),
    }
}

/// The dependencies that `pyproject.toml` declares, or those of a setup script.
fn declared(input: &Input, service: &Service, manifest: &RelPath) -> Dependencies {
    let listed = || {
        let all = service.requirements.iter();
        all.filter(|one| !of_dockerfile(input, one))
    };
    let words: Vec<String> = listed()
        .filter(|one| !one.development)
        .map(|one| sh(&one.text()))
        .collect();
    // Where a table of its tool declares them, they are read from there.
    let standard = listed().all(|one| one.declared.file == *manifest);
    let install = if manifest.file_name() == "pyproject.toml" && standard {
        format!(
            "python -c \"import tomllib; print(*tomllib.load(open('{manifest}', 'rb'))['project'].get('dependencies', []), sep='\\\\n')\" > /tmp/requirements.txt \\\n    && {PIP} --requirement /tmp/requirements.txt"
        )
    } else {
        format!("{PIP} {}", words.join(" "))
    };
    Dependencies {
        comment: vec![format!(
            "What {manifest} declares; without a lock file two builds at different times may differ."
        )],
        installs: if words.is_empty() {
            Vec::new()
        } else {
            vec![install]
        },
        ..Dependencies::default()
    }
}

/// Adds what development needs: the project's own file for it, and the tools that `make` calls.
fn with_tools(
    input: &Input,
    services: &[&Service],
    mut dependencies: Dependencies,
) -> Dependencies {
    let manifest = services[0].manifest.as_ref().map(|fact| &fact.value);
    let requirements = || services.iter().flat_map(|service| &service.requirements);
    if dependencies.dev_installs.is_empty() {
        let mut files: Vec<RelPath> = requirements()
            .filter(|one| one.development && one.declared.file.extension() == "txt")
            .map(|one| one.declared.file.clone())
            .filter(|file| Some(file) != manifest)
            .collect();
        files.sort();
        files.dedup();
        if !files.is_empty() {
            let named: Vec<String> = files
                .iter()
                .map(|file| format!("--requirement {}", sh(file.as_str())))
                .collect();
            dependencies
                .dev_installs
                .push(format!("{PIP} {}", named.join(" ")));
            dependencies.dev_manifests = copy_files(&files);
        }
    }
    let mut tools = vec![
        "watchfiles",
        "pytest",
        "pytest-cov",
        "ruff",
        "black",
        "mypy",
    ];
    tools.retain(|tool| !requirements().any(|one| one.name == *tool));
    let tools: Vec<String> = tools
        .into_iter()
        .map(|tool| input.pins.requirement(tool))
        .collect();
    if !tools.is_empty() {
        dependencies
            .dev_installs
            .push(format!("{PIP} {}", tools.join(" ")));
    }
    dependencies
}
