//! `shipway dora explain`: where the time of a change goes.

use super::super::{Context, Exit, Failure, Format};
use super::scene::Scene;
use super::window::{self, WindowArguments};
use crate::dora::explain::{Explanation, explain};
use crate::dora::history::{self, Question};
use crate::dora::metrics::recovery::time;
use crate::git::graph::Graph;
use crate::ui;
use clap::Args;
use serde::Serialize;

/// Say where the lead time goes, and what would shorten it most
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[command(flatten)]
    window: WindowArguments,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
struct Answer {
    schema: u32,
    from: String,
    to: String,
    reports: Vec<Explanation>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let config = &scene.config.dora;
    let events = scene.store()?.all()?;
    let window = window::window(&arguments.window, config.tz.as_deref(), scene.now)?;
    let question = Question {
        environment: arguments.environment.as_deref(),
        service: arguments.service.as_deref(),
        rows: true,
        ..Question::default()
    };
    let mut graph = Graph::open(&scene.repository.common_dir)?;
    let root = &scene.repository.root;
    let history = history::resolve(root, &events, &mut graph, config, &question)?;
    let accounts = history.accounts.iter();
    let reports: Vec<Explanation> = accounts
        .map(|facts| explain(&history, facts, &window))
        .collect();
    if reports.is_empty() {
        context
            .output
            .note("nothing is recorded yet; shipway assess looks at the history alone");
    }
    match arguments.format {
        Format::Json => context.output.json(&Answer {
            schema: 1,
            from: time(window.from),
            to: time(window.to),
            reports,
        })?,
        Format::Human => context
            .output
            .report(&ui::show_explanations(&reports, &context.output))?,
    }
    Ok(Exit::Done)
}
