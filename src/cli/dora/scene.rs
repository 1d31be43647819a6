//! Where a command of the record works: repository, configuration, CI job, clock.

use super::super::place::Place;
use super::super::{Exit, Failure};
use crate::config::{self, Config, StoreConfig};
use crate::dora::ci::Job;
use crate::dora::environment::{self, WELL_KNOWN};
use crate::dora::event::{Event, EventError, EventId, Invalid, Name, Source, Time};
use crate::dora::signers;
use crate::dora::store::{Address, GitStore, PostgresError, PostgresStore};
use crate::dora::{Store, StoreError};
use crate::git::{self, CommitId, GitError, Opened, RefError, Repository, RevisionError};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(in crate::cli) struct Scene {
    pub(in crate::cli) repository: Repository,
    opened: Opened,
    pub(in crate::cli) config: Config,
    /// Whether there is no work tree.
    pub(in crate::cli) bare: bool,
    /// The CI job in which this runs.
    pub(super) job: Option<Job>,
    pub(in crate::cli) now: Time,
}

impl Scene {
    /// Around the current folder.
    pub(in crate::cli) fn here() -> Result<Self, Failure> {
        let place = Place::at(None)?;
        // Where there is none, this says why.
        let opened = place.opened.map_or_else(|| Opened::at(&place.root), Ok)?;
        let (repository, config, bare) = match place.repository {
            // The mirror on a server; its configuration is that of its main branch.
            Err(GitError::Bare(_)) => {
                let repository = opened.describe_bare()?;
                let text = opened.in_head(config::FILE)?.unwrap_or_default();
                let config = Config::parse(&String::from_utf8_lossy(&text), "HEAD:shipway.toml")?;
                (repository, config, true)
            }
            other => (other?, place.config, false),
        };
        Ok(Self {
            repository,
            opened,
            config,
            bare,
            job: Job::of(&|name| std::env::var(name).ok()),
            now: now(),
        })
    }

    /// The store that the configuration names.
    pub(in crate::cli) fn store(&self) -> Result<Box<dyn Store>, Failure> {
        match &self.config.dora.store {
            StoreConfig::Git => Ok(Box::new(self.git_store())),
            StoreConfig::Postgres(url) => Ok(Box::new(self.database(url)?)),
        }
    }

    /// The store in this repository. Where signatures count, it signs.
    pub(super) fn git_store(&self) -> GitStore {
        let store = GitStore::of(&self.repository, &self.opened);
        if self.config.dora.signers.is_empty() {
            store
        } else {
            store.signing()
        }
    }

    /// Those of `events` that no signer of the configuration signed, oldest first; None where
    /// there are no signers. A database keeps no signatures.
    pub(super) fn unverified(
        &self,
        events: &[(EventId, Event)],
    ) -> Result<Option<Vec<EventId>>, Failure> {
        let signers = &self.config.dora.signers;
        if signers.is_empty() {
            return Ok(None);
        }
        let found = signers::unverified(&self.repository, signers, events);
        Ok(Some(found.map_err(StoreError::from)?))
    }

    /// The database at `url`.
    pub(super) fn database(&self, url: &str) -> Result<PostgresStore, Failure> {
        let address = Address {
            url: url.to_owned(),
            password: std::env::var("PGPASSWORD").ok(),
            root_certificates: std::env::var_os("PGSSLROOTCERT").map(PathBuf::from),
        };
        let kept = self.repository.common_dir.join("shipway");
        let store = PostgresStore::connect(&address, &self.repository_name()?, &kept);
        Ok(store.map_err(StoreError::from)?)
    }

    /// The name under which a database keeps this repository's events.
    fn repository_name(&self) -> Result<Name, Failure> {
        let of_origin = || {
            let origin = self.repository.origin.as_deref()?;
            git::origin::shared_name(origin)
        };
        match self.config.dora.repository.clone().or_else(of_origin) {
            None => self.service(None),
            Some(name) => name.parse().map_err(|error: Invalid| {
                Failure::new(
                    Exit::Usage,
                    format!("shipway.toml: dora.repository: {}", error.message),
                    error.mend,
                )
            }),
        }
    }

    /// By which way an event comes that this process makes.
    pub(super) fn source(&self) -> Source {
        if self.job.is_some() {
            Source::Ci
        } else {
            Source::Cli
        }
    }

    /// The service that was named, else the project.
    pub(super) fn service(&self, named: Option<&Name>) -> Result<Name, Failure> {
        match named {
            Some(name) => Ok(name.clone()),
            None if self.bare && self.config.project.name.is_none() => Err(Failure::new(
                Exit::Usage,
                "a repository without a work tree does not say what its project is called",
                "name the service, --service NAME, or the project: [project] name in shipway.toml",
            )),
            None => crate::detect::project_name(&self.repository.root, &self.config)
                .parse()
                .map_err(|error| wrong("--service", &error)),
        }
    }

    /// The commit that was named, else the CI job's, else HEAD.
    pub(super) fn commit(&self, named: Option<&str>) -> Result<CommitId, Failure> {
        let of_job = || self.job.as_ref()?.commit.clone();
        let text = named.map(str::to_owned).or_else(of_job);
        let text = text.as_deref().unwrap_or("HEAD");
        git::resolve(&self.opened, text).map_err(|error| match error {
            RevisionError::Absent(_) if text == "HEAD" => Failure::new(
                Exit::Usage,
                "this repository has no commit yet",
                "commit first, or name one: --commit ID",
            ),
            error => error.into(),
        })
    }

