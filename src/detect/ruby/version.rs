//! Which Ruby a project runs on, and every place that says so.

use super::application::Application;
use super::lock::Lock;
use crate::detect::structured;
use crate::project::{Claim, Confidence, Evidence, Fact, RelPath};

/// One place that names a version.
struct Pin {
    version: String,
    confidence: Confidence,
    at: Evidence,
}

/// The rule by which one of several is taken.
const ORDER: &str = "what Bundler insists on goes first: the Gemfile, then Gemfile.lock; after them .ruby-version, \
                     .tool-versions, mise.toml, the image, and the least that is asked for";

/// The version that the project runs on, as exactly as it is written.
pub(super) fn find(application: &Application<'_>) -> Option<Fact<String>> {
    let mut pins = pins(application).into_iter();
    let first = pins.next()?;
    let mut fact = Fact::new(first.version, first.confidence, vec![first.at]);
    for pin in pins {
        if agree(&pin.version, &fact.value) {
            fact.evidence.push(pin.at);
        } else {
            fact = fact.against(Claim {
                value: pin.version,
                evidence: vec![pin.at],
            });
        }
    }
    if !fact.against.is_empty() {
        fact = fact.because(ORDER);
    }
    Some(fact)
}

/// Whether one says the same as the other, more or less exactly.
fn agree(one: &str, other: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        inner == outer
            || inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    within(one, other) || within(other, one)
}

fn pins(application: &Application<'_>) -> Vec<Pin> {
    let tree = application.tree;
    let manifest = &application.gemfile;
    let mut found = Vec::new();
    let mut say = |version: Option<String>, confidence, at: Evidence| {
        let pin = version.map(|version| Pin {
            version,
            confidence,
            at,
        });
        found.extend(pin);
    };
    let mut least = None;
    if let Some((texts, at)) = &manifest.ruby {
        match exact(texts) {
            Some(version) => say(Some(version), Confidence::Certain, at.clone()),
            None => least = least_of(texts).map(|version| (version, at.clone())),
        }
    }
    if let Some((path, _)) = &manifest.ruby_file {
        let (version, line) = of_file(application, path).unzip();
        let at = tree.at(path, line.unwrap_or(1));
        say(version, Confidence::Certain, at);
    }
    let locked = application
        .lock
        .as_ref()
        .and_then(|Lock { path, ruby, .. }| {
            let (version, line) = ruby.as_ref()?;
            Some((version.clone(), tree.at(path, *line)))
        });
    if let Some((version, at)) = locked {
        say(Some(version), Confidence::Certain, at);
    }
    let folders: Vec<RelPath> = if application.root.is_root() {
        vec![RelPath::root()]
    } else {
        vec![application.root.clone(), RelPath::root()]
    };
    for name in [".ruby-version", ".tool-versions", "mise.toml", ".mise.toml"] {
        let paths = folders.iter().filter_map(|folder| folder.join(name).ok());
        let path = paths.into_iter().find(|path| tree.has(path));
        let known = manifest.ruby_file.as_ref().map(|(path, _)| path);
        let Some(path) = path.filter(|path| known != Some(path)) else {
            continue;
        };
        if let Some((version, line)) = of_file(application, &path) {
            say(Some(version), Confidence::Certain, tree.at(&path, line));
        }
    }
    for image in application.images() {
        if let (Some((name, version)), Some(from)) = (&image.runtime, &image.from)
            && name == "ruby"
        {
            say(Some(version.clone()), Confidence::Certain, from.clone());
        }
    }
    let spec = application
        .gemspec
        .as_ref()
        .and_then(|spec| spec.ruby.as_ref());
    let spec = spec.and_then(|(texts, at)| Some((least_of(texts)?, at.clone())));
    // What is asked for is a range; it says something only where nothing else does.
    if found.is_empty()
        && let Some((version, at)) = least.or(spec)
    {
        found.push(Pin {
            version,
            confidence: Confidence::Likely,
            at,
        });
    }
    found
}

/// `3.4.5` of `3.4.5`, `= 3.4.5` and `ruby-3.4.5`; `3.4` of `~> 3.4.0`. None for a range.
fn exact(texts: &[String]) -> Option<String> {
    let [text] = texts else { return None };
    if let Some(rest) = text.strip_prefix("~>") {
        let number = number(rest)?;
        let parts: Vec<&str> = number.split('.').collect();
        // `~> 3.4` takes 3.5, too.
        return (parts.len() > 2).then(|| parts[..parts.len() - 1].join("."));
    }
    number(text.trim_start_matches('='))
}

/// The least version of a range.
fn least_of(texts: &[String]) -> Option<String> {
    let least = texts.iter().find_map(|text| {
        let text = text.trim();
        let rest = text.strip_prefix(">=").or_else(|| text.strip_prefix("~>"));
        rest.or_else(|| {
            text.starts_with(|c: char| c.is_ascii_digit())
                .then_some(text)
        })
    })?;
    let number = number(least)?;
    let parts: Vec<&str> = number.split('.').take(2).collect();
    (parts.len() == 2).then(|| parts.join("."))
}

/// A version number, of the interpreter that everybody means by Ruby.
fn number(text: &str) -> Option<String> {
    let text = text
        .trim()
        .trim_start_matches("ruby-")
        .trim_start_matches("ruby ")
        .trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let version = text[..end].trim_end_matches('.');
    // A preview is no release.
    let rest = text[end..].trim_start_matches('-');
    let is_release = rest.is_empty() || rest.starts_with('p') && !rest.starts_with("pr");
    (version.contains('.') && is_release).then(|| version.to_owned())
}

/// What a file of a version manager says, with the line.
fn of_file(application: &Application<'_>, path: &RelPath) -> Option<(String, usize)> {
    let tree = application.tree;
    if path.extension() == "toml" {
        let document = structured::toml(tree, path)?;
        let entry = document.entry_at(&["tools", "ruby"])?;
        return Some((number(entry.node.text()?)?, entry.line));
    }
    let text = tree.text(path)?;
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()));
    let (line, said) = if path.file_name() == ".tool-versions" {
        lines.find_map(|(index, line)| Some((index, line.strip_prefix("ruby ")?)))?
    } else {
        lines.find(|(_, line)| !line.is_empty() && !line.starts_with('#'))?
    };
    Some((number(said)?, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_kept_as_exact_as_they_are_written() {
        let texts = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        for (said, version) in [
            (&["3.4.5"][..], Some("3.4.5")),
            (&["ruby-3.4.5"], Some("3.4.5")),
            (&["= 3.3"], Some("3.3")),
            (&["~> 3.4.0"], Some("3.4")),
            (&["~> 3.4"], None),
            (&[">= 3.2", "< 4.0"], None),
            (&["2.7.5p203"], Some("2.7.5")),
            (&["jruby-9.4.5.0"], None),
            (&["3.5.0-preview1"], None),
        ] {
            assert_eq!(exact(&texts(said)).as_deref(), version, "{said:?}");
        }
        assert_eq!(least_of(&texts(&[">= 3.1.0"])).as_deref(), Some("3.1"));
        assert_eq!(least_of(&texts(&["~> 3.4"])).as_deref(), Some("3.4"));
        assert_eq!(least_of(&texts(&["< 4"])), None);
        assert!(agree("3.4", "3.4.5") && agree("3.4.5", "3.4"));
        assert!(!agree("3.4", "3.40.1") && !agree("3.4.5", "3.4.6"));
    }
}
