//! Whether a file parses, by parsers that shipway does not have.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PROGRAM: &str = include_str!("parse.py");

pub(super) struct Parser {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    known: HashMap<(String, Vec<u8>), Option<String>>,
}

impl Parser {
    /// None where the tools of the tests are not there.
    pub(super) fn start() -> Option<Self> {
        which::which("hadolint").ok()?;
        let python = which::which("check-yaml").ok()?.canonicalize().ok()?;
        let python = python.parent()?.join("python");
        let mut child = Command::new(python)
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        Some(Self {
            questions: child.stdin.take()?,
            answers: BufReader::new(child.stdout.take()?),
            child,
            known: HashMap::new(),
        })
    }

    /// What is wrong with the file at `path`, which has the format of one called `name`.
    pub(super) fn wrong(&mut self, path: &Path, name: &str) -> Option<String> {
        let content = std::fs::read(path).unwrap();
        let key = (name.to_owned(), Sha256::digest(&content).to_vec());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let question = serde_json::to_string(&(path.to_str().unwrap(), name)).unwrap();
        writeln!(self.questions, "{question}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let wrong: Option<String> = serde_json::from_str(&answer).unwrap();
        self.known.insert(key, wrong.clone());
        wrong
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
