//! `shipway detect`: its shape, its exit codes, and what it makes of bad input.

use crate::sandbox::{Sandbox, text};

const PAGE: (&str, &str) = ("index.html", "<!doctype html>\n<title>Moss</title>\n");

#[test]
fn the_shape_of_the_report() {
    let sandbox = Sandbox::new(&[
        PAGE,
        ("shipway.toml", "[project]\nname = \"moss\"\n"),
        (
            "compose.yaml",
            "services:\n  site:\n    build: .\n    depends_on: [cache]\n  cache:\n    image: redis:7.4\n",
        ),
    ]);
    insta::assert_snapshot!(sandbox.report(0, &["detect", "--format", "json"]));
}

#[test]
fn a_person_reads_what_it_is_and_where_that_is_written() {
    let sandbox = Sandbox::new(&[PAGE, ("shipway.toml", "[project]\nname = \"moss\"\n")]);
    let output = sandbox.run(0, &["detect"]);
    let shown = text(&output.stdout);
    assert!(
        shown.starts_with("moss: one service  shipway.toml:2\n"),
        "{shown}"
    );
    assert!(shown.contains("site — static site in ."), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours without a terminal");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn nothing_recognised_is_a_finding() {
    let sandbox = Sandbox::new([]);
    sandbox.run(1, &["detect"]);
    assert_eq!(sandbox.detected()["unknown"][0]["fact"], "services");
}

#[test]
fn a_folder_outside_git_is_looked_at_as_well() {
    let sandbox = Sandbox::without_git(&[PAGE]);
    assert_eq!(sandbox.detected()["services"][0]["name"], "site");
}

#[test]
fn what_cannot_be_looked_at_is_said_with_a_mend() {
    let sandbox = Sandbox::new(&[PAGE]);
    assert_eq!(
        sandbox.error(2, &["detect", "absent"]),
        "error: absent is not a folder\nmend: name the folder of a repository\n"
    );
    sandbox.git(&["init", "--quiet", "--bare", "bare.git"]);
    let said = sandbox.error(3, &["detect", "bare.git"]);
    assert!(said.contains("mend: clone it"), "{said}");
    sandbox.run(2, &["-C", "absent", "detect"]);
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let sandbox = Sandbox::new(&[PAGE, ("shipway.toml", "[project]\nnmae = \"x\"\n")]);
    let said = sandbox.error(2, &["detect"]);
    assert!(said.starts_with("error: shipway.toml:2:1: "), "{said}");
    assert!(said.contains("mend: did you mean `name`?"), "{said}");
    std::fs::write(sandbox.path("shipway.toml"), b"\xff\xfe").unwrap();
    sandbox.run(2, &["detect"]);
}

#[test]
fn the_configuration_goes_before_what_was_detected() {
    let sandbox = Sandbox::new(&[
        PAGE,
        (
            "shipway.toml",
            "[[service]]\nname = \"site\"\nport = 9000\n\n[[service]]\nname = \"mailer\"\nroot = \"mail\"\ncommand = \"./mailer\"\n",
        ),
    ]);
    let project = sandbox.detected();
    let names: Vec<&str> = project["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["mailer", "site"]);
    let port = &project["services"][1]["port"];
    assert_eq!(port["value"], 9000);
    assert_eq!(port["evidence"][0]["file"], "shipway.toml");
    assert_eq!(port["evidence"][0]["line"], 3);
    assert_eq!(port["against"][0]["value"], "8080");
    assert_eq!(
        project["services"][0]["server_command"]["value"],
        "./mailer"
    );
    assert_eq!(
        project["services"][0]["server_command"]["evidence"][0]["line"],
        8
    );
    sandbox.write(
        "shipway.toml",
        "[[service]]\nname = \"site\"\nignore = true\n",
    );
    assert_eq!(sandbox.detected()["services"].as_array().unwrap().len(), 0);
}

#[test]
fn committed_secrets_and_bytecode_are_reported_without_their_values() {
    let sandbox = Sandbox::new(&[
        PAGE,
        (".env.test", "ENV=testing\nSECRET_KEY=hunter2hunter2\n"),
        ("lib/__pycache__/x.cpython-312.pyc", "x"),
    ]);
    let project = sandbox.detected();
    let ids: Vec<&str> = project["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["committed-env", "committed-bytecode"]);
    assert_eq!(project["env_files"][0]["names"][1], "SECRET_KEY");
    assert!(!project.to_string().contains("hunter2"));
}

#[test]
fn an_ignored_env_file_is_known_by_its_names() {
    let sandbox = Sandbox::new(&[PAGE, (".gitignore", ".env\n")]);
    sandbox.write(".env", "TOKEN=abc\n");
    let files = &sandbox.detected()["env_files"];
    assert_eq!(files[0]["path"], ".env");
    assert_eq!(files[0]["committed"], false);
    assert_eq!(files[0]["ignored"], true);
    assert_eq!(files[0]["names"][0], "TOKEN");
}

#[cfg(unix)]
#[test]
fn a_tracked_file_is_read_whatever_a_pattern_says() {
    let sandbox = Sandbox::new(&[
        (".gitignore", "*.conf\nlib\n"),
        ("requirements.txt", "flask\ngunicorn\n"),
        (
            "lib/shore/__init__.py",
            "from flask import Flask\n\napp = Flask(__name__)\n",
        ),
        (
            "deploy/supervisord.conf",
            "[program:web]\ncommand=gunicorn -b :7300 shore:app\n",
        ),
    ]);
    sandbox.git(&["rm", "-r", "--cached", "--quiet", "lib", "deploy"]);
    let before = sandbox.detected();
    assert_eq!(before["services"], serde_json::json!([]), "{before}");
    sandbox.git(&["add", "--force", "lib", "deploy"]);
    let service = sandbox.detected()["services"][0].clone();
    assert_eq!(service["entry"]["value"], "shore:app");
    assert_eq!(service["port"]["value"], 7300);
    std::fs::remove_dir_all(sandbox.path("lib")).unwrap();
    sandbox.detected();
}

#[test]
fn strange_trees_are_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::new(&[
        PAGE,
        ("a b  c/compose.yaml", "services: [\n"),
        ("a b\n c/compose.yaml", "services: [\n"),
        ("broken/pyproject.toml", "[project\n"),
        ("package.json", "{\"name\":\n"),
        ("deep/compose.yaml", &"[".repeat(50_000)),
        (".github/workflows/ci.yml", "jobs: {}\n"),
        ("Makefile", "x:\n\tfalse\n"),
        ("Dockerfile", "FROM\nRUN [\n"),
        (".devcontainer/devcontainer.json", "{,}\n"),
        ("Procfile", "::\n"),
    ]);
    std::os::unix::fs::symlink("..", sandbox.path("loop")).unwrap();
    std::os::unix::fs::symlink("/etc", sandbox.path("outside")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"bad\xff.py");
    std::fs::write(sandbox.root().join(name), "x\n").unwrap();
    let large = std::fs::File::create(sandbox.path("large.py")).unwrap();
    large.set_len(2 << 30).unwrap();
    sandbox.run(1, &["detect"]);
    let project = sandbox.detected();
    let places: Vec<String> = project["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let at = &finding["evidence"][0];
            format!("{} {}:{}", finding["id"], at["file"], at["line"])
        })
        .collect();
    for expected in [
        "\"invalid-yaml\" \"a b  c/compose.yaml\":2",
        "\"unwritable-name\" null:null",
        "\"invalid-toml\" \"broken/pyproject.toml\":1",
        "\"invalid-json\" \"package.json\":2",
        "\"invalid-yaml\" \"deep/compose.yaml\":1",
        "\"invalid-json\" \".devcontainer/devcontainer.json\":1",
    ] {
        assert!(
            places.iter().any(|place| place == expected),
            "{expected} in {places:#?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let sandbox = Sandbox::new(&[PAGE]);
    use std::process::Stdio;
    let mut child = sandbox
        .command(&["detect", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_class_on_top_of_the_frameworks_makes_the_application() {
    let sandbox = Sandbox::new(&[
        ("requirements.txt", "flask==3.1.0\n"),
        (
            "harbour/__init__.py",
            "from harbour.app import create_app\n",
        ),
        (
            "harbour/app.py",
            "from flask import Flask\n\nclass Harbour(Flask):\n    pass\n\n\
             def create_app():\n    app = Harbour()\n    return app\n",
        ),
        (
            "harbour/wsgi.py",
            "from harbour import create_app\n\napp = create_app()\n",
        ),
    ]);
    let services = &sandbox.detected()["services"];
    assert_eq!(services.as_array().unwrap().len(), 1);
    assert_eq!(services[0]["entry"]["value"], "harbour.wsgi:app");
}

/// What a Flask application hands out of the package `ui`, as `from -> to by command`, beside the
/// ids of what is told of that package.
fn handed_out(sandbox: &Sandbox) -> (Vec<String>, Vec<String>) {
    let project = sandbox.detected();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut made = Vec::new();
    for front_end in project["services"][0]["front_ends"]
        .as_array()
        .unwrap_or(&Vec::new())
    {
        for output in front_end["outputs"].as_array().unwrap() {
            let (from, to) = (&output["value"]["from"], &output["value"]["to"]);
            let build = text(&front_end["package"]["build"]["value"]);
            made.push(format!("{} -> {} by {build}", text(from), text(to)));
        }
    }
    let findings = project["findings"].as_array().unwrap().iter();
    let told = findings.map(|one| text(&one["id"]));
    (
        made,
        told.filter(|id| id == "front-end-not-built").collect(),
    )
}

const SHOAL: [(&str, &str); 2] = [
    ("requirements.txt", "flask\ngunicorn\n"),
    (
        "shoal.py",
        "from flask import Flask\n\napp = Flask(__name__)\n",
    ),
];

#[test]
fn a_front_end_that_their_image_builds_goes_where_their_image_puts_it() {
    let package = r#"{ "name": "shoal-ui", "scripts": { "build": "vite build", "build:docker": "vite build --base /ui", "lint": "eslint ." }, "devDependencies": { "vite": "^6.0.5" } }"#;
    let sandbox = Sandbox::new(&SHOAL);
    sandbox.write("ui/package.json", package);
    sandbox.write("ui/index.html", "<!doctype html>\n");
    for (dockerfile, expected) in [
        // The folder itself, in a stage that works at the root.
        (
            "FROM node:22-slim AS ui\nCOPY ui ./\nRUN npm install && npm run build\n\
             FROM python:3.12-slim\nCOPY . .\nCOPY --from=ui /dist ui/dist\n\
             CMD [\"gunicorn\", \"shoal:app\"]\n",
            Some("ui/dist -> ui/dist by npm run build"),
        ),
        // Another place, by number, with a script of the image's own.
        (
            "FROM node:22-slim\nWORKDIR /build\nCOPY ui/package.json ./\nRUN npm install\n\
             COPY ui ./\nRUN npm run lint && npm run build:docker\n\
             FROM python:3.12-slim\nWORKDIR /srv\nCOPY shoal.py /srv/\n\
             COPY --from=0 /build/dist/ ./static/ui/\nCMD [\"gunicorn\", \"shoal:app\"]\n",
            Some("ui/dist -> static/ui by npm run build:docker"),
        ),
        // The whole context, and the whole package taken out again: what it makes counts.
        (
            "FROM node:22-slim AS ui\nWORKDIR /app\nCOPY . .\nRUN cd ui && npm ci && npm run build\n\
             FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCOPY --from=ui /app/ui /app/ui\n\
             CMD [\"gunicorn\", \"shoal:app\"]\n",
            Some("ui/dist -> ui/dist by npm run build"),
        ),
        // A place outside of what comes from the repository.
        (
            "FROM node:22-slim AS ui\nCOPY ui ./\nRUN npm install && npm run build\n\
             FROM python:3.12-slim\nWORKDIR /srv\nCOPY shoal.py ./\nCOPY --from=ui /dist /usr/share/shoal\n\
             CMD [\"gunicorn\", \"shoal:app\"]\n",
            None,
        ),
    ] {
        sandbox.write("Dockerfile", dockerfile);
        let expected = match expected {
            Some(made) => (vec![made.to_owned()], Vec::new()),
            None => (Vec::new(), vec!["front-end-not-built".to_owned()]),
        };
        assert_eq!(handed_out(&sandbox), expected, "{dockerfile}");
    }
}

#[test]
fn a_program_that_an_image_or_a_script_starts_by_another_path_is_found() {
    let entry = |sandbox: &Sandbox| {
        let project = sandbox.detected();
        let one = &project["services"][0];
        (one["kind"]["value"].clone(), one["entry"]["value"].clone())
    };
    let program =
        "def main():\n    print('counted')\n\n\nif __name__ == \"__main__\":\n    main()\n";
    // In a folder of a workspace, below a namespace, in an image that has the whole tree.
    let sandbox = Sandbox::new(&[
        ("uv.lock", "version = 1\n"),
        (
            "pyproject.toml",
            "[project]\nname = \"bay\"\nversion = \"1\"\n\n[tool.uv.workspace]\nmembers = [\"apps/*\", \"libs/*\"]\n",
        ),
        (
            "apps/census/pyproject.toml",
            "[project]\nname = \"bay-census\"\nversion = \"1\"\ndependencies = [\"bay-tide\"]\n\n[tool.uv.sources]\nbay-tide = { workspace = true }\n\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n",
        ),
        (
            "apps/census/bay/census/run.py",
            &format!("from bay.tide import level\n\n{program}"),
        ),
        (
            "libs/tide/pyproject.toml",
            "[project]\nname = \"Bay_Tide\"\nversion = \"1\"\n\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n",
        ),
        ("libs/tide/src/bay/tide/__init__.py", "level = 3\n"),
        (
            "apps/census/Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /w\nCOPY . /w\nCMD [\"/w/.venv/bin/python\", \"/w/apps/census/bay/census/run.py\"]\n",
        ),
    ]);
    let found = ("job".into(), "run.py".into());
    assert_eq!(entry(&sandbox), found);
    // What it takes from its workspace is on the import path and in the image.
    let project = sandbox.detected();
    let service = &project["services"][0];
    let roots = service["import_roots"].to_string();
    assert!(roots.contains("\"libs/tide/src\""), "{roots}");
    let sources = service["sources"].to_string();
    assert!(sources.contains("libs/tide/src/bay"), "{sources}");
    // Behind a variable of a script.
    let sandbox = Sandbox::new(&[
        (
            "pyproject.toml",
            "[tool.poetry]\nname = \"gulls\"\nversion = \"1\"\npackages = [{ include = \"src\" }]\n\n[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n",
        ),
        ("src/main.py", program),
        (
            "main.sh",
            "#!/bin/sh\nHERE=$(dirname \"$0\")\npoetry run python \"$HERE/src/main.py\" >> log.txt 2>&1\n",
        ),
    ]);
    assert_eq!(entry(&sandbox).0, "job");
}

#[test]
fn the_folder_of_a_log_file_is_written_to() {
    let sandbox = Sandbox::new(&[
        (
            "requirements.txt",
            "Django==5.1.4\ndjango-environ==0.12.0\n",
        ),
        (
            "manage.py",
            "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'bay.settings')\n",
        ),
        ("bay/__init__.py", ""),
        (
            "bay/wsgi.py",
            "import os\nfrom django.core.wsgi import get_wsgi_application\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'bay.settings')\napplication = get_wsgi_application()\n",
        ),
        (
            "bay/settings.py",
            "import os\nimport environ\n\nROOT_DIR = environ.Path(__file__) - 2\nMEDIA_ROOT = str(ROOT_DIR('public/media'))\nLOGGING = {\n    'handlers': {\n        'file': {\n            'class': 'logging.handlers.RotatingFileHandler',\n            'filename': os.path.join(str(ROOT_DIR), 'logs/bay.log'),\n        },\n        'screen': {'class': 'logging.StreamHandler'},\n    },\n}\n",
        ),
    ]);
    let project = sandbox.detected();
    let folders: Vec<&str> = project["services"][0]["writable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| fact["value"].as_str().unwrap())
        .collect();
    assert!(
        folders.contains(&"logs") && folders.contains(&"public/media"),
        "{folders:?}"
    );
}

#[test]
fn a_tree_that_is_too_large_to_keep_is_read_as_a_small_one() {
    let service = |name: &str| {
        format!(
            "import os\nfrom flask import Flask\nfrom shared import depth\n\napp = Flask(__name__)\nX = os.environ['{name}']\n"
        )
    };
    let (first, last) = (service("FIRST"), service("LAST"));
    let sandbox = Sandbox::new(&[
        ("a/requirements.txt", "flask\n"),
        ("a/app.py", &first),
        ("a/broken.py", "def (:\n"),
        ("z/requirements.txt", "flask\n"),
        ("z/app.py", &last),
    ]);
    for number in 0..450 {
        sandbox.write(&format!("a/many/module_{number}.py"), "X = 1\n");
    }
    let project = sandbox.detected();
    let services = project["services"].as_array().unwrap();
    let read: Vec<(&str, &str)> = services
        .iter()
        .map(|one| {
            let variable = &one["env"][0];
            let at = &variable["read_at"][0]["excerpt"];
            (variable["name"].as_str().unwrap(), at.as_str().unwrap())
        })
        .collect();
    let expected = [
        ("FIRST", "X = os.environ['FIRST']"),
        ("LAST", "X = os.environ['LAST']"),
    ];
    assert_eq!(read, expected);
    let findings = project["findings"].as_array().unwrap().iter();
    let broken = findings.filter(|one| one["id"] == "invalid-python");
    assert_eq!(broken.count(), 1);
}

#[test]
fn a_front_end_belongs_where_the_code_looks_for_what_its_build_makes() {
    let package = |build: &str| {
        format!(
            "{{ \"scripts\": {{ \"build\": \"{build}\" }}, \"devDependencies\": {{ \"vite\": \"^6.0.5\" }} }}"
        )
    };
    let sandbox = Sandbox::new(&SHOAL);
    let shoal = "from flask import Flask, send_from_directory\n\napp = Flask(__name__)\n\n\
                 @app.get(\"/\")\ndef index():\n    return send_from_directory(\"ui/dist\", \"index.html\")\n";
    sandbox.write("shoal.py", shoal);
    sandbox.write("ui/package.json", &package("vite build"));
    sandbox.write("ui/index.html", "<!doctype html>\n");
    let found = ["ui/dist -> ui/dist by npm run build".to_owned()];
    assert_eq!(handed_out(&sandbox).0, found);
    // It is no site of its own then.
    assert_eq!(sandbox.detected()["services"].as_array().unwrap().len(), 1);
    sandbox.write("static/fish.css", "body { color: teal; }\n");
    sandbox.write(
        "ui/package.json",
        &package("esbuild a.js --outfile=../static/a.js"),
    );
    let found = ["static/a.js -> static/a.js by npm run build".to_owned()];
    assert_eq!(handed_out(&sandbox).0, found);
    // What git holds is there already, and nobody looks elsewhere.
    sandbox.write("static/a.js", "built\n");
    assert_eq!(handed_out(&sandbox).0, Vec::<String>::new());
    sandbox.write(
        "ui/package.json",
        &package("esbuild a.js --outfile=../pages/a.js"),
    );
    assert_eq!(handed_out(&sandbox).0, Vec::<String>::new());
}

#[test]
fn a_lock_whose_extras_are_exported_wrong_is_told_of() {
    let lock = |version: &str| {
        format!(
            "[[package]]\nname = \"uvicorn\"\nversion = \"0.30.1\"\n\n[metadata]\nlock-version = \"{version}\"\n"
        )
    };
    let sandbox = Sandbox::new(&[
        (
            "pyproject.toml",
            "[tool.poetry]\nname = \"gull\"\nversion = \"1.0.0\"\n\n[tool.poetry.dependencies]\n\
             python = \"^3.11\"\nfastapi = \"^0.111.0\"\n\
             uvicorn = {extras = [\"standard\"], version = \"^0.30.1\"}\n\
             celery = {extras = [\"redis\"], version = \"^5.4\"}\n",
        ),
        (
            "gull.py",
            "from fastapi import FastAPI\n\napp = FastAPI()\n",
        ),
        ("poetry.lock", ""),
    ]);
    for (version, number) in [("2.0", 1), ("2.1", 0), ("moss", 0)] {
        std::fs::write(sandbox.path("poetry.lock"), lock(version)).unwrap();
        let project = sandbox.detected();
        let findings = project["findings"].as_array().unwrap();
        let told = findings.iter().filter(|one| one["id"] == "old-lock");
        assert_eq!(told.count(), number, "{version}: {project}");
        assert_eq!(project["backing"][0]["kind"], "redis", "{project}");
    }
}

/// A service whose port two files say, which also reads variables and has no tests.
fn explained() -> Sandbox {
    Sandbox::new(&[
        ("requirements.txt", "flask\ngunicorn\nredis\n"),
        (
            "shoal.py",
            "import os\nfrom flask import Flask\n\napp = Flask(__name__)\n\
             app.secret_key = os.environ[\"SHOAL_SECRET\"]\nDEPTH = os.environ.get(\"DEPTH\", \"40\")\n",
        ),
        ("Procfile", "web: gunicorn -b :8100 shoal:app\n"),
        ("shipway.toml", "[[service]]\nname = \"web\"\nport = 9000\n"),
    ])
}

#[test]
fn a_fact_is_explained_by_what_speaks_for_and_against_it() {
    let sandbox = explained();
    assert_eq!(
        sandbox.report(0, &["detect", "--explain", "port"]),
        "web.port: 9000 (certain)\n\
         \x20 for        shipway.toml:3  port = 9000\n\
         \x20 against    8100:\n\
         \x20            Procfile:1      web: gunicorn -b :8100 shoal:app\n\
         \x20 rule       shipway.toml goes before what was detected\n"
    );
    let json = sandbox.report(
        0,
        &["detect", ".", "--explain", "web.port", "--format", "json"],
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let report = sandbox.detected()["services"][0]["port"].clone();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["fact"], "web.port");
    for key in ["value", "confidence", "evidence", "against", "because"] {
        assert_eq!(json[0][key], report[key], "{key}");
    }
}

#[test]
fn variables_parts_and_what_was_not_found_are_explained() {
    let sandbox = explained();
    let explain = |code, name| sandbox.report(code, &["detect", "--explain", name]);
    let depth = explain(0, "DEPTH");
    assert!(
        depth.starts_with("web.env.DEPTH: default 40, required no, secret no (certain)\n"),
        "{depth}"
    );
    assert!(depth.contains("shoal.py:6"), "{depth}");
    let part = explain(0, "web.env");
    assert!(
        part.contains("web.env.SHOAL_SECRET: required yes, secret yes (certain)"),
        "{part}"
    );
    let backing = explain(0, "redis");
    assert!(
        backing.starts_with("backing.redis: yes (likely)\n"),
        "{backing}"
    );
    assert!(backing.contains("requirements.txt:3"), "{backing}");
    let absent = explain(1, "web.test");
    assert!(
        absent.starts_with("web.test: not found\n  looked at  "),
        "{absent}"
    );
    assert!(
        absent.contains("answer     [[service]] name = \"web\", test = …"),
        "{absent}"
    );
}

#[test]
fn a_name_that_is_no_fact_or_several_is_refused_with_what_to_write() {
    let sandbox = Sandbox::new(&[
        ("a/requirements.txt", "flask\n"),
        (
            "a/app.py",
            "from flask import Flask\n\napp = Flask(__name__)\n",
        ),
        ("b/requirements.txt", "flask\n"),
        (
            "b/app.py",
            "from flask import Flask\n\napp = Flask(__name__)\n",
        ),
    ]);
    let refused = |name| sandbox.error(2, &["detect", "--explain", name]);
    assert_eq!(
        refused("port"),
        "error: \"port\" may be any of a.port, b.port\n\
         mend: name one: shipway detect --explain a.port\n"
    );
    assert_eq!(
        refused("a.prot"),
        "error: no fact of this repository is called \"a.prot\"\nmend: did you mean `a.port`?\n"
    );
    assert!(refused("runtime-version").contains("mend: did you mean `runtime_version`?"));
    assert!(refused("").contains("mend: the keys of `shipway detect --format json`"));
    sandbox.run(2, &["detect", "--explain"]);
    assert!(
        !refused("a.\u{1b}[31m").contains('\u{1b}'),
        "no escape reaches the terminal"
    );
}

/// Every fact of the report, as its path of keys.
fn facts(value: &serde_json::Value, count: &mut usize) {
    match value {
        serde_json::Value::Object(entries) => {
            let is = |key| entries.contains_key(key);
            if is("confidence") && is("evidence") || is("read_at") {
                *count += 1;
            } else {
                entries.values().for_each(|entry| facts(entry, count));
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| facts(item, count)),
        _ => {}
    }
}

#[test]
fn every_fact_of_the_report_can_be_explained() {
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    let project = sandbox.detected();
    let mut number = 0;
    facts(&project, &mut number);
    let mut names = vec!["name".to_owned()];
    for part in [
        "backing",
        "needs",
        "tools",
        "scripts",
        "libraries",
        "packages",
    ] {
        names.push(part.to_owned());
    }
    for service in project["services"].as_array().unwrap() {
        names.push(service["name"].as_str().unwrap().to_owned());
    }
    let mut explained = 0;
    for name in &names {
        let output = sandbox
            .command(&["detect", "--format", "json", "--explain", name])
            .output()
            .unwrap();
        let said: serde_json::Value = match output.status.code() {
            Some(2) => continue,
            _ => serde_json::from_slice(&output.stdout).unwrap(),
        };
        let found = said.as_array().unwrap().iter();
        explained += found.filter(|one| one["evidence"].is_array()).count();
    }
    assert!(number > 40, "{number}");
    assert_eq!(explained, number);
}

#[test]
fn broken_and_odd_manifests_of_rust_are_told_of_and_no_panic() {
    let server =
        "fn main() { let l = std::net::TcpListener::bind(\"0.0.0.0:8811\"); axum::serve(l, r); }\n";
    let sandbox = Sandbox::new(&[
        // Members in a circle, one that is not there, a pattern that is none, and a version of the future.
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"9\"\nmembers = [\"a\", \"b\", \"gone\", \"[x\", \"./a/\"]\n",
        ),
        (
            "a/Cargo.toml",
            "[package]\nname = \"a\"\nedition = \"2099\"\nrust-version = \"1.999\"\n\n[dependencies]\n\
             axum = \"1000\"\nb = { path = \"../b\" }\nfar = { path = \"../../../far\" }\n",
        ),
        ("a/src/main.rs", server),
        (
            "b/Cargo.toml",
            "[package]\nname = \"b\"\n\n[dependencies]\na = { path = \"../a\" }\n\n[features]\n\
             default = [\"x\"]\nx = [\"y\"]\ny = [\"x\"]\n",
        ),
        ("b/src/lib.rs", "mod lib;\nmod c;\n"),
        ("b/src/c/mod.rs", "pub mod c;\n"),
        ("b/src/c/c.rs", "fn f( {{{ \"\n"),
        ("empty/Cargo.toml", ""),
        ("list/Cargo.toml", "package = [1, 2]\nworkspace = 3\n"),
        (
            "merging/Cargo.toml",
            "[package]\n<<<<<<< HEAD\nname = \"m\"\n=======\nname = \"n\"\n>>>>>>> other\n",
        ),
        ("folder/Cargo.toml/inner.txt", "x\n"),
        ("Cargo.lock", "version = 99\n<<<<<<< HEAD\n"),
        ("rust-toolchain.toml", "[toolchain]\n"),
    ]);
    let project = sandbox.detected();
    let services = project["services"].as_array().unwrap();
    assert_eq!(services.len(), 1, "{project}");
    assert_eq!(services[0]["port"]["value"], 8811);
    assert_eq!(services[0]["framework"]["value"], "axum");
    let findings = project["findings"].to_string();
    assert!(findings.contains("merging/Cargo.toml"), "{findings}");
}

#[test]
fn macros_of_sqlx_without_their_data_are_told_of_with_the_mend() {
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"gull\"\n\n[dependencies]\naxum = \"0.8\"\n\
             sqlx = { version = \"0.8\", features = [\"postgres\"] }\ntokio = \"1\"\n",
        ),
        ("Cargo.lock", "version = 4\n"),
        (
            "src/main.rs",
            "use axum::Router;\n\n#[tokio::main]\nasync fn main() {\n    let _ = sqlx::query!(\"SELECT 1\");\n    \
             let l = tokio::net::TcpListener::bind(\"127.0.0.1:8812\").await.unwrap();\n    \
             axum::serve(l, Router::new()).await.unwrap();\n}\n",
        ),
    ];
    let sandbox = Sandbox::new(&files);
    let told = |project: &serde_json::Value| -> Vec<String> {
        let findings = project["findings"].as_array().unwrap().iter();
        findings
            .map(|one| {
                format!(
                    "{}:{}",
                    one["id"].as_str().unwrap(),
                    one["evidence"][0]["line"]
                )
            })
            .collect()
    };
    let project = sandbox.detected();
    assert_eq!(
        told(&project),
        [
            "sqlx-asks-a-database:5",
            "listens-on-loopback:6",
            "stops-at-once:6"
        ],
        "{project}"
    );
    assert!(
        project["findings"][0]["mend"]
            .as_str()
            .unwrap()
            .contains("cargo sqlx prepare")
    );
    sandbox.write(".sqlx/query-1.json", "{}\n");
    let project = sandbox.detected();
    assert!(
        !told(&project).iter().any(|one| one.starts_with("sqlx")),
        "{project}"
    );
    let build = project["services"][0]["build"]["value"].as_str().unwrap();
    assert!(
        build.starts_with("SQLX_OFFLINE=true cargo build --release --locked"),
        "{build}"
    );
}
