//! This repository is its own first user.

use crate::sandbox::Sandbox;
use std::path::Path;

#[test]
fn running_init_again_here_changes_nothing() {
    let sandbox = Sandbox::copy_of("");
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
