//! What is checked is what will be committed, whatever lies in the work tree.

use super::hooked::{Hooked, job};

/// A command that fails on files with BAD in them, and prints them all.
const LOOK: &str = "[[hooks.pre-commit]]\nname = \"look\"\nrun = \"sh -c 'grep -H \\\"\\\" \\\"$@\\\"; ! grep -l BAD \\\"$@\\\"' x {files}\"\n";
const PLACE: &str =
    "[[hooks.pre-commit]]\nname = \"place\"\nrun = \"sh -c 'pwd -P > ../place; ls -A'\"\n";

#[test]
fn a_command_sees_the_staged_content() {
    let hooked = Hooked::new(LOOK, &[("a.txt", "one\n")]);
    hooked.stage("a.txt", "fine\n");
    hooked.write("a.txt", "BAD and unstaged\n");
    hooked.git(&["commit", "-m", "x"]);
    hooked.stage("a.txt", "BAD\n");
    hooked.write("a.txt", "fine again\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(said.contains("a.txt:BAD"), "{said}");
    assert_eq!(hooked.read("a.txt"), "fine again\n");
}

#[test]
fn a_check_sees_the_staged_content() {
    let hooked = Hooked::new("", &[("a.json", "{}\n")]);
    hooked.stage("a.json", "{}\n\n");
    hooked.write("a.json", "{ broken");
    hooked.git(&["commit", "-m", "x"]);
}

#[test]
fn it_runs_in_the_work_tree_where_that_is_what_is_committed() {
    let hooked = Hooked::new(
        &PLACE.replace("../place", ".git/place"),
        &[("b.txt", "b\n")],
    );
    let root = hooked.root().canonicalize().unwrap();
    let place = || hooked.read(".git/place").trim().to_owned();
    hooked.stage("a.txt", "a\n");
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(place(), root.to_str().unwrap());
}

#[test]
fn it_runs_in_the_snapshot_where_a_file_of_its_own_was_edited() {
    let hooked = Hooked::new(PLACE, &[("b.txt", "b\n"), (".gitignore", "node_modules\n")]);
    hooked.write("node_modules/x/index.js", "x");
    let look = |_: &str| {
        let (code, report) = hooked.report(&["pre-commit", "--all-files"]);
        assert_eq!(code, 0, "{report:#}");
        job(&report, "place")["output"].as_str().unwrap().to_owned()
    };
    hooked.write("b.txt", "edited\n");
    let listed = look("edited");
    let place = hooked.read(".git/shipway/snapshot/0/tree/place");
    assert!(place.contains(".git/shipway/snapshot/0/tree/"), "{place}");
    assert!(
        listed.contains("b.txt") && listed.contains("node_modules"),
        "{listed}"
    );

    // An untracked file is not part of the commit either.
    hooked.git(&["checkout", "b.txt"]);
    std::fs::remove_file(hooked.path(".git/shipway/snapshot/0/tree/place")).unwrap();
    hooked.write("new.txt", "new\n");
    let listed = look("untracked");
    assert!(!listed.contains("new.txt"), "{listed}");
    assert!(hooked.path(".git/shipway/snapshot/0/tree/place").exists());
}

#[test]
fn git_in_the_snapshot_is_a_work_tree_of_what_is_staged() {
    let config = "[[hooks.pre-commit]]\nname = \"git\"\nrun = \"sh -c 'git ls-files; git status --porcelain; env | grep -c ^GIT_DIR; true'\"\n";
    let hooked = Hooked::new(config, &[("b.txt", "b\n")]);
    hooked.stage("a.txt", "a\n");
    hooked.write("b.txt", "edited\n");
    let (code, report) = hooked.report(&["pre-commit"]);
    assert_eq!(code, 0);
    let output = job(&report, "git")["output"].as_str().unwrap();
    assert_eq!(output, "a.txt\nb.txt\nshipway.toml\nA  a.txt\n0\n");
}

#[test]
fn intent_to_add_is_not_committed_and_not_lost() {
    let hooked = Hooked::new(LOOK, &[]);
    hooked.stage("a.txt", "fine\n");
    hooked.write("later.txt", "BAD and for later\n");
    hooked.git(&["add", "--intent-to-add", "later.txt"]);
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(hooked.read("later.txt"), "BAD and for later\n");
    assert_eq!(hooked.git(&["status", "--porcelain"]), " A later.txt\n");
}

#[test]
fn deleted_renamed_and_mode_only_changes() {
    let hooked = Hooked::new(
        LOOK,
        &[
            ("gone.txt", "BAD\n"),
            ("old.txt", "moved\n"),
            ("run.sh", "#!/bin/sh\n"),
        ],
    );
    hooked.git(&["rm", "--quiet", "gone.txt"]);
    hooked.git(&["mv", "old.txt", "new.txt"]);
    hooked.git(&["update-index", "--chmod=+x", "run.sh"]);
    let (code, report) = hooked.report(&["pre-commit"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!(report["files"], 2);
    let output = job(&report, "look")["output"].as_str().unwrap();
    assert_eq!(output, "new.txt:moved\nrun.sh:#!/bin/sh\n");
    hooked.git(&["commit", "-m", "x"]);
}

#[test]
fn only_deletions_give_a_command_nothing_to_do() {
    let hooked = Hooked::new(LOOK, &[("gone.txt", "BAD\n")]);
    hooked.git(&["rm", "--quiet", "gone.txt"]);
    let (code, report) = hooked.report(&["pre-commit"]);
    assert_eq!((code, &job(&report, "look")["state"]), (0, &"idle".into()));
}

#[test]
fn symlinks_and_submodules_are_no_files_of_a_command() {
    let hooked = Hooked::new(LOOK, &[]);
    let other = Hooked::new("", &[("x.txt", "BAD\n")]);
    hooked.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        other.root().to_str().unwrap(),
        "sub",
    ]);
    std::os::unix::fs::symlink("a.txt", hooked.path("link")).unwrap();
    hooked.stage("a.txt", "fine\n");
    hooked.git(&["add", "--all"]);
    hooked.write("a.txt", "edited, so that the snapshot is needed\n");
    let (code, report) = hooked.report(&["pre-commit"]);
    assert_eq!(code, 0, "{report:#}");
    let output = job(&report, "look")["output"].as_str().unwrap();
    let mut files: Vec<&str> = output
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    files.dedup();
    assert_eq!(files, [".gitmodules", "a.txt"]);
}

#[test]
fn a_link_that_became_a_file_with_its_target_is_found() {
    let hooked = Hooked::new(
        "[[hooks.pre-commit]]\ncheck = \"broken-symlinks\"\n",
        &[("a.txt", "a\n"), ("b/c.txt", "c\n")],
    );
    for (link, target) in [("same", "a.txt"), ("ended", "b/c.txt"), ("meant", "a.txt")] {
        std::os::unix::fs::symlink(target, hooked.path(link)).unwrap();
    }
    hooked.git(&["add", "."]);
    hooked.git(&["commit", "-qm", "links"]);
    for (path, content) in [
        ("same", "a.txt"),
        ("ended", "b/c.txt\r\n"),
        ("meant", "text\n"),
    ] {
        std::fs::remove_file(hooked.path(path)).unwrap();
        hooked.stage(path, content);
    }
    let (code, report) = hooked.report(&["pre-commit"]);
    assert_eq!(code, 1, "{report:#}");
    let findings = job(&report, "broken-symlinks")["findings"]
        .as_array()
        .unwrap();
    let found: Vec<&str> = findings
        .iter()
        .map(|finding| finding["path"].as_str().unwrap())
        .collect();
    assert_eq!(found, ["ended", "same"]);
    // Where links cannot be made git keeps them by this, and nothing is wrong.
    hooked.git(&["reset", "-q"]);
    hooked.git(&["config", "core.symlinks", "false"]);
    hooked.git(&["add", "same"]);
    hooked.git(&["commit", "--allow-empty", "-m", "kept"]);
    assert!(
        hooked
            .git(&["ls-files", "-s", "same"])
            .starts_with("120000")
    );
}
