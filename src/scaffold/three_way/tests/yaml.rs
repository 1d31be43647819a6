//! Compose files and workflows.

use super::{COMPOSE, Side, assert_merges, edited, favouring, merged};

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
fn comments_that_both_wrote_on_one_line_are_no_conflict() {
    let ours = edited(
        COMPOSE,
        &[
            ("services:\n", "services: # mine\n"),
            ("shop:1\n", "shop:1 # mine\n"),
        ],
    );
    let theirs = edited(
        COMPOSE,
        &[
            ("services:\n", "services: # new\n"),
            ("shop:1\n", "shop:2 # new\n"),
        ],
    );
    assert_eq!(
        merged("compose.yaml", COMPOSE, &ours, &theirs).unwrap(),
        edited(&ours, &[("shop:1", "shop:2")])
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
fn a_step_that_both_changed_is_the_one_of_the_side_that_is_taken() {
    let base = "steps:\n- run: pytest\n  env:\n    A: 1\n    B: 1\n- run: last\n";
    // Without a name it is known by what it runs.
    let ours = edited(
        base,
        &[("run: pytest\n", "run: pytest -x\n"), ("    B: 1\n", "")],
    );
    let theirs = edited(
        base,
        &[
            ("run: pytest\n", "run: pytest -q\n"),
            ("run: last", "run: end"),
        ],
    );
    assert_eq!(merged("ci.yml", base, &ours, &theirs), None);
    let favoured = |side| favouring("ci.yml", base, &ours, &theirs, Some(side));
    assert_eq!(favoured(Side::Ours), Some(ours.clone()));
    assert_eq!(favoured(Side::Theirs), Some(theirs.clone()));
    let (base, ours, theirs) = (
        "{\"steps\": [{\"run\": \"a\"}, {\"run\": \"b\"}]}\n",
        "{\"steps\": [{\"run\": \"mine\"}, {\"run\": \"b\"}]}\n",
        "{\"steps\": [{\"run\": \"new\"}, {\"run\": \"b\"}]}\n",
    );
    assert_eq!(merged("a.json", base, ours, theirs), None);
    let favoured = |side| favouring("a.json", base, ours, theirs, Some(side));
    assert_eq!(favoured(Side::Ours).as_deref(), Some(ours));
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&favoured(Side::Theirs).unwrap()), value(theirs));
    let [base, ours, theirs] = ["a", "mine", "new"]
        .map(|name| format!("[[steps]]\nrun = \"{name}\"\n[[steps]]\nrun = \"b\"\n"));
    assert_eq!(merged("a.toml", &base, &ours, &theirs), None);
    let favoured = |side| favouring("a.toml", &base, &ours, &theirs, Some(side));
    assert_eq!(favoured(Side::Ours), Some(ours.clone()));
    assert_eq!(favoured(Side::Theirs), Some(theirs.clone()));
}

#[test]
fn a_side_decides_one_variable_of_a_list() {
    let favoured = |side| {
        favouring(
            "a.yml",
            "e:\n- A=1\n",
            "e:\n- A=2\n- MINE=1\n",
            "e:\n- A=3\n- NEW=1\n",
            Some(side),
        )
    };
    assert_eq!(
        favoured(Side::Theirs).as_deref(),
        Some("e:\n- A=3\n- NEW=1\n- MINE=1\n")
    );
    assert_eq!(
        favoured(Side::Ours).as_deref(),
        Some("e:\n- A=2\n- NEW=1\n- MINE=1\n")
    );
}

#[test]
fn items_that_shipway_moves_in_a_list_that_the_user_changed_are_a_conflict() {
    let (base, ours, theirs) = (
        "l:\n- a\n- b\n- c\n",
        "l:\n- a\n- b # mine\n- c\n- d\n",
        "l:\n- c\n- b\n- a\n",
    );
    assert_eq!(merged("a.yml", base, ours, theirs), None);
}

#[test]
fn a_new_first_key_comes_in_under_the_head() {
    let result = merged(
        "a.yml",
        "# head\n\na: 1\n",
        "# my head\n\na: 1 # mine\n",
        "# head\n\n# New.\nn: 1\na: 2\n",
    );
    assert_eq!(
        result.as_deref(),
        Some("# my head\n\n# New.\nn: 1\na: 2 # mine\n")
    );
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
