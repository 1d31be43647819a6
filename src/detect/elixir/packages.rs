//! Debian packages that dependencies need to be built and to run, and those that an image of the repository has.

use super::application::Application;
use super::mix::Alias;
use crate::detect::{debian, existing};
use crate::project::{Evidence, Fact, Finding, Service, Severity};

/// Dependencies that are compiled with a compiler of C, by themselves or where nothing is built for the system.
const NATIVE: &[&str] = &[
    "argon2_elixir",
    "bcrypt_elixir",
    "exqlite",
    "ecto_sqlite3",
    "fast_html",
    "fast_yaml",
    "jiffy",
    "cmark",
    "ex_cmark",
    "evision",
    "nx",
    "exla",
    "magic",
    "nimble_lz4",
    "picosat_elixir",
    "lazy_html",
    "stringprep",
    "ezstd",
    "snappyer",
    "brotli",
    "hackney_zstd",
    "crc32cer",
    "msgpax_nif",
    "enacl",
    "libsodium",
    "keccakf1600",
    "ex_keccak",
    "membrane_core",
    "vix",
];

/// What runs beside a dependency.
const RUN: &[(&str, &[&str])] = &[
    ("mogrify", &["imagemagick"]),
    ("chromic_pdf", &["chromium"]),
    ("wallaby", &["chromium"]),
    ("pdf_generator", &["wkhtmltopdf"]),
    ("ffmpex", &["ffmpeg"]),
    ("thumbnex", &["ffmpeg", "imagemagick"]),
    ("gen_magic", &["libmagic1"]),
    ("git_cli", &["git"]),
];

/// Packages of a Dockerfile that the image has anyway, or that production does without.
const NOT: &[&str] = &[
    "openssl",
    "libstdc++6",
    "libncurses5",
    "libncurses6",
    "zlib1g",
    "unixodbc",
    "postgresql-client",
    "libssl3",
    "libpcre3",
    "elixir",
    "erlang",
];

/// Adds what the dependencies of production need, and what an image of the repository installs for them.
pub(super) fn find(application: &Application<'_>, service: &mut Service) {
    let locked = || {
        application
            .lock
            .as_ref()
            .map(|path| Evidence::file(path.clone()))
    };
    let native = NATIVE.iter().find(|name| application.installs(name));
    if let Some(name) = native
        && let Some(at) = application
            .needs(name)
            .map(|one| one.declared.clone())
            .or_else(locked)
    {
        let fact = Fact::likely("build-essential".to_owned(), at);
        service
            .build_packages
            .push(fact.because(format!("{name} is compiled with it")));
    }
    let mut manifests = application.manifests();
    if let Some(manifest) = manifests.find(|manifest| manifest.from_git) {
        let fact = Fact::likely("git".to_owned(), Evidence::file(manifest.path.clone()));
        service
            .build_packages
            .push(fact.because("mix gets a dependency from a git repository"));
    }
    if let Some(alias) = node(application) {
        for name in ["nodejs", "npm"] {
            let fact = Fact::likely(name.to_owned(), alias.at.clone());
            service
                .build_packages
                .push(fact.because("a task for assets runs it"));
        }
    }
    for (name, packages) in RUN {
        let Some(one) = application.needs(name) else {
            continue;
        };
        let fact = |package: &&str| {
            Fact::likely((*package).to_owned(), one.declared.clone())
                .because(format!("{name} starts it"))
        };
        service.system_packages.extend(packages.iter().map(fact));
    }
    let images = application.images();
    let deployed = images
        .iter()
        .find(|image| !existing::is_for_developers(image));
    if let Some(image) = deployed {
        let alpine = image
            .from
            .as_ref()
            .is_some_and(|from| from.excerpt.contains("alpine"));
        for evidence in &image.system_packages {
            let name = debian::debian(&evidence.excerpt, alpine);
            if let Some(name) = name.filter(|name| !NOT.contains(name)) {
                service
                    .system_packages
                    .push(Fact::likely(name.to_owned(), evidence.clone()));
            }
        }
    }
    for list in [&mut service.build_packages, &mut service.system_packages] {
        list.sort_by(|a, b| a.value.cmp(&b.value));
        list.dedup_by(|a, b| a.value == b.value);
    }
}

/// The alias about assets that runs a package manager of Node.js.
fn node<'a>(application: &'a Application<'_>) -> Option<&'a Alias> {
    let names = ["assets.setup", "assets.build", "assets.deploy"];
    let runs = |alias: &&Alias| {
        let mut words = alias.text.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| matches!(word, "npm" | "npx" | "node" | "yarn" | "pnpm"))
    };
    application.manifests().find_map(|manifest| {
        let mut all = names.iter().filter_map(|name| manifest.alias(name));
        all.find(runs)
    })
}

/// That a task needs a package manager which Debian has not.
pub(super) fn not_installed(application: &Application<'_>) -> Option<Finding> {
    let alias = node(application)?;
    let mut words = alias.text.split(|c: char| !c.is_ascii_alphanumeric());
    let program = words.find(|word| matches!(*word, "yarn" | "pnpm"))?;
    Some(Finding {
        id: "front-end-not-built",
        severity: Severity::Warning,
        message: format!(
            "{} builds the front end with {program}, which the image that is generated has not: its build stops there",
            alias.at
        ),
        evidence: vec![alias.at.clone()],
        mend: format!(
            "add `RUN npm install --global {program}` to the stage build of the generated Dockerfile; edits there are kept"
        ),
    })
}
