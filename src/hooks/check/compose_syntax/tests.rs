//! Where faults are found, and which files are looked at. That the verdict is Docker Compose's own is
//! tested beside it.

use super::port::{Published, parse};
use crate::hooks::check::Severity;
use crate::hooks::check::tests::{look, places};

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
