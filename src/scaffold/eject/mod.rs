//! Everything generated goes over to its user: without a mark and a name of shipway's, and in no
//! need of it.

mod mention;
mod name;
mod sentence;
mod workflow;

pub use mention::Mention;

use super::block::{self, Found};
use super::feature::Strategy;
use super::lock::{Artifact, LOCK_FILE, Lock, PRISTINE_DIR, PROPOSAL, sha256};
use super::place::{Places, Present};
use super::plan::{Action, Change, Entry, Plan};
use super::{CONFIG_FILE, PlanError, apply, own_path};
use crate::project::RelPath;
use std::collections::BTreeSet;
use std::path::Path;
use workflow::Left;

/// Where a repository keeps what is shipway's, beside the lock and the configuration.
const FOLDER: &str = ".shipway";

/// How a repository goes on without shipway.
#[derive(Debug)]
pub struct Ejection {
    pub plan: Plan,
    /// What stands where `shipway` stood in names of files, targets and variables.
    pub word: Option<&'static str>,
    /// Old and new name of the compose project, where it changes: volumes go by it.
    pub project: Option<(String, String)>,
    /// Lines that still speak of shipway, sorted by path: the user's own, or edited by the user.
    pub mentions: Vec<Mention>,
}

/// A generated file, as it is and as it shall be but for names.
struct File<'l> {
    artifact: &'l Artifact,
    before: Vec<u8>,
    /// With line feeds only; None where nothing is left of it.
    text: Option<String>,
    said: Vec<String>,
}

/// Plans how everything that `lock` names becomes the user's. `tracked` are the files that git
/// tracks. Reads the tree, writes nothing.
///
/// # Errors
/// When a conflict is not settled, a file cannot be read, is open in an editor or no text, a job of
/// the user's waits for one that goes, or every name that could take the place of ours is taken.
pub fn plan(root: &Path, lock: &Lock, tracked: &BTreeSet<RelPath>) -> Result<Ejection, PlanError> {
    refuse_unsettled(root, lock)?;
    let mut places = Places::new(root, lock);
    let has_script =
        |artifact: &Artifact| artifact.id == "env_script" && artifact.place().under(root).is_file();
    let has_script = lock.artifacts.iter().any(has_script);
    let mut files = Vec::new();
    for artifacts in lock.artifacts.chunk_by(|a, b| a.place() == b.place()) {
        files.extend(read(root, artifacts, has_script, &mut places)?);
    }
    let word = word(root, &files, tracked, &mut places)?;
    let mut plan = Plan::default();
    for file in &files {
        put(root, file, word, &mut plan)?;
    }
    own_files(root, &mut places, &mut plan)?;
    plan.entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mentions = mention::all(root, tracked, &plan.changes);
    let project = files.iter().find_map(|file| renamed_project(file, word?));
    Ok(Ejection {
        plan,
        word,
        project,
        mentions,
    })
}

fn renamed_project(file: &File, word: &str) -> Option<(String, String)> {
    let text = file
        .text
        .as_deref()
        .filter(|_| file.artifact.id == "compose")?;
    let line = text.lines().find(|line| line.starts_with("name: "))?;
    let named = |line: &str| line.trim_start_matches("name: ").to_owned();
    let (old, new) = (named(line), named(&name::with(line, word)));
    (new != old).then_some((old, new))
}

fn refuse_unsettled(root: &Path, lock: &Lock) -> Result<(), PlanError> {
    for artifact in &lock.artifacts {
        let proposal = format!("{}{PROPOSAL}", artifact.place());
        let lies = root.join(&proposal).symlink_metadata().is_ok();
        if artifact.proposal.is_some() || artifact.proposed.is_some() || lies {
            let because = if lies {
                format!("it is in conflict with {proposal}; settle that first: shipway update")
            } else {
                "its conflict is settled and not noted yet; run shipway update first".to_owned()
            };
            return Err(not_ejected(artifact.place(), because));
        }
    }
    Ok(())
}

