//! `shipway dora import github` and `import gitlab`.

use super::super::super::{Context, Exit, Failure, Format};
use super::super::scene::{Scene, parse_time};
use crate::config;
use crate::dora::event::{Name, Time};
use crate::dora::import::forge::{
    Client, Cursor, Forge, ForgeError, Imported, Kind, Patience, Progress, github, gitlab,
};
use crate::git;
use crate::ui;
use clap::ValueEnum;
use hyper::Uri;
use std::collections::BTreeSet;
use std::time::Duration;

/// Take over what GitHub knows: deployments, workflow runs, pull requests, incidents
///
/// Deployments with their statuses, the steps of workflow runs, merged pull requests with their
/// commits and reviews, and issues with a label. The token is read from `GITHUB_TOKEN` or
/// `GH_TOKEN`; it needs to read contents, deployments, actions, pull requests and issues. What was
/// read is kept page by page: a run that was cut short goes on where it was, and a later one reads
/// what is new.
#[derive(Debug, clap::Args)]
pub(super) struct GithubArguments {
    /// OWNER/NAME; that of the remote origin where absent
    #[arg(long, value_name = "PROJECT")]
    repository: Option<String>,
    /// Address of the interface: that of the remote's host, of `GITHUB_API_URL` in a job
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Label of the issues that are incidents
    #[arg(long, value_name = "LABEL", default_value = "incident")]
    incident_label: String,
    #[command(flatten)]
    common: Common,
}

/// Take over what GitLab knows: deployments, jobs, merge requests, incidents
///
/// Deployments, the jobs of pipelines, merge requests with their commits and approvals, and
/// issues of the type incident. The token is read from `GITLAB_TOKEN`; it needs the scope
/// `read_api`.
/// What was read is kept page by page: a run that was cut short goes on where it was, and a later
/// one reads what is new.
#[derive(Debug, clap::Args)]
pub(super) struct GitlabArguments {
    /// GROUP/NAME; that of the remote origin where absent
    #[arg(long, value_name = "PROJECT")]
    repository: Option<String>,
    /// Address of the interface: that of the remote's host, of `CI_API_V4_URL` in a job
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Label of issues that are incidents, too
    #[arg(long, value_name = "LABEL")]
    incident_label: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Import only this; may be repeated
    #[arg(long, value_enum, value_name = "WHAT")]
    only: Vec<KindName>,
    /// Only deployments into this environment; may be repeated
    #[arg(long, value_name = "NAME")]
    environment: Vec<Name>,
    /// Environment in which incidents are
    #[arg(long, value_name = "NAME", default_value = "production")]
    incident_environment: Name,
    /// Service of the deployments and incidents; the project where absent
    #[arg(long, value_name = "NAME")]
    service: Option<Name>,
    /// Only what is not older than this, in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Time>,
    /// Forget how far earlier runs came, and read everything again
    #[arg(long)]
    anew: bool,
    /// How long one answer may take
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    timeout: config::Duration,
    /// How long to wait where the forge limits requests
    #[arg(long, value_name = "DURATION", default_value = "1h 5m")]
    patience: config::Duration,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindName {
    Deployments,
    Steps,
    Changes,
    Incidents,
}

impl Common {
    fn kinds(&self) -> BTreeSet<Kind> {
        let all = KindName::value_variants();
        let named = if self.only.is_empty() {
            all
        } else {
            &self.only
        };
        let kind = |name: &KindName| match name {
            KindName::Deployments => Kind::Deployments,
            KindName::Steps => Kind::Steps,
            KindName::Changes => Kind::Changes,
            KindName::Incidents => Kind::Incidents,
        };
        named.iter().map(kind).collect()
    }

    fn patience(&self) -> Patience {
        let length = |given: config::Duration| Duration::from_secs(given.seconds.unsigned_abs());
        Patience {
            answer: length(self.timeout).max(Duration::from_secs(1)),
            pause: length(self.patience),
        }
    }
}

/// A variable that holds something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|text| !text.trim().is_empty())
}

