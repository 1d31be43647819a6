//! What the `Cargo.toml` of one package says: the targets that it makes, its features, and what it depends on.
//! <https://doc.rust-lang.org/cargo/reference/manifest.html>

use crate::detect::Tree;
use crate::detect::structured::Node;
use crate::project::{RelPath, Requirement};
use std::collections::BTreeSet;

/// One package.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) manifest: RelPath,
    pub(super) root: RelPath,
    pub(super) name: String,
    /// As code names its library: `tide_store`.
    pub(super) library: String,
    /// The first file of the library.
    pub(super) lib: Option<RelPath>,
    pub(super) bins: Vec<Bin>,
    pub(super) build_script: Option<RelPath>,
    /// Every target that the manifest names with a file of its own: benches, examples, tests.
    pub(super) others: Vec<RelPath>,
    pub(super) requirements: Vec<Requirement>,
    /// Those of its features that an image of the repository builds it with beside the default ones.
    pub(super) features: Vec<String>,
}

/// One program.
#[derive(Debug, Clone)]
pub(super) struct Bin {
    pub(super) name: String,
    pub(super) path: RelPath,
    /// Features without which cargo does not build it.
    pub(super) features: Vec<String>,
}

impl Package {
    /// The package of `manifest`, with what it inherits from `workspace`, built with those of the features `told` that it
    /// has.
    pub(super) fn read(
        tree: &Tree,
        manifest: &RelPath,
        document: &Node,
        workspace: (&RelPath, &Node),
        told: &[&str],
    ) -> Option<Self> {
        let root = manifest.parent();
        let table = document.get("package")?;
        let name = table.get("name")?.text()?.to_owned();
        let at = |path: &str| root.join(path).ok().filter(|path| tree.has(path));
        let text = |keys: &[&str]| document.at(keys).and_then(Node::text);
        let automatic = |key: &str| table.get(key).and_then(Node::text) != Some("false");
        let lib = match text(&["lib", "path"]) {
            Some(path) => at(path),
            None => at("src/lib.rs"),
        };
        let library = text(&["lib", "name"]).unwrap_or(&name).replace('-', "_");
        let features: Vec<String> = told
            .iter()
            .map(|feature| {
                let own = feature
                    .split_once('/')
                    .filter(|(package, _)| *package == name);
                own.map_or(*feature, |(_, feature)| feature)
            })
            .filter(|feature| has_feature(document, feature))
            .map(str::to_owned)
            .collect();
        let enabled = enabled(document, &features);
        let mut bins: Vec<Bin> = Vec::new();
        for bin in document.get("bin").map(Node::items).unwrap_or_default() {
            let Some(bin_name) = bin.get("name").and_then(Node::text) else {
                continue;
            };
            let usual = [
                format!("src/bin/{bin_name}.rs"),
                format!("src/bin/{bin_name}/main.rs"),
                "src/main.rs".to_owned(),
            ];
            let path = match bin.get("path").and_then(Node::text) {
                Some(path) => at(path),
                None => usual.iter().find_map(|path| at(path)),
            };
            let required = bin.get("required-features").map(Node::items);
            let required = required.unwrap_or_default().iter().filter_map(Node::text);
            bins.extend(path.map(|path| {
                Bin {
                    name: bin_name.to_owned(),
                    path,
                    features: required
                        .filter(|feature| !enabled.contains(*feature))
                        .map(str::to_owned)
                        .collect(),
                }
            }));
        }
        if automatic("autobins") {
            let mut add = |name: &str, path: RelPath| {
                if bins.iter().all(|bin| bin.path != path && bin.name != name) {
                    bins.push(Bin {
                        name: name.to_owned(),
                        path,
                        features: Vec::new(),
                    });
                }
            };
            if let Some(path) = at("src/main.rs") {
                add(&name, path);
            }
            if let Ok(folder) = root.join("src/bin") {
                for path in tree
                    .with_extension("rs")
                    .filter(|path| path.is_within(&folder))
                {
                    if path.parent() == folder {
                        add(path.stem(), path.clone());
                    } else if path.file_name() == "main.rs" && path.parent().parent() == folder {
                        add(path.parent().file_name(), path.clone());
                    }
                }
            }
        }
        let build_script = match table.get("build").and_then(Node::text) {
            Some("false") => None,
            Some(path) => at(path),
            None => at("build.rs"),
        };
        let others = ["bench", "example", "test"]
            .iter()
            .zip(["benches", "examples", "tests"])
            .flat_map(|(key, folder)| {
                let items = document.get(key).map(Node::items).unwrap_or_default();
                items.iter().filter_map(move |item| {
                    let name = item.get("name").and_then(Node::text)?;
                    let path = item.get("path").and_then(Node::text);
                    let path = path.map_or_else(|| format!("{folder}/{name}.rs"), str::to_owned);
                    Some(path)
                })
            })
            .filter_map(|path| at(&path))
            .collect();
        Some(Self {
            requirements: requirements(tree, manifest, document, workspace, &enabled),
            manifest: manifest.clone(),
            root,
            name,
            library,
            lib,
            bins,
            build_script,
            others,
            features,
        })
    }

