//! Opens TCP connections, with TLS where the address asks for it, and remembers why the last one was of no use.
//!
//! Some answers come when the connection is already in the hands of the HTTP/2 library, which keeps no more of them than a
//! text: the alert about a client certificate (TLS 1.3), and the alert of a TLS server that was sent plain text. So the
//! first thing that a peer says is looked at here, on its way, and what it means is left in a [`LastWord`].

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use codemode_tls::ALPN_HTTP2;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tonic::codegen::{Service as _, StdError, http::Uri};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::ClientTls;
use super::failure::Failure;

/// A record of TLS that is an alert, of any version.
const TLS_ALERT: [u8; 2] = [21, 3];

/// Why the last connection that was opened, and on which the peer had said nothing, was of no use.
#[derive(Clone, Debug, Default)]
pub(in crate::transport) struct LastWord(Arc<Mutex<Option<Failure>>>);

impl LastWord {
    pub(in crate::transport) fn get(&self) -> Option<Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, failure: Option<Failure>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

/// A channel in plain text. Dials nothing yet.
pub(in crate::transport) fn plain(endpoint: &Endpoint, peer: &str, connect_timeout: Duration) -> (Channel, LastWord) {
    let last_word = LastWord::default();
    let (tcp, peer, words) = (tcp(endpoint, connect_timeout), Arc::<str>::from(peer), last_word.clone());
    let dial = move |uri: Uri| {
        let (mut tcp, interpreter, words) = (tcp.clone(), Interpreter::Plain(Arc::clone(&peer)), words.clone());
        async move {
            let stream = tcp.call(uri).await?.into_inner();
            Ok::<_, StdError>(TokioIo::new(Watched::new(stream, interpreter, words)))
        }
    };
    (endpoint.connect_with_connector_lazy(service_fn(dial)), last_word)
}

/// A channel with TLS, and without any way to plain text. Dials nothing yet.
pub(in crate::transport) fn tls(endpoint: &Endpoint, tls: ClientTls, connect_timeout: Duration) -> (Channel, LastWord) {
    let last_word = LastWord::default();
    let (tcp, tls, words) = (tcp(endpoint, connect_timeout), Arc::new(tls), last_word.clone());
    let dial = move |uri: Uri| {
        let (mut tcp, tls, words) = (tcp.clone(), Arc::clone(&tls), words.clone());
        async move {
            let deadline = Instant::now() + connect_timeout;
            let stream = tcp.call(uri).await?.into_inner();
            let stream = handshake(&tls, stream, deadline, connect_timeout).await?;
            Ok::<_, StdError>(TokioIo::new(Watched::new(stream, Interpreter::Tls(tls), words)))
        }
    };
    (endpoint.connect_with_connector_lazy(service_fn(dial)), last_word)
}

/// As the library would have made it of the same endpoint.
fn tcp(endpoint: &Endpoint, connect_timeout: Duration) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(endpoint.get_tcp_nodelay());
    tcp.set_keepalive(endpoint.get_tcp_keepalive());
    tcp.set_connect_timeout(Some(connect_timeout));
    tcp
}

async fn handshake(
    tls: &ClientTls,
    stream: TcpStream,
    deadline: Instant,
    connect_timeout: Duration,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
    let connecting = TlsConnector::from(Arc::clone(&tls.config)).connect(tls.name.clone(), stream);
    let stream = timeout_at(deadline, connecting)
        .await
        .map_err(|_| tls.handshake_timed_out(connect_timeout.as_secs_f64()))?
        .map_err(|error| tls.handshake_failed(&error))?;
    if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2) { Ok(stream) } else { Err(tls.no_http2()) }
}

/// What the first words of a peer mean.
enum Interpreter {
    /// `host:port`.
    Plain(Arc<str>),
    Tls(Arc<ClientTls>),
}

impl Interpreter {
    fn said(&self, bytes: &[u8]) -> Option<Failure> {
        match self {
            Self::Plain(peer) => bytes.starts_with(&TLS_ALERT).then(|| Failure::tls_at_plain_url(peer)),
            Self::Tls(_) => None,
        }
    }

    fn failed(&self, error: &io::Error) -> Option<Failure> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => tls.refused_later(error),
        }
    }
}

/// A stream that is looked at until the peer has said something. From then on each call is passed on as it is.
struct Watched<S> {
    stream: S,
    /// Until the peer has said something.
    first: Option<(Interpreter, LastWord)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    fn new(stream: S, interpreter: Interpreter, last_word: LastWord) -> Self {
        Self { stream, first: Some((interpreter, last_word)) }
    }

    fn poll_first(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if let Some((interpreter, last_word)) = self.first.take() {
            let failure = match &read {
                Ok(()) => interpreter.said(&buffer.filled()[before..]),
                Err(error) => interpreter.failed(error),
            };
            let ends = failure.clone();
            last_word.set(failure);
            if let (Ok(()), Some(failure)) = (&read, ends) {
                return Poll::Ready(Err(io::Error::other(failure)));
            }
        }
        Poll::Ready(read)
    }

    /// A peer that has sent its reason and gone makes writing fail first; the reason is still there to be read.
    fn written<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if self.first.is_some() && matches!(result, Poll::Ready(Err(_))) {
            let mut bytes = [0; 64];
            if let Poll::Ready(Err(error)) = self.poll_first(context, &mut ReadBuf::new(&mut bytes)) {
                return Poll::Ready(Err(error));
            }
        }
        result
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.first.is_some() {
            this.poll_first(context, buffer)
        } else {
            Pin::new(&mut this.stream).poll_read(context, buffer)
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(context, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.written(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_flush(context);
        this.written(context, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