fn not_ejected(path: &RelPath, because: impl Into<String>) -> PlanError {
    PlanError::Eject {
        path: path.clone(),
        because: because.into(),
    }
}

/// The file of `artifacts`, which share a path; None where there is none, or it is one of shipway's
/// own.
fn read<'l>(
    root: &Path,
    artifacts: &'l [Artifact],
    has_script: bool,
    places: &mut Places,
) -> Result<Option<File<'l>>, PlanError> {
    let Some(artifact) = artifacts.first() else {
        return Ok(None);
    };
    let path = artifact.place();
    if path.as_str() == CONFIG_FILE {
        return Ok(None);
    }
    match super::read(places, root, path) {
        Ok(None) => Ok(None),
        Ok(Some(before)) => {
            if let Some(because) = places.hindrance(path) {
                let because = because.split(", so it stays; ").next().unwrap_or(because);
                return Err(not_ejected(path, because));
            }
            let text = String::from_utf8(block::with_line_feeds(&before))
                .map_err(|_| not_ejected(path, "it is not UTF-8"))?;
            let mut file = File {
                artifact,
                before,
                text: Some(text),
                said: Vec::new(),
            };
            for artifact in artifacts {
                file.let_go(artifact, has_script)?;
            }
            Ok(Some(file))
        }
        Err(PlanError::Barred(because)) => Err(not_ejected(path, because)),
        Err(error) => Err(error),
    }
}

impl File<'_> {
    /// Takes out what is shipway's of one artifact in it.
    fn let_go(&mut self, artifact: &Artifact, has_script: bool) -> Result<(), PlanError> {
        let path = artifact.place();
        let Some(text) = self.text.take() else {
            return Ok(());
        };
        let whole = |text: &str| sentence::without(text, has_script);
        self.text = match artifact.strategy {
            Strategy::Env | Strategy::Jobs => Some(text),
            Strategy::Block => match block::find(text.as_bytes(), &artifact.id) {
                Found::Block { range, text: inner } => {
                    self.said.push("the marks of its block go".to_owned());
                    let (before, after) = (&text[..range.start], &text[range.end..]);
                    let inner = String::from_utf8_lossy(inner);
                    Some(format!("{before}{}{after}", whole(&inner)))
                }
                Found::Absent if artifact.released => Some(whole(&text)),
                Found::Absent => Some(text),
                Found::Broken => {
                    let because = "its block has a mark without its partner; put it back or delete \
                                   the other";
                    return Err(not_ejected(path, because));
                }
            },
            Strategy::File if path.as_str().starts_with(".github/workflows/") => {
                self.workflow(path, text)?.as_deref().map(whole)
            }
            Strategy::File => Some(whole(&text)),
        };
        Ok(())
    }

    fn workflow(&mut self, path: &RelPath, text: String) -> Result<Option<String>, PlanError> {
        match workflow::left(path, &text).map_err(|because| not_ejected(path, because))? {
            Left::All => Ok(Some(text)),
            Left::Nothing => {
                self.said
                    .push("it does nothing but call shipway".to_owned());
                Ok(None)
            }
            Left::Without(rest, jobs) => {
                let jobs = jobs.join(", ");
                self.said
                    .push(format!("without its job {jobs}, which calls shipway"));
                Ok(Some(rest))
            }
        }
    }
}

/// What stands in names from now on; None where there are none.
fn word(
    root: &Path,
    files: &[File],
    tracked: &BTreeSet<RelPath>,
    places: &mut Places,
) -> Result<Option<&'static str>, PlanError> {
    let names = |word: &str| -> BTreeSet<String> {
        let texts = files.iter().filter_map(|file| file.text.as_deref());
        let paths = files.iter().map(|file| file.artifact.place().as_str());
        (texts.chain(paths))
            .flat_map(|text| name::names(text, word))
            .collect()
    };
    if names("").is_empty() {
        return Ok(None);
    }
    let found = name::word(|word| {
        let mut is_free = |file: &File| {
            let path = name::with(file.artifact.place().as_str(), word);
            let moved = RelPath::parse(&path)
                .ok()
                .filter(|path| path != file.artifact.place());
            moved.is_none_or(|path| places.present(&path) == Present::Nothing)
        };
        files.iter().all(&mut is_free) && !mention::has_any(root, tracked, &names(word))
    });
    match (found, files.first()) {
        (None, Some(file)) => Err(not_ejected(
            file.artifact.place(),
            format!(
                "names with {} are all taken here, and its own are to go",
                name::words()
            ),
        )),
        (found, _) => Ok(found),
    }
}

