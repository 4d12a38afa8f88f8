//! What an unquoted value of a YAML file means. YAML 1.1, as Python's reader has it, for both read the same files.

/// A value without parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    /// Nothing, `~` or `null`.
    Null,
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// A number without a fraction.
    Integer(i128),
    /// A number with a fraction.
    Float(f64),
    /// A date. No setting has one.
    Date,
    /// Anything else, and whatever is in quotes.
    Text(String),
}

impl Scalar {
    /// What an unquoted text means; `None` where it has the form of something and is none, such as a thirteenth month.
    pub(crate) fn resolve(text: &str) -> Option<Self> {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Some(Self::Null),
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Some(Self::Bool(true)),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Some(Self::Bool(false)),
            "=" => return None,
            _ => {}
        }
        match integer(text) {
            Number::Of(number) => return Some(Self::Integer(number)),
            Number::Invalid => return None,
            Number::None => {}
        }
        if let Some(float) = float(text) {
            return Some(Self::Float(float));
        }
        match date(text) {
            Date::Valid => Some(Self::Date),
            Date::Invalid => None,
            Date::None => Some(Self::Text(text.to_owned())),
        }
    }
}

fn signed(text: &str) -> (i128, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    }
}

/// What a text is as an integer.
enum Number {
    /// One that is out of range of 128 bits is the nearest that is not: no setting goes so far.
    Of(i128),
    /// It has no digits, or more than Python reads.
    Invalid,
    None,
}

/// Of decimal digits, Python's `int` takes so many.
const MOST_DIGITS: usize = 4_300;

fn integer(text: &str) -> Number {
    let (sign, digits) = signed(text);
    if let Some(rest) = digits.strip_prefix("0b") {
        return in_radix(sign, rest, 2);
    }
    if let Some(rest) = digits.strip_prefix("0x") {
        return in_radix(sign, rest, 16);
    }
    match digits.strip_prefix('0') {
        Some(rest) if rest.chars().all(|digit| digit == '_') => Number::Of(0),
        Some(rest) => in_radix(sign, rest, 8),
        None if !digits.starts_with(|digit: char| digit.is_ascii_digit()) => Number::None,
        None if digits.contains(':') => sexagesimal(sign, digits),
        None => in_radix(sign, digits, 10),
    }
}

fn in_radix(sign: i128, digits: &str, radix: u32) -> Number {
    if digits.is_empty() || !digits.chars().all(|digit| digit == '_' || digit.is_digit(radix)) {
        return Number::None;
    }
    let digits = digits.replace('_', "");
    if digits.is_empty() || (radix == 10 && digits.len() > MOST_DIGITS) {
        return Number::Invalid;
    }
    Number::Of(sign * i128::from_str_radix(&digits, radix).unwrap_or(i128::MAX))
}

/// `1:30` is 90.
fn sexagesimal(sign: i128, digits: &str) -> Number {
    let (first, rest) = digits.split_once(':').expect("the caller has seen a colon");
    if !first.chars().all(|digit| digit == '_' || digit.is_ascii_digit()) {
        return Number::None;
    }
    let mut value = first.replace('_', "").parse::<i128>().unwrap_or(i128::MAX);
    for part in rest.split(':') {
        let Some(number) = sixtieth(part) else { return Number::None };
        value = value.saturating_mul(60).saturating_add(i128::from(number));
    }
    Number::Of(sign * value)
}

/// `[0-5]?[0-9]`
fn sixtieth(text: &str) -> Option<u8> {
    let valid = matches!(text.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    if valid { text.parse().ok() } else { None }
}

fn float(text: &str) -> Option<f64> {
    let (sign, rest) = signed(text);
    match rest {
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if rest == text => return Some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['-', '+'])?;
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
    }
    let (whole, fraction) = mantissa.split_once('.')?;
    let numeric = |part: &str| part.chars().all(|digit| digit == '_' || digit.is_ascii_digit());
    if !numeric(fraction) {
        return None;
    }
    if whole.is_empty() {
        // No sign, and a digit first.
        if rest != text || !fraction.starts_with(|digit: char| digit.is_ascii_digit()) {
            return None;
        }
    } else if whole.contains(':') {
        let mut parts = whole.split(':');
        let first = parts.next()?;
        if exponent.is_some() || !first.starts_with(|digit: char| digit.is_ascii_digit()) || !numeric(first) {
            return None;
        }
        let mut value = first.replace('_', "").parse::<f64>().ok()?;
        for part in parts {
            value = value.mul_add(60.0, f64::from(sixtieth(part)?));
        }
        let part = format!("0.{}0", fraction.replace('_', "")).parse::<f64>().ok()?;
        return Some(if sign < 0 { -(value + part) } else { value + part });
    } else if !whole.starts_with(|digit: char| digit.is_ascii_digit()) || !numeric(whole) {
        return None;
    }
    let number = format!("0{}.{}0", whole.replace('_', ""), fraction.replace('_', ""));
    let number = exponent.map_or(number.clone(), |exponent| format!("{number}e{exponent}"));
    let value = number.parse::<f64>().ok()?;
    Some(if sign < 0 { -value } else { value })
}

