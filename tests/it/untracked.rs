//! What git neither tracks nor ignores, by the crate `ignore` and by git itself, on trees and
//! rules made by chance. `SHIPWAY_SEED` repeats one.

use crate::sandbox::{Sandbox, scale};
use shipway::git::{self, IgnoreSources, Index};

const SEED: u64 = 20_261_129;
const NAMES: &[&str] = &[
    "a", "b", "c d", ".e", "f.py", "g.log", "é", "-h", "[i]", "J",
];
const RULES: &[&str] = &[
    "a", "b/", "/c d", "*.log", "!g.log", "a/*", "!a/b", "**/b", "a/**/b", ".*", "!.e", "f.??",
    "[a-c]", "\\[i\\]", "# a", "*", "!*/", "!*.py", "b ", "é", "/a/b/", "j",
];

struct Chance(fastrand::Rng);

impl Chance {
    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.0.usize(..of.len())]
    }

    fn rules(&mut self) -> String {
        (0..self.0.usize(..4)).fold(String::new(), |text, _| text + self.one(RULES) + "\n")
    }

    fn path(&mut self) -> String {
        let parts: Vec<&str> = (0..=self.0.usize(..3)).map(|_| self.one(NAMES)).collect();
        parts.join("/")
    }
}

fn write(sandbox: &Sandbox, path: &str, content: &str) {
    let at = sandbox.path(path);
    // What is a file already is no folder.
    if std::fs::create_dir_all(at.parent().unwrap()).is_ok() && !at.is_dir() {
        std::fs::write(at, content).unwrap();
    }
}

fn one(seed: u64) {
    let mut chance = Chance(fastrand::Rng::with_seed(seed));
    let sandbox = Sandbox::new([]);
    for _ in 0..chance.0.usize(..8) {
        write(&sandbox, &chance.path(), "tracked\n");
    }
    sandbox.git(&["add", "--all"]);
    for _ in 0..chance.0.usize(..16) {
        write(&sandbox, &chance.path(), "new\n");
    }
    for folder in ["", "a/", "b/", "c d/a/"] {
        if chance.0.bool() {
            let rules = chance.rules();
            write(&sandbox, &format!("{folder}.gitignore"), &rules);
        }
    }
    if chance.0.u8(..4) == 0 {
        let nested = sandbox.path(chance.one(NAMES));
        if nested.is_dir() {
            sandbox.git(&["init", "--quiet", nested.to_str().unwrap()]);
            let commit = ["commit", "--quiet", "--allow-empty", "--message=nested"];
            let mut words = vec!["-C", nested.to_str().unwrap()];
            words.extend(commit);
            sandbox.git(&words);
        }
    }
    std::os::unix::fs::symlink("nowhere", sandbox.path("link")).unwrap();
    let excludes = sandbox.path(".git/of-the-user");
    std::fs::write(&excludes, chance.rules()).unwrap();
    let info = sandbox.path(".git/info/exclude");
    std::fs::create_dir_all(info.parent().unwrap()).unwrap();
    std::fs::write(&info, chance.rules()).unwrap();

    let setting = format!("core.excludesFile={}", excludes.display());
    let listed = sandbox.git(&[
        "-c",
        &setting,
        "ls-files",
        "--others",
        "--exclude-standard",
        "-z",
    ]);
    let mut theirs: Vec<&str> = listed.split_terminator('\0').collect();
    theirs.sort_unstable();
    let repository = git::open(sandbox.root()).unwrap();
    let index = Index::read(&sandbox.path(".git/index")).unwrap();
    let sources = IgnoreSources {
        files: vec![excludes, info],
        ignore_case: false,
    };
    let ours = git::untracked(&repository, &index, &sources).unwrap();
    let ours: Vec<String> = ours.iter().map(ToString::to_string).collect();
    assert_eq!(ours, theirs, "SHIPWAY_SEED={seed}");
}

#[test]
fn the_same_files_are_untracked_as_for_git() {
    if let Ok(seed) = std::env::var("SHIPWAY_SEED") {
        return one(seed.parse().unwrap());
    }
    (SEED..).take(12 * scale()).for_each(one);
    let drawn = u64::from(fastrand::u32(..));
    println!("from SHIPWAY_SEED={drawn} on");
    (drawn..).take(12 * scale()).for_each(one);
}

#[test]
fn a_folder_that_cannot_be_read_is_said() {
    let sandbox = Sandbox::new([]);
    let repository = git::open(sandbox.root()).unwrap();
    let index = Index::read(&sandbox.path(".git/index")).unwrap();
    let gone = git::Repository {
        root: sandbox.path("gone"),
        ..repository
    };
    let error = git::untracked(&gone, &index, &IgnoreSources::default()).unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
}
