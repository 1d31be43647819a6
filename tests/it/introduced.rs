//! What commits brought, beside git's combined diff, on histories made by chance with merges,
//! links, modes, and folders in the place of files. `SHIPWAY_SEED` repeats one.

use crate::sandbox::{Sandbox, scale};
use shipway::git::{self, Executable, ObjectId, Objects, Revisions};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

const SEED: u64 = 20_261_130;
const PATHS: &[&str] = &[
    "a", "a.b", "a/b", "a/b/c", "b", "b-c", "b/d", "c/d/e", "c/d/f",
];
const MODES: &[&str] = &["100644", "100755", "120000"];

/// By commit: path, mode and id of what is new in it.
type Brought = BTreeMap<String, BTreeSet<(String, String, String)>>;

/// As git-fast-import(1) reads it.
fn history(chance: &mut fastrand::Rng) -> String {
    let mut stream = String::new();
    for number in 1..=chance.usize(4..40) {
        let mut parents: Vec<usize> = (1..number).collect();
        chance.shuffle(&mut parents);
        // Few have none, most one, some two or three.
        parents.truncate([0, 1, 1, 1, 1, 2, 2, 3][chance.usize(..8)]);
        writeln!(
            stream,
            "commit refs/heads/b{number}\nmark :{number}\ncommitter A <a@b> {number} +0000\ndata 0"
        )
        .unwrap();
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            writeln!(stream, "{word} :{parent}").unwrap();
        }
        for _ in 0..chance.usize(..5) {
            let path = PATHS[chance.usize(..PATHS.len())];
            if chance.u8(..4) == 0 {
                writeln!(stream, "D {path}").unwrap();
            } else {
                let mode = MODES[chance.usize(..MODES.len())];
                let content = chance.u8(..6);
                writeln!(stream, "M {mode} inline {path}\ndata 1\n{content}").unwrap();
            }
        }
        stream.push('\n');
    }
    stream
}

/// What git says.
fn told(sandbox: &Sandbox) -> Brought {
    let log = "log --all --format=%H --raw -c -r --root --no-renames --no-abbrev --full-history";
    let words: Vec<&str> = log.split(' ').collect();
    let mut brought = Brought::new();
    let mut commit = String::new();
    for line in sandbox.git(&words).lines().filter(|line| !line.is_empty()) {
        let Some((fields, path)) = line.split_once('\t') else {
            line.clone_into(&mut commit);
            brought.entry(commit.clone()).or_default();
            continue;
        };
        // As many colons as parents, their modes and ours, their ids and ours, letters.
        let parents = fields.bytes().take_while(|byte| *byte == b':').count();
        let fields: Vec<&str> = fields[parents..].split(' ').collect();
        let (mode, id) = (fields[parents], fields[2 * parents + 1]);
        if mode != "000000" {
            let one = (path.to_owned(), mode.to_owned(), id.to_owned());
            brought.get_mut(&commit).unwrap().insert(one);
        }
    }
    brought
}

fn one(seed: u64) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let sandbox = Sandbox::new([]);
    let mut import = std::process::Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(sandbox.root())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let stream = history(&mut chance);
    import
        .stdin
        .take()
        .unwrap()
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(import.wait().unwrap().success(), "{stream}");
    let told = told(&sandbox);

    let repository = git::open(sandbox.root()).unwrap();
    let executable = Executable::new(&repository.git_dir, None);
    let objects = Objects::open(&repository.common_dir, executable).unwrap();
    let revisions = Revisions::open(&repository).unwrap();
    let tips: Vec<ObjectId> = told
        .keys()
        .map(|id| ObjectId::from_hex(id.as_bytes()).unwrap())
        .collect();
    let commits = revisions.between(&tips, &[]).unwrap();
    let mut found: Brought = told
        .keys()
        .map(|id| (id.clone(), BTreeSet::new()))
        .collect();
    for brought in revisions.introduced(&commits, &objects, &|| false).unwrap() {
        let new = found.get_mut(&brought.commit.to_string()).unwrap().insert((
            brought.path.to_string(),
            brought.mode.octal().to_owned(),
            brought.id.to_string(),
        ));
        assert!(new, "SHIPWAY_SEED={seed}: {brought:?} twice");
    }
    assert_eq!(found, told, "SHIPWAY_SEED={seed}");
}

#[test]
fn what_commits_brought_is_what_git_says() {
    if let Ok(seed) = std::env::var("SHIPWAY_SEED") {
        return one(seed.parse().unwrap());
    }
    (SEED..).take(6 * scale()).for_each(one);
    let drawn = u64::from(fastrand::u32(..));
    println!("from SHIPWAY_SEED={drawn} on");
    (drawn..).take(6 * scale()).for_each(one);
}
