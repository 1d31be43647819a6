//! Parses the templates, so that the binary need not, and rebuilds when one is added: the
//! compiler sees only changes to those it embedded.

#![allow(clippy::print_stdout)]

#[path = "src/scaffold/parsed.rs"]
mod parsed;

use handlebars::template::{
    BlockParam, DecoratorTemplate, DecoratorTemplateBuilder, HelperTemplate, HelperTemplateBuilder,
    Parameter, Subexpression, Template, TemplateElement,
};
use handlebars::{Path as Names, PathSeg};
use parsed::{Argument, Call, Decoration, Element, Parsed};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Outcome<T> = Result<T, Box<dyn Error>>;

const TEMPLATES: &str = "templates";
/// For the linker; made by `scripts/order`.
const ORDER: &str = "link/start.ld";

fn main() -> Outcome<()> {
    println!("cargo::rerun-if-changed={TEMPLATES}");
    println!("cargo::rerun-if-changed=src/scaffold/parsed.rs");
    // A hook starts the program twice for every commit. At a fixed address its tables need no
    // relocation: a third of the start, and of the memory of a short run a tenth.
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        // The unwinder and zlib become part of it: each library that the loader has to find costs
        // a start up to a tenth of a millisecond. Where a file is not there, the library is used.
        if std::env::var("HOST")? == std::env::var("TARGET")? {
            for library in ["gcc_eh", "z"] {
                link_archive(library);
            }
            if std::env::var("PROFILE")? == "release" {
                put_in_order()?;
            }
        }
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut files = BTreeMap::new();
    collect(Path::new(TEMPLATES), &mut files)?;
    let mut table = String::from("&[\n");
    for (number, (name, file)) in files.iter().enumerate() {
        let text = fs::read_to_string(file)?;
        let template = Template::compile_with_name(&text, name.clone())
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let bytes = postcard::to_stdvec(&mirror(&template)?)?;
        parsed::read(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
        fs::write(out.join(format!("{number}.postcard")), bytes)?;
        writeln!(
            table,
            "({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{number}.postcard\"))),"
        )?;
    }
    table.push(']');
    fs::write(out.join("templates.rs"), table)?;
    Ok(())
}

/// Has the functions that a start runs put together, which saves it a quarter of its memory.
/// Where another linker than the usual one was chosen, or the usual one cannot do it, they stand
/// as the compiler left them.
fn put_in_order() -> Outcome<()> {
    println!("cargo::rerun-if-changed={ORDER}");
    let list = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join(ORDER);
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let chosen = flags.contains("link") || std::env::var_os("RUSTC_LINKER").is_some();
    let argument = format!("-Wl,-T,{}", list.display());
    // The compiler takes a comma for the end of an argument.
    if chosen || argument.matches(',').count() != 2 {
        return Ok(());
    }
    let trial = Path::new(&std::env::var("OUT_DIR")?).join("trial");
    let source = trial.with_extension("c");
    // The list is about functions and constants: there have to be some.
    fs::write(
        &source,
        "void function(void) {} const char constant[64] = {1};\n",
    )?;
    let tried = Command::new("cc")
        .args(["-nostdlib", "-shared", &argument, "-o"])
        .args([&trial, &source])
        .output();
    if tried.is_ok_and(|tried| tried.status.success()) {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    Ok(())
}

/// Links the archive of `library` that the compiler of this system has. The linker prefers it to
/// the shared library, which comes later on its command line and is then not needed any more.
fn link_archive(library: &str) {
    let name = format!("lib{library}.a");
    let asked = Command::new("cc")
        .arg(format!("-print-file-name={name}"))
        .output();
    let Ok(answer) = asked else { return };
    let file = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    // A compiler that has none gives back the name.
    if let Some(folder) = file
        .parent()
        .filter(|_| file.is_absolute() && file.is_file())
    {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle={library}");
    }
}

/// Puts the templates under `folder` into `files`, by name.
fn collect(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "hbs") {
            let name = path.strip_prefix(TEMPLATES)?.to_str();
            let name = name.ok_or("the name of a template is no UTF-8")?;
            files.insert(name.replace('\\', "/"), path);
        }
    }
    Ok(())
}

fn mirror(template: &Template) -> Outcome<Parsed> {
    Ok(Parsed {
        name: template.name.clone(),
        elements: template
            .elements
            .iter()
            .map(element)
            .collect::<Outcome<_>>()?,
    })
}

