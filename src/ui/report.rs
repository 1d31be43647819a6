//! What `doctor` found, as lines: mark, sentence, and the mend below it.

use super::Output;
use crate::doctor::{Finding, Level};

/// The findings, and a closing line that counts them. Where `quiet`, only what is not fine.
pub(crate) fn findings(findings: &[Finding], quiet: bool, output: &Output) -> String {
    let mut text = String::new();
    let style = output.style();
    for finding in findings {
        let mark = match finding.level {
            Level::Ok if quiet => continue,
            Level::Ok => style.clone().green().apply_to("ok     "),
            Level::Warning => style.clone().yellow().apply_to("warning"),
            Level::Error => style.clone().red().bold().apply_to("error  "),
        };
        text.push_str(&format!("{mark}  {}\n", finding.message));
        if let Some(mend) = &finding.mend {
            text.push_str(&format!(
                "         {} {mend}\n",
                style.clone().cyan().apply_to("mend:")
            ));
        }
    }
    if !quiet {
        let count = |level| findings.iter().filter(|one| one.level == level).count();
        text.push_str(&format!(
            "{} fine, {} to look at, {} to mend\n",
            count(Level::Ok),
            count(Level::Warning),
            count(Level::Error)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mend_stands_below_the_sentence_and_quiet_leaves_out_what_is_fine() {
        let finding = |level, message: &str, mend: Option<&str>| Finding {
            check: "git",
            level,
            missing: false,
            message: message.to_owned(),
            mend: mend.map(str::to_owned),
        };
        let all = [
            finding(Level::Ok, "make 4.3", None),
            finding(Level::Error, "git is not on PATH", Some("install git")),
        ];
        let shown = |quiet| {
            let text = findings(&all, quiet, &Output::new(quiet, false));
            console::strip_ansi_codes(&text).into_owned()
        };
        assert_eq!(
            shown(false),
            "ok       make 4.3\nerror    git is not on PATH\n         mend: install git\n1 fine, 0 to look at, 1 to mend\n"
        );
        assert_eq!(
            shown(true),
            "error    git is not on PATH\n         mend: install git\n"
        );
    }
}
