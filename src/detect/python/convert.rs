//! tree-sitter's nodes of Python as the values of [`super::syntax`].

use super::syntax::{Arg, Expr, Function, Import, Kind, Param, Stmt, StmtKind};
use tree_sitter::Node;

/// Expressions nested deeper than this are not looked into; generated tables can be as deep
/// as a stack is long.
const DEPTH: usize = 150;

/// Line of the first thing below `node` that is no Python. Goes down along one path, for a sum may be
/// as deep as a file is long.
pub(super) fn first_error(node: Node<'_>) -> Option<usize> {
    if !node.has_error() {
        return None;
    }
    let mut cursor = node.walk();
    while !cursor.node().is_error() && !cursor.node().is_missing() {
        // Children are in order of their place, so the first that has an error has the first one.
        let mut more = cursor.goto_first_child();
        while more && !cursor.node().has_error() {
            more = cursor.goto_next_sibling();
        }
        if !more {
            break;
        }
    }
    Some(line(cursor.node()))
}

/// The text that the nodes are of.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
}

fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

fn named(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| child.kind() != "comment")
        .collect()
}

fn fields<'n>(node: Node<'n>, field: &str) -> Vec<Node<'n>> {
    let mut cursor = node.walk();
    node.children_by_field_name(field, &mut cursor).collect()
}

impl<'t> Reader<'t> {
    fn source(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    /// The statements of a whole file.
    pub(super) fn module(&self, root: Node<'_>) -> Vec<Stmt> {
        self.block(root, 0)
    }

    fn block(&self, node: Node<'_>, depth: usize) -> Vec<Stmt> {
        if depth > DEPTH {
            return Vec::new();
        }
        named(node)
            .into_iter()
            .filter_map(|child| self.statement(child, depth + 1))
            .collect()
    }

    fn body(&self, node: Node<'_>, field: &str, depth: usize) -> Vec<Stmt> {
        node.child_by_field_name(field)
            .map(|body| self.block(body, depth))
            .unwrap_or_default()
    }

    fn statement(&self, node: Node<'_>, depth: usize) -> Option<Stmt> {
        let kind = match node.kind() {
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                StmtKind::Import(self.import(node))
            }
            "expression_statement" => return self.expression_statement(node, depth),
            "function_definition" => StmtKind::Function(self.function(node, Vec::new(), depth)),
            "class_definition" => self.class(node, Vec::new(), depth),
            "decorated_definition" => {
                let decorators = named(node)
                    .into_iter()
                    .filter(|child| child.kind() == "decorator")
                    .filter_map(|child| named(child).first().map(|inner| self.expr(*inner, depth)))
                    .collect();
                let definition = node.child_by_field_name("definition")?;
                if definition.kind() == "class_definition" {
                    self.class(definition, decorators, depth)
                } else {
                    StmtKind::Function(self.function(definition, decorators, depth))
                }
            }
            "if_statement" => StmtKind::If {
                test: self.expr(node.child_by_field_name("condition")?, depth),
                body: self.body(node, "consequence", depth),
                otherwise: fields(node, "alternative")
                    .into_iter()
                    .filter_map(|part| self.alternative(part, depth))
                    .flatten()
                    .collect(),
            },
            "return_statement" => {
                StmtKind::Return(named(node).first().map(|value| self.expr(*value, depth)))
            }
            "for_statement"
            | "while_statement"
            | "with_statement"
            | "try_statement"
            | "match_statement"
            | "except_clause"
            | "except_group_clause"
            | "finally_clause"
            | "else_clause"
            | "case_clause" => self.compound(node, depth),
            "raise_statement" | "assert_statement" | "delete_statement" | "print_statement" => {
                StmtKind::Expr(self.other(node, depth))
            }
            "ERROR" => StmtKind::Block {
                heads: Vec::new(),
                body: self.block(node, depth),
            },
            _ => return None,
        };
        Some(Stmt {
            line: line(node),
            kind,
        })
    }

    fn alternative(&self, node: Node<'_>, depth: usize) -> Option<Vec<Stmt>> {
        if node.kind() == "elif_clause" {
            return Some(vec![Stmt {
                line: line(node),
                kind: StmtKind::If {
                    test: self.expr(node.child_by_field_name("condition")?, depth),
                    body: self.body(node, "consequence", depth),
                    otherwise: Vec::new(),
                },
            }]);
        }
        Some(self.body(node, "body", depth))
    }

    fn compound(&self, node: Node<'_>, depth: usize) -> StmtKind {
        let mut heads = Vec::new();
        let mut body = Vec::new();
        for child in named(node) {
            match child.kind() {
                "block" => body.extend(self.block(child, depth)),
                "except_clause"
                | "except_group_clause"
                | "finally_clause"
                | "else_clause"
                | "case_clause" => body.extend(self.statement(child, depth)),
                _ => heads.push(self.expr(child, depth)),
            }
        }
        StmtKind::Block { heads, body }
    }

