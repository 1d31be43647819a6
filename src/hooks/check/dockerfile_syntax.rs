//! `dockerfile-syntax`: a Dockerfile is one that BuildKit reads.
//!
//! The Dockerfile reference, with its parser directives, line continuations and here-documents.
//! What its shell commands do is hadolint's and shellcheck's to judge.

use super::syntax::{self, is_template};
use super::{File, Finding, Mode, Options, Outcome, Position};
use bstr::ByteSlice;
use parse_dockerfile::{Dockerfile, Instruction};

const ID: &str = "dockerfile-syntax";
const FORMAT: &str = "Dockerfile";

/// Names of such files, alone, before `.` and behind it.
const NAMES: [&str; 2] = ["dockerfile", "containerfile"];
/// What stands behind such a name and makes it another file.
const OTHERS: &[&str] = &[
    "dockerignore",
    "containerignore",
    "j2",
    "jinja",
    "jinja2",
    "tpl",
    "tmpl",
    "template",
    "hbs",
    "erb",
    "in",
    "md",
    "rst",
    "txt",
    "sh",
    "py",
    "js",
    "ts",
    "rb",
    "go",
    "rs",
    "json",
    "yml",
    "yaml",
];

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    if !matches!(file.mode(), Mode::Regular | Mode::Executable) || !is_dockerfile(file) {
        return Outcome::clean();
    }
    let text = match syntax::utf8(file, ID, FORMAT) {
        Ok(text) => text,
        Err(outcome) => return outcome,
    };
    let (message, position) = match parse_dockerfile::parse(text) {
        Ok(dockerfile) => match fault(&dockerfile) {
            Some((at, message)) => (message, file.position(at)),
            None => return Outcome::clean(),
        },
        Err(error) => {
            let message = error.to_string();
            // It says its place behind what it says.
            let message = message
                .rsplit_once(" at line ")
                .map_or(message.as_str(), |(message, _)| message);
            let position = Position {
                line: error.line().max(1),
                column: error.column().max(1),
            };
            (message.to_owned(), position)
        }
    };
    if is_template(file) {
        return Outcome::clean();
    }
    let finding = Finding::error(
        ID,
        format!("this is no valid Dockerfile: {message}"),
        "correct it here or in the lines above",
    );
    vec![finding.at(file.path(), position)].into()
}

/// What BuildKit refuses once it takes an instruction's words apart: the byte and a sentence's
/// worth.
fn fault(dockerfile: &Dockerfile) -> Option<(usize, String)> {
    let escape = dockerfile
        .parser_directives
        .escape
        .as_ref()
        .map_or('\\', |directive| directive.value.value);
    dockerfile.instructions.iter().find_map(|instruction| {
        let words = match instruction {
            Instruction::Env(env) => &env.arguments,
            Instruction::Label(label) => &label.arguments,
            Instruction::Expose(expose) => {
                let port = expose.arguments.iter().find(|port| !is_port(&port.value))?;
                return Some((port.span.start, format!("{:?} is no port", port.value)));
            }
            _ => return None,
        };
        ends_in_quotes(&words.value, escape)
            .then(|| (words.span.start, "a quote is not closed".to_owned()))
    })
}

fn ends_in_quotes(words: &str, escape: char) -> bool {
    let mut open = None;
    let mut chars = words.chars();
    while let Some(c) = chars.next() {
        match open {
            // Nothing is escaped between single quotes.
            _ if c == escape && open != Some('\'') => {
                chars.next();
            }
            None if matches!(c, '"' | '\'') => open = Some(c),
            Some(quote) if quote == c => open = None,
            _ => {}
        }
    }
    open.is_some()
}

/// `80`, `80/tcp`, `8000-8010/udp`, with an address and another port before it or without; what
/// a variable stands for is not known.
fn is_port(text: &str) -> bool {
    if text.contains('$') {
        return true;
    }
    let text = text.trim_matches(['"', '\'']);
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let ports = ports.rsplit(':').next().unwrap_or(ports);
    ports.split('-').all(|port| port.parse::<u16>().is_ok())
        && ["tcp", "udp", "sctp"]
            .iter()
            .any(|known| protocol.eq_ignore_ascii_case(known))
}

fn is_dockerfile(file: &File) -> bool {
    let Ok(name) = file.name().to_str() else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|known| {
        name == *known
            || name
                .strip_suffix(known)
                .is_some_and(|front| front.ends_with('.'))
            || name
                .strip_prefix(known)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| !OTHERS.iter().any(|other| is_end(rest, other)))
    })
}

