//! A journal on its way to an executor.

use codemode_proto::v1;
use codemode_proto::v1::execute_request::Message;
use prost::Message as _;

use super::JournalCall;

/// What one message carries of a journal, unless a single call is larger: enough to cost no round trips, and small beside
/// what flow control lets through at once.
const PART: usize = 1024 * 1024;

/// What an attempt is a replay of. Shares the bytes of the journal.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    calls: Vec<v1::JournalCall>,
    size: u64,
}

impl Replay {
    pub(super) fn of<'a>(calls: impl Iterator<Item = &'a JournalCall>) -> Self {
        let calls: Vec<_> = calls.map(JournalCall::to_wire).collect();
        let size = calls.iter().map(|call| call.encoded_len() as u64).sum();
        Self { calls, size }
    }

    /// How many calls it has; a sequence number is a `u32`, and each call has another.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX)
    }

    /// The sum of the calls' encoded sizes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The last number: what the program does beyond it is new.
    pub(crate) fn last(&self) -> u32 {
        self.calls.last().map_or(0, |call| call.call_id)
    }

    /// The messages, made one by one as the connection takes them.
    pub(crate) fn into_messages(self) -> impl Iterator<Item = v1::ExecuteRequest> + Send + 'static {
        let mut calls = self.calls.into_iter().peekable();
        std::iter::from_fn(move || {
            let mut part = vec![calls.next()?];
            let mut size = part.first().map_or(0, v1::JournalCall::encoded_len);
            while let Some(call) = calls.next_if(|call| size + call.encoded_len() <= PART) {
                size += call.encoded_len();
                part.push(call);
            }
            Some(v1::ExecuteRequest { message: Some(Message::Journal(v1::JournalPart { calls: part })) })
        })
    }
}
