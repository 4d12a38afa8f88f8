//! Frames between the executor and a worker, as `docs/design/worker-protocol.md` describes them.
//!
//! The worker is hostile: [`WorkerFrame::parse`] checks the length before it waits for the bytes, and every field before
//! anybody uses it. Nothing here parses a value.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use codemode_proto::v1;

/// Bytes that a frame may have beyond the value that it carries: kind, ids, an error's type and message.
const FRAME_OVERHEAD: usize = 64 * 1024;

/// Bytes of clock reads that one execution may record, its journal's included: about 20,000 reads between calls.
pub(crate) const MAX_CLOCK: usize = 64 * 1024;

/// The most bytes of one output frame; the worker splits larger writes.
const MAX_OUTPUT_FRAME: usize = 64 * 1024;

/// What a worker says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WorkerFrame {
    /// It is locked down and warm.
    Ready,
    /// The program calls a tool.
    Call(Call),
    /// The program wrote.
    Output { stream: v1::Stream, data: Bytes },
    /// The program ended.
    Finished(WorkerOutcome),
}

/// A tool call, and what the worker tells with it for the journal.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "a call's id is `call_id` wherever it is named")]
pub(crate) struct Call {
    pub(crate) call_id: u32,
    pub(crate) tool_index: u16,
    /// The clock was read too often for a replay.
    pub(crate) clock_overrun: bool,
    /// Whose answers the program received since its call before, in order.
    pub(crate) answered: Vec<u32>,
    pub(crate) clock: Bytes,
    pub(crate) arguments: Bytes,
}

/// How the program ended, as the worker says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WorkerOutcome {
    Completed(Bytes),
    Failed(Bytes),
    Rejected(Bytes),
    Diverged(Bytes),
}

/// The most that a worker's frames may carry in one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameLimits {
    /// Bytes of one encoded value.
    pub(crate) value: usize,
    /// Calls, and so answers.
    pub(crate) calls: usize,
}

impl FrameLimits {
    /// What one frame may have beyond a value.
    pub(crate) fn overhead(self) -> usize {
        self.calls.saturating_mul(4).saturating_add(MAX_CLOCK + FRAME_OVERHEAD)
    }
}

/// A worker that breaks a rule of its protocol. It is killed; nothing that it sent afterwards counts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a frame of {length} bytes exceeds the limit of {limit}")]
    TooLarge { length: usize, limit: usize },
    #[error("an output frame of {0} bytes exceeds the limit of {MAX_OUTPUT_FRAME}")]
    OutputTooLarge(usize),
    #[error("a frame of kind {0} is not known")]
    UnknownKind(u8),
    #[error("a frame of kind {kind} has {length} bytes, which is too short")]
    TooShort { kind: u8, length: usize },
    #[error("stream {0} is neither stdout nor stderr")]
    UnknownStream(u8),
    #[error("outcome {0} is not known")]
    UnknownOutcome(u8),
    #[error("flags {0} of a call are not known")]
    UnknownFlags(u8),
    #[error("a call has {length} bytes of clock; the most is {MAX_CLOCK}")]
    TooMuchClock { length: usize },
}

impl WorkerFrame {
    /// Takes one whole frame from `buffer`; `None` when more bytes are needed.
    pub(crate) fn parse(buffer: &mut BytesMut, limits: FrameLimits) -> Result<Option<Self>, FrameError> {
        let Some(prefix) = buffer.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*prefix) as usize;
        let limit = limits.value.saturating_add(limits.overhead());
        if length > limit {
            return Err(FrameError::TooLarge { length, limit });
        }
        if buffer.len() < 4 + length {
            buffer.reserve(4 + length - buffer.len());
            return Ok(None);
        }
        buffer.advance(4);
        let mut body = buffer.split_to(length).freeze();
        let kind = body.try_get_u8().map_err(|_| FrameError::TooShort { kind: 0, length })?;
        let too_short = |_| FrameError::TooShort { kind, length };
        match kind {
            16 => Ok(Some(Self::Ready)),
            17 => Call::parse(body).map(|call| Some(Self::Call(call))),
            18 => {
                let stream = match body.try_get_u8().map_err(too_short)? {
                    1 => v1::Stream::Stdout,
                    2 => v1::Stream::Stderr,
                    other => return Err(FrameError::UnknownStream(other)),
                };
                if body.len() > MAX_OUTPUT_FRAME {
                    return Err(FrameError::OutputTooLarge(body.len()));
                }
                Ok(Some(Self::Output { stream, data: body }))
            }
            19 => match body.try_get_u8().map_err(too_short)? {
                1 => Ok(Some(Self::Finished(WorkerOutcome::Completed(body)))),
                2 => Ok(Some(Self::Finished(WorkerOutcome::Failed(body)))),
                3 => Ok(Some(Self::Finished(WorkerOutcome::Rejected(body)))),
                4 => Ok(Some(Self::Finished(WorkerOutcome::Diverged(body)))),
                other => Err(FrameError::UnknownOutcome(other)),
            },
            other => Err(FrameError::UnknownKind(other)),
        }
    }
}

