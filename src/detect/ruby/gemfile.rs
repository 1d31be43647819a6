//! A Gemfile and a gemspec: which gems are asked for, in which groups, by which Ruby.

use super::source::{Source, arguments, with_tree};
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, Finding, RelPath, Requirement, Severity};
use tree_sitter::Node;

/// What a manifest asks for.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: RelPath,
    pub(super) requirements: Vec<Requirement>,
    /// Texts of the `ruby` line, or of `required_ruby_version`, and where it is.
    pub(super) ruby: Option<(Vec<String>, Evidence)>,
    /// The file that the `ruby` line reads its version from.
    pub(super) ruby_file: Option<(RelPath, Evidence)>,
    /// Whether it takes in the gemspec beside it.
    pub(super) gemspec: bool,
    /// Folders of gems that lie in the tree.
    pub(super) paths: Vec<RelPath>,
    /// Whether a gem comes from a git repository.
    pub(super) from_git: bool,
    /// Of a gemspec: the name of the gem.
    pub(super) name: Option<(String, Evidence)>,
}

/// Groups that production leaves out.
const DEVELOPMENT: &[&str] = &[
    "development",
    "test",
    "ci",
    "doc",
    "docs",
    "lint",
    "rubocop",
    "tools",
];

/// Reads the Gemfile at `path`.
/// <https://bundler.io/man/gemfile.5.html>
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<Manifest> {
    with_tree(tree, path, &[], |source, root| {
        report(tree, source, root);
        let mut manifest = Manifest::empty(path);
        for call in syntax::all(root, "call") {
            if call.child_by_field_name("receiver").is_some() {
                continue;
            }
            match source.method(call) {
                "gem" => manifest.gem(tree, source, call),
                "ruby" => manifest.ruby(tree, source, call, root),
                "gemspec" => manifest.gemspec = true,
                _ => {}
            }
        }
        // Without arguments it is a name and no call.
        let named = syntax::all(root, "identifier");
        manifest.gemspec |= named.into_iter().any(|node| {
            source.of(node) == "gemspec"
                && node.parent().is_some_and(|parent| parent.kind() != "call")
        });
        manifest
    })
}

/// Reads the gemspec at `path`.
/// <https://guides.rubygems.org/specification-reference/>
pub(super) fn gemspec(tree: &Tree, path: &RelPath) -> Option<Manifest> {
    with_tree(tree, path, &[], |source, root| {
        let mut manifest = Manifest::empty(path);
        for set in syntax::all(root, "assignment") {
            let (Some(left), Some(right)) = (
                set.child_by_field_name("left"),
                set.child_by_field_name("right"),
            ) else {
                continue;
            };
            match source.of(left).rsplit('.').next() {
                Some("name") if left.kind() == "call" => {
                    let text = source.string(source.inner(right));
                    manifest.name = text.map(|text| (text, source.at(tree, set)));
                }
                Some("required_ruby_version") => {
                    let texts = source.strings(right);
                    manifest.ruby = Some((texts, source.at(tree, set)));
                }
                _ => {}
            }
        }
        for call in syntax::all(root, "call") {
            let development = match source.method(call) {
                "add_dependency" | "add_runtime_dependency" => false,
                "add_development_dependency" => true,
                _ => continue,
            };
            manifest
                .requirements
                .extend(required(tree, source, call, development));
        }
        manifest
    })
}

/// Says where a Gemfile cannot be read.
fn report(tree: &Tree, source: &Source<'_>, root: Node<'_>) {
    if !root.has_error() {
        return;
    }
    let broken = syntax::all(root, "ERROR").into_iter().next();
    let line = broken.map_or(1, syntax::line);
    let path = source.path;
    tree.report(Finding {
        id: "invalid-gemfile",
        severity: Severity::Error,
        message: format!("{path}:{line} is no valid Ruby; the rest of the file was read"),
        evidence: vec![tree.at(path, line)],
        mend: format!("correct line {line} of {path}"),
    });
}

/// What a call names first, with the versions behind it.
fn required(
    tree: &Tree,
    source: &Source<'_>,
    call: Node<'_>,
    development: bool,
) -> Option<Requirement> {
    let all = arguments(call);
    let name = source.string(*all.first()?)?;
    let versions = all[1..].iter().flat_map(|one| match one.kind() {
        "pair" | "hash" => Vec::new(),
        _ => source.strings(*one),
    });
    let specifier: Vec<String> = versions.collect();
    let specifier = specifier.join(", ");
    Some(Requirement {
        exact: specifier.starts_with(|c: char| c.is_ascii_digit()) || specifier.starts_with("= "),
        name,
        extras: Vec::new(),
        specifier,
        development,
        direct: true,
        declared: source.at(tree, call),
        imported: None,
    })
}

impl Manifest {
    pub(super) fn empty(path: &RelPath) -> Self {
        Self {
            path: path.clone(),
            requirements: Vec::new(),
            ruby: None,
            ruby_file: None,
            gemspec: false,
            paths: Vec::new(),
            from_git: false,
            name: None,
        }
    }

