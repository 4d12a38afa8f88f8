//! How an execution ended, in the words of the contract.
//!
//! A worker's own report (`finished`) is the program's word: it decides between completed, failed and rejected and nothing
//! else. Limits and crashes are named from what the kernel says of the process.

use std::time::Duration;

use bytes::Bytes;
use codemode_jail::WaitStatus;
use codemode_proto::v1;
use serde::Deserialize;

use super::explain::{Bounds, Raise};
use crate::frame::WorkerOutcome;
use crate::limits::display_size;
use crate::pool::{Exit, MemoryKills};

/// An outcome with what explains it; usage is added where it is known.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub(crate) outcome: v1::Outcome,
    pub(crate) value: Bytes,
    pub(crate) error: Option<v1::ProgramError>,
    pub(crate) exceeded: Option<v1::Exceeded>,
    pub(crate) divergence: Option<v1::Divergence>,
}

/// What a worker says of an exception. Bounded here: it is the program's word.
#[derive(Deserialize)]
struct Report {
    r#type: String,
    message: String,
    #[serde(default)]
    traceback: String,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    column: u32,
}

/// Where a worker says that it left its journal.
#[derive(Deserialize)]
struct DivergenceReport {
    call_id: u32,
    message: String,
}

const MAX_TYPE: usize = 256;
const MAX_MESSAGE: usize = 16 * 1024;
const MAX_TRACEBACK: usize = 64 * 1024;

impl End {
    /// The end that the program reports. `None` when the report breaks the protocol.
    pub(crate) fn reported(outcome: WorkerOutcome, bounds: &Bounds) -> Option<Self> {
        match outcome {
            WorkerOutcome::Completed(value) if value.len() as u64 > bounds.limits.value => Some(Self::killed(
                v1::Limit::Value,
                format!("the program's value is {}; {}", display_size(value.len() as u64), bounds.limit(Raise::Value)),
            )),
            WorkerOutcome::Completed(value) => Some(Self { outcome: v1::Outcome::Completed, value, ..Self::default() }),
            WorkerOutcome::Failed(report) => {
                Self::with_error(v1::Outcome::Failed, &report).map(|end| end.explained(bounds))
            }
            WorkerOutcome::Rejected(report) => Self::with_error(v1::Outcome::Rejected, &report),
            WorkerOutcome::Diverged(report) => Self::diverged(&report),
        }
    }

    fn with_error(outcome: v1::Outcome, report: &[u8]) -> Option<Self> {
        let report: Report = serde_json::from_slice(report).ok()?;
        let error = v1::ProgramError {
            r#type: shorten(report.r#type, MAX_TYPE),
            message: shorten(report.message, MAX_MESSAGE),
            traceback: shorten(report.traceback, MAX_TRACEBACK),
            line: report.line,
            column: report.column,
        };
        Some(Self { outcome, error: Some(error), ..Self::default() })
    }

    fn diverged(report: &[u8]) -> Option<Self> {
        let report: DivergenceReport = serde_json::from_slice(report).ok()?;
        let divergence = v1::Divergence { call_id: report.call_id, message: shorten(report.message, MAX_MESSAGE) };
        Some(Self { outcome: v1::Outcome::Diverged, divergence: Some(divergence), ..Self::default() })
    }

