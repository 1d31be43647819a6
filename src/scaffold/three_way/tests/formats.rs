//! Dev containers, TOML, Dockerfiles and Makefiles.

use super::{Side, assert_merges, edited, favouring, merged};

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
    let first = "[tool.ruff]\n";
    let above = "[a]\n[b]\n[c]\n[d]\n";
    assert_merges(
        "pyproject.toml",
        PYPROJECT,
        &[
            (at, &format!("{mine}{at}")),
            (first, &format!("{above}{first}")),
        ],
        &[(at, &format!("{table}{at}"))],
        &edited(
            PYPROJECT,
            &[
                (at, &format!("{table}{mine}{at}")),
                (first, &format!("{above}{first}")),
            ],
        ),
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
fn a_side_decides_what_is_contested_and_nothing_beside_it() {
    for (path, base, ours, theirs, expected) in [
        (
            "a.jsonc",
            "{\n  \"a\": 1,\n  \"b\": 1\n}\n",
            "{\n  \"a\": 2,\n  \"b\": 1 // mine\n}\n",
            "{\n  \"b\": 2\n}\n",
            "{\n  \"a\": 2,\n  \"b\": 2 // mine\n}\n",
        ),
        (
            "a.jsonc",
            "[\n  {\"id\": \"a\", \"v\": 1},\n  {\"id\": \"b\", \"v\": 1}\n]\n",
            "[\n  {\"id\": \"a\", \"v\": 2},\n  {\"id\": \"b\", \"v\": 1} // mine\n]\n",
            "[\n  {\"id\": \"b\", \"v\": 2}\n]\n",
            "[\n  {\"id\": \"a\", \"v\": 2},\n  {\"id\": \"b\", \"v\": 2} // mine\n]\n",
        ),
        (
            "a.toml",
            "a = 1\nb = 1\n",
            "a = 2\nb = 1 # mine\n",
            "b = 2\n",
            "a = 2\nb = 2 # mine\n",
        ),
        (
            "a.toml",
            "[[t]]\nid = \"a\"\nv = 1\n[[t]]\nid = \"b\"\nv = 1\n",
            "[[t]]\nid = \"a\"\nv = 2\n[[t]]\nid = \"b\" # mine\nv = 1\n",
            "[[t]]\nid = \"b\"\nv = 2\n",
            "[[t]]\nid = \"a\"\nv = 2\n[[t]]\nid = \"b\" # mine\nv = 2\n",
        ),
    ] {
        assert_eq!(merged(path, base, ours, theirs), None);
        let result = favouring(path, base, ours, theirs, Some(Side::Ours));
        assert_eq!(result.as_deref(), Some(expected));
    }
}

#[test]
fn an_array_of_toml_without_a_last_comma_grows() {
    assert_merges(
        "a.toml",
        "a = [\n  \"x\",\n  \"y\"\n]\n",
        &[("\"y\"\n", "\"y\" # mine\n")],
        &[("\"y\"\n", "\"y\",\n  \"new\"\n")],
        "a = [\n  \"x\",\n  \"y\", # mine\n  \"new\"\n]\n",
    );
    assert_merges(
        "a.toml",
        "a = [\"x\"]\n",
        &[("\"x\"]", "\"x\"] # mine")],
        &[("\"x\"]", "\"x\", \"new\"]")],
        "a = [\"x\", \"new\"] # mine\n",
    );
}
