//! What names, routes and addresses say about a server, whatever language it is written in.

use crate::project::{Evidence, Fact, Finding, Port, Severity};

/// One place that waits for connections.
#[derive(Debug)]
pub(super) struct Listen {
    pub(super) port: Option<u16>,
    /// Where it stands for itself in the code: the variable or field that holds it, lower case.
    pub(super) named: Option<String>,
    /// Whether only this machine reaches it.
    pub(super) on_loopback: bool,
    pub(super) at: Evidence,
}

/// The ports of the places that listen, in their order; `kept` knows what stands under a name.
pub(super) fn ports(
    listens: &[&Listen],
    kept: impl Fn(&str) -> Option<(u16, Evidence)>,
) -> Vec<(Port, Evidence)> {
    let of = |listen: &&Listen| {
        let named = || kept(listen.named.as_deref()?);
        let said = listen.port.map(|port| (port, listen.at.clone()));
        let (port, at) = said.or_else(named)?;
        Some((Port::new(port)?, at))
    };
    listens.iter().filter_map(of).collect()
}

/// Says of `service` that its only place to listen is on loopback.
pub(super) fn on_loopback(listens: &[&Listen], service: &str, mend: &str) -> Option<Finding> {
    let [listen] = listens else { return None };
    listen.on_loopback.then(|| Finding {
        id: "listens-on-loopback",
        severity: Severity::Warning,
        message: format!(
            "{} listens on loopback alone: in a container nobody reaches {service}",
            listen.at
        ),
        evidence: vec![listen.at.clone()],
        mend: mend.to_owned(),
    })
}

/// The route that a health check asks, of those that sound like one.
pub(super) fn health<'e>(
    routes: impl Iterator<Item = (String, &'e Evidence)>,
) -> Option<Fact<String>> {
    let (route, at) = routes.min_by_key(|(route, _)| {
        let order = ["healthz", "livez", "health", "healthcheck", "health_check"];
        let place = order
            .iter()
            .position(|name| route.trim_end_matches('/').ends_with(name));
        (place.unwrap_or(order.len()), route.len())
    })?;
    Some(
        Fact::likely(route, at.clone())
            .because("the route of a handler; a group of routes may stand before it"),
    )
}

/// The route that one of the repository's own health checks asks for.
pub(super) fn asked<'e>(mut checks: impl Iterator<Item = &'e Evidence>) -> Option<Fact<String>> {
    checks.find_map(|check| {
        let (_, rest) = check.excerpt.split_once("http://")?;
        let end = rest
            .find(|c: char| c.is_whitespace() || "'\"|;&)?`,".contains(c))
            .unwrap_or(rest.len());
        let (_, path) = rest[..end].split_once('/')?;
        (!path.is_empty() && !path.contains('$')).then(|| {
            Fact::certain(format!("/{path}"), check.clone())
                .because("a health check of the repository asks for it")
        })
    })
}

/// The port at the end of `:8080`, `0.0.0.0:8080`, `8080`.
pub(super) fn port_in(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = match text.rsplit_once(':') {
        Some((host, digits))
            if host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".[]:-_".contains(c)) =>
        {
            digits
        }
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok().filter(|port| *port > 9)
}

/// Whether a text could be the name of a variable of the environment.
pub(super) fn is_name(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Whether something of this name holds a port or an address.
pub(super) fn is_of_port(name: &str) -> bool {
    let name = name.to_lowercase();
    if name.contains("redis") || name.contains("smtp") || name.contains("db") {
        return false;
    }
    ["port", "addr", "address", "listen", "bind"]
        .iter()
        .any(|word| name.starts_with(word) || name.ends_with(word))
}

/// Whether what is called so opens files or keeps a path: `http.Dir`, `ServeDir::new`, `STATIC_ROOT`.
pub(super) fn opens(name: &str) -> bool {
    let name = name.to_lowercase();
    [
        "dir", "fs", "file", "path", "folder", "static", "template", "glob", "open", "read",
        "load", "join", "root", "asset", "tera", "walk", "stat",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// The relative path that a literal names, such as that of templates, without `./`; one word alone is
/// none but where `is_opened` says so.
pub(super) fn relative_path(text: &str, is_opened: impl FnOnce() -> bool) -> Option<&str> {
    let path = text.trim_start_matches("./");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./*".contains(c);
    let is_path = path.len() > 2
        && path.len() < 100
        && !path.starts_with('/')
        && path.chars().all(plain)
        && (path.contains(['/', '.']) || is_opened());
    is_path.then_some(path)
}

/// Whether a route is one that a health check asks.
pub(super) fn is_health(route: &str) -> bool {
    let last = route.trim_end_matches('/').rsplit('/').next();
    route.starts_with('/')
        && !route.contains(['{', ':', '*'])
        && matches!(
            last,
            Some(
                "healthz"
                    | "health"
                    | "livez"
                    | "ping"
                    | "healthcheck"
                    | "health-check"
                    | "_health"
                    | "health_check"
                    | "alive"
            )
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_in_their_port() {
        for (text, port) in [
            (":8080", Some(8080)),
            ("0.0.0.0:4000", Some(4000)),
            ("[::]:9000", Some(9000)),
            ("8081", Some(8081)),
            ("localhost", None),
            ("http network address", None),
            (":%d", None),
            ("99999", None),
            ("1", None),
        ] {
            assert_eq!(port_in(text), port, "{text}");
        }
    }
}
