//! The clocks that a program reads: recorded, or answered from what an attempt before recorded.
//!
//! ```text
//!  read ─► not begun ───────────────────────────► the real clock
//!       └► the journal has one of this kind ────► that
//!       └► otherwise ─► the real clock, moved so that it goes on from the journal's last ─► recorded
//! ```
//! Wall-clock time is caught in C, where all of its readers end. The other clocks are caught in the module `time` only: the
//! interpreter itself reads them for timeouts.

use core::ffi::{c_int, c_long, c_void};
use core::sync::atomic::{AtomicBool, Ordering};

use super::guarded::Guarded;
use super::reads::{KINDS, Last, Recorded, Recording};

const NANOSECONDS: i64 = 1_000_000_000;

/// `struct timespec` of a 64-bit machine; `struct timeval` has microseconds in the second place.
#[repr(C)]
pub(super) struct Time {
    seconds: i64,
    rest: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut Time) -> c_int;
    fn gettimeofday(time: *mut Time, zone: *mut c_void) -> c_int;
    fn time(seconds: *mut i64) -> c_long;
}

pub(super) const REALTIME: c_int = 0;
pub(super) const MONOTONIC: c_int = 1;
pub(super) const PROCESS: c_int = 2;
pub(super) const THREAD: c_int = 3;

const WALL: usize = 0;
const TAI: usize = 6;

/// Which queue of the journal a clock's reads go to. `None`: no clock of Linux.
fn kind(clock: c_int) -> Option<usize> {
    match clock {
        // And its coarse form, and the one that wakes a sleeping machine.
        0 | 5 | 8 => Some(WALL),
        1 | 6 => Some(1),
        2 => Some(2),
        3 => Some(3),
        4 => Some(4),
        7 | 9 => Some(5),
        11 => Some(TAI),
        // Another thread's or process's.
        ..0 => Some(7),
        _ => None,
    }
}

#[repr(C)]
struct Clock {
    overflowed: bool,
    /// What the real clock is moved by.
    shift: [i64; KINDS],
    /// What it never goes below.
    floor: [i64; KINDS],
    recording: Recording,
    recorded: Recorded,
}

/// All zeros: no memory before `begin`.
static CLOCK: Guarded<Clock> = Guarded::new(Clock {
    overflowed: false,
    shift: [0; KINDS],
    floor: [0; KINDS],
    recording: Recording::new(),
    recorded: Recorded::new(),
});
static BEGUN: AtomicBool = AtomicBool::new(false);

/// A clock of each kind, to go on from where a recording ends.
const CLOCKS: [Option<c_int>; KINDS] = [Some(0), Some(1), Some(2), Some(3), Some(4), Some(7), Some(11), None];

/// Records from here on, after giving what `journal` has.
pub(super) fn begin(journal: &[u8]) {
    CLOCK.with(|clock| {
        let (last, readable) = clock.recorded.load(journal);
        clock.recording.begin(&last, journal.len());
        clock.overflowed = !readable;
        clock.go_on_from(&last);
    });
    BEGUN.store(true, Ordering::Release);
}

pub(super) fn stop() {
    BEGUN.store(false, Ordering::Release);
}

/// What was read since the call before, and whether something was not recorded.
pub(super) fn take<R>(act: impl FnOnce(&[u8], bool) -> R) -> R {
    CLOCK.with(|clock| act(clock.recording.take(), clock.overflowed))
}

impl Clock {
    fn go_on_from(&mut self, last: &Last) {
        for (kind, last) in last.iter().enumerate() {
            self.floor[kind] = last.unwrap_or(i64::MIN);
            // No clock is read for a kind that the journal has not: a first attempt begins without.
            self.shift[kind] = last
                .and_then(|last| CLOCKS[kind].and_then(real).map(|now| last.wrapping_sub(now)))
                // Wall-clock time is the same everywhere but for the error of clocks; others begin with their machine.
                .map_or(0, |shift| if matches!(kind, WALL | TAI) { shift.max(0) } else { shift });
        }
    }

    fn read(&mut self, kind: usize, now: i64) -> i64 {
        let now = now.wrapping_add(self.shift[kind]).max(self.floor[kind]);
        if !self.overflowed && !self.recording.add(kind, now) {
            self.overflowed = true;
        }
        now
    }
}

fn real(clock: c_int) -> Option<i64> {
    let mut time = Time { seconds: 0, rest: 0 };
    // SAFETY: `time` has the layout of `struct timespec` and outlives the call. This library's own calls are not interposed.
    let result = unsafe { clock_gettime(clock, &raw mut time) };
    (result == 0).then(|| time.seconds.wrapping_mul(NANOSECONDS).wrapping_add(time.rest))
}

/// Nanoseconds of a clock as the program shall see them. `None`: there is no such clock.
#[inline]
pub(super) fn read(clock: c_int) -> Option<i64> {
    if !BEGUN.load(Ordering::Acquire) {
        return real(clock);
    }
    let kind = kind(clock)?;
    CLOCK.with(|state| match state.recorded.next(kind) {
        Some(recorded) => Some(recorded),
        None => real(clock).map(|now| state.read(kind, now)),
    })
}

fn wall() -> Option<(i64, i64)> {
    if !BEGUN.load(Ordering::Acquire) {
        return None;
    }
    read(REALTIME).map(|now| (now.div_euclid(NANOSECONDS), now.rem_euclid(NANOSECONDS)))
}

// === in place of libc's ===

/// # Safety
///
/// As of `clock_gettime`: `result` is null or may be written.
pub(super) unsafe extern "C" fn interposed_clock_gettime(clock: c_int, result: *mut Time) -> c_int {
    if kind(clock) == Some(WALL)
        && !result.is_null()
        && let Some((seconds, rest)) = wall()
    {
        // SAFETY: not null, and the caller's to write.
        unsafe { result.write(Time { seconds, rest }) };
        return 0;
    }
    // SAFETY: what the caller asked for, unchanged.
    unsafe { clock_gettime(clock, result) }
}

/// # Safety
///
/// As of `gettimeofday`: each pointer is null or may be written.
pub(super) unsafe extern "C" fn interposed_gettimeofday(result: *mut Time, zone: *mut c_void) -> c_int {
    if zone.is_null()
        && !result.is_null()
        && let Some((seconds, rest)) = wall()
    {
        // SAFETY: not null, and the caller's to write.
        unsafe { result.write(Time { seconds, rest: rest / 1000 }) };
        return 0;
    }
    // SAFETY: what the caller asked for, unchanged.
    unsafe { gettimeofday(result, zone) }
}

/// # Safety
///
/// As of `time`: `result` is null or may be written.
pub(super) unsafe extern "C" fn interposed_time(result: *mut i64) -> c_long {
    let Some((seconds, _)) = wall() else {
        // SAFETY: what the caller asked for, unchanged.
        return unsafe { time(result) };
    };
    if !result.is_null() {
        // SAFETY: not null, and the caller's to write.
        unsafe { result.write(seconds) };
    }
    seconds
}
