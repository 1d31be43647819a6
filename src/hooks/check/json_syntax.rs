//! `json-syntax`: JSON is valid, and no object has a key twice.
//!
//! RFC 8259, which leaves the names of an object to be unique; files that their readers take
//! with comments and trailing commas (tsconfig.json, .vscode, dev containers, …) may have them.

use super::syntax::{self, invalid, is_template};
use super::{File, Finding, Options, Outcome};
use bstr::ByteSlice;
use jsonc_parser::ast::Value;
use jsonc_parser::{CollectOptions, ParseOptions};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

const ID: &str = "json-syntax";
const JSON: &str = "JSON";
const JSONC: &str = "JSON with comments";

/// Names whose readers take comments and trailing commas.
const COMMENTED: &[&str] = &[
    "devcontainer.json",
    ".devcontainer.json",
    "devcontainer-lock.json",
    "language-configuration.json",
    "api-extractor.json",
    "tsdoc.json",
    "tslint.json",
    "turbo.json",
    "deno.json",
    "biome.json",
    "cspell.json",
    ".cspell.json",
    "nx.json",
    "rush.json",
    "global.json",
    "renovate.json",
    ".renovaterc.json",
    ".eslintrc.json",
    ".eslintrc",
    ".babelrc",
    ".babelrc.json",
    ".swcrc",
    ".jshintrc",
    ".jscsrc",
    ".oxlintrc.json",
    "pyrightconfig.json",
    ".oxfmtrc.json",
    ".markdownlint.json",
    ".markdownlintrc",
];
/// Beginnings of such names; all end in `.json`.
const COMMENTED_STARTS: &[&str] = &[
    "tsconfig",
    "jsconfig",
    "appsettings",
    "api-extractor-",
    "typedoc",
];
/// Folders all of whose files are read so.
const COMMENTED_FOLDERS: &[&str] = &[".vscode/", ".zed/", ".devcontainer/", "common/config/rush/"];

pub(super) fn look(file: &File, options: &Options) -> Outcome {
    let commented = file.name().ends_with(b".jsonc") || file.name().ends_with(b".code-workspace");
    if !commented && !file.is("json") {
        return Outcome::clean();
    }
    let text = match syntax::utf8(file, ID, JSON) {
        Ok(text) => text,
        Err(outcome) => return outcome,
    };
    let commented =
        commented || has_comments(file) || options.comments.matches(&file.path().to_str_lossy());
    let findings = if commented {
        with_comments(file, text)
    } else {
        strict(file, text)
    };
    if !findings.is_empty() && is_template(file) {
        return Outcome::clean();
    }
    findings.into()
}

fn has_comments(file: &File) -> bool {
    let path = file.path();
    let name = file.name();
    COMMENTED.iter().any(|known| name == *known)
        || COMMENTED_STARTS
            .iter()
            .any(|start| name.starts_with_str(start))
        || COMMENTED_FOLDERS
            .iter()
            .any(|folder| path.starts_with_str(folder) || path.contains_str(format!("/{folder}")))
}

fn with_comments(file: &File, text: &str) -> Vec<Finding> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_extended_string_escapes: false,
        allow_non_finite_numbers: false,
    };
    match jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &options) {
        Err(error) => {
            let message = error.kind().to_string();
            vec![invalid(file, ID, JSONC, &message, error.range().start)]
        }
        // A file of nothing but comments is how editors leave their settings.
        Ok(parsed) => {
            let mut findings = Vec::new();
            if let Some(value) = parsed.value {
                repeated(file, &value, &mut findings);
            }
            findings
        }
    }
}

/// Adds a finding for each key that an object has twice. The parser bounds the depth.
fn repeated(file: &File, value: &Value, findings: &mut Vec<Finding>) {
    match value {
        Value::Array(array) => {
            for element in &array.elements {
                repeated(file, element, findings);
            }
        }
        Value::Object(object) => {
            let mut seen: HashMap<&str, usize> = HashMap::new();
            for property in &object.properties {
                let at = property.range.start;
                if let Some(first) = seen.insert(property.name.as_str(), at) {
                    let line = file.position(first).line;
                    let finding = syntax::twice(ID, property.name.as_str(), Some(line));
                    findings.push(file.place(finding, at));
                }
                repeated(file, &property.value, findings);
            }
        }
        _ => {}
    }
}

fn strict(file: &File, text: &str) -> Vec<Finding> {
    if text.trim_start().is_empty() {
        return vec![invalid(file, ID, JSON, "the file is empty", 0)];
    }
    if text.starts_with('\u{feff}') {
        let message = "it starts with a byte order mark, which RFC 8259 forbids";
        return vec![invalid(file, ID, JSON, message, 0)];
    }
    // This one goes as deep as the text does, on the heap.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        // Where a control byte stands in a string, the parser stops just before it.
        let before = usize::from(message.starts_with("control character"));
        return vec![invalid(
            file,
            ID,
            JSON,
            message,
            offset(text, &error) + before,
        )];
    }
    // It is valid: whatever else stops the second look (a number beyond what fits, a depth beyond
    // what is followed) is no fault.
    let mut parser = serde_json::Deserializer::from_str(text);
    let mut key = None;
    match Unique(&mut key).deserialize(&mut parser) {
        Err(error) if key.is_some() => {
            let key = key.unwrap_or_default();
            // It stops behind the key's closing quote.
            let end = (offset(text, &error) + 1).min(text.len());
            let at = key_start(&text.as_bytes()[..end]);
            vec![file.place(syntax::twice(ID, &key, None), at)]
        }
        _ => Vec::new(),
    }
}

/// Byte at which the parser stopped; its column counts bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text.as_bytes())
            .nth(line - 2)
            .map_or(text.len(), |end| end + 1),
    };
    (start + error.column().saturating_sub(1)).min(text.len())
}

