//! A line that another tool gives to a shell, as the command line of a job, which has none.

use crate::config::hooks::Hook;
use std::collections::BTreeMap;

/// Words that only a shell understands where a command begins.
const SYNTAX: &[&str] = &[
    ".", "!", "[", "[[", "{", "}", "case", "cd", "command", "do", "done", "elif", "else", "esac",
    "eval", "exec", "exit", "export", "fi", "for", "function", "if", "local", "read", "return",
    "set", "shift", "source", "test", "then", "trap", "type", "ulimit", "umask", "unset", "until",
    "wait", "while",
];
/// Programs that run another one, with the words that stand between.
const RUNNERS: &[&[&str]] = &[
    &["bun", "run"],
    &["bun", "x"],
    &["bundle", "exec"],
    &["corepack", "pnpm"],
    &["corepack", "yarn"],
    &["hatch", "run"],
    &["npm", "exec"],
    &["npm", "run"],
    &["npm", "run-script"],
    &["pdm", "run"],
    &["pipenv", "run"],
    &["pnpm", "dlx"],
    &["pnpm", "exec"],
    &["pnpm", "run"],
    &["poetry", "run"],
    &["python", "-m"],
    &["python3", "-m"],
    &["rye", "run"],
    &["tsx"],
    &["uv", "run"],
    &["yarn", "dlx"],
    &["yarn", "exec"],
    &["yarn", "run"],
    &["bash"],
    &["bunx"],
    &["deno"],
    &["make"],
    &["node"],
    &["npm"],
    &["npx"],
    &["php"],
    &["pnpm"],
    &["pnpx"],
    &["python"],
    &["python3"],
    &["ruby"],
    &["sh"],
    &["uvx"],
    &["yarn"],
];
/// What `sh -c` knows its arguments by.
const ARGUMENTS: &str = "\"$@\"";

/// A command that needs no shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// What was set before the command.
    pub(super) env: BTreeMap<String, String>,
    /// The program and its arguments; never empty.
    pub(super) words: Vec<String>,
}

/// The command of `text`; None where it takes a shell.
pub(super) fn command(text: &str) -> Option<Line> {
    if has_operator(text) {
        return None;
    }
    let mut env = BTreeMap::new();
    let mut words = shell_words::split(text).ok()?.into_iter().peekable();
    while let Some(word) = words.next_if(|word| is_assignment(word)) {
        let (name, value) = word.split_once('=')?;
        env.insert(name.to_owned(), value.to_owned());
    }
    let words: Vec<String> = words.collect();
    let first = words.first()?;
    (!SYNTAX.contains(&first.as_str())).then_some(Line { env, words })
}

/// Whether something outside of quotes means more to a shell than a word.
fn has_operator(text: &str) -> bool {
    let (mut quote, mut escaped, mut at_word) = (None, false, true);
    for letter in text.trim().chars() {
        let means = match (quote, letter) {
            (_, _) if escaped => false,
            (Some('\''), _) => false,
            (Some(_), '$' | '`') => true,
            (Some(_), _) => false,
            (None, '#' | '~') => at_word,
            (None, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '[') => true,
            (None, '\n' | '\r') => true,
            (None, _) => false,
        };
        if means {
            return true;
        }
        at_word = quote.is_none() && !escaped && letter.is_whitespace();
        if escaped {
            escaped = false;
        } else if letter == '\\' && quote != Some('\'') {
            escaped = true;
        } else if quote == Some(letter) {
            quote = None;
        } else if quote.is_none() && matches!(letter, '\'' | '"') {
            quote = Some(letter);
        }
    }
    false
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
            && name
                .chars()
                .all(|letter| letter == '_' || letter.is_ascii_alphanumeric())
    })
}

