//! Variables that JavaScript and TypeScript read: `process.env.X` of Node and Bun,
//! `import.meta.env.X` of Vite, `Deno.env.get("X")`.

use super::variable::{self, Read, Variables};
use super::{Tree, syntax};
use crate::project::RelPath;
use tree_sitter::Node;

/// Objects that hold the environment.
const ENVIRONMENTS: &[&str] = &["process.env", "import.meta.env", "Deno.env", "Bun.env"];

/// Everything that is read in `files`, each with all its places.
pub(super) fn variables<'p>(
    tree: &Tree,
    files: impl IntoIterator<Item = &'p RelPath>,
) -> Variables {
    let mut found = Variables::new();
    for path in files {
        let Some(source) = tree.text(path).filter(|text| text.contains("env")) else {
            continue;
        };
        for read in reads(path, &source) {
            variable::add(&mut found, path, &source, read);
        }
    }
    found
}

/// What a source reads, in order of the lines.
fn reads(path: &RelPath, source: &str) -> Vec<Read> {
    // In `.ts` alone, `<T>x` is a cast and no element.
    let language = match path.extension() {
        "ts" | "mts" | "cts" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        _ => tree_sitter_typescript::LANGUAGE_TSX,
    };
    let Some(tree) = syntax::parse(&language.into(), source) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let kinds = [
        "member_expression",
        "subscript_expression",
        "variable_declarator",
    ];
    for node in syntax::all_of(tree.root_node(), &kinds) {
        match node.kind() {
            "variable_declarator" => found.extend(taken_apart(node, source)),
            _ => found.extend(read(node, source)),
        }
    }
    found
}

fn is_environment(node: Node<'_>, source: &str) -> bool {
    ENVIRONMENTS.contains(&syntax::text(node, source))
}

/// `process.env.X`, `process.env["X"]`, `Deno.env.get("X")`.
fn read(node: Node<'_>, source: &str) -> Option<Read> {
    let object = node.child_by_field_name("object")?;
    if !is_environment(object, source) {
        return None;
    }
    let (name, whole) = if node.kind() == "subscript_expression" {
        let index = node.child_by_field_name("index")?;
        (written(index, source)?, node)
    } else {
        let property = syntax::text(node.child_by_field_name("property")?, source);
        let call = node
            .parent()
            .filter(|parent| parent.kind() == "call_expression");
        match (property, call) {
            ("get", Some(call)) => {
                let arguments = call.child_by_field_name("arguments")?;
                (written(arguments.named_child(0)?, source)?, call)
            }
            // `Deno.env.toObject()` names none.
            (_, Some(call)) if call.child_by_field_name("function") == Some(node) => return None,
            (name, _) => (name.to_owned(), node),
        }
    };
    Some(Read {
        name: named(&name, object, source)?,
        line: syntax::line(node),
        default: fallback(whole, source),
        required: false,
    })
}

/// A name as it is written, or as a constant of the same file has it.
fn written(node: Node<'_>, source: &str) -> Option<String> {
    if node.kind() != "identifier" {
        return literal(node, source);
    }
    let name = syntax::text(node, source);
    let mut root = node;
    while let Some(parent) = root.parent() {
        root = parent;
    }
    let constant = syntax::all(root, "variable_declarator")
        .into_iter()
        .find(|declared| {
            let is_name = declared.child_by_field_name("name");
            is_name.is_some_and(|node| syntax::text(node, source) == name)
                && declared
                    .parent()
                    .is_some_and(|parent| syntax::text(parent, source).starts_with("const"))
        });
    literal(constant?.child_by_field_name("value")?, source)
}

/// `const { X, Y: y, Z = "1" } = process.env`.
fn taken_apart(node: Node<'_>, source: &str) -> Vec<Read> {
    let value = node.child_by_field_name("value");
    let Some(environment) = value.filter(|value| is_environment(*value, source)) else {
        return Vec::new();
    };
    let Some(pattern) = node
        .child_by_field_name("name")
        .filter(|name| name.kind() == "object_pattern")
    else {
        return Vec::new();
    };
    syntax::children(pattern)
        .into_iter()
        .filter_map(|part| {
            let (name, default) = match part.kind() {
                "shorthand_property_identifier_pattern" => (part, None),
                "pair_pattern" => (part.child_by_field_name("key")?, None),
                "object_assignment_pattern" => (
                    part.child_by_field_name("left")?,
                    part.child_by_field_name("right"),
                ),
                _ => return None,
            };
            Some(Read {
                name: named(syntax::text(name, source), environment, source)?,
                line: syntax::line(part),
                default: default.and_then(|node| literal(node, source)),
                required: false,
            })
        })
        .collect()
}

/// A name as `environment` has it; Vite's own `MODE` and `DEV` are none of the machine's.
fn named(name: &str, environment: Node<'_>, source: &str) -> Option<String> {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let own = syntax::text(environment, source) == "import.meta.env"
        && matches!(name, "MODE" | "DEV" | "PROD" | "SSR" | "BASE_URL");
    (plain && !own).then(|| name.to_owned())
}

