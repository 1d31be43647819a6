//! Regular expressions over paths, said as globs where globs can say it.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// More alternatives than these are no list that a person would write.
const MOST: usize = 64;

/// A part of one alternative of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Start,
    End,
    /// Already in the form of a glob.
    Glob(String),
    /// Any characters but `/`.
    Name,
    /// Any characters.
    Path,
}

/// What stands for a dot in an expression that means any character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dot {
    /// The dot that somebody forgot to escape, as in `yarn.lock`.
    Literal,
    Any,
}

/// The globs that match the paths in which `expression`, of Python, is found; none where it is
/// found in no path.
///
/// # Errors
/// What in it globs cannot say.
pub(super) fn globs(expression: &str, dot: Dot) -> Result<Vec<String>, String> {
    let globs = plain(expression, dot)?;
    let said = globs.iter().filter(|glob| !glob.is_empty());
    Ok(said.map(|glob| as_gitignore(glob)).collect())
}

/// The patterns that match the branches at whose start `expression`, of Python, is found.
///
/// # Errors
/// What in it globs cannot say.
pub(super) fn branches(expression: &str) -> Result<Vec<String>, String> {
    plain(&format!("^(?:{expression})"), Dot::Any)
}

/// The files that are of a type by their extension or name; None where there are none or many.
pub(super) fn of_type(tag: &str) -> Option<Vec<String>> {
    use file_identify::extensions::{EXTENSIONS, NAMES};
    let tag = file_identify::Tag::from_name(tag)?;
    let is = |tags: &file_identify::TagSet| tags.contains_tag(tag);
    let by_extension = EXTENSIONS
        .iter()
        .filter(|(_, tags)| is(tags))
        .map(|(extension, _)| format!("*.{extension}"));
    let by_name = NAMES
        .iter()
        .filter(|(_, tags)| is(tags))
        .map(|(name, _)| name.to_owned());
    let globs: Vec<String> = by_extension.chain(by_name).collect();
    (1..=MOST).contains(&globs.len()).then_some(globs)
}

/// The globs over whole paths.
fn plain(expression: &str, dot: Dot) -> Result<Vec<String>, String> {
    let expression = expression.replace("\\Z", "\\z");
    let hir = regex_syntax::Parser::new()
        .parse(&expression)
        .map_err(|error| match error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            other => other.to_string(),
        })?;
    let mut globs = Vec::new();
    for parts in alternatives(&hir, dot)? {
        for glob in write(parts) {
            if !globs.contains(&glob) {
                globs.push(glob);
            }
        }
    }
    if globs.len() > MOST {
        return Err("it has too many alternatives".to_owned());
    }
    Ok(globs)
}

fn alternatives(hir: &Hir, dot: Dot) -> Result<Vec<Vec<Part>>, String> {
    let one = |part| Ok(vec![vec![part]]);
    match hir.kind() {
        HirKind::Empty => Ok(vec![Vec::new()]),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|error| error.to_string())?;
            one(Part::Glob(globset::escape(text)))
        }
        HirKind::Look(Look::Start) => one(Part::Start),
        HirKind::Look(Look::End) => one(Part::End),
        HirKind::Look(_) => Err("it looks at the edges of words".to_owned()),
        HirKind::Class(class) => one(Part::Glob(single(class, dot)?)),
        HirKind::Capture(capture) => alternatives(&capture.sub, dot),
        HirKind::Alternation(list) => {
            let mut all = Vec::new();
            for hir in list {
                all.extend(alternatives(hir, dot)?);
            }
            limited(all)
        }
        HirKind::Concat(list) => {
            let mut all = vec![Vec::new()];
            for hir in list {
                let next = alternatives(hir, dot)?;
                all = limited(
                    all.iter()
                        .flat_map(|before: &Vec<Part>| {
                            next.iter().map(|after| [&before[..], after].concat())
                        })
                        .collect(),
                )?;
            }
            Ok(all)
        }
        HirKind::Repetition(repetition) => {
            if (repetition.min, repetition.max) == (0, Some(1)) {
                let mut all = alternatives(&repetition.sub, dot)?;
                all.insert(0, Vec::new());
                return limited(all);
            }
            let class = match repetition.sub.kind() {
                HirKind::Class(class) => class,
                // No path has two of them in a row.
                HirKind::Literal(literal) if *literal.0 == *b"/" => {
                    return Ok(match (repetition.min, repetition.max) {
                        (0, None) => vec![Vec::new(), vec![Part::Glob("/".to_owned())]],
                        (1, None) => vec![vec![Part::Glob("/".to_owned())]],
                        _ => return Err("it counts characters".to_owned()),
                    });
                }
                _ => return Err("it repeats more than one character".to_owned()),
            };
            let any = match reach(class) {
                Reach::Everything => Part::Path,
                Reach::Name => Part::Name,
                Reach::Some => return Err("it repeats some characters and not others".to_owned()),
            };
            match (repetition.min, repetition.max) {
                (0, None) => one(any),
                (1, None) => Ok(vec![vec![Part::Glob("?".to_owned()), any]]),
                _ => Err("it counts characters".to_owned()),
            }
        }
    }
}

