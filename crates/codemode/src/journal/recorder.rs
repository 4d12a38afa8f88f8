//! The journal of an execution that runs: filled by its session and by whoever answers.
//!
//! ```text
//!   called ──► open ── answer ──► ended          each attempt begins with `asked` false for all: an executor waits for
//!               │ ▲      ▲                       an outcome once it has asked, by `called`
//!       suspend ▼ │      │
//!             suspended ─┘
//! ```
//!
//! A call of a journal that is resumed begins as suspended, unless the application works on it again: then it is open, and
//! the application is given it when the program makes it.
//!
//! Three things are told apart: what the journal knows of a call (its outcome), whether the executor of this attempt waits
//! for it, and whether the program has received it (`ToolCall.answered`).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use codemode_proto::v1;
use tokio::time::Instant;

use super::call::{MAX_CALL, weight_of};
use super::entry::{Entry, find};
use super::snapshot::Origin;
use super::{Journal, JournalCall, MAX_CLOCK, MAX_JOURNAL, Replay};
use crate::execution::{SendError, StartRequest, ToolOutcome, Violation};
use crate::random;

/// How much is kept of an executor's words.
const SHOWN: usize = 256;
/// Of the empty runtime: an executor that knows nothing of journals.
const NO_RUNTIME: &str = "its executor is of a release that cannot replay";

/// The living journal of one execution.
#[derive(Debug)]
pub(crate) struct Recorder {
    origin: Arc<Origin>,
    /// The begin, as `Instant`s go.
    since: Instant,
    runtime: Arc<str>,
    unreplayable: Option<Arc<str>>,
    /// Bytes of stdout and stderr that the application was given.
    streamed: [u64; 2],
    entries: Vec<Entry>,
    weight: usize,
    clock: usize,
    /// The contents were let go: only records are kept.
    dropped: bool,
    /// What was sent of it with this attempt.
    replayed: u32,
    /// Answers that the program of this attempt received.
    received: u32,
    /// Calls that the executor of this attempt waits for.
    waiting: usize,
    /// Calls without an outcome that are not suspended.
    running: usize,
    /// Rises with each call, answer and suspension.
    changes: u64,
    /// A call was suspended.
    suspends: bool,
    pub(super) header_written: bool,
}

/// What a tool call is to the session.
#[derive(Debug, PartialEq)]
pub(crate) enum Called {
    /// The application is to be given it.
    New,
    /// The application was given it before. Its outcome, where it is there, is to be sent.
    Again(Option<ToolOutcome>),
}