    /// `name`, if it is an environment that is known or may be made.
    pub(super) fn environment(
        &self,
        name: &Name,
        create: bool,
        store: &dyn Store,
    ) -> Result<Name, Failure> {
        let configured = &self.config.environments;
        if create
            || WELL_KNOWN.contains(&name.as_str())
            || configured.contains_key(name.as_str())
            || store.knows_environment(name)?
        {
            return Ok(name.clone());
        }
        let recorded = store.all()?;
        let recorded = recorded
            .iter()
            .filter_map(|(_, event)| event.environment().map(Name::to_string));
        let known: BTreeSet<String> = WELL_KNOWN
            .iter()
            .map(|name| (*name).to_owned())
            .chain(configured.keys().cloned())
            .chain(recorded)
            .collect();
        let mend = if let Some(near) = environment::nearest(name.as_str(), &known) {
            format!("did you mean {near:?}? --create makes a new one")
        } else {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            format!("known are {}; --create makes a new one", known.join(", "))
        };
        Err(Failure::new(
            Exit::Usage,
            format!(
                "{:?} is no environment that this project has",
                name.as_str()
            ),
            mend,
        ))
    }
}

/// The time of this machine.
pub(super) fn now() -> Time {
    jiff::Timestamp::now().into()
}

/// A time as a flag gives it: RFC 3339, or `now`.
pub(super) fn parse_time(text: &str) -> Result<Time, Invalid> {
    if text == "now" {
        Ok(now())
    } else {
        text.parse()
    }
}

/// A value of the flag `name` that cannot be taken.
pub(super) fn wrong(name: &str, invalid: &Invalid) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{name}: {}", invalid.message),
        invalid.mend.clone(),
    )
}

impl From<EventError> for Failure {
    fn from(error: EventError) -> Self {
        let sentence = if error.field.is_empty() {
            error.message
        } else {
            format!("{}: {}", error.field, error.message)
        };
        Self::new(Exit::Usage, sentence, error.mend)
    }
}

impl From<RevisionError> for Failure {
    fn from(error: RevisionError) -> Self {
        let sentence = error.to_string();
        let mend = match error {
            RevisionError::Git(error) => return error.into(),
            RevisionError::Absent(text) if text.parse::<CommitId>().is_ok() => {
                format!("fetch it, if the remote has it: git fetch origin {text}")
            }
            RevisionError::Absent(_) => {
                "git log --all --oneline shows the commits that are here".to_owned()
            }
            RevisionError::Ambiguous(text) => {
                format!("give more of it; git rev-parse --disambiguate={text} lists them")
            }
            RevisionError::Other { .. } => "give the id of a commit, a branch or a tag".to_owned(),
        };
        Self::new(Exit::Usage, sentence, mend)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let sentence = error.to_string();
        match error {
            StoreError::Event(error) => error.into(),
            StoreError::Postgres(error) => error.into(),
            StoreError::Batch(_) => Self::new(
                Exit::Missing,
                sentence,
                "make room in the folder for temporary files, or set TMPDIR to another",
            ),
            StoreError::Git(RefError::Git(error)) => error.into(),
            StoreError::Git(RefError::Foreign { name, .. }) => Self::new(
                Exit::Finding,
                sentence,
                format!("look at it: git ls-tree -r {name}; git update-ref -d {name} removes it"),
            ),
            StoreError::Git(RefError::Beaten { .. }) => Self::new(
                Exit::Conflict,
                sentence,
                "nothing is lost; run the same command again",
            ),
        }
    }
}

impl From<PostgresError> for Failure {
    fn from(error: PostgresError) -> Self {
        let sentence = error.to_string();
        match error {
            PostgresError::Address(_) => Self::new(
                Exit::Usage,
                sentence,
                "write store = \"postgres://USER@HOST:5432/DATABASE\" in [dora] of shipway.toml, and \
                 the password into the variable PGPASSWORD",
            ),
            PostgresError::Certificates { .. } => Self::new(
                Exit::Usage,
                sentence,
                "let PGSSLROOTCERT name a file with the authority's certificate in PEM",
            ),
            PostgresError::Unreachable { .. } => Self::new(
                Exit::Missing,
                sentence,
                "see that it runs and that psql reaches it from here, then run the same command \
                 again; store = \"git\" in [dora] keeps the record in this repository instead",
            ),
            PostgresError::Untrusted { .. } => Self::new(
                Exit::Missing,
                sentence,
                "let PGSSLROOTCERT name a file with the certificate of its authority; on a network \
                 that nobody listens to, ?sslmode=disable at the end of the address goes without",
            ),
            PostgresError::Login { .. } => Self::new(
                Exit::Missing,
                sentence,
                "set PGPASSWORD, and see that user and database of the address are right",
            ),
            PostgresError::Newer { .. } => {
                Self::new(Exit::Missing, sentence, "use a newer version of shipway")
            }
            PostgresError::Forbidden { .. } => Self::new(
                Exit::Missing,
                sentence,
                "let it once create tables (GRANT CREATE ON SCHEMA public TO …), then read and \
                 insert: GRANT SELECT, INSERT ON shipway_event, GRANT SELECT ON shipway_schema",
            ),
            PostgresError::Failed { .. } => Self::new(
                Exit::Missing,
                sentence,
                "nothing is lost; run the same command again, and look into the database's log",
            ),
        }
    }
}
