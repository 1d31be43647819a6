//! What holds for every check, and what the tables of single ones share.

use super::*;
use crate::config::Config;
use crate::config::hooks::{CheckId, Hook};
use bstr::BStr;
use proptest::prelude::*;

/// The outcome of the content check `id` for a file of this name.
pub(super) fn look_with(id: &str, options: &Options, path: &str, content: &[u8]) -> Outcome {
    let check = find(id).unwrap_or_else(|| panic!("no check {id}"));
    let mut outcome = Outcome::clean();
    for look in check.looks {
        if let Look::Content(look) = look {
            let blob = Blob {
                path: path.into(),
                mode: Mode::Regular,
                content,
                before: None,
                lfs: false,
            };
            outcome = look(&File::new(blob), options);
        }
    }
    for finding in &outcome.findings {
        assert_eq!(finding.check, id);
    }
    outcome
}

pub(super) fn look(id: &str, path: &str, content: impl AsRef<[u8]>) -> Outcome {
    look_with(id, &Options::default(), path, content.as_ref())
}

/// Line and column of each finding.
pub(super) fn places(outcome: &Outcome) -> Vec<(usize, usize)> {
    outcome
        .findings
        .iter()
        .filter_map(|finding| finding.position)
        .map(|position| (position.line, position.column))
        .collect()
}

/// What the check makes of `content`: its fix, or the same.
pub(super) fn fixed(id: &str, path: &str, content: &[u8]) -> Vec<u8> {
    let outcome = look(id, path, content);
    outcome.fixed.unwrap_or_else(|| {
        assert!(outcome.findings.is_empty(), "a finding without a fix");
        content.to_vec()
    })
}

#[test]
fn ids_are_unique_and_those_of_the_configuration() {
    let mut ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
    for check in CHECKS {
        assert!(!check.looks.is_empty(), "{}", check.id);
        let configured = CheckId::parse(check.id).unwrap();
        assert_eq!(configured.can_fix(), check.fixes, "{}", check.id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CHECKS.len());
}

#[test]
fn each_check_has_a_page_whose_configuration_is_valid() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let index = std::fs::read_to_string(root.join("docs/checks/README.md")).unwrap();
    for Check { id, title, .. } in CHECKS {
        let line = format!("| [{id}]({id}.md) | {title} |");
        assert!(index.contains(&line), "{line}");
        let page = std::fs::read_to_string(root.join(format!("docs/checks/{id}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {id}\n")), "{id}");
        let mut parts = page.split("\n## ").skip(1);
        for title in ["What it holds", "Why", "How to mend", "How to except"] {
            let part = parts.next().unwrap_or_default();
            let text = part.strip_prefix(title).unwrap_or_default().trim();
            assert!(text.len() > 20, "{id}: {title}");
        }
        let example = page.split("```toml\n").nth(1).unwrap_or_default();
        let example = example.split("```").next().unwrap_or_default();
        let config = Config::parse(&format!("schema = 1\n{example}"), "shipway.toml")
            .unwrap_or_else(|error| panic!("{id}: {error:?}"));
        let own = Hook::ALL
            .into_iter()
            .flat_map(|hook| config.hooks.jobs(hook))
            .any(|job| job.place.is_some() && job.check().is_some_and(|c| c.id.name() == *id));
        assert!(own, "{id}");
    }
}

fn contents() -> impl Iterator<Item = &'static Check> {
    CHECKS
        .iter()
        .filter(|check| matches!(check.looks, [Look::Content(_)]))
}

/// Bytes that look like texts with what the byte-level checks look for.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&[u8]] = &[
        b" ",
        b"\t",
        b"\n",
        b"\r\n",
        b"\r",
        b"ab",
        b"\xC3\xA9",
        b"\xFF",
        b"\xEF\xBB\xBF",
    ];
    let part = proptest::sample::select(PARTS);
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_fix_leaves_nothing_fixable_and_changes_only_blanks_and_ends(
        content in texts(),
        path in prop_oneof![Just("a.md"), Just("a.py")],
    ) {
        let bare = |bytes: &[u8]| -> Vec<u8> {
            let rest = bytes.strip_prefix(byte_order_mark::MARK).unwrap_or(bytes);
            rest.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
        };
        for check in contents().filter(|check| check.fixes) {
            let outcome = look(check.id, path, &content);
            prop_assert_eq!(
                outcome.fixed.is_some(),
                outcome.findings.iter().any(|finding| finding.fixable)
            );
            let Some(fixed) = outcome.fixed else { continue };
            prop_assert_ne!(&fixed, &content);
            if check.id != "byte-order-mark" {
                prop_assert_eq!(bare(&fixed), bare(&content));
            }
            let again = look(check.id, path, &fixed);
            if check.id != "byte-order-mark" {
                prop_assert_eq!(again, Outcome::clean(), "{} {:?}", check.id, fixed);
            }
        }
    }

    #[test]
    fn no_content_makes_a_check_panic(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        for check in contents() {
            for path in ["a", "a.md", "a.json", "a.toml", "a.yaml", "a.xml", "Dockerfile", "a.csv", "a.fasta", "compose.yaml"] {
                look(check.id, path, &content);
            }
        }
    }
}

pub(super) fn entries<'a>(paths: &[(&'a str, Mode, bool, Option<&'a str>)]) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry> = paths
        .iter()
        .map(|(path, mode, changed, target)| Entry {
            path: (*path).into(),
            mode: *mode,
            changed: *changed,
            target: target.map(Into::into),
            replaced: None,
        })
        .collect();
    entries.sort_by(|a, b| a.path.cmp(b.path));
    entries
}

/// Path and severity of what the listing check finds.
pub(super) fn listed(id: &str, entries: &[Entry], removed: &[&BStr]) -> Vec<(String, Severity)> {
    let [Look::Listing(look)] = find(id).unwrap().looks else {
        panic!("{id} looks at a listing alone");
    };
    look(&Listing { entries, removed }, &Options::default())
        .into_iter()
        .map(|finding| (finding.path.unwrap().to_string(), finding.severity))
        .collect()
}

pub(super) fn look_at(id: &str, blob: Blob) -> Outcome {
    let [Look::Content(look)] = find(id).unwrap().looks else {
        panic!("{id} looks at contents alone");
    };
    look(&File::new(blob), &Options::default())
}
