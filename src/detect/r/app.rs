//! The applications of a tree: by the files that Shiny looks for, and by the routes of plumber.

use super::project::RProject;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::{Tree, serving, structured};
use crate::project::{Evidence, RelPath};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Shiny,
    /// A package of R that is an application, as golem lays it out.
    Golem,
    /// A document of R Markdown that Shiny runs.
    Document,
    Plumber,
}

/// One application.
#[derive(Debug)]
pub(super) struct App {
    pub(super) kind: Kind,
    /// Where it is started.
    pub(super) folder: RelPath,
    /// The file that makes it.
    pub(super) entry: RelPath,
    pub(super) at: Evidence,
    /// The route that sounds like one for health checks.
    pub(super) health: Option<(String, Evidence)>,
}

/// Folders that hold nothing which is deployed.
const ASIDE: &[&str] = &[
    "dev",
    "man",
    "vignettes",
    "renv",
    "packrat",
    "revdep",
    "data-raw",
    "testthat",
    "inst",
    "rsconnect",
    "scripts",
    "script",
    "_targets",
    "workflow",
];

/// Whether what lies there is no part of what runs.
pub(super) fn is_aside(folder: &RelPath) -> bool {
    beside_or_hidden(folder)
        || pattern(folder)
        || folder.as_str().split('/').any(|part| ASIDE.contains(&part))
}

/// Every application of `tree`, by folder.
pub(super) fn all(tree: &Tree) -> Vec<App> {
    let mut found: Vec<App> = golem(tree).chain(shiny(tree)).collect();
    found.sort_by(|a, b| (&a.folder, &a.entry).cmp(&(&b.folder, &b.entry)));
    found.dedup_by(|a, b| a.folder == b.folder);
    found.extend(plumber(tree));
    if found.is_empty() {
        found.extend(documents(tree));
    }
    found
}

fn sources(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    let all = tree.with_extension("R").chain(tree.with_extension("r"));
    all.filter(|path| !is_aside(&path.parent()))
}

fn app(kind: Kind, folder: RelPath, entry: &RelPath, at: Evidence) -> App {
    App {
        kind,
        folder,
        entry: entry.clone(),
        at,
        health: None,
    }
}

/// <https://thinkr-open.github.io/golem/>
fn golem(tree: &Tree) -> impl Iterator<Item = App> {
    tree.named("golem-config.yml").filter_map(|config| {
        let folder = config.parent();
        let root = folder.parent();
        (folder.file_name() == "inst" && !is_aside(&root)).then_some(())?;
        let run = root
            .join("R/run_app.R")
            .ok()
            .filter(|path| tree.has(path))?;
        Some(app(Kind::Golem, root, &run, Evidence::file(config.clone())))
    })
}

/// `app.R`, or `server.R` with `ui.R` or with pages of its own.
/// <https://shiny.posit.co/r/reference/shiny/latest/runapp.html>
fn shiny(tree: &Tree) -> impl Iterator<Item = App> {
    sources(tree).filter_map(|path| {
        let folder = path.parent();
        let beside = |name: &str| folder.join(name).is_ok_and(|path| tree.has(&path));
        let text = tree.text(path)?;
        let line = |words: &[&str]| {
            let index = text
                .lines()
                .position(|line| words.iter().any(|word| line.contains(word)))?;
            Some(tree.at(path, index + 1))
        };
        let at = match path.file_name().to_ascii_lowercase().as_str() {
            "app.r" => line(&[
                "shinyApp",
                "rhino::app",
                "run_app(",
                "library(shiny)",
                "runApp",
                "ShinyApp",
            ]),
            "server.r" if beside("ui.R") || beside("ui.r") || beside("www/index.html") => {
                Some(Evidence::file(path.clone()))
            }
            _ => None,
        }?;
        Some(app(Kind::Shiny, folder, path, at))
    })
}

/// One of the folder's files with routes: the one that the folder's `plumb` takes, else the first.
/// <https://www.rplumber.io/articles/routing-and-input.html>
fn plumber(tree: &Tree) -> Vec<App> {
    let mut found: Vec<App> = Vec::new();
    for path in sources(tree) {
        let Some(text) = tree.text(path) else {
            continue;
        };
        let mut routes = Vec::new();
        for (index, line) in text.lines().enumerate() {
            routes.extend(route(line).map(|(method, route)| (method, route, index + 1)));
        }
        let Some((_, _, first)) = routes.first() else {
            continue;
        };
        let health = routes
            .iter()
            .find(|(method, route, _)| *method == "get" && serving::is_health(route));
        let mut one = app(Kind::Plumber, path.parent(), path, tree.at(path, *first));
        one.health = health.map(|(_, route, line)| ((*route).to_owned(), tree.at(path, *line)));
        match found.iter_mut().find(|known| known.folder == one.folder) {
            None => found.push(one),
            Some(known) => {
                let health = known.health.take().or_else(|| one.health.clone());
                if rank(&one.entry) < rank(&known.entry) {
                    *known = one;
                }
                known.health = health;
            }
        }
    }
    // A folder with routes below the one that is plumbed is mounted by it.
    let folders: Vec<RelPath> = found.iter().map(|one| one.folder.clone()).collect();
    found.retain(|one| {
        !folders
            .iter()
            .any(|other| *other != one.folder && one.folder.is_within(other))
    });
    found
}

fn rank(entry: &RelPath) -> usize {
    let order = ["plumber", "api", "main", "app", "router"];
    let stem = entry.stem().to_ascii_lowercase();
    let place = order.iter().position(|name| *name == stem);
    place.unwrap_or(order.len())
}

/// `get` and `/health` of `#* @get /health`.
fn route(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start();
    let rest = rest
        .strip_prefix("#*")
        .or_else(|| rest.strip_prefix("#'"))?;
    let (method, route) = rest.trim().strip_prefix('@')?.split_once(' ')?;
    let is_method = matches!(method, "get" | "post" | "put" | "delete" | "patch" | "head");
    let route = route.trim();
    (is_method && route.starts_with('/')).then_some((method, route))
}

/// `runtime: shiny` in the head of a document.
/// <https://bookdown.org/yihui/rmarkdown/shiny-documents.html>
fn documents(tree: &Tree) -> Option<App> {
    let mut all = tree
        .with_extension("Rmd")
        .filter(|path| !is_aside(&path.parent()));
    all.find_map(|path| {
        let text = tree.text(path)?;
        let head = text.strip_prefix("---")?;
        let (head, _) = head.split_once("\n---")?;
        if !head.contains("runtime") {
            return None;
        }
        let head = structured::parse_yaml(head).ok()??;
        let entry = head.entry("runtime")?;
        let runtime = entry.node.text()?;
        let at = tree.at(path, entry.line);
        runtime
            .starts_with("shiny")
            .then(|| app(Kind::Document, path.parent(), path, at))
    })
}

impl App {
    /// Whether a package of R is this application, and does not only bring it as an example.
    pub(super) fn is_of_package(&self, project: &RProject<'_>) -> bool {
        self.folder == project.root || self.kind == Kind::Plumber
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_comment_of_its_own_kind() {
        assert_eq!(route("#* @get /health"), Some(("get", "/health")));
        assert_eq!(route("#' @post /a/<id:int>"), Some(("post", "/a/<id:int>")));
        assert_eq!(route("# @get /health"), None);
        assert_eq!(route("#' @get the value"), None);
        assert_eq!(route("#* @param x /y"), None);
    }
}
