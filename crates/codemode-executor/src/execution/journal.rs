//! The journal on its way from the client to the worker: counted, measured and checked as it passes, never kept.
//!
//! The client is hostile. What it promised in `start` bounds what it may send; numbers, places and tools are checked here, so
//! that the worker can trust them. Arguments and outcomes are nobody's to parse but the worker's.

use std::collections::HashMap;

use bytes::BytesMut;
use codemode_proto::v1;
use prost::Message as _;

use super::ExecutionError;
use super::calls::PendingCalls;
use super::failure_json;
use crate::frame::{self, JournalEntry, MAX_CLOCK, ResultStatus};
use crate::limits::display_size;

/// The most that a journal may have, encoded: the worker holds it beside its program, and its ceiling on memory has room for it.
pub(crate) const MAX_JOURNAL: u64 = 64 * 1024 * 1024;

/// What a worker needs for a call of the journal beside its bytes: objects and a table. Measured: 380 bytes.
const ENTRY_MEMORY: u64 = 512;

/// A journal that is being received.
#[derive(Debug)]
pub(super) struct Journal {
    calls: u32,
    size: u64,
    tool_calls: u32,
    value: u64,
    tools: HashMap<String, u16>,
    received: u32,
    received_size: u64,
    last: u32,
    seen: u32,
    clock: usize,
    /// Places of answers that are taken.
    orders: Vec<bool>,
}

/// Bytes of memory that a worker needs for a journal: it is read, held, and given back as it is replayed.
pub(crate) fn worker_memory(calls: u32, size: u64) -> u64 {
    if calls == 0 { 0 } else { 2 * size + u64::from(calls) * ENTRY_MEMORY + (2 << 20) }
}

/// What `start` promised of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JournalSize {
    pub(crate) calls: u32,
    pub(crate) bytes: u64,
}

impl Journal {
    pub(super) fn new(promised: JournalSize, tool_calls: u32, value: u64, tools: &[String]) -> Self {
        let index = |(index, name): (usize, &String)| (name.clone(), u16::try_from(index).unwrap_or(u16::MAX));
        let tools = if promised.calls == 0 { HashMap::new() } else { tools.iter().enumerate().map(index).collect() };
        Self {
            calls: promised.calls,
            size: promised.bytes,
            tool_calls,
            value,
            tools,
            received: 0,
            received_size: 0,
            last: 0,
            seen: 0,
            clock: 0,
            orders: vec![false; promised.calls as usize],
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.received == self.calls
    }

    /// Whether this execution is a replay.
    pub(super) fn exists(&self) -> bool {
        self.calls > 0
    }

    /// Bytes of clock reads that the journal has.
    pub(super) fn clock(&self) -> usize {
        self.clock
    }

    /// Why `message` cannot come now.
    pub(super) fn expected(&self, message: &str) -> ExecutionError {
        malformed(format!(
            "`{message}` was sent before the journal was complete: {} of `start.journal_calls` {} were received",
            self.received, self.calls
        ))
    }

    /// Passes a part on to the worker.
    pub(super) fn take(
        &mut self,
        part: v1::JournalPart,
        calls: &mut PendingCalls,
        outbound: &mut BytesMut,
    ) -> Result<(), ExecutionError> {
        if !self.exists() {
            return Err(malformed("`journal` came although `start.journal_calls` is 0"));
        }
        for call in part.calls {
            if self.is_complete() {
                let promised = self.calls;
                return Err(malformed(format!(
                    "`journal.calls` has more calls than `start.journal_calls`, {promised}"
                )));
            }
            self.received_size += call.encoded_len() as u64;
            if self.received_size > self.size {
                let promised = self.size;
                return Err(malformed(format!("`journal.calls` has more bytes than `start.journal_size`, {promised}")));
            }
            let tool_index = self.check(&call)?;
            let failure;
            let outcome = match &call.outcome {
                None => None,
                Some(v1::journal_call::Outcome::Value(value)) => Some((ResultStatus::Value, &value[..])),
                Some(v1::journal_call::Outcome::Failure(what)) => {
                    failure = failure_json(&what.r#type, &what.message, &what.builtin_type);
                    Some((ResultStatus::Failure, failure.as_bytes()))
                }
            };
            let entry = JournalEntry {
                call_id: call.call_id,
                tool_index,
                seen: call.seen,
                order: call.order,
                clock: &call.clock,
                arguments: &call.arguments,
                outcome,
            };
            frame::put_journal(outbound, &entry);
            calls.replay(call.call_id, outcome.is_some());
            self.received += 1;
        }
        Ok(())
    }

    /// Notes a call and returns its tool's index.
    fn check(&mut self, call: &v1::JournalCall) -> Result<u16, ExecutionError> {
        let index = self.received;
        let wrong = |field: &str, what: String| malformed(format!("`journal.calls[{index}].{field}` {what}"));
        let call_id = call.call_id;
        if call_id <= self.last {
            let last = self.last;
            return Err(wrong("call_id", format!("is {call_id}, which is not above {last}, the one before it")));
        }
        if call_id > self.tool_calls {
            let most = self.tool_calls;
            return Err(wrong("call_id", format!("is {call_id}; the limit is {most} tool calls")));
        }
        let Some(&tool_index) = self.tools.get(&call.tool) else {
            return Err(wrong("tool", "is none of `start.tools`".to_owned()));
        };
        let outcome = match &call.outcome {
            Some(v1::journal_call::Outcome::Value(value)) => value.len(),
            _ => 0,
        };
        for (field, size) in [("arguments", call.arguments.len()), ("value", outcome)] {
            if size as u64 > self.value {
                let (size, limit) = (display_size(size as u64), display_size(self.value));
                return Err(wrong(field, format!("is {size}; the limit for one value is {limit}")));
            }
        }
        self.clock += call.clock.len();
        if self.clock > MAX_CLOCK {
            return Err(wrong("clock", format!("makes more than {MAX_CLOCK} bytes of all clocks")));
        }
        if call.seen < self.seen || call.seen > index {
            let (least, seen) = (self.seen, call.seen);
            return Err(wrong("seen", format!("is {seen}; it can be {least} to {index} after the calls before it")));
        }
        self.check_order(call, wrong)?;
        (self.last, self.seen) = (call_id, call.seen);
        Ok(tool_index)
    }

    fn check_order(
        &mut self,
        call: &v1::JournalCall,
        wrong: impl Fn(&str, String) -> ExecutionError,
    ) -> Result<(), ExecutionError> {
        let order = call.order;
        if order == 0 {
            return Ok(());
        }
        if call.outcome.is_none() {
            return Err(wrong("order", format!("is {order}, and the call has no outcome")));
        }
        let taken = order.checked_sub(1).and_then(|place| self.orders.get_mut(place as usize));
        match taken {
            None => Err(wrong("order", format!("is {order} of {} calls", self.calls))),
            Some(true) => Err(wrong("order", format!("is {order}, as that of a call before it"))),
            Some(_) if order <= call.seen => {
                let seen = call.seen;
                Err(wrong("order", format!("is {order}, and `seen` is {seen}: it was answered before it was made")))
            }
            Some(taken) => {
                *taken = true;
                Ok(())
            }
        }
    }
}

fn malformed(message: impl Into<String>) -> ExecutionError {
    ExecutionError::Malformed(message.into())
}
