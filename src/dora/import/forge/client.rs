//! Asks a forge, one request after another: retries what may pass, waits where it is told to.

use super::pace;
use super::{ForgeError, Progress};
use crate::dora::event::Time;
use backon::{ExponentialBuilder, Retryable};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LINK, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Plain;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use octocrab::Octocrab;
use octocrab::service::middleware::retry::RetryConfig;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// An answer has at most so many bytes.
const LARGEST: usize = 32 * 1024 * 1024;

/// So often a request is tried again that failed for a reason that may pass.
const RETRIES: usize = 4;

/// So often the forge may ask to wait before it answers one request.
const WAITS: usize = 20;

/// How a forge is asked.
#[derive(Debug, Clone)]
pub struct Patience {
    /// How long one answer may take.
    pub answer: Duration,
    /// How long a pause may be that the forge asks for.
    pub pause: Duration,
}

/// One page of a list, or one object.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Value,
    /// Whether there is a page after this one.
    pub(super) more: bool,
}

enum Wire {
    Github(Octocrab),
    Gitlab {
        client: Plain<HttpsConnector<HttpConnector>, Empty<Bytes>>,
        base: String,
        token: Option<HeaderValue>,
    },
}

/// A forge that answers.
pub struct Client {
    runtime: Runtime,
    wire: Wire,
    host: String,
    patience: Patience,
    /// The forge asked not to be asked before.
    quiet_until: Cell<Option<Instant>>,
    progress: RefCell<Box<dyn FnMut(Progress)>>,
    now: fn() -> Time,
}

/// What stands between a request and its answer.
#[derive(Debug)]
enum Trouble {
    /// It may pass.
    Passing(String),
    Limited(Duration),
    Lasting(ForgeError),
}

impl Client {
    /// # Errors
    /// When the address is none, or no client can be made.
    pub fn github(
        base: &Uri,
        token: Option<String>,
        patience: Patience,
        progress: Box<dyn FnMut(Progress)>,
        now: fn() -> Time,
    ) -> Result<Self, ForgeError> {
        let runtime = runtime()?;
        let address = |error: octocrab::Error| ForgeError::Client(error.to_string());
        let mut builder = Octocrab::builder()
            .base_uri(base.to_string())
            .map_err(address)?
            .set_connect_timeout(Some(patience.answer))
            .add_retry_config(RetryConfig::None);
        if let Some(token) = token {
            builder = builder.personal_token(token);
        }
        let wire = {
            let _inside = runtime.enter();
            Wire::Github(builder.build().map_err(address)?)
        };
        Ok(Self::with(runtime, wire, base, patience, progress, now))
    }

    /// # Errors
    /// When no client can be made, or the token cannot stand in a header.
    pub fn gitlab(
        base: &Uri,
        token: Option<String>,
        patience: Patience,
        progress: Box<dyn FnMut(Progress)>,
        now: fn() -> Time,
    ) -> Result<Self, ForgeError> {
        let runtime = runtime()?;
        let token = token
            .map(|token| {
                let mut value = HeaderValue::from_str(token.trim()).map_err(|_| {
                    ForgeError::Client("the token is no text of one line".to_owned())
                })?;
                value.set_sensitive(true);
                Ok::<_, ForgeError>(value)
            })
            .transpose()?;
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| ForgeError::Client(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .build();
        let wire = Wire::Gitlab {
            client: Plain::builder(TokioExecutor::new()).build(connector),
            base: base.to_string().trim_end_matches('/').to_owned(),
            token,
        };
        Ok(Self::with(runtime, wire, base, patience, progress, now))
    }

    fn with(
        runtime: Runtime,
        wire: Wire,
        base: &Uri,
        patience: Patience,
        progress: Box<dyn FnMut(Progress)>,
        now: fn() -> Time,
    ) -> Self {
        Self {
            runtime,
            wire,
            host: base
                .authority()
                .map(ToString::to_string)
                .unwrap_or_default(),
            patience,
            quiet_until: Cell::new(None),
            progress: RefCell::new(progress),
            now,
        }
    }

    pub(super) fn tell(&self, progress: Progress) {
        (self.progress.borrow_mut())(progress);
    }

    /// What lies at `path` below the address, which begins with a slash; None where nothing does.
    pub(super) fn get(&self, path: &str) -> Result<Option<Answer>, ForgeError> {
        self.runtime.block_on(self.get_patiently(path))
    }

    async fn get_patiently(&self, path: &str) -> Result<Option<Answer>, ForgeError> {
        let waits = Cell::new(0);
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(250))
            .with_factor(2.0)
            .with_max_times(RETRIES)
            .with_jitter();
        let ask = || async {
            self.until_it_may_be_asked().await?;
            self.once(path).await
        };
        let answer = ask
            .retry(backoff)
            .sleep(tokio::time::sleep)
            .when(|trouble| !matches!(trouble, Trouble::Lasting(_)))
            .adjust(|trouble, delay| match trouble {
                Trouble::Limited(pause) => {
                    waits.set(waits.get() + 1);
                    (waits.get() <= WAITS && *pause <= self.patience.pause).then_some(*pause)
                }
                _ => delay,
            })
            .notify(|trouble, pause| match trouble {
                Trouble::Passing(message) => {
                    self.tell(Progress::Again(message.clone(), pause));
                }
                Trouble::Limited(_) => self.tell(Progress::Waiting(pause)),
                Trouble::Lasting(_) => {}
            })
            .await;
        answer.map_err(|trouble| match trouble {
            Trouble::Passing(message) => ForgeError::Unreachable {
                host: self.host.clone(),
                message,
            },
            Trouble::Limited(pause) => self.too_long(pause),
            Trouble::Lasting(error) => error,
        })
    }

