//! The configuration that an application reads when it starts: `application.properties` and its kin in
//! YAML, with profiles. <https://docs.spring.io/spring-boot/reference/features/external-config.html>,
//! <https://quarkus.io/guides/config-reference>

use crate::detect::Tree;
use crate::detect::serving::is_name;
use crate::detect::structured::{self, Node, Value};
use crate::project::{Evidence, Finding, Port, RelPath, Severity};
use java_properties::{LineContent, PropertiesIter};
use std::collections::BTreeMap;

/// One value under its whole key.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) value: String,
    /// Where it holds alone; everywhere without one.
    pub(super) profile: Option<String>,
    pub(super) at: Evidence,
}

/// What an application is configured with, the nearest module first.
pub(super) struct Settings<'a> {
    pub(super) all: Vec<&'a Setting>,
}

/// Files of settings by their folders, each list sorted.
pub(super) type Places<'t> = BTreeMap<RelPath, Vec<&'t RelPath>>;

/// Every file of the tree that may be one of settings.
pub(super) fn places(tree: &Tree) -> Places<'_> {
    let mut found = Places::new();
    let files = ["properties", "yaml", "yml"]
        .iter()
        .flat_map(|extension| tree.with_extension(extension));
    for path in files {
        if matches!(parts(path).0, "application" | "bootstrap") {
            found.entry(path.parent()).or_default().push(path);
        }
    }
    for files in found.values_mut() {
        files.sort();
    }
    found
}

/// What a file is called, and the profile that its name says.
fn parts(path: &RelPath) -> (&str, Option<&str>) {
    match path.stem().split_once('-') {
        Some((name, profile)) => (name, Some(profile)),
        None => (path.stem(), None),
    }
}

/// What the files of the module in `root` say.
pub(super) fn read(tree: &Tree, places: &Places, root: &RelPath) -> Vec<Setting> {
    let folders = [
        "src/main/resources",
        "src/main/resources/config",
        "config",
        "",
    ];
    let mut all: Vec<Setting> = folders
        .iter()
        .filter_map(|folder| places.get(&root.join(folder).ok()?))
        .flatten()
        .flat_map(|path| file(tree, path, parts(path).1))
        .collect();
    let shared = root.join("src/main/resources/META-INF/microprofile-config.properties");
    all.extend(shared.iter().flat_map(|path| file(tree, path, None)));
    // An example that the build packs beside the class path's own.
    let example = root.join("application.yml.example").ok();
    let packed = |path: &&RelPath| {
        ["build.gradle", "build.gradle.kts"].iter().any(|name| {
            let text = root.join(name).ok().and_then(|script| tree.text(&script));
            text.is_some_and(|text| text.contains(path.file_name()))
        })
    };
    all.extend(
        example
            .iter()
            .filter(packed)
            .flat_map(|path| of_yaml(tree, path, None)),
    );
    all
}

/// Names of profiles that an application has in production, most telling first.
const PRODUCTION: &[&str] = &["prod", "production", "docker", "container"];

impl Settings<'_> {
    /// What holds where `active` is the profile: its own values before those of all.
    pub(super) fn held<'s>(&'s self, active: Option<&'s str>) -> impl Iterator<Item = &'s Setting> {
        let all = || self.all.iter().copied();
        let own =
            all().filter(move |one| one.profile.is_some() && one.profile.as_deref() == active);
        own.chain(all().filter(|one| one.profile.is_none()))
    }

    pub(super) fn get<'s>(&'s self, key: &str, active: Option<&'s str>) -> Option<&'s Setting> {
        self.held(active).find(|one| one.key == key)
    }

    /// The profile of production that there are values for.
    pub(super) fn production(&self) -> Option<&Setting> {
        PRODUCTION.iter().find_map(|name| {
            let mut all = self.all.iter().copied();
            all.find(|one| one.profile.as_deref() == Some(name))
        })
    }
}

/// The values of a file of Java's properties.
pub(super) fn properties(tree: &Tree, path: &RelPath) -> BTreeMap<String, String> {
    lines(tree, path)
        .into_iter()
        .filter_map(|(_, content)| match content {
            LineContent::KVPair(key, value) => Some((key, value)),
            LineContent::Comment(_) => None,
        })
        .collect()
}

