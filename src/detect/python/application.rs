//! Web applications: objects and factories of the frameworks, wherever they are defined.

use super::code::{Code, Definition};
use super::manifest::Package;
use super::mention::Mention;
use super::parse::Module;
use super::place::{Place, dotted};
use super::role;
use super::syntax::{Arg, Expr, Function, Kind, StmtKind, each_expression, on_import};
use crate::project::{Evidence, RelPath, ServerInterface};
use std::collections::BTreeMap;

/// A framework, and the class whose instance is the application.
struct Framework {
    name: &'static str,
    classes: &'static [&'static str],
    interface: ServerInterface,
}

const FRAMEWORKS: &[Framework] = &[
    Framework {
        name: "flask",
        classes: &[
            "flask.Flask",
            "flask.app.Flask",
            "apiflask.APIFlask",
            "flask_openapi3.OpenAPI",
            "connexion.FlaskApp",
            "connexion.App",
        ],
        interface: ServerInterface::Wsgi,
    },
    Framework {
        name: "fastapi",
        classes: &["fastapi.FastAPI", "fastapi.applications.FastAPI"],
        interface: ServerInterface::Asgi,
    },
    Framework {
        name: "starlette",
        classes: &["starlette.applications.Starlette"],
        interface: ServerInterface::Asgi,
    },
    Framework {
        name: "quart",
        classes: &["quart.Quart", "quart.app.Quart"],
        interface: ServerInterface::Asgi,
    },
    Framework {
        name: "litestar",
        classes: &["litestar.Litestar", "litestar.app.Litestar"],
        interface: ServerInterface::Asgi,
    },
    Framework {
        name: "falcon",
        classes: &["falcon.App", "falcon.API"],
        interface: ServerInterface::Wsgi,
    },
    Framework {
        name: "bottle",
        classes: &["bottle.Bottle"],
        interface: ServerInterface::Wsgi,
    },
];

/// One application that was found.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) file: RelPath,
    /// Name of the object or of the factory.
    pub(super) object: String,
    pub(super) factory: bool,
    pub(super) framework: &'static str,
    pub(super) framework_at: Evidence,
    pub(super) interface: ServerInterface,
    pub(super) place: Place,
    /// `module:object` or `module:factory()`.
    pub(super) entry: String,
    pub(super) entry_at: Evidence,
    /// A command of the repository that names it.
    pub(super) mention: Option<Evidence>,
}

#[derive(Debug, Clone)]
struct Maker {
    framework: usize,
    /// Whether every argument has a default.
    callable: bool,
    line: usize,
    at: Evidence,
}

/// A factory that cannot be called without arguments, where nothing in the tree calls it.
#[derive(Debug, Clone)]
pub(super) struct Uncallable {
    pub(super) at: Evidence,
    pub(super) name: String,
}

/// Finds the web applications of a project, best first; those that another one is made of
/// are left out.
pub(super) fn find(
    code: &Code<'_>,
    package: &Package,
    files: &[RelPath],
    mentions: &[Mention],
) -> (Vec<Application>, Vec<Uncallable>) {
    let candidates: Vec<RelPath> = files
        .iter()
        .filter(|path| {
            code.tree.text(path).is_some_and(|text| {
                FRAMEWORKS
                    .iter()
                    .any(|framework| text.contains(framework.name))
                    || text.contains("APIFlask")
                    || text.contains("connexion")
            })
        })
        .cloned()
        .collect();
    let mut makers: BTreeMap<(RelPath, String), Maker> = BTreeMap::new();
    let mut found: Vec<Application> = Vec::new();
    for path in &candidates {
        let Some(module) = code.module(path) else {
            continue;
        };
        for statement in on_import(&module.body) {
            match &statement.kind {
                StmtKind::Assign {
                    targets,
                    value: Some(value),
                    ..
                } => {
                    if let (Some(name), Some(index)) = (
                        targets.first().and_then(Expr::name),
                        framework(&module, value),
                    ) {
                        found.push(application(
                            code,
                            package,
                            &module,
                            name,
                            false,
                            statement.line,
                            index,
                            module.at(statement.line),
                        ));
                    }
                }
                StmtKind::Function(function) => {
                    if let Some(index) = makes(&module, function) {
                        makers.insert(
                            (path.clone(), function.name.clone()),
                            Maker {
                                framework: index,
                                callable: function.params.iter().all(|param| !param.required),
                                line: statement.line,
                                at: module.at(statement.line),
                            },
                        );
                    }
                }
                _ => {}
            }
        }
    }
    let called = callers(code, package, files, &makers, &mut found);
    let mut uncallable = Vec::new();
    for ((path, name), maker) in &makers {
        if called.contains(&(path.clone(), name.clone())) {
            continue;
        }
        let Some(module) = code.module(path) else {
            continue;
        };
        if maker.callable {
            found.push(application(
                code,
                package,
                &module,
                name,
                true,
                maker.line,
                maker.framework,
                maker.at.clone(),
            ));
        } else {
            uncallable.push(Uncallable {
                at: maker.at.clone(),
                name: name.clone(),
            });
        }
    }
    for one in &mut found {
        one.mention = mentions
            .iter()
            .find(|mention| names(mention, one))
            .map(|mention| mention.at.clone());
    }
    (choose(code, found), uncallable)
}

