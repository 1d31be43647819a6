//! `shipway update`, `add`, `remove` and `history`: what was generated stays alive, and what its
//! user made of it stays.

use crate::sandbox::{Sandbox, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

const APP: &str = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\
                   KEY = os.environ[\"SECRET_KEY\"]\n\n@app.route(\"/health\")\ndef health():\n    \
                   return \"ok\"\n\nif __name__ == \"__main__\":\n    app.run(port=5000)\n";
const FLASK: &[(&str, &str)] = &[
    ("app.py", APP),
    ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n"),
    (".python-version", "3.12\n"),
];

/// The application after `init`, with everything committed.
fn made() -> Sandbox {
    let sandbox = Sandbox::new(FLASK);
    sandbox.run(0, &["init", "--yes"]);
    commit(&sandbox);
    sandbox
}

fn commit(sandbox: &Sandbox) {
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--no-verify", "--message=x"]);
}

/// A later version of template `name`: the one of today after `change`.
fn template(sandbox: &Sandbox, name: &str, change: impl FnOnce(String) -> String) {
    let today = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("templates")
        .join(name);
    let new = change(fs::read_to_string(today).unwrap());
    sandbox.write(&format!(".shipway/templates/{name}"), &new);
}

fn update(sandbox: &Sandbox, code: i32, more: &[&str]) -> String {
    let line = [&["update", "--trust-templates"], more].concat();
    sandbox.report(code, &line)
}

/// `text` with `line` put in after the first line that begins with `after`.
fn with_line(text: &str, after: &str, line: &str) -> String {
    let at = text
        .find(after)
        .unwrap_or_else(|| panic!("{after} in {text}"));
    let end = at + text[at..].find('\n').unwrap() + 1;
    format!("{}{line}\n{}", &text[..end], &text[end..])
}

#[test]
fn what_the_project_changed_comes_in_and_edits_stay() {
    let sandbox = made();
    let edited = with_line(&sandbox.read("Dockerfile"), "EXPOSE ", "LABEL mine=\"yes\"");
    sandbox.write("Dockerfile", &edited);
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
    let before = sandbox.tree();

    let shown = update(&sandbox, 0, &["--dry-run"]);
    assert!(sandbox.tree() == before);
    assert!(
        shown.contains("because of web.port: 5000 \u{2192} 8123"),
        "{shown}"
    );
    assert!(shown.contains("+EXPOSE 8123"), "{shown}");
    update(&sandbox, 1, &["--check"]);
    assert!(sandbox.tree() == before);

    update(&sandbox, 0, &[]);
    let expected = edited.replace("5000", "8123");
    assert_eq!(sandbox.read("Dockerfile"), expected);
    assert!(sandbox.read("compose.override.yaml").contains("8123"));
    assert!(
        sandbox
            .read("shipway.lock")
            .contains("\"web.port\" = \"8123\"")
    );
    let after = sandbox.tree();
    update(&sandbox, 0, &["--check"]);
    assert!(update(&sandbox, 0, &[]).contains("Nothing to do"));
    assert!(sandbox.tree() == after);

    let history = sandbox.report(0, &["history"]);
    let lines: Vec<&str> = history.lines().collect();
    assert!(
        lines[0].contains("update") && lines[1].contains("init"),
        "{history}"
    );
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
}

#[test]
fn what_cannot_be_merged_stays_and_the_proposal_lies_beside_it() {
    let sandbox = made();
    let line = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("STOPSIGNAL"))
            .map(str::to_owned)
    };
    let mine = sandbox
        .read("Dockerfile")
        .replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGQUIT");
    sandbox.write("Dockerfile", &mine);
    template(&sandbox, "container/Dockerfile.hbs", |text| {
        let text = text.replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGINT");
        text.replace("EXPOSE ", "# said\nEXPOSE ")
    });

    let shown = update(&sandbox, 4, &[]);
    assert!(shown.contains("! Dockerfile is in conflict"), "{shown}");
    assert_eq!(sandbox.read("Dockerfile"), mine);
    let proposal = sandbox.read("Dockerfile.shipway-proposal");
    assert_eq!(line(&proposal).unwrap(), "STOPSIGNAL SIGINT");
    // Still so, and nothing is written again.
    let before = sandbox.tree();
    update(&sandbox, 4, &[]);
    update(&sandbox, 1, &["--check"]);
    assert!(sandbox.tree() == before);

    update(&sandbox, 0, &["--ours", "Dockerfile"]);
    assert_eq!(sandbox.read("Dockerfile"), with_said(&mine));
    assert!(!sandbox.path("Dockerfile.shipway-proposal").exists());
    update(&sandbox, 0, &["--check"]);

    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
    update(&sandbox, 0, &["--theirs", "Dockerfile"]);
    let theirs = mine.replace("SIGQUIT", "SIGINT");
    assert_eq!(sandbox.read("Dockerfile"), with_said(&theirs));

    sandbox.run(0, &["undo"]);
    fs::remove_file(sandbox.path("Dockerfile.shipway-proposal")).unwrap();
    let shown = update(&sandbox, 0, &[]);
    assert!(shown.contains("you settled the conflict"), "{shown}");
    assert_eq!(sandbox.read("Dockerfile"), mine);
    update(&sandbox, 0, &["--check"]);
}

