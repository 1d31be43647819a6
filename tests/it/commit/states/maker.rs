//! States of index and work tree by chance, and what each shall become: computed from how it was
//! made, line by line, and not by merging.

use bstr::BString;

/// A line and, where it came from the staged content, its number there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: String,
    staged: Option<usize>,
}

/// What lies at a path of the work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    Link,
    File { content: BString, executable: bool },
}

#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: String,
    /// None where HEAD has no such path.
    pub(super) head: Option<BString>,
    /// None where it is staged to be gone.
    pub(super) staged: Option<Staged>,
    pub(super) work: There,
    /// What `work` shall be once the fix is in, None where the fix cannot go in.
    pub(super) fixed_work: Option<There>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Staged {
    pub(super) content: BString,
    pub(super) executable: bool,
}

#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) files: Vec<File>,
    pub(super) config: String,
    /// What the job "words" runs, as words of a shell; files follow.
    pub(super) words: String,
    pub(super) commit: Vec<String>,
    /// Milliseconds after which shipway is killed, and whether git with it.
    pub(super) kill: Option<(u64, bool)>,
}

/// What the fixers of every state do to a line, all of them together.
pub(super) fn fixed_line(line: &str, ending: &str) -> String {
    let text = line.strip_suffix(ending).unwrap_or(line);
    format!(
        "{}{ending}",
        text.trim_end_matches([' ', '\t']).replace("BAD", "GOOD")
    )
}

fn needs_fix(line: &str, ending: &str) -> bool {
    fixed_line(line, ending) != line
}

/// Makes states by chance.
pub(super) struct Maker {
    random: fastrand::Rng,
    /// Lines made so far.
    lines: usize,
}

/// Milliseconds within which a commit of such a state is killed.
pub(super) const KILL_WITHIN: u64 = 120;

