//! A throw-away child: applies a layer, attacks it, and answers with its exit status.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr;
use std::time::{Duration, Instant};

use crate::system;
use crate::zygote::WaitStatus;

/// The attack was stopped: the layer holds.
pub(super) const STOPPED: i32 = 0;
/// Statuses from here on: the layer could not be applied; the rest is the error's number.
const REFUSED: i32 = 128;

/// How long a child may take. The slowest needs about 10 ms of a processor; on a machine that has none to spare it waits for
/// seconds, and an executor that starts there must not find its layers unproven. Only a child that hangs takes so long.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a child found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The layer holds; what was seen.
    Stopped(String),
    /// The attack of this number got through.
    Broken(i32),
    /// The layer could not be applied.
    Refused(String),
    /// A seccomp program ended the child: the proof of ours, and in any other test the refusal of one outside.
    Forbidden,
    /// The child did not answer.
    Unproven(String),
}

/// The status that says why a layer could not be applied.
pub(super) fn refused(errno: i32) -> i32 {
    REFUSED + errno.clamp(0, 127)
}

/// A running child. Dropping it kills and reaps it.
pub(super) struct Attempt {
    pid: i32,
    pidfd: OwnedFd,
    started: Instant,
    /// Closing it lets a paused child go on.
    gate: Option<OwnedFd>,
}

impl Attempt {
    /// Forks a child that runs `attack` and exits with its result.
    ///
    /// The executor may have threads, so `attack` makes system calls only: it neither allocates nor locks.
    pub(super) fn start(attack: impl FnOnce() -> i32) -> io::Result<Self> {
        // SAFETY: the signal sets are initialised before use; signals stay blocked in the child, so that no handler of the
        // executor runs there; `attack` is async-signal-safe as said above.
        let pid = unsafe {
            let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            let pid = libc::fork();
            if pid == 0 {
                libc::_exit(attack());
            }
            let error = io::Error::last_os_error();
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
            if pid < 0 {
                return Err(error);
            }
            pid
        };
        match system::pidfd_open(pid) {
            Ok(pidfd) => Ok(Self { pid, pidfd, started: Instant::now(), gate: None }),
            Err(error) => {
                // SAFETY: a child that only this function knows.
                unsafe {
                    libc::kill(pid, libc::SIGKILL);
                    libc::waitpid(pid, ptr::null_mut(), 0);
                }
                Err(error)
            }
        }
    }

    /// Forks a child that waits for `resume`, then tries to fork.
    pub(super) fn start_paused() -> io::Result<Self> {
        let (wait, gate) = system::pipe(0)?;
        let (wait_number, gate_number) = (wait.as_raw_fd(), gate.as_raw_fd());
        let mut child = Self::start(|| super::attacks::fork_when_told(wait_number, gate_number))?;
        child.gate = Some(gate);
        Ok(child)
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Lets a paused child go on. `evidence` says what it could not do.
    pub(super) fn resume(mut self, evidence: &str) -> Verdict {
        self.gate = None;
        match self.finish() {
            Verdict::Stopped(_) => Verdict::Stopped(evidence.to_owned()),
            verdict => verdict,
        }
    }

    /// Waits for the child, to the deadline at most.
    pub(super) fn finish(self) -> Verdict {
        self.finish_within(DEADLINE)
    }

    fn finish_within(self, deadline: Duration) -> Verdict {
        let left = deadline.saturating_sub(self.started.elapsed());
        let mut watched = libc::pollfd { fd: self.pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let timeout = i32::try_from(left.as_millis()).unwrap_or(0).max(1);
        // SAFETY: one descriptor, open as long as `self`.
        let ready = unsafe { libc::poll(&raw mut watched, 1, timeout) };
        if ready != 1 {
            return Verdict::Unproven(format!("the test did not end within {} ms", deadline.as_millis()));
        }
        let mut status = 0;
        // SAFETY: the child is this value's own and has ended.
        if unsafe { libc::waitpid(self.pid, &raw mut status, 0) } != self.pid {
            return Verdict::Unproven("the test's child was reaped by another part of the process".to_owned());
        }
        verdict(WaitStatus::from_raw(status))
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // By pidfd: a child that `finish` has reaped is an error here, never another process.
        let _ = system::pidfd_kill(self.pidfd.as_fd());
        let pidfd = self.pidfd.as_raw_fd().cast_unsigned();
        // SAFETY: no information is asked for.
        unsafe { libc::waitid(libc::P_PIDFD, pidfd, ptr::null_mut(), libc::WEXITED) };
    }
}

fn verdict(status: WaitStatus) -> Verdict {
    match status {
        WaitStatus::Exited(STOPPED) => Verdict::Stopped(String::new()),
        // The kernel's word for it is "no space left on device".
        WaitStatus::Exited(code) if code == REFUSED + libc::ENOSPC => {
            Verdict::Refused("the limit on namespaces is reached".to_owned())
        }
        WaitStatus::Exited(code) if code >= REFUSED => {
            Verdict::Refused(io::Error::from_raw_os_error(code - REFUSED).to_string())
        }
        WaitStatus::Exited(attack) => Verdict::Broken(attack),
        WaitStatus::Signaled(libc::SIGSYS) => Verdict::Forbidden,
        WaitStatus::Signaled(signal) => Verdict::Unproven(format!("signal {signal} ended the test")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn child_that_hangs_is_killed_and_unproven() {
        let child = Attempt::start(|| {
            loop {
                // SAFETY: no precondition.
                unsafe { libc::pause() };
            }
        });
        let verdict = child.expect("a fork").finish_within(Duration::from_millis(500));
        assert_eq!(verdict, Verdict::Unproven("the test did not end within 500 ms".to_owned()));
    }

    #[test]
    fn foreign_seccomp_program_proves_nothing() {
        assert_eq!(verdict(WaitStatus::Signaled(libc::SIGSYS)), Verdict::Forbidden);
        assert_eq!(verdict(WaitStatus::Exited(2)), Verdict::Broken(2));
        assert_eq!(
            verdict(WaitStatus::Exited(refused(libc::ENOSPC))),
            Verdict::Refused("the limit on namespaces is reached".to_owned())
        );
    }
}
