//! What lies at a path of the work tree, and which path an artifact may take.

use super::feature::Strategy;
use super::lock::Lock;
use crate::project::RelPath;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::FileType;
use std::path::{Path, PathBuf};

/// Above this (bytes), a file is none that an artifact could be merged with.
const HUGE: u64 = 16 * 1024 * 1024;

/// Names of one folder with their kinds.
type Listing = BTreeMap<OsString, FileType>;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Present {
    Nothing,
    File,
    /// Why nothing may be put there, as the end of a sentence.
    Barred(String),
}

/// Where an artifact goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    At(RelPath),
    /// Another name, because of the user's file.
    Beside {
        path: RelPath,
        because: String,
    },
    /// Where its user moved it from `made_at`.
    Moved {
        path: RelPath,
        made_at: RelPath,
    },
    /// Nowhere.
    Out {
        because: String,
    },
}

impl Place {
    /// None where it is not made.
    pub(super) fn path(&self) -> Option<&RelPath> {
        match self {
            Self::At(path) | Self::Beside { path, .. } | Self::Moved { path, .. } => Some(path),
            Self::Out { .. } => None,
        }
    }
}

/// What an artifact asks for.
pub(super) struct Request<'r> {
    pub id: &'r str,
    pub strategy: Strategy,
    pub path: &'r RelPath,
    pub beside: Option<&'r RelPath>,
    pub yields_to: &'r [RelPath],
    pub adopts: &'r [RelPath],
}

/// The tree as seen by one plan: folders are listed once.
pub(super) struct Places<'t> {
    root: &'t Path,
    lock: &'t Lock,
    listings: BTreeMap<PathBuf, Option<Listing>>,
    /// Taken in this plan: lower-case path to the artifact's id.
    claimed: BTreeMap<String, String>,
    /// The user's file that goes over.
    adopted: Option<RelPath>,
}

impl<'t> Places<'t> {
    pub(super) fn new(root: &'t Path, lock: &'t Lock) -> Self {
        Self {
            root,
            lock,
            listings: BTreeMap::new(),
            claimed: BTreeMap::new(),
            adopted: None,
        }
    }

    /// From now on the user's file at `path` is one that an artifact may take the place of.
    pub(super) fn adopt(&mut self, path: RelPath) {
        self.adopted = Some(path);
    }

    /// The place for an artifact, which is taken from then on.
    pub(super) fn take(&mut self, request: &Request) -> Place {
        let place = self.find(request);
        if let Some(path) = place.path() {
            self.claimed
                .insert(path.as_str().to_lowercase(), request.id.to_owned());
        }
        place
    }

    fn find(&mut self, request: &Request) -> Place {
        let mixed = request.strategy != Strategy::File;
        if let Some(adopted) = self.adopted.clone() {
            if !mixed && (*request.path == adopted || request.adopts.contains(&adopted)) {
                return match self.obstacle(&adopted, true) {
                    None => Place::At(adopted),
                    Some(because) => Place::Out { because },
                };
            }
            // What was put beside others because of it need not be any more.
            let lies_beside = (self.lock.by_id(request.id)).is_some_and(|known| {
                known.moved_to.is_none()
                    && known.path != *request.path
                    && !request.adopts.contains(&known.path)
            });
            if lies_beside
                && self.rival(request).is_none()
                && self.obstacle(request.path, mixed).is_none()
            {
                return Place::At(request.path.clone());
            }
        }
        if let Some(known) = self.lock.by_id(request.id) {
            return match self.obstacle(known.place(), true) {
                None if known.moved_to.is_some() => Place::Moved {
                    path: known.place().clone(),
                    made_at: known.path.clone(),
                },
                None if known.path == *request.path => Place::At(known.path.clone()),
                None => Place::Beside {
                    path: known.path.clone(),
                    because: format!("it was put there instead of {} before", request.path),
                },
                Some(because) => Place::Out { because },
            };
        }
        let because = match self.obstacle(request.path, mixed) {
            Some(because) => because,
            None => match self.rival(request) {
                Some(rival) => format!("{rival} is there and is yours"),
                None => return Place::At(request.path.clone()),
            },
        };
        let Some(beside) = request.beside else {
            return Place::Out { because };
        };
        match self.obstacle(beside, mixed) {
            None => Place::Beside {
                path: beside.clone(),
                because,
            },
            Some(second) if second == because => Place::Out { because },
            Some(second) => Place::Out {
                because: format!("{because}, and {second}"),
            },
        }
    }

