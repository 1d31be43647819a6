//! setup.cfg, pytest.ini and tox.ini.

use super::requirement::pep508;
use super::{EntryPoint, Package};
use crate::detect::python::code::Code;
use crate::project::{Evidence, Fact, RelPath};
use ini::{Ini, ParseOption};

/// One section of an INI file with the line of its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Section {
    pub(in super::super) name: String,
    pub(in super::super) line: usize,
    pub(in super::super) entries: Vec<(String, String)>,
}

impl Section {
    /// The sections of a file; None where it cannot be parsed.
    pub(in super::super) fn read_all(text: &str) -> Option<Vec<Self>> {
        let options = ParseOption {
            enabled_quote: false,
            enabled_escape: false,
            enabled_indented_mutiline_value: true,
            ..ParseOption::default()
        };
        let ini = Ini::load_from_str_opt(text, options).ok()?;
        Some(
            ini.iter()
                .filter_map(|(name, entries)| {
                    let name = name?;
                    let header = format!("[{name}]");
                    let line = text
                        .lines()
                        .position(|line| line.trim() == header)
                        .map_or(0, |index| index + 1);
                    Some(Self {
                        name: name.to_owned(),
                        line,
                        entries: entries
                            .iter()
                            .map(|(key, value)| (key.to_owned(), value.to_owned()))
                            .collect(),
                    })
                })
                .collect(),
        )
    }

    pub(in super::super) fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads setup.cfg; false where it describes no package.
pub(super) fn read_setup(code: &Code<'_>, path: &RelPath, package: &mut Package) -> bool {
    let Some(text) = code.tree.text(path) else {
        return false;
    };
    let Some(sections) = Section::read_all(&text) else {
        return false;
    };
    let section = |name: &str| sections.iter().find(|section| section.name == name);
    let find = |needle: &str| {
        let line = text
            .lines()
            .position(|line| line.trim().starts_with(needle))
            .map_or(0, |index| index + 1);
        Evidence::new(path.clone(), line, needle)
    };
    let mut described = false;
    if let Some(metadata) = section("metadata") {
        described = true;
        package.built.get_or_insert_with(|| find("[metadata]"));
        if package.name.is_none()
            && let Some(name) = metadata.get("name")
        {
            package.name = Some(Fact::certain(name.to_owned(), find("name")));
        }
    }
    if let Some(options) = section("options") {
        described = true;
        if let Some(range) = options.get("python_requires") {
            package
                .requires_python
                .push((range.to_owned(), find("python_requires")));
        }
        let list = options.get("install_requires").unwrap_or_default();
        let found = list
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .filter_map(|line| pep508(line, find(line), false))
            .collect();
        package.add(found);
    }
    let programs = section("options.entry_points")
        .and_then(|points| points.get("console_scripts"))
        .unwrap_or_default();
    package
        .entry_points
        .extend(programs.lines().filter_map(EntryPoint::parse));
    if let Some(extras) = section("options.extras_require") {
        for (_, list) in &extras.entries {
            let found = list
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .filter_map(|line| pep508(line, find(line), true))
                .collect();
            package.add(found);
        }
    }
    described
}
