//! Questions: each shows the detected answer and where it comes from.

use crate::project::{Confidence, Fact, Port, Project, Service, ServiceKind};
use crate::scaffold::answer::{Answers, Others, ServiceAnswers};
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, MultiSelect, Select};
use std::fmt::Display;

/// One feature to choose.
pub(crate) struct Offer {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) chosen: bool,
}

/// Asks for one of `items`; gives its place among them.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn choose(question: &str, items: &[&str]) -> dialoguer::Result<usize> {
    Select::with_theme(&ColorfulTheme::default())
        .with_prompt(question)
        .items(items)
        .default(0)
        .interact()
}

/// Asks for what detection is not certain of. Only answers that differ from what was detected
/// are given back. `time_zone` is that of the report, where the configuration has one; `others` is
/// the tool that runs the hooks here, where nobody said yet what becomes of that.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn ask(
    project: &Project,
    features: &[Offer],
    with_features: bool,
    time_zone: Option<&str>,
    others: Option<&str>,
) -> dialoguer::Result<Answers> {
    let mut answers = Answers::default();
    let name = text("Project name", Some(&project.name), is_name)?;
    if name != project.name.value {
        answers.name = Some(name);
    }
    if with_features {
        let chosen = MultiSelect::with_theme(&ColorfulTheme::default())
            .with_prompt("What to generate (space toggles)")
            .items_checked(
                features
                    .iter()
                    .map(|offer| (format!("{}: {}", offer.name, offer.summary), offer.chosen)),
            )
            .interact()?;
        for (index, offer) in features.iter().enumerate() {
            match (offer.chosen, chosen.contains(&index)) {
                (true, false) => answers.disable.push(offer.name.clone()),
                (false, true) => answers.enable.push(offer.name.clone()),
                _ => {}
            }
        }
        let recorded = chosen.iter().any(|index| features[*index].name == RECORD);
        if recorded && time_zone.is_none() {
            answers.time_zone = ask_zone()?;
        }
    }
    let toggled = |list: &[String]| list.iter().any(|name| name == HOOKS);
    let offered = features.iter().find(|offer| offer.name == HOOKS);
    let hooks = offered.is_some_and(|offer| offer.chosen && !toggled(&answers.disable))
        || toggled(&answers.enable);
    if with_features && hooks {
        let ours = match others {
            Some(tool) => {
                answers.others = ask_others(tool)?;
                answers.others != Others::Stay
            }
            None => true,
        };
        if answers.others == Others::Chained && !toggled(&answers.enable) {
            answers.enable.push(HOOKS.to_owned());
        }
        if ours {
            answers.tools = ask_tools(project)?;
        }
    }
    for service in &project.services {
        let asked = ask_service(service)?;
        if asked != ServiceAnswers::default() {
            answers.services.insert(service.name.clone(), asked);
        }
    }
    Ok(answers)
}

/// The feature that checks at each commit.
const HOOKS: &str = "hooks";

/// What becomes of the hooks that `tool` runs here.
fn ask_others(tool: &str) -> dialoguer::Result<Others> {
    let chosen = Select::with_theme(&ColorfulTheme::default())
        .with_prompt(format!(
            "{tool} runs this repository's hooks. shipway shall"
        ))
        .items([
            format!("leave them to {tool}"),
            format!("run its own after those of {tool}"),
            format!("take the jobs of {tool} over into shipway.toml"),
        ])
        .default(0)
        .interact()?;
    Ok(match chosen {
        1 => Others::Chained,
        2 => Others::Imported,
        _ => Others::Stay,
    })
}

/// The feature that keeps the delivery record.
const RECORD: &str = "record";

/// None for UTC, which needs no word.
fn ask_zone() -> dialoguer::Result<Option<String>> {
    const UTC: &str = "UTC";
    let zone = Input::<String>::with_theme(&ColorfulTheme::default())
        .with_prompt("Time zone in which the days of the delivery report begin")
        .default(UTC.to_owned())
        .validate_with(|text: &String| is_zone(text))
        .interact_text()?;
    Ok((zone != UTC).then_some(zone))
}

fn is_zone(text: &str) -> Result<(), &'static str> {
    jiff::tz::TimeZone::get(text)
        .map(|_| ())
        .map_err(|_| "a name of the IANA database, such as Europe/Amsterdam")
}

