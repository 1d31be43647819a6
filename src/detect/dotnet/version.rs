//! Which .NET a project runs on: what it is built for, an image, a workflow; and which SDK builds it.

use super::project::Project;
use crate::detect::{Tree, existing, structured};
use crate::project::{Claim, Confidence, Dockerfile, Evidence, Existing, Fact, RelPath};

const ORDER: &str = "what the project is built for goes before an image, that before global.json and a workflow, whose SDK builds what is older, too";

/// `major.minor` of the runtime, with everything that says otherwise.
pub(super) fn find(
    tree: &Tree,
    existing: &Existing,
    project: &Project,
    images: &[&Dockerfile],
) -> Option<Fact<String>> {
    let built_for: Vec<(String, Evidence)> = project
        .frameworks()
        .into_iter()
        .filter_map(|(name, at)| Some((framework(&name)?, at)))
        .collect();
    // A library is built for several; the newest one is what developers run.
    let newest = built_for
        .iter()
        .max_by_key(|(version, _)| number(version))
        .cloned();
    let mut claims: Vec<(String, Evidence)> = newest.into_iter().collect();
    let least = claims.first().map(|(version, _)| number(version));
    for image in images {
        let said = image.runtime.as_ref().filter(|(name, _)| name == "dotnet");
        if let (Some((_, version)), Some(at)) = (said, &image.from) {
            claims.extend(minor(version).map(|version| (version, at.clone())));
        }
    }
    let sdk = global(tree, &project.root).map(|(version, _, at)| (version, at));
    for (version, at) in sdk.into_iter().chain(workflow(tree, existing)) {
        let Some(version) = minor(&version) else {
            continue;
        };
        // An SDK builds what is older than itself.
        if least.is_none_or(|least| number(&version) < least) {
            claims.push((version, at));
        }
    }
    let mut fact = Fact::first_of(Confidence::Certain, claims)?;
    if built_for.is_empty() {
        fact.confidence = Confidence::Likely;
    }
    let others = built_for
        .into_iter()
        .filter(|(version, at)| *version != fact.value && !fact.evidence.contains(at));
    let others: Vec<Claim> = others
        .map(|(value, at)| Claim {
            value,
            evidence: vec![at],
        })
        .collect();
    fact.against.extend(others);
    Some(if fact.against.is_empty() {
        fact
    } else {
        fact.because(ORDER)
    })
}

/// The version of the SDK that `global.json` asks for, as the tag of an image names it: the whole one where no
/// other will do. <https://learn.microsoft.com/dotnet/core/tools/global-json>
pub(super) fn sdk(tree: &Tree, project: &Project) -> Option<Fact<String>> {
    let (version, policy, at) = global(tree, &project.root)?;
    let exact = matches!(
        policy.as_deref(),
        None | Some("disable" | "patch" | "latestPatch")
    );
    let value = if exact { version } else { minor(&version)? };
    Some(Fact::certain(value, at))
}

/// Version and policy of the nearest `global.json`.
fn global(tree: &Tree, folder: &RelPath) -> Option<(String, Option<String>, Evidence)> {
    let mut files = folder
        .upwards()
        .filter_map(|folder| folder.join("global.json").ok());
    let path = files.find(|path| tree.has(path))?;
    let node = structured::jsonc(tree, &path)?;
    let entry = node.entry_at(&["sdk", "version"])?;
    let version = entry.node.text()?.to_owned();
    let policy = node
        .at(&["sdk", "rollForward"])
        .and_then(structured::Node::text);
    let at = tree.at(&path, entry.line);
    Some((version, policy.map(str::to_owned), at))
}

/// `8.0` of `net8.0`; None for a standard, for .NET Framework and for one platform alone.
fn framework(name: &str) -> Option<String> {
    let rest = match name.strip_prefix("netcoreapp") {
        Some(rest) => rest,
        None => name.strip_prefix("net").filter(|rest| rest.contains('.'))?,
    };
    minor(rest).filter(|version| *version == rest)
}

/// `8.0` of `8.0.404`, `8.0-alpine` and `8.0.x`; `8.0` of `8`, too.
fn minor(text: &str) -> Option<String> {
    let mut parts = text.trim().split(['.', '-']);
    let major: u32 = parts.next()?.parse().ok()?;
    let minor: u32 = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    Some(format!("{major}.{minor}"))
}

/// For comparing.
fn number(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// The version that all steps of workflows set up alike.
fn workflow(tree: &Tree, existing: &Existing) -> Option<(String, Evidence)> {
    let all = existing::set_up(tree, existing, "actions/setup-dotnet", "dotnet-version");
    let one = all.into_iter().filter(|(text, _)| !text.contains('\n'));
    existing::alike(one.filter_map(|(text, at)| Some((minor(&text)?, at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frameworks_of_every_notation() {
        for (name, version) in [
            ("net8.0", Some("8.0")),
            ("net10.0", Some("10.0")),
            ("netcoreapp3.1", Some("3.1")),
            ("net48", None),
            ("net472", None),
            ("netstandard2.0", None),
            ("net9.0-android", None),
            ("", None),
        ] {
            assert_eq!(framework(name).as_deref(), version, "{name}");
        }
        assert_eq!(minor("8.0.404").as_deref(), Some("8.0"));
        assert_eq!(minor("9.0.x").as_deref(), Some("9.0"));
        assert_eq!(minor("8").as_deref(), Some("8.0"));
        assert_eq!(minor("latest"), None);
    }
}
