//! What a client receives, piece by piece: what it does not take can be dropped from outside, and what it was given is known
//! until it is written.
//!
//! The HTTP/2 library asks for the next piece when it has room, and never gives one back. A message of many megabytes that it
//! was given whole would stay for as long as its client takes nothing. Each piece keeps its request open until the library
//! has written it: the body itself may be gone by then.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::gate::OpenRequest;
use crate::execution::{Held, WeakHeld};

/// A frame of HTTP/2, so that pieces make no more frames than there would be without them.
const PIECE: usize = 16 * 1024;

/// The body of any response.
pub(crate) struct ResponseBody {
    source: Source,
    /// `None` for a refusal, which has no piece.
    open: Option<OpenRequest>,
}

enum Source {
    Whole(tonic::body::Body),
    Pieces(Undelivered),
}

/// Bytes of a response. A copy, however few they are: a part that shared the memory of a large message would keep it all.
struct Piece {
    bytes: Vec<u8>,
    /// Of an execution: with the last piece of a frame, so many as were received so far are written.
    written: Option<(Held, Option<u64>)>,
    _open: Option<OpenRequest>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some((held, count)) = &self.written {
            held.wrote();
            if let Some(count) = count {
                held.release(*count);
            }
        }
    }
}

/// The responses of an execution that its client has not taken. Dropped with the body that they are for.
#[derive(Clone)]
pub(super) struct Undelivered(Arc<Contents>);

/// For the execution's task, which must learn that a client is gone when the library drops the body: it owns nothing of it.
pub(super) struct Withdrawal {
    contents: Weak<Contents>,
    held: WeakHeld,
}

struct Contents {
    state: Mutex<State>,
    held: Held,
}

enum State {
    /// The library has no body yet.
    Begun,
    Open {
        body: tonic::body::Body,
        /// Of a frame that is larger than a piece.
        rest: Bytes,
    },
    /// The client did not take them in time, and is told so when it takes something.
    Withdrawn(Status),
    Ended,
}

impl Undelivered {
    pub(super) fn new(held: Held) -> Self {
        Self(Arc::new(Contents { state: Mutex::new(State::Begun), held }))
    }

    pub(super) fn withdrawal(&self) -> Withdrawal {
        Withdrawal { contents: Arc::downgrade(&self.0), held: self.0.held.downgrade() }
    }

    fn begin(&self, body: tonic::body::Body) {
        let mut state = self.0.state();
        if matches!(*state, State::Begun) {
            *state = State::Open { body, rest: Bytes::new() };
        }
    }

    fn poll_piece(
        &self,
        open: Option<&OpenRequest>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut state = self.0.state();
        let frame = match &mut *state {
            State::Open { rest, .. } if !rest.is_empty() => Some(Ok(Frame::data(self.next_piece(rest, open)))),
            State::Open { body, rest } => match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        *rest = data;
                        Some(Ok(Frame::data(self.next_piece(rest, open))))
                    }
                    Err(trailers) => Some(Ok(trailers)),
                },
                ended => {
                    *state = State::Ended;
                    ended
                }
            },
            State::Withdrawn(status) => {
                let trailers = trailers(status);
                *state = State::Ended;
                Some(Ok(Frame::trailers(trailers)))
            }
            State::Begun | State::Ended => None,
        };
        Poll::Ready(frame)
    }

    fn next_piece(&self, rest: &mut Bytes, open: Option<&OpenRequest>) -> Bytes {
        let bytes = rest.split_to(rest.len().min(PIECE)).to_vec();
        let held = self.0.held.clone();
        let received = rest.is_empty().then(|| {
            // The memory of the whole.
            *rest = Bytes::new();
            held.received()
        });
        Bytes::from_owner(Piece { bytes, written: Some((held, received)), _open: open.cloned() })
    }
}

impl Withdrawal {
    /// Drops what the client has not taken, and gives back what it kept.
    pub(super) fn withdraw(&self, status: Status) {
        if let Some(contents) = self.contents.upgrade() {
            // Dropped when the lock is given back: it holds much.
            let _state = std::mem::replace(&mut *contents.state(), State::Withdrawn(status));
        }
        // Pieces may be left where the body is not.
        if let Some(held) = self.held.upgrade() {
            held.release(u64::MAX);
        }
    }
}

impl Contents {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // It fails for a text that is no header; then the code alone is sent.
    if status.add_header(&mut trailers).is_err() {
        trailers.insert(Status::GRPC_STATUS, (status.code() as i32).into());
    }
    trailers
}

