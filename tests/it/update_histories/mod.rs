//! Histories by chance: a user edits what was generated, his project changes, the templates do;
//! after each step `shipway update`, and nothing of his work is lost.
//!
//! One history is made of a fixed seed and one of a seed that is drawn and printed, both
//! `SHIPWAY_SCALE` times over; `SHIPWAY_SEED` repeats one.

mod copier;
mod edits;
mod parser;
mod versions;
mod world;

use crate::sandbox::{Sandbox, Tree, scale, skipped};
use parser::Parser;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use world::{PROPOSAL, World};

const SEED: u64 = 20_261_101;
const STEPS: usize = 20;

/// Where those files of the lock were made that lie elsewhere by now.
fn moved(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let lock: toml::Table = sandbox.read("shipway.lock").parse().unwrap();
    let artifacts = lock["artifact"].as_array().unwrap();
    let text = |one: &toml::Value, key| Some(one.get(key)?.as_str()?.to_owned());
    artifacts
        .iter()
        .filter_map(|one| Some((text(one, "moved_to")?, text(one, "path")?)))
        .collect()
}

/// What the file at `path` was called when it was made.
fn made_at(sandbox: &Sandbox, path: &str) -> String {
    let known = moved(sandbox).remove(path);
    known.unwrap_or_else(|| path.to_owned())
}

/// What was generated for the file at `path` the last time.
fn pristine(sandbox: &Sandbox, path: &str) -> Option<String> {
    let made_at = made_at(sandbox, path);
    fs::read_to_string(sandbox.path(&format!(".shipway/pristine/{made_at}"))).ok()
}

/// What happened so far, and where it went wrong.
struct Story {
    seed: u64,
    lines: Vec<String>,
    edits: usize,
    merges: usize,
    conflicts: usize,
    moves: usize,
    followed: usize,
}

