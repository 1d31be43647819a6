//! The patterns of lint-staged (micromatch's), said as plain globs.

/// More globs than these are no list that a person would write.
const MOST: usize = 32;

/// Which files a pattern is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Globs {
    /// All where empty.
    pub(super) files: Vec<String>,
    pub(super) exclude: Vec<String>,
}

/// What `pattern` picks.
///
/// # Errors
/// What in it globs cannot say.
pub(super) fn globs(pattern: &str) -> Result<Globs, String> {
    let mut found = Globs::default();
    if let Some(rest) = pattern.strip_prefix('!')
        && !rest.starts_with('(')
    {
        found.exclude = expand(rest, false)?;
        return Ok(found);
    }
    found.files = expand(pattern, false)?;
    if pattern.contains("!(") {
        found.exclude = expand(pattern, true)?;
    }
    if matches!(pattern, "*" | "**" | "**/*") {
        found.files.clear();
    }
    Ok(found)
}

/// Every glob for `pattern`, with `!(…)` as anything, or, where `taken`, as what it leaves out.
fn expand(pattern: &str, taken: bool) -> Result<Vec<String>, String> {
    let Some(open) = pattern
        .find('(')
        .filter(|at| pattern[..*at].ends_with(['?', '@', '!', '+', '*']))
    else {
        // Such a group is an expression's; Next.js has folders that are called `(name)`.
        if pattern.contains('(') && pattern.contains('|') {
            return Err("it has a group of an expression".to_owned());
        }
        return Ok(vec![pattern.to_owned()]);
    };
    let (before, group) = pattern.split_at(open);
    let close = group
        .find(')')
        .ok_or_else(|| "a parenthesis of it is not closed".to_owned())?;
    let (inside, after) = (&group[1..close], &group[close + 1..]);
    if inside.contains('(') {
        return Err("it has parentheses in parentheses".to_owned());
    }
    let kind = before.chars().last().unwrap_or_default();
    let before = &before[..before.len() - 1];
    let alternatives: Vec<&str> = match kind {
        '@' => inside.split('|').collect(),
        '?' => std::iter::once("").chain(inside.split('|')).collect(),
        '!' if taken => inside.split('|').collect(),
        '!' => vec!["*"],
        _ => return Err("something in it may be repeated".to_owned()),
    };
    let mut all = Vec::new();
    for one in alternatives {
        for rest in expand(after, taken)? {
            // Beside another star, one that stands for `!(…)` says nothing.
            let doubled = one == "*" && (before.ends_with('*') || rest.starts_with('*'));
            all.push(format!("{before}{}{rest}", if doubled { "" } else { one }));
        }
    }
    if all.len() > MOST {
        return Err("it has too many alternatives".to_owned());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pattern: &str) -> (Vec<String>, Vec<String>) {
        let found = globs(pattern).unwrap();
        (found.files, found.exclude)
    }

    #[test]
    fn groups_become_lists() {
        let none: Vec<String> = Vec::new();
        assert_eq!(
            said("*.ts?(x)"),
            (vec!["*.ts".into(), "*.tsx".into()], none.clone())
        );
        assert_eq!(
            said("src/**/*.@(js|jsx)"),
            (
                vec!["src/**/*.js".into(), "src/**/*.jsx".into()],
                none.clone()
            )
        );
        assert_eq!(said("*.?(m|c)js").0, ["*.js", "*.mjs", "*.cjs"]);
        assert_eq!(said("*.{js,ts}"), (vec!["*.{js,ts}".into()], none.clone()));
        assert_eq!(said("app/(a)/x.ts").0, ["app/(a)/x.ts"]);
        assert_eq!(said("**/*"), (none.clone(), none));
    }

    #[test]
    fn what_is_left_out_is_excluded() {
        assert_eq!(
            said("!(*test).js"),
            (vec!["*.js".into()], vec!["*test.js".into()])
        );
        assert_eq!(
            said("src/!(vendor|gen)*.css"),
            (
                vec!["src/*.css".into()],
                vec!["src/vendor*.css".into(), "src/gen*.css".into()]
            )
        );
        assert_eq!(said("!*.md"), (vec![], vec!["*.md".into()]));
    }

    #[test]
    fn what_globs_cannot_say_is_refused() {
        for pattern in ["+(a).js", "*(a|b)", "@(a|?(b))", "@(a", "(a|b).js"] {
            assert!(globs(pattern).is_err(), "{pattern}");
        }
    }
}
