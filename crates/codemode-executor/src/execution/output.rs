//! What a program writes: kept up to the limit, counted past it, and refused when it is a flood.

use bytes::Bytes;

use crate::limits::display_size;

/// A program that writes this many times its output limit is stopped: it only costs processor time from there on.
pub(crate) const FLOOD_FACTOR: u64 = 64;

/// How much of the output limit is left.
#[derive(Debug)]
pub(crate) struct OutputBudget {
    limit: u64,
    written: u64,
    kept: u64,
    /// Something was dropped; nothing after a gap is kept.
    closed: bool,
}

/// What to do with a piece of output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// Pass on these bytes (perhaps none).
    Keep(Bytes),
    /// Stop the program.
    Flood,
}

impl OutputBudget {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, written: 0, kept: 0, closed: false }
    }

    pub(crate) fn admit(&mut self, mut data: Bytes) -> Admitted {
        self.written = self.written.saturating_add(data.len() as u64);
        if self.written > self.limit.saturating_mul(FLOOD_FACTOR) {
            return Admitted::Flood;
        }
        let left = if self.closed { 0 } else { usize::try_from(self.limit - self.kept).unwrap_or(usize::MAX) };
        data.truncate(character_boundary(&data, left));
        self.kept += data.len() as u64;
        self.closed = self.written > self.kept;
        Admitted::Keep(data)
    }

    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.written - self.kept
    }

    /// The line that says what is missing; `None` when nothing is.
    pub(crate) fn truncation_marker(&self) -> Option<String> {
        (self.dropped() > 0).then(|| {
            format!("\n[output truncated: {} of {} kept]\n", display_size(self.kept), display_size(self.written))
        })
    }
}

/// The largest cut at or below `left` that does not split a UTF-8 character.
fn character_boundary(data: &[u8], left: usize) -> usize {
    if left >= data.len() {
        return data.len();
    }
    let is_continuation = |index: usize| data[index] & 0b1100_0000 == 0b1000_0000;
    // A character has at most three continuation bytes; other bytes are cut where they are.
    (left.saturating_sub(3)..=left).rev().find(|&index| !is_continuation(index)).unwrap_or(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_past_the_limit_is_counted_and_dropped() {
        let mut budget = OutputBudget::new(5);
        assert_eq!(budget.admit(Bytes::from_static(b"abc")), Admitted::Keep(Bytes::from_static(b"abc")));
        assert_eq!(budget.truncation_marker(), None);
        assert_eq!(budget.admit("de\u{20ac}".into()), Admitted::Keep(Bytes::from_static(b"de")));
        assert_eq!(budget.admit(Bytes::from_static(b"f")), Admitted::Keep(Bytes::new()));
        assert_eq!((budget.written(), budget.dropped()), (9, 4));
        assert_eq!(budget.truncation_marker().unwrap(), "\n[output truncated: 5 bytes of 9 bytes kept]\n");
    }

    #[test]
    fn character_is_not_split() {
        let mut budget = OutputBudget::new(2);
        assert_eq!(budget.admit("a\u{20ac}".into()), Admitted::Keep(Bytes::from_static(b"a")));
        assert_eq!(budget.admit(Bytes::from_static(b"b")), Admitted::Keep(Bytes::new()));
    }

    #[test]
    fn flood_is_stopped() {
        let mut budget = OutputBudget::new(1);
        assert_eq!(budget.admit(Bytes::from(vec![b'x'; 65])), Admitted::Flood);
    }
}
