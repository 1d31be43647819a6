//! The commands in a piece of shell, by the grammar of bash.

use crate::detect::syntax;
use tree_sitter::Node;

/// One simple command: its words without quotes, and the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::detect) struct Command {
    pub(in crate::detect) words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::detect) struct Word {
    pub(in crate::detect) text: String,
    /// From 1 within the text that was parsed.
    pub(in crate::detect) line: usize,
}

impl Command {
    /// Name of the program, without its folder.
    pub(in crate::detect) fn program(&self) -> &str {
        let first = self.words.first().map_or("", |word| word.text.as_str());
        first.rsplit('/').next().unwrap_or_default()
    }

    /// Whether `word` is among the arguments.
    pub(in crate::detect) fn has(&self, word: &str) -> bool {
        self.words.iter().skip(1).any(|known| known.text == word)
    }
}

/// Every simple command in `text`, those in loops, conditions and substitutions included.
pub(in crate::detect) fn commands(text: &str) -> Vec<Command> {
    let Some(tree) = syntax::parse(&tree_sitter_bash::LANGUAGE.into(), text) else {
        return Vec::new();
    };
    syntax::all(tree.root_node(), "command")
        .into_iter()
        .map(|command| Command {
            words: syntax::children(command)
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
        })
        .filter(|command| !command.words.is_empty())
        .collect()
}

/// A command line as one text, quoted where a shell would need it.
pub(in crate::detect) fn join(words: &[String]) -> String {
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
    fn quotes_only_what_needs_it() {
        let words = ["sh", "-c", "a && b", "it's"].map(str::to_owned);
        assert_eq!(join(&words), r"sh -c 'a && b' 'it'\''s'");
    }
}
