//! The variables that an application of PHP reads, each with what it means and the value that the
//! repository gives it.

use super::needs::{Needs, Search};
use crate::detect::variable::{self, Engines};
use crate::detect::{client, secret};
use crate::project::{EnvRole, EnvVar, Evidence};

/// In order of name.
pub(super) fn find(search: &Search, needs: &Needs) -> Vec<EnvVar> {
    let engines = Engines::of(|kind| needs.speak_to(kind));
    let settings = search.settings;
    let mut found = settings.variables(search.tree);
    if search.is("laravel") {
        settings.add_of_laravel(search.tree, &mut found);
    }
    let mut found: Vec<EnvVar> = found.into_values().collect();
    for variable in &mut found {
        let role = role(&variable.name, search, engines);
        let is_there =
            |role: &EnvRole| client::of_role(*role).is_none_or(|kind| needs.speak_to(kind));
        variable.role = role.filter(is_there);
        variable::guard(variable);
    }
    let given = settings.given.iter().map(|given| &given.at);
    let of_images = search.images.iter().flat_map(|image| &image.env);
    let composed = search.composed.iter().flat_map(|one| &one.settings);
    variable::set(
        &mut found,
        composed.chain(of_images).chain(given),
        std::iter::empty(),
    );
    for variable in &mut found {
        let Some(given) = settings.given(&variable.name) else {
            continue;
        };
        address(variable, &given.value, &given.at);
        // Who and what a database is made for.
        let names = matches!(
            variable.role,
            Some(EnvRole::PostgresUser | EnvRole::PostgresDatabase)
        );
        if names && !given.value.is_empty() && !given.value.contains('$') {
            variable.default = Some(given.value.clone());
        }
    }
    // What a test or the shell sets.
    found.retain(|variable| {
        !variable::is_of_system(&variable.name)
            && !matches!(
                variable.name.as_str(),
                "PWD"
                    | "APP_RUNNING_IN_CONSOLE"
                    | "TEST_TOKEN"
                    | "LARAVEL_SAIL"
                    | "VAR_DUMPER_SERVER"
                    | "PHP_CLI_SERVER_WORKERS"
            )
    });
    found
}

fn role(name: &str, search: &Search, engines: Engines) -> Option<EnvRole> {
    match name {
        // `dev`, `prod`, and what else there is a configuration for.
        "APP_ENV" if search.is("symfony") => None,
        "APP_KEY" if search.is("laravel") || search.is("lumen") => Some(EnvRole::LaravelKey),
        "MAIL_FROM_ADDRESS" => Some(EnvRole::SmtpSender),
        "AWS_USE_PATH_STYLE_ENDPOINT" => None,
        // Laravel also takes the name of a service for it.
        "MAIL_EHLO_DOMAIN" => None,
        _ => variable::role(name, engines),
    }
}

/// An address in a file of variables that carries no password is a default like any other: a scheme that
/// names no host (`null://null`, `doctrine://default`) is no secret either.
fn address(variable: &mut EnvVar, value: &str, at: &Evidence) {
    let Some((scheme, _)) = value.split_once("://") else {
        return;
    };
    let here = matches!(
        scheme,
        "null" | "doctrine" | "sync" | "in-memory" | "flock" | "semaphore" | "sqlite"
    );
    let open = variable.role.is_none() && variable.set_at.is_none() && !value.contains('$');
    if open && (here || !variable.secret) && !secret::url_has_password(value) {
        variable.secret = false;
        variable.default = Some(value.to_owned());
        variable.set_at = Some(Evidence::new(
            at.file.clone(),
            at.line,
            &format!("{}={value}", variable.name),
        ));
    }
}
