//! The files and folders that a build makes, by its commands and what its tools are told.

use super::checks::names;
use super::command::{IN_A_ROW, bare, script_of};
use super::configuration;
use super::framework::{self, Gives};
use super::manifest::{Package, Script};
use crate::detect::{Tree, shell};
use crate::project::{Confidence, Evidence, Fact, RelPath};

/// Programs that build for browsers, with the options that name what they make.
const OPTIONS: &[(&str, &[&str])] = &[
    ("@tailwindcss/cli", &["-o", "--output"]),
    ("babel", &["-d", "--out-dir", "-o", "--out-file"]),
    ("browserify", &["-o", "--outfile"]),
    ("cleancss", &["-o", "--output"]),
    ("esbuild", &["--outfile", "--outdir"]),
    ("ng", &["--output-path"]),
    ("node-sass", &["-o", "--output"]),
    ("parcel", &["-d", "--dist-dir", "--out-dir"]),
    ("postcss", &["-o", "--output", "-d", "--dir"]),
    ("rollup", &["-o", "--file", "-d", "--dir"]),
    ("swc", &["-d", "--out-dir", "-o", "--out-file"]),
    ("tailwindcss", &["-o", "--output"]),
    ("terser", &["-o", "--output"]),
    ("tsc", &["--outDir", "--outFile"]),
    ("uglifyjs", &["-o", "--output"]),
    ("vite", &["--outDir"]),
    ("webpack", &["-o", "--output-path"]),
];

/// Programs that are given what they read and what they make, one after the other.
const PAIRS: &[&str] = &["sass", "lessc"];

/// Files in which a program is told the folder that it makes: the program, the stem of the file,
/// the keys, each behind that of the object which it must stand in.
const CONFIGURED: &[(&str, &str, &[&str])] = &[
    ("vite", "vite.config", &["outDir"]),
    ("webpack", "webpack.config", &["output.path"]),
    ("webpack", "webpack.prod", &["output.path"]),
    ("webpack", "webpack.config.prod", &["output.path"]),
    ("rollup", "rollup.config", &["file", "dir"]),
    ("vue-cli-service", "vue.config", &["outputDir"]),
];

/// What the scripts make, relative to the repository, in order and without duplicates.
pub(super) fn of(tree: &Tree, package: &Package, scripts: &[&Script]) -> Vec<Fact<RelPath>> {
    let mut commands = Vec::new();
    for script in scripts {
        reached(script, package, 4, &mut commands);
    }
    let mut found: Vec<Fact<RelPath>> = Vec::new();
    for (words, at) in &commands {
        for fact in made_by(tree, package, words, at) {
            if found.iter().all(|known| known.value != fact.value) {
                found.push(fact);
            }
        }
    }
    found
}

/// The commands that a script runs, itself or through other scripts, in order.
fn reached(
    script: &Script,
    package: &Package,
    depth: usize,
    commands: &mut Vec<(Vec<String>, Evidence)>,
) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for command in shell::commands(&script.command) {
        let words = command.texts();
        let words = bare(&words);
        let program = words.first().map_or("", String::as_str);
        let inner: Vec<&Script> = if IN_A_ROW.contains(&program) || program == "run-p" {
            package
                .scripts
                .iter()
                .filter(|one| words[1..].iter().any(|word| names(word, &one.name)))
                .collect()
        } else {
            script_of(words, package)
                .and_then(|name| package.script(name))
                .into_iter()
                .collect()
        };
        for one in &inner {
            if one.name != script.name {
                reached(one, package, depth, commands);
            }
        }
        if inner.is_empty() && !words.is_empty() {
            commands.push((words.to_vec(), script.at.clone()));
        }
    }
}

/// The script of `package` that builds into the folder of another one, `root`, which hands that out.
pub(super) fn into<'p>(tree: &Tree, package: &'p Package, root: &RelPath) -> Option<&'p Script> {
    if root.is_root() || package.root.is_within(root) || root.is_within(&package.root) {
        return None;
    }
    let mut builds = package
        .scripts
        .iter()
        .filter(|one| one.name.starts_with("build"));
    builds.find(|script| {
        let mut made = of(tree, package, &[script]).into_iter();
        made.any(|fact| fact.value.is_within(root))
    })
}

