//! A route that answers without side effects.

use super::application::definition;
use super::code::Code;
use super::place::Place;
use super::syntax::{Arg, Expr, Function, Kind, StmtKind, argument, each_expression, each_statement};
use crate::project::{Evidence, Fact, RelPath};
use std::collections::BTreeMap;

/// Last parts of a path that mean health, best first.
const NAMES: &[&str] = &[
    "healthz", "health", "livez", "live", "readyz", "ready", "ping", "status", "healthcheck",
    "health-check", "health_check", "heartbeat", "alive", "up", "_health",
];
const METHODS: &[&str] = &["route", "get", "api_route", "view"];

/// The best health route declared in `files`.
pub(super) fn find<'p>(
    code: &Code<'_>,
    files: impl IntoIterator<Item = &'p RelPath>,
    place: &Place,
    entry: &RelPath,
) -> Option<Fact<String>> {
    let root_urls = entry.parent().join("urls.py").ok();
    let mut prefixes: Prefixes = Prefixes::default();
    let mut routes: Vec<(usize, String, Option<String>, Evidence)> = Vec::new();
    for path in files {
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        let worth_it = NAMES.iter().any(|name| text.contains(name))
            || text.contains("include_router")
            || text.contains("register_blueprint");
        if !worth_it {
            continue;
        }
        let Some(module) = code.module(path) else {
            continue;
        };
        each_expression(&module.body, &mut |expr| {
            registered(code, expr, &mut prefixes, &module, place);
        });
        each_statement(&module.body, &mut |statement| match &statement.kind {
            StmtKind::Function(function) => {
                for (route, owner, line) in decorated(function) {
                    if let Some(rank) = rank(&route) {
                        let owner = owner.map(|name| key(&module.path, &name));
                        routes.push((rank, route, owner, module.at(line)));
                    }
                }
            }
            StmtKind::Assign { targets, value: Some(value), .. } => {
                // `bp = Blueprint("x", __name__, url_prefix="/x")`, `APIRouter(prefix="/x")`.
                if let (Some(name), Some((function, args))) =
                    (targets.first().and_then(Expr::name), value.call())
                    && matches!(function.last_name(), Some("Blueprint" | "APIRouter" | "APIBlueprint"))
                    && let Some(prefix) = argument(args, None, "url_prefix")
                        .or_else(|| argument(args, None, "prefix"))
                        .and_then(Expr::text)
                {
                    prefixes
                        .own
                        .entry(key(&module.path, name))
                        .or_insert_with(|| prefix.to_owned());
                }
            }
            _ => {}
        });
        // Django: `path("health/", …)`; only those of the root are sure to have no prefix.
        each_expression(&module.body, &mut |expr| {
            if let Some((function, args)) = expr.call()
                && matches!(function.last_name(), Some("path" | "re_path" | "url"))
                && root_urls.as_ref() == Some(&module.path)
                && module.outside(function).is_some_and(|name| name.starts_with("django."))
                && let Some(text) = argument(args, Some(0), "route").and_then(Expr::text)
                && !is_include(args)
                && let Some(rank) = rank(text)
            {
                let route = format!("/{}", text.trim_start_matches(['^', '/']).trim_end_matches('$'));
                routes.push((rank, route, None, module.at(expr.line)));
            }
        });
    }
    let (_, route, at) = routes
        .into_iter()
        .filter(|(_, route, ..)| !route.contains(['<', '{', '(']))
        .filter_map(|(rank, route, owner, at)| {
            let prefix = match owner {
                Some(owner) => prefixes.of(&owner, 8)?,
                None => String::new(),
            };
            Some((rank, format!("{prefix}{route}"), at))
        })
        .min_by_key(|(rank, route, _)| (*rank, route.len()))?;
    Some(Fact::certain(route, at))
}

/// Under which paths blueprints and routers are registered.
#[derive(Default)]
struct Prefixes {
    /// What a blueprint says of itself.
    own: BTreeMap<String, String>,
    /// On what it is registered with which prefix; None for one that is no literal.
    registered: BTreeMap<String, (String, Option<String>)>,
}

impl Prefixes {
    /// The whole prefix; None where a part of it is not written down.
    fn of(&self, object: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let own = self.own.get(object).cloned().unwrap_or_default();
        let Some((parent, given)) = self.registered.get(object) else {
            return Some(own.trim_end_matches('/').to_owned());
        };
        let above = self.of(parent, depth)?;
        let given = given.as_ref()?;
        Some(format!(
            "{above}{}{}",
            given.trim_end_matches('/'),
            own.trim_end_matches('/')
        ))
    }
}

fn key(path: &RelPath, name: &str) -> String {
    format!("{path}#{name}")
}

fn is_include(args: &[Arg]) -> bool {
    args.iter().any(|arg| {
        arg.value
            .call()
            .is_some_and(|(function, _)| function.last_name() == Some("include"))
    })
}

fn rank(route: &str) -> Option<usize> {
    let last = route.trim_matches(['/', '^', '$']).rsplit('/').next()?;
    NAMES.iter().position(|name| *name == last)
}

/// Routes of a function's decorators, with the object they are registered on.
fn decorated(function: &Function) -> Vec<(String, Option<String>, usize)> {
    function
        .decorators
        .iter()
        .filter_map(|decorator| {
            let (callee, args) = decorator.call()?;
            let Kind::Attr(object, method) = &callee.kind else {
                return None;
            };
            if !METHODS.contains(&method.as_str()) || only_writes(args) {
                return None;
            }
            let route = argument(args, Some(0), "rule")
                .or_else(|| argument(args, None, "path"))?
                .text()?;
            Some((route.to_owned(), object.name().map(str::to_owned), decorator.line))
        })
        .collect()
}

/// `methods=["POST"]` without GET.
fn only_writes(args: &[Arg]) -> bool {
    let Some(methods) = argument(args, None, "methods") else {
        return false;
    };
    let mut get = false;
    methods.walk(&mut |expr| get |= expr.text() == Some("GET"));
    !get
}

/// `app.register_blueprint(bp, url_prefix="/x")`, `app.include_router(router, prefix="/x")`.
fn registered(
    code: &Code<'_>,
    expr: &Expr,
    prefixes: &mut Prefixes,
    module: &super::parse::Module,
    place: &Place,
) {
    let Some((function, args)) = expr.call() else {
        return;
    };
    if !matches!(function.last_name(), Some("register_blueprint" | "include_router")) {
        return;
    }
    let Some(blueprint) = args
        .first()
        .and_then(|arg| definition(code, module, &arg.value, place))
    else {
        return;
    };
    let Kind::Attr(owner, _) = &function.kind else {
        return;
    };
    // An application made inside a function is known by its name in this file.
    let owner = definition(code, module, owner, place).map_or_else(
        || key(&module.path, owner.name().unwrap_or_default()),
        |owner| key(&owner.file, &owner.name),
    );
    let given = argument(args, None, "url_prefix").or_else(|| argument(args, None, "prefix"));
    let prefix = match given {
        None => Some(String::new()),
        Some(value) => value.text().map(str::to_owned),
    };
    let flask = function.last_name() == Some("register_blueprint");
    let child = key(&blueprint.file, &blueprint.name);
    if flask && given.is_some() {
        // Flask's registration replaces what the blueprint says of itself.
        prefixes.own.remove(&child);
        prefixes.own.insert(child.clone(), String::new());
    }
    prefixes.registered.insert(child, (owner, prefix));
}