fn limited(all: Vec<Vec<Part>>) -> Result<Vec<Vec<Part>>, String> {
    if all.len() > MOST {
        return Err("it has too many alternatives".to_owned());
    }
    Ok(all)
}

/// What a class leaves out of what paths are made of.
enum Reach {
    Everything,
    /// Everything but `/`.
    Name,
    Some,
}

fn reach(class: &Class) -> Reach {
    let has = |letter: char| match class {
        Class::Unicode(class) => class
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&letter)),
        Class::Bytes(class) => u8::try_from(letter).is_ok_and(|byte| {
            class
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&byte))
        }),
    };
    let all = (' '..='~').filter(|letter| *letter != '/').all(has) && has('é');
    match (all, has('/')) {
        (true, true) => Reach::Everything,
        (true, false) => Reach::Name,
        (false, _) => Reach::Some,
    }
}

/// One character of a class, as a glob.
fn single(class: &Class, dot: Dot) -> Result<String, String> {
    match (reach(class), dot) {
        (Reach::Some, _) => {}
        (Reach::Everything, Dot::Literal) => return Ok(".".to_owned()),
        (Reach::Everything | Reach::Name, _) => return Ok("?".to_owned()),
    }
    let Class::Unicode(class) = class else {
        return Err("it is about bytes".to_owned());
    };
    let mut glob = String::from("[");
    for range in class.iter() {
        let (start, end) = (range.start(), range.end());
        if [start, end]
            .iter()
            .any(|letter| !letter.is_ascii() || "]![^-/".contains(*letter))
        {
            return Err("it has a class of characters that no glob has".to_owned());
        }
        glob.push(start);
        if end != start {
            glob.push('-');
            glob.push(end);
        }
    }
    glob.push(']');
    Ok(glob)
}

/// The globs of one alternative, in the form of `.gitignore`.
fn write(parts: Vec<Part>) -> Vec<String> {
    // Searching finds it anywhere between a start and an end that are not said.
    let starts = parts.contains(&Part::Start);
    let ends = parts.contains(&Part::End);
    let mut all = Vec::with_capacity(parts.len() + 2);
    if !starts {
        all.push(Part::Path);
    }
    all.extend(
        parts
            .into_iter()
            .filter(|part| !matches!(part, Part::Start | Part::End)),
    );
    if !ends {
        all.push(Part::Path);
    }
    all.dedup_by(|next, before| *next == Part::Path && *before == Part::Path);
    let mut globs = vec![String::new()];
    let count = all.len();
    for (index, part) in all.into_iter().enumerate() {
        let last = index + 1 == count;
        let mut next = Vec::new();
        for glob in globs {
            let at_folder = glob.is_empty() || glob.ends_with('/');
            match &part {
                Part::Glob(text) => match (glob.strip_suffix("\u{0}"), text.strip_prefix('/')) {
                    // Any path, then a slash: a folder at least, and what comes after begins a name.
                    (Some(before), Some(rest)) => next.push(format!("{before}*/**/{rest}")),
                    (Some(before), None) => next.push(format!("{before}**/*{text}")),
                    (None, _) => next.push(format!("{glob}{text}")),
                },
                Part::Name => match glob.strip_suffix('\u{0}') {
                    Some(before) => next.push(format!("{before}**/*")),
                    None => next.push(format!("{glob}*")),
                },
                Part::Path if last && at_folder => next.push(format!("{glob}**")),
                Part::Path if last => next.extend([format!("{glob}*"), format!("{glob}*/**")]),
                Part::Path if at_folder => next.push(format!("{glob}\u{0}")),
                Part::Path => {
                    next.push(format!("{glob}*"));
                    next.push(format!("{glob}*/\u{0}"));
                }
                Part::Start | Part::End => {}
            }
        }
        globs = next;
    }
    globs
}

