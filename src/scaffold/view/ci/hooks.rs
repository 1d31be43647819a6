//! What the ci template sees of git's hooks: a job that runs those of a commit, for who commits
//! without them.

use super::super::Input;
use super::super::component::Component;
use super::super::hooks::{self, From};
use super::LintJob;
use serde::Serialize;

/// Programs that are no part of a project and that the runner's image has.
const THERE: &[&str] = &["gofmt", "shellcheck", "yamllint"];

#[derive(Debug, Serialize)]
pub(super) struct HooksJob {
    /// What their commands need, for one part of the project after the other.
    parts: Vec<LintJob>,
    /// Names of those whose tools nothing here installs, with commas between them.
    skipped: String,
}

/// None where no hooks are made. `lint` gives what the linters of a part need.
pub(super) fn view(
    input: &Input,
    parts: &[Component],
    lint: impl Fn(&Component) -> Option<LintJob>,
) -> Option<HooksJob> {
    if !input.has("hooks") {
        return None;
    }
    let hooks = hooks::view(input);
    let mut ecosystems: Vec<&str> = Vec::new();
    let mut skipped = Vec::new();
    for (name, tool, from) in hooks.at_commit() {
        let ecosystem = match from {
            From::Python => "python",
            From::Node => "node",
            From::Ruby => "ruby",
            From::Elixir => "elixir",
            From::Rust => "rust",
            From::Elsewhere(_) if THERE.contains(&tool) => continue,
            From::Elsewhere(_) => "",
        };
        let installed = parts
            .iter()
            .any(|part| part.ecosystem == ecosystem && lint(part).is_some());
        if installed {
            ecosystems.push(ecosystem);
        } else {
            skipped.push(name.to_owned());
        }
    }
    let parts = parts
        .iter()
        .filter(|part| ecosystems.contains(&part.ecosystem))
        .filter_map(lint)
        .map(LintJob::without_cache)
        .collect();
    Some(HooksJob {
        parts,
        skipped: skipped.join(","),
    })
}
