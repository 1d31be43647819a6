//! Where faults are found, and which files are looked at. That the verdict is Docker Compose's own is
//! tested beside it.

use super::port::{Published, parse};
use crate::hooks::check::tests::{look, places};
use crate::hooks::check::{Beside, Blob, File, Mode, Options, Severity};

fn at(path: &str, text: &str) -> Vec<(usize, usize)> {
    places(&look("compose-syntax", path, text))
}

#[test]
fn faults_have_their_lines_and_what_was_meant() {
    type Case = (&'static str, &'static [(usize, usize)], &'static str);
    let cases: &[Case] = &[
        (
            "services:\n  web:\n    imagee: a\n    build: .\n",
            &[(3, 5)],
            "did you mean image?",
        ),
        (
            "servces:\n  web:\n    image: a\n",
            &[(1, 1)],
            "did you mean services?",
        ),
        (
            "services:\n  web:\n    image: a\n    depends_on:\n      - db\n",
            &[(5, 7)],
            "below services",
        ),
        (
            "services:\n  web:\n    image: a\n    ports:\n      - \"80:x\"\n",
            &[(5, 7)],
            "published:target",
        ),
        (
            "services:\n  web:\n    image: a\n    environment: A=1\n",
            &[(4, 5)],
            "make it a list or a mapping",
        ),
        ("services:\n  web:\n    image: a$\n", &[(3, 5)], "$$"),
        (
            "services:\n  web:\n    command: x\n",
            &[(2, 3)],
            "image: … or build: .",
        ),
        ("a\n", &[(1, 1)], "services:"),
    ];
    for (text, expected, mend) in cases {
        let outcome = look("compose-syntax", "compose.yaml", text);
        assert_eq!(places(&outcome), *expected, "{text}");
        assert!(
            outcome.findings[0].mend.contains(mend),
            "{:?}",
            outcome.findings[0]
        );
    }
}

#[test]
fn an_override_is_judged_by_itself_alone() {
    let part = "services:\n  web:\n    command: x\n    depends_on: [db]\n    networks: [front]\n";
    for path in [
        "compose.override.yaml",
        "docker-compose.prod.yml",
        "a/compose-test.yaml",
        ".devcontainer/compose.yaml",
        "web/.devcontainer/docker-compose.yml",
    ] {
        assert_eq!(at(path, part), [], "{path}");
        assert_eq!(
            at(path, "services:\n  web:\n    imag: x\n"),
            [(3, 5)],
            "{path}"
        );
    }
    // `docker compose --file base.yaml --file this.yaml config` takes it, alone it does not.
    let nothing = "services:\n  web:\n  db:\n    command: x\n";
    assert_eq!(at("compose.override.yaml", nothing), []);
    assert_eq!(at("compose.yaml", nothing).first(), Some(&(2, 3)));
    assert_eq!(at("docker-compose.yml", part).len(), 3);
    assert_eq!(at("compose.yml", &format!("include: [a.yaml]\n{part}")), []);
    for path in ["composer.yaml", "compose.json", "a.yaml", "mycompose.yaml"] {
        assert_eq!(at(path, "servces: 1\n"), [], "{path}");
    }
}

#[test]
fn a_port_of_the_host_that_two_publish_is_a_warning() {
    let two = |a: &str, b: &str| {
        let text = format!(
            "services:\n  a:\n    image: x\n    ports: [\"{a}\"]\n  b:\n    image: x\n    ports: [\"{b}\"]\n"
        );
        look("compose-syntax", "compose.yaml", text).findings
    };
    for (a, b) in [
        ("80:80", "80:81"),
        ("80:80", "127.0.0.1:80:80"),
        ("79-81:79-81", "80:80"),
    ] {
        let found = two(a, b);
        assert_eq!(found.len(), 1, "{a} {b}");
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].message.contains("both publish port"), "{found:?}");
    }
    for (a, b) in [
        ("80:80", "81:80"),
        ("80:80/udp", "80:80"),
        ("127.0.0.1:80:80", "127.0.0.2:80:80"),
        ("80", "80"),
        ("${P}:80", "80:80"),
    ] {
        assert!(two(a, b).is_empty(), "{a} {b}");
    }
}

