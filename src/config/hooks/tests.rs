use super::*;

fn hooks(text: &str) -> Hooks {
    Config::parse(text, FILE).unwrap().hooks
}

/// Line, column and the whole message of what is refused.
fn refused(text: &str) -> (usize, usize, String) {
    let error = Config::parse(text, FILE).unwrap_err();
    let mend = error.mend.unwrap_or_default();
    (
        error.line,
        error.column,
        format!("{} / {mend}", error.message),
    )
}

fn names(hooks: &Hooks, hook: Hook) -> Vec<&str> {
    hooks
        .jobs(hook)
        .iter()
        .map(|job| job.name.as_str())
        .collect()
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let hooks = hooks(
        r#"
[hooks]
exclude = ["vendor/**"]
budget = "2s"
defaults = false
[[hooks.pre-commit]]
check = "trailing-whitespace"
fix = true
[[hooks.pre-commit]]
name = "ruff"
run = "ruff check --fix {files}"
files = ["**/*.py"]
types = ["python"]
fix = "stop"
branches = ["!wip/**"]
merge = false
timeout = "1m 30s"
env = { RUFF_CACHE_DIR = "/tmp/x" }
tool = { name = "ruff", install = "pip install ruff" }
required = true
working_dir = "backend"
[[hooks.pre-push]]
name = "test"
run = "make test"
"#,
    );
    assert_eq!(
        names(&hooks, Hook::PreCommit),
        ["trailing-whitespace", "ruff"]
    );
    assert_eq!(names(&hooks, Hook::PrePush), ["test"]);
    assert!(hooks.used().eq([Hook::PreCommit, Hook::PrePush]));
    assert_eq!(hooks.budget[&Hook::PreCommit], Duration::from_secs(2));
    assert!(hooks.exclude.matches("vendor/a/b") && !hooks.exclude.matches("x"));
    let [tidy, ruff] = hooks.jobs(Hook::PreCommit) else {
        panic!("two jobs");
    };
    assert_eq!(tidy.fix, Fix::Yes);
    assert_eq!(tidy.place.as_deref(), Some("shipway.toml:6"));
    assert_eq!(ruff.fix, Fix::Stop);
    assert_eq!(ruff.timeout, Some(Duration::from_secs(90)));
    assert_eq!(ruff.command().unwrap().words.len(), 4);
    assert_eq!(ruff.working_dir.as_str(), "backend");
    assert!(ruff.wants("x/a.py") && !ruff.wants("a.js"));
    assert!(!ruff.merge && ruff.required && ruff.branches.matches(Some("main")));
    assert_eq!(
        ruff.tool.as_ref().unwrap().install.as_deref(),
        Some("pip install ruff")
    );
}

#[test]
fn without_configuration_the_default_checks_hold() {
    let hooks = Hooks::default();
    assert_eq!(hooks, Config::parse("", FILE).unwrap().hooks);
    assert!(names(&hooks, Hook::PreCommit).contains(&"secrets"));
    assert_eq!(names(&hooks, Hook::PrePush), ["private-keys", "secrets"]);
    assert_eq!(names(&hooks, Hook::PostMerge), ["arrivals"]);
    assert!(hooks.jobs(Hook::CommitMsg).is_empty());
    assert!(
        hooks
            .jobs(Hook::PreCommit)
            .iter()
            .all(|job| job.fix == Fix::No)
    );
}

#[test]
fn a_written_check_takes_the_place_of_the_default_one() {
    let hooks = hooks(
        "[hooks]\ndisable = [\"xml-syntax\"]\n[[hooks.pre-commit]]\ncheck = \"large-files\"\nmax_size = \"2 MB\"\n",
    );
    let large: Vec<&Job> = hooks
        .jobs(Hook::PreCommit)
        .iter()
        .filter(|job| job.name == "large-files")
        .collect();
    assert_eq!(large.len(), 1);
    assert_eq!(large[0].check().unwrap().options.max_size, 2_000_000);
    let names = names(&hooks, Hook::PreCommit);
    assert!(names.contains(&"toml-syntax") && !names.contains(&"xml-syntax"));
}

