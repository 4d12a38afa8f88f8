//! What an execution asks the executor to hold it to.

use std::time::Duration;

use codemode_proto::limits::{duration_from_wire, duration_to_wire};
use codemode_proto::v1;
use serde::Serialize;

/// Limits of one execution, in seconds and bytes where they serialise. `None` means the executor's default; none can be switched off, and the executor lowers each
/// to its own ceiling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// From acceptance to the end.
    #[serde(serialize_with = "in_seconds")]
    pub wall_time: Option<Duration>,
    /// Processor time of the worker.
    #[serde(serialize_with = "in_seconds")]
    pub cpu_time: Option<Duration>,
    /// Bytes of memory that the worker may allocate.
    pub memory: Option<u64>,
    /// Bytes of stdout and stderr together that are kept.
    pub output: Option<u64>,
    /// Tool calls.
    pub tool_calls: Option<u32>,
    /// Bytes of the program's source.
    pub code: Option<u64>,
    /// Bytes of one encoded value.
    pub value: Option<u64>,
    /// Open descriptors.
    pub open_files: Option<u32>,
    /// Threads.
    pub tasks: Option<u32>,
    /// Bytes of the scratch directory.
    pub scratch: Option<u64>,
    /// Files of the scratch directory.
    pub scratch_files: Option<u32>,
    /// How long one tool call may take before the program gets an error for it.
    #[serde(serialize_with = "in_seconds")]
    pub tool_call_time: Option<Duration>,
}

impl Limits {
    /// Whether nothing is asked for.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn to_wire(&self) -> v1::Limits {
        v1::Limits {
            wall_time: self.wall_time.map(duration_to_wire),
            cpu_time: self.cpu_time.map(duration_to_wire),
            memory: self.memory.unwrap_or(0),
            output: self.output.unwrap_or(0),
            tool_calls: self.tool_calls.unwrap_or(0),
            code: self.code.unwrap_or(0),
            value: self.value.unwrap_or(0),
            open_files: self.open_files.unwrap_or(0),
            tasks: self.tasks.unwrap_or(0),
            scratch: self.scratch.unwrap_or(0),
            scratch_files: self.scratch_files.unwrap_or(0),
            tool_call_time: self.tool_call_time.map(duration_to_wire),
        }
    }

    pub(crate) fn from_wire(wire: &v1::Limits) -> Self {
        fn given<T: Default + PartialEq>(value: T) -> Option<T> {
            (value != T::default()).then_some(value)
        }
        Self {
            wall_time: wire.wall_time.and_then(duration_from_wire),
            cpu_time: wire.cpu_time.and_then(duration_from_wire),
            memory: given(wire.memory),
            output: given(wire.output),
            tool_calls: given(wire.tool_calls),
            code: given(wire.code),
            value: given(wire.value),
            open_files: given(wire.open_files),
            tasks: given(wire.tasks),
            scratch: given(wire.scratch),
            scratch_files: given(wire.scratch_files),
            tool_call_time: wire.tool_call_time.and_then(duration_from_wire),
        }
    }
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn in_seconds<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}
