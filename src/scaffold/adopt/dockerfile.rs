//! What a Dockerfile of the user's says and the new one does not, instruction by instruction.

use super::Carried;
use crate::detect::{secret, syntax};
use tree_sitter::Node;

/// What installs dependencies, which the new file does its own way.
const INSTALLERS: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "bundle",
    "cargo",
    "composer",
    "go",
    "mvn",
    "npm",
    "pip",
    "pip3",
    "pipenv",
    "pnpm",
    "poetry",
    "python",
    "python3",
    "rm",
    "set",
    "uv",
    "yarn",
    "dotnet",
    "./mvnw",
    "./gradlew",
    "gradle",
    "mix",
    "corepack",
];

/// What asks an address in the new file; the path comes next.
const PROBE: &str = "\"--probe\"";

/// Instructions of the stages that end in an image, in order.
struct Image<'t> {
    text: &'t str,
    instructions: Vec<Node<'t>>,
}

pub(super) fn carry(old: &str, wanted: &str) -> Carried {
    let language = tree_sitter_containerfile::LANGUAGE.into();
    let trees = syntax::parse(&language, old).zip(syntax::parse(&language, wanted));
    let mut carried = Carried::of(wanted);
    let Some((old_tree, new_tree)) = trees else {
        return carried;
    };
    let theirs = Image::read(old, old_tree.root_node());
    let ours = Image::read(wanted, new_tree.root_node());
    let mut new = New {
        wanted,
        ours: &ours,
        said: Vec::new(),
        check: None,
    };
    for instruction in &theirs.instructions {
        new.take(*instruction, &theirs, &mut carried);
    }
    new.put(&mut carried);
    carried
}

impl<'t> Image<'t> {
    /// The last stage, and those of the file that it is built on.
    fn read(text: &'t str, root: Node<'t>) -> Self {
        let mut stages: Vec<(Option<&str>, Vec<Node>)> = Vec::new();
        for node in syntax::children(root) {
            if node.kind() == "from_instruction" {
                stages.push((part(node, "image_alias", text), vec![node]));
            } else if let Some((_, instructions)) = stages.last_mut() {
                instructions.push(node);
            }
        }
        let mut instructions = Vec::new();
        let mut next = stages.len().checked_sub(1);
        while let Some(at) = next {
            let base = part(stages[at].1[0], "image_spec", text);
            instructions.splice(0..0, stages[at].1.iter().copied());
            next = stages[..at].iter().rposition(|(name, _)| {
                name.zip(base)
                    .is_some_and(|(name, base)| name.eq_ignore_ascii_case(base))
            });
        }
        Self { text, instructions }
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = Node<'t>> {
        let kind = kind.to_owned();
        (self.instructions.iter().copied()).filter(move |node| node.kind() == kind)
    }

    /// Name and value of `NAME=value`, as they are written.
    fn pairs(&self, node: Node<'t>, kind: &str) -> Vec<(&'t str, &'t str)> {
        let mut pairs = Vec::new();
        for pair in syntax::all(node, kind) {
            let whole = syntax::text(pair, self.text);
            let (name, value) = whole
                .split_once('=')
                .or_else(|| whole.split_once(char::is_whitespace))
                .unwrap_or((whole, ""));
            pairs.push((name, value.trim()));
        }
        pairs
    }
}

fn part<'t>(node: Node<'t>, kind: &str, text: &'t str) -> Option<&'t str> {
    let found = syntax::children(node).into_iter();
    let mut found = found.filter(|child| child.kind() == kind);
    found.next().map(|child| syntax::text(child, text))
}

fn unquoted(value: &str) -> &str {
    let quoted = |mark| value.strip_prefix(mark)?.strip_suffix(mark);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

/// On one line, without the keyword.
fn rest(text: &str) -> String {
    let text = text.replace("\\\n", " ");
    let mut words = text.split_whitespace();
    words.next();
    words.collect::<Vec<_>>().join(" ")
}

/// What goes into the new text.
struct New<'w> {
    wanted: &'w str,
    ours: &'w Image<'w>,
    /// Instructions for the last stage.
    said: Vec<String>,
    /// The health check of the user's, flags and command; without a command where ours stays.
    check: Option<(Vec<String>, Option<String>)>,
}