/// Where the string that ends at or just before the end of `bytes` begins.
fn key_start(bytes: &[u8]) -> usize {
    let Some(close) = memchr::memrchr(b'"', bytes) else {
        return bytes.len();
    };
    let mut open = close;
    while let Some(quote) = memchr::memrchr(b'"', &bytes[..open]) {
        open = quote;
        let slashes = bytes[..quote]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\');
        if slashes.count() % 2 == 0 {
            break;
        }
    }
    open
}

/// Reads any value and stops at the first key that an object has twice, which it leaves in its
/// place.
struct Unique<'k>(&'k mut Option<String>);

/// A name of an object, borrowed where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Unique(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen: HashSet<Cow<str>> = HashSet::new();
        while let Some(Key(name)) = map.next_key()? {
            if seen.contains(&name) {
                *self.0 = Some(name.into_owned());
                return Err(A::Error::custom("a key is there twice"));
            }
            seen.insert(name);
            map.next_value_seed(Unique(self.0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{look, places};

    fn at(path: &str, text: &str) -> Vec<(usize, usize)> {
        places(&look("json-syntax", path, text))
    }

    /// RFC 8259, sections 2 to 7, its grammar and the examples of section 13.
    #[test]
    fn the_grammar_of_the_rfc() {
        for text in [
            "{}",
            "[]",
            "\"\"",
            " 1 ",
            "null",
            "[true,false]",
            "-0",
            "1E400",
            "-0.0e-10",
            "\"\\u00e9\\n\\/\\\"\"",
            "\"\\uD834\\uDD1E\"",
            "\"\\ud800\"",
            "{\"\":{\"\":1}}",
            "[116, -943, 234, 38793]",
            "\t\r\n{}\n",
            "\"\u{7f}\"",
            "{\"Image\":{\"Width\":800,\"Thumbnail\":{\"Width\":100},\"IDs\":[1,2]}}",
        ] {
            assert_eq!(at("a.json", text), [], "{text}");
        }
        for (text, place) in [
            ("", (1, 1)),
            (" \n", (1, 1)),
            ("\u{feff}{}", (1, 1)),
            ("[1,]", (1, 4)),
            ("{\"a\":1,}", (1, 8)),
            ("{\"a\" 1}", (1, 6)),
            ("{a:1}", (1, 2)),
            ("['a']", (1, 2)),
            ("[1] x", (1, 5)),
            ("[01]", (1, 3)),
            ("[+1]", (1, 2)),
            ("[.5]", (1, 2)),
            ("[NaN]", (1, 2)),
            ("{\n  \"\u{e9}\": // c\n}", (2, 8)),
            ("\"a\u{1}\"", (1, 3)),
            ("\"\\x\"", (1, 3)),
        ] {
            assert_eq!(at("a.json", text), [place], "{text}");
        }
        assert_eq!(at("a.json", "[1"), [(1, 2)]);
        assert_eq!(at("a.js", "[1,]"), []);
    }

    #[test]
    fn a_key_twice_is_found_where_it_is() {
        assert_eq!(at("a.json", "{\"a\": 1, \"b\": {\"a\": 2}}"), []);
        assert_eq!(
            at("a.json", "{\n  \"a\": 1,\n  \"\u{e9}\": 1, \"a\": 2\n}"),
            [(3, 11)]
        );
        assert_eq!(
            at("a.json", "{\"a\\\"\": 1, \"\\u0061\\\"\": 2}"),
            [(1, 12)],
            "the same by escapes"
        );
        assert_eq!(
            at("a.json", "[[{\"x\":1e999,\"x\":2}]]").len(),
            0,
            "beyond what fits"
        );
        assert_eq!(at("tsconfig.json", "{\"a\": 1, // c\n \"a\": 2}"), [(2, 2)]);
    }

    #[test]
    fn comments_are_for_those_who_read_them() {
        let text = "// c\n{\"a\": [1, 2,], /* d */}\n";
        for path in [
            "tsconfig.json",
            "web/tsconfig.base.json",
            ".vscode/settings.json",
            "x/.devcontainer/devcontainer.json",
            "a.jsonc",
            "x.code-workspace",
            ".babelrc",
            ".zed/settings.json",
        ] {
            assert_eq!(at(path, text), [], "{path}");
            assert_eq!(at(path, "{\"a\": }"), [(1, 7)], "{path}");
            assert_eq!(at(path, "{'a': 1}").len(), 1, "{path}");
        }
        for path in ["a.json", "package.json", "vscode/settings.json"] {
            assert_eq!(at(path, text), [(1, 1)], "{path}");
        }
    }

    #[test]
    fn what_becomes_json_later_is_left() {
        assert_eq!(at("{{name}}/package.json", "{{{ x }}}"), []);
        assert_eq!(at("templates/a.json", "{\"a\": {{ x }}}"), []);
        assert_eq!(at("a.json", "{\n{% if x %}\n}"), []);
        assert_eq!(at("a.json", "{\"a\": {{ x }}}"), [(1, 8)]);
    }

    #[test]
    fn bad_bytes_and_depth_are_survived() {
        assert_eq!(
            places(&look("json-syntax", "a.json", b"[\"\xff\"]")),
            [(1, 3)]
        );
        assert_eq!(places(&look("json-syntax", "a.json", b"[\0]")), [(1, 2)]);
        let deep = "[".repeat(200_000);
        assert_eq!(at("a.json", &deep).len(), 1);
        assert_eq!(at("a.json", &format!("{deep}{}", "]".repeat(200_000))), []);
        assert_eq!(at("tsconfig.json", &deep).len(), 1);
        assert_eq!(at("tsconfig.json", &"{\"a\":".repeat(100_000)).len(), 1);
    }
}
