//! Rust's codec of values and Python's (`python/codemode/_values.py`) on the same documents. Python answers from a process of
//! its own, so this needs `python3`, as the executor does.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::oracle::Python;

const TEXT_TAGS: [&str; 9] = ["bytes", "float", "datetime", "date", "time", "decimal", "uuid", "nope", "tuple"];
const ARRAY_TAGS: [&str; 6] = ["tuple", "set", "frozenset", "complex", "dict", "bytes"];

/// Text within the tags: mostly near what they take.
fn content() -> impl Strategy<Value = String> {
    let clock = r"(2[0-5]|[01][0-9]):[0-6][0-9]:[0-6][0-9](\.(000000|[0-9]{5,7}))?([+-](00|[0-2][0-9]):[0-6][0-9](:[0-6][0-9](\.(000000|[0-9]{6}))?)?)?";
    prop_oneof![
        clock.prop_map(|time: String| time),
        (r"[0-9]{3,4}-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])T", clock).prop_map(|(date, time)| date + &time),
        r"[0-9]{4}-(0[1-9]|1[0-2])-([0-2][0-9]|3[0-1])",
        r"-?[0-9]{0,12}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,5})?",
        r"-?s?(NaN[0-9]{0,3}|Infinity)",
        r"[A-Za-z0-9+/]{0,9}={0,3}",
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fA]{12}",
        "nan|inf|-inf|Infinity|NaN|",
        ".{0,6}",
    ]
}

fn string(text: &str) -> String {
    serde_json::to_string(text).expect("text has a JSON form")
}

/// Documents that are mostly JSON and often encoded values.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "null|true|false|nul",
        r"-?(0|[1-9][0-9]{0,45})",
        r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        r"-?[0-9.eE+-]{1,6}",
        any::<f64>().prop_map(|number| format!("{number:e}")),
        // Exact halves of a last digit, and powers of two.
        (any::<i32>(), 0..60_i32)
            .prop_map(|(whole, down)| format!("{:e}", f64::from(whole) * 2_f64.powi(-down) + 1e14)),
        (-1_074..1_024_i32).prop_map(|exponent| format!("{:e}", 2_f64.powi(exponent))),
        any::<String>().prop_map(|text| string(&text)),
        r#""([a-z$]|\\u[0-9a-f]{4}|\\["\\/bfnrtx])*""#,
        (prop::sample::select(&TEXT_TAGS[..]), content())
            .prop_map(|(tag, content)| format!(r#"{{"$":["{tag}",{}]}}"#, string(&content))),
        prop::collection::vec("-?[0-9]{1,6}|86399|-?999999999|1\\.0|true", 2..4)
            .prop_map(|parts| format!(r#"{{"$":["timedelta",[{}]]}}"#, parts.join(","))),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let inner = inner.boxed();
        let key = prop_oneof!["a|b|c|\\$", any::<String>()].prop_map(|key| string(&key));
        let array = prop::collection::vec(inner.clone(), 0..5).prop_map(|members| format!("[{}]", members.join(",")));
        let object = prop::collection::vec((key, inner.clone()), 0..4).prop_map(|members| {
            let members: Vec<_> = members.iter().map(|(key, member)| format!("{key}:{member}")).collect();
            format!("{{{}}}", members.join(" , "))
        });
        let pairs = prop::collection::vec((inner.clone(), inner.clone()), 0..4).prop_map(|pairs| {
            let pairs: Vec<_> = pairs.iter().map(|(key, member)| format!("[{key},{member}]")).collect();
            format!(r#"{{"$":["dict",[{}]]}}"#, pairs.join(","))
        });
        let tagged = (prop::sample::select(&ARRAY_TAGS[..]), array.clone())
            .prop_map(|(tag, array)| format!(r#"{{"$":["{tag}",{array}]}}"#));
        prop_oneof![array, object, pairs, tagged]
    })
}

#[test]
fn python_and_rust_agree_on_any_document() {
    let python = RefCell::new(Python::start());
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config)
        .run(&document(), |text| python.borrow_mut().compare(&text).map_err(TestCaseError::fail));
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn python_and_rust_agree_on_the_edges() {
    let mut python = Python::start();
    let mut edges: Vec<String> = [
        r#"{"$":["decimal","1E+999999999"]}"#,
        r#"{"$":["decimal","0E+2000"]}"#,
        r#"{"$":["decimal","1."]}"#,
        r#"{"$":["decimal","00012.50e-2"]}"#,
        r#"{"$":["decimal","NaN007"]}"#,
        r#"{"$":["set",[{"$":["decimal","sNaN"]}]]}"#,
        r#"{"$":["complex",[1e999,-0.0]]}"#,
        r#"{"$":["time","00:00:00.000000-00:00"]}"#,
        r#"{"$":["time","12:00:00+01:00:00.000000"]}"#,
        r#"{"$":["time","24:00:00"]}"#,
        r#"{"$":["datetime","2024-01-01T24:00:00"]}"#,
        r#"{"$":["datetime","0001-01-01T00:00:00+23:59:59.999999"]}"#,
        r#"{"$":["dict",[["a",1],["a",2]]]}"#,
        r#"{"$":["dict",[[1,1],[1,2]]]}"#,
        r#"{"$":["dict",[[{"$":["float","nan"]},1],[{"$":["float","nan"]},2]]]}"#,
        r#"{"$":1,"$":["tuple",[]]}"#,
        "1e999",
        "-0",
        "-0.0",
        "9007199254740993.0",
        "1e16",
        "123456789012345680.0",
        "141000000000000.61",
        "9007199254740992.0",
        "2.2250738585072014e-308",
        "1.7976931348623157e308",
    ]
    .map(str::to_owned)
    .to_vec();
    for exponent in [37, 38, 39, 308, 309, 400] {
        edges.push(format!(r#"{{"$":["complex",[1{0},-1{0}]]}}"#, "0".repeat(exponent)));
    }
    for digits in [4_300, 4_301, 100_000, 100_001] {
        edges.push("9".repeat(digits));
        edges.push(format!(r#"{{"$":["decimal","{}"]}}"#, "9".repeat(digits)));
        edges.push(format!(r#"{{"$":["decimal","{}E+2000"]}}"#, "0".repeat(digits)));
    }
    for text in edges {
        python.compare(&text).unwrap_or_else(|error| panic!("{error}"));
    }
}
