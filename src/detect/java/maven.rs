//! Modules of Maven: `pom.xml` with what its parents in the tree add, properties in their places.
//! <https://maven.apache.org/pom.html>

use super::module::{Builder, Level, Module, release, requirement};
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Entry, Node};
use crate::project::{Evidence, RelPath, Requirement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One `pom.xml`.
struct Pom {
    path: RelPath,
    node: Arc<Node>,
}

/// Parents beyond this are a circle.
const MAX_PARENTS: usize = 20;

/// Every `pom.xml`, sorted by path.
pub(super) fn poms(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    tree.named("pom.xml")
}

/// What the `pom.xml` at the root calls itself; None where properties make the name.
pub(super) fn name(tree: &Tree) -> Option<(String, Evidence)> {
    let path = RelPath::parse("pom.xml")
        .ok()
        .filter(|path| tree.has(path))?;
    let node = structured::xml(tree, &path)?;
    let entry = node.entry("artifactId")?;
    let name = entry.node.text()?.trim();
    (!name.contains('$')).then(|| (name.to_owned(), tree.at(&path, entry.line)))
}

/// Every module that is part of what the tree is about, sorted by folder.
pub(super) fn modules(tree: &Tree) -> Vec<Module> {
    let poms: Vec<Pom> = poms(tree)
        .filter(|path| {
            let folder = path.parent();
            !beside_or_hidden(&folder) && !pattern(&folder) && !folder.as_str().contains("src/")
        })
        .filter_map(|path| {
            let node = structured::xml(tree, path)?;
            node.get("artifactId")?;
            Some(Pom {
                path: path.clone(),
                node,
            })
        })
        .collect();
    let built: Vec<Vec<RelPath>> = poms.iter().map(|pom| listed(tree, pom)).collect();
    let mut builders: BTreeMap<&RelPath, RelPath> = BTreeMap::new();
    for (pom, folders) in poms.iter().zip(&built) {
        let home = pom.path.parent();
        for folder in folders.iter().filter(|folder| **folder != home) {
            builders.entry(folder).or_insert_with(|| home.clone());
        }
    }
    let reader = Reader {
        tree,
        poms: poms.iter().map(|pom| (&pom.path, pom)).collect(),
        builders,
    };
    let leaves = poms
        .iter()
        .zip(&built)
        .filter(|(_, folders)| folders.is_empty());
    let mut found: Vec<Module> = leaves.filter_map(|(pom, _)| reader.module(pom)).collect();
    reader.share_manifests(&mut found);
    let mut known: BTreeMap<String, RelPath> = BTreeMap::new();
    for module in &found {
        known
            .entry(module.name.clone())
            .or_insert_with(|| module.root.clone());
    }
    let artifact = |one: &Requirement| {
        let last = one.name.rsplit(':').next();
        last.unwrap_or_default().to_owned()
    };
    for module in &mut found {
        module.uses = module
            .requirements
            .iter()
            .filter(|one| !one.development)
            .filter_map(|one| known.get(&artifact(one)).cloned())
            .filter(|root| *root != module.root)
            .collect();
        let requirements = &mut module.requirements;
        requirements.retain(|one| !known.contains_key(&artifact(one)));
    }
    found
}

/// The folders below `pom` that it builds.
fn listed(tree: &Tree, pom: &Pom) -> Vec<RelPath> {
    let folders = ["modules", "subprojects"].map(|key| pom.node.entries_at(&[key]));
    folders
        .into_iter()
        .flatten()
        .filter_map(|entry| pom.path.parent().join(entry.node.text()?).ok())
        .filter(|folder| tree.has_folder(folder) || tree.has(folder))
        .collect()
}

struct Reader<'a> {
    tree: &'a Tree,
    poms: BTreeMap<&'a RelPath, &'a Pom>,
    /// The folder of the build that builds each folder.
    builders: BTreeMap<&'a RelPath, RelPath>,
}