    fn expression_statement(&self, node: Node<'_>, depth: usize) -> Option<Stmt> {
        let inner = named(node);
        let first = *inner.first()?;
        let kind = match first.kind() {
            "assignment" | "augmented_assignment" => self.assignment(first, depth),
            _ if inner.len() > 1 => StmtKind::Expr(self.other(node, depth)),
            _ => StmtKind::Expr(self.expr(first, depth)),
        };
        Some(Stmt {
            line: line(node),
            kind,
        })
    }

    fn assignment(&self, node: Node<'_>, depth: usize) -> StmtKind {
        let mut targets = Vec::new();
        let annotation = node
            .child_by_field_name("type")
            .map(|kind| self.expr(kind, depth));
        let mut at = node;
        loop {
            if let Some(left) = at.child_by_field_name("left") {
                targets.push(self.expr(left, depth));
            }
            match at.child_by_field_name("right") {
                Some(right) if right.kind() == "assignment" => at = right,
                right => {
                    return StmtKind::Assign {
                        targets,
                        annotation,
                        value: right.map(|right| self.expr(right, depth)),
                    };
                }
            }
        }
    }

    fn import(&self, node: Node<'_>) -> Vec<Import> {
        let line = line(node);
        let (level, module) = match node.child_by_field_name("module_name") {
            Some(module) if module.kind() == "relative_import" => {
                let text = self.source(module).replace(char::is_whitespace, "");
                let rest = text.trim_start_matches('.');
                (text.len() - rest.len(), rest.to_owned())
            }
            Some(module) => (0, self.source(module).to_owned()),
            None if node.kind() == "future_import_statement" => (0, "__future__".to_owned()),
            None => {
                return fields(node, "name")
                    .into_iter()
                    .map(|name| {
                        let (module, alias) = self.imported(name);
                        Import {
                            line,
                            level: 0,
                            local: alias.unwrap_or_else(|| {
                                module.split('.').next().unwrap_or_default().to_owned()
                            }),
                            module,
                            name: None,
                        }
                    })
                    .collect();
            }
        };
        let mut names: Vec<Import> = fields(node, "name")
            .into_iter()
            .map(|name| {
                let (name, alias) = self.imported(name);
                Import {
                    line,
                    level,
                    module: module.clone(),
                    local: alias.unwrap_or_else(|| name.clone()),
                    name: Some(name),
                }
            })
            .collect();
        if named(node)
            .iter()
            .any(|child| child.kind() == "wildcard_import")
        {
            names.push(Import {
                line,
                level,
                module,
                name: Some("*".to_owned()),
                local: "*".to_owned(),
            });
        }
        names
    }

    fn imported(&self, node: Node<'_>) -> (String, Option<String>) {
        if node.kind() == "aliased_import" {
            let part = |field| {
                node.child_by_field_name(field)
                    .map(|part| self.source(part).to_owned())
            };
            return (part("name").unwrap_or_default(), part("alias"));
        }
        (self.source(node).to_owned(), None)
    }

    fn field(&self, node: Node<'_>, field: &str) -> String {
        node.child_by_field_name(field)
            .map(|child| self.source(child).to_owned())
            .unwrap_or_default()
    }

    fn class(&self, node: Node<'_>, decorators: Vec<Expr>, depth: usize) -> StmtKind {
        StmtKind::Class {
            name: self.field(node, "name"),
            bases: node
                .child_by_field_name("superclasses")
                .map(|list| self.args(list, depth))
                .unwrap_or_default(),
            decorators,
            body: self.body(node, "body", depth),
        }
    }

    fn function(&self, node: Node<'_>, decorators: Vec<Expr>, depth: usize) -> Function {
        let params = node
            .child_by_field_name("parameters")
            .map(|list| {
                named(list)
                    .into_iter()
                    .filter_map(|param| self.param(param, depth))
                    .collect()
            })
            .unwrap_or_default();
        Function {
            name: self.field(node, "name"),
            params,
            decorators,
            body: self.body(node, "body", depth),
        }
    }

    fn param(&self, node: Node<'_>, depth: usize) -> Option<Param> {
        match node.kind() {
            "identifier" => Some(Param {
                name: self.source(node).to_owned(),
                required: true,
                default: None,
            }),
            "typed_parameter" => {
                let inner = *named(node).first()?;
                (inner.kind() == "identifier").then(|| Param {
                    name: self.source(inner).to_owned(),
                    required: true,
                    default: None,
                })
            }
            "default_parameter" | "typed_default_parameter" => Some(Param {
                name: self.field(node, "name"),
                required: false,
                default: node
                    .child_by_field_name("value")
                    .map(|value| self.expr(value, depth)),
            }),
            _ => None,
        }
    }

    fn args(&self, node: Node<'_>, depth: usize) -> Vec<Arg> {
        if node.kind() == "generator_expression" {
            return vec![Arg {
                name: None,
                value: self.other(node, depth),
            }];
        }
        named(node)
            .into_iter()
            .map(|child| match child.kind() {
                "keyword_argument" => Arg {
                    name: Some(self.field(child, "name")),
                    value: child.child_by_field_name("value").map_or_else(
                        || self.other(child, depth),
                        |value| self.expr(value, depth + 1),
                    ),
                },
                "list_splat" | "dictionary_splat" => Arg {
                    name: Some("*".to_owned()),
                    value: self.other(child, depth),
                },
                _ => Arg {
                    name: None,
                    value: self.expr(child, depth + 1),
                },
            })
            .collect()
    }

