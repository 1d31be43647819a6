//! The Python version: where it is pinned, and which place wins.

use super::code::Code;
use super::commands::dockerfiles;
use super::manifest::Package;
use crate::detect::structured::{self, Node};
use crate::project::{Claim, Confidence, Evidence, Existing, Fact, RelPath};
use pep440_rs::{Version, VersionSpecifiers};
use std::str::FromStr;

/// A place that names one version.
struct Pin {
    version: String,
    at: Evidence,
    confidence: Confidence,
}

const ORDER: &str = "a pin for people and tools (.python-version, runtime.txt, Pipfile, environment.yml) wins over a Dockerfile, that over the lowest version a range allows";

/// The version as `major.minor`.
pub(super) fn find(
    code: &Code<'_>,
    existing: &Existing,
    package: &Package,
    alone: bool,
) -> Option<Fact<String>> {
    let mut pins = Vec::new();
    for folder in upwards(&package.root) {
        pins.extend(plain(code, &folder, ".python-version"));
        pins.extend(plain(code, &folder, "runtime.txt"));
        pins.extend(tool_versions(code, &folder));
    }
    pins.extend(package.pinned_python.iter().filter_map(|(text, at)| {
        Some(Pin {
            version: minor(text)?,
            at: at.clone(),
            confidence: Confidence::Certain,
        })
    }));
    for file in dockerfiles(existing, &package.root, alone) {
        if let (Some((_, version)), Some(at)) = (&file.runtime, &file.from)
            && let Some(version) = minor(version)
        {
            pins.push(Pin {
                version,
                at: at.clone(),
                confidence: Confidence::Certain,
            });
        }
    }
    for (range, at) in &package.requires_python {
        if let Some(version) = lowest(range) {
            pins.push(Pin {
                version,
                at: at.clone(),
                confidence: Confidence::Likely,
            });
        }
    }
    pins.extend(workflows(code));
    pins.extend(bytecode(code, &package.root));
    decide(&pins, package)
}

fn decide(pins: &[Pin], package: &Package) -> Option<Fact<String>> {
    // A pin that the project itself cannot be installed with loses to the next that can.
    let fits = |version: &str| {
        package
            .requires_python
            .iter()
            .all(|(range, _)| satisfies(range, version))
    };
    let first = pins
        .iter()
        .position(|pin| fits(&pin.version))
        .unwrap_or_default();
    let chosen = pins.get(first)?;
    let mut fact = Fact::new(
        chosen.version.clone(),
        chosen.confidence,
        vec![chosen.at.clone()],
    );
    for (index, pin) in pins.iter().enumerate() {
        if index == first {
            continue;
        }
        let is_range = package.requires_python.iter().any(|(_, at)| *at == pin.at);
        if pin.version == chosen.version || (is_range && fits(&chosen.version)) {
            fact.evidence.push(pin.at.clone());
        } else {
            fact.against.push(Claim {
                value: pin.version.clone(),
                evidence: vec![pin.at.clone()],
            });
        }
    }
    if chosen.confidence == Confidence::Guess {
        fact.because = Some("only compiled files in the tree tell".to_owned());
    } else if chosen.confidence == Confidence::Likely {
        let ranged = package
            .requires_python
            .iter()
            .any(|(_, at)| *at == chosen.at);
        fact.because = Some(if ranged {
            "the lowest version that the range allows".to_owned()
        } else {
            "the version that the workflow tests with".to_owned()
        });
    } else if !fact.against.is_empty() {
        fact.because = Some(if first > 0 {
            "the first pin that satisfies the project's own range".to_owned()
        } else {
            ORDER.to_owned()
        });
    }
    Some(fact)
}

/// The folder and those above it, nearest first.
fn upwards(folder: &RelPath) -> Vec<RelPath> {
    let mut all = vec![folder.clone()];
    let mut up = folder.clone();
    while !up.is_root() {
        up = up.parent();
        all.push(up.clone());
    }
    all
}

fn plain(code: &Code<'_>, folder: &RelPath, name: &str) -> Option<Pin> {
    let path = folder.join(name).ok()?;
    let text = code.tree.text(&path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        Some(Pin {
            version: minor(line.trim().trim_start_matches("python-"))?,
            at: Evidence::new(path.clone(), index + 1, line),
            confidence: Confidence::Certain,
        })
    })
}

/// asdf's and mise's `.tool-versions`.
fn tool_versions(code: &Code<'_>, folder: &RelPath) -> Option<Pin> {
    let path = folder.join(".tool-versions").ok()?;
    let text = code.tree.text(&path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let version = line.strip_prefix("python ")?;
        Some(Pin {
            version: minor(version.trim())?,
            at: Evidence::new(path.clone(), index + 1, line),
            confidence: Confidence::Certain,
        })
    })
}

