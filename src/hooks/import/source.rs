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

    /// How it takes its own hooks away; None where it has none or leaves that to git.
    #[must_use]
    pub fn leave(self) -> Option<&'static str> {
        match self {
            Self::PreCommit => Some("pre-commit uninstall"),
            Self::Lefthook => Some("lefthook uninstall"),
            Self::Husky => Some("git config --unset core.hooksPath"),
            Self::SimpleGitHooks | Self::LintStaged => None,
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
        &[".pre-commit-config.yaml", ".pre-commit-config.yml"],
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
    let package: Option<serde_json::Value> = std::fs::read(root.join("package.json"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
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
