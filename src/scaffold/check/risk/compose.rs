//! What confines the containers of a Compose file, and who reaches their ports.

use super::{Known, is_root};
use crate::detect::structured::{Entry, Node, Value};
use crate::scaffold::check::image::Image;
use crate::scaffold::check::text::Text;
use crate::scaffold::check::{Finding, rule};

/// A service as it was generated.
pub(super) struct Service {
    name: String,
    read_only: bool,
    /// Ports of the container that are open to every machine.
    open: Vec<String>,
}

pub(super) fn services(root: &Node) -> Vec<Service> {
    let services = root.entries_at(&["services"]).iter();
    let of = |service: &Entry| Service {
        name: service.key.clone(),
        read_only: is_true(&service.node, "read_only"),
        open: open_ports(&service.node)
            .into_iter()
            .map(|(_, target)| target)
            .collect(),
    };
    services.map(of).collect()
}

pub(super) fn images(root: &Node) -> Vec<Image> {
    let services = root.entries_at(&["services"]).iter();
    let of = |service: &Entry| {
        let image = service.node.entry("image")?;
        Some(Image {
            place: format!("service {}", service.key),
            line: image.line,
            reference: image.node.text()?.to_owned(),
            built: service.node.get("build").is_some(),
        })
    };
    services.filter_map(of).collect()
}

pub(super) fn findings(
    text: &Text,
    now: &Node,
    before: Option<&Node>,
    known: &Known,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in now.entries_at(&["services"]) {
        let was = before.and_then(|root| root.at(&["services", &service.key]));
        findings.extend(privileged(text, service, was));
        findings.extend(root_user(text, service, was));
        if text.pristine.is_some() {
            findings.extend(softened(text, service, was, known));
            findings.extend(opened(text, service, known));
        }
    }
    findings
}

fn privileged(text: &Text, service: &Entry, was: Option<&Node>) -> Option<Finding> {
    let entry = service.node.entry("privileged")?;
    let is_new =
        entry.node.text() == Some("true") && !was.is_some_and(|was| is_true(was, "privileged"));
    if !is_new {
        return None;
    }
    text.finding(
        rule::PRIVILEGED,
        entry.line,
        format!(
            "service {} may do everything that root of the host may",
            service.key
        ),
        "take privileged out; name what it needs below cap_add or devices",
    )
}

fn root_user(text: &Text, service: &Entry, was: Option<&Node>) -> Option<Finding> {
    let user = service.node.entry("user");
    let before = was.and_then(|was| was.get("user")?.text());
    let name = &service.key;
    if let Some(entry) = user {
        let now = entry.node.text().filter(|user| is_root(user))?;
        if before == Some(now) {
            return None;
        }
        let mend = match before {
            Some(before) => format!("write user: {before:?} back"),
            None => "take it out, so that the image's own user runs".to_owned(),
        };
        let message = format!("what runs in service {name} is root");
        text.finding(rule::ROOT_USER, entry.line, message, mend)
    } else {
        let before = before.filter(|user| !is_root(user))?;
        text.finding(
            rule::ROOT_USER,
            service.line,
            format!("service {name} has no user any more, so what runs in it may be root"),
            format!("write user: {before:?} back"),
        )
    }
}

/// What confined a service and is gone.
fn softened(text: &Text, service: &Entry, was: Option<&Node>, known: &Known) -> Vec<Finding> {
    let name = &service.key;
    let mut findings = Vec::new();
    let mut say = |key: &str, what: &str| {
        let line = service
            .node
            .entry(key)
            .map_or(service.line, |entry| entry.line);
        findings.extend(text.finding(
            rule::HARDENING,
            line,
            format!("service {name} has {what} no more"),
            format!("write it back below services.{name}; git has it"),
        ));
    };
    let now = &service.node;
    if let Some(was) = was {
        if is_true(was, "read_only") && !is_true(now, "read_only") {
            say("read_only", "read_only: true");
        }
        if has(was, "cap_drop", is_all) && !has(now, "cap_drop", is_all) {
            say("cap_drop", "cap_drop: [ALL]");
        }
        if has(was, "security_opt", is_confined) && !has(now, "security_opt", is_confined) {
            say("security_opt", "security_opt: [\"no-new-privileges:true\"]");
        }
    } else if now.get("read_only").and_then(Node::text) == Some("false")
        && (known.services.iter()).any(|other| other.name == *name && other.read_only)
    {
        say("read_only", "read_only: true");
    }
    findings
}

