//! The sample's image, built and run as production runs it.

use crate::engine::{docker, get, python_base, status, until};
use crate::sandbox::Sandbox;
use std::process::Command;

/// What an image may take when it is sent somewhere.
const MOST_BYTES: usize = 100_000_000;

/// An image, its containers and their network; taken away when dropped.
struct Stage {
    name: String,
    python: String,
    postgres: String,
}

impl Stage {
    /// None where something is missing and need not be there.
    fn set() -> Option<Self> {
        Some(Self {
            python: python_base()?,
            postgres: std::env::var("SHIPWAY_TEST_POSTGRES").unwrap(),
            name: format!("shipway-it-{}", std::process::id()),
        })
    }

    fn container(&self, role: &str) -> String {
        format!("{}-{role}", self.name)
    }

    /// Starts a container on the network; `role` is its host name there.
    fn start(&self, role: &str, options: &[&str], image: &str, command: &[&str]) {
        let container = self.container(role);
        let mut arguments = vec!["run", "--detach", "--name", &container];
        arguments.extend(["--network", &self.name, "--network-alias", role]);
        arguments.extend(options);
        arguments.push(image);
        arguments.extend(command);
        docker(&arguments, None);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let containers = ["web", "db", "gateway"].map(|role| self.container(role));
        let [web, db, gateway] = &containers;
        for arguments in [
            vec!["rm", "--force", "--volumes", web, db, gateway],
            vec!["network", "rm", &self.name],
            vec!["image", "rm", "--force", &self.name],
        ] {
            let _ = Command::new("docker").args(arguments).output();
        }
    }
}

