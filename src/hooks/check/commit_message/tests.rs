use crate::hooks::check::{Cleanup, Look, Message, Options, Outcome, find};
use proptest::prelude::*;

fn look_with(options: &Options, text: &[u8]) -> Outcome {
    let [Look::Message(look)] = find("commit-message").unwrap().looks else {
        panic!("it looks at a message alone");
    };
    let message = Message {
        text,
        comment: "#".into(),
        cleanup: Cleanup::Strip,
    };
    look(&message, options)
}

fn look(text: &str) -> Outcome {
    look_with(&Options::default(), text.as_bytes())
}

/// The examples of the specification, its rules, and what git and its tools write.
#[test]
fn what_is_well_stays() {
    for text in [
        "feat: allow provided config object to extend other configs\n\nBREAKING CHANGE: `extends` key in config file is now used for extending other config files\n",
        "feat!: send an email to the customer when a product is shipped",
        "feat(api)!: send an email to the customer when a product is shipped",
        "feat!: drop support for Node 6\n\nBREAKING CHANGE: use JavaScript features not available in Node 6.",
        "docs: correct spelling of CHANGELOG",
        "feat(lang): add Polish language",
        "fix: prevent racing of requests\n\nIntroduce a request id and a reference to latest request. Dismiss\nincoming responses other than from latest request.\n\nRemove timeouts which were used to mitigate the racing issue but are\nobsolete now.\n\nReviewed-by: Z\nRefs: #123\n",
        // Rule 15: case matters for BREAKING CHANGE alone.
        "Fix: x",
        "FEAT(API): x",
        "fix: x\n\nBREAKING-CHANGE: y",
        "fix: x\n\nCloses #12",
        "\n# a comment\n\nfix: x\n# On branch main\n",
        "fixup! whatever it was",
        "squash! fix: x",
        "amend! x",
        "Merge branch 'main' into topic",
        "Merge pull request #7 from a/b",
        "Revert \"fix: x\"\n\nThis reverts commit 0123456.",
        "Reapply \"fix: x\"",
        "v1.2.3-rc.1",
        "# nothing but comments\n",
        "",
    ] {
        assert_eq!(look(text), Outcome::clean(), "{text}");
    }
}

#[test]
fn what_is_only_written_wrong_is_mended() {
    for (before, after) in [
        ("feat : x", "feat: x"),
        ("feat:x", "feat: x"),
        ("feat:  x", "feat: x"),
        (" feat: x", "feat: x"),
        ("feat (api): x", "feat(api): x"),
        ("feat!(api): x", "feat(api)!: x"),
        ("feat( api ): x", "feat(api): x"),
        ("feat/api: x", "feat(api): x"),
        ("feat\u{ff1a}x", "feat: x"),
        ("[fix] x", "fix: x"),
        ("[Fix]: x", "fix: x"),
        ("fix - x", "fix: x"),
        ("feature: x", "feat: x"),
        ("Bugfix(db): x", "fix(db): x"),
        ("doc: \u{e9}", "docs: \u{e9}"),
        ("fix: x\nbody\n", "fix: x\n\nbody\n"),
        (
            "# c\nfeature:x\n# d\nbody\n# e\n",
            "# c\nfeat: x\n\n# d\nbody\n# e\n",
        ),
    ] {
        let outcome = look(before);
        assert!(!outcome.findings.is_empty(), "{before}");
        let fixed = String::from_utf8(outcome.fixed.unwrap_or_default()).unwrap();
        assert_eq!(fixed, after, "{before}");
        assert_eq!(look(&fixed), Outcome::clean(), "{fixed}");
    }
}

#[test]
fn what_is_guessed_is_offered_and_not_taken() {
    for (subject, offered) in [
        ("Add a login page", "feat: add a login page"),
        ("faet: x", "feat: x"),
        ("fix the login", "fix: the login"),
        ("Bump serde", "build: bump serde"),
        ("Rename x to y", "refactor: rename x to y"),
    ] {
        let outcome = look(subject);
        assert_eq!(outcome.findings.len(), 1, "{subject}");
        assert_eq!(outcome.findings[0].mend, format!("write it as `{offered}`"));
        assert_eq!(outcome.fixed, None, "{subject}");
        assert_eq!(look(offered), Outcome::clean());
    }
    let outcome = look("WIP");
    assert!(
        outcome.findings[0]
            .mend
            .contains("with one of build, chore, ci, docs, feat")
    );
}

#[test]
fn each_problem_has_its_place_and_sentence() {
    let options = Options {
        commit_types: vec!["feat".into(), "wip".into()],
        scopes: vec!["api".into(), "web".into()],
        max_subject: Some(20),
        ..Options::default()
    };
    let said = |text: &str| {
        let outcome = look_with(&options, text.as_bytes());
        let finding = &outcome.findings[0];
        let at = finding.position.unwrap();
        (
            at.line,
            at.column,
            finding.message.clone(),
            finding.mend.clone(),
        )
    };
    assert_eq!(look_with(&options, b"wip(api): x"), Outcome::clean());
    assert_eq!(look_with(&options, b"wip(api,web): x"), Outcome::clean());
    let (line, column, message, mend) = said("\nfix: x");
    assert_eq!((line, column), (2, 1));
    assert_eq!(message, "\"fix\" is none of the types used here");
    assert!(mend.ends_with("with one of feat, wip"), "{mend}");
    let (_, column, message, mend) = said("feat(ai): x");
    assert_eq!(
        (column, message.as_str()),
        (6, "\"ai\" is none of the scopes used here")
    );
    assert_eq!(mend, "write it as `feat(api): x`");
    let (_, _, _, mend) = said("feat(database): x");
    assert_eq!(mend, "use one of api, web");
    let (_, column, message, _) = said(
        "feat: \u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
    );
    assert_eq!(
        (column, message.as_str()),
        (21, "the subject has 21 characters, the limit is 20")
    );
    let (_, column, message, _) = said("feat:");
    assert_eq!(
        (column, message.as_str()),
        (6, "nothing stands behind the type")
    );
    let (line, _, message, _) = said("feat: x\n\ny\n\nBreaking change: z\n");
    assert_eq!(line, 5);
    assert!(message.starts_with("this does not announce"));
}

#[test]
fn a_message_that_is_no_utf_8_is_judged_and_left() {
    let outcome = look_with(&Options::default(), b"feat:x \xe9\n");
    assert_eq!(outcome.findings.len(), 1);
    assert_eq!(outcome.fixed, None);
    assert_eq!(
        look_with(&Options::default(), b"feat: x \xe9\n"),
        Outcome::clean()
    );
}

proptest! {
    #[test]
    fn a_fix_is_well_and_nothing_panics(text in "(feat|Fix|fxi|add)?[ (\\[!:\\-)\\]a-z\u{e9}\n#]{0,30}") {
        let outcome = look(&text);
        prop_assert_eq!(outcome.fixed.is_some(), outcome.findings.iter().any(|finding| finding.fixable));
        if let Some(fixed) = outcome.fixed {
            let fixed = String::from_utf8(fixed).unwrap();
            prop_assert_ne!(&fixed, &text);
            let again = look(&fixed);
            prop_assert!(again.fixed.is_none(), "{:?} became {:?}: {:?}", text, fixed, again);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..100)) {
        look_with(&Options::default(), &text);
    }
}
