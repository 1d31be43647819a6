//! What a RUN of a Dockerfile installs and builds with, by its commands.

use crate::detect::shell;

/// Options of `apt-get` and `apk` that take the next word.
const WITH_VALUE: &[&str] = &[
    "-t",
    "-o",
    "-c",
    "--virtual",
    "--repository",
    "-X",
    "--target-release",
    "--option",
];

/// Whether a word is the value of the option before it, one of `options`; asked of each word in turn.
fn is_value(options: &'static [&'static str]) -> impl FnMut(&shell::Word) -> bool {
    let mut takes_next = false;
    move |word| std::mem::replace(&mut takes_next, options.contains(&word.text.as_str()))
}

/// The packages that `apt-get install` and `apk add` name.
pub(super) fn installed(command: &shell::Command) -> impl Iterator<Item = &shell::Word> {
    let installs = match command.program() {
        "apt-get" | "apt" | "aptitude" => command.has("install"),
        "apk" => command.has("add"),
        _ => false,
    };
    let mut is_value = is_value(WITH_VALUE);
    command
        .words
        .iter()
        .filter(move |_| installs)
        .skip_while(|word| word.text != "install" && word.text != "add")
        .skip(1)
        .filter(move |word| !is_value(word) && is_package(name_of(&word.text)))
}

/// The packages that `apt-get purge`, `apt-get remove` and `apk del` name.
pub(super) fn removed(command: &shell::Command) -> impl Iterator<Item = &shell::Word> {
    const REMOVES: &[&str] = &["purge", "remove", "autoremove", "autopurge", "del"];
    let removes = matches!(command.program(), "apt-get" | "apt" | "aptitude" | "apk");
    command
        .words
        .iter()
        .filter(move |_| removes)
        .skip_while(|word| !REMOVES.contains(&word.text.as_str()))
        .skip(1)
        .filter(|word| is_package(name_of(&word.text)))
}

/// Whether it may be the name of a package, by the policy of Debian and of Alpine.
fn is_package(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-._:".contains(c))
}

/// `libpq5` of `libpq5=15.*`.
pub(super) fn name_of(package: &str) -> &str {
    package
        .split(['=', '<', '>', '~'])
        .next()
        .unwrap_or_default()
}

/// The files that `pip install -r` names.
pub(super) fn listed(command: &shell::Command) -> impl Iterator<Item = &shell::Word> {
    let installs = installs_python(command);
    let mut is_value = is_value(&["-r", "--requirement", "--requirements"]);
    command
        .words
        .iter()
        .filter(move |_| installs)
        .filter(move |word| is_value(word))
}

/// What stands behind `--features` where cargo builds what is copied in, also through a wrapper such as
/// `xx-cargo`. <https://doc.rust-lang.org/cargo/commands/cargo-build.html#feature-selection>
pub(super) fn features(command: &shell::Command) -> impl Iterator<Item = &shell::Word> {
    let builds = command.program().ends_with("cargo")
        && (command.has("build") || command.has("install") && command.has("--path"));
    let mut is_value = is_value(&["--features", "-F"]);
    command
        .words
        .iter()
        .filter(move |_| builds)
        .filter(move |word| is_value(word))
}

/// Options of `pip install` that take the next word.
const PIP_WITH_VALUE: &[&str] = &[
    "-r",
    "--requirement",
    "--requirements",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-i",
    "--index",
    "--index-url",
    "--default-index",
    "--extra-index-url",
    "--index-strategy",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--python",
    "-p",
    "--platform",
    "--trusted-host",
    "--cache-dir",
    "--timeout",
    "--retries",
    "--progress-bar",
    "--no-binary",
    "--only-binary",
    "--config-settings",
    "--config-setting",
    "-C",
    "--upgrade-strategy",
    // A part of what a manifest offers, of pip and uv.
    "--extra",
    "--group",
    "--no-group",
    "--build-constraint",
    "--override",
    "--exclude-newer",
    "--resolution",
    "--prerelease",
    "--link-mode",
    "--python-version",
    "--python-platform",
    "--torch-backend",
    "--reinstall-package",
    "--upgrade-package",
    "--proxy",
    "--log",
];

/// Packages that only install others.
const INSTALLERS: &[&str] = &[
    "pip",
    "setuptools",
    "wheel",
    "build",
    "virtualenv",
    "poetry",
    "poetry-core",
    "poetry-plugin-export",
    "pipenv",
    "pdm",
    "uv",
    "hatch",
    "hatchling",
    "pip-tools",
    "cython",
];

/// The requirements that `pip install` and `uv pip install` name one by one, those left out that
/// only install others; what is no requirement of PEP 508 (a path, a URL) is left out as well.
pub(super) fn named(command: &shell::Command) -> impl Iterator<Item = &shell::Word> {
    let installs = installs_python(command);
    let mut is_value = is_value(PIP_WITH_VALUE);
    command
        .words
        .iter()
        .filter(move |_| installs)
        .skip_while(|word| word.text != "install")
        .skip(1)
        .filter(move |word| {
            let is_value = is_value(word);
            let text = word.text.as_str();
            let end = text
                .find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
                .unwrap_or(text.len());
            let (name, behind) = text.split_at(end);
            !is_value
                && name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && (behind.is_empty()
                    || behind.starts_with(['=', '<', '>', '~', '!', '[', ' ', '@']))
                && !text.contains('$')
                && !text.ends_with(".whl")
                && !text.ends_with(".tar.gz")
                && !INSTALLERS.contains(&name.to_ascii_lowercase().replace('_', "-").as_str())
        })
}

/// Whether pip, or uv in its place, installs something.
fn installs_python(command: &shell::Command) -> bool {
    command.words.iter().any(|word| {
        let program = word.text.rsplit('/').next().unwrap_or_default();
        program.starts_with("pip") || program == "uv"
    }) && command.has("install")
}
