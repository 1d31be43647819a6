//! What the make templates see: the recipes of the Makefile.

use super::Input;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Make {}

pub(super) fn view(_input: &Input) -> Make {
    Make {}
}
