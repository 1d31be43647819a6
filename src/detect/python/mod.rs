//! Python: Flask, Django, FastAPI, Celery, plain scripts and libraries.

use super::{Found, Tree};
use crate::project::Existing;

/// Adds the Python services and libraries of `tree` to `found`.
pub(super) fn look(_tree: &Tree, _existing: &Existing, _found: &mut Found) {}
