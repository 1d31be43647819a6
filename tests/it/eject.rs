//! `shipway eject`: everything generated is its user's, works without shipway and speaks of it
//! nowhere.

use crate::engine::{docker, python_base, status, until};
use crate::fixtures::folders;
use crate::sandbox::{Sandbox, skipped, text};
use crate::validators::said;
use rayon::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const APP: &str = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\
                   KEY = os.environ[\"SECRET_KEY\"]\n\nif __name__ == \"__main__\":\n    app.run(port=5000)\n";

fn committed(sandbox: &Sandbox) {
    sandbox.git(&["add", "--all"]);
    sandbox.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--no-verify",
        "--message=x",
    ]);
}

/// A small repository after `init`.
fn made(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new(&[
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n"),
        ("tests/test_app.py", "def test_it():\n    assert True\n"),
    ]);
    for (path, content) in files {
        sandbox.write(path, content);
    }
    sandbox.run(0, &["init", "--yes"]);
    committed(&sandbox);
    sandbox
}

fn ejected(sandbox: &Sandbox) -> Value {
    let report = sandbox.report(0, &["eject", "--format", "json"]);
    serde_json::from_str(&report).unwrap()
}

/// The files that became the user's, by the report.
fn yours(report: &Value) -> Vec<&str> {
    let entries = report["entries"].as_array().unwrap();
    entries
        .iter()
        .filter(|entry| entry["action"] == "released")
        .map(|entry| entry["path"].as_str().unwrap())
        .collect()
}

/// The lines of what git tracks that speak of shipway; and such names of files.
fn mentions(sandbox: &Sandbox) -> String {
    sandbox.git(&["add", "--all"]);
    let grep = Command::new("git")
        .args([
            "grep",
            "--cached",
            "--ignore-case",
            "--line-number",
            "shipway",
        ])
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    let files = sandbox.git(&["ls-files"]);
    let names = files.lines().filter(|name| name.contains("shipway"));
    format!("{}{}", text(&grep.stdout), names.collect::<String>())
}

/// Images of each kind, of those that the fixtures have.
const VALIDATED: [&str; 7] = [
    "images/django.txt",
    "images/deno-http.txt",
    "images/flask-front-end.txt",
    "images/go-http.txt",
    "images/node-express.txt",
    "images/php-apache.txt",
    "images/rust-http.txt",
];

/// A repository after `init`.
struct Made {
    name: String,
    sandbox: Sandbox,
    /// Whether the validators look at it too, which takes them long.
    is_validated: bool,
}

/// Every repository of the fixtures, of the images and of the corpus that something is made for.
fn all_made() -> Vec<Made> {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
    let manifests: Vec<PathBuf> = (folders().into_iter().chain([images]))
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    let read = |path: &PathBuf| {
        let sandbox = Sandbox::from_manifest(&std::fs::read_to_string(path).unwrap());
        let init = sandbox.command(&["init", "--yes"]).output().unwrap();
        (init.status.code() == Some(0)).then(|| Made {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            sandbox,
            is_validated: VALIDATED.iter().any(|name| path.ends_with(name)),
        })
    };
    let mut all: Vec<Made> = manifests.par_iter().filter_map(read).collect();
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    sandbox.run(0, &["init", "--yes"]);
    all.push(Made {
        name: "fair-sample".to_owned(),
        sandbox,
        is_validated: true,
    });
    assert!(all.len() > 60, "{}", all.len());
    all
}

