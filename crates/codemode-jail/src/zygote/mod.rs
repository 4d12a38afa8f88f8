//! The zygote: starting it, asking it for workers, and reading what it reports.

mod child;
mod events;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod plan;
mod root;
mod spawn;
mod worker;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use crate::error::SpawnError;
use crate::layer::LayerSet;
use crate::limits::Ceilings;
use crate::system;

pub(crate) use child::map_self;
pub(crate) use spawn::{may_mount_and_map, temporary_mount_point};

pub use events::{WaitStatus, ZygoteEvent};
pub use worker::{WorkerProcess, worker_socketpair};

/// What a zygote is started with.
#[derive(Clone, Debug)]
pub struct ZygoteConfig {
    /// The interpreter: a path, or a name looked up in `PATH`.
    pub python: PathBuf,
    /// The text of `python -c`: imports what workers share, then calls `_codemode_jail.serve()`, which returns in workers.
    pub bootstrap: String,
    /// Modules that the bootstrap may import, by file name relative to their directory. Import them before `serve()`:
    /// without namespaces the directory is gone afterwards.
    pub files: Vec<(&'static str, &'static [u8])>,
    /// The layers to apply. One that fails stops the start, or ends the worker.
    pub layers: LayerSet,
    /// What each worker may use at most.
    pub ceilings: Ceilings,
}

/// A running zygote. Dropping it kills it, and with it all its workers.
#[derive(Debug)]
pub struct Zygote {
    control: OwnedFd,
    stderr: OwnedFd,
    pidfd: OwnedFd,
    pid: i32,
    /// Its workers are alone in their user namespaces.
    own_tasks: bool,
    /// Its workers have limits.
    rlimits: bool,
    /// Where the modules are when there is no root of its own.
    directory: Option<plan::PrivateDirectory>,
    /// Its status once it has been reaped.
    ended: Option<WaitStatus>,
}

impl Zygote {
    /// Starts a zygote. Returns once its interpreter is executed; [`ZygoteEvent::Serving`] comes when it has imported
    /// everything. Takes a few milliseconds, and the first time for an interpreter about 0.2 s to inspect it.
    pub fn spawn(config: &ZygoteConfig) -> Result<Self, SpawnError> {
        spawn::spawn(config)
    }

    /// The control socket, to wait on before [`receive`](Self::receive).
    pub fn control(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    /// The zygote's standard error, non-blocking. What it says before it serves tells why it could not.
    pub fn stderr(&self) -> BorrowedFd<'_> {
        self.stderr.as_fd()
    }

    /// Becomes readable when the zygote ends.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// The zygote's process id, in the executor's process namespace.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Asks for a worker that speaks through `worker_end`. [`ZygoteEvent::Forked`] or [`ZygoteEvent::ForkFailed`] answers
    /// with the same sequence number. Fails with `WouldBlock` while the zygote is far behind.
    #[expect(clippy::needless_pass_by_value, reason = "the worker's end belongs to the worker once the packet is sent")]
    pub fn fork_worker(&self, sequence: u32, worker_end: OwnedFd) -> io::Result<()> {
        events::request(self.control.as_fd(), sequence, worker_end.as_fd())
    }

    /// Reads the next event; `WouldBlock` where there is none.
    pub fn receive(&mut self) -> io::Result<ZygoteEvent> {
        let mut event = events::receive(self.control.as_fd())?;
        if let ZygoteEvent::Forked { worker, .. } = &mut event {
            worker.own_tasks = self.own_tasks;
            worker.rlimits = self.rlimits;
        }
        if matches!(event, ZygoteEvent::Serving { .. } | ZygoteEvent::Closed) {
            self.directory = None;
        }
        Ok(event)
    }

    /// Kills the zygote and with it every worker. It is reaped by [`try_wait`](Self::try_wait) or on drop.
    pub fn kill(&self) -> io::Result<()> {
        system::pidfd_kill(self.pidfd.as_fd())
    }

    /// How the zygote ended, if it has; never waits.
    pub fn try_wait(&mut self) -> io::Result<Option<WaitStatus>> {
        self.reap(libc::WNOHANG)
    }

    /// Waits for the zygote's end.
    pub fn wait(&mut self) -> io::Result<WaitStatus> {
        loop {
            if let Some(status) = self.reap(0)? {
                return Ok(status);
            }
        }
    }

    fn reap(&mut self, options: i32) -> io::Result<Option<WaitStatus>> {
        if self.ended.is_some() {
            return Ok(self.ended);
        }
        let mut status = 0;
        // SAFETY: `pid` is a child that only this value reaps, and only once: `ended` is set then.
        match system::check(unsafe { libc::waitpid(self.pid, &raw mut status, options) }) {
            Ok(0) => Ok(None),
            Ok(_) => {
                self.ended = Some(WaitStatus::from_raw(status));
                Ok(self.ended)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Zygote {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }
}

impl AsRawFd for Zygote {
    fn as_raw_fd(&self) -> i32 {
        self.control.as_raw_fd()
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        let _ = self.kill();
        // Killed: the wait is for the kernel to end its workers, a few milliseconds.
        let _ = self.wait();
    }
}
