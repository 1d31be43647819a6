//! The small repositories of `tests/fixtures` and `tests/corpus`: what is detected against what their owners
//! would say. Every mismatch of every key is listed before the test fails.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::path::{Path, PathBuf};
use toml::Table;

#[test]
fn every_fixture_is_what_its_owner_says() {
    let mut wrong = Vec::new();
    for Compared { name, compared, .. } in compared() {
        let mismatches = compared.wrong.into_iter();
        wrong.extend(mismatches.map(|what| format!("{name}: {what}")));
    }
    assert!(
        wrong.is_empty(),
        "{} mismatches:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The folders that hold repositories: the fixtures, and the corpus of each ecosystem.
pub(crate) fn folders() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(tests.join("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.push(tests.join("fixtures"));
    folders.sort();
    folders
}

/// One repository beside what its owner says.
pub(crate) struct Compared {
    pub(crate) name: String,
    /// The folder of the corpus; of a fixture the language that its owner names, else the detected one.
    pub(crate) ecosystem: String,
    pub(crate) compared: Comparison,
}

/// Detects every repository and compares it, sorted by its file.
pub(crate) fn compared() -> Vec<Compared> {
    let mut files: Vec<PathBuf> = folders()
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".expected.toml"))
        .collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    files.iter().map(|file| compare(file)).collect()
}

fn compare(file: &Path) -> Compared {
    let name = file.file_name().unwrap().to_str().unwrap();
    let name = name.strip_suffix(".expected.toml").unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let expected = text.parse::<Table>().unwrap();
    let sandbox = if name == "fair-sample" {
        Sandbox::copy_of("examples/fair-sample")
    } else {
        let manifest = file.with_file_name(format!("{name}.txt"));
        Sandbox::from_manifest(&std::fs::read_to_string(manifest).unwrap())
    };
    let folder = file.parent().unwrap().file_name().unwrap();
    let mut compared = Comparison {
        project: sandbox.detected(),
        wrong: Vec::new(),
        judged: Vec::new(),
    };
    compared.run(&expected);
    let ecosystem = match folder.to_str().unwrap() {
        "fixtures" => {
            let named = LANGUAGES.iter().find(|key| expected.contains_key(**key));
            let detected = compared.packages_of_project();
            let detected = detected.first().map(|one| string(&one["ecosystem"]));
            let named = named.map(|name| (*name).to_owned());
            named.or(detected).unwrap_or("nothing to run".to_owned())
        }
        folder => folder.to_owned(),
    };
    Compared {
        name: name.to_owned(),
        ecosystem,
        compared,
    }
}

/// Keys under which the version of a runtime is expected.
const LANGUAGES: &[&str] = &[
    "python", "node", "go", "java", "dotnet", "php", "r", "ruby", "rust", "elixir", "deno",
];

/// How a detected fact stands beside the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    /// Another value was expected.
    Wrong,
    Missing,
    /// Nothing was expected.
    TooMany,
}

/// One fact that was compared.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) fact: String,
    pub(crate) verdict: Verdict,
    /// How sure detection is of it; absent where it says nothing, and of variables.
    pub(crate) confidence: Option<String>,
}

pub(crate) struct Comparison {
    project: Value,
    wrong: Vec<String>,
    pub(crate) judged: Vec<Judged>,
}

impl Comparison {
    fn run(&mut self, expected: &Table) {
        for (key, said) in expected {
            match key.as_str() {
                "library" => {
                    let is = !items(&self.project["libraries"]).is_empty();
                    self.check("library", said.as_bool() == Some(is), &is);
                }
                "unknown" => self.unknown(said),
                language if LANGUAGES.contains(&language) => self.version(said),
                "packages" => self.packages(said),
                "service" => self.services(said),
                "backing" => self.backing(said),
                "needs" => self.needs(said),
                "env" => self.env(said),
                "committed_env" => self.committed_env(said),
                "scripts" => self.scripts(said),
                "migration" => self.migration(said),
                "test" => self.test(said),
                "lint" => self.lint(said),
                "package" => self.package(said),
                "contradiction" => self.contradiction(said),
                "problem" => self.problem(said),
                other => panic!("the comparison does not know the key {other}"),
            }
        }
    }

