//! What a hostile executor sends to a client.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codemode::fuzzing::executor_messages(data));
