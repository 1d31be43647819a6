//! The built-in checks: bytes in, findings and fixed bytes out; one check, one file.
//!
//! In: a [`File`] (one blob with its path and mode), the [`Listing`] of the index, a commit's
//! [`Message`], its [`Commit`], a [`Push`] or an [`Arrival`], and [`Options`] as plain values. Out: an
//! [`Outcome`] or findings. No check reads or writes anything; the runner calls them, file by
//! file and side by side. What several checks ask of a file is found once, when first asked.
//! Which names speak of a secret, and how YAML becomes a tree, is `detect`'s to say.

mod allow;
mod arrival;
mod file;
mod finding;
mod listing;
mod message;
mod options;
mod push;
mod syntax;

mod arrivals;
mod broken_symlinks;
mod byte_order_mark;
mod case_conflicts;
mod commit_message;
mod committed_env;
mod compose_syntax;
mod dockerfile_syntax;
mod executables;
mod final_newline;
mod json_syntax;
mod large_files;
mod line_endings;
mod merge_markers;
mod personal_data;
mod private_keys;
mod protected_branch;
mod secrets;
mod toml_syntax;
mod trailing_whitespace;
mod xml_syntax;
mod yaml_syntax;

pub(crate) use allow::allows;
pub use allow::{Allowed, NoHash};
pub use arrival::{Arrival, Kind, Migration};
pub use file::{Beside, Blob, File, Mode};
pub use finding::{Finding, Outcome, Position, Severity};
pub use line_endings::Ending;
pub use listing::{Entry, Listing, Replaced};
pub use message::{Cleanup, Message};
pub use options::Options;
pub use push::{Commit, Push, PushedRef};

/// One built-in check.
pub struct Check {
    /// As in `check = "…"` and in output.
    pub id: &'static str,
    /// What it holds, in a few words.
    pub title: &'static str,
    /// What it looks at; one check may look at several things.
    pub looks: &'static [Look],
    /// Whether it can mend what it finds, or some of it.
    pub fixes: bool,
}

/// What a check looks at and the function that looks.
pub enum Look {
    /// The content of one blob: of each staged file, of each file of a pushed commit, ….
    Content(fn(&File, &Options) -> Outcome),
    /// All of the index at once.
    Listing(fn(&Listing, &Options) -> Vec<Finding>),
    /// The message of a commit.
    Message(fn(&Message, &Options) -> Outcome),
    /// The commit that is about to be made.
    Commit(fn(&Commit, &Options) -> Vec<Finding>),
    /// What a push is about to change on the other side.
    Push(fn(&Push, &Options) -> Vec<Finding>),
    /// What a checkout, a merge or a rebase has just brought.
    Arrival(fn(&Arrival, &Options) -> Vec<Finding>),
}

impl Check {
    /// Path of its page in shipway's own repository.
    #[must_use]
    pub fn page(&self) -> String {
        format!("docs/checks/{}.md", self.id)
    }
}

const fn fixing(id: &'static str, title: &'static str, looks: &'static [Look]) -> Check {
    Check {
        id,
        title,
        looks,
        fixes: true,
    }
}

const fn finding(id: &'static str, title: &'static str, looks: &'static [Look]) -> Check {
    Check {
        id,
        title,
        looks,
        fixes: false,
    }
}

/// Every check, in the order of the documentation.
#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    fixing("trailing-whitespace", "no line ends in blanks", &[Look::Content(trailing_whitespace::look)]),
    fixing("final-newline", "a text ends in exactly one line break", &[Look::Content(final_newline::look)]),
    fixing("line-endings", "all lines of a file end alike", &[Look::Content(line_endings::look)]),
    fixing("byte-order-mark", "no UTF-8 file starts with a byte order mark", &[Look::Content(byte_order_mark::look)]),
    finding("merge-markers", "no conflict is left unresolved", &[Look::Content(merge_markers::look)]),
    finding("case-conflicts", "no two paths differ only in case", &[Look::Listing(case_conflicts::look)]),
    finding("large-files", "no commit adds a large file", &[Look::Content(large_files::look)]),
    finding("private-keys", "no private key is committed", &[Look::Content(private_keys::look)]),
    finding("secrets", "no password, token or key is committed", &[Look::Content(secrets::look)]),
    finding("broken-symlinks", "every symlink leads to something", &[Look::Listing(broken_symlinks::look)]),
    finding("executables", "executable bits and shebangs agree", &[Look::Content(executables::look)]),
    finding("json-syntax", "JSON is valid, without a key twice", &[Look::Content(json_syntax::look)]),
    finding("toml-syntax", "TOML is valid", &[Look::Content(toml_syntax::look)]),
    finding("yaml-syntax", "YAML is valid, without a key twice", &[Look::Content(yaml_syntax::look)]),
    finding("xml-syntax", "XML is well-formed", &[Look::Content(xml_syntax::look)]),
    finding("dockerfile-syntax", "a Dockerfile is one that can be read", &[Look::Content(dockerfile_syntax::look)]),
    finding("compose-syntax", "a Compose file is one that Docker Compose reads", &[Look::Content(compose_syntax::look)]),
    fixing("commit-message", "a commit's message has the conventional form", &[Look::Message(commit_message::look)]),
    finding("protected-branch", "no commit and no push goes straight to a protected branch", &[
        Look::Commit(protected_branch::look_at_commit),
        Look::Push(protected_branch::look_at_push),
    ]),
    finding("arrivals", "what just arrived asks for nothing", &[Look::Arrival(arrivals::look)]),
    finding("committed-env", "no .env file is committed with its secrets", &[Look::Content(committed_env::look)]),
    finding("personal-data", "no table of persons is committed unnoticed", &[Look::Content(personal_data::look)]),
];

/// The check of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

#[cfg(test)]
mod tests;
