//! The parts of Supabase that the application uses, as services of a compose project.

use super::super::Input;
use super::backing::from_image;
use super::variables::{Plan, has_part};
use super::{Port, Service, literal};
use crate::project::{BackingKind, RelPath, SupabasePart};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Supabase {
    release: String,
    /// What the gateway hands on.
    routes: Vec<Route>,
    clusters: Vec<Cluster>,
    functions: Vec<String>,
    /// Folder of the migrations that are applied.
    pub(super) migrations: Option<RelPath>,
}

#[derive(Debug, Serialize)]
struct Route {
    name: &'static str,
    prefix: &'static str,
    rewrite: &'static str,
    port: u16,
    /// Name that the service expects to be called by.
    host: Option<&'static str>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Cluster {
    name: &'static str,
    port: u16,
}

/// Name of the service that applies the migrations.
const MIGRATE: &str = "supabase-migrate";

/// Folder of the generated configuration.
const FOLDER: &str = "./deploy/supabase";

/// Adds the parts in use, each after what it needs.
pub(super) fn add(
    input: &Input,
    plan: &Plan,
    services: &mut Vec<Service>,
    development: &mut Vec<Service>,
) -> Option<Supabase> {
    let found = input
        .project
        .backing
        .iter()
        .find(|one| one.kind == BackingKind::Supabase)?;
    let uses = |part: SupabasePart| has_part(input.project, part);
    let mut routes = Vec::new();
    let mut route = |name, prefix, rewrite, port, host| {
        routes.push(Route {
            name,
            prefix,
            rewrite,
            port,
            host,
        });
    };
    services.push(db(input, plan));
    if uses(SupabasePart::Auth) {
        services.push(auth(input, plan));
        route("auth", "/auth/v1/", "/", 9999, None);
    }
    if uses(SupabasePart::Rest) || uses(SupabasePart::Storage) {
        services.push(rest(input, plan));
        route("rest", "/rest/v1/", "/", 3000, None);
    }
    if uses(SupabasePart::Realtime) {
        services.push(realtime(input, plan));
        let tenant = Some("realtime-dev");
        route("realtime", "/realtime/v1/api/", "/api/", 4000, tenant);
        route("realtime", "/realtime/v1/", "/socket/", 4000, tenant);
    }
    if uses(SupabasePart::Storage) {
        if uses(SupabasePart::Imgproxy) {
            services.push(imgproxy(input));
        }
        services.push(storage(input, plan, uses(SupabasePart::Imgproxy)));
        route("storage", "/storage/v1/", "/", 5000, None);
    }
    if uses(SupabasePart::Functions) {
        services.push(functions(input, plan));
        route("functions", "/functions/v1/", "/", 9000, None);
    }
    let migrations = found.migrations.clone();
    if let Some(folder) = &migrations {
        services.push(migrate(input, plan, folder));
    }
    services.push(gateway(input, &routes));
    let mut published = Service::named("gateway");
    published.networks = vec!["edge"];
    published.ports = vec![Port::of("SUPABASE", 8000)];
    development.push(published);
    development.push(meta(input, plan));
    development.push(studio(input, plan));
    Some(Supabase {
        release: input.pins.supabase.release.clone(),
        clusters: {
            let mut clusters: Vec<Cluster> = routes
                .iter()
                .map(|route| Cluster {
                    name: route.name,
                    port: route.port,
                })
                .collect();
            clusters.dedup();
            clusters
        },
        routes,
        functions: found.functions.clone(),
        migrations,
    })
}

fn part(input: &Input, name: &str) -> Service {
    let mut service = from_image(input, name, &format!("supabase-{name}"));
    service.networks = vec!["app", "data"];
    if name != "db" {
        service.after("db", "service_healthy");
    }
    service
}

fn database(plan: &Plan, role: &str) -> String {
    format!(
        "postgres://{role}:{}@db:5432/postgres",
        plan.reference("postgres")
    )
}

