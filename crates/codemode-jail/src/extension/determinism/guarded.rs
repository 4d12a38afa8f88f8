//! A value behind a spin lock: what the interposed functions share between threads, which may not hold the interpreter's lock.
//!
//! It is held for some tens of nanoseconds, by code that takes no other lock. A fork never finds it held: the zygote has
//! one thread, and workers cannot fork.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

pub(super) struct Guarded<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through `with` alone, which lets in one thread at a time.
unsafe impl<T: Send> Sync for Guarded<T> {}

unsafe extern "C" {
    fn sched_yield() -> i32;
}

impl<T> Guarded<T> {
    pub(super) const fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// `act` must not come back here: it calls nothing that reads a clock or draws a random number by another way.
    #[inline]
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        while self.held.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            // SAFETY: no precondition. Who holds the lock may be waiting for this processor.
            unsafe { sched_yield() };
        }
        // SAFETY: `held` was false and is ours now, so no other reference to the value exists until it is put back.
        let result = act(unsafe { &mut *self.value.get() });
        self.held.store(false, Ordering::Release);
        result
    }
}
