//! What the maintainers of a Python project should know.

use super::code::Code;
use super::manifest::Package;
use super::parse::Module;
use super::syntax::{Kind, StmtKind, argument, each_expression, each_statement, on_import};
use crate::detect::Found;
use crate::detect::beside::{beside, pattern};
use crate::detect::structured;
use crate::project::{
    Evidence, Finding, PackageManager, RelPath, Requirement, Service, ServiceKind, Severity,
};
use std::collections::BTreeSet;

/// Files whose name was meant to be `__init__.py`.
pub(super) fn misnamed(code: &Code<'_>, found: &mut Found) {
    let evidence: Vec<Evidence> = code
        .tree
        .with_extension("py")
        .filter(|path| {
            matches!(
                path.file_name(),
                "__init.__.py" | "__init_.py" | "_init_.py" | "__int__.py" | "__init__.py.py"
            ) && !beside(&path.parent())
        })
        .cloned()
        .map(Evidence::file)
        .collect();
    if let Some(first) = evidence.first() {
        let folder = first.file.parent();
        let name = first.file.file_name();
        let message = match evidence.len() {
            1 => format!(
                "1 file is named {name} and not __init__.py, so its folder is a namespace package"
            ),
            many => format!(
                "{many} files are named like {name} and not __init__.py, so their folders are \
                 namespace packages"
            ),
        };
        found.findings.push(Finding {
            id: "misnamed-init",
            severity: Severity::Warning,
            message,
            mend: format!(
                "git mv {} {}",
                first.file,
                folder.join("__init__.py").unwrap_or(folder)
            ),
            evidence,
        });
    }
}

/// Python files that no interpreter would load.
pub(super) fn invalid(code: &Code<'_>, found: &mut Found) {
    for module in code.parsed() {
        let folder = module.path.parent();
        if let Some(line) = module.error
            && !beside(&folder)
            && !pattern(&folder)
        {
            found.findings.push(Finding {
                id: "invalid-python",
                severity: Severity::Error,
                message: format!("{}:{line} is no valid Python", module.path),
                evidence: vec![module.at(line)],
                mend: format!("correct line {line} of {}", module.path),
            });
        }
    }
}

/// What is worth saying of a web service.
pub(super) fn web(
    code: &Code<'_>,
    service: &Service,
    files: &BTreeSet<RelPath>,
    found: &mut Found,
) {
    if service.kind.value != ServiceKind::Web {
        return;
    }
    if let (Some(server), Some(manifest)) = (&service.add_server, &service.manifest) {
        found.findings.push(Finding {
            id: "no-production-server",
            severity: Severity::Note,
            message: format!(
                "{} lists no production server; {} is added to the image",
                manifest.value, server.value
            ),
            evidence: vec![Evidence::file(manifest.value.clone())],
            mend: format!("add {} to {}", server.value, manifest.value),
        });
    }
    for path in files {
        let Some(module) = code.module(path) else {
            continue;
        };
        before_request(&module, found);
        debug(&module, found);
    }
}

/// A `before_request` that opens a database connection makes every route depend on it.
fn before_request(module: &Module, found: &mut Found) {
    each_statement(&module.body, &mut |statement| {
        let StmtKind::Function(function) = &statement.kind else {
            return;
        };
        let before = function.decorators.iter().any(|decorator| {
            matches!(
                decorator.last_name(),
                Some("before_request" | "before_app_request")
            )
        });
        if !before {
            return;
        }
        let mut opens = None;
        each_expression(&function.body, &mut |expr| {
            if let Some((callee, _)) = expr.call()
                && let Some(name) = callee.last_name()
            {
                let lower = name.to_lowercase();
                let database = lower == "connect"
                    || lower.contains("_db")
                    || lower.contains("db_")
                    || lower.contains("database")
                    || lower.contains("connection")
                    || lower == "getconn";
                if database && !lower.contains("close") {
                    opens.get_or_insert(expr.line);
                }
            }
        });
        if let Some(line) = opens {
            found.findings.push(Finding {
                id: "database-on-every-route",
                severity: Severity::Note,
                message: format!(
                    "{} opens the database before every request, so every route fails while it is down",
                    function.name
                ),
                evidence: vec![module.at(line)],
                mend: "open the connection where a view first needs it".to_owned(),
            });
        }
    });
}

