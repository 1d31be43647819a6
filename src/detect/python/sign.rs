//! What the source of a service says that it needs: engines and schemes in string literals,
//! imports of the standard library's clients, calls of Supabase's client.

use super::code::Code;
use super::parse::Module;
use super::syntax::{Expr, Kind, each_expression};
use crate::detect::{client, supabase};
use crate::project::{BackingKind, Evidence, RelPath, Sign, Sought, SupabasePart};

/// What a file's text must hold to be worth a look.
const WORDS: &[&str] = &[
    "django.",
    "django_redis",
    "storages.",
    "://",
    "smtplib",
    "upabase",
    "/v1",
];

/// The signs in `files`, in order of file and line.
pub(super) fn find<'p>(code: &Code<'_>, files: impl IntoIterator<Item = &'p RelPath>) -> Vec<Sign> {
    let mut found = Vec::new();
    for path in files {
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        if WORDS.iter().any(|word| text.contains(word))
            && let Some(module) = code.module(path)
        {
            let speaks = text.to_ascii_lowercase().contains("supabase");
            in_module(&module, speaks, &mut found);
        }
    }
    found
}

fn in_module(module: &Module, supabase: bool, found: &mut Vec<Sign>) {
    let mut add = |of: Sought, at: Evidence| {
        let sign = Sign { of, at };
        if !found.contains(&sign) {
            found.push(sign);
        }
    };
    if let Some(import) = module
        .imports
        .iter()
        .find(|import| import.level == 0 && import.module == "smtplib")
    {
        add(Sought::Backing(BackingKind::Smtp), module.at(import.line));
    }
    each_expression(&module.body, &mut |expr| match &expr.kind {
        Kind::Str(text) | Kind::Template(text, _) => {
            if let Some(of) = client::of_literal(text) {
                // A URL may hold a password; its scheme is enough.
                let shown = text.split("://").next().unwrap_or_default();
                add(of, Evidence::new(module.path.clone(), expr.line, shown));
            }
            for part in supabase::parts_of_path(text) {
                add(Sought::Part(part), module.at(expr.line));
            }
        }
        Kind::Call(function, _) if supabase => {
            if let Some((part, line)) = called(function) {
                add(Sought::Part(part), module.at(line));
            }
        }
        Kind::Attr(object, _) if supabase => {
            if let Some((part, line)) = passed(object) {
                add(Sought::Part(part), module.at(line));
            }
        }
        _ => {}
    });
}

/// `client.table(…)`, `client.rpc(…)`, `client.channel(…)`.
fn called(function: &Expr) -> Option<(SupabasePart, usize)> {
    let Kind::Attr(object, name) = &function.kind else {
        return None;
    };
    let part = match name.as_str() {
        "channel" => SupabasePart::Realtime,
        // `client.storage.from_("bucket")` is the storage's, not a table's.
        "from_" if object.last_name() == Some("storage") => return None,
        "table" | "from_" | "rpc" => SupabasePart::Rest,
        _ => return None,
    };
    Some((part, function.line))
}

/// `client.auth.x`, `client.storage.x`, `client.functions.x`.
fn passed(object: &Expr) -> Option<(SupabasePart, usize)> {
    let Kind::Attr(owner, name) = &object.kind else {
        return None;
    };
    // `self.auth.x` of a view is no client; a client is a variable, a call or an attribute.
    if matches!(owner.name(), Some("self" | "cls" | "request" | "app")) {
        return None;
    }
    let part = match name.as_str() {
        "auth" => SupabasePart::Auth,
        "storage" => SupabasePart::Storage,
        "functions" => SupabasePart::Functions,
        "realtime" => SupabasePart::Realtime,
        "postgrest" => SupabasePart::Rest,
        _ => return None,
    };
    Some((part, object.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(text: &str) -> Vec<(Sought, usize)> {
        let path = RelPath::parse("a.py").unwrap();
        let module = Module::parse(path, text.into()).unwrap();
        let mut found = Vec::new();
        in_module(&module, text.contains("supabase"), &mut found);
        found.iter().map(|sign| (sign.of, sign.at.line)).collect()
    }

    #[test]
    fn calls_of_supabases_client_name_parts() {
        let text = "from supabase import create_client\n\
                    db = create_client(url, key)\n\
                    db.auth.sign_in_with_password({})\n\
                    rows = (\n    db\n    .table('x')\n    .select('*')\n)\n\
                    db.storage.from_('bucket').upload('x')\n\
                    get_supabase().functions.invoke('f')\n\
                    self.auth.login()\n";
        assert_eq!(
            signs(text),
            [
                (Sought::Part(SupabasePart::Auth), 3),
                (Sought::Part(SupabasePart::Rest), 6),
                (Sought::Part(SupabasePart::Storage), 9),
                (Sought::Part(SupabasePart::Functions), 10),
            ]
        );
    }

    #[test]
    fn paths_of_the_gateway_name_parts_without_the_client() {
        assert_eq!(
            signs("import httpx\nhttpx.post(f\"{base}/functions/v1/notify\")\n"),
            [(Sought::Part(SupabasePart::Functions), 2)]
        );
        assert_eq!(signs("x.auth.y\nx.table('t')\n"), []);
    }

    #[test]
    fn a_literal_is_shown_without_its_password() {
        let path = RelPath::parse("a.py").unwrap();
        let text = "URL = 'amqp://guest:hunter2@mq/'\nimport smtplib\n";
        let module = Module::parse(path, text.into()).unwrap();
        let mut found = Vec::new();
        in_module(&module, false, &mut found);
        let shown: Vec<&str> = found.iter().map(|sign| sign.at.excerpt.as_str()).collect();
        assert_eq!(shown, ["import smtplib", "amqp"]);
    }
}