/// What `docker compose config` refuses of the compose files among `files`.
fn refused_by_compose(sandbox: &Sandbox, files: &[&str]) -> String {
    if which::which("docker").is_err() {
        skipped("docker is missing, make test-deps installs it");
        return String::new();
    }
    let named = |end: &str| {
        let is_it = |file: &&&str| file.starts_with("compose.") && file.ends_with(end);
        files.iter().find(is_it).copied()
    };
    let Some(base) = files
        .iter()
        .find(|file| ["compose.yaml", "compose.stack.yaml"].contains(file))
    else {
        return String::new();
    };
    let mut all = String::new();
    for overlay in ["override.yaml", "staging.yaml", "production.yaml"] {
        let mut command = Command::new("docker");
        command.args(["compose", "--file", base]);
        command.args(named(overlay).iter().flat_map(|file| ["--file", file]));
        command
            .args(["config", "--quiet"])
            .current_dir(sandbox.root());
        let output = command.output().unwrap();
        if !output.status.success() {
            all.push_str(&text(&output.stderr));
        }
    }
    all
}

#[test]
fn of_no_repository_anything_speaks_of_shipway_and_every_file_still_works() {
    let all = all_made();
    let (mut workflows, mut dockerfiles, mut scripts) = (Vec::new(), Vec::new(), Vec::new());
    let mut wrong = String::new();
    let eject = |made: &Made| {
        committed(&made.sandbox);
        (ejected(&made.sandbox), mentions(&made.sandbox))
    };
    let reports: Vec<_> = all.par_iter().map(eject).collect();
    for (made, (report, said)) in all.iter().zip(&reports) {
        let sandbox = &made.sandbox;
        let files = yours(report);
        for line in said.lines() {
            wrong.push_str(&format!("{}: {line}\n", made.name));
        }
        for file in files.iter().filter(|_| made.is_validated) {
            let path = sandbox.path(file);
            let name = path.file_name().unwrap().to_str().unwrap();
            if file.starts_with(".github/workflows/") {
                workflows.push(path);
            } else if name.starts_with("Dockerfile") && !name.ends_with(".dockerignore") {
                wrong.push_str(&missing_sources(sandbox, file));
                dockerfiles.push(path);
            } else if name.ends_with(".sh") || name == "initialize" {
                scripts.push(path);
            } else if name.ends_with(".py") {
                wrong.push_str(&refused_by("python3", &["-m", "py_compile"], &path));
            } else if name == "Makefile" {
                let targets = ["--dry-run", "help", "dev-setup", "test", "lint", "--file"];
                wrong.push_str(&refused_by("make", &targets, &path));
            }
        }
        if made.is_validated {
            wrong.push_str(&refused_by_compose(sandbox, &files));
        }
    }
    let schema = ["--builtin-schema", "vendor.github-workflows"];
    wrong.push_str(&said("actionlint", &[], &workflows));
    wrong.push_str(&said("zizmor", &["--offline", "--pedantic"], &workflows));
    wrong.push_str(&said("check-jsonschema", &schema, &workflows));
    wrong.push_str(&said("hadolint", &[], &dockerfiles));
    wrong.push_str(&said("shellcheck", &[], &scripts));
    assert!(wrong.is_empty(), "{wrong}");
}

/// A container and its image, taken away when dropped.
struct Running(String);

impl Drop for Running {
    fn drop(&mut self) {
        for arguments in [["rm", "--force", "--volumes"], ["image", "rm", "--force"]] {
            let mut command = Command::new("docker");
            let _ = command.args(arguments).arg(&self.0).output();
        }
    }
}

#[test]
fn the_image_is_built_and_serves_without_shipway() {
    let Some(python) = python_base() else { return };
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    sandbox.run(0, &["init", "--yes"]);
    sandbox.run(0, &["eject"]);
    let running = Running(format!("eject-it-{}", std::process::id()));
    let name = running.0.as_str();
    let base = format!("PYTHON_BASE={python}");
    #[rustfmt::skip]
    docker(
        &[
            "build", "--quiet", "--file", "Dockerfile.stack", "--target", "final",
            "--build-arg", &base, "--tag", name, ".",
        ],
        Some(sandbox.root()),
    );
    #[rustfmt::skip]
    docker(
        &[
            "run", "--detach", "--name", name, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
            "--publish", "127.0.0.1::5000", "--env", "ENV=production", "--env", "POSTGRES_HOST=db",
            "--env", "SUPABASE_URL=http://gateway:8000", "--env", "SECRET_KEY=0123456789abcdef",
            "--env", "POSTGRES_SECRET=x", "--env", "SUPABASE_SERVICE_ROLE_KEY=x", name,
        ],
        None,
    );
    let address = docker(&["port", name, "5000/tcp"], None);
    until("/healthz is 200 without a database", || {
        status(&address, "/healthz") == Some(200)
    });
    assert_eq!(status(&address, "/readyz"), Some(503));
    let files = docker(&["exec", name, "ls", "/opt/stack"], None);
    assert!(files.contains("stack_start.py"), "{files}");
}

