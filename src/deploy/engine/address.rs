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
}

/// What the `docker` command keeps about a context in `meta.json`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    endpoints: Endpoints,
}

#[derive(serde::Deserialize)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: String,
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
    /// When nothing names an engine and none of the usual sockets is there.
    pub fn find(variables: &Variables) -> Result<Self, EngineError> {
        let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        if let Some(host) = set("DOCKER_HOST") {
            return Ok(Self {
                host: host.clone(),
                named_by: "DOCKER_HOST".to_owned(),
            });
        }
        let home = set("HOME").map(PathBuf::from);
        let config = set("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| home.as_ref().map(|home| home.join(".docker")));
        if let Some(found) =
            config.and_then(|config| Self::of_context(&config, set("DOCKER_CONTEXT")))
        {
            return Ok(found);
        }
        let sockets = usual_sockets(set("XDG_RUNTIME_DIR").map(Path::new), home.as_deref());
        match sockets.iter().find(|socket| socket.exists()) {
            Some(socket) => Ok(Self {
                host: format!("unix://{}", socket.display()),
                named_by: "its usual place".to_owned(),
            }),
            None => Err(EngineError::NotFound {
                looked_at: sockets
                    .iter()
                    .map(|socket| socket.display().to_string())
                    .collect(),
            }),
        }
    }

    fn of_context(config: &Path, named: Option<&String>) -> Option<Self> {
        let name = named.cloned().or_else(|| {
            let text = std::fs::read_to_string(config.join("config.json")).ok()?;
            serde_json::from_str::<ClientConfig>(&text)
                .ok()?
                .current_context
        })?;
        if name == "default" {
            return None;
        }
        let folder = hex::encode(Sha256::digest(name.as_bytes()));
        let meta = config.join("contexts/meta").join(folder).join("meta.json");
        let context: Context = serde_json::from_str(&std::fs::read_to_string(meta).ok()?).ok()?;
        Some(Self {
            host: context.endpoints.docker.host,
            named_by: format!("the docker context \"{name}\""),
        })
    }

    /// Whether [`ask`](super::ask) can talk to it.
    pub(super) fn is_spoken(&self) -> bool {
        ["unix://", "tcp://", "http://"]
            .iter()
            .any(|scheme| self.host.starts_with(scheme))
    }

    /// Whether it is a socket that this user may not open. The client's own error does not
    /// tell this from a socket that nobody serves.
    pub(super) fn is_denied(&self) -> bool {
        self.socket().is_some_and(|socket| {
            std::os::unix::net::UnixStream::connect(socket)
                .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        })
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
        assert_eq!(found.unwrap().host, "tcp://127.0.0.1:2375");
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
            }
        );
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
