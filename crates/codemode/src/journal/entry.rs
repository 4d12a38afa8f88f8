//! A call of the recorder: what the journal, the executor and the program know of it.

use super::JournalCall;

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own: any two of them may hold together")]
pub(super) struct Entry {
    pub(super) call: JournalCall,
    /// The executor of this attempt waits for the outcome, or was sent it.
    pub(super) asked: bool,
    /// The program of this attempt received the outcome.
    pub(super) received: bool,
    /// Was sent with its outcome in this attempt.
    pub(super) known: bool,
    pub(super) suspended: bool,
    /// The application is to be given it when the program makes it again.
    pub(super) due: bool,
    /// The executor gave the outcome itself.
    pub(super) overruled: bool,
    pub(super) written: bool,
}

impl Entry {
    pub(super) fn new(call: JournalCall) -> Self {
        Self {
            call,
            asked: false,
            received: false,
            known: false,
            suspended: false,
            due: false,
            overruled: false,
            written: false,
        }
    }
}

pub(super) fn find(entries: &mut [Entry], number: u32) -> Option<&mut Entry> {
    // Most often it is one of the last, and most often no number was left out.
    let guess = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let position = guess
        .filter(|guess| entries.get(*guess).is_some_and(|entry| entry.call.number == number))
        .or_else(|| entries.binary_search_by_key(&number, |entry| entry.call.number).ok())?;
    entries.get_mut(position)
}
