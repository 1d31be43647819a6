//! Django: manage.py, the settings that production uses, the application object.

use super::application::Application;
use super::choice;
use super::code::Code;
use super::framework::DJANGO;
use super::manifest::Package;
use super::place::{Place, dotted};
use super::role;
use super::syntax::{Kind, StmtKind, each_expression, on_import};
use crate::project::{
    Claim, Confidence, EnvRole, EnvVar, Evidence, Fact, RelPath, ServerInterface,
};
use std::collections::BTreeSet;

/// A Django project below one manifest.
#[derive(Debug)]
pub(super) struct Django {
    pub(super) application: Application,
    pub(super) manage: RelPath,
    /// The URL configuration at the root.
    pub(super) urls: Option<RelPath>,
    /// The settings module that production uses.
    pub(super) settings: Fact<String>,
    /// Files that Django loads by name: settings, URL configuration, installed applications.
    pub(super) loaded: Vec<RelPath>,
}

/// Names of settings modules for production, best first.
const PRODUCTION: &[&str] = &["production", "prod", "live", "deploy", "deployment"];

/// Finds it by `manage.py`: by the outermost that knows where its settings lie, for one above the
/// project may only put that on the path.
pub(super) fn find(code: &Code<'_>, package: &Package, files: &[RelPath]) -> Option<Django> {
    let mut all: Vec<&RelPath> = files
        .iter()
        .filter(|path| path.file_name() == "manage.py")
        .filter(|path| {
            code.tree
                .text(path)
                .is_some_and(|text| text.contains("django"))
        })
        .collect();
    all.sort_by_key(|path| path.depth());
    all.into_iter()
        .find_map(|manage| managed(code, package, files, manage.clone()))
}

/// The project that `manage` is of.
fn managed(
    code: &Code<'_>,
    package: &Package,
    files: &[RelPath],
    manage: RelPath,
) -> Option<Django> {
    let by_manage = settings_of(code, &manage);
    // Whatever the folder is called that the settings lie in (`recipes`), it is the project's.
    let package_of =
        |(name, _): &(String, Evidence)| manage.parent().join(name.split('.').next()?).ok();
    let named = by_manage.as_ref().and_then(package_of);
    let of_settings = |path: &&RelPath| {
        let inside = named.as_ref().is_some_and(|folder| path.is_within(folder));
        inside && role::runs(path)
    };
    // A module `asgi.py`, or a package `asgi` of its own.
    let server = |name: &str| {
        files
            .iter()
            .chain(code.tree.with_extension("py").filter(of_settings))
            .filter(|path| path.is_within(&manage.parent()))
            .filter(|path| {
                path.extension() == "py" && path.stem() == name
                    || path.file_name() == "__init__.py" && path.parent().file_name() == name
            })
            .min_by_key(|path| path.depth())
    };
    let (wsgi, asgi) = (server("wsgi"), server("asgi"));
    let by_server = wsgi.or(asgi).and_then(|path| settings_of(code, path));
    let unnamed = by_manage.is_none() && by_server.is_none();
    let beside = wsgi.or(asgi).filter(|_| unnamed);
    let beside = beside.and_then(|path| settings_beside(code, path, &manage.parent()));
    let by_server = by_server.or(beside);
    let place = place(
        code,
        package,
        &manage,
        by_manage.as_ref().or(by_server.as_ref()),
    );
    let mut settings = choose_settings(code, &place, by_manage, by_server)?;
    if unnamed {
        settings.confidence = Confidence::Likely;
        settings.because =
            Some("no file names the settings; these lie beside the application".to_owned());
    }
    let settings_file = code.file_below(&place.base, &settings.value)?;
    let loaded = loaded(code, &place, &settings_file);
    let is_async = ["daphne", "channels", "uvicorn", "hypercorn"]
        .iter()
        .any(|name| package.runtime(name).is_some())
        && package
            .runtime("gunicorn")
            .is_none_or(|_| package.runtime("channels").is_some());
    let (file, interface) = match (wsgi, asgi) {
        (_, Some(asgi)) if is_async || wsgi.is_none() => (asgi.clone(), ServerInterface::Asgi),
        (Some(wsgi), _) => (wsgi.clone(), ServerInterface::Wsgi),
        _ => return None,
    };
    let module = code.module(&file)?;
    let line = on_import(&module.body)
        .into_iter()
        .find_map(|statement| match &statement.kind {
            StmtKind::Assign { targets, .. }
                if targets.first().and_then(super::syntax::Expr::name) == Some("application") =>
            {
                Some(statement.line)
            }
            _ => None,
        })
        .unwrap_or(1);
    let entry = format!("{}:application", place.dotted(&file)?);
    Some(Django {
        application: Application {
            object: "application".to_owned(),
            factory: false,
            framework: Some(&DJANGO),
            framework_at: Evidence::file(manage.clone()),
            interface,
            entry,
            entry_at: module.at(line),
            mention: None,
            strength: choice::UNNAMED,
            origin: (file.clone(), "application".to_owned()),
            file: file.clone(),
            place: place.clone(),
        },
        urls: urls(code, &place, &settings_file, &file),
        manage,
        settings,
        loaded,
    })
}

