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

/// Keys by which `serde_json::Value` takes an object for something else: the JSON within a string, or a number. A program
/// could give a tool another value than its application was shown. As they stand in the plain form; within a string the quotes
/// would be escaped.
const MISREAD: [&str; 2] = [r#""$serde_json::private::RawValue":"#, r#""$serde_json::private::Number":"#];

/// A Rust value from the plain JSON form: a `datetime` is its ISO 8601 text, `bytes` are base64, a `set` is a list.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, ValueError> {
    let plain = value.to_json();
    if let Some(key) = MISREAD.iter().find(|key| plain.contains(**key)) {
        let key = key.trim_matches(['"', ':']);
        return Err(ValueError::Deserialize(format!("a dict has the key `{key}`, which serde_json keeps for itself")));
    }
    serde_json::from_str(&plain).map_err(|error| ValueError::Deserialize(without_place(&error)))
}

/// The line and column are those of a text that nobody sees.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_serde_json_keeps_for_itself_are_refused() {
        let [raw_value, number] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];
        for (key, member) in [(raw_value, "[1, 2]"), (number, "7")] {
            for quoted in [key, "a", "\\"] {
                let text = serde_json::json!([{ quoted: member, "b": key }]).to_string();
                let read = from_value::<serde_json::Value>(&Value::decode(text.as_bytes()).unwrap());
                if quoted == key {
                    assert!(read.unwrap_err().to_string().contains(key));
                } else {
                    assert_eq!(read.unwrap().to_string(), text);
                }
            }
        }
        let inside = serde_json::json!([format!("\"{raw_value}\":1")]);
        assert_eq!(from_value::<serde_json::Value>(&to_value(&inside).unwrap()).unwrap(), inside);
    }
}