/// The literal behind `??` or `||`.
fn fallback(node: Node<'_>, source: &str) -> Option<String> {
    let mut inner = node;
    let mut outer = node.parent()?;
    while matches!(
        outer.kind(),
        "non_null_expression" | "parenthesized_expression" | "as_expression"
    ) {
        inner = outer;
        outer = outer.parent()?;
    }
    let operator = outer.child_by_field_name("operator")?;
    let is_default = matches!(syntax::text(operator, source), "??" | "||")
        && outer.child_by_field_name("left") == Some(inner);
    if !is_default {
        return None;
    }
    literal(outer.child_by_field_name("right")?, source)
}

/// The text of a string or a number.
fn literal(node: Node<'_>, source: &str) -> Option<String> {
    let text = syntax::text(node, source);
    match node.kind() {
        "string" => Some(text.trim_matches(['"', '\'']).to_owned()),
        "template_string" if !text.contains("${") => Some(text.trim_matches('`').to_owned()),
        "number" => Some(text.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::EnvVar;

    fn found(name: &str, source: &str) -> Vec<(String, usize, Option<String>)> {
        reads(&RelPath::parse(name).unwrap(), source)
            .into_iter()
            .map(|read| (read.name, read.line, read.default))
            .collect()
    }

    fn read(name: &str, line: usize, default: Option<&str>) -> (String, usize, Option<String>) {
        (name.to_owned(), line, default.map(str::to_owned))
    }

    #[test]
    fn every_form_of_reading() {
        let source = "const port = process.env.PORT || 3000;\n\
                      const key = process.env[\"API_KEY\"];\n\
                      const { DEPTH, MODEL: model, SIDE = 'left' } = process.env;\n\
                      const url = import.meta.env.VITE_API_URL ?? `http://x`;\n\
                      const hook = <string>Deno.env.get('HOOK')!;\n\
                      const again = (Deno.env.get(\"REGION\") as string) ?? \"eu\";\n";
        assert_eq!(
            found("a.ts", source),
            [
                read("PORT", 1, Some("3000")),
                read("API_KEY", 2, None),
                read("DEPTH", 3, None),
                read("MODEL", 3, None),
                read("SIDE", 3, Some("left")),
                read("VITE_API_URL", 4, Some("http://x")),
                read("HOOK", 5, None),
                read("REGION", 6, Some("eu")),
            ]
        );
    }

    #[test]
    fn a_constant_names_a_variable() {
        let source = "const KEPT = 'KV_PATH';\nconst at = Deno.env.get(KEPT);\n";
        assert_eq!(found("a.ts", source), [read("KV_PATH", 2, None)]);
    }

    #[test]
    fn vite_names_are_anybodys_elsewhere() {
        let source = "const home = `${process.env.BASE_URL}/pricing`;\n\
                      const { MODE } = process.env;\n";
        let expected = [read("BASE_URL", 1, None), read("MODE", 2, None)];
        assert_eq!(found("a.ts", source), expected);
    }

    #[test]
    fn elements_are_read_as_well() {
        let source = "export const A = () => <a href={process.env.HOME_URL}>x</a>;\n";
        assert_eq!(found("a.tsx", source), [read("HOME_URL", 1, None)]);
        assert_eq!(found("a.jsx", source), [read("HOME_URL", 1, None)]);
    }

    #[test]
    fn what_names_no_variable_is_none() {
        for source in [
            "const all = Deno.env.toObject();",
            "const x = process.env[name];",
            "const x = Deno.env.get(`A${b}`);",
            "const x = import.meta.env.DEV;",
            "const x = import.meta.env.BASE_URL;",
            "const { ...rest } = process.env;",
            "const x = other.env.NAME;",
            "// process.env.COMMENTED",
            "process.env.",
            "((((((((",
        ] {
            assert_eq!(found("a.js", source), [], "{source}");
        }
    }

    #[test]
    fn a_default_of_a_secret_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let source = "const k = process.env.JWT_SECRET || 'plankton';\n";
        std::fs::write(folder.path().join("a.js"), source).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let all = variables(&tree, tree.with_extension("js"));
        let all: Vec<EnvVar> = all.into_values().collect();
        assert_eq!(all.len(), 1);
        assert!(all[0].secret && all[0].insecure_default);
        assert_eq!(all[0].default, None);
        assert!(!all[0].read_at[0].excerpt.contains("plankton"));
    }

    #[test]
    fn no_part_of_a_default_with_a_password_is_shown() {
        let address = ["db://ada:", "plankton", "@h/d"].concat();
        for name in ["JWT_SECRET", "WHERE"] {
            let before = format!("const k = process.env.{name} || '");
            for indent in [0, 115 - before.len()] {
                let source = format!("{}{before}{address}'\n", ";".repeat(indent));
                let path = RelPath::parse("a.js").unwrap();
                let mut found = Variables::new();
                for read in reads(&path, &source) {
                    variable::add(&mut found, &path, &source, read);
                }
                let excerpt = &found[name].read_at[0].excerpt;
                assert!(!excerpt.contains("db://"), "{excerpt}");
            }
        }
    }
}
