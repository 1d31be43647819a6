//! What an artifact becomes, given what was generated before and what is there now.

use super::block::{self, Found};
use super::dotenv;
use super::feature::Strategy;
use super::jobs;
use super::lock::{Artifact, sha256};
use super::plan::Action;

/// The outcome for one artifact.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    pub action: Action,
    /// The file's new bytes; None where it stays as it is.
    pub content: Option<Vec<u8>>,
    /// What counts as generated from now on; None keeps what counted before.
    pub pristine: Option<Vec<u8>>,
    /// Why it was kept, where that needs a word.
    pub note: Option<&'static str>,
}

/// Merges `wanted` (line feeds only) into `present`; `known` is what the lock says of it, `offered`
/// what was generated before, where that is still there.
pub(super) fn merge(
    strategy: Strategy,
    id: &str,
    present: Option<&[u8]>,
    wanted: &str,
    known: Option<&Artifact>,
    offered: Option<&[u8]>,
) -> Merged {
    let pristine_hash = known.and_then(|artifact| artifact.pristine.as_deref());
    match strategy {
        Strategy::File => file(present, wanted, pristine_hash),
        Strategy::Block => marked(id, present, wanted, pristine_hash),
        Strategy::Env => match present {
            None => made(Action::Create, wanted.as_bytes().to_vec(), None),
            Some(present) => match dotenv::append(present, wanted) {
                Some(content) => made(Action::Extend, content, None),
                None => unchanged(None),
            },
        },
        Strategy::Jobs => listed(present, wanted, offered),
    }
}

fn listed(present: Option<&[u8]>, wanted: &str, offered: Option<&[u8]>) -> Merged {
    let text = |bytes: &[u8]| String::from_utf8_lossy(&block::with_line_feeds(bytes)).into_owned();
    let (now, offered) = (present.map(text), offered.map(text));
    let generated = Some(wanted.as_bytes().to_vec());
    let Ok(merged) = jobs::merge(now.as_deref(), wanted, offered.as_deref()) else {
        return kept("it is no valid TOML; kept");
    };
    match present {
        None => made(Action::Create, merged.into_bytes(), generated),
        Some(_) if now.as_deref() == Some(&merged) => unchanged(generated),
        Some(present) => {
            let content = merged.replace('\n', block::line_ending(present));
            made(Action::Extend, content.into_bytes(), generated)
        }
    }
}

fn file(present: Option<&[u8]>, wanted: &str, pristine: Option<&str>) -> Merged {
    let generated = Some(wanted.as_bytes().to_vec());
    let Some(present) = present else {
        return made(Action::Create, wanted.as_bytes().to_vec(), generated);
    };
    // A checkout that writes CRLF is no edit.
    let now = block::with_line_feeds(present);
    if now == wanted.as_bytes() {
        return unchanged(generated);
    }
    if pristine == Some(sha256(&now).as_str()) {
        let content = wanted.replace('\n', block::line_ending(present));
        return made(Action::Update, content.into_bytes(), generated);
    }
    kept("edited; kept")
}

fn marked(id: &str, present: Option<&[u8]>, wanted: &str, pristine: Option<&str>) -> Merged {
    let mut text = wanted.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let generated = Some(text.as_bytes().to_vec());
    let Some(present) = present else {
        return made(Action::Create, block::put(b"", id, &text), generated);
    };
    let content = || block::put(present, id, &text);
    match block::find(present, id) {
        Found::Absent => made(Action::Extend, content(), generated),
        Found::Broken => kept("its block has a mark without its partner; kept"),
        Found::Block { text: now, .. } => {
            let now = block::with_line_feeds(now);
            if now == text.as_bytes() {
                unchanged(generated)
            } else if pristine == Some(sha256(&now).as_str()) {
                made(Action::Update, content(), generated)
            } else {
                kept("its block was edited; kept")
            }
        }
    }
}

fn made(action: Action, content: Vec<u8>, pristine: Option<Vec<u8>>) -> Merged {
    Merged {
        action,
        content: Some(content),
        pristine,
        note: None,
    }
}

fn unchanged(pristine: Option<Vec<u8>>) -> Merged {
    Merged {
        action: Action::Unchanged,
        content: None,
        pristine,
        note: None,
    }
}

fn kept(note: &'static str) -> Merged {
    Merged {
        action: Action::Kept,
        content: None,
        pristine: None,
        note: Some(note),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::RelPath;

    fn known(pristine: &str) -> Artifact {
        Artifact {
            path: RelPath::parse("a").unwrap(),
            id: "a".to_owned(),
            feature: "f".to_owned(),
            mode: "0644".to_owned(),
            strategy: Strategy::File,
            template: String::new(),
            pristine: Some(sha256(pristine.as_bytes())),
        }
    }

    fn action(strategy: Strategy, present: Option<&str>, wanted: &str, old: &str) -> Action {
        let known = known(old);
        merge(
            strategy,
            "a",
            present.map(str::as_bytes),
            wanted,
            Some(&known),
            None,
        )
        .action
    }

    #[test]
    fn an_edited_file_is_kept_and_a_pristine_one_updated() {
        let file = |present, wanted| action(Strategy::File, present, wanted, "old\n");
        assert_eq!(file(None, "new\n"), Action::Create);
        assert_eq!(file(Some("new\n"), "new\n"), Action::Unchanged);
        assert_eq!(file(Some("new\r\n"), "new\n"), Action::Unchanged);
        assert_eq!(file(Some("old\n"), "new\n"), Action::Update);
        assert_eq!(file(Some("mine\n"), "new\n"), Action::Kept);
        let crlf = merge(
            Strategy::File,
            "a",
            Some(b"old\r\n"),
            "new\n",
            Some(&known("old\n")),
            None,
        );
        assert_eq!(crlf.content.unwrap(), b"new\r\n");
    }

    #[test]
    fn a_block_is_judged_by_what_is_between_its_marks() {
        let with = |text: &str| format!("mine\n\n# >>> shipway a >>>\n{text}# <<< shipway a <<<\n");
        let block = |present: Option<&str>| action(Strategy::Block, present, "new\n", "old\n");
        assert_eq!(block(None), Action::Create);
        assert_eq!(block(Some("mine\n")), Action::Extend);
        assert_eq!(block(Some(&with("new\n"))), Action::Unchanged);
        assert_eq!(block(Some(&with("old\n"))), Action::Update);
        assert_eq!(block(Some(&with("edited\n"))), Action::Kept);
        assert_eq!(block(Some("# >>> shipway a >>>\n")), Action::Kept);
    }
}
