//! Features to artifacts to plan to apply; the lock.
