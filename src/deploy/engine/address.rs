//! Where the engine is: the same places, in the same order, as the `docker` command looks.

use super::EngineError;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The process's variables, or a test's.
pub type Variables = std::collections::BTreeMap<String, String>;

/// One engine's address and what named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `unix:///var/run/docker.sock`, `tcp://…`, ….
    pub host: String,
    /// `DOCKER_HOST`, `the docker context "x"`, or that it lies at a usual place.
    pub named_by: String,
    /// What proves either side to the other; None where the connection is not encrypted.
    pub tls: Option<Tls>,
}

/// The files of a TLS connection, by the names that the `docker` command gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Holds `ca.pem`, `cert.pem` and `key.pem`.
    pub folder: PathBuf,
}

impl Tls {
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The first of its files that cannot be read.
    pub(super) fn unreadable(&self) -> Option<(PathBuf, std::io::Error)> {
        ["ca.pem", "cert.pem", "key.pem"].iter().find_map(|name| {
            let path = self.file(name);
            let error = std::fs::File::open(&path).err()?;
            Some((path, error))
        })
    }
}

/// What the `docker` command keeps about a context in `meta.json`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    endpoints: Endpoints,
}

#[derive(serde::Deserialize)]
struct Endpoints {
    #[serde(default)]
    docker: Option<Endpoint>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientConfig {
    current_context: Option<String>,
}

impl Address {
    /// `DOCKER_HOST`, then the current docker context, then the usual sockets of Docker and
    /// Podman, system-wide and rootless.
    ///
    /// # Errors
    /// When nothing names an engine and none of the usual sockets is there, or the docker
    /// context in use cannot be read.
    pub fn find(variables: &Variables) -> Result<Self, EngineError> {
        let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        let home = set("HOME").map(PathBuf::from);
        let config = set("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| home.as_ref().map(|home| home.join(".docker")));
        if let Some(host) = set("DOCKER_HOST") {
            let folder = set("DOCKER_CERT_PATH").map(PathBuf::from).or(config);
            return Ok(Self {
                host: host.clone(),
                named_by: "DOCKER_HOST".to_owned(),
                tls: folder
                    .filter(|_| set("DOCKER_TLS_VERIFY").is_some())
                    .map(|folder| Tls { folder }),
            });
        }
        if let Some(config) = config
            && let Some(found) = Self::of_context(&config, set("DOCKER_CONTEXT"))?
        {
            return Ok(found);
        }
        let sockets = usual_sockets(set("XDG_RUNTIME_DIR").map(Path::new), home.as_deref());
        match sockets.iter().find(|socket| socket.exists()) {
            Some(socket) => Ok(Self {
                host: format!("unix://{}", socket.display()),
                named_by: "its usual place".to_owned(),
                tls: None,
            }),
            None => Err(EngineError::NotFound {
                looked_at: sockets
                    .iter()
                    .map(|socket| socket.display().to_string())
                    .collect(),
            }),
        }
    }

    /// The current context; None where there is none, or it is docker's built-in one.
    fn of_context(config: &Path, named: Option<&String>) -> Result<Option<Self>, EngineError> {
        let current = || {
            let text = std::fs::read_to_string(config.join("config.json")).ok()?;
            serde_json::from_str::<ClientConfig>(&text)
                .ok()?
                .current_context
        };
        let Some(name) = named
            .cloned()
            .or_else(current)
            .filter(|name| !name.is_empty() && name != "default")
        else {
            return Ok(None);
        };
        let folder = hex::encode(Sha256::digest(name.as_bytes()));
        let meta = config.join("contexts/meta").join(&folder).join("meta.json");
        let unreadable = |message: String| EngineError::Context {
            name: name.clone(),
            message,
        };
        let text = std::fs::read_to_string(&meta)
            .map_err(|error| unreadable(format!("{}: {error}", meta.display())))?;
        let context: Context = serde_json::from_str(&text)
            .map_err(|error| unreadable(format!("{}: {error}", meta.display())))?;
        let endpoint = context
            .endpoints
            .docker
            .ok_or_else(|| unreadable(format!("{} names no docker endpoint", meta.display())))?;
        let folder = config.join("contexts/tls").join(folder).join("docker");
        if endpoint.skip_tls_verify {
            return Err(unreadable(
                "it does not verify the engine's certificate (SkipTLSVerify), which anybody in \
                 between can use"
                    .to_owned(),
            ));
        }
        Ok(Some(Self {
            host: endpoint.host,
            named_by: format!("the docker context \"{name}\""),
            tls: folder.is_dir().then_some(Tls { folder }),
        }))
    }

    /// Whether [`ask`](super::ask) can talk to it.
    pub(super) fn is_spoken(&self) -> bool {
        ["unix://", "tcp://", "http://", "https://"]
            .iter()
            .any(|scheme| self.host.starts_with(scheme))
            || super::ssh::is_understood(&self.host)
    }

    /// Whether it is a socket that this user may not open. The client's own error does not
    /// tell this from a socket that nobody serves.
    pub(super) fn is_denied(&self) -> bool {
        self.socket().is_some_and(|socket| {
            std::os::unix::net::UnixStream::connect(socket)
                .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        })
    }

    /// Whether the ports that it publishes are this machine's.
    pub fn is_here(&self) -> bool {
        let loopback = |host: &str| {
            host == "localhost"
                || host
                    .trim_matches(['[', ']'])
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        };
        self.socket().is_some()
            || url::Url::parse(&self.host).is_ok_and(|url| url.host_str().is_some_and(loopback))
    }

    /// The file of a `unix://` address.
    pub fn socket(&self) -> Option<&Path> {
        self.host.strip_prefix("unix://").map(Path::new)
    }
}

fn usual_sockets(runtime: Option<&Path>, home: Option<&Path>) -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    sockets.extend(runtime.map(|runtime| runtime.join("docker.sock")));
    sockets.extend(home.map(|home| home.join(".docker/run/docker.sock")));
    sockets.extend(runtime.map(|runtime| runtime.join("podman/podman.sock")));
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    sockets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn docker_host_wins() {
        let found = Address::find(&variables(&[
            ("DOCKER_HOST", "tcp://127.0.0.1:2375"),
            ("HOME", "/nowhere"),
        ]));
        let found = found.unwrap();
        assert_eq!(found.host, "tcp://127.0.0.1:2375");
        assert_eq!(found.tls, None);
    }

