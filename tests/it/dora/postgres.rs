//! The record in a real PostgreSQL, and that nothing there reads otherwise than in the repository.

use super::support::{dora, error, events, head, json, run, shop};
use crate::sandbox::{Sandbox, skipped};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A server of its own on a port of loopback, that ends with the test.
struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

/// The programs of PostgreSQL; none passes the test over, which `make test` says at its end.
fn programs() -> Option<PathBuf> {
    let found = std::env::var_os("SHIPWAY_TEST_PG_BIN").map(PathBuf::from);
    if found.is_none() {
        skipped("PostgreSQL is missing: make test-deps");
    }
    found
}

/// A word that no file holds, so that no check takes it for a secret.
fn password() -> String {
    ["hush", "hush"].join("-")
}

impl Server {
    /// None where there is no PostgreSQL.
    fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Self {
            folder,
            programs,
            port,
        };
        if rustix::process::geteuid().is_root() {
            let chown = Command::new("chown")
                .arg("postgres")
                .arg(server.folder.path())
                .status()
                .unwrap();
            assert!(chown.success());
        }
        std::fs::write(server.folder.path().join("password"), password()).unwrap();
        let data = server.data();
        let password = server.folder.path().join("password").display().to_string();
        server.as_owner(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "shipway",
                "-A",
                "scram-sha-256",
                "--no-sync",
                "--pwfile",
                &password,
            ],
        );
        server.certificates();
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n\
             fsync = off\nssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
        );
        let file = Path::new(&data).join("postgresql.conf");
        let mut text = std::fs::read_to_string(&file).unwrap();
        text.push_str(&settings);
        std::fs::write(&file, text).unwrap();
        let log = format!("{data}/log");
        server.as_owner(
            "pg_ctl",
            &["-D", &data, "-l", &log, "-w", "-t", "60", "start"],
        );
        server.sql("postgres", "CREATE DATABASE record");
        Some(server)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// A certificate for localhost by an authority of the test's own.
    fn certificates(&self) {
        let folder = self.folder.path().join("data");
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl")
                .args(arguments)
                .current_dir(&folder)
                .output()
                .unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        };
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=Test authority",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
        ]);
        openssl(&[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ]);
        std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
        openssl(&[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            "server.csr",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            "names",
            "-out",
            "server.crt",
        ]);
        std::fs::copy(folder.join("ca.crt"), self.authority()).unwrap();
        for file in ["server.key", "server.crt"] {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(folder.join(file), mode).unwrap();
            if rustix::process::geteuid().is_root() {
                let chown = Command::new("chown")
                    .arg("postgres")
                    .arg(folder.join(file))
                    .status();
                assert!(chown.unwrap().success());
            }
        }
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// PostgreSQL refuses to run as root.
    #[track_caller]
    fn as_owner(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let status = command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    /// What psql, another client than ours, says to `statement`.
    #[track_caller]
    fn sql(&self, database: &str, statement: &str) -> String {
        let address = format!("postgres://shipway@127.0.0.1:{}/{database}", self.port);
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                statement,
                &address,
            ])
            .env("PGPASSWORD", password())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn address(&self, host: &str, more: &str) -> String {
        format!("postgres://shipway@{host}:{}/record{more}", self.port)
    }

    /// A repository whose record is here, under this name.
    fn shop(&self, name: &str) -> Sandbox {
        let shop = shop();
        self.keep(&shop, name);
        shop
    }

    fn keep(&self, shop: &Sandbox, name: &str) {
        let address = self.address("127.0.0.1", "?sslmode=disable");
        let text = format!(
            "[project]\nname = \"shop\"\n[dora]\nstore = \"{address}\"\nrepository = \"{name}\"\n"
        );
        shop.write("shipway.toml", &text);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            let data = self.data();
            self.as_owner("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
        }
    }
}

fn with_password(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = dora(sandbox, arguments);
    command.env("PGPASSWORD", password());
    command
}

