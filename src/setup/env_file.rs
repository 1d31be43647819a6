//! Whether the variables that the application reads have a file.

use super::{Outcome, Request, Step};

pub(super) fn step(request: &Request) -> Step {
    let reads = request
        .project
        .services
        .iter()
        .any(|service| !service.env.is_empty());
    if request.root.join(".env").exists() {
        Step::new(".env", Outcome::Unchanged, "it is there")
    } else if reads || request.root.join(".env.example").is_file() {
        Step::new(
            ".env",
            Outcome::Skipped,
            "there is none, and the application reads variables",
        )
        .mend("shipway init --yes --feature env")
    } else {
        Step::new(
            ".env",
            Outcome::Skipped,
            "the application reads no variables",
        )
    }
}
