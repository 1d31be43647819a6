//! `mix.exs`: what a project is called, what it starts, what it is made of and released as; and what its
//! lock holds. <https://hexdocs.pm/mix/Mix.Project.html>

use super::source::{Names, Source, children, names, with_tree};
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, Finding, RelPath, Requirement, Severity};
use tree_sitter::Node;

/// A value with the place that says it.
pub(super) type At = (String, Evidence);

#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: RelPath,
    pub(super) app: Option<At>,
    /// The requirement on Elixir as written.
    pub(super) elixir: Option<At>,
    /// The module that is started.
    pub(super) starts: Option<At>,
    /// That it is made for hex.pm.
    pub(super) package: Option<Evidence>,
    /// The folder of an umbrella's applications.
    pub(super) apps: Option<At>,
    pub(super) releases: Vec<Release>,
    pub(super) default_release: Option<String>,
    aliases: Vec<Alias>,
    pub(super) requirements: Vec<Requirement>,
    /// Folders of other projects that it is built with.
    pub(super) paths: Vec<RelPath>,
    /// Whether a dependency comes from a git repository.
    pub(super) from_git: bool,
    /// Whether a dependency comes from hex.pm.
    pub(super) from_hex: bool,
}

/// A name for several tasks.
#[derive(Debug)]
pub(super) struct Alias {
    name: String,
    pub(super) at: Evidence,
    /// The tasks as they are written.
    pub(super) text: String,
}

#[derive(Debug, Clone)]
pub(super) struct Release {
    pub(super) name: String,
    pub(super) at: Evidence,
    /// The applications that it names.
    pub(super) applications: Vec<String>,
}

/// The project of `path`; None where there is nothing of one in it.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<Manifest> {
    with_tree(tree, path, &["project", "Mix."], |source, root| {
        let manifest = Reader {
            tree,
            source,
            root,
            names: names(source, root),
        }
        .manifest();
        if manifest.is_none() && root.has_error() {
            let broken = syntax::all(root, "ERROR").into_iter().next();
            tree.report(invalid(path, syntax::line(broken.unwrap_or(root))));
        }
        manifest
    })?
}

fn invalid(path: &RelPath, line: usize) -> Finding {
    Finding {
        id: "invalid-elixir",
        severity: Severity::Warning,
        message: format!("{path}:{line} is no valid Elixir, so the project is not known"),
        evidence: vec![Evidence::new(path.clone(), line, "")],
        mend: format!("mend {path}: `mix format --check-formatted {path}` says what is wrong"),
    }
}

struct Reader<'r, 't, 'n> {
    tree: &'r Tree,
    source: &'r Source<'t>,
    root: Node<'n>,
    names: Names<'n>,
}

impl<'t: 'n, 'n> Reader<'_, 't, 'n> {
    fn manifest(&self) -> Option<Manifest> {
        let project = self.given("project");
        if project.is_empty() {
            return None;
        }
        let find = |key: &str| {
            project
                .iter()
                .find_map(|list| self.source.entry(*list, key))
        };
        let text = |key: &str| {
            let node = find(key)?;
            let said = self.source.value(node, &self.names)?;
            Some((said.text, self.at(node)))
        };
        let releases = find("releases")
            .map(|node| self.lists(node))
            .unwrap_or_default();
        let aliases = find("aliases")
            .map(|node| self.lists(node))
            .unwrap_or_default();
        let mut manifest = Manifest {
            path: self.source.path.clone(),
            app: text("app"),
            elixir: text("elixir"),
            starts: self.starts(),
            package: find("package").map(|node| self.at(node)),
            apps: text("apps_path"),
            releases: self.releases(&releases),
            default_release: text("default_release").map(|(name, _)| name),
            aliases: aliases
                .iter()
                .flat_map(|list| self.source.entries(*list))
                .map(|(name, node)| Alias {
                    name,
                    at: self.at(node),
                    text: self.source.of(node).to_owned(),
                })
                .collect(),
            requirements: Vec::new(),
            paths: Vec::new(),
            from_git: false,
            from_hex: false,
        };
        self.dependencies(find("deps"), &mut manifest);
        Some(manifest)
    }

    fn at(&self, node: Node<'_>) -> Evidence {
        self.source.at(self.tree, node)
    }

