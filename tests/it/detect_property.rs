//! Detection on trees that nobody wrote: the fixtures with pieces cut out, put in and mixed up.
//! It ends without a panic, and every place that it names is there.
//!
//! A case that fails is written to `detect_property.regressions` beside this file and tried first
//! from then on; `SHIPWAY_SCALE=N` tries N times as many. A stack that overflows ends the process
//! before that: the tree of the case then stays in the folder for temporary files, under
//! `shipway-detect-property.` and the number of the process.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;
use serde_json::Value;
use shipway::config::Config;
use std::collections::BTreeMap;
use std::path::Path;

type Files = BTreeMap<String, Vec<u8>>;

/// One change to one file.
#[derive(Debug, Clone)]
enum Change {
    Cut(Index, Index, Index),
    Insert(Index, Index, Vec<u8>),
    Repeat(Index, Index, u8),
    /// The content of one file under the name of another.
    Swap(Index, Index),
    /// A file of this name with this content.
    Add(&'static str, Vec<u8>),
    /// A folder where a file of this name is looked for.
    Folder(&'static str),
}

/// Names that detection looks for.
const NAMES: &[&str] = &[
    "Dockerfile",
    "Makefile",
    "Pipfile",
    "Procfile",
    "alembic.ini",
    "bin/start",
    "compose.yaml",
    "docker-compose.yml",
    "environment.yml",
    "gunicorn.conf.py",
    "index.html",
    "manage.py",
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.cfg",
    "setup.py",
    "supabase/config.toml",
    "uv.lock",
    "uwsgi.ini",
    "wsgi.py",
    ".env",
    ".flaskenv",
    ".python-version",
];

/// Pieces of the languages that are read, whole and broken.
const PIECES: &[&str] = &[
    "",
    "\u{feff}",
    "\0",
    "\\",
    "{",
    "[[[[[[[[[[[[[[[[",
    "((((((((((((((((((((((((((((((((",
    "<<<<<<< ours\n=======\n>>>>>>> theirs\n",
    "app = Flask(__name__)\n",
    "from fastapi import FastAPI\napp = FastAPI()\n",
    "import os\nKEY = os.environ['KEY']\n",
    "from a import b\nfrom b import a\n",
    "services:\n  web: &a\n    build: .\n  other: *a\n",
    "a: *a\n",
    "FROM python:3.12\nCMD [\"gunicorn\", \"app:app\"]\n",
    "ENTRYPOINT [\n",
    "%(ENV_X",
    "${X:-",
    "`#",
    "-r requirements.txt\n",
    "[project]\nname = \"x\"\n",
    "[tool.poetry]\n",
    "#!/bin/sh\nexec gunicorn app:app\n",
    "-----\n\t\tweb: : :\n",
    "é漢\u{10ffff}",
];

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..40),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let name = proptest::sample::select(NAMES);
    prop_oneof![
        (at(), at(), at()).prop_map(|(file, from, to)| Change::Cut(file, from, to)),
        (at(), at(), piece()).prop_map(|(file, place, text)| Change::Insert(file, place, text)),
        (at(), at(), 2u8..60).prop_map(|(file, place, times)| Change::Repeat(file, place, times)),
        (at(), at()).prop_map(|(file, other)| Change::Swap(file, other)),
        (name.clone(), piece()).prop_map(|(name, text)| Change::Add(name, text)),
        name.prop_map(Change::Folder),
    ]
}

/// The fixtures, each as its files.
fn fixtures() -> Vec<Files> {
    let mut paths: Vec<_> = crate::fixtures::folders()
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let mut files = Files::new();
            for part in text.split("=== ").skip(1) {
                let (name, content) = part.split_once('\n').unwrap_or((part, ""));
                files.insert(name.to_owned(), content.as_bytes().to_vec());
            }
            files
        })
        .collect()
}

