//! What the env templates see: variables that the services read, with generated secrets.

use super::compose::Compose;
use super::compose::variables::{self, Make, Secret, Stage};
use super::{Fresh, Input, container};
use crate::project::{EnvRole, EnvVar, Finding, Severity};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize)]
pub(super) struct Env {
    /// Every variable that is read, by group.
    pub(super) groups: Vec<Group>,
    /// What stands in `.env`.
    pub(super) values: Vec<Value>,
    /// How each of `values` is made where shipway is not, in the order to make them in.
    recipes: Vec<Recipe>,
    /// Whether one of them is signed.
    signed: bool,
    /// How long a signed key holds (seconds).
    lifetime: i64,
    /// What `.env` says beside them in a linked work tree; None without a compose project.
    linked: Option<Linked>,
    /// Names of the services whose settings these are.
    services: bool,
}

/// A linked work tree is a compose project of its own: the database of the main one has another
/// password, and its ports are taken.
#[derive(Debug, Serialize)]
struct Linked {
    /// What the work tree's name is put behind.
    project: String,
    project_comment: &'static str,
    /// The variables that move a published port, each once.
    ports: Vec<String>,
    port_comment: &'static str,
}

/// How a line of `.env` is made; without any of the five its value is for a person to fill in.
#[derive(Debug, Default, Serialize)]
struct Recipe {
    name: String,
    comment: String,
    /// Number of random bytes, as text.
    random: Option<usize>,
    /// Number of random bytes, in hex.
    hex: Option<usize>,
    /// Whether it is a key as Laravel takes it.
    key: bool,
    /// Supabase's role, and the name of the secret that signs its key.
    role: Option<&'static str>,
    signer: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Group {
    title: String,
    variables: Vec<Described>,
}

#[derive(Debug, Serialize)]
struct Described {
    name: String,
    /// Sentences above the variable.
    comment: Vec<String>,
    /// What follows `=`; never a secret.
    value: String,
    /// Whether it may stay as it is, so that it is written commented out.
    optional: bool,
}

/// A line of `.env`.
#[derive(Debug, Serialize)]
pub(super) struct Value {
    pub(super) name: String,
    pub(super) value: String,
    comment: String,
}

/// Ten years, as Supabase's own keys have.
const LIFETIME: i64 = 10 * 365 * 24 * 3600;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    role: String,
    iss: String,
    iat: i64,
    exp: i64,
}

pub(super) fn view(input: &Input, compose: &Compose) -> Env {
    let plan = variables::plan(input);
    let mut values = values(input, &plan);
    let recipes = recipes(&values, &plan);
    let linked = input.has("compose").then(|| Linked::of(compose));
    if let (Some(tree), Some(linked)) = (&input.facts.linked_worktree, &linked)
        && !values.is_empty()
    {
        values.extend(linked.values(tree));
    }
    Env {
        groups: groups(input, &plan),
        values,
        signed: recipes.iter().any(|recipe| recipe.role.is_some()),
        recipes,
        lifetime: LIFETIME,
        linked,
        services: !input.project.services.is_empty(),
    }
}

impl Linked {
    fn of(compose: &Compose) -> Self {
        let ports: BTreeSet<&String> = compose
            .services
            .iter()
            .chain(&compose.development)
            .flat_map(|service| &service.ports)
            .map(|port| &port.variable)
            .collect();
        Self {
            project: compose.name.clone(),
            project_comment: "this work tree's own containers and volumes",
            ports: ports.into_iter().cloned().collect(),
            port_comment: "a free port: the main work tree may hold the usual one",
        }
    }

    /// The lines of the work tree that git calls `tree`. A project's name is of lower-case letters,
    /// digits, `-` and `_` (Compose specification, `name`).
    fn values(&self, tree: &str) -> Vec<Value> {
        let own: String = format!("{}-{tree}", self.project)
            .bytes()
            .map(|byte| match byte.to_ascii_lowercase() {
                byte @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => char::from(byte),
                _ => '-',
            })
            .collect();
        let project = Value {
            name: "COMPOSE_PROJECT_NAME".to_owned(),
            value: own,
            comment: self.project_comment.to_owned(),
        };
        let ports = self.ports.iter().map(|name| Value {
            name: name.clone(),
            value: "0".to_owned(),
            comment: self.port_comment.to_owned(),
        });
        std::iter::once(project).chain(ports).collect()
    }
}