impl<'a> Reader<'a> {
    /// `pom` and its parents in the tree, nearest first.
    fn chain(&self, pom: &'a Pom) -> Vec<&'a Pom> {
        let mut chain = vec![pom];
        while chain.len() < MAX_PARENTS {
            let Some(last) = chain.last() else { break };
            let Some(parent) = last.node.get("parent") else {
                break;
            };
            let told = parent.entry("relativePath");
            let path = match told.map(|entry| entry.node.text()) {
                // An empty one says that it lies in no folder.
                Some(None) => None,
                Some(Some(text)) => last.path.parent().join(text).ok(),
                None => last.path.parent().join("../pom.xml").ok(),
            };
            let Some(path) = path else { break };
            let file = if path.extension() == "xml" {
                Some(path)
            } else {
                path.join("pom.xml").ok()
            };
            let artifact = parent.get("artifactId").and_then(Node::text);
            let found = file.and_then(|file| self.poms.get(&file).copied());
            let is_it = |one: &&Pom| {
                one.node.get("artifactId").and_then(Node::text) == artifact
                    && !chain.iter().any(|known| known.path == one.path)
            };
            let Some(found) = found.filter(is_it) else {
                break;
            };
            chain.push(found);
        }
        chain
    }

    /// The folder of the outermost build that builds `root`.
    fn home(&self, root: &RelPath) -> RelPath {
        let mut home = root;
        for _ in 0..MAX_PARENTS {
            match self.builders.get(home) {
                Some(above) => home = above,
                None => break,
            }
        }
        home.clone()
    }

    fn module(&self, pom: &'a Pom) -> Option<Module> {
        let chain = self.chain(pom);
        let values = Values::of(&chain);
        let root = pom.path.parent();
        let home = self.home(&root);
        let artifact = pom.node.entry("artifactId")?;
        let name = values.filled(artifact.node.text()?);
        let packaging = pom
            .node
            .get("packaging")
            .and_then(Node::text)
            .unwrap_or("jar");
        if packaging == "pom" {
            return None;
        }
        let said = |keys: &[&str]| {
            chain
                .iter()
                .find_map(|pom| pom.node.at(keys).and_then(Node::text))
                .map(|text| values.filled(text))
        };
        let version = said(&["version"]).or_else(|| said(&["parent", "version"]));
        let jar = said(&["build", "finalName"]).or_else(|| {
            let version = version.filter(|version| !version.contains("${"))?;
            Some(format!("{name}-{version}"))
        });
        let jar = jar.map(|jar| match classifier(&chain) {
            Some(classifier) => format!("{jar}-{}", values.filled(classifier)),
            None => jar,
        });
        let wrapper = home.join("mvnw").ok();
        let program = match wrapper.filter(|path| self.tree.has(path)) {
            Some(_) => "./mvnw",
            None => "mvn",
        };
        let address = root.below(&home).filter(|below| !below.is_root());
        Some(Module {
            builder: Builder::Maven,
            at: self.tree.at(&pom.path, artifact.line),
            program: program.to_owned(),
            name,
            address: address.map(|below| below.to_string()).unwrap_or_default(),
            jar: jar.filter(|jar| !jar.contains("${")),
            compiles: true,
            war: packaging == "war",
            requirements: self.requirements(&chain, &values),
            plugins: self.plugins(&chain, &values),
            uses: Vec::new(),
            main: self.main(&chain, &values),
            java: self.java(&chain, &values),
            manifests: chain.iter().map(|pom| pom.path.clone()).collect(),
            lock: None,
            manifest: pom.path.clone(),
            root,
            home,
        })
    }

    fn requirements(&self, chain: &[&Pom], values: &Values) -> Vec<Requirement> {
        let mut found: Vec<Requirement> = Vec::new();
        for pom in chain {
            // A parent that only gives versions and plugins is no application of the tree's.
            let parent = pom
                .node
                .entry("parent")
                .filter(|_| std::ptr::eq(*pom, chain[chain.len() - 1]));
            found.extend(parent.and_then(|entry| {
                let name = coordinates(&entry.node, values)?;
                Some(requirement(
                    name,
                    "",
                    false,
                    self.tree.at(&pom.path, entry.line),
                ))
            }));
            for entry in pom.node.entries_at(&["dependencies"]) {
                let Some(name) = coordinates(&entry.node, values) else {
                    continue;
                };
                let line = entry
                    .node
                    .entry("artifactId")
                    .map_or(entry.line, |one| one.line);
                let scope = entry.node.get("scope").and_then(Node::text);
                let version = entry
                    .node
                    .get("version")
                    .and_then(Node::text)
                    .unwrap_or_default();
                let one = requirement(
                    name,
                    &values.filled(version),
                    scope == Some("test"),
                    self.tree.at(&pom.path, line),
                );
                if scope != Some("provided") && !found.iter().any(|known| known.name == one.name) {
                    found.push(one);
                }
            }
        }
        found
    }

    fn plugins(&self, chain: &[&Pom], values: &Values) -> Vec<(String, Evidence)> {
        let mut found: Vec<(String, Evidence)> = Vec::new();
        for (pom, entry) in all_plugins(chain) {
            // The group of Maven's own plugins may be left out.
            let artifact = entry.node.get("artifactId").and_then(Node::text);
            let Some(artifact) = artifact else { continue };
            let name = coordinates(&entry.node, values)
                .unwrap_or_else(|| format!("org.apache.maven.plugins:{artifact}"));
            let line = entry
                .node
                .entry("artifactId")
                .map_or(entry.line, |one| one.line);
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, self.tree.at(&pom.path, line)));
            }
        }
        found
    }

    /// The class that a plugin is told to start, or the property that they read.
    fn main(&self, chain: &[&Pom], values: &Values) -> Option<(String, Evidence)> {
        let class = |pom: &Pom, entry: &Entry| {
            let text = values.filled(entry.node.text()?);
            (!text.contains("${")).then(|| (text, self.tree.at(&pom.path, entry.line)))
        };
        let managed = managed_plugins(chain).into_iter().filter(is_of_spring);
        let mut plugins = all_plugins(chain).into_iter().chain(managed);
        let told = plugins.find_map(|(pom, plugin)| {
            configurations(plugin).find_map(|place| {
                let entry = place
                    .entry("mainClass")
                    .or_else(|| place.entry_at(&["archive", "manifest", "mainClass"]))
                    .or_else(|| place.entry_at(&["transformers", "transformer", "mainClass"]))?;
                class(pom, entry)
            })
        });
        told.or_else(|| {
            ["start-class", "exec.mainClass", "mainClass", "main.class"]
                .iter()
                .find_map(|key| {
                    chain.iter().find_map(|pom| {
                        let entry = pom.node.entry_at(&["properties", key])?;
                        class(pom, entry)
                    })
                })
        })
    }

    fn java(&self, chain: &[&Pom], values: &Values) -> Vec<(u32, Level, Evidence)> {
        let number = |pom: &Pom, entry: &Entry| {
            let number = release(&values.filled(entry.node.text()?))?;
            Some((number, Level::Least, self.tree.at(&pom.path, entry.line)))
        };
        let mut found = Vec::new();
        for (pom, plugin) in all_plugins(chain) {
            let is_compiler =
                plugin.node.get("artifactId").and_then(Node::text) == Some("maven-compiler-plugin");
            for key in ["release", "target", "source"] {
                let entry = plugin.node.entry_at(&["configuration", key]);
                found.extend(
                    entry
                        .filter(|_| is_compiler)
                        .and_then(|entry| number(pom, entry)),
                );
            }
        }
        for key in [
            "java.version",
            "maven.compiler.release",
            "maven.compiler.target",
            "maven.compiler.source",
            "kotlin.compiler.jvmTarget",
        ] {
            found.extend(
                chain
                    .iter()
                    .find_map(|pom| number(pom, pom.node.entry_at(&["properties", key])?)),
            );
        }
        found
    }

    /// Gives every module of a build what Maven reads before the sources of any of them.
    fn share_manifests(&self, modules: &mut [Module]) {
        let mut shared: BTreeMap<RelPath, BTreeSet<RelPath>> = BTreeMap::new();
        for module in &*modules {
            let all = shared.entry(module.home.clone()).or_default();
            all.extend(module.manifests.iter().cloned());
        }
        for (home, all) in &mut shared {
            let poms = self.poms.keys().filter(|path| path.is_within(home));
            all.extend(poms.map(|path| (*path).clone()));
            all.extend(home.join("mvnw").ok().filter(|path| self.tree.has(path)));
            let settings = home.join(".mvn").ok();
            if let Some(folder) = settings.filter(|folder| self.tree.has_folder(folder)) {
                let files = self.tree.files().filter(|path| path.is_within(&folder));
                all.extend(files.cloned());
            }
        }
        let shared: BTreeMap<RelPath, Arc<[RelPath]>> = shared
            .into_iter()
            .map(|(home, all)| (home, all.into_iter().collect()))
            .collect();
        for module in modules {
            module.manifests = Arc::clone(&shared[&module.home]);
        }
    }
}

