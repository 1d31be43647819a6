//! `yaml-syntax`: YAML is valid, and no mapping has a key twice.
//!
//! YAML 1.2.2, section 3.2.1.3 for the keys, as leniently as `PyYAML` reads it; several documents
//! and tags of one's own are part of it. Aliases are not followed. What only becomes YAML (a
//! template of Helm or Jinja) is left.

use super::finding::Findings;
use super::syntax::{self, is_template};
use super::{File, Options, Outcome, Position};
use granit_parser::{Event, Marker, Parser, ScalarStyle};
use std::borrow::Cow;
use std::collections::HashMap;

pub(super) const ID: &str = "yaml-syntax";
const YAML: &str = "YAML";

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    let text = match syntax::text(file, "yaml", ID, YAML) {
        None => return Outcome::clean(),
        Some(Ok(text)) => text,
        Some(Err(outcome)) => return outcome,
    };
    let mut findings = Findings::new(file);
    if let Err((message, place)) = read(text, |key, first, place| {
        let finding = syntax::twice(ID, key, Some(first.line()));
        findings.put(finding.at(file.path(), position(place)));
    }) {
        if is_template(file) {
            return Outcome::clean();
        }
        let finding = syntax::invalid(file, ID, YAML, &message, 0);
        findings.put(finding.at(file.path(), position(place)));
    }
    findings.finish("keys are there twice")
}

pub(super) fn position(marker: Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

/// A collection that is open.
enum Open<'t> {
    Sequence,
    Mapping {
        /// Where each key was first.
        keys: HashMap<Key<'t>, Marker>,
        /// Whether a key comes next.
        key_next: bool,
    },
}

/// A scalar key: its kind and text. `1` and `"1"` are two.
type Key<'t> = (bool, Cow<'t, str>);

/// Reads all documents; `twice` hears of each key that its mapping has already, with the place
/// of the first and of the other.
pub(super) fn read<'t>(
    text: &'t str,
    mut twice: impl FnMut(&str, Marker, Marker),
) -> Result<(), (String, Marker)> {
    let mut open: Vec<Open<'t>> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.info(), *error.marker()))?;
        let begins = match &event {
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                continue;
            }
            Event::Scalar(..) | Event::Alias(_) => None,
            Event::SequenceStart(..) => Some(Open::Sequence),
            Event::MappingStart(..) => Some(Open::Mapping {
                keys: HashMap::new(),
                key_next: true,
            }),
            _ => continue,
        };
        if let Some(Open::Mapping { keys, key_next }) = open.last_mut() {
            if let (true, Event::Scalar(value, style, _, tag)) = (*key_next, event) {
                let plain = style == ScalarStyle::Plain && tag.is_none() && !is_text(&value);
                let key = (plain, value);
                match keys.get(&key) {
                    Some(first) => twice(&key.1, *first, span.start),
                    None => {
                        keys.insert(key, span.start);
                    }
                }
            }
            *key_next = !*key_next;
        }
        open.extend(begins);
    }
    Ok(())
}

