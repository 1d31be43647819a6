//! What `eject` and its undo do about git's hooks.

use super::super::Failure;
use super::install::shims_folder;
use crate::config::hooks::Hook;
use crate::git::Repository;
use crate::hooks::install::{Action, Plan};

/// Names, under git's directory, the hooks that `eject` took the shims of away.
const MARK: &str = "hooks-by-eject";

/// Takes the shims away. What was agreed to stays so, for an undo.
pub(in crate::cli) fn take_away(repository: &Repository, plan: &Plan) -> Result<(), Failure> {
    let shims = (plan.rows.iter())
        .filter(|row| matches!(row.action, Action::Remove | Action::Restore))
        .map(|row| row.hook.name());
    let names = shims.collect::<Vec<_>>().join("\n");
    // Without it, undo gives the files back and shipway hooks install the shims.
    let _ = std::fs::write(repository.private_dir.join(MARK), names);
    Ok(plan.apply()?)
}

/// Puts the shims back that `eject` took away; those of other hooks stay as they are.
pub(in crate::cli) fn put_back(repository: &Repository) -> Result<(), Failure> {
    let mark = repository.private_dir.join(MARK);
    let Ok(names) = std::fs::read_to_string(&mark) else {
        return Ok(());
    };
    let hooks: Vec<Hook> = names.lines().filter_map(Hook::parse).collect();
    let folder = shims_folder(repository)?;
    Plan::install(&folder, &hooks, &super::program()?)?.apply()?;
    // One that stays puts the same shims in place again.
    let _ = std::fs::remove_file(mark);
    Ok(())
}