/// What one command makes.
fn made_by(tree: &Tree, package: &Package, words: &[String], at: &Evidence) -> Vec<Fact<RelPath>> {
    let called = words[0].strip_prefix("node_modules/.bin/");
    let program = called.unwrap_or(&words[0]);
    let rest = &words[1..];
    let inside = |text: &str| package.root.join(text.trim_start_matches("./")).ok();
    let certain = |path: RelPath| Fact::certain(path, at.clone());
    if PAIRS.contains(&program) {
        return pairs(rest)
            .into_iter()
            .filter_map(|text| Some(certain(inside(text)?)))
            .collect();
    }
    let options = OPTIONS.iter().find(|(name, _)| *name == program);
    let told: Vec<Fact<RelPath>> = options
        .map(|(_, options)| values(rest, options))
        .unwrap_or_default()
        .into_iter()
        .filter_map(|text| Some(certain(inside(text)?)))
        .collect();
    if !told.is_empty() {
        return told;
    }
    let configured = configured(tree, package, program, rest);
    if !configured.is_empty() {
        return configured;
    }
    let plugged = by_plugin(tree, package, program, rest);
    plugged
        .or_else(|| usual(package, program))
        .into_iter()
        .collect()
}

/// The values of those options, as the next word or behind `=`.
fn values<'w>(words: &'w [String], options: &[&str]) -> Vec<&'w str> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((name, value)) if options.contains(&name) => found.push(value),
            None if options.contains(&word.as_str()) => {
                found.extend(words.next().map(String::as_str));
            }
            _ => {}
        }
    }
    found
}

/// `from:to` of Sass, or what stands behind the source.
fn pairs(words: &[String]) -> Vec<&str> {
    let plain: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let joined: Vec<&str> = plain
        .iter()
        .filter_map(|word| Some(word.split_once(':')?.1))
        .collect();
    if joined.is_empty() {
        plain.get(1).copied().into_iter().collect()
    } else {
        joined
    }
}

/// What the configuration of `program` says, the file that the command names before the usual one.
pub(super) fn configured(
    tree: &Tree,
    package: &Package,
    program: &str,
    words: &[String],
) -> Vec<Fact<RelPath>> {
    if program == "ng" {
        return angular(tree, package).into_iter().collect();
    }
    for (_, stem, keys) in CONFIGURED.iter().filter(|(name, ..)| *name == program) {
        let Some(path) = file(tree, package, stem, words) else {
            continue;
        };
        let below = |from: &RelPath, (text, at): (String, Evidence)| {
            Some(Fact::certain(from.join(&text).ok()?, at))
        };
        // Vite takes a relative folder from its root, and has its usual one there.
        let mut roots = configuration::places(tree, &path, &["root"]).into_iter();
        let root = roots.next().filter(|_| program == "vite");
        let root = root.and_then(|root| below(&path.parent(), root));
        let from = root
            .as_ref()
            .map_or(path.parent(), |root| root.value.clone());
        let found: Vec<Fact<RelPath>> = configuration::places(tree, &path, keys)
            .into_iter()
            .filter_map(|place| below(&from, place))
            .collect();
        if !found.is_empty() {
            return found;
        }
        if let Some(root) = root
            && let Ok(usual) = from.join("dist")
        {
            return vec![root.map(|_| usual)];
        }
    }
    Vec::new()
}

/// The configuration that a command names, else the one of that stem in the package.
fn file(tree: &Tree, package: &Package, stem: &str, words: &[String]) -> Option<RelPath> {
    let named = values(words, &["-c", "--config"]);
    let named = named.first().and_then(|text| package.root.join(text).ok());
    named
        .filter(|path| tree.has(path))
        .or_else(|| configuration::find(tree, &package.root, stem))
}

/// Plugins for the frameworks of PHP that put it elsewhere: program, package.
const PLUGINS: &[(&str, &str)] = &[
    ("vite", "laravel-vite-plugin"),
    ("vite", "vite-plugin-symfony"),
    ("encore", "@symfony/webpack-encore"),
];

/// The folder that they take, and the one in it, with the options that name another.
/// <https://laravel.com/docs/vite#advanced-customization>
const PLUGGED: &[(&str, &str)] = &[("publicDirectory", "public"), ("buildDirectory", "build")];

