//! What a source reads of the environment: by `System`, by Erlang, by libraries, and by functions of the
//! project that hand a name on.

use super::source::{Names, Source, arguments, children};
use crate::detect::serving::is_name;
use crate::detect::syntax;
use crate::detect::variable::Read;
use tree_sitter::Node;

/// How deep conversions are followed.
const DEPTH: usize = 8;

/// What something that reads a variable takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Takes {
    /// Place of the name among the arguments.
    name: usize,
    default: Option<usize>,
    /// Whether it fails where there is no variable.
    required: bool,
}

/// A function that hands one of its parameters to the environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wrapper {
    pub(super) name: String,
    takes: Takes,
}

const fn takes(name: usize, default: Option<usize>, required: bool) -> Takes {
    Takes {
        name,
        default,
        required,
    }
}

/// What reads a variable.
/// <https://hexdocs.pm/elixir/System.html#get_env/2>, <https://hexdocs.pm/dotenvy/Dotenvy.html>
const READERS: &[(&str, Takes)] = &[
    ("System.get_env", takes(0, Some(1), false)),
    ("System.fetch_env!", takes(0, None, true)),
    ("System.fetch_env", takes(0, None, false)),
    (":os.getenv", takes(0, Some(1), false)),
    ("Dotenvy.env!", takes(0, Some(2), false)),
    ("env!", takes(0, Some(2), false)),
];

/// What a call of `target` takes, where that or one of `wrappers` reads a variable.
fn reader(target: &str, wrappers: &[Wrapper]) -> Option<Takes> {
    let known = READERS.iter().find(|(name, _)| *name == target);
    known.map(|(_, takes)| *takes).or_else(|| {
        let last = target.rsplit('.').next().unwrap_or(target);
        let wrapper = wrappers.iter().find(|one| one.name == last)?;
        Some(wrapper.takes)
    })
}

/// The variable that an expression reads.
pub(super) fn one(source: &Source<'_>, node: Node<'_>, names: &Names<'_>) -> Option<Read> {
    read(source, node, names, &[])
}

fn read(
    source: &Source<'_>,
    node: Node<'_>,
    names: &Names<'_>,
    wrappers: &[Wrapper],
) -> Option<Read> {
    if node.kind() == "tuple" {
        return of_tuple(source, node);
    }
    if node.kind() != "call" {
        return None;
    }
    let takes = reader(source.target(node), wrappers)?;
    let mut all = arguments(node);
    // `"NAME" |> System.get_env()`
    if let Some(piped) = piped(source, node) {
        all.insert(0, piped);
    }
    let name = source
        .string(*all.get(takes.name)?)
        .filter(|name| is_variable(name))?;
    let default = takes.default.and_then(|index| all.get(index).copied());
    let raises = raises(source, node);
    Some(Read {
        name,
        line: syntax::line(node),
        default: default
            .and_then(|value| literal(source, value, names))
            .or_else(|| fallback(source, node, names)),
        required: takes.required && default.is_none() || raises,
    })
}

/// `{:system, "PORT"}` and `{:system, "PORT", "4000"}`, which libraries replace when they start.
fn of_tuple(source: &Source<'_>, node: Node<'_>) -> Option<Read> {
    let parts = children(node);
    let [kind, name, rest @ ..] = parts.as_slice() else {
        return None;
    };
    (source.atom(*kind)? == "system").then_some(())?;
    Some(Read {
        name: source.string(*name).filter(|name| is_variable(name))?,
        line: syntax::line(node),
        default: rest.first().and_then(|value| source.string(*value)),
        required: false,
    })
}

/// What is piped into a call.
fn piped<'n>(source: &Source<'_>, call: Node<'n>) -> Option<Node<'n>> {
    let parent = call.parent()?;
    let is = parent.kind() == "binary_operator"
        && source.operator(parent) == "|>"
        && parent.child_by_field_name("right") == Some(call);
    let mut left = is.then(|| parent.child_by_field_name("left"))??;
    // The last of a row of pipes.
    if left.kind() == "binary_operator" && source.operator(left) == "|>" {
        left = left.child_by_field_name("right")?;
    }
    Some(left)
}

