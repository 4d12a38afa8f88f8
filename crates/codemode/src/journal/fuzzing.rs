//! Journals from anywhere: documents, and logs.

use serde_json::value::RawValue;

use super::Journal;
use super::document::sealed;

/// The first line is a document, or the body of one, which then gets its digest. The rest are the lines of a log.
///
/// # Panics
///
/// Where what was read is not written as it was read.
pub fn journals(data: &[u8]) {
    let (first, rest) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => data.split_at(end),
        None => (data, &b"\n"[..]),
    };
    let document = match serde_json::from_slice::<&RawValue>(first) {
        Ok(body) if !first.starts_with(b"{\"format\"") => sealed(&body),
        _ => first.to_vec(),
    };
    let log = [&document, rest].concat();
    for journal in [Journal::from_json(&document), Journal::from_log(&log)].into_iter().flatten() {
        let written = journal.to_json();
        let again = Journal::from_json(&written).expect("what was read is written and read");
        assert_eq!(again, journal);
        assert_eq!(again.to_json(), written, "one journal has two documents");
    }
}
