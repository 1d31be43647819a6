//! Folders and files that a service needs when it runs, and those that it writes to.

use super::code::Code;
use super::manifest::Package;
use super::parse::Module;
use super::paths::Paths;
use super::place::Place;
use super::role;
use super::syntax::{
    Arg, Expr, Kind, StmtKind, argument, each_expression, each_statement, on_import,
};
use crate::project::{Confidence, Evidence, Fact, RelPath, Service, Single};
use std::collections::BTreeSet;

/// Fills templates, static folders, writable folders, sources and what follows from them.
pub(super) fn fill(
    code: &Code<'_>,
    package: &Package,
    place: &Place,
    files: &BTreeSet<RelPath>,
    service: &mut Service,
) {
    let working_dir = service.working_dir.value.clone();
    let paths = Paths {
        code,
        working_dir: &working_dir,
        roots: &place.roots,
    };
    let mut writes = Writes::default();
    for path in files {
        if let Some(module) = code.module(path) {
            folders(&paths, &module, service);
            writes.note(&module);
        }
    }
    // With a driver of a database server at hand, a file is what development falls back to.
    let has_server = [
        "psycopg2",
        "psycopg2-binary",
        "psycopg",
        "pymysql",
        "mysqlclient",
        "asyncpg",
    ]
    .iter()
    .any(|name| package.runtime(name).is_some());
    // A name that is written to in one module is often a setting of another.
    for path in files {
        if let Some(module) = code.module(path) {
            writes.settings(&paths, &module, service);
            logs(&paths, &module, service);
            if !has_server {
                sqlite(&paths, &module, service);
            }
        }
    }
    sources(&paths, package, place, files, service);
}

fn add(list: &mut Vec<Fact<RelPath>>, fact: Fact<RelPath>) {
    match list.iter_mut().find(|known| known.value == fact.value) {
        Some(known) => known.evidence.extend(fact.evidence),
        None => list.push(fact),
    }
}

/// Template and static folders that a framework's classes are told, or look for by themselves.
fn folders(paths: &Paths<'_, '_>, module: &Module, service: &mut Service) {
    let here = module.path.parent();
    let mut told: Vec<(bool, RelPath, usize)> = Vec::new();
    let mut usual = Vec::new();
    each_expression(&module.body, &mut |expr| {
        let Some((function, args)) = expr.call() else {
            return;
        };
        let class = module.outside(function).unwrap_or_default();
        let last = class.rsplit('.').next().unwrap_or_default();
        match last {
            "Flask" | "Blueprint" | "APIFlask" | "Quart" => {
                for (name, is_template) in [("template_folder", true), ("static_folder", false)] {
                    match argument(args, None, name) {
                        Some(value) => {
                            // Flask takes a relative text from the module's own folder.
                            let path = match value.text() {
                                Some(text) => here.join(text).ok(),
                                None => paths.of(module, value),
                            };
                            told.extend(path.map(|path| (is_template, path, value.line)));
                        }
                        None if last != "Blueprint" => {
                            let name = if is_template { "templates" } else { "static" };
                            usual.extend(here.join(name).ok().map(|p| (is_template, p, expr.line)));
                        }
                        None => {}
                    }
                }
            }
            "Jinja2Templates" => {
                if let Some(value) = argument(args, Some(0), "directory")
                    && let Some(path) = paths.of(module, value)
                {
                    told.push((true, path, value.line));
                }
            }
            "StaticFiles" => {
                if let Some(value) = argument(args, None, "directory")
                    && let Some(path) = paths.of(module, value)
                {
                    told.push((false, path, value.line));
                }
            }
            _ => {}
        }
    });
    for (is_template, path, line) in told {
        if paths.code.tree.has_folder(&path) {
            let list = if is_template {
                &mut service.templates
            } else {
                &mut service.static_dirs
            };
            add(list, Fact::certain(path, module.at(line)));
        } else {
            add(&mut service.expected, Fact::certain(path, module.at(line)));
        }
    }
    for (is_template, path, line) in usual {
        if paths.code.tree.has_folder(&path) {
            let list = if is_template {
                &mut service.templates
            } else {
                &mut service.static_dirs
            };
            add(
                list,
                Fact::likely(path, module.at(line)).because("the framework looks there"),
            );
        }
    }
}

/// Names of variables, attributes and settings that end up where something is written.
#[derive(Default)]
struct Writes {
    names: BTreeSet<String>,
}

