//! The report as a page, looked at in a real browser: wide, narrow, in the dark and on paper.

use super::forms::{record, tool, written};
use crate::sandbox::text;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn the_page_stands_by_itself_and_axe_finds_nothing() {
    let page = written(&record(), "html");
    assert!(!page.contains("<img"), "a name became an element");
    for outside in ["src=", "http://", "https://", "@import", "url("] {
        let page = page
            .replace("http://www.w3.org/2000/svg", "")
            .replace("src=x onerror&#x3D;", "");
        assert!(
            !page.replace("src&#x3D;", "").contains(outside),
            "{outside}"
        );
    }
    let Some(chromium) = tool(which::which("chromium").ok(), "chromium") else {
        return;
    };
    let axe =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(".deps/npm/node_modules/axe-core/axe.min.js");
    let Some(axe) = tool(axe.exists().then_some(axe), "axe-core") else {
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    let script = "document.querySelectorAll('details').forEach(d => d.open = true); \
        axe.run().then(r => { document.title = 'axe ' + JSON.stringify({ \
        violations: r.violations.map(v => v.id + ' x' + v.nodes.length), passes: r.passes.length, \
        images: document.images.length, tooWide: document.documentElement.scrollWidth > innerWidth }); });";
    let folder = tempfile::tempdir().unwrap();
    let file = looked_at_by(&page, &[&axe, script], folder.path());
    for (name, flags) in [
        (
            "wide",
            [
                "--window-size=1280,900",
                "--blink-settings=preferredColorScheme=1",
            ],
        ),
        (
            "dark",
            [
                "--window-size=1280,900",
                "--blink-settings=preferredColorScheme=0",
            ],
        ),
        (
            "narrow",
            [
                "--window-size=390,844",
                "--blink-settings=preferredColorScheme=1",
            ],
        ),
    ] {
        let flags = [&["--dump-dom"][..], &flags].concat();
        let output = browse(&chromium, folder.path(), &file, &flags);
        let dom = text(&output.stdout);
        let found = dom
            .split("<title>axe ")
            .nth(1)
            .and_then(|rest| rest.split("</title>").next());
        let found =
            found.unwrap_or_else(|| panic!("{name}: axe did not run: {}", text(&output.stderr)));
        let found: Value = serde_json::from_str(&found.replace("&quot;", "\"")).unwrap();
        assert_eq!(found["violations"], json!([]), "{name}");
        assert!(found["passes"].as_u64().unwrap() > 15, "{name}: {found}");
        assert_eq!(found["images"], 0, "{name}");
        assert_eq!(found["tooWide"], false, "{name}");
    }
}

/// What a script finds of the page when it is laid out for paper: its width, what goes beyond it
/// or is cut off, the rows that are shown and that are not, the smallest letters, and all colours
/// of text and what it stands on.
const ON_PAPER: &str = "matchMedia('print').addEventListener('change', event => { \
    if (!event.matches) return; \
    const page = document.documentElement.clientWidth; \
    const shown = [...document.querySelectorAll('body *')].filter(n => n.checkVisibility() && !n.closest('svg')); \
    const style = n => getComputedStyle(n); \
    const texts = shown.filter(n => [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim())); \
    const name = n => n.tagName + '.' + n.className; \
    const card = [...document.querySelectorAll('.card')].filter(n => /^Deployments/.test(n.innerText)); \
    document.title = 'paper ' + JSON.stringify({page, \
        beyond: shown.filter(n => n.getBoundingClientRect().right > page + 1).map(name), \
        cut: shown.filter(n => style(n).overflowX !== 'visible' && n.scrollWidth > n.clientWidth + 1).map(name), \
        deployments: card.map(n => [...n.querySelectorAll('tbody tr')].filter(r => r.checkVisibility()).length), \
        closed: shown.filter(n => n.tagName === 'SUMMARY').length, \
        navigation: shown.filter(n => n.tagName === 'NAV').length, \
        smallest: Math.min(...texts.map(n => parseFloat(style(n).fontSize))), \
        papers: [...new Set(shown.map(n => style(n).backgroundColor))].sort(), \
        inks: [...new Set(texts.map(n => style(n).color))].sort()}); });";

#[test]
fn on_paper_the_page_holds_all_that_a_reader_needs() {
    let page = written(&record(), "html");
    let Some(chromium) = tool(which::which("chromium").ok(), "chromium") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = looked_at_by(&page, &[ON_PAPER], folder.path());
    let pdf = folder.path().join("page.pdf");
    // Who reads in the dark prints on white paper, too.
    let flags = [
        "--no-pdf-header-footer",
        "--blink-settings=preferredColorScheme=0",
        &format!("--print-to-pdf={}", pdf.display()),
    ];
    let output = browse(&chromium, folder.path(), &file, &flags);
    let printed = std::fs::read(&pdf).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let printed = String::from_utf8_lossy(&printed);
    // The title of the document, where the format puts a backslash before each bracket.
    let found = printed
        .split("/Title (paper ")
        .nth(1)
        .and_then(|rest| rest.split("})").next())
        .unwrap_or_else(|| panic!("the page was not laid out for paper: {output:?}"))
        .replace('\\', "");
    let found: Value = serde_json::from_str(&format!("{found}}}")).unwrap();
    // Letter less its margins is 7.7 inches of 96 dots wide; what goes beyond makes all smaller.
    let width = found["page"].as_u64().unwrap();
    assert!((700..=742).contains(&width), "{found}");
    for nothing in ["beyond", "cut"] {
        assert_eq!(found[nothing], json!([]), "{found}");
    }
    // All of both environments, and nothing that only a click would open or follow.
    assert_eq!(found["deployments"], json!([1, 40]), "{found}");
    assert_eq!(
        (&found["closed"], &found["navigation"]),
        (&0.into(), &0.into()),
        "{found}"
    );
    // 8 points are 10.67 pixels.
    assert!(found["smallest"].as_f64().unwrap() >= 10.6, "{found}");
    assert_eq!(
        found["papers"],
        json!(["rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"]),
        "{found}"
    );
    for ink in found["inks"].as_array().unwrap() {
        let contrast = on_white(ink.as_str().unwrap());
        assert!(contrast >= 4.5, "{ink}: {contrast}");
    }
}

/// The contrast of a colour `rgb(r, g, b)` with white (WCAG 2.2, contrast ratio).
fn on_white(colour: &str) -> f64 {
    let parts = colour
        .trim_start_matches("rgb(")
        .trim_end_matches(')')
        .split(", ");
    let linear = |part: &str| {
        let part = part.parse::<f64>().unwrap() / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    let weights = [0.2126, 0.7152, 0.0722];
    let luminance: f64 = parts
        .zip(weights)
        .map(|(part, weight)| linear(part) * weight)
        .sum();
    1.05 / (luminance + 0.05)
}

/// The page with `scripts` in it, as a file in `folder`. Its own policy would refuse them.
fn looked_at_by(page: &str, scripts: &[&str], folder: &Path) -> std::path::PathBuf {
    let policy = page.find("<meta http-equiv").unwrap();
    let end = policy + page[policy..].find('>').unwrap() + 1;
    let mut looked = format!("{}{}", &page[..policy], &page[end..]);
    for script in scripts {
        looked += &format!("<script>{script}</script>");
    }
    let file = folder.join("page.html");
    std::fs::write(&file, looked).unwrap();
    file
}

fn browse(chromium: &Path, folder: &Path, file: &Path, flags: &[&str]) -> Output {
    Command::new("timeout")
        .arg("120")
        .arg(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=20000",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(flags)
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap()
}
