//! The backing services: what speaks for each, from requirements, variables, source, compose
//! files and the `supabase/` folder.

use super::variable::{self, Engines};
use super::{Found, Tree, client, structured, supabase};
use crate::project::{
    BackingKind, BackingService, Claim, ComposeFile, ComposeService, Confidence, Evidence,
    Existing, Fact, Need, Service, ServiceKind, Sought, SupabasePart, Unknown,
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that speaks for one kind.
#[derive(Default)]
struct Signs {
    evidence: Vec<Evidence>,
    confidence: Option<Confidence>,
    version: Option<Fact<String>>,
    used_by: BTreeSet<String>,
    /// Whether the application itself says it, by a requirement, a variable or its source.
    of_code: bool,
    /// Whether more than a requirement says it: a variable, its source, a compose file that starts it for
    /// the application.
    is_told: bool,
    /// Whether a literal in source names it: an engine, a scheme.
    of_literal: bool,
    /// Whether a compose file runs it.
    of_compose: bool,
    /// Whether a compose file runs it for a service of ours, as far as that file tells.
    of_stack: bool,
    against: Vec<Claim>,
    because: Option<String>,
}

impl Signs {
    fn add(&mut self, confidence: Confidence, evidence: Evidence) {
        self.confidence = self.confidence.max(Some(confidence));
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }

    fn fact(self) -> Fact<bool> {
        let confidence = match self.confidence {
            // A library and a variable that both say so leave no doubt.
            Some(Confidence::Likely) if several_files(&self.evidence) => Confidence::Certain,
            known => known.unwrap_or(Confidence::Likely),
        };
        let mut fact = Fact::new(true, confidence, self.evidence);
        fact.against = self.against;
        fact.because = self.because;
        fact
    }
}

type All = BTreeMap<Sought, Signs>;

/// Finds what `services` need, each list sorted by kind: backing services, and what nothing
/// generated here starts.
pub(super) fn find(
    tree: &Tree,
    existing: &Existing,
    services: &[Service],
) -> (Vec<BackingService>, Vec<Need>) {
    let mut signs = All::new();
    for service in services {
        from_requirements(service, &mut signs);
        from_variables(service, &mut signs);
        from_source(service, &mut signs);
    }
    let plain_postgres = from_compose(tree, existing, services, &mut signs);
    for evidence in supabase::folder_signs(tree) {
        let supabase = signs
            .entry(Sought::Backing(BackingKind::Supabase))
            .or_default();
        supabase.add(Confidence::Certain, evidence);
        supabase.of_code = true;
    }
    let postgres = fold_into_supabase(&mut signs, plain_postgres);
    alternatives(&mut signs);
    in_files(services, &mut signs);
    let runs: Vec<&Service> = services
        .iter()
        .filter(|service| service.kind.value != ServiceKind::Static)
        .collect();
    let mut backing = Vec::new();
    let mut needs = Vec::new();
    for (sought, mut one) in signs {
        if !one.of_code {
            // Another container is all that uses it.
            if !one.of_stack {
                continue;
            }
            one.confidence = Some(Confidence::Guess);
            one.because = Some(
                "a compose file runs it, but nothing in the code that was read uses it".to_owned(),
            );
        } else if one.used_by.is_empty() && runs.len() == 1 {
            one.used_by
                .extend(runs.iter().map(|service| service.name.clone()));
        }
        match sought {
            Sought::Backing(kind) => backing.push(finished(tree, kind, one, services, &postgres)),
            Sought::Other(kind) => needs.push(Need {
                kind,
                used_by: one.used_by.iter().cloned().collect(),
                found: one.fact(),
            }),
            Sought::Part(_) => {}
        }
    }
    (backing, needs)
}

/// Whether a service says by its signs alone what it needs: frameworks of PHP require clients of
/// everything and name a variable for each, and one of them is chosen.
fn chooses(service: &Service) -> bool {
    service.ecosystem == "php"
}

fn from_requirements(service: &Service, signs: &mut All) {
    if chooses(service) {
        return;
    }
    let listed = service
        .requirements
        .iter()
        .filter(|one| !one.development && one.direct);
    for requirement in listed {
        let sought = match service.ecosystem {
            "node" => client::of_npm(&requirement.name),
            "go" => client::of_go(&requirement.name),
            "rust" => client::of_crate(requirement),
            "java" => client::of_maven(&requirement.name),
            "dotnet" => client::of_nuget(&requirement.name),
            "r" => client::of_cran(&requirement.name),
            "ruby" => client::of_gem(&requirement.name),
            "elixir" => client::of_hex(&requirement.name),
            "deno" => client::of_deno(&requirement.name),
            _ => client::of_package(requirement),
        };
        if let Some(sought) = sought {
            // Drivers of databases are loaded by name; these clients are imported or unused.
            if matches!(sought, Sought::Other(_)) && requirement.imported == Some(false) {
                continue;
            }
            let signs = signs.entry(sought).or_default();
            signs.add(Confidence::Likely, requirement.declared.clone());
            signs.of_code = true;
            signs.used_by.insert(service.name.clone());
        }
    }
}

fn from_variables(service: &Service, signs: &mut All) {
    for variable in &service.env {
        let sought = match variable.role.and_then(client::of_role) {
            Some(kind) => Sought::Backing(kind),
            None if chooses(service) => continue,
            None => match client::of_variable(&variable.name) {
                Some(other) => Sought::Other(other),
                None => continue,
            },
        };
        let signs = signs.entry(sought).or_default();
        for at in &variable.read_at {
            // The line may hold a default with a password; the name is enough.
            let evidence = Evidence::new(at.file.clone(), at.line, &variable.name);
            signs.add(Confidence::Likely, evidence);
        }
        signs.of_code = true;
        signs.is_told = true;
        signs.used_by.insert(service.name.clone());
    }
}

fn from_source(service: &Service, signs: &mut All) {
    for sign in &service.signs {
        // What is run by hand is no need of the service.
        let by_hand = sign.at.file.as_str().contains("management/commands/");
        if matches!(sign.of, Sought::Part(_)) || by_hand {
            continue;
        }
        let signs = signs.entry(sign.of).or_default();
        signs.add(Confidence::Likely, sign.at.clone());
        signs.of_code = true;
        signs.is_told = true;
        signs.of_literal = true;
        signs.used_by.insert(service.name.clone());
    }
}

/// Whether a `PostgreSQL` other than Supabase's is among the images.
fn from_compose(tree: &Tree, existing: &Existing, services: &[Service], signs: &mut All) -> bool {
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
            let Some((sought, version)) = client::of_image(image) else {
                continue;
            };
            plain_postgres |= sought == Sought::Backing(BackingKind::Postgres);
            let line = line(&service.name).unwrap_or(service.line);
            let evidence = Evidence::new(file.path.clone(), line, image);
            let signs = signs.entry(sought).or_default();
            signs.add(Confidence::Certain, evidence.clone());
            signs.of_compose = true;
            let users = users(file, service, services);
            signs.of_stack |= ours(file, services).any(|other| other.depends_on.is_empty());
            // A sink for mail is there for whoever sends some.
            signs.of_code |= !users.is_empty()
                || sought == Sought::Backing(BackingKind::Smtp)
                    && ours(file, services).next().is_some();
            signs.is_told |= signs.of_stack || !users.is_empty();
            signs.used_by.extend(users);
            if let (None, Some(version)) = (&signs.version, version) {
                signs.version = Some(Fact::certain(version, evidence));
            }
        }
    }
    plain_postgres
}

