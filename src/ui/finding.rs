//! A finding as lines: mark, sentence, and the mend below it.

use console::style;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Fine,
    Warning,
    Error,
}

/// One finding, without a newline at its end. Coloured where standard output is a terminal
/// that wants it.
pub(crate) fn finding(mark: Mark, message: &str, mend: Option<&str>) -> String {
    let word = match mark {
        Mark::Fine => style("ok     ").green(),
        Mark::Warning => style("warning").yellow(),
        Mark::Error => style("error  ").red().bold(),
    };
    match mend {
        Some(mend) => format!("{word}  {message}\n         {} {mend}", style("->").dim()),
        None => format!("{word}  {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mend_stands_below_the_sentence() {
        assert_eq!(
            console::strip_ansi_codes(&finding(
                Mark::Error,
                "git is not on PATH",
                Some("install git")
            )),
            "error    git is not on PATH\n         -> install git"
        );
    }
}
