//! What a checkout, a merge and a rebase say when dependencies or migrations changed: real git,
//! which calls what was installed.

use crate::home::Home;

const MANAGE: &str = "import os\nimport sys\n\n\ndef main():\n    \
    os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"core.settings\")\n    \
    from django.core.management import execute_from_command_line\n\n    \
    execute_from_command_line(sys.argv)\n\n\nif __name__ == \"__main__\":\n    main()\n";
const SETTINGS: &str = "ROOT_URLCONF = 'core.urls'\nINSTALLED_APPS = ['shop']\n\
    WSGI_APPLICATION = 'core.wsgi.application'\n\
    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}\n";
const WSGI: &str = "from django.core.wsgi import get_wsgi_application\n\
    application = get_wsgi_application()\n";

/// A repository with hooks, on `main`, and a branch `next` that changes a lock file, adds a
/// migration and changes something of no consequence.
fn repository() -> Home {
    let home = Home::new(&[("a.txt", "a\n"), ("web/yarn.lock", "1\n")]);
    home.run(0, &["hooks", "install"]);
    home.git(&["switch", "--quiet", "--create=next"]);
    for (path, text) in [
        ("web/yarn.lock", "2\n"),
        ("db/migrate/1_a.rb", "class A; end\n"),
        ("a.txt", "b\n"),
    ] {
        home.sandbox.write(path, text);
    }
    home.git(&["add", "."]);
    home.git(&["commit", "--quiet", "--message=next"]);
    home.git(&["switch", "--quiet", "main"]);
    home
}

/// What the hooks said during a git command that did its work.
fn said(home: &Home, arguments: &[&str]) -> String {
    let output = home.git_command(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let ours = text
        .split(['\n', '\r'])
        .filter(|line| line.contains("shipway") || line.starts_with("  "));
    let lines: Vec<&str> = ours.collect();
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn page(what: &str) -> String {
    format!(
        "shipway: this {what} asks for something; nothing was run.\n  \
         web/yarn.lock      dependencies changed  cd web && yarn install\n  \
         db/migrate/1_a.rb  a migration is new    bin/rails db:migrate\n"
    )
}

#[test]
fn a_checkout_says_what_it_brought_and_nothing_else() {
    let home = repository();
    assert_eq!(said(&home, &["checkout", "next"]), page("checkout"));
    // Back, the lock file changes again and no migration is new.
    let back = said(&home, &["switch", "main"]);
    assert!(
        back.contains("yarn install") && !back.contains("db:migrate"),
        "{back}"
    );
    home.git(&["branch", "same"]);
    assert_eq!(said(&home, &["checkout", "same"]), "");
    // A file that is taken back has not arrived.
    home.sandbox.write("web/yarn.lock", "3\n");
    assert_eq!(said(&home, &["checkout", "--", "web/yarn.lock"]), "");
}

#[test]
fn a_merge_says_it_fast_forward_or_not() {
    let home = repository();
    assert_eq!(said(&home, &["merge", "next"]), page("merge"));
    let home = repository();
    assert_eq!(
        said(&home, &["merge", "--no-ff", "--no-edit", "next"]),
        page("merge")
    );
    assert_eq!(said(&home, &["merge", "--no-edit", "next"]), "");
    let home = repository();
    assert_eq!(said(&home, &["merge", "--squash", "next"]), "");
}

#[test]
fn a_rebase_says_it_once() {
    let home = repository();
    home.git(&["switch", "--quiet", "--create=mine"]);
    for name in ["one", "two"] {
        home.sandbox.write(name, "x\n");
        home.git(&["add", name]);
        home.git(&["commit", "--quiet", "--message", name]);
    }
    assert_eq!(said(&home, &["rebase", "next"]), page("rebase"));
    assert_eq!(said(&home, &["rebase", "next"]), "");
    home.sandbox.write("one", "y\n");
    assert_eq!(
        said(&home, &["commit", "--all", "--amend", "--no-edit"]),
        ""
    );
}

#[test]
fn a_rebase_with_a_conflict_says_it_at_its_end() {
    let home = repository();
    home.git(&["switch", "--quiet", "--create=mine"]);
    home.sandbox.write("a.txt", "c\n");
    home.git(&["commit", "--quiet", "--all", "--message=mine"]);
    let output = home.git_command(&["rebase", "next"]).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("asks for something"), "{text}");
    home.sandbox.write("a.txt", "d\n");
    home.git(&["add", "a.txt"]);
    let finished = said(&home, &["-c", "core.editor=true", "rebase", "--continue"]);
    assert_eq!(finished, page("rebase"));
}

#[test]
fn the_projects_own_migration_command_is_named() {
    let home = Home::new(&[
        ("manage.py", MANAGE),
        ("requirements.txt", "django==5.0\n"),
        ("core/__init__.py", ""),
        ("core/settings.py", SETTINGS),
        ("core/wsgi.py", WSGI),
        ("shop/__init__.py", ""),
        ("shop/migrations/__init__.py", ""),
        ("shop/migrations/0001_initial.py", "x = 1\n"),
    ]);
    home.run(0, &["hooks", "install"]);
    home.git(&["switch", "--quiet", "--create=next"]);
    home.sandbox
        .write("shop/migrations/0002_more.py", "x = 2\n");
    home.sandbox
        .write("blog/migrations/0001_initial.py", "x = 1\n");
    home.git(&["add", "."]);
    home.git(&["commit", "--quiet", "--message=next"]);
    home.git(&["switch", "--quiet", "main"]);
    let text = said(&home, &["switch", "next"]);
    let expected = "  blog/migrations/0001_initial.py  a migration is new, and 1 more  \
        python manage.py migrate --noinput\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn nothing_that_arrives_is_run_and_nothing_that_arrives_makes_git_fail() {
    let home = repository();
    home.git(&["switch", "--quiet", "--create=theirs"]);
    home.sandbox.write(
        "shipway.toml",
        "schema = 1\n[[hooks.post-checkout]]\nrun = \"touch stolen\"\n",
    );
    home.git(&["add", "."]);
    home.git(&["commit", "--quiet", "--no-verify", "--message=theirs"]);
    home.git(&["switch", "--quiet", "main"]);
    // The configuration is not valid, which git's checkout has nothing to do with.
    let text = said(&home, &["switch", "theirs"]);
    assert!(text.contains("post-checkout looked at nothing"), "{text}");
    assert!(!home.sandbox.path("stolen").exists());
}
