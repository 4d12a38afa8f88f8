//! TLS as a client meets it: real certificates, real handshakes, an executor that is played.

#![expect(clippy::unwrap_used, reason = "what a test prepares works, or the test has failed")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use codemode::execution::{Connection, ConnectionOptions, Event, ExecutionError, Outcome, RetryPolicy};
use codemode::transport::TlsOptions;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tokio_stream::wrappers::ReceiverStream;

use crate::peer::{PATIENCE, Peer, Stage, request};

/// An authority and what it has signed, as files.
struct Authority {
    directory: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as files.
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new() -> Self {
        Self::named("authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { directory, issuer }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Signs a certificate after the test has changed it.
    fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let unique = self.directory.path().read_dir().unwrap().count();
        let write = |kind: &str, text: String| {
            let path = self.directory.path().join(format!("{kind}-{unique}.pem"));
            std::fs::write(&path, text).unwrap();
            path
        };
        Identity { certificate: write("certificate", certificate.pem()), key: write("key", key.serialize_pem()) }
    }

    fn server(&self) -> Identity {
        self.sign(&["localhost", "127.0.0.1"], |_| {})
    }
}

/// What a server asks of its clients.
#[derive(Clone, Copy)]
enum Clients<'a> {
    Anybody,
    SignedBy(&'a Authority),
}

static ANY_VERSION: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];

fn acceptor(identity: &Identity, clients: Clients<'_>, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
    use codemode_tls::{TlsFile, read_authorities, read_identity};
    use tokio_rustls::rustls::sign::SingleCertAndKey;

    let builder =
        ServerConfig::builder_with_provider(codemode_tls::provider()).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        Clients::Anybody => builder.with_no_client_auth(),
        Clients::SignedBy(authority) => {
            let roots: RootCertStore = read_authorities(TlsFile { setting: "ca", path: &authority.file() }).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), codemode_tls::provider()).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let identity = read_identity(
        TlsFile { setting: "certificate", path: &identity.certificate },
        TlsFile { setting: "key", path: &identity.key },
    );
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.unwrap())));
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// A played executor behind TLS, and where it is.
struct Server {
    peer: Peer,
    address: SocketAddr,
}

async fn complete(mut stage: Stage) {
    stage.start().await;
    stage.accept().await;
    stage.complete("1").await;
}

async fn serve(acceptor: TlsAcceptor) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, incoming) = mpsc::channel::<std::io::Result<_>>(1);
    let mut handshakes = JoinSet::new();
    handshakes.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(socket).await {
                let _ = sender.send(Ok(stream)).await;
            }
        }
    });
    let peer = Peer::serving(ReceiverStream::new(incoming), handshakes, complete);
    Server { peer, address }
}

async fn serve_plain() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    Server { peer: Peer::serving(incoming, JoinSet::new(), complete), address }
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions { ca_file: Some(authority.file()), ..TlsOptions::default() }
}

fn with_certificate(options: TlsOptions, identity: &Identity) -> TlsOptions {
    TlsOptions {
        client_cert_file: Some(identity.certificate.clone()),
        client_key_file: Some(identity.key.clone()),
        ..options
    }
}

fn connect(url: &str, tls: Option<TlsOptions>) -> Result<Connection, ExecutionError> {
    let retry = RetryPolicy { max_attempts: 3, backoff_base: Duration::from_millis(1), ..RetryPolicy::default() };
    let options = ConnectionOptions { api_key: Some("key".to_owned()), retry, tls, ..ConnectionOptions::default() };
    Connection::new(&url.parse().unwrap(), &options)
}

/// How an execution ends over a connection, with what differs between runs replaced.
struct Run {
    outcome: Result<Outcome, ExecutionError>,
    address: SocketAddr,
}

impl Run {
    async fn new(server: &Server, url: &str, tls: Option<TlsOptions>) -> Self {
        let url = url.replace("PORT", &server.address.port().to_string());
        Self { outcome: run(&connect(&url, tls).unwrap()).await, address: server.address }
    }

