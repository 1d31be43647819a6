//! The built-in templates, as the build script parsed them.

use super::parsed;
use handlebars::Template;

/// By name, sorted.
const PARSED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The built-in template `name`, without the positions that an error would name.
pub(super) fn template(name: &str) -> Option<Template> {
    let at = PARSED
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()?;
    parsed::read(PARSED[at].1).ok()
}

#[cfg(test)]
mod tests {
    use super::super::feature::Features;
    use super::*;
    use handlebars::template::{HelperTemplate, TemplateElement};

    fn without_positions(template: &mut Template) {
        template.mapping.clear();
        for element in &mut template.elements {
            match element {
                TemplateElement::HelperBlock(helper) => {
                    let HelperTemplate {
                        template, inverse, ..
                    } = &mut **helper;
                    template.iter_mut().for_each(without_positions);
                    inverse.iter_mut().for_each(without_positions);
                }
                TemplateElement::PartialBlock(decorator)
                | TemplateElement::DecoratorBlock(decorator) => {
                    decorator.template.iter_mut().for_each(without_positions);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn each_is_what_its_text_parses_to() {
        let features = Features::builtin().unwrap();
        for (name, _) in PARSED {
            let text = features.template(name).unwrap();
            let mut expected = Template::compile_with_name(text, (*name).to_owned()).unwrap();
            without_positions(&mut expected);
            assert!(template(name).unwrap() == expected, "{name}");
        }
        for feature in features.all.values() {
            for rule in &feature.files {
                let name = format!("{}/{}", feature.name, rule.template);
                assert!(template(&name).is_some(), "{name}");
            }
        }
    }
}
