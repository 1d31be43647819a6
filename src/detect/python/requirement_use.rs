//! Which declared dependencies the code imports.

use super::code::Code;
use super::distribution::{modules, works_unseen};
use super::manifest::Package;
use crate::project::RelPath;

/// Fills `imported` of every requirement. A file is parsed for it only where its text has the
/// module's name.
pub(super) fn fill(code: &Code<'_>, package: &mut Package, files: &[RelPath]) {
    let parsed = code.parsed();
    for requirement in &mut package.requirements {
        let names = modules(&requirement.name);
        let seen = parsed.iter().any(|module| {
            module.imports.iter().any(|import| {
                import.level == 0 && names.iter().any(|name| is_below(&full(import), name))
            })
        }) || files.iter().any(|path| {
            code.tree
                .text(path)
                .is_some_and(|text| names.iter().any(|name| mentions(&text, name)))
                && code.module(path).is_some_and(|module| {
                    module.imports.iter().any(|import| {
                        import.level == 0 && names.iter().any(|name| is_below(&full(import), name))
                    })
                })
        });
        requirement.imported = if seen {
            Some(true)
        } else if works_unseen(&requirement.name) || requirement.development {
            None
        } else {
            Some(false)
        };
    }
}

fn full(import: &super::syntax::Import) -> String {
    match &import.name {
        Some(name) => format!("{}.{name}", import.module),
        None => import.module.clone(),
    }
}

fn mentions(text: &str, name: &str) -> bool {
    text.contains(name) || name.to_lowercase() != *name && text.contains(&name.to_lowercase())
}

/// Whether `module` is `name` or below it; case is not compared, distributions differ in it.
fn is_below(module: &str, name: &str) -> bool {
    let module = module.to_lowercase();
    let name = name.to_lowercase();
    module == name
        || module
            .strip_prefix(&name)
            .is_some_and(|rest| rest.starts_with('.'))
}
