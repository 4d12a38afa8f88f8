//! A journal as one JSON document, and back.
//!
//! `{"format":1,"sha256":"<hex>","journal":{…}}`: the digest is of the member `journal` as it is written, so that an edit is
//! noticed, by accident or by a tool that formats JSON. Arguments and values stand in it as the JSON that they are, byte
//! for byte, for a replay matches calls by their bytes; what a worker sent that is no JSON stands in it as base64.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::fingerprint::{Fingerprints, hash};
use super::snapshot::Origin;
use super::{Journal, JournalCall, JournalError, MAX_CLOCK, MAX_JOURNAL};
use crate::execution::ToolOutcome;

/// The format that this release writes, and the newest that it reads.
pub const FORMAT: u64 = 1;
/// The largest document that is read: what a journal may hold, in base64, with the records of 100,000 calls.
const MAX_DOCUMENT: usize = 2 * MAX_JOURNAL;
/// Texts that name something: the contract's longest is 128 characters.
const MAX_NAME: usize = 1024;

#[derive(Serialize, Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) format: u64,
    #[serde(default)]
    sha256: String,
    #[serde(borrow)]
    journal: Option<&'a RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body<'a> {
    execution_id: String,
    fingerprints: Fingerprints,
    runtime: String,
    seed: String,
    began_us: u64,
    streamed: [u64; 2],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unreplayable: Option<String>,
    #[serde(borrow)]
    pub(super) calls: Vec<CallDocument<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallDocument<'a> {
    pub(super) number: u32,
    tool: String,
    #[serde(borrow)]
    arguments: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    outcome: Option<OutcomeDocument<'a>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    clock: String,
    seen: u32,
    pub(super) order: u32,
    began_us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_us: Option<u64>,
}

