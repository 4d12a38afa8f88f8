//! API keys: who may use the executor. A key is compared in constant time and never shown.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

/// The shortest key that an executor takes: 16 characters are 64 bits even in hexadecimal.
const MIN_KEY: usize = 16;

/// A secret that a client presents as `authorization: Bearer …`.
#[derive(Clone)]
pub struct ApiKey(String);

/// Text that is no key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an API key must be {MIN_KEY} to 512 printable ASCII characters without spaces")]
pub struct InvalidKey;

impl ApiKey {
    /// Checks and takes a key.
    pub fn new(text: &str) -> Result<Self, InvalidKey> {
        let valid = (MIN_KEY..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidKey) }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// Whether a request may go on.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    keys: Vec<ApiKey>,
}

impl Authenticator {
    pub(crate) fn new(keys: Vec<ApiKey>) -> Self {
        Self { keys }
    }

    /// Every key is compared, whichever matches, so the time tells nothing but the length.
    pub(crate) fn admits(&self, authorization: Option<&[u8]>) -> bool {
        if self.keys.is_empty() {
            return true;
        }
        let Some(presented) = authorization.and_then(bearer) else { return false };
        let matches = |found: Choice, key: &ApiKey| found | key.0.as_bytes().ct_eq(presented);
        self.keys.iter().fold(Choice::from(0), matches).into()
    }
}

fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = authorization.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_key_is_admitted() {
        let keys = ["0123456789abcdef", "fedcba9876543210"].map(|key| ApiKey::new(key).unwrap());
        let authenticator = Authenticator::new(keys.to_vec());
        assert!(authenticator.admits(Some(b"Bearer 0123456789abcdef")));
        assert!(authenticator.admits(Some(b"bearer fedcba9876543210")));
        for refused in [
            None,
            Some(&b"Bearer 0123456789abcdeF"[..]),
            Some(b"Bearer "),
            Some(b"0123456789abcdef"),
            Some(b"Bearer 0123456789abcdef "),
            Some(b"Basic 0123456789abcdef"),
        ] {
            assert!(!authenticator.admits(refused), "{refused:?}");
        }
    }

    #[test]
    fn key_is_not_shown() {
        assert_eq!(format!("{:?}", ApiKey::new("0123456789abcdef").unwrap()), "ApiKey(…)");
        assert_eq!(ApiKey::new("short").unwrap_err(), InvalidKey);
    }
}
