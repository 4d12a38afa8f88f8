//! Why an embedded executor did not start. Whatever was started has been stopped.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The exit code of an executor whose jail refused to start.
const JAIL_REFUSED: i32 = 78;

/// Why an embedded executor did not start. Nothing of it is left running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// No private directory for the socket.
    #[error("failed to make the directory `{}` for the socket of the embedded executor", path.display())]
    Directory {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The executable cannot be run.
    #[error("failed to run `{}` as the embedded executor", executable.display())]
    Spawn {
        /// The executable.
        executable: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended before it served. Its own words say why; code 78 means that the jail refused to start.
    #[error("{}", exited(executable, *.code, stderr))]
    Exited {
        /// The executable.
        executable: PathBuf,
        /// `None` where a signal ended it.
        code: Option<i32>,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// It did not serve in time, and was killed.
    #[error("`{}` did not serve within {} s", executable.display(), after.as_secs_f64())]
    Timeout {
        /// The executable.
        executable: PathBuf,
        /// The time that it had.
        after: Duration,
    },
    /// What it wrote is not what an executor writes.
    #[error("`{}` is not an executor: it answered `{line}`", executable.display())]
    Answer {
        /// The executable.
        executable: PathBuf,
        /// The start of what it wrote.
        line: String,
    },
}

fn exited(executable: &std::path::Path, code: Option<i32>, stderr: &str) -> String {
    let stderr = stderr.trim();
    if code == Some(JAIL_REFUSED) && !stderr.is_empty() {
        return stderr.to_owned();
    }
    let how = code.map_or_else(|| "was killed".to_owned(), |code| format!("exited with code {code}"));
    let colon = if stderr.is_empty() { "" } else { ": " };
    format!("`{}` {how} before it served{colon}{stderr}", executable.display())
}

impl LocalError {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Directory { .. } => "directory",
            Self::Spawn { .. } => "spawn",
            Self::Exited { code: Some(JAIL_REFUSED), .. } => "jail_refused",
            Self::Exited { .. } => "exited",
            Self::Timeout { .. } => "timeout",
            Self::Answer { .. } => "answer",
        }
    }

    /// What the reader may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Spawn { .. } => Some("install codemode, put it on PATH, or name it in CODEMODE_EXECUTABLE"),
            Self::Exited { code: Some(JAIL_REFUSED), .. } => Some("`codemode doctor` shows each layer of the jail"),
            Self::Directory { .. } | Self::Exited { .. } | Self::Timeout { .. } | Self::Answer { .. } => None,
        }
    }
}
