//! What a person is told of a limit: which one, how much was used, and how to raise it.
//!
//! Below its ceiling a limit is the client's to raise; at the ceiling only the operator can. An exception that the kernel's
//! limits cause in a program (`MemoryError`, `Too many open files`) says nothing of a limit itself, so that is added.

use std::time::Duration;

use crate::limits::{Limits, display_size};

/// The limits of an execution and the most that its client could have asked for.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) limits: Limits,
    pub(crate) ceilings: Limits,
}

/// What can be raised.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Raise {
    WallTime,
    CpuTime,
    Memory,
    Output,
    ToolCalls,
    Code,
    Value,
    OpenFiles,
    Tasks,
    Scratch,
    ToolCallTime,
}

impl Raise {
    /// The field of `Limits`.
    const fn field(self) -> &'static str {
        match self {
            Self::WallTime => "wall_time",
            Self::CpuTime => "cpu_time",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::ToolCalls => "tool_calls",
            Self::Code => "code",
            Self::Value => "value",
            Self::OpenFiles => "open_files",
            Self::Tasks => "tasks",
            Self::Scratch => "scratch",
            Self::ToolCallTime => "tool_call_time",
        }
    }

    /// The flag of `codemode serve`.
    const fn flag(self) -> Option<&'static str> {
        match self {
            Self::WallTime => Some("--code-timeout"),
            Self::CpuTime => Some("--cpu-time"),
            Self::Memory => Some("--memory"),
            Self::Output => Some("--output"),
            Self::ToolCalls => Some("--tool-calls"),
            Self::Code => Some("--max-code-length"),
            Self::Value | Self::OpenFiles | Self::Tasks | Self::Scratch | Self::ToolCallTime => None,
        }
    }

    /// What holds, and the most that could.
    fn both(self, bounds: &Bounds) -> [String; 2] {
        [&bounds.limits, &bounds.ceilings].map(|limits| match self {
            Self::WallTime => seconds(limits.wall_time),
            Self::CpuTime => format!("{} s", limits.cpu_seconds()),
            Self::Memory => display_size(limits.memory),
            Self::Output => display_size(limits.output),
            Self::ToolCalls => limits.tool_calls.to_string(),
            Self::Code => display_size(limits.code),
            Self::Value => display_size(limits.value),
            Self::OpenFiles => limits.open_files.to_string(),
            Self::Tasks => limits.tasks.to_string(),
            Self::Scratch => format!("{} in {} files", display_size(limits.scratch), limits.scratch_files),
            Self::ToolCallTime => seconds(limits.tool_call_time),
        })
    }

    /// How to raise it: the end of a message.
    fn remedy(self, bounds: &Bounds) -> String {
        let [held, most] = self.both(bounds);
        let field = self.field();
        if held != most {
            let python = if matches!(self, Self::WallTime) { " (`execution_timeout` in Python)" } else { "" };
            return format!("ask for up to {most} with `limits.{field}`{python}");
        }
        match self.flag() {
            Some(flag) => format!("its operator can raise it: {flag}, or `{field}` of the API key"),
            None => "it cannot be raised".to_owned(),
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

impl Bounds {
    /// How to raise a limit: the end of a message.
    pub(crate) fn remedy(&self, raise: Raise) -> String {
        raise.remedy(self)
    }

    /// `the limit is <limit>: <how to raise it>`.
    pub(crate) fn limit(&self, raise: Raise) -> String {
        let [held, _] = raise.both(self);
        format!("the limit is {held}: {}", raise.remedy(self))
    }

    /// The limit behind an exception that the program did not catch, where one is.
    pub(crate) fn behind(&self, kind: &str, message: &str) -> Option<String> {
        let what = |raise: Raise| {
            let [held, _] = raise.both(self);
            let name = match raise {
                Raise::Memory => "memory",
                Raise::Tasks => "threads",
                Raise::OpenFiles => "open files",
                Raise::Value => "one value",
                _ => "files in /tmp",
            };
            format!("the limit on {name} is {held}: {}", raise.remedy(self))
        };
        match kind {
            "MemoryError" if message.is_empty() => Some(what(Raise::Memory)),
            "RuntimeError" if message == "can't start new thread" => Some(what(Raise::Tasks)),
            "OSError" if message.starts_with("[Errno 24] ") => Some(what(Raise::OpenFiles)),
            "OSError" if message.starts_with("[Errno 27] ") || message.starts_with("[Errno 28] ") => {
                Some(what(Raise::Scratch))
            }
            "ValueTooLargeError" => Some(what(Raise::Value)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds { limits: Limits::defaults(), ceilings: Limits::ceilings() }
    }

    #[test]
    fn limit_below_its_ceiling_is_the_clients_to_raise() {
        assert_eq!(bounds().limit(Raise::Memory), "the limit is 256.0 MiB: ask for up to 2.0 GiB with `limits.memory`");
        assert_eq!(
            bounds().limit(Raise::WallTime),
            "the limit is 30 s: ask for up to 300 s with `limits.wall_time` (`execution_timeout` in Python)"
        );
        assert_eq!(bounds().limit(Raise::OpenFiles), "the limit is 64: it cannot be raised");
    }

    #[test]
    fn limit_at_its_ceiling_is_the_operators() {
        let ceilings = Bounds { limits: Limits::ceilings(), ..bounds() };
        assert_eq!(
            ceilings.limit(Raise::CpuTime),
            "the limit is 300 s: its operator can raise it: --cpu-time, or `cpu_time` of the API key"
        );
    }

    #[test]
    fn exceptions_of_limits_are_told_from_others() {
        let bounds = bounds();
        assert_eq!(
            bounds.behind("MemoryError", "").unwrap(),
            "the limit on memory is 256.0 MiB: ask for up to 2.0 GiB with `limits.memory`"
        );
        assert_eq!(
            bounds.behind("RuntimeError", "can't start new thread").unwrap(),
            "the limit on threads is 64: ask for up to 256 with `limits.tasks`"
        );
        assert_eq!(
            bounds.behind("OSError", "[Errno 28] No space left on device").unwrap(),
            "the limit on files in /tmp is 16.0 MiB in 1024 files: it cannot be raised"
        );
        assert_eq!(bounds.behind("MemoryError", "of the program's own"), None);
        assert_eq!(bounds.behind("OSError", "[Errno 2] No such file or directory"), None);
    }
}
