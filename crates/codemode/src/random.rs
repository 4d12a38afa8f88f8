//! Random numbers from the operating system: keys, identifiers, the jitter of retries.

use std::fmt::Write as _;

/// Random bytes. Every supported kernel has `getrandom`, which cannot fail once it is up.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}

/// `2 N` hexadecimal digits.
pub(crate) fn hex<const N: usize>() -> String {
    bytes::<N>().iter().fold(String::with_capacity(2 * N), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// From 0, inclusive, to 1, exclusive.
pub(crate) fn fraction() -> f64 {
    f64::from(u32::from_ne_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// A number from 0 to below `count`, which is not zero. What is left of the division is too little to matter.
pub(crate) fn below(count: usize) -> usize {
    usize::try_from(u64::from_ne_bytes(bytes()) % (count as u64)).unwrap_or_default()
}