/// Puts what becomes of `file` into `plan`.
fn put(
    root: &Path,
    file: &File,
    word: Option<&'static str>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let path = file.artifact.place();
    let named = |text: &str| word.map_or_else(|| text.to_owned(), |word| name::with(text, word));
    let target = RelPath::parse(&named(path.as_str())).map_err(own_path)?;
    let before = Some(sha256(&file.before));
    let ending = block::line_ending(&file.before);
    let content = file
        .text
        .as_ref()
        .map(|text| named(text).replace('\n', ending).into_bytes());
    let mut reason = file.said.clone();
    if target != *path {
        reason.push(format!("was {path}"));
    }
    if reason.is_empty() {
        let same = content.as_deref() == Some(&file.before);
        let said = if same {
            "as it is"
        } else {
            "without what it said of shipway"
        };
        reason.push(said.to_owned());
    }
    plan.entries.push(Entry {
        path: target.clone(),
        feature: file.artifact.feature.clone(),
        action: content
            .as_ref()
            .map_or(Action::Remove, |_| Action::Released),
        strategy: file.artifact.strategy,
        reason: reason.join("; "),
        why: Vec::new(),
    });
    if target == *path && content.as_deref() == Some(&file.before) {
        return Ok(());
    }
    let gone = |content| Change {
        path: path.clone(),
        content,
        mode: None,
        before: before.clone(),
    };
    if target == *path || content.is_none() {
        plan.changes.push(gone(content));
        return Ok(());
    }
    let lies_at = path.under(root);
    let mode = apply::mode_of(&lies_at).map_err(|source| PlanError::Io {
        path: lies_at,
        source,
    })?;
    plan.changes.push(gone(None));
    plan.changes.push(Change {
        path: target,
        content,
        mode: Some(mode),
        before: None,
    });
    Ok(())
}

/// The files that are for shipway alone go; the lock last.
fn own_files(root: &Path, places: &mut Places, plan: &mut Plan) -> Result<(), PlanError> {
    let mut own = Vec::new();
    let folder = RelPath::parse(FOLDER).map_err(own_path)?;
    if folder.under(root).is_dir() {
        let mut walk = ignore::WalkBuilder::new(folder.under(root));
        for entry in walk.standard_filters(false).build() {
            let entry = entry.map_err(|error| not_ejected(&folder, error.to_string()))?;
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            if !entry.path().is_dir() || entry.path_is_symlink() {
                own.push(RelPath::from_path(below).map_err(own_path)?);
            }
        }
    }
    own.sort();
    for name in [CONFIG_FILE, LOCK_FILE] {
        own.push(RelPath::parse(name).map_err(own_path)?);
    }
    for path in own {
        let content = match super::read(places, root, &path) {
            Ok(Some(content)) => content,
            Ok(None) => continue,
            Err(PlanError::Barred(because)) => return Err(not_ejected(&path, because)),
            Err(error) => return Err(error),
        };
        let is_record = path.as_str() == LOCK_FILE || path.as_str().starts_with(PRISTINE_DIR);
        if !is_record {
            plan.entries.push(Entry {
                path: path.clone(),
                feature: String::new(),
                action: Action::Remove,
                strategy: Strategy::File,
                reason: "only shipway reads it".to_owned(),
                why: Vec::new(),
            });
        }
        plan.changes.push(Change {
            path,
            content: None,
            mode: None,
            before: Some(sha256(&content)),
        });
    }
    Ok(())
}
