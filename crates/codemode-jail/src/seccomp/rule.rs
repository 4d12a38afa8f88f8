//! What a policy says about one system call.

/// The rule of one system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Always allowed.
    Allow,
    /// Allowed if one of the clauses holds, each being tests that must all pass; `EPERM` otherwise.
    AllowIf(&'static [&'static [Test]]),
    /// As `AllowIf`, but where one of the second clauses holds, the answer is success and nothing is done.
    AllowOrPretend(&'static [&'static [Test]], &'static [&'static [Test]]),
    /// As `AllowIf`, but where one of the second clauses holds, the worker's handler of `SIGSYS` answers instead of the kernel.
    AllowOrTrap(&'static [&'static [Test]], &'static [&'static [Test]]),
    /// Refused with an error; `EPERM` is also the rule of every call without one.
    Errno(i32),
    /// Ends the process: no program of a user needs it, only an attack.
    Kill,
}

/// A test of one argument. The kernel reads the tested arguments as 32-bit values, except for `IsNull`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) argument: u8,
    pub(crate) condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// None of these bits is set.
    NoneOf(u32),
    /// All of these bits are set.
    AllOf(u32),
    /// One of these values.
    OneOf(&'static [u32]),
    /// All 64 bits are zero.
    IsNull,
}

pub(crate) const fn none_of(argument: u8, bits: u32) -> Test {
    Test { argument, condition: Condition::NoneOf(bits) }
}

pub(crate) const fn all_of(argument: u8, bits: u32) -> Test {
    Test { argument, condition: Condition::AllOf(bits) }
}

pub(crate) const fn one_of(argument: u8, values: &'static [u32]) -> Test {
    Test { argument, condition: Condition::OneOf(values) }
}

pub(crate) const fn is_null(argument: u8) -> Test {
    Test { argument, condition: Condition::IsNull }
}
