//! Certificates and keys from PEM files, each checked as far as it can be before a connection is made.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::CertifiedKey;

use crate::{FileProblem, TlsFileError, provider};

/// Above the bundle of every public authority, which is a quarter of a MiB.
const MAX_SIZE: u64 = 8 << 20;

/// A file, and the setting that names it.
#[derive(Clone, Copy, Debug)]
pub struct TlsFile<'a> {
    /// As its owner knows it: a field or a flag.
    pub setting: &'static str,
    /// Where it is.
    pub path: &'a Path,
}

impl TlsFile<'_> {
    fn error(self, problem: FileProblem) -> TlsFileError {
        TlsFileError { setting: self.setting, path: self.path.to_owned(), problem }
    }
}

/// The authorities of a file. Each certificate in it is trusted.
pub fn read_authorities(file: TlsFile<'_>) -> Result<RootCertStore, TlsFileError> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates(file)?.into_iter().enumerate() {
        roots.add(certificate).map_err(|_| file.error(FileProblem::BadCertificate(index + 1)))?;
    }
    Ok(roots)
}

/// A certificate with the authorities that signed it, and its private key.
pub fn read_identity(certificate: TlsFile<'_>, key: TlsFile<'_>) -> Result<Arc<CertifiedKey>, TlsFileError> {
    let chain = certificates(certificate)?;
    for (index, der) in chain.iter().enumerate() {
        ParsedCertificate::try_from(der).map_err(|_| certificate.error(FileProblem::BadCertificate(index + 1)))?;
    }
    let private_key = private_key(key)?;
    let signing_key =
        provider().key_provider.load_private_key(private_key).map_err(|_| key.error(FileProblem::UnsupportedKey))?;
    let identity = CertifiedKey::new(chain, signing_key);
    // Each key of the provider knows its public half, so the check is never left out.
    identity.keys_match().map_err(|_| key.error(FileProblem::OtherKey(certificate.path.to_owned())))?;
    Ok(Arc::new(identity))
}

fn certificates(file: TlsFile<'_>) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let text = read(file)?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    // What the parser says may quote the file.
    let found = found.map_err(|_: pem::Error| file.error(FileProblem::Damaged))?;
    if found.is_empty() {
        let command = "openssl x509 -inform der -in FILE -out FILE.pem";
        return Err(file.error(lacking(&text, "certificate", "CERTIFICATE", command)));
    }
    Ok(found)
}

fn private_key(file: TlsFile<'_>) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    let text = read(file)?;
    // Of PKCS #8, and of the older form, which says so in a header.
    let is_encrypted =
        labels(&text).any(|label| label == "ENCRYPTED PRIVATE KEY") || contains(&text, b"Proc-Type: 4,ENCRYPTED");
    match PrivateKeyDer::from_pem_slice(&text) {
        _ if is_encrypted => Err(file.error(FileProblem::Encrypted)),
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => {
            let command = "openssl pkey -inform der -in FILE -out FILE.pem";
            Err(file.error(lacking(&text, "private key", "PRIVATE KEY", command)))
        }
        Err(_) => Err(file.error(FileProblem::Damaged)),
    }
}

fn lacking(text: &[u8], wanted: &'static str, expected: &'static str, command: &'static str) -> FileProblem {
    if text.is_empty() {
        return FileProblem::Empty;
    }
    let found = labels(text).take(4).map(|label| format!("`{label}`")).collect::<Vec<_>>();
    if found.is_empty() {
        return FileProblem::NotPem { expected, command };
    }
    FileProblem::Lacking { wanted, found: found.join(", ") }
}

