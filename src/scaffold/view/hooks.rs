//! What the hooks templates see: the jobs of the tools that the project uses.

use super::Input;
use super::component::{Component, components};
use crate::project::{Evidence, RelPath, Tool};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Hooks {
    /// Another tool whose hooks are set up here, while nobody asked for ours beside it.
    theirs: Option<&'static str>,
    jobs: Vec<Job>,
    /// Their names.
    names: Vec<String>,
}

impl Hooks {
    /// Those of a commit: name, program, and where that comes from.
    pub(super) fn at_commit(&self) -> impl Iterator<Item = (&str, &str, From)> {
        let jobs = self.jobs.iter().filter(|job| job.hook == "pre-commit");
        jobs.map(|job| (job.name.as_str(), job.tool, job.from))
    }
}

#[derive(Debug, Serialize)]
struct Job {
    hook: &'static str,
    name: String,
    run: &'static str,
    files: Vec<String>,
    types: &'static [&'static str],
    working_dir: Option<String>,
    fix: bool,
    tool: &'static str,
    install: String,
    note: &'static str,
    #[serde(skip)]
    from: From,
}

/// How one tool is run at a hook.
struct Known {
    /// As detection names it, and for what where it has several purposes.
    tool: &'static str,
    purpose: &'static str,
    name: &'static str,
    hook: &'static str,
    run: &'static str,
    files: &'static [&'static str],
    types: &'static [&'static str],
    fix: bool,
    from: From,
    note: &'static str,
}

/// Where a tool comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Python,
    Node,
    Ruby,
    Elixir,
    Rust,
    /// The command that installs it.
    Elsewhere(&'static str),
}

const fn at_commit(
    tool: &'static str,
    run: &'static str,
    types: &'static [&'static str],
    from: From,
) -> Known {
    Known {
        tool,
        purpose: "",
        name: tool,
        hook: "pre-commit",
        run,
        files: &[],
        types,
        fix: false,
        from,
        note: "",
    }
}

const fn fixing(mut known: Known) -> Known {
    known.fix = true;
    known
}

/// What looks at a whole project takes longer than anybody waits at a commit.
const fn at_push(mut known: Known, files: &'static [&'static str]) -> Known {
    known.hook = "pre-push";
    known.files = files;
    known
}

const fn called(mut known: Known, name: &'static str, purpose: &'static str) -> Known {
    known.name = name;
    known.purpose = purpose;
    known
}

const fn with_note(mut known: Known, note: &'static str) -> Known {
    known.note = note;
    known
}

const PYTHON: &[&str] = &["python"];
const PY: &[&str] = &["*.py"];
const SCRIPT: &[&str] = &["javascript", "jsx", "ts", "tsx", "vue", "svelte"];
const EX: &[&str] = &["*.ex", "*.exs"];
const NOTHING: &[&str] = &[];

