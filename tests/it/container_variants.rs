//! One small application for each way of declaring dependencies, of serving and of basing an
//! image: built, and run as production runs it.

use crate::engine::{
    deno_base, docker, elixir_base, get, go_base, java_bases, logs, node_base, php_base,
    python_base, r_base, ruby_base, rust_base, status, until,
};
use crate::sandbox::Sandbox;
use std::process::Command;

const ALPINE: &str = "shipway-test/alpine:python3.11";
const DISTROLESS: &str = "shipway-test/distroless:python3.11";
const NGINX: &str = "shipway-test/nginx:debian";

/// What [`Running::keeps_secrets`] is printed by where there is a shell.
const SHELL: &[&str] = &[
    "sh",
    "-c",
    "printf '%s|%s|%s|%s' \"$SIGNAL_PASSWORD\" \"$URL\" \"$SET\" \"$(env | grep -c not-a-name)\"",
];

/// A container of an image made for one fixture; both are taken away when dropped.
struct Running {
    name: String,
    sandbox: Sandbox,
}

impl Drop for Running {
    fn drop(&mut self) {
        for arguments in [
            vec!["rm", "--force", "--volumes", &self.name],
            vec!["image", "rm", "--force", &self.name],
        ] {
            let _ = Command::new("docker").args(arguments).output();
        }
    }
}

impl Running {
    /// The fixture `name` after `shipway init` with `options`, its image built with these bases,
    /// started without root, capabilities or a disk that can be written to.
    fn start(name: &str, options: &[&str], bases: &[(&str, &str)], port: Option<u16>) -> Self {
        let sandbox = Sandbox::from_manifest(&manifest(name));
        Self::of(name, sandbox, options, bases, &[], port)
    }