/// Random bytes of a secret, and of a name.
const BYTES: usize = 32;
/// 64 letters.
const LONG_BYTES: usize = 48;
const NAME_BYTES: usize = 10;

/// Keys come last: they are signed with a secret that must be there.
fn recipes(values: &[Value], plan: &variables::Plan) -> Vec<Recipe> {
    let mut recipes: Vec<Recipe> = values
        .iter()
        .map(|value| {
            let secret = plan.secrets.iter().find(|one| one.name == value.name);
            let mut recipe = Recipe {
                name: value.name.clone(),
                comment: value.comment.clone(),
                ..Recipe::default()
            };
            match secret.map(|secret| secret.make) {
                Some(Make::Random) => recipe.random = Some(BYTES),
                Some(Make::Long) => recipe.random = Some(LONG_BYTES),
                Some(Make::Name) => recipe.hex = Some(NAME_BYTES),
                Some(Make::Key) => recipe.key = true,
                Some(Make::Jwt(role)) => {
                    recipe.role = Some(role);
                    recipe.signer = Some(plan.secret("jwt").to_owned());
                }
                None => {}
            }
            recipe
        })
        .collect();
    recipes.sort_by_key(|recipe| recipe.role.is_some());
    recipes
}

/// Secrets of the project; those that `.env` has already keep their value.
fn values(input: &Input, plan: &variables::Plan) -> Vec<Value> {
    let mut made: BTreeMap<&str, String> = BTreeMap::new();
    for secret in &plan.secrets {
        if let Some(value) = present(input, &secret.name) {
            made.insert(&secret.name, value.to_owned());
        } else if let Some(value) = random(secret, input.fresh) {
            made.insert(&secret.name, value);
        }
    }
    // Keys come last: they are signed with a secret made above.
    let signing = made.get(plan.secret("jwt")).cloned().unwrap_or_default();
    for secret in &plan.secrets {
        let Make::Jwt(role) = secret.make else {
            continue;
        };
        let keep = made
            .get(secret.name.as_str())
            .is_some_and(|token| verifies(token, &signing, role));
        if !keep && let Some(token) = sign(role, &signing, input.fresh.now) {
            made.insert(&secret.name, token);
        }
    }
    let mut values: Vec<Value> = plan
        .secrets
        .iter()
        .filter_map(|secret| {
            Some(Value {
                name: secret.name.clone(),
                value: made.get(secret.name.as_str())?.clone(),
                comment: secret.what.to_owned(),
            })
        })
        .collect();
    let mut missing: Vec<&EnvVar> = input
        .project
        .services
        .iter()
        .flat_map(|service| service.env.iter().map(move |variable| (service, variable)))
        .filter(|(service, variable)| {
            variable.required
                && variable.default.is_none()
                && plan
                    .value(
                        input.project,
                        variable,
                        container::port(service),
                        Stage::Hardened,
                    )
                    .is_none()
        })
        .map(|(_, variable)| variable)
        .collect();
    missing.sort_by(|a, b| a.name.cmp(&b.name));
    missing.dedup_by(|a, b| a.name == b.name);
    values.extend(missing.into_iter().map(|variable| {
        Value {
            name: variable.name.clone(),
            value: present(input, &variable.name)
                .unwrap_or_default()
                .to_owned(),
            comment: "the application does not start without it: fill it in".to_owned(),
        }
    }));
    values
}

/// Keys in `.env` that the signing secret there, or the one that is made, does not verify: their
/// lines stay as they are, so that somebody has to be told.
pub(super) fn findings(input: &Input) -> Vec<Finding> {
    let plan = variables::plan(input);
    let signer = plan.secret("jwt");
    let signing = present(input, signer).unwrap_or_default();
    let stale: Vec<&str> =
        plan.secrets
            .iter()
            .filter(|secret| match secret.make {
                Make::Jwt(role) => present(input, &secret.name)
                    .is_some_and(|token| !verifies(token, signing, role)),
                _ => false,
            })
            .map(|secret| secret.name.as_str())
            .collect();
    if stale.is_empty() {
        return Vec::new();
    }
    let names = stale.join(" and ");
    vec![Finding {
        id: "keys-of-another-secret",
        severity: Severity::Warning,
        message: format!(
            "{names} in .env were not signed with {signer}, so that Supabase refuses them; the lines stay as they are"
        ),
        evidence: Vec::new(),
        mend: format!(
            "put back the {signer} that signed them, or delete the lines of {names} and run shipway init again"
        ),
    }]
}

