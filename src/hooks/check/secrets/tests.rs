//! Each provider's shape, names and values, and that no value is ever shown.

use super::*;
use std::collections::BTreeSet;

#[test]
fn the_tables_are_whole() {
    let mut ids = BTreeSet::new();
    let mut owners = BTreeSet::new();
    for known in provider::all() {
        let provider = known.provider;
        assert!(ids.insert(provider.id), "{} is there twice", provider.id);
        assert!(known.regex().is_some(), "{} does not compile", provider.id);
        assert!(provider.page.starts_with("https://") && !provider.revoke.is_empty());
        assert!(
            provider
                .words
                .iter()
                .all(|word| word.is_ascii() && word.len() > 1)
        );
        owners.insert(provider.page.split('/').nth(2).unwrap());
    }
    assert!(owners.len() >= 40, "{} providers", owners.len());
    assert!(SEARCH.is_some());
    assert!(assignment::compiles());
}

/// Made by chance, for nothing.
const CHANCE: &str = "k3Jd8sLq2ZvT7wXy5Rb9Mn4Pc6Hf1GtQ0aUeWiOzSxDkVj7BlNm2CrFhYp8E";
const HEX: &str = "9f3b1c7ed2a84065b7c1e98d03fa46a2c5d87b19e4603fda8c2b75e1904da36f";

fn chance(length: usize) -> String {
    CHANCE.chars().cycle().take(length).collect()
}

fn hex(length: usize) -> String {
    HEX.chars().cycle().take(length).collect()
}

fn upper(length: usize) -> String {
    chance(length).to_ascii_uppercase()
}

fn found(path: &str, content: &str) -> Vec<(Option<&'static str>, String)> {
    let blob = crate::hooks::check::Blob {
        path: path.into(),
        mode: crate::hooks::check::Mode::Regular,
        content: content.as_bytes(),
        before: None,
        lfs: false,
    };
    secrets(&File::new(blob), true)
        .into_iter()
        .map(|secret| (secret.provider, content[secret.range].to_owned()))
        .collect()
}

