//! shipway turns a repository into one that anybody can open, run, test and ship.

/// Runs the command line `args` (program name first) and gives the process's exit code.
pub fn run<I>(_args: I) -> std::process::ExitCode
where
    I: IntoIterator<Item = std::ffi::OsString>,
{
    std::process::ExitCode::from(2)
}