#[track_caller]
fn ran(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> Output {
    let output = with_password(sandbox, arguments).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {output:?}"
    );
    output
}

#[track_caller]
fn told(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = ran(sandbox, 0, &[arguments, &["--format=json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn fed(sandbox: &Sandbox, input: &[u8]) -> Value {
    let file = sandbox.root().join(".git/events");
    std::fs::write(&file, input).unwrap();
    told(sandbox, &["import", "events", file.to_str().unwrap()])
}

/// A year of one deployment a week with an incident and a rollback, as JSON Lines.
fn year(sandbox: &Sandbox) -> Vec<u8> {
    let commit = head(sandbox);
    let nasty = "<b>\\u0000\\u001b'\\\"$$--;";
    let mut lines = String::new();
    for week in 0..52 {
        let at: jiff::Timestamp = "2025-09-01T10:00:00Z".parse().unwrap();
        let at = at + jiff::SignedDuration::from_hours(24 * 7 * week);
        let end = at + jiff::SignedDuration::from_secs(90);
        let intent = if week == 20 { "rollback" } else { "release" };
        lines.push_str(&format!(
            r#"{{"type":"deployment","environment":"production","commit":"{commit}","started_at":"{at}","finished_at":"{end}","outcome":"succeeded","intent":"{intent}","run":"{nasty}{week}"}}"#
        ));
        lines.push('\n');
    }
    lines.push_str(r#"{"type":"incident","key":"K","environment":"production","opened_at":"2026-01-01T00:00:00Z"}"#);
    lines.push('\n');
    lines.push_str(r#"{"type":"incident","key":"K","environment":"production","resolved_at":"2026-01-01T01:00:00Z"}"#);
    lines.into_bytes()
}

#[test]
fn every_command_says_the_same_of_both_stores() {
    let Some(server) = Server::start() else {
        return;
    };
    let git = shop();
    let year = year(&git);
    let database = Sandbox::without_git([]);
    let from = git.root().display().to_string();
    database.git(&["clone", "--quiet", &from, "."]);
    server.keep(&database, "acme/shop");
    assert_eq!(fed(&git, &year), fed(&database, &year));
    // Once more: nothing is new.
    assert_eq!(fed(&database, &year)["new"], 0);
    assert_eq!(
        server.sql("record", "SELECT count(*) FROM shipway_event"),
        "54"
    );
    let record = [
        "record",
        "deployment",
        "staging",
        "--finished=2026-08-01T10:00:00Z",
        "--intent=hotfix",
    ];
    assert_eq!(told(&git, &record), told(&database, &record));
    let id = told(&git, &["log"])["events"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        told(&git, &["show", &id])["id"],
        told(&database, &["show", &id])["id"]
    );
    for arguments in [
        &["log"][..],
        &["verify"],
        &[
            "report",
            "--from=2025-09-01T00:00:00Z",
            "--to=2026-09-01T00:00:00Z",
        ],
        &[
            "explain",
            "--from=2025-09-01T00:00:00Z",
            "--to=2026-09-01T00:00:00Z",
        ],
    ] {
        assert_eq!(
            told(&git, arguments),
            told(&database, arguments),
            "{arguments:?}"
        );
    }
    for form in ["jsonl", "csv"] {
        let exported = |sandbox| ran(sandbox, 0, &["export", form]).stdout;
        assert_eq!(exported(&git), exported(&database), "{form}");
    }
    ran(&database, 0, &["retract", &id, "--reason", "typo"]);
    let last = told(&database, &["log", "--type=deployment", "--limit=1"]);
    assert_eq!(last["events"][0]["retracted"], true);
    // The rows are what other clients read, and their keys are the events' names.
    let row = server.sql(
        "record",
        "SELECT DISTINCT id = encode(sha256(convert_to(event, 'UTF8')), 'hex') FROM shipway_event",
    );
    assert_eq!(row, "t");
    // An unknown environment is asked about here, too, and a known one is not.
    let output = ran(&database, 2, &["record", "deployment", "eu-west"]);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("--create")
    );
    ran(
        &database,
        0,
        &["record", "deployment", "eu-west", "--create"],
    );
    ran(
        &database,
        0,
        &["record", "deployment", "eu-west", "--outcome=failed"],
    );
}

#[test]
fn repositories_share_a_database_and_see_only_their_own() {
    let Some(server) = Server::start() else {
        return;
    };
    let one = server.shop("acme/one");
    let other = server.shop("acme/other");
    ran(&one, 0, &["record", "deployment", "production", "--run=1"]);
    ran(
        &other,
        0,
        &["record", "deployment", "production", "--run=2"],
    );
    assert_eq!(told(&one, &["log"])["events"].as_array().unwrap().len(), 1);
    // Without a name in the configuration it is that of the remote, by whatever way.
    for address in [
        "git@git.example.org:acme/web.git",
        "https://git.example.org/acme/web",
    ] {
        let shop = shop();
        shop.git(&["remote", "add", "origin", address]);
        let store = server.address("127.0.0.1", "?sslmode=disable");
        shop.write("shipway.toml", &format!("[dora]\nstore = \"{store}\"\n"));
        ran(
            &shop,
            0,
            &["record", "deployment", "production", "--run", address],
        );
    }
    let names = server.sql(
        "record",
        "SELECT repository, count(*) FROM shipway_event GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(
        names,
        "acme/one|1\nacme/other|1\ngit.example.org/acme/web|2"
    );
}

#[test]
fn parallel_records_into_a_database_that_has_no_table_yet_lose_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    let shop = server.shop("acme/shop");
    let count = 40 * crate::sandbox::scale();
    let mut running = Vec::new();
    for number in 0..count {
        let run = format!("--run=r{number}");
        let mut command = with_password(
            &shop,
            &["record", "deployment", "production", &run, "--quiet"],
        );
        running.push(command.spawn().unwrap());
        if running.len() == 20 {
            for mut child in running.drain(..) {
                assert!(child.wait().unwrap().success());
            }
        }
    }
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(
        server.sql("record", "SELECT count(*) FROM shipway_event"),
        count.to_string()
    );
    assert_eq!(
        server.sql("record", "SELECT version FROM shipway_schema"),
        "1"
    );
    ran(&shop, 0, &["verify"]);
}

#[test]
fn the_ref_and_the_database_become_the_union_of_both() {
    let Some(server) = Server::start() else {
        return;
    };
    let shop = shop();
    run(&shop, 0, &["record", "deployment", "production", "--run=a"]);
    run(&shop, 0, &["record", "deployment", "production", "--run=b"]);
    server.keep(&shop, "acme/shop");
    ran(&shop, 0, &["record", "deployment", "production", "--run=c"]);
    let said = told(&shop, &["sync"]);
    assert_eq!(
        (&said["taken"], &said["sent"]),
        (&1.into(), &2.into()),
        "{said}"
    );
    let again = told(&shop, &["sync"]);
    assert_eq!((&again["taken"], &again["sent"]), (&0.into(), &0.into()));
    let in_database = told(&shop, &["log"]);
    shop.write("shipway.toml", "[project]\nname = \"shop\"\n");
    assert_eq!(json(&shop, &["log"]), in_database);
    assert_eq!(events(&shop).len(), 3);
    server.keep(&shop, "acme/shop");
    let said = String::from_utf8(ran(&shop, 2, &["sync", "--remote=origin"]).stderr).unwrap();
    assert!(said.contains("leave --remote out"), "{said}");
}

#[test]
fn a_row_that_was_altered_counts_nowhere_and_is_named() {
    let Some(server) = Server::start() else {
        return;
    };
    let shop = server.shop("acme/shop");
    for run in ["a", "b", "c", "d"] {
        let run = format!("--run={run}");
        ran(
            &shop,
            0,
            &[
                "record",
                "deployment",
                "production",
                "--finished=2026-08-01T10:00:00Z",
                &run,
            ],
        );
    }
    let ids = server.sql("record", "SELECT id FROM shipway_event ORDER BY id");
    let ids: Vec<&str> = ids.lines().collect();
    let change = |set: &str, id: &str| {
        server.sql(
            "record",
            &format!("UPDATE shipway_event SET {set} WHERE id = '{id}'"),
        );
    };
    change("event = replace(event, 'production', 'staging')", ids[0]);
    change("at = at + interval '1 second'", ids[1]);
    let newer = r#"{"type":"weather"}"#;
    let hash = super::support::sha256(newer);
    change(&format!("event = '{newer}', id = '{hash}'"), ids[2]);
    let output = ran(&shop, 1, &["verify"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("{} was altered", ids[0])), "{said}");
    assert!(
        said.contains(&format!("{} is filed under 2026-08-01T10:00:01Z", ids[1])),
        "{said}"
    );
    assert!(said.contains(&format!("{hash} is no event")), "{said}");
    assert!(said.contains("1 event, 3 things wrong"), "{said}");
    assert_eq!(told(&shop, &["log"])["events"].as_array().unwrap().len(), 1);
}

#[test]
fn days_that_were_read_before_are_not_fetched_again() {
    let Some(server) = Server::start() else {
        return;
    };
    let shop = server.shop("acme/shop");
    let record = |from: &Sandbox, day: &str, run: &str| {
        let finished = format!("--finished={day}T10:00:00Z");
        let run = format!("--run={run}");
        let words = ["record", "deployment", "production", &finished, &run];
        ran(from, 0, &words);
    };
    for day in ["2026-08-01", "2026-08-02", "2026-08-03"] {
        record(&shop, day, day);
    }
    server.sql("record", "ALTER SYSTEM SET log_statement = 'all'");
    server.sql("record", "SELECT pg_reload_conf()");
    // The days of each fetch, as the server's log has them.
    let fetched = || {
        let log = std::fs::read_to_string(format!("{}/log", server.data())).unwrap();
        let fetches = log.lines().filter(|line| line.contains("$2 = '{"));
        let days = fetches.map(|line| {
            let days = line.rsplit_once("$2 = '{").unwrap().1;
            days.split_once('}').unwrap().0.to_owned()
        });
        // An insertion has ids in that place, each of 64 digits.
        days.filter(|days| days.split(',').all(|day| day.len() == 5))
            .collect::<Vec<String>>()
    };
    let count = || {
        let words = ["report", "--from=2026-07-01", "--to=2026-09-01"];
        let report = told(&shop, &words);
        report["reports"][0]["deployment_frequency"]["count"].clone()
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while fetched().is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "no statement is logged"
        );
        std::fs::remove_file(shop.root().join(".git/shipway/database.cache")).ok();
        assert_eq!(count(), 3);
    }
    // `date -u -d 2026-08-01 +%s` / 86400 is 20666.
    let known = fetched().len();
    assert_eq!(fetched()[known - 1], "20666,20667,20668");
    assert_eq!(count(), 3);
    assert_eq!(fetched().len(), known);
    // What another clone adds, and what somebody alters, is seen; only its day is fetched.
    record(&server.shop("acme/shop"), "2026-08-02", "other");
    assert_eq!(count(), 4);
    assert_eq!(fetched()[known..], ["20667"]);
    server.sql(
        "record",
        "UPDATE shipway_event SET event = replace(event, 'production', 'staging')
         WHERE at = '2026-08-03T10:00:00Z'",
    );
    assert_eq!(count(), 3);
    assert_eq!(fetched()[known..], ["20667", "20668"]);
    let said = String::from_utf8(ran(&shop, 1, &["verify"]).stdout).unwrap();
    assert!(said.contains("3 events, 1 thing wrong"), "{said}");
    // The same address, another repository: nothing of the first one.
    server.keep(&shop, "acme/other");
    assert_eq!(told(&shop, &["log"])["events"].as_array().unwrap().len(), 0);
}

#[test]
fn a_certificate_is_looked_at() {
    let Some(server) = Server::start() else {
        return;
    };
    let shop = server.shop("acme/shop");
    let with = |host: &str, more: &str, authority: bool| {
        let store = server.address(host, more);
        shop.write(
            "shipway.toml",
            &format!("[dora]\nstore = \"{store}\"\nrepository = \"a\"\n"),
        );
        let mut command = with_password(&shop, &["log", "--format=json"]);
        if authority {
            command.env("PGSSLROOTCERT", server.authority());
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains(&password()), "{said}");
        (output.status.code(), said)
    };
    for mode in ["require", "verify-full"] {
        let mode = format!("?sslmode={mode}");
        assert_eq!(
            with("localhost", &mode, true),
            (Some(0), String::new()),
            "{mode}"
        );
        let (code, said) = with("localhost", &mode, false);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("is not to be trusted"), "{said}");
        assert!(said.contains("PGSSLROOTCERT"), "{said}");
    }
    // It is for localhost and not for an address.
    let (code, said) = with("127.0.0.1", "?sslmode=verify-full", true);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("is not to be trusted"), "{said}");
    std::fs::write(server.authority(), "no certificate").unwrap();
    let (code, said) = with("localhost", "?sslmode=require", true);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot be used as certificates"), "{said}");
}

