//! Developer tools that belong to no one ecosystem's reader: found by their configuration files,
//! or as packages of a package.json.

use super::beside::beside;
use super::{Found, Tree, structured};
use crate::project::{Evidence, Fact, RelPath, Tool};

struct Known {
    name: &'static str,
    purpose: &'static str,
    /// Names of its configuration files; one that ends in `*` is the beginning of a name.
    files: &'static [&'static str],
    /// Its package on npm.
    package: &'static str,
    /// The section of package.json that configures it.
    section: &'static str,
}

const fn file(name: &'static str, purpose: &'static str, files: &'static [&'static str]) -> Known {
    Known {
        name,
        purpose,
        files,
        package: "",
        section: "",
    }
}

const fn npm(mut known: Known, package: &'static str, section: &'static str) -> Known {
    known.package = package;
    known.section = section;
    known
}

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    npm(file("eslint", "lint", &["eslint.config.*", ".eslintrc", ".eslintrc.*"]), "eslint", "eslintConfig"),
    npm(file("prettier", "format", &["prettier.config.*", ".prettierrc", ".prettierrc.*"]), "prettier", "prettier"),
    npm(file("stylelint", "lint", &["stylelint.config.*", ".stylelintrc", ".stylelintrc.*"]), "stylelint", "stylelint"),
    npm(file("biome", "lint", &["biome.json", "biome.jsonc"]), "@biomejs/biome", ""),
    npm(file("commitlint", "lint", &["commitlint.config.*", ".commitlintrc", ".commitlintrc.*"]), "@commitlint/cli", "commitlint"),
    file("gofmt", "format", &["go.mod"]),
    file("golangci-lint", "lint", &[".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json"]),
    file("rubocop", "lint", &[".rubocop.yml"]),
    file("standard", "lint", &[".standard.yml"]),
    file("mix-format", "format", &[".formatter.exs"]),
    file("credo", "lint", &[".credo.exs"]),
    file("sobelow", "security", &[".sobelow-conf"]),
    file("shellcheck", "lint", &[".shellcheckrc", "shellcheckrc"]),
    file("hadolint", "lint", &[".hadolint.yaml", ".hadolint.yml"]),
    file("yamllint", "lint", &[".yamllint", ".yamllint.yaml", ".yamllint.yml"]),
    file("sqlfluff", "lint", &[".sqlfluff"]),
    file("markdownlint-cli2", "lint", &[".markdownlint-cli2.*"]),
    file("markdownlint", "lint", &[".markdownlint.json", ".markdownlint.jsonc", ".markdownlint.yaml", ".markdownlint.yml"]),
    file("typos", "lint", &["typos.toml", "_typos.toml", ".typos.toml"]),
];

/// Adds those that the tree shows; one that is known already only gains evidence.
pub(super) fn find(tree: &Tree, found: &mut Found) {
    for path in tree.files() {
        let name = path.file_name();
        // What REUSE says of another file's license.
        if path.extension() == "license" {
            continue;
        }
        let known: Vec<&Known> = KNOWN
            .iter()
            .filter(|known| known.files.iter().any(|pattern| matches(pattern, name)))
            .collect();
        if known.is_empty() && name != "package.json" {
            continue;
        }
        let folder = path.parent();
        if beside(&folder) || folder.as_str().split('/').any(is_foreign) {
            continue;
        }
        if name == "package.json" {
            in_package(tree, path, found);
            continue;
        }
        for known in known {
            let fact = if known.name == "gofmt" {
                Fact::likely(true, Evidence::file(path.clone()))
                    .because("it comes with the Go toolchain")
            } else {
                Fact::certain(true, Evidence::file(path.clone()))
            };
            add(known, fact, None, found);
        }
    }
}

/// Other people's code.
fn is_foreign(part: &str) -> bool {
    matches!(
        part,
        "node_modules" | "vendor" | "third_party" | "templates"
    ) || part.contains("{{")
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn in_package(tree: &Tree, path: &RelPath, found: &mut Found) {
    // Most have none of them, and a parser takes its time.
    let named = |known: &Known, text: &str| {
        !known.package.is_empty() && text.contains(&format!("\"{}\"", known.package))
            || !known.section.is_empty() && text.contains(&format!("\"{}\"", known.section))
    };
    let Some(text) = tree.text(path) else { return };
    if !KNOWN.iter().any(|known| named(known, &text)) {
        return;
    }
    let Some(document) = structured::json(tree, path) else {
        return;
    };
    for known in KNOWN.iter().filter(|known| named(known, &text)) {
        let declared = ["devDependencies", "dependencies"]
            .iter()
            .find_map(|section| document.entry_at(&[section, known.package]));
        let configured = document.entry(known.section);
        let Some(entry) = declared.or(configured) else {
            continue;
        };
        let version = declared
            .and_then(|entry| entry.node.text())
            .filter(|text| text.starts_with(|first: char| first.is_ascii_digit()))
            .map(str::to_owned);
        let fact = Fact::certain(true, tree.at(path, entry.line));
        add(known, fact, version, found);
    }
}

fn add(known: &Known, fact: Fact<bool>, version: Option<String>, found: &mut Found) {
    if let Some(tool) = found.tools.iter_mut().find(|tool| tool.name == known.name) {
        for place in fact.evidence {
            if !tool.found.evidence.contains(&place) {
                tool.found.evidence.push(place);
            }
        }
        tool.version = tool.version.take().or(version);
        return;
    }
    found.tools.push(Tool {
        name: known.name.to_owned(),
        purpose: known.purpose,
        found: fact,
        version,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(files: &[(&str, &str)]) -> Vec<(String, Vec<String>, Option<String>)> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut found = Found::default();
        find(&Tree::read(folder.path()).unwrap(), &mut found);
        let shown = |tool: Tool| {
            let places = tool.found.evidence.iter().map(ToString::to_string);
            (tool.name, places.collect(), tool.version)
        };
        found.tools.into_iter().map(shown).collect()
    }

    #[test]
    fn a_tool_shows_by_its_configuration_or_as_a_package() {
        let found = tools(&[
            (
                "web/package.json",
                "{\n  \"devDependencies\": {\n    \"eslint\": \"9.1.0\"\n  },\n  \"prettier\": {}\n}\n",
            ),
            ("web/eslint.config.mjs", ""),
            ("tool/go.mod", "module x\n"),
            ("tests/.yamllint", ""),
            ("node_modules/x/.eslintrc.json", "{}"),
            ("README.md", "\"eslint\""),
        ]);
        let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["gofmt", "eslint", "prettier"]);
        assert_eq!(found[1].1, ["web/eslint.config.mjs", "web/package.json:3"]);
        assert_eq!(found[1].2.as_deref(), Some("9.1.0"));
        assert_eq!(found[2].1, ["web/package.json:5"]);
    }

    #[test]
    fn a_package_that_only_mentions_one_uses_none() {
        let mention = "{\"description\": \"eslint\", \"keywords\": [\"prettier\"]}";
        assert_eq!(tools(&[("package.json", mention)]), []);
        assert_eq!(tools(&[("package.json", "{\"eslint\": ")]), []);
    }
}
