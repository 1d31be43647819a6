//! Generators that Python brings: Sphinx and Pelican, which Python itself configures, and what `MkDocs`, Jupyter Book
//! and these need to be installed.

use super::generator::{Site, first, required};
use crate::detect::{Tree, structured, syntax};
use crate::project::{
    Confidence, Evidence, Existing, Fact, PackageManager, RelPath, Requirement, Service,
};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// Files that name what documentation is built with, the first that is there.
const MANIFESTS: &[&str] = &[
    "requirements.txt",
    "docs/requirements.txt",
    "doc/requirements.txt",
    "docs-requirements.txt",
    "requirements-docs.txt",
    "requirements/docs.txt",
    "requirements/doc.txt",
];

/// <https://www.sphinx-doc.org/en/master/usage/configuration.html>
pub(super) fn sphinx(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let names = ["conf.py", "source/conf.py", "src/conf.py"];
    let path = first(tree, folder, &names)?;
    let source = path.parent();
    first(tree, &source, &["index.rst", "index.md", "contents.rst"])?;
    let text = tree.text(&path)?;
    let is_sphinx = ["extensions", "html_theme", "project"]
        .iter()
        .any(|key| text.contains(key));
    is_sphinx.then(|| Site {
        generator: "sphinx",
        root: folder.clone(),
        build: format!(
            "sphinx-build -b html {} _build/html",
            source.relative_to(folder)
        ),
        at: Evidence::file(path),
        output: "_build/html".to_owned(),
    })
}

/// <https://docs.getpelican.com/en/latest/settings.html>
pub(super) fn pelican(tree: &Tree, folder: &RelPath) -> Option<Site> {
    let path = first(tree, folder, &["pelicanconf.py"])?;
    let settings = assigned(tree, &path).unwrap_or_default();
    let text = |name: &str, usual: &str| {
        let said = settings.get(name).and_then(|all| all.first());
        said.map_or(usual, |(text, _)| text.as_str())
            .trim_matches('/')
            .to_owned()
    };
    let content = text("PATH", "content");
    let output = text("OUTPUT_PATH", "output");
    let published = first(tree, folder, &["publishconf.py"]);
    let used = published.map_or_else(
        || "pelicanconf.py".to_owned(),
        |path| path.file_name().to_owned(),
    );
    Some(Site {
        generator: "pelican",
        root: folder.clone(),
        at: Evidence::file(path),
        build: shell_words::join([
            "pelican",
            content.as_str(),
            "--output",
            output.as_str(),
            "--settings",
            used.as_str(),
        ]),
        output,
    })
}

/// The texts that a module assigns to each name, with their lines.
type Assigned = BTreeMap<String, Vec<(String, usize)>>;

fn assigned(tree: &Tree, path: &RelPath) -> Option<Assigned> {
    let text = tree.text(path)?;
    let parsed = syntax::parse(&tree_sitter_python::LANGUAGE.into(), &text)?;
    let mut found = Assigned::new();
    for set in syntax::all(parsed.root_node(), "assignment") {
        let (Some(left), Some(right)) = (
            set.child_by_field_name("left"),
            set.child_by_field_name("right"),
        ) else {
            continue;
        };
        let content = |node: Node<'_>| {
            let text = syntax::text(node, &text).to_owned();
            (text, syntax::line(node))
        };
        let all = syntax::all(right, "string_content")
            .into_iter()
            .map(content);
        found.insert(syntax::text(left, &text).to_owned(), all.collect());
    }
    Some(found)
}

/// Adds what is installed to build `site`: the file that Read the Docs is told of, a file of requirements, else the
/// packages that its configuration names.
pub(super) fn environment(tree: &Tree, existing: &Existing, site: &Site, service: &mut Service) {
    let hosted = hosted(tree);
    let usual = || {
        let beside = first(tree, &site.root, MANIFESTS);
        beside.or_else(|| first(tree, &RelPath::root(), MANIFESTS))
    };
    let told = hosted.requirements.filter(|(path, _)| tree.has(path));
    let manifest = told.or_else(|| {
        let path = usual()?;
        Some((path.clone(), Evidence::file(path)))
    });
    if let Some((path, at)) = manifest {
        service.package_manager = Some(Fact::certain(PackageManager::Pip, at.clone()));
        service.manifest = Some(Fact::certain(path, at));
    }
    service.requirements = named(tree, site);
    let mut claims: Vec<(String, Evidence)> = Vec::new();
    for name in [".python-version", "runtime.txt"] {
        if let Some(path) = first(tree, &site.root, &[name])
            && let Some(text) = tree.text(&path)
        {
            let line = text.lines().next().unwrap_or_default();
            let version = line.trim().trim_start_matches("python-");
            claims.extend(minor(version).map(|version| (version, tree.at(&path, 1))));
        }
    }
    for image in super::generator::images(existing) {
        if let (Some((name, version)), Some(at)) = (&image.runtime, &image.from)
            && name == "python"
        {
            claims.extend(minor(version).map(|version| (version, at.clone())));
        }
    }
    claims.extend(hosted.python);
    service.runtime_version = Fact::first_of(Confidence::Certain, claims);
}

