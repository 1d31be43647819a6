//! Supabase: which of its parts the application uses, its edge functions, its migrations.

use super::Tree;
use crate::project::{
    BackingService, Confidence, EnvVar, Evidence, Fact, RelPath, Service, Sought, SupabasePart,
};
use std::collections::BTreeMap;

/// Extensions of sources that run in a browser or in Deno and that no grammar here reads.
const SCRIPTS: &[&str] = &["ts", "tsx", "js", "mjs", "jsx", "html", "vue", "svelte"];

/// What a script's use of the client says: the call and the part it goes to.
const CALLS: &[(&str, SupabasePart)] = &[
    (".auth.", SupabasePart::Auth),
    (".rpc(", SupabasePart::Rest),
    (".from(", SupabasePart::Rest),
    (".storage.", SupabasePart::Storage),
    (".functions.invoke", SupabasePart::Functions),
    (".channel(", SupabasePart::Realtime),
];

/// The gateway's paths and the part behind each.
const PATHS: &[(&str, SupabasePart)] = &[
    ("/auth/v1", SupabasePart::Auth),
    ("/rest/v1", SupabasePart::Rest),
    ("/graphql/v1", SupabasePart::Rest),
    ("/storage/v1", SupabasePart::Storage),
    ("/functions/v1", SupabasePart::Functions),
    ("/realtime/v1", SupabasePart::Realtime),
];