/// Prefixes, alphabets and lengths are those of the providers' documentation.
#[test]
fn tokens_are_known_by_their_shape() {
    let uuid = || format!("{}-{}-4{}-a{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12));
    let cases: Vec<(&str, String)> = vec![
        ("aws-access-key", format!("AKIA{}", "Q3ZX7TY2PLM4RB6K")),
        ("google-api-key", format!("AIza{}", chance(35))),
        ("google-oauth-client", format!("GOCSPX-{}", chance(28))),
        ("azure-client-secret", format!("aB38Q~{}", chance(34))),
        (
            "azure-devops-token",
            format!("{}AZDO{}", chance(76), chance(4)),
        ),
        ("digitalocean-token", format!("dop_v1_{}", hex(64))),
        ("alibaba-access-key", format!("LTAI{}", chance(20))),
        ("heroku-token", format!("HRKU-{}", chance(60))),
        ("fly-token", format!("fo1_{}", chance(43))),
        ("netlify-token", format!("nfp_{}", chance(36))),
        ("vault-token", format!("hvs.{}", chance(95))),
        (
            "terraform-token",
            format!("{}.atlasv1.{}", chance(14), chance(64)),
        ),
        ("pulumi-token", format!("pul-{}", hex(40))),
        ("doppler-token", format!("dp.pt.{}", chance(43))),
        ("databricks-token", format!("dapi{}", hex(32))),
        ("planetscale-token", format!("pscale_tkn_{}", chance(43))),
        ("supabase-token", format!("sbp_{}", hex(40))),
        ("grafana-token", format!("glsa_{}_{}", chance(32), hex(8))),
        ("new-relic-key", format!("NRAK-{}", upper(27))),
        ("sentry-token", format!("sntryu_{}", hex(64))),
        (
            "dynatrace-token",
            format!("dt0c01.{}.{}", upper(24), upper(64)),
        ),
        ("github-token", format!("ghp_{}", chance(36))),
        (
            "github-token",
            format!("github_pat_{}_{}", chance(22), chance(59)),
        ),
        ("gitlab-token", format!("glpat-{}", chance(20))),
        ("atlassian-token", format!("ATATT3{}", chance(180))),
        ("npm-token", format!("npm_{}", chance(36))),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc{}", chance(140))),
        ("rubygems-key", format!("rubygems_{}", hex(48))),
        ("crates-io-token", format!("cio{}", chance(32))),
        ("docker-token", format!("dckr_pat_{}", chance(27))),
        (
            "openai-key",
            format!("sk-{}T3BlbkFJ{}", chance(20), chance(20)),
        ),
        ("anthropic-key", format!("sk-ant-api03-{}AA", chance(93))),
        ("huggingface-token", format!("hf_{}", chance(34))),
        ("linear-key", format!("lin_api_{}", chance(40))),
        ("postman-key", format!("PMAK-{}-{}", hex(24), hex(34))),
        (
            "slack-token",
            format!("xoxb-{}-{}-{}", "48267018234", "48267018901", chance(24)),
        ),
        (
            "slack-webhook",
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                upper(8),
                upper(8),
                chance(24)
            ),
        ),
        (
            "discord-webhook",
            format!(
                "https://discord.com/api/webhooks/{}/{}",
                "824670182346701823",
                chance(68)
            ),
        ),
        (
            "telegram-token",
            format!("{}:AA{}", "824670182", chance(33)),
        ),
        ("stripe-key", format!("sk_live_{}", chance(24))),
        ("square-token", format!("sq0atp-{}", chance(22))),
        ("shopify-token", format!("shpat_{}", hex(32))),
        ("twilio-key", format!("SK{}", hex(32))),
        ("sendgrid-key", format!("SG.{}.{}", chance(22), chance(43))),
        ("mailgun-key", format!("key-{}", hex(32))),
        ("mailchimp-key", format!("{}-us12", hex(32))),
        ("brevo-key", format!("xkeysib-{}-{}", hex(64), chance(16))),
        ("plaid-token", format!("access-production-{}", uuid())),
        ("airtable-token", format!("pat{}.{}", chance(14), hex(64))),
        (
            "notion-token",
            format!("ntn_{}{}", "48267018234", chance(35)),
        ),
        ("contentful-token", format!("CFPAT-{}", chance(43))),
        ("hubspot-token", format!("pat-na1-{}", uuid())),
        ("shippo-token", format!("shippo_live_{}", hex(40))),
        (
            "age-key",
            format!(
                "AGE-SECRET-KEY-1{}",
                "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZ2Y9X8GF7TVDW0S3JN54KHCE"
            ),
        ),
    ];
    assert!(cases.len() > 50);
    for (id, token) in cases {
        for text in [
            format!("{token}\n"),
            format!("x = \"{token}\"\n"),
            format!("{{\"a\": 'b={token}\\nc'}}"),
            format!("<a>{token}</a>"),
        ] {
            let found = found("a.txt", &text);
            assert_eq!(found.len(), 1, "{id} in {text}");
            assert_eq!(found[0].0, Some(id), "{text}");
            assert!(token.contains(&found[0].1), "{text}");
        }
        let inside = format!("x{token}y\n");
        let known = found("a.txt", &inside)
            .iter()
            .any(|found| found.0 == Some(id));
        assert!(
            !known
                || [
                    "azure-client-secret",
                    "slack-webhook",
                    "discord-webhook",
                    "slack-token",
                    "stripe-key"
                ]
                .contains(&id),
            "{id} in a longer word"
        );
    }
}

