//! What the user's own image keeps in volumes: where no code is read for what it writes, that tells.

use crate::detect::Tree;
use crate::project::{ComposeFile, ComposeService, Dockerfile, Evidence, Fact, RelPath, Service};

/// Adds the folders that the service's `images` and compose services keep. Below the images'
/// working directory they are folders of the service's, elsewhere absolute ones.
pub(in super::super) fn find(
    tree: &Tree,
    images: &[&Dockerfile],
    composed: &[(&ComposeFile, &ComposeService)],
    service: &mut Service,
) {
    let home = |image: &Dockerfile| {
        let said = image.workdir.as_ref();
        said.map_or("/", |at| at.excerpt.as_str()).to_owned()
    };
    for image in images {
        for at in &image.volumes {
            add(&home(image), at.clone(), service);
        }
    }
    let home = images
        .first()
        .map_or_else(|| "/".to_owned(), |image| home(image));
    for (file, composed) in composed {
        let folder = file.path.parent();
        let targets = composed.volumes.iter();
        for target in targets.filter_map(|text| mounted(text).or_else(|| kept(tree, &folder, text)))
        {
            add(
                &home,
                Evidence::new(file.path.clone(), composed.line, target),
                service,
            );
        }
    }
}

/// Where a volume is mounted; None for a bind mount.
fn mounted(text: &str) -> Option<&str> {
    let mut parts = super::compose::parts(text);
    let (source, target) = (parts.next()?, parts.next()?);
    let is_named = source.starts_with(|first: char| first.is_ascii_alphanumeric());
    (is_named && target.starts_with('/')).then_some(target)
}

/// Where a folder of the host's is mounted that holds what the service writes: one beside the compose file
/// that the repository has not, or the same one of a system's data.
fn kept<'t>(tree: &Tree, folder: &RelPath, text: &'t str) -> Option<&'t str> {
    let mut parts = super::compose::parts(text);
    let (source, target) = (parts.next()?, parts.next()?.trim_end_matches('/'));
    let written = parts.next().is_none_or(|mode| !mode.contains("ro"));
    let is_folder = |path: &str| {
        !path
            .rsplit('/')
            .next()
            .is_some_and(|last| last.contains('.'))
    };
    let own = source.strip_prefix("./").is_some_and(|below| {
        let here = folder.join(below.trim_end_matches('/'));
        here.is_ok_and(|here| !here.is_root() && !tree.has(&here) && !tree.has_folder(&here))
    });
    let of_system = source.trim_end_matches('/') == target
        && ["/var/lib/", "/var/cache/"]
            .iter()
            .any(|start| target.starts_with(start));
    (written && target.starts_with('/') && is_folder(target) && (own || of_system))
        .then_some(target)
}

fn add(home: &str, at: Evidence, service: &mut Service) {
    let folder = at.excerpt.trim_end_matches('/').to_owned();
    let below = folder
        .strip_prefix(home.trim_end_matches('/'))
        .and_then(|below| below.strip_prefix('/'));
    // What a system keeps its data in is nothing relative, wherever the image starts.
    let of_system = folder.starts_with("/var/") && home == "/";
    if let Some(below) = below.filter(|_| !of_system) {
        if let Ok(path) = service.working_dir.value.join(below)
            && !service
                .writable
                .iter()
                .any(|known| path.is_within(&known.value))
        {
            service.writable.push(Fact::certain(path, at));
        }
    } else if !folder.is_empty()
        && folder != home
        && service.volumes.iter().all(|known| known.value != folder)
    {
        service.volumes.push(Fact::certain(folder, at));
    }
}

#[cfg(test)]
mod tests {
    use super::super::dockerfile;
    use super::*;
    use crate::project::ServiceKind;

    fn kept_by(text: &str) -> (Vec<String>, Vec<String>) {
        let path = RelPath::parse("Dockerfile").unwrap();
        let at = Evidence::file(path.clone());
        let mut service = Service::new(
            "web",
            "go",
            RelPath::root(),
            Fact::certain(ServiceKind::Web, at.clone()),
            Fact::certain(RelPath::root(), at),
        );
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        find(&tree, &[&dockerfile::read(&path, text)], &[], &mut service);
        (
            service
                .writable
                .iter()
                .map(|fact| fact.value.to_string())
                .collect(),
            service
                .volumes
                .iter()
                .map(|fact| fact.value.clone())
                .collect(),
        )
    }

    #[test]
    fn folders_of_the_host_are_kept_where_they_hold_data() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/a"), "").unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let of = |text| kept(&tree, &RelPath::root(), text);
        assert_eq!(of("./uploads:/app/uploads:rw"), Some("/app/uploads"));
        assert_eq!(of("/var/cache/x:/var/cache/x"), Some("/var/cache/x"));
        for text in [
            "./src:/app",
            "./x.toml:/app/x.toml",
            "./made:/app/made:ro",
            "/etc/x:/etc/x",
            "/srv/x:/data",
            ".:/app",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn below_the_working_directory_it_is_the_services_own() {
        let (own, elsewhere) =
            kept_by("FROM x\nWORKDIR /app\nVOLUME [\"/app/data\", \"/var/lib/x/\"]\n");
        assert_eq!(
            (own.as_slice(), elsewhere.as_slice()),
            (&["data".to_owned()][..], &["/var/lib/x".to_owned()][..])
        );
        // Without a working directory a program's relative paths begin at the root.
        assert_eq!(kept_by("FROM x\nVOLUME /data /more\n").0, ["data", "more"]);
        assert_eq!(kept_by("FROM x\nVOLUME /var/lib/x\n").1, ["/var/lib/x"]);
        assert_eq!(
            kept_by("FROM x\nWORKDIR /app\nVOLUME /app\n"),
            (vec![], vec![])
        );
        assert_eq!(mounted("data:/data:ro"), Some("/data"));
        assert_eq!(
            (
                mounted("./data:/data"),
                mounted("/srv:/data"),
                mounted("/data")
            ),
            (None, None, None)
        );
        assert_eq!(kept_by("FROM x\nWORKDIR /apple\nVOLUME /app\n").1, ["/app"]);
    }
}
