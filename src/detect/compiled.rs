//! What programs that are compiled before they run have in common, whatever language they are written
//! in: the images that are about one, how it is started, what it is by its name.

use super::beside::beside_or_hidden;
use super::{existing, naming, shell};
use crate::project::{
    ComposeFile, ComposeService, Dockerfile, Evidence, Existing, Fact, Finding, Migration, RelPath,
    ServiceKind, Severity,
};
use std::collections::BTreeSet;

/// One program.
pub(super) struct Compiled<'a> {
    /// As the runtime of an image is called: `go`, `rust`.
    pub(super) runtime: &'static str,
    pub(super) name: &'a str,
    /// Folder of the module or workspace.
    pub(super) root: &'a RelPath,
    /// Folder of its own package.
    pub(super) folder: &'a RelPath,
    /// Whether the tree has no other module or workspace.
    pub(super) alone: bool,
    /// Whether the module or workspace has no other program.
    pub(super) single: bool,
}

/// Words in the name of a program that say what it does.
const WORKS: &[&str] = &[
    "worker",
    "workers",
    "consumer",
    "queue",
    "processor",
    "indexer",
];
const CLOCKS: &[&str] = &["cron", "scheduler", "clock"];

/// Names of commands that start a server.
pub(super) const SERVES: &[&str] = &["serve", "server", "web", "start", "run", "api", "http"];

