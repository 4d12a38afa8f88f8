//! What keeps a checkpoint whole and secret where it is stored.
//!
//! ```text
//! "CMCP" 1 0  SHA-256 of place and content            content        without a key
//! "CMCP" 1 1  key id (8)  nonce (12)                   ciphertext    with one: ChaCha20-Poly1305
//! ```
//!
//! `place` names what is sealed (an execution and what part of it); it is authenticated and not stored, so that a document
//! that was moved to another place does not open there. Without a key accidents are noticed, and forgeries are not.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::random;

const MAGIC: [u8; 4] = *b"CMCP";
const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const SEALED: u8 = 1;
const PREFIX: usize = MAGIC.len() + 2;
const KEY_ID: usize = 8;
const KEY: usize = 32;
/// A shorter secret could be guessed. As many bytes as a random UUID has.
const MIN_SECRET: usize = 16;

/// Why a checkpoint cannot be opened, or a key not be used. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key is too short.
    #[error("a checkpoint key needs at least {MIN_SECRET} bytes, not {0}")]
    ShortKey(usize),
    /// It begins with something else.
    #[error("it is not a checkpoint")]
    NotACheckpoint,
    /// A later version of this package wrote it.
    #[error("it has the format {0}; this version reads format {VERSION}")]
    Version(u8),
    /// It is sealed with another key than any that was given.
    #[error("it is sealed with another key")]
    OtherKey,
    /// It is sealed, and no key was given.
    #[error("it is sealed, and no key was given")]
    KeyMissing,
    /// It has no seal, and a key was given: whoever can write it could have made it.
    #[error("it has no seal, although a key was given")]
    NotSealed,
    /// It was changed, cut, or moved here from another place.
    #[error("it was changed since it was written, or belongs to another execution")]
    Changed,
}

/// A key that seals checkpoints, derived from a secret of the application's.
pub struct CheckpointKey {
    id: [u8; KEY_ID],
    key: LessSafeKey,
}

impl CheckpointKey {
    /// Any secret of 16 bytes or more; random ones are best.
    pub fn new(secret: &[u8]) -> Result<Self, SealError> {
        if secret.len() < MIN_SECRET {
            return Err(SealError::ShortKey(secret.len()));
        }
        Ok(Self { id: derive(secret, b"id"), key: cipher(&derive(secret, b"key")) })
    }

    /// Encrypts and authenticates.
    pub fn seal(&self, place: &[u8], content: &[u8]) -> Vec<u8> {
        // Random, since several hosts may have the key: 2^32 documents may be sealed before two nonces meet.
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let mut sealed = prefix(SEALED, KEY_ID + NONCE_LEN + content.len() + CHACHA20_POLY1305.tag_len());
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&self.encrypt(nonce, place, content));
        sealed
    }

    fn encrypt(&self, nonce: [u8; NONCE_LEN], place: &[u8], content: &[u8]) -> Vec<u8> {
        let mut ciphertext = content.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut ciphertext)
            .expect("no memory holds the algorithm's limit of 256 GiB for one message");
        ciphertext
    }

    /// Decrypts what [`Self::seal`] made for the same place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (kind, rest) = split(sealed)?;
        if kind == PLAIN {
            return Err(SealError::NotSealed);
        }
        let (id, rest) = rest.split_first_chunk::<KEY_ID>().ok_or(SealError::Changed)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Changed)?;
        if *id != self.id {
            return Err(SealError::OtherKey);
        }
        let mut ciphertext = ciphertext.to_vec();
        let length = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), &mut ciphertext)
            .map_err(|_| SealError::Changed)?
            .len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }
}

impl std::fmt::Debug for CheckpointKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CheckpointKey").finish_non_exhaustive()
    }
}

/// A document that shows accidents, for an application without a key.
pub fn seal_plain(place: &[u8], content: &[u8]) -> Vec<u8> {
    let mut document = prefix(PLAIN, SHA256_OUTPUT_LEN + content.len());
    document.extend_from_slice(&fingerprint(place, content));
    document.extend_from_slice(content);
    document
}

