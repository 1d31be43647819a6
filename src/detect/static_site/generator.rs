//! Generators of static sites: by the file that names each, with the command that builds and the folder that it fills.

use super::python;
use crate::detect::structured::{self, Node};
use crate::detect::{Tree, existing, research};
use crate::project::{
    Evidence, Existing, Fact, PackageManager, RelPath, Requirement, Service, ServiceKind,
};
use std::sync::Arc;

/// A site that a generator builds.
pub(super) struct Site {
    pub(super) generator: &'static str,
    /// Folder that the build starts in.
    pub(super) root: RelPath,
    /// The file that says what is built.
    pub(super) at: Evidence,
    pub(super) build: String,
    /// Where the pages are then, as seen from `root`.
    pub(super) output: String,
}

/// Folders that documentation lies in, where a repository is nothing else.
const DOCS: [&str; 5] = ["", "docs", "doc", "site", "website"];

/// The service that hands out what the generator of this repository builds.
pub(super) fn find(tree: &Tree, existing: &Existing) -> Option<Service> {
    let folders: Vec<RelPath> = DOCS
        .iter()
        .filter_map(|folder| RelPath::parse(folder).ok())
        .collect();
    let site = folders.iter().find_map(|folder| of(tree, folder))?;
    Some(service(tree, existing, &site))
}

/// What is configured in `folder`.
pub(super) fn of(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let generators: [fn(&Tree, &RelPath) -> Option<Site>; 10] = [
        quarto,
        myst,
        mkdocs,
        jupyter_book,
        hugo,
        zola,
        mdbook,
        jekyll,
        python::pelican,
        python::sphinx,
    ];
    generators.iter().find_map(|look| look(tree, folder))
}

fn service(tree: &Tree, existing: &Existing, site: &Site) -> Service {
    let at = site.at.clone();
    let mut service = Service::new(
        "site",
        "static",
        site.root.clone(),
        Fact::certain(ServiceKind::Static, at.clone())
            .because("a generator builds it, and nothing in the repository serves it"),
        Fact::certain(site.root.clone(), at.clone()),
    );
    service.framework = Some(Fact::certain(site.generator.to_owned(), at.clone()));
    service.build = Some(Fact::certain(site.build.clone(), at.clone()));
    service.health = Some(Fact::likely("/".to_owned(), at.clone()));
    // A theme may lie outside of the folder that is built, and so may what pages take in.
    service.sources = vec![RelPath::root()];
    if let Ok(output) = site.root.join(&site.output) {
        service.static_dirs = vec![Fact::certain(output.clone(), at.clone())];
        service.output = Some(Fact::certain(output, at));
    }
    match site.generator {
        "mkdocs" | "jupyter-book" | "pelican" | "sphinx" => {
            python::environment(tree, existing, site, &mut service);
        }
        "jekyll" => {
            let gemfile = site.root.join("Gemfile").ok();
            if let Some(path) = gemfile.filter(|path| tree.has(path)) {
                let at = Evidence::file(path.clone());
                service.package_manager = Some(Fact::certain(PackageManager::Bundler, at.clone()));
                service.manifest = Some(Fact::certain(path, at));
            }
            let lock = site.root.join("Gemfile.lock").ok();
            service.lock = lock
                .filter(|path| tree.has(path))
                .map(|path| Fact::certain(path.clone(), Evidence::file(path)));
            service.runtime_version = version(tree, existing, site, &[], &[".ruby-version"]);
        }
        "hugo" => {
            let keys = ["HUGO_VERSION", "hugo-version"];
            service.runtime_version = version(tree, existing, site, &keys, &[".hugo-version"]);
        }
        "quarto" => {
            let keys = ["QUARTO_VERSION", "quarto-version"];
            service.runtime_version = version(tree, existing, site, &keys, &[]);
        }
        "myst" => {}
        "zola" => {
            service.runtime_version = version(tree, existing, site, &["ZOLA_VERSION"], &[]);
        }
        _ => {
            let keys = ["MDBOOK_VERSION", "mdbook-version"];
            service.runtime_version = version(tree, existing, site, &keys, &[]);
        }
    }
    service
}

