//! The value codec: the vectors that every implementation runs, and properties.

use codemode::values::{MAX_DEPTH, Value, from_value, to_value};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// The file that every implementation runs.
#[derive(Deserialize)]
struct Vectors {
    valid: Vec<Valid>,
    invalid: Vec<Invalid>,
}

#[derive(Deserialize)]
struct Valid {
    text: String,
    json: String,
    #[serde(default = "yes")]
    canonical: bool,
}

#[derive(Deserialize)]
struct Invalid {
    text: String,
}

fn parsed(json: &str) -> Value {
    let raw: &serde_json::value::RawValue = serde_json::from_str(json).expect("the plain form is JSON");
    to_value(raw).expect("it is JSON")
}

fn yes() -> bool {
    true
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../proto/codemode/v1/values.json")).expect("the file is well-formed")
}

#[test]
fn valid_vectors_are_read_and_written() {
    let mut wrong = Vec::new();
    for vector in vectors().valid {
        let value = match Value::decode(vector.text.as_bytes()) {
            Ok(value) => value,
            // Rust's text has no lone surrogates, Python's does.
            Err(error) if error.to_string().contains("a lone surrogate") => continue,
            Err(error) => {
                wrong.push(format!("{}: {error}", vector.text));
                continue;
            }
        };
        let encoded = value.encode().expect("a vector is not too deep");
        if vector.canonical && encoded != vector.text {
            wrong.push(format!("{} became {encoded:?}", vector.text));
        }
        let plain = value.to_json();
        // The plain form of text that no encoder writes may be spelled otherwise.
        if plain != vector.json && (vector.canonical || parsed(&plain) != parsed(&vector.json)) {
            wrong.push(format!("{} is {plain} as plain JSON, not {}", vector.text, vector.json));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn invalid_vectors_are_refused() {
    let accepted: Vec<_> =
        vectors().invalid.into_iter().filter(|vector| Value::decode(vector.text.as_bytes()).is_ok()).collect();
    assert!(
        accepted.is_empty(),
        "{}",
        accepted.iter().map(|vector| vector.text.as_str()).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn every_kind_survives() {
    let texts = [
        "null",
        "true",
        "-12",
        "170141183460469231731687303715884105728",
        "1.5",
        r#""a\n\"é😀""#,
        "[1,[]]",
        r#"{"b":1,"a":{}}"#,
        r#"{"$":["bytes","AAH/"]}"#,
        r#"{"$":["float","nan"]}"#,
        r#"{"$":["float","-inf"]}"#,
        r#"{"$":["complex",[1.0,{"$":["float","inf"]}]]}"#,
        r#"{"$":["tuple",[]]}"#,
        r#"{"$":["set",[1,2]]}"#,
        r#"{"$":["frozenset",[{"$":["tuple",[1]]}]]}"#,
        r#"{"$":["datetime","2024-02-29T12:00:00.000001+01:00"]}"#,
        r#"{"$":["date","2024-02-29"]}"#,
        r#"{"$":["time","12:00:00"]}"#,
        r#"{"$":["timedelta",[-1,86399,999999]]}"#,
        r#"{"$":["decimal","1.10"]}"#,
        r#"{"$":["uuid","12345678-1234-5678-1234-567812345678"]}"#,
        r#"{"$":["dict",[[1,"a"],[{"$":["tuple",[1,2]]},"b"]]]}"#,
        r#"{"$":["dict",[["$",1]]]}"#,
    ];
    for text in texts {
        let value = Value::decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(value.encode().expect("it is not deep"), text);
    }
}

#[test]
fn what_is_not_in_the_encoding_is_refused() {
    let texts = [
        "",
        "nul",
        "01",
        "1.",
        "NaN",
        "[1,]",
        r#"{"a":1,}"#,
        "1 2",
        r#""\ud800""#,
        r#"{"$":["pickle","gA=="]}"#,
        r#"{"$":1}"#,
        r#"{"$":["bytes",1]}"#,
        r#"{"$":["bytes","a"]}"#,
        r#"{"$":["set",[[]]]}"#,
        r#"{"$":["date","2024-02-30"]}"#,
        r#"{"$":["timedelta",[0,86400,0]]}"#,
        r#"{"$":["dict",[[1]]]}"#,
        r#"{"$":["dict",[[[],1]]]}"#,
    ];
    let errors = texts.map(|text| match Value::decode(text.as_bytes()) {
        Ok(value) => panic!("{text} is {value:?}"),
        Err(error) => format!("`{text}`: {error}"),
    });
    insta::assert_snapshot!(errors.join("\n"), @r#"
    ``: not an encoded value: no JSON value at byte 0
    `nul`: not an encoded value: no JSON value at byte 0
    `01`: not an encoded value: a number with a leading zero at byte 2
    `1.`: not an encoded value: no digit at byte 2
    `NaN`: not an encoded value: no JSON value at byte 0
    `[1,]`: not an encoded value: no JSON value at byte 3
    `{"a":1,}`: not an encoded value: no key at byte 7
    `1 2`: not an encoded value: something after the value at byte 2
    `"\ud800"`: not an encoded value: a lone surrogate at byte 7
    `{"$":["pickle","gA=="]}`: not an encoded value: unknown tag `pickle`
    `{"$":1}`: not an encoded value: a tag is an array of a name and its content
    `{"$":["bytes",1]}`: not an encoded value: wrong content of the tag `bytes`
    `{"$":["bytes","a"]}`: not an encoded value: wrong content of the tag `bytes`
    `{"$":["set",[[]]]}`: not an encoded value: wrong content of the tag `set`
    `{"$":["date","2024-02-30"]}`: not an encoded value: wrong content of the tag `date`
    `{"$":["timedelta",[0,86400,0]]}`: not an encoded value: wrong content of the tag `timedelta`
    `{"$":["dict",[[1]]]}`: not an encoded value: wrong content of the tag `dict`
    `{"$":["dict",[[[],1]]]}`: not an encoded value: wrong content of the tag `dict`
    "#);
    assert!(Value::decode(b"\"\x01\"").is_err());
    assert!(Value::decode(b"\"\xff\"").is_err());
    assert!(Value::decode("9".repeat(100_001).as_bytes()).is_err());
}

#[test]
fn depth_is_bounded_in_both_directions() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let value = Value::decode(nested(MAX_DEPTH).as_bytes()).expect("it is as deep as allowed");
    assert_eq!(value.encode().expect("it is as deep as allowed"), nested(MAX_DEPTH));
    assert!(Value::decode(nested(MAX_DEPTH + 1).as_bytes()).is_err());
    assert!(Value::List(vec![value]).encode().is_err());
    assert!(Value::decode("[".repeat(10_000_000).as_bytes()).is_err());
}

#[test]
fn plain_json_flattens_the_types() {
    let cases = [
        (r#"{"$":["timedelta",[-1,86399,500000]]}"#, r#""-PT0.5S""#),
        (r#"{"$":["timedelta",[1,7200,0]]}"#, r#""P1DT2H""#),
        (r#"{"$":["timedelta",[0,0,0]]}"#, r#""PT0S""#),
        (r#"{"$":["complex",[1,{"$":["float","nan"]}]]}"#, r#"[1.0,"NaN"]"#),
        (r#"{"$":["dict",[[1,"a"],["1","b"],[null,0],[{"$":["tuple",[1,2]]},1]]]}"#, r#"{"1":"b","null":0,"[1,2]":1}"#),
        (r#"{"$":["dict",[[{"$":["date","2024-02-29"]},1]]]}"#, r#"{"2024-02-29":1}"#),
    ];
    for (encoded, plain) in cases {
        assert_eq!(Value::decode(encoded.as_bytes()).expect("it is an encoded value").to_json(), plain);
    }
}

#[test]
fn rust_types_cross_both_ways() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Order {
        number: u128,
        lines: Vec<(String, f64)>,
        #[serde(rename = "$")]
        price: Option<String>,
    }
    let order = Order { number: u128::MAX, lines: vec![("a".to_owned(), 0.5)], price: None };
    let value = to_value(&order).expect("it serialises");
    let encoded = value.encode().expect("it is not deep");
    let decoded = Value::decode(&encoded).expect("it is an encoded value");
    assert_eq!(from_value::<Order>(&decoded).expect("it is an order"), order);
    let error = from_value::<Order>(&Value::Dict(Vec::new())).expect_err("it has no number");
    insta::assert_snapshot!(error, @"missing field `number`");
    let moment = Value::decode(br#"{"$":["date","2024-02-29"]}"#).expect("it is an encoded value");
    assert_eq!(from_value::<String>(&moment).expect("a date is text"), "2024-02-29");
}

/// Values whose round trip is exact: no NaN.
fn value() -> impl Strategy<Value = Value> {
    let key =
        || prop_oneof![any::<String>().prop_map(Value::Str), any::<i64>().prop_map(Value::from), Just("$".into())];
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i128>().prop_map(Value::Int),
        any::<f64>().prop_filter("NaN is not equal to itself", |number| !number.is_nan()).prop_map(Value::Float),
        any::<String>().prop_map(Value::Str),
        any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Tuple),
            prop::collection::vec((key(), inner), 0..8).prop_map(|mut members| {
                let mut seen: Vec<Value> = Vec::new();
                members.retain(|(key, _)| {
                    !seen.contains(key) && {
                        seen.push(key.clone());
                        true
                    }
                });
                Value::Dict(members)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn values_survive_the_encoding(value in value()) {
        let encoded = value.encode().expect("it is not deep");
        prop_assert_eq!(Value::decode(&encoded).expect("it was just encoded"), value);
    }

    #[test]
    fn garbage_never_panics(text in any::<Vec<u8>>()) {
        let _ = Value::decode(&text);
    }

    #[test]
    fn nearly_encoded_text_never_panics(text in r#"[\[\]{}"$:,a-f0-9.eE+\\u-]{0,40}"#) {
        if let Ok(value) = Value::decode(text.as_bytes()) {
            serde_json::from_str::<serde_json::Value>(&value.to_json()).expect("the plain form is JSON");
        }
    }
}