fn db(input: &Input, plan: &Plan) -> Service {
    let mut service = part(input, "db");
    service.networks = vec!["data"];
    service.command = [
        "postgres",
        "-c",
        "config_file=/etc/postgresql/postgresql.conf",
        "-c",
        "log_min_messages=fatal",
    ]
    .map(str::to_owned)
    .to_vec();
    service.set("POSTGRES_PASSWORD", plan.reference("postgres"));
    service.set("PGPASSWORD", plan.reference("postgres"));
    service.set("POSTGRES_DB", "postgres");
    service.set("JWT_SECRET", plan.reference("jwt"));
    service.set("JWT_EXP", "3600");
    service.volume("db-data", "/var/lib/postgresql/data");
    service.volume("db-config", "/etc/postgresql-custom");
    service.bind(
        &format!("{FOLDER}/roles.sql"),
        "/docker-entrypoint-initdb.d/init-scripts/99-roles.sql",
        true,
    );
    service.bind(
        &format!("{FOLDER}/jwt.sql"),
        "/docker-entrypoint-initdb.d/init-scripts/99-jwt.sql",
        true,
    );
    if has_part(input.project, SupabasePart::Realtime) {
        service.bind(
            &format!("{FOLDER}/realtime.sql"),
            "/docker-entrypoint-initdb.d/migrations/99-realtime.sql",
            true,
        );
    }
    service.cap_add = vec!["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
    service.memory = Some("1G");
    service.healthy(&[
        "CMD",
        "pg_isready",
        "--username=postgres",
        "--host=localhost",
    ]);
    service.stop_grace_period = Some("1m");
    service
}

fn auth(input: &Input, plan: &Plan) -> Service {
    let mut service = part(input, "auth");
    service.set("GOTRUE_API_HOST", "0.0.0.0");
    service.set("GOTRUE_API_PORT", "9999");
    service.set(
        "API_EXTERNAL_URL",
        "${SUPABASE_PUBLIC_URL:-http://localhost:8000}/auth/v1",
    );
    service.set("GOTRUE_SITE_URL", "${SITE_URL:-http://localhost:5000}");
    service.set("GOTRUE_DB_DRIVER", "postgres");
    service.set(
        "GOTRUE_DB_DATABASE_URL",
        database(plan, "supabase_auth_admin"),
    );
    service.set("GOTRUE_DISABLE_SIGNUP", "${DISABLE_SIGNUP:-false}");
    service.set("GOTRUE_JWT_ADMIN_ROLES", "service_role");
    service.set("GOTRUE_JWT_AUD", "authenticated");
    service.set("GOTRUE_JWT_DEFAULT_GROUP_NAME", "authenticated");
    service.set("GOTRUE_JWT_EXP", "3600");
    service.set("GOTRUE_JWT_SECRET", plan.reference("jwt"));
    service.set("GOTRUE_EXTERNAL_EMAIL_ENABLED", "true");
    service.set(
        "GOTRUE_MAILER_AUTOCONFIRM",
        "${ENABLE_EMAIL_AUTOCONFIRM:-true}",
    );
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.healthy(&[
        "CMD",
        "wget",
        "--no-verbose",
        "--tries=1",
        "--spider",
        "http://localhost:9999/health",
    ]);
    service
}

fn rest(input: &Input, plan: &Plan) -> Service {
    let mut service = part(input, "rest");
    service.set("PGRST_DB_URI", database(plan, "authenticator"));
    service.set(
        "PGRST_DB_SCHEMAS",
        "${PGRST_DB_SCHEMAS:-public,storage,graphql_public}",
    );
    service.set("PGRST_DB_ANON_ROLE", "anon");
    service.set("PGRST_JWT_SECRET", plan.reference("jwt"));
    service.set("PGRST_DB_USE_LEGACY_GUCS", "false");
    service.set("PGRST_ADMIN_SERVER_PORT", "3001");
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.healthy(&["CMD", "postgrest", "--ready"]);
    service
}

fn realtime(input: &Input, plan: &Plan) -> Service {
    let mut service = part(input, "realtime");
    service.comment.push(
        "It takes its tenant from the first part of the name that it is called by.".to_owned(),
    );
    service.aliases = vec!["realtime-dev.supabase-realtime".to_owned()];
    service.set("PORT", "4000");
    service.set("DB_HOST", "db");
    service.set("DB_PORT", "5432");
    service.set("DB_USER", "supabase_admin");
    service.set("DB_PASSWORD", plan.reference("postgres"));
    service.set("DB_NAME", "postgres");
    service.set("DB_AFTER_CONNECT_QUERY", "SET search_path TO _realtime");
    service.set("DB_ENC_KEY", "supabaserealtime");
    service.set("API_JWT_SECRET", plan.reference("jwt"));
    service.set("SECRET_KEY_BASE", plan.reference("realtime"));
    service.set("ERL_AFLAGS", "-proto_dist inet_tcp");
    service.set("DNS_NODES", "''");
    service.set("RLIMIT_NOFILE", "10000");
    service.set("APP_NAME", "realtime");
    service.set("SEED_SELF_HOST", "true");
    service.set("RUN_JANITOR", "true");
    service.healthy(&[
        "CMD",
        "curl",
        "-sSfL",
        "--head",
        "-o",
        "/dev/null",
        "-H",
        &format!("Authorization: Bearer {}", plan.reference("anon")),
        "http://localhost:4000/api/tenants/realtime-dev/health",
    ]);
    service
}

fn storage(input: &Input, plan: &Plan, images: bool) -> Service {
    let mut service = part(input, "storage");
    service.after("rest", "service_healthy");
    service.set("ANON_KEY", plan.reference("anon"));
    service.set("SERVICE_KEY", plan.reference("service"));
    service.set("POSTGREST_URL", "http://rest:3000");
    service.set("PGRST_JWT_SECRET", plan.reference("jwt"));
    service.set("DATABASE_URL", database(plan, "supabase_storage_admin"));
    service.set("FILE_SIZE_LIMIT", "52428800");
    service.set("STORAGE_BACKEND", "file");
    service.set("FILE_STORAGE_BACKEND_PATH", "/var/lib/storage");
    service.set("TENANT_ID", "stub");
    service.set("REGION", "stub");
    service.set("GLOBAL_S3_BUCKET", "stub");
    service.set(
        "ENABLE_IMAGE_TRANSFORMATION",
        if images { "true" } else { "false" },
    );
    if images {
        service.after("imgproxy", "service_healthy");
        service.set("IMGPROXY_URL", "http://imgproxy:5001");
    }
    service.volume("storage-data", "/var/lib/storage");
    service.healthy(&[
        "CMD",
        "wget",
        "--no-verbose",
        "--tries=1",
        "--spider",
        "http://localhost:5000/status",
    ]);
    service
}

fn imgproxy(input: &Input) -> Service {
    let mut service = part(input, "imgproxy");
    service.networks = vec!["app"];
    service.depends_on.clear();
    service.set("IMGPROXY_BIND", ":5001");
    service.set("IMGPROXY_LOCAL_FILESYSTEM_ROOT", "/");
    service.set("IMGPROXY_USE_ETAG", "true");
    service.volume("storage-data", "/var/lib/storage");
    service.healthy(&["CMD", "imgproxy", "health"]);
    service
}

fn functions(input: &Input, plan: &Plan) -> Service {
    let mut service = part(input, "functions");
    service.command = ["start", "--main-service", "/home/deno/main"]
        .map(str::to_owned)
        .to_vec();
    service.set("JWT_SECRET", plan.reference("jwt"));
    service.set("SUPABASE_URL", "http://gateway:8000");
    service.set("SUPABASE_ANON_KEY", plan.reference("anon"));
    service.set("SUPABASE_SERVICE_ROLE_KEY", plan.reference("service"));
    service.set("SUPABASE_DB_URL", database(plan, "postgres"));
    service.set("VERIFY_JWT", "${FUNCTIONS_VERIFY_JWT:-true}");
    service.comment.push("What the functions read beside this stands in supabase/functions/.env, where there is one.".to_owned());
    service.env_files = vec!["./supabase/functions/.env".to_owned()];
    service.bind("./supabase/functions", "/home/deno/functions", true);
    service.bind(&format!("{FOLDER}/functions"), "/home/deno/main", true);
    service.volume("deno-cache", "/root/.cache/deno");
    service
}

/// Applies `supabase/migrations`, after the services that make the schemas which those may name.
fn migrate(input: &Input, plan: &Plan, folder: &RelPath) -> Service {
    let mut service = part(input, "db");
    MIGRATE.clone_into(&mut service.name);
    service.comment.push(format!(
        "Applies what is new in {folder}, once, before anything else starts."
    ));
    service.networks = vec!["data"];
    service.after("db", "service_healthy");
    for (part, name) in [
        (SupabasePart::Auth, "auth"),
        (SupabasePart::Storage, "storage"),
    ] {
        if has_part(input.project, part) {
            service.after(name, "service_healthy");
        }
    }
    service.command = vec!["sh".to_owned(), "/migrate.sh".to_owned()];
    service.user = Some("10001:10001".to_owned());
    service.set("PGHOST", "db");
    service.set("PGUSER", "postgres");
    service.set("PGDATABASE", "postgres");
    service.set("PGPASSWORD", plan.reference("postgres"));
    service.bind(&format!("{FOLDER}/migrate.sh"), "/migrate.sh", true);
    service.bind(
        &format!("./{}", literal(folder.as_str())),
        "/migrations",
        true,
    );
    service.no_healthcheck = true;
    service.restart = Some("no");
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.memory = Some("256M");
    service
}

fn gateway(input: &Input, routes: &[Route]) -> Service {
    let mut service = part(input, "gateway");
    service.networks = vec!["app"];
    service.depends_on.clear();
    for route in routes {
        let condition = if route.name == "functions" {
            "service_started"
        } else {
            "service_healthy"
        };
        service.after(route.name, condition);
    }
    service.command = [
        "envoy",
        "--config-path",
        "/etc/envoy/envoy.yaml",
        "--log-level",
        "warn",
    ]
    .map(str::to_owned)
    .to_vec();
    service.user = Some("10001:10001".to_owned());
    service.bind(
        &format!("{FOLDER}/envoy.yaml"),
        "/etc/envoy/envoy.yaml",
        true,
    );
    service.read_only = true;
    service.tmpfs = vec!["/tmp"];
    service.healthy(&["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"]);
    service.memory = Some("256M");
    service
}

fn meta(input: &Input, plan: &Plan) -> Service {
    let mut service = part(input, "meta");
    service.set("PG_META_PORT", "8080");
    service.set("PG_META_DB_HOST", "db");
    service.set("PG_META_DB_PORT", "5432");
    service.set("PG_META_DB_NAME", "postgres");
    service.set("PG_META_DB_USER", "supabase_admin");
    service.set("PG_META_DB_PASSWORD", plan.reference("postgres"));
    service
}

/// Supabase's dashboard, for development alone.
fn studio(input: &Input, plan: &Plan) -> Service {
    let mut service = part(input, "studio");
    service.networks = vec!["edge", "app"];
    service.depends_on.clear();
    service.after("meta", "service_started");
    service.set("STUDIO_PG_META_URL", "http://meta:8080");
    service.set("POSTGRES_PASSWORD", plan.reference("postgres"));
    service.set("SUPABASE_URL", "http://gateway:8000");
    service.set(
        "SUPABASE_PUBLIC_URL",
        "${SUPABASE_PUBLIC_URL:-http://localhost:8000}",
    );
    service.set("SUPABASE_ANON_KEY", plan.reference("anon"));
    service.set("SUPABASE_SERVICE_KEY", plan.reference("service"));
    service.set("AUTH_JWT_SECRET", plan.reference("jwt"));
    service.ports = vec![Port::of("STUDIO", 3000)];
    service.memory = Some("1G");
    service
}
