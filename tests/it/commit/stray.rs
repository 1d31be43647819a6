//! Commands that write what they may not.

use super::hooked::{self, Hooked, job};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn shell(script: &str, more: &str) -> String {
    hooked::shell("tool", script, &format!("files = [\"*.txt\"]\n{more}"))
}

#[test]
fn a_checker_that_writes_into_the_work_tree_is_undone_and_fails() {
    let hooked = Hooked::new(
        &shell(
            "echo mine >> a.txt; echo mine >> other.md; rm gone.md; chmod +x mode.md",
            "",
        ),
        &[
            ("other.md", "o\n"),
            ("gone.md", "g\n"),
            ("mode.md", "m\n"),
            ("edited.md", "e\n"),
        ],
    );
    hooked.stage("a.txt", "a\n");
    // Not the job's file: it does not keep the job out of the work tree.
    hooked.write("edited.md", "unstaged\n");
    let before = hooked.sandbox.tree();
    let (code, report) = hooked.report(&["pre-commit"]);
    assert_eq!(code, 1, "{report:#}");
    let reason = job(&report, "tool")["reason"].as_str().unwrap();
    for path in ["a.txt", "other.md", "gone.md", "mode.md"] {
        assert!(reason.contains(path), "{reason}");
    }
    assert_eq!(hooked.sandbox.tree(), before);
    assert_eq!(
        hooked.git(&["status", "--porcelain"]),
        "A  a.txt\n M edited.md\n"
    );
}

#[test]
fn what_a_checker_wrote_over_an_unstaged_edit_is_undone() {
    let hooked = Hooked::new(&shell("echo mine > other.md", ""), &[("other.md", "o\n")]);
    hooked.stage("a.txt", "a\n");
    hooked.write("other.md", "an afternoon's work\n");
    hooked.refused(&["commit", "-m", "x"]);
    assert_eq!(hooked.read("other.md"), "an afternoon's work\n");
}

#[test]
fn a_fixer_that_writes_other_files_fails_and_they_stay() {
    let hooked = Hooked::new(
        &shell("echo mine >> a.txt; echo mine >> other.md", "fix = true"),
        &[("other.md", "o\n")],
    );
    hooked.stage("a.txt", "a\n");
    let (code, report) = hooked.report(&["pre-commit"]);
    assert_eq!(code, 1, "{report:#}");
    assert!(
        job(&report, "tool")["reason"]
            .as_str()
            .unwrap()
            .contains("other.md")
    );
    assert_eq!(hooked.read("other.md"), "o\n");
}

#[test]
fn a_fixer_that_deletes_its_files_fails_and_they_stay() {
    let hooked = Hooked::new(&shell("rm a.txt", "fix = true"), &[]);
    hooked.stage("a.txt", "a\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(said.contains("deleted a.txt"), "{said}");
    assert_eq!(hooked.read("a.txt"), "a\n");
    assert_eq!(hooked.at("", "a.txt"), "a\n");
}

#[test]
fn a_fixer_that_crashes_half_way_changes_nothing() {
    let hooked = Hooked::new(
        &shell("printf half > a.txt; kill -SEGV $$", "fix = true"),
        &[],
    );
    hooked.stage("a.txt", "a\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(said.contains("signal 11"), "{said}");
    assert_eq!(hooked.read("a.txt"), "a\n");
    assert_eq!(hooked.at("", "a.txt"), "a\n");
    // Nor does the next run see anything of it.
    hooked
        .sandbox
        .write("shipway.toml", &shell("grep a \"$@\"", "fix = true"));
    hooked.trust();
    hooked.git(&["commit", "-m", "x"]);
}

/// Runs the hook; writes `content` to `a.txt` as soon as the job is under way.
fn write_meanwhile(hooked: &Hooked, content: &str) -> (i32, String) {
    let child = hooked
        .shipway(&["hooks", "run", "pre-commit"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let marker = hooked.path(".git/shipway/under-way");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !marker.exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    hooked.write("a.txt", content);
    hooked.write(".git/shipway/go-on", "");
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), super::hooked::said(&output))
}

const WAIT: &str = "d=$(git rev-parse --git-common-dir)/shipway; touch $d/under-way; for i in $(seq 1000); do test -e $d/go-on && break; sleep 0.02; done";

#[test]
fn what_an_editor_writes_meanwhile_is_noticed_and_stays() {
    let hooked = Hooked::new(&shell(WAIT, ""), &[]);
    hooked.stage("a.txt", "a\n");
    let (code, said) = write_meanwhile(&hooked, "typed meanwhile\n");
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("a.txt was written while the hook ran"),
        "{said}"
    );
    assert_eq!(hooked.read("a.txt"), "typed meanwhile\n");
}

#[test]
fn a_fix_is_merged_into_what_an_editor_writes_meanwhile() {
    let hooked = Hooked::new(
        &shell(&format!("{WAIT}; sed -i s/BAD/GOOD/ \"$@\""), "fix = true"),
        &[],
    );
    hooked.stage("a.txt", "BAD\nb\nc\n");
    let (code, said) = write_meanwhile(&hooked, "BAD\nb\nc\ntyped meanwhile\n");
    assert_eq!(code, 0, "{said}");
    assert_eq!(hooked.read("a.txt"), "GOOD\nb\nc\ntyped meanwhile\n");
    assert_eq!(hooked.at("", "a.txt"), "GOOD\nb\nc\n");
}
