//! Celery: an application with tasks is a worker, one with a schedule has a beat beside it.

use super::application::definition;
use super::code::Code;
use super::django::celery_name;
use super::manifest::Package;
use super::mention::Mention;
use super::parse::Module;
use super::place::Place;
use super::syntax::{
    Expr, Kind, Stmt, StmtKind, argument, each_expression, each_statement, on_import,
};
use crate::project::{Evidence, RelPath};

/// One Celery application that has work to do.
#[derive(Debug)]
pub(super) struct Celery {
    pub(super) file: RelPath,
    pub(super) at: Evidence,
    /// What `celery -A` is given.
    pub(super) name: String,
    pub(super) place: Place,
    /// Where a schedule is declared.
    pub(super) beat: Option<Evidence>,
}

/// File names in which the application that a worker is given usually is, best first.
const USUAL: &[&str] = &[
    "celery_worker",
    "celery_app",
    "make_celery",
    "celeryapp",
    "celery",
    "worker",
    "tasks",
];

/// An object that is a Celery application.
struct Object {
    file: RelPath,
    name: String,
    line: usize,
    /// Whether it gets its tasks by itself: `include`, `autodiscover_tasks`.
    gathers: bool,
}

/// Finds the Celery application of a project that has tasks: the one that a command names, else
/// the one that gathers them, else the one in the usual place.
pub(super) fn find(
    code: &Code<'_>,
    package: &Package,
    files: &[RelPath],
    mentions: &[Mention],
) -> Option<Celery> {
    let worth_it = code.whose(files, |text| text.contains("elery"));
    let makers: Vec<(RelPath, String)> = worth_it
        .iter()
        .filter_map(|path| code.module(path))
        .flat_map(|module| makers(&module))
        .collect();
    let mut objects: Vec<Object> = Vec::new();
    for path in &worth_it {
        if let Some(module) = code.module(path) {
            let place = Place::of(code, &package.root, path);
            objects.extend(in_module(code, &module, &place, &makers));
        }
    }
    objects.retain(|object| object.gathers || has_tasks(code, &worth_it, object));
    let mut found: Vec<(usize, Celery)> = objects
        .iter()
        .filter_map(|object| {
            let place = Place::of(code, &package.root, &object.file);
            let name = celery_name(&object.file, &place.base)?;
            let mentioned = mentions
                .iter()
                .filter(|mention| mention.program() == "celery")
                .filter_map(|mention| mention.option(&["-A", "--app"]))
                .any(|app| {
                    let module = app.split(':').next().unwrap_or_default();
                    let module = module.strip_suffix(".celery").unwrap_or(module);
                    module == name || module == format!("{name}.celery")
                });
            let usual = USUAL
                .iter()
                .position(|usual| *usual == object.file.stem())
                .unwrap_or(USUAL.len());
            let rank = usize::from(!mentioned) * 100 + usize::from(!object.gathers) * 10 + usual;
            let at = code.module(&object.file)?.at(object.line);
            Some((
                rank,
                Celery {
                    file: object.file.clone(),
                    at,
                    name,
                    place,
                    beat: None,
                },
            ))
        })
        .collect();
    found.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.file.cmp(&other.file)));
    let (_, mut celery) = found.into_iter().next()?;
    celery.beat = schedule(code, package, files);
    Some(celery)
}

fn is_celery(module: &Module, value: &Expr) -> bool {
    value.call().is_some_and(|(function, _)| {
        matches!(
            module.outside(function).as_deref(),
            Some("celery.Celery" | "celery.app.Celery" | "celery.app.base.Celery")
        )
    })
}

/// Functions that make a Celery application and return it.
fn makers(module: &Module) -> Vec<(RelPath, String)> {
    on_import(&module.body)
        .into_iter()
        .filter_map(|statement| match &statement.kind {
            StmtKind::Function(function) => {
                let mut makes = false;
                each_expression(&function.body, &mut |expr| makes |= is_celery(module, expr));
                let mut returns = false;
                each_statement(&function.body, &mut |inner: &Stmt| {
                    returns |= matches!(inner.kind, StmtKind::Return(Some(_)));
                });
                (makes && returns).then(|| (module.path.clone(), function.name.clone()))
            }
            _ => None,
        })
        .collect()
}

