//! Values between a program and its tools: lossless, in the encoding that the contract's section "Values" lays down.
//!
//! [`Value::decode`] takes a peer's bytes and refuses whatever is not in the encoding; [`Value::encode`] gives the bytes for
//! a peer. [`to_value`] and [`from_value`] go from and to Rust's own types, and [`Value::to_json`] is for consumers that
//! know only JSON.

mod decode;
mod encode;
mod error;
mod json;
mod number;
mod plain;
mod temporal;
mod typed;

pub use error::ValueError;
pub use number::{BigInt, Decimal};
pub use temporal::{Date, DateTime, Time, Uuid};
pub use typed::{from_value, to_value};

use bytes::Bytes;

/// How deep brackets may nest in the encoded text. A tuple takes three levels, as its tag does.
pub const MAX_DEPTH: usize = 100;

/// A Python value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `None`.
    #[default]
    None,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i128),
    /// `int`, where it does not fit an [`i128`].
    BigInt(BigInt),
    /// `float`.
    Float(f64),
    /// `complex`: its real and its imaginary part.
    Complex(f64, f64),
    /// `str`.
    Str(String),
    /// `bytes`.
    Bytes(Bytes),
    /// `list`.
    List(Vec<Value>),
    /// `tuple`.
    Tuple(Vec<Value>),
    /// `set`. Its members are hashable; that they differ is not checked.
    Set(Vec<Value>),
    /// `frozenset`. See `Set`.
    FrozenSet(Vec<Value>),
    /// `dict`, in its order. Its keys are hashable, and those that are text differ; that others do is not checked.
    Dict(Vec<(Value, Value)>),
    /// `datetime.datetime`.
    DateTime(DateTime),
    /// `datetime.date`.
    Date(Date),
    /// `datetime.time`.
    Time(Time),
    /// `datetime.timedelta`, normalised as Python does: only `days` may be negative.
    TimeDelta {
        /// Whole days.
        days: i64,
        /// 0 to 86,399.
        seconds: u32,
        /// 0 to 999,999.
        microseconds: u32,
    },
    /// `decimal.Decimal`.
    Decimal(Decimal),
    /// `uuid.UUID`.
    Uuid(Uuid),
}

impl Value {
    /// The member of a `dict` under a text key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dict(members) = self else { return None };
        members.iter().find(|(name, _)| matches!(name, Self::Str(name) if name == key)).map(|(_, member)| member)
    }

    /// The text of a `str`.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// Whether Python could use it as a member of a set or as a key.
    pub(super) fn is_hashable(&self) -> bool {
        match self {
            Self::List(_) | Self::Set(_) | Self::Dict(_) => false,
            Self::Tuple(members) => members.iter().all(Self::is_hashable),
            Self::Decimal(number) => number.is_hashable(),
            _ => true,
        }
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $result:expr;)*) => {
        $(impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $result
            }
        })*
    };
}

from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(value.into());
    i128 => |value| Self::Int(value);
    f64 => |value| Self::Float(value);
    String => |value| Self::Str(value);
    &str => |value| Self::Str(value.to_owned());
    Bytes => |value| Self::Bytes(value);
    Vec<Value> => |value| Self::List(value);
}
