//! The compose project of a small application, started for development and as in production.

use crate::engine::{docker, get, node_base, python_base, stand_ins, status, until};
use crate::sandbox::{Sandbox, text};
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

/// A compose project, taken away with everything that it made when dropped.
struct Project {
    sandbox: Sandbox,
    /// Its name and the files that it is made of, as options.
    options: Vec<String>,
}

impl Drop for Project {
    fn drop(&mut self) {
        let down = ["down", "--volumes", "--rmi", "local", "--timeout", "5"];
        let _ = self.command(&down).output();
    }
}

impl Project {
    /// The fixture `name` after `shipway init`, as the compose `files`, with the images of
    /// registries stood in for and names of its own for the images that it builds.
    fn of(name: &str, files: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
        let manifest = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        let sandbox = Sandbox::from_manifest(&manifest);
        sandbox.run(0, &["init", "--yes"]);
        let environment = files[files.len() - 1].trim_start_matches("compose.");
        let environment = environment.trim_end_matches(".yaml");
        let called = format!("shipway-it-{name}-{environment}-{}", std::process::id());
        let mut project = Self {
            options: vec!["--project-name".to_owned(), called],
            sandbox,
        };
        for file in files {
            project
                .options
                .extend(["--file".to_owned(), (*file).to_owned()]);
        }
        if Path::new(files[files.len() - 1]) != Path::new("compose.override.yaml") {
            let written = Command::new("sh")
                .arg("deploy/secrets.sh")
                .current_dir(project.sandbox.root())
                .output()
                .unwrap();
            assert!(written.status.success(), "{written:?}");
        }
        let whole = project.compose(&["config", "--format", "json"]);
        let over = stand_ins(&whole, project.sandbox.root());
        project.sandbox.write("stand-ins.yaml", &over);
        project
            .options
            .extend(["--file".to_owned(), "stand-ins.yaml".to_owned()]);
        project
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .arg("compose")
            .args(&self.options)
            .args(arguments)
            .env("IMAGE_TAG", format!("it-{}", std::process::id()))
            .current_dir(self.sandbox.root());
        command
    }

    fn compose(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "docker compose {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        text(&output.stdout)
    }

    fn up(&self) {
        let up = [
            "up",
            "--detach",
            "--build",
            "--wait",
            "--wait-timeout",
            "180",
        ];
        self.compose(&up);
    }

    /// What `docker inspect` says of the container of `service`.
    fn inspect(&self, service: &str) -> Value {
        let id = self.compose(&["ps", "--all", "--quiet", service]);
        let said = docker(&["inspect", id.trim()], None);
        let mut said: Value = serde_json::from_str(&said).unwrap();
        said[0].take()
    }

    fn inside(&self, service: &str, command: &[&str]) -> String {
        let mut arguments = vec!["exec", "--no-TTY", service];
        arguments.extend(command);
        self.compose(&arguments)
    }
}

fn names(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

/// The last part of each of its networks' names, sorted.
fn networks(container: &Value) -> Vec<String> {
    names(&container["NetworkSettings"]["Networks"])
        .iter()
        .map(|name| name.rsplit('_').next().unwrap().to_owned())
        .collect()
}

/// Every container of the started project is locked down and healthy, and shows no secret.
fn assert_hardened(project: &Project) {
    let secret = project.sandbox.read(".secrets/DB_PASSWORD");
    assert_eq!(secret.len(), 43, "32 bytes in Base64 for URLs");
    for service in ["web", "worker", "beat", "postgres", "redis"] {
        let container = project.inspect(service);
        let host = &container["HostConfig"];
        assert_eq!(host["ReadonlyRootfs"], true, "{service}");
        assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]), "{service}");
        let options = serde_json::json!(["no-new-privileges:true"]);
        assert_eq!(host["SecurityOpt"], options, "{service}");
        for limit in ["Memory", "NanoCpus", "PidsLimit"] {
            assert!(host[limit].as_i64().unwrap() > 0, "{service} {limit}");
        }
        // Nothing is published: the proxy that deploys bring stands in front.
        assert_eq!(host["PortBindings"], serde_json::json!({}), "{service}");
        let whole = container.to_string();
        assert!(!whole.contains(&secret), "{service} shows the password");
        assert_eq!(
            container["State"]["Health"]["Status"], "healthy",
            "{service}"
        );
        let expected: &[&str] = match service {
            "web" => &["app", "data", "edge"],
            "worker" | "beat" => &["app", "data"],
            _ => &["data"],
        };
        assert_eq!(networks(&container), expected, "{service}");
        if ["web", "worker", "beat"].contains(&service) {
            assert_eq!(container["Config"]["User"], "10001:10001");
            assert_eq!(host["CapAdd"], Value::Null, "{service}");
        }
    }
}

