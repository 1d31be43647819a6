//! Fixes: into the index, and merged into the file of the work tree.

use super::hooked::Hooked;

/// Takes blanks at line ends away.
const BLANKS: &str = "[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\nfix = true\n";
/// Writes BAD as GOOD in the text files that it is given.
const WORDS: &str = "[[hooks.pre-commit]]\nname = \"words\"\nrun = \"sed -i s/BAD/GOOD/ {files}\"\nfiles = [\"*.txt\"]\nfix = true\n";

/// In these cases `a.txt` is fixed by a check and by a command alike.
fn both(case: impl Fn(&Hooked, fn(&str) -> String, fn(&str) -> String)) {
    fn blank(text: &str) -> String {
        text.replace("BAD", "bad ")
    }
    fn clean(text: &str) -> String {
        text.replace("BAD", "bad")
    }
    fn bad(text: &str) -> String {
        text.to_owned()
    }
    fn good(text: &str) -> String {
        text.replace("BAD", "GOOD")
    }
    case(&Hooked::new(BLANKS, &[("a.txt", "one\n")]), blank, clean);
    case(&Hooked::new(WORDS, &[("a.txt", "one\n")]), bad, good);
}

#[test]
fn the_commit_carries_it_and_so_does_the_file() {
    both(|hooked, before, after| {
        hooked.stage("a.txt", before("BAD\ntwo\n"));
        hooked.git(&["commit", "-m", "x"]);
        assert_eq!(hooked.at("HEAD", "a.txt"), after("BAD\ntwo\n"));
        assert_eq!(hooked.read("a.txt"), after("BAD\ntwo\n"));
        assert_eq!(hooked.git(&["status", "--porcelain"]), "");
    });
}

#[test]
fn an_unstaged_edit_of_another_line_stays_unstaged() {
    both(|hooked, before, after| {
        hooked.stage("a.txt", before("one\nBAD\nthree\n"));
        hooked.write("a.txt", before("one\nBAD\nthree\nmine BAD\n"));
        hooked.git(&["commit", "-m", "x"]);
        assert_eq!(hooked.at("HEAD", "a.txt"), after("one\nBAD\nthree\n"));
        // What is only in the work tree is nobody's to mend.
        let expected = format!("{}{}", after("one\nBAD\nthree\n"), before("mine BAD\n"));
        assert_eq!(hooked.read("a.txt"), expected);
        assert_eq!(hooked.git(&["status", "--porcelain"]), " M a.txt\n");
    });
}

#[test]
fn an_unstaged_edit_of_the_same_line_stops_the_commit_and_keeps_both() {
    both(|hooked, before, after| {
        hooked.stage("a.txt", before("BAD\n"));
        hooked.stage("b.txt", before("BAD\n"));
        hooked.write("a.txt", "mine\n");
        let said = hooked.refused(&["commit", "-m", "x"]);
        assert!(said.contains("a.txt"), "{said}");
        let patch = format!("-{}", before("BAD"));
        assert!(said.contains(patch.trim_end()), "{said}");
        assert_eq!(hooked.at("", "a.txt"), before("BAD\n"));
        assert_eq!(hooked.read("a.txt"), "mine\n");
        // The other file keeps its fix.
        assert_eq!(hooked.at("", "b.txt"), after("BAD\n"));
        assert_eq!(hooked.read("b.txt"), after("BAD\n"));
    });
}

#[test]
fn a_file_deleted_or_replaced_in_the_work_tree_stays_so() {
    both(|hooked, before, after| {
        hooked.stage("a.txt", before("BAD\n"));
        hooked.stage("b.txt", before("BAD\n"));
        std::fs::remove_file(hooked.path("a.txt")).unwrap();
        std::fs::remove_file(hooked.path("b.txt")).unwrap();
        std::os::unix::fs::symlink("shipway.toml", hooked.path("b.txt")).unwrap();
        hooked.git(&["commit", "-m", "x"]);
        assert_eq!(hooked.at("HEAD", "a.txt"), after("BAD\n"));
        assert_eq!(hooked.at("HEAD", "b.txt"), after("BAD\n"));
        assert!(!hooked.path("a.txt").exists());
        assert!(hooked.path("b.txt").is_symlink());
        assert!(hooked.read("shipway.toml").contains("pre-commit"));
    });
}

#[test]
fn the_mode_of_the_file_stays() {
    use std::os::unix::fs::PermissionsExt;
    both(|hooked, before, after| {
        hooked.write("a.txt", before("BAD\n"));
        let mode = std::fs::Permissions::from_mode(0o750);
        std::fs::set_permissions(hooked.path("a.txt"), mode).unwrap();
        hooked.git(&["add", "a.txt"]);
        hooked.git(&["commit", "-m", "x"]);
        let metadata = hooked.path("a.txt").metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o750);
        assert_eq!(hooked.read("a.txt"), after("BAD\n"));
        assert!(
            hooked
                .git(&["ls-tree", "HEAD", "a.txt"])
                .starts_with("100755")
        );
    });
}

