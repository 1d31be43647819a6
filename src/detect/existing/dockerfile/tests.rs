use super::image::runtime;
use super::text::expand;
use super::*;

#[test]
fn a_comment_between_backticks_is_no_package() {
    let said = parsed(
        "FROM debian:12\n\
         RUN apt-get update && apt-get install -y \\\n\
         \x20 libpq5 \\\n\
         \x20 `# needed by the parser` \\\n\
         \x20 libxslt1.1 \\\n\
         \x20 && apt-get clean\n",
    );
    let names: Vec<&str> = said
        .system_packages
        .iter()
        .map(|package| package.excerpt.as_str())
        .collect();
    assert_eq!(names, ["libpq5", "libxslt1.1"]);
}

fn parsed(text: &str) -> Dockerfile {
    read(&RelPath::parse("Dockerfile").unwrap(), text)
}

fn shown(evidence: Option<&Evidence>) -> Option<(usize, &str)> {
    evidence.map(|evidence| (evidence.line, evidence.excerpt.as_str()))
}

#[test]
fn packages_of_another_archive_are_none_of_the_base_image() {
    let said = parsed(
        "FROM debian:12\n\
         RUN apt-get update && apt-get install -y xmlsec1\n\
         RUN curl https://archive.example/list > /etc/apt/sources.list.d/other.list \\\n\
         \x20 && apt-get update && apt-get install -y vendor-driver\n",
    );
    let names: Vec<&str> = said
        .system_packages
        .iter()
        .map(|package| package.excerpt.as_str())
        .collect();
    assert_eq!(names, ["xmlsec1"]);
}

#[test]
fn reads_what_the_last_stage_says() {
    let said = parsed(
        "FROM python:3.11-slim\n\
         RUN apt-get update && apt-get install -y gcc \\\n\
         # for the driver\n\
         \x20 libpq-dev=15.* curl\n\
         COPY --chown=1:1 backend/ frontend/ /app/\n\
         WORKDIR /app\n\
         WORKDIR backend\n\
         ENV PYTHONPATH=/app SECRET_KEY=x\n\
         EXPOSE 5000/tcp 53/udp\n\
         USER 10001:10001\n\
         HEALTHCHECK --interval=30s CMD curl -f http://localhost:5000/ || exit 1\n\
         ENTRYPOINT [\"/app/entry.sh\"]\n\
         CMD [\"flask\", \"run\", \"--host\", \"0.0.0.0\"]\n",
    );
    assert_eq!(shown(said.from.as_ref()), Some((1, "python:3.11-slim")));
    assert_eq!(said.runtime, Some(("python".into(), "3.11".into())));
    let packages: Vec<_> = said
        .system_packages
        .iter()
        .map(|package| (package.line, package.excerpt.as_str()))
        .collect();
    assert_eq!(packages, [(2, "gcc"), (4, "libpq-dev"), (4, "curl")]);
    let copied: Vec<_> = said
        .copied
        .iter()
        .map(|path| path.excerpt.as_str())
        .collect();
    assert_eq!(copied, ["backend/", "frontend/"]);
    assert_eq!(shown(said.workdir.as_ref()), Some((7, "/app/backend")));
    assert_eq!(
        said.env.len(),
        1,
        "a secret's name is left out with its value"
    );
    assert_eq!(shown(said.env.first()), Some((8, "PYTHONPATH=/app")));
    assert_eq!(said.exposed.len(), 1);
    assert_eq!(said.exposed[0].0.get(), 5000);
    assert_eq!(shown(said.user.as_ref()), Some((10, "10001:10001")));
    assert_eq!(
        shown(said.healthcheck.as_ref()),
        Some((11, "curl -f http://localhost:5000/ || exit 1"))
    );
    assert_eq!(shown(said.entrypoint.as_ref()), Some((12, "/app/entry.sh")));
    assert_eq!(
        shown(said.cmd.as_ref()),
        Some((13, "flask run --host 0.0.0.0"))
    );
}

#[test]
fn follows_stages_and_argument_defaults() {
    let said = parsed(
        "ARG VERSION=3.12\n\
         ARG BASE=docker.io/library/python:${VERSION}-slim\n\
         FROM $BASE AS base\n\
         WORKDIR /srv\n\
         FROM node:22 AS assets\n\
         RUN npm run build\n\
         FROM base\n\
         COPY --from=assets /dist /srv/dist\n\
         ARG PORT=8000\n\
         EXPOSE ${PORT}\n\
         CMD gunicorn app:app\n",
    );
    assert_eq!(
        shown(said.from.as_ref()),
        Some((3, "docker.io/library/python:3.12-slim"))
    );
    assert_eq!(said.runtime, Some(("python".into(), "3.12".into())));
    assert_eq!(shown(said.workdir.as_ref()), Some((4, "/srv")));
    assert!(said.copied.is_empty());
    assert_eq!(said.exposed[0].0.get(), 8000);
    assert_eq!(shown(said.cmd.as_ref()), Some((11, "gunicorn app:app")));
}

