//! Who sits: how many connections there are, and which of them may be closed for another.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The most connections. A client needs one; an idle one costs some 20 KiB, and 40 KiB more with TLS.
const MAX_CONNECTIONS: usize = 2_048;

/// Where the limit of descriptors is not known: half of the usual 1,024.
const UNKNOWN_LIMIT: usize = 512;

/// With fewer, probes and a client would already displace each other.
const MIN_CONNECTIONS: usize = 8;

/// Connections that have not begun with HTTP/2 yet. With TLS each costs up to 40 KiB, and work that no key was shown for.
pub(super) const MAX_HANDSHAKES: usize = 256;

/// Connections that have begun with HTTP/2 and shown no key. Probes and proxies' checks of health are a few; a client shows its key
/// with its first request. Each may have its fill of refused requests whose answers it does not read, some 500 bytes for each.
const MAX_WITHOUT_KEY: usize = 256;

/// Requests that need no key, open at once on a connection that has not shown one. A probe has one, a client that watches the
/// executor's health another.
const REQUESTS: usize = 16;

/// Those of a connection that has shown a key. It may be a proxy's, with many clients behind it.
const ADMITTED_REQUESTS: usize = 256;

/// The seats of an executor.
pub(crate) struct Seats {
    capacity: usize,
    handshakes: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// Those that are leaving included.
    taken: usize,
    /// Evicted, and not closed yet.
    leaving: usize,
    next: u64,
    /// By age, as `open`.
    opening: BTreeMap<u64, oneshot::Sender<()>>,
    /// Opened, and without a request with a key so far.
    open: BTreeMap<u64, oneshot::Sender<()>>,
    /// Who waits for a seat.
    acceptor: Option<Waker>,
}

impl Seats {
    /// As many as this process may have descriptors for. Half of them are left for workers, of which each has two.
    pub(crate) fn of_this_process() -> Arc<Self> {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        Self::new(capacity_of(&limits))
    }

    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity, handshakes: MAX_HANDSHAKES.min(capacity / 2).max(1), table: Mutex::default() })
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a new connection; `None` where every one is a client's with a key. Pending while another makes room.
    pub(super) fn take(self: &Arc<Self>, context: &Context<'_>) -> Poll<Option<(Seat, Eviction)>> {
        let mut table = self.table();
        if table.taken >= self.capacity {
            if table.leaving == 0 && !table.evict_oldest() {
                return Poll::Ready(None);
            }
            table.acceptor = Some(context.waker().clone());
            return Poll::Pending;
        }
        if table.opening.len() >= self.handshakes
            && let Some((_, oldest)) = table.opening.pop_first()
        {
            table.evict(oldest);
        }
        let number = table.next;
        let (sender, receiver) = oneshot::channel();
        table.next += 1;
        table.taken += 1;
        table.opening.insert(number, sender);
        let seat = Seat(Peer(Arc::new(Occupant {
            number: AtomicU64::new(number),
            admitted: AtomicBool::new(false),
            eviction: Mutex::default(),
            requests: Arc::new(Semaphore::new(REQUESTS)),
            seats: Arc::clone(self),
        })));
        Poll::Ready(Some((seat, Eviction::Possible(receiver))))
    }
}

impl fmt::Debug for Seats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seats").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Table {
    /// Whether there was one to evict.
    fn evict_oldest(&mut self) -> bool {
        let first = |map: &BTreeMap<u64, _>| map.first_key_value().map_or(u64::MAX, |(number, _)| *number);
        let map = if first(&self.opening) < first(&self.open) { &mut self.opening } else { &mut self.open };
        let Some((_, oldest)) = map.pop_first() else { return false };
        self.evict(oldest);
        true
    }

    fn evict(&mut self, eviction: oneshot::Sender<()>) {
        // It may be about to close by itself; either way its seat is left.
        let _ = eviction.send(());
        self.leaving += 1;
    }
}

/// The soft limit of `/proc/self/limits`, halved and bounded.
fn capacity_of(limits: &str) -> usize {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    match soft.map(str::parse::<usize>) {
        Some(Ok(limit)) => (limit / 2).clamp(MIN_CONNECTIONS, MAX_CONNECTIONS),
        // `unlimited`.
        Some(Err(_)) => MAX_CONNECTIONS,
        None => UNKNOWN_LIMIT,
    }
}