#[test]
fn a_database_that_is_gone_closed_or_newer_is_said() {
    let Some(server) = Server::start() else {
        return;
    };
    let shop = server.shop("acme/shop");
    ran(&shop, 0, &["record", "deployment", "production"]);
    let said = error(&shop, 3, &["log"]);
    assert!(said.contains("let nobody in"), "{said}");
    assert!(said.contains("PGPASSWORD"), "{said}");
    let wrong = ["not", "it"].join("-");
    let output = dora(&shop, &["log"])
        .env("PGPASSWORD", &wrong)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("password authentication failed"), "{said}");
    assert!(!said.contains(&wrong), "{said}");
    // A user that may read and nothing else can report, and is told why it cannot record.
    let reader = ["read", "er"].concat();
    server.sql("record", &format!("CREATE ROLE reader LOGIN PASSWORD '{reader}'; GRANT SELECT ON shipway_event, shipway_schema TO reader"));
    let text = shop.read("shipway.toml").replace("shipway@", "reader@");
    shop.write("shipway.toml", &text);
    let as_reader = |arguments: &[&str]| {
        dora(&shop, arguments)
            .env("PGPASSWORD", &reader)
            .output()
            .unwrap()
    };
    assert!(as_reader(&["log"]).status.success());
    let output = as_reader(&["record", "deployment", "production", "--run=x"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("permission denied for table shipway_event"),
        "{said}"
    );
    assert!(said.contains("GRANT"), "{said}");
    server.keep(&shop, "acme/shop");
    server.sql("record", "INSERT INTO shipway_schema VALUES (99)");
    let said = String::from_utf8(ran(&shop, 3, &["log"]).stderr).unwrap();
    assert!(
        said.contains("are of version 99, and this shipway knows 1"),
        "{said}"
    );
    let data = server.data();
    server.as_owner("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
    let said = String::from_utf8(ran(&shop, 3, &["log"]).stderr).unwrap();
    assert!(said.contains("cannot be reached"), "{said}");
    shop.write(
        "shipway.toml",
        "[dora]\nstore = \"postgres://h/d?sslmode=maybe\"\n",
    );
    let said = error(&shop, 2, &["log"]);
    assert!(said.contains("is none of PostgreSQL"), "{said}");
}
