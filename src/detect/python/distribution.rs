//! What is known of distributions: the modules they install, the Debian packages they need.

/// Module names of distributions whose name is not that of their module.
const MODULES: &[(&str, &[&str])] = &[
    ("psycopg2-binary", &["psycopg2"]),
    ("psycopg-binary", &["psycopg"]),
    ("python-dotenv", &["dotenv"]),
    ("beautifulsoup4", &["bs4"]),
    ("pyyaml", &["yaml"]),
    ("pillow", &["PIL"]),
    ("scikit-learn", &["sklearn"]),
    ("scikit-image", &["skimage"]),
    ("scikit-bio", &["skbio"]),
    ("opencv-python", &["cv2"]),
    ("opencv-python-headless", &["cv2"]),
    ("opencv-contrib-python", &["cv2"]),
    ("mysqlclient", &["MySQLdb"]),
    ("mysql-connector-python", &["mysql"]),
    ("pymongo", &["pymongo", "bson", "gridfs"]),
    ("pyjwt", &["jwt"]),
    ("python-jose", &["jose"]),
    ("python-dateutil", &["dateutil"]),
    ("python-slugify", &["slugify"]),
    ("python-decouple", &["decouple"]),
    ("django-environ", &["environ"]),
    ("djangorestframework", &["rest_framework"]),
    (
        "djangorestframework-simplejwt",
        &["rest_framework_simplejwt"],
    ),
    ("django-cors-headers", &["corsheaders"]),
    ("django-filter", &["django_filters"]),
    ("django-debug-toolbar", &["debug_toolbar"]),
    ("django-crispy-forms", &["crispy_forms"]),
    ("django-allauth", &["allauth"]),
    ("django-storages", &["storages"]),
    ("django-redis", &["django_redis"]),
    ("dj-database-url", &["dj_database_url"]),
    ("flask-sqlalchemy", &["flask_sqlalchemy"]),
    ("polars-lts-cpu", &["polars"]),
    ("polars-u64-idx", &["polars"]),
    ("biom-format", &["biom"]),
    ("bootstrap-flask", &["flask_bootstrap"]),
    ("python-socketio", &["socketio"]),
    ("python-engineio", &["engineio"]),
    ("tortoise-orm", &["tortoise"]),
    ("newspaper3k", &["newspaper"]),
    ("flask-server-timing", &["server_timing"]),
    ("django-basic-auth-ip-whitelist", &["baipw"]),
    ("django-cors-headers", &["corsheaders"]),
    ("django-csp", &["csp"]),
    ("djangorestframework-csv", &["rest_framework_csv"]),
    ("djangorestframework-jsonapi", &["rest_framework_json_api"]),
    ("djangorestframework-jwt", &["rest_framework_jwt"]),
    ("django-mptt", &["mptt"]),
    ("django-taggit", &["taggit"]),
    ("django-timezone-field", &["timezone_field"]),
    ("django-simple-history", &["simple_history"]),
    ("django-phonenumber-field", &["phonenumber_field"]),
    ("drf-nested-routers", &["rest_framework_nested"]),
    ("python-redis-lock", &["redis_lock"]),
    ("py-healthcheck", &["healthcheck"]),
    ("python-stdnum", &["stdnum"]),
    ("python-snappy", &["snappy"]),
    ("python-bidi", &["bidi"]),
    ("fpdf2", &["fpdf"]),
    ("path-py", &["path"]),
    ("opentelemetry-sdk", &["opentelemetry.sdk"]),
    (
        "google-cloud-batch",
        &["google.cloud.batch_v1", "google.cloud.batch"],
    ),
    ("google-cloud-trace", &["google.cloud.trace"]),
    ("extruct", &["extruct"]),
    ("pymdown-extensions", &["pymdownx"]),
    ("attrs", &["attr", "attrs"]),
    ("google-cloud-storage", &["google.cloud.storage"]),
    ("google-auth", &["google.auth"]),
    ("google-api-python-client", &["googleapiclient"]),
    ("protobuf", &["google.protobuf"]),
    ("grpcio", &["grpc"]),
    ("pycryptodome", &["Crypto"]),
    ("pyopenssl", &["OpenSSL"]),
    ("python-ldap", &["ldap"]),
    ("python-magic", &["magic"]),
    ("pyserial", &["serial"]),
    ("pyzmq", &["zmq"]),
    ("faiss-cpu", &["faiss"]),
    ("biopython", &["Bio"]),
    ("python-docx", &["docx"]),
    ("python-pptx", &["pptx"]),
    ("msgpack-python", &["msgpack"]),
    ("ruamel-yaml", &["ruamel"]),
    ("redis", &["redis"]),
    ("apscheduler", &["apscheduler"]),
    ("sentry-sdk", &["sentry_sdk"]),
    ("supabase", &["supabase"]),
    ("pydantic-settings", &["pydantic_settings"]),
    ("sqlalchemy", &["sqlalchemy"]),
    ("werkzeug", &["werkzeug"]),
    ("jinja2", &["jinja2"]),
    ("markupsafe", &["markupsafe"]),
    ("pymysql", &["pymysql"]),
    ("gitpython", &["git"]),
    ("discord-py", &["discord"]),
    ("python-telegram-bot", &["telegram"]),
    ("umap-learn", &["umap"]),
    ("tensorflow-cpu", &["tensorflow"]),
    ("setuptools", &["setuptools", "pkg_resources"]),
];