    fn check(&mut self, what: &str, holds: bool, is: &dyn std::fmt::Debug) {
        if !holds {
            self.wrong.push(format!("{what}: detected {is:?}"));
        }
    }

    /// Keeps how the fact stands that was detected as `is`, null where it was not.
    fn judge(&mut self, fact: &str, is: &Value, holds: bool) {
        let verdict = match is {
            _ if holds => Verdict::Right,
            Value::Null => Verdict::Missing,
            _ => Verdict::Wrong,
        };
        self.put(fact, is, verdict);
    }

    fn put(&mut self, fact: &str, is: &Value, verdict: Verdict) {
        let confidence = is["confidence"].as_str();
        self.judged.push(Judged {
            fact: fact.to_owned(),
            verdict,
            confidence: confidence.map(str::to_owned),
        });
    }

    fn all_services(&self) -> Vec<Value> {
        items(&self.project["services"]).to_vec()
    }

    /// Services and libraries: whatever has a manifest.
    fn packages_of_project(&self) -> Vec<Value> {
        let mut all = self.all_services();
        all.extend(items(&self.project["libraries"]).iter().cloned());
        all.extend(items(&self.project["packages"]).iter().cloned());
        all
    }

    fn unknown(&mut self, said: &toml::Value) {
        let services = self.all_services();
        for fact in strings(said) {
            let ending = match fact.as_str() {
                "python" => "runtime_version",
                "packages" => "package_manager",
                other => other,
            };
            let reported = items(&self.project["unknown"]).iter().any(|unknown| {
                let name = string(&unknown["fact"]);
                // Where there is no service at all, that says it for each of its facts.
                name.ends_with(ending) || name == "services"
            });
            // What answers no requests has no port to be unknown.
            let no_port = fact == "port"
                && services
                    .iter()
                    .all(|service| service["port"].is_null() && service["kind"]["value"] != "web");
            if !reported && !no_port {
                self.put(ending, &Value::Null, Verdict::TooMany);
            }
            let is = self.project["unknown"].clone();
            self.check(
                &format!("unknown {fact}"),
                reported || no_port,
                &is.to_string(),
            );
        }
    }

    fn version(&mut self, said: &toml::Value) {
        let versions: Vec<Value> = self
            .packages_of_project()
            .iter()
            .map(|package| package["runtime_version"].clone())
            .collect();
        if let Some(version) = said.get("version").and_then(toml::Value::as_str) {
            let minor = minor_version(version);
            let holds = versions.iter().any(|fact| {
                let is = string(&fact["value"]);
                // Rust and Ruby are named as exactly as they are written, Elixir with its Erlang/OTP.
                match &minor {
                    Some(minor) => [minor.as_str(), version].contains(&is.as_str()),
                    // A range allows several; the one chosen has to lie in it.
                    None if is == version => true,
                    None => in_range(is.split("-otp-").next().unwrap_or_default(), version),
                }
            });
            let is: Vec<String> = versions.iter().map(|fact| string(&fact["value"])).collect();
            let shown = versions.iter().find(|fact| !fact.is_null());
            self.judge("runtime version", shown.unwrap_or(&Value::Null), holds);
            self.check(&format!("version {version}"), holds, &is);
        }
        if let Some(place) = said.get("at").and_then(toml::Value::as_str) {
            let holds = versions.iter().any(|fact| speaks(fact, place));
            let is: Vec<_> = versions.iter().flat_map(places).collect();
            self.check(&format!("version.at {place}"), holds, &is);
        }
    }