#[test]
fn values_are_known_by_their_names() {
    let secret = chance(32);
    let named = [
        (
            format!("aws_secret_access_key = {}", chance(40)),
            Some("aws-secret-key"),
        ),
        (
            format!(
                "HEROKU_API_KEY={}-{}-{}-{}-{}",
                hex(8),
                hex(4),
                hex(4),
                hex(4),
                hex(12)
            ),
            Some("heroku-key"),
        ),
        (
            format!("\"datadogApiKey\": \"{}\"", hex(32)),
            Some("datadog-key"),
        ),
        (
            format!("TWILIO_AUTH_TOKEN: {}", hex(32)),
            Some("twilio-token"),
        ),
        (format!("api_token = \"{secret}\""), None),
        (format!("const apiToken = '{secret}';"), None),
        (format!("var token string = \"{secret}\""), None),
        (format!("token: String = \"{secret}\""), None),
        (format!("SECRET_KEY ?= {secret}"), None),
        (format!("'secret_key' => '{secret}',"), None),
        (format!("client.setAuthToken(\"{secret}\")"), None),
        (format!("<apiToken>\n  {secret}\n</apiToken>"), None),
        (
            format!("<add key=\"ApiSecret\" value=\"{secret}\" />"),
            None,
        ),
        (format!("run --api-key {secret}"), None),
        (format!("{{\\\"api_token\\\": \\\"{secret}\\\"}}"), None),
        (format!("DB_PASSWORD = \"{}\"", "kX9!vQ2#mZp7Lw"), None),
        (format!("SECRET_KEY = '{}'", hex(64)), None),
    ];
    for (text, provider) in named {
        let found = found("settings", &text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].0, provider, "{text}");
    }
}

#[test]
fn what_only_stands_for_a_secret_is_none() {
    let uuid = format!("{}-{}-{}-{}-{}", hex(8), hex(4), hex(4), hex(4), hex(12));
    let none = [
        "password = os.environ[\"DB_PASSWORD\"]".to_owned(),
        "token: ${{ secrets.NPM_TOKEN }}".to_owned(),
        "API_KEY=$API_KEY_FROM_VAULT_1234".to_owned(),
        "SECRET_KEY = \"changeme-changeme-changeme\"".to_owned(),
        "token = get_token_for_user_2(request)".to_owned(),
        "api_key = \"your-api-key-goes-here-1234\"".to_owned(),
        "password = \"correct horse battery staple\"".to_owned(),
        "TOKEN_URL = \"https://id.example.org/oauth2/token\"".to_owned(),
        "secret = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"".to_owned(),
        "primary_key = \"customer_id_2_order_id\"".to_owned(),
        "i18n_key = model.model_name.i18n_key".to_owned(),
        "RUBY2_KEYWORDS_KEY, RUBY2_KEYWORDS_KEY.to_sym".to_owned(),
        format!("request_token = \"{uuid}\""),
        format!("password_sha256 = \"{}\"", hex(64)),
        format!("commit_key = \"{}\"", hex(40)),
        format!("ghp_{}", "x".repeat(36)),
        format!("AKIAIOSFODNN7{}", "EXAMPLE"),
        format!("ghp_{}", "abcdefghijklmnopqrstuvwxyz0123456789"),
        "sk_test_".to_owned(),
        format!("{}ghp_{}", chance(8), chance(36)),
        "postgres://postgres:postgres@localhost:5432/db".to_owned(),
        "postgres://user:${DB_PASSWORD}@db/x".to_owned(),
        "https://user:password@example.com/".to_owned(),
        "redis://:6379@".to_owned(),
    ];
    for text in none {
        assert_eq!(found("a.py", &text), [], "{text}");
    }
    let lock = format!("\"token\": \"{}\"", chance(40));
    assert_eq!(found("package-lock.json", &lock), []);
    assert_eq!(found("uv.lock", &lock), []);
    assert_eq!(found("a.json", &lock).len(), 1);
}

#[test]
fn addresses_headers_and_signed_tokens() {
    let password = chance(14);
    assert_eq!(
        found(
            "a",
            &format!("DATABASE_URL=postgres://app:{password}@db.internal/x")
        ),
        [(Some("url-password"), password.clone())]
    );
    let header = format!(
        "curl -H \"Authorization: Bearer {}\" https://a.b",
        chance(40)
    );
    assert_eq!(found("a.sh", &header)[0].0, Some("authorization-header"));
    let by_name = "requests.get(url, headers={\"X-Api-Key\": SOURCE_PROJECT_READONLY_KEY})";
    assert_eq!(found("a.py", by_name), []);
    let unique = format!("\"unique_key\": \"{}\"", chance(40));
    assert_eq!(found("a.json", &unique), []);
    let user = format!("curl -u admin:{password} https://a.b");
    assert_eq!(found("a.sh", &user)[0].1, password);
    let token = |claims: &str| {
        use base64::Engine;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let header = encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
        format!("{header}.{}.{}", encode(claims), chance(43))
    };
    let live = token("{\"role\":\"service_role\",\"iss\":\"supabase\",\"ref\":\"abc\"}");
    assert_eq!(found("a.js", &live), [(Some("jwt"), live.clone())]);
    for claims in [
        "{\"role\":\"anon\",\"iss\":\"supabase\",\"ref\":\"abc\"}",
        "{\"role\":\"service_role\",\"iss\":\"supabase-demo\"}",
        "{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"iat\":1516239022}",
    ] {
        assert_eq!(found("a.js", &token(claims)), [], "{claims}");
    }
}

