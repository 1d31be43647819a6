//! Files as people edit them, and files that nobody can merge.

use super::{Side, three_way};
use crate::project::RelPath;

fn merged(path: &str, base: &str, present: &str, wanted: &str) -> Option<String> {
    favouring(path, base, present, wanted, None)
}

fn favouring(
    path: &str,
    base: &str,
    present: &str,
    wanted: &str,
    favour: Option<Side>,
) -> Option<String> {
    three_way(
        &RelPath::parse(path).unwrap(),
        base,
        present,
        wanted,
        favour,
    )
}

/// `text` with each of `edits` made; what an edit replaces is there exactly once.
fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {text}");
        text.replace(old, new)
    })
}

/// What both did is in the result, and nothing else.
fn assert_merges(
    path: &str,
    base: &str,
    ours: &[(&str, &str)],
    theirs: &[(&str, &str)],
    expected: &str,
) {
    let (present, wanted) = (edited(base, ours), edited(base, theirs));
    let result = merged(path, base, &present, &wanted);
    assert_eq!(
        result.as_deref(),
        Some(expected),
        "{}",
        result.as_deref().unwrap_or("None")
    );
}

const COMPOSE: &str = "\
# Made by shipway.
name: shop

services:
  web:
    image: shop:1
    environment:
      DEBUG: \"0\"
      WORKERS: \"2\"
    volumes:
      - data:/data
    ports: [\"127.0.0.1:8000:8000\"]

  # The database.
  db:
    image: postgres:16
    environment:
      - POSTGRES_USER=shop

volumes:
  data: {}
";

#[test]
fn a_tag_is_bumped_under_an_edit() {
    assert_merges(
        "compose.yaml",
        COMPOSE,
        &[
            ("  web:\n", "  web: # ours\n    restart: always\n"),
            (
                "      - data:/data\n",
                "      - data:/data\n      - ./conf:/conf:ro # mine\n",
            ),
        ],
        &[("    image: shop:1\n", "    image: shop:2\n")],
        &edited(
            COMPOSE,
            &[
                (
                    "  web:\n    image: shop:1\n",
                    "  web: # ours\n    restart: always\n    image: shop:2\n",
                ),
                (
                    "      - data:/data\n",
                    "      - data:/data\n      - ./conf:/conf:ro # mine\n",
                ),
            ],
        ),
    );
}

#[test]
fn a_comment_behind_a_value_stays_when_the_value_changes() {
    assert_merges(
        "compose.yaml",
        COMPOSE,
        &[(
            "    image: postgres:16\n",
            "    image: postgres:16 # as in production\n",
        )],
        &[("    image: postgres:16\n", "    image: postgres:17\n")],
        &edited(
            COMPOSE,
            &[("postgres:16\n", "postgres:17 # as in production\n")],
        ),
    );
}

#[test]
fn both_add_a_service_at_the_same_place() {
    let mine = "\n  # Mine.\n  mail:\n    image: mailpit\n";
    let new = "\n  # For sessions.\n  cache:\n    image: redis:7\n";
    let end = "      - POSTGRES_USER=shop\n";
    assert_merges(
        "compose.yaml",
        COMPOSE,
        &[(end, &format!("{end}{mine}"))],
        &[(end, &format!("{end}{new}"))],
        &edited(COMPOSE, &[(end, &format!("{end}{new}{mine}"))]),
    );
}

#[test]
fn variables_next_to_each_other_are_apart() {
    assert_merges(
        "compose.yaml",
        COMPOSE,
        &[(
            "      DEBUG: \"0\"\n",
            "      DEBUG: \"1\" # here\n      MINE: yes\n",
        )],
        &[(
            "      DEBUG: \"0\"\n      WORKERS: \"2\"\n",
            "      DEBUG: \"0\"\n      NEW: \"x\"\n      WORKERS: \"4\"\n",
        )],
        &edited(
            COMPOSE,
            &[(
                "      DEBUG: \"0\"\n      WORKERS: \"2\"\n",
                "      DEBUG: \"1\" # here\n      MINE: yes\n      NEW: \"x\"\n      WORKERS: \"4\"\n",
            )],
        ),
    );
}

#[test]
fn what_the_user_deleted_or_renamed_comes_back_under_no_name() {
    let renamed = edited(
        COMPOSE,
        &[(
            "  db:\n    image: postgres:16\n",
            "  database:\n    image: postgres:16\n",
        )],
    );
    let wanted = edited(
        COMPOSE,
        &[
            ("postgres:16", "postgres:17"),
            ("WORKERS: \"2\"", "WORKERS: \"3\""),
        ],
    );
    let result = merged("compose.yaml", COMPOSE, &renamed, &wanted).unwrap();
    assert_eq!(
        result,
        edited(&renamed, &[("WORKERS: \"2\"", "WORKERS: \"3\"")])
    );
    let without = edited(
        COMPOSE,
        &[(
            "      DEBUG: \"0\"\n      WORKERS: \"2\"\n",
            "      WORKERS: \"2\"\n",
        )],
    );
    let wanted = edited(
        COMPOSE,
        &[
            ("DEBUG: \"0\"", "DEBUG: \"1\""),
            ("WORKERS: \"2\"", "WORKERS: \"3\""),
        ],
    );
    let result = merged("compose.yaml", COMPOSE, &without, &wanted).unwrap();
    assert_eq!(
        result,
        edited(&without, &[("WORKERS: \"2\"", "WORKERS: \"3\"")])
    );
}

#[test]
fn what_shipway_deletes_goes_where_it_was_left_alone() {
    let wanted = edited(COMPOSE, &[("      DEBUG: \"0\"\n", "")]);
    let beside = edited(
        COMPOSE,
        &[("      WORKERS: \"2\"\n", "      WORKERS: \"9\" # mine\n")],
    );
    assert_eq!(
        merged("compose.yaml", COMPOSE, &beside, &wanted).unwrap(),
        edited(&beside, &[("      DEBUG: \"0\"\n", "")])
    );
    let changed = edited(COMPOSE, &[("DEBUG: \"0\"", "DEBUG: \"1\"")]);
    assert_eq!(merged("compose.yaml", COMPOSE, &changed, &wanted), None);
    let with = |side| favouring("compose.yaml", COMPOSE, &changed, &wanted, Some(side)).unwrap();
    assert_eq!(with(Side::Ours), changed);
    assert_eq!(with(Side::Theirs), wanted);
}

#[test]
fn the_same_value_changed_by_both_is_a_conflict_and_a_side_decides_it_alone() {
    let ours = edited(
        COMPOSE,
        &[
            ("shop:1", "shop:mine"),
            ("data: {}", "data: {}\n  more: {}"),
        ],
    );
    let theirs = edited(
        COMPOSE,
        &[("shop:1", "shop:2"), ("postgres:16", "postgres:17")],
    );
    assert_eq!(merged("compose.yaml", COMPOSE, &ours, &theirs), None);
    let with = |side| favouring("compose.yaml", COMPOSE, &ours, &theirs, Some(side)).unwrap();
    assert_eq!(
        with(Side::Ours),
        edited(&ours, &[("postgres:16", "postgres:17")])
    );
    assert_eq!(
        with(Side::Theirs),
        edited(
            &ours,
            &[("postgres:16", "postgres:17"), ("shop:mine", "shop:2")]
        )
    );
}

#[test]
fn one_variable_of_a_list_changed_by_both_is_a_conflict() {
    let ours = edited(
        COMPOSE,
        &[("USER=shop\n", "USER=me\n"), ("postgres:16", "postgres:15")],
    );
    let theirs = edited(COMPOSE, &[("USER=shop\n", "USER=app\n")]);
    assert_eq!(merged("compose.yaml", COMPOSE, &ours, &theirs), None);
    // Another item in the place of the same one.
    let ours = edited(COMPOSE, &[("- data:/data\n", "- mine:/data\n")]);
    let theirs = edited(COMPOSE, &[("- data:/data\n", "- store:/data\n")]);
    assert_eq!(merged("compose.yaml", COMPOSE, &ours, &theirs), None);
}

#[test]
fn a_key_that_both_added_at_different_places_is_there_once() {
    let ours = edited(
        COMPOSE,
        &[("    image: shop:1\n", "    init: true\n    image: shop:1\n")],
    );
    let theirs = edited(
        COMPOSE,
        &[("8000:8000\"]\n", "8000:8000\"]\n    init: true\n")],
    );
    assert_eq!(
        merged("compose.yaml", COMPOSE, &ours, &theirs).as_deref(),
        Some(ours.as_str())
    );
    let theirs = edited(&theirs, &[("init: true", "init: false")]);
    assert_eq!(merged("compose.yaml", COMPOSE, &ours, &theirs), None);
}

#[test]
fn another_indentation_and_anchors_stay() {
    let base = "a:\n  b: 1\n  c:\n    - x\n    - y\nz: 1\n";
    let present = "base: &base\n    k: v\na:\n    <<: *base\n    b: 1 # mine\n\n    c:\n    - x\n    - mine\n    - y\nz: 1\n";
    let wanted = "a:\n  b: 2\n  # About n.\n  n:\n    m: [1,\n      2]\n  c:\n    - x\n    - y\n    - z\nz: 1\n";
    assert_eq!(
        merged("a.yml", base, present, wanted).as_deref(),
        Some(
            "base: &base\n    k: v\na:\n    <<: *base\n    b: 2 # mine\n    # About n.\n    n:\n      m: [1,\n        2]\n\n    c:\n    - x\n    - mine\n    - y\n    - z\nz: 1\n"
        )
    );
}

const CI: &str = "\
name: ci
on: [push]
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@1111 # v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@2222 # v5
        with:
          python-version: \"3.12\"
      - name: Test
        run: |
          pip install -r requirements.txt

          pytest
";

#[test]
fn steps_are_known_by_what_they_use() {
    assert_merges(
        ".github/workflows/ci.yml",
        CI,
        &[
            (
                "          persist-credentials: false\n",
                "          persist-credentials: false\n          fetch-depth: 0\n",
            ),
            (
                "python-version: \"3.12\"\n",
                "python-version: \"3.13\" # ours\n      # Ours as well.\n      - run: make generate\n",
            ),
            ("          pytest\n", "          pytest -x\n"),
        ],
        &[
            ("1111 # v4", "3333 # v5"),
            (
                "2222 # v5\n        with:\n",
                "4444 # v6\n        with:\n          cache: pip\n",
            ),
            ("pip install -r", "pip install --no-deps -r"),
        ],
        &edited(
            CI,
            &[
                ("1111 # v4", "3333 # v5"),
                (
                    "          persist-credentials: false\n",
                    "          persist-credentials: false\n          fetch-depth: 0\n",
                ),
                (
                    "2222 # v5\n        with:\n          python-version: \"3.12\"\n",
                    "4444 # v6\n        with:\n          cache: pip\n          python-version: \"3.13\" # ours\n      # Ours as well.\n      - run: make generate\n",
                ),
                ("pip install -r", "pip install --no-deps -r"),
                ("          pytest\n", "          pytest -x\n"),
            ],
        ),
    );
}

#[test]
fn a_sequence_in_a_sequence_and_flow_style_conflict_or_merge_as_text() {
    let base = "m:\n- - a\n  - b\nf: [1, 2]\n";
    let ours = "m:\n- - a\n  - b\n  - mine\nf: [1, 2]\n";
    let theirs = "m:\n- - a\n  - b\n  - new\nf: [1, 2, 3]\n";
    assert_eq!(merged("a.yml", base, ours, theirs), None);
    assert_eq!(
        merged("a.yml", base, ours, "m:\n- - a\n  - b\nf: [1, 2, 3]\n").as_deref(),
        Some("m:\n- - a\n  - b\n  - mine\nf: [1, 2, 3]\n")
    );
}

const DEVCONTAINER: &str = r#"// Made by shipway.
{
  "name": "shop",
  "forwardPorts": [8000],
  "customizations": {
    "vscode": {
      "extensions": [
        "ms-python.python", // the language
        "charliermarsh.ruff"
      ],
      "settings": {
        "editor.formatOnSave": true
      }
    }
  }
}
"#;

#[test]
fn both_add_extensions_to_a_dev_container() {
    assert_merges(
        ".devcontainer/devcontainer.json",
        DEVCONTAINER,
        &[
            (
                "        \"charliermarsh.ruff\"\n",
                "        \"charliermarsh.ruff\",\n        // mine\n        \"me.mine\"\n",
            ),
            (
                "\"editor.formatOnSave\": true",
                "\"editor.formatOnSave\": false // no",
            ),
        ],
        &[
            (
                "        \"charliermarsh.ruff\"\n",
                "        \"charliermarsh.ruff\",\n        \"tamasfe.even-better-toml\"\n",
            ),
            (
                "\"editor.formatOnSave\": true",
                "\"editor.formatOnSave\": true,\n        \"files.eol\": \"\\n\"",
            ),
        ],
        &edited(
            DEVCONTAINER,
            &[
                (
                    "        \"charliermarsh.ruff\"\n",
                    "        \"charliermarsh.ruff\",\n        \"tamasfe.even-better-toml\",\n        // mine\n        \"me.mine\"\n",
                ),
                (
                    "\"editor.formatOnSave\": true",
                    "\"editor.formatOnSave\": false, // no\n        \"files.eol\": \"\\n\"",
                ),
            ],
        ),
    );
}

#[test]
fn a_trailing_comma_and_a_deleted_key_stay_the_users() {
    let present = edited(
        DEVCONTAINER,
        &[
            ("  \"forwardPorts\": [8000],\n", ""),
            (
                "        \"charliermarsh.ruff\"\n",
                "        \"charliermarsh.ruff\",\n",
            ),
        ],
    );
    let wanted = edited(
        DEVCONTAINER,
        &[
            ("[8000]", "[8000, 5432]"),
            (
                "        \"charliermarsh.ruff\"\n",
                "        \"charliermarsh.ruff\",\n        \"a.b\"\n",
            ),
        ],
    );
    assert_eq!(
        merged(
            ".devcontainer/devcontainer.json",
            DEVCONTAINER,
            &present,
            &wanted
        )
        .unwrap(),
        edited(
            &present,
            &[(
                "        \"charliermarsh.ruff\",\n",
                "        \"charliermarsh.ruff\",\n        \"a.b\",\n"
            )]
        )
    );
}

const PYPROJECT: &str = "\
# Made by shipway.
[tool.ruff]
line-length = 88
select = [
  \"E\",
  \"F\",
]

[tool.pytest.ini_options]
testpaths = [\"tests\"] # where

[[tool.mypy.overrides]]
module = \"a\"
name = \"first\"
";

#[test]
fn keys_of_toml_come_in_with_their_comments() {
    assert_merges(
        "pyproject.toml",
        PYPROJECT,
        &[
            (
                "line-length = 88\n",
                "line-length = 120 # wide\ntarget = \"py312\"\n",
            ),
            ("  \"F\",\n", "  \"F\",\n  \"B\", # mine\n"),
        ],
        &[
            (
                "line-length = 88\n",
                "line-length = 88\n# Faster.\ncache = true\n",
            ),
            ("  \"F\",\n", "  \"F\",\n  \"UP\",\n"),
            ("module = \"a\"\n", "module = \"a.*\"\n"),
        ],
        &edited(
            PYPROJECT,
            &[
                (
                    "line-length = 88\n",
                    "line-length = 120 # wide\n# Faster.\ncache = true\ntarget = \"py312\"\n",
                ),
                ("  \"F\",\n", "  \"F\",\n  \"UP\",\n  \"B\", # mine\n"),
                ("module = \"a\"\n", "module = \"a.*\"\n"),
            ],
        ),
    );
}

#[test]
fn tables_of_toml_come_in_behind_the_one_before() {
    let table = "[tool.new]\n# Why.\na = 1\n\n";
    let mine = "[tool.mine]\nb = 2\n\n";
    let at = "[tool.pytest.ini_options]\n";
    assert_merges(
        "pyproject.toml",
        PYPROJECT,
        &[(at, &format!("{mine}{at}"))],
        &[(at, &format!("{table}{at}"))],
        &edited(PYPROJECT, &[(at, &format!("{table}{mine}{at}"))]),
    );
}

#[test]
fn lines_side_by_side_of_a_dockerfile_and_a_makefile_are_apart() {
    let base = "FROM debian:12\nENV A=1\nRUN one\nRUN two\n";
    assert_merges(
        "Dockerfile",
        base,
        &[
            ("ENV A=1\n", "ENV A=2\n"),
            ("RUN two\n", "RUN two && mine\n"),
        ],
        &[
            ("debian:12", "debian:13"),
            ("RUN one\n", "RUN --network=none one\n"),
        ],
        "FROM debian:13\nENV A=2\nRUN --network=none one\nRUN two && mine\n",
    );
    let base = "up:\n\tone\n\ntest:\n\tpytest\n";
    assert_merges(
        "Makefile",
        base,
        &[("\tone\n", "\tone\n\tmine\n")],
        &[("\tpytest\n", "\tpytest -q\n")],
        "up:\n\tone\n\tmine\n\ntest:\n\tpytest -q\n",
    );
}

#[test]
fn a_dockerfile_that_would_not_parse_is_a_conflict() {
    let base = "FROM a\nRUN one \\\n  two\nCOPY b c\n";
    let ours = "FROM a\nRUN one \\\n  two \\\n  three\nCOPY b c\n";
    let theirs = "FROM a\nRUN one \\\n  two\n\nNONSENSE\n";
    assert_eq!(merged("Dockerfile", base, ours, theirs), None);
}

#[test]
fn what_the_text_merge_gets_wrong_is_no_result() {
    // Apart by lines, and the same key of both.
    let base = "a: 1\nb: 2\nc: 3\n";
    assert_eq!(
        merged(
            "a.yml",
            base,
            "k: 1\na: 1\nb: 2\nc: 3\n",
            "a: 1\nb: 2\nc: 3\nk: 2\n"
        ),
        None
    );
    assert_eq!(
        merged(
            "a.toml",
            "a = 1\nb = 2\n",
            "k = 1\na = 1\nb = 2\n",
            "a = 1\nb = 2\nk = 2\n"
        ),
        None
    );
    let base = "{\n\"a\": 1,\n\"b\": 2\n}\n";
    assert_eq!(
        merged(
            "a.json",
            base,
            "{\n\"k\": 1,\n\"a\": 1,\n\"b\": 2\n}\n",
            "{\n\"a\": 1,\n\"k\": 2,\n\"b\": 2\n}\n"
        ),
        None
    );
}

#[test]
fn what_is_no_valid_file_is_not_merged() {
    let wanted = edited(COMPOSE, &[("shop:1", "shop:2")]);
    for broken in [
        "services: [\n",
        "a: 1\na: 2\n",
        "services:\n\tweb: 1\n",
        "a: *nowhere\n",
        "services:\n<<<<<<< HEAD\n  a: 1\n=======\n  b: 1\n>>>>>>> x\n",
    ] {
        let present = format!("{COMPOSE}{broken}");
        for favour in [None, Some(Side::Ours)] {
            assert_eq!(
                favouring("compose.yaml", COMPOSE, &present, &wanted, favour),
                None,
                "{broken}"
            );
        }
    }
    let present = "FROM a\n<<<<<<< HEAD\nRUN b\n=======\nRUN c\n>>>>>>> x\n";
    assert_eq!(merged("run.sh", "FROM a\n", present, "FROM b\n"), None);
    assert_eq!(
        merged("a.json", "{\"a\": 1}\n", "{\"a\": }\n", "{\"a\": 2}\n"),
        None
    );
    assert_eq!(merged("a.toml", "a = 1\n", "a = \n", "a = 2\n"), None);
    assert_eq!(
        merged("a.toml", "a = 1\n", "a = 1\nb = 1\nb = 2\n", "a = 2\n"),
        None
    );
}

#[test]
fn an_emptied_file_is_a_conflict() {
    let wanted = edited(COMPOSE, &[("shop:1", "shop:2")]);
    for empty in ["", "\n", "# nothing\n"] {
        assert_eq!(merged("compose.yaml", COMPOSE, empty, &wanted), None);
        let theirs = favouring("compose.yaml", COMPOSE, empty, &wanted, Some(Side::Theirs));
        assert_eq!(theirs.as_deref(), Some(wanted.as_str()));
    }
    assert_eq!(merged("a.json", "{\"a\": 1}\n", "", "{\"a\": 2}\n"), None);
}

#[test]
fn a_byte_order_mark_and_a_missing_last_line_feed_stay() {
    let present = format!(
        "\u{feff}{}",
        edited(COMPOSE, &[("postgres:16", "postgres:16 # mine")])
    );
    let wanted = edited(COMPOSE, &[("postgres:16", "postgres:17")]);
    let result = merged("compose.yaml", COMPOSE, &present, &wanted).unwrap();
    assert_eq!(result, edited(&present, &[("postgres:16", "postgres:17")]));
    let result = merged(
        "a.yml",
        "a: 1\nb: 1\n",
        "a: 1 # c\nb: 1\nmine: 1",
        "a: 2\nb: 1\n",
    );
    assert_eq!(result.as_deref(), Some("a: 2 # c\nb: 1\nmine: 1"));
}

#[test]
fn several_documents_merge_as_text_alone() {
    let base = "---\na: 1\n---\nb: 1\n";
    assert_eq!(
        merged(
            "a.yml",
            base,
            "---\na: 2\n---\nb: 1\n",
            "---\na: 1\n---\nb: 2\n"
        )
        .as_deref(),
        Some("---\na: 2\n---\nb: 2\n")
    );
    assert_eq!(
        merged(
            "a.yml",
            base,
            "---\na: 1 # x\n---\nb: 1\n",
            "---\na: 2\n---\nb: 1\n"
        ),
        None
    );
}

#[test]
fn nothing_is_expanded_and_no_depth_is_too_deep() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..40 {
        let items = vec![format!("*a{}", at - 1); 9].join(", ");
        bomb.push_str(&format!("a{at}: &a{at} [{items}]\n"));
    }
    let base = "k: 1\nl: 1\n";
    let present = format!("{bomb}k: 1 # mine\nl: 1\n");
    assert_eq!(
        merged("a.yml", base, &present, "k: 2\nl: 1\n"),
        Some(format!("{bomb}k: 2 # mine\nl: 1\n"))
    );
    for (path, open, close) in [
        ("a.yml", "[", "]"),
        ("a.json", "[", "]"),
        ("a.toml", "a = [", "]"),
    ] {
        let deep = format!("{}{}\n", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(merged(path, "", &deep, "k: 1\n"), None);
    }
}

#[test]
fn a_file_of_a_megabyte_is_merged() {
    let entry = |at: usize, value: &str| {
        format!("key-{at}:\n  # About it.\n  value: {value}\n  list:\n    - a\n    - b\n")
    };
    let file = |value: &dyn Fn(usize) -> String| -> String {
        (0..20_000).map(|at| entry(at, &value(at))).collect()
    };
    let base = file(&|at| at.to_string());
    let present = file(&|at| {
        if at % 3 == 0 {
            format!("{at} # mine")
        } else {
            at.to_string()
        }
    });
    let wanted = file(&|at| {
        if at % 2 == 0 {
            format!("{at}0")
        } else {
            at.to_string()
        }
    });
    let expected = file(&|at| match (at % 3, at % 2) {
        (0, 0) => format!("{at}0 # mine"),
        (0, _) => format!("{at} # mine"),
        (_, 0) => format!("{at}0"),
        _ => at.to_string(),
    });
    assert!(base.len() > 1_000_000);
    assert_eq!(merged("a.yml", &base, &present, &wanted), Some(expected));
}
