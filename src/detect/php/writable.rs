//! Folders that an application of PHP writes to: those of its framework, and those that git keeps empty
//! for it.

use super::framework::Framework;
use crate::detect::Tree;
use crate::detect::beside::beside_or_hidden;
use crate::project::{Evidence, Fact, RelPath};
use std::collections::HashSet;

/// Folders in which an application of each framework writes.
const WRITES: &[(&str, &[&str])] = &[
    ("laravel", &["storage"]),
    ("lumen", &["storage"]),
    ("symfony", &["var"]),
    ("cakephp", &["tmp", "logs"]),
    ("codeigniter", &["writable"]),
    ("yii", &["runtime", "web/assets"]),
    ("craft", &["storage", "config", "web/cpresources"]),
    ("wordpress", &["wp-content/uploads"]),
    ("drupal", &["web/sites/default/files"]),
    ("nette", &["temp", "log"]),
];

/// Files that keep an empty folder in git, or visitors out of it.
const KEEPERS: &[&str] = &[
    ".gitignore",
    ".gitkeep",
    ".keep",
    ".empty",
    ".htaccess",
    "index.html",
];

/// Folders of the repository's own images and tools: what lies there is copied elsewhere.
const OF_IMAGES: &[&str] = &["docker", "deploy", "deployment", "dev", "build", "ops"];

/// Folders of code that waits to be written.
const OF_CODE: &[&str] = &["migrations", "migration", "src"];

/// Folders that a file with a word about them may lie in.
const EMPTY: &[&str] = &["logs", "log", "tmp", "temp", "cache", "uploads", "upload"];

/// Below `root`, whose folder holds the packages in `inner`, too.
pub(super) fn find(
    tree: &Tree,
    root: &RelPath,
    inner: &[&RelPath],
    framework: Option<&(&Framework, Evidence)>,
) -> Vec<Fact<RelPath>> {
    let mut found: Vec<Fact<RelPath>> = Vec::new();
    if let Some((framework, at)) = framework {
        let known = WRITES.iter().find(|(name, _)| *name == framework.name);
        for name in known.map_or(&[][..], |(_, names)| names) {
            let folder = root.join(name).ok();
            let folder =
                folder.filter(|folder| tree.has_folder(folder) || framework.name != "craft");
            found.extend(folder.map(|folder| Fact::certain(folder, at.clone())));
        }
    }
    let (mut keepers, others): (Vec<&RelPath>, Vec<&RelPath>) = tree
        .files()
        .filter(|path| path.is_within(root))
        .partition(|path| is_keeper(path));
    let used = folders(&others);
    keepers.retain(|path| !inner.iter().any(|other| path.is_within(other)));
    keepers.sort_by_key(|path| path.depth());
    for keeper in keepers {
        let folder = keeper.parent();
        let below = folder.below(root).unwrap_or_default();
        let known = found.iter().any(|fact| folder.is_within(&fact.value));
        // The caches of Laravel are a part of the image.
        let top = below.as_str().split('/').next().unwrap_or_default();
        let of_image = folder.as_str().ends_with("bootstrap/cache") || OF_IMAGES.contains(&top);
        let of_code = OF_CODE.contains(&folder.file_name());
        let empty = !used.contains(folder.as_str()) && !of_code;
        if empty && !below.is_root() && !known && !of_image && !beside_or_hidden(&below) {
            found.push(
                Fact::likely(folder, Evidence::file(keeper.clone()))
                    .because("git keeps it empty: the application fills it"),
            );
        }
    }
    found
}

fn is_keeper(path: &RelPath) -> bool {
    let about = path.file_name().eq_ignore_ascii_case("readme.md");
    KEEPERS.contains(&path.file_name()) || about && EMPTY.contains(&path.parent().file_name())
}

/// Every folder that one of `files` lies in, at any depth.
fn folders<'p>(files: &[&'p RelPath]) -> HashSet<&'p str> {
    let mut found = HashSet::new();
    for file in files {
        let mut rest = file.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/')
            && found.insert(folder)
        {
            rest = folder;
        }
    }
    found
}
