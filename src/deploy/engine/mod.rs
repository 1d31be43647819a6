//! The only place that knows the Docker API: connects to an engine and asks what it is.

mod address;
mod ssh;

pub use address::{Address, Tls, Variables};

use bollard::errors::Error;
use bollard::models::{ContainerSummary, SystemInfo, SystemVersion};
use bollard::{API_DEFAULT_VERSION, Docker};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an engine on this machine may take for all answers together.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for one that is reached through ssh, which has to log in first.
const PATIENCE_WITH_SSH: Duration = Duration::from_secs(20);

/// The oldest API that what shipway generates and does can be had with.
pub const OLDEST_API: (u32, u32) = (1, 41);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Docker,
    Podman,
}

/// What an engine says of itself.
#[derive(Debug, Clone)]
pub struct Engine {
    pub address: Address,
    pub kind: Kind,
    pub version: String,
    /// The newest API that it speaks, as major and minor; absent where it does not say.
    pub api: Option<(u32, u32)>,
    pub rootless: bool,
    /// Where in its own file system images and volumes lie.
    pub data_root: Option<String>,
    /// `overlay2`, `overlayfs`, `vfs`, `btrfs`, ….
    pub storage: Option<String>,
    /// Whether containers go on running while the engine is restarted.
    pub live_restore: bool,
    /// Memory in bytes that containers can use together.
    pub memory: Option<u64>,
    /// Ports that its containers publish now, sorted by port.
    pub published: Vec<Published>,
}

/// A port of this machine that a container holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    pub port: u16,
    pub container: String,
    /// Folder of the compose project that the container belongs to.
    pub project_folder: Option<String>,
}

/// Why no engine could be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    #[error("no engine was found; looked at {}", looked_at.join(", "))]
    NotFound { looked_at: Vec<String> },
    #[error("this user may not talk to the engine at {host}")]
    Denied { host: String },
    #[error("no engine answers at {host}: {message}")]
    Silent { host: String, message: String },
    #[error(
        "the engine at {host} cannot be asked: unix://, tcp:// and ssh://[user@]host[:port] are \
         spoken"
    )]
    Scheme { host: String },
    #[error("the engine at {host} is reached through ssh, which is not on PATH")]
    NoSsh { host: String },
    #[error("the engine at {host} wants TLS, and {} cannot be read: {message}", file.display())]
    Certificate {
        host: String,
        file: PathBuf,
        message: String,
    },
    #[error("the docker context \"{name}\" cannot be used: {message}")]
    Context { name: String, message: String },
}

/// Connects to the engine at `address`, settles on an API version and asks what it is.
/// Runs a runtime of its own on this thread until the answers are there, at most 10 s; 20 s where
/// it is reached through `ssh`, the path of that program.
///
/// # Errors
/// When the address has a scheme that is not spoken, ssh or a certificate is missing, access is
/// denied, or nothing answers.
pub fn ask(address: &Address, ssh: Option<&Path>) -> Result<Engine, EngineError> {
    let silent = |message: String| EngineError::Silent {
        host: address.host.clone(),
        message,
    };
    if !address.is_spoken() {
        return Err(EngineError::Scheme {
            host: address.host.clone(),
        });
    }
    let through_ssh = address.host.starts_with("ssh://");
    if through_ssh && ssh.is_none() {
        return Err(EngineError::NoSsh {
            host: address.host.clone(),
        });
    }
    if let Some((file, error)) = address.tls.as_ref().and_then(Tls::unreadable) {
        return Err(EngineError::Certificate {
            host: address.host.clone(),
            file,
            message: error.to_string(),
        });
    }
    if address.is_denied() {
        return Err(EngineError::Denied {
            host: address.host.clone(),
        });
    }
    let patience = if through_ssh {
        PATIENCE_WITH_SSH
    } else {
        PATIENCE
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| silent(error.to_string()))?;
    runtime.block_on(async {
        match tokio::time::timeout(patience, answers(address, ssh)).await {
            Ok(Ok((version, info, containers))) => {
                Ok(Engine::new(address.clone(), version, info, containers))
            }
            Ok(Err(error)) => Err(silent(cause(&error))),
            Err(_) => Err(silent(format!("no answer in {} s", patience.as_secs()))),
        }
    })
}

fn connect(address: &Address, ssh: Option<&Path>) -> Result<Docker, Error> {
    let host = address.host.as_str();
    let seconds = PATIENCE.as_secs();
    if let Some(ssh) = ssh.filter(|_| host.starts_with("ssh://")) {
        return ssh::connect(host, ssh);
    }
    if address.socket().is_some() {
        return Docker::connect_with_unix(host, seconds, API_DEFAULT_VERSION);
    }
    match &address.tls {
        Some(tls) => {
            let [key, certificate, authority] =
                ["key.pem", "cert.pem", "ca.pem"].map(|name| tls.file(name));
            Docker::connect_with_ssl(
                host,
                &key,
                &certificate,
                &authority,
                seconds,
                API_DEFAULT_VERSION,
            )
        }
        None => Docker::connect_with_http(host, seconds, API_DEFAULT_VERSION),
    }
}

async fn answers(
    address: &Address,
    ssh: Option<&Path>,
) -> Result<(SystemVersion, SystemInfo, Vec<ContainerSummary>), Error> {
    let engine = connect(address, ssh)?.negotiate_version().await?;
    // Podman runs programs to answer the first two: seconds on a machine that is busy.
    tokio::try_join!(
        engine.version(),
        engine.info(),
        engine.list_containers(None)
    )
}

