//! Puts together what an application of R is.

use super::app::{App, Kind};
use super::project::RProject;
use super::{checks, files, manager, packages, server, settings, version};
use crate::detect::{Found, naming};
use crate::project::{
    Confidence, EnvRole, EnvVar, Evidence, Fact, Finding, ServerInterface, Service, ServiceKind,
    Severity,
};

/// The service that `app` is; the only one of the tree, or one of several.
pub(super) fn service(project: &RProject<'_>, app: &App, only: bool, found: &mut Found) -> Service {
    let name = if only {
        Some("web".to_owned())
    } else {
        naming::sanitised(app.folder.file_name())
    };
    let at = app.at.clone();
    let mut service = Service::new(
        name.unwrap_or_else(|| "web".to_owned()),
        "r",
        project.root.clone(),
        Fact::certain(ServiceKind::Web, at.clone()),
        Fact::certain(app.folder.clone(), at.clone()),
    );
    service.framework = Some(Fact::certain(
        framework(project, app).to_owned(),
        at.clone(),
    ));
    service.entry = Some(Fact::certain(entry(project, app), at.clone()));
    service.interface = Some(Fact::certain(ServerInterface::Own, at.clone()));
    service.package_manager = manager(project);
    let lock = project.lock.as_ref().map(|lock| lock.path.clone());
    let description = project.description.as_ref().map(|one| one.path.clone());
    service.lock = lock
        .clone()
        .map(|path| Fact::certain(path.clone(), Evidence::file(path)));
    service.manifest = lock
        .or(description)
        .map(|path| Fact::certain(path.clone(), Evidence::file(path)));
    service.requirements.clone_from(&project.requirements);
    service.runtime_version = version::find(project);
    let server = server::find(project, app);
    service.server_command = Some(Fact::new(
        server.command,
        Confidence::Certain,
        vec![at.clone()],
    ));
    service.port = server.port;
    if app.kind == Kind::Golem {
        let rule = "golem's application is a package, which is installed";
        service.build = Some(Fact::certain("R CMD INSTALL .".to_owned(), at).because(rule));
    }
    service.health = app
        .health
        .clone()
        .map(|(route, at)| Fact::likely(route, at));
    service.sources = vec![project.root.clone()];
    packages::find(project, &mut service);
    files::find(project, app, &mut service);
    service.env = settings::find(project, &app.folder);
    if let Some((name, at)) = server.variable {
        match service.env.iter_mut().find(|known| known.name == name) {
            Some(known) => known.role = Some(EnvRole::ListenPort),
            None => service
                .env
                .push(EnvVar::plain(&name, EnvRole::ListenPort, at)),
        }
        service.env.sort_by(|a, b| a.name.cmp(&b.name));
    }
    service.test = checks::test(project);
    service.lint = checks::lint(project);
    if service.lock.is_none() {
        found.findings.push(without_lock(project, &service));
    }
    service
}

fn framework(project: &RProject<'_>, app: &App) -> &'static str {
    match app.kind {
        Kind::Golem => "golem",
        Kind::Plumber => "plumber",
        Kind::Shiny if project.path("rhino.yml").is_some() => "rhino",
        Kind::Shiny | Kind::Document => "shiny",
    }
}

fn entry(project: &RProject<'_>, app: &App) -> String {
    let package = project
        .description
        .as_ref()
        .and_then(|one| one.package.as_ref());
    match (app.kind, package) {
        (Kind::Golem, Some((name, _))) => format!("{name}::run_app()"),
        _ => app.entry.relative_to(&app.folder),
    }
}

fn without_lock(project: &RProject<'_>, service: &Service) -> Finding {
    let at = service.kind.evidence.clone();
    let place = if project.root.is_root() {
        String::new()
    } else {
        format!("cd {} && ", project.root)
    };
    Finding {
        id: "no-lock",
        severity: Severity::Note,
        message: format!(
            "nothing locks the packages of {}: two builds at different times may install different ones",
            service.name
        ),
        evidence: at,
        mend: format!("{place}Rscript -e 'renv::init()', and commit renv.lock"),
    }
}
