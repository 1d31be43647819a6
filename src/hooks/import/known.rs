//! What the hooks of well-known repositories for pre-commit run.

use super::line;
use crate::config::hooks::{Hook, Tool};
use serde::Deserialize;
use std::sync::LazyLock;

/// One hook of one repository; the fields are explained in `known.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    repo: Vec<String>,
    id: Vec<String>,
    pub(super) run: String,
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) types: Vec<String>,
    #[serde(default)]
    pub(super) files: Vec<String>,
    /// It looks at nothing until the configuration says which files.
    #[serde(default)]
    pub(super) needs_files: bool,
    /// It is given no files.
    #[serde(default)]
    pub(super) all: bool,
    #[serde(default)]
    pub(super) fix: Fixes,
    /// The hook that it belongs to where the configuration does not say.
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    pip: Option<String>,
    #[serde(default)]
    npm: Option<String>,
    #[serde(default)]
    cargo: Option<String>,
    #[serde(default)]
    go: Option<String>,
    #[serde(default)]
    gem: Option<String>,
    #[serde(default)]
    pinned: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fixes {
    #[default]
    Never,
    /// Where an argument says to write.
    Arguments,
    /// Unless an argument says to check only.
    Always,
}

/// Arguments by which a tool writes.
const WRITES: &[&str] = &[
    "--fix",
    "--fix-only",
    "--write",
    "--write-changes",
    "--in-place",
    "--inplace",
    "--autofix",
    "--auto-correct",
    "--autocorrect",
    "--apply",
    "-A",
    "-F",
    "-a",
    "-w",
    "-i",
];
/// Arguments by which one that writes does not.
const LOOKS: &[&str] = &[
    "--check",
    "--check-only",
    "--diff",
    "--dry-run",
    "--check-formatted",
    "--lint",
    "--list-different",
    "--test",
    "-check",
];

/// A program that configurations name by itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Program {
    run: String,
    fix: Fixes,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    hook: Vec<Known>,
    program: Vec<Program>,
}

// A test reads it, so that nobody meets an empty table.
static ALL: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("known.toml")).unwrap_or_default());

/// The hook `id` of the repository at `url`.
pub(super) fn find(url: &str, id: &str) -> Option<&'static Known> {
    let url = address(url);
    ALL.hook.iter().find(|known| {
        known.id.iter().any(|one| one == id)
            && known
                .repo
                .iter()
                .any(|repo| is_of(&url, &repo.to_lowercase()))
    })
}

/// Whether `url`, as [`address`] gives it, is of the repository `owner/name`.
pub(super) fn is_of(url: &str, repository: &str) -> bool {
    url.strip_suffix(repository)
        .is_some_and(|before| before.ends_with(['/', ':']))
}

/// An address in lower case, without what makes no difference.
pub(super) fn address(url: &str) -> String {
    url.trim_end_matches('/')
        .trim_end_matches(".git")
        .to_lowercase()
}

/// Whether a command with these words rewrites its files.
pub(super) fn writes(fixes: Fixes, words: &[String]) -> bool {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    match fixes {
        Fixes::Never => false,
        Fixes::Arguments => has(WRITES) && !has(LOOKS),
        Fixes::Always => !has(LOOKS),
    }
}

/// Whether a command line rewrites its files: as its program is known to, or as a long option
/// of it says.
pub(super) fn line_writes(words: &[String]) -> bool {
    let words = line::inner(words);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let says = words
        .iter()
        .any(|word| word.starts_with("--") && WRITES.contains(&word.as_str()));
    if says && !has(LOOKS) {
        return true;
    }
    let of_programs = ALL.program.iter().map(|one| (one.run.as_str(), one.fix));
    let of_hooks = ALL.hook.iter().map(|one| (one.run.as_str(), one.fix));
    let known = of_programs
        .chain(of_hooks)
        .filter(|(run, _)| starts(words, run))
        .max_by_key(|(run, _)| plain(run.split(' ')).count());
    known.is_some_and(|(run, fixes)| {
        let only_when_told = run.split(' ').any(|word| WRITES.contains(&word));
        writes(
            if only_when_told {
                Fixes::Arguments
            } else {
                fixes
            },
            words,
        )
    })
}

/// Whether `words` begin with the program and the subcommands of `run`.
fn starts(words: &[String], run: &str) -> bool {
    let mut words = plain(words.iter().map(String::as_str));
    plain(run.split(' ')).all(|one| words.next() == Some(one))
}

fn plain<'w>(words: impl Iterator<Item = &'w str>) -> impl Iterator<Item = &'w str> {
    words.filter(|word| !word.starts_with('-'))
}

impl Known {
    pub(super) fn stage(&self) -> Option<Hook> {
        Hook::parse(self.stage.as_deref()?)
    }