/// `app.run(debug=True)` or `app.debug = True` that runs on import.
fn debug(module: &Module, found: &mut Found) {
    for statement in on_import(&module.body) {
        if statement.is_main_guard()
            || matches!(statement.kind, StmtKind::If { .. } | StmtKind::Block { .. })
        {
            continue;
        }
        for expr in statement.expressions() {
            if let Some((function, args)) = expr.call()
                && function.last_name() == Some("run")
                && argument(args, None, "debug")
                    .is_some_and(|value| value.kind == Kind::Constant("True"))
            {
                found.findings.push(Finding {
                    id: "debug-on-import",
                    severity: Severity::Warning,
                    message: "the development server with its debugger starts as soon as the module is imported".to_owned(),
                    evidence: vec![module.at(expr.line)],
                    mend: "put it below `if __name__ == \"__main__\":`".to_owned(),
                });
            }
        }
    }
}

/// Requirements that may install another version tomorrow.
pub(super) fn pins(package: &Package, found: &mut Found) {
    let locked = package.lock.is_some();
    let by_hand = package.manager.as_ref().is_some_and(|manager| {
        matches!(manager.value, PackageManager::Pip | PackageManager::Conda)
    });
    if locked || !by_hand {
        return;
    }
    let loose: Vec<_> = package
        .requirements
        .iter()
        .filter(|requirement| !requirement.development && !requirement.exact)
        .collect();
    let Some(first) = loose.first() else {
        return;
    };
    found.findings.push(Finding {
        id: "loose-requirements",
        severity: Severity::Note,
        message: format!(
            "{} of {} runtime requirements are not pinned, {} among them: two builds may install different versions",
            loose.len(),
            package.requirements.iter().filter(|r| !r.development).count(),
            first.name
        ),
        evidence: loose
            .iter()
            .map(|requirement| requirement.declared.clone())
            .collect(),
        mend: "pin each with == or keep a lock file (uv pip compile)".to_owned(),
    });
}

/// A lock of Poetry 1: what an extra of a requirement brings may be left out of what is exported
/// from it, and the hashes then do not let it in.
pub(super) fn old_lock(code: &Code<'_>, package: &Package, found: &mut Found) {
    let Some(lock) = package
        .lock
        .as_ref()
        .filter(|lock| lock.value.file_name() == "poetry.lock")
    else {
        return;
    };
    let Some(document) = structured::toml(code.tree, &lock.value) else {
        return;
    };
    let Some(entry) = document.entry_at(&["metadata", "lock-version"]) else {
        return;
    };
    let old = matches!(entry.node.text(), Some("1.0" | "1.1" | "2.0"));
    let extras = |one: &&Requirement| !one.development && !one.extras.is_empty();
    if let Some(requirement) = package.requirements.iter().find(extras)
        && old
    {
        found.findings.push(Finding {
            id: "old-lock",
            severity: Severity::Note,
            message: format!(
                "{} was written by Poetry 1: an export of it may leave out what {}[{}] brings, and the image then cannot be built",
                lock.value,
                requirement.name,
                requirement.extras.join(",")
            ),
            evidence: vec![code.tree.at(&lock.value, entry.line)],
            mend: "poetry lock with Poetry 2: it keeps the versions".to_owned(),
        });
    }
}

/// Runtime requirements that nothing imports.
pub(super) fn unused(package: &Package, found: &mut Found) {
    let unused: Vec<_> = package
        .requirements
        .iter()
        .filter(|requirement| !requirement.development && requirement.imported == Some(false))
        .collect();
    if unused.is_empty() {
        return;
    }
    let names: Vec<&str> = unused.iter().map(|r| r.name.as_str()).collect();
    found.findings.push(Finding {
        id: "unused-requirement",
        severity: Severity::Note,
        message: format!("no module here imports {}", names.join(", ")),
        evidence: unused.iter().map(|r| r.declared.clone()).collect(),
        mend: "take out what nothing needs, and the image gets smaller; a plugin or a driver may be needed without an import".to_owned(),
    });
}
