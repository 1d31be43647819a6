//! Modules of Gradle: settings, scripts and the scripts that others apply by name.
//! <https://docs.gradle.org/current/userguide/userguide.html>

use super::catalog::Catalog;
use super::module::{Builder, Level, Module, release, requirement};
use super::script::{self, Statement};
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::project::{Evidence, RelPath, Requirement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SETTINGS: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];
const SCRIPTS: [&str; 2] = ["build.gradle", "build.gradle.kts"];
/// The setting that names the whole build.
const NAME: &str = "rootProject.name";

/// Every file of settings or of a build, in no order.
pub(super) fn files(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    SETTINGS
        .iter()
        .chain(&SCRIPTS)
        .flat_map(|name| tree.named(name))
}

/// What the settings at the root call the whole build.
pub(super) fn name(tree: &Tree) -> Option<(String, Evidence)> {
    let path = file(tree, &RelPath::root(), &SETTINGS)?;
    let said = script::read(tree, &path);
    let one = said.iter().find(|one| one.name == NAME)?;
    let name = one.texts.first().filter(|name| !name.contains('$'))?;
    Some((name.clone(), one.at.clone()))
}

/// Every module that is part of what the tree is about, sorted by folder; a folder that Maven builds,
/// too, is left to it.
pub(super) fn modules(tree: &Tree, of_maven: &[Module]) -> Vec<Module> {
    let mut homes: Vec<RelPath> = files(tree)
        .map(RelPath::parent)
        .filter(|folder| !beside_or_hidden(folder) && !pattern(folder) && !is_of_the_build(folder))
        .collect();
    homes.sort();
    homes.dedup();
    let mut found: Vec<Module> = Vec::new();
    let mut covered: Vec<RelPath> = Vec::new();
    // A build is where its settings are; a script without any is a build of its own.
    homes.sort_by_key(|folder| (!has_settings(tree, folder), folder.clone()));
    for home in homes {
        if covered.contains(&home) {
            continue;
        }
        let build = Build::read(tree, &home);
        for (address, root) in &build.projects {
            covered.push(root.clone());
            let is_known = of_maven.iter().any(|module| module.root == *root);
            if !is_known {
                found.extend(build.module(address, root));
            }
        }
        covered.push(home);
    }
    found.sort_by(|a, b| a.root.cmp(&b.root));
    found
}

/// Projects of the build itself hold plugins.
fn is_of_the_build(folder: &RelPath) -> bool {
    let mut parts = folder.as_str().split('/');
    parts.any(|part| {
        matches!(
            part,
            "buildSrc" | "build-logic" | "buildLogic" | "build-plugin"
        )
    })
}

fn has_settings(tree: &Tree, folder: &RelPath) -> bool {
    file(tree, folder, &SETTINGS).is_some()
}

fn file(tree: &Tree, folder: &RelPath, names: &[&str]) -> Option<RelPath> {
    let mut places = names.iter().filter_map(|name| folder.join(name).ok());
    places.find(|path| tree.has(path))
}

struct Build<'t> {
    tree: &'t Tree,
    home: RelPath,
    name: Option<String>,
    /// Address and folder of each project, the outermost first.
    projects: Vec<(String, RelPath)>,
    catalog: Catalog,
    properties: BTreeMap<String, String>,
    /// What its own script says to other projects.
    given: Vec<Statement>,
    /// What scripts say that stand for a plugin of their name.
    conventions: BTreeMap<String, Vec<Statement>>,
    manifests: Arc<[RelPath]>,
}

