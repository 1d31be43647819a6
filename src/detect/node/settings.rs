//! Variables that a package reads through a library for settings: by a schema (`@fastify/env`,
//! envalid, Zod, Joi) or by a service that hands them out (`NestJS`).

use super::source::{Source, method, with_tree};
use crate::detect::variable::{self, Read, Variables};
use crate::detect::{Tree, syntax};
use crate::project::RelPath;
use tree_sitter::Node;

/// Libraries whose schema names variables.
const SCHEMAS: &[&str] = &[
    "@fastify/env",
    "fastify-env",
    "env-schema",
    "envalid",
    "@t3-oss/env",
    "znv",
];

/// Libraries for schemas of anything, which are about variables where the file names those.
const VALIDATORS: &[&str] = &["zod", "joi", "yup", "valibot"];

const ABOUT: &[&str] = &["process.env", "import.meta.env", "ConfigModule"];

/// Adds to what the sources read by themselves.
pub(super) fn add(tree: &Tree, files: &[RelPath], found: &mut Variables) {
    let words: Vec<&str> = SCHEMAS
        .iter()
        .chain(VALIDATORS)
        .copied()
        .chain(["onfigService", "onfig.get"])
        .collect();
    for path in files {
        with_tree(tree, path, &words, |source, root| {
            let mut reads = handed_out(source, root);
            if is_schema(source.text) {
                reads.extend(named(source, root));
            }
            for read in reads {
                variable::add(found, path, source.text, read);
            }
        });
    }
}

fn is_schema(text: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    has(SCHEMAS) || VALIDATORS.iter().any(|name| imports(text, name)) && has(ABOUT)
}

/// Whether a text names the module, whole or a part of it: `"joi"`, `"@hapi/joi"`, `"zod/v4"`.
fn imports(text: &str, module: &str) -> bool {
    text.match_indices(module).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + module.len()..].chars().next();
        matches!(before, Some('"' | '\'' | '/')) && matches!(after, Some('"' | '\'' | '/'))
    })
}

