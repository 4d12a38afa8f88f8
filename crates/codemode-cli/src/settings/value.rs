//! What a setting may be, and how its values are read. Files, variables and flags go through the same checks.

use std::net::{IpAddr, SocketAddr};

use super::scalar::Scalar;
use super::table::Default;
use super::yaml::Node;

/// A checked value.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Nothing,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<String>),
}

/// What a setting may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// True or false.
    Boolean,
    /// A number between two, both included.
    Integer(i64, i64),
    /// That, or nothing.
    OptionalInteger(i64, i64),
    /// Bytes between two, with a unit where one is given.
    Size(i64, i64),
    /// Text; an empty one is nothing.
    OptionalText,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A level of Python's logging, in any case.
    LogLevel,
    /// Texts, or one text with commas between.
    Items,
    /// An IP address or a host's name.
    Host,
    /// `address:port` or `unix:/path`; an empty one is nothing.
    Listen,
    /// `host:port`. Gone, and still checked.
    Target,
}

const LEVELS: &[&str] = &["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
const NOT_TEXT: &str = "must be text (put it in quotes)";

impl Default {
    /// The default as a value.
    pub(crate) fn value(self) -> Value {
        match self {
            Self::Nothing => Value::Nothing,
            Self::No => Value::Bool(false),
            Self::Number(number) => Value::Integer(number),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Empty => Value::List(Vec::new()),
        }
    }
}

impl Kind {
    /// The checked value, or what it must be. The message never has the value.
    pub(crate) fn check(self, node: &Node) -> Result<Value, String> {
        match self {
            Self::Boolean => boolean(node).map(Value::Bool),
            Self::Integer(least, most) => integer(node).and_then(|number| bounded(number, least, most)),
            Self::OptionalInteger(..) if matches!(node, Node::Scalar(Scalar::Null)) => Ok(Value::Nothing),
            Self::OptionalInteger(least, most) => integer(node).and_then(|number| bounded(number, least, most)),
            Self::Size(least, most) => size(node).and_then(|number| bounded(number, least, most)),
            Self::OptionalText => optional_text(node).map(|text| text.map_or(Value::Nothing, Value::Text)),
            Self::Choice(choices) => choice(node, choices, str::to_owned),
            Self::LogLevel => choice(node, LEVELS, str::to_uppercase),
            Self::Items => items(node).map(Value::List),
            Self::Host => host(text(node)?).map(Value::Text),
            Self::Listen => optional_text(node)?.map_or(Ok(Value::Nothing), |text| listen(text).map(Value::Text)),
            Self::Target => {
                let text = text(node)?;
                if text.contains(':') {
                    Ok(Value::Text(text.to_owned()))
                } else {
                    Err("must be in host:port format".to_owned())
                }
            }
        }
    }

    /// Whether a value of its own is one that it would give.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn accepts(self, value: &Value) -> bool {
        let node = match value {
            Value::Nothing => Node::Scalar(Scalar::Null),
            Value::Bool(value) => Node::Scalar(Scalar::Bool(*value)),
            Value::Integer(number) => Node::Scalar(Scalar::Integer(i128::from(*number))),
            Value::Text(text) => Node::Scalar(Scalar::Text(text.clone())),
            Value::List(items) => {
                Node::List(items.iter().map(|item| Node::Scalar(Scalar::Text(item.clone()))).collect())
            }
        };
        self.check(&node).is_ok_and(|checked| checked == *value)
    }
}

fn boolean(node: &Node) -> Result<bool, String> {
    let value = match node {
        Node::Scalar(Scalar::Bool(value)) => Some(*value),
        Node::Scalar(Scalar::Integer(0)) => Some(false),
        Node::Scalar(Scalar::Integer(1)) => Some(true),
        Node::Scalar(Scalar::Text(text)) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    };
    value.ok_or_else(|| "must be true or false (or 1/0, yes/no, on/off)".to_owned())
}

fn integer(node: &Node) -> Result<i128, String> {
    let value = match node {
        Node::Scalar(Scalar::Integer(number)) => Some(*number),
        #[expect(clippy::cast_possible_truncation, reason = "saturates; what is so large is out of every range")]
        Node::Scalar(Scalar::Float(number)) if number.is_finite() && number.fract() == 0.0 => Some(*number as i128),
        Node::Scalar(Scalar::Text(text)) => digits(text.trim()),
        _ => None,
    };
    value.ok_or_else(|| "must be an integer".to_owned())
}

fn digits(text: &str) -> Option<i128> {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    let valid = (1..=30).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}

fn size(node: &Node) -> Result<i128, String> {
    let Node::Scalar(Scalar::Text(text)) = node else {
        return match node {
            Node::Scalar(Scalar::Bool(_)) => Err(not_a_size()),
            other => integer(other),
        };
    };
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(lower.len());
    let (number, unit) = lower.split_at(end);
    let unit = unit.trim_start();
    let factor: i128 = match unit.strip_suffix('b').unwrap_or(unit) {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        _ => return Err(not_a_size()),
    };
    match digits(number) {
        Some(number) if text.chars().count() < 30 => Ok(number * factor),
        _ => Err(not_a_size()),
    }
}

