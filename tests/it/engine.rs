//! The Docker Engine as the tests use it: what it printed, what a container answers, what is stood
//! in for the images of registries.

use crate::sandbox::skipped;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(2);

/// The image that stands in for Python's; None, with a line that says so, where there is no engine
/// with the test images and there need not be one.
pub(crate) fn python_base() -> Option<String> {
    let base = std::env::var("SHIPWAY_TEST_PYTHON_BASE");
    let engine = Command::new("docker")
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match (base, engine) {
        (Ok(base), Ok(status)) if status.success() => Some(base),
        _ => {
            skipped("no engine with the test images: make test-deps");
            None
        }
    }
}

/// The image that stands in for that of Node.js: the Node.js that the tests call, with its npm and
/// a Yarn, on the base of Debian. None as for [`python_base`].
pub(crate) fn node_base() -> Option<String> {
    const NAME: &str = "shipway-test/node:own";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let node = Command::new("node")
        .args(["--print", "process.execPath"])
        .output()
        .unwrap();
    let node = String::from_utf8(node.stdout).unwrap();
    let home = Path::new(node.trim()).parent().unwrap().parent().unwrap();
    let context = tempfile::tempdir().unwrap();
    let copied = Command::new("cp")
        .arg("--recursive")
        .args([home.join("bin/node"), home.join("lib/node_modules/npm")])
        .arg(context.path())
        .status()
        .unwrap();
    assert!(copied.success(), "{}", home.display());
    let dockerfile = format!(
        "FROM {debian}\n\
         RUN apt-get update && apt-get install --yes --no-install-recommends libstdc++6 ca-certificates\n\
         COPY node /usr/local/bin/node\n\
         COPY npm /usr/local/lib/node_modules/npm\n\
         RUN for name in npm npx; do ln -s ../lib/node_modules/npm/bin/$name-cli.js /usr/local/bin/$name; done \
         && npm install --global yarn@1.22.22\n"
    );
    std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let build = ["build", "--quiet", "--tag", NAME, "."];
    docker(&build, Some(context.path()));
    Some(NAME.to_owned())
}

/// The image that stands in for that of Go: the compiler of Debian. None as for [`python_base`].
pub(crate) fn go_base() -> Option<String> {
    const NAME: &str = "shipway-test/golang:debian";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let context = tempfile::tempdir().unwrap();
    let dockerfile = format!(
        "FROM {debian}\n\
         RUN apt-get update && apt-get install --yes --no-install-recommends golang-go ca-certificates\n"
    );
    std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let build = ["build", "--quiet", "--tag", NAME, "."];
    docker(&build, Some(context.path()));
    Some(NAME.to_owned())
}

/// The image that stands in for that of Ruby: Debian's, with its Rails. None as for [`python_base`].
pub(crate) fn ruby_base() -> Option<String> {
    const NAME: &str = "shipway-test/ruby:debian";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let context = tempfile::tempdir().unwrap();
    let dockerfile = format!(
        "FROM {debian}\n\
         RUN apt-get update && apt-get install --yes --no-install-recommends ruby bundler puma rails ruby-sqlite3\n"
    );
    std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let build = ["build", "--quiet", "--tag", NAME, "."];
    docker(&build, Some(context.path()));
    Some(NAME.to_owned())
}

/// The image that stands in for that of R: Debian's, with its Shiny and plumber. None as for [`python_base`].
pub(crate) fn r_base() -> Option<String> {
    const NAME: &str = "shipway-test/r:debian";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let context = tempfile::tempdir().unwrap();
    let dockerfile = format!(
        "FROM {debian}\n\
         RUN apt-get update && apt-get install --yes --no-install-recommends r-base-core r-cran-plumber r-cran-shiny\n"
    );
    std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let build = ["build", "--quiet", "--tag", NAME, "."];
    docker(&build, Some(context.path()));
    Some(NAME.to_owned())
}

/// The image that stands in for that of Deno: the program of `PyPI`. None as for [`python_base`].
pub(crate) fn deno_base() -> Option<String> {
    const NAME: &str = "shipway-test/deno:2.9.8";
    let python = python_base()?;
    let context = tempfile::tempdir().unwrap();
    let dockerfile = format!("FROM {python}\nRUN pip install --no-cache-dir deno==2.9.8\n");
    std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let build = ["build", "--quiet", "--tag", NAME, "."];
    docker(&build, Some(context.path()));
    Some(NAME.to_owned())
}

/// The image that stands in for that of Elixir: Debian's. None as for [`python_base`].
pub(crate) fn elixir_base() -> Option<String> {
    const NAME: &str = "shipway-test/elixir:debian";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let context = tempfile::tempdir().unwrap();
    let dockerfile = format!(
        "FROM {debian}\n\
         RUN apt-get update && apt-get install --yes --no-install-recommends elixir erlang-dev\n"
    );
    std::fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    let build = ["build", "--quiet", "--tag", NAME, "."];
    docker(&build, Some(context.path()));
    Some(NAME.to_owned())
}

