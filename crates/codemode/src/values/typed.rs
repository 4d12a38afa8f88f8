//! Between values and Rust's own types, by way of plain JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Value, ValueError, json};

/// The value of anything that serialises. A key `$` in it is an ordinary key.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, ValueError> {
    let text = serde_json::to_vec(value).map_err(ValueError::Serialize)?;
    json::read(&text, |members| {
        Ok(Value::Dict(members.into_iter().map(|(key, member)| (Value::Str(key), member)).collect()))
    })
}

/// A Rust value from the plain JSON form: a `datetime` is its ISO 8601 text, `bytes` are base64, a `set` is a list.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, ValueError> {
    serde_json::from_str(&value.to_json()).map_err(|error| ValueError::Deserialize(without_place(&error)))
}

/// The line and column are those of a text that nobody sees.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}
