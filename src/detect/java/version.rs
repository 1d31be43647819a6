//! Which Java a module runs on: version files, the toolchain of the build, an image, a workflow, and the
//! least that its classes need.

use super::module::{Level, Module, release};
use crate::detect::{Tree, existing};
use crate::project::{Claim, Confidence, Dockerfile, Evidence, Existing, Fact, RelPath};

const ORDER: &str = "a version file goes before the toolchain of the build, that before an image, that before a workflow, that before the least that the classes need; the nearest folder first";

/// The major release, with everything that says otherwise.
pub(super) fn find(
    tree: &Tree,
    existing: &Existing,
    module: &Module,
    images: &[&Dockerfile],
) -> Option<Fact<String>> {
    let mut claims: Vec<(u32, Evidence)> = Vec::new();
    let mut folders = vec![module.root.clone(), module.home.clone(), RelPath::root()];
    folders.dedup();
    for folder in &folders {
        for (name, start) in [
            (".java-version", ""),
            (".sdkmanrc", "java="),
            (".tool-versions", "java "),
        ] {
            claims.extend(version_file(tree, folder, name, start));
        }
    }
    let of = |level: Level| {
        let all = module.java.iter().filter(move |(_, one, _)| *one == level);
        all.map(|(number, _, at)| (*number, at.clone()))
    };
    claims.extend(of(Level::Toolchain));
    for image in images {
        let said = image.runtime.as_ref().filter(|(name, _)| name == "java");
        if let (Some((_, version)), Some(at)) = (said, &image.from) {
            claims.extend(release(version).map(|number| (number, at.clone())));
        }
    }
    claims.extend(workflow(tree, existing));
    let least: Vec<(u32, Evidence)> = of(Level::Least).collect();
    let only_least = claims.is_empty();
    if only_least {
        claims.clone_from(&least);
    }
    let mut all = claims.into_iter();
    let (number, at) = all.next()?;
    let mut fact = Fact::new(number.to_string(), Confidence::Certain, vec![at]);
    // What a newer Java runs as well says nothing against it.
    let fits = |other: u32| number >= other;
    let others = least
        .into_iter()
        .filter(|_| !only_least)
        .map(|one| (one, true));
    for ((other, at), is_least) in all.map(|one| (one, only_least)).chain(others) {
        if other == number || is_least && fits(other) {
            if !fact.evidence.contains(&at) {
                fact.evidence.push(at);
            }
        } else {
            fact = fact.against(Claim {
                value: other.to_string(),
                evidence: vec![at],
            });
        }
    }
    Some(if !fact.against.is_empty() {
        fact.because(ORDER)
    } else if only_least {
        fact.because("the least that the classes run on, and nothing names another one")
    } else {
        fact
    })
}

fn version_file(tree: &Tree, folder: &RelPath, name: &str, start: &str) -> Option<(u32, Evidence)> {
    let path = folder.join(name).ok()?;
    let text = tree.text(&path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let rest = line.trim().strip_prefix(start)?;
        let number = release(rest).filter(|_| !rest.starts_with('#'))?;
        Some((number, tree.at(&path, index + 1)))
    })
}

/// The version that all steps of workflows set up alike.
fn workflow(tree: &Tree, existing: &Existing) -> Option<(u32, Evidence)> {
    let all = existing::set_up(tree, existing, "actions/setup-java", "java-version");
    let numbers = all.into_iter().filter_map(|(text, at)| {
        let number = release(&text).filter(|_| !text.contains("${{"))?;
        Some((number, at))
    });
    existing::alike(numbers)
}