impl New<'_> {
    fn take(&mut self, node: Node, theirs: &Image, out: &mut Carried) {
        let text = syntax::text(node, theirs.text);
        let line = Some(syntax::line(node));
        let short = || format!("{} {}", keyword(text), shortened(&rest(text)));
        match node.kind() {
            "env_instruction" => self.env(node, theirs, out),
            "arg_instruction" => self.arg(node, theirs, out),
            "label_instruction" => {
                for (name, value) in theirs.pairs(node, "label_pair") {
                    if !self.has("label_instruction", "label_pair", name) {
                        self.said.push(format!("LABEL {name}={value}"));
                        out.carried.push(format!("the label {name}"));
                    }
                }
            }
            "run_instruction" => self.run(text, line, out),
            "copy_instruction" | "add_instruction" => {
                if text.contains("--from=") {
                    return;
                }
                let mut words: Vec<String> = rest(text)
                    .split(' ')
                    .map(|word| word.trim_matches(['[', ']', ',', '"']).to_owned())
                    .filter(|word| !word.is_empty() && !word.starts_with("--"))
                    .collect();
                words.pop();
                for word in words {
                    let source = word.trim_start_matches("./").trim_end_matches('/');
                    let is_whole = matches!(source, "" | "." | "*");
                    if !is_whole && !self.wanted.contains(source) {
                        let why = "the service was not seen to need it";
                        out.lose(line, format!("{} of {word}", keyword(text)), why);
                    }
                }
            }
            "expose_instruction" => {
                for port in rest(text).split(' ').filter(|port| !port.contains('$')) {
                    let number = port.trim_end_matches("/tcp");
                    let has = self.ours.of("expose_instruction").any(|node| {
                        rest(syntax::text(node, self.wanted))
                            .split(' ')
                            .any(|one| one == number)
                    });
                    if !has {
                        self.said.push(format!("EXPOSE {port}"));
                        out.carried.push(format!("the port {port}"));
                    }
                }
            }
            "volume_instruction" => {
                let words = rest(text);
                let folders = words
                    .split([' ', ','])
                    .map(|word| word.trim_matches(['[', ']', '"']));
                for folder in folders.filter(|folder| !folder.is_empty()) {
                    let has = self.ours.of("volume_instruction").any(|node| {
                        syntax::text(node, self.wanted).contains(folder.trim_end_matches('/'))
                    });
                    if !has {
                        self.said.push(format!("VOLUME [\"{folder}\"]"));
                        out.carried.push(format!("the volume {folder}"));
                    }
                }
            }
            "healthcheck_instruction" => self.healthcheck(text, line, out),
            "user_instruction" => {
                let why =
                    "it runs as 10001:10001; what the old user wrote has to be its own: chown";
                out.lose(line, short(), why);
            }
            "entrypoint_instruction" | "cmd_instruction" | "stopsignal_instruction" => {
                let now = self.ours.of(node.kind()).last();
                let now = now.map(|node| rest(syntax::text(node, self.wanted)));
                if now.as_deref() != Some(rest(text).as_str()) {
                    let why = now.map_or_else(
                        || "the new file has none".to_owned(),
                        |now| format!("the new file says {} {}", keyword(text), shortened(&now)),
                    );
                    out.lose(line, short(), why);
                }
            }
            "shell_instruction" | "onbuild_instruction" | "maintainer_instruction" => {
                out.lose(line, short(), "the new file has none");
            }
            _ => {}
        }
    }

    fn has(&self, kind: &str, pair: &str, name: &str) -> bool {
        self.value(kind, pair, name).is_some()
    }

    fn value(&self, kind: &str, pair: &str, name: &str) -> Option<&str> {
        let pairs = self
            .ours
            .of(kind)
            .flat_map(|node| self.ours.pairs(node, pair));
        let mut found = pairs.filter(|(known, _)| *known == name);
        found.next().map(|(_, value)| value)
    }

    fn env(&mut self, node: Node, theirs: &Image, out: &mut Carried) {
        let line = Some(syntax::line(node));
        for (name, value) in theirs.pairs(node, "env_pair") {
            let known = self.value("env_instruction", "env_pair", name);
            match known {
                Some(known) if unquoted(known) == unquoted(value) => {
                    out.carried.push(format!("{name} in the environment"));
                }
                // A list of folders that has the old ones.
                Some(known) if name.ends_with("PATH") && has_folders(known, value) => {
                    out.carried.push(format!("{name} in the environment"));
                }
                Some(known) => {
                    let why = format!("the new file says {name}={known}");
                    out.lose(line, format!("ENV {name}={value}"), why);
                }
                None if secret::secrecy(name).is_some() && !value.is_empty()
                    || secret::url_has_password(value) =>
                {
                    let why = "a secret has no place in an image; .env is for it";
                    out.lose(line, format!("ENV {name}"), why);
                }
                None => {
                    self.said.push(format!("ENV {name}={value}"));
                    out.carried.push(format!("{name} in the environment"));
                }
            }
        }
    }

    /// A build argument that a value is made from comes along.
    fn arg(&mut self, node: Node, theirs: &Image, out: &mut Carried) {
        let line = Some(syntax::line(node));
        for (name, value) in theirs.pairs(node, "arg_pair") {
            let named = [format!("${name}"), format!("${{{name}")];
            let is_used = theirs.of("env_instruction").any(|env| {
                let text = syntax::text(env, theirs.text);
                named.iter().any(|one| text.contains(one))
            });
            if self.has("arg_instruction", "arg_pair", name) {
                continue;
            }
            let has_secret = secret::secrecy(name).is_some() && !value.is_empty();
            if is_used && !has_secret {
                let equals = if value.is_empty() { "" } else { "=" };
                self.said.push(format!("ARG {name}{equals}{value}"));
                out.carried.push(format!("the build argument {name}"));
            } else {
                let why = "nothing in the new file uses it";
                out.lose(line, format!("ARG {name}"), why);
            }
        }
    }

    fn run(&self, text: &str, line: Option<usize>, out: &mut Carried) {
        let text = rest(&without_comments(text));
        let mut installed = Vec::new();
        for command in text.split("&&").flat_map(|part| part.split(';')) {
            let words: Vec<&str> = command
                .split_whitespace()
                .skip_while(|word| word.starts_with("--") || word.contains('='))
                .collect();
            let Some(head) = words.first() else { continue };
            let made = |word: &&str| self.wanted.contains(word.trim_end_matches('/'));
            let folders = || words[1..].iter().filter(|word| !word.starts_with('-'));
            if *head == "mkdir" && folders().all(made) {
                continue;
            }
            if !INSTALLERS.contains(head) {
                let why = "the new file does not run it";
                out.lose(line, format!("RUN {}", shortened(&words.join(" "))), why);
                continue;
            }
            let is_system = matches!(*head, "apt-get" | "apt" | "apk");
            let named = words
                .iter()
                .position(|word| matches!(*word, "install" | "add"));
            let (true, Some(at)) = (is_system || matches!(*head, "pip" | "pip3"), named) else {
                continue;
            };
            let mut takes_next = false;
            for word in &words[at + 1..] {
                let is_value = std::mem::take(&mut takes_next);
                if word.starts_with('-') {
                    takes_next = matches!(*word, "-r" | "-c" | "-i" | "-t" | "--virtual");
                    continue;
                }
                let name = word.trim_matches(['"', '\'']);
                let name = &name[..name.find(['=', '<', '>', '~', '[']).unwrap_or(name.len())];
                if is_value || name.is_empty() || name.contains(['/', '.', '$']) {
                    continue;
                }
                if has_word(self.wanted, name) {
                    installed.push(name.to_owned());
                } else {
                    let why = "the service was not seen to need it";
                    out.lose(line, format!("the package {name}"), why);
                }
            }
        }
        if !installed.is_empty() {
            out.carried
                .push(format!("the packages {}", installed.join(" ")));
        }
    }

    fn healthcheck(&mut self, text: &str, line: Option<usize>, out: &mut Carried) {
        let whole = rest(text);
        if whole.eq_ignore_ascii_case("none") {
            out.lose(
                line,
                "HEALTHCHECK NONE",
                "the new file asks whether the service is well",
            );
            return;
        }
        let (flags, command) = match whole.split_once("CMD ") {
            Some((flags, command)) => (flags, command.to_owned()),
            None => return,
        };
        let flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        let path = asked(&command);
        let ours = self.ours.of("healthcheck_instruction").last();
        let ours = ours.map(|node| syntax::text(node, self.wanted));
        match (ours, path) {
            (Some(ours), Some(path)) if asks(ours, &path) => {
                out.carried.push(format!(
                    "the health check of {path}, with how often it asks"
                ));
                self.check = Some((flags, None));
            }
            (Some(ours), Some(path)) if ours.contains(PROBE) => {
                out.carried.push(format!(
                    "the health check of {path}, with how often it asks"
                ));
                let command = rest(ours);
                let command = command.split_once("CMD ").map(|(_, command)| command);
                let at = command.and_then(|command| command.find(PROBE));
                let head = command.zip(at).map(|(command, at)| &command[..at]);
                let path = serde_json::Value::from(path);
                let command = head.map(|head| format!("{head}{PROBE},{path}]"));
                self.check = Some((flags, command));
            }
            (Some(ours), Some(path)) => {
                let why = format!("the new file asks {}", shortened(&rest(ours)));
                out.lose(line, format!("the health check of {path}"), why);
            }
            (_, None) | (None, _) => {
                let what = shortened(&command);
                out.carried.push(format!("the health check {what}"));
                self.check = Some((flags, Some(command)));
            }
        }
    }

    /// Writes what was said into the text, from its end to its beginning.
    fn put(self, out: &mut Carried) {
        if let Some((flags, command)) = self.check {
            let ours = self.ours.of("healthcheck_instruction").last();
            let ours = ours.map(|node| (node.byte_range(), syntax::text(node, self.wanted)));
            let range = ours.as_ref().map(|(range, _)| range.clone());
            let (known, old) = ours
                .and_then(|(_, text)| {
                    let text = rest(text);
                    let (flags, command) = text.split_once("CMD ")?;
                    let flags = flags.split_whitespace().map(str::to_owned).collect();
                    Some((flags, Some(command.to_owned())))
                })
                .unwrap_or((Vec::new(), None));
            let mut all: Vec<String> = flags;
            let key = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
            let more: Vec<String> = known
                .into_iter()
                .filter(|flag: &String| !all.iter().any(|one| key(one) == key(flag)))
                .collect();
            all.extend(more);
            if let Some(command) = command.or(old) {
                let new = format!("HEALTHCHECK {} \\\n    CMD {command}", all.join(" "));
                match range {
                    Some(range) => {
                        let end = out.text[range.clone()].ends_with('\n');
                        out.text.replace_range(range, &new);
                        if end {
                            out.text.push('\n');
                        }
                    }
                    None => out.text.push_str(&format!("{new}\n")),
                }
            }
        }
        let from = self.ours.of("from_instruction").last();
        let at = from.map_or(out.text.len(), |node| node.end_byte());
        let mut said = String::new();
        for instruction in &self.said {
            said.push('\n');
            said.push_str(instruction);
        }
        out.text.insert_str(at, &said);
    }
}

