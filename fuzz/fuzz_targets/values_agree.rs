//! Rust's codec of values beside Python's.
#![no_main]

use std::cell::RefCell;

#[path = "../../crates/codemode/tests/it/oracle.rs"]
mod oracle;

thread_local! {
    static PYTHON: RefCell<oracle::Python> = RefCell::new(oracle::Python::start());
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    PYTHON.with_borrow_mut(|python| python.compare(text)).unwrap_or_else(|difference| panic!("{difference}"));
});
