//! What the compose templates see: the services and their backing services as one project.

use super::Input;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Compose {}

pub(super) fn view(_input: &Input) -> Compose {
    Compose {}
}
