//! The fixtures of `tests/fixtures`, read as a tree, against what their owners would say.

use super::look;
use crate::detect::{Found, Tree};
use crate::project::Existing;
use std::path::Path;

fn found(name: &str) -> (Found, Vec<crate::project::Finding>) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Found::default();
    if name == "fair-sample" {
        let tree = Tree::read(&manifest.join("examples/fair-sample")).unwrap();
        look(&tree, &Existing::default(), &mut found);
        let findings = tree.findings();
        return (found, findings);
    }
    let text = std::fs::read_to_string(manifest.join(format!("tests/fixtures/{name}.txt"))).unwrap();
    tree_of(&text)
}

fn tree_of(text: &str) -> (Found, Vec<crate::project::Finding>) {
    let folder = tempfile::tempdir().unwrap();
    let mut open: Option<(std::path::PathBuf, String)> = None;
    let write = |open: Option<(std::path::PathBuf, String)>| {
        if let Some((path, text)) = open {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    };
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("=== ") {
            write(open.take());
            open = Some((folder.path().join(path), String::new()));
        } else if let Some((_, text)) = &mut open {
            text.push_str(line);
            text.push('\n');
        }
    }
    write(open);
    let tree = Tree::read(folder.path()).unwrap();
    let mut found = Found::default();
    look(&tree, &Existing::default(), &mut found);
    let findings = tree.findings();
    (found, findings)
}

#[test]
fn a_factory_with_an_optional_argument() {
    let (found, _) = found("fair-sample");
    let service = &found.services[0];
    assert_eq!(service.root.as_str(), "backend");
    assert_eq!(service.entry.as_ref().unwrap().value, "app:create_app()");
    assert!(service.entry_is_factory);
}

#[test]
fn a_library_is_no_service() {
    let (found, _) = found("python-library");
    assert!(found.services.is_empty());
    assert_eq!(found.libraries[0].name.value, "evenness");
}
