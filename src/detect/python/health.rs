//! A route that answers without side effects.

use super::application::definition;
use super::code::Code;
use super::parse::Module;
use super::place::Place;
use super::syntax::{
    Arg, Expr, Function, Kind, StmtKind, argument, each_expression, each_statement, on_import,
};
use crate::project::{Evidence, Fact, RelPath};
use std::collections::{BTreeMap, BTreeSet};

/// Last parts of a path that mean health, best first.
const NAMES: &[&str] = &[
    "healthz",
    "health",
    "livez",
    "readyz",
    "healthcheck",
    "health-check",
    "health_check",
    "_health",
    "heartbeat",
    "__heartbeat__",
    "live",
    "ready",
    "ping",
    "alive",
    "status",
    "_status",
    "up",
];
/// How many of [`NAMES`] say so beyond doubt; the others may also be a page that asks who you are.
const SURE: usize = 10;

const METHODS: &[&str] = &["route", "get", "api_route", "view"];

/// Methods of an application or its router that take a path first.
const ADDS: &[&str] = &["add_route", "add_get", "add_api_route", "add_url_rule"];

/// One route that may tell of health.
struct Route {
    rank: usize,
    path: String,
    /// What it is registered on, where that has a prefix of its own.
    owner: Option<String>,
    at: Evidence,
}

/// The best health route declared in `files`.
pub(super) fn find<'p>(
    code: &Code<'_>,
    files: impl IntoIterator<Item = &'p RelPath>,
    place: &Place,
    django: Option<&RelPath>,
) -> Option<Fact<String>> {
    let mut prefixes: Prefixes = Prefixes::default();
    let mut routes: Vec<Route> = Vec::new();
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
        if let Some(module) = code.module(path) {
            in_module(code, &module, place, &mut prefixes, &mut routes);
        }
    }
    if let Some(urls) = django {
        let mut walk = Urls {
            code,
            place,
            routes: &mut routes,
            read: BTreeSet::new(),
            followed: BTreeSet::new(),
        };
        walk.file(urls, "/");
    }
    let (rank, route, at) = routes
        .into_iter()
        .filter(|route| !route.path.contains(['<', '{', '(', '\\']))
        // A WebSocket answers no plain request.
        .filter(|route| {
            !route
                .path
                .split('/')
                .any(|part| matches!(part, "ws" | "websocket" | "sockets"))
        })
        .filter_map(|route| {
            let prefix = match route.owner {
                Some(owner) => prefixes.of(&owner, 8)?,
                None => String::new(),
            };
            Some((route.rank, format!("{prefix}{}", route.path), route.at))
        })
        .min_by_key(|(rank, route, _)| (*rank, route.len()))?;
    Some(if rank < SURE {
        Fact::certain(route, at)
    } else {
        Fact::likely(route, at)
            .because("its name says so; whether it asks who you are was not read")
    })
}

