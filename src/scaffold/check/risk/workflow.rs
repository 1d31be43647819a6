//! What a workflow runs of other people's, and what its token may do.

use crate::detect::structured::{Entry, Node};
use crate::scaffold::check::image::Image;
use crate::scaffold::check::text::Text;
use crate::scaffold::check::{Finding, rule};

/// An action, or a workflow of another repository, that a workflow uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::scaffold::check) struct Action {
    /// From 1.
    pub line: usize,
    /// `owner/name`, with a folder or file behind it where one is named.
    pub name: String,
    /// Behind the `@`; empty where there is none.
    pub reference: String,
    /// What the comment behind it begins with, where that is a version.
    pub version: Option<String>,
}

impl Action {
    /// Whether a full commit id names it.
    fn is_pinned(&self) -> bool {
        matches!(self.reference.len(), 40 | 64)
            && self.reference.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// The steps of a job.
fn steps(job: &Entry) -> &[Node] {
    job.node.get("steps").map(Node::items).unwrap_or_default()
}

/// Everything that stands behind `uses`.
fn uses(root: &Node) -> impl Iterator<Item = &Entry> {
    root.entries_at(&["jobs"]).iter().flat_map(|job| {
        let steps = steps(job).iter();
        steps
            .chain([&job.node])
            .filter_map(|node| node.entry("uses"))
    })
}

pub(super) fn actions(root: &Node, text: &str) -> Vec<Action> {
    let lines: Vec<&str> = text.lines().collect();
    let of = |entry: &Entry| {
        let uses = entry.node.text()?;
        if uses.starts_with("./") || uses.starts_with("docker://") {
            return None;
        }
        let (name, reference) = uses.split_once('@').unwrap_or((uses, ""));
        let line = entry.node.line;
        let comment = lines.get(line.checked_sub(1)?)?.split_once(" #");
        let word = comment.and_then(|(_, comment)| comment.split_whitespace().next());
        let is_version = |word: &&str| {
            word.trim_start_matches('v')
                .starts_with(|c: char| c.is_ascii_digit())
        };
        Some(Action {
            line,
            name: name.to_owned(),
            reference: reference.to_owned(),
            version: word.filter(is_version).map(str::to_owned),
        })
    };
    uses(root).filter_map(of).collect()
}

pub(super) fn images(root: &Node) -> Vec<Image> {
    let image = |place: String, entry: &Entry| {
        let named = entry.node.text().map(|text| (entry.line, text));
        let named = named.or_else(|| {
            let image = entry.node.entry("image")?;
            Some((image.line, image.node.text()?))
        });
        named.map(|(line, reference)| Image {
            place,
            line,
            reference: reference.trim_start_matches("docker://").to_owned(),
            built: false,
        })
    };
    let mut images = Vec::new();
    for job in root.entries_at(&["jobs"]) {
        let place = format!("job {}", job.key);
        let container = job.node.entry("container");
        images.extend(container.and_then(|entry| image(format!("{place}, container"), entry)));
        for service in job.node.entries_at(&["services"]) {
            images.extend(image(format!("{place}, service {}", service.key), service));
        }
    }
    let pulled = uses(root).filter(|entry| {
        let text = entry.node.text();
        text.is_some_and(|text| text.starts_with("docker://"))
    });
    images.extend(pulled.filter_map(|entry| image("uses".to_owned(), entry)));
    images
}

/// Branches, and tags that follow one.
const MOVING: &[&str] = &[
    "", "main", "master", "develop", "dev", "trunk", "latest", "HEAD",
];

pub(super) fn unpinned(text: &Text, now: &[Action], before: Option<&[Action]>) -> Vec<Finding> {
    let before = before.unwrap_or_default();
    let of = |action: &Action| {
        let is_as_generated =
            |other: &&Action| other.name == action.name && other.reference == action.reference;
        if action.is_pinned() || before.iter().any(|other| is_as_generated(&other)) {
            return None;
        }
        let Action {
            line,
            name,
            reference,
            ..
        } = action;
        let was = before
            .iter()
            .find(|other| other.name == *name && other.is_pinned());
        let (message, mend) = match was {
            Some(was) => {
                let version = was.version.as_ref();
                let version = version.map_or_else(String::new, |version| format!(" # {version}"));
                (
                    format!(
                        "{name}@{reference} can be moved, and it was named by its commit when it was generated"
                    ),
                    format!("write {name}@{}{version}", was.reference),
                )
            }
            None if MOVING.contains(&reference.as_str()) => (
                format!("{name}@{reference} is whatever was pushed last"),
                format!(
                    "name a commit: git ls-remote https://github.com/{} shows those of its tags",
                    name.split('/').take(2).collect::<Vec<_>>().join("/")
                ),
            ),
            None => return None,
        };
        text.finding(rule::UNPINNED_ACTION, *line, message, mend)
    };
    now.iter().filter_map(of).collect()
}

pub(super) fn permissions(text: &Text, now: &Node, before: Option<&Node>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_all = |node: Option<&Node>| node.and_then(Node::text) == Some("write-all");
    let mut of = |node: &Node, was: Option<&Node>, whose: &str| {
        let was = was.and_then(|was| was.get("permissions"));
        if let Some(entry) = node.entry("permissions")
            && is_all(Some(&entry.node))
            && !is_all(was)
        {
            findings.extend(text.finding(
                rule::WIDE_PERMISSIONS,
                entry.line,
                format!("the token of {whose} may write everything"),
                "name what it needs alone, such as contents: read",
            ));
        }
    };
    of(now, before, "every job");
    for job in now.entries_at(&["jobs"]) {
        let was = before.and_then(|root| root.at(&["jobs", &job.key]));
        of(&job.node, was, &format!("job {}", job.key));
    }
    if before.is_some_and(|was| was.get("permissions").is_some())
        && now.get("permissions").is_none()
    {
        let line = now.entry("jobs").map_or(1, |entry| entry.line);
        findings.extend(text.finding(
            rule::WIDE_PERMISSIONS,
            line,
            "the workflow has no permissions any more, so its token may do what the repository's settings say",
            "write the line back that it was generated with; git has it",
        ));
    }
    findings
}
