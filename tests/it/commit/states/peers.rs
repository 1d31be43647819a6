//! prek and pre-commit on the same states: where nothing is unstaged they must come to the same
//! files, which checks what the states are held against. What they lose of the first states of
//! the fixed seed, `SHIPWAY_SCALE` times four, is printed.

use super::super::hooked::{Hooked, ok};
use super::maker::{KILL_WITHIN, Maker, Staged, State, There};
use super::{SEED, Staging, Work, build, commit, fixed, staging, to_commit, work};
use crate::sandbox::{scale, skipped};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What became of the states in the hands of one peer.
#[derive(Debug, Default)]
struct Tally {
    states: usize,
    killed: usize,
    /// Index and work tree as before, or the work tree exactly fixed.
    whole: usize,
    /// States in which the work tree lacks a line that nobody had staged.
    losing: usize,
    /// Those of them in which the peer was killed.
    losing_killed: usize,
    /// Such lines in all, and those of them that no patch of the peer holds either.
    lost_lines: usize,
    beyond_patches: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} states, {} killed: {} as before or exactly fixed; unstaged lines gone from the \
             work tree in {} ({} killed): {} lines, {} of them in no patch file either",
            self.states,
            self.killed,
            self.whole,
            self.losing,
            self.losing_killed,
            self.lost_lines,
            self.beyond_patches
        )
    }
}

fn configuration(state: &State) -> String {
    let hook = |id: &str, entry: &str| json!({"id": id, "name": id, "entry": entry, "language": "system", "files": "\\.txt$"});
    let hooks = [
        hook("words", &state.words),
        hook("blanks", "trailing-whitespace-fixer"),
    ];
    json!({"repos": [{"repo": "local", "hooks": hooks}]}).to_string()
}

/// Every line that nobody had staged: where it is, and the number that no other line has.
fn unstaged(state: &State, before: &Work) -> BTreeSet<(String, String)> {
    state
        .files
        .iter()
        .flat_map(|file| {
            let staged = file.staged.as_ref().map(|staged| numbers(&staged.content));
            let staged = staged.unwrap_or_default();
            let there = before.get(&file.path).map(lines).unwrap_or_default();
            let new = there.difference(&staged).cloned().collect::<Vec<_>>();
            new.into_iter().map(|number| (file.path.clone(), number))
        })
        .collect()
}

fn lines(there: &There) -> BTreeSet<String> {
    match there {
        There::File { content, .. } => numbers(content),
        There::Nothing | There::Link => BTreeSet::new(),
    }
}

fn numbers(content: &[u8]) -> BTreeSet<String> {
    String::from_utf8_lossy(content)
        .lines()
        .filter_map(|line| line.trim_start_matches('\0').split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Waits until nothing that runs in the repository is left.
fn wait_for_children(hooked: &Hooked) {
    let root = hooked.root().canonicalize().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let busy = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .any(|process| {
                std::fs::read_link(process.path().join("cwd"))
                    .is_ok_and(|folder| folder.starts_with(&root))
            });
        if !busy {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("a child of the peer stays");
}

/// The text of every patch that the peer left below `home`.
fn patches(home: &Path) -> String {
    let mut text = String::new();
    let mut open = vec![home.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().contains("patch") {
                text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
            }
        }
    }
    text
}

/// A repository in that state, with the hook of the peer, whose own files are below `home`.
struct Peer<'s> {
    state: &'s State,
    hooked: Hooked,
    home: tempfile::TempDir,
}

impl<'s> Peer<'s> {
    fn new(name: &'s str, state: &'s State) -> Self {
        let hooked = build(state, (".pre-commit-config.yaml", &configuration(state)));
        std::fs::remove_dir_all(hooked.path(".git/hooks")).unwrap();
        let home = tempfile::tempdir().unwrap();
        let peer = Self {
            state,
            hooked,
            home,
        };
        let mut install = Command::new(name);
        install.arg("install").current_dir(peer.hooked.root());
        ok(peer.at_home(&mut install));
        peer
    }

    fn at_home<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.hooked.at_home(command);
        command
            .env("PRE_COMMIT_HOME", self.home.path())
            .env("PREK_HOME", self.home.path())
    }

    /// Whether it was killed, and what was said.
    fn commit(&self) -> (bool, String) {
        let mut command = to_commit(&self.hooked, self.state);
        self.at_home(&mut command);
        let (killed, _, said) = commit(&self.hooked, self.state, &mut command);
        if killed {
            wait_for_children(&self.hooked);
        }
        (killed, said)
    }
}

