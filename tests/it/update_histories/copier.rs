//! The same edits and the same new versions through copier: what is left of the user's work.
//!
//! copier's template is made of the files that `shipway init` makes of each state of the project and
//! of the templates, under one tag each. What the user does to shipway's files he does to copier's,
//! where these are still such that it can be done. `SHIPWAY_HISTORIES` says how many histories there
//! are, `SHIPWAY_SEED` the first.

use super::world::{PROPOSAL, World};
use super::{Parser, edits, update, versions};
use crate::sandbox::{Sandbox, scale, skipped};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

const SEED: u64 = 20_261_201;
/// Updates of one history, and edits before each.
const UPDATES: usize = 3;
const EDITS: usize = 5;
const REJECTED: &str = ".rej";
const ANSWERS: &str = "{{_copier_conf.answers_file}}.jinja";

/// What became of the user's work and files, summed up over all updates.
#[derive(Debug, Default)]
struct Count {
    /// Words of his that are nowhere any more.
    lost: usize,
    /// Words of his that are in a reject file alone.
    rejected: usize,
    /// Files that he deleted or moved away and that are back.
    back: usize,
    /// Files with conflict marks, reject files or proposals.
    conflicts: usize,
    /// Files that do not parse.
    broken: usize,
}

/// One project that copier keeps.
struct Peer {
    sandbox: Sandbox,
    mode: &'static str,
    /// What the user wrote in here.
    words: BTreeSet<String>,
    gone: BTreeSet<String>,
    count: Count,
}

type Files = BTreeMap<String, String>;

/// What was generated in `sandbox`, without what each machine has of its own and shipway's records.
fn files(world: &World) -> Files {
    let paths = world.generated().into_iter();
    paths
        .filter(|path| !matches!(path.as_str(), ".env" | "shipway.toml"))
        .filter_map(|path| {
            let text = fs::read_to_string(world.sandbox.path(&path)).ok()?;
            Some((path, text))
        })
        .collect()
}

