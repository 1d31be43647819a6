//! Backing services other than Supabase, as services of a compose project.

use super::super::Input;
use super::existing::Included;
use super::variables::{Plan, bucket, has};
use super::{Port, Service, literal};
use crate::project::{BackingKind, BackingService};

/// Adds what the project needs, except what an included file runs.
pub(super) fn add(
    input: &Input,
    plan: &Plan,
    included: &[Included],
    services: &mut Vec<Service>,
    development: &mut Vec<Service>,
) {
    let elsewhere = |kind: BackingKind| {
        included
            .iter()
            .flat_map(|file| &file.services)
            .any(|(other, _)| *other == kind)
    };
    let supabase = has(input.project, BackingKind::Supabase);
    for backing in &input.project.backing {
        if elsewhere(backing.kind) {
            continue;
        }
        match backing.kind {
            BackingKind::Postgres if !supabase => services.push(postgres(input, plan, backing)),
            BackingKind::Redis => services.push(redis(input, plan)),
            BackingKind::Mysql => services.push(mysql(input, plan)),
            BackingKind::Mongodb => services.push(mongodb(input, plan)),
            BackingKind::S3 => services.push(s3(input, plan)),
            BackingKind::Smtp => development.push(mail(input)),
            BackingKind::Postgres | BackingKind::Supabase => {}
        }
    }
}

/// A service from a pinned image, hardened, in the network without a way out.
pub(super) fn from_image(input: &Input, name: &str, key: &str) -> Service {
    let mut service = Service::named(name);
    if let Some(image) = input.pins.image(key) {
        service.image = Some(image.reference());
        if image.digest.is_none() {
            service
                .comment
                .push("A tag: its digest was not known when this was written.".to_owned());
        }
    }
    service.networks = vec!["data"];
    service.restart = Some("unless-stopped");
    service.hardened = true;
    service.memory = Some("512M");
    service.cpus = Some("1.0");
    service.pids = Some(512);
    service
}

/// What an image whose entrypoint gives up root by itself needs to do so.
const TO_STEP_DOWN: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

fn postgres(input: &Input, plan: &Plan, backing: &BackingService) -> Service {
    let version = backing
        .version
        .as_ref()
        .map_or("17", |fact| fact.value.as_str());
    let key = format!("postgres-{version}");
    let known = input.pins.image(&key).is_some();
    let mut service = from_image(input, "postgres", if known { &key } else { "postgres-17" });
    if !known {
        service.image = Some(format!("docker.io/library/postgres:{version}"));
    }
    service.set("POSTGRES_USER", literal(&plan.postgres.user));
    service.set_in_file("POSTGRES_PASSWORD", plan.secret("postgres"));
    service.set("POSTGRES_DB", literal(&plan.postgres.database));
    // From 18 on the image keeps its data one folder deeper.
    let new = version.parse::<u32>().is_ok_and(|version| version >= 18);
    service.volume(
        "postgres-data",
        if new {
            "/var/lib/postgresql"
        } else {
            "/var/lib/postgresql/data"
        },
    );
    service.read_only = true;
    service.tmpfs = vec!["/tmp", "/var/run/postgresql"];
    service.cap_add = TO_STEP_DOWN.to_vec();
    service.healthy(&[
        "CMD",
        "pg_isready",
        "--quiet",
        "--host=127.0.0.1",
        &format!("--username={}", literal(&plan.postgres.user)),
    ]);
    service.stop_grace_period = Some("1m");
    service
}

fn redis(input: &Input, plan: &Plan) -> Service {
    let mut service = from_image(input, "redis", "redis");
    service.command = ["redis-server", "--appendonly", "yes"]
        .map(str::to_owned)
        .to_vec();
    if !plan.secret("redis").is_empty() {
        service.command.push("--requirepass".to_owned());
        service.command.push(plan.reference("redis"));
        service.set("REDISCLI_AUTH", plan.reference("redis"));
    }
    service.volume("redis-data", "/data");
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.cap_add = TO_STEP_DOWN.to_vec();
    service.healthy(&["CMD", "redis-cli", "ping"]);
    service
}

fn mysql(input: &Input, plan: &Plan) -> Service {
    let mut service = from_image(input, "mysql", "mysql");
    service.set("MYSQL_DATABASE", "app");
    service.set("MYSQL_USER", "app");
    service.set_in_file("MYSQL_PASSWORD", plan.secret("mysql"));
    service.set("MYSQL_RANDOM_ROOT_PASSWORD", "yes");
    service.volume("mysql-data", "/var/lib/mysql");
    service.read_only = true;
    service.tmpfs = vec!["/tmp", "/var/run/mysqld"];
    service.cap_add = TO_STEP_DOWN.to_vec();
    service.memory = Some("1G");
    service.healthy(&[
        "CMD-SHELL",
        "mysqladmin ping --host=127.0.0.1 --user=app --password=\"$${MYSQL_PASSWORD:-$$(cat $$MYSQL_PASSWORD_FILE)}\" --silent",
    ]);
    service.stop_grace_period = Some("1m");
    service
}

fn mongodb(input: &Input, plan: &Plan) -> Service {
    let mut service = from_image(input, "mongodb", "mongodb");
    service.set("MONGO_INITDB_ROOT_USERNAME", "app");
    service.set_in_file("MONGO_INITDB_ROOT_PASSWORD", plan.secret("mongo"));
    service.set("MONGO_INITDB_DATABASE", "app");
    service.volume("mongodb-data", "/data/db");
    service.volume("mongodb-config", "/data/configdb");
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.cap_add = TO_STEP_DOWN.to_vec();
    service.memory = Some("1G");
    service.healthy(&[
        "CMD",
        "mongosh",
        "--quiet",
        "--eval",
        "db.adminCommand('ping').ok",
    ]);
    service
}

fn s3(input: &Input, plan: &Plan) -> Service {
    let mut service = from_image(input, "s3", "minio");
    let folder = literal(&format!("/data/{}", bucket(input.project)));
    service.command = Vec::new();
    service
        .comment
        .push("A folder at the top of its data is a bucket.".to_owned());
    service.command = [
        "sh",
        "-c",
        &format!("mkdir -p '{folder}' && exec minio server /data"),
    ]
    .map(str::to_owned)
    .to_vec();
    service.set_in_file("MINIO_ROOT_USER", plan.secret("s3-access"));
    service.set_in_file("MINIO_ROOT_PASSWORD", plan.secret("s3-secret"));
    service.volume("s3-data", "/data");
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.healthy(&["CMD", "mc", "ready", "local"]);
    service
}

/// Catches mail and shows it; in the other environments `.env` names a real server.
fn mail(input: &Input) -> Service {
    let mut service = from_image(input, "mail", "mailpit");
    service
        .comment
        .push("Catches every mail and shows it in the browser.".to_owned());
    service.networks = vec!["edge", "app"];
    service.ports = vec![Port::of("MAIL", 8025)];
    service.user = Some("10001:10001".to_owned());
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.memory = Some("128M");
    service
}
