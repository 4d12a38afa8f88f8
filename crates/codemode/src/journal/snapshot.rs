//! A journal at one moment.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::fingerprint::Fingerprints;
use super::{JournalCall, JournalError};
use crate::execution::{StartRequest, ToolOutcome};

/// What an execution did up to one moment: enough to run it again, anywhere, without calling a tool twice. Cloning it is
/// cheap.
#[derive(Clone, Debug)]
pub struct Journal {
    pub(super) origin: Arc<Origin>,
    pub(super) runtime: Arc<str>,
    pub(super) unreplayable: Option<Arc<str>>,
    pub(super) streamed: [u64; 2],
    pub(super) calls: Arc<Vec<JournalCall>>,
}

/// What does not change in the course of an execution.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) execution_id: String,
    pub(super) seed: [u8; 32],
    /// From 1970.
    pub(super) began: Duration,
    /// What the fingerprints are made from, when somebody asks for them: most journals are never written down.
    pub(super) request: Option<Arc<StartRequest>>,
    pub(super) fingerprints: OnceLock<Fingerprints>,
}

impl Origin {
    pub(super) fn fingerprints(&self) -> &Fingerprints {
        self.fingerprints.get_or_init(|| {
            let request = self.request.as_ref().expect("an origin has its request or its fingerprints");
            Fingerprints::of(request)
        })
    }
}

impl Journal {
    /// The execution's id.
    pub fn execution_id(&self) -> &str {
        &self.origin.execution_id
    }

    /// What it ran on: an executor of another runtime refuses to replay it. Empty where no executor had accepted it.
    pub fn runtime(&self) -> &str {
        &self.runtime
    }

    /// Why it cannot be replayed, for people; `None` where it can.
    pub fn unreplayable(&self) -> Option<&str> {
        self.unreplayable.as_deref()
    }

    /// The calls, by ascending number.
    pub fn calls(&self) -> &[JournalCall] {
        &self.calls
    }

    /// The call with this number.
    pub fn call(&self, number: u32) -> Option<&JournalCall> {
        let position = self.calls.binary_search_by_key(&number, |call| call.number).ok()?;
        self.calls.get(position)
    }

    /// When the execution began, from 1970.
    pub fn began(&self) -> Duration {
        self.origin.began
    }

    /// Bytes of stdout and of stderr that the application was given as they came; a resumed execution does not give them
    /// again.
    pub fn streamed(&self) -> [u64; 2] {
        self.streamed
    }

    /// The same journal, with the outcome of a call that has none: what the program is given when it makes the call again.
    pub fn answer(&self, number: u32, outcome: ToolOutcome) -> Result<Self, JournalError> {
        let position = self.calls.binary_search_by_key(&number, |call| call.number);
        let position = position.map_err(|_| JournalError::UnknownCall { number })?;
        let mut calls = self.calls.as_ref().clone();
        let call = calls.get_mut(position).ok_or(JournalError::UnknownCall { number })?;
        if call.outcome.is_some() {
            return Err(JournalError::Answered { number });
        }
        call.outcome = Some(outcome);
        let answered = Self { calls: Arc::new(calls), ..self.clone() };
        answered.check()?;
        Ok(answered)
    }

    /// Whether an execution can be resumed from it.
    pub(crate) fn check_resumable(&self, request: &StartRequest) -> Result<(), JournalError> {
        if let Some(reason) = &self.unreplayable {
            return Err(JournalError::Unreplayable { reason: reason.to_string() });
        }
        if self.origin.execution_id != request.execution_id {
            return Err(JournalError::Other { what: "execution id" });
        }
        for &number in &request.resumed {
            let call = self.call(number).ok_or(JournalError::UnknownCall { number })?;
            if call.outcome.is_some() {
                return Err(JournalError::Answered { number });
            }
        }
        self.origin.fingerprints().check(&Fingerprints::of(request))
    }
}

impl PartialEq for Journal {
    fn eq(&self, other: &Self) -> bool {
        let origins = |one: &Origin, other: &Origin| {
            (&one.execution_id, one.seed, one.began) == (&other.execution_id, other.seed, other.began)
                && one.fingerprints() == other.fingerprints()
        };
        (self.streamed, &self.runtime, &self.unreplayable, &self.calls)
            == (other.streamed, &other.runtime, &other.unreplayable, &other.calls)
            && (Arc::ptr_eq(&self.origin, &other.origin) || origins(&self.origin, &other.origin))
    }
}

impl Eq for Journal {}