/// Where a plugin of the builder puts it.
fn by_plugin(
    tree: &Tree,
    package: &Package,
    program: &str,
    words: &[String],
) -> Option<Fact<RelPath>> {
    let mut of_program = PLUGINS.iter().filter(|(name, _)| *name == program);
    let (plugin, requirement) =
        of_program.find_map(|(_, plugin)| Some((plugin, package.any(plugin)?)))?;
    if program == "encore"
        && let Some(path) = file(tree, package, "webpack.config", words)
        && let Some((text, at)) = configuration::called_with(tree, &path, "setOutputPath")
    {
        return Some(Fact::certain(package.root.join(&text).ok()?, at));
    }
    let configuration = (program == "vite")
        .then(|| file(tree, package, "vite.config", words))
        .flatten();
    let mut folder = package.root.clone();
    let mut places = Vec::new();
    for (option, usual) in PLUGGED {
        let told = configuration
            .as_ref()
            .and_then(|path| configuration::setting(tree, path, option));
        folder = match told {
            Some((name, at)) => {
                places.push(at);
                folder.join(&name).ok()?
            }
            None => folder.join(usual).ok()?,
        };
    }
    if places.is_empty() {
        let fact = Fact::new(
            folder,
            Confidence::Likely,
            vec![requirement.declared.clone()],
        );
        return Some(fact.because(format!("where {plugin} puts it by default")));
    }
    Some(Fact::new(folder, Confidence::Certain, places))
}

/// Where a builder puts it by itself.
fn usual(package: &Package, program: &str) -> Option<Fact<RelPath>> {
    let (framework, folder, at) = if program == "webpack" {
        ("webpack", "dist", package.any("webpack")?)
    } else {
        let (framework, requirement) = framework::builder(package)?;
        let Gives::Files { output } = framework.gives else {
            return None;
        };
        (program == framework.program()).then_some((framework.name, output, requirement))?
    };
    let path = package.root.join(folder).ok()?;
    Some(
        Fact::new(path, Confidence::Likely, vec![at.declared.clone()])
            .because(format!("where {framework} puts it by default")),
    )
}