    /// The whole message of a failure that is not worth another attempt, and that had but one.
    fn permanent(self) -> String {
        let error = self.outcome.unwrap_err();
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!((error.code(), error.hint()), ("unavailable", None));
        shown(&error, self.address)
    }

    fn completed(self) {
        assert_eq!(self.outcome.unwrap(), Outcome::Completed);
    }
}

async fn run(connection: &Connection) -> Result<Outcome, ExecutionError> {
    let mut execution = connection.start(request());
    match tokio::time::timeout(PATIENCE, execution.next_event()).await.expect("in time").expect("it has an end") {
        Ok(Event::Finished(finished)) => Ok(finished.outcome),
        Ok(event) => panic!("{event:?} is not the end"),
        Err(error) => Err(error),
    }
}

fn shown(error: &dyn std::error::Error, address: SocketAddr) -> String {
    chain(error).replace(&address.port().to_string(), "PORT")
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}

fn without_directory(message: &str, directory: &Path) -> String {
    message.replace(directory.to_str().unwrap(), "DIR")
}

#[tokio::test]
async fn each_scheme_of_tls_and_options_alone_give_a_secure_connection() {
    let authority = Authority::new();
    let server = serve(acceptor(&authority.server(), Clients::Anybody, &ANY_VERSION)).await;
    for url in ["https://localhost:PORT", "grpcs://localhost:PORT/", "http://localhost:PORT", "grpc://127.0.0.1:PORT"] {
        Run::new(&server, url, Some(trusting(&authority))).await.completed();
    }
    server.peer.applause().await;
}

#[tokio::test]
async fn both_versions_of_tls_serve() {
    let authority = Authority::new();
    for version in ANY_VERSION {
        let server = serve(acceptor(&authority.server(), Clients::Anybody, &[version])).await;
        Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.completed();
    }
}

