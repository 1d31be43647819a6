//! The files of make, ci and devcontainer for a project like the sample, a library and a crate.

mod dev_container;
mod sample;

use super::super::feature::Features;
use super::super::pins::Pins;
use super::super::render::Renderer;
use super::{Fresh, Input, RepositoryFacts, context};
use crate::config::Config;
use crate::project::{Evidence, ExistingFile, Fact, Project, Tool};
use sample::{application, beside_python, crate_of_rust, library, path, projects};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The files of `feature` by path, rendered with every other feature's paths given.
fn files(project: &Project, feature: &str) -> BTreeMap<String, String> {
    files_without(project, feature, "")
}

/// The same where the feature `out` is not made.
fn files_without(project: &Project, feature: &str, out: &str) -> BTreeMap<String, String> {
    let features = Features::builtin().unwrap();
    let pins = Pins::builtin().unwrap();
    let mut paths = BTreeMap::new();
    if !project.services.is_empty() {
        for (id, path) in [
            ("compose", "compose.yaml"),
            ("compose_override", "compose.override.yaml"),
            ("compose_production", "compose.production.yaml"),
            ("dockerfile.web", "Dockerfile.shipway"),
            ("env_example", ".env.example"),
        ] {
            paths.insert(id.to_owned(), path.to_owned());
        }
    }
    let names: BTreeSet<String> = [
        "container",
        "compose",
        "env",
        "make",
        "ci",
        "devcontainer",
        "hooks",
    ]
    .into_iter()
    .filter(|name| *name != out)
    .map(str::to_owned)
    .collect();
    let known: BTreeSet<&str> = names.iter().map(String::as_str).chain([out]).collect();
    let mut seen = handlebars::Context::null();
    let renderer = Renderer::new(&features).unwrap();
    for _ in 0..2 {
        let input = Input {
            project,
            config: &Config::default(),
            moved: &[],
            paths: &paths,
            features: &names,
            named: &BTreeSet::new(),
            tools: &[],
            pins: &pins,
            facts: &RepositoryFacts::default(),
            dotenv: &BTreeMap::new(),
            fresh: Fresh {
                now: 0,
                random: &|bytes| bytes.fill(7),
            },
        };
        seen = context(&input, known.iter().copied()).unwrap().into();
        for rule in &features.all[feature].files {
            let path = renderer.text(feature, &rule.path, &seen).unwrap();
            paths.insert(rule.id.clone(), path);
        }
    }
    let mut renderer = Renderer::new(&features).unwrap();
    features.all[feature]
        .files
        .iter()
        .map(|rule| {
            renderer.text(feature, &rule.reason, &seen).unwrap();
            let text = renderer
                .file(&format!("{feature}/{}", rule.template), &seen)
                .unwrap();
            (paths[&rule.id].clone(), text)
        })
        .collect()
}

/// Writes the files of make, ci and devcontainer below `root`.
fn write(project: &Project, root: &Path) {
    for feature in ["ci", "make", "devcontainer"] {
        for (path, text) in files(project, feature) {
            let to = root.join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, text).unwrap();
        }
    }
}

#[test]
fn both_runtimes_are_tested_and_a_workspace_is_installed_once() {
    let text = &files(&beside_python(), "ci")[".github/workflows/ci.yml"];
    for (line, count) in [
        ("      - name: Set up Python", 2),
        ("          node-version-file: front/.nvmrc", 2),
        (
            "        run: npm install --global --force pnpm@9.15.2 # zizmor: ignore[adhoc-packages]",
            2,
        ),
        ("          pnpm install --frozen-lockfile", 2),
        ("        working-directory: front", 3),
        ("      - name: \"pnpm run lint\"", 1),
        ("      - name: \"Test front/api\"", 1),
        ("      - name: \"Build front/site\"", 1),
        ("            ~/.local/share/pnpm/store", 4),
    ] {
        let found = text.lines().filter(|present| *present == line).count();
        assert_eq!(found, count, "{line}\n{text}");
    }
    let text = &files(&beside_python(), "make")["Makefile"];
    let rule = "front/node_modules/.shipway: front/api/package.json front/pnpm-lock.yaml front/site/package.json";
    for (line, count) in [
        (rule, 1),
        ("\t@cd front/api && CI=true pnpm test", 1),
        ("\t@cd front && pnpm run lint", 1),
    ] {
        let found = text.lines().filter(|present| *present == line).count();
        assert_eq!(found, count, "{line}\n{text}");
    }
}

