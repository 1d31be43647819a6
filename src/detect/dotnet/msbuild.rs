//! Files of `MSBuild`: every project file with what the files above it add, properties in their places.
//! <https://learn.microsoft.com/visualstudio/msbuild/customize-by-directory>

use super::project::{Project, Properties};
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Entry, Node, XML_TEXT};
use crate::project::{Evidence, Finding, RelPath, Requirement, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Extensions of project files, by language.
const LANGUAGES: &[&str] = &["csproj", "fsproj", "vbproj"];

/// Files above a project that are read before and after it, by what they are for.
const PROPERTIES: [&str; 2] = ["Directory.Build.props", "Directory.Build.targets"];
const PACKAGES: &str = "Directory.Packages.props";

/// Files that a restore reads beside those; a project may have its tools restored with it.
const RESTORED: &[&str] = &[
    "global.json",
    "nuget.config",
    "NuGet.config",
    "NuGet.Config",
    ".config/dotnet-tools.json",
    "dotnet-tools.json",
];

/// Values beyond this stand for each other in a circle.
const MAX_FILLED: usize = 16;

/// Every file of a project, in no order.
pub(super) fn files(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    LANGUAGES
        .iter()
        .flat_map(|extension| tree.with_extension(extension))
}

/// Every project that is part of what the tree is about, sorted by file. Tests are among them.
pub(super) fn projects(tree: &Tree) -> Vec<Project> {
    let mut paths: Vec<&RelPath> = files(tree)
        .filter(|path| !pattern(&path.parent()))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| Reader { tree, path }.project())
        .collect()
}

struct Reader<'t> {
    tree: &'t Tree,
    path: &'t RelPath,
}

/// A file of `MSBuild`.
struct File {
    path: RelPath,
    node: Arc<Node>,
}

