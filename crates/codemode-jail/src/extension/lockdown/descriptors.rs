//! Layer `Descriptors`: a worker holds 0, 1 and 2 on `/dev/null`, 3 on its socket, and nothing else.

use super::sys;

/// The descriptor of the worker's socket, and in the zygote of its control socket.
pub(crate) const SOCKET: i32 = 3;

/// Makes `source` the descriptor `target`; both may be the same.
pub(crate) fn place(source: i32, target: i32) -> sys::Result<()> {
    if source != target {
        // SAFETY: moves descriptor numbers only.
        unsafe { sys::call(sys::DUP3, [sys::descriptor(source), sys::descriptor(target), 0, 0, 0, 0])? };
    }
    Ok(())
}

/// Closes every descriptor from `first` on.
pub(crate) fn close_from(first: usize) -> sys::Result<()> {
    // SAFETY: nothing in the calling process uses a descriptor from `first` on any more; that is the layer's meaning.
    unsafe { sys::call(sys::CLOSE_RANGE, [first, u32::MAX as usize, 0, 0, 0, 0])? };
    Ok(())
}