#[tokio::test]
async fn information_and_health_take_the_same_way() {
    let authority = Authority::new();
    let server = serve(acceptor(&authority.server(), Clients::Anybody, &ANY_VERSION)).await;
    let url = format!("https://{}", server.address);
    let connection = connect(&url, Some(trusting(&authority))).unwrap();
    assert_eq!(connection.info(PATIENCE).await.unwrap().version, "1.2.3");
    assert!(connection.is_healthy(PATIENCE).await);
    let distrusting = connect(&url, Some(trusting(&Authority::new()))).unwrap();
    assert!(!distrusting.is_healthy(PATIENCE).await);
    assert!(!distrusting.info(PATIENCE).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn certificate_for_an_address_serves_that_address() {
    let authority = Authority::new();
    let server = serve(acceptor(&authority.sign(&["127.0.0.1"], |_| {}), Clients::Anybody, &ANY_VERSION)).await;
    Run::new(&server, "https://127.0.0.1:PORT", Some(trusting(&authority))).await.completed();
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is for `127.0.0.1`, not for `localhost`: use one of its names in the url, or give the executor a certificate that has `localhost` as a subjectAltName");
}

#[tokio::test]
async fn certificate_of_another_host_is_refused_with_its_names() {
    let authority = Authority::new();
    let server =
        serve(acceptor(&authority.sign(&["other.example", "10.0.0.1"], |_| {}), Clients::Anybody, &ANY_VERSION));
    let refused = Run::new(&server.await, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is for `other.example`, `10.0.0.1`, not for `localhost`: use one of its names in the url, or give the executor a certificate that has `localhost` as a subjectAltName");
}

#[tokio::test]
async fn certificate_without_a_host_is_refused_with_the_remedy() {
    let authority = Authority::new();
    let common_name = |params: &mut CertificateParams| params.distinguished_name.push(DnType::CommonName, "localhost");
    let server = serve(acceptor(&authority.sign(&[], common_name), Clients::Anybody, &ANY_VERSION)).await;
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` names no host: make one that has `localhost` as a subjectAltName; a common name is not enough");
}

#[tokio::test]
async fn certificate_of_an_unknown_authority_is_refused() {
    let (authority, other, same_name) = (Authority::new(), Authority::named("other authority"), Authority::new());
    let server = serve(acceptor(&authority.server(), Clients::Anybody, &ANY_VERSION)).await;
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&other))).await.permanent();
    insta::assert_snapshot!(without_directory(&refused, other.directory.path()), @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is signed by an authority that is not in `ca_file` (`DIR/ca.pem`): add that authority's certificate to the file, or let the executor send the authorities between");
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&same_name))).await.permanent();
    insta::assert_snapshot!(without_directory(&refused, same_name.directory.path()), @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is not signed by the authority whose name it has: `ca_file` (`DIR/ca.pem`) has another one of that name, as when an authority was made anew; give the one that signed it as `ca_file`");
    // The authorities of the system are trusted only where no others are named.
    let refused = Run::new(&server, "https://localhost:PORT", None).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is signed by an authority that this system does not trust: give that authority's certificate as `ca_file`");
    assert_eq!(server.peer.attempts(), 0);
}

#[tokio::test]
async fn certificate_outside_of_its_time_is_refused_with_the_date() {
    let authority = Authority::new();
    let expired = authority.sign(&["localhost"], |params| params.not_after = date_time_ymd(2020, 2, 29));
    let server = serve(acceptor(&expired, Clients::Anybody, &ANY_VERSION)).await;
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` expired on 2020-02-29 00:00:00 UTC: renew it, or correct this machine's clock");
    let future = authority.sign(&["localhost"], |params| params.not_before = date_time_ymd(2999, 1, 1));
    let server = serve(acceptor(&future, Clients::Anybody, &ANY_VERSION)).await;
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is not valid before 2999-01-01 00:00:00 UTC: correct this machine's clock, or wait");
}

#[tokio::test]
async fn certificates_of_another_purpose_are_refused() {
    let authority = Authority::new();
    let client = authority.sign(&["localhost"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let server = serve(acceptor(&client, Clients::Anybody, &ANY_VERSION)).await;
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is not one for servers: make one whose extendedKeyUsage has serverAuth");
    let itself = authority.sign(&["localhost"], |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let server = serve(acceptor(&itself, Clients::Anybody, &ANY_VERSION)).await;
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): the certificate of `localhost:PORT` is that of an authority (CA:TRUE), which must not serve: sign a certificate for `localhost` with it, and give the executor that one");
}

#[tokio::test]
async fn client_with_a_certificate_is_served() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let client = clients.sign(&["client"], |_| {});
    for version in ANY_VERSION {
        let server = serve(acceptor(&authority.server(), Clients::SignedBy(&clients), &[version])).await;
        let options = with_certificate(trusting(&authority), &client);
        Run::new(&server, "https://localhost:PORT", Some(options)).await.completed();
    }
}

#[tokio::test]
async fn client_without_a_certificate_is_told_to_give_one() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let mut messages = Vec::new();
    for version in ANY_VERSION {
        let server = serve(acceptor(&authority.server(), Clients::SignedBy(&clients), &[version])).await;
        messages.push(Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent());
        assert_eq!(server.peer.attempts(), 0);
    }
    assert_eq!(messages[0], messages[1]);
    insta::assert_snapshot!(messages[0], @"failed to reach the executor at `https://localhost:PORT` (1 attempt): `localhost:PORT` demands a client certificate: give `client_cert_file` and `client_key_file`");
}

#[tokio::test]
async fn client_whose_certificate_is_refused_is_told_why() {
    let (authority, clients, strangers) = (Authority::new(), Authority::new(), Authority::named("strangers"));
    for version in ANY_VERSION {
        let server = serve(acceptor(&authority.server(), Clients::SignedBy(&clients), &[version])).await;
        let stranger = strangers.sign(&["client"], |_| {});
        let options = with_certificate(trusting(&authority), &stranger);
        let refused = Run::new(&server, "https://localhost:PORT", Some(options)).await.permanent();
        let name = stranger.certificate.to_str().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.replace(name, "FILE"), @"failed to reach the executor at `https://localhost:PORT` (1 attempt): `localhost:PORT` refused `client_cert_file` (`FILE`): it is not signed by an authority that the executor trusts; give one that is signed by an authority in the executor's --tls-client-ca-file");
        }
        let expired = clients.sign(&["client"], |params| params.not_after = date_time_ymd(2020, 2, 29));
        let options = with_certificate(trusting(&authority), &expired);
        let refused = Run::new(&server, "https://localhost:PORT", Some(options)).await.permanent();
        let name = expired.certificate.to_str().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.replace(name, "FILE"), @"failed to reach the executor at `https://localhost:PORT` (1 attempt): `localhost:PORT` refused `client_cert_file` (`FILE`): it has expired or is not valid yet; renew it");
        }
        assert_eq!(server.peer.attempts(), 0);
    }
}

