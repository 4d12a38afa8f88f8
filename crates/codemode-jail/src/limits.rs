//! What a worker may use: ceilings for every worker, and the limits of one execution below them.

/// Ceilings that a worker puts on itself at lock-down. Nothing can raise them afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceilings {
    /// Bytes of memory beyond what the worker shares with its zygote.
    pub memory: u64,
    /// Seconds of processor time.
    pub cpu_seconds: u64,
    /// Open descriptors.
    pub open_files: u64,
    /// Threads. Enforced with [`Layer::WorkerNamespaces`](crate::Layer::WorkerNamespaces), where the count is the worker's own.
    pub tasks: u64,
    /// Bytes of the scratch file system. Zero: none, and no file can be written.
    pub scratch: u64,
    /// Files and directories on the scratch file system.
    pub scratch_files: u64,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self { memory: 512 << 20, cpu_seconds: 60, open_files: 64, tasks: 64, scratch: 16 << 20, scratch_files: 1024 }
    }
}

/// The limits of one execution, set from outside before its program arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Bytes of memory beyond what the worker has at that moment.
    pub memory: u64,
    /// Seconds of processor time, counted from the worker's fork; at least one.
    pub cpu_seconds: u64,
    /// Open descriptors.
    pub open_files: u64,
    /// Threads. Without [`Layer::WorkerNamespaces`](crate::Layer::WorkerNamespaces) a count would be shared with other
    /// processes of the user: then only the control group, where there is one, limits them.
    pub tasks: u64,
}

/// Private memory that a zygote may have before its first worker: the interpreter, the standard library and preloaded
/// packages. A worker's ceiling is above it, because a hard limit cannot be raised; `WorkerLimits` are exact.
pub(crate) const ZYGOTE_ALLOWANCE: u64 = 256 << 20;

/// Address space is nearly free, but without a bound its page tables are not. Thread stacks (8 MiB each) and malloc arenas
/// (64 MiB each) reserve far more than they use: at 512 MiB only twelve threads start, at 8 GiB more than sixty.
pub(crate) const ADDRESS_SPACE: u64 = 8 << 30;
