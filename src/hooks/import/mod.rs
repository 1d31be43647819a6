//! Other tools' hooks, taken over into `[hooks]`.

mod source;

pub use source::{Manager, Source, sources};
