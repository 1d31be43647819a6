//! Web applications that are a program: Streamlit, Gradio, Tornado, aiohttp, and whatever else
//! opens its own port.

use super::code::Code;
use super::manifest::Package;
use super::mention::Mention;
use super::parse::Module;
use super::place::Place;
use super::role;
use super::syntax::{
    Expr, Kind, Stmt, StmtKind, argument, each_expression, each_statement, on_import,
};
use crate::detect::shell;
use crate::project::{Evidence, RelPath};
use std::collections::BTreeSet;

/// How a framework's program is known and started.
#[derive(Debug)]
pub(super) struct Kindred {
    pub(super) name: &'static str,
    /// Port where nobody says one.
    pub(super) port: u16,
    /// A path that it answers itself.
    pub(super) health: Option<&'static str>,
    /// Variables by which the framework itself takes its address and its port.
    pub(super) address: Option<(&'static str, &'static str)>,
    command: &'static str,
}

const STREAMLIT: Kindred = Kindred {
    name: "streamlit",
    port: 8501,
    health: Some("/_stcore/health"),
    address: None,
    command: "streamlit run {file} --server.address 0.0.0.0 --server.port {port} --server.headless true",
};
const GRADIO: Kindred = Kindred {
    name: "gradio",
    port: 7860,
    health: None,
    address: Some(("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT")),
    command: "python {file}",
};
const TORNADO: Kindred = Kindred {
    name: "tornado",
    port: 8888,
    health: None,
    address: None,
    command: "python {file}",
};
const RAY: Kindred = Kindred {
    name: "ray-serve",
    port: 8000,
    health: None,
    address: None,
    command: "python {file}",
};

/// One program that serves.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) file: RelPath,
    /// Where it opens its port.
    pub(super) at: Evidence,
    pub(super) kindred: &'static Kindred,
    pub(super) place: Place,
    /// `{file}` and `{port}` stand for theirs.
    pub(super) command: String,
    /// A command of the repository that starts it.
    pub(super) mention: Option<Evidence>,
}

/// File names of main programs, best first.
const USUAL: &[&str] = &[
    "streamlit_app",
    "app",
    "main",
    "__main__",
    "webui",
    "server",
    "webserver",
    "run",
    "launch",
    "home",
    "dashboard",
    "demo",
    "index",
];

/// Finds the program of a project that no server's command starts.
pub(super) fn find(
    code: &Code<'_>,
    package: &Package,
    files: &[RelPath],
    mentions: &[Mention],
) -> Option<Program> {
    let mut found: Vec<(RelPath, Evidence, &'static Kindred)> = Vec::new();
    let mut scripts = code.bare_scripts(&package.root);
    scripts.retain(role::is_application);
    let worth_it = code.whose(files.iter().chain(&scripts), |text| {
        ["streamlit", "gradio", "tornado", ".launch(", "ingress"]
            .iter()
            .any(|word| text.contains(word))
    });
    for path in worth_it {
        if let Some(module) = code.module(path)
            && let Some((line, kindred)) = serves(&module)
        {
            found.push((path.clone(), module.at(line), kindred));
        }
    }
    let launches = package.any("gradio").is_some();
    found.retain(|(path, _, kindred)| match kindred.name {
        "gradio" => launches,
        // A page of an application of several pages is none itself.
        "streamlit" => path.parent().file_name() != "pages",
        _ => true,
    });
    let imported: BTreeSet<RelPath> = found
        .iter()
        .flat_map(|(path, ..)| {
            let place = Place::of(code, &package.root, path);
            let mut files = code.reach(std::slice::from_ref(path), &place.roots).files;
            files.remove(path);
            files
        })
        .collect();
    found.retain(|(path, ..)| !imported.contains(path));
    // Of several commands one that says the port is the server's.
    let started = |path: &RelPath| {
        mentions
            .iter()
            .filter(|mention| words_behind(mention, path).is_some())
            .min_by_key(|mention| mention.port().is_none())
    };
    found.sort_by_key(|(path, ..)| {
        (
            started(path).is_none(),
            path.depth(),
            USUAL
                .iter()
                .position(|name| path.stem().eq_ignore_ascii_case(name))
                .unwrap_or(USUAL.len()),
            path.clone(),
        )
    });
    let (file, at, kindred) = found.into_iter().next()?;
    // A program that the repository starts and that imports this one is the one to start.
    let outer = mentions
        .iter()
        .filter(|mention| mention.is_python())
        .find_map(|mention| {
            let path = mention
                .arguments()
                .iter()
                .find(|word| word.ends_with(".py"))
                .and_then(|word| mention.folder.join(word).ok())
                .filter(|path| files.contains(path))?;
            let place = Place::of(code, &package.root, &path);
            code.reach(std::slice::from_ref(&path), &place.roots)
                .files
                .contains(&file)
                .then(|| (path, mention.at.clone()))
        });
    let file = outer.as_ref().map_or(file, |(path, _)| path.clone());
    let mention = match outer {
        Some((_, mention)) => Some(mention),
        None => started(&file).map(|mention| mention.at.clone()),
    };
    let place = Place::of(code, &package.root, &file);
    let mut command = kindred.command.to_owned();
    let subcommands = started(&file)
        .and_then(|mention| words_behind(mention, &file))
        .filter(|words| command.ends_with("{file}") && is_command_line(words));
    if let Some(words) = subcommands {
        command.push_str(&format!(" {}", shell::join(&with_port(words))));
    } else if kindred.name == "tornado"
        && let Some(option) = port_option(code, &file, &place)
    {
        command.push_str(&format!(" --{option}={{port}}"));
    }
    Some(Program {
        file,
        at,
        kindred,
        place,
        command,
        mention,
    })
}

/// The words that a command has behind the file at `path`, where it starts that: by the
/// interpreter, or by the name under which a script without an extension is installed.
fn words_behind<'m>(mention: &'m Mention, path: &RelPath) -> Option<&'m [String]> {
    let is = |word: &String| mention.folder.join(word).is_ok_and(|named| named == *path);
    if mention.is_python() || mention.program() == "streamlit" {
        let words = mention.arguments();
        let at = words.iter().position(is)?;
        return words.get(at + 1..);
    }
    let installed = path.extension().is_empty() && mention.program() == path.file_name();
    (installed || mention.words.first().is_some_and(is)).then(|| mention.arguments())
}

