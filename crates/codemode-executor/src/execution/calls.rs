//! The tool calls of an execution that have had no result yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// Calls by id. Ids are given by the worker and must be 1, 2, 3 … in order; a result is taken once.
#[derive(Debug, Default)]
pub(crate) struct PendingCalls {
    made: u32,
    /// When each must be answered. All have the same allowance, so the first is the earliest.
    open: BTreeMap<u32, Instant>,
    /// Calls that the program has an error for already; their results are dropped when they come.
    abandoned: BTreeSet<u32>,
}

/// A result for a call that is not open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnexpectedResult {
    #[error("`tool_result.call_id` {0} was never called")]
    NeverCalled(u32),
    #[error("`tool_result.call_id` {0} has its result already")]
    Repeated(u32),
}

/// Whether a result is for the program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Wanted,
    Late,
}

impl PendingCalls {
    /// Records a call. False when its id is not the next one.
    pub(crate) fn open(&mut self, call_id: u32, allowance: Duration) -> bool {
        if self.made.checked_add(1) != Some(call_id) {
            return false;
        }
        self.made = call_id;
        self.open.insert(call_id, Instant::now() + allowance);
        true
    }

    pub(crate) fn take(&mut self, call_id: u32) -> Result<Taken, UnexpectedResult> {
        if self.open.remove(&call_id).is_some() {
            Ok(Taken::Wanted)
        } else if self.abandoned.remove(&call_id) {
            Ok(Taken::Late)
        } else if (1..=self.made).contains(&call_id) {
            Err(UnexpectedResult::Repeated(call_id))
        } else {
            Err(UnexpectedResult::NeverCalled(call_id))
        }
    }

    /// The time by which the first open call must be answered.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.open.first_key_value().map(|(_, deadline)| *deadline)
    }

    /// Takes a call whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<u32> {
        let (&call_id, &deadline) = self.open.first_key_value()?;
        if deadline > now {
            return None;
        }
        self.open.remove(&call_id);
        self.abandoned.insert(call_id);
        Some(call_id)
    }

    /// Answers a call without the application: its result is not awaited.
    pub(crate) fn refuse(&mut self, call_id: u32) {
        self.open.remove(&call_id);
    }

    /// Calls made so far.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_in_order_and_results_once() {
        let mut calls = PendingCalls::default();
        assert!(!calls.open(2, Duration::ZERO));
        assert!(calls.open(1, Duration::from_secs(9)));
        assert!(!calls.open(1, Duration::ZERO));
        assert_eq!(calls.take(2), Err(UnexpectedResult::NeverCalled(2)));
        assert_eq!(calls.take(1), Ok(Taken::Wanted));
        assert_eq!(calls.take(1), Err(UnexpectedResult::Repeated(1)));
        assert_eq!(calls.take(0), Err(UnexpectedResult::NeverCalled(0)));
    }

    #[test]
    fn result_of_an_expired_call_is_late_once() {
        let mut calls = PendingCalls::default();
        assert!(calls.open(1, Duration::ZERO));
        assert_eq!(calls.expire(Instant::now()), Some(1));
        assert_eq!(calls.expire(Instant::now()), None);
        assert_eq!(calls.take(1), Ok(Taken::Late));
        assert_eq!(calls.take(1), Err(UnexpectedResult::Repeated(1)));
    }
}
