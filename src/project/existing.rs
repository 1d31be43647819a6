//! What the repository has already of what shipway would generate.

use super::{Evidence, Port, RelPath};
use serde::Serialize;

/// What is there already, with what it tells about the application.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Existing {
    pub dockerfiles: Vec<Dockerfile>,
    pub compose_files: Vec<ComposeFile>,
    /// `.dockerignore` and `NAME.dockerignore` files.
    pub dockerignores: Vec<RelPath>,
    pub devcontainers: Vec<ExistingFile>,
    /// CI configuration; `kind` is `github`, `gitlab`, `jenkins`, `travis`, `circleci`, `azure`.
    pub ci: Vec<ExistingFile>,
    /// `kind` is `husky`, `pre-commit`, `lefthook`.
    pub hooks: Vec<ExistingFile>,
    /// The root's Makefile in whatever name make would read first, with its targets.
    pub makefile: Option<ExistingFile>,
    /// `Procfile` entries as `name: command`.
    pub procfile: Option<ExistingFile>,
    /// Entry scripts that a Dockerfile or a readme names (`run.sh`, `docker-entrypoint.sh`).
    pub scripts: Vec<ExistingFile>,
}

/// A file and what it holds that matters here (targets, jobs, process lines), in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExistingFile {
    pub path: RelPath,
    pub kind: &'static str,
    /// Names of targets, workflows, processes, with the line each is on.
    pub entries: Vec<Evidence>,
}

/// What a Dockerfile says.
#[derive(Debug, Clone, Serialize)]
pub struct Dockerfile {
    pub path: RelPath,
    /// Image of the last stage's FROM, following `FROM stage` and `ARG` defaults.
    pub from: Option<Evidence>,
    /// `python` and `3.10` for `FROM python:3.10-slim`.
    pub runtime: Option<(String, String)>,
    /// Packages of `apt-get install` and `apk add`.
    pub system_packages: Vec<Evidence>,
    pub exposed: Vec<(Port, Evidence)>,
    pub workdir: Option<Evidence>,
    /// `NAME=value` of ENV, without secrets.
    pub env: Vec<Evidence>,
    pub user: Option<Evidence>,
    /// Folders that VOLUME names, absolute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Evidence>,
    pub healthcheck: Option<Evidence>,
    pub entrypoint: Option<Evidence>,
    pub cmd: Option<Evidence>,
    /// Files that `pip install -r` names.
    pub requirements: Vec<Evidence>,
    /// Requirements that `pip install` names one by one and that end in the last stage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub installs: Vec<Evidence>,
    /// Sources that an earlier stage on Node.js copies from the context: what it builds is in the
    /// image.
    #[serde(skip)]
    pub assets: Vec<Evidence>,
    /// What an earlier stage on Node.js makes and a stage on something else takes.
    #[serde(skip)]
    pub built: Vec<Built>,
    /// Features that cargo is told to build with in any stage, each as one command names them.
    #[serde(skip)]
    pub features: Vec<Evidence>,
    /// The image that each stage is built on, in order.
    #[serde(skip)]
    pub bases: Vec<Evidence>,
    /// Sources of COPY and ADD from the context.
    pub copied: Vec<Evidence>,
}

/// What one stage of a Dockerfile makes and another one takes out of it.
#[derive(Debug, Clone)]
pub struct Built {
    /// The COPY that takes it.
    pub at: Evidence,
    /// What the stage that makes it says.
    pub maker: Box<Dockerfile>,
    /// Absolute place in the stage that makes it.
    pub source: String,
    /// Absolute place in the stage that takes it.
    pub target: String,
    /// What the stage that makes it copies from the context.
    pub inside: Vec<Copied>,
    /// What the stage that takes it copies from the context.
    pub outside: Vec<Copied>,
    /// The command lines of the stage that makes it.
    pub runs: Vec<String>,
}

/// A source of COPY in the build context, and its absolute place in the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub source: Evidence,
    /// Ends in `/` where it is a folder that the source goes into.
    pub target: String,
}

/// What a compose file says.
#[derive(Debug, Clone, Serialize)]
pub struct ComposeFile {
    pub path: RelPath,
    pub project_name: Option<String>,
    pub services: Vec<ComposeService>,
    /// Why it cannot be included as it is; empty when it can.
    pub obstacles: Vec<Evidence>,
}

impl ComposeService {
    /// Whether it is built from what lies in `root`: its context is that folder, or a wider one
    /// with a Dockerfile in that folder.
    #[must_use]
    pub fn builds(&self, root: &RelPath) -> bool {
        self.build.as_ref().is_some_and(|context| {
            context == root
                || root.is_within(context)
                    && self
                        .dockerfile
                        .as_ref()
                        .is_some_and(|file| file.parent() == *root)
        })
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct ComposeService {
    pub name: String,
    pub line: usize,
    pub image: Option<String>,
    /// Folder of the build context, if it is built from this tree.
    pub build: Option<RelPath>,
    /// The Dockerfile that its build names, if that lies in this tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<RelPath>,
    /// The command of its health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Evidence>,
    /// `published:target` as written.
    pub ports: Vec<String>,
    /// Names of its environment variables.
    pub environment: Vec<String>,
    /// `NAME=value` of those, without secrets.
    #[serde(skip)]
    pub settings: Vec<Evidence>,
    /// Named volumes and bind mounts as written.
    pub volumes: Vec<String>,
    pub container_name: Option<String>,
    pub command: Option<String>,
    /// Names of the services that are started before it.
    pub depends_on: Vec<String>,
}
