//! When a job of lefthook's runs, and on which files.

use super::super::node::texts;
use super::Reader;
use crate::detect::structured::{Node, Value};
use crate::hooks::draft::When;

/// What an enclosing hook or group says of its jobs.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) root: Option<String>,
    /// Seen from the repository's root, like `excluded`, whatever `root` is.
    pub(super) globs: Vec<String>,
    pub(super) excluded: Vec<String>,
    pub(super) when: When,
}

/// Which library reads the globs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matcher {
    /// A `*` also matches slashes.
    Gobwas,
    Doublestar,
}

impl Matcher {
    fn glob(self, glob: &str) -> String {
        match self {
            Self::Doublestar if glob.contains('/') => glob.to_owned(),
            Self::Doublestar => format!("/{glob}"),
            Self::Gobwas => of_gobwas(glob),
        }
    }
}

/// A glob without a slash is of names in every folder for both; one with a slash holds from the
/// root.
fn of_gobwas(glob: &str) -> String {
    let Some((folders, name)) = glob.rsplit_once('/') else {
        return glob.to_owned();
    };
    let mut parts: Vec<String> = folders
        .split('/')
        .map(|part| match part {
            "*" => "*/**".to_owned(),
            part => part.to_owned(),
        })
        .collect();
    let ends_open = parts.last().is_some_and(|part| part.ends_with("**"));
    if name.contains('*') && name != "**" && !ends_open {
        parts.push("**".to_owned());
    }
    format!("{}/{name}", parts.join("/"))
}

impl Reader<'_, '_> {
    /// What `node` says beside what is around it; None where it never runs, or where what it
    /// says has no equivalent.
    pub(super) fn conditions(
        &mut self,
        node: &Node,
        around: &Around,
        name: &str,
    ) -> Option<Around> {
        let mut new = around.clone();
        if let Some(root) = node.get("root").and_then(Node::text) {
            new.root = Some(root.trim_start_matches("./").trim_matches('/').to_owned());
        }
        let globs = texts(node.get("glob"));
        if let Some(glob) = globs.iter().find(|glob| glob.contains("**/"))
            && self.matcher == Matcher::Gobwas
        {
            self.taken.note(format!(
                "{}: in {glob} of {name}, **/ stood for one folder at least; here for none, too.",
                self.path
            ));
        }
        if !globs.is_empty() {
            new.globs = globs.iter().map(|glob| self.matcher.glob(glob)).collect();
        }
        if let Some(exclude) = node.get("exclude") {
            // One text was an expression before it was a list of globs.
            if let Value::Text(expression) = &exclude.value {
                match self.taken.globs(expression) {
                    Ok(globs) => new.excluded.extend(globs),
                    Err(why) => {
                        let place = format!("{}:{}", self.path, exclude.line);
                        let why = format!("it leaves out {expression}, and {why}");
                        self.taken.left(name, place, why);
                        return None;
                    }
                }
            } else {
                let globs = texts(Some(exclude));
                let globs = globs.iter().map(|glob| self.matcher.glob(glob));
                new.excluded.extend(globs);
            }
        }
        for of in texts(node.get("file_types")) {
            let tag = match of.as_str() {
                "not executable" => "non-executable",
                "not symlink" => "file",
                of => of,
            };
            if file_identify::Tag::from_name(tag).is_none() {
                let place = format!("{}:{}", self.path, node.line);
                self.taken
                    .left(name, place, format!("there is no file type {of}"));
                return None;
            }
            new.when.types.push(tag.to_owned());
        }
        for entry in node.entries_at(&["env"]) {
            if let Some(text) = entry.node.text() {
                new.when.env.insert(entry.key.clone(), text.to_owned());
            }
        }
        for (key, skips) in [("skip", true), ("only", false)] {
            if let Some(condition) = node.get(key)
                && let Err(why) = self.condition(condition, skips, name, &mut new)
            {
                let place = format!("{}:{}", self.path, condition.line);
                self.taken.left(name, place, why);
                return None;
            }
        }
        Some(new)
    }