/// What a text is as a date.
#[derive(Debug, PartialEq, Eq)]
enum Date {
    Valid,
    /// It has the form of one.
    Invalid,
    None,
}

/// `2020-01-01`, or that with a time.
fn date(text: &str) -> Date {
    let Some((numbers, zoned)) = date_parts(text) else { return Date::None };
    let [year, month, day, hour, minute, second] = numbers;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    };
    let valid = year >= 1 && (1..=12).contains(&month) && (1..=days).contains(&day);
    if valid && hour < 24 && minute < 60 && second < 60 && zoned < 24 { Date::Valid } else { Date::Invalid }
}

/// Year, month, day, hour, minute and second, and the hours of the zone.
fn date_parts(text: &str) -> Option<([u32; 6], u32)> {
    let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        let valid = lengths.contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
        if valid { part.parse::<u32>().ok() } else { None }
    };
    let (year, rest) = text.split_once('-')?;
    let (month, rest) = rest.split_once('-')?;
    let (day, time) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len()));
    let shortest = if time.is_empty() { 2 } else { 1 };
    let [year, month, day] = [number(year, 4..=4)?, number(month, shortest..=2)?, number(day, shortest..=2)?];
    if time.is_empty() {
        return Some(([year, month, day, 0, 0, 0], 0));
    }
    let clock = time.trim_start_matches([' ', '\t']);
    let clock = if clock.len() == time.len() { time.strip_prefix(['T', 't'])? } else { clock };
    let (hour, rest) = clock.split_once(':')?;
    let (minute, rest) = rest.split_once(':')?;
    let (second, rest) = rest.split_at_checked(2)?;
    let [hour, minute, second] = [number(hour, 1..=2)?, number(minute, 2..=2)?, number(second, 2..=2)?];
    let rest =
        rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    let zone = rest.trim_start_matches([' ', '\t']);
    let zoned = if rest.is_empty() || zone == "Z" {
        0
    } else {
        let offset = zone.strip_prefix(['-', '+'])?;
        let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
        number(minutes, 2..=2)?;
        number(hours, 1..=2)?
    };
    Some(([year, month, day, hour, minute, second], zoned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_yaml_1_1() {
        let cases = [
            ("0", 0),
            ("8001", 8001),
            ("-3", -3),
            ("+3", 3),
            ("010", 8),
            ("0x1F", 31),
            ("0b101", 5),
            ("1_000", 1000),
            ("1:30", 90),
            ("0_", 0),
            (&"9".repeat(100), i128::MAX),
        ];
        for (text, value) in cases {
            assert_eq!(Scalar::resolve(text), Some(Scalar::Integer(value)), "{text}");
        }
        for (text, value) in [("35.0", 35.0), (".5", 0.5), ("1.5e+2", 150.0), ("-2.", -2.0), ("1:30.5", 90.5)] {
            assert_eq!(Scalar::resolve(text), Some(Scalar::Float(value)), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_or_a_date_is_text() {
        let numbers = ["08", "1e3", "0.0.0.0", "12a", "1:99", "-", "+.5", "0o17", "a:1", "1.5e2", "yEs", "tRue", "é"];
        let dates =
            ["2020-1-2", "20-01-02", "2020-01-02x", "2020-01-02T03:04", "2020-01-02 é:04:05", "2020-01-02 03:04:0é"];
        for text in numbers.into_iter().chain(dates) {
            assert_eq!(Scalar::resolve(text), Some(Scalar::Text(text.to_owned())));
        }
    }

    #[test]
    fn dates_are_not_text() {
        for text in ["2020-02-29", "2020-1-2 3:04:05", "2020-01-02T03:04:05.5Z", "2020-01-02 03:04:05 +01:00"] {
            assert_eq!(Scalar::resolve(text), Some(Scalar::Date), "{text}");
        }
    }

    #[test]
    fn what_has_the_form_of_something_and_is_none_is_nothing() {
        for text in ["=", "0x_", "2020-13-01", "2021-02-29", "2020-01-02 24:00:00", &"1".repeat(5_000)] {
            assert_eq!(Scalar::resolve(text), None, "{text}");
        }
    }
}
