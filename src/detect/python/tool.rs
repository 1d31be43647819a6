//! Developer tools that a Python project uses.

use super::code::Code;
use super::manifest::{Package, Section};
use crate::detect::Found;
use crate::detect::structured::{self, Node};
use crate::project::{Evidence, Fact, RelPath, Tool};

struct Known {
    name: &'static str,
    purpose: &'static str,
    /// Files whose presence is its configuration.
    files: &'static [&'static str],
    /// Section of setup.cfg and tox.ini.
    section: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        name: "ruff",
        purpose: "lint",
        files: &["ruff.toml", ".ruff.toml"],
        section: "",
    },
    Known {
        name: "black",
        purpose: "format",
        files: &[],
        section: "",
    },
    Known {
        name: "isort",
        purpose: "format",
        files: &[".isort.cfg"],
        section: "isort",
    },
    Known {
        name: "flake8",
        purpose: "lint",
        files: &[".flake8"],
        section: "flake8",
    },
    Known {
        name: "pylint",
        purpose: "lint",
        files: &[".pylintrc", "pylintrc"],
        section: "",
    },
    Known {
        name: "mypy",
        purpose: "types",
        files: &["mypy.ini", ".mypy.ini"],
        section: "mypy",
    },
    Known {
        name: "pyright",
        purpose: "types",
        files: &["pyrightconfig.json"],
        section: "",
    },
    Known {
        name: "bandit",
        purpose: "security",
        files: &[".bandit"],
        section: "bandit",
    },
    Known {
        name: "pytest",
        purpose: "test",
        files: &["pytest.ini"],
        section: "tool:pytest",
    },
    Known {
        name: "coverage",
        purpose: "test",
        files: &[".coveragerc"],
        section: "coverage:run",
    },
];

/// Adds the tools of one project; a tool that is known already only gains evidence.
pub(super) fn find(code: &Code<'_>, package: &Package, found: &mut Found) {
    for known in KNOWN {
        let mut evidence = Vec::new();
        for folder in [&package.root, &RelPath::root()] {
            for name in known.files {
                if let Ok(path) = folder.join(name)
                    && code.tree.has(&path)
                {
                    evidence.push(Evidence::file(path));
                }
            }
            evidence.extend(in_pyproject(code, folder, known.name));
            evidence.extend(in_ini(code, folder, known.section));
            evidence.extend(in_pre_commit(code, folder, known.name));
        }
        let requirement = package.any(known.name).or_else(|| match known.name {
            "coverage" => package.any("pytest-cov"),
            "pytest" => package.any("pytest-django"),
            _ => None,
        });
        evidence.extend(requirement.map(|requirement| requirement.declared.clone()));
        let mut unique: Vec<Evidence> = Vec::new();
        for one in evidence {
            if !unique.contains(&one) {
                unique.push(one);
            }
        }
        let Some(first) = unique.first().cloned() else {
            continue;
        };
        let version = requirement
            .filter(|requirement| requirement.exact && requirement.name == known.name)
            .map(|requirement| requirement.specifier.trim_start_matches('=').to_owned());
        if let Some(tool) = found.tools.iter_mut().find(|tool| tool.name == known.name) {
            for one in unique {
                if !tool.found.evidence.contains(&one) {
                    tool.found.evidence.push(one);
                }
            }
            tool.version = tool.version.take().or(version);
            continue;
        }
        let mut fact = Fact::certain(true, first);
        fact.evidence = unique;
        found.tools.push(Tool {
            name: known.name.to_owned(),
            purpose: known.purpose,
            found: fact,
            version,
        });
    }
}

fn in_pyproject(code: &Code<'_>, folder: &RelPath, name: &str) -> Option<Evidence> {
    let path = folder.join("pyproject.toml").ok()?;
    let root = structured::toml(code.tree, &path)?;
    let entry = root.entry_at(&["tool", name])?;
    Some(Evidence::new(path, entry.line, &format!("[tool.{name}]")))
}

fn in_ini(code: &Code<'_>, folder: &RelPath, section: &str) -> Option<Evidence> {
    if section.is_empty() {
        return None;
    }
    ["setup.cfg", "tox.ini"].iter().find_map(|name| {
        let path = folder.join(name).ok()?;
        let text = code.tree.text(&path)?;
        let found = Section::read_all(&text)?
            .into_iter()
            .find(|one| one.name == section)?;
        Some(Evidence::new(path, found.line, &format!("[{section}]")))
    })
}

/// A hook of `.pre-commit-config.yaml` whose id begins with the tool's name.
fn in_pre_commit(code: &Code<'_>, folder: &RelPath, name: &str) -> Option<Evidence> {
    let path = folder.join(".pre-commit-config.yaml").ok()?;
    let root = structured::yaml(code.tree, &path)?;
    root.get("repos")?
        .items()
        .iter()
        .flat_map(|repository| repository.get("hooks").map_or(&[][..], Node::items))
        .filter_map(|hook| hook.entry("id"))
        .find_map(|id| {
            let text = id.node.text()?;
            (text == name || text.starts_with(&format!("{name}-")))
                .then(|| Evidence::new(path.clone(), id.line, text))
        })
}
