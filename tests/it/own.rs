//! This repository is its own first user.

use crate::sandbox::{Sandbox, text};
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

#[test]
fn every_file_passes_this_repositorys_own_hooks() {
    let sandbox = Sandbox::copy_of("");
    // Its commands are for `make lint`: a copy has no toolchain's cache.
    let output = sandbox
        .command(&["hooks", "run", "pre-commit", "--all-files", "--no-fix"])
        .env("SHIPWAY_SKIP", "cargo-fmt")
        .env_remove("CI")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_commit_here_goes_through_them() {
    let sandbox = Sandbox::copy_of("");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = if program == "git" {
            let mut git = std::process::Command::new("git");
            git.current_dir(sandbox.root());
            git.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
            git.args(arguments);
            git
        } else {
            sandbox.command(arguments)
        };
        command
            .env("SHIPWAY_SKIP", "cargo-fmt")
            .env_remove("CI")
            .output()
            .unwrap()
    };
    assert!(run("shipway", &["hooks", "install"]).status.success());
    sandbox.write("docs/new.md", "# New \n\ntext\n\n\n");
    assert!(run("git", &["add", "docs/new.md"]).status.success());
    let refused = run("git", &["commit", "--message=Some new text."]);
    let said = text(&[refused.stdout, refused.stderr].concat());
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("commit-message"), "{said}");
    let output = run("git", &["commit", "--message=docs: some new text"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        sandbox.git(&["show", "HEAD:docs/new.md"]),
        "# New\n\ntext\n"
    );
    assert_eq!(sandbox.read("docs/new.md"), "# New\n\ntext\n");
}

/// What the build would only leave out where the linker refused it.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn the_linkers_take_the_order_of_functions_and_constants() {
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("one.c");
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("link/start.ld");
    let lines = std::fs::read_to_string(&list).unwrap();
    let constant = (lines.lines())
        .find_map(|line| line.trim().strip_prefix("*(.rodata.")?.strip_suffix(')'))
        .unwrap();
    std::fs::write(
        &source,
        format!(
            "void unheard_of(void) {{}}\nvoid ts_parser_parse(void) {{}}\n\
             const char unread[64] = {{1}};\n\
             __attribute__((section(\".rodata.{constant}\"))) const char is_read[64] = {{1}};\n"
        ),
    )
    .unwrap();
    let rustc = std::process::Command::new("rustc")
        .args(["--print", "target-libdir"])
        .output()
        .unwrap();
    let linkers = Path::new(text(&rustc.stdout).trim()).with_file_name("bin/gcc-ld");
    // GNU's, and on x86-64 the one that comes with Rust.
    for linker in [None, linkers.is_dir().then_some(linkers)] {
        let program = place.path().join("program");
        let mut command = std::process::Command::new("cc");
        command.args([
            "-nostdlib",
            "-shared",
            "-ffunction-sections",
            "-fdata-sections",
            "-o",
        ]);
        command.arg(&program).arg(&source);
        command.arg(format!("-Wl,-T,{}", list.display()));
        match &linker {
            Some(folder) => command
                .arg("-fuse-ld=lld")
                .arg(format!("-B{}", folder.display())),
            None => command.arg("-fuse-ld=bfd"),
        };
        let linked = command.output().unwrap();
        assert!(linked.status.success(), "{}", text(&linked.stderr));
        let names = std::process::Command::new("nm")
            .args(["--numeric-sort", "--defined-only"])
            .arg(&program)
            .output()
            .unwrap();
        let names = text(&names.stdout);
        let at = |name: &str| names.find(&format!(" {name}\n")).unwrap();
        assert!(at("ts_parser_parse") < at("unheard_of"), "{names}");
        assert!(at("is_read") < at("unread"), "{names}");
    }
}