/// Whether a setting of this name and value is a folder.
fn names_folder(name: &str, value: &Expr) -> bool {
    let upper = name.to_uppercase();
    let folder = ["FOLDER", "DIR", "DIRECTORY", "DIRS"]
        .iter()
        .any(|end| upper.ends_with(end));
    let bare = value.text().is_some_and(|text| !text.contains('/'));
    folder || !bare && (upper.ends_with("PATH") || upper.contains("UPLOAD"))
}

impl Writes {
    fn note(&mut self, module: &Module) {
        // A management command is run by hand, in the source tree, and so is what builds the package.
        if module.path.as_str().contains("management/commands/") || role::builds(module) {
            return;
        }
        let mut here: BTreeSet<String> = BTreeSet::new();
        each_expression(&module.body, &mut |expr| {
            for target in written(module, expr) {
                names_in(target, &mut here);
            }
        });
        // `path = os.path.join(config["UPLOAD_FOLDER"], name)`, then `file.save(path)`.
        for _ in 0..3 {
            let mut more = BTreeSet::new();
            each_statement(&module.body, &mut |statement| {
                if let StmtKind::Assign {
                    targets,
                    value: Some(value),
                    ..
                } = &statement.kind
                    && targets
                        .iter()
                        .any(|target| target.last_name().is_some_and(|name| here.contains(name)))
                {
                    names_in(value, &mut more);
                }
            });
            let before = here.len();
            here.extend(more);
            if here.len() == before {
                break;
            }
        }
        self.names.extend(here);
    }

    fn settings(&self, paths: &Paths<'_, '_>, module: &Module, service: &mut Service) {
        let working_dir = paths.working_dir;
        let on_import: BTreeSet<usize> = on_import(&module.body)
            .into_iter()
            .map(|statement| statement.line)
            .collect();
        each_statement(&module.body, &mut |statement| {
            let StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } = &statement.kind
            else {
                return;
            };
            let name = targets.first().and_then(|target| match &target.kind {
                Kind::Index(_, key) => key.text(),
                _ => target.last_name(),
            });
            let Some(name) = name else {
                return;
            };
            // One word that a function keeps for itself is a part of a path.
            let local = matches!(
                targets.first().map(|target| &target.kind),
                Some(Kind::Name(_))
            ) && !on_import.contains(&statement.line);
            if local && value.text().is_some_and(|text| !text.contains('/')) {
                return;
            }
            let media = name == "MEDIA_ROOT";
            if !(media || (names_folder(name, value) && self.names.contains(name))) {
                return;
            }
            let Some(path) = paths.of(module, value).map(folder_of) else {
                return;
            };
            if path == *working_dir
                || path.is_root()
                || !path.is_within(&service.root)
                || role::beside(&path)
                // A volume would hide it.
                || paths.code.tree.holds_code(&path)
            {
                return;
            }
            let confidence = if media {
                Confidence::Likely
            } else {
                Confidence::Certain
            };
            let at = module.at(statement.line);
            if name.to_uppercase().contains("UPLOAD") || media {
                single(
                    service,
                    "local-uploads",
                    "uploads lie in a local folder that two containers would not share",
                    at.clone(),
                );
            }
            add(&mut service.writable, Fact::new(path, confidence, vec![at]));
        });
    }
}

/// Folders of the files that handlers of `logging.config` write: the start fails where one is not
/// there.
fn logs(paths: &Paths<'_, '_>, module: &Module, service: &mut Service) {
    each_expression(&module.body, &mut |expr| {
        let Kind::Dict(pairs) = &expr.kind else {
            return;
        };
        let value = |name: &str| {
            let mut pairs = pairs.iter();
            pairs
                .find(|(key, _)| key.text() == Some(name))
                .map(|(_, value)| value)
        };
        let writes = ["class", "()"].iter().any(|key| {
            value(key)
                .and_then(Expr::text)
                .is_some_and(|class| class.ends_with("FileHandler"))
        });
        let Some(file) = value("filename").filter(|_| writes) else {
            return;
        };
        let Some(folder) = paths.of(module, file).map(|path| path.parent()) else {
            return;
        };
        // A script that clears them may lie beside the logs; a volume may hide that, but no module.
        let holds_modules = || {
            let mut modules = paths.code.tree.with_extension("py");
            modules.any(|path| path.is_within(&folder))
        };
        if folder != *paths.working_dir
            && !folder.is_root()
            && folder.is_within(&service.root)
            && !holds_modules()
        {
            add(
                &mut service.writable,
                Fact::certain(folder, module.at(file.line)),
            );
        }
    });
}

