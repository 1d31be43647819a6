//! Puts together what the programs of one build are.

use super::application::{Application, Sources};
use super::solution::Build;
use super::{variables, version};
use crate::detect::compiled::Compiled;
use crate::detect::serving::{self, Listen};
use crate::detect::{Found, Tree, existing, unknown, variable};
use crate::project::{
    ComposeFile, ComposeService, Confidence, EnvRole, EnvVar, Evidence, Existing, Fact,
    LintCommand, PackageManager, Port, RelPath, ServerInterface, Service, ServiceKind, TestCommand,
};
use std::collections::BTreeSet;

/// Where the programs of a build are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) build: &'a Build<'a>,
    pub(super) sources: &'a Sources<'a>,
    /// The commands that test and check all of it.
    pub(super) test: &'a Option<Fact<TestCommand>>,
    pub(super) lint: &'a [Fact<LintCommand>],
    /// Whether there is no other build.
    pub(super) alone: bool,
}

/// Where ASP.NET Core listens in an image of .NET where nothing says otherwise.
/// <https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/aspnet-port>
const PORT: u16 = 8080;

/// Packages of Debian that packages of `NuGet` load.
const NATIVE: &[(&str, &[&str])] = &[
    ("SkiaSharp.NativeAssets.Linux.NoDependencies", &[]),
    ("SkiaSharp", &["libfontconfig1"]),
    ("HarfBuzzSharp", &["libfontconfig1"]),
    ("QuestPDF", &["libfontconfig1"]),
    ("System.Drawing.Common", &["libgdiplus"]),
    ("FFMpegCore", &["ffmpeg"]),
    ("Xabe.FFmpeg", &["ffmpeg"]),
    ("Tesseract", &["tesseract-ocr"]),
];

