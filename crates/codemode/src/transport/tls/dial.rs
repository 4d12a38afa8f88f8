//! Opens TCP connections, with TLS where the address asks for it, and remembers why the last one was of no use.
//!
//! Some answers come when the connection is already in the hands of the HTTP/2 library, which keeps no more of them than a
//! text: the alert about a client certificate (TLS 1.3), and the alert of a TLS server that was sent plain text. So the
//! first thing that a peer says is looked at here, on its way, and what it means is left in a [`LastWord`].

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use codemode_tls::ALPN_HTTP2;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tonic::codegen::{StdError, http::Uri};
use tonic::transport::{Channel, Endpoint};
use tower::{Service, ServiceExt as _, service_fn};

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
pub(in crate::transport) fn plain(
    endpoint: &Endpoint,
    peer: &str,
    at: Option<SocketAddr>,
    connect_timeout: Duration,
) -> (Channel, LastWord) {
    let last_word = LastWord::default();
    let (dialler, words) = (Dialler::new(endpoint, peer, Lookup::new(at)), last_word.clone());
    let dial = move |uri: Uri| {
        let (dialler, words) = (dialler.clone(), words.clone());
        async move {
            let stream = dialler.connect(uri, Deadline::new(connect_timeout)).await?;
            Ok::<_, StdError>(TokioIo::new(Watched::new(stream, Interpreter::Plain(dialler.peer), words)))
        }
    };
    (endpoint.connect_with_connector_lazy(service_fn(dial)), last_word)
}

/// A channel with TLS, and without any way to plain text. Dials nothing yet.
pub(in crate::transport) fn tls(
    endpoint: &Endpoint,
    tls: Arc<ClientTls>,
    at: Option<SocketAddr>,
    connect_timeout: Duration,
) -> (Channel, LastWord) {
    let last_word = LastWord::default();
    let (dialler, words) = (Dialler::new(endpoint, &tls.peer, Lookup::new(at)), last_word.clone());
    let dial = move |uri: Uri| {
        let (dialler, tls, words) = (dialler.clone(), Arc::clone(&tls), words.clone());
        async move {
            let deadline = Deadline::new(connect_timeout);
            let stream = dialler.connect(uri, deadline).await?;
            let stream = handshake(&tls, stream, deadline).await?;
            Ok::<_, StdError>(TokioIo::new(Watched::new(stream, Interpreter::Tls(tls), words)))
        }
    };
    (endpoint.connect_with_connector_lazy(service_fn(dial)), last_word)
}

/// Where a name is: where the system says, or at an address that was found before.
#[derive(Clone)]
enum Lookup {
    System(GaiResolver),
    At(SocketAddr),
}

impl Lookup {
    fn new(at: Option<SocketAddr>) -> Self {
        at.map_or_else(|| Self::System(GaiResolver::new()), Self::At)
    }
}

impl Service<Name> for Lookup {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::System(resolver) => resolver.poll_ready(context),
            Self::At(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, name: Name) -> Self::Future {
        match self {
            Self::System(resolver) => {
                let looking = resolver.call(name);
                Box::pin(async move { Ok(looking.await?.collect::<Vec<_>>().into_iter()) })
            }
            Self::At(address) => {
                let found = vec![*address].into_iter();
                Box::pin(async move { Ok(found) })
            }
        }
    }
}

/// When a connection must be open: the lookup of its host, TCP and TLS together.
#[derive(Clone, Copy)]
struct Deadline {
    began: Instant,
    allowed: Duration,
}

impl Deadline {
    fn new(allowed: Duration) -> Self {
        Self { began: Instant::now(), allowed }
    }

    /// `None` where it is further away than time goes.
    fn instant(self) -> Option<Instant> {
        self.began.checked_add(self.allowed)
    }

    fn is_over(self) -> bool {
        self.began.elapsed() >= self.allowed
    }

    /// `None` where the time was over before.
    async fn within<T>(self, future: impl Future<Output = T>) -> Option<T> {
        match self.instant() {
            Some(instant) => timeout_at(instant, future).await.ok(),
            None => Some(future.await),
        }
    }
}

/// Opens TCP connections as the library would have opened those of the same endpoint, within a deadline.
#[derive(Clone)]
struct Dialler<R> {
    /// `host:port`.
    peer: Arc<str>,
    resolver: R,
    nodelay: bool,
    keepalive: Option<Duration>,
}

