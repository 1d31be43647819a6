//! How a package manager of Node.js is got and what it is told: for images, workflows, make and
//! the dev container alike.

use super::super::pins::Pins;
use crate::project::{Evidence, Fact, Library, PackageManager, RelPath, Service};

/// The version of Node.js where the project names none.
pub(super) const NODE: &str = "22";

/// What installs the packages of one folder.
#[derive(Debug, Clone)]
pub(super) struct Installer {
    pub(super) manager: PackageManager,
    /// Whether there is a lock file.
    pub(super) locked: bool,
    /// Whether it is Yarn from version 2 on.
    pub(super) berry: bool,
    /// As the manifest names it: `9.15.2`.
    version: Option<String>,
    /// Of the form of pnpm's lock file: `9.0`.
    form: Option<String>,
}

impl Installer {
    pub(super) fn of_service(service: &Service) -> Self {
        let fact = service.package_manager.as_ref();
        Self::of(fact, service.lock.is_some(), &service.manifest_includes)
    }

    pub(super) fn of_library(library: &Library) -> Self {
        let fact = library.package_manager.as_ref();
        Self::of(fact, fact.is_some_and(|fact| lock_of(fact).is_some()), &[])
    }

    fn of(fact: Option<&Fact<PackageManager>>, locked: bool, beside: &[RelPath]) -> Self {
        let manager = fact.map_or(PackageManager::Npm, |fact| fact.value);
        let evidence = fact.map_or(&[][..], |fact| &fact.evidence);
        let version = named(evidence, &format!("{}@", program(manager)));
        let settings = |file: &RelPath| file.file_name() == ".yarnrc.yml";
        let newer = version.as_ref().is_some_and(|text| !text.starts_with("1."));
        Self {
            manager,
            locked,
            berry: manager == PackageManager::Yarn
                && (newer
                    || beside.iter().any(settings)
                    || evidence.iter().any(|at| settings(&at.file))),
            form: named(evidence, "lockfileVersion: '")
                .or_else(|| named(evidence, "lockfileVersion: ")),
            version,
        }
    }

    pub(super) fn program(&self) -> &'static str {
        program(self.manager)
    }

    /// The command that installs what the lock file says, and changes no file beside it.
    pub(super) fn install(&self) -> &'static str {
        match (self.manager, self.locked) {
            (PackageManager::Pnpm, true) => "pnpm install --frozen-lockfile",
            (PackageManager::Pnpm, false) => "pnpm install",
            (PackageManager::Yarn, true) if self.berry => "yarn install --immutable",
            (PackageManager::Yarn, true) => "yarn install --frozen-lockfile --non-interactive",
            (PackageManager::Yarn, false) => "yarn install",
            (PackageManager::Bun, true) => "bun install --frozen-lockfile",
            (PackageManager::Bun, false) => "bun install",
            (_, true) => "npm ci",
            (_, false) => "npm install",
        }
    }

    /// The version that is got: the one named, else one of ours that reads the lock file.
    pub(super) fn version<'a>(&'a self, pins: &'a Pins) -> Option<&'a str> {
        if let Some(version) = &self.version {
            return Some(version);
        }
        match (self.manager, self.form.as_deref()) {
            // https://github.com/pnpm/spec: 5.x is read up to pnpm 7, 6.0 up to pnpm 8.
            (PackageManager::Pnpm, Some(form)) if form.starts_with("5.") => Some("7"),
            (PackageManager::Pnpm, Some(form)) if form.starts_with("6.") => Some("8"),
            (PackageManager::Pnpm | PackageManager::Bun, _) => pins.tool(self.program()),
            _ => None,
        }
    }

    /// The command that gets it, where it does not come with Node.js `major`.
    pub(super) fn get(&self, pins: &Pins, major: Option<&str>) -> Option<String> {
        let named =
            |version: &str| format!("npm install --global --force {}@{version}", self.program());
        match self.manager {
            PackageManager::Yarn if self.berry => {
                // Yarn's newer releases are not on npm under its name.
                let comes = major
                    .unwrap_or(NODE)
                    .parse::<u32>()
                    .is_ok_and(|major| major < 25);
                Some(if comes {
                    "corepack enable".to_owned()
                } else {
                    "npm install --global corepack && corepack enable".to_owned()
                })
            }
            PackageManager::Yarn => self.version.as_deref().map(named),
            PackageManager::Pnpm | PackageManager::Bun => Some(self.version(pins).map_or_else(
                || format!("npm install --global --force {}", self.program()),
                named,
            )),
            _ => None,
        }
    }

    /// The folder of a user's home that keeps what was downloaded.
    pub(super) fn cache(&self) -> &'static str {
        match self.manager {
            PackageManager::Pnpm => "~/.local/share/pnpm/store",
            PackageManager::Yarn if self.berry => "~/.yarn/berry/cache",
            PackageManager::Yarn => "~/.cache/yarn",
            PackageManager::Bun => "~/.bun/install/cache",
            _ => "~/.npm",
        }
    }
}

