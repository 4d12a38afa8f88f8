//! One executor as its client sees it: the connection, what is under way, how well it is.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::random;
use crate::transport::Channel;

/// The first rest of a replica that was lost; each further failure doubles it.
const FIRST_REST: Duration = Duration::from_millis(250);
/// The longest: a replica that is back gets its share again within this time.
const LONGEST_REST: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Replica {
    pub(super) channel: Channel,
    under_way: AtomicUsize,
    condition: Mutex<Condition>,
    probing: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Well,
    /// It has no room until then.
    Full(Instant),
    /// It was lost, or drains. It has failed so many times in a row.
    Down(u32),
}

impl Replica {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            under_way: AtomicUsize::new(0),
            condition: Mutex::new(Condition::Well),
            probing: AtomicBool::new(false),
        }
    }

    fn condition(&self) -> MutexGuard<'_, Condition> {
        self.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_well(&self, now: Instant) -> bool {
        match *self.condition() {
            Condition::Well => true,
            Condition::Full(until) => until <= now,
            Condition::Down(_) => false,
        }
    }

    pub(super) fn set(&self, condition: Condition) {
        *self.condition() = condition;
    }

    pub(super) fn failed(&self) {
        let mut condition = self.condition();
        *condition = Condition::Down(match *condition {
            Condition::Down(failures) => failures.saturating_add(1),
            Condition::Well | Condition::Full(_) => 1,
        });
    }

    /// It serves again, or has served all the time.
    pub(super) fn recover(&self) {
        self.set(Condition::Well);
        self.probing.store(false, Relaxed);
    }

    /// False where it is probed already.
    pub(super) fn begin_probing(&self) -> bool {
        !self.probing.swap(true, Relaxed)
    }

    /// How long until it is asked again. Shortened at random by up to half, so that clients do not ask together.
    pub(super) fn rest(&self) -> Duration {
        let failures = match *self.condition() {
            Condition::Down(failures) => failures.saturating_sub(1),
            Condition::Well | Condition::Full(_) => 0,
        };
        let rest = FIRST_REST.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_REST);
        rest.mul_f64(1.0 - random::fraction() / 2.0)
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Relaxed)
    }

    pub(super) fn begin(&self) {
        self.under_way.fetch_add(1, Relaxed);
    }

    pub(super) fn end(&self) {
        self.under_way.fetch_sub(1, Relaxed);
    }
}