/// `DATABASE_URL` and not `databaseUrl`.
fn is_variable(name: &str) -> bool {
    name.len() > 2
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The keys of a schema: `PORT: z.coerce.number().default(3000)`, `PORT: port({ default: 3000 })`,
/// `PORT: { type: "number", default: 3000 }`.
fn named(source: &Source<'_>, root: Node<'_>) -> Vec<Read> {
    let listed = required(source, root);
    syntax::all(root, "pair")
        .into_iter()
        .filter_map(|pair| {
            let key = pair.child_by_field_name("key")?;
            let name = source.of(key).trim_matches(['"', '\'']);
            let value = pair.child_by_field_name("value")?;
            if !is_variable(name) || !matches!(value.kind(), "call_expression" | "object") {
                return None;
            }
            let default = default(source, value);
            let chain = value.kind() == "call_expression";
            let optional = ["optional", "nullish", "default", "catch"]
                .iter()
                .any(|word| source.of(value).contains(word));
            Some(Read {
                required: listed.iter().any(|one| one == name) && default.is_none()
                    || chain && !optional,
                name: name.to_owned(),
                line: syntax::line(pair),
                default,
            })
        })
        .collect()
}

/// The names in the array `required` of a JSON schema.
fn required(source: &Source<'_>, root: Node<'_>) -> Vec<String> {
    syntax::all(root, "pair")
        .into_iter()
        .filter(|pair| {
            pair.child_by_field_name("key")
                .is_some_and(|key| source.of(key).trim_matches(['"', '\'']) == "required")
        })
        .filter_map(|pair| pair.child_by_field_name("value"))
        .filter(|value| value.kind() == "array")
        .flat_map(|array| syntax::children(array))
        .filter_map(|item| source.string(item))
        .collect()
}

fn literal(source: &Source<'_>, node: Node<'_>) -> Option<String> {
    match node.kind() {
        "number" | "true" | "false" => Some(source.of(node).to_owned()),
        _ => source.string(node),
    }
}

/// The literal that a schema sets where the variable is absent.
fn default(source: &Source<'_>, value: Node<'_>) -> Option<String> {
    let by_method = syntax::all(value, "call_expression")
        .into_iter()
        .filter_map(method)
        .find(|(_, name, _)| source.of(*name) == "default")
        .and_then(|(_, _, arguments)| literal(source, *arguments.first()?));
    by_method.or_else(|| {
        syntax::all(value, "pair").into_iter().find_map(|pair| {
            let key = pair.child_by_field_name("key")?;
            (source.of(key).trim_matches(['"', '\'']) == "default").then_some(())?;
            literal(source, pair.child_by_field_name("value")?)
        })
    })
}

/// `configService.get("DATABASE_URL")` and `getOrThrow` of `NestJS`.
fn handed_out(source: &Source<'_>, root: Node<'_>) -> Vec<Read> {
    syntax::all(root, "call_expression")
        .into_iter()
        .filter_map(|call| {
            let (object, name, arguments) = method(call)?;
            let object = source.of(object).to_ascii_lowercase();
            let by = source.of(name);
            if !matches!(by, "get" | "getOrThrow")
                || !(object.ends_with("configservice") || object.ends_with("config"))
            {
                return None;
            }
            let named = source.string(*arguments.first()?)?;
            let fallback = arguments.get(1).and_then(|node| literal(source, *node));
            is_variable(&named).then(|| Read {
                name: named,
                line: syntax::line(call),
                default: fallback,
                required: by == "getOrThrow",
            })
        })
        .collect()
}

/// Adds what Nuxt sets its `runtimeConfig` from: `public.apiBase` is `NUXT_PUBLIC_API_BASE`.
/// <https://nuxt.com/docs/guide/going-further/runtime-config>
pub(super) fn of_nuxt(tree: &Tree, path: &RelPath, found: &mut Variables) {
    with_tree(tree, path, &["runtimeConfig"], |source, root| {
        let pairs = syntax::all(root, "pair").into_iter();
        let values = pairs.filter_map(|pair| {
            let key = pair.child_by_field_name("key")?;
            (source.of(key) == "runtimeConfig").then_some(())?;
            pair.child_by_field_name("value")
        });
        let mut reads = Vec::new();
        for value in values {
            nested(source, value, "NUXT", &mut reads);
        }
        for read in reads {
            variable::add(found, path, source.text, read);
        }
    });
}

/// The keys of an object, and of those in it, below the name of the outer one.
fn nested(source: &Source<'_>, object: Node<'_>, outer: &str, reads: &mut Vec<Read>) {
    for pair in syntax::children(object) {
        let (Some(key), Some(value)) = (
            pair.child_by_field_name("key"),
            pair.child_by_field_name("value"),
        ) else {
            continue;
        };
        let key = source.of(key).trim_matches(['"', '\'']);
        let mut name = format!("{outer}_");
        for (index, letter) in key.chars().enumerate() {
            if letter.is_ascii_uppercase() && index > 0 {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        if value.kind() == "object" {
            nested(source, value, &name, reads);
        } else {
            reads.push(Read {
                name,
                line: syntax::line(pair),
                default: literal(source, value).filter(|text| !text.is_empty()),
                required: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(String, Option<String>, bool)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("env.ts"), source).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let mut all = Variables::new();
        add(&tree, &[RelPath::parse("env.ts").unwrap()], &mut all);
        all.into_values()
            .map(|one| (one.name, one.default, one.required))
            .collect()
    }

    fn one(name: &str, default: Option<&str>, required: bool) -> (String, Option<String>, bool) {
        (name.to_owned(), default.map(str::to_owned), required)
    }

    #[test]
    fn schemas_of_every_library() {
        assert_eq!(
            found(
                "import env from '@fastify/env';\n\
                 const schema = { type: 'object', required: ['DB_HOST', 'DB_PORT'], properties: {\n\
                 DB_HOST: { type: 'string' }, DB_PORT: { type: 'number', default: 3306 } } };"
            ),
            [
                one("DB_HOST", None, true),
                one("DB_PORT", Some("3306"), false)
            ]
        );
        assert_eq!(
            found(
                "import { z } from 'zod';\n\
                 export const env = z.object({ DEPTH: z.coerce.number().default(12),\n\
                 BASIN: z.string().min(1), NOTE: z.string().optional() }).parse(process.env);"
            ),
            [
                one("BASIN", None, true),
                one("DEPTH", Some("12"), false),
                one("NOTE", None, false)
            ]
        );
        assert_eq!(
            found(
                "import { cleanEnv, str, port } from 'envalid';\n\
                 cleanEnv(process.env, { BASIN: str(), GATE: port({ default: 3100 }) });"
            ),
            [one("BASIN", None, true), one("GATE", Some("3100"), false)]
        );
    }

    #[test]
    fn a_word_that_holds_a_library_s_name_imports_none() {
        // `join` holds `joi`.
        let filters = "const url = process.env['BASIN'];\n\
             const text = parts.join(',');\n\
             find({ where: { AND: { OR: filters } }, NOT: any() });";
        assert_eq!(found(filters), []);
        let schema = "import Joi from '@hapi/joi';\n\
             Joi.object({ BASIN: Joi.string().required() }).validate(process.env);";
        assert_eq!(found(schema), [one("BASIN", None, true)]);
    }

    #[test]
    fn nuxt_reads_what_its_runtime_configuration_names() {
        let folder = tempfile::tempdir().unwrap();
        let source = "export default defineNuxtConfig({ runtimeConfig: { adminKey: '',\n\
                      cloudflare: { apiToken: '' }, public: { defaultServer: 'm.example' } } });";
        std::fs::write(folder.path().join("nuxt.config.ts"), source).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let mut all = Variables::new();
        of_nuxt(&tree, &RelPath::parse("nuxt.config.ts").unwrap(), &mut all);
        let shown =
            |one: &crate::project::EnvVar| (one.name.clone(), one.secret, one.default.clone());
        let server = Some("m.example".to_owned());
        assert_eq!(
            all.values().map(shown).collect::<Vec<_>>(),
            [
                ("NUXT_ADMIN_KEY".to_owned(), true, None),
                ("NUXT_CLOUDFLARE_API_TOKEN".to_owned(), true, None),
                ("NUXT_PUBLIC_DEFAULT_SERVER".to_owned(), false, server),
            ]
        );
    }

    #[test]
    fn a_service_hands_them_out() {
        assert_eq!(
            found(
                "this.configService.getOrThrow<string>('QUAY_URL');\n\
                 config.get('LAMPS', 4);\n\
                 this.configService.get('database.host');\n\
                 cache.config.set('X_Y', 1);"
            ),
            [one("LAMPS", Some("4"), false), one("QUAY_URL", None, true)]
        );
    }

    #[test]
    fn a_secret_default_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let source = "import 'envalid';\nx({ SESSION_SECRET: str({ default: 'kelp-forest' }) });";
        std::fs::write(folder.path().join("env.ts"), source).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let mut all = Variables::new();
        add(&tree, &[RelPath::parse("env.ts").unwrap()], &mut all);
        let one = &all["SESSION_SECRET"];
        assert!(one.secret && one.insecure_default);
        assert_eq!(one.default, None);
        assert!(!one.read_at[0].excerpt.contains("kelp"));
    }

    #[test]
    fn what_is_about_something_else_is_none() {
        assert_eq!(
            found("import { z } from 'zod';\nz.object({ RED: z.string() });"),
            []
        );
        assert_eq!(
            found("import 'envalid';\nconst a = { b: str(), C: 1 };"),
            []
        );
        assert_eq!(found("((((((( zod process.env"), []);
    }
}