/// Formatters after linters, for a linter's fix may want another form.
#[rustfmt::skip]
const KNOWN: &[Known] = &[
    called(fixing(at_commit("ruff", "ruff check --fix {files}", PYTHON, From::Python)), "ruff", "lint"),
    fixing(at_commit("isort", "isort --quiet {files}", PYTHON, From::Python)),
    fixing(at_commit("black", "black --quiet {files}", PYTHON, From::Python)),
    called(fixing(at_commit("ruff", "ruff format {files}", PYTHON, From::Python)), "ruff-format", "format"),
    at_commit("flake8", "flake8 {files}", PYTHON, From::Python),
    at_commit("bandit", "bandit --quiet {files}", PYTHON, From::Python),
    at_push(at_commit("pylint", "pylint {files}", PYTHON, From::Python), NOTHING),
    at_push(at_commit("mypy", "mypy .", NOTHING, From::Python), PY),
    at_push(at_commit("pyright", "pyright", NOTHING, From::Python), PY),
    with_note(called(at_commit("rustfmt", "cargo fmt --all --check", &["rust"], From::Rust), "cargo-fmt", ""),
        "Looks only: rustfmt would rewrite files beside those of the commit."),
    at_push(called(at_commit("clippy", "cargo clippy --workspace --all-targets --locked -- --deny warnings", NOTHING, From::Rust), "clippy", ""),
        &["*.rs", "Cargo.toml", "Cargo.lock"]),
    fixing(at_commit("gofmt", "gofmt -w {files}", &["go"], From::Elsewhere("https://go.dev/dl/"))),
    at_push(at_commit("golangci-lint", "golangci-lint run", NOTHING, From::Elsewhere("https://golangci-lint.run/docs/welcome/install/")), &["*.go"]),
    fixing(at_commit("eslint", "eslint --fix {files}", SCRIPT, From::Node)),
    fixing(at_commit("stylelint", "stylelint --fix {files}", &["css", "scss", "less"], From::Node)),
    fixing(at_commit("biome", "biome check --write --no-errors-on-unmatched {files}", &["text"], From::Node)),
    fixing(at_commit("prettier", "prettier --write --ignore-unknown --log-level warn {files}", &["text"], From::Node)),
    called(Known { hook: "commit-msg", ..at_commit("commitlint", "commitlint --edit {message}", NOTHING, From::Node) }, "commitlint", ""),
    fixing(at_commit("rubocop", "bundle exec rubocop --autocorrect --force-exclusion {files}", &["ruby"], From::Ruby)),
    fixing(at_commit("standard", "bundle exec standardrb --fix {files}", &["ruby"], From::Ruby)),
    fixing(at_commit("mix-format", "mix format {files}", &["elixir"], From::Elixir)),
    at_push(at_commit("credo", "mix credo", NOTHING, From::Elixir), EX),
    at_commit("shellcheck", "shellcheck {files}", &["shell"], From::Elsewhere("https://github.com/koalaman/shellcheck#installing")),
    at_commit("hadolint", "hadolint {files}", &["dockerfile"], From::Elsewhere("https://github.com/hadolint/hadolint#install")),
    at_commit("yamllint", "yamllint {files}", &["yaml"], From::Elsewhere("pip install yamllint")),
    at_commit("sqlfluff", "sqlfluff lint {files}", &["sql"], From::Elsewhere("pip install sqlfluff")),
    at_commit("markdownlint", "markdownlint {files}", &["markdown"], From::Elsewhere("npm install --global markdownlint-cli")),
    at_commit("markdownlint-cli2", "markdownlint-cli2 {files}", &["markdown"], From::Elsewhere("npm install --global markdownlint-cli2")),
    at_commit("typos", "typos --force-exclude {files}", &["text"], From::Elsewhere("cargo install typos-cli")),
];

pub(super) fn view(input: &Input) -> Hooks {
    let project = input.project;
    let theirs = project.existing.hooks.first().map(|file| file.kind);
    let config = &input.config.hooks;
    let wanted = input.named.contains("hooks")
        || config
            .used()
            .flat_map(|hook| config.jobs(hook))
            .any(|job| job.place.is_some());
    let all = components(project);
    let mut jobs = Vec::new();
    for known in KNOWN {
        let found = project.tools.iter().find(|tool| {
            tool.name == known.tool && (known.purpose.is_empty() || tool.purpose == known.purpose)
        });
        let folders = match found {
            Some(tool) if theirs == Some("pre-commit") && runs_elsewhere(tool) => continue,
            Some(tool) => folders(known, tool.found.evidence.iter(), &all),
            None if is_accepted(input, known) => all_folders(known, &all),
            None => continue,
        };
        let several = folders.len() > 1;
        for folder in folders {
            let name = if several && !folder.is_root() {
                format!("{}-{}", known.name, folder.as_str().replace('/', "-"))
            } else {
                known.name.to_owned()
            };
            jobs.push(Job {
                hook: known.hook,
                name,
                run: known.run,
                files: files(known, &folder),
                types: known.types,
                working_dir: (!folder.is_root()).then(|| folder.to_string()),
                fix: known.fix,
                tool: program(known.run),
                install: install(input, known, &folder),
                note: known.note,
                from: known.from,
            });
        }
    }
    Hooks {
        theirs: theirs.filter(|_| !wanted),
        names: jobs.iter().map(|job| job.name.clone()).collect(),
        jobs,
    }
}

