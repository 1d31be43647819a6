//! The version of PHP that a package runs on.

use super::manifest::Package;
use crate::detect::Tree;
use crate::project::{Claim, Confidence, Dockerfile, Evidence, Fact, RelPath};
use semver::{Version, VersionReq};

/// Minor releases, the one to take where several would do first: the newest that everything has had
/// time for.
const RELEASES: &[(u64, u64)] = &[
    (8, 4),
    (8, 3),
    (8, 2),
    (8, 1),
    (8, 5),
    (8, 6),
    (8, 0),
    (7, 4),
    (7, 3),
    (7, 2),
    (7, 1),
    (7, 0),
    (5, 6),
];

const ORDER: &str = "a version file goes before an image, that before config.platform, that before the constraint; the nearest folder first";

/// What `package` says of it, as `major.minor`; with everything that says otherwise.
pub(super) fn find(tree: &Tree, package: &Package, images: &[&Dockerfile]) -> Option<Fact<String>> {
    let mut claims: Vec<(String, Evidence)> = Vec::new();
    let mut folders = vec![package.root.clone()];
    if !package.root.is_root() {
        folders.push(RelPath::root());
    }
    for folder in &folders {
        claims.extend(version_file(tree, folder));
        claims.extend(tool_versions(tree, folder));
    }
    for image in images {
        let said = image.runtime.as_ref().filter(|(name, _)| name == "php");
        if let (Some((_, version)), Some(at)) = (said, &image.from) {
            claims.extend(minor(version).map(|version| (version, at.clone())));
        }
    }
    let platform = package.text(tree, &["config", "platform", "php"]);
    claims.extend(platform.and_then(|(text, at)| Some((minor(&text)?, at))));
    let constraint = package.text(tree, &["require", "php"]);
    let Some(mut fact) = Fact::first_of(Confidence::Certain, claims) else {
        let (text, at) = constraint?;
        let locked = package.locked_constraints();
        let version = newest(&text, &locked)?;
        let rule = "the newest that the constraint and the locked packages allow, of those that packages have had time for";
        return Some(Fact::likely(version, at).because(rule));
    };
    if let Some((text, at)) = constraint {
        if allows(&text, &fact.value) {
            fact.evidence.push(at);
        } else {
            fact = fact.against(Claim {
                value: text,
                evidence: vec![at],
            });
        }
    }
    if !fact.against.is_empty() {
        fact = fact.because(ORDER);
    }
    Some(fact)
}

/// `.php-version`, as the Symfony CLI and phpenv read it.
fn version_file(tree: &Tree, folder: &RelPath) -> Option<(String, Evidence)> {
    let path = folder.join(".php-version").ok()?;
    let text = tree.text(&path)?;
    let line = text.lines().next()?;
    Some((minor(line)?, Evidence::new(path, 1, line)))
}

/// `php 8.3.6` of asdf and mise.
fn tool_versions(tree: &Tree, folder: &RelPath) -> Option<(String, Evidence)> {
    let path = folder.join(".tool-versions").ok()?;
    let text = tree.text(&path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let version = minor(line.strip_prefix("php ")?)?;
        Some((version, Evidence::new(path.clone(), index + 1, line)))
    })
}

/// `8.3` of `8.3.6`.
fn minor(text: &str) -> Option<String> {
    let mut parts = text.trim().split('.');
    let major: u64 = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let end = minor
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(minor.len());
    let minor: u64 = minor[..end].parse().ok()?;
    Some(format!("{major}.{minor}"))
}

/// The release to take for a constraint, that the locked packages allow, too; where none does, what
/// the constraint alone allows.
fn newest(constraint: &str, locked: &[&str]) -> Option<String> {
    let of = |locked: &[&str]| {
        let name = |(major, minor): &(u64, u64)| format!("{major}.{minor}");
        RELEASES.iter().map(name).find(|version| {
            allows(constraint, version) && locked.iter().all(|one| allows(one, version))
        })
    };
    of(locked).or_else(|| of(&[]))
}

/// Whether a late patch of `version` satisfies a constraint of Composer; one that is none of its
/// forms forbids nothing. <https://getcomposer.org/doc/articles/versions.md#writing-version-constraints>
fn allows(constraint: &str, version: &str) -> bool {
    let Some((major, minor)) = version.split_once('.') else {
        return true;
    };
    let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else {
        return true;
    };
    let version = Version::new(major, minor, 99);
    let mut alternatives = constraint.split('|').filter(|part| !part.trim().is_empty());
    alternatives.any(|part| range(part).is_none_or(|range| range.matches(&version)))
}

/// One alternative as Cargo writes it.
fn range(part: &str) -> Option<VersionReq> {
    let part = match part.split_once(" - ") {
        Some((low, high)) => format!(">={} <={}", low.trim(), high.trim()),
        None => part.to_owned(),
    };
    // An operator may stand apart from its version.
    let part = [">=", "<=", ">", "<", "^", "~", "="]
        .iter()
        .fold(part, |text, operator| {
            text.replace(&format!("{operator} "), operator)
        });
    let words: Vec<String> = part
        .split([' ', ','])
        .filter(|word| !word.is_empty() && !word.starts_with("!="))
        .map(|word| {
            let word = word.split(['-', '@']).next().unwrap_or(word);
            let dots = word.matches('.').count();
            match word.strip_prefix('~') {
                // `~8.1` goes up to 9, `~8.1.3` up to 8.2.
                Some(rest) if dots < 2 => format!("^{rest}"),
                _ if word.starts_with(|first: char| first.is_ascii_digit()) => {
                    if word.ends_with('*') || word.ends_with('x') {
                        word.to_owned()
                    } else {
                        format!("~{word}")
                    }
                }
                _ => word.to_owned(),
            }
        })
        .collect();
    VersionReq::parse(&words.join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_allow_what_composer_says() {
        for (constraint, allowed, forbidden) in [
            ("^8.1", "8.4", "9.0"),
            ("~8.1", "8.4", "9.0"),
            ("~8.1.3", "8.1", "8.2"),
            (">=7.4 <8.3", "8.2", "8.3"),
            (">= 8.2", "8.4", "8.1"),
            ("^7.4 || ^8.0", "7.4", "7.3"),
            ("^7.4|^8.0", "8.4", "7.3"),
            ("8.2.*", "8.2", "8.3"),
            ("7.4 - 8.2", "8.1", "8.3"),
            (">=8.1,<8.4", "8.3", "8.4"),
            ("8.3", "8.3", "8.4"),
        ] {
            assert!(allows(constraint, allowed), "{constraint} {allowed}");
            assert!(!allows(constraint, forbidden), "{constraint} {forbidden}");
        }
        assert!(allows("*", "8.4"));
        assert!(allows("no constraint", "8.4"));
    }

    #[test]
    fn the_locked_packages_have_a_say() {
        let newest = |constraint: &str, locked: &[&str]| newest(constraint, locked).unwrap();
        assert_eq!(newest("^8.1", &[]), "8.4");
        assert_eq!(newest("^8.1", &["~8.1.0 || ~8.2.0"]), "8.2");
        assert_eq!(newest(">=8.5", &[]), "8.5");
        // A lock of another time: the constraint alone.
        assert_eq!(newest("^8.3", &["~8.1.0"]), "8.4");
        assert_eq!(newest("^7.2", &[]), "7.4");
    }
}