    fn gem(&mut self, tree: &Tree, source: &Source<'_>, call: Node<'_>) {
        let groups = groups(source, call);
        let development =
            !groups.is_empty() && groups.iter().all(|one| DEVELOPMENT.contains(&one.as_str()));
        self.requirements
            .extend(required(tree, source, call, development));
        let options = ["git", "github", "gitlab", "bitbucket", "gist"];
        self.from_git |= options
            .iter()
            .any(|name| source.option(call, name).is_some());
        let folder = source
            .option(call, "path")
            .and_then(|path| source.string(path));
        let folder =
            folder.and_then(|text| self.path.parent().join(text.trim_start_matches("./")).ok());
        self.paths
            .extend(folder.filter(|folder| tree.has_folder(folder)));
    }

    fn ruby(&mut self, tree: &Tree, source: &Source<'_>, call: Node<'_>, root: Node<'_>) {
        if self.ruby.is_some() || self.ruby_file.is_some() {
            return;
        }
        let at = source.at(tree, call);
        let file = |text: String| self.path.parent().join(text.trim_start_matches("./")).ok();
        if let Some(text) = source
            .option(call, "file")
            .and_then(|file| source.string(file))
        {
            self.ruby_file = file(text).map(|path| (path, at));
            return;
        }
        let texts: Vec<String> = arguments(call)
            .into_iter()
            .flat_map(|one| source.strings(one))
            .collect();
        if !texts.is_empty() {
            self.ruby = Some((texts, at));
            return;
        }
        // `ruby File.read(".ruby-version").strip`, with the name of the file anywhere before it.
        let named = syntax::all(root, "string")
            .into_iter()
            .filter_map(|node| source.string(node));
        let mut named = named.filter(|text| {
            matches!(
                text.rsplit('/').next(),
                Some(".ruby-version" | ".tool-versions")
            )
        });
        let name = named
            .next()
            .and_then(|text| text.rsplit('/').next().map(str::to_owned));
        self.ruby_file = name.and_then(file).map(|path| (path, at));
    }
}

/// The groups that a gem stands in.
fn groups(source: &Source<'_>, call: Node<'_>) -> Vec<String> {
    let mut found: Vec<String> = ["group", "groups"]
        .iter()
        .filter_map(|name| source.option(call, name))
        .flat_map(|value| source.strings(value))
        .collect();
    let mut around = call.parent();
    while let Some(node) = around {
        if node.kind() == "call" && source.method(node) == "group" {
            found.extend(
                arguments(node)
                    .into_iter()
                    .flat_map(|one| source.strings(one)),
            );
        }
        around = node.parent();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("engines/tide")).unwrap();
        std::fs::write(folder.path().join("engines/tide/tide.gemspec"), "").unwrap();
        std::fs::write(folder.path().join("Gemfile"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        read(&tree, &RelPath::parse("Gemfile").unwrap()).unwrap()
    }

    #[test]
    fn gems_stand_in_groups() {
        let found = manifest(
            "gem 'rails', '~> 8.0', '>= 8.0.2'\ngroup :development, :test do\n  gem \"debug\"\nend\n\
             gem 'pg', group: :production\ngem 'vcr', :group => [:test]\ngem('tide', path: './engines/tide')\n\
             group :assets, :development do\n  gem 'sassc'\nend\ngem 'x', github: 'a/x'\n# gem 'said'\n",
        );
        let all: Vec<(&str, &str, bool)> = found
            .requirements
            .iter()
            .map(|one| (one.name.as_str(), one.specifier.as_str(), one.development))
            .collect();
        assert_eq!(
            all,
            [
                ("rails", "~> 8.0, >= 8.0.2", false),
                ("debug", "", true),
                ("pg", "", false),
                ("vcr", "", true),
                ("tide", "", false),
                ("sassc", "", false),
                ("x", "", false),
            ]
        );
        assert_eq!(found.requirements[1].declared.line, 3);
        assert!(found.from_git && !found.gemspec);
        assert_eq!(found.paths, [RelPath::parse("engines/tide").unwrap()]);
    }

    #[test]
    fn ruby_is_named_in_many_ways() {
        let texts = |text: &str| manifest(text).ruby.map(|(texts, _)| texts);
        assert_eq!(texts("ruby '3.4.5'"), Some(vec!["3.4.5".to_owned()]));
        assert_eq!(
            texts("ruby '>= 3.2', '< 4.0'"),
            Some(vec![">= 3.2".to_owned(), "< 4.0".to_owned()])
        );
        let file = |text: &str| manifest(text).ruby_file.map(|(path, _)| path.to_string());
        assert_eq!(
            file("ruby file: \".ruby-version\"").as_deref(),
            Some(".ruby-version")
        );
        let read =
            "path = File.expand_path('.ruby-version', __dir__)\nruby File.read(path).chomp\n";
        assert_eq!(file(read).as_deref(), Some(".ruby-version"));
        assert_eq!(texts("rubygems '1'"), None);
        assert!(manifest("source 'x'\ngemspec\n").gemspec);
        assert!(manifest("gemspec path: 'x'\n").gemspec);
    }
}
