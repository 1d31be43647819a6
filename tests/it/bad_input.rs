//! Repositories that are not as they should be, and runs that are cut short: a sentence that names
//! the file and what mends it, the right exit code, nothing half-written.

use crate::sandbox::{Sandbox, Tree, in_small_file_system, text};
use crate::terminal::Terminal;
use rustix::process::{Pid, Signal};
use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const PAGE: &str = "<!doctype html><title>x</title>\n";
const SITE: &[(&str, &str)] = &[
    ("index.html", PAGE),
    ("Makefile", "all:\n\techo mine\n"),
    (".gitignore", "*.log\n"),
];
const FLASK: &[(&str, &str)] = &[
    (
        "app.py",
        "import os\nfrom flask import Flask\n\napp = Flask(__name__)\n\
         app.secret_key = os.environ[\"SECRET_KEY\"]\n",
    ),
    ("requirements.txt", "flask==3.1.0\n"),
];
const PATIENCE: Duration = Duration::from_mins(2);

/// shipway as a user to whom permission bits apply: root without root's rights over files, or
/// whoever runs the tests.
pub(crate) fn plain_user() -> Command {
    let binary = env!("CARGO_BIN_EXE_shipway");
    if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-all", "--inh-caps=-all", binary]);
        command
    } else {
        Command::new(binary)
    }
}

fn as_plain_user(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    plain_user()
        .args(arguments)
        .current_dir("/")
        .arg(sandbox.root())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A path with other permission bits for as long as this lives.
struct Mode<'s> {
    sandbox: &'s Sandbox,
    path: &'s str,
    before: u32,
}

impl<'s> Mode<'s> {
    fn set(sandbox: &'s Sandbox, path: &'s str, mode: u32) -> Self {
        let metadata = sandbox.path(path).metadata().unwrap();
        std::fs::set_permissions(sandbox.path(path), Permissions::from_mode(mode)).unwrap();
        Self {
            sandbox,
            path,
            before: metadata.permissions().mode() & 0o7777,
        }
    }
}

impl Drop for Mode<'_> {
    fn drop(&mut self) {
        let path = self.sandbox.path(self.path);
        let _ = std::fs::set_permissions(path, Permissions::from_mode(self.before));
    }
}

/// The exit code and everything that was said.
fn said(output: &Output) -> (Option<i32>, String) {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), text(&all))
}

