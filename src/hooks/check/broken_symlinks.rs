//! `broken-symlinks`: every link of the commit leads to something in it.
//!
//! Judged against the index alone: a link to a file that lies only here is broken for everybody
//! else. A link into a submodule or out of the repository cannot be judged from it. Where links
//! cannot be made, a checkout leaves a file that holds the target (git-config(1), `core.symlinks`);
//! committed, that is no link for anybody.

use super::{Entry, Finding, Listing, Mode, Options, Replaced};
use bstr::{BStr, BString, ByteSlice};

const ID: &str = "broken-symlinks";
/// As many links as Linux follows (`path_resolution(7)`).
const FOLLOWED: usize = 40;

enum Leads {
    Somewhere,
    Nowhere,
    /// Round in a circle.
    Round,
    Outside,
}

pub(super) fn look(listing: &Listing, _: &Options) -> Vec<Finding> {
    let flattened = listing.entries.iter().filter_map(flattened);
    flattened.chain(broken(listing)).collect()
}

/// A link that became a file with the same text, which an editor may have ended.
fn flattened(entry: &Entry) -> Option<Finding> {
    let Replaced { target, content } = entry.replaced?;
    let text = content.strip_suffix(b"\n").unwrap_or(content);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text != target.as_bytes() {
        return None;
    }
    let path = entry.path;
    let finding = Finding::error(
        ID,
        format!("the link to {target} became a file that holds its name"),
        format!(
            "git rm --cached {path} && ln -sfn {target} {path} && git add {path}; where the \
             system makes no links: git config core.symlinks false, then git checkout HEAD -- \
             {path}"
        ),
    );
    Some(finding.at(path, None))
}

fn broken<'l>(listing: &'l Listing) -> impl Iterator<Item = Finding> + 'l {
    listing
        .entries
        .iter()
        .filter(|entry| entry.mode == Mode::Symlink)
        .filter_map(|entry| {
            let target = entry.target?;
            let (leads, place) = follow(listing.entries, entry.path, target);
            let broke = || {
                entry.changed
                    || listing
                        .removed
                        .iter()
                        .any(|gone| *gone == place || is_below(gone, place.as_bstr()))
            };
            let finding = match leads {
                Leads::Somewhere => return None,
                Leads::Nowhere if broke() => Finding::error(
                    ID,
                    format!("the link leads to {target}, which is not in the repository"),
                    format!("correct the link, or add {place}"),
                ),
                Leads::Round if entry.changed => Finding::error(
                    ID,
                    format!("the link leads to {target}, which leads back to it"),
                    "point it at a file or folder",
                ),
                Leads::Outside if entry.changed => Finding::error(
                    ID,
                    format!("the link leads to {target}, outside the repository, where others have something else or nothing"),
                    "point it at a path inside the repository",
                )
                .warning(),
                _ => return None,
            };
            Some(finding.at(entry.path, None))
        })
}

/// Where the link `path` -> `target` leads, and the last place that was looked at.
fn follow(entries: &[Entry], path: &BStr, target: &BStr) -> (Leads, BString) {
    let mut place = folder(path);
    let mut ahead: Vec<&[u8]> = target.rsplit_str("/").collect();
    if target.starts_with(b"/") || target.get(1) == Some(&b':') {
        return (Leads::Outside, target.into());
    }
    let mut followed = 0;
    while let Some(part) = ahead.pop() {
        match part {
            b"" | b"." => continue,
            b".." if place.is_empty() => return (Leads::Outside, place),
            b".." => {
                place = folder(place.as_bstr());
                continue;
            }
            name => {
                if !place.is_empty() {
                    place.push(b'/');
                }
                place.extend_from_slice(name);
            }
        }
        match entries.binary_search_by(|entry| entry.path.cmp(place.as_bstr())) {
            Ok(found) => match (entries[found].mode, entries[found].target) {
                (Mode::Submodule, _) => return (Leads::Somewhere, place),
                (Mode::Symlink, Some(target)) => {
                    followed += 1;
                    if followed > FOLLOWED {
                        return (Leads::Round, place);
                    }
                    if target.starts_with(b"/") {
                        // The other link says so itself.
                        return (Leads::Somewhere, place);
                    }
                    ahead.extend(target.rsplit_str("/"));
                    place = folder(place.as_bstr());
                }
                // A file holds nothing.
                _ if ahead.iter().any(|part| !matches!(*part, b"" | b".")) => {
                    return (Leads::Nowhere, place);
                }
                _ => return (Leads::Somewhere, place),
            },
            Err(next) => {
                let mut behind = entries[next..].iter();
                if !is_folder(&mut behind, place.as_bstr()) {
                    return (Leads::Nowhere, place);
                }
            }
        }
    }
    (Leads::Somewhere, place)
}

/// Whether one of the entries behind where `place` would stand lies below it. Between the two
/// may be others: `a-b` and `a.c` sort before `a/`.
fn is_folder<'a>(behind: &mut impl Iterator<Item = &'a Entry<'a>>, place: &BStr) -> bool {
    behind
        .take_while(|entry| entry.path.starts_with(place))
        .any(|entry| is_below(entry.path, place))
}

fn is_below(path: &BStr, folder: &BStr) -> bool {
    path.strip_prefix(folder.as_bytes())
        .is_some_and(|rest| rest.starts_with(b"/"))
}

fn folder(path: &BStr) -> BString {
    let end = path.rfind_byte(b'/').unwrap_or(0);
    path[..end].into()
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{entries, listed};
    use crate::hooks::check::{Mode, Severity};

    #[test]
    fn links_are_followed_within_the_index() {
        use Severity::{Error, Warning};
        let link =
            |path: &'static str, target: &'static str| (path, Mode::Symlink, true, Some(target));
        let entries = entries(&[
            ("a.txt", Mode::Regular, false, None),
            ("lib-x", Mode::Regular, false, None),
            ("lib.c", Mode::Regular, false, None),
            ("lib/deep/file", Mode::Regular, false, None),
            ("sub", Mode::Submodule, false, None),
            link("l/to-file", "../a.txt"),
            link("l/to-folder", "../lib/"),
            link("l/to-root", "../."),
            link("l/through", "to-folder/deep/../deep/file"),
            link("l/into-submodule", "../sub/any/thing"),
            link("x/no", "../b.txt"),
            link("x/no-prefix", "../li"),
            link("x/in-file", "../a.txt/x"),
            link("x/through-no", "no/further"),
            link("x/self", "self"),
            link("x/round-1", "round-2"),
            link("x/round-2", "round-1"),
            link("x/up", "../../elsewhere"),
            link("x/absolute", "/etc/passwd"),
            ("y/old", Mode::Symlink, false, Some("gone")),
            ("y/old-folder", Mode::Symlink, false, Some("../gone")),
            ("y/long-broken", Mode::Symlink, false, Some("nothing")),
        ]);
        let removed = ["gone/file".into(), "y/gone".into()];
        let expected = [
            ("x/absolute", Warning),
            ("x/in-file", Error),
            ("x/no", Error),
            ("x/no-prefix", Error),
            ("x/round-1", Error),
            ("x/round-2", Error),
            ("x/self", Error),
            ("x/through-no", Error),
            ("x/up", Warning),
            ("y/old", Error),
            ("y/old-folder", Error),
        ]
        .map(|(path, severity)| (path.to_owned(), severity));
        assert_eq!(listed("broken-symlinks", &entries, &removed), expected);
    }
}
