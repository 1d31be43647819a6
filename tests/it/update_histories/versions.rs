//! Three made-up later versions of the templates, each made from those of today.

use super::world::World;
use std::path::Path;

/// A template, a text in it, and what that is in the versions 1, 2 and 3.
type Change = (&'static str, &'static str, [&'static str; 3]);

const CHANGES: &[Change] = &[
    (
        "container/Dockerfile.hbs",
        "STOPSIGNAL SIGTERM\n",
        [
            "STOPSIGNAL SIGINT\n",
            "STOPSIGNAL SIGINT\nLABEL generation=\"2\"\n",
            "LABEL generation=\"3\"\nSTOPSIGNAL SIGQUIT\n",
        ],
    ),
    (
        "container/Dockerfile.hbs",
        "    PIP_ROOT_USER_ACTION=ignore \\\n",
        [
            "    PIP_ROOT_USER_ACTION=ignore \\\n    PIP_NO_INPUT=1 \\\n",
            "    PIP_NO_INPUT=1 \\\n",
            "    PIP_ROOT_USER_ACTION=ignore \\\n",
        ],
    ),
    (
        "container/Dockerfile.hbs",
        "--start-period=30s --retries=3",
        [
            "--start-period=30s --retries=5",
            "--start-period=45s --retries=5",
            "--start-period=30s --retries=3",
        ],
    ),
    (
        "container/Dockerfile.hbs",
        "# What runs: without the packages' own tests, compiled",
        [
            "# What runs: without the packages' own tests, compiled",
            "# Without the packages' own tests.\n# Compiled",
            "# What runs is compiled",
        ],
    ),
    (
        "compose/_service.hbs",
        "    security_opt: [\"no-new-privileges:true\"]\n",
        [
            "    security_opt:\n      - \"no-new-privileges:true\"\n",
            "    security_opt: [\"no-new-privileges:true\"]\n    init: false\n",
            "    init: false\n    security_opt:\n      - no-new-privileges:true\n",
        ],
    ),
    (
        "compose/_service.hbs",
        "      retries: {{healthcheck.retries}}\n",
        [
            "      # as often as it may fail\n      retries: {{healthcheck.retries}}\n",
            "      retries: 30\n",
            "      start_interval: 1s\n      retries: {{healthcheck.retries}}\n",
        ],
    ),
    (
        "compose/_service.hbs",
        "    stop_grace_period: {{stop_grace_period}}\n",
        [
            "    stop_grace_period: {{stop_grace_period}}\n    logging:\n      driver: local\n",
            "    logging:\n      driver: local\n      options:\n        max-size: 10m\n    \
             stop_grace_period: {{stop_grace_period}}\n",
            "    stop_grace_period: 45s\n",
        ],
    ),
    (
        "compose/compose.yaml.hbs",
        "  # {{comment}}\n  {{name}}:\n",
        [
            "  {{name}}: # {{comment}}\n",
            "  # {{comment}}\n  {{name}}:\n    attachable: false\n",
            "  # A network: {{comment}}\n  {{name}}:\n",
        ],
    ),
    (
        "compose/compose.production.yaml.hbs",
        "# The production environment:\n",
        [
            "# The environment that people use:\n",
            "# The production environment:\nx-generation: 2\n",
            "x-generation:\n  number: 3\n# The production environment:\n",
        ],
    ),
    (
        "devcontainer/devcontainer.json.hbs",
        "  \"shutdownAction\": \"stopCompose\",\n",
        [
            "  \"shutdownAction\": \"none\",\n",
            "  \"overrideCommand\": false,\n  \"shutdownAction\": \"stopCompose\",\n",
            "  // It goes on.\n  \"shutdownAction\": \"none\",\n  \"overrideCommand\": false,\n",
        ],
    ),
    (
        "devcontainer/devcontainer.json.hbs",
        "    \"vscode\": {\n",
        [
            "    \"codespaces\": {\"openFiles\": [\"README.md\"]},\n    \"vscode\": {\n",
            "    \"vscode\": {\n",
            "    \"vscode\": {\n      \"generation\": 3,\n",
        ],
    ),
    (
        "ci/ci.yml.hbs",
        "    timeout-minutes: 30\n",
        [
            "    timeout-minutes: 25\n",
            "    timeout-minutes: 30\n    env:\n      GENERATION: \"2\"\n",
            "    env:\n      GENERATION: \"3\"\n    timeout-minutes: 30\n",
        ],
    ),
    (
        "ci/ci.yml.hbs",
        "      - name: Check out\n",
        [
            "      # The tree as it was pushed.\n      - name: Check out\n",
            "      - name: Say where\n        run: pwd\n\n      - name: Check out\n",
            "      - name: Check out\n",
        ],
    ),
    (
        "ci/ci.yml.hbs",
        "  cancel-in-progress: true\n",
        [
            "  cancel-in-progress: true\n",
            "  cancel-in-progress: false\n",
            "  # It may be the last one.\n  cancel-in-progress: true\n",
        ],
    ),
    (
        "make/Makefile.hbs",
        "## list what can be made\n",
        [
            "## list the targets\n",
            "## list what can be made, and how\n",
            "## list what can be made\n",
        ],
    ),
    (
        "make/Makefile.hbs",
        ".PHONY: {{make.names.dev_setup}}\n",
        [
            ".PHONY: {{make.names.dev_setup}}\n",
            ".PHONY: generation\ngeneration: ## say which\n\t@echo 2\n\n\
             .PHONY: {{make.names.dev_setup}}\n",
            "# For a fresh clone.\n.PHONY: {{make.names.dev_setup}}\n",
        ],
    ),
    (
        "container/dockerignore.hbs",
        "**/.npmrc\n",
        ["**/.npmrc\n**/.yarnrc\n", "", "**/.npmrc\n**/*.p12\n"],
    ),
    (
        "env/gitignore.hbs",
        ".secrets/\n",
        [
            ".secrets/\n*.secret\n",
            "*.secret\n.secrets/\n",
            ".secrets/\n",
        ],
    ),
    (
        "env/env.example.hbs",
        "# {{title}}\n",
        ["## {{title}}\n", "# {{title}}\n# --\n", "# {{title}}\n"],
    ),
    (
        "env/env.sh.hbs",
        "umask 077\n",
        [
            "umask 177\n",
            "umask 077\n:\n",
            "export LC_ALL=C\numask 077\n",
        ],
    ),
    (
        "hooks/shipway.toml.hbs",
        "budget = \"2s\"",
        ["budget = \"3s\"", "budget = \"2s\"", "budget = \"4s\""],
    ),
];

/// Puts `version` of the templates into the repository; 0 is today's.
pub(super) fn lay(world: &World, version: usize) {
    let shadows = world.sandbox.path(".shipway/templates");
    if shadows.exists() {
        std::fs::remove_dir_all(&shadows).unwrap();
    }
    let Some(version) = version.checked_sub(1) else {
        return;
    };
    let today = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    for (name, from, to) in CHANGES {
        let shadow = format!(".shipway/templates/{name}");
        let laid = std::fs::read_to_string(world.sandbox.path(&shadow));
        let text = laid.unwrap_or_else(|_| std::fs::read_to_string(today.join(name)).unwrap());
        assert!(text.contains(from), "{name} has no {from:?}");
        world
            .sandbox
            .write(&shadow, &text.replace(from, to[version]));
    }
}
