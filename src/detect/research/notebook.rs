//! Notebooks of Jupyter: whose kernel they want, and what is installed for them.
//! <https://nbformat.readthedocs.io/en/latest/format_description.html>

use crate::detect::{Found, Tree, structured};
use crate::project::{Evidence, Existing, Fact, RelPath, Unknown};
use std::collections::BTreeMap;

/// So many notebooks tell the language of all.
const READ: usize = 20;

/// Adds the notebooks of a tree in which nothing runs.
pub(super) fn find(tree: &Tree, existing: &Existing, found: &mut Found) {
    let notebooks: Vec<&RelPath> = tree
        .with_extension("ipynb")
        .filter(|path| !path.as_str().split('/').any(|part| part.starts_with('.')))
        .collect();
    let Some(first) = notebooks.first() else {
        return;
    };
    let mut languages: BTreeMap<String, Vec<Evidence>> = BTreeMap::new();
    for path in notebooks.iter().take(READ) {
        if let Some((language, at)) = language(tree, path) {
            languages.entry(language).or_default().push(at);
        }
    }
    let most = languages.into_iter().max_by_key(|(_, all)| all.len());
    let (language, at) = most.map_or_else(
        || ("python".to_owned(), Evidence::file((*first).clone())),
        |(language, mut all)| (language, all.swap_remove(0)),
    );
    let ecosystem = match language.as_str() {
        "python" => "python",
        "r" => "r",
        _ => {
            found.unknown.push(Unknown {
                fact: "services".to_owned(),
                looked_at: vec![format!(
                    "{at} is a notebook in {language}, for which nothing is generated"
                )],
                answer_with: "keep what the repository has for it".to_owned(),
                root: None,
            });
            return;
        }
    };
    // Scripts beside notebooks are run by hand, too.
    found.services.clear();
    let framework = Fact::certain("jupyter".to_owned(), at);
    let package = super::by_hand(tree, existing, RelPath::root(), ecosystem, framework);
    found.packages.push(package);
}

/// The language of a notebook's kernel, in lower case.
fn language(tree: &Tree, path: &RelPath) -> Option<(String, Evidence)> {
    let text = tree.text(path)?;
    if !text.contains("\"metadata\"") {
        return None;
    }
    let document = structured::json(tree, path)?;
    let of_kernel = document.entry_at(&["metadata", "kernelspec", "language"]);
    let of_info = || document.entry_at(&["metadata", "language_info", "name"]);
    let entry = of_kernel.or_else(of_info)?;
    let language = entry.node.text()?.to_lowercase();
    Some((language, tree.at(path, entry.line)))
}
