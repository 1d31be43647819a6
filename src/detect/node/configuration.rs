//! What the configuration files of tools in JavaScript and TypeScript set.

use super::source::{Source, with_tree};
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, RelPath};
use tree_sitter::Node;

/// The first of a configuration's usual names that is there, in `folder`.
pub(super) fn find(tree: &Tree, folder: &RelPath, stem: &str) -> Option<RelPath> {
    ["js", "mjs", "cjs", "ts", "mts", "cts"]
        .iter()
        .filter_map(|extension| folder.join(&format!("{stem}.{extension}")).ok())
        .find(|path| tree.has(path))
}

/// The text that a configuration sets for a key, anywhere in it: `output` of `next.config.js`.
pub(super) fn setting(tree: &Tree, path: &RelPath, key: &str) -> Option<(String, Evidence)> {
    with_tree(tree, path, &[key], |source, root| {
        syntax::all(root, "pair").into_iter().find_map(|pair| {
            let name = pair.child_by_field_name("key")?;
            (unquoted(source, name) == key).then_some(())?;
            let value = source.string(pair.child_by_field_name("value")?)?;
            Some((value, source.at(tree, pair)))
        })
    })?
}

/// The text that a configuration calls a method with: `setOutputPath('public/build/')`.
pub(super) fn called_with(tree: &Tree, path: &RelPath, method: &str) -> Option<(String, Evidence)> {
    with_tree(tree, path, &[method], |source, root| {
        let calls = syntax::all(root, "call_expression").into_iter();
        calls.rev().find_map(|call| {
            let function = call.child_by_field_name("function")?;
            let name = function.child_by_field_name("property")?;
            (source.of(name) == method).then_some(())?;
            let first = call.child_by_field_name("arguments")?.named_child(0)?;
            let text = source.string(first)?;
            Some((text.trim_end_matches('/').to_owned(), source.at(tree, name)))
        })
    })?
}

/// The folders or files that a configuration sets for any of `keys`, relative to the configuration's
/// own folder, in order; what is computed in another way than from parts is left out. `output.path`
/// is `path` in an object that is called `output`.
pub(super) fn places(tree: &Tree, path: &RelPath, keys: &[&str]) -> Vec<(String, Evidence)> {
    let keys: Vec<(Option<&str>, &str)> = keys
        .iter()
        .map(|key| match key.split_once('.') {
            Some((object, name)) => (Some(object), name),
            None => (None, *key),
        })
        .collect();
    let words: Vec<&str> = keys.iter().map(|(_, name)| *name).collect();
    let found = with_tree(tree, path, &words, |source, root| {
        let pairs = syntax::all(root, "pair").into_iter();
        let set = pairs.filter_map(|pair| {
            let name = unquoted(source, pair.child_by_field_name("key")?);
            let is_meant = keys.iter().any(|(object, key)| {
                name == *key && object.is_none_or(|object| called(source, pair) == Some(object))
            });
            is_meant.then_some(())?;
            let place = place(source, pair.child_by_field_name("value")?, 6)?;
            Some((place, source.at(tree, pair)))
        });
        set.collect()
    });
    found.unwrap_or_default()
}

/// What the object that a pair stands in is called.
fn called<'s>(source: &'s Source<'_>, pair: Node<'_>) -> Option<&'s str> {
    let mut around = pair.parent()?.parent()?;
    while matches!(
        around.kind(),
        "parenthesized_expression"
            | "ternary_expression"
            | "as_expression"
            | "satisfies_expression"
    ) {
        around = around.parent()?;
    }
    let name = ["key", "name", "left"]
        .iter()
        .find_map(|field| around.child_by_field_name(field))?;
    unquoted(source, name).rsplit('.').next()
}

fn unquoted<'s>(source: &'s Source<'_>, name: Node<'_>) -> &'s str {
    source.of(name).trim_matches(['"', '\''])
}

/// The text of a path: a string, or parts of one behind the folder of the file.
fn place(source: &Source<'_>, node: Node<'_>, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let text = source.of(node);
    if matches!(
        text,
        "__dirname" | "import.meta.dirname" | "import.meta.url" | "process.cwd()"
    ) {
        return Some(".".to_owned());
    }
    let relative = |text: String| (!text.starts_with('/')).then_some(text);
    match node.kind() {
        "string" => source.string(node).and_then(relative),
        "template_string" => {
            let inner = text.trim_matches('`');
            let inner = inner.strip_prefix("${__dirname}/").unwrap_or(inner);
            (!inner.contains("${"))
                .then(|| inner.to_owned())
                .and_then(relative)
        }
        "binary_expression" => {
            let left = place(source, node.child_by_field_name("left")?, depth)?;
            let right = source.string(node.child_by_field_name("right")?)?;
            Some(format!("{left}{right}"))
        }
        "call_expression" | "new_expression" => {
            let called = node
                .child_by_field_name("function")
                .or_else(|| node.child_by_field_name("constructor"))?;
            let arguments = node.child_by_field_name("arguments")?;
            let arguments = syntax::children(arguments).into_iter();
            let mut arguments =
                arguments.filter(|part| part.is_named() && part.kind() != "comment");
            match source.of(called).rsplit('.').next()? {
                "resolve" | "join" => {
                    let parts: Option<Vec<String>> =
                        arguments.map(|part| place(source, part, depth)).collect();
                    Some(parts?.join("/"))
                }
                // The second is what the first is relative to.
                "URL" | "fileURLToPath" => place(source, arguments.next()?, depth),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The keys of the object that a configuration sets for a key: `env` of `next.config.js`.
pub(super) fn keys(tree: &Tree, path: &RelPath, key: &str) -> Vec<String> {
    let found = with_tree(tree, path, &[key], |source, root| {
        let pair = syntax::all(root, "pair").into_iter().find(|pair| {
            pair.child_by_field_name("key")
                .is_some_and(|name| source.of(name) == key)
        })?;
        let object = pair.child_by_field_name("value")?;
        let names = syntax::children(object).into_iter().map(|part| {
            let name = part.child_by_field_name("key").unwrap_or(part);
            unquoted(source, name).to_owned()
        });
        Some(names.collect())
    });
    found.flatten().unwrap_or_default()
}
