//! A worker as the executor holds it: killing it, and setting its limits from outside.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::ptr;
use std::time::Duration;

use crate::limits::{ADDRESS_SPACE, WorkerLimits};
use crate::system::{self, check};

// Numbers of the kernel, the same on both architectures; the C libraries disagree on their type.
const RLIMIT_CPU: u32 = 0;
const RLIMIT_DATA: u32 = 2;
const RLIMIT_NPROC: u32 = 6;
const RLIMIT_NOFILE: u32 = 7;
const RLIMIT_AS: u32 = 9;

/// What the peak stands behind in `/proc/<pid>/status`. A newline cannot be in the process's name, which comes before.
const PEAK: &[u8] = b"\nVmHWM:";

/// No process. Zero would be the caller itself.
const UNKNOWN: i32 = -1;

/// A worker's process. Dropping it does not kill the worker: closing its socket or [`kill`](Self::kill) does.
#[derive(Debug)]
pub struct WorkerProcess {
    pidfd: OwnedFd,
    pid: i32,
    zygote_pid: i32,
    /// The worker is alone in its user namespace, so that a limit on tasks is its own.
    pub(super) own_tasks: bool,
    /// The layer [`Rlimits`](crate::Layer::Rlimits) is on. Where it is left out, nothing of it is set from outside either.
    pub(super) rlimits: bool,
    /// Private memory when it was last measured.
    private_memory: Option<u64>,
    /// `/proc/<pid>/status`, opened with that measurement: to look it up costs as much as to read it.
    status: Option<File>,
}

impl WorkerProcess {
    pub(super) fn new(pidfd: OwnedFd, zygote_pid: i32) -> Self {
        // Never the zygote's number for it: in the executor's namespace that is another process.
        let pid = host_pid(pidfd.as_fd()).unwrap_or(UNKNOWN);
        Self { pidfd, pid, zygote_pid, own_tasks: false, rlimits: true, private_memory: None, status: None }
    }

    /// The process id in the executor's process namespace; -1, which every call refuses, for a worker that was reaped before
    /// its birth was read.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The process id as the zygote sees it, by which [`Exited`](crate::ZygoteEvent::Exited) names it.
    pub fn zygote_pid(&self) -> i32 {
        self.zygote_pid
    }

    /// Becomes readable when the worker ends.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Whether the worker has ended, though the zygote may not have said so yet.
    pub fn has_ended(&self) -> io::Result<bool> {
        system::pidfd_ended(self.pidfd.as_fd())
    }

    /// Kills the worker. One that has ended already is not an error.
    pub fn kill(&self) -> io::Result<()> {
        system::pidfd_kill(self.pidfd.as_fd())
    }

    /// Measures what a warm worker has, from which [`set_limits`](Self::set_limits) counts. Reading `/proc` costs more than
    /// setting the limits, so this is done before an execution waits for the worker.
    pub fn measure(&mut self) -> io::Result<()> {
        self.private_memory = Some(self.private_memory()?);
        self.status = Some(File::open(format!("/proc/{}/status", self.pid))?);
        Ok(())
    }

