//! Verdicts: a job that passed on a tree is left out when it is asked about the same again, and
//! in no other case.

use super::hooked::{Hooked, job, ok, said, shell};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

const COUNT: &str = "echo run >> $(git rev-parse --git-common-dir)/count";
const LEDGER: &str = ".git/shipway/verdicts.jsonl";

/// Plainly no secret.
fn key(letter: &str) -> String {
    letter.repeat(40)
}

fn runs(hooked: &Hooked) -> usize {
    std::fs::read_to_string(hooked.path(".git/count")).map_or(0, |text| text.lines().count())
}

/// `hooks run` with these arguments and variables; its output must be JSON.
fn run(hooked: &Hooked, arguments: &[&str], env: &[(&str, &str)]) -> Value {
    let mut all = vec!["hooks", "run", "--format=json"];
    all.extend(arguments);
    let mut command = hooked.shipway(&all);
    let output = command.envs(env.iter().copied()).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(&output)))
}

/// The lines of the ledger, each changed.
fn rewrite(hooked: &Hooked, change: impl Fn(&mut Value)) {
    let mut text = String::new();
    for line in hooked.read(LEDGER).lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        change(&mut record);
        text.push_str(&format!("{record}\n"));
    }
    hooked.write(LEDGER, text);
}

const ALL: &[&str] = &["pre-commit", "--all-files"];
const MISSING: &[&str] = &["pre-commit", "--all-files", "--missing"];

#[test]
fn a_job_that_passed_on_the_tree_is_left_out_where_only_missing_ones_are_asked_for() {
    let hooked = Hooked::new(&shell("lint", COUNT, ""), &[("a.txt", "a\n")]);
    run(&hooked, ALL, &[]);
    run(&hooked, ALL, &[]);
    assert_eq!(runs(&hooked), 2);
    let report = run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 2, "{report:#}");
    let lint = job(&report, "lint");
    assert_eq!(lint["state"], "skipped");
    let reason = lint["reason"].as_str().unwrap();
    assert!(reason.contains("passed on exactly this tree"), "{reason}");
    assert!(
        report["notes"].to_string().contains("jobs left out"),
        "{report:#}"
    );
    hooked.stage("a.txt", "b\n");
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 3);
    // And back: that tree is known.
    hooked.stage("a.txt", "a\n");
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 3);
}

#[test]
fn what_failed_or_was_not_there_is_not_remembered() {
    let config = shell("lint", &format!("{COUNT}; exit 1"), "")
        + "[[hooks.pre-commit]]\nname = \"gone\"\nrun = \"no-such-tool {files}\"\n";
    let hooked = Hooked::new(&config, &[("a.txt", "a\n")]);
    run(&hooked, ALL, &[]);
    let report = run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 2);
    assert_eq!(job(&report, "lint")["state"], "failed");
    let reason = job(&report, "gone")["reason"].as_str().unwrap();
    assert!(reason.contains("not installed"), "{reason}");
}

#[test]
fn another_command_or_configuration_is_another_job() {
    let hooked = Hooked::new(
        &shell("lint", COUNT, ""),
        &[("a.txt", "a\n"), (".gitignore", "shipway.toml\n")],
    );
    // The tree stays the same: the configuration is no part of it.
    hooked.git(&["rm", "-q", "--cached", "shipway.toml"]);
    run(&hooked, ALL, &[]);
    for (number, config) in [
        shell("lint", &format!("{COUNT}; :"), ""),
        shell("lint", COUNT, "env = { A = \"b\" }"),
        shell("lint", COUNT, "files = [\"*.txt\"]"),
        shell("lint", COUNT, "fix = true"),
        shell("other", COUNT, ""),
        format!(
            "[hooks]\nexclude = [\"*.md\"]\n{}",
            shell("lint", COUNT, "")
        ),
    ]
    .iter()
    .enumerate()
    {
        hooked.write("shipway.toml", config);
        hooked.trust();
        let report = run(&hooked, MISSING, &[]);
        assert_eq!(runs(&hooked), number + 2, "{config}\n{report:#}");
    }
    hooked.write("shipway.toml", shell("lint", COUNT, ""));
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 7);
}

