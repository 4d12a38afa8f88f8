//! A configuration file with environment variables and flags.
#![no_main]
#![allow(dead_code, reason = "the modules of a command, of which one function is called here")]

#[path = "../../crates/codemode-cli/src/settings/mod.rs"]
mod settings;
#[path = "../../crates/codemode-cli/src/tls.rs"]
mod tls;

libfuzzer_sys::fuzz_target!(|data: &[u8]| settings::fuzzing::configuration(data));