/// Says that something is not tried, where that is allowed.
fn skipped(what: &str) {
    let required = std::env::var("SHIPWAY_REQUIRE").is_ok_and(|all| all == "all");
    assert!(!required, "{what}");
    eprintln!("skipped: {what}");
}

/// A program of the test dependencies; None, with a line that says so, where it is missing and
/// need not be there.
fn program(name: &str) -> Option<Command> {
    if let Ok(path) = which::which(name) {
        return Some(Command::new(path));
    }
    skipped(&format!("{name} is missing, make test-deps installs it"));
    None
}

/// Runs `name` in `folder` and gives what it printed; it must succeed.
fn run(name: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let output = program(name)?
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name} {arguments:?}:\n{text}\n{errors}"
    );
    Some(text)
}

#[test]
fn the_workflow_has_no_finding() {
    for project in projects() {
        let root = tempfile::tempdir().unwrap();
        write(&project, root.path());
        let file = ".github/workflows/ci.yml";
        run("actionlint", &[file], root.path());
        run("zizmor", &["--offline", "--pedantic", file], root.path());
        run(
            "check-jsonschema",
            &["--builtin-schema", "vendor.github-workflows", file],
            root.path(),
        );
    }
}

/// The job `name` of the workflow for `project`.
fn job_of_ci(project: &Project, name: &str) -> String {
    let text = &files(project, "ci")[".github/workflows/ci.yml"];
    let (_, job) = text.split_once(&format!("\n  {name}:\n")).unwrap();
    let end = job.lines().skip(1).position(|line| {
        let key = line.strip_prefix("  ");
        key.is_some_and(|key| !key.starts_with([' ', '#']) && key.ends_with(':'))
    });
    let lines = job.lines().take(end.map_or(usize::MAX, |end| end + 1));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_job_of_the_workflow_runs_the_hooks_of_a_commit_with_their_tools() {
    let run = "shipway hooks run pre-commit --from-ref \"$BASE\" --to-ref HEAD --format github";
    let used = |name: &str, file: &str| Tool {
        name: name.to_owned(),
        purpose: "lint",
        found: Fact::certain(true, Evidence::file(path(file))),
        version: None,
    };
    let mut project = library();
    project.tools = vec![used("ruff", "pyproject.toml")];
    let job = job_of_ci(&project, "hooks");
    for line in [
        "actions/setup-python@",
        "pip install --quiet",
        "ruff==",
        run,
    ] {
        assert!(job.contains(line), "{line}\n{job}");
    }
    assert!(!job.contains("SHIPWAY_SKIP"), "{job}");

    let job = job_of_ci(&crate_of_rust(), "hooks");
    assert!(job.contains(run), "{job}");
    assert!(!job.contains("setup-python"), "{job}");

    let mut project = crate_of_rust();
    for (name, file) in [
        ("rustfmt", "rustfmt.toml"),
        ("shellcheck", ".shellcheckrc"),
        ("hadolint", ".hadolint.yaml"),
    ] {
        project.tools.push(used(name, file));
    }
    let job = job_of_ci(&project, "hooks");
    assert!(job.contains("rustup toolchain install"), "{job}");
    // The runner has shellcheck.
    assert!(job.contains("SHIPWAY_SKIP: hadolint\n"), "{job}");
}

#[test]
fn a_project_without_hooks_has_no_job_for_them() {
    let seen = files_without(&library(), "ci", "hooks");
    let text = &seen[".github/workflows/ci.yml"];
    assert!(!text.contains("shipway hooks run"), "{text}");
}

#[test]
fn the_record_is_written_by_one_job_that_runs_no_code_of_others() {
    let root = tempfile::tempdir().unwrap();
    let made = files(&crate_of_rust(), "record");
    let file = ".github/workflows/record.yml";
    let text = &made[file];
    std::fs::create_dir_all(root.path().join(".github/workflows")).unwrap();
    std::fs::write(root.path().join(file), text).unwrap();
    run("actionlint", &[file], root.path());
    run("zizmor", &["--offline", "--pedantic", file], root.path());
    run(
        "check-jsonschema",
        &["--builtin-schema", "vendor.github-workflows", file],
        root.path(),
    );
    assert_eq!(text.matches("contents: write").count(), 1, "{text}");
    assert_eq!(text.matches("github.token").count(), 1, "{text}");
    assert_eq!(text.matches("permissions: {}").count(), 1, "{text}");
    for trigger in [
        "pull_request:",
        "pull_request_target",
        "workflow_run",
        "push:",
    ] {
        assert!(!text.contains(trigger), "{trigger}");
    }
    for project in projects() {
        let ci = &files(&project, "ci")[".github/workflows/ci.yml"];
        assert!(!ci.contains("contents: write"), "{ci}");
    }
}

#[test]
fn tests_of_an_application_get_its_database_and_its_folder() {
    let text = &files(&application(), "ci")[".github/workflows/ci.yml"];
    for line in [
        "        image: docker.io/supabase/postgres:17.6.1.136@sha256:f371b5f3f2ac0a05703f33d6e6134515fb2498cab708fb948a0aeb7481467c00",
        "      POSTGRES_HOST: localhost",
        "        working-directory: backend",
        "          PYTHONPATH: \".:..\"",
        "          pytest --cov=. --cov-report=term --cov-report=xml",
        "          file: Dockerfile.shipway",
    ] {
        assert!(
            text.lines().any(|present| present == line),
            "{line}\n{text}"
        );
    }
    assert!(!text.contains("SECRET_KEY"), "it has a default");
}

#[test]
fn a_library_is_tested_on_every_python_that_it_names() {
    let text = &files(&library(), "ci")[".github/workflows/ci.yml"];
    assert!(
        text.contains(r#"python: ["3.11","3.12","3.13","3.14"]"#),
        "{text}"
    );
    assert!(!text.contains("build-push-action"));
    assert!(
        text.contains("run: \"ruff check .\""),
        "its own linter over everything"
    );
    assert!(!text.contains("mypy"), "and no other");
}

fn make(arguments: &[&str], folder: &Path) -> String {
    run("make", arguments, folder).unwrap_or_default()
}

#[test]
fn make_lists_its_targets_and_installs_once() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    write(&application(), root);
    std::fs::create_dir_all(root.join("backend/.venv/bin")).unwrap();
    std::fs::write(root.join("backend/requirements.txt"), "flask\n").unwrap();
    std::fs::write(root.join(".env.example"), "").unwrap();
    let help = make(&[], root);
    for target in [
        "dev-setup",
        "up",
        "down",
        "test",
        "lint",
        "deploy-local",
        "seed",
        "backup",
        "help",
    ] {
        assert!(
            help.lines()
                .any(|line| line.split_whitespace().next() == Some(target)),
            "{target}: {help}"
        );
    }
    assert!(make(&["-n", "dev-setup"], root).contains("-r requirements.txt"));
    std::fs::write(root.join("backend/.venv/.shipway"), "").unwrap();
    std::fs::write(root.join(".env"), "").unwrap();
    let again = make(&["-n", "dev-setup"], root);
    assert!(!again.contains("pip") && !again.contains("cp "), "{again}");
    let deploy = make(
        &["-n", "deploy-local", "SHIPWAY_COMPOSE=docker compose"],
        root,
    );
    let words = "docker compose --project-name fair-sample-local --file compose.yaml --file compose.production.yaml --file compose.local.yaml up --detach --build --wait";
    assert!(deploy.lines().any(|line| line == words), "{deploy}");
}

#[test]
fn a_target_of_the_users_is_not_made_twice() {
    let text = &files(&crate_of_rust(), "make")["Makefile"];
    for (line, count) in [
        ("test:", 0),
        ("lint:", 0),
        ("shipway-test: ", 1),
        ("shipway-lint: ", 1),
        ("help: ", 1),
    ] {
        assert_eq!(
            text.lines()
                .filter(|present| present.starts_with(line))
                .count(),
            count,
            "{line}"
        );
    }
    assert!(!text.contains(".DEFAULT_GOAL"), "a bare make stays theirs");
}

#[test]
fn the_users_own_rule_for_env_is_the_only_one() {
    let mut project = application();
    let with = |project: &Project| files(project, "make")["Makefile"].contains("\n.env:\n");
    assert!(with(&project));
    project.existing.makefile = Some(ExistingFile {
        path: path("Makefile"),
        kind: "make",
        entries: vec![Evidence::new(path("Makefile"), 1, ".env")],
    });
    assert!(!with(&project));
}