    fn packages(&mut self, said: &toml::Value) {
        let packages = self.packages_of_project();
        if let Some(manager) = said.get("manager").and_then(toml::Value::as_str) {
            let is: Vec<String> = packages
                .iter()
                .map(|package| string(&package["package_manager"]["value"]))
                .collect();
            let facts = packages.iter().map(|package| &package["package_manager"]);
            let fact = facts
                .clone()
                .find(|fact| fact["value"] == manager)
                .or_else(|| facts.clone().next())
                .cloned();
            let holds = is.iter().any(|is| is == manager);
            self.judge("package manager", &fact.unwrap_or_default(), holds);
            self.check(&format!("packages.manager {manager}"), holds, &is);
        }
        let services = self.all_services();
        let manifests: Vec<String> = services
            .iter()
            .flat_map(|service| {
                let declared = items(&service["requirements"])
                    .iter()
                    .map(|requirement| string(&requirement["declared"]["file"]));
                let includes = items(&service["manifest_includes"]).iter().map(string);
                std::iter::once(string(&service["manifest"]["value"]))
                    .chain(includes)
                    .chain(declared)
                    .collect::<Vec<_>>()
            })
            .collect();
        if !services.is_empty() {
            for manifest in said.get("manifest").map(strings).unwrap_or_default() {
                let holds = manifests.contains(&manifest);
                self.check(&format!("packages.manifest {manifest}"), holds, &manifests);
            }
        }
        if let Some(lock) = said.get("lock").and_then(toml::Value::as_str) {
            let is: Vec<String> = services
                .iter()
                .map(|service| string(&service["lock"]["value"]))
                .collect();
            let holds = is.iter().any(|is| is == lock);
            let mut facts = services.iter().map(|service| &service["lock"]);
            let fact = facts.clone().find(|fact| fact["value"] == lock);
            let fact = fact.or_else(|| facts.next());
            self.judge("lock", fact.unwrap_or(&Value::Null), holds);
            self.check(&format!("packages.lock {lock}"), holds, &is);
        }
        let wanted = said.get("unused").map(strings).unwrap_or_default();
        let mut unused: Vec<String> = services
            .iter()
            .flat_map(|service| items(&service["requirements"]))
            .filter(|requirement| requirement["imported"] == Value::Bool(false))
            .map(|requirement| string(&requirement["name"]))
            .collect();
        // Services of one project share their requirements.
        let mut seen = std::collections::BTreeSet::new();
        unused.retain(|name| seen.insert(name.clone()));
        self.check(
            &format!("packages.unused {wanted:?}"),
            unused == wanted,
            &unused,
        );
    }

    fn services(&mut self, said: &toml::Value) {
        let services = self.all_services();
        let expected = said.as_array().unwrap();
        let names: Vec<String> = services
            .iter()
            .map(|service| string(&service["name"]))
            .collect();
        self.check(
            &format!("number of services {}", expected.len()),
            services.len() == expected.len(),
            &names,
        );
        for said in expected {
            let name = said["name"].as_str().unwrap();
            if let Some(service) = services.iter().find(|service| service["name"] == name) {
                self.judge("service", &service["kind"], true);
                self.service(name, said.as_table().unwrap(), service);
            } else {
                self.judge("service", &Value::Null, false);
                self.check(&format!("service {name}"), false, &names);
            }
        }
        for service in &services {
            if !expected
                .iter()
                .any(|said| service["name"] == *said["name"].as_str().unwrap())
            {
                self.put("service", &service["kind"], Verdict::TooMany);
            }
        }
    }

