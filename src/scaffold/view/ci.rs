//! What the ci templates see: the workflow that checks each commit.

use super::Input;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Ci {}

pub(super) fn view(_input: &Input) -> Ci {
    Ci {}
}
