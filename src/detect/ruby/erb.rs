//! ERB: the Ruby in a template, and YAML that is one.

use crate::detect::structured::{self, Node};
use crate::detect::{Tree, syntax};
use crate::project::RelPath;

/// A piece of code in a template: where it begins and ends with its marks, in bytes, and whether its
/// value is written.
struct Tag {
    start: usize,
    end: usize,
    code: std::ops::Range<usize>,
    writes: bool,
}

/// The tags of a template, comments left out.
/// <https://docs.ruby-lang.org/en/master/ERB.html>
fn tags(text: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("<%").map(|at| from + at) {
        let inside = start + 2;
        let length = text[inside..].find("%>");
        let end = length.map_or(text.len(), |length| inside + length);
        let closed = (end + 2).min(text.len());
        from = closed;
        let code = &text[inside..end];
        // `<%%` stands for itself.
        if code.starts_with(['#', '%']) {
            continue;
        }
        let writes = code.starts_with('=');
        let sign = usize::from(code.starts_with(['=', '-']));
        let trimmed = usize::from(code.len() > sign && code.ends_with('-'));
        found.push(Tag {
            start,
            end: closed,
            code: inside + sign..end - trimmed,
            writes,
        });
    }
    found
}

/// The code of a template where it stands, with spaces for everything else; in YAML without what stands
/// in a comment, which is computed as well but used by nobody.
pub(super) fn code(text: &str, is_yaml: bool) -> String {
    let is_comment = |tag: &Tag| {
        let line = text[..tag.start].rsplit('\n').next().unwrap_or_default();
        is_yaml && line.trim_start().starts_with('#')
    };
    let mut made = String::with_capacity(text.len());
    let blank = |made: &mut String, part: &str| {
        made.extend(part.chars().flat_map(|c| {
            let count = if c == '\n' { 1 } else { c.len_utf8() };
            std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, count)
        }));
    };
    let mut from = 0;
    for tag in tags(text).iter().filter(|tag| !is_comment(tag)) {
        blank(&mut made, &text[from..tag.code.start]);
        made.push_str(&text[tag.code.clone()]);
        from = tag.code.end;
        // One statement ends where its tag does.
        if text[from..].starts_with("%>") || text[from..].starts_with("-%>") {
            made.push(';');
            from += 1;
        }
    }
    blank(&mut made, &text[from..]);
    made
}

/// A file of YAML that ERB writes, as far as that can be told without running it: what is computed is
/// its default where there is one, else `erb`. None where it is no YAML.
pub(super) fn yaml(tree: &Tree, path: &RelPath) -> Option<Node> {
    let text = tree.text(path)?;
    let mut made = String::with_capacity(text.len());
    let mut from = 0;
    for tag in tags(&text) {
        made.push_str(&text[from..tag.start]);
        if tag.writes {
            let value = default(&text[tag.code.clone()]).unwrap_or_else(|| "erb".to_owned());
            made.push_str(&value);
        }
        // Lines stay where they are.
        let lines = text[tag.start..tag.end].matches('\n').count();
        made.extend(std::iter::repeat_n('\n', lines));
        from = tag.end;
    }
    made.push_str(&text[from..]);
    structured::parse_yaml(&made).ok().flatten()
}

/// The value of an expression that needs no environment.
fn default(code: &str) -> Option<String> {
    let parsed = syntax::parse(&tree_sitter_ruby::LANGUAGE.into(), code)?;
    let path = RelPath::root();
    let source = super::source::Source {
        path: &path,
        text: code,
    };
    let first = syntax::children(parsed.root_node()).into_iter().next()?;
    let said = source.value(first, &super::source::Names::new())?;
    (!said.text.is_empty()).then_some(said.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_at_its_place() {
        let text = "a: <%= ENV['A'] %>\n<%# no %>\nä <%- if b -%> c <% end %>";
        let code = code(text, false);
        assert_eq!(code.lines().count(), 3);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.find("ENV['A']"), text.find("ENV['A']"));
        assert!(!code.contains("no"), "{code}");
        assert_eq!(code.find("if b"), text.find("if b"));
        assert_eq!(super::code("<%", false), "  ");
        assert_eq!(super::code("<%= x", false), "    x");
        let commented = "# url: <%= ENV['A'] %>\nb: <%= 1 %>\n";
        assert!(!super::code(commented, true).contains("ENV"));
    }

    #[test]
    fn yaml_keeps_its_lines_and_its_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let text = "<% x = [\n  1\n] %>\nproduction:\n  pool: <%= ENV.fetch(\"POOL\") { 5 } %>\n  \
                    host: \"<%= Settings.host %>\"\n";
        std::fs::write(folder.path().join("database.yml"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let node = yaml(&tree, &RelPath::parse("database.yml").unwrap()).unwrap();
        let entry = |key: &str| node.entry_at(&["production", key]).unwrap();
        assert_eq!(entry("pool").node.text(), Some("5"));
        assert_eq!(entry("pool").line, 5);
        assert_eq!(entry("host").node.text(), Some("erb"));
    }
}