impl Call {
    fn parse(mut body: Bytes) -> Result<Self, FrameError> {
        let length = body.len() + 1;
        let too_short = |_| FrameError::TooShort { kind: 17, length };
        let call_id = body.try_get_u32_le().map_err(too_short)?;
        let tool_index = body.try_get_u16_le().map_err(too_short)?;
        let clock_overrun = match body.try_get_u8().map_err(too_short)? {
            flags @ 0..=1 => flags == 1,
            other => return Err(FrameError::UnknownFlags(other)),
        };
        // As many as the frame has room for: calls beyond their limit are answered too.
        let count = body.try_get_u32_le().map_err(too_short)? as usize;
        if body.len() < count.saturating_mul(4) {
            return Err(FrameError::TooShort { kind: 17, length });
        }
        let answered = (0..count).map(|_| body.get_u32_le()).collect();
        let clock = body.try_get_u32_le().map_err(too_short)? as usize;
        if clock > MAX_CLOCK {
            return Err(FrameError::TooMuchClock { length: clock });
        }
        if body.len() < clock {
            return Err(FrameError::TooShort { kind: 17, length });
        }
        let clock = body.split_to(clock);
        Ok(Self { call_id, tool_index, clock_overrun, answered, clock, arguments: body })
    }
}

/// Appends the frame that gives the worker its program.
pub(crate) fn put_start(buffer: &mut BytesMut, header: &[u8]) {
    put_header(buffer, 1, header.len());
    buffer.put_slice(header);
}

/// Appends the frame that answers a tool call.
pub(crate) fn put_result(buffer: &mut BytesMut, call_id: u32, status: ResultStatus, payload: &[u8]) {
    put_header(buffer, 2, 5 + payload.len());
    buffer.put_u32_le(call_id);
    buffer.put_u8(status.number());
    buffer.put_slice(payload);
}

/// A call of the journal, as the worker gets it.
#[derive(Debug)]
pub(crate) struct JournalEntry<'a> {
    pub(crate) call_id: u32,
    pub(crate) tool_index: u16,
    pub(crate) seen: u32,
    pub(crate) order: u32,
    pub(crate) clock: &'a [u8],
    pub(crate) arguments: &'a [u8],
    /// `None` where there is no outcome yet.
    pub(crate) outcome: Option<(ResultStatus, &'a [u8])>,
}

/// Appends the frame that gives the worker one call of the journal.
pub(crate) fn put_journal(buffer: &mut BytesMut, entry: &JournalEntry<'_>) {
    let (status, outcome) = entry.outcome.map_or((2, &[][..]), |(status, outcome)| (status.number(), outcome));
    let parts = [entry.clock, entry.arguments, outcome];
    put_header(buffer, 3, 4 + 2 + 4 + 4 + 1 + 3 * 4 + parts.iter().map(|part| part.len()).sum::<usize>());
    buffer.put_u32_le(entry.call_id);
    buffer.put_u16_le(entry.tool_index);
    buffer.put_u32_le(entry.seen);
    buffer.put_u32_le(entry.order);
    buffer.put_u8(status);
    for part in parts {
        buffer.put_u32_le(u32::try_from(part.len()).expect("parts are bounded by the message limit"));
    }
    for part in parts {
        buffer.put_slice(part);
    }
}

/// Whether a tool call returned or raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultStatus {
    Value,
    Failure,
}

impl ResultStatus {
    const fn number(self) -> u8 {
        match self {
            Self::Value => 0,
            Self::Failure => 1,
        }
    }
}

