//! The tool calls of an execution: which numbers are right, which calls wait for a result, and which answers the worker
//! has been given and has not told to have received.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use codemode_proto::v1;
use tokio::time::Instant;

/// Answers that the client is told of with the end: what they take beside a value in one message is small.
const MAX_UNTOLD: usize = 10_000;

/// Calls by id. Ids are given by the worker and must come in order, each one above the last, from the journal's last on. A
/// call that the journal has without an outcome may be asked for once by its number. A result is taken once.
#[derive(Debug, Default)]
pub(crate) struct PendingCalls {
    /// Calls made, those of the journal included.
    made: u32,
    last: u32,
    /// Calls of the journal that have no outcome and were not asked for yet.
    undecided: BTreeSet<u32>,
    open: BTreeSet<u32>,
    /// When each must be answered, in the order of the calls. All have the same allowance, so the first is the earliest.
    deadlines: VecDeque<(Instant, u32)>,
    /// Calls that the program has an error for already; their results are dropped when they come.
    abandoned: BTreeSet<u32>,
    /// Calls within their limit that the client never heard of.
    refused: BTreeSet<u32>,
    /// Answers on their way to the program, of which the worker has not said that the program received them.
    answered: BTreeMap<u32, Option<v1::ToolFailure>>,
    /// What the next call tells, of calls that the client never hears of.
    carried: Vec<v1::Answered>,
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

/// What a call is to the journal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    New,
    /// The journal has it without an outcome.
    AskedAgain,
}

impl PendingCalls {
    /// Records a call of the journal. Its id is checked to be above those before it.
    pub(crate) fn replay(&mut self, call_id: u32, has_outcome: bool) {
        self.made += 1;
        self.last = call_id;
        if has_outcome {
            self.answered.insert(call_id, None);
        } else {
            self.undecided.insert(call_id);
        }
    }

    /// Records a call. `None` when its id is not the next one, nor one that may be asked for.
    pub(crate) fn open(&mut self, call_id: u32, allowance: Duration) -> Option<Opened> {
        let opened = if self.undecided.remove(&call_id) {
            Opened::AskedAgain
        } else if self.last.checked_add(1) == Some(call_id) {
            self.last = call_id;
            self.made += 1;
            Opened::New
        } else {
            return None;
        };
        self.open.insert(call_id);
        self.deadlines.push_back((Instant::now() + allowance, call_id));
        Some(opened)
    }

    pub(crate) fn take(&mut self, call_id: u32) -> Result<Taken, UnexpectedResult> {
        if self.close(call_id) {
            Ok(Taken::Wanted)
        } else if self.abandoned.remove(&call_id) {
            Ok(Taken::Late)
        } else if (1..=self.last).contains(&call_id) && !self.undecided.contains(&call_id) {
            Err(UnexpectedResult::Repeated(call_id))
        } else {
            Err(UnexpectedResult::NeverCalled(call_id))
        }
    }

