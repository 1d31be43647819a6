//! The variables that a program of Go reads, each with what it means.

use super::source::File;
use super::viper::Naming;
use crate::detect::Tree;
use crate::detect::serving::is_name;
use crate::detect::variable::{self, Engines, Read, Variables};
use crate::project::{EnvRole, EnvVar};

/// In order of name.
pub(super) fn find(tree: &Tree, files: &[&File], engines: Engines) -> Vec<EnvVar> {
    let wrappers: Vec<&str> = files
        .iter()
        .flat_map(|file| &file.wrappers)
        .map(String::as_str)
        .collect();
    let all_at_once = files.iter().any(|file| file.is_environ);
    let naming = Naming::new(files.iter().map(|file| &file.viper));
    let mut all = Variables::new();
    for file in files {
        let settings: Vec<Read> = (file.viper.settings.iter())
            .filter_map(|setting| naming.variable(setting))
            .collect();
        let called = file
            .calls
            .iter()
            .filter(|(name, _)| wrappers.contains(&name.as_str()));
        let keys = file
            .keys
            .iter()
            .filter(|_| all_at_once && file.path.as_str().to_lowercase().contains("config"));
        let named: Vec<Read> = (file.named.iter())
            .filter_map(|read| {
                let mut constants = files.iter().map(|file| &file.constants);
                let own = file.constants.get(&read.name).cloned();
                let name =
                    own.or_else(|| constants.find_map(|all| all.get(&read.name).cloned()))?;
                Some(Read {
                    name,
                    ..read.clone()
                })
            })
            .filter(|read| is_name(&read.name))
            .collect();
        let reads = file
            .reads
            .iter()
            .chain(&named)
            .chain(called.map(|(_, read)| read))
            .chain(keys)
            .chain(&settings);
        let Some(text) = tree.text(&file.path) else {
            continue;
        };
        for read in reads {
            variable::add(&mut all, &file.path, &text, read.clone());
        }
    }
    let mut found: Vec<EnvVar> = all.into_values().collect();
    for variable in &mut found {
        variable.role = variable::role(&variable.name, engines);
        // Clients of Go are given the port with the host, as `net.Dial` is.
        if variable.role == Some(EnvRole::RedisHost)
            && (variable.name.ends_with("ADDR")
                || variable.name.ends_with("ADDRESS")
                || variable
                    .default
                    .as_ref()
                    .is_some_and(|text| text.contains(':')))
        {
            variable.role = Some(EnvRole::RedisAddress);
        }
        variable::guard(variable);
    }
    // What the toolchain and the system set.
    found.retain(|variable| variable.name != "GOPATH" && !variable::is_of_system(&variable.name));
    found
}
