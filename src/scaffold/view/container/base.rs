//! Which base images a Dockerfile builds on.

use super::super::node::NODE;
use super::super::{Input, component};
use crate::config::Base;
use crate::project::Service;

pub(in super::super) use crate::detect::ELIXIR;

/// A base image and what to say about it.
pub(super) struct Chosen {
    pub(super) reference: String,
    pub(super) comment: Vec<String>,
}

impl Chosen {
    /// An image that no digest is known of.
    fn tagged(reference: String) -> Self {
        Self {
            reference,
            comment: unpinned(false),
        }
    }

    /// With `text` before what is said already, where it `is_so`.
    fn said(mut self, is_so: bool, text: impl Into<String>) -> Self {
        if is_so {
            self.comment.insert(0, text.into());
        }
        self
    }
}

/// What is said where no file names the version of `what`.
pub(super) fn guess(what: &str, usual: &str) -> String {
    format!("Nothing in the repository names a version of {what}; {usual} is a guess.")
}

/// The version where the project names none.
const DEFAULT: &str = "3.13";

/// The image pinned as `key`.
pub(super) fn pinned(input: &Input, key: &str) -> Chosen {
    match input.pins.image(key) {
        Some(image) => Chosen {
            reference: image.reference(),
            comment: unpinned(image.digest.is_some()),
        },
        None => Chosen::tagged(key.to_owned()),
    }
}

pub(super) fn unpinned(known: bool) -> Vec<String> {
    if known {
        Vec::new()
    } else {
        vec![
            "A tag, because its digest was not known when this was written: pin it with".to_owned(),
            "`docker buildx imagetools inspect` and add @sha256:… here.".to_owned(),
        ]
    }
}

fn version(service: &Service) -> &str {
    service
        .runtime_version
        .as_ref()
        .map_or(DEFAULT, |fact| fact.value.as_str())
}

/// The kind of base that this service can have: distroless only where its Python is one of
/// theirs and no Debian package is needed.
pub(super) fn kind(input: &Input, service: &Service) -> Base {
    let wanted = input.config.container.base;
    let there = distroless(input, service).is_some() && service.system_packages.is_empty();
    if wanted == Base::Distroless && !there {
        Base::Slim
    } else {
        wanted
    }
}

/// The distroless image with the service's Python.
pub(super) fn distroless(input: &Input, service: &Service) -> Option<String> {
    let key = format!("distroless-python-{}", version(service));
    Some(input.pins.image(&key)?.reference())
}

/// The kind of base that a service of Node.js gets: it needs a shell to start.
pub(super) fn node_kind(input: &Input) -> Base {
    match input.config.container.base {
        Base::Alpine => Base::Alpine,
        _ => Base::Slim,
    }
}

/// The image that builds and runs a service of Node.js.
pub(super) fn node(input: &Input, service: &Service) -> Chosen {
    let named = service.runtime_version.as_ref();
    let version = named.map_or(NODE, |fact| fact.value.as_str());
    let suffix = if node_kind(input) == Base::Alpine {
        "alpine"
    } else {
        "slim"
    };
    let key = format!("node-{version}-{suffix}");
    let chosen = match input.pins.image(&key) {
        Some(_) => pinned(input, &key),
        None => Chosen::tagged(format!("docker.io/library/node:{version}-{suffix}")),
    };
    chosen.said(named.is_none(), guess("Node.js", NODE)).said(
        input.config.container.base == Base::Distroless,
        "Slim and not distroless: its start reads secrets with a shell.",
    )
}

/// `27` of `1.27.1-bookworm`.
fn minor(version: &str) -> Option<u32> {
    let behind = version.strip_prefix("1.")?;
    behind.split(['.', '-']).next()?.parse().ok()
}

/// Whether something asks for a newer minor than the image pinned as `key` brings, which builds what
/// asks for an older one.
fn is_newer(input: &Input, key: &str, wanted: u32) -> bool {
    let pinned = input.pins.image(key).and_then(|image| minor(&image.tag));
    pinned.is_none_or(|pinned| wanted > pinned)
}

/// The kind of base that builds a module: what compiles C does so on Debian.
pub(super) fn go_kind(input: &Input, service: &Service) -> Base {
    match input.config.container.base {
        Base::Alpine if !super::go::is_cgo(service) => Base::Alpine,
        _ => Base::Slim,
    }
}

/// The image that builds a module of Go.
pub(super) fn go(input: &Input, service: &Service) -> Chosen {
    let suffix = match go_kind(input, service) {
        Base::Alpine => "alpine",
        _ => "bookworm",
    };
    let key = format!("golang-{suffix}");
    let version = service.runtime_version.as_ref();
    let newer = version
        .and_then(|fact| minor(&fact.value))
        .filter(|minor| is_newer(input, &key, *minor));
    match newer {
        None => pinned(input, &key),
        Some(minor) => Chosen::tagged(format!("docker.io/library/golang:1.{minor}-{suffix}")),
    }
}

/// The version of Ruby where the project names none.
pub(in super::super) const RUBY: &str = "3.4";