/// What the application answers inside its own container.
fn ask(project: &Project, path: &str) -> String {
    let program = format!(
        "import urllib.request as u; \
         print(u.urlopen(u.Request('http://127.0.0.1:8000{path}', headers={{'Host': 'localhost'}})).read().decode())"
    );
    project.inside("web", &["python", "-c", &program])
}

#[test]
fn production_is_hardened_and_its_database_has_no_way_out() {
    let Some(_) = python_base() else { return };
    let project = Project::of("django", &["compose.yaml", "compose.production.yaml"]);
    project.up();

    assert_hardened(&project);
    let ask = |path: &str| ask(&project, path);
    assert!(ask("/readyz").contains("\"ready\": true"));
    assert_eq!(
        ask("/static/boats/sail.css").trim(),
        "body { background: white; }"
    );
    until("beat sends, the worker writes", || {
        let answer: Value = serde_json::from_str(&ask("/")).unwrap();
        answer["boats"].as_i64().unwrap() >= 2
    });

    // A server on another network of this engine, by its address.
    let outside = format!("{}-outside", project.options[1]);
    docker(&["network", "create", &outside], None);
    let (base, port) = (python_base().unwrap(), "8000");
    #[rustfmt::skip]
    docker(
        &[
            "run", "--detach", "--rm", "--name", &outside, "--network", &outside,
            "--publish", &format!("127.0.0.1::{port}"), &base, "python", "-m", "http.server", port,
        ],
        None,
    );
    let listening = docker(&["port", &outside, "8000/tcp"], None);
    until("it listens", || status(&listening, "/").is_some());
    let address = docker(
        &[
            "inspect",
            &outside,
            "--format",
            "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        ],
        None,
    );
    // From the database: neither a name nor a route.
    let knock = format!("exec 3<>/dev/tcp/{address}/{port}");
    let tried = project
        .command(&[
            "exec", "--no-TTY", "postgres", "timeout", "3", "bash", "-c", &knock,
        ])
        .output()
        .unwrap();
    let leave = [
        vec!["rm", "--force", &outside],
        vec!["network", "rm", &outside],
    ];
    for arguments in leave {
        docker(&arguments, None);
    }
    assert!(!tried.status.success(), "the database reached {address}");
    let internal = docker(
        &[
            "network",
            "inspect",
            &format!("{}_data", project.options[1]),
            "--format",
            "{{.Internal}}",
        ],
        None,
    );
    assert_eq!(internal, "true");

    project.compose(&["stop"]);
    for service in ["web", "worker", "beat", "postgres", "redis"] {
        let state = &project.inspect(service)["State"];
        assert_eq!(state["ExitCode"], 0, "{service}");
    }
}

#[test]
fn staging_is_as_hardened_as_production_and_works() {
    let Some(_) = python_base() else { return };
    let project = Project::of("django", &["compose.yaml", "compose.staging.yaml"]);
    project.up();
    assert_hardened(&project);
    assert!(ask(&project, "/readyz").contains("\"ready\": true"));
    until("beat sends, the worker writes", || {
        let answer: Value = serde_json::from_str(&ask(&project, "/")).unwrap();
        answer["boats"].as_i64().unwrap() >= 2
    });
    // What was written stays when staging is stopped and started again.
    project.compose(&["down"]);
    project.up();
    let answer: Value = serde_json::from_str(&ask(&project, "/")).unwrap();
    assert!(answer["boats"].as_i64().unwrap() >= 2, "{answer}");
}

#[test]
fn development_shows_an_edit_without_a_restart() {
    let Some(_) = python_base() else { return };
    let project = Project::of("flask-pip", &["compose.yaml", "compose.override.yaml"]);
    // The container's user is another one than the owner of this temporary folder.
    let mut mode = std::fs::metadata(project.sandbox.root())
        .unwrap()
        .permissions();
    mode.set_mode(0o755);
    std::fs::set_permissions(project.sandbox.root(), mode).unwrap();
    project.up();
    let address = project.compose(&["port", "web", "5000"]);
    let address = address.trim();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let says = |words: &str| get(address, "/").is_some_and(|(_, answer)| answer.contains(words));
    assert!(says("tide tables"));
    let began = project.inspect("web")["State"]["StartedAt"].clone();
    let source = project.sandbox.read("app.py");
    // In place, as some editors write.
    let edited = source.replace("tide tables", "ebb tables");
    project.sandbox.write("app.py", &edited);
    until("the edit shows", || says("ebb tables"));
    // A new file in its place, as others do, and git.
    let edited = source.replace("tide tables", "spring tables");
    project.sandbox.write("app.py.new", &edited);
    std::fs::rename(
        project.sandbox.path("app.py.new"),
        project.sandbox.path("app.py"),
    )
    .unwrap();
    until("the new file shows", || says("spring tables"));
    assert_eq!(project.inspect("web")["State"]["StartedAt"], began);
}

/// The container's user is another one than the owner of the tree, who keeps some of it to himself.
#[test]
fn development_is_not_stopped_by_what_its_user_may_not_read() {
    let Some(_) = python_base() else { return };
    let project = Project::of("django", &["compose.yaml", "compose.override.yaml"]);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.sandbox.root(), mode).unwrap();
    project.up();
    // A library that finds it would fail.
    let mode = std::fs::metadata(project.sandbox.path(".env"))
        .unwrap()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let reads = "import os; print(os.path.isfile('/app/.env'), repr(open('/app/.env').read()))";
    let seen = project.inside("web", &["python", "-c", reads]);
    assert_eq!(seen.trim(), "False ''");
    // What reloads a worker begins to watch, whatever folder it may not read.
    let watches = "import watchfiles; \
                   next(watchfiles.watch('/app', rust_timeout=100, yield_on_timeout=True)); print('watches')";
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(project.sandbox.path(".git"), mode).unwrap();
    let seen = project.inside("web", &["python", "-c", watches]);
    assert_eq!(seen.trim(), "watches");
    let watches = "timeout 3 watchfiles --ignore-permission-denied --filter python true /app 2>/dev/null; echo $?";
    // It was still at it.
    let seen = project.inside("web", &["sh", "-c", watches]);
    assert_eq!(seen.trim(), "124");
}

