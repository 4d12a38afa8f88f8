//! Packets between the zygote and the executor on descriptor 3, with a descriptor attached to some.
//!
//! The layouts are those of `docs/design/worker-protocol.md`. The executor is trusted here: it made the zygote.

use core::ffi::{c_int, c_void};
use core::{mem, ptr};

use crate::lockdown::sys;

const SOL_SOCKET: c_int = 1;
const SCM_RIGHTS: c_int = 1;
const MSG_CMSG_CLOEXEC: c_int = 0x4000_0000;
const MSG_NOSIGNAL: c_int = 0x4000;

#[repr(C)]
struct Vector {
    base: *mut c_void,
    length: usize,
}

/// `struct msghdr` of the kernel; glibc and musl share it on 64-bit little-endian machines.
#[repr(C)]
struct Message {
    name: *mut c_void,
    name_length: u32,
    vectors: *mut Vector,
    vector_count: usize,
    control: *mut c_void,
    control_length: usize,
    flags: c_int,
}

/// One control message that carries one descriptor: `CMSG_SPACE(4)` is 24 bytes on 64-bit machines.
#[repr(C, align(8))]
struct Attachment {
    length: usize,
    level: c_int,
    kind: c_int,
    descriptor: c_int,
    padding: c_int,
}

const ATTACHMENT_LENGTH: usize = mem::offset_of!(Attachment, padding);

/// What came from the executor.
pub(crate) enum Request {
    /// Fork a worker that speaks through this descriptor.
    Fork { sequence: u32, socket: c_int },
    /// The executor is gone.
    Closed,
    /// Nothing complete: interrupted, or a packet without its descriptor.
    Nothing,
}

pub(crate) fn receive(socket: c_int) -> Request {
    let mut bytes = [0u8; 4];
    let mut attachment = Attachment { length: 0, level: 0, kind: 0, descriptor: -1, padding: 0 };
    let mut vector = Vector { base: bytes.as_mut_ptr().cast(), length: bytes.len() };
    let mut message = Message {
        name: ptr::null_mut(),
        name_length: 0,
        vectors: &raw mut vector,
        vector_count: 1,
        control: (&raw mut attachment).cast(),
        control_length: mem::size_of::<Attachment>(),
        flags: 0,
    };
    // SAFETY: every pointer in `message` is to a local of the stated length that outlives the call.
    let received = unsafe {
        sys::call(sys::RECVMSG, [socket as usize, (&raw mut message) as usize, MSG_CMSG_CLOEXEC as usize, 0, 0, 0])
    };
    let attached =
        message.control_length >= ATTACHMENT_LENGTH && attachment.level == SOL_SOCKET && attachment.kind == SCM_RIGHTS;
    match received {
        Ok(0) => Request::Closed,
        Ok(4) if attached => Request::Fork { sequence: u32::from_le_bytes(bytes), socket: attachment.descriptor },
        Err(sys::EINTR | sys::EAGAIN) | Ok(_) => {
            if attached {
                sys::close(attachment.descriptor);
            }
            Request::Nothing
        }
        Err(_) => Request::Closed,
    }
}

/// Sends one packet. Blocks while the executor is behind; fails when it is gone.
pub(crate) fn send(socket: c_int, bytes: &[u8], descriptor: Option<c_int>) -> Result<(), i32> {
    let mut attachment = Attachment {
        length: ATTACHMENT_LENGTH,
        level: SOL_SOCKET,
        kind: SCM_RIGHTS,
        descriptor: descriptor.unwrap_or(-1),
        padding: 0,
    };
    let mut vector = Vector { base: bytes.as_ptr().cast_mut().cast(), length: bytes.len() };
    let message = Message {
        name: ptr::null_mut(),
        name_length: 0,
        vectors: &raw mut vector,
        vector_count: 1,
        control: if descriptor.is_some() { (&raw mut attachment).cast() } else { ptr::null_mut() },
        control_length: if descriptor.is_some() { mem::size_of::<Attachment>() } else { 0 },
        flags: 0,
    };
    loop {
        // SAFETY: as in `receive`; the kernel only reads from what `message` points at.
        let sent = unsafe {
            sys::call(sys::SENDMSG, [socket as usize, (&raw const message) as usize, MSG_NOSIGNAL as usize, 0, 0, 0])
        };
        match sent {
            Ok(_) => return Ok(()),
            Err(sys::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