/// A connection's place. Dropping it gives it to another.
pub(super) struct Seat(Peer);

impl Seat {
    /// The connection is open: it no longer counts as a handshake, and is young again, however long its handshake took.
    pub(super) fn opened(self) -> Self {
        let Occupant { number, seats, .. } = &*self.0.0;
        let mut table = seats.table();
        if let Some(eviction) = table.opening.remove(&number.load(Ordering::Relaxed)) {
            let young = table.next;
            table.next += 1;
            number.store(young, Ordering::Relaxed);
            table.open.insert(young, eviction);
            if table.open.len() > MAX_WITHOUT_KEY
                && let Some((_, oldest)) = table.open.pop_first()
            {
                table.evict(oldest);
            }
        }
        drop(table);
        self
    }

    pub(super) fn peer(&self) -> Peer {
        self.0.clone()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Occupant { number, admitted, seats, .. } = &*self.0.0;
        let mut table = seats.table();
        table.taken -= 1;
        let number = number.load(Ordering::Relaxed);
        let known = table.opening.remove(&number).or_else(|| table.open.remove(&number)).is_some();
        if !known && !admitted.load(Ordering::Relaxed) {
            table.leaving -= 1;
        }
        let acceptor = table.acceptor.take();
        drop(table);
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
    }
}

/// Who a request came from; each request carries it.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Occupant>);

struct Occupant {
    /// Its place by age. Changed under the lock of the table alone.
    number: AtomicU64,
    admitted: AtomicBool,
    /// Of one that was admitted: for [`Peer::disconnect`] alone.
    eviction: Mutex<Option<oneshot::Sender<()>>>,
    /// Those that need no key and may still be opened.
    requests: Arc<Semaphore>,
    seats: Arc<Seats>,
}

impl Peer {
    /// It has shown a key: its connection is no longer closed for another. After the first time this reads one flag.
    pub(crate) fn admit(&self) {
        let Occupant { number, admitted, eviction, requests, seats } = &*self.0;
        if !admitted.load(Ordering::Relaxed) {
            let mut table = seats.table();
            // Whoever is being evicted stays so.
            if let Some(own) = table.open.remove(&number.load(Ordering::Relaxed)) {
                admitted.store(true, Ordering::Relaxed);
                *eviction.lock().unwrap_or_else(PoisonError::into_inner) = Some(own);
                requests.add_permits(ADMITTED_REQUESTS - REQUESTS);
            }
        }
    }

    /// The right to one request more that needs no key; `None` where it has as many as it may.
    pub(crate) fn open(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.requests).try_acquire_owned().ok()
    }

    /// Closes the connection of a peer that was admitted.
    pub(crate) fn disconnect(&self) {
        if let Some(eviction) = self.0.eviction.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = eviction.send(());
        }
    }
}

/// Tells a connection that it must make room.
pub(super) enum Eviction {
    /// It may yet.
    Possible(oneshot::Receiver<()>),
    /// It must.
    Due,
    /// Nobody is left who could say so.
    Never,
}

impl Eviction {
    /// Whether it must.
    #[inline]
    pub(super) fn is_due(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Never => false,
            Self::Due => true,
            Self::Possible(receiver) => {
                if let Poll::Ready(sent) = Pin::new(receiver).poll(context) {
                    *self = if sent.is_ok() { Self::Due } else { Self::Never };
                }
                matches!(self, Self::Due)
            }
        }
    }

    /// Resolves when it must.
    pub(super) async fn evicted(&mut self) {
        poll_fn(|context| if self.is_due(context) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_descriptors_are_for_connections() {
        let limits = |soft: &str| {
            format!("Max stack size   8388608  unlimited  bytes\nMax open files            {soft}   524288   files\n")
        };
        let capacities = ["4", "300", "1024", "1048576", "unlimited"].map(|soft| capacity_of(&limits(soft)));
        assert_eq!(capacities, [8, 150, 512, 2_048, 2_048]);
        assert_eq!(capacity_of(""), 512);
    }
}