#[test]
fn a_value_may_be_allowed_and_is_never_shown() {
    use crate::hooks::check::tests::{look, look_with, places};
    use sha2::{Digest, Sha256};
    let token = format!("ghp_{}", chance(36));
    let text = format!("a\n  key = \"{token}\"\n");
    let outcome = look("secrets", "a.py", &text);
    assert_eq!(places(&outcome), [(2, 10)]);
    assert!(!format!("{outcome:?}").contains(&chance(8)));
    let hash = hex::encode(Sha256::digest(&token));
    let with = |list: &str| {
        let mut options = Options::default();
        options.allow.read(list).unwrap();
        look_with("secrets", &options, "a.py", text.as_bytes())
    };
    assert_eq!(
        with(&format!("# of a test\n\n{hash}  a.py\n")),
        Outcome::clean()
    );
    assert_eq!(with(&hash[..16].to_ascii_uppercase()), Outcome::clean());
    assert_eq!(with(&"0".repeat(64)).findings.len(), 1);
    for line in [
        "x",
        "abc",
        &hash[..15],
        &format!("{hash}0"),
        "zzzzzzzzzzzzzzzz",
    ] {
        let error = Options::default().allow.read(&format!("# a\n{line}\n"));
        assert_eq!(error.unwrap_err().line, 2, "{line}");
    }
    for comment in [
        "# shipway:allow secrets: a test vector",
        "// gitleaks:allow",
        "# pragma: allowlist secret",
    ] {
        let text = format!("key = \"{token}\" {comment}\n");
        assert_eq!(
            look("secrets", "a.py", &text),
            Outcome::clean(),
            "{comment}"
        );
    }
    let reasonless = format!("key = \"{token}\" # shipway:allow secrets\n");
    assert_eq!(look("secrets", "a.py", &reasonless).findings.len(), 1);
    let quiet = Options {
        entropy: false,
        ..Options::default()
    };
    let text = format!("api_token = \"{}\"\n", chance(32));
    assert_eq!(
        look_with("secrets", &quiet, "a.py", text.as_bytes()),
        Outcome::clean()
    );
    assert_eq!(look("secrets", "a.py", &text).findings.len(), 1);
}

#[test]
fn bad_bytes_and_length_are_survived() {
    use crate::hooks::check::tests::look;
    for text in [
        "://:@".repeat(50_000),
        "key=".repeat(50_000),
        "eyJ.".repeat(50_000),
        "-u a:".repeat(20_000),
        format!("token={}", "a1".repeat(100_000)),
    ] {
        look("secrets", "a", &text);
    }
    look("secrets", "a", b"\xff token = \"\xff\xfe\xff\xff\xff\"\n");
}