/// The innermost cause: "Connection refused", not "client error".
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl Engine {
    fn new(
        address: Address,
        version: SystemVersion,
        info: SystemInfo,
        containers: Vec<ContainerSummary>,
    ) -> Self {
        let podman = version
            .components
            .iter()
            .flatten()
            .find(|component| component.name.starts_with("Podman"))
            .map(|component| component.version.clone());
        let rootless = info
            .security_options
            .iter()
            .flatten()
            .any(|option| option.contains("rootless"));
        Self {
            address,
            kind: if podman.is_some() {
                Kind::Podman
            } else {
                Kind::Docker
            },
            version: podman.or(version.version).unwrap_or_default(),
            api: version.api_version.as_deref().and_then(api),
            rootless,
            data_root: info.docker_root_dir,
            storage: info.driver,
            live_restore: info.live_restore_enabled.unwrap_or(false),
            memory: info.mem_total.and_then(|bytes| u64::try_from(bytes).ok()),
            published: published(containers),
        }
    }
}

/// `1.41` as numbers: as a text, 1.5 would be above 1.41.
fn api(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn published(containers: Vec<ContainerSummary>) -> Vec<Published> {
    let mut published: Vec<Published> = containers
        .into_iter()
        .flat_map(|container| {
            let name = container
                .names
                .iter()
                .flatten()
                .next()
                .map_or("a container", |name| name.trim_start_matches('/'))
                .to_owned();
            let project_folder = container
                .labels
                .and_then(|mut labels| labels.remove("com.docker.compose.project.working_dir"));
            container
                .ports
                .unwrap_or_default()
                .into_iter()
                .filter_map(|port| port.public_port)
                .map(move |port| Published {
                    port,
                    container: name.clone(),
                    project_folder: project_folder.clone(),
                })
        })
        .collect();
    published.sort();
    published.dedup();
    published
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn address(host: &str) -> Address {
        Address {
            host: host.to_owned(),
            named_by: "the test".to_owned(),
            tls: None,
        }
    }

    #[test]
    fn api_versions_are_numbers() {
        assert_eq!(api("1.41"), Some((1, 41)));
        assert!(api("1.5") < api("1.41"));
        assert_eq!(api("new"), None);
    }

    /// A server that answers the paths of `answers` and closes after each answer.
    fn engine(folder: &std::path::Path, answers: &'static [(&str, &str)]) -> Address {
        let socket = folder.join("engine.sock");
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut request = [0; 2048];
                let length = connection.read(&mut request).unwrap();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = request.split_whitespace().nth(1).unwrap_or_default();
                let body = answers
                    .iter()
                    .find(|(end, _)| path.split('?').next().unwrap_or_default().ends_with(end))
                    .map_or("{}", |(_, body)| body);
                let _ = write!(
                    connection,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Address {
            host: format!("unix://{}", socket.display()),
            named_by: "the test".to_owned(),
            tls: None,
        }
    }

    #[test]
    fn podman_is_told_from_docker_by_its_components() {
        let folder = tempfile::tempdir().unwrap();
        let address = engine(
            folder.path(),
            &[
                (
                    "/version",
                    r#"{"Version":"4.9.3","ApiVersion":"1.41","Components":[{"Name":"Podman Engine","Version":"4.9.3"}]}"#,
                ),
                (
                    "/info",
                    r#"{"Driver":"overlay","SecurityOptions":["name=seccomp,profile=default","name=rootless"],"MemTotal":2048}"#,
                ),
                (
                    "/containers/json",
                    r#"[{"Names":["/web-1"],"Labels":{"com.docker.compose.project.working_dir":"/srv/app"},"Ports":[{"PrivatePort":80,"PublicPort":8080,"Type":"tcp","IP":"0.0.0.0"},{"PrivatePort":80,"PublicPort":8080,"Type":"tcp","IP":"::"},{"PrivatePort":9000,"Type":"tcp"}]}]"#,
                ),
            ],
        );
        let engine = ask(&address, None).unwrap();
        assert_eq!(engine.kind, Kind::Podman);
        assert_eq!(engine.version, "4.9.3");
        assert_eq!(engine.api, Some((1, 41)));
        assert!(engine.rootless);
        assert_eq!(engine.storage.as_deref(), Some("overlay"));
        assert_eq!(engine.memory, Some(2048));
        assert_eq!(
            engine.published,
            [Published {
                port: 8080,
                container: "web-1".to_owned(),
                project_folder: Some("/srv/app".to_owned()),
            }]
        );
    }

    #[test]
    fn a_socket_that_nobody_serves_is_silent_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("gone.sock");
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        let host = format!("unix://{}", socket.display());
        let error = ask(&address(&host), None).unwrap_err();
        assert!(
            matches!(&error, EngineError::Silent { host: at, .. } if *at == host),
            "{error}"
        );
    }

    #[test]
    fn without_ssh_a_host_over_ssh_cannot_be_reached_and_says_so() {
        let error = ask(&address("ssh://deploy@example.org"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the engine at ssh://deploy@example.org is reached through ssh, which is not on PATH"
        );
    }

    #[test]
    fn what_is_no_address_is_not_asked() {
        for host in [
            "fd://",
            "npipe:////./pipe/docker",
            "ssh://",
            "localhost:2375",
        ] {
            let error = ask(&address(host), Some(Path::new("/usr/bin/ssh"))).unwrap_err();
            assert!(
                matches!(error, EngineError::Scheme { .. }),
                "{host}: {error}"
            );
        }
    }

    #[test]
    fn a_certificate_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), "").unwrap();
        let mut address = address("tcp://127.0.0.1:2376");
        address.tls = Some(Tls {
            folder: folder.path().to_owned(),
        });
        let error = ask(&address, None).unwrap_err();
        assert!(
            matches!(&error, EngineError::Certificate { file, .. } if file.ends_with("cert.pem")),
            "{error}"
        );
    }
}
