//! Everything that a terminal shows or asks.