/// The image that stands in for that of Rust: the toolchain that builds the tests, without its
/// documentation, on the base of Debian. None as for [`python_base`].
pub(crate) fn rust_base() -> Option<String> {
    const NAME: &str = "shipway-test/rust:own";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let root = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .unwrap();
    let root = String::from_utf8(root.stdout).unwrap();
    let dockerfile = format!(
        "FROM {debian}\n\
         RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev ca-certificates\n\
         ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/rust/bin:$PATH\n\
         COPY bin/cargo bin/rustc /usr/local/rust/bin/\n\
         COPY lib /usr/local/rust/lib\n"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), dockerfile).unwrap();
    let file = file.path().to_str().unwrap();
    let build = ["build", "--quiet", "--tag", NAME, "--file", file, "."];
    docker(&build, Some(Path::new(root.trim())));
    Some(NAME.to_owned())
}

/// The images that stand in for those that build and that run Java: Debian's Maven, which takes its
/// plugins from Debian's packages, and Debian's JRE. None as for [`python_base`].
pub(crate) fn java_bases() -> Option<(&'static str, &'static str)> {
    const BUILD: &str = "shipway-test/java:maven";
    const RUN: &str = "shipway-test/java:jre";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let install = "mkdir -p /usr/share/man/man1 && apt-get update && apt-get install --yes --no-install-recommends";
    let settings = "<settings><offline>true</offline><localRepository>/usr/share/maven-repo</localRepository></settings>";
    let build = format!(
        "FROM {debian}\n\
         RUN {install} openjdk-17-jdk-headless maven libmaven-resources-plugin-java libmaven-compiler-plugin-java \
         libmaven-jar-plugin-java libmaven-dependency-plugin-java libsurefire-java\n\
         RUN echo '{settings}' > /etc/maven/settings.xml\n"
    );
    let run = format!("FROM {debian}\nRUN {install} openjdk-17-jre-headless\n");
    for (name, dockerfile) in [(BUILD, build), (RUN, run)] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
        let build = ["build", "--quiet", "--tag", name, "."];
        docker(&build, Some(folder.path()));
    }
    Some((BUILD, RUN))
}

/// The image that stands in for that of PHP with Apache, for what installs extensions, and for Composer:
/// Debian's packages, laid out and with the rights that PHP's own image gives them. None as for
/// [`python_base`].
pub(crate) fn php_base() -> Option<String> {
    const NAME: &str = "shipway-test/php:debian";
    python_base()?;
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let context = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(context.path().join(name), text).unwrap();
    write(
        "apache2-foreground",
        "#!/bin/sh\nset -e\n. /etc/apache2/envvars\nmkdir -p \"$APACHE_RUN_DIR\" \"$APACHE_LOCK_DIR\"\n\
         rm -f \"$APACHE_PID_FILE\"\nexec apache2 -DFOREGROUND \"$@\"\n",
    );
    write(
        "install-php-extensions",
        "#!/bin/sh\nset -e\nfor name; do\n\
         case $name in opcache | pcntl) continue ;; pdo_mysql | mysqli) name=mysql ;; pdo_pgsql) name=pgsql ;; esac\n\
         apt-get update && apt-get install --yes --no-install-recommends \"php-$name\"\ndone\n",
    );
    // Debian's own finds its parts beside itself.
    write(
        "composer",
        "#!/bin/sh\nexec php /usr/sbin/composer \"$@\"\n",
    );
    let dockerfile = format!(
        "FROM {debian}\n\
         RUN apt-get update && apt-get install --yes --no-install-recommends apache2 libapache2-mod-php \
         php-cli php-curl php-mbstring php-sqlite3 php-xml composer unzip ca-certificates \
         && mv /usr/bin/composer /usr/sbin/composer \
         && sed -ri 's/^export ([^=]+)=(.*)$/: ${{\\1:=\\2}}\\nexport \\1/' /etc/apache2/envvars \
         && for log in error access other_vhosts_access; do ln -sf /dev/stderr /var/log/apache2/$log.log; done \
         && chmod 1777 /var/log/apache2 && mkdir -p /usr/local/etc/php/conf.d\n\
         COPY --chmod=755 apache2-foreground /usr/local/bin/\n\
         COPY --chmod=755 install-php-extensions composer /usr/bin/\n\
         ENV PHP_INI_SCAN_DIR=:/usr/local/etc/php/conf.d\n"
    );
    write("Dockerfile", &dockerfile);
    let build = ["build", "--quiet", "--tag", NAME, "."];
    docker(&build, Some(context.path()));
    Some(NAME.to_owned())
}

/// What `docker` printed; it must succeed.
pub(crate) fn docker(arguments: &[&str], folder: Option<&Path>) -> String {
    let output = Command::new("docker")
        .args(arguments)
        .current_dir(folder.unwrap_or(Path::new("/")))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "docker {arguments:?}:\n{}\n{errors}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What a container has printed so far, on both of its outputs.
pub(crate) fn logs(container: &str) -> String {
    let output = Command::new("docker")
        .args(["logs", container])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Status and whole answer of a request; None while nobody answers.
pub(crate) fn get(address: &str, path: &str) -> Option<(u16, String)> {
    let mut connection = TcpStream::connect(address).ok()?;
    connection.set_read_timeout(Some(PATIENCE)).ok()?;
    // In one piece: httpuv of R takes a request that arrives in two for one of another path.
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer))
}

pub(crate) fn status(address: &str, path: &str) -> Option<u16> {
    get(address, path).map(|(status, _)| status)
}

/// Asks until the answer is yes.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

/// The compose file that puts images which are here in the place of those of registries, for the
/// project whose `docker compose config --format json` is `config`.
pub(crate) fn stand_ins(config: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/stand-ins");
    let mut child = Command::new(program)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(config.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