#[test]
fn ports_as_the_specification_writes_them() {
    let published = |text: &str| parse(text).unwrap().unwrap();
    let one = |address: Option<&str>, ports, udp| Published {
        address: address.map(str::to_owned),
        ports,
        udp,
    };
    assert_eq!(published("3000"), one(None, None, false));
    assert_eq!(published("3000-3005"), one(None, None, false));
    assert_eq!(published("8000:8000"), one(None, Some((8000, 8000)), false));
    assert_eq!(
        published("9090-9091:8080-8081"),
        one(None, Some((9090, 9091)), false)
    );
    assert_eq!(
        published("127.0.0.1:8001:8001"),
        one(Some("127.0.0.1"), Some((8001, 8001)), false)
    );
    assert_eq!(
        published("127.0.0.1::5000"),
        one(Some("127.0.0.1"), None, false)
    );
    assert_eq!(
        published("[::1]:6001:6001/udp"),
        one(Some("::1"), Some((6001, 6001)), true)
    );
    assert_eq!(
        published("8000-8010:80"),
        one(None, Some((8000, 8010)), false)
    );
    assert_eq!(parse("${PORT}:80"), None);
    for wrong in [
        "",
        "x",
        "80:",
        ":80",
        "65536",
        "9-8",
        "host:80:80",
        "80/x",
        "8000-8002:80-81",
    ] {
        assert!(parse(wrong).unwrap().is_err(), "{wrong}");
    }
}

#[test]
fn templates_bad_bytes_and_depth_are_survived() {
    assert_eq!(
        at(
            "compose.yaml",
            "services:\n{{ range . }}\n  x: 1\n{{ end }}\n"
        ),
        []
    );
    assert_eq!(at("compose.yaml", ""), []);
    assert_eq!(at("compose.yaml", "services: [\n"), []);
    look("compose-syntax", "compose.yaml", b"services:\xff");
    at("compose.yaml", &"a: [".repeat(10_000));
    at(
        "compose.yaml",
        &format!("services:\n  a:\n    image: {}\n", "$".repeat(100_001)),
    );
    let ports = "      - \"1-65535:1-65535\"\n".repeat(300);
    at(
        "compose.yaml",
        &format!("services:\n  a:\n    image: x\n    ports:\n{ports}"),
    );
}

/// Severity, line and message of each finding in a commit that has `files` beside it.
fn beside(path: &str, text: &str, files: &[(&str, &str)]) -> Vec<(Severity, usize, String)> {
    let has = |path: &bstr::BStr| {
        let below = format!("{path}/");
        files
            .iter()
            .any(|(name, _)| *name == path || name.starts_with(&below))
    };
    let read = |path: &bstr::BStr| {
        let found = files.iter().find(|(name, _)| *name == path)?;
        Some(found.1.as_bytes().to_vec())
    };
    let beside = Beside {
        has: &has,
        read: &read,
    };
    let blob = Blob {
        path: path.into(),
        mode: Mode::Regular,
        content: text.as_bytes(),
        before: None,
        lfs: false,
    };
    let file = File::new(blob).within(&beside);
    super::look(&file, &Options::default())
        .findings
        .into_iter()
        .map(|one| (one.severity, one.position.unwrap().line, one.message))
        .collect()
}