fn in_module(
    code: &Code<'_>,
    module: &Module,
    place: &Place,
    prefixes: &mut Prefixes,
    routes: &mut Vec<Route>,
) {
    each_expression(&module.body, &mut |expr| {
        registered(code, expr, prefixes, module, place);
        routes.extend(added(module, expr));
    });
    // A handler of a class may have a prefix that its class says.
    for statement in on_import(&module.body) {
        if let StmtKind::Function(function) = &statement.kind {
            routes.extend(decorated(module, function));
        }
    }
    each_statement(&module.body, &mut |statement| match &statement.kind {
        // Routes inside a factory.
        StmtKind::Function(outer) => {
            for inner in &outer.body {
                if let StmtKind::Function(function) = &inner.kind {
                    routes.extend(decorated(module, function));
                }
            }
        }
        StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } => {
            // `bp = Blueprint("x", __name__, url_prefix="/x")`, `APIRouter(prefix="/x")`.
            if let (Some(name), Some((function, args))) =
                (targets.first().and_then(Expr::name), value.call())
                && matches!(
                    function.last_name(),
                    Some("Blueprint" | "APIRouter" | "APIBlueprint")
                )
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
}

/// `app.add_route("/health", …)` of Falcon, `router.add_get("/health", …)` and
/// `web.get("/health", …)` of aiohttp, `Route("/health", …)` of Starlette,
/// `("/health", Handler)` of Tornado, `config.add_route("health", "/health")` of Pyramid.
fn added(module: &Module, expr: &Expr) -> Option<Route> {
    let mut owner = None;
    let path = match &expr.kind {
        Kind::Call(function, args) => {
            let name = function.last_name()?;
            let outside = module.outside(function).unwrap_or_default();
            match &function.kind {
                _ if matches!(name, "Route" | "URLSpec") => {}
                _ if name == "get" && outside.starts_with("aiohttp.") => {}
                Kind::Attr(object, _) if ADDS.contains(&name) => {
                    owner = object.name().map(|name| key(&module.path, name));
                }
                _ => return None,
            }
            args.iter()
                .take(2)
                .filter_map(|arg| arg.value.text())
                .find(|text| text.starts_with('/'))?
        }
        Kind::List(parts) => {
            let [route, handler, ..] = parts.as_slice() else {
                return None;
            };
            handler.last_name()?;
            if !module
                .imports
                .iter()
                .any(|import| import.module.starts_with("tornado"))
            {
                return None;
            }
            route.text().filter(|text| text.starts_with('/'))?
        }
        _ => return None,
    };
    Some(Route {
        rank: rank(path)?,
        path: path.trim_end_matches(['$', '?']).to_owned(),
        owner,
        at: module.at(expr.line),
    })
}

/// Django's URL configurations, followed through `include`.
struct Urls<'a, 't> {
    code: &'a Code<'t>,
    place: &'a Place,
    routes: &'a mut Vec<Route>,
    read: BTreeSet<RelPath>,
    /// Names whose value is being read.
    followed: BTreeSet<(RelPath, String)>,
}

impl Urls<'_, '_> {
    fn file(&mut self, path: &RelPath, prefix: &str) {
        if !self.read.insert(path.clone()) {
            return;
        }
        let Some(module) = self.code.module(path) else {
            return;
        };
        for statement in on_import(&module.body) {
            if let StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } = &statement.kind
                && targets.iter().any(|target| {
                    target
                        .last_name()
                        .is_some_and(|name| name.contains("urlpatterns"))
                })
            {
                self.patterns(&module, value, prefix);
            }
        }
    }

    /// The entries of a list, and of lists joined by `+`.
    fn patterns(&mut self, module: &Module, list: &Expr, prefix: &str) {
        match &list.kind {
            Kind::List(items) => {
                for item in items {
                    self.pattern(module, item, prefix);
                }
            }
            Kind::Binary(left, _, right) => {
                self.patterns(module, left, prefix);
                self.patterns(module, right, prefix);
            }
            Kind::Name(name) => {
                // A list may be made of itself.
                let is_new = self.followed.insert((module.path.clone(), name.clone()));
                if let Some(value) = module.assigned(name).filter(|_| is_new) {
                    self.patterns(module, value, prefix);
                    self.followed.remove(&(module.path.clone(), name.clone()));
                }
            }
            Kind::Call(_, args) => {
                for arg in args {
                    self.patterns(module, &arg.value, prefix);
                }
            }
            // `[…] if DEBUG else []`, `*patterns`.
            Kind::Other(parts) => {
                for part in parts {
                    self.patterns(module, part, prefix);
                }
            }
            _ => {}
        }
    }

    fn pattern(&mut self, module: &Module, item: &Expr, prefix: &str) {
        let Some((function, args)) = item.call() else {
            self.patterns(module, item, prefix);
            return;
        };
        if !matches!(function.last_name(), Some("path" | "re_path" | "url")) {
            self.patterns(module, item, prefix);
            return;
        }
        let Some(text) = argument(args, Some(0), "route").and_then(Expr::text) else {
            return;
        };
        let text = text.trim_start_matches(['^', '/']).trim_end_matches('$');
        let route = format!("{prefix}{text}");
        let view = argument(args, Some(1), "view");
        if let Some((include, inside)) = view.and_then(Expr::call)
            && include.last_name() == Some("include")
        {
            self.included(module, inside, &route);
            return;
        }
        if let Some(rank) = rank(&route) {
            self.routes.push(Route {
                rank,
                path: route,
                owner: None,
                at: module.at(item.line),
            });
        }
    }

    /// What `include(…)` names: a module by its dotted name, or a list.
    fn included(&mut self, module: &Module, args: &[Arg], prefix: &str) {
        let Some(first) = args.first().map(|arg| &arg.value) else {
            return;
        };
        // `include((patterns, "namespace"))`
        let first = match &first.kind {
            Kind::List(parts)
                if matches!(parts.as_slice(), [inner, name]
                if name.text().is_some() && inner.call().is_none()) =>
            {
                &parts[0]
            }
            _ => first,
        };
        match first.text() {
            Some(dotted) => {
                if let Some(path) = self.code.file_below(&self.place.base, dotted) {
                    self.file(&path, prefix);
                }
            }
            None => self.patterns(module, first, prefix),
        }
    }
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

fn rank(route: &str) -> Option<usize> {
    let last = route.trim_matches(['/', '^', '$']).rsplit('/').next()?;
    NAMES.iter().position(|name| *name == last)
}

/// Routes of a function's decorators, with the object they are registered on.
fn decorated(module: &Module, function: &Function) -> Vec<Route> {
    function
        .decorators
        .iter()
        .filter_map(|decorator| {
            let (callee, args) = decorator.call()?;
            let owner = match &callee.kind {
                Kind::Attr(object, method) if METHODS.contains(&method.as_str()) => {
                    object.name().map(|name| key(&module.path, name))
                }
                // `@get("/health")` of Litestar and Bottle.
                Kind::Name(name) if matches!(name.as_str(), "get" | "route") => {
                    let from = module.binding(name)?;
                    matches!(
                        from.module.as_str(),
                        "litestar" | "litestar.handlers" | "bottle"
                    )
                    .then_some(())?;
                    None
                }
                _ => return None,
            };
            if only_writes(args) {
                return None;
            }
            let path = ["rule", "path", "uri"]
                .iter()
                .find_map(|name| argument(args, Some(0), name))?
                .text()?;
            Some(Route {
                rank: rank(path)?,
                path: path.to_owned(),
                owner,
                at: module.at(decorator.line),
            })
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
    module: &Module,
    place: &Place,
) {
    let Some((function, args)) = expr.call() else {
        return;
    };
    if !matches!(
        function.last_name(),
        Some("register_blueprint" | "include_router")
    ) {
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
