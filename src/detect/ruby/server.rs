//! The server that answers in production: its command, its port, how much it takes at once.

use super::application::{Application, Shape};
use super::process::Process;
use super::source::{arguments, names, with_tree};
use crate::detect::variable::Said;
use crate::detect::{serving, shell, syntax};
use crate::project::{Capacity, Confidence, Evidence, Fact, Port, RelPath};

/// A server of Ruby.
struct Known {
    gem: &'static str,
    /// Its configuration, by custom.
    files: &'static [&'static str],
    /// The option that names another one.
    option: &'static [&'static str],
    port: u16,
}

const KNOWN: &[Known] = &[
    Known {
        gem: "puma",
        files: &["config/puma.rb", "config/puma/production.rb"],
        option: &["-C", "--config"],
        port: 9292,
    },
    Known {
        gem: "unicorn",
        files: &["config/unicorn.rb", "unicorn.rb"],
        option: &["-c", "--config-file"],
        port: 8080,
    },
    Known {
        gem: "pitchfork",
        files: &["config/pitchfork.rb", "pitchfork.conf.rb"],
        option: &["-c", "--config-file"],
        port: 8080,
    },
    Known {
        gem: "falcon",
        files: &["falcon.rb"],
        option: &[],
        port: 9292,
    },
    Known {
        gem: "thin",
        files: &["config/thin.yml"],
        option: &["-C", "--config"],
        port: 3000,
    },
    Known {
        gem: "webrick",
        files: &[],
        option: &[],
        port: 9292,
    },
];

/// What is known of the server.
pub(super) struct Server {
    pub(super) command: Option<Fact<String>>,
    pub(super) port: Option<Fact<Port>>,
    pub(super) capacity: Capacity,
    /// The variable that its configuration takes the port from, with the place.
    pub(super) variable: Option<(String, Evidence)>,
}

/// The server of a project of this shape, by the processes that start it.
pub(super) fn find(application: &Application<'_>, shape: &Shape, processes: &[Process]) -> Server {
    let started = started(processes);
    let known = started
        .and_then(|process| KNOWN.iter().find(|known| known.gem == process.program()))
        .or_else(|| KNOWN.iter().find(|known| application.installs(known.gem)));
    let config = known.and_then(|known| configuration(application, known, started));
    let said = config
        .as_ref()
        .map(|path| read(application, path))
        .unwrap_or_default();
    let command = command(application, shape, started, known, config.as_ref());
    let port = port(application, shape, started, known, &said);
    Server {
        command,
        port,
        capacity: said.capacity,
        variable: said.port.and_then(|(said, at)| Some((said.variable?, at))),
    }
}

/// The process that answers requests: that of production first.
fn started(processes: &[Process]) -> Option<&Process> {
    let mut all: Vec<&Process> = processes.iter().filter(|one| serves(one)).collect();
    all.sort_by_key(|process| !process.deployed);
    let web = all.iter().find(|process| process.name == "web");
    web.or(all.first()).copied()
}

/// Whether a process is a server.
pub(super) fn serves(process: &Process) -> bool {
    match process.program() {
        "rails" => process.has("server") || process.has("s"),
        "rackup" | "passenger" | "pumactl" | "iodine" | "agoo" => true,
        "ruby" => {
            process.words.len() > 1 && process.name == "web" && !process.words[1].contains("bin/")
        }
        program => KNOWN.iter().any(|known| known.gem == program),
    }
}

fn configuration(
    application: &Application<'_>,
    known: &Known,
    started: Option<&Process>,
) -> Option<RelPath> {
    let named = started.and_then(|process| process.option(known.option));
    let named = named.map(|name| name.trim_start_matches("./"));
    named
        .and_then(|name| application.path(name))
        .or_else(|| known.files.iter().find_map(|name| application.path(name)))
}

