//! What the editor is told: its extensions and its settings for the languages and tools of a project.

use super::super::Input;
use super::super::component::Component;
use crate::project::RelPath;
use serde_json::{Map, Value, json};

/// Extensions of VS Code by their identifiers.
pub(super) fn extensions(input: &Input, parts: &[Component]) -> Vec<String> {
    let mut all = vec!["ms-azuretools.vscode-containers", "redhat.vscode-yaml"];
    if parts.iter().any(Component::is_python) {
        all.extend([
            "ms-python.python",
            "ms-python.debugpy",
            "ms-python.vscode-pylance",
        ]);
        let own = |name: &str| input.project.tools.iter().any(|tool| tool.name == name);
        // Where the project has no linter of its own, those that `make lint` brings.
        let none = ![
            "ruff", "black", "mypy", "flake8", "pylint", "pyright", "isort",
        ]
        .iter()
        .any(|tool| own(tool));
        for (tool, extension) in [
            ("ruff", "charliermarsh.ruff"),
            ("black", "ms-python.black-formatter"),
            ("mypy", "ms-python.mypy-type-checker"),
        ] {
            if own(tool) || none {
                all.push(extension);
            }
        }
        for (tool, extension) in [
            ("flake8", "ms-python.flake8"),
            ("pylint", "ms-python.pylint"),
            ("isort", "ms-python.isort"),
        ] {
            if own(tool) {
                all.push(extension);
            }
        }
    }
    if parts.iter().any(|part| part.node.is_some()) {
        for (tool, extension) in [
            ("eslint", "dbaeumer.vscode-eslint"),
            ("prettier", "esbenp.prettier-vscode"),
            ("stylelint", "stylelint.vscode-stylelint"),
            ("biome", "biomejs.biome"),
        ] {
            if input.project.tools.iter().any(|known| known.name == tool) {
                all.push(extension);
            }
        }
    }
    if parts.iter().any(|part| part.ecosystem == "php") {
        all.extend(["bmewburn.vscode-intelephense-client", "xdebug.php-debug"]);
    }
    if parts.iter().any(|part| part.ecosystem == "go") {
        all.push("golang.go");
    }
    if parts.iter().any(|part| part.ecosystem == "java") {
        all.push("vscjava.vscode-java-pack");
        let of_spring = |part: &Component| {
            let mut frameworks = part
                .services
                .iter()
                .filter_map(|service| service.framework.as_ref());
            frameworks.any(|fact| fact.value == "spring-boot")
        };
        if parts.iter().any(of_spring) {
            all.push("vmware.vscode-boot-dev-pack");
        }
    }
    for (framework, extension) in [
        ("dvc", "iterative.dvc"),
        ("jupyter", "ms-toolsai.jupyter"),
        ("nextflow", "nextflow.nextflow"),
        ("quarto", "quarto.quarto"),
        ("snakemake", "Snakemake.snakemake-lang"),
    ] {
        if parts.iter().any(|part| part.framework == Some(framework)) {
            all.push(extension);
        }
    }
    if parts.iter().any(|part| part.ecosystem == "r") {
        all.push("REditorSupport.r");
    }
    if parts.iter().any(|part| part.ecosystem == "dotnet") {
        all.push("ms-dotnettools.csdevkit");
        let tools = &input.project.tools;
        if tools.iter().any(|tool| tool.name == "csharpier") {
            all.push("csharpier.csharpier-vscode");
        }
    }
    if parts.iter().any(|part| part.ecosystem == "ruby") {
        all.push("Shopify.ruby-lsp");
    }
    if parts.iter().any(|part| part.ecosystem == "elixir") {
        all.push("JakeBecker.elixir-ls");
    }
    if parts.iter().any(|part| part.ecosystem == "deno") {
        all.push("denoland.vscode-deno");
    }
    if parts.iter().any(|part| part.ecosystem == "rust") {
        all.extend(["rust-lang.rust-analyzer", "tamasfe.even-better-toml"]);
    }
    all.into_iter().map(str::to_owned).collect()
}

/// Settings of VS Code by their names.
pub(super) fn settings(input: &Input, parts: &[Component]) -> Value {
    let mut all = Map::new();
    let mut set = |name: &str, value: Value| all.insert(name.to_owned(), value);
    if let Some(part) = parts.iter().find(|part| part.is_python()) {
        let workspace = |path: &RelPath| {
            if path.is_root() {
                "${workspaceFolder}".to_owned()
            } else {
                format!("${{workspaceFolder}}/{path}")
            }
        };
        set(
            "python.defaultInterpreterPath",
            json!(format!(
                "/home/vscode/.local/share/venvs/{}/bin/python",
                part.name
            )),
        );
        let mut roots: Vec<String> = vec![workspace(part.working_dir)];
        for service in &part.services {
            roots.extend(
                service
                    .import_roots
                    .iter()
                    .map(|root| workspace(&root.value)),
            );
        }
        roots.dedup();
        set("python.analysis.extraPaths", json!(roots));
        if let Some(test) = part.test {
            let pytest = test.runner == "pytest";
            set("python.testing.pytestEnabled", json!(pytest));
            set(
                "python.testing.unittestEnabled",
                json!(!pytest && test.runner == "unittest"),
            );
            set("python.testing.cwd", json!(workspace(&test.working_dir)));
        }
        let own = |name: &str| input.project.tools.iter().any(|tool| tool.name == name);
        let formatter = if own("ruff") && !own("black") {
            "charliermarsh.ruff"
        } else {
            "ms-python.black-formatter"
        };
        // Only on lines that were edited: formatting old files whole would bury each change.
        set(
            "[python]",
            json!({ "editor.defaultFormatter": formatter, "editor.formatOnSaveMode": "modificationsIfAvailable" }),
        );
    }
    if parts.iter().any(|part| part.ecosystem == "rust") {
        set("rust-analyzer.check.command", json!("clippy"));
    }
    set("files.insertFinalNewline", json!(true));
    Value::Object(all)
}
