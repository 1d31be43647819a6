//! Templates as the build script parsed them: parsing takes longer than filling them.
//!
//! Handlebars' types cannot be written down, so a template is mirrored here, embedded as
//! postcard and put together again. Positions are left out: a template that fails is parsed
//! anew from its text, which names the line.

use handlebars::template::{
    BlockParam, DecoratorTemplate, DecoratorTemplateBuilder, HelperTemplate, HelperTemplateBuilder,
    Parameter, Subexpression, Template, TemplateElement,
};
use handlebars::{Path, PathSeg};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Mirror of [`Template`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Parsed {
    pub(crate) name: Option<String>,
    pub(crate) elements: Vec<Element>,
}

/// Mirror of [`TemplateElement`].
#[derive(Serialize, Deserialize)]
pub(crate) enum Element {
    Raw(String),
    Html(Call),
    Expression(Call),
    Block(Call),
    DecoratorExpression(Decoration),
    DecoratorBlock(Decoration),
    Partial(Decoration),
    PartialBlock(Decoration),
    Comment(String),
}

/// Mirror of [`HelperTemplate`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) name: Argument,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) hash: Vec<(String, Argument)>,
    /// The names after `as`, one or two.
    pub(crate) block_arguments: Vec<Argument>,
    pub(crate) template: Option<Parsed>,
    pub(crate) inverse: Option<Parsed>,
    pub(crate) block: bool,
    pub(crate) chain: bool,
    pub(crate) indent_before_write: bool,
}

/// Mirror of [`DecoratorTemplate`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Decoration {
    pub(crate) name: Argument,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) hash: Vec<(String, Argument)>,
    pub(crate) template: Option<Parsed>,
    pub(crate) indent: Option<String>,
    pub(crate) indent_before_write: bool,
}

/// Mirror of [`Parameter`].
#[derive(Serialize, Deserialize)]
pub(crate) enum Argument {
    Name(String),
    /// A path of names alone, with its text.
    Names(Vec<String>, String),
    /// `@name`, so many levels up, with its text.
    Local(usize, String, String),
    /// Any other path, as its text.
    Path(String),
    /// JSON.
    Literal(String),
    Call(Box<Call>),
}

/// Why a mirrored template cannot be put together; the build script tries each.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MirrorError {
    #[error("{0}")]
    Part(String),
    #[error(transparent)]
    Path(#[from] handlebars::RenderError),
    #[error(transparent)]
    Literal(#[from] serde_json::Error),
    #[error(transparent)]
    Bytes(#[from] postcard::Error),
}

/// The template that `bytes` mirror.
///
/// # Errors
/// When they do not come from the build script of the same version.
pub(crate) fn read(bytes: &[u8]) -> Result<Template, MirrorError> {
    template(postcard::from_bytes(bytes)?)
}

fn template(parsed: Parsed) -> Result<Template, MirrorError> {
    let mut template = Template::new();
    template.name = parsed.name;
    template.elements = parsed
        .elements
        .into_iter()
        .map(element)
        .collect::<Result<_, _>>()?;
    Ok(template)
}

fn element(element: Element) -> Result<TemplateElement, MirrorError> {
    let call = |one| helper(one).map(Box::new);
    let decoration = |one| decorator(one).map(Box::new);
    Ok(match element {
        Element::Raw(text) => TemplateElement::RawString(text),
        Element::Html(one) => TemplateElement::HtmlExpression(call(one)?),
        Element::Expression(one) => TemplateElement::Expression(call(one)?),
        Element::Block(one) => TemplateElement::HelperBlock(call(one)?),
        Element::DecoratorExpression(one) => TemplateElement::DecoratorExpression(decoration(one)?),
        Element::DecoratorBlock(one) => TemplateElement::DecoratorBlock(decoration(one)?),
        Element::Partial(one) => TemplateElement::PartialExpression(decoration(one)?),
        Element::PartialBlock(one) => TemplateElement::PartialBlock(decoration(one)?),
        Element::Comment(text) => TemplateElement::Comment(text),
    })
}

fn helper(call: Call) -> Result<HelperTemplate, MirrorError> {
    let mut builder = HelperTemplateBuilder::default();
    builder
        .name(parameter(call.name)?)
        .params(parameters(call.arguments)?)
        .hash(hash(call.hash)?)
        .block(call.block)
        .chain(call.chain)
        .indent_before_write(call.indent_before_write);
    if let Some(names) = block_parameter(call.block_arguments)? {
        builder.block_param(names);
    }
    let mut built = builder
        .build()
        .map_err(|error| MirrorError::Part(error.to_string()))?;
    // The builder would copy them, at each level what is below it once more.
    built.template = call.template.map(template).transpose()?;
    built.inverse = call.inverse.map(template).transpose()?;
    Ok(built)
}

fn decorator(decoration: Decoration) -> Result<DecoratorTemplate, MirrorError> {
    let mut builder = DecoratorTemplateBuilder::default();
    builder
        .name(parameter(decoration.name)?)
        .params(parameters(decoration.arguments)?)
        .hash(hash(decoration.hash)?)
        .indent_before_write(decoration.indent_before_write);
    if let Some(indent) = decoration.indent {
        builder.indent(indent);
    }
    let mut built = builder
        .build()
        .map_err(|error| MirrorError::Part(error.to_string()))?;
    built.template = decoration.template.map(template).transpose()?;
    Ok(built)
}

fn parameters(arguments: Vec<Argument>) -> Result<Vec<Parameter>, MirrorError> {
    arguments.into_iter().map(parameter).collect()
}

fn hash(pairs: Vec<(String, Argument)>) -> Result<HashMap<String, Parameter>, MirrorError> {
    pairs
        .into_iter()
        .map(|(name, value)| Ok((name, parameter(value)?)))
        .collect()
}

fn block_parameter(names: Vec<Argument>) -> Result<Option<BlockParam>, MirrorError> {
    let mut names = names.into_iter();
    Ok(match (names.next(), names.next()) {
        (None, _) => None,
        (Some(one), None) => Some(BlockParam::Single(parameter(one)?)),
        (Some(one), Some(other)) => Some(BlockParam::Pair((parameter(one)?, parameter(other)?))),
    })
}

fn parameter(argument: Argument) -> Result<Parameter, MirrorError> {
    Ok(match argument {
        Argument::Name(name) => Parameter::Name(name),
        Argument::Names(names, text) => {
            let names = names.into_iter().map(PathSeg::Named).collect();
            Parameter::Path(Path::Relative((names, text)))
        }
        Argument::Local(level, name, text) => Parameter::Path(Path::Local((level, name, text))),
        Argument::Path(text) => Parameter::Path(Path::parse(&text)?),
        Argument::Literal(json) => Parameter::Literal(serde_json::from_str(&json)?),
        Argument::Call(call) => Parameter::Subexpression(Subexpression::new(
            parameter(call.name)?,
            parameters(call.arguments)?,
            hash(call.hash)?,
        )),
    })
}
