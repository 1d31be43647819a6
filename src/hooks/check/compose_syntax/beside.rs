//! What a Compose file takes from elsewhere in the repository: the files that it names, and the
//! variables for which it has no default.

use super::{Said, text};
use crate::detect::structured::Node;
use crate::hooks::check::committed_env;
use crate::hooks::check::{Beside, File};
use crate::project::RelPath;
use bstr::ByteSlice;
use std::collections::{BTreeMap, BTreeSet};

/// Files of variables that Compose reads by itself, and those that show what one looks like.
const VARIABLES: &[&str] = &[
    ".env",
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.tmpl",
    ".env.dist",
    ".env.default",
    ".env.defaults",
    ".env.local",
    ".env.development",
    ".env.dev",
    ".env.test",
    ".env.staging",
    ".env.production",
    ".env.prod",
    "env.example",
    "env.sample",
    "env.template",
    "example.env",
    "sample.env",
    "template.env",
    "default.env",
];

/// What a shell or Compose itself sets.
const SET: &[&str] = &[
    "HOME",
    "PATH",
    "PWD",
    "USER",
    "LOGNAME",
    "SHELL",
    "HOSTNAME",
    "LANG",
    "TERM",
    "TMPDIR",
    "DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "CI",
];

/// Variables that a message names one by one.
const NAMED: usize = 6;

pub(super) fn all(file: &File, root: &Node, whole: bool, said: &mut Said) {
    let (Some(beside), Ok(path)) = (file.beside(), file.path().to_str()) else {
        return;
    };
    let Ok(path) = RelPath::parse(path) else {
        return;
    };
    let places = Places {
        beside,
        folders: folders(&path.parent(), whole),
    };
    for item in root.get("include").map(Node::items).unwrap_or_default() {
        let paths = item.get("path").unwrap_or(item);
        for named in texts(paths) {
            places.must_have(named, "include", said);
        }
        if let Some(files) = item.get("env_file") {
            places.variables(files, "include", said);
        }
    }
    for service in root.entries_at(&["services"]) {
        let within = format!("services.{}", service.key);
        if let Some(named) = service.node.at(&["extends", "file"]) {
            places.must_have(named, &format!("{within}.extends"), said);
        }
        if let Some(files) = service.node.get("env_file") {
            places.variables(files, &within, said);
        }
    }
    places.unset(root, said);
}

/// Where what a file in `folder` names may lie. The paths of an override are seen from the folder
/// of the file that it belongs to, which is any above it.
fn folders(folder: &RelPath, whole: bool) -> Vec<RelPath> {
    let mut folders = vec![folder.clone()];
    while let (false, Some(last)) = (whole, folders.last().filter(|last| !last.is_root())) {
        folders.push(last.parent());
    }
    folders
}

/// A text, or the texts of a list.
fn texts(node: &Node) -> Vec<&Node> {
    if node.text().is_some() {
        return vec![node];
    }
    let texts = node.items().iter().filter(|item| item.text().is_some());
    texts.collect()
}

struct Places<'b> {
    beside: &'b Beside<'b>,
    folders: Vec<RelPath>,
}

impl Places<'_> {
    /// Whether the commit has what `text` names; None where that cannot be told: it depends on a
    /// variable, is an address, or lies outside.
    fn has(&self, text: &str) -> Option<bool> {
        let is_address = text.contains("://") || text.starts_with("git@") || text.contains(".git#");
        if text.is_empty()
            || text.contains(['$', '\\'])
            || text.starts_with(['/', '~'])
            || is_address
        {
            return None;
        }
        let mut places = Vec::new();
        for folder in &self.folders {
            places.extend(folder.join(text).ok());
        }
        if places.is_empty() {
            return None;
        }
        Some(
            places
                .iter()
                .any(|place| (self.beside.has)(place.as_str().into())),
        )
    }

    /// A Compose file that another is made of.
    fn must_have(&self, named: &Node, within: &str, said: &mut Said) {
        let text = named.text().unwrap_or_default();
        if self.has(text) == Some(false) {
            said.say(
                named.line,
                format!("{within} names the file {text}, which is not in the repository"),
                "correct the path, or add the file",
            );
        }
    }

    /// Files of variables: often of one machine alone, with an example that is for all.
    fn variables(&self, files: &Node, within: &str, said: &mut Said) {
        let mut named = texts(files);
        for item in files.items() {
            let optional = item.get("required").and_then(Node::text) == Some("false");
            named.extend(item.get("path").filter(|_| !optional));
        }
        for named in named {
            let text = named.text().unwrap_or_default();
            if self.has(text) != Some(false) || self.has_example(text) {
                continue;
            }
            said.warn(
                named.line,
                format!(
                    "{within} takes variables from {text}, which is not in the repository and \
                     has no example there: a fresh clone does not start"
                ),
                format!("add {text}.example with the names alone, or say path: {text} and required: false"),
            );
        }
    }

    /// Whether something shows what the file `text` looks like.
    fn has_example(&self, text: &str) -> bool {
        let at = text.rfind('/').map_or(0, |slash| slash + 1);
        let (folder, name) = text.split_at(at);
        let bare = name.trim_start_matches('.');
        let stem = name.strip_suffix(".env").unwrap_or(name);
        [
            "example", "sample", "template", "tmpl", "dist", "default", "defaults",
        ]
        .iter()
        .flat_map(|word| {
            [
                format!("{folder}{name}.{word}"),
                format!("{folder}{bare}.{word}"),
                format!("{folder}{word}.{bare}"),
                format!("{folder}{stem}.{word}.env"),
                format!("{folder}{stem}-{word}.env"),
            ]
        })
        .any(|path| self.has(&path) == Some(true))
    }

    /// Variables that are set nowhere in the repository, said once.
    fn unset(&self, root: &Node, said: &mut Said) {
        let mut needed = BTreeMap::new();
        text::without_default(root, &mut needed);
        needed.retain(|name, _| !SET.contains(name) && !name.starts_with("COMPOSE_"));
        if needed.is_empty() {
            return;
        }
        let known = self.known();
        needed.retain(|name, _| !known.contains(*name));
        let Some(line) = needed.values().min() else {
            return;
        };
        let mut names: Vec<&str> = needed.keys().copied().collect();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let mut list = names.join(", ");
        if more > 0 {
            list = format!("{list} and {more} more");
        }
        said.warn(
            *line,
            format!(
                "no default, no .env and no example of one in the repository says what {list} \
                 is: where it is not set, Docker Compose puts nothing there"
            ),
            "write ${NAME:-default} or ${NAME:?what it is}, or name it in .env.example",
        );
    }

    /// Names in the files of variables beside it.
    fn known(&self) -> BTreeSet<String> {
        let mut known = BTreeSet::new();
        for folder in &self.folders {
            for name in VARIABLES {
                let Ok(path) = folder.join(name) else {
                    continue;
                };
                let Some(content) = (self.beside.read)(path.as_str().into()) else {
                    continue;
                };
                let text = String::from_utf8_lossy(&content);
                known.extend(committed_env::names(&text).map(str::to_owned));
            }
        }
        known
    }
}
