//! The Python files of a tree: each parsed at most once, imports followed between them.

use super::parse::Module;
use super::syntax::{Import, StmtKind, on_import};
use crate::detect::Tree;
use crate::project::RelPath;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

/// Imports are followed through at most this many re-exports.
const HOPS: usize = 8;

pub(super) struct Code<'t> {
    pub(super) tree: &'t Tree,
    modules: RefCell<HashMap<RelPath, Option<Rc<Module>>>>,
    /// Parsed, and not asked for yet.
    ahead: RefCell<HashMap<RelPath, Option<Module>>>,
}

fn parse(tree: &Tree, path: &RelPath) -> Option<Module> {
    Module::parse(path.clone(), tree.text(path)?)
}

/// Where a name is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) file: RelPath,
    /// Empty where the name is a module.
    pub(super) name: String,
}

/// Everything that is imported from one file, directly or not.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) files: BTreeSet<RelPath>,
    /// Modules from outside the tree, with the first place that imports each.
    pub(super) outside: BTreeMap<String, (RelPath, usize)>,
    /// For each import root that was needed, the first import that needed it.
    pub(super) roots: BTreeMap<RelPath, (RelPath, usize)>,
}

impl<'t> Code<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            modules: RefCell::new(HashMap::new()),
            ahead: RefCell::new(HashMap::new()),
        }
    }

    /// Parses `files` on all processors, for when they are asked for.
    pub(super) fn read_ahead<'f>(&self, files: impl IntoIterator<Item = &'f RelPath>) {
        let mut ahead = self.ahead.borrow_mut();
        let modules = self.modules.borrow();
        let files: Vec<&RelPath> = files
            .into_iter()
            .filter(|path| !modules.contains_key(*path) && !ahead.contains_key(*path))
            .collect();
        let parsed: Vec<_> = files
            .into_par_iter()
            .map(|path| (path.clone(), parse(self.tree, path)))
            .collect();
        ahead.extend(parsed);
    }

    /// Those of `files` whose text `is` takes, in order; read on all processors.
    pub(super) fn whose<'f>(
        &self,
        files: impl IntoIterator<Item = &'f RelPath>,
        is: impl Fn(&str) -> bool + Sync,
    ) -> Vec<&'f RelPath> {
        let tree = self.tree;
        let files: Vec<&RelPath> = files.into_iter().collect();
        files
            .into_par_iter()
            .filter(|path| tree.text(path).is_some_and(|text| is(&text)))
            .collect()
    }

    /// Scripts without an extension in `root` or below that their first line gives to Python.
    pub(super) fn bare_scripts(&self, root: &RelPath) -> Vec<RelPath> {
        let within = self.tree.with_extension("");
        let scripts = self.whose(within.filter(|path| path.is_within(root)), |text| {
            let first = text.lines().next().unwrap_or_default();
            first.starts_with("#!") && first.contains("python")
        });
        scripts.into_iter().cloned().collect()
    }

    pub(super) fn module(&self, path: &RelPath) -> Option<Rc<Module>> {
        if let Some(known) = self.modules.borrow().get(path) {
            return known.clone();
        }
        let ahead = self.ahead.borrow_mut().remove(path);
        let module = ahead.unwrap_or_else(|| parse(self.tree, path)).map(Rc::new);
        self.modules
            .borrow_mut()
            .insert(path.clone(), module.clone());
        module
    }

    /// The module of a file, where it was parsed already.
    pub(super) fn known(&self, path: &RelPath) -> Option<Rc<Module>> {
        self.modules.borrow().get(path).cloned().flatten()
    }

    /// Drops what was parsed, and its text, once it is more than `most`; what is asked for again is
    /// read again.
    pub(super) fn forget(&self, most: usize) {
        let mut modules = self.modules.borrow_mut();
        if modules.len() > most {
            self.tree.forget(modules.keys());
            *modules = HashMap::new();
            *self.ahead.borrow_mut() = HashMap::new();
        }
    }

    /// Everything parsed so far, sorted by path.
    pub(super) fn parsed(&self) -> Vec<Rc<Module>> {
        let mut all: Vec<_> = self.modules.borrow().values().flatten().cloned().collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }

    /// The file of a dotted module below one folder.
    pub(super) fn file_below(&self, folder: &RelPath, dotted: &str) -> Option<RelPath> {
        let mut below = folder.as_str().to_owned();
        for part in dotted.split('.').filter(|part| !part.is_empty()) {
            if !below.is_empty() {
                below.push('/');
            }
            below.push_str(part);
        }
        let end = below.len();
        below.push_str(if end == 0 {
            "__init__.py"
        } else {
            "/__init__.py"
        });
        let package = self.tree.file(&below);
        let found = package.or_else(|| {
            below.truncate(end);
            below.push_str(".py");
            (!dotted.is_empty())
                .then(|| self.tree.file(&below))
                .flatten()
        });
        found.cloned()
    }

    /// The file that `module` of an import in `from` means, and the root it was found below.
    pub(super) fn locate(
        &self,
        from: &RelPath,
        level: usize,
        dotted: &str,
        roots: &[RelPath],
    ) -> Option<(RelPath, Option<RelPath>)> {
        if level > 0 {
            let mut folder = from.parent();
            for _ in 1..level {
                folder = folder.parent();
            }
            return self.file_below(&folder, dotted).map(|file| (file, None));
        }
        roots.iter().find_map(|root| {
            self.file_below(root, dotted)
                .map(|file| (file, Some(root.clone())))
        })
    }

    /// Every file that one import loads: the module, and the submodule that a name may be.
    pub(super) fn loaded(
        &self,
        from: &RelPath,
        import: &Import,
        roots: &[RelPath],
    ) -> Vec<(RelPath, Option<RelPath>)> {
        let mut found = Vec::new();
        // The packages above a module run first.
        let parts: Vec<&str> = import.module.split('.').collect();
        for end in 1..parts.len() {
            found.extend(self.locate(from, import.level, &parts[..end].join("."), roots));
        }
        if import.level == 0 || !import.module.is_empty() {
            found.extend(self.locate(from, import.level, &import.module, roots));
        } else {
            found.extend(self.locate(from, import.level, "", roots));
        }
        if let Some(name) = import.name.as_deref().filter(|name| *name != "*") {
            let dotted = if import.module.is_empty() {
                name.to_owned()
            } else {
                format!("{}.{name}", import.module)
            };
            found.extend(self.locate(from, import.level, &dotted, roots));
        }
        found
    }

    /// Follows imports from `starts`; `roots` is the import path in order.
    pub(super) fn reach(&self, starts: &[RelPath], roots: &[RelPath]) -> Reach {
        let mut reach = Reach::default();
        let mut queue: VecDeque<RelPath> = starts.iter().cloned().collect();
        reach.files.extend(starts.iter().cloned());
        // Files as far from the start as the next one: parsed at once.
        let mut level = 0;
        while let Some(path) = queue.pop_front() {
            if level == 0 {
                level = queue.len() + 1;
                self.read_ahead(std::iter::once(&path).chain(&queue));
            }
            level -= 1;
            let Some(module) = self.module(&path) else {
                continue;
            };
            for import in &module.imports {
                let loaded = self.loaded(&path, import, roots);
                if loaded.is_empty() && import.level == 0 {
                    reach
                        .outside
                        .entry(match &import.name {
                            Some(name) => format!("{}.{name}", import.module),
                            None => import.module.clone(),
                        })
                        .or_insert_with(|| (path.clone(), import.line));
                }
                for (file, root) in loaded {
                    if let Some(root) = root {
                        reach
                            .roots
                            .entry(root)
                            .or_insert_with(|| (path.clone(), import.line));
                    }
                    if reach.files.insert(file.clone()) {
                        queue.push_back(file);
                    }
                }
            }
        }
        reach
    }

    /// Where `name`, as seen in `file`, is defined; imports and re-exports are followed.
    pub(super) fn define(
        &self,
        file: &RelPath,
        name: &str,
        roots: &[RelPath],
    ) -> Option<Definition> {
        self.define_within(file, name, roots, HOPS)
    }

    fn define_within(
        &self,
        file: &RelPath,
        name: &str,
        roots: &[RelPath],
        hops: usize,
    ) -> Option<Definition> {
        if hops == 0 {
            return None;
        }
        let module = self.module(file)?;
        let here = on_import(&module.body)
            .into_iter()
            .any(|statement| match &statement.kind {
                StmtKind::Function(function) => function.name == name,
                StmtKind::Class { name: class, .. } => class == name,
                StmtKind::Assign { targets, .. } => {
                    targets.iter().any(|target| target.name() == Some(name))
                }
                _ => false,
            });
        if here {
            return Some(Definition {
                file: file.clone(),
                name: name.to_owned(),
            });
        }
        if let Some(import) = module.binding(name) {
            return self.follow(file, import, roots, hops);
        }
        module
            .imports
            .iter()
            .filter(|import| import.name.as_deref() == Some("*"))
            .find_map(|import| {
                let (from, _) = self.locate(file, import.level, &import.module, roots)?;
                self.define_within(&from, name, roots, hops - 1)
            })
    }

    fn follow(
        &self,
        file: &RelPath,
        import: &Import,
        roots: &[RelPath],
        hops: usize,
    ) -> Option<Definition> {
        let module = self.locate(file, import.level, &import.module, roots);
        let Some(name) = &import.name else {
            return module.map(|(file, _)| Definition {
                file,
                name: String::new(),
            });
        };
        if let Some((target, _)) = &module
            && let Some(found) = self.define_within(target, name, roots, hops - 1)
        {
            return Some(found);
        }
        let dotted = if import.module.is_empty() {
            name.clone()
        } else {
            format!("{}.{name}", import.module)
        };
        self.locate(file, import.level, &dotted, roots)
            .map(|(file, _)| Definition {
                file,
                name: String::new(),
            })
    }
}
