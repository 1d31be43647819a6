//! `shipway adopt`: a file of the user's goes over, and nothing that it says goes unseen.

use crate::sandbox::{Sandbox, text};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const APP: &str = "import os\nimport redis\nfrom flask import Flask\napp = Flask(__name__)\n\
                   KEY = os.environ[\"SECRET_KEY\"]\nr = redis.from_url(os.environ[\"REDIS_URL\"])\n\n\
                   if __name__ == \"__main__\":\n    app.run()\n";
const DOCKERFILE: &str = "FROM python:3.11-slim\nARG CACHE=/tmp/cache\n\
    ENV CACHE_DIR=$CACHE \\\n    APP_MODE=\"full text\"\nENV API_TOKEN=abc123def456\n\
    RUN apt-get update && apt-get install -y --no-install-recommends libmagic1 curl \\\n    \
    && rm -rf /var/lib/apt/lists/*\nCOPY . /app\nWORKDIR /app\nRUN pip install -r requirements.txt\n\
    RUN make assets\nEXPOSE 8123\nVOLUME /srv/uploads\nUSER app\n\
    HEALTHCHECK --interval=45s CMD curl -f http://localhost:8123/alive || exit 1\n\
    CMD [\"python\", \"app.py\"]\n";
const COMPOSE: &str = "services:\n  site:\n    build: .\n    ports:\n      - \"8080:8000\"\n    \
    environment:\n      - APP_MODE=full\n      - SECRET_KEY=hunter2hunter2\n    volumes:\n      \
    - .:/code\n      - uploads:/data/uploads\n    depends_on: [cache]\n  cache:\n    image: redis:7\n  \
    search:\n    image: getmeili/meilisearch:v1.8\n    volumes:\n      - index:/meili_data\n\
    volumes:\n  uploads:\n  index:\n";
const DEVCONTAINER: &str = "{\n  // ours\n  \"image\": \"python:3.11\",\n  \"forwardPorts\": [9999],\n  \
    \"containerEnv\": {\"A\": \"b\"},\n  \"customizations\": {\"vscode\": {\"extensions\": \
    [\"eamodio.gitlens\"], \"settings\": {\"editor.rulers\": [88]}}}\n}\n";

