//! `shipway init` answered by somebody at a terminal: tools that the project does not use yet, and
//! hooks that another tool runs.

use crate::home::{Home, script};
use crate::terminal::Terminal;

const FLASK: &[(&str, &str)] = &[
    (
        "app.py",
        "from flask import Flask\n\napp = Flask(__name__)\n",
    ),
    ("requirements.txt", "flask==3.1.0\n"),
    (".python-version", "3.11\n"),
    ("Procfile", "web: gunicorn --bind 0.0.0.0:8000 app:app\n"),
];
const DOWN: &str = "\u{1b}[B";

/// A Flask application and `more`; its user has programs that write down what they are asked.
fn app(more: &[(&str, &str)]) -> Home {
    let home = Home::new(&[FLASK, more].concat());
    for tool in ["ruff", "black", "mypy", "eslint"] {
        home.program(tool, &format!("echo \"{tool} $*\" >> \"$HOME/log\""));
    }
    home
}

/// Runs `init`, takes what it proposes but for `questions`, and answers these; it must end well.
/// Gives what was shown.
fn init(home: &Home, questions: &[(&str, &str)]) -> String {
    const BEFORE: [(&str, &str); 3] = [
        ("Project name", "\r"),
        ("What to generate", "\r"),
        ("Time zone", "\r"),
    ];
    let line = format!("{} init", env!("CARGO_BIN_EXE_shipway"));
    let mut terminal = Terminal::start(home.with(Terminal::command()), &line);
    terminal.answer(&BEFORE);
    terminal.answer(questions);
    terminal.answer(&[("Write ", "\r")]);
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    console::strip_ansi_codes(&shown).into_owned()
}