    /// A file of the user's that `request.path` would take precedence over.
    fn rival(&mut self, request: &Request) -> Option<RelPath> {
        request
            .yields_to
            .iter()
            .find(|rival| {
                !self.lock.owns(rival)
                    && self.adopted.as_ref() != Some(*rival)
                    && self.present(rival) != Present::Nothing
            })
            .cloned()
    }

    /// Why an artifact may not be at `path`; `mixed` where a file that is there is no obstacle.
    fn obstacle(&mut self, path: &RelPath, mixed: bool) -> Option<String> {
        if let Some(other) = self.claimed.get(&path.as_str().to_lowercase()) {
            return Some(format!("{path} is already the file of `{other}`"));
        }
        match self.present(path) {
            Present::Nothing => None,
            Present::File if mixed => None,
            Present::File => Some(format!("{path} is there and is yours")),
            Present::Barred(because) => Some(because),
        }
    }

    /// What is at `path`. Links are never followed, except a folder's that stays in the root.
    pub(super) fn present(&mut self, path: &RelPath) -> Present {
        let parts: Vec<&str> = path.as_str().split('/').collect();
        if parts.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
            return Present::Barred(format!("{path} lies in git's own folder"));
        }
        let mut folder = self.root.to_owned();
        let mut shown = RelPath::root();
        for (depth, part) in parts.iter().enumerate() {
            let last = depth + 1 == parts.len();
            shown = shown.join(part).unwrap_or_else(|_| path.clone());
            let Some(listing) = self.listing(&folder) else {
                return Present::Barred(format!("{} cannot be read", folder.display()));
            };
            let Some(kind) = listing.get(OsString::from(part).as_os_str()).copied() else {
                let twin = listing
                    .keys()
                    .filter_map(|name| name.to_str())
                    .find(|name| name.to_lowercase() == part.to_lowercase())
                    .map(str::to_owned);
                return match twin {
                    Some(twin) => Present::Barred(format!(
                        "{} is there, which differs from it in case alone",
                        shown.parent().join(&twin).unwrap_or(shown)
                    )),
                    None => Present::Nothing,
                };
            };
            folder.push(part);
            if kind.is_symlink() {
                let inside = std::fs::canonicalize(&folder)
                    .is_ok_and(|target| target.starts_with(self.root) && target.is_dir());
                if last || !inside {
                    return Present::Barred(if last {
                        format!("{shown} is a symbolic link, which is never written through")
                    } else {
                        format!("{shown} is a symbolic link that leads out of the repository")
                    });
                }
            } else if last {
                return if kind.is_file() && is_huge(&folder) {
                    Present::Barred(format!("{shown} is larger than 16 MiB"))
                } else if kind.is_file() {
                    Present::File
                } else {
                    Present::Barred(format!("{shown} is there and is no file"))
                };
            } else if !kind.is_dir() {
                return Present::Barred(format!("{shown} is there and is no folder"));
            }
        }
        Present::Nothing
    }

    /// Why the file at `path` should not be written just now, as the end of a sentence.
    pub(super) fn hindrance(&mut self, path: &RelPath) -> Option<&'static str> {
        let file = path.under(self.root);
        if std::fs::metadata(&file).is_ok_and(|metadata| metadata.permissions().readonly()) {
            return Some("it is read-only, so it stays; make it writable, then run shipway update");
        }
        let name = path.file_name();
        let marks = [
            // Vim, Emacs, LibreOffice, Kate.
            format!(".{name}.swp"),
            format!(".#{name}"),
            format!(".~lock.{name}#"),
            format!(".{name}.kate-swp"),
        ];
        let folder = path.parent().under(self.root);
        let listing = self.listing(&folder)?;
        marks
            .iter()
            .any(|mark| listing.contains_key(OsString::from(mark).as_os_str()))
            .then_some(
                "an editor has it open, so it stays; save and close it, then run shipway update",
            )
    }

    /// None where the folder cannot be read.
    fn listing(&mut self, folder: &Path) -> Option<&Listing> {
        self.listings
            .entry(folder.to_owned())
            .or_insert_with(|| {
                std::fs::read_dir(folder)
                    .ok()?
                    .map(|entry| {
                        entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)))
                    })
                    .collect::<Result<_, _>>()
                    .ok()
            })
            .as_ref()
    }
}