    /// How one gets the program, in the version that `revision` names where it names one, with
    /// `also` beside it.
    pub(super) fn tool(&self, revision: &str, also: &[String]) -> Tool {
        let version = self.pinned.then(|| version(revision)).flatten();
        let package = self.pip.as_ref().or(self.npm.as_ref());
        // Hooks of node name their own package there, too.
        let is_own = |one: &&String| {
            let rest = package.and_then(|package| one.strip_prefix(package.as_str()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '=']))
        };
        let own = also.iter().find(is_own);
        let with = |package: &str, separator: &str| match &version {
            _ if own.is_some() => own.cloned().unwrap_or_default(),
            Some(version) if !package.contains([' ', '+']) => {
                format!("{package}{separator}{version}")
            }
            _ => package.to_owned(),
        };
        let also = |text: String| {
            let others = also.iter().filter(|one| Some(*one) != own);
            let others = others.map(|one| shell_words::quote(one).into_owned());
            std::iter::once(text)
                .chain(others)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let install = if let Some(package) = &self.pip {
            let package = with(package, "==");
            let quoted = if package.contains('[') {
                format!("'{package}'")
            } else {
                package
            };
            Some(also(format!("pip install {quoted}")))
        } else if let Some(package) = &self.npm {
            Some(also(format!(
                "npm install --save-dev {}",
                with(package, "@")
            )))
        } else if let Some(package) = &self.cargo {
            Some(format!("cargo install --locked {package}"))
        } else if let Some(package) = &self.go {
            Some(format!("go install {package}@latest"))
        } else {
            self.gem
                .as_ref()
                .map(|package| format!("gem install {package}"))
        };
        Tool {
            name: self.run.split(' ').next().unwrap_or_default().to_owned(),
            install,
        }
    }
}

/// `1.2.3` of `v1.2.3`; None of a revision that is no version.
fn version(revision: &str) -> Option<&str> {
    let text = revision.strip_prefix('v').unwrap_or(revision);
    let is_version = text.contains('.')
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_digit()));
    is_version.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        assert!(ALL.hook.len() > 100 && ALL.program.len() > 20);
        for known in &ALL.hook {
            assert!(shell_words::split(&known.run).is_ok(), "{known:?}");
            for tag in &known.types {
                assert!(
                    file_identify::Tag::from_name(tag).is_some(),
                    "{tag} of {known:?}"
                );
            }
            assert!(
                known.stage.is_none() || known.stage().is_some(),
                "{known:?}"
            );
        }
    }

    #[test]
    fn a_hook_is_found_by_whatever_form_of_its_address() {
        for url in [
            "https://github.com/astral-sh/ruff-pre-commit",
            "https://github.com/astral-sh/ruff-pre-commit.git",
            "git@github.com:Astral-sh/ruff-pre-commit/",
        ] {
            assert_eq!(find(url, "ruff").unwrap().run, "ruff check --force-exclude");
        }
        assert!(find("https://github.com/x-astral-sh/ruff-pre-commit", "ruff").is_none());
    }

    #[test]
    fn a_tool_is_named_in_the_version_that_ran() {
        let mypy = find("https://github.com/pre-commit/mirrors-mypy", "mypy").unwrap();
        let install = |revision| {
            mypy.tool(revision, &["types-x>=1".to_owned()])
                .install
                .unwrap()
        };
        assert_eq!(install("v1.11.2"), "pip install mypy==1.11.2 'types-x>=1'");
        assert_eq!(install("main"), "pip install mypy 'types-x>=1'");
        let prettier = find("https://github.com/rbubley/mirrors-prettier", "prettier").unwrap();
        let also = ["prettier@3.1.0".to_owned(), "plugin@2".to_owned()];
        assert_eq!(
            prettier.tool("v3.0.0", &also).install.unwrap(),
            "npm install --save-dev prettier@3.1.0 plugin@2"
        );
    }

    #[test]
    fn whether_it_writes_is_read_from_its_arguments() {
        let words = |text: &str| shell_words::split(text).unwrap();
        assert!(
            writes(Fixes::Arguments, &words("--fix")) && !writes(Fixes::Arguments, &words("-q"))
        );
        assert!(writes(Fixes::Always, &[]) && !writes(Fixes::Always, &words("--check --diff")));
        for line in [
            "x --fix",
            "npx eslint --fix",
            "prettier --write -l",
            "black",
            "uv run ruff format",
            "cargo fmt",
            "gofmt -l -w",
            "python -m isort",
            "sort-package-json",
        ] {
            assert!(line_writes(&words(line)), "{line}");
        }
        for line in [
            "x -w",
            "eslint",
            "prettier --check",
            "prettier",
            "black --check",
            "ruff check",
            "cargo clippy",
            "cargo fmt --check",
            "gofmt -l",
        ] {
            assert!(!line_writes(&words(line)), "{line}");
        }
    }
}