/// The image that builds and runs a project of Ruby.
pub(super) fn ruby(input: &Input, service: &Service) -> Chosen {
    let named = service.runtime_version.as_ref();
    let version = named.map_or(RUBY, |fact| fact.value.as_str());
    let slim = "Slim whatever base is asked for: gems come built for Debian's C library, and their start reads secrets with Ruby.";
    Chosen::tagged(format!("docker.io/library/ruby:{version}-slim"))
        .said(named.is_none(), guess("Ruby", RUBY))
        .said(input.config.container.base != Base::Slim, slim)
}

/// The version of R where the project names none.
pub(in super::super) const R: &str = "4.5";

/// The image that builds and runs a project of R.
pub(super) fn r(input: &Input, service: &Service) -> Chosen {
    let named = component::r::version(service.runtime_version.as_ref());
    let version = named.unwrap_or(R);
    Chosen::tagged(format!("docker.io/rocker/r-ver:{version}"))
        .said(
            named.is_none(),
            format!("Nothing in the repository pins a version of R; {R} is a guess."),
        )
        .said(
            input.config.container.base != Base::Slim,
            "On Ubuntu whatever base is asked for: packages of R come built for it.",
        )
}

/// The version of Deno where the project names none.
const DENO: &str = "2.9.8";

/// The version of an image of Deno: there are none of a minor alone.
pub(in super::super) fn deno_version(named: Option<&str>) -> String {
    match named {
        None => DENO.to_owned(),
        Some(named) if named.matches('.').count() >= 2 => named.to_owned(),
        Some(named) if DENO.starts_with(&format!("{named}.")) => DENO.to_owned(),
        Some(named) if named.contains('.') => format!("{named}.0"),
        Some(named) => format!("{named}.0.0"),
    }
}

/// The image that builds and runs a project of Deno.
pub(super) fn deno(input: &Input, service: &Service) -> Chosen {
    let named = service.runtime_version.as_ref();
    let version = deno_version(named.map(|fact| fact.value.as_str()));
    Chosen::tagged(format!("docker.io/denoland/deno:{version}"))
        .said(named.is_none(), guess("Deno", DENO))
        .said(
            input.config.container.base != Base::Slim,
            "Debian whatever base is asked for: its start reads secrets with a shell.",
        )
}

/// The image that builds a release of Elixir.
pub(super) fn elixir(input: &Input, service: &Service) -> Chosen {
    let named = service.runtime_version.as_ref();
    let version = named.map_or(ELIXIR, |fact| fact.value.as_str());
    let slim = "Slim whatever base is asked for: a release is started by a shell, and is linked to the C library of Debian.";
    Chosen::tagged(format!("docker.io/library/elixir:{version}-slim"))
        .said(named.is_none(), guess("Elixir", ELIXIR))
        .said(input.config.container.base != Base::Slim, slim)
}

/// The image that builds Rust where no other version is asked for.
const RUST: &str = "rust-slim-bookworm";

/// The version that a program of Rust is built with; None for the newest, which builds what only
/// says the least that it needs.
fn rust_version<'s>(input: &Input, service: &'s Service) -> Option<&'s str> {
    let fact = service.runtime_version.as_ref()?;
    let is_least = fact
        .evidence
        .first()
        .is_some_and(|at| at.file.file_name() == "Cargo.toml");
    let minor = minor(&fact.value)?;
    (!is_least || is_newer(input, RUST, minor)).then_some(fact.value.as_str())
}

/// Whether a file tells rustup of a version which the base brings, so that it gets none besides.
pub(super) fn rust_toolchain(input: &Input, service: &Service) -> bool {
    service.runtime_version.as_ref().is_some_and(|fact| {
        let of_rustup = fact
            .evidence
            .iter()
            .any(|at| at.file.file_name().starts_with("rust-toolchain"));
        of_rustup && (rust_version(input, service).is_some() || fact.value == "stable")
    })
}

/// The image that builds a workspace of Rust.
pub(super) fn rust(input: &Input, service: &Service) -> Chosen {
    let chosen = match rust_version(input, service) {
        None => pinned(input, RUST),
        Some(version) => Chosen::tagged(format!("docker.io/library/rust:{version}-slim-bookworm")),
    };
    chosen.said(
        input.config.container.base != Base::Slim,
        "Slim, because what is built here is linked to the C library of Debian.",
    )
}

/// The version of Java where the project names none.
pub(in super::super) const JAVA: &str = "21";

/// Releases with long support, each of which has images; others have none or lose them soon.
const LONG_TERM: [u32; 5] = [8, 11, 17, 21, 25];

/// What builds with Java `version`, by `program`: a wrapper brings its own build tool. `suffix` is
/// that of the tag.
pub(in super::super) fn java_base(program: &str, version: Option<&str>, suffix: &str) -> String {
    let version = java_version(version);
    match program {
        "mvn" => format!("docker.io/library/maven:3-eclipse-temurin-{version}{suffix}"),
        // Gradle 8 runs on no Java after 24.
        "gradle" if version > 24 => format!("docker.io/library/gradle:9-jdk{version}{suffix}"),
        "gradle" => format!("docker.io/library/gradle:8-jdk{version}{suffix}"),
        _ => format!("docker.io/library/eclipse-temurin:{version}-jdk{suffix}"),
    }
}