impl Recorder {
    /// Of an execution that begins, or goes on from a journal. The journal was checked.
    pub(crate) fn new(request: &Arc<StartRequest>, journal: Option<&Journal>) -> Self {
        let now = whole(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        let mut recorder = Self {
            origin: journal.map_or_else(
                || {
                    Arc::new(Origin {
                        execution_id: request.execution_id.clone(),
                        seed: random::bytes(),
                        began: now,
                        request: Some(Arc::clone(request)),
                        fingerprints: OnceLock::new(),
                    })
                },
                |journal| Arc::clone(&journal.origin),
            ),
            since: Instant::now(),
            runtime: Arc::default(),
            unreplayable: None,
            streamed: [0; 2],
            entries: Vec::new(),
            weight: 0,
            clock: 0,
            dropped: false,
            replayed: 0,
            received: 0,
            waiting: 0,
            running: 0,
            changes: 0,
            suspends: false,
            header_written: false,
        };
        if let Some(journal) = journal {
            let earlier = now.saturating_sub(recorder.origin.began);
            recorder.since = recorder.since.checked_sub(earlier).unwrap_or(recorder.since);
            recorder.runtime = Arc::clone(&journal.runtime);
            recorder.streamed = journal.streamed;
            for call in journal.calls() {
                recorder.weight += call.weight();
                recorder.clock += call.clock.len();
                let open = call.outcome.is_none();
                let due = open && request.resumed.contains(&call.number);
                // Nobody here runs the tools of the other calls without an outcome: they wait, as when they were suspended.
                let suspended = open && !due;
                recorder.suspends |= suspended;
                recorder.running += usize::from(due);
                recorder.entries.push(Entry { suspended, due, ..Entry::new(call.clone()) });
            }
        }
        recorder
    }

    pub(crate) fn seed(&self) -> [u8; 32] {
        self.origin.seed
    }

    pub(crate) fn runtime(&self) -> &Arc<str> {
        &self.runtime
    }

    pub(crate) fn unreplayable(&self) -> Option<&Arc<str>> {
        self.unreplayable.as_ref()
    }

    /// Whether the application was given a call or output.
    pub(crate) fn is_noticed(&self) -> bool {
        !self.entries.is_empty() || self.streamed != [0; 2]
    }

    /// How many calls there were.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Calls that the executor waits for.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// A number that changes with each call and answer, while every call without an outcome is suspended and the program
    /// waits for one of them.
    pub(crate) fn quiet(&self) -> Option<u64> {
        (self.running == 0 && self.waiting > 0).then_some(self.changes)
    }

    /// Whether a call was ever suspended.
    pub(crate) fn suspends(&self) -> bool {
        self.suspends
    }

    pub(crate) fn snapshot(&self) -> Journal {
        Journal {
            origin: Arc::clone(&self.origin),
            runtime: Arc::clone(&self.runtime),
            unreplayable: self.unreplayable.clone(),
            streamed: self.streamed,
            calls: Arc::new(self.entries.iter().map(|entry| entry.call.clone()).collect()),
        }
    }

    pub(super) fn entries(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    // === what the session says ===

    /// Forgets what was between the program and its executor, and gives what the next attempt is a replay of.
    pub(crate) fn begin_attempt(&mut self) -> Replay {
        self.received = 0;
        self.waiting = 0;
        for entry in &mut self.entries {
            entry.asked = false;
            entry.received = false;
            entry.known = entry.call.outcome.is_some();
        }
        let replay = Replay::of(self.entries.iter().map(|entry| &entry.call));
        self.replayed = replay.last();
        replay
    }

    /// The executor has a worker for it.
    pub(crate) fn accepted(&mut self, runtime: &str) -> Result<(), Violation> {
        if self.replayed > 0 {
            if *runtime != *self.runtime {
                return Err(Violation::Runtime { journal: shown(&self.runtime), executor: shown(runtime) });
            }
        } else if *runtime != *self.runtime {
            self.runtime = runtime.into();
            self.header_written = false;
        }
        if runtime.is_empty() {
            self.spoil(NO_RUNTIME);
        }
        Ok(())
    }

    /// The program calls a tool. What could be checked without the journal was checked.
    pub(crate) fn called(&mut self, call: &v1::ToolCall, tool: &Arc<str>) -> Result<Called, Violation> {
        self.confirm(&call.answered)?;
        if !call.unreplayable.is_empty() {
            self.spoil(&shown(&call.unreplayable));
        }
        self.changes += 1;
        if call.call_id <= self.replayed {
            return self.called_again(call);
        }
        self.clock += call.clock.len();
        if self.clock > MAX_CLOCK {
            return Err(Violation::Clock(self.clock));
        }
        let mut recorded = JournalCall {
            number: call.call_id,
            tool: Arc::clone(tool),
            arguments: call.arguments.clone(),
            outcome: None,
            clock: call.clock.clone(),
            seen: self.received,
            order: 0,
            began: self.elapsed(),
            duration: None,
        };
        if self.dropped {
            recorded.let_go();
        } else {
            self.weight += recorded.weight();
        }
        self.entries.push(Entry { asked: true, ..Entry::new(recorded) });
        self.waiting += 1;
        self.running += 1;
        self.bound(call.arguments.len() + call.clock.len());
        Ok(Called::New)
    }

    /// The executor asks for the outcome of a call that the journal was sent without.
    fn called_again(&mut self, call: &v1::ToolCall) -> Result<Called, Violation> {
        let number = call.call_id;
        let entry =
            find(&mut self.entries, number).ok_or(Violation::NotAscending { last: self.replayed, got: number })?;
        if entry.known || entry.asked {
            return Err(Violation::Asked(number));
        }
        if *entry.call.tool != *call.tool || entry.call.arguments != call.arguments {
            return Err(Violation::OtherCall(number));
        }
        entry.asked = true;
        let outcome = entry.call.outcome.clone();
        self.waiting += usize::from(outcome.is_none());
        if outcome.is_none() && std::mem::take(&mut entry.due) {
            return Ok(Called::New);
        }
        Ok(Called::Again(outcome))
    }

    /// What the program received since its call before.
    fn confirm(&mut self, answers: &[v1::Answered]) -> Result<(), Violation> {
        if answers.is_empty() {
            return Ok(());
        }
        let now = self.elapsed();
        for answer in answers {
            let number = answer.call_id;
            let mut entry = find(&mut self.entries, number).ok_or(Violation::Answered(number))?;
            if entry.received || !(entry.known || entry.asked) {
                return Err(Violation::Answered(number));
            }
            if let Some(failure) = &answer.failure {
                self.overrule(number, failure, now)?;
                entry = find(&mut self.entries, number).ok_or(Violation::Answered(number))?;
            } else if entry.call.outcome.is_none() {
                return Err(Violation::Answered(number));
            }
            self.received += 1;
            if entry.call.order == 0 {
                entry.call.order = self.received;
                entry.written = false;
            } else if entry.call.order != self.received {
                return Err(Violation::Answered(number));
            }
            entry.received = true;
        }
        self.bound(0);
        Ok(())
    }

    /// What the executor answered in place of the client, and had no call to tell it with.
    pub(crate) fn ended(&mut self, answers: &[v1::Answered]) -> Result<(), Violation> {
        let now = self.elapsed();
        for answer in answers {
            let number = answer.call_id;
            match (find(&mut self.entries, number), &answer.failure) {
                (Some(entry), Some(failure)) if entry.asked && !entry.received => {
                    entry.received = true;
                    // What the tool itself came to stays: whether the program received anything else, nobody knows.
                    if entry.call.outcome.is_none() {
                        entry.written = false;
                        self.overrule(number, failure, now)?;
                    }
                }
                _ => return Err(Violation::Answered(number)),
            }
        }
        self.bound(0);
        Ok(())
    }

    /// The program has a failure in place of what the client said, or before it said anything.
    fn overrule(&mut self, number: u32, failure: &v1::ToolFailure, now: Duration) -> Result<(), Violation> {
        let entry = find(&mut self.entries, number).ok_or(Violation::Answered(number))?;
        if entry.known {
            return Err(Violation::Answered(number));
        }
        let outcome = ToolOutcome::from_failure(failure);
        let weight = weight_of(&outcome);
        let before = entry.call.outcome.replace(outcome);
        entry.overruled = before.is_none();
        entry.call.duration.get_or_insert(now.saturating_sub(entry.call.began));
        if before.is_none() {
            self.waiting -= 1;
            self.running -= usize::from(!entry.suspended);
        }
        if !self.dropped {
            self.weight = self.weight - before.as_ref().map_or(0, weight_of) + weight;
        }
        Ok(())
    }

    /// How much of a piece of output the application was given before; it is taken to be given the rest.
    pub(crate) fn given_before(&mut self, stream: usize, from: u64, size: usize) -> usize {
        let Some(given) = self.streamed.get_mut(stream) else { return 0 };
        let before = usize::try_from(given.saturating_sub(from)).unwrap_or(usize::MAX).min(size);
        *given = (*given).max(from + size as u64);
        self.header_written = self.header_written && before == size;
        before
    }

    // === what the application says ===

    /// Takes an outcome; returns it where the executor waits for it.
    pub(crate) fn answer(&mut self, number: u32, outcome: &ToolOutcome) -> Result<bool, SendError> {
        let now = self.elapsed();
        let entry = find(&mut self.entries, number).ok_or(SendError::UnknownCall { call_id: number })?;
        if entry.overruled {
            // Its time was over, and the program knows: what the tool returned is of no interest any more.
            entry.overruled = false;
            return Ok(false);
        }
        if entry.call.outcome.is_some() {
            return Err(SendError::UnknownCall { call_id: number });
        }
        self.changes += 1;
        self.running -= usize::from(!entry.suspended);
        let asked = entry.asked;
        self.waiting -= usize::from(asked);
        entry.call.duration = Some(now.saturating_sub(entry.call.began));
        entry.written = false;
        let weight = weight_of(outcome);
        let whole = entry.call.weight() + weight;
        entry.call.outcome = Some(match outcome {
            ToolOutcome::Value(_) if self.dropped => ToolOutcome::Value(Bytes::new()),
            outcome => outcome.clone(),
        });
        if !self.dropped {
            self.weight += weight;
        }
        self.bound(whole);
        Ok(asked)
    }

    /// The call waits for somebody: it has no outcome, and none is to be expected soon.
    pub(crate) fn suspend(&mut self, number: u32) -> Result<(), SendError> {
        let entry = find(&mut self.entries, number).ok_or(SendError::UnknownCall { call_id: number })?;
        if entry.call.outcome.is_some() {
            return Err(SendError::UnknownCall { call_id: number });
        }
        self.changes += 1;
        self.suspends = true;
        self.running -= usize::from(!std::mem::replace(&mut entry.suspended, true));
        Ok(())
    }

    /// The name of a call's tool.
    pub(crate) fn tool(&mut self, number: u32) -> Option<Arc<str>> {
        find(&mut self.entries, number).map(|entry| Arc::clone(&entry.call.tool))
    }

    /// From the begin of the execution, as exactly as it is written down.
    fn elapsed(&self) -> Duration {
        whole(self.since.elapsed())
    }

    // === bounds ===

    /// Lets go of what the journal holds where it, or one call of it, is too large to be sent.
    fn bound(&mut self, call: usize) {
        if self.dropped || (self.weight <= MAX_JOURNAL && call <= MAX_CALL) {
            return;
        }
        self.spoil(&format!("its journal is larger than {} MiB", MAX_JOURNAL / 1024 / 1024));
        self.dropped = true;
        self.weight = 0;
        self.entries.iter_mut().for_each(|entry| entry.call.let_go());
    }

    /// From here on it cannot be replayed. The first reason stays.
    fn spoil(&mut self, reason: &str) {
        if self.unreplayable.is_none() {
            self.unreplayable = Some(reason.into());
            self.header_written = false;
        }
    }
}

/// To the microsecond.
fn whole(duration: Duration) -> Duration {
    Duration::new(duration.as_secs(), duration.subsec_micros() * 1000)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
