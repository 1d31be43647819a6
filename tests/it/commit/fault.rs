//! What can be wrong around a run: locks, a broken index, a full disk, no room for anything.

use super::hooked::{Hooked, said};
use crate::sandbox::in_small_file_system;

const BLANKS: &str = "[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\nfix = true\n";

#[test]
fn an_index_that_another_process_holds_is_not_written() {
    let hooked = Hooked::new(BLANKS, &[]);
    hooked.stage("a.txt", "a \n");
    let index = std::fs::read(hooked.path(".git/index")).unwrap();
    hooked.write(".git/index.lock", "");
    let output = hooked
        .shipway(&["hooks", "run", "pre-commit"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("index.lock"), "{}", said(&output));
    assert_eq!(hooked.read("a.txt"), "a \n");
    assert_eq!(std::fs::read(hooked.path(".git/index")).unwrap(), index);
    assert_eq!(hooked.read(".git/index.lock"), "");
    std::fs::remove_file(hooked.path(".git/index.lock")).unwrap();
    hooked.git(&["commit", "-m", "x"]);
}

#[test]
fn a_corrupt_index_is_named() {
    let hooked = Hooked::new(BLANKS, &[]);
    hooked.stage("a.txt", "a \n");
    for broken in [&b"DIRC"[..], b"", &[0xff; 4096]] {
        hooked.write(".git/index", broken);
        let output = hooked
            .shipway(&["hooks", "run", "pre-commit"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(".git/index"), "{}", said(&output));
        assert_eq!(hooked.read("a.txt"), "a \n");
    }
}

#[test]
fn a_missing_blob_is_named() {
    let hooked = Hooked::new(BLANKS, &[]);
    hooked.stage("a.txt", "a \n");
    let id = hooked.git(&["rev-parse", ":a.txt"]);
    hooked.write("a.txt", "other\n");
    let (folder, file) = id.trim().split_at(2);
    std::fs::remove_file(hooked.path(&format!(".git/objects/{folder}/{file}"))).unwrap();
    let output = hooked
        .shipway(&["hooks", "run", "pre-commit"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains(id.trim()), "{}", said(&output));
}

#[test]
fn a_full_disk_leaves_all_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_shipway");
    // A file that fits once, with what git makes of it, and not a second time.
    let script = format!(
        "cd {} && git init -q . && printf %s \"$CONFIG\" > shipway.toml && head -c 3000000 /dev/urandom | base64 | sed 's/$/ /' > a.txt && git add . && cp .git/index /tmp/index-before.$$ && sha1sum a.txt > /tmp/sum.$$ && dd if=/dev/zero of=fill bs=1k 2>/dev/null; rm -f fill; dd if=/dev/zero of=fill bs=1k count=$(( $(df --output=avail -k . | tail -1) - 500 )) 2>/dev/null; {binary} hooks run pre-commit; code=$?; cmp .git/index /tmp/index-before.$$ && sha1sum -c --quiet /tmp/sum.$$ && echo same; test -e .git/index.lock && echo locked; rm -f /tmp/index-before.$$ /tmp/sum.$$; exit $code",
        place.path().display(),
    );
    let Some(output) = in_small_file_system("24m", place.path(), &[("CONFIG", BLANKS)], &script)
    else {
        return;
    };
    let said = said(&output);
    assert!(
        said.contains("disk is full") || said.contains("No space left"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("same") && !said.contains("locked"), "{said}");
}

#[test]
fn a_work_tree_on_another_file_system_is_mended_too() {
    let place = tempfile::tempdir().unwrap();
    let git_dir = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_shipway");
    let script = format!(
        "cd {} && export GIT_DIR={}/git GIT_WORK_TREE=. && git init -q && printf %s \"$CONFIG\" > shipway.toml && printf 'a \\nb\\n' > a.txt && git add . && printf 'a \\nb\\nc\\n' > a.txt && {binary} hooks run pre-commit; code=$?; cat a.txt; ls -A; git show :a.txt; exit $code",
        place.path().display(),
        git_dir.path().display(),
    );
    let Some(output) = in_small_file_system("24m", place.path(), &[("CONFIG", BLANKS)], &script)
    else {
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        text.ends_with("a\nb\nc\na.txt\nshipway.toml\na\nb\n"),
        "{text}"
    );
}

#[test]
fn configuration_that_is_wrong_stops_the_commit_and_is_named_to_the_column() {
    let hooked = Hooked::new("", &[]);
    hooked.stage("shipway.toml", "[[hooks.pre-commit]]\nchek = \"x\"\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(said.contains("shipway.toml:2:1"), "{said}");
    assert!(said.contains("check"), "{said}");
}