fn element(element: &TemplateElement) -> Outcome<Element> {
    Ok(match element {
        TemplateElement::RawString(text) => Element::Raw(text.clone()),
        TemplateElement::HtmlExpression(one) => Element::Html(call(one)?),
        TemplateElement::Expression(one) => Element::Expression(call(one)?),
        TemplateElement::HelperBlock(one) => Element::Block(call(one)?),
        TemplateElement::DecoratorExpression(one) => Element::DecoratorExpression(decoration(one)?),
        TemplateElement::DecoratorBlock(one) => Element::DecoratorBlock(decoration(one)?),
        TemplateElement::PartialExpression(one) => Element::Partial(decoration(one)?),
        TemplateElement::PartialBlock(one) => Element::PartialBlock(decoration(one)?),
        TemplateElement::Comment(text) => Element::Comment(text.clone()),
        other => return Err(format!("no mirror of {other:?}").into()),
    })
}

fn call(helper: &HelperTemplate) -> Outcome<Call> {
    Ok(Call {
        name: argument(&helper.name)?,
        arguments: arguments(&helper.params)?,
        hash: hash(helper.hash.iter())?,
        block_arguments: match &helper.block_param {
            None => Vec::new(),
            Some(BlockParam::Single(one)) => vec![argument(one)?],
            Some(BlockParam::Pair((one, other))) => vec![argument(one)?, argument(other)?],
            Some(other) => return Err(format!("no mirror of {other:?}").into()),
        },
        template: helper.template.as_ref().map(mirror).transpose()?,
        inverse: helper.inverse.as_ref().map(mirror).transpose()?,
        block: helper.block,
        chain: helper.chain,
        indent_before_write: helper_indents(helper)?,
    })
}

/// The field is private to handlebars: where a copy without it differs, it is set.
fn helper_indents(helper: &HelperTemplate) -> Outcome<bool> {
    let mut builder = HelperTemplateBuilder::default();
    builder
        .name(helper.name.clone())
        .params(helper.params.clone())
        .hash(helper.hash.clone())
        .block(helper.block)
        .chain(helper.chain)
        .indent_before_write(false);
    let mut copy = builder.build()?;
    copy.block_param.clone_from(&helper.block_param);
    copy.template.clone_from(&helper.template);
    copy.inverse.clone_from(&helper.inverse);
    Ok(copy != *helper)
}

fn decoration(decorator: &DecoratorTemplate) -> Outcome<Decoration> {
    Ok(Decoration {
        name: argument(&decorator.name)?,
        arguments: arguments(&decorator.params)?,
        hash: hash(decorator.hash.iter())?,
        template: decorator.template.as_ref().map(mirror).transpose()?,
        indent: decorator.indent.clone(),
        indent_before_write: decorator_indents(decorator)?,
    })
}

/// As [`helper_indents`].
fn decorator_indents(decorator: &DecoratorTemplate) -> Outcome<bool> {
    let mut builder = DecoratorTemplateBuilder::default();
    builder
        .name(decorator.name.clone())
        .params(decorator.params.clone())
        .hash(decorator.hash.clone())
        .indent_before_write(false);
    let mut copy = builder.build()?;
    copy.template.clone_from(&decorator.template);
    copy.indent.clone_from(&decorator.indent);
    Ok(copy != *decorator)
}

fn arguments(parameters: &[Parameter]) -> Outcome<Vec<Argument>> {
    parameters.iter().map(argument).collect()
}

/// Sorted, so that two builds embed the same bytes.
fn hash<'p>(
    pairs: impl Iterator<Item = (&'p String, &'p Parameter)>,
) -> Outcome<Vec<(String, Argument)>> {
    let mut pairs = pairs
        .map(|(name, value)| Ok((name.clone(), argument(value)?)))
        .collect::<Outcome<Vec<_>>>()?;
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(pairs)
}

fn argument(parameter: &Parameter) -> Outcome<Argument> {
    Ok(match parameter {
        Parameter::Name(name) => Argument::Name(name.clone()),
        Parameter::Path(Names::Local((level, name, text))) => {
            Argument::Local(*level, name.clone(), text.clone())
        }
        Parameter::Path(Names::Relative((segments, text))) => {
            let names: Option<Vec<String>> = segments
                .iter()
                .map(|segment| match segment {
                    PathSeg::Named(name) => Some(name.clone()),
                    _ => None,
                })
                .collect();
            match names {
                Some(names) => Argument::Names(names, text.clone()),
                None => Argument::Path(text.clone()),
            }
        }
        Parameter::Literal(value) => Argument::Literal(serde_json::to_string(value)?),
        Parameter::Subexpression(inner) => Argument::Call(Box::new(subexpression(inner)?)),
        other => return Err(format!("no mirror of {other:?}").into()),
    })
}

fn subexpression(inner: &Subexpression) -> Outcome<Call> {
    match inner.as_element() {
        TemplateElement::Expression(helper) => call(helper),
        other => Err(format!("no mirror of {other:?}").into()),
    }
}
