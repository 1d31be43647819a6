//! What an artifact becomes, given what was generated before and what is there now.

use super::block::{self, Found};
use super::dotenv;
use super::feature::Strategy;
use super::jobs;
use super::lock::{Artifact, sha256};
use super::plan::Action;
use super::three_way::{Side, is_sound, three_way};
use crate::project::RelPath;

/// The outcome for one artifact.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    pub action: Action,
    /// The file's new bytes; None where it stays as it is.
    pub content: Option<Vec<u8>>,
    /// What counts as generated from now on; None keeps what counted before.
    pub pristine: Option<Vec<u8>>,
    /// The whole file as it is proposed, where it is in conflict.
    pub proposal: Option<Vec<u8>>,
    /// Why it was kept, where that needs a word.
    pub note: Option<&'static str>,
}

/// What is merged; texts that shipway made have line feeds only.
pub(super) struct Sides<'s> {
    pub path: &'s RelPath,
    pub id: &'s str,
    pub strategy: Strategy,
    pub present: Option<&'s [u8]>,
    pub wanted: &'s str,
    /// What the lock says of it.
    pub known: Option<&'s Artifact>,
    /// What was generated before, where that is still to be had.
    pub base: Option<&'s str>,
    pub favour: Option<Side>,
    /// Whether what the user deleted is made again.
    pub makes_again: bool,
}

/// Merges what is wanted into what is there.
pub(super) fn merge(sides: &Sides) -> Merged {
    match sides.strategy {
        Strategy::File => file(sides),
        Strategy::Block => marked(sides),
        Strategy::Env => match sides.present {
            None => made(Action::Create, sides.wanted.as_bytes().to_vec(), None),
            Some(present) => match dotenv::append(present, sides.wanted) {
                Some(content) => made(Action::Extend, content, None),
                None => unchanged(None),
            },
        },
        Strategy::Jobs => listed(sides),
    }
}

fn listed(sides: &Sides) -> Merged {
    let Some(present) = sides.present else {
        if sides.is_deleted() {
            return kept(Action::Absent, DELETED);
        }
        return match jobs::merge(None, sides.wanted, sides.base) {
            Ok(text) => made(Action::Create, text.into_bytes(), Some(sides.generated())),
            Err(_) => kept(Action::Kept, NO_TOML),
        };
    };
    let now = String::from_utf8_lossy(&block::with_line_feeds(present)).into_owned();
    match jobs::merge(Some(&now), sides.wanted, sides.base) {
        Err(_) => kept(Action::Kept, NO_TOML),
        Ok(merged) if merged == now => unchanged(Some(sides.generated())),
        Ok(merged) => {
            let content = merged.replace('\n', block::line_ending(present));
            made(
                Action::Extend,
                content.into_bytes(),
                Some(sides.generated()),
            )
        }
    }
}

fn file(sides: &Sides) -> Merged {
    let wanted = sides.wanted;
    let Some(present) = sides.present else {
        if sides.is_deleted() {
            return kept(Action::Absent, DELETED);
        }
        return made(
            Action::Create,
            wanted.as_bytes().to_vec(),
            Some(sides.generated()),
        );
    };
    // A checkout that writes CRLF is no edit.
    let now = block::with_line_feeds(present);
    let written = |text: &str| text.replace('\n', block::line_ending(present)).into_bytes();
    sides.decide(&now, wanted, written)
}

fn marked(sides: &Sides) -> Merged {
    let mut wanted = sides.wanted.to_owned();
    if !wanted.is_empty() && !wanted.ends_with('\n') {
        wanted.push('\n');
    }
    let Some(present) = sides.present else {
        if sides.is_deleted() {
            return kept(Action::Absent, DELETED);
        }
        let content = block::put(b"", sides.id, &wanted);
        return made(Action::Create, content, Some(wanted.into_bytes()));
    };
    let written = |text: &str| block::put(present, sides.id, text);
    match block::find(present, sides.id) {
        Found::Absent if sides.is_deleted() => kept(Action::Absent, "you deleted its block"),
        Found::Absent => made(Action::Extend, written(&wanted), Some(wanted.into_bytes())),
        Found::Broken => kept(
            Action::Kept,
            "its block has a mark without its partner; kept",
        ),
        Found::Block { text, .. } => sides.decide(&block::with_line_feeds(text), &wanted, written),
    }
}

