//! The process between shipway and a job: while it lives nothing of the job outlives shipway.
//!
//! shipway starts itself under another name and hands it a pipe as standard input, through which
//! the task comes: it may be started before there is one. The guardian starts the job, adopts
//! whatever the job leaves behind (daemons that fork twice or start a session of their own too),
//! and kills all of it when the job has ended, when shipway says so, or when the pipe closes
//! because shipway is gone, SIGKILL included. When all of it is gone it says so behind what the job
//! printed. Its standard error is the lock of the run, so that nobody recovers while a job may still
//! write.

use super::descendants;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The name under which shipway starts itself as a guardian. It does not contain the
/// program's, for who ends processes by name means shipway.
pub const NAME: &str = "hook-guardian";

/// Sent through the pipe: end the job, and let it clean up first.
const END: u8 = b'e';

/// How long a job that is told to end may take to clean up.
const GRACE: Duration = Duration::from_millis(300);

/// Exit code of a guardian whose job could not be started.
const NOT_STARTED: u8 = 126;

/// What stands behind all that a job printed, then its exit code. No job knows it.
pub(super) type Seal = [u8; 16];

/// Is a guardian of the task that comes through standard input; of none where that is closed.
/// Gives the job's exit code, 128 and the signal's number where it was killed.
#[must_use]
pub fn guard() -> ExitCode {
    descendants::adopt_orphans();
    let Some((seal, task)) = receive() else {
        return ExitCode::from(NOT_STARTED);
    };
    let mut stdout = std::io::stdout();
    let code = match start(&task) {
        Ok(child) => watch(&child),
        Err(error) => {
            let text = format!("{} cannot be started: {error}\n", task.program.display());
            // Nobody else would hear of it.
            let _ = stdout.write_all(text.as_bytes());
            NOT_STARTED
        }
    };
    // Who waits need not wait until this process has ended, too; gone, it needs to hear nothing.
    let _ = stdout
        .write_all(&seal)
        .and_then(|()| stdout.write_all(&[code]));
    let _ = stdout.flush();
    ExitCode::from(code)
}

fn receive() -> Option<(Seal, Task)> {
    let mut stdin = std::io::stdin().lock();
    let mut length = [0; 8];
    stdin.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::try_from(u64::from_le_bytes(length)).ok()?];
    stdin.read_exact(&mut message).ok()?;
    postcard::from_bytes(&message).ok()
}

fn start(task: &Task) -> std::io::Result<Child> {
    let output =
        || -> std::io::Result<Stdio> { Ok(std::io::stdout().as_fd().try_clone_to_owned()?.into()) };
    let stdin = match &task.input {
        None => Stdio::null(),
        Some(input) => File::open(input)?.into(),
    };
    Command::new(&task.program)
        .args(&task.arguments)
        .current_dir(&task.folder)
        .envs(task.env.iter().map(|(name, value)| (name, value)))
        .stdin(stdin)
        .stdout(output()?)
        .stderr(output()?)
        .spawn()
}

/// Waits until nothing of the job is left.
fn watch(child: &Child) -> u8 {
    let ended = Arc::new(AtomicBool::new(false));
    std::thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            let mut word = [0];
            let told = matches!(std::io::stdin().read(&mut word), Ok(1)) && word[0] == END;
            if told {
                descendants::terminate_all();
                let deadline = Instant::now() + GRACE;
                while Instant::now() < deadline && !ended.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            kill_until(&ended);
        }
    });
    let code = descendants::reap(child.id(), || {
        // The job itself has ended; what it forked and left does not stay.
        let ended = Arc::clone(&ended);
        std::thread::spawn(move || kill_until(&ended));
    });
    ended.store(true, Ordering::SeqCst);
    code
}

/// One look may miss what is being forked: again, until all are gone.
fn kill_until(ended: &AtomicBool) {
    while !ended.load(Ordering::SeqCst) {
        descendants::kill_all();
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What to run, and how. Paths are of any bytes, which serde writes of no `PathBuf`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) folder: OsString,
    /// Set beside the environment of shipway, from which git's variables of a hook are taken.
    pub(super) env: Vec<(OsString, OsString)>,
    /// Read as standard input; nothing where None.
    pub(super) input: Option<OsString>,
}

/// The guardians of this process that live.
static LIVING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn living() -> MutexGuard<'static, Vec<u32>> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A guardian, with a task or still without. Dropped, it ends, and its job before it.
pub(super) struct Guarded {
    child: Child,
    control: Option<PipeWriter>,
    seal: Seal,
    /// Whether it has a task of which something may be left.
    busy: bool,
}

impl Guarded {
    /// Starts a guardian without a task; all that its job prints comes out of the pipe, and its
    /// seal. `lock` stays locked until it has ended.
    ///
    /// # Errors
    /// Where no process can be started.
    pub(super) fn start(lock: &File) -> std::io::Result<(Self, PipeReader)> {
        let mut seal = Seal::default();
        getrandom::fill(&mut seal).map_err(std::io::Error::other)?;
        let (input, control) = std::io::pipe()?;
        let (reader, output) = std::io::pipe()?;
        let mut command = Command::new(own_program()?);
        std::os::unix::process::CommandExt::arg0(&mut command, NAME);
        crate::git::without_hook_environment(&mut command);
        // None is started where nobody knows of it.
        let mut living = living();
        let child = command
            .env_remove(super::verdict::VARIABLE)
            .stdin(input)
            .stdout(output)
            .stderr(lock.try_clone()?)
            .spawn()?;
        living.push(child.id());
        let guarded = Self {
            child,
            control: Some(control),
            seal,
            busy: false,
        };
        Ok((guarded, reader))
    }

    pub(super) fn seal(&self) -> Seal {
        self.seal
    }

    /// The seal was read: nothing of the job is left.
    pub(super) fn is_done(&mut self) {
        self.busy = false;
    }

    /// Hands over the task; a program that is not there is told by the exit code.
    ///
    /// # Errors
    /// Where the guardian is gone.
    pub(super) fn take(&mut self, task: &Task) -> std::io::Result<()> {
        let message = postcard::to_stdvec(&(self.seal, task)).map_err(std::io::Error::other)?;
        let Some(control) = &mut self.control else {
            return Ok(());
        };
        self.busy = true;
        control.write_all(&(message.len() as u64).to_le_bytes())?;
        control.write_all(&message)
    }

    /// Tells the job to end; it is killed where it does not.
    pub(super) fn end(&mut self) {
        if let Some(mut control) = self.control.take() {
            // Where the guardian is gone, so is the job.
            let _ = control.write_all(&[END]);
        }
    }

    pub(super) fn try_wait(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    pub(super) fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Kills what this guardian left when it was killed, for this process has adopted it; the
    /// other guardians and what is below them live on.
    pub(super) fn kill_orphans(&self) {
        let living = living();
        let others: Vec<u32> = living
            .iter()
            .copied()
            .filter(|id| *id != self.child.id())
            .collect();
        descendants::kill_all_but(&others);
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.control.take());
        // The guardian ends after its job: when this returns, nothing of it writes any more.
        if self.busy {
            let _ = self.child.wait();
        }
        living().retain(|id| *id != self.child.id());
    }
}

/// On Linux the running program itself, even where its file was replaced meanwhile.
fn own_program() -> std::io::Result<PathBuf> {
    let linux = Path::new("/proc/self/exe");
    if linux.exists() {
        Ok(linux.to_owned())
    } else {
        std::env::current_exe()
    }
}