fn with_said(text: &str) -> String {
    text.replace("EXPOSE ", "# said\nEXPOSE ")
}

#[test]
fn a_proposal_that_is_edited_is_not_written_over() {
    let sandbox = made();
    let mine = sandbox
        .read("Dockerfile")
        .replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGQUIT");
    sandbox.write("Dockerfile", &mine);
    template(&sandbox, "container/Dockerfile.hbs", |text| {
        text.replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGINT")
    });
    update(&sandbox, 4, &[]);
    sandbox.write("Dockerfile.shipway-proposal", "# half done\n");
    template(&sandbox, "container/Dockerfile.hbs", |text| {
        text.replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGHUP")
    });
    let shown = update(&sandbox, 4, &[]);
    assert!(shown.contains("is edited and stays as it is"), "{shown}");
    assert_eq!(sandbox.read("Dockerfile.shipway-proposal"), "# half done\n");
    assert_eq!(sandbox.read("Dockerfile"), mine);
}

#[test]
fn what_its_user_deleted_stays_deleted() {
    let sandbox = made();
    fs::remove_file(sandbox.path("compose.production.yaml")).unwrap();
    let makefile = sandbox.read("Makefile");
    sandbox.write("Makefile", "mine:\n\ttrue\n");
    template(&sandbox, "compose/compose.production.yaml.hbs", |text| {
        text + "# more\n"
    });
    template(&sandbox, "make/Makefile.hbs", |text| text + "# more\n");
    update(&sandbox, 0, &[]);
    assert!(!sandbox.path("compose.production.yaml").exists());
    assert_eq!(sandbox.read("Makefile"), "mine:\n\ttrue\n");
    update(&sandbox, 0, &["--check"]);
    update(
        &sandbox,
        0,
        &[
            "--theirs",
            "compose.production.yaml",
            "--theirs",
            "Makefile",
        ],
    );
    assert!(
        sandbox
            .read("compose.production.yaml")
            .ends_with("# more\n")
    );
    assert!(
        sandbox
            .read("Makefile")
            .starts_with("mine:\n\ttrue\n\n# >>> shipway")
    );
    assert!(
        sandbox
            .read("Makefile")
            .contains(makefile.lines().nth(1).unwrap())
    );
}

