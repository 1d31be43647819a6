//! What a user would do, through the binary; and the faults that only the library can place.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod adopt;
mod apply;
mod arrivals;
mod assess;
mod bad_input;
mod check;
mod commit;
mod compose_config;
mod compose_run;
mod container;
mod container_variants;
mod corpus;
mod detect;
mod detect_property;
mod dev_container;
mod doctor;
mod dora;
mod eject;
mod engine;
mod engine_host;
mod env_file;
mod everyday;
mod fixtures;
mod home;
mod hooks_import;
mod hooks_install;
mod init;
mod init_hooks;
mod init_terminal;
mod introduced;
mod moved;
mod own;
mod power;
mod release_file;
mod sandbox;
mod setup;
mod setup_managers;
mod template;
mod template_source;
mod terminal;
mod trust;
mod untracked;
mod update;
mod update_histories;
mod update_killed;
mod validators;