/// The folder of a path: a file's is its parent.
fn folder_of(path: RelPath) -> RelPath {
    if path.file_name().contains('.') {
        path.parent()
    } else {
        path
    }
}

fn names_in(expr: &Expr, names: &mut BTreeSet<String>) {
    expr.walk(&mut |inner| match &inner.kind {
        Kind::Name(name) | Kind::Attr(_, name) => {
            names.insert(name.clone());
        }
        Kind::Index(_, key) => {
            names.extend(key.text().map(str::to_owned));
        }
        Kind::Call(function, args) if function.last_name() == Some("get") => {
            names.extend(
                args.first()
                    .and_then(|arg| arg.value.text())
                    .map(str::to_owned),
            );
        }
        _ => {}
    });
}

/// The paths that an expression writes to.
fn written<'e>(module: &Module, expr: &'e Expr) -> Vec<&'e Expr> {
    let Some((function, args)) = expr.call() else {
        return Vec::new();
    };
    let first = || args.first().map(|arg| &arg.value).into_iter().collect();
    let outside = module.outside(function).unwrap_or_default();
    match outside.as_str() {
        "os.makedirs" | "os.mkdir" => return first(),
        "shutil.copy" | "shutil.copyfile" | "shutil.move" | "shutil.copy2" => {
            return args.get(1).map(|arg| &arg.value).into_iter().collect();
        }
        _ => {}
    }
    match &function.kind {
        Kind::Name(name) if name == "open" && writes_mode(args) => first(),
        // A storage has a place of its own for the names that it is given.
        Kind::Attr(object, method)
            if method == "save"
                && !object
                    .last_name()
                    .is_some_and(|name| name.to_lowercase().contains("storage")) =>
        {
            first()
        }
        Kind::Attr(object, method)
            if matches!(method.as_str(), "mkdir" | "write_text" | "write_bytes") =>
        {
            vec![object]
        }
        Kind::Attr(object, method) if method == "open" && writes_mode(args) => vec![object],
        _ => Vec::new(),
    }
}

fn writes_mode(args: &[Arg]) -> bool {
    args.iter().any(|arg| {
        arg.value.text().is_some_and(|mode| {
            mode.len() <= 3 && mode.starts_with(['w', 'a', 'x']) || mode == "r+"
        })
    })
}

/// A database in a file: one container, and its folder is written to.
fn sqlite(paths: &Paths<'_, '_>, module: &Module, service: &mut Service) {
    let mut found: Vec<(Option<RelPath>, usize)> = Vec::new();
    each_expression(&module.body, &mut |expr| match &expr.kind {
        Kind::Call(function, args)
            if module.outside(function).is_some_and(|name| {
                matches!(name.as_str(), "sqlite3.connect" | "aiosqlite.connect")
            }) =>
        {
            if let Some(value) = argument(args, Some(0), "database")
                && value.text() != Some(":memory:")
            {
                found.push((paths.of(module, value), expr.line));
            }
        }
        Kind::Str(text) if text.starts_with("sqlite") && text.contains(":///") => {
            let file = text.split(":///").nth(1).unwrap_or_default();
            if !file.is_empty() && file != ":memory:" {
                found.push((paths.working_dir.join(file).ok(), expr.line));
            }
        }
        Kind::Str(text) if text == "django.db.backends.sqlite3" => {
            found.push((None, expr.line));
        }
        // `"sqlite:///" + folder + "/records.db"`; the whole sum comes before what is in it.
        Kind::Binary(_, operator, _)
            if operator == "+" && found.iter().all(|(_, line)| *line != expr.line) =>
        {
            let parts = summands(expr);
            if is_sqlite(parts[0].text()) {
                let rest: Option<String> = parts[2..].iter().map(|part| part.text()).collect();
                let start = paths.of(module, parts[1]);
                let path = start
                    .zip(rest)
                    .and_then(|(start, rest)| below(start, &rest));
                found.push((path, expr.line));
            }
        }
        // `f"sqlite:///{folder}/records.db"`
        Kind::Template(text, inside) if is_sqlite(Some(text)) => {
            let rest = text.split(":///").nth(1).unwrap_or_default();
            let start = match &inside[..] {
                [only] => paths.of(module, only),
                _ => None,
            };
            found.push((start.and_then(|start| below(start, rest)), expr.line));
        }
        _ => {}
    });
    for (path, line) in found {
        single(
            service,
            "sqlite",
            "the database is a SQLite file, which one container at a time may write",
            module.at(line),
        );
        if let Some(folder) = path.map(|path| path.parent())
            && folder != *paths.working_dir
            && !folder.is_root()
        {
            add(
                &mut service.writable,
                Fact::certain(folder, module.at(line)),
            );
        }
    }
}

