//! Debian packages that gems need to be built and to run, and those that an image of the repository has.

use super::application::Application;
use crate::detect::{debian, existing};
use crate::project::{Evidence, Fact, Service};

/// What one gem needs.
struct Needs {
    gem: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
    /// Whether the gem comes built for Linux, where the lock says so.
    built: bool,
}

const fn needs(
    gem: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
) -> Needs {
    Needs {
        gem,
        build,
        run,
        built: false,
    }
}

const fn built(
    gem: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
) -> Needs {
    Needs {
        gem,
        build,
        run,
        built: true,
    }
}

#[rustfmt::skip]
const NEEDS: &[Needs] = &[
    built("pg", &["libpq-dev"], &["libpq5"]),
    needs("mysql2", &["default-libmysqlclient-dev"], &["libmariadb3"]),
    needs("trilogy", &["libssl-dev"], &[]),
    built("sqlite3", &["libsqlite3-dev"], &["libsqlite3-0"]),
    built("nokogiri", &["libxml2-dev", "libxslt1-dev", "zlib1g-dev"], &["libxml2", "libxslt1.1"]),
    built("ffi", &["libffi-dev"], &["libffi8"]),
    needs("ruby-vips", &[], &["libvips42"]),
    needs("image_processing", &[], &["libvips42"]),
    needs("mini_magick", &[], &["imagemagick"]),
    needs("rmagick", &["libmagickwand-dev"], &["imagemagick"]),
    needs("charlock_holmes", &["libicu-dev", "zlib1g-dev"], &[]),
    needs("curb", &["libcurl4-openssl-dev"], &["libcurl4"]),
    needs("typhoeus", &[], &["libcurl4"]),
    needs("ethon", &[], &["libcurl4"]),
    needs("rugged", &["cmake", "libssl-dev", "libssh2-1-dev", "zlib1g-dev"], &["libssh2-1"]),
    needs("tiny_tds", &["freetds-dev"], &["freetds-bin"]),
    needs("idn-ruby", &["libidn-dev"], &["libidn12"]),
    needs("hiredis", &["libssl-dev"], &[]),
    needs("rdkafka", &["zlib1g-dev", "libssl-dev"], &[]),
    needs("streamio-ffmpeg", &[], &["ffmpeg"]),
    needs("wkhtmltopdf-binary", &[], &["libxrender1", "libfontconfig1"]),
    needs("ferrum", &[], &["chromium"]),
    needs("grover", &[], &["chromium"]),
    needs("poppler", &["libpoppler-glib-dev"], &[]),
    needs("ruby-filemagic", &["libmagic-dev"], &["libmagic1"]),
    // Their code is compiled by Node.js when assets are made.
    needs("uglifier", &["nodejs"], &[]),
    needs("terser", &["nodejs"], &[]),
    needs("coffee-rails", &["nodejs"], &[]),
    needs("autoprefixer-rails", &["nodejs"], &[]),
    // Their tasks install packages and build with them.
    needs("vite_rails", &["nodejs", "npm"], &[]),
    needs("vite_ruby", &["nodejs", "npm"], &[]),
    needs("webpacker", &["nodejs", "npm"], &[]),
    needs("shakapacker", &["nodejs", "npm"], &[]),
];

/// What native code of any gem is compiled with.
const ALWAYS: &[&str] = &["build-essential", "libyaml-dev", "pkg-config"];

/// Packages of a Dockerfile that production does without, or that the image brings anyway.
const NOT: &[&str] = &[
    "libjemalloc2",
    "bundler",
    "ruby",
    "tzdata",
    "postgresql-client",
    "sqlite3",
    "libvips",
    "redis",
    "libcap2-bin",
];

/// Adds what the gems of production need, and what an image of the repository installs for them.
pub(super) fn find(application: &Application<'_>, service: &mut Service) {
    let manifest = &application.gemfile.path;
    let at = Evidence::file(manifest.clone());
    for name in ALWAYS {
        let fact = Fact::likely((*name).to_owned(), at.clone());
        service
            .build_packages
            .push(fact.because("gems with native code are compiled with it"));
    }
    let from_git =
        application.gemfile.from_git || application.lock.as_ref().is_some_and(|lock| lock.from_git);
    if from_git {
        let fact = Fact::likely("git".to_owned(), at.clone());
        service
            .build_packages
            .push(fact.because("Bundler gets a gem from a git repository"));
    }
    // What only runs is needed where the project itself asks for it: another gem may do without.
    let is_needed = |needs: &&Needs| {
        application.gem(needs.gem).is_some()
            || !needs.build.is_empty() && application.installs(needs.gem)
    };
    for needs in NEEDS.iter().filter(is_needed) {
        let lock = application.lock.as_ref();
        if needs.built && lock.is_some_and(|lock| lock.is_built(needs.gem)) {
            continue;
        }
        let gem = application.gem(needs.gem).map(|gem| gem.declared.clone());
        let at = gem.or_else(|| Some(Evidence::file(lock?.path.clone())));
        let Some(at) = at else { continue };
        let fact = |name: &&str| {
            Fact::likely((*name).to_owned(), at.clone()).because(format!("{} needs it", needs.gem))
        };
        service.build_packages.extend(needs.build.iter().map(fact));
        service.system_packages.extend(needs.run.iter().map(fact));
    }
    let images = application.images();
    let deployed = images
        .iter()
        .find(|image| !existing::is_for_developers(image));
    if let Some(image) = deployed {
        let from = image.from.as_ref();
        let alpine = from.is_some_and(|from| from.excerpt.contains("alpine"));
        for evidence in &image.system_packages {
            let name = debian::debian(&evidence.excerpt, alpine);
            if let Some(name) = name.filter(|name| !NOT.contains(name)) {
                let fact = Fact::likely(name.to_owned(), evidence.clone());
                service.system_packages.push(fact);
            }
        }
    }
    for list in [&mut service.build_packages, &mut service.system_packages] {
        list.sort_by(|a, b| a.value.cmp(&b.value));
        list.dedup_by(|a, b| a.value == b.value);
    }
}
