//! Web applications: objects and factories of the frameworks, wherever they are defined.

use super::choice;
use super::code::{Code, Definition};
use super::framework::{self, Framework};
use super::manifest::Package;
use super::mention::Mention;
use super::parse::Module;
use super::paste;
use super::place::Place;
use super::role;
use super::syntax::{Expr, Function, Kind, StmtKind, each_expression, on_import};
use crate::project::{Evidence, RelPath, ServerInterface};
use std::collections::BTreeMap;

/// A file, and a name in it.
pub(super) type Key = (RelPath, String);

/// One application that was found.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) file: RelPath,
    /// Name of the object or of the factory.
    pub(super) object: String,
    pub(super) factory: bool,
    /// None where a command names an object of no known framework.
    pub(super) framework: Option<&'static Framework>,
    pub(super) framework_at: Evidence,
    pub(super) interface: ServerInterface,
    pub(super) place: Place,
    /// `module:object` or `module:factory()`.
    pub(super) entry: String,
    pub(super) entry_at: Evidence,
    /// A command of the repository that names it.
    pub(super) mention: Option<Evidence>,
    /// How much that command says, less is more: a server for production that names it, another
    /// command that names it, one that runs its file, none.
    pub(super) strength: usize,
    /// What makes it: objects of one factory are one application.
    pub(super) origin: Key,
}

#[derive(Debug, Clone)]
struct Maker {
    framework: &'static Framework,
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

/// Looks for applications in one project.
pub(super) struct Search<'a, 't> {
    pub(super) code: &'a Code<'t>,
    pub(super) package: &'a Package,
    /// Files that may hold one.
    pub(super) files: &'a [RelPath],
    pub(super) mentions: &'a [Mention],
}

impl Search<'_, '_> {
    /// The web applications of the project, best first; those that another one is made of are
    /// left out.
    pub(super) fn find(&self) -> (Vec<Application>, Vec<Uncallable>) {
        let mut makers: BTreeMap<Key, Maker> = BTreeMap::new();
        let mut found: Vec<Application> = Vec::new();
        for path in self.code.whose(self.files, framework::worth_a_look) {
            if let Some(module) = self.code.module(path) {
                self.in_module(&module, &mut found, &mut makers);
            }
        }
        let called = self.callers(&makers, &mut found);
        let mut uncallable = Vec::new();
        for (key, maker) in &makers {
            let Some(module) = self.code.module(&key.0) else {
                continue;
            };
            let is_called = called.contains(key);
            if maker.callable {
                let mut one = self.application(&module, &key.1, true, maker.line, maker.framework);
                one.framework_at = maker.at.clone();
                // What calls it when it is imported goes before it, unless a command names it.
                let is_named = self
                    .mentions
                    .iter()
                    .any(|mention| choice::strength(mention, &one) == Some(choice::SERVED));
                if !is_called || is_named {
                    found.push(one);
                }
            } else if !is_called {
                uncallable.push(Uncallable {
                    at: maker.at.clone(),
                    name: key.1.clone(),
                });
            }
        }
        for one in &mut found {
            let best = self
                .mentions
                .iter()
                .filter_map(|mention| Some((choice::strength(mention, one)?, mention)))
                .min_by_key(|(strength, _)| *strength);
            if let Some((strength, mention)) = best {
                one.mention = Some(mention.at.clone());
                one.strength = strength;
            }
        }
        self.named(&mut found);
        if found.is_empty() {
            found.extend(paste::find(self.code, self.package, self.mentions));
        }
        if found.is_empty() {
            found.extend(self.conventional());
        }
        (choice::choose(self.code, found), uncallable)
    }