#[test]
fn files_that_are_named_must_be_in_the_commit() {
    use Severity::Error;
    let text = "include:\n  - db.yaml\n  - path: [a/b.yaml, ../out.yaml]\n  - oci://docker.io/x/y\n  - https://github.com/x/y.git\n  - ${OTHER:-x}.yaml\nservices:\n  web:\n    extends:\n      file: common/base.yml\n      service: base\n";
    let found = beside("compose.yaml", text, &[]);
    let told: Vec<_> = found
        .iter()
        .map(|(severity, line, message)| {
            let word = message.split(" names the file ").nth(1).unwrap();
            (*severity, *line, word.split(',').next().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            (Error, 2, "db.yaml"),
            (Error, 3, "a/b.yaml"),
            (Error, 10, "common/base.yml")
        ]
    );
    let all = [("db.yaml", ""), ("a/b.yaml", ""), ("common/base.yml", "")];
    assert_eq!(beside("compose.yaml", text, &all), []);
    // Seen from the folder of the file, or from any above it where it is an override.
    let common = "services:\n  web:\n    extends: {file: base.yml, service: a}\n";
    let at_root = [("base.yml", "")];
    assert_eq!(beside("x/compose.yaml", common, &at_root).len(), 1);
    assert_eq!(beside("x/compose.prod.yaml", common, &at_root), []);
    assert_eq!(beside("x/compose.prod.yaml", common, &[]).len(), 1);
    assert_eq!(at("compose.yaml", common), [], "looked at alone");
}

#[test]
fn a_file_of_variables_is_there_or_shown_by_an_example() {
    let text = |files: &str| format!("services:\n  web:\n    image: a\n    env_file: {files}\n");
    let cases: &[(&str, &[&str], usize)] = &[
        (".env", &[], 1),
        (".env", &[".env"], 0),
        (".env", &[".env.example"], 0),
        (".env", &["env.sample"], 0),
        ("[web/.env, db.env]", &["web/.env.dist"], 1),
        (
            "[web/.env, db.env]",
            &["web/.env.dist", "db.example.env"],
            0,
        ),
        ("[{path: ./local.env, required: false}]", &[], 0),
        ("[{path: ./local.env}]", &[], 1),
        ("[{path: ./local.env}]", &["local.env"], 0),
        ("${FILE:-.env}", &[], 0),
        ("/etc/web.env", &[], 0),
        ("../outside.env", &[], 0),
    ];
    for (files, there, count) in cases {
        let there: Vec<(&str, &str)> = there.iter().map(|name| (*name, "")).collect();
        let found = beside("compose.yaml", &text(files), &there);
        assert_eq!(found.len(), *count, "{files} {there:?} {found:?}");
        assert!(
            found
                .iter()
                .all(|one| one.0 == Severity::Warning && one.1 == 4)
        );
    }
}

#[test]
fn variables_that_nothing_sets_are_said_once() {
    let text = "services:\n  web:\n    image: a:$TAG\n    command: ${A:-b} ${C-d} ${E+f} ${G:?why} $$H ${COMPOSE_PROJECT_NAME} ${HOME}\n    environment:\n      URL: x://${HOST}:${PORT}/\n";
    let found = beside("compose.yaml", text, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (Severity::Warning, 3));
    assert!(found[0].2.contains("HOST, PORT, TAG is"), "{found:?}");
    let example = ("web/.env.example", "# TAG=1\nexport HOST=\n\nPORT = 80\n");
    assert_eq!(beside("web/compose.yaml", text, &[example]), []);
    assert_eq!(beside("compose.yaml", text, &[example]).len(), 1);
    let override_ = "services:\n  web:\n    image: a:$TAG\n";
    let above = (".env", "TAG=1\n");
    assert_eq!(beside("web/compose.override.yaml", override_, &[above]), []);
    assert_eq!(beside("web/compose.yaml", override_, &[above]).len(), 1);
    let many = "$A $B $C $D $E $F $G $H $I $J";
    let many = format!("services:\n  web:\n    image: x\n    command: {many}\n");
    let found = beside("compose.yaml", &many, &[]);
    assert!(
        found[0].2.contains("A, B, C, D, E, F and 4 more"),
        "{found:?}"
    );
}
