//! Which variables of the environment Rust reads: `std::env::var`, wrappers of it, what clap,
//! envconfig, envy, figment and config are told.

use super::source::{Call, File, Filled};
use super::value;
use crate::detect::serving::{is_name, port_in};
use crate::detect::syntax;
use crate::detect::variable::Read;
use regex::Regex;
use std::sync::LazyLock;
use tree_sitter::Node;

/// Takes what the call `node` of `object::name(arguments)` or `object.name(arguments)` reads.
pub(super) fn call(
    source: &str,
    node: Node<'_>,
    object: &str,
    name: &str,
    arguments: &[Node<'_>],
    file: &mut File,
) {
    let text = |index: usize| {
        let argument = arguments.get(index)?;
        value::literal(*argument, source)
    };
    let line = syntax::line(node);
    let last = object.rsplit("::").next().unwrap_or_default();
    match (last, name) {
        ("env" | "dotenvy" | "dotenv", "var" | "var_os") if named(arguments, source).is_some() => {
            let (default, required) = fallback(node, source);
            file.named.extend(named(arguments, source).map(|name| Read {
                name: name.to_owned(),
                line,
                default,
                required,
            }));
        }
        ("env" | "dotenvy" | "dotenv", "var" | "var_os") => {
            if let Some(name) =
                text(0).filter(|name| !name.is_empty() && !name.contains([' ', '=']))
            {
                let (default, required) = fallback(node, source);
                file.reads.push(Read {
                    name,
                    line,
                    default,
                    required,
                });
            }
        }
        ("envy", "from_env") => file.filled.push(Filled {
            prefix: String::new(),
            separator: None,
            of: type_of(node, source),
        }),
        ("envy", "prefixed") => file.filled.push(Filled {
            prefix: text(0).unwrap_or_default(),
            separator: None,
            of: above(node).and_then(|call| type_of(call, source)),
        }),
        ("Env", "prefixed") => {
            let of_chain = separator(node, source);
            file.filled.push(Filled {
                prefix: text(0).unwrap_or_default(),
                separator: of_chain,
                of: None,
            });
        }
        ("Environment", "with_prefix") => {
            let separator = separator(node, source);
            let between = setting(node, source, "prefix_separator")
                .or_else(|| separator.clone())
                .unwrap_or_else(|| "_".to_owned());
            file.filled.push(Filled {
                prefix: format!("{}{between}", text(0).unwrap_or_default().to_uppercase()),
                separator,
                of: None,
            });
        }
        // `Arg::new("port").env("PORT")`.
        (_, "env") if arguments.len() == 1 => {
            if let Some(name) = text(0).filter(|name| is_name(name)) {
                file.reads.push(Read {
                    name,
                    default: setting(node, source, "default_value"),
                    required: false,
                    line,
                });
            }
        }
        _ => {
            if let Some(first) = text(0).filter(|name| is_name(name)) {
                let (default, required) = fallback(node, source);
                let read = Read {
                    name: first,
                    default: text(1).or(default),
                    required,
                    line,
                };
                // Behind the `?`, where what is called tells by itself that nothing is set.
                let tried = node
                    .parent()
                    .filter(|parent| parent.kind() == "try_expression");
                let (default, required) =
                    tried.map_or((None, false), |tried| fallback(tried, source));
                let unless = Read {
                    default: text(1).or(default),
                    required,
                    ..read.clone()
                };
                file.calls.push(Call {
                    function: name.to_owned(),
                    read,
                    unless,
                });
            }
        }
    }
}

/// The constant that a variable's name is kept under, as the last part of its path.
fn named<'t>(arguments: &[Node<'_>], source: &'t str) -> Option<&'t str> {
    let first = *arguments.first()?;
    let path = matches!(first.kind(), "identifier" | "scoped_identifier");
    let name = syntax::text(first, source).rsplit("::").next()?;
    (path && is_name(name)).then_some(name)
}