impl Compiled<'_> {
    /// Its Dockerfiles, nearest first.
    pub(super) fn images<'e>(&self, existing: &'e Existing) -> Vec<&'e Dockerfile> {
        let root = self.root;
        let about = |file: &&Dockerfile| {
            let folder = file.path.parent();
            let named = file.path.file_name().contains(self.name) || folder == *self.folder;
            let here = folder == *root
                || root.is_within(&folder) && (self.alone || existing::names_folder(file, root));
            let starts = || self.arguments(file).is_some();
            let below = self.alone && !beside_or_hidden(&folder);
            named || here || below && (self.single || starts())
        };
        let mut found: Vec<&Dockerfile> = existing
            .dockerfiles
            .iter()
            .filter(about)
            .filter(|file| {
                let runtime = file.runtime.as_ref();
                runtime.is_none_or(|(name, _)| name == self.runtime)
            })
            .collect();
        existing::nearest_first(&mut found, self.folder);
        found
    }

    /// What compose files say of it.
    pub(super) fn composed<'e>(
        &self,
        existing: &'e Existing,
    ) -> Vec<(&'e ComposeFile, &'e ComposeService)> {
        let only = self.alone && self.single;
        existing::own_services(existing, self.root, Some(self.name), only)
    }

    /// What a Procfile starts of it: the name of each process, its words behind the program, its line.
    fn processes<'e>(&self, existing: &'e Existing) -> Vec<(&'e str, Vec<String>, &'e Evidence)> {
        let entries = existing.procfile.iter().flat_map(|file| &file.entries);
        let own = |at: &'e Evidence| {
            let (name, line) = at.excerpt.split_once(':')?;
            let command = shell::commands(line).into_iter().last()?;
            let mut words = command.texts().into_iter();
            let program = words.next()?;
            (program.rsplit('/').next() == Some(self.name))
                .then(|| (name.trim(), words.collect(), at))
        };
        entries.filter_map(own).collect()
    }

    /// What a Procfile starts of it beside what answers requests: what it is called, what it is and how
    /// it is started.
    pub(super) fn beside(&self, existing: &Existing) -> Vec<(String, ServiceKind, Fact<String>)> {
        let processes = self.processes(existing).into_iter();
        let others = processes.filter(|(name, _, _)| !matches!(*name, "web" | "release"));
        others
            .filter_map(|(name, arguments, at)| {
                let kind = by_name(name).unwrap_or(ServiceKind::Worker);
                let command = Fact::certain(self.with(&arguments), at.clone());
                Some((naming::sanitised(name)?, kind, command))
            })
            .collect()
    }

    /// Gives to a `migration` that nothing is known to apply what a Procfile starts before each release,
    /// where that is about it.
    pub(super) fn migrated(&self, existing: &Existing, migration: Option<&mut Fact<Migration>>) {
        let Some(migration) = migration.filter(|fact| fact.value.command.is_none()) else {
            return;
        };
        let release = self
            .processes(existing)
            .into_iter()
            .find(|(name, arguments, _)| {
                *name == "release" && arguments.iter().any(|word| word.contains("migrat"))
            });
        if let Some((_, arguments, at)) = release {
            migration.value.command = Some(self.with(&arguments));
            migration.evidence.push(at.clone());
            migration.because = None;
        }
    }

    fn with(&self, arguments: &[String]) -> String {
        let mut words = vec![self.name.to_owned()];
        words.extend_from_slice(arguments);
        shell::join(&words)
    }

    /// What a compose file gives to an image that starts it, or starts itself.
    fn composed_arguments(&self, existing: &Existing) -> Option<(Vec<String>, Evidence)> {
        self.composed(existing).into_iter().find_map(|(file, one)| {
            let words = shell::commands(one.command.as_ref()?);
            let [command] = words.as_slice() else {
                return None;
            };
            let mut words = command.texts();
            if words.first()?.rsplit('/').next() == Some(self.name) {
                words.remove(0);
            }
            let plain = |word: &String| {
                word.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_=:.,".contains(c))
            };
            let at = Evidence::new(file.path.clone(), one.line, one.command.as_ref()?);
            (words.first()?.starts_with(char::is_alphabetic) && words.iter().all(plain))
                .then_some((words, at))
        })
    }

    /// How it is started: as a Procfile does, with the arguments that one of `images` or a compose file
    /// gives it, else with the first of its `commands` that serves, where there are `several`; `at` is
    /// where it starts.
    pub(super) fn command<'c>(
        &self,
        existing: &Existing,
        images: &[&Dockerfile],
        mut commands: impl Iterator<Item = (&'c str, &'c Evidence)>,
        several: bool,
        at: &Evidence,
    ) -> Fact<String> {
        let mut processes = self.processes(existing).into_iter();
        if let Some((_, arguments, line)) = processes.find(|(name, _, _)| *name == "web") {
            return Fact::certain(self.with(&arguments), line.clone());
        }
        for image in images {
            let Some(evidence) = image.cmd.as_ref().or(image.entrypoint.as_ref()) else {
                continue;
            };
            let arguments = self.arguments(image);
            if let Some(arguments) = arguments.filter(|arguments| {
                let mut words = arguments.iter();
                !words.any(|word| word.contains(['$', '|', '>', '&']))
            }) {
                // An image that only names the program leaves the rest to who starts it.
                if arguments.is_empty()
                    && several
                    && let Some((arguments, place)) = self.composed_arguments(existing)
                {
                    return Fact::certain(self.with(&arguments), place);
                }
                return Fact::certain(self.with(&arguments), evidence.clone());
            }
        }
        let serves = commands.find(|(name, _)| *name != self.name && SERVES.contains(name));
        match serves {
            Some((name, place)) if several => {
                Fact::likely(self.with(&[name.to_owned()]), place.clone())
                    .because("the program has commands, and this one serves")
            }
            _ => Fact::certain(self.with(&[]), at.clone()),
        }
    }

    /// What stands behind the program where `image` starts it.
    fn arguments(&self, image: &Dockerfile) -> Option<Vec<String>> {
        let words: Vec<String> = [&image.entrypoint, &image.cmd]
            .into_iter()
            .flatten()
            .flat_map(|evidence| shell::commands(&evidence.excerpt))
            .flat_map(|command| command.texts())
            .collect();
        let is_it = |word: &String| word.rsplit('/').next() == Some(self.name);
        // An image may call its only program anything.
        let is_only = |word: &String| {
            let last = word.rsplit('/').next().unwrap_or_default();
            self.single
                && word.starts_with(['/', '.'])
                && !word.ends_with(".sh")
                && !matches!(last, "tini" | "tini-static" | "dumb-init")
        };
        let known = words.iter().position(is_it);
        let at = known.or_else(|| words.first().filter(|word| is_only(word)).map(|_| 0))?;
        Some(words[at + 1..].to_vec())
    }

    /// What it is by its name where it does not serve; None for one that is run by hand.
    pub(super) fn kind(&self) -> Option<ServiceKind> {
        by_name(self.name)
    }

    /// Whether it is called like the client of a server, for people to start by hand.
    pub(super) fn is_client(&self) -> bool {
        let last = self.name.rsplit(['-', '_']).next();
        matches!(last, Some("cli" | "client")) || self.name.len() > 3 && self.name.ends_with("ctl")
    }

    /// What its service is called; `only` where it is the only one that serves.
    pub(super) fn service(&self, kind: ServiceKind, only: bool) -> String {
        if kind == ServiceKind::Web && only {
            return "web".to_owned();
        }
        naming::sanitised(self.name).unwrap_or_else(|| "program".to_owned())
    }
}

