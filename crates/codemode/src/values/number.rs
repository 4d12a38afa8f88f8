//! Numbers that no Rust type holds: integers of any size, decimals with their digits.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

/// Digits of one integer or decimal. Conversion takes more than linear time, and a peer chooses the digits.
pub(super) const MAX_DIGITS: usize = 100_000;

/// An integer that does not fit an [`i128`], as its decimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt(pub(super) String);

/// A `decimal.Decimal` as its text: `1.10`, `-1E+3`, `NaN`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl BigInt {
    /// Its decimal digits, with a sign where it is negative.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Decimal {
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
        if is_decimal(text) { Ok(Self(text.to_owned())) } else { Err(ValueError::Content("decimal")) }
    }
}

/// `-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?`, `-?Infinity` or `-?s?NaN\d*`.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    if text == "Infinity" {
        return true;
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(payload) = text.strip_prefix('s').unwrap_or(text).strip_prefix("NaN") {
        return digits(payload);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_python() {
        for text in ["1.10", "-0", "1.", ".5", "1E+3", "1e-3", "NaN", "-sNaN12", "Infinity", "-Infinity"] {
            assert!(is_decimal(text), "{text}");
        }
        for text in ["", ".", "-", "1e", "+1", "1_0", "nan", "Inf", "1.2.3", "٣", " 1"] {
            assert!(!is_decimal(text), "{text}");
        }
    }
}
