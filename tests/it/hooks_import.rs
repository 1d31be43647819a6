//! `shipway hooks import`: other tools' hooks become jobs that run.

use crate::home::Home;
use serde_json::Value;

/// The `(hook, name, what)` of each job that was added.
fn added(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let jobs = report["added"].as_array().unwrap();
    jobs.iter()
        .map(|job| {
            let what = if job["check"].is_null() {
                &job["run"]
            } else {
                &job["check"]
            };
            (text(&job["hook"]), text(&job["name"]), text(what))
        })
        .collect()
}

/// The `what at place` of each thing that has no equivalent.
fn left(report: &Value) -> Vec<String> {
    let all = report["without_equivalent"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.iter()
        .map(|one| format!("{} at {}", text(&one["what"]), text(&one["place"])))
        .collect()
}

fn commands(report: &Value) -> Vec<String> {
    added(report)
        .into_iter()
        .map(|(hook, _, what)| format!("{hook}: {what}"))
        .collect()
}

fn config(home: &Home) -> toml::Table {
    home.sandbox.read("shipway.toml").parse().unwrap()
}

fn import(files: &[(&str, &str)]) -> (Home, Value) {
    let home = Home::new(files);
    let report = home.json(&["hooks", "import", "--yes"]);
    (home, report)
}

const PRE_COMMIT: &str = r"default_stages: [pre-commit]
exclude: ^vendor/
repos:
  - repo: https://github.com/pre-commit/pre-commit-hooks
    rev: v5.0.0
    hooks:
      - id: trailing-whitespace
        args: [--markdown-linebreak-ext=md]
      - id: check-added-large-files
        args: ['--maxkb=200']
      - id: no-commit-to-branch
        args: [--branch, develop, --pattern, release/.*]
      - id: check-ast
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.6.9
    hooks:
      - id: ruff
        args: [--fix]
        exclude: ^(docs|tests/data)/
  - repo: https://github.com/pre-commit/mirrors-mypy
    rev: v1.11.2
    hooks:
      - id: mypy
        additional_dependencies: [types-requests]
  - repo: https://github.com/compilerla/conventional-pre-commit
    rev: v3.6.0
    hooks:
      - id: conventional-pre-commit
        stages: [commit-msg]
        args: [feat, fix]
  - repo: local
    hooks:
      - id: words
        name: count words
        language: system
        entry: wc -w
        files: \.md$
      - id: unit
        name: unit
        language: script
        entry: scripts/test.sh -q
        pass_filenames: false
        stages: [pre-push]
      - id: no-print
        name: no printing
        language: pygrep
        entry: print\(
      - id: odd
        name: odd files
        language: system
        entry: odd-files
        files: ^(?!src/)
  - repo: https://example.org/unknown/hooks
    rev: v1
    hooks:
      - id: something
";

#[test]
fn the_hooks_of_pre_commit_become_checks_and_jobs() {
    let (home, report) = import(&[(".pre-commit-config.yaml", PRE_COMMIT), ("src/a.py", "")]);
    let expected = [
        "pre-commit: trailing-whitespace",
        "pre-commit: large-files",
        "pre-commit: protected-branch",
        "pre-commit: check-ast {files}",
        "pre-commit: ruff check --force-exclude --fix {files}",
        "pre-commit: mypy --ignore-missing-imports --scripts-are-modules {files}",
        "commit-msg: commit-message",
        "pre-commit: wc -w {files}",
        "pre-push: scripts/test.sh -q",
    ];
    assert_eq!(commands(&report), expected);
    let expected: Vec<String> = ["no-print", "odd", "something"]
        .iter()
        .map(|id| {
            let line = PRE_COMMIT.lines().position(|line| line.ends_with(id));
            format!("{id} at .pre-commit-config.yaml:{}", line.unwrap() + 1)
        })
        .collect();
    assert_eq!(left(&report), expected);
    let hooks = &config(&home)["hooks"];
    assert_eq!(hooks["exclude"], toml::Value::from(vec!["vendor/**"]));
    assert_eq!(hooks["defaults"], false.into());
    let jobs = hooks["pre-commit"].as_array().unwrap();
    assert_eq!(jobs[0]["fix"], true.into());
    assert_eq!(jobs[1]["max_size"], "200 KiB".into());
    assert_eq!(
        jobs[2]["protected"],
        toml::Value::from(vec!["develop", "release/**"])
    );
    assert_eq!(
        jobs[4]["exclude"],
        toml::Value::from(vec!["docs/**", "tests/data/**"])
    );
    assert_eq!(
        jobs[4]["types"],
        toml::Value::from(vec!["python", "pyi", "jupyter"])
    );
    assert_eq!(
        jobs[5]["tool"]["install"],
        "pip install mypy==1.11.2 types-requests".into()
    );
    assert_eq!(
        hooks["commit-msg"][0]["commit_types"],
        toml::Value::from(vec!["feat", "fix"])
    );
}

#[test]
fn what_was_taken_over_runs_on_the_files_that_it_was_for() {
    let (home, _) = import(&[
        (
            ".pre-commit-config.yaml",
            "repos:\n  - repo: local\n    hooks:\n      - id: names\n        name: names\n        language: system\n        entry: record\n        types: [python]\n        exclude: ^docs/\n",
        ),
        ("a.py", "1\n"),
        ("b.txt", "b\n"),
        ("docs/c.py", "3\n"),
        ("script", "#!/usr/bin/env python3\n"),
    ]);
    // As for pre-commit, a first line speaks for files that are executable.
    home.git(&["update-index", "--chmod=+x", "script"]);
    home.git(&["checkout", "--", "script"]);
    home.program("record", "printf '%s\\n' \"$@\" >> \"$HOME/log\"");
    home.run(0, &["trust", "--yes"]);
    home.run(0, &["hooks", "run", "pre-commit", "--all-files"]);
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert_eq!(log, "a.py\nscript\n");
}

#[test]
fn jobs_commands_and_scripts_of_lefthook_become_jobs() {
    let yaml = "\
extends: [hooks/more.yml]
templates:
  wrap: docker compose run web
pre-commit:
  parallel: true
  exclude_tags: [slow]
  commands:
    lint:
      glob: '*.{js,ts}'
      run: npx eslint --fix {staged_files}
      stage_fixed: true
      env: {CI: 'true'}
    types:
      root: web/
      run: '{wrap} tsc'
      skip: [merge, {ref: wip}]
    both:
      glob: 'src/*.css'
      run: a {staged_files} && b {staged_files}
    off:
      skip: true
      run: never
  jobs:
    - run: make check
      only: [{ref: main}]
    - group:
        jobs:
          - name: inner
            glob: '*.go'
            run: gofmt -l -w {staged_files}
commit-msg:
  scripts:
    check.sh:
      runner: bash
prepare-commit-msg:
  commands:
    ask:
      interactive: true
      run: cz
post-merge:
  commands:
    install: {run: npm ci}
deploy:
  commands:
    x: {run: y}
";
    let (home, report) = import(&[
        ("lefthook.yml", yaml),
        (
            "hooks/more.yml",
            "pre-push:\n  commands:\n    test: {run: make test, timeout: 5m}\n",
        ),
    ]);
    assert_eq!(
        commands(&report),
        [
            "pre-push: make test",
            "pre-commit: npx eslint --fix {files}",
            "pre-commit: docker compose run web tsc",
            "pre-commit: sh -c 'a \"$@\" && b \"$@\"' sh {files}",
            "pre-commit: make check",
            "pre-commit: gofmt -l -w {files}",
            "commit-msg: bash .lefthook/commit-msg/check.sh {message}",
        ]
    );
    assert_eq!(
        left(&report),
        [
            "exclude_tags of pre-commit at lefthook.yml:6",
            "off at lefthook.yml:21",
            "ask at lefthook.yml:37",
            "post-merge at lefthook.yml:40",
            "deploy at lefthook.yml:43",
        ]
    );
    let hooks = &config(&home)["hooks"];
    let jobs = hooks["pre-commit"].as_array().unwrap();
    assert_eq!(
        (&jobs[0]["fix"], &jobs[0]["env"]["CI"]),
        (&true.into(), &"true".into())
    );
    assert_eq!(jobs[1]["working_dir"], "web".into());
    assert_eq!(jobs[1]["files"], toml::Value::from(vec!["web/**"]));
    assert_eq!(jobs[1]["branches"], toml::Value::from(vec!["!wip"]));
    assert_eq!(jobs[1]["merge"], false.into());
    assert_eq!(jobs[2]["files"], toml::Value::from(vec!["src/**/*.css"]));
    assert_eq!(jobs[3]["branches"], toml::Value::from(vec!["main"]));
    assert_eq!(hooks["pre-push"][0]["timeout"], "5m".into());
}

#[test]
fn lefthook_is_read_in_each_of_its_formats() {
    for (name, text) in [
        (
            "lefthook.toml",
            "[pre-commit.commands.lint]\nrun = \"lint {staged_files}\"\n",
        ),
        (
            ".lefthook.json",
            "{\"pre-commit\": {\"commands\": {\"lint\": {\"run\": \"lint {staged_files}\"}}}}",
        ),
        (
            ".config/lefthook.yaml",
            "pre-commit:\n  jobs:\n    - name: lint\n      run: lint '{staged_files}'\n",
        ),
    ] {
        let (_, report) = import(&[(name, text)]);
        assert_eq!(commands(&report), ["pre-commit: lint {files}"], "{name}");
    }
}

#[test]
fn the_lines_of_husky_and_the_commands_of_lint_staged_become_jobs() {
    let package = r#"{
  "scripts": {
    "prepare": "husky",
    "staged": "lint-staged --quiet",
    "test": "vitest run"
  },
  "lint-staged": {
    "*.ts?(x)": ["eslint --fix", "prettier --write", "git add"],
    "!(*.min).css": "stylelint",
    "+(a|b).x": "y"
  }
}
"#;
    let (home, report) = import(&[
        ("package.json", package),
        (
            ".husky/pre-commit",
            "#!/usr/bin/env sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\nnpm run staged && CI=1 npm test\n",
        ),
        (
            ".husky/commit-msg",
            "npx --no -- commitlint --edit \"$1\"\n",
        ),
        (
            ".husky/pre-push",
            "if [ -n \"$CI\" ]; then exit 0; fi\nmake test\n",
        ),
        (".husky/post-merge", "npm ci\n"),
        (
            ".husky/prepare-commit-msg",
            "exec < /dev/tty && npx cz --hook\n",
        ),
    ]);
    assert_eq!(
        commands(&report),
        [
            "commit-msg: npx --no -- commitlint --edit {message}",
            "pre-commit: eslint --fix {files}",
            "pre-commit: prettier --write {files}",
            "pre-commit: stylelint {files}",
            "pre-commit: npm test",
            "pre-push: sh -e .husky/pre-push",
        ]
    );
    assert_eq!(
        left(&report),
        [
            "post-merge: npm ci at .husky/post-merge",
            "+(a|b).x at package.json:10",
            "prepare-commit-msg at .husky/prepare-commit-msg",
        ]
    );
    let jobs = config(&home)["hooks"]["pre-commit"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(jobs[0]["files"], toml::Value::from(vec!["*.ts", "*.tsx"]));
    assert_eq!(
        (&jobs[0]["fix"], &jobs[1]["fix"]),
        (&true.into(), &true.into())
    );
    assert_eq!(jobs[2]["exclude"], toml::Value::from(vec!["*.min.css"]));
    assert_eq!(jobs[3]["env"]["CI"], "1".into());
    let next: Vec<&str> = report["next"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(
        next,
        [
            "git config --unset core.hooksPath",
            "take husky out of the script prepare in package.json, which sets its hooks up again",
            "shipway hooks install",
        ]
    );
}

#[test]
fn older_husky_and_simple_git_hooks_are_read_from_their_files() {
    let (_, report) = import(&[(
        ".huskyrc.json",
        r#"{"hooks": {"pre-commit": "pretty-quick --pattern '**/*.js'", "commit-msg": "commitlint -E HUSKY_GIT_PARAMS"}}"#,
    )]);
    assert_eq!(
        commands(&report),
        [
            "pre-commit: pretty-quick --pattern '**/*.js'",
            "commit-msg: commitlint --edit {message}",
        ]
    );
    let (_, report) = import(&[(".husky/pre-commit", "yarn build\ngit add .\n")]);
    assert_eq!(commands(&report), ["pre-commit: yarn build"]);
    assert_eq!(left(&report), ["git add . at .husky/pre-commit:2"]);
    let (_, report) = import(&[(
        "package.json",
        "{\"simple-git-hooks\": {\"pre-push\": \"pnpm test | tee log\"}, \"lint-staged\": {\"*\": \"x\"}}",
    )]);
    assert_eq!(
        commands(&report),
        [
            "pre-push: sh -c 'pnpm test | tee log' sh",
            "pre-commit: x {files}",
        ]
    );
}

#[test]
fn a_dry_run_writes_nothing_and_a_second_run_adds_nothing() {
    let home = Home::new(&[(".pre-commit-config.yaml", PRE_COMMIT)]);
    let before = home.sandbox.tree();
    home.run(0, &["hooks", "import", "--dry-run"]);
    assert!(before == home.sandbox.tree());
    home.run(0, &["hooks", "import", "--yes"]);
    let once = home.sandbox.read("shipway.toml");
    let report = home.json(&["hooks", "import", "--yes"]);
    assert_eq!(report["applied"], false);
    assert!(added(&report).is_empty());
    assert_eq!(home.sandbox.read("shipway.toml"), once);
    home.run(0, &["undo"]);
    assert!(before == home.sandbox.tree());
}

#[test]
fn what_the_configuration_says_already_stays_as_it_is() {
    let ours = "# ours\nschema = 1\n\n[hooks] # why\nexclude = [\"x\"]\n\n[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"mine\" # mine\n\n[project]\nname = \"y\"\n";
    let (home, report) = import(&[
        ("shipway.toml", ours),
        (
            "lefthook.yml",
            "pre-commit:\n  commands:\n    lint: {run: theirs}\n    mine: {run: mine}\n",
        ),
    ]);
    let text = home.sandbox.read("shipway.toml");
    for line in ours.lines() {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    let names: Vec<String> = added(&report)
        .into_iter()
        .map(|(_, name, _)| name)
        .collect();
    assert_eq!(names, ["lint-2"]);
    assert_eq!(report["present"][0]["run"], "mine");
    assert!(!text.contains("defaults"), "{text}");
}

#[test]
fn a_malformed_source_is_named_with_its_line_and_nothing_is_written() {
    for (name, text, place) in [
        (
            ".pre-commit-config.yaml",
            "repos:\n  - repo: local\n  hooks: [\n",
            ".pre-commit-config.yaml:",
        ),
        ("lefthook.toml", "a = 1\nb = \n", "lefthook.toml:2"),
        (
            ".lintstagedrc.json",
            "{\n  \"*\": \n}",
            ".lintstagedrc.json:",
        ),
    ] {
        let home = Home::new(&[(name, text)]);
        let error = home.error(2, &["hooks", "import", "--yes"]);
        assert!(error.contains(place), "{error}");
        assert!(!home.sandbox.root().join("shipway.toml").exists());
    }
    let home = Home::new(&[
        ("lefthook.yml", "pre-commit: {}\n"),
        ("shipway.toml", "[hooks]\nbogus = 1\n"),
    ]);
    let error = home.error(2, &["hooks", "import", "--yes"]);
    assert!(error.contains("shipway.toml:2"), "{error}");
}

#[test]
fn where_there_is_nothing_to_import_it_is_said() {
    let home = Home::new(&[("package.json", "{\"scripts\": {}}")]);
    let error = home.error(3, &["hooks", "import"]);
    assert!(error.contains("nothing to import"), "{error}");
    assert!(error.contains("shipway hooks install"), "{error}");
}

#[test]
fn a_program_as_configuration_is_never_run() {
    let (home, report) = import(&[
        ("lint-staged.config.mjs", "process.exit(9)\n"),
        (".huskyrc.js", "process.exit(9)\n"),
    ]);
    assert!(added(&report).is_empty());
    assert_eq!(left(&report).len(), 2);
    assert!(!home.sandbox.root().join("shipway.toml").exists());
}