/// The entries of a compose file that build a service of ours.
fn ours<'f>(
    file: &'f ComposeFile,
    services: &'f [Service],
) -> impl Iterator<Item = &'f ComposeService> {
    file.services.iter().filter(|entry| {
        services
            .iter()
            .any(|service| builds(entry, service, services))
    })
}

/// Whether an entry builds `service`: by its folder, or because nothing else of the context runs.
fn builds(entry: &ComposeService, service: &Service, services: &[Service]) -> bool {
    let Some(context) = &entry.build else {
        return false;
    };
    let inside = |one: &Service| one.root.is_within(context);
    entry.builds(&service.root)
        || inside(service)
            && services
                .iter()
                .filter(|one| inside(one))
                .all(|one| one.root == service.root)
}

/// Says which images a compose file starts before a service of ours and nothing here knows.
pub(super) fn unrecognised(existing: &Existing, found: &mut Found) {
    for file in &existing.compose_files {
        for service in &file.services {
            let Some(image) = service.image.as_deref().filter(|_| service.build.is_none()) else {
                continue;
            };
            let users = users(file, service, &found.services);
            if users.is_empty() || client::of_image(image).is_some() {
                continue;
            }
            if found.unknown.iter().any(|known| known.fact == service.name) {
                continue;
            }
            found.unknown.push(Unknown {
                fact: service.name.clone(),
                looked_at: vec![format!(
                    "{}:{} starts the image {image} before {}; what it is is not known",
                    file.path,
                    service.line,
                    users.join(", ")
                )],
                answer_with: format!(
                    "nothing that is generated starts it: keep it in {}",
                    file.path
                ),
                root: None,
            });
        }
    }
}

/// The services of ours that a compose file starts after `needed`.
fn users(file: &ComposeFile, needed: &ComposeService, services: &[Service]) -> Vec<String> {
    ours(file, services)
        .filter(|other| other.depends_on.contains(&needed.name))
        .flat_map(|other| {
            services
                .iter()
                .filter(|service| builds(other, service, services))
                .map(|service| service.name.clone())
        })
        .collect()
}