    /// Processor time of the worker so far, of all its threads.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        if self.pid == UNKNOWN {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        // The number of a process's clock, as clock_getcpuclockid(3) makes it: the scheduler's count (2) of the group.
        let clock = (!self.pid << 3) | 2;
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` has room for the answer; a clock of a process that ended is an error.
        check(unsafe { libc::clock_gettime(clock, &raw mut time) })?;
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Ok(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0)))
    }

    /// The most memory that a worker which was measured had resident, in bytes, with what it shares with the zygote; `None`
    /// once it has ended.
    pub fn peak_memory(&self) -> Option<u64> {
        let mut text = [0; 2048];
        let length = self.status.as_ref()?.read_at(&mut text, 0).ok()?;
        let text = text.get(..length)?;
        let start = text.windows(PEAK.len()).position(|window| window == PEAK)? + PEAK.len();
        let digits = text.get(start..)?.iter().skip_while(|byte| byte.is_ascii_whitespace());
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        let kibibytes = digits.fold(0u64, |number, digit| number.saturating_mul(10) + u64::from(digit - b'0'));
        Some(kibibytes.saturating_mul(1024))
    }

    /// Lowers the worker's limits to those of its execution: once the worker is ready, since a lock-down needs descriptors of
    /// its own, and before its program arrives. Memory counts from what the worker has, so that a large zygote does not eat
    /// into a program's share.
    pub fn set_limits(&self, limits: &WorkerLimits) -> io::Result<()> {
        // A worker that was reaped has no number any more: its old one may be another process's.
        system::pidfd_exists(self.pidfd.as_fd())?;
        if !self.rlimits {
            return Ok(());
        }
        let data = self.private_memory.map_or_else(|| self.private_memory(), Ok)?.saturating_add(limits.memory);
        self.lower(RLIMIT_DATA, data)?;
        self.lower(RLIMIT_AS, limits.memory.saturating_mul(2).saturating_add(ADDRESS_SPACE))?;
        self.lower(RLIMIT_CPU, limits.cpu_seconds.max(1))?;
        if self.own_tasks {
            self.lower(RLIMIT_NPROC, limits.tasks)?;
        }
        self.lower(RLIMIT_NOFILE, limits.open_files)
    }

    /// What counts against `RLIMIT_DATA`: private, writable pages, touched or not.
    fn private_memory(&self) -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/statm", self.pid))?;
        let pages = text.split_whitespace().nth(5).and_then(|field| field.parse::<u64>().ok());
        // SAFETY: asks for a constant.
        let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
        pages
            .map(|pages| pages.saturating_mul(page))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "unexpected text in /proc/<pid>/statm"))
    }

    fn lower(&self, resource: u32, value: u64) -> io::Result<()> {
        let mut old = [0u64; 2];
        self.prlimit(resource, None, Some(&mut old))?;
        let value = value.min(old[1]);
        self.prlimit(resource, Some(&[value, value]), None)
    }

    fn prlimit(&self, resource: u32, new: Option<&[u64; 2]>, old: Option<&mut [u64; 2]>) -> io::Result<()> {
        let new = new.map_or(ptr::null(), ptr::from_ref);
        let old = old.map_or(ptr::null_mut(), ptr::from_mut);
        // SAFETY: each pointer is null or to the two words of `struct rlimit64`, alive for the call.
        let result = unsafe { libc::syscall(libc::SYS_prlimit64, self.pid, resource, new, old) };
        check(i32::try_from(result).unwrap_or(-1)).map(drop)
    }
}

/// The process id that the executor's `/proc` gives for a pidfd.
fn host_pid(pidfd: BorrowedFd<'_>) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).ok()?;
    let pid = text.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()?;
    // -1: it has ended and was reaped. 0: it is not in this process namespace.
    (pid > 0).then_some(pid)
}

/// The stream socket of a worker: the executor's end, non-blocking, and the end to pass to
/// [`Zygote::fork_worker`](crate::Zygote::fork_worker).
pub fn worker_socketpair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (executor, worker) = system::socketpair(libc::SOCK_STREAM)?;
    system::set_nonblocking(executor.as_fd())?;
    Ok((executor, worker))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn worker_that_was_reaped_has_no_number_of_another_process() {
        let mut child = Command::new("/bin/sh").args(["-c", ":"]).spawn().expect("a shell");
        let pidfd = system::pidfd_open(i32::try_from(child.id()).expect("a process id")).expect("a child's pidfd");
        child.wait().expect("a child's end");
        let worker = WorkerProcess::new(pidfd, 1);
        assert_eq!((worker.pid(), worker.zygote_pid()), (-1, 1));
        let limits = WorkerLimits { memory: 0, cpu_seconds: 1, open_files: 0, tasks: 1 };
        assert_eq!(worker.set_limits(&limits).expect_err("reaped").raw_os_error(), Some(libc::ESRCH));
        assert_eq!(worker.cpu_time().expect_err("reaped").raw_os_error(), Some(libc::ESRCH));
        worker.kill().expect("nothing to do");
    }
}
