//! Change events of the branches here, recorded along with other work.

use super::super::Context;
use crate::dora::Store;
use crate::dora::seen::{self, Scope};
use crate::git::Repository;
use crate::ui::counted;

/// Records in `store` what squashing or rebasing the branches in `scope` would hide. Where that
/// fails, what the command is about is done all the same.
pub(in crate::cli) fn record(
    repository: &Repository,
    store: &dyn Store,
    scope: Scope,
    context: &Context,
) {
    let recorded = seen::record(repository, store, scope, super::scene::now());
    if context.output.is_verbose() {
        context.output.note(&match recorded {
            Ok(new) => format!("{} of branches recorded", counted(new, "change", "changes")),
            Err(error) => format!("the changes of branches are not recorded: {error}"),
        });
    }
}
