//! The backing services: what speaks for each, from requirements, variables, source, compose
//! files and the `supabase/` folder.

use super::{Tree, client, structured, supabase, syntax};
use crate::project::{
    BackingKind, BackingService, Confidence, Evidence, Existing, Fact, RelPath, Service,
    ServiceKind, SupabasePart,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that speaks for one kind.
#[derive(Default)]
struct Signs {
    evidence: Vec<Evidence>,
    confidence: Option<Confidence>,
    version: Option<Fact<String>>,
    used_by: BTreeSet<String>,
}

impl Signs {
    fn add(&mut self, confidence: Confidence, evidence: Evidence) {
        self.confidence = self.confidence.max(Some(confidence));
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }
}

/// Finds the backing services of `services`, sorted by kind.
pub(super) fn find(tree: &Tree, existing: &Existing, services: &[Service]) -> Vec<BackingService> {
    let mut signs: BTreeMap<BackingKind, Signs> = BTreeMap::new();
    for service in services {
        from_requirements(service, &mut signs);
        from_variables(service, &mut signs);
        from_source(tree, service, services, &mut signs);
    }
    let plain_postgres = from_compose(tree, existing, &mut signs);
    for evidence in supabase::folder_signs(tree) {
        signs
            .entry(BackingKind::Supabase)
            .or_default()
            .add(Confidence::Certain, evidence);
    }

    let postgres = fold_into_supabase(&mut signs, plain_postgres);
    let runs: Vec<&Service> = services
        .iter()
        .filter(|service| service.kind.value != ServiceKind::Static)
        .collect();
    signs
        .into_iter()
        .map(|(kind, mut signs)| {
            if signs.used_by.is_empty() && runs.len() == 1 {
                signs
                    .used_by
                    .extend(runs.iter().map(|service| service.name.clone()));
            }
            finished(tree, kind, signs, services, &postgres)
        })
        .collect()
}

fn from_requirements(service: &Service, signs: &mut BTreeMap<BackingKind, Signs>) {
    for requirement in service.requirements.iter().filter(|one| !one.development) {
        if let Some(kind) = client::of_package(&requirement.name, &requirement.specifier) {
            let signs = signs.entry(kind).or_default();
            signs.add(Confidence::Likely, requirement.declared.clone());
            signs.used_by.insert(service.name.clone());
        }
    }
}

fn from_variables(service: &Service, signs: &mut BTreeMap<BackingKind, Signs>) {
    for variable in &service.env {
        let Some(kind) = variable.role.and_then(client::of_role) else {
            continue;
        };
        let signs = signs.entry(kind).or_default();
        for at in &variable.read_at {
            // The line may hold a default with a password; the name is enough.
            let evidence = Evidence::new(at.file.clone(), at.line, &variable.name);
            signs.add(Confidence::Likely, evidence);
        }
        signs.used_by.insert(service.name.clone());
    }
}

/// Engines and schemes in string literals, and imports of the standard library's clients.
fn from_source(
    tree: &Tree,
    service: &Service,
    services: &[Service],
    signs: &mut BTreeMap<BackingKind, Signs>,
) {
    const WORDS: &[&str] = &["django.", "django_redis", "storages.", "://", "smtplib"];
    for path in own_sources(tree, service, services) {
        let Some(text) = tree.text(path) else {
            continue;
        };
        if !WORDS.iter().any(|word| text.contains(word)) {
            continue;
        }
        let Some(parsed) = syntax::parse(&tree_sitter_python::LANGUAGE.into(), &text) else {
            continue;
        };
        for content in syntax::all(parsed.root_node(), "string_content") {
            let literal = syntax::text(content, &text);
            if let Some(kind) = client::of_literal(literal) {
                let shown = literal.split("://").next().unwrap_or_default();
                let evidence = Evidence::new(path.clone(), syntax::line(content), shown);
                let signs = signs.entry(kind).or_default();
                signs.add(Confidence::Likely, evidence);
                signs.used_by.insert(service.name.clone());
            }
        }
        for import in syntax::all(parsed.root_node(), "import_statement")
            .into_iter()
            .chain(syntax::all(parsed.root_node(), "import_from_statement"))
        {
            let module = import
                .child_by_field_name("module_name")
                .or_else(|| import.child_by_field_name("name"))
                .map(|module| syntax::text(module, &text));
            if module == Some("smtplib") {
                let evidence = Evidence::new(
                    path.clone(),
                    syntax::line(import),
                    syntax::text(import, &text),
                );
                let signs = signs.entry(BackingKind::Smtp).or_default();
                signs.add(Confidence::Likely, evidence);
                signs.used_by.insert(service.name.clone());
            }
        }
    }
}

/// Python files of `service`: below its root, outside tests and other services' roots.
pub(super) fn own_sources<'t>(
    tree: &'t Tree,
    service: &'t Service,
    services: &'t [Service],
) -> impl Iterator<Item = &'t RelPath> {
    tree.with_extension("py").filter(move |path| {
        let inside = path.is_within(&service.root)
            || service.sources.iter().any(|source| path.is_within(source));
        let others = services
            .iter()
            .any(|other| other.root.depth() > service.root.depth() && path.is_within(&other.root));
        inside && !others && !is_test(path)
    })
}