fn log(home: &Home) -> String {
    let text = std::fs::read_to_string(home.path("log")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.ends_with(" --version"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn commit(home: &Home, file: &str) {
    home.sandbox.write(file, "x = 1\n");
    home.git(&["add", file]);
    home.git(&["commit", "--quiet", "--message=x"]);
}

#[test]
fn a_tool_that_the_project_does_not_use_runs_where_its_user_accepts_it() {
    let home = app(&[]);
    let shown = init(&home, &[("that the project does not use yet", " \r")]);
    assert!(shown.contains("ruff check --fix {files}"), "{shown}");
    let config = home.sandbox.read("shipway.toml");
    assert!(config.contains("name = \"ruff\""), "{config}");
    assert!(
        !config.contains("black") && !config.contains("mypy"),
        "{config}"
    );
    commit(&home, "new.py");
    assert_eq!(log(&home), "ruff check --fix new.py\n");
    // It was accepted once and is not asked about by a run without a terminal.
    home.run(0, &["init", "--yes"]);
    assert_eq!(home.sandbox.read("shipway.toml"), config);
}

const LEFTHOOK: &str = "pre-commit:\n  jobs:\n    - name: lint\n      glob: \"*.py\"\n      run: ruff check {staged_files}\n";

/// Hooks as lefthook leaves them.
fn lefthook() -> Home {
    let home = app(&[("lefthook.yml", LEFTHOOK)]);
    script(
        &home.sandbox.path(".git/hooks/pre-commit"),
        "# LEFTHOOK\necho lefthook >> \"$HOME/log\"",
    );
    home
}

#[test]
fn hooks_of_lefthook_stay_where_nothing_else_is_said() {
    let home = lefthook();
    let shown = init(&home, &[("lefthook runs this repository's hooks", "\r")]);
    assert!(shown.contains("leave them to lefthook"), "{shown}");
    assert!(shown.contains("shipway hooks import"), "{shown}");
    assert!(
        !home
            .sandbox
            .path(".git/hooks/pre-commit.before-shipway")
            .exists()
    );
    commit(&home, "new.py");
    assert_eq!(log(&home), "lefthook\n");
}

#[test]
fn hooks_of_lefthook_are_chained_where_its_user_says_so() {
    let home = lefthook();
    init(
        &home,
        &[
            (
                "lefthook runs this repository's hooks",
                &format!("{DOWN}\r"),
            ),
            ("that the project does not use yet", &format!("{DOWN} \r")),
        ],
    );
    let config = home.sandbox.read("shipway.toml");
    assert!(config.contains("enable = [\"hooks\"]"), "{config}");
    commit(&home, "new.py");
    assert_eq!(log(&home), "lefthook\nblack --quiet new.py\n");
    // It was said once: neither asked again nor taken back.
    let report = home.json(&["init", "--yes"]);
    assert_eq!(report["git_hooks"]["installed"], true, "{report}");
    home.run(0, &["undo"]);
    commit(&home, "other.py");
    assert!(log(&home).ends_with("\nlefthook\n"), "{}", log(&home));
}

#[test]
fn jobs_of_lefthook_are_taken_over_where_its_user_says_so() {
    let home = lefthook();
    let shown = init(
        &home,
        &[
            (
                "lefthook runs this repository's hooks",
                &format!("{DOWN}{DOWN}\r"),
            ),
            ("that the project does not use yet", "\r"),
        ],
    );
    let config = home.sandbox.read("shipway.toml");
    assert!(config.contains("run = \"ruff check {files}\""), "{config}");
    // Beside lefthook's hook all would run twice: what takes that away is said.
    assert!(
        shown.contains("lefthook uninstall; then shipway hooks install"),
        "{shown}"
    );
    commit(&home, "new.py");
    assert_eq!(log(&home), "lefthook\n");
    std::fs::remove_file(home.sandbox.path(".git/hooks/pre-commit")).unwrap();
    home.run(0, &["hooks", "install", "--yes"]);
    commit(&home, "other.py");
    assert_eq!(log(&home), "lefthook\nruff check other.py\n");
}

/// husky 9: git looks for hooks in a folder of the work tree.
fn husky() -> Home {
    let home = app(&[
        (
            "package.json",
            "{\"scripts\": {\"prepare\": \"husky\"}, \"devDependencies\": {\"husky\": \"^9\"}}\n",
        ),
        (".husky/pre-commit", "eslint .\n"),
    ]);
    script(
        &home.sandbox.path(".husky/_/pre-commit"),
        "exec sh -e \"$(dirname \"$0\")/../pre-commit\"",
    );
    home.sandbox.write(".husky/_/.gitignore", "*\n");
    home.git(&["config", "core.hooksPath", ".husky/_"]);
    home
}

#[test]
fn beside_husky_the_line_to_add_is_said() {
    let home = husky();
    let shown = init(
        &home,
        &[
            ("husky runs this repository's hooks", &format!("{DOWN}\r")),
            ("that the project does not use yet", "\r"),
        ],
    );
    assert!(shown.contains("The hooks are not installed"), "{shown}");
    assert!(shown.contains(".husky/pre-commit"), "{shown}");
    let line = "shipway hooks run pre-commit -- \"$@\"";
    assert!(shown.contains(line), "{shown}");
    assert_eq!(home.sandbox.read(".husky/pre-commit"), "eslint .\n");
    // With that line git calls both.
    let binary = env!("CARGO_BIN_EXE_shipway");
    home.program("shipway", &format!("exec {binary} \"$@\""));
    home.sandbox
        .write(".husky/pre-commit", &format!("eslint .\n{line}\n"));
    home.sandbox.write("broken.json", "{\n");
    home.git(&["add", "broken.json"]);
    let output = home.git_command(&["commit", "-m", "x"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("broken.json:"),
        "{said}"
    );
    assert_eq!(log(&home), "eslint .\n");
}

#[test]
fn jobs_of_husky_are_taken_over_where_its_user_says_so() {
    let home = husky();
    let shown = init(
        &home,
        &[
            (
                "husky runs this repository's hooks",
                &format!("{DOWN}{DOWN}\r"),
            ),
            ("that the project does not use yet", "\r"),
        ],
    );
    assert!(
        shown.contains("git config --unset core.hooksPath"),
        "{shown}"
    );
    home.git(&["config", "--unset", "core.hooksPath"]);
    home.run(0, &["hooks", "install", "--yes"]);
    commit(&home, "new.py");
    assert_eq!(log(&home), "eslint .\n");
}
