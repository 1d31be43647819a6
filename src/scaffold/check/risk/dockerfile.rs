//! What a Dockerfile builds on, and who runs in its stages.

use super::is_root;
use crate::scaffold::check::image::{self, Image};
use crate::scaffold::check::text::Text;
use crate::scaffold::check::{Finding, rule};
use crate::scaffold::line_of;
use parse_dockerfile::{Flag, Instruction};

/// What a Dockerfile says.
pub(super) struct Read {
    pub(super) images: Vec<Image>,
    stages: Vec<Stage>,
}

struct Stage {
    /// Its name, or its number.
    name: String,
    /// What it is built on, as written.
    from: String,
    line: usize,
    /// The last USER, with its line.
    user: Option<(usize, String)>,
}

impl Read {
    /// None where it does not parse.
    pub(super) fn of(text: &str) -> Option<Self> {
        let file = parse_dockerfile::parse(text).ok()?;
        let line = |at: usize| line_of(text, at);
        let mut arguments: Vec<(String, String, usize)> = Vec::new();
        let mut read = Self {
            images: Vec::new(),
            stages: Vec::new(),
        };
        for instruction in &file.instructions {
            match instruction {
                Instruction::Arg(arg) if read.stages.is_empty() => {
                    if let Some((name, value)) = arg.arguments.value.split_once('=') {
                        let value = value.trim_matches(['"', '\'']).to_owned();
                        arguments.push((name.to_owned(), value, line(arg.arg.span.start)));
                    }
                }
                Instruction::From(from) => {
                    let written = from.image.value.as_ref();
                    let number = read.stages.len();
                    let named = from.as_.as_ref().map(|(_, name)| name.value.to_string());
                    let stage = Stage {
                        name: named.unwrap_or_else(|| number.to_string()),
                        from: written.to_owned(),
                        line: line(from.from.span.start),
                        user: None,
                    };
                    let argument = arguments.iter().find(|(name, ..)| {
                        written == format!("${{{name}}}") || written == format!("${name}")
                    });
                    let image = if let Some((name, value, line)) = argument {
                        (format!("ARG {name}"), value.clone(), *line)
                    } else {
                        let place = format!("stage {}", stage.name);
                        (place, written.to_owned(), stage.line)
                    };
                    read.image(image);
                    read.stages.push(stage);
                }
                Instruction::User(user) => {
                    let at = line(user.user.span.start);
                    if let Some(stage) = read.stages.last_mut() {
                        stage.user = Some((at, user.arguments.value.to_string()));
                    }
                }
                Instruction::Copy(copy) => {
                    if let Some(from) = flag(&copy.options) {
                        let at = line(copy.copy.span.start);
                        read.image(("COPY --from".to_owned(), from, at));
                    }
                }
                _ => {}
            }
        }
        Some(read)
    }

    /// Adds an image, unless it is a stage, the empty one, or known only when it is built.
    fn image(&mut self, (place, reference, line): (String, String, usize)) {
        let is_stage = |stage: &Stage| stage.name.eq_ignore_ascii_case(&reference);
        let is_number = reference.parse::<usize>().is_ok();
        if reference == "scratch"
            || is_number
            || reference.contains('$')
            || self.stages.iter().any(is_stage)
            || self
                .images
                .iter()
                .any(|known| known.place == place && known.line == line)
        {
            return;
        }
        self.images.push(Image {
            place,
            line,
            reference,
            built: false,
        });
    }

    /// Who runs in `stage`, followed through the stages that it is built on.
    fn user<'s>(&'s self, stage: &'s Stage) -> Option<(usize, &'s str)> {
        let mut stage = stage;
        for _ in 0..=self.stages.len() {
            if let Some((line, user)) = &stage.user {
                return Some((*line, user));
            }
            let is_base = |other: &&Stage| {
                other.line < stage.line && other.name.eq_ignore_ascii_case(&stage.from)
            };
            stage = self.stages.iter().rfind(is_base)?;
        }
        None
    }
}

fn flag(options: &[Flag]) -> Option<String> {
    let from = options.iter().find(|option| option.name.value == "from")?;
    Some(from.value.as_ref()?.value.to_string())
}

pub(super) fn findings(text: &Text) -> Vec<Finding> {
    let Some(now) = Read::of(&text.text) else {
        return Vec::new();
    };
    let before = text.pristine.and_then(Read::of);
    let images = before.as_ref().map(|read| read.images.as_slice());
    let mut findings = image::floating(text, &now.images, images);
    for (number, stage) in now.stages.iter().enumerate() {
        let is_last = number + 1 == now.stages.len();
        let user = now.user(stage);
        let generated = before.as_ref().and_then(|before| {
            let same = before.stages.iter().find(|other| other.name == stage.name);
            let same = same.or_else(|| before.stages.last().filter(|_| is_last))?;
            before.user(same).map(|(_, user)| user.to_owned())
        });
        // Of the user's own image only what it says itself, where it runs.
        let is_asked = match (&before, &generated) {
            (None, _) => is_last && user.is_some(),
            (Some(_), generated) => generated.as_ref().is_some_and(|user| !is_root(user)),
        };
        if !is_asked {
            continue;
        }
        let mend = match &generated {
            Some(generated) => format!("write USER {generated} back"),
            None => "end the stage with a USER of its own, by number: USER 10001".to_owned(),
        };
        let name = &stage.name;
        findings.extend(match user {
            Some((line, user)) if is_root(user) => text.finding(
                rule::ROOT_USER,
                line,
                format!("what runs in stage {name} is root"),
                mend,
            ),
            None => text.finding(
                rule::ROOT_USER,
                stage.line,
                format!("stage {name} has no USER any more, so what runs in it may be root"),
                mend,
            ),
            Some(_) => None,
        });
    }
    findings
}
