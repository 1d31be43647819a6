//! The command line of a job: split like a shell would, run without one.

use super::Hook;

/// What stands for the job's files, each an argument of its own.
const FILES: &str = "{files}";
/// What stands for the file that holds the commit's message.
const MESSAGE: &str = "{message}";
/// What other tools call these, for who comes from there.
const ELSEWHERE: &[(&str, &str)] = &[
    ("{staged_files}", FILES),
    ("{push_files}", FILES),
    ("{all_files}", FILES),
    ("{changed_files}", FILES),
    ("{file}", FILES),
    ("{1}", MESSAGE),
    ("{message_file}", MESSAGE),
];
/// What only a shell understands.
const OPERATORS: &[&str] = &[
    "&&", "||", "|", "|&", ";", "&", ">", ">>", "<", "<<", "2>", "2>&1", "&>",
];

/// The program and its arguments; the first word is always text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// As it is written in the configuration; consent is given to this text.
    pub text: String,
    pub words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Text(String),
    /// All files of the job; the command is run more than once where they are too many.
    Files,
    /// The path of the file with the commit's message.
    Message,
}

/// Why a text is no command line, and the edit that mends it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) message: String,
    pub(super) mend: String,
}

impl CommandLine {
    pub(super) fn parse(text: &str, hook: Hook) -> Result<Self, Malformed> {
        let fail = |message: String, mend: &str| Malformed {
            message,
            mend: mend.to_owned(),
        };
        let split = shell_words::split(text).map_err(|_| {
            fail(
                "a quote is not closed".to_owned(),
                "close it, or write \\\" for one that is meant",
            )
        })?;
        let mut words = Vec::with_capacity(split.len());
        for word in split {
            words.push(read(word, hook)?);
        }
        let Some(Word::Text(program)) = words.first() else {
            return Err(match words.first() {
                None => fail(
                    "there is no command".to_owned(),
                    "write the program and its arguments, such as \"ruff check {files}\"",
                ),
                Some(_) => fail(
                    "a file of the commit would be run as a program".to_owned(),
                    "begin with the program",
                ),
            });
        };
        if let Some((name, _)) = program.split_once('=')
            && !name.is_empty()
            && name
                .chars()
                .all(|letter| letter == '_' || letter.is_ascii_alphanumeric())
        {
            return Err(fail(
                format!(
                    "the command begins with a variable, {name}, and no shell is there to set it"
                ),
                "write it as env = { NAME = \"value\" }",
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            words,
        })
    }

    /// The program as it is written.
    #[must_use]
    pub fn program(&self) -> &str {
        match self.words.first() {
            Some(Word::Text(program)) => program,
            _ => "",
        }
    }

    /// Whether the job's files are arguments; where not, it runs once for all of them.
    #[must_use]
    pub fn takes_files(&self) -> bool {
        self.words.contains(&Word::Files)
    }
}

fn read(word: String, hook: Hook) -> Result<Word, Malformed> {
    let fail = |message: String, mend: String| Err(Malformed { message, mend });
    match word.as_str() {
        FILES if hook.has_files() => return Ok(Word::Files),
        FILES => {
            return fail(
                format!("{hook} has no files"),
                if hook.has_message() {
                    format!("write {MESSAGE} for the file with the commit's message")
                } else {
                    format!("leave {FILES} out")
                },
            );
        }
        MESSAGE if hook.has_message() => return Ok(Word::Message),
        MESSAGE => {
            return fail(
                format!("{hook} is given no message"),
                "put the job under [[hooks.commit-msg]]".to_owned(),
            );
        }
        _ => {}
    }
    if OPERATORS.contains(&word.as_str()) {
        return fail(
            format!("{word} is for a shell, and commands run without one"),
            "make a job of each command, or write sh -c '…' and quote the whole".to_owned(),
        );
    }
    let expands = |first: char| first.is_ascii_alphabetic() || "_{(".contains(first);
    if word
        .strip_prefix('$')
        .is_some_and(|rest| rest.starts_with(expands))
    {
        return fail(
            format!("{word} is for a shell, and commands run without one"),
            "write what it stands for, or write sh -c '…' and quote the whole".to_owned(),
        );
    }
    // Of a script in quotes, only what its own shell understands is there.
    if word.contains(char::is_whitespace) {
        return Ok(Word::Text(word));
    }
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| word == *theirs) {
        return fail(
            format!("{word} is not known"),
            format!("did you mean {ours}?"),
        );
    }
    if [FILES, MESSAGE]
        .iter()
        .any(|placeholder| word.contains(placeholder))
    {
        return fail(
            format!("{word:?} holds a placeholder that is no word of its own"),
            format!(
                "put a space around it: each of the files is an argument, so {FILES} stands alone"
            ),
        );
    }
    Ok(Word::Text(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        CommandLine::parse(text, Hook::PreCommit).unwrap().words
    }

    fn mend(text: &str, hook: Hook) -> String {
        CommandLine::parse(text, hook).unwrap_err().mend
    }

    #[test]
    fn words_are_split_as_in_a_shell() {
        let text = |word: &str| Word::Text(word.to_owned());
        assert_eq!(
            words("ruff check --fix {files}"),
            [text("ruff"), text("check"), text("--fix"), Word::Files]
        );
        assert_eq!(
            words("sh -c 'a && b \"$1\"' x\\ y"),
            [text("sh"), text("-c"), text("a && b \"$1\""), text("x y")]
        );
    }

    #[test]
    fn what_needs_a_shell_is_refused() {
        let commit = Hook::PreCommit;
        assert!(mend("a && b", commit).contains("sh -c"));
        assert!(mend("a > b", commit).contains("sh -c"));
        assert!(mend("a $HOME/x", commit).contains("sh -c"));
        assert!(mend("A=1 b", commit).contains("env = "));
        assert!(mend("a 'b", commit).contains("close it"));
        assert!(mend("  ", commit).contains("program"));
        assert_eq!(words("grep 'x$' -- a|b").len(), 4);
    }

    #[test]
    fn placeholders_stand_alone_and_where_they_mean_something() {
        assert!(mend("a --x={files}", Hook::PreCommit).contains("space"));
        assert!(mend("{files}", Hook::PreCommit).contains("program"));
        assert!(mend("a {staged_files}", Hook::PreCommit).contains("{files}"));
        assert!(mend("a {files}", Hook::CommitMsg).contains("{message}"));
        assert!(mend("a {message}", Hook::PrePush).contains("commit-msg"));
        assert!(CommandLine::parse("a {message}", Hook::CommitMsg).is_ok());
    }
}
