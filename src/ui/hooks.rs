//! What the hooks run, as a page.

use super::{Output, visible};
use crate::config::hooks::{Hook, Level};
use crate::hooks::draft::{Draft, What};
use crate::hooks::import::Import;
use crate::hooks::install::{Action, KEPT, Proof, Row, State};
use crate::hooks::overview::{HookRow, JobRow};

/// Each hook with a line per job.
pub(crate) fn show_hooks(hooks: &[HookRow], output: &Output) -> String {
    let style = output.style();
    let jobs = || hooks.iter().flat_map(|hook| &hook.jobs);
    let widest = |text: fn(&JobRow) -> String| {
        jobs()
            .map(|job| text(job).chars().count())
            .max()
            .unwrap_or_default()
    };
    let (names, runs) = (
        widest(|job| visible(&job.name).into_owned()),
        widest(what).min(48),
    );
    let mut page = String::new();
    for hook in hooks {
        let state = match &hook.state {
            Some(State::Installed) => "installed",
            Some(State::Outdated) => "outdated: shipway hooks install",
            Some(State::Missing) => "not installed: shipway hooks install",
            None => "git takes its hooks from elsewhere",
        };
        page.push_str(&format!(
            "{}  {}\n",
            style.clone().bold().apply_to(hook.hook),
            style.clone().dim().apply_to(state)
        ));
        for job in &hook.jobs {
            let mut notes = Vec::new();
            if job.fix {
                notes.push("fixes".to_owned());
            }
            if job.level == Level::Warning {
                notes.push("warns".to_owned());
            }
            notes.extend(job.place.clone());
            let mut line = format!(
                "  {:<names$}  {:<runs$}  {}",
                visible(&job.name),
                what(job),
                style.clone().dim().apply_to(notes.join(", "))
            );
            if !job.trusted {
                let word = style.clone().yellow().apply_to("not trusted yet");
                line = format!("{line}  {word}");
            }
            page.push_str(line.trim_end());
            page.push('\n');
        }
    }
    if hooks.is_empty() {
        page.push_str("No hook has a job.\n");
    }
    if jobs().any(|job| !job.trusted) {
        page.push_str("Let the commands of this repository run here with: shipway trust\n");
    }
    page
}

/// What is done about each hook, a line each.
pub(crate) fn show_install(rows: &[Row], output: &Output) -> String {
    let style = output.style();
    let mut page = String::new();
    for Row {
        hook,
        action,
        theirs,
    } in rows
    {
        let of = theirs
            .map(|tool| format!(" (of {tool})"))
            .unwrap_or_default();
        let said = match action {
            Action::Create => "installed".to_owned(),
            Action::Chain => format!(
                "installed; the hook that was here{of} is kept as {hook}{KEPT} and runs first"
            ),
            Action::Update => "made anew".to_owned(),
            Action::Unchanged => "as it should be".to_owned(),
            Action::Remove => "taken away".to_owned(),
            Action::Restore => format!("the hook that was here before{of} is back"),
            Action::Conflict => format!(
                "left alone: {hook}{of} came after shipway's and {hook}{KEPT} was there before; \
                 keep one, delete the other, and run this again"
            ),
        };
        let mark = if *action == Action::Conflict {
            style.clone().red().apply_to(said)
        } else {
            style.clone().apply_to(said)
        };
        page.push_str(&format!("{:<18}  {mark}\n", hook.name()));
    }
    page
}

/// What is taken over, what is not, and what is different.
pub(crate) fn show_import(import: &Import, output: &Output) -> String {
    let style = output.style();
    let title = |text: &str| style.clone().bold().apply_to(text).to_string();
    let mut page = String::new();
    for hook in Hook::ALL {
        let drafts: Vec<&Draft> = import
            .added
            .iter()
            .filter(|draft| draft.hook == hook)
            .collect();
        if drafts.is_empty() {
            continue;
        }
        page.push_str(&format!("{}\n", title(hook.name())));
        let names = drafts.iter().map(|draft| draft.name.chars().count()).max();
        let names = names.unwrap_or_default();
        for draft in drafts {
            let what = match &draft.what {
                What::Check(_) => "built in".to_owned(),
                What::Run(run) => visible(run).into_owned(),
            };
            let from = style.clone().dim().apply_to(&draft.from);
            page.push_str(&format!("  {:<names$}  {what}  {from}\n", draft.name));
        }
    }
    if !import.left.is_empty() {
        page.push_str(&format!("{}\n", title("without an equivalent")));
        for left in &import.left {
            page.push_str(&format!(
                "  {}  {}\n      {}\n",
                visible(&left.what),
                style.clone().dim().apply_to(&left.place),
                visible(&left.why)
            ));
        }
    }
    if !import.notes.is_empty() {
        page.push_str(&format!("{}\n", title("to know")));
        for note in &import.notes {
            page.push_str(&format!("  {}\n", visible(note)));
        }
    }
    page
}

/// Whether git calls what was installed.
pub(crate) fn show_proof(proof: &Proof) -> String {
    match proof {
        Proof::Called { hook, program } => {
            format!("git calls them: it was asked to, and {hook} found {program}.\n")
        }
        Proof::NotCalled { hook, said } => format!(
            "git does NOT call {hook}. It said: {}\n",
            if said.is_empty() { "nothing" } else { said }
        ),
        Proof::Unknown { hook, why } => {
            format!("Whether git calls {hook} could not be tested: {why}.\n")
        }
    }
}

fn what(job: &JobRow) -> String {
    job.run
        .as_deref()
        .map_or_else(|| "built in".to_owned(), |run| visible(run).into_owned())
}

/// Commands that were not agreed to: job, text, place.
pub(crate) fn show_commands<'c>(
    commands: impl Iterator<Item = (&'c str, &'c str, Option<&'c str>)>,
    output: &Output,
) -> String {
    let style = output.style();
    let mut page = String::new();
    for (job, run, place) in commands {
        let place = style.clone().dim().apply_to(place.unwrap_or_default());
        page.push_str(&format!(
            "{}  {place}\n    {}\n",
            style.clone().bold().apply_to(visible(job)),
            visible(run)
        ));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_cannot_hide_what_it_is() {
        let commands = [(
            "a",
            "rm -rf x\r\u{1b}[2Kecho \u{202e}hi\nok",
            Some("shipway.toml:1"),
        )];
        let page = show_commands(commands.into_iter(), &Output::new(false, false));
        let page = console::strip_ansi_codes(&page).into_owned();
        assert_eq!(
            page,
            "a  shipway.toml:1\n    rm -rf x\\u{d}\\u{1b}[2Kecho \\u{202e}hi\\u{a}ok\n"
        );
    }
}
