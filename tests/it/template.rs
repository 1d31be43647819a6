//! `shipway template`: templates of a repository's own, and what is wrong with them.

use crate::sandbox::{Sandbox, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

const SITE: &[(&str, &str)] = &[("index.html", "<!doctype html>\n<title>x</title>\n")];

fn built_in(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn json(report: &str) -> Value {
    serde_json::from_str(report).unwrap()
}

/// What `template test` says of `sample`, which fails.
fn faults(sandbox: &Sandbox, sample: &str) -> Vec<(String, Value)> {
    let line = ["template", "test", "--sample", sample, "--format", "json"];
    let report = json(&sandbox.report(1, &line));
    let faults = report["faults"].as_array().unwrap();
    faults
        .iter()
        .map(|fault| {
            let message = fault["message"].as_str().unwrap().to_owned();
            (message, fault["samples"].clone())
        })
        .collect()
}

#[test]
fn a_copy_comes_before_the_built_in_template_and_undo_takes_it_away() {
    let sandbox = Sandbox::new(SITE);
    let before = sandbox.tree();
    let name = "container/Dockerfile.hbs";
    let copy = ".shipway/templates/container/Dockerfile.hbs";
    let said = sandbox.report(0, &["template", "eject", name, "env/feature.toml"]);
    assert!(said.contains(&format!("Copied to {copy}\n")), "{said}");
    assert_eq!(sandbox.read(copy), built_in(name));
    let feature = sandbox.read(".shipway/templates/env/feature.toml");
    assert_eq!(feature, built_in("env/feature.toml"));
    let history = json(&sandbox.report(0, &["history", "--format", "json"]));
    assert_eq!(history["history"][0]["command"], "template eject");

    let copied = sandbox.tree();
    let said = sandbox.report(0, &["template", "eject", name]);
    assert!(said.starts_with("Nothing to do"), "{said}");
    assert_eq!(sandbox.tree(), copied);

    sandbox.run(0, &["undo"]);
    assert_eq!(sandbox.tree(), before);

    sandbox.run(0, &["template", "eject", name]);
    // As long as it says the same, it is not of the repository's own.
    sandbox.run(0, &["init", "--yes"]);
    sandbox.write(copy, &format!("{}# mine\n", built_in(name)));
    let said = sandbox.error(2, &["update"]);
    assert!(said.contains(&format!("Dockerfile, from {copy}")), "{said}");
    sandbox.run(0, &["update", "--trust-templates"]);
    assert!(sandbox.read("Dockerfile").ends_with("# mine\n"));
}

#[test]
fn what_is_edited_or_in_the_way_stays_and_what_is_not_there_is_named() {
    let sandbox = Sandbox::new(SITE);
    let copy = ".shipway/templates/compose/_service.hbs";
    sandbox.write(copy, "mine\n");
    let before = sandbox.tree();
    let eject = |name: &str| sandbox.error(2, &["template", "eject", "ci/ci.yml.hbs", name]);
    let said = eject("compose/_service.hbs");
    assert!(
        said.contains(&format!("{copy} is there and edited")),
        "{said}"
    );
    let said = eject("container/Dockerfile");
    assert!(
        said.contains("did you mean `container/Dockerfile.hbs`?"),
        "{said}"
    );
    let said = eject("../../x");
    assert!(said.contains("there is no template `../../x`"), "{said}");
    assert_eq!(sandbox.tree(), before);

    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), sandbox.path(".shipway/templates/make")).unwrap();
    let said = eject("make/Makefile.hbs");
    assert!(said.contains(".shipway/templates/make"), "{said}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    let without = Sandbox::without_git(SITE);
    without.run(3, &["template", "eject", "ci/ci.yml.hbs"]);
}

#[test]
fn the_list_says_where_each_template_comes_from() {
    let sandbox = Sandbox::new(SITE);
    let own = ".shipway/templates/ci/prettierignore.hbs";
    sandbox.write(own, "mine\n");
    sandbox.write(".shipway/templates/ci/notes.md", "none\n");
    let report = json(&sandbox.report(0, &["template", "list", "--format", "json"]));
    assert_eq!(report["schema"], 1);
    let listed = report["templates"].as_array().unwrap();
    let one = |name: &str| listed.iter().find(|one| one["name"] == *name);
    let mine = one("ci/prettierignore.hbs").unwrap();
    assert_eq!(
        (&mine["from"], &mine["file"]),
        (&"repository".into(), &own.into())
    );
    assert_eq!(one("ci/ci.yml.hbs").unwrap()["from"], "built-in");
    assert!(one("ci/feature.toml").is_some() && one("ci/notes.md").is_none());
    let said = sandbox.report(0, &["template", "list"]);
    let line = |name: &str| said.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(
        line("ci/prettierignore.hbs").ends_with(&format!("  {own}")),
        "{said}"
    );
    assert!(line("ci/ci.yml.hbs").ends_with("  built in"), "{said}");
}

#[test]
fn every_built_in_template_makes_valid_files_for_one_of_the_samples() {
    let sandbox = Sandbox::new([]);
    let before = sandbox.tree();
    let report = json(&sandbox.report(0, &["template", "test", "--format", "json"]));
    assert_eq!(sandbox.tree(), before);
    assert_eq!(report["faults"], Value::Array(Vec::new()));
    assert_eq!(report["unrendered"], Value::Array(Vec::new()));
    let made = |name: &str, path: &str| {
        let samples = report["samples"].as_array().unwrap();
        let sample = samples.iter().find(|one| one["name"] == *name).unwrap();
        sample["files"].as_array().unwrap().contains(&path.into())
    };
    for name in ["flask", "fastapi-worker", "node", "static"] {
        assert!(
            made(name, "Dockerfile") && made(name, "compose.yaml"),
            "{name}"
        );
    }
    assert!(made("library", ".github/workflows/ci.yml") && !made("library", "Dockerfile"));
}

#[test]
fn a_fault_is_told_with_the_line_of_its_template_for_every_sample() {
    let sandbox = Sandbox::new([]);
    let shadow = |name: &str, text: &str| {
        sandbox.write(&format!(".shipway/templates/{name}"), text);
    };
    // Three templates at once: a name that is not there, one that is cut short, one that makes no
    // YAML in a line of a partial.
    shadow("make/Makefile.hbs", "all:\n\n{{project.nothing}}\n");
    shadow("container/dockerignore.hbs", "a\n{{#if project}}\nb\n");
    shadow(
        "compose/compose.staging.yaml.hbs",
        "services:\n{{> compose/_part.hbs}}\n",
    );
    shadow(
        "compose/_part.hbs",
        "{{#each compose.services}}\n\n  {{name}}: [\n{{/each}}\n",
    );
    let before = sandbox.tree();
    let found = faults(&sandbox, "flask");
    let starts = |text: &str| {
        let mut found = found.iter();
        found.any(|(message, samples)| {
            message.starts_with(&format!(".shipway/templates/{text}"))
                && *samples == serde_json::json!(["flask"])
        })
    };
    assert!(starts("make/Makefile.hbs:3: "), "{found:?}");
    assert!(starts("container/dockerignore.hbs:"), "{found:?}");
    let yaml = "compose/_part.hbs:3 gave a compose.staging.yaml that is no valid YAML, in its line";
    assert!(starts(yaml), "{found:?}");
    assert_eq!(found.len(), 3);
    let line = [
        "template", "test", "--sample", "static", "--sample", "flask",
    ];
    let said = text(&sandbox.run(1, &line).stdout);
    assert!(said.contains("(for flask, static)"), "{said}");
    // A service less, and YAML breaks elsewhere.
    assert!(said.ends_with("4 faults.\n"), "{said}");
    assert_eq!(sandbox.tree(), before);
    let said = sandbox.error(2, &["template", "test", "--sample", "cobol"]);
    assert!(said.contains("there are deno, django"), "{said}");
}

#[test]
fn a_feature_of_ones_own_is_tried_and_its_rules_are_named_with_their_line() {
    let sandbox = Sandbox::new(SITE);
    let rule = |path: &str| {
        format!(
            "summary = \"x\"\n[[file]]\nid = \"extra\"\ntemplate = \"a.hbs\"\n\
             path = \"{path}\"\nreason = \"x\"\n"
        )
    };
    let feature = ".shipway/templates/extra/feature.toml";
    sandbox.write(
        ".shipway/templates/extra/a.hbs",
        "a = {{toml project.name}}\n",
    );
    sandbox.write(feature, &rule("extra.toml"));
    let line = ["template", "test", "--sample", "static", "--format", "json"];
    let report = json(&sandbox.report(0, &line));
    let files = report["samples"][0]["files"].as_array().unwrap();
    assert!(files.contains(&"extra.toml".into()), "{files:?}");
    for (path, said) in [("../out", ":5: "), ("{{project.none}}.toml", ":5: ")] {
        sandbox.write(feature, &rule(path));
        let found = faults(&sandbox, "static");
        assert!(
            found[0].0.starts_with(&format!("{feature}{said}")),
            "{found:?}"
        );
    }
    for (name, there_are) in [("services", "there are ci, "), ("make.nothing", "urls")] {
        let text = format!("{}each = \"{name}\"\n", rule("extra.toml"));
        sandbox.write(feature, &text);
        let found = faults(&sandbox, "static");
        assert!(
            found[0].0.starts_with(&format!("{feature}:7: ")),
            "{found:?}"
        );
        assert!(
            found[0]
                .0
                .contains(&format!("`{name}`, which there is not")),
            "{found:?}"
        );
        assert!(found[0].0.contains(there_are), "{found:?}");
    }
    sandbox.write(".shipway/templates/extra/never.hbs", "{{#if}}\n");
    sandbox.write(feature, &rule("extra.toml"));
    let found = faults(&sandbox, "static");
    assert!(
        found[0]
            .0
            .starts_with(".shipway/templates/extra/never.hbs:"),
        "{found:?}"
    );
    assert_eq!(found[0].1, serde_json::json!([]));
}

#[test]
fn a_template_without_end_is_refused_and_nothing_is_written() {
    let sandbox = Sandbox::new(SITE);
    let own = ".shipway/templates/container/site.conf.hbs";
    let many = "{{#each list}}".repeat(9);
    for (body, said) in [
        ("a\n{{> (lookup project \"name\")}}\n".to_owned(), "site.conf.hbs:2: "),
        (
            "{{#*inline \"x\"}}\n{{> y}}\n{{/inline}}\n{{#*inline \"y\"}}\n{{> x}}\n{{/inline}}\n{{> x}}"
                .to_owned(),
            "site.conf.hbs:2: ",
        ),
        (
            format!("{}0123456789{}", many.replace("list", "@root/features"), "{{/each}}".repeat(9)),
            "makes a file of more than 4 MiB",
        ),
    ] {
        sandbox.write(own, &body);
        let before = sandbox.tree();
        let text = sandbox.error(2, &["init", "--yes", "--trust-templates"]);
        assert!(text.contains(said) && text.contains("site.conf.hbs"), "{said}: {text}");
        assert_eq!(sandbox.tree(), before);
    }
}
