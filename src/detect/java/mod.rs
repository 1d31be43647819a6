//! Java and Kotlin: the modules that Maven and Gradle build, those that are applications with everything that
//! builds and runs them; a build without any is a library.

mod application;
mod catalog;
mod files;
mod framework;
mod gradle;
mod maven;
mod migration;
mod module;
mod script;
mod service;
mod settings;
mod source;
mod variables;
mod version;

use super::{Found, Tree};
use crate::project::{
    Evidence, Existing, Fact, Library, LintCommand, PackageManager, RelPath, Requirement,
    TestCommand, Tool,
};
use module::{Builder, Module};

/// What the build at the root calls what it makes.
pub(super) fn name(tree: &Tree) -> Option<(String, Evidence)> {
    maven::name(tree).or_else(|| gradle::name(tree))
}

/// Looks for everything of Java and Kotlin in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let mut builds = maven::poms(tree).chain(gradle::files(tree));
    if builds.next().is_some() {
        look_into(tree, existing, found);
    }
}

// Out of line: every start runs what looks, and most trees have no build of Java to load this for.
#[inline(never)]
fn look_into(tree: &Tree, existing: &Existing, found: &mut Found) {
    let mut modules = maven::modules(tree);
    let of_gradle = gradle::modules(tree, &modules);
    modules.extend(of_gradle);
    if modules.iter().all(|module| !module.compiles) {
        return;
    }
    let sources = application::Sources::read(tree, &modules);
    let mut homes: Vec<&RelPath> = modules.iter().map(|module| &module.home).collect();
    homes.sort();
    homes.dedup();
    for home in &homes {
        let build: Vec<&Module> = modules.iter().filter(|one| one.home == **home).collect();
        let (test, lint) = (test(tree, &build), lint(&build));
        let search = service::Search {
            tree,
            existing,
            sources: &sources,
            build: &build,
            test: &test,
            lint: &lint,
            alone: homes.len() == 1,
        };
        let services = search.services(found);
        let is_inside = found
            .libraries
            .iter()
            .any(|outer| outer.ecosystem == "java" && home.is_within(&outer.root));
        if services.is_empty() && !is_inside {
            found
                .libraries
                .extend(library(tree, existing, &build, test, lint));
        }
        if !services.is_empty() {
            found.embedded.extend(front_ends(tree, &build));
        }
        found.services.extend(services);
        add_tools(&build, found);
    }
}

/// The folders of front ends that the build itself builds, for an application to hand out.
fn front_ends(tree: &Tree, build: &[&Module]) -> Vec<RelPath> {
    let mut found = Vec::new();
    for module in build {
        // A task that copies what lies in a package of Node.js into the class path.
        let script = tree.text(&module.manifest).unwrap_or_default();
        let copies = ["Copy", "Sync"].iter().any(|task| script.contains(task));
        if copies && script.contains("src/main/resources/") {
            let packages = tree.named("package.json").map(RelPath::parent);
            found.extend(packages.filter(|folder| {
                let name = folder.file_name();
                let ends = ['"', '\'', '/'];
                !name.is_empty()
                    && ends
                        .iter()
                        .any(|end| script.contains(&format!("/{name}{end}")))
            }));
        }
        let builds = module.plugins.iter().any(|(id, _)| {
            id == "com.github.node-gradle.node"
                || id.starts_with("org.siouan.frontend")
                || id.ends_with(":frontend-maven-plugin")
        });
        if builds {
            found.push(module.root.clone());
        }
        // https://docs.quarkiverse.io/quarkus-quinoa/dev/
        let hands_out = |one: &Requirement| one.name == "io.quarkiverse.quinoa:quarkus-quinoa";
        if module.requirements.iter().any(hands_out) {
            found.extend(module.root.join("src/main/webui"));
        }
    }
    found
}

/// A build without a program that runs as a container.
fn library(
    tree: &Tree,
    existing: &Existing,
    build: &[&Module],
    test: Option<Fact<TestCommand>>,
    lint: Vec<Fact<LintCommand>>,
) -> Option<Library> {
    let all = || build.iter().filter(|module| module.compiles);
    let first = all()
        .find(|module| module.root == module.home)
        .or_else(|| all().next())?;
    let several = all().nth(1).is_some() && !first.home.is_root();
    let name = if several {
        first.home.file_name().to_owned()
    } else {
        first.name.clone()
    };
    Some(Library {
        name: Fact::certain(name, first.at.clone()),
        root: first.home.clone(),
        ecosystem: "java",
        framework: None,
        package_manager: Some(manager(first)),
        runtime_version: version::find(tree, existing, first, &[]),
        test,
        lint,
        build: None,
    })
}

fn manager(module: &Module) -> Fact<PackageManager> {
    let manager = match module.builder {
        Builder::Maven => PackageManager::Maven,
        Builder::Gradle => PackageManager::Gradle,
    };
    Fact::certain(manager, module.at.clone())
}

