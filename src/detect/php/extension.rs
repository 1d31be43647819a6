//! Extensions of PHP that code calls without a manifest that names them.

use crate::project::{Evidence, RelPath};
use regex::Regex;
use std::sync::LazyLock;

/// Calls by which an extension shows that does not come with PHP's own images.
static CALLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = r"\b(?:(?<gd>imagecreate\w*|imagepng)|(?<bcmath>bcadd|bcmul|bcdiv|bcsub|bccomp)|(?<exif>exif_read_data)|(?<gmp>gmp_\w+)|(?<ldap>ldap_connect)|(?<pcntl>pcntl_\w+)|(?<sockets>socket_create)|(?<gettext>bindtextdomain))\(|new \\?(?:(?<zip>ZipArchive)|(?<soap>SoapClient|SoapServer)|(?<intl>NumberFormatter|IntlDateFormatter|Collator|MessageFormatter)|(?<imagick>Imagick)|(?<xsl>XSLTProcessor)|(?<redis>Redis)|(?<memcached>Memcached)|(?<mysqli>mysqli))\(|(?<calls_mysqli>mysqli_connect)\(|(?<pgsql>pg_connect)\(";
    Regex::new(words).ok()
});

/// Groups of [`CALLED`], each with the extension that it stands for.
const EXTENSIONS: &[(&str, &str)] = &[
    ("gd", "gd"),
    ("bcmath", "bcmath"),
    ("exif", "exif"),
    ("gmp", "gmp"),
    ("ldap", "ldap"),
    ("pcntl", "pcntl"),
    ("sockets", "sockets"),
    ("gettext", "gettext"),
    ("zip", "zip"),
    ("soap", "soap"),
    ("intl", "intl"),
    ("imagick", "imagick"),
    ("xsl", "xsl"),
    ("redis", "redis"),
    ("memcached", "memcached"),
    ("mysqli", "mysqli"),
    ("calls_mysqli", "mysqli"),
    ("pgsql", "pgsql"),
];

/// The first call of each extension.
pub(super) fn called(path: &RelPath, text: &str) -> Vec<(&'static str, Evidence)> {
    let mut found: Vec<(&'static str, Evidence)> = Vec::new();
    let mut rest = 0;
    let Some(called) = CALLED.as_ref() else {
        return found;
    };
    while let Some(captures) = called.captures_at(text, rest) {
        let named = EXTENSIONS
            .iter()
            .find_map(|(group, name)| Some((*name, captures.name(group)?)));
        let Some((name, place)) = named else { break };
        rest = place.end();
        if !found.iter().any(|(known, _)| *known == name) {
            let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..place.start()]).count() + 1;
            let excerpt = text.lines().nth(line - 1).unwrap_or_default();
            found.push((name, Evidence::new(path.clone(), line, excerpt)));
        }
    }
    found
}