fn in_module(
    code: &Code<'_>,
    module: &Module,
    place: &Place,
    makers: &[(RelPath, String)],
) -> Vec<Object> {
    let mut found = Vec::new();
    for statement in on_import(&module.body) {
        let StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } = &statement.kind
        else {
            continue;
        };
        let Some(name) = targets.first().and_then(Expr::name) else {
            continue;
        };
        let made = || {
            let (function, _) = value.call()?;
            let definition = definition(code, module, function, place)?;
            makers
                .contains(&(definition.file, definition.name))
                .then_some(())
        };
        // Flask keeps it: `celery = app.extensions["celery"]`.
        let kept = matches!(&value.kind, Kind::Index(object, key)
            if object.last_name() == Some("extensions") && key.text() == Some("celery"));
        if is_celery(module, value) || kept || made().is_some() {
            found.push(Object {
                file: module.path.clone(),
                name: name.to_owned(),
                line: statement.line,
                gathers: gathers(module, name, value),
            });
        }
    }
    // A worker's own module imports the application and prepares it.
    if found.is_empty()
        && matches!(
            module.path.stem(),
            "celery_worker" | "celery_app" | "celeryapp"
        )
        && let Some(import) = module
            .imports
            .iter()
            .find(|import| matches!(import.local.as_str(), "celery" | "celery_app"))
        && code
            .locate(&module.path, import.level, &import.module, &place.roots)
            .is_some()
    {
        found.push(Object {
            file: module.path.clone(),
            name: import.local.clone(),
            line: import.line,
            gathers: true,
        });
    }
    found
}

/// Whether it is told where its tasks are.
fn gathers(module: &Module, object: &str, value: &Expr) -> bool {
    let mut gathers = value.call().is_some_and(|(_, args)| {
        ["include", "imports"]
            .iter()
            .any(|name| argument(args, None, name).is_some())
    });
    each_expression(&module.body, &mut |expr| {
        if let Kind::Attr(owner, name) = &expr.kind
            && owner.name() == Some(object)
        {
            gathers |= matches!(name.as_str(), "autodiscover_tasks" | "register_task");
        }
        // `celery.conf.update(imports=(…))`
        if let Some((function, args)) = expr.call()
            && function.last_name() == Some("update")
        {
            gathers |= argument(args, None, "imports").is_some();
        }
    });
    gathers
}

/// Whether tasks are registered on it: `@app.task`, `@shared_task`.
fn has_tasks(code: &Code<'_>, files: &[&RelPath], object: &Object) -> bool {
    files.iter().any(|path| {
        code.tree
            .text(path)
            .is_some_and(|text| text.contains("shared_task") || text.contains(".task"))
            && code
                .module(path)
                .is_some_and(|module| registers(&module, object))
    })
}

fn registers(module: &Module, object: &Object) -> bool {
    let of_object = |owner: &Expr| {
        let Some(name) = owner.name() else {
            return false;
        };
        let imported = module
            .binding(name)
            .is_some_and(|binding| binding.name.as_deref() == Some(&object.name));
        imported || module.path == object.file && name == object.name
    };
    let mut tasks = false;
    each_statement(&module.body, &mut |statement| {
        let StmtKind::Function(function) = &statement.kind else {
            return;
        };
        for decorator in &function.decorators {
            let name = decorator.call().map_or(decorator, |(name, _)| name);
            tasks |= module.outside(name).as_deref() == Some("celery.shared_task")
                || matches!(&name.kind, Kind::Attr(owner, task) if task == "task" && of_object(owner));
        }
    });
    tasks
}

/// Where periodic tasks are declared.
fn schedule(code: &Code<'_>, package: &Package, files: &[RelPath]) -> Option<Evidence> {
    const WORDS: &[&str] = &[
        "beat_schedule",
        "CELERY_BEAT_SCHEDULE",
        "CELERYBEAT_SCHEDULE",
        "add_periodic_task",
    ];
    for path in code.whose(files, |text| WORDS.iter().any(|word| text.contains(word))) {
        let Some(module) = code.module(path) else {
            continue;
        };
        let mut found = None;
        each_expression(&module.body, &mut |expr| {
            let named = expr.last_name().is_some_and(|name| WORDS.contains(&name));
            let told = expr.call().is_some_and(|(_, args)| {
                args.iter()
                    .any(|arg| arg.name.as_deref() == Some("beat_schedule"))
            });
            if named || told {
                found.get_or_insert(module.at(expr.line));
            }
        });
        if found.is_some() {
            return found;
        }
    }
    package
        .runtime("django-celery-beat")
        .map(|requirement| requirement.declared.clone())
}
