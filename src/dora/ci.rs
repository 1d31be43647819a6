//! What the variables of a CI system say of the job that runs.
//!
//! The names are those that each system documents: GitHub Actions (default environment
//! variables), GitLab (predefined CI/CD variables), Jenkins (its environment variables, and
//! those of the Git plugin), Buildkite (environment variables) and Azure Pipelines (predefined
//! variables).

use super::event::{Outcome, Time};

/// One job of a CI system; what the system does not say is None.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub system: System,
    /// The run that it belongs to, by a name that no run of another system has. A repetition of
    /// a run is another run where the system numbers them.
    pub run: Option<String>,
    /// As the system writes it: a full id, except where it could not resolve one.
    pub commit: Option<String>,
    pub environment: Option<String>,
    pub started_at: Option<Time>,
    /// How it went so far; said only to what runs after the job's own commands.
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    GithubActions,
    Gitlab,
    Jenkins,
    Buildkite,
    AzurePipelines,
    /// One that only sets `CI`.
    Other,
}

impl Job {
    /// The job that `variable` tells of; None outside of one.
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let time = |name: &str| get(name).and_then(|text| text.parse().ok());
        let job = |system| Self {
            system,
            run: None,
            commit: None,
            environment: None,
            started_at: None,
            outcome: None,
        };
        let is_true =
            |name: &str| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if is_true("GITHUB_ACTIONS") {
            Some(Self {
                run: get("GITHUB_RUN_ID").map(|run| {
                    let attempt = get("GITHUB_RUN_ATTEMPT");
                    github_run(&run, attempt.as_deref().unwrap_or("1"))
                }),
                commit: get("GITHUB_SHA"),
                ..job(System::GithubActions)
            })
        } else if is_true("GITLAB_CI") {
            Some(Self {
                run: get("CI_PIPELINE_ID").map(|pipeline| gitlab_run(&pipeline)),
                commit: get("CI_COMMIT_SHA"),
                environment: get("CI_ENVIRONMENT_NAME"),
                started_at: time("CI_JOB_STARTED_AT"),
                outcome: get("CI_JOB_STATUS").and_then(|status| outcome(&status)),
                ..job(System::Gitlab)
            })
        } else if is_true("BUILDKITE") {
            Some(Self {
                run: get("BUILDKITE_BUILD_ID").map(|build| format!("buildkite:{build}")),
                commit: get("BUILDKITE_COMMIT"),
                outcome: get("BUILDKITE_COMMAND_EXIT_STATUS").map(|status| {
                    if status == "0" {
                        Outcome::Succeeded
                    } else {
                        Outcome::Failed
                    }
                }),
                ..job(System::Buildkite)
            })
        } else if is_true("TF_BUILD") {
            Some(Self {
                run: get("BUILD_BUILDID").map(|build| {
                    match get("SYSTEM_STAGEATTEMPT").filter(|attempt| attempt != "1") {
                        None => format!("azure:{build}"),
                        Some(attempt) => format!("azure:{build}/{attempt}"),
                    }
                }),
                commit: get("BUILD_SOURCEVERSION"),
                environment: get("ENVIRONMENT_NAME"),
                started_at: time("SYSTEM_PIPELINESTARTTIME"),
                outcome: get("AGENT_JOBSTATUS").and_then(|status| outcome(&status)),
                ..job(System::AzurePipelines)
            })
        } else if get("JENKINS_URL").is_some() {
            Some(Self {
                run: get("BUILD_TAG").or_else(|| {
                    let (job, number) = (get("JOB_NAME")?, get("BUILD_NUMBER")?);
                    Some(format!("jenkins-{job}-{number}"))
                }),
                commit: get("GIT_COMMIT"),
                ..job(System::Jenkins)
            })
        } else if is_true("CI") {
            Some(job(System::Other))
        } else {
            None
        }
    }
}

/// The run of GitHub Actions with this id, in its attempt of this number.
pub fn github_run(id: &str, attempt: &str) -> String {
    format!("github:{id}/{attempt}")
}

/// The pipeline of GitLab with this id.
pub fn gitlab_run(pipeline: &str) -> String {
    format!("gitlab:{pipeline}")
}

