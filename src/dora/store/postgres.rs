//! The store in a PostgreSQL database: one table for many repositories.
//!
//! An event's row holds its canonical form as it is, so that both stores name and read it alike.

mod rows;
mod tls;

use super::batch::{Batch, Named};
use super::{Added, AddedAll, Reading, Store, StoreError};
use crate::dora::event::{Event, Name};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

/// How long the database may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many events go to the database in one statement.
const AT_ONCE: usize = 2_000;

/// Two processes do not make the tables at once: the number of the lock is the word `shipway`
/// as ASCII.
const LOCK: i64 = 0x0073_6869_7077_6179;

/// The versions of the tables; each brings the one before it up to itself. `id` is the event's
/// SHA-256 in hexadecimal, `at` its main time, `event` its canonical JSON.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE shipway_event (
        repository text NOT NULL,
        id text NOT NULL CHECK (id ~ '^[0-9a-f]{64}$'),
        at timestamptz NOT NULL,
        event text NOT NULL,
        PRIMARY KEY (repository, id)
    );
    CREATE INDEX shipway_event_at ON shipway_event (repository, at);
    COMMENT ON TABLE shipway_event IS 'Delivery records, made by shipway dora';
"];

/// Where the database is and what it is asked for.
#[derive(Clone)]
pub struct Address {
    /// `postgres://user@host:port/database?sslmode=…`.
    pub url: String,
    /// Used where the address has none.
    pub password: Option<String>,
    /// Authorities in PEM, trusted beside those of the system.
    pub root_certificates: Option<PathBuf>,
}

/// Why the database did not do what was asked. No message holds a password.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error("the address of the store is none of PostgreSQL: {0}")]
    Address(String),
    #[error("{path} cannot be used as certificates: {message}")]
    Certificates { path: String, message: String },
    #[error("the database at {place} cannot be reached: {message}")]
    Unreachable { place: String, message: String },
    #[error("the database at {place} is not to be trusted: {message}")]
    Untrusted { place: String, message: String },
    #[error("the database at {place} let nobody in: {message}")]
    Login { place: String, message: String },
    #[error("the tables at {place} are of version {found}, and this shipway knows {known}")]
    Newer {
        place: String,
        found: i32,
        known: usize,
    },
    #[error("the database at {place} does not let this user make or use its tables: {message}")]
    Forbidden { place: String, message: String },
    #[error("the database at {place} failed: {message}")]
    Failed { place: String, message: String },
}

/// The events of one repository in a database.
pub struct PostgresStore {
    runtime: Runtime,
    client: Client,
    repository: String,
    place: String,
    /// Where what was read is kept.
    cache: PathBuf,
}

/// `host:port/database` of each host.
fn place_of(config: &Config) -> String {
    use tokio_postgres::config::Host;
    let database = config.get_dbname().unwrap_or_default();
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let ports = config.get_ports();
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(host) => format!("{host}:{port}/{database}"),
                Host::Unix(path) => format!("{}:{port}/{database}", path.display()),
            }
        })
        .collect();
    hosts.join(",")
}

impl PostgresStore {
    /// Connects, and makes or renews the tables. What was read is kept in the folder `kept`.
    ///
    /// # Errors
    /// When the address is wrong, the database cannot be reached or trusted, or refuses.
    pub fn connect(
        address: &Address,
        repository: &Name,
        kept: &Path,
    ) -> Result<Self, PostgresError> {
        // Certificates are always looked at, so the stricter words mean the same here.
        let url = address
            .url
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        let mut config: Config = url
            .parse()
            .map_err(|error| PostgresError::Address(chain(&error)))?;
        if config.get_password().is_none()
            && let Some(password) = &address.password
        {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config.application_name("shipway");
        let place = place_of(&config);
        let tls = tls::Tls::new(address)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| PostgresError::Failed {
                place: place.clone(),
                message: error.to_string(),
            })?;
        let (client, connection) = runtime
            .block_on(async {
                tokio::time::timeout(PATIENCE * 3, config.connect(tls))
                    .await
                    .map_err(|_| None)?
                    .map_err(Some)
            })
            .map_err(|error| not_connected(&place, error.as_ref()))?;
        // It ends when the client does; what goes wrong on it is said to who waits for it.
        runtime.spawn(async move {
            let _ = connection.await;
        });
        let store = Self {
            runtime,
            client,
            repository: repository.to_string(),
            place,
            cache: kept.join("database.cache"),
        };
        store.migrate()?;
        Ok(store)
    }

    /// How it is shown: `host:port/database`.
    pub fn place(&self) -> &str {
        &self.place
    }