/// A program `name` in a folder of the git directory, and PATH with that folder first.
fn program(hooked: &Hooked, name: &str, script: &str) -> String {
    let file = hooked.path(&format!(".git/bin/{name}"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    // Anew, as an installer writes it.
    let draft = file.with_extension("draft");
    std::fs::write(&draft, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(&draft, &file).unwrap();
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", file.parent().unwrap().display())
}

#[test]
fn another_version_of_the_tool_is_another_job() {
    let version = |version: &str| {
        format!("test \"$1\" = --version && {{ echo linter {version}; exit; }}; {COUNT}")
    };
    for more in ["tool = { name = \"linter\" }\n", ""] {
        let config =
            format!("[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"linter {{files}}\"\n{more}");
        let hooked = Hooked::new(&config, &[("a.txt", "a\n")]);
        let path = program(&hooked, "linter", &version("1.0"));
        let env = [("PATH", path.as_str())];
        run(&hooked, ALL, &env);
        let report = run(&hooked, MISSING, &env);
        assert_eq!(runs(&hooked), 1, "{report:#}");
        if !more.is_empty() {
            let reason = job(&report, "lint")["reason"].as_str().unwrap();
            assert!(reason.ends_with("as linter 1.0"), "{reason}");
        }
        program(&hooked, "linter", &version("1.1"));
        run(&hooked, MISSING, &env);
        assert_eq!(runs(&hooked), 2, "{more}");
    }
}

#[test]
fn an_old_verdict_does_not_count() {
    let hooked = Hooked::new(&shell("lint", COUNT, ""), &[("a.txt", "a\n")]);
    run(&hooked, ALL, &[]);
    let days = 24 * 60 * 60;
    rewrite(&hooked, |record| {
        record["at"] = (record["at"].as_i64().unwrap() - 29 * days).into();
    });
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 1);
    rewrite(&hooked, |record| {
        record["at"] = (record["at"].as_i64().unwrap() - 2 * days).into();
    });
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 2);
    // Nor does one of tomorrow.
    rewrite(&hooked, |record| {
        record["at"] = (record["at"].as_i64().unwrap() + 90 * days).into();
    });
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 3);
}

#[test]
fn what_passed_on_some_files_says_nothing_of_all() {
    let hooked = Hooked::new(&shell("lint", COUNT, ""), &[("a.txt", "a\n")]);
    hooked.stage("b.txt", "b\n");
    let staged = ["pre-commit", "--missing"];
    run(&hooked, &staged, &[]);
    run(&hooked, &staged, &[]);
    assert_eq!(runs(&hooked), 1);
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 2);
    run(
        &hooked,
        &["pre-commit", "--missing", "--files", "b.txt"],
        &[],
    );
    assert_eq!(runs(&hooked), 2);

    // Of some files alone nothing is remembered.
    hooked.stage("b.txt", "c\n");
    run(&hooked, &["pre-commit", "--files", "b.txt"], &[]);
    run(
        &hooked,
        &["pre-commit", "--missing", "--files", "b.txt"],
        &[],
    );
    assert_eq!(runs(&hooked), 4);

    // The same changes on top of another tree.
    hooked.git(&["commit", "--no-verify", "-qm", "b"]);
    run(&hooked, &staged, &[]);
    assert_eq!(runs(&hooked), 4);
}

#[test]
fn a_job_of_the_whole_tree_passed_for_whoever_asks() {
    let run_it = format!("sh -c '{COUNT}'");
    let config = format!("[[hooks.pre-commit]]\nname = \"test\"\nrun = {run_it:?}\n");
    let hooked = Hooked::new(&config, &[("a.txt", "a\n")]);
    hooked.stage("b.txt", "b\n");
    hooked.git(&["commit", "-qm", "b"]);
    assert_eq!(runs(&hooked), 1);
    run(&hooked, MISSING, &[]);
    assert_eq!(runs(&hooked), 1);
}

