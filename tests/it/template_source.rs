//! `[templates]` of `shipway.toml`: an organisation's templates, fetched once and read from a copy.

use crate::sandbox::{Sandbox, text};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const SITE: &[(&str, &str)] = &[("index.html", "<!doctype html>\n<title>x</title>\n")];

fn built_in(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn feature(template: &str, path: &str) -> String {
    format!(
        "summary = \"x\"\ndefault = true\n[[file]]\nid = \"team\"\ntemplate = \"{template}\"\n\
         path = \"{path}\"\nreason = \"the team's\"\n"
    )
}

/// An organisation's repository: a feature of its own, and two built-in templates changed.
fn organisation() -> Sandbox {
    let dockerfile = format!("{}# of the team\n", built_in("container/Dockerfile.hbs"));
    let ignored = format!("{}of-the-team\n", built_in("container/dockerignore.hbs"));
    Sandbox::new(&[
        ("README.md", "# Templates\n"),
        ("team/feature.toml", &feature("owners.hbs", "OWNERS")),
        ("team/owners.hbs", "{{project.name}} is the team's\n"),
        ("team/notes.md", "of no use\n"),
        ("container/Dockerfile.hbs", &dockerfile),
        ("container/dockerignore.hbs", &ignored),
    ])
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned()
}

fn names(sandbox: &Sandbox, source: &str, rev: &str) {
    let text = format!("[templates]\nsource = \"{source}\"\nrev = \"{rev}\"\n");
    sandbox.write("shipway.toml", &text);
}

fn path(sandbox: &Sandbox) -> &str {
    sandbox.root().to_str().unwrap()
}

/// A site that takes its templates from `organisation` as it is now.
fn site(organisation: &Sandbox) -> Sandbox {
    let sandbox = Sandbox::new(SITE);
    names(&sandbox, path(organisation), &head(organisation));
    sandbox
}

fn copy(sandbox: &Sandbox, rev: &str) -> PathBuf {
    sandbox.path(&format!(".git/shipway/templates/{rev}"))
}

#[test]
fn they_come_between_the_repositorys_own_and_the_built_in_ones() {
    let organisation = organisation();
    let rev = head(&organisation);
    for source in [
        path(&organisation).to_owned(),
        format!("file://{}", path(&organisation)),
    ] {
        let sandbox = Sandbox::new(SITE);
        names(&sandbox, &source, &rev);
        let said = sandbox.error(3, &["init", "--yes"]);
        let sentence = format!(
            "the templates of {source} at {} were not fetched",
            &rev[..12]
        );
        assert!(
            said.contains(&sentence) && said.contains("mend: shipway template fetch"),
            "{said}"
        );
        let report = sandbox.report(0, &["template", "fetch", "--format", "json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(
            (&report["source"], &report["rev"]),
            (&source.into(), &rev.clone().into())
        );
        let all = [
            "container/Dockerfile.hbs",
            "container/dockerignore.hbs",
            "team/feature.toml",
            "team/owners.hbs",
        ];
        assert_eq!(report["templates"], serde_json::json!(all));
        assert_eq!(report["changed"], true);
        // The same by another program.
        let script = format!(
            "sha256sum {} | sha256sum | cut -d ' ' -f 1 | tr -d '\\n'",
            all.join(" ")
        );
        let summed = Command::new("sh")
            .args(["-c", &script])
            .current_dir(organisation.root())
            .output()
            .unwrap();
        assert_eq!(report["hash"], text(&summed.stdout));
        let lock: toml::Table = sandbox.read("shipway.lock").parse().unwrap();
        assert_eq!(lock["schema"].as_integer(), Some(3));
        assert_eq!(lock["templates"]["rev"].as_str(), Some(rev.as_str()));
        assert_eq!(lock["templates"]["hash"].as_str(), report["hash"].as_str());

        let own = ".shipway/templates/container/dockerignore.hbs";
        sandbox.write(
            own,
            &format!("{}of-mine\n", built_in("container/dockerignore.hbs")),
        );
        let before = sandbox.tree();
        let said = sandbox.error(2, &["init", "--yes"]);
        let shown = format!("@{}:container/Dockerfile.hbs", &rev[..12]);
        assert!(
            said.contains(&shown) && said.contains("--trust-templates"),
            "{said}"
        );
        assert!(sandbox.tree() == before);
        sandbox.run(0, &["init", "--yes", "--trust-templates"]);
        assert!(sandbox.read("OWNERS").ends_with(" is the team's\n"));
        assert!(sandbox.read("Dockerfile").ends_with("# of the team\n"));
        let ignored = sandbox.read(".dockerignore");
        assert!(ignored.contains("of-mine\n") && !ignored.contains("of-the-team"));
        let listed = sandbox.report(0, &["template", "list", "--format", "json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let from = |name: &str| {
            let all = listed["templates"].as_array().unwrap();
            all.iter().find(|one| one["name"] == name).unwrap()["from"].clone()
        };
        assert_eq!(from("team/owners.hbs"), "source");
        assert_eq!(from("container/dockerignore.hbs"), "repository");
        assert_eq!(from("ci/ci.yml.hbs"), "built-in");
        let said = sandbox.report(0, &["template", "fetch"]);
        assert!(said.ends_with("Nothing changed.\n"), "{said}");
    }
}

#[test]
fn nothing_but_fetch_asks_for_them() {
    let organisation = organisation();
    let rev = head(&organisation);
    let sandbox = site(&organisation);
    sandbox.run(0, &["template", "fetch"]);
    drop(organisation);
    sandbox.run(0, &["init", "--yes", "--trust-templates"]);
    sandbox.run(0, &["update", "--check"]);
    sandbox.run(0, &["check"]);
    sandbox.run(0, &["template", "test", "--sample", "static"]);
    sandbox.run(0, &["template", "eject", "team/owners.hbs"]);
    let own = ".shipway/templates/team/owners.hbs";
    assert_eq!(sandbox.read(own), "{{project.name}} is the team's\n");
    sandbox.run(0, &["remove", "team"]);
    sandbox.run(0, &["undo"]);
    sandbox.run(0, &["update"]);

    // Somebody else's clone, whose copy is missing, and one that somebody edited.
    for change in [
        |folder: &PathBuf| fs::remove_dir_all(folder).unwrap(),
        |folder: &PathBuf| {
            fs::create_dir_all(folder.join("team")).unwrap();
            fs::write(folder.join("team/more.hbs"), "x\n").unwrap();
        },
    ] {
        change(&copy(&sandbox, &rev));
        let before = sandbox.tree();
        for command in [
            &["update"][..],
            &["update", "--check"],
            &["check"],
            &["init", "--yes"],
            &["template", "list"],
            &["add", "team"],
        ] {
            let said = sandbox.error(3, command);
            assert!(
                said.contains("mend: shipway template fetch"),
                "{command:?}: {said}"
            );
        }
        assert!(sandbox.tree() == before);
    }
    let said = sandbox.error(3, &["template", "fetch"]);
    assert!(said.contains("cannot be reached"), "{said}");
}

#[test]
fn a_later_commit_is_fetched_and_an_update_brings_it() {
    let organisation = organisation();
    let sandbox = site(&organisation);
    sandbox.run(0, &["template", "fetch"]);
    sandbox.run(0, &["init", "--yes", "--trust-templates"]);
    let old = head(&organisation);
    organisation.write("team/owners.hbs", "{{project.name}} is another team's\n");
    organisation.git(&["add", "--all"]);
    organisation.git(&["commit", "--quiet", "--message=later"]);
    names(&sandbox, path(&organisation), &head(&organisation));
    sandbox.run(3, &["update"]);
    let before = sandbox.tree();
    sandbox.run(0, &["template", "fetch"]);
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
    // Both sides of a merge have another commit.
    let ours = sandbox.read("shipway.lock");
    let theirs = ours.replace(&old, &old.chars().rev().collect::<String>());
    let conflict = format!("<<<<<<< a\n{ours}=======\n{theirs}>>>>>>> b\n");
    sandbox.write("shipway.lock", &conflict);
    sandbox.run(0, &["template", "fetch"]);
    // A file that runs nothing needs no trust.
    sandbox.run(0, &["update"]);
    assert!(sandbox.read("OWNERS").ends_with(" is another team's\n"));
    sandbox.run(0, &["update", "--check"]);

    // An older one, from a server that gives only what a ref names.
    names(&sandbox, path(&organisation), &old);
    let output = sandbox
        .command(&["template", "fetch"])
        .envs([
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "protocol.version"),
            ("GIT_CONFIG_VALUE_0", "0"),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    sandbox.run(0, &["update"]);
    assert!(sandbox.read("OWNERS").ends_with(" is the team's\n"));

    sandbox.write("shipway.toml", "schema = 1\n");
    let said = sandbox.error(2, &["add", "team"]);
    assert!(said.contains("there is no feature `team`"), "{said}");
    sandbox.run(1, &["check"]);
    let before = sandbox.tree();
    // By name, and by an update.
    sandbox.run(0, &["remove", "team"]);
    assert!(!sandbox.path("OWNERS").exists());
    assert!(!sandbox.read("shipway.toml").contains("team"));
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
    let mine = sandbox.read("OWNERS") + "and mine\n";
    sandbox.write("OWNERS", &mine);
    let shown = sandbox.report(0, &["update"]);
    assert!(
        shown.contains("feature `team` does not make it any more; edited"),
        "{shown}"
    );
    assert_eq!(sandbox.read("OWNERS"), mine);
    assert!(!sandbox.read("Dockerfile").contains("# of the team"));
    sandbox.run(0, &["check"]);
    let lock = sandbox.read("shipway.lock");
    assert!(
        lock.contains("schema = 2\n") && !lock.contains("[templates]"),
        "{lock}"
    );
    let said = sandbox.error(2, &["template", "fetch"]);
    assert!(
        said.contains("names no templates of an organisation"),
        "{said}"
    );
}

/// That `fetch` ends with `code` and says `sentence`, and keeps nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, code: i32, sentence: &str) {
    let before = sandbox.tree();
    let said = sandbox.error(code, &["template", "fetch"]);
    assert!(said.contains(sentence), "{said}");
    assert!(sandbox.tree() == before);
    let kept = fs::read_dir(sandbox.path(".git/shipway/templates"));
    assert_eq!(kept.map_or(0, Iterator::count), 0);
}

#[test]
fn what_moves_is_refused_with_the_commit_that_it_stands_for() {
    let organisation = organisation();
    organisation.git(&["tag", "--annotate", "--message=x", "v1"]);
    organisation.git(&["branch", "team/next"]);
    let rev = head(&organisation);
    let sandbox = Sandbox::new(SITE);
    for name in ["main", "team/next", "v1"] {
        names(&sandbox, path(&organisation), name);
        refused(
            &sandbox,
            2,
            &format!("`{name}` in [templates] is no full id of a commit: it moves"),
        );
        refused(&sandbox, 2, &format!("mend: write rev = \"{rev}\""));
        let said = sandbox.error(2, &["init", "--yes"]);
        assert!(said.contains("is no full id of a commit"), "{said}");
    }
    for name in [&rev[..12], "nothing", "--upload-pack=id", ""] {
        names(&sandbox, path(&organisation), name);
        refused(&sandbox, 2, "is no full id of a commit\n");
    }
    let tag = organisation.git(&["rev-parse", "v1"]);
    for id in [tag.trim(), "0123456789012345678901234567890123456789"] {
        names(&sandbox, path(&organisation), id);
        refused(&sandbox, 2, &format!("has no commit {id}"));
    }
}

#[test]
fn an_address_that_is_not_safe_or_not_there_is_refused() {
    let sandbox = Sandbox::new(SITE);
    let rev = "0123456789012345678901234567890123456789";
    for source in [
        "http://localhost/x",
        "ext::sh -c id",
        "git://localhost/x",
        "x/y",
        "-o",
    ] {
        names(&sandbox, source, rev);
        refused(
            &sandbox,
            2,
            &format!("shipway.toml:2:10: templates are not fetched from `{source}`"),
        );
    }
    names(&sandbox, "https://me:secret@localhost/x", rev);
    let said = sandbox.error(2, &["template", "fetch"]);
    assert!(
        said.contains("holds a password") && !said.contains("secret"),
        "{said}"
    );
    sandbox.write("shipway.toml", "[templates]\nsource = \"/x\"\n");
    refused(&sandbox, 2, "missing field `rev`");
    for source in ["/nothing/here", "file:///nothing/here"] {
        names(&sandbox, source, rev);
        refused(&sandbox, 3, "cannot be reached");
        names(&sandbox, source, "main");
        refused(&sandbox, 3, "cannot be reached");
    }
}

#[test]
fn a_commit_that_holds_something_else_is_refused() {
    let twin = built_in("ci/ci.yml.hbs");
    let loops = "a\n{{> team/_loop.hbs}}\n";
    let huge = "x".repeat(1024 * 1024 + 1);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("README.md", "x\n")], "has no templates"),
        (&[("a.hbs", "x\n")], "has no templates"),
        (
            &[("ci/ci.yml.hbs", &twin), ("ci/CI.yml.hbs", "x\n")],
            "differ in case alone",
        ),
        (
            &[("ci/ci.yml.hbs", &huge)],
            "ci/ci.yml.hbs is larger than 1 MiB",
        ),
        (
            &[(
                "ci/ci.yml.hbs",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            )],
            "is kept by Git LFS",
        ),
        (
            &[("team/_loop.hbs", loops)],
            "team/_loop.hbs: draws in itself without end",
        ),
        (
            &[("team/feature.toml", "summary = 1\n")],
            "team/feature.toml:1: ",
        ),
        (
            &[("team/feature.toml", &feature("none.hbs", "x"))],
            "which is not there",
        ),
    ];
    for (files, sentence) in cases {
        let organisation = Sandbox::new(*files);
        refused(&site(&organisation), 2, sentence);
    }
    let organisation = organisation();
    fs::write(organisation.path("team/owners.hbs"), b"\xff\n").unwrap();
    organisation.git(&["commit", "--quiet", "--all", "--message=x"]);
    refused(
        &site(&organisation),
        2,
        "team/owners.hbs is no template: it is not UTF-8",
    );
    for (name, target) in [("team/owners.hbs", "../../secret"), ("more", "/etc")] {
        let _ = fs::remove_file(organisation.path(name));
        std::os::unix::fs::symlink(target, organisation.path(name)).unwrap();
        organisation.git(&["add", "--all"]);
        organisation.git(&["commit", "--quiet", "--message=x"]);
        refused(
            &site(&organisation),
            2,
            &format!("holds {name}, which is a symbolic link"),
        );
        organisation.git(&["revert", "--no-edit", "HEAD"]);
    }
    let entry = format!("160000,{},other", head(&organisation));
    organisation.git(&["update-index", "--add", "--cacheinfo", &entry]);
    organisation.git(&["commit", "--quiet", "--message=x"]);
    refused(&site(&organisation), 2, "holds other, which is a submodule");
}

#[test]
fn a_file_that_differs_from_another_in_case_alone_is_not_made() {
    let rules = feature("owners.hbs", "dockerfile");
    let organisation = Sandbox::new(&[
        ("team/feature.toml", rules.as_str()),
        ("team/owners.hbs", "x\n"),
    ]);
    let sandbox = site(&organisation);
    sandbox.run(0, &["template", "fetch"]);
    let report = sandbox.report(
        0,
        &["init", "--yes", "--trust-templates", "--format", "json"],
    );
    let report: Value = serde_json::from_str(&report).unwrap();
    let entries = report["entries"].as_array().unwrap();
    let entry = entries.iter().find(|one| one["feature"] == "team").unwrap();
    assert_eq!(entry["action"], "left-out");
    let reason = entry["reason"].as_str().unwrap();
    assert!(
        reason.contains("is already the file of `dockerfile"),
        "{reason}"
    );
}
