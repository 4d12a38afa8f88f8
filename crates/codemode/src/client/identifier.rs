//! Names of executions and requests.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::random;

/// Six digits of base 36: the milliseconds repeat after 25 days, far longer than anybody searches logs for one id.
const TIME_DIGITS: usize = 6;
/// Tells apart what began in the same millisecond.
const RANDOM_DIGITS: usize = 4;

/// A correlation id: `cm-2x5f9k-a7b3`. For tracing only.
pub fn correlation_id(prefix: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    // What is beyond the digits is cut off, so the low part is enough.
    let now = u64::try_from(now).unwrap_or_default();
    format!("{prefix}-{}-{}", base36(now, TIME_DIGITS), base36(u64::from_ne_bytes(random::bytes()), RANDOM_DIGITS))
}

/// An execution id: unique.
pub fn execution_id() -> String {
    format!("exec-{}", random::hex::<16>())
}

/// The last `width` digits.
fn base36(mut number: u64, width: usize) -> String {
    let mut digits = vec!['0'; width];
    for digit in digits.iter_mut().rev() {
        let last = u32::try_from(number % 36).expect("a remainder of 36 is below 36");
        *digit = char::from_digit(last, 36).expect("a remainder of 36 is a digit");
        number /= 36;
    }
    digits.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base36_keeps_the_last_digits() {
        assert_eq!(base36(0, 4), "0000");
        assert_eq!(base36(36 * 36 + 35, 4), "010z");
        assert_eq!(base36(36_u64.pow(4) + 1, 4), "0001");
    }

    #[test]
    fn correlation_ids_have_the_documented_form() {
        let id = correlation_id("cm");
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [2, 6, 4], "{id}");
    }
}
