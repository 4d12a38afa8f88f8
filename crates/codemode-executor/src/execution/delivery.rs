//! Responses on their way to a client, and what an execution keeps until they are taken.
//!
//! ```text
//!  execution ──send──► queue (bounded in bytes) ──► encoded ──► pieces ──► HTTP/2 ──► written
//!      └─ place ──────────────► with the last response ──────────────────────────────────┘ given back there
//! ```
//!
//! A queue that is bounded in messages is not bounded: one of them may be a value of many megabytes. And an execution that
//! gave back its place while its responses wait would let a client that takes nothing fill the memory, one execution after
//! the other.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use codemode_proto::v1::execute_response;
use futures_core::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::{Response, response};
use crate::shutdown::Shutdown;
use crate::tenants::Place;

/// Bytes of responses that may wait for the client: past this, the worker is not read. A larger one waits alone.
pub(crate) const ROOM: u32 = 1024 * 1024;

/// The part of the room that the smallest response takes: so many may wait, however small they are.
const SMALLEST_PART: u32 = 16;

/// How long a client may take nothing of what is left when its program has ended. An execution has its place among those that
/// run until the last is written, so that clients that take nothing can fill neither the memory nor, for longer than this, the
/// capacity.
pub(crate) const DELIVERY_TIME: Duration = Duration::from_secs(30);

/// How long a client that takes it bit by bit may need in all: as long as a program may run.
pub(crate) const LONGEST_DELIVERY: Duration = Duration::from_secs(300);

/// What became of an execution's last response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The client has it or is gone, or the executor ends.
    Done,
    /// It waits, with others before it, for a client that takes nothing.
    Overdue,
}

/// The execution's end of the queue.
#[derive(Debug)]
pub(crate) struct Responses {
    queue: mpsc::UnboundedSender<Parcel>,
    held: WeakHeld,
    room: Arc<Semaphore>,
    size: u32,
    place: Option<Place>,
}

/// The client's end: responses in their order.
#[derive(Debug)]
pub(crate) struct Waiting {
    queue: mpsc::UnboundedReceiver<Parcel>,
    held: Held,
}

/// What the responses that were received keep until they are written, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<Mutex<Keepsakes>>);

/// The same, for who must not keep them from being dropped.
#[derive(Clone, Debug)]
pub(crate) struct WeakHeld(Weak<Mutex<Keepsakes>>);

impl WeakHeld {
    pub(crate) fn upgrade(&self) -> Option<Held> {
        self.0.upgrade().map(Held)
    }

    /// Pieces so far.
    fn written(&self) -> u64 {
        self.upgrade().map_or(0, |held| held.lock().pieces)
    }
}

#[derive(Debug, Default)]
struct Keepsakes {
    /// Of those that were released.
    released: u64,
    /// Pieces of any of them.
    pieces: u64,
    kept: VecDeque<Keepsake>,
}

/// Room in the queue for one response.
#[derive(Debug)]
pub(super) struct Room {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Parcel {
    response: Response,
    keepsake: Keepsake,
}

/// Dropped when a response is written, or nobody is there to take it.
#[derive(Debug)]
enum Keepsake {
    Room { _room: Option<Room> },
    Last { _place: Option<Place>, _taken: oneshot::Sender<()> },
}

/// A queue in which so many bytes may wait.
pub(crate) fn queue(size: u32) -> (Responses, Waiting) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(size as usize));
    let held = Held::default();
    let responses = Responses { queue: sender, held: held.downgrade(), room, size, place: None };
    (responses, Waiting { queue: receiver, held })
}

impl Responses {
    /// Keeps the execution's place until its last response is taken.
    pub(super) fn keep(&mut self, place: Place) {
        self.place = Some(place);
    }

    /// Room for this, if there is some now.
    pub(super) fn try_room(&self, message: &execute_response::Message) -> Option<Room> {
        Arc::clone(&self.room).try_acquire_many_owned(self.part(message)).ok().map(|permit| Room { _permit: permit })
    }

    /// Waits for room. There is some, too, when the client has gone.
    pub(super) async fn room(&self, message: &execute_response::Message) -> Room {
        let room = Arc::clone(&self.room).acquire_many_owned(self.part(message)).await;
        Room { _permit: room.expect("the room is never closed") }
    }

    fn part(&self, message: &execute_response::Message) -> u32 {
        let size = u32::try_from(message.encoded_len()).unwrap_or(u32::MAX);
        size.clamp((self.size / SMALLEST_PART).max(1), self.size)
    }

    /// Sends one for which there is room; without it, one of the last. To a client that is gone, nothing is sent.
    pub(super) fn send(&self, message: execute_response::Message, room: Option<Room>) {
        let parcel = Parcel { response: Ok(response(message)), keepsake: Keepsake::Room { _room: room } };
        let _ = self.queue.send(parcel);
    }