#[test]
fn every_option_reaches_its_check() {
    let hooks = hooks(
        r#"
[[hooks.commit-msg]]
check = "commit-message"
commit_types = ["feat", "fix"]
scopes = ["api"]
max_subject = 60
[[hooks.pre-push]]
check = "protected-branch"
protected = ["main", "release/*"]
[[hooks.pre-commit]]
check = "secrets"
allow = ["0123456789ABCDEF"]
allow_file = "secrets.allow"
entropy = false
[[hooks.pre-commit]]
check = "line-endings"
ending = "crlf"
[[hooks.pre-commit]]
check = "trailing-whitespace"
markdown_breaks = false
[[hooks.pre-commit]]
check = "json-syntax"
comments = ["*.jsonc"]
[[hooks.pre-commit]]
check = "personal-data"
columns = ["host"]
allow_columns = ["birth_place"]
level = "error"
"#,
    );
    let options = |hook, name: &str| {
        let job = hooks
            .jobs(hook)
            .iter()
            .find(|job| job.name == name)
            .unwrap();
        (job.check().unwrap().options.clone(), job.level)
    };
    let (message, _) = options(Hook::CommitMsg, "commit-message");
    assert_eq!(
        (message.commit_types.len(), message.max_subject),
        (2, Some(60))
    );
    assert_eq!(message.scopes, ["api"]);
    let (branch, _) = options(Hook::PrePush, "protected-branch");
    assert!(branch.protected.matches(Some("release/1")) && !branch.protected.matches(Some("x")));
    let (secrets, level) = options(Hook::PreCommit, "secrets");
    assert_eq!(secrets.allow, ["0123456789abcdef"]);
    assert!(!secrets.entropy && level == Level::Error);
    assert_eq!(
        options(Hook::PreCommit, "line-endings").0.ending,
        Ending::Crlf
    );
    assert!(
        !options(Hook::PreCommit, "trailing-whitespace")
            .0
            .markdown_breaks
    );
    assert!(
        options(Hook::PreCommit, "json-syntax")
            .0
            .comments
            .matches("a/b.jsonc")
    );
    let (personal, level) = options(Hook::PreCommit, "personal-data");
    assert_eq!((personal.columns.len(), level), (1, Level::Error));
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_mend() {
    let cases: &[(&str, (usize, usize), &str)] = &[
        (
            "[hooks]\nexcludes = []\n",
            (2, 1),
            "did you mean `exclude`?",
        ),
        (
            "[[hooks.precommit]]\ncheck = \"secrets\"\n",
            (1, 9),
            "did you mean `pre-commit`?",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nfile = []\n",
            (3, 1),
            "did you mean `files`?",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nfiles = \"*.py\"\n",
            (3, 9),
            "expected a sequence",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nfiles = [\"*.py\",\n  \"[x\"]\n",
            (4, 3),
            "unclosed character class",
        ),
        (
            "[hooks]\nexclude = [\"{a\"]\n",
            (2, 12),
            "no pattern of files",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nbranches = [\"[a\"]\n",
            (3, 13),
            "no pattern of branches",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secret\"\n",
            (2, 9),
            "did you mean `secrets`?",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"zzz\"\n",
            (2, 9),
            "there are trailing-whitespace, ",
        ),
        (
            "[hooks]\ndisable = [\"xml\"]\n",
            (2, 12),
            "did you mean `xml-syntax`?",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\n[[hooks.pre-commit]]\nrun = \"x/a\"\n",
            (4, 7),
            "shipway.toml:1",
        ),
        (
            "[[hooks.pre-commit]]\nname = \"a\"\nrun = \"b\"\n[[hooks.pre-commit]]\nname = \"a\"\nrun = \"c\"\n",
            (5, 8),
            "two jobs named `a`",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\ntimeout = \"soon\"\n",
            (3, 11),
            "is no duration",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\ntimeout = \"-2s\"\n",
            (3, 11),
            "is no duration",
        ),
        ("[hooks]\nbudget = \"0s\"\n", (2, 10), "is no duration"),
        (
            "[hooks.budget]\npre-push = \"1m\"\npre-comit = \"2s\"\n",
            (3, 1),
            "did you mean `pre-commit`?",
        ),
        (
            "[hooks]\nbudget = 2\n",
            (2, 10),
            "expected a duration such as",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\nfix = \"maybe\"\n",
            (3, 7),
            "true, false or \"stop\"",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\nlevel = \"fatal\"\n",
            (3, 9),
            "warning",
        ),
        (
            "[[hooks.pre-commit]]\nname = \"a\"\n",
            (1, 1),
            "neither `check` nor `run`",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nrun = \"a\"\n",
            (3, 1),
            "not both",
        ),
        (
            "[[hooks.pre-commit]]\nname = \"a,b\"\nrun = \"a\"\n",
            (2, 8),
            "no name for a job",
        ),
        ("[[hooks.pre-commit]]\nrun = \"a && b\"\n", (2, 7), "sh -c"),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nmax_size = \"1 MB\"\n",
            (3, 1),
            "option of the check `large-files`",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\nmax_size = \"1 MB\"\n",
            (3, 1),
            "this job runs a command",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"large-files\"\nmax_size = \"big\"\n",
            (3, 12),
            "500 KiB",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nfix = true\n",
            (3, 1),
            "cannot mend",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\ntimeout = \"1s\"\n",
            (3, 1),
            "built in",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"secrets\"\nallow = [\"hunter2\"]\n",
            (3, 10),
            "SHA-256",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"commit-message\"\n",
            (2, 9),
            "[[hooks.commit-msg]]",
        ),
        (
            "[[hooks.post-merge]]\nname = \"x\"\nrun = \"npm ci\"\n",
            (3, 1),
            "just arrived",
        ),
        (
            "[[hooks.commit-msg]]\nrun = \"a {message}\"\nfiles = [\"*\"]\n",
            (3, 1),
            "has none",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\nworking_dir = \"../x\"\n",
            (3, 15),
            "leaves the repository",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\nenv = { \"A=B\" = \"c\" }\n",
            (3, 7),
            "no name of a variable",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"a\"\ntool = { install = \"x\" }\n",
            (3, 8),
            "missing field `name`",
        ),
    ];
    for (text, place, said) in cases {
        let (line, column, message) = refused(text);
        assert!(message.contains(said), "{text}\n{message}");
        assert_eq!((line, column), *place, "{text}\n{message}");
    }
}

#[test]
fn types_that_exclude_each_other_are_alternatives() {
    let hooks = hooks(
        "[[hooks.pre-commit]]\nname = \"x\"\nrun = \"x\"\ntypes = [\"python\", \"pyi\", \"executable\"]\n",
    );
    let job = hooks.jobs(Hook::PreCommit).last().unwrap();
    let is = |tags: &[&str]| job.is_of(|tag| tags.contains(&tag));
    assert!(is(&["python", "executable"]) && is(&["pyi", "executable"]));
    assert!(!is(&["python", "non-executable"]) && !is(&["shell", "executable"]));
    let (line, column, said) = refused("[[hooks.pre-commit]]\nrun = \"x\"\ntypes = [\"pyton\"]\n");
    assert_eq!((line, column), (3, 10));
    assert!(said.contains("did you mean `python`?"), "{said}");
}

#[test]
fn a_subfolder_adds_jobs_for_its_tree_alone() {
    let mut hooks = hooks("[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"lint {files}\"\n");
    let folder = RelPath::parse("apps/api").unwrap();
    let text = "[hooks]\nexclude = [\"gen/\"]\n[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"other {files}\"\nfiles = [\"*.py\"]\n";
    hooks.add(text, "apps/api/shipway.toml", &folder).unwrap();
    let job = hooks.jobs(Hook::PreCommit).last().unwrap();
    assert_eq!(job.name, "apps/api/lint");
    assert_eq!(job.place.as_deref(), Some("apps/api/shipway.toml:3"));
    assert_eq!(job.working_dir, folder);
    assert!(job.wants("apps/api/x/a.py") && !job.wants("apps/apis/a.py") && !job.wants("a.py"));
    assert!(hooks.exclude.matches("apps/api/gen/a") && !hooks.exclude.matches("gen/a"));
}

#[test]
fn what_holds_for_all_stands_at_the_root() {
    for (line, said) in [
        ("defaults = false", "`defaults`"),
        ("disable = [\"secrets\"]", "`disable`"),
        ("budget = \"1s\"", "`budget`"),
    ] {
        let error = Hooks::default()
            .add(
                &format!("[hooks]\n{line}\n"),
                "a/shipway.toml",
                &RelPath::parse("a").unwrap(),
            )
            .unwrap_err();
        assert_eq!((error.line, error.column), (2, 1), "{error}");
        assert!(error.message.starts_with(said), "{error}");
    }
}

#[test]
fn excluded_and_deleted_files_of_subfolders_are_not_read() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("shipway.toml", "[hooks]\nexclude = [\"fixtures/\"]\n");
    write("fixtures/shipway.toml", "no toml");
    write("a/shipway.toml", "[[hooks.pre-push]]\nrun = \"t\"\n");
    let tracked = [
        "shipway.toml",
        "fixtures/shipway.toml",
        "a/shipway.toml",
        "gone/shipway.toml",
        "b",
    ];
    let hooks = Hooks::load(root.path(), tracked).unwrap();
    assert_eq!(
        names(&hooks, Hook::PrePush),
        ["private-keys", "secrets", "a/t"]
    );
    write("a/shipway.toml", "[[hooks.pre-push]]\nrunn = \"t\"\n");
    let error = Hooks::load(root.path(), tracked).unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("a/shipway.toml", 2));
}
