//! Whether a virtual environment is whole: what the generated Makefile and `setup` both leave in it.

use super::part::Part;
use std::io;
use std::path::PathBuf;

/// There from before the environment is made until it is whole. The Makefile knows it, too.
const BEGUN: &str = ".shipway-begun";

fn begun(part: &Part) -> PathBuf {
    part.venv.join(BEGUN)
}

/// Whether it has a Python and was not cut short.
pub(super) fn is_whole(part: &Part) -> bool {
    part.python().exists() && !is_half_made(part)
}

/// Whether it was begun and never ended: it may have a Python and no pip.
fn is_half_made(part: &Part) -> bool {
    begun(part).exists()
}

/// Makes room for an environment. What a cut-short run left is taken away; of one that nobody here
/// began, only the Python that leads nowhere.
pub(super) fn begin(part: &Part) -> io::Result<()> {
    if is_half_made(part) {
        for entry in std::fs::read_dir(&part.venv)? {
            let entry = entry?;
            if entry.file_name() == BEGUN {
                continue;
            }
            if entry.file_type()?.is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
    } else {
        std::fs::create_dir_all(&part.venv)?;
        std::fs::write(begun(part), "")?;
        forget_python(part)?;
    }
    hide(part)
}

/// Links of that name keep `python -m venv` from making them anew.
fn forget_python(part: &Part) -> io::Result<()> {
    let Ok(entries) = std::fs::read_dir(part.programs()) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let is_python = entry.file_name().to_string_lossy().starts_with("python");
        if is_python && !entry.path().exists() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// It is whole.
pub(super) fn end(part: &Part) -> io::Result<()> {
    std::fs::remove_file(begun(part))
}

/// Keeps it out of what git lists, as `python -m venv` does by itself from 3.13 on.
pub(super) fn hide(part: &Part) -> io::Result<()> {
    let file = part.venv.join(".gitignore");
    if file.exists() || !part.venv.is_dir() {
        return Ok(());
    }
    std::fs::write(file, "*\n")
}
