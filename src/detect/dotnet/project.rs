//! One project of .NET: what its own file and those above it say, and what it is by that.

use crate::detect::beside::beside_or_hidden;
use crate::project::{Evidence, RelPath, Requirement};
use std::collections::BTreeMap;

/// One project of the tree.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) path: RelPath,
    /// Its folder.
    pub(super) root: RelPath,
    /// What the file is called, without its extension.
    pub(super) name: String,
    /// Where it says what it is made with.
    pub(super) at: Evidence,
    /// `Microsoft.NET.Sdk.Web` and others, without versions.
    pub(super) sdks: Vec<String>,
    pub(super) properties: Properties,
    /// As their owners write them.
    pub(super) requirements: Vec<Requirement>,
    /// Frameworks that are shared and not installed: `Microsoft.AspNetCore.App`.
    pub(super) shared: Vec<(String, Evidence)>,
    /// Sources of other folders that are compiled with its own.
    pub(super) linked: Vec<RelPath>,
    /// Projects that it is made with, as far as the tree has them.
    pub(super) uses: Vec<RelPath>,
    /// What `dotnet restore` reads of it, its own file first.
    pub(super) manifests: Vec<RelPath>,
    pub(super) lock: Option<RelPath>,
    /// Other files that the build reads: those above it that change it.
    pub(super) above: Vec<RelPath>,
}

/// Values under their names in lower case, for `MSBuild` knows no other.
pub(super) type Properties = BTreeMap<String, (String, Evidence)>;

impl Project {
    /// The value of a property, unless something in it is not known.
    pub(super) fn get(&self, name: &str) -> Option<(&str, &Evidence)> {
        let (value, at) = self.properties.get(&name.to_lowercase())?;
        (!value.contains("$(")).then_some((value.as_str(), at))
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|(value, _)| value.eq_ignore_ascii_case("true"))
    }

    /// The package of this name, whatever its letters' case.
    pub(super) fn package(&self, name: &str) -> Option<&Requirement> {
        let mut all = self.requirements.iter();
        all.find(|one| one.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn has_sdk(&self, name: &str) -> bool {
        self.sdks.iter().any(|sdk| sdk.eq_ignore_ascii_case(name))
    }

    /// The frameworks that it is built for, in their order, with the place that names them.
    pub(super) fn frameworks(&self) -> Vec<(String, Evidence)> {
        let told = self.get("TargetFramework");
        let Some((text, at)) = told.or_else(|| self.get("TargetFrameworks")) else {
            return Vec::new();
        };
        let names = text.split(';').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(|name| (name.to_lowercase(), at.clone()))
            .collect()
    }

    /// What its assembly is called.
    pub(super) fn assembly(&self) -> &str {
        self.get("AssemblyName")
            .map_or(&self.name, |(name, _)| name)
    }

    /// The properties that make a publish leave something else than what `dotnet` starts.
    /// <https://learn.microsoft.com/dotnet/core/deploying/>
    pub(super) fn other_forms(&self) -> impl Iterator<Item = &'static str> {
        // Before .NET 8 a platform alone makes it one that brings its own runtime.
        let for_platform = self.get("RuntimeIdentifier").is_some();
        let all = [
            "SelfContained",
            "PublishSelfContained",
            "PublishSingleFile",
            "PublishTrimmed",
            "PublishAot",
        ];
        all.into_iter()
            .filter(move |name| self.is_set(name) || for_platform && *name == "SelfContained")
    }

    /// Whether a program comes of it.
    pub(super) fn is_program(&self) -> bool {
        let kind = self.get("OutputType").map(|(kind, _)| kind.to_lowercase());
        match kind.as_deref() {
            Some("library") => false,
            Some("exe") => true,
            _ => ["Microsoft.NET.Sdk.Web", "Microsoft.NET.Sdk.Worker"]
                .iter()
                .any(|sdk| self.has_sdk(sdk)),
        }
    }

    /// Whether a container may run it.
    pub(super) fn may_run(&self) -> bool {
        let is_hosted = self.get("AzureFunctionsVersion").is_some();
        self.is_program() && !self.is_beside() && !self.is_client() && !is_hosted
    }

    /// Whether it holds tests. <https://learn.microsoft.com/dotnet/core/testing/>
    pub(super) fn is_test(&self) -> bool {
        const RUNNERS: &[&str] = &[
            "microsoft.net.test.sdk",
            "xunit",
            "xunit.v3",
            "xunit.v3.mtp-v2",
            "nunit",
            "mstest",
            "mstest.testframework",
            "tunit",
            "expecto",
        ];
        let required = || {
            self.requirements
                .iter()
                .any(|one| RUNNERS.contains(&one.name.to_lowercase().as_str()))
        };
        self.is_set("IsTestProject") || self.has_sdk("MSTest.Sdk") || required()
    }

    /// Whether it starts the others while they are developed. <https://aspire.dev>
    pub(super) fn is_orchestrator(&self) -> bool {
        self.is_set("IsAspireHost")
            || self.has_sdk("Aspire.AppHost.Sdk")
            || self.package("Aspire.Hosting.AppHost").is_some()
    }

    /// Whether it stands beside the application: a test, an example, a measurement.
    pub(super) fn is_beside(&self) -> bool {
        const WORDS: &[&str] = &[
            "test",
            "tests",
            "testing",
            "unittests",
            "integrationtests",
            "functionaltests",
            "integrationtest",
            "benchmark",
            "benchmarks",
            "fuzz",
            "sample",
            "samples",
            "example",
            "examples",
            "demo",
            "playground",
        ];
        let last = self.name.rsplit(['.', '-', '_']).next().unwrap_or_default();
        WORDS.contains(&last.to_lowercase().as_str())
            || last.ends_with("Test")
            || last.ends_with("Tests")
            || beside_or_hidden(&self.root)
            || self.package("BenchmarkDotNet").is_some()
            || self.package("SharpFuzz").is_some()
            || self.is_test()
            || self.is_orchestrator()
    }

    /// Whether it runs on phones or desktops alone.
    pub(super) fn is_client(&self) -> bool {
        let kind = self.get("OutputType").map(|(kind, _)| kind.to_lowercase());
        let for_devices = || {
            let frameworks = self.frameworks();
            !frameworks.is_empty() && frameworks.iter().all(|(name, _)| name.contains('-'))
        };
        kind.as_deref() == Some("winexe")
            || ["UseMaui", "UseWPF", "UseWindowsForms"]
                .iter()
                .any(|name| self.is_set(name))
            || for_devices()
    }
}