pub(super) fn github(arguments: &GithubArguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let project = project(&scene, arguments.repository.as_deref(), "OWNER/NAME")?;
    let address = arguments.api_url.clone().or_else(|| {
        variable("GITHUB_API_URL").or_else(|| {
            let host = host(&scene)?;
            Some(if host == "github.com" {
                "https://api.github.com".to_owned()
            } else {
                format!("https://{host}/api/v3")
            })
        })
    });
    let address = address.unwrap_or_else(|| "https://api.github.com".to_owned());
    let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
    let base = base(&address, token.is_some())?;
    let common = &arguments.common;
    if token.is_none() {
        context.output.note(
            "Without a token in GITHUB_TOKEN only public projects can be read, 60 requests an hour.",
        );
    }
    let client = Client::github(
        &base,
        token,
        common.patience(),
        tell(context),
        super::super::scene::now,
    )?;
    let key = format!("{base} {project} {}", arguments.incident_label);
    let wanted = github::Wanted {
        project,
        kinds: common.kinds(),
        environments: common.environment.iter().cloned().collect(),
        label: arguments.incident_label.clone(),
        incidents_in: common.incident_environment.clone(),
    };
    import(&scene, &client, common, &key, context, &|forge| {
        github::import(forge, &wanted)
    })
}

pub(super) fn gitlab(arguments: &GitlabArguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let project = project(&scene, arguments.repository.as_deref(), "GROUP/NAME")?;
    let address = arguments.api_url.clone().or_else(|| {
        variable("CI_API_V4_URL").or_else(|| Some(format!("https://{}/api/v4", host(&scene)?)))
    });
    let address = address.unwrap_or_else(|| "https://gitlab.com/api/v4".to_owned());
    let token = variable("GITLAB_TOKEN");
    let base = base(&address, token.is_some())?;
    let common = &arguments.common;
    if token.is_none() {
        context
            .output
            .note("Without a token in GITLAB_TOKEN only public projects can be read.");
    }
    let client = Client::gitlab(
        &base,
        token,
        common.patience(),
        tell(context),
        super::super::scene::now,
    )?;
    let key = format!("{base} {project} {:?}", arguments.incident_label);
    let wanted = gitlab::Wanted {
        project,
        kinds: common.kinds(),
        environments: common.environment.iter().cloned().collect(),
        label: arguments.incident_label.clone(),
        incidents_in: common.incident_environment.clone(),
    };
    import(&scene, &client, common, &key, context, &|forge| {
        gitlab::import(forge, &wanted)
    })
}

/// Runs an import and says what came of it, also where it was cut short.
fn import(
    scene: &Scene,
    client: &Client,
    common: &Common,
    key: &str,
    context: &Context,
    work: &dyn Fn(&mut Forge) -> Result<(), ForgeError>,
) -> Result<Exit, Failure> {
    let store = scene.store()?;
    let service = scene.service(common.service.as_ref())?;
    // The store is part of it: another one has not seen what this one has.
    let key = format!(
        "{key} {service:?} {:?} {:?} {:?} {}",
        common.environment,
        common.incident_environment,
        common.since,
        scene.config.dora.store.kind()
    );
    let folder = scene.repository.common_dir.join("shipway");
    let mut cursor = Cursor::load(&folder, &key);
    if common.anew {
        cursor.forget();
    }
    let mut forge = Forge {
        client,
        store: &*store,
        cursor,
        root: &scene.repository.root,
        service,
        since: common.since,
        now: scene.now,
        imported: Imported::default(),
    };
    let done = work(&mut forge);
    let Imported { added, left_out } = forge.imported;
    if done.is_ok() {
        return super::say(added, &left_out, common.format, context);
    }
    if added.new > 0 && common.format == Format::Human {
        context.output.note(&format!(
            "{} imported until then; the next run goes on there.",
            ui::counted(added.new, "event", "events")
        ));
    }
    done?;
    Ok(Exit::Done)
}

