//! Files of certificates and keys.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codemode_tls::fuzzing::pem(data));