impl Search<'_> {
    pub(super) fn services(&self, found: &mut Found) -> Vec<Service> {
        let all: Vec<(Application, Fact<ServiceKind>)> = self
            .build
            .projects
            .iter()
            .filter(|project| project.may_run())
            .filter_map(|project| {
                let application = Application::of(self.tree, self.build, project, self.sources);
                let kind = application.kind()?;
                Some((application, kind))
            })
            .collect();
        let servers = all
            .iter()
            .filter(|(_, kind)| kind.value == ServiceKind::Web);
        let only = servers.count() == 1;
        let mut services = Vec::new();
        for (application, kind) in &all {
            let mut service = self.service(application, kind, only, all.len() == 1);
            found.findings.extend(application.not_kept());
            for (folder, at) in application.front_ends() {
                for package in ["nodejs", "npm"] {
                    let known = service.build_packages.iter();
                    if known.clone().all(|one| one.value != package) {
                        let fact = Fact::certain(package.to_owned(), at.clone());
                        let because = format!("the build of the project runs npm in {folder}");
                        service.build_packages.push(fact.because(because));
                    }
                }
                let is_inside = service.sources.iter().any(|one| folder.is_within(one));
                if !is_inside {
                    service.sources.push(folder.clone());
                    service.sources.sort();
                }
                found.embedded.push(folder);
            }
            if kind.value == ServiceKind::Web {
                self.serve(application, &mut service, all.len() == 1, found);
            }
            services.push(service);
        }
        services
    }

    fn compiled<'c>(&'c self, application: &'c Application, single: bool) -> Compiled<'c> {
        Compiled {
            runtime: "dotnet",
            name: &application.project.name,
            root: &self.build.home,
            folder: &application.project.root,
            alone: self.alone,
            single,
        }
    }

    /// The services of compose files that run it.
    fn composed(
        &self,
        application: &Application,
        single: bool,
    ) -> Vec<(&ComposeFile, &ComposeService)> {
        let project = application.project;
        let alone = self.alone && single;
        existing::own_services(self.existing, &project.root, Some(&project.name), alone)
    }

    /// A service with everything that does not depend on what it does.
    fn service(
        &self,
        application: &Application,
        kind: &Fact<ServiceKind>,
        only: bool,
        single: bool,
    ) -> Service {
        let project = application.project;
        let compiled = self.compiled(application, single);
        let name = compiled.service(kind.value, only);
        let home = self.build.home.clone();
        let working_dir = Fact::certain(project.root.clone(), Evidence::file(project.path.clone()))
            .because("`dotnet run` starts it there, and paths in its settings are relative to it");
        let mut service = Service::new(name, "dotnet", home, kind.clone(), working_dir);
        let file = application.file();
        service.entry = Some(Fact::certain(file.clone(), project.at.clone()));
        service.interface = Some(Fact::certain(ServerInterface::Own, project.at.clone()));
        service.framework = application.framework(kind.value);
        let assembly = project
            .get("AssemblyName")
            .map_or(&project.at, |(_, at)| at);
        service.server_command = Some(
            Fact::certain(
                format!("dotnet {}.dll", project.assembly()),
                assembly.clone(),
            )
            .because("started in the folder that the build publishes to"),
        );
        if kind.value == ServiceKind::Web {
            let command = format!("dotnet watch run --project {file} --no-launch-profile");
            service.dev_command = Some(Fact::certain(command, project.at.clone()));
        }
        service.package_manager = Some(manager(project.at.clone()));
        let manifest = Evidence::file(project.path.clone());
        service.manifest = Some(Fact::certain(project.path.clone(), manifest));
        let manifests: BTreeSet<&RelPath> = application
            .projects
            .iter()
            .flat_map(|one| &one.manifests)
            .collect();
        service.manifest_includes = manifests
            .into_iter()
            .filter(|path| **path != project.path)
            .cloned()
            .collect();
        let lock = project.lock.clone();
        service.lock = lock.map(|path| Fact::certain(path.clone(), Evidence::file(path)));
        let requirements = application.requirements.iter();
        service.requirements = requirements.map(|one| (*one).clone()).collect();
        let images = compiled.images(self.existing);
        service.runtime_version = version::find(self.tree, self.existing, project, &images);
        service.build_version = version::sdk(self.tree, project);
        let mut publish = format!("dotnet publish {file} --configuration Release");
        if let (true, Some(version)) = (project.frameworks().len() > 1, &service.runtime_version) {
            // Of several one is named.
            publish.push_str(&format!(" --framework net{}", version.value));
        }
        for form in project.other_forms() {
            publish.push_str(&format!(" -p:{form}=false"));
        }
        service.build = Some(Fact::certain(publish, project.at.clone()));
        service.sources = sources(application);
        service.system_packages = native(application);
        let public = project.root.join("wwwroot").ok();
        service.static_dirs = public
            .filter(|folder| self.tree.has_folder(folder))
            .map(|folder| Fact::certain(folder.clone(), Evidence::file(folder)))
            .into_iter()
            .collect();
        service.test.clone_from(self.test);
        service.lint = self.lint.to_vec();
        service.env = variables::find(application);
        let environment = match kind.value {
            ServiceKind::Web => "ASPNETCORE_ENVIRONMENT",
            _ => "DOTNET_ENVIRONMENT",
        };
        let at = project.at.clone();
        let environment = EnvVar::plain(environment, EnvRole::AppEnvironment, at);
        service.env.push(environment);
        service.env.sort_by(|a, b| a.name.cmp(&b.name));
        let composed = self.composed(application, single);
        variable::set(
            &mut service.env,
            images.iter().flat_map(|image| &image.env),
            composed.iter().flat_map(|(_, one)| &one.settings),
        );
        service.signs = application.signs();
        service.migration = application.migration();
        application.keeps(&mut service);
        application.single(&mut service);
        service
    }

    /// What only a server has.
    fn serve(
        &self,
        application: &Application,
        service: &mut Service,
        single: bool,
        found: &mut Found,
    ) {
        let listens: Vec<&Listen> = application
            .files
            .iter()
            .flat_map(|file| &file.listens)
            .collect();
        let (port, movable) = self.port(application, &listens, single);
        service.port = port;
        if service.port.is_none() {
            let looked_at = [
                "appsettings.json",
                "the calls that listen",
                "Dockerfile EXPOSE",
            ];
            found.unknown.push(unknown::of(service, "port", &looked_at));
        }
        let images = self.compiled(application, single).images(self.existing);
        let composed = self.composed(application, single);
        let of_images = images.iter().filter_map(|image| image.healthcheck.as_ref());
        let of_compose = composed
            .iter()
            .filter_map(|(_, one)| one.healthcheck.as_ref());
        service.health =
            serving::asked(of_images.chain(of_compose)).or_else(|| application.health());
        if let Some(at) = service.port.as_ref().and_then(|fact| fact.evidence.first())
            && movable
        {
            let (name, role) = if is_before_8(service) {
                ("ASPNETCORE_URLS", EnvRole::ListenUrl)
            } else {
                ("ASPNETCORE_HTTP_PORTS", EnvRole::ListenPort)
            };
            variable::listens_by(&mut service.env, name, role, at);
        }
        let mend = "listen on every address: http://*:8080";
        found
            .findings
            .extend(serving::on_loopback(&listens, &service.name, mend));
    }

    /// Where it listens, and whether a variable of the framework moves it.
    fn port(
        &self,
        application: &Application,
        listens: &[&Listen],
        single: bool,
    ) -> (Option<Fact<Port>>, bool) {
        let settings = &application.settings;
        let endpoint = settings
            .endpoint()
            .map(|(port, one)| (port, one.at.clone()));
        let kept = |name: &str| {
            let mut files = application.files.iter();
            let named = [name.to_owned(), format!("default{name}")];
            files
                .find_map(|file| named.iter().find_map(|name| file.ports.get(name).cloned()))
                .or_else(|| {
                    let one = settings.get(name).or_else(|| settings.get("Port"))?;
                    Some((one.value.parse().ok()?, one.at.clone()))
                })
        };
        let mut fixed: Vec<(Port, Evidence)> = endpoint.into_iter().collect();
        fixed.extend(serving::ports(listens, kept));
        fixed.extend(settings.urls().map(|(port, one)| (port, one.at.clone())));
        if let Some(fact) = Fact::first_of(Confidence::Certain, fixed) {
            let several = !fact.against.is_empty();
            let order = "Kestrel's endpoints in the settings go before the calls that listen, and those before other addresses in the settings";
            return (
                Some(if several { fact.because(order) } else { fact }),
                false,
            );
        }
        let images = self.compiled(application, single).images(self.existing);
        let composed = self.composed(application, single);
        let told = images
            .iter()
            .flat_map(|image| &image.env)
            .chain(composed.iter().flat_map(|(_, one)| &one.settings))
            .filter_map(|at| Some((told(&at.excerpt)?, at.clone())));
        let exposed = images
            .iter()
            .flat_map(|image| image.exposed.iter().cloned());
        let published = composed
            .iter()
            .filter_map(|(file, one)| existing::published(self.tree, file, one));
        // Who is not root takes no port below.
        let claims = told.chain(exposed).chain(published);
        let claims = claims.filter(|(port, _)| port.get() >= 1024);
        let fact = Fact::first_of(Confidence::Certain, claims);
        // The code says it in a way that is not understood here.
        if !listens.is_empty() {
            return (fact, false);
        }
        let fact = fact.or_else(|| {
            let fact = Fact::likely(Port::new(PORT)?, application.project.at.clone());
            Some(fact.because(
                "ASP.NET Core listens there in an image of .NET where nothing says otherwise",
            ))
        });
        (fact, true)
    }
}

