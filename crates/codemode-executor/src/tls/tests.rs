use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::net::SocketAddr;
use tempfile::TempDir;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_stream::StreamExt as _;

use super::*;
use crate::connections::{HANDSHAKE_TIME, Incoming, Seats};

type TlsIncoming = Incoming<TcpListener, Certificates>;

/// The files of an executor and its authority.
struct Files {
    directory: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Files {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let files = Self { directory: tempfile::tempdir().unwrap(), issuer };
        files.write("ca.pem", &files.issuer.pem());
        let (certificate, key) = files.sign("first");
        files.write("cert.pem", &certificate);
        files.write("key.pem", &key);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// As those who rotate certificates do: beside it, then over it.
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path("new"), text).unwrap();
        std::fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    fn sign(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn settings(&self) -> ServerTls {
        ServerTls {
            cert_file: self.path("cert.pem"),
            key_file: self.path("key.pem"),
            client_ca_file: None,
            client_auth: ClientAuth::None,
        }
    }

    async fn incoming(&self) -> (TlsIncoming, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let certificates = Certificates::load(self.settings()).unwrap();
        (Incoming::new(listener, certificates, Seats::of_this_process()), address)
    }

    fn connector(&self) -> TlsConnector {
        let roots = read_authorities(TlsFile { setting: "ca", path: &self.path("ca.pem") }).unwrap();
        let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    }

    /// A client's connection, and the certificate that the executor showed it.
    async fn connect(&self, address: SocketAddr) -> io::Result<(tokio_rustls::client::TlsStream<TcpStream>, Vec<u8>)> {
        let socket = TcpStream::connect(address).await?;
        let stream = self.connector().connect(ServerName::try_from("localhost").unwrap(), socket).await?;
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        Ok((stream, shown))
    }

    fn refused(&self, settings: ServerTls) -> String {
        let error = Certificates::load(settings).unwrap_err();
        error.to_string().replace(self.directory.path().to_str().unwrap(), "DIR")
    }
}

/// Serves until the client's side has an outcome.
async fn served<T>(incoming: &mut TlsIncoming, client: impl Future<Output = T>) -> T {
    let mut streams = Vec::new();
    let mut client = std::pin::pin!(client);
    loop {
        tokio::select! {
            outcome = &mut client => return outcome,
            stream = incoming.next() => streams.push(stream),
        }
    }
}

#[tokio::test]
async fn connection_is_given_out_when_its_handshake_is_done() {
    let files = Files::new();
    let (mut incoming, address) = files.incoming().await;
    let client = async {
        let (mut stream, _) = files.connect(address).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        stream
    };
    let (server, _client) = tokio::join!(incoming.next(), client);
    let mut heard = [0; 5];
    server.unwrap().unwrap().read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

#[tokio::test(start_paused = true)]
async fn stalled_handshake_is_dropped_at_its_deadline() {
    let files = Files::new();
    let (mut incoming, address) = files.incoming().await;
    let began = Instant::now();
    let mut stalled = TcpStream::connect(address).await.unwrap();
    let mut byte = [0];
    let end = served(&mut incoming, stalled.read(&mut byte)).await;
    assert_eq!((end.unwrap(), began.elapsed().as_secs()), (0, HANDSHAKE_TIME.as_secs()));
}

#[tokio::test]
async fn silence_after_the_handshake_is_dropped_at_the_same_deadline() {
    let files = Files::new();
    let (mut incoming, address) = files.incoming().await;
    let began = Instant::now();
    let client = async {
        let (mut stream, _) = files.connect(address).await.unwrap();
        // Not before: the time would pass while a packet is on its way.
        tokio::time::pause();
        let connected = Instant::now();
        (stream.read(&mut [0]).await, connected)
    };
    let (end, connected) = served(&mut incoming, client).await;
    assert!(matches!(end, Ok(0) | Err(_)));
    assert!(began.elapsed() >= HANDSHAKE_TIME);
    assert!(connected.elapsed().as_secs() <= HANDSHAKE_TIME.as_secs());
}

#[tokio::test]
async fn failing_handshakes_disturb_no_other() {
    let files = Files::new();
    let (mut incoming, address) = files.incoming().await;
    let clients = async {
        let mut plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        plain.read_to_end(&mut answer).await.unwrap();
        drop(TcpStream::connect(address).await.unwrap());
        let stranger = Files::new();
        let refused = stranger.connect(address).await.is_err();
        (answer, refused, files.connect(address).await.is_ok())
    };
    let (answer, refused, connected) = served(&mut incoming, clients).await;
    // An alert, whole, and the end of the stream: not a reset that would destroy it.
    assert_eq!((&answer[..2], answer.len()), (&[21, 3][..], 7));
    assert!(refused && connected);
}

#[tokio::test]
async fn changed_certificate_serves_the_next_connection() {
    let files = Files::new();
    let (mut incoming, address) = files.incoming().await;
    let (first, _) = files.sign("never written");
    let (_stream, before) = served(&mut incoming, files.connect(address)).await.unwrap();
    let (certificate, key) = files.sign("second");
    files.write("cert.pem", &certificate);
    // The key is still that of the first: what fits is kept.
    let (_stream, between) = served(&mut incoming, files.connect(address)).await.unwrap();
    files.write("key.pem", &key);
    let (_stream, after) = served(&mut incoming, files.connect(address)).await.unwrap();
    assert_eq!(before, between);
    assert_ne!(before, after);
    std::fs::remove_file(files.path("key.pem")).unwrap();
    files.write("cert.pem", &first);
    let (_stream, kept) = served(&mut incoming, files.connect(address)).await.unwrap();
    assert_eq!(after, kept);
}

#[test]
fn settings_that_cannot_serve_are_refused_with_the_remedy() {
    let files = Files::new();
    let missing = ServerTls { cert_file: files.path("missing.pem"), ..files.settings() };
    assert_eq!(
        files.refused(missing),
        "cannot use `DIR/missing.pem` as `--tls-cert-file`: it does not exist; correct the path"
    );
    let swapped = ServerTls { cert_file: files.path("key.pem"), key_file: files.path("cert.pem"), ..files.settings() };
    assert_eq!(
        files.refused(swapped),
        "cannot use `DIR/key.pem` as `--tls-cert-file`: it has no certificate, only: `PRIVATE KEY`"
    );
    files.write("other.pem", &files.sign("other").1);
    let other = ServerTls { key_file: files.path("other.pem"), ..files.settings() };
    assert_eq!(
        files.refused(other),
        "cannot use `DIR/other.pem` as `--tls-key-file`: it is not the key of the first certificate in `DIR/cert.pem`; that \
         file begins with the certificate itself, followed by the authorities that signed it"
    );
    let nobody = ServerTls { client_auth: ClientAuth::Required, ..files.settings() };
    assert_eq!(
        files.refused(nobody),
        "cannot check the certificates of clients without an authority: set --tls-client-ca-file"
    );
    let unused = ServerTls { client_ca_file: Some(files.path("ca.pem")), ..files.settings() };
    assert_eq!(
        files.refused(unused),
        "the authorities of `DIR/ca.pem` would check no client: set client_auth to optional or required"
    );
}
