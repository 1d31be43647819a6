//! The route that a health check asks.

use super::application::{Application, Shape};
use super::source::{Source, arguments, with_tree};
use crate::detect::{serving, syntax};
use crate::project::{Evidence, Fact, RelPath};
use tree_sitter::Node;

/// Best first.
const ORDER: &[&str] = &[
    "/up",
    "/healthz",
    "/livez",
    "/health",
    "/healthcheck",
    "/health_check",
    "/ping",
];

pub(super) fn find(application: &Application<'_>, shape: &Shape) -> Option<Fact<String>> {
    let rails = matches!(shape, Shape::Rails(_));
    let is_read = |path: &&RelPath| {
        if rails {
            let below = path.below(&application.root);
            below.is_some_and(|below| below.as_str().starts_with("config/routes"))
        } else {
            matches!(path.extension(), "rb" | "ru")
        }
    };
    let words = [
        "health",
        "ping",
        "\"up\"",
        "'up'",
        "/up",
        ":up",
        "alive",
        "livez",
        "OkComputer",
    ];
    let mut found: Vec<(String, Evidence)> = Vec::new();
    for path in application.files.iter().filter(is_read) {
        let routes = with_tree(application.tree, path, &words, |source, root| {
            routes(application, source, root)
        });
        found.extend(routes.unwrap_or_default());
    }
    let rank = |path: &str| {
        let known = ORDER.iter().position(|known| path.ends_with(known));
        (known.unwrap_or(ORDER.len()), path.len())
    };
    let (path, at) = found.into_iter().min_by_key(|(path, _)| rank(path))?;
    Some(Fact::certain(path, at))
}

/// The routes about health that a file declares, below what they stand in.
fn routes(
    application: &Application<'_>,
    source: &Source<'_>,
    root: Node<'_>,
) -> Vec<(String, Evidence)> {
    let mut found = Vec::new();
    for call in syntax::all(root, "call") {
        if call.child_by_field_name("receiver").is_some() {
            continue;
        }
        let all = arguments(call);
        let Some(first) = all.first() else { continue };
        let path = match source.method(call) {
            "get" | "match" => {
                let named = first.child_by_field_name("key").unwrap_or(*first);
                source.string(named)
            }
            "mount" => source
                .of(*first)
                .starts_with("OkComputer")
                .then(|| source.option(call, "at").and_then(|at| source.string(at)))
                .flatten(),
            _ => None,
        };
        let Some(path) = path else { continue };
        let path = format!("/{}", path.trim_matches('/'));
        let is_rails = source.of(call).contains("rails/health");
        let is_mounted = source.method(call) == "mount";
        if !(serving::is_health(&path) || path == "/up" || is_rails || is_mounted) {
            continue;
        }
        if let Some(prefix) = prefix(source, call) {
            found.push((
                format!("{prefix}{path}"),
                application.tree.at(source.path, syntax::line(call)),
            ));
        }
    }
    found
}

/// What a route stands below; None where only some of the requests get there.
fn prefix(source: &Source<'_>, call: Node<'_>) -> Option<String> {
    let mut parts = Vec::new();
    let mut around = call.parent();
    while let Some(node) = around {
        if node.kind() == "call" {
            let first = arguments(node).into_iter().next();
            let named = first.and_then(|first| source.string(first));
            match source.method(node) {
                "namespace" => {
                    let path = source
                        .option(node, "path")
                        .and_then(|path| source.string(path));
                    parts.push(path.or(named)?);
                }
                "scope" => {
                    let path = source
                        .option(node, "path")
                        .and_then(|path| source.string(path));
                    parts.extend(path.or(named.filter(|text| !text.is_empty())));
                }
                "constraints" | "authenticate" | "authenticated" | "resources" | "resource" => {
                    return None;
                }
                _ => {}
            }
        }
        around = node.parent();
    }
    parts.reverse();
    let parts: Vec<&str> = parts
        .iter()
        .map(|part| part.trim_matches('/'))
        .filter(|part| !part.is_empty())
        .collect();
    let below = parts.join("/");
    Some(if below.is_empty() {
        below
    } else {
        format!("/{below}")
    })
}