#[test]
fn development_leaves_nothing_of_root_in_the_work_tree() {
    let (Some(_), Some(_)) = (python_base(), node_base()) else {
        return;
    };
    let files = ["compose.yaml", "compose.override.yaml"];
    let project = Project::of("flask-front-end", &files);
    let root = project.sandbox.root();
    // As root nobody would see whose files they are.
    let owner = 1234;
    let given = Command::new("chown")
        .args(["--recursive", &format!("{owner}:{owner}")])
        .arg(root)
        .status()
        .unwrap();
    let owner = if given.success() {
        owner
    } else {
        std::fs::metadata(root).unwrap().uid()
    };
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(root, mode).unwrap();
    assert!(!project.sandbox.path("uploads").exists());
    // Without make, as somebody does who has read the compose file.
    project.up();
    let address = project.compose(&["port", "web", "5000"]);
    let (code, script) = get(address.trim(), "/static/hoist.js").unwrap();
    assert_eq!(code, 200);
    assert!(script.contains("England expects"), "{script}");
    for path in ["uploads", "static/hoist.js", "static/mast.css", "ui"] {
        let found = std::fs::metadata(project.sandbox.path(path)).unwrap();
        assert_eq!(found.uid(), owner, "{path}");
    }
    let kept = "touch /app/uploads/signal && stat -c %u /app/uploads/signal";
    assert_eq!(project.inside("web", &["sh", "-c", kept]).trim(), "10001");
    // What is newer in the tree is what somebody is at work on.
    project
        .sandbox
        .write("static/hoist.js", "document.title = 'mine';\n");
    project.compose(&["down"]);
    project.up();
    let mine = project.sandbox.read("static/hoist.js");
    assert_eq!(mine, "document.title = 'mine';\n");
}

/// The variables that each service of a compose file is told, and whether the file gives a value.
fn told(content: &str) -> BTreeMap<(String, String), bool> {
    let files = Yaml::load_from_str(content).unwrap();
    let services = files[0].as_mapping_get("services").unwrap();
    let mut told = BTreeMap::new();
    for (service, settings) in services.as_mapping().unwrap() {
        let variables = settings.as_mapping_get("environment");
        for (name, value) in variables.and_then(Yaml::as_mapping).into_iter().flatten() {
            let [service, name] = [service, name].map(|one| one.as_str().unwrap().to_owned());
            told.insert((service, name), !value.is_null());
        }
    }
    told
}

/// podman-compose 1.6.0 refuses to put a value over a variable that is passed on, and the reverse.
#[test]
fn no_file_gives_a_value_to_what_another_passes_on() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
    let of = |name: &str| {
        let manifest = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        Sandbox::from_manifest(&manifest)
    };
    let sample = Sandbox::copy_of("examples/fair-sample");
    for sandbox in [sample, of("django"), of("fastapi-pip"), of("node-express")] {
        sandbox.run(0, &["init", "--yes"]);
        let base = told(&sandbox.read("compose.yaml"));
        for stage in ["override", "staging", "production"] {
            let over = told(&sandbox.read(&format!("compose.{stage}.yaml")));
            for (place, given) in &over {
                let below = base.get(place).unwrap_or(given);
                assert_eq!(below, given, "{place:?} in {stage}");
            }
            // Who starts it says how many processes there are, but for development.
            let place = ("web".to_owned(), "WEB_CONCURRENCY".to_owned());
            if let Some(given) = over.get(&place) {
                assert_eq!(*given, stage == "override", "{stage}");
                assert!(!base.contains_key(&place));
            }
        }
    }
}