/// Whether words select what a program does: without them it would do something else.
fn is_command_line(words: &[String]) -> bool {
    words
        .first()
        .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        && words
            .iter()
            .all(|word| !word.contains(['$', '>', '|', '&']))
}

/// The words with `{port}` in the place of a port.
fn with_port(words: &[String]) -> Vec<String> {
    let mut is_port = false;
    words
        .iter()
        .map(|word| {
            let after = std::mem::replace(&mut is_port, word == "--port" || word == "-p");
            if after {
                return "{port}".to_owned();
            }
            match word.split_once('=') {
                Some((name @ ("--port" | "-p"), _)) => format!("{name}={{port}}"),
                _ => word.clone(),
            }
        })
        .collect()
}

/// The line at which a module opens a port, and by which framework.
fn serves(module: &Module) -> Option<(usize, &'static Kindred)> {
    let imports = |name: &str| {
        module.imports.iter().find(|import| {
            import.level == 0
                && (import.module == name || import.module.starts_with(&format!("{name}.")))
        })
    };
    if let Some(import) = imports("streamlit")
        && on_import(&module.body)
            .iter()
            .any(|statement| uses(statement, &import.local))
    {
        return Some((import.line, &STREAMLIT));
    }
    let mut found = None;
    each_expression(&module.body, &mut |expr| {
        if let Some((function, args)) = expr.call() {
            let kindred = match function.last_name() {
                Some("launch") if !args.is_empty() || imports("gradio").is_some() => &GRADIO,
                Some("listen") if imports("tornado").is_some() => &TORNADO,
                Some("ingress")
                    if module
                        .outside(function)
                        .is_some_and(|name| name.starts_with("ray.")) =>
                {
                    &RAY
                }
                _ => return,
            };
            found.get_or_insert((expr.line, kindred));
        }
    });
    // A launcher without a main program is somebody's library.
    found.filter(|(_, kindred)| kindred.name == "gradio" || has_main(module))
}

/// Whether a statement that runs on import calls the framework, beyond its decorators.
fn uses(statement: &Stmt, local: &str) -> bool {
    if matches!(
        statement.kind,
        StmtKind::Function(_) | StmtKind::Class { .. }
    ) {
        return false;
    }
    let mut uses = false;
    for expression in statement.expressions() {
        expression.walk(&mut |inner| uses |= inner.name() == Some(local));
    }
    uses || statement.is_main_guard()
}

fn has_main(module: &Module) -> bool {
    let mut has = module.body.iter().any(Stmt::is_main_guard);
    each_statement(&module.body, &mut |statement| {
        has |= matches!(&statement.kind, StmtKind::Expr(value)
            if value.call().is_some_and(|(function, _)| function.last_name() == Some("start")));
    });
    has
}

/// The name of tornado's option for the port: `define("port", default=8888)`.
fn port_option(code: &Code<'_>, file: &RelPath, place: &Place) -> Option<String> {
    let mut found = None;
    for path in code.reach(std::slice::from_ref(file), &place.roots).files {
        if let Some(module) = code.module(&path) {
            each_expression(&module.body, &mut |expr| {
                if let Some(name) = option_of_port(&module, expr) {
                    found.get_or_insert(name);
                }
            });
        }
    }
    found
}

fn option_of_port(module: &Module, expr: &Expr) -> Option<String> {
    let (function, args) = expr.call()?;
    let defines = module
        .outside(function)
        .is_some_and(|name| name.starts_with("tornado.options") && name.ends_with("define"));
    let name = argument(args, Some(0), "name")?.text()?;
    (defines && name.ends_with("port")).then(|| name.to_owned())
}

/// The number in `define("port", default=8888)`, with its line.
pub(super) fn defined_port(module: &Module) -> Option<(String, usize)> {
    let mut found = None;
    each_expression(&module.body, &mut |expr| {
        if option_of_port(module, expr).is_some()
            && let Some((_, args)) = expr.call()
            && let Some(value) = argument(args, Some(1), "default")
            && let Kind::Number(text) = &value.kind
        {
            found.get_or_insert((text.clone(), value.line));
        }
    });
    found
}
