//! Debian packages that packages of R need to be built and to run, and those that an image of the repository
//! installs. <https://github.com/rstudio/r-system-requirements>

use super::project::RProject;
use crate::detect::{debian, existing};
use crate::project::{Evidence, Fact, Service};

/// What one package needs. Libraries whose package is called after their version in every release of Debian
/// and Ubuntu stand with the package for development, whose name stays.
struct Needs {
    package: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
}

const fn needs(
    package: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
) -> Needs {
    Needs {
        package,
        build,
        run,
    }
}

#[rustfmt::skip]
const NEEDS: &[Needs] = &[
    needs("Cairo", &["libcairo2-dev", "libxt-dev"], &["libcairo2", "libxt6"]),
    needs("RMariaDB", &["libmariadb-dev"], &["libmariadb3"]),
    needs("RMySQL", &["default-libmysqlclient-dev"], &["default-libmysqlclient-dev"]),
    needs("RPostgreSQL", &["libpq-dev"], &["libpq5"]),
    needs("RPostgres", &["libpq-dev"], &["libpq5"]),
    needs("Rhtslib", &["libbz2-dev", "libcurl4-openssl-dev", "liblzma-dev", "zlib1g-dev"], &["libcurl4"]),
    needs("Rmpfr", &["libgmp-dev", "libmpfr-dev"], &["libgmp10", "libmpfr6"]),
    needs("XML", &["libxml2-dev"], &["libxml2"]),
    needs("av", &["libavfilter-dev"], &["libavfilter-dev"]),
    needs("chromote", &[], &["chromium"]),
    needs("curl", &["libcurl4-openssl-dev", "libssl-dev"], &["libcurl4"]),
    needs("fftw", &["libfftw3-dev"], &["libfftw3-double3"]),
    // With what it brings: jqr, protolite, sf and V8.
    needs("geojsonio", &["libgdal-dev", "libgeos-dev", "libjq-dev", "libnode-dev", "libproj-dev", "libprotobuf-dev", "libudunits2-dev", "protobuf-compiler"], &["gdal-bin", "libgeos-c1v5", "libjq1", "libnode-dev", "libprotobuf-dev", "libudunits2-0", "proj-bin"]),
    needs("gert", &["libgit2-dev"], &["libgit2-dev"]),
    needs("git2r", &["libgit2-dev"], &["libgit2-dev"]),
    needs("gmp", &["libgmp-dev"], &["libgmp10"]),
    needs("gsl", &["libgsl-dev"], &["libgsl27"]),
    needs("hdf5r", &["libhdf5-dev"], &["libhdf5-dev"]),
    needs("igraph", &["gfortran", "libglpk-dev", "libxml2-dev"], &["libglpk40", "libxml2"]),
    needs("jqr", &["libjq-dev"], &["libjq1"]),
    needs("keyring", &["libsecret-1-dev"], &["libsecret-1-0"]),
    needs("lwgeom", &["libgeos-dev", "libproj-dev"], &["libgeos-c1v5", "proj-bin"]),
    needs("magick", &["libmagick++-dev"], &["libmagick++-dev"]),
    needs("mongolite", &["libsasl2-dev", "libssl-dev"], &["libsasl2-2", "libssl3"]),
    needs("ncdf4", &["libnetcdf-dev"], &["libnetcdf19"]),
    needs("nloptr", &["cmake", "libnlopt-dev"], &["libnlopt0"]),
    needs("odbc", &["unixodbc-dev"], &["unixodbc"]),
    needs("openssl", &["libssl-dev"], &["libssl3"]),
    needs("pdftools", &["libpoppler-cpp-dev"], &["libpoppler-cpp-dev"]),
    needs("plumber", &["libsodium-dev"], &["libsodium23"]),
    needs("qpdf", &["libjpeg-dev"], &[]),
    needs("rJava", &["default-jdk-headless"], &["default-jre-headless"]),
    needs("ragg", &["libfreetype6-dev", "libjpeg-dev", "libpng-dev", "libtiff-dev"], &["libfreetype6"]),
    needs("redux", &["libhiredis-dev"], &["libhiredis-dev"]),
    needs("rgl", &["libgl1-mesa-dev", "libglu1-mesa-dev"], &["libgl1", "libglu1-mesa"]),
    needs("rmarkdown", &[], &["pandoc"]),
    needs("rsvg", &["librsvg2-dev"], &["librsvg2-2"]),
    needs("sf", &["libgdal-dev", "libgeos-dev", "libproj-dev", "libudunits2-dev"], &["gdal-bin", "libgeos-c1v5", "libudunits2-0", "proj-bin"]),
    needs("sodium", &["libsodium-dev"], &["libsodium23"]),
    needs("ssh", &["libssh-dev"], &["libssh-4"]),
    needs("systemfonts", &["libfontconfig1-dev", "libfreetype6-dev"], &["libfontconfig1", "libfreetype6"]),
    needs("terra", &["libgdal-dev", "libgeos-dev", "libproj-dev"], &["gdal-bin", "libgeos-c1v5", "proj-bin"]),
    needs("tesseract", &["libleptonica-dev", "libtesseract-dev"], &["libtesseract-dev", "tesseract-ocr-eng"]),
    needs("textshaping", &["libfribidi-dev", "libharfbuzz-dev"], &["libfribidi0", "libharfbuzz0b"]),
    needs("units", &["libudunits2-dev"], &["libudunits2-0"]),
    needs("webshot2", &[], &["chromium"]),
    needs("xml2", &["libxml2-dev"], &["libxml2"]),
    needs("xslt", &["libxslt1-dev"], &["libxslt1.1"]),
];

