//! Numbers that no Rust type holds: integers of any size, decimals with their digits.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

/// Digits of one integer or decimal. Conversion takes more than linear time, and a peer chooses the digits.
pub(super) const MAX_DIGITS: usize = 100_000;

/// An integer that does not fit an [`i128`], as its decimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt(pub(super) String);

/// How far the exponent of a decimal may reach beyond its digits: `1E+999999999` is a short text and a very long integer,
/// which whoever converts it computes.
const MAX_EXPONENT: u64 = 1_000;

/// A `decimal.Decimal` as its text: `1.10`, `-1E+3`, `NaN`. Equal digits with an equal exponent have one text, Python's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl BigInt {
    /// Its decimal digits, with a sign where it is negative.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BigInt {
    /// As Python converts it; `None` where it is too large.
    pub(super) fn nearest_float(&self) -> Option<f64> {
        self.0.parse().ok().filter(|float: &f64| float.is_finite())
    }
}

impl Decimal {
    /// Not a signalling NaN, of which Python makes no hash.
    pub(super) fn is_hashable(&self) -> bool {
        !self.0.contains("sNaN")
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Decimal {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        canonical(text).filter(|text| text.len() <= MAX_DIGITS).map(Self).ok_or(ValueError::Content("decimal"))
    }
}

/// Reads `-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?`, `-?Infinity` and `-?s?NaN\d*`; gives the text that Python writes for it.
fn canonical(text: &str) -> Option<String> {
    if text.len() > MAX_DIGITS {
        return None;
    }
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    if unsigned == "Infinity" {
        return Some(text.to_owned());
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((kind, payload)) = unsigned.split_once("NaN") {
        let payload = payload.trim_start_matches('0');
        return (matches!(kind, "" | "s") && digits(payload)).then(|| format!("{sign}{kind}NaN{payload}"));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, signed(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let all = format!("{whole}{fraction}");
    let coefficient = match all.trim_start_matches('0') {
        "" => "0",
        coefficient => coefficient,
    };
    let written = scientific(sign, coefficient, exponent)?;
    // The exponent of its first digit.
    let adjusted = exponent.checked_add(i64::try_from(coefficient.len()).ok()?)? - 1;
    (adjusted.unsigned_abs() <= MAX_EXPONENT + written.len() as u64).then_some(written)
}

/// `[+-]?\d+`. One that does not fit is out of every range.
fn signed(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}

/// As `str(Decimal(…))` in Python: an exponent is written above zero, and where more than five zeros would follow the point.
fn scientific(sign: &str, coefficient: &str, exponent: i64) -> Option<String> {
    let length = i64::try_from(coefficient.len()).ok()?;
    let before_point = exponent.checked_add(length)?;
    if exponent > 0 || before_point <= -6 {
        let (first, rest) = coefficient.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return Some(format!("{sign}{first}{point}{rest}E{:+}", before_point - 1));
    }
    Some(match usize::try_from(before_point) {
        Ok(0) | Err(_) => {
            let zeros = "0".repeat(usize::try_from(-before_point).ok()?);
            format!("{sign}0.{zeros}{coefficient}")
        }
        Ok(place) if exponent == 0 => format!("{sign}{}", &coefficient[..place]),
        Ok(place) => format!("{sign}{}.{}", &coefficient[..place], &coefficient[place..]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_python_in_its_words() {
        let same =
            ["1.10", "-0", "1E+3", "NaN", "-sNaN12", "Infinity", "-Infinity", "0E-7", "0.000001", "1E-7", "-12.3"];
        let others = [
            ("1.", "1"),
            (".5", "0.5"),
            ("1e3", "1E+3"),
            ("1e-3", "0.001"),
            ("0012.50E+0", "12.50"),
            ("00.00", "0.00"),
            ("123e2", "1.23E+4"),
            ("1e0000000000000000000000", "1"),
            ("NaN007", "NaN7"),
            ("sNaN0", "sNaN"),
        ];
        for (text, written) in same.into_iter().map(|text| (text, text)).chain(others) {
            assert_eq!(canonical(text).as_deref(), Some(written), "{text}");
            assert_eq!(canonical(written).as_deref(), Some(written), "{text}");
        }
        for text in ["", ".", "-", "1e", "+1", "1_0", "nan", "Inf", "1.2.3", "٣", " 1", "NaN-1", "xNaN", "--1", "1e+-1"]
        {
            assert_eq!(canonical(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_that_stand_for_very_long_numbers_are_refused() {
        assert!("1E+1000".parse::<Decimal>().is_ok());
        let long = "9".repeat(MAX_DIGITS + 1);
        for text in ["1E+999999999", "1E-999999999", "0E+2000", "1E+99999999999999999999999", &long] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
