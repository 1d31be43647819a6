//! Which Rust builds a workspace: `rust-toolchain.toml`, an image of the repository, `rust-version`.

use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{Confidence, Dockerfile, Evidence, Existing, Fact, RelPath};

/// Which Rust builds it: what rustup is told goes before an image of the repository, and that before
/// the least version.
pub(super) fn version(
    tree: &Tree,
    existing: &Existing,
    manifest: &RelPath,
    document: &Node,
) -> Option<Fact<String>> {
    let root = manifest.parent();
    let mut claims: Vec<(String, Evidence)> = Vec::new();
    // rustup looks upwards from the folder that it is called in.
    let folders = [root.clone(), RelPath::root()];
    for folder in &folders {
        claims.extend(toolchain(tree, folder));
    }
    let images = existing.dockerfiles.iter().filter(|file| {
        let folder = file.path.parent();
        folder == root || root.is_within(&folder)
    });
    claims.extend(images.filter_map(|file| builder(tree, file)));
    let least = document
        .entry_at(&["package", "rust-version"])
        .filter(|entry| entry.node.text().is_some())
        .or_else(|| document.entry_at(&["workspace", "package", "rust-version"]));
    let least = least.and_then(|entry| {
        let text = entry.node.text()?.to_owned();
        Some((text, tree.at(manifest, entry.line)))
    });
    // The least version says nothing against a newer one.
    if claims.is_empty() {
        claims.extend(least);
    }
    let fact = Fact::first_of(Confidence::Certain, claims)?;
    Some(if fact.against.is_empty() {
        fact
    } else {
        fact.because("rustup takes what rust-toolchain.toml says wherever cargo is called")
    })
}

/// The channel that rustup takes over everything else. The file without an ending holds TOML, too, or
/// the channel alone. <https://rust-lang.github.io/rustup/overrides.html>
fn toolchain(tree: &Tree, folder: &RelPath) -> Option<(String, Evidence)> {
    ["rust-toolchain.toml", "rust-toolchain"]
        .iter()
        .filter_map(|name| folder.join(name).ok())
        .find_map(|path| {
            let text = tree.text(&path)?;
            if path.extension() == "toml" || text.contains("[toolchain]") {
                let document = structured::toml(tree, &path)?;
                let channel = document.entry_at(&["toolchain", "channel"])?;
                let name = channel.node.text()?.to_owned();
                return Some((name, tree.at(&path, channel.line)));
            }
            let channel = text.lines().next()?.trim();
            (!channel.is_empty()).then(|| (channel.to_owned(), tree.at(&path, 1)))
        })
}

/// The version of Rust that a Dockerfile builds with.
fn builder(tree: &Tree, file: &Dockerfile) -> Option<(String, Evidence)> {
    let text = tree.text(&file.path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let mut words = line.split_whitespace();
        let from = words.next()?.eq_ignore_ascii_case("from");
        let image = words
            .find(|word| !word.starts_with("--"))
            .filter(|_| from)?;
        let (name, tag) = image.split('@').next()?.rsplit_once(':')?;
        let version = match name.rsplit('/').next()? {
            "rust" => tag.split('-').next()?,
            // `lukemathwalker/cargo-chef:latest-rust-1.80.1-bookworm`.
            "cargo-chef" => tag.split_once("rust-")?.1.split('-').next()?,
            _ => return None,
        };
        let is_version =
            version.contains('.') && version.chars().all(|c| c.is_ascii_digit() || c == '.');
        is_version.then(|| (version.to_owned(), tree.at(&file.path, index + 1)))
    })
}
