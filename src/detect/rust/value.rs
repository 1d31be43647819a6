//! What an expression of Rust stands for, as far as it concerns ports, texts and names.

use crate::detect::serving::port_in;
use crate::detect::syntax;
use std::collections::BTreeMap;
use tree_sitter::Node;

/// A text without its quotes: `"a"`, `r"a"`, `r#"a"#`.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim_start_matches(['b', 'r']).trim_matches('#');
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

/// The text of a literal; None for everything else.
pub(super) fn text<'t>(node: Node<'_>, source: &'t str) -> Option<&'t str> {
    matches!(node.kind(), "string_literal" | "raw_string_literal")
        .then(|| unquoted(syntax::text(node, source)))
}

/// What a literal, or a text made a `String`, says: `"a".to_string()`, `String::from("a")`, `8080`.
pub(super) fn literal(node: Node<'_>, source: &str) -> Option<String> {
    let plain = syntax::text(node, source);
    match node.kind() {
        "string_literal" | "raw_string_literal" => text(node, source).map(str::to_owned),
        "integer_literal" | "float_literal" => Some(number(plain).to_owned()),
        "boolean_literal" => Some(plain.to_owned()),
        "closure_expression" => literal(node.child_by_field_name("body")?, source),
        "reference_expression" => literal(node.child_by_field_name("value")?, source),
        "block" => literal(syntax::children(node).pop()?, source),
        "call_expression" => {
            let function = node.child_by_field_name("function")?;
            let arguments = node.child_by_field_name("arguments")?;
            if function.kind() == "field_expression" {
                let method = syntax::text(function.child_by_field_name("field")?, source);
                let makes = matches!(method, "to_string" | "to_owned" | "into" | "as_str");
                let value = function.child_by_field_name("value")?;
                return makes.then(|| literal(value, source)).flatten();
            }
            let name = syntax::text(function, source);
            if matches!(name, "String::from" | "Some" | "Ok" | "PathBuf::from") {
                return literal(arguments.named_child(0)?, source);
            }
            None
        }
        _ => None,
    }
}

/// `8080` of `8080_u16` and `8_080`.
fn number(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '_' || c == '.'))
        .unwrap_or(text.len());
    text[..end].trim_end_matches('_')
}

/// Parts of an expression that are looked at.
const WIDTH: usize = 8;

/// The values that names of one file stand for: what `let`, `const` and `static` give them.
pub(super) type Names<'t> = BTreeMap<&'t str, Node<'t>>;

/// The port that an expression stands for; names are followed within the file.
pub(super) fn port(node: Node<'_>, source: &str, names: &Names<'_>, depth: usize) -> Option<u16> {
    let depth = depth.checked_sub(1)?;
    let plain = syntax::text(node, source);
    match node.kind() {
        "string_literal" | "raw_string_literal" => port_in(unquoted(plain)),
        "integer_literal" => number(plain)
            .replace('_', "")
            .parse()
            .ok()
            .filter(|port| *port > 9),
        // `[127, 0, 0, 1]`.
        "array_expression" | "index_expression" => None,
        "identifier" => port(*names.get(plain)?, source, names, depth),
        // `format!("0.0.0.0:3000")`, `format!("{host}:{port}")`.
        "macro_invocation" => {
            let name = syntax::text(node.child_by_field_name("macro")?, source);
            if name != "format" && name != "concat" {
                return None;
            }
            let literals = syntax::all(node, "string_literal");
            let said = literals
                .iter()
                .find_map(|node| port_in(text(*node, source)?));
            said.or_else(|| {
                let inside = literals.first().and_then(|node| text(*node, source))?;
                let braced = inside.rsplit('{').next()?.split(['}', ':']).next()?;
                let words = syntax::all(node, "identifier");
                let words = words.iter().rev().map(|word| syntax::text(*word, source));
                std::iter::once(braced)
                    .chain(words)
                    .find_map(|name| port(*names.get(name)?, source, names, depth))
            })
        }
        // Of an address the port comes last.
        _ => syntax::children(node)
            .into_iter()
            .rev()
            .take(WIDTH)
            .find_map(|part| port(part, source, names, depth)),
    }
}

