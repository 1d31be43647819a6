//! The commands in a piece of shell, by the grammar of bash.

use super::syntax;
use tree_sitter::Node;

/// Bytes of a text behind which nothing is read: a script that starts something is shorter, and at each
/// word of what is no shell the grammar may look through all the rest.
const MAX: usize = 16 * 1024;

/// Bytes of a line above which it is data, and no command.
const MAX_LINE: usize = 8 * 1024;

fn parse(text: &str) -> Option<tree_sitter::Tree> {
    let read = &text[..text.floor_char_boundary(MAX)];
    let language = tree_sitter_bash::LANGUAGE.into();
    if read.lines().all(|line| line.len() <= MAX_LINE) {
        return syntax::parse(&language, read);
    }
    // Spaces in its place keep the positions of everything behind it.
    let mut without = String::with_capacity(read.len());
    for line in read.split_inclusive('\n') {
        if line.len() > MAX_LINE {
            let end = if line.ends_with('\n') { "\n" } else { "" };
            without.push_str(&" ".repeat(line.len() - end.len()));
            without.push_str(end);
        } else {
            without.push_str(line);
        }
    }
    syntax::parse(&language, &without)
}

/// One simple command: its words without quotes, and the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    assigns: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// From 1 within the text that was parsed.
    pub(super) line: usize,
}

impl Command {
    /// Name of the program, without its folder.
    pub(super) fn program(&self) -> &str {
        let first = self.words.first().map_or("", |word| word.text.as_str());
        first.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it only sets a variable.
    pub(super) fn is_assignment(&self) -> bool {
        self.assigns
    }

    /// Line of the first word.
    pub(super) fn line(&self) -> usize {
        self.words.first().map_or(0, |word| word.line)
    }

    /// The words alone.
    pub(super) fn texts(&self) -> Vec<String> {
        self.words.iter().map(|word| word.text.clone()).collect()
    }

    /// Whether `word` is among the arguments.
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().skip(1).any(|known| known.text == word)
    }
}

/// The variables that `text` reads, each with the default of `${NAME:-default}`.
pub(super) fn variables(text: &str) -> Vec<(String, Option<String>)> {
    let Some(tree) = parse(text) else {
        return Vec::new();
    };
    syntax::all_of(tree.root_node(), &["simple_expansion", "expansion"])
        .into_iter()
        .filter_map(|node| {
            let parts = syntax::children(node);
            let name = parts.iter().find(|part| part.kind() == "variable_name")?;
            let whole = syntax::text(node, text);
            let default = whole
                .split_once(":-")
                .or_else(|| whole.split_once('-'))
                .map(|(_, rest)| rest.trim_end_matches('}').to_owned())
                .filter(|_| node.kind() == "expansion");
            Some((syntax::text(*name, text).to_owned(), default))
        })
        .collect()
}

/// Every simple command in `text`, those in loops, conditions and substitutions included.
pub(super) fn commands(text: &str) -> Vec<Command> {
    let mut all = statements(text);
    all.retain(|statement| !statement.is_assignment());
    all
}

/// As [`commands`], with each assignment (also one before a command or behind `export`) as a
/// statement of the one word `NAME=value`.
pub(super) fn statements(text: &str) -> Vec<Command> {
    let Some(tree) = parse(text) else {
        return Vec::new();
    };
    syntax::all_of(tree.root_node(), &["command", "variable_assignment"])
        .into_iter()
        .map(|node| {
            if node.kind() == "variable_assignment" {
                return Command {
                    words: vec![Word {
                        text: assignment(node, text),
                        line: syntax::line(node),
                    }],
                    assigns: true,
                };
            }
            Command {
                words: syntax::children(node)
                    .into_iter()
                    .filter(|part| {
                        !matches!(
                            part.kind(),
                            "variable_assignment" | "file_redirect" | "comment"
                        )
                    })
                    .map(|part| Word {
                        text: unquoted(part, text),
                        line: syntax::line(part),
                    })
                    .collect(),
                assigns: false,
            }
        })
        .filter(|command| !command.words.is_empty())
        .collect()
}

