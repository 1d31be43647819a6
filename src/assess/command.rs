//! What a command line does on the way to where the project runs.

use regex::RegexSet;
use serde::Serialize;

/// What a step is for, in the order of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Gets the source onto a machine.
    Fetch,
    Build,
    /// Puts an image or a package where it can be had.
    Publish,
    /// Brings a database to the new schema.
    Migrate,
    /// Puts the new version into service.
    Start,
}

/// Patterns of a command, each with its purpose.
const PATTERNS: &[(&str, Purpose)] = &[
    (r"^git\s+pull\b", Purpose::Fetch),
    (r"^(scp|rsync|sftp)\b.*:", Purpose::Fetch),
    (
        r"^docker(-compose|\s+compose)?\s+(.*\s)?(buildx\s+)?build\b",
        Purpose::Build,
    ),
    (
        r"^docker(-compose|\s+compose)?\s+(.*\s)?push\b",
        Purpose::Publish,
    ),
    (r"^(python3?\s+-m\s+)?twine\s+upload\b", Purpose::Publish),
    (
        r"^(uv|poetry|pdm|hatch|flit|cargo|npm|yarn|pnpm)\s+(npm\s+)?publish\b",
        Purpose::Publish,
    ),
    (r"^goreleaser\b", Purpose::Publish),
    (r"manage\.py\s+migrate\b", Purpose::Migrate),
    (
        r"^(flask|uv\s+run\s+flask|poetry\s+run\s+flask|python\s+-m\s+flask)\s+db\s+upgrade\b",
        Purpose::Migrate,
    ),
    (r"\balembic\s+upgrade\b", Purpose::Migrate),
    (
        r"^(bin/)?(rails|rake|bundle\s+exec\s+(rails|rake))\s+db:migrate\b",
        Purpose::Migrate,
    ),
    (
        r"^(npx\s+)?(supabase)\s+(db\s+(push|reset)|migration\s+up)\b",
        Purpose::Migrate,
    ),
    (r"^psql\b.*(-f|<)\s*\S+\.sql", Purpose::Migrate),
    (
        r"^(npx\s+)?(prisma\s+migrate\s+deploy|knex\s+migrate|sequelize\s+db:migrate)\b",
        Purpose::Migrate,
    ),
    (
        r"^docker(-compose|\s+compose)\s+(.*\s)?(up|restart)\b",
        Purpose::Start,
    ),
    (
        r"^docker\s+(stack\s+deploy|service\s+update)\b",
        Purpose::Start,
    ),
    (
        r"^docker\s+run\b.*\s(-d|--detach|-[a-z]*d[a-z]*)\b",
        Purpose::Start,
    ),
    (
        r"^kubectl\s+(apply|set\s+image|rollout\s+restart|create)\b",
        Purpose::Start,
    ),
    (r"^skaffold\s+(run|deploy)\b", Purpose::Start),
    (r"^helm\s+(upgrade|install)\b", Purpose::Start),
    (r"^git\s+push\s+(heroku|dokku|piku)\b", Purpose::Start),
    (r"^(fly|flyctl)\s+deploy\b", Purpose::Start),
    (
        r"^(npx\s+)?(vercel|netlify)\s+(deploy|--prod)\b",
        Purpose::Start,
    ),
    (r"^gcloud\s+(app|run|functions)\s+deploy\b", Purpose::Start),
    (
        r"^aws\s+(ecs\s+update-service|lambda\s+update-function-code|elasticbeanstalk|s3\s+sync)\b",
        Purpose::Start,
    ),
    (
        r"^(eb|cdk|serverless|sls|sam|cap\s+production|fab|mina|kamal)\s+deploy\b",
        Purpose::Start,
    ),
    (
        r"^az\s+(webapp|containerapp)\s+(up|deploy|update|deployment)\b",
        Purpose::Start,
    ),
    (r"^terraform\s+apply\b", Purpose::Start),
    (r"^ansible-playbook\b", Purpose::Start),
    (
        r"^systemctl\s+(restart|reload|start|enable)\b",
        Purpose::Start,
    ),
    (r"^service\s+\S+\s+(restart|reload|start)\b", Purpose::Start),
    (
        r"^supervisorctl\s+(restart|start|update|reload)\b",
        Purpose::Start,
    ),
    (r"^pm2\s+(start|restart|reload)\b", Purpose::Start),
    (
        r"^(wrangler|npx\s+wrangler)\s+(deploy|publish)\b",
        Purpose::Start,
    ),
    (r"^mkdocs\s+gh-deploy\b", Purpose::Start),
];