/// What `program` says of `file`, where it refuses it.
fn refused_by(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .arg(file)
        .current_dir(file.parent().unwrap())
        .output()
        .unwrap();
    let said = text(&output.stderr);
    if output.status.success() && said.is_empty() {
        return String::new();
    }
    format!("{program} {}: {said}\n", file.display())
}

/// The files below `deploy` that a Dockerfile copies and that are not there.
fn missing_sources(sandbox: &Sandbox, file: &str) -> String {
    let text = sandbox.read(file);
    let words = text
        .lines()
        .filter(|line| line.starts_with("COPY "))
        .flat_map(str::split_whitespace);
    let missing: Vec<&str> = words
        .filter(|word| word.starts_with("deploy/") && !sandbox.path(word).exists())
        .collect();
    if missing.is_empty() {
        return String::new();
    }
    format!("{file} copies {}\n", missing.join(", "))
}

#[test]
fn undo_gives_every_byte_and_every_hook_back() {
    for sandbox in [
        made(&[]),
        made(&[
            ("Makefile", "test:\n\techo mine\n"),
            ("Dockerfile", "FROM scratch\n"),
        ]),
        Sandbox::copy_of("examples/fair-sample"),
    ] {
        sandbox.run(0, &["init", "--yes"]);
        committed(&sandbox);
        let hooks = || -> Vec<(PathBuf, Vec<u8>)> {
            let mut found: Vec<_> = std::fs::read_dir(sandbox.path(".git/hooks"))
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_none_or(|end| end != "sample"))
                .map(|path| (path.clone(), std::fs::read(path).unwrap()))
                .collect();
            found.sort();
            found
        };
        let (before, shims) = (sandbox.tree(), hooks());
        assert!(!shims.is_empty());
        let dry = sandbox.report(0, &["eject", "--dry-run"]);
        assert!(dry.contains("nothing was written"), "{dry}");
        assert!(sandbox.tree() == before && hooks() == shims);
        let said = sandbox.report(0, &["eject"]);
        assert!(said.contains("Taken back with: shipway undo"), "{said}");
        assert!(sandbox.tree() != before);
        assert_eq!(hooks(), []);
        for own in ["shipway.lock", "shipway.toml", ".shipway"] {
            assert!(!sandbox.path(own).exists(), "{own}");
        }
        sandbox.run(0, &["undo"]);
        assert!(sandbox.tree() == before);
        assert_eq!(hooks(), shims);
        sandbox.run(0, &["update", "--check"]);
    }
}