    fn other(&self, node: Node<'_>, depth: usize) -> Expr {
        Expr {
            line: line(node),
            kind: Kind::Other(if depth > DEPTH {
                Vec::new()
            } else {
                named(node)
                    .into_iter()
                    .map(|child| self.expr(child, depth + 1))
                    .collect()
            }),
        }
    }

    fn boxed(&self, node: Node<'_>, field: &str, depth: usize) -> Box<Expr> {
        Box::new(match node.child_by_field_name(field) {
            Some(child) => self.expr(child, depth + 1),
            None => Expr {
                line: line(node),
                kind: Kind::Other(Vec::new()),
            },
        })
    }

    fn list(&self, node: Node<'_>, depth: usize) -> Kind {
        Kind::List(
            named(node)
                .into_iter()
                .map(|child| self.expr(child, depth + 1))
                .collect(),
        )
    }

    fn expr(&self, node: Node<'_>, depth: usize) -> Expr {
        if depth > DEPTH {
            return Expr {
                line: line(node),
                kind: Kind::Other(Vec::new()),
            };
        }
        let kind = match node.kind() {
            "identifier" => Kind::Name(self.source(node).to_owned()),
            "string" => self.string(node, depth),
            "concatenated_string" => self.joined(node, depth),
            "integer" | "float" => Kind::Number(self.source(node).replace('_', "")),
            "true" => Kind::Constant("True"),
            "false" => Kind::Constant("False"),
            "none" => Kind::Constant("None"),
            "ellipsis" => Kind::Constant("..."),
            "attribute" => {
                // A chain of calls may begin some lines above the name.
                let name = node.child_by_field_name("attribute").unwrap_or(node);
                return Expr {
                    line: line(name),
                    kind: Kind::Attr(
                        self.boxed(node, "object", depth),
                        self.field(node, "attribute"),
                    ),
                };
            }
            "subscript" => Kind::Index(
                self.boxed(node, "value", depth),
                self.boxed(node, "subscript", depth),
            ),
            "call" => Kind::Call(
                self.boxed(node, "function", depth),
                node.child_by_field_name("arguments")
                    .map(|list| self.args(list, depth + 1))
                    .unwrap_or_default(),
            ),
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "tuple_pattern" => {
                self.list(node, depth)
            }
            "dictionary" => Kind::Dict(
                named(node)
                    .into_iter()
                    .filter(|pair| pair.kind() == "pair")
                    .map(|pair| {
                        (
                            *self.boxed(pair, "key", depth),
                            *self.boxed(pair, "value", depth),
                        )
                    })
                    .collect(),
            ),
            "binary_operator" | "boolean_operator" => Kind::Binary(
                self.boxed(node, "left", depth),
                self.field(node, "operator"),
                self.boxed(node, "right", depth),
            ),
            "comparison_operator" => return self.comparison(node, depth),
            "parenthesized_expression" | "type" | "await" => {
                let inner = named(node);
                match inner.as_slice() {
                    [only] => return self.expr(*only, depth + 1),
                    _ => return self.other(node, depth),
                }
            }
            _ => return self.other(node, depth),
        };
        Expr {
            line: line(node),
            kind,
        }
    }

    fn comparison(&self, node: Node<'_>, depth: usize) -> Expr {
        let operators = fields(node, "operators");
        let mut operands = named(node)
            .into_iter()
            .filter(|child| !operators.contains(child))
            .map(|child| self.expr(child, depth + 1));
        let Some(mut left) = operands.next() else {
            return self.other(node, depth);
        };
        // Each operator nests one deeper, to the left.
        for (right, operator) in operands.zip(&operators).take(DEPTH) {
            left = Expr {
                line: left.line,
                kind: Kind::Binary(
                    Box::new(left),
                    self.source(*operator).to_owned(),
                    Box::new(right),
                ),
            };
        }
        left
    }

    fn string(&self, node: Node<'_>, depth: usize) -> Kind {
        let mut text = String::new();
        let mut parts = Vec::new();
        for child in named(node) {
            match child.kind() {
                "string_content" => text.push_str(self.source(child)),
                "interpolation" => {
                    if let Some(inner) = child.child_by_field_name("expression") {
                        parts.push(self.expr(inner, depth + 1));
                    }
                }
                _ => {}
            }
        }
        if parts.is_empty() {
            Kind::Str(text)
        } else {
            Kind::Template(text, parts)
        }
    }

    fn joined(&self, node: Node<'_>, depth: usize) -> Kind {
        let mut text = String::new();
        let mut parts = Vec::new();
        for child in named(node) {
            match self.string(child, depth) {
                Kind::Str(more) => text.push_str(&more),
                Kind::Template(more, inner) => {
                    text.push_str(&more);
                    parts.extend(inner);
                }
                _ => {}
            }
        }
        if parts.is_empty() {
            Kind::Str(text)
        } else {
            Kind::Template(text, parts)
        }
    }
}