/// The words as one line, quoted where it takes that.
pub(super) fn join<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> String {
    let quoted = words.into_iter().map(|word| {
        let word = word.as_ref();
        let is_plain = shell_words::split(word).is_ok_and(|words| words == [word]);
        if is_plain && !has_operator(word) {
            word.to_owned()
        } else {
            shell_words::quote(word).into_owned()
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// `text` run by a shell. Where it has `"$@"`, or always at a hook with a message, what the hook
/// is about are the shell's arguments.
pub(super) fn through_shell(text: &str, hook: Hook) -> String {
    let line = join(["sh", "-c", text.trim(), "sh"]);
    if hook.has_message() {
        format!("{line} {{message}}")
    } else if hook.has_files() && text.contains(ARGUMENTS) {
        format!("{line} {{files}}")
    } else {
        line
    }
}

/// `text` with each of `placeholders`, quoted or not, as the shell's arguments.
pub(super) fn with_arguments(text: &str, placeholders: &[&str]) -> String {
    placeholders.iter().fold(text.to_owned(), |text, theirs| {
        text.replace(&format!("\"{theirs}\""), ARGUMENTS)
            .replace(&format!("'{theirs}'"), ARGUMENTS)
            .replace(theirs, ARGUMENTS)
    })
}

/// The words behind those that run them: `eslint --fix` of `npx eslint --fix`.
pub(super) fn inner<W: AsRef<str>>(words: &[W]) -> &[W] {
    let runner = RUNNERS.iter().find(|runner| {
        words.len() > runner.len()
            && runner
                .iter()
                .zip(words)
                .all(|(one, word)| *one == word.as_ref())
    });
    let Some(runner) = runner else { return words };
    let rest = &words[runner.len()..];
    let flags = rest
        .iter()
        .take_while(|word| word.as_ref().starts_with('-'))
        .count();
    if flags < rest.len() {
        &rest[flags..]
    } else {
        words
    }
}

/// What a person would call a job that runs `words`: the program, the script or the target.
pub(super) fn name_of<W: AsRef<str>>(words: &[W]) -> String {
    let Some(program) = inner(words).first().map(AsRef::as_ref) else {
        return "job".to_owned();
    };
    let last = program.rsplit('/').next().unwrap_or(program);
    let stem = last
        .rsplit_once('.')
        .filter(|(stem, _)| program.contains('/') && !stem.is_empty());
    stem.map_or(last, |(stem, _)| stem).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_needs_no_shell_is_its_words() {
        let words = |text: &str| command(text).map(|line| line.words.join("|"));
        assert_eq!(
            words("pretty-quick --pattern '**/*.js'").unwrap(),
            "pretty-quick|--pattern|**/*.js"
        );
        assert_eq!(words(r#"a "b c" d\ e"#).unwrap(), "a|b c|d e");
        assert_eq!(
            words("eslint --rule 'x: [2, \"a;b\"]' .").unwrap(),
            "eslint|--rule|x: [2, \"a;b\"]|."
        );
        assert_eq!(words("git show HEAD~2").unwrap(), "git|show|HEAD~2");
        for shell in [
            "a | b",
            "a && b",
            "a; b",
            "a > b",
            "echo $x",
            "echo \"$x\"",
            "echo `x`",
            "ls *.py",
            "if x",
            "cd x",
            "[ -n x ]",
            "~/bin/x",
            "a # b",
            "(a)",
            "a 'b",
            "a\nb",
            "",
            "A=1",
        ] {
            assert_eq!(words(shell), None, "{shell}");
        }
    }

    #[test]
    fn variables_before_a_command_are_its_environment() {
        let line = command("CI=true X='a b' pnpm test -- --a=b").unwrap();
        assert_eq!(line.words, ["pnpm", "test", "--", "--a=b"]);
        assert_eq!(line.env["X"], "a b");
        assert_eq!(line.env.len(), 2);
    }

    #[test]
    fn words_are_quoted_only_where_it_takes_that() {
        let words = ["a", "--b=c", "d e", "*.py", "{files}", "it's", "", "$x"];
        let line = join(words);
        assert_eq!(line, "a --b=c 'd e' '*.py' {files} 'it'\\''s' '' '$x'");
        assert_eq!(shell_words::split(&line).unwrap(), words);
    }

    #[test]
    fn a_job_is_called_by_what_it_runs() {
        for (line, name) in [
            ("npx --no-install eslint --fix", "eslint"),
            ("node scripts/verify-commit.js", "verify-commit"),
            ("pnpm run test:unit", "test:unit"),
            ("yarn lint", "lint"),
            ("make check", "check"),
            ("./scripts/x.sh -a", "x"),
            ("python -m mypy .", "mypy"),
            ("cargo fmt", "cargo"),
            ("make", "make"),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(name_of(&words), name, "{line}");
        }
    }

    #[test]
    fn a_shell_is_given_what_the_hook_is_about() {
        let text = with_arguments(
            "a '{staged_files}' && b {files}",
            &["{staged_files}", "{files}"],
        );
        assert_eq!(text, "a \"$@\" && b \"$@\"");
        assert_eq!(
            through_shell(&text, Hook::PreCommit),
            "sh -c 'a \"$@\" && b \"$@\"' sh {files}"
        );
        assert_eq!(
            through_shell("a \"$1\"", Hook::CommitMsg),
            "sh -c 'a \"$1\"' sh {message}"
        );
        assert_eq!(through_shell("a\n", Hook::PrePush), "sh -c a sh");
    }
}
