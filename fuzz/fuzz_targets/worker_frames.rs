//! What a hostile worker and a hostile client send around one execution. What the client hears of it passes its own checks.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let heard = codemode_executor::fuzzing::worker_frames(data);
    if let Err(violation) = codemode::fuzzing::hear(&heard.tools, heard.replayed, heard.responses) {
        panic!("the client refuses what the executor says: {violation}");
    }
});
