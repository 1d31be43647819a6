//! A rule of the user's Makefile that goes over to the rules which shipway makes there. Read by make's
//! grammar.

use super::Carried;
use crate::detect::syntax;
use tree_sitter::Node;

/// A rule of the user's, and the Makefile without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub target: String,
    /// The Makefile without the rule.
    pub rest: String,
    /// What it depends on, as it is written there.
    prerequisites: Option<String>,
    /// 1-based lines of the recipe and what they run, without make's own signs.
    recipe: Vec<(usize, String)>,
    /// Byte behind its last prerequisite, or behind its colon.
    end: usize,
}

impl Rule {
    /// The rule for `target` in `text`, with line feeds only, taken out of it.
    ///
    /// # Errors
    /// Why there is none that could be taken out.
    pub fn take(text: &str, target: &str) -> Result<Self, String> {
        // The grammar ends a recipe by a line break.
        let text = &format!("{}\n", text.strip_suffix('\n').unwrap_or(text));
        let parsed = syntax::parse(&tree_sitter_make::LANGUAGE.into(), text)
            .ok_or("it cannot be read as a Makefile")?;
        let root = parsed.root_node();
        let all: Vec<Node> = syntax::all(root, "rule")
            .into_iter()
            .filter(|rule| {
                targets(*rule)
                    .iter()
                    .any(|word| syntax::text(*word, text) == target)
            })
            .collect();
        let (runs, depends): (Vec<Node>, Vec<Node>) =
            (all.into_iter()).partition(|rule| child(*rule, "recipe").is_some());
        // One that only depends on others is a rule, too; beside one with a recipe it adds to that.
        let rules = if runs.is_empty() { depends } else { runs };
        let [rule] = rules[..] else {
            return Err(match rules.len() {
                0 => format!("it has no rule for `{target}`"),
                count => format!("it has {count} rules for `{target}`"),
            });
        };
        if rule.parent() != Some(root) {
            return Err(format!(
                "its rule for `{target}` is inside a condition; move it out, then run this again"
            ));
        }
        if rule.has_error() {
            return Err(format!("its rule for `{target}` is not valid"));
        }
        let prerequisites =
            child(rule, "prerequisites").map(|node| syntax::text(node, text).trim());
        let recipe = child(rule, "recipe").map_or_else(Vec::new, |recipe| {
            syntax::all(recipe, "recipe_line")
                .into_iter()
                .map(|line| {
                    (
                        syntax::line(line),
                        command(syntax::text(line, text)).to_owned(),
                    )
                })
                .filter(|(_, command)| !command.is_empty())
                .collect()
        });
        Ok(Self {
            target: target.to_owned(),
            rest: without(text, rule, target),
            prerequisites: prerequisites.map(str::to_owned),
            recipe,
            end: end_of_names(text, rule),
        })
    }

    /// The only command of the recipe, where it says all by itself.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        match &self.recipe[..] {
            [(_, command)] if !command.contains(['$', '\\', '\n']) => Some(command),
            _ => None,
        }
    }

    /// `new`, the Makefile that comes, with what the rule depends on among the prerequisites of its
    /// rule for the same target; and what goes.
    ///
    /// # Errors
    /// Where `new` has no such rule.
    pub(in super::super) fn carry(&self, new: &str) -> Result<Carried, String> {
        let target = &self.target;
        let ours = Self::take(new, target).ok();
        let Some(ours) = ours.filter(|ours| !ours.recipe.is_empty()) else {
            return Err(format!("shipway makes no rule for `{target}` here"));
        };
        let mut out = Carried::of(new);
        if let Some(names) = &self.prerequisites {
            out.text.insert_str(ours.end, &format!(" {names}"));
            out.carried.push(format!("{target}: {names}"));
        }
        let runs: Vec<&str> = ours
            .recipe
            .iter()
            .map(|(_, command)| command.as_str())
            .collect();
        for (line, command) in &self.recipe {
            if !runs.iter().any(|run| run.contains(command.as_str())) {
                out.lose(Some(*line), command, "the new rule does not run it");
            }
        }
        Ok(out)
    }
}

/// `text` without `rule`, or without `target` where the rule has others; the comment right above goes
/// with it.
fn without(text: &str, rule: Node, target: &str) -> String {
    let words = targets(rule);
    if let [_, _, ..] = words[..]
        && let Some(word) = words
            .iter()
            .find(|word| syntax::text(**word, text) == target)
    {
        let (before, after) = (&text[..word.start_byte()], &text[word.end_byte()..]);
        let after = after.trim_start_matches([' ', '\t']);
        // Before the colon there is no space.
        let before = if after.starts_with(':') {
            before.trim_end_matches([' ', '\t'])
        } else {
            before
        };
        return [before, after].concat();
    }
    let mut start = rule.start_byte();
    while let Some(above) = text[..start].strip_suffix('\n') {
        let line = above.rsplit('\n').next().unwrap_or_default();
        if !line.starts_with('#') || line.starts_with("# <<<") {
            break;
        }
        start = above.len() - line.len();
    }
    let (above, below) = (&text[..start], &text[rule.end_byte()..]);
    if above.is_empty() || above.ends_with("\n\n") {
        [above, below.trim_start_matches('\n')].concat()
    } else {
        [above, below].concat()
    }
}

