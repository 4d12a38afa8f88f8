//! Exit statuses, and how an error is shown. The numbers are those of `sysexits.h`.

use std::error::Error;
use std::process::ExitCode;

/// The executor's settings are unusable.
pub(crate) const USAGE: u8 = 64;
/// A needed program or file is not there.
pub(crate) const UNAVAILABLE: u8 = 69;
/// The kernel does not offer the jail that was asked for.
pub(crate) const CONFIGURATION: u8 = 78;
/// Anything else.
pub(crate) const FAILURE: u8 = 1;

/// Prints `error: …`, its causes, and a hint, to stderr.
#[expect(clippy::print_stderr, reason = "this is the one place that shows errors to people")]
pub(crate) fn report(error: &dyn Error, hint: Option<&str>, status: u8) -> ExitCode {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("caused by: {cause}");
        source = cause.source();
    }
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(status)
}
