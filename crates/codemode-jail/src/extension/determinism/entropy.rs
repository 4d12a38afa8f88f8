//! Random numbers from one seed, in place of the kernel's.

use core::ffi::{c_int, c_long, c_uint};
use core::slice;
use core::sync::atomic::{AtomicBool, Ordering};

use super::chacha::Generator;
use super::guarded::Guarded;

#[cfg(target_arch = "x86_64")]
const GETRANDOM: c_long = 318;
#[cfg(target_arch = "aarch64")]
const GETRANDOM: c_long = 278;
/// `getentropy` gives no more at once.
const MOST_ENTROPY: usize = 256;
const EINTR: c_int = 4;
const EIO: c_int = 5;

// Not libc's own `getrandom`: the extension also loads where libc has none.
unsafe extern "C" {
    fn abort() -> !;
    fn syscall(number: c_long, ...) -> c_long;
    fn __errno_location() -> *mut c_int;
}

static GENERATOR: Guarded<Generator> = Guarded::new(Generator::new());
static SEEDED: AtomicBool = AtomicBool::new(false);

pub(super) fn begin(seed: &[u8; 32]) {
    GENERATOR.with(|generator| generator.seed(seed));
    SEEDED.store(true, Ordering::Release);
}

pub(super) fn stop() {
    SEEDED.store(false, Ordering::Release);
}

/// # Safety
///
/// `bytes` may be written for `length`.
unsafe fn fill(bytes: *mut u8, length: usize) {
    // SAFETY: as the caller says; the generator writes and never reads it.
    GENERATOR.with(|generator| generator.fill(unsafe { slice::from_raw_parts_mut(bytes, length) }));
}

/// All of `length`, or the end of the process: callers of these functions look for no error.
///
/// # Safety
///
/// `bytes` may be written for `length`.
unsafe fn whole(bytes: *mut u8, length: usize) {
    let mut done = 0;
    while done < length {
        // SAFETY: what is left of the caller's buffer.
        let given = unsafe { interposed_getrandom(bytes.add(done), length - done, 0) };
        // SAFETY: the address of this thread's own `errno`.
        if given <= 0 && unsafe { *__errno_location() } != EINTR {
            // SAFETY: it has no precondition.
            unsafe { abort() };
        }
        done += usize::try_from(given).unwrap_or(0);
    }
}

// What the kernel would refuse or shorten is left to it.
fn answers(bytes: *mut u8, length: usize) -> bool {
    SEEDED.load(Ordering::Acquire) && !bytes.is_null() && isize::try_from(length).is_ok()
}

// === in place of libc's ===

/// # Safety
///
/// As of `getrandom`: `bytes` may be written for `length`.
pub(super) unsafe extern "C" fn interposed_getrandom(bytes: *mut u8, length: usize, flags: c_uint) -> isize {
    if answers(bytes, length) {
        // SAFETY: as the caller says.
        unsafe { fill(bytes, length) };
        return length.cast_signed();
    }
    // SAFETY: what the caller asked for, unchanged: the system call that libc's function makes.
    unsafe { syscall(GETRANDOM, bytes, length, flags) as isize }
}

/// # Safety
///
/// As of `getentropy`: `bytes` may be written for `length`.
pub(super) unsafe extern "C" fn interposed_getentropy(bytes: *mut u8, length: usize) -> c_int {
    if length > MOST_ENTROPY {
        // SAFETY: the address of this thread's own `errno`.
        unsafe { *__errno_location() = EIO };
        return -1;
    }
    // SAFETY: as the caller says.
    unsafe { whole(bytes, length) };
    0
}

/// Interpreters built for a libc without `getrandom` make the system call. Six integer arguments go the same way whether or
/// not a function is variadic, on both architectures.
///
/// # Safety
///
/// As of `syscall`.
pub(super) unsafe extern "C" fn interposed_syscall(
    number: c_long,
    first: usize,
    second: usize,
    third: usize,
    fourth: usize,
    fifth: usize,
    sixth: usize,
) -> c_long {
    let bytes: *mut u8 = core::ptr::with_exposed_provenance_mut(first);
    if number == GETRANDOM && answers(bytes, second) {
        // SAFETY: as the caller says: these are the system call's arguments.
        unsafe { fill(bytes, second) };
        return second.cast_signed() as c_long;
    }
    // SAFETY: what the caller asked for, unchanged.
    unsafe { syscall(number, first, second, third, fourth, fifth, sixth) }
}

/// # Safety
///
/// None: it takes no pointer.
pub(super) unsafe extern "C" fn interposed_arc4random() -> u32 {
    let mut bytes = [0; 4];
    // SAFETY: an array of the stated length.
    unsafe { whole(bytes.as_mut_ptr(), bytes.len()) };
    u32::from_ne_bytes(bytes)
}

/// # Safety
///
/// As of `arc4random_buf`: `bytes` may be written for `length`.
pub(super) unsafe extern "C" fn interposed_arc4random_buf(bytes: *mut u8, length: usize) {
    // SAFETY: as the caller says.
    unsafe { whole(bytes, length) };
}

/// # Safety
///
/// None: it takes no pointer.
pub(super) unsafe extern "C" fn interposed_arc4random_uniform(bound: u32) -> u32 {
    // 2^64 numbers onto fewer than 2^32: the bias is below 2^-32.
    // SAFETY: no precondition.
    let (high, low) = unsafe { (interposed_arc4random(), interposed_arc4random()) };
    let drawn = u64::from(high) << 32 | u64::from(low);
    u32::try_from(drawn.checked_rem(u64::from(bound)).unwrap_or(0)).unwrap_or(0)
}