/// The files that `init` makes of the project as it is now.
fn generated(world: &World) -> Files {
    let clean = World::copy_of(world);
    let init = ["init", "--yes", "--name", "shop", "--trust-templates"];
    clean.sandbox.run(0, &init);
    files(&clean)
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Makes `version` of copier's template say `files`.
fn tag(template: &Sandbox, files: &Files, version: usize) {
    let folder = template.path("files");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    template.write("copier.yml", "_subdirectory: files\n");
    template.write(
        &format!("files/{ANSWERS}"),
        "{{ _copier_answers|to_nice_yaml }}",
    );
    for (path, text) in files {
        write(&folder, path, text);
    }
    commit(template);
    template.git(&["tag", &format!("{version}.0.0")]);
}

fn commit(sandbox: &Sandbox) {
    sandbox.git(&["add", "--all", "--force"]);
    sandbox.git(&[
        "commit",
        "--quiet",
        "--no-verify",
        "--allow-empty",
        "--message=x",
    ]);
}

/// What copier says where it fails.
fn copier(sandbox: &Sandbox, line: &[&str]) -> Result<(), String> {
    let output = Command::new("copier")
        .args(line)
        .current_dir(sandbox.root())
        .envs([
            ("GIT_AUTHOR_NAME", "x"),
            ("GIT_AUTHOR_EMAIL", "x@example.org"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "x"),
            ("GIT_COMMITTER_EMAIL", "x@example.org"),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(said)
}

impl Peer {
    fn new(template: &Sandbox, mode: &'static str) -> Self {
        let sandbox = Sandbox::new(&[]);
        let from = template.root().to_str().unwrap();
        let line = [
            "copy",
            "--defaults",
            "--trust",
            "--quiet",
            "--vcs-ref",
            "1.0.0",
            from,
            ".",
        ];
        copier(&sandbox, &line).unwrap();
        commit(&sandbox);
        Self {
            sandbox,
            mode,
            words: BTreeSet::new(),
            gone: BTreeSet::new(),
            count: Count::default(),
        }
    }

    /// What the user did from `before` to `after` he does here, file by file, where lines merge.
    fn edit(&mut self, before: &Files, after: &Files) {
        for (path, old) in before {
            let place = self.sandbox.path(path);
            let Ok(present) = fs::read_to_string(&place) else {
                continue;
            };
            match after.get(path) {
                Some(new) if new == old => {}
                Some(new) if present == *old => fs::write(place, new).unwrap(),
                Some(new) => {
                    if let Some(merged) = merged(&present, old, new) {
                        fs::write(place, merged).unwrap();
                    }
                }
                None => {
                    fs::remove_file(place).unwrap();
                    self.gone.insert(path.clone());
                    // It moved, with what is here in it.
                    let moved = after
                        .iter()
                        .find(|(to, text)| !before.contains_key(*to) && *text == old);
                    if let Some((to, _)) = moved {
                        write(self.sandbox.root(), to, &present);
                        self.gone.remove(to);
                    }
                }
            }
        }
    }

    fn texts(&self) -> Files {
        let tree = self.sandbox.tree().into_iter();
        tree.filter(|(path, _)| !path.to_str().unwrap().ends_with('/'))
            .map(|(path, (content, _))| {
                let path = path.to_str().unwrap().to_owned();
                (path, String::from_utf8_lossy(&content).into_owned())
            })
            .collect()
    }

    fn update(&mut self, words: &BTreeSet<String>, parser: &mut Parser) {
        let has = |texts: &Files, word: &str, is_rejected: bool| {
            texts
                .iter()
                .any(|(path, text)| path.ends_with(REJECTED) == is_rejected && text.contains(word))
        };
        let before = self.texts();
        self.words = words
            .iter()
            .filter(|word| has(&before, word, false))
            .cloned()
            .collect();
        commit(&self.sandbox);
        let line = [
            "update",
            "--defaults",
            "--trust",
            "--quiet",
            "--conflict",
            self.mode,
        ];
        copier(&self.sandbox, &line).unwrap();
        let after = self.texts();
        for word in &self.words {
            if !has(&after, word, false) {
                self.count.rejected += usize::from(has(&after, word, true));
                self.count.lost += usize::from(!has(&after, word, true));
            }
        }
        self.gone.retain(|path| {
            self.count.back += usize::from(after.contains_key(path));
            !after.contains_key(path)
        });
        for (path, text) in &after {
            let is_marked = text.lines().any(|line| line.starts_with("<<<<<<< "));
            if path.ends_with(REJECTED) {
                self.count.conflicts += 1;
                fs::remove_file(self.sandbox.path(path)).unwrap();
                continue;
            }
            self.count.conflicts += usize::from(is_marked);
            let place = self.sandbox.path(path);
            self.count.broken += usize::from(parser.wrong(&place, path).is_some());
            if is_marked {
                fs::write(place, ours(text)).unwrap();
            }
        }
        commit(&self.sandbox);
    }
}

/// `git merge-file`; None in a conflict.
fn merged(present: &str, old: &str, new: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let names = ["present", "old", "new"].map(|name| folder.path().join(name));
    for (name, text) in names.iter().zip([present, old, new]) {
        fs::write(name, text).unwrap();
    }
    let git = Command::new("git")
        .args(["merge-file", "-p"])
        .args(&names)
        .output();
    let git = git.unwrap();
    git.status
        .success()
        .then(|| String::from_utf8_lossy(&git.stdout).into_owned())
}

/// The user settles every conflict with his own lines.
fn ours(text: &str) -> String {
    let mut theirs = false;
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match line.get(..7) {
            Some("<<<<<<<") => {}
            Some("=======") => theirs = true,
            Some(">>>>>>>") => theirs = false,
            _ if theirs => {}
            _ => out.push_str(line),
        }
    }
    out
}

/// The counts of shipway, of copier with marks in the files, and of copier with reject files; and
/// how many words the user wrote.
fn history(seed: u64, parser: &mut Parser) -> ([Count; 3], usize) {
    let mut world = World::new(seed);
    world.sandbox.run(0, &["init", "--yes", "--name", "shop"]);
    world.commit();
    let template = Sandbox::new(&[]);
    tag(&template, &files(&world), 1);
    let mut peers = ["inline", "rej"].map(|mode| Peer::new(&template, mode));
    let mut ours = Count::default();
    let mut written = BTreeSet::new();
    for at in 1..=UPDATES {
        let mut done = 0;
        for _ in 0..20 * EDITS {
            let before = files(&world);
            if done < EDITS && edits::edit(&mut world, parser).is_some() {
                done += 1;
                let after = files(&world);
                for peer in &mut peers {
                    peer.edit(&before, &after);
                }
            }
        }
        world.change_project();
        versions::lay(&world, (at + 1) % 4);
        tag(&template, &generated(&world), at + 1);
        let private = |path: &String| matches!(path.as_str(), ".env" | "shipway.toml" | "app.py");
        let tokens = world.ledger.tokens.iter();
        let words: BTreeSet<String> = tokens
            .filter(|(_, path)| !private(path))
            .map(|(word, _)| word.clone())
            .collect();
        written.extend(words.clone());
        for peer in &mut peers {
            peer.update(&words, parser);
        }
        let (code, said) = update(&world, &[]);
        assert!(code == 0 || code == 4, "{said}");
        let after = files(&world);
        let is_there = |word: &&String| after.values().any(|text| text.contains(word.as_str()));
        ours.lost += words.iter().filter(|word| !is_there(word)).count();
        let gone = world.ledger.gone.iter();
        ours.back += gone.filter(|path| after.contains_key(*path)).count();
        ours.conflicts += world.proposals().len();
        for path in after.keys() {
            let wrong = parser.wrong(&world.sandbox.path(path), path);
            ours.broken += usize::from(wrong.is_some());
        }
        for path in world.proposals() {
            fs::remove_file(world.sandbox.path(&format!("{path}{PROPOSAL}"))).unwrap();
        }
    }
    let [inline, rejects] = peers;
    ([ours, inline.count, rejects.count], written.len())
}

#[test]
#[allow(clippy::print_stdout, reason = "the counts are what it is for")]
fn beside_copier_nothing_is_lost() {
    let Some(mut parser) = Parser::start().filter(|_| which::which("copier").is_ok()) else {
        skipped("copier, hadolint and check-yaml of scripts/test-deps are not there");
        return;
    };
    let histories = std::env::var("SHIPWAY_HISTORIES").ok();
    let histories = histories.and_then(|text| text.parse().ok());
    let first = std::env::var("SHIPWAY_SEED").ok();
    let first = first.and_then(|text| text.parse().ok()).unwrap_or(SEED);
    for at in 0..histories.unwrap_or(scale() as u64) {
        let seed = first.wrapping_add(at);
        let (counts, words) = history(seed, &mut parser);
        println!("seed {seed}, {words} words");
        for (name, count) in ["shipway", "copier inline", "copier rej"]
            .iter()
            .zip(&counts)
        {
            println!("  {name}: {count:?}");
        }
        let ours = &counts[0];
        assert_eq!(
            (ours.lost, ours.back, ours.broken),
            (0, 0, 0),
            "seed {seed}"
        );
    }
}
