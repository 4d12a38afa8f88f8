//! What the executor does to itself before it starts a zygote.

use std::io;

use crate::system::check;

/// Makes the executor's memory unreadable to other processes of its user, and its files private.
///
/// A worker runs as the same user where namespaces are refused; without this, one broken layer would be enough to read
/// the executor's environment. Call it early, once.
pub fn harden_executor() -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: integers, and a structure that outlives the call.
    unsafe {
        check(libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0))?;
        check(libc::setrlimit(libc::RLIMIT_CORE, &raw const none))?;
        libc::umask(0o077);
    }
    Ok(())
}
