//! Conversion of the durations that messages carry. Every field of a message is a peer's word, so each conversion
//! is fallible and none panics.

use std::time::Duration;

/// A duration from the wire; `None` where it is negative or out of range.
pub fn duration_from_wire(wire: prost_types::Duration) -> Option<Duration> {
    Duration::try_from(wire).ok()
}

/// A duration for the wire; the largest one where it does not fit (292 billion years).
pub fn duration_to_wire(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        // A `Duration` has fewer than 1,000,000,000 nanoseconds beyond its seconds, which fits an `i32`.
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or(999_999_999),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_survives_the_wire() {
        let duration = Duration::new(35, 7);
        assert_eq!(duration_from_wire(duration_to_wire(duration)), Some(duration));
    }

    #[test]
    fn negative_duration_is_refused() {
        assert_eq!(duration_from_wire(prost_types::Duration { seconds: -1, nanos: 0 }), None);
    }
}