/// What a configuration says.
#[derive(Default)]
struct Configured {
    port: Option<(Said, Evidence)>,
    /// Whether it names a port that cannot be told without running it.
    computed: bool,
    capacity: Capacity,
}

/// Reads the configuration of puma or unicorn.
/// <https://puma.io/puma/Puma/DSL.html>
fn read(application: &Application<'_>, path: &RelPath) -> Configured {
    let tree = application.tree;
    if path.extension() != "rb" {
        return Configured::default();
    }
    let found = with_tree(tree, path, &[], |source, root| {
        let names = names(source, root);
        let first = |method: &str, last: bool| {
            source.calls(root, method).into_iter().find_map(|call| {
                let mut all = arguments(call);
                let node = if last {
                    all.pop()?
                } else {
                    all.into_iter().next()?
                };
                Some((
                    source.value(node, &names)?,
                    tree.at(path, syntax::line(call)),
                ))
            })
        };
        let number = |method: &str, last: bool| -> Option<Fact<u32>> {
            let (said, at) = first(method, last)?;
            Some(Fact::certain(said.text.parse().ok()?, at))
        };
        let port = ["port", "bind", "listen"].iter().find_map(|method| {
            let (said, at) = first(method, false)?;
            let address = said.text.rsplit("//").next().unwrap_or_default();
            let port = serving::port_in(address.split('?').next().unwrap_or_default())?;
            Some((
                Said {
                    text: port.to_string(),
                    ..said
                },
                at,
            ))
        });
        let names_one = ["port", "bind"]
            .iter()
            .any(|method| !source.calls(root, method).is_empty());
        Configured {
            computed: names_one && port.is_none(),
            port,
            capacity: Capacity {
                workers: number("workers", false).or_else(|| number("worker_processes", false)),
                threads: number("threads", true),
                timeout: number("timeout", false),
            },
        }
    });
    found.unwrap_or_default()
}

/// The command for production, on every address and the port that is given.
fn command(
    application: &Application<'_>,
    shape: &Shape,
    started: Option<&Process>,
    known: Option<&Known>,
    config: Option<&RelPath>,
) -> Option<Fact<String>> {
    if let Shape::Program(path, at) = shape {
        let file = path.file_name();
        let at = started.map_or(at, |process| &process.at);
        let command = format!(
            "bundle exec ruby {} -o 0.0.0.0 -p {{port}}",
            shell::join(&[file.to_owned()])
        );
        return Some(Fact::certain(command, at.clone()));
    }
    let known = known?;
    let told = started.filter(|process| process.program() == known.gem);
    let mut words = vec!["bundle", "exec", known.gem]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    match (known.gem, config) {
        ("unicorn" | "pitchfork", Some(path)) => {
            words.extend([
                "--config-file".to_owned(),
                path.relative_to(&application.root),
            ]);
        }
        // It finds its usual files by itself.
        ("puma", Some(path))
            if !known
                .files
                .contains(&path.relative_to(&application.root).as_str()) =>
        {
            words.extend(["--config".to_owned(), path.relative_to(&application.root)]);
        }
        ("thin" | "falcon", _) => words.push(
            if known.gem == "thin" {
                "start"
            } else {
                "serve"
            }
            .to_owned(),
        ),
        _ => {}
    }
    let address: &[&str] = match known.gem {
        "puma" => &["--bind", "tcp://0.0.0.0:{port}"],
        "unicorn" | "pitchfork" => &["--listen", "0.0.0.0:{port}"],
        "falcon" => &["--bind", "http://0.0.0.0:{port}"],
        "thin" => &["--address", "0.0.0.0", "--port", "{port}"],
        // WEBrick is started by rackup.
        _ => {
            words.truncate(2);
            &["rackup", "--host", "0.0.0.0", "--port", "{port}"]
        }
    };
    words.extend(address.iter().map(|&word| word.to_owned()));
    let command = shell::join(&words);
    let gem = application.any(known.gem).map(|gem| gem.declared.clone());
    Some(match (told.or(started), gem) {
        (Some(process), _) if process.program() == known.gem => {
            Fact::certain(command, process.at.clone())
        }
        (Some(process), gem) => {
            let mut evidence = vec![process.at.clone()];
            evidence.extend(gem);
            Fact::new(command, Confidence::Certain, evidence).because(
                "the server among the gems is started itself, on the address of the container",
            )
        }
        (None, Some(gem)) => Fact::likely(command, gem).because("the server among the gems"),
        (None, None) => Fact::guess(command, "a gem that others need brings this server"),
    })
}

