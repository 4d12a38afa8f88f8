//! From the encoded text to a value: what the tags stand for.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Value, ValueError, json};

/// How much of an unknown tag is shown in a message.
const SHOWN: usize = 64;

impl Value {
    /// Reads an encoded value. Refuses unknown tags, wrong content and nesting beyond [`super::MAX_DEPTH`].
    pub fn decode(text: &[u8]) -> Result<Self, ValueError> {
        json::read(text, close)
    }
}

/// An object is a dict, unless its only key is `$`.
fn close(mut members: Vec<(String, Value)>) -> Result<Value, ValueError> {
    match members.pop() {
        Some((key, content)) if key == "$" && members.is_empty() => tagged(content),
        last => {
            members.extend(last);
            Ok(Value::Dict(members.into_iter().map(|(key, member)| (Value::Str(key), member)).collect()))
        }
    }
}

fn tagged(body: Value) -> Result<Value, ValueError> {
    let Value::List(body) = body else { return Err(shape()) };
    let [Value::Str(tag), content] = <[Value; 2]>::try_from(body).map_err(|_| shape())? else { return Err(shape()) };
    match (tag.as_str(), content) {
        ("bytes", Value::Str(text)) => {
            STANDARD.decode(text).map(|bytes| Value::Bytes(bytes.into())).map_err(|_| ValueError::Content("bytes"))
        }
        ("float", Value::Str(text)) => match text.as_str() {
            "nan" => Ok(Value::Float(f64::NAN)),
            "inf" => Ok(Value::Float(f64::INFINITY)),
            "-inf" => Ok(Value::Float(f64::NEG_INFINITY)),
            _ => Err(ValueError::Content("float")),
        },
        ("complex", Value::List(parts)) => match parts.as_slice() {
            [real, imaginary] => Ok(Value::Complex(part(real)?, part(imaginary)?)),
            _ => Err(ValueError::Content("complex")),
        },
        ("tuple", Value::List(members)) => Ok(Value::Tuple(members)),
        ("set", Value::List(members)) => hashable("set", members).map(Value::Set),
        ("frozenset", Value::List(members)) => hashable("frozenset", members).map(Value::FrozenSet),
        ("datetime", Value::Str(text)) => text.parse().map(Value::DateTime),
        ("date", Value::Str(text)) => text.parse().map(Value::Date),
        ("time", Value::Str(text)) => text.parse().map(Value::Time),
        ("decimal", Value::Str(text)) => text.parse().map(Value::Decimal),
        ("uuid", Value::Str(text)) => text.parse().map(Value::Uuid),
        ("timedelta", Value::List(parts)) => timedelta(&parts).ok_or(ValueError::Content("timedelta")),
        ("dict", Value::List(pairs)) => dict(pairs),
        (tag, _) => match KNOWN.iter().find(|known| **known == tag) {
            Some(known) => Err(ValueError::Content(known)),
            None => Err(ValueError::Tag(format!("unknown tag `{}`", tag.chars().take(SHOWN).collect::<String>()))),
        },
    }
}

const KNOWN: [&str; 13] = [
    "bytes",
    "float",
    "complex",
    "tuple",
    "set",
    "frozenset",
    "datetime",
    "date",
    "time",
    "decimal",
    "uuid",
    "timedelta",
    "dict",
];

fn shape() -> ValueError {
    ValueError::Tag("a tag is an array of a name and its content".to_owned())
}

fn part(value: &Value) -> Result<f64, ValueError> {
    match value {
        Value::Float(part) => Ok(*part),
        #[expect(clippy::cast_precision_loss, reason = "Python converts the parts of a complex number to floats, too")]
        Value::Int(part) => Ok(*part as f64),
        Value::BigInt(part) => part.nearest_float().ok_or(ValueError::Content("complex")),
        _ => Err(ValueError::Content("complex")),
    }
}

fn hashable(tag: &'static str, members: Vec<Value>) -> Result<Vec<Value>, ValueError> {
    if members.iter().all(Value::is_hashable) { Ok(members) } else { Err(ValueError::Content(tag)) }
}

fn timedelta(parts: &[Value]) -> Option<Value> {
    let [Value::Int(days), Value::Int(seconds), Value::Int(microseconds)] = parts else { return None };
    let seconds = u32::try_from(*seconds).ok().filter(|seconds| *seconds < 86_400)?;
    let microseconds = u32::try_from(*microseconds).ok().filter(|microseconds| *microseconds < 1_000_000)?;
    // Python's own bound.
    let days = i64::try_from(*days).ok().filter(|days| days.unsigned_abs() <= 999_999_999)?;
    Some(Value::TimeDelta { days, seconds, microseconds })
}

fn dict(pairs: Vec<Value>) -> Result<Value, ValueError> {
    let pair = |pair: Value| match pair {
        Value::List(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([key, member]) if key.is_hashable() => Ok((key, member)),
            _ => Err(ValueError::Content("dict")),
        },
        _ => Err(ValueError::Content("dict")),
    };
    // As in an object, of equal text keys the last one's member holds, in the place of the first.
    let mut places = HashMap::new();
    let mut members: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
    for one in pairs {
        let (key, member) = pair(one)?;
        let place = match &key {
            Value::Str(text) => *places.entry(text.clone()).or_insert(members.len()),
            _ => members.len(),
        };
        match members.get_mut(place) {
            Some((_, earlier)) => *earlier = member,
            None => members.push((key, member)),
        }
    }
    Ok(Value::Dict(members))
}