#[test]
fn a_service_that_is_gone_takes_its_files_along_unless_they_were_edited() {
    let two = |name: &str| {
        [
            (format!("{name}/app.py"), APP.to_owned()),
            (
                format!("{name}/requirements.txt"),
                "flask==3.1.0\n".to_owned(),
            ),
        ]
    };
    let mut all: Vec<(String, String)> = ["one", "two", "three"]
        .iter()
        .flat_map(|name| two(name))
        .collect();
    all.push((".python-version".to_owned(), "3.12\n".to_owned()));
    let all: Vec<(&str, &str)> = all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let sandbox = Sandbox::new(&all);
    sandbox.run(0, &["init", "--yes"]);
    commit(&sandbox);
    let (second, third) = ("Dockerfile.two", "Dockerfile.three");
    let edited = format!("{}# mine\n", sandbox.read(third));
    sandbox.write(third, &edited);
    fs::remove_file(sandbox.path("two/app.py")).unwrap();
    fs::remove_file(sandbox.path("two/requirements.txt")).unwrap();
    fs::remove_file(sandbox.path("three/app.py")).unwrap();
    fs::remove_file(sandbox.path("three/requirements.txt")).unwrap();
    let before = sandbox.tree();
    let shown = update(&sandbox, 0, &[]);
    assert!(!sandbox.path(second).exists(), "{shown}");
    assert_eq!(sandbox.read(third), edited);
    assert!(
        shown.contains("edited, so it stays and is yours"),
        "{shown}"
    );
    let lock = sandbox.read("shipway.lock");
    assert!(!lock.contains(second) && !lock.contains(third));
    assert!(!sandbox.path(".shipway/pristine/Dockerfile.two").exists());
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
}

/// Whoever asks again gets the answer of before where no file has changed, and a new one where one has.
#[test]
fn what_is_up_to_date_is_remembered_until_something_changes() {
    let sandbox = made();
    // One that git ignores is seen, too.
    let ignored = sandbox.read(".gitignore") + "compose.local.yaml\n.shipway/templates/\n";
    sandbox.write(".gitignore", &ignored);
    sandbox.git(&["rm", "--quiet", "--cached", "compose.local.yaml"]);
    let known = sandbox.path(".git/shipway/current");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !known.exists() && std::time::Instant::now() < deadline {
        assert!(update(&sandbox, 0, &[]).contains("Nothing to do"));
    }
    let stamp = fs::read(&known).unwrap();
    assert!(update(&sandbox, 0, &[]).contains("Nothing to do"));
    assert_eq!(fs::read(&known).unwrap(), stamp);
    for (path, from, to) in [
        ("app.py", "port=5000", "port=8123"),
        ("shipway.lock", "\"5000\"", "\"5001\""),
        (
            "requirements.txt",
            "flask==3.1.0\n",
            "flask==3.1.0\nredis==5.0\n",
        ),
    ] {
        let text = sandbox.read(path);
        assert!(text.contains(from));
        sandbox.write(path, &text.replace(from, to));
        assert!(!update(&sandbox, 1, &["--check"]).contains("Nothing to do"));
        sandbox.write(path, &text);
        update(&sandbox, 0, &["--check"]);
    }
    sandbox.write(".shipway/templates/ci/note.hbs", "x\n");
    update(&sandbox, 0, &[]);
    template(&sandbox, "compose/compose.staging.yaml.hbs", |text| {
        text + "# more\n"
    });
    update(&sandbox, 1, &["--check"]);
    fs::remove_dir_all(sandbox.path(".shipway/templates")).unwrap();
    fs::remove_file(sandbox.path("compose.local.yaml")).unwrap();
    let shown = update(&sandbox, 0, &["--verbose"]);
    assert!(shown.contains("you deleted it"), "{shown}");
    sandbox.git(&["checkout", "--quiet", "-b", "other"]);
    update(&sandbox, 0, &[]);
}