impl Story {
    fn tell(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    #[track_caller]
    fn check(&self, holds: bool, said: impl FnOnce() -> String) {
        assert!(
            holds,
            "{}\n{}\nrepeated by SHIPWAY_SEED={}",
            self.lines.join("\n"),
            said(),
            self.seed
        );
    }
}

fn update(world: &World, more: &[&str]) -> (i32, String) {
    let output = world
        .sandbox
        .command(&[&["update", "--trust-templates"], more].concat())
        .env_remove("CI")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// The user settles one of the conflicts, in one of three ways.
fn settle(world: &mut World, story: &mut Story) {
    let proposals = world.proposals();
    if proposals.is_empty() || world.rng.bool() {
        return;
    }
    let path = &proposals[world.rng.usize(0..proposals.len())];
    match world.rng.u8(0..3) {
        0 => {
            fs::remove_file(world.sandbox.path(&format!("{path}{PROPOSAL}"))).unwrap();
            story.tell(format!("  takes the proposal of {path} away"));
        }
        side => {
            let side = ["--ours", "--theirs"][usize::from(side - 1)];
            let name = if world.rng.bool() {
                made_at(&world.sandbox, path)
            } else {
                path.clone()
            };
            let (code, said) = update(world, &[side, &name]);
            story.tell(format!("  settles {path} with {side}"));
            story.check(code == 0 || code == 4, || said.clone());
            if side == "--theirs" {
                world.accept(path);
            }
            loses_nothing(world, story, &said);
        }
    }
}

fn step(world: &mut World, parser: &mut Parser, story: &mut Story, at: usize) {
    story.tell(format!("step {at}"));
    settle(world, story);
    let wanted = story.edits + world.rng.usize(1..4);
    for _ in 0..100 {
        if story.edits == wanted {
            break;
        }
        if let Some(said) = edits::edit(world, parser) {
            story.edits += 1;
            story.tell(format!("  {said}"));
        }
    }
    if world.rng.u8(0..5) < 2 {
        let said = world.change_project();
        story.tell(format!("  project: {said}"));
    }
    if world.rng.bool() {
        let version = world.rng.usize(0..4);
        versions::lay(world, version);
        story.tell(format!("  templates: {version}"));
    }
    if world.rng.u8(0..3) == 0 {
        world.commit();
        story.tell("  commit");
        if world.rng.u8(0..4) == 0 {
            fs::remove_dir_all(world.sandbox.path(".shipway/pristine")).unwrap();
            story.tell("  what was generated is lost and only in git");
        }
    }
    follow(world, parser, story);
}

/// Updates, and holds what came of it against what was there before.
fn follow(world: &mut World, parser: &mut Parser, story: &mut Story) {
    let before = world.sandbox.tree();
    let (code, said) = update(world, &[]);
    story.check(code == 0 || code == 4, || said.clone());
    let after = world.sandbox.tree();
    story.merges += said.matches(" merge ").count();
    story.conflicts += said.matches("! ").count();

    loses_nothing(world, story, &said);
    let proposals = world.proposals();
    story.check((code == 4) != proposals.is_empty(), || {
        format!("{proposals:?}\n{said}")
    });
    for path in &proposals {
        let path = Path::new(path);
        story.check(before.get(path) == after.get(path), || {
            format!("{} is in conflict and was changed", path.display())
        });
    }
    for (path, (content, _)) in &after {
        let name = path.to_str().unwrap();
        let is_other = before.get(path).is_none_or(|(before, _)| before != content);
        if is_other && !name.ends_with('/') {
            let format = made_at(&world.sandbox, name.strip_suffix(PROPOSAL).unwrap_or(name));
            let wrong = parser.wrong(&world.sandbox.path(name), &format);
            story.check(wrong.is_none(), || {
                let text = String::from_utf8_lossy(content);
                format!("{name}: {}\n{text}", wrong.clone().unwrap_or_default())
            });
        }
    }
    follows_moves(world, story, &said);
    let (checked, said) = update(world, &["--check"]);
    story.check(checked == i32::from(code == 4), || said);
    check_agrees(world, story, &proposals);
    story.check(world.sandbox.tree() == after, || {
        "--check wrote something".to_owned()
    });
    if after != before {
        back_and_forth(world, story, &before);
    }
}

/// What the user did is still there after an update that `said` this.
fn loses_nothing(world: &mut World, story: &Story, said: &str) {
    let tree = world.sandbox.tree();
    let wanted = |path: &str| pristine(&world.sandbox, path);
    let lost = world.ledger.lost(&tree, wanted);
    story.check(lost.is_empty(), || format!("{}\n{said}", lost.join("\n")));
}

/// A file of fewer lines may have hardly one of them in common with what it was.
const FEW: usize = 8;

/// What the user moved is where the lock says; unless it is made no more, or two files could be it.
fn follows_moves(world: &mut World, story: &mut Story, said: &str) {
    let places = moved(&world.sandbox);
    let lock = world.sandbox.read("shipway.lock");
    for (from, to) in std::mem::take(&mut world.ledger.moves) {
        // Moved on, or deleted, before anybody looked.
        if world.ledger.gone.contains(&to) {
            continue;
        }
        story.moves += 1;
        let is_followed = places.contains_key(&to);
        story.followed += usize::from(is_followed);
        let is_made = lock.contains(&format!("\"{from}\"\n"));
        let is_unclear = said.contains(&format!("{from} is gone, and could be "));
        let Ok(text) = fs::read_to_string(world.sandbox.path(&to)) else {
            story.check(!is_made, || format!("{to} is not there any more\n{said}"));
            continue;
        };
        let is_small = text.lines().count() < FEW;
        story.check(is_followed || !is_made || is_unclear || is_small, || {
            format!("{to} is not followed\n{said}")
        });
    }
}

/// `shipway check` finds no drift but the conflicts, and every file valid.
fn check_agrees(world: &World, story: &Story, conflicts: &[String]) {
    let check = ["check", "--format", "json"];
    let output = world.sandbox.command(&check).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let of = |is_it: &dyn Fn(&Value) -> bool, field: &str| -> BTreeSet<String> {
        let found = findings.iter().filter(|one| is_it(one));
        found
            .map(|one| one[field].as_str().unwrap().to_owned())
            .collect()
    };
    let is_drift = |one: &Value| one["kind"] == "drift";
    let expected: BTreeSet<String> = conflicts.iter().cloned().collect();
    let is_right = of(&is_drift, "path") == expected
        && of(&is_drift, "rule").iter().all(|rule| rule == "conflict");
    story.check(is_right, || format!("{expected:?}\n{report:#}"));
    // What an edit means may be wrong; its form is not.
    let is_meant = |one: &Value| {
        let path = one["path"].as_str().unwrap();
        let may = ["compose-syntax", "dockerfile-syntax"];
        let rule = one["rule"].as_str().unwrap();
        rule == "old-name" || may.contains(&rule) && world.ledger.touched.contains(path)
    };
    let invalid = of(&|one| one["kind"] == "validity" && !is_meant(one), "rule");
    story.check(invalid.is_empty(), || format!("{report:#}"));
    let code = output.status.code();
    story.check(code == Some(i32::from(!findings.is_empty())), || {
        format!("{code:?}\n{report:#}")
    });
}

/// `undo` gives back the bytes of before, and `update` makes the same of them.
fn back_and_forth(world: &World, story: &Story, before: &Tree) {
    let after = world.sandbox.tree();
    let output = world.sandbox.command(&["undo"]).output().unwrap();
    story.check(output.status.success(), || format!("{output:?}"));
    let undone = world.sandbox.tree();
    story.check(undone == *before, || {
        let is_other = |path: &&std::path::PathBuf| undone.get(*path) != before.get(*path);
        let paths: Vec<_> = before
            .keys()
            .chain(undone.keys())
            .filter(is_other)
            .collect();
        format!("undo does not give back {paths:?}")
    });
    let (code, said) = update(world, &[]);
    story.check(code == 0 || code == 4, || said);
    let again = world.sandbox.tree();
    for (path, now) in &again {
        // Secrets are drawn anew.
        let is_private = path == Path::new(".env");
        story.check(is_private || after.get(path) == Some(now), || {
            format!("{} is another at the second time", path.display())
        });
    }
    story.check(after.len() == again.len(), || "fewer files".to_owned());
}

#[allow(clippy::print_stdout, reason = "a repeated history is told")]
fn history(seed: u64) {
    let Some(mut parser) = Parser::start() else {
        skipped("hadolint and check-yaml of scripts/test-deps are not there");
        return;
    };
    let mut story = Story {
        seed,
        lines: vec![format!("seed {seed}")],
        edits: 0,
        merges: 0,
        conflicts: 0,
        moves: 0,
        followed: 0,
    };
    let mut world = World::new(seed);
    world.sandbox.run(0, &["init", "--yes"]);
    world.commit();
    for at in 1..=STEPS {
        step(&mut world, &mut parser, &mut story, at);
    }
    // A history in which nothing meets says nothing.
    let counts = [
        story.edits,
        story.merges,
        story.conflicts,
        story.moves,
        story.followed,
    ];
    story.tell(format!(
        "edits, merges, conflicts, moves, moves followed: {counts:?}"
    ));
    story.check(story.edits >= STEPS, || "hardly an edit".to_owned());
    if std::env::var_os("SHIPWAY_SEED").is_some() {
        println!("{}", story.lines.join("\n"));
    }
}

fn histories(first: u64) {
    let repeated = std::env::var("SHIPWAY_SEED").ok();
    if let Some(seed) = repeated.and_then(|seed| seed.parse().ok()) {
        return history(seed);
    }
    for more in 0..scale() as u64 {
        history(first.wrapping_add(more));
    }
}

#[test]
fn of_a_fixed_seed_lose_nothing() {
    histories(SEED);
}

#[test]
fn of_a_drawn_seed_lose_nothing() {
    histories(fastrand::u64(..));
}