    pub(super) fn requires(&self, name: &str) -> Option<&Requirement> {
        self.requirements
            .iter()
            .find(|one| one.name == name && !one.development)
    }
}

/// What the package depends on when it is built with the features `enabled`.
fn requirements(
    tree: &Tree,
    manifest: &RelPath,
    document: &Node,
    (shared_at, shared): (&RelPath, &Node),
    enabled: &BTreeSet<String>,
) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut take = |table: Option<&Node>, development: bool| {
        for entry in table.map(Node::entries).unwrap_or_default() {
            let inherited = entry.node.get("workspace").is_some();
            let common = shared
                .entry_at(&["workspace", "dependencies", &entry.key])
                .filter(|_| inherited);
            let said = |key: &str| {
                let own = entry.node.get(key);
                own.or_else(|| common?.node.get(key))
            };
            let optional = entry.node.get("optional").and_then(Node::text) == Some("true");
            if optional && !enabled.contains(entry.key.as_str()) {
                continue;
            }
            let features = |node: Option<&Node>| -> Vec<String> {
                let items = node.and_then(|node| node.get("features")).map(Node::items);
                let texts = items.unwrap_or_default().iter().filter_map(Node::text);
                texts.map(str::to_owned).collect()
            };
            let mut extras = features(Some(&entry.node));
            extras.extend(features(common.map(|entry| &entry.node)));
            // `sqlx/postgres` among the default features.
            let through = enabled.iter().filter_map(|feature| {
                let (name, feature) = feature.split_once('/')?;
                (name.trim_end_matches('?') == entry.key).then(|| feature.to_owned())
            });
            extras.extend(through);
            if said("default-features").and_then(Node::text) == Some("false") {
                extras.push("no-default-features".to_owned());
            }
            extras.sort();
            extras.dedup();
            let version = [Some(&entry.node), common.map(|entry| &entry.node)]
                .into_iter()
                .flatten()
                .find_map(|node| node.text().or_else(|| node.get("version")?.text()));
            let declared = match common {
                Some(common) => tree.at(shared_at, common.line),
                None => tree.at(manifest, entry.line),
            };
            found.push(Requirement {
                name: said("package")
                    .and_then(Node::text)
                    .unwrap_or(&entry.key)
                    .to_owned(),
                extras,
                specifier: version.unwrap_or_default().to_owned(),
                exact: version.is_some_and(|version| version.starts_with('=')),
                development,
                direct: true,
                declared,
                imported: None,
            });
        }
    };
    take(document.get("dependencies"), false);
    for target in document.entries_at(&["target"]) {
        if is_for_linux(&target.key) {
            take(target.node.get("dependencies"), false);
        }
    }
    take(document.get("build-dependencies"), true);
    take(document.get("dev-dependencies"), true);
    found
}

/// Whether dependencies under this key of `[target]` are built for Linux: a triple or a `cfg(…)`.
pub(super) fn is_for_linux(target: &str) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| target.contains(name));
    if has(&["windows", "macos", "darwin", "wasm", "ios", "android"]) {
        has(&["not("])
    } else {
        !(has(&["not("]) && has(&["linux", "unix"]))
    }
}

/// Whether the package has this feature: one of the table, or an optional dependency.
fn has_feature(document: &Node, feature: &str) -> bool {
    document.at(&["features", feature]).is_some()
        || document
            .at(&["dependencies", feature, "optional"])
            .is_some()
}

/// The default features and `told` with all that they switch on, optional dependencies under their
/// names.
fn enabled(document: &Node, told: &[String]) -> BTreeSet<String> {
    let mut enabled: BTreeSet<String> = told.iter().cloned().collect();
    let mut next = told.to_vec();
    next.push("default".to_owned());
    while let Some(feature) = next.pop() {
        let items = document.at(&["features", &feature]).map(Node::items);
        for item in items.unwrap_or_default().iter().filter_map(Node::text) {
            let plain = item.trim_start_matches("dep:");
            if enabled.insert(plain.to_owned()) {
                next.push(plain.to_owned());
            }
            if let Some((name, _)) = plain.split_once('/')
                && !name.ends_with('?')
            {
                enabled.insert(name.to_owned());
            }
        }
    }
    enabled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_for_other_systems_is_not_depended_on() {
        for (target, expected) in [
            ("x86_64-unknown-linux-musl", true),
            ("x86_64-pc-windows-msvc", false),
            ("cfg(unix)", true),
            ("cfg(not(unix))", false),
            ("cfg(windows)", false),
            ("cfg(not(windows))", true),
            ("cfg(not(target_os = \"macos\"))", true),
            ("cfg(not(target_os = \"linux\"))", false),
            ("cfg(target_arch = \"wasm32\")", false),
            ("cfg(tokio_unstable)", true),
        ] {
            assert_eq!(is_for_linux(target), expected, "{target}");
        }
    }
}
