//! Dates, times and UUIDs as validated text, in the one form that the encoding has. Whoever computes with them parses
//! the text with the crate of their choice.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

macro_rules! text {
    ($(#[$doc:meta] $name:ident, $tag:literal, $check:ident;)*) => {
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
                    match $check(text.as_bytes()) {
                        Some(()) => Ok(Self(text.to_owned())),
                        None => Err(ValueError::Content($tag)),
                    }
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

fn datetime(text: &[u8]) -> Option<()> {
    let (date_part, rest) = text.split_at_checked(10)?;
    date(date_part)?;
    time(rest.strip_prefix(b"T")?)
}

fn date(text: &[u8]) -> Option<()> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = number(&[*y1, *y2, *y3, *y4], 1, 9999)?;
    let month = number(&[*m1, *m2], 1, 12)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    number(&[*d1, *d2], 1, days).map(drop)
}

fn time(text: &[u8]) -> Option<()> {
    let rest = clock(text)?;
    let Some((sign, offset)) = rest.split_first() else { return Some(()) };
    if !matches!(sign, b'+' | b'-') {
        return None;
    }
    // The seconds of an offset may be missing.
    if offset.len() == 5 {
        let [h1, h2, b':', m1, m2] = offset else { return None };
        number(&[*h1, *h2], 0, 23)?;
        return number(&[*m1, *m2], 0, 59).map(drop);
    }
    clock(offset)?.is_empty().then_some(())
}

/// Reads `HH:MM:SS` and a fraction of six digits, if there is one; gives what follows.
fn clock(text: &[u8]) -> Option<&[u8]> {
    let (start, rest) = text.split_at_checked(8)?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = start else { return None };
    number(&[*h1, *h2], 0, 23)?;
    number(&[*m1, *m2], 0, 59)?;
    number(&[*s1, *s2], 0, 59)?;
    match rest.strip_prefix(b".") {
        Some(fraction) => {
            let (digits, rest) = fraction.split_at_checked(6)?;
            number(digits, 0, 999_999)?;
            Some(rest)
        }
        None => Some(rest),
    }
}

fn number(digits: &[u8], least: u32, most: u32) -> Option<u32> {
    let number = digits
        .iter()
        .try_fold(0_u32, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))?;
    (least..=most).contains(&number).then_some(number)
}

fn uuid(text: &[u8]) -> Option<()> {
    let well_formed = text.len() == 36
        && text.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    well_formed.then_some(())
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
        assert!("12345678-1234-5678-1234-567812345678".parse::<Uuid>().is_ok());
        assert!("12345678-1234-5678-1234-56781234567A".parse::<Uuid>().is_err());
    }
}