/// The port: as the process is told it, as an image sets it, as the configuration has it.
fn port(
    application: &Application<'_>,
    shape: &Shape,
    started: Option<&Process>,
    known: Option<&Known>,
    said: &Configured,
) -> Option<Fact<Port>> {
    let mut claims: Vec<(Port, Evidence)> = Vec::new();
    let claim = |text: &str, at: &Evidence| {
        let port = serving::port_in(text.rsplit("//").next().unwrap_or(text))?;
        Some((Port::new(port)?, at.clone()))
    };
    if let Some(process) = started.filter(|process| process.deployed) {
        let told = process.option(&["-p", "--port", "-b", "--bind", "-l", "--listen"]);
        claims.extend(claim(told.unwrap_or_default(), &process.at));
    }
    let variable = said
        .port
        .as_ref()
        .and_then(|(said, _)| said.variable.as_deref());
    for image in application.images() {
        for set in &image.env {
            if let Some((name, value)) = set.excerpt.split_once('=')
                && (Some(name) == variable || variable.is_none() && name == "PORT")
            {
                claims.extend(claim(value, set));
            }
        }
    }
    if let Some((said, at)) = &said.port {
        claims.extend(claim(&said.text, at));
    }
    if let Some((text, at)) = settings(application) {
        // The configuration of a server goes before Sinatra's own setting.
        let own = matches!(shape, Shape::Program(..));
        if own || claims.is_empty() && known.is_none_or(|known| known.gem == "webrick") {
            claims.extend(claim(&text, &at));
        }
    }
    let sure = if claims.is_empty() {
        Confidence::Likely
    } else {
        Confidence::Certain
    };
    // A proxy in the image listens on the port that it exposes.
    let proxied = application.gem("thruster").is_some();
    if !proxied {
        for (port, at) in application.images().iter().flat_map(|image| &image.exposed) {
            if port.get() >= 1024 {
                claims.push((*port, at.clone()));
            }
        }
    }
    let fact = Fact::first_of(sure, claims);
    let fact = fact.map(|fact| {
        if fact.against.is_empty() {
            fact
        } else {
            fact.because("what the server is told goes before what an image exposes")
        }
    });
    fact.or_else(|| {
        if said.computed {
            return None;
        }
        let (port, because) = match shape {
            Shape::Rails(_) => (3000, "Rails listens there unless it is told otherwise"),
            Shape::Program(..) => (4567, "Sinatra listens there unless it is told otherwise"),
            _ => (
                known?.port,
                "the server listens there unless it is told otherwise",
            ),
        };
        Some(Fact::guess(Port::new(port)?, because))
    })
}

/// Sinatra's own setting: `set :port, 4000`.
fn settings(application: &Application<'_>) -> Option<(String, Evidence)> {
    application.gem("sinatra")?;
    application.files.iter().find_map(|path| {
        with_tree(application.tree, path, &[":port"], |source, root| {
            let names = names(source, root);
            source.calls(root, "set").into_iter().find_map(|call| {
                let all = arguments(call);
                let [name, value] = all.as_slice() else {
                    return None;
                };
                (source.string(*name)? == "port").then_some(())?;
                let said = source.value(*value, &names)?;
                Some((said.text, application.tree.at(path, syntax::line(call))))
            })
        })?
    })
}
