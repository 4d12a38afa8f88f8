//! An execution's clock reads as bytes: recorded one after the other, and given again on a replay.
//!
//! A read is its kind and the difference to the read of that kind before, zigzag: the first byte has the kind in its low
//! three bits, then four bits of the difference and a bit that says whether more follow, seven in each byte after it. Two
//! reads that follow closely take two bytes, reads milliseconds apart four.
//!
//! On a replay each kind is a queue of its own: a read of another kind in between takes nothing from it.
//!
//! The same text is part of the extension and, for its tests, of the crate.

/// The bytes that one execution may record, over all its attempts: 20,000 reads with a little work between them.
pub(crate) const LIMIT: usize = 64 * 1024;
/// Three bits.
pub(crate) const KINDS: usize = 8;
/// Four bits in the first byte and seven in each after it hold 64.
const LONGEST: usize = 10;

/// One read: kind and difference in nanoseconds, and how many bytes it took. `None` where `bytes` begins with none.
fn decode(bytes: &[u8]) -> Option<(usize, i64, usize)> {
    let first = *bytes.first()?;
    let kind = usize::from(first & 7);
    let mut value = u64::from(first >> 3 & 15);
    let (mut more, mut shift, mut length) = (first & 0x80 != 0, 4u32, 1);
    while more {
        let byte = *bytes.get(length)?;
        let part = u64::from(byte & 0x7f);
        // The last byte has room for four bits: what would be lost is no read.
        if shift > 60 || (shift == 60 && part > 15) {
            return None;
        }
        value |= part << shift;
        more = byte & 0x80 != 0;
        shift += 7;
        length += 1;
    }
    Some((kind, (value >> 1).cast_signed() ^ -(value & 1).cast_signed(), length))
}

fn encode(kind: usize, difference: i64) -> ([u8; LONGEST], usize) {
    let mut value = (difference << 1 ^ difference >> 63).cast_unsigned();
    let mut bytes = [0; LONGEST];
    bytes[0] = kind.to_le_bytes()[0] & 7 | (value.to_le_bytes()[0] & 15) << 3;
    value >>= 4;
    let mut length = 1;
    while value != 0 {
        bytes[length - 1] |= 0x80;
        bytes[length] = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        length += 1;
    }
    (bytes, length)
}

#[derive(Clone, Copy)]
struct Queue {
    /// Where the search for the next read of this kind begins.
    at: usize,
    /// The read before: what the next difference is added to.
    last: i64,
}

/// What the journal has, and how far each kind was read.
pub(crate) struct Recorded {
    queues: [Queue; KINDS],
    length: usize,
    bytes: [u8; LIMIT],
}

/// The last read of each kind, where there is one.
pub(crate) type Last = [Option<i64>; KINDS];

impl Recorded {
    /// All zeros, so that it takes no room in the library and no memory before it is used.
    #[expect(clippy::large_stack_arrays, reason = "evaluated at compile time, for a static")]
    pub(crate) const fn new() -> Self {
        Self { queues: [Queue { at: 0, last: 0 }; KINDS], length: 0, bytes: [0; LIMIT] }
    }

    /// Takes the journal's reads, up to where they cannot be understood or are too many. Second: that they are all.
    pub(crate) fn load(&mut self, bytes: &[u8]) -> (Last, bool) {
        self.queues = [Queue { at: 0, last: 0 }; KINDS];
        let mut last = [None; KINDS];
        let mut length = 0;
        let bounded = bytes.get(..LIMIT).unwrap_or(bytes);
        while let Some((kind, difference, taken)) = bounded.get(length..).and_then(decode) {
            last[kind] = Some(last[kind].unwrap_or(0_i64).wrapping_add(difference));
            length += taken;
        }
        self.bytes[..length].copy_from_slice(&bounded[..length]);
        self.length = length;
        (last, length == bytes.len())
    }

    /// The next read of this kind, while they last.
    pub(crate) fn next(&mut self, kind: usize) -> Option<i64> {
        let queue = self.queues.get_mut(kind)?;
        while let Some((found, difference, taken)) = self.bytes.get(queue.at..self.length).and_then(decode) {
            queue.at += taken;
            if found == kind {
                queue.last = queue.last.wrapping_add(difference);
                return Some(queue.last);
            }
        }
        None
    }
}

/// What was read since the call before.
pub(crate) struct Recording {
    last: [i64; KINDS],
    length: usize,
    /// What may still be recorded.
    room: usize,
    bytes: [u8; LIMIT],
}

impl Recording {
    /// All zeros as well: nothing can be recorded before `begin`.
    #[expect(clippy::large_stack_arrays, reason = "evaluated at compile time, for a static")]
    pub(crate) const fn new() -> Self {
        Self { last: [0; KINDS], length: 0, room: 0, bytes: [0; LIMIT] }
    }

    /// Begins, or goes on behind `before` bytes of the journal, whose last reads are `last`.
    pub(crate) fn begin(&mut self, last: &Last, before: usize) {
        self.last = last.map(Option::unwrap_or_default);
        self.length = 0;
        self.room = LIMIT.saturating_sub(before);
    }

