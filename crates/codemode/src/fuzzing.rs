//! Entry points of `fuzz/`, which the tests run over its corpus. Each takes any bytes and panics where an invariant fails.

use serde::de::IgnoredAny;

pub use crate::execution::fuzzing::{executor_messages, hear};
pub use crate::journal::fuzzing::journals;
use crate::values::{Value, from_value, to_value};

/// Text that may be an encoded value.
pub fn values(data: &[u8]) {
    let Ok(value) = Value::decode(data) else { return };
    let encoded = value.encode().expect("what was read is not too deep to be written");
    let again = Value::decode(&encoded).expect("what was written is read");
    // Not the values themselves: NaN is not equal to itself.
    assert_eq!(format!("{again:?}"), format!("{value:?}"));
    assert_eq!(again.encode().expect("as before"), encoded, "one value has two texts");
    // Its longest part for each byte read is the escape of a control character.
    assert!(encoded.len() <= 8 * data.len() + 64, "{} bytes of {}", encoded.len(), data.len());
    serde_json::from_str::<IgnoredAny>(&value.to_json()).expect("the plain form is JSON");
    let document: serde_json::Value = match from_value(&value) {
        Ok(document) => document,
        Err(error) => return assert!(error.to_string().contains("serde_json keeps for itself"), "{error}"),
    };
    let plain_again = to_value(&document).expect("JSON is a value").to_json();
    assert!(to_value(&document).expect("JSON is a value").encode().is_ok(), "{plain_again}");
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn corpus_of_executor_messages_holds() {
        replay("executor_messages", super::executor_messages);
    }

    #[test]
    fn corpus_of_journals_holds() {
        replay("journals", super::journals);
    }

    #[test]
    fn corpus_of_values_holds() {
        replay("values", super::values);
    }
}
