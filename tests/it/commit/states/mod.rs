//! Random states of index and work tree, random fixers, and SIGKILL at a random moment in a
//! third of them: afterwards both are as before, or exactly the fixed ones.
//!
//! `SHIPWAY_SCALE` times a dozen are made of a fixed seed and as many of one that is drawn and
//! printed; `SHIPWAY_SEED` repeats one.

mod maker;
mod peers;

use super::hooked::{Hooked, ok, said};
use crate::sandbox::scale;
use maker::{Maker, Staged, State, There, fixed_line};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The seed that every run has; another one is drawn and printed.
const SEED: u64 = 20_261_125;

/// Content and executable bit of every path of the index.
type Staging = BTreeMap<String, Staged>;
type Work = BTreeMap<String, There>;

fn lay(hooked: &Hooked, path: &str, there: &There) {
    let place = hooked.path(path);
    if place.symlink_metadata().is_ok() {
        std::fs::remove_file(&place).unwrap();
    }
    match there {
        There::Nothing => {}
        There::Link => {
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink("nowhere", place).unwrap();
        }
        There::File {
            content,
            executable,
        } => {
            hooked.write(path, content);
            let bits = if *executable { 0o755 } else { 0o644 };
            std::fs::set_permissions(place, std::fs::Permissions::from_mode(bits)).unwrap();
        }
    }
}

/// The state in a repository of its own that has `more` in its first commit.
fn build(state: &State, more: (&str, &str)) -> Hooked {
    let hooked = Hooked::new(&state.config, &[(".gitignore", "ignored\n"), more]);
    for file in &state.files {
        if let Some(content) = &file.head {
            hooked.write(&file.path, content);
        }
    }
    hooked.git(&["add", "--all"]);
    hooked.git(&["commit", "--no-verify", "--allow-empty", "-qm", "head"]);
    for file in &state.files {
        match &file.staged {
            Some(staged) => {
                let there = There::File {
                    content: staged.content.clone(),
                    executable: staged.executable,
                };
                lay(&hooked, &file.path, &there);
            }
            None => lay(&hooked, &file.path, &There::Nothing),
        }
    }
    hooked.git(&["add", "--all"]);
    for file in &state.files {
        lay(&hooked, &file.path, &file.work);
    }
    hooked.write("untracked.txt", "mine BAD \n");
    hooked.write("ignored", "mine BAD \n");
    hooked
}

fn staging(hooked: &Hooked) -> Staging {
    hooked
        .git(&["ls-files", "--stage", "-z"])
        .split_terminator('\0')
        .map(|line| {
            let (facts, path) = line.split_once('\t').unwrap();
            let mut facts = facts.split(' ');
            let executable = facts.next() == Some("100755");
            let id = facts.next().unwrap();
            let output = ok(&mut hooked.git_command(&["cat-file", "blob", id]));
            let staged = Staged {
                content: output.stdout.into(),
                executable,
            };
            (path.to_owned(), staged)
        })
        .collect()
}

fn work(hooked: &Hooked) -> Work {
    let mut found = Work::new();
    let mut open = vec![hooked.root().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            let path = entry.path();
            let name = path
                .strip_prefix(hooked.root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if name == ".git" {
                continue;
            }
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_symlink() {
                found.insert(name, There::Link);
            } else {
                let bits = entry.metadata().unwrap().permissions().mode();
                found.insert(
                    name,
                    There::File {
                        content: std::fs::read(&path).unwrap().into(),
                        executable: bits & 0o100 != 0,
                    },
                );
            }
        }
    }
    found
}

/// What index and work tree shall be once all fixes that go in are in.
fn fixed(state: &State, before: (&Staging, &Work)) -> (Staging, Work) {
    let (mut staging, mut work) = (before.0.clone(), before.1.clone());
    for file in &state.files {
        let (Some(staged), Some(fixed_work)) = (&file.staged, &file.fixed_work) else {
            continue;
        };
        let in_commit = file.head.as_ref() != Some(&staged.content) || staged.executable;
        if !in_commit || file.path.ends_with(".bin") {
            continue;
        }
        let text = staged.content.to_string();
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let content: String = text
            .split_inclusive('\n')
            .map(|line| fixed_line(line, ending))
            .collect();
        staging.get_mut(&file.path).unwrap().content = content.into();
        if *fixed_work != There::Nothing {
            work.insert(file.path.clone(), fixed_work.clone());
        }
    }
    (staging, work)
}