impl<'t> Build<'t> {
    fn read(tree: &'t Tree, home: &RelPath) -> Self {
        let mut build = Self {
            tree,
            home: home.clone(),
            name: None,
            projects: vec![(String::new(), home.clone())],
            catalog: Catalog::read(tree, home),
            properties: properties(tree, home),
            given: Vec::new(),
            conventions: BTreeMap::new(),
            manifests: Arc::default(),
        };
        let mut manifests: BTreeSet<RelPath> = BTreeSet::new();
        if let Some(path) = file(tree, home, &SETTINGS) {
            build.settings(&script::read(tree, &path));
            manifests.insert(path);
        }
        if let Some(path) = file(tree, home, &SCRIPTS) {
            build.given = script::read(tree, &path);
            build.given.retain(|one| {
                let outer = one.blocks.first().map(String::as_str);
                matches!(outer, Some("subprojects" | "allprojects"))
            });
        }
        for path in tree.files().filter(|path| path.is_within(home)) {
            let name = path.file_name();
            if is_of_the_build(&path.parent()) {
                manifests.insert(path.clone());
                let stem = name
                    .strip_suffix(".gradle.kts")
                    .or_else(|| name.strip_suffix(".gradle"));
                if let Some(stem) = stem.filter(|stem| !matches!(*stem, "build" | "settings")) {
                    let said = script::read(tree, path);
                    build.conventions.insert(stem.to_owned(), said);
                }
            }
        }
        for name in ["gradlew", "gradle.properties"] {
            manifests.extend(home.join(name).ok().filter(|path| tree.has(path)));
        }
        if let Ok(folder) = home.join("gradle") {
            let within = tree.files().filter(|path| path.is_within(&folder));
            manifests.extend(within.cloned());
        }
        let roots = build.projects.iter().map(|(_, root)| root);
        manifests.extend(roots.filter_map(|root| file(tree, root, &SCRIPTS)));
        build.manifests = manifests.into_iter().collect();
        build
    }

    fn settings(&mut self, statements: &[Statement]) {
        self.catalog.add(statements);
        for one in statements {
            match one.name.as_str() {
                NAME => self.name = one.texts.first().cloned(),
                "include" => {
                    for text in &one.texts {
                        let address = format!(":{}", text.trim_start_matches(':'));
                        let folder = address.trim_start_matches(':').replace(':', "/");
                        if let Ok(root) = self.home.join(&folder)
                            && self.tree.has_folder(&root)
                        {
                            self.projects.push((address, root));
                        }
                    }
                }
                // `project(':a').projectDir = file('b')`, in either language.
                name if name.ends_with(".projectDir") => {
                    let address = name.split(['\'', '"']).nth(1).unwrap_or_default();
                    let text = one.texts.last().map(|text| {
                        let below = text.strip_prefix("$rootDir/");
                        below
                            .or_else(|| text.strip_prefix("${rootDir}/"))
                            .unwrap_or(text)
                    });
                    let folder = text.and_then(|text| self.home.join(text).ok());
                    if let Some(folder) = folder.filter(|folder| self.tree.has_folder(folder)) {
                        self.projects.retain(|(known, _)| known != address);
                        self.projects.push((address.to_owned(), folder));
                    }
                }
                _ => {}
            }
        }
    }

    /// The statements that make up the project in `root`, its own first, then those that the
    /// projects above it give to all and those of the scripts that it applies by name.
    fn statements(&self, root: &RelPath) -> Vec<Statement> {
        let mut own = match file(self.tree, root, &SCRIPTS) {
            Some(path) => script::read(self.tree, &path),
            None => Vec::new(),
        };
        own.retain(|one| {
            let outer = one.blocks.first().map_or(one.name.as_str(), String::as_str);
            outer != "subprojects"
                && outer != "buildscript"
                && (*root == self.home || outer != "allprojects")
        });
        if *root != self.home {
            own.extend_from_slice(&self.given);
        }
        for one in &mut own {
            let outer = one.blocks.first().map(String::as_str);
            if matches!(outer, Some("subprojects" | "allprojects")) {
                one.blocks.remove(0);
            }
        }
        // A convention may apply another one.
        let mut done: Vec<String> = Vec::new();
        loop {
            let next = own
                .iter()
                .filter_map(|one| self.plugin(one))
                .find(|id| self.conventions.contains_key(id) && !done.contains(id));
            let Some(id) = next else { break };
            own.extend_from_slice(&self.conventions[&id]);
            done.push(id);
        }
        own
    }

    /// The id of the plugin that a statement applies.
    fn plugin(&self, one: &Statement) -> Option<String> {
        if !one.applied {
            return None;
        }
        if one.is_in(&["plugins"]) {
            return match one.name.as_str() {
                "id" => one.texts.first().cloned(),
                "kotlin" => Some(format!("org.jetbrains.kotlin.{}", one.texts.first()?)),
                "alias" => {
                    let raw = one.raw.trim_matches(['(', ')', ' ']);
                    self.catalog.plugin(raw.strip_prefix("libs.plugins.")?)
                }
                "version" | "apply" => None,
                name => Some(name.to_owned()),
            };
        }
        let named = one.named.iter().find(|(key, _)| key == "plugin");
        (one.name == "apply" && one.blocks.is_empty())
            .then(|| named.map(|(_, id)| id.clone()))
            .flatten()
    }

