//! pre-push: exactly the pushed commits, and tests once.

use super::hooked::{Hooked, ok, said};
use super::runner::wait_until;
use std::path::PathBuf;
use std::process::Stdio;

/// A run of it leaves a line.
const TESTS: &str = "[[hooks.pre-push]]\nname = \"test\"\nrun = \"sh -c 'echo run >> $COUNT; git rev-parse HEAD^{tree}'\"\n";
const KEYS: &str = "[[hooks.pre-push]]\ncheck = \"private-keys\"\n";

/// Written apart, for this file is looked at, too.
fn key() -> String {
    let material = "MIIEowIBAAKCAQEAtestonlytestonlytestonlytestonly0123456789";
    format!(
        "-----BEGIN RSA {0} KEY-----\n{material}\n-----END RSA {0} KEY-----\n",
        "PRIVATE"
    )
}

struct Pushed {
    hooked: Hooked,
    remote: tempfile::TempDir,
}

impl Pushed {
    fn new(config: &str) -> Self {
        let hooked = Hooked::new(config, &[("a.txt", "a\n")]);
        let remote = tempfile::tempdir().unwrap();
        hooked.git(&["init", "--quiet", "--bare", remote.path().to_str().unwrap()]);
        hooked.git(&["remote", "add", "origin", remote.path().to_str().unwrap()]);
        hooked.git(&["push", "--quiet", "--no-verify", "-u", "origin", "main"]);
        Self { hooked, remote }
    }

    fn commit(&self, path: &str, content: &str) {
        self.hooked.stage(path, content);
        self.hooked.git(&["commit", "--no-verify", "-qm", path]);
    }

    fn count_file(&self) -> PathBuf {
        self.hooked.path(".git/shipway/count")
    }

    fn runs(&self) -> usize {
        std::fs::read_to_string(self.count_file()).map_or(0, |text| text.lines().count())
    }

    fn push(&self, arguments: &[&str]) -> (bool, String) {
        let mut words = vec!["push", "--quiet", "origin"];
        words.extend(arguments);
        let mut command = self.hooked.git_command(&words);
        let output = command.env("COUNT", self.count_file()).output().unwrap();
        (output.status.success(), said(&output))
    }
}

fn trusted(config: &str) -> Pushed {
    let pushed = Pushed::new(config);
    std::fs::create_dir_all(pushed.hooked.path(".git/shipway")).unwrap();
    pushed
}

#[test]
fn tests_run_once_for_several_refs_and_not_for_a_deletion() {
    let pushed = trusted(TESTS);
    pushed.commit("b.txt", "b\n");
    pushed.hooked.git(&["branch", "other"]);
    pushed.hooked.git(&["tag", "-a", "v1", "-m", "v1"]);
    let (success, said) = pushed.push(&["main", "other", "v1"]);
    assert!(success, "{said}");
    assert_eq!(pushed.runs(), 1);
    let (success, said) = pushed.push(&["--delete", "other"]);
    assert!(success, "{said}");
    assert_eq!(pushed.runs(), 1);
    // What is there already needs no test.
    let (success, said) = pushed.push(&["main:again"]);
    assert!(success, "{said}");
    assert_eq!(pushed.runs(), 1);
}

#[test]
fn what_was_committed_and_taken_away_again_still_leaves_with_the_push() {
    let pushed = Pushed::new(KEYS);
    pushed.commit("key.pem", &key());
    pushed.hooked.git(&["rm", "--quiet", "key.pem"]);
    pushed.hooked.git(&["commit", "--no-verify", "-qm", "gone"]);
    let (success, said) = pushed.push(&["main"]);
    assert!(!success && said.contains("key.pem"), "{said}");
    let commit = pushed.hooked.git(&["rev-parse", "--short=12", "HEAD^"]);
    assert!(said.contains(commit.trim()), "{said}");
}

#[test]
fn what_the_other_side_has_is_not_looked_at_again() {
    let pushed = Pushed::new(KEYS);
    pushed.commit("key.pem", &key());
    pushed
        .hooked
        .git(&["push", "--quiet", "--no-verify", "origin", "main"]);
    pushed.commit("b.txt", "b\n");
    pushed.hooked.git(&["checkout", "-qb", "new"]);
    let (success, said) = pushed.push(&["new"]);
    assert!(success, "{said}");
}

#[test]
fn a_branch_without_common_history_is_looked_at_whole() {
    let pushed = Pushed::new(KEYS);
    pushed
        .hooked
        .git(&["checkout", "--quiet", "--orphan", "island"]);
    pushed.commit("key.pem", &key());
    pushed.commit("b.txt", "b\n");
    let (success, said) = pushed.push(&["island"]);
    assert!(!success && said.contains("key.pem"), "{said}");
}

