//! Ctrl-C: ends the process at once while nothing is being written, asks to stop while it is.

use super::{Exit, Failure};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const FREE: u8 = 0;
const WRITING: u8 = 1;
const ASKED: u8 = 2;

/// Whether the user asked to stop.
pub(super) struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> Result<Self, Failure> {
        let state = Arc::new(AtomicU8::new(FREE));
        let shared = Arc::clone(&state);
        ctrlc::set_handler(move || {
            if shared.swap(ASKED, Ordering::SeqCst) == FREE {
                let terminal = console::Term::stderr();
                // A prompt may have hidden it; that it stays hidden is no harm. On a terminal the
                // question that was open says that it was interrupted.
                let _ = if terminal.is_term() {
                    terminal.show_cursor()
                } else {
                    terminal.write_line("error: interrupted; nothing was written")
                };
                std::process::exit(Exit::Interrupted.code().into());
            }
        })
        .map_err(|error| {
            Failure::new(
                Exit::Missing,
                format!("the signal of Ctrl-C cannot be caught: {error}"),
                "run shipway from a shell",
            )
        })?;
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
