//! Templates that could draw each other in without end are refused before one is rendered.

use super::feature::Features;
use handlebars::Template;
use handlebars::template::{DecoratorTemplate, Parameter, TemplateElement};

/// Why template `name` could go on without end, with the line of it (from 1) where one is to
/// blame. A template that cannot be parsed is none: rendering it says more.
pub(super) fn fault(features: &Features, name: &str) -> Option<(Option<usize>, String)> {
    let mut way = Vec::new();
    if circle(features, name, &mut way) {
        let way = way.join(" > ");
        return Some((None, format!("draws in itself without end: {way}")));
    }
    let template = Template::compile(features.template(name)?).ok()?;
    unbounded(&template, false).map(|(line, message)| (Some(line), message.to_owned()))
}

/// The way by which template `name` draws in itself, if it does.
fn circle<'f>(features: &'f Features, name: &'f str, way: &mut Vec<&'f str>) -> bool {
    way.push(name);
    for partial in features.drawn_in(name) {
        if way.contains(&partial) {
            way.push(partial);
            return true;
        }
        if circle(features, partial, way) {
            return true;
        }
    }
    way.pop();
    false
}

/// The first partial whose end cannot be told from the text: its name is computed, or it is drawn
/// in by a partial that is defined in place (`inline`), which can be drawn in from anywhere.
fn unbounded(template: &Template, inline: bool) -> Option<(usize, &'static str)> {
    let mut elements = template.elements.iter().zip(&template.mapping);
    elements.find_map(|(element, place)| {
        let within = |inner: &Option<Template>, inline| {
            inner.as_ref().and_then(|inner| unbounded(inner, inline))
        };
        match element {
            TemplateElement::PartialExpression(partial)
            | TemplateElement::PartialBlock(partial) => {
                if matches!(partial.name, Parameter::Subexpression(_)) {
                    return Some((
                        place.0,
                        "the name of a partial is computed; write it out: {{> feature/_name.hbs}}",
                    ));
                }
                if inline {
                    return Some((
                        place.0,
                        "an inline partial draws in another partial, which could go on without \
                         end; make it a file of its own whose name begins with _",
                    ));
                }
                within(&partial.template, inline)
            }
            TemplateElement::DecoratorBlock(decorator) => {
                within(&decorator.template, inline || is_inline(decorator))
            }
            TemplateElement::HelperBlock(helper) => {
                within(&helper.template, inline).or_else(|| within(&helper.inverse, inline))
            }
            _ => None,
        }
    })
}

fn is_inline(decorator: &DecoratorTemplate) -> bool {
    decorator.name.as_name() == Some("inline")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(files: &[(&str, &str)]) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".shipway/templates/extra");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let loaded = Features::load(root.path());
        loaded.err().map(|error| error.to_string())
    }

    #[test]
    fn a_partial_that_comes_back_to_itself_is_refused() {
        let one = "a\n{{~> extra/_two.hbs}}\n";
        let said = said(&[("_one.hbs", one), ("_two.hbs", "{{>\textra/_one.hbs}}")]).unwrap();
        let expected = ".shipway/templates/extra/_one.hbs: draws in itself without end: \
                        extra/_one.hbs > extra/_two.hbs > extra/_one.hbs";
        assert_eq!(said, expected);
    }

    #[test]
    fn a_name_that_is_computed_is_refused_at_its_line() {
        let text = "a\n{{#if shipway}}\n{{> (lookup project \"name\")}}\n{{/if}}\n";
        let said = said(&[("a.hbs", text)]).unwrap();
        assert!(
            said.starts_with(".shipway/templates/extra/a.hbs:3: the name of a partial is computed"),
            "{said}"
        );
    }

    #[test]
    fn an_inline_partial_is_taken_where_it_draws_in_nothing() {
        let inline = |body: &str| {
            let text = format!("{{{{#*inline \"x\"}}}}\n{body}\n{{{{/inline}}}}\n{{{{> x}}}}\n");
            said(&[("a.hbs", &text)])
        };
        assert_eq!(inline("text"), None);
        let said = inline("{{> x}}").unwrap();
        assert!(
            said.starts_with(".shipway/templates/extra/a.hbs:2: an inline partial"),
            "{said}"
        );
    }
}
