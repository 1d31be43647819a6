//! What an image tells the program that it starts.

use super::port;
use crate::project::{EnvRole, EnvVar, Service};

/// `NAME=value` of the port that `service` listens on, of the address, and of what the repository itself sets or the
/// code insists on; in order of what is read, the usual name of the port first.
pub(super) fn told(service: &Service) -> impl Iterator<Item = String> {
    let port = port(service);
    let others = service.env.iter().filter(|one| one.name != "PORT");
    let others = others.filter_map(move |variable| {
        let name = &variable.name;
        match variable.role {
            Some(EnvRole::ListenPort) => Some(format!("{name}={port}")),
            Some(EnvRole::ListenUrl) => Some(format!("{name}=http://+:{port}")),
            Some(EnvRole::ListenHost) => Some(format!("{name}=0.0.0.0")),
            None if variable.set_at.is_some() || variable.required => {
                Some(format!("{name}={}", plain(variable)?))
            }
            _ => None,
        }
    });
    std::iter::once(format!("PORT={port}")).chain(others)
}

/// A value that is no secret and means the same to a Dockerfile as to the program.
fn plain(variable: &EnvVar) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+@".contains(c);
    let value = variable.default.as_deref().filter(|_| !variable.secret)?;
    (!value.is_empty() && value.chars().all(is_plain)).then_some(value)
}
