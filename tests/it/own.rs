//! This repository is its own first user.

use crate::sandbox::Sandbox;
use std::path::Path;
use std::process::Command;

/// The tracked files of this repository as they are in its work tree, committed anew.
fn copy_of_this_repository() -> Sandbox {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(here)
        .output()
        .unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let sandbox = Sandbox::new(&[]);
    for path in String::from_utf8(listed.stdout).unwrap().split('\0') {
        let from = here.join(path);
        if path.is_empty() || !from.exists() {
            continue;
        }
        let to = sandbox.root().join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
    sandbox.git(&["add", "--all", "--force"]);
    sandbox.git(&["commit", "--quiet", "--message=copy"]);
    sandbox
}

#[test]
fn running_init_again_here_changes_nothing() {
    let sandbox = copy_of_this_repository();
    let before = sandbox.tree();
    for made in [
        ".devcontainer/devcontainer.json",
        ".github/workflows/ci.yml",
        "shipway.lock",
    ] {
        assert!(before.contains_key(Path::new(made)), "{made} is missing");
    }
    sandbox.run(0, &["init", "--yes"]);
    assert!(before == sandbox.tree(), "{}", sandbox.git(&["diff"]));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}