/// The application with one file of its user's, after `init`, everything committed.
fn made(path: &str, content: &str) -> Sandbox {
    let sandbox = Sandbox::new(&[
        ("app.py", APP),
        (
            "requirements.txt",
            "flask==3.1.0\ngunicorn==23.0.0\nredis==5.0.0\n",
        ),
        (path, content),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    commit(&sandbox);
    sandbox
}

fn commit(sandbox: &Sandbox) {
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--no-verify", "--message=x"]);
}

fn adopt(sandbox: &Sandbox, path: &str, more: &[&str]) -> Value {
    let line = [&["adopt", path, "--format", "json"], more].concat();
    serde_json::from_str(&sandbox.report(0, &line)).unwrap()
}

fn lost(report: &Value) -> Vec<String> {
    let lost = report["lost"].as_array().unwrap().iter();
    lost.map(|one| one["what"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_dockerfile_goes_over_with_what_it_says() {
    let sandbox = made("Dockerfile", DOCKERFILE);
    assert!(sandbox.read("compose.yaml").contains("Dockerfile.shipway"));
    let before = sandbox.tree();
    let dry = adopt(&sandbox, "Dockerfile", &["--dry-run"]);
    assert_eq!(dry["applied"], false);
    assert!(sandbox.tree() == before);

    let report = adopt(&sandbox, "Dockerfile", &[]);
    assert_eq!(report["lost"], dry["lost"]);
    assert_eq!(report["instead-of"], Value::Null);
    assert_eq!(report["instead_of"], "Dockerfile.shipway");
    let new = sandbox.read("Dockerfile");
    for line in [
        "ARG CACHE=/tmp/cache\nENV CACHE_DIR=$CACHE\nENV APP_MODE=\"full text\"\n",
        "EXPOSE 8123\n",
        "HEALTHCHECK --interval=45s --timeout=5s --start-period=30s --retries=3 \\\n",
        "\"/alive\"]",
        "libmagic1",
        "python:3.11",
        "/srv/uploads",
    ] {
        assert!(new.contains(line), "{line} in {new}");
    }
    assert!(!new.contains("API_TOKEN"), "{new}");
    let lost = lost(&report);
    for what in [
        "ENV API_TOKEN",
        "RUN make assets",
        "USER app",
        "CMD [\"python\", \"app.py\"]",
        "the package curl",
    ] {
        assert!(lost.iter().any(|one| one == what), "{what} in {lost:?}");
    }
    assert!(!report.to_string().contains("abc123def456"));
    assert!(!sandbox.path("Dockerfile.shipway").exists());
    for path in ["compose.yaml", "shipway.lock", ".github/workflows/ci.yml"] {
        assert!(!sandbox.read(path).contains("Dockerfile.shipway"), "{path}");
    }
    assert!(
        sandbox
            .read("compose.yaml")
            .contains("target: /srv/uploads")
    );
    // What keeps secrets out of the image is read for the new path.
    assert!(sandbox.read(".dockerignore").contains(".env"));
    assert!(!sandbox.path("Dockerfile.shipway.dockerignore").exists());
    // The old content is in git, and the new one needs no update.
    let blob = report["kept"]["git"].as_str().unwrap();
    assert_eq!(sandbox.git(&["cat-file", "blob", blob]), DOCKERFILE);
    sandbox.run(0, &["update", "--check"]);

    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
}

#[test]
fn a_compose_file_goes_over_and_its_siblings_take_their_own_names() {
    let sandbox = made("docker-compose.yml", COMPOSE);
    assert!(sandbox.path("compose.shipway.override.yaml").exists());
    let edited = sandbox.read("compose.shipway.staging.yaml") + "# mine\n";
    sandbox.write("compose.shipway.staging.yaml", &edited);
    let before = sandbox.tree();
    let report = adopt(&sandbox, "docker-compose.yml", &[]);
    let new = sandbox.read("docker-compose.yml");
    for line in [
        "      APP_MODE: \"full\"\n",
        "      - \"8080:8000\"\n",
        "      - \"uploads:/data/uploads\"\n",
        "  search:\n    image: \"getmeili/meilisearch:v1.8\"\n",
        "  uploads:\n",
        "  index:\n",
    ] {
        assert!(new.contains(line), "{line} in {new}");
    }
    assert!(
        !new.contains("hunter2") && !new.contains(".:/code"),
        "{new}"
    );
    let lost = lost(&report);
    for what in [
        "web.environment.SECRET_KEY",
        "web.volumes: \".:/code\"",
        "redis.image: \"redis:7\"",
        "the name of the service site",
    ] {
        assert!(lost.iter().any(|one| one == what), "{what} in {lost:?}");
    }
    for name in ["override", "staging", "production"] {
        assert!(
            !sandbox
                .path(&format!("compose.shipway.{name}.yaml"))
                .exists()
        );
        assert!(sandbox.path(&format!("compose.{name}.yaml")).exists());
    }
    assert!(sandbox.read("compose.staging.yaml").ends_with("# mine\n"));
    sandbox.run(0, &["update", "--check"]);
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
}

#[test]
fn a_devcontainer_goes_over_with_its_settings() {
    let path = ".devcontainer/devcontainer.json";
    let sandbox = made(path, DEVCONTAINER);
    let report = adopt(&sandbox, path, &[]);
    let new = sandbox.read(path);
    for part in [
        "eamodio.gitlens",
        "editor.rulers",
        "\"A\": \"b\"",
        "9999",
        "// Made by",
    ] {
        assert!(new.contains(part), "{part} in {new}");
    }
    assert_eq!(lost(&report), ["image: \"python:3.11\""]);
    assert!(!sandbox.path(".devcontainer/shipway").exists());
    assert!(sandbox.path(".devcontainer/initialize").exists());
    sandbox.run(0, &["update", "--check"]);
}

#[test]
fn a_workflow_goes_over_with_its_jobs() {
    let path = ".github/workflows/ci.yml";
    let own = "name: x\non:\n  push:\n  schedule:\n    - cron: \"0 3 * * *\"\nenv:\n  LEVEL: 3\njobs:\n  \
               publish:\n    runs-on: ubuntu-24.04\n    steps:\n      - name: say\n        run: |\n          \
               echo one\n          echo two\n";
    let sandbox = made(path, own);
    assert!(sandbox.path(".github/workflows/shipway-ci.yml").exists());
    adopt(&sandbox, path, &[]);
    let new = sandbox.read(path);
    for part in [
        "  publish:\n    runs-on: \"ubuntu-24.04\"\n",
        "      - name: \"say\"\n        run: |\n          echo one\n          echo two\n",
        "  LEVEL: 3\n",
        "cron: \"0 3 * * *\"",
    ] {
        assert!(new.contains(part), "{part} in {new}");
    }
    assert!(!sandbox.path(".github/workflows/shipway-ci.yml").exists());
    sandbox.run(0, &["update", "--check"]);
}

#[test]
fn what_git_does_not_have_is_backed_up() {
    let sandbox = made("Dockerfile", DOCKERFILE);
    let mine = format!("{DOCKERFILE}# not committed\n");
    sandbox.write("Dockerfile", &mine);
    let report = adopt(&sandbox, "Dockerfile", &[]);
    let backup = report["kept"]["backup"].as_str().unwrap();
    assert_eq!(fs::read_to_string(backup).unwrap(), mine);
    let mode = fs::metadata(backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let shown = sandbox.report(0, &["undo"]);
    assert!(shown.contains("Dockerfile"), "{shown}");
    assert_eq!(sandbox.read("Dockerfile"), mine);
}

#[test]
fn edits_of_the_file_that_was_put_beside_come_along() {
    let sandbox = made("Dockerfile", DOCKERFILE);
    let edited = sandbox.read("Dockerfile.shipway") + "LABEL mine=yes\n";
    sandbox.write("Dockerfile.shipway", &edited);
    let shown = sandbox.report(0, &["adopt", "Dockerfile"]);
    assert!(
        shown.contains("Carried over from your Dockerfile:"),
        "{shown}"
    );
    assert!(shown.contains("Dockerfile:11: RUN make assets"), "{shown}");
    assert!(sandbox.read("Dockerfile").contains("LABEL mine=yes\n"));
    sandbox.run(0, &["update", "--check"]);
}

#[test]
fn what_cannot_be_adopted_is_said() {
    let sandbox = made("Dockerfile", DOCKERFILE);
    let before = sandbox.tree();
    for (path, sentence) in [
        ("compose.yaml", "is shipway's already"),
        ("nothing.yaml", "there is no file"),
        (
            "app.py",
            "makes nothing that could take the place of app.py",
        ),
        ("../elsewhere", "leaves the repository"),
        ("/etc/hostname", "outside"),
    ] {
        let said = sandbox.error(2, &["adopt", path]);
        assert!(said.contains(sentence), "{path}: {said}");
    }
    assert!(sandbox.tree() == before);
    sandbox.write("Dockerfile", "\u{0}");
    fs::write(sandbox.path("Dockerfile"), b"FROM x\n\xff\n").unwrap();
    let said = sandbox.error(2, &["adopt", "Dockerfile"]);
    assert!(said.contains("no text in UTF-8"), "{said}");

    let only = Sandbox::new(&[
        ("Dockerfile", DOCKERFILE),
        ("compose.yaml", COMPOSE),
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.0\nredis==5.0.0\n"),
    ]);
    only.run(0, &["init", "--yes"]);
    let before = only.tree();
    only.run(0, &["adopt", "compose.yaml"]);
    only.run(0, &["update", "--check"]);
    only.run(0, &["adopt", "Dockerfile"]);
    only.run(0, &["update", "--check"]);
    only.run(0, &["undo"]);
    only.run(0, &["undo"]);
    assert!(only.tree() == before);

    let plain = Sandbox::new(&[("Dockerfile", DOCKERFILE)]);
    let said = text(&plain.run(1, &["adopt", "Dockerfile"]).stderr);
    assert!(said.contains("shipway init"), "{said}");
}

const MAKEFILE: &str = ".PHONY: test lint\n\n# Everything.\ntest: data\n\tpytest -q tests\n\nlint:\n\t\
                        ruff check .\n\techo linted\n\ndata:\n\ttouch data\n";

/// What `make` would run for `target`, by make itself.
fn would_run(sandbox: &Sandbox, target: &str) -> String {
    let output = std::process::Command::new("make")
        .args(["--dry-run", "--always-make", target])
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{target}");
    text(&output.stdout)
}

#[test]
fn a_rule_of_a_makefile_goes_over() {
    let sandbox = made("Makefile", MAKEFILE);
    assert!(sandbox.read("Makefile").contains("\nshipway-test:"));
    assert!(would_run(&sandbox, "test").contains("pytest -q tests"));
    let before = sandbox.tree();
    adopt(&sandbox, "Makefile:lint", &["--dry-run"]);
    assert!(sandbox.tree() == before);

    let report = adopt(&sandbox, "Makefile:lint", &[]);
    assert_eq!(lost(&report), ["ruff check .", "echo linted"]);
    assert_eq!(report["lost"][0]["line"], 8);
    let new = sandbox.read("Makefile");
    assert!(
        new.contains("\nlint:") && !new.contains("shipway-lint"),
        "{new}"
    );
    assert!(!would_run(&sandbox, "lint").contains("linted"));

    // What one command says is carried over, and what the rule depends on.
    let report = adopt(&sandbox, "Makefile:test", &[]);
    assert_eq!(lost(&report), Vec::<String>::new());
    let run = would_run(&sandbox, "test");
    assert!(
        run.contains("touch data") && run.contains("pytest -q tests"),
        "{run}"
    );
    assert!(
        sandbox
            .read("shipway.toml")
            .contains("test = \"pytest -q tests\"")
    );
    assert!(!sandbox.read("Makefile").contains("# Everything."));
    sandbox.run(0, &["check"]);
    sandbox.run(0, &["update", "--check"]);
    sandbox.run(0, &["undo"]);
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
}

#[test]
fn a_rule_that_cannot_go_over_stays() {
    let text = format!("{MAKEFILE}\nmine:\n\ttrue\n\nifdef CI\nup:\n\ttrue\nendif\n");
    let sandbox = made("Makefile", &text);
    let before = sandbox.tree();
    for (path, said) in [
        ("Makefile:none", "no rule for `none`"),
        ("Makefile:mine", "shipway makes no rule for `mine` here"),
        ("Makefile:up", "inside a condition"),
        ("app.py:test", "no rule for `test`"),
        ("none.mk:test", "No such file"),
    ] {
        let output = sandbox.command(&["adopt", path]).output().unwrap();
        let error = crate::sandbox::text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{path}: {error}");
        assert!(error.contains(said), "{path}: {error}");
        assert!(sandbox.tree() == before, "{path}");
    }
    sandbox.run(0, &["remove", "make"]);
    let error = sandbox.error(2, &["adopt", "Makefile:lint"]);
    assert!(
        error.contains("shipway makes no rules in Makefile"),
        "{error}"
    );
}