    /// The time by which the first open call must be answered.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.front().map(|(deadline, _)| *deadline)
    }

    /// Takes a call whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<u32> {
        let &(deadline, call_id) = self.deadlines.front()?;
        if deadline > now {
            return None;
        }
        self.close(call_id);
        self.abandoned.insert(call_id);
        Some(call_id)
    }

    /// Answers a call that the client never hears of: its result is not awaited, and is none of the journal's.
    /// Those beyond `most`, the limit on calls, are not remembered: a program may make them for as long as it runs.
    pub(crate) fn refuse(&mut self, call_id: u32, most: u32) {
        self.close(call_id);
        if call_id <= most {
            self.refused.insert(call_id);
        }
    }

    /// Notes that a call's answer is on its way to the program. `failure`: what the program gets in place of what the client
    /// said, or before it said anything.
    pub(crate) fn answer(&mut self, call_id: u32, failure: Option<v1::ToolFailure>) {
        self.answered.insert(call_id, failure);
    }

    /// What the worker says that the program received. `None` where it was not given, or was told before.
    pub(crate) fn received(&mut self, call_ids: &[u32], most: u32) -> Option<Vec<v1::Answered>> {
        let mut received = std::mem::take(&mut self.carried);
        received.reserve_exact(call_ids.len());
        for &call_id in call_ids {
            match self.answered.remove(&call_id) {
                Some(failure) => received.push(v1::Answered { call_id, failure }),
                None if self.refused.remove(&call_id) || (call_id > most && call_id <= self.last) => {}
                None => return None,
            }
        }
        Some(received)
    }

    /// Keeps what a refused call told for the next one.
    pub(crate) fn carry(&mut self, told: Vec<v1::Answered>) {
        self.carried = told;
    }

    /// Takes back a call that was not sent to the client, with what it would have told.
    pub(crate) fn withdraw(&mut self, call: v1::ToolCall) {
        self.answered.remove(&call.call_id);
        self.answered.extend(call.answered.into_iter().map(|told| (told.call_id, told.failure)));
    }

    /// What the client was not told of answers that are not its own. Whether the program received them, nobody knows.
    pub(crate) fn untold(&mut self) -> Vec<v1::Answered> {
        let answered = std::mem::take(&mut self.answered).into_iter();
        let answered = answered.map(|(call_id, failure)| v1::Answered { call_id, failure });
        let told = std::mem::take(&mut self.carried).into_iter().chain(answered);
        told.filter(|answer| answer.failure.is_some()).take(MAX_UNTOLD).collect()
    }

    /// Calls made so far, those of the journal included.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    fn close(&mut self, call_id: u32) -> bool {
        let was_open = self.open.remove(&call_id);
        while let Some((_, first)) = self.deadlines.front()
            && !self.open.contains(first)
        {
            self.deadlines.pop_front();
        }
        was_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(9);

    #[test]
    fn ids_come_in_order_and_results_once() {
        let mut calls = PendingCalls::default();
        assert_eq!(calls.open(2, Duration::ZERO), None);
        assert_eq!(calls.open(1, LONG), Some(Opened::New));
        assert_eq!(calls.open(1, Duration::ZERO), None);
        assert_eq!(calls.take(2), Err(UnexpectedResult::NeverCalled(2)));
        assert_eq!(calls.take(1), Ok(Taken::Wanted));
        assert_eq!(calls.take(1), Err(UnexpectedResult::Repeated(1)));
        assert_eq!(calls.take(0), Err(UnexpectedResult::NeverCalled(0)));
    }

    #[test]
    fn result_of_an_expired_call_is_late_once() {
        let mut calls = PendingCalls::default();
        assert_eq!(calls.open(1, Duration::ZERO), Some(Opened::New));
        assert_eq!(calls.expire(Instant::now()), Some(1));
        assert_eq!(calls.expire(Instant::now()), None);
        assert_eq!(calls.take(1), Ok(Taken::Late));
        assert_eq!(calls.take(1), Err(UnexpectedResult::Repeated(1)));
    }

    #[test]
    fn numbers_go_on_from_the_journals_last() {
        let mut calls = PendingCalls::default();
        calls.replay(1, true);
        calls.replay(4, true);
        for wrong in [1, 2, 3, 4, 6] {
            assert_eq!(calls.open(wrong, LONG), None, "{wrong}");
        }
        assert_eq!(calls.open(5, LONG), Some(Opened::New));
        assert_eq!(calls.made(), 3);
        assert_eq!(calls.take(4), Err(UnexpectedResult::Repeated(4)));
    }

    #[test]
    fn call_without_an_outcome_is_asked_for_once_by_its_number() {
        let mut calls = PendingCalls::default();
        calls.replay(1, false);
        calls.replay(2, true);
        assert_eq!(calls.take(1), Err(UnexpectedResult::NeverCalled(1)));
        assert_eq!(calls.open(2, LONG), None);
        assert_eq!(calls.open(3, LONG), Some(Opened::New));
        assert_eq!(calls.open(1, LONG), Some(Opened::AskedAgain));
        assert_eq!(calls.open(1, LONG), None);
        assert_eq!(calls.take(1), Ok(Taken::Wanted));
        assert_eq!(calls.open(1, LONG), None);
        assert_eq!(calls.made(), 3);
    }

    #[test]
    fn call_asked_for_late_does_not_delay_the_expiry_of_others() {
        let mut calls = PendingCalls::default();
        calls.replay(1, false);
        calls.open(2, Duration::ZERO);
        calls.open(1, LONG);
        assert_eq!(calls.expire(Instant::now()), Some(2));
        assert_eq!(calls.expire(Instant::now()), None);
        assert!(calls.next_deadline().unwrap() > Instant::now());
        calls.take(1).unwrap();
        assert_eq!(calls.next_deadline(), None);
    }

    #[test]
    fn answers_are_received_once_and_only_where_they_were_given() {
        let mut calls = PendingCalls::default();
        calls.replay(1, true);
        calls.replay(2, false);
        let failure = v1::ToolFailure { r#type: "TimeoutError".to_owned(), ..v1::ToolFailure::default() };
        calls.open(3, LONG);
        assert_eq!(calls.received(&[3], 9), None);
        calls.take(3).unwrap();
        calls.answer(3, Some(failure.clone()));
        let ids =
            |answered: Vec<v1::Answered>| answered.into_iter().map(|a| (a.call_id, a.failure)).collect::<Vec<_>>();
        assert_eq!(calls.received(&[3, 1], 9).map(ids), Some(vec![(3, Some(failure)), (1, None)]));
        for unknown in [&[1][..], &[2], &[4], &[0]] {
            assert_eq!(calls.received(unknown, 9), None, "{unknown:?}");
        }
    }

    #[test]
    fn what_no_call_has_told_is_told_with_the_end() {
        let mut calls = PendingCalls::default();
        let failure = |text: &str| v1::ToolFailure { r#type: text.to_owned(), ..v1::ToolFailure::default() };
        for call_id in 1..=5 {
            calls.open(call_id, LONG);
            calls.answer(call_id, (call_id != 2).then(|| failure(&call_id.to_string())));
        }
        calls.received(&[1], 9).unwrap();
        // The client has heard of neither; the later one tells of the earlier.
        let told = calls.received(&[4], 9).unwrap();
        calls.withdraw(v1::ToolCall { call_id: 5, answered: told, ..v1::ToolCall::default() });
        let told = calls.received(&[3], 9).unwrap();
        calls.withdraw(v1::ToolCall { call_id: 4, answered: told, ..v1::ToolCall::default() });
        assert_eq!(calls.untold(), [v1::Answered { call_id: 3, failure: Some(failure("3")) }]);
        // A refused call told of it; the next one is heard of.
        calls.open(6, LONG);
        calls.answer(6, Some(failure("6")));
        let told = calls.received(&[6], 9).unwrap();
        calls.carry(told);
        assert_eq!(calls.received(&[], 9).unwrap(), [v1::Answered { call_id: 6, failure: Some(failure("6")) }]);
        let told =
            vec![v1::Answered { call_id: 6, failure: None }, v1::Answered { call_id: 7, failure: Some(failure("7")) }];
        calls.carry(told);
        assert_eq!(calls.untold(), [v1::Answered { call_id: 7, failure: Some(failure("7")) }]);
    }

    #[test]
    fn answers_to_calls_past_the_limit_are_nobodys() {
        let mut calls = PendingCalls::default();
        for call_id in 1..=3 {
            calls.open(call_id, LONG);
        }
        calls.refuse(3, 2);
        assert_eq!(calls.received(&[3], 2), Some(vec![]));
        assert_eq!(calls.received(&[4], 2), None);
        // For another reason than the limit: it is told of once.
        calls.refuse(2, 2);
        assert_eq!(calls.received(&[2], 2), Some(vec![]));
        assert_eq!(calls.received(&[2], 2), None);
    }
}