#[tokio::test]
async fn plain_server_at_a_tls_url_is_named_and_is_sent_nothing() {
    let authority = Authority::new();
    let server = serve_plain().await;
    let refused = Run::new(&server, "https://localhost:PORT", Some(trusting(&authority))).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `https://localhost:PORT` (1 attempt): `localhost:PORT` answers in plain text, and TLS was asked for: start the executor with --tls-cert-file and --tls-key-file, or, within a network that you trust, use `http://` without TLS options");
    // Neither does the scheme `http://` weaken options that ask for TLS.
    let again = Run::new(&server, "http://localhost:PORT", Some(trusting(&authority))).await.permanent();
    assert_eq!(again.replace("at `http:", "at `https:"), refused);
    assert_eq!(server.peer.attempts(), 0);
}

#[tokio::test]
async fn tls_server_at_a_plain_url_is_named() {
    let authority = Authority::new();
    let server = serve(acceptor(&authority.server(), Clients::Anybody, &ANY_VERSION)).await;
    let refused = Run::new(&server, "http://localhost:PORT", None).await.permanent();
    insta::assert_snapshot!(refused, @"failed to reach the executor at `http://localhost:PORT` (1 attempt): `localhost:PORT` speaks TLS, and the url asks for plain text: write `https://localhost:PORT`");
    assert_eq!(server.peer.attempts(), 0);
}

/// A server that is not gRPC: what it got of a client's first words, after it has answered `answer` and closed.
async fn answering(answer: &'static [u8]) -> (SocketAddr, JoinSet<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut socket: TcpStream = listener.accept().await.unwrap().0;
        drop(listener);
        let mut heard = vec![0; 16 * 1024];
        let length = socket.read(&mut heard).await.unwrap();
        heard.truncate(length);
        socket.write_all(answer).await.unwrap();
        heard
    });
    (address, server)
}

#[tokio::test]
async fn key_is_never_sent_before_the_handshake_is_done() {
    let (address, mut server) = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let authority = Authority::new();
    let error = run(&connect(&format!("https://{address}"), Some(trusting(&authority))).unwrap()).await.unwrap_err();
    assert!(!error.is_retryable());
    let heard = server.join_next().await.unwrap().unwrap();
    // A handshake record, and nothing of HTTP/2.
    assert_eq!(heard[..2], [22, 3]);
    assert!(!heard.windows(3).any(|part| part == b"PRI" || part == b"key"));
}

#[tokio::test]
async fn peer_that_closes_during_the_handshake_may_be_tried_again() {
    let (address, _server) = answering(b"").await;
    let authority = Authority::new();
    let url = format!("https://{address}");
    let options = ConnectionOptions {
        retry: RetryPolicy::none(),
        tls: Some(trusting(&authority)),
        ..ConnectionOptions::default()
    };
    let error = run(&Connection::new(&url.parse().unwrap(), &options).unwrap()).await.unwrap_err();
    assert!(error.is_retryable());
    insta::assert_snapshot!(shown(&error, address), @"failed to reach the executor at `https://127.0.0.1:PORT` (1 attempt): `127.0.0.1:PORT` closed the connection during the TLS handshake: it is stopping, or does not speak TLS");
}

