//! The version of Node.js that a package runs on.

use super::manifest::Package;
use crate::detect::Tree;
use crate::project::{Claim, Confidence, Dockerfile, Evidence, Fact, RelPath};

/// The long-term release that a range without an upper end gets.
const LONG_TERM: u32 = 22;

/// Names of long-term releases, as nvm takes them.
const NAMED: &[(&str, u32)] = &[
    ("gallium", 16),
    ("hydrogen", 18),
    ("iron", 20),
    ("jod", 22),
    ("krypton", 24),
];

const ORDER: &str = "a version file goes before Volta's pin, that before an image, that before engines; the nearest folder first";

/// What `package` says of it, as `major`; with everything that says otherwise.
pub(super) fn find(
    tree: &Tree,
    package: &Package,
    home: &RelPath,
    images: &[&Dockerfile],
) -> Option<Fact<String>> {
    let mut claims: Vec<(u32, Confidence, Evidence)> = Vec::new();
    let mut folders = vec![package.root.clone()];
    if *home != package.root {
        folders.push(home.clone());
    }
    if !folders.iter().any(RelPath::is_root) {
        folders.push(RelPath::root());
    }
    for folder in &folders {
        for name in [".nvmrc", ".node-version"] {
            claims.extend(version_file(tree, folder, name));
        }
        claims.extend(tool_versions(tree, folder));
    }
    let pinned = package.text(tree, &["volta", "node"]);
    claims.extend(pinned.and_then(|(text, at)| Some((major(&text)?, Confidence::Certain, at))));
    for image in images {
        let said = image.runtime.as_ref().filter(|(name, _)| name == "node");
        if let (Some((_, version)), Some(at)) = (said, &image.from) {
            claims.extend(major(version).map(|number| (number, Confidence::Certain, at.clone())));
        }
    }
    let engines = package.text(tree, &["engines", "node"]);
    let open = engines.as_ref().is_some_and(|(text, _)| is_open(text));
    claims.extend(engines.and_then(|(text, at)| Some((of_range(&text)?, Confidence::Likely, at))));
    // A range is no contradiction to a version that it allows.
    let floor = claims
        .last()
        .filter(|(_, confidence, _)| *confidence == Confidence::Likely && open)
        .and_then(|(.., at)| lowest(&at.excerpt));
    let mut claims = claims.into_iter();
    let (number, confidence, at) = claims.next()?;
    let mut fact = Fact::new(number.to_string(), confidence, vec![at]);
    for (other, confidence, at) in claims {
        let allowed = confidence == Confidence::Likely && floor.is_some_and(|low| number >= low);
        if other == number || allowed {
            fact.evidence.push(at);
        } else {
            fact = fact.against(Claim {
                value: other.to_string(),
                evidence: vec![at],
            });
        }
    }
    if !fact.against.is_empty() {
        fact = fact.because(ORDER);
    } else if confidence == Confidence::Likely && open {
        fact = fact.because("the long-term release that the range allows");
    }
    Some(fact)
}

fn version_file(tree: &Tree, folder: &RelPath, name: &str) -> Option<(u32, Confidence, Evidence)> {
    let path = folder.join(name).ok()?;
    let text = tree.text(&path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        // The newest long-term release, whichever that is.
        let newest = || NAMED.last().filter(|_| line.trim() == "lts/*");
        let (number, confidence) = match major(line) {
            Some(number) => (number, Confidence::Certain),
            None => (newest()?.1, Confidence::Likely),
        };
        let at = Evidence::new(path.clone(), index + 1, line);
        Some((number, confidence, at))
    })
}

/// `nodejs 20.11.0` of asdf and mise.
fn tool_versions(tree: &Tree, folder: &RelPath) -> Option<(u32, Confidence, Evidence)> {
    let path = folder.join(".tool-versions").ok()?;
    let text = tree.text(&path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let rest = line
            .strip_prefix("nodejs ")
            .or_else(|| line.strip_prefix("node "))?;
        Some((
            major(rest)?,
            Confidence::Certain,
            Evidence::new(path.clone(), index + 1, line),
        ))
    })
}

/// The major number of `v20.11.0`, `20`, `lts/iron`.
fn major(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(name) = text.strip_prefix("lts/") {
        return NAMED
            .iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known))
            .map(|(_, number)| *number);
    }
    let text = text.trim_start_matches(['v', '^', '~', '=']);
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

/// Whether a range has no upper end.
fn is_open(range: &str) -> bool {
    range.contains('>') && !range.contains('<')
}

/// The lowest major number that a range of engines names.
fn lowest(range: &str) -> Option<u32> {
    numbers(range).into_iter().min()
}

fn numbers(range: &str) -> Vec<u32> {
    // In a line of package.json only what stands behind the colon is the range.
    let range = range.rsplit_once(':').map_or(range, |(_, value)| value);
    range
        .split("||")
        .filter_map(|part| {
            let at = part.find(|c: char| c.is_ascii_digit())?;
            major(&part[at..])
        })
        .collect()
}

/// The version for a range: of several the newest, of an open one the long-term release.
fn of_range(range: &str) -> Option<u32> {
    let newest = numbers(range).into_iter().max()?;
    Some(if is_open(range) {
        newest.max(LONG_TERM)
    } else {
        newest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn majors_of_every_notation() {
        assert_eq!(major("v20.11.0\n"), Some(20));
        assert_eq!(major("lts/Iron"), Some(20));
        assert_eq!(major("lts/*"), None);
        assert_eq!(major("node"), None);
        assert_eq!(of_range(">=18"), Some(LONG_TERM));
        assert_eq!(of_range(">=24.1.0"), Some(24));
        assert_eq!(of_range("^20.9.0"), Some(20));
        assert_eq!(of_range("18 || 20.x"), Some(20));
        assert_eq!(of_range(">=16 <19"), Some(16));
        assert_eq!(of_range("*"), None);
    }
}
