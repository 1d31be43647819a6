//! The name of a repository that all its clones share, whatever way each of them reaches it.

use url::Url;

/// `host/path` of a remote's address, without scheme, user, port and `.git`, the host in lower
/// case; None for one on this machine.
///
/// `git@Git.Example.org:acme/shop.git` and `https://git.example.org:8443/acme/shop/` are both
/// `git.example.org/acme/shop`.
pub fn shared_name(address: &str) -> Option<String> {
    let url = if address.contains("://") {
        Url::parse(address).ok()?
    } else {
        // The short form of ssh: a colon before the first slash.
        let (host, path) = address.split_once(':')?;
        if host.is_empty() || host.contains(['/', '\\']) || host.len() == 1 {
            return None;
        }
        Url::parse(&format!("ssh://{host}/{}", path.trim_start_matches('/'))).ok()?
    };
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let path = url.path().trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    if url.scheme() == "file" || path.is_empty() {
        return None;
    }
    Some(format!("{}/{path}", host.to_lowercase()))
}

/// A remote's address as a person opens it: `git@host:a/b.git` is `https://host/a/b`. None for one
/// on this machine.
pub fn web_address(address: &str) -> Option<String> {
    shared_name(address)?;
    let address = address.trim_end_matches('/').trim_end_matches(".git");
    let rest = address
        .strip_prefix("git@")
        .or_else(|| address.strip_prefix("ssh://git@"));
    Some(match rest {
        Some(rest) => format!("https://{}", rest.replacen(':', "/", 1)),
        None => address.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{shared_name, web_address};

    #[test]
    fn an_address_is_opened_in_a_browser() {
        for (address, web) in [
            (
                "git@github.com:acme/shop.git",
                Some("https://github.com/acme/shop"),
            ),
            (
                "ssh://git@github.com/acme/shop",
                Some("https://github.com/acme/shop"),
            ),
            (
                "https://git.example.org:8443/acme/shop.git/",
                Some("https://git.example.org:8443/acme/shop"),
            ),
            ("file:///srv/shop.git", None),
            ("../shop", None),
        ] {
            assert_eq!(web_address(address).as_deref(), web, "{address}");
        }
    }

    #[test]
    fn every_way_to_a_repository_gives_one_name() {
        for address in [
            "https://github.com/acme/shop",
            "https://me:hush@GitHub.com/acme/shop.git",
            "ssh://git@github.com:22/acme/shop.git/",
            "git@github.com:acme/shop.git",
            "github.com:acme/shop",
            "git://github.com/acme/shop.git",
        ] {
            assert_eq!(
                shared_name(address).as_deref(),
                Some("github.com/acme/shop"),
                "{address}"
            );
        }
    }

    #[test]
    fn what_lies_on_this_machine_has_none() {
        for address in [
            "/srv/git/shop.git",
            "../shop",
            "file:///srv/shop",
            "C:\\git\\shop",
            "C:/x",
            "https://github.com/",
            "",
        ] {
            assert_eq!(shared_name(address), None, "{address}");
        }
    }
}
