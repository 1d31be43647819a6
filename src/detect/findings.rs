//! What the maintainers should know, gathered from everything that was read.

use super::beside::{beside, pattern};
use super::{Found, Tree, structured};
use crate::project::{EnvFile, Evidence, Finding, RelPath, Severity};

/// Places that are named in one finding at most.
const SHOWN: usize = 5;

/// All findings, most severe first, each once.
pub(super) fn collect(tree: &Tree, found: &Found, env_files: &[EnvFile]) -> Vec<Finding> {
    check_manifests(tree);
    let mut all: Vec<Finding> = tree.findings();
    all.extend(found.findings.iter().cloned());
    all.extend(bytecode(tree));
    let kept = env_files.iter().filter(|file| !is_by_design(found, file));
    all.extend(kept.filter_map(committed));
    all.extend(insecure_defaults(found));
    let mut once: Vec<Finding> = Vec::new();
    for finding in all {
        let same = |known: &Finding| known.id == finding.id && place(known) == place(&finding);
        if !once.iter().any(same) {
            once.push(finding);
        }
    }
    once.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.id.cmp(b.id))
    });
    once
}

/// Where a finding is, as far as that tells it from others: a file is invalid only once.
fn place(finding: &Finding) -> Option<(&RelPath, usize)> {
    let first = finding.evidence.first()?;
    let line = if finding.id.starts_with("invalid-") {
        0
    } else {
        first.line
    };
    Some((&first.file, line))
}

/// Manifests and locks in TOML under other names.
const TOML: &[&str] = &["Pipfile", "poetry.lock", "uv.lock", "pdm.lock"];

/// Parses the manifests that no ecosystem may have read.
fn check_manifests(tree: &Tree) {
    let of_project = |path: &&RelPath| {
        let folder = path.parent();
        !beside(&folder) && !pattern(&folder)
    };
    let toml = tree
        .with_extension("toml")
        .chain(TOML.iter().flat_map(|name| tree.named(name)));
    for path in toml.filter(of_project) {
        structured::check_toml(tree, path);
    }
    let json = ["package.json", "composer.json"];
    for path in json
        .iter()
        .flat_map(|name| tree.named(name))
        .filter(of_project)
    {
        structured::json(tree, path);
    }
}

fn bytecode(tree: &Tree) -> Option<Finding> {
    let compiled: Vec<&RelPath> = tree
        .tracked()
        .iter()
        .filter(|path| matches!(path.extension(), "pyc" | "pyo"))
        .collect();
    let first = compiled.first()?;
    let number = compiled.len();
    let what = if number == 1 {
        format!("{first} is committed bytecode")
    } else {
        format!("{number} files of bytecode are committed, {first} among them")
    };
    Some(Finding {
        id: "committed-bytecode",
        severity: Severity::Warning,
        message: format!("{what}; it goes stale and differs between interpreters"),
        evidence: compiled
            .iter()
            .take(SHOWN)
            .map(|&path| Evidence::file(path.clone()))
            .collect(),
        mend: "git rm -r --cached -- '*.pyc' '*.pyo', and add __pycache__/ to .gitignore"
            .to_owned(),
    })
}

/// Whether Symfony wants a file to be committed: all but those for one machine.
/// <https://symfony.com/doc/current/configuration.html#overriding-environment-values-via-env-local>
fn is_by_design(found: &Found, file: &EnvFile) -> bool {
    let of_symfony = found.services.iter().any(|service| {
        let framework = service.framework.as_ref();
        service.root == file.path.parent() && framework.is_some_and(|fact| fact.value == "symfony")
    });
    of_symfony && !file.path.file_name().contains("local")
}

fn committed(file: &EnvFile) -> Option<Finding> {
    // A pattern to copy is there to be committed; its values are nobody's.
    let named = ["example", "sample", "template", "dist"]
        .iter()
        .any(|word| file.path.file_name().split('.').any(|part| part == *word));
    let beside = file.path.as_str().split('/').rev().skip(1).any(|folder| {
        ["example", "sample"]
            .iter()
            .any(|word| folder.starts_with(word))
    });
    let pattern = named || beside;
    (file.committed && file.has_secret_values && !pattern).then(|| Finding {
        id: "committed-env",
        severity: Severity::Warning,
        message: format!(
            "{} is committed and holds values of secrets; everybody who can read the repository has them",
            file.path
        ),
        evidence: vec![Evidence::file(file.path.clone())],
        mend: format!(
            "git rm --cached {}, let git ignore it, and change the secrets wherever they are in use",
            file.path
        ),
    })
}

fn insecure_defaults(found: &Found) -> Vec<Finding> {
    let mut findings: Vec<(&str, Vec<&str>, Finding)> = Vec::new();
    for service in &found.services {
        for variable in service
            .env
            .iter()
            .filter(|variable| variable.insecure_default)
        {
            if let Some((_, users, _)) = findings
                .iter_mut()
                .find(|(name, ..)| *name == variable.name)
            {
                users.push(&service.name);
                continue;
            }
            let finding = Finding {
                id: "insecure-default-secret",
                severity: Severity::Warning,
                message: String::new(),
                // The line itself holds the value, so only its place is given.
                evidence: variable
                    .read_at
                    .iter()
                    .map(|at| Evidence::new(at.file.clone(), at.line, &variable.name))
                    .collect(),
                mend: format!(
                    "remove the default, so that the start fails without {}; .env gives it a random value",
                    variable.name
                ),
            };
            findings.push((&variable.name, vec![&service.name], finding));
        }
    }
    findings
        .into_iter()
        .map(|(name, users, mut finding)| {
            let runs = if users.len() == 1 { "runs" } else { "run" };
            finding.message = format!(
                "{name} has a default in the code: where it is not set, {} {runs} with a secret that everybody can read",
                listed(&users)
            );
            finding
        })
        .collect()
}

/// `a, b and c`
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_to_copy_may_be_committed() {
        let reported = |name: &str| {
            committed(&EnvFile {
                path: RelPath::parse(name).unwrap(),
                committed: true,
                has_secret_values: true,
                ignored: false,
                names: vec![],
            })
            .is_some()
        };
        assert!(reported(".env"));
        assert!(reported("backend/.env.test"));
        assert!(!reported("docker/.env.example"));
        assert!(!reported(".env.sample"));
        assert!(!reported("example-docker/.env"));
    }
}
