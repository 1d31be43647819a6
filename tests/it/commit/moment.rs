//! Hooks in the midst of something: merges, rebases, other work trees, sparse checkouts,
//! messages.

use super::hooked::{Hooked, install, job, ok, said, shell_in};

const BLANKS: &str = "[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\nfix = true\n[[hooks.pre-merge-commit]]\ncheck = \"trailing-whitespace\"\nfix = true\n";

/// On `main` and `other`, `a.txt` was changed at the same line.
fn parted(hooked: &Hooked) {
    hooked.git(&["checkout", "-qb", "other"]);
    hooked.stage("a.txt", "theirs\n");
    hooked.stage("blank.txt", "blank \n");
    hooked.git(&["commit", "--no-verify", "-qm", "theirs"]);
    hooked.git(&["checkout", "-q", "main"]);
    hooked.stage("a.txt", "ours\n");
    hooked.git(&["commit", "--no-verify", "-qm", "ours"]);
}

#[test]
fn a_merge_is_checked_where_it_differs_from_both_and_mends_nothing() {
    let hooked = Hooked::new(BLANKS, &[("a.txt", "base\n")]);
    parted(&hooked);
    hooked.refused(&["merge", "other"]);
    // blank.txt is theirs as it is, and not what this commit brings.
    hooked.stage("a.txt", "both \n");
    let said = hooked.refused(&["commit", "-m", "merge"]);
    assert!(
        said.contains("a.txt") && !said.contains("blank.txt"),
        "{said}"
    );
    assert!(said.contains("merge is under way"), "{said}");
    assert_eq!(hooked.read("a.txt"), "both \n");
    hooked.stage("a.txt", "both\n");
    hooked.git(&["commit", "-m", "merge"]);
}

#[test]
fn a_merge_without_conflict_is_checked_before_its_commit() {
    let hooked = Hooked::new(BLANKS, &[("a.txt", "1\n2\n3\n4\n5\n")]);
    hooked.git(&["checkout", "-qb", "other"]);
    hooked.stage("a.txt", "1 \n2\n3\n4\n5\n");
    hooked.git(&["commit", "--no-verify", "-qm", "theirs"]);
    hooked.git(&["checkout", "-q", "main"]);
    hooked.stage("a.txt", "1\n2\n3\n4\nfive\n");
    hooked.git(&["commit", "--no-verify", "-qm", "ours"]);
    let said = hooked.refused(&["merge", "-m", "merge", "other"]);
    assert!(said.contains("a.txt:1"), "{said}");
    hooked.git(&["merge", "--abort"]);
    hooked.git(&["merge", "--no-verify", "-m", "merge", "other"]);
}

#[test]
fn jobs_may_stay_away_from_merges_and_branches() {
    let config = "[[hooks.pre-commit]]\nname = \"no\"\nrun = \"false\"\nmerge = false\nbranches = [\"main\"]\n";
    let hooked = Hooked::new(config, &[("a.txt", "base\n")]);
    parted(&hooked);
    hooked.refused(&["merge", "other"]);
    hooked.stage("a.txt", "both\n");
    hooked.git(&["commit", "-m", "merge"]);
    hooked.stage("a.txt", "more\n");
    hooked.refused(&["commit", "-m", "x"]);
    hooked.git(&["checkout", "-qb", "topic"]);
    hooked.git(&["commit", "-m", "x"]);
}

#[test]
fn in_a_rebase_and_a_cherry_pick_nothing_is_mended() {
    for what in [["rebase", "other"], ["cherry-pick", "other"]] {
        let hooked = Hooked::new(BLANKS, &[("a.txt", "base\n")]);
        parted(&hooked);
        hooked.refused(&what);
        hooked.stage("a.txt", "half resolved \n");
        let said = hooked.refused(&["commit", "-m", "x"]);
        assert!(
            said.contains(&format!("a {} is under way", what[0])),
            "{said}"
        );
        assert_eq!(hooked.read("a.txt"), "half resolved \n");
        assert_eq!(hooked.at("", "a.txt"), "half resolved \n");
        hooked.stage("a.txt", "resolved\n");
        hooked.stage("blank.txt", "theirs, and no blank\n");
        hooked.git(&[what[0], "--continue"]);
    }
}

