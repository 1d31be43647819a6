//! What an expression of Go stands for, as far as it concerns ports.

use crate::detect::serving::port_in;
use crate::detect::syntax;
use regex::Regex;
use std::sync::LazyLock;
use tree_sitter::Node;

/// A text without its quotes.
pub(super) fn unquoted(text: &str) -> &str {
    ['"', '`']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(text)
}

/// The port that an expression stands for, names not followed.
pub(super) fn port(node: Node<'_>, text: &str, depth: usize) -> Option<u16> {
    let depth = depth.checked_sub(1)?;
    let source = syntax::text(node, text);
    match node.kind() {
        "interpreted_string_literal" | "raw_string_literal" => port_in(unquoted(source)),
        "int_literal" => source
            .replace('_', "")
            .parse()
            .ok()
            .filter(|port| *port > 9),
        "binary_expression" => {
            let side = |field| node.child_by_field_name(field);
            let either = |field| port(side(field)?, text, depth);
            // Of an address the port comes last.
            either("right").or_else(|| either("left"))
        }
        // What is kept for a setting: `{raw: ":8080"}`.
        "composite_literal" => port(node.child_by_field_name("body")?, text, depth),
        "literal_value" | "literal_element" | "keyed_element" => syntax::children(node)
            .into_iter()
            .find_map(|part| port(part, text, depth)),
        "parenthesized_expression" => port(node.named_child(0)?, text, depth),
        "call_expression" => {
            let arguments = node.child_by_field_name("arguments")?;
            syntax::children(arguments)
                .into_iter()
                .find_map(|argument| port(argument, text, depth))
        }
        _ => None,
    }
}

/// The variable or field that an expression takes an address from, lower case: `port` of
/// `":" + cfg.Port`, `*port`, `fmt.Sprintf(":%d", port)`.
pub(super) fn name(node: Node<'_>, text: &str) -> Option<String> {
    let mut names = syntax::all_of(node, &["identifier", "field_identifier"]);
    // The name of a function is none of a value.
    names.retain(|name| {
        let mut whole = *name;
        if let Some(parent) = name
            .parent()
            .filter(|parent| parent.kind() == "selector_expression")
        {
            whole = parent;
        }
        let called = whole.parent().is_some_and(|parent| {
            parent.kind() == "call_expression"
                && parent.child_by_field_name("function") == Some(whole)
        });
        !called
    });
    names
        .last()
        .map(|last| syntax::text(*last, text).to_lowercase())
}

/// The pairs of a struct's tag: `env:"PORT" envDefault:"8080"`.
/// <https://pkg.go.dev/reflect#StructTag>
pub(super) fn tags(tag: &str) -> Vec<(&str, &str)> {
    static PAIR: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"([A-Za-z_-]+):"((?:[^"\\]|\\.)*)""#).ok());
    let pairs = PAIR.iter().flat_map(|pair| pair.captures_iter(tag));
    pairs
        .filter_map(|pair| Some((pair.get(1)?.as_str(), pair.get(2)?.as_str())))
        .collect()
}

/// The text of a string literal.
pub(super) fn literal(node: Node<'_>, text: &str) -> Option<String> {
    let is_text = node.kind().ends_with("string_literal");
    is_text.then(|| unquoted(syntax::text(node, text)).to_owned())
}

/// What the structs around a field put before the name of its variable: `env-namespace:"DB"` of go-flags,
/// `envPrefix:"DB_"` of env.
/// <https://pkg.go.dev/github.com/jessevdk/go-flags>, <https://pkg.go.dev/github.com/caarlos0/env/v11>
pub(super) fn prefix(field: Node<'_>, text: &str) -> String {
    let around = std::iter::successors(field.parent(), Node::parent);
    let parts: Vec<String> = around
        .filter(|node| node.kind() == "field_declaration")
        .filter_map(|node| {
            let tag = unquoted(syntax::text(node.child_by_field_name("tag")?, text));
            tags(tag).into_iter().find_map(|(key, name)| match key {
                "env-namespace" => Some(format!("{name}_")),
                "envPrefix" => Some(name.to_owned()),
                _ => None,
            })
        })
        .collect();
    parts.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_pairs() {
        let tag = r#"json:"port" env:"PORT,required" envDefault:"8080""#;
        let expected = [
            ("json", "port"),
            ("env", "PORT,required"),
            ("envDefault", "8080"),
        ];
        assert_eq!(tags(tag), expected);
    }
}