/// `outputPath` of the first project in angular.json, with the folder for browsers below it where
/// the builder makes one.
fn angular(tree: &Tree, package: &Package) -> Option<Fact<RelPath>> {
    let path = package.root.join("angular.json").ok()?;
    let document = crate::detect::structured::json(tree, &path)?;
    let project = document.entries_at(&["projects"]).first()?;
    let build = project
        .node
        .at(&["architect", "build"])
        .or_else(|| project.node.at(&["targets", "build"]))?;
    let entry = build.entry_at(&["options", "outputPath"]);
    let newer = build
        .get("builder")
        .and_then(|node| node.text())
        .is_some_and(|name| name.ends_with(":application"));
    let base = entry.and_then(|entry| {
        let text = entry
            .node
            .text()
            .or_else(|| entry.node.get("base")?.text())?;
        Some((text.to_owned(), entry.line))
    });
    let (folder, line) = base.unwrap_or_else(|| (format!("dist/{}", project.key), project.line));
    let folder = if newer {
        format!("{}/browser", folder.trim_end_matches('/'))
    } else {
        folder
    };
    let folder = package.root.join(folder.trim_start_matches("./")).ok()?;
    Some(Fact::certain(folder, tree.at(&path, line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::node::manifest;

    /// What `build` makes in a package in `web/` with these files beside it.
    fn made(build: &str, needs: &[&str], files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let web = folder.path().join("web");
        std::fs::create_dir(&web).unwrap();
        let needs: serde_json::Value = needs
            .iter()
            .map(|name| ((*name).to_owned(), "^1.0.0"))
            .collect();
        let scripts = serde_json::json!({
            "build": build,
            "build:css": "sass scss/app.scss ../shop/static/app.css",
            "build:js": "esbuild app.js --bundle --outfile=../shop/static/app.js",
        });
        let text = serde_json::json!({"scripts": scripts, "devDependencies": needs}).to_string();
        std::fs::write(web.join("package.json"), text).unwrap();
        for (name, text) in files {
            std::fs::write(web.join(name), text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        let packages = manifest::packages(&tree);
        let script = packages[0].script("build").unwrap();
        of(&tree, &packages[0], &[script])
            .into_iter()
            .map(|fact| fact.value.to_string())
            .collect()
    }

    #[test]
    fn options_and_pairs_name_what_is_made() {
        for (build, expected) in [
            ("webpack --mode production -o ../shop/static", "shop/static"),
            (
                "npx tailwindcss -i a.css -o static/a.css",
                "web/static/a.css",
            ),
            ("vite build --outDir=../shop/dist", "shop/dist"),
            ("sass scss:css", "web/css"),
            (
                "cross-env NODE_ENV=production rollup a.js --file out/a.js",
                "web/out/a.js",
            ),
        ] {
            assert_eq!(made(build, &[], &[]), [expected], "{build}");
        }
        let both = ["shop/static/app.css", "shop/static/app.js"];
        assert_eq!(
            made("npm run build:css && npm run build:js", &[], &[]),
            both
        );
        assert_eq!(made("npm-run-all build:*", &[], &[]), both);
    }

    #[test]
    fn a_configuration_names_the_folder_in_every_notation() {
        for text in [
            "module.exports = { output: { path: path.resolve(__dirname, '..', 'shop/static') } };",
            "module.exports = { output: { path: __dirname + '/../shop/static' } };",
            "export default { output: { path: `${__dirname}/../shop/static` } };",
        ] {
            let files = [("webpack.config.js", text)];
            assert_eq!(
                made("webpack", &["webpack"], &files),
                ["shop/static"],
                "{text}"
            );
        }
        let vite = "import { fileURLToPath, URL } from 'node:url';\nexport default defineConfig({\n\
                    root: 'client',\n build: { outDir: '../../shop/static' } });";
        let files = [("vite.config.ts", vite)];
        assert_eq!(
            made("tsc --noEmit && vite build", &["vite"], &files),
            ["shop/static"]
        );
        let root = [("vite.config.js", "export default { root: 'client' };")];
        assert_eq!(made("vite build", &["vite"], &root), ["web/client/dist"]);
        let url = "export default { build: { outDir: fileURLToPath(new URL('../shop/static', import.meta.url)) } };";
        let files = [("vite.config.mjs", url)];
        assert_eq!(made("vite build", &["vite"], &files), ["shop/static"]);
    }

    #[test]
    fn a_plugin_is_told_its_folders() {
        let needs = ["vite", "laravel-vite-plugin"];
        for (options, rest, expected) in [
            ("publicDirectory: '../public'", "", "public/build"),
            ("buildDirectory: \"packs\"", "", "web/public/packs"),
            (
                "publicDirectory: `../public`, buildDirectory: 'a/b'",
                "",
                "public/a/b",
            ),
            // Vite's own setting goes before.
            (
                "buildDirectory: 'packs'",
                "build: { outDir: '../shop/static' }",
                "shop/static",
            ),
        ] {
            let text = format!(
                "import laravel from 'laravel-vite-plugin';\n\
                 export default defineConfig({{ plugins: [laravel({{ input: ['a.js'], {options} }})], {rest} }});"
            );
            let files = [("vite.config.js", text.as_str())];
            assert_eq!(made("vite build", &needs, &files), [expected], "{text}");
        }
    }

    #[test]
    fn a_builder_that_is_told_nothing_uses_its_own_folder() {
        assert_eq!(made("vite build", &["vite"], &[]), ["web/dist"]);
        assert_eq!(
            made("react-scripts build", &["react-scripts"], &[]),
            ["web/build"]
        );
        assert_eq!(made("webpack", &["webpack"], &[]), ["web/dist"]);
        let laravel = ["vite", "laravel-vite-plugin"];
        assert_eq!(made("vite build", &laravel, &[]), ["web/public/build"]);
        assert_eq!(
            made("encore production", &["@symfony/webpack-encore"], &[]),
            ["web/public/build"]
        );
        assert_eq!(made("gulp", &["gulp", "vite"], &[]), Vec::<String>::new());
        // Another thing's path is none of what it makes.
        let other = "module.exports = {\n\
                     resolve: { fallback: { path: require.resolve('path-browserify') } },\n\
                     plugins: [new Tracker({ path: __dirname, filename: 'stats.json' })],\n\
                     devServer: { static: { path: 'public' } } };";
        let files = [("webpack.config.js", other)];
        assert_eq!(made("webpack", &["webpack"], &files), ["web/dist"]);
        // What is computed is not known.
        let computed = "module.exports = { output: { path: folder() } };";
        let files = [("webpack.config.js", computed)];
        assert_eq!(made("webpack", &[], &files), Vec::<String>::new());
    }
}