/// Reads what [`seal_plain`] made for the same place.
pub fn open_plain(place: &[u8], document: &[u8]) -> Result<Vec<u8>, SealError> {
    let (kind, rest) = split(document)?;
    if kind == SEALED {
        return Err(SealError::KeyMissing);
    }
    let (written, content) = rest.split_first_chunk::<SHA256_OUTPUT_LEN>().ok_or(SealError::Changed)?;
    if *written != fingerprint(place, content) {
        return Err(SealError::Changed);
    }
    Ok(content.to_vec())
}

fn prefix(kind: u8, capacity: usize) -> Vec<u8> {
    let mut document = Vec::with_capacity(PREFIX + capacity);
    document.extend_from_slice(&MAGIC);
    document.extend_from_slice(&[VERSION, kind]);
    document
}

fn split(document: &[u8]) -> Result<(u8, &[u8]), SealError> {
    match document.strip_prefix(&MAGIC).ok_or(SealError::NotACheckpoint)? {
        [VERSION, kind @ (PLAIN | SEALED), rest @ ..] => Ok((*kind, rest)),
        [VERSION, ..] | [] => Err(SealError::Changed),
        [version, ..] => Err(SealError::Version(*version)),
    }
}

/// Of both parts, the first with its length, so that no other division of the bytes has the same.
fn fingerprint(place: &[u8], content: &[u8]) -> [u8; SHA256_OUTPUT_LEN] {
    let mut bytes = Vec::with_capacity(8 + place.len() + content.len());
    bytes.extend_from_slice(&(place.len() as u64).to_le_bytes());
    bytes.extend_from_slice(place);
    bytes.extend_from_slice(content);
    digest(&SHA256, &bytes).as_ref().try_into().expect("the digest has the algorithm's length")
}

fn cipher(key: &[u8; KEY]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has the algorithm's length"))
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(secret: &[u8], purpose: &[u8]) -> [u8; N] {
    let mut derived = [0; N];
    Salt::new(HKDF_SHA256, b"codemode checkpoint 1")
        .extract(secret)
        .expand(&[purpose], Length(N))
        .and_then(|material| material.fill(&mut derived))
        .expect("the length is below the algorithm's limit");
    derived
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &[u8] = b"execution-1/document";

    fn key(secret: &str) -> CheckpointKey {
        CheckpointKey::new(secret.as_bytes()).unwrap()
    }

    #[test]
    fn sealed_content_opens_with_its_key_alone() {
        let sealed = key("0123456789abcdef").seal(PLACE, b"the journal");
        assert_eq!(key("0123456789abcdef").open(PLACE, &sealed).unwrap(), b"the journal");
        assert_eq!(key("another secret of 24 bytes").open(PLACE, &sealed), Err(SealError::OtherKey));
        assert_eq!(open_plain(PLACE, &sealed), Err(SealError::KeyMissing));
        assert!(!sealed.windows(7).any(|window| window == b"journal"));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let key = key("0123456789abcdef");
        let documents = [key.seal(PLACE, b"content"), seal_plain(PLACE, b"content")];
        for document in documents {
            for index in 0..document.len() {
                let mut changed = document.clone();
                changed[index] ^= 1;
                assert!(key.open(PLACE, &changed).is_err() && open_plain(PLACE, &changed).is_err(), "byte {index}");
                assert!(key.open(PLACE, &document[..index]).is_err() && open_plain(PLACE, &document[..index]).is_err());
            }
        }
    }

    #[test]
    fn a_document_belongs_to_its_place() {
        let key = key("0123456789abcdef");
        assert_eq!(key.open(b"execution-2/document", &key.seal(PLACE, b"x")), Err(SealError::Changed));
        assert_eq!(open_plain(b"execution-2/document", &seal_plain(PLACE, b"x")), Err(SealError::Changed));
    }

    #[test]
    fn an_unsealed_document_is_refused_where_there_is_a_key() {
        let plain = seal_plain(PLACE, b"content");
        assert_eq!(open_plain(PLACE, &plain).unwrap(), b"content");
        assert_eq!(key("0123456789abcdef").open(PLACE, &plain), Err(SealError::NotSealed));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert_eq!(CheckpointKey::new(b"short").unwrap_err(), SealError::ShortKey(5));
        assert_eq!(open_plain(PLACE, b"{}"), Err(SealError::NotACheckpoint));
        assert_eq!(open_plain(PLACE, b"CMCP\x02\x00"), Err(SealError::Version(2)));
        assert_eq!(open_plain(PLACE, b"CMCP"), Err(SealError::Changed));
    }
}