    fn module(&self, address: &str, root: &RelPath) -> Option<Module> {
        let manifest = file(self.tree, root, &SCRIPTS);
        let at = match &manifest {
            Some(path) => Evidence::file(path.clone()),
            None => Evidence::file(file(self.tree, &self.home, &SETTINGS)?),
        };
        let statements = self.statements(root);
        let plugins: Vec<(String, Evidence)> = statements
            .iter()
            .filter_map(|one| Some((self.plugin(one)?, one.at.clone())))
            .collect();
        let compiles = plugins.iter().any(|(id, _)| {
            matches!(
                id.as_str(),
                "java"
                    | "java-library"
                    | "application"
                    | "war"
                    | "groovy"
                    | "scala"
                    | "kotlin"
                    | "idea"
            ) || id.contains("kotlin.jvm")
                || id.contains("springframework.boot")
                || id.contains("io.quarkus")
                || id.contains("micronaut")
                || id.contains("ktor")
        });
        let sources = root.join("src/main").ok();
        let compiles = compiles || sources.is_some_and(|folder| self.tree.has_folder(&folder));
        if !compiles && plugins.is_empty() {
            return None;
        }
        let program = match self.home.join("gradlew") {
            Ok(path) if self.tree.has(&path) => "./gradlew",
            _ => "gradle",
        };
        let own = address.rsplit(':').next().filter(|name| !name.is_empty());
        let name = own.map(str::to_owned).or_else(|| self.name.clone());
        let name = name.unwrap_or_else(|| match root.file_name() {
            "" => "app".to_owned(),
            folder => folder.to_owned(),
        });
        let lock = root.join("gradle.lockfile").ok();
        Some(Module {
            builder: Builder::Gradle,
            root: root.clone(),
            manifest: manifest.unwrap_or_else(|| at.file.clone()),
            at,
            home: self.home.clone(),
            program: program.to_owned(),
            jar: self.jar(&statements, &name),
            name,
            address: address.to_owned(),
            compiles,
            war: plugins.iter().any(|(id, _)| id == "war"),
            requirements: self.requirements(&statements),
            uses: self.uses(&statements),
            main: main(&statements),
            java: java(&statements),
            plugins,
            manifests: Arc::clone(&self.manifests),
            lock: lock.filter(|path| self.tree.has(path)),
        })
    }

    /// What the jar of the project `name` is called: without a version where nothing gives one.
    fn jar(&self, statements: &[Statement], name: &str) -> Option<String> {
        let told = statements.iter().find(|one| {
            let outer = one.blocks.last().map_or("", String::as_str);
            one.name.starts_with("archiveFileName")
                && (outer.contains("bootJar") || outer.contains("BootJar"))
                || one.name.ends_with("bootJar.archiveFileName")
        });
        if let Some(told) = told {
            let text = told.texts.last()?;
            return (!text.contains('$')).then(|| text.trim_end_matches(".jar").to_owned());
        }
        let version = statements
            .iter()
            .find(|one| one.name == "version" && one.blocks.is_empty());
        match version {
            Some(one) => {
                let text = one.texts.first().filter(|text| !text.contains('$'))?;
                Some(format!("{name}-{text}"))
            }
            None => match self.properties.get("version") {
                Some(text) => Some(format!("{name}-{text}")),
                None => Some(name.to_owned()),
            },
        }
    }

    fn requirements(&self, statements: &[Statement]) -> Vec<Requirement> {
        let mut found: Vec<Requirement> = Vec::new();
        for one in statements.iter().filter(|one| one.is_in(&["dependencies"])) {
            let Some(development) = configuration(&one.name) else {
                continue;
            };
            let mut names: Vec<(String, String)> = one
                .texts
                .iter()
                .filter(|text| !text.starts_with(':'))
                .filter_map(|text| {
                    let mut parts = text.split(':');
                    let (group, artifact) = (parts.next()?, parts.next()?);
                    let version = parts.next().unwrap_or_default().to_owned();
                    Some((format!("{group}:{artifact}"), version))
                })
                .collect();
            let named = |key: &str| {
                one.named
                    .iter()
                    .find(|(known, _)| known == key)
                    .map(|(_, text)| text)
            };
            if let (Some(group), Some(artifact)) = (named("group"), named("name")) {
                names.push((format!("{group}:{artifact}"), String::new()));
            }
            let referred = self.catalog.libraries(&one.raw).into_iter();
            names.extend(referred.map(|name| (name, String::new())));
            for (name, version) in names {
                if !found
                    .iter()
                    .any(|known| known.name == name && known.development == development)
                {
                    found.push(requirement(name, &version, development, one.at.clone()));
                }
            }
        }
        found
    }