/// Whether a file is part of what runs, and no test.
fn is_source(path: &RelPath) -> bool {
    let mut parts = path
        .as_str()
        .split('/')
        .skip_while(|part| *part != "src")
        .skip(1);
    !parts.next().is_some_and(|set| {
        let set = set.to_lowercase();
        set.contains("test")
            || matches!(
                set.as_str(),
                "it" | "jmh" | "androidmain" | "iosmain" | "jsmain"
            )
    })
}

fn test(tree: &Tree, build: &[&Module]) -> Option<Fact<TestCommand>> {
    let first = build.first()?;
    let is_test = |path: &&RelPath| path.is_within(&first.home) && !is_source(path);
    let at = ["java", "kt", "groovy"]
        .iter()
        .find_map(|extension| tree.with_extension(extension).find(is_test))?;
    let plugins = || build.iter().flat_map(|module| &module.plugins);
    let (runner, command) = match first.builder {
        Builder::Maven => {
            let failsafe = plugins().any(|(id, _)| id.ends_with(":maven-failsafe-plugin"));
            let goal = if failsafe { "verify" } else { "test" };
            ("maven", format!("{} --batch-mode {goal}", first.program))
        }
        Builder::Gradle => ("gradle", format!("{} --no-daemon test", first.program)),
    };
    let mut fact = Fact::certain(
        TestCommand {
            command,
            working_dir: first.home.clone(),
            runner: runner.to_owned(),
        },
        first.at.clone(),
    );
    fact.evidence.push(Evidence::file(at.clone()));
    Some(fact.because("the build runs the tests of every module"))
}

struct Check {
    name: &'static str,
    purpose: &'static str,
    /// The id of a plugin of Gradle and its task.
    gradle: &'static [(&'static str, &'static str)],
    /// The artifact of a plugin of Maven and its goal.
    maven: Option<(&'static str, &'static str)>,
}

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check { name: "spotless", purpose: "format", gradle: &[("com.diffplug.spotless", "spotlessCheck")], maven: Some(("spotless-maven-plugin", "spotless:check")) },
    Check { name: "spring-javaformat", purpose: "format", gradle: &[("io.spring.javaformat", "checkFormat")], maven: Some(("spring-javaformat-maven-plugin", "spring-javaformat:validate")) },
    Check { name: "checkstyle", purpose: "lint", gradle: &[("checkstyle", "checkstyleMain")], maven: Some(("maven-checkstyle-plugin", "checkstyle:check")) },
    Check { name: "pmd", purpose: "lint", gradle: &[("pmd", "pmdMain")], maven: Some(("maven-pmd-plugin", "pmd:check")) },
    Check { name: "ktlint", purpose: "lint", gradle: &[("org.jlleitschuh.gradle.ktlint", "ktlintCheck"), ("org.jmailen.kotlinter", "lintKotlin")], maven: Some(("ktlint-maven-plugin", "ktlint:check")) },
    Check { name: "detekt", purpose: "lint", gradle: &[("io.gitlab.arturbosch.detekt", "detekt"), ("dev.detekt", "detekt")], maven: Some(("detekt-maven-plugin", "detekt:check")) },
];

/// The checks that a build is told of, each with its task or goal and where.
fn checks<'b>(build: &[&'b Module]) -> Vec<(&'static Check, &'static str, &'b Evidence)> {
    let applied = |sign: &dyn Fn(&str) -> bool| {
        let mut plugins = build.iter().flat_map(|module| &module.plugins);
        plugins.find(|(id, _)| sign(id)).map(|(_, at)| at)
    };
    let mut found = Vec::new();
    for check in CHECKS {
        let of_gradle = check
            .gradle
            .iter()
            .find_map(|(id, task)| Some((check, *task, applied(&|known| known == *id)?)));
        let of_maven = check.maven.and_then(|(artifact, goal)| {
            let is_it =
                |known: &str| known.rsplit(':').next() == Some(artifact) && known.contains(':');
            Some((check, goal, applied(&is_it)?))
        });
        found.extend(of_gradle.or(of_maven));
    }
    found
}

fn lint(build: &[&Module]) -> Vec<Fact<LintCommand>> {
    let Some(first) = build.first() else {
        return Vec::new();
    };
    let option = match first.builder {
        Builder::Maven => "--batch-mode",
        Builder::Gradle => "--no-daemon",
    };
    checks(build)
        .into_iter()
        .map(|(_, task, at)| {
            let command = LintCommand {
                command: format!("{} {option} {task}", first.program),
                working_dir: first.home.clone(),
            };
            Fact::certain(command, at.clone())
        })
        .collect()
}

fn add_tools(build: &[&Module], found: &mut Found) {
    for (check, _, at) in checks(build) {
        if let Some(known) = found.tools.iter_mut().find(|tool| tool.name == check.name) {
            known.found.evidence.push(at.clone());
            continue;
        }
        found.tools.push(Tool {
            name: check.name.to_owned(),
            purpose: check.purpose,
            found: Fact::certain(true, at.clone()),
            version: None,
        });
    }
}