/// What a program or process is by its name; None for one that says nothing.
fn by_name(name: &str) -> Option<ServiceKind> {
    let has = |known: &[&str]| {
        let mut words = name.split(['-', '_', '.']);
        words.any(|word| known.contains(&word))
    };
    if has(CLOCKS) {
        Some(ServiceKind::Scheduler)
    } else {
        has(WORKS).then_some(ServiceKind::Worker)
    }
}

/// `first` and all that it is made with, however far down, the nearest first; `uses` knows what one names.
pub(super) fn closure<'a, T, I>(first: &'a T, uses: impl Fn(&'a T) -> I) -> Vec<&'a T>
where
    I: Iterator<Item = &'a T>,
{
    let mut found = vec![first];
    let mut known = BTreeSet::from([std::ptr::from_ref(first)]);
    let mut next = 0;
    while let Some(one) = found.get(next) {
        let used = uses(one).filter(|used| known.insert(std::ptr::from_ref(*used)));
        let used: Vec<&T> = used.collect();
        found.extend(used);
        next += 1;
    }
    found
}

/// Says that `at` embeds a folder which the repository does not hold; `build` is the command that fails.
pub(super) fn embeds_nothing(folder: &RelPath, at: &Evidence, build: &str) -> Finding {
    Finding {
        id: "embeds-what-is-not-there",
        severity: Severity::Warning,
        message: format!(
            "{at} embeds {folder}, which the repository does not hold: until something makes it, the program cannot be built"
        ),
        evidence: vec![at.clone()],
        mend: format!("build it before `{build}`, in a stage of the Dockerfile too, or commit it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::RelPath;

    fn started(entrypoint: &str, cmd: &str) -> Option<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("FROM debian\nENTRYPOINT {entrypoint}\nCMD {cmd}\n");
        std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
        let existing = existing::read(&crate::detect::Tree::read(folder.path()).unwrap());
        let root = RelPath::root();
        let program = Compiled {
            runtime: "go",
            name: "ferry",
            root: &root,
            folder: &root,
            alone: true,
            single: true,
        };
        let images = program.images(&existing);
        program.arguments(images[0])
    }

    #[test]
    fn what_is_made_with_each_other_is_found_once() {
        let uses: [&[usize]; 4] = [&[2, 1], &[3, 0], &[3, 2], &[]];
        let all = [0_usize, 1, 2, 3];
        let found = closure(&all[0], |one| uses[*one].iter().map(|used| &all[*used]));
        assert_eq!(found, [&0, &2, &1, &3]);
    }

    #[test]
    fn arguments_stand_behind_the_program_and_not_behind_an_init() {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(
            started("[\"/bin/ferry\"]", "[\"serve\"]"),
            words(&["serve"])
        );
        assert_eq!(started("[\"/app\"]", "[\"serve\"]"), words(&["serve"]));
        assert_eq!(
            started("[\"/sbin/tini\", \"--\"]", "[\"ferry\", \"serve\"]"),
            words(&["serve"])
        );
        assert_eq!(started("[\"/sbin/tini\", \"--\"]", "[\"/app\"]"), None);
        assert_eq!(started("[\"/start.sh\"]", "[]"), None);
    }
}
