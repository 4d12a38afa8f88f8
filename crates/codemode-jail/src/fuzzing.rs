//! Entry points of `fuzz/`, which the tests run over its corpus. Each takes any bytes and panics where an invariant fails.

use std::io;
use std::process::Child;

use crate::WorkerProcess;
pub use crate::seccomp::fuzzing::system_calls;
pub use crate::zygote::fuzzing::zygote_packets;

/// A worker's process that is none: a child of this process, which must not be reaped before.
pub fn worker_process(child: &Child) -> io::Result<WorkerProcess> {
    crate::zygote::fuzzing::worker_process(child)
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn corpus_of_zygote_packets_holds() {
        replay("zygote_packets", super::zygote_packets);
    }

    #[test]
    fn corpus_of_system_calls_holds() {
        replay("system_calls", super::system_calls);
    }
}