fn present<'a>(input: &'a Input, name: &str) -> Option<&'a str> {
    input
        .dotenv
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

/// Random bytes as text that needs no quoting anywhere.
fn random(secret: &Secret, fresh: Fresh) -> Option<String> {
    let mut bytes = [0_u8; LONG_BYTES];
    (fresh.random)(&mut bytes);
    match secret.make {
        Make::Random => Some(URL_SAFE_NO_PAD.encode(&bytes[..BYTES])),
        Make::Long => Some(URL_SAFE_NO_PAD.encode(bytes)),
        Make::Name => Some(hex::encode(&bytes[..NAME_BYTES])),
        Make::Key => Some(format!("base64:{}", STANDARD.encode(&bytes[..BYTES]))),
        Make::Jwt(_) => None,
    }
}

/// A key of Supabase: a JWT by HS256.
fn sign(role: &str, secret: &str, now: i64) -> Option<String> {
    let claims = Claims {
        role: role.to_owned(),
        iss: "supabase".to_owned(),
        iat: now,
        exp: now + LIFETIME,
    };
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).ok()
}

fn verifies(token: &str, secret: &str, role: &str) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    // A key that ran out is the owner's to replace; a line that is there is not changed.
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .is_ok_and(|data| data.claims.role == role)
}

/// Variables by the service that reads them, then those of the compose project.
fn groups(input: &Input, plan: &variables::Plan) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for service in &input.project.services {
        let port = container::port(service);
        let mut variables = Vec::new();
        for variable in &service.env {
            if seen.contains(&variable.name.as_str()) {
                continue;
            }
            seen.push(&variable.name);
            let set = plan.value(input.project, variable, port, Stage::Development);
            variables.push(described(variable, plan, set.as_deref()));
        }
        if !variables.is_empty() {
            groups.push(Group {
                title: format!("Read by {}", service.name),
                variables,
            });
        }
    }
    let functions: Vec<&EnvVar> = input
        .project
        .backing
        .iter()
        .flat_map(|service| &service.function_env)
        .filter(|variable| !seen.contains(&variable.name.as_str()))
        .collect();
    if !functions.is_empty() {
        let variables = functions
            .into_iter()
            .map(|variable| {
                let mut one = described(variable, plan, None);
                one.comment
                    .push("Its value stands in supabase/functions/.env.".to_owned());
                one.optional = true;
                one
            })
            .collect();
        groups.push(Group {
            title: "Read by the edge functions".to_owned(),
            variables,
        });
    }
    let rest: Vec<Described> = plan
        .secrets
        .iter()
        .filter(|secret| !seen.contains(&secret.name.as_str()))
        .map(|secret| Described {
            name: secret.name.clone(),
            comment: vec![format!("{}; shipway init makes it.", capital(secret.what))],
            value: String::new(),
            optional: false,
        })
        .collect();
    if !rest.is_empty() {
        groups.push(Group {
            title: "Read by the compose files".to_owned(),
            variables: rest,
        });
    }
    groups
}

fn described(variable: &EnvVar, plan: &variables::Plan, set: Option<&str>) -> Described {
    let places: Vec<String> = variable.read_at.iter().map(ToString::to_string).collect();
    let mut comment = vec![format!("Read at {}.", places.join(", "))];
    let generated = plan
        .secrets
        .iter()
        .find(|secret| secret.name == variable.name);
    if let Some(secret) = generated {
        comment.push(format!("{}; shipway init makes it.", capital(secret.what)));
    } else if variable.role == Some(EnvRole::AllowedHosts) {
        comment.push(
            "The host names that are answered: this machine's alone, until it says more."
                .to_owned(),
        );
    } else if set.is_some() {
        comment.push("Set by the compose files.".to_owned());
    }
    if variable.insecure_default {
        comment.push(
            "The code has a default for it, which everybody who has the code knows.".to_owned(),
        );
    }
    let optional = generated.is_none() && (!variable.required || set.is_some());
    let value = if variable.secret {
        String::new()
    } else {
        variable.default.clone().unwrap_or_default()
    };
    Described {
        name: variable.name.clone(),
        comment,
        value: dotenv_quoted(&value),
        optional,
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().collect::<String>() + characters.as_str(),
        None => String::new(),
    }
}

/// A value as `.env` files have it: bare where that is safe, else in single quotes.
fn dotenv_quoted(value: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./@-:+=,%".contains(c);
    let line: String = value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.chars().all(safe) {
        line
    } else {
        format!("'{}'", line.replace('\'', ""))
    }
}