/// A requirement that a site has by what it is configured with.
pub(super) fn required(name: &str, at: &Evidence) -> Requirement {
    Requirement {
        name: name.to_owned(),
        extras: Vec::new(),
        specifier: String::new(),
        exact: false,
        development: false,
        direct: true,
        declared: at.clone(),
        imported: None,
    }
}

/// The version that a file of its own, a host of pages or a workflow names for the generator: one of `keys` in
/// netlify.toml and in what CI sets, or the text of one of `files`.
fn version(
    tree: &Tree,
    existing: &Existing,
    site: &Site,
    keys: &[&str],
    files: &[&str],
) -> Option<Fact<String>> {
    let is_version = |text: &str| {
        let digits = text.split('.').all(|part| part.parse::<u32>().is_ok());
        text.contains('.') && digits
    };
    let mut claims: Vec<(String, Evidence)> = Vec::new();
    let mut say = |path: &RelPath, line: usize, text: &str| {
        let text = text.trim().trim_start_matches('v');
        if is_version(text) {
            claims.push((text.to_owned(), tree.at(path, line)));
        }
    };
    for name in files {
        let path = site.root.join(name).ok();
        if let Some(path) = path.filter(|path| tree.has(path))
            && let Some(text) = tree.text(&path)
        {
            say(&path, 1, text.lines().next().unwrap_or_default());
        }
    }
    for path in tree.named("netlify.toml").filter(|path| path.depth() <= 2) {
        let document = structured::toml(tree, path);
        for (key, line, text) in document.iter().flat_map(texts) {
            if keys.contains(&key.as_str()) {
                say(path, line, &text);
            }
        }
    }
    for file in &existing.ci {
        let text = tree.text(&file.path).unwrap_or_default();
        if !keys.iter().any(|key| text.contains(key)) {
            continue;
        }
        let document = structured::yaml(tree, &file.path);
        for (key, line, text) in document.iter().flat_map(texts) {
            if keys.contains(&key.as_str()) {
                say(&file.path, line, &text);
            }
        }
    }
    Fact::first_of(crate::project::Confidence::Certain, claims)
}

/// Every text below a key, with that key and its line.
fn texts(node: &Arc<Node>) -> Vec<(String, usize, String)> {
    fn go(node: &Node, found: &mut Vec<(String, usize, String)>) {
        for item in node.items() {
            go(item, found);
        }
        for entry in node.entries() {
            match entry.node.text() {
                Some(text) => found.push((entry.key.clone(), entry.line, text.to_owned())),
                None => go(&entry.node, found),
            }
        }
    }
    let mut found = Vec::new();
    go(node, &mut found);
    found
}

/// The first of `names` in `folder`.
pub(super) fn first(tree: &Tree, folder: &RelPath, names: &[&str]) -> Option<RelPath> {
    let all = names.iter().filter_map(|name| folder.join(name).ok());
    all.into_iter().find(|path| tree.has(path))
}

fn has(tree: &Tree, folder: &RelPath, names: &[&str]) -> bool {
    names.iter().any(|name| {
        folder
            .join(name)
            .is_ok_and(|path| tree.has(&path) || tree.has_folder(&path))
    })
}

/// What a configuration in TOML or YAML says at `keys`, else `usual`.
fn said(tree: &Tree, path: &RelPath, keys: &[&str], usual: &str) -> String {
    let document = match path.extension() {
        "toml" => structured::toml(tree, path),
        "json" => structured::json(tree, path),
        _ => structured::yaml(tree, path),
    };
    let value = document.and_then(|document| document.at(keys)?.text().map(str::to_owned));
    value.unwrap_or_else(|| usual.to_owned())
}

/// <https://www.mkdocs.org/user-guide/configuration/>
fn mkdocs(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let path = first(tree, folder, &["mkdocs.yml", "mkdocs.yaml"])?;
    let output = said(tree, &path, &["site_dir"], "site");
    Some(Site {
        generator: "mkdocs",
        root: folder.clone(),
        at: Evidence::file(path),
        build: "mkdocs build".to_owned(),
        output,
    })
}

/// The first of its versions, which Sphinx is inside of. <https://jupyterbook.org/v1/structure/configure.html>
fn jupyter_book(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let path = first(tree, folder, &["_toc.yml"])?;
    first(tree, folder, &["_config.yml"])?;
    Some(Site {
        generator: "jupyter-book",
        root: folder.clone(),
        at: Evidence::file(path),
        build: "jupyter-book build .".to_owned(),
        output: "_build/html".to_owned(),
    })
}