impl<R> Dialler<R>
where
    R: Service<Name, Error: Into<StdError>, Future: Send> + Clone + Send + Sync + 'static,
    R::Response: Iterator<Item = SocketAddr> + Send,
{
    fn new(endpoint: &Endpoint, peer: &str, resolver: R) -> Self {
        Self {
            peer: peer.into(),
            resolver,
            nodelay: endpoint.get_tcp_nodelay(),
            keepalive: endpoint.get_tcp_keepalive(),
        }
    }

    async fn connect(&self, uri: Uri, deadline: Deadline) -> Result<TcpStream, StdError> {
        let (resolver, peer) = (self.resolver.clone(), Arc::clone(&self.peer));
        let lookup = service_fn(move |name: Name| {
            let (resolver, peer) = (resolver.clone(), Arc::clone(&peer));
            async move {
                let found = deadline.within(resolver.oneshot(name)).await;
                found.ok_or_else(|| Failure::lookup_timed_out(&peer, deadline.allowed))?.map_err(Into::into)
            }
        });
        let mut tcp = HttpConnector::new_with_resolver(lookup);
        tcp.enforce_http(false);
        tcp.set_nodelay(self.nodelay);
        tcp.set_keepalive(self.keepalive);
        // Divided among the addresses of a name, so that one that does not answer leaves time for the next.
        tcp.set_connect_timeout(Some(deadline.allowed));
        match deadline.within(tcp.call(uri)).await {
            Some(Ok(stream)) => Ok(stream.into_inner()),
            Some(Err(error)) if !deadline.is_over() || Failure::find(&error).is_some() => Err(error.into()),
            Some(Err(_)) | None => Err(Failure::connect_timed_out(&self.peer, deadline.allowed).into()),
        }
    }
}

async fn handshake(
    tls: &ClientTls,
    stream: TcpStream,
    deadline: Deadline,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
    let connected_after = deadline.began.elapsed();
    let connecting = TlsConnector::from(Arc::clone(&tls.config)).connect(tls.name.clone(), stream);
    let stream = deadline
        .within(connecting)
        .await
        .ok_or_else(|| tls.handshake_timed_out(deadline.allowed, connected_after))?
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
        let is_gone = |error: &io::Error| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
            matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
        };
        if self.first.is_some() && matches!(&result, Poll::Ready(Err(error)) if is_gone(error)) {
            let mut bytes = [0; 64];
            // Where it is not there yet, the end of the socket is on its way, and wakes this; writing fails again then.
            if let Err(error) = ready!(self.poll_first(context, &mut ReadBuf::new(&mut bytes))) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Silent;

    impl Service<Name> for Silent {
        type Response = std::vec::IntoIter<SocketAddr>;
        type Error = io::Error;
        type Future = std::future::Pending<io::Result<Self::Response>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            std::future::pending()
        }
    }

    fn dialler<R>(resolver: R) -> Dialler<R> {
        Dialler { peer: "executor:8001".into(), resolver, nodelay: true, keepalive: None }
    }

    async fn refused<R>(dialler: Dialler<R>, url: &str, allowed: Duration) -> (String, Duration)
    where
        R: Service<Name, Error: Into<StdError>, Future: Send> + Clone + Send + Sync + 'static,
        R::Response: Iterator<Item = SocketAddr> + Send,
    {
        let began = Instant::now();
        let error = dialler.connect(url.parse().unwrap(), Deadline::new(allowed)).await.unwrap_err();
        (Failure::find(&*error).unwrap().to_string(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn lookup_is_within_the_time_to_connect() {
        let (message, took) = refused(dialler(Silent), "http://executor:8001", Duration::from_secs(5)).await;
        assert_eq!(message, "the address of `executor:8001` was not found within 5 s: name resolution does not answer");
        assert_eq!(took.as_secs(), 5);
    }

    #[tokio::test]
    async fn address_that_does_not_answer_is_said_to_be_one() {
        // Its queue is full, so the kernel answers nobody else.
        let listener = tokio::net::TcpSocket::new_v4().unwrap();
        listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            queued.push(stream.unwrap());
        }
        // Nothing more happens, so that the time passes at once.
        tokio::time::pause();
        let url = format!("http://{address}");
        let (message, took) = refused(dialler(GaiResolver::new()), &url, Duration::from_millis(250)).await;
        assert_eq!(
            message,
            "`executor:8001` did not accept a connection within 0.25 s: check the address and the network"
        );
        assert!(took < Duration::from_secs(1), "{took:?}");
    }

    /// A peer that has gone, of whose last words the runtime hears later.
    struct Gone {
        heard: bool,
    }

    impl AsyncRead for Gone {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if !std::mem::replace(&mut self.heard, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            buf.put_slice(&TLS_ALERT);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Gone {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn last_word_of_a_peer_that_has_gone_is_waited_for() {
        use tokio::io::AsyncWriteExt as _;
        let interpreter = Interpreter::Plain("executor:8001".into());
        let mut stream = Watched::new(Gone { heard: false }, interpreter, LastWord::default());
        let error = stream.write(b"PRI").await.unwrap_err();
        assert_eq!(error.to_string(), Failure::tls_at_plain_url("executor:8001").to_string());
    }

    #[tokio::test]
    async fn longest_time_is_no_time_limit() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let deadline = Deadline::new(Duration::MAX);
        assert!(dialler(GaiResolver::new()).connect(url.parse().unwrap(), deadline).await.is_ok());
    }
}