/// `**/*.py` is `*.py` there, and a name at the root begins with a slash.
fn as_gitignore(glob: &str) -> String {
    if glob == "**" {
        return "*".to_owned();
    }
    if let Some(rest) = glob.strip_prefix("**/")
        && !rest.contains('/')
        && !rest.is_empty()
    {
        return rest.replace("**", "*");
    }
    if glob.contains('/') {
        glob.to_owned()
    } else {
        format!("/{glob}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::hooks::Patterns;
    use crate::project::RelPath;

    const PATHS: &[&str] = &[
        "a.py",
        "x/a.py",
        "src/a.py",
        "src/x/a.py",
        "src/x/y.pyi",
        "xsrc/a.py",
        "x/src/a.py",
        "setup.py",
        "x/setup.py",
        "setupXpy",
        "docs/a.md",
        "docs/b/c.rst",
        "mydocs/a.md",
        "a.pyc",
        "tests/data/a.json",
        "tests/a.json",
        "poetry.lock",
        "x/poetry.lock",
        "uv.lock",
        "a.min.js",
        "x/b.min.js",
        "a.js",
        "README.md",
        "CHANGELOG.md",
        ".github/workflows/ci.yml",
        ".github/workflows/x/ci.yaml",
        "migrations/0001_x.py",
        "app/migrations/0001_x.py",
        "app/migrations/__init__.py",
        "vendor/a/b",
        "a/vendor/b",
        "test_a.py",
        "x/test_a.py",
    ];

    /// On every path, the globs say what the expression says.
    fn same(expression: &str) -> Vec<String> {
        let globs = globs(expression, Dot::Any).unwrap_or_else(|why| panic!("{expression}: {why}"));
        let patterns = Patterns::new(&globs, &RelPath::root()).unwrap();
        let regex = regex::Regex::new(expression).unwrap();
        for path in PATHS {
            assert_eq!(
                patterns.matches(path),
                regex.is_match(path),
                "{expression} {globs:?} {path}"
            );
        }
        globs
    }

    #[test]
    fn what_configurations_say_is_said_as_globs() {
        assert_eq!(same(r"\.py$"), ["*.py"]);
        assert_eq!(same(r"^src/"), ["src/**"]);
        assert_eq!(same(r"^setup\.py$"), ["/setup.py"]);
        assert_eq!(
            same(r"^(src|docs)/.*\.(py|md)$"),
            ["src/**/*.py", "src/**/*.md", "docs/**/*.py", "docs/**/*.md"]
        );
        assert_eq!(
            same(r"(?x)^( docs/.* | poetry\.lock )$"),
            ["docs/**", "/poetry.lock"]
        );
        assert_eq!(same(r".*\.min\.js"), ["*.min.js*", "**/*.min.js*/**"]);
        assert_eq!(same(r"^\.github/workflows/[^/]+\.ya?ml$").len(), 2);
        for expression in [
            "",
            ".*",
            r"migrations/",
            r"/migrations/",
            r"(^|/)vendor/",
            r"^docs/.*",
            r"\.lock$",
            r"\.pyi?$",
            r"^tests/data",
            r"test_.*\.py$",
            r"^.*/setup\.py$",
            r"^(?:README|CHANGELOG)\.md$",
            r"\.(js|json)$",
            r"^src/.*[^/]\.py$",
            r"^src/.*[^/]*\.py$",
            r"src/.*/y",
            r".*/.*\.lock$",
            r"docs|vendor",
            r"vendor/*|docs",
            r"^src/+.*\.py$",
            r"^a\.[jm]",
            r"setup.py$",
        ] {
            same(expression);
        }
    }

    #[test]
    fn a_dot_may_be_one_that_nobody_escaped() {
        let globs = |expression| globs(expression, Dot::Literal).unwrap();
        assert_eq!(
            globs("^(yarn.lock|docs/[^/].md|)$"),
            ["/yarn.lock", "docs/?.md"]
        );
        assert_eq!(globs("^docs/.+"), ["docs/?*", "docs/?*/**"]);
        assert!(globs("^$").is_empty());
    }

    #[test]
    fn what_globs_cannot_say_is_refused() {
        for expression in [
            r"^(?!docs/)",
            r"[a-z]+\.py$",
            r"(ab)*c",
            r"\bdocs\b",
            r"a{3}",
            "(",
        ] {
            assert!(globs(expression, Dot::Any).is_err(), "{expression}");
        }
    }
}
