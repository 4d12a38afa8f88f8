//! What a hostile client sends first.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codemode_executor::fuzzing::client_start(data));
