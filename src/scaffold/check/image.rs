//! References of images: name, tag and digest, and which of them float.

use super::text::Text;
use super::{Finding, rule};

/// An image that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// Which part of the file names it: a service, a stage, an argument.
    pub place: String,
    /// From 1.
    pub line: usize,
    /// As written.
    pub reference: String,
    /// Whether the name is given to what is built here.
    pub built: bool,
}

/// What a reference says, as `docker pull` reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'r> {
    /// Without what stands for Docker Hub.
    pub name: &'r str,
    pub tag: Option<&'r str>,
    pub digest: Option<&'r str>,
}

impl<'r> Reference<'r> {
    pub(super) fn of(text: &'r str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].split_once(':') {
            Some((name, tag)) => (&rest[..last + name.len()], Some(tag)),
            None => (rest, None),
        };
        let hub = ["docker.io/", "index.docker.io/"]
            .iter()
            .find_map(|hub| name.strip_prefix(hub));
        let name = hub.unwrap_or(name);
        Self {
            name: name.strip_prefix("library/").unwrap_or(name),
            tag,
            digest,
        }
    }

    /// Whether it names whatever was pushed last.
    fn is_latest(&self) -> bool {
        self.digest.is_none() && self.tag.is_none_or(|tag| tag == "latest")
    }
}

/// Those of `images` that float although they did not when they were generated, or by their very
/// name. `pristine` are those of the file as it was generated; None where the file is the user's.
pub(super) fn floating(text: &Text, images: &[Image], pristine: Option<&[Image]>) -> Vec<Finding> {
    let before = pristine.unwrap_or_default();
    let of = |image: &Image| {
        let now = Reference::of(&image.reference);
        let is_as_generated = |other: &Image| other.reference == image.reference;
        if image.built || now.digest.is_some() || before.iter().any(is_as_generated) {
            return None;
        }
        let pinned = |other: &&Image| Reference::of(&other.reference).digest.is_some();
        let same = (before.iter())
            .filter(pinned)
            .find(|other| Reference::of(&other.reference).name == now.name);
        let there = before.iter().filter(pinned);
        let there = same.or_else(|| there.into_iter().find(|other| other.place == image.place));
        let Image {
            place,
            line,
            reference,
            ..
        } = image;
        let message = match there {
            Some(_) => format!(
                "{place}: {reference} has no digest, which the image had when it was generated"
            ),
            None if now.is_latest() && !reference.contains('$') => {
                format!("{place}: {reference} is whatever was pushed last")
            }
            None => return None,
        };
        let mend = match same {
            Some(other) => format!("write {}", other.reference),
            None => format!(
                "name a version and its digest; docker buildx imagetools inspect {reference} \
                 shows it"
            ),
        };
        text.finding(rule::FLOATING_TAG, *line, message, mend)
    };
    images.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_docker_reads_it() {
        // Reference grammar of the distribution project: [domain/]path[:tag][@digest].
        let cases = [
            ("postgres", ("postgres", None, None)),
            (
                "docker.io/library/postgres:17",
                ("postgres", Some("17"), None),
            ),
            ("localhost:5000/a/b", ("localhost:5000/a/b", None, None)),
            (
                "localhost:5000/a:1@sha256:0",
                ("localhost:5000/a", Some("1"), Some("sha256:0")),
            ),
            (
                "ghcr.io/o/n@sha256:0",
                ("ghcr.io/o/n", None, Some("sha256:0")),
            ),
        ];
        for (text, (name, tag, digest)) in cases {
            assert_eq!(
                Reference::of(text),
                Reference { name, tag, digest },
                "{text}"
            );
        }
    }
}
