//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    shipway::run(std::env::args_os())
}
