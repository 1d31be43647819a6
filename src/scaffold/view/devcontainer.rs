//! What the devcontainer templates see: the development container.

use super::Input;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Devcontainer {}

pub(super) fn view(_input: &Input) -> Devcontainer {
    Devcontainer {}
}
