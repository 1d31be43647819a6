//! Which framework a module is an application of, how it is built and how it is started.

use super::module::{Builder, Module};
use crate::project::{Evidence, Requirement};

/// A framework, by what a module requires or applies.
struct Known {
    name: &'static str,
    /// Beginnings of `group:artifact` or of the id of a plugin.
    signs: &'static [&'static str],
    /// Beginnings of what a module requires that answers requests; empty where the source tells.
    web: &'static [&'static str],
    /// Where it listens when nothing says otherwise; 0 where it has to be told.
    port: u16,
    /// The variable that moves it.
    moved_by: &'static str,
    /// Beginnings of the settings' keys that say where it listens.
    port_key: &'static str,
}

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    Known {
        name: "quarkus",
        signs: &["io.quarkus", "io.quarkus.platform:quarkus-maven-plugin", "io.quarkus:"],
        web: &[
            "io.quarkus:quarkus-rest", "io.quarkus:quarkus-resteasy", "io.quarkus:quarkus-vertx-http",
            "io.quarkus:quarkus-undertow", "io.quarkus:quarkus-reactive-routes", "io.quarkus:quarkus-smallrye-graphql",
            "io.quarkus:quarkus-websockets", "io.quarkus:quarkus-grpc", "io.quarkus:quarkus-spring-web",
            "io.quarkus:quarkus-smallrye-health", "io.quarkiverse.renarde:",
        ],
        port: 8080,
        moved_by: "QUARKUS_HTTP_PORT",
        port_key: "quarkus.http.port",
    },
    Known {
        name: "spring-boot",
        signs: &["org.springframework.boot"],
        web: &[
            "org.springframework.boot:spring-boot-starter-web", "org.springframework.boot:spring-boot-starter-jersey",
            "org.springframework.boot:spring-boot-starter-data-rest", "org.springframework.boot:spring-boot-starter-hateoas",
            "org.springframework.boot:spring-boot-starter-graphql", "org.springframework.boot:spring-boot-starter-rsocket",
            "org.springframework.cloud:spring-cloud-starter-gateway", "org.springframework.cloud:spring-cloud-config-server",
            "org.springframework.cloud:spring-cloud-starter-netflix-eureka-server", "de.codecentric:spring-boot-admin-starter-server",
            "com.netflix.graphql.dgs:", "com.vaadin:vaadin-spring-boot-starter", "org.springdoc:springdoc-openapi",
        ],
        port: 8080,
        moved_by: "SERVER_PORT",
        port_key: "server.port",
    },
    Known {
        name: "micronaut",
        signs: &["io.micronaut"],
        web: &["io.micronaut:micronaut-http-server", "io.micronaut.platform:micronaut-parent", "io.micronaut.servlet:"],
        port: 8080,
        moved_by: "MICRONAUT_SERVER_PORT",
        port_key: "micronaut.server.port",
    },
    Known { name: "ktor", signs: &["io.ktor:ktor-server-", "io.ktor.plugin"], web: &["io.ktor:ktor-server-cio", "io.ktor:ktor-server-jetty", "io.ktor:ktor-server-netty", "io.ktor:ktor-server-tomcat"], port: 0, moved_by: "", port_key: "ktor.deployment.port" },
    Known { name: "javalin", signs: &["io.javalin:javalin"], web: &["io.javalin:javalin"], port: 0, moved_by: "", port_key: "" },
    Known { name: "jetty", signs: &["org.eclipse.jetty:jetty-server"], web: &["org.eclipse.jetty:jetty-server"], port: 0, moved_by: "", port_key: "" },
    Known { name: "activej", signs: &["io.activej:activej-launchers-http"], web: &["io.activej:activej-launchers-http"], port: 8080, moved_by: "", port_key: "" },
    Known { name: "vertx", signs: &["io.vertx:vertx-web"], web: &[], port: 0, moved_by: "", port_key: "" },
];

/// What is known of the framework of one module.
#[derive(Debug)]
pub(super) struct Framework {
    pub(super) name: &'static str,
    pub(super) at: Evidence,
    /// What answers requests, where requirements tell.
    pub(super) web: Option<Evidence>,
    pub(super) port: u16,
    pub(super) moved_by: &'static str,
    pub(super) port_key: &'static str,
}