/// `3.12` of `3.12.4`.
fn minor(text: &str) -> Option<String> {
    let mut parts = text.trim().split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    (major == "3" && minor.parse::<u32>().is_ok()).then(|| format!("{major}.{minor}"))
}

/// What Read the Docs is told.
#[derive(Default)]
struct Hosted {
    requirements: Option<(RelPath, Evidence)>,
    python: Option<(String, Evidence)>,
}

/// <https://docs.readthedocs.com/platform/stable/config-file/v2.html>
fn hosted(tree: &Tree) -> Hosted {
    let names = [".readthedocs.yaml", ".readthedocs.yml", "readthedocs.yml"];
    let Some(path) = first(tree, &RelPath::root(), &names) else {
        return Hosted::default();
    };
    let Some(document) = structured::yaml(tree, &path) else {
        return Hosted::default();
    };
    let installs = document.at(&["python", "install"]);
    let requirements = installs
        .iter()
        .flat_map(|list| list.items())
        .find_map(|one| {
            let entry = one.entry("requirements")?;
            let file = RelPath::parse(entry.node.text()?).ok()?;
            Some((file, tree.at(&path, entry.line)))
        });
    let python = document
        .entry_at(&["build", "tools", "python"])
        .and_then(|entry| Some((minor(entry.node.text()?)?, tree.at(&path, entry.line))));
    Hosted {
        requirements,
        python,
    }
}

/// The packages that the configuration names.
fn named(tree: &Tree, site: &Site) -> Vec<Requirement> {
    let mut found = vec![required(site.generator, &site.at)];
    let path = &site.at.file;
    let mut add = |name: &str, line: usize| {
        if !found.iter().any(|known| known.name == name) {
            found.push(required(name, &tree.at(path, line)));
        }
    };
    match site.generator {
        "mkdocs" => {
            let Some(document) = structured::yaml(tree, path) else {
                return found;
            };
            if let Some(theme) = document.get("theme") {
                let name = theme.text().or_else(|| theme.get("name")?.text());
                match name {
                    None | Some("mkdocs" | "readthedocs" | "null") => {}
                    Some(name) => add(&format!("mkdocs-{name}"), theme.line),
                }
            }
            for plugin in document.get("plugins").iter().flat_map(|list| list.items()) {
                let keyed = plugin.entries().first().map(|entry| entry.key.as_str());
                let Some(name) = plugin.text().or(keyed) else {
                    continue;
                };
                if let Some(package) = plugin_package(name) {
                    add(&package, plugin.line);
                }
            }
        }
        "sphinx" => {
            let settings = assigned(tree, path).unwrap_or_default();
            let listed = ["html_theme", "extensions"]
                .iter()
                .filter_map(|name| settings.get(*name));
            for (module, line) in listed.flatten() {
                if let Some(package) = extension_package(module) {
                    add(&package, *line);
                }
            }
        }
        "pelican" => add("markdown", site.at.line),
        _ => {}
    }
    found
}

/// The distribution that brings a plugin of `MkDocs`; None for its own and those of its themes.
fn plugin_package(name: &str) -> Option<String> {
    Some(match name {
        "search" | "blog" | "tags" | "social" | "privacy" | "offline" | "meta" | "info" => {
            return None;
        }
        _ if name.starts_with("material/") => return None,
        "mkdocstrings" => "mkdocstrings[python]".to_owned(),
        "redirects" | "jupyter" | "literate-nav" | "section-index" | "gen-files" | "exclude"
        | "bibtex" | "click" | "swagger-ui-tag" | "autorefs" | "glightbox" | "mermaid2" => {
            format!("mkdocs-{name}")
        }
        _ => format!("mkdocs-{name}-plugin"),
    })
}

/// The distribution that brings a theme or extension of Sphinx; None for its own.
fn extension_package(module: &str) -> Option<String> {
    let builtin = [
        "alabaster",
        "classic",
        "sphinxdoc",
        "scrolls",
        "agogo",
        "traditional",
        "nature",
        "haiku",
        "pyramid",
        "bizstyle",
        "basic",
        "default",
        "epub",
    ];
    if module.starts_with("sphinx.") || builtin.contains(&module) {
        return None;
    }
    let mut parts = module.split('.');
    let first = parts.next()?;
    Some(match first {
        "sphinxcontrib" => format!("sphinxcontrib-{}", parts.next()?),
        "IPython" => "ipython".to_owned(),
        "matplotlib" => "matplotlib".to_owned(),
        _ => first.replace('_', "-"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_called_after_what_they_bring() {
        assert_eq!(plugin_package("search"), None);
        assert_eq!(
            plugin_package("macros").as_deref(),
            Some("mkdocs-macros-plugin")
        );
        assert_eq!(plugin_package("jupyter").as_deref(), Some("mkdocs-jupyter"));
        assert_eq!(extension_package("sphinx.ext.autodoc"), None);
        assert_eq!(
            extension_package("myst_parser").as_deref(),
            Some("myst-parser")
        );
        assert_eq!(
            extension_package("sphinxcontrib.bibtex").as_deref(),
            Some("sphinxcontrib-bibtex")
        );
        assert_eq!(minor("3.12.4").as_deref(), Some("3.12"));
        assert_eq!(minor("2.7"), None);
    }
}