fn changed(mut files: Files, changes: &[Change]) -> (Files, Vec<&'static str>) {
    let mut folders = Vec::new();
    for change in changes {
        let names: Vec<String> = files.keys().cloned().collect();
        let pick =
            |index: &Index| (!names.is_empty()).then(|| names[index.index(names.len())].clone());
        match change {
            Change::Cut(file, from, to) => {
                if let Some(content) = pick(file).and_then(|name| files.get_mut(&name)) {
                    let (a, b) = (from.index(content.len() + 1), to.index(content.len() + 1));
                    content.drain(a.min(b)..a.max(b));
                }
            }
            Change::Insert(file, place, text) => {
                if let Some(content) = pick(file).and_then(|name| files.get_mut(&name)) {
                    let at = place.index(content.len() + 1);
                    content.splice(at..at, text.iter().copied());
                }
            }
            Change::Repeat(file, place, times) => {
                if let Some(content) = pick(file).and_then(|name| files.get_mut(&name)) {
                    let tail = content[place.index(content.len() + 1)..].to_vec();
                    for _ in 0..*times {
                        content.extend(&tail);
                    }
                }
            }
            Change::Swap(file, other) => {
                if let (Some(one), Some(other)) = (pick(file), pick(other)) {
                    let content = files[&other].clone();
                    files.insert(one, content);
                }
            }
            Change::Add(name, text) => {
                files.insert((*name).to_owned(), text.clone());
            }
            Change::Folder(name) => folders.push(*name),
        }
    }
    (files, folders)
}

/// Every piece of evidence in a report.
fn evidence<'v>(value: &'v Value, found: &mut Vec<(&'v str, u64)>) {
    match value {
        Value::Object(map) => {
            if let (Some(file), Some(line)) = (
                map.get("file").and_then(Value::as_str),
                map.get("line").and_then(Value::as_u64),
            ) {
                found.push((file, line));
            }
            for inner in map.values() {
                evidence(inner, found);
            }
        }
        Value::Array(list) => {
            for inner in list {
                evidence(inner, found);
            }
        }
        _ => {}
    }
}

/// The tree of one case, in a folder of the process that only an abort leaves behind.
struct Case(std::path::PathBuf);

impl Case {
    fn new() -> Self {
        let name = format!("shipway-detect-property.{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn config() -> ProptestConfig {
    let scale = std::env::var("SHIPWAY_SCALE").ok();
    let scale = scale.and_then(|text| text.parse().ok()).unwrap_or(1u32);
    let kept = FileFailurePersistence::Direct(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/detect_property.regressions"
    ));
    ProptestConfig {
        cases: 192 * scale,
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn no_tree_makes_it_panic_and_every_place_is_there(
        which in any::<Index>(),
        mixed in any::<Index>(),
        changes in vec(change(), 0..12),
    ) {
        let all = fixtures();
        let mut files = all[which.index(all.len())].clone();
        if changes.len() % 3 == 0 {
            files.extend(all[mixed.index(all.len())].clone());
        }
        let (files, folders) = changed(files, &changes);
        let root = Case::new();
        for name in folders {
            std::fs::create_dir_all(root.path().join(name)).unwrap();
        }
        for (name, content) in &files {
            let path = root.path().join(name);
            // A file may stand where another one needs a folder, and the other way round.
            if path.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok()) {
                let _ = std::fs::write(path, content);
            }
        }
        let project = shipway::detect::detect(root.path(), &Config::default()).unwrap();
        let report = serde_json::to_value(&project).unwrap();
        let mut places = Vec::new();
        evidence(&report, &mut places);
        for (file, line) in places {
            let path = root.path().join(file);
            prop_assert!(path.exists(), "{file} is not there");
            if line > 0 {
                let content = std::fs::read(&path).unwrap_or_default();
                // What is missing at the end is missing on the line behind the last newline.
                let lines = String::from_utf8_lossy(&content).matches('\n').count() + 1;
                prop_assert!(line <= lines as u64, "{file}:{line} of {lines} lines");
            }
        }
    }
}
