//! The parts of an application beside what answers requests: workers, schedulers, scripts.

use super::super::celery::Celery;
use super::super::django::Django;
use super::super::place::Place;
use super::super::process::Process;
use super::super::script::Script;
use super::super::{environment, files};
use super::{Surroundings, settings_variable};
use crate::project::{Confidence, Fact, Port, RelPath, ServerInterface, Service, ServiceKind};

impl Surroundings<'_, '_> {
    /// The worker of a Celery application, and its beat where there is a schedule; `named` are
    /// processes that a command of the repository starts already.
    pub(in crate::detect::python) fn celery(
        &self,
        celery: &Celery,
        named: &[Process],
        django: Option<&Django>,
    ) -> Vec<Service> {
        let there = |kind: ServiceKind| {
            named.iter().any(|process| {
                process.framework == Some("celery")
                    && (process.kind == kind || kind == ServiceKind::Scheduler && process.scheduler)
            })
        };
        let mut kinds = Vec::new();
        if !there(ServiceKind::Worker) {
            kinds.push((
                "worker",
                Fact::certain(ServiceKind::Worker, celery.at.clone()),
                format!("celery -A {} worker --loglevel INFO", celery.name),
            ));
        }
        if let Some(beat) = celery
            .beat
            .as_ref()
            .filter(|_| !there(ServiceKind::Scheduler))
        {
            kinds.push((
                "beat",
                Fact::certain(ServiceKind::Scheduler, beat.clone()),
                format!(
                    "celery -A {} beat --loglevel INFO --schedule /tmp/celerybeat-schedule",
                    celery.name
                ),
            ));
        }
        let files = self.reach(&celery.place, &Self::starts(&celery.file, django));
        kinds
            .into_iter()
            .map(|(name, kind, command)| {
                let mut service =
                    self.service(name, kind, &celery.place, Some(&celery.file), &files);
                service.framework = Some(Fact::certain("celery".to_owned(), celery.at.clone()));
                service.entry = Some(Fact::certain(celery.name.clone(), celery.at.clone()));
                service.interface = Some(Fact::certain(ServerInterface::Own, celery.at.clone()));
                service.server_command = Some(Fact::certain(command.clone(), celery.at.clone()));
                service.dev_command = Some(Fact::certain(command, celery.at.clone()));
                files::fill(self.code, self.package, &celery.place, &files, &mut service);
                let scheduler = service.kind.value == ServiceKind::Scheduler;
                beside_the_web(&mut service, scheduler);
                if let Some(django) = django {
                    settings_variable(&mut service, django);
                }
                service
            })
            .collect()
    }

    /// A process that a command of the repository starts; `like` is where it begins if the
    /// command names no file of the tree.
    pub(in crate::detect::python) fn process(
        &self,
        process: &Process,
        like: Option<(&Place, &[RelPath])>,
        django: Option<&Django>,
    ) -> Service {
        let place = match (process.starts.first(), like) {
            (Some(file), _) => Place::of(self.code, &self.package.root, file),
            (None, Some((place, _))) => place.clone(),
            (None, None) => Place {
                base: process.folder.clone(),
                roots: vec![process.folder.clone(), self.package.root.clone()],
            },
        };
        let mut starts = process.starts.clone();
        if starts.is_empty() || django.is_some() {
            starts.extend(
                like.into_iter()
                    .flat_map(|(_, files)| files.iter().cloned()),
            );
        }
        starts.extend(django.into_iter().flat_map(|django| django.loaded.clone()));
        let files = self.reach(&place, &starts);
        let mut evidence = vec![process.at.clone()];
        evidence.extend(process.also.iter().cloned());
        let kind = Fact::new(process.kind, Confidence::Certain, evidence);
        let mut service = self.service(&process.name, kind, &place, process.starts.first(), &files);
        service.framework = process
            .framework
            .map(|name| Fact::certain(name.to_owned(), process.at.clone()));
        let command = self.here(&process.command, &service.working_dir.value);
        let entry = if process.entry.is_empty() {
            command.clone()
        } else {
            self.here(&process.entry, &service.working_dir.value)
        };
        service.entry = Some(Fact::certain(entry, process.at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, process.at.clone()));
        service.server_command = Some(Fact::certain(command.clone(), process.at.clone()));
        service.dev_command = Some(Fact::certain(command, process.at.clone()));
        service.port = process.port.and_then(Port::new).map(|port| {
            Fact::new(port, Confidence::Likely, vec![process.at.clone()])
                .because(format!("{}'s usual port", process.name))
        });
        files::fill(self.code, self.package, &place, &files, &mut service);
        beside_the_web(&mut service, process.scheduler);
        environment::of_command(&process.command, &process.at, &mut service.env);
        if let Some(django) = django {
            settings_variable(&mut service, django);
        }
        service
    }

    /// A command with the paths of another machine as this tree has them: a path that ends like
    /// one below the project is that one.
    fn here(&self, command: &str, working_dir: &RelPath) -> String {
        command
            .split(' ')
            .map(|word| {
                let Some(path) = word.strip_prefix('/') else {
                    return word.to_owned();
                };
                let parts: Vec<&str> = path.split('/').collect();
                (0..parts.len())
                    .filter_map(|from| self.package.root.join(&parts[from..].join("/")).ok())
                    .find(|path| self.code.tree.has(path))
                    .map_or_else(|| word.to_owned(), |path| path.relative_to(working_dir))
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// A main program that serves nothing.
    pub(in crate::detect::python) fn script(&self, script: &Script) -> Service {
        let name = match script.file.stem() {
            "__main__" => script.file.parent().file_name().to_owned(),
            stem => stem.to_owned(),
        };
        let files = self.reach(&script.place, std::slice::from_ref(&script.file));
        let mut service = self.service(
            &name,
            script.kind.clone(),
            &script.place,
            Some(&script.file),
            &files,
        );
        service.framework = script
            .framework
            .as_ref()
            .map(|(name, at)| Fact::certain((*name).to_owned(), at.clone()));
        let working_dir = service.working_dir.value.clone();
        let path = script.file.relative_to(&working_dir);
        service.entry = Some(Fact::certain(path.clone(), script.at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, script.at.clone()));
        let command = if script.file.file_name() == "__main__.py" {
            script
                .place
                .dotted(&script.file)
                .and_then(|name| name.strip_suffix(".__main__").map(str::to_owned))
                .map_or_else(
                    || format!("python {path}"),
                    |name| format!("python -m {name}"),
                )
        } else {
            format!("python {path}")
        };
        service.server_command = Some(Fact::certain(command.clone(), script.at.clone()));
        service.dev_command = Some(Fact::certain(command, script.at.clone()));
        files::fill(self.code, self.package, &script.place, &files, &mut service);
        if script.kind.value == ServiceKind::Scheduler {
            service.single = None;
            let at = script.kind.evidence.first().unwrap_or(&script.at).clone();
            files::single(
                &mut service,
                "scheduler",
                "two of them would do every job twice",
                at,
            );
        }
        service
    }
}

/// What holds of a process that is not the web service: that answers for uploads, and only a
/// scheduler may not run twice.
fn beside_the_web(service: &mut Service, scheduler: bool) {
    if scheduler {
        service.single = None;
        if let Some(at) = service.kind.evidence.first().cloned() {
            files::single(
                service,
                "scheduler",
                "two schedulers would start every task twice",
                at,
            );
        }
    } else {
        service.single = service
            .single
            .take()
            .filter(|single| single.value.reason == "sqlite");
    }
}