fn not_a_size() -> String {
    "must be a size such as 256MiB".to_owned()
}

fn bounded(number: i128, least: i64, most: i64) -> Result<Value, String> {
    if number < i128::from(least) {
        return Err(format!("must be at least {}", grouped(least)));
    }
    match i64::try_from(number) {
        Ok(number) if number <= most => Ok(Value::Integer(number)),
        _ => Err(format!("must be at most {}", grouped(most))),
    }
}

/// `65,535`
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn text(node: &Node) -> Result<&str, String> {
    match node {
        Node::Scalar(Scalar::Text(text)) => Ok(text),
        _ => Err(NOT_TEXT.to_owned()),
    }
}

fn optional_text(node: &Node) -> Result<Option<String>, String> {
    match node {
        Node::Scalar(Scalar::Null) => Ok(None),
        other => text(other).map(|text| (!text.is_empty()).then(|| text.to_owned())),
    }
}

fn choice(node: &Node, choices: &[&str], normal: impl Fn(&str) -> String) -> Result<Value, String> {
    if let Node::Scalar(Scalar::Text(text)) = node {
        let text = normal(text);
        if choices.contains(&text.as_str()) {
            return Ok(Value::Text(text));
        }
    }
    let names: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    let (last, others) = names.split_last().expect("a choice has values");
    Err(if others.is_empty() { format!("must be {last}") } else { format!("must be {} or {last}", others.join(", ")) })
}

fn items(node: &Node) -> Result<Vec<String>, String> {
    match node {
        Node::Scalar(Scalar::Text(text)) => {
            Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        Node::List(items) => items.iter().map(|item| text(item).map(str::to_owned)).collect(),
        _ => Err("must be a list".to_owned()),
    }
}

fn host(text: &str) -> Result<String, String> {
    let host = text.trim();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let named = host.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && host.len() <= 253
        && host.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-'));
    if bare.parse::<IpAddr>().is_ok() || named {
        Ok(host.to_owned())
    } else {
        Err("must be an IP address or a host's name, without a port".to_owned())
    }
}

fn listen(text: String) -> Result<String, String> {
    let socket = text.strip_prefix("unix:").map(|path| path.strip_prefix("//").unwrap_or(path));
    let valid = socket.map_or_else(
        || text.parse::<SocketAddr>().is_ok_and(|_| !text.contains('%')),
        |path| path.len() > 1 && path.starts_with('/'),
    );
    if valid { Ok(text) } else { Err("must be `address:port` or `unix:/path`".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, text: &str) -> Result<Value, String> {
        kind.check(&Node::Scalar(Scalar::Text(text.to_owned())))
    }

    #[test]
    fn booleans_have_eight_spellings_in_any_case() {
        for (text, value) in
            [("TRUE", true), ("1", true), ("Yes", true), (" on ", true), ("False", false), ("OFF", false)]
        {
            assert_eq!(check(Kind::Boolean, text), Ok(Value::Bool(value)));
        }
        for text in ["", "t", "2", "enabled"] {
            assert_eq!(check(Kind::Boolean, text).unwrap_err(), "must be true or false (or 1/0, yes/no, on/off)");
        }
    }

    #[test]
    fn numbers_and_sizes_are_bounded() {
        assert_eq!(check(Kind::Integer(1, 65_535), " 80 "), Ok(Value::Integer(80)));
        assert_eq!(check(Kind::Integer(1, 65_535), "0").unwrap_err(), "must be at least 1");
        assert_eq!(check(Kind::Integer(1, 65_535), "99999999999999999999").unwrap_err(), "must be at most 65,535");
        assert_eq!(check(Kind::Integer(1, 65_535), "1_0").unwrap_err(), "must be an integer");
        let size = Kind::Size(1, 1 << 31);
        for (text, value) in [("64", 64), ("1 kb", 1_000), ("512Mi", 512 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(check(size, text), Ok(Value::Integer(value)));
        }
        for text in ["", "i", "MiB", "1.5G", "1T", "-1"] {
            assert_eq!(check(size, text).unwrap_err(), "must be a size such as 256MiB", "{text}");
        }
    }

    #[test]
    fn addresses_are_checked() {
        for text in ["0.0.0.0", "::", "[::1]", "localhost", "my-host.example"] {
            assert_eq!(check(Kind::Host, text), Ok(Value::Text(text.to_owned())));
        }
        for text in ["", "a:1", "[x]", "-a", "fe80::1%eth0"] {
            assert!(check(Kind::Host, text).is_err(), "{text}");
        }
        for text in ["127.0.0.1:80", "[::1]:80", "unix:/x", "unix:///x"] {
            assert_eq!(check(Kind::Listen, text), Ok(Value::Text(text.to_owned())));
        }
        for text in ["localhost:80", "::1:80x", "unix:x", "127.0.0.1", "unix:/"] {
            assert!(check(Kind::Listen, text).is_err(), "{text}");
        }
    }
}
