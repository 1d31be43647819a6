//! The port that a web application listens on.

use super::code::Code;
use super::mention::{Mention, dockerfiles, port_of};
use super::syntax::{Expr, Kind, argument, each_expression};
use crate::project::{Claim, Confidence, Evidence, Existing, Fact, Port, RelPath};

/// Finds it: EXPOSE, the server's configuration, commands, the code, the default.
pub(super) fn find(
    code: &Code<'_>,
    existing: &Existing,
    root: &RelPath,
    alone: bool,
    mentions: &[Mention],
    files: &[RelPath],
    framework: &str,
) -> Option<Fact<Port>> {
    let mut claims: Vec<(Port, Evidence)> = Vec::new();
    for file in dockerfiles(existing, root, alone) {
        claims.extend(file.exposed.iter().cloned());
    }
    claims.extend(gunicorn_conf(code, root));
    for mention in mentions.iter().filter(|mention| mention.production) {
        claims.extend(mention.port().map(|port| (port, mention.at.clone())));
    }
    for mention in mentions.iter().filter(|mention| !mention.production) {
        let serves = mention.server().is_some()
            || mention.words.iter().any(|word| {
                matches!(
                    word.as_str(),
                    "flask" | "runserver" | "fastapi" | "streamlit" | "gradio"
                )
            });
        if serves {
            claims.extend(mention.port().map(|port| (port, mention.at.clone())));
        }
    }
    for path in files {
        claims.extend(in_code(code, path));
    }
    claims.extend(flaskenv(code, root));
    let Some((port, at)) = claims.first().cloned() else {
        return usual(mentions, framework);
    };
    let mut fact = Fact::new(port, Confidence::Certain, vec![at]);
    for (other, at) in claims.into_iter().skip(1) {
        if other == port {
            if !fact.evidence.contains(&at) {
                fact.evidence.push(at);
            }
        } else {
            fact.against.push(Claim {
                value: other.to_string(),
                evidence: vec![at],
            });
        }
    }
    if !fact.against.is_empty() {
        fact.because = Some(
            "EXPOSE wins over the server's configuration, that over commands and the code"
                .to_owned(),
        );
    }
    Some(fact)
}

/// The port that the server or the framework takes where nobody says one.
fn usual(mentions: &[Mention], framework: &str) -> Option<Fact<Port>> {
    let served = mentions
        .iter()
        .find_map(|mention| Some((mention.server()?, mention)));
    if let Some((server @ ("gunicorn" | "uvicorn" | "hypercorn" | "daphne"), mention)) = served {
        return Some(
            Fact::new(Port::new(8000)?, Confidence::Guess, vec![mention.at.clone()])
                .because(format!("{server}'s usual port")),
        );
    }
    let port = Port::new(if framework == "flask" { 5000 } else { 8000 })?;
    Some(Fact::guess(port, format!("{framework}'s usual port")))
}

fn gunicorn_conf(code: &Code<'_>, root: &RelPath) -> Option<(Port, Evidence)> {
    let path = ["gunicorn.conf.py", "gunicorn_config.py", "gunicorn_conf.py"]
        .iter()
        .filter_map(|name| root.join(name).ok())
        .find(|path| code.tree.has(path))?;
    let module = code.module(&path)?;
    let bind = module.assigned("bind")?;
    let port = match &bind.kind {
        Kind::Str(text) | Kind::Template(text, _) => port_of(text)?,
        _ => return None,
    };
    Some((port, module.at(bind.line)))
}

/// `app.run(port=…)` and `uvicorn.run(…, port=…)`.
fn in_code(code: &Code<'_>, path: &RelPath) -> Option<(Port, Evidence)> {
    if !code.tree.text(path)?.contains("run") {
        return None;
    }
    let module = code.module(path)?;
    let mut found = None;
    each_expression(&module.body, &mut |expr| {
        if found.is_some() {
            return;
        }
        if let Some((function, args)) = expr.call()
            && matches!(
                function.last_name(),
                Some("run" | "run_app" | "serve" | "launch")
            )
            && let Some(value) =
                argument(args, None, "port").or_else(|| argument(args, None, "server_port"))
        {
            let value = match value.name() {
                Some(name) => module.assigned(name).unwrap_or(value),
                None => value,
            };
            if let Some(port) = number(value) {
                found = Some((port, module.at(value.line)));
            }
        }
    });
    found
}

/// The number in a literal, `int(…)`, or the default of a variable that is read.
fn number(expr: &Expr) -> Option<Port> {
    match &expr.kind {
        Kind::Number(text) | Kind::Str(text) => text.parse().ok().and_then(Port::new),
        Kind::Call(_, args) => args.iter().rev().find_map(|arg| number(&arg.value)),
        Kind::Binary(left, operator, right) if operator == "or" => {
            number(right).or_else(|| number(left))
        }
        _ => None,
    }
}

fn flaskenv(code: &Code<'_>, root: &RelPath) -> Option<(Port, Evidence)> {
    let path = root.join(".flaskenv").ok()?;
    let text = code.tree.text(&path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let value = line.trim().strip_prefix("FLASK_RUN_PORT=")?;
        Some((
            port_of(value)?,
            Evidence::new(path.clone(), index + 1, line),
        ))
    })
}