/// Byte behind the prerequisites of `rule`, or behind its colon.
fn end_of_names(text: &str, rule: Node) -> usize {
    if let Some(names) = child(rule, "prerequisites") {
        return names.start_byte() + syntax::text(names, text).trim_end().len();
    }
    let targets = child(rule, "targets").map_or(rule.start_byte(), |node| node.end_byte());
    let colon = text[targets..].find(':').unwrap_or(0);
    let colons = text[targets + colon..]
        .chars()
        .take_while(|c| *c == ':')
        .count();
    targets + colon + colons
}

fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    syntax::children(node)
        .into_iter()
        .find(|child| child.kind() == kind)
}

fn targets(rule: Node<'_>) -> Vec<Node<'_>> {
    child(rule, "targets").map_or_else(Vec::new, |targets| {
        syntax::children(targets)
            .into_iter()
            .filter(|word| word.kind() == "word")
            .collect()
    })
}

/// A line of a recipe without make's own signs.
fn command(line: &str) -> &str {
    line.trim().trim_start_matches(['@', '-', '+']).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = ".PHONY: test lint\n\nA = 1\n\n# Runs everything.\ntest: build fixtures\n\t@pytest -q \
                        --cov=app\n\t-echo done\n\nlint check:\n\truff check .\n\nbuild:\n\ttrue\n";

    #[test]
    fn a_rule_goes_with_its_comment_and_what_it_depends_on_stays() {
        let rule = Rule::take(TEXT, "test").unwrap();
        assert_eq!(
            rule.rest,
            ".PHONY: test lint\n\nA = 1\n\nlint check:\n\truff check .\n\nbuild:\n\ttrue\n"
        );
        assert_eq!(
            rule.recipe,
            [
                (7, "pytest -q --cov=app".to_owned()),
                (8, "echo done".to_owned())
            ]
        );
        assert_eq!(rule.command(), None);
    }

    #[test]
    fn of_a_rule_with_several_targets_the_others_stay() {
        let rule = Rule::take(TEXT, "lint").unwrap();
        assert!(
            rule.rest.contains("\ncheck:\n\truff check .\n"),
            "{}",
            rule.rest
        );
        assert_eq!(rule.command(), Some("ruff check ."));
        let other = Rule::take(TEXT, "check").unwrap();
        assert!(
            other.rest.contains("\nlint:\n\truff check .\n"),
            "{}",
            other.rest
        );
    }

    #[test]
    fn the_last_and_the_only_rule_are_taken_too() {
        let rule = Rule::take(TEXT, "build").unwrap();
        assert!(
            rule.rest.ends_with("\truff check .\n\n") || rule.rest.ends_with("\truff check .\n")
        );
        assert_eq!(Rule::take("test:\n\ttrue", "test").unwrap().rest, "");
        assert_eq!(
            Rule::take("test:\n\ttrue\nx:\n\ttrue\n", "test")
                .unwrap()
                .rest,
            "x:\n\ttrue\n"
        );
    }

    #[test]
    fn one_that_only_depends_on_others_is_taken_where_none_has_a_recipe() {
        let rule = Rule::take("test: a b\n\na:\n\ttrue\n", "test").unwrap();
        assert_eq!((rule.rest.as_str(), rule.command()), ("a:\n\ttrue\n", None));
        let carried = rule.carry("test: venv\n\tpytest\n").unwrap();
        assert_eq!(carried.text, "test: venv a b\n\tpytest\n");
        assert!(carried.lost.is_empty());
        let rule = Rule::take("test: a\ntest:\n\ttrue\n", "test").unwrap();
        assert_eq!(rule.rest, "test: a\n");
        assert!(rule.carry(&rule.rest).is_err());
    }

    #[test]
    fn what_cannot_be_taken_out_is_said() {
        for (text, said) in [
            ("all:\n\ttrue\n", "no rule for `test`"),
            ("test: all\ntest: more\n", "2 rules for `test`"),
            ("test::\n\ta\ntest::\n\tb\n", "2 rules for `test`"),
            ("ifdef A\ntest:\n\ta\nendif\n", "inside a condition"),
            ("", "no rule for `test`"),
        ] {
            let error = Rule::take(text, "test").unwrap_err();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_the_new_rule_does_not_run_is_lost() {
        let rule = Rule::take(TEXT, "test").unwrap();
        let new = format!(
            "{}\ntest: venv ## run the tests\n\tV=x; pytest -q --cov=app\n",
            rule.rest
        );
        let carried = rule.carry(&new).unwrap();
        assert_eq!(carried.carried, ["test: build fixtures"]);
        assert!(carried.text.ends_with(
            "\ntest: venv build fixtures ## run the tests\n\tV=x; pytest -q --cov=app\n"
        ));
        let [lost] = &carried.lost[..] else {
            panic!("{:?}", carried.lost)
        };
        assert_eq!((lost.line, lost.what.as_str()), (Some(8), "echo done"));
        let error = rule.carry(&rule.rest).unwrap_err();
        assert!(error.contains("makes no rule for `test`"), "{error}");
    }
}