const DELETED: &str = "you deleted it";
const UNSOUND: &str = "it is not valid as it is, so nothing is put into it; mend it, then run \
                       shipway update";
const NO_TOML: &str = "it is no valid TOML; kept";

impl Sides<'_> {
    fn is_deleted(&self) -> bool {
        self.known.is_some() && !self.makes_again && self.favour != Some(Side::Theirs)
    }

    fn generated(&self) -> Vec<u8> {
        self.wanted.as_bytes().to_vec()
    }

    /// What becomes of `now`, the generated part of the file as it is; `written` gives the whole
    /// file with another such part.
    fn decide(&self, now: &[u8], wanted: &str, written: impl Fn(&str) -> Vec<u8>) -> Merged {
        let generated = Some(wanted.as_bytes().to_vec());
        if now == wanted.as_bytes() {
            return unchanged(generated);
        }
        let pristine = self.known.and_then(|known| known.pristine.as_deref());
        if pristine == Some(sha256(now).as_str()) {
            return made(Action::Update, written(wanted), generated);
        }
        let has_news = pristine.is_some_and(|hash| hash != sha256(wanted.as_bytes()));
        if !has_news {
            return kept(Action::Kept, "edited; kept");
        }
        let text = std::str::from_utf8(now).ok();
        let together = |favour| match (text, self.base) {
            (Some(text), Some(base)) => three_way(self.path, base, text, wanted, favour),
            // Without a base it cannot be told what is whose.
            _ => match favour? {
                Side::Ours => text.map(str::to_owned),
                Side::Theirs => Some(wanted.to_owned()),
            },
        };
        match together(self.favour) {
            Some(merged) if Some(merged.as_str()) == text => Merged {
                action: Action::Kept,
                note: Some("edited; kept, it has what is new"),
                ..unchanged(generated)
            },
            Some(merged) => Merged {
                note: Some("your edits are kept"),
                ..made(Action::Merge, written(&merged), generated)
            },
            // Neither line of a conflict could be told from the fault.
            None if text.is_none_or(|text| !is_sound(self.path, text)) => {
                kept(Action::Kept, UNSOUND)
            }
            None => {
                let proposal = together(Some(Side::Theirs)).unwrap_or_else(|| wanted.to_owned());
                Merged {
                    action: Action::Conflict,
                    content: None,
                    pristine: None,
                    proposal: Some(written(&proposal)),
                    note: None,
                }
            }
        }
    }
}

fn made(action: Action, content: Vec<u8>, pristine: Option<Vec<u8>>) -> Merged {
    Merged {
        action,
        content: Some(content),
        pristine,
        proposal: None,
        note: None,
    }
}

fn unchanged(pristine: Option<Vec<u8>>) -> Merged {
    Merged {
        action: Action::Unchanged,
        content: None,
        pristine,
        proposal: None,
        note: None,
    }
}

