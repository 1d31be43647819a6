//! `toml-syntax`: TOML is valid.
//!
//! TOML 1.0.0; what only 1.1.0 allows is a warning, for most readers do not know it yet.

use super::finding::Findings;
use super::syntax::{self, invalid, is_template};
use super::{File, Finding, Options, Outcome};
use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

const ID: &str = "toml-syntax";
const TOML: &str = "TOML";

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    let text = match syntax::text(file, "toml", ID, TOML) {
        None => return Outcome::clean(),
        Some(Ok(text)) => text,
        Some(Err(outcome)) => return outcome,
    };
    let (_, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return newer(file, text);
    }
    if is_template(file) {
        return Outcome::clean();
    }
    let mut findings = Findings::new(file);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        findings.push(invalid(file, ID, TOML, error.message(), at), at);
    }
    findings.finish("places are not valid TOML")
}

/// What a valid text has of TOML 1.1: an inline table over several lines or with a comma at its
/// end, the escapes `\e` and `\x`, a time without seconds.
fn newer(file: &File, text: &str) -> Outcome {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut inline: Vec<EventKind> = Vec::new();
    let mut comma = None;
    let mut found: Option<usize> = None;
    let mut take = |event: Event| {
        let at = event.span().start();
        let in_table = inline.last() == Some(&EventKind::InlineTableOpen);
        match event.kind() {
            kind @ (EventKind::InlineTableOpen | EventKind::ArrayOpen) => inline.push(kind),
            EventKind::InlineTableClose => {
                inline.pop();
                if let Some(comma) = comma.take() {
                    found.get_or_insert(comma);
                }
            }
            EventKind::ArrayClose => {
                inline.pop();
            }
            EventKind::Newline | EventKind::Comment if in_table => {
                found.get_or_insert(at);
            }
            _ => {}
        }
        match event.kind() {
            EventKind::ValueSep if in_table => comma = Some(at),
            EventKind::Whitespace | EventKind::Newline | EventKind::Comment => {}
            EventKind::Scalar | EventKind::SimpleKey => {
                comma = None;
                let raw = &text[at..event.span().end()];
                if is_newer(raw) {
                    found.get_or_insert(at);
                }
            }
            _ => comma = None,
        }
    };
    parse_document(&tokens, &mut take, &mut ());
    let Some(at) = found else {
        return Outcome::clean();
    };
    let finding = Finding::error(
        ID,
        "this is TOML 1.1, which readers of TOML 1.0 refuse",
        "write an inline table on one line without a comma at its end, `\\u001b` for `\\e`, and times with seconds",
    );
    vec![file.place(finding.warning(), at)].into()
}

fn is_newer(raw: &str) -> bool {
    if raw.starts_with('"') {
        let mut chars = raw.chars();
        while let Some(c) = chars.next() {
            if c == '\\' && matches!(chars.next(), Some('e' | 'x')) {
                return true;
            }
        }
        return false;
    }
    // `07:32` and `1979-05-27 07:32`, with or without an offset.
    let time = raw.rsplit(['T', 't', ' ']).next().unwrap_or(raw);
    let time = time.split(['Z', 'z', '+', '-']).next().unwrap_or(time);
    time.len() == 5 && time.as_bytes().get(2) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::Severity;
    use crate::hooks::check::tests::{look, places};

    fn at(text: &str) -> Vec<(usize, usize)> {
        places(&look("toml-syntax", "a.toml", text))
    }

    /// TOML 1.0.0, section by section.
    #[test]
    fn the_specification() {
        for text in [
            "",
            "# c\n",
            "a = 1\r\nb.c = \"x\"\n\"d e\" = 'y'\n",
            "[a]\n[a.b]\n[[c]]\n[[c]]\n",
            "a = [1, [2], # c\n]\n",
            "a = {b = 1, c = {d = 2}}\n",
            "a = \"\"\"\nx\n\"\"\"\n",
            "a = 0x1F\nb = 1e5\nc = inf\nd = 1_000\n",
            "a = 1979-05-27T07:32:00Z\nb = 07:32:00\nc = 1979-05-27 07:32:00.5\n",
        ] {
            assert_eq!(at(text), [], "{text}");
        }
        for (text, place) in [
            ("a = 1\na = 2\n", (2, 1)),
            ("[a]\n[a]\n", (2, 2)),
            ("a = \n", (1, 5)),
            ("= 1\n", (1, 1)),
            ("\u{e9} = 1\n", (1, 1)),
            ("a = 01\n", (1, 5)),
            ("\"\u{e9}\" = nope\n", (1, 7)),
            ("a = \"x\n", (1, 7)),
            ("a = \"x\" b = 2\n", (1, 9)),
            ("a = [1\n", (1, 7)),
        ] {
            assert_eq!(at(text).first(), Some(&place), "{text}");
        }
        assert_eq!(
            at("a = nope\nb = nope\n").len(),
            2,
            "more than the first is said"
        );
        assert_eq!(places(&look("toml-syntax", "a.txt", "a = \n")), []);
    }

    #[test]
    fn what_only_the_next_version_allows_is_a_warning() {
        for text in [
            "a = {b = 1,\n c = 2}\n",
            "a = {b = 1,}\n",
            "a = \"\\e\"\n",
            "a = \"\\x41\"\n",
            "a = 07:32\n",
            "a = 1979-05-27T07:32Z\n",
        ] {
            let outcome = look("toml-syntax", "a.toml", text);
            assert_eq!(outcome.findings.len(), 1, "{text}");
            assert_eq!(outcome.findings[0].severity, Severity::Warning, "{text}");
        }
        assert_eq!(
            at("a = [{b = 1},\n]\nc = \"\\\\e\"\nd = {e = [\n1,\n]}\n"),
            []
        );
    }

    #[test]
    fn bad_bytes_and_depth_are_survived() {
        assert_eq!(
            places(&look("toml-syntax", "a.toml", b"a = \"\xff\"")),
            [(1, 6)]
        );
        assert_eq!(at("a = \"\0\"").len(), 1);
        assert!(!at(&format!("a = {}", "[".repeat(100_000))).is_empty());
        assert!(!at(&format!("a = {}", "{a=".repeat(100_000))).is_empty());
        assert!(!at(&"a.".repeat(100_000)).is_empty());
    }
}