fn assignment(node: Node<'_>, source: &str) -> String {
    let part = |field: &str| node.child_by_field_name(field);
    format!(
        "{}={}",
        part("name").map_or("", |name| syntax::text(name, source)),
        part("value").map_or_else(String::new, |value| unquoted(value, source))
    )
}

/// A command line as one text, quoted where a shell would need it.
pub(super) fn join(words: &[String]) -> String {
    words
        .iter()
        .map(|word| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+{}$~".contains(c);
            if !word.is_empty() && word.chars().all(plain) {
                word.clone()
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn unquoted(node: Node<'_>, source: &str) -> String {
    match node.kind() {
        "command_name" | "concatenation" => syntax::children(node)
            .into_iter()
            .map(|part| unquoted(part, source))
            .collect(),
        "string" | "raw_string" => {
            let text = syntax::text(node, source);
            let quote = |c: char| c == '"' || c == '\'';
            text.strip_prefix(quote)
                .and_then(|text| text.strip_suffix(quote))
                .unwrap_or(text)
                .to_owned()
        }
        _ => syntax::text(node, source).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_commands_in_lists_loops_and_quotes() {
        let found = commands(
            "apt-get update && \\\n  apt-get install -y \"lib pq\" 'curl' >/dev/null\nfor x in 1; do A=1 /bin/echo a\"b\"; done\n",
        );
        let texts: Vec<Vec<&str>> = found
            .iter()
            .map(|command| {
                command
                    .words
                    .iter()
                    .map(|word| word.text.as_str())
                    .collect()
            })
            .collect();
        assert_eq!(
            texts,
            [
                vec!["apt-get", "update"],
                vec!["apt-get", "install", "-y", "lib pq", "curl"],
                vec!["/bin/echo", "ab"],
            ]
        );
        assert_eq!(found[1].words[3].line, 2);
        assert_eq!(found[2].program(), "echo");
    }

    #[test]
    fn assignments_are_statements_of_one_word() {
        let script = "set -a\nexport PYTHONPATH=\"$(pwd)/..\"\ncd backend && A=1 flask run\n";
        let found: Vec<(usize, String)> = statements(script)
            .iter()
            .map(|one| (one.line(), one.texts().join(" ")))
            .collect();
        let found: Vec<(usize, &str)> = found.iter().map(|(a, b)| (*a, b.as_str())).collect();
        assert_eq!(
            found,
            [
                (1, "set -a"),
                (2, "PYTHONPATH=$(pwd)/.."),
                (2, "pwd"),
                (3, "cd backend"),
                (3, "flask run"),
                (3, "A=1"),
            ]
        );
    }

    #[test]
    fn variables_with_their_defaults() {
        let found = variables("celery -c ${WORKERS:-1} -b $BROKER --conf=${DIR}/a.py '$NOT'");
        let found: Vec<(&str, Option<&str>)> = found
            .iter()
            .map(|(name, default)| (name.as_str(), default.as_deref()))
            .collect();
        assert_eq!(
            found,
            [("WORKERS", Some("1")), ("BROKER", None), ("DIR", None)]
        );
    }

    #[test]
    fn no_more_than_a_script_is_read() {
        let script = format!("gunicorn shop:app\n{}uwsgi\n", "# é\n".repeat(100_000));
        let found = commands(&script);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].program(), "gunicorn");
        let within = format!("{}uwsgi\n", "# é\n".repeat(3_000));
        assert_eq!(commands(&within).len(), 1);
    }

    #[test]
    fn a_line_of_data_is_no_command() {
        let script = format!("echo a\n{}\nuwsgi b\n", "a(b).".repeat(1_700));
        let found: Vec<(usize, String)> = commands(&script)
            .iter()
            .map(|one| (one.line(), one.texts().join(" ")))
            .collect();
        assert_eq!(found, [(1, "echo a".to_owned()), (3, "uwsgi b".to_owned())]);
    }

    #[test]
    fn quotes_only_what_needs_it() {
        let words = ["sh", "-c", "a && b", "it's"].map(str::to_owned);
        assert_eq!(join(&words), r"sh -c 'a && b' 'it'\''s'");
    }
}