#[tokio::test]
async fn stalled_handshake_ends_with_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let authority = Authority::new();
    let options = ConnectionOptions {
        connect_timeout: Duration::from_millis(4_500),
        retry: RetryPolicy::none(),
        tls: Some(trusting(&authority)),
        ..ConnectionOptions::default()
    };
    let connection = Connection::new(&format!("https://{address}").parse().unwrap(), &options).unwrap();
    // The handshake has begun, and nobody answers: from here on the time passes at once.
    let stalled = async {
        let mut socket: TcpStream = listener.accept().await.unwrap().0;
        socket.read_u8().await.unwrap();
        tokio::time::pause();
        std::future::pending::<()>().await;
    };
    let error = tokio::select! {
        outcome = run(&connection) => outcome.unwrap_err(),
        () = stalled => unreachable!("it waits"),
    };
    assert!(error.is_retryable());
    insta::assert_snapshot!(shown(&error, address), @"failed to reach the executor at `https://127.0.0.1:PORT` (1 attempt): `127.0.0.1:PORT` did not complete the TLS handshake within 4.5 s");
}

#[tokio::test]
async fn connection_is_opened_again_when_the_certificate_was_mended() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bad = acceptor(&authority.sign(&["other.example"], |_| {}), Clients::Anybody, &ANY_VERSION);
    let good = acceptor(&authority.server(), Clients::Anybody, &ANY_VERSION);
    let (sender, incoming) = mpsc::channel::<std::io::Result<_>>(1);
    let mut handshakes = JoinSet::new();
    handshakes.spawn(async move {
        assert!(bad.accept(listener.accept().await.unwrap().0).await.is_err());
        let stream = good.accept(listener.accept().await.unwrap().0).await.unwrap();
        let _ = sender.send(Ok(stream)).await;
        std::future::pending::<()>().await;
    });
    let _peer = Peer::serving(ReceiverStream::new(incoming), handshakes, complete);
    let connection = connect(&format!("https://localhost:{}", address.port()), Some(trusting(&authority))).unwrap();
    assert!(run(&connection).await.is_err());
    assert_eq!(run(&connection).await.unwrap(), Outcome::Completed);
}

#[tokio::test]
async fn options_that_cannot_be_used_are_refused_before_anything_is_dialled() {
    let authority = Authority::new();
    let identity = authority.server();
    let refused = |url: &str, tls: TlsOptions| {
        let error = connect(url, Some(tls)).unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("tls", false));
        without_directory(&chain(&error), authority.directory.path())
    };
    let missing = TlsOptions { ca_file: Some("/nowhere/ca.pem".into()), ..TlsOptions::default() };
    insta::assert_snapshot!(refused("https://executor", missing), @"failed to prepare TLS for the executor at `https://executor`: cannot use `/nowhere/ca.pem` as `ca_file`: it does not exist; correct the path");
    let key = TlsOptions { ca_file: Some(identity.key.clone()), ..TlsOptions::default() };
    insta::assert_snapshot!(refused("https://executor", key), @"failed to prepare TLS for the executor at `https://executor`: cannot use `DIR/key-1.pem` as `ca_file`: it has no certificate, only: `PRIVATE KEY`");
    let half = TlsOptions { client_cert_file: Some(identity.certificate.clone()), ..trusting(&authority) };
    insta::assert_snapshot!(refused("https://executor", half), @"failed to prepare TLS for the executor at `https://executor`: `client_cert_file` needs `client_key_file`: a client certificate and its key are given together");
    let other = Identity { certificate: identity.certificate.clone(), key: authority.server().key };
    insta::assert_snapshot!(refused("https://executor", with_certificate(trusting(&authority), &other)), @"failed to prepare TLS for the executor at `https://executor`: cannot use `DIR/key-3.pem` as `client_key_file`: it is not the key of the first certificate in `DIR/certificate-1.pem`; that file begins with the certificate itself, followed by the authorities that signed it");
    insta::assert_snapshot!(refused("unix:/run/codemode.sock", TlsOptions::default()), @"failed to prepare TLS for the executor at `unix:/run/codemode.sock`: a unix socket has no TLS: leave out the TLS options, or use `https://host:port`");
    insta::assert_snapshot!(refused("https://-", trusting(&authority)), @"failed to prepare TLS for the executor at `https://-`: `-` is neither a name nor an address that a certificate can have");
}