/// Actions of GitHub that deploy or publish, by the beginning of their name.
const ACTIONS: &[(&str, Purpose)] = &[
    ("docker/build-push-action", Purpose::Publish),
    ("docker/bake-action", Purpose::Publish),
    ("depot/build-push-action", Purpose::Publish),
    ("depot/bake-action", Purpose::Publish),
    ("redhat-actions/push-to-registry", Purpose::Publish),
    ("pypa/gh-action-pypi-publish", Purpose::Publish),
    ("softprops/action-gh-release", Purpose::Publish),
    ("ncipollo/release-action", Purpose::Publish),
    ("goreleaser/goreleaser-action", Purpose::Publish),
    ("changesets/action", Purpose::Publish),
    ("googleapis/release-please-action", Purpose::Publish),
    (
        "google-github-actions/release-please-action",
        Purpose::Publish,
    ),
    ("actions/deploy-pages", Purpose::Start),
    ("peaceiris/actions-gh-pages", Purpose::Start),
    ("JamesIves/github-pages-deploy-action", Purpose::Start),
    ("appleboy/ssh-action", Purpose::Start),
    ("appleboy/scp-action", Purpose::Fetch),
    ("easingthemes/ssh-deploy", Purpose::Start),
    ("akhileshns/heroku-deploy", Purpose::Start),
    ("google-github-actions/deploy-", Purpose::Start),
    (
        "aws-actions/amazon-ecs-deploy-task-definition",
        Purpose::Start,
    ),
    ("azure/webapps-deploy", Purpose::Start),
    ("Azure/webapps-deploy", Purpose::Start),
    ("azure/k8s-deploy", Purpose::Start),
    ("superfly/flyctl-actions", Purpose::Start),
    ("cloudflare/wrangler-action", Purpose::Start),
    ("amondnet/vercel-action", Purpose::Start),
    ("nwtgck/actions-netlify", Purpose::Start),
];

/// Commands that run tests.
const TESTS: &str = r"\b(pytest|tox|nox|unittest|manage\.py\s+test|cargo\s+(nextest|test)|go\s+test|(npm|yarn|pnpm)\s+(run\s+)?test|jest|vitest|rspec|rake\s+test|make\s+(\S+\s+)?(test|check)|(task|just)\s+(\S+:)?test|phpunit|mvn\s+.*(test|verify)|gradlew?\s+.*(test|check))\b";

/// Reads command lines.
pub(super) struct Reader {
    patterns: RegexSet,
    tests: regex::Regex,
}

impl Reader {
    /// None where a pattern is no regular expression, which a test rules out.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            patterns: RegexSet::new(PATTERNS.iter().map(|(pattern, _)| pattern)).ok()?,
            tests: regex::Regex::new(TESTS).ok()?,
        })
    }

    /// What one line does; a prompt, `sudo`, settings of variables and what runs it on another
    /// host before it are passed over. A line of several commands has the purpose of the last.
    pub(super) fn purpose(&self, line: &str) -> Option<Purpose> {
        line.split(['|', ';'])
            .flat_map(|part| part.split("&&"))
            .filter_map(|part| self.single(part))
            .max()
    }

    fn single(&self, command: &str) -> Option<Purpose> {
        let mut command = command
            .trim()
            .trim_start_matches(['$', '>', '%', '('])
            .trim_start();
        if let Some(remote) = command.strip_prefix("ssh ") {
            // What it runs there counts; a login alone is the way to go on by hand.
            let inner = remote
                .split_once(['"', '\''])
                .map_or("", |(_, inner)| inner);
            return self.purpose(inner.trim_end_matches(['"', '\'']));
        }
        loop {
            let (first, rest) = command.split_once(char::is_whitespace)?;
            let setting = first.contains('=') && !first.starts_with('-');
            if setting
                || matches!(
                    first,
                    "sudo" | "exec" | "time" | "env" | "command" | "run:" | "-"
                )
            {
                command = rest.trim_start();
            } else {
                break;
            }
        }
        let matched = self.patterns.matches(command);
        matched.iter().map(|place| PATTERNS[place].1).max()
    }

    pub(super) fn tests(&self, line: &str) -> bool {
        self.tests.is_match(line)
    }
}

/// What an action of a workflow does; `name` is what stands after `uses:`.
pub(super) fn action(name: &str) -> Option<Purpose> {
    ACTIONS
        .iter()
        .find(|(beginning, _)| name.starts_with(beginning))
        .map(|(_, purpose)| *purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_behind_what_stands_before_it() {
        let reader = Reader::new().unwrap();
        for (line, purpose) in [
            (
                "$ sudo docker compose -f prod.yml up -d",
                Some(Purpose::Start),
            ),
            (
                "DOCKER_BUILDKIT=1 docker build -t app .",
                Some(Purpose::Build),
            ),
            (
                "ssh deploy@host 'cd app && git pull && systemctl restart app'",
                Some(Purpose::Start),
            ),
            ("scp dist.tar.gz host:/srv", Some(Purpose::Fetch)),
            ("python manage.py migrate", Some(Purpose::Migrate)),
            ("docker run -it app bash", None),
            ("docker run -d -p 80:80 app", Some(Purpose::Start)),
            ("pip install -r requirements.txt", None),
            ("echo kubectl apply is nice", None),
            ("git push heroku main", Some(Purpose::Start)),
        ] {
            assert_eq!(reader.purpose(line), purpose, "{line}");
        }
        assert!(reader.tests("python -m pytest -q"));
        assert!(reader.tests("task py:test"));
        assert!(reader.tests("just test"));
        assert!(!reader.tests("task py:lint"));
        assert!(!reader.tests("pip install build"));
    }
}