/// The action and the reason of the plan's entry for `path`.
fn entry(report: &serde_json::Value, path: &str) -> (String, String) {
    let entries = report["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["path"] == path);
    let entry = entry.unwrap_or_else(|| panic!("no {path} in {report}"));
    let of = |key: &str| entry[key].as_str().unwrap().to_owned();
    (of("action"), of("reason"))
}

fn planned(sandbox: &Sandbox) -> serde_json::Value {
    let output = sandbox.run(0, &["init", "--yes", "--format", "json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_link_out_of_the_root_costs_what_lies_behind_it_and_no_more() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (files, lost) in [
        (SITE, "deploy/site.nginx.conf"),
        (FLASK, "deploy/shipway_start.py"),
    ] {
        let sandbox = Sandbox::new(files);
        symlink(elsewhere.path(), sandbox.path("deploy")).unwrap();
        let before = sandbox.tree();
        let report = planned(&sandbox);
        let (action, reason) = entry(&report, lost);
        assert_eq!(action, "left-out");
        let link = "deploy is a symbolic link that leads out of the repository";
        assert!(
            reason.ends_with(&format!("not made, because {link}")),
            "{reason}"
        );
        for path in ["Dockerfile", "compose.yaml", "compose.production.yaml"] {
            let (action, reason) = entry(&report, path);
            assert_eq!(action, "left-out", "{path}");
            assert!(
                reason.contains("it needs deploy/") && reason.ends_with(link),
                "{path}: {reason}"
            );
            assert!(!sandbox.path(path).exists());
        }
        // The rest goes on, and does not speak of what is not there.
        assert!(sandbox.read("Makefile").contains("dev-setup"));
        assert!(!sandbox.read("Makefile").contains("docker compose"));
        assert!(sandbox.path(".devcontainer/devcontainer.json").exists());
        assert!(
            !sandbox
                .read(".devcontainer/devcontainer.json")
                .contains("compose.override")
        );
        assert_eq!(report["next"][0], "make dev-setup");
        assert!(
            !report["next"].to_string().contains("docker compose"),
            "{}",
            report["next"]
        );
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        sandbox.run(0, &["undo"]);
        assert_eq!(sandbox.tree(), before);
    }
}

#[test]
fn a_file_in_the_place_of_a_needed_one_is_named() {
    let sandbox = Sandbox::new(FLASK);
    sandbox.write("deploy/shipway_gunicorn.py", "mine\n");
    let (action, reason) = entry(&planned(&sandbox), "Dockerfile");
    assert_eq!(action, "left-out");
    assert!(
        reason.ends_with(
            "it needs deploy/shipway_gunicorn.py, which is not made, because \
             deploy/shipway_gunicorn.py is there and is yours"
        ),
        "{reason}"
    );
    assert_eq!(sandbox.read("deploy/shipway_gunicorn.py"), "mine\n");
}

#[test]
fn a_template_of_the_repositorys_own_may_need_only_what_there_is() {
    let sandbox = Sandbox::new(SITE);
    sandbox.write(
        ".shipway/templates/extra/feature.toml",
        "summary = \"x\"\ndefault = true\n[[file]]\nid = \"extra\"\ntemplate = \"a.hbs\"\n\
         path = \"a.txt\"\nreason = \"x\"\nneeds = [\"dockerfil\"]\n",
    );
    sandbox.write(".shipway/templates/extra/a.hbs", "a\n");
    let error = sandbox.error(2, &["init", "--yes"]);
    assert!(
        error.contains(
            ".shipway/templates/extra/feature.toml:4: file `extra` needs the file `dockerfil`"
        ),
        "{error}"
    );
}

#[test]
fn loops_of_links_pipes_and_odd_names_are_passed_by() {
    let sandbox = Sandbox::new(SITE);
    symlink("b", sandbox.path("a")).unwrap();
    symlink("a", sandbox.path("b")).unwrap();
    symlink(".", sandbox.path("loop")).unwrap();
    symlink("/etc", sandbox.path("outside")).unwrap();
    for name in [
        &b"name with spaces.html"[..],
        b"new\nline.html",
        b"\xff\xfe.html",
    ] {
        std::fs::write(sandbox.root().join(OsStr::from_bytes(name)), PAGE).unwrap();
    }
    let made = Command::new("mkfifo")
        .arg(sandbox.path("app.py"))
        .status()
        .unwrap();
    assert!(made.success());
    let names = || -> Vec<_> {
        let listed = std::fs::read_dir(sandbox.root()).unwrap();
        let mut names: Vec<_> = listed.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    sandbox.run(0, &["detect"]);
    sandbox.run(0, &["init", "--yes"]);
    assert!(sandbox.path("Dockerfile").exists());
    sandbox.run(0, &["undo"]);
    assert_eq!(names(), before);
}

#[test]
fn an_application_whose_name_no_generated_file_can_hold_is_told_of() {
    for folder in [&b"my\napp"[..], b"my\xffapp"] {
        let sandbox = Sandbox::without_git([]);
        sandbox.git(&["init", "--quiet"]);
        let folder = sandbox.root().join(OsStr::from_bytes(folder));
        std::fs::create_dir(&folder).unwrap();
        for (path, content) in FLASK {
            std::fs::write(folder.join(path), content).unwrap();
        }
        let error = sandbox.error(1, &["init", "--yes"]);
        assert!(error.contains("nothing that shipway knows"), "{error}");
        let (_, told) = said(&sandbox.command(&["detect"]).output().unwrap());
        assert!(
            told.contains("2 files are left out") && told.contains("git mv"),
            "{told}"
        );
    }
    let spaced = Sandbox::without_git([]);
    spaced.git(&["init", "--quiet"]);
    for (path, content) in FLASK {
        spaced.write(&format!("my app/{path}"), content);
    }
    spaced.run(0, &["init", "--yes"]);
    assert!(spaced.read("Dockerfile").contains(r#"COPY ["my app"#));
}

#[test]
fn files_that_are_too_large_are_not_read() {
    let sandbox = Sandbox::new(SITE);
    let grow = |path: &str| {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(sandbox.path(path))
            .unwrap();
        file.set_len(2 << 30).unwrap();
    };
    grow("app.py");
    grow("requirements.txt");
    grow("data.bin");
    grow("Makefile");
    let report = planned(&sandbox);
    let (action, reason) = entry(&report, "Makefile");
    assert_eq!(action, "left-out");
    assert!(
        reason.contains("Makefile is larger than 16 MiB"),
        "{reason}"
    );
    assert_eq!(sandbox.path("Makefile").metadata().unwrap().len(), 2 << 30);
    assert!(sandbox.path("compose.yaml").exists());

    grow("shipway.toml");
    let error = sandbox.error(2, &["init", "--yes"]);
    assert!(
        error.contains("shipway.toml: it is larger than 1 MiB"),
        "{error}"
    );
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    for (name, code) in [("shipway.toml", 2), ("shipway.lock", 3)] {
        let sandbox = Sandbox::new(SITE);
        let made = Command::new("mkfifo").arg(sandbox.path(name)).status();
        assert!(made.unwrap().success());
        let error = sandbox.error(code, &["init", "--yes"]);
        assert!(
            error.contains(name) && error.contains("it is no file"),
            "{error}"
        );
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn files_that_do_not_parse_are_named_with_their_line() {
    let sandbox = Sandbox::new(FLASK);
    sandbox.write("pyproject.toml", "[project]\nname = \n");
    sandbox.write("docker-compose.yml", "services:\n  web: [\n");
    sandbox.write("broken.py", "def f(:\n    return (\n");
    let report: serde_json::Value =
        serde_json::from_slice(&sandbox.run(0, &["detect", "--format", "json"]).stdout).unwrap();
    let findings = report["findings"].to_string();
    for place in ["pyproject.toml", "docker-compose.yml"] {
        assert!(findings.contains(place), "{place}: {findings}");
    }
    let before = sandbox.tree();
    let (code, text) = said(&sandbox.run(0, &["init", "--yes"]));
    assert_eq!(code, Some(0));
    assert!(text.contains("pyproject.toml:2"), "{text}");
    sandbox.run(0, &["undo"]);
    assert_eq!(sandbox.tree(), before);

    sandbox.write("shipway.toml", "schema = 1\n[project]\nname = \n");
    let error = sandbox.error(2, &["init", "--yes"]);
    assert!(error.contains("shipway.toml:3:"), "{error}");
}

#[test]
fn a_detached_head_and_a_repository_without_a_commit_are_fine() {
    let sandbox = Sandbox::new(SITE);
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    let before = sandbox.tree();
    sandbox.run(0, &["init", "--yes"]);
    assert!(sandbox.path("compose.yaml").exists());
    sandbox.run(0, &["undo"]);
    assert_eq!(sandbox.tree(), before);

    let unborn = Sandbox::without_git(SITE);
    unborn.git(&["init", "--quiet"]);
    unborn.run(0, &["init", "--yes"]);
    assert!(unborn.path("compose.yaml").exists());
}

#[test]
fn what_this_user_may_not_read_is_named_with_the_command_that_opens_it() {
    let sandbox = Sandbox::new(SITE);
    sandbox.write("secret/app.py", "x = 1\n");
    let shut = Mode::set(&sandbox, "secret", 0);
    let (code, told) = said(&as_plain_user(&sandbox, &["init", "--yes"]));
    assert_eq!(code, Some(0), "{told}");
    let path = sandbox.path("secret").canonicalize().unwrap();
    assert!(
        told.contains(&format!("{}: Permission denied", path.display())),
        "{told}"
    );
    assert!(told.contains("chmod -R u+rX"), "{told}");
    drop(shut);
    sandbox.run(0, &["undo"]);

    let before = sandbox.tree();
    for (path, mend) in [("Makefile", "make it readable"), (".git", "chmod u+rx")] {
        let shut = Mode::set(&sandbox, path, 0);
        let (code, told) = said(&as_plain_user(&sandbox, &["init", "--yes"]));
        assert_eq!(code, Some(3), "{path}: {told}");
        assert!(
            told.contains(path) && told.contains("ermission denied") && told.contains(mend),
            "{path}: {told}"
        );
        drop(shut);
        assert_eq!(sandbox.tree(), before, "{path}");
    }
    let shut = Mode::set(&sandbox, "", 0);
    let (code, told) = said(&as_plain_user(&sandbox, &["init", "--yes"]));
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("chmod u+rx") && !told.contains("git init"),
        "{told}"
    );
    drop(shut);
}

#[test]
fn a_tree_that_may_not_be_written_stays_and_ends_with_3() {
    let sandbox = Sandbox::new(SITE);
    sandbox.write("deploy/mine", "mine\n");
    let before = sandbox.tree();
    // All of it; the work tree alone, so that it fails in the middle; one folder in it.
    for paths in [&["", ".git"][..], &[""], &["deploy"], &[".git/shipway"]] {
        let shut: Vec<Mode> = paths
            .iter()
            .map(|path| Mode::set(&sandbox, path, 0o555))
            .collect();
        let (code, told) = said(&as_plain_user(&sandbox, &["init", "--yes"]));
        assert_eq!(code, Some(3), "{paths:?}: {told}");
        assert!(
            told.contains("permission denied; nothing was changed; make ")
                && told.contains(" writable for you"),
            "{told}"
        );
        drop(shut);
        assert_eq!(sandbox.tree(), before, "{paths:?}");
        assert!(!sandbox.path(".git/shipway/apply").exists());
    }
    sandbox.run(0, &["init", "--yes"]);
}

#[test]
fn a_disk_that_fills_leaves_all_or_nothing() {
    let place = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_shipway");
    let script = format!(
        "cd {} && git init -q && echo hello > index.html && echo '*.log' > .gitignore || exit 98
        for left in 0 16 48 80 120 160 200 400 1000; do
            dd if=/dev/zero of=.git/fill bs=1k count=$(( $(df --output=avail -k . | tail -1) - left )) 2> /dev/null
            {binary} init --yes > .git/said 2> /dev/null || {binary} init --yes 2>&1 > /dev/null | tail -1
            find . -path ./.git -prune -o -type f -print | wc -l
            test ! -e .git/shipway/apply || echo left
            rm .git/fill
            {binary} undo > /dev/null 2>&1 || true
        done",
        place.path().display(),
    );
    let Some(output) = in_small_file_system("8m", place.path(), &[], &script) else {
        return;
    };
    let (code, told) = said(&output);
    assert_eq!(code, Some(0), "{told}");
    assert!(!told.contains("left"), "{told}");
    let counts: Vec<&str> = told
        .lines()
        .filter(|line| line.parse::<u32>().is_ok())
        .collect();
    assert_eq!(counts.len(), 9, "{told}");
    // The two that were there, or all of them.
    let all = counts.last().unwrap();
    assert!(
        counts[0] == "2" && counts.iter().all(|count| *count == "2" || count == all),
        "{told}"
    );
    assert!(all.parse::<u32>().unwrap() > 10, "{told}");
    assert!(
        told.contains(
            "the disk is full; nothing was changed; free some space and run shipway again"
        ),
        "{told}"
    );
}

fn assert_interrupted(sandbox: &Sandbox, before: &Tree, ended: &(Option<i32>, String)) {
    let (code, shown) = ended;
    assert_eq!(*code, Some(130), "{shown:?}");
    assert_eq!(
        shown.matches("interrupted; nothing was written").count(),
        1,
        "{shown:?}"
    );
    assert_eq!(sandbox.tree(), *before);
    assert!(!sandbox.path(".git/shipway/apply").exists());
}

#[test]
fn ctrl_c_at_any_question_says_so_and_writes_nothing() {
    let sandbox = Sandbox::new(SITE);
    let before = sandbox.tree();
    let questions = ["Project name", "What to generate", "Time zone", "Write "];
    for last in 0..questions.len() {
        for signal in [false, true] {
            let mut terminal = Terminal::open(&sandbox, "init");
            for question in &questions[..last] {
                terminal.until(question);
                terminal.press("\r");
            }
            terminal.until(questions[last]);
            if signal {
                terminal.interrupt();
            } else {
                terminal.press("\u{3}");
            }
            assert_interrupted(&sandbox, &before, &terminal.end());
        }
    }
}

#[test]
fn ctrl_c_at_the_question_of_trust_says_so() {
    let sandbox = Sandbox::new(&[(
        "shipway.toml",
        "[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"true\"\n",
    )]);
    let before = sandbox.tree();
    let mut terminal = Terminal::open(&sandbox, "trust");
    terminal.until("Let them run on this machine?");
    terminal.press("\u{3}");
    assert_interrupted(&sandbox, &before, &terminal.end());
}

#[test]
fn ctrl_c_while_the_tree_is_read_says_so() {
    let sandbox = Sandbox::new(SITE);
    for number in 0..3000 {
        let (folder, file) = (number / 100, number % 100);
        sandbox.write(
            &format!("lib{folder}/m{file}.py"),
            "import os\n\nx = os.environ[\"A\"]\n",
        );
    }
    let before = sandbox.tree();
    let mut child = sandbox
        .command(&["init", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The lock is taken before the tree is read, and nothing is written before it was.
    let deadline = Instant::now() + PATIENCE;
    while !sandbox.path(".git/shipway/lock").exists() {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    let process = i32::try_from(child.id()).unwrap();
    rustix::process::kill_process(Pid::from_raw(process).unwrap(), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_interrupted(
        &sandbox,
        &before,
        &(output.status.code(), text(&output.stderr)),
    );
}

#[test]
fn a_git_directory_that_git_cannot_read_is_named() {
    let files = [("index.html", "<h1>x</h1>\n"), (".env", "KEY=value\n")];
    for (file, content, mend) in [
        (".git/index", &b"DIRC"[..], "git read-tree HEAD"),
        (".git/index", &[0xff; 4096], "git read-tree HEAD"),
        (".git/HEAD", b"nonsense\n", "git symbolic-ref HEAD"),
        (
            ".git/refs/heads/main",
            b"nonsense\n",
            "git symbolic-ref HEAD",
        ),
    ] {
        let sandbox = Sandbox::new(&files);
        std::fs::write(sandbox.path(file), content).unwrap();
        let before = sandbox.tree();
        let error = sandbox.error(3, &["init", "--yes"]);
        let named = if file == ".git/index" {
            file
        } else {
            ".git/HEAD"
        };
        assert!(
            error.contains(named) && error.contains(mend),
            "{file}: {error}"
        );
        assert!(before == sandbox.tree(), "{file}");
    }
    // Where there is no commit yet, neither is there anything to read.
    let sandbox = Sandbox::without_git(&files);
    sandbox.git(&["init", "--quiet"]);
    sandbox.run(0, &["init", "--yes"]);
}

#[test]
fn keys_that_another_secret_signed_are_told_of() {
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    sandbox.run(0, &["init", "--yes"]);
    let without = |name: &str| -> String {
        let start = format!("{name}=");
        let kept = sandbox.read(".env");
        assert!(kept.lines().any(|line| line.starts_with(&start)), "{name}");
        kept.split_inclusive('\n')
            .filter(|line| !line.starts_with(&start))
            .collect()
    };
    let whole = sandbox.read(".env");
    sandbox.write(".env", &without("JWT_SECRET"));

    // On a machine without shipway.
    let output = Command::new("sh")
        .arg("deploy/env.sh")
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = text(&output.stderr);
    for key in ["SUPABASE_SERVICE_ROLE_KEY", "ANON_KEY"] {
        assert!(
            told.lines().any(|line| line.contains(key)
                && line.contains("signed with another JWT_SECRET")
                && line.contains("delete its line")),
            "{key}: {told}"
        );
    }

    sandbox.write(".env", &whole);
    sandbox.write(".env", &without("JWT_SECRET"));
    let (_, told) = said(&sandbox.run(0, &["init", "--yes"]));
    assert!(
        told.contains("in .env were not signed with JWT_SECRET")
            && told.contains("delete the lines of"),
        "{told}"
    );
    assert!(sandbox.read(".env").contains("\nJWT_SECRET="));

    // With the whole group deleted, all of it is made anew and fits together.
    let group = |line: &str| {
        ["JWT_SECRET=", "ANON_KEY=", "SUPABASE_SERVICE_ROLE_KEY="]
            .iter()
            .any(|start| line.contains(start))
    };
    let rest: String = whole
        .split_inclusive('\n')
        .filter(|line| !group(line))
        .collect();
    sandbox.write(".env", &rest);
    let (_, told) = said(&sandbox.run(0, &["init", "--yes"]));
    assert!(!told.contains("were not signed with"), "{told}");
    assert_eq!(sandbox.read(".env").matches("JWT_SECRET=").count(), 1);
}