#[test]
fn features_are_added_and_removed_later() {
    let sandbox = Sandbox::new(FLASK);
    sandbox.run(0, &["init", "--yes", "--feature", "container"]);
    commit(&sandbox);
    let first = sandbox.tree();
    sandbox.run(0, &["add", "make", "ci"]);
    assert!(sandbox.path("Makefile").exists() && sandbox.path(".github/workflows/ci.yml").exists());
    assert!(!sandbox.path("compose.yaml").exists());
    let added = sandbox.tree();
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == first);
    sandbox.run(0, &["add", "make", "ci"]);
    let workflow = format!("{}# mine\n", sandbox.read(".github/workflows/ci.yml"));
    sandbox.write(".github/workflows/ci.yml", &workflow);
    let before = sandbox.tree();
    let shown = sandbox.report(0, &["remove", "make", "ci"]);
    assert!(!sandbox.path("Makefile").exists(), "{shown}");
    assert_eq!(sandbox.read(".github/workflows/ci.yml"), workflow);
    assert!(
        shown.contains("edited, so it stays and is yours"),
        "{shown}"
    );
    assert!(
        sandbox
            .read("shipway.toml")
            .contains("disable = [\"make\", \"ci\"]")
    );
    // It does not come back by itself.
    update(&sandbox, 0, &["--check"]);
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
    assert_eq!(before.len(), added.len());
    let text = sandbox.error(2, &["remove", "env"]);
    assert!(text.contains("nothing of feature `env`"), "{text}");
    let text = sandbox.error(2, &["add", "nonsense"]);
    assert!(text.contains("there is no feature `nonsense`"), "{text}");
}

/// Each feature goes by itself, unless another requires it, and what stays is made without it.
#[test]
fn every_feature_can_be_left_out_and_taken_away() {
    let with_database = [
        FLASK,
        &[("requirements.txt", "flask==3.1.0\npsycopg2-binary==2.9.9\n")],
    ]
    .concat();
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let features: Vec<String> = fs::read_dir(templates)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert!(features.len() >= 8, "{features:?}");
    let sandbox = Sandbox::new(&with_database);
    for feature in &features {
        sandbox.run(0, &["init", "--yes", "--dry-run", "--without", feature]);
    }
    sandbox.run(0, &["init", "--yes"]);
    commit(&sandbox);
    let before = sandbox.tree();
    for feature in &features {
        let output = sandbox.command(&["remove", feature]).output().unwrap();
        if output.status.code() == Some(2) {
            let said = text(&output.stderr);
            assert!(said.contains(&format!("requires `{feature}`")), "{said}");
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{feature}: {output:?}");
        let lock = sandbox.read("shipway.lock");
        assert!(
            !lock.contains(&format!("feature = \"{feature}\"")),
            "{feature}"
        );
        update(&sandbox, 0, &["--check"]);
        sandbox.run(0, &["undo"]);
        assert!(sandbox.tree() == before, "{feature}");
    }
}

/// Who changes one partial is asked about the files that draw it in, and once.
#[test]
fn only_what_a_foreign_template_changes_needs_trust() {
    let sandbox = made();
    let name = "compose/_service.hbs";
    template(&sandbox, name, |text| {
        text.replace("restart:", "# said\n    restart:")
    });
    let said = sandbox.error(2, &["update"]);
    assert!(
        said.contains("compose.yaml, from .shipway/templates/compose/_service.hbs"),
        "{said}"
    );
    assert!(
        !said.contains("Dockerfile") && !said.contains("ci.yml"),
        "{said}"
    );
    update(&sandbox, 0, &[]);
    sandbox.run(0, &["remove", "ci"]);
}

#[test]
fn a_feature_that_had_nothing_to_make_is_still_chosen() {
    let sandbox = Sandbox::new(FLASK);
    let feature = "summary = \"x\"\ndefault = true\n[[file]]\nid = \"extra\"\n\
                   template = \"extra.txt.hbs\"\npath = \"extra.txt\"\nreason = \"x\"\n";
    let name = ".shipway/templates/extra/feature.toml";
    sandbox.write(name, &format!("{feature}when = [\"container.php\"]\n"));
    sandbox.write(".shipway/templates/extra/extra.txt.hbs", "one\n");
    sandbox.run(0, &["init", "--yes", "--trust-templates"]);
    update(&sandbox, 0, &["--check"]);
    sandbox.write(name, feature);
    update(&sandbox, 0, &[]);
    assert_eq!(sandbox.read("extra.txt"), "one\n");
}

#[test]
fn a_feature_that_another_requires_stays() {
    let sandbox = made();
    let before = sandbox.tree();
    let text = sandbox.error(2, &["remove", "container"]);
    assert!(
        text.contains("feature `compose` requires `container`"),
        "{text}"
    );
    assert!(sandbox.tree() == before);
    let arguments = ["remove", "hooks", "--format=json"];
    let output = sandbox.command(&arguments).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["applied"], true, "{report}");
    assert!(
        !sandbox.path("shipway.toml").exists() || !sandbox.read("shipway.toml").contains("[hooks")
    );
    assert!(!sandbox.path(".git/hooks/pre-commit").exists());
}

