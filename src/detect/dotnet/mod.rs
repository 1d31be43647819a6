//! .NET: the programs that projects of C#, F# and Visual Basic make, with everything that builds and runs
//! them; a build without any is a library.

mod application;
mod files;
mod migration;
mod msbuild;
mod project;
mod service;
mod settings;
mod solution;
mod source;
mod variables;
mod version;

use super::{Found, Tree, structured};
use crate::project::{Evidence, Existing, Fact, Library, LintCommand, RelPath, TestCommand, Tool};
use project::Project;
use solution::Build;

/// Looks for everything of .NET in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    if msbuild::files(tree).next().is_some() {
        look_into(tree, existing, found);
    }
}

// Out of line: every start runs what looks, and most trees have no project of .NET to load this for.
#[inline(never)]
fn look_into(tree: &Tree, existing: &Existing, found: &mut Found) {
    let projects = msbuild::projects(tree);
    let sources = application::Sources::read(tree, &projects);
    let builds = solution::builds(tree, &projects);
    let counts = |build: &Build| build.projects.iter().any(|one| !one.is_beside());
    let alone = builds.iter().filter(|build| counts(build)).count() == 1;
    let mut libraries = Vec::new();
    for build in builds.iter().filter(|build| counts(build)) {
        let checks = checks(tree, build);
        let (test, lint) = (test(tree, build), lint(build, &checks));
        let services = service::Search {
            tree,
            existing,
            build,
            sources: &sources,
            test: &test,
            lint: &lint,
            alone,
        }
        .services(found);
        if services.is_empty() {
            libraries.extend(library(tree, existing, build, test, lint));
        }
        found.services.extend(services);
        add_tools(checks, found);
    }
    // What lies inside of another build, or beside a program, is a part of it.
    let roots: Vec<RelPath> = found
        .services
        .iter()
        .filter(|one| one.ecosystem == "dotnet")
        .map(|one| one.root.clone())
        .collect();
    libraries.retain(|one: &Library| !roots.iter().any(|root| one.root.is_within(root)));
    for library in libraries {
        let is_inside = found
            .libraries
            .iter()
            .any(|outer| outer.ecosystem == "dotnet" && library.root.is_within(&outer.root));
        if !is_inside {
            found.libraries.push(library);
        }
    }
}

/// A build without a program that runs as a container.
fn library(
    tree: &Tree,
    existing: &Existing,
    build: &Build,
    test: Option<Fact<TestCommand>>,
    lint: Vec<Fact<LintCommand>>,
) -> Option<Library> {
    let all = || {
        build
            .projects
            .iter()
            .filter(|one| !one.is_beside() && !one.is_client())
    };
    let named =
        |one: &&&Project| Some(one.name.as_str()) == build.solution.as_ref().map(RelPath::stem);
    let first = all().find(named).or_else(|| all().next())?;
    let manifest = Evidence::file(first.path.clone());
    Some(Library {
        name: Fact::certain(first.name.clone(), manifest),
        root: build.home.clone(),
        ecosystem: "dotnet",
        framework: None,
        package_manager: Some(service::manager(first.at.clone())),
        runtime_version: version::find(tree, existing, first, &[]),
        test,
        lint,
        build: None,
    })
}

/// What a command is told of what it is about: nothing where its folder has only one thing to build.
fn target(tree: &Tree, build: &Build) -> Option<String> {
    let solution = build.solution.as_ref()?;
    let others = ["sln", "slnx", "slnf", "csproj", "fsproj", "vbproj"]
        .iter()
        .flat_map(|extension| tree.with_extension(extension));
    let here = others.filter(|path| path.parent() == build.home).count();
    Some(if here > 1 {
        format!(" {}", solution.file_name())
    } else {
        String::new()
    })
}

fn test(tree: &Tree, build: &Build) -> Option<Fact<TestCommand>> {
    let tests: Vec<&&Project> = build.projects.iter().filter(|one| one.is_test()).collect();
    let first = tests.first()?;
    let command = if let Some(target) = target(tree, build) {
        format!("dotnet test{target}")
    } else {
        // Without a solution each is named.
        let commands: Vec<String> = tests
            .iter()
            .map(|one| {
                let below = one.path.below(&build.home);
                let path = below.unwrap_or_else(|| one.path.clone());
                format!("dotnet test {path}")
            })
            .collect();
        commands.join(" && ")
    };
    let command = TestCommand {
        command,
        working_dir: build.home.clone(),
        runner: "dotnet".to_owned(),
    };
    let mut fact = Fact::certain(command, Evidence::file(first.path.clone()));
    fact.evidence
        .extend(build.solution.clone().map(Evidence::file));
    Some(fact)
}

/// A check of the code, with the command that runs it.
struct Check {
    name: &'static str,
    command: String,
    found: Fact<bool>,
    version: Option<String>,
}

/// `dotnet format` where the style is written down, and the tools of the manifest.
fn checks(tree: &Tree, build: &Build) -> Vec<Check> {
    let mut found = Vec::new();
    let folders = || build.home.upwards();
    let csharpier = folders().find_map(|folder| {
        [".config/dotnet-tools.json", "dotnet-tools.json"]
            .iter()
            .find_map(|name| {
                let path = folder.join(name).ok().filter(|path| tree.has(path))?;
                let node = structured::jsonc(tree, &path)?;
                let entry = node.entry_at(&["tools", "csharpier"])?;
                let version = entry.node.get("version").and_then(structured::Node::text);
                Some((version.map(str::to_owned), tree.at(&path, entry.line)))
            })
    });
    if let Some((version, at)) = csharpier {
        // https://csharpier.com/docs/CLI
        let is_old = version
            .as_deref()
            .is_some_and(|text| text.starts_with("0."));
        found.push(Check {
            name: "csharpier",
            command: if is_old {
                "dotnet csharpier --check .".to_owned()
            } else {
                "dotnet csharpier check .".to_owned()
            },
            found: Fact::certain(true, at),
            version,
        });
    }
    let style = folders().find_map(|folder| {
        let path = folder.join(".editorconfig").ok()?;
        let text = tree.text(&path)?;
        let line = text.lines().position(|line| {
            let line = line.trim();
            line.starts_with('[')
                && (line.contains(".cs") || line.contains("{cs") || line.contains(",cs"))
        })?;
        Some(tree.at(&path, line + 1))
    });
    if let (Some(at), Some(target)) = (style, target(tree, build)) {
        found.push(Check {
            name: "dotnet-format",
            command: format!("dotnet format{target} --verify-no-changes"),
            found: Fact::likely(true, at).because("it comes with the SDK and reads this file"),
            version: None,
        });
    }
    found
}

fn lint(build: &Build, checks: &[Check]) -> Vec<Fact<LintCommand>> {
    let of = |check: &Check| {
        check.found.clone().map(|_| LintCommand {
            command: check.command.clone(),
            working_dir: build.home.clone(),
        })
    };
    checks.iter().map(of).collect()
}

fn add_tools(checks: Vec<Check>, found: &mut Found) {
    for check in checks {
        if let Some(known) = found.tools.iter_mut().find(|tool| tool.name == check.name) {
            known.found.evidence.extend(check.found.evidence);
            continue;
        }
        found.tools.push(Tool {
            name: check.name.to_owned(),
            purpose: "format",
            found: check.found,
            version: check.version,
        });
    }
}
