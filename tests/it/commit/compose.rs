//! The `compose-syntax` check beside Docker Compose's own reader: they say the same of each file.

use super::hooked::Hooked;
use crate::sandbox::skipped;
use std::process::Command;

/// Files that Docker Compose reads.
const VALID: &[&str] = &[
    "services:\n  web:\n    image: a\n",
    "name: x\nservices:\n  web:\n    build: .\n    ports: [\"80\", \"8080:80\", \"127.0.0.1:9000:90/udp\", \"3000-3002:3000-3002\"]\n",
    "version: '3.8'\nservices:\n  web:\n    image: a\n    ports:\n      - 8000:80\n      - target: 81\n        published: \"8001\"\n        protocol: tcp\n",
    "services:\n  web:\n    image: a\n    depends_on: [db]\n  db:\n    image: b\n",
    "services:\n  web:\n    image: a\n    depends_on:\n      db:\n        condition: service_healthy\n        restart: true\n  db:\n    image: b\n    healthcheck:\n      test: [\"CMD\", \"true\"]\n      interval: 5s\n      start_period: 10s\n",
    "services:\n  web:\n    image: a\n    environment:\n      A: 1\n      B:\n    env_file: []\n    command: [\"a\", \"b\"]\n    entrypoint: x y\n",
    "services:\n  web:\n    image: a\n    environment: [A=1, B]\n    labels: [\"a=b\"]\n    volumes:\n      - data:/data\n      - ./here:/there:ro\n      - /var/x:/x\n      - ~/y:/y\n      - /anonymous\n      - type: volume\n        source: data\n        target: /z\nvolumes:\n  data:\n",
    "services:\n  web:\n    image: a\n    networks: [front, default]\n  db:\n    image: b\n    networks:\n      front:\n        aliases: [d]\nnetworks:\n  front:\n    driver: bridge\n    internal: true\n",
    "services:\n  web:\n    image: a\n    secrets: [key]\n    configs:\n      - source: conf\n        target: /etc/x\nsecrets:\n  key:\n    file: ./key.txt\nconfigs:\n  conf:\n    content: x\n",
    "x-common: &common\n  restart: always\n  image: a\nservices:\n  web:\n    <<: *common\n    x-mine: 1\n",
    "services:\n  web:\n    image: a:${TAG:-latest}\n    command: echo $$HOME ${A-b} ${C:+d}\n",
    "services:\n  web:\n    build:\n      context: .\n      dockerfile: D\n      args:\n        A: 1\n      target: t\n      cache_from: [a]\n      secrets: [key]\nsecrets:\n  key:\n    environment: KEY\n",
    "services:\n  web:\n    image: a\n    deploy:\n      replicas: 2\n      resources:\n        limits:\n          cpus: '0.5'\n          memory: 50M\n    develop:\n      watch:\n        - action: sync\n          path: .\n          target: /x\n",
    "services:\n  web:\n    image: a\n    cap_drop: [ALL]\n    read_only: true\n    tmpfs: /tmp\n    security_opt: [\"no-new-privileges:true\"]\n    init: true\n    user: \"1000\"\n    stop_grace_period: 10s\n    ulimits:\n      nofile: 1024\n    logging:\n      driver: json-file\n      options:\n        max-size: 1m\n    extra_hosts: [\"a:127.0.0.1\"]\n    dns: 1.1.1.1\n    profiles: [debug]\n",
    "services:\n  web:\n    image: a\n    network_mode: host\n  b:\n    image: a\n    network_mode: \"service:web\"\n",
    "services:\n  base:\n    image: a\n  web:\n    extends: base\n  other:\n    extends:\n      service: base\n",
    "services:\n  web:\n    image: a\nvolumes:\n  data:\n    external: true\nnetworks:\n  n:\n    name: other\n    external: true\n",
];

/// Files that it refuses.
const BROKEN: &[&str] = &[
    "services:\n  web:\n    image: a\n    depends_on:\n      gone:\n        condition: service_started\n        required: false\n",
    "services:\n  web:\n    imagee: a\n",
    "services:\n  web:\n    image: a\n    port: [80]\n",
    "service:\n  web:\n    image: a\n",
    "services:\n  web: a\n",
    "services: [web]\n",
    "services:\n  web:\n    command: x\n",
    "services:\n  web:\n    image: a\n    depends_on: [db]\n",
    "services:\n  web:\n    image: a\n    depends_on:\n      db:\n        condition: service_ready\n  db:\n    image: a\n",
    "services:\n  web:\n    image: a\n    networks: [front]\n",
    "services:\n  web:\n    image: a\n    volumes: [\"data:/x\"]\n",
    "services:\n  web:\n    image: a\n    secrets: [key]\n",
    "services:\n  web:\n    image: a\n    configs: [conf]\n",
    "services:\n  web:\n    image: a\n    ports: [\"80:http\"]\n",
    "services:\n  web:\n    image: a\n    ports: [\"70000:80\"]\n",
    "services:\n  web:\n    image: a\n    ports: [\"8000-8002:80-81\"]\n",
    "services:\n  web:\n    image: a\n    ports: [\"80/icmp\"]\n",
    "services:\n  web:\n    image: a\n    ports: 80\n",
    "services:\n  web:\n    image: a\n    environment: A=1\n",
    "services:\n  web:\n    image: a\n    command: ${A\n",
    "services:\n  web:\n    image: a\n    command: ${1A}\n",
    "services:\n  web:\n    image: a\n    build:\n      contxt: .\n",
    "services:\n  web:\n    image: a\n    healthcheck:\n      tests: x\n",
    "services:\n  web:\n    image: a\n    deploy:\n      replica: 2\n",
    "services:\n  web:\n    image: a\nnetworks:\n  n:\n    drivr: bridge\n",
    "services:\n  web:\n    image: a\nvolumes: [data]\n",
    "services:\n  a:\n    image: a\n    depends_on: [b]\n  b:\n    image: a\n    depends_on: [a]\n",
    "services:\n  web:\n    image: a\n    network_mode: host\n    networks: [n]\nnetworks:\n  n:\n",
    "services:\n  web:\n    image: a\n    network_mode: \"service:other\"\n",
    "services:\n  web:\n    extends: base\n",
    "services:\n  a b:\n    image: a\n",
    "- services\n",
    "services:\n  web:\n    image: [\n",
    "services:\n  web:\n    image: a\n    image: b\n",
    "services:\n  web:\n    image: a\n    restart:\n      always: true\n",
];

const CHECKS: &str = "[[hooks.pre-commit]]\ncheck = \"compose-syntax\"\n[[hooks.pre-commit]]\ncheck = \"yaml-syntax\"\n";

#[test]
fn what_docker_compose_reads_is_passed_and_what_it_refuses_is_found() {
    let hooked = Hooked::new(CHECKS, &[("key.txt", "k\n"), ("D", "FROM a\n")]);
    let reads = docker_compose();
    for (texts, valid) in [(VALID, true), (BROKEN, false)] {
        for text in texts {
            hooked.stage("compose.yaml", text);
            let (code, report) = hooked.report(&["pre-commit"]);
            assert_eq!(code, i32::from(!valid), "{text}\n{report:#}");
            if reads {
                let output = Command::new("docker")
                    .args(["compose", "--file", "compose.yaml", "config", "--quiet"])
                    .current_dir(hooked.root())
                    .env("KEY", "k")
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.success(), valid, "{text}\n{said}");
            }
        }
    }
}

/// Whether Docker Compose is here.
fn docker_compose() -> bool {
    let here = Command::new("docker")
        .args(["compose", "version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !here {
        skipped("Docker Compose is missing: make test-deps");
    }
    here
}