#[test]
fn a_lock_in_conflict_is_joined() {
    let sandbox = made();
    sandbox.git(&["checkout", "--quiet", "-b", "other"]);
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
    update(&sandbox, 0, &[]);
    commit(&sandbox);
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.write("app.py", &APP.replace("\"ok\"", "os.environ[\"GREETING\"]"));
    update(&sandbox, 0, &[]);
    sandbox.run(0, &["remove", "make"]);
    commit(&sandbox);
    let merge = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.org",
            "merge",
            "--no-verify",
            "other",
        ])
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    let said = text(&merge.stdout);
    assert!(said.contains("shipway.lock"), "{said}");
    let shown = update(&sandbox, 0, &[]);
    assert!(shown.contains("both sides were joined"), "{shown}");
    let lock = sandbox.read("shipway.lock");
    assert!(
        !lock.contains("<<<<<<<") && lock.contains("\"web.port\" = \"8123\""),
        "{lock}"
    );
    let lock: toml::Table = lock.parse().unwrap();
    assert!(
        lock["facts"]["web.variables"]
            .as_str()
            .unwrap()
            .contains("GREETING")
    );
    commit(&sandbox);
    update(&sandbox, 0, &["--check"]);
}

#[test]
fn a_lock_of_another_version_is_refused_or_rewritten() {
    let sandbox = made();
    let lock = sandbox.read("shipway.lock");
    let with = |from: &str, to: &str| {
        assert!(lock.contains(from), "{lock}");
        sandbox.write("shipway.lock", &lock.replacen(from, to, 1));
        sandbox.tree()
    };
    let version = format!("shipway = \"{}\"", env!("CARGO_PKG_VERSION"));
    for (from, to, message) in [
        ("schema = 2", "schema = 4", "install a newer shipway"),
        (
            version.as_str(),
            "shipway = \"99.1.0\"",
            "was written by shipway 99.1.0",
        ),
        ("path = \".", "path = \"../.", "leaves the repository"),
        ("strategy = ", "strategie = ", "unknown field `strategie`"),
        ("[[artifact]]", "[[artifact]", "shipway.lock:"),
    ] {
        let before = with(from, to);
        let text = sandbox.error(2, &["update"]);
        assert!(text.contains(message), "{message}: {text}");
        assert!(sandbox.tree() == before);
    }
    with("schema = 2", "schema = 1");
    let shown = update(&sandbox, 0, &[]);
    assert!(shown.contains("is of an older schema"), "{shown}");
    assert_eq!(sandbox.read("shipway.lock"), lock);
    fs::remove_file(sandbox.path("shipway.lock")).unwrap();
    let before = sandbox.tree();
    let text = sandbox.error(1, &["update"]);
    assert!(text.contains("git checkout -- shipway.lock"), "{text}");
    assert!(sandbox.tree() == before);
}

#[test]
fn what_was_generated_is_found_in_git_where_its_copy_is_gone() {
    let sandbox = made();
    let mine = with_line(&sandbox.read("Dockerfile"), "EXPOSE ", "LABEL mine=\"yes\"");
    sandbox.write("Dockerfile", &mine);
    fs::remove_dir_all(sandbox.path(".shipway")).unwrap();
    commit(&sandbox);
    template(&sandbox, "container/Dockerfile.hbs", |text| {
        text.replace("SIGTERM", "SIGINT")
    });
    update(&sandbox, 0, &[]);
    assert_eq!(
        sandbox.read("Dockerfile"),
        mine.replace("SIGTERM", "SIGINT")
    );
    assert!(sandbox.path(".shipway/pristine/Dockerfile").exists());
}

