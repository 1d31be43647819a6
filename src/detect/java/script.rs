//! Scripts of Gradle, in Groovy or Kotlin, as a list of what they call and assign.

use crate::detect::Tree;
use crate::detect::syntax::{self, Source};
use crate::project::{Evidence, RelPath};
use tree_sitter::Node;

/// One call or assignment of a script.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    /// The blocks that it stands in, outermost first: `java`, `toolchain`.
    pub(super) blocks: Vec<String>,
    /// What is called or assigned to: `implementation`, `mainClass.set`, `rootProject.name`.
    pub(super) name: String,
    /// Texts among the arguments, in order, references in them as written.
    pub(super) texts: Vec<String>,
    /// Texts that stand behind a name: `group: 'org.example'`.
    pub(super) named: Vec<(String, String)>,
    /// All arguments as written.
    pub(super) raw: String,
    /// False for a plugin that is only named, for others to apply.
    pub(super) applied: bool,
    pub(super) at: Evidence,
}

impl Statement {
    /// Whether it stands in exactly these blocks.
    pub(super) fn is_in(&self, blocks: &[&str]) -> bool {
        self.blocks == blocks
    }
}

/// What the script at `path` says; empty where it cannot be read.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Vec<Statement> {
    let Some(text) = tree.text(path) else {
        return Vec::new();
    };
    let kotlin = path.extension() == "kts";
    let language = if kotlin {
        tree_sitter_kotlin_ng::LANGUAGE.into()
    } else {
        tree_sitter_groovy::LANGUAGE.into()
    };
    let Some(parsed) = syntax::parse(&language, &text) else {
        return Vec::new();
    };
    let mut reader = Reader {
        source: Source {
            tree,
            path,
            text: &text,
        },
        found: Vec::new(),
    };
    if kotlin {
        reader.kotlin(parsed.root_node(), &[]);
    } else {
        reader.groovy(parsed.root_node(), &[]);
    }
    reader.found
}

/// Blocks deeper than this are no build script.
const MAX_DEPTH: usize = 20;

struct Reader<'t> {
    source: Source<'t>,
    found: Vec<Statement>,
}

impl<'t> Reader<'t> {
    fn put(&mut self, blocks: &[String], name: &str, arguments: Option<Node<'_>>, at: Node<'_>) {
        let mut statement = Statement {
            blocks: blocks.to_vec(),
            name: name.trim_matches('`').to_owned(),
            texts: Vec::new(),
            named: Vec::new(),
            raw: String::new(),
            applied: true,
            at: self.source.at(at),
        };
        if let Some(arguments) = arguments {
            let raw = self.source.of(arguments);
            raw.clone_into(&mut statement.raw);
            for literal in syntax::all_of(arguments, &["string_literal", "character_literal"]) {
                // `"Main-Class": 'a.B'`
                let is_key = literal.parent().is_some_and(|parent| {
                    parent.kind() == "map_item"
                        && parent.child_by_field_name("key") == Some(literal)
                });
                if is_key {
                    continue;
                }
                let text = self.source.of(literal).trim_matches(['"', '\'']).to_owned();
                let key = literal
                    .parent()
                    .filter(|parent| matches!(parent.kind(), "map_item" | "value_argument"))
                    .map(syntax::children)
                    .filter(|parts| parts.len() == 2)
                    .map(|parts| self.source.of(parts[0]).to_owned());
                match key {
                    Some(key) => statement.named.push((key, text)),
                    None => statement.texts.push(text),
                }
            }
        }
        self.found.push(statement);
    }

