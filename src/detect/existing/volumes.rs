//! What the user's own image keeps in volumes: where no code is read for what it writes, that tells.

use crate::project::{ComposeFile, ComposeService, Dockerfile, Evidence, Fact, Service};

/// Adds the folders that the service's `images` and compose services keep. Below the images'
/// working directory they are folders of the service's, elsewhere absolute ones.
pub(in super::super) fn find(
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
        for target in composed.volumes.iter().filter_map(|text| mounted(text)) {
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

fn add(home: &str, at: Evidence, service: &mut Service) {
    let folder = at.excerpt.trim_end_matches('/').to_owned();
    let below = folder
        .strip_prefix(home.trim_end_matches('/'))
        .and_then(|below| below.strip_prefix('/'));
    if let Some(below) = below {
        if let Ok(path) = service.working_dir.value.join(below)
            && service.writable.iter().all(|known| known.value != path)
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
    use crate::project::{RelPath, ServiceKind};

    fn kept(text: &str) -> (Vec<String>, Vec<String>) {
        let path = RelPath::parse("Dockerfile").unwrap();
        let at = Evidence::file(path.clone());
        let mut service = Service::new(
            "web",
            "go",
            RelPath::root(),
            Fact::certain(ServiceKind::Web, at.clone()),
            Fact::certain(RelPath::root(), at),
        );
        find(&[&dockerfile::read(&path, text)], &[], &mut service);
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
    fn below_the_working_directory_it_is_the_services_own() {
        let (own, elsewhere) =
            kept("FROM x\nWORKDIR /app\nVOLUME [\"/app/data\", \"/var/lib/x/\"]\n");
        assert_eq!(
            (own.as_slice(), elsewhere.as_slice()),
            (&["data".to_owned()][..], &["/var/lib/x".to_owned()][..])
        );
        // Without a working directory a program's relative paths begin at the root.
        assert_eq!(kept("FROM x\nVOLUME /data /more\n").0, ["data", "more"]);
        assert_eq!(
            kept("FROM x\nWORKDIR /app\nVOLUME /app\n"),
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
        assert_eq!(kept("FROM x\nWORKDIR /apple\nVOLUME /app\n").1, ["/app"]);
    }
}