/// The call of a method on `node`, or what a macro or `?` makes of it.
fn above(node: Node<'_>) -> Option<Node<'_>> {
    let parent = node.parent()?;
    match parent.kind() {
        "field_expression" => parent
            .parent()
            .filter(|call| call.kind() == "call_expression"),
        _ => None,
    }
}

/// What stands for a variable that is not set, and whether the program ends without it.
fn fallback(node: Node<'_>, source: &str) -> (Option<String>, bool) {
    let mut node = node;
    let mut optional = false;
    loop {
        let Some(parent) = node.parent() else {
            return (None, false);
        };
        if parent.kind() == "try_expression" {
            return (None, !optional);
        }
        let Some(call) = above(node) else {
            return (None, false);
        };
        let method = parent
            .child_by_field_name("field")
            .map_or("", |field| syntax::text(field, source));
        let arguments = call.child_by_field_name("arguments").map(syntax::children);
        let first = || {
            let arguments = arguments.as_ref()?;
            value::literal(*arguments.first()?, source)
        };
        match method {
            "unwrap_or" | "map_or" => return (first(), false),
            "unwrap_or_else" | "or_else" => {
                let said = first();
                let ends = arguments.iter().flatten().any(|argument| {
                    let text = syntax::text(*argument, source);
                    text.contains("panic!") || text.contains("exit(")
                });
                return (said, ends);
            }
            "unwrap_or_default" | "is_ok" | "is_err" | "is_some" | "is_none" => {
                return (None, false);
            }
            "unwrap" | "expect" | "context" | "with_context" | "wrap_err" => return (None, true),
            "ok" => optional = true,
            _ => {}
        }
        node = call;
    }
}

/// The type in `from_env::<Settings>()`, or that of the `let` which takes the value.
fn type_of(node: Node<'_>, source: &str) -> Option<String> {
    let function = node.child_by_field_name("function")?;
    let named = syntax::all(function, "type_identifier").pop();
    named.map(|named| syntax::text(named, source).to_owned())
}

/// What `.split("__")` or `.separator("__")` says behind `node`.
fn separator(node: Node<'_>, source: &str) -> Option<String> {
    setting(node, source, "separator").or_else(|| setting(node, source, "split"))
}

/// The text that the method `name` is given in the chain of calls behind `node`.
fn setting(node: Node<'_>, source: &str, name: &str) -> Option<String> {
    let mut node = node;
    // Before it, too: `Arg::new("port").default_value("80").env("PORT")`.
    while let Some(call) = above(node) {
        node = call;
    }
    loop {
        let function = node.child_by_field_name("function")?;
        let method = function.child_by_field_name("field")?;
        if syntax::text(method, source) == name {
            let arguments = node.child_by_field_name("arguments")?;
            return value::literal(arguments.named_child(0)?, source);
        }
        node = function.child_by_field_name("value")?;
    }
}

/// What the attributes of a field say: the variable that it is read from, and the port that it is
/// where nothing is set.
pub(super) fn field(
    name: &str,
    of: &str,
    attributes: &[&str],
    line: usize,
) -> (Option<Read>, Option<u16>) {
    static DEFAULT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"\bdefault(?:_values?)?(?:_t)?\s*=\s*(?:"([^"]*)"|([0-9][0-9_.]*|true\b|false\b))?"#,
        )
        .ok()
    });
    static VARIABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"\b(env|from)\b(?:\s*=\s*"([^"]+)")?"#).ok());
    let of_parser = |text: &&&str| {
        ["#[arg", "#[clap", "#[structopt", "#[envconfig", "#[argh"]
            .iter()
            .any(|start| text.starts_with(start))
    };
    // A value that is computed is one, too.
    let mut has_default = false;
    let mut default = None;
    let mut variable = None;
    for text in attributes.iter().filter(of_parser) {
        if let Some(found) = DEFAULT.iter().find_map(|default| default.captures(text)) {
            let said = found.get(1).or_else(|| found.get(2));
            has_default = true;
            default = said.map(|said| said.as_str().to_owned());
        } else if of == "bool" && !text.starts_with("#[envconfig") {
            has_default = true;
            default = Some("false".to_owned());
        }
        let found = VARIABLE.iter().find_map(|variable| variable.captures(text));
        if let Some(found) = found {
            variable = match found.get(2) {
                Some(named) => Some(named.as_str().to_owned()),
                None if &found[1] == "env" => Some(name.to_uppercase()),
                None => None,
            };
        }
    }
    let port = default.as_deref().and_then(port_in);
    let read = variable.map(|name| Read {
        required: !has_default && !["Option", "Vec"].iter().any(|kind| of.starts_with(kind)),
        name,
        default,
        line,
    });
    (read, port)
}

/// The port that an attribute of a field says where nothing is set: `#[default(8080)]` of smart-default,
/// `#[builder(default = "8080")]` of `derive_builder`.
pub(super) fn default_of(attributes: &[&str]) -> Option<u16> {
    static DEFAULT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"^#\[(?:builder\()?default\s*[=(]\s*"?([0-9][0-9_]*)"?\s*\)?\]$"#).ok()
    });
    let mut all = attributes.iter();
    all.find_map(|text| {
        let found = DEFAULT.iter().find_map(|default| default.captures(text))?;
        found[1].replace('_', "").parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_of_fields_are_ports() {
        for (attribute, expected) in [
            ("#[default(8536)]", Some(8536)),
            ("#[default = 5000]", Some(5000)),
            ("#[builder(default = \"17_170\")]", Some(17170)),
            ("#[builder(default)]", None),
            ("#[default(Some(80))]", None),
        ] {
            assert_eq!(default_of(&[attribute]), expected, "{attribute}");
        }
    }

    #[test]
    fn fields_of_parsers_name_their_variables() {
        let typed = |of: &str, attribute: &str| {
            let (read, port) = field("port", of, &[attribute], 1);
            let read = read.map(|read| (read.name, read.default, read.required));
            (read, port)
        };
        let of = |attribute: &str| typed("u16", attribute);
        let named = |name: &str, default: Option<&str>| {
            Some((
                name.to_owned(),
                default.map(str::to_owned),
                default.is_none(),
            ))
        };
        for (attribute, expected) in [
            (
                "#[arg(long, env = \"APP_PORT\", default_value_t = 7070)]",
                (named("APP_PORT", Some("7070")), Some(7070)),
            ),
            ("#[clap(short, long, env)]", (named("PORT", None), None)),
            (
                "#[envconfig(from = \"WEB_PORT\", default = \"8081\")]",
                (named("WEB_PORT", Some("8081")), Some(8081)),
            ),
            (
                "#[arg(long, default_value = \"0.0.0.0:90\")]",
                (None, Some(90)),
            ),
            ("#[serde(rename = \"env\")]", (None, None)),
            ("#[arg(long = \"environment\")]", (None, None)),
        ] {
            assert_eq!(of(attribute), expected, "{attribute}");
        }
        // clap's reference: a flag that is not given is false; a computed default is one.
        let (flag, _) = typed("bool", "#[clap(long, env = \"HIDE\")]");
        assert_eq!(
            flag,
            Some(("HIDE".to_owned(), Some("false".to_owned()), false))
        );
        let bind = "#[clap(env = \"BIND\", default_value_t = IpAddr::from([0, 0, 0, 0]))]";
        assert_eq!(
            typed("IpAddr", bind).0,
            Some(("BIND".to_owned(), None, false))
        );
    }
}
