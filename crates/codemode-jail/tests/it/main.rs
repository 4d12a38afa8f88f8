//! The jail from outside: real zygotes, real workers, real attacks.
//!
//! Run as root, the last test runs all the others again as user 65534. A test that lacks an interpreter or a kernel feature
//! prints what, and passes.
#![expect(unsafe_code, reason = "waiting on a descriptor and limiting another process are C functions")]
#![expect(clippy::print_stdout, reason = "a test says what it skipped")]
#![expect(clippy::unwrap_used, reason = "a failed call is a failed test")]

mod control_group;
mod harness;
mod layers;
mod lifecycle;
mod limits;
mod probe;
mod python;
mod unprivileged;
