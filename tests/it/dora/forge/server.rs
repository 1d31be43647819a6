//! A forge on loopback: lists in pages, and the faults that a test asks for.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What is answered instead of what was asked for.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The body ends before its announced length.
    Cut,
    /// Nothing, as long as the client waits.
    Silent,
}

/// One request that came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Path and query.
    pub(super) path: String,
    /// By name in lower case.
    pub(super) headers: BTreeMap<String, String>,
}

type Judge = Box<dyn FnMut(usize, &str) -> Option<Fault> + Send>;

/// What the server knows and has seen.
struct State {
    /// By path, without query; a list is given in pages.
    content: BTreeMap<String, Value>,
    asked: Vec<Asked>,
    /// Given the number of a request, from 0, and its path and query.
    judge: Judge,
}

pub(super) struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(content: impl IntoIterator<Item = (String, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            content: content.into_iter().collect(),
            asked: Vec::new(),
            judge: Box::new(|_, _| None),
        }));
        let ends = Arc::new(AtomicBool::new(false));
        let (shared, end) = (Arc::clone(&state), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                // A client that is killed or gives up closes it.
                std::thread::spawn(move || serve(stream.unwrap(), port, &state));
            }
        });
        Self {
            port,
            state,
            ends,
            thread: Some(thread),
        }
    }

    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// From now on `judge` says which requests fail, counted from 0.
    pub(super) fn judge(&self, judge: impl FnMut(usize, &str) -> Option<Fault> + Send + 'static) {
        let mut state = self.state.lock().unwrap();
        state.judge = Box::new(judge);
        state.asked.clear();
    }

    pub(super) fn put(&self, path: &str, content: Value) {
        let mut state = self.state.lock().unwrap();
        state.content.insert(path.to_owned(), content);
    }

    /// What was asked since the last judge was set.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The paths of what was asked that contain `part`.
    pub(super) fn asked_for(&self, part: &str) -> Vec<String> {
        let asked = self.asked();
        let paths = asked.into_iter().map(|asked| asked.path);
        paths.filter(|path| path.contains(part)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // It waits for somebody.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers one request and closes.
fn serve(mut stream: TcpStream, port: u16, state: &Mutex<State>) {
    let mut head = Vec::new();
    let asked = loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).unwrap_or(0);
        if count == 0 {
            return;
        }
        head.extend_from_slice(&bytes[..count]);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        if request.parse(&head).unwrap().is_partial() {
            continue;
        }
        let path = request.path.unwrap();
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        break Asked {
            path: path.strip_prefix("/api").unwrap_or(path).to_owned(),
            headers: request
                .headers
                .iter()
                .map(|header| (header.name.to_lowercase(), text(header.value)))
                .collect(),
        };
    };
    let (status, headers, body) = match judged(state, asked) {
        Err(Fault::Silent) => {
            let _ = stream.read(&mut [0]);
            return;
        }
        Err(Fault::Cut) => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n[{\"id\":");
            return;
        }
        Err(Fault::Answer(status, headers, body)) => (status, headers, body),
        Ok((path, content)) => page(&path, content, port),
    };
    let mut answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    answer.push_str(&body);
    let _ = stream.write_all(answer.as_bytes());
}

/// What is to be answered; a path and what lies there.
fn judged(state: &Mutex<State>, asked: Asked) -> Result<(String, Option<Value>), Fault> {
    let mut state = state.lock().unwrap();
    let number = state.asked.len();
    let path = asked.path.clone();
    state.asked.push(asked);
    if let Some(fault) = (state.judge)(number, &path) {
        return Err(fault);
    }
    let place = path.split('?').next().unwrap();
    let content = state.content.get(place).cloned();
    Ok((path, content))
}

/// The part of a list that `path` asks for, with the header that names the next.
fn page(
    path: &str,
    content: Option<Value>,
    port: u16,
) -> (u16, Vec<(&'static str, String)>, String) {
    let Some(content) = content else {
        let body = r#"{"message":"Not Found","status":"404"}"#.to_owned();
        return (404, Vec::new(), body);
    };
    // GitHub wraps some lists: {"total_count": 2, "jobs": […]}.
    let wrapped = content.as_object().and_then(|object| {
        let count = object.get("total_count")?;
        let (key, list) = object.iter().find(|(_, value)| value.is_array())?;
        Some((count, key, list.as_array().unwrap()))
    });
    let Some(list) = content.as_array().or(wrapped.map(|(_, _, list)| list)) else {
        return (200, Vec::new(), content.to_string());
    };
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let number = |name: &str, default: usize| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|(key, _)| *key == name);
        value.map_or(default, |(_, value)| value.parse().unwrap())
    };
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    let begin = (page - 1) * size;
    let part: Vec<Value> = list.iter().skip(begin).take(size).cloned().collect();
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if list.len() > page * size {
        let link = |page: usize, relation: &str| {
            format!("<http://127.0.0.1:{port}/api{place}?page={page}>; rel=\"{relation}\"")
        };
        let last = list.len().div_ceil(size);
        let both = [link(page + 1, "next"), link(last, "last")].join(", ");
        headers.push(("link", both));
    }
    let body = match wrapped {
        Some((count, key, _)) => serde_json::json!({"total_count": count, key.as_str(): part}),
        None => Value::from(part),
    };
    (200, headers, body.to_string())
}
