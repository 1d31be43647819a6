//! The steps by which the project gets to where it runs, as the tree tells them.

use super::command::{Purpose, Reader, action};
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{Evidence, RelPath};
use serde::Serialize;

/// What starts a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A push, a tag, a release or a schedule.
    Automatic,
    /// A button of the CI system.
    Button,
    /// A platform reads the file when somebody pushes to it.
    Platform,
    /// Somebody types it.
    Hand,
}

/// One step on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub purpose: Purpose,
    pub trigger: Trigger,
    /// The command, or the action.
    pub what: String,
    pub evidence: Evidence,
    /// It stands in an example or in instructions for development, as far as its surroundings
    /// say.
    pub development: bool,
}

/// Every step, in the order of a deployment, and the workflows that run tests.
pub(super) fn find(tree: &Tree) -> (Vec<Step>, Vec<String>) {
    let Some(reader) = Reader::new() else {
        return (Vec::new(), Vec::new());
    };
    let mut steps = Vec::new();
    let mut tested = Vec::new();
    let mut workflows = String::new();
    for path in tree.files().filter(|path| is_workflow(path)) {
        if let Some(text) = tree.text(path) {
            workflows.push_str(&text);
        }
        if let Some(document) = structured::yaml(tree, path)
            && workflow(&reader, path, &document, &mut steps)
        {
            tested.push(path.to_string());
        }
    }
    for path in tree.files() {
        let Some(text) = (is_prose(path) || is_script(path))
            .then(|| tree.text(path))
            .flatten()
        else {
            continue;
        };
        // A script that a workflow calls, or a container begins with, runs by itself.
        let called = is_script(path)
            && (workflows.contains(path.file_name()) || path.stem().contains("entrypoint"));
        let trigger = if called {
            Trigger::Automatic
        } else {
            Trigger::Hand
        };
        lines(&reader, path, &text, trigger, &mut steps);
    }
    for path in tree.files().filter(|path| platform(path)) {
        steps.push(Step {
            purpose: Purpose::Start,
            trigger: Trigger::Platform,
            what: path.file_name().to_owned(),
            evidence: Evidence::file(path.clone()),
            development: is_compose(path) && is_development(&path.as_str().to_lowercase()),
        });
    }
    steps.sort_by(|a, b| {
        let key = |step: &Step| (step.development, step.purpose, step.trigger);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.evidence.file.as_str().cmp(b.evidence.file.as_str()))
    });
    // A command that is told in several places is one step.
    let mut told = std::collections::HashSet::new();
    steps.retain(|step| told.insert((step.trigger, step.what.clone())));
    (steps, tested)
}

fn is_workflow(path: &RelPath) -> bool {
    matches!(path.extension(), "yml" | "yaml") && path.parent().as_str() == ".github/workflows"
        || matches!(
            path.as_str(),
            ".gitlab-ci.yml" | ".circleci/config.yml" | ".travis.yml"
        )
}

/// Texts in which people write down how to deploy.
fn is_prose(path: &RelPath) -> bool {
    if !matches!(path.extension(), "md" | "rst" | "txt" | "adoc" | "") || path.depth() > 3 {
        return false;
    }
    let stem = path.stem().to_lowercase();
    let about = [
        "readme",
        "deploy",
        "install",
        "production",
        "hosting",
        "setup",
        "operations",
        "release",
        "upgrade",
        "getting-started",
        "getting_started",
        "docker",
        "contributing",
    ];
    about.iter().any(|word| stem.contains(word))
        && (path.extension() != "txt" || !stem.contains("requirements"))
}

fn is_script(path: &RelPath) -> bool {
    if path.depth() > 3 {
        return false;
    }
    let name = path.file_name();
    matches!(path.extension(), "sh" | "bash")
        || matches!(
            name,
            "Makefile"
                | "makefile"
                | "GNUmakefile"
                | "justfile"
                | "Taskfile.yml"
                | "fabfile.py"
                | "deploy"
        )
}

fn is_compose(path: &RelPath) -> bool {
    let name = path.file_name();
    matches!(path.extension(), "yml" | "yaml")
        && (name.starts_with("docker-compose") || name.starts_with("compose."))
        && path.depth() <= 3
        && !path.as_str().starts_with('.')
}

/// Files that a hosting platform, or Docker Compose, reads.
fn platform(path: &RelPath) -> bool {
    is_compose(path)
        || path.depth() <= 2
            && matches!(
                path.file_name(),
                "Procfile"
                    | "fly.toml"
                    | "app.json"
                    | "render.yaml"
                    | "vercel.json"
                    | "netlify.toml"
                    | "app.yaml"
                    | "Dockerrun.aws.json"
                    | "heroku.yml"
                    | "railway.json"
                    | "railway.toml"
                    | "kamal.yml"
                    | "serverless.yml"
                    | "wrangler.toml"
                    | ".platform.app.yaml"
            )
            && (path.file_name() != "app.json" || path.parent().is_root())
}