fn is_test(path: &RelPath) -> bool {
    let name = path.file_name();
    path.as_str()
        .split('/')
        .any(|part| part == "tests" || part == "test")
        || name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "conftest.py"
}

/// Whether a `PostgreSQL` other than Supabase's is among the images.
fn from_compose(
    tree: &Tree,
    existing: &Existing,
    signs: &mut BTreeMap<BackingKind, Signs>,
) -> bool {
    let mut plain_postgres = false;
    for file in &existing.compose_files {
        let document = structured::yaml(tree, &file.path);
        let line = |name: &str| {
            let services = document.as_ref()?.get("services")?;
            Some(services.get(name)?.entry("image")?.line)
        };
        for service in &file.services {
            let Some(image) = &service.image else {
                continue;
            };
            let Some((kind, version)) = client::of_image(image) else {
                continue;
            };
            plain_postgres |= kind == BackingKind::Postgres;
            let line = line(&service.name).unwrap_or(service.line);
            let evidence = Evidence::new(file.path.clone(), line, image);
            let signs = signs.entry(kind).or_default();
            signs.add(Confidence::Certain, evidence.clone());
            if let (None, Some(version)) = (&signs.version, version) {
                signs.version = Some(Fact::certain(version, evidence));
            }
        }
    }
    plain_postgres
}

/// Supabase has a `PostgreSQL` inside: what speaks for one speaks for Supabase's, unless a
/// compose file shows another. Gives the evidence for the database itself.
fn fold_into_supabase(
    signs: &mut BTreeMap<BackingKind, Signs>,
    plain_postgres: bool,
) -> Vec<Evidence> {
    if !signs.contains_key(&BackingKind::Supabase) || plain_postgres {
        return Vec::new();
    }
    let Some(postgres) = signs.remove(&BackingKind::Postgres) else {
        return Vec::new();
    };
    if let Some(supabase) = signs.get_mut(&BackingKind::Supabase) {
        supabase.used_by.extend(postgres.used_by);
        supabase.confidence = supabase.confidence.max(postgres.confidence);
    }
    postgres.evidence
}

fn finished(
    tree: &Tree,
    kind: BackingKind,
    signs: Signs,
    services: &[Service],
    postgres: &[Evidence],
) -> BackingService {
    let confidence = match signs.confidence {
        // A library and a variable that both say so leave no doubt.
        Some(Confidence::Likely) if several_files(&signs.evidence) => Confidence::Certain,
        known => known.unwrap_or(Confidence::Likely),
    };
    let mut service = BackingService {
        kind,
        found: Fact::new(true, confidence, signs.evidence),
        version: signs.version,
        used_by: signs.used_by.into_iter().collect(),
        parts: Vec::new(),
        functions: Vec::new(),
        migrations: None,
        extensions: Vec::new(),
    };
    if kind == BackingKind::Supabase {
        service.functions = supabase::functions(tree);
        service.parts = supabase::parts(tree, services, postgres, &service);
        service.migrations = supabase::migrations(tree);
        service
            .parts
            .sort_by_key(|part: &Fact<SupabasePart>| part.value);
    }
    if kind == BackingKind::Postgres {
        service.migrations = services
            .iter()
            .filter_map(|one| one.migration.as_ref())
            .find(|migration| migration.value.tool == "sql")
            .map(|migration| migration.value.folder.clone());
    }
    if matches!(kind, BackingKind::Supabase | BackingKind::Postgres) {
        service.extensions = supabase::extensions(tree, service.migrations.as_ref());
    }
    service
}

fn several_files(evidence: &[Evidence]) -> bool {
    evidence
        .first()
        .is_some_and(|first| evidence.iter().any(|other| other.file != first.file))
}
