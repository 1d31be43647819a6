//! Who works in a dev container, and what it is made of.

use super::is_root;
use crate::detect::structured::{Entry, Node};
use crate::scaffold::check::image::Image;
use crate::scaffold::check::text::Text;
use crate::scaffold::check::{Finding, rule};

pub(super) fn images(root: &Node) -> Vec<Image> {
    let of = |entry: &Entry| {
        Some(Image {
            place: "image".to_owned(),
            line: entry.line,
            reference: entry.node.text()?.to_owned(),
            built: false,
        })
    };
    root.entry("image").and_then(of).into_iter().collect()
}

pub(super) fn features(root: &Node) -> Vec<Image> {
    let features = root.entries_at(&["features"]).iter();
    features
        .map(|feature| Image {
            place: "features".to_owned(),
            line: feature.line,
            reference: feature.key.clone(),
            built: false,
        })
        .collect()
}

pub(super) fn findings(text: &Text, now: &Node, before: Option<&Node>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let said = |root: Option<&Node>, key: &str| Some(root?.get(key)?.text()?.to_owned());
    for key in ["remoteUser", "containerUser"] {
        let Some(entry) = now.entry(key) else {
            continue;
        };
        let was = said(before, key);
        let user = entry.node.text().unwrap_or_default();
        if is_root(user) && was.as_deref() != Some(user) {
            let mend = match was {
                Some(was) => format!("write \"{key}\": \"{was}\" back"),
                None => "name a user of the image: \"vscode\"".to_owned(),
            };
            let message = "who works in the dev container is root, and so are files made in it";
            findings.extend(text.finding(rule::ROOT_USER, entry.line, message, mend));
        }
    }
    if let Some(entry) = now.entry("privileged")
        && entry.node.text() == Some("true")
        && said(before, "privileged").as_deref() != Some("true")
    {
        findings.extend(text.finding(
            rule::PRIVILEGED,
            entry.line,
            "the dev container may do everything that root of the host may",
            "take privileged out; name what it needs below capAdd",
        ));
    }
    findings
}