/// What a call that only converts is made of: `String.to_integer(x)`, `x |> String.trim()`.
pub(super) fn inner<'n>(source: &Source<'_>, node: Node<'n>) -> Node<'n> {
    let mut inner = node;
    for _ in 0..DEPTH {
        let next = match inner.kind() {
            "block" => {
                let parts = children(inner);
                (parts.len() == 1).then(|| parts[0])
            }
            "binary_operator" if source.operator(inner) == "|>" => {
                let right = inner.child_by_field_name("right");
                right
                    .filter(|call| converts(source.target(*call)))
                    .and_then(|_| inner.child_by_field_name("left"))
            }
            "call" if converts(source.target(inner)) => arguments(inner).into_iter().next(),
            _ => None,
        };
        match next {
            Some(next) => inner = next,
            None => break,
        }
    }
    inner
}

fn converts(target: &str) -> bool {
    matches!(
        target,
        "String.to_integer"
            | "String.to_float"
            | "String.to_atom"
            | "String.to_existing_atom"
            | "String.trim"
            | "String.downcase"
            | "String.to_charlist"
            | "to_charlist"
            | "to_string"
            | "String.split"
            | "Integer.parse"
            | "List.to_string"
            | "elem"
            | "Path.expand"
            | "URI.parse"
    )
}

/// What stands on the right of `||`, where the left is only this read.
fn alternative<'n>(source: &Source<'_>, node: Node<'n>) -> Option<Node<'n>> {
    let mut here = node;
    let mut outer = node.parent()?;
    for _ in 0..DEPTH {
        if outer.kind() == "binary_operator"
            && source.operator(outer) == "||"
            && outer.child_by_field_name("left") == Some(here)
        {
            return outer.child_by_field_name("right");
        }
        let converted = outer.kind() == "arguments" || inner(source, outer) == node;
        if !converted {
            return None;
        }
        here = outer;
        outer = outer.parent()?;
    }
    None
}

/// The literal behind `||`.
fn fallback(source: &Source<'_>, node: Node<'_>, names: &Names<'_>) -> Option<String> {
    literal(source, alternative(source, node)?, names)
}

/// Whether the code gives up without it: `System.get_env("X") || raise "…"`.
fn raises(source: &Source<'_>, node: Node<'_>) -> bool {
    let other = alternative(source, node);
    other.is_some_and(|other| other.kind() == "call" && source.target(other) == "raise")
}

/// The text of a text, a number, a boolean, or of a name that stands for one.
fn literal(source: &Source<'_>, node: Node<'_>, names: &Names<'_>) -> Option<String> {
    let node = inner(source, node);
    match node.kind() {
        "string" | "charlist" | "sigil" => source.string(node),
        "integer" | "float" => Some(source.of(node).replace('_', "")),
        "boolean" => Some(source.of(node).to_owned()),
        "identifier" | "unary_operator" => {
            let named = names.get(source.of(node)).copied()?;
            matches!(named.kind(), "string" | "integer" | "boolean")
                .then(|| literal(source, named, names))?
        }
        _ => None,
    }
}

/// Whether a shell could set a variable of this name, and somebody would take it for one.
fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    is_name(name)
        || name.contains('_')
            && name.chars().all(plain)
            && name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Everything that a source reads of the environment, by itself or through `wrappers`; what only development
/// and tests get to is left out.
pub(super) fn all(
    source: &Source<'_>,
    root: Node<'_>,
    names: &Names<'_>,
    wrappers: &[Wrapper],
) -> Vec<Read> {
    let nodes = syntax::all_of(root, &["call", "tuple"]).into_iter();
    nodes
        .filter_map(|node| Some((node, read(source, node, names, wrappers)?)))
        .filter(|(node, _)| !is_for_developers(source, *node))
        .map(|(_, read)| read)
        .collect()
}