impl Reader<'_> {
    fn project(&self) -> Option<Project> {
        let node = structured::xml_with_attributes(self.tree, self.path)?;
        let own = File {
            path: self.path.clone(),
            node,
        };
        let sdks = sdks(&own.node);
        if sdks.is_empty() {
            self.report_old(&own);
            return None;
        }
        let root = self.path.parent();
        let (before, after): (Vec<File>, Vec<File>) = (
            self.above(&root, PROPERTIES[0]),
            self.above(&root, PROPERTIES[1]),
        );
        let central = self.above(&root, PACKAGES);
        let name = self.path.stem().to_owned();
        let mut properties = Properties::new();
        let built_in = Evidence::file(self.path.clone());
        properties.insert("msbuildprojectname".to_owned(), (name.clone(), built_in));
        // The outermost first: what is nearer goes over it.
        let files: Vec<&File> = before
            .iter()
            .rev()
            .chain(central.iter().rev())
            .chain([&own])
            .chain(after.iter().rev())
            .collect();
        for file in &files {
            self.add_properties(file, &mut properties);
        }
        let versions = versions(&central);
        let mut requirements: Vec<Requirement> = Vec::new();
        let mut shared = Vec::new();
        let mut uses = Vec::new();
        let mut linked = Vec::new();
        for file in &files {
            for item in items(&file.node) {
                let Some(include) = item.node.get("@Include").and_then(Node::text) else {
                    continue;
                };
                let include = filled(include, &properties);
                let at = || self.tree.at(&file.path, item.line);
                match item.key.as_str() {
                    "PackageReference" => {
                        let known = requirements.iter().any(|one| one.name == include);
                        if !known && !include.contains("$(") {
                            let version = versions.get(&include.to_lowercase());
                            let version = version.map(|text| filled(text, &properties));
                            let (development, own) = private(item);
                            let own = own.map(|text| filled(&text, &properties));
                            requirements.push(Requirement {
                                name: include,
                                extras: Vec::new(),
                                specifier: own.or(version).unwrap_or_default(),
                                exact: false,
                                development,
                                direct: true,
                                declared: at(),
                                imported: None,
                            });
                        }
                    }
                    "Compile" if include.starts_with("..") => {
                        let path = file.path.parent().join(&include.replace('\\', "/"));
                        linked.extend(path.ok().filter(|path| self.tree.has(path)));
                    }
                    "FrameworkReference" => shared.push((include, at())),
                    "ProjectReference" => {
                        // What only the build itself runs is no part of the program.
                        let analyses = item.node.get("@OutputItemType").is_some();
                        let path = file.path.parent().join(&include.replace('\\', "/"));
                        uses.extend(path.ok().filter(|path| self.tree.has(path) && !analyses));
                    }
                    _ => {}
                }
            }
        }
        let lock = root.join("packages.lock.json").ok();
        let lock = lock.filter(|path| self.tree.has(path));
        let mut above: BTreeSet<RelPath> =
            files.iter().flat_map(|file| self.imported(file)).collect();
        let around = before.into_iter().chain(after).chain(central);
        above.extend(around.map(|file| file.path));
        let mut manifests = vec![self.path.clone()];
        manifests.extend(above.iter().cloned());
        manifests.extend(self.restored(&root));
        manifests.extend(lock.clone());
        let others = uses.iter().filter(|path| path.extension() == "esproj");
        manifests.extend(others.cloned());
        let line = own.node.entry("@Sdk").map_or(own.node.line, |one| one.line);
        Some(Project {
            at: self.tree.at(self.path, line),
            path: self.path.clone(),
            root,
            name,
            sdks,
            properties,
            requirements,
            shared,
            linked,
            uses,
            manifests,
            lock,
            above: above.into_iter().collect(),
        })
    }

    /// Says of a project of before .NET Core that it needs Windows.
    fn report_old(&self, own: &File) {
        let entry = groups(&own.node, "PropertyGroup")
            .into_iter()
            .find_map(|group| group.node.entry("TargetFrameworkVersion"));
        let Some(entry) = entry else { return };
        if beside_or_hidden(&self.path.parent()) {
            return;
        }
        let at = self.tree.at(self.path, entry.line);
        self.tree.report(Finding {
            id: "needs-windows",
            severity: Severity::Warning,
            message: format!(
                "{at} is built for .NET Framework, which runs on Windows alone: no container of Linux is made of it"
            ),
            evidence: vec![at],
            mend: "move it to .NET: https://learn.microsoft.com/dotnet/core/porting/".to_owned(),
        });
    }

    /// The nearest file of this name in `folder` or above it, and those above that it imports.
    fn above(&self, folder: &RelPath, name: &str) -> Vec<File> {
        let mut found: Vec<File> = Vec::new();
        for path in folder.upwards().filter_map(|folder| folder.join(name).ok()) {
            if self.tree.has(&path)
                && let Some(node) = structured::xml_with_attributes(self.tree, &path)
            {
                // `$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', …))`, `../Directory.Build.props`
                let goes_on = node.entries().iter().any(|entry| {
                    let project = entry.node.get("@Project").and_then(Node::text);
                    entry.key == "Import" && project.is_some_and(|text| text.contains(name))
                });
                found.push(File { path, node });
                if !goes_on {
                    break;
                }
            }
        }
        found
    }

    /// Files that `file` names and that `MSBuild` reads with it.
    fn imported(&self, file: &File) -> Vec<RelPath> {
        let imports = groups(&file.node, "Import").into_iter();
        let own = "$(MSBuildThisFileDirectory)";
        imports
            .filter_map(|entry| entry.node.get("@Project")?.text())
            .filter_map(|text| {
                let text = text.replace(own, "").replace('\\', "/");
                file.path.parent().join(&text).ok()
            })
            .filter(|path| self.tree.has(path))
            .collect()
    }

    /// The files beside projects that a restore reads, in `root` and above it.
    fn restored(&self, root: &RelPath) -> Vec<RelPath> {
        let all = RESTORED.iter().flat_map(|name| {
            let folders = root.upwards();
            folders.filter_map(move |folder| folder.join(name).ok())
        });
        all.filter(|path| self.tree.has(path)).collect()
    }

    fn add_properties(&self, file: &File, known: &mut Properties) {
        for group in groups(&file.node, "PropertyGroup") {
            if !may_hold(&group.node, known) {
                continue;
            }
            for entry in group.node.entries() {
                if entry.key.starts_with(['@', '#']) || !may_hold(&entry.node, known) {
                    continue;
                }
                let text = entry.node.text();
                let Some(text) = text.or_else(|| entry.node.get(XML_TEXT)?.text()) else {
                    continue;
                };
                let value = filled(text, known);
                let at = self.tree.at(&file.path, entry.line);
                known.insert(entry.key.to_lowercase(), (value, at));
            }
        }
    }
}

