//! A journal in pieces, for a store that writes ahead: what changed since the last piece, as lines to append.
//!
//! A line is a document without calls, or the latest state of one call; a later line replaces the earlier ones of its kind.
//! The rule that keeps a tool from being called twice after a crash: the piece that has a call's begin is on the disk before
//! the call's tool is started. The call is in the recorder before the application is given it, so whoever takes the piece
//! when it is given the call has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Body, CallDocument, envelope, malformed, sealed};
use super::{Journal, JournalError, Recorder};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    call: CallDocument<'a>,
}

impl Recorder {
    /// What was not written yet, as whole lines; empty where nothing changed. Whoever appends them must do so in the order
    /// in which they were taken.
    pub(crate) fn changes(&mut self) -> Vec<u8> {
        let mut lines = Vec::new();
        if !std::mem::replace(&mut self.header_written, true) {
            let header = self.snapshot();
            lines = sealed(&header.body(Vec::new()));
            lines.push(b'\n');
        }
        for entry in self.entries().iter_mut().filter(|entry| !entry.written) {
            entry.written = true;
            let line = Line { call: CallDocument::of(&entry.call) };
            lines.extend(serde_json::to_vec(&line).expect("its types are texts and numbers"));
            lines.push(b'\n');
        }
        lines
    }
}

impl Journal {
    /// Reads the lines that [`crate::execution::Control::journal_changes`] gave. A last line that was cut off, as a crash
    /// leaves it, is passed over: nothing that depends on it had been done.
    pub fn from_log(log: &[u8]) -> Result<Self, JournalError> {
        let whole = log.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &log[..=end]);
        let mut header = None;
        let mut calls = BTreeMap::new();
        for line in whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Line<'_>>(line) {
                Ok(line) => {
                    calls.insert(line.call.number, line.call);
                }
                Err(_) => header = Some(line),
            }
        }
        let header =
            header.ok_or_else(|| JournalError::Malformed { reason: "the log has no first line".to_owned() })?;
        let envelope = envelope(header)?;
        let mut body: Body<'_> = serde_json::from_str(envelope.body()?).map_err(|error| malformed(&error))?;
        body.calls = calls.into_values().collect();
        forget_gaps(&mut body.calls);
        body.into_journal()
    }
}

/// Places of answers are written with the call that confirmed them. Where a crash cut that off in the middle, the call was
/// never made, and nothing depended on them.
fn forget_gaps(calls: &mut [CallDocument<'_>]) {
    let mut places: Vec<u32> = calls.iter().map(|call| call.order).filter(|order| *order > 0).collect();
    places.sort_unstable();
    let whole = places.iter().zip(1..).take_while(|(place, expected)| *place == expected).count();
    for call in calls.iter_mut().filter(|call| call.order as usize > whole) {
        call.order = 0;
    }
}
