//! One connection as the HTTP/2 library sees it: a stream that ends when it must make room for another.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

use super::seats::{Eviction, Peer, Seat};

/// What each client sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What was read of a stream before the library has it.
pub(super) struct FirstBytes {
    bytes: [u8; PREFACE.len()],
    /// Those that the library has not read.
    rest: std::ops::Range<usize>,
}

impl FirstBytes {
    /// Waits for the preface, or for what is none: the library knows how to answer that. `None` where the stream ends before.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = [0; PREFACE.len()];
        let mut length = 0;
        while PREFACE.starts_with(&bytes[..length]) && length < PREFACE.len() {
            match stream.read(&mut bytes[length..]).await {
                Ok(0) | Err(_) => return None,
                Ok(more) => length += more,
            }
        }
        Some(Self { bytes, rest: 0..length })
    }

    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = buffer.remaining().min(self.rest.len());
        buffer.put_slice(&self.bytes[self.rest.start..][..length]);
        self.rest.start += length;
    }
}

/// An open connection.
pub(crate) struct Connection<S> {
    stream: S,
    first: FirstBytes,
    eviction: Eviction,
    seat: Seat,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: S, first: FirstBytes, seat: Seat, eviction: Eviction) -> Self {
        Self { stream, first, eviction, seat }
    }

    /// Whichever way the library waits, it learns that the connection must go.
    #[inline]
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.eviction.is_due(context) { Err(evicted()) } else { Ok(()) }
    }
}

#[cold]
fn evicted() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "closed by the executor: to make room, or because its client takes nothing",
    )
}

impl<S> Connected for Connection<S> {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.seat.peer()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check(context)?;
        if !this.first.rest.is_empty() {
            this.first.give(buffer);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check(context)?;
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check(context)?;
        Pin::new(&mut this.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check(context)?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check(context)?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}
