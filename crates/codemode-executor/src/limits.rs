//! The limits of an execution: what a client may ask for, what holds where it asks for nothing, and the executor's own
//! ceilings. No limit can be switched off.

use std::time::Duration;

use codemode_proto::limits::{duration_from_wire, duration_to_wire};
use codemode_proto::v1;

const MIB: u64 = 1024 * 1024;

/// Everything that bounds one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From acceptance to the end. Default 30 s, ceiling 300 s.
    pub wall_time: Duration,
    /// Processor time of the worker. Default 10 s, ceiling 300 s. The kernel counts whole seconds: it is rounded up.
    pub cpu_time: Duration,
    /// Bytes that the worker may allocate. Default 256 MiB, ceiling 2 GiB.
    pub memory: u64,
    /// Bytes of stdout and stderr that are kept. Default 1 MiB, ceiling 16 MiB.
    pub output: u64,
    /// Tool calls. Default 1,000, ceiling 100,000.
    pub tool_calls: u32,
    /// Bytes of source. Default 100,000, ceiling 1 MiB.
    pub code: u64,
    /// Bytes of one encoded value. Default 16 MiB, ceiling 32 MiB.
    pub value: u64,
    /// Open descriptors. Default and ceiling 64.
    pub open_files: u32,
    /// Threads. Default 64, ceiling 256.
    pub tasks: u32,
    /// Bytes of the scratch directory: 16 MiB for every execution, whatever is asked for, because the directory is made
    /// before the program is known.
    pub scratch: u64,
    /// Files of the scratch directory: 1,024 for every execution.
    pub scratch_files: u32,
    /// How long one tool call may take. Default: until the wall time ends.
    pub tool_call_time: Duration,
}

impl Limits {
    /// What holds where the client asks for nothing.
    pub fn defaults() -> Self {
        Self {
            wall_time: Duration::from_secs(30),
            cpu_time: Duration::from_secs(10),
            memory: 256 * MIB,
            output: MIB,
            tool_calls: 1_000,
            code: 100_000,
            value: 16 * MIB,
            open_files: 64,
            tasks: 64,
            scratch: 16 * MIB,
            scratch_files: 1_024,
            tool_call_time: Duration::from_secs(300),
        }
    }

    /// The most that a client can get.
    pub fn ceilings() -> Self {
        Self {
            wall_time: Duration::from_secs(300),
            cpu_time: Duration::from_secs(300),
            memory: 2_048 * MIB,
            output: 16 * MIB,
            tool_calls: 100_000,
            code: MIB,
            value: 32 * MIB,
            open_files: 64,
            tasks: 256,
            scratch: 16 * MIB,
            scratch_files: 1_024,
            tool_call_time: Duration::from_secs(300),
        }
    }

    /// The limits of one execution: what the client asked for, else `defaults`, none above `ceilings`.
    pub(crate) fn resolve(asked: Option<v1::Limits>, defaults: &Self, ceilings: &Self) -> Result<Self, InvalidLimit> {
        let asked = asked.unwrap_or_default();
        Ok(Self {
            wall_time: time("wall_time", asked.wall_time, defaults.wall_time, ceilings.wall_time)?,
            cpu_time: time("cpu_time", asked.cpu_time, defaults.cpu_time, ceilings.cpu_time)?,
            memory: size(asked.memory, defaults.memory, ceilings.memory),
            output: size(asked.output, defaults.output, ceilings.output),
            tool_calls: size(asked.tool_calls, defaults.tool_calls, ceilings.tool_calls),
            code: size(asked.code, defaults.code, ceilings.code),
            value: size(asked.value, defaults.value, ceilings.value),
            open_files: size(asked.open_files, defaults.open_files, ceilings.open_files),
            tasks: size(asked.tasks, defaults.tasks, ceilings.tasks),
            scratch: ceilings.scratch,
            scratch_files: ceilings.scratch_files,
            tool_call_time: time(
                "tool_call_time",
                asked.tool_call_time,
                defaults.tool_call_time,
                ceilings.tool_call_time,
            )?,
        })
    }

    /// These, none above `ceilings`.
    pub(crate) fn at_most(&self, ceilings: &Self) -> Self {
        Self {
            wall_time: self.wall_time.min(ceilings.wall_time),
            cpu_time: self.cpu_time.min(ceilings.cpu_time),
            memory: self.memory.min(ceilings.memory),
            output: self.output.min(ceilings.output),
            tool_calls: self.tool_calls.min(ceilings.tool_calls),
            code: self.code.min(ceilings.code),
            value: self.value.min(ceilings.value),
            open_files: self.open_files.min(ceilings.open_files),
            tasks: self.tasks.min(ceilings.tasks),
            scratch: ceilings.scratch,
            scratch_files: ceilings.scratch_files,
            tool_call_time: self.tool_call_time.min(ceilings.tool_call_time),
        }
    }

    pub(crate) fn to_wire(&self) -> v1::Limits {
        v1::Limits {
            wall_time: Some(duration_to_wire(self.wall_time)),
            cpu_time: Some(duration_to_wire(self.cpu_time)),
            memory: self.memory,
            output: self.output,
            tool_calls: self.tool_calls,
            code: self.code,
            value: self.value,
            open_files: self.open_files,
            tasks: self.tasks,
            scratch: self.scratch,
            scratch_files: self.scratch_files,
            tool_call_time: Some(duration_to_wire(self.tool_call_time)),
        }
    }

    /// The processor time as the kernel takes it: whole seconds, at least one.
    pub(crate) fn cpu_seconds(&self) -> u64 {
        let seconds = self.cpu_time.as_secs() + u64::from(self.cpu_time.subsec_nanos() > 0);
        seconds.max(1)
    }
}

/// A limit that no execution can have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`limits.{field}` must be a positive duration")]
pub(crate) struct InvalidLimit {
    field: &'static str,
}

fn size<T: Ord + Default + Copy>(asked: T, default: T, ceiling: T) -> T {
    if asked == T::default() { default } else { asked }.min(ceiling)
}

fn time(
    field: &'static str,
    asked: Option<prost_types::Duration>,
    default: Duration,
    ceiling: Duration,
) -> Result<Duration, InvalidLimit> {
    let asked = match asked {
        None => default,
        Some(wire) => duration_from_wire(wire).filter(|asked| !asked.is_zero()).ok_or(InvalidLimit { field })?,
    };
    Ok(asked.min(ceiling))
}

/// A size for people: `16.0 MiB`.
pub(crate) fn display_size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let value = bytes as f64;
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", value / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", value / 1_048_576.0),
        _ => format!("{:.1} GiB", value / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_get_the_default_and_large_ones_the_ceiling() {
        let asked =
            v1::Limits { memory: u64::MAX, tool_calls: 7, scratch: 1, scratch_files: 1, ..v1::Limits::default() };
        let limits = Limits::resolve(Some(asked), &Limits::defaults(), &Limits::ceilings()).unwrap();
        assert_eq!(limits, Limits { memory: 2_048 * MIB, tool_calls: 7, ..Limits::defaults() });
    }

    #[test]
    fn zero_and_negative_times_are_refused() {
        for seconds in [0, -1] {
            let wall_time = Some(prost_types::Duration { seconds, nanos: 0 });
            let asked = v1::Limits { wall_time, ..v1::Limits::default() };
            let error = Limits::resolve(Some(asked), &Limits::defaults(), &Limits::ceilings()).unwrap_err();
            assert_eq!(error.to_string(), "`limits.wall_time` must be a positive duration");
        }
    }
}
