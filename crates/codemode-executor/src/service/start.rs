//! How much of first messages is received at once.
//!
//! A `start` may be as large as the largest message, and a client may take its time for it. Each stream receives a little of
//! its own; what is more needs a right, of which a tenant has few, until the execution has its place.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;
use tonic::Status;
use tonic::body::Body;

/// Bytes of a `start` that need no right: those of nearly every program and its tools. The window of a stream may hold as many.
const SMALL_START: usize = 256 * 1024;

/// Large ones that a tenant may send at once: each may be as large as the largest message.
pub(super) const LARGE_STARTS: usize = 16;

/// What the request's body and the execution's task know of its `start`.
#[derive(Clone, Debug, Default)]
pub(super) struct Start(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    received: AtomicBool,
    waited: AtomicBool,
    right: Mutex<Option<OwnedSemaphorePermit>>,
}

/// The body of an `Execute`, received with one of its tenant's rights where that is needed.
pub(super) fn receive(rights: Arc<Semaphore>, body: Body) -> (Body, Start) {
    let start = Start::default();
    let body = StartBody { body, start: start.clone(), size: 0, rights: PollSemaphore::new(rights) };
    (Body::new(body), start)
}

impl Start {
    /// It is received. Returns the right to what it keeps.
    pub(super) fn end(&self) -> Option<OwnedSemaphorePermit> {
        self.0.received.store(true, Ordering::Relaxed);
        self.right().take()
    }

    /// Whether others of its tenant were in its way.
    pub(super) fn waited(&self) -> bool {
        self.0.waited.load(Ordering::Relaxed)
    }

    fn right(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.0.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client sends of one execution.
pub(super) struct StartBody {
    body: Body,
    start: Start,
    /// Bytes so far, of `start`.
    size: usize,
    rights: PollSemaphore,
}

impl StartBody {
    /// Pending while it must not receive more.
    fn poll_right(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let progress = &self.start.0;
        if self.size <= SMALL_START || progress.received.load(Ordering::Relaxed) || self.start.right().is_some() {
            return Poll::Ready(());
        }
        let right = self.rights.poll_acquire(context);
        if right.is_pending() {
            progress.waited.store(true, Ordering::Relaxed);
        }
        let right = ready!(right);
        *self.start.right() = right;
        Poll::Ready(())
    }
}

impl http_body::Body for StartBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        ready!(self.poll_right(context));
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.size = self.size.saturating_add(data.len());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio_stream::StreamExt as _;

    use super::*;

    fn sent(pieces: usize) -> Body {
        let piece = |_| Ok::<_, Status>(Frame::data(Bytes::from(vec![0; SMALL_START])));
        Body::new(StreamBody::new(tokio_stream::iter(0..pieces).map(piece)))
    }

    #[tokio::test]
    async fn large_starts_are_received_a_few_at_once_and_small_ones_all() {
        let rights = Arc::new(Semaphore::new(LARGE_STARTS));
        let receive = |body| receive(Arc::clone(&rights), body);
        let mut received = Vec::new();
        for _ in 0..LARGE_STARTS {
            let (mut body, start) = receive(sent(3));
            while body.frame().await.is_some() {}
            received.push(start);
        }
        let (mut large, its) = receive(sent(3));
        // One frame more may be on its way when it is too much.
        assert!(large.frame().await.is_some() && large.frame().await.is_some());
        tokio::select! {
            biased;
            _ = large.frame() => panic!("it has no right"),
            () = std::future::ready(()) => {}
        }
        assert!(its.waited());
        let (mut small, start) = receive(sent(1));
        assert!(small.frame().await.is_some());
        assert!(start.end().is_none());
        // The right goes with what was received, and from there to the next.
        let right = received[0].end();
        assert!(right.is_some());
        drop(right);
        assert!(large.frame().await.is_some());
        assert!(its.end().is_some() && !start.waited());
    }
}
