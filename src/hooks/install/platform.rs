//! What a hook's file is on this system; the one file of the room that depends on it.

use std::io;
use std::path::Path;

/// What a program has as `PATH` that was started from no shell.
pub const BARE_PATH: &str = if cfg!(target_os = "macos") {
    "/usr/bin:/bin:/usr/sbin:/sbin"
} else {
    "/usr/local/bin:/usr/bin:/bin"
};

/// Copies what is at `from`, a file or a link, to `to`, where nothing may be: the same file
/// under a second name where the file system can, else a copy with the same mode.
pub(super) fn second_name(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if from.symlink_metadata()?.is_symlink() {
        return std::os::unix::fs::symlink(std::fs::read_link(from)?, to);
    }
    match std::fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => {
            let folder = to.parent().unwrap_or(Path::new("."));
            let mut draft = draft(folder)?;
            io::copy(&mut std::fs::File::open(from)?, &mut draft)?;
            draft
                .as_file()
                .set_permissions(std::fs::metadata(from)?.permissions())?;
            draft.as_file().sync_all()?;
            draft.persist_noclobber(to).map_err(|error| error.error)?;
            Ok(())
        }
        done => done,
    }
}

/// Writes an executable script to `to` in one step, whatever is there.
pub(super) fn put_script(to: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let folder = to.parent().unwrap_or(Path::new("."));
    let mut draft = draft(folder)?;
    draft.write_all(text.as_bytes())?;
    #[cfg(unix)]
    draft
        .as_file()
        .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    draft.as_file().sync_all()?;
    draft.persist(to).map_err(|error| error.error)?;
    Ok(())
}

/// Whether git would call the file. Git for Windows calls what begins like a script.
pub(super) fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    #[cfg(not(unix))]
    return path.is_file();
}

/// A program's path as a POSIX shell takes it, also the one of Git for Windows.
pub(super) fn for_shell(program: &Path) -> Option<String> {
    let text = program.to_str()?;
    let text = if cfg!(windows) {
        text.trim_start_matches(r"\\?\").replace('\\', "/")
    } else {
        text.to_owned()
    };
    Some(text)
}

/// What begins the names of files that were not finished.
pub(super) const DRAFT: &str = ".shipway-";

fn draft(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(DRAFT).tempfile_in(folder)
}
