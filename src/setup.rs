//! Makes a fresh clone ready for work: what `make dev-setup` calls.