/// The steps of a workflow; gives whether it runs tests.
fn workflow(reader: &Reader, path: &RelPath, document: &Node, steps: &mut Vec<Step>) -> bool {
    let trigger = trigger(document);
    let mut tests = false;
    let stem = path.stem().to_lowercase();
    let for_tests = ["test", "e2e", "lint", "check"]
        .iter()
        .any(|word| stem.contains(word))
        || stem == "ci";
    let mut add = |purpose, what: &str, line| {
        // Building for a test is no step of a deployment.
        if purpose > Purpose::Build {
            steps.push(Step {
                purpose,
                trigger,
                what: first_line(what),
                evidence: Evidence::new(path.clone(), line, what),
                development: false,
            });
        }
    };
    visit(document, &mut |parent, key, node| {
        match key {
            "uses" => {
                if let Some(name) = node.text()
                    && let Some(purpose) = action(name)
                    && !(name.starts_with("docker/") && is_local(parent))
                {
                    add(purpose, name.split('@').next().unwrap_or(name), node.line);
                }
            }
            "run" | "script" | "before_script" | "after_success" | "command" => {
                let own = node.text().map(|text| (node.line, text));
                let items = node.items().iter();
                let items = items.filter_map(|item| Some((item.line, item.text()?)));
                let texts = own.into_iter().chain(items);
                for (first, text) in texts {
                    for (number, line) in (first..).zip(text.lines()) {
                        tests |= reader.tests(line);
                        if let Some(purpose) = reader.purpose(line) {
                            // What a test starts or migrates is no deployment.
                            if !for_tests || !matches!(purpose, Purpose::Start | Purpose::Migrate) {
                                add(purpose, line.trim(), number);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    });
    tests
}

/// What starts a workflow: by its `on`, which YAML 1.1 may read as a truth value.
fn trigger(document: &Node) -> Trigger {
    let Some(on) = document.get("on").or_else(|| document.get("true")) else {
        return Trigger::Automatic;
    };
    let names: Vec<&str> = on
        .text()
        .into_iter()
        .chain(on.items().iter().filter_map(Node::text))
        .chain(on.entries().iter().map(|entry| entry.key.as_str()))
        .collect();
    if !names.is_empty() && names.iter().all(|name| *name == "workflow_dispatch") {
        Trigger::Button
    } else {
        Trigger::Automatic
    }
}

/// Whether an action that builds images keeps them: nothing says that they are pushed.
fn is_local(step: &Node) -> bool {
    let push = step.get("with").and_then(|with| with.get("push"));
    push.and_then(Node::text).is_none_or(|push| push == "false")
}

fn visit(node: &Node, each: &mut impl FnMut(&Node, &str, &Node)) {
    for entry in node.entries() {
        each(node, &entry.key, &entry.node);
        visit(&entry.node, each);
    }
    for item in node.items() {
        visit(item, each);
    }
}

/// The commands of a script, or of the code blocks of a text.
fn lines(reader: &Reader, path: &RelPath, text: &str, trigger: Trigger, steps: &mut Vec<Step>) {
    let prose = is_prose(path) && !is_script(path);
    let mut fenced = false;
    let mut heading = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim_start();
        if prose && (trimmed.starts_with("```") || trimmed.starts_with("~~~")) {
            fenced = !fenced;
            continue;
        }
        if prose && !fenced {
            if trimmed.starts_with('#') {
                heading = trimmed.to_lowercase();
            }
            if !(line.starts_with("    ") || line.starts_with('\t') || trimmed.starts_with("$ ")) {
                continue;
            }
        }
        if trimmed.starts_with('#') || trimmed.starts_with("echo") {
            continue;
        }
        if let Some(purpose) = reader.purpose(trimmed.trim_start_matches(['@', '-']).trim_start()) {
            let about = format!(
                "{heading} {} {}",
                path.as_str().to_lowercase(),
                line.to_lowercase()
            );
            steps.push(Step {
                purpose,
                trigger,
                what: first_line(trimmed.trim_start_matches(['@', '$', ' ', '-'])),
                evidence: Evidence::new(path.clone(), number, trimmed),
                development: is_development(&about),
            });
        }
    }
}

fn is_development(about: &str) -> bool {
    let production = ["prod", "deploy", "release", "server", "hosting", "upgrade"];
    let development = [
        "test",
        "develop",
        "dev ",
        "dev.",
        "dev/",
        "-dev",
        "local",
        "contribut",
        "example",
        "demo",
        "quickstart",
        "quick start",
        "debug",
        "benchmark",
        "ci/",
    ];
    development.iter().any(|word| about.contains(word))
        && !production.iter().any(|word| about.contains(word))
}

fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('\\')
        .trim();
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