fn is_sqlite(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with("sqlite") && text.contains(":///"))
}

/// The file that the rest of a URL names, behind the path that it goes on from.
fn below(start: RelPath, rest: &str) -> Option<RelPath> {
    let rest = rest.split('?').next().unwrap_or_default();
    match rest.trim_start_matches('/') {
        "" => Some(start),
        rest => start.join(rest).ok(),
    }
}

/// What a sum is of, from the left.
fn summands(mut expr: &Expr) -> Vec<&Expr> {
    let mut all = Vec::new();
    while let Kind::Binary(left, operator, right) = &expr.kind
        && operator == "+"
    {
        all.push(&**right);
        expr = left;
    }
    all.push(expr);
    all.reverse();
    all
}

/// Says that only one may run; the first reason stays.
pub(super) fn single(service: &mut Service, reason: &'static str, message: &str, at: Evidence) {
    if let Some(known) = &mut service.single {
        if known.value.reason == reason && !known.evidence.contains(&at) {
            known.evidence.push(at);
        }
        return;
    }
    service.single = Some(Fact::certain(
        Single {
            reason,
            message: message.to_owned(),
        },
        at,
    ));
}

/// What must be copied for it to run: outermost paths, sorted.
fn sources(
    paths: &Paths<'_, '_>,
    package: &Package,
    place: &Place,
    files: &BTreeSet<RelPath>,
    service: &mut Service,
) {
    let tree = paths.code.tree;
    let mut needed: BTreeSet<RelPath> = BTreeSet::new();
    let roots: Vec<RelPath> = service
        .import_roots
        .iter()
        .map(|fact| fact.value.clone())
        .collect();
    for path in files {
        needed.insert(unit(path, &place.base, &roots));
    }
    for fact in service.templates.iter().chain(&service.static_dirs) {
        needed.insert(fact.value.clone());
    }
    if let Some(migration) = &service.migration {
        needed.insert(migration.value.folder.clone());
        needed.extend(
            package
                .root
                .join("alembic.ini")
                .ok()
                .filter(|path| tree.has(path)),
        );
    }
    for name in ["gunicorn.conf.py", "manage.py"] {
        needed.extend(package.root.join(name).ok().filter(|path| tree.has(path)));
    }
    // Files and folders that the code names.
    for path in files {
        let Some(module) = paths.code.module(path) else {
            continue;
        };
        each_expression(&module.body, &mut |expr| {
            let named = match &expr.kind {
                Kind::Str(text)
                    if text.len() < 200 && (text.contains('/') || text.contains('.')) =>
                {
                    paths.of(&module, expr)
                }
                Kind::Binary(_, operator, _) if operator == "/" => paths.of(&module, expr),
                Kind::Call(..) => paths.of(&module, expr),
                _ => None,
            };
            let Some(named) = named.filter(|named| {
                !named.is_root()
                    && !paths.working_dir.is_within(named)
                    && !named.file_name().starts_with(".env")
                    && !role::is_test(named)
            }) else {
                return;
            };
            if !tree.has(&named) && !tree.has_folder(&named) {
                let fact = Fact::certain(named, module.at(expr.line));
                add(&mut service.expected, fact);
            } else if !role::beside(&named)
                && !service.writable.iter().any(|fact| fact.value == named)
            {
                needed.insert(named);
            }
        });
    }
    let mut outermost: Vec<RelPath> = Vec::new();
    for path in needed {
        if !outermost.iter().any(|known| path.is_within(known)) {
            outermost.retain(|known| !known.is_within(&path));
            outermost.push(path);
        }
    }
    outermost.sort();
    service.sources = outermost;
}

/// The folder right below an import root that holds a file, or the file itself.
fn unit(path: &RelPath, base: &RelPath, roots: &[RelPath]) -> RelPath {
    let root = std::iter::once(base)
        .chain(roots)
        .filter(|root| path.is_within(root))
        .max_by_key(|root| root.depth());
    let Some(root) = root else {
        return path.clone();
    };
    let first = path
        .below(root)
        .and_then(|below| below.as_str().split('/').next().map(str::to_owned));
    first
        .and_then(|first| root.join(&first).ok())
        .unwrap_or_else(|| path.clone())
}
