//! Whether a commit made here would have an author.

use super::{Finding, Subject};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let settings = &subject.settings;
    let known = |setting: &Option<String>, variable: &str| {
        setting.as_deref().is_some_and(|value| !value.is_empty())
            || subject.machine.variable(variable).is_some()
    };
    let email_known = known(&settings.user_email, "GIT_AUTHOR_EMAIL")
        || subject.machine.variable("EMAIL").is_some();
    let absent: Vec<(&str, &str)> = [
        (
            known(&settings.user_name, "GIT_AUTHOR_NAME"),
            "user.name",
            "Your Name",
        ),
        (email_known, "user.email", "you@example.org"),
    ]
    .into_iter()
    .filter(|(known, ..)| !known)
    .map(|(_, name, example)| (name, example))
    .collect();
    if absent.is_empty() {
        return vec![Finding::ok("git knows who commits")];
    }
    let names: Vec<&str> = absent.iter().map(|(name, _)| *name).collect();
    let commands: Vec<String> = absent
        .iter()
        .map(|(name, example)| format!("git config --global {name} \"{example}\""))
        .collect();
    vec![Finding::warning(
        format!(
            "git does not know who commits: {} not set",
            names.join(" and ")
        ),
        commands.join(" && "),
    )]
}
