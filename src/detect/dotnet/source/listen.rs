//! Where a program listens, by which name it knows the port, and the routes that tell whether it is well.

use super::Reader;
use crate::detect::dotnet::settings;
use crate::detect::serving::{self, Listen, is_health};
use crate::detect::syntax;
use tree_sitter::Node;

impl<'t> Reader<'t> {
    pub(super) fn listen(&mut self, port: Option<Node<'t>>, on_loopback: bool, node: Node<'t>) {
        let named =
            port.filter(|one| matches!(one.kind(), "identifier" | "member_access_expression"));
        self.file.listens.push(Listen {
            port: port.and_then(|one| self.literal(one)?.parse().ok()),
            named: named.map(|one| {
                let text = self.source.of(one);
                text.rsplit('.').next().unwrap_or(text).to_lowercase()
            }),
            on_loopback,
            at: self.source.at(node),
        });
    }

    /// Addresses that are listened on: `http://*:5000`, `$"http://0.0.0.0:{port}"`.
    pub(super) fn addresses(&mut self, arguments: &[Node<'t>], node: Node<'t>) {
        for one in arguments {
            let text = self
                .source
                .of(*one)
                .trim_start_matches(['$', '@'])
                .trim_matches('"');
            let is_text = matches!(
                one.kind(),
                "string_literal" | "verbatim_string_literal" | "interpolated_string_expression"
            );
            let plain = text.split(';').find(|part| part.starts_with("http://"));
            let Some(address) = plain.filter(|_| is_text) else {
                continue;
            };
            let (on_loopback, port) = settings::address(address);
            let named = address
                .rsplit_once(":{")
                .map(|(_, rest)| rest.trim_end_matches('}'));
            self.file.listens.push(Listen {
                port,
                named: named.map(str::to_lowercase),
                on_loopback,
                at: self.source.at(node),
            });
        }
    }

    /// A port under the name of what holds it.
    pub(super) fn kept(&mut self, node: Node<'t>) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let name = self.source.of(name);
        if !serving::is_of_port(name) {
            return;
        }
        let literals = syntax::all_of(node, &["integer_literal", "string_literal"]);
        let port = literals
            .into_iter()
            .rev()
            .find_map(|one| self.literal(one)?.parse::<u16>().ok());
        if let Some(port) = port.filter(|port| *port > 9) {
            let at = self.source.at(node);
            self.file.ports.insert(name.to_lowercase(), (port, at));
        }
    }

    pub(super) fn route(&mut self, route: Option<String>, node: Node<'t>) {
        let Some(route) = route.filter(|_| !self.is_for_developers(node)) else {
            return;
        };
        let route = format!("/{}", route.trim_start_matches(['/', '~']));
        let checks = self.callee(node).0.ends_with("HealthChecks");
        if checks && !route.contains(['{', '*']) || is_health(&route) {
            let at = self.source.at(node);
            self.file.health.push((route, at));
        }
    }

    /// `[HttpGet("/health")]`
    pub(super) fn attribute(&mut self, node: Node<'t>) {
        let name = node
            .child_by_field_name("name")
            .map(|one| self.source.of(one));
        if !matches!(name, Some("HttpGet" | "Route")) {
            return;
        }
        let route = syntax::all(node, "string_literal")
            .first()
            .and_then(|one| self.literal(*one));
        let Some(route) = route.filter(|route| route.starts_with(['/', '~'])) else {
            return;
        };
        let route = route.trim_start_matches('~').to_owned();
        if is_health(&route) {
            let at = self.source.at(node);
            self.file.health.push((route, at));
        }
    }
}

/// Whether an expression is what Kestrel is told with: `options`, `serverOptions`, `opts`.
pub(super) fn is_kestrel(on: &str) -> bool {
    let lower = on.to_lowercase();
    lower.contains("opt") || lower.contains("kestrel") || lower.contains("server")
}
