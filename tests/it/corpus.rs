//! How well detection does over the corpus and the fixtures: precision and recall of each fact in each
//! ecosystem, and whether a confidence means what it says.
//!
//! `make corpus` prints the tables and writes them to `docs/detection.md`.

use crate::fixtures::{Judged, Verdict, compared};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const HEAD: &str = "\
# How well detection does

Made by `make corpus`, which writes it anew. It lays out every repository of [tests/corpus](../tests/corpus/README.md)
and [tests/fixtures](../tests/fixtures/README.md), written for this project with what their owners would say of
them, runs `shipway detect` and compares. A fact counts as *right*, *wrong* (another value was expected), *missing*, or
*too many* (none was expected). What a repository's owner does not speak of is not counted.

Precision is right / (right + wrong + too many): how much of what is said is so. Recall is
right / (right + wrong + missing): how much of what is so is said.

These repositories are also what detection was mended by, so the figures show that nothing was lost, not what
it would do on a repository that it has never seen.
";

/// The least part, in percent, of the facts of this confidence that must be right.
const PROMISED: [(&str, u32); 2] = [("certain", 98), ("likely", 85)];

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    right: u32,
    wrong: u32,
    missing: u32,
    too_many: u32,
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Missing => self.missing += 1,
            Verdict::TooMany => self.too_many += 1,
        }
    }

    fn precision(self) -> String {
        percent(self.right, self.right + self.wrong + self.too_many)
    }

    fn recall(self) -> String {
        percent(self.right, self.right + self.wrong + self.missing)
    }

    /// Whether at least `least` percent of what was said is right.
    fn holds(self, least: u32) -> bool {
        let said = self.right + self.wrong + self.too_many;
        self.right * 100 >= said * least
    }

    fn row(self, name: &str) -> String {
        let Self {
            right,
            wrong,
            missing,
            too_many,
        } = self;
        let (precision, recall) = (self.precision(), self.recall());
        format!(
            "| {name} | {right} | {wrong} | {missing} | {too_many} | {precision} | {recall} |\n"
        )
    }
}

/// With one decimal, cut and not rounded up; a dash for nothing out of nothing.
fn percent(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = part * 1000 / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn table(first: &str) -> String {
    format!(
        "\n| {first} | right | wrong | missing | too many | precision | recall |\n|---|--:|--:|--:|--:|--:|--:|\n"
    )
}

#[derive(Default)]
struct Measured {
    repositories: BTreeMap<String, u32>,
    facts: BTreeMap<String, BTreeMap<String, Count>>,
    confidence: BTreeMap<String, Count>,
}

impl Measured {
    fn add(&mut self, ecosystem: &str, judged: &[Judged]) {
        *self.repositories.entry(ecosystem.to_owned()).or_default() += 1;
        let facts = self.facts.entry(ecosystem.to_owned()).or_default();
        for one in judged {
            facts.entry(one.fact.clone()).or_default().add(one.verdict);
            if let Some(confidence) = &one.confidence {
                let count = self.confidence.entry(confidence.clone()).or_default();
                count.add(one.verdict);
            }
        }
    }

    fn page(&self) -> String {
        let mut text = HEAD.to_owned();
        text.push_str("\n## Ecosystems\n");
        text.push_str(&table("ecosystem (repositories)"));
        for (ecosystem, facts) in &self.facts {
            let mut all = Count::default();
            for count in facts.values() {
                all.right += count.right;
                all.wrong += count.wrong;
                all.missing += count.missing;
                all.too_many += count.too_many;
            }
            let number = self.repositories[ecosystem];
            text.push_str(&all.row(&format!("{ecosystem} ({number})")));
        }
        text.push_str("\n## Confidence\n\nOf the facts of each confidence, over all ecosystems:\n");
        text.push_str("\n| confidence | right | not right | part that is right | at least |\n|---|--:|--:|--:|--:|\n");
        for (confidence, count) in &self.confidence {
            let least = PROMISED.iter().find(|(name, _)| name == confidence);
            let least = least.map_or("–".to_owned(), |(_, least)| format!("{least} %"));
            let _ = writeln!(
                text,
                "| {confidence} | {} | {} | {} | {least} |",
                count.right,
                count.wrong + count.too_many,
                count.precision()
            );
        }
        for (ecosystem, facts) in &self.facts {
            let _ = write!(text, "\n## {ecosystem}\n{}", table("fact"));
            for (fact, count) in facts {
                text.push_str(&count.row(fact));
            }
        }
        text
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "what `make corpus` is asked for")]
fn facts_are_right_as_often_as_their_confidence_says() {
    let mut measured = Measured::default();
    for one in compared() {
        measured.add(&one.ecosystem, &one.compared.judged);
    }
    if std::env::var_os("SHIPWAY_WRITE").is_some() {
        let page = measured.page();
        println!("{}", page.split_once("## Ecosystems").unwrap().1);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/detection.md");
        std::fs::write(path, page).unwrap();
    }
    for (confidence, least) in PROMISED {
        let count = measured.confidence[confidence];
        assert!(count.right > 50, "{confidence}: {count:?}");
        assert!(count.holds(least), "{confidence}, {least} %: {count:?}");
    }
}

#[test]
fn what_is_wrong_counts_against_precision_and_recall() {
    let judged = |verdict| Judged {
        fact: "port".to_owned(),
        verdict,
        confidence: Some("certain".to_owned()),
    };
    let mut measured = Measured::default();
    let mut all: Vec<Judged> = (0..48).map(|_| judged(Verdict::Right)).collect();
    all.push(judged(Verdict::TooMany));
    measured.add("go", &all);
    assert!(!measured.confidence["certain"].holds(98), "48 of 49");
    measured.add("go", &[judged(Verdict::Right), judged(Verdict::Missing)]);
    assert!(measured.confidence["certain"].holds(98), "49 of 50");
    measured.add("go", &[judged(Verdict::Wrong)]);
    let count = measured.facts["go"]["port"];
    assert_eq!(
        (count.precision(), count.recall()),
        ("96.0 %".to_owned(), "96.0 %".to_owned()),
        "49 of 51 are 96.07"
    );
    assert!(
        measured
            .page()
            .contains("| port | 49 | 1 | 1 | 1 | 96.0 % | 96.0 % |")
    );
    assert_eq!(percent(0, 0), "–");
}