fn tell(context: &Context) -> Box<dyn FnMut(Progress)> {
    let output = context.output.clone();
    Box::new(move |progress| match progress {
        Progress::Page(list, page) => {
            if output.is_verbose() {
                output.note(&format!("{list}, page {page}"));
            }
        }
        Progress::Again(message, _) => {
            if output.is_verbose() {
                output.note(&format!("{}; once more", ui::visible(&message)));
            }
        }
        Progress::Waiting(pause) => {
            output.note(&format!(
                "Waiting {} s, as the limit of requests is reached.",
                pause.as_secs()
            ));
        }
    })
}

/// Host of the remote origin.
fn host(scene: &Scene) -> Option<String> {
    let name = git::origin::shared_name(scene.repository.origin.as_deref()?)?;
    name.split_once('/').map(|(host, _)| host.to_owned())
}

fn project(scene: &Scene, named: Option<&str>, form: &str) -> Result<String, Failure> {
    let of_origin = || {
        let name = git::origin::shared_name(scene.repository.origin.as_deref()?)?;
        name.split_once('/').map(|(_, path)| path.to_owned())
    };
    let Some(project) = named.map(str::to_owned).or_else(of_origin) else {
        return Err(Failure::new(
            Exit::Usage,
            "this repository has no remote called origin that names its project",
            format!("name it: --repository {form}"),
        ));
    };
    let parts: Vec<&str> = project.split('/').collect();
    let allowed = |part: &&str| {
        !part.is_empty()
            && !part.trim_matches('.').is_empty()
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || "-_.".contains(c))
    };
    if parts.len() < 2 || !parts.iter().all(allowed) {
        return Err(Failure::new(
            Exit::Usage,
            format!("{project:?} names no project"),
            format!("name it: --repository {form}"),
        ));
    }
    Ok(project)
}

/// The address as one, which is not plain text on its way where a token is sent along.
fn base(address: &str, with_token: bool) -> Result<Uri, Failure> {
    let uri: Option<Uri> = address.trim_end_matches('/').parse().ok();
    let uri = uri.filter(|uri: &Uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.query().is_none()
            && uri
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
    });
    let Some(uri) = uri else {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "--api-url: {:?} is no address of an interface",
                ui::visible(address)
            ),
            "give it as https://git.example.org/api/v3 (GitHub) or …/api/v4 (GitLab), and the \
             token in its variable",
        ));
    };
    let here = uri.host().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    });
    if with_token && uri.scheme_str() == Some("http") && !here {
        return Err(Failure::new(
            Exit::Usage,
            format!("--api-url: {address} would send the token as plain text"),
            "give an address that begins with https://",
        ));
    }
    Ok(uri)
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        let sentence = ui::visible(&error.to_string()).into_owned();
        match error {
            ForgeError::Store(error) => error.into(),
            ForgeError::Git(error) => error.into(),
            ForgeError::Client(_) => Self::new(
                Exit::Usage,
                sentence,
                "see that address and token are right",
            ),
            ForgeError::Unreachable { .. } => Self::new(
                Exit::Missing,
                sentence,
                "see that --api-url is right and reached from here; nothing is lost: the same command \
                 goes on where it was",
            ),
            ForgeError::Limited { .. } => Self::new(
                Exit::Missing,
                sentence,
                "nothing is lost; run the same command then, and it goes on where it was, or let \
                 it wait: --patience 2h",
            ),
            ForgeError::Unauthorized { .. } => Self::new(
                Exit::Missing,
                sentence,
                "set GITHUB_TOKEN or GITLAB_TOKEN to a token that is valid",
            ),
            ForgeError::Forbidden { .. } => Self::new(
                Exit::Missing,
                sentence,
                "give the token the right to read it, or leave it out: --only deployments",
            ),
            ForgeError::Absent(_) => Self::new(
                Exit::Missing,
                sentence,
                "see that --repository and --api-url are right, and that the token may read it",
            ),
            ForgeError::Answer { .. } => Self::new(
                Exit::Missing,
                sentence,
                "see that --api-url is the address of its interface",
            ),
            ForgeError::Cursor(_) => Self::new(
                Exit::Missing,
                sentence,
                "see that the git directory can be written",
            ),
        }
    }
}