    /// Names the limit that made the program fail, where one did.
    fn explained(mut self, bounds: &Bounds) -> Self {
        if let Some(error) = &mut self.error
            && let Some(limit) = bounds.behind(&error.r#type, &error.message)
        {
            error.message = if error.message.is_empty() { limit } else { format!("{}; {limit}", error.message) };
        }
        self
    }

    pub(crate) fn too_long(code_size: usize, bounds: &Bounds) -> Self {
        let error = v1::ProgramError {
            r#type: "ProgramTooLong".to_owned(),
            message: format!("the program is {}; {}", display_size(code_size as u64), bounds.limit(Raise::Code)),
            ..v1::ProgramError::default()
        };
        Self { outcome: v1::Outcome::Rejected, error: Some(error), ..Self::default() }
    }

    pub(crate) fn timed_out(bounds: &Bounds) -> Self {
        let limit = bounds.limits.wall_time.as_secs_f64();
        let message = format!("the program ran longer than its limit of {limit} s: {}", bounds.remedy(Raise::WallTime));
        let exceeded = v1::Exceeded { limit: v1::Limit::WallTime.into(), message };
        Self { outcome: v1::Outcome::TimedOut, exceeded: Some(exceeded), ..Self::default() }
    }

    pub(crate) fn cancelled() -> Self {
        Self { outcome: v1::Outcome::Cancelled, ..Self::default() }
    }

    pub(crate) fn killed(limit: v1::Limit, message: String) -> Self {
        let exceeded = v1::Exceeded { limit: limit.into(), message };
        Self { outcome: v1::Outcome::Killed, exceeded: Some(exceeded), ..Self::default() }
    }

    /// The end of a worker that closed its socket without a report.
    pub(crate) fn died(exit: &Exit, memory: MemoryKills, bounds: &Bounds) -> Self {
        let out_of_cpu = is_out_of_cpu(exit, bounds);
        match exit.status {
            WaitStatus::Exited(status) => Self::killed(
                v1::Limit::Crash,
                format!("the program ended its process with status {status} before it finished"),
            ),
            WaitStatus::Signaled(signal) => match signal {
                libc_signal::KILL if memory.count > 0 => Self::killed(
                    v1::Limit::Memory,
                    format!(
                        "the program used {} of memory; {}",
                        display_size(memory.peak.unwrap_or(exit.peak_memory)),
                        bounds.limit(Raise::Memory)
                    ),
                ),
                libc_signal::XCPU | libc_signal::KILL if out_of_cpu => Self::killed(
                    v1::Limit::CpuTime,
                    format!(
                        "the program used {:.1} s of processor time; {}",
                        exit.cpu_time.as_secs_f64().max(bounds.limits.cpu_time.as_secs_f64()),
                        bounds.limit(Raise::CpuTime)
                    ),
                ),
                libc_signal::SYS => Self::killed(
                    v1::Limit::SystemCall,
                    "the program made a system call that the jail answers with death (ptrace, execve, mount, bpf and \
                     others that only an escape needs); which one, the kernel tells its audit log alone"
                        .to_owned(),
                ),
                other => Self::killed(
                    v1::Limit::Crash,
                    format!("the worker was ended by signal {other} ({})", libc_signal::name(other)),
                ),
            },
        }
    }

    /// Whether a worker that this executor has killed had ended by itself before.
    pub(crate) fn is_own(exit: &Exit, memory: MemoryKills) -> bool {
        exit.status != WaitStatus::Signaled(libc_signal::KILL) || memory.count > 0
    }

    /// Whether somebody else has killed the worker: the kernel for want of the host's memory, or an operator. A program cannot
    /// send a signal, not even to itself, and its own limits are known.
    pub(crate) fn is_from_outside(exit: &Exit, memory: MemoryKills, bounds: &Bounds) -> bool {
        exit.status == WaitStatus::Signaled(libc_signal::KILL) && memory.count == 0 && !is_out_of_cpu(exit, bounds)
    }

    /// True when the worker's memory was corrupted or it tried to leave the jail: its zygote should be replaced.
    pub(crate) fn is_suspicious(&self) -> bool {
        let limit = self.exceeded.as_ref().map(v1::Exceeded::limit);
        matches!(limit, Some(v1::Limit::Crash | v1::Limit::SystemCall | v1::Limit::Protocol))
    }

    pub(crate) fn into_finished(self, usage: v1::Usage, answered: Vec<v1::Answered>) -> v1::Finished {
        v1::Finished {
            outcome: self.outcome.into(),
            value: self.value,
            error: self.error,
            exceeded: self.exceeded,
            usage: Some(usage),
            divergence: self.divergence,
            answered,
        }
    }
}

/// The kernel counts whole ticks against the limit, and reports precise time: on a busy machine far less of it.
fn is_out_of_cpu(exit: &Exit, bounds: &Bounds) -> bool {
    exit.cpu_time >= Duration::from_secs(bounds.limits.cpu_seconds()).mul_f64(0.5)
}

/// The signals that tell how a worker ended, as x86-64 and arm64 Linux number them.
mod libc_signal {
    pub(super) const KILL: i32 = 9;
    pub(super) const XCPU: i32 = 24;
    pub(super) const SYS: i32 = 31;

