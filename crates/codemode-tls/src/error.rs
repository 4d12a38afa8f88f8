//! What may be wrong with a PEM file, and what its owner does about it.

use std::path::PathBuf;

/// A file that TLS cannot be set up with. Nothing was dialled or served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot use `{}` as `{setting}`: {problem}", path.display())]
pub struct TlsFileError {
    /// What names the file: a field or a flag.
    pub setting: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// What is wrong with a file, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// Nothing has this name.
    #[error("it does not exist; correct the path")]
    Missing,
    /// The operating system forbids it.
    #[error("this process may not read it; give its user the permission")]
    Forbidden,
    /// A directory.
    #[error("it is a directory; name the file in it")]
    Directory,
    /// Any other answer of the operating system.
    #[error("it cannot be read ({0})")]
    Unreadable(String),
    /// Nothing was written yet.
    #[error("it is empty")]
    Empty,
    /// More than any certificate bundle has.
    #[error("it is larger than {} MiB, which no PEM file of certificates is", .0 >> 20)]
    TooLarge(u64),
    /// DER, most likely.
    #[error("it is not PEM, which has lines such as `-----BEGIN {expected}-----`; convert DER with: {command}")]
    NotPem {
        /// The label that it should have.
        expected: &'static str,
        /// How DER becomes PEM.
        command: &'static str,
    },
    /// Cut off, or changed.
    #[error("a PEM block in it is damaged; copy the file again")]
    Damaged,
    /// PEM of other things.
    #[error("it has no {wanted}, only: {found}")]
    Lacking {
        /// `certificate` or `private key`.
        wanted: &'static str,
        /// The labels of its blocks.
        found: String,
    },
    /// A password would be needed, and there is nobody to ask.
    #[error(
        "its private key is encrypted; decrypt it with: openssl pkey -in FILE -out NEW, and let only this process' user \
         read the new file"
    )]
    Encrypted,
    /// A kind or size of key that the provider does not have.
    #[error("its private key is of no kind that is supported: RSA from 2048 bits, ECDSA P-256 and P-384, Ed25519")]
    UnsupportedKey,
    /// Not X.509, or with an extension that is not known.
    #[error("its certificate number {0} is malformed or of an unknown kind")]
    BadCertificate(usize),
    /// The key of another certificate.
    #[error(
        "it is not the key of the first certificate in `{}`; that file begins with the certificate itself, followed by \
         the authorities that signed it", .0.display()
    )]
    OtherKey(PathBuf),
}
