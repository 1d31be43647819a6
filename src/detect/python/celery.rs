//! Celery: an application with tasks is a worker, one with a schedule has a beat beside it.

use super::code::Code;
use super::django::celery_name;
use super::manifest::Package;
use super::place::Place;
use super::syntax::{Expr, Kind, StmtKind, argument, each_expression, each_statement, on_import};
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

/// Finds the Celery applications of a project that have tasks.
pub(super) fn find(code: &Code<'_>, package: &Package, files: &[RelPath]) -> Vec<Celery> {
    let mut found = Vec::new();
    let schedule = schedule(code, package, files);
    for path in files {
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        if !text.contains("Celery(") {
            continue;
        }
        let Some(module) = code.module(path) else {
            continue;
        };
        for statement in on_import(&module.body) {
            let StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } = &statement.kind
            else {
                continue;
            };
            let (Some(object), Some((function, args))) =
                (targets.first().and_then(Expr::name), value.call())
            else {
                continue;
            };
            if !matches!(module.outside(function).as_deref(), Some("celery.Celery" | "celery.app.Celery")) {
                continue;
            }
            let included = argument(args, None, "include").is_some();
            if !(included || has_tasks(code, files, path, object)) {
                continue;
            }
            let place = Place::of(code, &package.root, path);
            let Some(name) = celery_name(path, &place.base) else {
                continue;
            };
            found.push(Celery {
                file: path.clone(),
                at: module.at(statement.line),
                name,
                place,
                beat: schedule.clone(),
            });
        }
    }
    found.truncate(1);
    found
}

/// Whether tasks are registered on it: `@app.task`, `autodiscover_tasks`, `@shared_task`.
fn has_tasks(code: &Code<'_>, files: &[RelPath], file: &RelPath, object: &str) -> bool {
    let Some(module) = code.module(file) else {
        return false;
    };
    let mut own = false;
    each_expression(&module.body, &mut |expr| {
        if let Kind::Attr(owner, name) = &expr.kind
            && owner.name() == Some(object)
            && matches!(name.as_str(), "task" | "autodiscover_tasks" | "register_task")
        {
            own = true;
        }
    });
    own || files.iter().any(|path| {
        code.tree
            .text(path)
            .is_some_and(|text| text.contains("shared_task") || text.contains(".task"))
            && code.module(path).is_some_and(|other| {
                let mut tasks = false;
                each_statement(&other.body, &mut |statement| {
                    if let StmtKind::Function(function) = &statement.kind {
                        for decorator in &function.decorators {
                            let name = decorator.call().map_or(decorator, |(name, _)| name);
                            let of_import = name.last_name() == Some("task")
                                && matches!(&name.kind, Kind::Attr(owner, _) if owner.name().is_some_and(|n| other.binding(n).is_some_and(|b| b.name.as_deref() == Some(object))));
                            tasks |= other.outside(name).as_deref() == Some("celery.shared_task")
                                || of_import;
                        }
                    }
                });
                tasks
            })
    })
}

/// Where periodic tasks are declared.
fn schedule(code: &Code<'_>, package: &Package, files: &[RelPath]) -> Option<Evidence> {
    for path in files {
        let text = code.tree.text(path)?;
        if !["beat_schedule", "BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE", "add_periodic_task"]
            .iter()
            .any(|word| text.contains(word))
        {
            continue;
        }
        let module = code.module(path)?;
        let mut found = None;
        each_expression(&module.body, &mut |expr| {
            if let Some(name) = expr.last_name()
                && matches!(
                    name,
                    "beat_schedule" | "CELERY_BEAT_SCHEDULE" | "CELERYBEAT_SCHEDULE" | "add_periodic_task"
                )
            {
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