    fn failed(&self, error: &tokio_postgres::Error) -> PostgresError {
        let place = self.place.clone();
        let message = chain(error);
        if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            PostgresError::Forbidden { place, message }
        } else {
            PostgresError::Failed { place, message }
        }
    }

    /// The version of the tables that are there.
    fn version(&self) -> Result<usize, PostgresError> {
        let version = self.runtime.block_on(
            self.client
                .query_one("SELECT max(version) FROM shipway_schema", &[]),
        );
        let found: Option<i32> = match version {
            Ok(row) => row.get(0),
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => None,
            Err(error) => return Err(self.failed(&error)),
        };
        let found = found.unwrap_or(0);
        usize::try_from(found)
            .ok()
            .filter(|found| *found <= MIGRATIONS.len())
            .ok_or_else(|| PostgresError::Newer {
                place: self.place.clone(),
                found,
                known: MIGRATIONS.len(),
            })
    }

    fn migrate(&self) -> Result<(), PostgresError> {
        if self.version()? == MIGRATIONS.len() {
            return Ok(());
        }
        self.whole(|| {
            let lock = format!(
                "SELECT pg_advisory_xact_lock({LOCK});
                 CREATE TABLE IF NOT EXISTS shipway_schema (version integer PRIMARY KEY)"
            );
            self.execute(&lock)?;
            // Somebody else may have done it while this waited for the lock.
            let version = self.version()?;
            for (index, step) in MIGRATIONS.iter().enumerate().skip(version) {
                let version = index + 1;
                self.execute(&format!(
                    "{step}; INSERT INTO shipway_schema (version) VALUES ({version})"
                ))?;
            }
            Ok(())
        })
    }

    fn execute(&self, statements: &str) -> Result<(), PostgresError> {
        self.runtime
            .block_on(self.client.batch_execute(statements))
            .map_err(|error| self.failed(&error))
    }

    /// Does `work` in one transaction.
    fn whole<T, E: From<PostgresError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.execute("BEGIN")?;
        match work() {
            Ok(done) => {
                self.execute("COMMIT")?;
                Ok(done)
            }
            Err(error) => {
                // Where this fails, the end of the connection does the same.
                let _ = self.execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Gives how many were not there before.
    fn insert(&self, events: &[Named]) -> Result<usize, StoreError> {
        let mut ids = Vec::with_capacity(events.len());
        let mut seconds = Vec::with_capacity(events.len());
        let mut texts = Vec::with_capacity(events.len());
        for event in events {
            ids.push(event.id.to_string());
            seconds.push(event.at.second());
            // JSON is UTF-8, and its form has U+0000 only as an escape.
            texts.push(String::from_utf8_lossy(&event.json));
        }
        let new = self
            .runtime
            .block_on(self.client.execute(
                "INSERT INTO shipway_event (repository, id, at, event)
                 SELECT $1, id, to_timestamp(at), event
                 FROM unnest($2::text[], $3::bigint[], $4::text[]) AS one(id, at, event)
                 ON CONFLICT DO NOTHING",
                &[&self.repository, &ids, &seconds, &texts],
            ))
            .map_err(|error| self.failed(&error))?;
        Ok(usize::try_from(new).unwrap_or(usize::MAX))
    }
}

impl Store for PostgresStore {
    /// Reads the days that the cache does not have, and renews the cache.
    fn read(&self) -> Result<Reading, StoreError> {
        Ok(self.read_known()?)
    }

    fn read_anew(&self) -> Result<Reading, StoreError> {
        Ok(self.read_all()?)
    }

    fn knows_environment(&self, name: &Name) -> Result<bool, StoreError> {
        // In the canonical form a text holds no bare quotation mark, so this is the field.
        let field = format!("\"environment\":{}", serde_json::Value::from(name.as_str()));
        let row = self
            .runtime
            .block_on(self.client.query_one(
                "SELECT EXISTS (SELECT FROM shipway_event
                 WHERE repository = $1 AND strpos(event, $2) > 0)",
                &[&self.repository, &field],
            ))
            .map_err(|error| self.failed(&error))?;
        Ok(row.get(0))
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let row = self
            .runtime
            .block_on(self.client.query_one(
                "SELECT NOT EXISTS (SELECT FROM shipway_event WHERE repository = $1)",
                &[&self.repository],
            ))
            .map_err(|error| self.failed(&error))?;
        Ok(row.get(0))
    }

    fn add(&self, event: &Event) -> Result<Added, StoreError> {
        let (id, json) = event.named()?;
        let at = event.main_time();
        let new = self.insert(&[Named { id, at, json }])? > 0;
        Ok(Added { id, new })
    }

    fn add_all(&self, batch: &mut Batch) -> Result<AddedAll, StoreError> {
        let all = batch.len();
        let mut events = batch.events().map_err(StoreError::Batch)?;
        let new = self.whole(|| {
            let mut new = 0;
            loop {
                let some: Vec<Named> = events
                    .by_ref()
                    .take(AT_ONCE)
                    .collect::<Result<_, _>>()
                    .map_err(StoreError::Batch)?;
                if some.is_empty() {
                    return Ok::<usize, StoreError>(new);
                }
                new += self.insert(&some)?;
            }
        })?;
        Ok(AddedAll {
            new,
            known: all - new,
        })
    }
}

/// None: it took too long.
fn not_connected(place: &str, error: Option<&tokio_postgres::Error>) -> PostgresError {
    let place = place.to_owned();
    let Some(error) = error else {
        let message = format!("it gave no answer within {} s", (PATIENCE * 3).as_secs());
        return PostgresError::Unreachable { place, message };
    };
    let message = chain(error);
    let refused = error.code().is_some_and(|code| {
        [
            SqlState::INVALID_PASSWORD,
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            SqlState::INVALID_CATALOG_NAME,
        ]
        .contains(code)
    });
    if refused || error.is_closed() || message.contains("password missing") {
        PostgresError::Login { place, message }
    } else if message.contains("certificate") || message.contains("TLS") {
        PostgresError::Untrusted { place, message }
    } else {
        PostgresError::Unreachable { place, message }
    }
}

/// What an error says, and what those behind it say.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        behind = error.source();
    }
    text
}