/// Where the dotted name of the settings starts: beside `manage.py`, or above it where that lies
/// in the project's package.
fn place(
    code: &Code<'_>,
    package: &Package,
    manage: &RelPath,
    settings: Option<&(String, Evidence)>,
) -> Place {
    let mut base = manage.parent();
    if let Some((name, _)) = settings {
        let mut up = base.clone();
        loop {
            if code.file_below(&up, name).is_some() {
                base = up;
                break;
            }
            if up == package.root || up.is_root() {
                break;
            }
            up = up.parent();
        }
    }
    let mut roots = vec![base.clone()];
    if package.root != base {
        roots.push(package.root.clone());
    }
    Place { base, roots }
}

/// The file of `ROOT_URLCONF`, else the one beside the application.
fn urls(
    code: &Code<'_>,
    place: &Place,
    settings: &RelPath,
    application: &RelPath,
) -> Option<RelPath> {
    let told = code
        .reach(std::slice::from_ref(settings), &place.roots)
        .files
        .iter()
        .filter_map(|path| code.module(path))
        .find_map(|module| Some(module.assigned("ROOT_URLCONF")?.text()?.to_owned()))
        .and_then(|dotted| code.file_below(&place.base, &dotted));
    told.or_else(|| {
        let beside = application.parent().join("urls.py").ok()?;
        code.tree.has(&beside).then_some(beside)
    })
}

/// What a file sets `DJANGO_SETTINGS_MODULE` to.
fn settings_of(code: &Code<'_>, path: &RelPath) -> Option<(String, Evidence)> {
    let module = code.module(path)?;
    let mut found = None;
    each_expression(&module.body, &mut |expr| {
        if let Some((function, args)) = expr.call()
            && matches!(function.last_name(), Some("setdefault" | "putenv"))
            && args.first().and_then(|arg| arg.value.text()) == Some("DJANGO_SETTINGS_MODULE")
            && let Some(text) = args.get(1).and_then(|arg| arg.value.text())
        {
            found.get_or_insert((text.to_owned(), module.at(expr.line)));
        }
    });
    found
}

/// Modules of a package of settings that hold what all of them share, best first.
const SHARED: &[&str] = &["base", "common", "default", "defaults", "settings"];

/// The settings that lie beside the application object, where a deployment names them: the module
/// `settings`, or that of a package for production, else for all.
fn settings_beside(
    code: &Code<'_>,
    application: &RelPath,
    base: &RelPath,
) -> Option<(String, Evidence)> {
    let package = dotted(&application.parent().join("settings.py").ok()?, base)?;
    let module = |name: String| {
        let file = code.file_below(base, &name)?;
        Some((name, Evidence::file(file)))
    };
    let (name, at) = module(package)?;
    if at.file.file_name() != "__init__.py" {
        return Some((name, at));
    }
    let inside = PRODUCTION.iter().chain(SHARED);
    let mut inside = inside.filter_map(|part| module(format!("{name}.{part}")));
    inside.next().or(Some((name, at)))
}

fn is_production(name: &str) -> bool {
    name.rsplit('.')
        .next()
        .is_some_and(|last| PRODUCTION.iter().any(|word| last.starts_with(word)))
}