    /// The lists that every clause of a function gives.
    fn given(&self, name: &str) -> Vec<Node<'n>> {
        let functions = self.source.functions(self.root).into_iter();
        functions
            .filter(|function| function.name == name)
            .filter_map(|function| function.given())
            .flat_map(|node| self.lists(node))
            .collect()
    }

    /// The lists that an expression is made of, through functions, names and `++`.
    fn lists(&self, node: Node<'n>) -> Vec<Node<'n>> {
        let mut found = Vec::new();
        self.gather(node, &mut found, 8);
        found
    }

    fn gather(&self, node: Node<'n>, found: &mut Vec<Node<'n>>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match node.kind() {
            "list" | "keywords" => found.push(node),
            "binary_operator" if self.source.operator(node) == "++" => {
                for side in ["left", "right"] {
                    if let Some(side) = node.child_by_field_name(side) {
                        self.gather(side, found, depth);
                    }
                }
            }
            "identifier" | "call" => {
                let name = if node.kind() == "call" {
                    self.source.target(node)
                } else {
                    self.source.of(node)
                };
                let functions = self.source.functions(self.root).into_iter();
                for function in functions.filter(|function| function.name == name) {
                    if let Some(given) = function.given() {
                        self.gather(given, found, depth);
                    }
                }
                if node.kind() == "identifier"
                    && let Some(value) = self.names.get(name).filter(|value| **value != node)
                    && found.is_empty()
                {
                    self.gather(*value, found, depth);
                }
            }
            "unary_operator" => {
                if let Some(value) = self.names.get(self.source.of(node)) {
                    self.gather(*value, found, depth);
                }
            }
            _ => {}
        }
    }

    /// `mod: {Harbour.Application, []}` of the function `application`.
    fn starts(&self) -> Option<At> {
        let lists = self.given("application").into_iter();
        let mut all = lists.filter_map(|list| self.source.entry(list, "mod"));
        let node = all.next()?;
        let module = children(node)
            .into_iter()
            .next()
            .filter(|_| node.kind() == "tuple")
            .unwrap_or(node);
        Some((self.source.of(module).to_owned(), self.at(node)))
    }

    fn releases(&self, lists: &[Node<'n>]) -> Vec<Release> {
        let all = lists.iter().flat_map(|list| self.source.entries(*list));
        all.map(|(name, node)| {
            let applications = self
                .lists(node)
                .into_iter()
                .find_map(|list| self.source.entry(list, "applications"));
            let applications = applications
                .map(|node| self.lists(node))
                .unwrap_or_default();
            Release {
                // The line that names it.
                at: node
                    .parent()
                    .map_or_else(|| self.at(node), |pair| self.at(pair)),
                name,
                applications: applications
                    .into_iter()
                    .flat_map(|list| self.source.entries(list))
                    .map(|(name, _)| name)
                    .collect(),
            }
        })
        .collect()
    }

    /// Every tuple of the lists that `deps` is made of, and of functions that are called after them.
    fn dependencies(&self, node: Option<Node<'n>>, manifest: &mut Manifest) {
        let mut lists = node.map(|node| self.lists(node)).unwrap_or_default();
        let functions = self.source.functions(self.root).into_iter();
        for function in functions.filter(|function| function.name.contains("dep")) {
            for list in function
                .given()
                .map(|node| self.lists(node))
                .unwrap_or_default()
            {
                if !lists.contains(&list) {
                    lists.push(list);
                }
            }
        }
        for list in lists {
            for one in children(list) {
                match one.kind() {
                    "tuple" => self.dependency(&children(one), one, manifest),
                    // `[plug: "~> 1.0"]`
                    "keywords" => {
                        for pair in children(one) {
                            let value = pair.child_by_field_name("value");
                            let key = pair.child_by_field_name("key");
                            if let Some((key, value)) = key.zip(value) {
                                self.dependency(&[key, value], pair, manifest);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn dependency(&self, parts: &[Node<'n>], whole: Node<'n>, manifest: &mut Manifest) {
        let Some((first, rest)) = parts.split_first() else {
            return;
        };
        let name = self.source.atom(*first).or_else(|| {
            (first.kind() == "keyword").then(|| {
                self.source
                    .of(*first)
                    .trim_end()
                    .trim_end_matches(':')
                    .to_owned()
            })
        });
        let Some(name) = name else { return };
        if manifest.requirements.iter().any(|known| known.name == name) {
            return;
        }
        let specifier = rest
            .iter()
            .find_map(|node| self.source.string(*node))
            .unwrap_or_default();
        let options = rest
            .iter()
            .find(|node| matches!(node.kind(), "keywords" | "list"));
        let option = |key: &str| options.and_then(|list| self.source.entry(*list, key));
        let is_true = |key: &str| option(key).is_some_and(|node| self.source.of(node) == "true");
        let only = option("only")
            .map(|node| self.source.atoms(node))
            .unwrap_or_default();
        let development = !only.is_empty() && !only.iter().any(|name| name == "prod");
        let is_from = |keys: &[&str]| keys.iter().any(|key| option(key).is_some());
        if is_from(&["git", "github"]) {
            manifest.from_git |= !development;
        } else if let Some(path) = option("path") {
            let text = self.source.string(path).unwrap_or_default();
            manifest
                .paths
                .extend(manifest.path.parent().join(&text).ok());
            return;
        } else if is_true("in_umbrella") {
            return;
        } else {
            manifest.from_hex = true;
        }
        manifest.requirements.push(Requirement {
            exact: specifier.starts_with("==")
                || specifier.starts_with(|c: char| c.is_ascii_digit()),
            name,
            extras: Vec::new(),
            specifier,
            // What is only used where somebody else brings it is none of this project's own.
            development: development || is_true("optional"),
            direct: true,
            declared: self.at(whole),
            imported: None,
        });
    }
}

impl Manifest {
    pub(super) fn alias(&self, name: &str) -> Option<&Alias> {
        self.aliases.iter().find(|alias| alias.name == name)
    }

    /// A dependency of production.
    pub(super) fn needs(&self, name: &str) -> Option<&Requirement> {
        self.requirements
            .iter()
            .find(|one| one.name == name && !one.development)
    }

    /// One of any environment.
    pub(super) fn any(&self, name: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|one| one.name == name)
    }
}

/// The names of what a lock holds; None where it holds nothing.
pub(super) fn lock(tree: &Tree, path: &RelPath) -> Option<Vec<String>> {
    let found = with_tree(tree, path, &["%{"], |source, root| {
        let maps = syntax::all(root, "map").into_iter().take(1);
        let all = maps.flat_map(|map| source.entries(map));
        all.map(|(name, _)| name).collect::<Vec<String>>()
    });
    let names = found?;
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Option<Manifest> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mix.exs"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        read(&tree, &RelPath::parse("mix.exs").unwrap())
    }

    #[test]
    fn a_project_is_read_through_its_functions() {
        let manifest = manifest(
            "defmodule A do\n  @app :tide\n  def project do\n    [app: @app, elixir: \"~> 1.17\", deps: deps(:prod) ++ more(), releases: releases(), package: package()]\n  end\n\
             \x20 def application, do: [mod: {Tide.App, []}]\n\
             \x20 defp deps(_), do: [{:plug, \"~> 1.0\"}, {:gate, path: \"../gate\"}, {:reef, github: \"a/reef\"}, {:lint, \"1.0.0\", only: [:dev, :test]}]\n\
             \x20 defp more, do: [bandit: \"~> 1.5\"]\n\
             \x20 defp releases, do: [crane: [applications: [tide: :permanent]]]\nend\n",
        )
        .unwrap();
        assert_eq!(manifest.app.as_ref().unwrap().0, "tide");
        assert_eq!(manifest.elixir.as_ref().unwrap().0, "~> 1.17");
        assert_eq!(manifest.starts.as_ref().unwrap().0, "Tide.App");
        assert!(manifest.package.is_some() && manifest.from_git && manifest.from_hex);
        let names: Vec<&str> = manifest
            .requirements
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["plug", "reef", "lint", "bandit"]);
        assert!(
            manifest.needs("lint").is_none() && manifest.any("lint").is_some_and(|one| one.exact)
        );
        assert_eq!(manifest.releases[0].name, "crane");
        assert_eq!(manifest.releases[0].applications, ["tide"]);
    }

    #[test]
    fn what_is_no_project_is_none() {
        for text in [
            "",
            "<<<<<<< HEAD\n",
            "defmodule A do\nend\n",
            "{\"app\": \"a\"}",
            "def project(",
        ] {
            assert!(manifest(text).is_none(), "{text}");
        }
    }
}
