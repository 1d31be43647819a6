//! A commit's message as the commit-msg hook is given it, and what git will make of it.

use bstr::BStr;

/// What the file holds that git hands to the hook, and how git will clean it up.
pub struct Message<'a> {
    pub text: &'a [u8],
    /// `core.commentString` or `core.commentChar`; `#` where neither is set, `auto` where git
    /// chose.
    pub comment: &'a BStr,
    pub cleanup: Cleanup,
}

/// git-commit(1), `--cleanup`. git's default is `Strip` where an editor was used and
/// `Whitespace` elsewhere: then it runs its hooks with `GIT_EDITOR=:`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cleanup {
    /// Takes comment lines away, blanks and empty lines at the ends too.
    #[default]
    Strip,
    /// Takes blanks and empty lines away; a comment line is text.
    Whitespace,
    /// As `Whitespace`, and everything from the scissors line on.
    Scissors,
    Verbatim,
}

/// What git's `core.commentChar = auto` chooses from.
const AUTO: &[u8] = b"#;@!$%^&|:";
/// What follows the comment string on the line from which on nothing is kept.
const SCISSORS: &str = " ------------------------ >8 ------------------------";

/// A line that git keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// From 1, in the file.
    pub(super) number: usize,
    /// Byte of the file where it begins.
    pub(super) at: usize,
    /// Without its end and the blanks before it.
    pub(super) text: &'t str,
}

/// The lines of `text`, which is the message's, that git keeps: the first has text in it, no two
/// that follow each other are empty, the last has text in it.
pub(super) fn kept<'t>(message: &Message, text: &'t str) -> Vec<Line<'t>> {
    let comment = comment(message, text);
    let mut lines: Vec<Line> = Vec::new();
    let mut at = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let line = Line {
            number: index + 1,
            at,
            text: whole.trim_end(),
        };
        at += whole.len();
        if message.cleanup != Cleanup::Verbatim {
            let rest = comment.and_then(|comment| line.text.strip_prefix(comment));
            // `git commit --verbose` cuts there whatever else is cleaned.
            if rest == Some(SCISSORS) {
                break;
            }
            if rest.is_some() && message.cleanup == Cleanup::Strip {
                continue;
            }
        }
        if line.text.is_empty() && lines.last().is_none_or(|last| last.text.is_empty()) {
            continue;
        }
        lines.push(line);
    }
    if lines.last().is_some_and(|last| last.text.is_empty()) {
        lines.pop();
    }
    lines
}

/// The comment string; where git chose it, what its own lines at the end of the file begin with.
fn comment<'m>(message: &'m Message, text: &'m str) -> Option<&'m str> {
    let said = std::str::from_utf8(message.comment).ok()?;
    if said != "auto" {
        return Some(said).filter(|said| !said.is_empty());
    }
    let first = text.trim_end().lines().next_back()?.get(..1)?;
    AUTO.contains(first.as_bytes().first()?).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(comment: &str, cleanup: Cleanup, text: &str) -> Vec<String> {
        let message = Message {
            text: text.as_bytes(),
            comment: comment.into(),
            cleanup,
        };
        kept(&message, text)
            .iter()
            .map(|line| format!("{} {}", line.number, line.text))
            .collect()
    }

    #[test]
    fn lines_are_kept_as_git_keeps_them() {
        // As `git stripspace --strip-comments` and `git commit --cleanup=…` do.
        let text = "\n# template\nsubject  \n\n\n  body\n#x\n\n# end\n";
        assert_eq!(
            texts("#", Cleanup::Strip, text),
            ["3 subject", "4 ", "6   body"]
        );
        assert_eq!(
            texts("#", Cleanup::Whitespace, text),
            [
                "2 # template",
                "3 subject",
                "4 ",
                "6   body",
                "7 #x",
                "8 ",
                "9 # end"
            ]
        );
        let scissors = format!("s\n#a\n#{SCISSORS}\n# Do not touch\ndiff --git\n");
        assert_eq!(texts("#", Cleanup::Strip, &scissors), ["1 s"]);
        assert_eq!(texts("#", Cleanup::Scissors, &scissors), ["1 s", "2 #a"]);
        assert_eq!(texts("#", Cleanup::Verbatim, &scissors).len(), 5);
        assert_eq!(texts("//", Cleanup::Strip, "# s\n// c\n"), ["1 # s"]);
        assert_eq!(
            texts(
                "auto",
                Cleanup::Strip,
                "#1 is closed\n\n; Please enter\n;\tmodified: x\n"
            ),
            ["1 #1 is closed"]
        );
        assert!(texts("#", Cleanup::Strip, "# only\n\n").is_empty());
        assert!(texts("#", Cleanup::Strip, "").is_empty());
    }
}