/// `group:artifact`; None where one is missing.
fn coordinates(node: &Node, values: &Values) -> Option<String> {
    let text = |key| {
        node.get(key)
            .and_then(Node::text)
            .map(|text| values.filled(text))
    };
    Some(format!("{}:{}", text("groupId")?, text("artifactId")?))
}

/// The plugins that run, nearest first; what is only managed does not.
fn all_plugins<'p>(chain: &[&'p Pom]) -> Vec<(&'p Pom, &'p Entry)> {
    let of = |pom: &'p Pom| {
        let entries = pom.node.entries_at(&["build", "plugins"]).iter();
        entries.map(move |entry| (pom, entry))
    };
    chain.iter().flat_map(|pom| of(pom)).collect()
}

/// The plugins that are configured for those who run them, and those of profiles; nearest first.
fn managed_plugins<'p>(chain: &[&'p Pom]) -> Vec<(&'p Pom, &'p Entry)> {
    let managed = ["build", "pluginManagement", "plugins"];
    let of = |pom: &'p Pom| {
        let profiles = pom.node.entries_at(&["profiles"]).iter();
        let of_profiles = profiles.flat_map(move |profile| {
            let node = &profile.node;
            let plugins = node.entries_at(&["build", "plugins"]);
            plugins.iter().chain(node.entries_at(&managed))
        });
        let all = pom.node.entries_at(&managed).iter().chain(of_profiles);
        all.map(move |entry| (pom, entry))
    };
    chain.iter().flat_map(|pom| of(pom)).collect()
}