/// The first `python-version` of a workflow: what the tests run with.
fn workflows(code: &Code<'_>) -> Option<Pin> {
    let folder = RelPath::parse(".github/workflows").ok()?;
    code.tree
        .files()
        .filter(|path| path.parent() == folder && matches!(path.extension(), "yml" | "yaml"))
        .find_map(|path| {
            let text = code.tree.text(path)?;
            if !text.contains("python-version") {
                return None;
            }
            let document = structured::yaml(code.tree, path)?;
            let (version, line) = python_version(&document)?;
            Some(Pin {
                version,
                at: code.tree.at(path, line),
                confidence: Confidence::Likely,
            })
        })
}

fn python_version(node: &Node) -> Option<(String, usize)> {
    for entry in node.entries() {
        let value = &entry.node;
        if entry.key == "python-version" {
            let named = value.text().map(|text| (text, entry.line)).or_else(|| {
                // The newest of a matrix is what its maintainers look ahead to.
                let last = value.items().last()?;
                Some((last.text()?, last.line))
            });
            if let Some((text, line)) = named
                && let Some(version) = minor(text)
            {
                return Some((version, line));
            }
        }
        if let Some(found) = python_version(value) {
            return Some(found);
        }
    }
    node.items().iter().find_map(python_version)
}

/// `routes.cpython-312.pyc` in git's index: whoever committed it ran 3.12.
fn bytecode(code: &Code<'_>, root: &RelPath) -> Option<Pin> {
    code.tree.tracked().iter().find_map(|path| {
        if !path.is_within(root) || path.extension() != "pyc" {
            return None;
        }
        let digits = path.stem().rsplit("cpython-").next()?;
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        let rest = digits.strip_prefix('3').filter(|rest| !rest.is_empty())?;
        Some(Pin {
            version: format!("3.{rest}"),
            at: Evidence::file(path.clone()),
            confidence: Confidence::Guess,
        })
    })
}

/// `3.12` of `3.12.7`, `3.12`, `3.12-slim`, `cpython-3.12`; None without a minor version.
fn minor(text: &str) -> Option<String> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    if !text[..start].is_empty() && !matches!(&text[..start], "python-" | "cpython-" | "cpython@") {
        return None;
    }
    let mut parts = text[start..].split(|c: char| !c.is_ascii_digit());
    let major: u64 = parts.next()?.parse().ok()?;
    let minor: u64 = parts.next()?.parse().ok()?;
    (major == 3).then(|| format!("{major}.{minor}"))
}

/// Whether some patch release of a minor version satisfies a range.
fn satisfies(range: &str, version: &str) -> bool {
    let Ok(range) = VersionSpecifiers::from_str(range) else {
        return true;
    };
    let mut tries = vec![format!("{version}.0"), format!("{version}.99")];
    tries.extend(
        range
            .iter()
            .map(|one| one.version().to_string())
            .filter(|named| minor(named).as_deref() == Some(version)),
    );
    tries
        .iter()
        .filter_map(|text| Version::from_str(text).ok())
        .any(|version| range.contains(&version))
}

/// The lowest minor version that a PEP 440 range allows.
pub(super) fn lowest(range: &str) -> Option<String> {
    VersionSpecifiers::from_str(range).ok()?;
    (6..30)
        .map(|minor| format!("3.{minor}"))
        .find(|version| satisfies(range, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_of_a_range() {
        assert_eq!(lowest(">=3.11,<3.14").as_deref(), Some("3.11"));
        assert_eq!(lowest(">3.10").as_deref(), Some("3.10"));
        assert_eq!(lowest(">=3.11.4").as_deref(), Some("3.11"));
        assert_eq!(lowest("==3.12.*").as_deref(), Some("3.12"));
        assert_eq!(lowest("==3.12.3").as_deref(), Some("3.12"));
        assert_eq!(lowest("~=3.9").as_deref(), Some("3.9"));
        assert_eq!(lowest("nonsense"), None);
    }

    #[test]
    fn minor_of_a_text() {
        assert_eq!(minor("3.12.7").as_deref(), Some("3.12"));
        assert_eq!(minor("python-3.12.7").as_deref(), Some("3.12"));
        assert_eq!(minor("3.11-slim-bookworm").as_deref(), Some("3.11"));
        assert_eq!(minor("3"), None);
        assert_eq!(minor("pypy3.9"), None);
    }
}
