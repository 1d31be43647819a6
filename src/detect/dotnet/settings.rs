//! The configuration that an application reads when it starts: `appsettings.json` and what production has
//! beside it. <https://learn.microsoft.com/aspnet/core/fundamentals/configuration/>

use crate::detect::Tree;
use crate::detect::structured::{self, Node, Value};
use crate::project::{Evidence, Port, RelPath};

/// One value under its whole key.
#[derive(Debug)]
pub(super) struct Setting {
    /// `Section:Key`
    pub(super) key: String,
    pub(super) value: String,
    /// Its excerpt is the key: the line may hold a secret.
    pub(super) at: Evidence,
}

/// What an application is configured with in production: what goes before everything else first.
#[derive(Debug, Default)]
pub(super) struct Settings(Vec<Setting>);

impl Settings {
    /// What the files of the project in `root` say.
    pub(super) fn read(tree: &Tree, root: &RelPath) -> Self {
        let mut all = Vec::new();
        for name in ["appsettings.Production.json", "appsettings.json"] {
            for folder in ["", "config"] {
                let path = root.join(folder).and_then(|folder| folder.join(name));
                let Some(path) = path.ok().filter(|path| tree.has(path)) else {
                    continue;
                };
                if let Some(node) = structured::jsonc(tree, &path) {
                    flatten(&node, "", &path, &mut all);
                }
            }
        }
        Self(all)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.0.iter().find(|one| one.key.eq_ignore_ascii_case(key))
    }

    /// Every key once, with the value that holds.
    pub(super) fn held(&self) -> impl Iterator<Item = &Setting> {
        let all = self.0.iter().enumerate();
        all.filter(|(index, one)| {
            let before = &self.0[..*index];
            !before
                .iter()
                .any(|other| other.key.eq_ignore_ascii_case(&one.key))
        })
        .map(|(_, one)| one)
    }

    /// The value of the connection string of this name.
    pub(super) fn connection(&self, name: &str) -> Option<&Setting> {
        self.get(&format!("ConnectionStrings:{name}"))
    }

    /// Where Kestrel listens: its endpoints, which go before everything else.
    /// <https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints>
    pub(super) fn endpoint(&self) -> Option<(Port, &Setting)> {
        self.0.iter().find_map(|one| {
            let key = one.key.to_lowercase();
            let is_address = key.starts_with("kestrel:endpoints:") && key.ends_with(":url");
            let port = address(
                one.value
                    .strip_prefix("https://")
                    .map_or(&one.value, |_| ""),
            )
            .1;
            Some((Port::new(port.filter(|_| is_address)?)?, one))
        })
    }

    /// The addresses that it is told to listen on elsewhere.
    pub(super) fn urls(&self) -> Option<(Port, &Setting)> {
        let one = self.get("Urls")?;
        let plain = one
            .value
            .split(';')
            .find(|text| text.starts_with("http://"))?;
        Some((Port::new(address(plain).1?)?, one))
    }

    /// Files that Serilog writes to. <https://github.com/serilog/serilog-settings-configuration>
    pub(super) fn log_files(&self) -> impl Iterator<Item = &Setting> {
        self.held().filter(|one| {
            let key = one.key.to_lowercase();
            key.starts_with("serilog:writeto:") && key.ends_with(":args:path")
        })
    }
}

fn flatten(node: &Node, key: &str, path: &RelPath, found: &mut Vec<Setting>) {
    let whole = |part: &str| {
        if key.is_empty() {
            part.to_owned()
        } else {
            format!("{key}:{part}")
        }
    };
    let add = |name: String, line: usize, node: &Node, found: &mut Vec<Setting>| match &node.value {
        Value::Text(value) => {
            let at = Evidence::new(path.clone(), line, &name);
            found.push(Setting {
                key: name,
                value: value.clone(),
                at,
            });
        }
        Value::Null => {}
        Value::Map(_) | Value::List(_) => flatten(node, &name, path, found),
    };
    for entry in node.entries() {
        add(whole(&entry.key), entry.line, &entry.node, found);
    }
    for (index, item) in node.items().iter().enumerate() {
        add(whole(&index.to_string()), item.line, item, found);
    }
}

/// The variable that goes before the value under `key`; None for one that no shell can set and for what
/// belongs to the runtime. <https://learn.microsoft.com/aspnet/core/fundamentals/configuration/#environment-variables>
pub(super) fn variable(key: &str) -> Option<String> {
    let name = key.replace(':', "__");
    is_variable(&name).then_some(name)
}