impl Maker {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            lines: 0,
        }
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.random.usize(..number) == 0
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.random.usize(..among.len())]
    }

    /// A line that occurs nowhere else.
    fn line(&mut self, ending: &str) -> String {
        self.lines += 1;
        let word = self.pick(&["ok", "BAD", "ok ", "ok\t", "ok"]);
        format!("{} {word}{ending}", self.lines)
    }

    fn text(&mut self, ending: &str) -> Vec<String> {
        (0..=self.random.usize(..12))
            .map(|_| self.line(ending))
            .collect()
    }

    /// The staged lines with edits that nobody staged.
    fn edited(&mut self, staged: &[String], ending: &str) -> Vec<Line> {
        let mut lines: Vec<Line> = staged
            .iter()
            .enumerate()
            .map(|(number, text)| Line {
                text: text.clone(),
                staged: Some(number),
            })
            .collect();
        for _ in 0..=self.random.usize(..3) {
            let at = self.random.usize(..=lines.len());
            let new = Line {
                text: self.line(ending),
                staged: None,
            };
            match self.random.usize(..3) {
                0 if at < lines.len() => drop(lines.remove(at)),
                1 if at < lines.len() => lines[at] = new,
                _ => lines.insert(at, new),
            }
        }
        lines
    }

    fn binary(&mut self) -> BString {
        self.lines += 1;
        format!("\0{} BAD \n", self.lines).into()
    }

    fn file(&mut self, number: usize) -> File {
        let kind = self.random.usize(..8);
        let path = match kind {
            0 => format!("data/{number}.bin"),
            1 => format!("sub/dir with space/{number}.txt"),
            _ => format!("{number}.txt"),
        };
        if kind == 0 {
            return self.binary_file(path);
        }
        let ending = if self.one_in(5) { "\r\n" } else { "\n" };
        let head = (!self.one_in(4)).then(|| self.text(ending));
        let deleted = head.is_some() && self.one_in(8);
        let bytes = |lines: &[String]| BString::from(lines.concat());
        if deleted {
            let work = if self.one_in(2) {
                let kept = self.text(ending);
                There::File {
                    content: bytes(&kept),
                    executable: false,
                }
            } else {
                There::Nothing
            };
            return File {
                path,
                head: head.as_deref().map(bytes),
                staged: None,
                fixed_work: Some(work.clone()),
                work,
            };
        }
        let staged = match &head {
            // Staged as it is in HEAD: no file of the commit.
            Some(head) if self.one_in(4) => head.clone(),
            _ => self.text(ending),
        };
        let executable = self.one_in(6);
        let in_commit = head.as_ref() != Some(&staged) || executable;
        let (work, fixed_work) = self.work(&staged, ending, executable, in_commit);
        File {
            path,
            head: head.as_deref().map(bytes),
            staged: Some(Staged {
                content: bytes(&staged),
                executable,
            }),
            work,
            fixed_work,
        }
    }

    fn binary_file(&mut self, path: String) -> File {
        let staged = Staged {
            content: self.binary(),
            executable: false,
        };
        let content = if self.one_in(2) {
            self.binary()
        } else {
            staged.content.clone()
        };
        let work = There::File {
            content,
            executable: false,
        };
        File {
            path,
            head: self.one_in(2).then(|| self.binary()),
            staged: Some(staged),
            fixed_work: Some(work.clone()),
            work,
        }
    }

    /// The file in the work tree, and what it shall be with the fix.
    fn work(
        &mut self,
        staged: &[String],
        ending: &str,
        executable: bool,
        in_commit: bool,
    ) -> (There, Option<There>) {
        match self.random.usize(..8) {
            0 => return (There::Nothing, Some(There::Nothing)),
            1 => return (There::Link, Some(There::Link)),
            _ => {}
        }
        let lines = if self.one_in(2) {
            self.edited(staged, ending)
        } else {
            let same = |(number, text): (usize, &String)| Line {
                text: text.clone(),
                staged: Some(number),
            };
            staged.iter().enumerate().map(same).collect()
        };
        let file = |content: String| There::File {
            content: content.into(),
            executable,
        };
        let text = |line: &Line| line.text.clone();
        let work = file(lines.iter().map(text).collect());
        let clash = clashes(staged, &lines, ending);
        if !in_commit {
            return (work.clone(), Some(work));
        }
        if clash {
            return (work, None);
        }
        let fixed = file(
            lines
                .iter()
                .map(|line| match line.staged {
                    Some(_) => fixed_line(&line.text, ending),
                    None => line.text.clone(),
                })
                .collect(),
        );
        (work, Some(fixed))
    }

    pub(super) fn state(&mut self) -> State {
        let count = 1 + self.random.usize(..7);
        let files = (0..count).map(|number| self.file(number)).collect();
        let pause = self.pick(&["", "sleep 0.01;", "sleep 0.03;"]);
        // Not at once: what is killed in between is half a file.
        let script = format!(
            "for f; do {pause} head -c 5 \"$f\" > tmp.$$; {pause} tail -c +6 \"$f\" >> tmp.$$; : > \"$f\"; {pause} sed s/BAD/GOOD/ tmp.$$ > \"$f\"; rm tmp.$$; done"
        );
        let words = format!("sh -c '{}' x", script.replace('\'', "'\\''"));
        let run = format!("{words} {{files}}");
        let mut config = format!(
            "[[hooks.pre-commit]]\nname = \"words\"\nrun = {run:?}\nfiles = [\"*.txt\"]\nfix = true\n"
        );
        config.push_str("[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\nfiles = [\"*.txt\"]\nfix = true\n");
        if self.one_in(3) {
            config.push_str("[[hooks.pre-commit]]\nname = \"look\"\nrun = \"sh -c 'sleep 0.01; cat \\\"$@\\\"' x {files}\"\n");
        }
        let commit = self.pick(&[
            &["commit", "-qm", "x"][..],
            &["commit", "-qm", "x"],
            &["commit", "-q", "--amend", "--allow-empty", "-m", "x"],
        ]);
        let kill = self
            .one_in(3)
            .then(|| (self.random.u64(..KILL_WITHIN), self.one_in(2)));
        State {
            files,
            config,
            words,
            commit: commit.iter().map(|word| (*word).to_owned()).collect(),
            kill,
        }
    }
}

/// Whether the fix of `staged` cannot go into `lines`: one of the lines that it changes is not
/// there any more, or something was put between two that it changes together. It changes lines
/// that follow each other together unless it changes nothing but blanks.
fn clashes(staged: &[String], lines: &[Line], ending: &str) -> bool {
    let place = |number: usize| lines.iter().position(|line| line.staged == Some(number));
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (number, line) in staged.iter().enumerate() {
        if !needs_fix(line, ending) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.last() == Some(&(number - 1)) => run.push(number),
            _ => runs.push(vec![number]),
        }
    }
    runs.iter().any(|run| {
        let places: Option<Vec<usize>> = run.iter().map(|number| place(*number)).collect();
        let Some(places) = places else { return true };
        let together = run.iter().any(|number| staged[*number].contains("BAD"));
        together && places.windows(2).any(|pair| pair[1] != pair[0] + 1)
    })
}