    fn too_long(&self, pause: Duration) -> ForgeError {
        let second = i64::try_from(pause.as_secs()).unwrap_or(i64::MAX);
        let until = (self.now)().second().saturating_add(second);
        ForgeError::Limited {
            host: self.host.clone(),
            until: Time::from_second(until),
        }
    }

    /// Waits while the forge has said that it will not answer.
    async fn until_it_may_be_asked(&self) -> Result<(), Trouble> {
        let Some(until) = self.quiet_until.take() else {
            return Ok(());
        };
        let pause = until.saturating_duration_since(Instant::now());
        if pause > self.patience.pause {
            return Err(Trouble::Lasting(self.too_long(pause)));
        }
        if !pause.is_zero() {
            self.tell(Progress::Waiting(pause));
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    async fn once(&self, path: &str) -> Result<Option<Answer>, Trouble> {
        let done = tokio::time::timeout(self.patience.answer, self.exchange(path)).await;
        let (status, headers, body) = done.map_err(|_| {
            let seconds = self.patience.answer.as_secs();
            Trouble::Passing(format!("it gave no answer within {seconds} s"))
        })??;
        let text = String::from_utf8_lossy(&body);
        let now = (self.now)();
        if let Some(pause) = pace::limited(status, &headers, &text, now) {
            return Err(Trouble::Limited(pause));
        }
        if let Some(pause) = pace::used_up(&headers, now) {
            self.quiet_until.set(Instant::now().checked_add(pause));
        }
        let host = self.host.clone();
        let message = said(&text);
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            StatusCode::UNAUTHORIZED => {
                return Err(Trouble::Lasting(ForgeError::Unauthorized { host, message }));
            }
            StatusCode::FORBIDDEN => {
                return Err(Trouble::Lasting(ForgeError::Forbidden {
                    host,
                    path: path.to_owned(),
                    message,
                }));
            }
            StatusCode::REQUEST_TIMEOUT => return Err(Trouble::Passing(message)),
            status if status.is_server_error() => {
                return Err(Trouble::Passing(format!("it answered {status}")));
            }
            status if !status.is_success() => {
                return Err(Trouble::Lasting(ForgeError::Answer {
                    path: path.to_owned(),
                    message: format!("{status} {message}"),
                }));
            }
            _ => {}
        }
        let more = headers
            .get(LINK)
            .and_then(|link| link.to_str().ok())
            .is_some_and(|link| link.contains("rel=\"next\""));
        match serde_json::from_slice(&body) {
            Ok(body) => Ok(Some(Answer { body, more })),
            // Cut on its way, by a proxy that said nothing of it.
            Err(error) if error.is_eof() => {
                Err(Trouble::Passing("its answer was cut short".to_owned()))
            }
            Err(error) => Err(Trouble::Lasting(ForgeError::Answer {
                path: path.to_owned(),
                message: format!("no JSON: {error}"),
            })),
        }
    }

    /// One request and its whole answer.
    async fn exchange(&self, path: &str) -> Result<(StatusCode, HeaderMap, Bytes), Trouble> {
        match &self.wire {
            Wire::Github(octocrab) => {
                let answer = octocrab
                    ._get(path)
                    .await
                    .map_err(|error| Trouble::Passing(chain(&error)))?;
                whole(answer).await
            }
            Wire::Gitlab {
                client,
                base,
                token,
            } => {
                let mut request = Request::get(format!("{base}{path}"))
                    .header(ACCEPT, "application/json")
                    .header(USER_AGENT, "shipway");
                if let Some(token) = token {
                    request = request.header(HeaderName::from_static("private-token"), token);
                }
                let request = request.body(Empty::new()).map_err(|error| {
                    Trouble::Lasting(ForgeError::Client(format!("{path}: {error}")))
                })?;
                let answer = client
                    .request(request)
                    .await
                    .map_err(|error| Trouble::Passing(chain(&error)))?;
                whole(answer).await
            }
        }
    }
}

/// Reads the body, as far as it is not too large.
async fn whole<B>(answer: hyper::Response<B>) -> Result<(StatusCode, HeaderMap, Bytes), Trouble>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, LARGEST)
        .collect()
        .await
        .map_err(|error| Trouble::Passing(format!("its answer broke off: {}", chain(&*error))))?;
    Ok((head.status, head.headers, body.to_bytes()))
}

fn runtime() -> Result<Runtime, ForgeError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ForgeError::Client(error.to_string()))
}

/// The message in a forge's answer, in one line.
fn said(body: &str) -> String {
    let message = serde_json::from_str::<Value>(body).ok().and_then(|value| {
        let text = value.get("message").or_else(|| value.get("error"))?;
        text.as_str().map(str::to_owned)
    });
    let message = message.unwrap_or_else(|| "without a message".to_owned());
    message.chars().take(200).collect()
}

/// What an error says, and what those behind it say.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        // The rest of some errors is where in a program they were made.
        let said = error.to_string();
        let line = said.lines().next().unwrap_or_default();
        if !line.is_empty() && !text.contains(line) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(line);
        }
        next = error.source();
    }
    text
}