/// Whether a text is the name of a variable that an application has for itself.
pub(super) fn is_variable(name: &str) -> bool {
    let upper = name.to_uppercase();
    let of_runtime = [
        "ASPNETCORE_",
        "DOTNET_",
        "COMPLUS_",
        "WEBSITE_",
        "LOGGING__",
    ];
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !of_runtime.iter().any(|start| upper.starts_with(start))
        && !matches!(upper.as_str(), "ALLOWEDHOSTS" | "URLS" | "ENVIRONMENT")
}

/// Whether `http://*:5000` is on loopback alone, and its port.
pub(super) fn address(text: &str) -> (bool, Option<u16>) {
    let rest = text.strip_prefix("http://").unwrap_or_default();
    let rest = rest.split('/').next().unwrap_or_default();
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (rest, (!rest.is_empty()).then_some(80)),
    };
    (matches!(host, "localhost" | "127.0.0.1" | "[::1]"), port)
}

/// The value under `name` in a connection string: `Host=db;Database=app`.
/// <https://learn.microsoft.com/dotnet/framework/data/adonet/connection-strings>
pub(super) fn part<'t>(text: &'t str, names: &[&str]) -> Option<&'t str> {
    text.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        let is_it = names.iter().any(|known| known.eq_ignore_ascii_case(name));
        is_it.then(|| value.trim())
    })
}

/// The file of a connection string of `SQLite`; None where the database is in memory.
pub(super) fn sqlite_file(text: &str) -> Option<&str> {
    let file = part(text, &["Data Source", "DataSource", "Filename"])?;
    let mode = part(text, &["Mode"]);
    let in_memory =
        file == ":memory:" || mode.is_some_and(|mode| mode.eq_ignore_ascii_case("memory"));
    (!in_memory && !file.is_empty()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        assert_eq!(address("http://*:5000"), (false, Some(5000)));
        assert_eq!(address("http://localhost:5001/x"), (true, Some(5001)));
        assert_eq!(address("http://+"), (false, Some(80)));
        assert_eq!(address("http://[::]:9"), (false, Some(9)));
        assert_eq!(address("http://*:{port}"), (false, None));
        assert_eq!(address(""), (false, None));
    }

    #[test]
    fn keys_have_their_variables() {
        assert_eq!(variable("Mail:Host").as_deref(), Some("Mail__Host"));
        assert_eq!(variable("Plain").as_deref(), Some("Plain"));
        for none in [
            "Logging:LogLevel:Default",
            "a.b",
            "with-dash",
            "1x",
            "",
            "Urls",
            "ASPNETCORE_URLS",
        ] {
            assert_eq!(variable(none), None, "{none}");
        }
    }

    #[test]
    fn connection_strings_are_made_of_parts() {
        let text = "Host=db; Database=app;Password=p=q";
        assert_eq!(part(text, &["Server", "host"]), Some("db"));
        assert_eq!(part(text, &["password"]), Some("p=q"));
        assert_eq!(part(text, &["Port"]), None);
        assert_eq!(
            sqlite_file("Data Source=a/b.db;Cache=Shared"),
            Some("a/b.db")
        );
        assert_eq!(sqlite_file("DataSource=:memory:"), None);
        assert_eq!(sqlite_file("Data Source=x;Mode=Memory"), None);
    }

    #[test]
    fn production_goes_before_what_holds_everywhere() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "appsettings.json",
            "\u{feff}{\n  // a comment\n  \"A\": { \"b\": \"1\", \"C\": [ \"x\" ] },\n  \"Kestrel\": { \"Endpoints\": { \"Tls\": { \"Url\": \"https://*:1\" }, \"Http\": { \"Url\": \"http://*:5100\" } } },\n}\n",
        );
        write("appsettings.Production.json", "{ \"a\": { \"B\": \"2\" } }");
        let tree = Tree::read(folder.path()).unwrap();
        let settings = Settings::read(&tree, &RelPath::root());
        assert_eq!(settings.get("A:B").unwrap().value, "2");
        assert_eq!(settings.get("a:c:0").unwrap().value, "x");
        assert_eq!(settings.endpoint().unwrap().0.get(), 5100);
        assert_eq!(
            settings
                .held()
                .filter(|one| one.key.eq_ignore_ascii_case("a:b"))
                .count(),
            1
        );
        assert!(tree.findings().is_empty());
    }
}