fn choose_settings(
    code: &Code<'_>,
    place: &Place,
    by_manage: Option<(String, Evidence)>,
    by_server: Option<(String, Evidence)>,
) -> Option<Fact<String>> {
    let mut claims: Vec<(String, Evidence)> = by_server.into_iter().chain(by_manage).collect();
    let beside = claims
        .first()
        .and_then(|(name, _)| name.rsplit_once('.').map(|(p, _)| p.to_owned()));
    if !claims.iter().any(|(name, _)| is_production(name))
        && let Some(folder) = beside
    {
        let sibling = PRODUCTION.iter().find_map(|word| {
            let name = format!("{folder}.{word}");
            let file = code.file_below(&place.base, &name)?;
            Some((name, Evidence::file(file)))
        });
        claims.extend(sibling);
    }
    // A deployment may bring settings of its own that are not in the tree.
    let is_here = |name: &str| code.file_below(&place.base, name).is_some();
    if claims.iter().any(|(name, _)| is_here(name)) {
        claims.retain(|(name, _)| is_here(name));
    }
    claims.sort_by_key(|(name, _)| !is_production(name));
    let mut claims = claims.into_iter();
    let (name, at) = claims.next()?;
    let mut fact = Fact::new(name.clone(), Confidence::Certain, vec![at]);
    for (other, at) in claims {
        if other == name {
            fact.evidence.push(at);
        } else {
            fact.against.push(Claim {
                value: other,
                evidence: vec![at],
            });
        }
    }
    if !fact.against.is_empty() {
        fact.because = Some(if is_production(&name) {
            "the settings that are named for production".to_owned()
        } else {
            "the server's entry point wins over manage.py".to_owned()
        });
    }
    Some(fact)
}

/// Files of the modules that the settings name: installed applications, URLs, middleware.
fn loaded(code: &Code<'_>, place: &Place, settings: &RelPath) -> Vec<RelPath> {
    let mut found: BTreeSet<RelPath> = BTreeSet::from([settings.clone()]);
    let mut queue: Vec<RelPath> = code
        .reach(std::slice::from_ref(settings), &place.roots)
        .files
        .into_iter()
        .collect();
    let mut read: BTreeSet<RelPath> = queue.iter().cloned().collect();
    while let Some(path) = queue.pop() {
        let Some(module) = code.module(&path) else {
            continue;
        };
        found.insert(path.clone());
        let mut named = Vec::new();
        each_expression(&module.body, &mut |expr| {
            if let Kind::Str(text) = &expr.kind
                && text.len() < 120
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
            {
                named.push(text.clone());
            }
        });
        for text in named {
            // `specimens`, `specimens.apps.SpecimensConfig`, `herbarium.urls`.
            let mut dotted = text.as_str();
            loop {
                if let Some(file) = code.file_below(&place.base, dotted) {
                    if file.file_name() == "__init__.py" {
                        let folder = file.parent();
                        let more = code
                            .tree
                            .with_extension("py")
                            // The settings name it: `samples` is an application then.
                            .filter(|path| path.is_within(&folder) && role::runs(path))
                            .cloned();
                        found.extend(more);
                    }
                    if read.insert(file.clone()) {
                        queue.push(file);
                    }
                    break;
                }
                match dotted.rsplit_once('.') {
                    Some((front, _)) => dotted = front,
                    None => break,
                }
            }
        }
    }
    found
        .into_iter()
        .filter(|path| !role::is_test(path))
        .collect()
}

impl Django {
    /// Whether the application in `folder` is one of those that the settings name.
    pub(super) fn loads(&self, folder: &RelPath) -> bool {
        self.loaded.iter().any(|path| path.parent() == *folder)
    }

    /// The variable that names the settings; its default is what production needs.
    pub(super) fn variable(&self) -> EnvVar {
        EnvVar {
            name: "DJANGO_SETTINGS_MODULE".to_owned(),
            read_at: self.settings.evidence.clone(),
            default: Some(self.settings.value.clone()),
            required: false,
            secret: false,
            secret_confidence: Confidence::Certain,
            insecure_default: false,
            set_at: None,
            role: Some(EnvRole::DjangoSettings),
        }
    }
}

/// The dotted name `celery -A` finds an application by: the package of `package/celery.py`.
pub(super) fn celery_name(file: &RelPath, base: &RelPath) -> Option<String> {
    let name = dotted(file, base)?;
    Some(match name.strip_suffix(".celery") {
        Some(package) => package.to_owned(),
        None => name,
    })
}
