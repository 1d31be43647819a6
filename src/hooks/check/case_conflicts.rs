//! `case-conflicts`: no two paths differ only in case.
//!
//! macOS and Windows take `Readme` and `readme` for one file, folders too; macOS also takes the
//! composed and the decomposed form of a letter for one. Paths are compared as Unicode 3.13,
//! definition D145 (canonical caseless match) says: `NFD(fold(NFD(path)))`.

use super::{Entry, Finding, Listing, Options};
use bstr::{BStr, ByteSlice};
use caseless::Caseless;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;

const ID: &str = "case-conflicts";

/// The spellings of one folded path.
#[derive(Default)]
struct Spellings<'a> {
    /// Each with whether the commit brings something to it; in order of the index.
    known: Vec<(&'a BStr, bool)>,
}

pub(super) fn look(listing: &Listing, _: &Options) -> Vec<Finding> {
    let mut folded = Vec::new();
    // Only what a commit brings can be a new conflict: all else is looked up among that.
    let mut groups: HashMap<Vec<u8>, Spellings> = HashMap::new();
    for path in paths(listing.entries, true) {
        fold(path, &mut folded);
        groups.entry(folded.clone()).or_default();
    }
    if groups.is_empty() {
        return Vec::new();
    }
    for path in paths(listing.entries, false) {
        fold(path, &mut folded);
        if let Some(spellings) = groups.get_mut(folded.as_slice()) {
            spellings.add(path, false);
        }
    }
    for path in paths(listing.entries, true) {
        fold(path, &mut folded);
        if let Some(spellings) = groups.get_mut(folded.as_slice()) {
            spellings.add(path, true);
        }
    }
    let mut findings: Vec<Finding> = groups
        .values()
        .filter(|spellings| spellings.known.len() > 1)
        .flat_map(Spellings::findings)
        .collect();
    findings.sort_by(|a, b| a.path.cmp(&b.path));
    findings
}

impl<'a> Spellings<'a> {
    fn add(&mut self, path: &'a BStr, changed: bool) {
        match self.known.iter_mut().find(|(known, _)| *known == path) {
            Some(known) => known.1 |= changed,
            None => self.known.push((path, changed)),
        }
    }

    fn findings(&self) -> impl Iterator<Item = Finding> {
        self.known
            .iter()
            .filter(|(_, changed)| *changed)
            .filter_map(|(path, _)| {
                let (other, _) = self.known.iter().find(|(known, _)| known != path)?;
                let message = format!(
                    "{path} and {other} are one path on macOS and Windows: only one of them can be there"
                );
                let mend = format!("rename one: git mv {path} NEW-NAME");
                Some(Finding::error(ID, message, mend).at(*path, None))
            })
    }
}

/// The paths of the entries and of the folders above them. Of a folder whose entries follow one
/// another only the first time it is met.
fn paths<'a>(entries: &'a [Entry<'a>], changed: bool) -> impl Iterator<Item = &'a BStr> {
    let mut before: &[u8] = b"";
    entries
        .iter()
        .filter(move |entry| !changed || entry.changed)
        .flat_map(move |entry| {
            let path: &[u8] = entry.path;
            let shared = path
                .iter()
                .zip(before)
                .take_while(|(ours, theirs)| ours == theirs)
                .count();
            before = path;
            let folders = memchr::memchr_iter(b'/', path)
                .filter(move |slash| *slash >= shared)
                .map(|slash| path[..slash].as_bstr());
            folders.chain(std::iter::once(path.as_bstr()))
        })
}

fn fold(path: &BStr, folded: &mut Vec<u8>) {
    folded.clear();
    if path.is_ascii() {
        folded.extend(path.iter().map(u8::to_ascii_lowercase));
        return;
    }
    // What is no UTF-8 has no case; it stays as it is.
    for chunk in path.utf8_chunks() {
        let valid = chunk.valid().nfd().default_case_fold().nfd();
        folded.extend_from_slice(valid.collect::<String>().as_bytes());
        folded.extend_from_slice(chunk.invalid());
    }
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::Mode;
    use crate::hooks::check::tests::{entries, listed};

    #[test]
    fn paths_are_compared_without_case() {
        type Case = (&'static [(&'static str, bool)], &'static [&'static str]);
        let cases: &[Case] = &[
            (&[("a", true), ("b", true), ("a.b", true)], &[]),
            (&[("f.py", false), ("F.py", true)], &["F.py"]),
            (&[("f.py", true), ("F.py", true)], &["F.py", "f.py"]),
            (&[("f.py", false), ("F.py", false), ("x", true)], &[]),
            // Folders against folders, and a file against a folder.
            (&[("dir/x", false), ("DIR/y", true)], &["DIR"]),
            (
                &[("dir/x", false), ("dir/a/b", true), ("DIR", true)],
                &["DIR", "dir"],
            ),
            (&[("x/y/z", false), ("X", true)], &["X"]),
            (
                &[("a/x", true), ("a-b", false), ("A/x", false)],
                &["a", "a/x"],
            ),
            // Beyond ASCII: É and é, ß and SS, composed and decomposed.
            (
                &[("\u{c9}.txt", false), ("\u{e9}.txt", true)],
                &["\u{e9}.txt"],
            ),
            (
                &[("stra\u{df}e", true), ("STRASSE", false)],
                &["stra\u{df}e"],
            ),
            (&[("\u{e9}", true), ("e\u{301}", false)], &["\u{e9}"]),
        ];
        for (paths, conflicts) in cases {
            let paths: Vec<_> = paths
                .iter()
                .map(|(path, changed)| (*path, Mode::Regular, *changed, None))
                .collect();
            let found: Vec<_> = listed("case-conflicts", &entries(&paths), &[])
                .into_iter()
                .map(|(path, _)| path)
                .collect();
            assert_eq!(&found, conflicts, "{paths:?}");
        }
    }
}