/// Ports of generated services that every machine reaches by now.
fn opened(text: &Text, service: &Entry, known: &Known) -> Vec<Finding> {
    let name = &service.key;
    let generated = || known.services.iter().filter(|other| other.name == *name);
    if generated().next().is_none() {
        return Vec::new();
    }
    let is_new = |target: &String| generated().all(|other| !other.open.contains(target));
    open_ports(&service.node)
        .into_iter()
        .filter(|(_, target)| is_new(target))
        .filter_map(|(line, target)| {
            text.finding(
                rule::OPEN_PORT,
                line,
                format!(
                    "port {target} of service {name} is open to every machine that reaches this one"
                ),
                format!("bind it to loopback: \"127.0.0.1:{target}:{target}\""),
            )
        })
        .collect()
}

fn is_true(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::text) == Some("true")
}

fn is_all(text: &str) -> bool {
    text.eq_ignore_ascii_case("all")
}

fn is_confined(text: &str) -> bool {
    matches!(
        text,
        "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true"
    )
}

fn has(node: &Node, key: &str, is_it: fn(&str) -> bool) -> bool {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    items.iter().filter_map(Node::text).any(is_it)
}

/// Lines of the ports that are published on every address, with the container's port.
fn open_ports(service: &Node) -> Vec<(usize, String)> {
    let items = service.get("ports").map(Node::items).unwrap_or_default();
    let of = |item: &Node| {
        let (address, target) = match &item.value {
            Value::Text(text) => short(text),
            Value::Map(_) => {
                let text = |key: &str| item.get(key).and_then(Node::text).map(str::to_owned);
                (text("host_ip"), text("target")?)
            }
            Value::Null | Value::List(_) => return None,
        };
        let is_open = match address.as_deref().map(|it| it.trim_matches(['[', ']'])) {
            None | Some("" | "0.0.0.0" | "::") => true,
            Some(_) => false,
        };
        is_open.then_some((item.line, target))
    };
    items.iter().filter_map(of).collect()
}

/// Address and container's port of `[[address:]published:]target[/protocol]`; a variable counts as
/// its default.
fn short(text: &str) -> (Option<String>, String) {
    let text = with_defaults(text);
    let text = text.split('/').next().unwrap_or_default();
    let (above, target) = match text.rsplit_once(':') {
        Some((above, target)) => (Some(above), target),
        None => (None, text),
    };
    let address = above
        .and_then(|above| above.rsplit_once(':'))
        .map(|(address, _)| address);
    (address.map(str::to_owned), target.to_owned())
}

/// `text` with `${NAME:-default}` as `default`, and any other variable as `0`.
fn with_defaults(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (inside, behind) = after.split_once('}').unwrap_or((after, ""));
        let default = inside.split_once(":-").or_else(|| inside.split_once('-'));
        out.push_str(default.map_or("0", |(_, default)| default));
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::structured::parse_yaml;

    #[test]
    fn ports_are_open_where_no_address_narrows_them() {
        // Compose Specification, ports, short and long syntax.
        let open = |port: &str| {
            let node = parse_yaml(&format!("ports:\n  - {port}\n"))
                .unwrap()
                .unwrap();
            open_ports(&node)
        };
        for (port, target) in [
            ("\"8000:80\"", "80"),
            ("\"80\"", "80"),
            ("\"0.0.0.0:8000:80/tcp\"", "80"),
            ("\"[::]:8000:80\"", "80"),
            ("\"${PORT:-8000}:80\"", "80"),
            ("\"${BIND:-0.0.0.0}:8000:80\"", "80"),
            ("{target: 80, published: 8000}", "80"),
        ] {
            assert_eq!(open(port), [(2, target.to_owned())], "{port}");
        }
        for port in [
            "\"127.0.0.1:8000:80\"",
            "\"127.0.0.1::80\"",
            "\"127.0.0.1:${PORT:-8000}:80\"",
            "\"[::1]:8000:80\"",
            "\"${BIND:-127.0.0.1}:8000:80\"",
            "{target: 80, published: 8000, host_ip: 127.0.0.1}",
        ] {
            assert_eq!(open(port), [], "{port}");
        }
    }
}