#[test]
fn edits_are_kept_and_follow_the_names() {
    let sandbox = made(&[
        ("Dockerfile", "FROM scratch\n"),
        ("ruff.toml", "line-length = 100\n"),
    ]);
    let edit = |path: &str, more: &str| {
        sandbox.write(path, &format!("{}{more}", sandbox.read(path)));
    };
    edit(
        "Dockerfile.shipway",
        "# Not made by us.\nCOPY deploy/shipway_start.py /opt/shipway/again.py\n",
    );
    edit(
        "Makefile",
        "\nmine: ## we came with shipway\n\t$(SHIPWAY_COMPOSE) ps\n",
    );
    edit(
        ".github/workflows/ci.yml",
        "  mine:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: shipway check\n",
    );
    sandbox.write("README.md", "Run shipway_start.py by hand.\n");
    sandbox.run(0, &["release-file", "compose.yaml"]);
    committed(&sandbox);
    let mode = |path: &str| sandbox.tree()[Path::new(path)].1;
    assert_eq!(mode("deploy/env.sh"), 0o755);
    let report = ejected(&sandbox);
    assert_eq!(report["word"], "stack");
    let dockerfile = sandbox.read("Dockerfile.stack");
    assert!(
        dockerfile.ends_with("# Not made by us.\nCOPY deploy/stack_start.py /opt/stack/again.py\n"),
        "{dockerfile}"
    );
    let makefile = sandbox.read("Makefile");
    assert!(
        makefile.ends_with("\nmine: ## we came with shipway\n\t$(STACK_COMPOSE) ps\n"),
        "{makefile}"
    );
    assert!(!makefile.contains(">>>") && !makefile.contains("shipway setup"));
    let compose = sandbox.read("compose.yaml");
    assert!(
        compose.contains("dockerfile: Dockerfile.stack\n"),
        "{compose}"
    );
    assert_eq!(sandbox.read("README.md"), "Run shipway_start.py by hand.\n");
    assert_eq!(sandbox.read("Dockerfile"), "FROM scratch\n");
    let workflow = sandbox.read(".github/workflows/ci.yml");
    assert!(!workflow.contains("shipway hooks") && workflow.ends_with("- run: shipway check\n"));
    assert!(!sandbox.path(".github/workflows/record.yml").exists());
    assert_eq!(mode("deploy/env.sh"), 0o755);
    let places: Vec<String> = (report["mentions"].as_array().unwrap().iter())
        .map(|one| {
            format!(
                "{}: {}",
                one["path"].as_str().unwrap(),
                one["text"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ".github/workflows/ci.yml: - run: shipway check",
            "Makefile: mine: ## we came with shipway",
            "README.md: Run shipway_start.py by hand.",
        ]
    );
    let commands = report["commands"].to_string();
    assert!(commands.contains("pre-commit: ruff check"), "{commands}");
}

#[test]
fn what_lies_in_gits_folder_or_begins_anew_is_said() {
    let compose = "services:\n  cache:\n    image: redis:8\n";
    let sandbox = made(&[("docker-compose.yml", compose)]);
    let project = sandbox.read("compose.shipway.yaml");
    let project = project
        .lines()
        .find_map(|line| line.strip_prefix("name: "))
        .unwrap();
    sandbox.git(&["config", "user.name", "Test"]);
    sandbox.git(&["config", "user.email", "test@example.org"]);
    sandbox.run(0, &["dora", "record", "deployment", "production"]);
    let record = sandbox.git(&["rev-parse", "refs/shipway/events"]);
    let notes = ejected(&sandbox)["notes"].to_string();
    let new = project.replace("-shipway", "-stack");
    assert_ne!(new, project);
    assert!(
        notes.contains(&format!(
            "The compose project {project} is {new} from now on"
        )),
        "{notes}"
    );
    assert!(
        notes.contains("git update-ref -d refs/shipway/events"),
        "{notes}"
    );
    assert!(
        notes.contains(".git/shipway; delete that folder"),
        "{notes}"
    );
    assert_eq!(sandbox.git(&["rev-parse", "refs/shipway/events"]), record);
    assert!(
        sandbox
            .read("compose.stack.yaml")
            .contains(&format!("name: {new}\n"))
    );
    assert_eq!(sandbox.read("docker-compose.yml"), compose);
}

#[test]
fn a_word_that_the_repository_has_already_is_not_taken() {
    let sandbox = made(&[("stack_start.py", "\n")]);
    assert_eq!(ejected(&sandbox)["word"], "launch");
    assert!(sandbox.path("deploy/launch_start.py").is_file());
    let full = "stack_start\nlaunch_start\nberth_start\nharbour_start\n";
    let sandbox = made(&[("notes.txt", full)]);
    let before = sandbox.tree();
    let said = sandbox.error(2, &["eject"]);
    assert!(
        said.contains("stack, launch, berth, harbour are all taken"),
        "{said}"
    );
    assert!(sandbox.tree() == before);
}

/// That `eject` ends with `code` and says `sentence`, and changes nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, code: i32, sentence: &str) {
    let before = sandbox.tree();
    for line in [&["eject"][..], &["eject", "--dry-run"]] {
        let said = sandbox.error(code, line);
        assert!(said.contains(sentence), "{said}");
    }
    assert!(sandbox.tree() == before);
}

#[test]
fn what_is_not_settled_is_refused() {
    let sandbox = Sandbox::new(&[("app.py", APP)]);
    refused(&sandbox, 1, "nothing was generated here");

    let sandbox = made(&[]);
    let dockerfile = sandbox.read("Dockerfile");
    let mine = dockerfile.replace("EXPOSE 5000", "EXPOSE 5999");
    sandbox.write("Dockerfile", &mine);
    sandbox.write("app.py", &APP.replace("5000", "8123"));
    sandbox.run(4, &["update"]);
    let proposal = "Dockerfile.shipway-proposal";
    refused(&sandbox, 2, &format!("it is in conflict with {proposal}"));
    std::fs::remove_file(sandbox.path(proposal)).unwrap();
    refused(&sandbox, 2, "its conflict is settled and not noted yet");
    sandbox.run(0, &["update"]);
    sandbox.run(0, &["eject"]);
    assert!(sandbox.read("Dockerfile").contains("EXPOSE 5999\n"));

    let sandbox = made(&[]);
    let lock = sandbox.read("shipway.lock");
    sandbox.write(
        "shipway.lock",
        &format!("<<<<<<< a\n{lock}=======\n{lock}>>>>>>> b\n"),
    );
    refused(&sandbox, 2, "has the marks of a merge conflict");
    sandbox.write("shipway.lock", &lock);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.write(".git/MERGE_HEAD", &head);
    refused(&sandbox, 2, "a merge is under way");
}

#[test]
fn what_stands_in_the_way_is_named() {
    let sandbox = made(&[]);
    sandbox.write(".Dockerfile.swp", "");
    refused(
        &sandbox,
        2,
        "Dockerfile cannot be let go: an editor has it open",
    );
    std::fs::remove_file(sandbox.path(".Dockerfile.swp")).unwrap();

    let ci = ".github/workflows/ci.yml";
    let workflow = sandbox.read(ci);
    let needs = "  ship:\n    needs: [hooks]\n    runs-on: x\n    steps: []\n";
    sandbox.write(ci, &format!("{workflow}{needs}"));
    refused(&sandbox, 2, "its job `ship` needs the job `hooks`");
    sandbox.write(ci, "jobs: [\n");
    refused(&sandbox, 2, "it is no valid YAML");
    sandbox.write(ci, &workflow);

    std::fs::write(sandbox.path("deploy/env.sh"), b"echo \xff\n").unwrap();
    refused(
        &sandbox,
        2,
        "deploy/env.sh cannot be let go: it is not UTF-8",
    );
    std::fs::remove_file(sandbox.path("deploy/env.sh")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", sandbox.path("deploy/env.sh")).unwrap();
    refused(&sandbox, 2, "is a symbolic link");
    std::fs::remove_file(sandbox.path("deploy/env.sh")).unwrap();

    let makefile = sandbox.read("Makefile");
    sandbox.write(
        "Makefile",
        &makefile.replace("# <<< shipway makefile <<<\n", ""),
    );
    refused(&sandbox, 2, "a mark without its partner");
    sandbox.write("Makefile", &makefile);

    let link = sandbox.path(".shipway/templates");
    std::os::unix::fs::symlink("/etc", &link).unwrap();
    refused(&sandbox, 2, ".shipway/templates is a symbolic link");
    std::fs::remove_file(&link).unwrap();
    sandbox.run(0, &["eject"]);
}
