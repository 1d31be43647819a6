//! One-shot services that bring the schema up to date before the application starts.

use super::super::container;
use super::application::{Application, words};
use super::{Dependency, Service};
use crate::project::{Migration, Service as Detected, ServiceKind};

/// Name of the service where there is one.
pub(super) const NAME: &str = "migrate";

/// A migration that a container of an image runs.
pub(super) struct Step<'a> {
    /// The service whose migration it is, as a job of its own.
    detected: Detected,
    image: &'a container::Image,
    command: Vec<String>,
    /// Where the tool finds its configuration; None for the image's own working directory.
    folder: Option<String>,
}

impl Step<'_> {
    pub(super) fn name(&self) -> &str {
        &self.detected.name
    }

    /// Whether a service of this image must wait for it.
    pub(super) fn is_before(&self, image: &container::Image) -> bool {
        self.image.name == image.name
    }
}

/// One for each image whose services bring a migration with a command, in order of name.
pub(super) fn steps<'a>(application: &'a Application) -> Vec<Step<'a>> {
    let mut found: Vec<(&Detected, &container::Image, &Migration, Vec<String>)> = Vec::new();
    for (detected, image) in application.services() {
        let Some(migration) = detected.migration.as_ref().map(|fact| &fact.value) else {
            continue;
        };
        // The image has no SDK, which EF Core's command needs.
        let command = container::migration(detected);
        let Some(command) = command.filter(|_| detected.ecosystem != "dotnet") else {
            continue;
        };
        if !found.iter().any(|(_, other, ..)| other.name == image.name) {
            found.push((detected, image, migration, command));
        }
    }
    let several = found.len() > 1;
    found
        .into_iter()
        .map(|(detected, image, migration, command)| Step {
            command: words(Some(command)),
            folder: folder(detected, migration).filter(|folder| image.workdir() != Some(folder)),
            image,
            detected: {
                let mut job = detected.clone();
                let taken = |name: &str| {
                    let mut all = application.input.project.services.iter();
                    all.any(|one| one.name == name)
                };
                job.name = if several || taken(NAME) {
                    format!("{}-{NAME}", detected.name)
                } else {
                    NAME.to_owned()
                };
                job.kind.value = ServiceKind::Job;
                job.single = None;
                job
            },
        })
        .collect()
}

/// The folder that the tool is called in.
fn folder(detected: &Detected, migration: &Migration) -> Option<String> {
    // Where alembic.ini lies; other tools are told their folder by the command.
    let folder = (migration.tool == "alembic")
        .then_some(())
        .and_then(|()| detected.migration.as_ref()?.evidence.first())?
        .file
        .parent();
    Some(container::in_image(&folder))
}

impl Application<'_> {
    /// What holds for the steps in every environment.
    pub(super) fn migrations(&self, steps: &[Step]) -> Vec<Service> {
        steps
            .iter()
            .map(|step| {
                let mut service = self.one(&step.detected, step.image, &[]);
                step.run_once(&mut service);
                if let Some(stage) = step.image.migrates_in() {
                    service.image =
                        Some(self.image(step.image, &format!("{stage}-${{IMAGE_TAG:-local}}")));
                    service.build = Some(self.build(step.image, Some(stage)));
                }
                service.comment = vec![
                    "Brings the schema up to date, once, before anything else starts.".to_owned(),
                ];
                service.networks = vec!["app", "data"];
                service.profiles.clear();
                service.restart = Some("no");
                service
            })
            .collect()
    }

    /// The steps for development: with the source from the tree.
    pub(super) fn development_migrations(&self, steps: &[Step]) -> Vec<Service> {
        steps
            .iter()
            .map(|step| {
                let mut service = self.developed(&step.detected, step.image);
                step.run_once(&mut service);
                service.watch.clear();
                service
            })
            .collect()
    }

    /// The steps with their secrets as files.
    pub(super) fn hardened_migrations(&self, steps: &[Step]) -> Vec<Service> {
        steps
            .iter()
            .map(|step| self.with_secret_files(&step.detected))
            .collect()
    }
}

impl Step<'_> {
    fn run_once(&self, service: &mut Service) {
        service.command.clone_from(&self.command);
        service.working_dir.clone_from(&self.folder);
    }
}

/// Makes `service` wait for the steps of its image.
pub(super) fn wait_for(service: &mut Service, image: &container::Image, steps: &[Step]) {
    for step in steps.iter().filter(|step| step.is_before(image)) {
        service.depends_on.push(Dependency {
            name: step.name().to_owned(),
            condition: "service_completed_successfully",
        });
    }
}
