//! When an execution is sent again: with its journal, so that no tool is called twice.

use std::time::Duration;

use crate::random;
use crate::transport::{Status, StatusCode};

/// When an execution is sent again: after its executor was lost, refused it or drains, as long as its journal can be replayed,
/// so that nothing outside of the jail happens twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all; 1 means that nothing is sent again.
    pub max_attempts: u32,
    /// The pause after the first attempt, doubled after each further one. Each pause is shortened at random by up to
    /// half, so that clients of a lost executor do not return together.
    pub backoff_base: Duration,
    /// The longest pause. The executor's own wish (`retry-after-ms`) may be longer and is followed.
    pub backoff_max: Duration,
    /// The statuses that allow another attempt.
    pub status_codes: Vec<StatusCode>,
}

impl Default for RetryPolicy {
    /// Three attempts, after 0.1 s and 0.2 s, where the executor was out of reach or full.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff_base: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            status_codes: vec![StatusCode::Unavailable, StatusCode::ResourceExhausted],
        }
    }
}

impl RetryPolicy {
    /// One attempt.
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Whether an attempt that ended so may be followed by another.
    pub(super) fn allows(&self, status: &Status) -> bool {
        self.status_codes.contains(&status.code())
    }

    /// The pause before the attempt after `attempt` (1 is the first); `None` where there is no other.
    pub(super) fn pause(&self, attempt: u32, status: &Status) -> Option<Duration> {
        if attempt >= self.max_attempts || status.is_permanent() {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let backoff = self.backoff_base.saturating_mul(doubled).min(self.backoff_max);
        Some(backoff.mul_f64(1.0 - random::fraction() / 2.0).max(status.retry_after().unwrap_or_default()))
    }
}