/// What a project is made with, wherever it says so.
fn sdks(node: &Node) -> Vec<String> {
    let attribute = node.get("@Sdk").and_then(Node::text);
    let elements = node.entries().iter().filter_map(|entry| {
        let name = match entry.key.as_str() {
            "Sdk" => "@Name",
            "Import" => "@Sdk",
            _ => return None,
        };
        entry.node.get(name)?.text()
    });
    attribute
        .into_iter()
        .flat_map(|text| text.split(';'))
        .chain(elements)
        .map(|text| text.split('/').next().unwrap_or(text).trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// The groups of this name, those of choices as well.
fn groups<'n>(node: &'n Node, name: &str) -> Vec<&'n Entry> {
    let mut found = Vec::new();
    for entry in node.entries() {
        match entry.key.as_str() {
            key if key == name => found.push(entry),
            "Choose" | "When" | "Otherwise" => found.extend(groups(&entry.node, name)),
            _ => {}
        }
    }
    found
}

fn items(node: &Node) -> impl Iterator<Item = &Entry> {
    groups(node, "ItemGroup")
        .into_iter()
        .flat_map(|group| group.node.entries())
}

/// Whether a condition is true where a release is built on Linux: one comparison is understood, anything
/// else is taken for false.
fn may_hold(node: &Node, known: &Properties) -> bool {
    let Some(condition) = node.get("@Condition").and_then(Node::text) else {
        return true;
    };
    let condition = filled(condition, known).to_lowercase();
    let condition: String = condition.split_whitespace().collect();
    let side = |text: &str| {
        let text = text
            .replace("$(configuration)", "release")
            .replace("$(os)", "unix");
        let quoted = text.strip_prefix('\'')?.strip_suffix('\'')?;
        // The platform may stand behind the configuration.
        let value = quoted.split('|').next().unwrap_or_default();
        if is_unset(value) {
            return Some(String::new());
        }
        // Two comparisons have more quotes, and functions are not called here.
        (!quoted.contains('\'') && !value.contains("$(")).then(|| value.to_owned())
    };
    for (sign, wanted) in [("==", true), ("!=", false)] {
        if let Some((left, right)) = condition.split_once(sign) {
            return match (side(left), side(right)) {
                (Some(left), Some(right)) => (left == right) == wanted,
                _ => false,
            };
        }
    }
    false
}

/// Whether a text is one property that nothing sets, which is empty.
fn is_unset(text: &str) -> bool {
    let inner = text
        .strip_prefix("$(")
        .and_then(|text| text.strip_suffix(')'));
    inner.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// `text` with what is known in the place of `$(Name)`.
fn filled(text: &str, known: &Properties) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_FILLED {
        let value = text.match_indices("$(").find_map(|(start, _)| {
            let end = start + text[start..].find(')')?;
            let (value, _) = known.get(&text[start + 2..end].to_lowercase())?;
            Some((start, end, value))
        });
        let Some((start, end, value)) = value else {
            break;
        };
        text = format!("{}{value}{}", &text[..start], &text[end + 1..]);
    }
    text
}

/// The versions that are set for every project, by the packages' names in lower case.
fn versions(central: &[File]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in central.iter().rev() {
        for item in items(&file.node).filter(|item| item.key == "PackageVersion") {
            let text = |key| item.node.get(key).and_then(Node::text);
            if let (Some(name), Some(version)) = (text("@Include"), text("@Version")) {
                found.insert(name.to_lowercase(), version.to_owned());
            }
        }
    }
    found
}