#[test]
fn a_protected_branch_takes_no_push_and_a_forced_one_is_told_apart() {
    let pushed = Pushed::new("[[hooks.pre-push]]\ncheck = \"protected-branch\"\n");
    pushed.commit("b.txt", "b\n");
    let (success, said) = pushed.push(&["main"]);
    assert!(!success && said.contains("straight to main"), "{said}");
    let (success, said) = pushed.push(&["main:topic"]);
    assert!(success, "{said}");
    pushed
        .hooked
        .git(&["commit", "--no-verify", "--amend", "-qm", "other"]);
    pushed
        .hooked
        .git(&["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    let (success, said) = pushed.push(&["--force", "main"]);
    assert!(!success, "{said}");
    let (success, said) = pushed.push(&["--force", "main:topic"]);
    assert!(success, "{said}");
    let (success, said) = pushed.push(&["--delete", "main"]);
    assert!(!success && said.contains("deletes main"), "{said}");
}

#[test]
fn tests_see_what_is_pushed_and_not_the_work_tree() {
    let pushed =
        trusted("[[hooks.pre-push]]\nname = \"test\"\nrun = \"sh -c '! grep -r BAD *.txt'\"\n");
    pushed.commit("b.txt", "fine\n");
    pushed.hooked.write("b.txt", "BAD and not pushed\n");
    let (success, said) = pushed.push(&["main"]);
    assert!(success, "{said}");
    pushed.hooked.git(&["checkout", "b.txt"]);
    pushed.hooked.git(&["checkout", "-qb", "bad"]);
    pushed.commit("b.txt", "BAD\n");
    pushed.hooked.git(&["checkout", "--quiet", "main"]);
    let (success, said) = pushed.push(&["bad"]);
    assert!(!success && said.contains("BAD"), "{said}");
    assert_eq!(pushed.hooked.read("b.txt"), "fine\n");
}

#[test]
fn what_git_says_on_standard_input_reaches_a_command() {
    let pushed =
        trusted("[[hooks.pre-push]]\nname = \"lfs\"\nrun = \"sh -c 'cat > .git/shipway/stdin'\"\n");
    pushed.commit("b.txt", "b\n");
    let (success, said) = pushed.push(&["main"]);
    assert!(success, "{said}");
    let seen = pushed.hooked.read(".git/shipway/stdin");
    let head = pushed.hooked.git(&["rev-parse", "HEAD"]);
    assert!(
        seen.starts_with(&format!("refs/heads/main {}", head.trim())),
        "{seen}"
    );
}

#[test]
fn by_hand_it_is_about_the_current_branch() {
    let pushed = Pushed::new(KEYS);
    pushed.commit("key.pem", &key());
    let (code, report) = pushed.hooked.report(&["pre-push"]);
    assert_eq!(code, 1, "{report:#}");
    drop(pushed.remote);
}

#[test]
fn nonsense_on_standard_input_is_named() {
    let pushed = Pushed::new(KEYS);
    let mut command = pushed
        .hooked
        .shipway(&["hooks", "run", "pre-push", "--", "origin", "url"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"one two\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("line 1"), "{}", said(&output));
}

#[test]
fn history_is_searched_to_its_beginning() {
    let config = "[[hooks.pre-commit]]\ncheck = \"private-keys\"\n";
    let hooked = Hooked::new(config, &[]);
    hooked.stage("key.pem", key());
    hooked.git(&["commit", "--no-verify", "-qm", "key"]);
    let commit = hooked.git(&["rev-parse", "--short=12", "HEAD"]);
    hooked.git(&["rm", "--quiet", "key.pem"]);
    hooked.git(&["commit", "--no-verify", "-qm", "gone"]);
    let (code, _) = hooked.report(&["pre-commit", "--all-files"]);
    assert_eq!(code, 0);
    let (code, report) = hooked.report(&["pre-commit", "--job", "private-keys", "--history"]);
    assert_eq!(code, 1, "{report:#}");
    let finding = &report["jobs"][0]["findings"][0];
    assert_eq!(finding["path"], "key.pem");
    assert!(
        finding["message"].as_str().unwrap().contains(commit.trim()),
        "{finding}"
    );
    ok(&mut hooked.shipway(&["hooks", "list"]));
}

#[test]
fn a_search_of_what_is_pushed_ends_with_ctrl_c() {
    let pushed = Pushed::new(KEYS);
    pushed.commit("key.pem", &key());
    let hooked = &pushed.hooked;
    hooked.git(&["rm", "--quiet", "key.pem"]);
    hooked.git(&["commit", "--no-verify", "-qm", "gone"]);
    let head = hooked.git(&["rev-parse", "HEAD"]);
    let zero = "0".repeat(40);
    let told = format!("refs/heads/main {} refs/heads/main {zero}\n", head.trim());
    let mut child = hooked
        .shipway(&["hooks", "run", "pre-push", "--", "origin", "url"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It listens before it reads what is pushed.
    let mut input = child.stdin.take().unwrap();
    wait_until("SIGINT is caught", || catches_interrupts(child.id()));
    std::io::Write::write_all(&mut input, told.as_bytes()).unwrap();
    drop(input);
    let id = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    let said = said(&output);
    assert!(
        said.contains("stopped") && !said.contains("key.pem"),
        "{said}"
    );
}

/// The mask `SigCgt` of `/proc/PID/status` names the signals that have handlers.
fn catches_interrupts(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(mask.unwrap().trim(), 16).unwrap() & 2 != 0
}
