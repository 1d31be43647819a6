//! Applications that an INI file of `PasteDeploy` names, as Pyramid's are.

use super::application::Application;
use super::choice;
use super::code::Code;
use super::framework::PYRAMID;
use super::manifest::{Package, Section};
use super::mention::{Mention, port_of};
use super::place::Place;
use super::role;
use crate::project::{Evidence, Port, RelPath, ServerInterface};

/// Words of a file's name, best first.
const PRODUCTION: &[&str] = &["production", "prod", "live", "app", "development"];

/// The application of the INI file that a command names, else of the one for production.
pub(super) fn find(
    code: &Code<'_>,
    package: &Package,
    mentions: &[Mention],
) -> Option<Application> {
    let by_trust = || {
        let of = |production| {
            mentions
                .iter()
                .filter(move |mention| mention.production == production)
        };
        of(true).chain(of(false))
    };
    let named = by_trust().find_map(|mention| {
        let path = ini_of(mention)?;
        let path = [&mention.folder, &package.root]
            .iter()
            .find_map(|folder| folder.join(path).ok().filter(|path| code.tree.has(path)))?;
        Some((path, Some(mention.at.clone())))
    });
    let (path, mention) = named.or_else(|| {
        let path = code
            .tree
            .with_extension("ini")
            .filter(|path| path.is_within(&package.root) && !role::beside(&path.parent()))
            .filter(|path| {
                code.tree
                    .text(path)
                    .is_some_and(|text| text.contains("[app:"))
            })
            .min_by_key(|path| {
                PRODUCTION
                    .iter()
                    .position(|word| path.stem().contains(word))
                    .unwrap_or(PRODUCTION.len())
            })?;
        Some((path.clone(), None))
    })?;
    let sections = Section::read_all(&code.tree.text(&path)?)?;
    let (section, used) = sections
        .iter()
        .filter(|section| section.name.starts_with("app:"))
        .find_map(|section| Some((section, section.get("use")?)))?;
    let file = module_of(code, package, used)?;
    let module = code.module(&file)?;
    let line = super::syntax::on_import(&module.body)
        .into_iter()
        .find_map(|statement| match &statement.kind {
            super::syntax::StmtKind::Function(function)
                if function.params.first().is_some_and(|first| {
                    first.name.trim_start_matches('_').starts_with("global")
                }) =>
            {
                Some(statement.line)
            }
            _ => None,
        })?;
    let at = Evidence::new(path.clone(), section.line, used);
    Some(Application {
        object: String::new(),
        factory: false,
        framework: Some(&PYRAMID),
        framework_at: module.at(line),
        interface: ServerInterface::Own,
        place: Place::of(code, &package.root, &file),
        entry: path.relative_to(&package.root),
        entry_at: at,
        mention,
        strength: choice::SERVED,
        origin: (file.clone(), String::new()),
        file,
    })
}

/// The INI file that a command serves: `gunicorn --paste production.ini`, `pserve app.ini`.
fn ini_of(mention: &Mention) -> Option<&str> {
    let told = mention.option(&["--paste", "--paster"]);
    let path = match mention.program() {
        "pserve" => mention
            .arguments()
            .iter()
            .map(String::as_str)
            .find(|word| !word.starts_with('-')),
        _ => told,
    }?;
    Some(path.split('#').next().unwrap_or(path))
}

/// The file of `call:h.app:create_app` or `egg:shop`.
fn module_of(code: &Code<'_>, package: &Package, used: &str) -> Option<RelPath> {
    let (scheme, rest) = used.split_once(':')?;
    let name = rest.split([':', '#']).next()?.trim().replace('-', "_");
    if !matches!(scheme.trim(), "call" | "egg") {
        return None;
    }
    [package.root.clone(), package.root.join("src").ok()?]
        .iter()
        .find_map(|root| code.file_below(root, &name))
}

/// The port in `[server:main]` of an INI file.
pub(super) fn port(code: &Code<'_>, path: &RelPath) -> Option<(Port, Evidence)> {
    let text = code
        .tree
        .text(path)
        .filter(|text| text.contains("[server:"))?;
    let sections = Section::read_all(&text)?;
    let server = sections
        .iter()
        .find(|section| section.name.starts_with("server:"))?;
    let value = server.get("port").or_else(|| server.get("listen"))?;
    Some((
        port_of(value)?,
        Evidence::new(path.clone(), server.line, value),
    ))
}