fn program(manager: PackageManager) -> &'static str {
    match manager {
        PackageManager::Pnpm => "pnpm",
        PackageManager::Yarn => "yarn",
        PackageManager::Bun => "bun",
        _ => "npm",
    }
}

/// The version behind `before` in one of the lines that speak for the package manager.
fn named(evidence: &[Evidence], before: &str) -> Option<String> {
    evidence.iter().find_map(|at| {
        let (_, rest) = at.excerpt.split_once(before)?;
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c))
            .unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_owned())
    })
}

/// The lock file among what speaks for a package manager.
pub(super) fn lock_of(fact: &Fact<PackageManager>) -> Option<&RelPath> {
    let names: &[&str] = match fact.value {
        PackageManager::Pnpm => &["pnpm-lock.yaml"],
        PackageManager::Yarn => &["yarn.lock"],
        PackageManager::Bun => &["bun.lock", "bun.lockb"],
        _ => &["package-lock.json", "npm-shrinkwrap.json"],
    };
    fact.evidence
        .iter()
        .map(|at| &at.file)
        .find(|file| names.contains(&file.file_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installer(manager: PackageManager, evidence: &[(&str, &str)]) -> Installer {
        let at =
            |(file, line): &(&str, &str)| Evidence::new(RelPath::parse(file).unwrap(), 1, line);
        let mut fact = Fact::guess(manager, "a test says so");
        fact.evidence = evidence.iter().map(at).collect();
        Installer::of(Some(&fact), lock_of(&fact).is_some(), &[])
    }

    #[test]
    fn the_version_that_the_manifest_names_is_got() {
        let pins = Pins::builtin().unwrap();
        let pnpm = [
            (
                "package.json",
                r#""packageManager": "pnpm@9.15.2+sha512.ab""#,
            ),
            ("pnpm-lock.yaml", "lockfileVersion: '9.0'"),
        ];
        let pnpm = installer(PackageManager::Pnpm, &pnpm);
        let get = "npm install --global --force pnpm@9.15.2";
        assert_eq!(pnpm.get(&pins, None).as_deref(), Some(get));
        assert_eq!(pnpm.install(), "pnpm install --frozen-lockfile");
        let yarn = [("package.json", r#""packageManager": "yarn@4.5.0""#)];
        let yarn = installer(PackageManager::Yarn, &yarn);
        assert_eq!(
            yarn.get(&pins, Some("22")).as_deref(),
            Some("corepack enable")
        );
        let without = "npm install --global corepack && corepack enable";
        assert_eq!(yarn.get(&pins, Some("26")).as_deref(), Some(without));
    }

    #[test]
    fn an_old_lock_of_pnpm_is_read_by_a_pnpm_of_its_time() {
        let pins = Pins::builtin().unwrap();
        for (form, version) in [("5.4", "7"), ("6.0", "8")] {
            let line = format!("lockfileVersion: '{form}'");
            let lock = [("pnpm-lock.yaml", line.as_str())];
            let pnpm = installer(PackageManager::Pnpm, &lock);
            assert_eq!(pnpm.version(&pins), Some(version));
        }
        // Before 6.0 it is a number.
        let lock = [("pnpm-lock.yaml", "lockfileVersion: 5.4")];
        assert_eq!(
            installer(PackageManager::Pnpm, &lock).version(&pins),
            Some("7")
        );
        let lock = [("pnpm-lock.yaml", "lockfileVersion: '9.0'")];
        let ours = installer(PackageManager::Pnpm, &lock);
        assert_eq!(ours.version(&pins), pins.tool("pnpm"));
        assert!(pins.tool("pnpm").is_some() && pins.tool("bun").is_some());
    }

    #[test]
    fn what_comes_with_node_is_not_got() {
        let pins = Pins::builtin().unwrap();
        let npm = installer(PackageManager::Npm, &[("package-lock.json", "")]);
        assert_eq!((npm.get(&pins, None), npm.install()), (None, "npm ci"));
        let yarn = installer(PackageManager::Yarn, &[("web/yarn.lock", "")]);
        assert_eq!(yarn.get(&pins, None), None);
        let bun = installer(PackageManager::Bun, &[("bun.lockb", "")]);
        assert_eq!(bun.install(), "bun install --frozen-lockfile");
    }
}
