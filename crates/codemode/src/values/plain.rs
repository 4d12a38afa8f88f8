//! From a value to a plain JSON document: what any consumer of JSON can read, with the types flattened.
//!
//! | value | plain JSON |
//! |---|---|
//! | datetime, date, time | ISO 8601 string |
//! | timedelta | ISO 8601 duration, `P1DT2H3.5S` |
//! | bytes | base64 string |
//! | Decimal, UUID | string |
//! | tuple, set, frozenset | array |
//! | complex | array of its two parts |
//! | NaN and the infinities | strings `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | a key that is not a string | the JSON text of its plain form |

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Value;
use super::encode::{float, string};

const MICROSECONDS_OF_A_DAY: i128 = 86_400 * 1_000_000;

impl Value {
    /// The plain JSON document.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        write(self, &mut text);
        text
    }
}

fn write(value: &Value, into: &mut String) {
    match value {
        Value::None => into.push_str("null"),
        Value::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => into.push_str(&value.to_string()),
        Value::BigInt(value) => into.push_str(value.as_str()),
        Value::Float(value) => number(*value, into),
        Value::Complex(real, imaginary) => {
            into.push('[');
            number(*real, into);
            into.push(',');
            number(*imaginary, into);
            into.push(']');
        }
        Value::Str(text) => string(text, into),
        Value::Bytes(bytes) => string(&STANDARD.encode(bytes), into),
        Value::List(members) | Value::Tuple(members) => array(members, into),
        Value::Set(members) | Value::FrozenSet(members) => array(in_order(members), into),
        Value::Dict(members) => dict(members, into),
        Value::DateTime(text) => string(text.as_str(), into),
        Value::Date(text) => string(text.as_str(), into),
        Value::Time(text) => string(text.as_str(), into),
        Value::Decimal(text) => string(text.as_str(), into),
        Value::Uuid(text) => string(text.as_str(), into),
        Value::TimeDelta { days, seconds, microseconds } => {
            let total = i128::from(*days) * MICROSECONDS_OF_A_DAY
                + i128::from(*seconds) * 1_000_000
                + i128::from(*microseconds);
            string(&duration(total), into);
        }
    }
}

fn array<'a>(members: impl IntoIterator<Item = &'a Value>, into: &mut String) {
    into.push('[');
    for (index, member) in members.into_iter().enumerate() {
        if index > 0 {
            into.push(',');
        }
        write(member, into);
    }
    into.push(']');
}

/// A set as Python writes one. What an encoder sent is in order already; this is for what else is valid.
fn in_order(members: &[Value]) -> Vec<&Value> {
    let mut ordered: Vec<_> = members.iter().collect();
    if members.iter().all(|member| matches!(member, Value::Int(_))) {
        ordered.sort_by_key(|member| if let Value::Int(number) = member { *number } else { 0 });
        ordered.dedup();
    } else if members.iter().all(|member| matches!(member, Value::Str(_))) {
        ordered.sort_by_key(|member| member.as_str());
        ordered.dedup();
    }
    ordered
}

fn number(value: f64, into: &mut String) {
    match value {
        value if value.is_finite() => float(value, into),
        value if value.is_nan() => into.push_str("\"NaN\""),
        value if value > 0.0 => into.push_str("\"Infinity\""),
        _ => into.push_str("\"-Infinity\""),
    }
}

fn dict(members: &[(Value, Value)], into: &mut String) {
    let mut plain: Vec<(String, &Value)> = Vec::with_capacity(members.len());
    for (key, member) in members {
        let key = match key {
            Value::Str(key) => key.clone(),
            key => {
                let json = key.to_json();
                // A key whose plain form is text is that text.
                serde_json::from_str(&json).unwrap_or(json)
            }
        };
        plain.push((key, member));
    }
    // Keys that became equal keep the last member, in the place of the first.
    if members.iter().any(|(key, _)| !matches!(key, Value::Str(_))) {
        let mut places = std::collections::HashMap::new();
        let mut kept: Vec<(String, &Value)> = Vec::with_capacity(plain.len());
        for (key, member) in plain {
            if let Some(earlier) = places.get(&key).and_then(|place: &usize| kept.get_mut(*place)) {
                earlier.1 = member;
            } else {
                places.insert(key.clone(), kept.len());
                kept.push((key, member));
            }
        }
        plain = kept;
    }
    into.push('{');
    for (index, (key, member)) in plain.iter().enumerate() {
        if index > 0 {
            into.push(',');
        }
        string(key, into);
        into.push(':');
        write(member, into);
    }
    into.push('}');
}

/// `P1DT2H3.5S`, from microseconds.
fn duration(total: i128) -> String {
    let sign = if total < 0 { "-" } else { "" };
    let total = total.unsigned_abs();
    let (seconds, microseconds) = (total / 1_000_000, total % 1_000_000);
    let (days, hours, minutes, seconds) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let mut time = String::new();
    for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
        if count > 0 {
            // Writing to a `String` cannot fail.
            let _ = write!(time, "{count}{unit}");
        }
    }
    if microseconds > 0 {
        let fraction = format!("{microseconds:06}");
        let _ = write!(time, "{seconds}.{}S", fraction.trim_end_matches('0'));
    } else if seconds > 0 {
        let _ = write!(time, "{seconds}S");
    }
    match (days, time.is_empty()) {
        (0, true) => "PT0S".to_owned(),
        (0, false) => format!("{sign}PT{time}"),
        (days, true) => format!("{sign}P{days}D"),
        (days, false) => format!("{sign}P{days}DT{time}"),
    }
}
