//! Reaches an engine on another machine as the `docker` command does: through the user's own ssh,
//! which there runs `docker system dial-stdio`.

use super::PATIENCE_WITH_SSH;
use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// What is read of ssh's own words, in bytes.
const ENOUGH: u64 = 16 * 1024;

/// An ssh that ends with its connection.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended in this moment.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The arguments of ssh for `ssh://[user@]host[:port][/socket]`; None where it is not one, or
/// holds a password, which ssh would not take.
fn arguments(address: &str) -> Option<Vec<String>> {
    let url = url::Url::parse(address).ok()?;
    let host = url.host_str().filter(|host| !host.is_empty())?;
    if url.scheme() != "ssh" || url.password().is_some() {
        return None;
    }
    // Nothing is asked: a key or a host that ssh does not know is an error.
    let mut arguments = ["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
        .map(str::to_owned)
        .to_vec();
    if !url.username().is_empty() {
        arguments.extend(["-l".to_owned(), url.username().to_owned()]);
    }
    if let Some(port) = url.port() {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    arguments.extend(["--", host.trim_matches(['[', ']']), "docker"].map(str::to_owned));
    if !matches!(url.path(), "" | "/") {
        let socket = shell_words::quote(url.path()).into_owned();
        arguments.push(format!("--host=unix://{socket}"));
    }
    arguments.extend(["system", "dial-stdio"].map(str::to_owned));
    Some(arguments)
}

/// Whether `address` can be given to ssh.
pub(super) fn is_understood(address: &str) -> bool {
    arguments(address).is_some()
}

/// A client whose requests go through one `ssh`, one after another: each further one would log in
/// again.
pub(super) fn connect(address: &str, ssh: &Path) -> Result<Docker, Error> {
    let arguments = arguments(address).unwrap_or_default();
    let ssh = ssh.to_owned();
    let line = Arc::new(Mutex::new(None));
    Docker::connect_with_custom_transport(
        move |request: BollardRequest| {
            let (ssh, arguments) = (ssh.clone(), arguments.clone());
            let line = Arc::clone(&line);
            Box::pin(async move { send(&ssh, &arguments, &line, request).await })
        },
        Some("http://docker"),
        PATIENCE_WITH_SSH.as_secs(),
        API_DEFAULT_VERSION,
    )
}

/// What goes through one ssh.
struct Line<B> {
    sender: http1::SendRequest<B>,
    /// Ends when the last answer was read, or ssh goes away; then ssh does.
    held: JoinHandle<()>,
    said: Option<ChildStderr>,
}

async fn open<B>(ssh: &Path, arguments: &[String]) -> Result<Line<B>, Error>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut child = Command::new(ssh)
        .args(arguments)
        .stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::other(format!("{} cannot be run: {error}", ssh.display())))?;
    let said = child.stderr.take();
    let process = Process(child);
    let stream = tokio::net::UnixStream::from_std(ours)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let held = tokio::spawn(async move {
        let _process = process;
        let _ = connection.await;
    });
    Ok(Line { sender, held, said })
}

async fn send<B>(
    ssh: &Path,
    arguments: &[String],
    line: &Mutex<Option<Line<B>>>,
    mut request: Request<B>,
) -> Result<Response<Incoming>, Error>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // A connection to one engine takes the path alone.
    if let Some(path) = request.uri().path_and_query() {
        *request.uri_mut() = Uri::from(path.clone());
    }
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("docker"));
    let mut line = line.lock().await;
    let mut open = match line.take() {
        Some(open) if !open.sender.is_closed() => open,
        _ => open(ssh, arguments).await?,
    };
    let answer = match open.sender.ready().await {
        Ok(()) => open.sender.send_request(request).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(response) => {
            *line = Some(open);
            Ok(response)
        }
        Err(error) => {
            drop(open.sender);
            // Its end closes the pipe that is read now.
            let _ = open.held.await;
            let said = open.said.and_then(last_words);
            Err(said.map_or_else(
                || Error::from(error),
                |said| Error::from(io::Error::other(format!("ssh: {said}"))),
            ))
        }
    }
}

/// The last line with text in it.
fn last_words(pipe: impl Read) -> Option<String> {
    let mut text = Vec::new();
    pipe.take(ENOUGH).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_the_arguments_of_ssh() {
        let after = |address: &str| arguments(address).map(|all| all[5..].join(" "));
        for (address, expected) in [
            (
                "ssh://example.org",
                "-- example.org docker system dial-stdio",
            ),
            (
                "ssh://deploy@example.org:2222",
                "-l deploy -p 2222 -- example.org docker system dial-stdio",
            ),
            (
                "ssh://example.org/run/user/1000/docker.sock",
                "-- example.org docker --host=unix:///run/user/1000/docker.sock system dial-stdio",
            ),
            ("ssh://[::1]:22", "-p 22 -- ::1 docker system dial-stdio"),
        ] {
            assert_eq!(after(address).as_deref(), Some(expected), "{address}");
        }
        for wrong in ["ssh://", "ssh://u:secret@example.org", "tcp://example.org"] {
            assert_eq!(arguments(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_line_of_ssh_is_its_reason() {
        let said = b"Warning: added\r\nu@h: Permission denied (publickey).\r\n\n".as_slice();
        assert_eq!(
            last_words(said).as_deref(),
            Some("u@h: Permission denied (publickey).")
        );
        assert_eq!(last_words(b"\n".as_slice()), None);
    }
}