fn put_header(buffer: &mut BytesMut, kind: u8, payload: usize) {
    // Payloads are bounded by the gRPC message limit, far below 4 GiB.
    let length = u32::try_from(payload + 1).expect("payloads are bounded by the message limit");
    buffer.reserve(4 + payload + 1);
    buffer.put_u32_le(length);
    buffer.put_u8(kind);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FrameLimits = FrameLimits { value: 100, calls: 8 };

    fn frame(kind: u8, payload: &[u8]) -> BytesMut {
        let mut buffer = BytesMut::new();
        put_header(&mut buffer, kind, payload.len());
        buffer.put_slice(payload);
        buffer
    }

    #[test]
    fn call_is_parsed_and_the_rest_is_kept() {
        let mut buffer = frame(
            17,
            &[7, 0, 0, 0, 2, 0, 1, 2, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, b't', b'i', b'm', b'e', b'{', b'}'],
        );
        buffer.extend_from_slice(&frame(16, b""));
        let call = Call {
            call_id: 7,
            tool_index: 2,
            clock_overrun: true,
            answered: vec![5, 3],
            clock: Bytes::from_static(b"time"),
            arguments: Bytes::from_static(b"{}"),
        };
        assert_eq!(WorkerFrame::parse(&mut buffer, LIMITS), Ok(Some(WorkerFrame::Call(call))));
        assert_eq!(WorkerFrame::parse(&mut buffer, LIMITS), Ok(Some(WorkerFrame::Ready)));
        assert_eq!(WorkerFrame::parse(&mut buffer, LIMITS), Ok(None));
    }

    #[test]
    fn journal_entry_is_written_as_the_protocol_says() {
        let mut buffer = BytesMut::new();
        let mut entry = JournalEntry {
            call_id: 1,
            tool_index: 2,
            seen: 3,
            order: 4,
            clock: b"c",
            arguments: b"{}",
            outcome: Some((ResultStatus::Failure, b"why")),
        };
        put_journal(&mut buffer, &entry);
        let head = [34, 0, 0, 0, 3, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0];
        assert_eq!(buffer, [&head[..], &[1, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0], b"c{}why"].concat());
        buffer.clear();
        entry.outcome = None;
        put_journal(&mut buffer, &entry);
        assert_eq!(buffer[19..], [&[2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], &b"c{}"[..]].concat());
    }

    proptest::proptest! {
        #[test]
        fn garbage_is_read_or_refused_and_never_grows(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..4_096),
            value in 0..1_024_usize,
            calls in 0..64_usize,
        ) {
            let limits = FrameLimits { value, calls };
            let mut buffer = BytesMut::from(&bytes[..]);
            let mut left = buffer.len() + 1;
            while let Ok(Some(_)) = WorkerFrame::parse(&mut buffer, limits) {
                assert!(buffer.len() < left);
                left = buffer.len();
            }
            assert!(buffer.capacity() <= bytes.len() + value + limits.overhead() + 64);
        }

        #[test]
        fn call_of_any_bytes_is_read_or_refused(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..96),
        ) {
            let mut body = vec![0; 7];
            body.extend_from_slice(&bytes);
            if let Ok(Some(WorkerFrame::Call(call))) = WorkerFrame::parse(&mut frame(17, &body), LIMITS) {
                assert!(call.answered.len() <= LIMITS.calls);
                assert_eq!(body.len(), 15 + 4 * call.answered.len() + call.clock.len() + call.arguments.len());
            }
        }
    }

    #[test]
    fn partial_frame_waits_for_more() {
        let whole = frame(18, b"\x01hello");
        for cut in 0..whole.len() {
            let mut buffer = BytesMut::from(&whole[..cut]);
            assert_eq!(WorkerFrame::parse(&mut buffer, LIMITS), Ok(None), "at {cut}");
        }
    }

    #[test]
    fn length_is_refused_before_the_bytes_arrive() {
        let mut buffer = BytesMut::from(&u32::MAX.to_le_bytes()[..]);
        assert_eq!(
            WorkerFrame::parse(&mut buffer, LIMITS),
            Err(FrameError::TooLarge { length: u32::MAX as usize, limit: 100 + LIMITS.overhead() })
        );
    }

    #[test]
    fn malformed_frames_are_refused() {
        let call = |rest: &[u8]| frame(17, &[&[1, 0, 0, 0, 0, 0], rest].concat());
        let cases = [
            (frame(99, b""), FrameError::UnknownKind(99)),
            (frame(17, b"\0\0\0\0\0"), FrameError::TooShort { kind: 17, length: 6 }),
            (call(b"\x02"), FrameError::UnknownFlags(2)),
            (call(b"\0\x09\0\0\0"), FrameError::TooShort { kind: 17, length: 12 }),
            (call(b"\0\xff\xff\xff\xff"), FrameError::TooShort { kind: 17, length: 12 }),
            (call(b"\0\x02\0\0\0\x01\0\0\0"), FrameError::TooShort { kind: 17, length: 16 }),
            (call(b"\0\0\0\0\0\0"), FrameError::TooShort { kind: 17, length: 13 }),
            (call(b"\0\0\0\0\0\x01\0\x01\0"), FrameError::TooMuchClock { length: MAX_CLOCK + 1 }),
            (call(b"\0\0\0\0\0\x09\0\0\0{}"), FrameError::TooShort { kind: 17, length: 18 }),
            (frame(18, b"\x03x"), FrameError::UnknownStream(3)),
            (frame(18, &vec![1; MAX_OUTPUT_FRAME + 2]), FrameError::OutputTooLarge(MAX_OUTPUT_FRAME + 1)),
            (frame(19, b"\x09"), FrameError::UnknownOutcome(9)),
            (BytesMut::from(&[0, 0, 0, 0][..]), FrameError::TooShort { kind: 0, length: 0 }),
        ];
        for (mut buffer, error) in cases {
            assert_eq!(WorkerFrame::parse(&mut buffer, LIMITS), Err(error));
        }
    }
}