/// Whether a package is there for the build alone, and the version that stands with it.
fn private(item: &Entry) -> (bool, Option<String>) {
    let text = |attribute: &str, element: &str| {
        let node = item.node.get(attribute).or_else(|| item.node.get(element));
        node.and_then(Node::text)
    };
    let assets = text("@PrivateAssets", "PrivateAssets");
    let version =
        text("@Version", "Version").or_else(|| text("@VersionOverride", "VersionOverride"));
    (
        assets.is_some_and(|text| text.eq_ignore_ascii_case("all")),
        version.map(str::to_owned),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        projects(&Tree::read(folder.path()).unwrap()).remove(0)
    }

    #[test]
    fn conditions_are_those_of_a_release_on_linux() {
        let property = |condition: &str| {
            let text = format!(
                "<Project Sdk=\"A\"><PropertyGroup><Known>x</Known><P Condition=\"{condition}\">1</P></PropertyGroup></Project>"
            );
            project(&[("a.csproj", &text)]).get("P").is_some()
        };
        for (condition, holds) in [
            ("'$(Configuration)' == 'Release'", true),
            ("'$(Configuration)|$(Platform)'=='Release|AnyCPU'", true),
            ("'$(Configuration)' == 'Debug'", false),
            ("'$(Configuration)' != 'Debug'", true),
            ("'$(Known)' == 'x'", true),
            ("'$(Known)' == ''", false),
            ("'$(Unknown)' == ''", true),
            ("'$(Unknown)' != ''", false),
            ("'$(OS)' == 'Windows_NT'", false),
            ("$(MSBuildProjectName.EndsWith('.Test'))", false),
            (
                "'$(Unknown)' == '' and $(MSBuildProjectName.EndsWith('.Test'))",
                false,
            ),
            ("Exists('x')", false),
        ] {
            assert_eq!(property(condition), holds, "{condition}");
        }
    }

    #[test]
    fn what_is_nearer_goes_over_what_is_above() {
        let found = project(&[
            (
                "src/a/a.csproj",
                "<Project Sdk=\"Microsoft.NET.Sdk.Web/1\"><PropertyGroup><B>own</B><D>$(C)-$(msbuildprojectname)</D></PropertyGroup><ItemGroup><PackageReference Include=\"One\"/><PackageReference Include=\"Two\" Version=\"$(V)\" PrivateAssets=\"all\"/></ItemGroup></Project>",
            ),
            (
                "src/Directory.Build.props",
                "<Project><Import Project=\"$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))\"/><PropertyGroup><B>near</B><V>2.0</V></PropertyGroup></Project>",
            ),
            (
                "Directory.Build.props",
                "<Project><PropertyGroup><B>far</B><C>far</C></PropertyGroup></Project>",
            ),
            (
                "Directory.Packages.props",
                "<Project><ItemGroup><PackageVersion Include=\"one\" Version=\"1.5\"/></ItemGroup></Project>",
            ),
        ]);
        assert_eq!(found.sdks, ["Microsoft.NET.Sdk.Web"]);
        assert_eq!(found.get("b").unwrap().0, "own");
        assert_eq!(found.get("D").unwrap().0, "far-a");
        let packages: Vec<_> = found
            .requirements
            .iter()
            .map(|one| (one.name.as_str(), one.specifier.as_str(), one.development))
            .collect();
        assert_eq!(packages, [("One", "1.5", false), ("Two", "2.0", true)]);
        assert_eq!(found.above.len(), 3);
    }

    #[test]
    fn forms_that_dotnet_does_not_start_are_told() {
        let forms = |properties: &str| -> Vec<&str> {
            let text =
                format!("<Project Sdk=\"A\"><PropertyGroup>{properties}</PropertyGroup></Project>");
            let found = project(&[("a.csproj", &text)]);
            found.other_forms().collect()
        };
        assert_eq!(forms("<PublishAot>true</PublishAot>"), ["PublishAot"]);
        assert_eq!(
            forms(
                "<PublishSingleFile>true</PublishSingleFile><RuntimeIdentifier>linux-x64</RuntimeIdentifier>"
            ),
            ["SelfContained", "PublishSingleFile"]
        );
        assert!(forms("<SelfContained>false</SelfContained>").is_empty());
    }

    #[test]
    fn properties_that_stand_for_each_other_end() {
        let found = project(&[(
            "a.csproj",
            "<Project Sdk=\"A\"><PropertyGroup><A>$(A)x</A><B>$(C)</B><C>$(B)</C></PropertyGroup></Project>",
        )]);
        assert!(found.get("B").is_none());
        assert!(found.get("A").is_none());
    }
}
