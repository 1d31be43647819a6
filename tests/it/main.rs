//! What a user would do, through the binary; and the faults that only the library can place.

mod apply;
mod doctor;
mod init;
mod sandbox;
mod setup;
