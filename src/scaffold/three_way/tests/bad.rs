//! What is invalid, empty, odd or huge.

use super::{COMPOSE, Side, edited, favouring, merged};

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
    let twice = "{\n\"b\": 1,\n\"b\": 1,\n\"a\": 1\n}\n";
    let (base, wanted) = ("{\n\"a\": 1\n}\n", "{\n\"a\": 2\n}\n");
    assert_eq!(merged("a.json", base, twice, wanted), None);
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
    let about = "About it. ".repeat(20);
    let entry = |at: usize, value: &str| {
        format!("key-{at}:\n  # {about}\n  value: {value}\n  list:\n    - a\n    - b\n")
    };
    let file = |value: &dyn Fn(usize) -> String| -> String {
        (0..5_000).map(|at| entry(at, &value(at))).collect()
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

#[test]
fn a_line_that_was_taken_out_does_not_come_back_where_it_is_moved() {
    let base = "*.secret\n.secrets/\nfi\nx\nfi\n";
    let cut = "*.secret\nfi\nx\nfi\n";
    let moved = ".secrets/\n*.secret\nfi\nx\nfi\n";
    assert_eq!(merged(".gitignore", base, cut, moved), None);
    let favoured = |side| favouring(".gitignore", base, cut, moved, Some(side));
    assert_eq!(favoured(Side::Ours).as_deref(), Some(cut));
    assert_eq!(favoured(Side::Theirs).as_deref(), Some(moved));
    // It went on both sides, or is one more.
    let gone = "*.secret\nfi\nx\nfi\ny\n";
    assert_eq!(merged(".gitignore", base, cut, gone).as_deref(), Some(gone));
    let twice = "*.secret\n.secrets/\nfi\nx\nfi\n.secrets/\n";
    let one = "*.secret\nfi\nx\nfi\n.secrets/\n";
    assert_eq!(merged(".gitignore", base, cut, twice).as_deref(), Some(one));
    // Lines that are there often are counted.
    let fewer = "*.secret\n.secrets/\nfi\nx\n";
    let swapped = "*.secret\n.secrets/\nfi\nfi\nx\n";
    assert_eq!(merged("a.sh", base, fewer, swapped), None);
}

#[test]
fn a_merge_that_breaks_a_script_is_none() {
    let (one, two) = ("one\n1\n2\n3\n", "two\n4\n5\n6\n");
    let head = "#!/bin/sh\n";
    let base = format!("{head}{one}if true; then\na\nfi\n{two}");
    // One takes the condition away, of which the other changes the first line.
    let ours = format!("{head}{one}a\n{two}");
    let theirs = base.replace("true", "false");
    for path in ["a.sh", "a"] {
        assert_eq!(merged(path, &base, &ours, &theirs), None);
        let favoured = favouring(path, &base, &ours, &theirs, Some(Side::Theirs));
        assert_eq!(favoured.as_deref(), Some(theirs.as_str()));
    }
    // What did not parse before need not after.
    let torn = format!("{head}{one}a\nfi\n{two}");
    let more = format!("{base}7\n");
    let expected = format!("{torn}7\n");
    assert_eq!(merged("a.sh", &base, &torn, &more), Some(expected));
    let base = "def a():\n    b()\n    c()\n\n\n\nx = 1\n";
    let ours = "if y:\n  def a():\n    b()\n    c()\n\n\n\nx = 1\n";
    let theirs = "def a():\n    b()\n    c()\n\n\n\nx = 2\n";
    let both = ours.replace("x = 1", "x = 2");
    assert_eq!(merged("a.py", base, ours, theirs), Some(both));
}