/// Bytes that are JSON, or others.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Text<'a> {
    #[serde(borrow)]
    Json(&'a RawValue),
    Base64(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeDocument<'a> {
    #[serde(borrow)]
    Value(Text<'a>),
    Failure {
        r#type: String,
        message: String,
        builtin_type: String,
    },
}

impl<'a> Text<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        match serde_json::from_slice::<&RawValue>(bytes) {
            // White space around the value would be lost.
            Ok(raw) if raw.get().len() == bytes.len() => Self::Json(raw),
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    fn into_bytes(self) -> Result<Bytes, JournalError> {
        match self {
            Self::Json(raw) => Ok(Bytes::copy_from_slice(raw.get().as_bytes())),
            Self::Base64(text) => decoded(&text),
        }
    }
}

fn decoded(text: &str) -> Result<Bytes, JournalError> {
    STANDARD.decode(text).map(Bytes::from).map_err(|error| malformed(&error))
}

pub(super) fn malformed(error: &dyn std::error::Error) -> JournalError {
    JournalError::Malformed { reason: error.to_string() }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl<'a> CallDocument<'a> {
    pub(super) fn of(call: &'a JournalCall) -> Self {
        Self {
            number: call.number,
            tool: call.tool.to_string(),
            arguments: Text::of(&call.arguments),
            outcome: call.outcome.as_ref().map(|outcome| match outcome {
                ToolOutcome::Value(value) => OutcomeDocument::Value(Text::of(value)),
                ToolOutcome::Failure { kind, message, builtin_type } => OutcomeDocument::Failure {
                    r#type: kind.clone(),
                    message: message.clone(),
                    builtin_type: builtin_type.clone(),
                },
            }),
            clock: STANDARD.encode(&call.clock),
            seen: call.seen,
            order: call.order,
            began_us: micros(call.began),
            duration_us: call.duration.map(micros),
        }
    }

    fn into_call(self) -> Result<JournalCall, JournalError> {
        Ok(JournalCall {
            number: self.number,
            tool: self.tool.into(),
            arguments: self.arguments.into_bytes()?,
            outcome: match self.outcome {
                None => None,
                Some(OutcomeDocument::Value(value)) => Some(ToolOutcome::Value(value.into_bytes()?)),
                Some(OutcomeDocument::Failure { r#type, message, builtin_type }) => {
                    Some(ToolOutcome::Failure { kind: r#type, message, builtin_type })
                }
            },
            clock: decoded(&self.clock)?,
            seen: self.seen,
            order: self.order,
            began: Duration::from_micros(self.began_us),
            duration: self.duration_us.map(Duration::from_micros),
        })
    }
}

impl Body<'_> {
    pub(super) fn into_journal(self) -> Result<Journal, JournalError> {
        let seed = STANDARD.decode(&self.seed).ok().and_then(|seed| seed.try_into().ok());
        let seed = seed.ok_or_else(|| JournalError::Malformed { reason: "the seed is not 32 bytes".to_owned() })?;
        let journal = Journal {
            origin: Arc::new(Origin {
                execution_id: self.execution_id,
                seed,
                began: Duration::from_micros(self.began_us),
                request: None,
                fingerprints: OnceLock::from(self.fingerprints),
            }),
            runtime: self.runtime.into(),
            unreplayable: self.unreplayable.map(Into::into),
            streamed: self.streamed,
            calls: Arc::new(self.calls.into_iter().map(CallDocument::into_call).collect::<Result<_, _>>()?),
        };
        journal.check()?;
        Ok(journal)
    }
}

/// Reads the outermost object: a format that is newer than ours may have anything beside it.
pub(super) fn envelope(document: &[u8]) -> Result<Envelope<'_>, JournalError> {
    if document.len() > MAX_DOCUMENT {
        return Err(JournalError::TooLarge { size: document.len(), limit: MAX_DOCUMENT });
    }
    let envelope: Envelope<'_> = serde_json::from_slice(document).map_err(|error| malformed(&error))?;
    match envelope.format {
        FORMAT => Ok(envelope),
        0 => Err(JournalError::Malformed { reason: "its format is 0".to_owned() }),
        found => Err(JournalError::NewerFormat { found }),
    }
}

impl Envelope<'_> {
    /// What the digest is of, checked.
    pub(super) fn body(&self) -> Result<&str, JournalError> {
        let body = self.journal.ok_or_else(|| JournalError::Malformed { reason: "it has no `journal`".to_owned() })?;
        if self.sha256 != hash(body.get().as_bytes()) {
            return Err(JournalError::Edited);
        }
        Ok(body.get())
    }
}

/// A document with this body.
pub(super) fn sealed(body: &impl Serialize) -> Vec<u8> {
    let body = serde_json::value::to_raw_value(body).expect("its types are texts and numbers");
    let envelope = Envelope { format: FORMAT, sha256: hash(body.get().as_bytes()), journal: Some(&body) };
    serde_json::to_vec(&envelope).expect("its types are texts and numbers")
}

impl Journal {
    /// The document. An executor is not needed to read it, nor this process.
    pub fn to_json(&self) -> Vec<u8> {
        sealed(&self.body(self.calls.iter().map(CallDocument::of).collect()))
    }

    /// Reads a document, and checks that it is whole, unchanged and consistent.
    pub fn from_json(document: &[u8]) -> Result<Self, JournalError> {
        let envelope = envelope(document)?;
        serde_json::from_str::<Body<'_>>(envelope.body()?).map_err(|error| malformed(&error))?.into_journal()
    }

    pub(super) fn body<'a>(&self, calls: Vec<CallDocument<'a>>) -> Body<'a> {
        Body {
            execution_id: self.origin.execution_id.clone(),
            fingerprints: self.origin.fingerprints().clone(),
            runtime: self.runtime.to_string(),
            seed: STANDARD.encode(self.origin.seed),
            began_us: micros(self.origin.began),
            streamed: self.streamed,
            unreplayable: self.unreplayable.as_deref().map(str::to_owned),
            calls,
        }
    }

    /// Sizes, numbers and the order of answers. A document may come from anywhere.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        let names = [&*self.origin.execution_id, &*self.runtime, self.unreplayable.as_deref().unwrap_or_default()];
        if names.iter().any(|name| name.len() > MAX_NAME) || self.calls.iter().any(|call| call.tool.len() > MAX_NAME) {
            return Err(JournalError::Malformed { reason: format!("a name is longer than {MAX_NAME} bytes") });
        }
        let weight = self.calls.iter().map(JournalCall::weight).sum();
        let clock: usize = self.calls.iter().map(|call| call.clock.len()).sum();
        if weight > MAX_JOURNAL || self.calls.iter().any(|call| call.weight() > super::call::MAX_CALL) {
            return Err(JournalError::too_large(weight));
        }
        if clock > MAX_CLOCK {
            return Err(JournalError::TooLarge { size: clock, limit: MAX_CLOCK });
        }
        let inconsistent = |number, reason| Err(JournalError::Inconsistent { number, reason });
        let mut last = 0;
        let mut seen = 0;
        let mut placed = Vec::new();
        for call in self.calls.iter() {
            if call.number <= last {
                return inconsistent(call.number, "numbers ascend from 1");
            }
            if call.seen < seen {
                return inconsistent(call.number, "fewer answers had been received than before the call before it");
            }
            if call.order > 0 && call.outcome.is_none() {
                return inconsistent(call.number, "an answer was received, and there is none");
            }
            if call.order > 0 && call.order <= call.seen {
                return inconsistent(call.number, "its answer was received before it was made");
            }
            (last, seen) = (call.number, call.seen);
            placed.extend((call.order > 0).then_some((call.order, call.number)));
        }
        placed.sort_unstable();
        for ((order, number), expected) in placed.iter().zip(1..) {
            if *order != expected {
                return inconsistent(*number, "the places of the answers are not 1, 2, 3, …");
            }
        }
        match self.calls.iter().find(|call| call.seen as usize > placed.len()) {
            Some(call) => inconsistent(call.number, "it saw more answers than were received"),
            None => Ok(()),
        }
    }
}