/// What lies in a `supabase/` folder that the Supabase tools know.
pub(super) fn folder_signs(tree: &Tree) -> Vec<Evidence> {
    let file = |path: &str| {
        let path = RelPath::parse(path).ok()?;
        tree.has(&path).then(|| Evidence::file(path))
    };
    let folder = |path: &str| {
        let path = RelPath::parse(path).ok()?;
        (tree.has_folder(&path) && tree.files().any(|file| file.is_within(&path)))
            .then(|| Evidence::file(path))
    };
    [
        file("supabase/config.toml"),
        folder("supabase/migrations"),
        folder("supabase/functions"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Names of the folders in `supabase/functions` that hold an edge function, sorted. A name
/// that begins with `_` or `.` is shared code by Supabase's convention.
pub(super) fn functions(tree: &Tree) -> Vec<String> {
    let mut names: Vec<String> = tree
        .files()
        .filter(|path| {
            matches!(
                path.file_name(),
                "index.ts" | "index.js" | "index.tsx" | "index.jsx" | "index.mjs"
            )
        })
        .map(RelPath::parent)
        .filter(|folder| folder.parent().as_str() == "supabase/functions")
        .map(|folder| folder.file_name().to_owned())
        .filter(|name| !name.starts_with(['_', '.']))
        .collect();
    names.dedup();
    names
}

/// Variables that Supabase's runtime sets for every edge function
/// (<https://supabase.com/docs/guides/functions/secrets>).
const SET: &[&str] = &[
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_PUBLISHABLE_KEYS",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_SECRET_KEYS",
    "SUPABASE_DB_URL",
    "SUPABASE_JWKS",
    "SB_REGION",
    "SB_EXECUTION_ID",
    "DENO_DEPLOYMENT_ID",
];

/// What the edge functions and the code that they share read beside that, sorted by name.
pub(super) fn function_variables(tree: &Tree) -> Vec<EnvVar> {
    let Ok(folder) = RelPath::parse("supabase/functions") else {
        return Vec::new();
    };
    let sources = tree.files().filter(|path| {
        path.is_within(&folder)
            && matches!(path.extension(), "ts" | "tsx" | "js" | "jsx" | "mjs")
            && !path.stem().ends_with(".test")
            && !path.stem().ends_with("_test")
    });
    let mut found = super::javascript::variables(tree, sources);
    found.retain(|name, _| !SET.contains(&name.as_str()));
    found.into_values().collect()
}

/// The folder of the migrations, where there is one.
pub(super) fn migrations(tree: &Tree) -> Option<RelPath> {
    let folder = RelPath::parse("supabase/migrations").ok()?;
    let has = tree
        .with_extension("sql")
        .any(|path| path.is_within(&folder));
    has.then_some(folder)
}

/// The parts in use, in no order, each once.
pub(super) fn parts(
    tree: &Tree,
    services: &[Service],
    postgres: &[Evidence],
    supabase: &BackingService,
) -> Vec<Fact<SupabasePart>> {
    let mut found: BTreeMap<SupabasePart, Vec<Evidence>> = BTreeMap::new();
    for sign in services.iter().flat_map(|service| &service.signs) {
        if let Sought::Part(part) = sign.of {
            let known = found.entry(part).or_default();
            if !known.contains(&sign.at) {
                known.push(sign.at.clone());
            }
        }
    }
    for path in tree.files().filter(|path| {
        SCRIPTS.contains(&path.extension()) && !super::beside::beside(&path.parent())
    }) {
        if let Some(text) = tree.text(path) {
            for (part, line) in in_script(&text) {
                note(&mut found, path, &text, part, line);
            }
        }
    }
    if !supabase.functions.is_empty() {
        let folder = RelPath::parse("supabase/functions").map(Evidence::file);
        found
            .entry(SupabasePart::Functions)
            .or_default()
            .extend(folder);
    }
    let mut parts: Vec<Fact<SupabasePart>> = Vec::new();
    let database: Vec<Evidence> = if postgres.is_empty() {
        supabase.found.evidence.clone()
    } else {
        postgres.to_vec()
    };
    parts.push(Fact::new(SupabasePart::Db, Confidence::Certain, database));
    let over_http: Vec<Evidence> = found
        .values()
        .filter_map(|at| at.first().cloned())
        .collect();
    if over_http.is_empty() && has_client(services) {
        let because = "the client library is there, but no call shows which part it talks to";
        for part in [
            SupabasePart::Gateway,
            SupabasePart::Rest,
            SupabasePart::Auth,
        ] {
            parts.push(
                Fact::new(part, Confidence::Guess, supabase.found.evidence.clone())
                    .because(because),
            );
        }
    } else if !over_http.is_empty() {
        parts.push(
            Fact::new(SupabasePart::Gateway, Confidence::Certain, over_http)
                .because("the other parts are reached through it"),
        );
    }
    for (part, evidence) in found {
        parts.push(Fact::new(part, Confidence::Certain, evidence));
    }
    parts
}

fn has_client(services: &[Service]) -> bool {
    services.iter().any(|service| {
        service.requirements.iter().any(|requirement| {
            !requirement.development
                && matches!(requirement.name.as_str(), "supabase" | "supabase-py")
        })
    })
}

fn note(
    found: &mut BTreeMap<SupabasePart, Vec<Evidence>>,
    path: &RelPath,
    text: &str,
    part: SupabasePart,
    line: usize,
) {
    let excerpt = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let evidence = Evidence::new(path.clone(), line, excerpt);
    let known = found.entry(part).or_default();
    if !known.contains(&evidence) {
        known.push(evidence);
    }
}

/// The parts that a literal names by the gateway's paths.
pub(super) fn parts_of_path(text: &str) -> impl Iterator<Item = SupabasePart> {
    PATHS
        .iter()
        .filter(move |(path, _)| text.contains(path))
        .map(|(_, part)| *part)
}

/// Parts that a script or page uses, each with its line. Only one that makes a Supabase client
/// or names a path of the gateway speaks for a part.
fn in_script(text: &str) -> Vec<(SupabasePart, usize)> {
    let makes_client = text.contains("supabase-js") || text.contains("supabase.createClient");
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        if bare.starts_with("//") || bare.starts_with('*') || bare.starts_with("/*") {
            continue;
        }
        if makes_client {
            let stores = line.contains(".storage");
            for (call, part) in CALLS {
                let plain_array = *call == ".from(" && line.contains("Array.from(");
                if line.contains(call) && !plain_array && !(*call == ".from(" && stores) {
                    found.push((*part, at + 1));
                }
            }
        }
        for (path, part) in PATHS {
            if line.contains(path) {
                found.push((*part, at + 1));
            }
        }
    }
    found
}

/// The extensions that migrations and schemas create: `create extension [if not exists] name`.
pub(super) fn extensions(tree: &Tree, migrations: Option<&RelPath>) -> Vec<Fact<String>> {
    let mut found: BTreeMap<String, Vec<Evidence>> = BTreeMap::new();
    let sql = tree.with_extension("sql").filter(|path| {
        migrations.is_some_and(|folder| path.is_within(folder))
            || ["schema.sql", "init.sql", "structure.sql"].contains(&path.file_name())
    });
    for path in sql {
        let Some(text) = tree.text(path) else {
            continue;
        };
        for (name, line) in created_extensions(&text) {
            let excerpt = text.lines().nth(line - 1).unwrap_or_default();
            found
                .entry(name)
                .or_default()
                .push(Evidence::new(path.clone(), line, excerpt));
        }
    }
    found
        .into_iter()
        .map(|(name, evidence)| Fact::new(name, Confidence::Certain, evidence))
        .collect()
}

/// Names of created extensions with the line of the name. Line comments are left out.
fn created_extensions(text: &str) -> Vec<(String, usize)> {
    let words: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .flat_map(|(at, line)| {
            let code = line.split("--").next().unwrap_or_default();
            code.split(|c: char| c.is_whitespace() || c == ';')
                .filter(|word| !word.is_empty())
                .map(move |word| (at + 1, word))
        })
        .collect();
    let is = |at: usize, word: &str| {
        words
            .get(at)
            .is_some_and(|(_, known)| known.eq_ignore_ascii_case(word))
    };
    (0..words.len())
        .filter(|&at| is(at, "create") && is(at + 1, "extension"))
        .filter_map(|at| {
            let named = at + 2 + if is(at + 2, "if") { 3 } else { 0 };
            let (line, name) = words.get(named)?;
            Some((name.trim_matches('"').to_ascii_lowercase(), *line))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edge_functions_speak_for_the_parts_they_call() {
        let text = "import { createClient } from \"https://esm.sh/@supabase/supabase-js@2\";\n\
                    const c = createClient(url, key);\n\
                    // c.storage.from('x')\n\
                    await c.from(\"samples\").select();\n\
                    await c.storage.from('b').list();\n";
        assert_eq!(
            in_script(text),
            [(SupabasePart::Rest, 4), (SupabasePart::Storage, 5)]
        );
    }

    #[test]
    fn extensions_of_migrations() {
        let text = "-- create extension no;\nCREATE EXTENSION IF NOT EXISTS \"pgcrypto\" WITH SCHEMA x;\ncreate extension\n  vector;\n";
        assert_eq!(
            created_extensions(text),
            [("pgcrypto".to_owned(), 2), ("vector".to_owned(), 4)]
        );
    }
}
