//! Whether the package managers that the project uses are there.

use super::{Finding, Subject};
use crate::project::PackageManager;
use std::collections::BTreeMap;

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Some(project) = subject.project else {
        return Vec::new();
    };
    let services = project
        .services
        .iter()
        .map(|service| (service.name.as_str(), &service.package_manager));
    let libraries = project
        .libraries
        .iter()
        .map(|library| (library.name.value.as_str(), &library.package_manager));
    let mut users: BTreeMap<&str, (&[&str], &str, Vec<&str>)> = BTreeMap::new();
    for (user, manager) in services.chain(libraries) {
        if let Some((names, mend)) = manager.as_ref().and_then(|fact| programs(fact.value)) {
            let (.., names_of_users) = users
                .entry(names[0])
                .or_insert_with(|| (names, mend, Vec::new()));
            names_of_users.push(user);
        }
    }
    users
        .into_values()
        .map(|(names, mend, users)| finding(subject, names, mend, &users.join(", ")))
        .collect()
}

fn finding(subject: &Subject, names: &[&str], mend: &str, users: &str) -> Finding {
    let Some((name, path)) = names
        .iter()
        .find_map(|name| Some((name, subject.machine.find(name)?)))
    else {
        return Finding::missing(
            format!("{} is not on PATH; {users} is installed with it", names[0]),
            mend,
        );
    };
    match subject.machine.version(&path, &["--version"]) {
        Ok(Some(version)) => Finding::ok(format!("{name} {version}")),
        Ok(None) => Finding::ok(format!("{name} at {}", path.display())),
        Err(silence) => Finding::error(silence.to_string(), mend),
    }
}

/// The programs that do for a package manager, in order, and what installs the first; None
/// where it comes with the runtime.
fn programs(manager: PackageManager) -> Option<(&'static [&'static str], &'static str)> {
    Some(match manager {
        PackageManager::Uv => (
            &["uv"],
            "pipx install uv, or see https://docs.astral.sh/uv/getting-started/installation/",
        ),
        PackageManager::Poetry => (&["poetry"], "pipx install poetry"),
        PackageManager::Pipenv => (&["pipenv"], "pipx install pipenv"),
        PackageManager::Pdm => (&["pdm"], "pipx install pdm"),
        PackageManager::Conda => (
            &["conda", "mamba", "micromamba"],
            "install Miniforge from https://conda-forge.org/download/",
        ),
        PackageManager::Npm => (
            &["npm"],
            "install Node.js from https://nodejs.org/en/download",
        ),
        PackageManager::Pnpm => (&["pnpm"], "npm install --global pnpm"),
        PackageManager::Yarn => (&["yarn"], "npm install --global yarn"),
        PackageManager::Bun => (&["bun"], "npm install --global bun"),
        PackageManager::Cargo => (&["cargo"], "install Rust from https://rustup.rs"),
        PackageManager::Go => (&["go"], "install Go from https://go.dev/dl/"),
        // Their wrappers bring the rest.
        PackageManager::Maven | PackageManager::Gradle => {
            (&["java"], "install a JDK from https://adoptium.net")
        }
        PackageManager::Nuget => (
            &["dotnet"],
            "install the SDK from https://dotnet.microsoft.com/download",
        ),
        PackageManager::Composer => (&["composer"], "see https://getcomposer.org/download/"),
        PackageManager::Bundler => (
            &["bundle"],
            "install Ruby from https://www.ruby-lang.org/en/downloads, Bundler comes with it",
        ),
        PackageManager::Renv | PackageManager::Cran => {
            (&["Rscript"], "install R from https://cran.r-project.org")
        }
        PackageManager::Deno => (
            &["deno"],
            "install Deno from https://docs.deno.com/runtime/getting_started/installation/",
        ),
        PackageManager::Mix => (
            &["mix"],
            "install Elixir from https://elixir-lang.org/install.html, mix comes with it",
        ),
        PackageManager::Pip => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{look, project, service};
    use crate::doctor::Level;
    use crate::project::{Fact, PackageManager};

    #[test]
    fn the_project_s_own_package_manager_is_wanted() {
        let mut service = service();
        service.package_manager = Some(Fact::guess(PackageManager::Poetry, "a test"));
        let project = project(vec![service]);
        assert_eq!(
            look(super::look, &project, &[]),
            [(
                Level::Error,
                true,
                "poetry is not on PATH; web is installed with it".to_owned()
            )]
        );
        assert_eq!(
            look(
                super::look,
                &project,
                &[("poetry", "Poetry (version 1.8.3)")]
            ),
            [(Level::Ok, false, "poetry 1.8.3".to_owned())]
        );
    }
}