/// Tools that would fit and that the project does not use; none is chosen until it is.
fn ask_tools(project: &Project) -> dialoguer::Result<Vec<String>> {
    let python = project.services.iter().any(|one| one.ecosystem == "python")
        || project
            .libraries
            .iter()
            .any(|one| one.ecosystem == "python");
    let uses = |purpose: &str| project.tools.iter().any(|tool| tool.purpose == purpose);
    let offers: Vec<(&str, &str)> = [
        ("ruff", "lint", "mistakes in Python"),
        ("black", "format", "the form of Python"),
        ("mypy", "types", "types of Python, before a push"),
    ]
    .into_iter()
    .filter(|(_, purpose, _)| python && !uses(purpose))
    .map(|(name, _, summary)| (name, summary))
    .collect();
    if offers.is_empty() {
        return Ok(Vec::new());
    }
    let chosen = MultiSelect::with_theme(&ColorfulTheme::default())
        .with_prompt("Tools to run at commits that the project does not use yet (space toggles)")
        .items(
            offers
                .iter()
                .map(|(name, summary)| format!("{name}: {summary}")),
        )
        .interact()?;
    Ok(chosen
        .into_iter()
        .filter_map(|index| Some(offers.get(index)?.0.to_owned()))
        .collect())
}

/// Whether there is somebody at a terminal to answer.
pub(crate) fn can_ask() -> bool {
    use std::io::IsTerminal;
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether to go on.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn confirm(question: &str) -> dialoguer::Result<bool> {
    Confirm::with_theme(&ColorfulTheme::default())
        .with_prompt(question)
        .default(true)
        .interact()
}

fn ask_service(service: &Service) -> dialoguer::Result<ServiceAnswers> {
    let mut answers = ServiceAnswers::default();
    let name = &service.name;
    if service.kind.value == ServiceKind::Web && is_doubtful(service.port.as_ref()) {
        let port = text(&format!("{name}: port"), service.port.as_ref(), is_port)?;
        answers.port = port
            .parse()
            .ok()
            .filter(|port| service.port.as_ref().map(|fact| fact.value) != Port::new(*port));
    }
    if service.kind.value == ServiceKind::Static {
        return Ok(answers);
    }
    if is_doubtful(service.runtime_version.as_ref()) {
        let fact = service.runtime_version.as_ref();
        let asked = text(
            &format!("{name}: {} version", service.ecosystem),
            fact,
            is_version,
        )?;
        answers.runtime_version = changed(asked, fact);
    }
    if is_doubtful(service.entry.as_ref()) {
        let fact = service.entry.as_ref();
        let asked = text(
            &format!("{name}: entry (module:object, or a script)"),
            fact,
            |_| Ok(()),
        )?;
        answers.entry = changed(asked, fact);
    }
    Ok(answers)
}

fn is_doubtful<T>(fact: Option<&Fact<T>>) -> bool {
    fact.is_none_or(|fact| fact.confidence < Confidence::Certain || !fact.against.is_empty())
}

fn changed(asked: String, fact: Option<&Fact<String>>) -> Option<String> {
    let same = fact.map_or(asked.is_empty(), |fact| fact.value == asked);
    (!same).then_some(asked)
}

/// Asks for one value; empty is an answer where nothing was detected.
fn text<T: Display>(
    question: &str,
    fact: Option<&Fact<T>>,
    check: fn(&str) -> Result<(), &'static str>,
) -> dialoguer::Result<String> {
    let theme = ColorfulTheme::default();
    let prompt = match fact {
        Some(fact) => format!("{question} ({})", because(fact)),
        None => format!("{question} (not detected; empty leaves it open)"),
    };
    let input = Input::<String>::with_theme(&theme)
        .with_prompt(prompt)
        .validate_with(
            move |text: &String| {
                if text.is_empty() { Ok(()) } else { check(text) }
            },
        );
    match fact {
        Some(fact) => input.default(fact.value.to_string()).interact_text(),
        None => input.allow_empty(true).interact_text(),
    }
}

/// `likely: run.sh:3 "flask run --port 5000"; app.py:9 says 8000`.
fn because<T>(fact: &Fact<T>) -> String {
    let mut text = fact.confidence.to_string();
    if let Some(evidence) = fact.evidence.first() {
        text = format!("{text}: {evidence}");
        if !evidence.excerpt.is_empty() {
            text = format!("{text} {:?}", evidence.excerpt);
        }
    } else if let Some(because) = &fact.because {
        text = format!("{text}: {because}");
    }
    for claim in &fact.against {
        let place = claim.evidence.first().map(ToString::to_string);
        text = format!("{text}; {} says {}", place.unwrap_or_default(), claim.value);
    }
    text
}

/// What compose accepts as the name of a project.
pub(crate) fn is_name(text: &str) -> Result<(), &'static str> {
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let rest = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
    if starts && rest {
        Ok(())
    } else {
        Err("lower-case letters, digits, - and _, beginning with a letter or digit")
    }
}

fn is_port(text: &str) -> Result<(), &'static str> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(()),
        _ => Err("a number from 1 to 65535"),
    }
}

fn is_version(text: &str) -> Result<(), &'static str> {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    match text.split_once('.') {
        Some((major, minor)) if digits(major) && digits(minor) => Ok(()),
        _ => Err("major.minor, such as 3.12"),
    }
}