    fn kotlin(&mut self, node: Node<'t>, blocks: &[String]) {
        if blocks.len() > MAX_DEPTH {
            return;
        }
        for child in syntax::children(node) {
            match child.kind() {
                "call_expression" => self.kotlin_call(child, blocks),
                "assignment" => {
                    let (left, right) = (
                        child.child_by_field_name("left"),
                        child.child_by_field_name("right"),
                    );
                    if let Some(left) = left {
                        self.put(blocks, self.source.of(left), right, child);
                    }
                }
                // `java-library`, `application` in the block of plugins.
                "identifier" => self.put(blocks, self.source.of(child), None, child),
                "infix_expression" => {
                    let mut call = child;
                    while call.kind() == "infix_expression" {
                        let Some(first) = syntax::children(call).into_iter().next() else {
                            break;
                        };
                        call = first;
                    }
                    match call.kind() {
                        "call_expression" => self.kotlin_call(call, blocks),
                        _ => self.put(blocks, self.source.of(call), None, call),
                    }
                    if self.source.of(child).contains("apply false")
                        && let Some(last) = self.found.last_mut()
                    {
                        last.applied = false;
                    }
                }
                "if_expression" | "control_structure_body" | "block" => self.kotlin(child, blocks),
                // `withType<BootJar> { … }` looks to the grammar like two comparisons.
                "binary_expression" => {
                    let lambda = syntax::children(child).into_iter().next_back();
                    let lambda = lambda.filter(|part| part.kind() == "lambda_literal");
                    let name = self.source.of(child).split('{').next().unwrap_or_default();
                    if let Some(lambda) = lambda.filter(|_| name.trim_end().ends_with('>')) {
                        self.kotlin(lambda, &within(blocks, name.trim_end()));
                    }
                }
                // What a function does counts where nothing asks for its block.
                "function_declaration" => {
                    let inner = within(blocks, "fun");
                    for body in syntax::all(child, "function_body") {
                        self.kotlin(body, &inner);
                    }
                }
                _ => {}
            }
        }
    }

    fn kotlin_call(&mut self, node: Node<'t>, blocks: &[String]) {
        let mut callee = node;
        let mut arguments = None;
        let mut body = None;
        while callee.kind() == "call_expression" {
            for part in syntax::children(callee).into_iter().skip(1) {
                match part.kind() {
                    "value_arguments" => arguments = arguments.or(Some(part)),
                    "annotated_lambda" => body = body.or(Some(part)),
                    _ => {}
                }
            }
            let Some(first) = syntax::children(callee).into_iter().next() else {
                return;
            };
            callee = first;
        }
        let name = self.source.of(callee);
        self.put(blocks, name, arguments, node);
        let lambda = body.and_then(|body| syntax::children(body).into_iter().next());
        if let Some(lambda) = lambda {
            self.kotlin(lambda, &within(blocks, name));
        }
    }

    fn groovy(&mut self, node: Node<'t>, blocks: &[String]) {
        if blocks.len() > MAX_DEPTH {
            return;
        }
        for child in syntax::children(node) {
            match child.kind() {
                "expression_statement" | "if_statement" | "block" => self.groovy(child, blocks),
                "assignment_expression" => {
                    if let Some(left) = child.child_by_field_name("left") {
                        let right = child.child_by_field_name("right");
                        self.put(blocks, self.source.of(left), right, child);
                    }
                }
                "method_invocation" | "juxt_function_call" => self.groovy_call(child, blocks),
                _ => {}
            }
        }
    }

    fn groovy_call(&mut self, node: Node<'t>, blocks: &[String]) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let object = node.child_by_field_name("object");
        let name = match object {
            Some(object) => format!("{}.{}", self.source.of(object), self.source.of(name)),
            None => self.source.of(name).to_owned(),
        };
        let arguments = node
            .child_by_field_name("arguments")
            .or_else(|| node.child_by_field_name("args"));
        let line = syntax::line(node);
        // `id 'x' version '1' apply false` is three calls to the grammar.
        if name == "apply"
            && arguments.is_some_and(|arguments| self.source.of(arguments) == "false")
        {
            if let Some(plugin) = self
                .found
                .iter_mut()
                .rev()
                .find(|one| one.name == "id" || one.name == "alias")
                .filter(|one| one.at.line == line)
            {
                plugin.applied = false;
            }
            return;
        }
        self.put(blocks, &name, arguments, node);
        // `implementation project(':core')` and `implementation libs.core` end for the grammar before
        // the bracket and the dot: the rest of the line belongs to them.
        if node.kind() == "juxt_function_call" {
            let rest = self.source.text[node.start_byte()..].lines().next();
            let rest = rest.and_then(|line| line.strip_prefix(name.as_str()));
            if let (Some(rest), Some(last)) = (rest, self.found.last_mut())
                && last.texts.is_empty()
                && last.named.is_empty()
            {
                rest.trim().clone_into(&mut last.raw);
                let mut quoted = rest.split(['\'', '"']).skip(1).step_by(2);
                last.texts.extend(quoted.next().map(str::to_owned));
            }
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.groovy(body, &within(blocks, &name));
        } else if let Some(body) = arguments.and_then(|arguments| {
            let mut parts = syntax::children(arguments).into_iter();
            parts.find(|part| part.kind() == "closure")
        }) {
            self.groovy(body, &within(blocks, &name));
        }
    }
}

