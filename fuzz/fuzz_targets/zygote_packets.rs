//! What a hostile zygote sends to its executor.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codemode_jail::fuzzing::zygote_packets(data));
