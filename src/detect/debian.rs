//! Packages of an image as Debian names them, on which the images stand that are generated.

/// Packages of Alpine under the name that Debian has for them.
const FROM_ALPINE: &[(&str, &str)] = &[
    ("libpq", "libpq5"),
    ("postgresql-libs", "libpq5"),
    ("postgresql-client", "postgresql-client"),
    ("mariadb-connector-c", "libmariadb3"),
    ("libmagic", "libmagic1"),
    ("file", "file"),
    ("ffmpeg", "ffmpeg"),
    ("gettext", "gettext"),
    ("graphviz", "graphviz"),
    ("imagemagick", "imagemagick"),
    ("ghostscript", "ghostscript"),
    ("poppler-utils", "poppler-utils"),
    ("tesseract-ocr", "tesseract-ocr"),
    ("libldap", "libldap2"),
    ("xmlsec", "libxmlsec1-openssl"),
    ("cairo", "libcairo2"),
    ("pango", "libpango-1.0-0"),
    ("tzdata", "tzdata"),
];

/// The Debian package that a Dockerfile's package means to what runs; None for one that builds or
/// inspects, and for one of Alpine that has no known name in Debian.
pub(super) fn debian(package: &str, alpine: bool) -> Option<&str> {
    if is_build_tool(package) || is_of_one_release(package) {
        return None;
    }
    if !alpine {
        return Some(package);
    }
    FROM_ALPINE
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, debian)| *debian)
}

/// `libldap-2.5-0`: a name with a version in it is there in one release of Debian alone.
fn is_of_one_release(package: &str) -> bool {
    package
        .rsplit('-')
        .any(|part| part.contains('.') && part.chars().all(|c| c.is_ascii_digit() || c == '.'))
        && package.starts_with("lib")
        && !package.contains("-1.0")
        && !package.contains("-2.0")
}

/// Packages of a Dockerfile that build or inspect rather than run.
fn is_build_tool(package: &str) -> bool {
    package.ends_with("-dev")
        || package.starts_with("python3")
        || matches!(
            package,
            "gcc"
                | "g++"
                | "make"
                | "cmake"
                | "curl"
                | "wget"
                | "git"
                | "build-essential"
                | "pkg-config"
                | "virtualenv"
                | "vim"
                | "nano"
                | "less"
                | "procps"
                | "net-tools"
                | "iputils-ping"
                | "unzip"
                | "zip"
                | "gnupg"
                | "gnupg2"
                | "ca-certificates"
                | "apt-utils"
                | "sudo"
                | "htop"
                | "telnet"
                | "netcat"
                | "netcat-openbsd"
                | "netcat-traditional"
                | "clang"
                | "rustc"
                | "cargo"
                | "libc6-dev"
                | "musl-dev"
                | "openssh-client"
                | "ssh"
                | "dumb-init"
                | "tini"
                | "lsb-release"
                | "software-properties-common"
                | "gfortran"
                | "ninja-build"
                | "bash"
                | "jq"
                | "apt-transport-https"
                | "dos2unix"
                | "supervisor"
                | "postgresql"
                | "mysql-server"
                | "mariadb-server"
                | "redis-server"
                | "rabbitmq-server"
                | "inotify-tools"
                | "bzip2"
                | "nginx"
                | "cron"
                | "gosu"
                | "su-exec"
                | "shadow"
                | "iproute2"
                | "build-base"
                | "linux-headers"
                | "coreutils"
                | "python-is-python3"
                | "apache2-utils"
                | "wait-for-it"
                | "locales"
                | "nodejs"
                | "npm"
                | "yarn"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_dockerfile_as_debian_names_them() {
        assert_eq!(debian("libpq5", false), Some("libpq5"));
        assert_eq!(debian("postgresql-libs", true), Some("libpq5"));
        assert_eq!(debian("shadow", true), None);
        assert_eq!(debian("something-of-alpine", true), None);
        assert_eq!(debian("libldap-2.5-0", false), None);
        assert_eq!(debian("libpango-1.0-0", false), Some("libpango-1.0-0"));
        assert_eq!(debian("libpq-dev", false), None);
    }
}
