//! What `init` writes for compose is taken by compose itself, for every fixture and environment.

use crate::fixtures::folders;
use crate::sandbox::{Sandbox, skipped, text};
use std::path::Path;
use std::process::Command;

/// The files that are given together, after the one that all have.
const OVERLAYS: [&[&str]; 4] = [
    &["compose.override.yaml"],
    &["compose.staging.yaml"],
    &["compose.production.yaml"],
    &["compose.production.yaml", "compose.local.yaml"],
];

/// The name that `init` gave to `file`: another one where that is the user's.
fn written(sandbox: &Sandbox, file: &str) -> Option<String> {
    let beside = file.replacen("compose", "compose.shipway", 1);
    [beside, file.to_owned()]
        .into_iter()
        .find(|name| sandbox.path(&format!(".shipway/pristine/{name}")).exists())
}

/// What compose refuses of what `init` writes; how often it was asked is added to `asked`.
fn refused(sandbox: &Sandbox, asked: &mut usize) -> Vec<String> {
    // Of some fixtures there is nothing to run: `fixtures` says of which.
    let init = sandbox.command(&["init", "--yes"]).output().unwrap();
    assert!(matches!(init.status.code(), Some(0 | 1)), "{init:?}");
    let Some(base) = written(sandbox, "compose.yaml") else {
        return Vec::new();
    };
    // Secrets never go into an `.env` that git has: `init` says so, and who starts it gives them.
    let is_committed = !sandbox.git(&["ls-files", ".env"]).is_empty();
    let refusal = |overlay: &&[&str]| {
        let mut command = Command::new("docker");
        command.args(["compose", "--file", &base]);
        for file in overlay.iter().filter_map(|file| written(sandbox, file)) {
            command.args(["--file", &file]);
        }
        command
            .args(["config", "--quiet"])
            .current_dir(sandbox.root());
        loop {
            let output = command.output().unwrap();
            let said = text(&output.stderr);
            let missing = said.split_once("required variable ").and_then(|(_, rest)| {
                Some(rest.split_once(" is missing a value: .env has none")?.0)
            });
            match missing {
                Some(name)
                    if is_committed && command.get_envs().all(|(known, _)| known != name) =>
                {
                    command.env(name, "given");
                }
                _ => return (!output.status.success()).then(|| format!("{overlay:?}: {said}")),
            }
        }
    };
    *asked += OVERLAYS.len();
    OVERLAYS.iter().filter_map(refusal).collect()
}

fn is_there() -> bool {
    let compose = Command::new("docker").args(["compose", "version"]).output();
    let there = compose.is_ok_and(|output| output.status.success());
    if !there {
        skipped("docker compose is missing, make test-deps installs it");
    }
    there
}

#[test]
fn compose_takes_what_is_written_for_every_fixture() {
    if !is_there() {
        return;
    }
    let (mut wrong, mut asked) = (Vec::new(), 0);
    let folders = folders();
    let entries = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "txt") {
            let sandbox = Sandbox::from_manifest(&std::fs::read_to_string(&path).unwrap());
            let name = path.file_stem().unwrap().display();
            let refused = refused(&sandbox, &mut asked);
            wrong.extend(refused.into_iter().map(|what| format!("{name} {what}")));
        }
    }
    assert!(asked > 40, "{asked}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_client_of_go_is_given_host_and_port() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/go");
    let manifest = std::fs::read_to_string(corpus.join("cmd-layout.txt")).unwrap();
    let sandbox = Sandbox::from_manifest(&manifest);
    sandbox.run(0, &["init", "--yes"]);
    let compose = sandbox.read("compose.yaml");
    // Of the server, the worker and what migrates before them.
    let given = compose.matches("REDIS_ADDR: \"redis:6379\"").count();
    assert_eq!(given, 3, "{compose}");
    let workflow = sandbox.read(".github/workflows/ci.yml");
    assert!(
        workflow.contains("REDIS_ADDR: localhost:6379"),
        "{workflow}"
    );
}

