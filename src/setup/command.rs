//! Runs one command of the project, line by line, until it ends or the user does not want it.

use super::{Event, Request};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;
use wait_timeout::ChildExt;

/// How long nothing may happen before the wish to stop is looked for.
const TICK: Duration = Duration::from_millis(50);
/// How long a command may take to end once it is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// Lines that an error repeats.
const TAIL: usize = 12;

#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error("interrupted")]
    Interrupted,
    #[error("{program} cannot be run: {source}")]
    Start {
        program: String,
        source: std::io::Error,
    },
    #[error("{program} failed ({status}):\n{}", tail.join("\n"))]
    Failed {
        program: String,
        status: ExitStatus,
        tail: Vec<String>,
    },
}

/// Runs `command` without input. It and what it starts are a process group of their own, so
/// that nothing of it outlives an interruption.
pub(super) fn run(
    command: &mut Command,
    request: &Request,
    sink: &mut dyn FnMut(&Event),
) -> Result<(), CommandError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let start = |source| CommandError::Start {
        program: program.clone(),
        source,
    };
    own_group(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let (said, hear) = mpsc::channel();
    if let Some(pipe) = child.stdout.take() {
        listen(pipe, said.clone());
    }
    if let Some(pipe) = child.stderr.take() {
        listen(pipe, said.clone());
    }
    drop(said);
    let mut tail = VecDeque::new();
    loop {
        match hear.recv_timeout(TICK) {
            Ok(line) => {
                sink(&Event::Said { line: &line });
                if tail.len() == TAIL {
                    tail.pop_front();
                }
                tail.push_back(line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // What a command leaves running in the background may hold its pipes for ever.
            Err(RecvTimeoutError::Timeout) => {
                if child.try_wait().map_err(start)?.is_some() {
                    break;
                }
            }
        }
        if request.is_interrupted() {
            stop(&mut child);
            return Err(CommandError::Interrupted);
        }
    }
    loop {
        if request.is_interrupted() {
            stop(&mut child);
            return Err(CommandError::Interrupted);
        }
        match child.wait_timeout(TICK).map_err(start)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                return Err(CommandError::Failed {
                    program,
                    status,
                    tail: tail.into(),
                });
            }
            None => {}
        }
    }
}

fn listen(pipe: impl Read + Send + 'static, said: Sender<String>) {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if !text.is_empty() && said.send(text.to_owned()).is_err() {
                break;
            }
            line.clear();
        }
    });
}

/// Asks the whole group to end, and ends it where it does not.
fn stop(child: &mut Child) {
    ask_to_end(child);
    // Whether it ended by itself or not: what it started may still be there.
    let _ = child.wait_timeout(GRACE);
    end(child);
    // It has been killed: what remains is to take notice.
    let _ = child.wait();
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn ask_to_end(child: &Child) {
    signal(child, rustix::process::Signal::TERM);
}

#[cfg(unix)]
fn end(child: &mut Child) {
    signal(child, rustix::process::Signal::KILL);
}

#[cfg(unix)]
fn signal(child: &Child, signal: rustix::process::Signal) {
    let group = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended in this moment.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

#[cfg(not(unix))]
fn ask_to_end(_child: &Child) {}

#[cfg(not(unix))]
fn end(child: &mut Child) {
    // It may have ended in this moment.
    let _ = child.kill();
}
