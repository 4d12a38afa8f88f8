//! Connections from their first byte to their last, so that peers without a key cannot shut out those with one.
//!
//! ```text
//!  accept ──► seat ──► opening (a task each): TLS, the first bytes of HTTP/2 ──done──► open ──first request──► admitted
//!                        │  └─ 10 s ─► dropped                                           │    with a key
//!                        └──────────────── evicted, the oldest first ◄───────────────────┘
//! ```
//!
//! Each connection has a seat until it is closed, and there are fewer seats than descriptors. Where none is free, the oldest
//! connection that never sent a request with a key makes room for the new one; one that did is never closed for another.
//! Where all have, the new one is refused: its client tries again.

mod connection;
mod seats;
#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};
use tracing::{debug, warn};

pub(crate) use connection::Connection;
use connection::FirstBytes;
use seats::{Eviction, Seat};
pub(crate) use seats::{Peer, Seats};

/// For TLS and the first bytes of HTTP/2 together. They take a few round trips; a peer that needs longer is not there.
pub(crate) const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How long to wait where no connection can be accepted: mostly, where no descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections are accepted from.
pub(crate) trait Accept: Unpin {
    /// What they are.
    type Socket: Unpin + Send + 'static;

    /// The next one.
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Self::Socket>>;
}

impl Accept for TcpListener {
    type Socket = TcpStream;

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let (socket, _) = ready!(Self::poll_accept(self, context))?;
        // Without it every answer waits 40 ms for the client's acknowledgement of the one before.
        let _ = socket.set_nodelay(true);
        Poll::Ready(Ok(socket))
    }
}

impl Accept for UnixListener {
    type Socket = UnixStream;

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        Self::poll_accept(self, context).map_ok(|(socket, _)| socket)
    }
}

/// What turns an accepted socket into a stream of HTTP/2.
pub(crate) trait Opening<Socket>: Unpin {
    /// What HTTP/2 is spoken over.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// `None` where it failed, which it has logged.
    fn open(&mut self, socket: Socket) -> impl Future<Output = Option<Self::Stream>> + Send + 'static;
}

/// Nothing is between the socket and HTTP/2.
pub(crate) struct Plain;

impl<Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static> Opening<Socket> for Plain {
    type Stream = Socket;

    fn open(&mut self, socket: Socket) -> impl Future<Output = Option<Socket>> + Send + 'static {
        std::future::ready(Some(socket))
    }
}

/// Connections whose peer has begun to speak HTTP/2.
pub(crate) struct Incoming<L: Accept, O: Opening<L::Socket>> {
    listener: L,
    opening: O,
    seats: Arc<Seats>,
    handshakes: JoinSet<Option<Connection<O::Stream>>>,
    /// Accepted, and without a seat.
    waiting: Option<L::Socket>,
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether the log says that there are no seats.
    is_full: bool,
}

impl<L: Accept, O: Opening<L::Socket>> Incoming<L, O> {
    pub(crate) fn new(listener: L, opening: O, seats: Arc<Seats>) -> Self {
        Self { listener, opening, seats, handshakes: JoinSet::new(), waiting: None, pause: None, is_full: false }
    }

    fn begin(&mut self, socket: L::Socket, seat: Seat, eviction: Eviction) {
        self.is_full = false;
        self.handshakes.spawn(handshake(self.opening.open(socket), seat, eviction));
    }

    fn refuse(&mut self) {
        if !self.is_full {
            warn!(
                connections = self.seats.capacity(),
                "each connection belongs to a client with a key: new ones are refused until one closes; more files may be \
                 opened with ulimit -n, LimitNOFILE= in systemd or --ulimit nofile in Docker"
            );
        }
        self.is_full = true;
    }
}

impl<L: Accept, O: Opening<L::Socket>> Stream for Incoming<L, O> {
    type Item = io::Result<Connection<O::Stream>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            // Those that failed have said so.
            while let Poll::Ready(Some(ended)) = this.handshakes.poll_join_next(context) {
                if let Ok(Some(connection)) = ended {
                    return Poll::Ready(Some(Ok(connection)));
                }
            }
            if let Some(socket) = this.waiting.take() {
                match this.seats.take(context) {
                    Poll::Ready(Some((seat, eviction))) => this.begin(socket, seat, eviction),
                    // Dropping the socket closes it.
                    Poll::Ready(None) => this.refuse(),
                    Poll::Pending => {
                        this.waiting = Some(socket);
                        return Poll::Pending;
                    }
                }
                // Whoever asks must be woken when the new handshake ends.
                continue;
            }
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(context));
                this.pause = None;
            }
            match ready!(this.listener.poll_accept(context)) {
                Ok(socket) => this.waiting = Some(socket),
                Err(error) => {
                    debug!(%error, "failed to accept a connection");
                    this.pause = Some(Box::pin(sleep(ACCEPT_PAUSE)));
                }
            }
        }
    }
}

async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    opening: impl Future<Output = Option<S>>,
    seat: Seat,
    mut eviction: Eviction,
) -> Option<Connection<S>> {
    let first = async {
        let mut stream = opening.await?;
        let first = FirstBytes::read(&mut stream).await?;
        Some((stream, first))
    };
    tokio::select! {
        biased;
        () = eviction.evicted() => {
            debug!("a connection was dropped before its first request, to make room for another");
            None
        }
        opened = timeout(HANDSHAKE_TIME, first) => {
            if opened.is_err() {
                debug!("a connection did not begin with HTTP/2 within {} s", HANDSHAKE_TIME.as_secs());
            }
            let (stream, first) = opened.ok().flatten()?;
            Some(Connection::new(stream, first, seat.opened(), eviction))
        }
    }
}