#[test]
fn commit_of_everything_and_of_a_path_carry_it_and_leave_nothing_behind() {
    both(|hooked, before, after| {
        hooked.write("a.txt", before("BAD\n"));
        hooked.git(&["commit", "-a", "-m", "all"]);
        assert_eq!(hooked.at("HEAD", "a.txt"), after("BAD\n"));
        assert_eq!(hooked.git(&["status", "--porcelain"]), "");

        // Something else is staged, and is not part of the commit.
        hooked.stage("c.txt", before("BAD\n"));
        hooked.write("a.txt", before("more\nBAD\n"));
        hooked.git(&["commit", "-m", "path", "a.txt"]);
        assert_eq!(hooked.at("HEAD", "a.txt"), after("more\nBAD\n"));
        assert_eq!(hooked.read("a.txt"), after("more\nBAD\n"));
        assert_eq!(hooked.at("", "c.txt"), before("BAD\n"));
        assert_eq!(hooked.git(&["status", "--porcelain"]), "A  c.txt\n");
    });
}

#[test]
fn commit_of_hunks_carries_the_fix_of_what_was_picked() {
    both(|hooked, before, after| {
        let base = "line\n".repeat(30);
        hooked.stage("a.txt", &base);
        hooked.git(&["commit", "-m", "base"]);
        let edited = format!("BAD\n{base}BAD\n");
        hooked.write("a.txt", before(&edited));
        let mut command = hooked.git_command(&["commit", "-p", "-m", "first hunk"]);
        let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"y\nn\n").unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(hooked.at("HEAD", "a.txt"), after(&format!("BAD\n{base}")));
        let expected = format!("{}{}", after(&format!("BAD\n{base}")), before("BAD\n"));
        assert_eq!(hooked.read("a.txt"), expected);
        assert_eq!(hooked.git(&["status", "--porcelain"]), " M a.txt\n");
    });
}

#[test]
fn an_amended_commit_carries_it() {
    both(|hooked, before, after| {
        hooked.stage("a.txt", "two\n");
        hooked.git(&["commit", "-m", "x"]);
        hooked.stage("a.txt", before("BAD\n"));
        hooked.git(&["commit", "--amend", "--no-edit"]);
        assert_eq!(hooked.at("HEAD", "a.txt"), after("BAD\n"));
        assert_eq!(hooked.git(&["rev-list", "--count", "HEAD"]), "2\n");
        assert_eq!(hooked.git(&["status", "--porcelain"]), "");
    });
}

#[test]
fn stop_mends_and_ends_with_one() {
    let hooked = Hooked::new(&BLANKS.replace("true", "\"stop\""), &[]);
    hooked.stage("a.txt", "a \n");
    hooked.refused(&["commit", "-m", "x"]);
    assert_eq!(hooked.at("", "a.txt"), "a\n");
    assert_eq!(hooked.read("a.txt"), "a\n");
    hooked.git(&["commit", "-m", "x"]);
}

#[test]
fn without_fix_nothing_is_written() {
    both(|hooked, before, _| {
        hooked.stage("a.txt", before("BAD\n"));
        let index = std::fs::read(hooked.path(".git/index")).unwrap();
        let (code, report) = hooked.report(&["pre-commit", "--no-fix"]);
        assert_eq!(code, 1, "{report:#}");
        assert_eq!(hooked.read("a.txt"), before("BAD\n"));
        assert_eq!(std::fs::read(hooked.path(".git/index")).unwrap(), index);
    });
}

#[test]
fn a_fixer_that_fails_because_it_fixed_is_asked_again() {
    let run = "sh -c 'grep -q BAD \"$@\" || exit 0; sed -i s/BAD/GOOD/ \"$@\"; exit 1' x {files}";
    let config = format!(
        "[[hooks.pre-commit]]\nname = \"words\"\nrun = {run:?}\nfiles = [\"*.txt\"]\nfix = true\n"
    );
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("a.txt", "BAD\n");
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(hooked.at("HEAD", "a.txt"), "GOOD\n");
}

#[test]
fn checks_look_at_what_commands_made_of_a_file() {
    let config = format!(
        "{}[[hooks.pre-commit]]\ncheck = \"final-newline\"\n",
        WORDS.replace("s/BAD/GOOD/", "'1s/^/x /;s/BAD/GOOD /'")
    ) + BLANKS;
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("a.txt", "BAD\n");
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(hooked.at("HEAD", "a.txt"), "x GOOD\n");
}

#[test]
fn a_checker_sees_what_fixers_made_wherever_it_stands() {
    let config = format!(
        "[[hooks.pre-commit]]\nname = \"grep\"\nrun = \"grep -H GOOD {{files}}\"\nfiles = [\"*.txt\"]\n{WORDS}"
    );
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("a.txt", "BAD\n");
    hooked.git(&["commit", "-m", "x"]);
}
