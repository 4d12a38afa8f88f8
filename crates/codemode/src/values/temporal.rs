//! Dates, times and UUIDs as validated text, in the one form that Python writes. Whoever computes with them parses the text
//! with the crate of their choice.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

macro_rules! text {
    ($(#[$doc:meta] $name:ident, $tag:literal, $read:ident;)*) => {
        $(
            #[$doc]
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub struct $name(String);

            impl $name {
                /// Its text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl FromStr for $name {
                type Err = ValueError;

                fn from_str(text: &str) -> Result<Self, ValueError> {
                    $read(text).map(Self).ok_or(ValueError::Content($tag))
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str(&self.0)
                }
            }
        )*
    };
}

text! {
    /// `2024-02-29T12:00:00.000001+01:00`: the fraction and the offset may be missing.
    DateTime, "datetime", datetime;
    /// `2024-02-29`.
    Date, "date", date;
    /// `12:00:00.000001+01:00`: the fraction and the offset may be missing.
    Time, "time", time;
    /// `12345678-1234-5678-1234-567812345678`, in lower case.
    Uuid, "uuid", uuid;
}

fn datetime(text: &str) -> Option<String> {
    let (day, rest) = text.split_at_checked(10)?;
    Some(format!("{}T{}", date(day)?, time(rest.strip_prefix('T')?)?))
}

fn date(text: &str) -> Option<String> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let year = number(&[*y1, *y2, *y3, *y4], 1, 9999)?;
    let month = number(&[*m1, *m2], 1, 12)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    number(&[*d1, *d2], 1, days).map(|_| text.to_owned())
}

fn time(text: &str) -> Option<String> {
    let (clock_text, rest) = clock(text)?;
    if rest.is_empty() {
        return Some(clock_text.to_owned());
    }
    let (sign, offset) = rest.split_at_checked(1).filter(|(sign, _)| matches!(*sign, "+" | "-"))?;
    // The seconds of an offset may be missing; none are written where they are zero.
    let offset = if offset.len() == 5 { format!("{offset}:00") } else { offset.to_owned() };
    let (offset, rest) = clock(&offset)?;
    let offset = offset.strip_suffix(":00").filter(|minutes| minutes.len() == 5).unwrap_or(offset);
    let sign = if offset == "00:00" { "+" } else { sign };
    rest.is_empty().then(|| format!("{clock_text}{sign}{offset}"))
}

/// Reads `HH:MM:SS` and a fraction of six digits, if there is one. Gives them, without a fraction that is zero, and what
/// follows.
fn clock(text: &str) -> Option<(&str, &str)> {
    let (start, rest) = text.split_at_checked(8)?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = start.as_bytes() else { return None };
    number(&[*h1, *h2], 0, 23)?;
    number(&[*m1, *m2], 0, 59)?;
    number(&[*s1, *s2], 0, 59)?;
    match rest.strip_prefix('.') {
        Some(fraction) => {
            let (digits, rest) = fraction.split_at_checked(6)?;
            let is_zero = number(digits.as_bytes(), 0, 999_999)? == 0;
            Some((if is_zero { start } else { &text[..15] }, rest))
        }
        None => Some((start, rest)),
    }
}

fn number(digits: &[u8], least: u32, most: u32) -> Option<u32> {
    let number = digits
        .iter()
        .try_fold(0_u32, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))?;
    (least..=most).contains(&number).then_some(number)
}

fn uuid(text: &str) -> Option<String> {
    let well_formed = text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    well_formed.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_encodings_own_form_is_read() {
        let good = ["2024-02-29T00:00:00", "2024-02-29T23:59:59.000001+01:00", "0001-01-01T00:00:00-23:59:59.999999"];
        for text in good {
            assert!(text.parse::<DateTime>().is_ok(), "{text}");
        }
        let bad = [
            "2023-02-29T00:00:00",
            "2024-02-29",
            "2024-02-29 00:00:00",
            "2024-02-29T24:00:00",
            "2024-02-29T00:00:00.1",
            "2024-02-29T00:00:00Z",
            "2024-02-29T00:00:00+01",
            "0000-01-01T00:00:00",
        ];
        for text in bad {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
        let zero = [("00:00:00.000000-00:00", "00:00:00+00:00"), ("01:00:00+01:00:00.000000", "01:00:00+01:00")];
        for (text, written) in zero {
            assert_eq!(text.parse::<Time>().map(|time| time.to_string()).unwrap(), written);
        }
        assert!("12345678-1234-5678-1234-567812345678".parse::<Uuid>().is_ok());
        assert!("12345678-1234-5678-1234-56781234567A".parse::<Uuid>().is_err());
    }
}