fn kept(action: Action, note: &'static str) -> Merged {
    Merged {
        action,
        content: None,
        pristine: None,
        proposal: None,
        note: Some(note),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(pristine: &str) -> Artifact {
        Artifact {
            path: RelPath::parse("a").unwrap(),
            moved_to: None,
            id: "a".to_owned(),
            feature: "f".to_owned(),
            mode: "0644".to_owned(),
            strategy: Strategy::File,
            template: String::new(),
            pristine: Some(sha256(pristine.as_bytes())),
            proposed: None,
            proposal: None,
            released: false,
        }
    }

    /// With `old` as what was generated before, which is at hand.
    fn merged(
        strategy: Strategy,
        present: Option<&str>,
        wanted: &str,
        old: &str,
        favour: Option<Side>,
    ) -> Merged {
        let known = known(old);
        merge(&Sides {
            path: &known.path,
            id: "a",
            strategy,
            present: present.map(str::as_bytes),
            wanted,
            known: Some(&known),
            base: Some(old),
            favour,
            makes_again: false,
        })
    }

    fn text(merged: &Merged) -> &str {
        std::str::from_utf8(merged.content.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn a_pristine_file_is_updated_and_what_was_deleted_stays_so() {
        let file = |present, wanted| merged(Strategy::File, present, wanted, "old\n", None);
        assert_eq!(file(None, "new\n").action, Action::Absent);
        assert_eq!(file(Some("new\n"), "new\n").action, Action::Unchanged);
        assert_eq!(file(Some("new\r\n"), "new\n").action, Action::Unchanged);
        assert_eq!(file(Some("old\n"), "new\n").action, Action::Update);
        assert_eq!(file(Some("mine\n"), "old\n").action, Action::Kept);
        assert_eq!(text(&file(Some("old\r\n"), "new\n")), "new\r\n");
        let again = merged(Strategy::File, None, "new\n", "old\n", Some(Side::Theirs));
        assert_eq!(again.action, Action::Create);
    }

    #[test]
    fn an_edited_file_takes_what_is_new_or_is_in_conflict() {
        let old = "1\n2\n3\n4\n5\n";
        let file =
            |present, wanted, favour| merged(Strategy::File, Some(present), wanted, old, favour);
        let both = file("mine\n2\n3\n4\n5\n", "1\n2\n3\n4\nnew\n", None);
        assert_eq!(both.action, Action::Merge);
        assert_eq!(text(&both), "mine\n2\n3\n4\nnew\n");
        assert_eq!(both.pristine.unwrap(), b"1\n2\n3\n4\nnew\n");
        let crossed = |favour| file("1\n2\nmine\n4\n5\n", "new\n2\nnew\n4\n5\n", favour);
        let conflict = crossed(None);
        assert_eq!(conflict.action, Action::Conflict);
        assert_eq!((&conflict.content, &conflict.pristine), (&None, &None));
        assert_eq!(conflict.proposal.unwrap(), b"new\n2\nnew\n4\n5\n");
        assert_eq!(text(&crossed(Some(Side::Ours))), "new\n2\nmine\n4\n5\n");
        assert_eq!(text(&crossed(Some(Side::Theirs))), "new\n2\nnew\n4\n5\n");
        let already = file("mine\n2\n3\n4\nnew\n", "1\n2\n3\n4\nnew\n", None);
        assert_eq!((already.action, already.content), (Action::Kept, None));
        assert!(already.pristine.is_some());
    }

    #[test]
    fn a_file_that_is_not_valid_waits() {
        let path = RelPath::parse("a.yml").unwrap();
        let known = known("a: 1\n");
        for present in [
            "a: 1\nb: [\n",
            "<<<<<<< a\na: 1\n=======\na: 2\n>>>>>>> b\n",
        ] {
            let merged = merge(&Sides {
                path: &path,
                id: "a",
                strategy: Strategy::File,
                present: Some(present.as_bytes()),
                wanted: "a: 3\n",
                known: Some(&known),
                base: Some("a: 1\n"),
                favour: None,
                makes_again: false,
            });
            assert_eq!((merged.action, merged.note), (Action::Kept, Some(UNSOUND)));
            assert_eq!((merged.content, merged.pristine), (None, None));
        }
    }

    #[test]
    fn without_what_was_generated_before_every_edit_is_in_conflict() {
        let known = known("old\n");
        let merged = merge(&Sides {
            path: &known.path,
            id: "a",
            strategy: Strategy::File,
            present: Some(b"old\nmine\n"),
            wanted: "new\n",
            known: Some(&known),
            base: None,
            favour: None,
            makes_again: false,
        });
        assert_eq!(merged.action, Action::Conflict);
        assert_eq!(merged.proposal.unwrap(), b"new\n");
    }

    #[test]
    fn a_block_is_judged_by_what_is_between_its_marks() {
        let with = |text: &str| format!("mine\n\n# >>> shipway a >>>\n{text}# <<< shipway a <<<\n");
        let block =
            |present: Option<&str>| merged(Strategy::Block, present, "new\n", "old\n", None).action;
        assert_eq!(block(None), Action::Absent);
        assert_eq!(block(Some("mine\n")), Action::Absent);
        assert_eq!(block(Some(&with("new\n"))), Action::Unchanged);
        assert_eq!(block(Some(&with("old\n"))), Action::Update);
        assert_eq!(block(Some(&with("edited\n"))), Action::Conflict);
        assert_eq!(block(Some("# >>> shipway a >>>\n")), Action::Kept);
        let conflict = merged(
            Strategy::Block,
            Some(&with("edited\n")),
            "new\n",
            "old\n",
            None,
        );
        assert_eq!(conflict.proposal.unwrap(), with("new\n").as_bytes());
        let edited = merged(
            Strategy::Block,
            Some(&with("old\nmy\n")),
            "old\n",
            "old\n",
            None,
        );
        assert_eq!(edited.action, Action::Kept);
    }
}
