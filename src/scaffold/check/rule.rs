//! The rules, by the ids that reports name.

use super::Severity;
use serde::Serialize;

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An update would change it.
    Drift,
    /// It names something older than shipway knows.
    Pin,
    /// Its own format, or the program that reads it, refuses it.
    Validity,
    /// It is less safe than it was generated.
    Risk,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    pub id: &'static str,
    pub kind: Kind,
    pub severity: Severity,
    /// What holds where nothing is found, in a few words.
    pub title: &'static str,
}

const fn rule(id: &'static str, kind: Kind, severity: Severity, title: &'static str) -> Rule {
    Rule {
        id,
        kind,
        severity,
        title,
    }
}

use Kind::{Drift, Pin, Risk, Validity};
use Severity::{Error, Warning};

/// Rules, of which the order is that of the documentation.
macro_rules! rules {
    ($($name:ident = $id:literal, $kind:ident, $severity:ident, $title:literal;)*) => {
        $(pub(super) const $name: &Rule = &rule($id, $kind, $severity, $title);)*
        pub(super) const RULES: &[&Rule] = &[$($name),*];
    };
}

rules! {
    DRIFT = "drift", Drift, Warning, "every generated file is as it would be generated now";
    CONFLICT = "conflict", Drift, Error, "no edit crosses what an update brings";
    RECORDS = "records", Drift, Warning, "shipway.lock and its copies are whole and of today";
    OLD_PIN = "old-pin", Pin, Warning, "no version is older than the one that shipway knows";
    BLOCK_MARKS = "block-marks", Validity, Error, "a generated block has both of its marks";
    OLD_NAME = "old-name", Validity, Warning, "a generated file that was moved is named where it lies";
    COMPOSE_CONFIG = "compose-config", Validity, Error, "docker compose config takes the file";
    HADOLINT = "hadolint", Validity, Error, "hadolint finds nothing";
    ACTIONLINT = "actionlint", Validity, Error, "actionlint finds nothing";
    SHELLCHECK = "shellcheck", Validity, Error, "shellcheck finds nothing";
    FLOATING_TAG = "floating-tag", Risk, Warning, "an image is named by its digest, or by a version at least";
    UNPINNED_ACTION = "unpinned-action", Risk, Warning, "an action is named by its commit, and never by a branch";
    ROOT_USER = "root-user", Risk, Error, "what runs in a container is not root";
    PRIVILEGED = "privileged", Risk, Error, "no container is privileged";
    HARDENING = "hardening", Risk, Warning, "what confines a container is not taken out";
    OPEN_PORT = "open-port", Risk, Warning, "a port that was for this machine alone stays so";
    WIDE_PERMISSIONS = "wide-permissions", Risk, Error, "a workflow's token may do what it needs alone";
}