fn is_of_spring((_, plugin): &(&Pom, &Entry)) -> bool {
    plugin.node.get("artifactId").and_then(Node::text) == Some("spring-boot-maven-plugin")
}

/// Where a plugin is configured: for all that it does, then for one thing alone.
fn configurations(plugin: &Entry) -> impl Iterator<Item = &Node> {
    let executions = plugin.node.entries_at(&["executions"]).iter();
    let alone = executions.filter_map(|one| one.node.get("configuration"));
    plugin.node.get("configuration").into_iter().chain(alone)
}

/// What the archive that starts is called behind its usual name, where that one is left to the classes alone.
/// <https://docs.spring.io/spring-boot/maven-plugin/packaging.html#packaging.examples.custom-classifier>
fn classifier<'p>(chain: &[&'p Pom]) -> Option<&'p str> {
    let run = all_plugins(chain);
    run.iter().find(|one| is_of_spring(one))?;
    let all = run.into_iter().chain(managed_plugins(chain));
    all.filter(is_of_spring)
        .flat_map(|(_, plugin)| configurations(plugin))
        .find_map(|one| one.get("classifier")?.text())
}

/// What `${…}` stands for in a module.
struct Values(BTreeMap<String, String>);

impl Values {
    fn of(chain: &[&Pom]) -> Self {
        let mut known = BTreeMap::new();
        for pom in chain.iter().rev() {
            for entry in pom.node.entries_at(&["properties"]) {
                let text = entry.node.text().unwrap_or_default();
                known.insert(entry.key.clone(), text.to_owned());
            }
            for (key, names) in [
                ("groupId", ["project.groupId", "pom.groupId"]),
                ("version", ["project.version", "pom.version"]),
                ("artifactId", ["project.artifactId", "pom.artifactId"]),
            ] {
                let of_parent = || {
                    pom.node
                        .at(&["parent", key])
                        .filter(|_| key != "artifactId")
                };
                let text = pom.node.get(key).or_else(of_parent).and_then(Node::text);
                for name in names {
                    known.extend(text.map(|text| (name.to_owned(), text.to_owned())));
                }
            }
            let parent = pom.node.at(&["parent", "version"]).and_then(Node::text);
            known.extend(parent.map(|text| ("project.parent.version".to_owned(), text.to_owned())));
        }
        Self(known)
    }

    /// `text` with what is known in the place of its names.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // A value may stand for another one; a circle ends here.
        for _ in 0..8 {
            let Some(start) = text.find("${") else { break };
            let Some(end) = text[start..].find('}').map(|end| start + end) else {
                break;
            };
            let Some(value) = self.0.get(&text[start + 2..end]) else {
                break;
            };
            text = format!("{}{value}{}", &text[..start], &text[end + 1..]);
        }
        text
    }
}