/// The command that commits; its hook writes its process id into a file.
fn to_commit(hooked: &Hooked, state: &State) -> Command {
    let hook = hooked.path(".git/hooks/pre-commit");
    let text = std::fs::read_to_string(&hook).unwrap();
    let (interpreter, rest) = text.split_once('\n').unwrap();
    let text = format!(
        "{interpreter}\necho $$ > .git/hook-pid.new; mv .git/hook-pid.new .git/hook-pid\n{rest}"
    );
    std::fs::write(&hook, text).unwrap();
    let words: Vec<&str> = state.commit.iter().map(String::as_str).collect();
    hooked.git_command(&words)
}

/// Runs it; kills the hook, and git where that is asked for. Whether it was killed, and git's
/// success.
fn commit(hooked: &Hooked, state: &State, command: &mut Command) -> (bool, bool, String) {
    let mut git = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut killed = false;
    if let Some((after, both)) = state.kill {
        let pid = hooked.path(".git/hook-pid");
        let deadline = Instant::now() + Duration::from_secs(20);
        while !pid.exists() && git.try_wait().unwrap().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        // The moment itself is what is random.
        std::thread::sleep(Duration::from_millis(after));
        if let Ok(text) = std::fs::read_to_string(&pid)
            && git.try_wait().unwrap().is_none()
        {
            let id = nix::unistd::Pid::from_raw(text.trim().parse().unwrap());
            killed = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL).is_ok();
            if both {
                let _ = git.kill();
                killed = true;
            }
        }
    }
    let output = git.wait_with_output().unwrap();
    (killed, output.status.success(), said(&output))
}

/// One state from its making to what became of it.
fn one(state: &State, what: &str) {
    let hooked = build(state, ("README", "hooks\n"));
    let before = (staging(&hooked), work(&hooked));
    let after = fixed(state, (&before.0, &before.1));
    let (killed, success, said) = commit(&hooked, state, &mut to_commit(&hooked, state));
    if killed {
        // Its locks are git's business.
        let _ = std::fs::remove_file(hooked.path(".git/index.lock"));
        wait_for_guardians(&hooked);
        ok(&mut hooked.shipway(&["hooks", "recover"]));
    }
    let now = (staging(&hooked), work(&hooked));
    let clash = state.files.iter().any(|file| file.fixed_work.is_none());
    let mut report = String::new();
    let _ = write!(
        report,
        "{what}\n{state:#?}\nkilled: {killed}, git succeeded: {success}\n{said}"
    );
    if killed {
        assert!(
            now == before || now == after,
            "{report}\nnow {now:#?}\nbefore {before:#?}\nafter {after:#?}"
        );
    } else {
        assert!(now == after, "{report}\nnow {now:#?}\nafter {after:#?}");
        let empty = !state.commit.iter().any(|word| word == "--amend") && said.contains("nothing");
        assert_eq!(
            success,
            !clash && !empty && !said.contains("no changes"),
            "{report}"
        );
        if success {
            let ledger = hooked.read(".git/shipway/verdicts.jsonl");
            let last: serde_json::Value =
                serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
            let tree = hooked.git(&["rev-parse", "HEAD^{tree}"]);
            assert_eq!(last["tree"], tree.trim(), "{report}");
        }
    }
}

/// A guardian holds the lock of its run until nothing of the job is left.
fn wait_for_guardians(hooked: &Hooked) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let runs = hooked.path(".git/shipway/hooks");
    while Instant::now() < deadline {
        let held = std::fs::read_dir(&runs)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| {
                let name = entry.file_name();
                name.to_str().unwrap().starts_with("run-") && is_held(&entry.path().join("lock"))
            });
        if !held {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("a guardian stays");
}

fn is_held(lock: &Path) -> bool {
    std::fs::File::open(lock).is_ok_and(|file| file.try_lock().is_err())
}

fn run_all(seed: u64, count: usize) {
    for seed in (seed..).take(count) {
        one(&Maker::new(seed).state(), &format!("SHIPWAY_SEED={seed}"));
    }
}

#[test]
fn random_states_end_as_before_or_exactly_fixed() {
    if let Ok(seed) = std::env::var("SHIPWAY_SEED") {
        return run_all(seed.parse().unwrap(), 1);
    }
    run_all(SEED, 12 * scale());
    let drawn = fastrand::u32(..);
    println!("from SHIPWAY_SEED={drawn} on");
    run_all(drawn.into(), 12 * scale());
}
