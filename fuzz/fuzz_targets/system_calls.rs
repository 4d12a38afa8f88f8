//! The assembler of seccomp programs against its policy.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codemode_jail::fuzzing::system_calls(data));