#[test]
fn what_was_generated_and_is_lost_makes_every_edit_a_conflict() {
    let sandbox = Sandbox::new(FLASK);
    sandbox.run(0, &["init", "--yes"]);
    let mine = with_line(&sandbox.read("Dockerfile"), "EXPOSE ", "LABEL mine=\"yes\"");
    sandbox.write("Dockerfile", &mine);
    fs::remove_dir_all(sandbox.path(".shipway")).unwrap();
    // Nothing is new yet, so it can be made again from the same templates.
    update(&sandbox, 0, &[]);
    assert_eq!(sandbox.read("Dockerfile"), mine);
    fs::remove_dir_all(sandbox.path(".shipway")).unwrap();
    template(&sandbox, "container/Dockerfile.hbs", |text| {
        text.replace("SIGTERM", "SIGINT")
    });
    update(&sandbox, 4, &[]);
    assert_eq!(sandbox.read("Dockerfile"), mine);
    assert!(
        sandbox
            .read("Dockerfile.shipway-proposal")
            .contains("SIGINT")
    );
}

#[test]
fn what_became_a_folder_or_a_link_stays_as_it_is() {
    let sandbox = made();
    for name in [
        "container/Dockerfile.hbs",
        "compose/compose.staging.yaml.hbs",
    ] {
        template(&sandbox, name, |text| text + "# more\n");
    }
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    sandbox.write("Dockerfile/mine", "x\n");
    fs::rename(
        sandbox.path("compose.staging.yaml"),
        sandbox.path("real.yaml"),
    )
    .unwrap();
    std::os::unix::fs::symlink("real.yaml", sandbox.path("compose.staging.yaml")).unwrap();
    let (folder, link) = (sandbox.read("Dockerfile/mine"), sandbox.read("real.yaml"));
    let shown = update(&sandbox, 0, &[]);
    for said in [
        "Dockerfile is there and is no file",
        "never written through",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert_eq!(sandbox.read("Dockerfile/mine"), folder);
    assert_eq!(sandbox.read("real.yaml"), link);
    assert!(sandbox.path("compose.staging.yaml").is_symlink());
}

#[test]
fn a_file_that_is_read_only_or_open_in_an_editor_waits() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = made();
    let (first, second) = ("compose.override.yaml", "compose.production.yaml");
    for name in [first, second] {
        template(&sandbox, &format!("compose/{name}.hbs"), |text| {
            text + "# more\n"
        });
    }
    let may = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(sandbox.path(first), permissions).unwrap();
    };
    may(0o444);
    sandbox.write(".compose.production.yaml.swp", "");
    let before = sandbox.tree();
    let shown = update(&sandbox, 0, &[]);
    assert!(sandbox.tree() == before, "{shown}");
    for said in ["it is read-only", "an editor has it open"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    fs::remove_file(sandbox.path(".compose.production.yaml.swp")).unwrap();
    may(0o644);
    update(&sandbox, 0, &[]);
    assert!(sandbox.read(first).ends_with("# more\n"));
    assert!(sandbox.read(second).ends_with("# more\n"));
}

#[test]
fn a_file_that_cannot_be_taken_away_now_is_taken_away_later() {
    let sandbox = made();
    let lists_make = || sandbox.read("shipway.lock").contains("feature = \"make\"");
    sandbox.write(".Makefile.swp", "");
    let makefile = sandbox.read("Makefile");
    let shown = sandbox.report(0, &["remove", "make"]);
    assert!(shown.contains("an editor has it open"), "{shown}");
    assert_eq!(sandbox.read("Makefile"), makefile);
    assert!(lists_make());
    fs::remove_file(sandbox.path(".Makefile.swp")).unwrap();
    update(&sandbox, 0, &[]);
    assert!(!sandbox.path("Makefile").exists() && !lists_make());
}