/// The port of `ASPNETCORE_URLS=http://+:5000` and `ASPNETCORE_HTTP_PORTS=5000`.
fn told(setting: &str) -> Option<Port> {
    let (name, value) = setting.split_once('=')?;
    let port = match name {
        "ASPNETCORE_HTTP_PORTS" | "HTTP_PORTS" => value.split(';').next()?.parse().ok()?,
        "ASPNETCORE_URLS" | "URLS" => {
            let plain = value.split(';').find(|text| text.starts_with("http://"))?;
            super::settings::address(plain).1?
        }
        _ => return None,
    };
    Port::new(port)
}

/// Whether it runs on a .NET that knows of no list of ports.
fn is_before_8(service: &Service) -> bool {
    let major = service
        .runtime_version
        .as_ref()
        .and_then(|fact| fact.value.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major < 8)
}

pub(super) fn manager(at: Evidence) -> Fact<PackageManager> {
    Fact::certain(PackageManager::Nuget, at)
}

/// The folders of what it is made with, and the files above them that the build reads.
fn sources(application: &Application) -> Vec<RelPath> {
    let projects = application.projects.iter();
    let all: BTreeSet<RelPath> = projects
        .flat_map(|one| {
            let outside = one
                .manifests
                .iter()
                .filter(|path| !path.is_within(&one.root));
            let above = one.above.iter().filter(|path| !path.is_within(&one.root));
            std::iter::once(&one.root).chain(outside).chain(above)
        })
        .cloned()
        .collect();
    let inner = all.iter().filter(|path| {
        !all.iter()
            .any(|other| other != *path && path.is_within(other))
    });
    inner.cloned().collect()
}

fn native(application: &Application) -> Vec<Fact<String>> {
    let alone = application
        .requires(&["SkiaSharp.NativeAssets.Linux.NoDependencies"])
        .is_some();
    let mut found: Vec<Fact<String>> = Vec::new();
    for (sign, packages) in NATIVE {
        let Some(requirement) = application.requires(&[sign]) else {
            continue;
        };
        if alone && sign.starts_with("SkiaSharp") {
            continue;
        }
        for package in *packages {
            if !found.iter().any(|known| known.value == *package) {
                let fact = Fact::likely((*package).to_owned(), requirement.declared.clone());
                found.push(fact.because(format!("{} loads it", requirement.name)));
            }
        }
    }
    found
}
