//! Runs a command, hands on the signals that come meanwhile, and says how long it took.

use super::event::{Outcome, Period, Time};
use std::ffi::OsString;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::time::Instant;

/// What became of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    pub period: Period,
    pub outcome: Outcome,
    /// What a shell would give: the command's own code, or 128 and the number of the signal that
    /// ended it.
    pub code: u8,
}

/// Runs `program` with `arguments` on this process's streams from `now` on; its length is
/// measured by a clock that nobody sets.
///
/// # Errors
/// When it cannot be started, or waited for.
pub fn run(program: &OsString, arguments: &[OsString], now: Time) -> io::Result<Ran> {
    let start = Instant::now();
    let status = wait(Command::new(program).args(arguments))?;
    let seconds = i64::try_from(start.elapsed().as_secs()).unwrap_or_default();
    let finished = Time::from_second(now.second() + seconds).unwrap_or(now);
    let outcome = match status.code() {
        Some(0) => Outcome::Succeeded,
        Some(_) => Outcome::Failed,
        None => Outcome::Cancelled,
    };
    Ok(Ran {
        period: Period::new(now, finished).map_err(io::Error::other)?,
        outcome,
        code: code(status),
    })
}

#[cfg(unix)]
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> u8 {
    // A code of Windows that does not fit is a failure all the same.
    status
        .code()
        .map_or(1, |code| u8::try_from(code).unwrap_or(1))
}

/// Starts `command` and waits for its end.
#[cfg(unix)]
fn wait(command: &mut Command) -> io::Result<ExitStatus> {
    use signal_hook::consts::{
        SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
    };
    use signal_hook::iterator::SignalsInfo;
    use signal_hook::iterator::exfiltrator::origin::WithOrigin;
    use signal_hook::low_level::siginfo::Cause;

    let handed_on = [
        SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH,
    ];
    // Before the start: a signal that comes in between is held until there is a child.
    let mut signals = SignalsInfo::<WithOrigin>::new(handed_on)?;
    let handle = signals.handle();
    let mut child: Child = command.spawn()?;
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for origin in &mut signals {
                // What a terminal sends, it sends to the command as well.
                if origin.cause == Cause::Kernel {
                    continue;
                }
                let signal = rustix::process::Signal::from_named_raw(origin.signal);
                if let (Some(pid), Some(signal)) = (pid, signal) {
                    // Where the command has just ended there is nobody to tell.
                    let _ = rustix::process::kill_process(pid, signal);
                }
            }
        });
        let status = child.wait();
        handle.close();
        status
    })
}

#[cfg(not(unix))]
fn wait(command: &mut Command) -> io::Result<ExitStatus> {
    command.status()
}