fn lines(tree: &Tree, path: &RelPath) -> Vec<(usize, LineContent)> {
    let Some(text) = tree.text(path) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for line in PropertiesIter::new(text.as_bytes()) {
        match line {
            Ok(line) => found.push((line.line_number(), line.consume_content())),
            Err(error) => {
                let line = error.line_number().unwrap_or(1);
                tree.report(Finding {
                    id: "invalid-properties",
                    severity: Severity::Warning,
                    message: format!(
                        "{path}:{line} is not valid for Java's properties: {error}; the lines behind it were not read"
                    ),
                    evidence: vec![Evidence::new(path.clone(), line, "")],
                    mend: format!("correct {path} at line {line}"),
                });
                break;
            }
        }
    }
    found
}

/// A place whose line may hold a secret: the key stands for it.
fn place(path: &RelPath, line: usize, key: &str) -> Evidence {
    Evidence::new(path.clone(), line, key)
}

fn file(tree: &Tree, path: &RelPath, profile: Option<&str>) -> Vec<Setting> {
    match path.extension() {
        "properties" => of_properties(tree, path, profile),
        "yml" | "yaml" => of_yaml(tree, path, profile),
        _ => Vec::new(),
    }
}

fn of_properties(tree: &Tree, path: &RelPath, profile: Option<&str>) -> Vec<Setting> {
    let mut documents: Vec<Vec<Setting>> = vec![Vec::new()];
    for (line, content) in lines(tree, path) {
        match content {
            LineContent::Comment(text) if text.trim_end() == "---" => documents.push(Vec::new()),
            LineContent::Comment(_) => {}
            LineContent::KVPair(key, value) => {
                // Quarkus writes the profile in front of the key.
                let (profile, key) = match key.strip_prefix('%').and_then(|key| key.split_once('.'))
                {
                    Some((profile, key)) => (Some(profile.trim_matches('"')), key.to_owned()),
                    None => (profile, key),
                };
                if let Some(last) = documents.last_mut() {
                    last.push(Setting {
                        at: place(path, line, &key),
                        profile: profile.map(str::to_owned),
                        key,
                        value,
                    });
                }
            }
        }
    }
    documents.into_iter().flat_map(with_profile).collect()
}

fn of_yaml(tree: &Tree, path: &RelPath, profile: Option<&str>) -> Vec<Setting> {
    let Some(text) = tree.text(path) else {
        return Vec::new();
    };
    // Where Gradle expands the file, `\$` is a dollar that stays.
    let expanded = text.replace("\\$", "$");
    // Reports what is broken.
    if expanded == *text && structured::yaml(tree, path).is_none() {
        return Vec::new();
    }
    let documents = structured::parse_yaml_documents(&expanded).unwrap_or_default();
    let of = |document: &Node| {
        let mut found = Vec::new();
        flatten(document, "", path, profile, &mut found);
        with_profile(found)
    };
    documents.iter().flat_map(of).collect()
}

fn flatten(
    node: &Node,
    key: &str,
    path: &RelPath,
    profile: Option<&str>,
    found: &mut Vec<Setting>,
) {
    for entry in node.entries() {
        let mut profile = profile;
        let mut whole = if key.is_empty() {
            entry.key.clone()
        } else {
            format!("{key}.{}", entry.key)
        };
        // `"%prod": …` at the top of the YAML of Quarkus.
        if let Some(name) = entry.key.strip_prefix('%').filter(|_| key.is_empty()) {
            profile = Some(name);
            whole.clear();
        }
        match &entry.node.value {
            Value::Map(_) => flatten(&entry.node, &whole, path, profile, found),
            Value::Text(text) => found.push(Setting {
                key: whole,
                value: text.clone(),
                profile: profile.map(str::to_owned),
                at: place(path, entry.line, &entry.key),
            }),
            Value::List(items) => {
                let texts: Vec<&str> = items.iter().filter_map(Node::text).collect();
                found.push(Setting {
                    key: whole,
                    value: texts.join(","),
                    profile: profile.map(str::to_owned),
                    at: place(path, entry.line, &entry.key),
                });
            }
            Value::Null => {}
        }
    }
}

/// A document may say itself for which profile it is.
fn with_profile(mut document: Vec<Setting>) -> Vec<Setting> {
    let said = document
        .iter()
        .find(|one| {
            matches!(
                one.key.as_str(),
                "spring.config.activate.on-profile" | "spring.profiles"
            )
        })
        .map(|one| one.value.clone());
    if let Some(said) = said {
        for one in &mut document {
            one.profile = Some(said.clone());
        }
    }
    document
}

