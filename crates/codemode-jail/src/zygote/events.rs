//! The control socket: requests to the zygote and its packets, as `docs/design/worker-protocol.md` lays them out.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::WorkerProcess;

/// What a zygote reports.
#[derive(Debug)]
#[non_exhaustive]
pub enum ZygoteEvent {
    /// It has imported everything and forks workers from now on.
    Serving {
        /// The interpreter's version, such as `3.12.1`.
        python_version: String,
    },
    /// A worker was forked; it is locking itself down.
    Forked {
        /// The number of the request.
        sequence: u32,
        /// The worker.
        worker: WorkerProcess,
    },
    /// No worker was forked for this request; its socket is closed.
    ForkFailed {
        /// The number of the request.
        sequence: u32,
        /// Why.
        errno: i32,
    },
    /// A worker ended.
    Exited {
        /// The worker's process id as the zygote sees it: [`WorkerProcess::zygote_pid`].
        pid: i32,
        /// How it ended.
        status: WaitStatus,
        /// Processor time in user mode.
        user: Duration,
        /// Processor time in the kernel.
        system: Duration,
        /// The most memory it had resident, in bytes, with what it shared with the zygote.
        peak_memory: u64,
    },
    /// The zygote is gone, and every worker with it.
    Closed,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitStatus {
    /// It exited with this status. 97: a step of its lock-down failed.
    Exited(i32),
    /// A signal ended it.
    Signaled(i32),
}

impl WaitStatus {
    pub(crate) fn from_raw(raw: i32) -> Self {
        let status = ExitStatus::from_raw(raw);
        status.code().map_or(Self::Signaled(status.signal().unwrap_or(0)), Self::Exited)
    }
}

/// A control message of one descriptor, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Attachment {
    header: libc::cmsghdr,
    descriptor: [u8; 8],
}

const ATTACHMENT_LENGTH: usize = mem::size_of::<libc::cmsghdr>() + mem::size_of::<i32>();

/// Sends a request to fork with the worker's end of its socket.
pub(super) fn request(control: BorrowedFd<'_>, sequence: u32, worker_end: BorrowedFd<'_>) -> io::Result<()> {
    let mut bytes = sequence.to_le_bytes();
    // SAFETY: all-zero is a valid value of both C structures.
    let (mut attachment, mut message) = unsafe { mem::zeroed::<(Attachment, libc::msghdr)>() };
    attachment.header.cmsg_len = ATTACHMENT_LENGTH;
    attachment.header.cmsg_level = libc::SOL_SOCKET;
    attachment.header.cmsg_type = libc::SCM_RIGHTS;
    attachment.descriptor[..4].copy_from_slice(&worker_end.as_raw_fd().to_ne_bytes());
    let mut vector = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    message.msg_iov = &raw mut vector;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut attachment).cast();
    message.msg_controllen = mem::size_of::<Attachment>();
    // SAFETY: `message` points at locals that outlive the call, with their lengths.
    let sent = unsafe { libc::sendmsg(control.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Receives one packet.
pub(super) fn receive(control: BorrowedFd<'_>) -> io::Result<ZygoteEvent> {
    let mut bytes = [0u8; 64];
    // SAFETY: all-zero is a valid value of both C structures.
    let (mut attachment, mut message) = unsafe { mem::zeroed::<(Attachment, libc::msghdr)>() };
    let mut vector = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    message.msg_iov = &raw mut vector;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut attachment).cast();
    // Not its whole size, whose padding has room for a second descriptor, that nobody would close.
    message.msg_controllen = ATTACHMENT_LENGTH;
    let received = loop {
        // SAFETY: `message` points at locals that outlive the call, with their lengths.
        let received = unsafe { libc::recvmsg(control.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
        match usize::try_from(received) {
            Ok(length) => break length,
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error if error.kind() == io::ErrorKind::ConnectionReset => return Ok(ZygoteEvent::Closed),
                error => return Err(error),
            },
        }
    };
    let attached = (message.msg_controllen >= ATTACHMENT_LENGTH
        && attachment.header.cmsg_level == libc::SOL_SOCKET
        && attachment.header.cmsg_type == libc::SCM_RIGHTS)
        .then(|| {
            let [a, b, c, d, ..] = attachment.descriptor;
            // SAFETY: the kernel has just installed this descriptor for this process; nothing else owns it.
            unsafe { OwnedFd::from_raw_fd(i32::from_ne_bytes([a, b, c, d])) }
        });
    let packet = bytes.get(..received).unwrap_or(&[]);
    parse(packet, attached).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "unknown packet from the zygote"))
}

fn parse(packet: &[u8], attached: Option<OwnedFd>) -> Option<ZygoteEvent> {
    let Some((kind, rest)) = packet.split_first() else { return Some(ZygoteEvent::Closed) };
    let mut fields = Fields(rest);
    let event = match kind {
        1 => {
            let (sequence, zygote_pid) = (fields.u32()?, fields.i32()?);
            ZygoteEvent::Forked { sequence, worker: WorkerProcess::new(attached?, zygote_pid) }
        }
        2 => ZygoteEvent::ForkFailed { sequence: fields.u32()?, errno: fields.i32()? },
        3 => ZygoteEvent::Exited {
            pid: fields.i32()?,
            status: WaitStatus::from_raw(fields.i32()?),
            user: Duration::from_micros(fields.u64()?),
            system: Duration::from_micros(fields.u64()?),
            peak_memory: fields.u64()?.saturating_mul(1024),
        },
        4 => return Some(ZygoteEvent::Serving { python_version: String::from_utf8_lossy(rest).into_owned() }),
        _ => return None,
    };
    fields.0.is_empty().then_some(event)
}

/// Little-endian integers off the front of a packet.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_whole_or_refused() {
        assert!(matches!(parse(&[], None), Some(ZygoteEvent::Closed)));
        assert!(
            matches!(parse(b"\x043.12.1", None), Some(ZygoteEvent::Serving { python_version }) if python_version == "3.12.1")
        );
        let mut exited = vec![3];
        exited.extend(7i32.to_le_bytes());
        exited.extend(9i32.to_le_bytes());
        for value in [1_500_000u64, 20, 3] {
            exited.extend(value.to_le_bytes());
        }
        assert!(matches!(
            parse(&exited, None),
            Some(ZygoteEvent::Exited { pid: 7, status: WaitStatus::Signaled(9), user, peak_memory: 3072, .. })
                if user == Duration::from_millis(1500)
        ));
        assert!((1..exited.len()).all(|length| parse(&exited[..length], None).is_none()));
        exited.push(0);
        assert!(parse(&exited, None).is_none());
        assert!(parse(&[1, 0, 0, 0, 0, 1, 0, 0, 0], None).is_none(), "a worker without its pidfd");
        assert!(parse(&[9], None).is_none());
    }
}
