//! `shipway init` and `shipway undo`.

use crate::sandbox::{Sandbox, random_part, scale, text, wait};
use rustix::process::{Pid, Signal};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

const SITE: &[(&str, &str)] = &[
    ("index.html", "<!doctype html><title>x</title>\n"),
    ("Makefile", "all:\r\n\techo mine\r\n"),
    (".gitignore", "*.log"),
];

#[test]
fn adds_and_leaves_what_was_there_and_undo_takes_it_back() {
    let sandbox = Sandbox::new(SITE);
    let before = sandbox.tree();
    sandbox.run(0, &["init", "--yes"]);
    let after = sandbox.tree();
    assert!(after.len() > before.len());
    for (path, (content, mode)) in &before {
        let (now, mode_now) = &after[path];
        assert!(now.starts_with(content), "{}", path.display());
        assert_eq!(mode_now, mode);
    }
    sandbox.run(0, &["undo"]);
    assert_eq!(sandbox.tree(), before);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_second_time_nothing_is_touched() {
    let sandbox = Sandbox::new(SITE);
    sandbox.run(0, &["init", "--yes"]);
    let times = || -> Vec<(std::path::PathBuf, SystemTime)> {
        let tree = sandbox.tree();
        tree.into_keys()
            .map(|path| {
                let time = sandbox.root().join(&path).metadata().unwrap().modified();
                (path, time.unwrap())
            })
            .collect()
    };
    let first = (sandbox.tree(), times());
    let output = sandbox.run(0, &["init", "--yes"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Nothing to do"), "{text}");
    assert_eq!((sandbox.tree(), times()), first);
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--message=generated"]);
    sandbox.run(0, &["init", "--yes"]);
    assert_eq!((sandbox.tree(), times()), first);
}

#[test]
fn an_edited_file_is_kept() {
    let sandbox = Sandbox::new(SITE);
    sandbox.run(0, &["init", "--yes"]);
    let ours: Vec<_> = sandbox
        .read("shipway.lock")
        .split("[[artifact]]")
        .filter(|artifact| artifact.contains("strategy = \"file\""))
        .filter_map(|artifact| {
            artifact
                .split("path = \"")
                .nth(1)?
                .split('"')
                .next()
                .map(str::to_owned)
        })
        .collect();
    let path = ours.first().expect("a generated file");
    let edited = format!("{}# mine\n", sandbox.read(path));
    sandbox.write(path, &edited);
    let output = sandbox.run(0, &["init", "--yes", "--verbose"]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("edited; kept")
    );
    assert_eq!(sandbox.read(path), edited);
}

/// Of what lints, tests and builds, only what is there.
#[test]
fn the_plan_says_what_the_workflow_does() {
    let page = ("index.html", "<!doctype html><title>x</title>\n");
    let script = ("tide.py", "if __name__ == '__main__':\n    print('low')\n");
    let notebook = (
        "tide.ipynb",
        "{\"cells\": [], \"metadata\": {\"language_info\": {\"name\": \"python\"}}, \"nbformat\": 4}\n",
    );
    for (file, does) in [
        (page, "builds the image"),
        (notebook, "lints"),
        (script, "lints, builds the image"),
    ] {
        let output = Sandbox::new(&[file]).run(0, &["init", "--yes", "--dry-run"]);
        let plan = text(&output.stdout);
        let line = plan.lines().find(|line| line.contains("ci.yml"));
        let reason = format!(" create    {does} at each push to ");
        assert!(line.is_some_and(|line| line.contains(&reason)), "{plan}");
    }
}

/// What pages are made of is never handed out in their place.
#[test]
fn pages_that_are_made_outside_of_the_tree_are_in_no_image() {
    for (site_dir, is_made) in [("../public", false), ("/srv/pages", false), ("out", true)] {
        let settings = format!("site_name: x\nsite_dir: {site_dir}\n");
        let sandbox = Sandbox::new(&[
            ("mkdocs.yml", settings.as_str()),
            ("docs/index.md", "# x\n"),
        ]);
        let output = sandbox.run(0, &["detect"]);
        let told = text(&output.stdout).contains("outside of the repository");
        sandbox.run(0, &["init", "--yes"]);
        assert_eq!(sandbox.path("Dockerfile").exists(), is_made, "{site_dir}");
        assert_eq!(told, !is_made, "{site_dir}");
    }
}

#[test]
fn a_build_is_told_of_folders_as_a_shell_reads_them() {
    let settings = "PATH = 'my pages; id'\nOUTPUT_PATH = 'out put'\n";
    let sandbox = Sandbox::new(&[
        ("pelicanconf.py", settings),
        ("my pages; id/a.md", "Title: x\n"),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    let dockerfile = sandbox.read("Dockerfile");
    let build = "RUN pelican 'my pages; id' --output 'out put' --settings pelicanconf.py\n";
    assert!(dockerfile.contains(build), "{dockerfile}");
}

/// Laravel has a project's own views of a package in `resources/views/vendor`.
#[test]
fn of_php_only_what_composer_installs_is_kept_out_of_the_image() {
    let page = "<?php\n\nrequire __DIR__ . '/../vendor/autoload.php';\n(new App())->run();\n";
    let sandbox = Sandbox::new(&[
        (
            "composer.json",
            "{\"require\": {\"slim/slim\": \"^4.0\"}}\n",
        ),
        ("public/index.php", page),
        ("resources/views/vendor/mail/button.php", page),
        (
            "blog/composer.json",
            "{\"require\": {\"slim/slim\": \"^4.0\"}}\n",
        ),
        ("blog/public/index.php", page),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    let text = sandbox.read("Dockerfile.web.dockerignore");
    let mut lines: Vec<&str> = text.lines().filter(|one| one.contains("vendor")).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["blog/vendor", "vendor"], "{text}");
}

#[test]
fn pm2_keeps_its_state_where_its_user_may_write() {
    let image = |dependency: &str| {
        let manifest = format!(
            "{{\"scripts\": {{\"start\": \"pm2 start app.js --no-daemon\"}}, \"dependencies\": {{\"express\": \"5.1.0\"{dependency}}}}}\n"
        );
        let server = "require('express')().listen(4300);\n";
        let sandbox = Sandbox::new(&[("package.json", manifest.as_str()), ("app.js", server)]);
        sandbox.run(0, &["init", "--yes"]);
        sandbox.read("Dockerfile")
    };
    let with = image(", \"pm2\": \"6.0.0\"");
    assert!(with.contains("\n    PM2_HOME=/tmp/.pm2 \\\n"), "{with}");
    assert!(!image("").contains("PM2_HOME"));
}

/// `Dockerfile.dockerignore` would take precedence over the user's own rules.
#[cfg(unix)]
#[test]
fn a_dockerfile_that_is_a_link_keeps_its_own_ignore_rules() {
    let sandbox = Sandbox::new(&[
        ("app.py", "from flask import Flask\napp = Flask(__name__)\n"),
        ("requirements.txt", "flask==3.0.0\n"),
        ("docker/Dockerfile.debian", "FROM python:3.12-slim\n"),
        (".dockerignore", "*\n!app.py\n"),
    ]);
    std::os::unix::fs::symlink("docker/Dockerfile.debian", sandbox.path("Dockerfile")).unwrap();
    sandbox.run(0, &["init", "--yes"]);
    assert!(!sandbox.path("Dockerfile.dockerignore").exists());
    assert!(sandbox.path("Dockerfile.shipway.dockerignore").exists());
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = Sandbox::new(SITE);
    let before = sandbox.tree();
    let output = sandbox.run(0, &["init", "--yes", "--dry-run"]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("nothing was written")
    );
    assert_eq!(sandbox.tree(), before);
    assert!(!sandbox.root().join(".git/shipway").exists());
}

#[test]
fn the_report_in_json_has_its_documented_shape() {
    let sandbox = Sandbox::new(SITE);
    let output = sandbox.run(0, &["init", "--yes", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<_> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "schema",
            "project",
            "applied",
            "entries",
            "skipped",
            "executes",
            "notes",
            "findings",
            "unknown",
            "next",
            "git_hooks"
        ]
    );
    assert_eq!(report["applied"], true);
    let makefile = report["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["path"] == "Makefile")
        .unwrap();
    let keys: Vec<_> = makefile
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, ["path", "feature", "action", "strategy", "reason"]);
    assert_eq!(makefile["action"], "extend");
    assert_eq!(makefile["strategy"], "block");
}

#[test]
fn refuses_with_a_sentence_and_the_right_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_shipway"))
            .args(arguments)
            .current_dir(folder.path())
            .env("GIT_CEILING_DIRECTORIES", folder.path())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, text) = run(&["init", "--yes"]);
    assert_eq!(code, Some(3));
    assert!(
        text.contains("not inside a git repository") && text.contains("git init"),
        "{text}"
    );
    let bare = folder.path().join("bare.git");
    git2::Repository::init_bare(&bare).unwrap();
    let (code, text) = run(&["init", "--yes", "bare.git"]);
    assert_eq!(code, Some(3));
    assert!(text.contains("bare repository"), "{text}");

    let empty = Sandbox::new([]);
    assert!(
        empty
            .error(1, &["init", "--yes"])
            .contains("nothing that shipway knows")
    );
    let site = Sandbox::new(SITE);
    let text = site.error(2, &["init", "--yes", "--feature", "nothing"]);
    assert!(text.contains("no feature `nothing`; there are "), "{text}");
    site.error(2, &["init", "--yes", "--name", "Not A Name"]);
}

#[test]
fn a_rebase_under_way_is_not_joined() {
    let sandbox = Sandbox::new(SITE);
    sandbox.git(&["checkout", "--quiet", "-b", "other"]);
    sandbox.write("index.html", "theirs\n");
    sandbox.git(&["commit", "--quiet", "--all", "--message=theirs"]);
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.write("index.html", "ours\n");
    sandbox.git(&["commit", "--quiet", "--all", "--message=ours"]);
    let merge = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.org",
            "rebase",
            "other",
        ])
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    assert!(!merge.status.success());
    let before = sandbox.tree();
    let text = sandbox.error(2, &["init", "--yes"]);
    assert!(
        text.contains("a rebase is under way") && text.contains("--abort"),
        "{text}"
    );
    sandbox.run(0, &["init", "--yes", "--dry-run"]);
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn a_lock_that_cannot_be_trusted_is_refused() {
    let sandbox = Sandbox::new(SITE);
    sandbox.run(0, &["init", "--yes"]);
    let lock = sandbox.read("shipway.lock");
    sandbox.write("shipway.lock", &format!("<<<<<<< HEAD\n{lock}"));
    assert!(
        sandbox
            .error(2, &["init", "--yes"])
            .contains("shipway.lock:1: has the marks of a merge")
    );
    sandbox.write("shipway.lock", &lock.replace("schema = 2", "schema = 99"));
    assert!(
        sandbox
            .error(2, &["init", "--yes"])
            .contains("install a newer shipway")
    );
    sandbox.write("shipway.lock", &format!("{lock}\nx = [\n"));
    assert!(
        sandbox
            .error(2, &["init", "--yes"])
            .contains("shipway.lock:")
    );
}

#[test]
fn answers_of_flags_land_in_the_configuration() {
    let sandbox = Sandbox::new(SITE);
    sandbox.write("shipway.toml", "# ours\nschema = 1\n");
    sandbox.run(0, &["init", "--yes", "--without", "make", "--name", "shop"]);
    let text = sandbox.read("shipway.toml");
    assert!(text.starts_with("# ours\nschema = 1\n"), "{text}");
    assert!(
        text.contains("name = \"shop\"") && text.contains("disable = [\"make\"]"),
        "{text}"
    );
    assert_eq!(sandbox.read("Makefile"), "all:\r\n\techo mine\r\n");
    sandbox.run(0, &["init", "--yes"]);
    assert_eq!(sandbox.read("Makefile"), "all:\r\n\techo mine\r\n");
}

#[test]
fn the_repositorys_own_templates_need_trust_to_make_what_runs() {
    let sandbox = Sandbox::new(SITE);
    sandbox.write(
        ".shipway/templates/extra/feature.toml",
        "summary = \"x\"\ndefault = true\n[[file]]\nid = \"extra\"\ntemplate = \"run.sh.hbs\"\n\
         path = \"run.sh\"\nreason = \"runs\"\nmode = \"0755\"\n",
    );
    sandbox.write(".shipway/templates/extra/run.sh.hbs", "#!/bin/sh\n");
    let before = sandbox.tree();
    let text = sandbox.error(2, &["init", "--yes"]);
    assert!(
        text.contains("run.sh, from .shipway/templates/extra/run.sh.hbs"),
        "{text}"
    );
    assert_eq!(sandbox.tree(), before);
    sandbox.run(0, &["init", "--yes", "--trust-templates"]);
    assert_eq!(sandbox.read("run.sh"), "#!/bin/sh\n");
}

#[test]
fn what_a_template_gives_is_parsed_before_anything_is_written() {
    let sandbox = Sandbox::new(SITE);
    sandbox.write(
        ".shipway/templates/extra/feature.toml",
        "summary = \"x\"\ndefault = true\n[[file]]\nid = \"extra\"\ntemplate = \"a.hbs\"\n\
         path = \"a.yml\"\nreason = \"x\"\n",
    );
    sandbox.write(".shipway/templates/extra/a.hbs", "a: 1\nb: [\n");
    let before = sandbox.tree();
    let text = sandbox.error(2, &["init", "--yes"]);
    assert!(
        text.contains(".shipway/templates/extra/a.hbs:2 gave a a.yml that is no valid YAML"),
        "{text}"
    );
    assert_eq!(sandbox.tree(), before);
}

/// `init --yes`, with `signal` sent after `moment` where it still runs then; counted from when it
/// begins to write, or from its start.
fn signalled(sandbox: &Sandbox, writing: bool, moment: Duration, signal: Signal) -> Output {
    let mut child = sandbox
        .command(&["init", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if writing {
        sandbox.until_it_writes(&mut child);
    }
    wait(moment, &mut child);
    let process = i32::try_from(child.id()).unwrap();
    // It may have ended in this moment; it is waited for below.
    let _ = rustix::process::kill_process(Pid::from_raw(process).unwrap(), signal);
    child.wait_with_output().unwrap()
}

/// How long a whole run takes, and the paths that are there after it; taken back again.
fn whole_run(sandbox: &Sandbox) -> (Duration, Vec<PathBuf>) {
    let began = Instant::now();
    sandbox.run(0, &["init", "--yes"]);
    let whole = began.elapsed() + Duration::from_millis(2);
    let after = sandbox.tree().into_keys().collect();
    sandbox.run(0, &["undo"]);
    (whole, after)
}

#[test]
fn interrupted_at_random_moments_it_ends_with_130_and_nothing_is_half_written() {
    let sandbox = Sandbox::new(SITE);
    let before = sandbox.tree();
    let (whole, after) = whole_run(&sandbox);
    let mut interrupted = 0;
    for round in 0..40 * scale() {
        let writing = round % 2 == 0;
        let moment = random_part(if writing { whole / 4 } else { whole });
        let output = signalled(&sandbox, writing, moment, Signal::INT);
        let now = sandbox.tree();
        let said = text(&output.stderr);
        match output.status.code() {
            Some(130) => {
                interrupted += 1;
                assert!(said.contains("error: interrupted; "), "{said}");
                assert_eq!(now, before, "round {round} after {moment:?}");
            }
            // Before it began to listen, the signal itself ends it; a shell shows that as 130.
            None => {
                assert_eq!(output.status.signal(), Some(Signal::INT.as_raw()));
                assert_eq!(now, before, "round {round} after {moment:?}");
            }
            code => {
                assert_eq!(code, Some(0), "{said}");
                assert!(now.into_keys().eq(after.iter().cloned()), "round {round}");
                sandbox.run(0, &["undo"]);
            }
        }
        assert!(
            !sandbox.path(".git/shipway/apply").exists(),
            "round {round}"
        );
    }
    assert!(interrupted > 0, "no round was interrupted");
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn killed_at_random_moments_nothing_is_lost() {
    let sandbox = Sandbox::new(SITE);
    let before = sandbox.tree();
    let (whole, after) = whole_run(&sandbox);
    for round in 0..100 * scale() {
        let writing = round % 2 == 0;
        let moment = random_part(if writing { whole / 4 } else { whole });
        signalled(&sandbox, writing, moment, Signal::KILL);
        let now = sandbox.tree();
        for (path, (content, _)) in &before {
            assert!(
                now[path].0.starts_with(content),
                "round {round}: {}",
                path.display()
            );
        }
        sandbox.run(0, &["init", "--yes"]);
        let now: Vec<_> = sandbox.tree().into_keys().collect();
        assert_eq!(now, after, "round {round} after {moment:?}");
        sandbox.run(0, &["undo"]);
        assert_eq!(sandbox.tree(), before, "round {round} after {moment:?}");
    }
}

#[test]
fn the_record_is_kept_unless_that_is_declined() {
    let sandbox = Sandbox::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        ),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let workflow = sandbox.path(".github/workflows/record.yml");
    sandbox.run(0, &["init", "--yes"]);
    assert!(workflow.exists());
    sandbox.run(0, &["undo"]);
    assert!(!workflow.exists());
    sandbox.run(0, &["init", "--yes", "--without", "record"]);
    assert!(!workflow.exists());
    // That is an answer, which later runs keep.
    sandbox.run(0, &["init", "--yes"]);
    assert!(!workflow.exists());
    sandbox.run(0, &["init", "--yes", "--feature", "record"]);
    assert!(workflow.exists());
}
