//! A hostile zygote: any packets, with any number of descriptors, over a real control socket.

use std::io::{self, PipeReader};
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::process::Child;

use arbitrary::{Result, Unstructured};

use super::WorkerProcess;
use super::events::{self, ZygoteEvent};
use crate::system;

/// What the sender of a packet may attach here; the receiver wants none, or one.
const MAX_ATTACHED: usize = 4;

/// A control message of several descriptors, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Attachments {
    header: libc::cmsghdr,
    descriptors: [i32; MAX_ATTACHED],
}

pub(crate) fn worker_process(child: &Child) -> io::Result<WorkerProcess> {
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok(WorkerProcess::new(system::pidfd_open(pid)?, pid))
}

/// Any packets.
pub fn zygote_packets(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    while !choices.is_empty() {
        let attached = choices.int_in_range(0..=MAX_ATTACHED)?;
        let length = choices.int_in_range(0..=100)?;
        let packet = choices.bytes(length.min(choices.len()))?;
        deliver(packet, attached);
    }
    Ok(())
}

/// Sends one packet with `attached` descriptors, and receives it. None of them stays open when the event is gone.
fn deliver(packet: &[u8], attached: usize) {
    let (executor, zygote) = system::socketpair(libc::SOCK_SEQPACKET).expect("a pair of sockets");
    let (reader, writer) = io::pipe().expect("a pipe");
    send(zygote.as_fd(), packet, &vec![writer.as_fd(); attached]).expect("room in the socket");
    drop((writer, zygote));
    match (packet.first(), events::receive(executor.as_fd())) {
        (Some(1), Ok(ZygoteEvent::Forked { worker, .. })) => {
            assert!(attached > 0, "a worker without its pidfd");
            assert_eq!(worker.pid(), -1, "a pipe is no process");
            worker.kill().expect_err("a pipe is no process");
        }
        (None, Ok(ZygoteEvent::Closed))
        | (Some(2), Ok(ZygoteEvent::ForkFailed { .. }))
        | (Some(3), Ok(ZygoteEvent::Exited { .. }))
        | (Some(4), Ok(ZygoteEvent::Serving { .. }))
        | (_, Err(_)) => {}
        (kind, event) => panic!("a packet of kind {kind:?} became {event:?}"),
    }
    drop(executor);
    assert!(is_closed(&reader), "{attached} descriptors beside {packet:?} were not closed");
}

/// Whether nobody can write any more.
fn is_closed(reader: &PipeReader) -> bool {
    let mut poll = libc::pollfd { fd: reader.as_raw_fd(), events: 0, revents: 0 };
    // SAFETY: one entry, alive for the call. It waits for a process that is being started beside this to let go of its copy.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 5_000) };
    ready == 1 && poll.revents & libc::POLLHUP != 0
}

fn send(control: BorrowedFd<'_>, packet: &[u8], attached: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut bytes = packet.to_vec();
    // SAFETY: all-zero is a valid value of both C structures.
    let (mut attachments, mut message) = unsafe { mem::zeroed::<(Attachments, libc::msghdr)>() };
    for (place, descriptor) in attachments.descriptors.iter_mut().zip(attached) {
        *place = descriptor.as_raw_fd();
    }
    let length = mem::size_of::<libc::cmsghdr>() + mem::size_of::<i32>() * attached.len();
    attachments.header.cmsg_len = length;
    attachments.header.cmsg_level = libc::SOL_SOCKET;
    attachments.header.cmsg_type = libc::SCM_RIGHTS;
    let mut vector = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    message.msg_iov = &raw mut vector;
    message.msg_iovlen = 1;
    if !attached.is_empty() {
        message.msg_control = (&raw mut attachments).cast();
        message.msg_controllen = length;
    }
    // SAFETY: `message` points at locals that outlive the call, with their lengths.
    let sent = unsafe { libc::sendmsg(control.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_beyond_the_first_are_not_left_open() {
        for attached in 0..=MAX_ATTACHED {
            deliver(&[1, 0, 0, 0, 0, 1, 0, 0, 0], attached);
            deliver(b"\x043.12.1", attached);
        }
    }
}