/// Whether a node stands in a branch that production never takes.
pub(super) fn is_for_developers(source: &Source<'_>, node: Node<'_>) -> bool {
    let mut inner = node;
    while let Some(outer) = inner.parent() {
        let is_branch = outer.kind() == "call" && matches!(source.target(outer), "if" | "unless");
        if is_branch && matches!(inner.kind(), "do_block" | "arguments") {
            let condition = arguments(outer)
                .first()
                .map_or("", |first| source.of(*first));
            let is_else = inner.kind() == "do_block" && in_else(node, inner);
            let holds = (source.target(outer) == "if") != is_else;
            if holds && names_developers(condition) || !holds && names_production(condition) {
                return true;
            }
        }
        // `:test ->` of `case config_env() do`.
        if outer.kind() == "stab_clause"
            && let Some(left) = outer.child_by_field_name("left")
            && matches!(source.of(left).trim(), ":test" | ":dev")
        {
            return true;
        }
        inner = outer;
    }
    false
}

fn in_else(node: Node<'_>, block: Node<'_>) -> bool {
    let found = children(block)
        .into_iter()
        .find(|part| part.kind() == "else_block");
    found.is_some_and(|part| part.byte_range().contains(&node.start_byte()))
}

fn asks_environment(condition: &str) -> bool {
    condition.contains("config_env()")
        || condition.contains("Mix.env()")
        || condition.contains("Mix.env ")
}

fn names_developers(condition: &str) -> bool {
    asks_environment(condition)
        && !condition.contains(":prod")
        && !condition.contains("!=")
        && !condition.contains("not in")
        && (condition.contains(":dev") || condition.contains(":test"))
}

fn names_production(condition: &str) -> bool {
    asks_environment(condition)
        && condition.contains(":prod")
        && condition.contains("==")
        && !condition.contains(" or ")
}

/// Functions that hand a parameter to the environment, or to one of `known` that does.
pub(super) fn wrappers(source: &Source<'_>, root: Node<'_>, known: &[Wrapper]) -> Vec<Wrapper> {
    let mut found = Vec::new();
    for function in source.functions(root) {
        let names: Vec<&str> = function
            .parameters
            .iter()
            .map(|one| parameter(source, *one))
            .collect();
        let place = |node: Node<'_>| {
            let text = source.of(node);
            names
                .iter()
                .position(|name| !name.is_empty() && *name == text)
        };
        for call in syntax::all(function.whole, "call") {
            let Some(taken) = reader(source.target(call), known) else {
                continue;
            };
            let all = arguments(call);
            let Some(name) = all.get(taken.name).and_then(|node| place(*node)) else {
                continue;
            };
            let default = taken
                .default
                .and_then(|index| place(*all.get(index)?))
                .or_else(|| {
                    names
                        .iter()
                        .position(|name| *name == "default" || *name == "fallback")
                });
            found.push(Wrapper {
                name: function.name.to_owned(),
                takes: takes(name, default, taken.required || raises(source, call)),
            });
        }
    }
    found
}