/// Servers, drivers that a URL names, plugins: used without an import.
const UNSEEN: &[&str] = &[
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "waitress",
    "uvloop",
    "httptools",
    "granian",
    "uvicorn-worker",
    "gevent",
    "eventlet",
    "asyncpg",
    "aiosqlite",
    "aiomysql",
    "asyncmy",
    "psycopg2",
    "psycopg2-binary",
    "psycopg",
    "psycopg-binary",
    "pymysql",
    "mysqlclient",
    "cx-oracle",
    "oracledb",
    "pyodbc",
    "python-multipart",
    "email-validator",
    "openpyxl-stubs",
    "pyarrow",
    "whitenoise",
    "brotli",
    "tzdata",
    "setuptools",
    "wheel",
    "pip",
    "cryptography",
    "certifi",
    "greenlet",
    "redis",
    "hiredis",
    "itsdangerous",
    "lxml-stubs",
    "argon2-cffi",
    "bcrypt",
    "werkzeug",
    "jinja2",
    "markupsafe",
    "watchfiles",
    "watchdog",
    "python-dotenv",
    "tornado",
    "typing-extensions",
    "urllib3",
    "ipython",
    "ipykernel",
    "jupyter",
    "notebook",
    "jupyterlab",
    "dnspython",
    "flower",
    "django-redis",
    "fastapi-cli",
    "alembic",
    "kombu",
    "websockets",
    "kaleido",
    "setuptools-scm",
    "newrelic",
    "ddtrace",
    "pip-tools",
    "pre-commit",
    "supervisor",
    "uwsgi",
    "uwsgitop",
    "honcho",
    "pysqlite3-binary",
    "python-json-logger",
    "ipdb",
    "locust",
    "attrs",
    "six",
    "aerich",
    // Tools of developers, listed among what the application needs.
    "autopep8",
    "bandit",
    "black",
    "build",
    "bumpversion",
    "codecov",
    "coverage",
    "coveralls",
    "flake8",
    "invoke",
    "isort",
    "mkdocs",
    "mkdocs-material",
    "mock",
    "mypy",
    "nose",
    "nose2",
    "nox",
    "pep8",
    "pycodestyle",
    "pydocstyle",
    "pyflakes",
    "pylint",
    "pyright",
    "ruff",
    "sphinx",
    "tox",
    "twine",
    "yapf",
];

/// Modules that a distribution installs, by its normalised name.
pub(super) fn modules(name: &str) -> Vec<String> {
    MODULES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or_else(
            || vec![name.replace('-', "_")],
            |(_, modules)| modules.iter().map(|module| (*module).to_owned()).collect(),
        )
}

