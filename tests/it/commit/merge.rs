//! Merges that git commits by itself, and the messages that it prepares.

use super::hooked::{Hooked, shell_in};

/// `main` and `other` each have a file of their own; a merge of the two has no conflict.
fn parted(config: &str) -> Hooked {
    let hooked = Hooked::new(config, &[("a.txt", "1\n2\n3\n4\n5\n")]);
    hooked.git(&["checkout", "-qb", "other"]);
    hooked.stage("a.txt", "BAD\n2\n3\n4\n5\n");
    hooked.git(&["commit", "--no-verify", "-qm", "theirs"]);
    hooked.git(&["checkout", "-q", "main"]);
    hooked.stage("a.txt", "1\n2\n3\n4\nfive\n");
    hooked.git(&["commit", "--no-verify", "-qm", "ours"]);
    hooked
}

fn parents(hooked: &Hooked) -> usize {
    let line = hooked.git(&["rev-list", "--parents", "-1", "HEAD"]);
    line.split_whitespace().count() - 1
}

#[test]
fn a_failing_command_stops_a_merge_before_it_is_committed() {
    let look = |hook| shell_in(hook, "look", "! grep -H BAD \"$@\"", "");
    let hooked = parted(&format!(
        "{}{}",
        look("pre-merge-commit"),
        look("pre-commit")
    ));
    let head = hooked.git(&["rev-parse", "HEAD"]);
    let said = hooked.refused(&["merge", "-m", "merge", "other"]);
    assert!(said.contains("a.txt:BAD"), "{said}");
    assert!(said.contains("pre-merge-commit: failed"), "{said}");
    assert_eq!(hooked.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(hooked.read("a.txt"), "BAD\n2\n3\n4\nfive\n");
    // The merge is still under way; what was mended by hand is looked at by the other hook.
    let said = hooked.refused(&["commit", "-m", "merge"]);
    assert!(said.contains("pre-commit: failed"), "{said}");
    hooked.stage("a.txt", "GOOD\n2\n3\n4\nfive\n");
    hooked.git(&["commit", "-m", "merge"]);
    assert_eq!(parents(&hooked), 2);
    assert_eq!(hooked.at("HEAD", "a.txt"), "GOOD\n2\n3\n4\nfive\n");
}

#[test]
fn a_fixing_command_only_checks_while_a_merge_is_made() {
    let hooked = parted(&shell_in(
        "pre-merge-commit",
        "fix",
        "sed -i s/BAD/GOOD/ \"$@\"",
        "fix = true",
    ));
    let said = hooked.refused(&["merge", "-m", "merge", "other"]);
    assert!(said.contains("a merge is under way"), "{said}");
    assert!(said.contains("-BAD") && said.contains("+GOOD"), "{said}");
    let merged = "BAD\n2\n3\n4\nfive\n";
    assert_eq!(hooked.read("a.txt"), merged);
    assert_eq!(hooked.at("", "a.txt"), merged);
    hooked.git(&["merge", "--abort"]);
    assert_eq!(hooked.git(&["status", "--porcelain"]), "");
    hooked.git(&["merge", "--no-verify", "-m", "merge", "other"]);
    assert_eq!(parents(&hooked), 2);
}

#[test]
fn a_merge_in_which_nothing_is_wrong_is_made() {
    let hooked = parted(&shell_in(
        "pre-merge-commit",
        "names",
        "printf \"%s\\n\" \"$@\" > .git/shipway/names",
        "",
    ));
    hooked.git(&["merge", "-m", "merge", "other"]);
    assert_eq!(parents(&hooked), 2);
    // What differs from both sides.
    assert_eq!(hooked.read(".git/shipway/names"), "a.txt\n");
}

#[test]
fn the_message_that_git_prepares_can_be_added_to_for_a_commit_a_merge_and_an_amend() {
    let hooked = parted(&shell_in(
        "prepare-commit-msg",
        "ticket",
        "git interpret-trailers --in-place --if-exists doNothing --trailer \"Refs: X-1\" \"$1\"",
        "",
    ));
    hooked.git(&["merge", "-q", "--no-edit", "other"]);
    assert_eq!(parents(&hooked), 2);
    let message = |hooked: &Hooked| hooked.git(&["log", "-1", "--format=%B"]);
    assert_eq!(message(&hooked), "Merge branch 'other'\n\nRefs: X-1\n\n");
    hooked.stage("b.txt", "b\n");
    hooked.git(&["commit", "-m", "add b"]);
    assert_eq!(message(&hooked), "add b\n\nRefs: X-1\n\n");
    hooked.git(&["commit", "--amend", "--no-edit"]);
    assert_eq!(message(&hooked), "add b\n\nRefs: X-1\n\n");
}

#[test]
fn a_message_that_cannot_be_prepared_stops_the_commit() {
    let config = shell_in("prepare-commit-msg", "ticket", "echo no ticket; exit 1", "");
    let hooked = Hooked::new(&config, &[]);
    let head = hooked.git(&["rev-parse", "HEAD"]);
    hooked.stage("b.txt", "b\n");
    let said = hooked.refused(&["commit", "-m", "add b"]);
    assert!(
        said.contains("no ticket") && said.contains("prepare-commit-msg: failed"),
        "{said}"
    );
    // git calls this one in spite of --no-verify.
    let said = hooked.refused(&["commit", "--no-verify", "-m", "add b"]);
    assert!(said.contains("no ticket"), "{said}");
    assert_eq!(hooked.git(&["rev-parse", "HEAD"]), head);
    let mut skipping = hooked.git_command(&["commit", "-m", "add b"]);
    let output = skipping.env("SHIPWAY_SKIP", "ticket").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