/// Packages of an image that only build, or that every image of R has.
const NOT: &[&str] = &[
    "build-essential",
    "gcc",
    "g++",
    "gfortran",
    "make",
    "cmake",
    "git",
    "sudo",
    "wget",
    "curl",
    "r-base",
    "r-base-dev",
    "locales",
    "gdebi-core",
    "software-properties-common",
    "apt-utils",
    "vim",
    "nano",
    "xz-utils",
];

/// Adds what the packages of production need, and what an image of the repository installs for them.
pub(super) fn find(project: &RProject<'_>, service: &mut Service) {
    for needs in NEEDS {
        // The lock lists what others only suggest.
        let direct = |name: &str| project.any(name).is_some_and(|one| one.direct);
        let wanted =
            project.installs(needs.package) && (!needs.build.is_empty() || direct(needs.package));
        let Some(one) = project.any(needs.package).filter(|_| wanted) else {
            continue;
        };
        let fact = |name: &&str| {
            Fact::likely((*name).to_owned(), one.declared.clone())
                .because(format!("{} needs it", needs.package))
        };
        service.build_packages.extend(needs.build.iter().map(fact));
        service.system_packages.extend(needs.run.iter().map(fact));
    }
    let images = project.images();
    let deployed = images
        .iter()
        .find(|image| !existing::is_for_developers(image));
    for evidence in deployed.iter().flat_map(|image| &image.system_packages) {
        let name = evidence.excerpt.as_str();
        if NOT.contains(&name) || name.starts_with("r-cran-") || name.contains('$') {
            continue;
        }
        // What runs it is called after a version that only its release of Debian knows.
        let is_known = service.build_packages.iter().any(|fact| fact.value == name);
        if let Some(name) = name.strip_suffix("-dev").filter(|_| !is_known) {
            let fact = |name: String, evidence: &Evidence| Fact::likely(name, evidence.clone());
            service
                .build_packages
                .push(fact(format!("{name}-dev"), evidence));
            service
                .system_packages
                .push(fact(format!("{name}-dev"), evidence));
        } else if let Some(name) = debian::debian(name, false) {
            let fact = Fact::likely(name.to_owned(), evidence.clone());
            service.system_packages.push(fact);
        }
    }
    for list in [&mut service.build_packages, &mut service.system_packages] {
        list.sort_by(|a, b| a.value.cmp(&b.value));
        list.dedup_by(|a, b| a.value == b.value);
    }
}
