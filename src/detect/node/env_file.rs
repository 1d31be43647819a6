//! Files of variables that commands read before they run something: no image has a `.env`, and the
//! environment of the container stands for it.

/// The command behind a program that reads files of variables first, and what stands before it.
/// <https://github.com/toddbluhm/env-cmd>, <https://github.com/entropitor/dotenv-cli>
pub(super) fn wrapped(words: &[String]) -> Option<(&[String], &[String])> {
    let program = words.first()?.rsplit('/').next()?;
    let valued: &[&str] = match program {
        "env-cmd" => &["-f", "--file", "-e", "--environments", "-r", "--rc-file"],
        "dotenv" => &["-e", "-c", "-v", "-p"],
        _ => return None,
    };
    let mut at = 1;
    while let Some(word) = words.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        if !word.starts_with('-') {
            break;
        }
        // `-c` of dotenv may stand alone.
        let has_value = valued.contains(&word.as_str())
            && words.get(at + 1).is_some_and(|next| !next.starts_with('-'));
        at += 1 + usize::from(has_value);
    }
    (at < words.len()).then(|| words.split_at(at))
}

/// `words` without the files of variables that are not in the image; `is_there` says of a path
/// which are.
pub(super) fn without(words: &[String], is_there: &dyn Fn(&str) -> bool) -> Vec<String> {
    if let Some((before, command)) = wrapped(words)
        && !gives(before, is_there)
    {
        return without(command, is_there);
    }
    let mut kept = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let file = match word.split_once('=') {
            Some(("--env-file", file)) => Some(file),
            None if word == "--env-file" => rest.as_slice().first().map(String::as_str),
            _ => None,
        };
        match file {
            Some(file) if !is_there(file) => {
                if !word.contains('=') {
                    rest.next();
                }
            }
            _ => kept.push(word.clone()),
        }
    }
    kept
}

/// Whether a program that reads files first, called as `before` says, gives variables in an image, too.
pub(super) fn gives(before: &[String], is_there: &dyn Fn(&str) -> bool) -> bool {
    let of = |options: &[&str]| {
        let mut words = before.iter();
        let found = words.any(|word| options.contains(&word.as_str()));
        found.then(|| words.next().map(String::as_str)).flatten()
    };
    match before.first().and_then(|word| word.rsplit('/').next()) {
        Some("env-cmd") => {
            of(&["-e", "--environments", "-r", "--rc-file"]).is_some()
                || of(&["-f", "--file"]).is_some_and(is_there)
        }
        Some("dotenv") => of(&["-v"]).is_some() || of(&["-e"]).is_some_and(is_there),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        without(&words, &|file| file == "settings/production").join(" ")
    }

    #[test]
    fn a_file_that_is_in_no_image_is_not_read() {
        for (line, wanted) in [
            ("node --env-file=.env dist/main.js", "node dist/main.js"),
            (
                "node --env-file .env --import tsx src/main.ts --env-file-if-exists=.env",
                "node --import tsx src/main.ts --env-file-if-exists=.env",
            ),
            ("env-cmd node a.js", "node a.js"),
            ("env-cmd -- ts-node -r x/y a.ts", "ts-node -r x/y a.ts"),
            ("env-cmd -f .env.production --silent node a.js", "node a.js"),
            ("./node_modules/.bin/env-cmd -- a --env-file=.env", "a"),
            ("dotenv -e .env -- prisma db push", "prisma db push"),
            ("dotenv -e .env -c -- node a.js -e b", "node a.js -e b"),
            ("dotenv -c test node a.js", "node a.js"),
        ] {
            assert_eq!(shown(line), wanted, "{line}");
        }
    }

    #[test]
    fn what_gives_variables_in_an_image_is_called() {
        for line in [
            "node --env-file=settings/production a.js",
            "node --env-file settings/production a.js",
            "env-cmd -e production node a.js",
            "env-cmd -f settings/production node a.js",
            "dotenv -e settings/production -- node a.js",
            "dotenv -v PORT=3000 -- node a.js",
            "node a.js --env-file",
            "env-cmd",
            "dotenv --version",
        ] {
            assert_eq!(shown(line), line);
        }
    }
}
