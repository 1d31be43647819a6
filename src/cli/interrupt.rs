//! Ctrl-C: ends the process at once while nothing is being written, asks to stop while it is.

use super::{Exit, Failure};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

const FREE: u8 = 0;
const WRITING: u8 = 1;
const ASKED: u8 = 2;

const SENTENCE: &str = "interrupted; nothing was written";
/// How long the thread that listens may take to end the process.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a question ends with that was answered with Ctrl-C. The terminal has raised the signal
/// by then, and whoever listens to it says so and ends the process; this is for the case that
/// nobody does.
pub(super) fn at_a_question() -> Failure {
    std::thread::sleep(PATIENCE);
    Failure {
        sentence: SENTENCE.to_owned(),
        mend: None,
        exit: Exit::Interrupted,
    }
}

/// Whether the user asked to stop.
pub(super) struct Interrupt(Arc<AtomicU8>);

/// The same, where the process never ends by itself: what has to be ended or put back first is
/// told by the answer.
pub(super) struct HeldInterrupt(Arc<AtomicBool>);

impl HeldInterrupt {
    /// Listens from now on. No thread is started for it, for a commit waits.
    pub(super) fn listen() -> Result<Self, Failure> {
        let asked = Arc::new(AtomicBool::new(false));
        #[cfg(unix)]
        signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&asked))
            .map_err(|error| not_caught(&error))?;
        #[cfg(not(unix))]
        {
            let shared = Arc::clone(&asked);
            ctrlc::set_handler(move || shared.store(true, Ordering::SeqCst))
                .map_err(|error| not_caught(&error))?;
        }
        Ok(Self(asked))
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

fn not_caught(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        Exit::Missing,
        format!("the signal of Ctrl-C cannot be caught: {error}"),
        "run shipway from a shell",
    )
}

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Result<Self, Failure> {
        let state = Arc::new(AtomicU8::new(FREE));
        let shared = Arc::clone(&state);
        ctrlc::set_handler(move || {
            if shared.swap(ASKED, Ordering::SeqCst) == FREE {
                let terminal = console::Term::stderr();
                if terminal.is_term() {
                    // A question stands on a line without an end, and a list hides the cursor.
                    // That it stays hidden is no harm.
                    let _ = terminal
                        .show_cursor()
                        .and_then(|()| terminal.write_line(""));
                }
                // Where even standard error is closed, nobody can be told anything.
                let _ = terminal.write_line(&format!("error: {SENTENCE}"));
                std::process::exit(Exit::Interrupted.code().into());
            }
        })
        .map_err(|error| not_caught(&error))?;
        Ok(Self(state))
    }

    /// From now on files are written: the process no longer ends at once.
    pub(super) fn hold(&self) {
        let held = self
            .0
            .compare_exchange(FREE, WRITING, Ordering::SeqCst, Ordering::SeqCst);
        while held == Err(ASKED) {
            // Ctrl-C came just before: its handler is ending the process.
            std::thread::park();
        }
    }

    /// Whether to go on.
    pub(super) fn answer(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::SeqCst) == ASKED {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