fn is_huge(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_ok_and(|metadata| metadata.len() > HUGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    fn place(root: &Path, wish: &str, beside: Option<&str>, yields_to: &[&str]) -> Place {
        let lock = Lock::default();
        let root = root.canonicalize().unwrap();
        Places::new(&root, &lock).take(&Request {
            id: "x",
            strategy: Strategy::File,
            path: &path(wish),
            beside: beside.map(path).as_ref(),
            yields_to: &yields_to.iter().map(|text| path(text)).collect::<Vec<_>>(),
            adopts: &[],
        })
    }

    fn because(place: &Place) -> &str {
        match place {
            Place::At(_) | Place::Moved { .. } => "",
            Place::Beside { because, .. } | Place::Out { because } => because,
        }
    }

    #[test]
    fn a_file_of_the_users_is_yielded_to() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("Dockerfile"), "").unwrap();
        std::fs::write(root.path().join("docker-compose.yml"), "").unwrap();
        let root = root.path();
        assert_eq!(place(root, "a/b", None, &[]), Place::At(path("a/b")));
        assert_eq!(
            place(root, "Dockerfile", Some("Dockerfile.shipway"), &[]),
            Place::Beside {
                path: path("Dockerfile.shipway"),
                because: "Dockerfile is there and is yours".to_owned()
            }
        );
        let beside = place(
            root,
            "compose.yaml",
            Some("compose.shipway.yaml"),
            &["docker-compose.yml"],
        );
        assert_eq!(because(&beside), "docker-compose.yml is there and is yours");
        assert!(matches!(
            place(root, "Dockerfile", None, &[]),
            Place::Out { .. }
        ));
    }

    #[test]
    fn names_that_differ_in_case_folders_and_files_in_the_way_bar_it() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("makefile"), "").unwrap();
        std::fs::create_dir(root.path().join("Dockerfile")).unwrap();
        std::fs::write(root.path().join(".devcontainer"), "").unwrap();
        let root = root.path();
        assert!(because(&place(root, "Makefile", None, &[])).starts_with("makefile is there"));
        assert!(because(&place(root, "Dockerfile", None, &[])).contains("is no file"));
        assert!(because(&place(root, ".devcontainer/x.json", None, &[])).contains("is no folder"));
        assert!(because(&place(root, ".git/hooks/pre-commit", None, &[])).contains("git's own"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_written_through() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let link =
            |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.path().join(name)).unwrap();
        std::fs::create_dir(root.path().join("real")).unwrap();
        link(Path::new("real"), "inside");
        link(elsewhere.path(), "outside");
        link(Path::new("nowhere"), "dangling");
        let root = root.path();
        assert_eq!(
            place(root, "inside/x", None, &[]),
            Place::At(path("inside/x"))
        );
        assert!(because(&place(root, "outside/x", None, &[])).contains("leads out"));
        assert!(because(&place(root, "dangling", None, &[])).contains("never written through"));
        assert!(because(&place(root, "dangling/x", None, &[])).contains("leads out"));
    }

    #[test]
    fn two_artifacts_never_share_a_path() {
        let root = tempfile::tempdir().unwrap();
        let lock = Lock::default();
        let mut places = Places::new(root.path(), &lock);
        let mut take = |id: &str, wish: &str| {
            places.take(&Request {
                id,
                strategy: Strategy::File,
                path: &path(wish),
                beside: None,
                yields_to: &[],
                adopts: &[],
            })
        };
        assert_eq!(take("one", "Dockerfile"), Place::At(path("Dockerfile")));
        assert!(matches!(take("two", "dockerfile"), Place::Out { .. }));
    }
}