/// The labels of PEM blocks: words in capitals, so that nothing else of the file can pass for one.
fn labels(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let label = line.trim_ascii().strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
        let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
        (label.len() <= 40 && label.iter().all(is_label)).then(|| str::from_utf8(label).ok()).flatten()
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn read(file: TlsFile<'_>) -> Result<Vec<u8>, TlsFileError> {
    let mut text = Vec::new();
    File::open(file.path)
        .and_then(|opened| opened.take(MAX_SIZE + 1).read_to_end(&mut text))
        .map_err(|error| file.error(unreadable(&error)))?;
    if text.len() as u64 > MAX_SIZE {
        return Err(file.error(FileProblem::TooLarge(MAX_SIZE)));
    }
    Ok(text)
}

fn unreadable(error: &std::io::Error) -> FileProblem {
    match error.kind() {
        ErrorKind::NotFound => FileProblem::Missing,
        ErrorKind::PermissionDenied => FileProblem::Forbidden,
        ErrorKind::IsADirectory => FileProblem::Directory,
        kind => FileProblem::Unreadable(kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair};
    use tempfile::TempDir;

    use super::*;

    struct Files {
        directory: TempDir,
        key: KeyPair,
        certificate: String,
    }

    impl Files {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
            Self { directory: tempfile::tempdir().unwrap(), key, certificate: certificate.pem() }
        }

        fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        }

        fn shown<T>(&self, result: Result<T, TlsFileError>) -> String {
            let error = result.map(drop).unwrap_err();
            // The name of the directory is random, and may have these letters.
            let [debug, shown] = [format!("{error:?}"), error.to_string()]
                .map(|text| text.replace(self.directory.path().to_str().unwrap(), "DIR"));
            assert!(!debug.contains("MII"), "no content in a message");
            shown
        }

        fn authorities(&self, content: impl AsRef<[u8]>) -> String {
            let path = self.write("ca.pem", content);
            self.shown(read_authorities(TlsFile { setting: "ca_file", path: &path }))
        }

        fn identity(&self, certificate: &str, key: &str) -> Result<Arc<CertifiedKey>, TlsFileError> {
            let certificate = self.write("cert.pem", certificate);
            let key = self.write("key.pem", key);
            read_identity(
                TlsFile { setting: "cert_file", path: &certificate },
                TlsFile { setting: "key_file", path: &key },
            )
        }
    }

    #[test]
    fn certificates_are_read_with_their_key() {
        let files = Files::new();
        let path = files.write("ca.pem", format!("a comment\n{}\n{}", files.certificate, files.key.serialize_pem()));
        assert_eq!(read_authorities(TlsFile { setting: "ca_file", path: &path }).unwrap().len(), 1);
        assert_eq!(files.identity(&files.certificate, &files.key.serialize_pem()).unwrap().cert.len(), 1);
    }

    #[test]
    fn files_that_cannot_be_read_are_named_with_the_reason() {
        let files = Files::new();
        let read = |path: &Path| files.shown(read_authorities(TlsFile { setting: "ca_file", path }));
        insta::assert_snapshot!(read(&files.directory.path().join("missing.pem")), @"cannot use `DIR/missing.pem` as `ca_file`: it does not exist; correct the path");
        insta::assert_snapshot!(read(files.directory.path()), @"cannot use `DIR` as `ca_file`: it is a directory; name the file in it");
        insta::assert_snapshot!(read(Path::new("/dev/zero")), @"cannot use `/dev/zero` as `ca_file`: it is larger than 8 MiB, which no PEM file of certificates is");
    }

    #[test]
    fn authorities_that_are_none_are_refused_with_the_remedy() {
        let files = Files::new();
        insta::assert_snapshot!(files.authorities(""), @"cannot use `DIR/ca.pem` as `ca_file`: it is empty");
        insta::assert_snapshot!(files.authorities(b"\x30\x82\x01\x00"), @"cannot use `DIR/ca.pem` as `ca_file`: it is not PEM, which has lines such as `-----BEGIN CERTIFICATE-----`; convert DER with: openssl x509 -inform der -in FILE -out FILE.pem");
        insta::assert_snapshot!(files.authorities(files.key.serialize_pem()), @"cannot use `DIR/ca.pem` as `ca_file`: it has no certificate, only: `PRIVATE KEY`");
        insta::assert_snapshot!(files.authorities(&files.certificate[..200]), @"cannot use `DIR/ca.pem` as `ca_file`: a PEM block in it is damaged; copy the file again");
        insta::assert_snapshot!(files.authorities("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"), @"cannot use `DIR/ca.pem` as `ca_file`: a PEM block in it is damaged; copy the file again");
        insta::assert_snapshot!(
            files.authorities(format!("{}-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n", files.certificate)),
            @"cannot use `DIR/ca.pem` as `ca_file`: its certificate number 2 is malformed or of an unknown kind"
        );
    }

    #[test]
    fn keys_that_do_not_serve_are_refused_with_the_remedy() {
        let files = Files::new();
        let refused = |certificate: &str, key: &str| files.shown(files.identity(certificate, key));
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIB\n-----END \
                     RSA PRIVATE KEY-----\n";
        let unknown = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
        let other = KeyPair::generate().unwrap().serialize_pem();
        let key = files.key.serialize_pem();
        insta::assert_snapshot!(refused(&files.certificate, encrypted), @"cannot use `DIR/key.pem` as `key_file`: its private key is encrypted; decrypt it with: openssl pkey -in FILE -out NEW, and let only this process' user read the new file");
        assert_eq!(refused(&files.certificate, older), refused(&files.certificate, encrypted));
        insta::assert_snapshot!(refused(&files.certificate, unknown), @"cannot use `DIR/key.pem` as `key_file`: its private key is of no kind that is supported: RSA from 2048 bits, ECDSA P-256 and P-384, Ed25519");
        insta::assert_snapshot!(refused(&files.certificate, &other), @"cannot use `DIR/key.pem` as `key_file`: it is not the key of the first certificate in `DIR/cert.pem`; that file begins with the certificate itself, followed by the authorities that signed it");
        insta::assert_snapshot!(refused(&files.certificate, &files.certificate), @"cannot use `DIR/key.pem` as `key_file`: it has no private key, only: `CERTIFICATE`");
        insta::assert_snapshot!(refused(&files.certificate, "secret"), @"cannot use `DIR/key.pem` as `key_file`: it is not PEM, which has lines such as `-----BEGIN PRIVATE KEY-----`; convert DER with: openssl pkey -inform der -in FILE -out FILE.pem");
        insta::assert_snapshot!(refused(&key, &key), @"cannot use `DIR/cert.pem` as `cert_file`: it has no certificate, only: `PRIVATE KEY`");
        insta::assert_snapshot!(refused("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n", &key), @"cannot use `DIR/cert.pem` as `cert_file`: its certificate number 1 is malformed or of an unknown kind");
    }
}
