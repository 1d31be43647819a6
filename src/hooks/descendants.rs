//! The processes below this one, as each platform shows them.
//!
//! On Linux this process adopts the orphans among its descendants, so that none is out of
//! reach. Elsewhere what leaves the process group of the job by its own will is not found.

use rustix::process::{Pid, Signal, WaitOptions};

/// From now on orphans among the descendants become children of this process, and no signal to
/// its parent's group, such as that of Ctrl-C, reaches it: it is for shipway to end its jobs.
pub(super) fn adopt_orphans() {
    // Not to be allowed either leaves the job as it would be without a guardian.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    {
        adopt();
        let _ = rustix::thread::set_name(c"hook-guardian");
    }
}

/// From now on orphans among the descendants become children of this process.
#[cfg(target_os = "linux")]
pub(super) fn adopt() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

#[cfg(not(target_os = "linux"))]
pub(super) fn adopt() {}

/// Asks all descendants to end.
pub(super) fn terminate_all() {
    signal_all(Signal::TERM, &[]);
}

/// Kills all descendants that are there now.
pub(super) fn kill_all() {
    signal_all(Signal::KILL, &[]);
}

/// Kills all descendants but the processes `spared` and what is below these.
pub(super) fn kill_all_but(spared: &[u32]) {
    signal_all(Signal::KILL, spared);
}

/// Waits for all children of this process, adopted ones too; calls `main_ended` when `main` has
/// ended and others are left. Gives the exit code of `main`, 128 and more after a signal.
pub(super) fn reap(main: u32, main_ended: impl FnOnce()) -> u8 {
    let mut code = 0;
    let mut main_ended = Some(main_ended);
    while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::empty()) {
        if u32::try_from(pid.as_raw_pid()) != Ok(main) {
            continue;
        }
        code = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
            (_, Some(signal)) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
            _ => u8::MAX,
        };
        let left = rustix::process::wait(WaitOptions::NOHANG);
        if left.is_ok()
            && let Some(main_ended) = main_ended.take()
        {
            main_ended();
        }
    }
    code
}

#[cfg(target_os = "linux")]
fn signal_all(signal: Signal, spared: &[u32]) {
    use std::collections::HashMap;
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    let Ok(listing) = std::fs::read_dir("/proc") else {
        return;
    };
    for entry in listing.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // proc_pid_stat(5): the name in brackets may hold anything, brackets too.
        let Ok(stat) = std::fs::read(entry.path().join("stat")) else {
            continue;
        };
        let text = String::from_utf8_lossy(&stat);
        let parent = text
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut folk = vec![rustix::process::getpid().as_raw_pid()];
    while let Some(parent) = folk.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            if spared.iter().any(|pid| i32::try_from(*pid) == Ok(child)) {
                continue;
            }
            if let Some(pid) = Pid::from_raw(child) {
                // It may have ended meanwhile.
                let _ = rustix::process::kill_process(pid, signal);
            }
            folk.push(child);
        }
    }
}

/// The guardian leads a session and with it a group; it must not end itself.
#[cfg(not(target_os = "linux"))]
fn signal_all(signal: Signal, _: &[u32]) {
    use std::process::Command;
    let own = rustix::process::getpid().as_raw_pid();
    let Ok(listing) = Command::new("ps").args(["-axo", "pid=,pgid="]).output() else {
        return;
    };
    for line in String::from_utf8_lossy(&listing.stdout).lines() {
        let mut numbers = line.split_whitespace().map(str::parse::<i32>);
        if let (Some(Ok(pid)), Some(Ok(group))) = (numbers.next(), numbers.next())
            && group == own
            && pid != own
            && let Some(pid) = Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}
