//! The process between shipway and a job: while it lives nothing of the job outlives shipway.
//!
//! shipway starts itself under another name and hands it a pipe as standard input, through which
//! the task comes: it may be started before there is one. The guardian starts the job, adopts
//! whatever the job leaves behind (daemons that fork twice or start a session of their own too),
//! and kills all of it when the job has ended, when shipway says so, or when the pipe closes
//! because shipway is gone, SIGKILL included. Its standard error is the lock of the run, so that
//! nobody recovers while a job may still write.

use super::capture::Capture;
use super::descendants;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
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

/// Is a guardian of the task that comes through standard input; of none where that is closed.
/// Gives the job's exit code, 128 and the signal's number where it was killed.
#[must_use]
pub fn guard() -> ExitCode {
    descendants::adopt_orphans();
    let Some(task) = receive() else {
        return ExitCode::from(NOT_STARTED);
    };
    match start(&task) {
        Ok(child) => ExitCode::from(watch(&child)),
        Err(error) => {
            let text = format!("{} cannot be started: {error}\n", task.program.display());
            // Nobody else would hear of it.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::from(NOT_STARTED)
        }
    }
}

fn receive() -> Option<Task> {
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

/// What is heard of a guardian, in this order.
enum News {
    Started(std::io::Result<Child>),
    /// All that its job printed, when nobody is left who could print more.
    Printed(Capture),
}

/// A guardian, with a task or still without. Dropped, it ends, and its job before it.
pub(super) struct Guarded {
    news: Receiver<News>,
    /// None until it is heard that it was started.
    child: Option<Child>,
    control: Option<PipeWriter>,
    /// Whether it was given a task.
    busy: bool,
}

impl Guarded {
    /// Starts a guardian without a task, while the caller goes on: the thread that will read
    /// what the job prints starts it. `lock` stays locked until it has ended.
    ///
    /// # Errors
    /// Where there are no pipes or threads to be had; that it could not be started is heard
    /// later.
    pub(super) fn start(lock: &File) -> std::io::Result<Self> {
        let (input, control) = std::io::pipe()?;
        let (reader, output) = std::io::pipe()?;
        let lock = lock.try_clone()?;
        let (sender, news) = mpsc::channel();
        std::thread::Builder::new().spawn(move || {
            let started = spawn(input.into(), output.into(), lock.into());
            let prints = started.is_ok();
            // Nobody listens any more where the run was given up.
            let _ = sender.send(News::Started(started));
            if prints {
                let _ = sender.send(News::Printed(Capture::read(reader)));
            }
        })?;
        Ok(Self {
            news,
            child: None,
            control: Some(control),
            busy: false,
        })
    }

    /// Hands over the task; a program that is not there is told by the exit code.
    ///
    /// # Errors
    /// Where the guardian is gone.
    pub(super) fn take(&mut self, task: &Task) -> std::io::Result<()> {
        let message = postcard::to_stdvec(task).map_err(std::io::Error::other)?;
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

    /// What the job printed, when it and all that it left have ended; None where that takes
    /// longer than `patience`.
    ///
    /// # Errors
    /// Where the guardian could not be started.
    pub(super) fn hear(&mut self, patience: Duration) -> std::io::Result<Option<Capture>> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(News::Started(child)) => self.child = Some(child?),
                Ok(News::Printed(capture)) => return Ok(Some(capture)),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Ok(Some(Capture::default())),
            }
        }
    }

    /// How the guardian ended; None while it lives or is being started.
    pub(super) fn try_wait(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.as_mut().map_or(Ok(None), Child::try_wait)
    }

    pub(super) fn wait(&mut self) -> std::io::Result<ExitStatus> {
        if self.child.is_none()
            && let Ok(News::Started(child)) = self.news.recv()
        {
            self.child = Some(child?);
        }
        let gone = || std::io::Error::other("the thread that starts it is gone");
        self.child.as_mut().ok_or_else(gone)?.wait()
    }

    /// Kills what this guardian left when it was killed, for this process has adopted it; the
    /// other guardians and what is below them live on.
    pub(super) fn kill_orphans(&self) {
        let own = self.child.as_ref().map(Child::id);
        let living = living();
        let others: Vec<u32> = living
            .iter()
            .copied()
            .filter(|id| Some(*id) != own)
            .collect();
        descendants::kill_all_but(&others);
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.control.take());
        // Without a task it ends by itself, and nobody need wait for that.
        if !self.busy {
            return;
        }
        // The guardian ends after its job: when this returns, nothing of it writes any more.
        let _ = self.wait();
        if let Some(child) = &self.child {
            living().retain(|id| *id != child.id());
        }
    }
}

fn spawn(input: Stdio, output: Stdio, lock: Stdio) -> std::io::Result<Child> {
    let mut command = Command::new(own_program()?);
    std::os::unix::process::CommandExt::arg0(&mut command, NAME);
    crate::git::without_hook_environment(&mut command);
    command
        .env_remove(super::verdict::VARIABLE)
        .stdin(input)
        .stdout(output)
        .stderr(lock);
    // None is started where nobody knows of it.
    let mut living = living();
    let child = command.spawn()?;
    living.push(child.id());
    Ok(child)
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
