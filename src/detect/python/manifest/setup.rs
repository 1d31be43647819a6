//! setup.py: what its call of `setup()` says literally. It is never run.

use super::requirement::pep508;
use super::{EntryPoint, Package};
use crate::detect::python::code::Code;
use crate::detect::python::syntax::{Expr, Kind, argument, each_expression};
use crate::project::{Evidence, Fact, RelPath};

/// Reads it; false where it does not call `setup()`.
pub(super) fn read(code: &Code<'_>, path: &RelPath, package: &mut Package) -> bool {
    let Some(module) = code.module(path) else {
        return false;
    };
    let mut arguments = None;
    each_expression(&module.body, &mut |expr| {
        if let Some((function, args)) = expr.call()
            && function.last_name() == Some("setup")
        {
            arguments.get_or_insert((expr.line, args));
        }
    });
    let Some((line, args)) = arguments else {
        return false;
    };
    package.built.get_or_insert_with(|| module.at(line));
    let resolve = |expr: &Expr| match expr.name() {
        Some(name) => module.assigned(name).cloned(),
        None => Some(expr.clone()),
    };
    if package.name.is_none()
        && let Some(name) = argument(args, None, "name").and_then(resolve)
        && let Some(text) = name.text()
    {
        package.name = Some(Fact::certain(text.to_owned(), module.at(name.line)));
    }
    if let Some(expr) = argument(args, None, "python_requires").and_then(resolve)
        && let Some(text) = expr.text()
    {
        package
            .requires_python
            .push((text.to_owned(), module.at(expr.line)));
    }
    if let Some(list) = argument(args, None, "install_requires").and_then(resolve)
        && let Kind::List(items) = &list.kind
    {
        let found = items
            .iter()
            .filter_map(|item| {
                let text = item.text()?;
                pep508(text, Evidence::new(path.clone(), item.line, text), false)
            })
            .collect();
        package.add(found);
    }
    if let Some(points) = argument(args, None, "entry_points").and_then(resolve)
        && let Kind::Dict(groups) = &points.kind
    {
        for (_, list) in groups
            .iter()
            .filter(|(group, _)| group.text() == Some("console_scripts"))
        {
            if let Kind::List(items) = &list.kind {
                package.entry_points.extend(
                    items
                        .iter()
                        .filter_map(|item| EntryPoint::parse(item.text()?)),
                );
            }
        }
    }
    for (name, lists) in [("tests_require", false), ("extras_require", true)] {
        let Some(value) = argument(args, None, name).and_then(resolve) else {
            continue;
        };
        let mut items = Vec::new();
        match &value.kind {
            Kind::List(list) if !lists => items.extend(list),
            Kind::Dict(pairs) => {
                for (_, list) in pairs {
                    if let Kind::List(list) = &list.kind {
                        items.extend(list);
                    }
                }
            }
            _ => {}
        }
        let found = items
            .into_iter()
            .filter_map(|item| {
                let text = item.text()?;
                pep508(text, Evidence::new(path.clone(), item.line, text), true)
            })
            .collect();
        package.add(found);
    }
    true
}
