//! The jail: a warm Python, the zygote, that forks a locked-down worker for each execution.
//!
//! The only crate of codemode with `unsafe` code. The executor calls [`probe`] to learn which layers hold on this machine,
//! [`Zygote::spawn`] with them, and [`Zygote::fork_worker`] for each worker. A worker runs no byte of a program before its
//! last layer is on. `docs/concepts/jail.md` describes the layers.
//!
//! Feature `fuzzing`: the entry points of `fuzz/`, and nothing for anybody else.
#![expect(unsafe_code, reason = "the kernel's interfaces to namespaces, limits and processes are C functions")]

#[cfg(not(target_os = "linux"))]
compile_error!("codemode-jail needs Linux: its layers are Linux mechanisms");

mod blob;
mod cgroup;
// Two parts of the extension that need no interpreter, for their tests.
#[cfg(test)]
#[path = "extension/determinism/chacha.rs"]
mod chacha;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod harden;
mod interpreter;
mod layer;
mod limits;
// The same text is part of the extension; see its module documentation.
#[expect(dead_code, reason = "the probe uses the layers themselves; the rest is for the worker")]
#[path = "extension/lockdown/mod.rs"]
mod lockdown;
mod probe;
#[cfg(test)]
#[path = "extension/determinism/reads.rs"]
mod reads;
mod seccomp;
mod system;
mod zygote;

pub use cgroup::{CgroupParent, CgroupSlot, settle_in_leaf};
pub use error::{SpawnError, Step};
pub use harden::harden_executor;
pub use interpreter::Interpreter;
pub use layer::{Layer, LayerSet, Profile, UnknownProfile};
pub use limits::{Ceilings, WorkerLimits};
pub use probe::{JailReport, LayerReport, LayerState, Remedy, probe};
pub use zygote::{WaitStatus, WorkerProcess, Zygote, ZygoteConfig, ZygoteEvent, worker_socketpair};