    /// Objects and factories that `module` itself defines.
    fn in_module(
        &self,
        module: &Module,
        found: &mut Vec<Application>,
        makers: &mut BTreeMap<Key, Maker>,
    ) {
        for statement in on_import(&module.body) {
            match &statement.kind {
                StmtKind::Assign {
                    targets,
                    value: Some(value),
                    ..
                } => {
                    if let (Some(name), Some(framework)) = (
                        targets.first().and_then(Expr::name),
                        framework::made_by(module, value),
                    ) && !is_handed_on(module, name)
                    {
                        found.push(self.application(
                            module,
                            name,
                            false,
                            statement.line,
                            framework,
                        ));
                    }
                }
                StmtKind::Function(function) => {
                    if let Some(framework) = makes(module, function) {
                        makers.insert(
                            (module.path.clone(), function.name.clone()),
                            Maker {
                                framework,
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

    /// Adds objects that are made by calling a factory when a module is imported; gives the
    /// factories that are called so.
    fn callers(&self, makers: &BTreeMap<Key, Maker>, found: &mut Vec<Application>) -> Vec<Key> {
        let mut called = Vec::new();
        if makers.is_empty() {
            return called;
        }
        let names = |text: &str| makers.keys().any(|(_, name)| text.contains(name.as_str()));
        for path in self.code.whose(self.files, names) {
            let Some(module) = self.code.module(path) else {
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
                let (Some(name), Some((function, _))) =
                    (targets.first().and_then(Expr::name), value.call())
                else {
                    continue;
                };
                let place = Place::of(self.code, &self.package.root, path);
                let Some(definition) = definition(self.code, &module, function, &place) else {
                    continue;
                };
                let key = (definition.file, definition.name);
                if let Some(maker) = makers.get(&key) {
                    let mut one =
                        self.application(&module, name, false, statement.line, maker.framework);
                    one.framework_at = maker.at.clone();
                    one.origin = key.clone();
                    found.push(one);
                    called.push(key);
                }
            }
        }
        called
    }

    /// The object in a file that is named for servers, whatever makes it: `application` of
    /// `wsgi.py`, as PEP 3333 calls it.
    fn conventional(&self) -> Option<Application> {
        let mut candidates: Vec<&RelPath> = self
            .files
            .iter()
            .filter(|path| matches!(path.file_name(), "wsgi.py" | "asgi.py"))
            .collect();
        candidates.sort_by_key(|path| (path.depth(), path.as_str().len()));
        candidates.into_iter().find_map(|path| {
            let interface = if path.stem() == "asgi" {
                ServerInterface::Asgi
            } else {
                ServerInterface::Wsgi
            };
            let module = self.code.module(path)?;
            let (object, line) = on_import(&module.body).into_iter().find_map(|statement| {
                match &statement.kind {
                    StmtKind::Assign {
                        targets,
                        value: Some(value),
                        ..
                    } if value.call().is_some() => {
                        let name = targets.first()?.name()?;
                        matches!(name, "application" | "app").then_some((name, statement.line))
                    }
                    _ => None,
                }
            })?;
            let place = Place::of(self.code, &self.package.root, path);
            Some(Application {
                object: object.to_owned(),
                factory: false,
                framework: framework::required(self.package, interface),
                framework_at: module.at(line),
                interface,
                entry: format!("{}:{object}", place.dotted(path)?),
                entry_at: module.at(line),
                mention: None,
                strength: choice::UNNAMED,
                origin: (path.clone(), object.to_owned()),
                file: path.clone(),
                place,
            })
        })
    }

    fn application(
        &self,
        module: &Module,
        object: &str,
        factory: bool,
        line: usize,
        framework: &'static Framework,
    ) -> Application {
        let place = Place::of(self.code, &self.package.root, &module.path);
        let dotted = place.dotted(&module.path).unwrap_or_default();
        let (object, at) = match framework.callable {
            Some(callable) if !factory => served(module, object, callable, line),
            _ => (object.to_owned(), line),
        };
        let call = if factory { "()" } else { "" };
        Application {
            file: module.path.clone(),
            factory,
            framework: Some(framework),
            framework_at: module.at(line),
            interface: framework::interface(framework, self.package),
            entry: format!("{dotted}:{object}{call}"),
            entry_at: module.at(at),
            place,
            mention: None,
            strength: choice::UNNAMED,
            origin: (module.path.clone(), object.clone()),
            object,
        }
    }

    /// Adds objects that a server's command names and that no framework above makes.
    fn named(&self, found: &mut Vec<Application>) {
        for mention in self.mentions.iter().filter(|mention| mention.deploys()) {
            let (Some(server), Some(target)) = (mention.server(), mention.target()) else {
                continue;
            };
            let Some((module, object)) = target.split_once(':') else {
                continue;
            };
            let object = object.split('(').next().unwrap_or_default();
            let folders = [
                mention.folder.clone(),
                self.package.root.clone(),
                self.package
                    .root
                    .join("src")
                    .unwrap_or_else(|_| RelPath::root()),
            ];
            let Some(path) = folders
                .iter()
                .find_map(|folder| self.code.file_below(folder, module))
                .filter(|path| path.is_within(&self.package.root))
            else {
                continue;
            };
            if found.iter().any(|one| one.file == path) {
                continue;
            }
            let Some(module) = self.code.module(&path) else {
                continue;
            };
            let line = on_import(&module.body)
                .into_iter()
                .find_map(|statement| match &statement.kind {
                    StmtKind::Assign { targets, .. }
                        if targets.iter().any(|one| one.name() == Some(object)) =>
                    {
                        Some(statement.line)
                    }
                    StmtKind::Function(function) if function.name == object => Some(statement.line),
                    _ => None,
                })
                .or_else(|| module.binding(object).map(|import| import.line));
            let Some(line) = line else {
                continue;
            };
            let asgi = matches!(server, "uvicorn" | "hypercorn" | "daphne")
                || mention.words.iter().any(|word| word.contains("Uvicorn"));
            let place = Place::of(self.code, &self.package.root, &path);
            let factory = target.ends_with(')');
            // A module that prepares something and hands on another one's application.
            let made = self
                .code
                .define(&path, object, &place.roots)
                .and_then(|definition| {
                    found
                        .iter()
                        .find(|one| one.file == definition.file && one.object == definition.name)
                });
            let interface = if asgi {
                ServerInterface::Asgi
            } else {
                ServerInterface::Wsgi
            };
            let one = Application {
                object: object.to_owned(),
                factory,
                framework: made.and_then(|one| one.framework),
                framework_at: made
                    .map_or_else(|| mention.at.clone(), |one| one.framework_at.clone()),
                interface: made.map_or(interface, |one| one.interface),
                entry: format!(
                    "{}:{object}{}",
                    place.dotted(&path).unwrap_or_default(),
                    if factory { "()" } else { "" }
                ),
                entry_at: module.at(line),
                mention: Some(mention.at.clone()),
                strength: choice::SERVED,
                origin: made.map_or_else(
                    || (path.clone(), object.to_owned()),
                    |one| one.origin.clone(),
                ),
                file: path,
                place,
            };
            found.push(one);
        }
    }
}

/// The object that a server calls of an application that is not called itself: a name of its own
/// (`server = app.server`) or the attribute.
fn served(module: &Module, object: &str, callable: &str, line: usize) -> (String, usize) {
    on_import(&module.body)
        .into_iter()
        .find_map(|statement| match &statement.kind {
            StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } => match &value.kind {
                Kind::Attr(owner, name) if owner.name() == Some(object) && name == callable => {
                    Some((targets.first()?.name()?.to_owned(), statement.line))
                }
                _ => None,
            },
            _ => None,
        })
        .unwrap_or_else(|| (format!("{object}.{callable}"), line))
}

/// Whether an object is handed to a decorator that serves it in its own way
/// (`@serve.ingress(app)`), or to another server of the same file.
fn is_handed_on(module: &Module, object: &str) -> bool {
    let mut handed = false;
    each_expression(&module.body, &mut |expr| {
        if let Some((function, args)) = expr.call() {
            handed |= function.last_name() == Some("ingress")
                && args.iter().any(|arg| arg.value.name() == Some(object));
        }
    });
    handed
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

/// The framework whose application a function makes and returns.
fn makes(module: &Module, function: &Function) -> Option<&'static Framework> {
    let mut made = None;
    each_expression(&function.body, &mut |expr| {
        if made.is_none() {
            made = framework::made_by(module, expr);
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
