//! From a value to its encoded text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{MAX_DEPTH, Value, ValueError};

impl Value {
    /// The encoded text, for a peer. Refuses nesting beyond [`super::MAX_DEPTH`] and nothing else.
    pub fn encode(&self) -> Result<Bytes, ValueError> {
        let mut text = String::new();
        write(self, 0, &mut text)?;
        Ok(Bytes::from(text))
    }
}

pub(super) fn string(text: &str, into: &mut String) {
    into.push_str(&serde_json::to_string(text).expect("a string has a JSON form"));
}

/// As Python's `repr` writes it, so that both sides give one text for one value: the shortest digits that read back the
/// same, of those the nearest, of two as near the even one; with an exponent below 1e-4 and from 1e16.
pub(super) fn float(number: f64, into: &mut String) {
    let shortest = format!("{number:e}");
    let count = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let nearest = format!("{number:.*e}", count.saturating_sub(1));
    // Beside a power of two, the nearest may read back as another number.
    let scientific = if nearest.parse() == Ok(number) { nearest } else { shortest };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a `String` cannot fail.
        let _ = write!(into, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
        return;
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    into.push_str(sign);
    match usize::try_from(exponent) {
        Ok(exponent) => {
            let (whole, fraction) = digits.split_at_checked(exponent + 1).unwrap_or((&digits, ""));
            let fraction = if fraction.is_empty() { "0" } else { fraction };
            let _ = write!(into, "{whole:0<width$}.{fraction}", width = exponent + 1);
        }
        Err(_) => {
            let _ = write!(into, "0.{:0>width$}", digits, width = digits.len() + exponent.unsigned_abs() as usize - 1);
        }
    }
}

fn write(value: &Value, depth: usize, into: &mut String) -> Result<(), ValueError> {
    match value {
        Value::None => into.push_str("null"),
        Value::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => into.push_str(&value.to_string()),
        Value::BigInt(value) => into.push_str(value.as_str()),
        Value::Float(value) if value.is_finite() => float(*value, into),
        Value::Float(value) => {
            let name = if value.is_nan() {
                "nan"
            } else if *value > 0.0 {
                "inf"
            } else {
                "-inf"
            };
            tagged("float", name, depth, into)?;
        }
        Value::Complex(real, imaginary) => {
            tag("complex", depth, into, |into, depth| {
                array([&Value::Float(*real), &Value::Float(*imaginary)], depth, into)
            })?;
        }
        Value::Str(text) => string(text, into),
        Value::Bytes(bytes) => tagged("bytes", &STANDARD.encode(bytes), depth, into)?,
        Value::List(members) => array(members, depth, into)?,
        Value::Tuple(members) => tag("tuple", depth, into, |into, depth| array(members, depth, into))?,
        Value::Set(members) => tag("set", depth, into, |into, depth| array(members, depth, into))?,
        Value::FrozenSet(members) => tag("frozenset", depth, into, |into, depth| array(members, depth, into))?,
        Value::Dict(members) => dict(members, depth, into)?,
        Value::DateTime(text) => tagged("datetime", text.as_str(), depth, into)?,
        Value::Date(text) => tagged("date", text.as_str(), depth, into)?,
        Value::Time(text) => tagged("time", text.as_str(), depth, into)?,
        Value::Decimal(text) => tagged("decimal", text.as_str(), depth, into)?,
        Value::Uuid(text) => tagged("uuid", text.as_str(), depth, into)?,
        Value::TimeDelta { days, seconds, microseconds } => {
            tag("timedelta", depth, into, |into, depth| {
                let parts = [i128::from(*days), (*seconds).into(), (*microseconds).into()].map(Value::Int);
                array(&parts, depth, into)
            })?;
        }
    }
    Ok(())
}

fn enter(depth: usize) -> Result<usize, ValueError> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(ValueError::Depth) }
}

fn tag(
    name: &str,
    depth: usize,
    into: &mut String,
    content: impl FnOnce(&mut String, usize) -> Result<(), ValueError>,
) -> Result<(), ValueError> {
    let depth = enter(enter(depth)?)?;
    into.push_str("{\"$\":[\"");
    into.push_str(name);
    into.push_str("\",");
    content(into, depth)?;
    into.push_str("]}");
    Ok(())
}

/// A tag whose content is a string.
fn tagged(name: &str, content: &str, depth: usize, into: &mut String) -> Result<(), ValueError> {
    tag(name, depth, into, |into, _| {
        string(content, into);
        Ok(())
    })
}

fn array<'a>(members: impl IntoIterator<Item = &'a Value>, depth: usize, into: &mut String) -> Result<(), ValueError> {
    let depth = enter(depth)?;
    into.push('[');
    for (index, member) in members.into_iter().enumerate() {
        if index > 0 {
            into.push(',');
        }
        write(member, depth, into)?;
    }
    into.push(']');
    Ok(())
}

fn dict(members: &[(Value, Value)], depth: usize, into: &mut String) -> Result<(), ValueError> {
    let only_tag = matches!(members, [(Value::Str(key), _)] if key == "$");
    if only_tag || members.iter().any(|(key, _)| !matches!(key, Value::Str(_))) {
        return tag("dict", depth, into, |into, depth| {
            let depth = enter(depth)?;
            into.push('[');
            for (index, (key, member)) in members.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                array([key, member], depth, into)?;
            }
            into.push(']');
            Ok(())
        });
    }
    let depth = enter(depth)?;
    into.push('{');
    for (index, (key, member)) in members.iter().enumerate() {
        if index > 0 {
            into.push(',');
        }
        string(key.as_str().unwrap_or_default(), into);
        into.push(':');
        write(member, depth, into)?;
    }
    into.push('}');
    Ok(())
}