/// What a CI system calls a success, a failure or a cancellation.
pub fn outcome(status: &str) -> Option<Outcome> {
    match status.to_ascii_lowercase().as_str() {
        "success" | "succeeded" | "succeededwithissues" => Some(Outcome::Succeeded),
        "failure" | "failed" | "error" | "timed_out" => Some(Outcome::Failed),
        "cancelled" | "canceled" => Some(Outcome::Cancelled),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(variables: &[(&str, &str)]) -> Option<Job> {
        Job::of(&|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn github_actions_names_run_attempt_and_commit() {
        let job = job(&[
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_RUN_ID", "1658821493"),
            ("GITHUB_RUN_ATTEMPT", "3"),
            ("GITHUB_SHA", "ffac537e6cbbf934b08745a378932722df287a53"),
        ])
        .unwrap();
        assert_eq!(job.system, System::GithubActions);
        assert_eq!(job.run.as_deref(), Some("github:1658821493/3"));
        assert_eq!(
            job.commit.as_deref(),
            Some("ffac537e6cbbf934b08745a378932722df287a53")
        );
    }

    #[test]
    fn gitlab_says_environment_start_and_status() {
        let job = job(&[
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_ID", "77"),
            ("CI_COMMIT_SHA", "1ecfd275763eff1d6b4844ea3168962458c9f27a"),
            ("CI_ENVIRONMENT_NAME", "production"),
            ("CI_JOB_STARTED_AT", "2026-08-01T10:00:00Z"),
            ("CI_JOB_STATUS", "canceled"),
        ])
        .unwrap();
        assert_eq!(job.run.as_deref(), Some("gitlab:77"));
        assert_eq!(job.environment.as_deref(), Some("production"));
        assert_eq!(job.started_at.unwrap().to_string(), "2026-08-01T10:00:00Z");
        assert_eq!(job.outcome, Some(Outcome::Cancelled));
    }

    #[test]
    fn azure_jenkins_and_buildkite_are_told_apart() {
        let azure = job(&[
            ("TF_BUILD", "True"),
            ("BUILD_BUILDID", "12"),
            ("SYSTEM_STAGEATTEMPT", "2"),
            (
                "BUILD_SOURCEVERSION",
                "1ecfd275763eff1d6b4844ea3168962458c9f27a",
            ),
            ("ENVIRONMENT_NAME", "prod"),
            ("SYSTEM_PIPELINESTARTTIME", "2026-08-01 10:00:00+00:00"),
            ("AGENT_JOBSTATUS", "SucceededWithIssues"),
        ])
        .unwrap();
        assert_eq!(azure.run.as_deref(), Some("azure:12/2"));
        assert_eq!(azure.outcome, Some(Outcome::Succeeded));
        assert_eq!(
            azure.started_at.unwrap().to_string(),
            "2026-08-01T10:00:00Z"
        );
        let jenkins = job(&[
            ("JENKINS_URL", "http://ci.example.org/"),
            ("BUILD_TAG", "jenkins-shop-9"),
            ("GIT_COMMIT", "1ecfd275763eff1d6b4844ea3168962458c9f27a"),
        ])
        .unwrap();
        assert_eq!(jenkins.run.as_deref(), Some("jenkins-shop-9"));
        let buildkite = job(&[
            ("BUILDKITE", "true"),
            ("BUILDKITE_BUILD_ID", "b81ed283"),
            ("BUILDKITE_COMMIT", "HEAD"),
            ("BUILDKITE_COMMAND_EXIT_STATUS", "1"),
        ])
        .unwrap();
        assert_eq!(buildkite.outcome, Some(Outcome::Failed));
        assert_eq!(buildkite.commit.as_deref(), Some("HEAD"));
    }

    #[test]
    fn a_shell_of_a_person_is_no_job() {
        assert_eq!(job(&[("CI", ""), ("GITHUB_ACTIONS", "false")]), None);
        assert_eq!(job(&[("CI", "1")]), None);
        assert_eq!(job(&[("CI", "true")]).unwrap().system, System::Other);
    }
}