/// The variable or field that an expression takes an address from, lower case: `port` of
/// `("0.0.0.0", settings.port)` and `format!("0.0.0.0:{port}")`.
pub(super) fn name(node: Node<'_>, source: &str, names: &Names<'_>) -> Option<String> {
    let mut node = node;
    // `let address = format!("{}:{}", host, port);`
    for _ in 0..4 {
        let plain = syntax::text(node, source).trim_start_matches('&');
        match names.get(plain) {
            Some(value) => node = *value,
            None => break,
        }
    }
    if node.kind() == "macro_invocation" {
        let literal = syntax::all(node, "string_literal").into_iter().next()?;
        let last = text(literal, source)?
            .rsplit('{')
            .next()?
            .split(['}', ':'])
            .next()?;
        if !last.is_empty() {
            return Some(last.rsplit('.').next()?.to_lowercase());
        }
    }
    let words = syntax::all_of(node, &["identifier", "field_identifier"]);
    let is_value = |word: &Node<'_>| {
        let called = word.parent().and_then(|parent| match parent.kind() {
            "field_expression" | "scoped_identifier" => parent.parent(),
            _ => Some(parent),
        });
        // A method's name is none of a value.
        !called.is_some_and(|call| {
            call.kind() == "call_expression"
                && call
                    .child_by_field_name("function")
                    .is_some_and(|function| function.end_byte() == word.end_byte())
        })
    };
    words
        .into_iter()
        .rfind(is_value)
        .map(|word| syntax::text(word, source).to_lowercase())
}

/// Whether an address is one that only this machine reaches.
pub(super) fn is_loopback(node: Node<'_>, source: &str, names: &Names<'_>) -> bool {
    let here = |node: Node<'_>| {
        let plain = syntax::text(node, source).replace(' ', "");
        ["\"127.0.0.1", "\"localhost", "[127,0,0,1]", "\"[::1]", "Ipv4Addr::LOCALHOST"]
            .iter()
            .any(|text| plain.contains(text))
            // A variable may say otherwise.
            && !plain.contains("var(")
    };
    let plain = syntax::text(node, source).trim_start_matches('&');
    here(node) || names.get(plain).is_some_and(|value| here(*value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The port and the name of the value of the last `let` in a function.
    fn address(body: &str) -> (Option<u16>, Option<String>) {
        let source = format!("fn main() {{ {body} }}");
        let tree = syntax::parse(&tree_sitter_rust::LANGUAGE.into(), &source).unwrap();
        let mut names = Names::new();
        let mut last = None;
        for node in syntax::all(tree.root_node(), "let_declaration") {
            let name = node.child_by_field_name("pattern").unwrap();
            let value = node.child_by_field_name("value").unwrap();
            names.insert(syntax::text(name, &source), value);
            last = Some(value);
        }
        let last = last.unwrap();
        (port(last, &source, &names, 9), name(last, &source, &names))
    }

    #[test]
    fn addresses_in_every_form() {
        for (body, expected) in [
            ("let a = \"0.0.0.0:3000\";", Some(3000)),
            ("let a = (\"127.0.0.1\", 8080);", Some(8080)),
            (
                "let a = SocketAddr::from(([127, 0, 0, 1], 3030));",
                Some(3030),
            ),
            (
                "let a = \"[::]:9000\".parse::<SocketAddr>().unwrap();",
                Some(9000),
            ),
            (
                "let p: u16 = 4000; let a = format!(\"0.0.0.0:{p}\");",
                Some(4000),
            ),
            (
                "let p = 4_001; let a = format!(\"{}:{}\", host, p);",
                Some(4001),
            ),
            (
                "let p = env::var(\"PORT\").unwrap_or_else(|_| \"5001\".into()); let a = (\"::\", p);",
                Some(5001),
            ),
            (
                "let a = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 6001);",
                Some(6001),
            ),
            ("let a = [127, 0, 0, 1];", None),
            ("let a = a;", None),
            ("let a = \"unix:/run/a.sock\";", None),
        ] {
            assert_eq!(address(body).0, expected, "{body}");
        }
    }

    #[test]
    fn the_name_behind_an_address() {
        for (body, expected) in [
            ("let a = (\"0.0.0.0\", settings.port);", "port"),
            (
                "let a = format!(\"{}:{}\", s.host, s.http_port);",
                "http_port",
            ),
            ("let a = format!(\"0.0.0.0:{port}\");", "port"),
            ("let a = settings.address.parse().unwrap();", "address"),
        ] {
            assert_eq!(address(body).1.as_deref(), Some(expected), "{body}");
        }
    }
}