    #[test]
    fn tls_is_taken_from_the_variables_of_the_docker_command() {
        let tls = |more: &[(&str, &str)]| {
            let mut all = vec![
                ("DOCKER_HOST", "tcp://127.0.0.1:2376"),
                ("HOME", "/home/x"),
                ("DOCKER_TLS_VERIFY", "1"),
            ];
            all.extend(more);
            Address::find(&variables(&all)).unwrap().tls
        };
        let folder = |path: &str| {
            Some(Tls {
                folder: PathBuf::from(path),
            })
        };
        assert_eq!(tls(&[]), folder("/home/x/.docker"));
        assert_eq!(tls(&[("DOCKER_CERT_PATH", "/certs")]), folder("/certs"));
        assert_eq!(tls(&[("DOCKER_TLS_VERIFY", "")]), None);
    }

    #[test]
    fn the_current_context_is_read() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join(".docker");
        // printf rootless | sha256sum
        let meta = config
            .join("contexts/meta/12b961af5feb3e9d39f93b2cefb9a1a944f18d02cca0cac2f04f5a982240605f");
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            config.join("config.json"),
            r#"{"currentContext":"rootless"}"#,
        )
        .unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"rootless","Endpoints":{"docker":{"Host":"unix:///run/user/1000/docker.sock"}}}"#,
        )
        .unwrap();
        let home = home.path().to_string_lossy().into_owned();
        assert_eq!(
            Address::find(&variables(&[("HOME", &home)])).unwrap(),
            Address {
                host: "unix:///run/user/1000/docker.sock".to_owned(),
                named_by: "the docker context \"rootless\"".to_owned(),
                tls: None,
            }
        );
        let tls = config.join(
            "contexts/tls/12b961af5feb3e9d39f93b2cefb9a1a944f18d02cca0cac2f04f5a982240605f/docker",
        );
        std::fs::create_dir_all(&tls).unwrap();
        let found = Address::find(&variables(&[("HOME", &home)])).unwrap();
        assert_eq!(found.tls, Some(Tls { folder: tls }));
    }

    #[test]
    fn a_context_that_is_not_there_is_named_and_not_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().to_string_lossy().into_owned();
        let error = Address::find(&variables(&[("HOME", &home), ("DOCKER_CONTEXT", "gone")]))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("the docker context \"gone\" cannot be used: "),
            "{error}"
        );
    }

    #[test]
    fn a_context_that_does_not_verify_is_not_used() {
        let home = tempfile::tempdir().unwrap();
        // printf open | sha256sum
        let meta = home.path().join(
            ".docker/contexts/meta/2348f998744212575d85959674f9607ab26f67708a917157472832386337c904",
        );
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"open","Endpoints":{"docker":{"Host":"tcp://127.0.0.1:2376","SkipTLSVerify":true}}}"#,
        )
        .unwrap();
        let home = home.path().to_string_lossy().into_owned();
        let error = Address::find(&variables(&[("HOME", &home), ("DOCKER_CONTEXT", "open")]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("SkipTLSVerify"), "{error}");
    }

    #[test]
    fn an_engine_on_loopback_is_here() {
        for (host, here) in [
            ("unix:///run/docker.sock", true),
            ("tcp://127.0.0.1:2375", true),
            ("tcp://localhost:2376", true),
            ("tcp://[::1]:2376", true),
            ("tcp://192.0.2.1:2376", false),
            ("ssh://deploy@example.org", false),
        ] {
            let address = Address {
                host: host.to_owned(),
                named_by: String::new(),
                tls: None,
            };
            assert_eq!(address.is_here(), here, "{host}");
        }
    }

    #[test]
    fn a_rootless_podman_is_found_after_docker() {
        assert_eq!(
            usual_sockets(Some(Path::new("/run/user/7")), Some(Path::new("/home/x"))),
            [
                "/var/run/docker.sock",
                "/run/user/7/docker.sock",
                "/home/x/.docker/run/docker.sock",
                "/run/user/7/podman/podman.sock",
                "/run/podman/podman.sock",
            ]
            .map(PathBuf::from)
        );
    }
}