/// A project without code to run. <https://quarto.org/docs/websites/>
fn quarto(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let project = research::quarto::read(tree, folder)?;
    let is_site = matches!(project.kind.as_str(), "website" | "book" | "manuscript");
    (is_site && project.runs.is_none()).then(|| Site {
        generator: "quarto",
        root: folder.clone(),
        at: project.at,
        build: "quarto render".to_owned(),
        output: project.output,
    })
}

/// What the second Jupyter Book is made of as well. <https://mystmd.org/guide/quickstart-myst-documents>
fn myst(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let path = first(tree, folder, &["myst.yml"])?;
    let document = structured::yaml(tree, &path)?;
    document
        .entry("site")
        .or_else(|| document.entry("project"))?;
    Some(Site {
        generator: "myst",
        root: folder.clone(),
        at: Evidence::file(path),
        build: "myst build --html".to_owned(),
        output: "_build/html".to_owned(),
    })
}

/// <https://gohugo.io/getting-started/configuration/>
fn hugo(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let own = first(
        tree,
        folder,
        &["hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json"],
    );
    let old = || {
        let names = [
            "config.toml",
            "config.yaml",
            "config.yml",
            "config/_default/hugo.toml",
            "config/_default/config.toml",
            "config/_default/hugo.yaml",
            "config/_default/config.yaml",
        ];
        let path = first(tree, folder, &names)?;
        let text = tree.text(&path)?;
        let of_hugo = ["baseURL", "baseurl", "theme"]
            .iter()
            .any(|key| text.contains(key));
        let laid_out = has(
            tree,
            folder,
            &["archetypes", "layouts", "themes", "content", "go.mod"],
        );
        (of_hugo && laid_out && !text.contains("base_url")).then_some(path)
    };
    let path = own.or_else(old)?;
    let output = said(tree, &path, &["publishDir"], "public");
    Some(Site {
        generator: "hugo",
        root: folder.clone(),
        at: Evidence::file(path),
        build: "hugo --gc --minify".to_owned(),
        output,
    })
}

/// <https://www.getzola.org/documentation/getting-started/configuration/>
fn zola(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let path = first(tree, folder, &["zola.toml", "config.toml"])?;
    let document = structured::toml(tree, &path)?;
    let entry = document.entry("base_url")?;
    let laid_out = has(tree, folder, &["content", "templates", "themes"]);
    laid_out.then(|| Site {
        generator: "zola",
        root: folder.clone(),
        at: tree.at(&path, entry.line),
        build: "zola build".to_owned(),
        output: said(tree, &path, &["output_dir"], "public"),
    })
}

/// <https://rust-lang.github.io/mdBook/format/configuration/>
fn mdbook(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let path = first(tree, folder, &["book.toml"])?;
    let output = said(tree, &path, &["build", "build-dir"], "book");
    Some(Site {
        generator: "mdbook",
        root: folder.clone(),
        at: Evidence::file(path),
        build: "mdbook build".to_owned(),
        output,
    })
}

/// <https://jekyllrb.com/docs/structure/>
fn jekyll(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let path = first(tree, folder, &["_config.yml", "_config.yaml"])?;
    let gemfile = first(tree, folder, &["Gemfile"]);
    let asked = gemfile.as_ref().is_some_and(|path| {
        let text = tree.text(path);
        text.is_some_and(|text| text.contains("jekyll") || text.contains("github-pages"))
    });
    if !asked && !has(tree, folder, &["_posts", "_layouts", "_includes"]) {
        return None;
    }
    let build = if asked {
        "bundle exec jekyll build"
    } else {
        "jekyll build"
    };
    let output = said(tree, &path, &["destination"], "_site");
    Some(Site {
        generator: "jekyll",
        root: folder.clone(),
        at: Evidence::file(path),
        build: build.to_owned(),
        output,
    })
}

/// The images of the repository, of which none is for developers alone.
pub(super) fn images(existing: &Existing) -> impl Iterator<Item = &crate::project::Dockerfile> {
    let all = existing.dockerfiles.iter();
    all.filter(|image| !existing::is_for_developers(image))
}