#[test]
fn a_linked_work_tree_has_its_own_state() {
    let hooked = Hooked::new(BLANKS, &[("a.txt", "a\n")]);
    let place = tempfile::tempdir().unwrap();
    let tree = place.path().join("tree");
    hooked.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "linked",
        tree.to_str().unwrap(),
    ]);
    std::fs::write(tree.join("a.txt"), "linked \n").unwrap();
    let mut command = hooked.git_command(&["commit", "-qam", "x"]);
    ok(command.current_dir(&tree));
    assert_eq!(hooked.at("linked", "a.txt"), "linked\n");
    assert_eq!(
        std::fs::read_to_string(tree.join("a.txt")).unwrap(),
        "linked\n"
    );
    assert_eq!(hooked.read("a.txt"), "a\n");
}

#[test]
fn a_git_directory_elsewhere_is_found_by_its_variables() {
    let hooked = Hooked::new(BLANKS, &[("a.txt", "a\n")]);
    let place = tempfile::tempdir().unwrap();
    let elsewhere = place.path().join("dot.git");
    std::fs::rename(hooked.path(".git"), &elsewhere).unwrap();
    install(&elsewhere.join("hooks"));
    hooked.write("a.txt", "mine \n");
    let mut command = hooked.git_command(&["commit", "-qam", "x"]);
    ok(command
        .env("GIT_DIR", &elsewhere)
        .env("GIT_WORK_TREE", hooked.root()));
    assert_eq!(hooked.read("a.txt"), "mine\n");
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let inner = Hooked::new(BLANKS, &[("a.txt", "a\n")]);
    let outer = Hooked::new("", &[]);
    let allow = "protocol.file.allow=always";
    outer.git(&[
        "-c",
        allow,
        "submodule",
        "--quiet",
        "add",
        inner.root().to_str().unwrap(),
        "sub",
    ]);
    install(&outer.path(".git/modules/sub/hooks"));
    outer.write("sub/a.txt", "mine \n");
    ok(&mut outer.git_command(&["-C", "sub", "commit", "-qam", "x"]));
    assert_eq!(outer.read("sub/a.txt"), "mine\n");
    outer.git(&["add", "sub"]);
    outer.git(&["commit", "-m", "with it"]);
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let files = [
        ("in/a.txt", "a\n"),
        ("out/b.txt", "b\n"),
        ("out/c/d.txt", "d\n"),
    ];
    let run = "[[hooks.pre-commit]]\nname = \"list\"\nrun = \"sh -c 'ls'\"\n";
    for index in ["--no-sparse-index", "--sparse-index"] {
        let hooked = Hooked::new(&format!("{BLANKS}{run}"), &files);
        hooked.git(&["sparse-checkout", "set", "--cone", index, "in"]);
        assert!(!hooked.path("out").exists());
        hooked.stage("in/a.txt", "mine \n");
        hooked.write("in/a.txt", "mine \nunstaged\n");
        hooked.git(&["commit", "-m", "x"]);
        assert_eq!(hooked.at("HEAD", "in/a.txt"), "mine\n");
        assert_eq!(hooked.read("in/a.txt"), "mine\nunstaged\n");
        assert_eq!(hooked.at("HEAD", "out/c/d.txt"), "d\n");
        assert_eq!(hooked.git(&["status", "--porcelain"]), " M in/a.txt\n");
        assert!(!hooked.path("out").exists());
        // What is outside is in the commit, and checked when all is.
        let (code, report) = hooked.report(&["pre-commit", "--all-files", "--no-fix"]);
        assert_eq!(
            (code, &report["files"]),
            (0, &4.into()),
            "{index} {report:#}"
        );
    }
}

#[test]
fn a_split_index_and_an_index_of_version_4_are_read_and_kept() {
    let hooked = Hooked::new(BLANKS, &[("a.txt", "a\n"), ("b.txt", "b\n")]);
    hooked.git(&["update-index", "--split-index"]);
    hooked.stage("a.txt", "mine \n");
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(hooked.at("HEAD", "a.txt"), "mine\n");
    hooked.git(&["update-index", "--no-split-index", "--index-version", "4"]);
    hooked.stage("a.txt", "again \n");
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(hooked.at("HEAD", "a.txt"), "again\n");
    assert_eq!(hooked.git(&["status", "--porcelain"]), "");
}