/// The name of a parameter: `name`, `name \\ nil`.
fn parameter<'t>(source: &Source<'t>, node: Node<'_>) -> &'t str {
    match node.kind() {
        "binary_operator" => node
            .child_by_field_name("left")
            .map_or("", |left| source.of(left)),
        _ => source.of(node),
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::{names, with_tree};
    use super::*;
    use crate::detect::Tree;
    use crate::detect::variable::read;
    use crate::project::RelPath;

    fn found(text: &str) -> Vec<Read> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.exs"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let path = RelPath::parse("a.exs").unwrap();
        let reads = with_tree(&tree, &path, &[], |source, root| {
            let mut known = wrappers(source, root, &[]);
            known.extend(wrappers(source, root, &known));
            all(source, root, &names(source, root), &known)
        });
        reads.unwrap_or_default()
    }

    #[test]
    fn every_form_of_reading() {
        let text = "a = System.get_env(\"PORT\") || \"4000\"\n\
                    b = System.fetch_env!(\"API_KEY\")\n\
                    c = String.to_integer(System.get_env(\"DEPTH\", \"4\"))\n\
                    d = \"SIDE\" |> System.get_env(\"left\")\n\
                    e = System.get_env(\"COUNT\") |> String.to_integer() || 7\n\
                    f = System.get_env(\"NEEDED\") || raise \"x\"\n\
                    g = :os.getenv(~c\"OLD\", ~c\"way\")\n\
                    h = [port: {:system, \"HTTP_PORT\", \"80\"}]\n\
                    i = String.to_integer(System.get_env(\"POOL\") || \"10\")\n\
                    j = env!(\"DOTTED\", :integer, 5)\n\
                    if System.get_env(\"SWITCH\"), do: 1\n";
        assert_eq!(
            found(text),
            [
                read("PORT", 1, Some("4000"), false),
                read("API_KEY", 2, None, true),
                read("DEPTH", 3, Some("4"), false),
                read("SIDE", 4, Some("left"), false),
                read("COUNT", 5, Some("7"), false),
                read("NEEDED", 6, None, true),
                read("OLD", 7, Some("way"), false),
                read("HTTP_PORT", 8, Some("80"), false),
                read("POOL", 9, Some("10"), false),
                read("DOTTED", 10, Some("5"), false),
                read("SWITCH", 11, None, false),
            ]
        );
    }

    #[test]
    fn what_reads_no_variable_is_none() {
        for text in [
            "System.put_env(\"SET\", \"1\")",
            "System.get_env(name)",
            "System.get_env()",
            "System.get_env(\"A_#{b}\")",
            "# System.get_env(\"COMMENTED\")",
            "\"System.get_env(\\\"QUOTED\\\")\"",
            "@doc \"\"\"\nSystem.get_env(\"TOLD\")\n\"\"\"",
            "Other.get_env(\"NAME\")",
            "{:system, name}",
            "System.get_env(",
            "def x(",
            "System.get_env(\"sleep\")",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_only_developers_get_to_is_left_out() {
        let text = "if config_env() == :dev do\n  System.get_env(\"ONE\")\nelse\n  System.get_env(\"TWO\")\nend\n\
                    if config_env() == :prod do\n  System.get_env(\"THREE\")\nelse\n  System.get_env(\"FOUR\")\nend\n\
                    if config_env() in [:dev, :test], do: System.get_env(\"FIVE\")\n\
                    if config_env() != :test do\n  System.get_env(\"SIX\")\nend\n\
                    case Mix.env() do\n  :test -> System.get_env(\"SEVEN\")\n  _ -> System.get_env(\"EIGHT\")\nend\n";
        let names: Vec<String> = found(text).into_iter().map(|read| read.name).collect();
        assert_eq!(names, ["TWO", "THREE", "SIX", "EIGHT"]);
    }

    #[test]
    fn functions_that_hand_a_name_on_are_followed() {
        let text = "defmodule A do\n  @usual \"noon\"\n  def setting(dir, name, default \\\\ nil), do: System.get_env(name, default)\n\
                    \x20 def number(dir, name, default) do\n    setting(dir, name, default) |> String.to_integer()\n  end\n\
                    \x20 def a, do: setting(1, \"TIDE_HIGH\", @usual)\n  def b, do: number(1, \"TIDE_LOW\", 3)\n  def c, do: other(1, \"NONE\")\nend\n";
        assert_eq!(
            found(text),
            [
                read("TIDE_HIGH", 7, Some("noon"), false),
                read("TIDE_LOW", 8, Some("3"), false)
            ]
        );
    }
}
