//! Everything that a terminal shows or asks.
//!
//! In: values of the cores. Out: text on the standard streams. Called by `cli` alone.

mod assess;
mod check;
mod count;
mod dora;
mod event;
mod explain;
mod fact;
mod hook_past;
mod hook_run;
mod hooks;
mod output;
mod plan;
mod project;
mod prompt;
mod report;
mod steps;
mod takeover;

pub(crate) use assess::show_assessment;
pub(crate) use check::show_check;
pub(crate) use count::counted;
pub(crate) use dora::show_report;
pub(crate) use event::{event_line, event_text, visible};
pub(crate) use explain::show_explanations;
pub(crate) use fact::show_facts;
pub(crate) use hook_past::{show_backups, show_hook_stats, show_recovery};
pub(crate) use hook_run::{LiveJobs, arrival_report, hook_report};
pub(crate) use hooks::{show_commands, show_hooks, show_import, show_install, show_proof};
pub(crate) use output::Output;
pub(crate) use plan::{coloured, show_changes, show_plan};
pub(crate) use project::show_project;
pub(crate) use prompt::{Offer, ask, can_ask, choose, confirm, is_name};
pub(crate) use report::findings;
pub(crate) use steps::Steps;
pub(crate) use takeover::show_takeover;