#[test]
fn checkouts_with_crlf_keep_it_and_the_commit_has_none() {
    for setup in ["attributes", "autocrlf"] {
        let run = "[[hooks.pre-commit]]\nname = \"words\"\nrun = \"sed -i s/BAD/GOOD/ {files}\"\nfiles = [\"*.txt\"]\nfix = true\n";
        let hooked = Hooked::new(&format!("{BLANKS}{run}"), &[]);
        if setup == "attributes" {
            hooked.stage(".gitattributes", "*.txt text eol=crlf\n");
        } else {
            hooked.git(&["config", "core.autocrlf", "true"]);
        }
        hooked.stage("a.txt", "one \r\nBAD\r\nthree\r\n");
        hooked.write("a.txt", "one \r\nBAD\r\nthree\r\nunstaged\r\n");
        hooked.git(&["commit", "-m", "x"]);
        assert_eq!(hooked.at("HEAD", "a.txt"), "one\nGOOD\nthree\n", "{setup}");
        assert_eq!(
            hooked.read("a.txt"),
            "one\r\nGOOD\r\nthree\r\nunstaged\r\n",
            "{setup}"
        );
        hooked.git(&["add", "a.txt"]);
        hooked.git(&["commit", "-m", "x"]);
        assert_eq!(hooked.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn what_a_filter_stores_is_what_is_checked() {
    // The filter stores the text upside down.
    let run = "[[hooks.pre-commit]]\nname = \"look\"\nrun = \"cat {files}\"\nfiles = [\"*.rev\"]\n";
    let hooked = Hooked::new(&format!("{BLANKS}{run}"), &[]);
    hooked.git(&["config", "filter.rev.clean", "tac"]);
    hooked.git(&["config", "filter.rev.smudge", "tac"]);
    hooked.stage(".gitattributes", "*.rev filter=rev\n");
    hooked.stage("a.rev", "1\n2\n3 \n");
    let (code, report) = hooked.report(&["pre-commit", "--no-fix"]);
    assert_eq!(code, 1);
    // Line 1 of what is stored is line 3 of the file.
    assert_eq!(
        job(&report, "trailing-whitespace")["findings"][0]["line"],
        1
    );
    assert_eq!(job(&report, "look")["output"], "1\n2\n3 \n");
    hooked.stage("a.rev", "1\n2\n3\n");
    hooked.git(&["commit", "-m", "x"]);
    hooked.write("other.rev", "x\n");
    hooked.write("a.rev", "1\n2\n3\n4\n");
    let (code, report) = hooked.report(&["pre-commit", "--all-files"]);
    assert_eq!(
        (code, &job(&report, "look")["output"]),
        (0, &"1\n2\n3\n".into()),
        "{report:#}"
    );
}

#[test]
fn pointers_of_lfs_are_small_files_and_stay_pointers() {
    let hooked = Hooked::new(
        "[[hooks.pre-commit]]\nname = \"look\"\nrun = \"cat {files}\"\nfiles = [\"*.bin\"]\n",
        &[],
    );
    // As git-lfs sets it up, without git-lfs.
    hooked.git(&[
        "config",
        "filter.lfs.clean",
        "sh -c 'cat >/dev/null; echo pointer'",
    ]);
    hooked.git(&[
        "config",
        "filter.lfs.smudge",
        "sh -c 'cat >/dev/null; test -n \"$GIT_LFS_SKIP_SMUDGE\" && echo pointer || echo fetched'",
    ]);
    hooked.stage(".gitattributes", "*.bin filter=lfs\n");
    hooked.stage("a.bin", "large\n");
    hooked.stage("b.txt", "b\n");
    // It is checked out in full: that is what a command sees.
    let (_, report) = hooked.report(&["pre-commit", "--job", "look"]);
    assert_eq!(job(&report, "look")["output"], "large\n", "{report:#}");
    // Where it is not, nothing is fetched for a hook.
    hooked.write("a.bin", "larger and unstaged\n");
    let (_, report) = hooked.report(&["pre-commit", "--job", "look"]);
    assert_eq!(job(&report, "look")["output"], "pointer\n", "{report:#}");
    // What was added where git-lfs is not installed is named.
    let (_, report) = hooked.report(&["pre-commit", "--job", "large-files"]);
    assert!(
        job(&report, "large-files")["findings"]
            .as_array()
            .unwrap()
            .len()
            <= 1
    );
}

#[test]
fn a_message_is_checked_and_mended() {
    let check = "[[hooks.commit-msg]]\ncheck = \"commit-message\"\nfix = true\n";
    let look = shell_in("commit-msg", "look", "! grep NO \"$1\"", "");
    let ticket = shell_in(
        "prepare-commit-msg",
        "ticket",
        "printf \"\\nRefs: X-1\\n\" >> \"$1\"",
        "",
    );
    let hooked = Hooked::new(&format!("{check}{look}{ticket}"), &[]);
    hooked.stage("a.txt", "a\n");
    let said = hooked.refused(&["commit", "-m", "no form at all"]);
    assert!(said.contains("commit-message"), "{said}");
    hooked.git(&["commit", "-m", "Feat : with a form"]);
    let message = hooked.git(&["log", "-1", "--format=%B"]);
    assert_eq!(message, "feat: with a form\n\nRefs: X-1\n\n");
    hooked.stage("a.txt", "b\n");
    hooked.refused(&["commit", "-m", "feat: NO"]);
}

#[test]
fn a_subfolder_adds_jobs_for_its_tree() {
    let hooked = Hooked::new(
        "",
        &[(
            "web/shipway.toml",
            "[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"sh -c 'pwd; echo $@; exit 1' x {files}\"\nfiles = [\"*.js\"]\n",
        )],
    );
    hooked.trust();
    hooked.stage("a.js", "a\n");
    hooked.git(&["commit", "-m", "x"]);
    hooked.stage("web/src/b.js", "b\n");
    hooked.stage("c.js", "c\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(
        said.contains("/web\n") && said.contains("src/b.js\n"),
        "{said}"
    );
}

#[test]
fn a_protected_branch_takes_no_commit() {
    let hooked = Hooked::new("[[hooks.pre-commit]]\ncheck = \"protected-branch\"\n", &[]);
    hooked.stage("a.txt", "a\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(said.contains("main is protected"), "{said}");
    hooked.git(&["checkout", "-qb", "topic"]);
    hooked.git(&["commit", "-m", "x"]);
}

#[test]
fn the_first_commit_of_all() {
    let hooked = Hooked::new(BLANKS, &[]);
    hooked.git(&["checkout", "--quiet", "--orphan", "new"]);
    hooked.git(&["rm", "--quiet", "--cached", "-r", "."]);
    hooked.stage("shipway.toml", BLANKS);
    hooked.stage("a.txt", "a \n");
    hooked.git(&["commit", "-m", "first"]);
    assert_eq!(hooked.at("HEAD", "a.txt"), "a\n");
}

#[test]
fn ranges_and_named_files_are_looked_at() {
    let hooked = Hooked::new(
        BLANKS,
        &[("a.txt", "a \n"), ("b.txt", "b \n"), ("dir/c.txt", "c\n")],
    );
    let files = |arguments: &[&str]| {
        let mut all = vec!["pre-commit", "--no-fix", "--job", "trailing-whitespace"];
        all.extend(arguments);
        let (_, report) = hooked.report(&all);
        let job = job(&report, "trailing-whitespace");
        let mut found: Vec<String> = job["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["path"].as_str().unwrap().to_owned())
            .collect();
        found.dedup();
        found
    };
    assert_eq!(files(&["--files", "b.txt", "dir"]), ["b.txt"]);
    hooked.stage("dir/c.txt", "c \n");
    hooked.git(&["commit", "--no-verify", "-qm", "x"]);
    assert_eq!(
        files(&["--from-ref", "HEAD~1", "--to-ref", "HEAD"]),
        ["dir/c.txt"]
    );
    // Where main went on meanwhile, its own changes are not the range's.
    assert_eq!(files(&["--all-files"]), ["a.txt", "b.txt", "dir/c.txt"]);
    let output = hooked
        .shipway(&[
            "hooks",
            "run",
            "pre-commit",
            "--from-ref",
            "nothing",
            "--to-ref",
            "HEAD",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output = hooked
        .shipway(&["hooks", "run", "pre-commit", "--files", "none.txt"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output = hooked
        .shipway(&["hooks", "run", "pre-commit", "--job", "none"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}
