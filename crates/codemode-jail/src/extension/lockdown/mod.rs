//! The layers a worker puts on itself, one file each, and the settings that say which.
//!
//! Compiled twice from the same text: into the extension, where a worker applies them before it runs a byte of a program,
//! and into the crate, where the probe attacks each of them alone. So it uses `core` and raw system calls only.

pub(crate) mod capabilities;
pub(crate) mod descriptors;
pub(crate) mod landlock;
pub(crate) mod namespaces;
pub(crate) mod process;
pub(crate) mod rlimits;
pub(crate) mod seccomp;
pub(crate) mod settings;
pub(crate) mod sys;

/// How a worker ends when a step of its lock-down failed: it has run nothing.
pub(crate) const FAILED: i32 = 97;
