//! A fresh clone made ready for work with each package manager, by `shipway setup` and by
//! `make dev-setup`: the real ones, on applications that were locked with them.

use crate::home::script;
use crate::sandbox::{Sandbox, skipped, text};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A clone whose developer has these programs beside those of the system.
struct Clone {
    sandbox: Sandbox,
    home: tempfile::TempDir,
}

impl Clone {
    /// The fixture `name` after `init`.
    fn of(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
        let manifest = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        let clone = Self {
            sandbox: Sandbox::from_manifest(&manifest),
            home: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(clone.bin()).unwrap();
        clone.sandbox.run(0, &["init", "--yes"]);
        clone.sandbox.git(&["add", "--all"]);
        clone.sandbox.git(&[
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "--quiet",
            "--message=init",
        ]);
        clone
    }

    fn bin(&self) -> PathBuf {
        self.home.path().join("bin")
    }

    /// `command` as the developer runs it.
    fn with(&self, mut command: Command) -> Command {
        let certificates = ["SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL", "UV_INDEX_URL"]
            .iter()
            .chain(&[
                "REQUESTS_CA_BUNDLE",
                "HTTPS_PROXY",
                "HTTP_PROXY",
                "NO_PROXY",
            ])
            .chain(&["https_proxy", "http_proxy", "no_proxy", "UV_DEFAULT_INDEX"])
            .chain(&["PIP_CONFIG_FILE", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"])
            .filter_map(|name| Some((*name, std::env::var_os(name)?)));
        command
            .env_clear()
            .envs(certificates)
            .env("PATH", format!("{}:/usr/bin:/bin", self.bin().display()))
            .env("HOME", self.home.path())
            .env("PIP_CACHE_DIR", cache("pip"))
            .env("UV_CACHE_DIR", cache("uv"))
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("POETRY_CACHE_DIR", cache("poetry"))
            .env("PDM_CHECK_UPDATE", "false")
            .env("PDM_CACHE_DIR", cache("pdm"))
            .env("PIPENV_CACHE_DIR", cache("pipenv"))
            .current_dir(self.sandbox.root())
            .stdin(Stdio::null());
        command
    }

    fn make(&self) -> Command {
        let mut command = Command::new("/usr/bin/make");
        command.arg("dev-setup");
        self.with(command)
    }

    fn setup(&self) -> Command {
        self.with(self.sandbox.command(&["setup", "--format=json"]))
    }

    /// Outcome of the step that installs.
    fn installed(&self) -> String {
        let output = self.setup().output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let steps = report["steps"].as_array().unwrap();
        let step = steps
            .iter()
            .find(|step| step["name"].as_str().unwrap().starts_with("dependencies"));
        let step = step.unwrap_or_else(|| panic!("{report}"));
        let outcome = step["outcome"].as_str().unwrap();
        assert_ne!(outcome, "failed", "{report}");
        outcome.to_owned()
    }

    fn made(&self) {
        let output = self.make().output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
    }

    /// Whether the environment has these modules.
    fn imports(&self, modules: &[&str]) {
        let program = format!("import {}", modules.join(", "));
        let output = Command::new(self.sandbox.path(".venv/bin/python"))
            // Without compiled files of the project beside its source.
            .args(["-B", "-c", &program])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", both(&output));
    }
}

/// What package managers keep of what they have fetched, for all tests together.
fn cache(manager: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("package-managers")
        .join(manager)
}

fn both(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A clone of the fixture `name` is set up by `shipway setup` and by make alone, once each, with
/// `manager`, so that it has `modules`.
fn is_set_up(name: &str, manager: Option<&str>, modules: &[&str]) {
    let clone = Clone::of(name);
    if let Some(manager) = manager {
        let Some(managers) = std::env::var_os("SHIPWAY_TEST_MANAGERS") else {
            skipped("no package managers: make test-deps");
            return;
        };
        // What is not there is said, with how to get it.
        let output = clone.setup().output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", both(&output));
        assert!(both(&output).contains(&format!("{manager} is not on PATH")));
        let output = clone.make().output().unwrap();
        assert!(both(&output).contains(&format!("{manager} is missing; get it with:")));
        std::os::unix::fs::symlink(
            Path::new(&managers).join(manager),
            clone.bin().join(manager),
        )
        .unwrap();
    }
    assert_eq!(clone.installed(), "done");
    clone.imports(modules);
    assert_eq!(clone.sandbox.git(&["status", "--porcelain"]), "");
    // A second run asks no program for anything.
    let never = || {
        if let Some(manager) = manager {
            let link = clone.bin().join(manager);
            std::fs::rename(&link, clone.bin().join("kept")).unwrap();
            script(&link, "echo called >&2; exit 1");
        }
    };
    let again = || {
        if let Some(manager) = manager {
            std::fs::rename(clone.bin().join("kept"), clone.bin().join(manager)).unwrap();
        }
    };
    never();
    assert_eq!(clone.installed(), "unchanged");
    again();

    std::fs::remove_dir_all(clone.sandbox.path(".venv")).unwrap();
    clone.made();
    clone.imports(modules);
    never();
    clone.made();
    // And shipway sees that make has done it.
    assert_eq!(clone.installed(), "unchanged");
    again();
    assert_eq!(clone.sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn with_pip() {
    is_set_up("flask-pip", None, &["flask"]);
}

#[test]
fn with_uv() {
    is_set_up("uv", Some("uv"), &["starlette", "uvicorn", "iniconfig"]);
}

#[test]
fn with_poetry() {
    is_set_up(
        "poetry-source",
        Some("poetry"),
        &["bottle", "pluggy", "harbour"],
    );
}

#[test]
fn with_pdm() {
    is_set_up("pdm", Some("pdm"), &["iniconfig"]);
}

#[test]
fn with_pipenv() {
    is_set_up("pipenv", Some("pipenv"), &["bottle", "iniconfig"]);
}

/// Starts `command` and ends it and all that it started as soon as the environment has a Python,
/// which is long before it has pip.
fn cut_short(clone: &Clone, mut command: Command) {
    command
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let python = clone.sandbox.path(".venv/bin/python");
    let deadline = Instant::now() + Duration::from_mins(1);
    while !python.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
        assert!(Instant::now() < deadline, "no environment was begun");
        std::thread::yield_now();
    }
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
    killpg(group, Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    let pip = Command::new(python)
        .args(["-m", "pip", "--version"])
        .output();
    assert!(
        !pip.unwrap().status.success(),
        "it was made too fast to be cut short"
    );
}

#[test]
fn an_environment_that_was_killed_while_it_was_made_is_made_anew() {
    let clone = Clone::of("flask-pip");
    cut_short(&clone, clone.make());
    clone.made();
    clone.imports(&["flask", "pip"]);
    assert_eq!(clone.sandbox.git(&["status", "--porcelain"]), "");

    // Begun by make, ended by shipway, which had installed there before.
    std::fs::remove_dir_all(clone.sandbox.path(".venv")).unwrap();
    assert_eq!(clone.installed(), "done");
    std::fs::remove_dir_all(clone.sandbox.path(".venv")).unwrap();
    cut_short(&clone, clone.make());
    assert_eq!(clone.installed(), "done");
    clone.imports(&["flask", "pip"]);
    assert_eq!(clone.sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_environment_whose_python_is_gone_or_that_has_no_pip_is_mended() {
    let clone = Clone::of("flask-pip");
    for by_make in [true, false] {
        let venv = clone.sandbox.path(".venv");
        let made = Command::new("/usr/bin/python3")
            .args(["-m", "venv", "--without-pip"])
            .arg(&venv)
            .status()
            .unwrap();
        assert!(made.success());
        let kept = venv.join("mine");
        std::fs::write(&kept, "").unwrap();
        let set_up = || {
            if by_make {
                clone.made();
            } else {
                assert_eq!(clone.installed(), "done");
            }
        };
        set_up();
        clone.imports(&["flask", "pip"]);
        assert!(kept.exists());

        for name in ["python", "python3"] {
            let link = venv.join("bin").join(name);
            std::fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink("/nowhere/python3", link).unwrap();
        }
        // make looks at its own stamp alone.
        std::fs::remove_file(venv.join(".shipway")).unwrap_or_default();
        set_up();
        clone.imports(&["flask", "pip"]);
        assert!(kept.exists());
        std::fs::remove_dir_all(&venv).unwrap();
    }
}

#[test]
fn an_environment_that_was_made_anew_by_hand_is_filled_again() {
    let clone = Clone::of("flask-pip");
    assert_eq!(clone.installed(), "done");
    assert_eq!(clone.installed(), "unchanged");
    let venv = clone.sandbox.path(".venv");
    std::fs::remove_dir_all(&venv).unwrap();
    let made = Command::new("/usr/bin/python3")
        .args(["-m", "venv"])
        .arg(&venv)
        .status()
        .unwrap();
    assert!(made.success());
    assert_eq!(clone.installed(), "done");
    clone.imports(&["flask"]);
}

#[test]
fn with_conda_the_environment_lies_where_everything_else_looks_for_it() {
    let clone = Clone::of("conda");
    // conda itself is on no registry of Python's: this one writes down what it is asked.
    script(
        &clone.bin().join("conda"),
        "case $1 in --version) echo conda 25.1.1; exit;; esac\n\
         echo \"$*\" >> \"$HOME/asked\"\n\
         test \"$1 $2 $3 $5 $6\" = 'env update --prefix --file environment.yml' || exit 2\n\
         /usr/bin/python3 -m venv \"$4\"",
    );
    assert_eq!(clone.installed(), "done");
    assert_eq!(clone.installed(), "unchanged");
    clone.made();
    clone.made();
    let asked = std::fs::read_to_string(clone.home.path().join("asked")).unwrap();
    let venv = clone.sandbox.root().canonicalize().unwrap().join(".venv");
    let line = format!(
        "env update --prefix {} --file environment.yml\n",
        venv.display()
    );
    assert_eq!(asked, line.repeat(2));
    assert_eq!(text(asked.as_bytes()).lines().count(), 2);
    assert_eq!(clone.sandbox.git(&["status", "--porcelain"]), "");
}