/// Whether `end` is the last of the parts of `name` that a dot separates.
fn is_end(name: &str, end: &str) -> bool {
    name.rsplit('.').next() == Some(end)
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{look, places};

    fn at(path: &str, text: &str) -> Vec<(usize, usize)> {
        places(&look("dockerfile-syntax", path, text))
    }

    /// After the Dockerfile reference.
    #[test]
    fn what_the_reference_allows() {
        for text in [
            "FROM scratch\n",
            "# syntax=docker/dockerfile:1\nARG V=1\nfrom a:${V} as b\nrun x\n",
            "FROM a\nRUN x \\\n  # a comment\n\n  && y\n",
            "FROM a\r\nRUN x \\\r\n  y\r\n",
            "# escape=`\nFROM a\nRUN x `\n y\nCOPY a C:\\\n",
            "FROM a\nRUN <<EOF\nnot an instruction\nEOF\nCOPY <<'A' <<B /x/\nb\nA\nc\nB\n",
            "FROM --platform=$BUILDPLATFORM a AS b\nFROM b\nCOPY --from=b --chown=1:1 x y /z/\n",
            "FROM a\nRUN --mount=type=cache,target=/x pip install y\nCMD [\"a\", \"b\"]\n",
            "FROM a\nHEALTHCHECK --interval=5s CMD x\nHEALTHCHECK NONE\nONBUILD RUN y\n",
            "FROM a\nENV A=1 B=\"2 3\" C=\\ d\nLABEL x.y=\"z\"\nENV D 4\n",
            "FROM a\nEXPOSE 80/tcp 443\nSTOPSIGNAL SIGTERM\nUSER 1:1\nWORKDIR /x\nVOLUME [\"/y\"]\nSHELL [\"sh\", \"-c\"]\nENTRYPOINT x\nADD a b\n",
            "FROM a\nENV A=\"\\\"\" B='\\' C=it\\'s \\\n  D='\"'\nEXPOSE $PORT 8000-8010/UDP 127.0.0.1:80:80\n",
            "\u{feff}FROM a\n",
        ] {
            assert_eq!(at("Dockerfile", text), [], "{text}");
        }
    }

    #[test]
    fn what_it_does_not() {
        for (text, line) in [
            ("", 1),
            ("# only a comment\n", 1),
            ("RUN x\nFROM a\n", 1),
            ("FROM a\nRUM x\n", 2),
            ("FROM a\nRUN x\n  && y\n", 3),
            ("FROM a\nCOPY x\n", 2),
            ("FROM a b\n", 1),
            ("FROM a AS x\nFROM b AS x\n", 2),
            ("FROM a\nRUN <<EOF\nx\n", 3),
            ("FROM\n", 1),
            ("FROM a\nSHELL sh -c\n", 2),
            ("FROM a\nENV\n", 2),
            ("FROM a\nENV A=\"b\nRUN x\n", 2),
            ("FROM a\nLABEL a=it's\n", 2),
            ("FROM a\nEXPOSE 80 http\n", 2),
            ("FROM a\nEXPOSE 80/http\n", 2),
        ] {
            let lines: Vec<usize> = at("Dockerfile", text).iter().map(|place| place.0).collect();
            assert_eq!(lines, [line], "{text}");
        }
    }

    #[test]
    fn files_are_known_by_their_names() {
        for path in [
            "Dockerfile",
            "a/dockerfile",
            "Dockerfile.dev",
            "Dockerfile.py3.11",
            "web.Dockerfile",
            "Containerfile",
        ] {
            assert_eq!(at(path, "x y\n").len(), 1, "{path}");
        }
        for path in [
            "Dockerfile.dockerignore",
            "Dockerfile.j2",
            "dockerfile.py",
            "Dockerfile_old.md",
            "xdockerfile",
        ] {
            assert_eq!(at(path, "x y\n"), [], "{path}");
        }
        let template = "FROM {{ base }}\n{% if x %}\nRUN y\n{% endif %}\n";
        assert_eq!(at("Dockerfile", template), []);
    }

    #[test]
    fn bad_bytes_and_length_are_survived() {
        assert_eq!(
            places(&look("dockerfile-syntax", "Dockerfile", b"FROM a\xff")),
            [(1, 7)]
        );
        at("Dockerfile", &"FROM a\nRUN x \\\n".repeat(20_000));
        at(
            "Dockerfile",
            &format!("FROM a\nCMD {}", "[".repeat(100_000)),
        );
        at(
            "Dockerfile",
            &format!("FROM a\n{}", "ONBUILD ".repeat(100_000)),
        );
    }
}
