//! Jobs of a workflow that do nothing but call shipway.

use super::super::three_way::{At, Content, cut};
use crate::project::RelPath;

/// The jobs that are generated for that, by their ids.
const OURS: &[&str] = &["hooks", "record"];

/// What is left of a workflow.
pub(super) enum Left {
    /// No job calls shipway.
    All,
    /// The text without the jobs of these ids.
    Without(String, Vec<&'static str>),
    Nothing,
}

/// The workflow at `path` without the jobs that call shipway.
///
/// # Errors
/// With the end of a sentence, where another job waits for one of them, or it is not laid out in
/// lines.
pub(super) fn left(path: &RelPath, text: &str) -> Result<Left, String> {
    let Some(content) = Content::read(path, text) else {
        return Err("it is no valid YAML; mend it first".to_owned());
    };
    let jobs: Vec<(&str, At)> = (content.top().get("jobs").into_iter())
        .flat_map(At::entries)
        .collect();
    let (gone, stays): (Vec<_>, Vec<_>) = jobs
        .into_iter()
        .partition(|(id, job)| OURS.contains(id) && calls(*job));
    let gone: Vec<&'static str> = (OURS.iter().copied())
        .filter(|ours| gone.iter().any(|(id, _)| id == ours))
        .collect();
    if gone.is_empty() {
        return Ok(Left::All);
    }
    if stays.is_empty() {
        return Ok(Left::Nothing);
    }
    let waits = |job: At, id: &str| job.get("needs").is_some_and(|needs| names(needs, id));
    for id in &gone {
        if let Some((other, _)) = stays.iter().find(|(_, job)| waits(*job, id)) {
            return Err(format!(
                "its job `{other}` needs the job `{id}`, which calls shipway and goes; take it out \
                 of `needs`"
            ));
        }
    }
    let mut rest = text.to_owned();
    for id in &gone {
        rest = cut(&rest, &["jobs", id]).ok_or_else(|| {
            format!("its job `{id}` calls shipway and cannot be cut out; delete it")
        })?;
    }
    Ok(Left::Without(rest, gone))
}

/// Whether a step of the job runs shipway.
fn calls(job: At) -> bool {
    let steps = job.get("steps").map(At::items).unwrap_or_default();
    let mut scripts = steps.into_iter().filter_map(|step| step.get("run")?.text());
    scripts.any(|script| {
        let mut lines = script.lines().map(str::trim_start);
        lines.any(|line| line.starts_with("shipway "))
    })
}

fn names(needs: At, id: &str) -> bool {
    needs.text() == Some(id) || needs.items().into_iter().any(|one| one.text() == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOKS: &str = "  hooks:\n    steps:\n      - run: |\n          shipway hooks run x\n";

    fn of(jobs: &str) -> Result<Left, String> {
        let path = RelPath::parse(".github/workflows/ci.yml").unwrap();
        left(&path, &format!("on: push\njobs:\n{jobs}"))
    }

    #[test]
    fn a_job_that_calls_shipway_goes_and_the_others_stay() {
        let lint = "  lint:\n    runs-on: x # mine\n";
        let Ok(Left::Without(rest, gone)) = of(&format!("{lint}\n{HOOKS}")) else {
            panic!("nothing was cut");
        };
        assert_eq!(rest, format!("on: push\njobs:\n{lint}"));
        assert_eq!(gone, ["hooks"]);
        assert!(matches!(of(HOOKS), Ok(Left::Nothing)));
        assert!(matches!(of(lint), Ok(Left::All)));
        // One of the user's own by the same name.
        assert!(matches!(
            of(&HOOKS.replace("shipway hooks", "lefthook")),
            Ok(Left::All)
        ));
    }

    #[test]
    fn a_job_that_others_wait_for_is_named() {
        for needs in ["hooks", "[x, hooks]"] {
            let jobs = format!("{HOOKS}  ship:\n    needs: {needs}\n");
            let Err(because) = of(&jobs) else {
                panic!("{needs}");
            };
            assert!(
                because.starts_with("its job `ship` needs the job `hooks`"),
                "{because}"
            );
        }
        assert!(of("  a: [\n").is_err());
    }
}
