//! Frames between the executor and a worker, as `docs/design/worker-protocol.md` describes them.
//!
//! The worker is hostile: [`WorkerFrame::parse`] checks the length before it waits for the bytes, and every field before
//! anybody uses it. Nothing here parses a value.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use codemode_proto::v1;

/// Bytes that a frame may have beyond the value that it carries: kind, ids, an error's type and message.
const FRAME_OVERHEAD: usize = 64 * 1024;

/// The most bytes of one output frame; the worker splits larger writes.
const MAX_OUTPUT_FRAME: usize = 64 * 1024;

/// What a worker says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WorkerFrame {
    /// It is locked down and warm.
    Ready,
    /// The program calls a tool.
    Call { call_id: u32, tool_index: u16, arguments: Bytes },
    /// The program wrote.
    Output { stream: v1::Stream, data: Bytes },
    /// The program ended.
    Finished(WorkerOutcome),
}

/// How the program ended, as the worker says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WorkerOutcome {
    Completed(Bytes),
    Failed(Bytes),
    Rejected(Bytes),
}

/// A worker that breaks a rule of its protocol. It is killed; nothing that it sent afterwards counts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a frame of {length} bytes exceeds the limit of {limit}")]
    TooLarge { length: usize, limit: usize },
    #[error("a frame of kind {0} is not known")]
    UnknownKind(u8),
    #[error("a frame of kind {kind} has {length} bytes, which is too short")]
    TooShort { kind: u8, length: usize },
    #[error("stream {0} is neither stdout nor stderr")]
    UnknownStream(u8),
    #[error("outcome {0} is not known")]
    UnknownOutcome(u8),
}

impl WorkerFrame {
    /// Takes one whole frame from `buffer`; `None` when more bytes are needed. `value_limit` is the execution's limit for
    /// one encoded value.
    pub(crate) fn parse(buffer: &mut BytesMut, value_limit: usize) -> Result<Option<Self>, FrameError> {
        let Some(prefix) = buffer.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*prefix) as usize;
        let limit = value_limit.saturating_add(FRAME_OVERHEAD);
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
            17 => {
                let call_id = body.try_get_u32_le().map_err(too_short)?;
                let tool_index = body.try_get_u16_le().map_err(too_short)?;
                Ok(Some(Self::Call { call_id, tool_index, arguments: body }))
            }
            18 => {
                let stream = match body.try_get_u8().map_err(too_short)? {
                    1 => v1::Stream::Stdout,
                    2 => v1::Stream::Stderr,
                    other => return Err(FrameError::UnknownStream(other)),
                };
                if body.len() > MAX_OUTPUT_FRAME {
                    return Err(FrameError::TooLarge { length: body.len(), limit: MAX_OUTPUT_FRAME });
                }
                Ok(Some(Self::Output { stream, data: body }))
            }
            19 => match body.try_get_u8().map_err(too_short)? {
                1 => Ok(Some(Self::Finished(WorkerOutcome::Completed(body)))),
                2 => Ok(Some(Self::Finished(WorkerOutcome::Failed(body)))),
                3 => Ok(Some(Self::Finished(WorkerOutcome::Rejected(body)))),
                other => Err(FrameError::UnknownOutcome(other)),
            },
            other => Err(FrameError::UnknownKind(other)),
        }
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
    buffer.put_u8(match status {
        ResultStatus::Value => 0,
        ResultStatus::Failure => 1,
    });
    buffer.put_slice(payload);
}

/// Whether a tool call returned or raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultStatus {
    Value,
    Failure,
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

    fn frame(kind: u8, payload: &[u8]) -> BytesMut {
        let mut buffer = BytesMut::new();
        put_header(&mut buffer, kind, payload.len());
        buffer.put_slice(payload);
        buffer
    }

    #[test]
    fn call_is_parsed_and_the_rest_is_kept() {
        let mut buffer = frame(17, &[1, 0, 0, 0, 2, 0, b'{', b'}']);
        buffer.extend_from_slice(&frame(16, b""));
        let call = WorkerFrame::Call { call_id: 1, tool_index: 2, arguments: Bytes::from_static(b"{}") };
        assert_eq!(WorkerFrame::parse(&mut buffer, 100), Ok(Some(call)));
        assert_eq!(WorkerFrame::parse(&mut buffer, 100), Ok(Some(WorkerFrame::Ready)));
        assert_eq!(WorkerFrame::parse(&mut buffer, 100), Ok(None));
    }

    proptest::proptest! {
        #[test]
        fn garbage_is_read_or_refused_and_never_grows(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..4_096),
            value_limit in 0..1_024_usize,
        ) {
            let mut buffer = BytesMut::from(&bytes[..]);
            let mut left = buffer.len() + 1;
            while let Ok(Some(_)) = WorkerFrame::parse(&mut buffer, value_limit) {
                assert!(buffer.len() < left);
                left = buffer.len();
            }
            assert!(buffer.capacity() <= bytes.len() + value_limit + FRAME_OVERHEAD + 64);
        }
    }

    #[test]
    fn partial_frame_waits_for_more() {
        let whole = frame(18, b"\x01hello");
        for cut in 0..whole.len() {
            let mut buffer = BytesMut::from(&whole[..cut]);
            assert_eq!(WorkerFrame::parse(&mut buffer, 100), Ok(None), "at {cut}");
        }
    }

    #[test]
    fn length_is_refused_before_the_bytes_arrive() {
        let mut buffer = BytesMut::from(&u32::MAX.to_le_bytes()[..]);
        assert_eq!(
            WorkerFrame::parse(&mut buffer, 100),
            Err(FrameError::TooLarge { length: u32::MAX as usize, limit: 100 + FRAME_OVERHEAD })
        );
    }

    #[test]
    fn malformed_frames_are_refused() {
        let cases = [
            (frame(99, b""), FrameError::UnknownKind(99)),
            (frame(17, b"\0\0\0\0\0"), FrameError::TooShort { kind: 17, length: 6 }),
            (frame(18, b"\x03x"), FrameError::UnknownStream(3)),
            (frame(19, b"\x09"), FrameError::UnknownOutcome(9)),
            (BytesMut::from(&[0, 0, 0, 0][..]), FrameError::TooShort { kind: 0, length: 0 }),
        ];
        for (mut buffer, error) in cases {
            assert_eq!(WorkerFrame::parse(&mut buffer, 100), Err(error));
        }
    }
}
