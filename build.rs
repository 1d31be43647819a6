//! Rebuilds when a template is added: the compiler sees only changes to those it embedded.

#![allow(clippy::print_stdout)]

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