#[test]
fn the_image_of_the_sample_serves_and_drains_as_an_unprivileged_user() {
    let Some(stage) = Stage::set() else { return };
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    let root = sandbox.root();
    sandbox.run(0, &["init", "--yes"]);
    let base = format!("PYTHON_BASE={}", stage.python);
    #[rustfmt::skip]
    docker(
        &[
            "build", "--quiet", "--file", "Dockerfile.shipway", "--target", "final",
            "--build-arg", &base, "--tag", &stage.name, ".",
        ],
        Some(root),
    );

    // Secrets as production mounts them.
    let written = Command::new("sh")
        .arg("deploy/secrets.sh")
        .current_dir(root)
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    let mounts: Vec<String> = ["POSTGRES_SECRET", "SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"]
        .iter()
        .map(|name| {
            let file = root.join(".secrets").join(name);
            format!("{}:/run/secrets/{name}:ro", file.display())
        })
        .collect();
    #[rustfmt::skip]
    let mut options = vec![
        "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--publish", "127.0.0.1::5000",
        "--env", "ENV=production", "--env", "POSTGRES_HOST=db",
        "--env", "SUPABASE_URL=http://gateway:8000",
    ];
    for mount in &mounts {
        options.extend(["--volume", mount]);
    }
    docker(&["network", "create", &stage.name], None);
    stage.start("web", &options, &stage.name, &[]);
    let web = stage.container("web");
    let address = docker(&["port", &web, "5000/tcp"], None);

    // Nothing that it needs is there.
    until("/healthz is 200 without a database", || {
        status(&address, "/healthz") == Some(200)
    });
    assert_eq!(status(&address, "/readyz"), Some(503));
    assert_eq!(status(&address, "/"), Some(503));

    let password = std::fs::read_to_string(root.join(".secrets/POSTGRES_SECRET")).unwrap();
    let password = format!("POSTGRES_PASSWORD={password}");
    stage.start("db", &["--env", &password], &stage.postgres, &[]);
    let server = ["python", "-m", "http.server", "8000"];
    stage.start("gateway", &[], &stage.python, &server);
    until("/readyz is 200 with everything there", || {
        status(&address, "/readyz") == Some(200)
    });
    assert_eq!(status(&address, "/"), Some(200));

    let inside = |script: &str| docker(&["exec", &web, "sh", "-c", script], None);
    assert_eq!(inside("id -u"), "10001");
    assert_eq!(
        inside("touch /app/backend/x 2>/dev/null || echo refused"),
        "refused"
    );
    inside("touch /app/backend/uploads/x /tmp/x");

    // Stopped while a request runs, which holds a connection to the database.
    let answer = std::thread::scope(|scope| {
        let request = scope.spawn(|| get(&address, "/slow?seconds=2"));
        let db = stage.container("db");
        let query = "select count(*) from pg_stat_activity \
                     where backend_type = 'client backend' and pid <> pg_backend_pid()";
        until("the request runs", || {
            docker(
                &["exec", &db, "psql", "-U", "postgres", "-Atc", query],
                None,
            ) == "1"
        });
        docker(&["stop", &web], None);
        request.join().unwrap()
    });
    let (code, body) = answer.unwrap();
    assert_eq!(code, 200);
    assert!(body.contains("\"finished\":true"), "{body}");
    let exit = docker(&["inspect", &web, "--format", "{{.State.ExitCode}}"], None);
    assert_eq!(exit, "0");

    let size = Command::new("sh")
        .args(["-c", "docker save \"$0\" | gzip -6 | wc -c", &stage.name])
        .output()
        .unwrap();
    let size: usize = String::from_utf8(size.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(size < MOST_BYTES, "{size} bytes compressed");
}

#[test]
fn an_image_of_rust_builds_what_is_depended_on_first_and_keeps_what_the_repositorys_own_sets() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/rust");
    let made = |name: &str, file: &str| {
        let manifest = std::fs::read_to_string(corpus.join(format!("{name}.txt"))).unwrap();
        let sandbox = Sandbox::from_manifest(&manifest);
        sandbox.run(0, &["init", "--yes"]);
        (sandbox.read(file), sandbox.read(".github/workflows/ci.yml"))
    };
    let (image, workflow) = made("config-macros", "Dockerfile.shipway");
    assert!(image.contains("APP_ENVIRONMENT=production"), "{image}");
    assert!(
        image.contains("COPY configuration /app/configuration\n"),
        "{image}"
    );
    assert!(!workflow.contains("src/main.rs"), "{workflow}");

    let (image, workflow) = made("axum-workspace", "Dockerfile");
    let place = |text: &str| {
        image
            .find(text)
            .unwrap_or_else(|| panic!("{text} in {image}"))
    };
    let manifests = place("COPY crates/store/Cargo.toml /app/crates/store/\n");
    let stubs = place("touch crates/store/src/lib.rs");
    let sources = place("COPY . /app\n");
    assert!(manifests < stubs && stubs < sources, "{image}");
    // Both programs come out of one build, each named once.
    let build = "SQLX_OFFLINE=true cargo build --release --locked --package tide-api --bin tide-api \
                 --package tide-worker --bin tide-worker";
    assert_eq!(image.matches(build).count(), 2, "{image}");
    assert!(
        image.contains("cp /target/release/tide-api /target/release/tide-worker /out/"),
        "{image}"
    );
    assert!(
        workflow.contains("SQLX_OFFLINE=true cargo test --workspace --locked"),
        "{workflow}"
    );

    // A linker and libraries where they are built, libraries alone where they run.
    let (image, _) = made("actix-diesel", "Dockerfile.shipway");
    let (build, run) = image.split_once("AS final").unwrap();
    assert!(
        build.contains("tini libpq-dev clang lld") && !run.contains("clang"),
        "{image}"
    );
    assert!(
        run.contains("libpq5") && !run.contains("libpq-dev"),
        "{image}"
    );
    let (image, _) = made("rocket-toml", "Dockerfile.shipway");
    assert!(image.contains("ROCKET_ADDRESS=0.0.0.0"), "{image}");
    assert!(
        image.contains("COPY Rocket.toml /app/Rocket.toml\n"),
        "{image}"
    );
}
