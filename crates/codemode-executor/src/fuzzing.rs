//! Entry points of `fuzz/`, which the tests run over its corpus. Each takes any bytes and panics where an invariant fails.

use codemode_proto::v1::{self, execute_request};
use prost::Message as _;

use crate::execution::Program;
pub use crate::execution::fuzzing::{Heard, worker_frames};
use crate::limits::Limits;

/// A first message of a client.
pub fn client_start(data: &[u8]) {
    let Ok(v1::ExecuteRequest { message: Some(execute_request::Message::Start(start)) }) =
        v1::ExecuteRequest::decode(data)
    else {
        return;
    };
    let ceilings = Limits::ceilings();
    let program = match Program::check(&start, &Limits::defaults(), &ceilings) {
        Ok(program) => program,
        Err(refusal) => {
            let refusal = refusal.to_string();
            assert!(refusal.len() < 1_000, "{refusal}");
            return;
        }
    };
    let held = &program.bounds.limits;
    assert_eq!(held.at_most(&ceilings), *held, "a limit above its ceiling");
    assert!(!held.wall_time.is_zero() && !held.cpu_time.is_zero() && held.memory > 0 && held.value > 0);
    assert_eq!(program.tools.len(), start.tools.len());
    assert_eq!(program.header.is_none(), start.code.len() as u64 > held.code, "a program is too long, or has a header");
    let Some(header) = program.header else { return };
    // Of JSON's escapes, the longest makes six bytes of one.
    assert!(header.len() <= 6 * data.len() + 64 * start.tools.len() + 512, "{} bytes", header.len());
    let header: serde_json::Value = serde_json::from_slice(&header).expect("the header is JSON");
    assert_eq!(header["code"], start.code);
    assert_eq!(header["journal"], program.journal.calls);
    assert!(program.journal.calls <= held.tool_calls && program.journal.bytes <= 64 << 20);
    for (index, tool) in start.tools.iter().enumerate() {
        assert_eq!(header["tools"][index], serde_json::json!([tool.name, tool.is_async, tool.parameters]));
        assert_eq!(header["describe"][index][0], tool.description);
    }
    for (field, value) in [("config", &start.config), ("context", &start.context)] {
        assert_eq!(header[field].as_str().unwrap_or("").trim().as_bytes(), value.trim_ascii());
    }
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn corpus_of_worker_frames_holds() {
        replay("worker_frames", |data| drop(super::worker_frames(data)));
    }

    #[test]
    fn corpus_of_client_starts_holds() {
        replay("client_start", super::client_start);
    }
}
