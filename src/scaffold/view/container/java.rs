//! The image of an application of Java: built by its own build in one stage, run on a JRE.

use super::super::Input;
use super::python::{install, packages};
use super::{base, environment, in_image, probe, sh, volumes};
use crate::config::Base;
use crate::project::{Confidence, Service};
use serde::Serialize;

/// The generated script that starts the command and asks whether it is well.
const START: &str = "/opt/shipway/shipway_start.sh";

#[derive(Debug, Serialize)]
pub(super) struct Java {
    final_base: String,
    final_comment: Vec<String>,
    /// Folder that the build is started in.
    home: String,
    pub(super) workdir: String,
    is_gradle: bool,
    /// Folder of what the build tool downloads.
    cache: &'static str,
    build: String,
    /// Commands that put what runs below `/final`.
    kept: Vec<String>,
    install: String,
    script: String,
    env: Vec<String>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    volumes: Vec<String>,
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Java {
    let first = services[0];
    let (_, run) = base::java(input, first, program(first));
    let kind = base::java_kind(input);
    let mut system = packages(services, |service| &service.system_packages);
    system.extend(["curl", "tini"]);
    let tini = match kind {
        Base::Alpine => "/sbin/tini",
        _ => "/usr/bin/tini",
    };
    let build = first.build.as_ref().map_or("", |fact| fact.value.as_str());
    Java {
        final_base: run.reference,
        final_comment: run.comment,
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        is_gradle: is_gradle(first),
        cache: if is_gradle(first) {
            "/root/.gradle"
        } else {
            "/root/.m2"
        },
        // Committed from Windows, a wrapper may not be executable.
        build: if build.starts_with("./") {
            format!("sh {build}")
        } else {
            build.to_owned()
        },
        kept: kept(first),
        install: install(kind, &system, true),
        script: input.path("shipway_shell").unwrap_or_default().to_owned(),
        env: environment(first),
        entrypoint: [tini, "-e", "143", "--", "sh", START]
            .map(str::to_owned)
            .into(),
        command: command(first).unwrap_or_default(),
        healthcheck: probe(first),
        volumes: volumes(services),
    }
}

/// What FROM of the stage that builds says.
pub(super) fn base(input: &Input, service: &Service) -> base::Chosen {
    base::java(input, service, program(service)).0
}

/// How it is started; its words stand as they are, for the JVM itself knows `lib/*`.
pub(super) fn command(service: &Service) -> Option<Vec<String>> {
    let fact = service.server_command.as_ref()?;
    Some(fact.value.split(' ').map(str::to_owned).collect())
}

/// The command that asks whether it is well, without what is asked.
pub(super) fn asks() -> Vec<String> {
    vec!["sh".to_owned(), START.to_owned()]
}

fn program(service: &Service) -> &str {
    let build = service
        .build
        .as_ref()
        .map_or("", |fact| fact.value.as_str());
    build.split(' ').next().unwrap_or_default()
}

fn is_gradle(service: &Service) -> bool {
    program(service).contains("gradle")
}

/// Commands that copy what the command names out of the build: a jar, the folder of a fast jar, the
/// parts of a class path.
fn kept(service: &Service) -> Vec<String> {
    let Some(fact) = &service.server_command else {
        return Vec::new();
    };
    let words: Vec<&str> = fact.value.split(' ').collect();
    let to = |path: &str| format!("/final{}/{path}", in_image(&service.root));
    let folder = |path: &str| {
        path.rsplit_once('/')
            .map_or(".", |(folder, _)| folder)
            .to_owned()
    };
    match words.as_slice() {
        ["java", "-jar", jar, ..] if fact.confidence != Confidence::Certain => {
            // Only the build knows what it is called.
            let here = folder(jar);
            let extension = jar.rsplit('.').next().unwrap_or("jar");
            vec![
                format!("mkdir -p {}", sh(&to(&here))),
                format!(
                    "find {} -maxdepth 1 -name '*.{extension}' ! -name '*-plain.*' ! -name '*-sources.*' ! -name '*-javadoc.*' ! -name 'original-*' -exec cp {{}} {} \\; -quit",
                    sh(&here),
                    sh(&to(jar))
                ),
                format!("test -f {}", sh(&to(jar))),
            ]
        }
        ["java", "-jar", jar, ..] if jar.ends_with("/quarkus-app/quarkus-run.jar") => {
            let app = folder(jar);
            vec![
                format!("mkdir -p {}", sh(&to(&folder(&app)))),
                format!("cp -R {} {}", sh(&app), sh(&to(&app))),
            ]
        }
        ["java", "-jar", jar, ..] => vec![
            format!("mkdir -p {}", sh(&to(&folder(jar)))),
            format!("cp {} {}", sh(jar), sh(&to(jar))),
        ],
        ["java", "-cp", path, ..] => path
            .split(':')
            .map(|part| part.trim_end_matches("/*"))
            .flat_map(|part| {
                [
                    // A module without dependencies has no folder of them.
                    format!("mkdir -p {} {}", sh(part), sh(&to(&folder(part)))),
                    format!("cp -R {} {}", sh(part), sh(&to(part))),
                ]
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What the application is told: the memory of the container is its own, a port, and that what is under
/// way is to be finished when it ends.
fn environment(service: &Service) -> Vec<String> {
    let mut found = vec![
        "JAVA_TOOL_OPTIONS=\"-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError\"".to_owned(),
    ];
    match service.framework.as_ref().map(|fact| fact.value.as_str()) {
        Some("spring-boot") => found.push("SERVER_SHUTDOWN=graceful".to_owned()),
        Some("quarkus") => found.push("QUARKUS_SHUTDOWN_TIMEOUT=20s".to_owned()),
        _ => {}
    }
    found.extend(environment::told(service));
    found.sort();
    found
}
