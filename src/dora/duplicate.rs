//! One deployment told twice: by the command line and by an import, say.

use super::event::{Deployment, EventId, Name, Source, Time};
use crate::git::CommitId;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Two tellings of one deployment start at most so many seconds apart where a run is not known.
pub const MAX_APART: i64 = 10 * 60;

/// Two tellings of one deployment agree in it.
fn place(deployment: &Deployment) -> (CommitId, &Name, &Name) {
    (
        deployment.commit,
        &deployment.environment,
        &deployment.service,
    )
}

/// Which of `deployments` tell of one that another of them tells of: the duplicate, and the
/// event that counts in its place.
///
/// Two are one where environment, service and commit are equal, and so are their runs; or
/// where at least one has no run, their sources differ and they started within
/// [`MAX_APART`]. The most trusted source counts; of equal ones that which finished last, then
/// the lower id. Among several that would count, the one that started nearest.
pub fn duplicates<'a>(
    deployments: impl IntoIterator<Item = (EventId, &'a Deployment)>,
) -> BTreeMap<EventId, EventId> {
    let mut all: Vec<(EventId, &Deployment)> = deployments.into_iter().collect();
    let again = deployed_again(&all);
    all.retain(|(_, deployment)| again.contains(&deployment.commit));
    all.sort_unstable_by(|(_, a), (_, b)| place(a).cmp(&place(b)));
    let mut duplicates = BTreeMap::new();
    for told in all.chunk_by_mut(|(_, a), (_, b)| place(a) == place(b)) {
        if told.len() < 2 {
            continue;
        }
        told.sort_by_key(|(id, deployment)| {
            let finished = deployment.period.finished_at().second();
            (deployment.source, -finished, *id)
        });
        let mut counting = Counting::default();
        for (id, deployment) in told {
            match counting.same_as(deployment) {
                Some(counts) => {
                    duplicates.insert(*id, counts);
                }
                None => counting.add(*id, deployment),
            }
        }
    }
    duplicates
}

/// The commits of which more than one deployment tells.
fn deployed_again(all: &[(EventId, &Deployment)]) -> HashSet<CommitId> {
    let mut commits: Vec<CommitId> = all.iter().map(|(_, told)| told.commit).collect();
    commits.sort_unstable();
    let pairs = commits.windows(2).filter(|pair| pair[0] == pair[1]);
    pairs.map(|pair| pair[0]).collect()
}

/// The deployments of one commit in one place that count so far.
#[derive(Default)]
struct Counting<'a> {
    by_run: HashMap<&'a Name, EventId>,
    by_start: BTreeMap<(Time, EventId), (Source, bool)>,
}

impl<'a> Counting<'a> {
    fn add(&mut self, id: EventId, deployment: &'a Deployment) {
        if let Some(run) = &deployment.run {
            self.by_run.insert(run, id);
        }
        self.by_start.insert(
            (deployment.period.started_at(), id),
            (deployment.source, deployment.run.is_some()),
        );
    }

    fn same_as(&self, deployment: &Deployment) -> Option<EventId> {
        if let Some(counts) = deployment.run.as_ref().and_then(|run| self.by_run.get(run)) {
            return Some(*counts);
        }
        let start = deployment.period.started_at();
        let second = |seconds| Time::from_second(start.second() + seconds).unwrap_or(start);
        let from = (second(-MAX_APART), EventId::from_bytes([0; 32]));
        let to = (second(MAX_APART), EventId::from_bytes([255; 32]));
        self.by_start
            .range(from..=to)
            .filter(|(_, (source, has_run))| {
                *source != deployment.source && !(*has_run && deployment.run.is_some())
            })
            .map(|((started, id), _)| ((started.second() - start.second()).abs(), *id))
            .min()
            .map(|(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dora::event::{Intent, Outcome, Period};

    /// An id, and a deployment that started at `second` and took a minute.
    fn told(id: u8, source: Source, run: Option<&str>, second: i64) -> (EventId, Deployment) {
        let at = |second| Time::from_second(second).unwrap();
        let deployment = Deployment {
            environment: "production".parse().unwrap(),
            service: "web".parse().unwrap(),
            commit: CommitId::from_bytes([7; 20]),
            period: Period::new(at(second), at(second + 60)).unwrap(),
            outcome: Outcome::Succeeded,
            took_traffic: true,
            intent: Intent::Release,
            release: None,
            schema_head: None,
            reverts: None,
            run: run.map(|run| run.parse().unwrap()),
            proof: None,
            source,
        };
        (EventId::from_bytes([id; 32]), deployment)
    }

    /// Duplicate and the one that counts, by the first byte of their ids.
    fn pairs(told: &[(EventId, Deployment)]) -> Vec<(u8, u8)> {
        duplicates(told.iter().map(|(id, deployment)| (*id, deployment)))
            .into_iter()
            .map(|(duplicate, counts)| (duplicate.as_bytes()[0], counts.as_bytes()[0]))
            .collect()
    }

    #[test]
    fn the_most_trusted_telling_of_one_run_counts() {
        let told = [
            told(1, Source::Github, Some("5/1"), 10_000),
            told(2, Source::Cli, Some("5/1"), 0),
            told(3, Source::Cli, Some("5/2"), 0),
        ];
        assert_eq!(pairs(&told), [(1, 2)]);
    }

    #[test]
    fn without_a_run_ten_minutes_and_the_source_decide() {
        let cli = told(1, Source::Cli, Some("5/1"), 1000);
        assert_eq!(
            pairs(&[cli.clone(), told(2, Source::Github, None, 1600)]),
            [(2, 1)]
        );
        assert_eq!(
            pairs(&[cli.clone(), told(2, Source::Github, None, 400)]),
            [(2, 1)]
        );
        assert_eq!(
            pairs(&[cli.clone(), told(2, Source::Github, None, 1601)]),
            []
        );
        assert_eq!(
            pairs(&[cli.clone(), told(2, Source::Github, Some("6/1"), 1000)]),
            []
        );
        assert_eq!(pairs(&[cli, told(2, Source::Cli, None, 1000)]), []);
    }

    #[test]
    fn one_between_two_runs_joins_the_nearer_and_does_not_make_them_one() {
        let told = [
            told(1, Source::Ci, Some("1"), 0),
            told(2, Source::Ci, Some("2"), 900),
            told(3, Source::Tags, None, 500),
        ];
        assert_eq!(pairs(&told), [(3, 2)]);
    }

    #[test]
    fn of_one_source_and_run_the_last_to_finish_counts() {
        let told = [
            told(1, Source::Ci, Some("1"), 0),
            told(2, Source::Ci, Some("1"), 900),
        ];
        assert_eq!(pairs(&told), [(1, 2)]);
    }

    #[test]
    fn another_environment_service_or_commit_is_another_deployment() {
        let first = told(1, Source::Cli, None, 0);
        let mut other = told(2, Source::Tags, None, 0);
        assert_eq!(pairs(&[first.clone(), other.clone()]), [(2, 1)]);
        other.1.environment = "staging".parse().unwrap();
        assert_eq!(pairs(&[first.clone(), other.clone()]), []);
        other = told(2, Source::Tags, None, 0);
        other.1.service = "worker".parse().unwrap();
        assert_eq!(pairs(&[first.clone(), other.clone()]), []);
        other = told(2, Source::Tags, None, 0);
        other.1.commit = CommitId::from_bytes([8; 20]);
        assert_eq!(pairs(&[first, other]), []);
    }
}
