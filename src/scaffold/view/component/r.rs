//! How the packages of a project of R are installed: for images, workflows, make and the dev container alike.

use super::Component;
use crate::project::{Fact, PackageManager, Service};

/// The version of R to run on: the one that is pinned; None where a DESCRIPTION alone says the least that does.
pub(in super::super) fn version(known: Option<&Fact<String>>) -> Option<&str> {
    let fact = known?;
    let is_least = fact
        .evidence
        .first()
        .is_some_and(|at| at.file.file_name() == "DESCRIPTION");
    (!is_least).then_some(fact.value.as_str())
}

/// Where packages come from on a machine that has no mirror set.
const MIRROR: &str = "options(repos = replace(getOption(\"repos\"), getOption(\"repos\") == \"@CRAN@\", \"https://cloud.r-project.org\"))";

/// Packages that Bioconductor alone has, of those that are asked for most.
const BIOCONDUCTOR: &[&str] = &[
    "ANCOMBC",
    "AnnotationDbi",
    "Biobase",
    "BiocGenerics",
    "BiocParallel",
    "Biostrings",
    "ComplexHeatmap",
    "DESeq2",
    "DirichletMultinomial",
    "GenomicRanges",
    "IRanges",
    "Maaslin2",
    "MultiAssayExperiment",
    "S4Vectors",
    "SingleCellExperiment",
    "SummarizedExperiment",
    "TreeSummarizedExperiment",
    "biomaRt",
    "biomformat",
    "clusterProfiler",
    "curatedMetagenomicData",
    "dada2",
    "edgeR",
    "ggtree",
    "limma",
    "metagenomeSeq",
    "mia",
    "miaViz",
    "microbiome",
    "phyloseq",
    "rhdf5",
    "scater",
    "scran",
    "tximport",
    "variancePartition",
];

/// What R is told, one expression after the other, to install what `service` declares: into `library`, or where R
/// does it by itself.
pub(in super::super) fn steps(service: &Service, library: Option<&str>) -> Vec<String> {
    let manager = service.package_manager.as_ref().map(|fact| fact.value);
    let own = |one: &&crate::project::Requirement| one.direct && !one.development;
    let names: Vec<&str> = service
        .requirements
        .iter()
        .filter(own)
        .map(|one| one.name.as_str())
        .collect();
    if manager == Some(PackageManager::Renv) {
        return restore(library);
    }
    listed(&names, library)
}

/// What installs what a lock of renv names; renv itself is none of the application's.
fn restore(library: Option<&str>) -> Vec<String> {
    let into = library.map_or_else(String::new, |library| format!("library = \"{library}\", "));
    vec![
        MIRROR.to_owned(),
        "if (!requireNamespace(\"renv\", quietly = TRUE)) install.packages(\"renv\")".to_owned(),
        format!("renv::restore({into}prompt = FALSE)"),
    ]
}

/// What installs packages by name, those that are there already left alone, and fails where one is not there then.
fn listed(names: &[&str], library: Option<&str>) -> Vec<String> {
    if names.is_empty() {
        return Vec::new();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let into = library.map_or_else(String::new, |library| format!(", lib = \"{library}\""));
    let is_of_bioconductor = names.iter().any(|name| BIOCONDUCTOR.contains(name));
    let mut steps = vec![
        MIRROR.to_owned(),
        format!("wanted <- c({})", quoted.join(", ")),
        "missing <- setdiff(wanted, rownames(installed.packages()))".to_owned(),
    ];
    if is_of_bioconductor {
        steps.push("if (!requireNamespace(\"BiocManager\", quietly = TRUE)) install.packages(\"BiocManager\")".to_owned());
        steps.push(format!(
            "if (length(missing)) BiocManager::install(missing, ask = FALSE, update = FALSE{into})"
        ));
    } else {
        steps.push(format!(
            "if (length(missing)) install.packages(missing{into})"
        ));
    }
    let there = library.map_or_else(
        || "rownames(installed.packages())".to_owned(),
        |library| format!("rownames(installed.packages(c(\"{library}\", .libPaths())))"),
    );
    steps.push(format!("stopifnot(wanted %in% {there})"));
    steps
}

/// The words of a shell that give `steps` to R; empty where there is nothing to do.
pub(in super::super) fn command(steps: &[String]) -> String {
    if steps.is_empty() {
        return "true".to_owned();
    }
    let steps: Vec<String> = steps
        .iter()
        .map(|step| format!("-e {}", crate::scaffold::view::container::sh(step)))
        .collect();
    format!("Rscript {}", steps.join(" "))
}

impl Component<'_> {
    /// The command that installs the packages of a project of R, those for tests and linters as well; None for others.
    pub(in super::super) fn r_packages(&self) -> Option<String> {
        if self.ecosystem != "r" {
            return None;
        }
        let declared = self
            .inputs
            .iter()
            .any(|file| file.file_name() == "DESCRIPTION");
        let mut steps = match (self.manager, self.services.first()) {
            (Some(PackageManager::Renv), _) => restore(None),
            _ if declared => vec![
                MIRROR.to_owned(),
                "if (!requireNamespace(\"remotes\", quietly = TRUE)) install.packages(\"remotes\")"
                    .to_owned(),
                "remotes::install_deps(dependencies = TRUE)".to_owned(),
            ],
            (_, Some(service)) => steps(service, None),
            _ => vec![MIRROR.to_owned()],
        };
        for (tool, is_used) in [
            (
                "testthat",
                self.test.is_some_and(|test| test.runner == "testthat"),
            ),
            (
                "targets",
                self.test.is_some_and(|test| test.runner == "targets"),
            ),
            ("lintr", !self.scripts.lints.is_empty()),
            ("IRkernel", self.framework == Some("jupyter")),
        ] {
            if is_used {
                steps.push(format!(
                    "if (!requireNamespace(\"{tool}\", quietly = TRUE)) install.packages(\"{tool}\")"
                ));
            }
        }
        Some(command(&steps))
    }
}