fn base64(text: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn what_a_secret_of_kubernetes_holds_is_found() {
    let manifest = |kind: &str, key: &str, lines: &[(&str, String)]| {
        let mut text = format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: x\n{key}:\n");
        for (name, value) in lines {
            text.push_str(&format!("  {name}: {value}\n"));
        }
        text
    };
    let places = |path: &str, text: &str| {
        let outcome = crate::hooks::check::tests::look("secrets", path, text);
        assert!(!format!("{outcome:?}").contains("kX9"));
        crate::hooks::check::tests::places(&outcome)
    };
    let password = base64("kX9!vQ2#");
    let one = manifest("Secret", "data", &[("password", password.clone())]);
    let at = 3 + "password: ".len();
    assert_eq!(places("s.yaml", &one), [(6, at)]);
    assert_eq!(
        places("s.yml", &one.replace("Secret", "'Secret'")),
        [(6, at)]
    );
    assert_eq!(places("s.yaml", &format!("a: 1\n---\n{one}")), [(8, at)]);
    let list = one.replace('\n', "\n    ");
    let list = format!("kind: List\nitems:\n  - {list}");
    assert_eq!(places("s.yaml", &list).len(), 1);
    let folded = one.replace(&password, &format!("|\n    {password}"));
    assert_eq!(places("s.yaml", &folded), [(6, 3)]);
    let held = [
        (
            "database-url",
            base64(format!("postgres://app:{}@db.internal/x", "kX9vQ2")),
        ),
        ("extra", base64("admin:kX9vQ2mZ")),
        (
            ".dockerconfigjson",
            base64("{\"auths\":{\"r.io\":{\"auth\":\"eA==\"}}}"),
        ),
        (
            "keystore",
            base64([
                0xfe, 0xed, 0xfe, 0xed, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
            ]),
        ),
        ("anything", base64(chance(32))),
    ];
    for (name, value) in held {
        let text = manifest("Secret", "data", &[(name, value)]);
        assert_eq!(places("s.yaml", &text).len(), 1, "{name}");
    }
    let plain = manifest("Secret", "stringData", &[("token", chance(8))]);
    assert_eq!(places("s.yaml", &plain).len(), 1);

    let certificate = format!("-----{} CERTIFICATE-----\nMIIB\n", "BEGIN");
    let open = [
        ("username", base64("admin")),
        ("host", base64("db.internal:5432")),
        ("ca.crt", base64(certificate)),
        ("password", base64("changeme")),
        ("password", base64("${DB_PASSWORD}")),
        ("password", String::new()),
        ("password", "<base64 of the password>".to_owned()),
        ("password", "{{ .Values.password | b64enc }}".to_owned()),
    ];
    for (name, value) in open {
        let text = manifest("Secret", "data", &[(name, value.clone())]);
        assert_eq!(places("s.yaml", &text), [], "{name}: {value}");
    }
    let sealed = manifest("SealedSecret", "spec", &[("x", "1".to_owned())]);
    assert_eq!(places("s.yaml", &sealed), []);
    let map = manifest("ConfigMap", "data", &[("x", password.clone())]);
    assert_eq!(places("s.yaml", &map), []);
    assert_eq!(
        places(
            "s.yaml",
            &format!(
                "{}sops:\n  version: 3.8.1\n",
                one.replace("password:", "x:")
            )
        ),
        []
    );
    assert_eq!(places("s.txt", &one.replace("password:", "x:")), []);
}

#[test]
fn a_value_may_stand_before_its_name_behind_a_blank_or_without_quotes() {
    let made = "kX9!vQ2#mZp7Lw";
    for (path, text) in [
        ("a.py", format!("if \"{made}\" == password:\n")),
        ("a.js", format!("if ('{made}' !== user.password) {{\n")),
        ("A.java", format!("if (\"{made}\".equals(dbPassword)) {{\n")),
        ("build.gradle", format!("  password '{made}'\n")),
        ("app.yaml", format!("db_password: {made}\n")),
        (".env.staging", format!("DB_PASSWORD={made}\n")),
        ("app.properties", format!("db.password = {made}\n")),
        ("a.py", format!("db_pw = \"{}\"\n", chance(32))),
        ("a.py", format!("IBMCLOUDAPIKEY = \"{}\"\n", chance(32))),
        (
            "NuGet.config",
            format!(
                "<add key=\"ClearTextPassword\" value=\"{}\" />\n",
                "OneMore1"
            ),
        ),
    ] {
        assert_eq!(found(path, &text).len(), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("a.py", "if \"Content-Type\" == key:\n"),
        ("a.py", "if kind == \"pass\" or \"word\" == token:\n"),
        ("a.md", "the password 'something' is asked for\n"),
        ("a.rb", "validates :password \"must not be blank\"\n"),
        ("a.yaml", "password: ${DB_PASSWORD}\n"),
        (".env.example", "S3_SECRET_KEY=\nS3_BUCKET=\n"),
        ("a.py", "password = Settings.Get2(\"x\")\n"),
        (
            "NuGet.config",
            "<add key=\"ClearTextPassword\" value=\"%PASS%\" />\n",
        ),
    ] {
        assert_eq!(found(path, text), [], "{path}: {text}");
    }
}
