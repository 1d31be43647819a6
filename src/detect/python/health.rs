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
) -> Option<Fact<String>> {
    let mut prefixes: BTreeMap<String, String> = BTreeMap::new();
    let mut routes: Vec<(usize, String, Option<String>, Evidence)> = Vec::new();
    for path in files {
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        let worth_it = NAMES.iter().any(|name| text.contains(name))
            || text.contains("prefix");
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
                    prefixes.insert(key(&module.path, name), prefix.to_owned());
                }
            }
            _ => {}
        });
        // Django: `path("health/", …)`; only those of the root are sure to have no prefix.
        each_expression(&module.body, &mut |expr| {
            if let Some((function, args)) = expr.call()
                && matches!(function.last_name(), Some("path" | "re_path" | "url"))
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
    let (_, route, owner, at) = routes
        .into_iter()
        .filter(|(_, route, ..)| !route.contains(['<', '{', '(']))
        .min_by_key(|(rank, route, ..)| (*rank, route.len()))?;
    let prefix = owner.and_then(|name| prefixes.get(&name).cloned()).unwrap_or_default();
    Some(Fact::certain(
        format!("{}{route}", prefix.trim_end_matches('/')),
        at,
    ))
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
    prefixes: &mut BTreeMap<String, String>,
    module: &super::parse::Module,
    place: &Place,
) {
    let Some((function, args)) = expr.call() else {
        return;
    };
    if !matches!(function.last_name(), Some("register_blueprint" | "include_router")) {
        return;
    }
    let (Some(blueprint), Some(prefix)) = (
        args.first()
            .and_then(|arg| definition(code, module, &arg.value, place)),
        argument(args, None, "url_prefix")
            .or_else(|| argument(args, None, "prefix"))
            .and_then(Expr::text),
    ) else {
        return;
    };
    prefixes.insert(key(&blueprint.file, &blueprint.name), prefix.to_owned());
}