impl ResponseBody {
    /// `open` is given back when the last piece is written.
    pub(super) fn new(body: tonic::body::Body, undelivered: Option<Undelivered>, open: Option<OpenRequest>) -> Self {
        let source = match undelivered {
            None => Source::Whole(body),
            Some(undelivered) => {
                undelivered.begin(body);
                Source::Pieces(undelivered)
            }
        };
        Self { source, open }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { source, open } = &mut *self;
        match source {
            Source::Whole(body) => Pin::new(body).poll_frame(context).map_ok(|frame| {
                frame.map_data(|data| {
                    Bytes::from_owner(Piece { bytes: data.to_vec(), written: None, _open: open.clone() })
                })
            }),
            Source::Pieces(undelivered) => undelivered.poll_piece(open.as_ref(), context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(body) => body.is_end_stream(),
            Source::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(body) => body.size_hint(),
            Source::Pieces(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use http_body_util::{BodyExt as _, Full};
    use tokio_stream::StreamExt as _;

    use super::*;
    use crate::execution::{Delivery, ExecutionError, queue};
    use crate::shutdown::Shutdown;

    /// Bytes that tell when nobody has them any more.
    struct Watched(Vec<u8>, Arc<AtomicBool>);

    impl AsRef<[u8]> for Watched {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn content(size: usize) -> Vec<u8> {
        (0..=250).cycle().take(size).collect()
    }

    fn pieces(size: usize, held: Held) -> (ResponseBody, Withdrawal, Arc<AtomicBool>) {
        let dropped = Arc::new(AtomicBool::new(false));
        let whole = Full::new(Bytes::from_owner(Watched(content(size), Arc::clone(&dropped))));
        let undelivered = Undelivered::new(held);
        let withdrawal = undelivered.withdrawal();
        (ResponseBody::new(tonic::body::Body::new(whole), Some(undelivered), None), withdrawal, dropped)
    }

    #[tokio::test]
    async fn pieces_are_the_whole_and_keep_nothing_of_it() {
        for size in [1, PIECE, PIECE + 1, 10 * PIECE + 7] {
            let (mut body, _, dropped) = pieces(size, Held::default());
            let mut heard = Vec::new();
            while let Some(frame) = body.frame().await {
                heard.push(frame.unwrap().into_data().unwrap());
                assert_eq!(dropped.load(Ordering::Relaxed), heard.len() == size.div_ceil(PIECE));
            }
            assert!(heard.iter().all(|piece| piece.len() <= PIECE));
            assert_eq!(heard.concat(), content(size));
        }
    }

    #[tokio::test]
    async fn what_is_withdrawn_is_dropped_and_its_client_is_told() {
        let (mut body, withdrawal, dropped) = pieces(10 * PIECE, Held::default());
        let first = body.frame().await.unwrap().unwrap();
        withdrawal.withdraw(Status::deadline_exceeded("not taken"));
        // The library still has the first piece.
        assert!(dropped.load(Ordering::Relaxed) && first.data_ref().unwrap().len() == PIECE);
        let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!((&trailers["grpc-status"], &trailers["grpc-message"]), (&4.into(), &"not%20taken".parse().unwrap()));
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn last_response_is_delivered_when_its_last_piece_is_written() {
        let shutdown = Shutdown::new();
        let (responses, mut waiting) = queue(16);
        let (mut body, withdrawal, _) = pieces(PIECE + 1, waiting.held());
        let its = shutdown.clone();
        let finishing = tokio::spawn(async move { responses.finish(Err(ExecutionError::NotTaken), &its).await });
        assert!(waiting.next().await.is_some() && waiting.next().await.is_none());
        drop(waiting);
        let first = body.frame().await.unwrap().unwrap();
        let last = body.frame().await.unwrap().unwrap();
        drop((first, body));
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        assert!(!finishing.is_finished(), "the library has the last piece");
        drop(last);
        assert_eq!(finishing.await.unwrap(), Delivery::Done);
        // Nothing is left of it, and it can be withdrawn all the same.
        withdrawal.withdraw(Status::deadline_exceeded("not taken"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_library_keeps_does_not_keep_the_place() {
        let shutdown = Shutdown::new();
        let (responses, mut waiting) = queue(16);
        let (mut body, withdrawal, _) = pieces(1, waiting.held());
        let its = shutdown.clone();
        let finishing = tokio::spawn(async move { responses.finish(Err(ExecutionError::NotTaken), &its).await });
        assert!(waiting.next().await.is_some());
        let held = waiting.held();
        drop(waiting);
        let _piece = body.frame().await;
        drop(body);
        assert_eq!(finishing.await.unwrap(), Delivery::Overdue);
        assert_eq!(held.kept(), 1);
        withdrawal.withdraw(Status::deadline_exceeded("not taken"));
        assert_eq!(held.kept(), 0);
    }
}