/// One `${NAME:default}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placeholder<'t> {
    pub(super) name: &'t str,
    pub(super) default: Option<&'t str>,
}

/// The places of `text` that stand for a variable of the environment, those in defaults as well.
pub(super) fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inner = &rest[start + 2..];
        let mut depth = 1_usize;
        let end = inner.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at)
        });
        let Some(end) = end else { break };
        let (name, default) = match inner[..end].split_once(':') {
            Some((name, default)) => (name, Some(default)),
            None => (&inner[..end], None),
        };
        if is_name(name) {
            found.push(Placeholder { name, default });
        }
        if let Some(default) = default {
            found.extend(placeholders(default));
        }
        rest = &inner[end + 1..];
    }
    found
}

/// What stands in the end where no variable is set: `x` of `${A:${B:x}}`; None where nothing does.
pub(super) fn settled(default: &str) -> Option<&str> {
    if !default.contains("${") {
        return Some(default);
    }
    settled(whole(default)?.default?)
}

/// The only placeholder that `text` is made of.
pub(super) fn whole(text: &str) -> Option<Placeholder<'_>> {
    let text = text.trim();
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let name = inner.split(':').next()?;
    placeholders(text)
        .into_iter()
        .next()
        .filter(|one| one.name == name && (!inner.contains('}') || one.default.is_some()))
}

/// The port of a value: `8080`, `${PORT:8080}`; 0 asks for any.
pub(super) fn port(setting: &Setting) -> Option<(Port, Evidence)> {
    let text = setting.value.trim();
    let digits = match whole(text) {
        Some(one) => one.default?,
        None => text,
    };
    Some((Port::new(digits.trim().parse().ok()?)?, setting.at.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_variables_in_capitals_and_those_in_their_defaults() {
        let of = |text| {
            placeholders(text)
                .into_iter()
                .map(|one| (one.name, one.default))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of("jdbc:postgresql://${DB_HOST:localhost}:5432/${DB_NAME}"),
            [("DB_HOST", Some("localhost")), ("DB_NAME", None)]
        );
        assert_eq!(
            of("${A_B:${C_D:x}}"),
            [("A_B", Some("${C_D:x}")), ("C_D", Some("x"))]
        );
        assert_eq!(settled("${C_D:${E_F:x}}"), Some("x"));
        assert_eq!(settled("${C_D}"), None);
        assert_eq!(settled("a${C_D:x}"), None);
        assert_eq!(of("${spring.application.name}"), []);
        assert_eq!(of("${UNCLOSED"), []);
        assert_eq!(
            whole("${URL:jdbc:h2:mem:x}").unwrap().default,
            Some("jdbc:h2:mem:x")
        );
        assert_eq!(whole("${HOST}:${PORT}"), None);
        assert_eq!(whole("x${HOST}"), None);
    }

    #[test]
    fn documents_and_prefixes_name_their_profile() {
        let folder = tempfile::tempdir().unwrap();
        let resources = folder.path().join("src/main/resources");
        std::fs::create_dir_all(&resources).unwrap();
        let write = |name: &str, text: &str| std::fs::write(resources.join(name), text).unwrap();
        write(
            "application.yml",
            "server:\n  port: 1111\n---\nspring.config.activate.on-profile: prod\nserver:\n  port: 2222\n",
        );
        write(
            "application.properties",
            "a.b=1\n%dev.a.b=2\n#---\nspring.config.activate.on-profile=prod\na.b=3\n",
        );
        write("application-docker.properties", "a.b=4\nbroken=\\u12\n");
        let tree = Tree::read(folder.path()).unwrap();
        let all = read(&tree, &places(&tree), &RelPath::root());
        let settings = Settings {
            all: all.iter().collect(),
        };
        let get = |key, active| settings.get(key, active).map(|one| one.value.as_str());
        assert_eq!(get("server.port", None), Some("1111"));
        assert_eq!(get("server.port", Some("prod")), Some("2222"));
        assert_eq!(get("a.b", None), Some("1"));
        assert_eq!(get("a.b", Some("dev")), Some("2"));
        assert_eq!(get("a.b", Some("prod")), Some("3"));
        assert_eq!(get("a.b", Some("docker")), Some("4"));
        let findings = tree.findings();
        assert_eq!(findings[0].id, "invalid-properties");
        assert_eq!(findings[0].evidence[0].line, 2);
    }
}
