//! Which declared dependencies the code imports.

use super::code::Code;
use super::distribution::{modules, works_unseen};
use super::manifest::Package;
use super::syntax::{Kind, each_expression};
use crate::project::RelPath;
use std::collections::BTreeSet;

/// Fills `imported` of every requirement, by what the modules of `files` import. Absent where
/// that tells nothing: a plugin, what only another requirement needs, a project too large to be
/// read whole.
pub(super) fn fill(code: &Code<'_>, package: &mut Package, files: &[RelPath], whole: bool) {
    let django = package.any("django").is_some();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for path in files {
        let Some(module) = code.known(path) else {
            continue;
        };
        for import in module.imports.iter().filter(|import| import.level == 0) {
            add(&mut seen, &import.module);
            if let Some(name) = &import.name {
                add(&mut seen, &format!("{}.{name}", import.module));
            }
        }
        // Django imports what its settings name.
        if django {
            each_expression(&module.body, &mut |expr| {
                if let Kind::Str(text) = &expr.kind
                    && text.len() < 100
                    && text
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
                {
                    add(&mut seen, text);
                }
            });
        }
    }
    for requirement in &mut package.requirements {
        // Django's applications are often called like the distribution without its prefix, and a
        // successor like what it succeeds: `waffle` of django-waffle, `django_q` of django-q2.
        let mut names = modules(&requirement.name);
        if django {
            let short = requirement.name.strip_prefix("django-");
            names.extend(short.map(|rest| rest.replace('-', "_")));
            let plain = requirement
                .name
                .trim_end_matches(|c: char| c.is_ascii_digit());
            names.push(plain.replace('-', "_"));
        }
        let known = names.iter().any(|name| seen.contains(&name.to_lowercase()));
        requirement.imported = if known {
            Some(true)
        } else if !whole
            || !requirement.direct
            || requirement.development
            || works_unseen(&requirement.name)
        {
            None
        } else {
            Some(false)
        };
    }
}

/// Adds a dotted name and those above it; case is not compared, distributions differ in it.
fn add(seen: &mut BTreeSet<String>, dotted: &str) {
    let lower = dotted.to_lowercase();
    let mut end = lower.len();
    loop {
        if !seen.insert(lower[..end].to_owned()) {
            return;
        }
        match lower[..end].rfind('.') {
            Some(dot) => end = dot,
            None => return,
        }
    }
}