    /// The folders of the projects that it is made with.
    fn uses(&self, statements: &[Statement]) -> Vec<RelPath> {
        let root_of = |address: &str| {
            let same = self.projects.iter().find(|(known, _)| known == address);
            same.map(|(_, root)| root.clone())
        };
        // `projects.someCore` is the type-safe name of `:some-core`.
        let accessor = |address: &str| {
            let mut made = String::new();
            let mut upper = false;
            for c in address.trim_start_matches(':').chars() {
                match c {
                    '-' | '_' => upper = true,
                    ':' => made.push('.'),
                    c if upper => {
                        made.extend(c.to_uppercase());
                        upper = false;
                    }
                    c => made.push(c),
                }
            }
            made
        };
        let mut found = Vec::new();
        for one in statements.iter().filter(|one| one.is_in(&["dependencies"])) {
            if configuration(&one.name) != Some(false) {
                continue;
            }
            found.extend(
                one.texts
                    .iter()
                    .chain(one.named.iter().map(|(_, text)| text))
                    .filter_map(|text| root_of(text)),
            );
            let raw = one.raw.trim_matches(['(', ')', ' ']);
            if let Some(name) = raw.strip_prefix("projects.") {
                let same = self
                    .projects
                    .iter()
                    .find(|(address, _)| accessor(address) == name);
                found.extend(same.map(|(_, root)| root.clone()));
            }
        }
        found
    }
}

/// Whether what a configuration names is for development alone; None for one that holds no
/// dependencies of the application.
fn configuration(name: &str) -> Option<bool> {
    let lower = name.to_lowercase();
    match name {
        "api" | "implementation" | "runtimeOnly" | "compile" | "runtime" | "modules" => Some(false),
        "developmentOnly" | "testAndDevelopmentOnly" => Some(true),
        _ if lower.starts_with("test") || lower.contains("testimplementation") => Some(true),
        _ => None,
    }
}

fn properties(tree: &Tree, home: &RelPath) -> BTreeMap<String, String> {
    let path = home.join("gradle.properties");
    let read = path.map(|path| super::settings::properties(tree, &path));
    read.unwrap_or_default()
}

fn main(statements: &[Statement]) -> Option<(String, Evidence)> {
    let in_manifest = statements.iter().find_map(|one| {
        let is_key = |key: &String| key.trim_matches(['"', '\'']) == "Main-Class";
        let named = one.named.iter().find(|(key, _)| is_key(key));
        // `attributes("Main-Class" to "a.B")`, `attributes["Main-Class"] = "a.B"`; a constant is none.
        let behind = || {
            let (_, rest) = one.raw.split_once("\"Main-Class\" to \"")?;
            one.texts
                .iter()
                .find(|text| rest.starts_with(text.as_str()))
        };
        let assigned = || one.texts.last().filter(|_| one.name.contains("Main-Class"));
        let class = named
            .map(|(_, class)| class)
            .or_else(behind)
            .or_else(assigned)?;
        Some((class.clone(), one.at.clone()))
    });
    let told = statements.iter().find_map(|one| {
        let name = one.name.trim_end_matches(".set");
        let is_it = matches!(name, "mainClass" | "mainClassName")
            || name.ends_with(".mainClass")
            || name.ends_with(".mainClassName");
        let text = one
            .texts
            .last()
            .filter(|text| is_it && !text.contains('$'))?;
        Some((text.clone(), one.at.clone()))
    });
    told.or(in_manifest)
        .filter(|(class, _)| !class.contains('$'))
}

fn java(statements: &[Statement]) -> Vec<(u32, Level, Evidence)> {
    let mut found: Vec<(u32, Level, Evidence)> = statements
        .iter()
        .filter_map(|one| {
            let name = one.name.trim_end_matches(".set");
            let last = name.rsplit('.').next()?;
            let level = match last {
                "languageVersion" if one.raw.contains("JavaLanguageVersion") => Level::Toolchain,
                "jvmToolchain" => Level::Toolchain,
                "sourceCompatibility" | "targetCompatibility" | "release" | "jvmTarget" => {
                    Level::Least
                }
                _ => return None,
            };
            let said = match one.texts.first() {
                Some(text) => text.as_str(),
                None => one.raw.as_str(),
            };
            Some((release(said)?, level, one.at.clone()))
        })
        .collect();
    found.sort_by_key(|(_, level, _)| *level);
    found
}
