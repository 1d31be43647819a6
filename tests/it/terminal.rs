//! A real pseudo-terminal, with somebody who reads it and presses keys.

use crate::sandbox::Sandbox;
use rustix::process::{Pid, Signal};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(2);

/// A program on a terminal of its own.
pub(crate) struct Terminal {
    script: Child,
    keys: ChildStdin,
    shown: Receiver<Vec<u8>>,
    text: String,
    /// The process of the program.
    process: Pid,
}

impl Terminal {
    /// shipway in `sandbox`.
    pub(crate) fn open(sandbox: &Sandbox, arguments: &str) -> Self {
        let mut script = Self::command();
        script.current_dir(sandbox.root());
        Self::start(
            script,
            &format!("{} {arguments}", env!("CARGO_BIN_EXE_shipway")),
        )
    }

    /// The program that makes a terminal: its folder and its environment are those of what runs
    /// there.
    pub(crate) fn command() -> Command {
        Command::new("script")
    }

    /// Runs `line`, as a shell reads it, on the terminal of `script`.
    pub(crate) fn start(mut script: Command, line: &str) -> Self {
        let command = format!("stty cols 100; echo process $$; exec {line}");
        let mut script = script
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = script.stdout.take().unwrap();
        let (show, shown) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                if show.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Self {
            keys: script.stdin.take().unwrap(),
            script,
            shown,
            text: String::new(),
            process: Pid::INIT,
        };
        terminal.until("\n");
        let number = terminal
            .text
            .trim()
            .trim_start_matches("process ")
            .to_owned();
        let number = number.lines().next().unwrap().trim().parse().unwrap();
        terminal.process = Pid::from_raw(number).unwrap();
        terminal
    }

    /// Reads on until `wanted` was shown.
    pub(crate) fn until(&mut self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.text.contains(wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.shown.recv_timeout(left) else {
                panic!("never {wanted:?} in {:?}", self.text);
            };
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    /// Answers questions, one after the other: what is shown of each, and the keys.
    pub(crate) fn answer(&mut self, questions: &[(&str, &str)]) {
        for (question, keys) in questions {
            self.until(question);
            self.press(keys);
        }
    }

    /// What was shown so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn interrupt(&self) {
        rustix::process::kill_process(self.process, Signal::INT).unwrap();
    }

    /// The exit code, and everything that was shown.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let code = self.script.wait().unwrap().code();
        while let Ok(bytes) = self.shown.recv_timeout(PATIENCE) {
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
        (code, self.text)
    }
}
