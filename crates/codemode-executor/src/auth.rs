//! API keys: who may use the executor. A key is compared in constant time and never shown.

use std::fmt;

use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::tenants::{Tenant, TenantId};

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

impl PartialEq for ApiKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

/// Whether a request may go on, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Authenticator {
    keys: Vec<(ApiKey, TenantId)>,
}

/// No tenant has this number: each has a key, and so many do not fit into memory.
const NOBODY: u32 = u32::MAX;

impl Authenticator {
    pub(crate) fn new(tenants: &[Tenant]) -> Self {
        let of = |(number, tenant): (u32, &Tenant)| {
            tenant.keys.iter().map(|key| (key.clone(), TenantId(number))).collect::<Vec<_>>()
        };
        Self { keys: (0..NOBODY).zip(tenants).flat_map(of).collect() }
    }

    /// Every key is compared, whichever matches, so the time tells nothing but the length.
    pub(crate) fn admits(&self, authorization: Option<&[u8]>) -> Option<TenantId> {
        if self.keys.is_empty() {
            return Some(TenantId(0));
        }
        let presented = authorization.and_then(bearer)?;
        let matches = |mut found: u32, (key, tenant): &(ApiKey, TenantId)| {
            found.conditional_assign(&tenant.0, key.0.as_bytes().ct_eq(presented));
            found
        };
        let found = self.keys.iter().fold(NOBODY, matches);
        (found != NOBODY).then_some(TenantId(found))
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
        let [first, second] = keys.map(|key| Tenant::new("t", vec![key]));
        let authenticator = Authenticator::new(&[first, second]);
        assert_eq!(authenticator.admits(Some(b"Bearer 0123456789abcdef")), Some(TenantId(0)));
        assert_eq!(authenticator.admits(Some(b"bearer fedcba9876543210")), Some(TenantId(1)));
        for refused in [
            None,
            Some(&b"Bearer 0123456789abcdeF"[..]),
            Some(b"Bearer "),
            Some(b"0123456789abcdef"),
            Some(b"Bearer 0123456789abcdef "),
            Some(b"Basic 0123456789abcdef"),
        ] {
            assert_eq!(authenticator.admits(refused), None, "{refused:?}");
        }
        assert_eq!(Authenticator::new(&[]).admits(None), Some(TenantId(0)));
    }

    #[test]
    fn key_is_not_shown() {
        assert_eq!(format!("{:?}", ApiKey::new("0123456789abcdef").unwrap()), "ApiKey(…)");
        assert_eq!(ApiKey::new("short").unwrap_err(), InvalidKey);
    }
}
