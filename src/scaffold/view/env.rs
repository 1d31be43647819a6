//! What the env templates see: variables that the services read, with generated secrets.

use super::Input;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Env {}

pub(super) fn view(_input: &Input) -> Env {
    Env {}
}
