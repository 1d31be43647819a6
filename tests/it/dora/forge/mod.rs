//! Imports from GitHub and GitLab, against a server that answers as their documentation says.

mod faults;
mod github;
mod gitlab;
mod server;

use super::support::dora;
use crate::sandbox::Sandbox;
use serde_json::Value;
use server::Server;
use std::process::{Command, Output};

/// A token that opens nothing.
fn token() -> String {
    ["test", "token"].join("-")
}

/// `shipway dora import github|gitlab …` against `server`.
fn import(sandbox: &Sandbox, forge: &str, server: &Server, more: &[&str]) -> Command {
    let address = format!("--api-url={}", server.address());
    let words = ["import", forge, &address, "--repository=acme/shop"];
    let mut command = dora(sandbox, &[&words[..], more].concat());
    for name in ["GITHUB_API_URL", "CI_API_V4_URL", "GH_TOKEN"] {
        command.env_remove(name);
    }
    command
        .env("GITHUB_TOKEN", token())
        .env("GITLAB_TOKEN", token());
    command
}

#[track_caller]
fn imported(sandbox: &Sandbox, forge: &str, server: &Server, more: &[&str]) -> Value {
    let more = [more, &["--format=json"]].concat();
    let output = import(sandbox, forge, server, &more).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!said.contains(&token()), "{said}");
    said
}

/// The events, without their ids, in the order of their times.
fn recorded(sandbox: &Sandbox) -> Vec<Value> {
    let mut events: Vec<Value> = super::support::events(sandbox)
        .into_iter()
        .map(|mut entry| entry["event"].take())
        .collect();
    events.reverse();
    events
}

/// What was left out: what, and why.
fn left_out(told: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    told["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "what"), text(one, "reason")))
        .collect()
}