#[test]
fn a_checkout_with_crlf_is_no_edit_and_keeps_it() {
    let sandbox = made();
    let crlf = |text: String| text.replace('\n', "\r\n");
    for path in ["Dockerfile", "compose.yaml", "Makefile", "shipway.lock"] {
        sandbox.write(path, &crlf(sandbox.read(path)));
    }
    let before = sandbox.tree();
    update(&sandbox, 0, &["--check"]);
    assert!(update(&sandbox, 0, &[]).contains("Nothing to do"));
    assert!(sandbox.tree() == before);
    let mine = with_line(
        &sandbox.read("Dockerfile"),
        "EXPOSE ",
        "LABEL mine=\"yes\"\r",
    );
    sandbox.write("Dockerfile", &mine);
    template(&sandbox, "container/Dockerfile.hbs", |text| {
        text.replace("SIGTERM", "SIGINT")
    });
    update(&sandbox, 0, &[]);
    assert_eq!(
        sandbox.read("Dockerfile"),
        mine.replace("SIGTERM", "SIGINT")
    );
}

#[test]
fn a_template_that_fails_leaves_everything_as_it_was() {
    let sandbox = made();
    let name = ".shipway/templates/container/Dockerfile.hbs";
    for (text, said) in [
        ("FROM x\n{{item.nothing}}\n", "Dockerfile.hbs:2: "),
        ("FROM x\n{{#if}}\n", "Dockerfile.hbs:3: invalid"),
        ("FROM x\n{{> container/_loop.hbs}}\n", "_loop.hbs"),
    ] {
        sandbox.write(name, text);
        if text.contains("_loop") {
            let around = |name: &str| format!("a\n{{{{> container/{name}.hbs}}}}\n");
            sandbox.write(".shipway/templates/container/_loop.hbs", &around("_other"));
            sandbox.write(".shipway/templates/container/_other.hbs", &around("_loop"));
        }
        let before = sandbox.tree();
        let text = sandbox.error(2, &["update", "--trust-templates"]);
        assert!(text.contains(said), "{said}: {text}");
        assert!(sandbox.tree() == before);
    }
}

#[test]
fn the_report_in_json_says_what_changed_and_why() {
    let sandbox = made();
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
    let report: Value =
        serde_json::from_str(&sandbox.report(0, &["update", "--format", "json"])).unwrap();
    assert_eq!(
        (&report["schema"], &report["applied"]),
        (&1.into(), &true.into())
    );
    let entry = |path: &str| {
        let entries = report["entries"].as_array().unwrap();
        entries
            .iter()
            .find(|entry| entry["path"] == *path)
            .unwrap()
            .clone()
    };
    assert_eq!(entry("Dockerfile")["action"], "update");
    assert_eq!(
        entry("Dockerfile")["why"][0],
        "web.port: 5000 \u{2192} 8123"
    );
    assert_eq!(entry("compose.staging.yaml")["action"], "unchanged");
    let history: Value =
        serde_json::from_str(&sandbox.report(0, &["history", "--format", "json"])).unwrap();
    assert_eq!(history["history"][0]["command"], "update");
    assert!(history["history"][0]["at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn the_sides_are_named_by_paths_of_the_repository() {
    let sandbox = made();
    for (line, said) in [
        (
            &["update", "--ours", "app.py"][..],
            "is no file that shipway makes here",
        ),
        (&["update", "--ours", "../x"], "leaves the repository"),
        (
            &["update", "--ours", "Dockerfile", "--theirs", "Dockerfile"],
            "after --ours and after --theirs",
        ),
        (
            &["update", "--interactive", "--check"],
            "cannot be used with",
        ),
    ] {
        let text = sandbox.error(2, line);
        assert!(text.contains(said), "{said}: {text}");
    }
    fs::create_dir_all(sandbox.path("below")).unwrap();
    sandbox.run(0, &["-C", "below", "update", "--ours", "../Dockerfile"]);
}