/// One state from its making to what is left of it. Where it is to be killed, that is at a moment of
/// the time `span` that the peer takes.
fn one(name: &str, state: &mut State, span: Duration, tally: &mut Tally) {
    if let Some((after, _)) = &mut state.kill {
        *after = *after * u64::try_from(span.as_millis()).unwrap() / KILL_WITHIN;
    }
    let peer = Peer::new(name, state);
    let before: (Staging, Work) = (staging(&peer.hooked), work(&peer.hooked));
    let after = fixed(state, (&before.0, &before.1));
    let (killed, _) = peer.commit();
    let now = work(&peer.hooked);
    let gone = |(path, number): &(String, String)| {
        !now.get(path)
            .is_some_and(|there| lines(there).contains(number))
    };
    let mut lost = unstaged(state, &before.1);
    lost.retain(gone);
    let kept = added_by(&patches(peer.home.path()));
    tally.states += 1;
    tally.killed += usize::from(killed);
    tally.whole += usize::from(now == before.1 || now == after.1);
    tally.losing += usize::from(!lost.is_empty());
    tally.losing_killed += usize::from(killed && !lost.is_empty());
    tally.lost_lines += lost.len();
    tally.beyond_patches += lost
        .iter()
        .filter(|(_, number)| !kept.contains(number))
        .count();
}

/// The state as if everything in the work tree were staged.
fn all_staged(mut state: State) -> State {
    state.kill = None;
    for file in &mut state.files {
        file.work = match file.staged.clone() {
            Some(Staged {
                content,
                executable,
            }) => There::File {
                content,
                executable,
            },
            None => There::Nothing,
        };
        file.fixed_work = Some(file.work.clone());
    }
    state
}

/// The peer fixes the work tree of such a state as the states expect it of an index. How long that
/// takes it.
fn same_fix(name: &str, state: &State, what: &str) -> Duration {
    let peer = Peer::new(name, state);
    let (index, mut expected) = (staging(&peer.hooked), work(&peer.hooked));
    let (fixed_index, _) = fixed(state, (&index, &expected));
    for (path, staged) in fixed_index {
        let Staged {
            content,
            executable,
        } = staged;
        expected.insert(
            path,
            There::File {
                content,
                executable,
            },
        );
    }
    let begun = Instant::now();
    let (_, said) = peer.commit();
    let took = begun.elapsed();
    assert_eq!(
        work(&peer.hooked),
        expected,
        "{name}, {what}\n{state:#?}\n{said}"
    );
    took
}

/// The lines that a patch adds, by their numbers.
fn added_by(patch: &str) -> BTreeSet<String> {
    patch
        .lines()
        .filter_map(|line| line.strip_prefix('+')?.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn peers_come_to_the_same_files_where_nothing_is_unstaged() {
    for peer in ["prek", "pre-commit"] {
        let there = [peer, "trailing-whitespace-fixer"]
            .iter()
            .all(|program| which::which(program).is_ok());
        if !there {
            skipped(&format!("{peer} is missing: make test-deps"));
            continue;
        }
        let mut tally = Tally::default();
        let spans = (SEED..).take(4).map(|seed| {
            let state = all_staged(Maker::new(seed).state());
            same_fix(peer, &state, &format!("SHIPWAY_SEED={seed}"))
        });
        let span = spans.max().unwrap();
        for seed in (SEED..).take(4 * scale()) {
            one(peer, &mut Maker::new(seed).state(), span, &mut tally);
        }
        println!("{peer}: {tally}");
    }
}