    fn service(&mut self, name: &str, said: &Table, service: &Value) {
        let value = |key: &str| string(&service[key]["value"]);
        if value("kind") == "web" && !said.contains_key("server_added") {
            let is = value("add_server");
            self.check(
                &format!("service {name} adds no server"),
                is.is_empty(),
                &is,
            );
        }
        for (key, said) in said {
            let wanted = match said {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let command = value("server_command");
            let (holds, is) = match key.as_str() {
                "kind" => {
                    let is = value("kind");
                    let holds = match wanted.as_str() {
                        // A script that a schedule starts runs and ends.
                        "scheduled" => is == "scheduler" || is == "job",
                        wanted => is == wanted,
                    };
                    (holds, is)
                }
                "root" => (service["root"] == wanted.as_str(), string(&service["root"])),
                "name" => (true, String::new()),
                "working_dir" | "framework" | "entry" | "port" | "health" => {
                    (value(key) == wanted, value(key))
                }
                "entry_at" | "port_at" => {
                    let fact = &service[key.trim_end_matches("_at")];
                    (speaks(fact, &wanted), places(fact).join(", "))
                }
                "server_at" => {
                    let fact = &service["server_command"];
                    (speaks(fact, &wanted), places(fact).join(", "))
                }
                "server" => {
                    let added = value("add_server");
                    (
                        command.contains(&wanted) || added == wanted,
                        format!("{command:?}, {added:?}"),
                    )
                }
                "workers" | "threads" | "timeout" => {
                    let is = string(&service["capacity"][key.as_str()]["value"]);
                    (is == wanted, is)
                }
                "server_added" => (!service["add_server"].is_null(), value("add_server")),
                "command" => (command.contains(&wanted), command),
                "build" => (value("build") == wanted, value("build")),
                "output" => (value("output") == wanted, value("output")),
                "settings" => {
                    let whole = service.to_string();
                    (whole.contains(&wanted), "not named anywhere".to_owned())
                }
                "python_path" => listed(&service["import_roots"], &wanted),
                "templates" => listed(&service["templates"], &wanted),
                "static" => listed(&service["static_dirs"], &wanted),
                "system" | "build_packages" => {
                    let list = if key == "system" {
                        "system_packages"
                    } else {
                        "build_packages"
                    };
                    let is: Vec<String> = items(&service[list])
                        .iter()
                        .map(|fact| string(&fact["value"]))
                        .collect();
                    (is == strings(said), format!("{is:?}"))
                }
                "writable" | "volumes" => {
                    let is: Vec<String> = items(&service[key.as_str()])
                        .iter()
                        .map(|fact| string(&fact["value"]))
                        .collect();
                    (is == strings(said), format!("{is:?}"))
                }
                "replicas" => (!service["single"].is_null(), service["single"].to_string()),
                "migrates" => {
                    let is = !service["migration"].is_null();
                    (Some(is) == said.as_bool(), is.to_string())
                }
                "replicas_reason" => {
                    let reason = service["single"].to_string().to_lowercase();
                    let first = wanted.split(' ').next().unwrap().to_lowercase();
                    (reason.contains(&first), reason)
                }
                // Facts that the model has no field for.
                "schedule" | "schedule_at" | "factory" | "factory_at" | "index" | "not_found" => {
                    continue;
                }
                other => panic!("the comparison does not know service.{other}"),
            };
            let fact = match key.as_str() {
                "server" | "command" => "server_command",
                "replicas" => "single",
                "python_path" => "import_roots",
                "system" => "system_packages",
                "static" => "static_dirs",
                other => other,
            };
            if let Some(detected) = service.get(fact) {
                let of_list = detected.as_array().map(|facts| {
                    let is = |fact: &&Value| fact["value"] == wanted.as_str();
                    facts
                        .iter()
                        .find(is)
                        .or(facts.first())
                        .cloned()
                        .unwrap_or_default()
                });
                let detected = of_list.unwrap_or_else(|| detected.clone());
                if key != "name" && key != "root" {
                    self.judge(&fact.replace('_', " "), &detected, holds);
                }
            }
            self.check(&format!("service {name}.{key} {wanted}"), holds, &is);
        }
    }

    fn backing(&mut self, said: &toml::Value) {
        let backing = items(&self.project["backing"]).to_vec();
        let kinds: Vec<String> = backing.iter().map(|one| string(&one["kind"])).collect();
        let expected = said.as_array().unwrap();
        for said in expected {
            let engine = said["engine"].as_str().unwrap();
            let kind = if engine == "postgresql" {
                "postgres"
            } else {
                engine
            };
            // Supabase holds the PostgreSQL: its part `db` then stands for it.
            let part = backing
                .iter()
                .find(|one| one["kind"] == "supabase")
                .and_then(|one| {
                    items(&one["parts"])
                        .iter()
                        .find(|part| part["value"] == "db")
                });
            let service = backing.iter().find(|one| one["kind"] == kind);
            let fact = match (service, part) {
                (Some(service), _) => &service["found"],
                (None, Some(part)) if kind == "postgres" => part,
                _ => {
                    self.judge("backing", &Value::Null, false);
                    self.check(&format!("backing {engine}"), false, &kinds);
                    continue;
                }
            };
            self.judge("backing", fact, true);
            if let Some(place) = said.get("at").and_then(toml::Value::as_str) {
                self.check(
                    &format!("backing {engine}.at {place}"),
                    speaks(fact, place),
                    &places(fact),
                );
            }
            if let (Some(version), Some(service)) =
                (said.get("version").and_then(toml::Value::as_str), service)
            {
                let is = string(&service["version"]["value"]);
                self.check(
                    &format!("backing {engine}.version {version}"),
                    is == version,
                    &is,
                );
            }
            if let (Some(parts), Some(service)) = (said.get("services"), service) {
                let mut wanted = strings(parts);
                wanted.sort();
                let mut is: Vec<String> = items(&service["parts"])
                    .iter()
                    .map(|part| string(&part["value"]))
                    .filter(|part| part != "db" && part != "gateway")
                    .collect();
                is.sort();
                self.check(
                    &format!("backing {engine}.services {wanted:?}"),
                    is == wanted,
                    &is,
                );
            }
        }
        let known = |kind: &str| {
            expected.iter().any(|said| {
                let engine = said["engine"].as_str().unwrap();
                engine == kind || engine == "postgresql" && kind == "postgres"
            })
        };
        for (one, kind) in backing.iter().zip(&kinds) {
            if !known(kind) {
                self.put("backing", &one["found"], Verdict::TooMany);
            }
            self.check(&format!("no backing {kind}"), known(kind), kind);
        }
    }

    fn needs(&mut self, said: &toml::Value) {
        let is: Vec<String> = items(&self.project["needs"])
            .iter()
            .map(|need| string(&need["kind"]))
            .collect();
        let mut wanted = strings(said);
        wanted.sort();
        let mut sorted = is.clone();
        sorted.sort();
        let found = items(&self.project["needs"]).to_vec();
        for need in &wanted {
            let fact = found.iter().find(|one| one["kind"] == need.as_str());
            self.judge(
                "needs",
                &fact.map(|one| one["found"].clone()).unwrap_or_default(),
                fact.is_some(),
            );
        }
        for need in found
            .iter()
            .filter(|one| !wanted.contains(&string(&one["kind"])))
        {
            self.put("needs", &need["found"], Verdict::TooMany);
        }
        self.check(&format!("needs {wanted:?}"), sorted == wanted, &is);
    }

    fn env(&mut self, said: &toml::Value) {
        let services = self.all_services();
        let expected = said.as_array().unwrap();
        if expected.is_empty() {
            let number: usize = services
                .iter()
                .map(|service| items(&service["env"]).len())
                .sum();
            self.check("no variables", number == 0, &number);
        }
        for said in expected {
            let name = said["name"].as_str().unwrap();
            let of = said.get("service").and_then(toml::Value::as_str);
            // Variables of edge functions are Supabase's to hand on, not a service's.
            let readers: Vec<Value> = if of == Some("functions") {
                let backing = items(&self.project["backing"]).iter();
                backing
                    .map(|one| serde_json::json!({"env": one["function_env"]}))
                    .collect()
            } else {
                let named = |service: &&Value| of.is_none_or(|of| service["name"] == of);
                services.iter().filter(named).cloned().collect()
            };
            let variable = readers
                .iter()
                .flat_map(|service| items(&service["env"]))
                .find(|variable| variable["name"] == name);
            self.judge("variable", &Value::Null, variable.is_some());
            let Some(variable) = variable else {
                self.check(&format!("env {name}"), false, &"absent");
                continue;
            };
            if let Some(secret) = said.get("secret").and_then(toml::Value::as_bool) {
                self.judge("secret", &sureness(variable), variable["secret"] == secret);
                self.check(
                    &format!("env {name}.secret {secret}"),
                    variable["secret"] == secret,
                    &variable["secret"],
                );
                if let Some(default) = said.get("default").and_then(toml::Value::as_str)
                    && !secret
                {
                    self.judge(
                        "default",
                        &variable["default"],
                        variable["default"] == default,
                    );
                    self.check(
                        &format!("env {name}.default {default:?}"),
                        variable["default"] == default,
                        &variable["default"],
                    );
                }
            }
            if let Some(required) = said.get("required").and_then(toml::Value::as_bool) {
                let is = variable["required"] == required;
                self.judge("required", &Value::Null, is);
                self.check(
                    &format!("env {name}.required {required}"),
                    is,
                    &variable["required"],
                );
            }
            if said.get("insecure_default").is_some() {
                self.check(
                    &format!("env {name}.insecure_default"),
                    variable["insecure_default"] == true,
                    &variable["insecure_default"],
                );
                let reported = items(&self.project["findings"]).iter().any(|finding| {
                    finding["id"] == "insecure-default-secret"
                        && string(&finding["message"]).contains(name)
                });
                self.check(
                    &format!("finding insecure-default-secret {name}"),
                    reported,
                    &"absent",
                );
            }
            if let Some(place) = said.get("at").and_then(toml::Value::as_str) {
                let is: Vec<String> = items(&variable["read_at"]).iter().map(place_of).collect();
                self.check(
                    &format!("env {name}.at {place}"),
                    is.iter().any(|is| is == place),
                    &is,
                );
            }
        }
    }

    fn committed_env(&mut self, said: &toml::Value) {
        let file = said["file"].as_str().unwrap();
        let reported = items(&self.project["findings"]).iter().any(|finding| {
            finding["id"] == "committed-env" && finding["evidence"][0]["file"] == file
        });
        self.check(&format!("committed_env {file}"), reported, &"absent");
    }

    fn scripts(&mut self, said: &toml::Value) {
        for (purpose, path) in said.as_table().unwrap() {
            let is = string(&self.project["scripts"][purpose]["value"]);
            let wanted = path.as_str().unwrap();
            self.check(
                &format!("scripts.{purpose} {wanted}"),
                is.ends_with(wanted),
                &is,
            );
        }
    }

    fn migration(&mut self, said: &toml::Value) {
        let (tool, folder) = (
            said["tool"].as_str().unwrap(),
            said["folder"].as_str().unwrap(),
        );
        let services = self.all_services();
        let of_services = services
            .iter()
            .map(|service| &service["migration"]["value"]);
        let mut is: Vec<(String, String)> = of_services
            .map(|migration| (string(&migration["tool"]), string(&migration["folder"])))
            .collect();
        for backing in items(&self.project["backing"]) {
            is.push((string(&backing["kind"]), string(&backing["migrations"])));
        }
        let holds = is.iter().any(|(a, b)| a == tool && b == folder);
        let facts: Vec<Value> = services
            .iter()
            .map(|service| service["migration"].clone())
            .collect();
        let fact = facts
            .iter()
            .find(|fact| fact["value"]["tool"] == tool && fact["value"]["folder"] == folder);
        self.judge(
            "migration",
            fact.or(facts.first()).unwrap_or(&Value::Null),
            holds,
        );
        self.check(&format!("migration {tool} {folder}"), holds, &is);
        if let Some(command) = said.get("command").and_then(toml::Value::as_str) {
            let is: Vec<String> = services
                .iter()
                .map(|service| string(&service["migration"]["value"]["command"]))
                .collect();
            let holds = is.iter().any(|one| one == command);
            self.check(&format!("migration command {command}"), holds, &is);
        }
    }

    fn test(&mut self, said: &toml::Value) {
        let command = said["command"].as_str().unwrap();
        let folder = said["working_dir"].as_str().unwrap();
        let is: Vec<(String, String)> = self
            .packages_of_project()
            .iter()
            .map(|package| &package["test"]["value"])
            .map(|test| (string(&test["command"]), string(&test["working_dir"])))
            .collect();
        let holds = is.iter().any(|(a, b)| a == command && b == folder);
        let facts: Vec<Value> = self
            .packages_of_project()
            .iter()
            .map(|package| package["test"].clone())
            .filter(|fact| !fact.is_null())
            .collect();
        let fact = facts
            .iter()
            .find(|fact| fact["value"]["command"] == command);
        let fact = fact.or(facts.first()).cloned();
        self.judge("test", &fact.unwrap_or_default(), holds);
        self.check(&format!("test {command} in {folder}"), holds, &is);
    }

    fn lint(&mut self, said: &toml::Value) {
        let packages = self.packages_of_project();
        let is: Vec<(String, String)> = packages
            .iter()
            .flat_map(|package| items(&package["lint"]))
            .map(|fact| &fact["value"])
            .map(|lint| (string(&lint["command"]), string(&lint["working_dir"])))
            .collect();
        for said in said.as_array().unwrap() {
            let command = said["command"].as_str().unwrap();
            let folder = said["working_dir"].as_str().unwrap();
            let holds = is.iter().any(|(a, b)| a == command && b == folder);
            let facts = packages.iter().flat_map(|package| items(&package["lint"]));
            let fact = facts
                .clone()
                .find(|fact| fact["value"]["command"] == command);
            self.judge("lint", fact.unwrap_or(&Value::Null), holds);
            self.check(&format!("lint {command} in {folder}"), holds, &is);
        }
        let known = |command: &str| {
            let expected = said.as_array().unwrap().iter();
            expected
                .clone()
                .any(|said| said["command"].as_str() == Some(command))
        };
        let facts = packages.iter().flat_map(|package| items(&package["lint"]));
        for fact in facts.filter(|fact| !known(&string(&fact["value"]["command"]))) {
            self.put("lint", fact, Verdict::TooMany);
        }
        let number = said.as_array().unwrap().len();
        let mut different = is.clone();
        different.sort();
        different.dedup();
        self.check(
            &format!("number of linters {number}"),
            different.len() == number,
            &different,
        );
    }

    fn package(&mut self, said: &toml::Value) {
        let is = items(&self.project["packages"]).to_vec();
        for said in said.as_array().unwrap() {
            let name = said["name"].as_str().unwrap();
            let holds = is.iter().any(|package| {
                string(&package["name"]["value"]) == name
                    && string(&package["root"]) == said["root"].as_str().unwrap()
                    && said
                        .get("build")
                        .is_none_or(|build| package["build"]["value"] == build.as_str().unwrap())
            });
            self.check(&format!("package {name}"), holds, &is);
        }
    }

    fn contradiction(&mut self, said: &toml::Value) {
        for said in said.as_array().unwrap() {
            let fact = match said["fact"].as_str().unwrap() {
                "python" => "runtime_version",
                other => other,
            };
            for loser in said["losers"].as_array().unwrap() {
                let (value, place) = (
                    loser["value"].as_str().unwrap(),
                    loser["at"].as_str().unwrap(),
                );
                let packages = self.packages_of_project();
                let claims: Vec<&Value> = packages
                    .iter()
                    .flat_map(|package| items(&package[fact]["against"]))
                    .collect();
                let holds = claims
                    .iter()
                    .any(|claim| claim["value"] == value && speaks(claim, place));
                self.check(
                    &format!("contradiction {fact}: {value} at {place}"),
                    holds,
                    &claims,
                );
            }
        }
    }

    fn problem(&mut self, said: &toml::Value) {
        for said in said.as_array().unwrap() {
            let file = said["file"].as_str().unwrap();
            let line = said.get("line").and_then(toml::Value::as_integer);
            let is: Vec<String> = items(&self.project["findings"])
                .iter()
                .flat_map(|finding| items(&finding["evidence"]))
                .map(place_of)
                .collect();
            let holds = is.iter().any(|place| match line {
                Some(line) => *place == format!("{file}:{line}"),
                None => place.starts_with(file),
            });
            self.check(&format!("problem {file}:{line:?}"), holds, &is);
        }
    }
}

/// Whether a variable is a secret, as a fact.
fn sureness(variable: &Value) -> Value {
    serde_json::json!({"value": variable["secret"], "confidence": variable["secret_confidence"]})
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A string as it is, a number as text, nothing for anything else.
fn string(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn strings(value: &toml::Value) -> Vec<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect()
}

fn place_of(evidence: &Value) -> String {
    format!(
        "{}:{}",
        string(&evidence["file"]),
        string(&evidence["line"])
    )
}

fn places(fact: &Value) -> Vec<String> {
    items(&fact["evidence"]).iter().map(place_of).collect()
}

fn speaks(fact: &Value, place: &str) -> bool {
    places(fact).iter().any(|known| known == place)
}

fn listed(facts: &Value, wanted: &str) -> (bool, String) {
    let holds = items(facts).iter().any(|fact| fact["value"] == wanted);
    (holds, facts.to_string())
}

/// `3.12` of `3.12` and `3.12.7`; None for a range.
fn minor_version(version: &str) -> Option<String> {
    if !version.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    Some(version.split('.').take(2).collect::<Vec<_>>().join("."))
}

/// Whether `3.12` lies in `>=3.11,<3.14`.
fn in_range(version: &str, range: &str) -> bool {
    let number = |text: &str| -> Option<u32> {
        let (major, minor) = text.split_once('.')?;
        Some(major.parse::<u32>().ok()? * 1000 + minor.split('.').next()?.parse::<u32>().ok()?)
    };
    let Some(version) = number(version) else {
        return false;
    };
    range.split(',').all(|part| {
        let part = part.trim();
        if let Some(least) = part.strip_prefix(">=") {
            number(least).is_some_and(|least| version >= least)
        } else if let Some(end) = part.strip_prefix('<') {
            number(end).is_some_and(|end| version < end)
        } else {
            false
        }
    })
}
