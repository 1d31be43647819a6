//! The route that a health check asks.

use super::application::Application;
use super::source::{Source, arguments, with_tree};
use crate::detect::{serving, syntax};
use crate::project::{Evidence, Fact};
use tree_sitter::Node;

const WORDS: &[&str] = &["health", "ping", "livez", "alive", "PlugHeartbeat"];

pub(super) fn find(application: &Application<'_>) -> Option<Fact<String>> {
    let mut found: Vec<(String, Evidence)> = Vec::new();
    for path in application
        .files
        .iter()
        .filter(|path| path.extension() == "ex")
    {
        let routes = with_tree(application.tree, path, WORDS, |source, root| {
            routes(application, source, root)
        });
        found.extend(routes.unwrap_or_default());
    }
    serving::health(found.iter().map(|(route, at)| (route.clone(), at)))
}

/// The routes about health that a router declares, below the scopes that they stand in.
fn routes(
    application: &Application<'_>,
    source: &Source<'_>,
    root: Node<'_>,
) -> Vec<(String, Evidence)> {
    let is_router = ["Router", ":router", "Endpoint"]
        .iter()
        .any(|word| source.text.contains(word));
    if !is_router {
        return Vec::new();
    }
    let mut found = Vec::new();
    for call in syntax::all(root, "call") {
        let all = arguments(call);
        let path = match source.target(call) {
            "get" | "forward" | "match" => all.first().and_then(|first| source.string(*first)),
            "plug"
                if all
                    .first()
                    .is_some_and(|first| source.of(*first) == "PlugHeartbeat") =>
            {
                let path = source
                    .option(call, "path")
                    .and_then(|path| source.string(path));
                Some(path.unwrap_or_else(|| "/heartbeat".to_owned()))
            }
            _ => None,
        };
        let Some(path) = path else { continue };
        let is_mounted = source.target(call) == "plug";
        let path = format!("/{}", path.trim_matches('/'));
        if !is_mounted && !serving::is_health(&path) {
            continue;
        }
        if let Some(prefix) = prefix(source, call) {
            found.push((format!("{prefix}{path}"), source.at(application.tree, call)));
        }
    }
    found
}

/// What a route stands below; None where a part of that differs from request to request, or only some hosts
/// get there.
fn prefix(source: &Source<'_>, call: Node<'_>) -> Option<String> {
    let mut parts = Vec::new();
    let mut around = call.parent();
    while let Some(node) = around {
        if node.kind() == "call" && source.target(node) == "scope" {
            let first = arguments(node).into_iter().next();
            let path = source
                .option(node, "path")
                .or(first)
                .and_then(|path| source.string(path));
            if source.option(node, "host").is_some() {
                return None;
            }
            parts.extend(path);
        }
        around = node.parent();
    }
    parts.reverse();
    let parts: Vec<&str> = parts
        .iter()
        .map(|part| part.trim_matches('/'))
        .filter(|part| !part.is_empty())
        .collect();
    if parts.iter().any(|part| part.contains([':', '*'])) {
        return None;
    }
    let below = parts.join("/");
    Some(if below.is_empty() {
        below
    } else {
        format!("/{below}")
    })
}