/// Whether its absence among the imports says nothing.
pub(super) fn works_unseen(name: &str) -> bool {
    UNSEEN.contains(&name)
        || name.starts_with("types-")
        || ["pytest", "sphinx-", "sphinxcontrib-", "flake8-", "mkdocs-"]
            .iter()
            .any(|start| name.starts_with(start))
        || name.ends_with("-stubs")
}

/// Debian packages of one distribution: when it runs, when it is built.
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) run: &'static [&'static str],
    pub(super) build: &'static [&'static str],
}

/// Distributions that need more than a wheel brings. What ships its libraries in a wheel
/// (psycopg2-binary, pillow, lxml, numpy) is not here.
pub(super) const SYSTEM: &[System] = &[
    System {
        name: "psycopg2",
        run: &["libpq5"],
        build: &["gcc", "libc6-dev", "libpq-dev"],
    },
    System {
        name: "psycopg-c",
        run: &["libpq5"],
        build: &["gcc", "libc6-dev", "libpq-dev"],
    },
    System {
        name: "mysqlclient",
        run: &["libmariadb3"],
        build: &["gcc", "libc6-dev", "libmariadb-dev", "pkg-config"],
    },
    System {
        name: "pyodbc",
        run: &["unixodbc"],
        build: &["g++", "unixodbc-dev"],
    },
    System {
        name: "python-ldap",
        run: &["libldap2", "libsasl2-2"],
        build: &["gcc", "libc6-dev", "libldap2-dev", "libsasl2-dev"],
    },
    System {
        name: "weasyprint",
        run: &["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"],
        build: &[],
    },
    System {
        name: "gdal",
        run: &["libgdal-dev"],
        build: &["g++", "libgdal-dev"],
    },
    System {
        name: "opencv-python",
        run: &["libgl1", "libglib2.0-0"],
        build: &[],
    },
    System {
        name: "opencv-contrib-python",
        run: &["libgl1", "libglib2.0-0"],
        build: &[],
    },
    System {
        name: "python-magic",
        run: &["libmagic1"],
        build: &[],
    },
    System {
        name: "pycairo",
        run: &["libcairo2"],
        build: &["gcc", "libc6-dev", "libcairo2-dev", "pkg-config"],
    },
    System {
        name: "cairosvg",
        run: &["libcairo2"],
        build: &[],
    },
    System {
        name: "xmlsec",
        run: &["libxmlsec1-openssl"],
        build: &["gcc", "libc6-dev", "libxmlsec1-dev", "pkg-config"],
    },
    System {
        name: "python3-saml",
        run: &["libxmlsec1-openssl"],
        build: &["gcc", "libc6-dev", "libxmlsec1-dev", "pkg-config"],
    },
    System {
        name: "uwsgi",
        run: &[],
        build: &["gcc", "libc6-dev"],
    },
    System {
        name: "pygraphviz",
        run: &["graphviz"],
        build: &["gcc", "libc6-dev", "libgraphviz-dev"],
    },
    System {
        name: "graphviz",
        run: &["graphviz"],
        build: &[],
    },
    System {
        name: "pytesseract",
        run: &["tesseract-ocr"],
        build: &[],
    },
    System {
        name: "pdf2image",
        run: &["poppler-utils"],
        build: &[],
    },
    System {
        name: "pydub",
        run: &["ffmpeg"],
        build: &[],
    },
    System {
        name: "pyaudio",
        run: &["libportaudio2"],
        build: &["gcc", "libc6-dev", "portaudio19-dev"],
    },
    System {
        name: "pymssql",
        run: &["libsybdb5"],
        build: &[],
    },
    System {
        name: "rpy2",
        run: &["r-base-core"],
        build: &["gcc", "libc6-dev", "r-base-dev"],
    },
    System {
        name: "pysam",
        run: &[],
        build: &[],
    },
];

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
pub(in crate::detect) fn debian(package: &str, alpine: bool) -> Option<&str> {
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