fn java_version(version: Option<&str>) -> u32 {
    let named: u32 = version.unwrap_or(JAVA).parse().unwrap_or(21);
    let mut fit = LONG_TERM.iter().filter(|one| **one >= named);
    fit.next().copied().unwrap_or(named)
}

/// The kind of base that a service of Java gets: it needs a shell to start.
pub(super) fn java_kind(input: &Input) -> Base {
    node_kind(input)
}

/// The images that build and that run a service of Java.
pub(super) fn java(input: &Input, service: &Service, program: &str) -> (Chosen, Chosen) {
    let suffix = if java_kind(input) == Base::Alpine {
        "-alpine"
    } else {
        ""
    };
    let named = service.runtime_version.as_ref();
    let version = named.map(|fact| fact.value.as_str());
    let build = Chosen::tagged(java_base(program, version, suffix))
        .said(named.is_none(), guess("Java", JAVA));
    let mut run = Chosen {
        reference: format!(
            "docker.io/library/eclipse-temurin:{}-jre{suffix}",
            java_version(version)
        ),
        comment: Vec::new(),
    };
    if input.config.container.base == Base::Distroless {
        run.comment
            .push("Not distroless: its start reads secrets with a shell.".to_owned());
    }
    (build, run)
}

/// The version of .NET where the project names none.
const DOTNET: &str = "10.0";

/// The kind of base that a program of .NET gets: it needs a shell to start.
pub(super) fn dotnet_kind(input: &Input) -> Base {
    node_kind(input)
}

/// The tag of the SDK that builds with what the repository asks for: at least what the program runs on.
pub(in super::super) fn dotnet_sdk(runtime: Option<&str>, sdk: Option<&str>) -> String {
    let number = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0_u32));
        (parts.next(), parts.next())
    };
    let runtime = runtime.unwrap_or(DOTNET);
    let sdk = sdk.filter(|sdk| number(sdk) >= number(runtime));
    format!("mcr.microsoft.com/dotnet/sdk:{}", sdk.unwrap_or(runtime))
}

/// The images that build and that run a program of .NET. What is published runs on any C library, so that the
/// SDK is always the one on Debian or Ubuntu.
pub(super) fn dotnet(input: &Input, service: &Service) -> (Chosen, Chosen) {
    let named = service.runtime_version.as_ref();
    let version = named.map(|fact| fact.value.as_str());
    let sdk = service.build_version.as_ref();
    let build = Chosen::tagged(dotnet_sdk(version, sdk.map(|fact| fact.value.as_str())))
        .said(named.is_none(), guess(".NET", DOTNET));
    let suffix = if dotnet_kind(input) == Base::Alpine {
        "-alpine"
    } else {
        ""
    };
    let mut run = Chosen {
        reference: format!(
            "mcr.microsoft.com/dotnet/aspnet:{}{suffix}",
            version.unwrap_or(DOTNET)
        ),
        comment: Vec::new(),
    };
    if input.config.container.base == Base::Distroless {
        run.comment
            .push("Not chiseled: its start reads secrets with a shell.".to_owned());
    }
    (build, run)
}

/// The version of PHP where the project names none.
pub(in super::super) const PHP: &str = "8.4";

/// The image that builds and runs an application of PHP: there is none with Apache on anything but
/// Debian.
pub(super) fn php(input: &Input, service: &Service) -> Chosen {
    let named = service.runtime_version.as_ref();
    let version = named.map_or(PHP, |fact| fact.value.as_str());
    Chosen::tagged(format!("docker.io/library/php:{version}-apache"))
        .said(named.is_none(), guess("PHP", PHP))
        .said(
            input.config.container.base != Base::Slim,
            "Debian, because PHP's own image with Apache is built on nothing else.",
        )
}

/// The image that dependencies are installed in, and that runs unless it is distroless.
pub(super) fn python(input: &Input, service: &Service) -> Chosen {
    let version = version(service);
    let kind = kind(input, service);
    let suffix = if kind == Base::Alpine {
        "alpine"
    } else {
        "slim"
    };
    let mut key = format!("python-{version}-{suffix}");
    if kind == Base::Distroless && version == "3.11" {
        key.push_str("-bookworm");
    }
    let chosen = match input.pins.image(&key) {
        Some(_) => pinned(input, &key),
        None => Chosen::tagged(format!("docker.io/library/python:{version}-{suffix}")),
    };
    let unnamed =
        format!("Nothing in the repository names a Python version; {DEFAULT} is a guess.");
    let slim = format!(
        "Slim and not distroless: there is no distroless Python {version} with what this needs."
    );
    let is_slim = input.config.container.base == Base::Distroless && kind == Base::Slim;
    chosen
        .said(service.runtime_version.is_none(), unnamed)
        .said(is_slim, slim)
}