/// Supabase has a `PostgreSQL` inside: what speaks for one speaks for Supabase's, unless a
/// compose file shows another. Gives the evidence for the database itself.
fn fold_into_supabase(signs: &mut All, plain_postgres: bool) -> Vec<Evidence> {
    let supabase = Sought::Backing(BackingKind::Supabase);
    if !signs.contains_key(&supabase) || plain_postgres {
        return Vec::new();
    }
    let Some(postgres) = signs.remove(&Sought::Backing(BackingKind::Postgres)) else {
        return Vec::new();
    };
    if let Some(supabase) = signs.get_mut(&supabase) {
        supabase.used_by.extend(postgres.used_by);
        supabase.confidence = supabase.confidence.max(postgres.confidence);
        supabase.of_code |= postgres.of_code;
    }
    postgres.evidence
}

/// The rule by which one of two engines is taken where an application can use either.
const ONE_ENGINE: &str = "the application uses one of them: a compose file decides, then what its settings and requirements name, then PostgreSQL";

/// Two relational engines are alternatives of which a setting chooses one: the better evidenced
/// one stays, and the other is what it won against.
fn alternatives(signs: &mut All) {
    let postgres = Sought::Backing(BackingKind::Postgres);
    let mysql = Sought::Backing(BackingKind::Mysql);
    let (Some(first), Some(second)) = (signs.get(&postgres), signs.get(&mysql)) else {
        return;
    };
    // Of two services each has its own.
    let apart = !first.used_by.is_empty()
        && !second.used_by.is_empty()
        && first.used_by.is_disjoint(&second.used_by);
    if apart {
        return;
    }
    let weight = |signs: &Signs| {
        (
            signs.of_code,
            signs.of_compose,
            signs.of_literal,
            signs.confidence,
        )
    };
    let (winner, loser) = if weight(second) > weight(first) {
        (mysql, postgres)
    } else {
        (postgres, mysql)
    };
    let Some(lost) = signs.remove(&loser) else {
        return;
    };
    let Some(won) = signs.get_mut(&winner) else {
        return;
    };
    won.against.push(Claim {
        value: match loser {
            Sought::Backing(kind) => kind.to_string(),
            _ => String::new(),
        },
        evidence: lost.evidence,
    });
    won.because = Some(ONE_ENGINE.to_owned());
}

/// Drivers of Go that keep a database in a file.
const IN_FILES: &[&str] = &[
    "github.com/mattn/go-sqlite3",
    "modernc.org/sqlite",
    "github.com/glebarez/sqlite",
    "github.com/ncruces/go-sqlite3",
];

/// Takes back a database that only drivers speak for, where another driver keeps one in a file: nothing
/// says that the application is started with another than that.
fn in_files(services: &[Service], signs: &mut All) {
    let in_file = |name: &String| {
        let mut named = services.iter().filter(|service| service.name == *name);
        named.any(|service| {
            let mut direct = service.requirements.iter().filter(|one| one.direct);
            service.ecosystem == "go" && direct.any(|one| IN_FILES.contains(&one.name.as_str()))
        })
    };
    for kind in [BackingKind::Postgres, BackingKind::Mysql] {
        let sought = Sought::Backing(kind);
        let is_optional = signs.get(&sought).is_some_and(|one| {
            !one.is_told && !one.used_by.is_empty() && one.used_by.iter().all(in_file)
        });
        if is_optional {
            signs.remove(&sought);
        }
    }
}

/// Variables of a database by their names alone (`DATABASE_URL`), where two engines could be meant and
/// one was taken, or where only a compose file tells of the engine.
pub(super) fn settle_roles(
    services: &mut [Service],
    backing: &[BackingService],
    existing: &Existing,
) {
    for taken in backing {
        let by_compose = taken.found.evidence.iter().all(|at| {
            let mut files = existing.compose_files.iter();
            files.any(|file| file.path == at.file)
        });
        if taken.found.against.is_empty() && !by_compose {
            continue;
        }
        let engines = Engines::of(|kind| kind == taken.kind);
        for service in services
            .iter_mut()
            .filter(|one| taken.used_by.contains(&one.name))
        {
            for known in service.env.iter_mut().filter(|one| one.role.is_none()) {
                known.role = variable::role(&known.name, engines);
                variable::guard(known);
            }
        }
    }
}

fn finished(
    tree: &Tree,
    kind: BackingKind,
    mut signs: Signs,
    services: &[Service],
    postgres: &[Evidence],
) -> BackingService {
    let mut service = BackingService {
        kind,
        version: signs.version.take(),
        used_by: std::mem::take(&mut signs.used_by).into_iter().collect(),
        found: signs.fact(),
        parts: Vec::new(),
        functions: Vec::new(),
        function_env: Vec::new(),
        migrations: None,
        extensions: Vec::new(),
    };
    if kind == BackingKind::Supabase {
        service.functions = supabase::functions(tree);
        service.function_env = supabase::function_variables(tree);
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
