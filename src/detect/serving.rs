//! What names, routes and addresses say about a server, whatever language it is written in.

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