    pub(super) fn name(signal: i32) -> &'static str {
        match signal {
            4 => "SIGILL: an invalid instruction",
            6 => "SIGABRT: an abort",
            7 => "SIGBUS: a bad memory access",
            8 => "SIGFPE: an arithmetic fault",
            11 => "SIGSEGV: a bad memory access, or a stack that grew too deep",
            KILL => "SIGKILL",
            _ => "an unexpected signal",
        }
    }
}

/// Cuts text at a character boundary.
fn shorten(mut text: String, most: usize) -> String {
    if text.len() > most {
        let cut = (0..=most).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0);
        text.truncate(cut);
        text.push_str("… [shortened]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn bounds() -> Bounds {
        Bounds { limits: Limits::defaults(), ceilings: Limits::ceilings() }
    }

    fn died(status: WaitStatus, cpu: u64, count: u64) -> (v1::Limit, String) {
        let exit = Exit { status, cpu_time: Duration::from_secs(cpu), peak_memory: 0 };
        let end = End::died(&exit, MemoryKills { count, peak: Some(300 << 20) }, &bounds());
        assert_eq!(end.outcome, v1::Outcome::Killed);
        let exceeded = end.exceeded.unwrap();
        (exceeded.limit(), exceeded.message)
    }

    #[test]
    fn kernel_says_which_limit() {
        assert_eq!(
            died(WaitStatus::Signaled(9), 10, 0),
            (v1::Limit::CpuTime, "the program used 10.0 s of processor time; the limit is 10 s: ask for up to 300 s with `limits.cpu_time`".to_owned())
        );
        assert_eq!(
            died(WaitStatus::Signaled(9), 1, 1),
            (v1::Limit::Memory, "the program used 300.0 MiB of memory; the limit is 256.0 MiB: ask for up to 2.0 GiB with `limits.memory`".to_owned())
        );
        assert_eq!(died(WaitStatus::Signaled(31), 0, 0).0, v1::Limit::SystemCall);
        assert_eq!(died(WaitStatus::Signaled(11), 0, 0).0, v1::Limit::Crash);
        assert_eq!(
            died(WaitStatus::Exited(3), 0, 0),
            (v1::Limit::Crash, "the program ended its process with status 3 before it finished".to_owned())
        );
    }

    #[test]
    fn kill_from_outside_is_told_from_a_limits() {
        let outside = |status, cpu, count| {
            let exit = Exit { status, cpu_time: Duration::from_secs(cpu), peak_memory: 0 };
            End::is_from_outside(&exit, MemoryKills { count, peak: None }, &bounds())
        };
        assert!(outside(WaitStatus::Signaled(9), 1, 0));
        assert!(!outside(WaitStatus::Signaled(9), 10, 0));
        assert!(!outside(WaitStatus::Signaled(9), 1, 1));
        assert!(!outside(WaitStatus::Signaled(11), 1, 0));
        assert!(!outside(WaitStatus::Exited(0), 1, 0));
    }

    #[test]
    fn end_that_the_kernel_tells_late_is_told_from_the_executors_kill() {
        let own = |status, count| {
            let exit = Exit { status, cpu_time: Duration::ZERO, peak_memory: 0 };
            End::is_own(&exit, MemoryKills { count, peak: None })
        };
        assert!(own(WaitStatus::Signaled(31), 0));
        assert!(own(WaitStatus::Exited(0), 0));
        assert!(own(WaitStatus::Signaled(9), 1));
        assert!(!own(WaitStatus::Signaled(9), 0));
    }

    #[test]
    fn report_that_is_no_report_breaks_the_protocol() {
        assert!(End::reported(WorkerOutcome::Failed(Bytes::from_static(b"[]")), &bounds()).is_none());
        for report in ["", "{}", r#"{"call_id":-1,"message":""}"#, r#"{"call_id":4294967296,"message":""}"#] {
            assert!(End::reported(WorkerOutcome::Diverged(Bytes::from_static(report.as_bytes())), &bounds()).is_none());
        }
    }

    #[test]
    fn long_report_is_shortened() {
        let report = format!(r#"{{"type":"E","message":"{}"}}"#, "x".repeat(MAX_MESSAGE + 1));
        let end = End::reported(WorkerOutcome::Failed(report.into()), &bounds()).unwrap();
        assert_eq!(end.error.unwrap().message.len(), MAX_MESSAGE + "… [shortened]".len());
    }
}