#[test]
fn in_ci_only_what_the_key_made_counts() {
    let hooked = Hooked::new(&shell("lint", COUNT, ""), &[("a.txt", "a\n")]);
    let ci = ("CI", "true");
    let (right, wrong) = (key("r"), key("w"));
    let right = [ci, ("SHIPWAY_VERDICT_KEY", right.as_str())];
    let wrong = [ci, ("SHIPWAY_VERDICT_KEY", wrong.as_str())];
    // A person's own, without a key.
    run(&hooked, ALL, &[]);
    let report = run(&hooked, MISSING, &[ci]);
    assert_eq!(runs(&hooked), 2);
    assert!(
        report["notes"].to_string().contains("every job runs"),
        "{report:#}"
    );
    run(&hooked, MISSING, &right);
    assert_eq!(runs(&hooked), 3);
    let report = run(&hooked, MISSING, &right);
    assert_eq!(runs(&hooked), 3, "{report:#}");
    // Without the key, or with another, it does not count.
    run(&hooked, MISSING, &[ci]);
    assert_eq!(runs(&hooked), 4);
    run(&hooked, MISSING, &wrong);
    assert_eq!(runs(&hooked), 5);
}

#[test]
fn forged_and_replayed_verdicts_do_not_count() {
    let hooked = Hooked::new(&shell("lint", COUNT, ""), &[("a.txt", "a\n")]);
    let key = key("k");
    let env = [("CI", "true"), ("SHIPWAY_VERDICT_KEY", key.as_str())];
    run(&hooked, ALL, &env);
    let genuine = hooked.read(LEDGER);
    let mut expected = 1;
    let mut tried = |what: &str| {
        expected += 1;
        run(&hooked, MISSING, &env);
        assert_eq!(runs(&hooked), expected, "{what}");
        hooked.write(LEDGER, &genuine);
    };
    // For another tree: what that would be is taken from a run on it.
    hooked.stage("a.txt", "b\n");
    let tree = hooked.git(&["write-tree"]);
    rewrite(&hooked, |record| record["tree"] = tree.trim().into());
    tried("replayed for another tree");
    hooked.stage("a.txt", "a\n");
    run(&hooked, MISSING, &env);
    assert_eq!(runs(&hooked), 2, "the genuine one counts");
    hooked.write(LEDGER, &genuine);

    rewrite(&hooked, |record| record["mac"] = "00".repeat(32).into());
    tried("forged");
    rewrite(&hooked, |record| {
        record.as_object_mut().unwrap().remove("mac");
    });
    tried("without a MAC");
    rewrite(&hooked, |record| {
        let jobs = record["jobs"].as_array_mut().unwrap();
        let lint = jobs.iter_mut().find(|job| job["job"] == "lint").unwrap();
        lint["tool"] = "9.9".into();
    });
    tried("another version written in");
    rewrite(&hooked, |record| {
        record["at"] = (record["at"].as_i64().unwrap() + 1).into();
    });
    tried("a fresher date written in");
    hooked.write(LEDGER, "nonsense\n");
    tried("nonsense");
}

#[test]
fn a_short_key_is_refused_and_a_job_never_sees_the_key() {
    let script = "env > $(git rev-parse --git-common-dir)/env";
    let hooked = Hooked::new(&shell("lint", script, ""), &[("a.txt", "a\n")]);
    let mut command = hooked.shipway(&["hooks", "run", "pre-commit", "--all-files"]);
    let output = command
        .env("SHIPWAY_VERDICT_KEY", "short")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("openssl rand"), "{}", said(&output));
    let key = key("k");
    run(&hooked, ALL, &[("SHIPWAY_VERDICT_KEY", &key)]);
    let env = hooked.read(".git/env");
    assert!(env.contains("PATH=") && !env.contains(&key), "{env}");
}