    /// `skip` and `only`.
    ///
    /// # Errors
    /// Why the job never runs, or when cannot be said.
    fn condition(
        &mut self,
        node: &Node,
        skips: bool,
        name: &str,
        new: &mut Around,
    ) -> Result<(), String> {
        if let Some(text) = node.text() {
            return match (text, skips) {
                ("true", true) | ("false", false) => Err("it is turned off".to_owned()),
                ("true" | "false", _) => Ok(()),
                (state, true) => self.state(state, node.line, name, new),
                (_, false) => {
                    Err("jobs do not run in one state of the repository alone".to_owned())
                }
            };
        }
        for item in node.items() {
            let branches = item.get("ref").map(|reference| texts(Some(reference)));
            match (item.text(), branches) {
                (Some(state), _) if skips => self.state(state, item.line, name, new)?,
                (_, Some(branches)) => {
                    let mark = if skips { "!" } else { "" };
                    let branches = branches.iter().map(|branch| format!("{mark}{branch}"));
                    new.when.branches.extend(branches);
                }
                _ => return Err("whether it runs is asked of a command, or of a state".to_owned()),
            }
        }
        Ok(())
    }

    fn state(
        &mut self,
        state: &str,
        line: usize,
        name: &str,
        new: &mut Around,
    ) -> Result<(), String> {
        match state {
            "merge" | "merge-commit" => new.when.no_merge = true,
            "rebase" => self.taken.note(format!(
                "{}:{line}: while a rebase is under way {name} only looks and writes nothing.",
                self.path
            )),
            other => return Err(format!("it is skipped at {other}, which is not known here")),
        }
        Ok(())
    }
}

/// The globs as they hold below `root`; all of it where there are none.
pub(super) fn below(root: Option<&str>, globs: &[String]) -> Vec<String> {
    let within = root.filter(|root| !root.is_empty() && *root != ".");
    match (within, globs) {
        (Some(root), []) => vec![format!("{root}/**")],
        (None, [all]) if matches!(all.as_str(), "*" | "**" | "**/*") => Vec::new(),
        _ => below_if_any(root, globs),
    }
}

/// The globs as they hold below `root`; one that names folders holds from the repository's root.
pub(super) fn below_if_any(root: Option<&str>, globs: &[String]) -> Vec<String> {
    let Some(root) = root.filter(|root| !root.is_empty() && *root != ".") else {
        return globs.to_vec();
    };
    globs
        .iter()
        .map(|glob| {
            if !glob.contains('/') {
                format!("{root}/**/{glob}")
            } else if glob.starts_with("**/") {
                format!("{root}/{glob}")
            } else {
                glob.clone()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_pick_what_they_pick_there() {
        for (theirs, ours) in [
            ("*.js", "*.js"),
            ("src/*.js", "src/**/*.js"),
            ("src/**/*.js", "src/**/*.js"),
            ("**/*.js", "**/*.js"),
            ("src/*/x.js", "src/*/**/x.js"),
            ("src/x.js", "src/x.js"),
            ("src/**", "src/**"),
        ] {
            assert_eq!(Matcher::Gobwas.glob(theirs), ours);
        }
        assert_eq!(Matcher::Doublestar.glob("*.js"), "/*.js");
        assert_eq!(Matcher::Doublestar.glob("src/*.js"), "src/*.js");
    }

    #[test]
    fn a_root_goes_before_the_globs() {
        let globs = ["*.js", "**/x", "web/a/b"].map(str::to_owned);
        assert_eq!(
            below(Some("web"), &globs),
            ["web/**/*.js", "web/**/x", "web/a/b"]
        );
        assert_eq!(below(Some("web"), &[]), ["web/**"]);
        assert!(below(None, &["*".to_owned()]).is_empty());
        assert_eq!(below(Some("."), &globs), globs);
    }
}