fn within(blocks: &[String], name: &str) -> Vec<String> {
    let mut inner = blocks.to_vec();
    inner.push(name.to_owned());
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        read(&tree, &RelPath::parse(name).unwrap())
            .into_iter()
            .map(|one| {
                let named: Vec<String> = one
                    .named
                    .iter()
                    .map(|(key, text)| format!("{key}={text}"))
                    .collect();
                let off = if one.applied { "" } else { " off" };
                format!(
                    "{}:{} {}{}{off}",
                    one.blocks.join("/"),
                    one.name,
                    one.texts.join(","),
                    named.join(",")
                )
            })
            .collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        let groovy = said(
            "build.gradle",
            "plugins {\n  id 'a.b' version '1' apply false\n  id 'c'\n}\ndependencies {\n  implementation 'g:a:1'\n  implementation project(':core')\n  runtimeOnly group: 'g', name: 'b'\n}\njava { toolchain { languageVersion = JavaLanguageVersion.of(21) } }\n",
        );
        let kotlin = said(
            "build.gradle.kts",
            "plugins {\n  id(\"a.b\") version \"1\" apply false\n  id(\"c\")\n}\ndependencies {\n  implementation(\"g:a:1\")\n  implementation(project(\":core\"))\n  runtimeOnly(group = \"g\", name = \"b\")\n}\njava { toolchain { languageVersion = JavaLanguageVersion.of(21) } }\n",
        );
        assert_eq!(
            kotlin,
            [
                ":plugins ",
                "plugins:id a.b off",
                "plugins:id c",
                ":dependencies ",
                "dependencies:implementation g:a:1",
                "dependencies:implementation :core",
                "dependencies:runtimeOnly group=g,name=b",
                ":java ",
                "java:toolchain ",
                "java/toolchain:languageVersion ",
            ]
        );
        let groovy: Vec<&String> = groovy
            .iter()
            .filter(|one| !one.contains(":version "))
            .collect();
        assert_eq!(groovy, kotlin.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_block_about_a_type_and_what_a_function_does_are_read() {
        let text = "tasks {\n  withType<BootJar> {\n    archiveFileName = \"a.jar\"\n  }\n}\nfun Builder.add() {\n  library(\"a\", \"b\", \"c\")\n}\n";
        assert_eq!(
            said("settings.gradle.kts", text),
            [
                ":tasks ",
                "tasks/withType<BootJar>:archiveFileName a.jar",
                "fun:library a,b,c"
            ]
        );
    }

    #[test]
    fn a_key_may_stand_in_quotes() {
        assert_eq!(
            said(
                "build.gradle",
                "jar {\n  manifest {\n    attributes('Main-Class': 'a.B')\n  }\n}\n"
            )[2],
            "jar/manifest:attributes 'Main-Class'=a.B"
        );
    }

    #[test]
    fn a_reference_is_kept_whole_and_a_broken_script_says_little() {
        assert_eq!(
            said(
                "build.gradle",
                "dependencies {\n  api libs.a.b\n  api libs.c\n}\n"
            )
            .len(),
            3
        );
        assert!(said("build.gradle.kts", "plugins {\n<<<<<<< ours\n}}}").len() < 3);
        assert!(said("build.gradle", "").is_empty());
    }
}
