//! The version of a tool that a file of a version manager names: `.tool-versions` of asdf, and `mise.toml`.
//! <https://asdf-vm.com/manage/configuration.html>, <https://mise.jdx.dev/configuration.html>

use super::{Tree, structured};
use crate::project::{Claim, Confidence, Evidence, Fact, RelPath};

/// These files, the one that goes first at the front.
pub(super) const FILES: &[&str] = &[".tool-versions", "mise.toml", ".mise.toml"];

/// What `read` makes of the files of each of `names`, in that order: of the first of `folders` where it makes something,
/// else of the root of the tree.
pub(super) fn nearest<T>(
    tree: &Tree,
    folders: &[&RelPath],
    names: &[&str],
    read: impl Fn(&RelPath) -> Option<T>,
) -> Vec<T> {
    let root = RelPath::root();
    let of_name = |name: &&str| {
        let folders = folders.iter().copied().chain([&root]);
        let paths = folders.filter_map(|folder| folder.join(name).ok());
        paths
            .filter(|path| tree.has(path))
            .find_map(|path| read(&path))
    };
    names.iter().filter_map(of_name).collect()
}

/// The version of `tool` as `path` writes it, with its line.
pub(super) fn said(tree: &Tree, path: &RelPath, tool: &str) -> Option<(String, usize)> {
    if path.extension() == "toml" {
        let document = structured::toml(tree, path)?;
        let entry = document.entry_at(&["tools", tool])?;
        let node = entry.node.get("version").unwrap_or(&entry.node);
        return Some((node.text()?.to_owned(), entry.line));
    }
    let text = tree.text(path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let mut words = line.split_whitespace();
        (words.next()? == tool).then(|| Some((words.next()?.to_owned(), index + 1)))?
    })
}

/// The digits and dots at the start of a text, past a `v`.
pub(super) fn number(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('v');
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let version = text[..end].trim_end_matches('.');
    (!version.is_empty()).then(|| version.to_owned())
}

/// Whether one says the same as the other, more or less exactly: `3.4` and `3.4.5`.
pub(super) fn agree(one: &str, other: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with('.'))
    };
    within(one, other) || within(other, one)
}

/// The first of `pins`; the others are with it where they `agree`, else against it, which `order` decided.
pub(super) fn first(
    pins: impl IntoIterator<Item = (String, Evidence)>,
    agree: impl Fn(&str, &str) -> bool,
    order: &str,
) -> Option<Fact<String>> {
    let mut pins = pins.into_iter();
    let (version, at) = pins.next()?;
    let mut fact = Fact::new(version, Confidence::Certain, vec![at]);
    for (value, at) in pins {
        if agree(&value, &fact.value) {
            fact.evidence.push(at);
        } else {
            let evidence = vec![at];
            fact = fact.against(Claim { value, evidence });
        }
    }
    Some(if fact.against.is_empty() {
        fact
    } else {
        fact.because(order)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_read_in_its_own_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| RelPath::parse(name).unwrap();
        for (name, text) in [
            (
                ".tool-versions",
                "# deno 1.0\nerlang 27.2\ndeno 2.1.4 1.46.3\nnodejs\n",
            ),
            (
                "mise.toml",
                "[tools]\ndeno = \"v2.2\"\nelixir = { version = \"1.18.1-otp-27\" }\nruby = [\"3.4\", \"3.3\"]\n",
            ),
            (".mise.toml", "[tools\n"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        for (name, tool, expected) in [
            (".tool-versions", "deno", Some(("2.1.4", 3))),
            (".tool-versions", "nodejs", None),
            ("mise.toml", "deno", Some(("v2.2", 2))),
            ("mise.toml", "elixir", Some(("1.18.1-otp-27", 3))),
            ("mise.toml", "ruby", None),
            (".mise.toml", "deno", None),
        ] {
            let found = said(&tree, &path(name), tool);
            let expected = expected.map(|(text, line)| (text.to_owned(), line));
            assert_eq!(found, expected, "{name} {tool}");
        }
        let inner = path("inner");
        let all = nearest(&tree, &[&inner], FILES, |path| said(&tree, path, "deno"));
        assert_eq!(all, [("2.1.4".to_owned(), 3), ("v2.2".to_owned(), 2)]);
        assert_eq!(number("v2.2-rc.1").as_deref(), Some("2.2"));
        assert_eq!(number("latest"), None);
    }

    #[test]
    fn a_version_agrees_with_one_that_is_more_exact() {
        for (one, other, expected) in [
            ("3.4", "3.4.5", true),
            ("3.4.5", "3.4", true),
            ("3.4.5", "3.4.5", true),
            ("", "27", true),
            ("3.4", "3.40.1", false),
            ("3.4.5", "3.4.6", false),
        ] {
            assert_eq!(agree(one, other), expected, "{one} {other}");
        }
        let at = |line| Evidence::new(RelPath::root(), line, "");
        let pins = [("3.4", 1), ("3.4.5", 2), ("3.3", 3)];
        let pins = pins.map(|(version, line)| (version.to_owned(), at(line)));
        let fact = first(pins, agree, "the first").unwrap();
        assert_eq!((fact.value.as_str(), fact.evidence.len()), ("3.4", 2));
        assert_eq!(fact.against[0].value, "3.3");
        assert!(first([], agree, "").is_none());
    }
}
