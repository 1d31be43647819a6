//! Which tools' hooks a repository is set up for.

use crate::project::RelPath;
use serde::Serialize;
use std::path::Path;

/// A tool that runs things at git's hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    PreCommit,
    Lefthook,
    Husky,
    SimpleGitHooks,
    LintStaged,
}

impl Manager {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::Lefthook => "lefthook",
            Self::Husky => "husky",
            Self::SimpleGitHooks => "simple-git-hooks",
            Self::LintStaged => "lint-staged",
        }
    }
}

/// One file, or folder, that says what a tool runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    pub manager: Manager,
    pub path: RelPath,
}

/// Names that each tool looks for at the root, the one that it takes first before the others.
const NAMES: &[(Manager, &[&str])] = &[
    (
        Manager::PreCommit,
        &[
            ".pre-commit-config.yaml",
            ".pre-commit-config.yml",
            "prek.toml",
        ],
    ),
    (
        Manager::Lefthook,
        &[
            "lefthook.yml",
            "lefthook.yaml",
            "lefthook.json",
            "lefthook.jsonc",
            "lefthook.toml",
            ".lefthook.yml",
            ".lefthook.yaml",
            ".lefthook.json",
            ".lefthook.jsonc",
            ".lefthook.toml",
            ".config/lefthook.yml",
            ".config/lefthook.yaml",
            ".config/lefthook.json",
            ".config/lefthook.jsonc",
            ".config/lefthook.toml",
        ],
    ),
    (
        Manager::Husky,
        &[
            ".husky",
            ".huskyrc",
            ".huskyrc.json",
            ".huskyrc.yaml",
            ".huskyrc.yml",
            ".huskyrc.js",
        ],
    ),
    (
        Manager::LintStaged,
        &[
            ".lintstagedrc",
            ".lintstagedrc.json",
            ".lintstagedrc.yaml",
            ".lintstagedrc.yml",
            ".lintstagedrc.mjs",
            ".lintstagedrc.mts",
            ".lintstagedrc.js",
            ".lintstagedrc.ts",
            ".lintstagedrc.cjs",
            ".lintstagedrc.cts",
            "lint-staged.config.mjs",
            "lint-staged.config.mts",
            "lint-staged.config.js",
            "lint-staged.config.ts",
            "lint-staged.config.cjs",
            "lint-staged.config.cts",
        ],
    ),
];

/// Keys of package.json.
const KEYS: &[(Manager, &str)] = &[
    (Manager::Husky, "husky"),
    (Manager::SimpleGitHooks, "simple-git-hooks"),
    (Manager::LintStaged, "lint-staged"),
];

/// The sources at `root`, at most one per tool.
#[must_use]
pub fn sources(root: &Path) -> Vec<Source> {
    let mut found: Vec<Source> = NAMES
        .iter()
        .filter_map(|(manager, names)| {
            let name = names.iter().find(|name| root.join(name).exists())?;
            Some(Source {
                manager: *manager,
                path: RelPath::parse(name).ok()?,
            })
        })
        .collect();
    let package = package(root);
    for (manager, key) in KEYS {
        let has = package
            .as_ref()
            .and_then(|package| package.get(key))
            .is_some_and(|value| value.is_object() || value.is_array());
        if has
            && !found.iter().any(|source| source.manager == *manager)
            && let Ok(path) = RelPath::parse("package.json")
        {
            found.push(Source {
                manager: *manager,
                path,
            });
        }
    }
    found.sort_by_key(|source| source.manager);
    found
}

/// What a person does so that none of `sources` runs beside shipway: commands, and sentences
/// where no command does it.
#[must_use]
pub fn farewell(root: &Path, sources: &[Source]) -> Vec<String> {
    let mut steps = Vec::new();
    for source in sources {
        let step = match source.manager {
            Manager::PreCommit => "pre-commit uninstall",
            Manager::Lefthook => "lefthook uninstall",
            // From version 5 on, git is told where its hooks lie; before, they lay where git's lie.
            Manager::Husky if source.path.as_str() == ".husky" => {
                "git config --unset core.hooksPath"
            }
            Manager::Husky | Manager::SimpleGitHooks => {
                "delete its hooks from the folder that git rev-parse --git-path hooks names"
            }
            Manager::LintStaged => continue,
        };
        steps.push(step.to_owned());
    }
    let package = package(root);
    let scripts = package.as_ref().and_then(|package| package.get("scripts"));
    for script in ["prepare", "postinstall", "install"] {
        let text = scripts.and_then(|scripts| scripts.get(script)?.as_str());
        let again = sources.iter().find(|source| {
            text.is_some_and(|text| {
                text.split(|letter: char| letter.is_whitespace() || "&|;".contains(letter))
                    .any(|word| word == source.manager.name())
            })
        });
        if let Some(source) = again {
            steps.push(format!(
                "take {} out of the script {script} in package.json, which sets its hooks up again",
                source.manager.name()
            ));
        }
    }
    steps
}

fn package(root: &Path) -> Option<serde_json::Value> {
    let text = std::fs::read(root.join("package.json")).ok()?;
    serde_json::from_slice(&text).ok()
}