#[test]
fn a_runtime_shows_in_the_name_or_in_the_tag() {
    let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    assert_eq!(
        runtime("python:3.10-slim@sha256:00"),
        pair("python", "3.10")
    );
    assert_eq!(runtime("registry:5000/x/golang:1.22"), pair("go", "1.22"));
    assert_eq!(
        runtime("ghcr.io/astral-sh/uv:python3.12-bookworm"),
        pair("python", "3.12")
    );
    assert_eq!(runtime("python:slim"), None);
    assert_eq!(runtime("debian:13"), None);
}

#[test]
fn expands_as_a_build_does() {
    let variables = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
    assert_eq!(
        expand("$A-${A}-${B:-${A}x}-${A:+y}-$B-$", &variables),
        "1-1-1x-y--$"
    );
}

#[test]
fn nonsense_is_no_panic() {
    assert!(parsed("").from.is_none());
    assert!(parsed("FROM\n\u{0}RUN [\nCOPY").cmd.is_none());
}

#[test]
fn what_pip_is_told_by_name_counts_where_it_ends_in_the_last_stage() {
    let said = parsed(
        "FROM python:3.12 AS wheels\n\
         RUN pip install --prefix /wheels 'psycopg[binary]>=3'\n\
         FROM python:3.12-slim AS base\n\
         RUN pip install --upgrade pip setuptools && python -m pip install -c limits.txt \\\n\
         \x20 gunicorn==23.0.0 . ./own.whl https://files.example/x.whl $EXTRA \\\n\
         \x20 -r requirements.txt\n\
         FROM base AS dev\n\
         RUN pip install watchdog\n\
         FROM base\n\
         COPY --from=wheels /wheels /usr/local\n\
         RUN uv pip install --system mysqlclient; apt-get install curl\n",
    );
    let named: Vec<_> = said
        .installs
        .iter()
        .map(|one| (one.line, one.excerpt.as_str()))
        .collect();
    assert_eq!(
        named,
        [
            (5, "gunicorn==23.0.0"),
            (11, "mysqlclient"),
            (2, "psycopg[binary]>=3"),
        ]
    );
}

#[test]
fn what_is_taken_out_again_is_not_needed() {
    let said = parsed(
        "FROM debian:12\n\
         RUN apt-get update && apt-get install -y binutils libpq5 git \\\n\
         \x20 && strip x && apt-get purge -y binutils git && apt-get autoremove -y\n",
    );
    let names: Vec<&str> = said
        .system_packages
        .iter()
        .map(|package| package.excerpt.as_str())
        .collect();
    assert_eq!(names, ["libpq5"]);
}

#[test]
fn an_option_of_an_installation_is_no_requirement() {
    let said = parsed(
        "FROM python:3.12-slim\n\
         RUN uv pip install -r pyproject.toml --extra prod --group ops gull==2.0\n",
    );
    let named: Vec<_> = said.installs.iter().map(|at| at.excerpt.as_str()).collect();
    assert_eq!(named, ["gull==2.0"]);
}

#[test]
fn what_a_stage_of_node_makes_is_known_with_both_of_its_places() {
    let said = parsed(
        "FROM node:22 AS deps\n\
         WORKDIR /ui\n\
         COPY ui/package.json ./\n\
         FROM deps AS build\n\
         COPY ui .\n\
         RUN npm run build\n\
         FROM python:3.12-slim AS base\n\
         WORKDIR /srv\n\
         COPY . /srv/\n\
         FROM base\n\
         COPY --from=build dist ./static/\n\
         COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/\n",
    );
    let [built] = said.built.as_slice() else {
        panic!("{:?}", said.built);
    };
    assert_eq!((built.at.line, built.source.as_str()), (11, "/dist"));
    assert_eq!(built.target, "/srv/./static/");
    let places = |copies: &[Copied]| -> Vec<String> {
        let shown = copies.iter();
        shown
            .map(|one| format!("{} {}", one.source.excerpt, one.target))
            .collect()
    };
    assert_eq!(
        places(&built.inside),
        ["ui/package.json /ui/./", "ui /ui/."]
    );
    assert_eq!(places(&built.outside), [". /srv/"]);
    assert_eq!(built.runs, ["npm run build"]);
}
