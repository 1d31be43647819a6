//! `shipway doctor` and a real engine: over its socket, TLS and ssh, by variable and by docker
//! context; and who holds a port.

use crate::engine::{docker, python_base};
use crate::sandbox::{Sandbox, text};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Ends TLS, asks for the client's certificate, and hands on to the engine's socket.
const PROXY: &str = r#"
import socket, ssl, sys, threading
folder, engine = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/server.pem", folder + "/server-key.pem")
context.load_verify_locations(folder + "/ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def serve(plain):
    try:
        near = context.wrap_socket(plain, server_side=True)
    except OSError:
        return
    far = socket.socket(socket.AF_UNIX)
    far.connect(engine)
    threading.Thread(target=pump, args=(far, near), daemon=True).start()
    pump(near, far)
while True:
    plain, _ = listener.accept()
    threading.Thread(target=serve, args=(plain,), daemon=True).start()
"#;

/// A child that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes an authority with a certificate for the server and one for the client in `folder`, as
/// the docker command names them.
fn certificates(folder: &Path) {
    let script = r#"
        set -e
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority \
            -keyout ca-key.pem -out ca.pem
        for one in server client; do
            openssl req -newkey rsa:2048 -nodes -subj "/CN=$one" -keyout $one-key.pem -out $one.csr
            printf 'subjectAltName=IP:127.0.0.1\n' > $one.ext
            openssl x509 -req -in $one.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
                -extfile $one.ext -out $one.pem
        done
        cp client.pem cert.pem
        cp client-key.pem key.pem
    "#;
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The engine's own socket.
fn socket() -> PathBuf {
    let host = docker(
        &[
            "context",
            "inspect",
            "--format",
            "{{.Endpoints.docker.Host}}",
        ],
        None,
    );
    PathBuf::from(
        host.strip_prefix("unix://")
            .unwrap_or_else(|| panic!("{host}")),
    )
}

fn proxy(folder: &Path) -> (Running, String) {
    let mut child = Command::new("python3")
        .args(["-c", PROXY])
        .arg(folder)
        .arg(socket())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (Running(child), format!("tcp://127.0.0.1:{}", line.trim()))
}

/// Level, message and mend of what `doctor` says in `check`, with these variables alone.
fn said(sandbox: &Sandbox, check: &str, variables: &[(&str, &str)]) -> (String, String, String) {
    let path = std::env::var("PATH").unwrap();
    let output = sandbox
        .command(&["doctor", "--format", "json"])
        .env_clear()
        .env("PATH", path)
        .env("HOME", sandbox.path("home"))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    let finding = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == check)
        .unwrap_or_else(|| panic!("no {check} in {report}"));
    let of = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (of("level"), of("message"), of("mend"))
}

#[test]
fn an_engine_behind_tls_is_asked_with_the_clients_certificate() {
    if python_base().is_none() {
        return;
    }
    let sandbox = Sandbox::new(&[]);
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let (_proxy, host) = proxy(folder.path());
    let with = |folder: &str| {
        said(
            &sandbox,
            "engine",
            &[
                ("DOCKER_HOST", &host),
                ("DOCKER_TLS_VERIFY", "1"),
                ("DOCKER_CERT_PATH", folder),
            ],
        )
    };
    let (level, message, _) = with(folder.path().to_str().unwrap());
    assert_eq!(level, "ok", "{message}");
    let expected = format!("answers at {host} (named by DOCKER_HOST");
    assert!(message.contains(&expected), "{message}");

    // Certificates of another authority: neither side believes the other.
    let other = tempfile::tempdir().unwrap();
    certificates(other.path());
    let (level, message, mend) = with(other.path().to_str().unwrap());
    assert_eq!(level, "warning");
    let expected = format!("no engine answers at {host}: ");
    assert!(
        message.starts_with(&expected) && message.contains("certificate"),
        "{message}"
    );
    assert!(!mend.is_empty());

    std::fs::remove_file(other.path().join("key.pem")).unwrap();
    let (_, message, mend) = with(other.path().to_str().unwrap());
    assert!(
        message.contains("wants TLS, and ") && message.contains("key.pem cannot be read"),
        "{message}"
    );
    assert!(mend.contains("DOCKER_CERT_PATH"), "{mend}");
}

#[test]
fn a_context_of_the_docker_command_names_its_engine_and_certificates() {
    if python_base().is_none() {
        return;
    }
    let sandbox = Sandbox::new(&[]);
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let (_proxy, host) = proxy(folder.path());
    let config = tempfile::tempdir().unwrap();
    let config = config.path().to_str().unwrap();
    let at = folder.path().display();
    let endpoint = format!("host={host},ca={at}/ca.pem,cert={at}/cert.pem,key={at}/key.pem");
    docker(
        &[
            "--config", config, "context", "create", "far", "--docker", &endpoint,
        ],
        None,
    );
    docker(&["--config", config, "context", "use", "far"], None);
    let (level, message, _) = said(&sandbox, "engine", &[("DOCKER_CONFIG", config)]);
    assert_eq!(level, "ok", "{message}");
    assert!(
        message.contains(&host) && message.contains("named by the docker context \"far\""),
        "{message}"
    );
    let (_, message, mend) = said(
        &sandbox,
        "engine",
        &[("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "gone")],
    );
    assert!(
        message.starts_with("the docker context \"gone\" cannot be used"),
        "{message}"
    );
    assert!(mend.contains("docker context ls"), "{mend}");
}

#[test]
fn an_engine_behind_ssh_is_asked_through_the_users_ssh() {
    if python_base().is_none() {
        return;
    }
    let sandbox = Sandbox::new(&[]);
    let tools = tempfile::tempdir().unwrap();
    for tool in ["git", "sh", "docker"] {
        let found = which::which(tool).unwrap();
        symlink(found, tools.path().join(tool)).unwrap();
    }
    let path = tools.path().to_str().unwrap();
    let ask = || {
        said(
            &sandbox,
            "engine",
            &[
                ("DOCKER_HOST", "ssh://deploy@far.example:2222"),
                ("PATH", path),
            ],
        )
    };
    let (_, message, _) = ask();
    assert!(
        message.starts_with(
            "the engine at ssh://deploy@far.example:2222 is reached through ssh, which is not on PATH"
        ),
        "{message}"
    );

    // What sshd would do with what ssh is given: the command of the far machine, here.
    let ssh = tools.path().join("ssh");
    let write = |script: &str| {
        std::fs::write(&ssh, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let arguments = tools.path().join("arguments");
    write(&format!(
        "echo \"$*\" >> '{}'\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\nunset DOCKER_HOST\nexec \"$@\"",
        arguments.display()
    ));
    let (level, message, _) = ask();
    assert_eq!(level, "ok", "{message}");
    assert!(
        message.contains("answers at ssh://deploy@far.example:2222"),
        "{message}"
    );
    // The docker command, asked for compose's version, may use ssh too, with options of its own.
    let wanted = "-T -o BatchMode=yes -o ConnectTimeout=10 -l deploy -p 2222 -- far.example docker \
                  system dial-stdio";
    let used = std::fs::read_to_string(&arguments).unwrap();
    let logins = used.lines().filter(|line| *line == wanted).count();
    assert_eq!(logins, 1, "{used}");

    write("echo 'deploy@far.example: Permission denied (publickey).' >&2; exit 255");
    let (_, message, mend) = ask();
    assert!(
        message.contains("ssh: deploy@far.example: Permission denied (publickey)."),
        "{message}"
    );
    assert!(mend.contains("ssh deploy@far.example"), "{mend}");
}

#[test]
fn the_container_that_holds_a_published_port_is_named() {
    let Some(image) = python_base() else { return };
    let name = format!("shipway-it-holder-{}", std::process::id());
    docker(
        &[
            "run",
            "--rm",
            "--detach",
            "--name",
            &name,
            "--publish",
            "127.0.0.1::8000",
            &image,
            "python",
            "-m",
            "http.server",
            "8000",
        ],
        None,
    );
    let address = docker(&["port", &name, "8000/tcp"], None);
    let port = address.rsplit(':').next().unwrap();
    let compose = format!(
        "services:\n  web:\n    image: x\n    ports:\n      - target: 80\n        published: \"{port}\"\n"
    );
    let sandbox = Sandbox::new(&[("docker-compose.yml", compose.as_str())]);
    let host = format!("unix://{}", socket().display());
    let (level, message, mend) = said(&sandbox, "ports", &[("DOCKER_HOST", &host)]);
    docker(&["rm", "--force", &name], None);
    assert_eq!(level, "error", "{message}");
    assert_eq!(
        message,
        format!(
            "port {port}, which web publishes (docker-compose.yml:2), is held by the container {name}"
        )
    );
    assert!(
        mend.contains(&format!("docker stop {name}")) && mend.contains("docker-compose.yml:2"),
        "{mend}"
    );
}