/// What it looks at, where that is not everything of its types.
fn files(known: &Known, folder: &RelPath) -> Vec<String> {
    let below = |pattern: &&str| {
        if folder.is_root() {
            (*pattern).to_owned()
        } else {
            format!("{}/**/{pattern}", globset::escape(folder.as_str()))
        }
    };
    if known.hook == "commit-msg" {
        Vec::new()
    } else if known.files.is_empty() && !folder.is_root() {
        vec![format!("{}/**", globset::escape(folder.as_str()))]
    } else {
        known.files.iter().map(below).collect()
    }
}

/// The word that starts it, which for cargo's own tools is cargo.
fn program(run: &'static str) -> &'static str {
    run.split(' ').next().unwrap_or(run)
}

/// Whether pre-commit runs it here already.
fn runs_elsewhere(tool: &Tool) -> bool {
    tool.found
        .evidence
        .iter()
        .any(|place| place.file.file_name().starts_with(".pre-commit-config"))
}

/// The folders in which it is set up: a component's, else that of its configuration; none within
/// another.
fn folders<'e>(
    known: &Known,
    evidence: impl Iterator<Item = &'e Evidence>,
    components: &[Component<'_>],
) -> Vec<RelPath> {
    let of_component = |file: &RelPath| {
        let ecosystem = match known.from {
            From::Python => "python",
            From::Ruby => "ruby",
            From::Elixir => "elixir",
            From::Rust => "rust",
            From::Node | From::Elsewhere(_) => return None,
        };
        components
            .iter()
            .filter(|part| part.ecosystem == ecosystem && file.is_within(&part.root))
            .map(|part| &part.root)
            .max_by_key(|root| root.depth())
    };
    let folders = evidence
        .map(|place| match (of_component(&place.file), known.from) {
            (Some(root), _) => root.clone(),
            (None, From::Python | From::Ruby | From::Elixir | From::Rust) => RelPath::root(),
            (None, _) => place.file.parent(),
        })
        .collect();
    outermost(folders)
}

/// Every folder that it could be about.
fn all_folders(known: &Known, components: &[Component<'_>]) -> Vec<RelPath> {
    let ecosystem = match known.from {
        From::Python => "python",
        From::Ruby => "ruby",
        From::Elixir => "elixir",
        From::Rust => "rust",
        From::Node | From::Elsewhere(_) => return vec![RelPath::root()],
    };
    let of = components.iter().filter(|part| part.ecosystem == ecosystem);
    outermost(of.map(|part| part.root.clone()).collect())
}

/// Whether the user accepted it now, or did before: then its job is there as it would be made.
fn is_accepted(input: &Input, known: &Known) -> bool {
    let config = &input.config.hooks;
    input.tools.iter().any(|name| name == known.name)
        || config.used().flat_map(|hook| config.jobs(hook)).any(|job| {
            job.place.is_some()
                && job
                    .command()
                    .is_some_and(|command| command.text == known.run)
        })
}

fn outermost(mut folders: Vec<RelPath>) -> Vec<RelPath> {
    folders.sort_by_key(|folder| (folder.depth(), folder.clone()));
    let mut outermost: Vec<RelPath> = Vec::new();
    for folder in folders {
        if !outermost.iter().any(|outer| folder.is_within(outer)) {
            outermost.push(folder);
        }
    }
    outermost
}

fn install(input: &Input, known: &Known, folder: &RelPath) -> String {
    let seen = |command: &str| {
        if folder.is_root() {
            command.to_owned()
        } else {
            format!(
                "cd {} && {command}",
                super::component::word(folder.as_str())
            )
        }
    };
    match known.from {
        // make dev-setup installs the linters into the project's own environment.
        From::Python if input.has("make") && input.project.existing.makefile.is_none() => {
            "make dev-setup".to_owned()
        }
        From::Python => format!("pip install {}", known.tool),
        From::Node => seen("npm install"),
        From::Ruby => seen("bundle install"),
        From::Elixir => seen("mix deps.get"),
        From::Rust => format!("rustup component add {}", known.tool),
        From::Elsewhere(how) => how.to_owned(),
    }
}
