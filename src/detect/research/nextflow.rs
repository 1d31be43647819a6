//! Nextflow: `main.nf` beside `nextflow.config`. <https://www.nextflow.io/docs/latest/config.html>

use super::Workflow;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, Fact, RelPath};
use tree_sitter::Node;

/// The first version of Nextflow with `nextflow lint`.
const LINTS: (u32, u32) = (25, 4);

/// Every pipeline that lies in no other one, the outermost first.
pub(super) fn find(tree: &Tree) -> Vec<Workflow> {
    let mut scripts: Vec<&RelPath> = tree
        .named("main.nf")
        .filter(|path| {
            let folder = path.parent();
            let config = folder.join("nextflow.config");
            !beside_or_hidden(&folder)
                && !pattern(&folder)
                && config.is_ok_and(|config| tree.has(&config))
        })
        .collect();
    scripts.sort_by_key(|path| path.depth());
    let mut found: Vec<Workflow> = Vec::new();
    for path in scripts {
        let root = path.parent();
        if found.iter().any(|outer| root.is_within(&outer.root)) {
            continue;
        }
        found.extend(workflow(tree, path, root));
    }
    found
}

fn workflow(tree: &Tree, script: &RelPath, root: RelPath) -> Option<Workflow> {
    let config = root.join("nextflow.config").ok()?;
    let said = read(tree, &config).unwrap_or_default();
    let at = said.test.map_or_else(
        || Evidence::file(config.clone()),
        |line| tree.at(&config, line),
    );
    let profile = if said.test.is_some() {
        " -profile test"
    } else {
        ""
    };
    let mut lint = vec![Fact::certain(
        format!("nextflow config{profile} . > /dev/null"),
        at,
    )];
    if let Some((version, line)) = said.version
        && version >= LINTS
    {
        let at = tree.at(&config, line);
        lint.push(Fact::certain("nextflow lint .".to_owned(), at));
    }
    let mut framework = Fact::certain("nextflow".to_owned(), Evidence::file(script.clone()));
    framework.evidence.push(Evidence::file(config));
    Some(Workflow {
        framework,
        root,
        test: None,
        lint,
    })
}

/// What a configuration says.
#[derive(Default)]
struct Said {
    /// Line of the profile `test`.
    test: Option<usize>,
    /// The least version of Nextflow, with its line.
    version: Option<((u32, u32), usize)>,
}

fn read(tree: &Tree, path: &RelPath) -> Option<Said> {
    let text = tree.text(path)?;
    let parsed = syntax::parse(&tree_sitter_groovy::LANGUAGE.into(), &text)?;
    let of = |node: Node<'_>| syntax::text(node, &text).to_owned();
    let mut said = Said::default();
    let kinds = [
        "assignment_expression",
        "method_invocation",
        "juxt_function_call",
    ];
    for node in syntax::all_of(parsed.root_node(), &kinds) {
        if node.kind() == "assignment_expression" {
            let left = node.child_by_field_name("left").map(of);
            if left.is_some_and(|left| left.ends_with("nextflowVersion")) {
                let right = node.child_by_field_name("right").map(of);
                let version = right.and_then(|text| version(&text));
                said.version = version.map(|version| (version, syntax::line(node)));
            }
            continue;
        }
        let name = |node: Node<'_>| node.child_by_field_name("name").map(of);
        if name(node).as_deref() == Some("test") {
            let mut outer = node.parent();
            while let Some(one) = outer {
                if name(one).as_deref() == Some("profiles") {
                    said.test = Some(syntax::line(node));
                    break;
                }
                outer = one.parent();
            }
        }
    }
    Some(said)
}

/// `(25, 4)` of `'!>=25.04.3'`.
fn version(text: &str) -> Option<(u32, u32)> {
    let digits = text.trim_matches(|c: char| !c.is_ascii_digit());
    let mut parts = digits.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_be_the_least_one() {
        assert_eq!(version("'!>=25.04.3'"), Some((25, 4)));
        assert_eq!(version("\"23.10\""), Some((23, 10)));
        assert_eq!(version("'!>=25'"), None);
    }
}