/// Adds objects that are made by calling a factory when a module is imported; gives the
/// factories that are called so.
fn callers(
    code: &Code<'_>,
    package: &Package,
    files: &[RelPath],
    makers: &BTreeMap<(RelPath, String), Maker>,
    found: &mut Vec<Application>,
) -> Vec<(RelPath, String)> {
    let mut called = Vec::new();
    if makers.is_empty() {
        return called;
    }
    for path in files {
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        if !makers.keys().any(|(_, name)| text.contains(name.as_str())) {
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
            let Some(name) = targets.first().and_then(Expr::name) else {
                continue;
            };
            let Some((function, _)) = value.call() else {
                continue;
            };
            let place = Place::of(code, &package.root, path);
            let Some(definition) = definition(code, &module, function, &place) else {
                continue;
            };
            let key = (definition.file, definition.name);
            if let Some(maker) = makers.get(&key) {
                found.push(application(
                    code,
                    package,
                    &module,
                    name,
                    false,
                    statement.line,
                    maker.framework,
                    maker.at.clone(),
                ));
                called.push(key);
            }
        }
    }
    called
}

/// What a called name or attribute of an imported module is defined as.
pub(super) fn definition(
    code: &Code<'_>,
    module: &Module,
    function: &Expr,
    place: &Place,
) -> Option<Definition> {
    match &function.kind {
        Kind::Name(name) => code.define(&module.path, name, &place.roots),
        Kind::Attr(object, name) => {
            let owner = code.define(&module.path, object.name()?, &place.roots)?;
            if owner.name.is_empty() {
                code.define(&owner.file, name, &place.roots)
            } else {
                None
            }
        }
        _ => None,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is a different fact of one application"
)]
fn application(
    code: &Code<'_>,
    package: &Package,
    module: &Module,
    object: &str,
    factory: bool,
    line: usize,
    framework: usize,
    framework_at: Evidence,
) -> Application {
    let place = Place::of(code, &package.root, &module.path);
    let dotted = place.dotted(&module.path).unwrap_or_default();
    let call = if factory { "()" } else { "" };
    Application {
        file: module.path.clone(),
        object: object.to_owned(),
        factory,
        framework: FRAMEWORKS[framework].name,
        framework_at,
        interface: FRAMEWORKS[framework].interface,
        entry: format!("{dotted}:{object}{call}"),
        entry_at: module.at(line),
        place,
        mention: None,
    }
}

/// The framework whose application class `value` calls.
fn framework(module: &Module, value: &Expr) -> Option<usize> {
    let (function, _) = value.call()?;
    let known = |class: &Expr| {
        let class = module.outside(class)?;
        FRAMEWORKS
            .iter()
            .position(|framework| framework.classes.contains(&class.as_str()))
    };
    known(function).or_else(|| {
        let name = function.name()?;
        // A class of the project's own, on top of the framework's.
        on_import(&module.body)
            .into_iter()
            .find_map(|statement| match &statement.kind {
                StmtKind::Class {
                    name: class, bases, ..
                } if class == name => bases.iter().find_map(|base| known(&base.value)),
                _ => None,
            })
    })
}

/// The framework whose application a function makes and returns.
fn makes(module: &Module, function: &Function) -> Option<usize> {
    let mut made = None;
    each_expression(&function.body, &mut |expr| {
        if made.is_none() {
            made = framework(module, expr);
        }
    });
    let mut returns = false;
    super::syntax::each_statement(&function.body, &mut |statement| {
        if matches!(&statement.kind, StmtKind::Return(Some(_))) {
            returns = true;
        }
    });
    made.filter(|_| returns && !is_fixture(&function.decorators))
}

fn is_fixture(decorators: &[Expr]) -> bool {
    decorators.iter().any(|decorator| {
        let name = decorator.call().map_or(decorator, |(function, _)| function);
        name.last_name() == Some("fixture")
    })
}

/// Whether a command names this application.
fn names(mention: &Mention, application: &Application) -> bool {
    let file = &application.file;
    if let Some(target) = mention.target() {
        let (module, object) = target.split_once(':').unwrap_or((target, ""));
        let object = object.split('(').next().unwrap_or_default();
        let known = (0..=file.depth()).any(|up| {
            let mut base = file.clone();
            for _ in 0..up {
                base = base.parent();
            }
            dotted(file, &base).as_deref() == Some(module)
        });
        return known && (object.is_empty() || object == application.object);
    }
    mention.words.iter().any(|word| {
        word.rsplit('.').next() == Some("py")
            && mention.folder.join(word).is_ok_and(|path| path == *file)
    })
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

fn rank(application: &Application) -> (bool, usize, bool, usize) {
    let usual = USUAL
        .iter()
        .position(|name| *name == application.file.stem())
        .unwrap_or(USUAL.len());
    (
        application.mention.is_none(),
        application.file.depth(),
        application.factory,
        usual,
    )
}

/// Keeps the applications that stand for themselves.
fn choose(code: &Code<'_>, mut found: Vec<Application>) -> Vec<Application> {
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
        .is_some_and(|module| module.body.iter().any(super::syntax::Stmt::is_main_guard))
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

/// Files of a project that may hold an application.
pub(super) fn files(code: &Code<'_>, package: &Package, others: &[RelPath]) -> Vec<RelPath> {
    code.tree
        .with_extension("py")
        .filter(|path| {
            path.is_within(&package.root)
                && role::is_application(path)
                && !others.iter().any(|other| {
                    *other != package.root
                        && other.is_within(&package.root)
                        && path.is_within(other)
                })
        })
        .cloned()
        .collect()
}
