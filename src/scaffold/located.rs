//! Which line of which template gave a line of a rendered file.
//!
//! The templates are rendered once more, with a mark before each of their lines and elements.

use super::feature::Features;
use super::render;
use handlebars::Template;
use handlebars::template::TemplateElement;

/// Stand around a mark; no template has them (they are no characters of a text file).
const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// The file and the line (from 1) of the template or partial that gave line `line` (from 1) of
/// what template `name` makes of `context`. None where it cannot be rendered.
pub(super) fn place(
    features: &Features,
    name: &str,
    context: &handlebars::Context,
    line: usize,
) -> Option<(String, usize)> {
    let mut registry = render::registry();
    let names = features.with_partials(name);
    for (number, name) in names.iter().enumerate() {
        let text = features.template(name)?;
        let mut template = Template::compile_with_name(text, (*name).to_owned()).ok()?;
        put_marks(&mut template, number);
        registry.register_template(name, template);
    }
    let text = registry.render_with_context(name, context).ok()?;
    let (number, line) = mark_of(&text, line)?;
    Some((features.origin(names.get(number)?), line))
}

/// The mark in force at the first character of line `line` that is no blank, or of the last line
/// before it that has one.
fn mark_of(text: &str, line: usize) -> Option<(usize, usize)> {
    let mut mark = None;
    let mut found = None;
    for text in text.lines().take(line) {
        let mut first = true;
        for (at, part) in text.split(OPEN).enumerate() {
            let visible = if at == 0 {
                part
            } else {
                let (place, rest) = part.split_once(CLOSE)?;
                let (number, line) = place.split_once(' ')?;
                mark = Some((number.parse().ok()?, line.parse().ok()?));
                rest
            };
            if first && !visible.trim().is_empty() {
                found = mark;
                first = false;
            }
        }
    }
    found.or(mark)
}

/// Puts marks of the template that has this `number` before its elements, and into its texts.
fn put_marks(template: &mut Template, number: usize) {
    let elements = std::mem::take(&mut template.elements);
    let mapping = std::mem::take(&mut template.mapping);
    for (mut element, place) in elements.into_iter().zip(mapping) {
        let line = place.0;
        let within = |inner: &mut Option<Template>| {
            if let Some(inner) = inner {
                put_marks(inner, number);
            }
        };
        match &mut element {
            TemplateElement::RawString(raw) => {
                // The place of a text is where it is no longer blank.
                let blank = &raw[..raw.len() - raw.trim_start().len()];
                let begin = line.saturating_sub(blank.matches('\n').count());
                let marked = raw.split('\n').enumerate();
                let marked =
                    marked.map(|(more, text)| format!("{}{text}", mark(number, begin + more)));
                *raw = marked.collect::<Vec<_>>().join("\n");
            }
            TemplateElement::HelperBlock(helper) => {
                within(&mut helper.template);
                within(&mut helper.inverse);
            }
            TemplateElement::PartialBlock(decorator)
            | TemplateElement::DecoratorBlock(decorator) => within(&mut decorator.template),
            TemplateElement::Expression(_) | TemplateElement::HtmlExpression(_) => {
                let mark = TemplateElement::RawString(mark(number, line));
                template.elements.push(mark);
                template.mapping.push(place.clone());
            }
            _ => {}
        }
        template.elements.push(element);
        template.mapping.push(place);
    }
}

fn mark(number: usize, line: usize) -> String {
    format!("{OPEN}{number} {line}{CLOSE}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// By line of what is rendered, `file:line`, with the last part of the file's name.
    fn places(files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".shipway/templates/extra");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let features = Features::load(root.path()).unwrap();
        let context = json!({"list": [{"name": "x"}, {"name": "y"}], "yes": true, "no": false});
        let context = handlebars::Context::from(context);
        let rendered = render::Renderer::new(&features)
            .unwrap()
            .file("extra/a.hbs", &context)
            .unwrap();
        (1..=rendered.lines().count())
            .map(|line| {
                let (file, at) = place(&features, "extra/a.hbs", &context, line).unwrap();
                let text = rendered.lines().nth(line - 1).unwrap();
                format!("{text} {}:{at}", file.rsplit('/').next().unwrap())
            })
            .collect()
    }

    #[test]
    fn each_line_has_its_own() {
        let text = "one\n{{#if yes}}\n\n\ntwo\n{{else}}\nno\n{{/if}}\n{{#each list}}\n  {{name}}\n  \
                    - {{name}}: 1\n{{/each}}\n{{~#if no}}\nno\n{{/if}}\n\nlast {{list.[0].name}}\n";
        let expected = [
            "one a.hbs:1",
            " a.hbs:1",
            " a.hbs:1",
            "two a.hbs:5",
            "  x a.hbs:10",
            "  - x: 1 a.hbs:11",
            "  y a.hbs:10",
            "  - y: 1 a.hbs:11",
            " a.hbs:11",
            "last x a.hbs:17",
        ];
        let found = places(&[("a.hbs", text)]);
        assert_eq!(found[3..], expected[3..], "{found:?}");
        assert_eq!(found[0], expected[0]);
    }

    #[test]
    fn a_line_of_a_partial_is_in_the_partials_file() {
        let whole = "a:\n  {{> extra/_part.hbs}}\nb: {{#if yes}}1{{/if}}\n";
        let part = "{{#each list}}\nx: 1\n\n{{name}}: 2\n{{/each}}\n";
        let found = places(&[("a.hbs", whole), ("_part.hbs", part)]);
        let visible = found.iter().map(|line| line.trim());
        let visible: Vec<&str> = visible
            .filter(|line| !line.starts_with("a.hbs") && !line.starts_with("_part.hbs"))
            .collect();
        let expected = [
            "a: a.hbs:1",
            "x: 1 _part.hbs:2",
            "x: 2 _part.hbs:4",
            "x: 1 _part.hbs:2",
            "y: 2 _part.hbs:4",
            "b: 1 a.hbs:3",
        ];
        assert_eq!(visible, expected);
    }
}