fn has_folders(known: &str, value: &str) -> bool {
    let known: Vec<&str> = unquoted(known).split(':').collect();
    (unquoted(value).split(':')).all(|folder| folder.contains('$') || known.contains(&folder))
}

fn keyword(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.to_ascii_uppercase()
}

fn without_comments(text: &str) -> String {
    let is_comment = |line: &&str| line.trim_start().starts_with('#');
    let lines = text.lines().filter(|line| !is_comment(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    text.split(|c| !is_part(c)).any(|one| one == word)
}

/// The path of the address that a health check asks.
pub(super) fn asked(command: &str) -> Option<String> {
    let at = command
        .find("http://")
        .or_else(|| command.find("https://"))?;
    let end = command[at..].find([' ', '"', '\'', ')', ']', '|', ';']);
    let address = &command[at..end.map_or(command.len(), |end| at + end)];
    // A variable is no port.
    let (_, after) = address.split_once("://")?;
    let path = after.find('/').map_or("/", |at| &after[at..]);
    let path = path.split(['?', '#']).next().unwrap_or("/");
    (!path.contains('$')).then(|| path.to_owned())
}

/// Whether the health check `text` asks for `path`.
fn asks(text: &str, path: &str) -> bool {
    let quoted = serde_json::Value::from(path).to_string();
    text.contains(&quoted) || asked(&rest(text)).is_some_and(|asked| asked == path)
}

fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}\u{2026}", &text[..at]),
        None => text.to_owned(),
    }
}