    /// False where there is no more room.
    #[must_use]
    pub(crate) fn add(&mut self, kind: usize, value: i64) -> bool {
        let Some(last) = self.last.get_mut(kind) else { return false };
        let (bytes, length) = encode(kind, value.wrapping_sub(*last));
        let Some(free) = self.bytes.get_mut(self.length..self.length + length) else { return false };
        if length > self.room {
            return false;
        }
        free.copy_from_slice(&bytes[..length]);
        self.length += length;
        self.room -= length;
        *last = value;
        true
    }

    /// What was recorded since the last `take`; it is given out once.
    pub(crate) fn take(&mut self) -> &[u8] {
        let length = core::mem::take(&mut self.length);
        &self.bytes[..length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without an order, the same in each run.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    }

    fn record(reads: &[(usize, i64)]) -> Vec<u8> {
        let mut recording = Box::new(Recording::new());
        recording.begin(&[None; KINDS], 0);
        for (kind, value) in reads {
            assert!(recording.add(*kind, *value));
        }
        recording.take().to_vec()
    }

    #[test]
    fn every_value_is_given_again() {
        let extremes = [0, 1, -1, 7, 8, -8, -9, i64::MAX, i64::MIN, 1_800_000_000_000_000_000];
        let reads: Vec<_> = extremes.into_iter().flat_map(|value| [(0, value), (7, -(value >> 1)), (3, 5)]).collect();
        let mut recorded = Box::new(Recorded::new());
        let (last, whole) = recorded.load(&record(&reads));
        assert!(whole);
        assert_eq!((last[0], last[3], last[1]), (Some(1_800_000_000_000_000_000), Some(5), None));
        for (kind, value) in reads {
            assert_eq!(recorded.next(kind), Some(value));
        }
        assert_eq!([0, 1, 3, 7, 8].map(|kind| recorded.next(kind)), [None; 5]);
    }

    #[test]
    fn kinds_are_queues_of_their_own() {
        let mut recorded = Box::new(Recorded::new());
        assert!(recorded.load(&record(&[(0, 10), (1, 20), (0, 11), (1, 21)])).1);
        let order = [1, 1, 0, 1, 0, 0].map(|kind| recorded.next(kind));
        assert_eq!(order, [Some(20), Some(21), Some(10), None, Some(11), None]);
    }

    #[test]
    fn reads_close_to_each_other_take_two_bytes() {
        let first = 1_800_000_000_000_000_000;
        assert_eq!(record(&[(0, first)]).len(), 10);
        assert_eq!(record(&[(0, first), (0, first + 1023)]).len(), 12);
        assert_eq!(record(&[(0, first), (0, first + 1024)]).len(), 13);
    }

    #[test]
    fn a_later_attempt_goes_on_where_the_journal_ends() {
        let mut journal = record(&[(0, 1000), (1, 50)]);
        let mut recorded = Box::new(Recorded::new());
        let mut recording = Box::new(Recording::new());
        let (last, whole) = recorded.load(&journal);
        assert!(whole);
        recording.begin(&last, journal.len());
        assert!(recording.add(0, 1003));
        journal.extend_from_slice(recording.take());
        assert!(recording.add(1, 51) && recording.add(2, 9));
        journal.extend_from_slice(recording.take());
        assert!(recording.take().is_empty());
        assert!(recorded.load(&journal).1, "two attempts of one execution");
        let all = [0, 0, 1, 1, 2, 2].map(|kind| recorded.next(kind));
        assert_eq!(all, [Some(1000), Some(1003), Some(50), Some(51), Some(9), None]);
    }

    #[test]
    fn recording_ends_at_the_limit_over_all_calls() {
        let mut recording = Box::new(Recording::new());
        recording.begin(&[None; KINDS], 0);
        let (mut value, mut taken) = (0, 0);
        while recording.add(1, value) {
            value += 100;
            if value % 10_000 == 0 {
                taken += recording.take().len();
            }
        }
        taken += recording.take().len();
        assert!((LIMIT - 1..=LIMIT).contains(&taken), "{taken}");
        assert!(!recording.add(1, value) && !recording.add(2, 1 << 40) && recording.take().is_empty());
        recording.begin(&[None; KINDS], LIMIT);
        assert!(!recording.add(0, 0));
        recording.begin(&[None; KINDS], usize::MAX);
        assert!(!recording.add(0, 0));
    }

    #[test]
    fn garbage_is_a_record_up_to_where_it_cannot_be_understood() {
        let mut recorded = Box::new(Recorded::new());
        let mut numbers = numbers();
        for _ in 0..2000 {
            let size = usize::try_from(numbers.next().expect("endless") % 64).expect("small");
            let noise: Vec<u8> = numbers.by_ref().take(size).map(|number| number.to_le_bytes()[4]).collect();
            let _ = recorded.load(&noise);
            for kind in 0..=KINDS {
                let count = std::iter::from_fn(|| recorded.next(kind)).count();
                assert!(count <= noise.len());
            }
        }
        // A read that does not end, one that is too large, one too long by its form.
        let good = record(&[(0, 42)]);
        for bad in [vec![0x80], [vec![0x80; 9], vec![0x10]].concat(), vec![0x80; 100]] {
            let (last, whole) = recorded.load(&[good.clone(), bad].concat());
            assert_eq!((last[0], whole), (Some(42), false));
            assert_eq!((recorded.next(0), recorded.next(0)), (Some(42), None));
        }
        assert!(recorded.load(&vec![0; LIMIT]).1);
        assert!(!recorded.load(&vec![0; LIMIT + 1]).1);
    }
}
