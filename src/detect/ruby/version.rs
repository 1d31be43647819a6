//! Which Ruby a project runs on, and every place that says so.

use super::application::Application;
use crate::detect::{Tree, pin};
use crate::project::{Evidence, Fact, RelPath};

/// The rule by which one of several is taken.
const ORDER: &str = "what Bundler insists on goes first: the Gemfile, then Gemfile.lock; after them .ruby-version, \
                     .tool-versions, mise.toml, the image, and the least that is asked for";

/// The version that the project runs on, as exactly as it is written.
pub(super) fn find(application: &Application<'_>) -> Option<Fact<String>> {
    let pins = pins(application);
    pin::first(pins, pin::agree, ORDER).or_else(|| {
        // What is asked for is a range; it says something only where nothing else does.
        let spec = application.gemspec.as_ref().map(|spec| &spec.ruby);
        let mut asked = [Some(&application.gemfile.ruby), spec].into_iter();
        let (version, at) = asked.find_map(|asked| {
            let (texts, at) = asked?.as_ref()?;
            Some((least_of(texts)?, at.clone()))
        })?;
        Some(Fact::likely(version, at))
    })
}

/// Every place that names a version, in the order in which they go.
fn pins(application: &Application<'_>) -> Vec<(String, Evidence)> {
    let tree = application.tree;
    let manifest = &application.gemfile;
    let mut found = Vec::new();
    if let Some((texts, at)) = &manifest.ruby {
        found.extend(exact(texts).map(|version| (version, at.clone())));
    }
    let of = |path: &RelPath| {
        let (version, line) = of_file(tree, path)?;
        Some((version, tree.at(path, line)))
    };
    let named = manifest.ruby_file.as_ref().map(|(path, _)| path);
    found.extend(named.and_then(of));
    let locked = application.lock.as_ref().and_then(|lock| {
        let (version, line) = lock.ruby.as_ref()?;
        Some((version.clone(), tree.at(&lock.path, *line)))
    });
    found.extend(locked);
    let mut names = vec![".ruby-version"];
    names.extend(pin::FILES);
    // The nearest alone, whatever it says.
    let unnamed = |path: &RelPath| Some(of(path).filter(|_| named != Some(path)));
    let nearest = pin::nearest(tree, &[&application.root], &names, unnamed);
    found.extend(nearest.into_iter().flatten());
    for image in application.images() {
        if let (Some((name, version)), Some(from)) = (&image.runtime, &image.from)
            && name == "ruby"
        {
            found.push((version.clone(), from.clone()));
        }
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
fn of_file(tree: &Tree, path: &RelPath) -> Option<(String, usize)> {
    let (said, line) = if pin::FILES.contains(&path.file_name()) {
        pin::said(tree, path, "ruby")?
    } else {
        let text = tree.text(path)?;
        let mut lines = text.lines().map(str::trim).zip(1..);
        let (said, line) = lines.find(|(said, _)| !said.is_empty() && !said.starts_with('#'))?;
        (said.to_owned(), line)
    };
    Some((number(&said)?, line))
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
    }
}
