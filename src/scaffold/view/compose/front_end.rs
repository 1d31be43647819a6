//! What development needs in the work tree before the application starts: the front ends that it
//! hands out, and the folders that volumes are mounted on.

use super::super::container;
use super::application::{Application, host, mounted};
use super::{Service, Watch};
use crate::project::{FrontEnd, RelPath, Service as Detected};

/// Where the work tree lies in the containers that write to it.
const TREE: &str = "/src";

/// What its owner is taken with, and no more.
const AS_OWNER: [&str; 2] = ["SETGID", "SETUID"];

const DONE: &str = "service_completed_successfully";

impl Application<'_> {
    /// One service for each front end: what the image builds goes into the work tree.
    pub(super) fn front_ends(&self) -> Vec<Service> {
        let mut all = Vec::new();
        for (front_end, image, stage) in self.built() {
            let package = &front_end.package;
            let mut service = once(&self.front_end_name(front_end));
            service.comment.push(format!(
                "Puts the front end {} into the work tree, as its owner; `docker compose watch` builds it anew.",
                stage.place
            ));
            service.image = Some(self.image(image, &format!("{}-dev", stage.name())));
            service.build = Some(self.build(image, Some(stage.name())));
            let script = self.input.path("shipway_front_end").unwrap_or_default();
            service.command = vec![
                "node".to_owned(),
                format!("{TREE}/{script}"),
                TREE.to_owned(),
            ];
            service
                .command
                .extend(made(front_end).map(|path| super::literal(path.as_str())));
            let files = package.manifest.iter().chain(&package.lock);
            let files = files.map(|fact| &fact.value).chain(&package.sources);
            service.watch = container::outermost(files)
                .iter()
                .map(|path| Watch { path: host(path) })
                .collect();
            all.push(service);
        }
        all
    }

    /// The service that makes the folders that are mounted on inside a bind mount: where they are not
    /// there, the engine would make them in the work tree, owned by root.
    pub(super) fn folders(&self) -> Option<Service> {
        let mut folders: Vec<RelPath> = self
            .services()
            .filter(|(_, image)| image.dev)
            .flat_map(|(detected, _)| mounted_inside(detected))
            .collect();
        folders.sort();
        folders.dedup();
        if folders.is_empty() {
            return None;
        }
        let (_, image) = self.services().find(|(_, image)| image.dev)?;
        let mut service = once(&self.folders_name());
        service.comment.push(
            "Makes the folders that volumes are mounted on, as the owner of the work tree."
                .to_owned(),
        );
        service.image = Some(self.image(image, "dev"));
        service.build = Some(self.build(image, Some("dev")));
        service.command = vec!["--make-folders".to_owned(), TREE.to_owned()];
        service
            .command
            .extend(folders.iter().map(|path| super::literal(path.as_str())));
        service.user = Some("0:0".to_owned());
        Some(service)
    }

    /// Makes `service` wait for what `detected` needs in the work tree, and see it.
    pub(super) fn with_front_ends(&self, service: &mut Service, detected: &Detected) {
        if !mounted_inside(detected).is_empty() {
            service.after(self.folders_name(), DONE);
        }
        for front_end in &detected.front_ends {
            service.after(self.front_end_name(front_end), DONE);
            for fact in &front_end.outputs {
                let made = &fact.value;
                let seen = mounted(detected)
                    .iter()
                    .any(|source| made.to.is_within(source));
                if made.from != made.to || !seen {
                    service.bind(&host(&made.from), &container::in_image(&made.to), false);
                }
            }
        }
    }

    fn built(&self) -> impl Iterator<Item = (&FrontEnd, &container::Image, &container::Stage)> {
        let mounted = self.services().filter(|(_, image)| image.dev);
        mounted.flat_map(|(detected, image)| {
            detected.front_ends.iter().filter_map(move |front_end| {
                let folder = front_end.package.root.to_string();
                let mut stages = image.front_ends().iter();
                let stage = stages.find(|stage| stage.folder == folder)?;
                Some((front_end, image, stage))
            })
        })
    }

    fn front_end_name(&self, front_end: &FrontEnd) -> String {
        let several = self.built().count() > 1;
        let name = if several {
            front_end.package.name.as_str()
        } else {
            "front-end"
        };
        self.free_name(name)
    }

    fn folders_name(&self) -> String {
        self.free_name("folders")
    }

    /// `name`, unless a service of the user's goes by it.
    fn free_name(&self, name: &str) -> String {
        let services = &self.input.project.services;
        if services.iter().any(|service| service.name == name) {
            format!("shipway-{name}")
        } else {
            name.to_owned()
        }
    }
}

/// A service of development that writes to the work tree and ends.
fn once(name: &str) -> Service {
    let mut service = Service::named(name);
    service.bind("./", TREE, false);
    service.networks = vec!["app"];
    service.restart = Some("no");
    service.no_healthcheck = true;
    service.hardened = true;
    service.cap_add = AS_OWNER.to_vec();
    service.read_only = true;
    service
}

/// What a build of `front_end` puts into the work tree.
fn made(front_end: &FrontEnd) -> impl Iterator<Item = &RelPath> {
    front_end.outputs.iter().map(|fact| &fact.value.from)
}

/// Places inside a bind mount that something else is mounted on.
fn mounted_inside(detected: &Detected) -> Vec<RelPath> {
    let front_ends = detected.front_ends.iter().flat_map(|one| &one.outputs);
    let elsewhere = front_ends
        .map(|fact| &fact.value)
        .filter(|made| made.from != made.to)
        .map(|made| made.to.clone());
    let sources = mounted(detected);
    container::writable(&[detected])
        .into_iter()
        .chain(elsewhere)
        .filter(|folder| {
            sources
                .iter()
                .any(|source| folder != source && folder.is_within(source))
        })
        .collect()
}