#[test]
fn a_server_of_dotnet_is_told_an_address_where_it_knows_no_list_of_ports() {
    for (framework, name, value) in [
        ("net6.0", "ASPNETCORE_URLS", "http://+:8080"),
        ("net8.0", "ASPNETCORE_HTTP_PORTS", "8080"),
    ] {
        let project = format!(
            "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup>\
             <TargetFramework>{framework}</TargetFramework></PropertyGroup></Project>\n"
        );
        let program = "WebApplication.CreateBuilder(args).Build().Run();\n";
        let sandbox = Sandbox::new(&[("Pond.csproj", project.as_str()), ("Program.cs", program)]);
        sandbox.run(0, &["init", "--yes"]);
        let compose = sandbox.read("compose.yaml");
        let given = format!("{name}: \"{value}\"");
        assert!(compose.contains(&given), "{compose}");
        let image = sandbox.read("Dockerfile");
        assert!(image.contains(&format!("{name}={value}")), "{image}");
    }
}

#[test]
fn a_variable_that_settings_of_java_name_stands_once() {
    let sandbox = Sandbox::new(&[
        (
            "pom.xml",
            "<project><groupId>o</groupId><artifactId>quay</artifactId><version>1</version>\
             <dependencies><dependency><groupId>io.quarkus</groupId>\
             <artifactId>quarkus-rest</artifactId></dependency></dependencies>\
             <build><plugins><plugin><groupId>io.quarkus</groupId>\
             <artifactId>quarkus-maven-plugin</artifactId></plugin></plugins></build></project>\n",
        ),
        (
            "src/main/resources/application.properties",
            "quarkus.http.port=${QUARKUS_HTTP_PORT:8081}\n",
        ),
        (
            "src/main/java/Quay.java",
            "@jakarta.ws.rs.Path(\"/quay\")\nclass Quay {}\n",
        ),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    let compose = sandbox.read("compose.yaml");
    let given = compose.matches("QUARKUS_HTTP_PORT: \"8081\"").count();
    assert_eq!(given, 1, "{compose}");
}

#[test]
fn a_service_of_which_an_environment_says_nothing_is_not_in_its_file() {
    if !is_there() {
        return;
    }
    // Migrations, and not one secret.
    let sandbox = Sandbox::new(&[
        ("requirements.txt", "django==5.2\ngunicorn==23.0\n"),
        (
            "manage.py",
            "import os\nimport sys\nfrom django.core.management import execute_from_command_line\n\
             os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'pond.settings')\n\
             execute_from_command_line(sys.argv)\n",
        ),
        ("pond/__init__.py", ""),
        (
            "pond/settings.py",
            "INSTALLED_APPS = ['fish']\nROOT_URLCONF = 'pond.urls'\n\
             WSGI_APPLICATION = 'pond.wsgi.application'\n\
             DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '/data/pond.db'}}\n",
        ),
        ("pond/urls.py", "urlpatterns = []\n"),
        (
            "pond/wsgi.py",
            "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
        ),
        ("fish/__init__.py", ""),
        ("fish/migrations/__init__.py", ""),
        (
            "fish/migrations/0001_initial.py",
            "from django.db import migrations\nclass Migration(migrations.Migration):\n    operations = []\n",
        ),
    ]);
    assert_eq!(refused(&sandbox, &mut 0), Vec::<String>::new());
    let production = sandbox.read("compose.production.yaml");
    assert!(
        sandbox.read("compose.yaml").contains("\n  migrate:"),
        "{production}"
    );
    assert!(!production.contains("migrate:"), "{production}");
}

#[test]
fn a_migration_runs_where_the_path_in_its_command_is_right() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new(&[
        (
            "requirements.txt",
            "flask==3.1.0\ngunicorn==23.0.0\nflask-migrate==4.1.0\npsycopg2-binary==2.9.10\n",
        ),
        ("reef/__init__.py", ""),
        (
            "reef/app/__init__.py",
            "from flask import Flask\nfrom flask_migrate import Migrate\nimport reef.app.keys\n\
             app = Flask(__name__)\nMigrate(app, None, 'reef/migrations')\n",
        ),
        ("reef/app/keys.py", ""),
        ("reef/migrations/env.py", "from alembic import context\n"),
        ("reef/migrations/script.py.mako", ""),
        ("reef/migrations/alembic.ini", "[alembic]\n"),
        ("Procfile", "web: gunicorn reef.app:app\n"),
    ]);
    assert_eq!(refused(&sandbox, &mut 0), Vec::<String>::new());
    let compose = sandbox.read("compose.yaml");
    assert!(
        compose.contains("db upgrade --directory reef/migrations"),
        "{compose}"
    );
    assert!(!compose.contains("working_dir"), "{compose}");
}

/// The service that migrates, as production runs it, of a repository with this manifest.
fn migrates(manager: &str, manifest: &str) -> (Sandbox, serde_json::Value) {
    let sandbox = Sandbox::new(&[
        ("package.json", manifest),
        (manager, ""),
        ("knexfile.js", "module.exports = { client: 'pg' };\n"),
        ("migrations/1_piers.js", ""),
        (
            "server.js",
            "require('express')().listen(process.env.PORT || 4100);\n",
        ),
    ]);
    assert_eq!(refused(&sandbox, &mut 0), Vec::<String>::new());
    let production = ["compose.yaml", "compose.production.yaml"];
    let output = std::process::Command::new("docker")
        .args(["compose", "--file", production[0], "--file", production[1]])
        .args(["config", "--format", "json"])
        .env("IMAGE_TAG", "7")
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let service = all["services"]["migrate"].clone();
    (sandbox, service)
}

#[test]
fn a_migration_with_tools_for_development_runs_from_a_stage_that_has_them() {
    if !is_there() {
        return;
    }
    let manifest = |tool: &str| {
        format!(
            "{{\"name\": \"piers\", \"scripts\": {{\"start\": \"node server.js\"}}, \
             \"dependencies\": {{\"express\": \"5.1.0\", \"pg\": \"8.16.0\"}}, {tool}: {{\"knex\": \"3.1.0\"}}}}"
        )
    };
    let development = manifest("\"devDependencies\"");
    let (sandbox, service) = migrates("package-lock.json", &development);
    assert_eq!(service["build"]["target"], "migrate");
    assert_eq!(service["image"], "piers-web:migrate-7");
    assert_eq!(
        service["command"],
        serde_json::json!(["npx", "knex", "migrate:latest"])
    );
    let dockerfile = sandbox.read("Dockerfile");
    let stages: Vec<&str> = dockerfile
        .lines()
        .filter(|line| line.starts_with("FROM ") || line.starts_with("COPY --from"))
        .collect();
    assert_eq!(
        stages,
        [
            "FROM ${NODE_BASE} AS build",
            "FROM build AS production",
            "FROM ${NODE_BASE} AS runtime",
            "FROM runtime AS migrate",
            "COPY --from=build /app /app",
            "FROM runtime AS final",
            "COPY --from=production /app /app",
        ]
    );
    // Where production installs it, the image that serves does it.
    let both = manifest("\"optionalDependencies\"");
    let (sandbox, service) = migrates("package-lock.json", &both);
    assert_eq!(service["build"]["target"], "final");
    assert_eq!(service["image"], "piers-web:7");
    assert!(!sandbox.read("Dockerfile").contains("migrate"));
    // The image has no pnpm.
    let (_, service) = migrates("pnpm-lock.yaml", &development);
    assert_eq!(
        service["command"],
        serde_json::json!(["knex", "migrate:latest"])
    );
}

const SETTINGS: &str = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\
                        app.config[\"SQLALCHEMY_DATABASE_URI\"] = os.environ.get(\"DATABASE_URL\", \"\").replace(\n    \
                        \"postgres://\", \"postgresql://\") or \"sqlite:///app.db\"\n";

#[test]
fn an_address_names_the_engine_that_was_taken_of_two() {
    let sandbox = Sandbox::new(&[
        ("app.py", SETTINGS),
        ("requirements.txt", "flask==3.1.0\npsycopg2-binary==2.9.9\n"),
        (
            "Dockerfile",
            "FROM python:3.12-slim\nCOPY . .\nRUN pip install -r requirements.txt gunicorn pymysql\n",
        ),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    let compose = sandbox.read("compose.yaml") + &sandbox.read("compose.override.yaml");
    assert!(
        compose.contains("DATABASE_URL: \"postgresql://"),
        "{compose}"
    );
    assert!(!compose.contains("mysql:"), "{compose}");
}

#[test]
fn what_another_place_in_production_installs_is_not_for_development() {
    let sandbox = Sandbox::new(&[
        ("app.py", SETTINGS),
        ("requirements/common.txt", "flask==3.1.0\n"),
        (
            "requirements/docker.txt",
            "-r common.txt\ngunicorn==23.0.0\n",
        ),
        ("requirements/prod.txt", "-r common.txt\n"),
        (
            "requirements/heroku.txt",
            "-r prod.txt\ngunicorn==22.0.0\nwaitress==3.0.0\n",
        ),
        ("requirements/dev.txt", "-r more.txt\nfaker==30.0.0\n"),
        ("requirements/more.txt", "-r common.txt\n"),
        (
            "Dockerfile",
            "FROM python:3.12-slim\nCOPY . .\nRUN pip install -r requirements/docker.txt\n",
        ),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    let dockerfile = sandbox.read("Dockerfile.shipway");
    assert!(dockerfile.contains("--requirement requirements/dev.txt"));
    // pip reads what a list includes.
    for name in ["common.txt", "docker.txt", "dev.txt", "more.txt"] {
        assert!(
            (dockerfile.lines().filter(|line| line.starts_with("COPY")))
                .any(|line| line.contains(&format!("requirements/{name}"))),
            "{name}: {dockerfile}"
        );
    }
    for name in ["heroku.txt", "prod.txt"] {
        assert!(!dockerfile.contains(name), "{dockerfile}");
    }
}

/// pip refuses a list in which one requirement has a hash and another comes from git.
#[test]
fn what_git_brings_is_fetched_by_git_and_no_hash_is_asked_for() {
    let pipfile = "[packages]\nflask = \"==3.1.0\"\nsmol = {git = \"https://example.org/smol.git\", ref = \"v1\"}\n";
    let uv = "[project]\nname = \"berth\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = [\"flask==3.1.0\", \"smol\"]\n\
              [tool.uv.sources]\nsmol = { git = \"https://example.org/smol.git\", rev = \"v1\" }\n";
    let poetry = "[tool.poetry]\nname = \"berth\"\nversion = \"1\"\n[tool.poetry.dependencies]\npython = \"^3.12\"\nflask = \"3.1.0\"\n\
                  smol = { git = \"https://example.org/smol.git\", tag = \"v1\" }\n";
    let list = "flask==3.1.0\nsmol @ git+https://example.org/smol.git@v1\n";
    for (name, text, lock, command) in [
        ("Pipfile", pipfile, "Pipfile.lock", "pipenv requirements > "),
        (
            "pyproject.toml",
            poetry,
            "poetry.lock",
            "poetry export --no-interaction --without-hashes --only main ",
        ),
        ("pyproject.toml", uv, "uv.lock", "uv sync "),
        (
            "requirements.txt",
            list,
            "README.md",
            "--requirement requirements.txt",
        ),
    ] {
        let sandbox = Sandbox::new(&[("app.py", SETTINGS), (name, text), (lock, "{}\n")]);
        sandbox.run(0, &["init", "--yes"]);
        let dockerfile = sandbox.read("Dockerfile");
        assert!(dockerfile.contains(command), "{lock}: {dockerfile}");
        let installs = |line: &str| {
            line.contains("apt-get install") && line.split(' ').any(|word| word == "git")
        };
        assert!(dockerfile.lines().any(installs), "{lock}: {dockerfile}");
    }
}

#[test]
fn what_the_system_sets_for_every_program_is_handed_to_no_container() {
    let code = SETTINGS.to_owned()
        + "TOOLS = os.environ[\"PATH\"].split(\":\")\nCACHE = os.environ[\"HOME\"] + \"/.cache\"\nMOOD = \
           os.environ[\"MOOD\"]\n";
    let files = [
        ("app.py", code.as_str()),
        ("requirements.txt", "flask==3.1.0\n"),
    ];
    let sandbox = Sandbox::new(&files);
    sandbox.run(0, &["init", "--yes"]);
    let compose = sandbox.read("compose.yaml");
    assert!(compose.contains("      MOOD:"), "{compose}");
    assert!(
        !compose.contains(" PATH:") && !compose.contains(" HOME:"),
        "{compose}"
    );
    assert!(!sandbox.read(".env.example").contains("PATH="));
}