/// The first framework that `module` with `requirements` is made with.
pub(super) fn of(module: &Module, requirements: &[&Requirement]) -> Option<Framework> {
    let required = |signs: &[&str]| {
        let mut used = requirements.iter().filter(|one| !one.development);
        used.find(|one| signs.iter().any(|sign| one.name.starts_with(sign)))
            .map(|one| one.declared.clone())
    };
    KNOWN.iter().find_map(|known| {
        let mut plugins = module.plugins.iter();
        let applied = plugins.find(|(id, _)| known.signs.iter().any(|sign| id.starts_with(sign)));
        let at = required(known.signs).or_else(|| applied.map(|(_, at)| at.clone()))?;
        Some(Framework {
            name: known.name,
            at,
            web: required(known.web),
            port: known.port,
            moved_by: known.moved_by,
            port_key: known.port_key,
        })
    })
}

/// Whether the build itself is told to make an application of Quarkus of it.
pub(super) fn makes_quarkus(module: &Module) -> bool {
    module
        .plugins
        .iter()
        .any(|(id, _)| id == "io.quarkus" || id.ends_with(":quarkus-maven-plugin"))
}

/// How an application is built and started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Started in the folder of the build.
    pub(super) build: String,
    /// Started in the folder of the build as well.
    pub(super) command: String,
    /// Whether the name of what is made is known without running the build.
    pub(super) is_known: bool,
}

/// How `module`, whose class `main` starts, is built and started; None where no tool is known to make
/// something that runs.
pub(super) fn start(
    module: &Module,
    framework: Option<&str>,
    main: Option<&str>,
    uber_jar: bool,
) -> Option<Start> {
    let made = module.made();
    let extension = if module.war { "war" } else { "jar" };
    let jar = |folder: &str, suffix: &str| match &module.jar {
        Some(name) => format!("java -jar {folder}/{name}{suffix}.{extension}"),
        None => format!("java -jar {folder}/app.{extension}"),
    };
    let is_known = module.jar.is_some();
    match module.builder {
        Builder::Maven => {
            let package = maven(module, "package");
            if framework == Some("quarkus") {
                return Some(if uber_jar {
                    Start {
                        build: package,
                        command: jar(&made, "-runner"),
                        is_known,
                    }
                } else {
                    Start {
                        build: package,
                        command: format!("java -jar {made}/quarkus-app/quarkus-run.jar"),
                        is_known: true,
                    }
                });
            }
            let packs = |name: &str| module.plugins.iter().any(|(id, _)| id.ends_with(name));
            if framework == Some("spring-boot")
                || packs(":maven-shade-plugin")
                || packs(":micronaut-maven-plugin")
            {
                return Some(Start {
                    build: package,
                    command: jar(&made, ""),
                    is_known,
                });
            }
            if packs(":maven-assembly-plugin") {
                return Some(Start {
                    build: package,
                    command: jar(&made, "-jar-with-dependencies"),
                    is_known,
                });
            }
            if module.war {
                return None;
            }
            Some(Start {
                build: maven(
                    module,
                    "package dependency:copy-dependencies -DincludeScope=runtime",
                ),
                command: format!("java -cp {made}/classes:{made}/dependency/* {}", main?),
                is_known: true,
            })
        }
        Builder::Gradle => {
            let task = |name: &str| {
                let of = &module.address;
                let of = if of.is_empty() {
                    String::new()
                } else {
                    format!("{of}:")
                };
                format!("{} --no-daemon {of}{name}", module.program)
            };
            let libs = format!("{made}/libs");
            match framework {
                Some("quarkus") => Some(if uber_jar {
                    Start {
                        build: task("quarkusBuild"),
                        command: jar(&made, "-runner"),
                        is_known,
                    }
                } else {
                    Start {
                        build: task("quarkusBuild"),
                        command: format!("java -jar {made}/quarkus-app/quarkus-run.jar"),
                        is_known: true,
                    }
                }),
                Some("spring-boot") => {
                    let name = if module.war { "bootWar" } else { "bootJar" };
                    Some(Start {
                        build: task(name),
                        command: jar(&libs, ""),
                        is_known,
                    })
                }
                _ => {
                    let applies = |ids: &[&str]| ids.iter().any(|id| module.plugin(id).is_some());
                    if applies(&["application", "io.ktor.plugin", "io.micronaut.application"]) {
                        return Some(Start {
                            build: task("installDist"),
                            command: format!(
                                "java -cp {made}/install/{}/lib/* {}",
                                module.name, main?
                            ),
                            is_known: true,
                        });
                    }
                    applies(&["com.github.johnrengelman.shadow", "com.gradleup.shadow"]).then(
                        || Start {
                            build: task("shadowJar"),
                            command: jar(&libs, "-all"),
                            is_known,
                        },
                    )
                }
            }
        }
    }
}

fn maven(module: &Module, goals: &str) -> String {
    let of = if module.address.is_empty() {
        String::new()
    } else {
        format!("--projects {} --also-make ", module.address)
    };
    format!("{} --batch-mode -DskipTests {of}{goals}", module.program)
}
