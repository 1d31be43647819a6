//! Which of the applications that were found stand for themselves.

use super::application::Application;
use super::code::Code;
use super::mention::Mention;
use super::place::dotted;
use super::syntax::{Arg, Stmt, each_expression};
use crate::project::RelPath;

/// A server for production names it.
pub(super) const SERVED: usize = 0;
/// Another command names it.
const NAMED: usize = 1;
/// A command runs its file.
const RUN: usize = 2;
/// No command names it.
pub(super) const UNNAMED: usize = 3;

/// How much a command says of this application; None where it is not about it.
pub(super) fn strength(mention: &Mention, application: &Application) -> Option<usize> {
    let file = &application.file;
    if let Some(target) = mention.target() {
        let (module, object) = target.split_once(':').unwrap_or((target, ""));
        let object = object.split('(').next().unwrap_or_default();
        let module = module
            .strip_suffix(".py")
            .unwrap_or(module)
            .replace('/', ".");
        let known = (0..=file.depth()).any(|up| {
            let mut base = file.clone();
            for _ in 0..up {
                base = base.parent();
            }
            dotted(file, &base).as_deref() == Some(module.as_str())
        });
        let is_it = known && (object.is_empty() || object == application.object);
        return is_it.then_some(if mention.deploys() { SERVED } else { NAMED });
    }
    // `python app.py`, but not `python manage.py shell`.
    let mut words = mention
        .arguments()
        .iter()
        .filter(|word| !word.starts_with('-'));
    let script = words.next().filter(|_| mention.is_python())?;
    let runs = script.ends_with(".py")
        && words.next().is_none()
        && mention.folder.join(script).is_ok_and(|path| path == *file);
    runs.then_some(RUN)
}

/// File names in which the application usually is, best first.
const USUAL: &[&str] = &[
    "wsgi",
    "asgi",
    "main",
    "app",
    "server",
    "run",
    "application",
    "api",
    "__init__",
];

fn rank(application: &Application) -> (usize, usize, bool, usize) {
    let usual = USUAL
        .iter()
        .position(|name| *name == application.file.stem())
        .unwrap_or(USUAL.len());
    (
        application.strength,
        application.file.depth(),
        application.factory,
        usual,
    )
}

/// Keeps the applications that stand for themselves.
pub(super) fn choose(code: &Code<'_>, mut found: Vec<Application>) -> Vec<Application> {
    found.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.entry.cmp(&b.entry)));
    let reaches: Vec<_> = found
        .iter()
        .map(|one| {
            code.reach(std::slice::from_ref(&one.file), &one.place.roots)
                .files
        })
        .collect();
    let guarded: Vec<bool> = found
        .iter()
        .map(|one| runs_itself(code, &one.file))
        .collect();
    let mounted: Vec<bool> = found.iter().map(|one| is_mounted(code, one)).collect();
    let mut kept: Vec<usize> = Vec::new();
    for index in 0..found.len() {
        if mounted[index] && found.len() > 1 {
            continue;
        }
        let part_of_other = (0..found.len()).any(|other| {
            other != index
                && found[other].file != found[index].file
                && reaches[other].contains(&found[index].file)
                && !reaches[index].contains(&found[other].file)
                && found[index].mention.is_none()
        });
        if part_of_other {
            continue;
        }
        let first = kept.is_empty();
        let stands_alone = found[index].mention.is_some()
            || (found[kept.first().copied().unwrap_or(0)].mention.is_none() && guarded[index]);
        let same_code = kept.iter().any(|other| {
            found[*other].file == found[index].file
                || found[*other].origin == found[index].origin
                || reaches[*other].contains(&found[index].file)
                || reaches[index].contains(&found[*other].file)
        });
        if first || (stands_alone && !same_code) {
            kept.push(index);
        }
    }
    let mut index = 0;
    found.retain(|_| {
        index += 1;
        kept.contains(&(index - 1))
    });
    found
}

/// Whether its file starts a server when it is run.
fn runs_itself(code: &Code<'_>, file: &RelPath) -> bool {
    code.module(file)
        .is_some_and(|module| module.body.iter().any(Stmt::is_main_guard))
}

/// Whether it is handed to another application's `mount`.
fn is_mounted(code: &Code<'_>, application: &Application) -> bool {
    let Some(module) = code.module(&application.file) else {
        return false;
    };
    let mut mounted = false;
    each_expression(&module.body, &mut |expr| {
        if let Some((function, args)) = expr.call()
            && function.last_name() == Some("mount")
            && args
                .iter()
                .any(|Arg { value, .. }| value.name() == Some(&application.object))
        {
            mounted = true;
        }
    });
    mounted
}
