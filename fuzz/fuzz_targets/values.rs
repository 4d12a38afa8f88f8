//! Encoded values, read and written.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codemode::fuzzing::values(data));
