//! Runs one command to its end under a guardian.

use super::capture::Capture;
use super::guardian::{Guarded, Task};
use rustix::process::Signal;
use std::fs::File;
use std::io::PipeReader;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often it is asked whether to stop.
const TICK: Duration = Duration::from_millis(15);

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// With this exit code.
    Code(i32),
    /// By this signal, or its children by it.
    Signal(i32),
    TimedOut,
    Interrupted,
    /// The guardian was ended by somebody else, and the command with it.
    Unguarded,
    NotStarted(String),
}

impl End {
    /// What the exit code of a guardian says.
    fn of(code: i32) -> Self {
        if code > 128 {
            Self::Signal(code - 128)
        } else {
            Self::Code(code)
        }
    }

    pub(super) fn is_success(&self) -> bool {
        *self == Self::Code(0)
    }
}

/// A guardian that waits for its task, and what it will say.
pub(super) type Ready = (Guarded, PipeReader);

/// Runs `task` under the guardian that is `ready`, or else a new one; ends it after `timeout`
/// and when `interrupted` says so. `lock` stays locked until nothing of it is left.
pub(super) fn run(
    task: &Task,
    ready: Option<Ready>,
    lock: &File,
    timeout: Option<Duration>,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> (End, Capture) {
    let failed = |error: std::io::Error| (End::NotStarted(error.to_string()), Capture::default());
    let (mut guarded, reader) = match ready.map_or_else(|| Guarded::start(lock), Ok) {
        Ok(ready) => ready,
        Err(error) => return failed(error),
    };
    if let Err(error) = guarded.take(task) {
        guarded.end();
        return match guarded.wait() {
            Ok(status) if is_interrupt(status) => (End::Interrupted, Capture::default()),
            _ => failed(error),
        };
    }
    supervise(&mut guarded, reader, timeout, interrupted)
}

/// Whether a guardian ended by Ctrl-C: one that has just been started is still in its reach.
fn is_interrupt(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::INT.as_raw())
}

fn supervise(
    guarded: &mut Guarded,
    reader: PipeReader,
    timeout: Option<Duration>,
    interrupted: &(dyn Fn() -> bool + Sync),
) -> (End, Capture) {
    let (sender, output) = mpsc::channel();
    let seal = guarded.seal();
    std::thread::spawn(move || {
        // Nobody listens any more where the run was given up.
        let _ = sender.send(Capture::read(reader, &seal));
    });
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let mut told = None;
    let (capture, code) = loop {
        let now = Instant::now();
        let until = deadline
            .filter(|_| told.is_none())
            .map_or(TICK, |deadline| {
                deadline.saturating_duration_since(now).min(TICK)
            });
        match output.recv_timeout(until) {
            Ok(read) => break read,
            Err(RecvTimeoutError::Disconnected) => break (Capture::default(), None),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if told.is_none() {
            if interrupted() {
                told = Some(End::Interrupted);
                guarded.end();
            } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                told = Some(End::TimedOut);
                guarded.end();
            }
        }
        // With an exit code it left nothing, and the rest of the output is on its way.
        let gone = match guarded.try_wait() {
            Ok(status) => status.is_some_and(|status| status.code().is_none()),
            Err(_) => true,
        };
        if gone {
            guarded.kill_orphans();
            told = told.or(Some(End::Unguarded));
            if let Ok(read) = output.recv_timeout(TICK) {
                break read;
            }
        }
    };
    let told = told.filter(|end| *end != End::Unguarded);
    let end = if let Some(code) = code {
        guarded.is_done();
        told.unwrap_or_else(|| End::of(code.into()))
    } else {
        let status = guarded.wait();
        told.unwrap_or_else(|| match status {
            Ok(status) => match status.code() {
                Some(code) => End::of(code),
                None if is_interrupt(status) => End::Interrupted,
                None => End::Unguarded,
            },
            Err(error) => End::NotStarted(error.to_string()),
        })
    };
    (end, capture)
}
