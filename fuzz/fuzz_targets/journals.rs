//! Journals that were kept somewhere, as documents and as logs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codemode::fuzzing::journals(data));