    /// As [`Running::start`], of what is in `sandbox`; it is `given` these variables.
    fn of(
        name: &str,
        sandbox: Sandbox,
        options: &[&str],
        bases: &[(&str, &str)],
        given: &[&str],
        port: Option<u16>,
    ) -> Self {
        let mut arguments = vec!["init", "--yes"];
        arguments.extend(options);
        sandbox.run(0, &arguments);
        let running = Self {
            name: format!(
                "shipway-it-{name}{}-{}",
                options.concat(),
                std::process::id()
            ),
            sandbox,
        };
        let mut build = vec!["build", "--quiet", "--tag", &running.name];
        let bases: Vec<String> = bases
            .iter()
            .map(|(argument, image)| format!("{argument}={image}"))
            .collect();
        for base in &bases {
            build.extend(["--build-arg", base]);
        }
        build.push(".");
        docker(&build, Some(running.sandbox.root()));
        #[rustfmt::skip]
        let mut run = vec![
            "run", "--detach", "--name", &running.name, "--read-only", "--tmpfs", "/tmp",
            "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        ];
        let publish = port.map(|port| format!("127.0.0.1::{port}"));
        if let Some(publish) = &publish {
            run.extend(["--publish", publish]);
        }
        for variable in given {
            run.extend(["--env", variable]);
        }
        run.push(&running.name);
        docker(&run, None);
        running
    }

    fn address(&self, port: u16) -> String {
        docker(&["port", &self.name, &format!("{port}/tcp")], None)
    }

    /// Waits until `route` answers 200 on `port`; gives the address that it is asked at.
    fn up(&self, port: u16, route: &str) -> String {
        let address = self.address(port);
        until(&format!("{route} is 200"), || {
            status(&address, route) == Some(200)
        });
        address
    }

    fn inside(&self, command: &[&str]) -> String {
        let mut arguments = vec!["exec", &self.name];
        arguments.extend(command);
        docker(&arguments, None)
    }

    /// What `commands` of a shell say in it, and that nothing is written beside the source.
    fn seen(&self, commands: &str) -> String {
        let commands = format!("{commands}; touch /app/x 2> /dev/null || echo refused");
        self.inside(&["sh", "-c", &commands])
    }

    /// Runs in the container whether it has a shell or not.
    fn python(&self, program: &str) -> String {
        self.inside(&["python", "-I", "-c", program])
    }

    fn stop(&self) {
        docker(&["stop", &self.name], None);
        let exit = docker(
            &["inspect", &self.name, "--format", "{{.State.ExitCode}}"],
            None,
        );
        assert_eq!(exit, "0", "{}", logs(&self.name));
    }

    /// Whether it is well, as the program `start` says to each of these options: by its exit code,
    /// and without a word.
    fn says(&self, start: &str, expected: &[(&str, i32)]) {
        for (options, code) in expected {
            let words = start.split(' ').chain(options.split(' '));
            let mut asked = Command::new("docker");
            let asked = asked.args(["exec", &self.name]).args(words).output();
            let asked = asked.unwrap();
            let said = String::from_utf8_lossy(&asked.stdout);
            assert_eq!(
                (asked.status.code(), &*said),
                (Some(*code), ""),
                "{options}"
            );
        }
    }

    /// As [`Running::says`], where a shell starts it; `route` is one that is well.
    fn says_by_shell(&self, route: &str) {
        let well = format!("--probe {route}");
        self.says(
            "sh /opt/shipway/shipway_start.sh",
            &[
                (&well, 0),
                ("--probe /none", 22),
                ("--probe", 0),
                ("--running", 0),
            ],
        );
    }

    /// Stopped while a request of `route` runs, it answers that and ends.
    fn drains(&self, address: &str, route: &str) -> String {
        let answer = std::thread::scope(|scope| {
            let ask = || scope.spawn(|| get(address, route));
            let mut request = ask();
            until("the request runs", || {
                let runs = logs(&self.name).contains("begun");
                // Nobody took it: asked again.
                if !runs && request.is_finished() {
                    request = ask();
                }
                runs
            });
            self.stop();
            request.join().unwrap()
        });
        let (code, body) = answer.unwrap();
        assert_eq!(code, 200);
        assert!(body.contains("finished"), "{body}");
        body
    }

    /// A secret as production mounts it, one that a variable refers to, and one that is set before:
    /// `print` writes `SIGNAL_PASSWORD`, `URL`, `SET` and how often there is a `not-a-name`, with bars
    /// between them.
    fn keeps_secrets(&self, print: &[&str]) {
        let value = "it's \"deep\" $HOME `id` \\ ${SET} ${SIGNAL_PASSWORD}";
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("SIGNAL_PASSWORD", &format!("{value}\n"));
        put("SET", "from the file");
        put("not-a-name", "x");
        let mount = format!("{}:/run/secrets:ro", folder.path().display());
        let url = "URL=db://u:${SIGNAL_PASSWORD}@h/${OTHER}${";
        let mut run = vec!["run", "--rm", "--volume", &mount];
        run.extend(["--env", url, "--env", "SET=before", &self.name]);
        run.extend(print);
        let said = docker(&run, None);
        let url = format!("db://u:{value}@h/${{OTHER}}${{");
        assert_eq!(said, format!("{value}|{url}|before|0"));
    }

    /// Answers, cannot do more than it should, and ends a request that runs when it is stopped.
    fn serves(&self, port: u16, text: &str) {
        let address = self.up(port, "/healthz");
        assert_eq!(status(&address, "/readyz"), Some(200));
        shown(&address, "/", text);
        assert_eq!(
            self.python("import os; print(os.getuid(), os.getgid())"),
            "10001 10001"
        );
        let write = "try: open('/app/x', 'w'); print('written')\nexcept OSError: print('refused')";
        assert_eq!(self.python(write), "refused");
        assert_eq!(
            self.python("import importlib.util as u; print(u.find_spec('pip'))"),
            "None"
        );
        self.drains(&address, "/slow?seconds=2");
    }
}

/// The page at `route`, which is there and holds `text`.
fn shown(address: &str, route: &str, text: &str) -> String {
    let (code, page) = get(address, route).unwrap();
    assert_eq!(code, 200);
    assert!(page.contains(text), "{page}");
    page
}

/// The text of the fixture `name`.
fn manifest(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
    std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap()
}

/// On the slim base, a web application on `port` that answers `text`.
fn serves(name: &str, port: u16, text: &str) {
    let Some(base) = python_base() else { return };
    Running::start(name, &[], &[("PYTHON_BASE", &base)], Some(port)).serves(port, text);
}

#[test]
fn flask_with_pinned_requirements_serves_and_drains() {
    serves("flask-pip", 5000, "tide tables");
}

#[test]
fn flask_with_hashed_requirements_serves_and_drains() {
    serves("flask-hashed", 5000, "lighthouses");
}

#[test]
fn fastapi_serves_and_drains() {
    serves("fastapi-pip", 8000, "buoys");
}

#[test]
fn what_uv_locked_serves_and_drains() {
    serves("uv", 8000, "gauges");
}

#[test]
fn what_poetry_locked_serves_and_drains() {
    serves("poetry", 8080, "harbour");
}

#[test]
fn what_pipenv_locked_serves_and_drains() {
    serves("pipenv", 8080, "wharf");
}

#[test]
fn what_pdm_locked_serves_and_drains() {
    serves("pdm", 8000, "currents");
}

#[test]
fn what_conda_declares_serves_and_drains() {
    serves("conda", 5000, "soundings");
}

#[test]
fn an_image_on_alpine_serves_and_drains() {
    let Some(_) = python_base() else { return };
    let bases = [("PYTHON_BASE", ALPINE)];
    let running = Running::start("flask-hashed", &["--base", "alpine"], &bases, Some(5000));
    running.serves(5000, "lighthouses");
}

#[test]
fn an_image_on_distroless_has_no_shell_and_serves_and_drains() {
    let Some(python) = python_base() else { return };
    let bases = [("PYTHON_BASE", python.as_str()), ("FINAL_BASE", DISTROLESS)];
    let options = ["--base", "distroless"];
    let running = Running::start("flask-hashed", &options, &bases, Some(5000));
    let shells = "import shutil; print([p for p in ('sh', 'bash', 'apt-get') if shutil.which(p)])";
    assert_eq!(running.python(shells), "[]");
    running.serves(5000, "lighthouses");
}

#[test]
fn a_front_end_is_built_into_the_image_that_hands_it_out() {
    let (Some(python), Some(node)) = (python_base(), node_base()) else {
        return;
    };
    let bases = [("PYTHON_BASE", python.as_str()), ("NODE_BASE", &node)];
    let running = Running::start("flask-front-end", &[], &bases, Some(5000));
    let address = running.up(5000, "/healthz");
    let script = shown(&address, "/static/hoist.js", "England expects");
    assert!(!script.contains("read first"), "{script}");
    assert_eq!(status(&address, "/static/mast.css"), Some(200));
    let left = "import os, shutil; print(shutil.which('node'), os.path.exists('/app/ui'))";
    assert_eq!(running.python(left), "None False");
    running.serves(5000, "pennants");
}

#[test]
fn what_npm_locked_is_built_and_serves_and_drains_on_node() {
    let Some(base) = node_base() else { return };
    let running = Running::start("node-express", &[], &[("NODE_BASE", &base)], Some(4200));
    let address = running.up(4200, "/healthz");
    shown(&address, "/", "moored, open");
    assert_eq!(running.inside(&["id", "-u"]), "10001");
    assert_eq!(
        running.inside(&["sh", "-c", "touch /app/x 2> /tmp/said || echo refused"]),
        "refused"
    );
    let tools = "ls /app/node_modules | grep --count --line-regexp -e express -e is-odd";
    assert_eq!(
        running.inside(&["sh", "-c", tools]),
        "1",
        "what builds is gone"
    );
    let start = "node /opt/shipway/shipway_start.cjs";
    running.says(
        start,
        &[
            ("--running", 0),
            ("--probe /healthz", 0),
            ("--probe /none", 1),
        ],
    );
    running.drains(&address, "/slow");
}

#[test]
fn what_migrates_with_tools_of_development_has_them_in_a_stage_of_its_own() {
    let Some(base) = node_base() else { return };
    let sandbox = Sandbox::from_manifest(&manifest("node-express"));
    sandbox.run(0, &["init", "--yes"]);
    let argument = format!("NODE_BASE={base}");
    let build = |target: &str| {
        let options = [
            "build",
            "--quiet",
            "--target",
            target,
            "--build-arg",
            &argument,
            ".",
        ];
        docker(&options, Some(sandbox.root()))
    };
    let (last, migrates) = (build("final"), build("migrate"));
    let run = |image: &str, command: &[&str]| {
        let mut words = vec!["run", "--rm", "--read-only", "--network", "none"];
        words.extend(["--env", "NIGHT_PASSWORD=lamp", image]);
        words.extend(command);
        docker(&words, None)
    };
    assert_eq!(
        run(&migrates, &[]),
        "applied 1_moorings.js as 10001 for lamp"
    );
    let tools = [
        "sh",
        "-c",
        "ls node_modules | grep --line-regexp -e express -e is-odd",
    ];
    assert_eq!(run(&last, &tools), "express");
    assert_eq!(run(&migrates, &tools), "express\nis-odd");
    docker(&["image", "rm", "--force", &last, &migrates], None);
}

#[test]
fn what_bun_locked_serves_on_bun_without_what_only_development_needs() {
    let Some(base) = node_base() else { return };
    let running = Running::start("node-bun", &[], &[("NODE_BASE", &base)], Some(4700));
    let address = running.up(4700, "/healthz");
    shown(&address, "/", "fog horn, blast long");
    assert_eq!(running.inside(&["id", "-u"]), "10001");
    let tools = "ls /app/node_modules | grep --line-regexp -e is-odd -e is-even";
    assert_eq!(running.inside(&["sh", "-c", tools]), "is-odd");
    let start = "node /opt/shipway/shipway_start.cjs";
    running.says(start, &[("--probe /healthz", 0), ("--probe /none", 1)]);
    running.stop();
}

#[test]
fn a_program_of_rust_serves_and_drains_on_a_base_without_its_toolchain() {
    let Some(base) = rust_base() else { return };
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let bases = [
        ("RUST_BASE", base.as_str()),
        ("FINAL_BASE", debian.as_str()),
    ];
    let running = Running::start("rust-http", &[], &bases, Some(4900));
    let address = running.up(4900, "/healthz");
    shown(&address, "/", "<h1>ship's bell </h1>");
    let seen = "id -u; ls /app; ls /usr/local/bin";
    assert_eq!(
        running.inside(&["sh", "-c", seen]),
        "10001\ntemplates\nshipway-start\nslipway-bell"
    );
    let start = "shipway-start";
    running.says(
        start,
        &[
            ("--probe /healthz", 0),
            ("--probe /none", 1),
            ("--probe", 0),
            ("--running", 0),
        ],
    );
    running.drains(&address, "/slow");
    running.keeps_secrets(SHELL);
}

/// What is asked for are packages of Debian's, so that nothing has to be downloaded.
#[test]
fn applications_of_plumber_and_shiny_serve_and_drain_on_a_disk_that_is_only_read() {
    let Some(base) = r_base() else { return };
    let bases = [("R_BASE", base.as_str())];
    let running = Running::start("r-plumber", &[], &bases, Some(8000));
    let address = running.up(8000, "/health");
    let (code, answer) = get(&address, "/nets").unwrap();
    assert_eq!(code, 200);
    assert!(answer.ends_with("nets: 3"), "{answer}");
    assert_eq!(running.seen("id -u; ls /opt/library"), "10001\nrefused");
    running.says_by_shell("/health");
    running.keeps_secrets(SHELL);
    // The profile of the project is read as well.
    let program = "cat(getOption(\"ropewalk.profile\"))";
    #[rustfmt::skip]
    let said = docker(
        &["run", "--rm", "--workdir", "/app", &running.name, "Rscript", "-e", program],
        None,
    );
    assert_eq!(said, "read");
    let compose = running.sandbox.read("compose.yaml");
    assert!(compose.contains("shiny::runApp"), "{compose}");
    let page = format!("{}-page", running.name);
    let shiny = "shiny::runApp(\".\", host = \"0.0.0.0\", port = 3838)";
    #[rustfmt::skip]
    docker(
        &[
            "run", "--detach", "--rm", "--name", &page, "--read-only", "--tmpfs", "/tmp", "--workdir", "/app",
            "--publish", "127.0.0.1::3838", &running.name, "Rscript", "-e", shiny,
        ],
        None,
    );
    let shown = docker(&["port", &page, "3838/tcp"], None);
    until("the page is shown", || status(&shown, "/") == Some(200));
    let (_, text) = get(&shown, "/").unwrap();
    docker(&["rm", "--force", &page], None);
    assert!(text.contains("Plankton tow"), "{text}");
    running.drains(&address, "/slow");
}

/// What is locked are the versions of Debian's packages, so that nothing has to be downloaded.
#[test]
fn an_application_of_rails_migrates_and_serves_and_drains_on_a_disk_that_is_only_read() {
    let Some(base) = ruby_base() else { return };
    let sandbox = Sandbox::from_manifest(&manifest("ruby-rails"));
    let mount = format!("{}:/w", sandbox.root().display());
    docker(
        &[
            "run",
            "--rm",
            "--volume",
            &mount,
            "--workdir",
            "/w",
            &base,
            "bundle",
            "lock",
            "--local",
        ],
        None,
    );
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.root().join("bin/rails"), executable).unwrap();
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--message", "lock"]);
    let bases = [("RUBY_BASE", base.as_str())];
    let given = ["ROPEWALK_STRANDS=7", "SECRET_KEY_BASE=one-for-this-test"];
    let running = Running::of("ruby-rails", sandbox, &[], &bases, &given, Some(4600));
    let address = running.up(4600, "/up");
    // As the container of the migration is started.
    let start = "ruby --disable-gems /opt/shipway/shipway_start.rb bin/rails db:prepare";
    running.inside(&start.split(' ').collect::<Vec<_>>());
    let page = shown(&address, "/", "1 of 7 strands");
    let style = page
        .split("href=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    assert_eq!(status(&address, style.unwrap()), Some(200), "{page}");
    assert_eq!(
        running.seen("id -u; ls /usr/bin/gcc 2>&1 | grep -c cannot"),
        "10001\n1\nrefused"
    );
    let start = "ruby --disable-gems /opt/shipway/shipway_start.rb";
    running.says(
        start,
        &[
            ("--probe /up", 0),
            ("--probe /guarded", 1),
            ("--probe", 0),
            ("--running", 0),
        ],
    );
    running.drains(&address, "/slow");
    running.keeps_secrets(SHELL);
}

#[test]
fn a_server_of_deno_keeps_its_data_and_drains_on_a_disk_that_is_only_read() {
    let Some(base) = deno_base() else { return };
    let sandbox = Sandbox::from_manifest(&manifest("deno-http"));
    let bases = [("DENO_BASE", base.as_str())];
    let running = Running::of("deno-http", sandbox, &[], &bases, &["KNOTS=3"], Some(4800));
    let address = running.up(4800, "/healthz");
    for expected in ["3 knots, 1 visit", "3 knots, 2 visits"] {
        let (_, page) = get(&address, "/").unwrap();
        assert!(page.contains(expected), "{page}");
    }
    assert_eq!(running.seen("id -u"), "10001\nrefused");
    running.says_by_shell("/healthz");
    let body = running.drains(&address, "/slow");
    assert!(body.ends_with("finished"), "{body}");
}

#[test]
fn a_release_of_elixir_serves_and_drains_on_a_disk_that_is_only_read() {
    let Some(base) = elixir_base() else { return };
    let debian = std::env::var("SHIPWAY_TEST_DEBIAN_BASE").unwrap();
    let sandbox = Sandbox::from_manifest(&manifest("elixir-http"));
    let bases = [
        ("ELIXIR_BASE", base.as_str()),
        ("FINAL_BASE", debian.as_str()),
    ];
    let given = ["WINDLASS_TURNS=7"];
    let running = Running::of("elixir-http", sandbox, &[], &bases, &given, Some(4700));
    let address = running.up(4700, "/");
    let (_, page) = get(&address, "/").unwrap();
    assert!(page.ends_with("\r\nwindlass turns 7 times"), "{page}");
    assert_eq!(
        running.seen("id -u; command -v elixir gcc || echo none"),
        "10001\nnone\nrefused"
    );
    running.says_by_shell("/healthz");
    let body = running.drains(&address, "/slow");
    assert!(body.ends_with("finished"), "{body}");
}

#[test]
fn an_application_of_java_that_maven_builds_serves_and_drains_on_a_jre() {
    let Some((build, run)) = java_bases() else {
        return;
    };
    let bases = [("JAVA_BASE", build), ("FINAL_BASE", run)];
    let running = Running::start("java-http", &[], &bases, Some(4950));
    let address = running.up(4950, "/health");
    shown(&address, "/", "<h1>fog horn</h1>");
    let seen = "id -u; ls /app /app/target; command -v javac mvn || echo none";
    assert_eq!(
        running.inside(&["sh", "-c", seen]),
        "10001\n/app:\ntarget\n\n/app/target:\nclasses\ndependency\nnone"
    );
    running.says_by_shell("/health");
    running.drains(&address, "/slow");
    running.keeps_secrets(SHELL);
}

#[test]
fn a_program_of_go_serves_and_drains_without_a_shell() {
    let Some(base) = go_base() else { return };
    let bases = [("GO_BASE", base.as_str()), ("FINAL_BASE", DISTROLESS)];
    let running = Running::start("go-http", &[], &bases, Some(4800));
    let address = running.up(4800, "/healthz");
    shown(&address, "/", "<h1>anchorage</h1>");
    assert_eq!(
        running.python("import os; print(os.getuid(), os.listdir('/app'))"),
        "10001 ['templates']"
    );
    let start = "/usr/local/bin/shipway-start";
    running.says(
        start,
        &[
            ("--probe /healthz", 0),
            ("--probe /none", 1),
            ("--probe", 0),
            ("--running", 0),
        ],
    );
    running.drains(&address, "/slow");
    let print = "from os import environ as e; print(e['SIGNAL_PASSWORD'], e['URL'], e['SET'], int('not-a-name' in e), sep='|')";
    running.keeps_secrets(&["python", "-c", print]);
}

#[test]
fn an_application_of_php_serves_and_drains_behind_apache() {
    let Some(base) = php_base() else { return };
    let bases = ["PHP_BASE", "EXTENSIONS_BASE", "COMPOSER_BASE"].map(|name| (name, base.as_str()));
    let running = Running::start("php-apache", &[], &bases, Some(8080));
    let address = running.up(8080, "/healthz");
    assert_eq!(status(&address, "/readyz"), Some(200));
    shown(&address, "/", "<h1>TIDE GAUGE after composer</h1>metres -");
    assert_eq!(status(&address, "/mark.css"), Some(200));
    assert_eq!(status(&address, "/.env"), Some(403));
    let (_, answer) = get(&address, "/write").unwrap();
    assert!(answer.contains("refused kept"), "{answer}");
    assert_eq!(running.inside(&["id", "-u"]), "10001");
    let start = "php /opt/shipway/shipway_start.php";
    running.says(
        start,
        &[
            ("--running", 0),
            ("--probe /healthz", 0),
            ("--probe /mark.none.css", 0),
            ("--probe /.env", 1),
            ("--probe", 0),
        ],
    );
    running.drains(&address, "/slow");
    let print = "echo getenv('SIGNAL_PASSWORD'), '|', $_ENV['URL'], '|', getenv('SET'), '|', (int) isset($_ENV['not-a-name']);";
    running.keeps_secrets(&["php", "-r", print]);
}

#[test]
fn secrets_of_a_service_on_node_keep_every_sign() {
    let Some(base) = node_base() else { return };
    let running = Running::start("node-express", &[], &[("NODE_BASE", &base)], Some(4200));
    let print = "const e = process.env; console.log([e.SIGNAL_PASSWORD, e.URL, e.SET, +('not-a-name' in e)].join('|'))";
    running.keeps_secrets(&["node", "-e", print]);
}

#[test]
fn a_script_runs_until_it_is_told_to_stop() {
    let Some(base) = python_base() else { return };
    let running = Running::start("script", &[], &[("PYTHON_BASE", &base)], None);
    until("it works", || {
        logs(&running.name).contains("the lamp burns white")
    });
    let probe = ["python", "-I", "/opt/shipway/shipway_start.py", "--running"];
    running.inside(&probe);
    assert_eq!(running.inside(&["id", "-u"]), "10001");
    running.stop();
    assert!(logs(&running.name).contains("put out"));
}

#[test]
fn a_site_hands_out_its_pages_and_nothing_that_was_generated() {
    let Some(_) = python_base() else { return };
    let running = Running::start("static", &[], &[("NGINX_BASE", NGINX)], Some(8080));
    let address = running.up(8080, "/healthz");
    shown(&address, "/", "<h1>Charts</h1>");
    assert_eq!(status(&address, "/style.css"), Some(200));
    let (code, answer) = get(&address, "/nowhere").unwrap();
    assert_eq!(code, 404);
    assert!(answer.contains("No such chart."), "{answer}");
    for path in running.sandbox.tree().keys() {
        let path = path.to_str().unwrap();
        if !["index.html", "style.css", "404.html"].contains(&path) {
            assert_ne!(status(&address, &format!("/{path}")), Some(200), "{path}");
        }
    }
    assert_eq!(running.inside(&["id", "-u"]), "10001");
    running.stop();
}

#[test]
fn a_site_is_built_by_its_generator_and_only_its_pages_are_handed_out() {
    let Some(python) = python_base() else { return };
    let bases = [("PYTHON_BASE", python.as_str()), ("NGINX_BASE", NGINX)];
    let running = Running::start("site-mkdocs", &[], &bases, Some(8080));
    let address = running.up(8080, "/healthz");
    shown(&address, "/", "High water at noon.");
    assert_eq!(status(&address, "/berths/"), Some(200));
    for source in ["/mkdocs.yml", "/docs/index.md", "/requirements.txt"] {
        assert_eq!(status(&address, source), Some(404), "{source}");
    }
    let left = "id -u; command -v python3 || echo none";
    assert_eq!(running.inside(&["sh", "-c", left]), "10001\nnone");
    running.stop();
}