    /// Resolves when the client is gone.
    pub(crate) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Sends the last response, and waits until it is written, the client is gone, or the executor ends.
    pub(crate) async fn finish(self, last: Response, shutdown: &Shutdown) -> Delivery {
        let Self { queue, held, place, .. } = self;
        let (taken, mut is_taken) = oneshot::channel();
        let keepsake = Keepsake::Last { _place: place, _taken: taken };
        let _ = queue.send(Parcel { response: last, keepsake });
        // The stream ends behind its last response.
        drop(queue);
        let longest = Instant::now() + LONGEST_DELIVERY;
        loop {
            let written = held.written();
            tokio::select! {
                // Nothing is ever sent there: it is dropped.
                _taken = &mut is_taken => return Delivery::Done,
                () = shutdown.expired() => return Delivery::Done,
                () = sleep_until(longest.min(Instant::now() + DELIVERY_TIME)) => {}
            }
            if held.written() == written || Instant::now() >= longest {
                return Delivery::Overdue;
            }
        }
    }
}

impl Waiting {
    /// What is kept for those that were received: to be released by whoever passes them on.
    pub(crate) fn held(&self) -> Held {
        self.held.clone()
    }
}

impl Stream for Waiting {
    type Item = Response;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Response>> {
        self.queue.poll_recv(context).map(|parcel| {
            let Parcel { response, keepsake } = parcel?;
            self.held.lock().kept.push_back(keepsake);
            Some(response)
        })
    }
}

impl Held {
    pub(crate) fn downgrade(&self) -> WeakHeld {
        WeakHeld(Arc::downgrade(&self.0))
    }

    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.lock().kept.len()
    }

    /// How many were received so far.
    pub(crate) fn received(&self) -> u64 {
        let keepsakes = self.lock();
        keepsakes.released + keepsakes.kept.len() as u64
    }

    /// A piece of them is written.
    pub(crate) fn wrote(&self) {
        self.lock().pieces += 1;
    }

    /// The first of them, as many as this in all, are written.
    pub(crate) fn release(&self, written: u64) {
        let mut keepsakes = self.lock();
        let count = usize::try_from(written.saturating_sub(keepsakes.released)).unwrap_or(usize::MAX);
        let count = count.min(keepsakes.kept.len());
        keepsakes.released += count as u64;
        let released: Vec<_> = keepsakes.kept.drain(..count).collect();
        // A place that is given back wakes whoever waits for it: not under the lock.
        drop(keepsakes);
        drop(released);
    }

    fn lock(&self) -> MutexGuard<'_, Keepsakes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use codemode_proto::v1;
    use tokio_stream::StreamExt;

    use super::*;
    use crate::execution::ExecutionError;

    fn output(size: usize) -> execute_response::Message {
        execute_response::Message::Output(v1::Output { stream: 1, data: Bytes::from(vec![b'x'; size]) })
    }

    #[tokio::test]
    async fn room_is_bounded_in_bytes_and_in_number() {
        let (responses, mut waiting) = queue(1_600);
        let rooms: Vec<_> = std::iter::from_fn(|| responses.try_room(&output(1))).collect();
        assert_eq!(rooms.len(), 16);
        drop(rooms);
        // One that is larger than all of it waits alone.
        let room = responses.try_room(&output(10_000)).unwrap();
        assert!(responses.try_room(&output(1)).is_none());
        responses.send(output(10_000), Some(room));
        assert!(waiting.next().await.unwrap().is_ok());
        assert!(responses.try_room(&output(1)).is_none(), "it was received, and is not written");
        waiting.held().release(u64::MAX);
        assert!(responses.try_room(&output(1)).is_some());
    }

    #[tokio::test]
    async fn who_waits_for_room_learns_that_the_client_is_gone() {
        let (responses, waiting) = queue(16);
        let message = output(100);
        responses.send(output(100), responses.try_room(&message));
        let ((), _room) = tokio::join!(async { drop(waiting) }, responses.room(&message));
        responses.closed().await;
    }

    #[tokio::test(start_paused = true)]
    async fn last_response_is_overdue_until_it_is_taken() {
        let (responses, mut waiting) = queue(16);
        let shutdown = Shutdown::new();
        let its = shutdown.clone();
        let finishing = tokio::spawn(async move { responses.finish(Err(ExecutionError::NotTaken), &its).await });
        assert!(waiting.next().await.unwrap().is_err());
        assert!(waiting.next().await.is_none());
        tokio::time::sleep(DELIVERY_TIME / 2).await;
        assert!(!finishing.is_finished());
        waiting.held().release(u64::MAX);
        assert_eq!(finishing.await.unwrap(), Delivery::Done);

        // A client that takes a little now and then has longer, and not for ever.
        let (responses, waiting) = queue(16);
        let its = shutdown.clone();
        let began = Instant::now();
        let finishing = tokio::spawn(async move { responses.finish(Err(ExecutionError::NotTaken), &its).await });
        while !finishing.is_finished() {
            tokio::time::sleep(DELIVERY_TIME / 2).await;
            waiting.held().wrote();
        }
        assert_eq!(finishing.await.unwrap(), Delivery::Overdue);
        assert_eq!(began.elapsed().as_secs() / 30, LONGEST_DELIVERY.as_secs() / 30);

        let (responses, waiting) = queue(16);
        assert_eq!(responses.finish(Err(ExecutionError::NotTaken), &shutdown).await, Delivery::Overdue);
        drop(waiting);
        let (responses, _) = queue(16);
        assert_eq!(responses.finish(Err(ExecutionError::NotTaken), &shutdown).await, Delivery::Done);
    }
}