/// Whether a plain scalar is text in the core schema (10.3.2), and not null, a truth or a number.
fn is_text(value: &str) -> bool {
    use saphyr::Scalar;
    matches!(
        Scalar::parse_from_cow(Cow::Borrowed(value)),
        Scalar::String(_)
    )
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{look, places};

    fn at(path: &str, text: &str) -> Vec<(usize, usize)> {
        places(&look("yaml-syntax", path, text))
    }

    /// Examples after YAML 1.2.2, chapters 2, 6, 7 and 8, and files of common tools.
    #[test]
    fn what_the_specification_allows() {
        for text in [
            "",
            "# c\n",
            "---\n",
            "a: 1\n---\nb: 2\n...\n",
            "- a\n- - b\n  - c\n",
            "{a: [b, c], d: e}\n",
            "a: |\n  x: [\nb: >-\n  y\n",
            "? [a, b]\n: c\n",
            "a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n",
            "%YAML 1.2\n---\na: 1\n",
            "a: !!str 1\nb: !local {c: d}\n",
            "1: a\n\"1\": b\ntrue: c\n'true': d\n",
            // CloudFormation, mkdocs, Home Assistant, GitLab, GitHub.
            "Value: !Sub '${A}-b'\nOther: !GetAtt A.B\nList: !Join ['', [a, !Ref B]]\n",
            "fence: !!python/name:pymdownx.superfences.fence_code_format\n",
            "secret: !secret x\ninclude: !include_dir_list y\n",
            "script: !reference [.setup, script]\n",
            "on: {push: {branches: [main]}}\njobs:\n  a:\n    if: ${{ github.ref == 'x' }}\n    run: echo ${{ a }}\n",
            "a: b\r\nc:\r\n  - d\r\n",
            // What 8.2.3 forbids, and most readers and writers of YAML take for granted.
            "a:\n  b: [\n    c,\n  ]\n  d: {\n    e: f\n  }\n",
            "\u{feff}a: 1\n",
        ] {
            assert_eq!(at("a.yaml", text), [], "{text}");
        }
    }

    #[test]
    fn what_it_does_not() {
        for (text, line) in [
            ("a: [\n", 1),
            ("a: b: c\n", 1),
            ("a:\n\t- b\n", 2),
            ("a: 'x\n", 1),
            ("a: *x\n", 1),
            ("- a\nb: c\n", 2),
            ("a: ]\n", 1),
            ("a: 1\n b: 2\n", 2),
            ("\u{e9}: {\u{e9}: [}\n", 1),
            ("@a: 1\n", 1),
        ] {
            let lines: Vec<usize> = at("a.yml", text).iter().map(|place| place.0).collect();
            assert_eq!(lines, [line], "{text}");
        }
        assert_eq!(at("a.txt", "a: ["), []);
    }

    #[test]
    fn a_key_twice_is_found_where_it_is() {
        assert_eq!(
            at(
                "a.yaml",
                "a: 1\nb:\n  \u{e9}: 1\n  c: 2\n  \"\u{e9}\": 3\na: 2\n"
            ),
            [(5, 3), (6, 1)]
        );
        assert_eq!(at("a.yaml", "{\u{e9}: 1, a: 2, a: 3}"), [(1, 14)]);
        assert_eq!(at("a.yaml", "- a: 1\n- a: 2\n---\na: 1\n"), []);
        assert_eq!(
            at("a.yaml", "a:\n  <<: *x\n").len(),
            1,
            "an alias of nothing"
        );
        assert_eq!(
            at("a.yaml", "x: &x {a: 1}\ny: {<<: *x, <<: *x}\n"),
            [(2, 13)]
        );
        let outcome = look("yaml-syntax", "a.yaml", "a: 1\n\na: 2\n");
        assert!(
            outcome.findings[0]
                .message
                .starts_with("the key \"a\" is there twice, first in line 1")
        );
    }

    #[test]
    fn templates_are_left() {
        let helm = "{{- if .Values.x }}\nkind: A\n{{- end }}\n";
        assert_eq!(at("chart/templates/a.yaml", helm), []);
        assert_eq!(at("a.yaml", "{% if x %}\na: 1\n  {% endif %}\nb\n"), []);
        assert_eq!(at("chart/templates/a.yaml", "a: {{ .x }}-{{ .y }}\n"), []);
        assert_eq!(at("{{cookiecutter.x}}/a.yaml", "a: {{ x }}b\n"), []);
        assert_eq!(
            at("play.yaml", "a: {{ x }}b\n").len(),
            1,
            "an unquoted value of Ansible's"
        );
        assert_eq!(
            at(".github/workflows/a.yml", "a: [\nif: ${{ x }}\n").len(),
            1
        );
    }

    #[test]
    fn bad_bytes_depth_and_bombs_are_survived() {
        assert_eq!(places(&look("yaml-syntax", "a.yaml", b"a: \xff")), [(1, 4)]);
        assert_eq!(at("a.yaml", "a: \0").len(), 1);
        assert_eq!(at("a.yaml", &"[".repeat(100_000)).len(), 1);
        at("a.yaml", &"- ".repeat(20_000));
        at("a.yaml", &"? ".repeat(20_000));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..60 {
            let before = format!("*a{}, ", n - 1).repeat(9);
            bomb += &format!("a{n}: &a{n} [{before}]\n");
        }
        assert_eq!(at("a.yaml", &bomb), []);
    }
}
