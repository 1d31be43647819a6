//! Static sites: pages that a web server hands out as they are.

mod generator;
mod python;

use super::{Found, Tree};
use crate::project::{
    Confidence, Evidence, Existing, Fact, Finding, Port, RelPath, Service, ServiceKind, Severity,
};

/// Folders whose pages are somebody's template, test, report or build result.
const NO_SITE: &[&str] = &[
    "public",
    "dist",
    "docs",
    "templates",
    "template",
    "tests",
    "test",
    "fixtures",
    "htmlcov",
    "coverage",
    "examples",
    "_site",
];

/// Extensions of what a visitor's browser asks for.
const PAGES: &[&str] = &[
    "html",
    "htm",
    "css",
    "js",
    "mjs",
    "json",
    "xml",
    "txt",
    "ico",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "avif",
    "woff",
    "woff2",
    "ttf",
    "webmanifest",
    "pdf",
    "map",
    "wasm",
    "mp4",
];

/// Port of web servers that do not run as root, by custom.
const PORT: u16 = 8080;

/// Whether a generator is configured at the root: what lies there is what its pages are made of.
pub(super) fn is_generated(tree: &Tree) -> bool {
    generator::of(tree, &RelPath::root()).is_some()
}

/// Adds a static site where there are pages and nothing else that serves them.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let runs = |service: &Service| service.kind.value != ServiceKind::Job;
    if !found.services.iter().any(runs) {
        pages(tree, existing, found);
    }
}

/// Apart, because every start runs [`look`], and most find what serves: this need not come into memory then.
#[inline(never)]
fn pages(tree: &Tree, existing: &Existing, found: &mut Found) {
    let is_package = found.packages.iter().any(|one| one.framework.is_some());
    let site = generator::find(tree, existing).filter(|_| !is_package);
    // Packages of Node.js are what the pipes of these are made of.
    let is_apart = |site: &Service| {
        let name = site.framework.as_ref().map(|fact| fact.value.as_str());
        matches!(name, Some("hugo" | "zola"))
    };
    if site.as_ref().is_some_and(is_apart) {
        let (node, others): (Vec<_>, Vec<_>) = std::mem::take(&mut found.libraries)
            .into_iter()
            .partition(|one| one.ecosystem == "node");
        found.libraries = others;
        found.packages.extend(node);
    }
    if !found.libraries.is_empty() {
        return;
    }
    if let Some(mut site) = site {
        site.port = port();
        if site.output.is_none() {
            found.findings.push(outside(&site));
        }
        // What a generator's own configuration runs is no job.
        found.services = vec![site];
        return;
    }
    // Pages among what is run by hand, or among applications of which none was taken, are parts of those.
    let is_open = found.unknown.iter().any(|one| one.fact == "services");
    if !found.services.is_empty() || is_package || is_open {
        return;
    }
    let is_page = |path: &&RelPath| {
        !path.as_str().split('/').any(|part| NO_SITE.contains(&part))
            && !super::beside::beside_or_hidden(&path.parent())
    };
    // Without an index, a page at the top is what there is to see.
    let Some(index) = tree
        .named("index.html")
        .filter(is_page)
        .min_by_key(|path| path.depth())
        .or_else(|| tree.with_extension("html").find(|path| path.depth() == 1))
    else {
        return;
    };
    let root = index.parent();
    // A page beside a package manifest is the entry of a build, not a page.
    let built = root
        .join("package.json")
        .is_ok_and(|manifest| tree.has(&manifest));
    if built {
        return;
    }
    let shown = Evidence::file(index.clone());
    let mut site = Service::new(
        "site",
        "static",
        root.clone(),
        Fact::certain(ServiceKind::Static, shown.clone())
            .because("it has pages and nothing in the repository serves them"),
        Fact::certain(root.clone(), shown.clone()),
    );
    site.port = port();
    site.health = Some(Fact::new(
        if index.file_name() == "index.html" {
            "/".to_owned()
        } else {
            format!("/{}", index.file_name())
        },
        Confidence::Likely,
        vec![shown.clone()],
    ));
    site.static_dirs = vec![Fact::certain(root.clone(), shown)];
    site.sources = sources(tree, &root);
    found.services.push(site);
}

/// The generator is told to fill a folder that no image can take the pages from.
fn outside(site: &Service) -> Finding {
    let evidence = site.kind.evidence.clone();
    let files: Vec<&str> = evidence.iter().map(|at| at.file.as_str()).collect();
    let file = files.join(", ");
    Finding {
        id: "pages-outside",
        severity: Severity::Warning,
        message: format!(
            "{file} puts the pages outside of the repository: no image is made of them"
        ),
        mend: format!("name a folder of the repository in {file}"),
        evidence,
    }
}

fn port() -> Option<Fact<Port>> {
    let rule = "the port that web servers without root rights use by custom";
    Port::new(PORT).map(|port| Fact::guess(port, rule))
}

/// The site's own files and folders; at the repository's root not those that no visitor needs.
fn sources(tree: &Tree, root: &RelPath) -> Vec<RelPath> {
    if !root.is_root() {
        return vec![root.clone()];
    }
    let mut sources: Vec<RelPath> = tree
        .files()
        .filter(|path| !path.as_str().starts_with('.'))
        .filter(|path| PAGES.contains(&path.extension().to_ascii_lowercase().as_str()))
        .filter_map(|path| RelPath::parse(path.as_str().split('/').next()?).ok())
        .filter(|top| !["tests", "test", "node_modules"].contains(&top.as_str()))
        .collect();
    sources.dedup();
    sources
}