fn git(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    output
}

/// `hooked` with a bare remote.
fn shared(hooked: &Hooked) -> tempfile::TempDir {
    let bare = tempfile::tempdir().unwrap();
    let path = bare.path().to_str().unwrap();
    git(bare.path(), &["init", "--quiet", "--bare"]);
    hooked.git(&["remote", "add", "origin", path]);
    hooked.git(&["push", "--quiet", "--no-verify", "origin", "main"]);
    bare
}

fn sync(hooked: &Hooked) -> Value {
    let output = ok(&mut hooked.shipway(&["hooks", "sync", "--format=json"]));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn through_the_remote_a_verdict_of_the_key_counts_elsewhere_and_no_other() {
    let config = shell("lint", COUNT, "");
    let one = Hooked::new(&config, &[("a.txt", "a\n")]);
    let bare = shared(&one);
    // Another clone, with the same tree.
    let two = Hooked::new(&config, &[("a.txt", "a\n")]);
    two.git(&["remote", "add", "origin", bare.path().to_str().unwrap()]);
    let key = key("k");
    let with_key = [("CI", "true"), ("SHIPWAY_VERDICT_KEY", key.as_str())];

    // Anybody may share what passed; elsewhere it lets nobody leave anything out.
    run(&one, ALL, &[]);
    assert_eq!(sync(&one)["sent"], 1);
    assert_eq!(sync(&two)["taken"], 1);
    run(&two, MISSING, &with_key);
    assert_eq!(runs(&two), 1);
    std::fs::remove_file(two.path(LEDGER)).unwrap();
    run(&two, MISSING, &[]);
    assert_eq!(runs(&two), 2);
    std::fs::remove_file(two.path(LEDGER)).unwrap();

    run(&one, ALL, &with_key);
    assert_eq!(sync(&one)["sent"], 1);
    sync(&two);
    let report = run(&two, MISSING, &with_key);
    assert_eq!(runs(&two), 2, "{report:#}");
    run(&two, MISSING, &[("CI", "true")]);
    assert_eq!(runs(&two), 3);
    // What passed again within one second is one verdict; another tree is always one more.
    two.stage("a.txt", "b\n");
    run(&two, ALL, &[]);
    let sent = sync(&two)["sent"].as_u64().unwrap();
    assert!((1..=2).contains(&sent), "{sent}");
    assert_eq!(sync(&one)["taken"], sent);
    assert_eq!(sync(&one)["taken"], 0);
}

#[test]
fn what_is_no_verdict_is_not_taken_from_a_remote() {
    let one = Hooked::new(&shell("lint", COUNT, ""), &[("a.txt", "a\n")]);
    let bare = shared(&one);
    run(&one, ALL, &[]);
    one.stage("a.txt", "b\n");
    run(&one, ALL, &[]);
    assert_eq!(sync(&one)["sent"], 2);
    // Somebody writes into a file of the ref.
    let script = "set -e
export GIT_INDEX_FILE=$PWD/other-index
git read-tree refs/shipway/verdicts
path=$(git ls-files | head -n 1)
blob=$(git cat-file blob :$path | sed s/pre-commit/pre-push/ | git hash-object -w --stdin)
git update-index --cacheinfo 100644,$blob,$path
tree=$(git write-tree)
commit=$(git -c user.name=x -c user.email=x@localhost commit-tree $tree -p refs/shipway/verdicts -m x)
git update-ref refs/shipway/verdicts $commit";
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(bare.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let output = one
        .shipway(&["hooks", "sync", "--format=json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let reason = report["refused"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("altered"), "{reason}");
    // The remote has the genuine one again.
    assert_eq!(sync(&one)["refused"].as_array().unwrap().len(), 0);
}

#[test]
fn without_a_remote_sync_says_what_is_missing() {
    let hooked = Hooked::new("", &[]);
    let output = hooked.shipway(&["hooks", "sync"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said(&output).contains("git remote add"),
        "{}",
        said(&output)
    );
}

#[test]
fn ci_names_the_commits_that_came_unchecked() {
    let config = "[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\nfix = true\n";
    let hooked = Hooked::new(config, &[("a.txt", "a\n")]);
    let _bare = shared(&hooked);
    let first = hooked.git(&["rev-parse", "HEAD"]);
    hooked.stage("a.txt", "checked\n");
    hooked.git(&["commit", "-qm", "checked"]);
    hooked.stage("a.txt", "mended \n");
    hooked.git(&["commit", "-qm", "mended"]);
    assert_eq!(hooked.at("HEAD", "a.txt"), "mended\n");
    hooked.stage("a.txt", "unchecked \n");
    hooked.git(&["commit", "--no-verify", "-qm", "unchecked"]);
    let unchecked = hooked.git(&["rev-parse", "HEAD"]);
    hooked.stage("a.txt", "last\n");
    hooked.git(&["commit", "-qm", "last"]);
    let range = [
        "pre-commit",
        "--missing",
        "--from-ref",
        first.trim(),
        "--to-ref",
        "HEAD",
    ];
    let report = run(&hooked, &range, &[("CI", "true")]);
    assert!(
        report["notes"].to_string().contains("shipway hooks sync"),
        "{report:#}"
    );
    assert_eq!(report["unchecked"], Value::Array(Vec::new()));
    sync(&hooked);
    let report = run(&hooked, &range, &[("CI", "true")]);
    assert_eq!(report["unchecked"], serde_json::json!([unchecked.trim()]));
    let note = "1 of 4 commits came unchecked";
    assert!(report["notes"].to_string().contains(note), "{report:#}");
    // On a person's machine it is nobody's business.
    let report = run(&hooked, &range, &[]);
    assert_eq!(report["unchecked"], Value::Array(Vec::new()));
}

#[test]
fn a_check_of_more_than_the_tree_always_runs() {
    let hooked = Hooked::new(
        "[[hooks.pre-commit]]\ncheck = \"protected-branch\"\n[[hooks.pre-commit]]\ncheck = \"json-syntax\"\n",
        &[("a.json", "{}\n")],
    );
    hooked.git(&["checkout", "-qb", "topic"]);
    hooked.stage("b.json", "{}\n");
    let staged = ["pre-commit", "--missing"];
    run(&hooked, &staged, &[]);
    hooked.git(&["checkout", "-q", "main"]);
    let report = run(&hooked, &staged, &[]);
    assert_eq!(job(&report, "json-syntax")["state"], "skipped");
    assert_eq!(job(&report, "protected-branch")["state"], "failed");
}

#[test]
fn the_tree_of_a_verdict_is_the_one_that_git_writes() {
    let hooked = Hooked::new(
        "[[hooks.pre-commit]]\ncheck = \"merge-markers\"\n",
        &[("a/b/c.txt", "1\n"), ("a.txt", "2\n"), ("a-b/x", "3\n")],
    );
    hooked.stage("a/b/d.txt", "4\n");
    hooked.stage("z/y/x.sh", "#!/bin/sh\n");
    hooked.git(&["update-index", "--chmod=+x", "z/y/x.sh"]);
    std::os::unix::fs::symlink("a.txt", hooked.path("a/link")).unwrap();
    hooked.git(&["add", "a/link"]);
    hooked.write("intended/only.txt", "5\n");
    hooked.git(&["add", "--intent-to-add", "intended/only.txt"]);
    hooked.git(&["rm", "-q", "--cached", "a-b/x"]);
    run(&hooked, &["pre-commit"], &[]);
    let last = hooked.read(LEDGER);
    let record: Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert_eq!(record["tree"], hooked.git(&["write-tree"]).trim());
}
